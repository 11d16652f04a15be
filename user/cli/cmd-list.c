// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../lib/json.h"
#include "cli.h"

static struct list_options {
	unsigned int format;
	bool quiet;
} opt;

enum { FORMAT_TABLE, FORMAT_JSON };

static const struct ringwall_option options[] = {
	RINGWALL_OPT(struct list_options, format, "format", 'f', CHOICE, "table|json", "how to show them (default: table)"),
	RINGWALL_OPT(struct list_options, quiet, "quiet", 'q', FLAG, NULL, "show IDs only"),
	{ .name = NULL },
};

/* A column of the table: its title is the member of the state document in capitals. */
static const struct {
	const char *title, *member;
} columns[] = {
	{ "ID", "id" },		{ "PID", "pid" },	  { "STATUS", "status" },
	{ "BUNDLE", "bundle" }, { "CREATED", "created" }, { "OWNER", "owner" },
};

#define COLUMNS ARRAY_SIZE(columns)
#define MIN_WIDTH 12
#define GAP 3

/* Everything is made in one arena and goes at once; the JSON texts are copied into it. */
struct table {
	struct ringwall_arena arena;
	const struct ringwall_json **rows; /* parsed state documents */
	const char **texts;		   /* the same, unparsed */
	size_t n;
};

static void table_free(struct table *t)
{
	ringwall_arena_free(&t->arena);
}

static void ids_free(char ***ids)
{
	ringwall_strv_free(*ids);
}

static int add_row(struct ringwall_cli *cli, struct table *t, const char *id, struct ringwall_err *e)
{
	_cleanup_free_ char *text = NULL;
	struct ringwall_json *json;
	int r = ringwall_state(cli->rw, id, &text, e);

	if (r == -ENOENT)
		return 0; /* deleted since the directory was read */
	if (r < 0)
		return ringwall_err_prepend(e, "%s", id);
	r = ringwall_json_parse(&t->arena, text, strlen(text), id, &json, e);
	if (r < 0)
		return r;
	t->texts[t->n] = ringwall_arena_strndup(&t->arena, text, strlen(text));
	if (!t->texts[t->n])
		return ringwall_fail(e, -ENOMEM, "list");
	t->rows[t->n++] = json;
	return 0;
}

static const char *cell(const struct ringwall_json *row, size_t column)
{
	const struct ringwall_json *v = ringwall_json_get(row, columns[column].member);

	return v && v->str ? v->str : "";
}

static void print_table(const struct table *t)
{
	for (size_t row = 0; row <= t->n; row++) {
		for (size_t c = 0; c < COLUMNS; c++) {
			size_t width = MIN_WIDTH;

			for (size_t i = 0; i < t->n; i++)
				if (strlen(cell(t->rows[i], c)) + GAP > width)
					width = strlen(cell(t->rows[i], c)) + GAP;
			printf("%-*s", c + 1 < COLUMNS ? (int)width : 0, row ? cell(t->rows[row - 1], c) : columns[c].title);
		}
		putchar('\n');
	}
}

/* runc writes null where there are none, and callers parse that. */
static void print_json(const struct table *t)
{
	for (size_t i = 0; i < t->n; i++)
		printf("%s%s", i ? "," : "[", t->texts[i]);
	puts(t->n ? "]" : "null");
}

static int run(struct ringwall_cli *cli, char **args, int n, int *ret_status, struct ringwall_err *e)
{
	_cleanup_(table_free) struct table t = {};
	_cleanup_(ids_free) char **ids = NULL;
	size_t count = 0;
	int r = ringwall_list(cli->rw, &ids, e);

	(void)args;
	(void)n;
	(void)ret_status;
	if (r < 0)
		return r;
	for (; ids[count]; count++)
		if (opt.quiet)
			puts(ids[count]);
	if (opt.quiet)
		return 0;
	t.rows = ringwall_arena_array(&t.arena, count + 1, sizeof(*t.rows));
	t.texts = ringwall_arena_array(&t.arena, count + 1, sizeof(*t.texts));
	if (!t.rows || !t.texts)
		return ringwall_fail(e, -ENOMEM, "list");
	for (char **id = ids; *id; id++) {
		r = add_row(cli, &t, *id, e);
		if (r < 0)
			return r;
	}
	if (opt.format == FORMAT_JSON)
		print_json(&t);
	else
		print_table(&t);
	return 0;
}

const struct ringwall_verb ringwall_verb_list = {
	.name = "list",
	.args = "",
	.help = "show all containers",
	.text = "Those below --root, sorted by ID.",
	.options = options,
	.into = &opt,
	.flags = RINGWALL_VERB_RUNTIME,
	.run = run,
};
