// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hint.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/cleanup.h"

/*
 * What is known to help, by a part of the message; the first row that fits counts. A hint must not contain words that
 * callers look for ("no such file or directory", "permission denied", …): Docker makes exit codes of them.
 */
static const struct {
	const char *part, *hint;
	bool unprivileged; /* only when the caller is not root */
} hints[] = {
	{ "container does not exist", "'ringwall list' shows those that do; each --root has its own", false },
	{ "container with given ID already exists", "take another ID, or 'ringwall delete' the old container", false },
	{ "that is not stopped", "'ringwall delete --force' kills it first", false },
	{ "config.json': no such file", "'ringwall spec' writes a config.json to begin with, --bundle says where one is", false },
	{ "cannot allocate tty", "set process.terminal to false in the configuration, or give --console-socket", false },
	{ "mounted as cgroup v1", "systemd.unified_cgroup_hierarchy=1 on the kernel's command line gives every controller to v2", false },
	{ "D-Bus: connect", "--systemd-cgroup is for hosts that run systemd; without it Ringwall makes cgroups itself", false },
	{ "newuidmap", "Debian's package uidmap has newuidmap and newgidmap; /etc/subuid and /etc/subgid say what they allow", false },
	{ "newgidmap", "Debian's package uidmap has newuidmap and newgidmap; /etc/subuid and /etc/subgid say what they allow", false },
	{ "criu", "checkpoint and restore need CRIU; --criu says where it is", false },
	{ "see 'ringwall doctor'", "a policy with \"onUnsupported\": \"warn\" takes what the host can enforce", false },
	{ "without the classes on LSM hooks", "'ringwall doctor' tells whether this host has these classes for any container", false },
	{ "but no network.resolvers", "\"network\": { \"resolvers\": [\"ADDRESS\"] } in the policy names the DNS servers to believe", false },
	{ "neither a policy nor a rule", "'ringwall policy set --help' has the rules that can be given", false },
	{ "command line:", "'ringwall policy set --help' tells how a rule is written", false },
	{ "is in learn mode", "the mode of each class: 'ringwall policy show'", false },
	{ "make state directory", "without root, state goes below $XDG_RUNTIME_DIR, or where --root says", true },
	{ "operation not permitted", "run it as root, or with a configuration made by 'ringwall spec --rootless'", true },
	{ "permission denied", "run it as root, or with a configuration made by 'ringwall spec --rootless'", true },
};

/* What Ringwall does not work without. None does anything with -1 and zeroes, but where it is missing it says so. */
static const struct {
	const char *name;
	long number;
} calls[] = {
	{ "clone3", SYS_clone3 },
	{ "close_range", SYS_close_range },
	{ "execveat", SYS_execveat },
	{ "fsopen", SYS_fsopen },
	{ "memfd_create", SYS_memfd_create },
	{ "mount_setattr", SYS_mount_setattr },
	{ "move_mount", SYS_move_mount },
	{ "open_tree", SYS_open_tree },
	{ "openat2", SYS_openat2 },
	{ "pidfd_getfd", SYS_pidfd_getfd },
	{ "pidfd_open", SYS_pidfd_open },
	{ "pidfd_send_signal", SYS_pidfd_send_signal },
};

/* Which call is it that there is not? The message says what was tried, in the words of the configuration. */
static const char *missing_call(void)
{
	static char text[160];

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		if (syscall(calls[i].number, -1, 0, 0, 0, 0) >= 0 || errno != ENOSYS)
			continue;
		snprintf(text, sizeof(text), "%s(2) is missing: Ringwall needs Linux 6.1, and no seccomp filter around it "
			 "that takes this call away", calls[i].name);
		return text;
	}
	return NULL;
}

const char *ringwall_hint_find(const struct ringwall_err *e)
{
	const char *missing = e->code == -ENOSYS ? missing_call() : NULL;

	if (missing)
		return missing;
	for (size_t i = 0; i < ARRAY_SIZE(hints); i++)
		if (strstr(e->text, hints[i].part) && (!hints[i].unprivileged || geteuid()))
			return hints[i].hint;
	return NULL;
}
