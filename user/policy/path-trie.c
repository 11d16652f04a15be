// SPDX-License-Identifier: LGPL-2.1-or-later
#include "path-trie.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"

#define ROOT 1U

/* A component of a path; Return: the rest behind it, NULL: there was none. */
static const char *component(const char *path, const char **ret_name, uint32_t *ret_length)
{
	path += strspn(path, "/");
	if (!*path)
		return NULL;
	*ret_name = path;
	*ret_length = (uint32_t)strcspn(path, "/");
	return path + *ret_length;
}

/* Room for one more; index 0 is never used. */
static int reserve(void **array, uint32_t *n, uint32_t *max, size_t size, struct ringwall_err *e)
{
	uint32_t more = *max ? *max * 2 : 64;
	void *p;

	if (!*n)
		*n = 1;
	if (*n < *max)
		return 0;
	p = realloc(*array, more * size);
	if (!p)
		return ringwall_fail(e, -ENOMEM, "path rules");
	*array = p;
	*max = more;
	return 0;
}

static uint32_t hash(uint32_t node, const char *name, uint32_t length)
{
	uint32_t h = 2166136261U ^ node;

	for (uint32_t i = 0; i < length; i++)
		h = (h ^ (unsigned char)name[i]) * 16777619U;
	return h ^ h >> 15;
}

/* The bucket that holds that child, or the one to put it in. */
static uint32_t *bucket(const struct ringwall_trie *t, uint32_t node, const char *name, uint32_t length)
{
	for (uint32_t i = hash(node, name, length);; i++) {
		uint32_t *b = &t->bucket[i & (t->n_buckets - 1)];
		const struct ringwall_trie_node *n = &t->node[*b];

		if (!*b || (n->parent == node && n->length == length && !memcmp(n->name, name, length)))
			return b;
	}
}

static int rehash(struct ringwall_trie *t, struct ringwall_err *e)
{
	if (t->n_buckets >= t->max_nodes * 2)
		return 0;
	free(t->bucket);
	t->n_buckets = t->max_nodes * 2;
	t->bucket = calloc(t->n_buckets, sizeof(*t->bucket));
	if (!t->bucket)
		return ringwall_fail(e, -ENOMEM, "path rules");
	for (uint32_t i = ROOT + 1; i < t->n_nodes; i++)
		if (t->node[i].length)
			*bucket(t, t->node[i].parent, t->node[i].name, t->node[i].length) = i;
	return 0;
}

/* @length 0: "*" */
static int add_node(struct ringwall_trie *t, uint32_t parent, const char *name, uint32_t length, uint32_t *ret,
		    struct ringwall_err *e)
{
	int err = reserve((void **)&t->node, &t->n_nodes, &t->max_nodes, sizeof(*t->node), e);

	if (!err)
		err = rehash(t, e);
	if (err < 0)
		return err;
	*ret = t->n_nodes++;
	t->node[*ret] = (struct ringwall_trie_node){ .name = name, .length = length, .parent = parent };
	if (!parent)
		return 0;
	if (!length) {
		t->node[parent].any = *ret;
		return 0;
	}
	t->node[*ret].sibling = t->node[parent].child;
	t->node[parent].child = *ret;
	*bucket(t, parent, name, length) = *ret;
	return 0;
}

uint32_t ringwall_trie_child(const struct ringwall_trie *t, uint32_t node, const char *name, uint32_t length)
{
	return *bucket(t, node, name, length);
}

static int add_rule(struct ringwall_trie *t, uint32_t node, const struct ringwall_path_rule *r, struct ringwall_err *e)
{
	int err = reserve((void **)&t->rule, &t->n_rules, &t->max_rules, sizeof(*t->rule), e);
	uint32_t *last = &t->node[node].rule;

	if (err < 0)
		return err;
	while (*last)
		last = &t->rule[*last].next;
	*last = t->n_rules;
	t->rule[t->n_rules++] = (struct ringwall_trie_rule){ .tail = r->tail,
							     .refuse = r->refuse,
							     .grant = r->grant & (uint8_t)~r->refuse,
							     .number = (uint16_t)r->number };
	return 0;
}

static bool is_any(const char *name, uint32_t length)
{
	return length == 1 && *name == '*';
}

int ringwall_trie_add(struct ringwall_trie *t, const struct ringwall_path_rule *r, struct ringwall_err *e)
{
	uint32_t node = ROOT, depth = 0, length;
	const char *path = r->path, *name;
	int err = 0;

	if (r->number > UINT16_MAX)
		return ringwall_fail_plain(e, -E2BIG, "more than %d path rules", UINT16_MAX);
	if (!t->n_nodes)
		err = add_node(t, 0, NULL, 0, &node, e);
	while (!err && (path = component(path, &name, &length))) {
		uint32_t next = is_any(name, length) ? t->node[node].any : ringwall_trie_child(t, node, name, length);

		if (length > RINGWALL_COMPONENT_MAX)
			return ringwall_fail_plain(e, -E2BIG, "'%.*s': a name of more than %d bytes", (int)length, name,
						   RINGWALL_COMPONENT_MAX);
		if (++depth > RINGWALL_DEPTH_MAX)
			return ringwall_fail_plain(e, -E2BIG, "a path of more than %d components", RINGWALL_DEPTH_MAX);
		if (!t->node[node].under || t->node[node].under > r->number)
			t->node[node].under = (uint16_t)r->number;
		if (!next)
			err = add_node(t, node, name, is_any(name, length) ? 0 : length, &next, e);
		node = next;
	}
	return err < 0 ? err : add_rule(t, node, r, e);
}

void ringwall_trie_free(struct ringwall_trie *t)
{
	free(t->node);
	free(t->rule);
	free(t->bucket);
	*t = (struct ringwall_trie){ 0 };
}

void ringwall_path_edge(const char *name, uint32_t length, struct ringwall_path_key *key, struct ringwall_edge *edge)
{
	uint64_t hash = length;

	edge->length = length;
	memset(edge->name, 0, sizeof(edge->name));
	memcpy(edge->name, name, length);
	for (uint32_t i = 0; i * 8 < length; i++)
		hash = RINGWALL_NAME_MIX(hash, edge->name[i]);
	key->hash = hash;
}

static int compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct ringwall_path_key));
}

static const struct ringwall_path *edge(const struct ringwall_section *s, uint32_t node, const char *name,
					uint32_t length)
{
	struct ringwall_path_key key = { .node = node };
	const struct ringwall_path_key *found;
	struct ringwall_edge like;
	const struct ringwall_edge *e;

	if (!s->n || length > RINGWALL_COMPONENT_MAX)
		return NULL;
	ringwall_path_edge(name, length, &key, &like);
	key.policy_id = ((const struct ringwall_path_key *)s->keys)->policy_id; /* the draft may have one by now */
	found = bsearch(&key, s->keys, s->n, sizeof(key), compare_keys);
	if (!found)
		return NULL;
	e = (const struct ringwall_edge *)s->values + (found - (const struct ringwall_path_key *)s->keys);
	return e->length == length && !memcmp(e->name, like.name, sizeof(e->name)) ? &e->to : NULL;
}

void ringwall_path_walk(const struct ringwall_draft *d, const char *path, struct ringwall_path *ret)
{
	const struct ringwall_section *s = &d->section[RINGWALL_SECTION_PATHS];
	const struct ringwall_path *at = &d->policy.root, *next;
	const char *name;
	uint32_t length;

	while ((path = component(path, &name, &length))) {
		next = edge(s, at->node, name, length);
		if (!next)
			next = edge(s, at->node, "", 0);
		if (!next) {
			*ret = (struct ringwall_path){ .self = at->below, .below = at->below };
			memcpy(ret->self_rule, at->below_rule, sizeof(ret->self_rule));
			memcpy(ret->below_rule, at->below_rule, sizeof(ret->below_rule));
			return;
		}
		at = next;
	}
	*ret = *at;
}
