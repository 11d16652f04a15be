/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_CLI_MATCH_H
#define RINGWALL_CLI_MATCH_H

#include "cli.h"

/**
 * ringwall_match_each() - do something with every container whose ID matches an extended regular expression.
 * @one: called with each ID; when it fails the others still get their turn
 *
 * Return: 0, also when nothing matches; the first failure; -EINVAL for a bad expression.
 */
int ringwall_match_each(struct ringwall_cli *cli, const char *regex,
			int (*one)(struct ringwall_cli *cli, const char *id, void *data, struct ringwall_err *e), void *data,
			struct ringwall_err *e);

#endif
