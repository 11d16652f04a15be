/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_CREATION_H
#define RINGWALL_CREATION_H

/* A container while create or run makes it. */

#include "../policy/policy.h"
#include "../process/child.h"
#include "container.h"
#include "notify.h"
#include "region.h"

/**
 * struct ringwall_creation - everything that is open meanwhile.
 * @options, @o: a copy of the caller's, and what to read it by
 * @region, @in: what the init program is told
 * @have_state, @have_cgroup: what an error has to undo
 * @model, @draft, @grant: the policy it gets, as its file says it, compiled, and in the kernel
 */
struct ringwall_creation {
	struct ringwall *rw;
	const char *id;
	struct ringwall_create_options options;
	const struct ringwall_create_options *o;
	char *bundle;
	struct ringwall_region region;
	struct ringwall_init *in;
	struct ringwall_state state;
	struct ringwall_cgroup cgroup;
	struct ringwall_child child;
	int listener, resctrl;
	bool have_state, have_cgroup;
	bool notifies; /* the container is to have a NOTIFY_SOCKET */
	struct ringwall_notify notify;
	struct ringwall_model model;
	struct ringwall_draft draft;
	struct ringwall_policy_grant grant;
};

/**
 * ringwall_creation_prepare() - read, check and plan; nothing on the host has changed afterwards.
 * @wait: the container is to wait for start
 */
int ringwall_creation_prepare(struct ringwall_creation *n, struct ringwall *rw, const char *id,
			      const struct ringwall_create_options *o, struct ringwall_err *e);

/** ringwall_creation_launch() - record, cgroup, policy, process; hooks up to createRuntime. */
int ringwall_creation_launch(struct ringwall_creation *n, bool wait, struct ringwall_err *e);

/** ringwall_creation_settle() - until the process waits for start or runs its program; terminal and pidfd are handed over. */
int ringwall_creation_settle(struct ringwall_creation *n, struct ringwall_err *e);

/** ringwall_creation_undo() - after an error: nothing stays on the host. */
void ringwall_creation_undo(struct ringwall_creation *n);

void ringwall_creation_close(struct ringwall_creation *n);

/** ringwall_pid_file_write() - decimal, no newline, under another name and renamed. */
int ringwall_pid_file_write(const char *path, pid_t pid, struct ringwall_err *e);

/** ringwall_terminal_check() - do terminal, console socket and detaching go together? As runc. */
int ringwall_terminal_check(bool terminal, const char *console_socket, bool detach, struct ringwall_err *e);

/**
 * ringwall_preserved_fds() - how many descriptors from 3 on are the container's: LISTEN_FDS, then @n of the caller's.
 *
 * Return: 0, -EBADF when one of the @n is not there, or is close-on-exec.
 */
int ringwall_preserved_fds(unsigned int n, unsigned int *ret, struct ringwall_err *e);

/** ringwall_process_listen() - add LISTEN_FDS and LISTEN_PID=1 to the process's environment where the runtime has them. */
int ringwall_process_listen(struct ringwall_process *p, struct ringwall_arena *a, struct ringwall_err *e);

/* The filters that a process gets: container-filter.c. */

/** ringwall_filter_prepare() - compile linux.seccomp and put the filter where init finds it. */
int ringwall_filter_prepare(const struct ringwall *rw, struct ringwall_init *in, struct ringwall_region *region,
			    struct ringwall_err *e);

/**
 * ringwall_creation_seal() - decide where the policy's system calls are enforced; what is a filter's goes where init finds it, and
 * is kept beside the container's record.
 */
int ringwall_creation_seal(struct ringwall_creation *n, struct ringwall_err *e);

/** ringwall_filter_copy() - the one that is kept in directory @from to @to; where there is none, one in @to is removed. */
int ringwall_filter_copy(int from, int to, struct ringwall_err *e);

/**
 * ringwall_filter_matches() - is the one that is kept in @dir, or that there is none, what @m gives?
 * @m, @absent: as ringwall_syscall_filter()
 */
int ringwall_filter_matches(int dir, const struct ringwall_model *m, const uint64_t *absent, bool *ret, struct ringwall_err *e);

/** ringwall_filter_recall() - the same filter for one more process of a container that has one. */
int ringwall_filter_recall(const struct ringwall_state *s, struct ringwall_init *in, struct ringwall_region *region,
			   struct ringwall_err *e);

#endif
