/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_SOCK_H
#define RINGWALL_SOCK_H

#include <stddef.h>

#include "err.h"

/* AF_UNIX stream sockets that a caller of the runtime listens on: console, pidfd and seccomp notification fd go there. */

/** ringwall_sock_check() - @path is there and a socket. Errors: what stat(2) answers, -ENOTSOCK. */
int ringwall_sock_check(const char *path, struct ringwall_err *e);

/**
 * ringwall_sock_send_fd() - @fd with @len > 0 bytes of @data, all of it; the descriptor comes with the first byte.
 * A peer that is gone is -EPIPE, never SIGPIPE.
 */
int ringwall_sock_send_fd(int sock, int fd, const void *data, size_t len, struct ringwall_err *e);

/**
 * ringwall_sock_pass() - connect, send, close.
 * @path: of any length; beyond the 107 bytes of sun_path /proc must be mounted
 */
int ringwall_sock_pass(const char *path, int fd, const void *data, size_t len, struct ringwall_err *e);

#endif
