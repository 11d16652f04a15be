// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Network rules: what the compiler makes of them, searched as the programs in the kernel do, against the rules read
 * literally.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "../../user/lib/cleanup.h"
#include "../../user/policy/address.h"
#include "../../user/policy/draft.h"

#define TCP 6
#define UDP 17
#define ICMP 1
#define DENY RINGWALL_RANGE_DENY

/* Nothing here is shared with the compiler under test. */

static bool in_prefix(const uint8_t *address, const uint8_t *prefix, unsigned int bits)
{
	for (unsigned int i = 0; i < bits; i++)
		if ((address[i / 8] ^ prefix[i / 8]) & (0x80 >> i % 8))
			return false;
	return true;
}

static bool rule_matches(const struct ringwall_net_rule *r, int family, const uint8_t *address, int protocol, int port)
{
	bool ported = protocol == 6 || protocol == 17 || protocol == 33 || protocol == 132 || protocol == 136;

	if (r->name || (r->family && (r->family != family || !in_prefix(address, r->address, r->prefix))))
		return false;
	if (r->protocol >= 0 && r->protocol != protocol)
		return false;
	if (!r->n_ports)
		return true;
	for (size_t i = 0; i < r->n_ports && ported; i++)
		if (r->ports[i].first <= port && port <= r->ports[i].last)
			return true;
	return false;
}

/* As ringwall_range.rule: the first rule that denies; 1 for what a rule allows. */
static uint32_t literally(const struct ringwall_net_list *l, int family, const uint8_t *address, int protocol, int port)
{
	uint32_t verdict = l->deny_default ? DENY : 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct ringwall_net_rule *r = &l->rules[i];

		if (!rule_matches(r, family, address, protocol, port))
			continue;
		if (!r->allow)
			return DENY | r->number;
		verdict = 1;
	}
	return verdict;
}

static const void *find(const struct ringwall_section *s, const void *key, size_t key_size, size_t value_size)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (!memcmp((const char *)s->keys + i * key_size, key, key_size))
			return (const char *)s->values + i * value_size;
	return NULL;
}

/* Of both kinds: they differ in what comes last. */
static int compare_address_keys(const void *a, const void *b, size_t bytes)
{
	const struct ringwall_address6_key *x = a, *y = b;

	if (x->tree != y->tree)
		return x->tree < y->tree ? -1 : 1;
	if (x->length != y->length)
		return x->length < y->length ? -1 : 1;
	return memcmp(x->address, y->address, bytes);
}

static int compare_address4_keys(const void *a, const void *b)
{
	return compare_address_keys(a, b, 4);
}

static int compare_address6_keys(const void *a, const void *b)
{
	return compare_address_keys(a, b, 16);
}

static const struct ringwall_address *find_address(const struct ringwall_draft *d,
						   const struct ringwall_address6_key *key)
{
	bool six = key->tree == RINGWALL_TREE_EGRESS6 || key->tree == RINGWALL_TREE_INGRESS6;
	const struct ringwall_section *s = &d->section[six ? RINGWALL_SECTION_ADDRESSES6 : RINGWALL_SECTION_ADDRESSES4];
	size_t size = six ? sizeof(struct ringwall_address6_key) : sizeof(struct ringwall_address4_key);
	const char *found = bsearch(key, s->keys, s->n, size, six ? compare_address6_keys : compare_address4_keys);

	return found ? (const struct ringwall_address *)s->values + (size_t)(found - (const char *)s->keys) / size
		     : NULL;
}

static uint32_t range_of(const struct ringwall_draft *d, uint32_t class, int protocol, int port)
{
	struct ringwall_ports_key key = { .class = class };
	const struct ringwall_ports *v = find(&d->section[RINGWALL_SECTION_PORTS], &key, sizeof(key), sizeof(*v));
	uint32_t at = (uint32_t)protocol << 16 | (uint32_t)port, low = 0, high;

	if (class & RINGWALL_CLASS_FLAT)
		return (class & (RINGWALL_CLASS_DENY - 1)) | (class & RINGWALL_CLASS_DENY ? DENY : 0);
	assert_non_null(v);
	assert_in_range(v->n, 1, RINGWALL_CLASS_RANGES);
	assert_int_equal(v->range[0].start, 0);
	for (uint32_t i = 1; i < v->n; i++)
		assert_true(v->range[i - 1].start < v->range[i].start);
	high = v->n;
	for (int i = 0; i < 6 && low + 1 < high; i++) {
		uint32_t middle = (low + high) / 2;

		if (v->range[middle].start <= at)
			low = middle;
		else
			high = middle;
	}
	assert_true(low + 1 >= high);
	return v->range[low].rule;
}

/* The bisection of bpf/network.bpf.h; @steps: how many lookups it took. */
static uint32_t class_in(const struct ringwall_draft *d, uint16_t tree, const uint8_t *address, int *steps)
{
	const struct ringwall_tree_root *root = &d->policy.tree[tree];
	uint32_t class = root->class, low = 0, high = root->n;

	for (*steps = 0; low < high; (*steps)++) {
		uint32_t middle = (low + high) / 2;
		struct ringwall_address6_key key = { .tree = tree, .length = root->length[middle] };
		const struct ringwall_address *found;

		for (unsigned int i = 0; i < key.length; i++)
			key.address[i / 8] |= (uint8_t)(address[i / 8] & (0x80 >> i % 8));
		found = find_address(d, &key);
		if (found) {
			class = found->class;
			if (class & RINGWALL_ADDRESS_LEAF)
				return class & ~RINGWALL_ADDRESS_LEAF;
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return class;
}

static uint32_t compiled(const struct ringwall_draft *d, bool ingress, int family, const uint8_t *address, int protocol,
			 int port)
{
	uint16_t tree = (uint16_t)((ingress ? RINGWALL_TREE_INGRESS4 : RINGWALL_TREE_EGRESS4) + (family == 6));
	int steps;
	uint32_t class = class_in(d, tree, address, &steps);

	assert_in_range(steps, 0, 4);
	return range_of(d, class, protocol, port);
}

static void compile(const struct ringwall_model *m, struct ringwall_draft *d)
{
	struct ringwall_err e = { 0 };

	*d = (struct ringwall_draft){ 0 };
	if (ringwall_draft_network(m, d, &e) < 0)
		fail_msg("compile: %s", e.text);
}

static struct ringwall_net_rule rule(bool allow, uint32_t number, const char *cidr, int protocol)
{
	struct ringwall_net_rule r = { .allow = allow, .number = number, .protocol = protocol };
	char text[64];
	char *slash;

	if (!cidr)
		return r;
	snprintf(text, sizeof(text), "%s", cidr);
	slash = strchr(text, '/');
	*slash = '\0';
	r.prefix = (uint8_t)atoi(slash + 1);
	r.family = strchr(text, ':') ? 6 : 4;
	assert_int_equal(inet_pton(r.family == 6 ? AF_INET6 : AF_INET, text, r.address), 1);
	return r;
}

static void assert_verdict(const struct ringwall_draft *d, bool ingress, const char *address, int protocol, int port,
			   uint32_t want)
{
	uint8_t a[16] = { 0 };
	int family = strchr(address, ':') ? 6 : 4;
	uint32_t got;

	assert_int_equal(inet_pton(family == 6 ? AF_INET6 : AF_INET, address, a), 1);
	got = compiled(d, ingress, family, a, protocol, port);
	if (got != want)
		fail_msg("%s %d %d: %#x, want %#x", address, protocol, port, got, want);
}

static void by_hand(void **state)
{
	struct ringwall_port_range https = { 443, 443 }, some = { 8000, 8100 }, both[] = { https, some };
	struct ringwall_net_rule egress[] = {
		rule(true, 1, "10.0.0.0/8", TCP),
		rule(true, 2, "2001:db8::/32", -1),
		rule(false, 3, "10.1.0.0/16", -1),
		rule(true, 4, "10.1.2.3/32", TCP),
		rule(true, 5, NULL, ICMP),
		rule(false, 6, "2001:db8:1::/48", UDP),
		rule(true, 7, "::ffff:192.168.0.0/120", TCP),
	};
	struct ringwall_net_rule ingress[] = { rule(false, 1, "0.0.0.0/0", UDP), rule(false, 2, NULL, TCP) };
	struct ringwall_model m = {
		.egress = { true, true, egress, ARRAY_SIZE(egress) },
		.ingress = { true, false, ingress, ARRAY_SIZE(ingress) },
	};
	struct ringwall_draft d;

	(void)state;
	egress[0].ports = both;
	egress[0].n_ports = 2;
	ingress[1].ports = &some;
	ingress[1].n_ports = 1;
	compile(&m, &d);
	assert_verdict(&d, false, "10.2.0.1", TCP, 443, 1);
	assert_verdict(&d, false, "10.2.0.1", TCP, 444, DENY);
	assert_verdict(&d, false, "10.2.0.1", TCP, 8000, 1);
	assert_verdict(&d, false, "10.2.0.1", TCP, 8100, 1);
	assert_verdict(&d, false, "10.2.0.1", TCP, 8101, DENY);
	assert_verdict(&d, false, "10.2.0.1", UDP, 443, DENY);
	assert_verdict(&d, false, "10.1.9.9", TCP, 443, DENY | 3);
	assert_verdict(&d, false, "10.1.2.3", TCP, 443, DENY | 3);
	assert_verdict(&d, false, "11.0.0.0", TCP, 443, DENY);
	assert_verdict(&d, false, "1.2.3.4", ICMP, 0, 1);
	assert_verdict(&d, false, "10.1.2.3", ICMP, 0, DENY | 3);
	assert_verdict(&d, false, "2001:db8::1", UDP, 1, 1);
	assert_verdict(&d, false, "2001:db8:1::1", UDP, 1, DENY | 6);
	assert_verdict(&d, false, "2001:db8:1::1", TCP, 1, 1);
	assert_verdict(&d, false, "2001:db9::1", TCP, 1, DENY);
	assert_verdict(&d, false, "192.168.7.7", TCP, 1, DENY);
	assert_verdict(&d, false, "192.168.0.7", TCP, 1, 1);
	assert_verdict(&d, true, "192.168.0.7", TCP, 7999, 0);
	assert_verdict(&d, true, "192.168.0.7", TCP, 8050, DENY | 2);
	assert_verdict(&d, true, "192.168.0.7", UDP, 9, DENY | 1);
	assert_verdict(&d, true, "::1", UDP, 9, 0);
	assert_verdict(&d, true, "::1", TCP, 8050, DENY | 2);
	ringwall_draft_free(&d);
}

/* Random rules, close together so that they nest and overlap. */
static void random_rule(struct ringwall_net_rule *r, uint32_t number, struct ringwall_port_range *ports)
{
	static const int protocols[] = { -1, -1, TCP, UDP, ICMP, 132 };

	*r = (struct ringwall_net_rule){ .allow = rand() % 3, .number = number, .ports = ports };
	r->protocol = protocols[rand() % 6];
	r->n_ports = r->protocol == ICMP ? 0 : (size_t)(rand() % 3);
	for (size_t i = 0; i < r->n_ports; i++) {
		ports[i].first = (uint16_t)(rand() % 12);
		ports[i].last = (uint16_t)(ports[i].first + rand() % 4);
	}
	r->family = (uint8_t)(rand() % 9 == 0 ? 0 : rand() % 2 ? 4 : 6);
	if (!r->family)
		return;
	r->prefix = (uint8_t)(r->family == 4 ? 8 + rand() % 25 : rand() % 4 ? 16 + rand() % 40 : rand() % 129);
	for (int i = 0; i < (r->family == 4 ? 4 : 16); i++)
		r->address[i] = rand() % 3 ? (uint8_t)(rand() & 0x81) : 0;
	for (unsigned int i = r->prefix; i < 128; i++)
		r->address[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
}

static void random_address(const struct ringwall_net_list *l, int family, uint8_t ret[16])
{
	const struct ringwall_net_rule *r = l->n ? &l->rules[(size_t)rand() % l->n] : NULL;

	memset(ret, 0, 16);
	for (int i = 0; i < (family == 4 ? 4 : 16); i++)
		ret[i] = rand() % 3 ? (uint8_t)(rand() & 0x81) : (uint8_t)rand();
	if (!r || r->family != family)
		return;
	/* at or near the edge of a prefix */
	memcpy(ret, r->address, r->prefix / 8);
	if (rand() % 2)
		memcpy(ret, r->address, 16);
	if (rand() % 3 == 0)
		ret[rand() % (family == 4 ? 4 : 16)] ^= (uint8_t)(1 << rand() % 8);
}

static void assert_same(const struct ringwall_model *m, const struct ringwall_draft *d, bool ingress)
{
	const struct ringwall_net_list *l = ingress ? &m->ingress : &m->egress;
	static const int protocols[] = { TCP, UDP, ICMP, 132, 47, 255 };

	for (int i = 0; i < 400; i++) {
		int family = rand() % 2 ? 4 : 6, protocol = protocols[rand() % 6];
		int port = protocol == ICMP || protocol == 47 || protocol == 255 ? 0 : rand() % 16;
		uint8_t a[16];
		char text[64];
		uint32_t want, got;

		random_address(l, family, a);
		if (family == 6 && !memcmp(a, (uint8_t[12]){ [10] = 0xff, [11] = 0xff }, 12))
			continue;
		want = literally(l, family, a, protocol, port);
		got = compiled(d, ingress, family, a, protocol, port);
		if (want != got)
			fail_msg("%s %d %d: %#x, want %#x",
				 inet_ntop(family == 4 ? AF_INET : AF_INET6, a, text, sizeof(text)), protocol, port,
				 got, want);
	}
}

static void random_lists(void **state)
{
	struct ringwall_net_rule rules[2][60];
	struct ringwall_port_range ports[2][60][2];
	int expanded = 0, n_compiled = 0;

	(void)state;
	srand(3);
	for (int round = 0; round < 300; round++) {
		struct ringwall_model m = { .egress = { true, rand() % 2, rules[0], (size_t)(rand() % 60) },
					    .ingress = { true, rand() % 2, rules[1], (size_t)(rand() % 60) } };
		struct ringwall_err e = { 0 };
		struct ringwall_draft d = { 0 };
		int err;

		for (uint32_t i = 0; i < m.egress.n; i++)
			random_rule(&rules[0][i], i + 1, ports[0][i]);
		for (uint32_t i = 0; i < m.ingress.n; i++)
			random_rule(&rules[1][i], i + 1, ports[1][i]);
		err = ringwall_draft_network(&m, &d, &e);
		if (err < 0) /* lengths too far apart to be expanded */
			assert_int_equal(err, -E2BIG);
		for (int t = 0; t < RINGWALL_TREES && !err; t++)
			expanded += d.policy.tree[t].n == RINGWALL_ADDRESS_LENGTHS;
		if (!err) {
			n_compiled++;
			assert_same(&m, &d, false);
			assert_same(&m, &d, true);
		}
		ringwall_draft_free(&d);
	}
	print_message("# %d lists compiled, %d trees of as many lengths as may be\n", n_compiled, expanded);
	assert_true(expanded > 20 && n_compiled > 200);
}

/* As many different lists as one likes: the sections do not depend on anything but what they say. */
static void deterministic(void **state)
{
	struct ringwall_net_rule rules[40];
	struct ringwall_port_range ports[40][2];
	struct ringwall_model m = { .egress = { true, true, rules, 40 } };
	struct ringwall_draft a, b;

	(void)state;
	srand(5);
	for (uint32_t i = 0; i < 40; i++) {
		random_rule(&rules[i], i + 1, ports[i]);
		rules[i].allow = true;
	}
	compile(&m, &a);
	for (uint32_t i = 0; i < 20; i++) {
		struct ringwall_net_rule r = rules[i];

		rules[i] = rules[39 - i];
		rules[39 - i] = r;
	}
	compile(&m, &b);
	assert_memory_equal(&a.policy, &b.policy, sizeof(a.policy));
	for (int i = 0; i < RINGWALL_SECTIONS; i++) {
		assert_int_equal(a.section[i].n, b.section[i].n);
		if (a.section[i].n) {
			size_t k = ringwall_section_key_size(i), v = ringwall_section_value_size(i);

			assert_memory_equal(a.section[i].keys, b.section[i].keys, a.section[i].n * k);
			assert_memory_equal(a.section[i].values, b.section[i].values, a.section[i].n * v);
		}
	}
	ringwall_draft_free(&a);
	ringwall_draft_free(&b);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void ten_thousand(void **state)
{
	static struct ringwall_net_rule rules[10000];
	struct ringwall_port_range https = { 443, 443 };
	struct ringwall_model m = { .egress = { true, true, rules, ARRAY_SIZE(rules) } };
	struct ringwall_draft d;
	double start;
	int steps;

	(void)state;
	srand(7);
	for (uint32_t i = 0; i < ARRAY_SIZE(rules); i++) {
		uint32_t a = (uint32_t)rand() * 2654435761U;

		rules[i] = (struct ringwall_net_rule){
			.allow = true, .number = i + 1, .family = 4, .protocol = TCP, .ports = &https, .n_ports = 1
		};
		rules[i].prefix = (uint8_t)(i % 3 ? 24 : 12 + i % 21);
		a = htonl(a & ~0U << (32 - rules[i].prefix));
		memcpy(rules[i].address, &a, 4);
	}
	start = seconds();
	compile(&m, &d);
	start = seconds() - start;
	print_message("# 10,000 prefixes: %u addresses, %u classes, %u lengths, %.1f ms\n",
		      d.section[RINGWALL_SECTION_ADDRESSES4].n, d.section[RINGWALL_SECTION_PORTS].n, d.policy.tree[0].n,
		      start * 1e3);
	assert_true(d.section[RINGWALL_SECTION_PORTS].n <= 2);
	assert_true(d.section[RINGWALL_SECTION_ADDRESSES4].n < 60000);
	for (uint32_t i = 0; i < ARRAY_SIZE(rules); i += 7) {
		uint32_t class = class_in(&d, RINGWALL_TREE_EGRESS4, rules[i].address, &steps);

		assert_int_equal(range_of(&d, class, TCP, 443), 1);
		assert_int_equal(range_of(&d, class, TCP, 442), DENY);
	}
	ringwall_draft_free(&d);
}

static const char *bound_error(struct ringwall_model *m, int want)
{
	static struct ringwall_err e;
	struct ringwall_draft d = { 0 };

	e = (struct ringwall_err){ 0 };
	assert_int_equal(ringwall_draft_network(m, &d, &e), want);
	ringwall_draft_free(&d);
	return e.text;
}

static void bounds(void **state)
{
	static struct ringwall_port_range ports[100];
	struct ringwall_net_rule one = rule(true, 1, "10.0.0.0/8", TCP), many[17];
	struct ringwall_rule origin = { RINGWALL_SET_EGRESS, 1, { "web.json", 4, 7 }, "egress allow" };
	struct ringwall_model m = { .egress = { true, true, &one, 1 }, .rules = &origin, .n_rules = 1 };
	struct ringwall_draft d;

	(void)state;
	for (uint16_t i = 0; i < 100; i++)
		ports[i] = (struct ringwall_port_range){ (uint16_t)(2 * i + 1), (uint16_t)(2 * i + 1) };
	one.ports = ports;
	one.n_ports = 30;
	compile(&m, &d);
	ringwall_draft_free(&d);
	one.n_ports = 31;
	assert_non_null(strstr(bound_error(&m, -E2BIG), "web.json:4:7: "));
	/* 17 lengths, the two shortest of which are 80 bits from anything */
	for (uint32_t i = 0; i < 17; i++) {
		many[i] = rule(true, i + 1, "2001:db8::/32", TCP);
		many[i].prefix = (uint8_t)(i < 14 ? 8 * i + 1 : 100 + 9 * (i - 14));
		many[i].ports = &ports[i];
		many[i].n_ports = 1;
		for (unsigned int bit = many[i].prefix; bit < 128; bit++)
			many[i].address[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	}
	m.egress = (struct ringwall_net_list){ true, true, many, 17 };
	compile(&m, &d);
	assert_int_equal(d.policy.tree[RINGWALL_TREE_EGRESS6].n, RINGWALL_ADDRESS_LENGTHS);
	ringwall_draft_free(&d);
	one = rule(true, 1, "10.0.0.0/8", TCP);
	m.egress = (struct ringwall_net_list){ 0 };
	m.bind = (struct ringwall_net_list){ true, true, &one, 1 };
	assert_non_null(strstr(bound_error(&m, -EINVAL), "bind"));
}

/* 16 lengths, 7 bits from each other, with so many prefixes each that expanding any takes more than there is room for. */
static void cannot_be_expanded(void **state)
{
	static struct ringwall_net_rule rules[16 * 4200];
	struct ringwall_model m = { .egress = { true, true, rules, ARRAY_SIZE(rules) } };

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(rules); i++) {
		uint32_t top = htonl(i << 12);

		rules[i] = (struct ringwall_net_rule){ .allow = true, .number = i + 1, .family = 6, .protocol = -1 };
		rules[i].prefix = (uint8_t)(20 + 7 * (i % 16));
		memcpy(rules[i].address, &top, sizeof(top));
	}
	assert_non_null(strstr(bound_error(&m, -E2BIG), "prefix lengths"));
}

static uint32_t name_verdict(const struct ringwall_draft *d, const char *name, int protocol, int port)
{
	struct ringwall_name_key key = { .length = (uint32_t)strlen(name) };
	struct ringwall_token_key token = { 0 };
	const struct ringwall_dns_name *n;
	const struct ringwall_token *t;

	memcpy(key.name, name, strlen(name));
	n = find(&d->section[RINGWALL_SECTION_NAMES], &key, sizeof(key), sizeof(*n));
	assert_non_null(n);
	token.token = n->token;
	t = find(&d->section[RINGWALL_SECTION_TOKENS], &token, sizeof(token), sizeof(*t));
	assert_non_null(t);
	return range_of(d, t->class, protocol, port);
}

static void names(void **state)
{
	struct ringwall_port_range https = { 443, 443 };
	struct ringwall_net_rule r[] = {
		rule(true, 1, NULL, TCP), rule(true, 2, NULL, UDP),	     rule(false, 3, NULL, -1),
		rule(true, 4, NULL, -1),  rule(false, 5, "10.0.0.9/32", -1),
	};
	struct ringwall_model m = { .egress = { true, true, r, ARRAY_SIZE(r) }, .has_names = true, .n_resolvers = 2 };
	struct ringwall_draft d;

	(void)state;
	r[0].name = "api.example.com";
	r[0].ports = &https;
	r[0].n_ports = 1;
	r[1].name = ".example.com";
	r[2].name = ".internal.example.com";
	r[3].name = "b.internal.example.com";
	m.resolvers[0].family = 4;
	memcpy(m.resolvers[0].address, (uint8_t[]){ 10, 0, 0, 53 }, 4);
	m.resolvers[1].family = 4;
	memcpy(m.resolvers[1].address, (uint8_t[]){ 10, 0, 0, 9 }, 4);
	compile(&m, &d);
	assert_int_equal(d.section[RINGWALL_SECTION_NAMES].n, 4);
	assert_true(d.policy.flags & RINGWALL_POLICY_NAMES);
	assert_int_equal(d.policy.resolver_family[0], 4);
	assert_int_equal(d.policy.resolver_family[2], 0);
	/* its own rule, and that of the wildcard above */
	assert_int_equal(name_verdict(&d, "api.example.com", TCP, 443), 1);
	assert_int_equal(name_verdict(&d, "api.example.com", TCP, 80), DENY);
	assert_int_equal(name_verdict(&d, "api.example.com", UDP, 80), 1);
	assert_int_equal(name_verdict(&d, ".example.com", TCP, 443), DENY);
	/* deny beats allow, also from further up */
	assert_int_equal(name_verdict(&d, ".internal.example.com", UDP, 1), DENY | 3);
	assert_int_equal(name_verdict(&d, "b.internal.example.com", TCP, 1), DENY | 3);
	/* the resolvers, as far as nothing denies them */
	assert_verdict(&d, false, "10.0.0.53", UDP, 53, 1);
	assert_verdict(&d, false, "10.0.0.53", TCP, 53, 1);
	assert_verdict(&d, false, "10.0.0.53", TCP, 54, DENY);
	assert_verdict(&d, false, "10.0.0.9", UDP, 53, DENY | 5);
	ringwall_draft_free(&d);

	m.egress.deny_default = false;
	assert_non_null(strstr(bound_error(&m, -EINVAL), "name"));
	m.egress.n = 2; /* only allowed ones: they say nothing */
	compile(&m, &d);
	assert_int_equal(d.section[RINGWALL_SECTION_NAMES].n, 0);
	assert_false(d.policy.flags & RINGWALL_POLICY_NAMES);
	ringwall_draft_free(&d);
}

static void binds(void **state)
{
	struct ringwall_port_range http = { 8080, 8090 };
	struct ringwall_net_rule r[] = { rule(true, 1, NULL, TCP), rule(false, 2, NULL, -1) };
	struct ringwall_port_range one = { 8085, 8085 };
	struct ringwall_model m = { .bind = { true, true, r, ARRAY_SIZE(r) } };
	struct ringwall_draft d;

	(void)state;
	r[0].ports = &http;
	r[0].n_ports = 1;
	r[1].ports = &one;
	r[1].n_ports = 1;
	compile(&m, &d);
	assert_int_equal(range_of(&d, d.policy.bind_class, TCP, 8080), 1);
	assert_int_equal(range_of(&d, d.policy.bind_class, TCP, 8085), DENY | 2);
	assert_int_equal(range_of(&d, d.policy.bind_class, TCP, 8091), DENY);
	assert_int_equal(range_of(&d, d.policy.bind_class, UDP, 8080), DENY);
	assert_int_equal(range_of(&d, d.policy.bind_class, UDP, 8085), DENY | 2);
	ringwall_draft_free(&d);
}

static void nothing(void **state)
{
	struct ringwall_model m = { 0 };
	struct ringwall_draft d;

	(void)state;
	compile(&m, &d);
	for (int i = 0; i < RINGWALL_SECTIONS; i++)
		assert_int_equal(d.section[i].n, 0);
	ringwall_draft_free(&d);
	m.egress.set = true;
	m.egress.deny_default = true;
	compile(&m, &d);
	assert_verdict(&d, false, "10.0.0.1", TCP, 443, DENY);
	assert_verdict(&d, false, "::1", TCP, 443, DENY);
	ringwall_draft_free(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_hand),	cmocka_unit_test(random_lists), cmocka_unit_test(deterministic),
		cmocka_unit_test(ten_thousand), cmocka_unit_test(bounds),	cmocka_unit_test(cannot_be_expanded),
		cmocka_unit_test(names),	cmocka_unit_test(binds),	cmocka_unit_test(nothing),
	};

	return cmocka_run_group_tests_name("policy-network", tests, NULL, NULL);
}
