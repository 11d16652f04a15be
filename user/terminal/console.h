/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_TERMINAL_CONSOLE_H
#define RINGWALL_TERMINAL_CONSOLE_H

#include <sys/types.h>

#include "../lib/err.h"

/**
 * ringwall_console_open() - a new pty of the container's own devpts.
 * @dev_fd: the container's /dev, already mounted; "pts/ptmx" is opened below it without leaving it or following links
 *          (falls back to the host's /dev/ptmx when the container has no devpts)
 * @ret_master, @ret_slave: the slave comes from TIOCGPTPEER, never by path (CVE-2025-52565)
 * @height, @width: consoleSize, 0 unset
 */
int ringwall_console_open(int dev_fd, unsigned int height, unsigned int width, int *ret_master, int *ret_slave,
			  struct ringwall_err *e);

/** ringwall_console_attach() - in the child: setsid, TIOCSCTTY, fchown to @uid, dup2 to 0-2. @slave stays open besides. */
int ringwall_console_attach(int slave, uid_t uid, struct ringwall_err *e);

/** ringwall_console_send() - pass @fd over the AF_UNIX stream socket at @path with SCM_RIGHTS; @name: message body (runc: the pty's name). */
int ringwall_console_send(const char *path, int fd, const char *name, struct ringwall_err *e);

/**
 * struct ringwall_console_watch - a descriptor more to look after while relaying.
 * @ready: called when there is something to read; negative: not to be called again
 */
struct ringwall_console_watch {
	int fd;
	int (*ready)(void *data);
	void *data;
};

/**
 * ringwall_console_relay() - `run -t` by hand: raw mode on the caller's terminal, both directions, SIGWINCH to the pty,
 * other signals forwarded to @pid, until the process behind @pidfd exits and the pty has been drained.
 * @master: pty master, -1: no terminal, only forward signals and wait
 * @watch: NULL: none
 * @ret_status: exit status, 128+signal when killed
 *
 * Restores the terminal on every way out (also when killed by a signal it can catch). Reaps other children (subreaper).
 * @pid must be the caller's child, and SIGCHLD not ignored when it exits (-ECHILD: its status is lost). Signals that
 * come between clone and this call have their usual effect unless the caller blocked them before.
 */
int ringwall_console_relay(int master, pid_t pid, int pidfd, const struct ringwall_console_watch *watch, int *ret_status,
			   struct ringwall_err *e);

#endif
