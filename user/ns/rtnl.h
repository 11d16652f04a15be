/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_NS_RTNL_H
#define RINGWALL_NS_RTNL_H

/*
 * The little of rtnetlink(7) that moving an interface takes: four kinds of messages. Functions that build and parse
 * make no system call; ports talk to the kernel.
 */

#include <net/if.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#include "../lib/err.h"

/** struct ringwall_rtnl_request - one message to the kernel; the sender sets its nlmsg_seq. */
struct ringwall_rtnl_request {
	struct nlmsghdr h;
	char body[496];
};

/** struct ringwall_rtnl_link - what is read of an interface; @flags: IFF_*. */
struct ringwall_rtnl_link {
	int index;
	unsigned int flags;
	char name[IFNAMSIZ];
};

/** struct ringwall_rtnl_address - what is read of an address; @flags: IFA_F_*, @scope: RT_SCOPE_*. */
struct ringwall_rtnl_address {
	int index;
	uint8_t scope;
	uint32_t flags;
};

/**
 * struct ringwall_rtnl_answer - how to read the kernel's answer to a request.
 * @seq: of the request; messages that answer another are skipped
 * @each: called for each message that is neither the end nor an error; 0 or -errno
 * @interrupted: set when the kernel says that what it listed changed meanwhile
 */
struct ringwall_rtnl_answer {
	uint32_t seq;
	int (*each)(const struct nlmsghdr *h, void *data);
	void *data;
	bool interrupted;
};

/** ringwall_rtnl_build_get() - ask for the interface @index, or when that is 0 for the one called @name. */
int ringwall_rtnl_build_get(struct ringwall_rtnl_request *ret, int index, const char *name);

/**
 * ringwall_rtnl_build_move() - move interface @index to another namespace.
 * @ns: IFLA_NET_NS_FD or IFLA_NET_NS_PID, @value: the descriptor or the process
 * @name: its new name, NULL: unchanged
 */
int ringwall_rtnl_build_move(struct ringwall_rtnl_request *ret, int index, uint16_t ns, uint32_t value,
			     const char *name);

/** ringwall_rtnl_build_up() - bring interface @index up. */
int ringwall_rtnl_build_up(struct ringwall_rtnl_request *ret, int index);

/** ringwall_rtnl_build_dump() - ask for all addresses of the namespace. */
int ringwall_rtnl_build_dump(struct ringwall_rtnl_request *ret);

/**
 * ringwall_rtnl_build_address() - give interface @index the address in @saved, an RTM_NEWADDR that was received.
 * @from, @to: names of the interface then and now: an IPv4 label "from:x" becomes "to:x", or is left out if too long
 * Return: 0, -EBADMSG, -EMSGSIZE.
 */
int ringwall_rtnl_build_address(struct ringwall_rtnl_request *ret, const struct nlmsghdr *saved, int index,
				const char *from, const char *to);

/** ringwall_rtnl_parse_link() - read an RTM_NEWLINK, or -EBADMSG. @h: nlmsg_len bytes are readable, here as below. */
int ringwall_rtnl_parse_link(const struct nlmsghdr *h, struct ringwall_rtnl_link *ret);

/** ringwall_rtnl_parse_address() - read an RTM_NEWADDR, or -EBADMSG. */
int ringwall_rtnl_parse_address(const struct nlmsghdr *h, struct ringwall_rtnl_address *ret);

/**
 * ringwall_rtnl_parse_answer() - read what one recvmsg(2) brought.
 * Return: 1: more is to come; 0: that was all; the error the kernel answered, with its reason in @e if it gave one;
 * what @a->each returned; -EBADMSG.
 */
int ringwall_rtnl_parse_answer(struct ringwall_rtnl_answer *a, const void *buf, size_t len, struct ringwall_err *e);

/** struct ringwall_rtnl_port - a socket of one network namespace, and the number of the latest request on it. */
struct ringwall_rtnl_port {
	int fd;
	uint32_t seq;
};

/**
 * ringwall_rtnl_open() - a socket, close-on-exec, that the caller closes.
 * @netns: namespace it is to talk to, -1: the caller's. The caller does not leave its own.
 */
int ringwall_rtnl_open(int netns, struct ringwall_rtnl_port *ret, struct ringwall_err *e);

/**
 * ringwall_rtnl_exchange() - send @q and read the whole answer; @each may be NULL.
 * Return: as ringwall_rtnl_parse_answer(), but never 1; -EAGAIN when a listing was disturbed, and is to be asked for
 * again; what send(2) and recv(2) say.
 */
int ringwall_rtnl_exchange(struct ringwall_rtnl_port *p, struct ringwall_rtnl_request *q,
			   int (*each)(const struct nlmsghdr *h, void *data), void *data, struct ringwall_err *e);

#endif
