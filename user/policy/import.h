/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_IMPORT_H
#define RINGWALL_POLICY_IMPORT_H

/* Seccomp profiles of others, as policies. Pure: touches nothing but memory. */

#include <stddef.h>
#include <stdint.h>

#include "../lib/err.h"

/*
 * Docker's: CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID, SETPCAP, NET_BIND_SERVICE, NET_RAW, SYS_CHROOT, MKNOD,
 * AUDIT_WRITE, SETFCAP.
 */
#define RINGWALL_IMPORT_CAPS_DEFAULT 0xa80425fbULL

/**
 * struct ringwall_import - how.
 * @name: of the policy
 * @caps: 1 << CAP_*: the container's bounding set, by which a profile may choose its rules
 * @kernel: major and minor of the kernel that it is for, likewise
 * @note: called with @data for each thing that the policy does not have as the profile has it
 */
struct ringwall_import {
	const char *name;
	uint64_t caps;
	unsigned int kernel[2];
	void (*note)(void *data, const char *text);
	void *data;
};

/**
 * ringwall_import() - a policy that means what a profile means.
 * @text, @len: a config.json, of which linux.seccomp counts; such a section alone; or one in the shape of Docker's default.json,
 *	with "archMap", and rules with "includes" and "excludes", which are resolved for x86-64
 * @file: its name, for messages
 * @ret_json: the policy, to be freed
 *
 * What a policy says otherwise:
 *  - It kills nobody: SCMP_ACT_KILL… and SCMP_ACT_TRAP become refusals with EPERM, which is noted.
 *  - SCMP_ACT_LOG as the default becomes audit mode, unless the profile refuses something as well.
 *  - Names that are no calls of x86-64 or i386 are left out, which is noted.
 *  - Rules without arguments go before rules with some, as in libseccomp; of the latter, those that refuse go first.
 *  - x32 is always refused, and so is, with EPERM and not by being killed, an architecture that is not listed.
 *  - Calls that are newer than the newest one of the profile get ENOSYS, as runc has it; but a call whose number on i386 alone is
 *    higher gets the default there, since policies name calls and not numbers.
 *  - socketcall(2) and ipc(2) are what the calls are that they stand for.
 * Errors: -EINVAL "FILE:LINE:COLUMN: …"; -EOPNOTSUPP likewise: SCMP_ACT_TRACE, _NOTIFY, _LOG in a rule, errnoRet 0;
 * -E2BIG; -ENOMEM.
 */
int ringwall_import(const char *text, size_t len, const char *file, const struct ringwall_import *how, char **ret_json,
		    struct ringwall_err *e);

#endif
