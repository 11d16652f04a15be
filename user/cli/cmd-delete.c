// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli.h"
#include "match.h"

static struct delete_options {
	bool force, regex;
} opt;

static const struct ringwall_option options[] = {
	RINGWALL_OPT(struct delete_options, force, "force", 'f', FLAG, NULL,
		     "kill a running container first; a container that does not exist is no error"),
	RINGWALL_OPT(struct delete_options, regex, "regex", 'r', FLAG, NULL,
		     "ID is an extended regular expression: delete every container that matches"),
	{ .name = NULL },
};

static int delete_one(struct ringwall_cli *cli, const char *id, void *data, struct ringwall_err *e)
{
	(void)data;
	return ringwall_delete(cli->rw, id, opt.force ? RINGWALL_DELETE_FORCE : 0, e);
}

static int run(struct ringwall_cli *cli, char **args, int n, int *ret_status, struct ringwall_err *e)
{
	(void)n;
	(void)ret_status;
	if (opt.regex)
		return ringwall_match_each(cli, args[0], delete_one, NULL, e);
	return delete_one(cli, args[0], NULL, e);
}

const struct ringwall_verb ringwall_verb_delete = {
	.name = "delete",
	.args = "ID",
	.help = "remove a container that is stopped or only created",
	.text = "Its cgroup, policy, mounts and state go. A container that was created and never started is killed.",
	.options = options,
	.into = &opt,
	.min_args = 1,
	.max_args = 1,
	.flags = RINGWALL_VERB_RUNTIME,
	.run = run,
};
