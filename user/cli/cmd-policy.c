// SPDX-License-Identifier: LGPL-2.1-or-later
/* policy check, show, learn */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../lib/file.h"
#include "cli.h"

static struct policy_options {
	bool json, template;
	const char *file, *name, *output;
} opt;

#define ROW(member, name, letter, type, arg, help)                                                                     \
	RINGWALL_OPT(struct policy_options, member, name, letter, type, arg, help)

static const struct ringwall_option no_options[] = { { .name = NULL } };

static const struct ringwall_option show_options[] = {
	ROW(json, "json", 0, FLAG, NULL, "as a policy file, each rule with its origin"),
	ROW(file, "file", 'f', STRING, "FILE|NAME", "not a container's, but this one, with what it extends"),
	{ .name = NULL },
};

static const struct ringwall_option learn_options[] = {
	ROW(name, "name", 0, STRING, "NAME", "name of the policy (default: the container's ID)"),
	ROW(output, "output", 'o', STRING, "FILE", "write it to FILE, not to standard output"),
	ROW(template, "template", 0, FLAG, NULL,
	    "print a policy to learn with, one that records everything and refuses nothing"),
	{ .name = NULL },
};

/* Each file gets its turn, and its line. */
static int run_check(struct ringwall_cli *cli, char **args, int n, int *ret_status, struct ringwall_err *e)
{
	(void)cli;
	(void)e;
	for (int i = 0; i < n; i++) {
		struct ringwall_err why = {};

		if (!ringwall_policy_check(args[i], &why)) {
			printf("%s: OK\n", args[i]);
			continue;
		}
		fprintf(stderr, "%s\n", why.text);
		*ret_status = 1;
	}
	return 0;
}

static int run_show(struct ringwall_cli *cli, char **args, int n, int *ret_status, struct ringwall_err *e)
{
	unsigned int flags = opt.json ? RINGWALL_POLICY_JSON : 0;
	_cleanup_free_ char *text = NULL;
	int r;

	(void)ret_status;
	if (!n == !opt.file)
		return ringwall_fail_plain(e, -EINVAL, "policy show: it wants an ID or --file, not both");
	r = n ? ringwall_policy_show(cli->rw, args[0], flags, &text, e)
	      : ringwall_policy_show_file(opt.file, flags, &text, e);
	if (r < 0)
		return r;
	fputs(text, stdout);
	if (opt.json)
		putchar('\n');
	return 0;
}

static int write_file(const char *path, const char *text, struct ringwall_err *e)
{
	_cleanup_fd_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int r = fd < 0 ? -errno : ringwall_file_write_fd(fd, text, strlen(text));

	if (!r && ringwall_file_write_fd(fd, "\n", 1) < 0)
		r = -EIO;
	return r < 0 ? ringwall_fail(e, r, "write '%s'", path) : 0;
}

static int run_learn(struct ringwall_cli *cli, char **args, int n, int *ret_status, struct ringwall_err *e)
{
	_cleanup_free_ char *json = NULL;
	int r;

	(void)ret_status;
	if (!n == !opt.template)
		return ringwall_fail_plain(e, -EINVAL, "policy learn: it wants an ID or --template, not both");
	r = n ? ringwall_policy_learn(cli->rw, args[0], opt.name, &json, e) : ringwall_policy_template(&json, e);
	if (r < 0)
		return r;
	if (opt.output)
		return write_file(opt.output, json, e);
	puts(json);
	return 0;
}

const struct ringwall_verb ringwall_verb_policy_check = {
	.name = "policy check",
	.args = "FILE...",
	.help = "read policy files and say what is wrong with them",
	.text = "It needs no privileges. Names of built-in profiles will do as well: privileged, baseline, baseline-pod, restricted. "
		"Exit status 1: one of them is wrong, and FILE:LINE:COLUMN says where.",
	.options = no_options,
	.min_args = 1,
	.max_args = RINGWALL_VERB_ANY,
	.run = run_check,
};

const struct ringwall_verb ringwall_verb_policy_show = {
	.name = "policy show",
	.args = "[ID]",
	.help = "show a container's policy, rule by rule, with where each stands",
	.text = "Lines that begin with # say which kinds of rules are enforced, audited or learning, and by what on this host.",
	.options = show_options,
	.into = &opt,
	.max_args = 1,
	.flags = RINGWALL_VERB_RUNTIME | RINGWALL_VERB_FIND,
	.run = run_show,
};

const struct ringwall_verb ringwall_verb_policy_learn = {
	.name = "policy learn",
	.args = "[ID]",
	.help = "make a policy of what a container was seen doing in learn mode",
	.text = "It is the smallest one that allows all of it; what was not seen stays denied. The container may have stopped, but "
		"not be deleted. What is generalised, and how, is told in ringwall(8), LEARNING.",
	.options = learn_options,
	.into = &opt,
	.max_args = 1,
	.flags = RINGWALL_VERB_RUNTIME | RINGWALL_VERB_FIND,
	.run = run_learn,
};
