// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cleanup.h"
#include "container.h"

static int set_frozen(struct ringwall *rw, const char *id, bool freeze, struct ringwall_err *e)
{
	_cleanup_(ringwall_state_close) struct ringwall_state s = { .dir_fd = -1 };
	_cleanup_(ringwall_cgroup_close) struct ringwall_cgroup cg = { .fd = -1 };
	enum ringwall_status status;
	int r;

	r = ringwall_state_load(rw, id, &s, e);
	if (r < 0)
		return r;
	status = ringwall_state_status(&s);
	/* The texts are runc's. */
	if (freeze && status != RINGWALL_RUNNING && status != RINGWALL_CREATED)
		return ringwall_fail_plain(e, -ESRCH, "container not running");
	if (!freeze && status != RINGWALL_PAUSED)
		return ringwall_fail_plain(e, -EINVAL, "container not paused");
	r = ringwall_container_cgroup(&s, &cg, e);
	return r < 0 ? r : ringwall_cgroup_freeze(&cg, freeze, e);
}

int ringwall_pause(struct ringwall *rw, const char *id, struct ringwall_err *e)
{
	return set_frozen(rw, id, true, e);
}

int ringwall_resume(struct ringwall *rw, const char *id, struct ringwall_err *e)
{
	return set_frozen(rw, id, false, e);
}
