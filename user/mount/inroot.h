/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_MOUNT_INROOT_H
#define RINGWALL_MOUNT_INROOT_H

/*
 * Paths of the container's image. An image is hostile: every component may be a symlink and, while another container
 * shares the directory, may change between two looks. So nothing here is ever looked at by a host path: a name is
 * resolved once, by the kernel, inside the root (openat2 RESOLVE_IN_ROOT), and everything later happens on the fd.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../lib/cleanup.h"
#include "../lib/err.h"

/*
 * A descriptor that a step of the start has done with. All are close-on-exec, and exec closes them at once; so they
 * are closed one by one only where exec is not next (`create` waits), or when they grow many.
 */
extern int ringwall_spent_limit;

static inline void ringwall_fd_spent(int *fd)
{
	if (*fd >= ringwall_spent_limit)
		ringwall_fd_close(fd);
}

#define _cleanup_spent_ _cleanup_(ringwall_fd_spent)

/** ringwall_inroot_open() - openat2() of @path with @root_fd as its "/"; magic links refused. Return: fd or -errno. */
int ringwall_inroot_open(int root_fd, const char *path, int flags);

/** ringwall_inroot_open_plain() - the same, but any symlink on the way is -ELOOP: for /proc, /sys and /dev. */
int ringwall_inroot_open_plain(int root_fd, const char *path, int flags);

/**
 * ringwall_inroot_make() - O_PATH fd of @path, made with its parents (0755) where it is missing.
 * @mode: S_IFDIR | permissions, or S_IFREG | permissions for an empty file
 * @plain: no symlink on the way
 *
 * Return: fd or -errno; -ENOTDIR/-EISDIR are the caller's to notice at mount time.
 */
int ringwall_inroot_make(int root_fd, const char *path, mode_t mode, bool plain);

/**
 * ringwall_inroot_make_below() - O_PATH fd of the directory @name in the directory @dir, made (0755) where it is missing.
 * For a @dir of the runtime's own making, where it most likely is missing: no look before. Links are not followed.
 */
int ringwall_inroot_make_below(int dir, const char *name);

/**
 * ringwall_inroot_parent() - O_PATH fd of the directory that holds @path, made where it is missing.
 * @ret_name: points at the last component inside @path
 */
int ringwall_inroot_parent(int root_fd, const char *path, const char **ret_name);

/** struct ringwall_fd_path - "/proc/self/fd/N": an O_PATH fd as an argument for calls that only take names. */
struct ringwall_fd_path {
	char s[32];
};

struct ringwall_fd_path ringwall_fd_path(int fd);

#endif
