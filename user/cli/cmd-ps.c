// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "../lib/cleanup.h"
#include "cli.h"

static struct ps_options {
	unsigned int format;
} opt;

enum { FORMAT_TABLE, FORMAT_JSON };

static const struct ringwall_option options[] = {
	RINGWALL_OPT(struct ps_options, format, "format", 'f', CHOICE, "table|json", "how to show them (default: table)"),
	{ .name = NULL },
};

static void print_json(const pid_t *pids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf("%s%d", i ? "," : "[", (int)pids[i]);
	puts(n ? "]" : "null");
}

/* Start ps(1); *@ret_out reads what it prints. */
static int start_ps(char **args, pid_t *ret_pid, FILE **ret_out, struct ringwall_err *e)
{
	posix_spawn_file_actions_t actions;
	_cleanup_fd_ int in = -1, out = -1;
	int fds[2], r;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return ringwall_fail(e, -errno, "pipe");
	in = fds[0];
	out = fds[1];
	r = posix_spawn_file_actions_init(&actions);
	if (!r) {
		r = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
		r = r ?: posix_spawnp(ret_pid, "ps", &actions, NULL, args, environ);
		posix_spawn_file_actions_destroy(&actions);
	}
	if (r)
		return ringwall_fail(e, -r, "ps");
	*ret_out = fdopen(TAKE_FD(in), "re");
	return *ret_out ? 0 : ringwall_fail(e, -errno, "ps");
}

/* The @index-th word of @line, NULL when there are fewer; *@ret_len is its length. */
static const char *word(const char *line, int index, size_t *ret_len)
{
	for (;; index--) {
		line += strspn(line, " \t\n");
		*ret_len = strcspn(line, " \t\n");
		if (!*ret_len)
			return NULL;
		if (!index)
			return line;
		line += *ret_len;
	}
}

static int pid_column(const char *header)
{
	const char *w;
	size_t len;

	for (int i = 0; (w = word(header, i, &len)); i++)
		if (len == 3 && !memcmp(w, "PID", 3))
			return i;
	return -1;
}

/* Only the lines of the container's processes, and the first, which says what the columns are. */
static int filter(FILE *in, const pid_t *pids, size_t n, struct ringwall_err *e)
{
	_cleanup_free_ char *line = NULL;
	size_t size = 0, len;
	int column = -1;

	while (getline(&line, &size, in) > 0) {
		const char *w;

		if (column < 0) {
			column = pid_column(line);
			if (column < 0)
				return ringwall_fail_plain(e, -EINVAL, "ps: its output has no PID column");
			fputs(line, stdout);
			continue;
		}
		w = word(line, column, &len);
		for (size_t i = 0; w && i < n; i++)
			if (atoi(w) == pids[i])
				fputs(line, stdout);
	}
	return column < 0 ? ringwall_fail_plain(e, -EINVAL, "ps: no output") : 0;
}

static int print_table(char **args, const pid_t *pids, size_t n, struct ringwall_err *e)
{
	char name[] = "ps", every[] = "-ef", *usual[] = { name, every, NULL };
	FILE *out = NULL;
	int status, r;
	pid_t ps;

	/* The ID's place in front of ps's own arguments is taken by the program's name. */
	args[0] = name;
	r = start_ps(args[1] ? args : usual, &ps, &out, e);
	if (r < 0)
		return r;
	r = filter(out, pids, n, e);
	fclose(out);
	if (waitpid(ps, &status, 0) == ps && !(WIFEXITED(status) && !WEXITSTATUS(status)) && r >= 0)
		r = ringwall_fail_plain(e, -EIO, "ps: it failed");
	return r;
}

static int run(struct ringwall_cli *cli, char **args, int n, int *ret_status, struct ringwall_err *e)
{
	_cleanup_free_ pid_t *pids = NULL;
	size_t count = 0;
	int r = ringwall_ps(cli->rw, args[0], &pids, &count, e);

	(void)n;
	(void)ret_status;
	if (r < 0)
		return r;
	if (opt.format == FORMAT_TABLE)
		return print_table(args, pids, count, e);
	print_json(pids, count);
	return 0;
}

const struct ringwall_verb ringwall_verb_ps = {
	.name = "ps",
	.args = "ID [PS-ARG...]",
	.help = "show a container's processes",
	.text = "The table is made by the host's ps(1), called with the given arguments or -ef, which must show a PID column.",
	.options = options,
	.into = &opt,
	.min_args = 1,
	.max_args = RINGWALL_VERB_ANY,
	.flags = RINGWALL_VERB_RUNTIME | RINGWALL_VERB_IN_ORDER,
	.run = run,
};
