// SPDX-License-Identifier: LGPL-2.1-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <termios.h>
#include <time.h>

#include "child.h"

#include "../../user/lib/sock.h"
#include "../../user/terminal/console.h"

static void need_root(void)
{
	if (geteuid())
		skip();
}

/* A directory that stands for a container's /dev, on a tmpfs of a mount namespace that ends with the child. */
static int dev_make(void)
{
	CHECK(!unshare(CLONE_NEWNS) && !mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	CHECK(!mount("tmpfs", "/mnt", "tmpfs", 0, NULL));
	CHECK(!mkdir("/mnt/dev", 0755));
	return open("/mnt/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void devpts_mount(void)
{
	CHECK(!mkdir("/mnt/dev/pts", 0755));
	CHECK(!mount("devpts", "/mnt/dev/pts", "devpts", 0, "newinstance,ptmxmode=0666,mode=0620,gid=5"));
}

/* opening -------------------------------------------------------------------------------------------------- */

static void open_child(void *data)
{
	struct ringwall_err e = { 0 };
	int dev = dev_make(), master = -1, slave = -1;
	struct winsize ws = { 0 };
	struct stat st, pts;
	char buf[8] = "";

	(void)data;
	devpts_mount();
	CHECK(!ringwall_console_open(dev, 33, 99, &master, &slave, &e));
	CHECK(isatty(slave) && !ioctl(slave, TIOCGWINSZ, &ws) && ws.ws_row == 33 && ws.ws_col == 99);
	CHECK(fcntl(master, F_GETFD) == FD_CLOEXEC && fcntl(slave, F_GETFD) == FD_CLOEXEC);
	CHECK(!(fcntl(master, F_GETFL) & O_NONBLOCK));
	/* of the container's devpts, number 0, and no other */
	CHECK(!fstat(slave, &st) && !stat("/mnt/dev/pts/0", &pts));
	CHECK(st.st_dev == pts.st_dev && st.st_ino == pts.st_ino && st.st_uid == 0);
	CHECK(write(slave, "x", 1) == 1 && read(master, buf, sizeof(buf)) == 1 && buf[0] == 'x');
}

static void open_fallback_child(void *data)
{
	struct ringwall_err e = { 0 };
	int dev = dev_make(), master = -1, slave = -1;
	struct winsize ws = { 1, 1, 0, 0 };

	(void)data;
	CHECK(!ringwall_console_open(dev, 0, 0, &master, &slave, &e));
	CHECK(isatty(slave) && !ioctl(slave, TIOCGWINSZ, &ws) && !ws.ws_row && !ws.ws_col);
}

static void open_refused(int dev, int want)
{
	struct ringwall_err e = { 0 };
	int master = -7, slave = -7;

	CHECK(ringwall_console_open(dev, 0, 0, &master, &slave, &e) == want);
	CHECK(master == -7 && slave == -7 && strstr(e.text, "pts/ptmx"));
}

/* What an image might put in the place of the multiplexer. */
static void open_hostile_child(void *data)
{
	int dev = dev_make();

	(void)data;
	CHECK(!symlink("/dev/pts", "/mnt/dev/pts"));
	open_refused(dev, -ELOOP);
	CHECK(!unlink("/mnt/dev/pts") && !mkdir("/mnt/dev/pts", 0755));
	CHECK(!symlink("/dev/ptmx", "/mnt/dev/pts/ptmx"));
	open_refused(dev, -ELOOP);
	CHECK(!unlink("/mnt/dev/pts/ptmx") && !mkfifo("/mnt/dev/pts/ptmx", 0600));
	open_refused(dev, -ENODEV);
	CHECK(!unlink("/mnt/dev/pts/ptmx") && !mknod("/mnt/dev/pts/ptmx", S_IFREG | 0600, 0));
	open_refused(dev, -ENODEV);
	CHECK(!unlink("/mnt/dev/pts/ptmx") && !mknod("/mnt/dev/pts/ptmx", S_IFCHR | 0600, makedev(1, 3)));
	open_refused(dev, -ENODEV);
}

static void attach_child(void *data)
{
	struct ringwall_err e = { 0 };
	int dev = dev_make(), master = -1, slave = -1, status;
	struct stat st;
	pid_t pid;

	(void)data;
	devpts_mount();
	CHECK(!ringwall_console_open(dev, 0, 0, &master, &slave, &e));
	pid = fork();
	if (!pid) {
		int err = dup(2); /* for CHECK */

		CHECK(!ringwall_console_attach(slave, 1000, &e));
		CHECK(dup2(err, 9) == 9 && isatty(0) && isatty(1) && isatty(2));
		CHECK(tcgetsid(0) == getpid() && !fcntl(0, F_GETFD) && !fcntl(2, F_GETFD));
		CHECK(!fstat(0, &st) && st.st_uid == 1000 && st.st_gid == 5 && (st.st_mode & 0777) == 0620);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && !status);
	CHECK(ringwall_console_attach(dev, 0, &e) < 0 && strstr(e.text, "TIOCSCTTY"));
}

static void test_open(void **state)
{
	(void)state;
	need_root();
	assert_child(open_child, NULL);
	assert_child(open_fallback_child, NULL);
	assert_child(open_hostile_child, NULL);
	assert_child(attach_child, NULL);
}

/* sending -------------------------------------------------------------------------------------------------- */

static int fd_receive(int listener, char *text, size_t size)
{
	int conn = accept(listener, NULL, NULL), fd = -1;
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec v = { text, size - 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(conn, &m, 0);

	assert_true(n > 0);
	text[n] = '\0';
	assert_non_null(CMSG_FIRSTHDR(&m));
	assert_int_equal(CMSG_FIRSTHDR(&m)->cmsg_type, SCM_RIGHTS);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	close(conn);
	return fd;
}

/* @depth directories of 60 characters below a new one in /tmp; a socket "s" listens in the last. */
static int socket_make(int depth, char *path, size_t size)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX, .sun_path = "s" };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), cwd = open(".", O_PATH);

	snprintf(path, size, "/tmp/ringwall-test-XXXXXX");
	assert_non_null(mkdtemp(path));
	for (int i = 0; i < depth; i++) {
		size_t len = strlen(path);

		snprintf(path + len, size - len, "/%060d", i);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	assert_int_equal(chdir(path), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(fchdir(cwd), 0);
	close(cwd);
	strcat(path, "/s");
	return fd;
}

static void socket_remove(char *path)
{
	unlink(path);
	while (strrchr(path, '/') > path + strlen("/tmp/") - 1) {
		*strrchr(path, '/') = '\0';
		rmdir(path);
	}
}

static void send_to(int depth)
{
	struct ringwall_err e = { 0 };
	char path[1024], text[64];
	int listener = socket_make(depth, path, sizeof(path)), p[2], fd;
	char c = 0;

	assert_int_equal(pipe(p), 0);
	assert_int_equal(ringwall_sock_check(path, &e), 0);
	assert_int_equal(ringwall_console_send(path, p[0], "/dev/pts/0", &e), 0);
	fd = fd_receive(listener, text, sizeof(text));
	assert_string_equal(text, "/dev/pts/0");
	assert_int_equal(write(p[1], "y", 1), 1);
	assert_int_equal(read(fd, &c, 1), 1);
	assert_int_equal(c, 'y');
	assert_int_equal(ringwall_console_send(path, p[0], "", &e), 0);
	close(fd_receive(listener, text, sizeof(text)));
	close(listener);
	assert_int_equal(ringwall_console_send(path, p[0], "x", &e), -ECONNREFUSED);
	assert_non_null(strstr(e.text, "console socket: connect to"));
	socket_remove(path);
	close(p[0]);
	close(p[1]);
	close(fd);
}

static void test_send(void **state)
{
	struct ringwall_err e = { 0 };

	(void)state;
	send_to(0);
	send_to(4); /* longer than sun_path */
	assert_int_equal(ringwall_sock_check("/tmp/ringwall-no-such-socket", &e), -ENOENT);
	assert_int_equal(ringwall_sock_check("/dev/null", &e), -ENOTSOCK);
	assert_int_equal(ringwall_console_send("/tmp/ringwall-no-such-socket", 0, "x", &e), -ENOENT);
}

/* relaying ------------------------------------------------------------------------------------------------- */

/* Not memcmp() of the whole: struct termios has padding. */
static bool termios_same(const struct termios *a, const struct termios *b)
{
	return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag && a->c_cflag == b->c_cflag &&
	       a->c_lflag == b->c_lflag && !memcmp(a->c_cc, b->c_cc, sizeof(a->c_cc));
}

/*
 * A process that runs the relay over a shell command, as `run` would. @in, @out: its standard streams.
 * @terminal: the command has a pty; @ctty: @in is a terminal slave which the process leads a session on.
 * It exits with the relay's status, 200 for a relay that failed, 201 for a terminal it did not put right.
 */
struct scene {
	const char *command;
	int in, out;
	int unused; /* the test's end of a pipe, not for the relay; 0: none */
	bool terminal, ctty, sigchld_ignored, subreaper;
	pid_t relay;
};

static pid_t command_start(const struct scene *s, int *ret_master)
{
	struct ringwall_err e = { 0 };
	int dev = open("/dev", O_PATH | O_DIRECTORY), master = -1, slave = -1;
	pid_t pid;

	if (s->terminal)
		CHECK(!ringwall_console_open(dev, 5, 7, &master, &slave, &e));
	pid = fork();
	if (!pid) {
		if (s->terminal)
			CHECK(!ringwall_console_attach(slave, 0, &e));
		close(slave);
		close(master);
		execl("/bin/sh", "sh", "-c", s->command, NULL);
		_exit(127);
	}
	close(slave);
	*ret_master = master;
	return pid;
}

static void relay_process(const struct scene *s)
{
	struct ringwall_err e = { 0 };
	struct termios before, after;
	int master, pidfd, status = -1, tty = !tcgetattr(s->in, &before);
	pid_t pid;

	if (s->ctty)
		CHECK(setsid() > 0 && !ioctl(s->in, TIOCSCTTY, 0));
	CHECK(dup2(s->in, 0) == 0 && dup2(s->out, 1) == 1);
	if (s->in > 2)
		close(s->in);
	if (s->out > 2 && s->out != s->in)
		close(s->out);
	if (s->unused)
		close(s->unused);
	if (s->sigchld_ignored)
		signal(SIGCHLD, SIG_IGN);
	if (s->subreaper)
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	pid = command_start(s, &master);
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	CHECK(pidfd >= 0);
	if (ringwall_console_relay(master, pid, pidfd, NULL, &status, &e)) {
		fprintf(stderr, "# %s\n", e.text);
		_exit(200);
	}
	if (tty && (tcgetattr(0, &after) || !termios_same(&before, &after)))
		_exit(201);
	_exit(status);
}

static void scene_start(struct scene *s)
{
	fflush(NULL);
	s->relay = fork();
	assert_true(s->relay >= 0);
	if (!s->relay)
		relay_process(s);
}

static int scene_end(struct scene *s)
{
	int status;

	/* A relay that hangs fails the test, not the run. */
	for (int ms = 0; ms < 20000; ms += 5) {
		if (waitpid(s->relay, &status, WNOHANG) == s->relay)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
		usleep(5000);
	}
	kill(s->relay, SIGKILL);
	waitpid(s->relay, &status, 0);
	return -1;
}

/* Read until @want has come, the end, or ten seconds; the text so far in @buf. */
static bool read_until(int fd, const char *want, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	while (len < size - 1) {
		struct pollfd p = { fd, POLLIN, 0 };
		ssize_t n;

		if (poll(&p, 1, 10000) <= 0)
			return false;
		n = read(fd, buf + len, size - 1 - len);
		if (n <= 0)
			return false;
		len += (size_t)n;
		buf[len] = '\0';
		if (strstr(buf, want))
			return true;
	}
	return false;
}

static int plain(const char *command)
{
	struct scene s = { .command = command, .in = open("/dev/null", O_RDONLY), .out = open("/dev/null", O_WRONLY) };

	scene_start(&s);
	close(s.in);
	close(s.out);
	return scene_end(&s);
}

static void test_wait(void **state)
{
	(void)state;
	assert_int_equal(plain("exit 0"), 0);
	assert_int_equal(plain("exit 7"), 7);
	assert_int_equal(plain("sleep 0.1; exit 255"), 255);
	assert_int_equal(plain("kill -9 $$"), 128 + 9);
	assert_int_equal(plain("kill -SEGV $$"), 128 + 11);
}

static int signalled(int sig, const char *command, bool sigchld_ignored)
{
	int p[2];
	struct scene s = { .command = command, .in = open("/dev/null", O_RDONLY), .sigchld_ignored = sigchld_ignored };
	char buf[64];

	assert_int_equal(pipe(p), 0);
	s.out = p[1];
	scene_start(&s);
	close(p[1]);
	close(s.in);
	assert_true(read_until(p[0], "ready", buf, sizeof(buf)));
	usleep(20000); /* from the command's output to the relay's wait is a moment of the test's own making */
	kill(s.relay, sig);
	close(p[0]);
	return scene_end(&s);
}

static void test_signals(void **state)
{
	(void)state;
	assert_int_equal(signalled(SIGTERM, "trap 'exit 41' TERM; echo ready; while :; do sleep 0.02; done", false), 41);
	assert_int_equal(signalled(SIGUSR1, "trap 'exit 42' USR1; echo ready; while :; do sleep 0.02; done", false), 42);
	assert_int_equal(signalled(SIGRTMIN + 3, "echo ready; exec sleep 20", false), 128 + SIGRTMIN + 3);
	assert_int_equal(signalled(SIGINT, "echo ready; exec sleep 20", true), 128 + SIGINT);
	/* not the container's terminal, so not its business: servers exit on it */
	assert_int_equal(signalled(SIGWINCH, "trap 'exit 43' WINCH; echo ready; sleep 0.2; exit 44", false), 44);
}

/* The relay reaps what the container leaves behind when it is the subreaper, and does not take it for init. */
static void test_orphans(void **state)
{
	struct scene s = { .command = "(sh -c 'sleep 0.05; exit 9' &) ; sleep 0.3; exit 3", .in = 0, .out = 1, .subreaper = true };

	(void)state;
	s.in = open("/dev/null", O_RDONLY);
	s.out = open("/dev/null", O_WRONLY);
	scene_start(&s);
	assert_int_equal(scene_end(&s), 3);
	close(s.in);
	close(s.out);
}

static void not_child(void *data)
{
	struct ringwall_err e = { 0 };
	int status = -7, pidfd = (int)syscall(SYS_pidfd_open, getppid(), 0);

	(void)data;
	CHECK(ringwall_console_relay(-1, getppid(), pidfd, NULL, &status, &e) == -ECHILD && status == -7);
}

static void test_not_child(void **state)
{
	(void)state;
	assert_child(not_child, NULL);
}

/* Terminal inside, a pipe outside both ways. Return: the relay's status; @out: what came, carriage returns and all. */
static int piped(const char *command, const char *input, char *out, size_t size)
{
	int i[2], o[2];
	struct scene s = { .command = command, .terminal = true };

	assert_int_equal(pipe(i), 0);
	assert_int_equal(pipe(o), 0);
	s.in = i[0];
	s.out = o[1];
	s.unused = i[1];
	scene_start(&s);
	close(i[0]);
	close(o[1]);
	assert_int_equal(write(i[1], input, strlen(input)), strlen(input));
	close(i[1]);
	read_until(o[0], "\xff no such text", out, size);
	close(o[0]);
	return scene_end(&s);
}

static void test_pipes(void **state)
{
	char out[512];

	(void)state;
	assert_int_equal(piped("tty -s && stty size; exit 5", "", out, sizeof(out)), 5);
	assert_string_equal(out, "5 7\r\n");
	/* The end of input, after a whole line, after a begun one, and without any. */
	assert_int_equal(piped("stty -echo; cat; exit 6", "one\ntwo\n", out, sizeof(out)), 6);
	assert_non_null(strstr(out, "one\r\ntwo\r\n"));
	assert_int_equal(piped("stty -echo; cat; exit 6", "one\ntwo", out, sizeof(out)), 6);
	assert_non_null(strstr(out, "two"));
	assert_int_equal(piped("cat; exit 6", "", out, sizeof(out)), 6);
	/* stdin, stdout and stderr are one terminal */
	assert_int_equal(piped("echo a; echo b >&2", "", out, sizeof(out)), 0);
	assert_non_null(strstr(out, "a\r\nb\r\n"));
	/* The pty is closed by all, opened again and used. */
	assert_int_equal(piped("exec </dev/null >/dev/null 2>&1; sleep 0.2; echo again >/dev/tty; exit 8", "", out, sizeof(out)),
			 8);
	assert_non_null(strstr(out, "again"));
}

/* Nothing is lost at the end: 300,000 bytes written by a process that exits at once, read slowly. */
static void test_drain(void **state)
{
	int o[2];
	struct scene s = { .command = "head -c 300000 /dev/zero | tr '\\0' x; echo; exit 4", .terminal = true };
	size_t total = 0;
	char buf[1024];
	ssize_t n;

	(void)state;
	assert_int_equal(pipe(o), 0);
	s.in = open("/dev/null", O_RDONLY);
	s.out = o[1];
	scene_start(&s);
	close(s.in);
	close(o[1]);
	while ((n = read(o[0], buf, sizeof(buf))) > 0) {
		total += (size_t)n;
		if (total < 20480)
			usleep(2000);
	}
	close(o[0]);
	assert_int_equal(scene_end(&s), 4);
	assert_int_equal(total, 300000 + 2);
}

static double cpu_seconds(pid_t pid)
{
	struct timespec ts;
	clockid_t clock;

	assert_int_equal(clock_getcpuclockid(pid, &clock), 0);
	assert_int_equal(clock_gettime(clock, &ts), 0);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* stdout goes away: the container goes on, the relay does not die of SIGPIPE, and does not spin either. */
static void test_output_closed(void **state)
{
	int o[2], mark[2];
	struct scene s = { .command = "head -c 300000 /dev/zero | tr '\\0' x; echo x >&9; sleep 1; exit 11", .terminal = true };
	double before;
	char c;

	(void)state;
	assert_int_equal(pipe(o), 0);
	assert_int_equal(pipe(mark), 0);
	assert_int_equal(dup2(mark[1], 9), 9);
	s.in = open("/dev/null", O_RDONLY);
	s.out = o[1];
	s.unused = o[0];
	scene_start(&s);
	close(s.in);
	close(o[1]);
	close(o[0]);
	assert_int_equal(read(mark[0], &c, 1), 1); /* all of it went somewhere */
	before = cpu_seconds(s.relay);
	usleep(500000);
	assert_true(cpu_seconds(s.relay) - before < 0.2);
	assert_int_equal(scene_end(&s), 11);
	close(9);
	close(mark[0]);
	close(mark[1]);
}

/* An outer terminal, as a person has it: the relay's session runs on the slave, the test holds the master. */
struct outer {
	int master, slave;
	struct termios before;
};

static void outer_open(struct outer *o)
{
	struct ringwall_err e = { 0 };
	int dev = open("/dev", O_PATH | O_DIRECTORY);

	if (ringwall_console_open(dev, 40, 120, &o->master, &o->slave, &e))
		fail_msg("%s", e.text);
	close(dev);
	assert_int_equal(tcgetattr(o->slave, &o->before), 0);
}

static bool outer_is_raw(const struct outer *o)
{
	struct termios now;

	assert_int_equal(tcgetattr(o->slave, &now), 0);
	return !(now.c_lflag & (ICANON | ECHO | ISIG)) && !(now.c_oflag & OPOST);
}

static bool outer_is_restored(const struct outer *o)
{
	struct termios now;

	assert_int_equal(tcgetattr(o->slave, &now), 0);
	return termios_same(&now, &o->before);
}

static void outer_close(struct outer *o)
{
	close(o->master);
	close(o->slave);
}

static void outer_start(struct outer *o, struct scene *s, const char *command)
{
	char buf[256];

	outer_open(o);
	*s = (struct scene){ .command = command, .in = o->slave, .out = o->slave, .terminal = true, .ctty = true };
	scene_start(s);
	assert_true(read_until(o->master, "ready\r\n", buf, sizeof(buf)));
}

static void test_interactive(void **state)
{
	struct winsize ws = { .ws_row = 11, .ws_col = 22 };
	struct outer o;
	struct scene s;
	char buf[256];

	(void)state;
	outer_start(&o, &s, "trap 'stty size' WINCH; stty size; echo ready; while read x; do echo got $x; done; exit 12");
	assert_true(outer_is_raw(&o));
	assert_int_equal(write(o.master, "hello\r", 6), 6); /* the inner terminal turns CR into NL and echoes */
	assert_true(read_until(o.master, "got hello\r\n", buf, sizeof(buf)));
	assert_non_null(strstr(buf, "hello\r\ngot"));
	assert_int_equal(ioctl(o.master, TIOCSWINSZ, &ws), 0);
	usleep(100000);
	assert_int_equal(write(o.master, "\r", 1), 1);
	assert_true(read_until(o.master, "11 22\r\n", buf, sizeof(buf)));
	assert_int_equal(write(o.master, "\x04", 1), 1);
	assert_int_equal(scene_end(&s), 12); /* 201 when the relay left it raw */
	assert_true(outer_is_restored(&o));
	outer_close(&o);
}

/* Control-C is a byte to the relay and SIGINT to the container's foreground. */
static void test_interactive_interrupt(void **state)
{
	struct outer o;
	struct scene s;

	(void)state;
	outer_start(&o, &s, "trap 'exit 13' INT; echo ready; while :; do sleep 0.02; done");
	assert_int_equal(write(o.master, "\x03", 1), 1);
	assert_int_equal(scene_end(&s), 13);
	outer_close(&o);
}

static void interactive_kill(int sig, int want)
{
	struct outer o;
	struct scene s;

	outer_start(&o, &s, "echo ready; exec sleep 20");
	assert_true(outer_is_raw(&o));
	kill(s.relay, sig);
	assert_int_equal(scene_end(&s), want);
	assert_true(outer_is_restored(&o));
	outer_close(&o);
}

static void test_interactive_killed(void **state)
{
	(void)state;
	interactive_kill(SIGTERM, 128 + SIGTERM);	  /* through the container */
	interactive_kill(SIGHUP, 128 + SIGHUP);		  /* likewise */
	interactive_kill(SIGSEGV, 1000 + SIGSEGV);	  /* the relay's own death */
	interactive_kill(SIGABRT, 1000 + SIGABRT);
}

/* The size at the start comes from the outer terminal, whatever config.json said. */
static void test_size(void **state)
{
	struct outer o;
	struct scene s;
	char buf[256];

	(void)state;
	outer_start(&o, &s, "echo ready; sleep 0.1; stty size");
	assert_true(read_until(o.master, "40 120\r\n", buf, sizeof(buf)));
	assert_int_equal(scene_end(&s), 0);
	outer_close(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),	       cmocka_unit_test(test_send),
		cmocka_unit_test(test_wait),	       cmocka_unit_test(test_signals),
		cmocka_unit_test(test_orphans),	       cmocka_unit_test(test_not_child),
		cmocka_unit_test(test_pipes),	       cmocka_unit_test(test_drain),
		cmocka_unit_test(test_output_closed),  cmocka_unit_test(test_interactive),
		cmocka_unit_test(test_interactive_interrupt), cmocka_unit_test(test_interactive_killed),
		cmocka_unit_test(test_size),
	};

	return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}
