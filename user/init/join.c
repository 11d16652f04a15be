// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../process/attr.h"
#include "../process/channel.h"
#include "../terminal/console.h"
#include "init.h"

int ringwall_init_terminal(struct ringwall_init *in, int dev_fd, int *ret_slave, struct ringwall_err *e)
{
	const struct ringwall_process *p = &in->config.process;
	_cleanup_fd_ int master = -1, slave = -1;
	int r;

	r = ringwall_console_open(dev_fd, p->console_height, p->console_width, &master, &slave, e);
	if (r < 0)
		return r;
	r = ringwall_channel_send(in->channel, RINGWALL_MSG_CONSOLE, 0, master);
	if (r < 0)
		return ringwall_fail(e, r, "process.terminal: pass the terminal on");
	*ret_slave = TAKE_FD(slave);
	return 0;
}

static int join_terminal(struct ringwall_init *in, struct ringwall_err *e)
{
	_cleanup_fd_ int dev = -1, slave = -1;
	int r;

	if (!in->console)
		return 0;
	dev = open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dev < 0)
		return ringwall_fail(e, -errno, "process.terminal: '/dev' of the container");
	r = ringwall_init_terminal(in, dev, &slave, e);
	if (r < 0)
		return r;
	return ringwall_console_attach(TAKE_FD(slave), in->config.process.uid, e);
}

/* The namespaces of the container's init, all in one call: the kernel takes the user namespace first. */
static int join_pidfd(struct ringwall_init *in, struct ringwall_err *e)
{
	if (in->join_flags && setns(in->pidfd, (int)in->join_flags) < 0)
		return ringwall_fail(e, -errno, "join the container's namespaces");
	return 0;
}

int ringwall_init_join(struct ringwall_init *in, struct ringwall_apply *a, struct ringwall_err *e)
{
	const struct ringwall_process *p = &in->config.process;
	int r;

	a->c = &in->config;
	r = join_pidfd(in, e); /* nothing if there was a stage */
	if (!r && in->in_userns)
		r = ringwall_ns_become_root(e);
	if (r < 0)
		return r;
	if (in->chroot && (chroot(in->chroot) < 0 || chdir("/") < 0))
		return ringwall_fail(e, -errno, "chroot '%s'", in->chroot);
	setsid();
	r = ringwall_init_new_session(in, e);
	if (!r)
		r = join_terminal(in, e);
	if (!r && p->cpu_affinity_final)
		r = ringwall_affinity_apply(p->cpu_affinity_final, e);
	return r;
}

/*
 * Some namespaces can be entered only before, others only after the user namespace, and pid namespaces count for
 * children alone: so this process enters, and a child of it, which the runtime gets as its own (CLONE_PARENT), goes on.
 */
int ringwall_init_stage(struct ringwall_init *in, struct ringwall_err *e)
{
	struct clone_args args = { .flags = in->clone_flags | CLONE_PARENT | CLONE_PIDFD };
	int pidfd = -1, r;
	long pid;

	args.pidfd = (uint64_t)(uintptr_t)&pidfd;
	if (in->mode == RINGWALL_INIT_EXEC)
		r = join_pidfd(in, e);
	else
		r = ringwall_ns_join(&in->ns, e);
	/* What the child makes is to belong to root of the namespace; in a new one only the runtime's mapping makes it so. */
	if (!r && in->in_userns && !in->new_userns)
		r = ringwall_ns_become_root(e);
	if (r < 0)
		return r;
	in->stage = false;
	in->join_flags = 0;
	for (int t = 0; t < RINGWALL_NS_COUNT; t++)
		ringwall_fd_close(&in->ns.fds[t]);
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0)
		return ringwall_fail(e, -errno, "clone in the container's namespaces");
	if (!pid)
		return 1;
	r = ringwall_channel_send(in->channel, RINGWALL_MSG_PIDFD, (int32_t)pid, pidfd);
	_exit(r < 0);
}
