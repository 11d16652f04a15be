// SPDX-License-Identifier: LGPL-2.1-or-later
#include "policy.h"

#include <errno.h>
#include <sys/stat.h>

#include "../lib/cleanup.h"
#include "bpf.h"
#include "draft.h"
#include "pins.h"
#include "slot.h"
#include "store.h"

#define _cleanup_draft_ _cleanup_(ringwall_draft_free)

/* From here on the cgroup's attachments are the container's; until now they denied everything. */
static int name_slot(uint64_t cgroup_id, uint32_t slot, struct ringwall_err *e)
{
	struct ringwall_attachment at = { .slot = slot };
	int fd = ringwall_pins_borrow("attachments", e), err;

	if (fd < 0)
		return fd;
	err = ringwall_bpf_write(fd, &cgroup_id, &at);
	return err < 0 ? ringwall_pins_fail(e, err, "name the slot of the cgroup") : 0;
}

static int attach_slot(struct ringwall_container *c, int cgroup_fd, struct ringwall_err *e)
{
	int err = ringwall_slot_attach(c, RINGWALL_CLASS_DEVICE, cgroup_fd, e);

	if (!err)
		err = name_slot(c->cgroup_id, c->slot, e);
	if (err < 0)
		ringwall_slot_release(c, NULL);
	else
		c->state = RINGWALL_SLOT_ATTACHED;
	return err;
}

int ringwall_policy_attach(const char *id, int cgroup_fd, const struct ringwall_resources *r, uint32_t *ret_slot,
			   struct ringwall_err *e)
{
	_cleanup_draft_ struct ringwall_draft draft = { 0 };
	_cleanup_fd_ int lock = -1;
	struct ringwall_table *containers;
	struct ringwall_container *c;
	struct stat st;
	uint32_t policy_id;
	int err = ringwall_draft_compile(r, &draft, e);

	if (err < 0)
		return err;
	if (fstat(cgroup_fd, &st) < 0)
		return ringwall_fail(e, -errno, "device policy: stat the container's cgroup");
	lock = ringwall_pins_lock(RINGWALL_PINS_LOAD, &containers, e);
	if (lock < 0)
		return lock;
	err = ringwall_store_intern(&draft, &policy_id, e);
	if (!err)
		err = ringwall_slot_claim(containers, id, st.st_ino, policy_id, &c, e);
	if (!err)
		err = attach_slot(c, cgroup_fd, e);
	if (!err)
		*ret_slot = c->slot;
	return err;
}

int ringwall_policy_update(uint32_t slot, const struct ringwall_resources *r, struct ringwall_err *e)
{
	_cleanup_draft_ struct ringwall_draft draft = { 0 };
	_cleanup_fd_ int lock = -1;
	struct ringwall_table *containers;
	struct ringwall_container *c;
	uint32_t policy_id;
	int err = ringwall_draft_compile(r, &draft, e);

	if (err < 0)
		return err;
	lock = ringwall_pins_lock(RINGWALL_PINS_IF_LOADED, &containers, e);
	if (lock < 0)
		return lock;
	err = ringwall_slot_find(containers, slot, &c, e);
	if (!err)
		err = ringwall_store_intern(&draft, &policy_id, e);
	if (!err)
		__atomic_store_n(&c->policy_id, policy_id, __ATOMIC_RELEASE);
	return err;
}

static int release_slot(struct ringwall_table *containers, uint32_t slot, struct ringwall_err *e)
{
	struct ringwall_container *c;
	int err = ringwall_slot_find(containers, slot, &c, e);

	if (err == -ESTALE)
		return 0;
	return err < 0 ? err : ringwall_slot_release(c, e);
}

int ringwall_policy_release(uint32_t slot, const char *id, struct ringwall_err *e)
{
	struct ringwall_table *containers;
	_cleanup_fd_ int lock = ringwall_pins_lock(RINGWALL_PINS_IF_LOADED, &containers, e);
	uint32_t n;

	/* Nothing is loaded, or this caller could not have attached anything. */
	if (lock == -ENOENT || (lock == -EOPNOTSUPP && !slot))
		return 0;
	if (lock < 0)
		return lock;
	return slot ? release_slot(containers, slot, e) : ringwall_slot_release_dead(containers, id, &n, e);
}
