/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_NOTIFY_H
#define RINGWALL_NOTIFY_H

/*
 * sd_notify(3) out of a container, as runc has it: where the runtime was given NOTIFY_SOCKET, the container gets one of its
 * own, ROOT/ID/notify/notify.sock, bound at /run/notify, and the runtime passes on what comes there. In the foreground
 * as long as the container runs; detached, and in `start`, it returns when the container is ready, or has ended.
 */

#include "../oci/config.h"
#include "err.h"

/**
 * struct ringwall_notify - the container's socket while somebody listens.
 * @fd: -1: there is none
 * @main: tell who listens that this process is the service's main one, when it is ready; 0: the runtime stays that
 * @ready: it has been passed on that the container is ready
 */
struct ringwall_notify {
	int fd;
	pid_t main;
	bool ready;
};

/** ringwall_notify_wanted() - is NOTIFY_SOCKET set, and config.json without one of its own? */
bool ringwall_notify_wanted(const struct ringwall_config *c);

/** ringwall_notify_add() - to @c: the mount, from the state directory of container @id below @root, and the variable. */
int ringwall_notify_add(struct ringwall_config *c, const char *root, const char *id, struct ringwall_err *e);

/** ringwall_notify_directory() - make what is mounted, in the container's state directory. */
int ringwall_notify_directory(int dir_fd, struct ringwall_err *e);

/** ringwall_notify_listen() - make the socket in it; none, and no error, where ringwall_notify_directory() was not called. */
int ringwall_notify_listen(int dir_fd, struct ringwall_notify *ret, struct ringwall_err *e);

/** ringwall_notify_pass() - pass on what has come. -errno: whoever listens to NOTIFY_SOCKET cannot be told. */
int ringwall_notify_pass(struct ringwall_notify *n, struct ringwall_err *e);

/** ringwall_notify_wait() - until the container is ready, or the process behind @pidfd has ended. */
int ringwall_notify_wait(struct ringwall_notify *n, int pidfd, struct ringwall_err *e);

void ringwall_notify_close(struct ringwall_notify *n);

#endif
