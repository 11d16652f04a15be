// SPDX-License-Identifier: LGPL-2.1-or-later
#include "inroot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>


int ringwall_spent_limit;

/* RESOLVE_IN_ROOT answers -EAGAIN when a rename raced with "..": an attack or bad luck, so try, but not for ever. */
#define RACE_TRIES 64

static int open_how(int root_fd, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)flags | O_CLOEXEC,
		.mode = flags & O_CREAT ? 0755 : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve,
	};
	int fd, tries = RACE_TRIES;

	do
		fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
	while (fd < 0 && (errno == EAGAIN || errno == EINTR) && --tries);
	return fd < 0 ? -errno : fd;
}

int ringwall_inroot_open(int root_fd, const char *path, int flags)
{
	return open_how(root_fd, path, flags, 0);
}

int ringwall_inroot_open_plain(int root_fd, const char *path, int flags)
{
	return open_how(root_fd, path, flags, RESOLVE_NO_SYMLINKS);
}

/*
 * One missing directory: made below @dir, then opened without following what an attacker may have put there in
 * between (CVE-2024-45310).
 */
static int make_dir(int dir, const char *name, mode_t mode)
{
	if (mkdirat(dir, name, mode) < 0 && errno != EEXIST)
		return -errno;
	return open_how(dir, name, O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
}

static int make_file(int dir, const char *name, mode_t mode)
{
	int fd = open_how(dir, name, O_PATH, RESOLVE_NO_SYMLINKS);

	if (fd != -ENOENT)
		return fd;
	if (mknodat(dir, name, S_IFREG | (mode & 07777), 0) < 0 && errno != EEXIST)
		return -errno;
	return open_how(dir, name, O_PATH, RESOLVE_NO_SYMLINKS);
}

/*
 * A dangling symlink (Debian's /etc/resolv.conf points into /run, which images ship empty) is not the end: its target
 * is put in its place and the whole name is resolved anew, inside the root like every other.
 */
static int follow_dangling(int dir, const char *prefix, const char *name, const char *rest, char *ret)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);
	int len;

	if (n < 0)
		return -ENOTDIR; /* not a link after all: a file in the way */
	target[n] = '\0';
	len = snprintf(ret, PATH_MAX, "%s/%s%s%s", target[0] == '/' ? "" : prefix, target, rest ? "/" : "", rest ?: "");
	return len < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* Cut the last component off @buf; what is left of "/" is "". */
static void path_shorten(char *buf)
{
	size_t n = strlen(buf);

	while (n && buf[n - 1] == '/')
		n--;
	while (n && buf[n - 1] != '/')
		n--;
	while (n && buf[n - 1] == '/')
		n--;
	buf[n] = '\0';
}

/*
 * Walk @path, making what is missing. The longest prefix that exists is resolved by the kernel inside the root;
 * below a directory just made there is nothing to resolve, so ".." after a missing component is refused.
 * Return: fd, or -ELINK_AGAIN with the name to go on with in @path.
 */
#define ELINK_AGAIN 4095

static int make_walk(int root_fd, char *path, mode_t mode, uint64_t resolve)
{
	char prefix[PATH_MAX], work[PATH_MAX];
	_cleanup_spent_ int dir = -1;
	char *name, *save = NULL;

	strcpy(prefix, path);
	do {
		path_shorten(prefix);
		dir = open_how(root_fd, *prefix ? prefix : "/", O_PATH | O_DIRECTORY, resolve);
	} while (dir == -ENOENT && *prefix);
	if (dir < 0)
		return dir;
	strcpy(work, path);
	for (name = strtok_r(work + strlen(prefix), "/", &save); name;) {
		char *next = strtok_r(NULL, "", &save);
		int fd;

		while (next && *next == '/')
			next++;
		if (next && !*next)
			next = NULL;
		if (!strcmp(name, "..") || !strcmp(name, "."))
			return -EINVAL;
		if (!next && S_ISREG(mode))
			fd = make_file(dir, name, mode);
		else
			fd = make_dir(dir, name, next ? 0755 : mode & 07777);
		if ((fd == -ENOTDIR || fd == -ELOOP) && !(resolve & RESOLVE_NO_SYMLINKS)) {
			char again[PATH_MAX];
			int r = follow_dangling(dir, prefix, name, next, again);

			if (r < 0)
				return r;
			strcpy(path, again);
			return -ELINK_AGAIN;
		}
		if (fd < 0)
			return fd;
		ringwall_fd_spent(&dir);
		dir = fd;
		name = next ? strtok_r(next, "/", &save) : NULL;
		/* Whatever follows lies below a directory that was just made: no link can be there but by a race. */
		resolve |= RESOLVE_NO_SYMLINKS;
	}
	return TAKE_FD(dir);
}

int ringwall_inroot_make(int root_fd, const char *path, mode_t mode, bool plain)
{
	uint64_t resolve = plain ? RESOLVE_NO_SYMLINKS : 0;
	int fd = open_how(root_fd, path, O_PATH, resolve);
	char buf[PATH_MAX];
	int links = 40;

	if (fd != -ENOENT)
		return fd;
	if (strlen(path) >= sizeof(buf))
		return -ENAMETOOLONG;
	strcpy(buf, path);
	do {
		fd = make_walk(root_fd, buf, mode, resolve);
		if (fd == -ELINK_AGAIN) {
			int again = open_how(root_fd, buf, O_PATH, resolve);

			if (again != -ENOENT)
				return again;
		}
	} while (fd == -ELINK_AGAIN && --links);
	return fd == -ELINK_AGAIN ? -ELOOP : fd;
}

int ringwall_inroot_make_below(int dir, const char *name)
{
	return make_dir(dir, name, 0755);
}

int ringwall_inroot_parent(int root_fd, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	char buf[PATH_MAX];
	size_t len;
	int fd;

	if (!slash || !slash[1] || !strcmp(slash + 1, "..") || !strcmp(slash + 1, "."))
		return -EINVAL;
	len = (size_t)(slash - path);
	if (len >= sizeof(buf))
		return -ENAMETOOLONG;
	memcpy(buf, path, len);
	buf[len] = '\0';
	fd = ringwall_inroot_make(root_fd, len ? buf : "/", S_IFDIR | 0755, false);
	if (fd >= 0)
		*ret_name = slash + 1;
	return fd;
}

struct ringwall_fd_path ringwall_fd_path(int fd)
{
	struct ringwall_fd_path p;

	snprintf(p.s, sizeof(p.s), "/proc/self/fd/%d", fd);
	return p;
}
