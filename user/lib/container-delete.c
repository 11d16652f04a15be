// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cleanup.h"
#include "container.h"

/* May the container go, and does it have to be killed for that? */
static int check(const struct ringwall_state *s, bool force, bool *ret_kill, struct ringwall_err *e)
{
	enum ringwall_status status = ringwall_state_status(s);

	*ret_kill = force || status == RINGWALL_CREATED;
	if (*ret_kill || status == RINGWALL_STOPPED)
		return 0;
	return ringwall_fail_plain(e, -EBUSY, "cannot delete container %.100s that is not stopped: %s", s->id,
				   ringwall_status_name(status));
}

int ringwall_delete(struct ringwall *rw, const char *id, unsigned int flags, struct ringwall_err *e)
{
	_cleanup_(ringwall_state_close) struct ringwall_state s = { .dir_fd = -1 };
	bool force = flags & RINGWALL_DELETE_FORCE, kill;
	int r;

	r = ringwall_state_load(rw, id, &s, e);
	if (r == -ENOENT && force)
		return 0;
	if (r < 0)
		return r;
	r = check(&s, force, &kill, e);
	if (!r && kill)
		r = ringwall_container_kill(&s, e);
	return r < 0 ? r : ringwall_container_destroy(rw, &s, NULL, NULL, e);
}
