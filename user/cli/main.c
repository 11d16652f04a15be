// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "help.h"
#include "hint.h"

/*
 * No atexit handlers and no stdio teardown: a container's exit status is passed on at once. What verbs printed is
 * flushed here, and an output that could not be written is an error.
 */
static void __attribute__((noreturn)) leave(const struct ringwall_cli *cli, int status)
{
	if (fflush(stdout) || ferror(stdout)) {
		ringwall_log_error(&cli->logger, "standard output: write error", NULL);
		status = status ?: 1;
	}
	_exit(status);
}

static void __attribute__((noreturn)) leave_usage(const struct ringwall_cli *cli, const struct ringwall_verb *verb,
						  const struct ringwall_err *e)
{
	char hint[64];

	snprintf(hint, sizeof(hint), "see 'ringwall %s%s--help'", verb ? verb->name : "", verb ? " " : "");
	ringwall_log_error(&cli->logger, e->text, hint);
	leave(cli, 1);
}

static void __attribute__((noreturn)) leave_failed(const struct ringwall_cli *cli, const struct ringwall_verb *verb,
						   const struct ringwall_err *e)
{
	ringwall_log_error(&cli->logger, e->text, ringwall_hint_find(e));
	leave(cli, verb->flags & RINGWALL_VERB_EXIT_255 ? 255 : 1);
}

static int setup_logger(struct ringwall_cli *cli, struct ringwall_err *e)
{
	const struct ringwall_globals *g = &cli->global;

	cli->logger = (struct ringwall_logger){
		.path = g->log,
		.format = (enum ringwall_log_format)g->log_format,
		/* Podman reads the log file as a single object: an error must be alone in it. */
		.level = g->debug ? RINGWALL_LOG_DEBUG : g->log ? RINGWALL_LOG_ERROR : RINGWALL_LOG_WARNING,
	};
	if (g->log_level && ringwall_log_level_parse(g->log_level, &cli->logger.level) < 0)
		return ringwall_fail_plain(e, -EINVAL, "option --log-level: '%s' is not a level", g->log_level);
	return 0;
}

static int open_runtime(struct ringwall_cli *cli, struct ringwall_err *e)
{
	static const int rootless[] = { 1, 0, -1 }; /* true|false|auto */
	const struct ringwall_globals *g = &cli->global;
	const struct ringwall_options o = {
		.size = sizeof(o),
		.root = g->root,
		.cgroup_manager = g->systemd_cgroup ? RINGWALL_CGROUP_SYSTEMD
						    : (enum ringwall_cgroup_manager)g->cgroup_manager,
		.rootless = rootless[g->rootless],
		.log = ringwall_log_write,
		.log_data = &cli->logger,
		.criu = g->criu,
	};

	return ringwall_open(&cli->rw, &o, e);
}

/* Global options; returns how many arguments are left in @args, the verb's name first. */
static int parse_globals(struct ringwall_cli *cli, int argc, char **args)
{
	struct ringwall_err e = {};
	int n = 0, r;

	cli->global = ringwall_globals_default;
	r = ringwall_opts_parse(ringwall_global_options, &cli->global, RINGWALL_OPTS_IN_ORDER, argc, args, &n, &e);
	if (r >= 0 && setup_logger(cli, &e) < 0)
		r = -EINVAL;
	if (r < 0)
		leave_usage(cli, NULL, &e);
	if (cli->global.version) {
		ringwall_help_version(stdout);
		leave(cli, 0);
	}
	if (r == RINGWALL_OPTS_HELP || !n) {
		ringwall_help_global(stdout);
		leave(cli, 0);
	}
	return n;
}

/* The verb at the beginning of @args; *@ret_words: how many of them are its name. */
static const struct ringwall_verb *find_verb(char **args, int *ret_words)
{
	char name[64];

	*ret_words = 1;
	if (!args[0] || !args[1] || !ringwall_verb_is_group(args[0]))
		return args[0] ? ringwall_verb_find(args[0]) : NULL;
	snprintf(name, sizeof(name), "%s %s", args[0], args[1]);
	*ret_words = 2;
	return ringwall_verb_find(name);
}

/* `ringwall help [VERB]`; of a group, all its verbs */
static void __attribute__((noreturn)) leave_help(const struct ringwall_cli *cli, char **args)
{
	int words;
	const struct ringwall_verb *verb = find_verb(args, &words);

	if (verb)
		ringwall_help_verb(stdout, verb);
	else if (args[0] && ringwall_verb_is_group(args[0]))
		ringwall_help_group(stdout, args[0]);
	else
		ringwall_help_global(stdout);
	leave(cli, 0);
}

/* Whose container is it? What is not found the verb itself says. */
static int find_container(struct ringwall_cli *cli, const struct ringwall_verb *verb, char **args, int n, struct ringwall_err *e)
{
	char *root, *id;
	int r;

	if (!(verb->flags & RINGWALL_VERB_FIND) || !n || cli->global.root)
		return 0;
	r = ringwall_find(args[0], &root, &id, e);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	cli->global.root = root;
	args[0] = id;
	return 0;
}

static void __attribute__((noreturn)) run_verb(struct ringwall_cli *cli, const struct ringwall_verb *verb, char **args, int n)
{
	unsigned int flags = verb->flags & RINGWALL_VERB_IN_ORDER ? RINGWALL_OPTS_IN_ORDER : 0;
	struct ringwall_err e = {};
	int status = 0, r;

	r = ringwall_opts_parse(verb->options, verb->into, flags, n, args, &n, &e);
	if (r == RINGWALL_OPTS_HELP) {
		ringwall_help_verb(stdout, verb);
		leave(cli, 0);
	}
	if (r < 0 || ringwall_verb_check_args(verb, n, &e) < 0)
		leave_usage(cli, verb, &e);
	args[n] = NULL;
	if (find_container(cli, verb, args, n, &e) < 0)
		leave_failed(cli, verb, &e);
	if (verb->flags & RINGWALL_VERB_RUNTIME && open_runtime(cli, &e) < 0)
		leave_failed(cli, verb, &e);
	if (verb->run(cli, args, n, &status, &e) < 0)
		leave_failed(cli, verb, &e);
	leave(cli, status);
}

int main(int argc, char **argv)
{
	static struct ringwall_cli cli;
	const struct ringwall_verb *verb;
	struct ringwall_err e = {};
	char **args = argv + 1; /* the parser sorts them in place */
	int n, words;

	if (argc < 1)
		_exit(1);
	n = parse_globals(&cli, argc - 1, args);
	args[n] = NULL;
	verb = find_verb(args, &words);
	if (verb)
		run_verb(&cli, verb, args + words, n - words);
	if (!strcmp(args[0], "help"))
		leave_help(&cli, args + 1);
	if (ringwall_verb_is_group(args[0]) && (!args[1] || !strcmp(args[1], "--help") || !strcmp(args[1], "-h")))
		leave_help(&cli, args);
	ringwall_fail_plain(&e, -EINVAL, "unknown command '%s%s%s'", args[0], words > 1 ? " " : "", words > 1 ? args[1] : "");
	leave_usage(&cli, NULL, &e);
}
