/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef RINGWALL_HOOK_H
#define RINGWALL_HOOK_H

#include "uapi/ringwall.h"

/*
 * The entry functions that are hooked. All of these are called under the device's mutex, and sleep.
 */

/* 0, or -EINVAL: not the name of an entry function, or flags that do not go with it. */
int ringwall_hook_check(const struct ringwall_kmod_hook *row);

/* Where ftrace is called in the function. -ENOENT: there is no such function; -EOPNOTSUPP: ftrace is not called there. */
int ringwall_hook_find(const char *symbol, unsigned long *ret_ip);

/* Has @slot's program asked before each of @rows' functions runs: all of them, or an error. Once more is the same. */
int ringwall_hooks_add(unsigned int slot, const struct ringwall_kmod_hook *rows, unsigned int count);

/* @slot's program is no longer asked there. -ENOENT: it was not. */
int ringwall_hook_remove(unsigned int slot, const struct ringwall_kmod_hook *row);

/* Nor anywhere else. */
void ringwall_hooks_remove_all(unsigned int slot);

#endif
