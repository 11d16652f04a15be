// SPDX-License-Identifier: LGPL-2.1-or-later
#include "install.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../lib/file.h"
#include "../lib/runtime.h"

#define FILE_MAX (4 << 20)

static const struct ringwall_caller callers[] = {
	/* Docker's reload forgets no runtime. */
	{ "docker", "/etc/docker/daemon.json", "reload docker", "restart docker", true, false, ringwall_install_docker },
	{ "podman", "/etc/containers/containers.conf.d/ringwall.conf", NULL, NULL, false, false, ringwall_install_podman },
	{ "containerd", "/etc/containerd/config.toml", "restart containerd", NULL, false, true, ringwall_install_containerd },
	{ "crio", "/etc/crio/crio.conf.d/ringwall.conf", "restart crio", NULL, false, false, ringwall_install_crio },
};

static const struct ringwall_caller *find(const char *name, struct ringwall_err *e)
{
	char names[128] = "";
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(callers); i++) {
		if (!strcmp(callers[i].name, name))
			return &callers[i];
		n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", n ? ", " : "", callers[i].name);
	}
	ringwall_fail_plain(e, -EINVAL, "'%.100s' is none of %s", name, names);
	return NULL;
}

/* It goes into three kinds of files, between quotes. */
static bool is_plain(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f || *s == '"' || *s == '\\')
			return false;
	return true;
}

static int check(const struct ringwall_caller *c, const struct ringwall_install_options *o, struct ringwall_err *e)
{
	size_t len = strlen(o->name);

	if (!c->takes_args && o->args && o->args[0])
		return ringwall_fail_plain(e, -EOPNOTSUPP, "%s has no arguments for a runtime: use an annotation", c->name);
	if (!c->takes_manager && o->systemd_cgroup)
		return ringwall_fail_plain(e, -EOPNOTSUPP, "%s says for all its runtimes who makes the cgroups: leave --systemd-cgroup out",
					   c->name);
	if (!len || len > RINGWALL_INSTALL_NAME_MAX || strspn(o->name, "abcdefghijklmnopqrstuvwxyz0123456789_-") != len)
		return ringwall_fail_plain(e, -EINVAL, "'%.100s' is no name for a runtime: lower case, digits, _ and -, at most %d",
					   o->name, RINGWALL_INSTALL_NAME_MAX);
	if (o->path[0] != '/' || !is_plain(o->path))
		return ringwall_fail_plain(e, -EINVAL, "'%.100s' is no absolute path without quotes", o->path);
	for (size_t i = 0; o->args && o->args[i]; i++)
		if (!is_plain(o->args[i]))
			return ringwall_fail_plain(e, -EINVAL, "argument '%.100s' has quotes or control characters", o->args[i]);
	return !o->remove && access(o->path, X_OK) < 0 ? ringwall_fail(e, -errno, "'%s'", o->path) : 0;
}

/**
 * struct place - a file by its directory, which is opened once: where it may be written by others than root, what they move there
 * meanwhile is not taken for it.
 * @dir: -1: there is none
 */
struct place {
	const char *path, *name;
	int dir;
};

static int open_place(const char *path, struct place *ret, struct ringwall_err *e)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];
	size_t len = slash ? (size_t)(slash - path) + 1 : 0;

	if (len >= sizeof(dir))
		return ringwall_fail(e, -ENAMETOOLONG, "'%.200s'", path);
	memcpy(dir, slash ? path : ".", slash ? len : 1);
	dir[slash ? len : 1] = '\0';
	ringwall_fd_close(&ret->dir);
	ret->path = path;
	ret->name = path + len;
	ret->dir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return ret->dir < 0 && errno != ENOENT ? ringwall_fail(e, -errno, "open '%s'", dir) : 0;
}

static void close_place(struct place *p)
{
	ringwall_fd_close(&p->dir);
}

/* @ret_st: owner and mode; of one that is not there those of a new one, -1 for whoever makes it */
static int read_file(const struct place *p, char **ret, size_t *ret_len, struct stat *ret_st, struct ringwall_err *e)
{
	_cleanup_fd_ int fd = p->dir < 0 ? -1 : openat(p->dir, p->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	int r;

	*ret_st = (struct stat){ .st_mode = 0644, .st_uid = (uid_t)-1, .st_gid = (gid_t)-1 };
	if (p->dir < 0 || (fd < 0 && errno == ENOENT)) {
		*ret = calloc(1, 1);
		*ret_len = 0;
		return *ret ? 0 : ringwall_fail(e, -ENOMEM, "%s", p->path);
	}
	if (fd < 0 && errno == ELOOP)
		return ringwall_fail_plain(e, -ELOOP, "'%s' is a link that leads to nothing: make the file, or remove the link", p->path);
	if (fd < 0 || fstat(fd, ret_st) < 0)
		return ringwall_fail(e, -errno, "open '%s'", p->path);
	if (!S_ISREG(ret_st->st_mode))
		return ringwall_fail_plain(e, -EINVAL, "'%s' is no regular file", p->path);
	r = ringwall_file_read_fd(fd, FILE_MAX, ret, ret_len);
	if (r < 0)
		return ringwall_fail(e, r, "read '%s'", p->path);
	return strlen(*ret) == *ret_len ? 0 : ringwall_fail_plain(e, -EINVAL, "'%s' has a NUL byte in it: no text", p->path);
}

static int make_parents(const char *path, struct ringwall_err *e)
{
	char dir[PATH_MAX];

	if ((size_t)snprintf(dir, sizeof(dir), "%s", path) >= sizeof(dir))
		return ringwall_fail(e, -ENAMETOOLONG, "'%.200s'", path);
	for (char *slash = strchr(dir + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(dir, 0755) < 0 && errno != EEXIST)
			return ringwall_fail(e, -errno, "make '%s'", dir);
		*slash = '/';
	}
	return 0;
}

/* Written aside and renamed: whoever reads it, or loses power, has the old file or the new one. */
static int replace(struct place *p, const char *text, const struct stat *st, struct ringwall_err *e)
{
	char aside[NAME_MAX + 1];
	mode_t mode = st->st_mode & 07777;
	_cleanup_fd_ int fd = -1;
	int r = p->dir < 0 ? make_parents(p->path, e) : 0;

	if (!r && p->dir < 0)
		r = open_place(p->path, p, e);
	if (r < 0)
		return r;
	if ((size_t)snprintf(aside, sizeof(aside), "%s.ringwall-new", p->name) >= sizeof(aside))
		return ringwall_fail(e, -ENAMETOOLONG, "'%.200s'", p->path);
	if (unlinkat(p->dir, aside, 0) < 0 && errno != ENOENT)
		return ringwall_fail(e, -errno, "remove '%s.ringwall-new'", p->path);
	fd = openat(p->dir, aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode & 0600);
	if (fd < 0)
		return ringwall_fail(e, -errno, "create '%s.ringwall-new'", p->path);
	r = ringwall_file_write_fd(fd, text, strlen(text));
	if (!r && (fchown(fd, st->st_uid, st->st_gid) < 0 || fchmod(fd, mode) < 0 || fsync(fd) < 0 ||
		   renameat(p->dir, aside, p->dir, p->name) < 0))
		r = -errno;
	if (r < 0)
		unlinkat(p->dir, aside, 0);
	return r < 0 ? ringwall_fail(e, r, "write '%s'", p->path) : 0;
}

static int apply(struct place *p, const struct ringwall_install *i, const struct stat *st, bool *ret_changed,
		 struct ringwall_err *e)
{
	if (i->ret && !strcmp(i->ret, i->text)) {
		*ret_changed = false;
		return 0;
	}
	*ret_changed = true;
	if (i->ret)
		return replace(p, i->ret, st, e);
	if (p->dir >= 0 && unlinkat(p->dir, p->name, 0) < 0 && errno != ENOENT)
		return ringwall_fail(e, -errno, "remove '%s'", p->path);
	*ret_changed = i->len != 0;
	return 0;
}

/* A file that is a link stays one: what it leads to is changed. */
static int install(const struct ringwall_caller *caller, const struct ringwall_install_options *o, const char *file,
		   char **ret_report, struct ringwall_err *e)
{
	_cleanup_free_ char *real = realpath(file, NULL), *text = NULL;
	struct ringwall_install i = { .o = o };
	const char *after = o->remove && caller->after_remove ? caller->after_remove : caller->after;
	_cleanup_(close_place) struct place p = { .dir = -1 };
	const char *path = real ?: file, *manager;
	bool changed = false;
	struct stat st;
	char *report;
	int r = open_place(path, &p, e);

	if (!r)
		r = read_file(&p, &text, &i.len, &st, e);
	if (r < 0)
		return r;
	i.text = text;
	r = caller->edit(&i, e);
	if (r < 0)
		r = ringwall_err_prepend(e, "%s", path);
	else
		r = apply(&p, &i, &st, &changed, e);
	free(i.ret);
	if (r < 0)
		return r;
	/* Who is not root runs a daemon of their own. */
	manager = !changed || !after ? "" : geteuid() ? "; now: systemctl --user " : "; now: systemctl ";
	if (asprintf(&report, "%s: %s%s%s%s%s", path, changed ? "changed" : "nothing to change", manager, *manager ? after : "",
		     i.note ? "; " : "", i.note ?: "") < 0)
		return ringwall_fail(e, -ENOMEM, "report");
	*ret_report = report;
	return 0;
}

int ringwall_install_runtime(const char *caller, const struct ringwall_install_options *options, char **ret_report,
			     struct ringwall_err *e)
{
	struct ringwall_install_options o = { .name = NULL };
	const struct ringwall_caller *c;
	char self[PATH_MAX];
	ssize_t n;
	int r = ringwall_options_copy(&o, sizeof(o), options, e);

	if (r < 0)
		return r;
	c = find(caller, e);
	if (!c)
		return -EINVAL;
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n < 0 && !o.path)
		return ringwall_fail(e, -errno, "find this program");
	self[n < 0 ? 0 : n] = '\0';
	o.path = o.path ?: self;
	o.name = o.name ?: "ringwall";
	r = check(c, &o, e);
	return r < 0 ? r : install(c, &o, o.file ?: c->file, ret_report, e);
}
