// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/creation.h"

/*
 * Whether descriptors @first … @first + @n - 1 came with the exec of this program. A number without one would name what the
 * runtime opens later, its log or the container's config, and that is all close-on-exec.
 */
static bool inherited(unsigned int first, unsigned int n)
{
	for (unsigned int fd = first; fd < first + n; fd++)
		if (fcntl((int)fd, F_GETFD) != 0)
			return false;
	return true;
}

/* Socket activation, sd_listen_fds(3): the descriptors from 3 on belong to the container's process. */
static unsigned int listen_fds(void)
{
	const char *fds = getenv("LISTEN_FDS");
	unsigned long n;
	char *end;

	/* LISTEN_PID names whoever systemd started, which is the caller, not this process: as runc, not asked. */
	if (!fds)
		return 0;
	n = strtoul(fds, &end, 10);
	/* The variable may have outlived the descriptors. */
	return *end || end == fds || n > 1024 || !inherited(3, (unsigned int)n) ? 0 : (unsigned int)n;
}

int ringwall_preserved_fds(unsigned int n, unsigned int *ret, struct ringwall_err *e)
{
	unsigned int listen = listen_fds();

	if (n > 1024 || !inherited(3 + listen, n))
		return ringwall_fail_plain(e, -EBADF, "option --preserve-fds: not all of descriptors %u to %u are open", 3 + listen,
					   2 + listen + n);
	*ret = listen + n;
	return 0;
}

int ringwall_process_listen(struct ringwall_process *p, struct ringwall_arena *a, struct ringwall_err *e)
{
	unsigned int n = listen_fds();
	const char **env, *fds, *pid;
	size_t k = 0;

	if (!n)
		return 0;
	env = ringwall_arena_array(a, p->env.n + 3, sizeof(*env));
	fds = ringwall_arena_printf(a, "LISTEN_FDS=%u", n);
	pid = ringwall_arena_printf(a, "LISTEN_PID=1");
	if (!env || !fds || !pid)
		return ringwall_fail(e, -ENOMEM, "process.env");
	for (size_t i = 0; i < p->env.n; i++)
		if (strncmp(p->env.v[i], "LISTEN_FDS=", 11) && strncmp(p->env.v[i], "LISTEN_PID=", 11))
			env[k++] = p->env.v[i];
	env[k++] = fds;
	env[k++] = pid;
	p->env.v = env;
	p->env.n = k;
	return 0;
}
