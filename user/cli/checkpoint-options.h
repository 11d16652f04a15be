/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_CLI_CHECKPOINT_OPTIONS_H
#define RINGWALL_CLI_CHECKPOINT_OPTIONS_H

#include "../checkpoint/checkpoint.h"
#include "cli.h"

/** ringwall_empty_ns_check() - --empty-ns of checkpoint and restore: only "network", which is left empty anyway. */
int ringwall_empty_ns_check(const struct ringwall_opt_strings *names, struct ringwall_err *e);

#endif
