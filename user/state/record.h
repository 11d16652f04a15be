/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_STATE_RECORD_H
#define RINGWALL_STATE_RECORD_H

/* state.json as text. Between state.c and record.c only. */

#include "state.h"

/** ringwall_record_format() - all members of @s as JSON, to be freed; NULL when memory is out. */
char *ringwall_record_format(const struct ringwall_state *s, size_t *ret_len);

/**
 * ringwall_record_parse() - set @s's members from @text; strings go to its arena.
 * Errors: -EPROTONOSUPPORT: of a newer version; -EINVAL: damaged; -ENOMEM. @s may be half set then.
 */
int ringwall_record_parse(struct ringwall_state *s, const char *text, size_t len, struct ringwall_err *e);

#endif
