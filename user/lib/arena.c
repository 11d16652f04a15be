// SPDX-License-Identifier: LGPL-2.1-or-later
#include "arena.h"
#include "region.h"

#include <stdarg.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE (16 * 1024 - 64)

struct ringwall_arena_block {
	struct ringwall_arena_block *next;
	size_t used, size;
	alignas(max_align_t) char data[];
};

static struct ringwall_arena_block *block_new(size_t size)
{
	struct ringwall_arena_block *b;

	if (size > SIZE_MAX - sizeof(*b))
		return NULL;
	/* Zeroed piece by piece, as it is given out: most of a block is never touched, and then costs no memory. */
	b = malloc(sizeof(*b) + size);
	if (b)
		*b = (struct ringwall_arena_block){ .size = size };
	return b;
}

void *ringwall_arena_alloc(struct ringwall_arena *a, size_t size)
{
	struct ringwall_arena_block *b = a->blocks;
	void *p;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (a->region)
		return ringwall_region_alloc(a->region, size);
	if (!b || b->size - b->used < size) {
		struct ringwall_arena_block *fresh = block_new(size > BLOCK_SIZE / 4 ? size : BLOCK_SIZE);

		if (!fresh)
			return NULL;
		if (b && size > BLOCK_SIZE / 4) {
			/* A large value gets a block of its own; the current one stays in use. */
			fresh->next = b->next;
			b->next = fresh;
		} else {
			fresh->next = b;
			a->blocks = fresh;
		}
		b = fresh;
	}
	p = memset(b->data + b->used, 0, size);
	b->used += size;
	return p;
}

void *ringwall_arena_array(struct ringwall_arena *a, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total))
		return NULL;
	return ringwall_arena_alloc(a, total);
}

char *ringwall_arena_strndup(struct ringwall_arena *a, const char *s, size_t n)
{
	char *p;

	if (n == SIZE_MAX)
		return NULL;
	p = ringwall_arena_alloc(a, n + 1);
	if (p)
		memcpy(p, s, n);
	return p;
}

char *ringwall_arena_printf(struct ringwall_arena *a, const char *fmt, ...)
{
	va_list ap, again;
	char *p = NULL;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n >= 0)
		p = ringwall_arena_alloc(a, (size_t)n + 1);
	if (p)
		vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	va_end(ap);
	return p;
}

void ringwall_arena_free(struct ringwall_arena *a)
{
	struct ringwall_arena_block *b = a->blocks;

	while (b) {
		struct ringwall_arena_block *next = b->next;

		free(b);
		b = next;
	}
	a->blocks = NULL;
}
