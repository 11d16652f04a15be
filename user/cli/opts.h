/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_CLI_OPTS_H
#define RINGWALL_CLI_OPTS_H

/*
 * One table row is everything about an option: how it is spelled, where its value goes and what it is for. The
 * parser, --help, the man page and the shell completion all read the same rows.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../lib/err.h"

enum ringwall_option_type {
	RINGWALL_OPT_FLAG,     /* bool; --x, --x=false */
	RINGWALL_OPT_TRISTATE, /* int that starts as -1: unset; --x is 1, --x=false 0 */
	RINGWALL_OPT_STRING,   /* const char *, pointing into argv */
	RINGWALL_OPT_STRINGS,  /* struct ringwall_opt_strings, repeatable */
	RINGWALL_OPT_UINT,     /* unsigned int */
	RINGWALL_OPT_NUMBER,   /* struct ringwall_opt_number: any int64_t */
	RINGWALL_OPT_SIZE,     /* struct ringwall_opt_number: bytes, with a suffix b, k, m, g, t or p; -1 for no limit */
	RINGWALL_OPT_DURATION, /* unsigned int milliseconds, written as Go does: 5s, 1m30s, 500ms */
	RINGWALL_OPT_CHOICE,   /* unsigned int: which of the words in `arg` ("text|json") */
};

struct ringwall_opt_strings {
	const char **v; /* NULL-terminated when non-NULL; never freed: options live as long as the process */
	size_t n;
};

struct ringwall_opt_number {
	bool has;
	int64_t v;
};

/**
 * struct ringwall_option - one option of a verb; a table ends with a row whose name is NULL.
 * @name: long name, without dashes
 * @letter: short name, 0 for none
 * @type: what the value is and where it is written
 * @offset: of the member in the verb's options
 * @arg: what --help calls the value ("FILE"; for a choice "text|json"); NULL for flags
 * @help: one line
 */
struct ringwall_option {
	const char *name;
	char letter;
	uint8_t type;
	uint16_t offset;
	const char *arg, *help;
};

#define RINGWALL_OPT(container, member, name_, letter_, type_, arg_, help_)                                     \
	{                                                                                                       \
		.name = name_, .letter = letter_, .type = RINGWALL_OPT_##type_, .offset = offsetof(container, member), \
		.arg = arg_, .help = help_                                                                      \
	}

/** ringwall_opts_takes_value() - does the option want an argument of its own? */
bool ringwall_opts_takes_value(const struct ringwall_option *o);

#define RINGWALL_OPTS_IN_ORDER 1 /* everything after the first positional argument is positional */
#define RINGWALL_OPTS_HELP 1     /* returned: -h or --help was there */

/**
 * ringwall_opts_parse() - take the options out of @argv.
 * @table: rows; -h and --help are understood without one
 * @into: what the offsets refer to
 * @flags: RINGWALL_OPTS_IN_ORDER or 0
 * @argc, @argv: arguments after the verb's name; on return @argv[0 … *ret_n) are the positional ones, in order
 * @ret_n: their number
 *
 * Spellings: --name, --name=value, --name value, the same with one dash, -n value, -n=value, -nvalue, -abc; "--" ends options.
 * Return: 0, RINGWALL_OPTS_HELP, or -EINVAL, -ERANGE, -ENOMEM.
 */
int ringwall_opts_parse(const struct ringwall_option *table, void *into, unsigned int flags, int argc, char **argv,
			int *ret_n, struct ringwall_err *e);

/** ringwall_opts_size() - "1.5g" to bytes; -1 stays -1. -EINVAL, -ERANGE. */
int ringwall_opts_size(const char *text, int64_t *ret);

/** ringwall_opts_duration() - "1m30s" to milliseconds. -EINVAL, -ERANGE. */
int ringwall_opts_duration(const char *text, unsigned int *ret_ms);

/** ringwall_opts_number() - a decimal int64_t, nothing before or after it. -EINVAL, -ERANGE. */
int ringwall_opts_number(const char *text, int64_t *ret);

#endif
