/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_SECCOMP_FILTER_H
#define RINGWALL_SECCOMP_FILTER_H

#include <linux/filter.h>

#include "../oci/config.h"

/**
 * struct ringwall_filter - a compiled seccomp filter, ready for seccomp(2).
 * @prog: instructions (owned)
 * @flags: SECCOMP_FILTER_FLAG_*, with NEW_LISTENER when an action notifies
 */
struct ringwall_filter {
	struct sock_fprog prog;
	unsigned int flags;
	bool notify;
};

/**
 * ringwall_filter_build() - linux.seccomp to a filter, from the cache when the same section was compiled before.
 * @c: the parsed config (c->seccomp.set)
 * @cache_dir: directory of compiled filters, made if missing (0700); NULL: no cache
 *
 * In the parent, before clone. A cache entry's name is a SHA-256 over the section's text, libseccomp's version and the
 * native architecture; an entry that is not a regular file of ours, or damaged, is ignored and replaced. A hit is five
 * system calls. Errors: -EOPNOTSUPP for an action that this kernel does not have, -E2BIG above 4096 instructions.
 */
int ringwall_filter_build(const struct ringwall_config *c, const char *cache_dir, struct ringwall_filter *ret,
			  struct ringwall_err *e);

/**
 * ringwall_filter_load() - install on the calling process.
 * @ret_listener: notification fd (close-on-exec) when @f->notify, else -1
 *
 * Errors: -EACCES without CAP_SYS_ADMIN or no_new_privs, -EINVAL for a flag that this kernel does not have.
 * From here on every system call of the caller is the profile's to refuse.
 */
int ringwall_filter_load(const struct ringwall_filter *f, int *ret_listener, struct ringwall_err *e);

/**
 * ringwall_filter_send_listener() - hand a notification fd to linux.seccomp.listenerPath.
 * @state_json: the container's OCI state; the message is the spec's ContainerProcessState with fds ["seccompFd"], pid, metadata
 */
int ringwall_filter_send_listener(const struct ringwall_config *c, int listener, pid_t pid, const char *state_json,
				  struct ringwall_err *e);

void ringwall_filter_free(struct ringwall_filter *f);

#endif
