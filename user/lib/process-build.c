// SPDX-License-Identifier: LGPL-2.1-or-later
#include "process-build.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "file.h"

#define MAX_PROCESS_FILE (4 << 20)

static const char *dup_string(struct ringwall_config *c, const char *s)
{
	return ringwall_arena_strndup(&c->arena, s, strlen(s));
}

/* A process file says who the process is; what it leaves open the container's own answers. */
static int from_file(struct ringwall_config *c, const char *path, struct ringwall_region *region, struct ringwall_err *e)
{
	struct ringwall_config own = { .arena.region = region };
	const struct ringwall_process base = c->process;
	_cleanup_free_ char *text = NULL;
	struct ringwall_process *p;
	size_t len = 0;
	int r = ringwall_file_read(path, MAX_PROCESS_FILE, &text, &len, e);

	if (!r)
		r = ringwall_process_parse(&own, text, len, path, e);
	if (r < 0)
		return r;
	p = &own.process;
	if (!p->has_umask) {
		p->has_umask = base.has_umask;
		p->umask = base.umask;
	}
	if (!p->caps.set)
		p->caps = base.caps;
	if (!p->n_rlimits) {
		p->rlimits = base.rlimits;
		p->n_rlimits = base.n_rlimits;
	}
	p->apparmor_profile = p->apparmor_profile ?: base.apparmor_profile;
	p->selinux_label = p->selinux_label ?: base.selinux_label;
	if (!p->oom_score_adj.has)
		p->oom_score_adj = base.oom_score_adj;
	if (!p->cpu_affinity_initial && !p->cpu_affinity_final) {
		p->cpu_affinity_initial = base.cpu_affinity_initial;
		p->cpu_affinity_final = base.cpu_affinity_final;
	}
	if (!p->scheduler.set)
		p->scheduler = base.scheduler;
	if (!p->has_io_priority) {
		p->has_io_priority = base.has_io_priority;
		p->io_class = base.io_class;
		p->io_priority = base.io_priority;
	}
	c->process = *p;
	return 0;
}

static int set_args(struct ringwall_config *c, const char *const *args, struct ringwall_err *e)
{
	size_t n = 0;

	while (args[n])
		n++;
	c->process.args.v = ringwall_arena_array(&c->arena, n + 1, sizeof(char *));
	if (!c->process.args.v)
		return ringwall_fail(e, -ENOMEM, "exec: arguments");
	for (size_t i = 0; i < n; i++)
		c->process.args.v[i] = dup_string(c, args[i]);
	c->process.args.n = n;
	return 0;
}

static bool same_name(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");

	return !strncmp(a, b, n) && b[n] == '=';
}

/* Later entries win, in the place of the earlier one. */
static int add_env(struct ringwall_config *c, const char *const *env, struct ringwall_err *e)
{
	struct ringwall_strv *old = &c->process.env;
	size_t n = 0, k, i;
	const char **v;

	while (env && env[n])
		n++;
	if (!n)
		return 0;
	v = ringwall_arena_array(&c->arena, old->n + n + 1, sizeof(*v));
	if (!v)
		return ringwall_fail(e, -ENOMEM, "exec: environment");
	for (k = 0; k < old->n; k++)
		v[k] = old->v[k];
	for (i = 0; i < n; i++) {
		size_t at;

		if (env[i][0] == '=' || !strchr(env[i], '='))
			return ringwall_fail_plain(e, -EINVAL, "option --env: '%s' is not NAME=VALUE", env[i]);
		for (at = 0; at < k && !same_name(env[i], v[at]); at++)
			;
		v[at] = dup_string(c, env[i]);
		k += at == k;
	}
	old->v = v;
	old->n = k;
	return 0;
}

/* Digits and nothing else: a name, a sign or rubbish must not become somebody (CVE-2026-30892). */
static int parse_id(const char *s, size_t n, uint32_t *ret)
{
	uint64_t v = 0;

	if (!n || n > 10)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -EINVAL;
		v = v * 10 + (uint64_t)(s[i] - '0');
	}
	if (v >= UINT32_MAX) /* (uid_t)-1 means "unchanged" to the kernel */
		return -EINVAL;
	*ret = (uint32_t)v;
	return 0;
}

static int set_user(struct ringwall_process *p, const char *user, struct ringwall_err *e)
{
	size_t n = strcspn(user, ":");
	uint32_t uid, gid = p->gid;

	if (parse_id(user, n, &uid) < 0 || (user[n] && parse_id(user + n + 1, strlen(user + n + 1), &gid) < 0))
		return ringwall_fail_plain(e, -EINVAL, "option --user: '%s' is not UID[:GID] in numbers", user);
	p->uid = uid;
	p->gid = gid;
	return 0;
}

/* To those that the process has, as runc. */
static int add_gids(struct ringwall_config *c, const struct ringwall_exec_options *o, struct ringwall_err *e)
{
	struct ringwall_process *p = &c->process;
	size_t n = p->n_additional_gids + o->n_additional_gids;
	gid_t *gids = ringwall_arena_array(&c->arena, n, sizeof(*gids));

	if (!gids)
		return ringwall_fail(e, -ENOMEM, "exec: groups");
	if (p->n_additional_gids)
		memcpy(gids, p->additional_gids, p->n_additional_gids * sizeof(*gids));
	memcpy(gids + p->n_additional_gids, o->additional_gids, o->n_additional_gids * sizeof(*gids));
	p->additional_gids = gids;
	p->n_additional_gids = n;
	return 0;
}

/* As runc: into all sets but the ambient one, and never into an inheritable one (CVE-2022-29162). */
static int add_caps(struct ringwall_process *p, const char *const *caps, struct ringwall_err *e)
{
	for (size_t i = 0; caps && caps[i]; i++) {
		int n = ringwall_capability_find(caps[i]);

		if (n < 0)
			return ringwall_fail_plain(e, -EINVAL, "option --cap: '%s' is not a capability", caps[i]);
		p->caps.set = true;
		p->caps.bounding |= 1ULL << n;
		p->caps.effective |= 1ULL << n;
		p->caps.permitted |= 1ULL << n;
	}
	return 0;
}

static int set_string(struct ringwall_config *c, const char **member, const char *value, struct ringwall_err *e)
{
	if (!value)
		return 0;
	*member = dup_string(c, value);
	return *member ? 0 : ringwall_fail(e, -ENOMEM, "exec: options");
}

static int apply_flags(struct ringwall_config *c, const struct ringwall_exec_options *o, struct ringwall_err *e)
{
	struct ringwall_process *p = &c->process;
	int r = 0;

	if (o->tty >= 0)
		p->terminal = o->tty;
	if (o->no_new_privs >= 0)
		p->no_new_privileges = o->no_new_privs;
	if (o->user)
		r = set_user(p, o->user, e);
	if (!r && o->n_additional_gids)
		r = add_gids(c, o, e);
	if (!r)
		r = set_string(c, &p->cwd, o->cwd, e);
	if (!r)
		r = set_string(c, &p->selinux_label, o->process_label, e);
	if (!r)
		r = set_string(c, &p->apparmor_profile, o->apparmor, e);
	if (!r)
		r = add_caps(p, o->caps, e);
	if (!r)
		r = add_env(c, o->env, e);
	if (!r && p->cwd[0] != '/')
		r = ringwall_fail_plain(e, -EINVAL, "option --cwd: '%s' is not absolute", p->cwd);
	return r;
}

int ringwall_process_build(struct ringwall_config *c, const struct ringwall_exec_options *o,
			   struct ringwall_region *region, struct ringwall_err *e)
{
	int r;

	if (o->process) {
		r = from_file(c, o->process, region, e);
	} else {
		/* A command by hand has a terminal only if asked, and never init's size of it. */
		c->process.terminal = false;
		c->process.console_height = c->process.console_width = 0;
		r = o->args && o->args[0] ? set_args(c, o->args, e) :
					    ringwall_fail_plain(e, -EINVAL, "exec: a command or --process is wanted");
	}
	if (!r && (!c->process.args.n || !c->process.args.v[0]))
		r = ringwall_fail_plain(e, -EINVAL, "process.args: required");
	return r < 0 ? r : apply_flags(c, o, e);
}
