// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"

_Static_assert(RINGWALL_DEVICE_MKNOD == RINGWALL_ACCESS_MKNOD && RINGWALL_DEVICE_READ == RINGWALL_ACCESS_READ &&
		       RINGWALL_DEVICE_WRITE == RINGWALL_ACCESS_WRITE,
	       "config.h and the kernel name the same bits");
_Static_assert(BPF_DEVCG_ACC_MKNOD == RINGWALL_ACCESS_MKNOD && BPF_DEVCG_ACC_READ == RINGWALL_ACCESS_READ &&
		       BPF_DEVCG_ACC_WRITE == RINGWALL_ACCESS_WRITE,
	       "abi.h and the kernel name the same bits");

#define ANY RINGWALL_DEVICE_ANY
#define RWM RINGWALL_ACCESS_ALL
#define M RINGWALL_ACCESS_MKNOD

/*
 * runc's list (libcontainer/specconv, AllowedDevices), which Docker and Podman count on: the nodes that the specification
 * makes the runtime supply, terminals, and mknod of anything (a node that cannot be opened).
 */
static const struct ringwall_device_rule defaults[] = {
	{ true, 'c', -1, -1, M },
	{ true, 'b', -1, -1, M },
	{ true, 'c', 1, 3, RWM },    /* null */
	{ true, 'c', 1, 5, RWM },    /* zero */
	{ true, 'c', 1, 7, RWM },    /* full */
	{ true, 'c', 1, 8, RWM },    /* random */
	{ true, 'c', 1, 9, RWM },    /* urandom */
	{ true, 'c', 5, 0, RWM },    /* tty */
	{ true, 'c', 5, 2, RWM },    /* ptmx */
	{ true, 'c', 136, -1, RWM }, /* pts/N */
};

/*
 * Rules in order, behind one index: the caller's, the defaults, and then those of a policy, which can only take away from
 * what the ones before it gave.
 */
struct list {
	const struct ringwall_device_rule *rules, *narrowing;
	size_t n, n_given, total; /* caller's; those and the defaults; all */
};

static const struct ringwall_device_rule *rule_at(const struct list *l, size_t i)
{
	if (i >= l->n_given)
		return &l->narrowing[i - l->n_given];
	return i < l->n ? &l->rules[i] : &defaults[i - l->n];
}

static char type_char(uint32_t type)
{
	return type == BPF_DEVCG_DEV_BLOCK ? 'b' : 'c';
}

static uint32_t number(int64_t v)
{
	return v == -1 ? ANY : (uint32_t)v;
}

/* ANY on the device's side is "some number no rule names", so only wildcards match it. */
static bool matches(const struct ringwall_device_rule *r, const struct ringwall_device_key *k)
{
	return (r->type == 'a' || r->type == type_char(k->type)) &&
	       (r->major == -1 || number(r->major) == k->major) && (r->minor == -1 || number(r->minor) == k->minor);
}

/* The rules from @first up to, and not including, @last; @undecided: the bits that no rule needs to give. */
static void evaluate_part(const struct list *l, size_t first, size_t last, uint32_t undecided,
			  const struct ringwall_device_key *k, struct ringwall_device_verdict *v)
{
	uint32_t open = RINGWALL_ACCESS_ALL; /* bits that no rule has decided yet */

	v->allowed = undecided;
	for (size_t i = last; i-- > first && open;) {
		const struct ringwall_device_rule *r = rule_at(l, i);
		uint32_t decided = r->access & open;

		if (!decided || !matches(r, k))
			continue;
		open &= ~decided;
		v->allowed = r->allow ? v->allowed | decided : v->allowed & ~decided;
		for (unsigned int bit = 0; bit < ARRAY_SIZE(v->rule) && !r->allow; bit++)
			if (decided & (1U << bit))
				v->rule[bit] = (uint32_t)i + 1;
	}
}

static struct ringwall_device_verdict evaluate(const struct list *l, const struct ringwall_device_key *k)
{
	struct ringwall_device_verdict v = { 0 }, narrow = { 0 };

	evaluate_part(l, 0, l->n_given, 0, k, &v);
	if (l->total == l->n_given)
		return v;
	evaluate_part(l, l->n_given, l->total, RINGWALL_ACCESS_ALL, k, &narrow);
	for (unsigned int bit = 0; bit < ARRAY_SIZE(v.rule); bit++)
		if (v.allowed & ~narrow.allowed & (1U << bit))
			v.rule[bit] = narrow.rule[bit];
	v.allowed &= narrow.allowed;
	return v;
}

static bool same(const struct ringwall_device_verdict *a, const struct ringwall_device_verdict *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static int compare(const void *pa, const void *pb)
{
	const struct ringwall_device_key *a = pa, *b = pb;

	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	if (a->major != b->major)
		return a->major < b->major ? -1 : 1;
	if (a->minor != b->minor)
		return a->minor < b->minor ? -1 : 1;
	return 0;
}

static const struct ringwall_device_verdict *find_key(const struct ringwall_device_table *t, uint32_t type,
						      uint32_t major, uint32_t minor)
{
	struct ringwall_device_key key = { .type = type, .major = major, .minor = minor };
	const struct ringwall_device_key *k = t->n ? bsearch(&key, t->keys, t->n, sizeof(key), compare) : NULL;

	return k ? &t->verdicts[k - t->keys] : NULL;
}

const struct ringwall_device_verdict *ringwall_device_find(const struct ringwall_device_table *t, char type,
							   uint32_t major, uint32_t minor)
{
	uint32_t kind = type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
	const struct ringwall_device_verdict *v = NULL;

	if (t->flags & RINGWALL_POLICY_DEVICE_EXACT)
		v = find_key(t, kind, major, minor);
	if (!v && (t->flags & RINGWALL_POLICY_DEVICE_MAJOR))
		v = find_key(t, kind, major, ANY);
	if (!v && (t->flags & RINGWALL_POLICY_DEVICE_MINOR))
		v = find_key(t, kind, ANY, minor);
	return v ? v : &t->fallback[type != 'b'];
}

static int check(const struct ringwall_device_rule *r, size_t i, struct ringwall_err *e)
{
	if (r->type != 'a' && r->type != 'b' && r->type != 'c')
		return ringwall_fail_plain(e, -EINVAL, "linux.resources.devices[%zu].type: not a, b or c", i);
	if (r->major < -1 || r->major >= (int64_t)ANY || r->minor < -1 || r->minor >= (int64_t)ANY)
		return ringwall_fail_plain(e, -EINVAL, "linux.resources.devices[%zu]: no such device number", i);
	return 0;
}

/* Growing array of keys that may need an entry. */
struct candidates {
	struct ringwall_device_key *v;
	size_t n, size;
};

static int candidate_add(struct candidates *c, uint32_t type, uint32_t major, uint32_t minor)
{
	if (c->n == c->size) {
		size_t size = c->size ? 2 * c->size : 64;
		struct ringwall_device_key *v;

		if (size > 8 * RINGWALL_DEVICE_ENTRIES_MAX)
			return -E2BIG;
		v = realloc(c->v, size * sizeof(*v));
		if (!v)
			return -ENOMEM;
		c->v = v;
		c->size = size;
	}
	c->v[c->n++] = (struct ringwall_device_key){ .type = type, .major = major, .minor = minor };
	return 0;
}

static void candidates_sort(struct candidates *c)
{
	size_t n = 0;

	if (!c->n)
		return;
	qsort(c->v, c->n, sizeof(*c->v), compare);
	for (size_t i = 1; i < c->n; i++)
		if (compare(&c->v[n], &c->v[i]))
			c->v[++n] = c->v[i];
	c->n = n + 1;
}

/* The keys that rules name, by both types for 'a', without those that name nothing. */
static int candidates_from_rules(const struct list *l, struct candidates *c)
{
	for (size_t i = 0; i < l->total; i++) {
		const struct ringwall_device_rule *r = rule_at(l, i);

		if (r->major == -1 && r->minor == -1)
			continue;
		for (uint32_t type = BPF_DEVCG_DEV_BLOCK; type <= BPF_DEVCG_DEV_CHAR; type++) {
			int err = r->type == 'a' || r->type == type_char(type) ?
					  candidate_add(c, type, number(r->major), number(r->minor)) : 0;

			if (err < 0)
				return err;
		}
	}
	candidates_sort(c);
	return 0;
}

/*
 * Where a rule for (M, *) crosses one for (*, m), neither entry can speak for the device (M, m), as the order of the
 * rules decides: each crossing gets a key of its own.
 */
static int candidates_cross(struct candidates *c)
{
	size_t n = c->n;

	for (size_t i = 0; i < n; i++) {
		if (c->v[i].minor != ANY)
			continue;
		for (size_t j = 0; j < n; j++) {
			int err = c->v[j].major == ANY && c->v[j].type == c->v[i].type ?
					  candidate_add(c, c->v[i].type, c->v[i].major, c->v[j].minor) : 0;

			if (err < 0)
				return err;
		}
	}
	if (c->n != n)
		candidates_sort(c);
	return 0;
}

static uint32_t key_flag(const struct ringwall_device_key *k)
{
	if (k->major == ANY)
		return RINGWALL_POLICY_DEVICE_MINOR;
	return k->minor == ANY ? RINGWALL_POLICY_DEVICE_MAJOR : RINGWALL_POLICY_DEVICE_EXACT;
}

/*
 * Evaluate candidates of the kinds in @flags and keep those that say something else than what is found without them.
 * Kept entries go behind those already in @t; called for wildcards first, as exact keys are measured against them.
 */
static void keep(struct ringwall_device_table *t, const struct list *l, const struct candidates *c, uint32_t flags)
{
	/* Lookups while this runs must see the table sorted, so new entries are counted in at the end. */
	uint32_t n = t->n, kept = 0;

	for (size_t i = 0; i < c->n; i++) {
		const struct ringwall_device_key *k = &c->v[i];
		struct ringwall_device_verdict v;

		if (!(key_flag(k) & flags))
			continue;
		v = evaluate(l, k);
		if (same(&v, flags & RINGWALL_POLICY_DEVICE_EXACT ?
				     ringwall_device_find(t, type_char(k->type), k->major, k->minor) :
				     &t->fallback[k->type != BPF_DEVCG_DEV_BLOCK]))
			continue;
		t->keys[n] = *k;
		t->verdicts[n++] = v;
		kept |= key_flag(k);
	}
	t->n = n;
	t->flags |= kept;
}

struct entry {
	struct ringwall_device_key key; /* first: compare() reads it */
	struct ringwall_device_verdict verdict;
};

static int sort_entries(struct ringwall_device_table *t)
{
	_cleanup_free_ struct entry *v = malloc((t->n + 1) * sizeof(*v));

	if (!v)
		return -ENOMEM;
	for (uint32_t i = 0; i < t->n; i++)
		v[i] = (struct entry){ t->keys[i], t->verdicts[i] };
	qsort(v, t->n, sizeof(*v), compare);
	for (uint32_t i = 0; i < t->n; i++) {
		t->keys[i] = v[i].key;
		t->verdicts[i] = v[i].verdict;
	}
	return 0;
}

static int build(const struct list *l, struct ringwall_device_table *t)
{
	_cleanup_free_ struct ringwall_device_key *owner = NULL;
	struct candidates c = { 0 };
	int err = candidates_from_rules(l, &c);

	if (!err)
		err = candidates_cross(&c);
	owner = c.v;
	if (err < 0)
		return err;
	t->keys = calloc(c.n + 1, sizeof(*t->keys));
	t->verdicts = calloc(c.n + 1, sizeof(*t->verdicts));
	if (!t->keys || !t->verdicts)
		return -ENOMEM;
	for (uint32_t type = BPF_DEVCG_DEV_BLOCK; type <= BPF_DEVCG_DEV_CHAR; type++)
		t->fallback[type != BPF_DEVCG_DEV_BLOCK] =
			evaluate(l, &(struct ringwall_device_key){ .type = type, .major = ANY, .minor = ANY });
	/* Each pass goes through the candidates in order, so a table of one pass is sorted as it is. */
	keep(t, l, &c, RINGWALL_POLICY_DEVICE_MAJOR | RINGWALL_POLICY_DEVICE_MINOR);
	keep(t, l, &c, RINGWALL_POLICY_DEVICE_EXACT);
	err = sort_entries(t);
	return err < 0 ? err : t->n > RINGWALL_DEVICE_ENTRIES_MAX ? -E2BIG : 0;
}

static int compile(const struct list *l, struct ringwall_device_table *ret, struct ringwall_err *e)
{
	struct ringwall_device_table t = { 0 };
	int err;

	if (l->total > RINGWALL_DEVICE_RULES_MAX + ARRAY_SIZE(defaults))
		return ringwall_fail_plain(e, -E2BIG, "linux.resources.devices: more than %u rules",
					   RINGWALL_DEVICE_RULES_MAX);
	for (size_t i = 0; i < l->n; i++) {
		err = check(&l->rules[i], i, e);
		if (err < 0)
			return err;
	}
	err = build(l, &t);
	if (err < 0) {
		ringwall_device_free(&t);
		return ringwall_fail(e, err, "linux.resources.devices");
	}
	*ret = t;
	return 0;
}

int ringwall_device_compile(const struct ringwall_device_rule *rules, size_t n, struct ringwall_device_table *ret,
			    struct ringwall_err *e)
{
	return ringwall_device_intersect(rules, n, NULL, 0, ret, e);
}

int ringwall_device_intersect(const struct ringwall_device_rule *rules, size_t n,
			      const struct ringwall_device_rule *narrowing, size_t n_narrowing,
			      struct ringwall_device_table *ret, struct ringwall_err *e)
{
	size_t given = n + ARRAY_SIZE(defaults);
	struct list l = { .rules = rules, .narrowing = narrowing, .n = n, .n_given = given, .total = given + n_narrowing };

	return compile(&l, ret, e);
}

const struct ringwall_device_rule *ringwall_device_defaults(size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(defaults);
	return defaults;
}

void ringwall_device_free(struct ringwall_device_table *t)
{
	free(t->keys);
	free(t->verdicts);
	*t = (struct ringwall_device_table){ 0 };
}
