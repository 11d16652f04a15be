// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "cleanup.h"

int ringwall_sock_check(const char *path, struct ringwall_err *e)
{
	struct stat st;

	if (stat(path, &st))
		return ringwall_fail(e, -errno, "socket '%s'", path);
	if (!S_ISSOCK(st.st_mode))
		return ringwall_fail(e, -ENOTSOCK, "'%s'", path);
	return 0;
}

static int sock_connect(const char *path, int *ret_fd, struct ringwall_err *e)
{
	_cleanup_fd_ int fd = -1, at = -1;
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	size_t len = strlen(path);

	if (len < sizeof(sun.sun_path)) {
		memcpy(sun.sun_path, path, len);
	} else {
		/* connect(2) follows the magic link to the socket's inode, however long its name. */
		at = open(path, O_PATH | O_CLOEXEC);
		if (at < 0)
			return ringwall_fail(e, -errno, "socket '%s'", path);
		snprintf(sun.sun_path, sizeof(sun.sun_path), "/proc/self/fd/%d", at);
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return ringwall_fail(e, -errno, "socket");
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)))
		return ringwall_fail(e, -errno, "connect to '%s'", path);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static ssize_t send_first(int sock, int fd, const void *data, size_t len)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec v = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr m = {
		.msg_iov = &v, .msg_iovlen = 1, .msg_control = control.buf, .msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	ssize_t n;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	do
		n = sendmsg(sock, &m, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n;
}

int ringwall_sock_send_fd(int sock, int fd, const void *data, size_t len, struct ringwall_err *e)
{
	ssize_t n = send_first(sock, fd, data, len);

	for (size_t sent = 0; n >= 0 && (sent += (size_t)n) < len;) {
		n = send(sock, (const char *)data + sent, len - sent, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			n = 0;
	}
	if (n < 0)
		return ringwall_fail(e, -errno, "send a file descriptor");
	return 0;
}

int ringwall_sock_pass(const char *path, int fd, const void *data, size_t len, struct ringwall_err *e)
{
	_cleanup_fd_ int sock = -1;
	int r = sock_connect(path, &sock, e);

	if (r)
		return r;
	r = ringwall_sock_send_fd(sock, fd, data, len, e);
	if (r && e)
		return ringwall_err_prepend(e, "'%s'", path);
	return r;
}
