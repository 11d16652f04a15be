// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "inroot.h"

#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467
#endif

/* Per-mount flags: what a bind mount can have of its own. */
#define MOUNT_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME | MS_RELATIME | \
		     MS_STRICTATIME | 256 /* MS_NOSYMFOLLOW */)

/* Not through libc: sys/mount.h and linux/mount.h exclude each other on Debian 12. */
static int sys_mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data)
{
	return syscall(SYS_mount, source, target, type, flags, data) < 0 ? -errno : 0;
}

int ringwall_mount_tree(int dir, const char *path, bool recursive)
{
	unsigned int flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0) |
			     (*path ? 0 : AT_EMPTY_PATH);
	int fd = (int)syscall(SYS_open_tree, dir, path, flags);

	return fd < 0 ? -errno : fd;
}

int ringwall_mount_attach(int tree, int target)
{
	return syscall(SYS_move_mount, tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0 ?
		       -errno : 0;
}

int ringwall_mount_setattr(int fd, bool recursive, uint64_t set, uint64_t clear)
{
	struct mount_attr attr = { .attr_set = set, .attr_clr = clear };

	/* The access-time modes are values of one field: to set one, the field is cleared first. */
	if (set & MOUNT_ATTR__ATIME)
		attr.attr_clr |= MOUNT_ATTR__ATIME;
	return syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr,
		       sizeof(attr)) < 0 ? -errno : 0;
}

int ringwall_mount_tree_attr(int dir, const char *path, uint64_t set)
{
	unsigned int flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | (*path ? 0 : AT_EMPTY_PATH);
	struct mount_attr attr = { .attr_set = set, .attr_clr = set & MOUNT_ATTR__ATIME ? MOUNT_ATTR__ATIME : 0 };
	static bool refused;
	int fd, r;

	/* Linux 6.15. Whatever the reason why not: an older kernel, or a filter around us that does not know it. */
	fd = refused ? -1 : (int)syscall(SYS_open_tree_attr, dir, path, flags, &attr, sizeof(attr));
	if (fd >= 0)
		return fd;
	refused = true;
	fd = ringwall_mount_tree(dir, path, true);
	if (fd < 0)
		return fd;
	r = ringwall_mount_setattr(fd, true, set, 0);
	if (r < 0)
		ringwall_fd_close(&fd);
	return r < 0 ? r : fd;
}

static int set_propagation(int fd, const struct ringwall_mount_flags *f)
{
	unsigned int i;

	for (i = 0; i < f->n_propagation; i++) {
		struct mount_attr attr = { .propagation = f->propagation[i] & ~(unsigned long)MS_REC };

		if (syscall(SYS_mount_setattr, fd, "",
			    AT_EMPTY_PATH | (f->propagation[i] & MS_REC ? AT_RECURSIVE : 0), &attr, sizeof(attr)) < 0)
			return -errno;
	}
	return 0;
}

/* Attributes of a mount: its own flags, then those for the whole tree, then propagation. */
static int set_attributes(int fd, const struct ringwall_mount_flags *f, bool own)
{
	uint64_t set = ringwall_mount_attr(f->set), clear = ringwall_mount_attr(f->cleared);
	int r = 0;

	if (f->cleared & (MS_NOATIME | MS_STRICTATIME))
		clear |= MOUNT_ATTR__ATIME;
	if (f->set & MS_RELATIME)
		clear |= MOUNT_ATTR__ATIME;
	if (own && (set || clear))
		r = ringwall_mount_setattr(fd, false, set, clear);
	if (!r && (f->rec_set || f->rec_clear))
		r = ringwall_mount_setattr(fd, true, f->rec_set, f->rec_clear);
	if (!r)
		r = set_propagation(fd, f);
	return r;
}

int ringwall_mount_null_fd(struct ringwall_apply *a)
{
	struct stat st;

	if (a->null_fd >= 0)
		return a->null_fd;
	a->null_fd = openat(AT_FDCWD, "/dev/null", O_PATH | O_CLOEXEC | O_NOFOLLOW);
	if (a->null_fd < 0)
		return -errno;
	if (fstat(a->null_fd, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != 0x103) {
		ringwall_fd_close(&a->null_fd);
		return -ENODEV;
	}
	return a->null_fd;
}

static bool is_plain_target(const char *type)
{
	return !strcmp(type, "proc") || !strcmp(type, "sysfs");
}

/* "context=" for filesystems that take an SELinux label at mount time. */
static const char *labelled_data(const struct ringwall_op *op, const struct ringwall_apply *a, char *buf, size_t size)
{
	if (!a->label_mounts || strstr(op->flags.data, "context=") || is_plain_target(op->type))
		return op->flags.data;
	snprintf(buf, size, "%s%scontext=\"%s\"", op->flags.data, *op->flags.data ? "," : "", a->c->mount_label);
	return buf;
}

/*
 * Mounting on @path may cover /dev, by whatever name and links: then its fd is not the container's /dev any more. A
 * @plain path has no links.
 */
static void dev_forget(struct ringwall_apply *a, const char *path, bool plain)
{
	const char *name = path + strspn(path, "/");

	if (plain && *name && strncmp(name, "dev", 3) && !strstr(path, "/."))
		return;
	ringwall_fd_spent(&a->dev_fd);
	a->dev_fd = -1;
	a->dev_is_ours = false;
}

/* The NAME of /dev/NAME, where /dev is ours: then no link can be there, and most likely nothing is. */
static const char *name_below_dev(const struct ringwall_op *op, const struct ringwall_apply *a)
{
	const char *name;

	if (!a->dev_is_ours || strncmp(op->path, "/dev/", 5))
		return NULL;
	name = op->path + 5;
	return *name && *name != '.' && !strchr(name, '/') ? name : NULL;
}

/* Hardly a mountpoint has a link on its way: so first without any, and what is known of /dev stays known. */
static int mountpoint_open(const struct ringwall_op *op, struct ringwall_apply *a, bool *ret_linked)
{
	int fd = ringwall_inroot_open_plain(a->root_fd, op->path, O_PATH);

	*ret_linked = fd == -ELOOP;
	dev_forget(a, op->path, fd != -ELOOP);
	return fd == -ELOOP ? ringwall_inroot_open(a->root_fd, op->path, O_PATH) : fd;
}

static int mountpoint_make(const struct ringwall_op *op, struct ringwall_apply *a, mode_t mode, bool links,
			   bool *ret_linked)
{
	int fd = ringwall_inroot_make(a->root_fd, op->path, mode, true);

	*ret_linked = fd == -ELOOP;
	dev_forget(a, op->path, fd != -ELOOP);
	return fd == -ELOOP && links ? ringwall_inroot_make(a->root_fd, op->path, mode, false) : fd;
}

/* The mountpoint itself: proc and sysfs go only where the image has a real directory, not a link (CVE-2019-19921 …). */
static int target_open(const struct ringwall_op *op, struct ringwall_apply *a, struct ringwall_err *e)
{
	const char *below = name_below_dev(op, a);
	bool plain = op->type && is_plain_target(op->type), linked;
	int fd = -1, r;

	if (below && ringwall_device_dir(a, NULL) >= 0)
		fd = ringwall_inroot_make_below(a->dev_fd, below);
	if (fd >= 0)
		return fd;
	r = ringwall_mount_proc_check(op, -1, e);
	if (r < 0)
		return r;
	fd = mountpoint_make(op, a, S_IFDIR | 0755, !plain, &linked);
	if (fd == -ELOOP && plain)
		return ringwall_fail_plain(e, fd, "a %s filesystem must be mounted on a directory, not on a symlink",
					   op->type);
	if (fd < 0)
		return ringwall_fail(e, fd, "mountpoint");
	r = ringwall_mount_proc_check_place(op, a, fd, -1, linked, e);
	if (r < 0)
		ringwall_fd_close(&fd);
	return r < 0 ? r : fd;
}

/* Attributes that mount(2) cannot set go onto the mount that now covers @path. */
static int filesystem_finish(const struct ringwall_op *op, const struct ringwall_apply *a, struct ringwall_err *e)
{
	const struct ringwall_mount_flags *f = &op->flags;
	_cleanup_spent_ int fd = -1;
	int r;

	if (!f->rec_set && !f->rec_clear && !f->n_propagation)
		return 0;
	fd = ringwall_inroot_open(a->root_fd, op->path, O_PATH);
	if (fd < 0)
		return ringwall_fail(e, fd, "mount attributes");
	r = set_attributes(fd, f, false);
	return r < 0 ? ringwall_fail(e, r, "mount attributes") : 0;
}

int ringwall_mount_filesystem(const struct ringwall_op *op, struct ringwall_apply *a, struct ringwall_err *e)
{
	_cleanup_spent_ int target = target_open(op, a, e);
	char data[4096 + 256];
	int r;

	if (target < 0)
		return target;
	if (op->flags.other & RINGWALL_MOUNT_TMPCOPYUP && !strcmp(op->type, "tmpfs"))
		return ringwall_mount_copyup(op, target, e);
	/*
	 * mount(2) on the fd's own name: the target was resolved above, once, inside the root, and the kernel
	 * follows the magic link straight to it. Three system calls instead of the ten of fsopen and its kin.
	 */
	r = sys_mount(op->source ?: op->type, ringwall_fd_path(target).s, op->type, op->flags.set & ~(unsigned long)MS_REC,
		      labelled_data(op, a, data, sizeof(data)));
	if (r == -EBUSY && !strcmp(op->type, "mqueue")) {
		/* An mqueue superblock of a shared IPC namespace has its options already. */
		r = sys_mount(op->type, ringwall_fd_path(target).s, op->type, op->flags.set, NULL);
	}
	if (r < 0)
		return ringwall_fail(e, r, "mount %s (options \"%s\")", op->type, op->flags.data);
	a->dev_is_ours |= !strcmp(op->path, "/dev") && !strcmp(op->type, "tmpfs");
	return filesystem_finish(op, a, e);
}

/*
 * A directory or a file, like its source; and never a host path: the tree behind @tree is what is asked.
 */
static int bind_target(const struct ringwall_op *op, struct ringwall_apply *a, int tree, struct ringwall_err *e)
{
	int r = ringwall_mount_proc_check(op, tree, e), fd;
	struct stat st;
	bool linked;

	if (r < 0)
		return r;
	fd = mountpoint_open(op, a, &linked);
	if (fd == -ENOENT) {
		if (fstat(tree, &st) < 0)
			return ringwall_fail(e, -errno, "stat source '%s'", op->source);
		fd = mountpoint_make(op, a, S_ISDIR(st.st_mode) ? S_IFDIR | 0755 : S_IFREG | 0644, true, &linked);
	}
	if (fd < 0)
		return ringwall_fail(e, fd, "mountpoint");
	r = ringwall_mount_proc_check_place(op, a, fd, tree, linked, e);
	if (r < 0)
		ringwall_fd_close(&fd);
	return r < 0 ? r : fd;
}

int ringwall_mount_open_tree(const struct ringwall_op *op, struct ringwall_err *e)
{
	_cleanup_spent_ int tree = ringwall_mount_tree(AT_FDCWD, op->source, op->flags.set & MS_REC);

	if (tree < 0)
		return ringwall_fail(e, tree, "bind source '%s'", op->source);
	return TAKE_FD(tree);
}

/* A bind mount of what is already mounted inside the container's root would otherwise be seen through the host's tree. */
int ringwall_mount_bind(const struct ringwall_op *op, struct ringwall_apply *a, struct ringwall_err *e)
{
	_cleanup_spent_ int own = -1, target = -1;
	int tree = op->fd, r;

	if (tree < 0) {
		own = tree = ringwall_mount_open_tree(op, e);
		if (tree < 0)
			return tree;
	}
	target = bind_target(op, a, tree, e);
	if (target < 0)
		return target;
	/*
	 * Attributes first: at no time is the mount visible without them. Only the bits that the options name
	 * change, so flags locked by an outer user namespace are not fought over.
	 */
	r = set_attributes(tree, &(struct ringwall_mount_flags){ .set = op->flags.set & MOUNT_FLAGS,
								 .cleared = op->flags.cleared & MOUNT_FLAGS,
								 .rec_set = op->flags.rec_set,
								 .rec_clear = op->flags.rec_clear }, true);
	if (r < 0)
		return ringwall_fail(e, r, "mount attributes");
	r = ringwall_mount_attach(tree, target);
	if (r < 0)
		return ringwall_fail(e, r, "attach '%s'", op->source);
	/* Propagation belongs to a mount that has a place: the peer group is the one it was attached in. */
	r = set_propagation(tree, &op->flags);
	return r < 0 ? ringwall_fail(e, r, "propagation") : 0;
}

int ringwall_mount_remount(const struct ringwall_op *op, struct ringwall_apply *a, struct ringwall_err *e)
{
	_cleanup_spent_ int fd = ringwall_inroot_open(a->root_fd, op->path, O_PATH);
	int r;

	if (fd < 0)
		return ringwall_fail(e, fd, "remount");
	r = sys_mount("none", ringwall_fd_path(fd).s, op->type, op->flags.set, op->flags.data);
	if (r < 0)
		return ringwall_fail(e, r, "remount");
	return filesystem_finish(op, a, e);
}

int ringwall_mount_seal(const struct ringwall_op *op, struct ringwall_apply *a, struct ringwall_err *e)
{
	_cleanup_spent_ int fd = ringwall_inroot_open(a->root_fd, op->path, O_PATH);
	int r = fd < 0 ? fd : ringwall_mount_setattr(fd, false, MOUNT_ATTR_RDONLY, 0);

	return r < 0 ? ringwall_fail(e, r, "read-only") : 0;
}

/* Where cgroup2 cannot be mounted the container sees its own directory of it, and cannot write it (CVE-2023-25809). */
static int cgroup_bind(const struct ringwall_op *op, struct ringwall_apply *a, int target, struct ringwall_err *e)
{
	_cleanup_spent_ int tree = -1;
	uint64_t attr = ringwall_mount_attr(op->flags.set & MOUNT_FLAGS);
	int r;

	if (!a->cgroup)
		return ringwall_fail_plain(e, -EOPNOTSUPP, "a cgroup mount needs a cgroup manager or a new cgroup namespace");
	if (a->rootless || a->user_ns)
		attr |= MOUNT_ATTR_RDONLY;
	tree = ringwall_mount_tree_attr(AT_FDCWD, a->cgroup, attr);
	r = tree < 0 ? tree : ringwall_mount_attach(tree, target);
	return r < 0 ? ringwall_fail(e, r, "bind '%s'", a->cgroup) : 0;
}

int ringwall_mount_cgroup(const struct ringwall_op *op, struct ringwall_apply *a, struct ringwall_err *e)
{
	_cleanup_spent_ int target = target_open(op, a, e);
	int r = -EPERM;

	if (target < 0)
		return target;
	/* Options are not the container's to give: cgroup2's are per host, and "nsdelegate" of one changes all. */
	if (a->new_cgroup_ns || !(a->rootless || a->user_ns))
		r = sys_mount("cgroup", ringwall_fd_path(target).s, "cgroup2", op->flags.set & MOUNT_FLAGS, NULL);
	if (r == -EPERM || r == -EBUSY)
		return cgroup_bind(op, a, target, e);
	if (r < 0)
		return ringwall_fail(e, r, "mount cgroup2");
	return filesystem_finish(op, a, e);
}
