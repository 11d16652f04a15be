// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entry functions of system calls, hooked with ftrace as livepatch hooks functions: not with a kprobe, because of a kprobe
 *
 * - the kernel.ftrace_enabled sysctl and debugfs' kprobes/enabled switch off all there are; FTRACE_OPS_FL_PERMANENT refuses the
 *   sysctl, and the file does not concern us;
 * - a call is "missed" if another kprobe's handler runs, and others at the same address, called first, may keep it from ours;
 * - a BPF trampoline (fexit) at the same function does not know that it changes the instruction pointer, and calls the function
 *   all the same. FTRACE_OPS_FL_IPMODIFY tells it.
 *
 * Without FTRACE_OPS_FL_RECURSION ftrace skips no call for the sake of recursion. There can be none: the handler is there for
 * these functions alone, and nothing that it uses enters one of them.
 *
 * What remains: a function that has no call of ftrace (EOPNOTSUPP), one that livepatch has (EBUSY, and the other way round: what
 * is hooked cannot be patched), and an ftrace that gave up after an error of its own, with a WARNING, and hooks nothing more.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/compat.h>
#include <linux/delay.h>
#include <linux/hashtable.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/ptrace.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "hook.h"
#include "program.h"

/*
 * One ftrace_ops for all that came in one ioctl. BPF trampolines are told of IPMODIFY only when an ftrace_ops is registered, so
 * no function is added to one later; and to unregister takes the better part of a second, so there is not one for each function.
 *
 * @functions: how many it has still; it goes with the last
 * @leaving: how many of these no hook is at any more, for the time of hooks_leave()
 */
struct batch {
	struct ftrace_ops ops;
	struct list_head node;
	unsigned int functions;
	unsigned int leaving;
};

/*
 * A function, as called by one kind of process. Functions without arguments are one for both kinds (__x64_sys_getpid is
 * __ia32_sys_getpid): two hooks with the same address, in the same batch.
 *
 * @wanted: a bit for each slot; read by the handler
 * @ids: for each slot; written before its bit is set
 * @list: of those coming or leaving together
 */
struct hook {
	struct hlist_node node;
	unsigned long ip;
	bool args32;
	unsigned long wanted;
	u32 ids[RINGWALL_KMOD_PROGRAMS_MAX];
	struct batch *batch;
	struct list_head list;
};

/* Read under RCU. A hook is freed after a grace period in which it was not in the table. */
static DEFINE_HASHTABLE(hooks, 10);
static LIST_HEAD(batches);

static struct hook *hook_at(unsigned long ip, bool args32)
{
	struct hook *hook;

	hash_for_each_possible_rcu(hooks, hook, node, ip, true)
		if (hook->ip == ip && hook->args32 == args32)
			return hook;
	return NULL;
}

/* Runs in place of a refused function, called as that would be: by ftrace's return, or by a BPF trampoline. */
static long refused(const struct pt_regs *user)
{
	return user->ax;
}

static void make_ctx(struct pt_regs *ctx, const struct pt_regs *user, bool args32)
{
	*ctx = (struct pt_regs){ .orig_ax = user->orig_ax };
	if (args32) {
		ctx->bx = RINGWALL_KMOD_ARGS32;
		ctx->di = (u32)user->bx;
		ctx->si = (u32)user->cx;
		ctx->dx = (u32)user->dx;
		ctx->r10 = (u32)user->si;
		ctx->r8 = (u32)user->di;
		ctx->r9 = (u32)user->bp;
	} else {
		ctx->di = user->di;
		ctx->si = user->si;
		ctx->dx = user->dx;
		ctx->r10 = user->r10;
		ctx->r8 = user->r8;
		ctx->r9 = user->r9;
	}
}

static int ask(unsigned long ip, const struct pt_regs *user)
{
	const struct hook *hook = hook_at(ip, in_ia32_syscall());
	struct pt_regs ctx;
	unsigned long wanted;

	if (!hook)
		return 0;
	wanted = smp_load_acquire(&hook->wanted); /* before the ids: see want() */
	if (!wanted)
		return 0;
	make_ctx(&ctx, user, hook->args32);
	return ringwall_programs_ask(wanted, hook->ids, &ctx);
}

/*
 * ftrace's call from the function's first instruction. The errno travels in the process's own ax, where the entry code puts what
 * the function returns anyway: the function's argument is the only register that is sure to reach refused().
 */
static void entered(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct pt_regs *user = (struct pt_regs *)ftrace_regs_get_argument(fregs, 0);
	int error;

	preempt_disable_notrace();
	rcu_read_lock();
	error = ask(ip, user);
	rcu_read_unlock();
	preempt_enable_notrace();
	if (likely(!error))
		return;
	user->ax = error;
	ftrace_regs_set_instruction_pointer(fregs, (unsigned long)refused);
}

static const char *const prefixes64[] = { "__x64_sys_", "__x64_compat_sys_" };
static const char *const prefixes32[] = { "__ia32_sys_", "__ia32_compat_sys_" };

static bool begins(const char *symbol, const char *const *prefixes, size_t n)
{
	size_t i, len;

	for (i = 0; i < n; i++) {
		len = str_has_prefix(symbol, prefixes[i]);
		if (len && symbol[len])
			return true;
	}
	return false;
}

int ringwall_hook_check(const struct ringwall_kmod_hook *row)
{
	bool ok;

	if (row->reserved || row->flags & ~RINGWALL_KMOD_ARGS32 || !memchr(row->symbol, 0, sizeof(row->symbol)))
		return -EINVAL;
	if (row->flags & RINGWALL_KMOD_ARGS32)
		ok = begins(row->symbol, prefixes32, ARRAY_SIZE(prefixes32));
	else
		ok = begins(row->symbol, prefixes64, ARRAY_SIZE(prefixes64));
	return ok ? 0 : -EINVAL;
}

/* A kprobe that is never armed finds the address, and says whether it is one that ftrace knows. */
static int probe(struct kprobe *p, const char *symbol)
{
	int err;

	p->symbol_name = symbol;
	p->flags = KPROBE_FLAG_DISABLED;
	err = register_kprobe(p);
	if (err)
		return err;
	if (p->flags & KPROBE_FLAG_FTRACE)
		return 0;
	unregister_kprobe(p);
	return -EOPNOTSUPP;
}

int ringwall_hook_find(const char *symbol, unsigned long *ret_ip)
{
	struct kprobe p = {};
	int err = probe(&p, symbol);

	if (err)
		return err;
	*ret_ip = (unsigned long)p.addr;
	unregister_kprobe(&p);
	return 0;
}

/* All at once: each unregister_kprobe() would wait for a grace period. */
static int find_all(const struct ringwall_kmod_hook *rows, unsigned int count, unsigned long *ips)
{
	struct kprobe *probes, **refs;
	unsigned int i;
	int err = -ENOMEM;

	probes = kvcalloc(count, sizeof(*probes), GFP_KERNEL);
	if (!probes)
		return err;
	refs = kvcalloc(count, sizeof(*refs), GFP_KERNEL);
	if (!refs)
		goto err_probes;
	for (i = 0; i < count; i++) {
		err = probe(&probes[i], rows[i].symbol);
		if (err)
			break;
		refs[i] = &probes[i];
		ips[i] = (unsigned long)probes[i].addr;
	}
	if (i)
		unregister_kprobes(refs, i);
	kvfree(refs);
err_probes:
	kvfree(probes);
	return err;
}

static bool is_hooked(unsigned long ip)
{
	return hook_at(ip, false) || hook_at(ip, true);
}

static struct batch *batch_of(unsigned long ip)
{
	struct hook *hook = hook_at(ip, false) ?: hook_at(ip, true);

	return hook ? hook->batch : NULL;
}

static struct batch *batch_new(void)
{
	struct batch *batch = kzalloc(sizeof(*batch), GFP_KERNEL);

	if (!batch)
		return NULL;
	batch->ops.func = entered;
	batch->ops.flags = FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT;
	list_add(&batch->node, &batches);
	return batch;
}

static void batch_free(struct batch *batch)
{
	list_del(&batch->node);
	ftrace_free_filter(&batch->ops);
	kfree(batch);
}

/* A BPF trampoline that is just being changed says -EAGAIN, after a millisecond. */
static int batch_register(struct batch *batch)
{
	int tries = 100;
	int err;

	do
		err = register_ftrace_function(&batch->ops);
	while (err == -EAGAIN && --tries);
	return err;
}

static bool batch_unregister(struct batch *batch)
{
	int err = unregister_ftrace_function(&batch->ops);

	if (!err)
		return true;
	/* ftrace has given up after an error of its own. Its calls may still come: neither they nor this module may go. */
	pr_err("ftrace does not let go of its calls: %d; this module stays\n", err);
	__module_get(THIS_MODULE);
	return false;
}

static void hooks_free(struct list_head *list)
{
	struct hook *hook, *next;

	synchronize_rcu();
	list_for_each_entry_safe(hook, next, list, list)
		kfree(hook);
}

/*
 * Those of @rows that are not hooked yet, into the table and @coming; the addresses of functions that nobody hooked,
 * @batch->functions of them, into @ret_ips.
 */
static int hooks_make(const struct ringwall_kmod_hook *rows, const unsigned long *ips, unsigned int count, struct batch *batch,
		      struct list_head *coming, unsigned long *ret_ips)
{
	struct batch *owner;
	struct hook *hook;
	unsigned int i;

	for (i = 0; i < count; i++) {
		bool args32 = rows[i].flags & RINGWALL_KMOD_ARGS32;

		if (hook_at(ips[i], args32))
			continue;
		hook = kzalloc(sizeof(*hook), GFP_KERNEL);
		if (!hook)
			return -ENOMEM;
		owner = batch_of(ips[i]);
		if (!owner)
			ret_ips[batch->functions++] = ips[i];
		hook->ip = ips[i];
		hook->args32 = args32;
		hook->batch = owner ?: batch;
		list_add(&hook->list, coming);
		hash_add_rcu(hooks, &hook->node, hook->ip);
	}
	return 0;
}

static void want(unsigned int slot, const struct ringwall_kmod_hook *row, unsigned long ip)
{
	struct hook *hook = hook_at(ip, row->flags & RINGWALL_KMOD_ARGS32);

	WRITE_ONCE(hook->ids[slot], row->id);
	smp_store_release(&hook->wanted, hook->wanted | BIT(slot)); /* after the id: see ask() */
}

static int hooks_enter(unsigned int slot, const struct ringwall_kmod_hook *rows, const unsigned long *ips, unsigned int count,
		       unsigned long *new_ips)
{
	struct batch *batch;
	struct hook *hook;
	LIST_HEAD(coming);
	unsigned int i;
	int err;

	batch = batch_new();
	if (!batch)
		return -ENOMEM;
	err = hooks_make(rows, ips, count, batch, &coming, new_ips);
	if (err)
		goto err_hooks;
	if (batch->functions) {
		err = ftrace_set_filter_ips(&batch->ops, new_ips, batch->functions, 0, 0);
		if (!err)
			err = batch_register(batch);
		if (err)
			goto err_hooks;
	} else {
		batch_free(batch);
	}
	for (i = 0; i < count; i++)
		want(slot, &rows[i], ips[i]);
	return 0;

err_hooks:
	list_for_each_entry(hook, &coming, list)
		hash_del_rcu(&hook->node);
	hooks_free(&coming);
	batch_free(batch);
	return err;
}

int ringwall_hooks_add(unsigned int slot, const struct ringwall_kmod_hook *rows, unsigned int count)
{
	unsigned long *ips;
	int err;

	ips = kvcalloc(count, 2 * sizeof(*ips), GFP_KERNEL);
	if (!ips)
		return -ENOMEM;
	err = find_all(rows, count, ips);
	if (!err)
		err = hooks_enter(slot, rows, ips, count, ips + count);
	kvfree(ips);
	return err;
}

/* Gives back a function that no hook is at any more, unless its whole batch goes. */
static void function_leave(struct batch *batch, unsigned long ip)
{
	int err;

	if (batch->leaving == batch->functions)
		return;
	err = ftrace_set_filter_ip(&batch->ops, ip, 1, 0);
	if (err) /* calls come still, and nobody is asked: until the batch goes */
		pr_warn("%pS stays hooked for nothing: %d\n", (void *)ip, err);
	batch->leaving--;
	batch->functions--;
}

static void batches_leave(void)
{
	struct batch *batch, *next;

	list_for_each_entry_safe(batch, next, &batches, node) {
		if (batch->leaving != batch->functions)
			continue;
		if (batch_unregister(batch))
			batch_free(batch);
		else
			list_del(&batch->node);
	}
}

static void hooks_leave(struct list_head *leaving)
{
	struct hook *hook;

	list_for_each_entry(hook, leaving, list) {
		hash_del_rcu(&hook->node);
		if (!is_hooked(hook->ip))
			hook->batch->leaving++;
		else
			hook->ip = 0; /* the other kind's hook is there still */
	}
	list_for_each_entry(hook, leaving, list)
		if (hook->ip)
			function_leave(hook->batch, hook->ip);
	batches_leave();
	hooks_free(leaving);
}

static void unwant(struct hook *hook, unsigned int slot, struct list_head *leaving)
{
	WRITE_ONCE(hook->wanted, hook->wanted & ~BIT(slot));
	if (!hook->wanted)
		list_add(&hook->list, leaving);
}

int ringwall_hook_remove(unsigned int slot, const struct ringwall_kmod_hook *row)
{
	LIST_HEAD(leaving);
	unsigned long ip;
	struct hook *hook;
	int err;

	err = ringwall_hook_find(row->symbol, &ip);
	if (err)
		return err;
	hook = hook_at(ip, row->flags & RINGWALL_KMOD_ARGS32);
	if (!hook || !(hook->wanted & BIT(slot)))
		return -ENOENT;
	unwant(hook, slot, &leaving);
	if (!list_empty(&leaving))
		hooks_leave(&leaving);
	return 0;
}

void ringwall_hooks_remove_all(unsigned int slot)
{
	LIST_HEAD(leaving);
	struct hook *hook;
	unsigned int i;

	hash_for_each(hooks, i, hook, node)
		if (hook->wanted & BIT(slot))
			unwant(hook, slot, &leaving);
	if (!list_empty(&leaving))
		hooks_leave(&leaving);
}
