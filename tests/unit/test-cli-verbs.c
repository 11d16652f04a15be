// SPDX-License-Identifier: LGPL-2.1-or-later
/* The tables of verbs and options: whole, without contradictions, and with everything that callers pass. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "../../user/cli/cli.h"
#include "../../user/cli/signal-name.h"
#include "../../user/lib/cleanup.h"

static const struct ringwall_option *find(const struct ringwall_option *table, const char *name)
{
	for (; table->name; table++)
		if (!strcmp(table->name, name))
			return table;
	return NULL;
}

static void check_table(const char *verb, const struct ringwall_option *table)
{
	for (const struct ringwall_option *o = table; o->name; o++) {
		bool choice = o->type == RINGWALL_OPT_CHOICE;

		print_message("# %s --%s\n", verb, o->name);
		assert_ptr_equal(find(table, o->name), o); /* no name twice */
		for (const struct ringwall_option *p = table; p < o; p++)
			assert_false(o->letter && p->letter == o->letter);
		assert_true(o->help && strlen(o->help) > 10);
		assert_true(strlen(o->name) > 1); /* with one dash, one letter is a short option */
		assert_string_not_equal(o->name, "help");
		assert_int_not_equal(o->letter, 'h');
		assert_int_equal(ringwall_opts_takes_value(o), o->arg != NULL);
		if (choice)
			assert_non_null(strchr(o->arg, '|'));
	}
}

static void tables_are_sound(void **state)
{
	(void)state;
	check_table("", ringwall_global_options);
	for (const struct ringwall_verb *const *v = ringwall_verbs; *v; v++) {
		check_table((*v)->name, (*v)->options);
		assert_ptr_equal(ringwall_verb_find((*v)->name), *v);
		assert_true((*v)->help && (*v)->run && (*v)->args);
		assert_true(!(*v)->options->name || (*v)->into);
		assert_int_equal((*v)->max_args == 0, !*(*v)->args);
	}
	assert_null(ringwall_verb_find("bogus"));
	assert_null(ringwall_verb_find(""));
}

/* What containerd's shim, Docker, conmon, CRI-O and BuildKit pass; a letter in front of a name is its short form. */
static void callers_find_their_options(void **state)
{
	static const char *const wanted[][24] = {
		{ "", "root", "log", "log-format", "log-level", "debug", "systemd-cgroup", "cgroup-manager", "rootless", "vversion" },
		{ "create", "bbundle", "config", "console-socket", "pidfd-socket", "pid-file", "no-pivot", "no-new-keyring",
		  "preserve-fds", "no-subreaper" },
		{ "run", "bbundle", "config", "console-socket", "pidfd-socket", "pid-file", "no-pivot", "no-new-keyring",
		  "preserve-fds", "ddetach", "keep", "no-subreaper" },
		{ "start" }, { "state" }, { "pause" }, { "resume" }, { "features" },
		{ "exec", "console-socket", "pidfd-socket", "cwd", "eenv", "ttty", "uuser", "gadditional-gids", "pprocess", "ddetach",
		  "pid-file", "process-label", "apparmor", "no-new-privs", "ccap", "preserve-fds", "cgroup", "ignore-paused" },
		{ "kill", "aall", "regex" },
		{ "delete", "fforce", "regex" },
		{ "list", "fformat", "qquiet" },
		{ "ps", "fformat" },
		{ "events", "interval", "stats" },
		{ "update", "rresources", "blkio-weight", "cpu-period", "cpu-quota", "cpu-burst", "cpu-share", "cpu-rt-period",
		  "cpu-rt-runtime", "cpu-idle", "cpuset-cpus", "cpuset-mems", "memory", "memory-reservation", "memory-swap",
		  "pids-limit" },
		{ "checkpoint", "image-path", "work-path", "parent-path", "leave-running", "tcp-established", "ext-unix-sk", "shell-job",
		  "lazy-pages", "status-fd", "page-server", "file-locks", "pre-dump", "manage-cgroups-mode", "empty-ns", "auto-dedup" },
		{ "restore", "console-socket", "image-path", "work-path", "tcp-established", "ext-unix-sk", "shell-job", "file-locks",
		  "manage-cgroups-mode", "bbundle", "ddetach", "pid-file", "no-subreaper", "no-pivot", "empty-ns", "auto-dedup",
		  "lazy-pages", "lsm-profile", "lsm-mount-context" },
		{ "spec", "bbundle", "rootless" },
		{ "denials", "ffollow", "json", "counters" },
		{ "doctor", "json" }, { "unload" },
		{ "policy check" },
		{ "policy show", "json", "ffile" },
		{ "policy set", "allow-egress", "deny-egress", "allow-ingress", "deny-ingress", "allow-bind", "allow-path", "deny-path",
		  "kernel", "audit", "enforce" },
		{ "policy learn", "name", "ooutput", "template" },
		{ "policy import", "name", "cap" },
		{ "install-runtime", "default", "name", "path", "runtime-arg", "systemd-cgroup", "config", "remove" },
	};
	size_t verbs = 0;

	(void)state;
	while (ringwall_verbs[verbs])
		verbs++;
	assert_int_equal(verbs, ARRAY_SIZE(wanted) - 1);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		const struct ringwall_verb *v = ringwall_verb_find(wanted[i][0]);
		const struct ringwall_option *table = *wanted[i][0] ? (assert_non_null(v), v->options) : ringwall_global_options;

		for (size_t k = 1; wanted[i][k]; k++) {
			const char *name = wanted[i][k];
			const struct ringwall_option *o = find(table, name);

			print_message("# %s %s\n", wanted[i][0], name);
			if (!o) {
				o = find(table, name + 1);
				assert_non_null(o);
				assert_int_equal(o->letter, name[0]);
			}
		}
	}
}

static void exit_codes_and_foreign_arguments(void **state)
{
	(void)state;
	for (const struct ringwall_verb *const *v = ringwall_verbs; *v; v++) {
		bool exec = !strcmp((*v)->name, "exec"), ps = !strcmp((*v)->name, "ps");

		assert_int_equal(!!((*v)->flags & RINGWALL_VERB_EXIT_255), exec);
		assert_int_equal(!!((*v)->flags & RINGWALL_VERB_IN_ORDER), exec || ps);
	}
}

static void argument_counts(void **state)
{
	static const struct {
		const char *verb;
		int n;
		const char *text; /* NULL: fine */
	} cases[] = {
		{ "state", 1, NULL },
		{ "state", 0, "state: too few arguments, it wants: ID" },
		{ "state", 2, "state: too many arguments, it wants: ID" },
		{ "kill", 2, NULL },
		{ "kill", 3, "kill: too many arguments, it wants: ID [SIGNAL]" },
		{ "list", 0, NULL },
		{ "list", 1, "list: too many arguments, it wants: none" },
		{ "exec", 1000, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ringwall_err e = {};
		int r = ringwall_verb_check_args(ringwall_verb_find(cases[i].verb), cases[i].n, &e);

		assert_int_equal(r, cases[i].text ? -EINVAL : 0);
		assert_string_equal(e.text, cases[i].text ?: "");
	}
}

static void signals(void **state)
{
	const struct {
		const char *text;
		int number;
	} cases[] = {
		{ "9", 9 },
		{ "0", 0 },
		{ "KILL", SIGKILL },
		{ "SIGKILL", SIGKILL },
		{ "term", SIGTERM },
		{ "sigWinch", SIGWINCH },
		{ "CLD", SIGCHLD },
		{ "SIGIOT", SIGABRT },
		{ "RTMIN", SIGRTMIN },
		{ "SIGRTMIN+3", SIGRTMIN + 3 },
		{ "RTMAX-1", SIGRTMAX - 1 },
		{ "64", 64 },
		{ "65", -EINVAL },
		{ "-9", -EINVAL },
		{ "9x", -EINVAL },
		{ "", -EINVAL },
		{ "SIG", -EINVAL },
		{ "BOGUS", -EINVAL },
		{ "RTMIN-1", -EINVAL },
		{ "RTMIN+", -EINVAL },
		{ "RTMIN+-1", -EINVAL },
		{ "RTMIN+31", -EINVAL },
		{ "RTMAX+1", -EINVAL },
		{ "RTM", -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		print_message("# signal '%s'\n", cases[i].text);
		assert_int_equal(ringwall_signal_parse(cases[i].text), cases[i].number);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_are_sound),
		cmocka_unit_test(callers_find_their_options),
		cmocka_unit_test(exit_codes_and_foreign_arguments),
		cmocka_unit_test(argument_counts),
		cmocka_unit_test(signals),
	};

	return cmocka_run_group_tests_name("cli-verbs", tests, NULL, NULL);
}
