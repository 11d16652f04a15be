// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Files of our own beside those of the host: Podman's for containers.conf(5), which Buildah reads as well, and CRI-O's. One is
 * read to a list of runtimes and written anew from that; what would not come out as it went in was changed by somebody else.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "install.h"
#include "toml.h"

#define ROWS_MAX 64

/** struct rows - the runtimes of a file, in its order; @chosen: the default, "" for none. */
struct rows {
	struct row {
		char name[RINGWALL_INSTALL_NAME_MAX + 1], path[PATH_MAX];
	} row[ROWS_MAX];
	size_t n;
	char chosen[RINGWALL_INSTALL_NAME_MAX + 1];
};

/**
 * struct format - of one caller's file.
 * @header: its first line, by which it is known to be ours
 * @runtimes: the table of runtimes; key number @name of what is below it is a runtime's name
 * @path: number and name of the key that has its path; NULL: the name itself
 * @chosen: the key that has the default's name
 * @put: all of it behind the header; then what an earlier Ringwall put there, or NULL
 */
struct format {
	const char *caller, *header;
	struct ringwall_toml_path runtimes, chosen;
	size_t name;
	const char *path;
	void (*put[2])(const struct rows *rows, FILE *f);
};

/* A list replaces Podman's own, @begin, so that has to be in it. */
static void put_list(const struct rows *rows, const char *begin, FILE *f)
{
	fputs(begin, f);
	for (size_t i = 0; i < rows->n; i++)
		fprintf(f, ", \"%s\"", rows->row[i].name);
	fputs("]\n", f);
}

static void put_podman_as(const struct rows *rows, bool nocgroup, FILE *f)
{
	fputs("[engine]\n", f);
	if (rows->chosen[0])
		fprintf(f, "runtime = \"%s\"\n", rows->chosen);
	/* Else errors would be read as text … */
	put_list(rows, "runtime_supports_json = [\"crun\", \"runc\", \"kata\", \"runsc\", \"youki\", \"krun\"", f);
	/* … and --cgroups=disabled refused. (Podman reads this key; containers.conf(5) calls it runtime_supports_nocgroups.) */
	if (nocgroup)
		put_list(rows, "runtime_supports_nocgroup = [\"crun\", \"krun\"", f);
	fputs("\n[engine.runtimes]\n", f);
	for (size_t i = 0; i < rows->n; i++)
		fprintf(f, "%s = [\"%s\"]\n", rows->row[i].name, rows->row[i].path);
}

static void put_podman(const struct rows *rows, FILE *f)
{
	put_podman_as(rows, true, f);
}

static void put_podman_before(const struct rows *rows, FILE *f)
{
	put_podman_as(rows, false, f);
}

/* Of annotations only those that CRI-O gives a meaning to may be listed here; the others it hands on as they are. */
static void put_crio(const struct rows *rows, FILE *f)
{
	if (rows->chosen[0])
		fprintf(f, "[crio.runtime]\ndefault_runtime = \"%s\"\n\n", rows->chosen);
	for (size_t i = 0; i < rows->n; i++)
		fprintf(f,
			"[crio.runtime.runtimes.%s]\nruntime_path = \"%s\"\n"
			"runtime_type = \"oci\"\nruntime_root = \"/run/ringwall\"\n",
			rows->row[i].name, rows->row[i].path);
}

static const struct format podman = {
	.caller = "Podman",
	.header = "# Made by 'ringwall install-runtime podman'; containers.conf(5)\n",
	.runtimes = RINGWALL_TOML_PATH("engine\0runtimes"),
	.chosen = RINGWALL_TOML_PATH("engine\0runtime"),
	.name = 2,
	.put = { put_podman, put_podman_before },
};

static const struct format crio = {
	.caller = "CRI-O",
	.header = "# Made by 'ringwall install-runtime crio'; crio.conf.d(5)\n",
	.runtimes = RINGWALL_TOML_PATH("crio\0runtime\0runtimes"),
	.chosen = RINGWALL_TOML_PATH("crio\0runtime\0default_runtime"),
	.name = 3,
	.path = "runtime_path",
	.put = { put_crio },
};

/* @put: one of the format's */
static char *write_rows(const struct format *format, void (*put)(const struct rows *rows, FILE *f), const struct rows *rows)
{
	char *ret = NULL;
	size_t len;
	FILE *f = open_memstream(&ret, &len);
	bool failed;

	if (!f)
		return NULL;
	fputs(format->header, f);
	put(rows, f);
	failed = ferror(f);
	failed |= fclose(f) != 0;
	if (failed) {
		free(ret);
		return NULL;
	}
	return ret;
}

/* What stands in the first quotes of a value; what has none is seen when the file is compared. */
static void read_quoted(const struct ringwall_toml *t, char *ret, size_t size)
{
	const char *from = memchr(t->text + t->value, '"', t->body_end - t->value);

	if (from)
		snprintf(ret, size, "%.*s", (int)strcspn(from + 1, "\""), from + 1);
}

static void read_row(const struct format *format, const struct ringwall_toml *t, struct rows *rows)
{
	const char *name = ringwall_toml_key(t, format->name), *key = ringwall_toml_key(t, format->name + 1);

	if (!name || rows->n == ROWS_MAX || !key != !format->path || (key && strcmp(key, format->path)))
		return;
	snprintf(rows->row[rows->n].name, sizeof(rows->row->name), "%s", name);
	read_quoted(t, rows->row[rows->n].path, sizeof(rows->row->path));
	rows->n++;
}

static int read_rows(const struct format *format, const char *text, struct rows *rows, struct ringwall_err *e)
{
	struct ringwall_toml t = { .text = text };
	int r;

	while ((r = ringwall_toml_next(&t, e)) > 0) {
		if (t.kind == RINGWALL_TOML_VALUE && ringwall_toml_is(&t, format->chosen))
			read_quoted(&t, rows->chosen, sizeof(rows->chosen));
		else if (t.kind == RINGWALL_TOML_VALUE && ringwall_toml_within(&t, format->runtimes))
			read_row(format, &t, rows);
	}
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(format->put) && format->put[i]; i++) {
		_cleanup_free_ char *again = write_rows(format, format->put[i], rows);

		if (!again)
			return ringwall_fail(e, -ENOMEM, "%s", format->caller);
		if (!strcmp(again, text))
			return 0;
	}
	return ringwall_fail_plain(e, -EEXIST, "made by ringwall, but changed since: move it away first");
}

static int enter(struct rows *rows, const struct ringwall_install_options *o, struct ringwall_err *e)
{
	size_t i = 0;

	if (strlen(o->path) >= sizeof(rows->row->path))
		return ringwall_fail(e, -ENAMETOOLONG, "'%.100s'", o->path);
	while (i < rows->n && strcmp(rows->row[i].name, o->name))
		i++;
	if (i == ROWS_MAX)
		return ringwall_fail_plain(e, -ENOSPC, "has %d runtimes already", ROWS_MAX);
	rows->n += i == rows->n;
	snprintf(rows->row[i].name, sizeof(rows->row->name), "%s", o->name);
	snprintf(rows->row[i].path, sizeof(rows->row->path), "%s", o->path);
	if (o->make_default)
		snprintf(rows->chosen, sizeof(rows->chosen), "%s", o->name);
	return 0;
}

static void take_out(struct rows *rows, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < rows->n; i++)
		if (strcmp(rows->row[i].name, name))
			rows->row[n++] = rows->row[i];
	rows->n = n;
	if (!strcmp(rows->chosen, name))
		rows->chosen[0] = '\0';
}

static int edit(const struct format *format, struct ringwall_install *i, struct ringwall_err *e)
{
	_cleanup_free_ struct rows *rows = calloc(1, sizeof(*rows));
	const struct ringwall_install_options *o = i->o;
	int r = 0;

	if (!rows)
		return ringwall_fail(e, -ENOMEM, "%s", format->caller);
	if (i->len && strncmp(i->text, format->header, strlen(format->header)))
		return ringwall_fail_plain(e, -EEXIST, "not made by ringwall: move it away first");
	if (i->len)
		r = read_rows(format, i->text, rows, e);
	if (!r && o->remove)
		take_out(rows, o->name);
	else if (!r)
		r = enter(rows, o, e);
	if (r < 0 || !rows->n)
		return r;
	i->ret = write_rows(format, format->put[0], rows);
	return i->ret ? 0 : ringwall_fail(e, -ENOMEM, "%s", format->caller);
}

int ringwall_install_podman(struct ringwall_install *i, struct ringwall_err *e)
{
	return edit(&podman, i, e);
}

int ringwall_install_crio(struct ringwall_install *i, struct ringwall_err *e)
{
	return edit(&crio, i, e);
}
