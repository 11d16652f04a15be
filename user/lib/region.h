/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_REGION_H
#define RINGWALL_REGION_H

/*
 * Memory that the runtime fills and the container's init process (user/init) reads: a memfd mapped at the same
 * address by both, so that what is built in it may hold pointers into itself and needs no copying or encoding. It is
 * a way in only: sealed against writing but by the runtime, which goes on using it while init is in the container.
 * Pointers to anything else (a string literal, say) must not be stored in it.
 */

#include <stddef.h>

#include "err.h"

/* Far from where any architecture of ours puts programs, heaps, stacks and mappings; fits 39-bit address spaces. */
#define RINGWALL_REGION_BASE ((void *)0x2000000000UL)
#define RINGWALL_REGION_SIZE (128UL << 20) /* address space; pages exist once touched */

struct ringwall_region {
	int fd;
	char *base;
	size_t used;
};

/** ringwall_region_open() - a new, empty region. -EBUSY when the process has one already. */
int ringwall_region_open(struct ringwall_region *ret, struct ringwall_err *e);

/** ringwall_region_alloc() - @size zeroed bytes (a multiple of 16 is kept aligned), NULL when it is full. */
void *ringwall_region_alloc(struct ringwall_region *r, size_t size);

/** ringwall_region_close() - unmap; init's mapping lives on. */
void ringwall_region_close(struct ringwall_region *r);

#endif
