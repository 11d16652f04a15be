// SPDX-License-Identifier: LGPL-2.1-or-later
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../policy/policy.h"
#include "../process/rdt.h"
#include "../state/hooks.h"
#include "cleanup.h"
#include "container.h"

#define KILL_TIMEOUT_MS 10000 /* as runc */

int ringwall_container_cgroup(const struct ringwall_state *s, struct ringwall_cgroup *ret, struct ringwall_err *e)
{
	return ringwall_cgroup_open(s->cgroup_manager, s->cgroup, s->scope, s->rootless, ret, e);
}

/* Is there nothing that a cgroup call could work on? */
static bool no_cgroup(const struct ringwall_state *s)
{
	return s->cgroup_manager == RINGWALL_CGROUP_DISABLED || !s->cgroup || !*s->cgroup;
}

static int kill_cgroup(const struct ringwall_state *s, struct ringwall_err *e)
{
	_cleanup_(ringwall_cgroup_close) struct ringwall_cgroup cg = { .fd = -1 };
	int r;

	if (no_cgroup(s))
		return 0;
	r = ringwall_container_cgroup(s, &cg, e);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = ringwall_cgroup_kill(&cg, e);
	if (r < 0)
		return r;
	r = ringwall_cgroup_wait_empty(&cg, KILL_TIMEOUT_MS);
	return r < 0 ? ringwall_fail(e, r, "cgroup '%s': wait for its processes to die", cg.path) : 0;
}

int ringwall_container_kill(const struct ringwall_state *s, struct ringwall_err *e)
{
	_cleanup_fd_ int pidfd = -1;
	struct pollfd p = { .events = POLLIN };
	int r;

	r = ringwall_state_pidfd(s, &pidfd, e);
	if (r < 0 && r != -ESRCH)
		return r;
	/* An LSM may keep the signal from a confined process (AppArmor's signal rules); never cgroup.kill. */
	if (pidfd >= 0 && syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) < 0 && errno != ESRCH &&
	    (errno != EACCES || no_cgroup(s)))
		return ringwall_fail(e, -errno, "kill process %d", s->pid);
	r = kill_cgroup(s, e);
	if (r < 0 || pidfd < 0)
		return r;
	p.fd = pidfd;
	while ((r = poll(&p, 1, KILL_TIMEOUT_MS)) < 0)
		if (errno != EINTR)
			return ringwall_fail(e, -errno, "wait for process %d", s->pid);
	return r ? 0 : ringwall_fail_plain(e, -ETIMEDOUT, "process %d is still there %d s after SIGKILL", s->pid,
					   KILL_TIMEOUT_MS / 1000);
}

/*
 * With a pid namespace of its own, init's death was the death of all, and the cgroup needs no look. Else whoever is
 * left is killed, as with runc.
 */
static int remove_cgroup(const struct ringwall_state *s, const struct ringwall_config *c, struct ringwall_cgroup *cg,
			 struct ringwall_err *e)
{
	const struct ringwall_namespace *pid = c ? &c->ns[RINGWALL_NS_PID] : NULL;
	_cleanup_(ringwall_cgroup_close) struct ringwall_cgroup own = { .fd = -1 };
	int r;

	if (!cg) {
		if (no_cgroup(s))
			return 0;
		r = ringwall_container_cgroup(s, &own, e);
		if (r == -ENOENT && s->cgroup_manager != RINGWALL_CGROUP_SYSTEMD)
			return 0;
		if (r < 0 && r != -ENOENT)
			return r;
		/* The unit may have outlived its cgroup. */
		if (r == -ENOENT) {
			own.manager = s->cgroup_manager;
			own.rootless = s->rootless;
			snprintf(own.path, sizeof(own.path), "%s", s->cgroup);
			snprintf(own.scope, sizeof(own.scope), "%s", s->scope ?: "");
		}
		cg = &own;
	}
	if (cg->fd >= 0 && !(pid && pid->set && !pid->path)) {
		r = ringwall_cgroup_kill(cg, e);
		if (r < 0)
			return r;
	}
	return ringwall_cgroup_remove(cg, e);
}

/*
 * The slot is written down with the pid. A record without both is of a creator that was killed: it may have
 * attached a policy, and only the container's name finds that.
 */
static int release_policy(const struct ringwall_state *s, struct ringwall_err *e)
{
	bool unknown = s->loaded && !s->pid;

	if (!s->slot && !unknown)
		return 0;
	if (s->slot && s->abi != RINGWALL_ABI)
		return ringwall_policy_release_other(s->abi, s->slot, e);
	return ringwall_policy_release(s->slot, s->id, e);
}

static int remove_rdt(const struct ringwall_state *s, const struct ringwall_config *c, struct ringwall_err *e)
{
	/* Without a config, the class that is certainly the container's own: the one that bears its name. */
	const struct ringwall_intel_rdt own = { .set = true };
	_cleanup_fd_ int resctrl = -1;

	if (!s->intel_rdt_clos)
		return 0;
	if (ringwall_rdt_open(&resctrl, NULL) < 0)
		return 0; /* unmounted since: the classes went with it */
	return ringwall_rdt_remove(resctrl, c && c->intel_rdt.set ? &c->intel_rdt : &own, s->id, e);
}

static void run_poststop(const struct ringwall *rw, const struct ringwall_state *s, const struct ringwall_config *c)
{
	_cleanup_free_ char *json = NULL;
	size_t len;

	if (!c->hooks[RINGWALL_HOOK_POSTSTOP].n)
		return;
	json = ringwall_state_json(s, RINGWALL_STOPPED, false, &len);
	if (json)
		ringwall_hooks_run_all(rw, &c->hooks[RINGWALL_HOOK_POSTSTOP], RINGWALL_HOOK_POSTSTOP, json, len);
}

static int destroy(const struct ringwall *rw, struct ringwall_state *s, const struct ringwall_config *c,
		   struct ringwall_cgroup *cg, struct ringwall_err *e)
{
	int r;

	r = remove_cgroup(s, c, cg, e);
	if (!r)
		r = release_policy(s, e); /* after the cgroup: until then somebody might be in it */
	if (!r)
		r = remove_rdt(s, c, e);
	if (r < 0)
		return r;
	if (c)
		run_poststop(rw, s, c);
	return ringwall_state_remove(s, rw, e);
}

int ringwall_container_destroy(const struct ringwall *rw, struct ringwall_state *s, const struct ringwall_config *c,
			       struct ringwall_cgroup *cg, struct ringwall_err *e)
{
	_cleanup_(ringwall_config_free) struct ringwall_config own = {};
	struct ringwall_err ignored;
	int r;

	r = ringwall_state_lock(s, e);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (!c) {
		/* A config that cannot be read, of a creator that was killed, must not keep the container from being deleted. */
		r = ringwall_state_load_config(s, &own, &ignored);
		if (!r)
			c = &own;
		else if (!s->broken)
			ringwall_log(rw, RINGWALL_LOG_WARNING, "delete '%s' without poststop hooks: %s", s->id, ignored.text);
	}
	return destroy(rw, s, c, cg, e);
}
