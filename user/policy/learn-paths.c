// SPDX-License-Identifier: LGPL-2.1-or-later
#include "learn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"


/**
 * struct use - what was done to a path, or to all that it stands for.
 * @path: components may be "*"
 * @tail: and everything below
 * @gone: a wider one stands for it
 */
struct use {
	const char *path;
	uint8_t rights;
	bool tail, gone;
};

struct uses {
	struct use *v;
	size_t n, room;
};

/* What rules say about a path -------------------------------------------------------------------------------- */

enum step { STEP_TAIL, STEP_END, STEP_ANY, STEP_NAME };

/*
 * How specifically @rule speaks of @path, as steps to be compared like words in a dictionary. The first component in
 * which two rules differ decides: a name before "*", that before everything below. Return: their number, 0: it does not
 * speak of it.
 */
static size_t rank(const struct ringwall_path_rule *rule, const char *path, uint8_t steps[RINGWALL_DEPTH_MAX + 2])
{
	const char *r = rule->path + strspn(rule->path, "/"), *p = path + strspn(path, "/");
	size_t n = 0;

	while (*r && *p && n < RINGWALL_DEPTH_MAX) {
		size_t rl = strcspn(r, "/"), pl = strcspn(p, "/");
		bool same = rl == pl && !memcmp(r, p, rl);

		if (!same && !(rl == 1 && *r == '*'))
			return 0;
		steps[n++] = rl == 1 && *r == '*' ? STEP_ANY : STEP_NAME;
		r += rl + (r[rl] == '/');
		p += pl + (p[pl] == '/');
	}
	if (*r || (*p && !rule->tail))
		return 0;
	steps[n++] = rule->tail ? STEP_TAIL : STEP_END;
	return n;
}

static int compare_ranks(const uint8_t *a, size_t na, const uint8_t *b, size_t nb)
{
	for (size_t i = 0; i < na && i < nb; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return na == nb ? 0 : na < nb ? -1 : 1;
}

/* One right: the most specific rule that speaks of it decides, of two alike the refusing one. */
static bool is_refused(const struct ringwall_model *m, const char *path, uint8_t right)
{
	uint8_t best[RINGWALL_DEPTH_MAX + 2], steps[RINGWALL_DEPTH_MAX + 2];
	bool refused = m->path_default & right;
	size_t n_best = 0;

	for (size_t i = 0; i < m->n_path_rules; i++) {
		const struct ringwall_path_rule *rule = &m->path_rules[i];
		size_t n = (rule->refuse | rule->grant) & right ? rank(rule, path, steps) : 0;
		int order = n ? compare_ranks(steps, n, best, n_best) : -1;

		if (order > 0) {
			memcpy(best, steps, n);
			n_best = n;
			refused = rule->refuse & right;
		} else if (!order) {
			refused |= !!(rule->refuse & right);
		}
	}
	return refused;
}

uint8_t ringwall_learn_refused(const struct ringwall_model *m, const char *path)
{
	uint8_t refused = 0;

	for (unsigned int bit = 0; bit < RINGWALL_FILE_RIGHTS; bit++)
		if (is_refused(m, path, (uint8_t)(1U << bit)))
			refused |= (uint8_t)(1U << bit);
	return refused;
}

/* What was used ------------------------------------------------------------------------------------------------ */

static struct use *use_add(struct uses *u)
{
	if (u->n == u->room) {
		size_t room = u->room ? 2 * u->room : 64;
		struct use *v = reallocarray(u->v, room, sizeof(*v));

		if (!v)
			return NULL;
		u->v = v;
		u->room = room;
	}
	u->v[u->n] = (struct use){ 0 };
	return &u->v[u->n++];
}

/* What rules cannot spell, and what is another the next time. */
static bool is_any(const char *name, size_t len, bool proc)
{
	if (len > RINGWALL_COMPONENT_MAX || (proc && strspn(name, "0123456789") >= len))
		return true;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] < 0x20 || strchr("*?\177", name[i]))
			return true;
	return false;
}

static char *spell(struct ringwall_arena *a, const char *path)
{
	char *copy = ringwall_arena_strndup(a, path, strlen(path)), *to = copy;
	bool proc = !strncmp(path, "/proc/", 6);

	while (copy && *path) {
		size_t len;

		*to++ = *path++;
		len = strcspn(path, "/");
		if (is_any(path, len, proc && len)) {
			*to++ = '*';
		} else {
			memcpy(to, path, len);
			to += len;
		}
		path += len;
	}
	if (copy)
		*to = '\0';
	return copy;
}

static int compare_uses(const void *a, const void *b)
{
	return strcmp(((const struct use *)a)->path, ((const struct use *)b)->path);
}

/* Each path once, sorted. */
static void merge(struct uses *u)
{
	size_t n = 0;

	if (u->n)
		qsort(u->v, u->n, sizeof(*u->v), compare_uses);
	for (size_t i = 0; i < u->n; i++) {
		if (n && !strcmp(u->v[n - 1].path, u->v[i].path))
			u->v[n - 1].rights |= u->v[i].rights;
		else
			u->v[n++] = u->v[i];
	}
	u->n = n;
}

static bool is_path(const struct ringwall_object *o)
{
	return o->set == RINGWALL_SET_FILE || o->set == RINGWALL_SET_EXEC;
}

static int collect(struct ringwall_lesson *l, struct uses *u)
{
	size_t unknown = 0;

	for (size_t i = 0; i < l->n; i++) {
		struct use *use;

		if (!is_path(l->seen[i].object))
			continue;
		if (!l->seen[i].path) {
			unknown++;
			continue;
		}
		use = use_add(u);
		if (!use)
			return -ENOMEM;
		use->rights = l->seen[i].object->rights & RINGWALL_FILE_ALL;
		use->path = spell(&l->to->arena, l->seen[i].path);
		if (!use->path)
			return -ENOMEM;
	}
	merge(u);
	if (unknown)
		ringwall_learn_note(
			l,
			"%zu files stay refused: they lie in no mount that the container began with, or their path is too long",
			unknown);
	return 0;
}

/* Generalising --------------------------------------------------------------------------------------------------- */

/* Of "/a/b" 2: length of what is before the last component. */
static size_t parent_length(const char *path)
{
	return (size_t)(strrchr(path, '/') - path);
}

static bool is_below(const char *path, const char *dir, size_t len)
{
	return !strncmp(path, dir, len) && path[len] == '/';
}

static bool may_generalise(const char *dir, size_t len)
{
	static const char *const never[] = { "", "/dev", "/etc", "/home", "/proc", "/root", "/run", "/sys", "/var" };

	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		if (strlen(never[i]) == len && !strncmp(never[i], dir, len))
			return false;
	return true;
}

/* How many are directly in the directory and used exactly so. */
static size_t count_alike(const struct uses *u, const char *dir, size_t len, uint8_t rights)
{
	size_t n = 0;

	for (size_t i = 0; i < u->n; i++) {
		const struct use *use = &u->v[i];

		n += !use->gone && !use->tail && use->rights == rights && is_below(use->path, dir, len) &&
		     parent_length(use->path) == len;
	}
	return n;
}

static void replace_alike(struct uses *u, const char *dir, size_t len, uint8_t rights)
{
	for (size_t i = 0; i < u->n; i++) {
		struct use *use = &u->v[i];

		if (!use->tail && use->rights == rights && is_below(use->path, dir, len) &&
		    parent_length(use->path) == len)
			use->gone = true;
	}
}

static int use_add_pattern(struct ringwall_arena *a, struct uses *u, const char *dir, size_t len, bool tail,
			   uint8_t rights)
{
	const char *path = ringwall_arena_printf(a, "%.*s%s", (int)len, dir, tail ? "" : "/*");
	struct use *use = path ? use_add(u) : NULL;

	if (!use)
		return -ENOMEM;
	*use = (struct use){ .path = path, .rights = rights, .tail = tail };
	return 0;
}

static bool has_pattern(const struct uses *u, const char *dir, size_t len)
{
	for (size_t i = 0; i < u->n; i++)
		if (is_below(u->v[i].path, dir, len) && !strcmp(u->v[i].path + len, "/*"))
			return true;
	return false;
}

/* The kind of use that is most frequent in @dir becomes that of every name; @dir is of an entry of @u, which may move. */
static int widen_directory(struct ringwall_arena *a, struct uses *u, const char *dir, size_t len)
{
	size_t best = 0;
	uint8_t rights = 0;

	for (size_t i = 0; i < u->n; i++) {
		size_t n;

		if (u->v[i].gone || u->v[i].tail || !is_below(u->v[i].path, dir, len) ||
		    parent_length(u->v[i].path) != len)
			continue;
		n = count_alike(u, dir, len, u->v[i].rights);
		if (n > best) {
			best = n;
			rights = u->v[i].rights;
		}
	}
	if (best < RINGWALL_LEARN_FILES || has_pattern(u, dir, len))
		return 0;
	replace_alike(u, dir, len, rights);
	return use_add_pattern(a, u, dir, len, false, rights);
}

/* Entries are sorted by path, so those of one directory begin where the one before lies elsewhere, nearly. */
static int widen_names(struct ringwall_arena *a, struct uses *u)
{
	size_t n = u->n;
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		const char *path = u->v[i].path;
		size_t len = parent_length(path);

		if (u->v[i].gone || !may_generalise(path, len) ||
		    (i && is_below(u->v[i - 1].path, path, len) && parent_length(u->v[i - 1].path) == len))
			continue;
		err = widen_directory(a, u, path, len);
	}
	return err;
}

/* The directory that a pattern for all its names, or all below it, is for. Return: its length, 0: it is no such pattern. */
static size_t whole_directory(const struct use *use)
{
	size_t len = strlen(use->path);

	if (use->gone)
		return 0;
	if (use->tail)
		return len;
	return len > 2 && !strcmp(use->path + len - 2, "/*") ? len - 2 : 0;
}

static size_t parent_of(const char *dir, size_t len)
{
	while (len && dir[len - 1] != '/')
		len--;
	return len ? len - 1 : 0;
}

static size_t count_children(const struct uses *u, const char *dir, size_t len, uint8_t rights)
{
	size_t n = 0;

	for (size_t i = 0; i < u->n; i++) {
		size_t whole = whole_directory(&u->v[i]);

		n += whole && u->v[i].rights == rights && is_below(u->v[i].path, dir, len) &&
		     parent_of(u->v[i].path, whole) == len;
	}
	return n;
}

/* Everything below that is used so, or less, is in it. */
static void replace_below(struct uses *u, const char *dir, size_t len, uint8_t rights)
{
	for (size_t i = 0; i < u->n; i++)
		if (u->v[i].rights == rights && is_below(u->v[i].path, dir, len))
			u->v[i].gone = true;
}

/* One round: each new pattern can make its directory's parent one. Return: how many; -ENOMEM */
static int widen_trees(struct ringwall_arena *a, struct uses *u)
{
	size_t n = u->n;
	int made = 0;

	for (size_t i = 0; i < n; i++) {
		const char *path = u->v[i].path;
		size_t whole = whole_directory(&u->v[i]), len = whole ? parent_of(path, whole) : 0;
		uint8_t rights = u->v[i].rights;
		int err;

		if (!whole || !may_generalise(path, len) ||
		    count_children(u, path, len, rights) < RINGWALL_LEARN_DIRECTORIES)
			continue;
		replace_below(u, path, len, rights);
		err = use_add_pattern(a, u, path, len, true, rights);
		if (err < 0)
			return err;
		made++;
	}
	return made;
}

static int generalise(struct ringwall_arena *a, struct uses *u)
{
	int r = widen_names(a, u);

	if (r < 0)
		return r;
	do
		r = widen_trees(a, u);
	while (r > 0);
	return r;
}

/* Rules ------------------------------------------------------------------------------------------------------------ */

/* What the policy says about an arbitrary name where the pattern ends. */
static uint8_t refused_for(const struct ringwall_model *m, const struct use *use)
{
	char path[4096];

	if (!use->tail)
		return ringwall_learn_refused(m, use->path);
	snprintf(path, sizeof(path), "%s/*", use->path);
	return ringwall_learn_refused(m, path);
}

static bool is_same_place(const struct ringwall_path_rule *rule, const struct use *use)
{
	return rule->tail == use->tail && !strcmp(rule->path, use->path);
}

static void remove_same(struct ringwall_model *m, const struct use *use, bool exec_only)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_path_rules; i++)
		if (!is_same_place(&m->path_rules[i], use) || (exec_only && m->path_rules[i].set != RINGWALL_SET_EXEC))
			m->path_rules[n++] = m->path_rules[i];
	m->n_path_rules = n;
}

static bool has_file_rule(const struct ringwall_model *m, const struct use *use)
{
	for (size_t i = 0; i < m->n_path_rules; i++)
		if (m->path_rules[i].set == RINGWALL_SET_FILE && is_same_place(&m->path_rules[i], use))
			return true;
	return false;
}

/*
 * What was used is granted beside what the policy gave there already, as a rule that allows refuses all that it does
 * not name. What only was executed is said in "exec", where there is one.
 */
static void allow(struct ringwall_model *m, const struct use *use)
{
	uint8_t refused = refused_for(m, use), wanted = use->rights & refused;
	bool exec = m->exec_set && !(wanted & ~RINGWALL_EXEC_RIGHTS) && !has_file_rule(m, use);
	struct ringwall_path_rule rule = { .path = use->path,
					   .tail = use->tail,
					   .set = exec ? RINGWALL_SET_EXEC : RINGWALL_SET_FILE };

	if (!wanted)
		return;
	remove_same(m, use, exec);
	rule.grant = exec ? RINGWALL_EXEC_RIGHTS : (uint8_t)((RINGWALL_FILE_ALL & ~refused) | use->rights);
	rule.refuse = exec ? 0 : (uint8_t)(RINGWALL_FILE_ALL & ~rule.grant);
	m->files_set |= !exec;
	m->path_rules[m->n_path_rules++] = rule;
}

/* Wide ones first: what they give is what narrower ones add to. */
static int compare_widths(const void *a, const void *b)
{
	const struct use *x = a, *y = b;

	if (x->tail != y->tail)
		return x->tail ? -1 : 1;
	return strcmp(x->path, y->path);
}

static int make_rules(struct ringwall_model *m, struct uses *u)
{
	struct ringwall_path_rule *rules = ringwall_arena_array(&m->arena, m->n_path_rules + u->n + 1, sizeof(*rules));

	if (!rules)
		return -ENOMEM;
	if (m->n_path_rules)
		memcpy(rules, m->path_rules, m->n_path_rules * sizeof(*rules));
	m->path_rules = rules;
	if (u->n)
		qsort(u->v, u->n, sizeof(*u->v), compare_widths);
	for (size_t i = 0; i < u->n; i++)
		if (!u->v[i].gone)
			allow(m, &u->v[i]);
	for (size_t i = 0; i < m->n_path_rules; i++)
		m->path_rules[i].number = (uint32_t)i + 1;
	return 0;
}

int ringwall_learn_paths(struct ringwall_lesson *l)
{
	struct uses u = { 0 };
	int err = collect(l, &u);

	if (!err)
		err = generalise(&l->to->arena, &u);
	if (!err)
		err = make_rules(l->to, &u);
	free(u.v);
	return err < 0 ? ringwall_fail(l->e, err, "learn") : 0;
}
