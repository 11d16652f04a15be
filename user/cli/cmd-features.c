// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>

#include "../lib/cleanup.h"
#include "cli.h"

static const struct ringwall_option options[] = { { .name = NULL } };

static int run(struct ringwall_cli *cli, char **args, int n, int *ret_status, struct ringwall_err *e)
{
	_cleanup_free_ char *json = NULL;
	int r = ringwall_features(cli->rw, &json, e);

	(void)args;
	(void)n;
	(void)ret_status;
	if (r < 0)
		return r;
	puts(json);
	return 0;
}

const struct ringwall_verb ringwall_verb_features = {
	.name = "features",
	.args = "",
	.help = "show what this runtime supports as JSON",
	.text = "The runtime-spec's features document. It tells what Ringwall knows, not what this kernel has, but for the annotations org.ringwall.policy.CLASS: what enforces that class here, where 'doctor' finds out by trying.",
	.options = options,
	.flags = RINGWALL_VERB_RUNTIME,
	.run = run,
};
