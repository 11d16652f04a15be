/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef RINGWALL_COMPAT_H
#define RINGWALL_COMPAT_H

/* What kernels name or place differently, and what they must have. Each says which kernel lets it go. */

#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/ftrace.h>

#if !defined(CONFIG_X86_64) || !defined(CONFIG_ARCH_HAS_SYSCALL_WRAPPER)
#error "ringwall.ko is for x86_64 kernels whose system calls have __x64_sys_ entry functions (4.17 and later)"
#endif
#if !defined(CONFIG_DYNAMIC_FTRACE_WITH_ARGS) || !defined(CONFIG_KPROBES) || !defined(CONFIG_BPF_SYSCALL)
#error "ringwall.ko needs a kernel with CONFIG_DYNAMIC_FTRACE_WITH_ARGS, CONFIG_KPROBES and CONFIG_BPF_SYSCALL"
#endif

/* 6.1: no such macros yet, and the registers are the structure's only member. */
#ifndef ftrace_regs_get_argument
#define ftrace_regs_get_argument(fregs, n) regs_get_kernel_argument(&(fregs)->regs, n)
#endif
#ifdef ftrace_instruction_pointer_set
#define ftrace_regs_set_instruction_pointer ftrace_instruction_pointer_set
#endif

/* A program's bit until 6.8 is its aux's: Kbuild looks. */
static inline bool ringwall_program_sleeps(const struct bpf_prog *prog)
{
#ifdef RINGWALL_PROG_HAS_SLEEPABLE
	return prog->sleepable;
#else
	return prog->aux->sleepable;
#endif
}

#endif
