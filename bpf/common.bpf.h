/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef RINGWALL_BPF_COMMON_H
#define RINGWALL_BPF_COMMON_H

/* The maps every policy class shares, and the way from a slot to its policy. */

#include <linux/bpf.h>
#include <linux/errno.h>
#include <bpf/bpf_helpers.h>

#include "abi.h"

/* User space writes these through a shared mapping while programs run: read such a word once. */
#define READ_ONCE(x) (*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile typeof(x) *)&(x) = (v))

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

/**
 * struct subject - whose doing it is, and what holds for it now.
 * @policy_id: for keys of further lookups, and for subject_still()
 */
struct subject {
	struct ringwall_container *c;
	const struct ringwall_policy *p;
	__u32 slot, policy_id;
};

/** subject_find() - the container and the policy of @slot. Return: 0: there is none, which callers take as: deny. */
static __always_inline int subject_find(__u32 slot, struct subject *ret)
{
	struct ringwall_container *c;
	const struct ringwall_policy *p;
	__u32 index = slot & RINGWALL_INDEX_MASK, id;

	if (!slot)
		return 0;
	c = bpf_map_lookup_elem(&containers, &index);
	if (!c || READ_ONCE(c->slot) != slot)
		return 0;
	id = READ_ONCE(c->policy_id);
	index = id & RINGWALL_INDEX_MASK;
	p = bpf_map_lookup_elem(&policies, &index);
	if (!p || !id || READ_ONCE(p->id) != id)
		return 0;
	ret->c = c;
	ret->p = p;
	ret->slot = slot;
	ret->policy_id = id;
	return 1;
}

/*
 * subject_still() - nobody took the policy away while it was being read. User space waits for a grace period before
 * it touches the content of a policy it has taken away; this holds where the kernel refused it that wait.
 */
static __always_inline int subject_still(const struct subject *s)
{
	return READ_ONCE(s->p->id) == s->policy_id;
}

/** subject_has() - does the policy have anything to say about @set? */
static __always_inline int subject_has(const struct subject *s, enum ringwall_set set)
{
	return s->p->sets >> set & 1;
}

#endif
