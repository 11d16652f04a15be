/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_CLI_HELP_H
#define RINGWALL_CLI_HELP_H

#include <stdio.h>

#include "cli.h"

void ringwall_help_verb(FILE *f, const struct ringwall_verb *verb);
void ringwall_help_group(FILE *f, const char *name);
void ringwall_help_global(FILE *f);

/** ringwall_help_version() - the lines of --version. */
void ringwall_help_version(FILE *f);

#endif
