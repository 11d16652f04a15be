// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/statfs.h>

#include "internal.h"

#define CGROUP_DIR "/sys/fs/cgroup"

int ringwall_cgroup_mount(const char **ret_path, struct ringwall_err *e)
{
	/* Only hybrid hosts come to use it; threads that race here write the same bytes. */
	static char hybrid[256];
	_cleanup_free_ char *text = NULL;
	struct statfs s;
	int r;

	if (statfs(CGROUP_DIR, &s) == 0 && s.f_type == CGROUP2_SUPER_MAGIC) {
		*ret_path = CGROUP_DIR;
		return 0;
	}
	r = ringwall_cgroup_file_slurp(AT_FDCWD, "/proc/self/mountinfo", &text, NULL);
	if (r < 0)
		return ringwall_fail(e, r, "cgroup: read /proc/self/mountinfo");
	r = ringwall_cgroup_mountinfo(text, hybrid, sizeof(hybrid));
	if (r < 0)
		return ringwall_fail_plain(
			e, r,
			"cgroup: no cgroup2 mount in /proc/self/mountinfo; on a host with cgroup v1 "
			"only, boot with systemd.unified_cgroup_hierarchy=1 or: mount -t cgroup2 none DIR");
	*ret_path = hybrid;
	return 0;
}

static void disable(struct ringwall_cgroup *cg)
{
	cg->manager = RINGWALL_CGROUP_DISABLED;
	cg->path[0] = cg->scope[0] = '\0';
	cg->fd = -1;
	cg->placeholder = 0;
	cg->fresh = false;
}

/* Apart, so that the usual start, with an absolute path, does not pay for this stack. */
__attribute__((noinline)) static int find_relative(const char *path, const char *id, struct ringwall_cgroup *cg,
						   struct ringwall_err *e)
{
	char text[2 * PATH_MAX], own[PATH_MAX];
	ssize_t n = ringwall_cgroup_file_read(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text));
	int r;

	if (n < 0)
		return ringwall_fail(e, (int)n, "cgroup: read /proc/self/cgroup");
	r = ringwall_cgroup_path_own(text, own, sizeof(own));
	if (r < 0)
		return ringwall_fail_plain(e, r, "cgroup: no cgroup2 line (\"0::/…\") in /proc/self/cgroup");
	return ringwall_cgroup_path_fs(path, own, id, cg->path, sizeof(cg->path));
}

static int find_path(const struct ringwall_config *c, const char *id, struct ringwall_cgroup *cg,
		     struct ringwall_err *e)
{
	const char *path = c->cgroups_path;
	int r;

	if (path && path[0] == '/')
		r = ringwall_cgroup_path_clean(path, cg->path, sizeof(cg->path));
	else
		r = find_relative(path, id, cg, e);
	if (r == -ENAMETOOLONG)
		return ringwall_fail(e, r, "linux.cgroupsPath: '%s'", path ?: id);
	if (r == 0 && !cg->path[0])
		return ringwall_fail_plain(e, -EINVAL,
					   "linux.cgroupsPath: '%s' is the root cgroup, which cannot hold a container",
					   path ?: id);
	return r;
}

static int create_fs(const struct ringwall *rw, const struct ringwall_config *c, const char *mount,
		     struct ringwall_cgroup *cg, struct ringwall_err *e)
{
	unsigned int needed = ringwall_resources_controllers(&c->resources);
	int r = ringwall_cgroupfs_create(cg, mount, needed, e);

	/*
	 * Without root and without a delegated cgroup there is nowhere to make one. As with runc that is an error
	 * only for who asked for a path or for limits.
	 */
	if ((r == -EACCES || r == -EPERM || r == -EROFS) && rw->rootless && !c->cgroups_path) {
		if (needed)
			return ringwall_err_prepend(
				e, "linux.resources: limits need a cgroup that this user may write to");
		disable(cg);
		return 0;
	}
	return r;
}

static int find_unit(const struct ringwall *rw, const struct ringwall_config *c, const char *id,
		     struct ringwall_cgroup *cg, struct ringwall_err *e)
{
	struct ringwall_cgroup_unit unit;
	char slice[PATH_MAX];
	int r = ringwall_cgroup_unit_parse(c->cgroups_path, id, rw->rootless, &unit, e);

	if (!r)
		r = ringwall_cgroup_slice_expand(unit.slice, slice, sizeof(slice));
	if (r < 0)
		return r;
	/* Rootless, what systemd answers later is below the user's own manager: path is then known only from it. */
	if ((size_t)snprintf(cg->path, sizeof(cg->path), "%s/%s", slice, unit.name) >= sizeof(cg->path))
		return ringwall_fail(e, -ENAMETOOLONG, "linux.cgroupsPath");
	memcpy(cg->scope, unit.name, sizeof(cg->scope));
	return 0;
}

int ringwall_cgroup_locate(const struct ringwall *rw, const struct ringwall_config *c, const char *id,
			   struct ringwall_cgroup *ret, struct ringwall_err *e)
{
	disable(ret);
	ret->rootless = rw->rootless;
	if (rw->cgroup_manager == RINGWALL_CGROUP_DISABLED)
		return 0;
	ret->manager = rw->cgroup_manager;
	return ret->manager == RINGWALL_CGROUP_SYSTEMD ? find_unit(rw, c, id, ret, e) : find_path(c, id, ret, e);
}

/* On failure nothing that was made is left. */
static int make(const struct ringwall *rw, const struct ringwall_config *c, const char *id, uid_t userns_uid,
		struct ringwall_cgroup *cg, struct ringwall_err *e)
{
	const char *mount;
	int r = ringwall_cgroup_mount(&mount, e);

	if (r < 0)
		return r;
	if (cg->manager == RINGWALL_CGROUP_SYSTEMD)
		r = ringwall_systemd_create(cg, c, mount, id, e);
	else
		r = create_fs(rw, c, mount, cg, e);
	if (r < 0 || userns_uid == (uid_t)-1 || cg->fd < 0)
		return r;
	r = ringwall_cgroupfs_delegate(cg, userns_uid, e);
	if (r < 0) {
		ringwall_cgroup_placed(cg);
		ringwall_cgroup_remove(cg, NULL);
		ringwall_cgroup_close(cg);
	}
	return r;
}

int ringwall_cgroup_create_at(const struct ringwall *rw, const struct ringwall_config *c, const char *id,
			      uid_t userns_uid, struct ringwall_cgroup *cg, struct ringwall_err *e)
{
	int r;

	if (cg->manager == RINGWALL_CGROUP_DISABLED)
		return 0;
	r = make(rw, c, id, userns_uid, cg, e);
	/* What bears the name now is somebody else's: cleaning up after the failure must not come across it. */
	if (r < 0)
		disable(cg);
	return r;
}

void ringwall_cgroup_placed(struct ringwall_cgroup *cg)
{
	if (cg->placeholder)
		ringwall_systemd_placed(cg);
}

int ringwall_cgroup_attach(struct ringwall_cgroup *cg, pid_t pid, struct ringwall_err *e)
{
	char text[16];
	int n, r;

	if (cg->fd < 0)
		return 0;
	n = snprintf(text, sizeof(text), "%d", pid);
	r = ringwall_cgroup_file_write(cg->fd, "cgroup.procs", text, (size_t)n);
	/* Moving needs write access to the common ancestor too; systemd has it where its user has not. */
	if ((r == -EACCES || r == -EPERM) && cg->manager == RINGWALL_CGROUP_SYSTEMD)
		return ringwall_systemd_attach(cg, pid, e);
	if (r < 0)
		return ringwall_fail(e, r, "cgroup '%s': move process %d in", cg->path, pid);
	return 0;
}

int ringwall_cgroup_open(enum ringwall_cgroup_manager manager, const char *path, const char *scope, bool rootless,
			 struct ringwall_cgroup *ret, struct ringwall_err *e)
{
	char full[PATH_MAX + 256];
	struct ringwall_cgroup cg;
	const char *mount;
	int r;

	disable(&cg);
	cg.rootless = rootless;
	if (manager == RINGWALL_CGROUP_DISABLED || !path || !*path) {
		*ret = cg;
		return 0;
	}
	r = ringwall_cgroup_mount(&mount, e);
	if (r < 0)
		return r;
	cg.manager = manager;
	if (snprintf(cg.path, sizeof(cg.path), "%s", path) >= (int)sizeof(cg.path) ||
	    snprintf(cg.scope, sizeof(cg.scope), "%s", scope ?: "") >= (int)sizeof(cg.scope) ||
	    snprintf(full, sizeof(full), "%s%s", mount, path) >= (int)sizeof(full))
		return ringwall_fail(e, -ENAMETOOLONG, "cgroup '%s'", path);
	cg.fd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cg.fd < 0)
		r = ringwall_fail(e, -errno, "cgroup: open '%s'", full);
	/* systemd removes an empty cgroup by itself, but keeps a failed unit, for ringwall_cgroup_remove() to clear. */
	if (r == 0 || (r == -ENOENT && cg.scope[0]))
		*ret = cg;
	return r;
}

int ringwall_cgroup_apply(struct ringwall_cgroup *cg, const struct ringwall_resources *r, struct ringwall_err *e)
{
	struct ringwall_resources full;
	bool fresh = cg->fresh;
	int ret;

	if (!r->set)
		return 0;
	if (cg->fd < 0) {
		if (!ringwall_resources_controllers(r))
			return 0;
		return ringwall_fail_plain(e, -EOPNOTSUPP,
					   "linux.resources: limits are asked for, but cgroups are disabled");
	}
	ret = ringwall_resources_check(cg, r, e);
	if (ret < 0)
		return ret;
	full = *r;
	ringwall_resources_complete(cg, &full);
	/* A scope that was just started has them already. */
	cg->fresh = false;
	if (cg->manager == RINGWALL_CGROUP_SYSTEMD && !fresh) {
		ret = ringwall_systemd_update(cg, &full, e);
		if (ret < 0)
			return ret;
	}
	return ringwall_resources_apply(cg, &full, e);
}

int ringwall_cgroup_wait_empty(struct ringwall_cgroup *cg, int timeout_ms)
{
	int r;

	if (cg->fd < 0)
		return 0;
	r = ringwall_cgroup_event_wait(cg->fd, "populated", false, timeout_ms);
	/* A removed cgroup is an empty one. */
	return r == -ENODEV || r == -ENOENT ? 0 : r;
}

int ringwall_cgroup_remove(struct ringwall_cgroup *cg, struct ringwall_err *e)
{
	if (cg->manager == RINGWALL_CGROUP_SYSTEMD && cg->scope[0])
		return ringwall_systemd_remove(cg, e);
	return cg->fd < 0 ? 0 : ringwall_cgroupfs_remove(cg, e);
}

int ringwall_cgroup_oom_fd(struct ringwall_cgroup *cg, int *ret_fd, struct ringwall_err *e)
{
	_cleanup_fd_ int fd = -1;
	char path[64];

	if (cg->fd < 0)
		return ringwall_fail_plain(e, -EOPNOTSUPP,
					   "cgroups are disabled for this container: there are no OOM events");
	fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (fd < 0)
		return ringwall_fail(e, -errno, "inotify_init1");
	snprintf(path, sizeof(path), "/proc/self/fd/%d/memory.events", cg->fd);
	if (inotify_add_watch(fd, path, IN_MODIFY) < 0) {
		if (errno == ENOENT)
			return ringwall_cgroupfs_missing(cg, RINGWALL_CONTROLLER_MEMORY, "OOM events", e);
		return ringwall_fail(e, -errno, "cgroup '%s': watch memory.events", cg->path);
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int ringwall_cgroup_oom_count(struct ringwall_cgroup *cg, uint64_t *ret, struct ringwall_err *e)
{
	char buf[512];
	ssize_t n;
	int r;

	if (cg->fd < 0)
		return ringwall_fail_plain(e, -EOPNOTSUPP,
					   "cgroups are disabled for this container: there are no OOM events");
	n = ringwall_cgroup_file_read(cg->fd, "memory.events", buf, sizeof(buf));
	r = n < 0 ? (int)n : ringwall_cgroup_key(buf, "oom_kill", ret);
	return r < 0 ? ringwall_fail(e, r, "cgroup '%s': memory.events", cg->path) : 0;
}

void ringwall_cgroup_close(struct ringwall_cgroup *cg)
{
	if (!cg)
		return;
	ringwall_cgroup_placed(cg);
	ringwall_fd_close(&cg->fd);
}
