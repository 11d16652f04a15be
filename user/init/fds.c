// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init.h"

static int close_between(unsigned int first, unsigned int last, struct ringwall_err *e)
{
	if (first <= last && syscall(SYS_close_range, first, last, 0) < 0)
		return ringwall_fail(e, -errno, "close_range");
	return 0;
}

/* The lowest of @keep that is not below @from, else ~0. */
static unsigned int next_kept(unsigned int from, const int *keep, size_t n)
{
	unsigned int next = ~0U;

	for (size_t i = 0; i < n; i++)
		if (keep[i] >= 0 && (unsigned int)keep[i] >= from && (unsigned int)keep[i] < next)
			next = (unsigned int)keep[i];
	return next;
}

int ringwall_init_close_fds(unsigned int from, const int *keep, size_t n, struct ringwall_err *e)
{
	for (;;) {
		unsigned int next = next_kept(from, keep, n);
		int r = close_between(from, next == ~0U ? next : next - 1, e);

		if (r < 0 || next == ~0U)
			return r;
		from = next + 1;
	}
}
