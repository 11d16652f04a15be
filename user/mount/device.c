// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "inroot.h"
#include "mount.h"

static mode_t device_type(char type)
{
	return type == 'b' ? S_IFBLK : type == 'p' ? S_IFIFO : S_IFCHR;
}

int ringwall_device_dir(struct ringwall_apply *a, struct ringwall_err *e)
{
	int fd;

	if (a->dev_fd >= 0)
		return a->dev_fd;
	/* A /dev that is a symlink in the image leads elsewhere: refused (CVE-2026-41579 …). */
	fd = ringwall_inroot_make(a->root_fd, "/dev", S_IFDIR | 0755, true);
	if (fd < 0)
		return ringwall_fail(e, fd, "'/dev' of the container");
	return a->dev_fd = fd;
}

/* The directory of a node and its name; /dev itself, where nearly all go, is opened once. */
static int node_parent(const struct ringwall_op *op, struct ringwall_apply *a, int *ret_own, const char **ret_name,
		       struct ringwall_err *e)
{
	int fd;

	if (!strncmp(op->path, "/dev/", 5) && !strchr(op->path + 5, '/') && op->path[5]) {
		*ret_name = op->path + 5;
		return ringwall_device_dir(a, e);
	}
	fd = ringwall_inroot_parent(a->root_fd, op->path, ret_name);
	if (fd < 0)
		return ringwall_fail(e, fd, "parent directory");
	*ret_own = fd;
	return fd;
}

/* Somebody (the image, a mount) put a node there already: fine if it is the same device, else an error. */
static int node_check(int dir, const char *name, mode_t type, dev_t dev)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if ((st.st_mode & S_IFMT) != type || (type != S_IFIFO && st.st_rdev != dev))
		return -EEXIST;
	return 0;
}

int ringwall_device_make(const struct ringwall_op *op, struct ringwall_apply *a, struct ringwall_err *e)
{
	const struct ringwall_device *d = op->device;
	mode_t type = device_type(d->type);
	dev_t dev = type == S_IFIFO ? 0 : makedev((unsigned int)d->major, (unsigned int)d->minor);
	_cleanup_spent_ int own = -1;
	const char *name;
	int dir, r;

	dir = node_parent(op, a, &own, &name, e);
	if (dir < 0)
		return dir;
	/* umask is 0 here, so the mode is exact. */
	if (mknodat(dir, name, type | (d->has_mode ? d->mode & 07777 : 0666), dev) < 0) {
		if (errno == EPERM)
			return ringwall_device_bind(op, a, e);
		/* It stays whose it is: where /dev is the host's, it is the host's. */
		r = errno == EEXIST ? node_check(dir, name, type, dev) : -errno;
		return r < 0 ? ringwall_fail(e, r, "mknod") : 0;
	}
	if ((d->uid || d->gid) && fchownat(dir, name, d->uid, d->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return ringwall_fail(e, -errno, "chown");
	return 0;
}

/* In a user namespace: the host's own node of that name, bound. */
int ringwall_device_bind(const struct ringwall_op *op, struct ringwall_apply *a, struct ringwall_err *e)
{
	const struct ringwall_device *d = op->device;
	_cleanup_spent_ int tree = -1, target = -1, own = -1;
	const char *name;
	struct stat st;
	int dir, r;

	if (d->type == 'p')
		return ringwall_fail(e, -EPERM, "mknod");
	tree = ringwall_mount_tree(AT_FDCWD, op->path, false);
	if (tree < 0)
		return ringwall_fail(e, tree, "bind the host's '%s'", op->path);
	if (fstat(tree, &st) < 0 || (st.st_mode & S_IFMT) != device_type(d->type) ||
	    st.st_rdev != makedev((unsigned int)d->major, (unsigned int)d->minor))
		return ringwall_fail_plain(e, -ENODEV, "the host's '%s' is not device %c %lld:%lld", op->path, d->type,
					   (long long)d->major, (long long)d->minor);
	dir = node_parent(op, a, &own, &name, e);
	if (dir < 0)
		return dir;
	target = ringwall_inroot_make(a->root_fd, op->path, S_IFREG | 0644, false);
	if (target < 0)
		return ringwall_fail(e, target, "mountpoint");
	r = ringwall_mount_attach(tree, target);
	return r < 0 ? ringwall_fail(e, r, "bind") : 0;
}

int ringwall_device_symlink(const struct ringwall_op *op, struct ringwall_apply *a, struct ringwall_err *e)
{
	_cleanup_spent_ int own = -1;
	const char *name;
	int dir = node_parent(op, a, &own, &name, e);

	if (dir < 0)
		return dir;
	if (symlinkat(op->source, dir, name) < 0 && errno != EEXIST)
		return ringwall_fail(e, -errno, "symlink");
	return 0;
}

/* The container's own devpts, never the image's idea of it: what is there already is replaced. */
int ringwall_device_ptmx(const struct ringwall_op *op, struct ringwall_apply *a, struct ringwall_err *e)
{
	_cleanup_spent_ int own = -1;
	const char *name;
	int dir = node_parent(op, a, &own, &name, e);

	if (dir < 0)
		return dir;
	if (!symlinkat(op->source, dir, name))
		return 0;
	if (errno == EEXIST && !unlinkat(dir, name, 0) && !symlinkat(op->source, dir, name))
		return 0;
	return ringwall_fail(e, -errno, "symlink");
}

int ringwall_console_bind(struct ringwall_apply *a, int slave, struct ringwall_err *e)
{
	_cleanup_spent_ int tree = -1, target = -1;
	int r;

	target = ringwall_inroot_make(a->root_fd, "/dev/console", S_IFREG | 0600, true);
	if (target < 0)
		return ringwall_fail(e, target, "/dev/console");
	tree = ringwall_mount_tree(slave, "", false);
	if (tree < 0)
		return ringwall_fail(e, tree, "/dev/console: clone the terminal's mount");
	r = ringwall_mount_attach(tree, target);
	return r < 0 ? ringwall_fail(e, r, "/dev/console: bind") : 0;
}
