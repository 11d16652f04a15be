// SPDX-License-Identifier: LGPL-2.1-or-later
#include "create-options.h"

static struct ringwall_create_cli opt = { .o.size = sizeof(opt.o), .o.last = true };

static const struct ringwall_option options[] = {
	RINGWALL_CREATE_OPTIONS,
	/* go-runc passes it to create as well as to run; a container that was only created has no one to reap. */
	RINGWALL_CREATE_OPT(no_subreaper, "no-subreaper", 0, FLAG, NULL, "accepted for run's sake, without effect"),
	{ .name = NULL },
};

static int run(struct ringwall_cli *cli, char **args, int n, int *ret_status, struct ringwall_err *e)
{
	(void)n;
	(void)ret_status;
	opt.o.policy = opt.o.policy ?: cli->global.policy;
	if (opt.dry_run)
		return ringwall_create_print(cli, &opt, e);
	return ringwall_create(cli->rw, args[0], &opt.o, e);
}

const struct ringwall_verb ringwall_verb_create = {
	.name = "create",
	.args = "ID",
	.help = "make a container from a bundle, without starting its process",
	.text = "Everything is set up when create returns: namespaces, cgroup, mounts, policy. The container's process waits "
		"for start.",
	.options = options,
	.into = &opt,
	.min_args = 1,
	.max_args = 1,
	.flags = RINGWALL_VERB_RUNTIME | RINGWALL_VERB_NEW_ID,
	.run = run,
};
