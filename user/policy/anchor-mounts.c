// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The mounts of a container, from /proc. A file system may be the container's own work and never answer (FUSE): so
 * nothing is asked of it but to be looked up, and the inode number comes from fdinfo, which has the kernel's own, not
 * the one of stat(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "../lib/cleanup.h"
#include "../lib/file.h"
#include "../mount/inroot.h"
#include "anchor.h"

#define MOUNTINFO_MAX (64U << 20)
#define MINOR_BITS 20 /* of the kernel's own dev_t */

/* "\040" and its like. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' && s[3] >= '0' &&
		    s[3] <= '7') {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

struct line {
	unsigned int id, major, minor;
	char *inner, *point, *type;
};

/* "ID PARENT MAJOR:MINOR ROOT POINT OPTIONS TAG… - TYPE SOURCE OPTIONS"; cuts it up. */
static bool parse(char *text, struct line *ret)
{
	char *save = NULL, *tail = strstr(text, " - ");
	int n = 0;

	if (!tail || sscanf(text, "%u %*u %u:%u %n", &ret->id, &ret->major, &ret->minor, &n) < 3 || !n)
		return false;
	ret->inner = strtok_r(text + n, " ", &save);
	ret->point = strtok_r(NULL, " ", &save);
	ret->type = strtok_r(tail + 3, " ", &save);
	if (!ret->inner || !ret->point || !ret->type)
		return false;
	unescape(ret->inner);
	unescape(ret->point);
	return true;
}

/* The mount that @fd is on, and its inode's number. */
static int look(int fd, unsigned int *ret_mount, uint64_t *ret_inode)
{
	char path[64], text[512], *mount, *inode;
	_cleanup_fd_ int info = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	n = info < 0 ? -1 : read(info, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	mount = strstr(text, "mnt_id:");
	inode = strstr(text, "ino:");
	if (!mount || !inode)
		return -EOPNOTSUPP;
	*ret_mount = (unsigned int)strtoul(mount + strlen("mnt_id:"), NULL, 10);
	*ret_inode = strtoull(inode + strlen("ino:"), NULL, 10);
	return 0;
}

/* /dev/null over a file hides it, and is not what rules about that file mean. */
static bool is_mask(int fd, const struct line *l)
{
	struct stat st;

	return (!strcmp(l->type, "tmpfs") || !strcmp(l->type, "devtmpfs")) && strcmp(l->point, "/dev/null") != 0 &&
	       !fstat(fd, &st) && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

/* Return: 1: @ret is filled in; 0: nobody gets there. */
static int find(int root, const struct line *l, struct ringwall_mounted *ret)
{
	_cleanup_fd_ int fd = ringwall_inroot_open_plain(root, l->point, O_PATH);
	unsigned int id = 0;
	int err;

	if (fd < 0)
		return fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM ? fd : 0;
	err = look(fd, &id, &ret->inode);
	if (err < 0)
		return err;
	if (id != l->id || is_mask(fd, l)) /* another mount is over it */
		return 0;
	ret->device = l->major << MINOR_BITS | l->minor;
	ret->inner = strdup(l->inner);
	ret->point = strdup(l->point);
	ret->type = strdup(l->type);
	return ret->inner && ret->point && ret->type ? 1 : -ENOMEM;
}

static void mount_free(struct ringwall_mounted *m)
{
	free(m->inner);
	free(m->point);
	free(m->type);
}

static int add(struct ringwall_mounts *m, int root, const struct line *l)
{
	struct ringwall_mounted found = { 0 };
	int is = find(root, l, &found);

	if (is > 0) {
		struct ringwall_mounted *p = reallocarray(m->list, m->n + 1, sizeof(*p));

		if (p) {
			m->list = p;
			m->list[m->n++] = found;
			return 0;
		}
		is = -ENOMEM;
	}
	mount_free(&found);
	return is;
}

int ringwall_mounts_read(pid_t pid, struct ringwall_mounts *ret, struct ringwall_err *e)
{
	_cleanup_(ringwall_mounts_free) struct ringwall_mounts m = { 0 };
	_cleanup_free_ char *text = NULL;
	_cleanup_fd_ int root = -1;
	char path[64], *save = NULL;
	struct line l;
	int err;

	snprintf(path, sizeof(path), "/proc/%d/root", pid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return ringwall_fail(e, -errno, "open '%s'", path);
	snprintf(path, sizeof(path), "/proc/%d/mountinfo", pid);
	err = ringwall_file_read(path, MOUNTINFO_MAX, &text, NULL, e);
	if (err < 0)
		return err;
	for (char *s = strtok_r(text, "\n", &save); s; s = strtok_r(NULL, "\n", &save)) {
		if (!parse(s, &l))
			continue;
		err = add(&m, root, &l);
		if (err < 0)
			return ringwall_fail(e, err, "mount at '%s' of process %d", l.point, pid);
	}
	*ret = m;
	m = (struct ringwall_mounts){ 0 };
	return 0;
}

void ringwall_mounts_free(struct ringwall_mounts *m)
{
	for (size_t i = 0; i < m->n; i++)
		mount_free(&m->list[i]);
	free(m->list);
	*m = (struct ringwall_mounts){ 0 };
}
