/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_JSON_H
#define RINGWALL_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "err.h"

/*
 * A JSON reader and writer of our own, for two reasons: every value remembers its place in the text (errors
 * name line and column, policy rules their origin), and a document costs one arena instead of an allocation
 * per value, on the path where start-up time is counted.
 */

enum ringwall_json_type {
	RINGWALL_JSON_NULL,
	RINGWALL_JSON_BOOL,
	RINGWALL_JSON_NUMBER,
	RINGWALL_JSON_STRING,
	RINGWALL_JSON_ARRAY,
	RINGWALL_JSON_OBJECT,
};

/**
 * struct ringwall_json - one value.
 * @type: what it is
 * @start, @end: byte range in the source text
 * @key: member name when the parent is an object, else NULL
 * @key_start: byte offset of the member name
 * @next: next sibling
 * @child: first element of an array or object
 * @count: number of elements of an array or object, length in bytes of a string
 * @str: text of a string (NUL-terminated; U+0000 in it is refused by the parser), raw text of a number
 * @boolean: value of a bool
 */
struct ringwall_json {
	enum ringwall_json_type type;
	uint32_t start, end, key_start, count;
	bool boolean;
	const char *key;
	struct ringwall_json *next, *child;
	const char *str;
};

/**
 * ringwall_json_parse() - parse one RFC 8259 document.
 * @a: where the values live
 * @text, @len: the document, at most 64 MiB; need not be NUL-terminated and must outlive nothing (strings are copied)
 * @name: file name for messages
 * @ret: the root value
 *
 * Strict: no comments, no trailing commas, valid UTF-8, at most 64 levels, duplicate keys refused.
 * Errors: -EINVAL with "NAME:LINE:COLUMN: …", -ENOMEM, -EFBIG.
 */
int ringwall_json_parse(struct ringwall_arena *a, const char *text, size_t len, const char *name,
			struct ringwall_json **ret, struct ringwall_err *e);

/** ringwall_json_place() - 1-based line and column (in bytes) of byte offset @at of @text. */
void ringwall_json_place(const char *text, size_t at, unsigned int *ret_line, unsigned int *ret_column);

/** ringwall_json_get() - member @key of object @v, or NULL. */
const struct ringwall_json *ringwall_json_get(const struct ringwall_json *v, const char *key);

/**
 * ringwall_json_i64()/u64() - the number as an integer; -EINVAL if it is none or has a fraction, -ERANGE if it does
 * not fit. What counts is the value: 1e3 is 1000 and 1.0 is 1.
 */
int ringwall_json_i64(const struct ringwall_json *v, int64_t *ret);
int ringwall_json_u64(const struct ringwall_json *v, uint64_t *ret);

/** ringwall_json_utf8() - length (1..4) of the UTF-8 sequence at @s of @len bytes, 0 if it is not one (RFC 3629). */
size_t ringwall_json_utf8(const char *s, size_t len);

/*
 * Writer: builds compact or indented JSON in a growing buffer. Errors (memory) are sticky and reported by
 * ringwall_json_out_take(). Nothing here touches stdio. @key is NULL in arrays and for the root. Bytes that are not
 * UTF-8 are written as U+FFFD, so that the result is always valid JSON.
 */
struct ringwall_json_out {
	char *buf;
	size_t len, size;
	int depth, indent; /* indent: spaces per level, 0 = compact */
	bool comma, failed;
};

void ringwall_json_out_object(struct ringwall_json_out *o, const char *key);
void ringwall_json_out_array(struct ringwall_json_out *o, const char *key);
void ringwall_json_out_end(struct ringwall_json_out *o, char bracket); /* '}' or ']' */
void ringwall_json_out_str(struct ringwall_json_out *o, const char *key, const char *value); /* NULL value: null */
void ringwall_json_out_i64(struct ringwall_json_out *o, const char *key, int64_t value);
void ringwall_json_out_u64(struct ringwall_json_out *o, const char *key, uint64_t value);
void ringwall_json_out_bool(struct ringwall_json_out *o, const char *key, bool value);
/** ringwall_json_out_raw() - @text is JSON already. */
void ringwall_json_out_raw(struct ringwall_json_out *o, const char *key, const char *text, size_t len);
/** ringwall_json_out_take() - the NUL-terminated text, to be freed by the caller; NULL if memory ran out on the way. */
char *ringwall_json_out_take(struct ringwall_json_out *o, size_t *ret_len);
void ringwall_json_out_free(struct ringwall_json_out *o);

#endif
