/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_PROCESS_CLONE_H
#define RINGWALL_PROCESS_CLONE_H

#include <linux/sched.h>
#include <stdbool.h>

/**
 * ringwall_clone_run() - clone3(2) a process that calls @fn(@data) and exits with what that returns.
 * @args: stack members unset
 * @share: share the caller's memory until the child execs (CLONE_VM | CLONE_VFORK): no page tables are copied, and
 *         the caller is suspended meanwhile. Where the architecture is not known here the flag is ignored.
 * Return: pid in the caller, or -errno.
 */
long ringwall_clone_run(struct clone_args *args, bool share, int (*fn)(void *data), void *data);

#endif
