// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hint.h"

#include <stdbool.h>
#include <string.h>
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
	{ "mounted as cgroup v1", "systemd.unified_cgroup_hierarchy=1 on the kernel's command line gives every controller to v2", false },
	{ "D-Bus: connect", "--systemd-cgroup is for hosts that run systemd; without it Ringwall makes cgroups itself", false },
	{ "newuidmap", "Debian's package uidmap has newuidmap and newgidmap; /etc/subuid and /etc/subgid say what they allow", false },
	{ "newgidmap", "Debian's package uidmap has newuidmap and newgidmap; /etc/subuid and /etc/subgid say what they allow", false },
	{ "criu", "checkpoint and restore need CRIU; --criu says where it is", false },
	{ "make state directory", "without root, state goes below $XDG_RUNTIME_DIR, or where --root says", true },
	{ "operation not permitted", "run it as root, or with a configuration made by 'ringwall spec --rootless'", true },
	{ "permission denied", "run it as root, or with a configuration made by 'ringwall spec --rootless'", true },
};

const char *ringwall_hint_find(const struct ringwall_err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(hints); i++)
		if (strstr(e->text, hints[i].part) && (!hints[i].unprivileged || geteuid()))
			return hints[i].hint;
	return NULL;
}
