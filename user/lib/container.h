/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_CONTAINER_H
#define RINGWALL_CONTAINER_H

/* What the verbs share about an existing container. */

#include "../cgroup/cgroup.h"
#include "../oci/config.h"
#include "../policy/model.h"
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
 * ringwall_container_name() - what its caller calls it: Docker's and Podman's names, NAMESPACE/POD/CONTAINER in Kubernetes,
 * nerdctl's. Podman's only while it runs. To be freed; NULL: nothing but its ID is known.
 */
char *ringwall_container_name(const struct ringwall_state *s);

/** ringwall_container_is_called() - is @name that, or in Kubernetes its last part alone? */
bool ringwall_container_is_called(const struct ringwall_state *s, const char *name);

/**
 * ringwall_each_root() - @cb with a runtime for each root where callers keep containers; @rw's own, which comes first, among
 * them. What this user may not read is left out.
 * Return: what @cb returned, which ends it when it is not 0; -ENOMEM.
 */
int ringwall_each_root(struct ringwall *rw, int (*cb)(void *data, struct ringwall *rw), void *data);

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

/*
 * The policies that a container has or had: ROOT/ID/policy-POLICYID.json, in the form that keeps each rule's origin
 * (ringwall_model_print()), written before the kernel is told; earlier ones stay, as denials still name them. What has no
 * file is the built-in profile that the record names.
 */

/** ringwall_container_policy_save() - keep @m as what @policy_id means. */
int ringwall_container_policy_save(const struct ringwall_state *s, uint32_t policy_id, const struct ringwall_model *m,
				   struct ringwall_err *e);

/** ringwall_container_policy_load() - what @policy_id means. -ENOENT: it has no policy but what config.json says. */
int ringwall_container_policy_load(const struct ringwall_state *s, uint32_t policy_id, struct ringwall_model *ret,
				   struct ringwall_err *e);

/**
 * ringwall_container_policy_devices() - another device list (config.json's) under the policy that the container has.
 * @json: @r's text, kept for the next change of policy
 */
int ringwall_container_policy_devices(const struct ringwall_state *s, int cgroup_fd, const struct ringwall_resources *r,
				      const char *json, size_t len, struct ringwall_err *e);

/**
 * ringwall_container_policy_switch() - give a running container another policy.
 * @s: locked, so that what the new policy was made from is still the old one
 * @text: the document, NULL: @name is a file or a built-in profile
 * Errors: those of ringwall_model_parse() and ringwall_policy_change(); -ESRCH it does not run.
 */
int ringwall_container_policy_switch(struct ringwall *rw, const struct ringwall_state *s, const char *text, size_t len,
				     const char *name, struct ringwall_err *e);

/**
 * ringwall_container_resources() - linux.resources as config.json, or the last update with a device list, has it.
 * @c: empty; ringwall_config_free() it whatever the result
 */
int ringwall_container_resources(const struct ringwall_state *s, struct ringwall_config *c, struct ringwall_err *e);

/** ringwall_container_resources_in() - as the last such update has it, in a directory. -ENOENT: there was none. */
int ringwall_container_resources_in(int dir, struct ringwall_config *c, struct ringwall_err *e);

/** ringwall_container_resources_copy() - from one directory to another; where there is none, one in @to is removed. */
int ringwall_container_resources_copy(int from, int to, struct ringwall_err *e);

/** ringwall_container_tell_load() - to the log, for debugging: libbpf's words, where a class was not loaded. */
void ringwall_container_tell_load(const struct ringwall *rw);

/** ringwall_container_check_abi() - is it this ringwall's programs that confine the container? -EOPNOTSUPP. */
int ringwall_container_check_abi(const struct ringwall_state *s, struct ringwall_err *e);

/** ringwall_container_explain() - add to an error of an execve which rule refused it, where one did. */
void ringwall_container_explain(const struct ringwall_state *s, pid_t pid, struct ringwall_err *e);

/** ringwall_container_stats() - ringwall_stats() of a container that the caller has open. */
int ringwall_container_stats(const struct ringwall_state *s, struct ringwall_cgroup *cg, char **ret_json,
			     struct ringwall_err *e);

#endif
