// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "../lib/pids.h"
#include "internal.h"

/* Every level holds two descriptors open. Deeper nesting is refused here; freezing and killing have no such bound. */
#define MAX_DEPTH 200

static int read_procs(int dir, struct ringwall_pids *p)
{
	_cleanup_free_ char *text = NULL;
	char *s, *end;
	int r = ringwall_cgroup_file_slurp(dir, "cgroup.procs", &text, NULL);

	/* In a threaded cgroup it cannot be read: the processes are listed where its threaded tree begins. */
	if (r == -EOPNOTSUPP || r == -ENODEV || r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	for (s = text; *s; s = end + 1) {
		long pid = strtol(s, &end, 10);

		if (end == s)
			return -EBADMSG;
		/* 0: a process that this pid namespace cannot see. */
		r = pid ? ringwall_pids_add(p, (pid_t)pid) : 0;
		if (r < 0)
			return r;
		if (*end != '\n')
			break;
	}
	return 0;
}

/* Takes @fd over. */
static int walk(int fd, int depth, struct ringwall_pids *p)
{
	_cleanup_dir_ DIR *d = NULL;
	struct dirent *ent;
	int r, sub;

	r = depth < MAX_DEPTH ? read_procs(fd, p) : -ELOOP;
	if (r == 0 && !(d = fdopendir(fd)))
		r = -ENOMEM;
	if (!d) {
		close(fd);
		return r;
	}
	while (r == 0 && (ent = readdir(d))) {
		if (ent->d_type != DT_DIR || ent->d_name[0] == '.')
			continue;
		sub = openat(fd, ent->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (sub < 0 && errno != ENOENT)
			return -errno;
		if (sub >= 0)
			r = walk(sub, depth + 1, p);
	}
	return r;
}

int ringwall_cgroup_pids(struct ringwall_cgroup *cg, pid_t **ret, size_t *ret_n, struct ringwall_err *e)
{
	struct ringwall_pids p = { 0 };
	int r, fd;

	if (cg->fd < 0)
		return ringwall_fail_plain(e, -EOPNOTSUPP,
					   "cgroups are disabled for this container: its processes cannot be listed");
	fd = openat(cg->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = fd < 0 ? -errno : walk(fd, 0, &p);
	/* A cgroup that is gone has no processes. */
	if (r < 0 && r != -ENOENT) {
		free(p.v);
		return ringwall_fail(e, r, "cgroup '%s': list processes", cg->path);
	}
	*ret = p.v;
	*ret_n = p.n;
	return 0;
}

/* Frozen, no process of it can fork away or make room for another one with the same pid meanwhile. */
static int signal_all(struct ringwall_cgroup *cg, int sig, struct ringwall_err *e)
{
	_cleanup_free_ pid_t *pids = NULL;
	size_t n = 0;
	int r = ringwall_cgroup_pids(cg, &pids, &n, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		if (kill(pids[i], sig) < 0 && errno != ESRCH)
			r = ringwall_fail(e, -errno, "cgroup '%s': send signal %d to process %d", cg->path, sig,
					  pids[i]);
	return r;
}

int ringwall_cgroup_signal(struct ringwall_cgroup *cg, int sig, struct ringwall_err *e)
{
	bool frozen, freeze;
	int r;

	if (cg->fd < 0)
		return ringwall_fail_plain(e, -EOPNOTSUPP,
					   "cgroups are disabled for this container: only its init can be signalled");
	if (sig == SIGKILL)
		return ringwall_cgroup_kill(cg, e);
	frozen = ringwall_cgroup_frozen(cg);
	/* A freezer that does not get there (a task in state D) must not keep the signal from the others. */
	freeze = !frozen && ringwall_cgroup_freeze(cg, true, NULL) != -EOPNOTSUPP;
	r = signal_all(cg, sig, e);
	if (freeze)
		(void)ringwall_cgroup_freeze(cg, false, NULL);
	return r;
}

int ringwall_cgroup_kill(struct ringwall_cgroup *cg, struct ringwall_err *e)
{
	int r;

	if (cg->fd < 0)
		return ringwall_fail_plain(e, -EOPNOTSUPP,
					   "cgroups are disabled for this container: only its init can be killed");
	r = ringwall_cgroup_file_write(cg->fd, "cgroup.kill", "1", 1);
	/* Gone, so is everybody in it. ENOENT is that or a kernel before 5.14, where the loop below finds out. */
	if (r == 0 || r == -ENODEV)
		return 0;
	if (r != -ENOENT && r != -EOPNOTSUPP)
		return ringwall_fail(e, r, "cgroup '%s': write cgroup.kill", cg->path);
	(void)ringwall_cgroup_freeze(cg, true, NULL);
	r = signal_all(cg, SIGKILL, e);
	(void)ringwall_cgroup_freeze(cg, false, NULL);
	return r;
}
