// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <string.h>

#include "fields.h"

/* The number that setuid(2) and chown(2) take for "leave it". */
#define MAX_ID (UINT32_MAX - 1)
/* A list of unknown capabilities is for a log line: more than this says nothing new. */
#define MAX_UNKNOWN 64

/* user ------------------------------------------------------------------------------------------------------ */

static int gids_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
		      void *base)
{
	static const struct ringwall_field gid = { .size = sizeof(gid_t), .max = MAX_ID };
	struct ringwall_process *p = base;
	gid_t *gids = NULL;
	int rc = ringwall_reader_type(r, v, RINGWALL_JSON_ARRAY) ?:
		 ringwall_reader_array(r, v->count, sizeof(*gids), &gids);

	size_t i = 0;

	(void)f;
	if (rc)
		return rc;
	for (const struct ringwall_json *item = v->child; item; item = item->next, i++) {
		ringwall_reader_enter(r, NULL, i);
		rc = ringwall_field_unsigned(r, &gid, item, &gids[i]);
		if (rc)
			return rc;
		ringwall_reader_leave(r);
	}
	p->additional_gids = gids;
	p->n_additional_gids = v->count;
	return 0;
}

static const struct ringwall_field user_fields[] = {
	FIELD(struct ringwall_process, uid, "uid", ringwall_field_unsigned, .max = MAX_ID),
	FIELD(struct ringwall_process, gid, "gid", ringwall_field_unsigned, .max = MAX_ID),
	FIELD(struct ringwall_process, umask, "umask", ringwall_field_unsigned, .max = 0777,
	      .has = offsetof(struct ringwall_process, has_umask)),
	FIELD(struct ringwall_process, additional_gids, "additionalGids", gids_parse),
	FIELD(struct ringwall_process, username, "username", ringwall_field_str),
};

static const struct ringwall_table user_table = { .fields = user_fields, .n = ARRAY_SIZE(user_fields) };

/* consoleSize ----------------------------------------------------------------------------------------------- */

/* Without a terminal the size is ignored (config.md), whatever it says; console_check() knows about the terminal. */
static int console_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			 void *base)
{
	uint64_t value;
	int rc = ringwall_reader_type(r, v, RINGWALL_JSON_NUMBER);

	if (rc)
		return rc;
	if (ringwall_json_u64(v, &value))
		return ringwall_reader_fail(r, v, "must be a whole number from 0, not %.40s", v->str);
	/* A terminal's size is 16 bits wide: ioctl_tty(2), TIOCSWINSZ. */
	*(uint16_t *)((char *)base + f->offset) = value > UINT16_MAX ? UINT16_MAX : (uint16_t)value;
	return 0;
}

static const struct ringwall_field console_fields[] = {
	FIELD(struct ringwall_process, console_height, "height", console_parse, .required = true),
	FIELD(struct ringwall_process, console_width, "width", console_parse, .required = true),
};

static const struct ringwall_table console_table = { .fields = console_fields, .n = ARRAY_SIZE(console_fields) };

/* capabilities ---------------------------------------------------------------------------------------------- */

/* As config.json writes it and runc takes it: "chown" or "CHOWN" would be a capability to nobody else. */
static int capability_number(const char *name)
{
	int n = strncmp(name, "CAP_", 4) ? -EINVAL : ringwall_capability_find(name);

	return n < 0 || strcmp(ringwall_capability_name((unsigned int)n), name) ? -EINVAL : n;
}

static int unknown_add(struct ringwall_reader *r, struct ringwall_strv *unknown, const char *name)
{
	if (!unknown->v) {
		int rc = ringwall_reader_array(r, MAX_UNKNOWN, sizeof(*unknown->v), &unknown->v);

		if (rc)
			return rc;
	}
	for (size_t i = 0; i < unknown->n; i++)
		if (!strcmp(unknown->v[i], name))
			return 0;
	if (unknown->n < MAX_UNKNOWN)
		unknown->v[unknown->n++] = name;
	return 0;
}

static int capability_set_parse(struct ringwall_reader *r, const struct ringwall_field *f,
				const struct ringwall_json *v, void *base)
{
	struct ringwall_capabilities *caps = base;
	int rc = ringwall_reader_type(r, v, RINGWALL_JSON_ARRAY);
	uint64_t set = 0;
	size_t i = 0;

	if (rc)
		return rc;
	for (const struct ringwall_json *item = v->child; item; item = item->next) {
		int n;

		ringwall_reader_enter(r, NULL, i++);
		rc = ringwall_reader_type(r, item, RINGWALL_JSON_STRING);
		if (rc)
			return rc;
		ringwall_reader_leave(r);
		n = capability_number(item->str);
		if (n >= 0)
			set |= 1ull << n;
		else if ((rc = unknown_add(r, &caps->unknown, item->str)))
			return rc;
	}
	*(uint64_t *)((char *)base + f->offset) = set;
	return 0;
}

static const struct ringwall_field capability_fields[] = {
	FIELD(struct ringwall_capabilities, bounding, "bounding", capability_set_parse),
	FIELD(struct ringwall_capabilities, effective, "effective", capability_set_parse),
	FIELD(struct ringwall_capabilities, inheritable, "inheritable", capability_set_parse),
	FIELD(struct ringwall_capabilities, permitted, "permitted", capability_set_parse),
	FIELD(struct ringwall_capabilities, ambient, "ambient", capability_set_parse),
};

static const struct ringwall_table capability_table = {
	.fields = capability_fields, .n = ARRAY_SIZE(capability_fields),
};

/* rlimits --------------------------------------------------------------------------------------------------- */

static int rlimit_check(struct ringwall_reader *r, const struct ringwall_json *v, void *base)
{
	const struct ringwall_rlimit *l = base;

	if (l->soft > l->hard)
		return ringwall_reader_fail_member(r, v, "soft", "%llu is more than hard, %llu",
						   (unsigned long long)l->soft, (unsigned long long)l->hard);
	return 0;
}

static const struct ringwall_field rlimit_fields[] = {
	FIELD(struct ringwall_rlimit, resource, "type", ringwall_field_enum, .more = ringwall_rlimit_names,
	      .required = true),
	FIELD(struct ringwall_rlimit, soft, "soft", ringwall_field_unsigned, .required = true),
	FIELD(struct ringwall_rlimit, hard, "hard", ringwall_field_unsigned, .required = true),
};

static const struct ringwall_table rlimit_table = {
	.fields = rlimit_fields, .n = ARRAY_SIZE(rlimit_fields),
	.size = sizeof(struct ringwall_rlimit), .check = rlimit_check,
};

static int rlimits_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			 void *base)
{
	const struct ringwall_process *p = base;
	const struct ringwall_json *item = v->child;
	int rc = ringwall_field_array(r, f, v, base);
	uint32_t seen = 0;

	if (rc)
		return rc;
	for (size_t i = 0; i < p->n_rlimits; i++, item = item->next) {
		uint32_t bit = 1u << p->rlimits[i].resource;

		ringwall_reader_enter(r, NULL, i);
		if (seen & bit)
			return ringwall_reader_fail_member(r, item, "type", "\"%s\" is given twice",
							   ringwall_json_get(item, "type")->str);
		ringwall_reader_leave(r);
		seen |= bit;
	}
	return 0;
}

/* scheduler, ioPriority, execCPUAffinity -------------------------------------------------------------------- */

static int scheduler_check(struct ringwall_reader *r, const struct ringwall_json *v, void *base)
{
	const struct ringwall_scheduler *s = base;
	bool realtime = s->policy == SCHED_FIFO || s->policy == SCHED_RR;

	if (s->policy == SCHED_ISO)
		return ringwall_reader_unsupported(r, v, "policy", "no Linux kernel has SCHED_ISO");
	if ((s->policy == SCHED_OTHER || s->policy == SCHED_BATCH) && (s->nice < -20 || s->nice > 19))
		return ringwall_reader_fail_member(r, v, "nice", "must be from -20 to 19, not %d", s->nice);
	if (!realtime && s->priority)
		return ringwall_reader_fail_member(r, v, "priority", "only for SCHED_FIFO and SCHED_RR");
	if (realtime && (s->priority < 1 || s->priority > 99))
		return ringwall_reader_fail_member(r, v, "priority", "must be from 1 to 99, not %u", s->priority);
	if (s->policy != SCHED_DEADLINE && (s->runtime || s->deadline || s->period))
		return ringwall_reader_fail_member(r, v, s->runtime ? "runtime" : s->deadline ? "deadline" : "period",
						   "only for SCHED_DEADLINE");
	if (s->policy != SCHED_DEADLINE)
		return 0;
	/* sched_setattr(2): runtime <= deadline <= period, a period of 0 meaning the deadline. */
	if (!s->runtime)
		return ringwall_reader_fail_member(r, v, "runtime", "SCHED_DEADLINE needs it");
	if (s->runtime > s->deadline || (s->period && s->deadline > s->period))
		return ringwall_reader_fail_member(r, v, "deadline", "must be from runtime to period");
	return 0;
}

static const struct ringwall_field scheduler_fields[] = {
	FIELD(struct ringwall_scheduler, policy, "policy", ringwall_field_enum,
	      .more = ringwall_scheduler_policy_names, .required = true),
	FIELD(struct ringwall_scheduler, nice, "nice", ringwall_field_signed),
	FIELD(struct ringwall_scheduler, priority, "priority", ringwall_field_unsigned, .max = INT32_MAX),
	FIELD(struct ringwall_scheduler, flags, "flags", ringwall_field_flags, .more = ringwall_scheduler_flag_names),
	FIELD(struct ringwall_scheduler, runtime, "runtime", ringwall_field_unsigned),
	FIELD(struct ringwall_scheduler, deadline, "deadline", ringwall_field_unsigned),
	FIELD(struct ringwall_scheduler, period, "period", ringwall_field_unsigned),
};

static const struct ringwall_table scheduler_table = {
	.fields = scheduler_fields, .n = ARRAY_SIZE(scheduler_fields), .check = scheduler_check,
};

static const struct ringwall_field io_priority_fields[] = {
	FIELD(struct ringwall_process, io_class, "class", ringwall_field_enum, .more = ringwall_io_class_names,
	      .required = true),
	FIELD(struct ringwall_process, io_priority, "priority", ringwall_field_unsigned, .max = 7),
};

static const struct ringwall_table io_priority_table = {
	.fields = io_priority_fields, .n = ARRAY_SIZE(io_priority_fields),
};

static const struct ringwall_field affinity_fields[] = {
	FIELD(struct ringwall_process, cpu_affinity_initial, "initial", ringwall_field_list),
	FIELD(struct ringwall_process, cpu_affinity_final, "final", ringwall_field_list),
};

static const struct ringwall_table affinity_table = { .fields = affinity_fields, .n = ARRAY_SIZE(affinity_fields) };

/* process --------------------------------------------------------------------------------------------------- */

/* runc refuses an entry that sets nothing, rather than pass it on to a program that may trip over it. */
static int env_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
		     void *base)
{
	int rc = ringwall_field_strv(r, f, v, base);
	size_t i = 0;

	if (rc)
		return rc;
	for (const struct ringwall_json *item = v->child; item; item = item->next) {
		const char *equals = strchr(item->str, '=');

		ringwall_reader_enter(r, NULL, i++);
		if (!equals || equals == item->str)
			return ringwall_reader_fail(r, item, "must be NAME=VALUE, not \"%.80s\"", item->str);
		ringwall_reader_leave(r);
	}
	return 0;
}

static int process_check(struct ringwall_reader *r, const struct ringwall_json *v, void *base)
{
	struct ringwall_process *p = base;

	if (!p->args.n)
		return ringwall_reader_fail_member(r, v, "args", p->command_line ?
						   "needs the command: commandLine is for Windows" :
						   "must have at least one element");
	if (!p->terminal)
		p->console_height = p->console_width = 0;
	return 0;
}

static const struct ringwall_field process_fields[] = {
	FIELD(struct ringwall_process, terminal, "terminal", ringwall_field_bool),
	FIELD_GROUP("user", user_table),
	FIELD(struct ringwall_process, args, "args", ringwall_field_strv),
	FIELD(struct ringwall_process, env, "env", env_parse),
	FIELD(struct ringwall_process, cwd, "cwd", ringwall_field_path, .required = true),
	FIELD_OBJECT(struct ringwall_process, caps, "capabilities", capability_table,
		     .has = offsetof(struct ringwall_process, caps.set)),
	FIELD(struct ringwall_process, rlimits, "rlimits", rlimits_parse, .more = &rlimit_table,
	      .count = offsetof(struct ringwall_process, n_rlimits)),
	FIELD(struct ringwall_process, no_new_privileges, "noNewPrivileges", ringwall_field_bool),
	FIELD(struct ringwall_process, apparmor_profile, "apparmorProfile", ringwall_field_line),
	/* The range of proc(5), /proc/PID/oom_score_adj. */
	FIELD_OPT(struct ringwall_process, oom_score_adj, "oomScoreAdj", ringwall_field_signed, .min = -1000,
		  .max = 1000),
	FIELD(struct ringwall_process, selinux_label, "selinuxLabel", ringwall_field_line),
	FIELD_GROUP("consoleSize", console_table),
	FIELD_OBJECT(struct ringwall_process, scheduler, "scheduler", scheduler_table,
		     .has = offsetof(struct ringwall_process, scheduler.set)),
	{ .name = "ioPriority", .parse = ringwall_field_object, .more = &io_priority_table,
	  .has = offsetof(struct ringwall_process, has_io_priority) },
	FIELD_GROUP("execCPUAffinity", affinity_table),
	FIELD(struct ringwall_process, command_line, "commandLine", ringwall_field_str),
};

const struct ringwall_table ringwall_process_table = {
	.fields = process_fields, .n = ARRAY_SIZE(process_fields), .check = process_check,
};
