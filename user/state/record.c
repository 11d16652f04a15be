// SPDX-License-Identifier: LGPL-2.1-or-later

/* A container's record as JSON: our own state.json, and the specification's State document. */

#include <pwd.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "../lib/cleanup.h"
#include "record.h"

enum kind {
	STRING,
	BOOL,
	U32,
	U64,
	PID,
	MANAGER,
	/* From here on a record may lack it. */
	OPTIONAL_STRING, /* NULL: absent */
	OPTIONAL_BOOL,	 /* not in records of before there were policies */
	OPTIONAL_U32,
};

/* One row is one member of struct ringwall_state and of state.json; the annotations are written apart. */
static const struct field {
	const char *key;
	enum kind kind;
	size_t offset;
} fields[] = {
	{ "id", STRING, offsetof(struct ringwall_state, id) },
	{ "bundle", STRING, offsetof(struct ringwall_state, bundle) },
	{ "rootfs", STRING, offsetof(struct ringwall_state, rootfs) },
	{ "owner", OPTIONAL_STRING, offsetof(struct ringwall_state, owner) },
	{ "created", U64, offsetof(struct ringwall_state, created) },
	{ "pid", PID, offsetof(struct ringwall_state, pid) },
	{ "pidStart", U64, offsetof(struct ringwall_state, pid_start) },
	{ "cgroupManager", MANAGER, offsetof(struct ringwall_state, cgroup_manager) },
	{ "cgroup", STRING, offsetof(struct ringwall_state, cgroup) },
	{ "scope", OPTIONAL_STRING, offsetof(struct ringwall_state, scope) },
	{ "rootless", BOOL, offsetof(struct ringwall_state, rootless) },
	{ "started", BOOL, offsetof(struct ringwall_state, started) },
	{ "slot", U32, offsetof(struct ringwall_state, slot) },
	{ "policyAbi", OPTIONAL_U32, offsetof(struct ringwall_state, abi) },
	{ "policy", OPTIONAL_STRING, offsetof(struct ringwall_state, policy) },
	{ "confine", OPTIONAL_BOOL, offsetof(struct ringwall_state, confine) },
	{ "intelRdtClos", OPTIONAL_STRING, offsetof(struct ringwall_state, intel_rdt_clos) },
};

static const char *const managers[] = {
	[RINGWALL_CGROUP_CGROUPFS] = "cgroupfs",
	[RINGWALL_CGROUP_SYSTEMD] = "systemd",
	[RINGWALL_CGROUP_DISABLED] = "disabled",
};

static void put_field(struct ringwall_json_out *o, const struct ringwall_state *s, const struct field *f)
{
	const void *at = (const char *)s + f->offset;
	const char *text;

	switch (f->kind) {
	case STRING:
	case OPTIONAL_STRING:
		text = *(const char *const *)at;
		if (text || f->kind == STRING)
			ringwall_json_out_str(o, f->key, text ?: "");
		break;
	case BOOL:
	case OPTIONAL_BOOL:
		ringwall_json_out_bool(o, f->key, *(const bool *)at);
		break;
	case U32:
	case OPTIONAL_U32:
		ringwall_json_out_u64(o, f->key, *(const uint32_t *)at);
		break;
	case U64:
		ringwall_json_out_u64(o, f->key, *(const uint64_t *)at);
		break;
	case PID:
		ringwall_json_out_i64(o, f->key, *(const pid_t *)at);
		break;
	case MANAGER:
		ringwall_json_out_str(o, f->key, managers[*(const enum ringwall_cgroup_manager *)at]);
		break;
	}
}

static void put_annotations(struct ringwall_json_out *o, const struct ringwall_pairs *p)
{
	if (!p->n)
		return;
	ringwall_json_out_object(o, "annotations");
	for (size_t i = 0; i < p->n; i++)
		ringwall_json_out_str(o, p->v[i].key, p->v[i].value);
	ringwall_json_out_end(o, '}');
}

char *ringwall_record_format(const struct ringwall_state *s, size_t *ret_len)
{
	struct ringwall_json_out o = {};

	ringwall_json_out_object(&o, NULL);
	ringwall_json_out_u64(&o, "version", RINGWALL_STATE_VERSION);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		put_field(&o, s, &fields[i]);
	put_annotations(&o, &s->annotations);
	ringwall_json_out_end(&o, '}');
	return ringwall_json_out_take(&o, ret_len);
}

static int get_string(struct ringwall_state *s, const struct ringwall_json *v, const char **ret)
{
	if (v->type != RINGWALL_JSON_STRING)
		return -EINVAL;
	*ret = ringwall_arena_strndup(&s->arena, v->str, v->count);
	return *ret ? 0 : -ENOMEM;
}

static int get_u64(const struct ringwall_json *v, uint64_t max, uint64_t *ret)
{
	return ringwall_json_u64(v, ret) < 0 || *ret > max ? -EINVAL : 0;
}

static int get_manager(const struct ringwall_json *v, enum ringwall_cgroup_manager *ret)
{
	if (v->type != RINGWALL_JSON_STRING)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(managers); i++) {
		if (!strcmp(v->str, managers[i])) {
			*ret = (enum ringwall_cgroup_manager)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int get_field(struct ringwall_state *s, const struct ringwall_json *v, const struct field *f)
{
	void *at = (char *)s + f->offset;
	uint64_t n = 0;
	int r = 0;

	switch (f->kind) {
	case STRING:
	case OPTIONAL_STRING:
		return get_string(s, v, at);
	case BOOL:
	case OPTIONAL_BOOL:
		if (v->type != RINGWALL_JSON_BOOL)
			return -EINVAL;
		*(bool *)at = v->boolean;
		return 0;
	case U32:
	case OPTIONAL_U32:
		r = get_u64(v, UINT32_MAX, &n);
		*(uint32_t *)at = (uint32_t)n;
		return r;
	case U64:
		return get_u64(v, UINT64_MAX, at);
	case PID:
		r = get_u64(v, INT32_MAX, &n);
		*(pid_t *)at = (pid_t)n;
		return r;
	case MANAGER:
		return get_manager(v, at);
	}
	return -EINVAL;
}

static int get_annotations(struct ringwall_state *s, const struct ringwall_json *v)
{
	struct ringwall_pairs *p = &s->annotations;
	int r;

	if (!v)
		return 0;
	if (v->type != RINGWALL_JSON_OBJECT)
		return -EINVAL;
	p->v = ringwall_arena_array(&s->arena, v->count, sizeof(*p->v));
	if (!p->v && v->count)
		return -ENOMEM;
	for (const struct ringwall_json *m = v->child; m; m = m->next) {
		p->v[p->n].key = ringwall_arena_strndup(&s->arena, m->key, strlen(m->key));
		if (!p->v[p->n].key)
			return -ENOMEM;
		r = get_string(s, m, &p->v[p->n].value);
		if (r < 0)
			return r;
		p->n++;
	}
	return 0;
}

static int get_record(struct ringwall_state *s, const struct ringwall_json *root, struct ringwall_err *e)
{
	const struct ringwall_json *version = ringwall_json_get(root, "version"), *v;
	uint64_t n;
	int r;

	if (root->type != RINGWALL_JSON_OBJECT || !version || ringwall_json_u64(version, &n) < 0)
		return ringwall_fail_plain(e, -EINVAL, "state.json: no version");
	if (n > RINGWALL_STATE_VERSION)
		return ringwall_fail_plain(e, -EPROTONOSUPPORT,
					   "container '%.100s' was created by a newer ringwall (record version %llu, this one knows %d): use that one",
					   s->id, (unsigned long long)n, RINGWALL_STATE_VERSION);
	s->abi = 1;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		v = ringwall_json_get(root, fields[i].key);
		if (!v && fields[i].kind >= OPTIONAL_STRING)
			continue;
		r = v ? get_field(s, v, &fields[i]) : -EINVAL;
		if (r < 0)
			return ringwall_fail(e, r, "state.json: %s", fields[i].key);
	}
	r = get_annotations(s, ringwall_json_get(root, "annotations"));
	return r < 0 ? ringwall_fail(e, r, "state.json: annotations") : 0;
}

int ringwall_record_parse(struct ringwall_state *s, const char *text, size_t len, struct ringwall_err *e)
{
	struct ringwall_arena a = {};
	struct ringwall_json *root;
	const char *id = s->id;
	int r;

	r = ringwall_json_parse(&a, text, len, "state.json", &root, e);
	if (!r)
		r = get_record(s, root, e);
	/* A record under another name was copied there by hand; the directory is what counts. */
	if (!r && strcmp(id, s->id))
		r = ringwall_fail_plain(e, -EINVAL, "state.json: id is '%.100s'", s->id);
	s->id = id;
	ringwall_arena_free(&a);
	return r;
}

/* RFC 3339 in UTC with nanoseconds, "2026-11-23T19:29:07.123456789Z". */
static void put_time(struct ringwall_json_out *o, const char *key, uint64_t ns)
{
	time_t seconds = (time_t)(ns / 1000000000);
	char text[64];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%09uZ", tm.tm_year + 1900, tm.tm_mon + 1,
		 tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (unsigned int)(ns % 1000000000));
	ringwall_json_out_str(o, key, text);
}

/*
 * The name of @uid by /etc/passwd alone: the C library's look-up would load NSS modules, which a static program
 * cannot. Writes the number when there is no name.
 */
static void find_user(uid_t uid, char *ret, size_t size)
{
	char buf[4096];
	struct passwd pw, *found;
	FILE *f;

	snprintf(ret, size, "%u", uid);
	f = fopen("/etc/passwd", "re");
	if (!f)
		return;
	while (!fgetpwent_r(f, &pw, buf, sizeof(buf), &found)) {
		if (pw.pw_uid == uid) {
			snprintf(ret, size, "%s", pw.pw_name);
			break;
		}
	}
	fclose(f);
}

/* The directory belongs to who created it. */
static void put_owner(struct ringwall_json_out *o, const struct ringwall_state *s)
{
	char name[256] = "root";
	struct stat st = {};

	if (!s->owner) {
		if (fstat(s->dir_fd, &st) < 0)
			return;
		if (st.st_uid)
			find_user(st.st_uid, name, sizeof(name));
	}
	ringwall_json_out_str(o, "owner", s->owner ?: name);
}

char *ringwall_state_json(const struct ringwall_state *s, enum ringwall_status status, bool full, size_t *ret_len)
{
	struct ringwall_json_out o = { .indent = full ? 2 : 0 };
	bool alive = status != RINGWALL_STOPPED;

	ringwall_json_out_object(&o, NULL);
	ringwall_json_out_str(&o, "ociVersion", RINGWALL_OCI_VERSION);
	ringwall_json_out_str(&o, "id", s->id);
	if (full || (alive && s->pid))
		ringwall_json_out_i64(&o, "pid", alive ? s->pid : 0);
	ringwall_json_out_str(&o, "status", ringwall_status_name(status));
	ringwall_json_out_str(&o, "bundle", s->bundle ?: "");
	if (full) {
		ringwall_json_out_str(&o, "rootfs", s->rootfs ?: "");
		put_time(&o, "created", s->created);
	}
	put_annotations(&o, &s->annotations);
	if (full)
		put_owner(&o, s);
	ringwall_json_out_end(&o, '}');
	return ringwall_json_out_take(&o, ret_len);
}
