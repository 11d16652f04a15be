// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * block-clone COMMAND…: COMMAND under a kernel that refuses to clone into another cgroup (CLONE_INTO_CGROUP), as it does
 * to who may not write the cgroup. A filter cannot look into clone3's arguments, so each call waits for this program
 * to do so. Says on standard error how often it refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

static void die(const char *what)
{
	perror(what);
	_exit(125);
}

/* The child: filtered, its listener fetched by the parent before it goes on. */
static void become(char **argv, int say, int wait)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = sizeof(f) / sizeof(f[0]), .filter = f };
	int fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
	char c;

	if (fd < 0 || write(say, &fd, sizeof(fd)) != sizeof(fd) || read(wait, &c, 1) != 1)
		die("block-clone: seccomp");
	close(say);
	close(wait);
	execvp(argv[0], argv);
	die(argv[0]);
}

static int fetch_listener(pid_t pid, int from)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0), fd;

	if (read(from, &fd, sizeof(fd)) != sizeof(fd))
		_exit(125);
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	if (fd < 0)
		die("block-clone: pidfd_getfd");
	return fd;
}

/* Return: was it refused? */
static int answer(int listener)
{
	struct seccomp_notif n = { 0 };
	struct seccomp_notif_resp r = { .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
	uint64_t flags = 0; /* the first member of struct clone_args */
	char path[32];
	int mem;

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &n))
		return 0;
	snprintf(path, sizeof(path), "/proc/%u/mem", n.pid);
	mem = open(path, O_RDONLY | O_CLOEXEC);
	if (pread(mem, &flags, sizeof(flags), (off_t)n.data.args[0]) != sizeof(flags))
		die("block-clone: clone_args");
	close(mem);
	r.id = n.id;
	if (flags & CLONE_INTO_CGROUP) {
		r.flags = 0;
		r.error = -EACCES;
	}
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &r);
	return r.error != 0;
}

int main(int argc, char **argv)
{
	int up[2], down[2], refused = 0, status;
	struct pollfd p = { .events = POLLIN };
	pid_t pid;

	if (argc < 2 || pipe(up) || pipe(down))
		return 125;
	pid = fork();
	if (pid < 0)
		return 125;
	if (!pid) {
		close(up[0]);
		close(down[1]);
		become(argv + 1, up[1], down[0]);
	}
	close(up[1]);
	p.fd = fetch_listener(pid, up[0]);
	if (write(down[1], "", 1) != 1)
		return 125;
	/* A detached container lives on under the filter, which is then without a listener: clone3 is ENOSYS to it. */
	while (!waitpid(pid, &status, WNOHANG))
		if (poll(&p, 1, 20) > 0 && p.revents & POLLIN)
			refused += answer(p.fd);
	fprintf(stderr, "refused %d\n", refused);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}
