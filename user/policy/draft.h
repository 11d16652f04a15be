/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_DRAFT_H
#define RINGWALL_POLICY_DRAFT_H

/* What a container may do, from its configuration and policy to what the programs read. Pure: touches nothing but memory. */

#include "device.h"
#include "model.h"

/**
 * struct ringwall_section - what goes to one map under the policy's id.
 * @keys, @values: @n entries; keys are sorted, begin with the policy's id, which is 0 until the policy has one, and have no
 *	uninitialised padding: they are hashed
 */
struct ringwall_section {
	void *keys, *values;
	uint32_t n;
};

/* The maps whose keys begin with a policy's id; user/policy/store.c has their names and sizes. */
enum ringwall_section_kind {
	RINGWALL_SECTION_DEVICES,
	RINGWALL_SECTION_ADDRESSES4,
	RINGWALL_SECTION_ADDRESSES6,
	RINGWALL_SECTION_PORTS,
	RINGWALL_SECTION_NAMES,
	RINGWALL_SECTION_TOKENS,
	RINGWALL_SECTION_PATHS,
	RINGWALL_SECTION_SYSCALLS,
	RINGWALL_SECTIONS
};

/**
 * struct ringwall_draft - a policy that is not in the kernel yet.
 * @policy: all of it but id and generation, with the content hash
 * @section: malloc'ed
 * @gate: number of the gate that was seen to hook what it wants (ringwall_policy_gate()); 0: none was
 */
struct ringwall_draft {
	struct ringwall_policy policy;
	struct ringwall_section section[RINGWALL_SECTIONS];
	uint64_t gate;
};

/**
 * ringwall_draft_compile() - compile what config.json and a policy ask for together.
 * @r: config.json's list of devices; the rules that every container gets are appended
 * @m: NULL: config.json alone
 * @ret: ringwall_draft_free() it
 * Errors: -EINVAL, -E2BIG with the rule's origin; -ENOMEM.
 */
int ringwall_draft_compile(const struct ringwall_resources *r, const struct ringwall_model *m, struct ringwall_draft *ret,
			   struct ringwall_err *e);

/* The parts of it, each in its own file. They fill their members of @d->policy and their sections. */

/** ringwall_draft_network() - network-compile.c: egress, ingress, bind, families, types, netlink, names. */
int ringwall_draft_network(const struct ringwall_model *m, struct ringwall_draft *d, struct ringwall_err *e);

/** ringwall_draft_paths() - path-compile.c: files and exec. */
int ringwall_draft_paths(const struct ringwall_model *m, struct ringwall_draft *d, struct ringwall_err *e);

/** ringwall_draft_syscalls() - syscall-compile.c: what the gate is to refuse of system calls. */
int ringwall_draft_syscalls(const struct ringwall_model *m, struct ringwall_draft *d, struct ringwall_err *e);

/** ringwall_section_alloc() - room for @n entries, zeroed. */
int ringwall_section_alloc(struct ringwall_section *s, uint32_t n, size_t key_size, size_t value_size, struct ringwall_err *e);

/** ringwall_section_key_size(), ringwall_section_value_size(), ringwall_section_map() - of each kind; the map's name. */
size_t ringwall_section_key_size(enum ringwall_section_kind kind);
size_t ringwall_section_value_size(enum ringwall_section_kind kind);
const char *ringwall_section_map(enum ringwall_section_kind kind);

/** ringwall_draft_has_paths() - rules about files or programs, which need anchors. */
static inline bool ringwall_draft_has_paths(const struct ringwall_draft *d)
{
	return d->policy.sets & (1U << RINGWALL_SET_FILE | 1U << RINGWALL_SET_EXEC);
}

void ringwall_draft_free(struct ringwall_draft *d);

#endif
