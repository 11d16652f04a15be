/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_INIT_INIT_H
#define RINGWALL_INIT_INIT_H

/*
 * The process between the runtime and the container's own program.
 *
 * It is a program of its own: small, static, without relocations worth mentioning, built with musl where that is
 * installed, embedded in the runtime and run from a sealed memfd. So the host's binary is never what /proc/PID/exe
 * names in a container (CVE-2019-5736), not even through the page cache (CVE-2022-0847), and the exec that buys this
 * costs less than the page-table copy of a forked runtime.
 *
 * What it is to do stands in a struct ringwall_init at the start of the shared region (lib/region.h).
 */

#include "../ns/ns.h"
#include "../oci/config.h"
#include "../plan/plan.h"
#include "../seccomp/filter.h"

#define RINGWALL_INIT_VERSION 2

#define RINGWALL_INIT_PID_GAP 2147483647 /* as many digits as a pid can have, and more than it can be */

enum ringwall_init_mode {
	RINGWALL_INIT_CREATE, /* make the container, then become its program */
	RINGWALL_INIT_EXEC,   /* join a container that runs, then become a program in it */
};

/**
 * struct ringwall_init - the whole task. Everything it points to lies in the region.
 * @version: RINGWALL_INIT_VERSION: both sides come from one build
 * @mode: which of the two
 * @config: the container's config; in EXEC mode process is the new one
 * @plan: CREATE: steps
 * @ns: namespaces by path
 * @clone_flags: CLONE_NEW* that a stage passes on when it clones
 * @channel: to the runtime
 * @start_fd: CREATE: listening socket for `start`; -1: go on at once (`run`)
 * @pidfd: EXEC: the container's init, whose namespaces are joined
 * @join_flags: EXEC: CLONE_NEW* of the namespaces to join by @pidfd
 * @stage: an intermediate process: join, clone the one that goes on, exit
 * @wait_go: begin only when the runtime says GO
 * @new_userns: this process is in a new user namespace whose mappings the runtime writes before GO
 * @mapped: that was waited for before this program was executed
 * @chroot: EXEC: root of a container that has no mount namespace, NULL otherwise
 * @wait_hooks: the runtime has something to do between namespaces and mounts (hooks, network devices): tell, wait
 * @in_userns: become root of the user namespace
 * @new_session: leave the caller's session keyring
 * @cgroup: host path of the container's cgroup, NULL: none
 * @filter, @has_filter: of linux.seccomp
 * @policy_filter: of the policy's system calls; @prog.len 0: none
 * @policy_filter_last: it refuses seccomp(2), so that it can only come behind @filter
 * @console: the runtime wants the pty master
 * @confine: the runtime marks this process for the policy's LSM classes before it goes on to its execve
 * @cpu_affinity: process.execCPUAffinity.initial, applied before anything else (EXEC)
 * @state_json: the container's state for createContainer hooks, @state_started for startContainer hooks; both have
 *	RINGWALL_INIT_PID_GAP for a pid, which init replaces by its own
 */
struct ringwall_init {
	uint32_t version, mode;
	struct ringwall_config config;
	struct ringwall_plan plan;
	struct ringwall_ns ns;
	uint64_t clone_flags, join_flags;
	int channel, start_fd, pidfd;
	bool stage, wait_go, new_userns, mapped, wait_hooks, in_userns, no_pivot, rootless, new_cgroup_ns, label_mounts, console, new_session, has_filter, confine;
	const char *cgroup, *cpu_affinity, *chroot;
	struct ringwall_filter filter, policy_filter;
	bool policy_filter_last;
	char *state_json, *state_started;
	size_t state_len, state_started_len;
	unsigned int preserve_fds; /* LISTEN_FDS included */
};

#ifdef RINGWALL_INIT_PROGRAM
/* Between the program's own files. */

/** ringwall_init_create() - everything up to the point where `start` is waited for. */
int ringwall_init_create(struct ringwall_init *in, struct ringwall_apply *a, struct ringwall_err *e);

/** ringwall_init_join() - EXEC: enter the container. */
int ringwall_init_join(struct ringwall_init *in, struct ringwall_apply *a, struct ringwall_err *e);

/**
 * ringwall_init_new_session() - a session keyring of its own, or the container would have the caller's keys.
 *
 * One without a name: joining by name would take the keyring of that name which another container has put there.
 */
int ringwall_init_new_session(const struct ringwall_init *in, struct ringwall_err *e);

/** ringwall_init_terminal() - pty from the container's devpts; the master goes to the runtime. */
int ringwall_init_terminal(struct ringwall_init *in, int dev_fd, int *ret_slave, struct ringwall_err *e);

/** ringwall_init_find() - the program's file: PATH look-up as execvp(3) does it. Errors carry the callers' literal texts. */
int ringwall_init_find(const struct ringwall_process *p, char *ret, size_t size, struct ringwall_err *e);

/** ringwall_init_hooks() - run the container's createContainer or startContainer hooks, from inside. */
int ringwall_init_hooks(struct ringwall_init *in, enum ringwall_hook_kind kind, struct ringwall_err *e);

/** ringwall_init_become() - attributes, credentials, filter, exec: returns only on failure. */
int ringwall_init_become(struct ringwall_init *in, struct ringwall_apply *a, const char *file, struct ringwall_err *e);

/**
 * ringwall_init_close_fds() - close all descriptors from @from on, but for the @n of @keep (negative ones are none).
 *
 * Close-on-exec comes too late where the container names a path: its working directory and its program are looked up
 * before, and "/proc/self/fd/N", also as a symlink of the image, leads through whatever is open (CVE-2024-21626).
 */
int ringwall_init_close_fds(unsigned int from, const int *keep, size_t n, struct ringwall_err *e);

/* The connection that is `start`, and what follows it, take numbers above those that are the container's. */
static inline unsigned int ringwall_init_files(const struct ringwall_init *in)
{
	return in->preserve_fds + 64;
}

/** ringwall_init_stage() - the intermediate process: enters, clones and exits; in its child it returns 1. */
int ringwall_init_stage(struct ringwall_init *in, struct ringwall_err *e);
#else
/* The program's bytes, in the runtime (init/blob.S). */
extern const char ringwall_init_program[], ringwall_init_program_end[];
#endif

#endif
