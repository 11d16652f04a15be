/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_SYSCALL_FILTER_H
#define RINGWALL_POLICY_SYSCALL_FILTER_H

/* The half of a policy's system calls that seccomp enforces: from the first instruction, for ever, on every kernel. Pure. */

#include "../seccomp/filter.h"
#include "syscalls.h"

/**
 * ringwall_syscall_filter() - compile.
 * @m: its syscalls.mode is settled: SEALED: everything is in the filter; LIVE: what the gate cannot take or must not be loosened:
 *	rules that are sealed, @absent, architectures that are not listed, x32, and where the default is to deny, numbers that this
 *	ringwall does not know (ENOSYS, so that C libraries fall back)
 * @absent: bits by id: the gate has no entry function for it, so that what the policy refuses of it is in the filter; may be NULL
 * @ret: ringwall_filter_free() it; @ret->prog.len 0: there is nothing to enforce
 * What the policy audits is logged (SECCOMP_RET_LOG) where it would be refused.
 * Errors: -E2BIG: more than the kernel takes; -ENOMEM.
 */
int ringwall_syscall_filter(const struct ringwall_model *m, const uint64_t absent[RINGWALL_SYSCALL_WORDS],
			    struct ringwall_filter *ret, struct ringwall_err *e);

#endif
