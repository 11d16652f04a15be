/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_ADDRESS_H
#define RINGWALL_POLICY_ADDRESS_H

/*
 * Prefixes, compiled to what bpf/network.bpf.h searches: see "Address → class" in bpf/abi.h. Pure: touches nothing but
 * memory.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../bpf/abi.h"
#include "../lib/err.h"

/* One less than a root has room for: so many are searched in 4 steps, one more would take 5. */
#define RINGWALL_ADDRESS_LENGTHS (RINGWALL_LENGTHS_MAX - 1)

/* Lengths are also taken away to save a lookup, as long as there are not more than so many times the entries. */
#define RINGWALL_ADDRESS_GROWTH 2

/**
 * struct ringwall_prefix - an address range, or a marker for one.
 * @leaf: in a compiled tree: no longer prefix lies within
 * @address: network order, IPv4 in the first 4 bytes; zero behind the prefix
 */
struct ringwall_prefix {
	uint8_t address[16];
	uint8_t length;
	bool leaf;
	uint32_t class;
};

/** struct ringwall_address_tree - one family of one direction. @entry: @n of them, sorted by length and address. */
struct ringwall_address_tree {
	struct ringwall_tree_root root;
	struct ringwall_prefix *entry;
	size_t n;
};

/** ringwall_prefix_compare() - for qsort: by address, then by length, so that what covers comes before what is covered. */
int ringwall_prefix_compare(const void *a, const void *b);

/** ringwall_prefix_covers() - is @address in @p? */
bool ringwall_prefix_covers(const struct ringwall_prefix *p, const uint8_t address[16]);

/**
 * ringwall_address_compile() - the tree that leads each address to the class of the longest prefix that has it.
 * Where prefixes have more lengths than RINGWALL_ADDRESS_LENGTHS, the shorter ones of a length are replaced by all
 * longer ones they consist of, at the length where that costs least, until it fits; and further while that is cheap.
 * @list: sorted by ringwall_prefix_compare(), no two the same, none of length 0
 * @class: of what no prefix has
 * @max: entries that there may be
 * @ret: ringwall_address_free() it
 * Errors: -E2BIG, -ENOMEM.
 */
int ringwall_address_compile(const struct ringwall_prefix *list, size_t n, uint32_t class, size_t max,
			     struct ringwall_address_tree *ret, struct ringwall_err *e);

/** ringwall_address_find() - the class of @address, found as the programs in the kernel find it. */
uint32_t ringwall_address_find(const struct ringwall_address_tree *t, const uint8_t address[16]);

void ringwall_address_free(struct ringwall_address_tree *t);

#endif
