// SPDX-License-Identifier: LGPL-2.1-or-later
#include "filter.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../lib/sha256.h"
#include "../lib/sock.h"
#include "cache.h"
#include "compile.h"

/* The kernel does not enter into it: a program is the same on all, and what one does not know of it kills. */
static void cache_key(const struct ringwall_config *c, uint8_t key[RINGWALL_SHA256_SIZE])
{
	const struct scmp_version *v = seccomp_version();
	const uint32_t made_by[] = { RINGWALL_FILTER_REVISION, seccomp_arch_native(), v->major, v->minor, v->micro };
	struct ringwall_sha256 s;

	ringwall_sha256_init(&s);
	ringwall_sha256_update(&s, made_by, sizeof(made_by));
	ringwall_sha256_update(&s, c->text + c->seccomp.start, c->seccomp.end - c->seccomp.start);
	ringwall_sha256_final(&s, key);
}

static unsigned int load_flags(const struct ringwall_seccomp *s, bool notify)
{
	unsigned int flags = (unsigned int)s->flags;

	if (!notify) /* says how a listener waits; the kernel refuses it without one */
		return flags & ~SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	if (flags & SECCOMP_FILTER_FLAG_TSYNC) /* else the result could be a thread's id or a descriptor */
		flags |= SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
	return flags;
}

int ringwall_filter_build(const struct ringwall_config *c, const char *cache_dir, struct ringwall_filter *ret,
			  struct ringwall_err *e)
{
	bool cached = cache_dir && c->text && c->seccomp.end > c->seccomp.start;
	struct ringwall_filter f = { .notify = false };
	uint8_t key[RINGWALL_SHA256_SIZE];
	int r = -ENOENT;

	if (cached) {
		cache_key(c, key);
		r = ringwall_cache_load(cache_dir, key, &f);
	}
	if (r) {
		r = ringwall_filter_compile(&c->seccomp, &f, e);
		if (r)
			return r;
		if (cached)
			ringwall_cache_store(cache_dir, key, &f);
	}
	f.flags = load_flags(&c->seccomp, f.notify);
	*ret = f;
	return 0;
}

/* ContainerProcessState of the runtime-spec (config-linux.md, "The Container Process State"). */
static char *process_state(const struct ringwall_config *c, pid_t pid, const char *state_json, size_t *ret_len)
{
	struct ringwall_json_out o = { 0 };

	ringwall_json_out_object(&o, NULL);
	ringwall_json_out_str(&o, "ociVersion", RINGWALL_OCI_VERSION);
	ringwall_json_out_array(&o, "fds");
	ringwall_json_out_str(&o, NULL, "seccompFd");
	ringwall_json_out_end(&o, ']');
	ringwall_json_out_i64(&o, "pid", pid);
	if (c->seccomp.listener_metadata)
		ringwall_json_out_str(&o, "metadata", c->seccomp.listener_metadata);
	ringwall_json_out_raw(&o, "state", state_json, strlen(state_json));
	ringwall_json_out_end(&o, '}');
	return ringwall_json_out_take(&o, ret_len);
}

int ringwall_filter_send_listener(const struct ringwall_config *c, int listener, pid_t pid, const char *state_json,
				  struct ringwall_err *e)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r;

	if (!c->seccomp.listener_path)
		return ringwall_fail_plain(e, -EINVAL, "linux.seccomp.listenerPath: not set");
	text = process_state(c, pid, state_json, &len);
	if (!text)
		return ringwall_fail(e, -ENOMEM, "linux.seccomp.listenerPath");
	r = ringwall_sock_pass(c->seccomp.listener_path, listener, text, len, e);
	if (r)
		ringwall_err_prepend(e, "linux.seccomp.listenerPath");
	return r;
}

void ringwall_filter_free(struct ringwall_filter *f)
{
	if (!f)
		return;
	free(f->prog.filter);
	f->prog = (struct sock_fprog){ 0 };
}
