// SPDX-License-Identifier: LGPL-2.1-or-later
#include "attr.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/cleanup.h"

static const char *const limit_names[] = {
	[RLIMIT_AS] = "RLIMIT_AS",
	[RLIMIT_CORE] = "RLIMIT_CORE",
	[RLIMIT_CPU] = "RLIMIT_CPU",
	[RLIMIT_DATA] = "RLIMIT_DATA",
	[RLIMIT_FSIZE] = "RLIMIT_FSIZE",
	[RLIMIT_LOCKS] = "RLIMIT_LOCKS",
	[RLIMIT_MEMLOCK] = "RLIMIT_MEMLOCK",
	[RLIMIT_MSGQUEUE] = "RLIMIT_MSGQUEUE",
	[RLIMIT_NICE] = "RLIMIT_NICE",
	[RLIMIT_NOFILE] = "RLIMIT_NOFILE",
	[RLIMIT_NPROC] = "RLIMIT_NPROC",
	[RLIMIT_RSS] = "RLIMIT_RSS",
	[RLIMIT_RTPRIO] = "RLIMIT_RTPRIO",
	[RLIMIT_RTTIME] = "RLIMIT_RTTIME",
	[RLIMIT_SIGPENDING] = "RLIMIT_SIGPENDING",
	[RLIMIT_STACK] = "RLIMIT_STACK",
};

static const char *limit_name(int resource)
{
	const char *name = NULL;

	if (resource >= 0 && (size_t)resource < ARRAY_SIZE(limit_names))
		name = limit_names[resource];
	return name ?: "unknown limit";
}

/* The kernel's struct rlimit64; glibc's setrlimit() would be the same call behind a lock-free wrapper. */
struct limits {
	uint64_t soft, hard;
};

static int set(pid_t pid, const struct ringwall_process *p, size_t i, const struct limits *new, struct ringwall_err *e)
{
	const struct ringwall_rlimit *l = &p->rlimits[i];
	int err;

	if (!syscall(SYS_prlimit64, pid, l->resource, new, NULL))
		return 0;
	err = errno;
	return ringwall_fail(e, -err, "process.rlimits[%zu]: %s soft %" PRIu64 " hard %" PRIu64 "%s", i,
			     limit_name(l->resource), l->soft, l->hard,
			     err == EPERM ? " (above the runtime's own hard limit, without CAP_SYS_RESOURCE)" : "");
}

static bool is_late(const struct ringwall_rlimit *l, unsigned int files)
{
	return l->resource == RLIMIT_NOFILE && l->soft < files;
}

int ringwall_rlimits_apply(const struct ringwall_process *p, unsigned int files, struct ringwall_err *e)
{
	for (size_t i = 0; i < p->n_rlimits; i++) {
		const struct ringwall_rlimit *l = &p->rlimits[i];
		struct limits new = { l->soft, l->hard };
		int r;

		if (is_late(l, files)) {
			if (l->hard < files) /* not above anybody's own: nothing that could be refused */
				continue;
			new.soft = files;
		}
		r = set(0, p, i, &new, e);
		if (r < 0)
			return r;
	}
	return 0;
}

int ringwall_rlimits_finish(const struct ringwall_process *p, unsigned int files, struct ringwall_err *e)
{
	int r = 0;

	for (size_t i = 0; !r && i < p->n_rlimits; i++)
		if (is_late(&p->rlimits[i], files))
			r = set(0, p, i, &(struct limits){ p->rlimits[i].soft, p->rlimits[i].hard }, e);
	return r;
}

int ringwall_rlimits_raise(pid_t pid, const struct ringwall_process *p, struct ringwall_err *e)
{
	for (size_t i = 0; i < p->n_rlimits; i++) {
		struct limits own;
		int r;

		if (syscall(SYS_prlimit64, pid, p->rlimits[i].resource, NULL, &own))
			continue; /* dead, or not to be asked: the process itself will say so */
		if (p->rlimits[i].hard <= own.hard)
			continue;
		own.hard = p->rlimits[i].hard;
		r = set(pid, p, i, &own, e);
		if (r < 0)
			return r;
	}
	return 0;
}
