// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>

#include "cli.h"

static struct restore_options {
	const char *bundle, *console_socket, *image_path, *work_path, *pid_file, *lsm_profile, *lsm_mount_context;
	struct ringwall_opt_strings empty_ns;
	unsigned int manage_cgroups;
	bool tcp_established, tcp_close, link_remap, ext_unix_sk, shell_job, file_locks, detach, no_subreaper, no_pivot,
		auto_dedup, lazy_pages;
} opt;

#define ROW(member, name, letter, type, arg, help) RINGWALL_OPT(struct restore_options, member, name, letter, type, arg, help)

static const struct ringwall_option options[] = {
	ROW(bundle, "bundle", 'b', STRING, "DIR", "the bundle's directory (default: the working directory)"),
	ROW(console_socket, "console-socket", 0, STRING, "PATH",
	    "unix socket that is sent the master side of the container's terminal"),
	ROW(image_path, "image-path", 0, STRING, "DIR", "where the images are (default: checkpoint)"),
	ROW(work_path, "work-path", 0, STRING, "DIR", "where CRIU's log and working files go (default: the image path)"),
	ROW(tcp_established, "tcp-established", 0, FLAG, NULL, "restore open TCP connections"),
	ROW(tcp_close, "tcp-close", 0, FLAG, NULL, "restore TCP connections closed"),
	ROW(link_remap, "link-remap", 0, FLAG, NULL, "restore files that were open but deleted"),
	ROW(ext_unix_sk, "ext-unix-sk", 0, FLAG, NULL, "allow unix sockets whose other end is outside"),
	ROW(shell_job, "shell-job", 0, FLAG, NULL, "allow a session that was inherited from a shell"),
	ROW(file_locks, "file-locks", 0, FLAG, NULL, "restore file locks"),
	ROW(manage_cgroups, "manage-cgroups-mode", 0, CHOICE, "soft|full|strict|ignore",
	    "what CRIU does about cgroups (default: soft)"),
	ROW(detach, "detach", 'd', FLAG, NULL, "do not wait for the container's process"),
	ROW(pid_file, "pid-file", 0, STRING, "FILE", "write the pid of the container's process there"),
	ROW(no_subreaper, "no-subreaper", 0, FLAG, NULL, "do not reap the container's orphans"),
	ROW(no_pivot, "no-pivot", 0, FLAG, NULL, "change root by moving the mount instead of pivot_root"),
	ROW(empty_ns, "empty-ns", 0, STRINGS, "NAMESPACE", "do not restore the contents of this namespace: network"),
	ROW(auto_dedup, "auto-dedup", 0, FLAG, NULL, "drop pages from the images when they have been read"),
	ROW(lazy_pages, "lazy-pages", 0, FLAG, NULL, "fetch memory on demand"),
	ROW(lsm_profile, "lsm-profile", 0, STRING, "TYPE:NAME", "LSM profile of the restored processes"),
	ROW(lsm_mount_context, "lsm-mount-context", 0, STRING, "CONTEXT", "LSM context of the restored mounts"),
	{ .name = NULL },
};

static int run(struct ringwall_cli *cli, char **args, int n, int *ret_status, struct ringwall_err *e)
{
	(void)cli;
	(void)args;
	(void)n;
	(void)ret_status;
	return ringwall_fail_plain(e, -EOPNOTSUPP, "restore: not supported by this version of ringwall");
}

const struct ringwall_verb ringwall_verb_restore = {
	.name = "restore",
	.args = "ID",
	.help = "make a container again from the files of checkpoint",
	.options = options,
	.into = &opt,
	.min_args = 1,
	.max_args = 1,
	.flags = RINGWALL_VERB_RUNTIME | RINGWALL_VERB_NEW_ID,
	.run = run,
};
