// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Network rules to classes, prefixes and names; what becomes of them in the kernel is in bpf/abi.h, "network".
 *
 * A class is made along the prefixes: what holds for a prefix is what holds for the one around it, and its own rules.
 * Equal classes are one; the number of the rule that allows is left out, so a thousand prefixes with the same ports are
 * too.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../lib/sha256.h"
#include "address.h"
#include "draft.h"
#include "text.h"

#define ALLOWED 1U /* ringwall_range.rule of what a rule allows; 0: by default */
#define DENY RINGWALL_RANGE_DENY
#define RANGES_MAX 1024 /* of a class while it is made */
#define DNS_PORT 53

/* A class while it is made: sorted, the first starts at 0. */
struct ranges {
	struct ringwall_range *r;
	size_t n;
};

/**
 * struct net - one compilation.
 * @arena: what lives until it ends
 * @classes, @n_classes: by number - 1, and
 * @table: by hash; numbers, 0: free; @table_size is a power of two
 * @address: of both directions
 */
struct net {
	const struct ringwall_model *m;
	struct ringwall_arena arena;
	struct ranges *classes;
	uint32_t n_classes, room;
	uint32_t *table, table_size;
	struct ringwall_address_tree tree[RINGWALL_TREES];
	struct ringwall_err *e;
};

static int no_memory(struct net *net)
{
	return ringwall_fail(net->e, -ENOMEM, "network rules");
}

/* An error about a rule says where the rule is. */
static int fail_at(struct net *net, uint32_t set, uint32_t number, int code, const char *text)
{
	const struct ringwall_rule *r = ringwall_model_rule(net->m, set, number);
	char origin[RINGWALL_ORIGIN_TEXT];

	if (!r)
		return ringwall_fail_plain(net->e, code, "%s rule %u: %s", ringwall_set_name(set), number, text);
	return ringwall_fail_plain(net->e, code, "%s: %s", ringwall_origin_text(&r->origin, origin), text);
}

/* ---- ranges: (protocol << 16 | port) → verdict --------------------------------------------------------------- */

static const uint8_t ported[] = { 6, 17, 33, 132, 136 }; /* tcp, udp, dccp, sctp, udplite */

/* What one rule covers: half-open, in no order. */
struct span {
	uint64_t start, end;
};

static size_t spans_of_ports(const struct ringwall_net_rule *r, int protocol, struct span *ret)
{
	uint64_t base = (uint64_t)protocol << 16;

	for (size_t i = 0; i < r->n_ports; i++)
		ret[i] = (struct span){ base | r->ports[i].first, (base | r->ports[i].last) + 1 };
	return r->n_ports;
}

static struct span *spans(struct net *net, const struct ringwall_net_rule *r, size_t *ret_n)
{
	struct span *s = ringwall_arena_array(&net->arena, 1 + r->n_ports * ARRAY_SIZE(ported), sizeof(*s));

	*ret_n = 1;
	if (!s)
		return NULL;
	if (r->protocol < 0 && !r->n_ports) {
		s[0] = (struct span){ 0, 1ULL << 32 };
	} else if (!r->n_ports) {
		s[0] = (struct span){ (uint64_t)r->protocol << 16, (uint64_t)(r->protocol + 1) << 16 };
	} else if (r->protocol >= 0) {
		*ret_n = spans_of_ports(r, r->protocol, s);
	} else {
		*ret_n = 0;
		for (size_t i = 0; i < ARRAY_SIZE(ported); i++)
			*ret_n += spans_of_ports(r, ported[i], s + *ret_n);
	}
	return s;
}

/* Of two verdicts the one that counts: deny beats allow beats default; of two that deny the first rule. */
static uint32_t stronger(uint32_t a, uint32_t b)
{
	bool deny_a = (a & DENY) && a != DENY, deny_b = (b & DENY) && b != DENY;

	if (deny_a && deny_b)
		return a < b ? a : b;
	if (deny_a || deny_b)
		return deny_a ? a : b;
	return a == ALLOWED || b == ALLOWED ? ALLOWED : a;
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint32_t ranges_at(const struct ranges *l, uint64_t at)
{
	size_t i = 0;

	while (i + 1 < l->n && l->r[i + 1].start <= at)
		i++;
	return l->r[i].rule;
}

static bool spans_have(const struct span *s, size_t n, uint64_t at)
{
	for (size_t i = 0; i < n; i++)
		if (s[i].start <= at && at < s[i].end)
			return true;
	return false;
}

/* All places where @l or @s begins or ends, sorted. */
static uint64_t *cuts_of(struct net *net, const struct ranges *l, const struct span *s, size_t n_spans, size_t *ret_n)
{
	uint64_t *cut = ringwall_arena_array(&net->arena, l->n + 2 * n_spans, sizeof(*cut));
	size_t n = 0;

	if (!cut)
		return NULL;
	for (size_t i = 0; i < l->n; i++)
		cut[n++] = l->r[i].start;
	for (size_t i = 0; i < n_spans; i++) {
		cut[n++] = s[i].start;
		if (s[i].end < 1ULL << 32)
			cut[n++] = s[i].end;
	}
	qsort(cut, n, sizeof(*cut), compare_u64);
	*ret_n = n;
	return cut;
}

/* @l and then @rule. */
static int ranges_add(struct net *net, uint32_t set, const struct ringwall_net_rule *rule, const struct ranges *l,
		      struct ranges *ret)
{
	uint32_t verdict = rule->allow ? ALLOWED : DENY | rule->number;
	size_t n_spans, n_cuts;
	struct span *s = spans(net, rule, &n_spans);
	uint64_t *cut = s ? cuts_of(net, l, s, n_spans, &n_cuts) : NULL;
	struct ranges out = { .n = 0 };

	if (cut)
		out.r = ringwall_arena_array(&net->arena, n_cuts, sizeof(*out.r));
	if (!out.r)
		return no_memory(net);
	for (size_t i = 0; i < n_cuts; i++) {
		uint32_t v = ranges_at(l, cut[i]);

		if (spans_have(s, n_spans, cut[i]))
			v = stronger(v, verdict);
		if (!out.n || out.r[out.n - 1].rule != v)
			out.r[out.n++] = (struct ringwall_range){ (uint32_t)cut[i], v };
	}
	if (out.n > RANGES_MAX)
		return fail_at(net, set, rule->number, -E2BIG,
			       "too many port ranges for one address; use ranges instead of ports");
	*ret = out;
	return 0;
}

/* ---- classes ------------------------------------------------------------------------------------------------- */

static uint32_t hash_of(const struct ranges *l)
{
	uint64_t h = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < l->n; i++)
		h = ((h ^ l->r[i].start) * 0x100000001b3ULL ^ l->r[i].rule) * 0x100000001b3ULL;
	return (uint32_t)(h >> 32);
}

static bool same(const struct ranges *a, const struct ranges *b)
{
	return a->n == b->n && !memcmp(a->r, b->r, a->n * sizeof(*a->r));
}

/* Twice as many places as classes. */
static int classes_grow(struct net *net)
{
	uint32_t room = net->room ? 2 * net->room : 64, size = 2 * room;
	struct ranges *more = ringwall_arena_array(&net->arena, room, sizeof(*more));
	uint32_t *table = ringwall_arena_array(&net->arena, size, sizeof(*table));

	if (!more || !table)
		return no_memory(net);
	if (net->n_classes)
		memcpy(more, net->classes, net->n_classes * sizeof(*more));
	for (uint32_t i = 0; i < net->n_classes; i++) {
		uint32_t at = hash_of(&more[i]) & (size - 1);

		while (table[at])
			at = (at + 1) & (size - 1);
		table[at] = i + 1;
	}
	net->classes = more;
	net->table = table;
	net->table_size = size;
	net->room = room;
	return 0;
}

/* The number of the class that is @l; @number is of the rule that made it what it is. */
static int class_of(struct net *net, const struct ranges *l, uint32_t set, uint32_t number, uint32_t *ret)
{
	struct ranges kept = { .n = l->n };
	uint32_t at;
	int err;

	if (l->n == 1) {
		*ret = RINGWALL_CLASS_FLAT | (l->r[0].rule & DENY ? RINGWALL_CLASS_DENY : 0) | (l->r[0].rule & ~DENY);
		return 0;
	}
	if (l->n > RINGWALL_CLASS_RANGES)
		return fail_at(
			net, set, number, -E2BIG,
			"the rules that hold for one address name too many ports; use ranges instead of single ports");
	if (net->n_classes == net->room) {
		err = classes_grow(net);
		if (err)
			return err;
	}
	for (at = hash_of(l) & (net->table_size - 1); net->table[at]; at = (at + 1) & (net->table_size - 1)) {
		if (same(&net->classes[net->table[at] - 1], l)) {
			*ret = net->table[at];
			return 0;
		}
	}
	if (net->n_classes == RINGWALL_PORTS_MAX)
		return fail_at(net, set, number, -E2BIG, "too many different verdicts for addresses");
	kept.r = ringwall_arena_array(&net->arena, l->n, sizeof(*kept.r));
	if (!kept.r)
		return no_memory(net);
	memcpy(kept.r, l->r, l->n * sizeof(*kept.r));
	net->classes[net->n_classes] = kept;
	*ret = net->table[at] = ++net->n_classes;
	return 0;
}

/* ---- prefixes ------------------------------------------------------------------------------------------------ */

/* A rule with its prefix: ::ffff:a.b.c.d is a.b.c.d. */
struct placed {
	struct ringwall_prefix prefix;
	uint8_t family; /* 0: of both, everywhere */
	const struct ringwall_net_rule *rule;
};

static struct placed place(const struct ringwall_net_rule *r)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct placed p = { .family = r->family, .prefix.length = r->prefix, .rule = r };

	if (r->family == 6 && r->prefix >= 96 && !memcmp(r->address, mapped, sizeof(mapped))) {
		p.family = 4;
		p.prefix.length = (uint8_t)(r->prefix - 96);
		memcpy(p.prefix.address, r->address + 12, 4);
	} else if (r->family) {
		memcpy(p.prefix.address, r->address, sizeof(p.prefix.address));
	}
	return p;
}

static int compare_placed(const void *pa, const void *pb)
{
	const struct placed *a = pa, *b = pb;

	return ringwall_prefix_compare(&a->prefix, &b->prefix) ?: (a->rule->number < b->rule->number ? -1 : 1);
}

/* What holds along the way to a prefix. */
struct level {
	struct ringwall_prefix prefix;
	struct ranges ranges;
};

/* The prefixes of sorted @p[0..n), each with its class. */
static int prefixes(struct net *net, uint32_t set, const struct placed *p, size_t n, const struct ranges *base,
		    struct ringwall_prefix *ret, size_t *ret_n)
{
	struct level stack[130] = { { .ranges = *base } };
	size_t depth = 0, out = 0;
	int err = 0;

	for (size_t i = 0; i < n && !err;) {
		const struct ringwall_prefix *prefix = &p[i].prefix;
		struct ranges l;

		while (depth && !ringwall_prefix_covers(&stack[depth].prefix, prefix->address))
			depth--;
		l = stack[depth].ranges;
		do
			err = ranges_add(net, set, p[i].rule, &l, &l);
		while (!err && ++i < n && !ringwall_prefix_compare(&p[i].prefix, prefix));
		if (err)
			break;
		stack[++depth] = (struct level){ *prefix, l };
		ret[out] = *prefix;
		err = class_of(net, &l, set, p[i - 1].rule->number, &ret[out++].class);
	}
	*ret_n = out;
	return err;
}

/* One family of one direction. Rules for every address, with a prefix of length 0 or without one, make the root's class. */
static int compile_tree(struct net *net, uint32_t set, const struct ranges *fallback, const struct placed *rules,
			size_t n, uint8_t family, struct ringwall_address_tree *ret)
{
	struct placed *p = ringwall_arena_array(&net->arena, n + 1, sizeof(*p));
	struct ringwall_prefix *list = ringwall_arena_array(&net->arena, n + 1, sizeof(*list));
	struct ranges base = *fallback;
	uint32_t class, number = 0;
	size_t n_placed = 0, n_list;
	int err = p && list ? 0 : no_memory(net);

	for (size_t i = 0; i < n && !err; i++) {
		if (rules[i].family && rules[i].family != family)
			continue;
		if (rules[i].prefix.length) {
			p[n_placed++] = rules[i];
			continue;
		}
		number = rules[i].rule->number;
		err = ranges_add(net, set, rules[i].rule, &base, &base);
	}
	if (!err)
		err = class_of(net, &base, set, number, &class);
	if (err)
		return err;
	qsort(p, n_placed, sizeof(*p), compare_placed);
	err = prefixes(net, set, p, n_placed, &base, list, &n_list);
	if (!err)
		err = ringwall_address_compile(list, n_list, class, RINGWALL_ADDRESSES_MAX, ret, net->e);
	return err;
}

/* Names make their resolvers reachable, as far as no rule denies it. */
static size_t resolver_rules(const struct ringwall_model *m, struct ringwall_net_rule *ret)
{
	static struct ringwall_port_range dns = { DNS_PORT, DNS_PORT };
	size_t n = 0;

	for (size_t i = 0; i < m->n_resolvers; i++) {
		for (int tcp = 0; tcp < 2; tcp++) {
			struct ringwall_net_rule *r = &ret[n++];

			*r = (struct ringwall_net_rule){ .allow = true,
							 .family = m->resolvers[i].family,
							 .protocol = tcp ? 6 : 17,
							 .ports = &dns,
							 .n_ports = 1 };
			r->prefix = r->family == 4 ? 32 : 128;
			memcpy(r->address, m->resolvers[i].address, sizeof(r->address));
		}
	}
	return n;
}

static int compile_direction(struct net *net, uint32_t set, const struct ringwall_net_list *l, bool names,
			     struct ringwall_address_tree *ret)
{
	struct ringwall_net_rule implied[2 * RINGWALL_RESOLVERS_MAX];
	size_t n_implied = names ? resolver_rules(net->m, implied) : 0, n = 0;
	struct placed *p = ringwall_arena_array(&net->arena, l->n + n_implied + 1, sizeof(*p));
	struct ringwall_range start = { 0, l->deny_default ? DENY : 0 };
	struct ranges fallback = { &start, 1 };
	int err;

	if (!p)
		return no_memory(net);
	for (size_t i = 0; i < l->n; i++)
		if (!l->rules[i].name)
			p[n++] = place(&l->rules[i]);
	for (size_t i = 0; i < n_implied; i++)
		p[n++] = place(&implied[i]);
	err = compile_tree(net, set, &fallback, p, n, 4, &ret[0]);
	if (!err)
		err = compile_tree(net, set, &fallback, p, n, 6, &ret[1]);
	return err;
}

static int compile_bind(struct net *net, uint32_t *ret)
{
	const struct ringwall_net_list *l = &net->m->bind;
	struct ringwall_range start = { 0, l->deny_default ? DENY : 0 };
	struct ranges all = { &start, 1 };
	int err = 0;

	for (size_t i = 0; i < l->n && !err; i++) {
		if (l->rules[i].family || l->rules[i].name)
			return fail_at(net, RINGWALL_SET_BIND, l->rules[i].number, -EINVAL,
				       "bind has no addresses, only ports");
		err = ranges_add(net, RINGWALL_SET_BIND, &l->rules[i], &all, &all);
	}
	return err ?: class_of(net, &all, RINGWALL_SET_BIND, l->n ? l->rules[l->n - 1].number : 0, ret);
}

/* ---- names --------------------------------------------------------------------------------------------------- */

static int compare_names(const void *pa, const void *pb)
{
	const struct ringwall_net_rule *const *a = pa, *const *b = pb;

	return strcmp((*a)->name, (*b)->name) ?: ((*a)->number < (*b)->number ? -1 : 1);
}

/* Adds the rules for exactly @name. */
static int add_named(struct net *net, const struct ringwall_net_rule **sorted, size_t n, const char *name,
		     struct ranges *l)
{
	size_t low = 0, high = n;
	int err = 0;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(sorted[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < n && !err && !strcmp(sorted[low]->name, name); low++)
		err = ranges_add(net, RINGWALL_SET_EGRESS, sorted[low], l, l);
	return err;
}

static uint64_t token_of(const char *name)
{
	uint8_t digest[RINGWALL_SHA256_SIZE];
	struct ringwall_sha256 h;
	uint64_t token;

	ringwall_sha256_init(&h);
	ringwall_sha256_update(&h, name, strlen(name));
	ringwall_sha256_final(&h, digest);
	memcpy(&token, digest, sizeof(token));
	return token ?: 1;
}

/* The class of a name or wildcard: its own rules, and those of the wildcards that it is below. */
static int compile_name(struct net *net, const struct ringwall_net_rule **sorted, size_t n,
			const struct ringwall_net_rule *r, struct ringwall_name_key *key, uint64_t *ret_token,
			uint32_t *ret_class)
{
	struct ringwall_range start = { 0, DENY };
	struct ranges l = { &start, 1 };
	size_t length = strlen(r->name);
	const char *below = r->name;
	int err = 0;

	if (!length || length > sizeof(key->name))
		return fail_at(net, RINGWALL_SET_EGRESS, r->number, -E2BIG, "the name is too long");
	for (; below && !err; below = strchr(below + 1, '.'))
		err = add_named(net, sorted, n, below, &l);
	if (err)
		return err;
	key->length = (uint32_t)length;
	memcpy(key->name, r->name, length);
	*ret_token = token_of(r->name);
	return class_of(net, &l, RINGWALL_SET_EGRESS, r->number, ret_class);
}

struct named {
	struct ringwall_name_key key;
	uint64_t token;
	uint32_t class;
};

static int compare_keys(const void *pa, const void *pb)
{
	return memcmp(&((const struct named *)pa)->key, &((const struct named *)pb)->key,
		      sizeof(struct ringwall_name_key));
}

static int compare_tokens(const void *pa, const void *pb)
{
	return compare_u64(&((const struct named *)pa)->token, &((const struct named *)pb)->token);
}

static int write_names(struct net *net, struct named *list, uint32_t n, struct ringwall_draft *d)
{
	struct ringwall_section *names = &d->section[RINGWALL_SECTION_NAMES],
				*tokens = &d->section[RINGWALL_SECTION_TOKENS];
	int err = ringwall_section_alloc(names, n, sizeof(struct ringwall_name_key), sizeof(struct ringwall_dns_name),
					 net->e);

	if (!err)
		err = ringwall_section_alloc(tokens, n, sizeof(struct ringwall_token_key),
					     sizeof(struct ringwall_token), net->e);
	if (err)
		return err;
	qsort(list, n, sizeof(*list), compare_keys);
	for (uint32_t i = 0; i < n; i++) {
		((struct ringwall_name_key *)names->keys)[i] = list[i].key;
		((struct ringwall_dns_name *)names->values)[i].token = list[i].token;
	}
	qsort(list, n, sizeof(*list), compare_tokens);
	for (uint32_t i = 0; i < n; i++) {
		((struct ringwall_token_key *)tokens->keys)[i].token = list[i].token;
		((struct ringwall_token *)tokens->values)[i].class = list[i].class;
	}
	return 0;
}

/*
 * A name can only open what the default refuses: under a default that allows, one that allows says nothing, and one
 * that denies could not be kept (a program need not ask). Under a default that denies, a denied name takes a part from
 * a wildcard.
 */
static int compile_names(struct net *net, struct ringwall_draft *d, bool *ret_any)
{
	const struct ringwall_net_list *l = &net->m->egress;
	const struct ringwall_net_rule **sorted = ringwall_arena_array(&net->arena, l->n + 1, sizeof(*sorted));
	struct named *list = ringwall_arena_array(&net->arena, l->n + 1, sizeof(*list));
	uint32_t n_list = 0;
	size_t n = 0;
	int err = sorted && list ? 0 : no_memory(net);

	for (size_t i = 0; i < l->n && !err; i++) {
		if (!l->rules[i].name)
			continue;
		if (!l->deny_default && !l->rules[i].allow)
			return fail_at(
				net, RINGWALL_SET_EGRESS, l->rules[i].number, -EINVAL,
				"a name can be denied only where the default is deny; deny its addresses by cidr");
		sorted[n++] = &l->rules[i];
	}
	*ret_any = n && l->deny_default;
	if (err || !*ret_any)
		return err;
	qsort(sorted, n, sizeof(*sorted), compare_names);
	for (size_t i = 0; i < n && !err; i++) {
		if (i && !strcmp(sorted[i]->name, sorted[i - 1]->name))
			continue;
		err = compile_name(net, sorted, n, sorted[i], &list[n_list].key, &list[n_list].token,
				   &list[n_list].class);
		n_list++;
	}
	return err ?: write_names(net, list, n_list, d);
}

/* ---- all of it ----------------------------------------------------------------------------------------------- */

static int write_classes(struct net *net, struct ringwall_draft *d)
{
	struct ringwall_section *s = &d->section[RINGWALL_SECTION_PORTS];
	int err = ringwall_section_alloc(s, net->n_classes, sizeof(struct ringwall_ports_key),
					 sizeof(struct ringwall_ports), net->e);

	for (uint32_t i = 0; i < net->n_classes && !err; i++) {
		struct ringwall_ports *v = &((struct ringwall_ports *)s->values)[i];

		((struct ringwall_ports_key *)s->keys)[i].class = i + 1;
		v->n = (uint32_t)net->classes[i].n;
		memcpy(v->range, net->classes[i].r, net->classes[i].n * sizeof(v->range[0]));
	}
	return err;
}

static void write_address(const struct ringwall_prefix *p, int tree, bool six, struct ringwall_section *s, size_t at)
{
	((struct ringwall_address *)s->values)[at].class = p->class | (p->leaf ? RINGWALL_ADDRESS_LEAF : 0);
	if (six) {
		struct ringwall_address6_key *k = &((struct ringwall_address6_key *)s->keys)[at];

		k->tree = (uint16_t)tree;
		k->length = p->length;
		memcpy(k->address, p->address, sizeof(k->address));
	} else {
		struct ringwall_address4_key *k = &((struct ringwall_address4_key *)s->keys)[at];

		k->tree = (uint16_t)tree;
		k->length = p->length;
		memcpy(k->address, p->address, sizeof(k->address));
	}
}

/* One family, of both directions. */
static int write_addresses(struct net *net, struct ringwall_draft *d, bool six)
{
	enum ringwall_section_kind kind = six ? RINGWALL_SECTION_ADDRESSES6 : RINGWALL_SECTION_ADDRESSES4;
	const int trees[] = { six ? RINGWALL_TREE_EGRESS6 : RINGWALL_TREE_EGRESS4,
			      six ? RINGWALL_TREE_INGRESS6 : RINGWALL_TREE_INGRESS4 };
	size_t n = net->tree[trees[0]].n + net->tree[trees[1]].n, at = 0;
	int err;

	if (n > RINGWALL_ADDRESSES_MAX)
		return ringwall_fail_plain(net->e, -E2BIG,
					   "network: the prefixes take %zu entries, more than %u; use fewer of them", n,
					   RINGWALL_ADDRESSES_MAX);
	err = ringwall_section_alloc(&d->section[kind], (uint32_t)n, ringwall_section_key_size(kind),
				     ringwall_section_value_size(kind), net->e);
	if (err)
		return err;
	for (size_t t = 0; t < ARRAY_SIZE(trees); t++) {
		const struct ringwall_address_tree *tree = &net->tree[trees[t]];

		d->policy.tree[trees[t]] = tree->root;
		for (size_t i = 0; i < tree->n; i++)
			write_address(&tree->entry[i], trees[t], six, &d->section[kind], at++);
	}
	return 0;
}

static int compile(struct net *net, struct ringwall_draft *d)
{
	const struct ringwall_model *m = net->m;
	bool names = false;
	int err = 0;

	if (m->egress.set)
		err = compile_names(net, d, &names);
	if (!err && m->egress.set)
		err = compile_direction(net, RINGWALL_SET_EGRESS, &m->egress, names, &net->tree[RINGWALL_TREE_EGRESS4]);
	if (!err && m->ingress.set)
		err = compile_direction(net, RINGWALL_SET_INGRESS, &m->ingress, false,
					&net->tree[RINGWALL_TREE_INGRESS4]);
	if (!err && m->bind.set)
		err = compile_bind(net, &d->policy.bind_class);
	if (!err)
		err = write_classes(net, d);
	if (!err)
		err = write_addresses(net, d, false);
	if (!err)
		err = write_addresses(net, d, true);
	if (err || !names)
		return err;
	d->policy.flags |= RINGWALL_POLICY_NAMES;
	for (size_t i = 0; i < m->n_resolvers; i++) {
		d->policy.resolver_family[i] = m->resolvers[i].family;
		memcpy(d->policy.resolvers[i], m->resolvers[i].address, sizeof(d->policy.resolvers[i]));
	}
	return 0;
}

int ringwall_draft_network(const struct ringwall_model *m, struct ringwall_draft *d, struct ringwall_err *e)
{
	struct net net = { .m = m, .e = e };
	int err = compile(&net, d);

	for (int t = 0; t < RINGWALL_TREES; t++)
		ringwall_address_free(&net.tree[t]);
	ringwall_arena_free(&net.arena);
	return err;
}
