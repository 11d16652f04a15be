// SPDX-License-Identifier: LGPL-2.1-or-later
/* The policies of one container: kept beside its record, and changed while it runs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../policy/anchor.h"
#include "../policy/gate.h"
#include "../policy/policy.h"
#include "../policy/settle.h"
#include "../policy/syscall-settle.h"
#include "cleanup.h"
#include "container.h"
#include "file.h"
#include "json.h"
#include "teller.h"

#define POLICY_MAX (16 << 20)
#define RESOURCES "resources.json" /* of the last update with devices; in a checkpoint as well */

struct name {
	char s[32];
};

static struct name file_name(uint32_t policy_id)
{
	struct name n;

	snprintf(n.s, sizeof(n.s), "policy-%08x.json", policy_id);
	return n;
}

/* Under another name and renamed: a killed writer leaves the old file or the new one. */
static int replace_file(const struct ringwall_state *s, const char *name, const char *text, size_t len, struct ringwall_err *e)
{
	_cleanup_fd_ int fd = openat(s->dir_fd, "policy.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r = fd < 0 ? -errno : ringwall_file_write_fd(fd, text, len);

	if (!r && renameat(s->dir_fd, "policy.new", s->dir_fd, name) < 0)
		r = -errno;
	return r < 0 ? ringwall_fail(e, r, "write '%s' of container '%.100s'", name, s->id) : 0;
}

/* An id stands for one content, whatever the file says about origins: replacing the file is never wrong. */
int ringwall_container_policy_save(const struct ringwall_state *s, uint32_t policy_id, const struct ringwall_model *m,
				   struct ringwall_err *e)
{
	struct ringwall_json_out out = { .indent = 2 };
	struct name name = file_name(policy_id);
	_cleanup_free_ char *text = NULL;
	size_t len;

	ringwall_model_print(m, &out);
	text = ringwall_json_out_take(&out, &len);
	if (!text)
		return ringwall_fail(e, -ENOMEM, "policy");
	return replace_file(s, name.s, text, len, e);
}

int ringwall_container_policy_load(const struct ringwall_state *s, uint32_t policy_id, struct ringwall_model *ret,
				   struct ringwall_err *e)
{
	struct name name = file_name(policy_id);
	_cleanup_fd_ int fd = openat(s->dir_fd, name.s, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r;

	if (fd < 0 && errno != ENOENT)
		return ringwall_fail(e, -errno, "open '%s' of container '%.100s'", name.s, s->id);
	if (fd < 0)
		return s->policy ? ringwall_model_load(s->policy, ret, e) :
				   ringwall_fail_plain(e, -ENOENT, "container '%.100s' has no policy", s->id);
	r = ringwall_file_read_fd(fd, POLICY_MAX, &text, &len);
	if (r < 0)
		return ringwall_fail(e, r, "read '%s' of container '%.100s'", name.s, s->id);
	return ringwall_model_parse(text, len, name.s, ret, e);
}

/* Return: -ENOENT: there is none. */
static int read_resources(int dir, char **ret, size_t *ret_len, struct ringwall_err *e)
{
	_cleanup_fd_ int fd = openat(dir, RESOURCES, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int r;

	if (fd < 0)
		return errno == ENOENT ? -ENOENT : ringwall_fail(e, -errno, "open '%s'", RESOURCES);
	r = ringwall_file_read_fd(fd, POLICY_MAX, ret, ret_len);
	return r < 0 ? ringwall_fail(e, r, "read '%s'", RESOURCES) : 0;
}

int ringwall_container_resources_in(int dir, struct ringwall_config *c, struct ringwall_err *e)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r = read_resources(dir, &text, &len, e);

	return r < 0 ? r : ringwall_resources_parse(c, text, len, RESOURCES, e);
}

/* The devices that config.json gives; where `update` has replaced the list, that one. */
int ringwall_container_resources(const struct ringwall_state *s, struct ringwall_config *c, struct ringwall_err *e)
{
	int r = ringwall_container_resources_in(s->dir_fd, c, e);

	if (r == -ENOENT)
		return ringwall_state_load_config(s, c, e);
	return r < 0 ? ringwall_err_prepend(e, "container '%.100s'", s->id) : 0;
}

int ringwall_container_resources_copy(int from, int to, struct ringwall_err *e)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_fd_ int fd = -1;
	size_t len;
	int r = read_resources(from, &text, &len, e);

	if (r == -ENOENT)
		return unlinkat(to, RESOURCES, 0) < 0 && errno != ENOENT ? ringwall_fail(e, -errno, "remove '%s'", RESOURCES) : 0;
	if (r < 0)
		return r;
	fd = openat(to, RESOURCES, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	r = fd < 0 ? -errno : ringwall_file_write_fd(fd, text, len);
	return r < 0 ? ringwall_fail(e, r, "write '%s'", RESOURCES) : 0;
}

struct change {
	const struct ringwall_state *s;
	const struct ringwall_model *m;
};

static int save_before(void *data, uint32_t policy_id, struct ringwall_err *e)
{
	const struct change *c = data;

	return ringwall_container_policy_save(c->s, policy_id, c->m, e);
}

/* As the container was made. */
static int settle(const struct ringwall_state *s, struct ringwall_model *m, struct ringwall_err *e)
{
	_cleanup_(ringwall_config_free) struct ringwall_config c = {};
	int r;

	r = ringwall_state_load_config(s, &c, e);
	return r < 0 ? r : ringwall_model_settle(&c, s->rootfs, m, e);
}

/* Where a container with marks can have rules about paths: as its mounts were when it began. */
static int began_with(const struct ringwall_state *s, const struct ringwall_draft *d, struct ringwall_mounts *ret,
		      struct ringwall_err *e)
{
	_cleanup_(ringwall_places_free) struct ringwall_places p = {};

	if (!s->confine || !ringwall_draft_has_paths(d))
		return 0;
	if (ringwall_container_places_load(s, &p) < 0)
		return ringwall_fail_plain(e, -EOPNOTSUPP,
					   "container '%.100s': there is no record of the mounts it began with: start it anew", s->id);
	return ringwall_places_mounts(&p, ret, e);
}

/* What of it is in a filter cannot change, and the gate has to be one that the policy puts up with. */
static int check_syscalls(const struct ringwall_state *s, struct ringwall_model *to, struct ringwall_err *e)
{
	struct ringwall_model from = { 0 };
	uint32_t policy_id;
	int r = ringwall_policy_current(s->slot, &policy_id, e);

	if (!r)
		r = ringwall_container_policy_load(s, policy_id, &from, e);
	if (!r || r == -ENOENT)
		r = ringwall_syscalls_check_change(r ? NULL : &from, s->id, to, e);
	ringwall_model_free(&from);
	if (!r && to->syscalls.set && to->syscalls.mode == RINGWALL_SYSCALLS_LIVE &&
	    ringwall_model_is_strict(to) && ringwall_gate_is_skippable(e))
		r = ringwall_err_prepend(e, "policy %s: syscalls", to->name);
	return r;
}

void ringwall_container_tell_load(const struct ringwall *rw)
{
	const char *complaint = ringwall_load_complaint();

	if (*complaint)
		ringwall_log(rw, RINGWALL_LOG_DEBUG, "%s", complaint);
}

static int change(const struct ringwall *rw, const struct ringwall_state *s, int cgroup_fd, const struct ringwall_resources *r,
		  struct ringwall_model *m, struct ringwall_err *e)
{
	_cleanup_(ringwall_mounts_free) struct ringwall_mounts mounts = { 0 };
	struct ringwall_draft d = { 0 };
	struct change c = { s, m };
	struct ringwall_policy_grant g;
	int ret = m ? settle(s, m, e) : 0;

	if (!ret)
		ret = ringwall_draft_compile(r, m, &d, e);
	if (!ret)
		ret = began_with(s, &d, &mounts, e);
	if (!ret)
		ret = ringwall_policy_change(s->slot, cgroup_fd, mounts.n ? &mounts : NULL, &d, m, m ? save_before : NULL, &c, &g, e);
	ringwall_draft_free(&d);
	if (!ret && rw && g.warning[0])
		ringwall_log(rw, RINGWALL_LOG_WARNING, "%s", g.warning);
	if (!ret && rw && m && m->link_note)
		ringwall_log(rw, RINGWALL_LOG_WARNING, "%s", m->link_note);
	return ret;
}

int ringwall_container_policy_devices(const struct ringwall_state *s, int cgroup_fd, const struct ringwall_resources *r,
				      const char *json, size_t len, struct ringwall_err *e)
{
	struct ringwall_model m = { 0 };
	uint32_t policy_id;
	int ret = ringwall_container_check_abi(s, e);

	if (!ret)
		ret = ringwall_policy_current(s->slot, &policy_id, e);
	if (!ret)
		ret = ringwall_container_policy_load(s, policy_id, &m, e);
	if (ret < 0 && ret != -ENOENT)
		return ret;
	ret = change(NULL, s, cgroup_fd, r, ret == -ENOENT ? NULL : &m, e);
	if (!ret)
		ret = replace_file(s, RESOURCES, json, len, e);
	ringwall_model_free(&m);
	return ret;
}

static int switch_to(struct ringwall *rw, const struct ringwall_state *s, struct ringwall_model *m, struct ringwall_err *e)
{
	_cleanup_(ringwall_cgroup_close) struct ringwall_cgroup cg = { .fd = -1 };
	_cleanup_(ringwall_config_free) struct ringwall_config c = {};
	int r = ringwall_container_resources(s, &c, e);

	if (!r)
		r = ringwall_container_cgroup(s, &cg, e);
	return r < 0 ? r : change(rw, s, cg.fd, &c.resources, m, e);
}

int ringwall_container_policy_switch(struct ringwall *rw, const struct ringwall_state *s, const char *text, size_t len,
				     const char *name, struct ringwall_err *e)
{
	enum ringwall_status status = ringwall_state_status(s);
	struct ringwall_model m = { 0 };
	int r;

	if (status == RINGWALL_STOPPED || status == RINGWALL_CREATING)
		return ringwall_fail_plain(e, -ESRCH, "container not running");
	r = ringwall_teller_check(s, e);
	if (r < 0)
		return r;
	r = text ? ringwall_model_parse(text, len, name, &m, e) : ringwall_model_load(name, &m, e);
	m.strict = true;
	if (!r)
		r = check_syscalls(s, &m, e);
	if (!r)
		r = switch_to(rw, s, &m, e);
	ringwall_model_free(&m);
	return r;
}

int ringwall_container_check_abi(const struct ringwall_state *s, struct ringwall_err *e)
{
	if (s->abi == RINGWALL_ABI)
		return 0;
	return ringwall_fail_plain(e, -EOPNOTSUPP,
				   "container '%.100s' was started by another ringwall (policy ABI %u, this one has %u): use that one, or start it anew",
				   s->id, s->abi, RINGWALL_ABI);
}

void ringwall_container_explain(const struct ringwall_state *s, pid_t pid, struct ringwall_err *e)
{
	char why[256];

	if (e && (e->code == -EPERM || e->code == -EACCES) && !ringwall_denial_last(s, pid, why, sizeof(why)))
		ringwall_err_append(e, "%s", why);
}
