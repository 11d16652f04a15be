/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef RINGWALL_BPF_ABI_H
#define RINGWALL_BPF_ABI_H

/*
 * What the policy programs and user space agree on. A change that moves or reinterprets anything here takes a new
 * RINGWALL_ABI: programs and maps are pinned below /sys/fs/bpf/ringwall/RINGWALL_ABI, so that containers of the old
 * version go on being enforced by the old programs until they are gone.
 *
 * Handles. Slots (containers) and policies are named by a 32-bit handle: the index in its table in the low
 * RINGWALL_INDEX_BITS, the entry's generation above. The entry holds its own handle; whoever follows a handle
 * compares them, so that a handle that outlived its entry leads nowhere, and nowhere means: everything is denied.
 * Generations start at 1, hence 0 is no handle.
 */

#include <linux/types.h>

#define RINGWALL_ABI 1

#define RINGWALL_INDEX_BITS 12
#define RINGWALL_INDEX_MASK ((1U << RINGWALL_INDEX_BITS) - 1)
#define RINGWALL_GENERATION_MAX ((1U << (32 - RINGWALL_INDEX_BITS)) - 1)

#define RINGWALL_CONTAINERS_MAX (1U << RINGWALL_INDEX_BITS)
#define RINGWALL_POLICIES_MAX (1U << RINGWALL_INDEX_BITS)
#define RINGWALL_DEVICES_MAX 16384U /* entries of all policies together */

/* enum of container.state: who may take a slot away. Written under the runtimes' lock, programs do not read it. */
#define RINGWALL_SLOT_FREE 0U
#define RINGWALL_SLOT_CLAIMED 1U  /* attach has not finished; without a lock holder its runtime was killed */
#define RINGWALL_SLOT_ATTACHED 2U

/* container.classes */
#define RINGWALL_CLASS_DEVICE (1U << 0)

/**
 * struct ringwall_container - one slot.
 * @slot: own handle; 0 while free. First member written last, and the first to be cleared.
 * @generation: of the last handle given out for this entry; survives the container
 * @policy_id: the one word that decides; every hook reads it once per event
 * @state: RINGWALL_SLOT_*
 * @classes: RINGWALL_CLASS_* that have a link pinned
 * @phase: for the LSM classes (SETUP, ARMED)
 * @cgroup_id: inode number of the container's cgroup
 * @id_hash: of the whole container id, which @id may be too short for
 * @id: for people who read map dumps; NUL-padded, cut at 63
 */
struct ringwall_container {
	__u32 slot;
	__u32 generation;
	__u32 policy_id;
	__u32 state;
	__u32 classes;
	__u32 phase;
	__u64 cgroup_id;
	__u64 id_hash;
	char id[64];
	__u64 reserved[3];
};

/* access bits: the kernel's BPF_DEVCG_ACC_* values */
#define RINGWALL_ACCESS_MKNOD 1U
#define RINGWALL_ACCESS_READ 2U
#define RINGWALL_ACCESS_WRITE 4U
#define RINGWALL_ACCESS_ALL 7U

#define RINGWALL_DEVICE_ANY 0xffffffffU /* wildcard major or minor */

/**
 * struct ringwall_device_verdict - what a policy says about a device.
 * @allowed: access bits
 * @rule: for each access bit that is refused, the rule that refuses it (1-based place in the rule list), 0: no rule
 *        allows it. Always 0 for an allowed bit, so that lists that mean the same make the same policy.
 */
struct ringwall_device_verdict {
	__u32 allowed;
	__u32 rule[3]; /* mknod, read, write */
};

/* Key of `devices`. The entry of the most specific key decides alone: (major, minor), (major, *), (*, minor). */
struct ringwall_device_key {
	__u32 policy_id;
	__u32 type; /* BPF_DEVCG_DEV_BLOCK, BPF_DEVCG_DEV_CHAR */
	__u32 major;
	__u32 minor;
};

/* policy.flags: which kinds of device keys the policy has at all; without any its defaults decide alone */
#define RINGWALL_POLICY_DEVICE_EXACT (1U << 0)
#define RINGWALL_POLICY_DEVICE_MAJOR (1U << 1)
#define RINGWALL_POLICY_DEVICE_MINOR (1U << 2)

/**
 * struct ringwall_policy - one policy; many containers may have it.
 * @id: own handle; 0 while free. Written last, cleared first: programs compare it before and after they decide.
 * @generation: of the last handle given out for this entry
 * @flags: RINGWALL_POLICY_*
 * @device_default: verdict for devices without an entry; [0] block, [1] character
 * @sha256: of everything the policy says; same content, same policy
 */
struct ringwall_policy {
	__u32 id;
	__u32 generation;
	__u32 flags;
	__u32 n_devices;
	__u8 sha256[32];
	struct ringwall_device_verdict device_default[2];
	__u64 reserved[22]; /* bit sets of the classes to come */
};

/* Value of `attachments`, the storage of a cgroup's attachments; zero until its container is complete: all denied. */
struct ringwall_attachment {
	__u32 slot;
	__u32 reserved;
};

_Static_assert(sizeof(struct ringwall_container) == 128, "struct ringwall_container is ABI");
_Static_assert(sizeof(struct ringwall_device_verdict) == 16, "struct ringwall_device_verdict is ABI");
_Static_assert(sizeof(struct ringwall_device_key) == 16, "struct ringwall_device_key is ABI");
_Static_assert(sizeof(struct ringwall_policy) == 256, "struct ringwall_policy is ABI");
_Static_assert(sizeof(struct ringwall_attachment) == 8, "struct ringwall_attachment is ABI");

#endif
