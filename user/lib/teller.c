// SPDX-License-Identifier: LGPL-2.1-or-later
#include "teller.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "file.h"

#define NSEC 1000000000LL
#define PLACES "places.json"
#define MAX_PLACES (16 << 20)

static int64_t nanoseconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * NSEC + t.tv_nsec;
}

struct ringwall_teller ringwall_teller_begin(const struct ringwall_state *s)
{
	return (struct ringwall_teller){ .state = s,
					 .boot = nanoseconds(CLOCK_REALTIME) - nanoseconds(CLOCK_BOOTTIME) };
}

int ringwall_teller_check(const struct ringwall_state *s, struct ringwall_err *e)
{
	if (!s->slot)
		return ringwall_fail_plain(e, -EOPNOTSUPP,
					   "container '%.100s' has no policy: it is rootless, or has no cgroup", s->id);
	return ringwall_container_check_abi(s, e);
}

void ringwall_container_places_save(const struct ringwall_state *s, const struct ringwall_mounts *m)
{
	_cleanup_(ringwall_places_free) struct ringwall_places p = {};
	_cleanup_free_ char *text = NULL;
	_cleanup_fd_ int fd = -1;
	size_t len;

	if (ringwall_places_of(m, &p, NULL) < 0)
		return;
	text = ringwall_places_print(&p, &len);
	if (!text)
		return;
	fd = openat(s->dir_fd, PLACES, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		ringwall_file_write_fd(fd, text, len);
}

int ringwall_container_places_load(const struct ringwall_state *s, struct ringwall_places *ret)
{
	_cleanup_fd_ int fd = openat(s->dir_fd, PLACES, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r = fd < 0 ? -errno : ringwall_file_read_fd(fd, MAX_PLACES, &text, &len);

	return r < 0 ? r : ringwall_places_load(text, len, ret, NULL);
}

/* What is the same for all events. What is not to be found is left out of the lines. */
static void look(struct ringwall_teller *t)
{
	_cleanup_(ringwall_config_free) struct ringwall_config c = {};

	t->looked = true;
	if (!ringwall_container_resources(t->state, &c, NULL))
		t->n_devices = c.resources.n_devices;
	if (ringwall_container_places_load(t->state, &t->places) < 0 && ringwall_state_status(t->state) != RINGWALL_STOPPED &&
	    t->state->pid > 0)
		ringwall_places_read(t->state->pid, &t->places, NULL);
}

static struct ringwall_teller_policy *find_policy(const struct ringwall_teller *t, uint32_t policy_id)
{
	for (size_t i = 0; i < t->n_policies; i++)
		if (t->policies[i]->id == policy_id)
			return t->policies[i];
	return NULL;
}

static struct ringwall_teller_policy *add_policy(struct ringwall_teller *t, uint32_t policy_id)
{
	struct ringwall_teller_policy **v = reallocarray(t->policies, t->n_policies + 1, sizeof(*v)), *p;

	if (!v)
		return NULL;
	t->policies = v;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->id = policy_id;
	p->known = !ringwall_container_policy_load(t->state, policy_id, &p->model, NULL);
	v[t->n_policies++] = p;
	return p;
}

int ringwall_teller_about(struct ringwall_teller *t, uint32_t policy_id, struct ringwall_about *ret,
			  struct ringwall_err *e)
{
	struct ringwall_teller_policy *p = find_policy(t, policy_id) ?: add_policy(t, policy_id);

	if (!p)
		return ringwall_fail(e, -ENOMEM, "policy");
	if (!t->looked)
		look(t);
	*ret = (struct ringwall_about){ .id = t->state->id,
					.name = t->name,
					.model = p->known ? &p->model : NULL,
					.n_devices = t->n_devices,
					.places = &t->places,
					.boot = t->boot };
	return 0;
}

/* The program of process @pid, if that is the one which the event means: it was there before. */
static void ask_exe(const struct ringwall_event *ev, char *ret, size_t size)
{
	char path[32];
	uint64_t start;
	ssize_t n;

	if (ringwall_process_start_time((pid_t)ev->pid, &start, NULL) < 0 ||
	    start * (uint64_t)(NSEC / sysconf(_SC_CLK_TCK)) > ev->time)
		return;
	snprintf(path, sizeof(path), "/proc/%u/exe", ev->pid);
	n = readlink(path, ret, size - 1);
	ret[n < 0 ? 0 : n] = '\0';
}

static int tell(struct ringwall_teller *t, const struct ringwall_event *ev, struct ringwall_told *ret,
		struct ringwall_about *ret_about, struct ringwall_err *e)
{
	int r = ringwall_teller_about(t, ev->policy_id, ret_about, e);

	if (r < 0)
		return r;
	*ret = (struct ringwall_told){ .event = ev };
	ringwall_path_join(ev->exe, sizeof(ev->exe), ret->exe, sizeof(ret->exe));
	ringwall_places_inside(&t->places, ret->exe, sizeof(ret->exe));
	if (ev->pid && !*ret->exe)
		ask_exe(ev, ret->exe, sizeof(ret->exe));
	ringwall_event_name(ev->what.slot, ev->policy_id, &ev->what.object, ret->name);
	return 0;
}

int ringwall_teller_text(struct ringwall_teller *t, const struct ringwall_event *ev, char **ret, struct ringwall_err *e)
{
	struct ringwall_told told;
	struct ringwall_about about;
	int r = tell(t, ev, &told, &about, e);
	char *text;

	if (r < 0)
		return r;
	text = ringwall_describe_text(&told, &about);
	if (!text)
		return ringwall_fail(e, -ENOMEM, "event");
	*ret = text;
	return 0;
}

int ringwall_teller_json(struct ringwall_teller *t, const struct ringwall_event *ev, char **ret, struct ringwall_err *e)
{
	struct ringwall_json_out o = {};
	struct ringwall_told told;
	struct ringwall_about about;
	int r = tell(t, ev, &told, &about, e);
	char *text;

	if (r < 0)
		return r;
	ringwall_json_out_object(&o, NULL);
	ringwall_describe_json(&told, &about, &o);
	ringwall_json_out_end(&o, '}');
	text = ringwall_json_out_take(&o, NULL);
	if (!text)
		return ringwall_fail(e, -ENOMEM, "event");
	*ret = text;
	return 0;
}

void ringwall_teller_end(struct ringwall_teller *t)
{
	for (size_t i = 0; i < t->n_policies; i++) {
		ringwall_model_free(&t->policies[i]->model);
		free(t->policies[i]);
	}
	free(t->policies);
	ringwall_places_free(&t->places);
	*t = (struct ringwall_teller){};
}

/* The last one of @pid that is kept. */
static int find_last(struct ringwall_reports *r, uint32_t slot, pid_t pid, struct ringwall_event *ret)
{
	const struct ringwall_container *c;
	struct ringwall_cursor cursor;
	struct ringwall_event ev;
	bool found = false;
	int n = ringwall_reports_slot(r, slot, &c, NULL);

	if (n < 0)
		return n;
	cursor = ringwall_cursor_begin(c, 0);
	while ((n = ringwall_events_next(r, &cursor, &ev, NULL)) > 0)
		if (ev.pid == (uint32_t)pid && ev.verdict == RINGWALL_VERDICT_DENIED) {
			*ret = ev;
			found = true;
		}
	return n < 0 ? n : found ? 0 : -ENOENT;
}

int ringwall_denial_last(const struct ringwall_state *s, pid_t pid, char *ret, size_t size)
{
	_cleanup_(ringwall_reports_close) struct ringwall_reports r = RINGWALL_REPORTS_CLOSED;
	_cleanup_(ringwall_teller_end) struct ringwall_teller t = ringwall_teller_begin(s);
	struct ringwall_rule_words words;
	struct ringwall_about about;
	struct ringwall_event ev = {};
	int err = ringwall_teller_check(s, NULL);

	if (!err)
		err = ringwall_reports_open(&r, NULL);
	if (!err)
		err = find_last(&r, s->slot, pid, &ev);
	if (!err)
		err = ringwall_teller_about(&t, ev.policy_id, &about, NULL);
	if (err < 0)
		return err;
	ringwall_describe_rule(&about, ev.what.object.set, ev.what.rule, &words);
	snprintf(ret, size, "refused by policy %s: %s%s%s%s", about.model ? about.model->name : "config.json",
		 words.text, *words.origin ? " (" : "", words.origin, *words.origin ? ")" : "");
	return 0;
}
