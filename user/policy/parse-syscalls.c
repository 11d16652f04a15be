// SPDX-License-Identifier: LGPL-2.1-or-later
/* "syscalls". */
#include <errno.h>
#include <seccomp.h>
#include <string.h>

#include "parse.h"
#include "syscalls.h"
#include "text.h"

#define NAME_LEN 48 /* longer than any name */
#define NEAR 2	    /* slips of a finger in a name that another one is proposed for */

/* Names ----------------------------------------------------------------------------------------------------- */

static unsigned int least(unsigned int a, unsigned int b, unsigned int c)
{
	a = a < b ? a : b;
	return a < c ? a : c;
}

/* Letters to insert, remove or exchange to make one of the other (Levenshtein). Both are shorter than NAME_LEN. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[NAME_LEN], n = (unsigned int)strlen(b);

	for (unsigned int j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned int i = 0; a[i]; i++) {
		unsigned int corner = row[0];

		row[0] = i + 1;
		for (unsigned int j = 0; j < n; j++) {
			unsigned int above = row[j + 1];

			row[j + 1] = least(above + 1, row[j] + 1, corner + (a[i] != b[j]));
			corner = above;
		}
	}
	return row[n];
}

static const char *nearest(const char *name)
{
	unsigned int best = NEAR + 1;
	const struct ringwall_syscall_name *rows;
	const char *ret = NULL;
	size_t n;

	rows = ringwall_syscall_rows(&n);
	for (size_t i = 0; i < n && strlen(name) < NAME_LEN; i++) {
		unsigned int d = distance(name, rows[i].name);

		if (d >= best)
			continue;
		best = d;
		ret = rows[i].name;
	}
	return ret;
}

static int name_parse(struct ringwall_reader *r, const struct ringwall_json *v, struct ringwall_syscall_rule *rule)
{
	int rc = ringwall_reader_type(r, v, RINGWALL_JSON_STRING);
	const struct ringwall_syscall_name *row;
	const char *other;

	if (rc)
		return rc;
	row = ringwall_syscall_find(v->str);
	if (!row) {
		other = nearest(v->str);
		return ringwall_reader_fail(r, v, "\"%.60s\" is no system call of x86-64 or i386%s%s%s", v->str,
					    other ? ": is it \"" : "", other ?: "", other ? "\"?" : "");
	}
	if (!ringwall_syscall_rule_names(rule, row->id))
		rule->ids[rule->n_ids++] = row->id;
	return 0;
}

static int names_alloc(struct ringwall_reader *r, struct ringwall_syscall_rule *rule, size_t n)
{
	rule->n_ids = 0;
	return ringwall_reader_array(r, n, sizeof(*rule->ids), &rule->ids);
}

static int names_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v, void *base)
{
	struct ringwall_syscall_rule *rule = &((struct ringwall_entry *)base)->syscall;
	int rc = ringwall_reader_type(r, v, RINGWALL_JSON_ARRAY);
	size_t i = 0;

	(void)f;
	if (rc)
		return rc;
	if (!v->count)
		return ringwall_reader_fail(r, v, "must have at least one element");
	rc = names_alloc(r, rule, v->count);
	for (const struct ringwall_json *item = v->child; item && !rc; item = item->next) {
		ringwall_reader_enter(r, NULL, i++);
		rc = name_parse(r, item, rule);
		if (!rc)
			ringwall_reader_leave(r);
	}
	return rc;
}

static int one_name_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v, void *base)
{
	struct ringwall_syscall_rule *rule = &((struct ringwall_entry *)base)->syscall;

	(void)f;
	return names_alloc(r, rule, 1) ?: name_parse(r, v, rule);
}

/* Arguments ------------------------------------------------------------------------------------------------- */

static const uint8_t compare_of[] = {
	[SCMP_CMP_NE] = RINGWALL_COMPARE_NE, [SCMP_CMP_LT] = RINGWALL_COMPARE_LT,	 [SCMP_CMP_LE] = RINGWALL_COMPARE_LE,
	[SCMP_CMP_EQ] = RINGWALL_COMPARE_EQ, [SCMP_CMP_GE] = RINGWALL_COMPARE_GE,	 [SCMP_CMP_GT] = RINGWALL_COMPARE_GT,
	[SCMP_CMP_MASKED_EQ] = RINGWALL_COMPARE_EQ,
};

/* As in config.json. */
static int arg_parse(struct ringwall_reader *r, const struct ringwall_json *v, struct ringwall_syscall_arg *ret)
{
	struct ringwall_seccomp_arg arg = { 0 };
	bool masked;
	int rc = ringwall_reader_type(r, v, RINGWALL_JSON_OBJECT) ?:
		 ringwall_reader_object(r, &ringwall_seccomp_arg_table, v, &arg);

	if (rc)
		return rc;
	masked = arg.op == SCMP_CMP_MASKED_EQ;
	if (!masked && arg.value_two)
		return ringwall_reader_fail_member(r, v, "valueTwo", "only for SCMP_CMP_MASKED_EQ");
	if (masked && arg.value_two & ~arg.value)
		return ringwall_reader_fail_member(r, v, "valueTwo", "has bits that the mask \"value\" has not: it never holds");
	*ret = (struct ringwall_syscall_arg){
		.index = (uint8_t)arg.index,
		.op = compare_of[arg.op],
		.mask = masked ? arg.value : UINT64_MAX,
		.value = masked ? arg.value_two : arg.value,
	};
	return 0;
}

static int args_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v, void *base)
{
	struct ringwall_syscall_rule *rule = &((struct ringwall_entry *)base)->syscall;
	int rc = ringwall_reader_type(r, v, RINGWALL_JSON_ARRAY);
	size_t i = 0;

	(void)f;
	if (rc)
		return rc;
	if (v->count > RINGWALL_COMPARISONS_MAX)
		return ringwall_parse_fail_bound(r, v, "comparisons", RINGWALL_COMPARISONS_MAX);
	rc = ringwall_reader_array(r, v->count, sizeof(*rule->args), &rule->args);
	for (const struct ringwall_json *item = v->child; item && !rc; item = item->next) {
		ringwall_reader_enter(r, NULL, i);
		rc = arg_parse(r, item, &rule->args[i++]);
		if (!rc)
			ringwall_reader_leave(r);
	}
	rule->n_args = v->count;
	return rc;
}

/* Entries --------------------------------------------------------------------------------------------------- */

/* ERESTARTSYS to ENOGRACE of linux/errno.h: with a signal pending some of them mean: make the call again. */
#define KERNEL_ERRNO_FIRST 512
#define KERNEL_ERRNO_LAST 531

static int errno_read(struct ringwall_reader *r, const struct ringwall_json *v, uint16_t *ret)
{
	uint64_t n = 0;

	if (v->type == RINGWALL_JSON_STRING) {
		n = (uint64_t)ringwall_errno_find(v->str);
		if (!n)
			return ringwall_reader_fail(r, v,
						    "must be the name of an error such as \"EPERM\" or \"ENOSYS\", not \"%.40s\"",
						    v->str);
	} else if (v->type != RINGWALL_JSON_NUMBER) {
		return ringwall_reader_fail(r, v, "must be a name such as \"EPERM\", or a number");
	} else if (ringwall_json_u64(v, &n) || !n || n > RINGWALL_ERRNO_MAX) {
		return ringwall_reader_fail(r, v, "must be a number from 1 to %d, not %.40s", RINGWALL_ERRNO_MAX, v->str);
	} else if (n >= KERNEL_ERRNO_FIRST && n <= KERNEL_ERRNO_LAST) {
		return ringwall_reader_fail(r, v, "%.40s is the kernel's own, and no answer to a system call", v->str);
	}
	*ret = (uint16_t)n;
	return 0;
}

static int errno_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v, void *base)
{
	(void)f;
	return errno_read(r, v, &((struct ringwall_entry *)base)->syscall.error);
}

/* What `policy show` says about a rule; whoever enforces it is settled anew for each container. */
static const struct ringwall_word backend_names[] = { { "gate", 0 }, { "seccomp", 1 }, { 0 } };

static int backend_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v, void *base)
{
	uint64_t ignored;

	(void)f;
	(void)base;
	return ringwall_reader_name(r, v, backend_names, &ignored);
}

static int entry_check(struct ringwall_reader *r, const struct ringwall_json *v, void *base)
{
	(void)base;
	if (ringwall_json_get(v, "name") && ringwall_json_get(v, "names"))
		return ringwall_reader_fail_member(r, v, "name", "stands beside \"names\": put it there");
	if (!ringwall_json_get(v, "name") && !ringwall_json_get(v, "names"))
		return ringwall_reader_fail_member(r, v, "names", "missing");
	return 0;
}

static const struct ringwall_field entry_fields[] = {
	{ .name = "names", .parse = names_parse },
	{ .name = "name", .parse = one_name_parse },
	{ .name = "args", .parse = args_parse },
	{ .name = "errno", .parse = errno_parse },
	FIELD(struct ringwall_entry, syscall.sealed, "sealed", ringwall_field_bool),
	{ .name = "backend", .parse = backend_parse },
	FIELD(struct ringwall_entry, origin, "origin", ringwall_parse_origin),
};

static const struct ringwall_table entry_table = {
	.fields = entry_fields,
	.n = ARRAY_SIZE(entry_fields),
	.check = entry_check,
};

static int entry_parse(struct ringwall_reader *r, const struct ringwall_json *v, struct ringwall_entry *entry)
{
	*entry = (struct ringwall_entry){ .origin = ringwall_parse_place(r, v) };
	if (v->type == RINGWALL_JSON_STRING)
		return one_name_parse(r, NULL, v, entry);
	if (v->type != RINGWALL_JSON_OBJECT)
		return ringwall_reader_fail(r, v, "must be a name, or an object with \"names\"");
	return ringwall_reader_object(r, &entry_table, v, entry);
}

static const struct ringwall_list_kind syscall_list = { RINGWALL_SET_SYSCALL, RINGWALL_SYSCALL_RULES_MAX, entry_parse };

/* The member ------------------------------------------------------------------------------------------------ */

static struct ringwall_syscall_list *list_of(struct ringwall_reader *r)
{
	return &ringwall_parse_of(r)->m.syscalls;
}

static const struct ringwall_word mode_names[] = {
	{ "live", RINGWALL_SYSCALLS_LIVE },
	{ "sealed", RINGWALL_SYSCALLS_SEALED },
	{ 0 },
};

static int mode_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v, void *base)
{
	uint64_t mode;
	int rc = ringwall_reader_name(r, v, mode_names, &mode);

	(void)f;
	(void)base;
	if (!rc)
		list_of(r)->mode = (enum ringwall_syscall_mode)mode;
	return rc;
}

static int default_errno_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			       void *base)
{
	(void)f;
	(void)base;
	return errno_read(r, v, &list_of(r)->error);
}

enum architecture { X86_64, X86 };

static const struct ringwall_word architecture_names[] = { { "x86_64", X86_64 }, { "x86", X86 }, { 0 } };

static int architectures_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			       void *base)
{
	int rc = ringwall_reader_type(r, v, RINGWALL_JSON_ARRAY);
	uint64_t which, all = 0;
	size_t i = 0;

	(void)f;
	(void)base;
	if (rc)
		return rc;
	for (const struct ringwall_json *item = v->child; item; item = item->next) {
		ringwall_reader_enter(r, NULL, i++);
		rc = ringwall_reader_name(r, item, architecture_names, &which);
		if (rc)
			return rc;
		ringwall_reader_leave(r);
		all |= 1ull << which;
	}
	if (!(all >> X86_64 & 1))
		return ringwall_reader_fail(r, v, "must have \"x86_64\"");
	list_of(r)->i386 = all >> X86 & 1;
	return 0;
}

/* What is allowed has no error, and cannot be allowed for ever. */
static int allowed_check(struct ringwall_reader *r, const struct ringwall_json *v, void *base)
{
	static const char *const members[] = { "errno", "sealed" };
	const struct ringwall_json *allow = ringwall_json_get(v, "allow");
	size_t n = 0;

	(void)base;
	ringwall_reader_enter(r, "allow", 0);
	for (const struct ringwall_json *item = allow ? allow->child : NULL; item; item = item->next) {
		ringwall_reader_enter(r, NULL, n++);
		for (size_t i = 0; i < ARRAY_SIZE(members) && item->type == RINGWALL_JSON_OBJECT; i++)
			if (ringwall_json_get(item, members[i]))
				return ringwall_reader_fail_member(r, item, members[i], "only for what is denied");
		ringwall_reader_leave(r);
	}
	ringwall_reader_leave(r);
	return 0;
}

static const struct ringwall_field syscalls_fields[] = {
	{ .name = "mode", .parse = mode_parse },
	RINGWALL_LIST_ROWS,
	{ .name = "errno", .parse = default_errno_parse },
	{ .name = "architectures", .parse = architectures_parse },
};

static const struct ringwall_table syscalls_table = {
	.fields = syscalls_fields,
	.n = ARRAY_SIZE(syscalls_fields),
	.check = allowed_check,
};

int ringwall_parse_syscalls(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v, void *base)
{
	struct ringwall_syscall_list *list = list_of(r);

	(void)f;
	(void)base;
	if (!list->set)
		*list = (struct ringwall_syscall_list){ .set = true, .i386 = true, .error = EPERM };
	return ringwall_parse_list_by(r, &syscalls_table, &syscall_list, v, &ringwall_parse_of(r)->syscalls);
}
