// SPDX-License-Identifier: LGPL-2.1-or-later
/* "network": addresses, names, protocols and ports; kinds of sockets. */
#include "parse.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

#define LABEL_MAX 63 /* RFC 1035 */
/* The last byte of a key stays NUL, and "*.example.com" is ".example.com" there. */
#define NAME_MAX_BYTES (RINGWALL_NAME_MAX - 1)

/* Addresses ------------------------------------------------------------------------------------------------- */

/* Clears what lies behind the prefix. Return: whether there was anything. */
static bool host_bits_clear(uint8_t *address, unsigned int bytes, unsigned int prefix)
{
	bool any = false;

	for (unsigned int i = 0; i < bytes; i++) {
		unsigned int fixed = prefix > 8 * i ? prefix - 8 * i : 0;
		uint8_t mask = fixed >= 8 ? 0xff : (uint8_t)(0xff00 >> fixed);

		any |= address[i] & ~mask;
		address[i] &= mask;
	}
	return any;
}

/*
 * ::ffff:10.0.0.0/104 is what IPv4 looks like on an IPv6 socket; the programs in the kernel see through it, and so must
 * rules.
 */
static void unmap(uint8_t *family, uint8_t *address, uint8_t *prefix)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (*family != 6 || *prefix < 96 || memcmp(address, mapped, sizeof(mapped)))
		return;
	memmove(address, address + 12, 4);
	memset(address + 4, 0, 12);
	*family = 4;
	*prefix -= 96;
}

static int cidr_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
		      void *base)
{
	struct ringwall_net_rule *rule = &((struct ringwall_entry *)base)->net;
	int rc = ringwall_reader_type(r, v, RINGWALL_JSON_STRING);
	char text[RINGWALL_ADDRESS_TEXT];

	(void)f;
	if (rc)
		return rc;
	if (ringwall_address_parse(v->str, &rule->family, rule->address, &rule->prefix))
		return ringwall_reader_fail(
			r, v, "must be an address or a network such as \"10.0.0.0/8\" or \"fd00::/8\", not \"%.60s\"",
			v->str);
	if (host_bits_clear(rule->address, rule->family == 4 ? 4 : 16, rule->prefix))
		return ringwall_reader_fail(
			r, v, "\"%.60s\" has bits behind its prefix: write \"%s\" for the network it lies in", v->str,
			ringwall_address_text(rule->family, rule->address, rule->prefix, text));
	unmap(&rule->family, rule->address, &rule->prefix);
	return 0;
}

/* Names ----------------------------------------------------------------------------------------------------- */

/* A label of a host's name; services have underscores. */
static bool label_is_valid(const char *s, size_t len)
{
	if (!len || len > LABEL_MAX || s[0] == '-' || s[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= '0' && s[i] <= '9') || s[i] == '-' || s[i] == '_'))
			return false;
	return true;
}

/* No top-level domain is a number: that is an address which is none, such as 10.0.0.256. */
static bool labels_are_valid(const char *s)
{
	for (;;) {
		size_t len = strcspn(s, ".");

		if (!label_is_valid(s, len))
			return false;
		if (!s[len])
			return s[strspn(s, "0123456789")];
		s += len + 1;
	}
}

/* Lower case, without the final dot; "*.example.com" as ".example.com". */
static char *name_copy(struct ringwall_reader *r, const char *s, size_t len)
{
	char *name;

	if (!strncmp(s, "*.", 2)) {
		s++;
		len--;
	}
	if (len > 1 && s[len - 1] == '.')
		len--;
	name = ringwall_arena_strndup(&r->c->arena, s, len);
	for (char *c = name; c && *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return name;
}

static int name_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
		      void *base)
{
	struct ringwall_net_rule *rule = &((struct ringwall_entry *)base)->net;
	int rc = ringwall_field_str(r, f, v, base);
	uint8_t family, prefix, address[16];
	char *name;

	if (rc)
		return rc;
	if (!ringwall_address_parse(v->str, &family, address, &prefix))
		return ringwall_reader_fail(r, v, "\"%.60s\" is an address: write \"cidr\"", v->str);
	name = name_copy(r, v->str, v->count);
	if (!name)
		return ringwall_reader_fail_memory(r);
	for (const char *s = name; *s; s++)
		if (*s & 0x80)
			return ringwall_reader_fail(r, v, "must be ASCII: write the name in its \"xn--\" form");
	if (strchr(name, '*'))
		return ringwall_reader_fail(r, v, "\"*\" can only be the whole first label: \"*.example.com\"");
	if (!labels_are_valid(name[0] == '.' && v->str[0] == '*' ? name + 1 : name))
		return ringwall_reader_fail(
			r, v, "must be a name such as \"api.example.com\" or \"*.example.com\", not \"%.80s\"", v->str);
	if (strlen(name) > NAME_MAX_BYTES)
		return ringwall_reader_fail(r, v, "must not have more than %d bytes", NAME_MAX_BYTES);
	rule->name = name;
	return 0;
}

/* Protocols and ports --------------------------------------------------------------------------------------- */

static int protocol_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			  void *base)
{
	struct ringwall_net_rule *rule = &((struct ringwall_entry *)base)->net;
	uint64_t protocol;
	int rc;

	(void)f;
	if (v->type == RINGWALL_JSON_STRING) {
		rc = ringwall_reader_name(r, v, ringwall_protocol_names, &protocol);
		if (rc)
			return rc;
	} else if (v->type != RINGWALL_JSON_NUMBER) {
		return ringwall_reader_fail(r, v, "must be a name such as \"tcp\", or a number");
	} else if (ringwall_json_u64(v, &protocol) || protocol > 255) {
		return ringwall_reader_fail(r, v, "must be a number from 0 to 255, not %.40s", v->str);
	}
	rule->protocol = (int)protocol;
	return 0;
}

static bool port_number(const char **s, uint16_t *ret)
{
	uint32_t n;

	if (!ringwall_digits_parse(s, UINT16_MAX, &n))
		return false;
	*ret = (uint16_t)n;
	return true;
}

static int port_parse(struct ringwall_reader *r, const struct ringwall_json *v, struct ringwall_port_range *ret)
{
	const char *s = v->str;
	uint64_t port;

	if (v->type == RINGWALL_JSON_NUMBER) {
		if (ringwall_json_u64(v, &port) || port > UINT16_MAX)
			return ringwall_reader_fail(r, v, "must be a port from 0 to 65535, not %.40s", v->str);
		ret->first = ret->last = (uint16_t)port;
		return 0;
	}
	if (v->type != RINGWALL_JSON_STRING)
		return ringwall_reader_fail(r, v, "must be a port such as 443, or a range such as \"8000-8100\"");
	if (!port_number(&s, &ret->first) || *s++ != '-' || !port_number(&s, &ret->last) || *s)
		return ringwall_reader_fail(
			r, v, "must be a range such as \"8000-8100\" of ports from 0 to 65535, not \"%.40s\"", v->str);
	if (ret->first > ret->last)
		return ringwall_reader_fail(r, v, "the range ends before it begins: write \"%u-%u\"", ret->last,
					    ret->first);
	return 0;
}

static int ports_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
		       void *base)
{
	struct ringwall_net_rule *rule = &((struct ringwall_entry *)base)->net;
	int rc = ringwall_reader_type(r, v, RINGWALL_JSON_ARRAY);
	size_t i = 0;

	(void)f;
	if (rc)
		return rc;
	if (!v->count)
		return ringwall_reader_fail(r, v, "must not be empty: leave it out for every port");
	rc = ringwall_reader_array(r, v->count, sizeof(*rule->ports), &rule->ports);
	if (rc)
		return rc;
	for (const struct ringwall_json *item = v->child; item; item = item->next) {
		ringwall_reader_enter(r, NULL, i);
		rc = port_parse(r, item, &rule->ports[i++]);
		if (rc)
			return rc;
		ringwall_reader_leave(r);
	}
	rule->n_ports = v->count;
	return 0;
}

/* Rules ----------------------------------------------------------------------------------------------------- */

static int net_check(struct ringwall_reader *r, const struct ringwall_json *v, void *base)
{
	const struct ringwall_net_rule *rule = &((struct ringwall_entry *)base)->net;
	bool v6 = rule->protocol == IPPROTO_ICMPV6;

	if (rule->family && rule->name)
		return ringwall_reader_fail_member(r, v, "name", "stands beside \"cidr\": make two rules of it");
	if (rule->n_ports && !ringwall_protocol_has_ports(rule->protocol))
		return ringwall_reader_fail_member(r, v, "ports", "protocol %d has no ports: leave them out",
						   rule->protocol);
	if (rule->family == (v6 ? 4 : 6) && (v6 || rule->protocol == IPPROTO_ICMP))
		return ringwall_reader_fail_member(r, v, "proto", "the address is of the other family: write \"%s\"",
						   v6 ? "icmp" : "icmpv6");
	return 0;
}

static const struct ringwall_field net_fields[] = {
	{ .name = "cidr", .parse = cidr_parse },
	FIELD(struct ringwall_entry, net.name, "name", name_parse),
	{ .name = "proto", .parse = protocol_parse },
	{ .name = "ports", .parse = ports_parse },
	FIELD(struct ringwall_entry, origin, "origin", ringwall_parse_origin),
};

static const struct ringwall_table net_table = {
	.fields = net_fields,
	.n = ARRAY_SIZE(net_fields),
	.check = net_check,
};

static int egress_parse(struct ringwall_reader *r, const struct ringwall_json *v, struct ringwall_entry *entry)
{
	*entry = (struct ringwall_entry){ .origin = ringwall_parse_place(r, v), .net = { .protocol = -1 } };
	return ringwall_reader_object(r, &net_table, v, entry);
}

static int ingress_parse(struct ringwall_reader *r, const struct ringwall_json *v, struct ringwall_entry *entry)
{
	int rc = egress_parse(r, v, entry);

	if (!rc && entry->net.name)
		return ringwall_reader_fail_member(r, v, "name", "names are for egress: write \"cidr\"");
	return rc;
}

static int bind_parse(struct ringwall_reader *r, const struct ringwall_json *v, struct ringwall_entry *entry)
{
	int rc = egress_parse(r, v, entry);

	if (!rc && (entry->net.name || entry->net.family))
		return ringwall_reader_fail_member(r, v, entry->net.name ? "name" : "cidr",
						   "bind goes by protocol and port alone: leave it out");
	return rc;
}

static const struct ringwall_list_kind egress_list = { RINGWALL_SET_EGRESS, RINGWALL_NET_RULES_MAX, egress_parse };
static const struct ringwall_list_kind ingress_list = { RINGWALL_SET_INGRESS, RINGWALL_NET_RULES_MAX, ingress_parse };
static const struct ringwall_list_kind bind_list = { RINGWALL_SET_BIND, RINGWALL_NET_RULES_MAX, bind_parse };

/* Kinds of sockets ------------------------------------------------------------------------------------------ */

/* What is allowed, as words of @f->more; the other ones of @f->max bits are refused, whether they have a name or not. */
static int bits_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
		      void *base)
{
	struct ringwall_bits *bits = (struct ringwall_bits *)((char *)base + f->offset);
	struct ringwall_bits read = { .set = true };
	int rc = ringwall_parse_setting(r, RINGWALL_JSON_ARRAY, v, &v, &read.origin);
	uint64_t bit;
	size_t i = 0;

	if (rc)
		return rc;
	for (const struct ringwall_json *item = v->child; item; item = item->next) {
		ringwall_reader_enter(r, NULL, i++);
		rc = ringwall_reader_name(r, item, f->more, &bit);
		if (rc)
			return rc;
		ringwall_reader_leave(r);
		read.allowed |= 1ull << bit;
	}
	read.refused = ~read.allowed & UINT64_MAX >> (64 - f->max);
	*bits = read;
	return 0;
}

static int resolvers_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			   void *base)
{
	struct ringwall_model *m = &((struct ringwall_parse *)base)->m;
	int rc = ringwall_reader_type(r, v, RINGWALL_JSON_ARRAY);
	uint8_t prefix;

	(void)f;
	if (rc)
		return rc;
	memset(m->resolvers, 0, sizeof(m->resolvers));
	m->n_resolvers = 0;
	for (const struct ringwall_json *item = v->child; item; item = item->next) {
		size_t n = m->n_resolvers;

		ringwall_reader_enter(r, NULL, n);
		if (n == RINGWALL_RESOLVERS_MAX)
			return ringwall_parse_fail_bound(r, item, "resolvers", RINGWALL_RESOLVERS_MAX);
		rc = ringwall_reader_type(r, item, RINGWALL_JSON_STRING);
		if (rc)
			return rc;
		if (ringwall_address_parse(item->str, &m->resolvers[n].family, m->resolvers[n].address, NULL))
			return ringwall_reader_fail(r, item, "must be an address such as \"10.0.0.53\", not \"%.60s\"",
						    item->str);
		prefix = 128;
		unmap(&m->resolvers[n].family, m->resolvers[n].address, &prefix);
		ringwall_reader_leave(r);
		m->n_resolvers++;
	}
	return 0;
}

#define BITS(member_, name_, names_, n_)                                                                               \
	FIELD(struct ringwall_parse, m.member_, name_, bits_parse, .more = (names_), .max = (n_))

static const struct ringwall_field network_fields[] = {
	FIELD(struct ringwall_parse, egress, "egress", ringwall_parse_list, .more = &egress_list),
	FIELD(struct ringwall_parse, ingress, "ingress", ringwall_parse_list, .more = &ingress_list),
	FIELD(struct ringwall_parse, bind, "bind", ringwall_parse_list, .more = &bind_list),
	BITS(families, "families", ringwall_family_names, 64),
	BITS(socket_types, "types", ringwall_socket_type_names, 32),
	BITS(netlink, "netlink", ringwall_netlink_names, 32),
	{ .name = "resolvers", .parse = resolvers_parse },
};

const struct ringwall_table ringwall_policy_network_table = { .fields = network_fields,
							      .n = ARRAY_SIZE(network_fields) };
