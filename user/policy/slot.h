/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_SLOT_H
#define RINGWALL_POLICY_SLOT_H

/*
 * Slots: the entries of `containers`. All functions want the lock. A slot goes FREE → CLAIMED → ATTACHED → FREE; as the lock
 * is held from CLAIMED to ATTACHED, a CLAIMED slot that is found under the lock belongs to a runtime that was killed.
 */

#include "table.h"

/**
 * ringwall_slot_claim() - take a free slot for container @id.
 * Slots of the same id that a killed runtime left CLAIMED on the way are released. When none is free, slots whose cgroup is
 * gone are released first.
 * @ret: the slot, CLAIMED, with its handle; in @t's window, so valid until that moves
 * Errors: -ENOSPC all are in use.
 */
int ringwall_slot_claim(struct ringwall_table *t, const char *id, uint64_t cgroup_id, uint32_t policy_id,
			struct ringwall_container **ret, struct ringwall_err *e);

/** ringwall_slot_find() - the slot that @handle names, or -ESTALE when it was released since. */
int ringwall_slot_find(struct ringwall_table *t, uint32_t handle, struct ringwall_container **ret,
		       struct ringwall_err *e);

/**
 * ringwall_slot_attach() - attach to slot @c's cgroup what a policy with @sets wants and what is not there yet, each by a
 * pinned link. What no policy of the container wants any more stays attached, and lets everything pass.
 * @sets: bits 1 << RINGWALL_SET_*; the classes they want must be loaded (ringwall_pins_need())
 */
int ringwall_slot_attach(struct ringwall_container *c, uint32_t sets, int cgroup_fd, struct ringwall_err *e);

/** ringwall_slot_release() - unpin its links, then free it. Whatever was left of it is cleared; repeating is harmless. */
int ringwall_slot_release(struct ringwall_container *c, struct ringwall_err *e);

/**
 * ringwall_slot_release_dead() - release slots whose runtime was killed or whose cgroup is gone. Leaves @t without a window.
 * @id: only those of this container; NULL: all
 * @ret_n: how many were released
 */
int ringwall_slot_release_dead(struct ringwall_table *t, const char *id, uint32_t *ret_n, struct ringwall_err *e);

#endif
