/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_POLICY_H
#define RINGWALL_POLICY_POLICY_H

/*
 * The policy engine as the runtime sees it: a container is attached once, its processes are marked before they execute
 * anything of its own, its policy is replaced at will, and the kernel goes on enforcing when no Ringwall process is left.
 * policy/load.c is the one owner of the pinned objects.
 */

#include "anchor.h"
#include "draft.h"

/**
 * struct ringwall_policy_grant - what came of it.
 * @slot: handle of the slot, never 0, never given out twice: to be kept with the container's state
 * @policy_id: that holds for it now
 * @mark: the container's processes must be marked (ringwall_policy_mark()) before their execve
 * @warning: what the host does not enforce, where that is no error; empty: nothing to say
 */
struct ringwall_policy_grant {
	uint32_t slot, policy_id;
	bool mark;
	char warning[256];
};

/**
 * ringwall_policy_attach() - put container @id under policy @d before any of its processes exist.
 * Loads and pins the programs on first use, finds or writes the policy (same rules, same policy id), takes a slot,
 * attaches by pinned links, and only then names the slot in the attachments' storage (until then: everything is denied).
 * @id: for people who read map dumps, and for ringwall_policy_release() without a slot
 * @cgroup_fd: the container's empty cgroup
 * @d: what it may do; ids are filled in
 * @m: where @d comes from: how strict it is; NULL: config.json alone
 * Errors: -EOPNOTSUPP where BPF is not to be had, or the policy asks for a class that this kernel does not have, with the
 * fix; -ENOSPC when slots or policies are full. On error nothing stays attached.
 */
int ringwall_policy_attach(const char *id, int cgroup_fd, struct ringwall_draft *d, const struct ringwall_model *m,
			   struct ringwall_policy_grant *ret, struct ringwall_err *e);

/**
 * ringwall_policy_gate() - see that the gate stands before the system calls that @d restricts, for a container that is about to
 * be attached with @d: which remembers that this was seen to.
 * @ret_absent: bits by id: those that it cannot stand before
 * Errors: -EOPNOTSUPP this host has no gate, with the fix.
 */
int ringwall_policy_gate(struct ringwall_draft *d, uint64_t ret_absent[RINGWALL_SYSCALL_WORDS], struct ringwall_err *e);

/**
 * ringwall_policy_unload() - take the gate away where no container needs it; nothing to do where there is none.
 * Errors: -EBUSY one does.
 */
int ringwall_policy_unload(struct ringwall_err *e);

/**
 * ringwall_policy_mark() - the process is the container's: confined from its next execve on, that one checked already.
 * @abi: that the container was attached under: another ringwall's programs may be what confines it
 * @pidfd: of a process that waits, with a single thread
 */
int ringwall_policy_mark(uint32_t abi, uint32_t slot, int pidfd, struct ringwall_err *e);

/**
 * ringwall_policy_anchor() - tell the kernel where the container's mounts lie, as paths in @d begin there. Nothing to do
 * for a policy without paths.
 */
int ringwall_policy_anchor(uint32_t slot, uint32_t policy_id, const struct ringwall_mounts *mounts, const struct ringwall_draft *d,
			   struct ringwall_err *e);

/**
 * ringwall_policy_change() - live change: write the new policy under its own id, attach what it wants and is not there yet,
 * then switch the slot's one word. Every event sees the old policy or the new one, whole.
 * @cgroup_fd: the container's cgroup
 * @mounts: where the container's mounts lay when it began; what it did to them since is not the rules' business. NULL: it
 *	has stopped
 * @before: called when everything but the switch is done, with the policy's id; an error of it leaves the old policy
 * Errors: -ESTALE @slot was released; as ringwall_policy_attach() otherwise, and then the old policy holds.
 */
int ringwall_policy_change(uint32_t slot, int cgroup_fd, const struct ringwall_mounts *mounts, struct ringwall_draft *d, const struct ringwall_model *m,
			   int (*before)(void *data, uint32_t policy_id, struct ringwall_err *e), void *data,
			   struct ringwall_policy_grant *ret, struct ringwall_err *e);

/** ringwall_policy_current() - id of the policy that slot @slot has. -ESTALE. */
int ringwall_policy_current(uint32_t slot, uint32_t *ret_policy_id, struct ringwall_err *e);

/**
 * ringwall_policy_release() - unpin the container's links and free its slot; call it when the container's cgroup is gone
 * or empty, as a process that is still in it is not confined any more. Repeating it is harmless, and a @slot that was
 * released since, or belongs to a time before a reboot, is left alone.
 * @slot: 0: find slots by @id (the creator was killed before it could write it down). As other runtimes may have a container of
 *        that name (another --root), only slots are taken whose attach never finished, or whose cgroup is gone:
 *        remove the cgroup first.
 */
int ringwall_policy_release(uint32_t slot, const char *id, struct ringwall_err *e);

/**
 * ringwall_policy_release_other() - the same for a container that another ringwall, with ABI @abi, has attached; where it was
 * the last one there, that ringwall's programs and maps go as well. Defined in upgrade.c.
 */
int ringwall_policy_release_other(uint32_t abi, uint32_t slot, struct ringwall_err *e);

#endif
