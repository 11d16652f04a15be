// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "checkpoint-options.h"

/* What the library takes, and what is looked at first. */
static struct checkpoint_cli {
	struct ringwall_checkpoint_options o;
	struct ringwall_opt_strings empty_ns;
	struct ringwall_opt_number status_fd;
	unsigned int manage_cgroups;
} opt = { .o.size = sizeof(opt.o) };

#define ROW(member, name, type, arg, help) RINGWALL_OPT(struct checkpoint_cli, member, name, 0, type, arg, help)

static const struct ringwall_option options[] = {
	ROW(o.image_path, "image-path", STRING, "DIR", "where the images are written (default: checkpoint)"),
	ROW(o.work_path, "work-path", STRING, "DIR", "where CRIU's log and working files go (default: the image path)"),
	ROW(o.parent_path, "parent-path", STRING, "DIR", "images of an earlier --pre-dump, relative to the image path"),
	ROW(o.leave_running, "leave-running", FLAG, NULL, "do not stop the container"),
	ROW(o.tcp_established, "tcp-established", FLAG, NULL, "keep open TCP connections"),
	ROW(o.tcp_skip_in_flight, "tcp-skip-in-flight", FLAG, NULL, "drop TCP connections that are being made"),
	ROW(o.link_remap, "link-remap", FLAG, NULL, "keep files that are open but deleted, by linking them"),
	ROW(o.ext_unix_sk, "ext-unix-sk", FLAG, NULL, "allow unix sockets whose other end is outside"),
	ROW(o.shell_job, "shell-job", FLAG, NULL, "allow a session that was inherited from a shell"),
	ROW(o.lazy_pages, "lazy-pages", FLAG, NULL, "leave memory to be fetched on demand by the restored container"),
	ROW(status_fd, "status-fd", NUMBER, "FD", "descriptor that is written a zero byte when --lazy-pages is ready"),
	ROW(o.page_server, "page-server", STRING, "ADDRESS:PORT", "send memory to this page server"),
	ROW(o.file_locks, "file-locks", FLAG, NULL, "keep file locks"),
	ROW(o.pre_dump, "pre-dump", FLAG, NULL, "only memory, and let the container run on"),
	ROW(manage_cgroups, "manage-cgroups-mode", CHOICE, "soft|full|strict|ignore", "what CRIU does about cgroups (default: soft)"),
	ROW(empty_ns, "empty-ns", STRINGS, "NAMESPACE", "network, whose contents are never saved: what runc does"),
	ROW(o.auto_dedup, "auto-dedup", FLAG, NULL, "drop pages from the parent image that are saved again"),
	{ .name = NULL },
};

int ringwall_empty_ns_check(const struct ringwall_opt_strings *names, struct ringwall_err *e)
{
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->v[i], "network"))
			return ringwall_fail_plain(e, -EINVAL, "option --empty-ns: '%s' is not network", names->v[i]);
	return 0;
}

static int run(struct ringwall_cli *cli, char **args, int n, int *ret_status, struct ringwall_err *e)
{
	int r = ringwall_empty_ns_check(&opt.empty_ns, e);

	(void)n;
	(void)ret_status;
	if (r < 0)
		return r;
	if (opt.status_fd.has && (opt.status_fd.v < 0 || opt.status_fd.v > INT_MAX))
		return ringwall_fail_plain(e, -EINVAL, "option --status-fd: %lld is not a descriptor",
					   (long long)opt.status_fd.v);
	opt.o.status_fd = opt.status_fd.has ? (int)opt.status_fd.v : -1;
	opt.o.cgroups = (enum ringwall_cgroups_mode)opt.manage_cgroups;
	return ringwall_checkpoint(cli->rw, args[0], &opt.o, e);
}

const struct ringwall_verb ringwall_verb_checkpoint = {
	.name = "checkpoint",
	.args = "ID",
	.help = "save a running container to files, with CRIU",
	.text = "Beside CRIU's images lie the policy that it has (ringwall-policy.json) and the seccomp filter that its processes "
		"have for it (syscalls.filter). What is in its network namespace is not saved, but sockets are.",
	.options = options,
	.into = &opt,
	.min_args = 1,
	.max_args = 1,
	.flags = RINGWALL_VERB_RUNTIME,
	.run = run,
};
