/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_MOUNT_OPTIONS_H
#define RINGWALL_MOUNT_OPTIONS_H

#include "../oci/config.h"

enum ringwall_mount_option_kind {
	RINGWALL_MOUNT_FLAG,	    /* a per-mount or superblock flag of mount(2) */
	RINGWALL_MOUNT_RECURSIVE,   /* a MOUNT_ATTR_* for the whole tree, mount_setattr(2) */
	RINGWALL_MOUNT_PROPAGATION, /* MS_SHARED and its like */
	RINGWALL_MOUNT_OTHER,	    /* what only a runtime knows */
};

/**
 * struct ringwall_mount_option - one option of config.json's mounts[].options.
 * @name: as written
 * @kind: what @value means
 * @value: MS_* (FLAG, PROPAGATION), MOUNT_ATTR_* (RECURSIVE), or a bit of struct ringwall_mount_flags (OTHER)
 * @clear: the option takes @value away
 */
struct ringwall_mount_option {
	const char *name;
	enum ringwall_mount_option_kind kind;
	unsigned long value;
	bool clear;
};

/** ringwall_mount_options - every option that has a meaning of its own, ended by a NULL name (`features` lists them). */
extern const struct ringwall_mount_option ringwall_mount_options[];

#define RINGWALL_MOUNT_TMPCOPYUP 1
#define RINGWALL_MOUNT_IDMAP 2
#define RINGWALL_MOUNT_RIDMAP 4

/**
 * struct ringwall_mount_flags - what a mount's options come to.
 * @set: MS_* asked for
 * @cleared: MS_* explicitly refused ("rw", "dev", …); the last mention of a flag wins
 * @rec_set, @rec_clear: MOUNT_ATTR_* for the whole tree
 * @propagation: MS_* of the propagation options, in the order written, at most four
 * @other: RINGWALL_MOUNT_* bits
 * @data: what is left for the filesystem, joined with commas; "" when nothing is
 */
struct ringwall_mount_flags {
	unsigned long set, cleared;
	uint64_t rec_set, rec_clear;
	unsigned long propagation[4];
	unsigned int n_propagation, other;
	const char *data;
};

/** ringwall_mount_flags_parse() - options to flags; -ENOMEM, -EINVAL for more propagation options than make sense. */
int ringwall_mount_flags_parse(struct ringwall_arena *a, const struct ringwall_strv *options,
			       struct ringwall_mount_flags *ret, struct ringwall_err *e);

/** ringwall_mount_attr() - the MOUNT_ATTR_* bits of per-mount MS_* flags. */
uint64_t ringwall_mount_attr(unsigned long flags);

#endif
