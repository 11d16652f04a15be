// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli.h"

static const struct ringwall_option options[] = { { .name = NULL } };

static int run(struct ringwall_cli *cli, char **args, int n, int *ret_status, struct ringwall_err *e)
{
	(void)n;
	(void)ret_status;
	return ringwall_pause(cli->rw, args[0], e);
}

const struct ringwall_verb ringwall_verb_pause = {
	.name = "pause",
	.args = "ID",
	.help = "suspend every process of a container",
	.text = "The cgroup freezer stops all of them at once; resume lets them go on.",
	.options = options,
	.min_args = 1,
	.max_args = 1,
	.flags = RINGWALL_VERB_RUNTIME,
	.run = run,
};
