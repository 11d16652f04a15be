/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_PINS_H
#define RINGWALL_POLICY_PINS_H

/*
 * The objects every runtime on the host shares: programs and maps pinned below RINGWALL_PINS/ABI, and the lock under
 * which they are changed. Programs never take the lock; it orders runtimes among themselves, whatever their --root.
 */

#include <stdbool.h>

#include "../../bpf/abi.h"
#include "../lib/err.h"
#include "table.h"

#define RINGWALL_BPFFS "/sys/fs/bpf"
#define RINGWALL_PINS RINGWALL_BPFFS "/ringwall"
#define RINGWALL_PINS_STR_(x) #x
#define RINGWALL_PINS_STR(x) RINGWALL_PINS_STR_(x)
#define RINGWALL_PINS_ABI RINGWALL_PINS "/" RINGWALL_PINS_STR(RINGWALL_ABI)
#define RINGWALL_PINS_LINKS RINGWALL_PINS_ABI "/links"
#define RINGWALL_PINS_LOADING RINGWALL_PINS_ABI "/loading" /* what is not complete, or no longer */

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

/** ringwall_pins_lock_only() - the lock, whatever is loaded. -ENOENT: nothing ever was. */
int ringwall_pins_lock_only(struct ringwall_err *e);

/** ringwall_pins_policies() - the map `policies`, not to be closed. Wants the lock. */
int ringwall_pins_policies(struct ringwall_table **ret, struct ringwall_err *e);

/** ringwall_pins_borrow() - as ringwall_pins_get(), not to be closed. Wants the lock. @name: a literal */
int ringwall_pins_borrow(const char *name, struct ringwall_err *e);

/** ringwall_pins_get() - fd of the map @name, or the program "CLASS/NAME". */
int ringwall_pins_get(const char *name, struct ringwall_err *e);

/* Objects that are loaded as one, when the first policy wants them; each is a directory below RINGWALL_PINS_ABI. */
enum ringwall_load {
	RINGWALL_LOAD_DEVICE,
	RINGWALL_LOAD_NETWORK,
	RINGWALL_LOAD_IDENTITY, /* from here on: LSM hooks */
	RINGWALL_LOAD_TAMPER,
	RINGWALL_LOAD_KERNEL,
	RINGWALL_LOAD_SOCKET,
	RINGWALL_LOAD_CAPABLE,
	RINGWALL_LOAD_FILE,
	RINGWALL_LOAD_SYSCALL, /* bpf/gate.bpf.c; gate.h */
	RINGWALL_LOADS
};

/** ringwall_load_name() - "device" … */
const char *ringwall_load_name(enum ringwall_load which);

/* How programs for LSM hooks are attached on this kernel. */
enum ringwall_backend {
	RINGWALL_BACKEND_LSM,
	RINGWALL_BACKEND_MODIFY_RETURN, /* to security_HOOK(), where `bpf` is not among the active LSMs */
};

/** ringwall_lsm_backend() - by the kernel's list of active LSMs. Defined in lsm.c. */
enum ringwall_backend ringwall_lsm_backend(void);

/** ringwall_lsm_caller() - what the function is called, behind "security_", that calls @hook. Defined in lsm.c. */
const char *ringwall_lsm_caller(const char *hook);

/** ringwall_lsm_list() - the active LSMs as the kernel lists them, "" where it does not say. Defined in lsm.c. */
void ringwall_lsm_list(char *ret, size_t size);

/**
 * ringwall_lsm_preemptible() - may a task be preempted in the middle of a BPF program? Where the kernel then skips the same
 * program for whoever comes next on that processor (modify-return everywhere, LSM hooks before Linux 6.2), a skipped program
 * has refused nothing: a container could make that happen at will. Defined in lsm.c.
 */
bool ringwall_lsm_preemptible(void);

/** ringwall_load_check_skips() - -EOPNOTSUPP where that is so. @kernel: its BTF. Defined in load.c. */
struct btf;
int ringwall_load_check_skips(const struct btf *kernel, enum ringwall_backend backend, struct ringwall_err *e);

/**
 * ringwall_pins_need() - see that class @which is loaded. Wants the lock.
 * A class on LSM hooks that this kernel refuses is remembered until the next boot, so that it is not tried for every
 * container: a directory CLASS-none.
 * @ret_new: set when it was this call that found the class refused; may be NULL
 * Errors: -EOPNOTSUPP this kernel has no such programs, with the fix.
 */
int ringwall_pins_need(enum ringwall_load which, bool *ret_new, struct ringwall_err *e);

/** ringwall_pins_is_loaded(), ringwall_pins_is_refused() - is there a directory CLASS, or CLASS-none? Without the lock. */
bool ringwall_pins_is_loaded(enum ringwall_load which);
bool ringwall_pins_is_refused(enum ringwall_load which);

/** ringwall_pins_has() - did ringwall_pins_need() find class @which, or load it? Wants the lock. */
bool ringwall_pins_has(enum ringwall_load which);

/**
 * ringwall_pins_load() - load class @which and pin it. Defined in load.c. Wants the lock.
 * Everything is pinned in a directory aside that is renamed when it is complete: a loader that was killed leaves
 * nothing that looks loaded, and the next one clears it away.
 */
int ringwall_pins_load(enum ringwall_load which, struct ringwall_err *e);

/** ringwall_load_what() - "BPF programs on LSM hooks" …: what the kernel has to allow for class @which. Defined in load.c. */
const char *ringwall_load_what(enum ringwall_load which);

/** ringwall_load_complaint() - libbpf's words about this thread's last ringwall_pins_load(), once; or "". Defined in load.c. */
const char *ringwall_load_complaint(void);

/** ringwall_load_clear() - take away what is in RINGWALL_PINS_LOADING. Defined in load.c. Wants the lock. */
int ringwall_load_clear(struct ringwall_err *e);

/**
 * ringwall_load_pin_maps() - set where each of @obj's maps is pinned; libbpf takes the map that an earlier class pinned there, or
 * makes and pins it. Defined in load.c.
 */
struct bpf_object;
int ringwall_load_pin_maps(struct bpf_object *obj);

/** ringwall_pins_prepare() - make RINGWALL_PINS exist, on a bpffs. Defined in load.c. */
int ringwall_pins_prepare(struct ringwall_err *e);

/** ringwall_pins_fail() - record @code, as -EOPNOTSUPP with the fix when it means that this caller may not use BPF. */
int ringwall_pins_fail(struct ringwall_err *e, int code, const char *what);

#endif
