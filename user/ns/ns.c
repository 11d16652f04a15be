// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ns.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/cleanup.h"

int ringwall_ns_open(const struct ringwall_config *c, struct ringwall_ns *ret, struct ringwall_err *e)
{
	struct ringwall_ns ns = { .own_time = -1 };
	int r = 0;

	for (int t = 0; t < RINGWALL_NS_COUNT; t++)
		ns.fds[t] = -1;
	for (int t = 0; t < RINGWALL_NS_COUNT && !r; t++) {
		if (!c->ns[t].path)
			continue;
		ns.fds[t] = open(c->ns[t].path, O_RDONLY | O_CLOEXEC);
		if (ns.fds[t] < 0)
			r = ringwall_fail(e, -errno, "linux.namespaces: %s namespace '%s'",
					  ringwall_namespace_name((enum ringwall_ns_type)t), c->ns[t].path);
		else if (ioctl(ns.fds[t], NS_GET_NSTYPE) != ringwall_namespace_flag((enum ringwall_ns_type)t))
			r = ringwall_fail_plain(e, -EINVAL, "linux.namespaces: '%s' is not a %s namespace", c->ns[t].path,
						ringwall_namespace_name((enum ringwall_ns_type)t));
	}
	if (r < 0)
		ringwall_ns_close(&ns);
	else
		*ret = ns;
	return r;
}

uint64_t ringwall_ns_clone_flags(const struct ringwall_config *c)
{
	uint64_t flags = 0;

	for (int t = 0; t < RINGWALL_NS_COUNT; t++)
		if (c->ns[t].set && !c->ns[t].path && t != RINGWALL_NS_CGROUP && t != RINGWALL_NS_TIME)
			flags |= (uint64_t)ringwall_namespace_flag((enum ringwall_ns_type)t);
	return flags;
}

bool ringwall_ns_stage(const struct ringwall_config *c)
{
	if (c->ns[RINGWALL_NS_PID].path)
		return true;
	if (!c->ns[RINGWALL_NS_USER].set)
		return false;
	for (int t = 0; t < RINGWALL_NS_COUNT; t++)
		if (c->ns[t].path)
			return true;
	return false;
}

/* Offsets can be written only while nobody is in the namespace: before the clone (time_namespaces(7)). */
static int time_offsets(const struct ringwall_config *c, struct ringwall_err *e)
{
	_cleanup_fd_ int fd = -1;
	char buf[160];
	int n = 0;

	if (c->monotonic.has)
		n += snprintf(buf + n, sizeof(buf) - (size_t)n, "monotonic %lld %u\n", (long long)c->monotonic.secs,
			      c->monotonic.nanosecs);
	if (c->boottime.has)
		n += snprintf(buf + n, sizeof(buf) - (size_t)n, "boottime %lld %u\n", (long long)c->boottime.secs,
			      c->boottime.nanosecs);
	if (!n)
		return 0;
	fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, buf, (size_t)n) < 0)
		return ringwall_fail(e, -errno, "linux.timeOffsets");
	return 0;
}

int ringwall_ns_leave(const struct ringwall_config *c, struct ringwall_ns *ns, struct ringwall_err *e)
{
	if (!c->ns[RINGWALL_NS_TIME].set || c->ns[RINGWALL_NS_TIME].path)
		return 0;
	ns->own_time = open("/proc/self/ns/time", O_RDONLY | O_CLOEXEC);
	if (ns->own_time < 0 || unshare(CLONE_NEWTIME) < 0)
		return ringwall_fail(e, -errno, "linux.namespaces: new time namespace");
	return time_offsets(c, e);
}

int ringwall_ns_return(struct ringwall_ns *ns, struct ringwall_err *e)
{
	int r = 0;

	if (ns->own_time >= 0 && setns(ns->own_time, CLONE_NEWTIME) < 0)
		r = ringwall_fail(e, -errno, "return to the runtime's own time namespace");
	ringwall_fd_close(&ns->own_time);
	return r;
}

static int join_one(const struct ringwall_ns *ns, int t, struct ringwall_err *e)
{
	if (setns(ns->fds[t], ringwall_namespace_flag((enum ringwall_ns_type)t)) == 0)
		return 0;
	return ringwall_fail(e, -errno, "linux.namespaces: join %s namespace",
			     ringwall_namespace_name((enum ringwall_ns_type)t));
}

int ringwall_ns_join(const struct ringwall_ns *ns, struct ringwall_err *e)
{
	bool has_user = ns->fds[RINGWALL_NS_USER] >= 0;
	bool todo[RINGWALL_NS_COUNT];

	for (int t = 0; t < RINGWALL_NS_COUNT; t++)
		todo[t] = ns->fds[t] >= 0 && t != RINGWALL_NS_USER;
	for (int t = 0; t < RINGWALL_NS_COUNT; t++) {
		int r = todo[t] ? join_one(ns, t, e) : 0;

		if (r == -EPERM && has_user)
			continue; /* owned by the user namespace: after it */
		if (r < 0)
			return r;
		todo[t] = false;
	}
	if (has_user) {
		int r = join_one(ns, RINGWALL_NS_USER, e);

		if (r < 0)
			return r;
	}
	for (int t = 0; t < RINGWALL_NS_COUNT; t++) {
		int r = todo[t] ? join_one(ns, t, e) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

int ringwall_ns_become_root(struct ringwall_err *e)
{
	/* Supplementary groups of the host's caller mean nothing here; where setgroups is denied they cannot go. */
	if (syscall(SYS_setgroups, 0, NULL) < 0 && errno != EPERM)
		return ringwall_fail(e, -errno, "setgroups");
	if (syscall(SYS_setresgid, 0, 0, 0) < 0)
		return ringwall_fail(e, -errno, "become group 0 of the user namespace (is 0 mapped in linux.gidMappings?)");
	if (syscall(SYS_setresuid, 0, 0, 0) < 0)
		return ringwall_fail(e, -errno, "become user 0 of the user namespace (is 0 mapped in linux.uidMappings?)");
	return 0;
}

void ringwall_ns_close(struct ringwall_ns *ns)
{
	for (int t = 0; t < RINGWALL_NS_COUNT; t++)
		ringwall_fd_close(&ns->fds[t]);
	ringwall_fd_close(&ns->own_time);
}
