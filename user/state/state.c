// SPDX-License-Identifier: LGPL-2.1-or-later

/* The container's directory: making it, locking it, writing its files, taking it away. record.c has the contents. */

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../lib/file.h"
#include "record.h"

#define ID_MAX 1024
#define RECORD_MAX (4 << 20)
#define CONFIG_MAX (64 << 20)

/*
 * Every file that may lie in ROOT/ID. Deleting takes these names and no other: `--root /srv delete --force www`
 * must not empty a directory that was never ours.
 */
static const char *const files[] = {
	"config.json", "state.json", "start.sock", "config.json.tmp", "state.json.tmp", "policy.new", "resources.json",
	"places.json", "syscalls.filter", "notify/notify.sock", "notify",
};

int ringwall_id_check(const char *id, struct ringwall_err *e)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+.-";
	size_t n;

	if (!id || !*id)
		return ringwall_fail_plain(e, -EINVAL, "container ID cannot be empty");
	n = strspn(id, letters);
	if (id[n])
		return ringwall_fail_plain(e, -EINVAL, "invalid container ID '%.200s': allowed are A-Z a-z 0-9 _ + . -", id);
	if (n > ID_MAX)
		return ringwall_fail_plain(e, -EINVAL, "invalid container ID: longer than %d bytes", ID_MAX);
	if (!strcmp(id, ".") || !strcmp(id, ".."))
		return ringwall_fail_plain(e, -EINVAL, "invalid container ID '%s'", id);
	return 0;
}

/* ROOT/ID in @path. "/" is refused wherever a path is made: there `delete --force` would look at /etc and the like. */
static int container_path(const struct ringwall *rw, const char *id, char path[PATH_MAX], struct ringwall_err *e)
{
	int r, n;

	r = ringwall_id_check(id, e);
	if (r < 0)
		return r;
	if (!rw->root || !rw->root[strspn(rw->root, "/")])
		return ringwall_fail_plain(e, -EINVAL, "--root '%s': the root directory cannot hold container state",
					   rw->root ?: "");
	n = snprintf(path, PATH_MAX, "%s/%s", rw->root, id);
	if (n < 0 || n >= PATH_MAX)
		return ringwall_fail(e, -ENAMETOOLONG, "state directory of '%.100s'", id);
	return 0;
}

/*
 * ROOT and what is missing above it. Sticky when rootless: systemd-tmpfiles and the XDG specification spare sticky
 * entries of $XDG_RUNTIME_DIR when they clean up old files.
 */
static int make_root(const struct ringwall *rw, struct ringwall_err *e)
{
	char path[PATH_MAX];
	char *slash;

	if (snprintf(path, sizeof(path), "%s", rw->root) >= (int)sizeof(path))
		return ringwall_fail(e, -ENAMETOOLONG, "--root");
	for (slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return ringwall_fail(e, -errno, "make directory '%s'", path);
		*slash = '/';
	}
	if (mkdir(path, rw->rootless ? 01700 : 0700) < 0 && errno != EEXIST)
		return ringwall_fail(e, -errno, "make state directory '%s'", path);
	return 0;
}

static int make_directory(const struct ringwall *rw, const char *id, const char *path, struct ringwall_err *e)
{
	int r;

	/* ROOT is there on all but the host's first container. */
	if (!mkdir(path, 0700))
		return 0;
	if (errno == ENOENT) {
		r = make_root(rw, e);
		if (r < 0)
			return r;
		if (!mkdir(path, 0700))
			return 0;
	}
	if (errno == EEXIST)
		return ringwall_fail_plain(e, -EEXIST, "container with given ID already exists: %.100s", id);
	return ringwall_fail(e, -errno, "make container directory '%s'", path);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int lock_wait(int fd)
{
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

static int not_there(const char *id, struct ringwall_err *e)
{
	return ringwall_fail_plain(e, -ENOENT, "container does not exist: %.100s", id);
}

int ringwall_state_create(const struct ringwall *rw, const char *id, struct ringwall_state *ret, struct ringwall_err *e)
{
	struct ringwall_state s = {
		.dir_fd = -1, .bundle = "", .rootfs = "", .cgroup = "",
		.cgroup_manager = rw->cgroup_manager, .rootless = rw->rootless, .created = now_ns(),
	};
	char path[PATH_MAX];
	int r;

	r = container_path(rw, id, path, e);
	if (r < 0)
		return r;
	r = make_directory(rw, id, path, e);
	if (r < 0)
		return r;
	s.id = ringwall_arena_strndup(&s.arena, id, strlen(id));
	s.dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	/*
	 * Between mkdir and here a `delete --force` may take the directory away. Nothing is lost by not looking:
	 * saving into it then fails.
	 */
	r = !s.id ? -ENOMEM : s.dir_fd < 0 ? -errno : lock_wait(s.dir_fd);
	if (r < 0) {
		ringwall_fail(e, r, "open and lock '%s'", path);
		rmdir(path);
		ringwall_state_close(&s);
		return r;
	}
	s.locked = true;
	*ret = s;
	return 0;
}

/* Whether @path still is the directory behind @fd: 0 yes, -ENOENT. */
static int check_same(int fd, const char *path)
{
	struct stat a, b;

	if (fstat(fd, &a) < 0 || stat(path, &b) < 0)
		return -errno;
	return a.st_ino == b.st_ino && a.st_dev == b.st_dev ? 0 : -ENOENT;
}

/*
 * A whole file of the container's directory into @a. Regular files only: start.sock or a fifo of somebody else's
 * must not make a verb hang.
 */
static int read_file(struct ringwall_arena *a, int dir_fd, const char *name, size_t max, char **ret, size_t *ret_len)
{
	_cleanup_fd_ int fd = -1;
	struct stat st;
	char *text;
	size_t n = 0;

	fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > max)
		return -EINVAL;
	text = ringwall_arena_alloc(a, (size_t)st.st_size + 1);
	if (!text)
		return -ENOMEM;
	while (n < (size_t)st.st_size) {
		ssize_t m = read(fd, text + n, (size_t)st.st_size - n);

		if (m < 0 && errno == EINTR)
			continue;
		if (m < 0)
			return -errno;
		if (!m)
			break;
		n += (size_t)m;
	}
	*ret = text;
	*ret_len = n;
	return 0;
}

/*
 * A record that is missing or cut short means a creator that was killed (or is at work right now), and is no error:
 * there must be something to delete. One of a newer version is an error, for we do not know what it stands for.
 */
static int read_record(struct ringwall_state *s, struct ringwall_err *e)
{
	char *text;
	size_t len;
	int r;

	r = read_file(&s->arena, s->dir_fd, "state.json", RECORD_MAX, &text, &len);
	if (!r)
		r = ringwall_record_parse(s, text, len, e);
	if (!r)
		return 0;
	if (r == -ENOMEM || r == -EPROTONOSUPPORT || r == -EACCES || r == -EPERM)
		return r == -EPROTONOSUPPORT ? r : ringwall_fail(e, r, "read the record of '%.100s'", s->id);
	s->broken = true;
	s->pid = 0;
	s->slot = 0;
	s->bundle = s->rootfs = s->cgroup = "";
	s->scope = s->intel_rdt_clos = NULL;
	return 0;
}

static int open_container(const struct ringwall *rw, const char *id, bool lock, struct ringwall_state *s,
			  struct ringwall_err *e)
{
	char path[PATH_MAX];
	int r;

	r = container_path(rw, id, path, e);
	if (r < 0)
		return r;
	s->id = ringwall_arena_strndup(&s->arena, id, strlen(id));
	if (!s->id)
		return ringwall_fail(e, -ENOMEM, "open container '%.100s'", id);
	/* Once more when the directory was deleted and made anew under the same name while we waited for the lock. */
	for (;;) {
		s->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (s->dir_fd < 0)
			return errno == ENOENT || errno == ENOTDIR ? not_there(id, e) :
								     ringwall_fail(e, -errno, "open '%s'", path);
		r = lock ? lock_wait(s->dir_fd) : 0;
		if (r < 0)
			return ringwall_fail(e, r, "lock '%s'", path);
		s->locked = lock;
		r = read_record(s, e);
		/* A record that is there proves that the directory is: it goes last. */
		if (r < 0 || !s->broken || !check_same(s->dir_fd, path))
			return r;
		ringwall_fd_close(&s->dir_fd);
		s->broken = false;
	}
}

static int open_state(const struct ringwall *rw, const char *id, bool lock, struct ringwall_state *ret,
		      struct ringwall_err *e)
{
	struct ringwall_state s = { .dir_fd = -1, .loaded = true, .bundle = "", .rootfs = "", .cgroup = "" };
	int r;

	s.cgroup_manager = rw->cgroup_manager;
	s.rootless = rw->rootless;
	r = open_container(rw, id, lock, &s, e);
	if (r < 0)
		ringwall_state_close(&s);
	else
		*ret = s;
	return r;
}

int ringwall_state_load(const struct ringwall *rw, const char *id, struct ringwall_state *ret, struct ringwall_err *e)
{
	return open_state(rw, id, true, ret, e);
}

int ringwall_state_read(const struct ringwall *rw, const char *id, struct ringwall_state *ret, struct ringwall_err *e)
{
	return open_state(rw, id, false, ret, e);
}

void ringwall_state_unlock(struct ringwall_state *s)
{
	if (s->locked)
		flock(s->dir_fd, LOCK_UN);
	s->locked = false;
}

int ringwall_state_lock(struct ringwall_state *s, struct ringwall_err *e)
{
	int r;

	if (s->locked)
		return 0;
	r = lock_wait(s->dir_fd);
	if (r < 0)
		return ringwall_fail(e, r, "lock container '%.100s'", s->id);
	s->locked = true;
	/* Our own directory, not the one that has the name now. */
	if (faccessat(s->dir_fd, "state.json", F_OK, 0) < 0) {
		ringwall_state_unlock(s);
		return not_there(s->id, e);
	}
	return 0;
}

/*
 * fdatasync costs 0.2 ms on an SSD and nothing on a tmpfs, where it is a single empty call: cheaper than first
 * asking what file system this is.
 */
static int write_file(const struct ringwall_state *s, const char *name, int flags, const char *text, size_t len)
{
	_cleanup_fd_ int fd = openat(s->dir_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
	int r;

	if (fd < 0)
		return -errno;
	r = ringwall_file_write_fd(fd, text, len);
	if (!r && !s->ephemeral && fdatasync(fd) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(s->dir_fd, name, 0);
	return r;
}

/* A fixed name will do: the lock is ours, and a leftover of somebody killed is overwritten. */
static int replace_record(const struct ringwall_state *s, const char *text, size_t len)
{
	int r = write_file(s, "state.json.tmp", O_TRUNC, text, len);

	return !r && renameat(s->dir_fd, "state.json.tmp", s->dir_fd, "state.json") < 0 ? -errno : r;
}

int ringwall_state_save(struct ringwall_state *s, struct ringwall_err *e)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r;

	text = ringwall_record_format(s, &len);
	if (!text)
		return ringwall_fail(e, -ENOMEM, "write the record of '%.100s'", s->id);
	r = s->loaded || s->saved ? -EEXIST : write_file(s, "state.json", O_EXCL, text, len);
	if (r == -EEXIST)
		r = replace_record(s, text, len);
	/* -ENOENT: the directory itself is gone. */
	if (r < 0)
		return ringwall_fail(e, r, "write state.json of container '%.100s'", s->id);
	s->saved = true;
	return 0;
}

int ringwall_state_save_config(const struct ringwall_state *s, const char *text, size_t len, struct ringwall_err *e)
{
	int r;

	/* The first copy comes before the first record, whose presence says that it is whole: no rename needed. */
	r = write_file(s, "config.json", O_EXCL, text, len);
	if (r == -EEXIST) {
		r = write_file(s, "config.json.tmp", O_TRUNC, text, len);
		if (!r && renameat(s->dir_fd, "config.json.tmp", s->dir_fd, "config.json") < 0)
			r = -errno;
	}
	return r < 0 ? ringwall_fail(e, r, "write config.json of container '%.100s'", s->id) : 0;
}

int ringwall_state_load_config(const struct ringwall_state *s, struct ringwall_config *c, struct ringwall_err *e)
{
	struct ringwall_arena a = {};
	char *text;
	size_t len;
	int r;

	r = read_file(&a, s->dir_fd, "config.json", CONFIG_MAX, &text, &len);
	if (r < 0)
		ringwall_fail(e, r, "read config.json of container '%.100s'", s->id);
	else
		r = ringwall_config_parse(c, text, len, "config.json", e);
	ringwall_arena_free(&a);
	return r;
}

/* "policy-00001001.json": of each policy that the container has had */
static bool is_policy(const char *name)
{
	return !strncmp(name, "policy-", 7) && strspn(name + 7, "0123456789abcdef") == 8 && !strcmp(name + 15, ".json");
}

static bool is_ours(const char *name)
{
	if (is_policy(name))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (!strcmp(name, files[i]))
			return true;
	return false;
}

static DIR *open_contents(const struct ringwall_state *s)
{
	int fd = openat(s->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d)
		ringwall_fd_close(&fd);
	return d;
}

/* Without a record nothing but its contents says that the directory is a container's. */
static int check_contents(const struct ringwall_state *s, const char *path, struct ringwall_err *e)
{
	_cleanup_dir_ DIR *d = open_contents(s);
	struct dirent *entry;

	if (!d)
		return ringwall_fail(e, -errno, "read directory '%s'", path);
	while ((entry = readdir(d)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") && !is_ours(entry->d_name))
			return ringwall_fail_plain(e, -ENOTEMPTY, "'%s' is not a container's directory: it holds '%.100s'",
						   path, entry->d_name);
	return 0;
}

static void remove_policies(const struct ringwall_state *s)
{
	_cleanup_dir_ DIR *d = open_contents(s);
	struct dirent *entry;

	while (d && (entry = readdir(d)))
		if (is_policy(entry->d_name))
			unlinkat(s->dir_fd, entry->d_name, 0);
}

int ringwall_state_remove(struct ringwall_state *s, const struct ringwall *rw, struct ringwall_err *e)
{
	char path[PATH_MAX];
	int r;

	r = container_path(rw, s->id, path, e);
	if (!r && s->broken)
		r = check_contents(s, path, e);
	if (r < 0)
		return r;
	/* First what the common case has, which is a container that was started; the rest only if that was not all. */
	unlinkat(s->dir_fd, "config.json", 0);
	/* Only a record that was there says that @path is our directory and not a later container's of the same name. */
	if (unlinkat(s->dir_fd, "state.json", 0) < 0 && check_same(s->dir_fd, path) < 0)
		return 0;
	if (!rmdir(path) || errno == ENOENT)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		unlinkat(s->dir_fd, files[i], 0);
	unlinkat(s->dir_fd, "notify", AT_REMOVEDIR);
	remove_policies(s);
	if (rmdir(path) < 0 && errno != ENOENT)
		return ringwall_fail(e, -errno, "remove '%s'", path);
	return 0;
}

void ringwall_state_close(struct ringwall_state *s)
{
	/* By name, not by closing: a child cloned meanwhile shares the open file and would keep the lock with it. */
	ringwall_state_unlock(s);
	ringwall_fd_close(&s->dir_fd);
	ringwall_arena_free(&s->arena);
	s->id = NULL;
}
