/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_TABLE_H
#define RINGWALL_POLICY_TABLE_H

/*
 * A window on one of the two mappable array maps. The kernel puts every page of such a mapping into the process at
 * mmap() time, so mapping a table whole would cost its size in resident memory; one page is all that starting a
 * container needs. Hence entries are placed by a hash that names a page (ringwall_table_page()), and spill over into the
 * next page only when it is full.
 */

#include <stdint.h>

#include "../../bpf/abi.h"
#include "../lib/err.h"

/** struct ringwall_table - @map holds @n entries from @first on; all NULL and 0 while nothing is mapped. */
struct ringwall_table {
	int fd;
	uint32_t entry_size, max;
	void *map;
	uint32_t first, n;
};

/* Takes the fd over; ringwall_table_close() it. */
#define RINGWALL_TABLE_CONTAINERS(map_fd) \
	{ .fd = (map_fd), .entry_size = sizeof(struct ringwall_container), .max = RINGWALL_CONTAINERS_MAX }
#define RINGWALL_TABLE_POLICIES(map_fd) \
	{ .fd = (map_fd), .entry_size = sizeof(struct ringwall_policy), .max = RINGWALL_POLICIES_MAX }

/** ringwall_table_pages() - pages of the table; ringwall_table_page() - the one that index @index is on. */
uint32_t ringwall_table_pages(const struct ringwall_table *t);
uint32_t ringwall_table_page(const struct ringwall_table *t, uint32_t index);

/** ringwall_table_map() - move the window to page @page (nothing to do where it is there), or over the whole table. */
int ringwall_table_map(struct ringwall_table *t, uint32_t page, struct ringwall_err *e);
int ringwall_table_map_all(struct ringwall_table *t, struct ringwall_err *e);

/** ringwall_table_at() - entry @index, which must be in the window. Valid until the window moves. */
void *ringwall_table_at(const struct ringwall_table *t, uint32_t index);

/** ringwall_table_unmap() - no window: what had the whole table mapped gives the memory back. */
void ringwall_table_unmap(struct ringwall_table *t);

void ringwall_table_close(struct ringwall_table *t);

/** ringwall_handle_next() - handle of entry @index for the generation after *@generation, which is advanced. */
uint32_t ringwall_handle_next(uint32_t index, uint32_t *generation);

#endif
