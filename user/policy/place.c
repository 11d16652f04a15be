// SPDX-License-Identifier: LGPL-2.1-or-later
#include "place.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../lib/json.h"
#include "anchor.h"

int ringwall_places_of(const struct ringwall_mounts *m, struct ringwall_places *ret, struct ringwall_err *e)
{
	_cleanup_(ringwall_places_free) struct ringwall_places p = { 0 };

	p.v = ringwall_arena_array(&p.arena, m->n + 1, sizeof(*p.v));
	for (; p.v && p.n < m->n; p.n++) {
		const struct ringwall_mounted *from = &m->list[p.n];
		const char *path = ringwall_arena_strndup(&p.arena, from->point, strlen(from->point));
		const char *inner = ringwall_arena_strndup(&p.arena, from->inner, strlen(from->inner));
		const char *type = ringwall_arena_strndup(&p.arena, from->type, strlen(from->type));

		if (!path || !inner || !type)
			break;
		p.v[p.n] = (struct ringwall_place){
			.device = from->device, .inode = from->inode, .inner = inner, .path = path, .type = type
		};
	}
	if (!p.v || p.n < m->n)
		return ringwall_fail(e, -ENOMEM, "mounts");
	*ret = p;
	p = (struct ringwall_places){ 0 };
	return 0;
}

int ringwall_places_read(pid_t pid, struct ringwall_places *ret, struct ringwall_err *e)
{
	_cleanup_(ringwall_mounts_free) struct ringwall_mounts m = { 0 };
	int r = ringwall_mounts_read(pid, &m, e);

	return r < 0 ? r : ringwall_places_of(&m, ret, e);
}

char *ringwall_places_print(const struct ringwall_places *p, size_t *ret_len)
{
	struct ringwall_json_out o = {};

	ringwall_json_out_array(&o, NULL);
	for (size_t i = 0; i < p->n; i++) {
		ringwall_json_out_object(&o, NULL);
		ringwall_json_out_u64(&o, "device", p->v[i].device);
		ringwall_json_out_u64(&o, "inode", p->v[i].inode);
		if (p->v[i].inner)
			ringwall_json_out_str(&o, "inner", p->v[i].inner);
		if (p->v[i].type)
			ringwall_json_out_str(&o, "type", p->v[i].type);
		ringwall_json_out_str(&o, "path", p->v[i].path);
		ringwall_json_out_end(&o, '}');
	}
	ringwall_json_out_end(&o, ']');
	return ringwall_json_out_take(&o, ret_len);
}

static bool load_place(const struct ringwall_json *v, struct ringwall_place *ret)
{
	const struct ringwall_json *device = ringwall_json_get(v, "device"), *inode = ringwall_json_get(v, "inode"),
				   *inner = ringwall_json_get(v, "inner"), *path = ringwall_json_get(v, "path"),
				   *type = ringwall_json_get(v, "type");
	uint64_t number;

	if (!device || !inode || !path || path->type != RINGWALL_JSON_STRING || ringwall_json_u64(device, &number) ||
	    ringwall_json_u64(inode, &ret->inode))
		return false;
	ret->device = (uint32_t)number;
	ret->inner = inner && inner->type == RINGWALL_JSON_STRING ? inner->str : NULL;
	ret->type = type && type->type == RINGWALL_JSON_STRING ? type->str : NULL;
	ret->path = path->str;
	return true;
}

int ringwall_places_mounts(const struct ringwall_places *p, struct ringwall_mounts *ret, struct ringwall_err *e)
{
	_cleanup_(ringwall_mounts_free) struct ringwall_mounts m = { .list = calloc(p->n + 1, sizeof(*m.list)) };

	if (!m.list)
		return ringwall_fail(e, -ENOMEM, "mounts");
	for (; m.n < p->n; m.n++) {
		const struct ringwall_place *from = &p->v[m.n];
		struct ringwall_mounted *to = &m.list[m.n];

		if (!from->inner || !from->type)
			return ringwall_fail_plain(e, -EINVAL, "the record of the container's mounts is not complete");
		to->device = from->device;
		to->inode = from->inode;
		to->inner = strdup(from->inner);
		to->point = strdup(from->path);
		to->type = strdup(from->type);
		if (!to->inner || !to->point || !to->type) {
			m.n++;
			return ringwall_fail(e, -ENOMEM, "mounts");
		}
	}
	*ret = m;
	m = (struct ringwall_mounts){ 0 };
	return 0;
}

int ringwall_places_load(const char *text, size_t len, struct ringwall_places *ret, struct ringwall_err *e)
{
	_cleanup_(ringwall_places_free) struct ringwall_places p = { 0 };
	struct ringwall_json *root;
	int r = ringwall_json_parse(&p.arena, text, len, "places", &root, e);

	if (r < 0)
		return r;
	p.v = ringwall_arena_array(&p.arena, root->count + 1, sizeof(*p.v));
	if (!p.v)
		return ringwall_fail(e, -ENOMEM, "mounts");
	for (const struct ringwall_json *v = root->child; v; v = v->next)
		if (load_place(v, &p.v[p.n]))
			p.n++;
	*ret = p;
	p = (struct ringwall_places){ 0 };
	return 0;
}

const char *ringwall_places_find(const struct ringwall_places *p, uint32_t device, uint64_t inode)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].device == device && p->v[i].inode == inode)
			return p->v[i].path;
	return NULL;
}

void ringwall_places_inside(const struct ringwall_places *p, char *path, size_t size)
{
	const struct ringwall_place *best = NULL;
	char inside[512];
	size_t len = 0;

	for (size_t i = 0; i < p->n; i++) {
		size_t n = p->v[i].inner ? strlen(p->v[i].inner) : 0;

		if (n > 1 && n > len && !strncmp(path, p->v[i].inner, n) && (path[n] == '/' || !path[n])) {
			best = &p->v[i];
			len = n;
		}
	}
	if (!best)
		return;
	snprintf(inside, sizeof(inside), "%s%s", best->path[1] ? best->path : "", path + len);
	snprintf(path, size, "%s", *inside ? inside : "/");
}

void ringwall_places_free(struct ringwall_places *p)
{
	ringwall_arena_free(&p->arena);
	*p = (struct ringwall_places){ 0 };
}
