/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_TESTS_ACT_H
#define RINGWALL_TESTS_ACT_H

/*
 * What the programs act-*.c share. Each is linked statically and run inside a container and outside of one; it tries acts, each
 * in a process of its own so that none spoils another, and prints one line for each: NAME ok, or NAME and the errno's name.
 *
 *	static int act_mount(void) { return mount(…); }		as a system call answers: -1 and errno, or anything else
 *	static const struct act acts[] = { { "mount", act_mount }, … };
 *	int main(int argc, char **argv) { return acts_run(acts, sizeof(acts) / sizeof(acts[0]), argv + 1); }
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct act {
	const char *name;
	int (*try)(void);
};

/* A step that has to work before the act itself is tried. */
#define NEEDED(call)                                                              \
	do {                                                                      \
		if ((call) < 0) {                                                 \
			printf("%s: %s\n", #call, strerrorname_np(errno));        \
			fflush(stdout);                                           \
			_exit(99);                                                \
		}                                                                 \
	} while (0)

static inline void act_run(const struct act *a)
{
	int status, end[2], number = -1;
	pid_t child;

	fflush(stdout);
	if (pipe(end) < 0 || (child = fork()) < 0)
		exit(98);
	if (!child) {
		alarm(60);
		close(end[0]);
		number = a->try() < 0 ? errno : 0;
		_exit(write(end[1], &number, sizeof(number)) != sizeof(number));
	}
	close(end[1]);
	if (read(end[0], &number, sizeof(number)) != sizeof(number))
		number = -1;
	close(end[0]);
	waitpid(child, &status, 0);
	if (number < 0)
		printf("%s died-%x\n", a->name, (unsigned int)status);
	else
		printf("%s %s\n", a->name, number ? strerrorname_np(number) : "ok");
}

/* @names: which acts, in this order; "NAME=VALUE" sets the environment for those that follow; none: every act */
static inline int acts_run(const struct act *acts, size_t n, char **names)
{
	int some = 0;

	for (; *names; names++) {
		int found = 0;

		if (strchr(*names, '=')) {
			putenv(*names);
			continue;
		}
		some = 1;
		for (size_t i = 0; i < n; i++)
			if (!strcmp(acts[i].name, *names)) {
				act_run(&acts[i]);
				found = 1;
			}
		if (!found)
			printf("%s unknown\n", *names);
	}
	for (size_t i = 0; !some && i < n; i++)
		act_run(&acts[i]);
	return 0;
}

#endif
