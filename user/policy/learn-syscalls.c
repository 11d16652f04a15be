// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * System calls that were used. What the default refuses is allowed by a rule of its own; a rule that denies a call loses that
 * name, and what it wants of the arguments goes with it: they are not observed.
 */
#include <errno.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "learn.h"
#include "syscalls.h"

/* From @rule; with its last name it denies nothing any more. Return: was it there? */
static bool drop_name(struct ringwall_syscall_rule *rule, uint32_t id)
{
	size_t n = 0;

	for (size_t i = 0; i < rule->n_ids; i++)
		if (rule->ids[i] != id)
			rule->ids[n++] = rule->ids[i];
	if (n == rule->n_ids)
		return false;
	rule->n_ids = n;
	return true;
}

static void undeny(struct ringwall_lesson *l, const char *name, uint32_t id)
{
	struct ringwall_syscall_list *list = &l->to->syscalls;

	for (size_t i = 0; i < list->n; i++) {
		struct ringwall_syscall_rule *rule = &list->rules[i];

		if (!rule->allow && drop_name(rule, id) && rule->n_args)
			ringwall_learn_note(l, "system call %s was denied with certain arguments; now it is allowed with all",
					    name);
	}
}

/* In the first rule, which is there for what is learnt. */
static void allow(struct ringwall_syscall_list *list, uint32_t id)
{
	struct ringwall_syscall_rule *rule = &list->rules[0];

	if (!ringwall_syscall_rule_names(rule, id))
		rule->ids[rule->n_ids++] = (uint16_t)id;
}

static void learn_call(struct ringwall_lesson *l, const struct ringwall_seen *seen)
{
	const struct ringwall_syscall_name *row = ringwall_syscall_name(seen->object->arg[0]);

	if (!row)
		return;
	if (ringwall_syscall_is_multiplexer(row->id)) {
		ringwall_learn_note(l,
				    "system call %s of 32-bit programs stays refused where it was: what it was to do cannot be told",
				    row->name);
		return;
	}
	undeny(l, row->name, row->id);
	if (l->to->syscalls.deny_default)
		allow(&l->to->syscalls, row->id);
}

/* No process can be without these; and where the gate stands before functions themselves, it does not see all of them. */
static void allow_inevitable(struct ringwall_lesson *l)
{
	static const char *const names[] = { "execve", "exit", "exit_group", "restart_syscall", "rt_sigreturn", "sigreturn" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct ringwall_syscall_name *row = ringwall_syscall_find(names[i]);

		undeny(l, row->name, row->id);
		allow(&l->to->syscalls, row->id);
	}
}

/* A list that can be changed: one rule more, the first, with room for every name. */
static int copy_rules(struct ringwall_lesson *l, struct ringwall_syscall_list *list)
{
	struct ringwall_syscall_rule *rules = ringwall_arena_array(&l->to->arena, list->n + 1, sizeof(*rules));

	for (size_t i = 0; rules && i <= list->n; i++) {
		const struct ringwall_syscall_rule *from = i ? &list->rules[i - 1] : NULL;

		rules[i] = from ? *from : (struct ringwall_syscall_rule){ .allow = true };
		rules[i].ids = ringwall_arena_array(&l->to->arena, from ? from->n_ids : RINGWALL_SYSCALLS_MAX,
						    sizeof(*rules[i].ids));
		if (!rules[i].ids)
			rules = NULL;
		else if (from)
			memcpy(rules[i].ids, from->ids, from->n_ids * sizeof(*from->ids));
	}
	if (!rules)
		return ringwall_fail(l->e, -ENOMEM, "learn");
	list->rules = rules;
	list->n++;
	return 0;
}

/* Rules without names say nothing. The numbers of the others follow each other. */
static void tidy(struct ringwall_syscall_list *list)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		if (!list->rules[i].n_ids)
			continue;
		list->rules[n] = list->rules[i];
		list->rules[n].number = (uint32_t)n + 1;
		n++;
	}
	list->n = n;
}

int ringwall_learn_syscalls(struct ringwall_lesson *l)
{
	struct ringwall_syscall_list *list = &l->to->syscalls;
	int err;

	if (!list->set)
		return 0;
	err = copy_rules(l, list);
	if (err < 0)
		return err;
	if (list->deny_default && l->learning >> RINGWALL_SET_SYSCALL & 1)
		allow_inevitable(l);
	for (size_t i = 0; i < l->n; i++)
		if (l->seen[i].object->op == RINGWALL_DO_SYSCALL && l->seen[i].object->set == RINGWALL_SET_SYSCALL)
			learn_call(l, &l->seen[i]);
	tidy(list);
	/* Where the container ran; where the next one does is settled there. */
	if (list->mode == RINGWALL_SYSCALLS_LIVE)
		list->mode = RINGWALL_SYSCALLS_AUTO;
	return 0;
}
