/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_SELECT_H
#define RINGWALL_POLICY_SELECT_H

/*
 * Which policy a container gets. The first of these that says something decides:
 *
 *   1. --policy FILE|NAME. Whoever calls the runtime is trusted: any file. A NAME has no slash and does not end in ".json".
 *   2. the annotation org.ringwall.policy: a NAME, or the absolute path of a file below /etc/ringwall. Annotations come
 *      from those who order containers, such as the author of a pod, and may not make the runtime read other files of
 *      the host.
 *   3. of the files /etc/ringwall/policy.d/NAME.json, by their names, the first whose "match" fits the container
 *   4. /etc/ringwall/default, a link to a file or to the name of a built-in profile, or a file; or
 *      /etc/ringwall/default.json
 *   5. the default profile: baseline; privileged where config.json leaves CAP_SYS_ADMIN in the bounding set, so that
 *      `docker run --privileged` does what it does elsewhere
 *
 * A NAME is a built-in profile, or else /etc/ringwall/policy.d/NAME.json. What lies below /etc/ringwall counts only
 * where it belongs to root and nobody else can write to it.
 */

#include <limits.h>

#include "model.h"

#define RINGWALL_POLICY_DIR "/etc/ringwall"
#define RINGWALL_POLICY_ANNOTATION "org.ringwall.policy"

/**
 * struct ringwall_policy_source - where policies of the host are, for tests. No environment variable: the runtime has
 * privileges that its environment's author may lack.
 * @dir: instead of RINGWALL_POLICY_DIR; absolute
 * @owner: whose files count
 */
struct ringwall_policy_source {
	const char *dir;
	uid_t owner;
};

/**
 * ringwall_policy_select() - find and parse the policy for a container.
 * @option: --policy, or NULL
 * @ret: ringwall_model_free() it. @ret->strict: not the default profile, but what somebody chose.
 *
 * Costs one system call where there is no /etc/ringwall.
 * Errors: -ENOENT there is no such policy; -EPERM annotation or owner; those of ringwall_model_parse() and of opening
 * files. A file of policy.d that cannot be read is an error also for containers it may not be meant for: nobody can tell.
 */
int ringwall_policy_select(const struct ringwall_config *c, const char *option, struct ringwall_model *ret,
			   struct ringwall_err *e);

/** ringwall_policy_select_from() - the same with other places. */
int ringwall_policy_select_from(const struct ringwall_policy_source *source, const struct ringwall_config *c,
				const char *option, struct ringwall_model *ret, struct ringwall_err *e);

/**
 * ringwall_policy_place() - where the policy is that --policy would take for @option: a file, or a profile's name.
 * @buffer: for the path; what is returned may point there
 */
const char *ringwall_policy_place(const char *option, char buffer[PATH_MAX]);

#endif
