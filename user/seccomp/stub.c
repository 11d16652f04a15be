// SPDX-License-Identifier: LGPL-2.1-or-later

/*
 * ENOSYS for system calls that are newer than the profile.
 *
 * A profile that refuses by default with EPERM also refuses calls which its author could not know. C libraries try a
 * new call first and fall back on ENOSYS, and only on ENOSYS: with EPERM a new libc in a container breaks under an old
 * profile. As in runc, a call with a number above the highest one that the profile names for its architecture is
 * answered ENOSYS, unless the default action lets calls through (allow, log; trace, whose tracer decides) or is
 * ENOSYS already. Only architectures that the profile lists count. Numbers are given out in order, so "above the
 * highest" is "newer" but for a few that were reserved early.
 *
 * The stub runs before libseccomp's program, which starts by loading the architecture and so does not care about what
 * is in the accumulator. Loads of nr and arch and comparisons with constants are all that it has: what the kernel can
 * evaluate ahead for its bitmap of allowed calls (seccomp_is_const_allow() of the kernel).
 */

#include "compile.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>

#include "../lib/cleanup.h"

#define X32_BIT 0x40000000u /* __X32_SYSCALL_BIT */

#define NR offsetof(struct seccomp_data, nr)
#define ARCH offsetof(struct seccomp_data, arch)

#define LOAD(off) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (off))
#define RET_ENOSYS BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS)

static int put(struct ringwall_stub *s, struct sock_filter insn)
{
	if (s->len >= ARRAY_SIZE(s->insns))
		return -E2BIG;
	s->insns[s->len++] = insn;
	return 0;
}

static bool stub_wanted(const struct ringwall_seccomp *s)
{
	switch (s->default_action) {
	case SECCOMP_RET_ALLOW:
	case SECCOMP_RET_LOG:
	case SECCOMP_RET_TRACE:
		return false;
	case SECCOMP_RET_ERRNO:
		return !s->default_errno_ret.has || s->default_errno_ret.v != ENOSYS;
	}
	return true;
}

/* Return: the highest number that any rule names, whatever its action; -1 for none. Pseudo numbers are negative. */
static int highest_nr(const struct ringwall_seccomp *s, uint32_t arch)
{
	int highest = -1;

	for (size_t i = 0; i < s->n_rules; i++) {
		for (size_t j = 0; j < s->rules[i].names.n; j++) {
			int nr = seccomp_syscall_resolve_name_arch(arch, s->rules[i].names.v[j]);

			if (nr > highest)
				highest = nr;
		}
	}
	return highest;
}

/* Accumulator: nr. Either ENOSYS, or on to libseccomp's program; a jump to UINT32_MAX is given its target last. */
static int put_limit(struct ringwall_stub *s, int highest)
{
	int r = 0;

	if (highest >= 0)
		r = put(s, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, (uint32_t)highest, 0, 1)) ?:
		    put(s, (struct sock_filter)RET_ENOSYS);
	return r ?: put(s, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, UINT32_MAX));
}

/* x86_64 and x32 are one architecture to the kernel, with a bit in nr between them. */
static int put_x86_64(struct ringwall_stub *s, int highest, int highest_x32)
{
	unsigned short jump = s->len;
	int r;

	r = put(s, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, X32_BIT, 0, 0)) ?: put_limit(s, highest);
	if (r)
		return r;
	s->insns[jump].jt = (uint8_t)(s->len - jump - 1);
	return put_limit(s, highest_x32);
}

/*
 * The number that s390 multiplexes calls above its table through stays 0 (setup(2), unused for decades) when the
 * kernel does not know the call.
 */
static int put_s390(struct ringwall_stub *s, int highest)
{
	return put(s, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1)) ?:
	       put(s, (struct sock_filter)RET_ENOSYS) ?: put_limit(s, highest);
}

static bool listed(const struct ringwall_seccomp *s, size_t n, uint32_t arch)
{
	for (size_t i = 0; i < n; i++) {
		if (s->architectures[i] == arch)
			return true;
	}
	return false;
}

/* A token of libseccomp is the kernel's AUDIT_ARCH_* but for x32. */
static int put_arch(struct ringwall_stub *s, const struct ringwall_seccomp *config, uint32_t arch)
{
	unsigned short test = s->len;
	uint32_t audit = arch == SCMP_ARCH_X32 ? SCMP_ARCH_X86_64 : arch;
	int highest = listed(config, config->n_architectures, audit) ? highest_nr(config, audit) : -1, r;

	r = put(s, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, audit, 0, 0)) ?:
	    put(s, (struct sock_filter)LOAD(NR));
	if (r)
		return r;
	if (audit == SCMP_ARCH_X86_64)
		r = put_x86_64(s, highest, listed(config, config->n_architectures, SCMP_ARCH_X32) ?
				   highest_nr(config, SCMP_ARCH_X32) : -1);
	else if (audit == SCMP_ARCH_S390 || audit == SCMP_ARCH_S390X)
		r = put_s390(s, highest);
	else
		r = put_limit(s, highest);
	if (r)
		return r;
	s->insns[test].jf = (uint8_t)(s->len - test - 1);
	return 0;
}

/* Also when it is listed under its other name, x86_64 and x32 being one. */
static bool done_before(const struct ringwall_seccomp *s, size_t i)
{
	uint32_t arch = s->architectures[i];

	if (listed(s, i, arch))
		return true;
	return (arch == SCMP_ARCH_X32 && listed(s, i, SCMP_ARCH_X86_64)) ||
	       (arch == SCMP_ARCH_X86_64 && listed(s, i, SCMP_ARCH_X32));
}

int ringwall_stub_build(const struct ringwall_seccomp *s, struct ringwall_stub *ret, struct ringwall_err *e)
{
	struct ringwall_stub stub = { .len = 0 };

	if (stub_wanted(s) && s->n_architectures && s->n_rules) {
		int r = put(&stub, (struct sock_filter)LOAD(ARCH));

		for (size_t i = 0; !r && i < s->n_architectures; i++) {
			if (!done_before(s, i))
				r = put_arch(&stub, s, s->architectures[i]);
		}
		if (r)
			return ringwall_fail(e, r, "linux.seccomp.architectures: too many");
	}
	for (unsigned short i = 0; i < stub.len; i++) {
		if (stub.insns[i].code == (BPF_JMP | BPF_JA))
			stub.insns[i].k = stub.len - i - 1;
	}
	*ret = stub;
	return 0;
}
