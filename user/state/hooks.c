// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hooks.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../lib/clock.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U /* Linux 6.3 */
#endif
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

#define TAIL 256

/* The end of what a hook wrote to standard error. */
struct tail {
	char text[TAIL];
	size_t n;
};

/*
 * The state on a file rather than a pipe: a hook that does not read it blocks nobody, and raises no SIGPIPE.
 * Each hook gets its own, for the offset belongs to the open file and a hook could have moved it, or written.
 */
static int open_stdin(const char *text, size_t len)
{
	_cleanup_fd_ int fd = memfd_create("ringwall-state", MFD_CLOEXEC | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("ringwall-state", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (size_t at = 0; at < len;) {
		ssize_t n = pwrite(fd, text + at, len - at, (off_t)at);

		if (n < 0 && errno != EINTR)
			return -errno;
		at += n > 0 ? (size_t)n : 0;
	}
	return TAKE_FD(fd);
}

/* Runs on the parent's memory: system calls only, and nothing but *@ret_error is written. */
static void exec_hook(const struct ringwall_hook *h, int in, int err, volatile int *ret_error)
{
	static char *const no_env[] = { NULL };
	char *const only_path[] = { (char *)h->path, NULL };
	const struct sigaction plain = { .sa_handler = SIG_DFL };
	sigset_t none;

	if (h->timeout)
		setpgid(0, 0);
	sigaction(SIGPIPE, &plain, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* dup2 of a descriptor onto itself would leave it close-on-exec: neither can be below 3, see run_hook(). */
	if (dup2(in, STDIN_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0) {
		syscall(SYS_close_range, 3, UINT_MAX, CLOSE_RANGE_CLOEXEC);
		execve(h->path, h->args.n ? (char *const *)h->args.v : only_path,
		       h->env.n ? (char *const *)h->env.v : no_env);
	}
	*ret_error = errno;
	_exit(127);
}

/* vfork: no page tables to copy, and a failed exec is known when it returns. */
static int spawn(const struct ringwall_hook *h, int in, int err, pid_t *ret_pid)
{
	volatile int error = 0;
	sigset_t all, old;
	pid_t pid;

	/* A handler of the caller must not run in the child, whose memory is the caller's. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = vfork();
	if (!pid)
		exec_hook(h, in, err, &error);
	if (pid < 0)
		error = errno;
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid > 0 && error)
		waitpid(pid, NULL, 0);
	if (error)
		return -error;
	*ret_pid = pid;
	return 0;
}

static void tail_add(struct tail *t, const char *text, size_t n)
{
	size_t keep;

	if (n > sizeof(t->text)) {
		text += n - sizeof(t->text);
		n = sizeof(t->text);
	}
	keep = t->n + n > sizeof(t->text) ? sizeof(t->text) - n : t->n;
	memmove(t->text, t->text + t->n - keep, keep);
	memcpy(t->text + keep, text, n);
	t->n = keep + n;
}

/* The last line that is not empty; what a terminal would obey becomes '?'. */
static const char *tail_line(struct tail *t, int *ret_len)
{
	size_t end = t->n, start;

	while (end && strchr(" \t\r\n", t->text[end - 1]))
		end--;
	for (start = end; start && t->text[start - 1] != '\n'; start--)
		if ((unsigned char)t->text[start - 1] < ' ' || t->text[start - 1] == 127)
			t->text[start - 1] = '?';
	*ret_len = (int)(end - start);
	return t->text + start;
}

/*
 * Pass on what is there.
 * Return: whether the pipe is still open.
 */
static bool drain(int fd, struct tail *t)
{
	char buf[4096];
	ssize_t n;

	/* At most what a pipe holds, so that a hook that writes without end still meets its timeout. */
	for (int i = 0; i < 16; i++) {
		n = read(fd, buf, sizeof(buf));
		if (n <= 0)
			return n < 0 && (errno == EAGAIN || errno == EINTR);
		tail_add(t, buf, (size_t)n);
		if (write(STDERR_FILENO, buf, (size_t)n) < 0)
			continue; /* The caller's standard error is its own business. */
	}
	return true;
}

/*
 * Until the hook has exited. Not until its standard error closes: a hook may leave a process behind that keeps it.
 * Return: 0, -ETIMEDOUT.
 */
static int wait_exit(int pidfd, int err, int timeout, struct tail *t)
{
	struct pollfd p[] = { { .fd = pidfd, .events = POLLIN }, { .fd = err, .events = POLLIN } };
	int64_t end = ringwall_clock_ms() + (int64_t)timeout * 1000, left = -1;

	for (;;) {
		if (timeout) {
			left = end - ringwall_clock_ms();
			if (left <= 0)
				return -ETIMEDOUT;
		}
		if (poll(p, 2, left > INT_MAX ? INT_MAX : (int)left) < 0) {
			if (errno != EINTR)
				return -errno;
			continue;
		}
		if (p[1].revents && !drain(err, t))
			p[1].fd = -1;
		if (p[0].revents) {
			if (p[1].fd >= 0)
				drain(err, t);
			return 0;
		}
	}
}

static int reap(pid_t pid, siginfo_t *ret)
{
	*ret = (siginfo_t){};
	while (waitid(P_PID, (id_t)pid, ret, WEXITED) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

static int judge(const siginfo_t *info, struct tail *t, struct ringwall_err *e)
{
	const char *line;
	int n;

	if (info->si_code == CLD_EXITED && !info->si_status)
		return 0;
	line = tail_line(t, &n);
	return ringwall_fail_plain(e, -ECANCELED, "%s %d%s%.*s",
				   info->si_code == CLD_EXITED ? "exit status" : "killed by signal", info->si_status,
				   n ? ": " : "", n, line);
}

static int finish(const struct ringwall_hook *h, pid_t pid, int err, struct ringwall_err *e)
{
	struct tail t = { .n = 0 };
	_cleanup_fd_ int pidfd = -1;
	siginfo_t info;
	int r, timed;

	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	timed = pidfd < 0 ? -errno : wait_exit(pidfd, err, h->timeout, &t);
	if (timed < 0) {
		/* Not yet reaped, so neither number can have been taken by somebody else. */
		kill(pid, SIGKILL);
		if (h->timeout)
			kill(-pid, SIGKILL);
	}
	r = reap(pid, &info);
	if (timed == -ETIMEDOUT)
		return ringwall_fail_plain(e, timed, "ran past its timeout of %d s and was killed", h->timeout);
	if (timed < 0 || r < 0)
		return ringwall_fail(e, timed < 0 ? timed : r, "wait");
	return judge(&info, &t, e);
}

/* Descriptors 0-2 may be closed in the caller; whatever lands there moves up, or dup2 would tread on it. */
static int move_up(int fd)
{
	int up;

	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	up = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	close(fd);
	return up;
}

static int run_hook(const struct ringwall_hook *h, const char *state_json, size_t len, struct ringwall_err *e)
{
	_cleanup_fd_ int in = -1, from = -1, to = -1;
	int pipefd[2], r;
	pid_t pid;

	in = open_stdin(state_json, len);
	if (in < 0)
		return ringwall_fail(e, in, "state for standard input");
	if (pipe2(pipefd, O_CLOEXEC | O_NONBLOCK) < 0)
		return ringwall_fail(e, -errno, "pipe");
	in = move_up(in);
	from = move_up(pipefd[0]);
	to = move_up(pipefd[1]);
	/* Only our end is non-blocking; the hook's must not be. */
	if (in < 0 || from < 0 || to < 0 || fcntl(to, F_SETFL, 0) < 0)
		return ringwall_fail(e, -errno, "pipe");
	r = spawn(h, in, to, &pid);
	if (r < 0)
		return ringwall_fail(e, r, "exec");
	ringwall_fd_close(&to);
	return finish(h, pid, from, e);
}

static int run_nth(const struct ringwall_hooks *hooks, size_t i, enum ringwall_hook_kind kind, const char *state_json,
		   size_t len, struct ringwall_err *e)
{
	int r = run_hook(&hooks->v[i], state_json, len, e);

	if (r < 0)
		ringwall_err_prepend(e, "hook %s[%zu] '%.200s'", ringwall_hook_name(kind), i, hooks->v[i].path);
	return r;
}

int ringwall_hooks_run(const struct ringwall_hooks *hooks, enum ringwall_hook_kind kind, const char *state_json,
		       size_t len, struct ringwall_err *e)
{
	int r = 0;

	for (size_t i = 0; !r && i < hooks->n; i++)
		r = run_nth(hooks, i, kind, state_json, len, e);
	return r;
}

void ringwall_hooks_run_all(const struct ringwall *rw, const struct ringwall_hooks *hooks, enum ringwall_hook_kind kind,
			    const char *state_json, size_t len)
{
	struct ringwall_err e;

	for (size_t i = 0; i < hooks->n; i++)
		if (run_nth(hooks, i, kind, state_json, len, &e) < 0)
			ringwall_log(rw, RINGWALL_LOG_WARNING, "%s", e.text);
}
