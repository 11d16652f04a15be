/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_DRAFT_H
#define RINGWALL_POLICY_DRAFT_H

/* What a container may do, from its configuration to what the programs read. Pure: touches nothing but memory. */

#include "device.h"

/**
 * struct ringwall_draft - a policy that is not in the kernel yet.
 * @policy: all of it but id and generation, with the content hash
 * @devices: what goes to the map `devices` under its id
 */
struct ringwall_draft {
	struct ringwall_policy policy;
	struct ringwall_device_table devices;
};

/**
 * ringwall_draft_compile() - compile what @r asks for.
 * @ret: ringwall_draft_free() it
 * Errors: as ringwall_device_compile().
 */
int ringwall_draft_compile(const struct ringwall_resources *r, struct ringwall_draft *ret, struct ringwall_err *e);

void ringwall_draft_free(struct ringwall_draft *d);

#endif
