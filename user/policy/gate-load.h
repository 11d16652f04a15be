/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_GATE_LOAD_H
#define RINGWALL_POLICY_GATE_LOAD_H

/* The half of the gate that wants libbpf: what is done when something is to be hooked that was not. All want the lock. */

#include "../../kmod/uapi/ringwall.h"
#include "gate.h"

struct bpf_object;

/**
 * struct ringwall_gate_function - an entry function of system call @id.
 * @symbol: first, so that a name can be looked for among them
 * @flags: RINGWALL_KMOD_*
 * @exists: this kernel has it
 * @hooked: by a link that is pinned under the name @symbol; or by the module
 */
struct ringwall_gate_function {
	char symbol[RINGWALL_KMOD_SYMBOL_MAX];
	uint32_t id, flags;
	bool exists, hooked;
};

/** ringwall_gate_by_symbol() - for qsort() and bsearch(): @a, @b: struct ringwall_gate_function, or a symbol alone. */
int ringwall_gate_by_symbol(const void *a, const void *b);

/**
 * ringwall_gate_prepare() - for load.c: decide what is to be loaded of @obj: the module's program, or for now none.
 * Errors: -EOPNOTSUPP there is no module, and this kernel does not let its entry functions be modified.
 */
int ringwall_gate_prepare(struct bpf_object *obj, struct ringwall_err *e);

/**
 * ringwall_gate_try() - does this kernel let a program in front of an entry function? By loading one, which is what it refuses; to
 * attach it would be quick, but to detach it waits until every task has been off its processor.
 */
int ringwall_gate_try(void);

/** ringwall_gate_program() - load the module's program anew. Return: fd. */
int ringwall_gate_program(struct ringwall_err *e);

/**
 * ringwall_gate_attach() - a modify-return program for each of @f that this kernel has and lets be modified.
 * @f: sorted by symbol
 */
int ringwall_gate_attach(struct ringwall_gate_function *f, size_t n, struct ringwall_err *e);

#endif
