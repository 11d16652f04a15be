// SPDX-License-Identifier: LGPL-2.1-or-later
#include "doctor.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../cgroup/cgroup.h"
#include "../lib/cleanup.h"
#include "bpf.h"
#include "gate-load.h"

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"
#define TEST_FUNCTION "bpf_modify_return_test" /* of the kernel's own tests: nobody calls it */

/* A kind of program that goes to a cgroup. */
struct kind {
	enum bpf_prog_type type;
	enum bpf_attach_type attach;
	const char *name;
};

/*
 * What each class consists of. Of hooks the first is the one without which there is no class; kernels may lack others.
 * The programs' own list is in bpf/.
 */
static const struct class {
	struct kind kinds[5];
	const char *hooks[12];
} classes[RINGWALL_LOADS] = {
	[RINGWALL_LOAD_DEVICE] = { .kinds = { { BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE, "device" } } },
	[RINGWALL_LOAD_NETWORK] = { .kinds = { { BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT, "connect" },
					       { BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET_SOCK_CREATE,
						 "sock_create" },
					       { BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS, "egress" },
					       { BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_INGRESS, "ingress" } } },
	[RINGWALL_LOAD_IDENTITY] = { .hooks = { "task_alloc", "bprm_committing_creds" } },
	[RINGWALL_LOAD_KERNEL] = { .hooks = { "sb_mount", "move_mount", "sb_umount", "sb_pivotroot",
					      "ptrace_access_check", "task_kill", "perf_event_open", "key_permission",
					      "kernel_read_file", "userns_create" } },
	[RINGWALL_LOAD_TAMPER] = { .hooks = { "bpf_map", "bpf_prog", "bpf", "inode_unlink", "inode_rmdir",
					      "inode_rename" } },
	[RINGWALL_LOAD_SOCKET] = { .hooks = { "socket_create", "unix_stream_connect", "unix_may_send" } },
	[RINGWALL_LOAD_CAPABLE] = { .hooks = { "capable" } },
	[RINGWALL_LOAD_FILE] = { .hooks = { "file_open", "path_mknod", "path_unlink", "path_rename", "path_link",
					    "bprm_check_security", "mmap_file" } },
};

const char *ringwall_backing_name(enum ringwall_backing backing)
{
	static const char *const names[] = {
		[RINGWALL_BACKING_NONE] = "none",
		[RINGWALL_BACKING_CGROUP] = "cgroup",
		[RINGWALL_BACKING_MODIFY_RETURN] = "modify-return",
		[RINGWALL_BACKING_LSM] = "lsm",
		[RINGWALL_BACKING_SECCOMP] = "seccomp",
		[RINGWALL_BACKING_MODULE] = "module",
	};

	return names[backing];
}

enum ringwall_load ringwall_set_load(uint32_t set)
{
	static const enum ringwall_load loads[RINGWALL_SETS] = {
		[RINGWALL_SET_DEVICE] = RINGWALL_LOAD_DEVICE,
		[RINGWALL_SET_EGRESS] = RINGWALL_LOAD_NETWORK,
		[RINGWALL_SET_INGRESS] = RINGWALL_LOAD_NETWORK,
		[RINGWALL_SET_BIND] = RINGWALL_LOAD_NETWORK,
		[RINGWALL_SET_FAMILY] = RINGWALL_LOAD_SOCKET,
		[RINGWALL_SET_SOCKET_TYPE] = RINGWALL_LOAD_SOCKET,
		[RINGWALL_SET_NETLINK] = RINGWALL_LOAD_SOCKET,
		[RINGWALL_SET_FILE] = RINGWALL_LOAD_FILE,
		[RINGWALL_SET_EXEC] = RINGWALL_LOAD_FILE,
		[RINGWALL_SET_KERNEL] = RINGWALL_LOAD_KERNEL,
		[RINGWALL_SET_CAPABILITY] = RINGWALL_LOAD_CAPABLE,
		[RINGWALL_SET_SYSCALL] = RINGWALL_LOAD_SYSCALL,
		[RINGWALL_SET_TAMPER] = RINGWALL_LOAD_TAMPER,
	};

	return loads[set];
}

static enum ringwall_backing on_hooks(void)
{
	return ringwall_lsm_backend() == RINGWALL_BACKEND_LSM ? RINGWALL_BACKING_LSM : RINGWALL_BACKING_MODIFY_RETURN;
}

/* A filter there is on every kernel. Without a container's processes being marked the gate finds nobody. */
static enum ringwall_backing of_syscalls(void)
{
	static const enum ringwall_backing backings[] = {
		[RINGWALL_GATE_NONE] = RINGWALL_BACKING_SECCOMP,
		[RINGWALL_GATE_MODULE] = RINGWALL_BACKING_MODULE,
		[RINGWALL_GATE_MODIFY_RETURN] = RINGWALL_BACKING_MODIFY_RETURN,
	};

	if (ringwall_backing(RINGWALL_LOAD_IDENTITY) == RINGWALL_BACKING_NONE)
		return RINGWALL_BACKING_SECCOMP;
	if (!ringwall_pins_is_loaded(RINGWALL_LOAD_SYSCALL) && ringwall_gate_is_skippable(NULL))
		return RINGWALL_BACKING_SECCOMP;
	return backings[ringwall_gate_kind()];
}

enum ringwall_backing ringwall_backing(enum ringwall_load which)
{
	const char *mount;

	if (which == RINGWALL_LOAD_SYSCALL)
		return of_syscalls();
	if (which < RINGWALL_LOAD_IDENTITY)
		return ringwall_cgroup_mount(&mount, NULL) ? RINGWALL_BACKING_NONE : RINGWALL_BACKING_CGROUP;
	if (ringwall_pins_is_loaded(which))
		return on_hooks();
	if (ringwall_pins_is_refused(which) || access(KERNEL_BTF, F_OK) || ringwall_bpf_probe(BPF_PROG_TYPE_LSM) == -EPERM)
		return RINGWALL_BACKING_NONE;
	return on_hooks();
}

/* return 0, or for programs of cgroups 1, which is: allowed */
static int load_nothing(enum bpf_prog_type type, enum bpf_attach_type attach, int btf_id, int answer)
{
	struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = answer },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, o, .expected_attach_type = attach, .attach_btf_id = (__u32)btf_id);

	return bpf_prog_load(type, "ringwall_doctor", "Dual BSD/GPL", nothing, ARRAY_SIZE(nothing), &o);
}

/* What the kernel's answer to root means. */
static void explain(struct ringwall_finding *f, const char *what, int err)
{
	snprintf(f->why, sizeof(f->why), "%s: %s", what, strerror(-err));
	if (geteuid())
		snprintf(f->fix, sizeof(f->fix), "run 'ringwall doctor' as root");
	else if (err == -ENOSYS || err == -EINVAL)
		snprintf(f->fix, sizeof(f->fix), "a kernel with CONFIG_BPF_SYSCALL=y and CONFIG_CGROUP_BPF=y");
	else if (err == -EPERM || err == -EACCES)
		snprintf(
			f->fix, sizeof(f->fix),
			"CAP_SYS_ADMIN, CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON in the initial user namespace, "
			"and nothing around that refuses bpf(2): a seccomp filter, another security module, kernel lockdown");
	else
		snprintf(f->fix, sizeof(f->fix), "a kernel that does not answer with that");
}

/* A cgroup for a moment; a doctor that is killed leaves an empty directory. */
struct scratch {
	char path[256];
	int fd;
};

static int scratch_make(struct scratch *s)
{
	const char *mount;
	struct ringwall_err e;
	int err = ringwall_cgroup_mount(&mount, &e);

	if (err < 0)
		return err;
	snprintf(s->path, sizeof(s->path), "%s/ringwall-doctor-%d", mount, (int)getpid());
	if (mkdir(s->path, 0700) < 0)
		return -errno;
	s->fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return s->fd < 0 ? -errno : 0;
}

static void scratch_remove(struct scratch *s)
{
	ringwall_fd_close(&s->fd);
	if (*s->path)
		rmdir(s->path);
}

/* Closing the link detaches. */
static int try_kind(const struct kind *k, int cgroup, const char **ret_what)
{
	_cleanup_fd_ int prog = load_nothing(k->type, k->attach, 0, 1), link = -1;

	*ret_what = "load a program";
	if (prog < 0)
		return prog;
	*ret_what = "attach it to a cgroup";
	link = bpf_link_create(prog, cgroup, k->attach, NULL);
	return link < 0 ? link : 0;
}

static void examine_cgroup(const struct class *class, const struct scratch *cgroup, int cgroup_err,
			   struct ringwall_finding *f)
{
	if (cgroup_err < 0) {
		explain(f, "make a cgroup to try it with", cgroup_err);
		if (cgroup_err == -ENOENT)
			snprintf(
				f->fix, sizeof(f->fix),
				"cgroup v2 mounted: systemd.unified_cgroup_hierarchy=1 on the kernel's command line, or "
				"mount -t cgroup2 cgroup2 /sys/fs/cgroup");
		return;
	}
	for (const struct kind *k = class->kinds; k->name; k++) {
		const char *what;
		char text[64];
		int err = try_kind(k, cgroup->fd, &what);

		if (err < 0) {
			snprintf(text, sizeof(text), "%s (%s)", what, k->name);
			explain(f, text, err);
			return;
		}
	}
	f->backing = RINGWALL_BACKING_CGROUP;
	snprintf(f->why, sizeof(f->why), "programs can be attached to a cgroup");
}

static int function_id(const struct btf *kernel, const char *prefix, const char *name)
{
	char function[96];

	snprintf(function, sizeof(function), "%s%s", prefix, name);
	return btf__find_by_name_kind(kernel, function, BTF_KIND_FUNC);
}

/* Hooks that return nothing are watched, not modified. */
static enum bpf_attach_type how_to_attach(const struct btf *kernel, int id)
{
	const struct btf_type *function = btf__type_by_id(kernel, (__u32)id);

	return btf__type_by_id(kernel, function->type)->type ? BPF_MODIFY_RETURN : BPF_TRACE_FENTRY;
}

static int try_hook(const struct btf *kernel, const char *hook, enum ringwall_backing backing)
{
	_cleanup_fd_ int prog = -1;
	int id = backing == RINGWALL_BACKING_LSM ? function_id(kernel, "bpf_lsm_", hook)
						 : function_id(kernel, "security_", ringwall_lsm_caller(hook));

	if (id < 0)
		return -ENOENT;
	prog = backing == RINGWALL_BACKING_LSM ? load_nothing(BPF_PROG_TYPE_LSM, BPF_LSM_MAC, id, 0)
					       : load_nothing(BPF_PROG_TYPE_TRACING, how_to_attach(kernel, id), id, 0);
	return prog < 0 ? prog : 0;
}

/* Can functions of this kernel be modified at all? That shows only when a program is attached. */
static int try_trampoline(const struct btf *kernel)
{
	_cleanup_fd_ int prog = -1, link = -1;
	int id = function_id(kernel, "", TEST_FUNCTION);

	if (id < 0)
		return 0; /* cannot be told */
	prog = load_nothing(BPF_PROG_TYPE_TRACING, BPF_MODIFY_RETURN, id, 0);
	if (prog < 0)
		return prog;
	link = bpf_link_create(prog, 0, BPF_MODIFY_RETURN, NULL);
	return link < 0 ? link : 0;
}

static void list_missing(const struct btf *kernel, const struct class *class, struct ringwall_finding *f)
{
	for (const char *const *hook = class->hooks; *hook; hook++) {
		size_t len = strlen(f->missing);

		if (function_id(kernel, "bpf_lsm_", *hook) < 0)
			snprintf(f->missing + len, sizeof(f->missing) - len, "%s%s", len ? "," : "", *hook);
	}
}

/* Those that are always there, at one end of the list or the other, are not named in it. */
static bool is_fixed(const char *lsm)
{
	static const char *const fixed[] = { "capability", "ima", "evm", "integrity" };

	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		if (!strcmp(fixed[i], lsm))
			return true;
	return false;
}

/* What is active now, and bpf. */
static void fix_lsm_list(struct ringwall_finding *f)
{
	char list[200], *save = NULL;
	size_t len;

	ringwall_lsm_list(list, sizeof(list));
	len = (size_t)snprintf(f->fix, sizeof(f->fix), "lsm=");
	for (char *lsm = strtok_r(list, ",", &save); lsm; lsm = strtok_r(NULL, ",", &save))
		if (!is_fixed(lsm))
			len += (size_t)snprintf(f->fix + len, sizeof(f->fix) - len, "%s,", lsm);
	snprintf(f->fix + len, sizeof(f->fix) - len, "bpf on the kernel's command line");
}

static void examine_hooks(const struct btf *kernel, const struct class *class, struct ringwall_finding *f)
{
	enum ringwall_backing backing = on_hooks();
	struct ringwall_err skips;
	int err;

	if (!kernel || function_id(kernel, "bpf_lsm_", class->hooks[0]) < 0) {
		snprintf(f->why, sizeof(f->why), "%s",
			 kernel ? "this kernel has no LSM hooks for BPF"
				: "this kernel does not describe its types: no " KERNEL_BTF);
		snprintf(f->fix, sizeof(f->fix), "a kernel with %s",
			 kernel ? "CONFIG_BPF_LSM=y" : "CONFIG_DEBUG_INFO_BTF=y and CONFIG_BPF_LSM=y");
		return;
	}
	list_missing(kernel, class, f);
	err = try_hook(kernel, class->hooks[0], backing);
	if (!err && backing == RINGWALL_BACKING_MODIFY_RETURN)
		err = try_trampoline(kernel);
	if (err < 0) {
		explain(f,
			backing == RINGWALL_BACKING_LSM ? "load a program for an LSM hook"
							: "load a program that modifies security_…()",
			err);
		return;
	}
	if (ringwall_load_check_skips(kernel, ringwall_lsm_backend(), &skips) < 0) {
		snprintf(f->why, sizeof(f->why), "%.300s", skips.text);
		snprintf(f->fix, sizeof(f->fix), "preempt=voluntary on the kernel command line (before Linux 7.0)%s",
			 backing == RINGWALL_BACKING_LSM ? "" : ", or bpf in its lsm=");
		return;
	}
	f->backing = backing;
	if (backing == RINGWALL_BACKING_LSM) {
		snprintf(f->why, sizeof(f->why), "programs can be loaded for LSM hooks, and bpf is an active LSM");
		return;
	}
	snprintf(f->why, sizeof(f->why),
		 "bpf is not an active LSM: the functions that call the hooks are modified instead");
	fix_lsm_list(f);
}

#define WITHOUT_GATE "what begins with a container stays as it is: "

/* After what the gate needs has been looked at. */
static void examine_syscalls(const struct ringwall_finding *identity, struct ringwall_finding *f)
{
	bool module = ringwall_gate_module_is_there();
	int err = module ? 0 : ringwall_gate_try();
	struct ringwall_err skips;

	f->backing = RINGWALL_BACKING_SECCOMP;
	if (identity->backing == RINGWALL_BACKING_NONE) {
		snprintf(f->why, sizeof(f->why), WITHOUT_GATE "the live gate needs class identity");
		memcpy(f->fix, identity->fix, sizeof(f->fix));
		return;
	}
	if (module) {
		f->backing = RINGWALL_BACKING_MODULE;
		snprintf(f->why, sizeof(f->why), "ringwall.ko is loaded: policies can change while containers run");
		return;
	}
	snprintf(f->fix, sizeof(f->fix), "modprobe ringwall ('make kmod' builds it)");
	if (err < 0) {
		snprintf(f->why, sizeof(f->why),
			 WITHOUT_GATE "this kernel lets no program in front of system calls by itself (%s), "
			 "and ringwall.ko is not loaded",
			 strerror(-err));
	} else if (ringwall_gate_is_skippable(&skips)) {
		snprintf(f->why, sizeof(f->why),
			 WITHOUT_GATE "programs in front of system calls can be skipped on this kernel, which is preemptible; "
			 "a policy with \"onUnsupported\": \"warn\" gets them for mode \"live\"");
	} else {
		f->backing = RINGWALL_BACKING_MODIFY_RETURN;
		snprintf(f->why, sizeof(f->why),
			 "programs can be put in front of system calls; 32-bit ones are refused whole where the policy is live");
	}
}

/* Where there is a bpffs, or can be. */
static void check_bpffs(struct ringwall_finding *f)
{
	struct statfs st;

	if (f->backing == RINGWALL_BACKING_NONE ||
	    (!statfs(RINGWALL_BPFFS, &st) && (st.f_type == BPF_FS_MAGIC || !geteuid())))
		return;
	f->backing = RINGWALL_BACKING_NONE;
	snprintf(f->why, sizeof(f->why), "programs have no place to stay: no bpffs at %s", RINGWALL_BPFFS);
	snprintf(f->fix, sizeof(f->fix), "mount -t bpf bpf %s", RINGWALL_BPFFS);
}

void ringwall_doctor_examine(struct ringwall_finding ret[RINGWALL_LOADS])
{
	libbpf_print_fn_t printer = libbpf_set_print(NULL);
	_cleanup_(scratch_remove) struct scratch cgroup = { .fd = -1 };
	struct btf *kernel = btf__load_vmlinux_btf();
	int err = scratch_make(&cgroup);

	for (enum ringwall_load i = 0; i < RINGWALL_LOADS; i++) {
		ret[i] = (struct ringwall_finding){ .loaded = ringwall_pins_is_loaded(i) };
		if (i == RINGWALL_LOAD_SYSCALL)
			examine_syscalls(&ret[RINGWALL_LOAD_IDENTITY], &ret[i]);
		else if (classes[i].hooks[0])
			examine_hooks(kernel, &classes[i], &ret[i]);
		else
			examine_cgroup(&classes[i], &cgroup, err, &ret[i]);
		check_bpffs(&ret[i]);
	}
	btf__free(kernel);
	libbpf_set_print(printer);
}
