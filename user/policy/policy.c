// SPDX-License-Identifier: LGPL-2.1-or-later
#include "policy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../lib/cleanup.h"
#include "anchor.h"
#include "bpf.h"
#include "gate.h"
#include "pins.h"
#include "slot.h"
#include "store.h"
#include "syscalls.h"

#define SET(name) (1U << RINGWALL_SET_##name)
#define KERNEL(name) (1ULL << RINGWALL_KERNEL_##name)

/* What each class is for. A policy wants it that has one of the sets, or refuses one of the kernel's facilities. */
static const struct {
	uint32_t sets;
	uint64_t kernel;
} wanted_by[RINGWALL_LOADS] = {
	[RINGWALL_LOAD_NETWORK] = { SET(EGRESS) | SET(INGRESS) | SET(BIND) | SET(FAMILY) | SET(SOCKET_TYPE), 0 },
	[RINGWALL_LOAD_IDENTITY] = { SET(FAMILY) | SET(SOCKET_TYPE) | SET(NETLINK) | SET(FILE) | SET(EXEC) | SET(KERNEL) |
				     SET(CAPABILITY) | SET(SYSCALL), 0 },
	[RINGWALL_LOAD_TAMPER] = { 0, KERNEL(BPF) },
	[RINGWALL_LOAD_KERNEL] = { SET(KERNEL), 0 },
	[RINGWALL_LOAD_SOCKET] = { SET(FAMILY) | SET(SOCKET_TYPE) | SET(NETLINK), KERNEL(UNIX_OUT) },
	[RINGWALL_LOAD_CAPABLE] = { SET(CAPABILITY), 0 },
	[RINGWALL_LOAD_FILE] = { SET(FILE) | SET(EXEC), KERNEL(MEMFD_EXEC) },
	[RINGWALL_LOAD_SYSCALL] = { SET(SYSCALL), 0 },
};

static bool wants(const struct ringwall_policy *p, enum ringwall_load which)
{
	return p->sets & wanted_by[which].sets || p->kernel & wanted_by[which].kernel;
}

/*
 * Where the host can, every container's processes are marked and Ringwall's own objects are out of their reach, whatever
 * their policies say: so a policy that comes later finds them marked.
 */
static bool is_for_all(enum ringwall_load which)
{
	return which == RINGWALL_LOAD_IDENTITY || which == RINGWALL_LOAD_TAMPER;
}

/* @m: NULL: config.json alone */
static bool is_strict(const struct ringwall_model *m)
{
	return m && ringwall_model_is_strict(m);
}

/* A named policy that takes less is told each time; the default that everybody gets, once. */
static void warn(struct ringwall_policy_grant *g, const struct ringwall_model *m, bool first, const struct ringwall_err *e)
{
	if (!g->warning[0] && m && (m->strict || first))
		snprintf(g->warning, sizeof(g->warning), "policy %s: not all of it is enforced: %.160s", m->name, e->text);
}

/* Wants the lock. */
static bool has_gate(const struct ringwall_policy *p)
{
	return wants(p, RINGWALL_LOAD_SYSCALL) && ringwall_pins_has(RINGWALL_LOAD_SYSCALL);
}

/* Wants the lock and the class. What cannot be hooked the kernel has not, as far as anybody can tell, or the filter has it. */
static int hook_gate(const struct ringwall_policy *p, uint64_t ret_absent[RINGWALL_SYSCALL_WORDS], struct ringwall_err *e)
{
	uint64_t wanted[RINGWALL_SYSCALL_WORDS];

	for (size_t i = 0; i < RINGWALL_SYSCALL_WORDS; i++)
		wanted[i] = p->syscall_ruled[i] | p->syscall_refused[i];
	return ringwall_gate_hook(wanted, ret_absent, e);
}

/* Have the hooks that @d wants been looked at already? They stay while their gate does, and under the lock that stays. */
static bool is_hooked(const struct ringwall_draft *d)
{
	return d->gate && d->gate == ringwall_gate_number();
}

/* Loads what @d wants, and what every container gets. */
static int need_classes(const struct ringwall_draft *d, const struct ringwall_model *m, struct ringwall_policy_grant *g,
			struct ringwall_err *e)
{
	const struct ringwall_policy *p = &d->policy;
	uint64_t absent[RINGWALL_SYSCALL_WORDS];

	for (enum ringwall_load i = RINGWALL_LOAD_DEVICE; i < RINGWALL_LOADS; i++) {
		bool first = false;
		int err;

		if (i != RINGWALL_LOAD_DEVICE && !wants(p, i) && !is_for_all(i))
			continue;
		err = ringwall_pins_need(i, &first, e);
		if (!err && i == RINGWALL_LOAD_IDENTITY)
			g->mark = true;
		if (err == -EOPNOTSUPP && i >= RINGWALL_LOAD_IDENTITY && !(wants(p, i) && is_strict(m))) {
			if (wants(p, i))
				warn(g, m, first, e);
			continue;
		}
		if (err < 0)
			return wants(p, i) && m ? ringwall_err_prepend(e, "policy %s", m->name) : err;
	}
	return has_gate(p) && !is_hooked(d) ? hook_gate(p, absent, e) : 0;
}

int ringwall_policy_gate(struct ringwall_draft *d, uint64_t ret_absent[RINGWALL_SYSCALL_WORDS], struct ringwall_err *e)
{
	struct ringwall_table *containers;
	_cleanup_fd_ int lock = ringwall_pins_lock(RINGWALL_PINS_LOAD, &containers, e);
	int err = lock < 0 ? lock : ringwall_pins_need(RINGWALL_LOAD_DEVICE, NULL, e);

	if (!err)
		err = ringwall_pins_need(RINGWALL_LOAD_IDENTITY, NULL, e);
	if (!err)
		err = ringwall_pins_need(RINGWALL_LOAD_SYSCALL, NULL, e);
	if (!err)
		err = hook_gate(&d->policy, ret_absent, e);
	if (!err)
		d->gate = ringwall_gate_number();
	return err;
}

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

static int attach_slot(struct ringwall_container *c, uint32_t sets, int cgroup_fd, struct ringwall_err *e)
{
	int err = ringwall_slot_attach(c, sets | SET(DEVICE), cgroup_fd, e);

	if (!err)
		err = name_slot(c->cgroup_id, c->slot, e);
	if (err < 0)
		ringwall_slot_release(c, NULL);
	else
		c->state = RINGWALL_SLOT_ATTACHED;
	return err;
}

int ringwall_policy_attach(const char *id, int cgroup_fd, struct ringwall_draft *d, const struct ringwall_model *m,
			   struct ringwall_policy_grant *ret, struct ringwall_err *e)
{
	struct ringwall_policy_grant g = { 0 };
	struct ringwall_table *containers;
	struct ringwall_container *c;
	_cleanup_fd_ int lock = -1;
	struct stat st;
	int err;

	if (fstat(cgroup_fd, &st) < 0)
		return ringwall_fail(e, -errno, "device policy: stat the container's cgroup");
	lock = ringwall_pins_lock(RINGWALL_PINS_LOAD, &containers, e);
	if (lock < 0)
		return lock;
	err = need_classes(d, m, &g, e);
	if (!err)
		err = ringwall_store_intern(d, &g.policy_id, e);
	if (!err)
		err = ringwall_slot_claim(containers, id, st.st_ino, g.policy_id, &c, e);
	if (err < 0)
		return err;
	c->marked = g.mark ? RINGWALL_MARKED : 0;
	c->gated = has_gate(&d->policy);
	err = attach_slot(c, d->policy.sets, cgroup_fd, e);
	if (err < 0)
		return err;
	g.slot = c->slot;
	*ret = g;
	return 0;
}

int ringwall_policy_mark(uint32_t abi, uint32_t slot, int pidfd, struct ringwall_err *e)
{
	struct ringwall_task task = { .slot = slot, .phase = RINGWALL_PHASE_SETUP };
	char path[sizeof(RINGWALL_PINS) + 32];
	_cleanup_fd_ int fd = -1;
	int err;

	snprintf(path, sizeof(path), "%s/%u/tasks", RINGWALL_PINS, abi);
	fd = ringwall_bpf_get(path);
	if (fd < 0)
		return ringwall_pins_fail(e, fd, path);
	err = ringwall_bpf_write(fd, &pidfd, &task);
	return err < 0 ? ringwall_pins_fail(e, err, "mark the container's process") : 0;
}

static int anchor(struct ringwall_table *containers, uint32_t slot, uint32_t policy_id, const struct ringwall_mounts *mounts,
		  const struct ringwall_draft *d, struct ringwall_err *e)
{
	_cleanup_(ringwall_anchors_free) struct ringwall_anchors a = { 0 };
	struct ringwall_container *c;
	int err;

	if (!ringwall_draft_has_paths(d) || !ringwall_pins_has(RINGWALL_LOAD_FILE))
		return 0;
	err = ringwall_anchor_make(mounts, d, &a, e);
	if (!err)
		err = ringwall_slot_find(containers, slot, &c, e);
	if (err < 0)
		return err;
	c->anchored = 1; /* before they are there: a runtime killed in between leaves some that will be looked for */
	__atomic_fetch_or(&c->anchor_bloom, a.bloom, __ATOMIC_SEQ_CST);
	return ringwall_anchor_write(&a, slot, policy_id, e);
}

int ringwall_policy_anchor(uint32_t slot, uint32_t policy_id, const struct ringwall_mounts *mounts, const struct ringwall_draft *d,
			   struct ringwall_err *e)
{
	struct ringwall_table *containers;
	_cleanup_fd_ int lock = -1;

	if (!ringwall_draft_has_paths(d))
		return 0;
	lock = ringwall_pins_lock(RINGWALL_PINS_IF_LOADED, &containers, e);
	return lock < 0 ? lock : anchor(containers, slot, policy_id, mounts, d, e);
}

/* A container that began without marks keeps without: its processes could not be found all at once. */
static int check_marked(const struct ringwall_container *c, const struct ringwall_policy *p, const struct ringwall_model *m,
			struct ringwall_policy_grant *g, struct ringwall_err *e)
{
	struct ringwall_err why;

	if (c->marked || !wants(p, RINGWALL_LOAD_IDENTITY))
		return 0;
	if (ringwall_pins_is_refused(RINGWALL_LOAD_IDENTITY))
		ringwall_fail_plain(&why, -EOPNOTSUPP, "this kernel refuses %s, for every container; see 'ringwall doctor'",
				    ringwall_load_what(RINGWALL_LOAD_IDENTITY));
	else
		ringwall_fail_plain(&why, -EOPNOTSUPP,
				    "the container was started without the classes on LSM hooks: start it anew");
	if (!is_strict(m)) {
		warn(g, m, true, &why);
		return 0;
	}
	if (e)
		*e = why;
	return -EOPNOTSUPP;
}

/*
 * Where the gate stands before functions themselves, it cannot stand before all of them. What it cannot is in the container's filter,
 * if it was refused from the beginning, and there for good: it can neither be refused now nor allowed.
 */
static int check_absent(const struct ringwall_policy *from, const struct ringwall_policy *to, struct ringwall_err *e)
{
	uint64_t absent[RINGWALL_SYSCALL_WORDS], changed[RINGWALL_SYSCALL_WORDS];
	int err;

	if (!has_gate(to) || ringwall_gate_covers_i386())
		return 0;
	for (size_t i = 0; i < RINGWALL_SYSCALL_WORDS; i++)
		changed[i] = (from->syscall_ruled[i] | from->syscall_refused[i]) ^ (to->syscall_ruled[i] | to->syscall_refused[i]);
	err = ringwall_gate_hook(changed, absent, e);
	for (uint32_t id = 0; !err && id < RINGWALL_SYSCALLS_MAX; id++)
		if (absent[id / 64] >> id % 64 & 1)
			return ringwall_fail_plain(e, -EOPNOTSUPP,
						   "syscalls: '%s' cannot be changed while a container runs on this kernel without "
						   "ringwall.ko: modprobe ringwall, or start the container anew", ringwall_syscall_name(id)->name);
	return err;
}

static int check_gate(const struct ringwall_container *c, const struct ringwall_policy *to, struct ringwall_err *e)
{
	uint32_t index = c->policy_id & RINGWALL_INDEX_MASK;
	struct ringwall_table *policies;
	int err = ringwall_pins_policies(&policies, e);

	if (!err)
		err = ringwall_table_map(policies, ringwall_table_page(policies, index), e);
	return err < 0 ? err : check_absent(ringwall_table_at(policies, index), to, e);
}

int ringwall_policy_change(uint32_t slot, int cgroup_fd, const struct ringwall_mounts *mounts, struct ringwall_draft *d, const struct ringwall_model *m,
			   int (*before)(void *data, uint32_t policy_id, struct ringwall_err *e), void *data,
			   struct ringwall_policy_grant *ret, struct ringwall_err *e)
{
	struct ringwall_policy_grant g = { .slot = slot };
	struct ringwall_table *containers;
	struct ringwall_container *c;
	_cleanup_fd_ int lock = ringwall_pins_lock(RINGWALL_PINS_IF_LOADED, &containers, e);
	int err;

	if (lock < 0)
		return lock;
	err = ringwall_slot_find(containers, slot, &c, e);
	if (!err)
		err = check_marked(c, &d->policy, m, &g, e);
	if (!err)
		err = need_classes(d, m, &g, e);
	if (!err)
		err = check_gate(c, &d->policy, e);
	if (!err)
		err = ringwall_store_intern(d, &g.policy_id, e); /* may move the containers' window */
	if (!err && mounts)
		err = anchor(containers, slot, g.policy_id, mounts, d, e);
	if (!err && before)
		err = before(data, g.policy_id, e);
	if (!err)
		err = ringwall_slot_find(containers, slot, &c, e);
	if (!err)
		err = ringwall_slot_attach(c, d->policy.sets, cgroup_fd, e);
	if (err < 0)
		return err;
	c->gated |= has_gate(&d->policy);
	__atomic_store_n(&c->policy_id, g.policy_id, __ATOMIC_RELEASE);
	*ret = g;
	return 0;
}

int ringwall_policy_current(uint32_t slot, uint32_t *ret_policy_id, struct ringwall_err *e)
{
	struct ringwall_table *containers;
	struct ringwall_container *c;
	_cleanup_fd_ int lock = ringwall_pins_lock(RINGWALL_PINS_IF_LOADED, &containers, e);
	int err = lock < 0 ? lock : ringwall_slot_find(containers, slot, &c, e);

	if (!err)
		*ret_policy_id = c->policy_id;
	return err;
}

/* To put the gate up costs the better part of a second: it is not taken down for every container that ends. */
#define GATE_KEPT_S 60

static int is_gate_needed(struct ringwall_table *containers, bool *ret, struct ringwall_err *e)
{
	bool needed = false;
	int err = ringwall_table_map_all(containers, e);

	for (uint32_t i = 0; !err && !needed && i < containers->n; i++) {
		const struct ringwall_container *c = ringwall_table_at(containers, i);

		needed = c->slot && c->gated;
	}
	ringwall_table_unmap(containers);
	*ret = needed;
	return err;
}

/* A container that needed the gate is gone. With the last one the host stops paying for it. */
static int drop_gate(struct ringwall_table *containers, struct ringwall_err *e)
{
	bool needed;
	int err = ringwall_gate_age() < GATE_KEPT_S ? -EAGAIN : is_gate_needed(containers, &needed, e);

	if (err == -EAGAIN)
		return 0;
	return err < 0 || needed ? err : ringwall_gate_drop(e);
}

int ringwall_policy_unload(struct ringwall_err *e)
{
	struct ringwall_table *containers;
	_cleanup_fd_ int lock = ringwall_pins_lock(RINGWALL_PINS_IF_LOADED, &containers, e);
	bool needed;
	int err = lock == -ENOENT ? 0 : lock < 0 ? lock : is_gate_needed(containers, &needed, e);

	if (err < 0 || lock < 0)
		return err;
	if (needed)
		return ringwall_fail_plain(e, -EBUSY, "a container's policy needs the gate for system calls");
	return ringwall_gate_drop(e);
}

static int release_slot(struct ringwall_table *containers, uint32_t slot, struct ringwall_err *e)
{
	struct ringwall_container *c;
	int err = ringwall_slot_find(containers, slot, &c, e);
	bool gated;

	if (err == -ESTALE)
		return 0;
	if (err < 0)
		return err;
	gated = c->gated;
	err = ringwall_slot_release(c, e);
	/* Not only those: one that needed it may have gone too early for that. */
	return err < 0 || !(gated || ringwall_pins_is_loaded(RINGWALL_LOAD_SYSCALL)) ? err : drop_gate(containers, e);
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
