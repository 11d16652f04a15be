/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_ANCHOR_H
#define RINGWALL_POLICY_ANCHOR_H

/*
 * Anchors: the roots of a container's mounts, where the names that rules about paths are made of begin (bpf/abi.h).
 * They are found when the container's mounts are made and its program has not begun, and again for each new policy.
 */

#include <sys/types.h>

#include "draft.h"

/**
 * struct ringwall_mounted - one mount of a container that can be reached.
 * @device, @inode: of its root, as the kernel has them (super_block.s_dev, inode.i_ino)
 * @inner: its root's path in the file system; @point: where it is mounted, in the container
 * @type: the file system's
 */
struct ringwall_mounted {
	uint32_t device;
	uint64_t inode;
	char *inner, *point, *type;
};

struct ringwall_mounts {
	struct ringwall_mounted *list;
	size_t n;
};

/**
 * ringwall_mounts_read() - the mounts of process @pid that can be reached from its root, but those that only hide
 * something (/dev/null over a file).
 * @pid: must not end meanwhile, as a container's init does not that waits for its runtime
 * Errors: those of open(2) on /proc/PID; -ENOMEM.
 */
int ringwall_mounts_read(pid_t pid, struct ringwall_mounts *ret, struct ringwall_err *e);

void ringwall_mounts_free(struct ringwall_mounts *m);

/**
 * struct ringwall_anchors - entries for the map `anchors`, their policy and slot not filled in.
 * @bloom: for container.anchor_bloom
 */
struct ringwall_anchors {
	struct ringwall_anchor_key *keys;
	struct ringwall_path *values;
	uint32_t n;
	uint64_t bloom;
};

/**
 * ringwall_anchor_make() - what policy @d says about mounts. Pure.
 *
 * What has several names, as it is mounted twice, or a part of it once more, is refused what a rule refuses it under
 * any name, and what the default refuses only if no name is said otherwise. Errors: -EOPNOTSUPP the rules know
 * different names below two names of one directory; -ENOMEM.
 */
int ringwall_anchor_make(const struct ringwall_mounts *m, const struct ringwall_draft *d, struct ringwall_anchors *ret,
			 struct ringwall_err *e);

/** ringwall_anchor_write() - to the map, under these ids. Wants the lock. Errors: -ENOSPC. */
int ringwall_anchor_write(struct ringwall_anchors *a, uint32_t slot, uint32_t policy_id, struct ringwall_err *e);

/** ringwall_anchor_release() - delete all that slot @slot has, as far as that is possible. Wants the lock. */
void ringwall_anchor_release(uint32_t slot);

void ringwall_anchors_free(struct ringwall_anchors *a);

#endif
