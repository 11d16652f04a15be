// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../user/process/bitlist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned long *mask = malloc(256 / 8);
	char *list = malloc(size + 1);
	int r, bits = 0;

	if (!mask || !list)
		abort();
	memcpy(list, data, size);
	list[size] = '\0';
	r = ringwall_bitlist_parse(list, mask, 256);
	for (size_t i = 0; i < 256 / 8 / sizeof(*mask); i++)
		bits += __builtin_popcountl(mask[i]);
	if (r >= 0 ? r != bits : r != -EINVAL && r != -ERANGE)
		abort();
	free(list);
	free(mask);
	return 0;
}
