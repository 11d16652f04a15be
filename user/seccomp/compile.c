// SPDX-License-Identifier: LGPL-2.1-or-later
#include "compile.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/cleanup.h"

/*
 * libseccomp before 2.5.5 makes a wrong program from a binary tree without rules, and a tree of few is no gain:
 * it has four calls per leaf.
 */
#define TREE_MIN_SYSCALLS 32

#define MAX_ARGS 6 /* seccomp_data has no more */

static void context_release(scmp_filter_ctx *ctx)
{
	if (*ctx)
		seccomp_release(*ctx);
}

/* An action with its data, as the kernel and libseccomp have it (errno EPERM when unset). */
static uint32_t action_with_data(uint32_t action, const struct ringwall_opt_u64 *errno_ret)
{
	if (action != SECCOMP_RET_ERRNO && action != SECCOMP_RET_TRACE)
		return action;
	return action | (errno_ret->has ? (uint32_t)errno_ret->v & SECCOMP_RET_DATA : EPERM);
}

static int context_open(const struct ringwall_seccomp *s, scmp_filter_ctx *ret, struct ringwall_err *e)
{
	_cleanup_(context_release) scmp_filter_ctx ctx = NULL;
	size_t syscalls = 0;

	ctx = seccomp_init(action_with_data(s->default_action, &s->default_errno_ret));
	if (!ctx)
		return ringwall_fail_plain(e, -EOPNOTSUPP,
					   "linux.seccomp.defaultAction: not supported by this kernel or libseccomp");
	/* The native one is there from the start; calls of any other that is not listed kill (SCMP_FLTATR_ACT_BADARCH). */
	for (size_t i = 0; i < s->n_architectures; i++) {
		int r = seccomp_arch_add(ctx, s->architectures[i]);

		if (r && r != -EEXIST)
			return ringwall_fail(e, r, "linux.seccomp.architectures[%zu]: %#x", i, s->architectures[i]);
	}
	for (size_t i = 0; i < s->n_rules; i++)
		syscalls += s->rules[i].names.n;
	if (syscalls > TREE_MIN_SYSCALLS)
		seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* unknown before 2.5.0: slower, not wrong */
	*ret = TAKE_PTR(ctx);
	return 0;
}

/*
 * libseccomp cannot compare one argument twice in a rule. A rule that does is, as in runc, a list of alternatives:
 * one rule per comparison, all of them.
 */
static bool args_repeat(const struct ringwall_seccomp_rule *rule)
{
	unsigned int seen = 0;

	for (size_t i = 0; i < rule->n_args; i++) {
		if (seen & 1U << rule->args[i].index)
			return true;
		seen |= 1U << rule->args[i].index;
	}
	return false;
}

static int syscall_add(scmp_filter_ctx ctx, const struct ringwall_seccomp_rule *rule, uint32_t action, int nr)
{
	struct scmp_arg_cmp cmp[MAX_ARGS];
	bool alternatives = args_repeat(rule);
	unsigned int n = 0;

	for (size_t i = 0; i < rule->n_args; i++) {
		const struct ringwall_seccomp_arg *a = &rule->args[i];

		cmp[n] = (struct scmp_arg_cmp){ a->index, (enum scmp_compare)a->op, a->value, a->value_two };
		if (alternatives) {
			int r = seccomp_rule_add_array(ctx, action, nr, 1, cmp);

			if (r)
				return r;
		} else {
			n++;
		}
	}
	return alternatives ? 0 : seccomp_rule_add_array(ctx, action, nr, n, cmp);
}

/* Checked here too, since bits are shifted by them and the arrays are sized by them. */
static int args_check(const struct ringwall_seccomp_rule *rule, size_t at, struct ringwall_err *e)
{
	for (size_t i = 0; i < rule->n_args; i++) {
		if (rule->args[i].index >= MAX_ARGS)
			return ringwall_fail_plain(e, -EINVAL, "linux.seccomp.syscalls[%zu].args[%zu].index: %u is above 5", at,
						   i, rule->args[i].index);
	}
	return 0;
}

static int rule_add(scmp_filter_ctx ctx, const struct ringwall_seccomp *s, size_t at, bool *notify,
		    struct ringwall_err *e)
{
	const struct ringwall_seccomp_rule *rule = &s->rules[at];
	uint32_t action = action_with_data(rule->action, &rule->errno_ret);
	int r = args_check(rule, at, e);

	/* What the default does anyway: libseccomp refuses such rules, runc passes over them. */
	if (r || action == action_with_data(s->default_action, &s->default_errno_ret))
		return r;
	for (size_t i = 0; i < rule->names.n; i++) {
		const char *name = rule->names.v[i];
		int nr = seccomp_syscall_resolve_name(name);

		/* Profiles name calls of every kernel and architecture there is (runtime-spec: SHOULD ignore unknown ones). */
		if (nr == __NR_SCMP_ERROR)
			continue;
		r = syscall_add(ctx, rule, action, nr);
		if (r == -EINVAL || r == -EOPNOTSUPP)
			return ringwall_fail_plain(e, -EOPNOTSUPP, "linux.seccomp.syscalls[%zu]: '%s': action %#x is not "
						   "supported by this kernel or libseccomp", at, name, rule->action);
		if (r)
			return ringwall_fail(e, r, "linux.seccomp.syscalls[%zu]: '%s'", at, name);
		*notify |= rule->action == SECCOMP_RET_USER_NOTIF;
	}
	return 0;
}

/* A memfd, not a pipe: a program may be larger than a pipe, and the writer would wait for a reader. */
static int program_export(scmp_filter_ctx ctx, const struct ringwall_stub *stub, struct sock_fprog *ret,
			  struct ringwall_err *e)
{
	_cleanup_fd_ int fd = memfd_create("ringwall-seccomp", MFD_CLOEXEC);
	_cleanup_free_ struct sock_filter *insns = NULL;
	size_t head = stub->len * sizeof(*insns), len, size;
	struct stat st;
	int r;

	if (fd < 0)
		return ringwall_fail(e, -errno, "linux.seccomp: memfd");
	r = seccomp_export_bpf(ctx, fd);
	if (r)
		return ringwall_fail(e, r, "linux.seccomp: libseccomp");
	if (fstat(fd, &st))
		return ringwall_fail(e, -errno, "linux.seccomp: fstat");
	size = (size_t)st.st_size;
	len = stub->len + size / sizeof(*insns);
	if (len > BPF_MAXINSNS)
		return ringwall_fail_plain(e, -E2BIG, "linux.seccomp: %zu instructions, the kernel takes %d", len, BPF_MAXINSNS);
	insns = malloc(head + size);
	if (!insns)
		return ringwall_fail(e, -ENOMEM, "linux.seccomp");
	memcpy(insns, stub->insns, head);
	if (pread(fd, (char *)insns + head, size, 0) != st.st_size)
		return ringwall_fail(e, -EIO, "linux.seccomp: read the program back");
	*ret = (struct sock_fprog){ .len = (unsigned short)len, .filter = TAKE_PTR(insns) };
	return 0;
}

int ringwall_filter_compile(const struct ringwall_seccomp *s, struct ringwall_filter *ret, struct ringwall_err *e)
{
	_cleanup_(context_release) scmp_filter_ctx ctx = NULL;
	struct ringwall_stub stub;
	bool notify = false;
	int r;

	r = context_open(s, &ctx, e);
	for (size_t i = 0; !r && i < s->n_rules; i++)
		r = rule_add(ctx, s, i, &notify, e);
	if (!r)
		r = ringwall_stub_build(s, &stub, e);
	if (!r)
		r = program_export(ctx, &stub, &ret->prog, e);
	if (!r)
		ret->notify = notify;
	return r;
}
