/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_PINS_H
#define RINGWALL_POLICY_PINS_H

/*
 * The objects every runtime on the host shares: programs and maps pinned below RINGWALL_PINS/ABI, and the lock under
 * which they are changed. Programs never take the lock; it orders runtimes among themselves, whatever their --root.
 */

#include "../../bpf/abi.h"
#include "../lib/err.h"
#include "table.h"

#define RINGWALL_BPFFS "/sys/fs/bpf"
#define RINGWALL_PINS RINGWALL_BPFFS "/ringwall"
#define RINGWALL_PINS_STR_(x) #x
#define RINGWALL_PINS_STR(x) RINGWALL_PINS_STR_(x)
#define RINGWALL_PINS_ABI RINGWALL_PINS "/" RINGWALL_PINS_STR(RINGWALL_ABI)
#define RINGWALL_PINS_LINKS RINGWALL_PINS_ABI "/links"

/** enum ringwall_pins_mode - what to do when nothing is loaded yet. */
enum ringwall_pins_mode {
	RINGWALL_PINS_LOAD,
	RINGWALL_PINS_IF_LOADED,
};

/**
 * ringwall_pins_lock() - wait for the lock and see that programs and maps are there.
 * @ret_containers: the map `containers`, which everybody who comes here needs; not to be closed
 * Return: fd that holds the lock until it is closed.
 * Errors: -ENOENT nothing is loaded (RINGWALL_PINS_IF_LOADED only); -EOPNOTSUPP BPF is not to be had, with the fix.
 */
int ringwall_pins_lock(enum ringwall_pins_mode mode, struct ringwall_table **ret_containers, struct ringwall_err *e);

/** ringwall_pins_policies() - the map `policies`, not to be closed. Wants the lock. */
int ringwall_pins_policies(struct ringwall_table **ret, struct ringwall_err *e);

/** ringwall_pins_borrow() - as ringwall_pins_get(), not to be closed. Wants the lock. @name: a literal */
int ringwall_pins_borrow(const char *name, struct ringwall_err *e);

/** ringwall_pins_get() - fd of the program or map @name. */
int ringwall_pins_get(const char *name, struct ringwall_err *e);

/**
 * ringwall_pins_load() - first use: mount bpffs if need be, load every class, pin. Defined in load.c.
 * Everything is pinned in a directory aside that is renamed when it is complete: a loader that was killed leaves
 * nothing that looks loaded, and the next one clears it away.
 * @lock_fd: lock on RINGWALL_PINS
 */
int ringwall_pins_load(int lock_fd, struct ringwall_err *e);

/** ringwall_pins_prepare() - make RINGWALL_PINS exist, on a bpffs. Defined in load.c. */
int ringwall_pins_prepare(struct ringwall_err *e);

/** ringwall_pins_fail() - record @code, as -EOPNOTSUPP with the fix when it means that this caller may not use BPF. */
int ringwall_pins_fail(struct ringwall_err *e, int code, const char *what);

#endif
