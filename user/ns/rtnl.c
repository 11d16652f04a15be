// SPDX-License-Identifier: LGPL-2.1-or-later
#include "rtnl.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../process/channel.h"

/* Messages ------------------------------------------------------------------------------------------------------- */

static void start(struct ringwall_rtnl_request *q, uint16_t type, uint16_t flags, const void *header, size_t len)
{
	memset(q, 0, sizeof(*q));
	q->h.nlmsg_len = (uint32_t)NLMSG_SPACE(len);
	q->h.nlmsg_type = type;
	q->h.nlmsg_flags = NLM_F_REQUEST | flags;
	memcpy(q->body, header, len);
}

static int put(struct ringwall_rtnl_request *q, uint16_t type, const void *data, size_t len)
{
	struct rtattr a = { .rta_len = (uint16_t)RTA_LENGTH(len), .rta_type = type };
	size_t at = q->h.nlmsg_len - sizeof(q->h);

	if (len > sizeof(q->body) || RTA_SPACE(len) > sizeof(q->body) - at)
		return -EMSGSIZE;
	memcpy(q->body + at, &a, sizeof(a));
	memcpy(q->body + at + sizeof(a), data, len);
	q->h.nlmsg_len += (uint32_t)RTA_SPACE(len);
	return 0;
}

static const struct rtattr *find(const struct nlmsghdr *h, size_t header, uint16_t type)
{
	for (size_t at = NLMSG_SPACE(header); at + sizeof(struct rtattr) <= h->nlmsg_len;) {
		const struct rtattr *a = (const void *)((const char *)h + at);

		if (a->rta_len < sizeof(*a) || a->rta_len > h->nlmsg_len - at)
			return NULL;
		if ((a->rta_type & NLA_TYPE_MASK) == type)
			return a;
		at += RTA_ALIGN(a->rta_len);
	}
	return NULL;
}

int ringwall_rtnl_build_get(struct ringwall_rtnl_request *ret, int index, const char *name)
{
	struct ifinfomsg header = { .ifi_index = index };

	/* The ACK makes every answer end alike. */
	start(ret, RTM_GETLINK, NLM_F_ACK, &header, sizeof(header));
	return index ? 0 : put(ret, IFLA_IFNAME, name, strlen(name) + 1);
}

int ringwall_rtnl_build_move(struct ringwall_rtnl_request *ret, int index, uint16_t ns, uint32_t value,
			     const char *name)
{
	struct ifinfomsg header = { .ifi_index = index };
	int r;

	start(ret, RTM_NEWLINK, NLM_F_ACK, &header, sizeof(header));
	r = put(ret, ns, &value, sizeof(value));
	return r || !name ? r : put(ret, IFLA_IFNAME, name, strlen(name) + 1);
}

int ringwall_rtnl_build_up(struct ringwall_rtnl_request *ret, int index)
{
	struct ifinfomsg header = { .ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };

	start(ret, RTM_NEWLINK, NLM_F_ACK, &header, sizeof(header));
	return 0;
}

int ringwall_rtnl_build_dump(struct ringwall_rtnl_request *ret)
{
	struct ifaddrmsg header = { .ifa_family = AF_UNSPEC };

	start(ret, RTM_GETADDR, NLM_F_DUMP, &header, sizeof(header));
	return 0;
}

static int put_label(struct ringwall_rtnl_request *q, const struct rtattr *a, const char *from, const char *to)
{
	char old[IFNAMSIZ] = "", label[2 * IFNAMSIZ];
	size_t n = strlen(from);

	memcpy(old, RTA_DATA(a), RTA_PAYLOAD(a) < sizeof(old) ? RTA_PAYLOAD(a) : sizeof(old) - 1);
	if (!strncmp(old, from, n) && (!old[n] || old[n] == ':'))
		snprintf(label, sizeof(label), "%s%s", to, old + n);
	else
		snprintf(label, sizeof(label), "%s", old);
	return strlen(label) < IFNAMSIZ ? put(q, IFA_LABEL, label, strlen(label) + 1) : 0;
}

int ringwall_rtnl_build_address(struct ringwall_rtnl_request *ret, const struct nlmsghdr *saved, int index,
				const char *from, const char *to)
{
	/* Lifetimes too: a permanent address may be deprecated. */
	static const uint16_t kept[] = { IFA_LOCAL, IFA_ADDRESS, IFA_BROADCAST, IFA_CACHEINFO, IFA_RT_PRIORITY,
					 IFA_PROTO };
	struct ringwall_rtnl_address address;
	const struct rtattr *a;
	struct ifaddrmsg header;
	int r = ringwall_rtnl_parse_address(saved, &address);

	if (r < 0)
		return r;
	/* The other flags are the kernel's findings. */
	address.flags &= IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE |
			 IFA_F_MCAUTOJOIN;
	memcpy(&header, NLMSG_DATA(saved), sizeof(header));
	header.ifa_index = (uint32_t)index;
	header.ifa_flags = (uint8_t)address.flags;
	/* REPLACE: what the kernel has added by itself is no error. */
	start(ret, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof(header));
	r = put(ret, IFA_FLAGS, &address.flags, sizeof(address.flags));
	for (size_t i = 0; !r && i < ARRAY_SIZE(kept); i++) {
		a = find(saved, sizeof(header), kept[i]);
		if (a)
			r = put(ret, kept[i], RTA_DATA(a), RTA_PAYLOAD(a));
	}
	a = find(saved, sizeof(header), IFA_LABEL);
	return r || !a ? r : put_label(ret, a, from, to);
}

int ringwall_rtnl_parse_link(const struct nlmsghdr *h, struct ringwall_rtnl_link *ret)
{
	struct ringwall_rtnl_link l = { 0 };
	const struct rtattr *name;
	struct ifinfomsg header;

	if (h->nlmsg_type != RTM_NEWLINK || h->nlmsg_len < NLMSG_LENGTH(sizeof(header)))
		return -EBADMSG;
	memcpy(&header, NLMSG_DATA(h), sizeof(header));
	name = find(h, sizeof(header), IFLA_IFNAME);
	if (!name || RTA_PAYLOAD(name) > sizeof(l.name) || !memchr(RTA_DATA(name), '\0', RTA_PAYLOAD(name)))
		return -EBADMSG;
	l.index = header.ifi_index;
	l.flags = header.ifi_flags;
	memcpy(l.name, RTA_DATA(name), RTA_PAYLOAD(name));
	*ret = l;
	return 0;
}

int ringwall_rtnl_parse_address(const struct nlmsghdr *h, struct ringwall_rtnl_address *ret)
{
	const struct rtattr *flags;
	struct ifaddrmsg header;

	if (h->nlmsg_type != RTM_NEWADDR || h->nlmsg_len < NLMSG_LENGTH(sizeof(header)))
		return -EBADMSG;
	memcpy(&header, NLMSG_DATA(h), sizeof(header));
	ret->index = (int)header.ifa_index;
	ret->scope = header.ifa_scope;
	ret->flags = header.ifa_flags;
	/* The eight bits of the header have become too few. */
	flags = find(h, sizeof(header), IFA_FLAGS);
	if (flags && RTA_PAYLOAD(flags) == sizeof(ret->flags))
		memcpy(&ret->flags, RTA_DATA(flags), sizeof(ret->flags));
	return 0;
}

static int parse_end(const struct nlmsghdr *h, struct ringwall_err *e)
{
	const uint16_t capped = NLM_F_ACK_TLVS | NLM_F_CAPPED;
	const struct rtattr *reason = NULL;
	int error;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(error)))
		return ringwall_fail(e, -EBADMSG, "rtnetlink");
	memcpy(&error, NLMSG_DATA(h), sizeof(error));
	if (error >= 0)
		return 0;
	/* Without CAPPED the request stands before the attributes. */
	if (h->nlmsg_type == NLMSG_ERROR && (h->nlmsg_flags & capped) == capped)
		reason = find(h, sizeof(struct nlmsgerr), NLMSGERR_ATTR_MSG);
	if (!reason)
		return ringwall_fail(e, error, "rtnetlink");
	return ringwall_fail(e, error, "%.*s", (int)RTA_PAYLOAD(reason), (const char *)RTA_DATA(reason));
}

int ringwall_rtnl_parse_answer(struct ringwall_rtnl_answer *a, const void *buf, size_t len, struct ringwall_err *e)
{
	size_t step;
	int r;

	for (const char *at = buf; len; at += step, len -= step) {
		const struct nlmsghdr *h = (const void *)at;

		if (len < sizeof(*h) || h->nlmsg_len < sizeof(*h) || h->nlmsg_len > len)
			return ringwall_fail(e, -EBADMSG, "rtnetlink");
		step = NLMSG_ALIGN(h->nlmsg_len) < len ? NLMSG_ALIGN(h->nlmsg_len) : len;
		if (h->nlmsg_seq != a->seq || h->nlmsg_type == NLMSG_NOOP)
			continue;
		if (h->nlmsg_flags & NLM_F_MULTI && h->nlmsg_flags & NLM_F_DUMP_INTR)
			a->interrupted = true;
		if (h->nlmsg_type == NLMSG_ERROR || h->nlmsg_type == NLMSG_DONE)
			return parse_end(h, e);
		r = a->each ? a->each(h, a->data) : 0;
		if (r < 0)
			return ringwall_fail(e, r, "rtnetlink");
	}
	return 1;
}

/* Sockets -------------------------------------------------------------------------------------------------------- */

int ringwall_rtnl_exchange(struct ringwall_rtnl_port *p, struct ringwall_rtnl_request *q,
			   int (*each)(const struct nlmsghdr *h, void *data), void *data, struct ringwall_err *e)
{
	struct ringwall_rtnl_answer a = { .seq = ++p->seq, .each = each, .data = data };
	struct sockaddr_nl from;
	socklen_t from_len;
	/* The kernel's parts of a listing are no longer than 8 KiB, unless asked for with a longer buffer. */
	_Alignas(struct nlmsghdr) char buf[16384];
	ssize_t n;
	int r;

	q->h.nlmsg_seq = a.seq;
	if (send(p->fd, q, q->h.nlmsg_len, 0) < 0)
		return ringwall_fail(e, -errno, "send to rtnetlink");
	do {
		from_len = sizeof(from);
		n = recvfrom(p->fd, buf, sizeof(buf), MSG_TRUNC, (struct sockaddr *)&from, &from_len);
		if (n < 0 && errno != EINTR)
			return ringwall_fail(e, -errno, "receive from rtnetlink");
		if (n > (ssize_t)sizeof(buf))
			return ringwall_fail(e, -EMSGSIZE, "receive from rtnetlink");
		/* Only the kernel is believed. */
		r = n < 0 || from.nl_pid ? 1 : ringwall_rtnl_parse_answer(&a, buf, (size_t)n, e);
	} while (r > 0);
	return !r && a.interrupted ? ringwall_fail(e, -EAGAIN, "rtnetlink") : r;
}

/* In a vforked child: system calls only. */
static _Noreturn void enter_and_send(int channel, int netns)
{
	int fd = setns(netns, CLONE_NEWNET) ? -1 : socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	ringwall_channel_send(channel, RINGWALL_MSG_GO, fd < 0 ? -errno : 0, fd);
	_exit(0);
}

/*
 * A socket belongs to the namespace it was made in. A child goes there for it: the caller, maybe a thread of somebody's
 * program, could find no way back (setns(2) asks for CAP_SYS_ADMIN over the namespace one returns to).
 */
static int socket_inside(int netns)
{
	_cleanup_fd_ int mine = -1, its = -1;
	struct ringwall_msg m;
	sigset_t all, old;
	pid_t pid;
	int fd, r = ringwall_channel_open(&mine, &its, NULL);

	if (r < 0)
		return r;
	/* A handler of the caller must not run in the child, whose memory is the caller's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pid = vfork();
	if (!pid)
		enter_and_send(its, netns);
	r = pid < 0 ? -errno : 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r < 0)
		return r;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	ringwall_fd_close(&its);
	r = ringwall_channel_expect(mine, RINGWALL_MSG_GO, &m, &fd, NULL);
	if (r < 0)
		return r;
	return fd >= 0 ? fd : m.value < 0 ? m.value : -EBADF;
}

int ringwall_rtnl_open(int netns, struct ringwall_rtnl_port *ret, struct ringwall_err *e)
{
	static const int on = 1;
	int fd;

	if (netns >= 0)
		fd = socket_inside(netns);
	else
		fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return ringwall_fail(e, netns >= 0 ? fd : -errno, "rtnetlink socket%s",
				     netns >= 0 ? " in the container's network namespace" : "");
	/* Both only make messages better. */
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	*ret = (struct ringwall_rtnl_port){ .fd = fd };
	return 0;
}
