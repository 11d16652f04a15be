// SPDX-License-Identifier: LGPL-2.1-or-later

/*
 * From verdicts to a program for seccomp. It begins with the architecture, then looks for the number among ranges of numbers
 * for which the same holds, by bisection, and only then, where a verdict depends on them, at arguments. So all that comes
 * before RET ALLOW of a call that is always allowed are loads of nr and arch and comparisons with constants: the kernel
 * finds that out when the filter is set (seccomp_is_const_allow(), Linux 5.11) and does not run it for such calls.
 *
 * What no verdict speaks of:
 *  - x32, and every number above it: ENOSYS, as from a kernel without x32, under any policy that restricts anything;
 *  - an architecture that the policy does not list: EPERM. ENOSYS would tell programs to try something else, and there is nothing;
 *  - numbers above the table's highest, which are newer than this ringwall: ENOSYS where the default is to deny, so that C
 *    libraries do without; numbers in between that no call has: the default.
 *
 * 32-bit calls have 32-bit arguments: what int 0x80 leaves in the upper halves of registers, the kernel's own entry functions
 * do not look at. The filter must not either, or a 64-bit program could make an argument look like another one.
 *
 * The program is written from its end, so that the target of a jump is there before the jump, and its distance is known.
 */

#include "syscall-filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>

#include "../../bpf/judge.h"
#include "../lib/cleanup.h"

#define X32_BIT 0x40000000U /* __X32_SYSCALL_BIT */
#define REACH 255U	    /* instructions that a conditional jump can pass over */

/* What comes of a call: errno, 0: allowed, or OUTCOME_LOG. */
#define OUTCOME_LOG (RINGWALL_ERRNO_MAX + 1)

/**
 * struct target - where a number leads.
 * @n: comparisons of @checks that matter; 0: @outcome holds whatever the arguments are
 * @outcome: where none of them hold
 */
struct target {
	const struct ringwall_syscall *checks;
	uint16_t n, outcome;
};

/* Numbers from @first on, to the next branch's. */
struct branch {
	uint32_t first;
	struct target to;
};

/* Code for a target's comparisons, in the part of the program for one architecture. */
struct written {
	struct target of;
	uint32_t label;
};

/**
 * struct writer - the program so far.
 * @insns: its last @n, at the end
 * @full: there is no room for more, and what is there is of no use
 * @returned: for each outcome a label of its return; 0: none yet
 * @wide: arguments have 64 bits
 *
 * A label is what @n was when the instruction had been written: how far from the end it is.
 */
struct writer {
	struct sock_filter insns[BPF_MAXINSNS];
	uint32_t n;
	bool full, audit, wide;
	uint16_t returned[OUTCOME_LOG + 1];
	struct branch branches[RINGWALL_SYSCALLS_MAX + 2];
	struct written written[RINGWALL_SYSCALLS_MAX];
	uint32_t n_branches, n_written;
};

/* Instructions ------------------------------------------------------------------------------------------------- */

static uint32_t put(struct writer *w, uint16_t code, uint32_t k, uint32_t jt, uint32_t jf)
{
	if (w->n == BPF_MAXINSNS) {
		w->full = true;
		return w->n;
	}
	w->insns[BPF_MAXINSNS - 1 - w->n++] = (struct sock_filter){ code, (uint8_t)jt, (uint8_t)jf, k };
	return w->n;
}

/* What the next instruction has to pass over to get there. */
static uint32_t distance(const struct writer *w, uint32_t label)
{
	return w->n - label;
}

static uint32_t put_jump(struct writer *w, uint32_t label)
{
	return put(w, BPF_JMP | BPF_JA, distance(w, label), 0, 0);
}

/* One of them is at @yes, one at @no. Nothing is written where they are the same. */
static uint32_t put_branch(struct writer *w, uint16_t op, uint32_t k, uint32_t yes, uint32_t no)
{
	if (yes == no)
		return yes;
	if (distance(w, yes) > REACH - 1) /* a jump to @no may come in between */
		yes = put_jump(w, yes);
	if (distance(w, no) > REACH)
		no = put_jump(w, no);
	return put(w, BPF_JMP | op | BPF_K, k, distance(w, yes), distance(w, no));
}

/* Goes on at @next, which need not be what was written last: what folds to a constant leaves code that nothing leads to. */
static uint32_t put_load(struct writer *w, size_t offset, uint32_t next)
{
	if (next != w->n)
		put_jump(w, next);
	return put(w, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* A return is as short as a jump to one that is too far away. */
static uint32_t put_return(struct writer *w, uint32_t outcome)
{
	uint32_t label = w->returned[outcome], k = SECCOMP_RET_ERRNO | outcome;

	if (label && distance(w, label) < REACH / 2)
		return label;
	if (!outcome || outcome == OUTCOME_LOG)
		k = outcome ? SECCOMP_RET_LOG : SECCOMP_RET_ALLOW;
	label = put(w, BPF_RET | BPF_K, k, 0, 0);
	w->returned[outcome] = (uint16_t)label;
	return label;
}

static uint16_t outcome_of(const struct writer *w, uint32_t error)
{
	return error && w->audit ? OUTCOME_LOG : (uint16_t)error;
}

/* Arguments ---------------------------------------------------------------------------------------------------- */

/* Half of an argument, of which @mask is left. @next: its comparison, which was written last */
static uint32_t put_half(struct writer *w, size_t offset, uint32_t mask, uint32_t next)
{
	if (mask != UINT32_MAX)
		next = put(w, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
	return put_load(w, offset, next);
}

static const struct {
	uint16_t jump;
	bool inverted;
} compare_jumps[] = {
	[RINGWALL_COMPARE_EQ] = { BPF_JEQ, false }, [RINGWALL_COMPARE_NE] = { BPF_JEQ, true },
	[RINGWALL_COMPARE_LT] = { BPF_JGE, true },  [RINGWALL_COMPARE_LE] = { BPF_JGT, true },
	[RINGWALL_COMPARE_GT] = { BPF_JGT, false }, [RINGWALL_COMPARE_GE] = { BPF_JGE, false },
};

static size_t argument_offset(const struct ringwall_comparison *c, bool high)
{
	bool second = high == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

	return offsetof(struct seccomp_data, args) + c->index * sizeof(uint64_t) + (second ? sizeof(uint32_t) : 0);
}

/* The upper halves are the same, or there are none: the lower ones decide. */
static uint32_t put_low(struct writer *w, const struct ringwall_comparison *c, uint32_t yes, uint32_t no)
{
	uint8_t op = c->op & ~RINGWALL_COMPARE_LAST;
	uint32_t mask = (uint32_t)c->mask, value = (uint32_t)c->value;

	if (yes == no)
		return yes;
	if (!mask)
		return ringwall_compare(&(struct ringwall_comparison){ .value = value, .op = op }, 0) ? yes : no;
	if (compare_jumps[op].inverted)
		yes = put_branch(w, compare_jumps[op].jump, value, no, yes);
	else
		yes = put_branch(w, compare_jumps[op].jump, value, yes, no);
	return put_half(w, argument_offset(c, false), mask, yes);
}

/* Where an upper half leads that is larger, smaller, or simply another one. */
static uint32_t when_larger(uint8_t op, uint32_t yes, uint32_t no)
{
	return op == RINGWALL_COMPARE_NE || op == RINGWALL_COMPARE_GT || op == RINGWALL_COMPARE_GE ? yes : no;
}

static uint32_t when_smaller(uint8_t op, uint32_t yes, uint32_t no)
{
	return op == RINGWALL_COMPARE_NE || op == RINGWALL_COMPARE_LT || op == RINGWALL_COMPARE_LE ? yes : no;
}

/* (argument & mask) op value, as ringwall_compare(). Return: the label of its code, which ends at @yes or @no. */
static uint32_t put_comparison(struct writer *w, const struct ringwall_comparison *c, uint32_t yes, uint32_t no)
{
	uint8_t op = c->op & ~RINGWALL_COMPARE_LAST;
	uint32_t mask = w->wide ? (uint32_t)(c->mask >> 32) : 0, value = (uint32_t)(c->value >> 32);
	uint32_t larger = when_larger(op, yes, no), smaller = when_smaller(op, yes, no), label, n;

	if (!mask && value)
		return smaller;
	label = put_low(w, c, yes, no);
	if (!mask)
		return label;
	n = w->n;
	label = put_branch(w, BPF_JEQ, value, label, smaller);
	if (larger != smaller)
		label = put_branch(w, BPF_JGT, value, larger, label);
	return w->n == n ? label : put_half(w, argument_offset(c, true), mask, label);
}

/* From the last comparison to the first: where an alternative does not hold, the next one is tried. */
static uint32_t put_checks(struct writer *w, const struct target *t)
{
	uint32_t no = put_return(w, t->outcome), yes = no, label = no;

	for (size_t i = t->n; i-- > 0;) {
		const struct ringwall_comparison *c = &t->checks->c[i];

		if (c->op & RINGWALL_COMPARE_LAST) {
			no = label;
			yes = put_return(w, outcome_of(w, c->error));
		}
		label = put_comparison(w, c, yes, no);
		yes = label;
	}
	return label;
}

/* Targets ------------------------------------------------------------------------------------------------------ */

/* Without the alternatives at the end that come to the same as if they were not there. */
static struct target target_of(const struct writer *w, const struct ringwall_syscall *s)
{
	struct target t = { .checks = s, .n = s->n, .outcome = outcome_of(w, s->error) };

	for (size_t i = t.n; i-- > 0;) {
		if (s->c[i].op & RINGWALL_COMPARE_LAST) {
			if (outcome_of(w, s->c[i].error) != t.outcome)
				break;
		}
		t.n = (uint16_t)i;
	}
	return t;
}

static bool same_target(const struct writer *w, const struct target *a, const struct target *b)
{
	if (a->n != b->n || a->outcome != b->outcome)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct ringwall_comparison *x = &a->checks->c[i], *y = &b->checks->c[i];

		if (x->mask != y->mask || x->value != y->value || x->index != y->index || x->op != y->op ||
		    outcome_of(w, x->error) != outcome_of(w, y->error))
			return false;
	}
	return true;
}

static uint32_t put_target(struct writer *w, const struct target *t)
{
	uint32_t label;

	if (!t->n)
		return put_return(w, t->outcome);
	for (size_t i = 0; i < w->n_written; i++)
		if (same_target(w, &w->written[i].of, t))
			return w->written[i].label;
	label = put_checks(w, t);
	w->written[w->n_written++] = (struct written){ *t, label };
	return label;
}

/* Numbers ------------------------------------------------------------------------------------------------------ */

static void branch_add(struct writer *w, uint32_t first, const struct target *to)
{
	if (!w->n_branches || !same_target(w, &w->branches[w->n_branches - 1].to, to))
		w->branches[w->n_branches++] = (struct branch){ first, *to };
}

static void branch_add_outcome(struct writer *w, uint32_t first, uint16_t outcome)
{
	branch_add(w, first, &(struct target){ .outcome = outcome });
}

/* A call that is an exception among its neighbours needs one comparison, not two. */
static bool is_exception(const struct writer *w, size_t at, size_t n)
{
	const struct branch *b = &w->branches[at];

	return n == 3 && b[1].first + 1 == b[2].first && same_target(w, &b[0].to, &b[2].to);
}

static uint32_t put_tree(struct writer *w, size_t at, size_t n)
{
	uint32_t left, right;

	if (n == 1)
		return put_target(w, &w->branches[at].to);
	if (is_exception(w, at, n)) {
		right = put_target(w, &w->branches[at + 1].to);
		left = put_target(w, &w->branches[at].to);
		return put_branch(w, BPF_JEQ, w->branches[at + 1].first, right, left);
	}
	right = put_tree(w, at + n / 2, n - n / 2);
	left = put_tree(w, at, n / 2);
	return put_branch(w, BPF_JGE, w->branches[at + n / 2].first, right, left);
}

/* All numbers of one architecture. */
static void branches_make(struct writer *w, const struct ringwall_syscall_list *list,
			  const struct ringwall_syscall_verdicts *v)
{
	const struct ringwall_syscall *by_number[RINGWALL_SYSCALLS_MAX] = { NULL };
	uint32_t last = (uint32_t)ringwall_syscall_nr_max(!w->wide);
	size_t n;
	const struct ringwall_syscall_name *row = ringwall_syscall_rows(&n);

	for (size_t i = 0; i < n; i++) {
		int nr = w->wide ? row[i].x64 : row[i].i386;

		if (nr >= 0 && nr < (int)RINGWALL_SYSCALLS_MAX)
			by_number[nr] = &v->v[row[i].id];
	}
	w->n_branches = 0;
	for (uint32_t nr = 0; nr <= last && nr < RINGWALL_SYSCALLS_MAX; nr++) {
		struct target to = { .outcome = outcome_of(w, list->deny_default ? list->error : 0) };

		if (by_number[nr])
			to = target_of(w, by_number[nr]);
		branch_add(w, nr, &to);
	}
	branch_add_outcome(w, last + 1, outcome_of(w, list->deny_default ? ENOSYS : 0));
	if (w->wide)
		branch_add_outcome(w, X32_BIT, ENOSYS);
}

static uint32_t put_architecture(struct writer *w, bool wide, const struct ringwall_syscall_list *list,
				 const struct ringwall_syscall_verdicts *v)
{
	w->wide = wide;
	w->n_written = 0;
	branches_make(w, list, v);
	return put_load(w, offsetof(struct seccomp_data, nr), put_tree(w, 0, w->n_branches));
}

static void put_program(struct writer *w, const struct ringwall_syscall_list *list, const struct ringwall_syscall_verdicts *v)
{
	uint32_t i386 = list->i386 ? put_architecture(w, false, list, v) : put_return(w, outcome_of(w, EPERM));
	uint32_t x64 = put_architecture(w, true, list, v);
	uint32_t label = put_return(w, EPERM);

	label = put_branch(w, BPF_JEQ, AUDIT_ARCH_I386, i386, label);
	label = put_branch(w, BPF_JEQ, AUDIT_ARCH_X86_64, x64, label);
	put_load(w, offsetof(struct seccomp_data, arch), label);
}

/* The filter --------------------------------------------------------------------------------------------------- */

static bool restricts(const struct ringwall_syscall_list *list)
{
	if (!list->set)
		return false;
	for (size_t i = 0; i < list->n; i++)
		if (!list->rules[i].allow)
			return true;
	/* What is live may restrict something later, and then x32 has to be out of the way. */
	return list->deny_default || !list->i386 || list->mode == RINGWALL_SYSCALLS_LIVE;
}

/* Sealed: everything. Live: what is for ever, and all that the policy says of what the gate cannot hook. */
static int verdicts_make(const struct ringwall_model *m, const uint64_t absent[RINGWALL_SYSCALL_WORDS],
			 struct ringwall_syscall_verdicts **ret, struct ringwall_err *e)
{
	_cleanup_free_ struct ringwall_syscall_verdicts *v = NULL, *all = NULL;
	bool live = m->syscalls.mode != RINGWALL_SYSCALLS_SEALED, any = false;
	int err = ringwall_syscall_verdicts(m, live ? RINGWALL_SYSCALLS_FOREVER : RINGWALL_SYSCALLS_ALL, &v, e);

	for (size_t i = 0; live && absent && i < RINGWALL_SYSCALL_WORDS; i++)
		any = any || absent[i];
	if (!err && any)
		err = ringwall_syscall_verdicts(m, RINGWALL_SYSCALLS_ALL, &all, e);
	if (err < 0)
		return err;
	for (size_t id = 0; any && id < RINGWALL_SYSCALLS_MAX; id++)
		if (absent[id / 64] >> id % 64 & 1)
			v->v[id] = all->v[id];
	*ret = TAKE_PTR(v);
	return 0;
}

static int program_make(struct writer *w, const struct ringwall_model *m, const struct ringwall_syscall_verdicts *v,
			struct ringwall_filter *ret, struct ringwall_err *e)
{
	size_t size;
	struct sock_filter *insns;

	w->audit = m->audit >> RINGWALL_SET_SYSCALL & 1;
	put_program(w, &m->syscalls, v);
	if (w->full)
		return ringwall_fail_plain(e, -E2BIG,
					   "policy %s: syscalls: more than the %d instructions that a seccomp filter can have: it "
					   "needs fewer rules with \"args\"", m->name, BPF_MAXINSNS);
	size = w->n * sizeof(*insns);
	insns = malloc(size);
	if (!insns)
		return ringwall_fail(e, -ENOMEM, "policy %s: syscalls", m->name);
	memcpy(insns, w->insns + BPF_MAXINSNS - w->n, size);
	*ret = (struct ringwall_filter){
		.prog = { .len = (unsigned short)w->n, .filter = insns }, .flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW,
	};
	return 0;
}

int ringwall_syscall_filter(const struct ringwall_model *m, const uint64_t absent[RINGWALL_SYSCALL_WORDS],
			    struct ringwall_filter *ret, struct ringwall_err *e)
{
	_cleanup_free_ struct ringwall_syscall_verdicts *v = NULL;
	_cleanup_free_ struct writer *w = NULL;
	int err;

	if (!restricts(&m->syscalls)) {
		*ret = (struct ringwall_filter){ .flags = 0 };
		return 0;
	}
	err = verdicts_make(m, absent, &v, e);
	if (err < 0)
		return err;
	w = calloc(1, sizeof(*w));
	if (!w)
		return ringwall_fail(e, -ENOMEM, "policy %s: syscalls", m->name);
	return program_make(w, m, v, ret, e);
}
