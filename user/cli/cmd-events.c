// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>

#include "../lib/cleanup.h"
#include "cli.h"

static struct events_options {
	unsigned int interval_ms;
	bool stats;
} opt = { .interval_ms = 5000 };

static const struct ringwall_option options[] = {
	RINGWALL_OPT(struct events_options, interval_ms, "interval", 0, DURATION, "TIME",
		     "time between statistics, such as 500ms or 1m30s (default: 5s)"),
	RINGWALL_OPT(struct events_options, stats, "stats", 0, FLAG, NULL, "show the statistics once"),
	{ .name = NULL },
};

/* Readers want each event when it happens. */
static int print(void *data, const char *json)
{
	(void)data;
	return puts(json) < 0 || fflush(stdout) ? 1 : 0;
}

static int run(struct ringwall_cli *cli, char **args, int n, int *ret_status, struct ringwall_err *e)
{
	_cleanup_free_ char *json = NULL;
	int r;

	(void)n;
	(void)ret_status;
	if (!opt.interval_ms)
		return ringwall_fail_plain(e, -EINVAL, "option --interval: it must be longer than nothing");
	if (!opt.stats)
		return ringwall_events(cli->rw, args[0], opt.interval_ms, print, NULL, e);
	r = ringwall_stats(cli->rw, args[0], &json, e);
	if (r < 0)
		return r;
	puts(json);
	return 0;
}

const struct ringwall_verb ringwall_verb_events = {
	.name = "events",
	.args = "ID",
	.help = "show statistics, out-of-memory events and denials, one JSON object a line",
	.text = "Until the container stops, or once with --stats. What 'denials --json' shows is in the member data of events of type denial.",
	.options = options,
	.into = &opt,
	.min_args = 1,
	.max_args = 1,
	.flags = RINGWALL_VERB_RUNTIME,
	.run = run,
};
