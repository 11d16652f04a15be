// SPDX-License-Identifier: LGPL-2.1-or-later
#include "links.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../mount/inroot.h"

/* Up to the first component that is "*": what there can be a link in. */
static size_t literal_length(const char *path)
{
	for (const char *p = path; (p = strchr(p, '/')); p++)
		if (p[1] == '*' && (p[2] == '/' || !p[2]))
			return (size_t)(p - path);
	return strlen(path);
}

static ssize_t name_of(int fd, char ret[PATH_MAX])
{
	ssize_t n = readlink(ringwall_fd_path(fd).s, ret, PATH_MAX - 1);

	if (n >= 0)
		ret[n] = '\0';
	return n;
}

/* The kernel's name for @path below @root_fd, "" for the root itself. -ENOENT: it is not there, or has no name. */
static int look(int root_fd, const char *path, char ret[PATH_MAX])
{
	_cleanup_fd_ int fd = ringwall_inroot_open(root_fd, path, O_PATH);
	char root[PATH_MAX], name[PATH_MAX];
	ssize_t n;

	if (fd < 0)
		return fd;
	n = name_of(root_fd, root);
	if (n < 0 || name_of(fd, name) < 0)
		return -errno;
	if (n == 1) /* "/" */
		n = 0;
	if (strncmp(name, root, (size_t)n) || (name[n] && name[n] != '/'))
		return -ENOENT;
	snprintf(ret, PATH_MAX, "%s", name + n);
	return 0;
}

/* Where the first @length bytes of @path lead; what is not there yet keeps its name below what is. */
static int resolve(int root_fd, const char *path, size_t length, char ret[PATH_MAX])
{
	char head[PATH_MAX];
	size_t n = length;

	if (length >= sizeof(head))
		return -ENAMETOOLONG;
	memcpy(head, path, length);
	while (n > 0) {
		int r;

		head[n] = '\0';
		r = look(root_fd, head, ret);
		if (!r && strlen(ret) + (length - n) < PATH_MAX) {
			strncat(ret, path + n, length - n);
			return 0;
		}
		while (n > 0 && path[--n] != '/')
			;
	}
	return -ENOENT;
}

static int follow(int root_fd, const struct ringwall_path_rule *r, struct ringwall_model *m, struct ringwall_err *e)
{
	size_t length = literal_length(r->path);
	char real[PATH_MAX];
	struct ringwall_path_rule *link;

	if (length <= 1 || resolve(root_fd, r->path, length, real) < 0)
		return 0;
	if (strlen(real) == length && !strncmp(real, r->path, length))
		return 0;
	link = &m->path_links[m->n_path_links];
	*link = *r;
	link->grant = 0;
	link->path = ringwall_arena_printf(&m->arena, "%s%s", real, r->path + length);
	if (!link->path)
		return ringwall_fail(e, -ENOMEM, "policy");
	if (!*link->path)
		link->path = "/";
	if (r->grant && !m->link_note)
		m->link_note = ringwall_arena_printf(&m->arena, "policy %s: '%.200s' is in fact '%.200s': allow that, if it is meant",
						     m->name, r->path, link->path);
	m->n_path_links += r->refuse != 0;
	return 0;
}

int ringwall_links_follow(const char *rootfs, struct ringwall_model *m, struct ringwall_err *e)
{
	_cleanup_fd_ int root = -1;
	int r = 0;

	m->n_path_links = 0;
	if (!m->n_path_rules)
		return 0;
	m->path_links = ringwall_arena_array(&m->arena, m->n_path_rules + 1, sizeof(*m->path_links));
	if (!m->path_links)
		return ringwall_fail(e, -ENOMEM, "policy");
	root = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return ringwall_fail(e, -errno, "open '%s'", rootfs);
	for (size_t i = 0; i < m->n_path_rules && !r; i++)
		r = follow(root, &m->path_rules[i], m, e);
	return r;
}
