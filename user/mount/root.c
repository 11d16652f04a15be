// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "inroot.h"
#include "mount.h"

#ifndef MNT_DETACH
#define MNT_DETACH 2
#endif

static int change_propagation(const char *path, unsigned long flags)
{
	return syscall(SYS_mount, NULL, path, NULL, flags, NULL) < 0 ? -errno : 0;
}

/* Mounts of the container stay in it, and by default the host's come in: nothing goes out. */
int ringwall_root_propagation(const struct ringwall_op *op, struct ringwall_apply *a, struct ringwall_err *e)
{
	int r = change_propagation("/", op->flags.set);

	(void)a;
	return r < 0 ? ringwall_fail(e, r, "linux.rootfsPropagation: change propagation of '/'") : 0;
}

/* A setting that leaves mounts in the host's peer groups: "shared", and what is not recursive, for only "/" changed. */
static bool leaves_shared(unsigned long propagation)
{
	return propagation && (!(propagation & MS_REC) || propagation & MS_SHARED);
}

/*
 * pivot_root(2) refuses a new root whose parent mount is shared, and what was mounted in a clone of it would appear on
 * the host: make that mount @how (private or slave), wherever it is.
 */
static int parent_cut(const char *path, unsigned long how)
{
	struct ringwall_fd_path p;
	_cleanup_spent_ int fd = -1;
	int r;

	r = change_propagation(path, how);
	if (r != -EINVAL)
		return r;
	fd = open(path, O_PATH | O_CLOEXEC | O_DIRECTORY);
	while (fd >= 0) {
		int up;

		p = ringwall_fd_path(fd);
		r = change_propagation(p.s, how);
		if (r != -EINVAL)
			return r;
		up = openat(fd, "..", O_PATH | O_CLOEXEC | O_DIRECTORY);
		ringwall_fd_close(&fd);
		fd = up;
	}
	return -errno;
}

/*
 * The root bound onto itself, so that it is a mount; its fd is the container's "/" from here on. The tree is
 * cloned with what is mounted below it (a caller's volumes), as runc's rbind does.
 */
int ringwall_root_enter(const struct ringwall_op *op, struct ringwall_apply *a, struct ringwall_err *e)
{
	_cleanup_spent_ int tree = -1;
	int r;

	if (leaves_shared(a->c->rootfs_propagation)) {
		r = parent_cut(op->path, a->c->rootfs_propagation & MS_SLAVE ? MS_SLAVE : MS_PRIVATE);
		if (r < 0)
			return ringwall_fail(e, r, "root.path '%s': cut its parent mount off from the host's", op->path);
	}
	tree = ringwall_mount_tree(AT_FDCWD, op->path, true);
	if (tree < 0)
		return ringwall_fail(e, tree, "root.path '%s'", op->path);
	if (syscall(SYS_move_mount, tree, "", AT_FDCWD, op->path, MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS) < 0)
		return ringwall_fail(e, -errno, "root.path '%s': mount", op->path);
	a->root_fd = TAKE_FD(tree);
	return 0;
}

/* MS_MOVE and chroot, for a root on initramfs (`--no-pivot`): the host's mounts stay reachable to who has CAP_SYS_ADMIN. */
static int root_move(struct ringwall_apply *a)
{
	if (fchdir(a->root_fd) < 0)
		return -errno;
	if (syscall(SYS_mount, ".", "/", NULL, MS_MOVE, NULL) < 0)
		return -errno;
	return chroot(".") < 0 ? -errno : 0;
}

/*
 * The new root, and the old one gone. What of the old tree is shared with the host would take the host's mounts along
 * when it is unmounted, so it becomes a slave first; by its own fd, for "." is the new root.
 */
static int root_switch(struct ringwall_apply *a)
{
	struct mount_attr attr = { .propagation = MS_SLAVE };
	_cleanup_spent_ int old = -1;

	if (leaves_shared(a->c->rootfs_propagation)) {
		old = openat(AT_FDCWD, "/", O_PATH | O_CLOEXEC | O_DIRECTORY);
		if (old < 0)
			return -errno;
	}
	/* pivot_root(2) NOTES: with both arguments "." the old root ends up on top of the new one, and goes. */
	if (fchdir(a->root_fd) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		return -errno;
	if (old >= 0 && syscall(SYS_mount_setattr, old, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0)
		return -errno;
	return syscall(SYS_umount2, ".", MNT_DETACH) < 0 ? -errno : 0;
}

int ringwall_root_pivot(const struct ringwall_op *op, struct ringwall_apply *a, struct ringwall_err *e)
{
	int r;

	if (!a->c->ns[RINGWALL_NS_MOUNT].set) {
		if (chroot(op->path) < 0 || chdir("/") < 0)
			return ringwall_fail(e, -errno, "chroot '%s'", op->path);
		return 0;
	}
	r = a->no_pivot ? root_move(a) : root_switch(a);
	if (r < 0)
		return ringwall_fail(e, r, "%s '%s'", a->no_pivot ? "move root" : "pivot_root", op->path);
	if (a->c->rootfs_propagation) {
		r = change_propagation("/", a->c->rootfs_propagation & ~(unsigned long)MS_REC);
		if (r < 0)
			return ringwall_fail(e, r, "linux.rootfsPropagation");
	}
	return 0;
}

/* The working directory that the image lacks is made while that can be done; if it cannot, entering it will say why. */
static void make_cwd(const struct ringwall_apply *a)
{
	const char *cwd = a->c->process.cwd;
	_cleanup_spent_ int fd = -1;

	if (cwd && strcmp(cwd, "/"))
		fd = ringwall_inroot_make(a->root_fd, cwd, S_IFDIR | 0755, false);
}

int ringwall_root_readonly(const struct ringwall_op *op, struct ringwall_apply *a, struct ringwall_err *e)
{
	int r;

	(void)op;
	make_cwd(a);
	/* The mount that ringwall_root_enter() made; there is no such step without a mount namespace. */
	r = ringwall_mount_setattr(a->root_fd, false, MOUNT_ATTR_RDONLY, 0);
	return r < 0 ? ringwall_fail(e, r, "root.readonly") : 0;
}

/* What is not there needs no protection; a kernel without the feature has no such file. */
static int path_open(const struct ringwall_op *op, const struct ringwall_apply *a)
{
	int fd = ringwall_inroot_open(a->root_fd, op->path, O_PATH);

	return fd == -ENOTDIR ? -ENOENT : fd;
}

int ringwall_path_readonly(const struct ringwall_op *op, struct ringwall_apply *a, struct ringwall_err *e)
{
	_cleanup_spent_ int target = path_open(op, a), tree = -1;
	int r;

	if (target == -ENOENT)
		return 0;
	if (target < 0)
		return ringwall_fail(e, target, "open");
	/* Recursive: a writable mount below a read-only path would be a hole in it. */
	tree = ringwall_mount_tree_attr(target, "", MOUNT_ATTR_RDONLY);
	r = tree < 0 ? tree : ringwall_mount_attach(tree, target);
	return r < 0 ? ringwall_fail(e, r, "read-only mount") : 0;
}

int ringwall_path_mask(const struct ringwall_op *op, struct ringwall_apply *a, struct ringwall_err *e)
{
	_cleanup_spent_ int target = path_open(op, a);
	struct ringwall_fd_path name;
	struct stat st;
	int null;

	if (target == -ENOENT)
		return 0;
	if (target < 0)
		return ringwall_fail(e, target, "open");
	null = ringwall_mount_null_fd(a);
	if (null < 0)
		return ringwall_fail(e, null, "/dev/null of the host");
	name = ringwall_fd_path(target);
	/* Asked beforehand: a mount that the kernel refuses halfway costs it a grace period of RCU, 0.1 ms. */
	if (fstat(target, &st) < 0)
		return ringwall_fail(e, -errno, "stat");
	if (!S_ISDIR(st.st_mode)) {
		if (syscall(SYS_mount, ringwall_fd_path(null).s, name.s, NULL, MS_BIND, NULL) < 0)
			return ringwall_fail(e, -errno, "cover with /dev/null");
		return 0;
	}
	/* An empty read-only tmpfs hides a directory. */
	if (syscall(SYS_mount, "tmpfs", name.s, "tmpfs", MS_RDONLY,
		    a->label_mounts ? NULL : "nr_blocks=1,nr_inodes=1") < 0)
		return ringwall_fail(e, -errno, "cover with tmpfs");
	return 0;
}
