// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>

#include "cli.h"

static struct checkpoint_options {
	const char *image_path, *work_path, *parent_path, *page_server;
	struct ringwall_opt_strings empty_ns;
	struct ringwall_opt_number status_fd;
	unsigned int manage_cgroups;
	bool leave_running, tcp_established, tcp_skip_in_flight, link_remap, ext_unix_sk, shell_job, lazy_pages, file_locks,
		pre_dump, auto_dedup;
} opt;

#define ROW(member, name, type, arg, help) RINGWALL_OPT(struct checkpoint_options, member, name, 0, type, arg, help)

static const struct ringwall_option options[] = {
	ROW(image_path, "image-path", STRING, "DIR", "where the images are written (default: checkpoint)"),
	ROW(work_path, "work-path", STRING, "DIR", "where CRIU's log and working files go (default: the image path)"),
	ROW(parent_path, "parent-path", STRING, "DIR", "images of an earlier --pre-dump, relative to the image path"),
	ROW(leave_running, "leave-running", FLAG, NULL, "do not stop the container"),
	ROW(tcp_established, "tcp-established", FLAG, NULL, "keep open TCP connections"),
	ROW(tcp_skip_in_flight, "tcp-skip-in-flight", FLAG, NULL, "drop TCP connections that are being made"),
	ROW(link_remap, "link-remap", FLAG, NULL, "keep files that are open but deleted, by linking them"),
	ROW(ext_unix_sk, "ext-unix-sk", FLAG, NULL, "allow unix sockets whose other end is outside"),
	ROW(shell_job, "shell-job", FLAG, NULL, "allow a session that was inherited from a shell"),
	ROW(lazy_pages, "lazy-pages", FLAG, NULL, "leave memory to be fetched on demand by the restored container"),
	ROW(status_fd, "status-fd", NUMBER, "FD", "descriptor that is written a zero byte when --lazy-pages is ready"),
	ROW(page_server, "page-server", STRING, "ADDRESS:PORT", "send memory to this page server"),
	ROW(file_locks, "file-locks", FLAG, NULL, "keep file locks"),
	ROW(pre_dump, "pre-dump", FLAG, NULL, "only memory, and let the container run on"),
	ROW(manage_cgroups, "manage-cgroups-mode", CHOICE, "soft|full|strict|ignore", "what CRIU does about cgroups (default: soft)"),
	ROW(empty_ns, "empty-ns", STRINGS, "NAMESPACE", "do not save the contents of this namespace: network"),
	ROW(auto_dedup, "auto-dedup", FLAG, NULL, "drop pages from the parent image that are saved again"),
	{ .name = NULL },
};

static int run(struct ringwall_cli *cli, char **args, int n, int *ret_status, struct ringwall_err *e)
{
	(void)cli;
	(void)args;
	(void)n;
	(void)ret_status;
	return ringwall_fail_plain(e, -EOPNOTSUPP, "checkpoint: not supported by this version of ringwall");
}

const struct ringwall_verb ringwall_verb_checkpoint = {
	.name = "checkpoint",
	.args = "ID",
	.help = "save a running container to files, with CRIU",
	.options = options,
	.into = &opt,
	.min_args = 1,
	.max_args = 1,
	.flags = RINGWALL_VERB_RUNTIME,
	.run = run,
};
