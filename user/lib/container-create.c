// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "../policy/policy.h"
#include "../process/channel.h"
#include "../state/hooks.h"
#include "../state/socket.h"
#include "../terminal/console.h"
#include "cleanup.h"
#include "container.h"
#include "creation.h"

/* Everything up to a process that waits for start, or runs. On an error nothing is left. */
static int make(struct ringwall_creation *n, struct ringwall *rw, const char *id,
		const struct ringwall_create_options *o, bool run, struct ringwall_err *e)
{
	int r = ringwall_creation_prepare(n, rw, id, o, e);

	if (!r)
		r = ringwall_terminal_check(n->in->config.process.terminal, n->options.console_socket,
					    !run || n->options.detach, e);
	if (r < 0)
		return r;
	r = ringwall_creation_launch(n, !run, e);
	if (!r)
		r = ringwall_creation_settle(n, e);
	if (r < 0)
		ringwall_creation_undo(n);
	return r;
}

int ringwall_create(struct ringwall *rw, const char *id, const struct ringwall_create_options *o, struct ringwall_err *e)
{
	_cleanup_(ringwall_creation_close) struct ringwall_creation n = {};

	return make(&n, rw, id, o, false, e);
}

int ringwall_plan(struct ringwall *rw, const struct ringwall_create_options *o, char **ret_json, struct ringwall_err *e)
{
	_cleanup_(ringwall_creation_close) struct ringwall_creation n = {};
	struct ringwall_json_out out = { .indent = 2 };
	int r = ringwall_creation_prepare(&n, rw, "dry-run", o, e);
	char *json;

	if (r < 0)
		return r;
	ringwall_plan_print(&n.in->plan, &out);
	json = ringwall_json_out_take(&out, NULL);
	if (!json)
		return ringwall_fail(e, -ENOMEM, "plan");
	*ret_json = json;
	return 0;
}

/* Who calls ends the container when one fails (runtime.md "Lifecycle" since 1.2.1, step 9; runc from the beginning). */
static int run_poststart(const struct ringwall_state *s, const struct ringwall_config *c, struct ringwall_err *e)
{
	_cleanup_free_ char *json = NULL;
	size_t len;

	if (!c->hooks[RINGWALL_HOOK_POSTSTART].n)
		return 0;
	json = ringwall_state_json(s, RINGWALL_RUNNING, false, &len);
	return json ? ringwall_hooks_run(&c->hooks[RINGWALL_HOOK_POSTSTART], RINGWALL_HOOK_POSTSTART, json, len, e)
		    : ringwall_fail(e, -ENOMEM, "state for hooks");
}

/* That nobody listens any more is no reason to end a container. */
static int pass_on(void *data)
{
	struct ringwall_creation *n = data;
	struct ringwall_err e;
	int r = ringwall_notify_pass(&n->notify, &e);

	if (r < 0)
		ringwall_log(n->rw, RINGWALL_LOG_WARNING, "%s", e.text);
	return r;
}

/* For who does not stay: until the container is ready, or has ended. Other verbs may work on it meanwhile. */
static void wait_ready(const struct ringwall *rw, struct ringwall_state *s, struct ringwall_notify *notify, int pidfd)
{
	struct ringwall_err e;

	if (notify->fd < 0)
		return;
	ringwall_state_unlock(s);
	if (ringwall_notify_wait(notify, pidfd, &e) < 0)
		ringwall_log(rw, RINGWALL_LOG_WARNING, "%s", e.text);
}

/* In a foreground run: until the container ends, and then its end. */
static int wait_and_delete(struct ringwall_creation *n, int *ret_status, struct ringwall_err *e)
{
	const struct ringwall_console_watch watch = { n->notify.fd, pass_on, n };
	int status, r;

	/* Other verbs may work on it meanwhile. */
	ringwall_state_unlock(&n->state);
	r = ringwall_console_relay(n->child.console, n->child.pid, n->child.pidfd, n->notify.fd < 0 ? NULL : &watch, &status, e);
	if (r < 0) {
		ringwall_creation_undo(n);
		return r;
	}
	n->child.pid = 0;
	if (!n->o->keep)
		r = ringwall_container_destroy(n->rw, &n->state, &n->in->config, &n->cgroup, e);
	if (!r)
		*ret_status = status;
	return r;
}

/* Orphans of a container without a pid namespace come to the runtime that waits for it, not to the host's init. */
static void become_subreaper(const struct ringwall_creation *n)
{
	if (!n->o->no_subreaper && !n->o->detach && !n->in->config.ns[RINGWALL_NS_PID].set)
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

int ringwall_run(struct ringwall *rw, const char *id, const struct ringwall_create_options *o, int *ret_status,
		 struct ringwall_err *e)
{
	_cleanup_(ringwall_creation_close) struct ringwall_creation n = {};
	int r = make(&n, rw, id, o, true, e);

	if (r < 0)
		return r;
	become_subreaper(&n);
	r = run_poststart(&n.state, &n.in->config, e);
	if (r < 0) {
		ringwall_creation_undo(&n);
		return r;
	}
	if (!n.options.detach)
		return wait_and_delete(&n, ret_status, e);
	n.notify.main = n.child.pid;
	wait_ready(rw, &n.state, &n.notify, n.child.pidfd);
	*ret_status = 0;
	return 0;
}

static int pass_listener(const struct ringwall_state *s, const struct ringwall_config *c, int channel, int fd,
			 struct ringwall_err *e)
{
	_cleanup_free_ char *json = ringwall_state_json(s, RINGWALL_CREATED, false, NULL);
	_cleanup_fd_ int pidfd = -1;
	int r = json ? ringwall_state_pidfd(s, &pidfd, e) : ringwall_fail(e, -ENOMEM, "state for the seccomp agent");

	return r < 0 ? r : ringwall_child_listener(channel, pidfd, s->pid, fd, c, json, e);
}

/* Init waits, its execve next. */
static int confine(const struct ringwall_state *s, int channel, struct ringwall_err *e)
{
	_cleanup_fd_ int pidfd = -1;
	int r = ringwall_state_pidfd(s, &pidfd, e);

	if (!r)
		r = ringwall_policy_mark(s->abi, s->slot, pidfd, e);
	if (r < 0)
		return r;
	r = ringwall_channel_send(channel, RINGWALL_MSG_GO, 0, -1);
	return r < 0 && r != -EPIPE ? ringwall_fail(e, r, "go on with the container's init") : 0;
}

/* What init says to start: a seccomp fd to be passed on, an error, or nothing, which is its program running. */
static int follow(const struct ringwall_state *s, const struct ringwall_config *c, int channel, struct ringwall_err *e)
{
	struct ringwall_msg m;
	int r;

	for (;;) {
		r = ringwall_channel_receive(channel, &m, NULL);
		if (r < 0)
			return ringwall_fail(e, r, "wait for the container's init");
		if (m.type == RINGWALL_MSG_NONE)
			return 0;
		if (m.type == RINGWALL_MSG_ERROR) {
			*e = m.err;
			if (s->slot)
				ringwall_container_explain(s, s->pid, e);
			return m.err.code < 0 ? m.err.code : -EIO;
		}
		r = 0;
		if (m.type == RINGWALL_MSG_EXEC && s->confine)
			r = confine(s, channel, e);
		else if (m.type == RINGWALL_MSG_LISTENER)
			r = pass_listener(s, c, channel, m.value, e);
		if (r < 0)
			return r;
	}
}

static int start(const struct ringwall *rw, struct ringwall_state *s, const struct ringwall_config *c, struct ringwall_err *e)
{
	_cleanup_(ringwall_notify_close) struct ringwall_notify notify = { .fd = -1, .main = s->pid };
	_cleanup_fd_ int channel = -1, pidfd = -1;
	int r = ringwall_notify_listen(s->dir_fd, &notify, e);

	if (!r && notify.fd >= 0)
		r = ringwall_state_pidfd(s, &pidfd, e);
	if (r < 0)
		return r;
	r = ringwall_start_socket_connect(s->dir_fd, &channel, e);
	if (r == -ECONNREFUSED || r == -ENOENT) {
		/* Started already, by someone who was killed before it was written down. */
		s->started = true;
		ringwall_state_save(s, NULL);
		return ringwall_fail_plain(e, -EINVAL, "cannot start a container that has run");
	}
	if (r < 0)
		return r;
	r = follow(s, c, channel, e);
	if (r < 0)
		return r;
	s->started = true;
	ringwall_start_socket_remove(s->dir_fd);
	r = ringwall_state_save(s, e);
	if (r < 0)
		return r;
	r = run_poststart(s, c, e);
	if (r < 0)
		ringwall_container_kill(s, NULL);
	else
		wait_ready(rw, s, &notify, pidfd);
	return r;
}

int ringwall_start(struct ringwall *rw, const char *id, struct ringwall_err *e)
{
	_cleanup_(ringwall_state_close) struct ringwall_state s = { .dir_fd = -1 };
	_cleanup_(ringwall_config_free) struct ringwall_config c = {};
	enum ringwall_status status;
	int r;

	r = ringwall_state_load(rw, id, &s, e);
	if (r < 0)
		return r;
	status = ringwall_state_status(&s);
	if (status == RINGWALL_STOPPED)
		return ringwall_fail_plain(e, -EINVAL, "cannot start a container that has stopped");
	if (status != RINGWALL_CREATED)
		return ringwall_fail_plain(e, -EINVAL, "cannot start an already running container");
	r = ringwall_state_load_config(&s, &c, e);
	return r < 0 ? r : start(rw, &s, &c, e);
}
