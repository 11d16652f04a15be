/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_PROCESS_RDT_H
#define RINGWALL_PROCESS_RDT_H

#include <sys/types.h>

#include "../oci/config.h"

/*
 * linux.intelRdt: cache and memory bandwidth classes through resctrl (runtime-spec config-linux.md, "IntelRdt"; kernel
 * Documentation/filesystems/resctrl.rst). A class is a directory with a "schemata" and a "tasks" file. Which one:
 *
 *	closID absent		the container's own, named by its ID; made here, removed with the container
 *	closID "/"		the root class, which is always there
 *	closID, no schema	one that somebody has made; an error when it is missing
 *	closID and schema	made when missing, else compared; left in place, as others may have joined it
 */

/**
 * ringwall_rdt_open() - the mounted resctrl filesystem.
 * Errors: -EOPNOTSUPP naming linux.intelRdt when /sys/fs/resctrl is not one.
 */
int ringwall_rdt_open(int *ret_fd, struct ringwall_err *e);

/**
 * ringwall_rdt_create() - the container's class and, with enableMonitoring, its monitoring group mon_groups/@id.
 * @resctrl: from ringwall_rdt_open()
 *
 * In the parent, before the process runs. Leaves nothing behind on failure. Errors: -ENOENT for a missing class, -EEXIST
 * for one with another schema, what the kernel says of a schema, with its own words from info/last_cmd_status.
 */
int ringwall_rdt_create(int resctrl, const struct ringwall_intel_rdt *rdt, const char *id, struct ringwall_err *e);

/** ringwall_rdt_assign() - move @pid (also of `exec`) into the class; its children follow it by themselves. */
int ringwall_rdt_assign(int resctrl, const struct ringwall_intel_rdt *rdt, const char *id, pid_t pid,
			struct ringwall_err *e);

/** ringwall_rdt_remove() - at delete: what is the container's own. Nothing there is no error. */
int ringwall_rdt_remove(int resctrl, const struct ringwall_intel_rdt *rdt, const char *id, struct ringwall_err *e);

#endif
