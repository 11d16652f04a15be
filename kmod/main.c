// SPDX-License-Identifier: GPL-2.0-only
/*
 * ringwall.ko: BPF programs are asked before a system call runs, on kernels that do not let them refuse it themselves, and where
 * preemption could skip them. What it can do is in uapi/ringwall.h.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/moduleparam.h>

#include "device.h"
#include "hook.h"
#include "selftest.h"

static bool selftest;
module_param(selftest, bool, 0444);
MODULE_PARM_DESC(selftest, "test hooks and programs at load; refuse to load if that fails (default: no)");

/* A system call that every kernel has, and each kind of process. */
static int kernel_check(void)
{
	static const char *const symbols[] = { "__x64_sys_openat", "__ia32_sys_openat", "__ia32_compat_sys_openat" };
	unsigned long ip;
	int err;

	err = ringwall_hook_find(symbols[0], &ip);
	if (err == -EOPNOTSUPP)
		pr_err("not loaded: ftrace cannot hook this kernel's system calls: %s has no call of it\n", symbols[0]);
	else if (err)
		pr_err("not loaded: this kernel has no %s, or no kprobes: %d\n", symbols[0], err);
	if (err)
		return err == -ENOENT ? -EOPNOTSUPP : err;
	err = ringwall_hook_find(symbols[1], &ip);
	if (err)
		err = ringwall_hook_find(symbols[2], &ip);
	pr_info("version %u; hooks system calls of %s processes\n", RINGWALL_KMOD_VERSION,
		err ? "64-bit" : "64-bit and 32-bit");
	return 0;
}

static int __init ringwall_init(void)
{
	int err;

	err = kernel_check();
	if (err)
		return err;
	if (selftest) {
		err = ringwall_selftest();
		if (err) {
			pr_err("not loaded: the selftest failed: %d\n", err);
			return err;
		}
	}
	err = ringwall_device_register();
	if (err)
		pr_err("not loaded: no device: %d\n", err);
	return err;
}

/* No program is attached: each would hold the module. So there is no hook either. */
static void __exit ringwall_exit(void)
{
	ringwall_device_unregister();
}

module_init(ringwall_init);
module_exit(ringwall_exit);
MODULE_DESCRIPTION("Ringwall: BPF programs decide on system calls");
MODULE_AUTHOR("The Ringwall authors");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
