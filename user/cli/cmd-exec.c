// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>

#include "cli.h"

/* What the library takes, and the lists that are collected before it can have them. */
static struct exec_options {
	struct ringwall_exec_options o;
	struct ringwall_opt_strings env, caps, gids;
	bool no_subreaper;
} opt = { .o = { .size = sizeof(opt.o), .tty = -1, .no_new_privs = -1 } };

#define ROW(member, name, letter, type, arg, help) RINGWALL_OPT(struct exec_options, member, name, letter, type, arg, help)

static const struct ringwall_option options[] = {
	ROW(o.process, "process", 'p', STRING, "FILE", "the process, as an object like config.json's \"process\""),
	ROW(o.tty, "tty", 't', TRISTATE, NULL, "give the process a terminal"),
	ROW(o.cwd, "cwd", 0, STRING, "DIR", "working directory in the container"),
	ROW(env, "env", 'e', STRINGS, "NAME=VALUE", "add to the environment (repeatable)"),
	ROW(o.user, "user", 'u', STRING, "UID[:GID]", "run as this user"),
	ROW(gids, "additional-gids", 'g', STRINGS, "GID", "additional group (repeatable)"),
	ROW(caps, "cap", 'c', STRINGS, "CAP", "additional capability (repeatable)"),
	ROW(o.no_new_privs, "no-new-privs", 0, TRISTATE, NULL, "the process cannot gain privileges by exec"),
	ROW(o.process_label, "process-label", 0, STRING, "LABEL", "SELinux label of the process"),
	ROW(o.apparmor, "apparmor", 0, STRING, "PROFILE", "AppArmor profile of the process"),
	ROW(o.cgroup, "cgroup", 0, STRING, "PATH", "cgroup below the container's own"),
	ROW(o.detach, "detach", 'd', FLAG, NULL, "do not wait for the process"),
	ROW(o.pid_file, "pid-file", 0, STRING, "FILE", "write the pid of the process there"),
	ROW(o.console_socket, "console-socket", 0, STRING, "PATH",
	    "unix socket that is sent the master side of the process's terminal"),
	ROW(o.pidfd_socket, "pidfd-socket", 0, STRING, "PATH", "unix socket that is sent a pidfd of the process"),
	ROW(o.preserve_fds, "preserve-fds", 0, UINT, "N",
	    "pass N more descriptors from 3 on (LISTEN_FDS ones are passed anyway)"),
	ROW(o.ignore_paused, "ignore-paused", 0, FLAG, NULL, "also in a paused container: the process waits for resume"),
	ROW(no_subreaper, "no-subreaper", 0, FLAG, NULL, "accepted for runc's sake, without effect"),
	{ .name = NULL },
};

static int parse_gids(struct ringwall_err *e)
{
	size_t n = opt.gids.n;
	gid_t *gids = calloc(n ?: 1, sizeof(*gids)); /* lives as long as the process */

	if (!gids)
		return ringwall_fail(e, -ENOMEM, "option --additional-gids");
	for (size_t i = 0; i < n; i++) {
		int64_t gid;
		int r = ringwall_opts_number(opt.gids.v[i], &gid);

		/* (gid_t)-1 means "leave as it is" to the kernel, so nobody can have it. */
		if (r < 0 || gid < 0 || gid >= UINT32_MAX)
			return ringwall_fail_plain(e, -EINVAL, "option --additional-gids: '%s' is not a group's number",
						   opt.gids.v[i]);
		gids[i] = (gid_t)gid;
	}
	opt.o.additional_gids = gids;
	opt.o.n_additional_gids = n;
	return 0;
}

static int run(struct ringwall_cli *cli, char **args, int n, int *ret_status, struct ringwall_err *e)
{
	if (!opt.o.process && n < 2)
		return ringwall_fail_plain(e, -EINVAL, "exec: a command or --process is wanted");
	if (opt.o.process && n > 1)
		return ringwall_fail_plain(e, -EINVAL, "exec: both a command and --process");
	if (opt.gids.n && parse_gids(e) < 0)
		return -EINVAL;
	opt.o.args = n > 1 ? (const char *const *)args + 1 : NULL;
	opt.o.env = opt.env.v;
	opt.o.caps = opt.caps.v;
	return ringwall_exec(cli->rw, args[0], &opt.o, ret_status, e);
}

const struct ringwall_verb ringwall_verb_exec = {
	.name = "exec",
	.args = "ID [COMMAND [ARG...]]",
	.help = "run another process in a running container",
	.text = "What is not said is as for the container's own process. Unless detached, exec exits with the process's status, "
		"or 128 and the signal's number; errors of Ringwall itself exit with 255.",
	.options = options,
	.into = &opt,
	.min_args = 1,
	.max_args = RINGWALL_VERB_ANY,
	.flags = RINGWALL_VERB_RUNTIME | RINGWALL_VERB_IN_ORDER | RINGWALL_VERB_EXIT_255,
	.run = run,
};
