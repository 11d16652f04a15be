/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_PROCESS_ATTR_H
#define RINGWALL_PROCESS_ATTR_H

/*
 * What a process of a container is, apart from where it lives: credentials, limits, scheduling, labels.
 * Every function but one acts on the calling process, in the child, between clone and exec; order is the caller's
 * (init/main.c, init/become.c) business. All take the parsed process, touch nothing that it does not set, and make no
 * system call for what is unset.
 */

#include <sys/types.h>

#include "../oci/config.h"

/**
 * ringwall_rlimits_apply() - rlimits (prlimit64(2)). Raising without CAP_SYS_RESOURCE is an error that names the limit.
 * @files: what the process still needs to open: a lower soft RLIMIT_NOFILE is left to ringwall_rlimits_finish()
 */
int ringwall_rlimits_apply(const struct ringwall_process *p, unsigned int files, struct ringwall_err *e);
int ringwall_rlimits_finish(const struct ringwall_process *p, unsigned int files, struct ringwall_err *e);

/**
 * ringwall_rlimits_raise() - the hard limits of process @pid to what @p asks, where that is more; in the runtime.
 * In a user namespace nobody can: CAP_SYS_RESOURCE counts in the initial one alone.
 */
int ringwall_rlimits_raise(pid_t pid, const struct ringwall_process *p, struct ringwall_err *e);

/** ringwall_scheduler_apply() - sched_setattr(2), ioprio_set(2). */
int ringwall_scheduler_apply(const struct ringwall_process *p, struct ringwall_err *e);

/** ringwall_affinity_apply() - sched_setaffinity(2) from a cpu list "0-3,7"; NULL list: nothing. */
int ringwall_affinity_apply(const char *cpus, struct ringwall_err *e);

/** ringwall_memory_policy_apply() - set_mempolicy(2). */
int ringwall_memory_policy_apply(const struct ringwall_memory_policy *m, struct ringwall_err *e);

/** ringwall_oom_apply() - write oom_score_adj to /proc/self; must run before privileges go. */
int ringwall_oom_apply(const struct ringwall_process *p, struct ringwall_err *e);

/**
 * ringwall_bounding_drop() - drop what is not in process.capabilities.bounding. Before setuid.
 * One prctl per dropped capability (there is no other way), and one that finds the end. Absent capabilities are five
 * empty sets, as with runc and crun: call it whether or not p->caps.set (exec: put the container's own there first).
 */
int ringwall_bounding_drop(const struct ringwall_process *p, struct ringwall_err *e);

/**
 * ringwall_user_apply() - groups, gid, uid, umask, keeping capabilities over the change (PR_SET_KEEPCAPS only if uid changes).
 * @have_ids: real, effective and saved ids are those of @p already, for certain
 * Additional gids are skipped, as runc does, where setgroups is denied (rootless) and none were asked for.
 */
int ringwall_user_apply(const struct ringwall_process *p, bool have_ids, struct ringwall_err *e);

/**
 * ringwall_caps_apply() - effective, permitted, inheritable (capset(2)) and ambient sets. Last before exec.
 * One system call while permitted & inheritable is empty. Errors: -EPERM naming what the runtime does not have itself
 * (runc fails there too); ambient capabilities outside permitted & inheritable cannot exist and are left out.
 */
int ringwall_caps_apply(const struct ringwall_process *p, struct ringwall_err *e);

/**
 * ringwall_labels_apply() - write the AppArmor profile / SELinux label for the coming exec.
 * @proc_fd: a verified procfs root (the caller checked its magic), so that a fake /proc cannot swallow the write
 *           (CVE-2019-16884); opened with RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS where the path allows it
 * Errors: -EOPNOTSUPP naming process.apparmorProfile / process.selinuxLabel where the host has no such LSM.
 */
int ringwall_labels_apply(const struct ringwall_process *p, int proc_fd, struct ringwall_err *e);

/** ringwall_personality_apply() - personality(2), when config has one. */
int ringwall_personality_apply(const struct ringwall_config *c, struct ringwall_err *e);

#endif
