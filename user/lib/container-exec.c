// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../policy/policy.h"
#include "../process/channel.h"
#include "../terminal/console.h"
#include "cleanup.h"
#include "container.h"
#include "creation.h"
#include "process-build.h"
#include "sock.h"

/* One more process of a container, while it is made. */
struct execution {
	struct ringwall *rw;
	const struct ringwall_exec_options *o;
	struct ringwall_region region;
	struct ringwall_init *in;
	struct ringwall_state state;
	struct ringwall_cgroup cgroup;
	struct ringwall_child child;
	int pidfd, cgroup_fd;
};

static void execution_close(struct execution *x)
{
	ringwall_child_close(&x->child);
	ringwall_fd_close(&x->cgroup_fd);
	ringwall_cgroup_close(&x->cgroup);
	ringwall_fd_close(&x->pidfd);
	ringwall_state_close(&x->state);
	ringwall_region_close(&x->region);
}

/* Looked at without the lock: an exec must not wait for, nor hold up, whoever changes the container. */
static int find_container(struct execution *x, const char *id, struct ringwall_err *e)
{
	enum ringwall_status status;
	int r = ringwall_state_read(x->rw, id, &x->state, e);

	if (r < 0)
		return r;
	status = ringwall_state_status(&x->state);
	if (status == RINGWALL_STOPPED || status == RINGWALL_CREATING)
		return ringwall_fail_plain(e, -EINVAL, "cannot exec in a stopped container: container not running");
	if (status == RINGWALL_PAUSED && !x->o->ignore_paused)
		return ringwall_fail_plain(e, -EINVAL, "cannot exec in a paused container (use --ignore-paused to override)");
	return ringwall_state_pidfd(&x->state, &x->pidfd, e);
}

/* The namespaces that are not the runtime's own, by the config that the container was made from. */
static void describe(struct execution *x)
{
	struct ringwall_init *in = x->in;
	const struct ringwall_config *c = &in->config;

	in->version = RINGWALL_INIT_VERSION;
	in->mode = RINGWALL_INIT_EXEC;
	in->channel = in->start_fd = -1;
	in->pidfd = x->pidfd;
	for (int t = 0; t < RINGWALL_NS_COUNT; t++) {
		in->ns.fds[t] = -1;
		if (c->ns[t].set)
			in->join_flags |= (uint64_t)ringwall_namespace_flag((enum ringwall_ns_type)t);
	}
	in->ns.own_time = -1;
	in->in_userns = c->ns[RINGWALL_NS_USER].set;
	/* Only children enter a pid namespace; and no process with the host's binary should be seen from inside. */
	in->stage = c->ns[RINGWALL_NS_PID].set;
	/* What a process in a user namespace may not do for itself the runtime does, before. */
	in->wait_go = in->stage || in->in_userns;
	in->rootless = x->rw->rootless;
	in->confine = x->state.confine;
	in->new_session = true;
	in->console = c->process.terminal;
	in->cpu_affinity = c->process.cpu_affinity_initial;
	in->chroot = c->ns[RINGWALL_NS_MOUNT].set ? NULL :
						     ringwall_arena_strndup(&in->config.arena, x->state.rootfs,
									    strlen(x->state.rootfs));
}

static int prepare(struct execution *x, struct ringwall_err *e)
{
	struct ringwall_config *c;
	int r = ringwall_region_open(&x->region, e);

	if (r < 0)
		return r;
	x->in = ringwall_region_alloc(&x->region, (sizeof(*x->in) + 15) & ~(size_t)15);
	c = &x->in->config;
	c->arena.region = &x->region;
	r = ringwall_state_load_config(&x->state, c, e);
	if (!r)
		r = ringwall_process_build(c, x->o, &x->region, e);
	if (!r)
		r = ringwall_terminal_check(c->process.terminal, x->o->console_socket, x->o->detach, e);
	if (!r)
		r = ringwall_process_listen(&c->process, &c->arena, e);
	if (!r)
		r = ringwall_filter_prepare(x->rw, x->in, &x->region, e);
	if (!r)
		r = ringwall_filter_recall(&x->state, x->in, &x->region, e);
	if (!r)
		r = ringwall_preserved_fds(x->o->preserve_fds, &x->in->preserve_fds, e);
	if (!r)
		describe(x);
	return r;
}

/* Below the container's own, and not out of it again: what is outside of it is outside of its device policy. */
static int sub_cgroup(struct execution *x, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
	int fd;

	while (*path == '/')
		path++;
	fd = (int)syscall(SYS_openat2, x->cgroup.fd, *path ? path : ".", &how, sizeof(how));
	if (fd < 0)
		return -errno;
	ringwall_fd_close(&x->cgroup_fd);
	x->cgroup_fd = fd;
	return 0;
}

/* The path in the line of hierarchy 0, which ends there. A container may have put "0::/" into the name of a v1 cgroup. */
static char *unified_path(char *text)
{
	char *line = text, *next;

	for (; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (!strncmp(line, "0::/", 4))
			return line + 3;
	}
	return NULL;
}

/* Where init is now: a container that keeps cgroups of its own (systemd) has moved it, and its top takes no process. */
static int init_cgroup(struct execution *x, struct ringwall_err *e)
{
	char path[64], text[PATH_MAX + 64], *at;
	size_t top = strlen(x->state.cgroup);
	_cleanup_fd_ int fd = -1;
	ssize_t n;
	int r;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", x->state.pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return ringwall_fail(e, -errno, "read '%s'", path);
	text[n] = '\0';
	at = unified_path(text);
	if (!at || strncmp(at, x->state.cgroup, top) || (at[top] && at[top] != '/'))
		return ringwall_fail_plain(e, -EXDEV, "the container's process %d is not in its cgroup '%s'", x->state.pid,
					   x->state.cgroup);
	r = sub_cgroup(x, at + top);
	return r < 0 ? ringwall_fail(e, r, "cgroup '%s'", at) : 0;
}

static int find_cgroup(struct execution *x, struct ringwall_err *e)
{
	int r;

	if (x->state.cgroup_manager == RINGWALL_CGROUP_DISABLED || !*x->state.cgroup)
		return 0;
	r = ringwall_cgroup_open(x->state.cgroup_manager, x->state.cgroup, x->state.scope, x->state.rootless, &x->cgroup, e);
	if (r < 0)
		return r;
	if (x->o->cgroup) {
		r = sub_cgroup(x, x->o->cgroup);
		return r < 0 ? ringwall_fail(e, r, "--cgroup '%s'", x->o->cgroup) : 0;
	}
	x->cgroup_fd = fcntl(x->cgroup.fd, F_DUPFD_CLOEXEC, 3);
	return x->cgroup_fd < 0 ? ringwall_fail(e, -errno, "cgroup") : 0;
}

static int launch(struct execution *x, struct ringwall_err *e)
{
	int r = find_cgroup(x, e);

	if (r < 0)
		return r;
	r = ringwall_child_spawn(x->in, &x->region, x->cgroup_fd, &x->child, e);
	if (r == -EBUSY && !x->o->cgroup) {
		r = init_cgroup(x, e);
		if (!r)
			r = ringwall_child_spawn(x->in, &x->region, x->cgroup_fd, &x->child, e);
	}
	return r < 0 ? r : ringwall_child_begin(&x->child, x->in, &x->cgroup, e);
}

static int confine(void *data, struct ringwall_err *e)
{
	const struct execution *x = data;

	return ringwall_policy_mark(x->state.abi, x->state.slot, x->child.pidfd, e);
}

static int settle(struct execution *x, struct ringwall_err *e)
{
	const struct ringwall_exec_options *o = x->o;
	_cleanup_free_ char *json = NULL;
	int r;

	if (x->in->filter.notify) {
		json = ringwall_state_json(&x->state, RINGWALL_RUNNING, false, NULL);
		if (!json)
			return ringwall_fail(e, -ENOMEM, "state for the seccomp agent");
	}
	r = ringwall_child_settle(&x->child, x->in, json, confine, x, e);
	if (r < 0 && x->state.slot)
		ringwall_container_explain(&x->state, x->child.pid, e);
	if (!r && o->console_socket)
		r = ringwall_console_send(o->console_socket, x->child.console, "/dev/ptmx", e);
	if (!r && o->pidfd_socket)
		r = ringwall_sock_pass(o->pidfd_socket, x->child.pidfd, "pidfd", 5, e);
	if (!r && o->pid_file)
		r = ringwall_pid_file_write(o->pid_file, x->child.pid, e);
	return r;
}

int ringwall_exec(struct ringwall *rw, const char *id, const struct ringwall_exec_options *o, int *ret_status,
		  struct ringwall_err *e)
{
	struct ringwall_exec_options own = { .tty = -1, .no_new_privs = -1 };
	_cleanup_(execution_close) struct execution x = {
		.rw = rw, .o = &own, .region.fd = -1, .state.dir_fd = -1, .cgroup.fd = -1, .child = RINGWALL_CHILD_INIT,
		.pidfd = -1, .cgroup_fd = -1,
	};
	int r = ringwall_options_copy(&own, sizeof(own), o, e);

	if (!r)
		r = find_container(&x, id, e);
	if (!r)
		r = prepare(&x, e);
	if (!r)
		r = launch(&x, e);
	if (!r)
		r = settle(&x, e);
	if (r < 0) {
		ringwall_child_kill(&x.child);
		return r;
	}
	if (own.detach) {
		*ret_status = 0;
		return 0;
	}
	return ringwall_console_relay(x.child.console, x.child.pid, x.child.pidfd, NULL, ret_status, e);
}
