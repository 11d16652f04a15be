// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>

#include "internal.h"

/* As runc: what has not stopped by then waits for something that may never come (a dead NFS server). */
#define FREEZE_TIMEOUT_MS 10000

int ringwall_cgroup_freeze(struct ringwall_cgroup *cg, bool freeze, struct ringwall_err *e)
{
	const char *verb = freeze ? "freeze" : "thaw";
	int r;

	if (cg->fd < 0)
		return ringwall_fail_plain(e, -EOPNOTSUPP,
					   "cgroups are disabled for this container: it cannot be paused");
	r = ringwall_cgroup_file_write(cg->fd, "cgroup.freeze", freeze ? "1" : "0", 1);
	if (r < 0)
		return ringwall_fail(e, r, "cgroup '%s': write cgroup.freeze to %s it", cg->path, verb);
	r = ringwall_cgroup_event_wait(cg->fd, "frozen", freeze, FREEZE_TIMEOUT_MS);
	if (r == 0)
		return 0;
	/* Half frozen is no state to leave a container in. */
	if (freeze)
		(void)ringwall_cgroup_file_write(cg->fd, "cgroup.freeze", "0", 1);
	if (r == -ETIMEDOUT)
		return ringwall_fail_plain(e, r, "cgroup '%s': not %s after %d s: %s", cg->path,
					   freeze ? "frozen" : "thawed", FREEZE_TIMEOUT_MS / 1000,
					   freeze ? "a process in it is in an uninterruptible wait (state D)"
						  : "a cgroup above it is frozen");
	return ringwall_fail(e, r, "cgroup '%s': wait for cgroup.events to %s it", cg->path, verb);
}

bool ringwall_cgroup_frozen(const struct ringwall_cgroup *cg)
{
	char text[16];

	/* Its own switch: cgroup.events says frozen also when only a cgroup above is, and the container is not paused. */
	return cg->fd >= 0 && ringwall_cgroup_file_read(cg->fd, "cgroup.freeze", text, sizeof(text)) > 0 &&
	       text[0] == '1';
}
