/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_STATE_SOCKET_H
#define RINGWALL_STATE_SOCKET_H

/* ROOT/ID/start.sock: where a created container's init waits for `start`. The directory is 0700, and so is the way in. */

#include "../lib/err.h"

/** ringwall_start_socket_listen() - make it in the container's directory; the fd is init's to inherit. */
int ringwall_start_socket_listen(int dir_fd, int *ret_fd, struct ringwall_err *e);

/** ringwall_start_socket_connect() - -ECONNREFUSED or -ENOENT: nobody waits there. */
int ringwall_start_socket_connect(int dir_fd, int *ret_fd, struct ringwall_err *e);

/** ringwall_start_socket_remove() - it has served. */
void ringwall_start_socket_remove(int dir_fd);

#endif
