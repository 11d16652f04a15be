// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "container.h"
#include "pids.h"

/* One thread's children, "12 13 14 ". The kernel gives each read whole pids only. */
static int add_children(struct ringwall_pids *p, int task, const char *tid)
{
	_cleanup_fd_ int fd = -1;
	char name[300], text[4096];
	ssize_t n;
	int r = 0;

	snprintf(name, sizeof(name), "%s/children", tid);
	fd = openat(task, name, O_RDONLY | O_CLOEXEC);
	while (!r && fd >= 0 && (n = read(fd, text, sizeof(text) - 1)) > 0) {
		char *at = text, *end;

		text[n] = '\0';
		for (long pid = strtol(at, &end, 10); !r && end != at; pid = strtol(at, &end, 10)) {
			r = ringwall_pids_add(p, (pid_t)pid);
			at = end;
		}
	}
	return r;
}

static int add_children_of(struct ringwall_pids *p, pid_t pid)
{
	_cleanup_dir_ DIR *d = NULL;
	struct dirent *entry;
	char path[64];
	int r = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	d = opendir(path);
	while (!r && d && (entry = readdir(d)))
		if (entry->d_name[0] != '.')
			r = add_children(p, dirfd(d), entry->d_name);
	return r;
}

/* Without a cgroup: init and its descendants. What was joined by exec and is not below init is not seen. */
static int walk_tree(const struct ringwall_state *s, pid_t **ret_pids, size_t *ret_n, struct ringwall_err *e)
{
	struct ringwall_pids p = {};
	int r;

	r = ringwall_pids_add(&p, s->pid);
	for (size_t i = 0; !r && i < p.n; i++)
		r = add_children_of(&p, p.v[i]);
	if (r < 0) {
		free(p.v);
		return ringwall_fail(e, r, "list the processes of container '%.100s'", s->id);
	}
	*ret_pids = p.v;
	*ret_n = p.n;
	return 0;
}

int ringwall_ps(struct ringwall *rw, const char *id, pid_t **ret_pids, size_t *ret_n, struct ringwall_err *e)
{
	_cleanup_(ringwall_state_close) struct ringwall_state s = { .dir_fd = -1 };
	_cleanup_(ringwall_cgroup_close) struct ringwall_cgroup cg = { .fd = -1 };
	int r;

	r = ringwall_state_read(rw, id, &s, e);
	if (r < 0)
		return r;
	r = ringwall_container_cgroup(&s, &cg, e);
	if (!r && cg.fd >= 0)
		return ringwall_cgroup_pids(&cg, ret_pids, ret_n, e);
	if (r < 0 && r != -ENOENT)
		return r;
	if (!r && ringwall_state_status(&s) != RINGWALL_STOPPED && s.pid)
		return walk_tree(&s, ret_pids, ret_n, e);
	*ret_pids = NULL;
	*ret_n = 0;
	return 0;
}
