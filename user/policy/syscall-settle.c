// SPDX-License-Identifier: LGPL-2.1-or-later
#include "syscall-settle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "gate.h"
#include "policy.h"
#include "syscalls.h"

/* Where the table's numbers hold. */
#ifdef __x86_64__
#define ON_X86_64 true
#else
#define ON_X86_64 false
#endif

/*
 * Is there a gate to be had? -EOPNOTSUPP: one that is not good enough; whoever loads it then finds out the rest. The module is
 * asked for once: where it does not come, that is noted, or the class is refused until the next boot, or loaded without.
 * @take_skippable: good enough for a container that is not out to break it; who wants that says so
 * @why: what there is to say about it, also where it is taken
 */
static int find_gate(bool take_skippable, struct ringwall_err *why)
{
	/* Nothing then finds out whose system call it is. */
	if (ringwall_pins_is_refused(RINGWALL_LOAD_IDENTITY))
		return 0;
	if (!ringwall_pins_is_loaded(RINGWALL_LOAD_SYSCALL) && !ringwall_pins_is_refused(RINGWALL_LOAD_SYSCALL) &&
	    !ringwall_gate_is_alone())
		ringwall_gate_find_module();
	if (!ringwall_gate_is_skippable(why) || take_skippable)
		return 0;
	ringwall_gate_note_alone();
	return -EOPNOTSUPP;
}

int ringwall_syscalls_settle(struct ringwall_model *m, struct ringwall_draft *d,
			     uint64_t ret_absent[RINGWALL_SYSCALL_WORDS], char *warning, size_t size, struct ringwall_err *e)
{
	struct ringwall_syscall_list *list = &m->syscalls;
	bool wants_live = list->mode == RINGWALL_SYSCALLS_LIVE;
	struct ringwall_err why = { .code = 0 }, refused = { .code = 0 };
	int err;

	*warning = '\0';
	memset(ret_absent, 0, RINGWALL_SYSCALL_WORDS * sizeof(*ret_absent));
	if (list->set && !ON_X86_64)
		return ringwall_fail_plain(e, -EOPNOTSUPP,
					   "policy %s: syscalls: not on this architecture, but on x86-64: use linux.seccomp", m->name);
	if (!list->set || list->mode == RINGWALL_SYSCALLS_SEALED)
		return 0;
	err = find_gate(wants_live && !ringwall_model_is_strict(m), &why);
	if (!err)
		err = ringwall_policy_gate(d, ret_absent, &refused);
	if (!err && why.code)
		snprintf(warning, size, "policy %s: syscalls: %.180s", m->name, why.text);
	else if (refused.code)
		why = refused;
	if (!err) {
		list->mode = RINGWALL_SYSCALLS_LIVE;
		list->i386 &= ringwall_gate_covers_i386(); /* else the filter refuses all of them */
		return 0;
	}
	if (err != -EOPNOTSUPP || (wants_live && ringwall_model_is_strict(m))) {
		if (e)
			*e = why;
		return ringwall_err_prepend(e, "policy %s: syscalls.mode \"live\"", m->name);
	}
	if (wants_live)
		snprintf(warning, size, "policy %s: syscalls: sealed in seccomp, 'policy set' cannot change them: %.120s",
			 m->name, why.text);
	list->mode = RINGWALL_SYSCALLS_SEALED;
	memset(ret_absent, 0, RINGWALL_SYSCALL_WORDS * sizeof(*ret_absent));
	return 0;
}

/* Do they say the same, whatever number a rule has? */
static bool same_verdicts(const struct ringwall_syscall_verdicts *a, const struct ringwall_syscall_verdicts *b)
{
	for (size_t id = 0; id < RINGWALL_SYSCALLS_MAX; id++) {
		const struct ringwall_syscall *x = &a->v[id], *y = &b->v[id];

		if (x->error != y->error || x->n != y->n)
			return false;
		for (size_t i = 0; i < x->n; i++) {
			struct ringwall_comparison c = x->c[i];

			c.rule = y->c[i].rule;
			if (memcmp(&c, &y->c[i], sizeof(c)))
				return false;
		}
	}
	return true;
}

static int compare(const struct ringwall_model *a, const struct ringwall_model *b, enum ringwall_syscall_part part,
		   bool *ret_same, struct ringwall_err *e)
{
	_cleanup_free_ struct ringwall_syscall_verdicts *x = NULL, *y = NULL;
	int err = ringwall_syscall_verdicts(a, part, &x, e);

	if (!err)
		err = ringwall_syscall_verdicts(b, part, &y, e);
	if (!err)
		*ret_same = same_verdicts(x, y);
	return err;
}

static bool has_sealed(const struct ringwall_syscall_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->rules[i].sealed)
			return true;
	return false;
}

/* A filter is set before a container's first instruction, or never. */
static int check_without_filter(const char *id, struct ringwall_model *to, struct ringwall_err *e)
{
	struct ringwall_syscall_list *list = &to->syscalls;

	if (!list->set)
		return 0;
	if (list->mode == RINGWALL_SYSCALLS_SEALED || has_sealed(list) || !list->i386)
		return ringwall_fail_plain(e, -EOPNOTSUPP,
					   "policy %s: syscalls: sealed rules and \"architectures\" are for containers that begin with "
					   "them: start '%.100s' anew", to->name, id);
	/* Without a filter only the gate is between a container and 32-bit calls. */
	if (!ringwall_gate_covers_i386())
		return ringwall_fail_plain(e, -EOPNOTSUPP,
					   "policy %s: syscalls: without ringwall.ko they are for containers that begin with them: "
					   "modprobe ringwall, or start '%.100s' anew", to->name, id);
	list->mode = RINGWALL_SYSCALLS_LIVE;
	return 0;
}

int ringwall_syscalls_check_change(const struct ringwall_model *from, const char *id, struct ringwall_model *to,
				   struct ringwall_err *e)
{
	bool sealed = from && from->syscalls.mode == RINGWALL_SYSCALLS_SEALED, same = false;
	int err;

	if (!from || !from->syscalls.set)
		return check_without_filter(id, to, e);
	if (!sealed && from->syscalls.i386 && !ringwall_gate_covers_i386())
		return ringwall_fail_plain(e, -EOPNOTSUPP,
					   "policy %s: syscalls: container '%.100s' began with ringwall.ko, which is gone: modprobe ringwall",
					   to->name, id);
	err = compare(from, to, sealed ? RINGWALL_SYSCALLS_ALL : RINGWALL_SYSCALLS_FOREVER, &same, e);
	if (err < 0)
		return err;
	/* An audited rule in the filter logs, and goes on to. */
	if ((from->audit ^ to->audit) & (1U << RINGWALL_SET_SYSCALL) &&
	    (sealed || has_sealed(&from->syscalls) || !from->syscalls.i386))
		same = false;
	if (to->syscalls.set ? to->syscalls.i386 != from->syscalls.i386 && (sealed || from->syscalls.i386) : sealed)
		same = false;
	if (!same)
		return ringwall_fail_plain(e, -EOPNOTSUPP,
					   "policy %s: syscalls: %s of container '%.100s' are sealed in seccomp and cannot change while "
					   "it runs: start it anew", to->name,
					   sealed ? "the system calls" : "sealed rules and the lack of an architecture", id);
	if (!sealed && to->syscalls.mode == RINGWALL_SYSCALLS_SEALED)
		return ringwall_fail_plain(e, -EOPNOTSUPP,
					   "policy %s: syscalls.mode \"sealed\": container '%.100s' runs with \"live\": start it anew",
					   to->name, id);
	if (sealed && to->syscalls.mode == RINGWALL_SYSCALLS_LIVE)
		return ringwall_fail_plain(e, -EOPNOTSUPP,
					   "policy %s: syscalls.mode \"live\": container '%.100s' runs with \"sealed\": start it anew",
					   to->name, id);
	to->syscalls.mode = from->syscalls.mode;
	to->syscalls.i386 = from->syscalls.i386; /* what is refused whole stays refused, whatever the gate can do by now */
	return 0;
}
