// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli.h"

static const struct ringwall_option options[] = { { .name = NULL } };

static int run(struct ringwall_cli *cli, char **args, int n, int *ret_status, struct ringwall_err *e)
{
	(void)n;
	(void)ret_status;
	return ringwall_resume(cli->rw, args[0], e);
}

const struct ringwall_verb ringwall_verb_resume = {
	.name = "resume",
	.args = "ID",
	.help = "let a paused container go on",
	.options = options,
	.min_args = 1,
	.max_args = 1,
	.flags = RINGWALL_VERB_RUNTIME,
	.run = run,
};
