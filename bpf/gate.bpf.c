// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Class syscall: the functions by which system calls enter the kernel, those that some policy restricts (user/policy/gate.c).
 *
 * kprobe	ringwall_gate_hook	called by ringwall.ko, with what kmod/uapi/ringwall.h says
 * fmod_ret/…	ringwall_gate_entry	one copy for each entry function (user/policy/gate-load.c), so it is small:
 * fmod_ret/…	ringwall_gate_decide	what they all go on to
 *
 * A process in SETUP is still Ringwall's own program: its system calls are not the container's.
 */
#include "judge.h"
#include "surface.bpf.h"
#include "../kmod/uapi/ringwall.h"

/* As the kernel has it on x86-64, and ringwall.ko makes it: the same for ever. */
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax;
};

/* What a policy says of a system call where that is more than a bit. Full: the policy is not installed. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RINGWALL_SYSCALL_ENTRIES_MAX);
	__type(key, struct ringwall_syscall_key);
	__type(value, struct ringwall_syscall);
} syscalls SEC(".maps");

/* For user/policy/gate.c alone, which every runtime on this host looks at: which ids are hooked. No program reads it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ringwall_hooked);
} hooked SEC(".maps");

/**
 * struct call - a system call that is about to be made.
 * @args: of 8, so that no index is out of bounds
 * @is32: by a 32-bit entry
 */
struct call {
	__u64 args[8];
	__u32 id, is32;
};

static __noinline int refuse_call(const struct subject *s, const struct call *c, __u32 rule, __u32 error)
{
	__u32 set = c->id == RINGWALL_SYSCALL_DEVICE ? RINGWALL_SET_TAMPER : RINGWALL_SET_SYSCALL;
	struct ringwall_event *ev;

	error = error ?: EPERM;
	ev = refusal_begin(s, set, rule, error);
	if (ev) {
		event_task(ev);
		ev->what.object.op = RINGWALL_DO_SYSCALL;
		ev->what.object.arg[0] = c->id;
		ev->what.object.arg[1] = c->is32;
	}
	return refusal_end(s, ev, set, error);
}

static __always_inline int has_bit(const __u64 words[RINGWALL_SYSCALL_WORDS], __u32 id)
{
	return words[id / 64 & (RINGWALL_SYSCALL_WORDS - 1)] >> (id & 63) & 1;
}

static long judge_step(__u32 i, struct ringwall_judging *j)
{
	return ringwall_judge_step(j, i);
}

/* Where the entry is not there any more, the policy has just been taken away: refused, as by allow(). */
static __always_inline int decide(const struct subject *s, const struct call *c)
{
	struct ringwall_syscall_key key = { .policy_id = s->policy_id, .id = c->id };
	struct ringwall_judging j = { .args = c->args };

	if (c->id == RINGWALL_SYSCALL_DEVICE)
		return refuse_call(s, c, RINGWALL_OWN_DEVICE, EPERM);
	if (has_bit(s->p->syscall_ruled, c->id)) {
		j.s = bpf_map_lookup_elem(&syscalls, &key);
		if (!j.s)
			return -EPERM;
		ringwall_judge_begin(&j);
		bpf_loop(j.s->n, judge_step, &j, 0);
		if (!j.error)
			return allow(s);
	} else if (has_bit(s->p->syscall_refused, c->id)) {
		j.error = s->p->syscall_error;
	} else {
		return allow(s);
	}
	return refuse_call(s, c, j.rule, j.error);
}

/* The module has put the arguments where the 64-bit convention has them, whichever the call's own is. */
SEC("kprobe")
int ringwall_gate_hook(struct pt_regs *ctx)
{
	struct subject s;
	int ret;

	if (!confined(&s, &ret))
		return ret;

	struct call c = {
		.args = { ctx->di, ctx->si, ctx->dx, ctx->r10, ctx->r8, ctx->r9 },
		.id = ctx->ax,
		.is32 = ctx->bx & RINGWALL_KMOD_ARGS32,
	};

	return decide(&s, &c);
}

/* Has ringwall_gate_decide, and is filled before the first entry function is hooked. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} gate_next SEC(".maps");

/*
 * A function returns long: an int would not be negative up there. Which function is named here does not matter (attach_one() in
 * user/policy/gate-load.c). Who has no storage is nobody's: all that a system call of an unconfined process costs is here.
 */
SEC("fmod_ret/__x64_sys_setdomainname")
long ringwall_gate_entry(__u64 *ctx)
{
	if (!bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), NULL, 0))
		return 0;
	bpf_tail_call(ctx, &gate_next, 0);
	return -EPERM;
}

/* The function's argument is the process's registers; the attachment's cookie says which system call it is. */
SEC("fmod_ret/__x64_sys_setdomainname")
long ringwall_gate_decide(__u64 *ctx)
{
	const struct pt_regs *regs = (const struct pt_regs *)ctx[0];
	struct subject s;
	int ret;

	if (!confined(&s, &ret))
		return ret;

	struct call c = {
		.args = { regs->di, regs->si, regs->dx, regs->r10, regs->r8, regs->r9 },
		.id = bpf_get_attach_cookie(ctx),
	};

	return decide(&s, &c);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
