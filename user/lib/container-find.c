// SPDX-License-Identifier: LGPL-2.1-or-later
/* Containers of callers that keep them below roots of their own. */
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "container.h"

/*
 * What Docker, and containerd's shim for everyone else, pass as --root; Podman and CRI-O take the default one. Only
 * root can write there: a record says which container's policy is changed.
 */
static const char *const roots[] = { "/run/docker/runtime-*/*", "/run/containerd/runc/*" };

/* How well a container fits; the best are what is meant. */
enum fit { FIT_NOT, FIT_PREFIX, FIT_NAME, FIT_ID };

struct search {
	const char *wanted;
	enum fit fit; /* of what is found */
	size_t n;     /* that fit as well */
	char *root, *id;
	char others[200]; /* for the message */
};

static void search_free(struct search *s)
{
	free(s->root);
	free(s->id);
}

static void close_runtime(struct ringwall **rw)
{
	ringwall_close(*rw);
}

static void free_ids(char ***ids)
{
	ringwall_strv_free(*ids);
}

static enum fit fit_of(const struct ringwall *rw, const char *id, const struct search *s)
{
	_cleanup_(ringwall_state_close) struct ringwall_state state = { .dir_fd = -1 };
	struct ringwall_err e = {};
	bool called;

	if (!strcmp(id, s->wanted))
		return FIT_ID;
	called = s->fit <= FIT_NAME && ringwall_state_read(rw, id, &state, &e) == 0 &&
		 ringwall_container_is_called(&state, s->wanted);
	return called ? FIT_NAME : !strncmp(id, s->wanted, strlen(s->wanted)) ? FIT_PREFIX : FIT_NOT;
}

static int take(struct search *s, const struct ringwall *rw, const char *id, enum fit fit)
{
	size_t used = fit > s->fit ? 0 : strlen(s->others);

	if (fit == FIT_NOT || fit < s->fit)
		return 0;
	snprintf(s->others + used, sizeof(s->others) - used, "%s%.64s", used ? ", " : "", id);
	s->n = fit > s->fit ? 1 : s->n + 1;
	s->fit = fit;
	search_free(s);
	s->root = strdup(rw->root);
	s->id = strdup(id);
	return s->root && s->id ? 0 : -ENOMEM;
}

static int search_root(void *data, struct ringwall *rw)
{
	_cleanup_(free_ids) char **ids = NULL;
	struct search *s = data;
	struct ringwall_err e = {};
	int r = ringwall_list(rw, &ids, &e);

	if (r)
		return r == -ENOMEM ? r : 0;
	for (size_t i = 0; !r && ids[i]; i++)
		r = take(s, rw, ids[i], fit_of(rw, ids[i], s));
	return r;
}

/* NULL: the default root. One that cannot be opened has nothing to be found. */
static int visit(const char *root, int (*cb)(void *data, struct ringwall *rw), void *data)
{
	const struct ringwall_options o = { .size = sizeof(o), .root = root, .rootless = -1 };
	_cleanup_(close_runtime) struct ringwall *rw = NULL;
	struct ringwall_err e = {};
	int r = ringwall_open(&rw, &o, &e);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	return cb(data, rw);
}

static int visit_pattern(const char *pattern, int (*cb)(void *data, struct ringwall *rw), void *data)
{
	glob_t g = {};
	int r = glob(pattern, GLOB_ONLYDIR, NULL, &g) == GLOB_NOSPACE ? -ENOMEM : 0;

	for (size_t i = 0; !r && i < g.gl_pathc; i++)
		r = visit(g.gl_pathv[i], cb, data);
	globfree(&g);
	return r;
}

static int visit_others(int (*cb)(void *data, struct ringwall *rw), void *data)
{
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_SIZE(roots); i++)
		r = visit_pattern(roots[i], cb, data);
	return r;
}

int ringwall_each_root(struct ringwall *rw, int (*cb)(void *data, struct ringwall *rw), void *data)
{
	int r = cb(data, rw);

	return r ? r : visit_others(cb, data);
}

int ringwall_find(const char *wanted, char **ret_root, char **ret_id, struct ringwall_err *e)
{
	_cleanup_(search_free) struct search s = { .wanted = wanted };
	int r = *wanted ? visit(NULL, search_root, &s) : 0;

	/* An ID of one's own is never somebody else's container. */
	if (!r && *wanted && s.fit < FIT_ID)
		r = visit_others(search_root, &s);
	if (r < 0)
		return ringwall_fail(e, r, "find container '%.100s'", wanted);
	if (!s.n)
		return ringwall_fail_plain(e, -ENOENT, "container does not exist: %.100s", wanted);
	if (s.n > 1)
		return ringwall_fail_plain(e, -ENOTUNIQ, "'%.100s' is more than one container: %s", wanted, s.others);
	*ret_root = TAKE_PTR(s.root);
	*ret_id = TAKE_PTR(s.id);
	return 0;
}
