// SPDX-License-Identifier: LGPL-2.1-or-later
#include "syscalls.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "syscall-table.h"
#include "text.h"

const struct ringwall_syscall_name *ringwall_syscall_find(const char *name)
{
	size_t low = 0, high = ARRAY_SIZE(by_name);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct ringwall_syscall_name *row = &rows[by_name[middle]];
		int order = strcmp(name, row->name);

		if (!order)
			return row;
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* The first of those that have it. */
const struct ringwall_syscall_name *ringwall_syscall_name(uint32_t id)
{
	size_t low = 0, high = ARRAY_SIZE(rows);

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (rows[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < ARRAY_SIZE(rows) && rows[low].id == id ? &rows[low] : NULL;
}

const struct ringwall_syscall_name *ringwall_syscall_rows(size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(rows);
	return rows;
}

int ringwall_syscall_nr_max(bool i386)
{
	return i386 ? NR_MAX_I386 : NR_MAX_X64;
}

/* Appends at most what fits. */
static void __attribute__((format(printf, 2, 3))) add(char *buf, const char *fmt, ...)
{
	size_t len = strlen(buf);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf + len, RINGWALL_SYSCALL_TEXT - len, fmt, ap);
	va_end(ap);
}

static void add_names(const struct ringwall_syscall_rule *rule, char *buf)
{
	for (size_t i = 0; i < rule->n_ids; i++) {
		if (strlen(buf) > RINGWALL_SYSCALL_TEXT / 2) {
			add(buf, ",…");
			return;
		}
		add(buf, "%s%s", i ? "," : " ", ringwall_syscall_name(rule->ids[i])->name);
	}
}

static void add_arg(const struct ringwall_syscall_arg *arg, bool first, char *buf)
{
	static const char *const ops[] = {
		[RINGWALL_COMPARE_EQ] = "==", [RINGWALL_COMPARE_NE] = "!=", [RINGWALL_COMPARE_LT] = "<",
		[RINGWALL_COMPARE_LE] = "<=", [RINGWALL_COMPARE_GT] = ">",  [RINGWALL_COMPARE_GE] = ">=",
	};

	add(buf, " %s arg%u", first ? "if" : "and", arg->index);
	if (arg->mask != UINT64_MAX)
		add(buf, " & %#llx", (unsigned long long)arg->mask);
	add(buf, " %s %#llx", ops[arg->op], (unsigned long long)arg->value);
}

const char *ringwall_syscall_rule_text(const struct ringwall_syscall_rule *rule, char *buf)
{
	char error[RINGWALL_ERRNO_TEXT];

	*buf = '\0';
	add(buf, "%s", rule->allow ? "allow" : "deny");
	add_names(rule, buf);
	if (!rule->allow && rule->error != EPERM)
		add(buf, " %s", ringwall_errno_text(rule->error, error));
	if (rule->sealed)
		add(buf, " sealed");
	for (size_t i = 0; i < rule->n_args; i++)
		add_arg(&rule->args[i], !i, buf);
	return buf;
}
