/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_CLI_CLI_H
#define RINGWALL_CLI_CLI_H

#include "../lib/ringwall.h"
#include "log.h"
#include "opts.h"

/* Options before the verb's name. */
struct ringwall_globals {
	const char *root, *log, *log_level, *criu, *policy;
	unsigned int log_format, cgroup_manager, rootless;
	bool debug, systemd_cgroup, version;
};

/* What a verb is given. */
struct ringwall_cli {
	struct ringwall_globals global;
	struct ringwall_logger logger;
	struct ringwall *rw; /* NULL for verbs without RINGWALL_VERB_RUNTIME */
};

#define RINGWALL_VERB_RUNTIME 1	 /* wants cli->rw */
#define RINGWALL_VERB_IN_ORDER 2 /* what follows the ID belongs to another program */
#define RINGWALL_VERB_EXIT_255 4 /* own errors exit 255, because 1 may be the process's status */
#define RINGWALL_VERB_NEW_ID 8	 /* its ID is a new one, so completion has none to offer */
#define RINGWALL_VERB_FIND 16	 /* without --root its ID may be somebody else's container, or their name for one */

#define RINGWALL_VERB_ANY 255 /* max_args: no limit */

/**
 * struct ringwall_verb - one command.
 * @name: as typed; "GROUP VERB" for one of several that go together
 * @args: positional arguments, for the synopsis
 * @help: one line
 * @text: more, for --help and the man page; NULL: nothing to add
 * @options: option rows, @into is what their offsets refer to, with the defaults filled in
 * @min_args, @max_args: number of positional arguments
 * @flags: RINGWALL_VERB_*
 * @run: does it. @args are NULL-terminated. *@ret_status is the exit status, 0 unless set.
 */
struct ringwall_verb {
	const char *name, *args, *help, *text;
	const struct ringwall_option *options;
	void *into;
	unsigned char min_args, max_args, flags;
	int (*run)(struct ringwall_cli *cli, char **args, int n, int *ret_status, struct ringwall_err *e);
};

/** ringwall_verbs - all of them, in the order of --help; ends with NULL. */
extern const struct ringwall_verb *const ringwall_verbs[];
/** ringwall_global_options - offsets refer to struct ringwall_globals. */
extern const struct ringwall_option ringwall_global_options[];
/** ringwall_globals_default - what the global options are when nothing is said. */
extern const struct ringwall_globals ringwall_globals_default;

extern const struct ringwall_verb ringwall_verb_checkpoint, ringwall_verb_create, ringwall_verb_delete,
	ringwall_verb_denials, ringwall_verb_doctor, ringwall_verb_events, ringwall_verb_exec, ringwall_verb_features,
	ringwall_verb_install_runtime, ringwall_verb_kill, ringwall_verb_list, ringwall_verb_pause, ringwall_verb_policy_check,
	ringwall_verb_policy_import, ringwall_verb_policy_learn, ringwall_verb_policy_set, ringwall_verb_policy_show,
	ringwall_verb_ps, ringwall_verb_restore, ringwall_verb_resume, ringwall_verb_run, ringwall_verb_spec, ringwall_verb_start,
	ringwall_verb_state, ringwall_verb_unload, ringwall_verb_update;

/** ringwall_verb_find() - by name, or NULL. */
const struct ringwall_verb *ringwall_verb_find(const char *name);

/** ringwall_verb_is_group() - are there verbs that are called "@name VERB"? */
bool ringwall_verb_is_group(const char *name);

/** ringwall_verb_check_args() - is @n a number of positional arguments that @verb takes? -EINVAL. */
int ringwall_verb_check_args(const struct ringwall_verb *verb, int n, struct ringwall_err *e);

#endif
