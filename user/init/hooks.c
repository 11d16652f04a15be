// SPDX-License-Identifier: LGPL-2.1-or-later
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../state/hooks.h"
#include "init.h"

/* runtime.md "State": in the container's namespaces the pid is the one that is seen there, which only init knows. */
static void fill_in_pid(char *state_json)
{
	char gap[24], pid[24];
	int n = snprintf(gap, sizeof(gap), "\"pid\":%d", RINGWALL_INIT_PID_GAP);
	char *at = strstr(state_json, gap); /* before it are a version and an ID, which has no quotes */

	/* Spaces after a number are as good as none. */
	snprintf(pid, sizeof(pid), "\"pid\":%-10d", (int)getpid());
	if (at)
		memcpy(at, pid, (size_t)n);
}

int ringwall_init_hooks(struct ringwall_init *in, enum ringwall_hook_kind kind, struct ringwall_err *e)
{
	const struct ringwall_hooks *hooks = &in->config.hooks[kind];
	bool created = kind == RINGWALL_HOOK_START_CONTAINER;
	char *json = created ? in->state_started : in->state_json;

	if (!hooks->n)
		return 0;
	fill_in_pid(json);
	return ringwall_hooks_run(hooks, kind, json, created ? in->state_started_len : in->state_len, e);
}
