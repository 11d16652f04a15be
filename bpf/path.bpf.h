/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef RINGWALL_BPF_PATH_H
#define RINGWALL_BPF_PATH_H

/*
 * What the policy says about a dentry, by names alone: up by d_parent, mounts unseen, to the next anchor, and from
 * there down again along the edges of the policy's trie. Nothing is stored on the way: going down, each ancestor is
 * counted off from the dentry anew, which costs three instructions a step, and the walk down ends where the trie does.
 *
 * Names change while they are read. d_seq tells of each name whether it is torn, and whether it is still below the
 * directory that the walk has come from; if not, the walk begins anew, and after RETRIES the object counts as being
 * nowhere.
 */

#include "lsm.bpf.h"

/* Full: no container begins that needs an entry. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RINGWALL_ANCHORS_MAX);
	__type(key, struct ringwall_anchor_key);
	__type(value, struct ringwall_path);
} anchors SEC(".maps");

/* Full: the policy is refused. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RINGWALL_PATHS_MAX);
	__type(key, struct ringwall_path_key);
	__type(value, struct ringwall_edge);
} paths SEC(".maps");

#define RETRIES 2
#define PATH_SETS (1U << RINGWALL_SET_FILE | 1U << RINGWALL_SET_EXEC)

/**
 * struct place - where something is, in the policy's eyes. Numbers only, so that for the verifier all places are alike.
 * @refused, @below: rights that are refused for it, and for what is below it
 * @under: as in struct ringwall_path; 0 where no rule names it
 * @rule: for each right of @refused, by which rule; @below_rule: for those of @below
 * @anchored: it is below an anchor
 * @names: directories up to where its path begins
 * @device, @inode: of that
 */
struct place {
	__u32 device;
	__u32 names;
	__u64 inode;
	__u32 anchored;
	__u16 refused, below;
	__u16 under;
	__u16 rule[RINGWALL_FILE_RIGHTS];
	__u16 below_rule[RINGWALL_FILE_RIGHTS];
	__u16 reserved[3];
};

enum step { STEP_CHANGED = -1, STEP_NONE, STEP_MADE };

/*
 * 0, which the verifier does not know to be so. Before 6.7 it looks at one round of bpf_loop() only, and would take
 * what a number is after that for what it always is.
 */
static __always_inline __u32 zero_of(const struct subject *s)
{
	return READ_ONCE(s->c->slot) - s->slot;
}

struct ascent_to {
	struct dentry *dentry;
};

static long ancestor_step(__u32 unused, struct ascent_to *to)
{
	to->dentry = to->dentry->d_parent;
	return 0;
}

static __always_inline struct dentry *ancestor(struct dentry *dentry, __u32 steps)
{
	struct ascent_to to = { .dentry = dentry };

	bpf_loop(steps, ancestor_step, &to, 0);
	return to.dentry;
}

/* Where a walk up has come to: @dentry, @names steps up; @at once that is an anchor, @top where it is a root. */
struct ascent {
	struct dentry *dentry;
	const struct ringwall_path *at;
	__u64 bloom;
	struct ringwall_anchor_key key;
	__u32 names;
	__u32 top;
};

static long climb_step(__u32 unused, struct ascent *a)
{
	struct dentry *dentry = a->dentry, *parent = dentry->d_parent;
	struct inode *inode;

	if (parent != dentry && !a->bloom)
		goto up;
	a->top = parent == dentry;
	inode = dentry->d_inode;
	if (!inode) /* it is to be made */
		goto up;
	a->key.inode = inode->i_ino;
	if (a->top || (a->bloom >> (a->key.inode & 63) & 1)) {
		a->at = bpf_map_lookup_elem(&anchors, &a->key);
		if (a->at || a->top)
			return 1;
	}
up:
	a->dentry = parent;
	a->names++;
	return 0;
}

enum walk {
	WALK_NOWHERE,
	WALK_ROOT, /* of a file system that no rule has a place for */
	WALK_ANCHOR,
	WALK_LIKE, /* of a file system that stands for one with an anchor */
};

/* Up to what @dentry's names begin at: *@at, ret->names steps above. */
static __always_inline enum walk climb(const struct subject *s, struct dentry *dentry, struct place *ret,
				       const struct ringwall_path **at)
{
	struct super_block *sb = dentry->d_sb;
	struct ascent a = {
		.dentry = dentry,
		.names = zero_of(s),
		.bloom = s->c->anchor_bloom,
		.key = { .policy_id = s->policy_id, .slot = s->slot, .device = sb->s_dev },
	};

	bpf_loop(RINGWALL_DEPTH_MAX + 1, climb_step, &a, 0);
	ret->names = a.names;
	ret->device = a.key.device;
	ret->inode = a.key.inode;
	*at = a.at;
	if (a.at)
		return WALK_ANCHOR;
	if (!a.top || a.dentry != sb->s_root)
		return WALK_NOWHERE;
	a.key.device = 0;
	a.key.inode = sb->s_magic;
	*at = bpf_map_lookup_elem(&anchors, &a.key);
	return *at ? WALK_LIKE : WALK_ROOT;
}

/* Names of up to this many words lie in the dentry itself, mostly. */
#define SHORT_WORDS 4

static __always_inline const __u64 *short_name(const struct dentry *dentry)
{
	if (bpf_core_field_exists(dentry->d_iname))
		return (const void *)dentry + bpf_core_field_offset(struct dentry, d_iname);
	return (const void *)dentry + bpf_core_field_offset(struct dentry___6_15, d_shortname);
}

/*
 * Two ways to read a name and to compare it. One makes no more steps than the name wants. The other has no branches, as
 * the verifier looks at what follows a branch inside of bpf_loop() for each way to get there.
 */
enum pace { SHORT, STRAIGHT };

/* Return: its hash; 0: it cannot be read. */
static __always_inline __u64 read_name(const struct dentry *dentry, __u32 length, __u64 word[RINGWALL_NAME_WORDS],
				       enum pace pace)
{
	const __u64 *from = short_name(dentry);
	__u64 hash = length;

	__builtin_memset(word, 0, RINGWALL_NAME_WORDS * sizeof(*word));
	if (pace == STRAIGHT || length > SHORT_WORDS * 8 || (const void *)dentry->d_name.name != from) {
		if (bpf_probe_read_kernel(word, length, dentry->d_name.name))
			return 0;
		for (int i = 0; i < RINGWALL_NAME_WORDS; i++) {
			__u64 used = (__u64)((__s64)(i * 8LL - length) >> 63);

			hash ^= (RINGWALL_NAME_MIX(hash, word[i]) ^ hash) & used;
		}
		return hash;
	}
	for (int i = 0; i < SHORT_WORDS && i * 8U < length; i++) {
		word[i] = from[i];
		if (length - i * 8U < 8)
			word[i] &= (1ULL << (length - i * 8U) * 8) - 1;
		hash = RINGWALL_NAME_MIX(hash, word[i]);
	}
	return hash;
}

static __always_inline int is_name(const struct ringwall_edge *e, __u32 length, const __u64 word[RINGWALL_NAME_WORDS],
				   enum pace pace)
{
	__u64 other = e->length ^ length;

	for (int i = 0; i < RINGWALL_NAME_WORDS && (pace == STRAIGHT || i * 8U < length); i++)
		other |= e->name[i] ^ word[i];
	return !other;
}

/* Follows the edge for @dentry's name from *@at; none there: leaves it. */
static __always_inline enum step follow(const struct subject *s, struct dentry *dentry, const struct ringwall_path **at,
					enum pace pace)
{
	__u32 node = (*at)->node, seq = dentry->d_seq.seqcount.sequence, length = dentry->d_name.len;
	struct ringwall_path_key key = { .policy_id = s->policy_id, .node = node };
	__u64 word[RINGWALL_NAME_WORDS];
	const struct ringwall_edge *next = NULL;

	if ((node & RINGWALL_NODE_NAMES) && length <= RINGWALL_COMPONENT_MAX) {
		key.hash = read_name(dentry, length, word, pace);
		if (!key.hash)
			return STEP_CHANGED;
		next = bpf_map_lookup_elem(&paths, &key);
		if (next && !is_name(next, length, word, pace))
			next = NULL;
	}
	if (!next && (node & RINGWALL_NODE_ANY)) {
		key.hash = 0;
		next = bpf_map_lookup_elem(&paths, &key);
	}
	if ((seq & 1) || seq != dentry->d_seq.seqcount.sequence)
		return STEP_CHANGED;
	if (!next)
		return STEP_NONE;
	*at = &next->to;
	return STEP_MADE;
}

static __noinline enum step follow_short(const struct subject *s, struct dentry *dentry,
					 const struct ringwall_path **at)
{
	return follow(s, dentry, at, SHORT);
}

/* Where a walk down has come to: @at, @left steps above @dentry. */
struct descent {
	const struct subject *s;
	struct dentry *dentry, *parent;
	const struct ringwall_path *at;
	__u32 left;
	enum step step;
};

static long descend_step(__u32 unused, struct descent *d)
{
	struct dentry *child;

	if (!d->left || !d->at->node)
		return 1;
	child = ancestor(d->dentry, d->left - 1);
	d->step = child->d_parent == d->parent ? follow(d->s, child, &d->at, STRAIGHT) : STEP_CHANGED;
	if (d->step != STEP_MADE)
		return 1;
	d->parent = child;
	d->left--;
	return 0;
}

/* From the anchor down to @dentry, as far as the trie has edges. Return: 0: something moved meanwhile. */
static __always_inline int descend(const struct subject *s, struct dentry *dentry, __u32 names, struct descent *d)
{
	if (!d->at->node || !names)
		return 1;
	d->s = s;
	d->dentry = dentry;
	d->parent = ancestor(dentry, names);
	d->step = STEP_MADE;
	bpf_loop(RINGWALL_DEPTH_MAX, descend_step, d, 0);
	return d->step != STEP_CHANGED;
}

static __always_inline void place_set(struct place *ret, const struct ringwall_path *at, int exact)
{
	const __u16 *rule = exact ? at->self_rule : at->below_rule;

	ret->refused = exact ? at->self : at->below;
	ret->below = at->below;
	ret->under = exact ? at->under : 0;
	__builtin_memcpy(ret->rule, rule, sizeof(ret->rule));
	__builtin_memcpy(ret->below_rule, at->below_rule, sizeof(ret->below_rule));
}

/* Since 6.2; where it is missing, calls are dead code. */
extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym __weak;

/*
 * An argument of a hook is more trusted than what it leads to. Where the verifier tells them apart, it would look at every way that
 * a walk can go on from either.
 */
static __always_inline struct dentry *like_any(struct dentry *dentry)
{
	if (!bpf_core_type_exists(struct backing_file))
		return dentry;
	return bpf_rdonly_cast(dentry, bpf_core_type_id_kernel(struct dentry));
}

/** locate() - what the policy says about @dentry, which need not exist. */
static __noinline int locate(const struct subject *s, struct dentry *dentry, struct place *ret)
{
	dentry = like_any(dentry);
	for (int i = 0; i < RETRIES; i++) {
		struct descent d;
		enum walk walk = climb(s, dentry, ret, &d.at);

		if (walk == WALK_NOWHERE)
			break;
		ret->anchored = walk == WALK_ANCHOR;
		d.left = ret->names;
		if (walk == WALK_ROOT) {
			place_set(ret, &s->p->root, 0);
			return 0;
		}
		if (descend(s, dentry, ret->names, &d)) {
			place_set(ret, d.at, !d.left);
			return 0;
		}
	}
	__builtin_memset(&ret->anchored, 0, sizeof(*ret) - __builtin_offsetof(struct place, anchored));
	ret->refused = ret->below = RINGWALL_FILE_ALL;
	return 0;
}

static __noinline const struct ringwall_path *anchor_at(const struct subject *s, __u32 device, __u64 inode)
{
	struct ringwall_anchor_key key = {
		.policy_id = s->policy_id, .slot = s->slot, .device = device, .inode = inode
	};

	return bpf_map_lookup_elem(&anchors, &key);
}

#define NEAR 6 /* directories */

/*
 * surely_allowed() - locate() for the common case, without loops: something that exists and is not deep.
 * Return: 1: @rights are allowed; 0: ask locate().
 */
static __noinline int surely_allowed(const struct subject *s, struct dentry *dentry, __u32 rights)
{
	const struct ringwall_path *at = NULL;
	struct dentry *d[NEAR + 1] = { dentry };
	__u32 device = dentry->d_sb->s_dev, names = 0, left;
	__u64 bloom = s->c->anchor_bloom;

#pragma unroll
	for (__u32 i = 0; i <= NEAR; i++) {
		struct dentry *parent = d[i]->d_parent;
		int top = parent == d[i];

		if (top || bloom) {
			struct inode *inode = d[i]->d_inode;

			if (!inode)
				return 0;
			if (top || (bloom >> (inode->i_ino & 63) & 1))
				at = anchor_at(s, device, inode->i_ino);
			names = i;
			if (at || top)
				break;
		}
		if (i < NEAR)
			d[i + 1] = parent;
	}
	if (!at)
		return 0;
	left = names;
#pragma unroll
	for (int i = NEAR - 1; i >= 0; i--) {
		enum step step;

		if ((__u32)i >= names)
			continue;
		if (!at->node)
			break;
		if (d[i]->d_parent != d[i + 1])
			return 0;
		step = follow_short(s, d[i], &at);
		if (step == STEP_CHANGED)
			return 0;
		if (step == STEP_NONE)
			break;
		left = i;
	}
	return !((left ? at->below : at->self) & rights) && subject_still(s);
}

/* The rule that refuses the first of @refused. */
static __always_inline __u32 place_rule(const struct place *p, __u32 refused)
{
	for (int i = 0; i < RINGWALL_FILE_RIGHTS; i++)
		if (refused >> i & 1)
			return p->refused >> i & 1 ? p->rule[i] : p->below_rule[i];
	return 0;
}

#endif
