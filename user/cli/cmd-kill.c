// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>

#include "cli.h"
#include "match.h"
#include "signal-name.h"

static struct kill_options {
	bool all, regex;
	int sig;
} opt;

static const struct ringwall_option options[] = {
	RINGWALL_OPT(struct kill_options, all, "all", 'a', FLAG, NULL, "signal every process of the container"),
	RINGWALL_OPT(struct kill_options, regex, "regex", 'r', FLAG, NULL,
		     "ID is an extended regular expression: signal every container that matches"),
	{ .name = NULL },
};

static int kill_one(struct ringwall_cli *cli, const char *id, void *data, struct ringwall_err *e)
{
	(void)data;
	return ringwall_kill(cli->rw, id, opt.sig, opt.all ? RINGWALL_KILL_ALL : 0, e);
}

static int run(struct ringwall_cli *cli, char **args, int n, int *ret_status, struct ringwall_err *e)
{
	const char *name = n > 1 ? args[1] : "TERM";

	(void)ret_status;
	opt.sig = ringwall_signal_parse(name);
	if (opt.sig < 0)
		return ringwall_fail_plain(e, -EINVAL, "unknown signal '%s'", name);
	if (opt.regex)
		return ringwall_match_each(cli, args[0], kill_one, NULL, e);
	return kill_one(cli, args[0], NULL, e);
}

const struct ringwall_verb ringwall_verb_kill = {
	.name = "kill",
	.args = "ID [SIGNAL]",
	.help = "send a signal to a container's process",
	.text = "SIGNAL is a name, with or without SIG, or a number; without one it is TERM.",
	.options = options,
	.into = &opt,
	.min_args = 1,
	.max_args = 2,
	.flags = RINGWALL_VERB_RUNTIME,
	.run = run,
};
