// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What busybox cannot say about the process it runs in. Linked statically, copied into the image of the config-*.bats
 * files.
 */
#include <errno.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static void report(long r)
{
	/* One write(2) each, so that a filter on other calls does not change what is said. */
	char line[64];
	int n = r < 0 && r > -4096 ? snprintf(line, sizeof(line), "errno %ld\n", -r) :
				     snprintf(line, sizeof(line), "returned %ld\n", r);

	if (write(STDOUT_FILENO, line, (size_t)n) < 0)
		_exit(2);
}

static long number(char **argv, int i)
{
	return argv[i] ? strtol(argv[i], NULL, 0) : 0;
}

/* A system call by its number, or one of a few names. */
static long call_number(const char *s)
{
	static const struct {
		const char *name;
		long nr;
	} calls[] = {
		{ "sched_yield", SYS_sched_yield }, { "getsid", SYS_getsid }, { "getpgid", SYS_getpgid }, { "umask", SYS_umask },
		{ "mkdirat", SYS_mkdirat },
	};

	for (size_t i = 0; s && i < sizeof(calls) / sizeof(calls[0]); i++)
		if (!strcmp(calls[i].name, s))
			return calls[i].nr;
	return s ? strtol(s, NULL, 0) : -1;
}

static void on_trap(int sig, siginfo_t *info, void *context)
{
	char line[64];
	int n = snprintf(line, sizeof(line), "signal %d code %d call %d data %d\n", sig, info->si_code, info->si_syscall,
			 info->si_errno);

	(void)context;
	_exit(write(STDOUT_FILENO, line, (size_t)n) < 0);
}

/* call CALL [ARG…]: natively; the answer, or what SIGSYS says */
static int call(char **argv)
{
	struct sigaction a = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };
	long r;

	sigaction(SIGSYS, &a, NULL);
	r = syscall(call_number(argv[0]), number(argv, 1), argv[1] ? number(argv, 2) : 0,
		    argv[1] && argv[2] ? number(argv, 3) : 0);
	report(r < 0 ? -errno : r);
	return 0;
}

/* number CALL */
static int print_number(char **argv)
{
	printf("%ld\n", call_number(argv[0]));
	return 0;
}

/* die CALL: the system call without a handler; "alive" if it came back */
static int die(char **argv)
{
	syscall(call_number(argv[0]), -1, -1, -1);
	puts("alive");
	return 0;
}

#ifdef __x86_64__
/* int80 NUMBER: through the 32-bit entry of the kernel */
static int int80(char **argv)
{
	long r;

	__asm__ volatile("int $0x80" : "=a"(r) : "a"(number(argv, 0)), "b"(-1), "c"(0), "d"(0) : "memory", "r8", "r9", "r10", "r11");
	report((int)r);
	return 0;
}

/* x32 CALL: the same entry as native calls, with the bit of the x32 ABI */
static int x32(char **argv)
{
	long r = syscall(0x40000000 | call_number(argv[0]), -1, 0, 0);

	report(r < 0 ? -errno : r);
	return 0;
}
#endif

/* ids: real and effective user */
static int ids(char **argv)
{
	(void)argv;
	printf("%d %d\n", (int)getuid(), (int)geteuid());
	return 0;
}

/* mempolicy: mode with its flags, first word of the nodes */
static int mempolicy(char **argv)
{
	unsigned long nodes[16] = { 0 };
	int mode = -1;

	(void)argv;
	if (syscall(SYS_get_mempolicy, &mode, nodes, 8 * sizeof(nodes), NULL, 0) < 0)
		return 1;
	printf("mode %#x nodes %#lx\n", (unsigned int)mode, nodes[0]);
	return 0;
}

/* keyring: number of the session keyring */
static int keyring(char **argv)
{
	(void)argv;
	printf("%ld\n", syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0));
	return 0;
}

static int notify_times(int times, char **argv)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	char text[8192] = "";
	size_t n = 0;

	for (; *argv && n < sizeof(text); argv++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s\n", *argv);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", getenv("NOTIFY_SOCKET"));
	while (times--)
		if (sendto(fd, text, n, 0, (struct sockaddr *)&sa, sizeof(sa)) != (ssize_t)n)
			return 1;
	return 0;
}

/* notify LINE…: one message of these lines to $NOTIFY_SOCKET */
static int notify(char **argv)
{
	return notify_times(1, argv);
}

/* flood N LINE…: N of them */
static int flood(char **argv)
{
	return notify_times(atoi(argv[0]), argv + 1);
}

static const struct {
	const char *name;
	int (*run)(char **argv);
} verbs[] = {
	{ "call", call }, { "number", print_number }, { "die", die }, { "ids", ids }, { "mempolicy", mempolicy },
	{ "keyring", keyring }, { "notify", notify }, { "flood", flood },
#ifdef __x86_64__
	{ "int80", int80 }, { "x32", x32 },
#endif
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(argv[1], verbs[i].name))
			return verbs[i].run(argv + 2);
	return 2;
}
