// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../lib/file.h"
#include "cli.h"

static struct spec_options {
	const char *bundle;
	bool rootless;
} opt;

static const struct ringwall_option options[] = {
	RINGWALL_OPT(struct spec_options, bundle, "bundle", 'b', STRING, "DIR", "where to write (default: the working directory)"),
	RINGWALL_OPT(struct spec_options, rootless, "rootless", 0, FLAG, NULL,
		     "for a container of this user's, without privileges on the host"),
	{ .name = NULL },
};

/* What is left of a file that could not be written whole is removed: half a configuration is none. */
static int write_file(int dir, const char *name, const char *text, struct ringwall_err *e)
{
	_cleanup_fd_ int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	int r;

	if (fd < 0 && errno == EEXIST)
		return ringwall_fail_plain(e, -EEXIST, "file %s exists: remove it first", name);
	if (fd < 0)
		return ringwall_fail(e, -errno, "create '%s'", name);
	r = ringwall_file_write_fd(fd, text, strlen(text));
	if (!r)
		return 0;
	unlinkat(dir, name, 0);
	return ringwall_fail(e, r, "write '%s'", name);
}

static int run(struct ringwall_cli *cli, char **args, int n, int *ret_status, struct ringwall_err *e)
{
	_cleanup_free_ char *json = NULL;
	_cleanup_fd_ int dir = -1;
	int r;

	(void)cli;
	(void)args;
	(void)n;
	(void)ret_status;
	dir = open(opt.bundle ?: ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return ringwall_fail(e, -errno, "open '%s'", opt.bundle ?: ".");
	r = ringwall_spec(opt.rootless, &json, e);
	if (r < 0)
		return r;
	return write_file(dir, "config.json", json, e);
}

const struct ringwall_verb ringwall_verb_spec = {
	.name = "spec",
	.args = "",
	.help = "write a config.json to begin with",
	.text = "It runs sh on a terminal in the bundle's directory rootfs. A config.json that exists is left alone.",
	.options = options,
	.into = &opt,
	.run = run,
};
