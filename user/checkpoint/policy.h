/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_CHECKPOINT_POLICY_H
#define RINGWALL_CHECKPOINT_POLICY_H

/*
 * The policy of a container that is saved and made again: it comes back with the one it had, or not at all. So that lies beside the
 * images, as does the filter that its processes have for it, and the devices that `update` gave it.
 */

#include "../policy/draft.h"
#include "../state/state.h"
#include "checkpoint.h"
#include "image.h"

#define RINGWALL_IMAGE_POLICY "ringwall-policy.json"

/** ringwall_image_policy_save() - what container @s has now, or that it has none. */
int ringwall_image_policy_save(const struct ringwall_image *im, const struct ringwall_state *s, struct ringwall_err *e);

/**
 * ringwall_image_policy_find() - the policy of a container that is to be made.
 *
 * What @option says, when it was given for this restore (@decides). Else what it had; but where somebody chose a policy for it
 * on this host (--policy of the caller's own, annotation, /etc/ringwall) and that is another one, this is an error: which of
 * them was meant is not for us to say. Images without a policy (of other runtimes) get what a new container gets.
 *
 * @ret_m: settled, also between gate and filter: where the saved processes have a filter, it stays what it is. To be freed.
 * @ret_d: to be freed
 * Errors: -EPERM two policies; -EOPNOTSUPP the processes lack the filter that the policy wants, and there is no gate in its place;
 * those of ringwall_policy_select() and ringwall_draft_compile().
 */
int ringwall_image_policy_find(const struct ringwall *rw, const struct ringwall_image *im,
			       const struct ringwall_config *c, const char *rootfs, const char *option, bool decides,
			       struct ringwall_model *ret_m, struct ringwall_draft *ret_d, struct ringwall_err *e);

#endif
