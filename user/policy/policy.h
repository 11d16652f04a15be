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
 * @id: for people who read map dumps, and for ringwall_policy_release() without a slot
 * @cgroup_fd: the container's empty cgroup
 * @r: only its devices are read; the rules that every container gets (ringwall_device_defaults()) are appended
 * @ret_slot: handle of the slot, never 0, never given out twice: to be kept with the container's state
 * Errors: -EOPNOTSUPP where BPF is not to be had, with the fix; -ENOSPC when slots or policies are full; -EINVAL, -E2BIG for
 * rules that cannot be. On error nothing stays attached.
 */
int ringwall_policy_attach(const char *id, int cgroup_fd, const struct ringwall_resources *r, uint32_t *ret_slot,
			   struct ringwall_err *e);

/**
 * ringwall_policy_update() - live change: write the new policy under its own id, then switch the slot's one word.
 * Every event sees the old policy or the new one, whole. @r's list replaces the old one: do not call it for an update without one.
 * Errors: -ESTALE @slot was released; as ringwall_policy_attach() otherwise, and then the old policy holds.
 */
int ringwall_policy_update(uint32_t slot, const struct ringwall_resources *r, struct ringwall_err *e);

/**
 * ringwall_policy_release() - unpin the container's links and free its slot; call it when the container's cgroup is gone
 * or empty, as a process that is still in it is not confined any more. Repeating it is harmless, and a @slot that was
 * released since, or belongs to a time before a reboot, is left alone.
 * @slot: 0: find slots by @id (the creator was killed before it could write it down). As other runtimes may have a container of
 *        that name (another --root), only slots are taken whose attach never finished, or whose cgroup is gone:
 *        remove the cgroup first.
 */
int ringwall_policy_release(uint32_t slot, const char *id, struct ringwall_err *e);

#endif
