/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef RINGWALL_BPF_NETWORK_H
#define RINGWALL_BPF_NETWORK_H

/*
 * What a policy says about an address, a protocol and a port. For an address, of all rules that match it, deny beats
 * allow beats default; the compiler (user/policy/network-compile.c) has put that into the class an address leads to.
 *
 * Names: an address that only the default refuses may have been the answer for a name that egress rules allow
 * (dns.bpf.h). An explicit deny holds against names.
 *
 * Loopback: 127.0.0.0/8 and ::1 in a network namespace that is the container's own (RINGWALL_POLICY_LOOPBACK, set by
 * the runtime) are the container talking to itself: what only the default refuses is allowed, rules that deny count.
 * With the host's network they are the host, and rules decide as for any address. The container's other addresses are
 * like any.
 *
 * 0.0.0.0 and :: as destinations mean loopback, as the kernel takes them. ::ffff:a.b.c.d is a.b.c.d.
 */

#include <bpf/bpf_endian.h>

#include "cgroup.bpf.h"

/* Full: the policy that did not fit is not made; this holds for the next three too. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RINGWALL_ADDRESSES_MAX);
	__type(key, struct ringwall_address4_key);
	__type(value, struct ringwall_address);
} addresses4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RINGWALL_ADDRESSES_MAX);
	__type(key, struct ringwall_address6_key);
	__type(value, struct ringwall_address);
} addresses6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RINGWALL_PORTS_MAX);
	__type(key, struct ringwall_ports_key);
	__type(value, struct ringwall_ports);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RINGWALL_NAMES_MAX);
	__type(key, struct ringwall_token_key);
	__type(value, struct ringwall_token);
} tokens SEC(".maps");

/*
 * Full: the answer that was not asked for longest goes, and its address is refused until the name is resolved again. A
 * container can push out another's answers only by having that many names resolved: by a wildcard to its own domain.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, RINGWALL_RESOLVED_MAX);
	__type(key, struct ringwall_resolved_key);
	__type(value, struct ringwall_resolved);
} resolved SEC(".maps");

#define AF_INET 2
#define AF_INET6 10

enum direction {
	EGRESS = 1,
	INGRESS = 2,
	REVERSE = 3, /* direction ^ REVERSE is the other one */
};

/**
 * struct peer - the other side of something.
 * @address: network order; IPv4 in the first 4 bytes
 * @port, @local: the other side's and this side's, host order; 0 for protocols without
 * @family: 4, 6
 */
struct peer {
	__u64 address[2];
	__u16 port, local;
	__u8 protocol, family, reserved[2];
};

#define IPPROTO_ICMP 1
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_DCCP 33
#define IPPROTO_ICMPV6 58
#define IPPROTO_SCTP 132
#define IPPROTO_UDPLITE 136
#define IPPROTO_MPTCP 262

/* Bits of protocols below 64, of those from 128 on. */
#define PORTED_LOW (1ULL << IPPROTO_TCP | 1ULL << IPPROTO_UDP | 1ULL << IPPROTO_DCCP)
#define PORTED_HIGH (1ULL << (IPPROTO_SCTP - 128) | 1ULL << (IPPROTO_UDPLITE - 128))

static __always_inline int protocol_has_ports(__u8 protocol)
{
	if (protocol < 64)
		return PORTED_LOW >> protocol & 1;
	return protocol >= 128 && protocol < 192 && (PORTED_HIGH >> (protocol - 128) & 1);
}

/** direction_set() - the set whose rules decide about @d. */
static __always_inline __u32 direction_set(enum direction d)
{
	return d == EGRESS ? RINGWALL_SET_EGRESS : RINGWALL_SET_INGRESS;
}

/* ::ffff:a.b.c.d, as sockets of AF_INET6 name IPv4. */
static __always_inline void peer_unmap(struct peer *p)
{
	if (p->address[0] || (__u32)p->address[1] != bpf_htonl(0xffff))
		return;
	p->address[0] = p->address[1] >> 32;
	p->address[1] = 0;
	p->family = 4;
}

static __always_inline int peer_is_loopback(const struct peer *p)
{
	if (p->family == 4)
		return (p->address[0] & 0xff) == 127;
	return !p->address[0] && p->address[1] == bpf_cpu_to_be64(1);
}

/**
 * struct act - what is to be allowed or refused.
 * @token: of the name that allowed the flow before, then of that which does
 * @slot, @policy_id: of the subject
 * @op: RINGWALL_DO_*
 * @direction: enum direction
 */
struct act {
	struct peer peer;
	__u32 slot;
	__u64 token;
	__u32 policy_id;
	__u8 op, direction, reserved[2];
};

/* The address's bits from @from to @length, of the 64 that begin at @from. */
static __always_inline __u64 prefix_mask(__u32 length, __u32 from)
{
	if (length >= from + 64)
		return ~0ULL;
	return length > from ? bpf_cpu_to_be64(~(~0ULL >> (length - from))) : 0;
}

/*
 * What follows is not static, and gets along with plain memory and numbers: so the verifier looks at each function once
 * and not at every call, which makes a difference of seconds when the class is loaded.
 */

/* What a step of the bisection found at @middle. Return: whether it is the last. */
static __always_inline int class_step(const struct ringwall_address *found, __u32 middle, __u32 *class, __u32 *low,
				      __u32 *high)
{
	if (!found) {
		*high = middle;
		return 0;
	}
	*class = found->class;
	*low = middle + 1;
	return *class & RINGWALL_ADDRESS_LEAF;
}

/* See "Address → class" in abi.h. RINGWALL_LENGTHS_MAX - 1 lengths take 4 steps. */
static __always_inline __u32 class_find4(const struct ringwall_tree_root *root, const struct act *a, __u32 tree)
{
	struct {
		__u32 policy_id;
		__u16 tree, length;
		__u32 address;
	} key = { .policy_id = a->policy_id, .tree = tree };
	__u32 class = root->class, low = 0, high = root->n, address = a->peer.address[0];

#pragma clang loop unroll(full) /* 6.1 takes loops only as some compilers lay them out */
	for (int i = 0; i < 4; i++) {
		__u32 middle = (low + high) / 2;

		if (low >= high)
			break;
		key.length = root->length[middle & (RINGWALL_LENGTHS_MAX - 1)];
		key.address = address & bpf_htonl(~0U << (32 - key.length));
		if (class_step(bpf_map_lookup_elem(&addresses4, &key), middle, &class, &low, &high))
			break;
	}
	return class & ~RINGWALL_ADDRESS_LEAF;
}

struct class_key6 {
	__u32 policy_id;
	__u16 tree, length;
	__u64 address[2];
};

static __always_inline int class_step6(const struct ringwall_tree_root *root, const struct act *a,
				       struct class_key6 *key, __u32 *class, __u32 *low, __u32 *high)
{
	__u32 middle = (*low + *high) / 2;

	if (*low >= *high)
		return 1;
	key->length = root->length[middle & (RINGWALL_LENGTHS_MAX - 1)];
	key->address[0] = a->peer.address[0] & prefix_mask(key->length, 0);
	key->address[1] = a->peer.address[1] & prefix_mask(key->length, 64);
	return class_step(bpf_map_lookup_elem(&addresses6, key), middle, class, low, high);
}

/* Written out: as a loop clang 19 does not unroll it, whatever the pragma says. */
static __always_inline __u32 class_find6(const struct ringwall_tree_root *root, const struct act *a, __u32 tree)
{
	struct class_key6 key = { .policy_id = a->policy_id, .tree = tree };
	__u32 class = root->class, low = 0, high = root->n;

	if (!class_step6(root, a, &key, &class, &low, &high) && !class_step6(root, a, &key, &class, &low, &high) &&
	    !class_step6(root, a, &key, &class, &low, &high))
		class_step6(root, a, &key, &class, &low, &high);
	return class & ~RINGWALL_ADDRESS_LEAF;
}

static __always_inline __u32 class_find(const struct ringwall_policy *policy, const struct act *a, __u32 direction)
{
	__u32 tree = direction == EGRESS ? RINGWALL_TREE_EGRESS4 : RINGWALL_TREE_INGRESS4;

	if (a->peer.family == 4)
		return class_find4(&policy->tree[tree], a, tree);
	return class_find6(&policy->tree[tree + 1], a, tree + 1);
}

static __always_inline __u32 class_verdict(__u32 policy_id, __u32 class, __u32 at)
{
	struct ringwall_ports_key key = { .policy_id = policy_id, .class = class };
	const struct ringwall_ports *v;
	__u32 low = 0, high;

	if (class & RINGWALL_CLASS_FLAT)
		return (class & (RINGWALL_CLASS_DENY - 1)) | (class & RINGWALL_CLASS_DENY ? RINGWALL_RANGE_DENY : 0);
	v = bpf_map_lookup_elem(&ports, &key);
	if (!v)
		return RINGWALL_RANGE_DENY;
	high = v->n;
	/* range[low] starts at or before @at, range[high] behind it. */
#pragma clang loop unroll(full)
	for (int i = 0; i < 6; i++) {
		__u32 middle = (low + high) / 2;

		if (low + 1 >= high)
			break;
		if (middle >= RINGWALL_CLASS_RANGES)
			return RINGWALL_RANGE_DENY;
		if (v->range[middle].start <= at)
			low = middle;
		else
			high = middle;
	}
	return low < RINGWALL_CLASS_RANGES ? v->range[low].rule : RINGWALL_RANGE_DENY;
}

/* What @class says about @at, (protocol, port): a ringwall_range.rule. */
__noinline __u32 range_find(__u32 policy_id, __u32 class, __u32 at)
{
	return class_verdict(policy_id, class, at);
}

/* Return: whether the name behind @token is allowed. */
__noinline int token_allows(__u32 policy_id, __u64 token, __u32 at)
{
	struct ringwall_token_key key = { .policy_id = policy_id, .token = token };
	const struct ringwall_token *t = bpf_map_lookup_elem(&tokens, &key);

	return t && !(range_find(policy_id, t->class, at) & RINGWALL_RANGE_DENY);
}

/* Return: whether a name that resolved to the address is allowed. */
__noinline int name_allows(struct act *a, __u32 at)
{
	struct {
		__u32 slot, family;
		__u64 address[2];
	} key = {};
	const struct ringwall_resolved *r;
	__u64 now;

	if (!a)
		return 0;
	if (a->token && token_allows(a->policy_id, a->token, at))
		return 1;
	key.slot = a->slot;
	key.family = a->peer.family;
	key.address[0] = a->peer.address[0];
	key.address[1] = a->peer.address[1];
	r = bpf_map_lookup_elem(&resolved, &key);
	if (!r)
		return 0;
	now = bpf_ktime_get_boot_ns();
	for (int i = 0; i < RINGWALL_RESOLVED_NAMES; i++) {
		__u64 name = READ_ONCE(r->name[i].token);

		if (READ_ONCE(r->name[i].expires) <= now || !token_allows(a->policy_id, name, at))
			continue;
		a->token = name;
		return 1;
	}
	return 0;
}

/* verdict() for a set that the policy has. */
__noinline __u32 rules_verdict(struct ringwall_policy *policy, struct act *a, __u32 direction)
{
	__u32 at, rule;

	if (!policy || !a)
		return RINGWALL_RANGE_DENY;
	at = (__u32)a->peer.protocol << 16 | (direction == EGRESS ? a->peer.port : a->peer.local);
	rule = class_verdict(a->policy_id, class_find(policy, a, direction), at);
	if (rule != RINGWALL_RANGE_DENY)
		return rule;
	if ((policy->flags & RINGWALL_POLICY_LOOPBACK) && peer_is_loopback(&a->peer))
		return 0;
	if (direction == EGRESS && (policy->flags & RINGWALL_POLICY_NAMES) && name_allows(a, at))
		return 1;
	return rule;
}

/**
 * verdict() - what the rules of one direction say; a set that the policy does not have allows.
 * Return: as ringwall_range.rule
 */
static __always_inline __u32 verdict(const struct subject *s, struct act *a, enum direction d)
{
	if (!subject_has(s, direction_set(d)))
		return 0;
	return rules_verdict((struct ringwall_policy *)s->p, a, d);
}

static __always_inline int refuse_any(struct ringwall_container *c, struct ringwall_policy *policy, const struct act *a,
				      __u32 set, __u32 rule, int process)
{
	struct ringwall_event *ev;
	struct subject s;

	if (!c || !policy || !a)
		return 0;
	s.c = c;
	s.p = policy;
	s.slot = a->slot;
	s.policy_id = a->policy_id;
	ev = refusal_begin(&s, set, rule & ~RINGWALL_RANGE_DENY, EPERM);
	if (ev) {
		struct ringwall_object *o = &ev->what.object;

		if (process)
			event_process(ev);
		o->op = a->op;
		/* The port that the rules are about. */
		o->port = set == RINGWALL_SET_EGRESS ? a->peer.port : a->peer.local;
		o->protocol = a->peer.protocol;
		o->family = a->peer.family;
		__builtin_memcpy(o->address, a->peer.address, sizeof(o->address));
	}
	return !refusal_end(&s, ev, set, EPERM);
}

__noinline int refuse_process(struct ringwall_container *c, struct ringwall_policy *policy, struct act *a, __u32 set,
			      __u32 rule)
{
	return refuse_any(c, policy, a, set, rule, 1);
}

/* Packets have no process, and up to 6.12 their programs cannot even name the functions that ask for it. */
__noinline int refuse_packet(struct ringwall_container *c, struct ringwall_policy *policy, struct act *a, __u32 set,
			     __u32 rule)
{
	return refuse_any(c, policy, a, set, rule, 0);
}

/**
 * refuse() - count and report.
 * @rule: as ringwall_range.rule
 * @process: it is the current process's doing; a constant
 * Return: whether it is to be allowed all the same
 */
static __always_inline int refuse(const struct subject *s, __u32 set, __u32 rule, struct act *a, int process)
{
	struct ringwall_policy *policy = (struct ringwall_policy *)s->p;
	int allowed = process ? refuse_process(s->c, policy, a, set, rule) : refuse_packet(s->c, policy, a, set, rule);

	asm volatile("" : "+r"(allowed)); /* what the compiler knows of the function, the verifier does not */
	return allowed ? 1 : 0;
}

/* ---- programs for processes: struct bpf_sock_addr --------------------------------------------------------------- */

/* The protocol of a socket, as rules name it. */
static __always_inline __u8 protocol_of(__u32 protocol)
{
	return protocol == IPPROTO_MPTCP ? IPPROTO_TCP : protocol;
}

/* What a hook for a process is about; address and family are left. */
static __always_inline struct act act_of(const struct bpf_sock_addr *ctx, const struct subject *s, __u32 op)
{
	struct act a = { .slot = s->slot, .policy_id = s->policy_id, .op = op, .direction = EGRESS };

	a.peer.protocol = protocol_of(ctx->protocol);
	if (protocol_has_ports(a.peer.protocol))
		a.peer.port = bpf_ntohs(ctx->user_port);
	return a;
}

static __always_inline void address4(const struct bpf_sock_addr *ctx, struct peer *p)
{
	__u32 ip = ctx->user_ip4;

	p->family = 4;
	p->address[0] = ip ?: bpf_htonl(0x7f000001);
}

static __always_inline void address6(const struct bpf_sock_addr *ctx, struct peer *p)
{
	__u32 a = ctx->user_ip6[0], b = ctx->user_ip6[1], c = ctx->user_ip6[2], d = ctx->user_ip6[3];

	p->family = 6;
	p->address[0] = (__u64)b << 32 | a;
	p->address[1] = (__u64)d << 32 | c;
	if (!p->address[0] && !p->address[1])
		p->address[1] = bpf_cpu_to_be64(1);
	peer_unmap(p);
	if (p->family == 4 && !p->address[0])
		p->address[0] = bpf_htonl(0x7f000001);
}

#endif
