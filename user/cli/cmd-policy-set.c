// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "cli.h"

enum change {
	ALLOW_EGRESS,
	DENY_EGRESS,
	ALLOW_INGRESS,
	DENY_INGRESS,
	ALLOW_BIND,
	DENY_BIND,
	ALLOW_PATH,
	DENY_PATH,
	ALLOW_EXEC,
	DENY_EXEC,
	ALLOW_DEVICE,
	DENY_DEVICE,
	ALLOW_CAPABILITY,
	DENY_CAPABILITY,
	ALLOW_SYSCALL,
	DENY_SYSCALL,
	KERNEL,
	AUDIT,
	LEARN,
	ENFORCE,
	CHANGES,
};

static struct set_options {
	struct ringwall_opt_strings change[CHANGES];
} opt;

#define ROW(which, name, arg, help) RINGWALL_OPT(struct set_options, change[which], name, 0, STRINGS, arg, help)

/* The library knows the changes by the names of these options. */
static const struct ringwall_option options[] = {
	ROW(ALLOW_EGRESS, "allow-egress", "WHERE",
	    "allow to connect and send to [tcp/]ADDRESS[/LEN][:PORTS] or a DNS name; [IPv6]:PORTS"),
	ROW(DENY_EGRESS, "deny-egress", "WHERE", "deny to connect and send there"),
	ROW(ALLOW_INGRESS, "allow-ingress", "WHERE", "allow packets from there, to the container's PORTS"),
	ROW(DENY_INGRESS, "deny-ingress", "WHERE", "deny packets from there"),
	ROW(ALLOW_BIND, "allow-bind", "[PROTO/]PORTS", "allow to bind sockets to ports such as 443,8000-8100"),
	ROW(DENY_BIND, "deny-bind", "[PROTO/]PORTS", "deny to bind sockets to these ports"),
	ROW(ALLOW_PATH, "allow-path", "PATH:RIGHTS",
	    "allow of rwcdxm what is given, and nothing else, for /a/path, /a/*/path or /a/path/**"),
	ROW(DENY_PATH, "deny-path", "PATH:RIGHTS", "deny of rwcdxm what is given"),
	ROW(ALLOW_EXEC, "allow-exec", "PATH", "allow to execute that"),
	ROW(DENY_EXEC, "deny-exec", "PATH", "deny to execute that"),
	ROW(ALLOW_DEVICE, "allow-device", "DEVICE", "allow a device such as 'c 1:3 rw', where config.json allows it"),
	ROW(DENY_DEVICE, "deny-device", "DEVICE", "deny such a device"),
	ROW(ALLOW_CAPABILITY, "allow-capability", "CAP", "allow to use a capability such as CAP_NET_ADMIN"),
	ROW(DENY_CAPABILITY, "deny-capability", "CAP", "deny to use it"),
	ROW(ALLOW_SYSCALL, "allow-syscall", "NAMES", "allow system calls such as keyctl,add_key"),
	ROW(DENY_SYSCALL, "deny-syscall", "NAMES[:ERRNO]", "deny system calls, with EPERM or another error: keyctl:ENOSYS"),
	ROW(KERNEL, "kernel", "KEY=VALUE", "allow or deny an interface of the kernel: mount=deny"),
	ROW(AUDIT, "audit", "CLASSES",
	    "count and report, but allow: devices, network, files, exec, kernel, capabilities, syscalls"),
	ROW(LEARN, "learn", "CLASSES", "the same, and record it for 'policy learn'"),
	ROW(ENFORCE, "enforce", "CLASSES", "refuse what the policy refuses"),
	{ .name = NULL },
};

static size_t count(void)
{
	size_t n = 0;

	for (size_t i = 0; i < CHANGES; i++)
		n += opt.change[i].n;
	return n;
}

/* "NAME=VALUE" of each, in the order of the table. They live as long as the process. */
static char **changes_of(void)
{
	char **v = calloc(count() + 1, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; v && i < CHANGES; i++)
		for (size_t j = 0; j < opt.change[i].n; j++)
			if (asprintf(&v[n++], "%s=%s", options[i].name, opt.change[i].v[j]) < 0)
				return NULL;
	return v;
}

static int run(struct ringwall_cli *cli, char **args, int n, int *ret_status, struct ringwall_err *e)
{
	char **changes = changes_of();

	(void)ret_status;
	if (!changes)
		return ringwall_fail(e, -ENOMEM, "policy set");
	return ringwall_policy_set(cli->rw, args[0], n > 1 ? args[1] : NULL, (const char *const *)changes, e);
}

const struct ringwall_verb ringwall_verb_policy_set = {
	.name = "policy set",
	.args = "ID [FILE|NAME]",
	.help = "change a running container's policy, all of it or single rules, in one atomic switch",
	.text = "Rules that are given as options, which can be repeated, are added to FILE, or else to the policy that the container has. "
		"CLASSES are separated by commas.",
	.options = options,
	.into = &opt,
	.min_args = 1,
	.max_args = 2,
	.flags = RINGWALL_VERB_RUNTIME | RINGWALL_VERB_FIND,
	.run = run,
};
