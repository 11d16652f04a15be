// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Class kernel: what a container may ask of the kernel beside files and sockets. One bit of policy.kernel each.
 *
 * lsm/sb_mount			ringwall_mount		mount(2): new, bind, move, remount, propagation
 * lsm/move_mount		ringwall_move_mount	move_mount(2)
 * lsm/sb_set_mnt_opts		ringwall_new_fs		fsconfig(2), FSCONFIG_CMD_CREATE
 * lsm/sb_remount		ringwall_remount	fsconfig(2), FSCONFIG_CMD_RECONFIGURE
 * lsm/sb_umount		ringwall_umount		umount(2)
 * lsm/sb_pivotroot		ringwall_pivot_root	pivot_root(2)
 * lsm/ptrace_access_check	ringwall_ptrace		ptrace(2), process_vm_readv(2), setns(2), /proc/PID/{mem,root,…}
 * lsm/ptrace_traceme		ringwall_traceme	PTRACE_TRACEME
 * lsm/task_kill		ringwall_kill		every way to send a signal but F_SETOWN
 * lsm/perf_event_open		ringwall_perf		perf_event_open(2)
 * lsm/locked_down		ringwall_trace		tracefs, kprobes
 * lsm/key_alloc		ringwall_key_new	add_key(2), request_key(2), new keyrings
 * lsm/key_permission		ringwall_key		use of a key
 * lsm/kernel_module_request	ringwall_modprobe	modules that the kernel has loaded on demand
 * lsm/kernel_load_data		ringwall_load_data	init_module(2), kexec_load(2), firmware
 * lsm/kernel_read_file		ringwall_load_file	finit_module(2), kexec_file_load(2), firmware
 * lsm/userns_create		ringwall_userns		clone(2) and unshare(2) of a user namespace
 * lsm/inode_init_security_anon	ringwall_anon_file	io_uring_setup(2), userfaultfd(2), /dev/userfaultfd
 * lsm/uring_override_creds	ringwall_uring_creds	a ring from before the policy was set
 * lsm/uring_cmd		ringwall_uring_cmd	likewise
 * lsm/syslog			ringwall_syslog		syslog(2), /dev/kmsg, /proc/kmsg
 * lsm/settime			ringwall_settime	clock_settime(2), settimeofday(2)
 */
#include "surface-process.bpf.h"

#define NR_FSCONFIG 431 /* on every architecture */

/* The members that have the system call's number; linux/ptrace.h has a structure of that name for user space. */
struct pt_regs___kernel {
#ifdef __TARGET_ARCH_arm64
	int syscallno;
#else
	unsigned long orig_ax;
#endif
} __attribute__((preserve_access_index));

/*
 * The hooks at superblocks also run for the kernel's own mounts (unshare of an ipc namespace mounts mqueue, the first
 * kprobe debugfs, an autofs directory what it stands for), and mount(2) has its own hook. What is left is fsconfig(2).
 * The number cannot be changed under way: a tracer can reach registers only while its tracee is not in a system call.
 */
static __always_inline int in_fsconfig(void)
{
	struct pt_regs___kernel *regs = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());

#ifdef __TARGET_ARCH_arm64
	return BPF_CORE_READ(regs, syscallno) == NR_FSCONFIG;
#else
	return (BPF_CORE_READ(regs, orig_ax) & 0xffff) == NR_FSCONFIG; /* x32 has a bit above */
#endif
}

SEC("lsm/sb_mount")
int BPF_PROG(ringwall_mount, const char *dev_name, const struct path *path, const char *type, unsigned long flags)
{
	return surface_refused(RINGWALL_KERNEL_MOUNT, flags, 0);
}

SEC("lsm/move_mount")
int BPF_PROG(ringwall_move_mount)
{
	return surface_refused(RINGWALL_KERNEL_MOUNT, 0, 0);
}

SEC("lsm/sb_set_mnt_opts")
int BPF_PROG(ringwall_new_fs)
{
	return in_fsconfig() ? surface_refused(RINGWALL_KERNEL_MOUNT, 0, 0) : 0;
}

SEC("lsm/sb_remount")
int BPF_PROG(ringwall_remount)
{
	return in_fsconfig() ? surface_refused(RINGWALL_KERNEL_MOUNT, 0, 0) : 0;
}

SEC("lsm/sb_umount")
int BPF_PROG(ringwall_umount, struct vfsmount *mnt, int flags)
{
	return surface_refused(RINGWALL_KERNEL_UMOUNT, flags, 0);
}

SEC("lsm/sb_pivotroot")
int BPF_PROG(ringwall_pivot_root)
{
	return surface_refused(RINGWALL_KERNEL_PIVOT_ROOT, 0, 0);
}

SEC("lsm/perf_event_open")
int BPF_PROG(ringwall_perf)
{
	return surface_refused(RINGWALL_KERNEL_PERF, 0, 0);
}

/* Where CO-RE finds the numbers these have in the kernel at hand. */
enum lockdown_reason { LOCKDOWN_KPROBES = 23, LOCKDOWN_TRACEFS = 27 };

SEC("lsm/locked_down")
int BPF_PROG(ringwall_trace, int what)
{
	if (what != (int)bpf_core_enum_value(enum lockdown_reason, LOCKDOWN_KPROBES) &&
	    what != (int)bpf_core_enum_value(enum lockdown_reason, LOCKDOWN_TRACEFS))
		return 0;
	return surface_refused(RINGWALL_KERNEL_PERF, 1, what);
}

/* A service that uses keys on its own account (a network file system's, the DNS resolver's) puts on credentials of its own. */
static __always_inline int keys_refused(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (BPF_CORE_READ(task, cred) != BPF_CORE_READ(task, real_cred))
		return 0;
	return surface_refused(RINGWALL_KERNEL_KEYS, 0, 0);
}

SEC("lsm/key_alloc")
int BPF_PROG(ringwall_key_new)
{
	return keys_refused();
}

SEC("lsm/key_permission")
int BPF_PROG(ringwall_key)
{
	return keys_refused();
}

SEC("lsm/kernel_module_request")
int BPF_PROG(ringwall_modprobe, char *kmod_name)
{
	struct subject s;
	int ret;

	if (!confined(&s, &ret))
		return ret;
	return surface_has(&s, RINGWALL_KERNEL_MODULE) ? surface_report(&s, RINGWALL_KERNEL_MODULE, 0, 0, kmod_name)
						       : allow(&s);
}

enum kernel_load_data_id {
	LOADING_FIRMWARE = 1,
	LOADING_MODULE,
	LOADING_KEXEC_IMAGE,
	LOADING_KEXEC_INITRAMFS,
	LOADING_MODULE_COMPRESSED = 7
};
enum kernel_read_file_id {
	READING_FIRMWARE = 1,
	READING_MODULE,
	READING_KEXEC_IMAGE,
	READING_KEXEC_INITRAMFS,
	READING_MODULE_COMPRESSED = 7
};

#define IS(type, what, name)                                                                                           \
	(bpf_core_enum_value_exists(enum type, name) && (what) == (int)bpf_core_enum_value(enum type, name))

SEC("lsm/kernel_load_data")
int BPF_PROG(ringwall_load_data, int id)
{
	if (IS(kernel_load_data_id, id, LOADING_MODULE) || IS(kernel_load_data_id, id, LOADING_MODULE_COMPRESSED))
		return surface_refused(RINGWALL_KERNEL_MODULE, 1, 0);
	if (IS(kernel_load_data_id, id, LOADING_KEXEC_IMAGE) || IS(kernel_load_data_id, id, LOADING_KEXEC_INITRAMFS))
		return surface_refused(RINGWALL_KERNEL_KEXEC, 0, 0);
	if (IS(kernel_load_data_id, id, LOADING_FIRMWARE))
		return surface_refused(RINGWALL_KERNEL_FIRMWARE, 0, 0);
	return 0;
}

SEC("lsm/kernel_read_file")
int BPF_PROG(ringwall_load_file, struct file *file, int id)
{
	if (IS(kernel_read_file_id, id, READING_MODULE) || IS(kernel_read_file_id, id, READING_MODULE_COMPRESSED))
		return surface_refused(RINGWALL_KERNEL_MODULE, 1, 0);
	if (IS(kernel_read_file_id, id, READING_KEXEC_IMAGE) || IS(kernel_read_file_id, id, READING_KEXEC_INITRAMFS))
		return surface_refused(RINGWALL_KERNEL_KEXEC, 0, 0);
	if (IS(kernel_read_file_id, id, READING_FIRMWARE))
		return surface_refused(RINGWALL_KERNEL_FIRMWARE, 0, 0);
	return 0;
}

SEC("lsm/userns_create")
int BPF_PROG(ringwall_userns)
{
	return surface_refused(RINGWALL_KERNEL_USERNS, 0, 0);
}

/* Both have at least @n bytes. */
static __always_inline int same(const char *a, const char *b, int n)
{
	for (int i = 0; i < n; i++)
		if (a[i] != b[i])
			return 0;
	return 1;
}

/* Every ring and every userfaultfd is such a file; uring_allowed, which newer kernels have, would only say it twice. */
SEC("lsm/inode_init_security_anon")
int BPF_PROG(ringwall_anon_file, struct inode *inode, const struct qstr *name)
{
	char text[16] = {};

	bpf_probe_read_kernel_str(text, sizeof(text), BPF_CORE_READ(name, name));
	if (same(text, "[io_uring]", 11))
		return surface_refused(RINGWALL_KERNEL_IO_URING, 0, 0);
	if (same(text, "[userfaultfd]", 14))
		return surface_refused(RINGWALL_KERNEL_USERFAULTFD, 0, 0);
	return 0;
}

SEC("lsm/uring_override_creds")
int BPF_PROG(ringwall_uring_creds)
{
	return surface_refused(RINGWALL_KERNEL_IO_URING, 1, 0);
}

SEC("lsm/uring_cmd")
int BPF_PROG(ringwall_uring_cmd)
{
	return surface_refused(RINGWALL_KERNEL_IO_URING, 2, 0);
}

SEC("lsm/syslog")
int BPF_PROG(ringwall_syslog, int type)
{
	return surface_refused(RINGWALL_KERNEL_SYSLOG, type, 0);
}

SEC("lsm/settime")
int BPF_PROG(ringwall_settime)
{
	return surface_refused(RINGWALL_KERNEL_SETTIME, 0, 0);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
