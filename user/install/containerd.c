// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * config.toml: tables may stand anywhere in it, so ours are a block a runtime at the end, each between two lines by which it is
 * found again; its name is that of its table. The default's name goes into the table that is there, else into the block.
 * Whatever is changed outside of blocks carries a comment that tells what was there before.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "install.h"
#include "toml.h"

#define BEGIN "# ringwall: begin; made by 'ringwall install-runtime containerd'"
#define END "# ringwall: end"
/* Behind the default's name: the value it had, or that there was none. */
#define WAS " # ringwall: was: "
#define ADDED " # ringwall: added"
/* Behind the version, in a file that had nothing in it. */
#define FRESH " # ringwall: the file was empty"

#define KEYS_MAX (RINGWALL_INSTALL_NAME_MAX + 160)

/** struct span - bytes of the text; empty: not there. */
struct span {
	size_t from, to;
};

/**
 * struct block - one of ours.
 * @name: of the runtime
 * @chosen: the table in it that makes it the default
 * @options: line of its table of options; 0: none
 * @foreign: the first line in it that is not ours; 0: none
 */
struct block {
	struct span all, chosen;
	char name[RINGWALL_INSTALL_NAME_MAX + 1];
	unsigned int options, foreign;
	bool program;
};

/* The default's name outside of our blocks. */
enum chosen {
	CHOSEN_NOT,
	CHOSEN_THEIRS,
	CHOSEN_WAS, /* ours instead of theirs */
	CHOSEN_ADDED,
};

/**
 * struct config - what there is in a file.
 * @plugin: what the CRI plugin is called there; NULL: no version that we know
 * @root, @runtime: paths of its table "containerd", and of the runtime in that
 * @fresh: the line of the version, where we wrote it
 * @statements: how many there are outside of blocks
 * @ours: the block of that name
 * @other: another block, which has the default
 * @keeper: the block that keeps containerd's own runc; see settle_keeper()
 * @blocks: how many beside that; @runc: one of them is called so
 * @runtimes: there are some outside of blocks
 * @header, @dotted: line of the table "containerd", or of a key with dots that makes one
 * @chosen: the line of the default's name, @value of it
 */
struct config {
	const struct ringwall_install_options *o;
	char *text;
	const char *plugin;
	char root_path[KEYS_MAX], runtime_path[KEYS_MAX];
	struct ringwall_toml_path root, runtime;
	long version;
	struct span fresh;
	size_t statements, blocks;
	struct block ours, other, keeper;
	struct span header, chosen, value;
	enum chosen chosen_how;
	unsigned int dotted;
	bool imports, runtimes, runc;
};

/* What the CRI plugin is called in a configuration of that version. */
static const char *plugin_of(long version)
{
	return version == 2 ? "io.containerd.grpc.v1.cri" : version == 3 ? "io.containerd.cri.v1.runtime" : NULL;
}

/* Reading: our blocks -------------------------------------------------------------------------------------------- */

/* Of keys[0] = "plugins", [1] the plugin, [2] = "containerd": what we write below, by the number of keys. */
static const struct own {
	enum ringwall_toml_kind kind;
	size_t n;
	const char *last;
} own[] = {
	{ RINGWALL_TOML_TABLE, 3, "containerd" },
	{ RINGWALL_TOML_VALUE, 4, "default_runtime_name" },
	{ RINGWALL_TOML_TABLE, 5, NULL },
	{ RINGWALL_TOML_VALUE, 6, "runtime_type" },
	{ RINGWALL_TOML_VALUE, 6, "pod_annotations" },
	{ RINGWALL_TOML_VALUE, 6, "container_annotations" },
	{ RINGWALL_TOML_TABLE, 6, "options" },
	{ RINGWALL_TOML_VALUE, 7, "BinaryName" },
	{ RINGWALL_TOML_VALUE, 7, "SystemdCgroup" },
};

/* NULL: we write no such thing, such as a key with dots. */
static const struct own *find_own(const struct ringwall_toml *t)
{
	const char *key = ringwall_toml_key(t, 2);

	if (!key || strcmp(key, "containerd") ||
	    (t->kind == RINGWALL_TOML_VALUE && strlen(t->path + t->table_len) + 1 != t->path_len - t->table_len))
		return NULL;
	key = ringwall_toml_key(t, 3);
	for (const struct own *o = own; o < own + ARRAY_SIZE(own); o++) {
		const char *last = ringwall_toml_key(t, o->n - 1);

		if (o->kind == t->kind && last && !ringwall_toml_key(t, o->n) && (!o->last || !strcmp(last, o->last)) &&
		    (o->n < 5 || !strcmp(key, "runtimes")))
			return o;
	}
	return NULL;
}

static void read_within(const struct ringwall_toml *t, struct block *b)
{
	const struct own *is = find_own(t);

	if (t->kind == RINGWALL_TOML_COMMENT)
		return;
	if (!is || (is->n == 4 && !b->chosen.from) || (is->n == 5 && b->name[0]) ||
	    (is->n > 5 && strcmp(ringwall_toml_key(t, 4), b->name)))
		b->foreign = b->foreign ?: ringwall_toml_line(t->text, t->body);
	else if (is->n == 3)
		b->chosen.from = t->start;
	else if (is->n == 4)
		b->chosen.to = t->at;
	else if (is->n == 5)
		snprintf(b->name, sizeof(b->name), "%s", ringwall_toml_key(t, 4));
	else if (is->n == 6 && t->kind == RINGWALL_TOML_TABLE)
		b->options = ringwall_toml_line(t->text, t->body);
	else if (is->n == 7 && !strcmp(is->last, "BinaryName"))
		b->program = true;
}

/* A second one, as of text that was pasted twice, is no TOML: the same tables would be there twice. */
static int take_block(const struct block *b, const char *text, struct block *ret, struct ringwall_err *e)
{
	if (ret->all.to)
		return ringwall_fail_plain(e, -EINVAL, "line %u: a second block of ringwall's for '%s': take it out",
					   ringwall_toml_line(text, b->all.from), b->name);
	*ret = *b;
	return 0;
}

static int end_block(struct config *c, const struct ringwall_toml *t, struct block *b, struct ringwall_err *e)
{
	b->all.to = t->at;
	if (!b->name[0])
		return ringwall_fail_plain(e, -EINVAL, "line %u: ringwall's block has no runtime in it: take it out",
					   ringwall_toml_line(t->text, b->all.from));
	if (!strcmp(b->name, "runc") && !b->program) {
		b->foreign = b->foreign ?: b->options;
		return take_block(b, t->text, &c->keeper, e);
	}
	c->blocks++;
	c->runc = c->runc || !strcmp(b->name, "runc");
	if (!strcmp(b->name, c->o->name))
		return take_block(b, t->text, &c->ours, e);
	if (b->chosen.to)
		c->other = *b;
	return 0;
}

static bool is_comment(const struct ringwall_toml *t, const char *text)
{
	size_t len = strlen(text);

	return t->kind == RINGWALL_TOML_COMMENT && t->body_end - t->body == len && !memcmp(t->text + t->body, text, len);
}

/* Reading: what is around them ------------------------------------------------------------------------------------ */

/* Is @text what stands behind the statement? */
static bool is_followed_by(const struct ringwall_toml *t, const char *text)
{
	return t->line_end - t->body_end >= strlen(text) && !memcmp(t->text + t->body_end, text, strlen(text));
}

static void read_chosen(struct config *c, const struct ringwall_toml *t)
{
	c->chosen = (struct span){ t->start, t->at };
	c->value = (struct span){ t->value, t->body_end };
	c->chosen_how = is_followed_by(t, WAS) ? CHOSEN_WAS : is_followed_by(t, ADDED) ? CHOSEN_ADDED : CHOSEN_THEIRS;
}

/* CRI by its short name, and by the long ones of either version. */
static bool names_plugin(const struct ringwall_toml *t)
{
	static const char *const names[] = { "cri", "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime" };
	_cleanup_free_ char *value = strndup(t->text + t->value, t->body_end - t->value);
	char quoted[64];

	for (size_t i = 0; value && i < ARRAY_SIZE(names); i++)
		for (const char *quote = "\"'"; *quote; quote++) {
			snprintf(quoted, sizeof(quoted), "%c%s%c", *quote, names[i], *quote);
			if (strstr(value, quoted))
				return true;
		}
	return false;
}

/* Can the runtime's table be added where this is? */
static int check_room(const struct config *c, const struct ringwall_toml *t, struct ringwall_err *e)
{
	unsigned int line = ringwall_toml_line(t->text, t->body);

	if (ringwall_toml_within(t, c->runtime))
		return ringwall_fail_plain(e, -EEXIST, "line %u: has a runtime '%s' that ringwall did not make", line, c->o->name);
	if (t->kind != RINGWALL_TOML_TABLE && ringwall_toml_leads_to(t, c->runtime))
		return ringwall_fail_plain(e, -EINVAL,
					   "line %u: nothing can be added to that from elsewhere: make it a table of its own, "
					   "as [plugins.\"%s\".containerd]", line, c->plugin);
	if (t->kind == RINGWALL_TOML_VALUE && ringwall_toml_is(t, RINGWALL_TOML_PATH("disabled_plugins")) && names_plugin(t))
		return ringwall_fail_plain(e, -EINVAL,
					   "line %u: disabled_plugins has what runs Kubernetes' containers: take it out first",
					   line);
	return 0;
}

static int read_around(struct config *c, const struct ringwall_toml *t, struct ringwall_err *e)
{
	if (t->kind == RINGWALL_TOML_COMMENT)
		return 0;
	c->statements++;
	if (t->kind == RINGWALL_TOML_VALUE && ringwall_toml_is(t, RINGWALL_TOML_PATH("version")) && is_followed_by(t, FRESH))
		c->fresh = (struct span){ t->start, t->at };
	if (t->kind == RINGWALL_TOML_VALUE && ringwall_toml_is(t, RINGWALL_TOML_PATH("imports")))
		c->imports = strcspn(t->text + t->value, "\"'") < t->body_end - t->value;
	if (!c->plugin)
		return 0;
	if (ringwall_toml_within(t, c->root) && ringwall_toml_key(t, 4) && !strcmp(ringwall_toml_key(t, 3), "runtimes"))
		c->runtimes = true;
	if (t->kind == RINGWALL_TOML_TABLE && ringwall_toml_is(t, c->root))
		c->header = (struct span){ t->start, t->at };
	else if (t->kind == RINGWALL_TOML_VALUE && ringwall_toml_within(t, c->root)) {
		const char *key = ringwall_toml_key(t, 3);

		if (key && !strcmp(key, "default_runtime_name") && !ringwall_toml_key(t, 4))
			read_chosen(c, t);
		if (t->table_len < c->root.len)
			c->dotted = c->dotted ?: ringwall_toml_line(t->text, t->body);
	}
	return c->o->remove ? 0 : check_room(c, t, e);
}

/* 0: none */
static int read_version(const char *text, long *ret, struct ringwall_err *e)
{
	struct ringwall_toml t = { .text = text };
	char *end;
	int r;

	*ret = 0;
	while ((r = ringwall_toml_next(&t, e)) > 0 && t.kind != RINGWALL_TOML_TABLE && t.kind != RINGWALL_TOML_TABLES)
		if (ringwall_toml_is(&t, RINGWALL_TOML_PATH("version"))) {
			*ret = strtol(text + t.value, &end, 10);
			if (end != text + t.body_end)
				*ret = 0;
		}
	return r < 0 ? r : 0;
}

static struct ringwall_toml_path make_path(char *buf, size_t size, const char *format, const char *plugin, const char *name)
{
	int len = snprintf(buf, size, format, plugin, name);

	for (int i = 0; i < len; i++)
		if (buf[i] == '\n')
			buf[i] = '\0';
	return (struct ringwall_toml_path){ .path = buf, .len = (size_t)len };
}

static int read_all(struct config *c, struct ringwall_err *e)
{
	struct ringwall_toml t = { .text = c->text };
	struct block b;
	bool within = false, below = false; /* a block; the last header was in one */
	int r;

	while ((r = ringwall_toml_next(&t, e)) > 0) {
		if (is_comment(&t, BEGIN)) {
			if (within)
				break;
			within = true;
			b = (struct block){ .all.from = t.start };
		} else if (within && is_comment(&t, END)) {
			within = false;
			r = end_block(c, &t, &b, e);
			if (r < 0)
				return r;
		} else if (within) {
			read_within(&t, &b);
		} else {
			if (below && t.kind == RINGWALL_TOML_VALUE)
				return ringwall_fail_plain(e, -EINVAL, "line %u: it belongs to ringwall's table above: "
							   "write its own table's name before it", ringwall_toml_line(t.text, t.body));
			r = read_around(c, &t, e);
			if (r < 0)
				return r;
		}
		if (t.kind != RINGWALL_TOML_COMMENT && t.kind != RINGWALL_TOML_VALUE)
			below = within;
	}
	if (r < 0)
		return r;
	return within ? ringwall_fail_plain(e, -EINVAL, "line %u: ringwall's block has no end: write the line \"%s\" behind it",
					    ringwall_toml_line(t.text, b.all.from), END) : 0;
}

/* What is in c->text. */
static int read_config(struct config *c, struct ringwall_err *e)
{
	struct config new = { .o = c->o, .text = c->text };
	int r = read_version(c->text, &new.version, e);

	if (r < 0)
		return r;
	*c = new;
	c->plugin = plugin_of(c->version);
	if (c->plugin) {
		c->root = make_path(c->root_path, sizeof(c->root_path), "plugins\n%s\ncontainerd\n", c->plugin, "");
		c->runtime = make_path(c->runtime_path, sizeof(c->runtime_path), "plugins\n%s\ncontainerd\nruntimes\n%s\n",
				       c->plugin, c->o->name);
	}
	return read_all(c, e);
}

/* Writing: each of these changes one thing, and reads the text again ------------------------------------------------ */

static int put(struct config *c, struct span where, const char *by, struct ringwall_err *e)
{
	int r = ringwall_install_splice(&c->text, where.from, where.to, by);

	return r < 0 ? ringwall_fail(e, r, "config.toml") : read_config(c, e);
}

/* With the newline that was put before it. */
static int cut(struct config *c, struct span where, struct ringwall_err *e)
{
	const char *text = c->text, *behind = text + where.to;
	bool after_newline = where.from && text[where.from - 1] == '\n';

	if (after_newline && (where.from == 1 || text[where.from - 2] == '\n' || !*behind || *behind == '\n'))
		where.from--;
	return put(c, where, "", e);
}

static int append(struct config *c, const char *text, struct ringwall_err *e)
{
	_cleanup_free_ char *more = NULL;
	size_t len = strlen(c->text);

	if (asprintf(&more, "%s%s", len ? "\n" : "", text) < 0)
		return ringwall_fail(e, -ENOMEM, "config.toml");
	return put(c, (struct span){ len, len }, more, e);
}

static int check_own(const struct block *b, struct ringwall_err *e)
{
	if (!b->foreign)
		return 0;
	return ringwall_fail_plain(e, -EEXIST, "line %u: not ringwall's, but in its block: move it out", b->foreign);
}

static char *make_block(const struct config *c, bool chosen)
{
	const struct ringwall_install_options *o = c->o;
	char choice[256] = "", *ret;

	if (chosen)
		snprintf(choice, sizeof(choice), "[plugins.\"%s\".containerd]\n  default_runtime_name = \"%.100s\"\n", c->plugin,
			 o->name);
	if (asprintf(&ret,
		     BEGIN "\n%s[plugins.\"%s\".containerd.runtimes.%s]\n"
		     "  runtime_type = \"io.containerd.runc.v2\"\n"
		     "  pod_annotations = [\"org.ringwall.*\"]\n"
		     "  container_annotations = [\"org.ringwall.*\"]\n"
		     "[plugins.\"%s\".containerd.runtimes.%s.options]\n"
		     "  BinaryName = \"%s\"\n%s" END "\n",
		     choice, c->plugin, o->name, c->plugin, o->name, o->path,
		     o->systemd_cgroup ? "  SystemdCgroup = true\n" : "") < 0)
		return NULL;
	return ret;
}

static int put_block(struct config *c, struct ringwall_err *e)
{
	bool outside = c->header.to || c->chosen.to;
	_cleanup_free_ char *block = make_block(c, c->ours.chosen.to || (c->o->make_default && !outside));

	if (!block)
		return ringwall_fail(e, -ENOMEM, "config.toml");
	return c->ours.all.to ? put(c, c->ours.all, block, e) : append(c, block, e);
}

/* Into the table that is there, over what it says, or as its first line. */
static int put_chosen(struct config *c, struct ringwall_err *e)
{
	size_t indent = c->header.from + strspn(c->text + c->header.from, " \t"), at = c->header.to;
	bool ends = at && c->text[at - 1] == '\n', crlf = ends && at > 1 && c->text[at - 2] == '\r';
	char by[512];

	if (c->chosen_how == CHOSEN_NOT) {
		snprintf(by, sizeof(by), "%s%.*s  default_runtime_name = \"%s\"" ADDED "%s", ends ? "" : "\n",
			 (int)(indent - c->header.from > 100 ? 100 : indent - c->header.from), c->text + c->header.from, c->o->name,
			 crlf ? "\r\n" : ends ? "\n" : "");
		return put(c, (struct span){ at, at }, by, e);
	}
	snprintf(by, sizeof(by), "\"%s\"%s", c->o->name, c->chosen_how == CHOSEN_THEIRS ? WAS : "");
	if (c->chosen_how == CHOSEN_THEIRS)
		c->value.to = c->value.from;
	return put(c, c->value, by, e);
}

/*
 * Before version 3 the runtimes of a file are all that containerd knows, so that its own runc goes as soon as one is written
 * there; and Kubernetes' containers all fail if that is the default.
 */
static int settle_keeper(struct config *c, struct ringwall_err *e)
{
	bool wanted = c->version == 2 && c->blocks && !c->runtimes && !c->runc;
	_cleanup_free_ char *block = NULL;

	if (wanted == (c->keeper.all.to != 0))
		return 0;
	if (!wanted)
		return check_own(&c->keeper, e) ?: cut(c, c->keeper.all, e);
	if (asprintf(&block,
		     BEGIN "\n# containerd's own, which it forgets where another is written down\n"
		     "[plugins.\"%s\".containerd.runtimes.runc]\n  runtime_type = \"io.containerd.runc.v2\"\n" END "\n",
		     c->plugin) < 0)
		return ringwall_fail(e, -ENOMEM, "config.toml");
	return append(c, block, e);
}

static bool is_chosen(const struct config *c)
{
	size_t len = strlen(c->o->name);

	return c->value.to - c->value.from == len + 2 && !memcmp(c->text + c->value.from + 1, c->o->name, len);
}

static int choose(struct config *c, struct ringwall_err *e)
{
	int r = 0;

	if (c->chosen_how == CHOSEN_NOT && !c->header.to && c->dotted)
		return ringwall_fail_plain(e, -EINVAL,
					   "line %u: its keys have dots: write containerd.default_runtime_name = \"%s\" there too",
					   c->dotted, c->o->name);
	if (c->chosen_how == CHOSEN_THEIRS && memchr(c->text + c->value.from, '\n', c->value.to - c->value.from))
		return ringwall_fail_plain(e, -EINVAL, "line %u: write default_runtime_name on one line",
					   ringwall_toml_line(c->text, c->value.from));
	while (!r && c->other.chosen.to) {
		r = check_own(&c->other, e);
		if (!r)
			r = put(c, c->other.chosen, "", e);
	}
	return r || !(c->header.to || c->chosen.to) || is_chosen(c) ? r : put_chosen(c, e);
}

static int enter(struct config *c, struct ringwall_err *e)
{
	int r = check_own(&c->ours, e);

	if (!r && !c->statements)
		r = append(c, "version = 2" FRESH "\n", e);
	if (!r && !c->plugin)
		return ringwall_fail_plain(e, -EINVAL,
					   "version = 2 or 3 wanted in its first lines: see 'containerd config migrate'");
	if (!r && c->o->make_default)
		r = choose(c, e);
	return r ?: put_block(c, e) ?: settle_keeper(c, e);
}

/* What the line of the default's name was before. */
static int restore_chosen(struct config *c, struct ringwall_err *e)
{
	struct span where = c->chosen;

	if (c->chosen_how == CHOSEN_WAS)
		where = (struct span){ c->value.from, c->value.to + strlen(WAS) };
	else if (where.from && c->text[where.to - 1] != '\n')
		where.from--;
	return put(c, where, "", e);
}

static int take_out(struct config *c, struct ringwall_err *e)
{
	int r = check_own(&c->ours, e);

	if (!r && c->ours.all.to && c->chosen_how == CHOSEN_THEIRS && is_chosen(c))
		return ringwall_fail_plain(e, -EBUSY, "line %u: default_runtime_name is \"%s\", which ringwall did not write: "
					   "change that first", ringwall_toml_line(c->text, c->value.from), c->o->name);
	if (!r && c->ours.all.to)
		r = cut(c, c->ours.all, e);
	if (!r && c->chosen_how > CHOSEN_THEIRS && is_chosen(c))
		r = restore_chosen(c, e);
	if (!r)
		r = settle_keeper(c, e);
	if (!r && c->fresh.to && c->statements == 1 && !c->blocks)
		r = cut(c, c->fresh, e);
	return r;
}

int ringwall_install_containerd(struct ringwall_install *i, struct ringwall_err *e)
{
	struct config c = { .o = i->o };
	int r;

	c.text = strdup(i->text);
	if (!c.text)
		return ringwall_fail(e, -ENOMEM, "config.toml");
	r = read_config(&c, e) ?: i->o->remove ? take_out(&c, e) : enter(&c, e);
	i->note = !r && c.imports && !i->o->remove ? "it imports other files: 'containerd config dump' shows what holds" : NULL;
	if (!r && (*c.text || !*i->text))
		i->ret = TAKE_PTR(c.text);
	free(c.text);
	return r;
}
