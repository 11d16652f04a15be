/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_ARENA_H
#define RINGWALL_ARENA_H

#include <stddef.h>

struct ringwall_region;

/**
 * struct ringwall_arena - bump allocator for values that live and die together (a parsed document, a plan).
 * Zero-initialised is a valid empty arena. Memory comes zeroed and is returned only as a whole.
 * @region: when set, memory comes from there, and is the region's owner's to return
 */
struct ringwall_arena {
	struct ringwall_arena_block *blocks;
	struct ringwall_region *region;
};

/** ringwall_arena_alloc() - @size zeroed bytes aligned for any type, or NULL when memory is out. */
void *ringwall_arena_alloc(struct ringwall_arena *a, size_t size) __attribute__((malloc));

/** ringwall_arena_array() - @n zeroed elements of @size bytes; NULL on overflow or when memory is out. */
void *ringwall_arena_array(struct ringwall_arena *a, size_t n, size_t size) __attribute__((malloc));

/** ringwall_arena_strndup() - a NUL-terminated copy of @n bytes of @s, or NULL. */
char *ringwall_arena_strndup(struct ringwall_arena *a, const char *s, size_t n);

/** ringwall_arena_printf() - a formatted string, or NULL. */
char *ringwall_arena_printf(struct ringwall_arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** ringwall_arena_free() - return everything; the arena is empty and usable again. */
void ringwall_arena_free(struct ringwall_arena *a);

#endif
