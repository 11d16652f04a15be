// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>

#include "../lib/cleanup.h"
#include "create-options.h"

int ringwall_create_print(struct ringwall_cli *cli, const struct ringwall_create_cli *opt, struct ringwall_err *e)
{
	_cleanup_free_ char *json = NULL;
	int r = ringwall_plan(cli->rw, &opt->o, &json, e);

	if (r < 0)
		return r;
	return puts(json) < 0 || fflush(stdout) ? ringwall_fail(e, -errno, "standard output") : 0;
}
