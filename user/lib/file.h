/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_FILE_H
#define RINGWALL_FILE_H

#include <stddef.h>

#include "err.h"

/**
 * ringwall_file_read_fd() - what is left to be read, NUL-terminated, to be freed.
 * @max: bytes; more is -EFBIG
 * @ret_len: may be NULL
 * Errors: -ENOMEM, -EFBIG, those of read(2).
 */
int ringwall_file_read_fd(int fd, size_t max, char **ret, size_t *ret_len);

/** ringwall_file_write_fd() - all of it. Errors: those of write(2), and then some may have been written. */
int ringwall_file_write_fd(int fd, const char *text, size_t len);

/**
 * ringwall_file_read() - a whole file or pipe, as ringwall_file_read_fd().
 * @path: "-" for standard input
 */
int ringwall_file_read(const char *path, size_t max, char **ret, size_t *ret_len, struct ringwall_err *e);

#endif
