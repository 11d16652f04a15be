/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef RINGWALL_BPF_SURFACE_PROCESS_H
#define RINGWALL_BPF_SURFACE_PROCESS_H

/* Class kernel: what a container may do to other processes. */

#include "surface.bpf.h"

#define PTRACE_MODE_ATTACH 0x2
#define PTRACE_MODE_NOAUDIT 0x4

static __always_inline int is_armed(struct task_struct *other)
{
	const struct ringwall_task *t = bpf_task_storage_get(&tasks, other, NULL, 0);

	return t && t->phase != RINGWALL_PHASE_SETUP;
}

/*
 * A thread's access to its own process is never asked about. Reading what /proc has on processes of the same container
 * is what ps does, and not refused. ps also has the kernel find out, unasked, what it may show in /proc/PID/stat: that
 * is NOAUDIT. What `exec` brings is Ringwall's own program, with the host's privileges, until its execve: as good as outside.
 */
static __always_inline int ptrace_refused(struct task_struct *other, __u32 mode)
{
	struct subject s;
	__u32 bit;
	int ret;

	if (!confined(&s, &ret))
		return ret;
	if (same_container(&s, other) && is_armed(other)) {
		if (!(mode & PTRACE_MODE_ATTACH))
			return allow(&s);
		bit = RINGWALL_KERNEL_PTRACE;
	} else {
		bit = RINGWALL_KERNEL_PTRACE_OUT;
	}
	if (!surface_has(&s, bit))
		return allow(&s);
	if (mode & PTRACE_MODE_NOAUDIT)
		return refuse_quietly(&s, RINGWALL_SET_KERNEL);
	return surface_report(&s, bit, BPF_CORE_READ(other, tgid), mode, NULL);
}

SEC("lsm/ptrace_access_check")
int BPF_PROG(ringwall_ptrace, struct task_struct *child, unsigned int mode)
{
	return ptrace_refused(child, mode);
}

SEC("lsm/ptrace_traceme")
int BPF_PROG(ringwall_traceme, struct task_struct *parent)
{
	return ptrace_refused(parent, PTRACE_MODE_ATTACH);
}

/* The kernel's own signals (SIGCHLD, SIGPIPE, SIGSEGV, of terminals and timers) never come here. 0 is none. */
SEC("lsm/task_kill")
int BPF_PROG(ringwall_kill, struct task_struct *p, void *info, int sig)
{
	struct subject s;
	int ret;

	if (!confined(&s, &ret))
		return ret;
	if (!surface_has(&s, RINGWALL_KERNEL_SIGNAL_OUT) || !sig || same_container(&s, p))
		return allow(&s);
	return surface_report(&s, RINGWALL_KERNEL_SIGNAL_OUT, sig, BPF_CORE_READ(p, tgid), NULL);
}

#endif
