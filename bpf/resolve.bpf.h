/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef RINGWALL_BPF_RESOLVE_H
#define RINGWALL_BPF_RESOLVE_H

/*
 * Egress by name. A query to a declared resolver for a name that the policy has rules for is remembered when it goes
 * out (UDP, port 53); the answer to it opens the addresses it gives, for that container, for as long as it says, and at
 * least NAME_SECONDS_MIN: who has just resolved a name must be able to connect. The exact name counts before a
 * wildcard, a longer wildcard before a shorter one; "*.example.com" is any name below example.com, at any depth, and
 * not example.com.
 *
 * What this holds against, and what not:
 * - An answer counts only if it comes from a declared resolver, and matches port, transaction id and question of a
 *   query that this very container sent less than QUERY_SECONDS ago, once.
 * - Processes of the container cannot forge it through sockets: what their sockets send with a resolver's address and
 *   port 53 as the source is dropped, whatever rules say. They could with packets that no IP socket sends: AF_PACKET, a
 *   TUN device, a tunnel that they may configure. A policy with names should refuse the family "packet" and leave out
 *   CAP_NET_ADMIN. Another container in the same network namespace is in the same position.
 * - Whoever answers for a name decides its addresses: the resolver, its path, the owner of the zone. Names are for
 *   trusted zones. An address serves whatever is hosted there: many names share one.
 * - Answers by TCP, TLS or HTTPS are not read, records behind the first DNS_TEXT bytes or DNS_RECORDS records neither:
 *   the addresses stay refused.
 * - Flows that have begun stay when the time is over; new ones are refused until the name is resolved again.
 */

#include "flow.bpf.h"
#include "dns.bpf.h"

#define DNS_PORT 53
#define NAME_SECONDS_MIN 5
#define NAME_SECONDS_MAX (7 * 86400)
#define QUERY_SECONDS 10

/* Full: the policy that did not fit is not made. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RINGWALL_NAMES_MAX);
	__type(key, struct ringwall_name_key);
	__type(value, struct ringwall_dns_name);
} names SEC(".maps");

/* A container has QUERIES_OF_ONE places, by the hash of port and id: it can push out none but its own. */
#define QUERIES_OF_ONE 256

struct query_key {
	__u32 slot;
	__u32 place;
};

struct query {
	__u64 token;
	__u64 qhash;
	__u64 expires;
	__u64 resolver[2];
	__u32 port_id; /* 0: answered */
	__u32 qtype;
};

/* Full: the query that is oldest goes; its answer opens nothing. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct query_key);
	__type(value, struct query);
} queries SEC(".maps");

/* Work space. One user at a time each: a process may be interrupted by an answer that comes in. All taken: as if not seen. */
#define DNS_PLACES 4

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, DNS_PLACES);
	__type(key, __u32);
	__type(value, struct dns);
} dns_work SEC(".maps");

static __always_inline struct dns *dns_begin(void)
{
	for (__u32 i = 0; i < DNS_PLACES; i++) {
		__u32 key = i;
		struct dns *d = bpf_map_lookup_elem(&dns_work, &key);

		if (d && !__sync_val_compare_and_swap(&d->busy, 0, 1))
			return d;
	}
	return NULL;
}

static __always_inline void dns_end(struct dns *d)
{
	__sync_lock_test_and_set(&d->busy, 0);
}

static __always_inline int dns_load(struct dns *d, struct __sk_buff *skb, __u32 at)
{
	__u32 length = skb->len - at;

	if (skb->len <= at || at > 1024)
		return 0;
	if (length > DNS_TEXT)
		length = DNS_TEXT;
	d->length = length;
	__builtin_memset(d->qname, 0, sizeof(d->qname));
	asm volatile("" : "+r"(length)); /* what follows changes nothing, but shows the verifier of 6.1 both bounds */
	length = ((length - 1) & (DNS_TEXT - 1)) + 1;
	return !bpf_skb_load_bytes(skb, at, d->text, length);
}

/** address_is_resolver() - one that the policy declares. */
static __always_inline int address_is_resolver(const struct subject *s, const __u64 address[2], __u8 family)
{
	for (int i = 0; i < RINGWALL_RESOLVERS_MAX; i++) {
		const __u64 *a = (const __u64 *)s->p->resolvers[i];

		if (s->p->resolver_family[i] == family && a[0] == address[0] && a[1] == address[1])
			return 1;
	}
	return 0;
}

/* What stands under that part of the name that begins at @from. Not static, as dns.bpf.h says. */
__noinline __u64 name_token(__u32 policy_id, struct dns *d, __u32 from)
{
	struct {
		__u32 policy_id, length;
		__u32 name[RINGWALL_NAME_MAX / 4];
	} key = { .policy_id = policy_id };
	const struct ringwall_dns_name *n;

	if (!d || from >= DNS_QNAME)
		return 0;
	key.length = d->qname_length - from;
	if (!key.length || key.length > RINGWALL_NAME_MAX)
		return 0;
	for (int i = 0; i < RINGWALL_NAME_MAX / 4; i++)
		key.name[i] = *(const __u32 *)(d->qname + from + i * 4);
	n = bpf_map_lookup_elem(&names, &key);
	return n ? n->token : 0;
}

/* The name itself, and then what begins at each of its dots. */
__noinline __u64 names_find(__u32 policy_id, struct dns *d)
{
	__u64 token;

	if (!d)
		return 0;
	token = name_token(policy_id, d, 0);
	for (__u32 i = 1; i < DNS_QNAME && !token; i++)
		if (d->qname[i] == '.')
			token = name_token(policy_id, d, i);
	return token;
}

static __always_inline struct query_key query_key(const struct subject *s, __u32 port_id)
{
	return (struct query_key){ .slot = s->slot, .place = (port_id * 0x9e3779b1U >> 24) % QUERIES_OF_ONE };
}

static __always_inline void query_note(const struct subject *s, struct dns *d, const struct peer *p)
{
	__u32 port_id = (__u32)p->local << 16 | dns_u16(d, 0);
	struct query_key key = query_key(s, port_id);
	struct query q = { .port_id = port_id, .resolver = { p->address[0], p->address[1] } };

	if (!dns_question(d) || (dns_byte(d, 2) & 0xf8)) /* a query, of the standard kind */
		return;
	q.token = names_find(s->policy_id, d);
	if (!q.token)
		return;
	q.qhash = d->qhash;
	q.qtype = d->qtype;
	q.expires = bpf_ktime_get_boot_ns() + QUERY_SECONDS * NSEC_PER_SEC;
	bpf_map_update_elem(&queries, &key, &q, BPF_ANY);
}

/** query_seen() - a datagram goes out. To a resolver's other ports too: Docker's is at 53 until netfilter translates it. */
static __noinline int query_seen(struct __sk_buff *skb, const struct subject *s, const struct packet *pk)
{
	struct dns *d;

	if (!address_is_resolver(s, pk->act.peer.address, pk->act.peer.family))
		return 0;
	d = dns_begin();
	if (!d)
		return 0;
	if (dns_load(d, skb, pk->payload))
		query_note(s, d, &pk->act.peer);
	dns_end(d);
	return 0;
}

/* Return: the token of the query that this answers, 0: of none. A query is answered once. */
static __always_inline __u64 query_take(const struct subject *s, const struct dns *d, const struct peer *p)
{
	__u32 port_id = (__u32)p->local << 16 | dns_u16(d, 0);
	struct query_key key = query_key(s, port_id);
	struct query *q = bpf_map_lookup_elem(&queries, &key);

	if (!q || q->port_id != port_id || q->qhash != d->qhash || q->qtype != d->qtype ||
	    q->resolver[0] != p->address[0] || q->resolver[1] != p->address[1] || q->expires < bpf_ktime_get_boot_ns())
		return 0;
	return __sync_lock_test_and_set(&q->port_id, 0) == port_id ? q->token : 0;
}

/* The place for a name: the one it has, else that which expires first. */
static __always_inline void resolved_put(struct ringwall_resolved *r, __u64 token, __u64 expires)
{
	__u32 place = 0;

	for (__u32 i = 0; i < RINGWALL_RESOLVED_NAMES; i++) {
		if (r->name[i].token == token) {
			if (r->name[i].expires < expires)
				WRITE_ONCE(r->name[i].expires, expires);
			return;
		}
		if (r->name[i].expires < r->name[place & (RINGWALL_RESOLVED_NAMES - 1)].expires)
			place = i;
	}
	place &= RINGWALL_RESOLVED_NAMES - 1;
	WRITE_ONCE(r->name[place].expires, 0);
	WRITE_ONCE(r->name[place].token, token);
	WRITE_ONCE(r->name[place].expires, expires);
}

__noinline int address_note(__u32 slot, struct dns *d, __u32 i, __u64 token)
{
	struct ringwall_resolved_key key = { .slot = slot };
	struct ringwall_resolved fresh = {}, *r;
	const struct dns_address *a;
	__u64 seconds, expires;

	if (!d || i >= DNS_FOUND)
		return 0;
	a = &d->found[i];
	key.family = a->family;
	seconds = a->ttl;
	if (seconds < NAME_SECONDS_MIN)
		seconds = NAME_SECONDS_MIN;
	if (seconds > NAME_SECONDS_MAX)
		seconds = NAME_SECONDS_MAX;
	expires = bpf_ktime_get_boot_ns() + seconds * NSEC_PER_SEC;
	__builtin_memcpy(key.address, a->address, sizeof(key.address));
	r = bpf_map_lookup_elem(&resolved, &key);
	if (r) {
		resolved_put(r, token, expires);
		return 0;
	}
	fresh.name[0].token = token;
	fresh.name[0].expires = expires;
	bpf_map_update_elem(&resolved, &key, &fresh, BPF_NOEXIST);
	return 0;
}

/** answer_seen() - a datagram comes in from port 53. */
static __noinline int answer_seen(struct __sk_buff *skb, const struct subject *s, const struct packet *pk)
{
	struct dns *d;
	__u64 token;

	if (!address_is_resolver(s, pk->act.peer.address, pk->act.peer.family))
		return 0;
	d = dns_begin();
	if (!d)
		return 0;
	if (dns_load(d, skb, pk->payload) && dns_answer(d)) {
		token = query_take(s, d, &pk->act.peer);
		for (__u32 i = 0; i < DNS_FOUND && token && i < d->n_found; i++)
			address_note(s->slot, d, i, token);
	}
	dns_end(d);
	return 0;
}

/* A resolver's answer is nothing that the container's own sockets may send. */
static __always_inline int packet_is_forged(const struct subject *s, const struct packet *p)
{
	struct peer from = { .address = { p->source[0], p->source[1] }, .family = p->act.peer.family };

	return p->act.peer.local == DNS_PORT && p->act.peer.protocol == IPPROTO_UDP &&
	       address_is_resolver(s, from.address, from.family);
}

#endif
