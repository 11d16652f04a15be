// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>

#include "cli.h"

static struct ringwall_denials_options opt = { .size = sizeof(opt) };

#define ROW(member, name, letter, help)                                                                                \
	RINGWALL_OPT(struct ringwall_denials_options, member, name, letter, FLAG, NULL, help)

static const struct ringwall_option options[] = {
	ROW(follow, "follow", 'f', "go on until the container is gone, or without an ID until interrupted"),
	ROW(json, "json", 0, "one JSON object a line"),
	ROW(counters, "counters", 0, "show how often each rule refused something, exactly, and not what"),
	{ .name = NULL },
};

/* Readers want each line when it happens. */
static int print(void *data, const char *line)
{
	(void)data;
	return puts(line) < 0 || (opt.follow && fflush(stdout)) ? 1 : 0;
}

static int run(struct ringwall_cli *cli, char **args, int n, int *ret_status, struct ringwall_err *e)
{
	(void)ret_status;
	if (opt.follow && opt.counters)
		return ringwall_fail_plain(e, -EINVAL, "option --counters: it does not go together with --follow");
	opt.everywhere = !cli->global.root;
	return ringwall_denials(cli->rw, n ? args[0] : NULL, &opt, print, NULL, e);
}

const struct ringwall_verb ringwall_verb_denials = {
	.name = "denials",
	.args = "[ID]",
	.help = "show what a policy refused: when, whom, what, and by which rule",
	.text = "The last of each container are kept in the kernel, and more than 32 a second are counted only; --counters has them all. "
		"What a policy in audit or learn mode would have refused is there too, as 'audited'. Without an ID, all containers, "
		"Docker's, Podman's and Kubernetes' too, by the names that they have there; with --root, those below it. The ID may be its "
		"beginning, or such a name.",
	.options = options,
	.into = &opt,
	.max_args = 1,
	.flags = RINGWALL_VERB_RUNTIME | RINGWALL_VERB_FIND,
	.run = run,
};
