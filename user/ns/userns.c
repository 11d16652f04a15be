// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <spawn.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "ns.h"

/* user_namespaces(7): at most 340 lines, and the whole map in one write of less than a page. */
#define MAX_LINES 340

static int map_text(const struct ringwall_idmaps *maps, char *buf, size_t size)
{
	size_t n = 0;

	if (maps->n > MAX_LINES)
		return -E2BIG;
	for (size_t i = 0; i < maps->n; i++) {
		n += (size_t)snprintf(buf + n, size - n, "%u %u %u\n", maps->v[i].container_id, maps->v[i].host_id,
				      maps->v[i].size);
		if (n >= size)
			return -E2BIG;
	}
	return (int)n;
}

static int write_proc(pid_t pid, const char *file, const char *text, size_t len)
{
	_cleanup_fd_ int fd = -1;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return write(fd, text, len) < 0 ? -errno : 0;
}

/* newuidmap PID CONTAINER HOST SIZE…: set-uid helpers that know /etc/subuid. */
static int map_helper(const char *program, pid_t pid, const struct ringwall_idmaps *maps, struct ringwall_err *e)
{
	char words[2 + 3 * MAX_LINES][12];
	char *argv[3 + 3 * MAX_LINES];
	size_t n = 0;
	int status, r;
	pid_t child;

	argv[n++] = (char *)program;
	snprintf(words[n], sizeof(words[n]), "%d", pid);
	argv[n] = words[n];
	n++;
	for (size_t i = 0; i < maps->n && i < MAX_LINES; i++) {
		const uint32_t v[] = { maps->v[i].container_id, maps->v[i].host_id, maps->v[i].size };

		for (size_t k = 0; k < 3; k++, n++) {
			snprintf(words[n], sizeof(words[n]), "%u", v[k]);
			argv[n] = words[n];
		}
	}
	argv[n] = NULL;
	r = posix_spawnp(&child, program, NULL, NULL, argv, environ);
	if (r)
		return ringwall_fail(e, -r, "%s (package uidmap)", program);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return ringwall_fail(e, -errno, "wait for %s", program);
	if (status)
		return ringwall_fail_plain(e, -EPERM, "%s refused the mapping: is it allowed in /etc/%s?", program,
					   program[3] == 'u' ? "subuid" : "subgid");
	return 0;
}

static int map_write(pid_t pid, const char *file, const char *program, const struct ringwall_idmaps *maps,
		     struct ringwall_err *e)
{
	char text[4096];
	int n = map_text(maps, text, sizeof(text));
	int r;

	if (n < 0)
		return ringwall_fail(e, n, "linux.%sMappings", file[0] == 'u' ? "uid" : "gid");
	if (!n)
		return 0;
	r = write_proc(pid, file, text, (size_t)n);
	if (r == -EPERM && geteuid())
		return map_helper(program, pid, maps, e);
	return r < 0 ? ringwall_fail(e, r, "write the %s of the container", file) : 0;
}

int ringwall_userns_map(pid_t pid, const struct ringwall_idmaps *uids, const struct ringwall_idmaps *gids,
			struct ringwall_err *e)
{
	int r;

	/* Without privilege a map of one's own gid is allowed only once setgroups is given up (user_namespaces(7)). */
	if (geteuid() && gids->n == 1 && gids->v[0].size == 1) {
		r = write_proc(pid, "setgroups", "deny", 4);
		if (r < 0 && r != -ENOENT)
			return ringwall_fail(e, r, "write setgroups of the container");
	}
	r = map_write(pid, "uid_map", "newuidmap", uids, e);
	if (r < 0)
		return r;
	return map_write(pid, "gid_map", "newgidmap", gids, e);
}

int ringwall_userns_open(const struct ringwall_idmaps *uids, const struct ringwall_idmaps *gids, struct ringwall_err *e)
{
	struct clone_args args = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
	char path[64];
	int fd, r;
	pid_t pid;

	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0)
		return ringwall_fail(e, -errno, "new user namespace");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	r = ringwall_userns_map(pid, uids, gids, e);
	snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	fd = r < 0 ? r : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && !r)
		fd = ringwall_fail(e, -errno, "open '%s'", path);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	return fd;
}

int64_t ringwall_idmaps_host(const struct ringwall_idmaps *maps, uint32_t container_id)
{
	for (size_t i = 0; i < maps->n; i++) {
		const struct ringwall_idmap *m = &maps->v[i];

		if (container_id >= m->container_id && container_id - m->container_id < m->size)
			return (int64_t)m->host_id + (container_id - m->container_id);
	}
	return -EINVAL;
}
