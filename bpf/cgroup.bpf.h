/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef RINGWALL_BPF_CGROUP_H
#define RINGWALL_BPF_CGROUP_H

/* For programs that are attached to a container's cgroup. */

#include "report.bpf.h"

/*
 * Whose cgroup an attachment is: storage keyed by the cgroup alone, hence shared by all programs attached to it, found
 * also for events in cgroups nested below, and for packets, where there is no current task. It appears zeroed with
 * the first attachment and goes with the cgroup; there is no full.
 */
struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_STORAGE);
	__type(key, __u64);
	__type(value, struct ringwall_attachment);
} attachments SEC(".maps");

/** attached_subject() - the container that the program at hand runs for. Return: 0: none; deny. */
static __always_inline int attached_subject(struct subject *ret)
{
	const struct ringwall_attachment *at = bpf_get_local_storage(&attachments, 0);

	return subject_find(READ_ONCE(at->slot), ret);
}

#endif
