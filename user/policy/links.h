/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_LINKS_H
#define RINGWALL_POLICY_LINKS_H

#include "model.h"

/**
 * ringwall_links_follow() - rules about paths are about what is there, and "/bin/su" may be in /usr/bin: where a rule's path
 * leads through symbolic links of the root file system, what it refuses is refused where they lead as well.
 *
 * What it allows is not: an image could have a link from what is allowed to what is not meant to be. Then @m->link_note says
 * so, as such a rule most likely does less than its author thinks.
 * @rootfs: absolute path on the host; looked at as it is now, what the container changes later is its own affair
 * Fills @m->path_links. Errors: -ENOMEM, those of opening @rootfs.
 */
int ringwall_links_follow(const char *rootfs, struct ringwall_model *m, struct ringwall_err *e);

#endif
