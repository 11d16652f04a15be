/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_PROCESS_BITLIST_H
#define RINGWALL_PROCESS_BITLIST_H

#include <stddef.h>

/**
 * ringwall_bitlist_parse() - the kernel's list format "0-3,7" (cpuset(7), "List format") as a bit mask.
 * @list: decimal numbers and ranges, separated by commas; empty list: no bits
 * @mask: bit n of the array is number n; zeroed first
 * @bits: size of @mask, a multiple of the bits of a long
 *
 * Return: the count of bits set, -EINVAL for anything else than the format (signs, blanks, empty items, ranges
 * that run backwards), -ERANGE for a number that @mask has no place for.
 */
int ringwall_bitlist_parse(const char *list, unsigned long *mask, size_t bits);

#endif
