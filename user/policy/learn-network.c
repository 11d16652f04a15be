// SPDX-License-Identifier: LGPL-2.1-or-later
#include "learn.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "text.h"

/* Bits of the networks that hosts are joined to. */
#define NETWORK4 24
#define NETWORK6 64

/**
 * struct peer - who was talked to, by one protocol.
 * @family: 0: bind, or a name
 * @name: NULL: by address
 * @ports: sorted, each once
 * @done: there is a rule for it
 */
struct peer {
	uint8_t family;
	uint8_t address[16];
	const char *name;
	int protocol;
	uint16_t *ports;
	size_t n_ports;
	bool done;
};

/* One list of the policy while rules are added to it. */
struct list {
	struct ringwall_lesson *l;
	struct ringwall_arena *a;
	struct ringwall_net_list *to;
	size_t room;
	uint32_t set;
	struct peer *peers;
	size_t n;
};

static struct ringwall_net_rule *rule_add(struct list *s, const struct ringwall_net_rule *rule)
{
	struct ringwall_net_list *to = s->to;

	if (to->n == s->room) {
		size_t room = s->room ? 2 * s->room : 32;
		struct ringwall_net_rule *v = ringwall_arena_array(s->a, room, sizeof(*v));

		if (!v)
			return NULL;
		if (to->n)
			memcpy(v, to->rules, to->n * sizeof(*v));
		to->rules = v;
		s->room = room;
	}
	to->rules[to->n] = *rule;
	return &to->rules[to->n++];
}

/* Addresses -------------------------------------------------------------------------------------------------------- */

static unsigned int bits_of(uint8_t family)
{
	return family == 4 ? 32 : 128;
}

static bool is_in(const uint8_t *address, const uint8_t *network, unsigned int prefix)
{
	unsigned int bytes = prefix / 8, rest = prefix % 8;

	return !memcmp(address, network, bytes) && (!rest || !((address[bytes] ^ network[bytes]) >> (8 - rest)));
}

/* @address with bit @bit turned over, and nothing behind it. */
static void sibling(const uint8_t *address, unsigned int bit, uint8_t ret[16])
{
	unsigned int byte = bit / 8;

	memset(ret, 0, 16);
	memcpy(ret, address, byte + 1);
	ret[byte] ^= (uint8_t)(0x80 >> bit % 8);
	ret[byte] &= (uint8_t)(0xff00 >> (bit % 8 + 1));
}

static void network_of(const uint8_t *address, unsigned int prefix, uint8_t ret[16])
{
	memset(ret, 0, 16);
	memcpy(ret, address, prefix / 8);
}

/* Rules ------------------------------------------------------------------------------------------------------------ */

static bool has_port(const struct ringwall_net_rule *r, uint16_t port)
{
	for (size_t i = 0; i < r->n_ports; i++)
		if (port >= r->ports[i].first && port <= r->ports[i].last)
			return true;
	return !r->n_ports;
}

static bool matches(const struct ringwall_net_rule *r, const struct peer *p, uint16_t port)
{
	if (r->protocol >= 0 && r->protocol != p->protocol)
		return false;
	if (r->n_ports && (!ringwall_protocol_has_ports(p->protocol) || !has_port(r, port)))
		return false;
	if (r->name)
		return p->name && !strcmp(r->name, p->name);
	return !r->family || (r->family == p->family && is_in(p->address, r->address, r->prefix));
}

static bool is_refused(const struct ringwall_net_list *list, const struct peer *p, uint16_t port)
{
	bool refused = list->deny_default;

	for (size_t i = 0; i < list->n; i++) {
		if (!matches(&list->rules[i], p, port))
			continue;
		if (!list->rules[i].allow)
			return true;
		refused = false;
	}
	return refused;
}

/* @r's ports without @port. Return: false: none is left. */
static bool ports_without(struct ringwall_arena *a, const struct ringwall_net_rule *r, uint16_t port,
			  struct ringwall_net_rule *ret, int *err)
{
	static struct ringwall_port_range all = { 0, UINT16_MAX };
	const struct ringwall_port_range *from = r->n_ports ? r->ports : &all;
	size_t n = r->n_ports ?: 1, to = 0;

	ret->ports = ringwall_arena_array(a, n + 1, sizeof(*ret->ports));
	if (!ret->ports) {
		*err = -ENOMEM;
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		struct ringwall_port_range x = from[i];

		if (port < x.first || port > x.last) {
			ret->ports[to++] = x;
			continue;
		}
		if (port > x.first)
			ret->ports[to++] = (struct ringwall_port_range){ x.first, (uint16_t)(port - 1) };
		if (port < x.last)
			ret->ports[to++] = (struct ringwall_port_range){ (uint16_t)(port + 1), x.last };
	}
	ret->n_ports = to;
	return to;
}

static int put(struct list *s, const struct ringwall_net_rule *rule)
{
	return rule_add(s, rule) ? 0 : -ENOMEM;
}

/* ICMP is another protocol for each family of addresses. */
static bool is_foreign(int protocol, uint8_t family)
{
	return (protocol == IPPROTO_ICMP && family == 6) || (protocol == IPPROTO_ICMPV6 && family == 4);
}

/* What @r denied for the peer's very address, but for what was used: other ports, and other protocols that have a name. */
static int split_protocols(struct list *s, const struct ringwall_net_rule *r, const struct peer *p, uint16_t port)
{
	struct ringwall_net_rule rest = *r;
	int err = 0;

	rest.protocol = p->protocol;
	if (ringwall_protocol_has_ports(p->protocol) && ports_without(s->a, r, port, &rest, &err))
		err = put(s, &rest);
	rest.ports = r->ports;
	rest.n_ports = r->n_ports;
	for (const struct ringwall_word *w = ringwall_protocol_names; w->name && r->protocol < 0 && !err; w++) {
		rest.protocol = (int)w->value;
		if (rest.protocol != p->protocol && !is_foreign(rest.protocol, r->family) &&
		    (!r->n_ports || ringwall_protocol_has_ports(rest.protocol)))
			err = put(s, &rest);
	}
	return err;
}

/* Of a rule for all addresses: the other family. */
static int split_family(struct list *s, struct ringwall_net_rule *r, const struct peer *p)
{
	struct ringwall_net_rule other = *r;

	other.family = p->family == 4 ? 6 : 4;
	r->family = p->family;
	return put(s, &other);
}

/* In the place of a rule that denies what was used, rules that deny the rest. */
static int split(struct list *s, struct ringwall_net_rule r, const struct peer *p, uint16_t port)
{
	int err = 0;

	if (r.name)
		return 0; /* it stands beside a default that denies, and needs nothing in its place */
	if (!r.family && p->family)
		err = split_family(s, &r, p);
	for (unsigned int bit = r.prefix; r.family && bit < bits_of(r.family) && !err; bit++) {
		struct ringwall_net_rule piece = r;

		piece.prefix = (uint8_t)(bit + 1);
		sibling(p->address, bit, piece.address);
		err = put(s, &piece);
	}
	if (r.family) {
		memcpy(r.address, p->address, sizeof(r.address));
		r.prefix = (uint8_t)bits_of(r.family);
	}
	return err ?: split_protocols(s, &r, p, port);
}

/* No rule that denies is to be in the way of @p; what is put in its place is not. */
static int clear_way(struct list *s, const struct peer *p, uint16_t port)
{
	size_t n = s->to->n;
	int err = 0;

	for (size_t i = 0; i < n && !err;) {
		struct ringwall_net_rule r = s->to->rules[i];

		if (r.allow || !matches(&r, p, port)) {
			i++;
			continue;
		}
		memmove(&s->to->rules[i], &s->to->rules[i + 1], (s->to->n - i - 1) * sizeof(r));
		s->to->n--;
		n--;
		err = split(s, r, p, port);
	}
	return err;
}

/* Peers ------------------------------------------------------------------------------------------------------------ */

/* Names of the policy have no "*" in front; the policy's own spelling comes back. */
static const char *name_of(const struct list *s, const char *name)
{
	if (!name || !*name)
		return NULL;
	name += *name == '*';
	for (size_t i = 0; i < s->to->n; i++)
		if (s->to->rules[i].name && !strcmp(s->to->rules[i].name, name))
			return s->to->rules[i].name;
	return NULL;
}

static int compare_peers(const void *a, const void *b)
{
	const struct peer *x = a, *y = b;
	int order = x->protocol - y->protocol;

	if (!order)
		order = x->family - y->family;
	if (!order && (x->name || y->name))
		order = !x->name ? -1 : !y->name ? 1 : strcmp(x->name, y->name);
	if (!order && !x->name)
		order = memcmp(x->address, y->address, sizeof(x->address));
	return order;
}

static int compare_ports(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

/* One peer for each protocol and address, with all its ports; each has one to begin with. */
static int join_peers(struct list *s)
{
	size_t n = 0;

	if (s->n)
		qsort(s->peers, s->n, sizeof(*s->peers), compare_peers);
	for (size_t i = 0; i < s->n;) {
		size_t same = 1, ports = 0;
		struct peer p = s->peers[i];

		while (i + same < s->n && !compare_peers(&p, &s->peers[i + same]))
			same++;
		p.ports = ringwall_arena_array(s->a, same, sizeof(*p.ports));
		if (!p.ports)
			return -ENOMEM;
		for (size_t j = 0; j < same; j++)
			p.ports[j] = s->peers[i + j].ports[0];
		qsort(p.ports, same, sizeof(*p.ports), compare_ports);
		for (size_t j = 0; j < same; j++)
			if (!ports || p.ports[ports - 1] != p.ports[j])
				p.ports[ports++] = p.ports[j];
		p.n_ports = ports;
		s->peers[n++] = p;
		i += same;
	}
	s->n = n;
	return 0;
}

/* A rule by address that denies it is cleared by address. */
static bool is_denied(const struct list *s, const struct peer *p)
{
	for (size_t i = 0; i < s->to->n; i++)
		if (!s->to->rules[i].allow && s->to->rules[i].family && matches(&s->to->rules[i], p, p->ports[0]))
			return true;
	return false;
}

static int fill_peer(struct list *s, const struct ringwall_seen *seen, struct peer *p)
{
	const struct ringwall_object *o = seen->object;
	const char *name = s->set == RINGWALL_SET_EGRESS ? name_of(s, seen->name) : NULL;

	*p = (struct peer){ .protocol = o->protocol };
	p->ports = ringwall_arena_array(s->a, 1, sizeof(*p->ports));
	if (!p->ports)
		return -ENOMEM;
	p->ports[0] = o->port;
	if (s->set == RINGWALL_SET_BIND)
		return 0;
	p->family = o->family;
	memcpy(p->address, o->address, o->family == 4 ? 4 : 16);
	if (!name || is_denied(s, p))
		return 0;
	p->name = name;
	p->family = 0;
	memset(p->address, 0, sizeof(p->address));
	return 0;
}

static int collect(struct list *s)
{
	int err = 0;

	s->peers = ringwall_arena_array(s->a, s->l->n + 1, sizeof(*s->peers));
	if (!s->peers)
		return -ENOMEM;
	for (size_t i = 0; i < s->l->n && !err; i++)
		if (s->l->seen[i].object->set == s->set)
			err = fill_peer(s, &s->l->seen[i], &s->peers[s->n++]);
	return err ?: join_peers(s);
}

/* Only what is refused still; a rule for what a name gave allows it already, perhaps. */
static int drop_allowed(struct list *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct peer *p = &s->peers[i];
		size_t n = 0;

		for (size_t j = 0; j < p->n_ports; j++) {
			int err = clear_way(s, p, p->ports[j]);

			if (err < 0)
				return err;
			if (is_refused(s->to, p, p->ports[j]))
				p->ports[n++] = p->ports[j];
		}
		p->n_ports = n;
		p->done = !n;
	}
	return 0;
}

static bool same_use(const struct peer *a, const struct peer *b)
{
	return a->protocol == b->protocol && a->family == b->family && !a->name && !b->name &&
	       a->n_ports == b->n_ports && !memcmp(a->ports, b->ports, a->n_ports * sizeof(*a->ports));
}

static int put_ports(struct list *s, const struct peer *p, struct ringwall_net_rule *rule)
{
	if (!ringwall_protocol_has_ports(p->protocol))
		return 0;
	rule->ports = ringwall_arena_array(s->a, p->n_ports, sizeof(*rule->ports));
	if (!rule->ports)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_ports; i++) {
		struct ringwall_port_range *last = rule->n_ports ? &rule->ports[rule->n_ports - 1] : NULL;

		if (last && last->last + 1 == p->ports[i])
			last->last = p->ports[i];
		else
			rule->ports[rule->n_ports++] = (struct ringwall_port_range){ p->ports[i], p->ports[i] };
	}
	return 0;
}

/* The hosts of the peer's network that were used alike, if they are many. */
static size_t count_network(const struct list *s, const struct peer *p, unsigned int prefix)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += !s->peers[i].done && same_use(&s->peers[i], p) && is_in(s->peers[i].address, p->address, prefix);
	return n;
}

static int allow_peer(struct list *s, struct peer *p)
{
	struct ringwall_net_rule rule = {
		.allow = true, .family = p->family, .name = p->name, .protocol = p->protocol
	};
	unsigned int prefix = p->family == 4 ? NETWORK4 : NETWORK6;
	int err = put_ports(s, p, &rule);

	rule.prefix = (uint8_t)(p->family ? bits_of(p->family) : 0);
	memcpy(rule.address, p->address, sizeof(rule.address));
	p->done = true;
	if (p->family && count_network(s, p, prefix) + 1 >= RINGWALL_LEARN_HOSTS) {
		rule.prefix = (uint8_t)prefix;
		network_of(p->address, prefix, rule.address);
		for (size_t i = 0; i < s->n; i++)
			if (same_use(&s->peers[i], p) && is_in(s->peers[i].address, p->address, prefix))
				s->peers[i].done = true;
	}
	return err ?: put(s, &rule);
}

/* As the parser has them: what is allowed, then what is denied. */
static void number(struct ringwall_net_list *list)
{
	struct ringwall_net_rule *v = list->rules;
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		struct ringwall_net_rule r = v[i];

		if (!r.allow)
			continue;
		memmove(&v[n + 1], &v[n], (i - n) * sizeof(r));
		v[n++] = r;
	}
	for (size_t i = 0; i < list->n; i++)
		v[i].number = (uint32_t)i + 1;
}

static int learn_list(struct ringwall_lesson *l, uint32_t set, struct ringwall_net_list *to)
{
	struct list s = { .l = l, .a = &l->to->arena, .to = to, .room = to->n, .set = set };
	struct ringwall_net_rule *copy = ringwall_arena_array(s.a, to->n + 1, sizeof(*copy));
	int err;

	if (!copy)
		return -ENOMEM;
	if (to->n)
		memcpy(copy, to->rules, to->n * sizeof(*copy));
	to->rules = copy; /* the old policy's own stay as they are */
	err = collect(&s);
	if (!err)
		err = drop_allowed(&s);
	for (size_t i = 0; i < s.n && !err; i++)
		if (!s.peers[i].done)
			err = allow_peer(&s, &s.peers[i]);
	number(to);
	return err;
}

int ringwall_learn_network(struct ringwall_lesson *l)
{
	int err = learn_list(l, RINGWALL_SET_EGRESS, &l->to->egress);

	if (!err)
		err = learn_list(l, RINGWALL_SET_INGRESS, &l->to->ingress);
	if (!err)
		err = learn_list(l, RINGWALL_SET_BIND, &l->to->bind);
	return err < 0 ? ringwall_fail(l->e, err, "learn") : 0;
}
