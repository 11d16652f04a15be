/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_AMEND_H
#define RINGWALL_POLICY_AMEND_H

/* Single rules as they are given on a command line, made to a policy document that extends another one. Pure. */

#include "model.h"

/*
 * The kinds of changes, each written "KIND=WHAT":
 *	allow-egress, deny-egress, allow-ingress, deny-ingress	[PROTO/]ADDRESS[/LEN][:PORTS], egress also a DNS name
 *	allow-bind, deny-bind					[PROTO/]PORTS
 *	allow-path, deny-path					PATH:RIGHTS
 *	allow-exec, deny-exec					PATH
 *	allow-device, deny-device				as in a policy: "c 1:3 rw"
 *	allow-capability, deny-capability			CAP_NAME
 *	allow-syscall						NAME[,NAME…]
 *	deny-syscall						NAME[,NAME…][:ERRNO]
 *	kernel							KEY=VALUE
 *	audit, learn, enforce					CLASS[,CLASS…]
 * PORTS: 443,8000-8100. An IPv6 address that is followed by ports stands in brackets: [2001:db8::]/32:443.
 */

#define RINGWALL_AMEND_ORIGIN "command line"

/**
 * ringwall_amend_build() - a document that extends @base and makes @changes.
 * @changes: NULL-terminated; what they mean is checked where the document is parsed
 * @base: file or built-in profile to extend; NULL: none
 * @m: what @base is, NULL: nothing. Something allowed where it refuses nothing is not to make it refuse the rest.
 * @ret: to be freed
 * Errors: -EINVAL a change that cannot be read; -ENOMEM.
 */
int ringwall_amend_build(const char *const *changes, const char *base, const struct ringwall_model *m, char **ret,
			 size_t *ret_len, struct ringwall_err *e);

#endif
