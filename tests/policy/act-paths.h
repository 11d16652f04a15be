/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_TESTS_ACT_PATHS_H
#define RINGWALL_TESTS_ACT_PATHS_H

/* What act-files.c and act-programs.c share. D=…: the directory that the rules speak of, M=…: an empty one to mount on. */

#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "act.h"

/* "D/…": one of a few buffers, so that a call may take two. */
static inline const char *in(const char *fmt, ...)
{
	static char buf[8][4096];
	static int i;
	char *at = buf[i++ % 8];
	va_list args;
	int n = snprintf(at, 4096, "%s/", getenv("D"));

	va_start(args, fmt);
	vsnprintf(at + n, 4096 - (size_t)n, fmt, args);
	va_end(args);
	return at;
}

static inline const char *mnt(void)
{
	return getenv("M");
}

static inline int opens(const char *path, int flags)
{
	return open(path, flags | O_CLOEXEC, 0644);
}

static inline void private(int flags)
{
	NEEDED(unshare(CLONE_NEWNS | flags));
	NEEDED(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
}

static inline const char *at(const char *dir, const char *name)
{
	static char path[4200];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

#define ACT(name)                                                                                                      \
	{                                                                                                              \
#name, act_##name                                                                                      \
	}

#endif
