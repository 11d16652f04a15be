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

int ringwall_rlimits_apply(const struct ringwall_process *p, struct ringwall_err *e)
{
	for (size_t i = 0; i < p->n_rlimits; i++) {
		const struct ringwall_rlimit *l = &p->rlimits[i];
		/* The kernel's struct rlimit64; glibc's setrlimit() would be the same call behind a lock-free wrapper. */
		const uint64_t lim[2] = { l->soft, l->hard };
		int err;

		if (!syscall(SYS_prlimit64, 0, l->resource, lim, NULL))
			continue;
		err = errno;
		return ringwall_fail(e, -err, "process.rlimits[%zu]: %s soft %" PRIu64 " hard %" PRIu64 "%s", i,
				     limit_name(l->resource), l->soft, l->hard,
				     err == EPERM ? " (above the runtime's own hard limit, without CAP_SYS_RESOURCE)" : "");
	}
	return 0;
}
