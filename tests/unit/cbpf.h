/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_TEST_CBPF_H
#define RINGWALL_TEST_CBPF_H

/* Seccomp filters without a kernel. Include after cmocka.h's usual four headers. */

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What both filters of this tree are made of; anything else is a bug of theirs, or missing here. */
static inline uint32_t cbpf_stop(const struct sock_fprog *p, uint32_t pc)
{
	fprintf(stderr, "# instruction %u of %u: code %#x k %#x\n", pc, p->len, pc < p->len ? p->filter[pc].code : 0,
		pc < p->len ? p->filter[pc].k : 0);
	abort();
}

static inline int cbpf_jumps(const struct sock_fprog *p, uint32_t pc, uint32_t a)
{
	const struct sock_filter *f = &p->filter[pc];

	switch (BPF_OP(f->code)) {
	case BPF_JEQ:
		return a == f->k;
	case BPF_JGT:
		return a > f->k;
	case BPF_JGE:
		return a >= f->k;
	case BPF_JSET:
		return (a & f->k) != 0;
	default:
		return (int)cbpf_stop(p, pc);
	}
}

/** cbpf_run() - what @p returns for @d; @ret_steps (may be NULL): instructions executed. */
static inline uint32_t cbpf_run(const struct sock_fprog *p, const struct seccomp_data *d, uint32_t *ret_steps)
{
	uint32_t a = 0, memory[BPF_MEMWORDS] = { 0 };

	for (uint32_t pc = 0, steps = 1; pc < p->len; pc++, steps++) {
		const struct sock_filter *f = &p->filter[pc];

		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (f->k % 4 || f->k > sizeof(*d) - 4)
				return cbpf_stop(p, pc);
			memcpy(&a, (const char *)d + f->k, 4);
			break;
		case BPF_LD | BPF_W | BPF_MEM:
			a = memory[f->k];
			break;
		case BPF_ST:
			memory[f->k] = a;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= f->k;
			break;
		case BPF_JMP | BPF_JA:
			pc += f->k;
			break;
		case BPF_RET | BPF_K:
			if (ret_steps)
				*ret_steps = steps;
			return f->k;
		default:
			if (BPF_CLASS(f->code) != BPF_JMP || BPF_SRC(f->code) != BPF_K)
				return cbpf_stop(p, pc);
			pc += cbpf_jumps(p, pc, a) ? f->jt : f->jf;
		}
	}
	return cbpf_stop(p, p->len);
}

/**
 * cbpf_is_const_allow() - what the kernel finds when it makes its bitmap of calls for which a filter need not be run:
 * seccomp_is_const_allow() in kernel/seccomp.c.
 */
static inline int cbpf_is_const_allow(const struct sock_fprog *p, uint32_t arch, uint32_t nr)
{
	uint32_t a = 0;

	for (uint32_t pc = 0; pc < p->len; pc++) {
		const struct sock_filter *f = &p->filter[pc];

		if (f->code == (BPF_LD | BPF_W | BPF_ABS) && f->k == offsetof(struct seccomp_data, nr))
			a = nr;
		else if (f->code == (BPF_LD | BPF_W | BPF_ABS) && f->k == offsetof(struct seccomp_data, arch))
			a = arch;
		else if (f->code == (BPF_RET | BPF_K))
			return f->k == SECCOMP_RET_ALLOW;
		else if (f->code == (BPF_JMP | BPF_JA))
			pc += f->k;
		else if (BPF_CLASS(f->code) == BPF_JMP && BPF_SRC(f->code) == BPF_K)
			pc += cbpf_jumps(p, pc, a) ? f->jt : f->jf;
		else if (f->code == (BPF_ALU | BPF_AND | BPF_K))
			a &= f->k;
		else
			return 0;
	}
	return 0;
}

/** cbpf_is_valid() - what the kernel wants of jumps and of the end (bpf_check_classic()). */
static inline int cbpf_is_valid(const struct sock_fprog *p)
{
	for (uint32_t pc = 0; pc < p->len; pc++) {
		const struct sock_filter *f = &p->filter[pc];

		if (f->code == (BPF_JMP | BPF_JA)) {
			if (f->k >= p->len - pc - 1)
				return 0;
		} else if (BPF_CLASS(f->code) == BPF_JMP) {
			if (pc + f->jt + 1U >= p->len || pc + f->jf + 1U >= p->len)
				return 0;
		}
	}
	return p->len && p->len <= BPF_MAXINSNS && BPF_CLASS(p->filter[p->len - 1].code) == BPF_RET;
}

#endif
