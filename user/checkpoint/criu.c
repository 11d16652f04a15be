// SPDX-License-Identifier: LGPL-2.1-or-later
#include "criu.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/cleanup.h"

#define MIN_VERSION 31500 /* external pid namespaces; the cgroup v2 freezer came with 3.14 */
#define REPLY_MAX 65536

/* Members of criu_req, criu_resp, criu_notify, criu_version. */
enum { REQ_TYPE = 1, REQ_OPTS = 2, REQ_NOTIFY_SUCCESS = 3 };
enum { RESP_TYPE = 1, RESP_SUCCESS = 2, RESP_NOTIFY = 5, RESP_ERRNO = 7, RESP_ERRMSG = 9, RESP_VERSION = 10 };
enum { NOTIFY_SCRIPT = 1, NOTIFY_PID = 2 };
enum { VERSION_MAJOR = 1, VERSION_MINOR = 2, VERSION_SUBLEVEL = 4 };

struct reply {
	int type, cr_errno;
	bool success;
	int major, minor, sublevel;
	char script[64], message[256];
	pid_t pid;
	int fd; /* came along, -1 */
};

struct process {
	pid_t pid;
	int sock;
};

void ringwall_criu_pair(struct ringwall_protobuf *opts, uint32_t number, const char *first, const char *second)
{
	struct ringwall_protobuf m = {};

	ringwall_protobuf_string(&m, 1, first);
	ringwall_protobuf_string(&m, 2, second);
	ringwall_protobuf_message(opts, number, &m);
}

void ringwall_criu_inherit(struct ringwall_protobuf *opts, const char *key, int fd)
{
	struct ringwall_protobuf m = {};

	ringwall_protobuf_string(&m, 1, key);
	ringwall_protobuf_varint(&m, 2, fd);
	ringwall_protobuf_message(opts, RINGWALL_CRIU_INHERIT_FD, &m);
}

/*
 * CRIU wants the new root to be a mount point whose parent nothing is mounted over, and shared, where the container's was a
 * slave of the host's: it gets its mounts from there again. In a namespace that ends with the CRIU process nothing has to be
 * cleaned up, whoever is killed.
 */
static int mount_root(const char *root, const char *at)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ||
	    mount(root, at, NULL, MS_BIND | MS_REC, NULL) < 0 || mount(NULL, at, NULL, MS_SHARED, NULL) < 0)
		return -errno;
	return 0;
}

/*
 * Descriptors to 3, 4, …: first all of them upwards and out of the way, so that none is trodden on. The caller's own
 * in between stay out of CRIU, whatever their flags.
 */
static int place_fds(int sock, const struct ringwall_criu_task *t)
{
	int end = RINGWALL_CRIU_FIRST_FD + (int)t->n_fds, up[1 + RINGWALL_NS_COUNT];

	if (t->n_fds > RINGWALL_NS_COUNT)
		return -E2BIG;
	for (size_t i = 0; i <= t->n_fds; i++) {
		up[i] = fcntl(i ? t->fds[i - 1] : sock, F_DUPFD, end);
		if (up[i] < 0)
			return -errno;
	}
	for (size_t i = 0; i <= t->n_fds; i++)
		if (dup2(up[i], RINGWALL_CRIU_FIRST_FD - 1 + (int)i) < 0)
			return -errno;
	return syscall(SYS_close_range, end, UINT_MAX, 0) < 0 ? -errno : 0;
}

/* With vfork: on the parent's memory, so nothing but system calls and *@ret_error. */
static void exec_criu(const struct ringwall *rw, int sock, const struct ringwall_criu_task *t, volatile int *ret_error)
{
	char *const args[] = { (char *)"criu", (char *)"swrk", (char *)"3", NULL };
	sigset_t none;
	int r;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	r = t->root ? mount_root(t->root, t->root_at) : 0;
	if (!r)
		r = place_fds(sock, t);
	if (r < 0) {
		*ret_error = -r;
		_exit(127);
	}
	execvp(rw->criu, args);
	/* Debian's is in sbin, which callers' PATHs may lack. */
	if (errno == ENOENT && !strcmp(rw->criu, "criu")) {
		execv("/usr/sbin/criu", args);
		execv("/usr/local/sbin/criu", args);
	}
	*ret_error = errno;
	_exit(127);
}

/* vfork: nothing of a big caller is copied, and a failed exec is known when it returns. */
static __attribute__((noinline)) int start(const struct ringwall *rw, int sock, const struct ringwall_criu_task *t,
					   pid_t *ret_pid)
{
	volatile int error = 0;
	sigset_t all, old;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = vfork();
	if (!pid)
		exec_criu(rw, sock, t, &error);
	if (pid < 0)
		error = errno;
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid > 0 && error)
		waitpid(pid, NULL, 0);
	*ret_pid = pid;
	return -error;
}

static int spawn(const struct ringwall *rw, const struct ringwall_criu_task *t, struct process *ret,
		 struct ringwall_err *e)
{
	_cleanup_fd_ int ours = -1, its = -1;
	int sv[2], r;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
		return ringwall_fail(e, -errno, "socket for criu");
	ours = sv[0];
	its = sv[1];
	r = start(rw, its, t, &pid);
	if (r == -ENOENT)
		return ringwall_fail_plain(e, r, "criu not found ('%s'): apt install criu", rw->criu);
	if (r < 0)
		return ringwall_fail(e, r, "start '%s'", rw->criu);
	ret->pid = pid;
	ret->sock = TAKE_FD(ours);
	return 0;
}

/* Return: wait status. CRIU ends with the conversation, having undone what it had half restored. */
static int reap(struct process *p)
{
	int status = 0;

	ringwall_fd_close(&p->sock);
	if (p->pid <= 0)
		return 0;
	while (waitpid(p->pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	p->pid = 0;
	return status;
}

static int send_request(int sock, int type, struct ringwall_protobuf *opts, int notify_success, struct ringwall_err *e)
{
	struct ringwall_protobuf req = {};
	int r = 0;

	ringwall_protobuf_varint(&req, REQ_TYPE, type);
	if (opts)
		ringwall_protobuf_message(&req, REQ_OPTS, opts);
	if (notify_success >= 0)
		ringwall_protobuf_varint(&req, REQ_NOTIFY_SUCCESS, notify_success);
	if (req.failed)
		r = ringwall_fail(e, -ENOMEM, "request to criu");
	else if (send(sock, req.buf, req.len, MSG_NOSIGNAL) < 0)
		r = ringwall_fail(e, -errno, "request to criu");
	ringwall_protobuf_free(&req);
	return r;
}

static void copy_text(char *ret, size_t size, const struct ringwall_protobuf_field *f)
{
	size_t n = f->len < size ? f->len : size - 1;

	memcpy(ret, f->data, n);
	ret[n] = '\0';
}

static int parse_notify(const struct ringwall_protobuf_field *m, struct reply *ret)
{
	const unsigned char *at = m->data;
	struct ringwall_protobuf_field f;
	int r;

	while ((r = ringwall_protobuf_next(&at, m->data + m->len, &f)) > 0) {
		if (f.number == NOTIFY_SCRIPT && f.data)
			copy_text(ret->script, sizeof(ret->script), &f);
		else if (f.number == NOTIFY_PID && !f.data)
			ret->pid = (pid_t)f.value;
	}
	return r;
}

static int parse_version(const struct ringwall_protobuf_field *m, struct reply *ret)
{
	const unsigned char *at = m->data;
	struct ringwall_protobuf_field f;
	int r;

	while ((r = ringwall_protobuf_next(&at, m->data + m->len, &f)) > 0) {
		if (f.number == VERSION_MAJOR)
			ret->major = (int)f.value;
		else if (f.number == VERSION_MINOR)
			ret->minor = (int)f.value;
		else if (f.number == VERSION_SUBLEVEL)
			ret->sublevel = (int)f.value;
	}
	return r;
}

static int parse_reply(const unsigned char *buf, size_t len, struct reply *ret)
{
	const unsigned char *at = buf;
	struct ringwall_protobuf_field f;
	int r;

	while ((r = ringwall_protobuf_next(&at, buf + len, &f)) > 0) {
		if (f.number == RESP_TYPE && !f.data)
			ret->type = (int)f.value;
		else if (f.number == RESP_SUCCESS && !f.data)
			ret->success = f.value;
		else if (f.number == RESP_ERRNO && !f.data)
			ret->cr_errno = (int)f.value;
		else if (f.number == RESP_ERRMSG && f.data)
			copy_text(ret->message, sizeof(ret->message), &f);
		else if (f.number == RESP_NOTIFY && f.data)
			r = parse_notify(&f, ret);
		else if (f.number == RESP_VERSION && f.data)
			r = parse_version(&f, ret);
		if (r < 0)
			break;
	}
	return r;
}

static int receive(int sock, struct reply *ret, struct ringwall_err *e)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control;
	_cleanup_free_ unsigned char *buf = malloc(REPLY_MAX);
	struct iovec iov = { .iov_base = buf, .iov_len = REPLY_MAX };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	ssize_t n;

	if (!buf)
		return ringwall_fail(e, -ENOMEM, "answer of criu");
	do {
		n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return ringwall_fail(e, n < 0 ? -errno : -ECONNRESET, "answer of criu");
	*ret = (struct reply){ .fd = -1 };
	c = CMSG_FIRSTHDR(&m);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len >= CMSG_LEN(sizeof(int)))
		memcpy(&ret->fd, CMSG_DATA(c), sizeof(int));
	if (m.msg_flags & MSG_TRUNC || parse_reply(buf, (size_t)n, ret) < 0) {
		ringwall_fd_close(&ret->fd);
		return ringwall_fail(e, -EBADMSG, "answer of criu");
	}
	return 0;
}

/* CRIU calls them errors, and goes on. */
static const char *const harmless[] = {
	"rlimit: Can't setup RLIMIT_NOFILE",
	"tun: Unable to create tun",
};

static bool is_error(const char *line)
{
	const char *error = strstr(line, "Error (");

	for (size_t i = 0; error && i < ARRAY_SIZE(harmless); i++)
		if (strstr(error, harmless[i]))
			return false;
	return error;
}

/* The first such line is the one that says why; those after it say what came of it. */
static bool find_error(const struct ringwall_criu_task *t, char *ret, size_t size)
{
	_cleanup_free_ char *line = NULL;
	bool found = false;
	size_t room = 0;
	ssize_t n;
	FILE *f;
	int fd;

	fd = openat(t->log_dir, t->log_file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	f = fd < 0 ? NULL : fdopen(fd, "re");
	if (!f) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (!found && (n = getline(&line, &room, f)) > 0) {
		found = is_error(line);
		line[n - (line[n - 1] == '\n')] = '\0';
	}
	if (found)
		snprintf(ret, size, "%s", strstr(line, "Error ("));
	fclose(f);
	return found;
}

static int refused(const struct ringwall_criu_task *t, const struct reply *reply, struct ringwall_err *e)
{
	char why[256] = "";

	if (!find_error(t, why, sizeof(why)) && reply->message[0])
		snprintf(why, sizeof(why), "%s", reply->message);
	if (!why[0] && reply->cr_errno)
		snprintf(why, sizeof(why), "%s", strerror(reply->cr_errno));
	return ringwall_fail_plain(e, -ECANCELED, "criu: %s (see %s/%s)", why[0] ? why : "failed", t->log_dir_name,
				   t->log_file);
}

/* Answer notifications until the request itself is answered. */
static int converse(struct process *p, struct ringwall_criu_task *t, struct ringwall_err *e)
{
	for (;;) {
		struct reply reply = { .fd = -1 };
		int r = receive(p->sock, &reply, e);

		if (r == -ECONNRESET || (!r && !reply.success)) {
			ringwall_fd_close(&reply.fd);
			return refused(t, &reply, e);
		}
		if (r < 0)
			return r;
		if (reply.type != RINGWALL_CRIU_NOTIFY) {
			ringwall_fd_close(&reply.fd);
			return reply.type == t->type ? 0 : ringwall_fail(e, -EBADMSG, "answer of criu to request %d: type %d",
									 t->type, reply.type);
		}
		r = t->notify ? t->notify(t->data, reply.script, reply.pid, reply.fd, e) : 0;
		ringwall_fd_close(&reply.fd);
		if (r < 0) {
			struct ringwall_err ignored;

			send_request(p->sock, RINGWALL_CRIU_NOTIFY, NULL, 0, &ignored);
			return r;
		}
		r = send_request(p->sock, RINGWALL_CRIU_NOTIFY, NULL, 1, e);
		if (r < 0)
			return r;
	}
}

/*
 * CRIU opens the directories through our descriptors and mounts things in them, which only works on mounts of its own
 * namespace. So the numbers that the request names get the same directories as seen from there.
 */
static int exchange_dirs(const struct ringwall_criu_task *t, pid_t pid, struct ringwall_err *e)
{
	char link[64], path[PATH_MAX + 64];
	struct stat a, b;

	for (size_t i = 0; t->root && i < ARRAY_SIZE(t->dirs); i++) {
		_cleanup_fd_ int fd = -1;
		int start;
		ssize_t n;

		if (t->dirs[i] < 0)
			continue;
		snprintf(link, sizeof(link), "/proc/self/fd/%d", t->dirs[i]);
		start = snprintf(path, sizeof(path), "/proc/%d/root", pid);
		n = readlink(link, path + start, PATH_MAX);
		if (n < 0 || n >= PATH_MAX)
			return ringwall_fail(e, n < 0 ? -errno : -ENAMETOOLONG, "directory for criu");
		path[start + n] = '\0';
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &a) < 0 || fstat(t->dirs[i], &b) < 0 || dup3(fd, t->dirs[i], O_CLOEXEC) < 0)
			return ringwall_fail(e, -errno, "directory '%s' for criu", path + start);
		if (a.st_ino != b.st_ino || a.st_dev != b.st_dev)
			return ringwall_fail(e, -ESTALE, "directory '%s' for criu", path + start);
	}
	return 0;
}

int ringwall_criu_run(const struct ringwall *rw, struct ringwall_criu_task *t, struct ringwall_err *e)
{
	struct process p = { .sock = -1 };
	int r, status;

	r = spawn(rw, t, &p, e);
	if (!r)
		r = exchange_dirs(t, p.pid, e);
	if (!r && t->cg)
		r = ringwall_cgroup_attach(t->cg, p.pid, e);
	if (!r && t->begin)
		r = t->begin(t->data, p.pid, e);
	if (!r)
		r = send_request(p.sock, t->type, &t->opts, -1, e);
	if (!r)
		r = converse(&p, t, e);
	ringwall_protobuf_free(&t->opts);
	status = reap(&p);
	/* A pre-dump waits for more requests, and calls it a failure that none come. */
	if (!r && status && t->type != RINGWALL_CRIU_PRE_DUMP)
		r = ringwall_fail_plain(e, -ECANCELED, "criu: it ended with status %#x (see %s/%s)", status, t->log_dir_name,
					t->log_file);
	return r;
}

int ringwall_criu_check(const struct ringwall *rw, struct ringwall_err *e)
{
	struct ringwall_criu_task t = { .type = RINGWALL_CRIU_VERSION };
	struct process p = { .sock = -1 };
	struct reply reply = { .fd = -1 };
	int r, version;

	r = spawn(rw, &t, &p, e);
	if (!r)
		r = send_request(p.sock, t.type, NULL, -1, e);
	if (!r)
		r = receive(p.sock, &reply, e);
	reap(&p);
	if (r == -ECONNRESET)
		return ringwall_fail_plain(e, -EOPNOTSUPP, "criu does not work here; `criu check` says why");
	if (r < 0)
		return r;
	ringwall_fd_close(&reply.fd);
	version = reply.major * 10000 + reply.minor * 100 + reply.sublevel;
	if (!reply.success || version < MIN_VERSION)
		return ringwall_fail_plain(e, -EOPNOTSUPP, "criu %d.%d.%d is too old: 3.15 or newer is needed", reply.major,
					   reply.minor, reply.sublevel);
	return 0;
}
