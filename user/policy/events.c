// SPDX-License-Identifier: LGPL-2.1-or-later
#include "events.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../lib/clock.h"
#include "bpf.h"
#include "pins.h"

int ringwall_reports_open(struct ringwall_reports *ret, struct ringwall_err *e)
{
	_cleanup_(ringwall_reports_close) struct ringwall_reports r = RINGWALL_REPORTS_CLOSED;
	const struct {
		const char *name;
		int *fd;
	} maps[] = {
		{ "containers", &r.containers.fd },
		{ "counters", &r.counters },
		{ "events", &r.events },
		{ "observations", &r.observations },
	};

	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		int fd = ringwall_pins_get(maps[i].name, e);

		if (fd < 0)
			return fd;
		*maps[i].fd = fd;
	}
	*ret = r;
	r = (struct ringwall_reports)RINGWALL_REPORTS_CLOSED;
	return 0;
}

void ringwall_reports_close(struct ringwall_reports *r)
{
	ringwall_table_close(&r->containers);
	ringwall_fd_close(&r->counters);
	ringwall_fd_close(&r->events);
	ringwall_fd_close(&r->observations);
}

int ringwall_reports_slot(struct ringwall_reports *r, uint32_t slot, const struct ringwall_container **ret,
			  struct ringwall_err *e)
{
	uint32_t index = slot & RINGWALL_INDEX_MASK;
	const struct ringwall_container *c;
	int err = ringwall_table_map(&r->containers, ringwall_table_page(&r->containers, index), e);

	if (err < 0)
		return err;
	c = ringwall_table_at(&r->containers, index);
	if (!slot || __atomic_load_n(&c->slot, __ATOMIC_ACQUIRE) != slot)
		return ringwall_fail_plain(e, -ESTALE, "policy: the container's slot %#x is not in use any more", slot);
	*ret = c;
	return 0;
}

static uint64_t total_of(const struct ringwall_container *c)
{
	return __atomic_load_n(&c->events, __ATOMIC_ACQUIRE);
}

struct ringwall_cursor ringwall_cursor_begin(const struct ringwall_container *c, uint64_t number)
{
	uint64_t total = total_of(c);

	return (struct ringwall_cursor){ .slot = c->slot, .next = number < total ? number : total };
}

static void advance(struct ringwall_cursor *c)
{
	c->next++;
	c->since = 0;
}

enum ringwall_turn ringwall_cursor_turn(struct ringwall_cursor *c, uint64_t sequence, uint64_t total, int64_t now)
{
	if (total - c->next > RINGWALL_EVENTS_KEPT) {
		c->lost += total - RINGWALL_EVENTS_KEPT - c->next;
		c->next = total - RINGWALL_EVENTS_KEPT;
		c->since = 0;
		return RINGWALL_TURN_SKIP;
	}
	if (sequence == c->next + 1) {
		advance(c);
		return RINGWALL_TURN_TAKE;
	}
	if (sequence > c->next + 1) {
		c->lost++;
		advance(c);
		return RINGWALL_TURN_SKIP;
	}
	if (!c->since)
		c->since = now;
	if (now - c->since < RINGWALL_EVENT_WAIT_MS)
		return RINGWALL_TURN_WAIT;
	advance(c);
	return RINGWALL_TURN_SKIP;
}

/*
 * The kernel copies an entry while a program may be writing it. Its sequence is taken away before anything else
 * changes: the same one after the copy says that the copy is whole.
 */
static uint64_t copy_event(int fd, const struct ringwall_event_key *key, struct ringwall_event *ret)
{
	struct ringwall_event again;

	if (ringwall_bpf_read(fd, key, ret) < 0 || ringwall_bpf_read(fd, key, &again) < 0)
		return 0;
	return again.sequence == ret->sequence ? ret->sequence : 0;
}

int ringwall_events_next(struct ringwall_reports *r, struct ringwall_cursor *c, struct ringwall_event *ret,
			 struct ringwall_err *e)
{
	for (;;) {
		struct ringwall_event_key key = { .slot = c->slot, .index = c->next % RINGWALL_EVENTS_KEPT };
		const struct ringwall_container *slot;
		int err = ringwall_reports_slot(r, c->slot, &slot, e);
		uint64_t total;

		if (err < 0)
			return err;
		total = total_of(slot);
		if (c->next >= total)
			return 0;
		switch (ringwall_cursor_turn(c, copy_event(r->events, &key, ret), total, ringwall_clock_ms())) {
		case RINGWALL_TURN_TAKE:
			return 1;
		case RINGWALL_TURN_WAIT:
			return 0;
		case RINGWALL_TURN_SKIP:
			break;
		}
	}
}

bool ringwall_events_pending(struct ringwall_reports *r, const struct ringwall_cursor *c)
{
	const struct ringwall_container *slot;

	return !ringwall_reports_slot(r, c->slot, &slot, NULL) && c->next < total_of(slot);
}

#define CHUNK 512U

/* Entries of a map, key and value behind each other. */
struct entries {
	size_t key_size, value_size;
	char *v;
	size_t n, size;
};

static int entries_add(struct entries *s, const char *key, const char *value)
{
	size_t one = s->key_size + s->value_size;

	if (s->n == s->size) {
		size_t size = s->size ? 2 * s->size : 64;
		char *v = reallocarray(s->v, size, one);

		if (!v)
			return -ENOMEM;
		s->v = v;
		s->size = size;
	}
	memcpy(s->v + s->n * one, key, s->key_size);
	memcpy(s->v + s->n * one + s->key_size, value, s->value_size);
	s->n++;
	return 0;
}

/* All keys of these maps begin with whose they are. */
static int add_own(struct entries *s, const char *keys, const char *values, uint32_t n, uint32_t owner)
{
	int err = 0;

	for (uint32_t i = 0; i < n && !err; i++)
		if (!memcmp(keys + i * s->key_size, &owner, sizeof(owner)))
			err = entries_add(s, keys + i * s->key_size, values + i * s->value_size);
	return err;
}

static int read_own(int fd, uint32_t owner, struct entries *s)
{
	_cleanup_free_ char *keys = calloc(CHUNK, s->key_size), *values = calloc(CHUNK, s->value_size);
	uint32_t at, n;
	const void *in = NULL;
	int err, more;

	if (!keys || !values)
		return -ENOMEM;
	do {
		n = CHUNK;
		more = ringwall_bpf_read_all(fd, in, &at, keys, values, &n);
		if (more < 0 && more != -ENOENT)
			return more;
		err = add_own(s, keys, values, n, owner);
		in = &at;
	} while (!err && !more);
	return err;
}

/* Keys are compared as bytes: any order will do that is always the same. */
static int compare_counted(const void *a, const void *b)
{
	const struct ringwall_counter_key *x = a, *y = b;

	if (x->policy_id != y->policy_id)
		return x->policy_id < y->policy_id ? -1 : 1;
	if (x->set != y->set)
		return x->set < y->set ? -1 : 1;
	return x->rule == y->rule ? 0 : x->rule < y->rule ? -1 : 1;
}

static int compare_observed(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct ringwall_observation_key));
}

int ringwall_counters_read(const struct ringwall_reports *r, uint32_t slot, struct ringwall_counted **ret,
			   size_t *ret_n, struct ringwall_err *e)
{
	struct entries s = { .key_size = sizeof((*ret)->key), .value_size = sizeof((*ret)->n) };
	int err = read_own(r->counters, slot, &s);

	if (err < 0) {
		free(s.v);
		return ringwall_fail(e, err, "policy: read the counters");
	}
	if (s.n)
		qsort(s.v, s.n, sizeof(**ret), compare_counted);
	*ret = (struct ringwall_counted *)(void *)s.v;
	*ret_n = s.n;
	return 0;
}

int ringwall_observations_read(const struct ringwall_reports *r, uint32_t slot, struct ringwall_observed **ret,
			       size_t *ret_n, struct ringwall_err *e)
{
	struct entries s = { .key_size = sizeof((*ret)->key), .value_size = sizeof((*ret)->n) };
	int err = read_own(r->observations, slot, &s);

	if (err < 0) {
		free(s.v);
		return ringwall_fail(e, err, "policy: read the observations");
	}
	if (s.n)
		qsort(s.v, s.n, sizeof(**ret), compare_observed);
	*ret = (struct ringwall_observed *)(void *)s.v;
	*ret_n = s.n;
	return 0;
}

_Static_assert(sizeof(struct ringwall_counted) ==
			       sizeof(struct ringwall_counter_key) + sizeof(struct ringwall_counter) &&
		       sizeof(struct ringwall_observed) == sizeof(struct ringwall_observation_key) + sizeof(uint64_t),
	       "entries are read as key and value behind each other");

/* One of the policy's names that stands for @token. The map is small and this is for people: no index. */
static bool find_token(int fd, uint32_t policy_id, uint64_t token, char ret[RINGWALL_NAME_MAX + 2])
{
	struct entries s = { .key_size = sizeof(struct ringwall_name_key), .value_size = sizeof(struct ringwall_dns_name) };
	bool found = false;

	if (!read_own(fd, policy_id, &s)) {
		for (size_t i = 0; i < s.n && !found; i++) {
			const char *at = s.v + i * (s.key_size + s.value_size);
			struct ringwall_name_key key;
			struct ringwall_dns_name name;

			memcpy(&key, at, sizeof(key));
			memcpy(&name, at + sizeof(key), sizeof(name));
			found = name.token == token;
			if (found)
				snprintf(ret, RINGWALL_NAME_MAX + 2, "%s%.*s", key.name[0] == '.' ? "*" : "",
					 (int)sizeof(key.name), key.name);
		}
	}
	free(s.v);
	return found;
}

void ringwall_event_name(uint32_t slot, uint32_t policy_id, const struct ringwall_object *o,
			 char ret[RINGWALL_NAME_MAX + 2])
{
	struct ringwall_resolved_key key = { .slot = slot, .family = o->family };
	struct ringwall_resolved value;
	_cleanup_fd_ int resolved = -1, names = -1;

	ret[0] = '\0';
	if (!o->family)
		return;
	memcpy(key.address, o->address, sizeof(key.address));
	resolved = ringwall_pins_get("resolved", NULL);
	names = resolved < 0 ? -1 : ringwall_pins_get("names", NULL);
	if (names < 0 || ringwall_bpf_read(resolved, &key, &value) < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(value.name); i++)
		if (value.name[i].token && find_token(names, policy_id, value.name[i].token, ret))
			return;
}
