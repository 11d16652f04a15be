/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_MOUNT_MOUNT_H
#define RINGWALL_MOUNT_MOUNT_H

/*
 * The steps of a plan that concern mounts. Each takes the step and what is known so far, runs in the cloned child
 * before the pivot, and leaves nothing behind but its mount.
 */

#include "../plan/plan.h"

typedef int ringwall_step(const struct ringwall_op *op, struct ringwall_apply *a, struct ringwall_err *e);

ringwall_step ringwall_mount_filesystem; /* RINGWALL_OP_MOUNT */
ringwall_step ringwall_mount_bind;	 /* RINGWALL_OP_BIND */
ringwall_step ringwall_mount_cgroup;	 /* RINGWALL_OP_CGROUP */
ringwall_step ringwall_mount_remount;	 /* RINGWALL_OP_REMOUNT */
ringwall_step ringwall_mount_seal;	 /* RINGWALL_OP_SEAL */

ringwall_step ringwall_device_make;    /* RINGWALL_OP_NODE */
ringwall_step ringwall_device_bind;    /* RINGWALL_OP_NODE where mknod is not allowed */
ringwall_step ringwall_device_symlink; /* RINGWALL_OP_SYMLINK */
ringwall_step ringwall_device_ptmx;    /* RINGWALL_OP_PTMX */

ringwall_step ringwall_root_propagation; /* RINGWALL_OP_PROPAGATION */
ringwall_step ringwall_root_enter;	 /* RINGWALL_OP_ROOT */
ringwall_step ringwall_root_pivot;	 /* RINGWALL_OP_PIVOT */
ringwall_step ringwall_root_readonly;	 /* RINGWALL_OP_READONLY_ROOT */

ringwall_step ringwall_path_mask;     /* RINGWALL_OP_MASK */
ringwall_step ringwall_path_readonly; /* RINGWALL_OP_READONLY */

/** ringwall_mount_tree() - open_tree(OPEN_TREE_CLONE) of @path below @dir; @recursive with what is mounted below. fd or -errno. */
int ringwall_mount_tree(int dir, const char *path, bool recursive);

/** ringwall_mount_tree_attr() - the same, recursive, all of it with attributes @set (mount_setattr(2)). */
int ringwall_mount_tree_attr(int dir, const char *path, uint64_t set);

/** ringwall_mount_attach() - move the detached tree @tree onto @target (both fds). */
int ringwall_mount_attach(int tree, int target);

/** ringwall_mount_setattr() - mount_setattr(2) on the tree behind @fd. */
int ringwall_mount_setattr(int fd, bool recursive, uint64_t set, uint64_t clear);

/** ringwall_mount_open_tree() - the source of bind step @op as a detached tree with its idmapping-independent attributes. fd or -errno. */
int ringwall_mount_open_tree(const struct ringwall_op *op, struct ringwall_err *e);

/**
 * ringwall_mount_idmap() - id-map the detached tree op->fd; recursively for "ridmap".
 * The runtime must have CAP_SYS_ADMIN over the tree's filesystem: before the clone, not in the container.
 */
int ringwall_mount_idmap(const struct ringwall_op *op, const struct ringwall_idmaps *uids,
			 const struct ringwall_idmaps *gids, struct ringwall_err *e);

/**
 * ringwall_mount_proc_check() - may mount step @op go where its path says? On /proc only a procfs, below it only what runc
 * lets LXCFS put there: a container with another /proc believes what that says about it (CVE-2019-16884). On / nothing.
 * @tree: of a bind mount, what is going to be attached; -1
 *
 * Before anything is opened or made; what links or ".." may lead to /proc, ringwall_mount_proc_check_place() asks of @target,
 * the open mountpoint.
 */
int ringwall_mount_proc_check(const struct ringwall_op *op, int tree, struct ringwall_err *e);
int ringwall_mount_proc_check_place(const struct ringwall_op *op, const struct ringwall_apply *a, int target, int tree,
				    bool linked, struct ringwall_err *e);

/**
 * ringwall_mount_copyup() - a tmpfs over @target that starts with what the image has there ("tmpcopyup").
 * @data: the tmpfs's own options
 */
int ringwall_mount_copyup(const struct ringwall_op *op, int target, struct ringwall_err *e);

/**
 * ringwall_device_dir() - O_PATH fd of the container's /dev, which is made where it is missing; kept in @a.
 * Errors: -ELOOP where it is a link.
 */
int ringwall_device_dir(struct ringwall_apply *a, struct ringwall_err *e);

/** ringwall_mount_null_fd() - O_PATH fd of the host's /dev/null, which is checked to be one (CVE-2025-31133). fd or -errno. */
int ringwall_mount_null_fd(struct ringwall_apply *a);

/** ringwall_console_bind() - bind pty @slave over the container's /dev/console by fd (CVE-2025-52565). */
int ringwall_console_bind(struct ringwall_apply *a, int slave, struct ringwall_err *e);

#endif
