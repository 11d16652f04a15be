/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_FILE_H
#define RINGWALL_FILE_H

#include <stddef.h>

#include "err.h"

/**
 * ringwall_file_read() - a whole file or pipe, to be freed.
 * @path: "-" for standard input
 * @max: bytes; more is -EFBIG
 */
int ringwall_file_read(const char *path, size_t max, char **ret, size_t *ret_len, struct ringwall_err *e);

#endif
