/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_CGROUP_UNIT_PROPS_H
#define RINGWALL_CGROUP_UNIT_PROPS_H

/* Elements of the a(sv) that StartTransientUnit and SetUnitProperties take. */

#include "dbus.h"
#include "internal.h"

void ringwall_unit_put_str(struct ringwall_dbus_out *o, const char *name, const char *value);
void ringwall_unit_put_bool(struct ringwall_dbus_out *o, const char *name, bool value);
void ringwall_unit_put_pids(struct ringwall_dbus_out *o, pid_t pid);

/**
 * ringwall_unit_put_resources() - limits, as far as systemd knows them.
 * @cg: for values that are set together with one that stays; its fd may be -1
 * @plain: only what systemd 239 knew already
 * Errors: -EINVAL, naming the field.
 */
int ringwall_unit_put_resources(struct ringwall_dbus_out *o, const struct ringwall_cgroup *cg,
				const struct ringwall_resources *r, bool plain, struct ringwall_err *e);
/** ringwall_unit_put_oom_policy() - unified memory.oom.group, for StartTransientUnit only. */
void ringwall_unit_put_oom_policy(struct ringwall_dbus_out *o, const struct ringwall_resources *r);
/** ringwall_unit_put_annotations() - org.systemd.property.NAME = GVariant text. -EINVAL. */
int ringwall_unit_put_annotations(struct ringwall_dbus_out *o, const struct ringwall_pairs *annotations,
				  struct ringwall_err *e);

#endif
