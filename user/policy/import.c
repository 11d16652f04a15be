// SPDX-License-Identifier: LGPL-2.1-or-later
#include "import.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "parse.h"
#include "syscalls.h"
#include "text.h"

#define MAX_RULES 65535 /* struct import.plain has 16 bits for one */

/* The profile -------------------------------------------------------------------------------------------------- */

/** struct conditions - "includes" or "excludes" of a rule: what must, or must not, be so for it to count. */
struct conditions {
	struct ringwall_strv caps, arches;
	const char *kernel; /* "4.8": at least */
};

/**
 * struct profile_rule - one of "syscalls".
 * @json: where it stands
 * @holds: its conditions are met
 * @counts: that, and it does not say what the default says anyway
 * @error: errno; 0: it allows
 */
struct profile_rule {
	struct ringwall_strv names;
	const char *name;
	uint32_t action;
	struct ringwall_opt_u64 errno_ret;
	struct ringwall_seccomp_arg *args;
	size_t n_args;
	struct conditions includes, excludes;
	const struct ringwall_json *json;
	bool holds, counts;
	uint16_t error;
};

struct profile_arch {
	const char *name;
	struct ringwall_strv subs;
};

struct profile {
	uint32_t default_action;
	struct ringwall_opt_u64 default_errno;
	struct ringwall_strv architectures;
	struct profile_arch *arches;
	size_t n_arches;
	struct profile_rule *rules;
	size_t n_rules;
};

/**
 * struct import - what the functions below share.
 * @r: first, so that it can be found from it
 * @doc: the reader's arena and text
 * @json: the profile
 * @error: of the default; 0: it allows
 * @audit: what the default refuses is only logged
 * @plain: by id: place + 1 of the rule that decides whatever the arguments are; 0: none
 * @checked: by id: bit 0: a rule allows it by its arguments, bit 1: one refuses it
 * @highest: number that the profile names, on x86-64 and i386
 */
struct import {
	struct ringwall_reader r;
	struct ringwall_config doc;
	const struct ringwall_import *how;
	const struct ringwall_json *json;
	struct profile p;
	uint16_t error;
	bool audit, i386;
	uint16_t plain[RINGWALL_SYSCALLS_MAX];
	uint8_t checked[RINGWALL_SYSCALLS_MAX];
	int highest[2];
};

/* Podman's profiles have names of errors beside the numbers that Docker's have. */
static int error_name_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v, void *base)
{
	const char *name = NULL;
	struct ringwall_field to = { .size = sizeof(name) };
	int rc = ringwall_field_str(r, &to, v, &name), n;

	if (rc)
		return rc;
	n = ringwall_errno_find(name);
	if (!n)
		return ringwall_reader_fail(r, v, "\"%.40s\" is not the name of an error", name);
	*(uint64_t *)((char *)base + f->offset) = (uint64_t)n;
	return 0;
}

static const struct ringwall_field conditions_fields[] = {
	FIELD(struct conditions, caps, "caps", ringwall_field_strv),
	FIELD(struct conditions, arches, "arches", ringwall_field_strv),
	FIELD(struct conditions, kernel, "minKernel", ringwall_field_str),
};

static const struct ringwall_table conditions_table = { .fields = conditions_fields, .n = ARRAY_SIZE(conditions_fields) };

static const struct ringwall_field rule_fields[] = {
	FIELD(struct profile_rule, names, "names", ringwall_field_strv),
	FIELD(struct profile_rule, name, "name", ringwall_field_str),
	FIELD(struct profile_rule, action, "action", ringwall_field_enum, .more = ringwall_seccomp_action_names, .required = true),
	FIELD_OPT(struct profile_rule, errno_ret, "errnoRet", ringwall_field_unsigned, .max = SECCOMP_RET_DATA),
	FIELD_OPT(struct profile_rule, errno_ret, "errno", error_name_parse),
	FIELD_ARRAY(struct profile_rule, args, n_args, "args", ringwall_seccomp_arg_table),
	FIELD_OBJECT(struct profile_rule, includes, "includes", conditions_table),
	FIELD_OBJECT(struct profile_rule, excludes, "excludes", conditions_table),
};

static int rule_check(struct ringwall_reader *r, const struct ringwall_json *v, void *base)
{
	struct profile_rule *rule = base;

	rule->json = v;
	if (rule->name && rule->names.n)
		return ringwall_reader_fail_member(r, v, "name", "stands beside \"names\": put it there");
	if (rule->name)
		rule->names = (struct ringwall_strv){ .v = &rule->name, .n = 1 };
	if (!rule->names.n)
		return ringwall_reader_fail_member(r, v, "names", "must have at least one element");
	return 0;
}

static const struct ringwall_table rule_table = {
	.fields = rule_fields, .n = ARRAY_SIZE(rule_fields), .size = sizeof(struct profile_rule), .check = rule_check,
};

static const struct ringwall_field arch_fields[] = {
	FIELD(struct profile_arch, name, "architecture", ringwall_field_str, .required = true),
	FIELD(struct profile_arch, subs, "subArchitectures", ringwall_field_strv),
};

static const struct ringwall_table arch_table = {
	.fields = arch_fields, .n = ARRAY_SIZE(arch_fields), .size = sizeof(struct profile_arch),
};

static const struct ringwall_field profile_fields[] = {
	FIELD(struct profile, default_action, "defaultAction", ringwall_field_enum, .more = ringwall_seccomp_action_names,
	      .required = true),
	FIELD_OPT(struct profile, default_errno, "defaultErrnoRet", ringwall_field_unsigned, .max = SECCOMP_RET_DATA),
	FIELD_OPT(struct profile, default_errno, "defaultErrno", error_name_parse),
	FIELD(struct profile, architectures, "architectures", ringwall_field_strv),
	FIELD_ARRAY(struct profile, arches, n_arches, "archMap", arch_table),
	FIELD_ARRAY(struct profile, rules, n_rules, "syscalls", rule_table),
};

static int profile_check(struct ringwall_reader *r, const struct ringwall_json *v, void *base)
{
	const struct profile *p = base;

	if (p->architectures.n && p->n_arches)
		return ringwall_reader_fail_member(r, v, "archMap", "stands beside \"architectures\"");
	if (p->n_rules > MAX_RULES)
		return ringwall_reader_fail_member(r, v, "syscalls", "more than %d rules", MAX_RULES);
	return 0;
}

static const struct ringwall_table profile_table = {
	.fields = profile_fields, .n = ARRAY_SIZE(profile_fields), .check = profile_check,
};

/* A whole config.json, or the section alone. */
static int profile_find(struct import *im)
{
	static const char *const members[] = { "linux", "seccomp" };
	const struct ringwall_json *v = im->doc.json;
	int rc = ringwall_reader_type(&im->r, v, RINGWALL_JSON_OBJECT);

	for (size_t i = 0; !rc && i < ARRAY_SIZE(members); i++) {
		const struct ringwall_json *member = ringwall_json_get(v, members[i]);

		if (!i && !member)
			break;
		if (!member)
			return ringwall_reader_fail_member(&im->r, v, members[i], "missing: there is no profile in it");
		ringwall_reader_enter(&im->r, members[i], 0);
		rc = ringwall_reader_type(&im->r, member, RINGWALL_JSON_OBJECT);
		v = member;
	}
	im->json = v;
	return rc ?: ringwall_reader_object(&im->r, &profile_table, v, &im->p);
}

/* What of it counts -------------------------------------------------------------------------------------------- */

/* "FILE:LINE:COLUMN: …" of member @key of @v, as a note. */
static void __attribute__((format(printf, 4, 5))) note_at(struct import *im, const struct ringwall_json *v, const char *key,
							  const char *fmt, ...)
{
	struct ringwall_err at, *e = im->r.e;
	char text[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	im->r.e = &at;
	ringwall_reader_fail_member(&im->r, v, key, "%s", text);
	im->r.e = e;
	im->how->note(im->how->data, at.text);
}

static bool strv_has(const struct ringwall_strv *v, const char *s)
{
	for (size_t i = 0; i < v->n; i++)
		if (!strcmp(v->v[i], s))
			return true;
	return false;
}

static bool cap_is_there(const struct import *im, const char *name)
{
	int cap = ringwall_capability_find(name);

	return cap >= 0 && im->how->caps >> cap & 1;
}

static size_t caps_there(const struct import *im, const struct ringwall_strv *caps)
{
	size_t n = 0;

	for (size_t i = 0; i < caps->n; i++)
		n += cap_is_there(im, caps->v[i]);
	return n;
}

static int kernel_is_there(struct import *im, const struct ringwall_json *v, const char *text, bool *ret)
{
	unsigned int major, minor;
	int len = 0;

	if (sscanf(text, "%4u.%4u%n", &major, &minor, &len) != 2 || text[len])
		return ringwall_reader_fail_member(&im->r, v, "minKernel", "must be a version such as \"4.8\", not \"%.40s\"",
						   text);
	*ret = im->how->kernel[0] > major || (im->how->kernel[0] == major && im->how->kernel[1] >= minor);
	return 0;
}

/* As Docker does: of "includes" all must hold, of "excludes" none. */
static int conditions_check(struct import *im, const struct profile_rule *rule, bool *ret)
{
	const struct conditions *in = &rule->includes, *ex = &rule->excludes;
	bool included = true, excluded = false;
	int rc = 0;

	if (in->kernel)
		rc = kernel_is_there(im, ringwall_json_get(rule->json, "includes"), in->kernel, &included);
	if (!rc && ex->kernel)
		rc = kernel_is_there(im, ringwall_json_get(rule->json, "excludes"), ex->kernel, &excluded);
	included = included && (!in->arches.n || strv_has(&in->arches, "amd64")) && caps_there(im, &in->caps) == in->caps.n;
	excluded = excluded || strv_has(&ex->arches, "amd64") || caps_there(im, &ex->caps);
	*ret = included && !excluded;
	return rc;
}

/* @v, @key, @errno_key: for messages. @ret: errno, 0: allowed */
static int action_read(struct import *im, const struct ringwall_json *v, const char *key, const char *errno_key, uint32_t action,
		       const struct ringwall_opt_u64 *errno_ret, uint16_t *ret)
{
	switch (action) {
	case SECCOMP_RET_ALLOW:
		*ret = 0;
		return 0;
	case SECCOMP_RET_ERRNO:
		if (errno_ret->has && !errno_ret->v)
			return ringwall_reader_unsupported(&im->r, v, errno_key, "0: a policy refuses, or it allows");
		*ret = EPERM;
		if (errno_ret->has) /* as seccomp takes it */
			*ret = errno_ret->v < RINGWALL_ERRNO_MAX ? (uint16_t)errno_ret->v : RINGWALL_ERRNO_MAX;
		return 0;
	case SECCOMP_RET_KILL_THREAD:
	case SECCOMP_RET_KILL_PROCESS:
	case SECCOMP_RET_TRAP:
		note_at(im, v, key, "it becomes a refusal with EPERM: a policy kills nobody");
		*ret = EPERM;
		return 0;
	}
	return ringwall_reader_unsupported(&im->r, v, key, "policies have no word for %s", ringwall_json_get(v, key)->str);
}

static int default_read(struct import *im)
{
	if (im->p.default_action != SECCOMP_RET_LOG)
		return action_read(im, im->json, "defaultAction", "defaultErrnoRet", im->p.default_action, &im->p.default_errno,
				   &im->error);
	im->audit = true;
	im->error = EPERM;
	return 0;
}

/* Such rules are skipped by runc, and refused by libseccomp. */
static bool says_default(const struct import *im, const struct profile_rule *rule)
{
	uint64_t one = rule->errno_ret.has ? rule->errno_ret.v : EPERM;
	uint64_t other = im->p.default_errno.has ? im->p.default_errno.v : EPERM;

	return rule->action == im->p.default_action && (rule->action != SECCOMP_RET_ERRNO || one == other);
}

static int rule_read(struct import *im, struct profile_rule *rule)
{
	int rc = conditions_check(im, rule, &rule->holds);

	rule->counts = !rc && rule->holds && !says_default(im, rule);
	if (!rule->counts)
		return rc;
	rc = action_read(im, rule->json, "action", "errnoRet", rule->action, &rule->errno_ret, &rule->error);
	if (!rc && im->audit && rule->error)
		return ringwall_reader_unsupported(&im->r, rule->json, "action",
						   "where the default is SCMP_ACT_LOG: a policy logs, or it refuses");
	return rc;
}

static int rules_read(struct import *im)
{
	int rc = default_read(im);

	ringwall_reader_enter(&im->r, "syscalls", 0);
	for (size_t i = 0; !rc && i < im->p.n_rules; i++) {
		ringwall_reader_enter(&im->r, NULL, i);
		rc = rule_read(im, &im->p.rules[i]);
		ringwall_reader_leave(&im->r);
	}
	ringwall_reader_leave(&im->r);
	return rc;
}

static void note_x32(struct import *im, const struct ringwall_strv *subs)
{
	if (strv_has(subs, "SCMP_ARCH_X32"))
		im->how->note(im->how->data, "SCMP_ARCH_X32: policies refuse x32 calls whole");
}

/* x86-64 is always there. */
static void architectures_read(struct import *im)
{
	const struct ringwall_strv *subs = &im->p.architectures;

	for (size_t i = 0; i < im->p.n_arches; i++)
		if (!strcmp(im->p.arches[i].name, "SCMP_ARCH_X86_64"))
			subs = &im->p.arches[i].subs;
	im->i386 = strv_has(subs, "SCMP_ARCH_X86");
	note_x32(im, subs);
}

/* Names -------------------------------------------------------------------------------------------------------- */

static void name_read(struct import *im, size_t at, const struct ringwall_syscall_name *row)
{
	const struct profile_rule *rule = &im->p.rules[at];

	im->highest[0] = row->x64 > im->highest[0] ? row->x64 : im->highest[0];
	im->highest[1] = row->i386 > im->highest[1] ? row->i386 : im->highest[1];
	if (!rule->counts)
		return;
	if (rule->n_args)
		im->checked[row->id] |= rule->error ? 2 : 1;
	else if (!im->plain[row->id])
		im->plain[row->id] = (uint16_t)(at + 1);
}

/* As much of it as can be part of a name: the terminal is not the file's. */
static void put_unknown(FILE *f, const char *name)
{
	fprintf(f, "%s", ftell(f) ? ", " : "");
	for (size_t i = 0; name[i] && i < 60; i++)
		fputc(name[i] > ' ' && name[i] < 127 ? name[i] : '?', f);
}

/* Which rule decides about which call; what is unknown is told at once. */
static int names_read(struct import *im)
{
	char *unknown = NULL;
	size_t len;
	FILE *f = open_memstream(&unknown, &len);
	bool failed;

	if (!f)
		return ringwall_reader_fail_memory(&im->r);
	im->highest[0] = im->highest[1] = -1;
	for (size_t i = 0; i < im->p.n_rules; i++) {
		const struct profile_rule *rule = &im->p.rules[i];

		for (size_t j = 0; rule->holds && j < rule->names.n; j++) {
			const struct ringwall_syscall_name *row = ringwall_syscall_find(rule->names.v[j]);

			if (row)
				name_read(im, i, row);
			else
				put_unknown(f, rule->names.v[j]);
		}
	}
	failed = ferror(f);
	failed |= fclose(f) != 0;
	if (!failed && len) {
		char *text = ringwall_arena_printf(&im->doc.arena, "%s: left out, no calls of x86-64 or i386: %s", im->r.name,
						   unknown);

		failed = !text;
		if (text)
			im->how->note(im->how->data, text);
	}
	free(unknown);
	return failed ? ringwall_reader_fail_memory(&im->r) : 0;
}

/* The policy --------------------------------------------------------------------------------------------------- */

/* A rule with arguments says nothing where one without has decided. */
static bool decides(const struct import *im, size_t at, uint16_t id)
{
	return im->p.rules[at].n_args ? !im->plain[id] : im->plain[id] == at + 1;
}

static size_t names_left(const struct import *im, size_t at)
{
	const struct profile_rule *rule = &im->p.rules[at];
	size_t n = 0;

	for (size_t i = 0; i < rule->names.n; i++) {
		const struct ringwall_syscall_name *row = ringwall_syscall_find(rule->names.v[i]);

		n += row && decides(im, at, row->id);
	}
	return n;
}

static void put_names(const struct import *im, size_t at, struct ringwall_json_out *o)
{
	const struct profile_rule *rule = &im->p.rules[at];

	for (size_t i = 0; i < rule->names.n; i++) {
		const struct ringwall_syscall_name *row = ringwall_syscall_find(rule->names.v[i]);

		if (row && decides(im, at, row->id))
			ringwall_json_out_str(o, NULL, row->name);
	}
}

static const char *operator_name(int op)
{
	const struct ringwall_word *word = ringwall_seccomp_operator_names;

	while (word->name && word->value != (uint64_t)op)
		word++;
	return word->name;
}

static void put_arg(const struct ringwall_seccomp_arg *arg, struct ringwall_json_out *o)
{
	ringwall_json_out_object(o, NULL);
	ringwall_json_out_u64(o, "index", arg->index);
	ringwall_json_out_u64(o, "value", arg->value);
	if (arg->op == SCMP_CMP_MASKED_EQ) /* bits outside of the mask do not count, as in libseccomp */
		ringwall_json_out_u64(o, "valueTwo", arg->value_two & arg->value);
	ringwall_json_out_str(o, "op", operator_name(arg->op));
	ringwall_json_out_end(o, '}');
}

/* One entry, with @n_args from @args on. */
static void put_entry(const struct import *im, size_t at, const struct ringwall_seccomp_arg *args, size_t n_args,
		      struct ringwall_json_out *o)
{
	ringwall_json_out_object(o, NULL);
	ringwall_json_out_array(o, "names");
	put_names(im, at, o);
	ringwall_json_out_end(o, ']');
	if (n_args) {
		ringwall_json_out_array(o, "args");
		for (size_t i = 0; i < n_args; i++)
			put_arg(&args[i], o);
		ringwall_json_out_end(o, ']');
	}
	if (im->p.rules[at].error)
		ringwall_errno_put(im->p.rules[at].error, o);
	ringwall_json_out_end(o, '}');
}

static bool args_repeat(const struct profile_rule *rule)
{
	uint32_t seen = 0;

	for (size_t i = 0; i < rule->n_args; i++) {
		if (seen >> rule->args[i].index & 1)
			return true;
		seen |= 1U << rule->args[i].index;
	}
	return false;
}

/* One that compares an argument twice is, in runc, a list of alternatives. */
static void put_rule(const struct import *im, size_t at, struct ringwall_json_out *o)
{
	const struct profile_rule *rule = &im->p.rules[at];

	if (!names_left(im, at))
		return;
	if (!rule->error && !rule->n_args)
		put_names(im, at, o);
	else if (args_repeat(rule))
		for (size_t i = 0; i < rule->n_args; i++)
			put_entry(im, at, &rule->args[i], 1, o);
	else
		put_entry(im, at, rule->args, rule->n_args, o);
}

/* Is it above what the profile knows? i386's numbers count only for calls that x86-64 does not have. */
static bool is_newer(const struct import *im, const struct ringwall_syscall_name *row)
{
	bool i386 = row->id >= RINGWALL_SYSCALL_I386;
	int nr = i386 ? row->i386 : row->id, highest = im->highest[i386];

	if (im->plain[row->id] || im->checked[row->id] || (i386 && !im->i386))
		return false;
	return highest >= 0 && nr > highest;
}

static bool wants_newer(const struct import *im)
{
	return im->error && im->error != ENOSYS && !im->audit && (im->p.architectures.n || im->p.n_arches);
}

/* runc's answer to calls above the profile's highest, which lets C libraries do without them: user/seccomp/stub.c. */
static void put_newer(const struct import *im, struct ringwall_json_out *o)
{
	const struct ringwall_syscall_name *rows;
	bool any = false;
	size_t n;

	rows = ringwall_syscall_rows(&n);
	for (size_t i = 0; i < n; i++) {
		if ((i && rows[i].id == rows[i - 1].id) || !is_newer(im, &rows[i]))
			continue;
		if (!any) {
			ringwall_json_out_object(o, NULL);
			ringwall_json_out_array(o, "names");
		}
		any = true;
		ringwall_json_out_str(o, NULL, rows[i].name);
	}
	if (!any)
		return;
	ringwall_json_out_end(o, ']');
	ringwall_errno_put(ENOSYS, o);
	ringwall_json_out_end(o, '}');
}

static void put_list(const struct import *im, bool allow, struct ringwall_json_out *o)
{
	ringwall_json_out_array(o, allow ? "allow" : "deny");
	for (size_t i = 0; i < im->p.n_rules; i++)
		if (im->p.rules[i].counts && !im->p.rules[i].error == allow)
			put_rule(im, i, o);
	if (!allow && wants_newer(im))
		put_newer(im, o);
	ringwall_json_out_end(o, ']');
}

static char *put_policy(const struct import *im)
{
	struct ringwall_json_out o = { .indent = 2 };

	ringwall_json_out_object(&o, NULL);
	ringwall_json_out_u64(&o, "version", 1);
	ringwall_json_out_str(&o, "name", im->how->name);
	if (im->audit) {
		ringwall_json_out_object(&o, "mode");
		ringwall_json_out_str(&o, "syscalls", "audit");
		ringwall_json_out_end(&o, '}');
	}
	ringwall_json_out_object(&o, "syscalls");
	ringwall_json_out_str(&o, "default", im->error ? "deny" : "allow");
	if (im->error)
		ringwall_errno_put(im->error, &o);
	ringwall_json_out_array(&o, "architectures");
	ringwall_json_out_str(&o, NULL, "x86_64");
	if (im->i386)
		ringwall_json_out_str(&o, NULL, "x86");
	ringwall_json_out_end(&o, ']');
	if (im->error)
		put_list(im, true, &o);
	put_list(im, false, &o);
	ringwall_json_out_end(&o, '}');
	ringwall_json_out_end(&o, '}');
	return ringwall_json_out_take(&o, NULL);
}

/* Refusals go first; in libseccomp it depends. */
static void note_mixed(const struct import *im)
{
	const struct ringwall_syscall_name *row;
	char text[200];

	for (uint32_t id = 0; id < RINGWALL_SYSCALLS_MAX; id++) {
		row = im->checked[id] == 3 && !im->plain[id] ? ringwall_syscall_name(id) : NULL;
		if (!row)
			continue;
		snprintf(text, sizeof(text), "%s: allowed by some arguments and refused by others: where both hold it is refused",
			 row->name);
		im->how->note(im->how->data, text);
	}
}

/* What is handed out can be used. */
static int policy_check(const struct import *im, const char *json, struct ringwall_err *e)
{
	struct ringwall_syscall_verdicts *v = NULL;
	struct ringwall_model m;
	int err = ringwall_model_parse(json, strlen(json), im->how->name, &m, e);

	if (err < 0)
		return ringwall_err_prepend(e, "%s: the policy that it makes", im->r.name);
	err = ringwall_syscall_verdicts(&m, RINGWALL_SYSCALLS_ALL, &v, e);
	if (err < 0)
		ringwall_err_prepend(e, "%s: the policy that it makes", im->r.name);
	free(v);
	ringwall_model_free(&m);
	return err;
}

static int import(struct import *im, char **ret_json)
{
	_cleanup_free_ char *json = NULL;
	int err = ringwall_json_parse(&im->doc.arena, im->doc.text, im->doc.text_len, im->r.name, &im->doc.json, im->r.e) ?:
		  profile_find(im) ?: rules_read(im);

	if (err < 0)
		return err;
	architectures_read(im);
	err = names_read(im);
	if (err < 0)
		return err;
	note_mixed(im);
	json = put_policy(im);
	if (!json)
		return ringwall_reader_fail_memory(&im->r);
	err = policy_check(im, json, im->r.e);
	if (!err)
		*ret_json = TAKE_PTR(json);
	return err;
}

int ringwall_import(const char *text, size_t len, const char *file, const struct ringwall_import *how, char **ret_json,
		    struct ringwall_err *e)
{
	struct import im = { .how = how, .doc = { .text = text, .text_len = len } };
	struct ringwall_err unread;
	int err;

	im.r = (struct ringwall_reader){ .c = &im.doc, .name = file, .e = e ?: &unread };
	err = import(&im, ret_json);
	ringwall_arena_free(&im.doc.arena);
	return err;
}
