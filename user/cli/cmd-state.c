// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>

#include "../lib/cleanup.h"
#include "cli.h"

static const struct ringwall_option options[] = { { .name = NULL } };

static int run(struct ringwall_cli *cli, char **args, int n, int *ret_status, struct ringwall_err *e)
{
	_cleanup_free_ char *json = NULL;
	int r = ringwall_state(cli->rw, args[0], &json, e);

	(void)n;
	(void)ret_status;
	if (r < 0)
		return r;
	puts(json);
	return 0;
}

const struct ringwall_verb ringwall_verb_state = {
	.name = "state",
	.args = "ID",
	.help = "show a container's state as JSON",
	.text = "The runtime-spec's state document with runc's additions: rootfs, created, owner.",
	.options = options,
	.min_args = 1,
	.max_args = 1,
	.flags = RINGWALL_VERB_RUNTIME,
	.run = run,
};
