/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TEST_CHILD_H
#define TEST_CHILD_H

/*
 * Tests of what a function does to its own process: run in a forked child, checked there, its exit read here.
 * Include after cmocka.h's usual four headers.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child: cmocka's asserts would longjmp into the parent's copy of the test runner. */
#define CHECK(cond) child_check((cond), #cond, __FILE__, __LINE__)

static inline void child_check(int ok, const char *text, const char *file, int line)
{
	if (ok)
		return;
	fprintf(stderr, "# %s:%d: in the child: %s (errno %d)\n", file, line, text, errno);
	_exit(99);
}

/* cmocka catches these, and would go on with the next test in the child. */
static inline void child_signals_default(void)
{
	static const int caught[] = { SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGSYS };

	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		signal(caught[i], SIG_DFL);
}

/** child_run() - Return: wait status of a child that ran @f and then left with 0. */
static inline int child_run(void (*f)(void *), void *data)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		child_signals_default();
		f(data);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		abort();
	return status;
}

#define assert_child(f, data) assert_int_equal(child_run((f), (data)), 0)

#endif
