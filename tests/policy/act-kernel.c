// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a process may ask of the kernel; see act.h. PID=…: a process outside. In the environment, M: a mount that can be written
 * to, by default /m.
 * Every act leaves the system as it was.
 */
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

#include "act.h"

/* ---- mounts: in a mount namespace of their own, which Ringwall does not mind ------------------------------------ */

static void own_mounts(void)
{
	NEEDED(unshare(CLONE_NEWNS));
}

static int act_mount(void)
{
	own_mounts();
	return mount("tmpfs", "sub", "tmpfs", 0, NULL);
}

static int act_mount_bpffs(void)
{
	own_mounts();
	return mount("bpf", "sub", "bpf", 0, NULL);
}

static int act_bind(void)
{
	own_mounts();
	return mount(".", "sub", NULL, MS_BIND, NULL);
}

static int act_remount(void)
{
	own_mounts();
	return mount(NULL, ".", NULL, MS_REMOUNT | MS_BIND | MS_NOSUID, NULL);
}

static int act_propagation(void)
{
	own_mounts();
	return mount(NULL, ".", NULL, MS_UNBINDABLE, NULL);
}

/* A file system that can be used by its descriptor, without being mounted anywhere. */
static int new_fs(const char *type)
{
	int fs = (int)syscall(SYS_fsopen, type, 0);

	if (fs < 0)
		return -1;
	return (int)syscall(SYS_fsconfig, fs, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0);
}

static int act_fsconfig(void)
{
	return new_fs("tmpfs");
}

/* This one exists already, mounted by the kernel itself. */
static int act_fsconfig_shared(void)
{
	return new_fs("debugfs");
}

static int act_reconfigure(void)
{
	int fs;

	own_mounts();
	fs = (int)syscall(SYS_fspick, AT_FDCWD, ".", 0);
	NEEDED(fs);
	return (int)syscall(SYS_fsconfig, fs, 7 /* FSCONFIG_CMD_RECONFIGURE */, NULL, NULL, 0);
}

/* Refused at the second step where the first has no hook. */
static int act_move_mount(void)
{
	int tree;

	own_mounts();
	tree = (int)syscall(SYS_open_tree, AT_FDCWD, ".", 1 /* OPEN_TREE_CLONE */);
	NEEDED(tree);
	return (int)syscall(SYS_move_mount, tree, "", AT_FDCWD, "sub", 4 /* MOVE_MOUNT_F_EMPTY_PATH */);
}

/* The kernel mounts the message queues of a new ipc namespace; that is not this process's mount. */
static int act_new_ipc(void)
{
	return unshare(CLONE_NEWIPC | CLONE_NEWNS | CLONE_NEWUTS);
}

static int act_umount(void)
{
	own_mounts();
	return umount2(".", MNT_DETACH);
}

static int act_pivot_root(void)
{
	own_mounts();
	return (int)syscall(SYS_pivot_root, ".", ".");
}

/* ---- processes -------------------------------------------------------------------------------------------------- */

static pid_t outside(void)
{
	const char *pid = getenv("PID");

	return pid ? (pid_t)atoi(pid) : 0;
}

/* Ends with us: its end of the pipe is all it has. */
static pid_t sleeper(void)
{
	int end[2];
	pid_t child;
	char c;

	NEEDED(pipe(end));
	child = fork();
	NEEDED(child);
	if (!child) {
		close(end[1]);
		_exit((int)read(end[0], &c, 1));
	}
	return child;
}

static int attach(pid_t pid)
{
	return ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0 ? -1 : 0;
}

static int peek(pid_t pid)
{
	static char here[1];
	char got[1];
	/* With a page that is not there: what counts is whether one may look. */
	struct iovec local = { got, 1 }, remote = { here, 1 };

	return process_vm_readv(pid, &local, 1, &remote, 1, 0) < 0 && errno != EFAULT ? -1 : 0;
}

static int open_of(pid_t pid, const char *file)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Where there is nothing in it, the kernel may let it be opened and keep the content back. */
static int read_of(pid_t pid, const char *file)
{
	int fd = open_of(pid, file);
	ssize_t n;
	char c;

	if (fd < 0)
		return -1;
	n = read(fd, &c, 1);
	if (!n)
		errno = ENODATA;
	return n > 0 ? 0 : -1;
}

static int act_ptrace(void)
{
	return attach(sleeper());
}

static int act_traceme(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 ? -1 : 0;
}

static int act_peek(void)
{
	return peek(sleeper());
}

static int act_mem(void)
{
	return open_of(sleeper(), "mem");
}

static int act_environ(void)
{
	return read_of(sleeper(), "environ");
}

static int act_mem_self(void)
{
	return open_of(getpid(), "mem");
}

static int act_ptrace_out(void)
{
	return attach(outside());
}

static int act_peek_out(void)
{
	return peek(outside());
}

static int act_mem_out(void)
{
	return open_of(outside(), "mem");
}

/* From 6.13 on the kernel lets who has one of these look at a process's memory though it may not trace it. */
static void drop_perfmon(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];

	NEEDED(syscall(SYS_capget, &head, caps));
	caps[0].effective &= ~(1U << CAP_SYS_ADMIN);
	caps[1].effective &= ~(1U << (CAP_PERFMON - 32));
	NEEDED(syscall(SYS_capset, &head, caps));
}

static int act_environ_out(void)
{
	drop_perfmon();
	return read_of(outside(), "environ");
}

static int act_root_out(void)
{
	return open_of(outside(), "root/");
}

static int act_ns_out(void)
{
	return open_of(outside(), "ns/uts");
}

static int act_setns_out(void)
{
	int pidfd = (int)syscall(SYS_pidfd_open, outside(), 0);

	NEEDED(pidfd);
	return setns(pidfd, CLONE_NEWUTS);
}

static int act_getfd_out(void)
{
	int pidfd = (int)syscall(SYS_pidfd_open, outside(), 0);

	NEEDED(pidfd);
	return (int)syscall(SYS_pidfd_getfd, pidfd, 0, 0);
}

/* Anybody may read it; only some of its fields depend on rights. */
static int act_stat_out(void)
{
	return read_of(outside(), "stat");
}

static int act_kill(void)
{
	return kill(sleeper(), SIGTERM);
}

static int act_kill_out(void)
{
	return kill(outside(), SIGCONT);
}

static int act_pidfd_kill_out(void)
{
	int pidfd = (int)syscall(SYS_pidfd_open, outside(), 0);

	NEEDED(pidfd);
	return (int)syscall(SYS_pidfd_send_signal, pidfd, SIGCONT, NULL, 0);
}

static int act_kill0_out(void)
{
	return kill(outside(), 0);
}

/* ---- the rest --------------------------------------------------------------------------------------------------- */

static int act_bpf(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };

	return (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static int act_perf(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE, .size = sizeof(attr), .config = PERF_COUNT_SW_CPU_CLOCK };

	return (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

static int act_tracefs(void)
{
	return open("/sys/kernel/tracing/kprobe_events", O_RDONLY | O_CLOEXEC);
}

static int act_add_key(void)
{
	return (int)syscall(SYS_add_key, "user", "ringwall-act", "x", 1, KEY_SPEC_PROCESS_KEYRING);
}

static int act_session_keyring(void)
{
	return (int)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
}

static int act_read_keyring(void)
{
	char text[64];

	return (int)syscall(SYS_keyctl, KEYCTL_READ, KEY_SPEC_USER_KEYRING, text, sizeof(text));
}

static const char junk[64] = "not a module";

static int act_init_module(void)
{
	return (int)syscall(SYS_init_module, junk, sizeof(junk), "");
}

static int junk_file(void)
{
	int fd = open(".", O_TMPFILE | O_RDWR, 0600), again;
	char path[32];

	NEEDED(fd);
	NEEDED(write(fd, junk, sizeof(junk)));
	/* What is open for writing is not loaded. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY | O_CLOEXEC);
	NEEDED(again);
	close(fd);
	return again;
}

static int act_finit_module(void)
{
	return (int)syscall(SYS_finit_module, junk_file(), "", 0);
}

/* A family that no kernel here has built in: it asks for the module net-pf-37. */
static int act_modprobe(void)
{
	return socket(37 /* AF_CAIF */, SOCK_SEQPACKET, 0);
}

/* Nothing to load: what is loaded, nothing here, is unloaded. */
static int act_kexec(void)
{
	return (int)syscall(SYS_kexec_load, 0, 0, NULL, 0);
}

static int act_kexec_file(void)
{
	return (int)syscall(SYS_kexec_file_load, junk_file(), -1, 1, "", 4 /* KEXEC_FILE_NO_INITRAMFS */);
}

static int act_userns(void)
{
	return unshare(CLONE_NEWUSER);
}

static int act_io_uring(void)
{
	struct io_uring_params p = { 0 };

	return (int)syscall(SYS_io_uring_setup, 1, &p);
}

static int act_io_uring_sqpoll(void)
{
	struct io_uring_params p = { .flags = IORING_SETUP_SQPOLL };

	return (int)syscall(SYS_io_uring_setup, 1, &p);
}

static int act_userfaultfd(void)
{
	return (int)syscall(SYS_userfaultfd, O_CLOEXEC);
}

static int act_syslog(void)
{
	return klogctl(10 /* SYSLOG_ACTION_SIZE_BUFFER */, NULL, 0);
}

static int act_settime(void)
{
	struct timespec now;

	NEEDED(clock_gettime(CLOCK_REALTIME, &now));
	return clock_settime(CLOCK_REALTIME, &now);
}

static int act_chroot(void)
{
	return chroot("/");
}

static int act_nice(void)
{
	return setpriority(PRIO_PROCESS, 0, -5);
}

/* In a user namespace of our own every capability is ours. */
static int act_userns_chroot(void)
{
	NEEDED(unshare(CLONE_NEWUSER));
	return chroot("/");
}

#define ACT(name) { #name, act_##name }

static const struct act acts[] = {
	ACT(mount), ACT(mount_bpffs), ACT(bind), ACT(remount), ACT(propagation), ACT(fsconfig), ACT(fsconfig_shared),
	ACT(reconfigure), ACT(move_mount), ACT(new_ipc), ACT(umount), ACT(pivot_root), ACT(ptrace), ACT(traceme), ACT(peek),
	ACT(mem), ACT(environ), ACT(mem_self), ACT(ptrace_out), ACT(peek_out), ACT(mem_out), ACT(environ_out), ACT(root_out),
	ACT(ns_out), ACT(setns_out), ACT(getfd_out), ACT(stat_out), ACT(kill), ACT(kill_out), ACT(pidfd_kill_out),
	ACT(kill0_out), ACT(bpf), ACT(perf), ACT(tracefs), ACT(add_key), ACT(session_keyring), ACT(read_keyring),
	ACT(init_module), ACT(finit_module), ACT(modprobe), ACT(kexec), ACT(kexec_file), ACT(userns), ACT(io_uring),
	ACT(io_uring_sqpoll), ACT(userfaultfd), ACT(syslog), ACT(settime), ACT(chroot), ACT(nice), ACT(userns_chroot),
};

int main(int argc, char **argv)
{
	(void)argc;
	if (chdir(getenv("M") ?: "/m") < 0)
		perror("/m");
	if (mkdir("sub", 0755) < 0 && errno != EEXIST)
		perror("sub");
	return acts_run(acts, sizeof(acts) / sizeof(acts[0]), argv + 1);
}
