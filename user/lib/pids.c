// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pids.h"

#include <errno.h>
#include <stdlib.h>

int ringwall_pids_add(struct ringwall_pids *p, pid_t pid)
{
	if (p->n == p->size) {
		size_t size = p->size ? 2 * p->size : 64;
		pid_t *v = realloc(p->v, size * sizeof(*v));

		if (!v)
			return -ENOMEM;
		p->v = v;
		p->size = size;
	}
	p->v[p->n++] = pid;
	return 0;
}
