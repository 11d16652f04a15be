/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_CONTAINER_H
#define RINGWALL_CONTAINER_H

/* What the verbs share about an existing container. */

#include "../cgroup/cgroup.h"
#include "../oci/config.h"
#include "../state/state.h"

/** ringwall_container_cgroup() - the cgroup that the record names. -ENOENT when it is gone. */
int ringwall_container_cgroup(const struct ringwall_state *s, struct ringwall_cgroup *ret, struct ringwall_err *e);

/**
 * ringwall_container_kill() - SIGKILL every process of the container and wait until they are dead.
 * Without a cgroup that is init, whose death takes the rest of its pid namespace along. A container without
 * processes is fine. Errors: -ETIMEDOUT after 10 seconds (a process in an uninterruptible wait).
 */
int ringwall_container_kill(const struct ringwall_state *s, struct ringwall_err *e);

/**
 * ringwall_container_destroy() - undo everything that create did: remaining processes, cgroup, policy, resctrl group,
 * then the poststop hooks, then the record. Init must be dead.
 * @s: locked, or it is locked here; gone meanwhile (deleted by somebody else) is success. Close it afterwards.
 * @c: the container's config if the caller has it, else NULL: read from the record when there may be hooks
 * @cg: its cgroup if the caller has it open, else NULL
 *
 * Every step may find its work done already, and the record goes last: what is killed or fails on the way is finished
 * by the next delete. Poststop hooks run at least once.
 */
int ringwall_container_destroy(const struct ringwall *rw, struct ringwall_state *s, const struct ringwall_config *c,
			       struct ringwall_cgroup *cg, struct ringwall_err *e);

/** ringwall_container_stats() - ringwall_stats() of a container that the caller has open. */
int ringwall_container_stats(const struct ringwall_state *s, struct ringwall_cgroup *cg, char **ret_json,
			     struct ringwall_err *e);

#endif
