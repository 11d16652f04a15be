/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_TRACING_H
#define RINGWALL_POLICY_TRACING_H

/*
 * CRIU at work on a container: it has the processes themselves do what it wants to know of them, or what makes them what they
 * were, and none of that is the policy's business (bpf/abi.h, container.marked). Nothing to do for a container whose processes are
 * not marked. Whoever is killed meanwhile: a process is confined again once CRIU lets go of it.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../lib/err.h"

/**
 * ringwall_tracing_begin() - process @criu, which waits to be told, may save the container in @slot, or with @made: make it.
 * Errors: -ESTALE @slot was released.
 */
int ringwall_tracing_begin(uint32_t slot, pid_t criu, bool made, struct ringwall_err *e);

/** ringwall_tracing_mark() - @pid is the first process that is made, and has made no other yet. */
int ringwall_tracing_mark(uint32_t slot, pid_t pid, struct ringwall_err *e);

/**
 * ringwall_tracing_hold() - all processes are made, and next CRIU stops them: from here on only those that it traces are its
 * own.
 */
int ringwall_tracing_hold(uint32_t slot, struct ringwall_err *e);

/** ringwall_tracing_end() - all are confined. Repeating it is harmless. */
int ringwall_tracing_end(uint32_t slot, struct ringwall_err *e);

#endif
