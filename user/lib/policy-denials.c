// SPDX-License-Identifier: LGPL-2.1-or-later
/* `denials`: the events and counters of one container, or of all that there are. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "teller.h"

#define POLL_MS 100
#define LOOK_MS 1000 /* for containers that have come, and for how many events were dropped */

/**
 * struct source - a container that is listened to.
 * @root: where its record is
 * @name: what its caller calls it, or NULL
 * @cursor: how far
 * @dropped: of its events, as it was last said
 */
struct source {
	char *root, *name;
	struct ringwall_state state;
	struct ringwall_teller teller;
	struct ringwall_cursor cursor;
	uint64_t dropped, lost;
	bool gone;
};

struct pending {
	struct source *source;
	struct ringwall_event event;
};

struct listener {
	struct ringwall *rw;
	struct ringwall_denials_options o;
	struct ringwall_reports reports;
	struct source **sources; /* each allocated, as tellers refer to their states */
	size_t n_sources;
	struct pending *pending;
	size_t n_pending, room;
	int (*cb)(void *data, const char *line);
	void *data;
	bool enough; /* the receiver has had */
};

static void source_free(struct source *s)
{
	ringwall_teller_end(&s->teller);
	ringwall_state_close(&s->state);
	free(s->root);
	free(s->name);
	free(s);
}

static void listener_free(struct listener *l)
{
	for (size_t i = 0; i < l->n_sources; i++)
		source_free(l->sources[i]);
	free(l->sources);
	free(l->pending);
	ringwall_reports_close(&l->reports);
}

static bool is_known(const struct listener *l, const struct ringwall *rw, const char *id)
{
	for (size_t i = 0; i < l->n_sources; i++) {
		const struct source *s = l->sources[i];

		if (!s->gone && !strcmp(s->state.id, id) && !strcmp(s->root, rw->root))
			return true;
	}
	return false;
}

static int open_source(struct listener *l, const struct ringwall *rw, const char *id, struct source *s,
		       struct ringwall_err *e)
{
	const struct ringwall_container *c;
	int r = ringwall_state_read(rw, id, &s->state, e);

	if (!r)
		r = ringwall_teller_check(&s->state, e);
	if (!r)
		r = ringwall_reports_slot(&l->reports, s->state.slot, &c, e);
	if (r < 0)
		return r;
	s->root = strdup(rw->root);
	if (!s->root)
		return ringwall_fail(e, -ENOMEM, "denials");
	s->name = ringwall_container_name(&s->state);
	s->teller = ringwall_teller_begin(&s->state);
	s->teller.name = s->name;
	s->cursor = ringwall_cursor_begin(c, 0);
	return 0;
}

static int add_source(struct listener *l, const struct ringwall *rw, const char *id, struct ringwall_err *e)
{
	struct source **v = reallocarray(l->sources, l->n_sources + 1, sizeof(*v)), *s;
	int r;

	if (!v)
		return ringwall_fail(e, -ENOMEM, "denials");
	l->sources = v;
	s = calloc(1, sizeof(*s));
	if (!s)
		return ringwall_fail(e, -ENOMEM, "denials");
	s->state.dir_fd = -1;
	r = open_source(l, rw, id, s, e);
	if (r < 0) {
		source_free(s);
		return r;
	}
	v[l->n_sources++] = s;
	return 0;
}

static void free_ids(char ***ids)
{
	ringwall_strv_free(*ids);
}

/* Containers without a policy have nothing to tell, and one may just be going. */
static int add_root(void *data, struct ringwall *rw)
{
	_cleanup_(free_ids) char **ids = NULL;
	struct listener *l = data;
	int r = ringwall_list(rw, &ids, NULL);

	for (size_t i = 0; !r && ids[i]; i++)
		if (!is_known(l, rw, ids[i]))
			r = add_source(l, rw, ids[i], NULL) == -ENOMEM ? -ENOMEM : 0;
	return r == -ENOMEM ? r : 0;
}

static int add_all(struct listener *l, struct ringwall_err *e)
{
	_cleanup_(free_ids) char **ids = NULL;
	int r = ringwall_list(l->rw, &ids, e); /* that one's own cannot be read is an error */

	if (r < 0)
		return r;
	r = l->o.everywhere ? ringwall_each_root(l->rw, add_root, l) : add_root(l, l->rw);
	return r < 0 ? ringwall_fail(e, r, "denials") : 0;
}

static int emit(struct listener *l, char *line, struct ringwall_err *e)
{
	if (!line)
		return ringwall_fail(e, -ENOMEM, "denials");
	if (l->cb(l->data, line))
		l->enough = true;
	free(line);
	return 0;
}

static int keep(struct listener *l, struct source *s, const struct ringwall_event *ev, struct ringwall_err *e)
{
	if (l->n_pending == l->room) {
		size_t room = l->room ? 2 * l->room : RINGWALL_EVENTS_KEPT;
		struct pending *v = reallocarray(l->pending, room, sizeof(*v));

		if (!v)
			return ringwall_fail(e, -ENOMEM, "denials");
		l->pending = v;
		l->room = room;
	}
	l->pending[l->n_pending++] = (struct pending){ s, *ev };
	return 0;
}

static int collect_source(struct listener *l, struct source *s, struct ringwall_err *e)
{
	struct ringwall_event ev;
	int r;

	while ((r = ringwall_events_next(&l->reports, &s->cursor, &ev, e)) > 0) {
		r = keep(l, s, &ev, e);
		if (r < 0)
			return r;
	}
	if (r != -ESTALE)
		return r;
	s->gone = true;
	return 0;
}

/* By number within a container, whatever the clocks of two processors say; by time between containers. */
static int compare(const void *a, const void *b)
{
	const struct pending *x = a, *y = b;

	if (x->source == y->source)
		return x->event.number < y->event.number ? -1 : 1;
	return x->event.time == y->event.time ? 0 : x->event.time < y->event.time ? -1 : 1;
}

static int emit_pending(struct listener *l, struct ringwall_err *e)
{
	int r = 0;

	if (l->n_pending)
		qsort(l->pending, l->n_pending, sizeof(*l->pending), compare);
	for (size_t i = 0; i < l->n_pending && !r && !l->enough; i++) {
		struct pending *p = &l->pending[i];
		char *line = NULL;

		r = l->o.json ? ringwall_teller_json(&p->source->teller, &p->event, &line, e)
			      : ringwall_teller_text(&p->source->teller, &p->event, &line, e);
		if (!r)
			r = emit(l, line, e);
	}
	l->n_pending = 0;
	return r;
}

/* What is new since the last time, of all containers, in the order in which it happened. */
static int round_of(struct listener *l, struct ringwall_err *e)
{
	int r = 0;

	for (size_t i = 0; i < l->n_sources && !r; i++)
		if (!l->sources[i]->gone)
			r = collect_source(l, l->sources[i], e);
	return r < 0 ? r : emit_pending(l, e);
}

/* In lines of text. */
static const char *called(const struct source *s)
{
	return s->name ?: s->state.id;
}

static void put_container(struct ringwall_json_out *o, const struct source *s)
{
	ringwall_json_out_str(o, "id", s->state.id);
	if (s->name)
		ringwall_json_out_str(o, "container", s->name);
}

static char *missing_json(const struct source *s, const struct ringwall_container *c, uint64_t dropped, uint64_t lost)
{
	struct ringwall_json_out o = {};

	ringwall_json_out_object(&o, NULL);
	put_container(&o, s);
	ringwall_json_out_u64(&o, "dropped", dropped);
	ringwall_json_out_u64(&o, "lost", lost);
	ringwall_json_out_u64(&o, "denied", c->denied);
	ringwall_json_out_u64(&o, "audited", c->audited);
	ringwall_json_out_end(&o, '}');
	return ringwall_json_out_take(&o, NULL);
}

static char *missing_text(const struct source *s, uint64_t dropped, uint64_t lost)
{
	char *line;

	if (asprintf(&line,
		     "%s: %llu more exceeded the rate of events, %llu came and went unread: "
		     "'ringwall denials --counters %s' has the exact numbers",
		     called(s), (unsigned long long)dropped, (unsigned long long)lost, s->state.id) < 0)
		return NULL;
	return line;
}

/* How many events there are no lines of, as far as that has not been said yet. */
static int emit_missing(struct listener *l, struct source *s, struct ringwall_err *e)
{
	const struct ringwall_container *c;
	uint64_t dropped, lost = s->cursor.lost;

	if (s->gone || ringwall_reports_slot(&l->reports, s->state.slot, &c, NULL) < 0)
		return 0;
	dropped = c->dropped;
	if (dropped == s->dropped && lost == s->lost)
		return 0;
	dropped -= s->dropped;
	lost -= s->lost;
	s->dropped += dropped;
	s->lost += lost;
	return emit(l, l->o.json ? missing_json(s, c, dropped, lost) : missing_text(s, dropped, lost), e);
}

static int emit_all_missing(struct listener *l, struct ringwall_err *e)
{
	int r = 0;

	for (size_t i = 0; i < l->n_sources && !r && !l->enough; i++)
		r = emit_missing(l, l->sources[i], e);
	return r;
}

static bool any_pending(struct listener *l)
{
	for (size_t i = 0; i < l->n_sources; i++)
		if (!l->sources[i]->gone && ringwall_events_pending(&l->reports, &l->sources[i]->cursor))
			return true;
	return false;
}

static void pause_ms(unsigned int ms)
{
	struct timespec t = { .tv_nsec = ms * 1000000L };

	nanosleep(&t, NULL);
}

/* Those that are just being written are waited for; this ends, as ringwall_events_next() waits for none of them long. */
static int show(struct listener *l, struct ringwall_err *e)
{
	int r = round_of(l, e);

	while (!r && !l->enough && any_pending(l)) {
		pause_ms(POLL_MS / 10);
		r = round_of(l, e);
	}
	return r < 0 ? r : emit_all_missing(l, e);
}

static int follow(struct listener *l, const char *id, struct ringwall_err *e)
{
	int64_t look = ringwall_clock_ms() + LOOK_MS;
	int r = round_of(l, e);

	while (!r && !l->enough && !(id && l->sources[0]->gone)) {
		pause_ms(POLL_MS);
		r = round_of(l, e);
		if (r || ringwall_clock_ms() < look)
			continue;
		look = ringwall_clock_ms() + LOOK_MS;
		r = emit_all_missing(l, e);
		if (!r && !id)
			r = add_all(l, e);
	}
	return r;
}

static char *counter_json(const struct source *s, const struct ringwall_counted *n, const struct ringwall_rule_words *w)
{
	struct ringwall_json_out o = {};

	ringwall_json_out_object(&o, NULL);
	put_container(&o, s);
	ringwall_json_out_u64(&o, "policy_id", n->key.policy_id);
	ringwall_describe_rule_json(n->key.set, n->key.rule, w, &o);
	ringwall_json_out_u64(&o, "denied", n->n.denied);
	ringwall_json_out_u64(&o, "audited", n->n.audited);
	ringwall_json_out_end(&o, '}');
	return ringwall_json_out_take(&o, NULL);
}

static char *counter_text(const struct source *s, const struct ringwall_counted *n, const struct ringwall_rule_words *w)
{
	char *line;

	if (asprintf(&line, "%s %10llu denied %10llu audited  %s%s%s%s", called(s), (unsigned long long)n->n.denied,
		     (unsigned long long)n->n.audited, w->text, *w->origin ? " (" : "", w->origin,
		     *w->origin ? ")" : "") < 0)
		return NULL;
	return line;
}

static int emit_counter(struct listener *l, struct source *s, const struct ringwall_counted *n, struct ringwall_err *e)
{
	struct ringwall_rule_words words;
	struct ringwall_about about;
	int r = ringwall_teller_about(&s->teller, n->key.policy_id, &about, e);

	if (r < 0)
		return r;
	ringwall_describe_rule(&about, n->key.set, n->key.rule, &words);
	return emit(l, l->o.json ? counter_json(s, n, &words) : counter_text(s, n, &words), e);
}

static int count_source(struct listener *l, struct source *s, struct ringwall_err *e)
{
	_cleanup_free_ struct ringwall_counted *v = NULL;
	size_t n = 0;
	int r = ringwall_counters_read(&l->reports, s->state.slot, &v, &n, e);

	for (size_t i = 0; i < n && !r && !l->enough; i++)
		r = emit_counter(l, s, &v[i], e);
	return r;
}

static int count(struct listener *l, struct ringwall_err *e)
{
	int r = 0;

	for (size_t i = 0; i < l->n_sources && !r; i++)
		r = count_source(l, l->sources[i], e);
	return r;
}

int ringwall_denials(struct ringwall *rw, const char *id, const struct ringwall_denials_options *o,
		     int (*cb)(void *data, const char *line), void *data, struct ringwall_err *e)
{
	_cleanup_(listener_free) struct listener l = {
		.rw = rw, .reports = RINGWALL_REPORTS_CLOSED, .cb = cb, .data = data
	};
	struct ringwall_err why = {};
	int r = o ? ringwall_options_copy(&l.o, sizeof(l.o), o, e) : 0;

	if (r < 0)
		return r;
	r = ringwall_reports_open(&l.reports, &why);
	if (r == -ENOENT && !id)
		return 0; /* nothing is loaded, so there never was anything to refuse */
	if (r < 0 && r != -ENOENT) {
		if (e)
			*e = why;
		return r;
	}
	r = id ? add_source(&l, rw, id, e) : add_all(&l, e);
	if (r < 0)
		return r;
	if (l.o.counters)
		return count(&l, e);
	return l.o.follow ? follow(&l, id, e) : show(&l, e);
}
