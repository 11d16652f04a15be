// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * cost - what a few operations cost, in ns each; under `tools/vm --icount` a ns is an instruction.
 *
 *	cost [-s RULES] [-l] [-a PROFILE] [DIR]
 *
 * -s	first a seccomp filter of RULES rules, none of which matches
 * -l	first a Landlock rule set with one rule, everything below /
 * -a	first become confined by that AppArmor profile
 * DIR	where the file to open is made, a tmpfs (default /tmp)
 *
 * One line: getppid, open+close, connect (UDP) to the same peer and to another one each time, execve+wait; the best of 7 loops each. Static and without libraries, so
 * that it is the same program in a container.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOPS 7

static const char *self;
static char file[256];
static int sock;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int op_getppid(void)
{
	return syscall(SYS_getppid) < 0;
}

static int op_open(void)
{
	int fd = open(file, O_RDONLY);

	return fd < 0 || close(fd) < 0;
}

static int connect_to(uint32_t address)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(4242) };

	to.sin_addr.s_addr = htonl(address);
	return connect(sock, (struct sockaddr *)&to, sizeof(to)) < 0;
}

static int op_connect(void)
{
	return connect_to(0x7f000001);
}

/* Nothing that was found out about the peer before is of use. */
static int op_connect_new(void)
{
	static uint32_t last;

	return connect_to(0x7f000001 + (++last & 0xffff));
}

static int op_exec(void)
{
	char *argv[] = { (char *)self, "-x", NULL }, *envp[] = { NULL };
	int status;
	pid_t pid = vfork();

	if (!pid) {
		execve(self, argv, envp);
		_exit(127);
	}
	return pid < 0 || waitpid(pid, &status, 0) != pid || status;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void measure(const char *name, int (*op)(void), int rounds)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < LOOPS; i++) {
		uint64_t from = now(), took;

		for (int k = 0; k < rounds; k++)
			if (op())
				die(name);
		took = (now() - from) / (uint64_t)rounds;
		best = took < best ? took : best;
	}
	printf(" %llu", (unsigned long long)best);
}

static void confine_seccomp(unsigned int rules)
{
	struct sock_filter *f = calloc(2 * rules + 3, sizeof(*f));
	struct sock_fprog prog = { .filter = f };
	unsigned int n = 0;

	f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (unsigned int i = 0; i < rules; i++) {
		f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x10000 + i, 0, 1);
		f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	}
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	prog.len = (unsigned short)n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0)
		die("seccomp");
}

static void confine_landlock(void)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1 };
	struct landlock_path_beneath_attr below = { .allowed_access = attr.handled_access_fs };
	int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);

	below.parent_fd = open("/", O_PATH);
	if (fd < 0 || below.parent_fd < 0 || syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &below, 0) < 0)
		die("landlock");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		die("landlock");
	close(fd);
	close(below.parent_fd);
}

static void confine_apparmor(const char *profile)
{
	char text[128];
	int fd = open("/proc/self/attr/apparmor/current", O_WRONLY), n;

	n = snprintf(text, sizeof(text), "changeprofile %s", profile);
	if (fd < 0 || write(fd, text, (size_t)n) != n)
		die("apparmor");
	close(fd);
}

int main(int argc, char **argv)
{
	const char *dir = "/tmp";
	int opt, fd;

	self = argv[0];
	while ((opt = getopt(argc, argv, "s:la:x")) != -1) {
		switch (opt) {
		case 's': confine_seccomp((unsigned int)atoi(optarg)); break;
		case 'l': confine_landlock(); break;
		case 'a': confine_apparmor(optarg); break;
		case 'x': return 0;
		default: return 2;
		}
	}
	if (optind < argc)
		dir = argv[optind];
	snprintf(file, sizeof(file), "%s/cost-file", dir);
	fd = open(file, O_CREAT | O_RDWR | O_CLOEXEC, 0644);
	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || sock < 0)
		die(file);
	close(fd);
	measure("getppid", op_getppid, 20000);
	measure("open", op_open, 3000);
	measure("connect", op_connect, 3000);
	measure("connect", op_connect_new, 3000);
	measure("exec", op_exec, 30);
	printf("\n");
	unlink(file);
	return 0;
}
