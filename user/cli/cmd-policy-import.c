// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "cli.h"

static struct import_options {
	const char *name;
	struct ringwall_opt_strings caps;
} opt;

#define ROW(member, name, type, arg, help) RINGWALL_OPT(struct import_options, member, name, 0, type, arg, help)

static const struct ringwall_option options[] = {
	ROW(name, "name", STRING, "NAME", "name of the policy (default: FILE's, without .json)"),
	ROW(caps, "cap", STRINGS, "CAP",
	    "a capability of the container, by which the profile chooses rules; none: no capability (default: those that "
	    "Docker gives)"),
	{ .name = NULL },
};

static int run(struct ringwall_cli *cli, char **args, int n, int *ret_status, struct ringwall_err *e)
{
	static const char *const no_caps[] = { NULL };
	struct ringwall_import_options o = { .size = sizeof(o), .name = opt.name, .caps = opt.caps.v };
	_cleanup_free_ char *json = NULL;
	int err;

	(void)n;
	(void)ret_status;
	if (opt.caps.n == 1 && !strcmp(opt.caps.v[0], "none"))
		o.caps = no_caps;
	err = ringwall_policy_import(cli->rw, args[0], &o, &json, e);
	if (!err)
		puts(json);
	return err;
}

const struct ringwall_verb ringwall_verb_policy_import = {
	.name = "policy import",
	.args = "FILE",
	.help = "make a policy of a seccomp profile",
	.text = "FILE is a config.json, its linux.seccomp alone, or a profile in the shape of Docker's default.json, whose rules "
		"for other architectures, kernels and capabilities are left out; - is standard input. What the policy says "
		"otherwise than the profile is told on standard error.",
	.options = options,
	.into = &opt,
	.min_args = 1,
	.max_args = 1,
	.flags = RINGWALL_VERB_RUNTIME,
	.run = run,
};
