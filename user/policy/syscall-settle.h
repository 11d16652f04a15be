/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_SYSCALL_SETTLE_H
#define RINGWALL_POLICY_SYSCALL_SETTLE_H

/* Which of its two backends enforces a policy's system calls, for a container that begins, and for one that runs. */

#include "draft.h"

/**
 * ringwall_syscalls_settle() - for a container that begins: m->syscalls.mode becomes LIVE or SEALED, by what the host can do.
 * LIVE: the gate is loaded, and hooks what @d restricts.
 * @d: compiled from @m with the mode it had; to be compiled again where the mode becomes SEALED
 * @ret_absent: bits by id: what the gate cannot hook, so that it is the filter's
 * @warning: of @size; what to tell the user, or empty; this and @ret_absent may be written to on an error as well
 * Errors: -EOPNOTSUPP the policy wants LIVE, which the host has not, with the fix.
 */
int ringwall_syscalls_settle(struct ringwall_model *m, struct ringwall_draft *d,
			     uint64_t ret_absent[RINGWALL_SYSCALL_WORDS], char *warning, size_t size, struct ringwall_err *e);

/**
 * ringwall_syscalls_check_change() - may a running container's policy @from become @to? What is in its seccomp filter stays there.
 * @from: what it has; NULL: nothing about system calls
 * @id: of the container, for messages
 * @to: its syscalls.mode becomes what the container's is
 * Errors: -EOPNOTSUPP @to would have something else in the filter.
 */
int ringwall_syscalls_check_change(const struct ringwall_model *from, const char *id, struct ringwall_model *to,
				   struct ringwall_err *e);

#endif
