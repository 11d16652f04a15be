/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_CGROUP_CGROUP_H
#define RINGWALL_CGROUP_CGROUP_H

/*
 * A container's cgroup (v2 only): made by writing cgroupfs or by asking systemd for a scope, then used the same
 * way by everybody: as a directory fd below the cgroup2 mount.
 */

#include <limits.h>

#include "../lib/json.h"
#include "../lib/runtime.h"
#include "../oci/config.h"

struct ringwall_cgroup {
	enum ringwall_cgroup_manager manager;
	char path[PATH_MAX]; /* below the cgroup2 mount: "/user.slice/x", "" when disabled */
	char scope[256];     /* systemd unit, "" without */
	int fd;		     /* the directory, -1 when disabled */
	bool rootless;
	bool fresh;	   /* systemd: the scope was started with the container's resources a moment ago */
	pid_t placeholder; /* systemd: keeps the scope alive until init is in it; 0 without */
};

/**
 * ringwall_cgroup_mount() - where cgroup2 is mounted.
 * /sys/fs/cgroup when that is cgroup2 (one statfs), else the first cgroup2 line of /proc/self/mountinfo (hybrid host).
 * Errors: -ENOENT "no cgroup2 mount …" with the fix.
 */
int ringwall_cgroup_mount(const char **ret_path, struct ringwall_err *e);

/**
 * ringwall_cgroup_locate() - where the container's cgroup will be: path and scope, nothing made, fd -1. The container's
 * record is written between this and ringwall_cgroup_create_at(), so that a runtime killed there leaves nothing nameless.
 * @c: cgroupsPath as runc has it: absolute, or relative to the parent of the caller's own cgroup; NULL: ID there.
 *     For systemd "slice:prefix:name"; NULL: ringwall-ID.scope in system.slice (rootless: user.slice)
 */
int ringwall_cgroup_locate(const struct ringwall *rw, const struct ringwall_config *c, const char *id,
			   struct ringwall_cgroup *ret, struct ringwall_err *e);

/**
 * ringwall_cgroup_create_at() - make the cgroup that was located, empty, with the controllers its resources need enabled
 * from the root down. No limits are set yet (ringwall_cgroup_apply()).
 * @userns_uid: host uid of the container's root when it has a user namespace and a writable cgroup mount (delegation:
 *              directory and the files of /sys/kernel/cgroup/delegate are chowned), else (uid_t)-1
 * Errors: -EEXIST when the cgroup exists and has processes or is frozen (as runc); controllers that are missing are
 * named only when asked for. Rootless without a writable cgroup, a cgroupsPath or limits: @cg is disabled, no error.
 * On failure @cg is disabled and its path and scope are "": nothing of it is left, and a cgroup that has its name is
 * another container's, not to be killed or removed.
 */
int ringwall_cgroup_create_at(const struct ringwall *rw, const struct ringwall_config *c, const char *id,
			      uid_t userns_uid, struct ringwall_cgroup *cg, struct ringwall_err *e);

/** ringwall_cgroup_placed() - init is in its cgroup now: let the systemd placeholder go. No-op otherwise. */
void ringwall_cgroup_placed(struct ringwall_cgroup *cg);

/** ringwall_cgroup_attach() - move @pid in, where CLONE_INTO_CGROUP was refused (rootless systemd). */
int ringwall_cgroup_attach(struct ringwall_cgroup *cg, pid_t pid, struct ringwall_err *e);

/**
 * ringwall_cgroup_open() - the cgroup of an existing container, from its state.
 * Errors: -ENOENT when it is gone. With a systemd scope @ret is filled even then, without fd, so that
 * ringwall_cgroup_remove() can take a failed unit away.
 */
int ringwall_cgroup_open(enum ringwall_cgroup_manager manager, const char *path, const char *scope, bool rootless,
			 struct ringwall_cgroup *ret, struct ringwall_err *e);

/**
 * ringwall_cgroup_apply() - write limits (create and update alike); absent ones are left alone.
 * cpu.shares → cpu.weight etc. by the spec's and runc's conversions; linux.resources.unified last. With systemd also
 * SetUnitProperties.
 * Errors name the config's field ("linux.resources.memory.limit: …") and the cgroup file; -EOPNOTSUPP for v1-only
 * things that cannot be (memory.kernel, swappiness, network.classID, rt): as runc: ignored where runc ignores.
 */
int ringwall_cgroup_apply(struct ringwall_cgroup *cg, const struct ringwall_resources *r, struct ringwall_err *e);

int ringwall_cgroup_freeze(struct ringwall_cgroup *cg, bool freeze, struct ringwall_err *e);
bool ringwall_cgroup_frozen(const struct ringwall_cgroup *cg);

/** ringwall_cgroup_kill() - SIGKILL everything in it and below: cgroup.kill, or a freeze-and-signal loop before 5.14. */
int ringwall_cgroup_kill(struct ringwall_cgroup *cg, struct ringwall_err *e);

/** ringwall_cgroup_signal() - @sig to every process in it and below. */
int ringwall_cgroup_signal(struct ringwall_cgroup *cg, int sig, struct ringwall_err *e);

/** ringwall_cgroup_pids() - host pids in it and below. */
int ringwall_cgroup_pids(struct ringwall_cgroup *cg, pid_t **ret, size_t *ret_n, struct ringwall_err *e);

/** ringwall_cgroup_wait_empty() - until no process is in it or below, at most @timeout_ms. 0 empty, -ETIMEDOUT. */
int ringwall_cgroup_wait_empty(struct ringwall_cgroup *cg, int timeout_ms);

/**
 * ringwall_cgroup_remove() - remove it and what is below (waiting while dying tasks linger); with systemd stop the
 * unit. Missing is fine. Errors: -EBUSY, naming the processes that are still in it after 10 s.
 */
int ringwall_cgroup_remove(struct ringwall_cgroup *cg, struct ringwall_err *e);

/** ringwall_cgroup_stats() - cpu, memory, pids, blkio, hugetlb, psi members of runc's events "data" object. */
int ringwall_cgroup_stats(struct ringwall_cgroup *cg, struct ringwall_json_out *o, struct ringwall_err *e);

/** ringwall_cgroup_oom_fd() - inotify fd on memory.events; ringwall_cgroup_oom_count() reads the oom_kill counter. */
int ringwall_cgroup_oom_fd(struct ringwall_cgroup *cg, int *ret_fd, struct ringwall_err *e);
int ringwall_cgroup_oom_count(struct ringwall_cgroup *cg, uint64_t *ret, struct ringwall_err *e);

void ringwall_cgroup_close(struct ringwall_cgroup *cg);

#endif
