// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Class identity: which container a process belongs to, for the classes on LSM hooks. Decides nothing but that.
 *
 * lsm/task_alloc		ringwall_task_alloc	a child is what its parent is, or there is no child
 * lsm/bprm_committing_creds	ringwall_exec_arm	the container's own program begins: from here on it is confined
 */
#include "lsm.bpf.h"

SEC("lsm/task_alloc")
int BPF_PROG(ringwall_task_alloc, struct task_struct *task, unsigned long clone_flags)
{
	struct ringwall_task *parent = bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), NULL, 0), *child;

	/* In SETUP it is Ringwall's own program, and what it forks is a hook of the configuration's. */
	if (!parent || parent->phase == RINGWALL_PHASE_SETUP)
		return 0;
	child = bpf_task_storage_get(&tasks, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!child)
		return -EAGAIN;
	child->slot = parent->slot;
	child->phase = parent->phase;
	return 0;
}

SEC("lsm/bprm_committing_creds")
int BPF_PROG(ringwall_exec_arm, struct linux_binprm *bprm)
{
	struct ringwall_task *t = bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), NULL, 0);

	if (t && t->phase == RINGWALL_PHASE_SETUP)
		t->phase = RINGWALL_PHASE_ARMED;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
