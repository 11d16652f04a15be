/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_TELLER_H
#define RINGWALL_TELLER_H

/* One container's events in words: what the kernel wrote down, beside what is known about the container. */

#include "../policy/describe.h"
#include "../policy/events.h"
#include "container.h"

/* A policy that events of the container name. The kernel's ids outlive a change, so there may be several. */
struct ringwall_teller_policy {
	uint32_t id;
	bool known; /* @model is there: else it is config.json alone, or lost */
	struct ringwall_model model;
};

/**
 * struct ringwall_teller - what has been looked up so far; all zero but @state to begin with.
 * @state: the container, with a slot; the caller's
 * @name: what lines are to call it, the caller's; NULL: its ID
 * @policies: each allocated, as lines refer to them
 */
struct ringwall_teller {
	const struct ringwall_state *state;
	const char *name;
	struct ringwall_teller_policy **policies;
	size_t n_policies;
	bool looked;
	struct ringwall_places places;
	size_t n_devices;
	int64_t boot;
};

/**
 * ringwall_container_places_save() - keep where the container's mounts lie before its program runs, ROOT/ID/places.json: for
 * the rules about paths of a policy that comes later, when the container may have changed its mounts and its root to have them
 * mean something else; and to tell paths. Without it there can be no such policy: no error is worth more than that.
 */
void ringwall_container_places_save(const struct ringwall_state *s, const struct ringwall_mounts *m);

int ringwall_container_places_load(const struct ringwall_state *s, struct ringwall_places *ret);

/** ringwall_teller_begin() - of a container that the caller has open, and keeps open. */
struct ringwall_teller ringwall_teller_begin(const struct ringwall_state *s);

/** ringwall_teller_about() - what is to be known about policy @policy_id; valid as long as @t. */
int ringwall_teller_about(struct ringwall_teller *t, uint32_t policy_id, struct ringwall_about *ret,
			  struct ringwall_err *e);

/** ringwall_teller_text(), ringwall_teller_json() - one event, to be freed. */
int ringwall_teller_text(struct ringwall_teller *t, const struct ringwall_event *ev, char **ret,
			 struct ringwall_err *e);
int ringwall_teller_json(struct ringwall_teller *t, const struct ringwall_event *ev, char **ret,
			 struct ringwall_err *e);

/** ringwall_teller_check() - can the slot of @s be looked at? -EOPNOTSUPP it has none, or in maps of another version. */
int ringwall_teller_check(const struct ringwall_state *s, struct ringwall_err *e);

void ringwall_teller_end(struct ringwall_teller *t);

/**
 * ringwall_denial_last() - the newest refusal of process @pid: "refused by policy web: exec deny /bin/su
 * (web.json:14:20)". Errors: -ENOENT there is none.
 */
int ringwall_denial_last(const struct ringwall_state *s, pid_t pid, char *ret, size_t size);

#endif
