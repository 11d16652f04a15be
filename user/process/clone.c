// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clone.h"

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STACK_SIZE (16 * 1024)

static long clone_plain(struct clone_args *args, int (*fn)(void *data), void *data)
{
	long pid = syscall(SYS_clone3, args, sizeof(*args));

	if (!pid)
		_exit(fn(data));
	return pid < 0 ? -errno : pid;
}

/*
 * The child gets a stack of its own, so that nothing of the caller's frames is overwritten, and never returns into
 * them. fn and data travel in registers that the system call preserves.
 */
#if defined(__x86_64__)
static long clone_shared(struct clone_args *args, int (*fn)(void *data), void *data)
{
	register int (*f)(void *) __asm__("r12") = fn;
	register void *d __asm__("r13") = data;
	long ret;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "mov %%r13, %%rdi\n\t"
			 "call *%%r12\n\t"
			 "mov %%eax, %%edi\n\t"
			 "mov %[exit], %%eax\n\t"
			 "syscall\n\t"
			 "hlt\n"
			 "1:"
			 : "=a"(ret)
			 : "a"((long)SYS_clone3), "D"(args), "S"(sizeof(*args)), "r"(f), "r"(d), [exit] "i"(SYS_exit_group)
			 : "rcx", "r11", "memory", "cc");
	return ret;
}
#define HAVE_CLONE_SHARED 1
#elif defined(__aarch64__)
static long clone_shared(struct clone_args *args, int (*fn)(void *data), void *data)
{
	register long x8 __asm__("x8") = SYS_clone3;
	register long x0 __asm__("x0") = (long)args;
	register long x1 __asm__("x1") = (long)sizeof(*args);
	register int (*f)(void *) __asm__("x19") = fn;
	register void *d __asm__("x20") = data;

	__asm__ volatile("svc #0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x29, xzr\n\t"
			 "mov x0, x20\n\t"
			 "blr x19\n\t"
			 "mov x8, %[exit]\n\t"
			 "svc #0\n"
			 "1:"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(f), "r"(d), [exit] "i"(SYS_exit_group)
			 : "memory", "cc", "x30");
	return x0;
}
#define HAVE_CLONE_SHARED 1
#endif

long ringwall_clone_run(struct clone_args *args, bool share, int (*fn)(void *data), void *data)
{
#ifdef HAVE_CLONE_SHARED
	char stack[STACK_SIZE] __attribute__((aligned(16)));

	if (share) {
		args->flags |= CLONE_VM | CLONE_VFORK;
		args->stack = (uint64_t)(uintptr_t)stack;
		args->stack_size = sizeof(stack);
		return clone_shared(args, fn, data);
	}
#endif
	(void)share;
	return clone_plain(args, fn, data);
}
