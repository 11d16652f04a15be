// SPDX-License-Identifier: LGPL-2.1-or-later
#include "notify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cleanup.h"

#define INSIDE "/run/notify"
#define VARIABLE "NOTIFY_SOCKET="

static const char directory[] = "notify", name[] = "notify/notify.sock";

/* As long as systemd's own sd_notify_barrier() may be asked to wait by those who call it; runc waits so as well. */
#define BARRIER_MS 30000

/*
 * Messages at a time, and the pause for each: who sends without end keeps nobody from what else there is to do, neither us
 * nor who listens (the host's process 1). Its socket is full then, and it waits.
 */
#define PASSED_MAX 16
#define PAUSE_US 1000

/*
 * What a container may say about its service. MAINPID would be a number of its pid namespace; FDSTORE and NOTIFYACCESS
 * are between systemd and who it started. Time limits are the unit's (EXTEND_TIMEOUT_USEC, WATCHDOG_USEC): a container could
 * refuse to be stopped.
 */
static const char *const passed[] = {
	"READY=", "RELOADING=", "STOPPING=", "MONOTONIC_USEC=", "STATUS=", "ERRNO=", "WATCHDOG=",
};

static const char *host_socket(void)
{
	const char *path = secure_getenv("NOTIFY_SOCKET");

	return path && *path ? path : NULL;
}

bool ringwall_notify_wanted(const struct ringwall_config *c)
{
	for (size_t i = 0; i < c->process.env.n; i++)
		if (!strncmp(c->process.env.v[i], VARIABLE, strlen(VARIABLE)))
			return false;
	return host_socket();
}

int ringwall_notify_add(struct ringwall_config *c, const char *root, const char *id, struct ringwall_err *e)
{
	static const char *const options[] = { "bind", "nosuid", "noexec", "nodev", "ro" };
	struct ringwall_mount *mounts = ringwall_arena_array(&c->arena, c->n_mounts + 1, sizeof(*mounts));
	const char **env = ringwall_arena_array(&c->arena, c->process.env.n + 1, sizeof(*env));
	const char **words = ringwall_arena_array(&c->arena, ARRAY_SIZE(options), sizeof(*words));
	char *source = ringwall_arena_printf(&c->arena, "%s/%s/%s", root, id, directory);
	char *to = ringwall_arena_printf(&c->arena, "%s", INSIDE), *type = ringwall_arena_printf(&c->arena, "bind");
	char *variable = ringwall_arena_printf(&c->arena, VARIABLE INSIDE "/notify.sock");

	for (size_t i = 0; words && i < ARRAY_SIZE(options); i++)
		if (!(words[i] = ringwall_arena_printf(&c->arena, "%s", options[i])))
			words = NULL;
	if (!mounts || !env || !words || !source || !to || !type || !variable)
		return ringwall_fail(e, -ENOMEM, "NOTIFY_SOCKET");
	if (c->n_mounts)
		memcpy(mounts, c->mounts, c->n_mounts * sizeof(*mounts));
	if (c->process.env.n)
		memcpy(env, c->process.env.v, c->process.env.n * sizeof(*env));
	mounts[c->n_mounts++] = (struct ringwall_mount){
		.destination = to, .source = source, .type = type, .options = { words, ARRAY_SIZE(options) },
	};
	c->mounts = mounts;
	env[c->process.env.n++] = variable;
	c->process.env.v = env;
	return 0;
}

int ringwall_notify_directory(int dir_fd, struct ringwall_err *e)
{
	/* Open to whoever the container's processes are; what is around it is not. */
	if (mkdirat(dir_fd, directory, 0755) < 0 || fchmodat(dir_fd, directory, 0755, 0) < 0)
		return ringwall_fail(e, -errno, "NOTIFY_SOCKET: directory '%s' of the container", directory);
	return 0;
}

int ringwall_notify_listen(int dir_fd, struct ringwall_notify *ret, struct ringwall_err *e)
{
	_cleanup_fd_ int fd = -1;
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	if (!host_socket() || faccessat(dir_fd, directory, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	unlinkat(dir_fd, name, 0); /* of a start that did not come to its end */
	snprintf(sa.sun_path, sizeof(sa.sun_path), "/proc/self/fd/%d/%s", dir_fd, name);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || fchmodat(dir_fd, name, 0777, 0) < 0)
		return ringwall_fail(e, -errno, "NOTIFY_SOCKET: socket '%s' of the container", name);
	ret->fd = TAKE_FD(fd);
	return 0;
}

/* To who started the runtime; @fd goes along, -1: none. */
static int tell(const char *text, size_t len, int fd, struct ringwall_err *e)
{
	_cleanup_fd_ int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const char *path = host_socket();
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct iovec v = { .iov_base = (void *)text, .iov_len = len };
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr m = { .msg_name = &sa, .msg_iov = &v, .msg_iovlen = 1 };
	size_t n = strlen(path);

	if ((*path != '/' && *path != '@') || n >= sizeof(sa.sun_path))
		return ringwall_fail_plain(e, -EINVAL, "NOTIFY_SOCKET '%s': neither a path nor '@' and a name", path);
	memcpy(sa.sun_path, path, n);
	if (*path == '@')
		sa.sun_path[0] = '\0';
	m.msg_namelen = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	if (fd >= 0) {
		m.msg_control = control.buf;
		m.msg_controllen = sizeof(control.buf);
		control.align = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
		};
		memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
	}
	return sock < 0 || sendmsg(sock, &m, MSG_NOSIGNAL) < 0 ? ringwall_fail(e, -errno, "tell NOTIFY_SOCKET '%s'", path) : 0;
}

/* systemd finds out whose word it is by the sender's pid: that must not end before it was read. */
static int barrier(struct ringwall_err *e)
{
	static const char text[] = "BARRIER=1";
	struct pollfd p = { .events = POLLHUP };
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return ringwall_fail(e, -errno, "NOTIFY_SOCKET: pipe");
	r = tell(text, strlen(text), ends[1], e);
	close(ends[1]);
	p.fd = ends[0];
	if (!r)
		poll(&p, 1, BARRIER_MS);
	close(ends[0]);
	return r;
}

/* STATUS ends in somebody's terminal: without what would be more than text there, in ASCII or (C1) in UTF-8. */
static bool is_plain(const char *line)
{
	for (const unsigned char *p = (const unsigned char *)line; *p; p++)
		if (*p < ' ' || *p == 0x7f || (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0))
			return false;
	return true;
}

static bool is_passed(const char *line)
{
	for (size_t i = 0; i < ARRAY_SIZE(passed); i++)
		if (!strncmp(line, passed[i], strlen(passed[i])))
			return is_plain(line);
	return false;
}

/* The lines of @text that may be passed on, in its place. Returns their length; @ret_ready: it is ready. */
static size_t sift(char *text, bool *ret_ready)
{
	char *rest = text, *line;
	size_t n = 0;

	while ((line = strsep(&rest, "\n"))) {
		size_t len = strlen(line);

		if (!is_passed(line))
			continue;
		*ret_ready |= !strcmp(line, "READY=1");
		memmove(text + n, line, len);
		n += len;
		text[n++] = '\n';
	}
	return n;
}

static int tell_ready(struct ringwall_notify *n, struct ringwall_err *e)
{
	char text[32];
	int r = 0;

	if (n->ready)
		return 0;
	n->ready = true;
	if (n->main) {
		r = tell(text, (size_t)snprintf(text, sizeof(text), "MAINPID=%d", n->main), -1, e);
		if (!r)
			r = barrier(e);
	}
	return r;
}

int ringwall_notify_pass(struct ringwall_notify *n, struct ringwall_err *e)
{
	bool ready = false;
	char text[4096 + 2];
	ssize_t got;
	size_t len;
	int r = 0, i;

	for (i = 0; !r && i < PASSED_MAX && (got = recv(n->fd, text, 4096, 0)) >= 0; i++) {
		text[got] = '\0';
		len = sift(text, &ready);
		if (len)
			r = tell(text, len, -1, e);
		if (!r && ready)
			r = tell_ready(n, e);
	}
	usleep((useconds_t)i * PAUSE_US);
	return r;
}

int ringwall_notify_wait(struct ringwall_notify *n, int pidfd, struct ringwall_err *e)
{
	struct pollfd p[] = { { n->fd, POLLIN, 0 }, { pidfd, POLLIN, 0 } };
	int r = 0;

	while (!r && !n->ready) {
		if (poll(p, ARRAY_SIZE(p), -1) < 0)
			r = errno == EINTR ? 0 : ringwall_fail(e, -errno, "NOTIFY_SOCKET: wait for the container");
		else if (p[0].revents)
			r = ringwall_notify_pass(n, e);
		else if (p[1].revents)
			break;
	}
	return r;
}

void ringwall_notify_close(struct ringwall_notify *n)
{
	ringwall_fd_close(&n->fd);
}
