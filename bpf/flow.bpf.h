/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef RINGWALL_BPF_FLOW_H
#define RINGWALL_BPF_FLOW_H

/*
 * What a socket was allowed before. It is the fast path of established flows: connect, or the first packet, asks the
 * rules, and what comes then does not until the policy changes. And it lets answers pass: a flow belongs to the rules
 * of the direction it began in, whichever way its packets go. A switch of the policy makes every flow be looked at
 * anew, by the new rules of that direction. A flow that a name allowed keeps the name: it stays when the name expires,
 * and goes when the policy no longer allows it.
 *
 * Streams: one that connects is egress, what a listener accepts is ingress (the storage is copied to the accepted
 * socket). The peer cannot change but by another connect, which begins in a state where it is compared; later it is
 * not. Of a stream that is older than the container's first network rules nobody knows who began it: rules must say
 * explicitly that it may be.
 *
 * Everything else: the last peer in the socket's storage, all of them in `flows` where there are rules for both
 * directions: a datagram that was allowed lets its answers pass, as long as the socket lives and the entry is not
 * pushed out.
 */

#include "packet.bpf.h"

/**
 * struct flow - of one socket.
 * @version: the policy that allowed it, in the low half; above, for datagrams, a count that is odd while the rest is
 *	being written. Readers take it before and after, so they never see half of one peer and half of another.
 * @token: of the name that allowed it
 */
struct flow {
	__u64 version;
	__u64 token;
	struct peer peer;
	__u32 direction;
};

/*
 * It goes with its socket; there is no full, only no memory: then the next packet is looked at anew, and answers are
 * refused.
 */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct flow);
} sockets SEC(".maps");

struct flow_key {
	__u64 cookie;
	__u64 address[2];
	__u32 port;
	__u32 protocol;
};

struct flow_value {
	__u64 token;
	__u16 local, direction;
	__u32 reserved;
};

#define FLOWS_MAX 32768

/* Full: the one that was idle longest goes, and its next answer is refused. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, FLOWS_MAX);
	__type(key, struct flow_key);
	__type(value, struct flow_value);
} flows SEC(".maps");

#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT 2
#define TCP_LISTEN 10
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_RAW 3

#define FLOW_ODD (1ULL << 32)

/* A second read must not be made before what lies between: x86 keeps the order by itself. */
#ifdef __TARGET_ARCH_x86
#define flow_version_again(f) READ_ONCE((f)->version)
#else
#define flow_version_again(f) __sync_fetch_and_add(&(f)->version, 0)
#endif

static __always_inline struct flow *flow_of(struct bpf_sock *sk)
{
	return bpf_sk_storage_get(&sockets, sk, NULL, 0);
}

static __always_inline struct flow *flow_make(struct bpf_sock *sk)
{
	return bpf_sk_storage_get(&sockets, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
}

/* Rules of egress do not ask for the local port, which a socket that connects may not have yet. */
static __always_inline int flow_is_with(const struct flow *f, const struct peer *p)
{
	return f->peer.address[0] == p->address[0] && f->peer.address[1] == p->address[1] && f->peer.port == p->port &&
	       f->peer.protocol == p->protocol && f->peer.family == p->family &&
	       (f->direction == EGRESS || f->peer.local == p->local);
}

/** flow_allows() - @p is whom the policy at hand allowed last. */
static __always_inline int flow_allows(const struct flow *f, const struct subject *s, const struct peer *p)
{
	__u64 version = READ_ONCE(f->version);

	return (__u32)version == s->policy_id && flow_is_with(f, p) && flow_version_again(f) == version;
}

/* Whoever comes while another writes leaves it: it is a cache. */
static __always_inline void flow_write(struct flow *f, const struct subject *s, const struct peer *p, enum direction d,
				       __u64 token)
{
	__u64 was = READ_ONCE(f->version), mine = ((was >> 32) + 1) << 32;

	if (was & FLOW_ODD || __sync_val_compare_and_swap(&f->version, was, mine) != was)
		return;
	f->token = token;
	f->peer = *p;
	f->direction = d;
	__sync_lock_test_and_set(&f->version, (mine + FLOW_ODD) | s->policy_id);
}

static __always_inline struct flow_key flow_key(__u64 cookie, const struct peer *p)
{
	return (struct flow_key){
		.cookie = cookie, .address = { p->address[0], p->address[1] }, .port = p->port, .protocol = p->protocol
	};
}

/* A datagram socket has been allowed to talk to its peer, by the rules of @d. @f: its flow, where it has one already */
static __always_inline int flow_remember(void *ctx, const struct subject *s, struct bpf_sock *sk, struct flow *f,
					 const struct act *a, enum direction d)
{
	if (!f)
		f = flow_make(sk);
	if (f)
		flow_write(f, s, &a->peer, d, a->token);
	/* A peer that the socket is connected to is known as long as it is. */
	if (a->op != RINGWALL_DO_CONNECT && subject_has(s, direction_set(d ^ REVERSE))) {
		struct flow_key key = flow_key(bpf_get_socket_cookie(ctx), &a->peer);
		struct flow_value value = { .token = a->token, .local = a->peer.local, .direction = d };

		bpf_map_update_elem(&flows, &key, &value, BPF_ANY);
	}
	return 1;
}

/* A connected socket's peer is one that connect was allowed, by the egress rules. */
static __always_inline int peer_is_connected(struct bpf_sock *sk, const struct peer *p)
{
	struct peer c = { .family = 6 };

	if (sk->state != TCP_ESTABLISHED || bpf_ntohs(sk->dst_port) != p->port)
		return 0;
	if (sk->family == AF_INET)
		return p->family == 4 && sk->dst_ip4 == (__u32)p->address[0];
	c.address[0] = (__u64)sk->dst_ip6[1] << 32 | sk->dst_ip6[0];
	c.address[1] = (__u64)sk->dst_ip6[3] << 32 | sk->dst_ip6[2];
	peer_unmap(&c);
	return c.family == p->family && c.address[0] == p->address[0] && c.address[1] == p->address[1];
}

/* The direction of a flow with the peer, 0: none is known; its token is set; whether it is allowed is not said. */
static __noinline enum direction flow_began(void *ctx, struct bpf_sock *sk, struct act *a)
{
	struct flow_key key = flow_key(bpf_get_socket_cookie(ctx), &a->peer);
	const struct flow_value *v;
	struct flow *f = flow_of(sk);

	if (f) {
		__u64 version = READ_ONCE(f->version), name = READ_ONCE(f->token);
		enum direction d = READ_ONCE(f->direction);

		if (!(version & FLOW_ODD) && flow_is_with(f, &a->peer) && flow_version_again(f) == version) {
			a->token = name;
			return d;
		}
	}
	v = bpf_map_lookup_elem(&flows, &key);
	if (v && v->local == a->peer.local) {
		a->token = v->token;
		return v->direction;
	}
	return a->direction == INGRESS && peer_is_connected(sk, &a->peer) ? EGRESS : 0;
}

/** datagram_allowed() - a packet, or what will be one, of a socket that is no stream. @process: as for refuse() */
static __always_inline int datagram_allowed(void *ctx, const struct subject *s, struct bpf_sock *sk, struct flow *f,
					    struct act *a, int process)
{
	enum direction d = a->direction, began;
	__u32 rule = verdict(s, a, d);

	if (rule & RINGWALL_RANGE_DENY) {
		began = flow_began(ctx, sk, a);
		if (began && !(verdict(s, a, began) & RINGWALL_RANGE_DENY))
			d = began;
		else if (!refuse(s, direction_set(d), rule, a, process))
			return 0;
	}
	/* What is only audited is kept too: it is reported once, not at every packet. */
	return flow_remember(ctx, s, sk, f, a, d);
}

/*
 * stream_is_known() - the fast path. Not for a connection that is being made, and a listener is everybody's.
 */
static __always_inline int stream_is_known(const struct subject *s, struct bpf_sock *sk, const struct flow *f)
{
	return f && (__u32)READ_ONCE(f->version) == s->policy_id && sk->state != TCP_SYN_SENT &&
	       sk->state != TCP_LISTEN;
}

static __always_inline int sock_is_stream(struct bpf_sock *sk)
{
	return sk->type == SOCK_STREAM && sk->protocol == IPPROTO_TCP;
}

static __always_inline void stream_remember(const struct subject *s, struct bpf_sock *sk, const struct act *a,
					    enum direction d)
{
	struct flow *f = flow_make(sk);

	if (!f)
		return;
	WRITE_ONCE(f->version, 0);
	f->peer = a->peer;
	WRITE_ONCE(f->token, a->token);
	WRITE_ONCE(f->direction, d);
	WRITE_ONCE(f->version, s->policy_id);
}

/* So that what it accepts is known to have come in; it may have been a client before. */
static __always_inline void listener_mark(struct bpf_sock *sk)
{
	struct flow fresh = { .direction = INGRESS };
	struct flow *f = bpf_sk_storage_get(&sockets, sk, &fresh, BPF_SK_STORAGE_GET_F_CREATE);

	if (!f || (READ_ONCE(f->direction) == INGRESS && !READ_ONCE(f->version)))
		return;
	WRITE_ONCE(f->version, 0);
	WRITE_ONCE(f->token, 0);
	WRITE_ONCE(f->direction, INGRESS);
}

/* Nobody knows who began it: egress must allow it, or a rule of ingress. */
static __always_inline __u32 stream_verdict_unknown(const struct subject *s, struct act *a, enum direction *ret)
{
	__u32 rule = verdict(s, a, EGRESS), in;

	*ret = EGRESS;
	if (!(rule & RINGWALL_RANGE_DENY))
		return rule;
	in = verdict(s, a, INGRESS);
	if (!in || (in & RINGWALL_RANGE_DENY))
		return rule;
	*ret = INGRESS;
	return in;
}

/** stream_allowed() - a packet of a TCP socket. */
static __noinline int stream_allowed(const struct subject *s, struct bpf_sock *sk, struct act *a)
{
	struct flow *f = flow_of(sk);
	enum direction d = f ? READ_ONCE(f->direction) : 0;
	__u32 rule;

	if (sk->state == TCP_LISTEN) {
		listener_mark(sk);
		rule = verdict(s, a, INGRESS);
		return !(rule & RINGWALL_RANGE_DENY) || refuse(s, RINGWALL_SET_INGRESS, rule, a, 0);
	}
	if (sk->state == TCP_SYN_SENT) {
		if (d == EGRESS && flow_allows(f, s, &a->peer))
			return 1;
		d = EGRESS;
	} else if (f) {
		a->token = READ_ONCE(f->token);
	}
	rule = d ? verdict(s, a, d) : stream_verdict_unknown(s, a, &d);
	if ((rule & RINGWALL_RANGE_DENY) && !refuse(s, direction_set(d), rule, a, 0))
		return 0;
	stream_remember(s, sk, a, d);
	return 1;
}

#endif
