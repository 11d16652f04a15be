// SPDX-License-Identifier: LGPL-2.1-or-later
#include "attr.h"

#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bitlist.h"

#define MAX_CPUS 8192  /* the kernel's CONFIG_NR_CPUS has no higher value */
#define MAX_NODES 1024 /* 1 << CONFIG_NODES_SHIFT, at most 10 */
#define LONG_BITS (8 * sizeof(long))

#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_CLASS_SHIFT 13

/* struct sched_attr of sched_setattr(2) up to what SCHED_DEADLINE needs; its first version, which every kernel takes. */
struct sched_attr_v0 {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

_Static_assert(sizeof(struct sched_attr_v0) == 48, "SCHED_ATTR_SIZE_VER0");

static int scheduler_set(const struct ringwall_scheduler *s, struct ringwall_err *e)
{
	struct sched_attr_v0 a = {
		.size = sizeof(a),
		.policy = s->policy,
		.flags = s->flags,
		.nice = s->nice,
		.priority = s->priority,
		.runtime = s->runtime,
		.deadline = s->deadline,
		.period = s->period,
	};

	if (syscall(SYS_sched_setattr, 0, &a, 0))
		return ringwall_fail(e, -errno, "process.scheduler: sched_setattr: policy %u, nice %d, priority %u",
				     s->policy, s->nice, s->priority);
	return 0;
}

int ringwall_scheduler_apply(const struct ringwall_process *p, struct ringwall_err *e)
{
	if (p->scheduler.set) {
		int r = scheduler_set(&p->scheduler, e);

		if (r)
			return r;
	}
	if (p->has_io_priority &&
	    syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, p->io_class << IOPRIO_CLASS_SHIFT | p->io_priority))
		return ringwall_fail(e, -errno, "process.ioPriority: ioprio_set: class %d, priority %d", p->io_class,
				     p->io_priority);
	return 0;
}

int ringwall_affinity_apply(const char *cpus, struct ringwall_err *e)
{
	unsigned long mask[MAX_CPUS / LONG_BITS];
	int r;

	if (!cpus)
		return 0;
	r = ringwall_bitlist_parse(cpus, mask, MAX_CPUS);
	if (r <= 0)
		return ringwall_fail(e, r ?: -EINVAL, "process.execCPUAffinity: '%s'", cpus);
	/* Not glibc's sched_setaffinity(): it wants a cpu_set_t; the kernel takes any length. */
	if (syscall(SYS_sched_setaffinity, 0, sizeof(mask), mask))
		return ringwall_fail(e, -errno, "process.execCPUAffinity: sched_setaffinity '%s'", cpus);
	return 0;
}

int ringwall_memory_policy_apply(const struct ringwall_memory_policy *m, struct ringwall_err *e)
{
	unsigned long mask[MAX_NODES / LONG_BITS];
	bool nodes = m->nodes && *m->nodes;
	int r;

	if (!m->set)
		return 0;
	if (nodes) {
		r = ringwall_bitlist_parse(m->nodes, mask, MAX_NODES);
		if (r < 0)
			return ringwall_fail(e, r, "linux.memoryPolicy.nodes: '%s'", m->nodes);
	}
	/* The kernel looks at one bit less than it is told: set_mempolicy(2), BUGS of old. */
	if (syscall(SYS_set_mempolicy, m->mode | (int)m->flags, nodes ? mask : NULL, nodes ? MAX_NODES + 1 : 0))
		return ringwall_fail(e, -errno, "linux.memoryPolicy: set_mempolicy: mode %d, nodes '%s'", m->mode,
				     nodes ? m->nodes : "");
	return 0;
}
