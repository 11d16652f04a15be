/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_CLOCK_H
#define RINGWALL_CLOCK_H

#include <stdint.h>
#include <time.h>

/** ringwall_clock_ms() - milliseconds that never run backwards, for time limits (CLOCK_MONOTONIC). */
static inline int64_t ringwall_clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

#endif
