// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sweep.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "bpf.h"

#define BATCH 4096U

/* Moves the keys that are dead to the front; returns how many. */
static uint32_t pick(char *keys, uint32_t n, size_t size, bool (*dead)(const void *key, const void *data), const void *data)
{
	uint32_t k = 0;

	for (uint32_t i = 0; i < n; i++)
		if (dead(keys + i * size, data))
			memmove(keys + k++ * size, keys + i * size, size);
	return k;
}

int ringwall_sweep(int fd, size_t key_size, size_t value_size, bool (*dead)(const void *key, const void *data),
		   const void *data)
{
	_cleanup_free_ char *keys = calloc(BATCH, key_size), *values = calloc(BATCH, value_size);
	uint32_t at, n, *in = NULL;
	int err = 0;

	if (!keys || !values)
		return -ENOMEM;
	while (!err) {
		uint32_t k;

		n = BATCH;
		err = ringwall_bpf_read_all(fd, in, &at, keys, values, &n);
		if (err < 0 && err != -ENOENT)
			return err;
		in = &at;
		k = pick(keys, n, key_size, dead, data);
		for (uint32_t i = 0; i < k; i++)
			ringwall_bpf_delete(fd, keys + i * key_size);
	}
	return 0;
}
