// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Path rules to a trie that needs no second try: in which a name's edge leads to all that the rules say about it, those
 * with "*" in its place included. A state of it is the set of all nodes of the rules' own tree (path-trie.h) that a path
 * may be at, the more specific before the less; as they all are as deep, what a rule above says is handed down as a
 * verdict.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "path-trie.h"
#include "text.h"

#define EDGES_MAX 65536U /* of one policy */

/* A verdict: refused rights, and by which rule. */
struct says {
	uint8_t refused;
	uint16_t rule[RINGWALL_FILE_RIGHTS];
};

struct state {
	uint32_t n;
	uint32_t *node;
};

struct edge {
	struct ringwall_path_key key;
	struct ringwall_edge value;
};

struct build {
	const struct ringwall_model *m;
	struct ringwall_trie trie;
	struct edge *edges;
	uint32_t n, max, nodes;
	struct ringwall_err *e;
};

static void state_free(struct state *s)
{
	free(s->node);
}

static int fail_rule(const struct build *b, uint32_t number, int err)
{
	const struct ringwall_path_rule *r =
		number && number <= b->m->n_path_rules ? &b->m->path_rules[number - 1] : NULL;
	const struct ringwall_rule *rule = r ? ringwall_model_rule(b->m, r->set, r->number) : NULL;
	char origin[RINGWALL_ORIGIN_TEXT];

	if (rule)
		ringwall_err_prepend(b->e, "%s: %s", ringwall_origin_text(&rule->origin, origin), rule->text);
	else if (r)
		ringwall_err_prepend(b->e, "%s", r->path);
	return err;
}

static void refuse(struct says *s, uint8_t rights, uint16_t rule)
{
	for (int i = 0; i < RINGWALL_FILE_RIGHTS; i++)
		if (rights >> i & 1)
			s->rule[i] = rule;
	s->refused |= rights;
}

/* What the rules that end at @node say of the rights in *@open, which are decided then. */
static void decide_at(const struct build *b, uint32_t node, bool tail, uint8_t *open, struct says *s)
{
	uint8_t granted = 0, refused = 0;

	for (uint32_t i = b->trie.node[node].rule; i; i = b->trie.rule[i].next) {
		const struct ringwall_trie_rule *r = &b->trie.rule[i];

		if (r->tail != tail)
			continue;
		refuse(s, r->refuse & *open & (uint8_t)~refused, r->number);
		refused |= r->refuse & *open;
		granted |= r->grant & *open;
	}
	granted &= (uint8_t)~refused;
	for (int i = 0; i < RINGWALL_FILE_RIGHTS; i++)
		if (granted >> i & 1)
			s->rule[i] = 0;
	s->refused &= (uint8_t)~granted;
	*open &= (uint8_t) ~(refused | granted);
}

/* @below: about what is below the state, else about itself; @above: what holds where neither speaks */
static struct says decide(const struct build *b, const struct state *state, bool below, const struct says *above)
{
	struct says s = *above;
	uint8_t open = RINGWALL_FILE_ALL;

	for (uint32_t i = 0; i < state->n; i++)
		for (int tail = below; tail <= 1; tail++)
			decide_at(b, state->node[i], tail, &open, &s);
	return s;
}

/* The state that follows by @name; @length 0: by any other. */
static int follow(const struct build *b, const struct state *s, const char *name, uint32_t length, struct state *ret)
{
	ret->n = 0;
	ret->node = calloc(s->n * 2, sizeof(*ret->node));
	if (!ret->node)
		return ringwall_fail(b->e, -ENOMEM, "path rules");
	for (uint32_t i = 0; i < s->n; i++) {
		uint32_t named = length ? ringwall_trie_child(&b->trie, s->node[i], name, length) : 0;
		uint32_t any = b->trie.node[s->node[i]].any;

		if (named)
			ret->node[ret->n++] = named;
		if (any)
			ret->node[ret->n++] = any;
	}
	return 0;
}

static uint32_t kinds_of_edges(const struct build *b, const struct state *s)
{
	uint32_t kinds = 0;

	for (uint32_t i = 0; i < s->n; i++) {
		kinds |= b->trie.node[s->node[i]].child ? RINGWALL_NODE_NAMES : 0;
		kinds |= b->trie.node[s->node[i]].any ? RINGWALL_NODE_ANY : 0;
	}
	return kinds;
}

static int compile_state(struct build *b, const struct state *s, const struct says *above, struct ringwall_path *ret);

static int add_edge(struct build *b, uint32_t node, const char *name, uint32_t length, const struct state *from,
		    const struct says *above)
{
	_cleanup_(state_free) struct state to = { 0 };
	struct edge edge = { .key.node = node };
	int err = follow(b, from, name, length, &to);

	if (!err)
		err = compile_state(b, &to, above, &edge.value.to);
	if (err < 0)
		return err;
	if (b->n == EDGES_MAX) {
		ringwall_fail_plain(b->e, -E2BIG, "the rules about paths make more than %u steps", EDGES_MAX);
		return fail_rule(b, b->trie.node[from->node[0]].under, -E2BIG);
	}
	if (b->n == b->max) {
		uint32_t more = b->max ? b->max * 2 : 64;
		struct edge *p = reallocarray(b->edges, more, sizeof(*p));

		if (!p)
			return ringwall_fail(b->e, -ENOMEM, "path rules");
		b->edges = p;
		b->max = more;
	}
	ringwall_path_edge(name, length, &edge.key, &edge.value);
	b->edges[b->n++] = edge;
	return 0;
}

/* Of nodes with the same child, the first makes the edge. */
static bool is_first(const struct build *b, const struct state *s, uint32_t i, const struct ringwall_trie_node *child)
{
	while (i--)
		if (ringwall_trie_child(&b->trie, s->node[i], child->name, child->length))
			return false;
	return true;
}

static int add_edges(struct build *b, uint32_t node, const struct state *s, const struct says *above)
{
	int err = node & RINGWALL_NODE_ANY ? add_edge(b, node, "", 0, s, above) : 0;

	for (uint32_t i = 0; i < s->n && !err; i++)
		for (uint32_t c = b->trie.node[s->node[i]].child; c && !err; c = b->trie.node[c].sibling) {
			const struct ringwall_trie_node *child = &b->trie.node[c];

			if (is_first(b, s, i, child))
				err = add_edge(b, node, child->name, child->length, s, above);
		}
	return err;
}

/* Recursion is as deep as the deepest rule. */
static int compile_state(struct build *b, const struct state *s, const struct says *above, struct ringwall_path *ret)
{
	struct says self = decide(b, s, false, above), below = decide(b, s, true, above);
	uint32_t kinds = kinds_of_edges(b, s);

	*ret = (struct ringwall_path){ .self = self.refused, .below = below.refused };
	memcpy(ret->self_rule, self.rule, sizeof(ret->self_rule));
	memcpy(ret->below_rule, below.rule, sizeof(ret->below_rule));
	if (!kinds)
		return 0;
	ret->node = ++b->nodes | kinds;
	for (uint32_t i = 0; i < s->n; i++) {
		uint16_t under = b->trie.node[s->node[i]].under;

		if (under && (!ret->under || under < ret->under))
			ret->under = under;
	}
	return add_edges(b, ret->node, s, &below);
}

static int compare_edges(const void *a, const void *b)
{
	return memcmp(&((const struct edge *)a)->key, &((const struct edge *)b)->key, sizeof(struct ringwall_path_key));
}

static int emit(struct build *b, struct ringwall_draft *d)
{
	struct ringwall_section *s = &d->section[RINGWALL_SECTION_PATHS];
	int err = ringwall_section_alloc(s, b->n, sizeof(struct ringwall_path_key), sizeof(struct ringwall_edge), b->e);

	if (err < 0)
		return err;
	if (b->n)
		qsort(b->edges, b->n, sizeof(*b->edges), compare_edges);
	for (uint32_t i = 1; i < b->n; i++)
		if (!compare_edges(&b->edges[i - 1], &b->edges[i]))
			return ringwall_fail_plain(b->e, -EINVAL,
						   "two names of %u bytes that cannot be told apart in one directory",
						   b->edges[i].value.length);
	for (uint32_t i = 0; i < b->n; i++) {
		((struct ringwall_path_key *)s->keys)[i] = b->edges[i].key;
		((struct ringwall_edge *)s->values)[i] = b->edges[i].value;
	}
	return 0;
}

static int add_rules(struct build *b)
{
	/* A root, even without rules: it says the default. */
	int err = ringwall_trie_add(&b->trie, &(struct ringwall_path_rule){ .path = "/" }, b->e);

	for (size_t i = 0; i < b->m->n_path_rules && !err; i++) {
		err = ringwall_trie_add(&b->trie, &b->m->path_rules[i], b->e);
		if (err < 0)
			return fail_rule(b, b->m->path_rules[i].number, err);
	}
	for (size_t i = 0; i < b->m->n_path_links && !err; i++) {
		err = ringwall_trie_add(&b->trie, &b->m->path_links[i], b->e);
		if (err < 0)
			return fail_rule(b, b->m->path_links[i].number, err);
	}
	return err;
}

static void build_free(struct build *b)
{
	ringwall_trie_free(&b->trie);
	free(b->edges);
}

int ringwall_draft_paths(const struct ringwall_model *m, struct ringwall_draft *d, struct ringwall_err *e)
{
	_cleanup_(build_free) struct build b = { .m = m, .e = e };
	struct says fallback = { .refused = m->path_default };
	uint32_t root = 1;
	int err = add_rules(&b);

	if (!err)
		err = compile_state(&b, &(struct state){ .n = 1, .node = &root }, &fallback, &d->policy.root);
	return err < 0 ? err : emit(&b, d);
}
