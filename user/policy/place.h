/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_PLACE_H
#define RINGWALL_POLICY_PLACE_H

/*
 * Where a container's mounts lie. Programs name a file by the mount's root it is below (file system and inode number)
 * and the names from there; people want the path in the container.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../lib/arena.h"
#include "../lib/err.h"

/**
 * struct ringwall_place - one mount.
 * @device: as the kernel has it (20 bits of minor)
 * @inner: its root's path in the file system; NULL: not known
 * @path: in the container
 * @type: of the file system; NULL: not known
 */
struct ringwall_place {
	uint32_t device;
	uint64_t inode;
	const char *inner, *path, *type;
};

struct ringwall_places {
	struct ringwall_arena arena;
	struct ringwall_place *v;
	size_t n;
};

struct ringwall_mounts;

/** ringwall_places_of() - those of @m. Errors: -ENOMEM. */
int ringwall_places_of(const struct ringwall_mounts *m, struct ringwall_places *ret, struct ringwall_err *e);

/** ringwall_places_read() - those of process @pid, as ringwall_mounts_read() finds them. */
int ringwall_places_read(pid_t pid, struct ringwall_places *ret, struct ringwall_err *e);

/** ringwall_places_print(), ringwall_places_load() - as text, to be kept for when there is no process any more to ask. */
char *ringwall_places_print(const struct ringwall_places *p, size_t *ret_len);
int ringwall_places_load(const char *text, size_t len, struct ringwall_places *ret, struct ringwall_err *e);

/** ringwall_places_mounts() - as ringwall_anchor_make() takes them. Errors: -EINVAL they were not kept whole; -ENOMEM. */
int ringwall_places_mounts(const struct ringwall_places *p, struct ringwall_mounts *ret, struct ringwall_err *e);

/** ringwall_places_find() - the path of the mount whose root this is, or NULL. */
const char *ringwall_places_find(const struct ringwall_places *p, uint32_t device, uint64_t inode);

/**
 * ringwall_places_inside() - a path from the root of some file system, as processes of the container see it: one that
 * begins where a part of a file system is mounted begins at the mount point. Others stay as they are.
 */
void ringwall_places_inside(const struct ringwall_places *p, char *path, size_t size);

void ringwall_places_free(struct ringwall_places *p);

#endif
