/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_INSTALL_TOML_H
#define RINGWALL_INSTALL_TOML_H

/*
 * Where what stands in a TOML 1.0 file: its tables, keys and comments, one after the other, with the place of each. Values are
 * passed over, not understood.
 */

#include <stdbool.h>
#include <stddef.h>

#include "../lib/err.h"

#define RINGWALL_TOML_PATH_MAX 4096
#define RINGWALL_TOML_DEPTH_MAX 64

enum ringwall_toml_kind {
	RINGWALL_TOML_COMMENT, /* on a line of its own */
	RINGWALL_TOML_TABLE, /* [a.b] */
	RINGWALL_TOML_TABLES, /* [[a.b]] */
	RINGWALL_TOML_VALUE, /* a.b = … */
};

/**
 * struct ringwall_toml - a reader, and what it has just read. It begins with @text set and the rest zero.
 * @text: NUL-terminated
 * @at: what is behind the statement: the next line
 * @kind: of the statement
 * @start: of its first line
 * @body, @body_end: it, without blanks around it and without the comment behind it
 * @line_end: of its last line, before the newline
 * @value: where a value begins; it ends at @body_end
 * @path: the whole path of a table or value, each key with a NUL behind it, so that one path begins another if its bytes do
 * @path_len: bytes of it
 * @table_len: how many of them come from the header above
 */
struct ringwall_toml {
	const char *text;
	size_t at;
	enum ringwall_toml_kind kind;
	size_t start, body, body_end, line_end, value;
	char path[RINGWALL_TOML_PATH_MAX];
	size_t path_len, table_len;
};

/**
 * ringwall_toml_next() - the next statement. 1, 0 at the end.
 * Errors: -EINVAL with "line N: …": it is no TOML, or has a key with an escape in it.
 */
int ringwall_toml_next(struct ringwall_toml *t, struct ringwall_err *e);

/** ringwall_toml_line() - the number of the line that @at is in. */
unsigned int ringwall_toml_line(const char *text, size_t at);

/**
 * struct ringwall_toml_path - a path to compare with, in the same form.
 * @len: with the last NUL
 */
struct ringwall_toml_path {
	const char *path;
	size_t len;
};

/* "a\0b": the compiler's own NUL is the last. */
#define RINGWALL_TOML_PATH(literal) ((struct ringwall_toml_path){ .path = (literal), .len = sizeof(literal) })

/** ringwall_toml_is() - is it @p itself? */
bool ringwall_toml_is(const struct ringwall_toml *t, struct ringwall_toml_path p);
/** ringwall_toml_within() - is it @p or below it? */
bool ringwall_toml_within(const struct ringwall_toml *t, struct ringwall_toml_path p);
/** ringwall_toml_leads_to() - is it @p or above it? */
bool ringwall_toml_leads_to(const struct ringwall_toml *t, struct ringwall_toml_path p);
/** ringwall_toml_key() - key number @n of the path, from 0; NULL: it is shorter. */
const char *ringwall_toml_key(const struct ringwall_toml *t, size_t n);

#endif
