/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_STORE_H
#define RINGWALL_POLICY_STORE_H

/*
 * Policies in the kernel: the entries of `policies`, and the maps keyed by their ids. Nobody counts references: a policy
 * is in use while a slot names it, which stays true whoever gets killed. Policies that no slot names are kept, as the next
 * container most likely wants the same, and are collected when one of the maps is full.
 */

#include "draft.h"
#include "table.h"

/**
 * ringwall_store_intern() - the id of the policy that says what @d says; written if there is none. Wants the lock.
 * Errors: -ENOSPC too many different policies or device entries are in use; nothing has changed then.
 */
int ringwall_store_intern(const struct ringwall_draft *d, uint32_t *ret_id, struct ringwall_err *e);

#endif
