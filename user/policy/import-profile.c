// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a profile says, which of its rules count, and which of those decides about which call. */
#include "import-profile.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

/* The profile -------------------------------------------------------------------------------------------------- */

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
	FIELD(struct ringwall_profile_conditions, caps, "caps", ringwall_field_strv),
	FIELD(struct ringwall_profile_conditions, arches, "arches", ringwall_field_strv),
	FIELD(struct ringwall_profile_conditions, kernel, "minKernel", ringwall_field_str),
};

static const struct ringwall_table conditions_table = { .fields = conditions_fields, .n = ARRAY_SIZE(conditions_fields) };

static const struct ringwall_field rule_fields[] = {
	FIELD(struct ringwall_profile_rule, names, "names", ringwall_field_strv),
	FIELD(struct ringwall_profile_rule, name, "name", ringwall_field_str),
	FIELD(struct ringwall_profile_rule, action, "action", ringwall_field_enum, .more = ringwall_seccomp_action_names,
	      .required = true),
	FIELD_OPT(struct ringwall_profile_rule, errno_ret, "errnoRet", ringwall_field_unsigned, .max = SECCOMP_RET_DATA),
	FIELD_OPT(struct ringwall_profile_rule, errno_ret, "errno", error_name_parse),
	FIELD_ARRAY(struct ringwall_profile_rule, args, n_args, "args", ringwall_seccomp_arg_table),
	FIELD_OBJECT(struct ringwall_profile_rule, includes, "includes", conditions_table),
	FIELD_OBJECT(struct ringwall_profile_rule, excludes, "excludes", conditions_table),
};

static int rule_check(struct ringwall_reader *r, const struct ringwall_json *v, void *base)
{
	struct ringwall_profile_rule *rule = base;

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
	.fields = rule_fields, .n = ARRAY_SIZE(rule_fields), .size = sizeof(struct ringwall_profile_rule), .check = rule_check,
};

static const struct ringwall_field arch_fields[] = {
	FIELD(struct ringwall_profile_arch, name, "architecture", ringwall_field_str, .required = true),
	FIELD(struct ringwall_profile_arch, subs, "subArchitectures", ringwall_field_strv),
};

static const struct ringwall_table arch_table = {
	.fields = arch_fields, .n = ARRAY_SIZE(arch_fields), .size = sizeof(struct ringwall_profile_arch),
};

static const struct ringwall_field profile_fields[] = {
	FIELD(struct ringwall_profile, default_action, "defaultAction", ringwall_field_enum, .more = ringwall_seccomp_action_names,
	      .required = true),
	FIELD_OPT(struct ringwall_profile, default_errno, "defaultErrnoRet", ringwall_field_unsigned, .max = SECCOMP_RET_DATA),
	FIELD_OPT(struct ringwall_profile, default_errno, "defaultErrno", error_name_parse),
	FIELD(struct ringwall_profile, architectures, "architectures", ringwall_field_strv),
	FIELD_ARRAY(struct ringwall_profile, arches, n_arches, "archMap", arch_table),
	FIELD_ARRAY(struct ringwall_profile, rules, n_rules, "syscalls", rule_table),
};

static int profile_check(struct ringwall_reader *r, const struct ringwall_json *v, void *base)
{
	const struct ringwall_profile *p = base;

	if (p->architectures.n && p->n_arches)
		return ringwall_reader_fail_member(r, v, "archMap", "stands beside \"architectures\"");
	if (p->n_rules > RINGWALL_PROFILE_RULES_MAX)
		return ringwall_reader_fail_member(r, v, "syscalls", "more than %d rules", RINGWALL_PROFILE_RULES_MAX);
	return 0;
}

static const struct ringwall_table profile_table = {
	.fields = profile_fields, .n = ARRAY_SIZE(profile_fields), .check = profile_check,
};

/* A whole config.json, or the section alone. */
static int profile_find(struct ringwall_profile_import *im)
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
static void __attribute__((format(printf, 4, 5)))
note_at(struct ringwall_profile_import *im, const struct ringwall_json *v, const char *key, const char *fmt, ...)
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

static bool cap_is_there(const struct ringwall_profile_import *im, const char *name)
{
	int cap = ringwall_capability_find(name);

	return cap >= 0 && im->how->caps >> cap & 1;
}

static size_t caps_there(const struct ringwall_profile_import *im, const struct ringwall_strv *caps)
{
	size_t n = 0;

	for (size_t i = 0; i < caps->n; i++)
		n += cap_is_there(im, caps->v[i]);
	return n;
}

static int kernel_is_there(struct ringwall_profile_import *im, const struct ringwall_json *v, const char *text, bool *ret)
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
static int conditions_check(struct ringwall_profile_import *im, const struct ringwall_profile_rule *rule, bool *ret)
{
	const struct ringwall_profile_conditions *in = &rule->includes, *ex = &rule->excludes;
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
static int action_read(struct ringwall_profile_import *im, const struct ringwall_json *v, const char *key, const char *errno_key,
		       uint32_t action, const struct ringwall_opt_u64 *errno_ret, uint16_t *ret)
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

static int default_read(struct ringwall_profile_import *im)
{
	if (im->p.default_action != SECCOMP_RET_LOG)
		return action_read(im, im->json, "defaultAction", "defaultErrnoRet", im->p.default_action, &im->p.default_errno,
				   &im->error);
	im->audit = true;
	im->error = EPERM;
	return 0;
}

/* Such rules are skipped by runc, and refused by libseccomp. */
static bool says_default(const struct ringwall_profile_import *im, const struct ringwall_profile_rule *rule)
{
	uint64_t one = rule->errno_ret.has ? rule->errno_ret.v : EPERM;
	uint64_t other = im->p.default_errno.has ? im->p.default_errno.v : EPERM;

	return rule->action == im->p.default_action && (rule->action != SECCOMP_RET_ERRNO || one == other);
}

static int rule_read(struct ringwall_profile_import *im, struct ringwall_profile_rule *rule)
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

static int rules_read(struct ringwall_profile_import *im)
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

static void note_x32(struct ringwall_profile_import *im, const struct ringwall_strv *subs)
{
	if (strv_has(subs, "SCMP_ARCH_X32"))
		im->how->note(im->how->data, "SCMP_ARCH_X32: policies refuse x32 calls whole");
}

/* x86-64 is always there. */
static void architectures_read(struct ringwall_profile_import *im)
{
	const struct ringwall_strv *subs = &im->p.architectures;

	for (size_t i = 0; i < im->p.n_arches; i++)
		if (!strcmp(im->p.arches[i].name, "SCMP_ARCH_X86_64"))
			subs = &im->p.arches[i].subs;
	im->i386 = strv_has(subs, "SCMP_ARCH_X86");
	note_x32(im, subs);
}

/* Names -------------------------------------------------------------------------------------------------------- */

static void name_read(struct ringwall_profile_import *im, size_t at, const struct ringwall_syscall_name *row)
{
	const struct ringwall_profile_rule *rule = &im->p.rules[at];

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
static int names_read(struct ringwall_profile_import *im)
{
	char *unknown = NULL;
	size_t len;
	FILE *f = open_memstream(&unknown, &len);
	bool failed;

	if (!f)
		return ringwall_reader_fail_memory(&im->r);
	im->highest[0] = im->highest[1] = -1;
	for (size_t i = 0; i < im->p.n_rules; i++) {
		const struct ringwall_profile_rule *rule = &im->p.rules[i];

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

int ringwall_profile_read(struct ringwall_profile_import *im)
{
	int err = profile_find(im) ?: rules_read(im);

	if (err < 0)
		return err;
	architectures_read(im);
	return names_read(im);
}
