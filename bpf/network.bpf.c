// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Class network: with whom a container may talk, and as what.
 *
 * cgroup/connect4, 6	ringwall_connect4, 6	connect, of every protocol: EPERM at once instead of packets that vanish
 * cgroup/sendmsg4, 6	ringwall_sendmsg4, 6	UDP to an address that is given with the message
 * cgroup/bind4, 6	ringwall_bind4, 6	bind to a port
 * cgroup/sock_create	ringwall_sock_create	IPv4 and IPv6 sockets: families and types, raw ones among them
 * cgroup_skb/egress	ringwall_egress		every packet that leaves a socket; also what no hook above sees: raw sockets,
 *						MPTCP, source routes, a changed policy
 * cgroup_skb/ingress	ringwall_ingress	every packet that reaches one
 *
 * Not used: recvmsg4, 6 may only rewrite an address, the kernel accepts no program that could refuse there; ingress has
 * seen the packet before.
 *
 * Sockets belong to the cgroup in which they were made. One that was passed in from outside is outside; one that was
 * made inside and passed out stays inside.
 *
 * Hooks see an address as the process gave it, packets are seen behind what netfilter made of them in the container's
 * own network namespace: where it translates addresses, both must be allowed.
 *
 * Binding to port 0 is allowed: the kernel takes a free port, as it does for a listen or connect without a bind.
 * ICMP errors about a flow are taken by the kernel itself and pass; echo and its answer are rules of protocol icmp or
 * icmpv6.
 */
#include "resolve.bpf.h"

#define NETWORK_SETS (1U << RINGWALL_SET_EGRESS | 1U << RINGWALL_SET_INGRESS)

/* Return: 1: go on. */
static __always_inline int sending_allowed(struct bpf_sock_addr *ctx, const struct subject *s, struct act *a)
{
	struct bpf_sock *sk = ctx->sk;
	struct flow *f;
	__u32 rule;

	if (!sk)
		return 0;
	if (protocol_has_ports(a->peer.protocol))
		a->peer.local = sk->src_port;
	f = flow_of(sk);
	if (f && flow_allows(f, s, &a->peer))
		return 1;
	if (sk->type != SOCK_STREAM)
		return datagram_allowed(ctx, s, sk, f, a, 1);
	rule = verdict(s, a, EGRESS);
	if ((rule & RINGWALL_RANGE_DENY) && !refuse(s, RINGWALL_SET_EGRESS, rule, a, 1))
		return 0;
	stream_remember(s, sk, a, EGRESS);
	return 1;
}

static __always_inline int address_allowed(struct bpf_sock_addr *ctx, int family, __u32 op)
{
	struct subject s;
	struct act a;

	if (!attached_subject(&s))
		return 0;
	if (!subject_has(&s, RINGWALL_SET_EGRESS))
		return 1;
	a = act_of(ctx, &s, op);
	if (family == 4)
		address4(ctx, &a.peer);
	else
		address6(ctx, &a.peer);
	return sending_allowed(ctx, &s, &a) && subject_still(&s);
}

SEC("cgroup/connect4")
int ringwall_connect4(struct bpf_sock_addr *ctx)
{
	return address_allowed(ctx, 4, RINGWALL_DO_CONNECT);
}

SEC("cgroup/connect6")
int ringwall_connect6(struct bpf_sock_addr *ctx)
{
	return address_allowed(ctx, 6, RINGWALL_DO_CONNECT);
}

SEC("cgroup/sendmsg4")
int ringwall_sendmsg4(struct bpf_sock_addr *ctx)
{
	return address_allowed(ctx, 4, RINGWALL_DO_SEND);
}

SEC("cgroup/sendmsg6")
int ringwall_sendmsg6(struct bpf_sock_addr *ctx)
{
	return address_allowed(ctx, 6, RINGWALL_DO_SEND);
}

static __always_inline int bind_allowed(struct bpf_sock_addr *ctx, int family)
{
	struct subject s;
	struct act a;
	__u32 rule;

	if (!attached_subject(&s))
		return 0;
	if (!subject_has(&s, RINGWALL_SET_BIND) || !ctx->user_port)
		return 1;
	a = act_of(ctx, &s, RINGWALL_DO_BIND);
	a.peer.local = a.peer.port;
	rule = range_find(s.policy_id, s.p->bind_class, (__u32)a.peer.protocol << 16 | a.peer.local);
	if (!(rule & RINGWALL_RANGE_DENY))
		return subject_still(&s);
	a.peer.family = family;
	if (family == 4) {
		a.peer.address[0] = ctx->user_ip4;
	} else {
		__u32 w0 = ctx->user_ip6[0], w1 = ctx->user_ip6[1], w2 = ctx->user_ip6[2], w3 = ctx->user_ip6[3];

		a.peer.address[0] = (__u64)w1 << 32 | w0;
		a.peer.address[1] = (__u64)w3 << 32 | w2;
	}
	return refuse(&s, RINGWALL_SET_BIND, rule, &a, 1);
}

SEC("cgroup/bind4")
int ringwall_bind4(struct bpf_sock_addr *ctx)
{
	return bind_allowed(ctx, 4);
}

SEC("cgroup/bind6")
int ringwall_bind6(struct bpf_sock_addr *ctx)
{
	return bind_allowed(ctx, 6);
}

static __noinline int socket_refuse(const struct subject *s, struct bpf_sock *ctx, __u32 set, __u32 bit)
{
	struct ringwall_event *ev = refusal_begin(s, set, bit, EPERM);

	if (ev) {
		event_process(ev);
		ev->what.object.op = RINGWALL_DO_SOCKET;
		ev->what.object.arg[0] = ctx->family;
		ev->what.object.arg[1] = ctx->type;
		ev->what.object.arg[2] = ctx->protocol;
	}
	return !refusal_end(s, ev, set, EPERM);
}

SEC("cgroup/sock_create")
int ringwall_sock_create(struct bpf_sock *ctx)
{
	__u32 family = ctx->family & 63, type = ctx->type & 31;
	struct subject s;

	if (!attached_subject(&s))
		return 0;
	if (subject_has(&s, RINGWALL_SET_FAMILY) && (s.p->families >> family & 1) &&
	    !socket_refuse(&s, ctx, RINGWALL_SET_FAMILY, family))
		return 0;
	if (subject_has(&s, RINGWALL_SET_SOCKET_TYPE) && (s.p->socket_types >> type & 1) &&
	    !socket_refuse(&s, ctx, RINGWALL_SET_SOCKET_TYPE, type))
		return 0;
	return subject_still(&s);
}

static __always_inline int packet_verdict(struct __sk_buff *skb, const struct subject *s, struct bpf_sock *sk,
					  struct packet *p)
{
	enum direction d = p->act.direction;
	struct flow *f = flow_of(sk);

	if (p->bad || (d == EGRESS && (s->p->flags & RINGWALL_POLICY_NAMES) && packet_is_forged(s, p)))
		return refuse(s, direction_set(d), 0, &p->act, 0);
	if (sock_is_stream(sk))
		return stream_allowed(s, sk, &p->act);
	if (f && flow_allows(f, s, &p->act.peer))
		return 1;
	if (d == EGRESS && sk->type == SOCK_RAW && packet_is_the_kernels(sk))
		return 1;
	return datagram_allowed(skb, s, sk, f, &p->act, 0);
}

static __noinline int packet_looked_at(struct __sk_buff *skb, const struct subject *s, struct bpf_sock *sk,
				       enum direction d)
{
	struct packet p = { .act = { .slot = s->slot, .policy_id = s->policy_id, .direction = d } };

	p.act.op = d == EGRESS ? RINGWALL_DO_SEND : RINGWALL_DO_RECEIVE;
	packet_read(skb, d, &p);
	if (!packet_verdict(skb, s, sk, &p))
		return 0;
	if ((s->p->flags & RINGWALL_POLICY_NAMES) && p.act.peer.protocol == IPPROTO_UDP) {
		if (d == EGRESS)
			query_seen(skb, s, &p);
		else if (p.act.peer.port == DNS_PORT && sk->type == SOCK_DGRAM)
			answer_seen(skb, s, &p);
	}
	return subject_still(s);
}

static __always_inline int packet_allowed(struct __sk_buff *skb, enum direction d)
{
	struct bpf_sock *sk = skb->sk;
	struct subject s;

	if (!attached_subject(&s))
		return 0;
	if (!(s.p->sets & NETWORK_SETS))
		return 1;
	sk = sk ? bpf_sk_fullsock(sk) : NULL;
	if (!sk)
		return 0;
	if (sock_is_stream(sk) && stream_is_known(&s, sk, flow_of(sk)))
		return 1;
	return packet_looked_at(skb, &s, sk, d);
}

SEC("cgroup_skb/egress")
int ringwall_egress(struct __sk_buff *skb)
{
	return packet_allowed(skb, EGRESS);
}

SEC("cgroup_skb/ingress")
int ringwall_ingress(struct __sk_buff *skb)
{
	return packet_allowed(skb, INGRESS);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
