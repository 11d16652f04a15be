// SPDX-License-Identifier: LGPL-2.1-or-later
#include "socket.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../lib/cleanup.h"

static const char name[] = "start.sock";

/* By way of the fd: a state directory's path may be longer than sun_path. */
static void address(int dir_fd, struct sockaddr_un *ret)
{
	ret->sun_family = AF_UNIX;
	snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/%s", dir_fd, name);
}

int ringwall_start_socket_listen(int dir_fd, int *ret_fd, struct ringwall_err *e)
{
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un sa;

	address(dir_fd, &sa);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(fd, 1) < 0)
		return ringwall_fail(e, -errno, "socket '%s' of the container", name);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int ringwall_start_socket_connect(int dir_fd, int *ret_fd, struct ringwall_err *e)
{
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un sa;

	address(dir_fd, &sa);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		return ringwall_fail(e, -errno, "socket '%s' of the container", name);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

void ringwall_start_socket_remove(int dir_fd)
{
	unlinkat(dir_fd, name, 0);
}
