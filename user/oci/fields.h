/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_OCI_FIELDS_H
#define RINGWALL_OCI_FIELDS_H

/*
 * From JSON to C by tables: one row says a member's name, where its value goes, which parser takes it there and
 * what it may be. The sections of config.json (config-*.c) are such tables; this is what reads them.
 */

#include <stddef.h>

#include "../lib/cleanup.h"
#include "config.h"
#include "names.h"

/* config.json's tables go 8 levels down: linux.seccomp.syscalls[0].args[0].index. */
#define RINGWALL_READER_DEPTH 16

struct ringwall_step {
	const char *key; /* NULL: element @index of an array */
	size_t index;
};

/**
 * struct ringwall_reader - what the parsers of one document share. After an error it is of no further use.
 * @c: arena and text
 * @name: of the file
 * @way: from the root to the value at hand, @depth steps
 * @strict: a member that no row has, null and an empty string are errors. config.json is read without, policies with it.
 */
struct ringwall_reader {
	struct ringwall_config *c;
	const char *name;
	struct ringwall_step way[RINGWALL_READER_DEPTH];
	unsigned int depth;
	bool strict;
	struct ringwall_err *e;
};

/** ringwall_reader_enter() - a step down, to member @key or, where that is NULL, to element @index. */
static inline void ringwall_reader_enter(struct ringwall_reader *r, const char *key, size_t index)
{
	if (r->depth < RINGWALL_READER_DEPTH)
		r->way[r->depth] = (struct ringwall_step){ .key = key, .index = index };
	r->depth++;
}

static inline void ringwall_reader_leave(struct ringwall_reader *r)
{
	r->depth--;
}

struct ringwall_field;

/**
 * ringwall_field_fn - a parser of one member.
 * @base: the struct that the row's offsets count from
 *
 * Return: 0; 1 when the value stands for an absent one (an empty string, as Go's omitempty has it); negative errno.
 */
typedef int ringwall_field_fn(struct ringwall_reader *r, const struct ringwall_field *f,
			      const struct ringwall_json *v, void *base);

/**
 * struct ringwall_field - one row.
 * @name: member name
 * @parse: its parser
 * @more: what the parser needs beside: a struct ringwall_table or a table of struct ringwall_word
 * @min, @max: range of a number; @max 0: what the C type holds. Of a string: @max bytes, 0: any number
 * @offset, @size: where the value goes
 * @count: arrays: where the number of elements goes
 * @has: offset of a bool that is set when the member is there; 0: none
 * @required: absence is an error
 */
struct ringwall_field {
	const char *name;
	ringwall_field_fn *parse;
	const void *more;
	int64_t min;
	uint64_t max;
	uint16_t offset, size, count, has;
	bool required;
};

/**
 * struct ringwall_table - an object.
 * @fields, @n: its members, at most 64
 * @size: sizeof of the struct, for arrays and maps of it
 * @initial: what an element of an array or map is before its members are read; NULL: zeroes
 * @key: maps: offset of the const char * for the member name
 * @check: after all members: what no single row can say; may be NULL
 */
struct ringwall_table {
	const struct ringwall_field *fields;
	size_t n, size;
	const void *initial;
	size_t key;
	int (*check)(struct ringwall_reader *r, const struct ringwall_json *v, void *base);
};

#define FIELD(struct_, member_, name_, parse_, ...)                                                        \
	{                                                                                                  \
		.name = (name_), .parse = (parse_), .offset = offsetof(struct_, member_),                  \
		.size = sizeof(((struct_ *)0)->member_), ##__VA_ARGS__                                     \
	}
/* A struct ringwall_opt_*. */
#define FIELD_OPT(struct_, member_, name_, parse_, ...)                                                    \
	FIELD(struct_, member_.v, name_, parse_, .has = offsetof(struct_, member_.has), ##__VA_ARGS__)
#define FIELD_ARRAY(struct_, member_, count_, name_, table_, ...)                                          \
	FIELD(struct_, member_, name_, ringwall_field_array, .more = &(table_),                            \
	      .count = offsetof(struct_, count_), ##__VA_ARGS__)
/* An object whose members go to a struct of their own. */
#define FIELD_OBJECT(struct_, member_, name_, table_, ...)                                                 \
	FIELD(struct_, member_, name_, ringwall_field_object, .more = &(table_), ##__VA_ARGS__)
/* An object whose members go to the same struct. */
#define FIELD_GROUP(name_, table_) { .name = (name_), .parse = ringwall_field_object, .more = &(table_) }

ringwall_field_fn ringwall_field_bool, ringwall_field_signed, ringwall_field_unsigned;
ringwall_field_fn ringwall_field_str;	 /* const char *; empty is absent */
ringwall_field_fn ringwall_field_line;	 /* the same, without a newline in it: it becomes a line of a kernel file */
ringwall_field_fn ringwall_field_path;	 /* the same, absolute */
ringwall_field_fn ringwall_field_list;	 /* "0-3, 7" to a const char * without blanks and empty items */
ringwall_field_fn ringwall_field_enum;	 /* a word of @more, of any size */
ringwall_field_fn ringwall_field_flags;	 /* an array of words of @more, or-ed */
ringwall_field_fn ringwall_field_strv;	 /* struct ringwall_strv */
ringwall_field_fn ringwall_field_paths;	 /* the same, absolute each */
ringwall_field_fn ringwall_field_pairs;	 /* struct ringwall_pairs */
ringwall_field_fn ringwall_field_object; /* by the table @more */
ringwall_field_fn ringwall_field_array;	 /* of objects by the table @more */
ringwall_field_fn ringwall_field_map;	 /* the same as an object of objects */

/** ringwall_reader_object() - object @v into @base by @table. */
int ringwall_reader_object(struct ringwall_reader *r, const struct ringwall_table *table,
			   const struct ringwall_json *v, void *base);

/** ringwall_reader_type() - -EINVAL unless @v is of @type. */
int ringwall_reader_type(struct ringwall_reader *r, const struct ringwall_json *v, enum ringwall_json_type type);

/** ringwall_reader_array() - zeroed arena memory for @n elements, one more in reserve; *@ret stays NULL for none. */
int ringwall_reader_array(struct ringwall_reader *r, size_t n, size_t size, void *ret);

/** ringwall_reader_name() - string @v as a word of @names. */
int ringwall_reader_name(struct ringwall_reader *r, const struct ringwall_json *v, const struct ringwall_word *names,
			 uint64_t *ret);

/** ringwall_reader_fail() - -EINVAL "FILE:LINE:COLUMN: path.of.value: …", placed at @v. */
int ringwall_reader_fail(struct ringwall_reader *r, const struct ringwall_json *v, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/** ringwall_reader_fail_member() - the same about member @key of object @v, whether it is there or not. */
int ringwall_reader_fail_member(struct ringwall_reader *r, const struct ringwall_json *v, const char *key,
				const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/** ringwall_reader_unsupported() - as ringwall_reader_fail_member() with -EOPNOTSUPP. */
int ringwall_reader_unsupported(struct ringwall_reader *r, const struct ringwall_json *v, const char *key,
				const char *fmt, ...) __attribute__((format(printf, 4, 5)));
int ringwall_reader_fail_memory(struct ringwall_reader *r);

/* The sections. */
extern const struct ringwall_table ringwall_process_table;   /* struct ringwall_process */
extern const struct ringwall_table ringwall_linux_table;     /* struct ringwall_config */
extern const struct ringwall_table ringwall_resources_table; /* struct ringwall_resources */
extern const struct ringwall_table ringwall_id_map_table;    /* struct ringwall_idmap */
extern const struct ringwall_table ringwall_seccomp_arg_table; /* struct ringwall_seccomp_arg */
ringwall_field_fn ringwall_field_seccomp;		     /* struct ringwall_seccomp */

/** ringwall_config_check() - the rules that tie sections together: what needs which namespace. */
int ringwall_config_check(struct ringwall_config *c, const char *name, struct ringwall_err *e);

#endif
