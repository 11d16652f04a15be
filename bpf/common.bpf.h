/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef RINGWALL_BPF_COMMON_H
#define RINGWALL_BPF_COMMON_H

/* The maps every policy class shares, and the way from a slot to its policy. */

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "abi.h"

/* User space writes these through a shared mapping while programs run: read such a word once. */
#define READ_ONCE(x) (*(const volatile typeof(x) *)&(x))

/* Slots. Full: attach fails with -ENOSPC, no container starts without one. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, RINGWALL_CONTAINERS_MAX);
	__type(key, __u32);
	__type(value, struct ringwall_container);
} containers SEC(".maps");

/* Policies. Full: unused ones are collected, then -ENOSPC; a container keeps the policy it has. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, RINGWALL_POLICIES_MAX);
	__type(key, __u32);
	__type(value, struct ringwall_policy);
} policies SEC(".maps");

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

/**
 * policy_of_slot() - the policy that holds for @slot now.
 * @ret_id: its id, for keys of further lookups and for policy_still()
 * Return: NULL when there is none, which callers take as: deny.
 */
static __always_inline const struct ringwall_policy *policy_of_slot(__u32 slot, __u32 *ret_id)
{
	const struct ringwall_container *c;
	const struct ringwall_policy *p;
	__u32 index = slot & RINGWALL_INDEX_MASK, id;

	if (!slot)
		return NULL;
	c = bpf_map_lookup_elem(&containers, &index);
	if (!c || READ_ONCE(c->slot) != slot)
		return NULL;
	id = READ_ONCE(c->policy_id);
	index = id & RINGWALL_INDEX_MASK;
	p = bpf_map_lookup_elem(&policies, &index);
	if (!p || !id || READ_ONCE(p->id) != id)
		return NULL;
	*ret_id = id;
	return p;
}

/*
 * policy_still() - nobody took the policy away while it was being read. User space waits for a grace period before
 * it touches the content of a policy it has taken away; this holds where the kernel refused it that wait.
 */
static __always_inline int policy_still(const struct ringwall_policy *p, __u32 id)
{
	return READ_ONCE(p->id) == id;
}

#endif
