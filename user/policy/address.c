// SPDX-License-Identifier: LGPL-2.1-or-later
#include "address.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"

/* A growing array. */
struct list {
	struct ringwall_prefix *p;
	size_t n, room, max;
};

static void list_free(struct list *l)
{
	free(l->p);
}

#define _cleanup_list_ _cleanup_(list_free)

static int list_add(struct list *l, const struct ringwall_prefix *p, struct ringwall_err *e)
{
	struct ringwall_prefix *more;

	if (l->n == l->max)
		return ringwall_fail_plain(
			e, -E2BIG,
			"these prefixes take more than %zu entries; use fewer of them, or fewer prefix lengths",
			l->max);
	if (l->n == l->room) {
		l->room = l->room ? 2 * l->room : 64;
		more = reallocarray(l->p, l->room, sizeof(*more));
		if (!more)
			return ringwall_fail(e, -ENOMEM, "addresses");
		l->p = more;
	}
	l->p[l->n++] = *p;
	return 0;
}

int ringwall_prefix_compare(const void *pa, const void *pb)
{
	const struct ringwall_prefix *a = pa, *b = pb;

	return memcmp(a->address, b->address, sizeof(a->address)) ?: (int)a->length - (int)b->length;
}

static int compare_by_length(const void *pa, const void *pb)
{
	const struct ringwall_prefix *a = pa, *b = pb;

	return (int)a->length - (int)b->length ?: memcmp(a->address, b->address, sizeof(a->address));
}

/* Zero what is behind @length bits. */
static void truncate_to(uint8_t address[16], unsigned int length)
{
	unsigned int whole = length / 8;

	if (whole >= 16)
		return;
	address[whole] &= (uint8_t)(0xff00U >> length % 8);
	memset(address + whole + 1, 0, 15 - whole);
}

bool ringwall_prefix_covers(const struct ringwall_prefix *p, const uint8_t address[16])
{
	uint8_t start[16];

	memcpy(start, address, sizeof(start));
	truncate_to(start, p->length);
	return !memcmp(start, p->address, sizeof(start));
}

/*
 * A walk over sorted prefixes with those that cover the one at hand on a stack. An IPv6 address is in 128 of them at
 * most.
 */
struct cover {
	const struct ringwall_prefix *stack[129];
	size_t n;
};

static const struct ringwall_prefix *cover_of(struct cover *c, const struct ringwall_prefix *p)
{
	while (c->n &&
	       !(c->stack[c->n - 1]->length <= p->length && ringwall_prefix_covers(c->stack[c->n - 1], p->address)))
		c->n--;
	return c->n ? c->stack[c->n - 1] : NULL;
}

static void cover_push(struct cover *c, const struct ringwall_prefix *p)
{
	c->stack[c->n++] = p;
}

/* A prefix that says what the next shorter one says anyway is left out. */
static int copy_needed(const struct ringwall_prefix *list, size_t n, uint32_t class, struct list *ret,
		       struct ringwall_err *e)
{
	struct cover c = { .n = 0 };
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		const struct ringwall_prefix *above = cover_of(&c, &list[i]);

		cover_push(&c, &list[i]);
		if (list[i].class != (above ? above->class : class))
			err = list_add(ret, &list[i], e);
	}
	return err;
}

/* How many prefixes there are of each length. */
struct census {
	size_t of[129];
	unsigned int lengths;
};

static struct census count(const struct list *l)
{
	struct census c = { .lengths = 0 };

	for (size_t i = 0; i < l->n; i++)
		c.lengths += !c.of[l->p[i].length]++;
	return c;
}

static unsigned int next_length(const struct census *c, unsigned int length)
{
	do
		length++;
	while (length < 128 && !c->of[length]);
	return length;
}

/* The length whose prefixes are cheapest to expand to the next one; the longest has none. */
static unsigned int cheapest(const struct census *c)
{
	unsigned int best = 0;
	double cost = 0;

	for (unsigned int length = 1; length < 128; length++) {
		unsigned int next = next_length(c, length);
		double here = (double)c->of[length];

		if (!c->of[length] || !c->of[next])
			continue;
		for (unsigned int i = length; i < next; i++)
			here *= 2;
		if (!best || here < cost) {
			best = length;
			cost = here;
		}
	}
	return best;
}

/* The next address of @length bits. */
static void step(uint8_t address[16], unsigned int length)
{
	unsigned int add = 0x80U >> (length - 1) % 8;

	for (int i = (int)(length - 1) / 8; i >= 0 && add; i--) {
		add += address[i];
		address[i] = (uint8_t)add;
		add >>= 8;
	}
}

/* Longer ones that exist already stay as they are: the longer one decides. */
static int expand_one(const struct list *l, const struct ringwall_prefix *p, unsigned int to, struct list *ret,
		      struct ringwall_err *e)
{
	struct ringwall_prefix part = *p;
	int err = 0;

	part.length = (uint8_t)to;
	do {
		if (!bsearch(&part, l->p, l->n, sizeof(part), ringwall_prefix_compare))
			err = list_add(ret, &part, e);
		step(part.address, to);
	} while (!err && ringwall_prefix_covers(p, part.address));
	return err;
}

/* Take one length away. */
static int expand(struct list *l, unsigned int from, unsigned int to, struct ringwall_err *e)
{
	struct list out = { .max = l->max };
	int err = 0;

	for (size_t i = 0; i < l->n && !err; i++)
		err = l->p[i].length == from ? expand_one(l, &l->p[i], to, &out, e) : list_add(&out, &l->p[i], e);
	if (err) {
		list_free(&out);
		return err;
	}
	list_free(l);
	*l = out;
	qsort(l->p, l->n, sizeof(*l->p), ringwall_prefix_compare);
	return 0;
}

static size_t total(const struct census *c)
{
	size_t n = 0;

	for (unsigned int length = 1; length <= 128; length++)
		n += c->of[length];
	return n;
}

/* How many entries there are when only @lengths are left, at most. */
static double cost_of(struct census c, unsigned int lengths)
{
	while (c.lengths > lengths) {
		unsigned int from = cheapest(&c), to = next_length(&c, from);

		if (to - from > 20)
			return 1e12;
		c.of[to] += c.of[from] << (to - from);
		c.of[from] = 0;
		c.lengths--;
		if (total(&c) > RINGWALL_ADDRESSES_MAX)
			return 1e12;
	}
	return (double)total(&c);
}

/* With 2^n - 1 lengths a search takes n lookups. */
static unsigned int lengths_wanted(const struct census *c)
{
	unsigned int wanted = RINGWALL_ADDRESS_LENGTHS;
	double most = RINGWALL_ADDRESS_GROWTH * (double)total(c);

	for (unsigned int fewer = wanted / 2; fewer && cost_of(*c, fewer) <= most; fewer /= 2)
		wanted = fewer;
	return wanted;
}

static int limit_lengths(struct list *l, struct ringwall_err *e)
{
	struct census c = count(l);
	unsigned int wanted = lengths_wanted(&c);
	int err = 0;

	while (!err && c.lengths > wanted) {
		unsigned int from = cheapest(&c);

		err = expand(l, from, next_length(&c, from), e);
		c = count(l);
	}
	return err;
}

static void root_fill(const struct list *l, uint32_t class, struct ringwall_tree_root *ret)
{
	struct census c = count(l);

	*ret = (struct ringwall_tree_root){ .class = class };
	for (unsigned int length = 1; length <= 128; length++)
		if (c.of[length])
			ret->length[ret->n++] = (uint8_t)length;
}

/* Where a search for @p passes on its way, so that it goes on to longer prefixes there. */
static int add_markers_of(const struct ringwall_tree_root *root, const struct ringwall_prefix *p, struct list *ret,
			  struct ringwall_err *e)
{
	uint32_t low = 0, high = root->n;
	int err = 0;

	while (low < high && !err) {
		uint32_t middle = (low + high) / 2;
		struct ringwall_prefix marker = *p;

		if (root->length[middle] == p->length)
			break;
		if (root->length[middle] > p->length) {
			high = middle;
			continue;
		}
		low = middle + 1;
		marker.length = root->length[middle];
		truncate_to(marker.address, marker.length);
		err = list_add(ret, &marker, e);
	}
	return err;
}

/* Several prefixes share markers, and a marker may be where a prefix is: one entry each, the prefix's class if there is one. */
static int merge(const struct list *l, struct list *markers, uint32_t class, struct list *ret, struct ringwall_err *e)
{
	struct cover c = { .n = 0 };
	size_t m = 0;
	int err = 0;

	if (markers->n)
		qsort(markers->p, markers->n, sizeof(*markers->p), ringwall_prefix_compare);
	for (size_t i = 0; (i < l->n || m < markers->n) && !err;) {
		int order = i == l->n ? 1 : m == markers->n ? -1 : ringwall_prefix_compare(&l->p[i], &markers->p[m]);
		struct ringwall_prefix p = order > 0 ? markers->p[m] : l->p[i];
		const struct ringwall_prefix *above = cover_of(&c, &p);

		if (order > 0)
			p.class = above ? above->class : class;
		else
			cover_push(&c, &l->p[i++]);
		while (m < markers->n && !ringwall_prefix_compare(&markers->p[m], &p))
			m++;
		err = list_add(ret, &p, e);
	}
	return err;
}

/* @l is sorted, so what lies within a prefix comes right behind it. */
static void mark_leaves(struct list *l)
{
	for (size_t i = 0; i < l->n; i++)
		l->p[i].leaf = i + 1 == l->n || !ringwall_prefix_covers(&l->p[i], l->p[i + 1].address);
}

static int build(struct list *l, uint32_t class, size_t max, struct ringwall_address_tree *ret, struct ringwall_err *e)
{
	_cleanup_list_ struct list markers = { .max = SIZE_MAX }, all = { .max = max };
	int err = limit_lengths(l, e);

	if (err)
		return err;
	root_fill(l, class, &ret->root);
	for (size_t i = 0; i < l->n && !err; i++)
		err = add_markers_of(&ret->root, &l->p[i], &markers, e);
	if (!err)
		err = merge(l, &markers, class, &all, e);
	if (err)
		return err;
	mark_leaves(&all);
	if (all.n)
		qsort(all.p, all.n, sizeof(*all.p), compare_by_length);
	ret->n = all.n;
	ret->entry = TAKE_PTR(all.p);
	return 0;
}

int ringwall_address_compile(const struct ringwall_prefix *list, size_t n, uint32_t class, size_t max,
			     struct ringwall_address_tree *ret, struct ringwall_err *e)
{
	_cleanup_list_ struct list l = { .max = max };
	struct ringwall_address_tree t = { .n = 0 };
	int err = copy_needed(list, n, class, &l, e);

	if (!err)
		err = build(&l, class, max, &t, e);
	if (!err)
		*ret = t;
	return err;
}

uint32_t ringwall_address_find(const struct ringwall_address_tree *t, const uint8_t address[16])
{
	uint32_t class = t->root.class, low = 0, high = t->root.n;

	while (low < high) {
		uint32_t middle = (low + high) / 2;
		struct ringwall_prefix key = { .length = t->root.length[middle] }, *found;

		memcpy(key.address, address, sizeof(key.address));
		truncate_to(key.address, key.length);
		found = bsearch(&key, t->entry, t->n, sizeof(key), compare_by_length);
		if (found) {
			class = found->class;
			if (found->leaf)
				break;
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return class;
}

void ringwall_address_free(struct ringwall_address_tree *t)
{
	free(t->entry);
	*t = (struct ringwall_address_tree){ .n = 0 };
}
