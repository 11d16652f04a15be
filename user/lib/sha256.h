/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_SHA256_H
#define RINGWALL_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define RINGWALL_SHA256_SIZE 32
#define RINGWALL_SHA256_HEX (2 * RINGWALL_SHA256_SIZE + 1)

/*
 * SHA-256 (FIPS 180-4) over pieces. Names of cached filters and shared policies: whoever writes a config.json must
 * not be able to make it collide with another one's, so no faster hash will do. Nothing secret is hashed.
 */
struct ringwall_sha256 {
	uint32_t state[8];
	uint64_t len; /* bytes so far */
	uint8_t block[64];
};

void ringwall_sha256_init(struct ringwall_sha256 *s);
void ringwall_sha256_update(struct ringwall_sha256 *s, const void *data, size_t len);
/** ringwall_sha256_final() - the digest of all that was added; @s must be initialised again before further use. */
void ringwall_sha256_final(struct ringwall_sha256 *s, uint8_t ret[RINGWALL_SHA256_SIZE]);
/** ringwall_sha256_hex() - @digest in lower-case hexadecimal, NUL-terminated. */
void ringwall_sha256_hex(const uint8_t digest[RINGWALL_SHA256_SIZE], char ret[RINGWALL_SHA256_HEX]);

#endif
