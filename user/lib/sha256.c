// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sha256.h"

#include <endian.h>
#include <string.h>

/* FIPS 180-4, 4.2.2: fractional parts of the cube roots of the first 64 primes. */
static const uint32_t k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t ror(uint32_t x, int n)
{
	return x >> n | x << (32 - n);
}

static inline uint32_t load32(const uint8_t *p)
{
	uint32_t x;

	memcpy(&x, p, sizeof(x));
	return be32toh(x);
}

/* 6.2.2, with the message schedule kept as a ring of 16 words. */
static void block_add(uint32_t state[8], const uint8_t *p)
{
	uint32_t w[16], v[8];

	memcpy(v, state, sizeof(v));
	for (int t = 0; t < 64; t++) {
		uint32_t t1, t2, a = v[0], e = v[4];

		if (t < 16) {
			w[t] = load32(p + 4 * t);
		} else {
			uint32_t w15 = w[(t - 15) & 15], w2 = w[(t - 2) & 15];

			w[t & 15] += (ror(w15, 7) ^ ror(w15, 18) ^ w15 >> 3) + w[(t - 7) & 15] +
				     (ror(w2, 17) ^ ror(w2, 19) ^ w2 >> 10);
		}
		t1 = v[7] + (ror(e, 6) ^ ror(e, 11) ^ ror(e, 25)) + ((e & v[5]) ^ (~e & v[6])) + k[t] + w[t & 15];
		t2 = (ror(a, 2) ^ ror(a, 13) ^ ror(a, 22)) + ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
		v[7] = v[6];
		v[6] = v[5];
		v[5] = e;
		v[4] = v[3] + t1;
		v[3] = v[2];
		v[2] = v[1];
		v[1] = a;
		v[0] = t1 + t2;
	}
	for (int i = 0; i < 8; i++)
		state[i] += v[i];
}

void ringwall_sha256_init(struct ringwall_sha256 *s)
{
	/* 5.3.3: fractional parts of the square roots of the first 8 primes. */
	static const uint32_t start[8] = {
		0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
	};

	memcpy(s->state, start, sizeof(start));
	s->len = 0;
}

void ringwall_sha256_update(struct ringwall_sha256 *s, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t have = s->len % sizeof(s->block);

	s->len += len;
	if (have && len) {
		size_t n = sizeof(s->block) - have;

		if (n > len)
			n = len;
		memcpy(s->block + have, p, n);
		if (have + n < sizeof(s->block))
			return;
		block_add(s->state, s->block);
		p += n;
		len -= n;
	}
	for (; len >= sizeof(s->block); p += sizeof(s->block), len -= sizeof(s->block))
		block_add(s->state, p);
	if (len)
		memcpy(s->block, p, len);
}

void ringwall_sha256_final(struct ringwall_sha256 *s, uint8_t ret[RINGWALL_SHA256_SIZE])
{
	static const uint8_t pad[64] = { 0x80 };
	uint64_t bits = htobe64(s->len * 8);
	size_t have = s->len % sizeof(s->block);

	/* 5.1.1: a one bit, zeroes up to 8 bytes short of a block, the length. */
	ringwall_sha256_update(s, pad, have < 56 ? 56 - have : 120 - have);
	ringwall_sha256_update(s, &bits, sizeof(bits));
	for (int i = 0; i < 8; i++) {
		uint32_t x = htobe32(s->state[i]);

		memcpy(ret + 4 * i, &x, sizeof(x));
	}
}

void ringwall_sha256_hex(const uint8_t digest[RINGWALL_SHA256_SIZE], char ret[RINGWALL_SHA256_HEX])
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < RINGWALL_SHA256_SIZE; i++) {
		ret[2 * i] = digits[digest[i] >> 4];
		ret[2 * i + 1] = digits[digest[i] & 15];
	}
	ret[2 * RINGWALL_SHA256_SIZE] = '\0';
}
