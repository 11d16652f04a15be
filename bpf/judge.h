/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef RINGWALL_BPF_JUDGE_H
#define RINGWALL_BPF_JUDGE_H

/* What an entry of `syscalls` means. Plain C: the test that compares the gate with the seccomp filter runs the same lines. */

#include "abi.h"

static inline int ringwall_compare(const struct ringwall_comparison *c, __u64 arg)
{
	arg &= c->mask;
	switch (c->op & ~RINGWALL_COMPARE_LAST) {
	case RINGWALL_COMPARE_EQ:
		return arg == c->value;
	case RINGWALL_COMPARE_NE:
		return arg != c->value;
	case RINGWALL_COMPARE_LT:
		return arg < c->value;
	case RINGWALL_COMPARE_LE:
		return arg <= c->value;
	case RINGWALL_COMPARE_GT:
		return arg > c->value;
	default:
		return arg >= c->value;
	}
}

/**
 * struct ringwall_judging - how far a judgement has come.
 * @args: of 8, so that no index is out of bounds; 32-bit ones zero-extended
 * @fails: a comparison of this alternative did not hold
 * @rule, @error: what decides, so far
 */
struct ringwall_judging {
	const struct ringwall_syscall *s;
	const __u64 *args;
	__u32 fails, rule, error;
};

static inline void ringwall_judge_begin(struct ringwall_judging *j)
{
	j->fails = 0;
	j->rule = j->s->rule;
	j->error = j->s->error;
}

/** ringwall_judge_step() - comparison @i. Return: 1: it is decided; 0: the next one, up to RINGWALL_COMPARISONS_MAX. */
static inline int ringwall_judge_step(struct ringwall_judging *j, __u32 i)
{
	const struct ringwall_comparison *c;

	if (i >= RINGWALL_COMPARISONS_MAX || i >= j->s->n)
		return 1;
	c = &j->s->c[i];
	if (!ringwall_compare(c, j->args[c->index & 7]))
		j->fails = 1;
	if (!(c->op & RINGWALL_COMPARE_LAST))
		return 0;
	if (!j->fails) {
		j->rule = c->rule;
		j->error = c->error;
		return 1;
	}
	j->fails = 0;
	return 0;
}

/**
 * ringwall_judge() - all steps. The gate takes them with bpf_loop(): the verifier looks at one.
 * @args: as in struct ringwall_judging
 * @ret_rule: the number of what decides
 * Return: errno, 0: allowed.
 */
static inline __u32 ringwall_judge(const struct ringwall_syscall *s, const __u64 args[8], __u32 *ret_rule)
{
	struct ringwall_judging j = { .s = s, .args = args };

	ringwall_judge_begin(&j);
	for (__u32 i = 0; !ringwall_judge_step(&j, i); i++)
		;
	*ret_rule = j.rule;
	return j.error;
}

#endif
