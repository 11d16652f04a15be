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
 *
 * Rules. What refused something is named by a set (RINGWALL_SET_*) and a number in it. Sets that the compiler numbers
 * (devices, addresses, paths) count their rules from 1 in the order of the policy file, 0 is the set's default; in sets of
 * bits the number is the bit. User space keeps the file:line of each, the kernel knows numbers only.
 *
 * Maps that grow with policies have the policy's id as the first member of their key, so that all of them are written and
 * collected by the same code (user/policy/store.c).
 */

#include <linux/types.h>

/* A build with another number runs beside one with this (tests/integration/policy-upgrade.bats). */
#ifndef RINGWALL_ABI
#define RINGWALL_ABI 4
#endif

#define RINGWALL_INDEX_BITS 12
#define RINGWALL_INDEX_MASK ((1U << RINGWALL_INDEX_BITS) - 1)
#define RINGWALL_GENERATION_MAX ((1U << (32 - RINGWALL_INDEX_BITS)) - 1)

#define RINGWALL_CONTAINERS_MAX (1U << RINGWALL_INDEX_BITS)
#define RINGWALL_POLICIES_MAX (1U << RINGWALL_INDEX_BITS)

/* Entries of all policies together. Only those that exist take memory. */
#define RINGWALL_DEVICES_MAX 16384U
#define RINGWALL_ADDRESSES_MAX (1U << 19)
#define RINGWALL_PORTS_MAX 65536U
#define RINGWALL_NAMES_MAX 16384U
#define RINGWALL_PATHS_MAX (1U << 18)
#define RINGWALL_SYSCALL_ENTRIES_MAX 32768U

/* Entries of all containers together. */
#define RINGWALL_ANCHORS_MAX 65536U
#define RINGWALL_RESOLVED_MAX 32768U
#define RINGWALL_COUNTERS_MAX 65536U
#define RINGWALL_EVENTS_MAX 65536U
#define RINGWALL_OBSERVATIONS_MAX 65536U

/* enum of container.state: who may take a slot away. Written under the runtimes' lock, programs do not read it. */
#define RINGWALL_SLOT_FREE 0U
#define RINGWALL_SLOT_CLAIMED 1U  /* attach has not finished; without a lock holder its runtime was killed */
#define RINGWALL_SLOT_ATTACHED 2U

/* What a rule belongs to: event.set, counter_key.set; bit numbers of policy.audit, policy.learn and policy.sets. */
enum ringwall_set {
	RINGWALL_SET_DEVICE,	  /* numbered: config.json's list, then the policy's */
	RINGWALL_SET_EGRESS,	  /* numbered */
	RINGWALL_SET_INGRESS,	  /* numbered */
	RINGWALL_SET_BIND,	  /* numbered */
	RINGWALL_SET_FAMILY,	  /* AF_* */
	RINGWALL_SET_SOCKET_TYPE, /* SOCK_* without flags */
	RINGWALL_SET_NETLINK,	  /* NETLINK_* */
	RINGWALL_SET_FILE,	  /* numbered */
	RINGWALL_SET_EXEC,	  /* numbered, together with FILE */
	RINGWALL_SET_KERNEL,	  /* RINGWALL_KERNEL_* */
	RINGWALL_SET_CAPABILITY,  /* CAP_* */
	RINGWALL_SET_SYSCALL,	  /* numbered */
	RINGWALL_SET_TAMPER,	  /* Ringwall's own objects; no policy switches it off or to audit */
	RINGWALL_SETS
};

/* Bits of policy.kernel: refused. */
enum ringwall_kernel {
	RINGWALL_KERNEL_MOUNT,	      /* mount(2), move_mount(2), a new filesystem instance, remount */
	RINGWALL_KERNEL_UMOUNT,
	RINGWALL_KERNEL_PIVOT_ROOT,
	RINGWALL_KERNEL_PTRACE,	      /* of processes of the same container */
	RINGWALL_KERNEL_PTRACE_OUT,   /* of others: ptrace, /proc/PID/mem, setns by pidfd */
	RINGWALL_KERNEL_SIGNAL_OUT,   /* to processes outside of the container */
	RINGWALL_KERNEL_BPF,
	RINGWALL_KERNEL_PERF,
	RINGWALL_KERNEL_KEYS,
	RINGWALL_KERNEL_MODULE,	      /* load, and have loaded on demand */
	RINGWALL_KERNEL_FIRMWARE,
	RINGWALL_KERNEL_KEXEC,
	RINGWALL_KERNEL_USERNS,
	RINGWALL_KERNEL_IO_URING,
	RINGWALL_KERNEL_USERFAULTFD,
	RINGWALL_KERNEL_UNIX_OUT,     /* connect or send to abstract unix sockets of processes outside */
	RINGWALL_KERNEL_SYSLOG,
	RINGWALL_KERNEL_SETTIME,
	RINGWALL_KERNEL_MEMFD_EXEC,   /* execute, or map executable, a file without a name in any file system */
	RINGWALL_KERNEL_BITS
};

#define RINGWALL_LINKS_MAX 16

/*
 * container.marked. CRIU works from inside of the processes that it saves and makes: what they do meanwhile is CRIU's doing, and
 * no business of the policy.
 */
#define RINGWALL_MARKED 1U
#define RINGWALL_MARKED_TRACED 2U /* but those that a process in phase TRACER traces are not confined */
#define RINGWALL_MARKED_MADE 3U	  /* nor are those in phase MADE: none of them has come to the container's own code */

/**
 * struct ringwall_container - one slot.
 * @slot: own handle; 0 while free. First member written last, and the first to be cleared.
 * @generation: of the last handle given out for this entry; survives the container
 * @policy_id: the one word that decides; every hook reads it once per event
 * @state: RINGWALL_SLOT_*
 * @links: bits of the cgroup programs that have a link pinned (row numbers in user/policy/slot.c)
 * @marked: RINGWALL_MARKED_*: the container's processes have task storage: the LSM classes reach it
 * @cgroup_id: inode number of the container's cgroup
 * @id_hash: of the whole container id, which @id may be too short for
 * @id: for people who read map dumps; NUL-padded, cut at 63
 * @anchor_bloom: bit (inode number % 64) is set for each anchor that is not the root of its file system
 * @events: how many events were written; entry N is at {slot, N % RINGWALL_EVENTS_KEPT}
 * @dropped: events that were not, for the rate or for want of room; the counters have them
 * @denied, @audited: all counters together; these never lose, even where RINGWALL_COUNTERS_MAX is reached
 * @bucket_ns, @bucket: token bucket of events: when it was last filled, and what is left in it
 * @observed: entries of `observations`
 * @unobserved: those that found no room: what is learnt is not complete
 * @anchored: it has entries in `anchors`; programs do not read it
 * @gated: it has, or had, a policy that wants the gate; programs do not read it
 * @link_id: for each of @links, its id where `own` has it
 * The members up to @id_hash are the same in every ABI: whoever finds an older directory can release its slots.
 */
struct ringwall_container {
	__u32 slot;
	__u32 generation;
	__u32 policy_id;
	__u32 state;
	__u32 links;
	__u32 marked;
	__u64 cgroup_id;
	__u64 id_hash;
	char id[64];
	__u64 anchor_bloom;
	__u64 events;
	__u64 dropped;
	__u64 denied;
	__u64 audited;
	__u64 bucket_ns;
	__u32 bucket;
	__u32 observed;
	__u64 unobserved;
	__u32 anchored;
	__u32 link_id[RINGWALL_LINKS_MAX];
	__u32 gated;
	__u32 reserved[4];
};

/* ---- devices ------------------------------------------------------------------------------------------------- */

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
#define RINGWALL_POLICY_NAMES (1U << 3) /* egress rules by DNS name */
#define RINGWALL_POLICY_LOOPBACK (1U << 4) /* the network namespace is the container's own: see bpf/network.bpf.h */

/* ---- network ------------------------------------------------------------------------------------------------- */

/*
 * An address leads to a class: all addresses that the same rules speak of. A class and (protocol, port) lead to the verdict.
 *
 * Address → class costs the same for ten prefixes and for ten thousand: for each direction and family the policy has a
 * sorted list of the prefix lengths that occur, and the longest match is searched by bisection over that list, one hash
 * lookup a step. For that, a prefix has markers in the lengths where a search for it passes; a marker holds the class of the
 * longest shorter prefix that covers it, so a search never goes back.
 */
#define RINGWALL_LENGTHS_MAX 16

enum ringwall_tree {
	RINGWALL_TREE_EGRESS4,
	RINGWALL_TREE_EGRESS6,
	RINGWALL_TREE_INGRESS4,
	RINGWALL_TREE_INGRESS6,
	RINGWALL_TREES
};

/**
 * struct ringwall_tree_root - where a search begins.
 * @n: prefix lengths in @length, ascending; none: @class holds for every address
 * @class: of what no prefix covers
 */
struct ringwall_tree_root {
	__u32 class;
	__u8 n;
	__u8 reserved[3];
	__u8 length[RINGWALL_LENGTHS_MAX];
};

/* Key of `addresses6`; @address in network order, zero behind the prefix. */
struct ringwall_address6_key {
	__u32 policy_id;
	__u16 tree;
	__u16 length;
	__u8 address[16];
};

/* The same for IPv4, of `addresses4`. Of its own, because a lookup costs by the length of its key. */
struct ringwall_address4_key {
	__u32 policy_id;
	__u16 tree;
	__u16 length;
	__u8 address[4];
};

/* Value of both. */
struct ringwall_address {
	__u32 class;
};
#define RINGWALL_ADDRESS_LEAF (1U << 30) /* in ringwall_address.class: no longer prefix lies within, the search is over */

/*
 * A class for which protocol and port do not matter has no entry in `ports`: it is the verdict, a ringwall_range.rule with
 * this bit, and RINGWALL_CLASS_DENY in place of RINGWALL_RANGE_DENY.
 */
#define RINGWALL_CLASS_FLAT (1U << 31)
#define RINGWALL_CLASS_DENY (1U << 29)

#define RINGWALL_CLASS_RANGES 62

/**
 * struct ringwall_range - from @start on until the next range starts.
 * @start: protocol << 16 | port (0 for protocols without ports)
 * @rule: refused by it, where RINGWALL_RANGE_DENY is set, 0: by default; otherwise 1: a rule allows it, 0: the default does
 */
struct ringwall_range {
	__u32 start;
	__u32 rule;
};
#define RINGWALL_RANGE_DENY (1U << 31) /* in ringwall_range.rule */

struct ringwall_ports_key {
	__u32 policy_id;
	__u32 class;
};

/* Value of `ports`. Ranges ascend, and the first starts at 0. */
struct ringwall_ports {
	__u32 n;
	__u32 reserved[3];
	struct ringwall_range range[RINGWALL_CLASS_RANGES];
};

#define RINGWALL_RESOLVERS_MAX 3
#define RINGWALL_NAME_MAX 116

/* Key of `names`: lower case, without the final dot, NUL-padded; for "*.example.com" it is ".example.com". */
struct ringwall_name_key {
	__u32 policy_id;
	__u32 length;
	char name[RINGWALL_NAME_MAX];
};

/**
 * struct ringwall_dns_name - value of `names`.
 * @token: stands for the name in `resolved`; the same in every policy (SHA-256 of the name, cut)
 */
struct ringwall_dns_name {
	__u64 token;
};

/* Key of `tokens`, which leads from what an address was resolved from to the class of that name's rules. */
struct ringwall_token_key {
	__u32 policy_id;
	__u32 reserved;
	__u64 token;
};

struct ringwall_token {
	__u32 class;
};

/* Key of `resolved`; @address as in struct ringwall_address6_key, IPv4 in its first 4 bytes; @family 4 or 6. */
struct ringwall_resolved_key {
	__u32 slot;
	__u32 family;
	__u8 address[16];
};

#define RINGWALL_RESOLVED_NAMES 4

/* Value of `resolved`: the names that have this address, each until its record's time to live is over (boot time, ns). */
struct ringwall_resolved {
	struct {
		__u64 token;
		__u64 expires;
	} name[RINGWALL_RESOLVED_NAMES];
};

/* ---- files and programs -------------------------------------------------------------------------------------- */

#define RINGWALL_FILE_READ (1U << 0)
#define RINGWALL_FILE_WRITE (1U << 1)	/* content, size, mode, owner */
#define RINGWALL_FILE_CREATE (1U << 2)	/* files, directories, nodes, links; the new name of a rename */
#define RINGWALL_FILE_DELETE (1U << 3)	/* unlink, rmdir; the old name of a rename */
#define RINGWALL_FILE_EXEC (1U << 4)	/* execve */
#define RINGWALL_FILE_MAP (1U << 5)	/* map executable */
#define RINGWALL_FILE_RIGHTS 6
#define RINGWALL_FILE_ALL ((1U << RINGWALL_FILE_RIGHTS) - 1)

/*
 * Paths are a trie of names. Edges are keyed by name; "*" is the edge for any other name. The compiler has made it
 * deterministic: an edge that matches is followed, there is no second try.
 */
#define RINGWALL_COMPONENT_MAX 54 /* longest name in a rule; a longer one in a file system matches only "*" */
#define RINGWALL_DEPTH_MAX 48	  /* directories between a file and its anchor; below that everything is refused */

/* Bits of a node's number: which kinds of edges leave it, so that none is looked up in vain. */
#define RINGWALL_NODE_ANY (1U << 31)   /* "*" */
#define RINGWALL_NODE_NAMES (1U << 30) /* names */

/* A name in words, its end zeroed; in the byte order of the machine. */
#define RINGWALL_NAME_WORDS ((RINGWALL_COMPONENT_MAX + 7) / 8)

/*
 * Of a name: begin with its length, then mix in word by word. It only has to spread: who finds the edge compares the name,
 * and whoever makes up names that meet a rule's in this gains a name that the rule does not mean.
 */
#define RINGWALL_NAME_MIX(hash, word) ((((hash) ^ (word)) * 0x9e3779b97f4a7c15ULL) ^ ((hash) >> 32))

/* Key of `paths`: the edge of a name that has this hash from @node; 0: the edge for any other name. */
struct ringwall_path_key {
	__u32 policy_id;
	__u32 node;
	__u64 hash;
};

/**
 * struct ringwall_path - value of `anchors`, and in that of `paths`: what holds where a walk has come to.
 * @node: for the edges that go on from here, with RINGWALL_NODE_*; 0: none do, @below decides about everything below
 * @self: rights refused for this very path
 * @below: rights refused below it, where no further edge matches
 * @under: a rule that speaks of something below here, so that a directory here may not be renamed; 0 where @node is 0
 * @self_rule, @below_rule: for each right that is refused, by which rule
 */
struct ringwall_path {
	__u32 node;
	__u8 self;
	__u8 below;
	__u16 under;
	__u16 self_rule[RINGWALL_FILE_RIGHTS];
	__u16 below_rule[RINGWALL_FILE_RIGHTS];
};

/* Value of `paths`: the edge's name, whole, and where it leads. @length 0: the edge for any other name. */
struct ringwall_edge {
	struct ringwall_path to;
	__u32 length;
	__u32 reserved;
	__u64 name[RINGWALL_NAME_WORDS];
};

/*
 * Key of `anchors`: the root of a mount that the container began with, as its file system names it (super_block.s_dev,
 * inode.i_ino). Names are matched from there. A walk goes up by dentries, not mounts: a bind mount of something is that thing.
 * @device 0: for every file system of a type that was not there when the container began; @inode is the type's magic number.
 */
struct ringwall_anchor_key {
	__u32 policy_id;
	__u32 slot;
	__u32 device;
	__u32 reserved;
	__u64 inode;
};

/* ---- system calls -------------------------------------------------------------------------------------------- */

/*
 * A system call is named by an id: its number on x86-64, or, if that does not have it, RINGWALL_SYSCALL_I386 + its number on
 * i386. So what one name stands for is one id, whichever entry it comes through (64-bit, int 0x80, x32).
 */
#define RINGWALL_SYSCALL_I386 512U
#define RINGWALL_SYSCALLS_MAX 1024U
#define RINGWALL_SYSCALL_WORDS (RINGWALL_SYSCALLS_MAX / 64)
#define RINGWALL_SYSCALL_DEVICE 1023U /* no system call: /dev/ringwall is being opened, which no container may */
#define RINGWALL_SYSCALL_ARGS 6

/* What a comparison does with (argument & mask) and value, unsigned. */
enum ringwall_compare {
	RINGWALL_COMPARE_EQ,
	RINGWALL_COMPARE_NE,
	RINGWALL_COMPARE_LT,
	RINGWALL_COMPARE_LE,
	RINGWALL_COMPARE_GT,
	RINGWALL_COMPARE_GE,
};

#define RINGWALL_COMPARE_LAST 0x80U /* in ringwall_comparison.op: with this one the alternative is complete */
#define RINGWALL_COMPARISONS_MAX 32

/**
 * struct ringwall_comparison - of one argument. Those up to one with RINGWALL_COMPARE_LAST are one alternative.
 * @rule, @error: of that last one: what decides where all of the alternative hold; @error 0: allowed
 */
struct ringwall_comparison {
	__u64 mask, value;
	__u32 rule;
	__u16 error;
	__u8 index;
	__u8 op;
};

/**
 * struct ringwall_syscall - value of `syscalls`: the first alternative that holds decides, or else @error and @rule.
 * @error: 0: allowed
 */
struct ringwall_syscall {
	__u32 rule;
	__u16 error;
	__u16 n;
	struct ringwall_comparison c[RINGWALL_COMPARISONS_MAX];
};

/* Key of `syscalls`. */
struct ringwall_syscall_key {
	__u32 policy_id;
	__u32 id;
};

/**
 * struct ringwall_hooked - value of `hooked`, which programs do not read: what the gate stands before. Written under the runtimes'
 * lock.
 * @ids: bit 1 << id: every entry function that this kernel has of it is hooked; set when that is done
 * @absent: there is none that can be hooked
 * @again: was hooked, and is to be again: somebody was about to, and has not come to the end of it
 */
struct ringwall_hooked {
	__u64 ids[RINGWALL_SYSCALL_WORDS];
	__u64 absent[RINGWALL_SYSCALL_WORDS];
	__u64 again[RINGWALL_SYSCALL_WORDS];
};

/* ---- policies ------------------------------------------------------------------------------------------------ */

/**
 * struct ringwall_policy - one policy; many containers may have it.
 * @id: own handle; 0 while free. Written last, cleared first: programs compare it before and after they decide.
 * @generation: of the last handle given out for this entry
 * @flags: RINGWALL_POLICY_*
 * @sha256: of everything the policy says; same content, same policy
 * @sets: bit 1 << RINGWALL_SET_*: the set has rules; without it nothing of that kind is looked at
 * @audit: sets whose refusals are counted and reported, and then allowed
 * @learn: sets whose refusals are recorded in `observations` as well
 * @device_default: verdict for devices without an entry; [0] block, [1] character
 * @kernel, @capabilities, @families: refused bits
 * @socket_types, @netlink: refused bits
 * @tree: EGRESS and INGRESS
 * @bind_class: class of (protocol, port) for bind
 * @resolvers: whose DNS answers count, as in struct ringwall_resolved_key, @resolver_family 4, 6 or 0: none
 * @root: the trie's root: the verdict for paths that no rule matches, and unanchored files
 * @syscall_ruled: bit 1 << id: `syscalls` says what holds for it
 * @syscall_refused: bit 1 << id: without an entry there: refused by the default, with @syscall_error
 */
struct ringwall_policy {
	__u32 id;
	__u32 generation;
	__u32 flags;
	__u32 sets;
	__u8 sha256[32];
	__u32 audit;
	__u32 learn;
	struct ringwall_device_verdict device_default[2];
	__u64 kernel;
	__u64 capabilities;
	__u64 families;
	__u32 socket_types;
	__u32 netlink;
	struct ringwall_tree_root tree[RINGWALL_TREES];
	__u32 bind_class;
	__u8 resolver_family[RINGWALL_RESOLVERS_MAX + 1];
	__u8 resolvers[RINGWALL_RESOLVERS_MAX][16];
	struct ringwall_path root;
	__u64 syscall_ruled[RINGWALL_SYSCALL_WORDS];
	__u64 syscall_refused[RINGWALL_SYSCALL_WORDS];
	__u32 syscall_error;
	__u32 reserved_word;
	__u64 reserved[57];
};

/* Value of `attachments`, the storage of a cgroup's attachments; zero until its container is complete: all denied. */
struct ringwall_attachment {
	__u32 slot;
	__u32 reserved;
};

/* Value of `tasks`, the storage of every process and thread of a container; copied when they fork. */
struct ringwall_task {
	__u32 slot;
	__u32 phase;
};
#define RINGWALL_PHASE_SETUP 1U /* still Ringwall's own program; turns ARMED at its next execve, which is checked already */
#define RINGWALL_PHASE_ARMED 2U
#define RINGWALL_PHASE_MADE 3U	 /* as ARMED, but by CRIU, and without an execve: container.marked says when it holds */
#define RINGWALL_PHASE_TRACER 4U /* CRIU and its helpers, while it saves or makes the container: outside of it */

/*
 * Key of `own`: Ringwall's objects, which confined processes are refused whatever their policy says (RINGWALL_SET_TAMPER;
 * @kind is the rule's number). Written by whoever makes the objects, removed with them.
 */
struct ringwall_own_key {
	__u32 kind;
	__u32 id;
};

#define RINGWALL_OWN_LOADING 0U /* id 0: objects are being made whose ids are not here yet: refuse every one */
#define RINGWALL_OWN_MAP 1U
#define RINGWALL_OWN_PROG 2U
#define RINGWALL_OWN_LINK 3U
#define RINGWALL_OWN_DIRECTORY 4U /* id: inode number of the directory of the pins, cut to 32 bits */
#define RINGWALL_OWN_DEVICE 5U	  /* /dev/ringwall; a rule's number only */
#define RINGWALL_OWN_MAX (1U << 17)

/* ---- reports ------------------------------------------------------------------------------------------------- */

/* What was to be done: object.op. */
enum ringwall_operation {
	RINGWALL_DO_DEVICE, /* arg: type (BPF_DEVCG_DEV_*), major, minor, access */
	RINGWALL_DO_CONNECT, RINGWALL_DO_SEND, RINGWALL_DO_RECEIVE, RINGWALL_DO_BIND, /* address, port, protocol, family */
	RINGWALL_DO_SOCKET,  /* arg: family, type, protocol */
	RINGWALL_DO_OPEN, RINGWALL_DO_CREATE, RINGWALL_DO_DELETE, RINGWALL_DO_RENAME, RINGWALL_DO_LINK, RINGWALL_DO_CHANGE,
	RINGWALL_DO_EXEC, RINGWALL_DO_MAP, /* rights, path */
	RINGWALL_DO_KERNEL,  /* arg: RINGWALL_KERNEL_*, then its own: signal number, target's pid, bpf command, … */
	RINGWALL_DO_CAPABLE, /* arg: CAP_* */
	RINGWALL_DO_SYSCALL, /* arg: id, 1: a 32-bit entry */
};

#define RINGWALL_OBJECT_PATH 192
#define RINGWALL_OBJECT_CUT 1U	      /* object.flags: the path is longer; its beginning is missing */
#define RINGWALL_OBJECT_UNANCHORED 2U /* the path begins at the root of its file system, whatever that is mounted on */

/**
 * struct ringwall_object - what something was to be done to. Every byte that is not used is zero: it is a key.
 * @arg: see enum ringwall_operation
 * @device, @inode: of the anchor that @path is below
 * @path: names from the last to the first, each followed by a NUL
 */
struct ringwall_object {
	__u8 op;
	__u8 set;
	__u8 rights;
	__u8 flags;
	__u16 port; /* host order */
	__u8 protocol;
	__u8 family; /* 4, 6 */
	__u32 arg[4];
	__u8 address[16];
	__u32 device;
	__u32 reserved;
	__u64 inode;
	char path[RINGWALL_OBJECT_PATH];
};

/* Key of `observations`; the value counts. */
struct ringwall_observation_key {
	__u32 slot;
	__u32 rule;
	struct ringwall_object object;
};

#define RINGWALL_EVENT_EXE 160
#define RINGWALL_EVENTS_KEPT 128U /* of one container: the last ones */
#define RINGWALL_EVENTS_BURST 64U /* token bucket: this many at once, */
#define RINGWALL_EVENTS_RATE 32U  /* and this many in a second */

#define RINGWALL_VERDICT_DENIED 1U
#define RINGWALL_VERDICT_AUDITED 2U

/**
 * struct ringwall_event - one refusal. Value of `events`.
 * @sequence: @number + 1, written last; 0: being written. A reader reads it before and after.
 * @number: of the event among those of its container
 * @time: ns since boot (CLOCK_BOOTTIME)
 * @error: what the caller gets, as a positive errno; 0 where it was allowed
 * @pid, @tid: in the initial pid namespace; 0: no process is known (packets)
 * @exe: of the process, as object.path; empty: not known here, ask /proc/PID/exe
 * @what: slot, rule and object
 */
struct ringwall_event {
	__u64 sequence;
	__u64 number;
	__u64 time;
	__u32 policy_id;
	__u32 verdict;
	__u32 error;
	__u32 pid;
	__u32 tid;
	__u32 uid;
	char comm[16];
	char exe[RINGWALL_EVENT_EXE];
	struct ringwall_observation_key what;
};

/* Key of `events`. */
struct ringwall_event_key {
	__u32 slot;
	__u32 index; /* number % RINGWALL_EVENTS_KEPT */
};

/* Key of `counters`. */
struct ringwall_counter_key {
	__u32 slot;
	__u32 policy_id;
	__u32 set;
	__u32 rule;
};

struct ringwall_counter {
	__u64 denied;
	__u64 audited;
};

#define RINGWALL_OBSERVATIONS_OF_ONE 4096U /* of one container */

_Static_assert(sizeof(struct ringwall_container) == 256, "struct ringwall_container is ABI");
_Static_assert(sizeof(struct ringwall_device_verdict) == 16, "struct ringwall_device_verdict is ABI");
_Static_assert(sizeof(struct ringwall_device_key) == 16, "struct ringwall_device_key is ABI");
_Static_assert(sizeof(struct ringwall_tree_root) == 24, "struct ringwall_tree_root is ABI");
_Static_assert(sizeof(struct ringwall_address6_key) == 24, "struct ringwall_address6_key is ABI");
_Static_assert(sizeof(struct ringwall_address4_key) == 12, "struct ringwall_address4_key is ABI");
_Static_assert(sizeof(struct ringwall_address) == 4, "struct ringwall_address is ABI");
_Static_assert(sizeof(struct ringwall_ports_key) == 8, "struct ringwall_ports_key is ABI");
_Static_assert(sizeof(struct ringwall_ports) == 512, "struct ringwall_ports is ABI");
_Static_assert(sizeof(struct ringwall_name_key) == 124, "struct ringwall_name_key is ABI");
_Static_assert(sizeof(struct ringwall_dns_name) == 8, "struct ringwall_dns_name is ABI");
_Static_assert(sizeof(struct ringwall_token_key) == 16, "struct ringwall_token_key is ABI");
_Static_assert(sizeof(struct ringwall_token) == 4, "struct ringwall_token is ABI");
_Static_assert(sizeof(struct ringwall_resolved_key) == 24, "struct ringwall_resolved_key is ABI");
_Static_assert(sizeof(struct ringwall_resolved) == 64, "struct ringwall_resolved is ABI");
_Static_assert(sizeof(struct ringwall_path_key) == 16, "struct ringwall_path_key is ABI");
_Static_assert(sizeof(struct ringwall_edge) == 96, "struct ringwall_edge is ABI");
_Static_assert(sizeof(struct ringwall_path) == 32, "struct ringwall_path is ABI");
_Static_assert(sizeof(struct ringwall_anchor_key) == 24, "struct ringwall_anchor_key is ABI");
_Static_assert(sizeof(struct ringwall_comparison) == 24, "struct ringwall_comparison is ABI");
_Static_assert(sizeof(struct ringwall_syscall) == 776, "struct ringwall_syscall is ABI");
_Static_assert(sizeof(struct ringwall_syscall_key) == 8, "struct ringwall_syscall_key is ABI");
_Static_assert(sizeof(struct ringwall_hooked) == 384, "struct ringwall_hooked is ABI");
_Static_assert(sizeof(struct ringwall_policy) == 1024, "struct ringwall_policy is ABI");
_Static_assert(sizeof(struct ringwall_attachment) == 8, "struct ringwall_attachment is ABI");
_Static_assert(sizeof(struct ringwall_task) == 8, "struct ringwall_task is ABI");
_Static_assert(sizeof(struct ringwall_own_key) == 8, "struct ringwall_own_key is ABI");
_Static_assert(sizeof(struct ringwall_object) == 248, "struct ringwall_object is ABI");
_Static_assert(sizeof(struct ringwall_event) == 480, "struct ringwall_event is ABI");
_Static_assert(sizeof(struct ringwall_observation_key) == 256, "struct ringwall_observation_key is ABI");
_Static_assert(sizeof(struct ringwall_event_key) == 8, "struct ringwall_event_key is ABI");
_Static_assert(sizeof(struct ringwall_counter_key) == 16, "struct ringwall_counter_key is ABI");
_Static_assert(sizeof(struct ringwall_counter) == 16, "struct ringwall_counter is ABI");

#endif
