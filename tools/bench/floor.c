// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * floor - the least a program can do to run a command in a default container.
 *
 *	floor [-c CGROUP2-DIR] ROOTFS COMMAND [ARG...]
 *
 * clone3 into a new cgroup with six namespaces, the seven default mounts, the
 * masked and the read-only paths of `runc spec`, pivot_root, exec, wait, rmdir,
 * and nothing else: no config, no state, no devices, no seccomp, no capabilities.
 * tools/bench/run measures every runtime against it. ROOTFS must have the
 * directories proc, dev and sys. Exits with the command's status, 128 + N when
 * signal N killed it, 125 when floor itself failed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

enum {
	EXIT_FLOOR = 125,
	RMDIR_TRIES = 1000,
};

static const uint64_t namespaces = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
				   CLONE_NEWUTS | CLONE_NEWNS | CLONE_NEWCGROUP;

#define NOTHING (MS_NOSUID | MS_NOEXEC | MS_NODEV)

/* In the order of `runc spec`: what lies under /dev and /sys comes after it. */
static const struct {
	const char *type;
	const char *target; /* below ROOTFS */
	unsigned long flags;
	const char *data;
	int mkdir; /* on a fresh tmpfs the directory is missing */
} mounts[] = {
	{ "proc", "proc", 0, NULL, 0 },
	{ "tmpfs", "dev", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k", 0 },
	{ "devpts", "dev/pts", MS_NOSUID | MS_NOEXEC,
	  "newinstance,ptmxmode=0666,mode=0620,gid=5", 1 },
	{ "tmpfs", "dev/shm", NOTHING, "mode=1777,size=65536k", 1 },
	{ "mqueue", "dev/mqueue", NOTHING, NULL, 1 },
	{ "sysfs", "sys", NOTHING | MS_RDONLY, NULL, 0 },
	{ "cgroup2", "sys/fs/cgroup", NOTHING | MS_RELATIME | MS_RDONLY, NULL, 0 },
};

static const char *const masked[] = {
	"proc/acpi",	     "proc/asound",	 "proc/kcore",
	"proc/keys",	     "proc/latency_stats", "proc/timer_list",
	"proc/timer_stats",  "proc/sched_debug", "sys/firmware",
	"proc/scsi",
};

static const char *const readonly[] = {
	"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger",
};

/* Says which step failed, with the errno as a number, and exits: stdio would cost calls. */
static void __attribute__((noreturn)) die(const char *step)
{
	char buf[128] = "floor: ", *p = buf + 7;
	int err = errno;

	p = stpncpy(p, step, 64);
	p = stpcpy(p, ": errno ");
	*p++ = (char)('0' + err / 100 % 10);
	*p++ = (char)('0' + err / 10 % 10);
	*p++ = (char)('0' + err % 10);
	*p++ = '\n';
	(void)!write(STDERR_FILENO, buf, (size_t)(p - buf));
	_exit(EXIT_FLOOR);
}

static int is_cgroup2(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* The mount point in the mountinfo line whose type is cgroup2; "" where there is none. */
static const char *cgroup2_from_mountinfo(void)
{
	static char buf[64 * 1024];
	size_t len = 0;
	ssize_t n;
	int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("open /proc/self/mountinfo");
	while ((n = read(fd, buf + len, sizeof(buf) - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);

	char *at = strstr(buf, " - cgroup2 ");
	if (!at)
		return "";
	while (at > buf && at[-1] != '\n')
		at--;
	for (int field = 0; field < 4; field++)
		at = strchr(at, ' ') + 1;
	*strchr(at, ' ') = '\0';
	return at;
}

static const char *find_cgroup2(void)
{
	static const char *const usual[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };

	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		if (is_cgroup2(usual[i]))
			return usual[i];
	return cgroup2_from_mountinfo();
}

static void mount_defaults(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		if (mounts[i].mkdir && mkdir(mounts[i].target, 0755) < 0)
			die(mounts[i].target);
		if (mount(mounts[i].type, mounts[i].target, mounts[i].type, mounts[i].flags,
			  mounts[i].data) < 0)
			die(mounts[i].target);
	}
}

/* A file is covered by the host's /dev/null, a directory by an empty tmpfs; absent is well. */
static void mask_paths(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(masked); i++) {
		if (mount("/dev/null", masked[i], NULL, MS_BIND, NULL) == 0 || errno == ENOENT)
			continue;
		if (errno != ENOTDIR || mount("tmpfs", masked[i], "tmpfs", MS_RDONLY, NULL) < 0)
			die(masked[i]);
	}
}

static void make_paths_readonly(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(readonly); i++) {
		if (mount(readonly[i], readonly[i], NULL, MS_BIND | MS_REC, NULL) < 0) {
			if (errno == ENOENT)
				continue;
			die(readonly[i]);
		}
		if (mount(NULL, readonly[i], NULL,
			  NOTHING | MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) < 0)
			die(readonly[i]);
	}
}

static void __attribute__((noreturn)) run_child(const char *rootfs, char **argv, char **envp)
{
	/* Nothing mounted here may travel back to the host, and pivot_root wants a mount. */
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		die("make / slave");
	if (mount(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL) < 0)
		die("bind rootfs");
	if (chdir(rootfs) < 0)
		die("chdir rootfs");
	mount_defaults();
	mask_paths();
	make_paths_readonly();
	/* With both arguments ".", the old root ends up on top of the new one. */
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		die("pivot_root");
	if (umount2(".", MNT_DETACH) < 0)
		die("umount old root");
	if (chdir("/") < 0)
		die("chdir /");
	execve(argv[0], argv, envp);
	die("execve");
}

int main(int argc, char **argv, char **envp)
{
	const char *cgroup2 = NULL;
	char name[] = "floor-0000000000", *digit = name + sizeof(name) - 1;
	int status, base, tries = 0;

	if (argc > 3 && strcmp(argv[1], "-c") == 0) {
		cgroup2 = argv[2];
		argv += 2;
		argc -= 2;
	}
	if (argc < 3) {
		errno = EINVAL;
		die("usage: floor [-c CGROUP2-DIR] ROOTFS COMMAND [ARG...]");
	}
	if (!cgroup2)
		cgroup2 = find_cgroup2();
	for (unsigned int pid = (unsigned int)getpid(); pid; pid /= 10)
		*--digit = (char)('0' + pid % 10);

	base = open(cgroup2, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (base < 0)
		die("open the cgroup2 mount");
	if (mkdirat(base, name, 0755) < 0)
		die("mkdir cgroup");

	int cgroup = openat(base, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct clone_args args = {
		.flags = namespaces | CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = (uint64_t)cgroup,
	};
	pid_t pid = cgroup < 0 ? -1 : (pid_t)syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0)
		run_child(argv[1], argv + 2, envp);
	if (pid < 0)
		status = EXIT_FLOOR << 8;
	else
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	/* cgroup v2 lets go of a dead task only after its last switch, which wait need not await. */
	while (unlinkat(base, name, AT_REMOVEDIR) < 0) {
		if (errno != EBUSY || ++tries == RMDIR_TRIES)
			die("rmdir cgroup");
		sched_yield();
	}
	if (pid < 0)
		die("clone3");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
