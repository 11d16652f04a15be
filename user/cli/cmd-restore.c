// SPDX-License-Identifier: LGPL-2.1-or-later
#include "checkpoint-options.h"

static struct restore_cli {
	struct ringwall_restore_options o;
	struct ringwall_opt_strings empty_ns;
	unsigned int manage_cgroups;
} opt = { .o = { .size = sizeof(opt.o), .create.size = sizeof(opt.o.create) } };

#define ROW(member, name, letter, type, arg, help) RINGWALL_OPT(struct restore_cli, member, name, letter, type, arg, help)

static const struct ringwall_option options[] = {
	ROW(o.create.bundle, "bundle", 'b', STRING, "DIR", "the bundle's directory (default: the working directory)"),
	ROW(o.create.console_socket, "console-socket", 0, STRING, "PATH",
	    "unix socket that is sent the master side of the container's terminal"),
	ROW(o.image_path, "image-path", 0, STRING, "DIR", "where the images are (default: checkpoint)"),
	ROW(o.work_path, "work-path", 0, STRING, "DIR", "where CRIU's log and working files go (default: the image path)"),
	ROW(o.create.policy, "policy", 0, STRING, "FILE|NAME", "policy file or built-in profile (default: the policy that was saved)"),
	ROW(o.tcp_established, "tcp-established", 0, FLAG, NULL, "restore open TCP connections"),
	ROW(o.tcp_close, "tcp-close", 0, FLAG, NULL, "restore TCP connections closed"),
	ROW(o.link_remap, "link-remap", 0, FLAG, NULL, "restore files that were open but deleted"),
	ROW(o.ext_unix_sk, "ext-unix-sk", 0, FLAG, NULL, "allow unix sockets whose other end is outside"),
	ROW(o.shell_job, "shell-job", 0, FLAG, NULL, "allow a session that was inherited from a shell"),
	ROW(o.file_locks, "file-locks", 0, FLAG, NULL, "restore file locks"),
	ROW(manage_cgroups, "manage-cgroups-mode", 0, CHOICE, "soft|full|strict|ignore",
	    "what CRIU does about cgroups (default: soft)"),
	ROW(o.create.detach, "detach", 'd', FLAG, NULL, "do not wait for the container's process"),
	ROW(o.create.pid_file, "pid-file", 0, STRING, "FILE", "write the pid of the container's process there"),
	ROW(o.create.no_subreaper, "no-subreaper", 0, FLAG, NULL, "do not reap the container's orphans"),
	ROW(o.create.no_pivot, "no-pivot", 0, FLAG, NULL, "change root by moving the mount instead of pivot_root"),
	ROW(empty_ns, "empty-ns", 0, STRINGS, "NAMESPACE", "network, whose contents are for the hooks to make: what runc does"),
	ROW(o.auto_dedup, "auto-dedup", 0, FLAG, NULL, "drop pages from the images when they have been read"),
	ROW(o.lazy_pages, "lazy-pages", 0, FLAG, NULL, "fetch memory on demand"),
	ROW(o.lsm_profile, "lsm-profile", 0, STRING, "TYPE:NAME", "LSM profile of the restored processes"),
	ROW(o.lsm_mount_context, "lsm-mount-context", 0, STRING, "CONTEXT", "LSM context of the restored mounts"),
	{ .name = NULL },
};

static int run(struct ringwall_cli *cli, char **args, int n, int *ret_status, struct ringwall_err *e)
{
	int r = ringwall_empty_ns_check(&opt.empty_ns, e);

	(void)n;
	if (r < 0)
		return r;
	opt.o.policy_decides = opt.o.create.policy;
	opt.o.create.policy = opt.o.create.policy ?: cli->global.policy;
	opt.o.cgroups = (enum ringwall_cgroups_mode)opt.manage_cgroups;
	return ringwall_restore(cli->rw, args[0], &opt.o, ret_status, e);
}

const struct ringwall_verb ringwall_verb_restore = {
	.name = "restore",
	.args = "ID",
	.help = "make a container again from the files of checkpoint",
	.text = "It comes back with the policy that it was saved with, under all of it from where its processes go on. Where --policy "
		"before the verb, its annotation or /etc/ringwall have another one for it, that is an error; --policy behind the verb "
		"says which. Images of other runtimes have none: then it is the one that a new container gets. Its network is made by "
		"its hooks, as a new one is.",
	.options = options,
	.into = &opt,
	.min_args = 1,
	.max_args = 1,
	.flags = RINGWALL_VERB_RUNTIME | RINGWALL_VERB_NEW_ID,
	.run = run,
};
