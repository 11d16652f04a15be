/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef RINGWALL_BPF_LSM_H
#define RINGWALL_BPF_LSM_H

/*
 * For programs on LSM hooks. Where `bpf` is missing from the kernel's lsm= list, user/policy/load.c attaches the very same
 * programs to the functions security_HOOK() (modify return) that call the hooks, so a program may use only the hook's
 * arguments, which both have.
 */

#include "kernel.bpf.h"
#include "report.bpf.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

/*
 * Whose a process is: set by the runtime for a container's first process and for those that `exec` brings, copied at fork.
 * Also set for CRIU, and for the first process that it makes.
 * It goes with the task; there is no full, only no memory, and then there is no fork.
 */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct ringwall_task);
} tasks SEC(".maps");

enum confinement {
	UNCONFINED, /* not a container's, or not yet */
	CONFINED,   /* the subject is filled in */
	LOST,	    /* a container's that has no policy any more: refuse everything */
};

/*
 * Is what the current process, @t, does CRIU's doing? A restored process is stopped by CRIU, its tracer, before it comes to the
 * container's code, and stays so until CRIU lets go of it: there the kernel itself begins to confine it, whoever has been killed.
 */
static __noinline int is_puppet(const struct ringwall_task *t, __u32 marked)
{
	struct task_struct *task = bpf_get_current_task_btf();
	const struct ringwall_task *tracer;

	if (marked == RINGWALL_MARKED_MADE && t->phase == RINGWALL_PHASE_MADE)
		return 1;
	if (!task->ptrace)
		return 0;
	tracer = bpf_task_storage_get(&tasks, task->parent, NULL, 0);
	return tracer && tracer->phase == RINGWALL_PHASE_TRACER && tracer->slot == t->slot;
}

/* @t: the current process's. @setup: whether what is asked about already concerns a process in SETUP (its execve). */
static __always_inline enum confinement subject_of_task(const struct ringwall_task *t, int setup, struct subject *ret)
{
	__u32 marked;

	if (!t || (t->phase == RINGWALL_PHASE_SETUP && !setup) || t->phase == RINGWALL_PHASE_TRACER)
		return UNCONFINED;
	if (!subject_find(t->slot, ret))
		return LOST;
	marked = READ_ONCE(ret->c->marked);
	return marked > RINGWALL_MARKED && is_puppet(t, marked) ? UNCONFINED : CONFINED;
}

/** current_subject() - the container of the current process. */
static __always_inline enum confinement current_subject(struct subject *ret)
{
	return subject_of_task(bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), NULL, 0), 0, ret);
}

/* How far a path has been written: @dentry is next, at @at. */
struct event_names {
	struct dentry *dentry;
	char *ret;
	__u32 at, names;
	int cut;
};

/* @limit: where another name may no longer begin; a number that the verifier can see */
static __always_inline long event_name(__u32 i, struct event_names *p, __u32 limit)
{
	struct dentry *dentry = p->dentry, *parent = BPF_CORE_READ(dentry, d_parent);
	const unsigned char *name = BPF_CORE_READ(dentry, d_name.name);
	__u64 at;
	long n;

	if (i >= p->names || parent == dentry)
		return 1;
	p->cut = 1;
	/* As wide as an address, and without a call in between: 6.1 would forget the limit of a copy, and of one it spills. */
	at = p->at;
	if (at > limit)
		return 1;
	n = bpf_probe_read_kernel_str(p->ret + at, 64, name);
	if (n <= 0)
		return 1;
	p->at = at + n;
	p->dentry = parent;
	p->cut = 0;
	return 0;
}

static long event_name_exe(__u32 i, struct event_names *p)
{
	return event_name(i, p, RINGWALL_EVENT_EXE - 64);
}

static long event_name_object(__u32 i, struct event_names *p)
{
	return event_name(i, p, RINGWALL_OBJECT_PATH - 64);
}

/**
 * event_path() - object.path: names from @dentry up. A name of more than 63 characters loses its end.
 * @names: how many at most; all there are with RINGWALL_DEPTH_MAX
 */
static __always_inline void event_path(struct ringwall_event *ev, struct dentry *dentry, __u32 names)
{
	struct event_names p = { .dentry = dentry, .ret = ev->what.object.path, .names = names };

	bpf_loop(RINGWALL_DEPTH_MAX + 1, event_name_object, &p, 0);
	if (p.cut)
		ev->what.object.flags |= RINGWALL_OBJECT_CUT;
}

/** event_task() - as event_process(), with the path of the program. */
static __always_inline void event_task(struct ringwall_event *ev)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct event_names p = { .dentry = BPF_CORE_READ(task, mm, exe_file, f_path.dentry),
				 .ret = ev->exe,
				 .names = RINGWALL_DEPTH_MAX };

	event_process(ev);
	if (p.dentry)
		bpf_loop(RINGWALL_DEPTH_MAX, event_name_exe, &p, 0);
}

#endif
