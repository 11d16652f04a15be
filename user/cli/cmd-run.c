// SPDX-License-Identifier: LGPL-2.1-or-later
#include "create-options.h"

static struct ringwall_create_cli opt = { .o.size = sizeof(opt.o), .o.last = true };

static const struct ringwall_option options[] = {
	RINGWALL_CREATE_OPTIONS,
	RINGWALL_CREATE_OPT(detach, "detach", 'd', FLAG, NULL, "do not wait for the container's process"),
	RINGWALL_CREATE_OPT(keep, "keep", 0, FLAG, NULL, "do not delete the container when its process has ended"),
	RINGWALL_CREATE_OPT(no_subreaper, "no-subreaper", 0, FLAG, NULL, "do not reap the container's orphans"),
	{ .name = NULL },
};

static int run(struct ringwall_cli *cli, char **args, int n, int *ret_status, struct ringwall_err *e)
{
	(void)n;
	opt.o.policy = opt.o.policy ?: cli->global.policy;
	if (opt.dry_run)
		return ringwall_create_print(cli, &opt, e);
	return ringwall_run(cli->rw, args[0], &opt.o, ret_status, e);
}

const struct ringwall_verb ringwall_verb_run = {
	.name = "run",
	.args = "ID",
	.help = "create and start a container",
	.text = "Unless detached, run waits for the container's process, deletes the container and exits with the process's "
		"status, or 128 and the signal's number when a signal killed it. Errors of Ringwall itself exit with 1.",
	.options = options,
	.into = &opt,
	.min_args = 1,
	.max_args = 1,
	.flags = RINGWALL_VERB_RUNTIME | RINGWALL_VERB_NEW_ID,
	.run = run,
};
