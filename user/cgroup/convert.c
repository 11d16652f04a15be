// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>

#include "../process/bitlist.h"
#include "internal.h"

#define LONG_BITS (8 * sizeof(unsigned long))

/* log2 of @x ≥ 1 by squaring: without libm, which nothing else in the binary wants. Exact to about 1e-14. */
static double binary_log(uint64_t x)
{
	int whole = 63 - __builtin_clzll(x);
	double m = (double)x / (double)(1ull << whole), weight = 1, sum = whole;

	for (int i = 0; i < 50; i++) {
		m *= m;
		weight /= 2;
		if (m >= 2) {
			m /= 2;
			sum += weight;
		}
	}
	return sum;
}

/* 10 to the power of @x, 0 ≤ @x < 5: the whole part by multiplication, the rest by the exponential series. */
static double power_of_ten(double x)
{
	int whole = (int)x;
	double y = (x - whole) * 2.302585092994045684, term = 1, sum = 1;

	for (int i = 1; i < 40; i++) {
		term *= y / i;
		sum += term;
	}
	while (whole--)
		sum *= 10;
	return sum;
}

/*
 * Runtimes once mapped the two ranges linearly, which gave the default of 1024 shares a weight of 39 instead of 100.
 * Since runc 1.3.2 and crun 1.23 a quadratic in log2 fits minimum, default and maximum:
 * weight = ⌈10 ^ ((l² + 125 l) / 612 − 7 / 34)⌉, l = log2(shares).
 */
uint64_t ringwall_convert_shares(uint64_t shares)
{
	double l, w;
	uint64_t floor;

	if (shares == 0)
		return 0;
	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	l = binary_log(shares);
	w = power_of_ten((l * l + 125 * l) / 612 - 7.0 / 34);
	floor = (uint64_t)w;
	/* 1024 is 100 exactly, whatever the last bits of the arithmetic say. */
	return w - (double)floor > 1e-9 ? floor + 1 : floor;
}

uint64_t ringwall_convert_blkio(uint16_t weight)
{
	if (weight == 0)
		return 0;
	return weight < 10 ? 1 : 1 + (uint64_t)(weight - 10) * 9999 / 990;
}

int ringwall_convert_swap(int64_t swap, int64_t memory, bool *ret_set, int64_t *ret, struct ringwall_err *e)
{
	static const char field[] = "linux.resources.memory.swap";

	/* Unlimited memory with swap not mentioned: cgroup v1 took that for both. */
	if (swap == 0 && memory != -1) {
		*ret_set = false;
		return 0;
	}
	if (swap == 0 || swap == -1 || memory == -1) {
		if (swap < -1)
			return ringwall_fail_plain(e, -EINVAL, "%s: %lld is negative", field, (long long)swap);
		*ret_set = true;
		*ret = swap ?: -1;
		return 0;
	}
	if (memory == 0)
		return ringwall_fail_plain(e, -EINVAL, "%s: a swap limit needs a memory limit beside it", field);
	if (memory < 0)
		return ringwall_fail_plain(e, -EINVAL, "linux.resources.memory.limit: %lld is negative",
					   (long long)memory);
	if (swap < memory)
		return ringwall_fail_plain(e, -EINVAL,
					   "%s: %lld counts memory and swap together and cannot be less than "
					   "memory.limit %lld",
					   field, (long long)swap, (long long)memory);
	*ret_set = true;
	*ret = swap - memory;
	return 0;
}

uint64_t ringwall_convert_quota(int64_t quota, uint64_t period)
{
	unsigned __int128 usec;

	if (quota <= 0)
		return UINT64_MAX;
	/* systemd keeps whole percents, 10 ms per second; less than asked for would break a child's own quota. */
	usec = (unsigned __int128)quota * 1000000 / (period ?: 100000);
	usec = (usec + 9999) / 10000 * 10000;
	return usec > UINT64_MAX - 1 ? UINT64_MAX - 1 : (uint64_t)usec;
}

int ringwall_convert_cpus(const char *list, uint8_t *ret, size_t size, size_t *ret_len)
{
	unsigned long mask[8192 / LONG_BITS];
	int r = ringwall_bitlist_parse(list, mask, 8192);
	size_t len = 0;

	if (r <= 0)
		return r < 0 ? r : -EINVAL;
	memset(ret, 0, size);
	for (size_t i = 0; i < 8192; i++) {
		if (!(mask[i / LONG_BITS] >> i % LONG_BITS & 1))
			continue;
		len = i / 8 + 1;
		if (len > size)
			return -ERANGE;
		ret[i / 8] |= (uint8_t)(1u << i % 8);
	}
	*ret_len = len;
	return 0;
}
