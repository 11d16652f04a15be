// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Class device: which device nodes a container may open and make.
 *
 * cgroup/dev	ringwall_device		open, access and mknod of device nodes
 */
#include "common.bpf.h"

/*
 * Verdicts of all policies, compiled so that the most specific key decides alone. Full: the policy that did not fit is
 * not made, and its container not started or updated.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RINGWALL_DEVICES_MAX);
	__type(key, struct ringwall_device_key);
	__type(value, struct ringwall_device_verdict);
} devices SEC(".maps");

static __always_inline const struct ringwall_device_verdict *
device_find(const struct ringwall_policy *p, __u32 policy_id, __u32 type, __u32 major, __u32 minor)
{
	struct ringwall_device_key key = { .policy_id = policy_id, .type = type, .major = major, .minor = minor };
	const struct ringwall_device_verdict *v = NULL;
	__u32 flags = p->flags;

	if (flags & RINGWALL_POLICY_DEVICE_EXACT)
		v = bpf_map_lookup_elem(&devices, &key);
	if (!v && (flags & RINGWALL_POLICY_DEVICE_MAJOR)) {
		key.minor = RINGWALL_DEVICE_ANY;
		v = bpf_map_lookup_elem(&devices, &key);
	}
	if (!v && (flags & RINGWALL_POLICY_DEVICE_MINOR)) {
		key.major = RINGWALL_DEVICE_ANY;
		key.minor = minor;
		v = bpf_map_lookup_elem(&devices, &key);
	}
	if (v)
		return v;
	return type == BPF_DEVCG_DEV_BLOCK ? &p->device_default[0] : &p->device_default[1];
}

/* All of what is wanted must be allowed; access(2) with F_OK or X_OK wants nothing of the device itself. */
static __always_inline int device_allowed(__u32 slot, __u32 type, __u32 wanted, __u32 major, __u32 minor)
{
	const struct ringwall_device_verdict *v;
	const struct ringwall_policy *p;
	__u32 policy_id, allowed;

	p = policy_of_slot(slot, &policy_id);
	if (!p)
		return 0;
	v = device_find(p, policy_id, type, major, minor);
	allowed = READ_ONCE(v->allowed);
	return !(wanted & ~allowed) && policy_still(p, policy_id);
}

SEC("cgroup/dev")
int ringwall_device(struct bpf_cgroup_dev_ctx *ctx)
{
	const struct ringwall_attachment *at = bpf_get_local_storage(&attachments, 0);
	__u32 access = ctx->access_type;

	return device_allowed(at->slot, access & 0xffff, access >> 16, ctx->major, ctx->minor);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
