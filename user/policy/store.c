// SPDX-License-Identifier: LGPL-2.1-or-later
#include "store.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "../lib/cleanup.h"
#include "bpf.h"
#include "pins.h"
#include "sweep.h"

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
static int write_section(const struct ringwall_section *s, enum ringwall_section_kind kind, uint32_t id,
			 struct ringwall_err *e)
{
	size_t size = ringwall_section_key_size(kind);
	_cleanup_fd_ int fd = -1;
	int err;

	/* On a host without LSM hooks nobody looks at paths, and a policy that puts up with that has been warned about. */
	if (!s->n || (kind == RINGWALL_SECTION_PATHS && !ringwall_pins_has(RINGWALL_LOAD_FILE)))
		return 0;
	fd = ringwall_pins_get(ringwall_section_map(kind), e);
	if (fd < 0)
		return fd;
	for (uint32_t i = 0; i < s->n; i++)
		memcpy((char *)s->keys + i * size, &id, sizeof(id));
	err = ringwall_bpf_write_all(fd, s->keys, s->values, s->n);
	if (err == -E2BIG)
		return -ENOSPC;
	return err < 0 ? ringwall_fail(e, err, "policy: write to the map '%s'", ringwall_section_map(kind)) : 0;
}

static int write_sections(const struct ringwall_draft *d, uint32_t id, struct ringwall_err *e)
{
	int err = 0;

	for (int i = 0; i < RINGWALL_SECTIONS && !err; i++)
		err = write_section(&d->section[i], (enum ringwall_section_kind)i, id, e);
	return err;
}

/* The generation is used up before the first entry is written: leftovers of a failure never meet their id again. */
static int write_policy(struct ringwall_policy *p, uint32_t index, const struct ringwall_draft *d, uint32_t *ret_id,
			struct ringwall_err *e)
{
	uint32_t id = ringwall_handle_next(index, &p->generation);
	struct ringwall_policy new = d->policy;
	int err = write_sections(d, id, e);

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
	/* An RCU grace period, and programs run in RCU sections. Refused on nohz_full hosts: see subject_still(). */
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

static bool is_orphan(const void *key, const void *data)
{
	const struct ringwall_policy *p;
	uint32_t id;

	memcpy(&id, key, sizeof(id));
	p = ringwall_table_at(data, id & RINGWALL_INDEX_MASK);
	return p->id != id;
}

/* A map that no class has brought yet has nothing to collect. */
static int sweep(const char *map, size_t key_size, size_t value_size, const struct ringwall_table *policies,
		 struct ringwall_err *e)
{
	struct ringwall_err ignored;
	_cleanup_fd_ int fd = ringwall_pins_get(map, &ignored);
	int err = fd < 0 ? 0 : ringwall_sweep(fd, key_size, value_size, is_orphan, policies);

	return err < 0 ? ringwall_fail(e, err, "policy: collect entries of the map '%s'", map) : 0;
}

static int sweep_all(const struct ringwall_table *policies, struct ringwall_err *e)
{
	int err = sweep("anchors", sizeof(struct ringwall_anchor_key), sizeof(struct ringwall_path), policies, e);

	for (int i = 0; i < RINGWALL_SECTIONS && !err; i++) {
		enum ringwall_section_kind kind = (enum ringwall_section_kind)i;

		err = sweep(ringwall_section_map(kind), ringwall_section_key_size(kind), ringwall_section_value_size(kind),
			    policies, e);
	}
	return err;
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
	return sweep_all(&policies, e);
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
		return ringwall_fail_plain(e, err, "policy: no room: all containers of the host together can have %u policies "
						   "with %u devices, %u prefixes and %u path components",
					   RINGWALL_POLICIES_MAX, RINGWALL_DEVICES_MAX, RINGWALL_ADDRESSES_MAX,
					   RINGWALL_PATHS_MAX);
	return err;
}
