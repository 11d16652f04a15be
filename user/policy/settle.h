/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_SETTLE_H
#define RINGWALL_POLICY_SETTLE_H

#include "model.h"

/**
 * ringwall_model_settle() - what a policy leaves to the container that it is for: whether the network namespace is its own,
 * and, for rules by name without network.resolvers, those of its /etc/resolv.conf as it is made, before anything in the
 * container can change that file; and where the paths of its rules lead through links of its root file system (links.h).
 * @rootfs: absolute path of the root file system on the host
 * Errors: -EINVAL there are no resolvers; those of reading the file.
 */
int ringwall_model_settle(const struct ringwall_config *c, const char *rootfs, struct ringwall_model *m,
			  struct ringwall_err *e);

/**
 * ringwall_resolvers_read() - the first RINGWALL_RESOLVERS_MAX name servers of a resolv.conf(5), behind those that @m has.
 * @text: changed; comes from the image, perhaps
 */
void ringwall_resolvers_read(char *text, struct ringwall_model *m);

#endif
