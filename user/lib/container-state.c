// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cleanup.h"
#include "container.h"

int ringwall_state(struct ringwall *rw, const char *id, char **ret_json, struct ringwall_err *e)
{
	_cleanup_(ringwall_state_close) struct ringwall_state s = { .dir_fd = -1 };
	char *json;
	int r;

	r = ringwall_state_read(rw, id, &s, e);
	if (r < 0)
		return r;
	json = ringwall_state_json(&s, ringwall_state_status(&s), true, NULL);
	if (!json)
		return ringwall_fail(e, -ENOMEM, "state of container '%.100s'", id);
	*ret_json = json;
	return 0;
}
