// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Class socket: which kinds of sockets a container may make, and which abstract unix sockets it may reach.
 *
 * lsm/socket_create		ringwall_socket		socket(2), socketpair(2)
 * lsm/unix_stream_connect	ringwall_unix_connect	connect(2): stream, seqpacket
 * lsm/unix_may_send		ringwall_unix_send	connect(2), sendto(2): datagram
 */
#include "surface.bpf.h"

#define AF_NETLINK 16
#define CGROUP_DEPTH 32

static __always_inline int socket_report(const struct subject *s, __u32 set, __u32 rule, int family, int type,
					 int protocol)
{
	struct refusal r = { .set = set, .rule = rule, .op = RINGWALL_DO_SOCKET, .arg = { family, type, protocol } };

	return refuse(s, &r);
}

/* Sockets that the kernel makes for itself while the process is in a system call are none of the policy's business. */
SEC("lsm/socket_create")
int BPF_PROG(ringwall_socket, int family, int type, int protocol, int kern)
{
	struct subject s;
	int ret;

	if (kern)
		return 0;
	if (!confined(&s, &ret))
		return ret;
	if (s.p->families >> (family & 63) & 1)
		ret = socket_report(&s, RINGWALL_SET_FAMILY, family, family, type, protocol);
	/* A netlink socket's type means nothing, and getifaddrs(3) asks for SOCK_RAW: netlink has a set of its own. */
	if (!ret && family != AF_NETLINK && s.p->socket_types >> (type & 31) & 1)
		ret = socket_report(&s, RINGWALL_SET_SOCKET_TYPE, type, family, type, protocol);
	/* Other protocols there are none: the kernel says so, and a rule for each would fill everybody's counters. */
	if (!ret && family == AF_NETLINK && (__u32)protocol < 32 && s.p->netlink >> protocol & 1)
		ret = socket_report(&s, RINGWALL_SET_NETLINK, protocol, family, type, protocol);
	return ret ? ret : allow(&s);
}

/*
 * Whose a socket is: it remembers the cgroup of the process that made it, for good, and a container's processes make
 * theirs in its cgroup or below. (The peer's task storage is out of reach: a socket knows no task, and storage of its
 * own is not to be had where programs go to security_*().)
 */
static __noinline int made_inside(const struct subject *s, struct sock *sk)
{
	struct cgroup *cgroup = BPF_CORE_READ(sk, sk_cgrp_data.cgroup);
	int level = BPF_CORE_READ(cgroup, level);

	for (int i = 0; i < CGROUP_DEPTH && i <= level; i++) {
		struct cgroup *above = NULL;

		bpf_probe_read_kernel(&above, sizeof(above),
				      __builtin_preserve_access_index(&cgroup->ancestors[0]) + i);
		if (BPF_CORE_READ(above, kn, id) == s->c->cgroup_id)
			return 1;
	}
	return 0;
}

/* Sockets that have a path are files, and those without any name a pair: only abstract names are looked at. */
static __always_inline int unix_refused(struct sock *peer)
{
	struct refusal r = { .set = RINGWALL_SET_KERNEL,
			     .rule = RINGWALL_KERNEL_UNIX_OUT,
			     .op = RINGWALL_DO_KERNEL,
			     .arg = { RINGWALL_KERNEL_UNIX_OUT } };
	struct unix_address *address;
	struct subject s;
	char first = 0;
	int ret;

	if (!confined(&s, &ret))
		return ret;
	if (!surface_has(&s, RINGWALL_KERNEL_UNIX_OUT))
		return allow(&s);
	address = BPF_CORE_READ((struct unix_sock *)peer, addr);
	r.name = __builtin_preserve_access_index(&address->name[0].sun_path[0]);
	if (!address || bpf_probe_read_kernel(&first, 1, r.name) || first || made_inside(&s, peer))
		return allow(&s);
	r.name++;
	r.name_len = BPF_CORE_READ(address, len) - 3; /* sun_family and the NUL before the name */
	return refuse(&s, &r);
}

SEC("lsm/unix_stream_connect")
int BPF_PROG(ringwall_unix_connect, struct sock *sock, struct sock *other)
{
	return unix_refused(other);
}

SEC("lsm/unix_may_send")
int BPF_PROG(ringwall_unix_send, struct socket *sock, struct socket *other)
{
	return unix_refused(BPF_CORE_READ(other, sk));
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
