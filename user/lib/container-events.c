// SPDX-License-Identifier: LGPL-2.1-or-later
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "teller.h"

#define DENIALS_MS 100 /* how often they are looked for */

struct watch {
	const struct ringwall_state *state;
	struct ringwall_cgroup *cg;
	int pidfd, oom_fd; /* oom_fd -1: no memory controller */
	uint64_t oom_count;
	bool has_denials;
	struct ringwall_reports reports;
	struct ringwall_cursor cursor;
	struct ringwall_teller teller;
	int (*cb)(void *data, const char *json);
	void *data;
};

/* Return: > 0: the receiver has had enough. */
static int emit_stats(struct watch *w, struct ringwall_err *e)
{
	_cleanup_free_ char *json = NULL;
	int r = ringwall_container_stats(w->state, w->cg, &json, e);

	return r < 0 ? r : w->cb(w->data, json) != 0;
}

static int emit_oom(struct watch *w, struct ringwall_err *e)
{
	struct ringwall_json_out o = {};
	_cleanup_free_ char *json = NULL;

	ringwall_json_out_object(&o, NULL);
	ringwall_json_out_str(&o, "type", "oom");
	ringwall_json_out_str(&o, "id", w->state->id);
	ringwall_json_out_end(&o, '}');
	json = ringwall_json_out_take(&o, NULL);
	return json ? w->cb(w->data, json) != 0 : ringwall_fail(e, -ENOMEM, "event");
}

/* memory.events changes for many reasons; only a risen count of kills is an event. */
static int check_oom(struct watch *w, struct ringwall_err *e)
{
	char buf[4096];
	uint64_t n;

	while (read(w->oom_fd, buf, sizeof(buf)) > 0)
		;
	/* A cgroup that has just been removed counts nothing; the pidfd ends the loop. */
	if (ringwall_cgroup_oom_count(w->cg, &n, NULL) < 0 || n <= w->oom_count)
		return 0;
	w->oom_count = n;
	return emit_oom(w, e);
}

/* From here on: what was before is what `denials` shows. A container may well be without a policy. */
static void watch_denials(struct watch *w)
{
	const struct ringwall_container *c;

	if (ringwall_teller_check(w->state, NULL) < 0 || ringwall_reports_open(&w->reports, NULL) < 0)
		return;
	if (ringwall_reports_slot(&w->reports, w->state->slot, &c, NULL) < 0)
		return;
	w->cursor = ringwall_cursor_begin(c, UINT64_MAX);
	w->teller = ringwall_teller_begin(w->state);
	w->has_denials = true;
}

static int emit_denial(struct watch *w, const struct ringwall_event *ev, struct ringwall_err *e)
{
	struct ringwall_json_out o = {};
	_cleanup_free_ char *data = NULL, *json = NULL;
	int r = ringwall_teller_json(&w->teller, ev, &data, e);

	if (r < 0)
		return r;
	ringwall_json_out_object(&o, NULL);
	ringwall_json_out_str(&o, "type", "denial");
	ringwall_json_out_str(&o, "id", w->state->id);
	ringwall_json_out_raw(&o, "data", data, strlen(data));
	ringwall_json_out_end(&o, '}');
	json = ringwall_json_out_take(&o, NULL);
	return json ? w->cb(w->data, json) != 0 : ringwall_fail(e, -ENOMEM, "event");
}

static int emit_denials(struct watch *w, struct ringwall_err *e)
{
	struct ringwall_event ev;
	int r = 0;

	while (w->has_denials && !r) {
		r = ringwall_events_next(&w->reports, &w->cursor, &ev, NULL);
		if (r <= 0) {
			w->has_denials = !r; /* the slot is gone, or nothing is new */
			return 0;
		}
		r = emit_denial(w, &ev, e);
	}
	return r;
}

static int time_left(const struct watch *w, int64_t next)
{
	int64_t left = next - ringwall_clock_ms(), most = w->has_denials ? DENIALS_MS : INT_MAX;

	return (int)(left < 0 ? 0 : left > most ? most : left);
}

static int watch_loop(struct watch *w, unsigned int interval_ms, struct ringwall_err *e)
{
	struct pollfd p[] = { { .fd = w->pidfd, .events = POLLIN }, { .fd = w->oom_fd, .events = POLLIN } };
	int64_t next = ringwall_clock_ms() + interval_ms;
	int r = 0;

	while (!r) {
		int n = poll(p, ARRAY_SIZE(p), time_left(w, next));

		if (n < 0 && errno != EINTR)
			return ringwall_fail(e, -errno, "wait for events");
		if (n <= 0)
			p[0].revents = p[1].revents = 0;
		/* What killed the container counts too, so before its end is noticed. */
		if (w->oom_fd >= 0 && (p[0].revents || p[1].revents))
			r = check_oom(w, e);
		if (!r)
			r = emit_denials(w, e);
		if (p[0].revents)
			return r < 0 ? r : 0;
		if (!r && ringwall_clock_ms() >= next) {
			r = emit_stats(w, e);
			/* Numbers that could not be read because the container is just going are no error. */
			if (r < 0 && poll(p, 1, 0) > 0)
				return 0;
			next = ringwall_clock_ms() + interval_ms;
		}
	}
	return r;
}

int ringwall_events(struct ringwall *rw, const char *id, unsigned int interval_ms,
		    int (*cb)(void *data, const char *json), void *data, struct ringwall_err *e)
{
	_cleanup_(ringwall_state_close) struct ringwall_state s = { .dir_fd = -1 };
	_cleanup_(ringwall_cgroup_close) struct ringwall_cgroup cg = { .fd = -1 };
	struct watch w = { .state = &s, .cg = &cg, .pidfd = -1, .oom_fd = -1, .reports = RINGWALL_REPORTS_CLOSED,
			   .cb = cb, .data = data };
	_cleanup_fd_ int pidfd = -1, oom_fd = -1;
	struct ringwall_err why;
	int r;

	if (!interval_ms)
		return ringwall_fail_plain(e, -EINVAL, "the interval must be longer than 0 ms");
	r = ringwall_state_read(rw, id, &s, e);
	if (!r)
		r = ringwall_state_pidfd(&s, &pidfd, e);
	if (!r)
		r = ringwall_container_cgroup(&s, &cg, e);
	if (r < 0)
		return r;
	if (ringwall_cgroup_oom_fd(&cg, &oom_fd, &why) < 0 || ringwall_cgroup_oom_count(&cg, &w.oom_count, &why) < 0) {
		ringwall_log(rw, RINGWALL_LOG_WARNING, "no oom events of '%s': %s", s.id, why.text);
		ringwall_fd_close(&oom_fd);
	}
	w.pidfd = pidfd;
	w.oom_fd = oom_fd;
	watch_denials(&w);
	r = watch_loop(&w, interval_ms, e);
	ringwall_teller_end(&w.teller);
	ringwall_reports_close(&w.reports);
	return r < 0 ? r : 0;
}
