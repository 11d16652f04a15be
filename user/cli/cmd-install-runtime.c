// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>

#include "../lib/cleanup.h"
#include "cli.h"

static struct install_options {
	const char *name, *path, *file;
	struct ringwall_opt_strings args;
	bool make_default, systemd_cgroup, remove;
} opt;

#define ROW(member, name, type, arg, help) RINGWALL_OPT(struct install_options, member, name, 0, type, arg, help)

static const struct ringwall_option options[] = {
	ROW(make_default, "default", FLAG, NULL, "make it the one that is taken where none is asked for"),
	ROW(name, "name", STRING, "NAME", "what the caller is to know it by (default: ringwall)"),
	ROW(path, "path", STRING, "FILE", "the runtime (default: this program)"),
	ROW(args, "runtime-arg", STRINGS, "ARG", "docker: an argument that it is always given, such as --policy=NAME"),
	ROW(systemd_cgroup, "systemd-cgroup", FLAG, NULL, "containerd: have systemd make the cgroups"),
	ROW(file, "config", STRING, "FILE", "the caller's configuration, where it is not in the usual place"),
	ROW(remove, "remove", FLAG, NULL, "take it out again"),
	{ .name = NULL },
};

static int run(struct ringwall_cli *cli, char **args, int n, int *ret_status, struct ringwall_err *e)
{
	const struct ringwall_install_options o = {
		.size = sizeof(o), .name = opt.name, .path = opt.path, .file = opt.file, .args = opt.args.v,
		.make_default = opt.make_default, .systemd_cgroup = opt.systemd_cgroup, .remove = opt.remove,
	};
	_cleanup_free_ char *report = NULL;
	int r = ringwall_install_runtime(args[0], &o, &report, e);

	(void)cli;
	(void)n;
	(void)ret_status;
	if (!r)
		puts(report);
	return r;
}

const struct ringwall_verb ringwall_verb_install_runtime = {
	.name = "install-runtime",
	.args = "docker|podman|containerd|crio",
	.help = "enter ringwall as a runtime in the configuration of what calls it",
	.text = "The file that is changed: /etc/docker/daemon.json, /etc/containers/containers.conf.d/ringwall.conf, "
		"/etc/containerd/config.toml, where the runtime is for Kubernetes, or /etc/crio/crio.conf.d/ringwall.conf. "
		"What else is in it stays as it is; runtimes with several names stand side by side. "
		"It says what has to be done for the change to take effect.",
	.options = options,
	.into = &opt,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
