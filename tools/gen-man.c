// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * gen-man TEMPLATE: the man page, on standard output. The lines @GLOBAL_OPTIONS@ and @COMMANDS@ of the template are
 * replaced by what the option tables say, and @VERSION@ wherever it stands.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../user/cli/cli.h"

/* Text for troff: dashes that can be copied, no accidental requests. */
static void put_text(const char *s)
{
	if (*s == '.' || *s == '\'')
		fputs("\\&", stdout);
	for (; *s; s++)
		if (*s == '-')
			fputs("\\-", stdout);
		else if (*s == '\\')
			fputs("\\e", stdout);
		else
			putchar(*s);
}

static void put_option(const char *name, char letter, const char *arg, const char *help)
{
	fputs(".TP\n", stdout);
	if (letter)
		printf("\\fB\\-%c\\fR, ", letter);
	fputs("\\fB\\-\\-", stdout);
	put_text(name);
	fputs("\\fR", stdout);
	if (arg) {
		fputs(" \\fI", stdout);
		put_text(arg);
		fputs("\\fR", stdout);
	}
	putchar('\n');
	put_text(help);
	putchar('\n');
}

static void put_options(const struct ringwall_option *o)
{
	for (; o->name; o++)
		put_option(o->name, o->letter, o->arg, o->help);
	put_option("help", 'h', NULL, "show a short help text and exit");
}

static void put_verb(const struct ringwall_verb *v)
{
	printf(".SS \"%s\"\n.B ringwall\n.RI [ \"GLOBAL OPTIONS\" ]\n.B %s\n.RI [ OPTIONS ]\n", v->name, v->name);
	if (*v->args) {
		fputs(".I ", stdout);
		put_text(v->args);
		putchar('\n');
	}
	fputs(".PP\n", stdout);
	put_text(v->help);
	fputs(".\n", stdout);
	if (v->text) {
		put_text(v->text);
		putchar('\n');
	}
	put_options(v->options);
}

static void put_commands(void)
{
	for (const struct ringwall_verb *const *v = ringwall_verbs; *v; v++)
		put_verb(*v);
}

static void put_line(const char *line)
{
	static const char mark[] = "@VERSION@";
	const char *at = strstr(line, mark);

	if (at)
		printf("%.*s%s%s", (int)(at - line), line, ringwall_version(), at + strlen(mark));
	else
		fputs(line, stdout);
}

int main(int argc, char **argv)
{
	FILE *in = argc == 2 ? fopen(argv[1], "re") : NULL;
	char *line = NULL;
	size_t size = 0;

	if (!in) {
		fprintf(stderr, "gen-man: %s\n", argc == 2 ? strerrordesc_np(errno) : "usage: gen-man TEMPLATE");
		return 1;
	}
	while (getline(&line, &size, in) > 0) {
		if (!strcmp(line, "@GLOBAL_OPTIONS@\n"))
			put_options(ringwall_global_options);
		else if (!strcmp(line, "@COMMANDS@\n"))
			put_commands();
		else
			put_line(line);
	}
	free(line);
	fclose(in);
	return fflush(stdout) || ferror(stdout);
}
