/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_PROCESS_CHILD_H
#define RINGWALL_PROCESS_CHILD_H

#include "../cgroup/cgroup.h"
#include "../init/init.h"
#include "../lib/region.h"

/**
 * struct ringwall_child - the process that becomes the container's program, as the runtime holds it.
 * @pid, @pidfd: it; the runtime's own child
 * @channel: the conversation with it (process/channel.h)
 * @console: pty master, once it came, else -1
 * @attach: it could not be cloned into its cgroup and must be moved there before GO
 * @stage: it is the stage still, not the process that goes on (what init makes of the shared task is no evidence)
 */
struct ringwall_child {
	pid_t pid;
	int pidfd, channel, console;
	bool attach, stage;
};

#define RINGWALL_CHILD_INIT { .pidfd = -1, .channel = -1, .console = -1 }

/**
 * ringwall_child_spawn() - clone into the namespaces and the cgroup of @in, and exec the init program there.
 * @in: complete but for channel, which is set here
 * @region: the region that holds @in
 * @cgroup_fd: cgroup directory, -1: the caller's own
 *
 * No process of the container ever runs outside its cgroup, except where the kernel refuses CLONE_INTO_CGROUP
 * (rootless): then it waits for GO until it has been moved.
 */
int ringwall_child_spawn(struct ringwall_init *in, const struct ringwall_region *region, int cgroup_fd, struct ringwall_child *ret,
			 struct ringwall_err *e);

/** ringwall_child_begin() - everything the child waits for before it can start: stage, cgroup, id mappings; then GO. */
int ringwall_child_begin(struct ringwall_child *child, struct ringwall_init *in, struct ringwall_cgroup *cg,
			 struct ringwall_err *e);

/**
 * ringwall_child_settle() - follow the child until it is ready for `start` (@in->start_fd) or has become its program.
 * @state_json: for the seccomp agent, when there is one
 * @confine: @in->confine: called while the child waits, its execve next; what it returns below 0 ends the child
 * @data: first argument of @confine
 * The pty master, if one comes, is left in @child.
 */
int ringwall_child_settle(struct ringwall_child *child, const struct ringwall_init *in, const char *state_json,
			  int (*confine)(void *data, struct ringwall_err *e), void *data, struct ringwall_err *e);

/** ringwall_child_listener() - fetch seccomp notification fd number @fd out of the process and pass it on; then GO. */
int ringwall_child_listener(int channel, int pidfd, pid_t pid, int fd, const struct ringwall_config *c,
			    const char *state_json, struct ringwall_err *e);

/** ringwall_child_kill() - SIGKILL and reap; nothing if there is none. */
void ringwall_child_kill(struct ringwall_child *child);

/** ringwall_child_close() - the fds. */
void ringwall_child_close(struct ringwall_child *child);

#endif
