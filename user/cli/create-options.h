/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_CLI_CREATE_OPTIONS_H
#define RINGWALL_CLI_CREATE_OPTIONS_H

#include "cli.h"

/* The library's options come first: its rows' offsets hold for both. */
struct ringwall_create_cli {
	struct ringwall_create_options o;
	bool dry_run;
};

/** ringwall_create_print() - what create or run would do, on standard output. */
int ringwall_create_print(struct ringwall_cli *cli, const struct ringwall_create_cli *opt, struct ringwall_err *e);

#define RINGWALL_CREATE_OPT(member, name, letter, type, arg, help) \
	RINGWALL_OPT(struct ringwall_create_options, member, name, letter, type, arg, help)

/* The rows that create and run share. */
#define RINGWALL_CREATE_OPTIONS                                                                                       \
	RINGWALL_CREATE_OPT(bundle, "bundle", 'b', STRING, "DIR", "the bundle's directory (default: the working directory)"), \
	RINGWALL_CREATE_OPT(config, "config", 0, STRING, "FILE", "the configuration (default: config.json in the bundle)"), \
	RINGWALL_CREATE_OPT(console_socket, "console-socket", 0, STRING, "PATH",                                      \
			    "unix socket that is sent the master side of the container's terminal"),                  \
	RINGWALL_CREATE_OPT(pidfd_socket, "pidfd-socket", 0, STRING, "PATH",                                          \
			    "unix socket that is sent a pidfd of the container's process"),                           \
	RINGWALL_CREATE_OPT(pid_file, "pid-file", 0, STRING, "FILE", "write the pid of the container's process there"), \
	RINGWALL_CREATE_OPT(no_pivot, "no-pivot", 0, FLAG, NULL,                                                      \
			    "change root by moving the mount instead of pivot_root, for a rootfs on a ramdisk"),      \
	RINGWALL_CREATE_OPT(no_new_keyring, "no-new-keyring", 0, FLAG, NULL, "keep the caller's session keyring"),    \
	RINGWALL_CREATE_OPT(policy, "policy", 0, STRING, "FILE|NAME",                                                 \
			    "policy file or built-in profile (default: annotation org.ringwall.policy, /etc/ringwall, baseline)"), \
	RINGWALL_CREATE_OPT(preserve_fds, "preserve-fds", 0, UINT, "N",                                               \
			    "pass N more descriptors from 3 on (LISTEN_FDS ones are passed anyway)"),                 \
	RINGWALL_OPT(struct ringwall_create_cli, dry_run, "dry-run", 0, FLAG, NULL,                                   \
		     "check the configuration, print the steps as JSON and change nothing")

#endif
