// SPDX-License-Identifier: LGPL-2.1-or-later
#include "help.h"

#include <seccomp.h>
#include <string.h>

#include "../oci/config.h"
#include "version.h"

#define COLUMN 34 /* where the explanations begin */
#define VERB_COLUMN 17 /* "install-runtime" and two blanks */
#define WIDTH 100

/* "-b, --bundle DIR" into @buf. */
static void format_option(const struct ringwall_option *o, char *buf, size_t size)
{
	char letter[8] = "    ";

	if (o->letter)
		snprintf(letter, sizeof(letter), "-%c, ", o->letter);
	snprintf(buf, size, "%s--%s%s%s", letter, o->name, o->arg ? " " : "", o->arg ?: "");
}

/* @text in lines of at most WIDTH, from column @at on, the first of which is already there. */
static void put_wrapped(FILE *f, const char *text, int at)
{
	int room = WIDTH - at, used = 0;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (used && used + 1 + (int)len > room) {
			fprintf(f, "\n%*s", at, "");
			used = 0;
		}
		used += fprintf(f, "%s%.*s", used ? " " : "", (int)len, text);
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', f);
}

static void put_options(FILE *f, const struct ringwall_option *o)
{
	char left[96];

	for (; o->name; o++) {
		format_option(o, left, sizeof(left));
		if (fprintf(f, "  %-*s", COLUMN - 2, left) > COLUMN)
			fprintf(f, "\n%*s", COLUMN, "");
		put_wrapped(f, o->help, COLUMN);
	}
	fprintf(f, "  %-*s%s\n", COLUMN - 2, "-h, --help", "show this text");
}

void ringwall_help_verb(FILE *f, const struct ringwall_verb *verb)
{
	fprintf(f, "usage: ringwall [GLOBAL OPTIONS] %s [OPTIONS]%s%s\n\n", verb->name, *verb->args ? " " : "",
		verb->args);
	put_wrapped(f, verb->help, 0);
	if (verb->text) {
		fputc('\n', f);
		put_wrapped(f, verb->text, 0);
	}
	fputs("\nOptions:\n", f);
	put_options(f, verb->options);
}

void ringwall_help_group(FILE *f, const char *name)
{
	size_t len = strlen(name);

	fprintf(f, "usage: ringwall [GLOBAL OPTIONS] %s COMMAND [OPTIONS] [ARGUMENTS]\n\nCommands:\n", name);
	for (const struct ringwall_verb *const *v = ringwall_verbs; *v; v++)
		if (!strncmp((*v)->name, name, len) && (*v)->name[len] == ' ')
			fprintf(f, "  %-*s%s\n", VERB_COLUMN, (*v)->name + len + 1, (*v)->help);
	fprintf(f, "\n'ringwall %s COMMAND --help' tells more about a command.\n", name);
}

void ringwall_help_global(FILE *f)
{
	fputs("usage: ringwall [GLOBAL OPTIONS] COMMAND [OPTIONS] [ARGUMENTS]\n\n"
	      "Runs OCI containers.\n\nCommands:\n", f);
	for (const struct ringwall_verb *const *v = ringwall_verbs; *v; v++)
		fprintf(f, "  %-*s%s\n", VERB_COLUMN, (*v)->name, (*v)->help);
	fputs("\nGlobal options:\n", f);
	put_options(f, ringwall_global_options);
	fputs("\n'ringwall COMMAND --help' tells more about a command.\n", f);
}

void ringwall_help_version(FILE *f)
{
	const struct scmp_version *v = seccomp_version();

	fprintf(f, "ringwall version %s\ncommit: %s\nspec: %s\n", ringwall_version(), RINGWALL_COMMIT, RINGWALL_OCI_VERSION);
	if (v)
		fprintf(f, "libseccomp: %u.%u.%u\n", v->major, v->minor, v->micro);
}
