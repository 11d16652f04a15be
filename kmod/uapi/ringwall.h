/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef RINGWALL_KMOD_UAPI_H
#define RINGWALL_KMOD_UAPI_H

/*
 * /dev/ringwall: system calls' entry functions are hooked there, and BPF programs asked before one of them runs.
 *
 * A program is of type BPF_PROG_TYPE_KPROBE. Its context is a struct pt_regs of the module's making: di, si, dx, r10, r8, r9
 * have the six arguments (zero-extended where they were 32 bits), ax the hook's id, bx its flags, orig_ax the number as the
 * process gave it. It returns 0, or a negative errno that the caller gets; then the function does not run. Programs run one
 * after the other until one refuses, with preemption off: none is ever skipped.
 *
 * A process that opens the device is itself asked about: with id RINGWALL_KMOD_ID_DEVICE.
 */

#include <linux/ioctl.h>
#include <linux/types.h>

#define RINGWALL_KMOD_VERSION 1U

#define RINGWALL_KMOD_PROGRAMS_MAX 4
#define RINGWALL_KMOD_SYMBOL_MAX 64
#define RINGWALL_KMOD_ID_DEVICE 1023U

/**
 * struct ringwall_kmod_program - a program that is to be asked. The module keeps it, and itself in the kernel, until DETACH.
 * @abi: whose it is; one program for each
 */
struct ringwall_kmod_program {
	__u32 abi;
	__s32 prog_fd;
};

#define RINGWALL_KMOD_ARGS32 1U /* ringwall_kmod_hook.flags: a 32-bit entry: bx, cx, dx, si, di, bp, 32 bits of each */

/**
 * struct ringwall_kmod_hook - an entry function.
 * @abi: whose program wants to be asked
 * @id: what the program is told
 * @symbol: __x64_sys_NAME, __x64_compat_sys_NAME, __ia32_sys_NAME, __ia32_compat_sys_NAME; NUL-terminated
 */
struct ringwall_kmod_hook {
	__u32 abi;
	__u32 id;
	__u32 flags;
	__u32 reserved;
	char symbol[RINGWALL_KMOD_SYMBOL_MAX];
};

#define RINGWALL_KMOD_HOOKS_MAX 2048U

/**
 * struct ringwall_kmod_hooks - many at once, for the price of one: the kernel's text is changed once, not once for each.
 * @count: 1..RINGWALL_KMOD_HOOKS_MAX, all of one ABI
 * @hooks: their address
 */
struct ringwall_kmod_hooks {
	__u32 count;
	__u32 reserved;
	__u64 hooks;
};

/* RINGWALL_KMOD_VERSION of the module. */
#define RINGWALL_KMOD_IOC_VERSION _IOR('R', 0, __u32)
/* -EEXIST: that ABI has one (whatever prog_fd is); -ENOSPC: no room for another; -EINVAL, -EBADF: not such a program. */
#define RINGWALL_KMOD_IOC_ATTACH _IOW('R', 1, struct ringwall_kmod_program)
/* __u32 abi; takes its hooks away as well, and returns when nobody runs the program any more. -ENOENT. */
#define RINGWALL_KMOD_IOC_DETACH _IOW('R', 2, __u32)
/*
 * Once more is the same. -ENOENT: this kernel has no such function, or the ABI no program; -EINVAL: not an entry function, or
 * flags that are not its kind's; -EOPNOTSUPP: ftrace cannot hook it; -EBUSY: livepatch did, or kernel.ftrace_enabled is 0.
 */
#define RINGWALL_KMOD_IOC_HOOK _IOW('R', 3, struct ringwall_kmod_hook)
/* -ENOENT */
#define RINGWALL_KMOD_IOC_UNHOOK _IOW('R', 4, struct ringwall_kmod_hook)
/* As HOOK; all or, with the error of the first that failed, none. */
#define RINGWALL_KMOD_IOC_HOOKS _IOW('R', 5, struct ringwall_kmod_hooks)

#endif
