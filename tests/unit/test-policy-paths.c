// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Path rules: what the compiled trie says of a path against what the order in path-trie.h says, and what anchors come of
 * mounts.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "../../user/lib/cleanup.h"
#include "../../user/policy/anchor.h"
#include "../../user/policy/path-trie.h"

#define R RINGWALL_FILE_READ
#define W RINGWALL_FILE_WRITE
#define C RINGWALL_FILE_CREATE
#define X RINGWALL_FILE_EXEC
#define ALL RINGWALL_FILE_ALL

#define MODEL(fallback, ...)                                                                                           \
	struct ringwall_path_rule rules_[] = { __VA_ARGS__ };                                                          \
	struct ringwall_model model = { .path_default = (fallback),                                                    \
					.path_rules = rules_,                                                          \
					.n_path_rules = ARRAY_SIZE(rules_) };                                          \
	struct ringwall_draft draft = { 0 };                                                                           \
	struct ringwall_err err = { 0 };                                                                               \
	number(&model);                                                                                                \
	if (ringwall_draft_paths(&model, &draft, &err))                                                                \
	fail_msg("%s", err.text)

static void number(struct ringwall_model *m)
{
	for (size_t i = 0; i < m->n_path_rules; i++)
		m->path_rules[i].number = (uint32_t)i + 1;
}

static struct ringwall_path_rule allow(const char *path, bool tail, uint8_t rights)
{
	return (struct ringwall_path_rule){
		.path = path, .tail = tail, .grant = rights, .refuse = ALL & ~rights, .set = RINGWALL_SET_FILE
	};
}

static struct ringwall_path_rule deny(const char *path, bool tail, uint8_t rights)
{
	return (struct ringwall_path_rule){ .path = path, .tail = tail, .refuse = rights, .set = RINGWALL_SET_FILE };
}

static struct ringwall_path at(const struct ringwall_draft *d, const char *path)
{
	struct ringwall_path p;

	ringwall_path_walk(d, path, &p);
	return p;
}

static void test_plain(void **state)
{
	(void)state;
	MODEL(0, deny("/etc/shadow", false, R | W), allow("/srv/data", true, R), deny("/srv/data/x/y", false, R));
	assert_int_equal(at(&draft, "/etc/shadow").self, R | W);
	assert_int_equal(at(&draft, "/etc/shadow").self_rule[0], 1);
	assert_int_equal(at(&draft, "/etc/shadow/z").self, 0);
	assert_int_equal(at(&draft, "/etc").self, 0);
	assert_int_equal(at(&draft, "/etc").under, 1);
	assert_int_not_equal(at(&draft, "/etc").node, 0);
	assert_int_equal(at(&draft, "/srv/data").self, ALL & ~R);
	assert_int_equal(at(&draft, "/srv/data/q/r/s").self, ALL & ~R);
	assert_int_equal(at(&draft, "/srv/data/q/r/s").self_rule[1], 2);
	assert_int_equal(at(&draft, "/srv/data/x/y").self, ALL);
	assert_int_equal(at(&draft, "/srv/data/x/y").self_rule[0], 3);
	assert_int_equal(at(&draft, "/srv/data/x/y/z").self, ALL & ~R);
	assert_int_equal(at(&draft, "/home").node, 0);
	assert_int_equal(draft.policy.root.node & ~(RINGWALL_NODE_ANY | RINGWALL_NODE_NAMES), 1);
	for (uint32_t i = 0; i < draft.section[RINGWALL_SECTION_PATHS].n; i++)
		((struct ringwall_path_key *)draft.section[RINGWALL_SECTION_PATHS].keys)[i].policy_id = 4711;
	assert_int_equal(at(&draft, "/etc/shadow").self, R | W);
	ringwall_draft_free(&draft);
}

static void test_default(void **state)
{
	(void)state;
	MODEL(ALL, allow("/", false, R), allow("/usr", true, R | X));
	assert_int_equal(at(&draft, "/").self, ALL & ~R);
	assert_int_equal(at(&draft, "/a").self, ALL);
	assert_int_equal(at(&draft, "/a").self_rule[0], 0);
	assert_int_equal(at(&draft, "/usr/bin/env").self, ALL & ~(R | X));
	assert_int_equal(draft.policy.root.below, ALL);
	ringwall_draft_free(&draft);
}

/* A name's edge does not lose what "*" says, and the order of path-trie.h holds. */
static void test_any(void **state)
{
	(void)state;
	MODEL(0, deny("/home/*/.ssh", true, R), allow("/home/bob", true, R | W), deny("/home/bob/mail", false, W),
	      deny("/*/alice/x", false, X));
	assert_int_equal(at(&draft, "/home/alice/.ssh/id").self, R);
	assert_int_equal(at(&draft, "/home/bob/.ssh/id").self, R | (ALL & ~(R | W)));
	assert_int_equal(at(&draft, "/home/bob/.ssh/id").self_rule[0], 1);
	assert_int_equal(at(&draft, "/home/bob/.ssh/id").self_rule[2], 2);
	assert_int_equal(at(&draft, "/home/bob/mail").self, W | (ALL & ~(R | W)));
	assert_int_equal(at(&draft, "/home/alice/x").self, X);
	assert_int_equal(at(&draft, "/opt/alice/x").self, X);
	assert_int_equal(at(&draft, "/opt/alice").self, 0);
	ringwall_draft_free(&draft);
}

static void test_same_path(void **state)
{
	(void)state;
	MODEL(0, allow("/a", true, R), deny("/a", true, R), deny("/a", true, R | W), allow("/a", false, ALL));
	assert_int_equal(at(&draft, "/a/b").self & R, R);
	assert_int_equal(at(&draft, "/a/b").self_rule[0], 2); /* of those that refuse, the first */
	assert_int_equal(at(&draft, "/a/b").self_rule[1], 1);
	assert_int_equal(at(&draft, "/a").self, 0); /* without "**" before with it */
	ringwall_draft_free(&draft);
}

static void test_bounds(void **state)
{
	char deep[256] = "", name[80] = "/";
	struct ringwall_path_rule rule = deny(deep, false, R);
	struct ringwall_rule origin = {
		.set = RINGWALL_SET_FILE, .number = 1, .origin = { "p.json", 3, 7 }, .text = "files"
	};
	struct ringwall_model model = { .path_rules = &rule, .n_path_rules = 1, .rules = &origin, .n_rules = 1 };
	struct ringwall_draft draft = { 0 };
	struct ringwall_err err = { 0 };

	(void)state;
	number(&model);
	for (int i = 0; i < RINGWALL_DEPTH_MAX; i++)
		strcat(deep, "/a");
	assert_int_equal(ringwall_draft_paths(&model, &draft, &err), 0);
	ringwall_draft_free(&draft);
	strcat(deep, "/a");
	assert_int_equal(ringwall_draft_paths(&model, &draft, &err), -E2BIG);
	assert_non_null(strstr(err.text, "p.json:3:7"));
	memset(name + 1, 'n', RINGWALL_COMPONENT_MAX);
	rule.path = name;
	assert_int_equal(ringwall_draft_paths(&model, &draft, &err), 0);
	assert_int_equal(at(&draft, name).self, R);
	ringwall_draft_free(&draft);
	name[RINGWALL_COMPONENT_MAX + 1] = 'n';
	assert_int_equal(ringwall_draft_paths(&model, &draft, &err), -E2BIG);
}

/* Every level doubles the states: it must end, with the rule's name. */
static void test_explosion(void **state)
{
	static char paths[64][128];
	struct ringwall_path_rule rules[64];
	struct ringwall_model model = { .path_rules = rules, .n_path_rules = 32 };
	struct ringwall_draft draft = { 0 };
	struct ringwall_err err = { 0 };

	(void)state;
	for (int i = 0; i < 32; i++) {
		for (int k = 0; k < 32; k++)
			strcat(paths[i], k == i ? "/a" : "/*");
		rules[i] = deny(paths[i], false, R);
	}
	number(&model);
	assert_int_equal(ringwall_draft_paths(&model, &draft, &err), -E2BIG);
	assert_non_null(strstr(err.text, "/"));
}

/* ---- against a matcher that knows nothing of tries ------------------------------------------------------------- */

struct words {
	const char *w[16];
	int n;
	char text[128];
};

static void split(const char *path, struct words *ret)
{
	char *save = NULL;

	ret->n = 0;
	snprintf(ret->text, sizeof(ret->text), "%s", path);
	for (char *w = strtok_r(ret->text, "/", &save); w; w = strtok_r(NULL, "/", &save))
		ret->w[ret->n++] = w;
}

static bool matches(const struct ringwall_path_rule *r, const struct words *rule, const struct words *path)
{
	if (rule->n > path->n || (rule->n < path->n && !r->tail))
		return false;
	for (int i = 0; i < rule->n; i++)
		if (strcmp(rule->w[i], "*") != 0 && strcmp(rule->w[i], path->w[i]) != 0)
			return false;
	return true;
}

/* > 0: a goes before b */
static int before(const struct ringwall_path_rule *a, const struct words *wa, const struct ringwall_path_rule *b,
		  const struct words *wb)
{
	if (wa->n != wb->n)
		return wa->n - wb->n;
	for (int i = 0; i < wa->n; i++) {
		bool any_a = !strcmp(wa->w[i], "*"), any_b = !strcmp(wb->w[i], "*");

		if (any_a != any_b)
			return any_b - any_a;
	}
	return b->tail - a->tail;
}

static void reference(const struct ringwall_model *m, const struct words *words, const struct words *path, int right,
		      bool *ret_refused, uint32_t *ret_rule)
{
	const struct ringwall_path_rule *best = NULL;
	const struct words *best_words = NULL;

	for (size_t i = 0; i < m->n_path_rules; i++) {
		const struct ringwall_path_rule *r = &m->path_rules[i];
		int order;

		if (!((r->refuse | r->grant) >> right & 1) || !matches(r, &words[i], path))
			continue;
		order = best ? before(r, &words[i], best, best_words) : 1;
		if (order > 0 || (!order && (r->refuse >> right & 1) && !(best->refuse >> right & 1))) {
			best = r;
			best_words = &words[i];
		}
	}
	*ret_refused = best ? best->refuse >> right & 1 : m->path_default >> right & 1;
	*ret_rule = best && *ret_refused ? best->number : 0;
}

static void random_path(char *ret, size_t size, bool rule)
{
	static const char *const names[] = { "a", "b", "c", "*" };
	int depth = rand() % 6;

	snprintf(ret, size, "/");
	for (int i = 0; i < depth; i++)
		snprintf(ret + strlen(ret), size - strlen(ret), "%s%s", i ? "/" : "", names[rand() % (rule ? 4 : 3)]);
}

static void compare_one(const struct ringwall_model *m, const struct words *words, const struct ringwall_draft *d,
			const char *path)
{
	struct ringwall_path got = at(d, path);
	struct words p;

	split(path, &p);
	for (int right = 0; right < RINGWALL_FILE_RIGHTS; right++) {
		bool refused;
		uint32_t rule;

		reference(m, words, &p, right, &refused, &rule);
		if (refused != (got.self >> right & 1) || rule != got.self_rule[right])
			fail_msg("'%s' right %d: rule %u %d, compiled: rule %u %d", path, right, rule, refused,
				 got.self_rule[right], got.self >> right & 1);
	}
}

static void test_random(void **state)
{
	unsigned int seed = (unsigned int)time(NULL);
	char paths[24][64];

	(void)state;
	print_message("seed %u\n", seed);
	srand(seed);
	for (int round = 0; round < 400; round++) {
		struct ringwall_path_rule rules[24] = { 0 };
		struct words words[24];
		struct ringwall_model model = { .path_default = (uint8_t)(rand() & ALL),
						.path_rules = rules,
						.n_path_rules = (size_t)(rand() % 24) };
		struct ringwall_draft draft = { 0 };

		for (size_t i = 0; i < model.n_path_rules; i++) {
			bool tail = rand() & 1;
			uint8_t rights = (uint8_t)(rand() & ALL);

			random_path(paths[i], sizeof(paths[i]), true);
			rules[i] = rand() & 1 ? allow(paths[i], tail, rights) : deny(paths[i], tail, rights);
			split(paths[i], &words[i]);
		}
		number(&model);
		assert_int_equal(ringwall_draft_paths(&model, &draft, NULL), 0);
		for (int i = 0; i < 60; i++) {
			char path[64];

			random_path(path, sizeof(path), false);
			compare_one(&model, words, &draft, path);
		}
		ringwall_draft_free(&draft);
	}
}

/* ---- anchors ------------------------------------------------------------------------------------------------- */

#define MOUNTS(...)                                                                                                    \
	struct ringwall_mounted list_[] = { __VA_ARGS__ };                                                             \
	struct ringwall_mounts mounts = { list_, ARRAY_SIZE(list_) };                                                  \
	struct ringwall_anchors anchors = { 0 }

static const struct ringwall_path *anchor(const struct ringwall_anchors *a, uint32_t device, uint64_t inode)
{
	for (uint32_t i = 0; i < a->n; i++)
		if (a->keys[i].device == device && a->keys[i].inode == inode)
			return &a->values[i];
	fail_msg("no anchor %u:%lu", device, inode);
	return NULL;
}

static void test_anchors(void **state)
{
	MODEL(0, deny("/etc/shadow", false, R), deny("/srv/data", true, W), deny("/proc/sys", true, W));
	MOUNTS({ 7, 2, (char *)"/", (char *)"/", (char *)"overlay" },
	       { 8, 1, (char *)"/", (char *)"/proc", (char *)"proc" },
	       { 9, 70, (char *)"/vol", (char *)"/srv/data", (char *)"ext4" },
	       { 10, 3, (char *)"/", (char *)"/tmp", (char *)"tmpfs" });

	(void)state;
	assert_int_equal(ringwall_anchor_make(&mounts, &draft, &anchors, &err), 0);
	assert_memory_equal(anchor(&anchors, 7, 2), &draft.policy.root, sizeof(draft.policy.root));
	assert_int_equal(anchor(&anchors, 9, 70)->self, W);
	assert_int_equal(anchor(&anchors, 9, 70)->below_rule[1], 2);
	assert_int_equal(anchor(&anchors, 9, 70)->node, 0);
	assert_int_equal(anchor(&anchors, 10, 3)->below, 0);
	assert_int_equal(anchors.bloom, 1ULL << (70 & 63));
	/* /proc mounted anew is /proc; an overlay mounted anew is refused what is refused anywhere */
	assert_memory_equal(anchor(&anchors, 0, 0x9fa0), anchor(&anchors, 8, 1), sizeof(struct ringwall_path));
	assert_int_equal(anchor(&anchors, 0, 0x794c7630)->below, R | W);
	ringwall_anchors_free(&anchors);
	ringwall_draft_free(&draft);
}

/* One thing with several names: what a rule refuses under any, what the default refuses under all. */
static void test_anchor_names(void **state)
{
	MODEL(R, deny("/a", true, W), allow("/b", true, R | W | C), deny("/c/inner", true, X));
	MOUNTS({ 7, 2, (char *)"/", (char *)"/", (char *)"overlay" },
	       { 9, 70, (char *)"/v", (char *)"/a", (char *)"ext4" },
	       { 9, 70, (char *)"/v", (char *)"/b", (char *)"ext4" },
	       { 9, 71, (char *)"/w", (char *)"/c", (char *)"ext4" },
	       { 9, 72, (char *)"/w/inner", (char *)"/d", (char *)"ext4" });
	const struct ringwall_path *p;

	(void)state;
	assert_int_equal(ringwall_anchor_make(&mounts, &draft, &anchors, &err), 0);
	p = anchor(&anchors, 9, 70);
	assert_int_equal(p->below & W, W);
	assert_int_equal(p->below_rule[1], 1);
	assert_int_equal(p->below & R, 0); /* by default at /a, allowed at /b */
	assert_int_equal(p->below & X, X); /* by rule 2, at /b */
	assert_int_equal(p->self, p->below);
	p = anchor(&anchors, 9, 72); /* also /c/inner */
	assert_int_equal(p->below, X | R);
	assert_int_equal(p->below_rule[4], 3);
	ringwall_anchors_free(&anchors);
	ringwall_draft_free(&draft);
}

static void test_anchor_conflict(void **state)
{
	MODEL(0, deny("/a/x", true, W), deny("/b/y", true, W));
	MOUNTS({ 9, 70, (char *)"/v", (char *)"/a", (char *)"ext4" },
	       { 9, 70, (char *)"/v", (char *)"/b", (char *)"ext4" });

	(void)state;
	assert_int_equal(ringwall_anchor_make(&mounts, &draft, &anchors, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "'/a' and at '/b'"));
	list_[1].point = (char *)"/c";
	assert_int_equal(ringwall_anchor_make(&mounts, &draft, &anchors, &err), 0);
	assert_int_equal(anchor(&anchors, 9, 70)->node, at(&draft, "/a").node);
	assert_int_not_equal(at(&draft, "/a").node, 0);
	ringwall_anchors_free(&anchors);
	ringwall_draft_free(&draft);
}

static void test_mounts_read(void **state)
{
	_cleanup_(ringwall_mounts_free) struct ringwall_mounts m = { 0 };
	struct ringwall_err err;
	bool root = false;

	(void)state;
	if (ringwall_mounts_read(getpid(), &m, &err))
		fail_msg("%s", err.text);
	for (size_t i = 0; i < m.n; i++)
		root = root || (!strcmp(m.list[i].point, "/") && m.list[i].inode);
	assert_true(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),	     cmocka_unit_test(test_default),
		cmocka_unit_test(test_any),	     cmocka_unit_test(test_same_path),
		cmocka_unit_test(test_bounds),	     cmocka_unit_test(test_explosion),
		cmocka_unit_test(test_random),	     cmocka_unit_test(test_anchors),
		cmocka_unit_test(test_anchor_names), cmocka_unit_test(test_anchor_conflict),
		cmocka_unit_test(test_mounts_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
