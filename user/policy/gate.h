/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_GATE_H
#define RINGWALL_POLICY_GATE_H

/*
 * The live half of system calls: programs in front of the kernel's entry functions, of those alone that some policy
 * restricts. They are asked through ringwall.ko where it is loaded or can be, else (Linux 7.1 and later) attached to the
 * functions themselves: to the 64-bit ones, and those with arguments, for the kernel has no others for that.
 */

#include <time.h>

#include "pins.h"

#define RINGWALL_GATE_DEVICE "/dev/ringwall"

/*
 * Pinned in the class's directory: the module's program, and what the modify-return ones go on to. Links have their
 * function's name.
 */
#define RINGWALL_GATE_PROGRAM "ringwall_gate_hook"
#define RINGWALL_GATE_DECIDE "ringwall_gate_decide"

enum ringwall_gate_kind {
	RINGWALL_GATE_NONE,
	RINGWALL_GATE_MODULE,	     /* ringwall.ko asks one program */
	RINGWALL_GATE_MODIFY_RETURN, /* one attachment for each entry function */
};

/**
 * ringwall_gate_kind() - what is loaded, or would be without modprobe; a module that comes takes over at the next hook. Wants no
 * lock.
 */
enum ringwall_gate_kind ringwall_gate_kind(void);

/**
 * ringwall_gate_is_alone() - is it noted that this kernel lets its entry functions be modified, and that modprobe knows no
 * ringwall.ko?
 * Until the next boot, as what is refused (ringwall_pins_need()): neither is asked again where the gate is not loaded for that.
 */
bool ringwall_gate_is_alone(void);

/** ringwall_gate_note_alone() - note it. */
void ringwall_gate_note_alone(void);

/**
 * ringwall_gate_covers_i386() - are 32-bit entries hooked as well? The module's are. Kernels let no program in front of __ia32_*
 * themselves: whoever uses the gate then has the filter refuse 32-bit calls whole.
 */
bool ringwall_gate_covers_i386(void);

/** ringwall_gate_module_is_there() - is there a device of a ringwall.ko that speaks our version? */
bool ringwall_gate_module_is_there(void);

/**
 * ringwall_gate_find_module() - likewise, and have it loaded where it is installed and the host lets us: modules.disabled,
 * kernel.modprobe and the blacklists of modprobe.d are respected.
 */
bool ringwall_gate_find_module(void);

/**
 * ringwall_gate_hook() - see that the entry functions of @wanted are hooked. Wants the lock and class RINGWALL_LOAD_SYSCALL.
 * Where all are, it is a handful of system calls.
 * @wanted: bits by id
 * @ret_absent: those of @wanted of which this kernel has no entry function that can be hooked
 * Errors: -EOPNOTSUPP with the fix. What was hooked before stays in any case.
 */
int ringwall_gate_hook(const uint64_t wanted[RINGWALL_SYSCALL_WORDS], uint64_t ret_absent[RINGWALL_SYSCALL_WORDS],
		       struct ringwall_err *e);

/**
 * ringwall_gate_is_skippable() - can a container make the gate let something through now and then, by having the kernel preempt a
 * task inside of it? Where the entry functions themselves are modified on a preemptible kernel (see ringwall_load_check_skips()).
 * @e: where it can: how, and the fix; may be NULL
 */
bool ringwall_gate_is_skippable(struct ringwall_err *e);

/**
 * ringwall_gate_drop() - no container needs it any more: take hooks and programs away, so that the host pays nothing, and the
 * module can be taken out. Wants the lock.
 */
int ringwall_gate_drop(struct ringwall_err *e);

/** ringwall_gate_number() - of the gate that is up, which another one will not have; 0: none is. */
uint64_t ringwall_gate_number(void);

/** ringwall_gate_age() - seconds since it was put up, or hooked something more; 0: it is not there. */
time_t ringwall_gate_age(void);

/** ringwall_gate_detach_abi() - have the module let go of the program of another ABI; where there is no module, nothing. */
void ringwall_gate_detach_abi(uint32_t abi);

#endif
