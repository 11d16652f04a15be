// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bitops.h>
#include <linux/err.h>
#include <linux/preempt.h>
#include <linux/ptrace.h>
#include <linux/rcupdate.h>

#include "compat.h"
#include "program.h"
#include "uapi/ringwall.h"

/*
 * Readers hold no reference: a program is put only after a grace period in which its slot was empty. @abi counts only while
 * there is a program.
 */
struct slot {
	u32 abi;
	struct bpf_prog __rcu *prog;
};

static struct slot slots[RINGWALL_KMOD_PROGRAMS_MAX];

/* Under the device's mutex the pointers do not change. */
static struct bpf_prog *program_of(unsigned int slot)
{
	return rcu_dereference_protected(slots[slot].prog, true);
}

/*
 * No sleeping: preemption is off. No other attach type than the plain one: helpers of kprobe.multi and its like take the run
 * context for a larger one. And one that overrides a return value means a function that is not here.
 */
int ringwall_program_check(const struct bpf_prog *prog)
{
	if (ringwall_program_sleeps(prog) || prog->expected_attach_type || prog->kprobe_override)
		return -EINVAL;
	return 0;
}

int ringwall_program_slot(u32 abi)
{
	unsigned int i;

	for (i = 0; i < RINGWALL_KMOD_PROGRAMS_MAX; i++)
		if (program_of(i) && slots[i].abi == abi)
			return i;
	return -ENOENT;
}

int ringwall_program_put(u32 abi, struct bpf_prog *prog)
{
	unsigned int i;

	if (ringwall_program_slot(abi) >= 0)
		return -EEXIST;
	for (i = 0; i < RINGWALL_KMOD_PROGRAMS_MAX; i++) {
		if (program_of(i))
			continue;
		slots[i].abi = abi;
		rcu_assign_pointer(slots[i].prog, prog);
		return i;
	}
	return -ENOSPC;
}

struct bpf_prog *ringwall_program_take(unsigned int slot)
{
	struct bpf_prog *prog = program_of(slot);

	RCU_INIT_POINTER(slots[slot].prog, NULL);
	synchronize_rcu();
	return prog;
}

/* Helpers look for a run context without asking whether there is one (bpf_get_attach_cookie() in 6.1). */
static int run(const struct bpf_prog *prog, struct pt_regs *ctx, u32 id)
{
	struct bpf_trace_run_ctx run_ctx = { .bpf_cookie = id };
	struct bpf_run_ctx *outer = bpf_set_run_ctx(&run_ctx.run_ctx);
	int answer;

	ctx->ax = id;
	answer = bpf_prog_run(prog, ctx);
	bpf_reset_run_ctx(outer);
	return answer;
}

int ringwall_programs_ask(unsigned long wanted, const u32 *ids, struct pt_regs *ctx)
{
	const struct bpf_prog *prog;
	unsigned int i;
	int answer;

	for_each_set_bit(i, &wanted, RINGWALL_KMOD_PROGRAMS_MAX) {
		prog = rcu_dereference(slots[i].prog);
		if (!prog)
			continue;
		answer = run(prog, ctx, ids[i]);
		if (answer) /* what is neither a yes nor an errno is a no */
			return IS_ERR_VALUE((long)answer) ? answer : -EPERM;
	}
	return 0;
}

int ringwall_programs_ask_device(void)
{
	static const u32 ids[RINGWALL_KMOD_PROGRAMS_MAX] = {
		[0 ... RINGWALL_KMOD_PROGRAMS_MAX - 1] = RINGWALL_KMOD_ID_DEVICE
	};
	struct pt_regs ctx = { .orig_ax = -1 };
	int error;

	preempt_disable();
	rcu_read_lock();
	error = ringwall_programs_ask(BIT(RINGWALL_KMOD_PROGRAMS_MAX) - 1, ids, &ctx);
	rcu_read_unlock();
	preempt_enable();
	return error;
}
