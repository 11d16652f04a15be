// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run at load with selftest=1: programs that answer a constant, and real calls of a hooked function of this module's own.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": selftest: " fmt

#include <linux/err.h>
#include <linux/filter.h>
#include <linux/ptrace.h>
#include <linux/string.h>

#include "compat.h"
#include "hook.h"
#include "program.h"
#include "selftest.h"

#define ENTRY "ringwall_selftest_entry"
#define SELFTEST_ABI 7

static unsigned int entry_ran;

noinline long ringwall_selftest_entry(const struct pt_regs *regs)
{
	WRITE_ONCE(entry_ran, entry_ran + 1);
	return regs->di;
}

static bool report(int line, const char *what)
{
	pr_err("line %d: not so: %s\n", line, what);
	return false;
}

#define holds(condition) ((condition) || report(__LINE__, #condition))

/* A classic filter may be run with any context, as long as it does not look at it. */
static struct bpf_prog *constant(int answer)
{
	struct sock_filter insns[] = { BPF_STMT(BPF_RET | BPF_K, answer) };
	struct sock_fprog_kern code = { .len = ARRAY_SIZE(insns), .filter = insns };
	struct bpf_prog *prog;
	int err = bpf_prog_create(&prog, &code);

	return err ? ERR_PTR(err) : prog;
}

static struct ringwall_kmod_hook row_of(const char *symbol, u32 flags)
{
	struct ringwall_kmod_hook row = { .id = 1, .flags = flags };

	strscpy(row.symbol, symbol, sizeof(row.symbol));
	return row;
}

static int check_of(const char *symbol, u32 flags)
{
	struct ringwall_kmod_hook row = row_of(symbol, flags);

	return ringwall_hook_check(&row);
}

static bool check_names(void)
{
	struct ringwall_kmod_hook endless = row_of("__x64_sys_getpid", 0);

	memset(endless.symbol + 10, 'a', sizeof(endless.symbol) - 10);
	return holds(check_of("__x64_sys_getpid", 0) == 0) &&
	       holds(check_of("__x64_compat_sys_ioctl", 0) == 0) &&
	       holds(check_of("__ia32_sys_getpid", RINGWALL_KMOD_ARGS32) == 0) &&
	       holds(check_of("__ia32_compat_sys_ioctl", RINGWALL_KMOD_ARGS32) == 0) &&
	       holds(check_of("__ia32_sys_getpid", 0) == -EINVAL) &&
	       holds(check_of("__x64_sys_getpid", RINGWALL_KMOD_ARGS32) == -EINVAL) &&
	       holds(check_of("__x64_sys_getpid", 2) == -EINVAL) &&
	       holds(check_of("__x64_sys_", 0) == -EINVAL) &&
	       holds(check_of("commit_creds", 0) == -EINVAL) &&
	       holds(check_of("", 0) == -EINVAL) &&
	       holds(ringwall_hook_check(&endless) == -EINVAL);
}

/* A call of the hooked function, refused with @error or (0) let through: what it returns, whether it ran, and what it left. */
static bool check_call(long error)
{
	long (*entry)(const struct pt_regs *regs) = ringwall_selftest_entry;
	struct pt_regs regs = { .di = 42, .ax = 1 };
	unsigned int before = READ_ONCE(entry_ran);

	OPTIMIZER_HIDE_VAR(entry); /* the compiler would know what it returns, and what it leaves alone */
	return holds(entry(&regs) == (error ?: 42)) &&
	       holds(READ_ONCE(entry_ran) - before == !error) &&
	       holds(regs.ax == (error ?: 1)) &&
	       holds(regs.di == 42);
}

static bool check_hook(unsigned int slot, long error)
{
	struct ringwall_kmod_hook row = row_of(ENTRY, 0);

	return check_call(0) &&
	       holds(ringwall_hooks_add(slot, &row, 1) == 0) && check_call(error) &&
	       holds(ringwall_hooks_add(slot, &row, 1) == 0) && check_call(error) && /* once more is the same */
	       holds(ringwall_hook_remove(slot, &row) == 0) && check_call(0) &&
	       holds(ringwall_hook_remove(slot, &row) == -ENOENT);
}

/* All or none, the other kind of process (we are of the 64-bit kind), and what goes with the program. */
static bool check_batch(unsigned int slot)
{
	struct ringwall_kmod_hook rows[] = { row_of(ENTRY, 0), row_of(ENTRY "_not", 0) };
	struct ringwall_kmod_hook row32 = row_of(ENTRY, RINGWALL_KMOD_ARGS32);

	if (!(holds(ringwall_hooks_add(slot, rows, 2) == -ENOENT) && check_call(0) &&
	      holds(ringwall_hooks_add(slot, &row32, 1) == 0) && check_call(0) &&
	      holds(ringwall_hooks_add(slot, rows, 1) == 0) && check_call(-EPERM) &&
	      holds(ringwall_hook_remove(slot, &row32) == 0) && check_call(-EPERM)))
		return false;
	ringwall_hooks_remove_all(slot);
	return check_call(0);
}

/* The first slot is free: nobody has seen the device yet. */
static bool check_programs(struct bpf_prog *allows, struct bpf_prog *refuses)
{
	return holds(ringwall_program_slot(SELFTEST_ABI) == -ENOENT) &&
	       holds(ringwall_program_put(SELFTEST_ABI, allows) == 0) &&
	       holds(ringwall_program_put(SELFTEST_ABI, refuses) == -EEXIST) &&
	       holds(ringwall_program_slot(SELFTEST_ABI) == 0) &&
	       check_hook(0, 0) &&
	       holds(ringwall_programs_ask_device() == 0) &&
	       holds(ringwall_program_take(0) == allows) &&
	       holds(ringwall_program_put(SELFTEST_ABI, refuses) == 0) &&
	       check_hook(0, -EPERM) && check_batch(0) &&
	       holds(ringwall_programs_ask_device() == -EPERM) &&
	       holds(ringwall_program_take(0) == refuses) &&
	       holds(ringwall_programs_ask_device() == 0);
}

/* Whatever failed: no hook and no program stays behind. */
static void clean(void)
{
	int slot = ringwall_program_slot(SELFTEST_ABI);

	if (slot < 0)
		return;
	ringwall_hooks_remove_all(slot);
	ringwall_program_take(slot);
}

int ringwall_selftest(void)
{
	struct bpf_prog *allows, *refuses;
	int err;

	allows = constant(0);
	if (IS_ERR(allows))
		return PTR_ERR(allows);
	refuses = constant(-EPERM);
	if (IS_ERR(refuses)) {
		err = PTR_ERR(refuses);
		goto err_allows;
	}
	err = check_names() && check_programs(allows, refuses) ? 0 : -EIO;
	clean();
	if (!err)
		pr_info("passed\n");
	bpf_prog_destroy(refuses);
err_allows:
	bpf_prog_destroy(allows);
	return err;
}
