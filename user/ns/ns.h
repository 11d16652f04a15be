/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_NS_NS_H
#define RINGWALL_NS_NS_H

/*
 * The container's namespaces. New ones come from clone3 itself; existing ones are opened by the runtime, before
 * anything changes, and entered by the process that becomes the container, or by a stage before it.
 */

#include "../oci/config.h"

/**
 * struct ringwall_ns - namespaces by path and what the parent must undo.
 * @fds: of namespaces given by path, -1 others
 * @own_time: the parent's own time namespace, to come back to, -1: not left
 */
struct ringwall_ns {
	int fds[RINGWALL_NS_COUNT];
	int own_time;
};

/** ringwall_ns_open() - open the namespaces by path and check their kinds (NS_GET_NSTYPE). Errors name linux.namespaces[].path. */
int ringwall_ns_open(const struct ringwall_config *c, struct ringwall_ns *ret, struct ringwall_err *e);

/** ringwall_ns_clone_flags() - CLONE_NEW* for clone3: everything new but cgroup and time, which clone3 would make too early. */
uint64_t ringwall_ns_clone_flags(const struct ringwall_config *c);

/**
 * ringwall_ns_stage() - is an intermediate process needed? For a pid namespace to join, which only children enter (and
 * no process that still runs the host's binary should), and for a user namespace together with others to join.
 */
bool ringwall_ns_stage(const struct ringwall_config *c);

/** ringwall_ns_leave() - in the parent before clone: children go to the new time namespace, whose offsets are set now. */
int ringwall_ns_leave(const struct ringwall_config *c, struct ringwall_ns *ns, struct ringwall_err *e);

/** ringwall_ns_return() - in the parent after clone: its later children are its own again. */
int ringwall_ns_return(struct ringwall_ns *ns, struct ringwall_err *e);

/**
 * ringwall_ns_join() - setns to the namespaces by path; a user namespace comes between the others: those that its
 * root may not enter are joined before, the rest after.
 */
int ringwall_ns_join(const struct ringwall_ns *ns, struct ringwall_err *e);

/** ringwall_ns_become_root() - uid and gid 0 of the user namespace just entered. */
int ringwall_ns_become_root(struct ringwall_err *e);

/** ringwall_ns_close() - all fds. */
void ringwall_ns_close(struct ringwall_ns *ns);

/**
 * ringwall_userns_map() - write the id mappings of @pid's new user namespace.
 * Directly with privilege (or for one's own id alone), else by newuidmap and newgidmap.
 * @setgroups: may the container call setgroups? "deny" is written where the kernel demands it
 */
int ringwall_userns_map(pid_t pid, const struct ringwall_idmaps *uids, const struct ringwall_idmaps *gids,
			struct ringwall_err *e);

/** ringwall_userns_open() - a user namespace with these mappings and nobody in it, for idmapped mounts. fd or -errno. */
int ringwall_userns_open(const struct ringwall_idmaps *uids, const struct ringwall_idmaps *gids, struct ringwall_err *e);

/** ringwall_idmaps_host() - host id of @container_id, or -EINVAL. */
int64_t ringwall_idmaps_host(const struct ringwall_idmaps *maps, uint32_t container_id);

#endif
