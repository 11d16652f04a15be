// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli.h"

static const struct ringwall_option options[] = { { .name = NULL } };

static int run(struct ringwall_cli *cli, char **args, int n, int *ret_status, struct ringwall_err *e)
{
	(void)n;
	(void)ret_status;
	return ringwall_start(cli->rw, args[0], e);
}

const struct ringwall_verb ringwall_verb_start = {
	.name = "start",
	.args = "ID",
	.help = "start the process of a created container",
	.text = "The container must have been made by create and not been started yet.",
	.options = options,
	.min_args = 1,
	.max_args = 1,
	.flags = RINGWALL_VERB_RUNTIME,
	.run = run,
};
