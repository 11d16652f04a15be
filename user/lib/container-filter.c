// SPDX-License-Identifier: LGPL-2.1-or-later
/* The seccomp filters that a container's processes get: linux.seccomp's, and the half of the policy's system calls that is one. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../policy/syscall-filter.h"
#include "../policy/syscall-settle.h"
#include "cleanup.h"
#include "creation.h"

#define FILE_NAME "syscalls.filter" /* in a checkpoint as well */

/* What stands before the instructions in FILE_NAME. */
struct header {
	uint32_t magic, flags;
	uint16_t len;
	uint8_t last, pad[5];
};
#define MAGIC 0x46535752U /* "RWSF" */

_Static_assert(sizeof(struct header) == 16, "format of " FILE_NAME);

struct kept {
	struct header h;
	struct sock_filter insns[BPF_MAXINSNS];
};

/* Where init finds it. */
static int place(const struct ringwall_filter *f, struct ringwall_region *region, struct ringwall_filter *ret,
		 struct ringwall_err *e)
{
	size_t size = f->prog.len * sizeof(*f->prog.filter);
	void *copy = ringwall_region_alloc(region, (size + 15) & ~(size_t)15);

	if (!copy)
		return ringwall_fail(e, -ENOMEM, "seccomp filter");
	memcpy(copy, f->prog.filter, size);
	*ret = *f;
	ret->prog.filter = copy;
	return 0;
}

int ringwall_filter_prepare(const struct ringwall *rw, struct ringwall_init *in, struct ringwall_region *region,
			    struct ringwall_err *e)
{
	struct ringwall_filter f;
	char cache[PATH_MAX];
	int r;

	if (!in->config.seccomp.set)
		return 0;
	/* '@' cannot be in a container's ID. */
	if ((size_t)snprintf(cache, sizeof(cache), "%s/@seccomp", rw->root) >= sizeof(cache))
		return ringwall_fail(e, -ENAMETOOLONG, "state directory");
	r = ringwall_filter_build(&in->config, cache, &f, e);
	if (r < 0)
		return r;
	r = place(&f, region, &in->filter, e);
	in->has_filter = !r;
	ringwall_filter_free(&f);
	return r;
}

/* For the processes that `exec` brings. @last: see struct ringwall_init */
static int keep(const struct ringwall_state *s, const struct ringwall_filter *f, bool last, struct ringwall_err *e)
{
	const struct sock_fprog *prog = &f->prog;
	struct header h = { .magic = MAGIC, .flags = f->flags, .len = prog->len, .last = last };
	struct iovec v[2] = { { &h, sizeof(h) }, { prog->filter, prog->len * sizeof(*prog->filter) } };
	_cleanup_fd_ int fd = openat(s->dir_fd, FILE_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	ssize_t n = fd < 0 ? -1 : writev(fd, v, 2);

	if (n != (ssize_t)(v[0].iov_len + v[1].iov_len))
		return ringwall_fail(e, n < 0 ? -errno : -ENOSPC, "write '%s' of container '%.100s'", FILE_NAME, s->id);
	return 0;
}

/* A policy that is in doubt about seccomp(2) has its filter come last, where linux.seccomp allows it to. */
static bool may_refuse_seccomp(const struct ringwall_syscall_list *list)
{
	bool allowed = !list->deny_default;

	for (size_t i = 0; i < list->n; i++) {
		const struct ringwall_syscall_rule *rule = &list->rules[i];

		if (!ringwall_syscall_rule_names(rule, SYS_seccomp))
			continue;
		if (!rule->allow)
			return true;
		allowed |= !rule->n_args;
	}
	return !allowed;
}

static int build(struct ringwall_creation *n, const uint64_t *absent, struct ringwall_err *e)
{
	_cleanup_(ringwall_filter_free) struct ringwall_filter f = { .notify = false };
	int r = ringwall_syscall_filter(&n->model, absent, &f, e);

	if (r < 0 || !f.prog.len)
		return r;
	r = place(&f, &n->region, &n->in->policy_filter, e);
	if (r < 0)
		return r;
	n->in->policy_filter_last = may_refuse_seccomp(&n->model.syscalls);
	return keep(&n->state, &f, n->in->policy_filter_last, e);
}

int ringwall_creation_seal(struct ringwall_creation *n, struct ringwall_err *e)
{
	enum ringwall_syscall_mode before = n->model.syscalls.mode;
	uint64_t absent[RINGWALL_SYSCALL_WORDS];
	char warning[256];
	int r;

	if (!n->model.syscalls.set)
		return 0;
	r = ringwall_syscalls_settle(&n->model, &n->draft, absent, warning, sizeof(warning), e);
	ringwall_container_tell_load(n->rw);
	if (!r && *warning)
		ringwall_log(n->rw, RINGWALL_LOG_WARNING, "%s", warning);
	if (!r && n->model.syscalls.mode == RINGWALL_SYSCALLS_SEALED && before != RINGWALL_SYSCALLS_SEALED) {
		ringwall_draft_free(&n->draft);
		r = ringwall_draft_compile(&n->in->config.resources, &n->model, &n->draft, e);
	}
	return r < 0 ? r : build(n, absent, e);
}

static bool is_good(const struct header *h, ssize_t n)
{
	return n >= (ssize_t)sizeof(*h) && h->magic == MAGIC && h->len && h->len <= BPF_MAXINSNS &&
	       n == (ssize_t)(sizeof(*h) + h->len * sizeof(struct sock_filter));
}

/* Return: bytes in @ret, 0: none is kept there. */
static ssize_t read_kept(int dir, struct kept *ret, struct ringwall_err *e)
{
	_cleanup_fd_ int fd = openat(dir, FILE_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? 0 : ringwall_fail(e, -errno, "open '%s'", FILE_NAME);
	n = read(fd, ret, sizeof(*ret));
	return is_good(&ret->h, n) ? n : ringwall_fail(e, n < 0 ? -errno : -EBADMSG, "read '%s'", FILE_NAME);
}

int ringwall_filter_copy(int from, int to, struct ringwall_err *e)
{
	_cleanup_free_ struct kept *k = malloc(sizeof(*k));
	_cleanup_fd_ int fd = -1;
	ssize_t n = k ? read_kept(from, k, e) : ringwall_fail(e, -ENOMEM, "seccomp filter");

	if (n < 0)
		return (int)n;
	if (unlinkat(to, FILE_NAME, 0) < 0 && errno != ENOENT)
		return ringwall_fail(e, -errno, "remove '%s'", FILE_NAME);
	if (!n)
		return 0;
	fd = openat(to, FILE_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || write(fd, k, (size_t)n) != n)
		return ringwall_fail(e, fd < 0 ? -errno : -ENOSPC, "write '%s'", FILE_NAME);
	return 0;
}

int ringwall_filter_matches(int dir, const struct ringwall_model *m, const uint64_t *absent, bool *ret, struct ringwall_err *e)
{
	_cleanup_(ringwall_filter_free) struct ringwall_filter f = { .notify = false };
	_cleanup_free_ struct kept *k = malloc(sizeof(*k));
	ssize_t n = k ? read_kept(dir, k, e) : ringwall_fail(e, -ENOMEM, "seccomp filter");
	int r = n < 0 ? (int)n : ringwall_syscall_filter(m, absent, &f, e);

	if (r < 0)
		return r;
	*ret = n ? k->h.len == f.prog.len && !memcmp(k->insns, f.prog.filter, f.prog.len * sizeof(*k->insns)) : !f.prog.len;
	return 0;
}

int ringwall_filter_recall(const struct ringwall_state *s, struct ringwall_init *in, struct ringwall_region *region,
			   struct ringwall_err *e)
{
	_cleanup_fd_ int fd = openat(s->dir_fd, FILE_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct sock_filter insns[BPF_MAXINSNS];
	struct ringwall_filter f = { .prog.filter = insns };
	struct header h = { 0 };
	struct iovec v[2] = { { &h, sizeof(h) }, { insns, sizeof(insns) } };
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? 0 : ringwall_fail(e, -errno, "open '%s' of container '%.100s'", FILE_NAME, s->id);
	n = readv(fd, v, 2);
	if (!is_good(&h, n))
		return ringwall_fail(e, n < 0 ? -errno : -EBADMSG, "read '%s' of container '%.100s'", FILE_NAME, s->id);
	f.prog.len = h.len;
	f.flags = h.flags;
	in->policy_filter_last = h.last;
	return place(&f, region, &in->policy_filter, e);
}
