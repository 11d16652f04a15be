/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_SHA256_H
#define RINGWALL_POLICY_SHA256_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct ringwall_sha256 - a hash in the making (FIPS 180-4). Ours, as start-up has no room for a crypto library.
 */
struct ringwall_sha256 {
	uint32_t state[8];
	uint64_t len;
	uint8_t block[64];
};

void ringwall_sha256_init(struct ringwall_sha256 *h);
void ringwall_sha256_add(struct ringwall_sha256 *h, const void *data, size_t len);
void ringwall_sha256_end(struct ringwall_sha256 *h, uint8_t ret[32]);

#endif
