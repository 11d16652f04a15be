// SPDX-License-Identifier: LGPL-2.1-or-later
#include "anchor.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "bpf.h"
#include "path-trie.h"
#include "pins.h"
#include "sweep.h"

#ifndef ECRYPTFS_SUPER_MAGIC
#define ECRYPTFS_SUPER_MAGIC 0xf15f
#endif

/* A directory may be below one of these without being the root of its file system: root "/" is of a subtree or a subvolume. */
static const char *const inner_roots[] = { "cgroup", "cgroup2", "btrfs", "nfs", "nfs4" };

/* What is there again in every new mount of the type is what was there at the start. */
static const struct {
	const char *type;
	uint64_t magic;
} alike[] = {
	{ "proc", PROC_SUPER_MAGIC },
	{ "sysfs", SYSFS_MAGIC },
};

/* A new mount of these may show, or lead to, whatever else the container sees: all is refused that is refused anywhere. */
static const uint64_t stacked[] = { OVERLAYFS_SUPER_MAGIC, ECRYPTFS_SUPER_MAGIC };

/* Lists under construction: @names[i] is one of what keys[i] is called, for complaints. */
struct build {
	const struct ringwall_draft *d;
	struct ringwall_anchors a;
	char **names;
	uint32_t max;
	struct ringwall_err *e;
};

static void build_free(struct build *b)
{
	for (uint32_t i = 0; i < b->a.n; i++)
		free(b->names[i]);
	free(b->names);
	ringwall_anchors_free(&b->a);
}

static uint8_t by_rules(uint8_t refused, const uint16_t *rule)
{
	for (int i = 0; i < RINGWALL_FILE_RIGHTS; i++)
		if (!rule[i])
			refused &= (uint8_t) ~(1U << i);
	return refused;
}

/* Adds to what is refused what the other name says: rules refuse under either, the default under both. */
static void join(uint8_t *refused, uint16_t *rule, uint8_t other, const uint16_t *other_rule)
{
	uint8_t rules = by_rules(*refused, rule), other_rules = by_rules(other, other_rule);

	for (int i = 0; i < RINGWALL_FILE_RIGHTS; i++)
		if (!(rules >> i & 1))
			rule[i] = other_rules >> i & 1 ? other_rule[i] : 0;
	*refused = rules | other_rules | (*refused & other);
}

/* Return: false: there are rules below both names, and not the same ones. */
static bool merge(struct ringwall_path *p, const struct ringwall_path *other)
{
	const struct ringwall_path *below = p->node ? p : other;
	const struct ringwall_path *plain = p->node ? other : p;

	if (p->node == other->node && !p->node) {
		join(&p->below, p->below_rule, other->below, other->below_rule);
	} else if (p->node != other->node) {
		if (plain->node || by_rules(plain->below, plain->below_rule))
			return false;
		p->node = below->node;
		p->under = below->under;
		p->below = below->below;
		memcpy(p->below_rule, below->below_rule, sizeof(p->below_rule));
	}
	join(&p->self, p->self_rule, other->self, other->self_rule);
	return true;
}

static int grow(struct build *b)
{
	uint32_t more = b->max ? b->max * 2 : 64;
	void *keys, *values, *names;

	if (b->a.n < b->max)
		return 0;
	keys = reallocarray(b->a.keys, more, sizeof(*b->a.keys));
	b->a.keys = keys ?: b->a.keys;
	values = reallocarray(b->a.values, more, sizeof(*b->a.values));
	b->a.values = values ?: b->a.values;
	names = reallocarray(b->names, more, sizeof(*b->names));
	b->names = names ?: b->names;
	if (!keys || !values || !names)
		return ringwall_fail(b->e, -ENOMEM, "mounts");
	b->max = more;
	return 0;
}

static int add(struct build *b, uint32_t device, uint64_t inode, const char *name, const struct ringwall_path *value)
{
	int err = grow(b);
	uint32_t i = 0;

	if (err < 0)
		return err;
	while (i < b->a.n && (b->a.keys[i].device != device || b->a.keys[i].inode != inode))
		i++;
	if (i < b->a.n) {
		if (merge(&b->a.values[i], value))
			return 0;
		return ringwall_fail_plain(
			b->e, -EOPNOTSUPP,
			"the same directory is at '%s' and at '%s', and the policy has rules for what is below both",
			b->names[i], name);
	}
	b->names[i] = strdup(name);
	if (!b->names[i])
		return ringwall_fail(b->e, -ENOMEM, "mounts");
	b->a.keys[i] = (struct ringwall_anchor_key){ .device = device, .inode = inode };
	b->a.values[i] = *value;
	b->a.n++;
	return 0;
}

static int add_name(struct build *b, const struct ringwall_mounted *m, const char *name)
{
	struct ringwall_path value;

	ringwall_path_walk(b->d, name, &value);
	return add(b, m->device, m->inode, name, &value);
}

/* Where the path @inner goes on from @above, or NULL if it is not below it. */
static const char *rest(const char *inner, const char *above)
{
	size_t n = strcmp(above, "/") ? strlen(above) : 0;

	return !strncmp(inner, above, n) && inner[n] == '/' && inner[n + 1] ? inner + n : NULL;
}

/* The names that the root of @m has below the roots of other mounts of its file system. */
static int add_other_names(struct build *b, const struct ringwall_mounts *all, const struct ringwall_mounted *m)
{
	int err = 0;

	for (size_t i = 0; i < all->n && !err; i++) {
		const struct ringwall_mounted *o = &all->list[i];
		const char *more = o->device == m->device && o != m ? rest(m->inner, o->inner) : NULL;
		_cleanup_free_ char *name = NULL;

		if (!more)
			continue;
		if (asprintf(&name, "%s%s", strcmp(o->point, "/") ? o->point : "", more) < 0)
			return ringwall_fail(b->e, -ENOMEM, "mounts");
		err = add_name(b, m, name);
	}
	return err;
}

static bool may_be_inner(const struct ringwall_mounted *m)
{
	for (size_t i = 0; i < ARRAY_SIZE(inner_roots); i++)
		if (!strcmp(m->type, inner_roots[i]))
			return true;
	return strcmp(m->inner, "/") != 0;
}

static int add_alike(struct build *b, const struct ringwall_mounted *m)
{
	struct ringwall_path value;

	for (size_t i = 0; i < ARRAY_SIZE(alike); i++)
		if (!strcmp(m->type, alike[i].type) && !strcmp(m->inner, "/")) {
			ringwall_path_walk(b->d, m->point, &value);
			return add(b, 0, alike[i].magic, m->point, &value);
		}
	return 0;
}

static void gather(struct ringwall_path *all, const struct ringwall_path *p)
{
	for (int i = 0; i < RINGWALL_FILE_RIGHTS; i++) {
		if (p->self & ~all->self & 1U << i)
			all->self_rule[i] = p->self_rule[i];
		else if (p->below & ~all->self & 1U << i)
			all->self_rule[i] = p->below_rule[i];
	}
	all->self |= p->self | p->below;
}

static int add_stacked(struct build *b)
{
	const struct ringwall_section *s = &b->d->section[RINGWALL_SECTION_PATHS];
	struct ringwall_path all = { 0 };
	int err = 0;

	gather(&all, &b->d->policy.root);
	for (uint32_t i = 0; i < s->n; i++)
		gather(&all, &((const struct ringwall_edge *)s->values)[i].to);
	all.below = all.self;
	memcpy(all.below_rule, all.self_rule, sizeof(all.below_rule));
	for (size_t i = 0; i < ARRAY_SIZE(stacked) && !err; i++)
		err = add(b, 0, stacked[i], "", &all);
	return err;
}

int ringwall_anchor_make(const struct ringwall_mounts *m, const struct ringwall_draft *d, struct ringwall_anchors *ret,
			 struct ringwall_err *e)
{
	_cleanup_(build_free) struct build b = { .d = d, .e = e };
	int err = 0;

	for (size_t i = 0; i < m->n && !err; i++) {
		const struct ringwall_mounted *mount = &m->list[i];

		err = add_name(&b, mount, mount->point);
		if (!err)
			err = add_other_names(&b, m, mount);
		if (!err)
			err = add_alike(&b, mount);
		if (may_be_inner(mount))
			b.a.bloom |= 1ULL << (mount->inode & 63);
	}
	if (!err)
		err = add_stacked(&b);
	if (err < 0)
		return err;
	for (uint32_t i = 0; i < b.a.n; i++)
		free(b.names[i]);
	*ret = b.a;
	b.a = (struct ringwall_anchors){ 0 };
	return 0;
}

int ringwall_anchor_write(struct ringwall_anchors *a, uint32_t slot, uint32_t policy_id, struct ringwall_err *e)
{
	_cleanup_fd_ int fd = ringwall_pins_get("anchors", e);
	int err;

	if (fd < 0)
		return fd;
	for (uint32_t i = 0; i < a->n; i++) {
		a->keys[i].slot = slot;
		a->keys[i].policy_id = policy_id;
	}
	err = ringwall_bpf_write_all(fd, a->keys, a->values, a->n);
	if (err == -E2BIG)
		return ringwall_fail_plain(e, -ENOSPC, "more than %u mounts in all containers with rules about paths",
					   RINGWALL_ANCHORS_MAX);
	return err < 0 ? ringwall_fail(e, err, "write the map 'anchors'") : 0;
}

static bool is_of_slot(const void *key, const void *slot)
{
	return ((const struct ringwall_anchor_key *)key)->slot == *(const uint32_t *)slot;
}

void ringwall_anchor_release(uint32_t slot)
{
	struct ringwall_err ignored;
	_cleanup_fd_ int fd = ringwall_pins_get("anchors", &ignored);

	if (fd >= 0)
		ringwall_sweep(fd, sizeof(struct ringwall_anchor_key), sizeof(struct ringwall_path), is_of_slot, &slot);
}

void ringwall_anchors_free(struct ringwall_anchors *a)
{
	free(a->keys);
	free(a->values);
	*a = (struct ringwall_anchors){ 0 };
}
