// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "container.h"

/*
 * Does the death of @pid take a pid namespace along? The last number of NSpid is its pid in the innermost namespace,
 * and who is 1 there is its init.
 */
static bool is_namespace_init(pid_t pid)
{
	_cleanup_fd_ int fd = -1;
	char text[4096], *line, *end;
	ssize_t n;

	snprintf(text, sizeof(text), "/proc/%d/status", pid);
	fd = open(text, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	line = strstr(text, "\nNSpid:");
	end = line ? strchr(line + 1, '\n') : NULL;
	return end && end[-1] == '1' && (end[-2] == '\t' || end[-2] == ' ');
}

static int signal_init(int pidfd, int sig, struct ringwall_err *e)
{
	if (!syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0))
		return 0;
	if (errno == ESRCH)
		return ringwall_fail_plain(e, -ESRCH, "container not running");
	return ringwall_fail(e, -errno, "send signal %d to init", sig);
}

/* -ENOENT when there is no cgroup to be signalled in. */
static int signal_cgroup(const struct ringwall_state *s, int sig, bool *ret_any, struct ringwall_err *e)
{
	_cleanup_(ringwall_cgroup_close) struct ringwall_cgroup cg = { .fd = -1 };
	int r;

	r = ringwall_container_cgroup(s, &cg, e);
	if (r < 0)
		return r;
	if (cg.fd < 0)
		return -ENOENT;
	*ret_any = ringwall_cgroup_wait_empty(&cg, 0) < 0;
	return ringwall_cgroup_signal(&cg, sig, e);
}

static int signal_all(const struct ringwall_state *s, int pidfd, int sig, struct ringwall_err *e)
{
	bool any;
	int r = signal_cgroup(s, sig, &any, e);

	/* As runc: with --all a container that has stopped is no error, its processes are all signalled. */
	if (r == -ENOENT)
		return pidfd < 0 ? 0 : signal_init(pidfd, sig, e);
	return r;
}

/* runc's rule: SIGKILL for a container that shares its pid namespace means all its processes, even without init. */
static int kill_shared(const struct ringwall_state *s, int pidfd, struct ringwall_err *e)
{
	bool any = false;
	int r = signal_cgroup(s, SIGKILL, &any, e);

	if (r < 0 && r != -ENOENT)
		return r;
	/* With the cgroup init has been killed, and may be gone by now. */
	if (pidfd >= 0)
		return r < 0 ? signal_init(pidfd, SIGKILL, e) : 0;
	return any ? 0 : ringwall_fail_plain(e, -ESRCH, "container not running");
}

/* The lock is not taken: nothing in the record changes, and a verb whose hook hangs must not make its container immortal. */
int ringwall_kill(struct ringwall *rw, const char *id, int sig, unsigned int flags, struct ringwall_err *e)
{
	_cleanup_(ringwall_state_close) struct ringwall_state s = { .dir_fd = -1 };
	_cleanup_fd_ int pidfd = -1;
	int r;

	r = ringwall_state_read(rw, id, &s, e);
	if (r < 0)
		return r;
	r = ringwall_state_pidfd(&s, &pidfd, e);
	if (r < 0 && r != -ESRCH)
		return r;
	if (flags & RINGWALL_KILL_ALL)
		return signal_all(&s, pidfd, sig, e);
	if (sig == SIGKILL && (pidfd < 0 || !is_namespace_init(s.pid)))
		return kill_shared(&s, pidfd, e);
	return pidfd < 0 ? r : signal_init(pidfd, sig, e);
}
