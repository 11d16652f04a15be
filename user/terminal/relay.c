// SPDX-License-Identifier: LGPL-2.1-or-later

/*
 * The runtime in the foreground: wait for the container's process, pass signals on, and with a terminal carry bytes.
 * Without one it is six system calls (see wait_plain); with one a poll loop over five descriptors:
 *
 *	stdin -> to_pty -> master -> to_out -> stdout
 *
 * Each direction has one buffer and reads only into an empty one, so a slow side stops the other by itself.
 */

#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "../lib/cleanup.h"

/* At most PIPE_BUF: a write of that much after POLLOUT does not block on a pipe, whose flags are not ours to change. */
#define CHUNK 4096
/* After the process is gone a background process of `exec` may hold the pty and write on: take what a pty can hold. */
#define DRAIN_MAX (128 * 1024)
/* No process has the slave open, but one is alive and may open it again: look that often. */
#define HUNG_UP_MS 100

struct stream {
	char buf[CHUNK];
	size_t at, len; /* what is still to be written: buf[at..len) */
};

struct relay {
	int master, in, out, sigfd, pidfd;
	pid_t pid;
	bool exited, hung_up, in_canonical_line;
	int status; /* of wait4(2), when exited */
	struct stream to_pty, to_out;
	const struct ringwall_console_watch *watch; /* NULL: none, or no more */
};

/* Raised by the process's own faults: blocking them changes nothing, and passing them on would be a lie. */
static const int fault_signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS };

/*
 * What is taken over while relaying. SIGTTIN and SIGTTOU stay with the caller's shell: in the background the relay
 * stops when it touches the terminal, as any program does, and goes on after `fg`.
 */
static void signals_of_relay(sigset_t *set)
{
	sigfillset(set);
	for (size_t i = 0; i < ARRAY_SIZE(fault_signals); i++)
		sigdelset(set, fault_signals[i]);
	sigdelset(set, SIGTTIN);
	sigdelset(set, SIGTTOU);
}

/* The caller's terminal ------------------------------------------------------------------------------------ */

/* What a fault's handler needs to put the terminal right; one terminal per process, so one of these. */
static struct {
	struct termios saved;
	volatile sig_atomic_t active;
} raw;

struct terminal {
	struct sigaction faults[ARRAY_SIZE(fault_signals)];
	bool active;
};

static void raw_undo(void)
{
	if (!raw.active)
		return;
	raw.active = 0;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw.saved);
}

/* SA_RESETHAND: the fault repeats, or abort() raises again, with the default action. */
static void fault_handle(int sig)
{
	raw_undo();
	raise(sig);
}

static void terminal_restore(struct terminal *t)
{
	if (!t->active)
		return;
	raw_undo();
	for (size_t i = 0; i < ARRAY_SIZE(fault_signals); i++)
		sigaction(fault_signals[i], &t->faults[i], NULL);
	t->active = false;
}

static int terminal_raw(struct terminal *t, struct ringwall_err *e)
{
	struct sigaction fault = { .sa_handler = fault_handle, .sa_flags = SA_RESETHAND | SA_NODEFER };
	struct termios tio;
	sigset_t ttou;

	if (tcgetattr(STDIN_FILENO, &tio))
		return 0; /* not a terminal: bytes go through as they are */
	raw.saved = tio;
	for (size_t i = 0; i < ARRAY_SIZE(fault_signals); i++)
		sigaction(fault_signals[i], &fault, &t->faults[i]);
	t->active = true;
	cfmakeraw(&tio);
	raw.active = 1;
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &tio))
		return ringwall_fail(e, -errno, "terminal: raw mode");
	/* From here on the terminal is put right whoever is in the foreground then; the mask is the caller's again later. */
	sigemptyset(&ttou);
	sigaddset(&ttou, SIGTTOU);
	sigprocmask(SIG_BLOCK, &ttou, NULL);
	return 0;
}

/* From whichever of the standard streams is a terminal. */
static void size_copy(int master)
{
	struct winsize ws;

	for (int fd = 0; fd <= 2; fd++) {
		if (ioctl(fd, TIOCGWINSZ, &ws))
			continue;
		if (ws.ws_row || ws.ws_col)
			ioctl(master, TIOCSWINSZ, &ws);
		return;
	}
}

/*
 * A terminal that does not take its output (a stalled ssh, say) must not keep signals from the container: write
 * without blocking, on a description of our own, since the one inherited is shared with the caller's shell.
 */
static int out_open(void)
{
	int fd = -1;

	if (isatty(STDOUT_FILENO))
		fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd >= 0 ? fd : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
}

/* Processes and signals ------------------------------------------------------------------------------------ */

/* Return: 0, or -ECHILD when there is no child at all, so that the process is not ours to wait for. */
static int children_reap(struct relay *r)
{
	for (;;) {
		int status;
		pid_t pid = wait4(-1, &status, WNOHANG | __WALL, NULL);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			return r->exited ? 0 : -errno;
		if (!pid)
			return 0;
		if (pid == r->pid) {
			r->exited = true;
			r->status = status;
			/* Others are for whoever comes next: the process is what was waited for. */
			return 0;
		}
	}
}

/* Return: 0, or -ECHILD from children_reap(). */
static int signal_handle(struct relay *r, int sig)
{
	switch (sig) {
	case SIGCHLD:
		return children_reap(r);
	case SIGPIPE: /* our own: stdout is closed, which write says as well */
		return 0;
	case SIGWINCH: /* never passed on: the terminal that changed is not the container's, and servers exit on it */
		if (r->master >= 0)
			size_copy(r->master);
		return 0;
	}
	/* The only failure that can be is that it has just exited. */
	syscall(SYS_pidfd_send_signal, r->pidfd, sig, NULL, 0);
	return 0;
}

static int signals_read(struct relay *r)
{
	struct signalfd_siginfo si[8];
	ssize_t n = read(r->sigfd, si, sizeof(si));

	for (ssize_t i = 0; i < n / (ssize_t)sizeof(si[0]); i++) {
		int err = signal_handle(r, (int)si[i].ssi_signo);

		if (err)
			return err;
	}
	return 0;
}

/* Bytes ---------------------------------------------------------------------------------------------------- */

/* Return: bytes read, 0 at the end, -EAGAIN for none now. */
static ssize_t stream_fill(struct stream *s, int fd)
{
	ssize_t n = read(fd, s->buf, sizeof(s->buf));

	if (n < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	s->at = 0;
	s->len = (size_t)n;
	return n;
}

/* Return: 0 (also when nothing could be written now), or the error that will not go away. */
static int stream_flush(struct stream *s, int fd)
{
	ssize_t n = write(fd, s->buf + s->at, s->len - s->at);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	s->at += (size_t)n;
	return 0;
}

static bool stream_empty(const struct stream *s)
{
	return s->at == s->len;
}

/*
 * The end of input that is not a terminal's reaches the container as its terminal spells it: the EOF character,
 * twice when a line is begun (the first one only ends the line: termios(3), VEOF). A process in raw mode has none.
 */
static void input_end(struct relay *r)
{
	struct termios tio;

	r->in = -1;
	if (tcgetattr(r->master, &tio) || !(tio.c_lflag & ICANON))
		return;
	r->to_pty.buf[0] = r->to_pty.buf[1] = (char)tio.c_cc[VEOF];
	r->to_pty.at = 0;
	r->to_pty.len = r->in_canonical_line ? 2 : 1;
}

static void input_read(struct relay *r)
{
	ssize_t n = stream_fill(&r->to_pty, r->in);

	if (n == -EAGAIN)
		return;
	if (n <= 0) {
		input_end(r);
		return;
	}
	r->in_canonical_line = r->to_pty.buf[n - 1] != '\n';
}

/* Return: whether there was something. */
static bool output_read(struct relay *r)
{
	ssize_t n = stream_fill(&r->to_out, r->master);

	/* EIO: no one has the slave open. A read of what is left comes before it (n_tty_read() of the kernel). */
	r->hung_up = n == 0 || n == -EIO;
	/* Nowhere to write: read on and drop, else the container would stop at a full pty. */
	if (n > 0 && r->out < 0)
		r->to_out.at = r->to_out.len;
	return n > 0;
}

static void output_flush(struct relay *r)
{
	if (stream_flush(&r->to_out, r->out)) {
		close(TAKE_FD(r->out));
		r->to_out.at = r->to_out.len;
	}
}

static void output_finish(struct relay *r)
{
	while (!stream_empty(&r->to_out)) {
		struct pollfd p = { r->out, POLLOUT, 0 };

		if (poll(&p, 1, -1) > 0)
			output_flush(r);
	}
}

/* The process is gone: what it wrote is in the pty, as reading flushes the kernel's own queue first. */
static void output_drain(struct relay *r)
{
	size_t total = 0;

	output_finish(r);
	while (total < DRAIN_MAX && output_read(r)) {
		total += r->to_out.len;
		output_finish(r);
	}
}

/* The loops ------------------------------------------------------------------------------------------------ */

enum { AT_SIG, AT_PID, AT_IN, AT_OUT, AT_MASTER, AT_WATCH, AT_COUNT };

/* Descriptors that nothing is wanted from are left out: poll(2) reports POLLHUP unasked, over and over. */
static void poll_prepare(const struct relay *r, struct pollfd *p)
{
	short master = 0;

	if (stream_empty(&r->to_out))
		master |= POLLIN;
	if (!stream_empty(&r->to_pty))
		master |= POLLOUT;
	p[AT_SIG] = (struct pollfd){ r->sigfd, POLLIN, 0 };
	p[AT_PID] = (struct pollfd){ r->pidfd, POLLIN, 0 };
	p[AT_IN] = (struct pollfd){ stream_empty(&r->to_pty) ? r->in : -1, POLLIN, 0 };
	p[AT_OUT] = (struct pollfd){ stream_empty(&r->to_out) ? -1 : r->out, POLLOUT, 0 };
	p[AT_MASTER] = (struct pollfd){ master && !r->hung_up ? r->master : -1, master, 0 };
	p[AT_WATCH] = (struct pollfd){ r->watch ? r->watch->fd : -1, POLLIN, 0 };
}

static int relay_step(struct relay *r)
{
	struct pollfd p[AT_COUNT];
	int n;

	poll_prepare(r, p);
	n = poll(p, AT_COUNT, r->hung_up ? HUNG_UP_MS : -1);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (!n)
		r->hung_up = false; /* look again */
	if (p[AT_SIG].revents) {
		int err = signals_read(r);

		if (err)
			return err;
	}
	if (p[AT_IN].revents)
		input_read(r);
	if (p[AT_OUT].revents)
		output_flush(r);
	if (p[AT_MASTER].revents & POLLOUT && stream_flush(&r->to_pty, r->master))
		r->to_pty.at = r->to_pty.len;
	if (p[AT_MASTER].revents & ~POLLOUT) {
		if (stream_empty(&r->to_out))
			output_read(r);
		else
			r->hung_up = true; /* POLLHUP while the last chunk waits for stdout */
	}
	/* Before the process' end is looked at: what it said last is to be heard. */
	if (p[AT_WATCH].revents && r->watch->ready(r->watch->data) < 0)
		r->watch = NULL;
	return p[AT_PID].revents ? children_reap(r) : 0;
}

static int relay_terminal(struct relay *r, const sigset_t *set, struct ringwall_err *e)
{
	_cleanup_(terminal_restore) struct terminal t = { .active = false };
	_cleanup_fd_ int sigfd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
	int err, flags = fcntl(r->master, F_GETFL);

	if (sigfd < 0)
		return ringwall_fail(e, -errno, "signalfd");
	if (flags < 0 || fcntl(r->master, F_SETFL, flags | O_NONBLOCK))
		return ringwall_fail(e, -errno, "terminal: O_NONBLOCK");
	r->sigfd = sigfd;
	r->out = out_open();
	size_copy(r->master);
	err = terminal_raw(&t, e);
	if (err)
		goto out;
	while (!err && !r->exited)
		err = relay_step(r);
	output_drain(r);
	if (err)
		ringwall_fail(e, err, "wait for process %d", r->pid);
out:
	if (r->out >= 0)
		close(r->out);
	return err;
}

/*
 * Without a terminal: sigaction, sigprocmask, wait4, and per signal sigtimedwait and, for a SIGCHLD, wait4;
 * sigprocmask again. The first wait4 is for a process that ended before SIGCHLD was blocked.
 */
static int wait_plain(struct relay *r, const sigset_t *set, struct ringwall_err *e)
{
	int err = children_reap(r);

	while (!err && !r->exited) {
		int sig = sigwaitinfo(set, NULL);

		if (sig > 0)
			err = signal_handle(r, sig);
	}
	if (err)
		return ringwall_fail(e, err, "wait for process %d", r->pid);
	return 0;
}

/* Without a terminal, with something to watch. */
static int wait_watching(struct relay *r, const sigset_t *set, struct ringwall_err *e)
{
	_cleanup_fd_ int sigfd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
	int err = 0;

	if (sigfd < 0)
		return ringwall_fail(e, -errno, "signalfd");
	r->sigfd = sigfd;
	r->in = -1;
	while (!err && !r->exited)
		err = relay_step(r);
	return err ? ringwall_fail(e, err, "wait for process %d", r->pid) : 0;
}

static int relay(struct relay *r, const sigset_t *set, struct ringwall_err *e)
{
	if (r->master >= 0)
		return relay_terminal(r, set, e);
	return r->watch ? wait_watching(r, set, e) : wait_plain(r, set, e);
}

int ringwall_console_relay(int master, pid_t pid, int pidfd, const struct ringwall_console_watch *watch, int *ret_status,
			   struct ringwall_err *e)
{
	struct relay r = {
		.master = master, .in = STDIN_FILENO, .out = -1, .sigfd = -1, .pidfd = pidfd, .pid = pid, .watch = watch,
	};
	/* A caller may have been started with SIGCHLD ignored: children would vanish and no signal come. */
	struct sigaction chld = { .sa_handler = SIG_DFL }, old_chld;
	const struct timespec now = { 0 };
	sigset_t set, old;
	int err;

	signals_of_relay(&set);
	if (sigaction(SIGCHLD, &chld, &old_chld) || sigprocmask(SIG_BLOCK, &set, &old))
		return ringwall_fail(e, -errno, "signals");
	err = relay(&r, &set, e);
	/* A SIGPIPE of our own, or what was meant for a process now gone, must not hit the caller when the mask goes. */
	while ((master >= 0 || watch) && sigtimedwait(&set, NULL, &now) > 0)
		;
	if (old_chld.sa_handler != SIG_DFL)
		sigaction(SIGCHLD, &old_chld, NULL);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (err)
		return err;
	*ret_status = WIFEXITED(r.status) ? WEXITSTATUS(r.status) : 128 + WTERMSIG(r.status);
	return 0;
}
