// SPDX-License-Identifier: LGPL-2.1-or-later
/* `policy set`: a file, single rules, or single rules on top of a file. */
#include <stdio.h>
#include <string.h>

#include "../policy/amend.h"
#include "../policy/policy.h"
#include "../policy/select.h"
#include "cleanup.h"
#include "teller.h"

#define _cleanup_model_ _cleanup_(ringwall_model_free)

/* What is extended: the policy that the container has now. @ret_base: to be freed, NULL: it has none */
static int current_base(struct ringwall *rw, const struct ringwall_state *s, struct ringwall_model *ret,
			char **ret_base, struct ringwall_err *e)
{
	uint32_t policy_id;
	char *base;
	int r = ringwall_teller_check(s, e);

	if (!r)
		r = ringwall_policy_current(s->slot, &policy_id, e);
	if (!r)
		r = ringwall_container_policy_load(s, policy_id, ret, e);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	if (ret->builtin)
		base = strdup(ret->name);
	else if (asprintf(&base, "%s/%s/policy-%08x.json", rw->root, s->id, policy_id) < 0)
		base = NULL;
	if (!base)
		return ringwall_fail(e, -ENOMEM, "policy");
	*ret_base = base;
	return 0;
}

/* A file, whose path is to mean the same in a document that is in no directory. */
static int file_base(const char *policy, struct ringwall_model *ret, char **ret_base, struct ringwall_err *e)
{
	char *base;
	int r = ringwall_model_load(policy, ret, e);

	if (r < 0)
		return r;
	base = ret->builtin ? strdup(policy) : realpath(policy, NULL);
	if (!base)
		return ringwall_fail(e, -errno, "policy '%s'", policy);
	*ret_base = base;
	return 0;
}

static int set_changes(struct ringwall *rw, const struct ringwall_state *s, const char *policy,
		       const char *const *changes, struct ringwall_err *e)
{
	_cleanup_model_ struct ringwall_model m = {};
	_cleanup_free_ char *base = NULL, *text = NULL;
	size_t len;
	int r = policy ? file_base(policy, &m, &base, e) : current_base(rw, s, &m, &base, e);

	if (!r)
		r = ringwall_amend_build(changes, base, base ? &m : NULL, &text, &len, e);
	return r < 0 ? r : ringwall_container_policy_switch(rw, s, text, len, RINGWALL_AMEND_ORIGIN, e);
}

int ringwall_policy_set(struct ringwall *rw, const char *id, const char *policy, const char *const *changes,
			struct ringwall_err *e)
{
	_cleanup_(ringwall_state_close) struct ringwall_state s = { .dir_fd = -1 };
	char place[PATH_MAX];
	int r;

	if (policy)
		policy = ringwall_policy_place(policy, place);
	if (!policy && (!changes || !*changes))
		return ringwall_fail_plain(e, -EINVAL, "policy set: neither a policy nor a rule is given");
	r = ringwall_state_load(rw, id, &s, e);
	if (r < 0)
		return r;
	return changes && *changes ? set_changes(rw, &s, policy, changes, e)
				   : ringwall_container_policy_switch(rw, &s, NULL, 0, policy, e);
}
