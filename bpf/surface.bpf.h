/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef RINGWALL_BPF_SURFACE_H
#define RINGWALL_BPF_SURFACE_H

/* The one decision of the classes that refuse by bits: kernel, tamper, socket, capable. */

#include "lsm.bpf.h"

/**
 * struct refusal - what is refused, for the report.
 * @set, @rule: see "Rules" in abi.h
 * @op, @arg: as in struct ringwall_object
 * @name: in kernel memory, NUL-terminated, or @name_len (below NAME_MAX) bytes of it; NULL: none. The object's path.
 */
struct refusal {
	__u32 set, rule;
	__u32 op, name_len;
	__u32 arg[4];
	const char *name;
};

#define NAME_MAX 128

/** refuse() - report it. Return: what the hook answers: 0 where the set is only audited. */
static __noinline int refuse(const struct subject *s, const struct refusal *r)
{
	struct ringwall_event *ev = refusal_begin(s, r->set, r->rule, EPERM);

	if (ev) {
		event_task(ev);
		ev->what.object.op = r->op;
		__builtin_memcpy(ev->what.object.arg, r->arg, sizeof(r->arg));
		if (r->name_len)
			bpf_probe_read_kernel(ev->what.object.path, r->name_len & (NAME_MAX - 1), r->name);
		else if (r->name)
			bpf_probe_read_kernel_str(ev->what.object.path, NAME_MAX, r->name);
	}
	return refusal_end(s, ev, r->set, EPERM);
}

/** refuse_quietly() - as refuse(), for what the kernel asks on its own account: nobody wants to hear of it. */
static __always_inline int refuse_quietly(const struct subject *s, __u32 set)
{
	return subject_audits(s, set) ? 0 : -EPERM;
}

/** surface_has() - does the policy refuse RINGWALL_KERNEL_@bit? */
static __always_inline int surface_has(const struct subject *s, __u32 bit)
{
	return s->p->kernel >> bit & 1;
}

static __always_inline int allow(const struct subject *s)
{
	return subject_still(s) ? 0 : -EPERM;
}

static __always_inline int surface_report(const struct subject *s, __u32 bit, __u32 arg1, __u32 arg2, const char *name)
{
	struct refusal r = { .set = RINGWALL_SET_KERNEL,
			     .rule = bit,
			     .op = RINGWALL_DO_KERNEL,
			     .arg = { bit, arg1, arg2 },
			     .name = name };

	return refuse(s, &r);
}

/** confined() - is the current process a container's, and is there a policy? Return: 0: no, and @ret is the answer. */
static __always_inline int confined(struct subject *s, int *ret)
{
	enum confinement c = current_subject(s);

	*ret = c == LOST ? -EPERM : 0;
	return c == CONFINED;
}

/** surface_refused() - the answer to something that is one bit of the policy, whatever it is done to. */
static __always_inline int surface_refused(__u32 bit, __u32 arg1, __u32 arg2)
{
	struct subject s;
	int ret;

	if (!confined(&s, &ret))
		return ret;
	return surface_has(&s, bit) ? surface_report(&s, bit, arg1, arg2, NULL) : allow(&s);
}

/** same_container() - storage is set before a container's first instruction, so SETUP counts as well; CRIU is outside. */
static __always_inline int same_container(const struct subject *s, struct task_struct *other)
{
	const struct ringwall_task *t = bpf_task_storage_get(&tasks, other, NULL, 0);

	return t && t->slot == s->slot && t->phase != RINGWALL_PHASE_TRACER;
}

#endif
