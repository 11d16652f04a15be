// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Every system call by its number, of 64 bits and through int 0x80, with arguments that do no harm: all 0, and all -1. One line
 * for each: what it said, or what became of the process. Up to the numbers that Debian 12's libseccomp knows: what is newer, runc
 * answers with ENOSYS whatever a profile says.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define LAST 450

static long call64(long nr, long a)
{
	register long r10 __asm__("r10") = a, r8 __asm__("r8") = a, r9 __asm__("r9") = a;

	__asm__ volatile("syscall" : "+a"(nr) : "D"(a), "S"(a), "d"(a), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
	return nr;
}

static long call32(long nr, long a)
{
	__asm__ volatile("push %%rbp; mov %%rbx, %%rbp; int $0x80; pop %%rbp"
			 : "+a"(nr) : "b"(a), "c"(a), "d"(a), "S"(a), "D"(a) : "r8", "r9", "r10", "r11", "memory");
	return (int)nr;
}

/* sync: the host's, which takes its time */
static int is_left_out(int is32, int nr)
{
	return nr == (is32 ? 36 : 162);
}

/* Calls that wait for ever, with arguments like these. Others may take their time: under emulation, with a module to be loaded. */
static int waits(int is32, int nr)
{
	static const int wide[] = { 23, 34, 70, 270, 271, -1 }; /* select, pause, msgrcv, pselect6, ppoll */
	static const int narrow[] = { 29, 142, 308, 309, 413, 414, -1 };

	for (const int *w = is32 ? narrow : wide; *w >= 0; w++)
		if (*w == nr)
			return 1;
	return 0;
}

static void try(int is32, int nr, long arg)
{
	static const struct itimerval soon = { .it_value.tv_usec = 100000 }, late = { .it_value.tv_sec = 10 };
	int status;
	pid_t child;

	if (is_left_out(is32, nr))
		return;
	child = fork();
	if (!child) {
		long r;

		signal(SIGALRM, SIG_DFL);
		setitimer(ITIMER_REAL, waits(is32, nr) ? &soon : &late, NULL);
		r = is32 ? call32(nr, arg) : call64(nr, arg);
		/* Not exit(): stdio's buffer is the parent's. */
		_exit(r < 0 && r > -4096 ? (int)-r : 0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		exit(1);
	if (WIFEXITED(status))
		printf("%s %d %ld: %s\n", is32 ? "x86" : "x86_64", nr, arg, WEXITSTATUS(status) ? strerror(WEXITSTATUS(status)) : "ok");
	else
		printf("%s %d %ld: signal %d\n", is32 ? "x86" : "x86_64", nr, arg, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	fflush(stdout);
}

int main(void)
{
	setsid();
	signal(SIGCHLD, SIG_DFL);
	for (int is32 = 0; is32 < 2; is32++)
		for (int nr = 0; nr <= LAST; nr++)
			for (long arg = -1; arg <= 0; arg++)
				try(is32, nr, arg);
	return 0;
}
