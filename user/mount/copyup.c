// SPDX-License-Identifier: LGPL-2.1-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "inroot.h"
#include "mount.h"

/*
 * tmpcopyup: the tmpfs is made detached, filled by fd, and only then put in place, so that nothing ever sees
 * it half full.
 */

#define MAX_DEPTH 128

static int copy_bytes(int from, int to)
{
	char buf[64 * 1024];

	for (;;) {
		ssize_t n = copy_file_range(from, NULL, to, NULL, 1 << 30, 0);

		if (n == 0)
			return 0;
		if (n > 0)
			continue;
		if (errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP)
			return -errno;
		n = read(from, buf, sizeof(buf));
		if (n <= 0)
			return n < 0 ? -errno : 0;
		for (ssize_t done = 0; done < n;) {
			ssize_t w = write(to, buf + done, (size_t)(n - done));

			if (w < 0)
				return -errno;
			done += w;
		}
	}
}

static int copy_file(int from_dir, int to_dir, const char *name, const struct stat *st)
{
	_cleanup_fd_ int from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	_cleanup_fd_ int to = -1;

	if (from < 0)
		return -errno;
	to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, st->st_mode & 07777);
	if (to < 0)
		return -errno;
	return copy_bytes(from, to);
}

static int copy_link(int from_dir, int to_dir, const char *name)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from_dir, name, target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	return symlinkat(target, to_dir, name) < 0 ? -errno : 0;
}

static int copy_dir(int from, int to, unsigned int depth);

static int copy_entry(int from, int to, const char *name, unsigned int depth)
{
	_cleanup_fd_ int sub_from = -1, sub_to = -1;
	struct stat st;
	int r = 0;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISREG(st.st_mode))
		r = copy_file(from, to, name, &st);
	else if (S_ISLNK(st.st_mode))
		r = copy_link(from, to, name);
	else if (!S_ISDIR(st.st_mode))
		r = mknodat(to, name, st.st_mode, st.st_rdev) < 0 ? -errno : 0;
	else if (mkdirat(to, name, 0700) < 0)
		r = -errno;
	if (r == -EPERM && (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)))
		return 0; /* no mknod in a user namespace: the entry is left out */
	if (r < 0)
		return r;
	if (fchownat(to, name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0 && errno != EINVAL)
		return -errno;
	if (!S_ISLNK(st.st_mode) && fchmodat(to, name, st.st_mode & 07777, 0) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return 0;
	sub_from = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	sub_to = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (sub_from < 0 || sub_to < 0)
		return -errno;
	return copy_dir(TAKE_FD(sub_from), sub_to, depth + 1);
}

/* Takes @from over. */
static int copy_dir(int from, int to, unsigned int depth)
{
	_cleanup_dir_ DIR *d = fdopendir(from);
	struct dirent *ent;
	int r;

	if (!d) {
		r = -errno;
		close(from);
		return r;
	}
	if (depth > MAX_DEPTH)
		return -ELOOP;
	while (errno = 0, (ent = readdir(d))) {
		if (!strcmp(ent->d_name, ".") || !strcmp(ent->d_name, ".."))
			continue;
		r = copy_entry(dirfd(d), to, ent->d_name, depth);
		if (r < 0)
			return r;
	}
	return -errno;
}

/* A detached tmpfs with the mount's options. */
static int tmpfs_new(const struct ringwall_op *op, struct ringwall_err *e)
{
	_cleanup_fd_ int fs = (int)syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);
	char data[4096], *save = NULL, *opt;
	int fd;

	if (fs < 0)
		return ringwall_fail(e, -errno, "tmpfs");
	if (strlen(op->flags.data) >= sizeof(data))
		return ringwall_fail_plain(e, -EINVAL, "options are too long");
	strcpy(data, op->flags.data);
	for (opt = strtok_r(data, ",", &save); opt; opt = strtok_r(NULL, ",", &save)) {
		char *eq = strchr(opt, '=');

		if (eq)
			*eq = '\0';
		if (syscall(SYS_fsconfig, fs, eq ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, opt, eq ? eq + 1 : NULL, 0) < 0)
			return ringwall_fail(e, -errno, "tmpfs option '%s'", opt);
	}
	if (syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return ringwall_fail(e, -errno, "tmpfs");
	fd = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, ringwall_mount_attr(op->flags.set));
	return fd < 0 ? ringwall_fail(e, -errno, "tmpfs") : fd;
}

int ringwall_mount_copyup(const struct ringwall_op *op, int target, struct ringwall_err *e)
{
	_cleanup_fd_ int tree = tmpfs_new(op, e), from = -1, to = -1;
	struct stat st;
	int r;

	if (tree < 0)
		return tree;
	from = openat(target, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	to = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (from < 0 || to < 0 || fstat(from, &st) < 0)
		return ringwall_fail(e, -errno, "tmpcopyup");
	if (!strstr(op->flags.data, "mode=") && fchmod(to, st.st_mode & 07777) < 0)
		return ringwall_fail(e, -errno, "tmpcopyup");
	r = copy_dir(TAKE_FD(from), to, 0);
	if (!r)
		r = ringwall_mount_attach(tree, target);
	return r < 0 ? ringwall_fail(e, r, "tmpcopyup") : 0;
}
