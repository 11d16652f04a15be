/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_PIDS_H
#define RINGWALL_PIDS_H

#include <stddef.h>
#include <sys/types.h>

/** struct ringwall_pids - a growing list of pids; zero-initialised is empty, @v is the owner's to free. */
struct ringwall_pids {
	pid_t *v;
	size_t n, size;
};

/** ringwall_pids_add() - one more. -ENOMEM leaves the list as it was. */
int ringwall_pids_add(struct ringwall_pids *p, pid_t pid);

#endif
