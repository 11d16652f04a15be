/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef RINGWALL_BPF_PACKET_H
#define RINGWALL_BPF_PACKET_H

/*
 * From a packet, as cgroup_skb programs get it (it begins with its IP header), to the peer.
 *
 * Fragments: what a socket sends is seen before it is cut, what it receives after it was put together. Fragments are
 * only seen where a raw socket with IP_HDRINCL makes them: the first is checked as any packet, later ones have no ports
 * and are checked as port 0, which only rules without ports allow.
 *
 * Source routes (IPv4 LSRR and SSRR, IPv6 routing headers with segments left) name a destination other than the one
 * that was checked: such packets are refused.
 */

#include "network.bpf.h"
#include <bpf/bpf_core_read.h>

/* Of the kernel's structure the one bit: made by the kernel for itself. */
struct sock {
	__u8 sk_kern_sock : 1;
} __attribute__((preserve_access_index));

struct ip4 {
	__u8 version_length, tos;
	__be16 total, id, fragment;
	__u8 ttl, protocol;
	__be16 check;
	__be32 source, destination;
};

struct ip6 {
	__be32 flow;
	__be16 payload;
	__u8 next, hop_limit;
	__u64 source[2], destination[2];
};

#define IP4_OFFSET 0x1fff
#define IP4_LSRR 131
#define IP4_SSRR 137

/**
 * struct packet - what verdicts need of one.
 * @act: with destination when it goes out, source when it comes in
 * @source: its source, for what goes out
 * @payload: offset of what is behind the ports
 * @bad: refuse: no IP, cut short, or source-routed
 */
struct packet {
	struct act act;
	__u64 source[2];
	__u32 payload;
	int bad;
};

/* Options are few and rare; a routing one among them shows in the first bytes of an option. */
static __noinline int ip4_source_routed(struct __sk_buff *skb, __u32 end)
{
	__u32 at = sizeof(struct ip4);

	for (int i = 0; i < 40 && at < end; i++) {
		__u8 option[2] = {};

		if (bpf_skb_load_bytes(skb, at, option, 1))
			return 1;
		if (option[0] == IP4_LSRR || option[0] == IP4_SSRR)
			return 1;
		if (option[0] == 0)
			return 0;
		if (option[0] == 1) {
			at++;
			continue;
		}
		if (bpf_skb_load_bytes(skb, at + 1, option + 1, 1) || option[1] < 2)
			return 1;
		at += option[1];
	}
	return 0;
}

/* Return: the offset of what follows, 0 where there are no ports in it. */
static __always_inline __u32 packet_read4(struct __sk_buff *skb, enum direction d, struct packet *p)
{
	struct ip4 h;
	__u32 length;

	if (bpf_skb_load_bytes(skb, 0, &h, sizeof(h))) {
		p->bad = 1;
		return 0;
	}
	length = (h.version_length & 15) * 4;
	p->act.peer.family = 4;
	p->act.peer.protocol = h.protocol;
	p->act.peer.address[0] = d == EGRESS ? h.destination : h.source;
	p->source[0] = h.source;
	if (length < sizeof(h) || (length > sizeof(h) && d == EGRESS && ip4_source_routed(skb, length)))
		p->bad = 1;
	return h.fragment & bpf_htons(IP4_OFFSET) ? 0 : length;
}

struct extension {
	__u8 next, length, type, left;
};

#define EXT_HOP 0
#define EXT_ROUTING 43
#define EXT_FRAGMENT 44
#define EXT_AUTH 51
#define EXT_OPTIONS 60
#define EXT_MOBILITY 135
#define EXT_MAX 8

static __always_inline int ip6_is_extension(__u8 next)
{
	return next == EXT_HOP || next == EXT_ROUTING || next == EXT_FRAGMENT || next == EXT_AUTH ||
	       next == EXT_OPTIONS || next == EXT_MOBILITY;
}

/* Return: as packet_read4(). More extension headers than EXT_MAX are refused. */
static __noinline __u32 ip6_skip(struct __sk_buff *skb, struct packet *p)
{
	__u32 at = sizeof(struct ip6);
	__u8 next = p->act.peer.protocol;

	for (int i = 0; i < EXT_MAX; i++) {
		struct extension x;
		__be16 fragment;

		if (!ip6_is_extension(next)) {
			p->act.peer.protocol = next;
			return at;
		}
		if (bpf_skb_load_bytes(skb, at, &x, sizeof(x)) || (next == EXT_ROUTING && x.left))
			break;
		if (next == EXT_FRAGMENT) {
			__builtin_memcpy(&fragment, &x.type, sizeof(fragment));
			if (fragment & bpf_htons(0xfff8)) {
				p->act.peer.protocol = x.next;
				return 0;
			}
			at += 8;
		} else if (next == EXT_AUTH) {
			at += (x.length + 2) * 4;
		} else {
			at += (x.length + 1) * 8;
		}
		next = x.next;
	}
	p->bad = 1;
	return 0;
}

static __always_inline __u32 packet_read6(struct __sk_buff *skb, enum direction d, struct packet *p)
{
	struct ip6 h;
	__u32 at = sizeof(h);

	if (bpf_skb_load_bytes(skb, 0, &h, sizeof(h))) {
		p->bad = 1;
		return 0;
	}
	p->act.peer.family = 6;
	p->act.peer.protocol = h.next;
	p->source[0] = h.source[0];
	p->source[1] = h.source[1];
	p->act.peer.address[0] = d == EGRESS ? h.destination[0] : h.source[0];
	p->act.peer.address[1] = d == EGRESS ? h.destination[1] : h.source[1];
	if (ip6_is_extension(h.next))
		at = ip6_skip(skb, p);
	peer_unmap(&p->act.peer);
	return at;
}

/** packet_read() - fill in peer, source and payload of @p, which is zero. */
static __always_inline void packet_read(struct __sk_buff *skb, enum direction d, struct packet *p)
{
	__u32 at = skb->protocol == bpf_htons(0x0800) ? packet_read4(skb, d, p) : packet_read6(skb, d, p);
	__be16 ports[2];

	p->payload = at;
	if (!at || !protocol_has_ports(p->act.peer.protocol))
		return;
	if (bpf_skb_load_bytes(skb, at, ports, sizeof(ports))) {
		p->bad = 1;
		return;
	}
	p->act.peer.port = bpf_ntohs(d == EGRESS ? ports[1] : ports[0]);
	p->act.peer.local = bpf_ntohs(d == EGRESS ? ports[0] : ports[1]);
	p->payload = at + 8; /* of UDP, the one protocol that is looked into */
}

/*
 * packet_is_the_kernels() - resets, neighbour discovery and multicast reports go out through raw sockets that the
 * kernel made for a network namespace. They are in the cgroup of whoever made the namespace, which may be the
 * container; without them IPv6 does not work, and no process can send through them.
 */
static __noinline int packet_is_the_kernels(const struct bpf_sock *sk)
{
	const struct sock *kernel;

	/* To the verifier a socket of the uapi's kind: the pointer becomes a number that leads to the kernel's. */
	if (bpf_probe_read_kernel(&kernel, sizeof(kernel), &sk))
		return 0;
	return BPF_CORE_READ_BITFIELD_PROBED(kernel, sk_kern_sock);
}

#endif
