/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_DEVICE_H
#define RINGWALL_POLICY_DEVICE_H

/* Device rules, compiled to what bpf/device.bpf.c looks up. Pure: touches nothing but memory. */

#include "../../bpf/abi.h"
#include "../lib/err.h"
#include "../oci/config.h"

#define RINGWALL_DEVICE_RULES_MAX 4096U   /* of one list */
#define RINGWALL_DEVICE_ENTRIES_MAX 8192U /* that one list may compile to */

/**
 * struct ringwall_device_table - a compiled rule list.
 * @keys, @verdicts: @n entries sorted by key; policy_id in the keys is 0 until the policy has an id
 * @fallback: verdict of what no key matches; [0] block, [1] character devices
 * @flags: RINGWALL_POLICY_DEVICE_*
 */
struct ringwall_device_table {
	struct ringwall_device_key *keys;
	struct ringwall_device_verdict *verdicts;
	uint32_t n, flags;
	struct ringwall_device_verdict fallback[2];
};

/** ringwall_device_defaults() - the rules that every container gets after its own, as runc appends them. */
const struct ringwall_device_rule *ringwall_device_defaults(size_t *ret_n);

/**
 * ringwall_device_compile() - compile a rule list followed by ringwall_device_defaults().
 * For each access bit the last rule that matches decides (runtime-spec, config-linux.md "Allowed Device list"); what no
 * rule matches is refused. Type 'a' is both 'b' and 'c'.
 * @ret: ringwall_device_free() it
 * Errors: -EINVAL for a type or number that cannot be, -E2BIG past the limits above, -ENOMEM.
 */
int ringwall_device_compile(const struct ringwall_device_rule *rules, size_t n, struct ringwall_device_table *ret,
			    struct ringwall_err *e);

/**
 * ringwall_device_intersect() - the same, allowing only what a policy's list allows as well: there the last rule that matches
 * decides, too, and what none matches stays allowed. Its rules are numbered behind the defaults.
 */
int ringwall_device_intersect(const struct ringwall_device_rule *rules, size_t n,
			      const struct ringwall_device_rule *narrowing, size_t n_narrowing,
			      struct ringwall_device_table *ret, struct ringwall_err *e);

/**
 * ringwall_device_find() - what the compiled list says about one device, found as the program in the kernel finds it.
 * @type: 'b' or 'c'
 */
const struct ringwall_device_verdict *ringwall_device_find(const struct ringwall_device_table *t, char type,
							   uint32_t major, uint32_t minor);

void ringwall_device_free(struct ringwall_device_table *t);

#endif
