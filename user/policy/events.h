/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_EVENTS_H
#define RINGWALL_POLICY_EVENTS_H

/*
 * What the programs have written down: counters, events, observations. Only read here, without the lock: the programs
 * go on writing meanwhile, and no runtime waits for somebody who looks.
 */

#include <stdbool.h>

#include "../../bpf/abi.h"
#include "../lib/err.h"
#include "table.h"

/** struct ringwall_reports - the maps, opened; ringwall_reports_close() it. */
struct ringwall_reports {
	struct ringwall_table containers;
	int counters, events, observations;
};

#define RINGWALL_REPORTS_CLOSED                                                                                        \
	{                                                                                                              \
		.containers = RINGWALL_TABLE_CONTAINERS(-1), .counters = -1, .events = -1, .observations = -1          \
	}

/** ringwall_reports_open() - Errors: -ENOENT nothing was ever loaded on this host; -EOPNOTSUPP who calls may not. */
int ringwall_reports_open(struct ringwall_reports *ret, struct ringwall_err *e);
void ringwall_reports_close(struct ringwall_reports *r);

/**
 * ringwall_reports_slot() - the container's entry, which changes while it is looked at.
 * @ret: valid until the next call
 * Errors: -ESTALE the slot was released.
 */
int ringwall_reports_slot(struct ringwall_reports *r, uint32_t slot, const struct ringwall_container **ret,
			  struct ringwall_err *e);

/**
 * struct ringwall_cursor - how far somebody has read the events of a container.
 * @next: number of the event that comes next
 * @lost: events that were overwritten before they were read
 * @since: when @next was first waited for, ms; 0: not waited for
 */
struct ringwall_cursor {
	uint32_t slot;
	uint64_t next, lost;
	int64_t since;
};

/*
 * An event has its number before it is complete, and where there was no room it never comes. Then it is in
 * container.dropped.
 */
#define RINGWALL_EVENT_WAIT_MS 100

enum ringwall_turn {
	RINGWALL_TURN_TAKE, /* this is the event */
	RINGWALL_TURN_WAIT, /* it is being written */
	RINGWALL_TURN_SKIP, /* it will not come, or came and went: look for the next one */
};

/** ringwall_cursor_begin() - from event @number on of slot @slot; UINT64_MAX: all that come later. */
struct ringwall_cursor ringwall_cursor_begin(const struct ringwall_container *c, uint64_t number);

/**
 * ringwall_cursor_turn() - what about the entry where the next event should be? Advances @c unless it is to wait. Pure.
 * @sequence: of the entry, 0 when there is none
 * @total: container.events, read before the entry was
 * @now: ms
 */
enum ringwall_turn ringwall_cursor_turn(struct ringwall_cursor *c, uint64_t sequence, uint64_t total, int64_t now);

/**
 * ringwall_events_next() - the next event in the order in which they happened.
 * Return: 1: @ret is one; 0: there is none at present. Errors: -ESTALE the slot was released.
 */
int ringwall_events_next(struct ringwall_reports *r, struct ringwall_cursor *c, struct ringwall_event *ret,
			 struct ringwall_err *e);

/** ringwall_events_pending() - are there events that ringwall_events_next() waits for? */
bool ringwall_events_pending(struct ringwall_reports *r, const struct ringwall_cursor *c);

/** struct ringwall_counted - one entry of `counters`; struct ringwall_observed - one of `observations`. */
struct ringwall_counted {
	struct ringwall_counter_key key;
	struct ringwall_counter n;
};

struct ringwall_observed {
	struct ringwall_observation_key key;
	uint64_t n;
};

/** ringwall_counters_read(), ringwall_observations_read() - those of one slot, sorted, to be freed. */
int ringwall_counters_read(const struct ringwall_reports *r, uint32_t slot, struct ringwall_counted **ret,
			   size_t *ret_n, struct ringwall_err *e);
int ringwall_observations_read(const struct ringwall_reports *r, uint32_t slot, struct ringwall_observed **ret,
			       size_t *ret_n, struct ringwall_err *e);

/**
 * ringwall_event_name() - by which DNS name the container knows the address of @o, as the policy spells it
 * ("*.example.com").
 * @ret: empty: by none
 */
void ringwall_event_name(uint32_t slot, uint32_t policy_id, const struct ringwall_object *o,
			 char ret[RINGWALL_NAME_MAX + 2]);

#endif
