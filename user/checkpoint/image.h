/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_CHECKPOINT_IMAGE_H
#define RINGWALL_CHECKPOINT_IMAGE_H

/* What checkpoint and restore must agree on: directories, what comes from outside of the container and under which name. */

#include "../oci/config.h"
#include "checkpoint.h"
#include "criu.h"

#define RINGWALL_DESCRIPTORS "descriptors.json" /* runc's name */

/** struct ringwall_image - the directories, open. @work -1: the images' own. */
struct ringwall_image {
	int dir, work;
	const char *dir_name, *work_name;
};

#define RINGWALL_IMAGE_INIT { .dir = -1, .work = -1 }

/** ringwall_image_open() - open both, make the work directory, and with @make the images' (0700). */
int ringwall_image_open(struct ringwall_image *im, const char *image_path, const char *work_path, bool make,
			struct ringwall_err *e);
void ringwall_image_close(struct ringwall_image *im);

/** ringwall_image_options() - what both requests have: directories, log, cgroups mode, configuration file, empty namespaces. */
void ringwall_image_options(const struct ringwall_image *im, const struct ringwall_config *c, const char *log_file,
			    enum ringwall_cgroups_mode mode, struct ringwall_criu_task *t);

/** ringwall_image_is_bind() - does @m bring in something from outside? By its type or its options, as create takes it. */
bool ringwall_image_is_bind(const struct ringwall_mount *m);

/** ringwall_image_ns_key() - the name under which a namespace by path is saved ("extRootNetNS"), NULL: of this kind none is. */
const char *ringwall_image_ns_key(enum ringwall_ns_type type);

#endif
