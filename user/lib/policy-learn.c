// SPDX-License-Identifier: LGPL-2.1-or-later
/* `policy learn`: what was observed, with what must be asked elsewhere, to a policy. */
#include <stdio.h>
#include <string.h>

#include "../policy/device.h"
#include "../policy/doctor.h"
#include "../policy/learn.h"
#include "cleanup.h"
#include "teller.h"

#define PATH_SIZE 1024

/* What the kernel wrote down, and the same as the learner takes it; strings live in the arena. */
struct record {
	struct ringwall_arena arena;
	struct ringwall_observed *observed;
	struct ringwall_seen *seen;
	size_t n;
};

static void record_free(struct record *r)
{
	ringwall_arena_free(&r->arena);
	free(r->observed);
}

static const char *keep(struct record *r, const char *text)
{
	return ringwall_arena_strndup(&r->arena, text, strlen(text));
}

static int fill(struct record *r, size_t i, const struct ringwall_about *about, uint32_t policy_id)
{
	const struct ringwall_observation_key *key = &r->observed[i].key;
	char path[PATH_SIZE], name[RINGWALL_NAME_MAX + 2];

	r->seen[i] = (struct ringwall_seen){ .object = &key->object, .rule = key->rule };
	if (ringwall_object_has_path(&key->object) &&
	    ringwall_object_path(&key->object, about->places, path, sizeof(path))) {
		r->seen[i].path = keep(r, path);
		if (!r->seen[i].path)
			return -ENOMEM;
	}
	ringwall_event_name(key->slot, policy_id, &key->object, name);
	if (*name) {
		r->seen[i].name = keep(r, name);
		if (!r->seen[i].name)
			return -ENOMEM;
	}
	return 0;
}

static int read_record(struct ringwall_reports *reports, const struct ringwall_state *s,
		       const struct ringwall_about *about, uint32_t policy_id, struct record *r, struct ringwall_err *e)
{
	int err = ringwall_observations_read(reports, s->slot, &r->observed, &r->n, e);

	if (err < 0)
		return err;
	r->seen = ringwall_arena_array(&r->arena, r->n + 1, sizeof(*r->seen));
	if (!r->seen)
		return ringwall_fail(e, -ENOMEM, "learn");
	for (size_t i = 0; i < r->n && !err; i++)
		err = fill(r, i, about, policy_id);
	return err < 0 ? ringwall_fail(e, err, "learn") : 0;
}

static void note(void *data, const char *text)
{
	ringwall_log(data, RINGWALL_LOG_WARNING, "policy learn: %s", text);
}

/* What no program on this host looks at was not observed, and to refuse it all would be a guess. */
static void drop_unseen(struct ringwall *rw, uint32_t learnt, struct ringwall_model *m)
{
	uint32_t sets = 0;

	for (uint32_t set = 0; set < RINGWALL_SETS; set++)
		if (learnt >> set & 1 && ringwall_backing(ringwall_set_load(set)) == RINGWALL_BACKING_NONE)
			sets |= 1U << set;
	for (uint32_t set = 0; set < RINGWALL_SETS; set++)
		if (sets & ringwall_model_sets(m) & 1U << set)
			ringwall_log(rw, RINGWALL_LOG_WARNING,
				     "policy learn: nothing of kind '%s' can be observed on this host, and the "
				     "policy says nothing about it",
				     ringwall_set_name(set));
	ringwall_learn_drop(m, sets);
}

static char *print(const struct ringwall_model *m)
{
	struct ringwall_json_out o = { .indent = 2 };

	ringwall_model_print(m, &o);
	return ringwall_json_out_take(&o, NULL);
}

static int learn(struct ringwall *rw, const struct ringwall_about *about, const struct record *r, const char *name,
		 char **ret_json, struct ringwall_err *e)
{
	struct ringwall_model m = {};
	size_t n_defaults;
	char *json;
	int err;

	ringwall_device_defaults(&n_defaults);
	err = ringwall_learn(about->model, r->seen, r->n, about->n_devices + n_defaults, note, rw, &m, e);
	if (err < 0)
		return err;
	drop_unseen(rw, about->model->learn, &m);
	m.name = name;
	json = print(&m);
	ringwall_model_free(&m);
	if (!json)
		return ringwall_fail(e, -ENOMEM, "learn");
	*ret_json = json;
	return 0;
}

int ringwall_policy_learn(struct ringwall *rw, const char *id, const char *name, char **ret_json,
			  struct ringwall_err *e)
{
	_cleanup_(ringwall_reports_close) struct ringwall_reports reports = RINGWALL_REPORTS_CLOSED;
	_cleanup_(ringwall_state_close) struct ringwall_state s = { .dir_fd = -1 };
	_cleanup_(ringwall_teller_end) struct ringwall_teller t = {};
	_cleanup_(record_free) struct record record = {};
	const struct ringwall_container *c;
	struct ringwall_about about;
	char *json = NULL;
	int r = ringwall_state_read(rw, id, &s, e);

	if (!r)
		r = ringwall_teller_check(&s, e);
	if (!r)
		r = ringwall_reports_open(&reports, e);
	if (!r)
		r = ringwall_reports_slot(&reports, s.slot, &c, e);
	if (r < 0)
		return r;
	t = ringwall_teller_begin(&s);
	r = ringwall_teller_about(&t, c->policy_id, &about, e);
	if (!r && !about.model)
		r = ringwall_fail_plain(e, -EOPNOTSUPP, "container '%.100s' has no policy but its config.json", s.id);
	if (!r)
		r = read_record(&reports, &s, &about, c->policy_id, &record, e);
	if (!r)
		r = learn(rw, &about, &record, name ?: s.id, &json, e);
	if (r < 0)
		return r;
	if (c->unobserved)
		ringwall_log(rw, RINGWALL_LOG_WARNING,
			     "policy learn: %llu acts more were not recorded for want of room: what was learnt is not "
			     "complete",
			     (unsigned long long)c->unobserved);
	*ret_json = json;
	return 0;
}

int ringwall_policy_template(char **ret_json, struct ringwall_err *e)
{
	size_t len;
	const char *text = ringwall_learn_template(&len);
	char *copy = strndup(text, len);

	if (!copy)
		return ringwall_fail(e, -ENOMEM, "template");
	*ret_json = copy;
	return 0;
}
