/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_CLI_CHECKPOINT_OPTIONS_H
#define RINGWALL_CLI_CHECKPOINT_OPTIONS_H

#include "../checkpoint/checkpoint.h"
#include "cli.h"

/** ringwall_empty_ns_parse() - --empty-ns of checkpoint and restore: only "network" can be left empty. */
int ringwall_empty_ns_parse(const struct ringwall_opt_strings *names, bool *ret, struct ringwall_err *e);

#endif
