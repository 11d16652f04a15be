/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_IMPORT_PROFILE_H
#define RINGWALL_POLICY_IMPORT_PROFILE_H

/* A seccomp profile of others, as import.c has it before it is a policy. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "import.h"
#include "parse.h"
#include "syscalls.h"

#define RINGWALL_PROFILE_RULES_MAX 65535 /* struct ringwall_profile_import.plain has 16 bits for one */

/** struct ringwall_profile_conditions - "includes" or "excludes" of a rule: what must, or must not, be so for it to count. */
struct ringwall_profile_conditions {
	struct ringwall_strv caps, arches;
	const char *kernel; /* "4.8": at least */
};

/**
 * struct ringwall_profile_rule - one of "syscalls".
 * @json: where it stands
 * @holds: its conditions are met
 * @counts: that, and it does not say what the default says anyway
 * @error: errno; 0: it allows
 */
struct ringwall_profile_rule {
	struct ringwall_strv names;
	const char *name;
	uint32_t action;
	struct ringwall_opt_u64 errno_ret;
	struct ringwall_seccomp_arg *args;
	size_t n_args;
	struct ringwall_profile_conditions includes, excludes;
	const struct ringwall_json *json;
	bool holds, counts;
	uint16_t error;
};

struct ringwall_profile_arch {
	const char *name;
	struct ringwall_strv subs;
};

struct ringwall_profile {
	uint32_t default_action;
	struct ringwall_opt_u64 default_errno;
	struct ringwall_strv architectures;
	struct ringwall_profile_arch *arches;
	size_t n_arches;
	struct ringwall_profile_rule *rules;
	size_t n_rules;
};

/**
 * struct ringwall_profile_import - what reading a profile and writing the policy share.
 * @r: the reader
 * @doc: the reader's arena and text
 * @json: the profile
 * @error: of the default; 0: it allows
 * @audit: what the default refuses is only logged
 * @plain: by id: place + 1 of the rule that decides whatever the arguments are; 0: none
 * @checked: by id: bit 0: a rule allows it by its arguments, bit 1: one refuses it
 * @highest: number that the profile names, on x86-64 and i386
 */
struct ringwall_profile_import {
	struct ringwall_reader r;
	struct ringwall_config doc;
	const struct ringwall_import *how;
	const struct ringwall_json *json;
	struct ringwall_profile p;
	uint16_t error;
	bool audit, i386;
	uint16_t plain[RINGWALL_SYSCALLS_MAX];
	uint8_t checked[RINGWALL_SYSCALLS_MAX];
	int highest[2];
};

/**
 * ringwall_profile_read() - im->p and what follows of im->doc.json; what the policy will not have is noted.
 * Errors: as ringwall_import().
 */
int ringwall_profile_read(struct ringwall_profile_import *im);

#endif
