// SPDX-License-Identifier: LGPL-2.1-or-later
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "attr.h"
#include "channel.h"
#include "clone.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* The init program in memory, sealed: what a container can get hold of is a copy that nobody can write. */
static int open_program(struct ringwall_err *e)
{
	size_t len = (size_t)(ringwall_init_program_end - ringwall_init_program);
	_cleanup_fd_ int fd = memfd_create("ringwall-init", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	int tries = 100;

	if (fd < 0 && errno == EINVAL) /* before 6.3 every memfd is executable */
		fd = memfd_create("ringwall-init", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || write(fd, ringwall_init_program, len) != (ssize_t)len)
		return ringwall_fail(e, -errno, "copy of the init program");
	/* EBUSY while somebody (memory compaction, say) holds a reference to a page: passing. */
	while (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		if (errno != EBUSY || !--tries)
			return ringwall_fail(e, -errno, "seal the copy of the init program");
	return TAKE_FD(fd);
}

struct launch {
	const struct ringwall_init *in;
	const struct ringwall_region *region;
	int program;
	bool map;
};

static void pass_fd(int fd)
{
	if (fd >= 0)
		fcntl(fd, F_SETFD, 0);
}

/*
 * In a new user namespace, an exec before the mappings are there would lose every capability, as an id without a
 * mapping is not root. This child has memory of its own.
 */
static int wait_for_mappings(const struct ringwall_init *in)
{
	struct ringwall_err e;
	struct ringwall_msg m;
	int r = ringwall_channel_expect(in->channel, RINGWALL_MSG_GO, &m, NULL, &e);

	if (!r)
		r = ringwall_ns_become_root(&e);
	if (r < 0)
		ringwall_channel_fail(in->channel, &e);
	return r;
}

/*
 * In the child, which may share the parent's memory: only system calls, and nothing written but the stack. The
 * table of descriptors is the child's own; init closes what must not go further.
 */
static int launch_child(void *data)
{
	const struct launch *l = data;
	const struct ringwall_init *in = l->in;
	char number[12], len[24], name[] = "ringwall-init";
	char *argv[] = { name, number, len, NULL }, *envp[] = { NULL };

	if (l->map && wait_for_mappings(in) < 0)
		return 1;
	snprintf(number, sizeof(number), "%d", l->region->fd);
	snprintf(len, sizeof(len), "%zu", l->region->used);
	pass_fd(l->region->fd);
	pass_fd(in->channel);
	pass_fd(in->start_fd);
	pass_fd(in->pidfd);
	for (int t = 0; t < RINGWALL_NS_COUNT; t++)
		pass_fd(in->ns.fds[t]);
	for (size_t i = 0; i < in->plan.n; i++)
		pass_fd(in->plan.ops[i].fd);
	syscall(SYS_execveat, l->program, "", argv, envp, AT_EMPTY_PATH);
	return 127;
}

static long clone_launch(struct launch *l, uint64_t flags, int cgroup_fd, int *pidfd, bool share)
{
	struct clone_args args = { .flags = flags | CLONE_PIDFD, .exit_signal = SIGCHLD };

	args.pidfd = (uint64_t)(uintptr_t)pidfd;
	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup_fd;
	}
	return ringwall_clone_run(&args, share, launch_child, l);
}

/* Why clone failed, in terms of the config. */
static int clone_error(int r, uint64_t flags, struct ringwall_err *e)
{
	if (r == -EPERM && (flags & CLONE_NEWUSER))
		return ringwall_fail(e, r, "new user namespace (sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces?)");
	if (r == -EPERM)
		return ringwall_fail(e, r, "new namespaces (run as root, or add a user namespace to linux.namespaces)");
	if (r == -ENOSPC)
		return ringwall_fail(e, r, "new namespaces: a limit in /proc/sys/user is reached");
	if (r == -EBUSY)
		return ringwall_fail(e, r, "clone into the container's cgroup: it has controllers enabled for cgroups below it");
	return ringwall_fail(e, r, "clone");
}

static int clone_in_cgroup(struct launch *l, struct ringwall_init *in, int cgroup_fd, struct ringwall_child *child,
			   struct ringwall_err *e)
{
	uint64_t flags = in->stage ? 0 : in->clone_flags;
	/* A shared address space cannot be in two time namespaces (its vvar page). */
	bool share = in->ns.own_time < 0 && in->ns.fds[RINGWALL_NS_TIME] < 0 && !l->map;
	long pid = clone_launch(l, flags, cgroup_fd, &child->pidfd, share);

	if ((pid == -EACCES || pid == -EPERM) && cgroup_fd >= 0) {
		bool wait_before = in->wait_go;

		in->wait_go = child->attach = true;
		pid = clone_launch(l, flags, -1, &child->pidfd, share);
		if (pid < 0) {
			in->wait_go = wait_before;
			child->attach = false;
		}
	}
	if (pid < 0)
		return clone_error((int)pid, flags, e);
	child->pid = (pid_t)pid;
	return 0;
}

int ringwall_child_spawn(struct ringwall_init *in, const struct ringwall_region *region, int cgroup_fd, struct ringwall_child *ret,
			 struct ringwall_err *e)
{
	struct ringwall_child child = RINGWALL_CHILD_INIT;
	struct launch l = { .in = in, .region = region };
	_cleanup_fd_ int program = open_program(e), far = -1;
	int r, back;

	if (program < 0)
		return program;
	child.stage = in->stage;
	l.map = in->mapped = in->new_userns && !in->stage;
	l.program = program;
	r = ringwall_channel_open(&child.channel, &far, e);
	if (r < 0)
		return r;
	in->channel = far;
	r = in->mode == RINGWALL_INIT_CREATE && !in->stage ? ringwall_ns_leave(&in->config, &in->ns, e) : 0;
	if (!r)
		r = clone_in_cgroup(&l, in, cgroup_fd, &child, e);
	back = ringwall_ns_return(&in->ns, r < 0 ? NULL : e);
	if (!r && back < 0) {
		ringwall_child_kill(&child);
		r = back;
	}
	if (r < 0)
		ringwall_child_close(&child);
	else
		*ret = child;
	return r;
}

/* The stage has cloned: its child is ours (CLONE_PARENT), and the stage itself is done. */
static int take_from_stage(struct ringwall_child *child, struct ringwall_err *e)
{
	struct ringwall_msg m;
	int pidfd = -1, r;

	r = ringwall_channel_expect(child->channel, RINGWALL_MSG_PIDFD, &m, &pidfd, e);
	if (r < 0)
		return r;
	while (waitpid(child->pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	ringwall_fd_close(&child->pidfd);
	child->pid = m.value;
	child->pidfd = pidfd;
	child->stage = false;
	return 0;
}

/* In a user namespace the process itself may not lower its score. */
static int write_oom(const struct ringwall_child *child, const struct ringwall_process *p, struct ringwall_err *e)
{
	_cleanup_fd_ int fd = -1;
	char path[64], value[16];
	int n;

	if (!p->oom_score_adj.has)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", child->pid);
	n = snprintf(value, sizeof(value), "%" PRId64, p->oom_score_adj.v);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, value, (size_t)n) == n)
		return 0;
	/* As runc: an unprivileged runtime may not lower it below its own, and that is no reason not to run. */
	if (errno == EACCES && geteuid())
		return 0;
	return ringwall_fail(e, -errno, "process.oomScoreAdj");
}

int ringwall_child_begin(struct ringwall_child *child, struct ringwall_init *in, struct ringwall_cgroup *cg,
			 struct ringwall_err *e)
{
	int r = 0;

	if (!in->wait_go)
		return 0;
	if (child->stage && child->attach && cg) {
		/* The stage is what must be in the cgroup: its child inherits it. */
		r = ringwall_cgroup_attach(cg, child->pid, e);
		if (r < 0)
			return r;
	}
	if (child->stage)
		r = take_from_stage(child, e);
	if (!r && child->attach && cg)
		r = ringwall_cgroup_attach(cg, child->pid, e);
	if (!r && in->new_userns)
		r = ringwall_userns_map(child->pid, &in->config.uid_mappings, &in->config.gid_mappings, e);
	if (!r && in->in_userns)
		r = ringwall_rlimits_raise(child->pid, &in->config.process, e);
	if (!r && in->in_userns)
		r = write_oom(child, &in->config.process, e);
	if (!r) {
		r = ringwall_channel_send(child->channel, RINGWALL_MSG_GO, 0, -1);
		/* Dead already: what it has to say is still in the channel. */
		if (r == -EPIPE)
			r = 0;
		else if (r < 0)
			ringwall_fail(e, r, "start the container's process");
	}
	return r;
}

int ringwall_child_listener(int channel, int pidfd, pid_t pid, int fd, const struct ringwall_config *c,
			    const char *state_json, struct ringwall_err *e)
{
	_cleanup_fd_ int listener = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	int r;

	if (listener < 0)
		return ringwall_fail(e, -errno, "linux.seccomp: fetch the notification fd");
	r = ringwall_filter_send_listener(c, listener, pid, state_json, e);
	if (r < 0)
		return r;
	r = ringwall_channel_send(channel, RINGWALL_MSG_GO, 0, -1);
	return r < 0 ? ringwall_fail(e, r, "linux.seccomp: start the container's process") : 0;
}

int ringwall_child_settle(struct ringwall_child *child, const struct ringwall_init *in, const char *state_json,
			  int (*confine)(void *data, struct ringwall_err *e), void *data, struct ringwall_err *e)
{
	struct ringwall_msg m;
	bool reached_exec = false;
	int fd = -1, r;

	for (;;) {
		r = ringwall_channel_receive(child->channel, &m, &fd);
		if (r < 0)
			return ringwall_fail(e, r, "wait for the container's process");
		switch (m.type) {
		case RINGWALL_MSG_CONSOLE:
			ringwall_fd_close(&child->console);
			child->console = TAKE_FD(fd);
			break;
		case RINGWALL_MSG_LISTENER:
			r = ringwall_child_listener(child->channel, child->pidfd, child->pid, m.value, &in->config,
						    state_json, e);
			if (r < 0)
				return r;
			break;
		case RINGWALL_MSG_READY:
			return 0;
		case RINGWALL_MSG_EXEC:
			reached_exec = true;
			if (!in->confine)
				break;
			r = confine(data, e);
			if (r < 0)
				return r;
			r = ringwall_channel_send(child->channel, RINGWALL_MSG_GO, 0, -1);
			if (r < 0 && r != -EPIPE)
				return ringwall_fail(e, r, "start the container's process");
			break;
		case RINGWALL_MSG_NONE:
			/* Gone without a word: to its program, which is the end that `run` and `exec` wait for. */
			if (reached_exec)
				return 0;
			return ringwall_fail_plain(e, -ECONNRESET, "the container's init died while it was set up");
		case RINGWALL_MSG_ERROR:
			*e = m.err;
			return m.err.code < 0 ? m.err.code : -EIO;
		default:
			ringwall_fd_close(&fd);
			return ringwall_fail_plain(e, -EPROTO, "unexpected message %u from the container's init", m.type);
		}
	}
}

void ringwall_child_kill(struct ringwall_child *child)
{
	if (child->pid <= 0)
		return;
	if (child->pidfd < 0 || syscall(SYS_pidfd_send_signal, child->pidfd, SIGKILL, NULL, 0) < 0)
		kill(child->pid, SIGKILL);
	while (waitpid(child->pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	child->pid = 0;
}

void ringwall_child_close(struct ringwall_child *child)
{
	ringwall_fd_close(&child->pidfd);
	ringwall_fd_close(&child->channel);
	ringwall_fd_close(&child->console);
}
