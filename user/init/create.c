// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../mount/inroot.h"
#include "../mount/mount.h"
#include "../process/attr.h"
#include "../process/channel.h"
#include "../terminal/console.h"
#include "init.h"

/* The runtime's turn: hooks in its own namespaces, moving network devices. */
static int let_runtime_work(struct ringwall_init *in, struct ringwall_err *e)
{
	struct ringwall_msg m;
	int r = ringwall_channel_send(in->channel, RINGWALL_MSG_NAMESPACES, 0, -1);

	if (r < 0)
		return ringwall_fail(e, r, "report to the runtime");
	return ringwall_channel_expect(in->channel, RINGWALL_MSG_GO, &m, NULL, e);
}

static int enter_namespaces(struct ringwall_init *in, struct ringwall_err *e)
{
	int r;

	if (in->in_userns) {
		r = ringwall_ns_become_root(e);
		if (r < 0)
			return r;
	}
	r = ringwall_ns_join(&in->ns, e); /* none left if there was a stage */
	if (r < 0)
		return r;
	/* Only now: a cgroup namespace has the cgroup of its maker as root, and clone3 takes the parent's. */
	if (in->new_cgroup_ns && unshare(CLONE_NEWCGROUP) < 0)
		return ringwall_fail(e, -errno, "new cgroup namespace");
	return in->wait_hooks ? let_runtime_work(in, e) : 0;
}

int ringwall_init_new_session(const struct ringwall_init *in, struct ringwall_err *e)
{
	if (!in->new_session || syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) >= 0)
		return 0;
	/* A kernel or an outer seccomp filter without keyrings has none to share. */
	if (errno == ENOSYS || errno == EPERM)
		return 0;
	return ringwall_fail(e, -errno, "new session keyring");
}

static int container_dev(struct ringwall_apply *a, struct ringwall_err *e)
{
	if (a->dev_fd < 0) {
		a->dev_fd = ringwall_inroot_open_plain(a->root_fd, "/dev", O_PATH | O_DIRECTORY);
		if (a->dev_fd < 0)
			return ringwall_fail(e, a->dev_fd, "process.terminal: '/dev' of the container");
	}
	return a->dev_fd;
}

static int terminal(struct ringwall_init *in, struct ringwall_apply *a, struct ringwall_err *e)
{
	_cleanup_fd_ int slave = -1;
	int dev, r;

	if (!in->console)
		return 0;
	dev = a->root_fd >= 0 ? container_dev(a, e) : open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dev < 0)
		return dev;
	r = ringwall_init_terminal(in, dev, &slave, e);
	if (r < 0)
		return r;
	if (a->root_fd >= 0) {
		r = ringwall_console_bind(a, slave, e);
		if (r < 0)
			return r;
	}
	return ringwall_console_attach(TAKE_FD(slave), in->config.process.uid, e);
}

int ringwall_init_create(struct ringwall_init *in, struct ringwall_apply *a, struct ringwall_err *e)
{
	const struct ringwall_config *c = &in->config;
	const struct ringwall_plan *p = &in->plan;
	size_t pivot = ringwall_plan_find(p, RINGWALL_OP_PIVOT);
	int r;

	a->c = c;
	a->cgroup = in->cgroup;
	a->new_cgroup_ns = in->new_cgroup_ns;
	a->user_ns = in->in_userns;
	a->rootless = in->rootless;
	a->no_pivot = in->no_pivot;
	a->label_mounts = in->label_mounts;
	r = enter_namespaces(in, e);
	if (r < 0)
		return r;
	/* setsid fails only for a group leader, which a new process is not, except as process 1: then it is done. */
	setsid();
	umask(0);
	r = ringwall_init_new_session(in, e);
	if (!r)
		r = ringwall_plan_apply(p, 0, pivot, a, e);
	if (!r)
		r = terminal(in, a, e);
	if (!r)
		r = ringwall_init_hooks(in, RINGWALL_HOOK_CREATE_CONTAINER, e);
	if (!r)
		r = ringwall_plan_apply(p, pivot, p->n, a, e);
	return r;
}
