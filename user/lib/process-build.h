/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_PROCESS_BUILD_H
#define RINGWALL_PROCESS_BUILD_H

#include "../oci/config.h"
#include "region.h"
#include "ringwall.h"

/**
 * ringwall_process_build() - the process of an exec, in place of the container's own in @c.
 * @o: a process file, or a command and what is said beside it; flags override both
 * @region: where everything that init reads must lie
 *
 * What is not said comes from the container's process (as runc): capabilities, labels, rlimits, and for a command
 * without a process file everything else too.
 */
int ringwall_process_build(struct ringwall_config *c, const struct ringwall_exec_options *o,
			   struct ringwall_region *region, struct ringwall_err *e);

#endif
