// SPDX-License-Identifier: LGPL-2.1-or-later
#include "store.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "../lib/cleanup.h"
#include "bpf.h"
#include "pins.h"

#define _cleanup_table_ _cleanup_(ringwall_table_close)

/* Where to put or find a policy. */
struct place {
	struct ringwall_policy *found, *free;
	uint32_t free_index;
};

static void look(struct ringwall_table *t, const struct ringwall_draft *d, struct place *ret)
{
	for (uint32_t i = t->first; i < t->first + t->n && !ret->found; i++) {
		struct ringwall_policy *p = ringwall_table_at(t, i);

		if (p->id && !memcmp(p->sha256, d->policy.sha256, sizeof(p->sha256))) {
			ret->found = p;
		} else if (!p->id && !ret->free) {
			ret->free = p;
			ret->free_index = i;
		}
	}
}

/* Pages are searched up to the first that has room: a policy spills only over full ones. */
static int find(struct ringwall_table *t, const struct ringwall_draft *d, struct place *ret, struct ringwall_err *e)
{
	uint32_t pages = ringwall_table_pages(t), start;

	memcpy(&start, d->policy.sha256, sizeof(start));
	for (uint32_t i = 0; i < pages && !ret->found && !ret->free; i++) {
		int err = ringwall_table_map(t, (start + i) % pages, e);

		if (err < 0)
			return err;
		look(t, d, ret);
	}
	return ret->found || ret->free ? 0 : -ENOSPC;
}

/* All entries or none, as far as anybody can tell: their id is not given out before they are complete. */
static int write_devices(const struct ringwall_draft *d, uint32_t id, struct ringwall_err *e)
{
	_cleanup_fd_ int fd = -1;
	int err;

	if (!d->devices.n)
		return 0;
	fd = ringwall_pins_get("devices", e);
	if (fd < 0)
		return fd;
	for (uint32_t i = 0; i < d->devices.n; i++)
		d->devices.keys[i].policy_id = id;
	err = ringwall_bpf_write_all(fd, d->devices.keys, d->devices.verdicts, d->devices.n);
	if (err == -E2BIG)
		return -ENOSPC;
	return err < 0 ? ringwall_pins_fail(e, err, "write device entries") : 0;
}

/* The generation is used up before the first entry is written: leftovers of a failure never meet their id again. */
static int write_policy(struct ringwall_policy *p, uint32_t index, const struct ringwall_draft *d, uint32_t *ret_id,
			struct ringwall_err *e)
{
	uint32_t id = ringwall_handle_next(index, &p->generation);
	struct ringwall_policy new = d->policy;
	int err = write_devices(d, id, e);

	if (err < 0)
		return err;
	new.generation = p->generation;
	*p = new; /* id 0: programs do not look at the rest */
	__atomic_store_n(&p->id, id, __ATOMIC_RELEASE);
	*ret_id = id;
	return 0;
}

/* Clears the ids of policies that no slot names. */
static int retire(struct ringwall_table *containers, struct ringwall_table *policies)
{
	_cleanup_free_ uint32_t *live = calloc(RINGWALL_POLICIES_MAX, sizeof(*live));

	if (!live)
		return -ENOMEM;
	for (uint32_t i = 0; i < containers->n; i++) {
		const struct ringwall_container *c = ringwall_table_at(containers, i);

		if (c->slot)
			live[c->policy_id & RINGWALL_INDEX_MASK] = c->policy_id;
	}
	for (uint32_t i = 0; i < policies->n; i++) {
		struct ringwall_policy *p = ringwall_table_at(policies, i);

		if (p->id && live[i] != p->id)
			__atomic_store_n(&p->id, 0, __ATOMIC_SEQ_CST);
	}
	return 0;
}

/* Programs that are still reading a retired policy's entries must be done before those go away one by one. */
static void wait_for_programs(void)
{
	/* An RCU grace period, and programs run in RCU sections. Refused on nohz_full hosts: see policy_still(). */
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

static int collect_keys(int fd, const struct ringwall_table *policies, struct ringwall_device_key **keys,
			uint32_t *ret_n)
{
	struct ringwall_device_key *v = calloc(RINGWALL_DEVICES_MAX, sizeof(*v)), key, *last = NULL;
	uint32_t n = 0;
	int err = v ? 0 : -ENOMEM;

	while (!err && n < RINGWALL_DEVICES_MAX) {
		const struct ringwall_policy *p;

		err = ringwall_bpf_next_key(fd, last, &key);
		last = &key;
		if (err < 0)
			break;
		p = ringwall_table_at(policies, key.policy_id & RINGWALL_INDEX_MASK);
		if (p->id != key.policy_id)
			v[n++] = key;
	}
	*keys = v;
	*ret_n = n;
	return err == -ENOENT ? 0 : err;
}

static int sweep_devices(const struct ringwall_table *policies, struct ringwall_err *e)
{
	_cleanup_free_ struct ringwall_device_key *keys = NULL;
	_cleanup_fd_ int fd = ringwall_pins_get("devices", e);
	uint32_t n;
	int err;

	if (fd < 0)
		return fd;
	err = collect_keys(fd, policies, &keys, &n);
	if (!err && n)
		err = ringwall_bpf_delete_all(fd, keys, n);
	return err < 0 ? ringwall_fail(e, err, "collect device entries") : 0;
}

static int collect(struct ringwall_err *e)
{
	_cleanup_table_ struct ringwall_table containers = RINGWALL_TABLE_CONTAINERS(ringwall_pins_get("containers", e));
	_cleanup_table_ struct ringwall_table policies = RINGWALL_TABLE_POLICIES(-1);
	int err;

	if (containers.fd < 0)
		return containers.fd;
	policies.fd = ringwall_pins_get("policies", e);
	if (policies.fd < 0)
		return policies.fd;
	err = ringwall_table_map_all(&containers, e);
	if (!err)
		err = ringwall_table_map_all(&policies, e);
	if (err < 0)
		return err;
	err = retire(&containers, &policies);
	if (err < 0)
		return ringwall_fail(e, err, "collect policies");
	wait_for_programs();
	return sweep_devices(&policies, e);
}

/* -ENOSPC comes back without a message: there may be something to collect. */
static int find_or_write(struct ringwall_table *t, const struct ringwall_draft *d, uint32_t *ret_id,
			 struct ringwall_err *e)
{
	struct place place = { 0 };
	int err = find(t, d, &place, e);

	if (err < 0)
		return err;
	if (!place.found)
		return write_policy(place.free, place.free_index, d, ret_id, e);
	*ret_id = place.found->id;
	return 0;
}

int ringwall_store_intern(const struct ringwall_draft *d, uint32_t *ret_id, struct ringwall_err *e)
{
	struct ringwall_table *t;
	int err = ringwall_pins_policies(&t, e);

	if (err < 0)
		return err;
	err = find_or_write(t, d, ret_id, e);
	if (err == -ENOSPC) {
		err = collect(e);
		if (err < 0)
			return err;
		err = find_or_write(t, d, ret_id, e);
	}
	if (err == -ENOSPC)
		return ringwall_fail_plain(e, err, "device policy: no room: %u policies and %u device entries for the whole host",
					   RINGWALL_POLICIES_MAX, RINGWALL_DEVICES_MAX);
	return err;
}
