// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "container.h"

/*
 * What an update may change, in an order in which old values can be written back one by one. io.max and the hugetlb
 * and rdma files are not here: they hold a list, and writing an old list back would not undo an added line.
 */
static const char *const limits[] = {
	"memory.max", "memory.swap.max", "memory.high",	     "memory.low", "cpu.max.burst", "cpu.max",
	"cpu.idle",   "cpu.weight",	 "cpuset.cpus", "cpuset.mems", "pids.max",	   "io.bfq.weight",
	"io.weight",
};

/* Limits as they were; len -1: the file is not there, so neither was it changed. */
struct snapshot {
	struct {
		char text[512];
		ssize_t len;
	} file[ARRAY_SIZE(limits)];
};

static ssize_t read_limit(int cgroup, const char *name, char *text, size_t size)
{
	_cleanup_fd_ int fd = openat(cgroup, name, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -1 : read(fd, text, size);
}

static void snapshot_take(struct snapshot *s, int cgroup)
{
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		s->file[i].len = read_limit(cgroup, limits[i], s->file[i].text, sizeof(s->file[i].text));
}

/* As far as it goes: the error that made it necessary is the one to report. */
static void snapshot_restore(const struct snapshot *s, int cgroup)
{
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		_cleanup_fd_ int fd = -1;
		char now[sizeof(s->file[i].text)];
		ssize_t n = read_limit(cgroup, limits[i], now, sizeof(now));

		if (s->file[i].len < 0 || (n == s->file[i].len && !memcmp(now, s->file[i].text, (size_t)n)))
			continue;
		fd = openat(cgroup, limits[i], O_WRONLY | O_CLOEXEC);
		if (fd >= 0 && write(fd, s->file[i].text, (size_t)s->file[i].len) < 0)
			continue;
	}
}

/*
 * Limits first and the device policy, one atomic word, last: when either is refused everything is as it was.
 * A device list is taken over only where a policy is in force; rootless and without cgroups there is none, as with runc.
 */
static int apply(const struct ringwall_state *s, const struct ringwall_resources *r, const char *json, size_t len,
		 struct ringwall_err *e)
{
	_cleanup_(ringwall_cgroup_close) struct ringwall_cgroup cg = { .fd = -1 };
	struct snapshot before;
	int ret;

	ret = ringwall_container_cgroup(s, &cg, e);
	if (ret < 0)
		return ret;
	snapshot_take(&before, cg.fd);
	ret = ringwall_cgroup_apply(&cg, r, e);
	if (!ret && r->n_devices && s->slot)
		ret = ringwall_container_policy_devices(s, cg.fd, r, json, len, e);
	if (ret < 0 && cg.fd >= 0)
		snapshot_restore(&before, cg.fd);
	return ret;
}

int ringwall_update(struct ringwall *rw, const char *id, const char *json, size_t len, struct ringwall_err *e)
{
	_cleanup_(ringwall_config_free) struct ringwall_config c = {};
	_cleanup_(ringwall_state_close) struct ringwall_state s = { .dir_fd = -1 };
	enum ringwall_status status;
	int r;

	r = ringwall_resources_parse(&c, json, len, "resources", e);
	if (r < 0)
		return r;
	r = ringwall_state_load(rw, id, &s, e);
	if (r < 0)
		return r;
	status = ringwall_state_status(&s);
	if (status == RINGWALL_STOPPED || status == RINGWALL_CREATING)
		return ringwall_fail_plain(e, -ESRCH, "container not running");
	return apply(&s, &c.resources, json, len, e);
}
