// SPDX-License-Identifier: LGPL-2.1-or-later
#include <linux/seccomp.h>
#include <string.h>

#include "fields.h"

/* errno and tracer message share the 16 bits of SECCOMP_RET_DATA. */
#define MAX_RET_DATA 0xffff

static bool action_takes_errno(uint32_t action)
{
	return action == SECCOMP_RET_ERRNO || action == SECCOMP_RET_TRACE;
}

static const struct ringwall_field arg_fields[] = {
	FIELD(struct ringwall_seccomp_arg, index, "index", ringwall_field_unsigned, .max = 5, .required = true),
	FIELD(struct ringwall_seccomp_arg, value, "value", ringwall_field_unsigned, .required = true),
	FIELD(struct ringwall_seccomp_arg, value_two, "valueTwo", ringwall_field_unsigned),
	FIELD(struct ringwall_seccomp_arg, op, "op", ringwall_field_enum, .more = ringwall_seccomp_operator_names,
	      .required = true),
};

const struct ringwall_table ringwall_seccomp_arg_table = {
	.fields = arg_fields, .n = ARRAY_SIZE(arg_fields), .size = sizeof(struct ringwall_seccomp_arg),
};

static bool strv_has(const struct ringwall_strv *v, const char *s)
{
	for (size_t i = 0; i < v->n; i++)
		if (!strcmp(v->v[i], s))
			return true;
	return false;
}

static int rule_check(struct ringwall_reader *r, const struct ringwall_json *v, void *base)
{
	const struct ringwall_seccomp_rule *rule = base;

	if (!rule->names.n)
		return ringwall_reader_fail_member(r, v, "names", "must have at least one element");
	if (rule->errno_ret.has && !action_takes_errno(rule->action))
		return ringwall_reader_fail_member(r, v, "errnoRet",
						   "only for SCMP_ACT_ERRNO and SCMP_ACT_TRACE");
	/* Init sends the listener's fd with write(2) itself, before anybody can answer: as in runc, a sure deadlock. */
	if (rule->action == SECCOMP_RET_USER_NOTIF && strv_has(&rule->names, "write"))
		return ringwall_reader_fail_member(r, v, "action", "SCMP_ACT_NOTIFY cannot be used for write");
	return 0;
}

static const struct ringwall_field rule_fields[] = {
	FIELD(struct ringwall_seccomp_rule, names, "names", ringwall_field_strv, .required = true),
	FIELD(struct ringwall_seccomp_rule, action, "action", ringwall_field_enum,
	      .more = ringwall_seccomp_action_names, .required = true),
	FIELD_OPT(struct ringwall_seccomp_rule, errno_ret, "errnoRet", ringwall_field_unsigned, .max = MAX_RET_DATA),
	FIELD_ARRAY(struct ringwall_seccomp_rule, args, n_args, "args", ringwall_seccomp_arg_table),
};

static const struct ringwall_table rule_table = {
	.fields = rule_fields, .n = ARRAY_SIZE(rule_fields),
	.size = sizeof(struct ringwall_seccomp_rule), .check = rule_check,
};

static int architectures_parse(struct ringwall_reader *r, const struct ringwall_field *f,
			       const struct ringwall_json *v, void *base)
{
	struct ringwall_seccomp *s = base;
	uint32_t *tokens = NULL;
	int rc = ringwall_reader_type(r, v, RINGWALL_JSON_ARRAY) ?:
		 ringwall_reader_array(r, v->count, sizeof(*tokens), &tokens);
	uint64_t token;
	size_t i = 0;

	if (rc)
		return rc;
	for (const struct ringwall_json *item = v->child; item; item = item->next) {
		ringwall_reader_enter(r, NULL, i);
		rc = ringwall_reader_name(r, item, f->more, &token);
		if (rc)
			return rc;
		ringwall_reader_leave(r);
		tokens[i++] = (uint32_t)token;
	}
	s->architectures = tokens;
	s->n_architectures = v->count;
	return 0;
}

static bool rules_notify(const struct ringwall_seccomp *s)
{
	for (size_t i = 0; i < s->n_rules; i++)
		if (s->rules[i].action == SECCOMP_RET_USER_NOTIF)
			return true;
	return false;
}

static int seccomp_check(struct ringwall_reader *r, const struct ringwall_json *v, void *base)
{
	const struct ringwall_seccomp *s = base;

	if (s->default_errno_ret.has && !action_takes_errno(s->default_action))
		return ringwall_reader_fail_member(r, v, "defaultErrnoRet",
						   "only for SCMP_ACT_ERRNO and SCMP_ACT_TRACE");
	if (s->default_action == SECCOMP_RET_USER_NOTIF)
		return ringwall_reader_fail_member(r, v, "defaultAction", "SCMP_ACT_NOTIFY cannot be the default");
	if (s->listener_metadata && !s->listener_path)
		return ringwall_reader_fail_member(r, v, "listenerMetadata", "needs listenerPath");
	if (!s->listener_path && rules_notify(s))
		return ringwall_reader_fail_member(r, v, "listenerPath", "missing: a rule uses SCMP_ACT_NOTIFY");
	return 0;
}

static const struct ringwall_field seccomp_fields[] = {
	FIELD(struct ringwall_seccomp, default_action, "defaultAction", ringwall_field_enum,
	      .more = ringwall_seccomp_action_names, .required = true),
	FIELD_OPT(struct ringwall_seccomp, default_errno_ret, "defaultErrnoRet", ringwall_field_unsigned,
		  .max = MAX_RET_DATA),
	FIELD(struct ringwall_seccomp, flags, "flags", ringwall_field_flags, .more = ringwall_seccomp_flag_names,
	      .has = offsetof(struct ringwall_seccomp, has_flags)),
	FIELD(struct ringwall_seccomp, architectures, "architectures", architectures_parse,
	      .more = ringwall_seccomp_arch_names),
	FIELD(struct ringwall_seccomp, listener_path, "listenerPath", ringwall_field_str),
	FIELD(struct ringwall_seccomp, listener_metadata, "listenerMetadata", ringwall_field_str),
	FIELD_ARRAY(struct ringwall_seccomp, rules, n_rules, "syscalls", rule_table),
};

static const struct ringwall_table seccomp_table = {
	.fields = seccomp_fields, .n = ARRAY_SIZE(seccomp_fields), .check = seccomp_check,
};

/* A Go program's zero value; runc takes it for "no seccomp". */
static bool seccomp_is_empty(const struct ringwall_json *v)
{
	const struct ringwall_json *action = ringwall_json_get(v, "defaultAction");
	const struct ringwall_json *rules = ringwall_json_get(v, "syscalls");

	return action && action->type == RINGWALL_JSON_STRING && !action->count &&
	       (!rules || rules->type == RINGWALL_JSON_NULL || (rules->type == RINGWALL_JSON_ARRAY && !rules->count));
}

int ringwall_field_seccomp(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			   void *base)
{
	struct ringwall_seccomp *s = (struct ringwall_seccomp *)((char *)base + f->offset);
	int rc;

	if (seccomp_is_empty(v))
		return 0;
	rc = ringwall_reader_object(r, &seccomp_table, v, s);
	if (rc)
		return rc;
	if (!s->has_flags)
		s->flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	s->start = v->start;
	s->end = v->end;
	s->set = true;
	return 0;
}
