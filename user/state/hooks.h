/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_STATE_HOOKS_H
#define RINGWALL_STATE_HOOKS_H

/*
 * Hooks of config.json (config.md "POSIX-platform Hooks"). They run one after another, with the arguments and the
 * environment that the config gives and nothing else, the container's state on standard input, the caller's standard
 * output, and standard error passed on to the caller's while its last line is kept for the error message.
 * No memory is allocated and no thread needed: both may be called in a child between clone and exec.
 */

#include "../lib/runtime.h"
#include "../oci/config.h"

/**
 * ringwall_hooks_run() - run hooks in order; the first that fails ends it.
 * @kind: for messages: "hook createRuntime[0] '/x': exit status 3: its last line of standard error"
 * @state_json, @len: ringwall_state_json()
 *
 * A hook that outlives its timeout is killed together with its process group.
 * Errors: -ECANCELED: not exit status 0; -ETIMEDOUT; what exec answered.
 */
int ringwall_hooks_run(const struct ringwall_hooks *hooks, enum ringwall_hook_kind kind, const char *state_json,
		       size_t len, struct ringwall_err *e);

/**
 * ringwall_hooks_run_all() - poststop: a failure is logged as a warning and the next hook runs
 * (runtime.md "Lifecycle", step 13).
 */
void ringwall_hooks_run_all(const struct ringwall *rw, const struct ringwall_hooks *hooks, enum ringwall_hook_kind kind,
			    const char *state_json, size_t len);

#endif
