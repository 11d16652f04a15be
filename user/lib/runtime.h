/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_RUNTIME_H
#define RINGWALL_RUNTIME_H

/* What the library's own files share about a runtime instance; opaque to its users. */

#include "ringwall.h"

struct ringwall {
	char *root; /* state directory, absolute */
	enum ringwall_cgroup_manager cgroup_manager;
	bool rootless; /* no CAP_SYS_ADMIN in the initial user namespace, or told so */
	void (*log)(void *log_data, enum ringwall_log_level level, const char *text);
	void *log_data;
	const char *criu;
};

/**
 * ringwall_options_copy() - a caller's option struct, which begins with its size: one built against another version may
 * be shorter or longer, and what it lacks keeps its default.
 * @ret: @size bytes, with the defaults in them
 * Errors: -EINVAL when the caller's size is not set.
 */
int ringwall_options_copy(void *ret, size_t size, const void *options, struct ringwall_err *e);

/** ringwall_log() - one line to the instance's log callback, if it has one. */
void ringwall_log(const struct ringwall *rw, enum ringwall_log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
