/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_PROCESS_CHANNEL_H
#define RINGWALL_PROCESS_CHANNEL_H

/*
 * What the runtime and the process it cloned say to each other, over a SOCK_SEQPACKET pair whose ends are close-on-exec:
 * the end of the conversation without an error is a successful exec. A `start` speaks the same to a created
 * container's init over its listening socket.
 */

#include <stdint.h>
#include <sys/types.h>

#include "../lib/err.h"

enum ringwall_msg_type {
	RINGWALL_MSG_NONE,	/* end of file: the other side has gone on to exec, or is dead */
	RINGWALL_MSG_ERROR,	/* err; the sender exits */
	RINGWALL_MSG_GO,	/* parent: the thing you waited for is done */
	RINGWALL_MSG_NAMESPACES, /* child: I am in my namespaces, and wait for GO */
	RINGWALL_MSG_PIDFD,	/* stage: fd is a pidfd of the process that goes on */
	RINGWALL_MSG_CONSOLE,	/* child: fd is the pty master */
	RINGWALL_MSG_READY,	/* child: created, and waiting for start */
	RINGWALL_MSG_EXEC,	/* child: the program is next; silence after this is success, before it a death */
	RINGWALL_MSG_LISTENER,	/* child: value is the number of a seccomp notification fd in my table; waits for GO */
};

struct ringwall_msg {
	uint32_t type;
	int32_t value;
	struct ringwall_err err;
};

/** ringwall_channel_open() - the pair; @ret_parent, @ret_child are close-on-exec. */
int ringwall_channel_open(int *ret_parent, int *ret_child, struct ringwall_err *e);

/**
 * ringwall_channel_send() - one message; @fd goes with it unless negative.
 * Plain write(2) without an fd: that much every seccomp filter of a container has to allow anyway.
 */
int ringwall_channel_send(int channel, enum ringwall_msg_type type, int32_t value, int fd);

/** ringwall_channel_fail() - send @e. */
void ringwall_channel_fail(int channel, const struct ringwall_err *e);

/**
 * ringwall_channel_receive() - wait for one message.
 * @ret_fd: the fd that came with it, or -1; NULL when none can come
 * A peer that is gone is RINGWALL_MSG_NONE, not an error.
 */
int ringwall_channel_receive(int channel, struct ringwall_msg *ret, int *ret_fd);

/** ringwall_channel_expect() - the next message must be @type; an ERROR is passed on in @e, silence is -ECONNRESET. */
int ringwall_channel_expect(int channel, enum ringwall_msg_type type, struct ringwall_msg *ret, int *ret_fd,
			    struct ringwall_err *e);

#endif
