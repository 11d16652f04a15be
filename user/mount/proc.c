// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "inroot.h"
#include "mount.h"

#define PROC_ROOT_INO 1 /* fs/proc/root.c: of every instance's root, and of nothing else in it */

/* What LXCFS and its like put in place of the host's. The list is runc's. */
static const char *const stand_ins[] = {
	"cpuinfo", "diskstats", "meminfo", "stat", "swaps", "uptime", "loadavg", "slabinfo", "net/dev",
	"sys/kernel/ns_last_pid", "sys/crypto/fips_enabled",
};

/* The next component of *@path, which goes on behind it; its length, 0 at the end. "." and empty ones are none. */
static size_t component(const char **path, const char **ret)
{
	size_t n;

	do {
		*path += strspn(*path, "/");
		n = strcspn(*path, "/");
		*ret = *path;
		*path += n;
	} while (n == 1 && **ret == '.');
	return n;
}

static bool same_path(const char *a, const char *b)
{
	const char *x, *y;
	size_t n;

	do {
		n = component(&a, &x);
		if (n != component(&b, &y) || memcmp(x, y, n))
			return false;
	} while (n);
	return true;
}

/* What of @path, which has no links and no "..", is left below /proc: "" for /proc itself; NULL: it is elsewhere. */
static const char *below_proc(const char *path)
{
	const char *name;

	return component(&path, &name) == 4 && !memcmp(name, "proc", 4) ? path : NULL;
}

static bool is_procfs_root(int fd)
{
	struct statfs fs;
	struct stat st;

	return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC && fstat(fd, &st) == 0 && st.st_ino == PROC_ROOT_INO;
}

/* A procfs may be anywhere. */
static bool is_new_procfs(const struct ringwall_op *op)
{
	return op->kind == RINGWALL_OP_MOUNT && !strcmp(op->type, "proc");
}

static int judge(const struct ringwall_op *op, const char *path, int tree, struct ringwall_err *e)
{
	const char *below = below_proc(path);

	/* The container would not see it, but who joins it would come to lie in there. */
	if (same_path(path, ""))
		return ringwall_fail_plain(e, -EINVAL, "nothing can be mounted over the container's root");
	if (!below || is_new_procfs(op))
		return 0;
	if (same_path(below, "")) {
		if (tree >= 0 && is_procfs_root(tree))
			return 0;
		return ringwall_fail_plain(e, -EINVAL, "only a procfs can be mounted on /proc (type \"proc\", or a bind mount of "
						       "one)");
	}
	for (size_t i = 0; i < ARRAY_SIZE(stand_ins); i++)
		if (same_path(below, stand_ins[i]))
			return 0;
	return ringwall_fail_plain(e, -EINVAL, "nothing can be mounted inside /proc but on files that LXCFS has "
					       "(/proc/cpuinfo, /proc/meminfo, ...)");
}

static bool has_dotdot(const char *path)
{
	const char *name;
	size_t n;

	while ((n = component(&path, &name)))
		if (n == 2 && !memcmp(name, "..", 2))
			return true;
	return false;
}

/* Where the mountpoint lies, as the kernel tells it of both descriptors: no name is looked up again. */
static int judge_resolved(const struct ringwall_op *op, int root, int target, int tree, struct ringwall_err *e)
{
	char top[PATH_MAX], path[PATH_MAX];
	ssize_t len = readlink(ringwall_fd_path(root).s, top, sizeof(top));
	ssize_t n = readlink(ringwall_fd_path(target).s, path, sizeof(path) - 1);

	if (len == 1) /* "/" */
		len = 0;
	if (len < 0 || n < 0)
		return ringwall_fail(e, -errno, "mountpoint");
	path[n] = '\0';
	if (len == sizeof(top) || n == sizeof(path) - 1 || n < len || memcmp(top, path, (size_t)len) ||
	    (path[len] && path[len] != '/'))
		return ringwall_fail_plain(e, -EXDEV, "mountpoint: its place in the container's root cannot be told");
	return judge(op, path + len, tree, e);
}

int ringwall_mount_proc_check(const struct ringwall_op *op, int tree, struct ringwall_err *e)
{
	return has_dotdot(op->path) ? 0 : judge(op, op->path, tree, e);
}

int ringwall_mount_proc_check_place(const struct ringwall_op *op, const struct ringwall_apply *a, int target, int tree,
				    bool linked, struct ringwall_err *e)
{
	return linked || has_dotdot(op->path) ? judge_resolved(op, a->root_fd, target, tree, e) : 0;
}
