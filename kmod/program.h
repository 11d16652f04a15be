/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef RINGWALL_PROGRAM_H
#define RINGWALL_PROGRAM_H

#include <linux/types.h>

struct bpf_prog;
struct pt_regs;

/*
 * The programs that are asked: a slot for each ABI. All but the asking is done under the device's mutex.
 */

/* 0, or -EINVAL: a program that cannot be run here. */
int ringwall_program_check(const struct bpf_prog *prog);

/* The slot, or -EEXIST, -ENOSPC. The caller's reference to @prog is kept until ringwall_program_take(). */
int ringwall_program_put(u32 abi, struct bpf_prog *prog);

/* The slot of @abi, or -ENOENT. */
int ringwall_program_slot(u32 abi);

/* Empties the slot and waits until nobody runs its program any more; the reference is the caller's again. */
struct bpf_prog *ringwall_program_take(unsigned int slot);

/**
 * ringwall_programs_ask() - run the programs, one after the other, until one refuses
 * @wanted: a bit for each slot
 * @ids: what each slot's program is told
 * @ctx: what they see; ax is filled in here
 *
 * Under rcu_read_lock(), preemption off.
 *
 * Return: 0, or the negative errno of the refusal.
 */
int ringwall_programs_ask(unsigned long wanted, const u32 *ids, struct pt_regs *ctx);

/* May current use the device? The same, with RINGWALL_KMOD_ID_DEVICE, of every program. Any context that may be preempted. */
int ringwall_programs_ask_device(void);

#endif
