/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_SWEEP_H
#define RINGWALL_POLICY_SWEEP_H

/* Taking away what a policy or a container that is gone has left in a map that all share. */

#include <stdbool.h>
#include <stddef.h>

/**
 * ringwall_sweep() - delete every entry of hash map @fd whose key is @dead.
 * Entries that come meanwhile may or may not be seen: their policy or slot is alive.
 * Errors: -ENOMEM, those of bpf(2); some may have been deleted.
 */
int ringwall_sweep(int fd, size_t key_size, size_t value_size, bool (*dead)(const void *key, const void *data),
		   const void *data);

#endif
