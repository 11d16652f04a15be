// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli.h"

static const struct ringwall_option options[] = { { .name = NULL } };

static int run(struct ringwall_cli *cli, char **args, int n, int *ret_status, struct ringwall_err *e)
{
	(void)args;
	(void)n;
	(void)ret_status;
	return ringwall_unload(cli->rw, e);
}

const struct ringwall_verb ringwall_verb_unload = {
	.name = "unload",
	.args = "",
	.help = "take the gate for system calls away where no container needs it",
	.text = "It goes by itself with the last container that needs it, but not within a minute of when it was put up. Without it the "
		"host's system calls cost what they always do, and the module ringwall can be removed.",
	.options = options,
	.flags = RINGWALL_VERB_RUNTIME,
	.run = run,
};
