// SPDX-License-Identifier: LGPL-2.1-or-later
#include "opts.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "opts-value.h"

/* What a run of the parser carries around. */
struct parser {
	const struct ringwall_option *table;
	void *into;
	char **argv;
	int argc, at; /* @at: next argument to look at */
	struct ringwall_err *e;
};

bool ringwall_opts_takes_value(const struct ringwall_option *o)
{
	return o->type != RINGWALL_OPT_FLAG && o->type != RINGWALL_OPT_TRISTATE;
}

static const struct ringwall_option *find_long(const struct ringwall_option *table, const char *name, size_t len)
{
	for (; table->name; table++)
		if (!strncmp(table->name, name, len) && !table->name[len])
			return table;
	return NULL;
}

static const struct ringwall_option *find_letter(const struct ringwall_option *table, char letter)
{
	for (; table->name; table++)
		if (letter && table->letter == letter)
			return table;
	return NULL;
}

/* The option's value: what follows its "=", or the next argument; NULL for a bare flag. */
static int take_value(struct parser *p, const struct ringwall_option *o, const char *attached, const char **ret)
{
	if (!attached && ringwall_opts_takes_value(o)) {
		if (p->at >= p->argc)
			/* The words that Podman looks for, to find out whether a runtime has an option. */
			return ringwall_fail_plain(p->e, -EINVAL, "flag needs an argument: --%s %s", o->name, o->arg);
		attached = p->argv[p->at++];
	}
	*ret = attached;
	return 0;
}

static int store(struct parser *p, const struct ringwall_option *o, const char *attached)
{
	const char *value = NULL;
	int r = take_value(p, o, attached, &value);

	if (r < 0)
		return r;
	r = ringwall_opts_store(o, value, (char *)p->into + o->offset, p->argc);
	if (r == -ENOMEM)
		return ringwall_fail(p->e, r, "option --%s", o->name);
	if (r == -ERANGE)
		return ringwall_fail_plain(p->e, r, "option --%s: '%s' is out of range", o->name, value);
	if (r < 0)
		return ringwall_fail_plain(p->e, r, "option --%s: '%s' is not a valid %s", o->name, value,
					   o->arg ?: "true|false");
	return 0;
}

static int unknown(struct parser *p, const char *arg)
{
	return ringwall_fail_plain(p->e, -EINVAL, "unknown option '%.*s'", (int)strcspn(arg, "="), arg);
}

/* -abc, -n value, -nvalue, -n=value */
static int parse_letters(struct parser *p, const char *arg)
{
	for (const char *c = arg + 1; *c; c++) {
		const struct ringwall_option *o = find_letter(p->table, *c);
		const char *attached = NULL;
		int r;

		if (!o && *c == 'h')
			return RINGWALL_OPTS_HELP;
		if (!o)
			return unknown(p, arg);
		if (c[1] == '=')
			attached = c + 2;
		else if (c[1] && ringwall_opts_takes_value(o))
			attached = c + 1;
		r = store(p, o, attached);
		if (r < 0 || attached)
			return r;
	}
	return 0;
}

static int parse_one(struct parser *p, const char *arg)
{
	const char *name = arg + (arg[1] == '-' ? 2 : 1);
	size_t len = strcspn(name, "=");
	/* With one dash a single letter is always the short option. */
	const struct ringwall_option *o = name == arg + 2 || len > 1 ? find_long(p->table, name, len) : NULL;

	if (o)
		return store(p, o, name[len] ? name + len + 1 : NULL);
	if (len == 4 && !memcmp(name, "help", 4))
		return RINGWALL_OPTS_HELP;
	if (name == arg + 2)
		return unknown(p, arg);
	return parse_letters(p, arg);
}

int ringwall_opts_parse(const struct ringwall_option *table, void *into, unsigned int flags, int argc, char **argv,
			int *ret_n, struct ringwall_err *e)
{
	struct parser p = { .table = table, .into = into, .argv = argv, .argc = argc, .e = e };
	int n = 0;

	while (p.at < argc) {
		char *arg = argv[p.at++];
		int r;

		if (arg[0] != '-' || !arg[1]) {
			argv[n++] = arg; /* n < p.at: this never overwrites what is still to be read */
			if (flags & RINGWALL_OPTS_IN_ORDER)
				break;
			continue;
		}
		if (!strcmp(arg, "--"))
			break;
		r = parse_one(&p, arg);
		if (r)
			return r;
	}
	while (p.at < argc)
		argv[n++] = argv[p.at++];
	*ret_n = n;
	return 0;
}
