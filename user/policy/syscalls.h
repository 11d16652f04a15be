/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_SYSCALLS_H
#define RINGWALL_POLICY_SYSCALLS_H

/*
 * System calls: their names, and what a policy says about each, for both of its backends. Pure: touches nothing but memory.
 * user/policy/syscall-table.h has the names (tools/gen-syscalls makes it of the kernel's own tables).
 */

#include "model.h"

/**
 * struct ringwall_syscall_name - one row.
 * @id: see "system calls" in bpf/abi.h. Where two names lead to one entry function, both rows have the id of the first, and that
 *	alone has the entry functions: fcntl64, getuid32 and their like are what fcntl and getuid are, whichever a policy names.
 * @x64, @i386: number, -1: that architecture does not have it
 * @entry64, @entry32, @compat32: behind "__x64_sys_", "__ia32_sys_" and "__ia32_compat_sys_": the entry functions' names, of
 *	whatever kernel has them, several separated by a space; "": there is none
 */
struct ringwall_syscall_name {
	const char *name;
	uint16_t id;
	int16_t x64, i386;
	const char *entry64, *entry32, *compat32;
};

/** ringwall_syscall_find() - by name; NULL. */
const struct ringwall_syscall_name *ringwall_syscall_find(const char *name);

/** ringwall_syscall_name() - by id, the first of those that share it; NULL. */
const struct ringwall_syscall_name *ringwall_syscall_name(uint32_t id);

/** ringwall_syscall_rows() - all of them, in the order of ids. */
const struct ringwall_syscall_name *ringwall_syscall_rows(size_t *ret_n);

/** ringwall_syscall_nr_max() - the highest number in the table, of x86-64 or i386: what is above, this ringwall does not know. */
int ringwall_syscall_nr_max(bool i386);

/** ringwall_syscall_is_multiplexer() - is it socketcall or ipc of i386, which stand for others? */
bool ringwall_syscall_is_multiplexer(uint32_t id);

/** ringwall_syscalls_are_gated() - is there anything for the gate? What is denied stands last. */
static inline bool ringwall_syscalls_are_gated(const struct ringwall_model *m)
{
	const struct ringwall_syscall_list *list = &m->syscalls;

	return list->set && list->mode != RINGWALL_SYSCALLS_SEALED &&
	       (list->deny_default || (list->n && !list->rules[list->n - 1].allow));
}

/** ringwall_syscall_rule_names() - does the rule name system call @id? */
static inline bool ringwall_syscall_rule_names(const struct ringwall_syscall_rule *rule, uint32_t id)
{
	for (size_t i = 0; i < rule->n_ids; i++)
		if (rule->ids[i] == id)
			return true;
	return false;
}

#define RINGWALL_SYSCALL_TEXT 512
/** ringwall_syscall_rule_text() - "deny keyctl,add_key ENOSYS". @buf: RINGWALL_SYSCALL_TEXT bytes; more ends in "…" */
const char *ringwall_syscall_rule_text(const struct ringwall_syscall_rule *rule, char *buf);

/* Which of the rules. */
enum ringwall_syscall_part {
	RINGWALL_SYSCALLS_ALL,	  /* all: the gate, and sealed filters */
	RINGWALL_SYSCALLS_FOREVER /* of a live policy: what the filter takes: denying rules that are sealed */
};

/**
 * struct ringwall_syscall_verdicts - what a policy says about each system call.
 * @v: by id; @v[id].n comparisons as in struct ringwall_syscall; .rule 0: the default
 * The multiplexers of i386, socketcall and ipc, are here what their calls are: see syscall-compile.c.
 */
struct ringwall_syscall_verdicts {
	struct ringwall_syscall v[RINGWALL_SYSCALLS_MAX];
};

/**
 * ringwall_syscall_verdicts() - @ret: to be freed
 * Errors: -E2BIG more than RINGWALL_COMPARISONS_MAX for one call, with the rule's origin; -ENOMEM.
 */
int ringwall_syscall_verdicts(const struct ringwall_model *m, enum ringwall_syscall_part part,
			      struct ringwall_syscall_verdicts **ret, struct ringwall_err *e);

#endif
