// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bitlist.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#define LONG_BITS (sizeof(long) * CHAR_BIT)

/* Digits only: strtoul() would take blanks and signs. */
static int number_parse(const char **s, size_t limit, size_t *ret)
{
	size_t n = 0;

	if (**s < '0' || **s > '9')
		return -EINVAL;
	for (; **s >= '0' && **s <= '9'; (*s)++) {
		n = n * 10 + (size_t)(**s - '0');
		if (n >= limit)
			return -ERANGE;
	}
	*ret = n;
	return 0;
}

static int range_parse(const char **s, size_t limit, size_t *ret_from, size_t *ret_to)
{
	int r = number_parse(s, limit, ret_from);

	if (r)
		return r;
	*ret_to = *ret_from;
	if (**s != '-')
		return 0;
	(*s)++;
	r = number_parse(s, limit, ret_to);
	if (r)
		return r;
	return *ret_to < *ret_from ? -EINVAL : 0;
}

int ringwall_bitlist_parse(const char *list, unsigned long *mask, size_t bits)
{
	const char *s = list;
	size_t from, to;
	int count = 0, r;

	memset(mask, 0, bits / CHAR_BIT);
	if (!*s)
		return 0;
	for (;;) {
		r = range_parse(&s, bits, &from, &to);
		if (r)
			return r;
		for (size_t i = from; i <= to; i++) {
			unsigned long bit = 1UL << (i % LONG_BITS);

			count += !(mask[i / LONG_BITS] & bit);
			mask[i / LONG_BITS] |= bit;
		}
		if (!*s)
			return count;
		if (*s++ != ',')
			return -EINVAL;
	}
}
