// SPDX-License-Identifier: LGPL-2.1-or-later
#include "policy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../lib/container.h"
#include "../lib/creation.h"
#include "../lib/file.h"
#include "../lib/json.h"
#include "../policy/policy.h"
#include "../policy/select.h"
#include "../policy/settle.h"
#include "../policy/syscall-settle.h"

#define POLICY_MAX (16 << 20)

static int write_model(const struct ringwall_image *im, const struct ringwall_model *m, struct ringwall_err *e)
{
	struct ringwall_json_out out = { .indent = 2 };
	_cleanup_free_ char *text = NULL;
	_cleanup_fd_ int fd = -1;
	size_t len;
	int r;

	ringwall_model_print(m, &out);
	text = ringwall_json_out_take(&out, &len);
	if (!text)
		return ringwall_fail(e, -ENOMEM, "policy");
	fd = openat(im->dir, RINGWALL_IMAGE_POLICY, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	r = fd < 0 ? -errno : ringwall_file_write_fd(fd, text, len);
	return r < 0 ? ringwall_fail(e, r, "write '%s/%s'", im->dir_name, RINGWALL_IMAGE_POLICY) : 0;
}

int ringwall_image_policy_save(const struct ringwall_image *im, const struct ringwall_state *s, struct ringwall_err *e)
{
	struct ringwall_model m = { 0 };
	uint32_t policy_id;
	int r = s->slot ? ringwall_policy_current(s->slot, &policy_id, e) : -ENOENT;

	if (!r)
		r = ringwall_container_policy_load(s, policy_id, &m, e);
	if (!r)
		r = write_model(im, &m, e);
	else if (r == -ENOENT)
		r = unlinkat(im->dir, RINGWALL_IMAGE_POLICY, 0) < 0 && errno != ENOENT
			    ? ringwall_fail(e, -errno, "remove '%s/%s'", im->dir_name, RINGWALL_IMAGE_POLICY)
			    : 0;
	ringwall_model_free(&m);
	if (r < 0)
		return r;
	r = ringwall_filter_copy(s->dir_fd, im->dir, e) ?: ringwall_container_resources_copy(s->dir_fd, im->dir, e);
	return r < 0 ? ringwall_err_prepend(e, "images in '%.100s'", im->dir_name) : 0;
}

/* Return: 1: @ret is it; 0: there is none. */
static int read_model(const struct ringwall_image *im, struct ringwall_model *ret, struct ringwall_err *e)
{
	_cleanup_fd_ int fd = openat(im->dir, RINGWALL_IMAGE_POLICY, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0
				       : ringwall_fail(e, -errno, "open '%s/%s'", im->dir_name, RINGWALL_IMAGE_POLICY);
	r = ringwall_file_read_fd(fd, POLICY_MAX, &text, &len);
	if (r < 0)
		return ringwall_fail(e, r, "read '%s/%s'", im->dir_name, RINGWALL_IMAGE_POLICY);
	return ringwall_model_parse(text, len, RINGWALL_IMAGE_POLICY, ret, e) ?: 1;
}

/* Who is to have a policy. @devices: those of config.json, or of the last update that replaced them */
struct finding {
	const struct ringwall *rw;
	const struct ringwall_image *im;
	const struct ringwall_config *c;
	const struct ringwall_resources *devices;
	const char *rootfs;
};

/* What @m comes to, whichever backend its system calls were given. */
static int digest(const struct finding *f, const struct ringwall_model *m, uint8_t ret[32], struct ringwall_err *e)
{
	struct ringwall_model alike = *m;
	struct ringwall_draft d = { 0 };
	int r;

	alike.syscalls.mode = RINGWALL_SYSCALLS_AUTO;
	r = ringwall_draft_compile(f->devices, &alike, &d, e);
	if (!r)
		memcpy(ret, d.policy.sha256, sizeof(d.policy.sha256));
	ringwall_draft_free(&d);
	return r;
}

static int compare(const struct finding *f, const struct ringwall_model *host, const struct ringwall_model *saved, bool *ret,
		   struct ringwall_err *e)
{
	uint8_t a[32], b[32];
	int r = digest(f, host, a, e);

	if (!r)
		r = digest(f, saved, b, e);
	/* Refused whole where the gate did not reach them, 32-bit calls are none that the policy allowed since. */
	if (!r)
		*ret = !memcmp(a, b, sizeof(a)) && (host->syscalls.i386 || !saved->syscalls.i386);
	return r;
}

static int fail_two(const struct finding *f, const struct ringwall_model *host, const struct ringwall_model *saved,
		    struct ringwall_err *e)
{
	return ringwall_fail_plain(e, -EPERM,
				   "policy: the checkpoint has '%.60s', as it was then, and this host has another one for the "
				   "container, '%.60s': say which by restore --policy, or remove '%.200s/%s' to take the host's",
				   saved->name, host->name, f->im->dir_name, RINGWALL_IMAGE_POLICY);
}

static int choose(const struct finding *f, struct ringwall_model *host, struct ringwall_err *e)
{
	struct ringwall_model saved = { 0 };
	int r = read_model(f->im, &saved, e);
	bool same = false;

	if (r <= 0)
		return r;
	r = ringwall_model_settle(f->c, f->rootfs, &saved, e);
	if (!r)
		r = compare(f, host, &saved, &same, e);
	if (!r && !same && host->strict)
		r = fail_two(f, host, &saved, e);
	if (r < 0 || same) {
		ringwall_model_free(&saved);
		return r;
	}
	saved.strict = true;
	ringwall_model_free(host);
	*host = saved;
	return 0;
}

/*
 * No process can be given a filter from outside. The one in the images is what create gave them: if it is that of this policy they
 * have all of it, or what the gate leaves to a filter.
 */
static int settle_syscalls(const struct finding *f, struct ringwall_model *m, struct ringwall_err *e)
{
	enum ringwall_syscall_mode wanted = m->syscalls.mode;
	uint64_t absent[RINGWALL_SYSCALL_WORDS] = { 0 };
	struct ringwall_draft d = { 0 };
	char warning[256] = "";
	bool same = false;
	int r;

	m->syscalls.mode = RINGWALL_SYSCALLS_SEALED;
	r = ringwall_filter_matches(f->im->dir, m, NULL, &same, e);
	if (r < 0 || same)
		return r;
	m->syscalls.mode = wanted;
	r = ringwall_draft_compile(f->devices, m, &d, e);
	if (!r)
		r = ringwall_syscalls_settle(m, &d, absent, warning, sizeof(warning), e);
	ringwall_draft_free(&d);
	if (!r && m->syscalls.mode == RINGWALL_SYSCALLS_LIVE)
		r = ringwall_filter_matches(f->im->dir, m, absent, &same, e);
	if (!r && !same && ringwall_model_is_strict(m))
		r = ringwall_fail_plain(e, -EOPNOTSUPP,
					"policy %s: syscalls: the processes in '%.200s' lack the seccomp filter that it wants "
					"here, and cannot be given one%s", m->name, f->im->dir_name,
					m->syscalls.mode == RINGWALL_SYSCALLS_LIVE ? "" : ": modprobe ringwall, if they had none because of it");
	if (r < 0)
		return r;
	if (!same)
		ringwall_log(f->rw, RINGWALL_LOG_WARNING, "policy %s: syscalls: the processes in '%.200s' lack the seccomp filter for them",
			     m->name, f->im->dir_name);
	else if (*warning)
		ringwall_log(f->rw, RINGWALL_LOG_WARNING, "%s", warning);
	return 0;
}

int ringwall_image_policy_find(const struct ringwall *rw, const struct ringwall_image *im, const struct ringwall_config *c,
			       const char *rootfs, const char *option, bool decides, struct ringwall_model *ret_m,
			       struct ringwall_draft *ret_d, struct ringwall_err *e)
{
	_cleanup_(ringwall_config_free) struct ringwall_config updated = {};
	struct finding f = { rw, im, c, &c->resources, rootfs };
	struct ringwall_model m = { 0 };
	int r = ringwall_container_resources_in(im->dir, &updated, e);

	if (!r)
		f.devices = &updated.resources;
	else if (r != -ENOENT)
		return r;
	r = ringwall_policy_select(c, option, &m, e);
	if (!r)
		r = ringwall_model_settle(c, rootfs, &m, e);
	if (!r && !decides)
		r = choose(&f, &m, e);
	if (!r && m.syscalls.set)
		r = settle_syscalls(&f, &m, e);
	if (!r)
		r = ringwall_draft_compile(f.devices, &m, ret_d, e);
	if (r < 0)
		ringwall_model_free(&m);
	else
		*ret_m = m;
	return r;
}
