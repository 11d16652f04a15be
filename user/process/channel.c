// SPDX-License-Identifier: LGPL-2.1-or-later
#include "channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../lib/cleanup.h"

int ringwall_channel_open(int *ret_parent, int *ret_child, struct ringwall_err *e)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return ringwall_fail(e, -errno, "socketpair");
	*ret_parent = fds[0];
	*ret_child = fds[1];
	return 0;
}

static int send_with_fd(int channel, const void *data, size_t len, int fd)
{
	union {
		struct cmsghdr hdr;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .hdr = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)) } };
	struct iovec iov = { (void *)data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };

	memcpy(CMSG_DATA(&control.hdr), &fd, sizeof(fd));
	return sendmsg(channel, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Only the text that is there travels: a message without an error is eight bytes and a code. */
static size_t msg_len(const struct ringwall_msg *m)
{
	return offsetof(struct ringwall_msg, err.text) +
	       (m->type == RINGWALL_MSG_ERROR ? strnlen(m->err.text, sizeof(m->err.text) - 1) + 1 : 0);
}

int ringwall_channel_send(int channel, enum ringwall_msg_type type, int32_t value, int fd)
{
	struct ringwall_msg m = { .type = type, .value = value };

	if (fd >= 0)
		return send_with_fd(channel, &m, msg_len(&m), fd);
	return write(channel, &m, msg_len(&m)) < 0 ? -errno : 0;
}

void ringwall_channel_fail(int channel, const struct ringwall_err *e)
{
	struct ringwall_msg m = { .type = RINGWALL_MSG_ERROR, .err = *e };
	ssize_t n = write(channel, &m, msg_len(&m));

	(void)n; /* nobody left to tell */
}

static int take_fd(struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	int fd = -1;

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

int ringwall_channel_receive(int channel, struct ringwall_msg *ret, int *ret_fd)
{
	union {
		struct cmsghdr hdr;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { ret, sizeof(*ret) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = ret_fd ? sizeof(control) : 0 };
	ssize_t n;

	do
		n = recvmsg(channel, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno != ECONNRESET)
		return -errno;
	if (ret_fd)
		*ret_fd = n > 0 ? take_fd(&msg) : -1;
	if (n < (ssize_t)offsetof(struct ringwall_msg, err.text))
		ret->type = RINGWALL_MSG_NONE;
	else
		((char *)ret)[(size_t)n < sizeof(*ret) ? (size_t)n : sizeof(*ret) - 1] = '\0';
	return 0;
}

int ringwall_channel_expect(int channel, enum ringwall_msg_type type, struct ringwall_msg *ret, int *ret_fd,
			    struct ringwall_err *e)
{
	int r = ringwall_channel_receive(channel, ret, ret_fd);

	if (r < 0)
		return ringwall_fail(e, r, "wait for the container's process");
	if (ret->type == (uint32_t)type)
		return 0;
	if (ret_fd)
		ringwall_fd_close(ret_fd);
	if (ret->type == RINGWALL_MSG_ERROR) {
		if (e)
			*e = ret->err;
		return ret->err.code;
	}
	return ringwall_fail_plain(e, -ECONNRESET, "the container's process died while it was set up");
}
