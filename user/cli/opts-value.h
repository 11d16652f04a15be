/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_CLI_OPTS_VALUE_H
#define RINGWALL_CLI_OPTS_VALUE_H

#include "opts.h"

/**
 * ringwall_opts_store() - convert @value to the option's type and write it to @to.
 * @value: text, NULL for a bare flag
 * @room: how often a repeatable option can occur at most
 * Errors: -EINVAL, -ERANGE, -ENOMEM; @to is then unchanged.
 */
int ringwall_opts_store(const struct ringwall_option *o, const char *value, void *to, int room);

#endif
