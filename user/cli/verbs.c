// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "cli.h"

const struct ringwall_globals ringwall_globals_default = {
	.cgroup_manager = RINGWALL_CGROUP_CGROUPFS,
	.rootless = 2, /* auto */
};

#define ROW(member, name, letter, type, arg, help) RINGWALL_OPT(struct ringwall_globals, member, name, letter, type, arg, help)

const struct ringwall_option ringwall_global_options[] = {
	ROW(root, "root", 0, STRING, "DIR",
	    "where containers' state is kept (default: /run/ringwall, rootless $XDG_RUNTIME_DIR/ringwall)"),
	ROW(log, "log", 0, STRING, "FILE", "append messages to FILE (errors still go to standard error, too)"),
	ROW(log_format, "log-format", 0, CHOICE, "text|json", "how lines in the log file look (default: text)"),
	ROW(log_level, "log-level", 0, STRING, "LEVEL",
	    "error, warning, info or debug (default: error with --log, else warning)"),
	ROW(debug, "debug", 0, FLAG, NULL, "the same as --log-level debug"),
	ROW(systemd_cgroup, "systemd-cgroup", 0, FLAG, NULL, "the same as --cgroup-manager systemd"),
	ROW(cgroup_manager, "cgroup-manager", 0, CHOICE, "cgroupfs|systemd|disabled", "who makes cgroups (default: cgroupfs)"),
	ROW(rootless, "rootless", 0, CHOICE, "true|false|auto", "work without privileges on the host (default: auto)"),
	ROW(criu, "criu", 0, STRING, "FILE", "the CRIU program (default: criu in $PATH)"),
	ROW(policy, "policy", 0, STRING, "FILE|NAME",
	    "policy of create and run that say none: for callers that cannot pass them options"),
	ROW(version, "version", 'v', FLAG, NULL, "show the version and exit"),
	{ .name = NULL },
};

const struct ringwall_verb *const ringwall_verbs[] = {
	&ringwall_verb_run,    &ringwall_verb_create, &ringwall_verb_start,  &ringwall_verb_exec,
	&ringwall_verb_state,  &ringwall_verb_list,   &ringwall_verb_ps,     &ringwall_verb_events,
	&ringwall_verb_kill,   &ringwall_verb_delete, &ringwall_verb_pause,  &ringwall_verb_resume,
	&ringwall_verb_update, &ringwall_verb_spec,   &ringwall_verb_features, &ringwall_verb_checkpoint,
	&ringwall_verb_restore, &ringwall_verb_denials, &ringwall_verb_policy_check, &ringwall_verb_policy_show,
	&ringwall_verb_policy_set, &ringwall_verb_policy_learn, &ringwall_verb_policy_import, &ringwall_verb_doctor,
	&ringwall_verb_unload, &ringwall_verb_install_runtime, NULL,
};

const struct ringwall_verb *ringwall_verb_find(const char *name)
{
	for (const struct ringwall_verb *const *v = ringwall_verbs; *v; v++)
		if (!strcmp((*v)->name, name))
			return *v;
	return NULL;
}

bool ringwall_verb_is_group(const char *name)
{
	size_t len = strlen(name);

	for (const struct ringwall_verb *const *v = ringwall_verbs; *v; v++)
		if (!strncmp((*v)->name, name, len) && (*v)->name[len] == ' ')
			return true;
	return false;
}

int ringwall_verb_check_args(const struct ringwall_verb *verb, int n, struct ringwall_err *e)
{
	if (n < verb->min_args)
		return ringwall_fail_plain(e, -EINVAL, "%s: too few arguments, it wants: %s", verb->name, verb->args);
	if (verb->max_args != RINGWALL_VERB_ANY && n > verb->max_args)
		return ringwall_fail_plain(e, -EINVAL, "%s: too many arguments, it wants: %s", verb->name,
					   verb->args[0] ? verb->args : "none");
	return 0;
}
