// SPDX-License-Identifier: LGPL-2.1-or-later

/* What a container is right now: its record against what the kernel says. */

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../cgroup/cgroup.h"
#include "../lib/cleanup.h"
#include "state.h"

static const char *const names[] = {
	[RINGWALL_CREATING] = "creating", [RINGWALL_CREATED] = "created", [RINGWALL_RUNNING] = "running",
	[RINGWALL_PAUSED] = "paused",	  [RINGWALL_STOPPED] = "stopped",
};

const char *ringwall_status_name(enum ringwall_status status)
{
	return (unsigned int)status < ARRAY_SIZE(names) ? names[status] : "unknown";
}

int ringwall_process_start_time(pid_t pid, uint64_t *ret_start, char *ret_state)
{
	_cleanup_fd_ int fd = -1;
	char text[1024], *at;
	ssize_t n;

	snprintf(text, sizeof(text), "/proc/%d/stat", pid);
	fd = open(text, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return n < 0 ? -errno : -ESRCH;
	text[n] = '\0';
	/* The name, field 2, may hold spaces and brackets; nothing after its last ')' does. */
	at = strrchr(text, ')');
	if (!at || at[1] != ' ' || !at[2])
		return -EINVAL;
	if (ret_state)
		*ret_state = at[2];
	for (int field = 2; field < 22; field++) {
		at = strchr(at + 1, ' ');
		if (!at)
			return -EINVAL;
	}
	*ret_start = strtoull(at + 1, NULL, 10);
	return 0;
}

/* A pidfd is taken first and the start time read second: if that matches, the pidfd is of the right process. */
static int open_init(const struct ringwall_state *s, int *ret_pidfd)
{
	_cleanup_fd_ int fd = -1;
	uint64_t start = 0;
	char state = 0;
	int r;

	if (s->pid <= 0)
		return -ESRCH;
	fd = (int)syscall(SYS_pidfd_open, s->pid, 0);
	if (fd < 0)
		return -errno;
	r = ringwall_process_start_time(s->pid, &start, &state);
	if (r < 0)
		return r;
	if (start != s->pid_start || state == 'X')
		return -ESRCH;
	/* A zombie is dead unless it is only the first thread that has exited, and then the pidfd is not readable yet. */
	if (state == 'Z' && poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 0) != 0)
		return -ESRCH;
	*ret_pidfd = TAKE_FD(fd);
	return 0;
}

int ringwall_state_pidfd(const struct ringwall_state *s, int *ret_pidfd, struct ringwall_err *e)
{
	int r = open_init(s, ret_pidfd);

	if (r == -ESRCH)
		return ringwall_fail_plain(e, r, "container not running");
	return r < 0 ? ringwall_fail(e, r, "look at the container's process %d", s->pid) : 0;
}

/*
 * No process yet: of a container that is being created right now, or whose creator was killed. The creator holds the
 * lock, and the kernel lets go of it when the creator dies.
 */
static enum ringwall_status status_without_pid(const struct ringwall_state *s)
{
	_cleanup_fd_ int fd = -1;

	if (!s->loaded)
		return RINGWALL_CREATING;
	if (s->locked)
		return RINGWALL_STOPPED;
	/* A description of its own, so that letting go of it does not disturb s->dir_fd. */
	fd = openat(s->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return RINGWALL_CREATING;
	return RINGWALL_STOPPED;
}

static bool is_frozen(const struct ringwall_state *s)
{
	struct ringwall_cgroup cg;
	bool frozen;

	if (s->cgroup_manager == RINGWALL_CGROUP_DISABLED || !s->cgroup || !*s->cgroup)
		return false;
	if (ringwall_cgroup_open(s->cgroup_manager, s->cgroup, s->scope, s->rootless, &cg, NULL) < 0)
		return false;
	frozen = ringwall_cgroup_frozen(&cg);
	ringwall_cgroup_close(&cg);
	return frozen;
}

enum ringwall_status ringwall_state_status(const struct ringwall_state *s)
{
	_cleanup_fd_ int fd = -1;

	if (!s->pid)
		return status_without_pid(s);
	/* No other answer (of a host without free descriptors, say) means dead, and delete kills what is left of the dead. */
	if (open_init(s, &fd) == -ESRCH)
		return RINGWALL_STOPPED;
	if (is_frozen(s))
		return RINGWALL_PAUSED;
	return s->started ? RINGWALL_RUNNING : RINGWALL_CREATED;
}
