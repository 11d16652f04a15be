// SPDX-License-Identifier: LGPL-2.1-or-later
#include "table.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/cleanup.h"

static uint32_t page_size(void)
{
	return (uint32_t)sysconf(_SC_PAGESIZE);
}

uint32_t ringwall_table_pages(const struct ringwall_table *t)
{
	return t->max * t->entry_size / page_size();
}

uint32_t ringwall_table_page(const struct ringwall_table *t, uint32_t index)
{
	return index * t->entry_size / page_size();
}

void ringwall_table_unmap(struct ringwall_table *t)
{
	if (t->map)
		munmap(t->map, (size_t)t->n * t->entry_size);
	t->map = NULL;
	t->first = t->n = 0;
}

static int map_entries(struct ringwall_table *t, uint32_t first, uint32_t n, struct ringwall_err *e)
{
	void *p;

	if (t->map && t->first == first && t->n == n)
		return 0;
	ringwall_table_unmap(t);
	p = mmap(NULL, (size_t)n * t->entry_size, PROT_READ | PROT_WRITE, MAP_SHARED, t->fd,
		 (off_t)first * t->entry_size);
	if (p == MAP_FAILED)
		return ringwall_fail(e, -errno, "device policy: map a table");
	t->map = p;
	t->first = first;
	t->n = n;
	return 0;
}

int ringwall_table_map(struct ringwall_table *t, uint32_t page, struct ringwall_err *e)
{
	uint32_t n = page_size() / t->entry_size;

	return map_entries(t, page * n, n, e);
}

int ringwall_table_map_all(struct ringwall_table *t, struct ringwall_err *e)
{
	return map_entries(t, 0, t->max, e);
}

void *ringwall_table_at(const struct ringwall_table *t, uint32_t index)
{
	return (char *)t->map + (size_t)(index - t->first) * t->entry_size;
}

void ringwall_table_close(struct ringwall_table *t)
{
	ringwall_table_unmap(t);
	ringwall_fd_close(&t->fd);
}

uint32_t ringwall_handle_next(uint32_t index, uint32_t *generation)
{
	*generation = *generation >= RINGWALL_GENERATION_MAX ? 1 : *generation + 1;
	return *generation << RINGWALL_INDEX_BITS | index;
}
