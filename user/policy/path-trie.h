/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_PATH_TRIE_H
#define RINGWALL_POLICY_PATH_TRIE_H

/*
 * Path rules as a tree of their components, in which "*" is a component like others, and the way back from what was
 * compiled.
 *
 * Which rule decides. Of the rules that match a path and speak of a right, the first of this order does, for each right
 * alone:
 *	1. the one with more components: one that names the path itself before one that names a directory above it ("**");
 *	2. of two with as many, the one with a name where the other has "*", at the first component where they differ;
 *	3. without "**" before with it;
 *	4. the one that refuses.
 * Where no rule speaks of a right, the default decides (rule 0). Of rules that say the same the first is named in
 * reports.
 */

#include "draft.h"

/** struct ringwall_trie_rule - what a rule says at the end of its path. @next: index of the next one there, 0: none */
struct ringwall_trie_rule {
	uint32_t next;
	bool tail;
	uint8_t refuse, grant;
	uint16_t number;
};

/**
 * struct ringwall_trie_node - a component.
 * @parent, @child, @sibling: indices of nodes; 0: none. Children are those with names, in no order; @any is the child for "*".
 * @rule: of those that end here, in the order of their numbers
 * @under: the first rule that ends below
 */
struct ringwall_trie_node {
	const char *name;
	uint32_t length;
	uint32_t parent, child, sibling, any;
	uint32_t rule;
	uint16_t under;
};

/** struct ringwall_trie - node 1 is the root; index 0 of both arrays is nobody. Borrows the names of the rules' paths. */
struct ringwall_trie {
	struct ringwall_trie_node *node;
	struct ringwall_trie_rule *rule;
	uint32_t n_nodes, max_nodes, n_rules, max_rules;
	uint32_t *bucket, n_buckets;
};

/**
 * ringwall_trie_add() - add a rule; rules of one path come in the order of their numbers.
 * Errors: -E2BIG a name is longer than RINGWALL_COMPONENT_MAX, the path deeper than RINGWALL_DEPTH_MAX, the number too
 * large; -ENOMEM. @e has no context.
 */
int ringwall_trie_add(struct ringwall_trie *t, const struct ringwall_path_rule *r, struct ringwall_err *e);

/** ringwall_trie_child() - index of the child of that name; 0: there is none. */
uint32_t ringwall_trie_child(const struct ringwall_trie *t, uint32_t node, const char *name, uint32_t length);

void ringwall_trie_free(struct ringwall_trie *t);

/** ringwall_path_edge() - fill in the name of an edge and the hash in its key. @length: at most RINGWALL_COMPONENT_MAX; 0: "*" */
void ringwall_path_edge(const char *name, uint32_t length, struct ringwall_path_key *key, struct ringwall_edge *edge);

/**
 * ringwall_path_walk() - what the compiled policy @d says about @path, as the programs find it out.
 * @path: absolute and normal
 * @ret: what an anchor there is: where no edge leads there, @self is what is refused below the last one that does
 */
void ringwall_path_walk(const struct ringwall_draft *d, const char *path, struct ringwall_path *ret);

#endif
