/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_CLI_HINT_H
#define RINGWALL_CLI_HINT_H

#include "../lib/err.h"

/** ringwall_hint_find() - what helps against @e, or NULL when that is not known. */
const char *ringwall_hint_find(const struct ringwall_err *e);

#endif
