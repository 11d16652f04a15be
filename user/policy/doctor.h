/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_DOCTOR_H
#define RINGWALL_POLICY_DOCTOR_H

/* What of a policy this host can enforce, and what would have to change for the rest. */

#include <stdbool.h>

#include "../lib/err.h"
#include "pins.h"

enum ringwall_backing {
	RINGWALL_BACKING_NONE,
	RINGWALL_BACKING_CGROUP,	/* programs on the container's cgroup */
	RINGWALL_BACKING_MODIFY_RETURN, /* programs in front of security_HOOK() */
	RINGWALL_BACKING_LSM,		/* programs on LSM hooks */
	RINGWALL_BACKING_SECCOMP,	/* a filter, which stays as it was when the container began */
	RINGWALL_BACKING_MODULE,	/* a program that ringwall.ko asks */
};

/** ringwall_backing_name() - "none", "cgroup", "modify-return", "lsm", "seccomp", "module". */
const char *ringwall_backing_name(enum ringwall_backing backing);

/**
 * ringwall_backing() - what serves a class on this host, as far as that can be said without loading a program: by what
 * is pinned or was refused since boot, else by what the kernel has.
 */
enum ringwall_backing ringwall_backing(enum ringwall_load which);

/** ringwall_set_load() - the class that enforces @set, below RINGWALL_SETS. */
enum ringwall_load ringwall_set_load(uint32_t set);

/**
 * struct ringwall_finding - about one class.
 * @loaded: its programs are in the kernel
 * @why: how it comes to be so
 * @missing: hooks that this kernel does not have, separated by commas; what they are for is not enforced
 * @fix: what to do for more; empty: nothing
 */
struct ringwall_finding {
	enum ringwall_backing backing;
	bool loaded;
	char why[320], missing[256], fix[320];
};

/**
 * ringwall_doctor_examine() - find out by loading a program of each kind that does nothing, and attaching it where that
 * concerns nobody: to a cgroup made for it, and to a function of the kernel's own tests. Programs on LSM hooks are not
 * attached: detaching one while others run has crashed kernels. Nothing stays.
 */
void ringwall_doctor_examine(struct ringwall_finding ret[RINGWALL_LOADS]);

#endif
