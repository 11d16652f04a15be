// SPDX-License-Identifier: LGPL-2.1-or-later
/* Rules made of the input, compiled: what the tables say about an address must be what the rules say, read literally. */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "../../user/policy/address.h"
#include "../../user/policy/draft.h"
#include "runner.h"

#define RULES 24

struct input {
	const uint8_t *p;
	size_t n;
};

static uint8_t take(struct input *in)
{
	if (!in->n)
		return 0;
	in->n--;
	return *in->p++;
}

static void take_address(struct input *in, int family, uint8_t ret[16])
{
	memset(ret, 0, 16);
	for (int i = 0; i < (family == 4 ? 4 : 16); i++)
		ret[i] = take(in);
	if (family == 6) /* mapped ones are another family's */
		ret[0] |= 0x20;
}

static void take_rule(struct input *in, uint32_t number, struct ringwall_port_range *port, struct ringwall_net_rule *r)
{
	uint8_t kind = take(in);

	*r = (struct ringwall_net_rule){ .allow = kind & 1, .number = number, .ports = port, .n_ports = kind >> 1 & 1 };
	r->family = (uint8_t[]){ 0, 4, 6, 4 }[kind >> 2 & 3];
	r->protocol = (int[]){ -1, 6, 17, 1 }[kind >> 4 & 3];
	port->first = take(in);
	port->last = (uint16_t)(port->first + (kind >> 6));
	if (r->protocol == 1)
		r->n_ports = 0;
	if (!r->family)
		return;
	r->prefix = (uint8_t)(take(in) % (r->family == 4 ? 33 : 129));
	take_address(in, r->family, r->address);
	for (unsigned int bit = r->prefix; bit < 128; bit++)
		r->address[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
}

static bool matches(const struct ringwall_net_rule *r, int family, const uint8_t *a, int protocol, int port)
{
	for (unsigned int bit = 0; bit < r->prefix; bit++)
		if (r->family != family || (a[bit / 8] ^ r->address[bit / 8]) & (0x80 >> bit % 8))
			return false;
	return (!r->family || r->family == family) && (r->protocol < 0 || r->protocol == protocol) &&
	       (!r->n_ports || (protocol != 1 && r->ports->first <= port && port <= r->ports->last));
}

static uint32_t literally(const struct ringwall_net_list *l, int family, const uint8_t *a, int protocol, int port)
{
	uint32_t verdict = l->deny_default ? RINGWALL_RANGE_DENY : 0;

	for (size_t i = 0; i < l->n; i++) {
		if (!matches(&l->rules[i], family, a, protocol, port))
			continue;
		if (!l->rules[i].allow)
			return RINGWALL_RANGE_DENY | l->rules[i].number;
		verdict = 1;
	}
	return verdict;
}

static uint32_t class_in(const struct ringwall_draft *d, int family, const uint8_t *a)
{
	const struct ringwall_section *s =
		&d->section[family == 4 ? RINGWALL_SECTION_ADDRESSES4 : RINGWALL_SECTION_ADDRESSES6];
	size_t size = family == 4 ? sizeof(struct ringwall_address4_key) : sizeof(struct ringwall_address6_key);
	struct ringwall_address_tree t = { .n = 0 };
	uint16_t tree = family == 4 ? RINGWALL_TREE_EGRESS4 : RINGWALL_TREE_EGRESS6;
	uint32_t class;

	t.root = d->policy.tree[tree];
	t.entry = calloc(s->n + 1, sizeof(*t.entry));
	MUST(t.entry);
	for (uint32_t i = 0; i < s->n; i++) {
		uint32_t v = ((const struct ringwall_address *)s->values)[i].class;
		/* As far as they are the same, the address aside. */
		const struct ringwall_address4_key *key = (const void *)((const char *)s->keys + i * size);

		if (key->tree != tree)
			continue;
		t.entry[t.n] =
			(struct ringwall_prefix){ .length = (uint8_t)key->length, .class = v & ~RINGWALL_ADDRESS_LEAF };
		t.entry[t.n].leaf = v & RINGWALL_ADDRESS_LEAF;
		memcpy(t.entry[t.n++].address, (const char *)(key + 1) - 4, family == 4 ? 4 : 16);
	}
	class = ringwall_address_find(&t, a);
	ringwall_address_free(&t);
	return class;
}

static uint32_t rule_of(const struct ringwall_draft *d, uint32_t class, int protocol, int port)
{
	const struct ringwall_ports *v;
	uint32_t at = (uint32_t)protocol << 16 | (uint32_t)port, i = 0;

	if (class & RINGWALL_CLASS_FLAT)
		return (class & (RINGWALL_CLASS_DENY - 1)) | (class & RINGWALL_CLASS_DENY ? RINGWALL_RANGE_DENY : 0);
	MUST(class && class <= d->section[RINGWALL_SECTION_PORTS].n);
	v = (const struct ringwall_ports *)d->section[RINGWALL_SECTION_PORTS].values + (class - 1);
	MUST(v->n && v->n <= RINGWALL_CLASS_RANGES && !v->range[0].start);
	while (i + 1 < v->n && v->range[i + 1].start <= at)
		i++;
	return v->range[i].rule;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct ringwall_net_rule rules[RULES];
	struct ringwall_port_range ports[RULES];
	struct ringwall_model m = { .egress = { .set = true, .rules = rules } };
	struct ringwall_draft d = { 0 };
	uint8_t head = take(&in);
	int err;

	m.egress.deny_default = head & 1;
	m.egress.n = (head >> 1) % RULES;
	for (uint32_t i = 0; i < m.egress.n; i++)
		take_rule(&in, i + 1, &ports[i], &rules[i]);
	err = ringwall_draft_network(&m, &d, NULL);
	MUST(!err || err == -E2BIG);
	while (!err && in.n) {
		uint8_t what = take(&in), a[16];
		int family = what & 1 ? 4 : 6, protocol = (int[]){ 6, 17, 1, 132 }[what >> 1 & 3],
		    port = protocol == 1 ? 0 : take(&in);

		take_address(&in, family, a);
		if (what & 8 && m.egress.n) /* at a prefix, or just beside it */
			memcpy(a, rules[what % m.egress.n].address, what & 16 ? 16 : 3);
		if (family == 6)
			a[0] |= 0x20;
		MUST(rule_of(&d, class_in(&d, family, a), protocol, port) ==
		     literally(&m.egress, family, a, protocol, port));
	}
	ringwall_draft_free(&d);
	return 0;
}
