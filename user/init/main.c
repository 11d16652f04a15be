// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../lib/region.h"
#include "../mount/inroot.h"
#include "../process/attr.h"
#include "../process/channel.h"
#include "init.h"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

/* Below it descriptors are left to exec; far from the lowest RLIMIT_NOFILE that anybody uses. */
#define SPENT_LIMIT 200

/* A container may run this program by hand, as its /proc/self/exe: it finds no region and ends. */
static struct ringwall_init *region_map(int argc, char **argv)
{
	struct ringwall_init *in;
	unsigned long fd, len;
	char *end;

	if (argc != 3)
		return NULL;
	fd = strtoul(argv[1], &end, 10);
	if (*end || end == argv[1] || fd < 3 || fd > INT_MAX)
		return NULL;
	len = strtoul(argv[2], &end, 10);
	if (*end || end == argv[2] || len < sizeof(*in) || len > RINGWALL_REGION_SIZE)
		return NULL;
	/* Private: the runtime goes on trusting its side of it, hooks to be run on the host among it. */
	in = mmap(RINGWALL_REGION_BASE, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, (int)fd, 0);
	if (in == MAP_FAILED)
		return NULL;
	return in->version == RINGWALL_INIT_VERSION ? in : NULL;
}

static void die(int sig)
{
	_exit(128 + sig);
}

/*
 * Process 1 of a pid namespace is spared every signal that it has no handler for; but a created container must
 * end by the signals that would end any process. Exec takes the handlers away.
 */
static void die_by_signals(void)
{
	static const int deadly[] = { SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM };

	for (size_t i = 0; i < ARRAY_SIZE(deadly); i++)
		signal(deadly[i], die);
}

/*
 * Created, and now waiting: the next peer on the listening socket is `start`. It takes the place of the runtime as
 * the other end of the channel, so that an exec that fails is its error message.
 */
static int wait_for_start(struct ringwall_init *in, const struct ringwall_apply *a, struct ringwall_err *e)
{
	const struct ringwall_process *p = &in->config.process;
	const int keep[] = { in->channel, in->start_fd, p->apparmor_profile || p->selinux_label ? a->proc_fd : -1 };
	int fd, r;

	die_by_signals();
	/* It may be a long wait, with others in the container already; and the caller's pipes want their end. */
	r = ringwall_init_close_fds(3 + in->preserve_fds, keep, ARRAY_SIZE(keep), e);
	if (r < 0)
		return r;
	r = ringwall_channel_send(in->channel, RINGWALL_MSG_READY, 0, -1);
	if (r < 0)
		return ringwall_fail(e, r, "report to the runtime");
	do
		fd = accept4(in->start_fd, NULL, NULL, SOCK_CLOEXEC);
	while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
	if (fd < 0)
		return ringwall_fail(e, -errno, "wait for start");
	close(in->channel);
	in->channel = fd;
	return 0;
}

/* A stage's child, and a process whose id mappings are still to be written, begin when the runtime says so. */
static int wait_go(const struct ringwall_init *in, struct ringwall_err *e)
{
	struct ringwall_msg m;

	return in->wait_go && !in->mapped ? ringwall_channel_expect(in->channel, RINGWALL_MSG_GO, &m, NULL, e) : 0;
}

/*
 * What works only while /proc is still the host's: the container's own is not to be trusted with such writes
 * (CVE-2019-16884). A stage does it for its child, which inherits all of it.
 */
static int outside(struct ringwall_init *in, struct ringwall_apply *a, struct ringwall_err *e)
{
	const struct ringwall_process *p = &in->config.process;
	int r = 0;

	if (p->apparmor_profile || p->selinux_label) {
		a->proc_fd = openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (a->proc_fd < 0)
			return ringwall_fail(e, -errno, "/proc");
	}
	if (in->cpu_affinity)
		r = ringwall_affinity_apply(in->cpu_affinity, e);
	/* In a user namespace the score can only be raised: the runtime writes it. */
	return !r && !in->in_userns ? ringwall_oom_apply(p, e) : r;
}

static int work(struct ringwall_init *in, struct ringwall_err *e)
{
	struct ringwall_apply a = RINGWALL_APPLY_INIT;
	char file[4096];
	int r = outside(in, &a, e);

	if (!r && in->stage)
		r = ringwall_init_stage(in, e);
	if (r >= 0)
		r = wait_go(in, e);
	if (r < 0)
		return r;
	if (in->new_userns && in->rootless)
		prctl(PR_SET_DUMPABLE, 0);
	if (in->mode == RINGWALL_INIT_EXEC)
		r = ringwall_init_join(in, &a, e);
	else
		r = ringwall_init_create(in, &a, e);
	/* Before start is waited for: a missing program, or a limit that is refused, is create's error, as with runc. */
	if (!r)
		r = ringwall_init_find(&in->config.process, file, sizeof(file), e);
	if (!r)
		r = ringwall_rlimits_apply(&in->config.process, ringwall_init_files(in), e);
	if (!r && in->start_fd >= 0)
		r = wait_for_start(in, &a, e);
	return r < 0 ? r : ringwall_init_become(in, &a, file, e);
}

int main(int argc, char **argv)
{
	struct ringwall_init *in = region_map(argc, argv);
	struct ringwall_err e = { .code = 0 };

	if (!in)
		return 1;
	/*
	 * Nobody in the container may look into this process, or trace it, while it is on its way in (CVE-2016-9962).
	 * While an unprivileged runtime still has to write its mappings, which a process that cannot be dumped would keep it
	 * from, those who could are the runtime's own user.
	 */
	if (!in->new_userns || in->mapped || !in->rootless)
		prctl(PR_SET_DUMPABLE, 0);
	if (in->start_fd >= 0 || in->stage) /* else exec follows at once */
		prctl(PR_SET_NAME, "ringwall-init");
	/* Ignored signals stay ignored over exec: not the ones that callers ignore for reasons of their own. */
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	if (in->start_fd < 0)
		ringwall_spent_limit = SPENT_LIMIT;
	/*
	 * What survives into the container's program is decided at the very end, where the rest is closed. Until then it
	 * would go at exec, should anything be executed on the way or be waited for.
	 */
	if ((in->start_fd >= 0 || in->stage || in->config.hooks[RINGWALL_HOOK_CREATE_CONTAINER].n) &&
	    syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		ringwall_fail(&e, -errno, "close_range");
	else
		work(in, &e);
	ringwall_channel_fail(in->channel, &e);
	return 1;
}
