// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Class device: which device nodes a container may open and make.
 *
 * cgroup/dev	ringwall_device		open, access and mknod of device nodes
 */
#include "cgroup.bpf.h"

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
device_find(const struct subject *s, __u32 type, __u32 major, __u32 minor)
{
	struct ringwall_device_key key = { .policy_id = s->policy_id, .type = type, .major = major, .minor = minor };
	const struct ringwall_device_verdict *v = NULL;
	__u32 flags = s->p->flags;

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
	return type == BPF_DEVCG_DEV_BLOCK ? &s->p->device_default[0] : &s->p->device_default[1];
}

/* The rule that refuses the first of the refused bits. */
static __always_inline __u32 device_rule(const struct ringwall_device_verdict *v, __u32 refused)
{
	if (refused & RINGWALL_ACCESS_MKNOD)
		return v->rule[0];
	return refused & RINGWALL_ACCESS_READ ? v->rule[1] : v->rule[2];
}

/* Return: 1: allowed. All of what is wanted must be; access(2) with F_OK or X_OK wants nothing of the device itself. */
static __always_inline int device_allowed(__u32 type, __u32 wanted, __u32 major, __u32 minor)
{
	const struct ringwall_device_verdict *v;
	struct ringwall_event *ev;
	struct subject s;
	__u32 refused;

	if (!attached_subject(&s))
		return 0;
	v = device_find(&s, type, major, minor);
	refused = wanted & ~READ_ONCE(v->allowed);
	if (!refused)
		return subject_still(&s);
	ev = refusal_begin(&s, RINGWALL_SET_DEVICE, device_rule(v, refused), EPERM);
	if (ev) {
		event_process(ev);
		ev->what.object.op = RINGWALL_DO_DEVICE;
		ev->what.object.arg[0] = type;
		ev->what.object.arg[1] = major;
		ev->what.object.arg[2] = minor;
		ev->what.object.arg[3] = wanted;
	}
	return !refusal_end(&s, ev, RINGWALL_SET_DEVICE, EPERM);
}

SEC("cgroup/dev")
int ringwall_device(struct bpf_cgroup_dev_ctx *ctx)
{
	__u32 access = ctx->access_type;

	return device_allowed(access & 0xffff, access >> 16, ctx->major, ctx->minor);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
