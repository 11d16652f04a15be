/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_OWN_H
#define RINGWALL_POLICY_OWN_H

/*
 * The map `own`: ids of the objects that are Ringwall's, which class tamper keeps confined processes away from. Where that
 * class is not loaded there is no such map, and nothing to do. All functions want the lock.
 */

#include <stdbool.h>
#include <stdint.h>

#include "../lib/err.h"

/** ringwall_own_loading() - while objects are made whose ids are not known yet, every object counts as Ringwall's. */
int ringwall_own_loading(bool on, struct ringwall_err *e);

/** ringwall_own_register() - take in everything that is pinned, but for containers' links. */
int ringwall_own_register(struct ringwall_err *e);

/** ringwall_own_add_link() - @ret_id: for ringwall_own_remove_link(); 0 where there is no map. */
int ringwall_own_add_link(int link_fd, uint32_t *ret_id, struct ringwall_err *e);
void ringwall_own_remove_link(uint32_t id);

/** ringwall_own_forget_gate() - what is pinned in @path is about to go: the gate's programs and links, which come and go. */
void ringwall_own_forget_gate(const char *path);

#endif
