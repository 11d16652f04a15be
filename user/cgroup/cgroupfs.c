// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Cgroups made by hand. cgroupfs has no symbolic links and v2 has no rename, so a cleaned path below the mount
 * means one directory; that is what lets the common start be mkdir, open and one read.
 */
#include <fcntl.h>
#include <string.h>

#include "internal.h"

/* What an emptied cgroup may need until its last tasks are gone. */
#define REMOVE_TIMEOUT_MS 10000

static const char *const controllers[] = {
	[RINGWALL_CONTROLLER_CPU] = "cpu",   [RINGWALL_CONTROLLER_CPUSET] = "cpuset",
	[RINGWALL_CONTROLLER_IO] = "io",     [RINGWALL_CONTROLLER_MEMORY] = "memory",
	[RINGWALL_CONTROLLER_PIDS] = "pids", [RINGWALL_CONTROLLER_HUGETLB] = "hugetlb",
	[RINGWALL_CONTROLLER_RDMA] = "rdma", [RINGWALL_CONTROLLER_MISC] = "misc",
};

#define BIT(controller) (1u << RINGWALL_CONTROLLER_##controller)
#define ALL_CONTROLLERS ((1u << RINGWALL_CONTROLLER_COUNT) - 1)
/* Every distribution's kernel has these: a cgroup that has them all had its path prepared before. */
#define USUAL_CONTROLLERS (BIT(CPU) | BIT(CPUSET) | BIT(IO) | BIT(MEMORY) | BIT(PIDS))
/* The rest cannot be had in a threaded cgroup (cgroups(7)). */
#define THREADED_CONTROLLERS (BIT(CPU) | BIT(CPUSET) | BIT(PIDS))

const char *ringwall_controller_name(unsigned int index)
{
	return index < ARRAY_SIZE(controllers) ? controllers[index] : NULL;
}

unsigned int ringwall_controller_mask(const char *text)
{
	unsigned int mask = 0;
	size_t n;

	for (const char *p = text; *p; p += n + !!p[n]) {
		n = strcspn(p, " \n");
		for (unsigned int i = 0; i < ARRAY_SIZE(controllers); i++)
			if (strlen(controllers[i]) == n && !memcmp(p, controllers[i], n))
				mask |= 1u << i;
	}
	return mask;
}

static unsigned int read_mask(int dir, const char *name)
{
	char text[256];

	return ringwall_cgroup_file_read(dir, name, text, sizeof(text)) < 0 ? 0 : ringwall_controller_mask(text);
}

static int write_mask(int dir, unsigned int mask)
{
	char text[128] = "";
	size_t len = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(controllers); i++)
		if (mask & (1u << i))
			len += (size_t)snprintf(text + len, sizeof(text) - len, "+%s ", controllers[i]);
	return ringwall_cgroup_file_write(dir, "cgroup.subtree_control", text, len);
}

/*
 * Hand @want down from one ancestor to its children. All at once: where the ancestor has processes the kernel refuses
 * that, and must not be asked again for the threaded controllers alone, since it would grant those and by this make
 * all children of the ancestor invalid domains.
 */
static int enable_level(int dir, unsigned int want)
{
	int r = write_mask(dir, want);

	if (r == 0 || r == -EBUSY || r == -EOPNOTSUPP || r == -EACCES || r == -EROFS)
		return r;
	for (unsigned int i = 0; i < ARRAY_SIZE(controllers); i++)
		if (want & (1u << i))
			(void)write_mask(dir, 1u << i);
	return 0;
}

/*
 * From the top down to the parent of @full; @mount_len bytes of it are the mount. Returns the first refusal.
 * Not inlined: its path would be on the stack of every start.
 */
__attribute__((noinline)) static int enable_path(const char *full, size_t mount_len, unsigned int have)
{
	char path[PATH_MAX + 256];
	size_t len = mount_len;
	unsigned int want;
	int r, ret = 0;

	while (full[len]) {
		_cleanup_fd_ int dir = -1;

		memcpy(path, full, len);
		strcpy(path + len, "/cgroup.controllers");
		want = read_mask(AT_FDCWD, path) & ~have;
		if (!want)
			break;
		path[len] = '\0';
		dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		r = dir < 0 ? -errno : enable_level(dir, want);
		if (!ret)
			ret = r;
		len += 1 + strcspn(full + len + 1, "/");
	}
	return ret;
}

/* A child of a cgroup that became a thread root can only be threaded, and then has no domain controllers. */
static int settle_type(struct ringwall_cgroup *cg, unsigned int needed, struct ringwall_err *e)
{
	char type[32];

	if (ringwall_cgroup_file_read(cg->fd, "cgroup.type", type, sizeof(type)) < 0 ||
	    strcmp(type, "domain invalid\n"))
		return 0;
	if (needed & ~THREADED_CONTROLLERS)
		return ringwall_fail_plain(e, -EOPNOTSUPP,
					   "cgroup '%s': its parent has processes and threaded children, so "
					   "memory, io, hugetlb and rdma limits are not possible here",
					   cg->path);
	(void)ringwall_cgroup_file_write(cg->fd, "cgroup.type", "threaded", 8);
	return 0;
}

static int prepare(struct ringwall_cgroup *cg, const char *full, size_t mount_len, unsigned int needed,
		   struct ringwall_err *e)
{
	unsigned int have = read_mask(cg->fd, "cgroup.controllers");
	int r;

	if (!((USUAL_CONTROLLERS | needed) & ~have))
		return 0;
	r = enable_path(full, mount_len, have);
	return r == -EBUSY || r == -EOPNOTSUPP ? settle_type(cg, needed, e) : 0;
}

void ringwall_cgroupfs_enable(struct ringwall_cgroup *cg, const char *mount, unsigned int needed)
{
	char full[PATH_MAX + 256];

	if (snprintf(full, sizeof(full), "%s%s", mount, cg->path) < (int)sizeof(full))
		(void)prepare(cg, full, strlen(mount), needed, NULL);
}

/*
 * mkdir, parents only when they turn out to be missing.
 * @made: length of the shortest directory that was made, also when that was not enough; 0 when none was
 */
static int make_path(char *full, size_t mount_len, size_t *made)
{
	size_t len = mount_len;
	int r = 0;

	*made = 0;
	if (mkdir(full, 0755) == 0) {
		*made = strlen(full);
		return 0;
	}
	if (errno != ENOENT)
		return errno == EEXIST ? 0 : -errno;
	while (full[len] && r == 0) {
		char saved;

		len += 1 + strcspn(full + len + 1, "/");
		saved = full[len];
		full[len] = '\0';
		if (mkdir(full, 0755) == 0)
			*made = *made ?: len;
		else if (errno != EEXIST)
			r = -errno;
		full[len] = saved;
	}
	return r;
}

/* From the leaf up; what others use by now stays. */
static void unmake_path(char *full, size_t made)
{
	size_t len = strlen(full);

	while (made && len >= made) {
		(void)rmdir(full);
		while (len && full[--len] != '/')
			;
		full[len] = '\0';
	}
}

/* A cgroup that was there before is taken over only when nobody is in it. */
static int check_unused(const struct ringwall_cgroup *cg, struct ringwall_err *e)
{
	bool populated, frozen;
	int r = ringwall_cgroup_events(cg->fd, &populated, &frozen);

	if (r < 0)
		return ringwall_fail(e, r, "cgroup '%s': cgroup.events", cg->path);
	if (populated)
		return ringwall_fail_plain(e, -EEXIST, "cgroup '%s' exists and has processes in it", cg->path);
	if (frozen)
		return ringwall_fail_plain(e, -EEXIST, "cgroup '%s' exists and is frozen", cg->path);
	return 0;
}

int ringwall_cgroupfs_create(struct ringwall_cgroup *cg, const char *mount, unsigned int needed, struct ringwall_err *e)
{
	char full[PATH_MAX + 256];
	size_t made, mount_len = strlen(mount);
	int r;

	if (snprintf(full, sizeof(full), "%s%s", mount, cg->path) >= PATH_MAX)
		return ringwall_fail(e, -ENAMETOOLONG, "cgroup '%s'", cg->path);
	r = make_path(full, mount_len, &made);
	if (r < 0)
		r = ringwall_fail(e, r, "cgroup: create '%s'", full);
	else if ((cg->fd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		r = ringwall_fail(e, -errno, "cgroup: open '%s'", full);
	else if (!made)
		r = check_unused(cg, e);
	if (r == 0)
		r = prepare(cg, full, mount_len, needed, e);
	if (r < 0) {
		ringwall_fd_close(&cg->fd);
		unmake_path(full, made);
	}
	return r;
}

/* The directory and the files that the kernel names: who owns these manages the subtree (cgroups(7), delegation). */
int ringwall_cgroupfs_delegate(struct ringwall_cgroup *cg, uid_t uid, struct ringwall_err *e)
{
	char text[1024] = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n", *save, *name;

	(void)ringwall_cgroup_file_read(AT_FDCWD, "/sys/kernel/cgroup/delegate", text, sizeof(text));
	if (fchown(cg->fd, uid, (gid_t)-1) < 0)
		return ringwall_fail(e, -errno, "cgroup '%s': give to uid %u", cg->path, uid);
	for (name = strtok_r(text, "\n", &save); name; name = strtok_r(NULL, "\n", &save)) {
		/* The list is of all controllers, the directory has the files of the enabled ones. */
		if (fchownat(cg->fd, name, uid, (gid_t)-1, 0) < 0 && errno != ENOENT)
			return ringwall_fail(e, -errno, "cgroup '%s': give %s to uid %u", cg->path, name, uid);
	}
	return 0;
}

/*
 * Try to remove the children of @dir. 1 when the one named @ret_busy could not be and is to be entered first,
 * 0 when none is left.
 */
static int remove_children(int dir, char *ret_busy, size_t size)
{
	_cleanup_dir_ DIR *d = NULL;
	struct dirent *ent;
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	d = fdopendir(fd);
	if (!d) {
		close(fd);
		return -ENOMEM;
	}
	while ((ent = readdir(d))) {
		if (ent->d_type != DT_DIR || !strcmp(ent->d_name, ".") || !strcmp(ent->d_name, ".."))
			continue;
		if (unlinkat(dir, ent->d_name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			continue;
		if (errno != EBUSY)
			return -errno;
		snprintf(ret_busy, size, "%s", ent->d_name);
		return 1;
	}
	return 0;
}

/*
 * Remove everything below @top. The container chose how deep that is, so no recursion and never more than two
 * descriptors: down into the first child that is busy, up again by "..", where it is then found empty.
 */
static int remove_below(int top, int timeout_ms)
{
	_cleanup_fd_ int below = -1;
	size_t depth = 0;
	char busy[PATH_MAX]; /* cgroupfs has no NAME_MAX */
	int r, next;

	for (;;) {
		int dir = below < 0 ? top : below;

		r = remove_children(dir, busy, sizeof(busy));
		if (r < 0)
			return r;
		if (r == 0) {
			/* Without children: busy for as long as tasks are in it. */
			r = ringwall_cgroup_event_wait(dir, "populated", false, timeout_ms);
			if (r < 0 && r != -ENODEV && r != -ENOENT)
				return r;
			if (depth == 0)
				return 0;
		}
		next = openat(dir, r > 0 ? busy : "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (next < 0 && errno == ENOENT)
			continue;
		if (next < 0)
			return -errno;
		depth += r > 0 ? 1 : -1ul;
		ringwall_fd_close(&below);
		below = next;
	}
}

/* "12 (sh), 40 (sleep)": the first few, for the message. */
static void name_processes(struct ringwall_cgroup *cg, char *ret, size_t size)
{
	_cleanup_free_ pid_t *pids = NULL;
	size_t n = 0, len = 0;
	char path[64], comm[64];
	ssize_t got;

	ret[0] = '\0';
	if (ringwall_cgroup_pids(cg, &pids, &n, NULL) < 0)
		return;
	for (size_t i = 0; i < n && i < 4 && len < size; i++) {
		snprintf(path, sizeof(path), "/proc/%d/comm", pids[i]);
		got = ringwall_cgroup_file_read(AT_FDCWD, path, comm, sizeof(comm));
		comm[got > 0 ? got - 1 : 0] = '\0';
		len += (size_t)snprintf(ret + len, size - len, "%s%d (%s)", i ? ", " : "", pids[i], comm);
	}
	if (n > 4 && len < size)
		snprintf(ret + len, size - len, " and %zu more", n - 4);
}

int ringwall_cgroupfs_remove(struct ringwall_cgroup *cg, struct ringwall_err *e)
{
	/* By way of "..", so that neither the mount nor the path need to be found again. */
	const char *base = strrchr(cg->path, '/');
	char name[PATH_MAX], who[256];
	int r = 0;

	if (!base || snprintf(name, sizeof(name), "../%s", base + 1) >= (int)sizeof(name))
		return ringwall_fail(e, -EINVAL, "cgroup: remove '%s'", cg->path);
	for (int tries = 0; tries < 5; tries++) {
		if (unlinkat(cg->fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
		r = -errno;
		if (r != -EBUSY)
			break;
		r = remove_below(cg->fd, REMOVE_TIMEOUT_MS);
		if (r < 0)
			break;
	}
	if (r != -ETIMEDOUT && r < 0)
		return ringwall_fail(e, r, "cgroup: remove '%s'", cg->path);
	name_processes(cg, who, sizeof(who));
	return ringwall_fail_plain(e, -EBUSY, "cgroup: remove '%s': processes are still in it: %s", cg->path, who);
}

int ringwall_cgroupfs_missing(const struct ringwall_cgroup *cg, enum ringwall_controller controller, const char *field,
			      struct ringwall_err *e)
{
	const char *name = controllers[controller], *mount;
	_cleanup_fd_ int top = -1;

	if (ringwall_cgroup_mount(&mount, e) < 0)
		return ringwall_err_prepend(e, "%s", field);
	top = open(mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (!(read_mask(top, "cgroup.controllers") & (1u << controller)))
		return ringwall_fail_plain(e, -EOPNOTSUPP,
					   "%s: the %s controller is not available in cgroup v2 "
					   "(mounted as cgroup v1 on this host?)",
					   field, name);
	if (!(read_mask(cg->fd, "cgroup.controllers") & (1u << controller)))
		return ringwall_fail_plain(e, -EOPNOTSUPP,
					   "%s: the %s controller is not enabled down to cgroup '%s': a cgroup "
					   "above it has processes of its own or is not delegated",
					   field, name, cg->path);
	return ringwall_fail_plain(e, -EOPNOTSUPP, "%s: the kernel's %s controller does not offer this here", field,
				   name);
}
