/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_POLICY_H
#define RINGWALL_POLICY_POLICY_H

/*
 * The policy engine as the runtime sees it: a container is attached once, its policy is replaced at will, and the
 * kernel goes on enforcing when no Ringwall process is left. policy/load.c is the one owner of the pinned objects.
 */

#include "../lib/err.h"
#include "../oci/config.h"

/**
 * ringwall_policy_attach() - put container @id under the device policy of @r before any of its processes exist.
 * Loads and pins the programs on first use, finds or writes the policy (same rules, same policy id), takes a slot,
 * attaches by a pinned link, and only then names the slot in the attachment's storage (until then: everything is denied).
 * @cgroup_fd: the container's empty cgroup
 * @ret_slot: slot, never 0
 * Errors: -EOPNOTSUPP where BPF is not to be had, with the fix; -ENOSPC when slots or policies are full.
 */
int ringwall_policy_attach(const char *id, int cgroup_fd, const struct ringwall_resources *r, uint32_t *ret_slot,
			   struct ringwall_err *e);

/** ringwall_policy_update() - live change: write the new policy under its own id, then switch the slot's one word. */
int ringwall_policy_update(uint32_t slot, const struct ringwall_resources *r, struct ringwall_err *e);

/**
 * ringwall_policy_release() - unpin the container's link, free the slot and policies nobody uses any more.
 * @slot: 0: find it by @id (its creator was killed before it could write it down)
 */
int ringwall_policy_release(uint32_t slot, const char *id, struct ringwall_err *e);

#endif
