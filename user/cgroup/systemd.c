// SPDX-License-Identifier: LGPL-2.1-or-later
#include "internal.h"

/* Until the D-Bus client is there (next commits), asking for this manager is refused. */
int ringwall_systemd_create(struct ringwall_cgroup *cg, const struct ringwall_config *c, const char *mount,
			    const char *id, struct ringwall_err *e)
{
	(void)cg, (void)c, (void)mount, (void)id;
	return ringwall_fail_plain(e, -EOPNOTSUPP, "the systemd cgroup manager is not there yet");
}

int ringwall_systemd_update(struct ringwall_cgroup *cg, const struct ringwall_resources *r, struct ringwall_err *e)
{
	(void)cg, (void)r;
	return ringwall_fail_plain(e, -EOPNOTSUPP, "the systemd cgroup manager is not there yet");
}

int ringwall_systemd_attach(struct ringwall_cgroup *cg, pid_t pid, struct ringwall_err *e)
{
	(void)cg, (void)pid;
	return ringwall_fail_plain(e, -EOPNOTSUPP, "the systemd cgroup manager is not there yet");
}

int ringwall_systemd_remove(struct ringwall_cgroup *cg, struct ringwall_err *e)
{
	return ringwall_cgroupfs_remove(cg, e);
}

void ringwall_systemd_placed(struct ringwall_cgroup *cg)
{
	cg->placeholder = 0;
}
