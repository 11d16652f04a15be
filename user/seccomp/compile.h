/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_SECCOMP_COMPILE_H
#define RINGWALL_SECCOMP_COMPILE_H

#include <stdint.h>

#include "filter.h"

/* Part of a cached filter's name: another number whenever the same section would become another program. */
#define RINGWALL_FILTER_REVISION 1

/**
 * ringwall_filter_compile() - linux.seccomp to BPF, through libseccomp.
 * @ret: prog and notify are set; flags are the caller's
 *
 * Errors: -EOPNOTSUPP for an action that the kernel does not have, -E2BIG for more than the kernel takes, -EINVAL.
 */
int ringwall_filter_compile(const struct ringwall_seccomp *s, struct ringwall_filter *ret, struct ringwall_err *e);

/** struct ringwall_stub - the program that goes before libseccomp's; see stub.c. */
struct ringwall_stub {
	struct sock_filter insns[200];
	unsigned short len;
};

/** ringwall_stub_build() - @ret->len is 0 when no stub is wanted. Errors: -E2BIG. */
int ringwall_stub_build(const struct ringwall_seccomp *s, struct ringwall_stub *ret, struct ringwall_err *e);

#endif
