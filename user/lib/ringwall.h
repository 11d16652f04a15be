/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_H
#define RINGWALL_H

/*
 * libringwall: OCI containers on Linux from C. The library never prints and never exits; every function that
 * can fail returns 0 or a negative errno and explains itself in a struct ringwall_err.
 *
 * Option structs start with their size, so that a program built against an older header keeps working:
 *	struct ringwall_create_options o = { .size = sizeof(o), .bundle = "/b" };
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

#ifdef __cplusplus
extern "C" {
#endif

struct ringwall;

enum ringwall_cgroup_manager {
	RINGWALL_CGROUP_CGROUPFS,
	RINGWALL_CGROUP_SYSTEMD,
	RINGWALL_CGROUP_DISABLED,
};

enum ringwall_log_level {
	RINGWALL_LOG_ERROR,
	RINGWALL_LOG_WARNING,
	RINGWALL_LOG_INFO,
	RINGWALL_LOG_DEBUG,
};

/**
 * struct ringwall_options - how a runtime instance works.
 * @size: sizeof(struct ringwall_options)
 * @root: state directory; NULL: /run/ringwall, rootless $XDG_RUNTIME_DIR/ringwall
 * @cgroup_manager: who makes cgroups
 * @rootless: 1 yes, 0 no, -1 find out
 * @log: called with one line of text without newline; may be NULL
 * @log_data: first argument of @log
 * @criu: path of the CRIU binary; NULL: "criu" in $PATH
 */
struct ringwall_options {
	size_t size;
	const char *root;
	enum ringwall_cgroup_manager cgroup_manager;
	int rootless;
	void (*log)(void *log_data, enum ringwall_log_level level, const char *text);
	void *log_data;
	const char *criu;
};

/** ringwall_open() - make a runtime instance; nothing on the host changes yet. Errors: -EINVAL, -ENOMEM. */
int ringwall_open(struct ringwall **ret, const struct ringwall_options *options, struct ringwall_err *e);

/** ringwall_close() - free it; NULL is fine. Containers are not touched. */
void ringwall_close(struct ringwall *rw);

/**
 * struct ringwall_create_options - see create and run in ringwall(8).
 * @bundle: bundle directory; NULL: the working directory
 * @config: config file; NULL: config.json in the bundle
 * @console_socket: AF_UNIX path that receives the pty master by SCM_RIGHTS
 * @pidfd_socket: AF_UNIX path that receives a pidfd of init
 * @pid_file: where init's pid is written, decimal, without a newline, atomically
 * @no_pivot: MS_MOVE and chroot instead of pivot_root
 * @no_new_keyring: keep the session keyring
 * @policy: policy file, or name of a built-in profile; NULL: by annotation, /etc/ringwall, or the default profile
 * @preserve_fds: descriptors 3 … 2+N stay open (LISTEN_FDS are added)
 * @detach: run only: do not wait
 * @keep: run only: leave the container's state when it has exited
 * @no_subreaper: run only: do not become the subreaper of the container
 * @last: the caller exits next: descriptors and memory of this call are left for the kernel to free
 */
struct ringwall_create_options {
	size_t size;
	const char *bundle, *config, *console_socket, *pidfd_socket, *pid_file;
	bool no_pivot, no_new_keyring, detach, keep, no_subreaper, last;
	unsigned int preserve_fds;
	const char *policy;
};

/** ringwall_create() - make the container up to, but not including, its process. Errors: -EEXIST, -EINVAL, … */
int ringwall_create(struct ringwall *rw, const char *id, const struct ringwall_create_options *o,
		    struct ringwall_err *e);

/** ringwall_plan() - what create would do with this bundle, as a JSON array of steps, to be freed. Nothing is changed. */
int ringwall_plan(struct ringwall *rw, const struct ringwall_create_options *o, char **ret_json, struct ringwall_err *e);

/** ringwall_start() - let a created container's process go. Errors: -ENOENT (no such container), -EINVAL (not created). */
int ringwall_start(struct ringwall *rw, const char *id, struct ringwall_err *e);

/**
 * ringwall_run() - create and start, and unless @o->detach wait and delete.
 * @ret_status: exit status, 128+signal when killed
 */
int ringwall_run(struct ringwall *rw, const char *id, const struct ringwall_create_options *o, int *ret_status,
		 struct ringwall_err *e);

/**
 * struct ringwall_exec_options - see exec in ringwall(8). Everything unset comes from the container's process.
 * @process: file with a process object; NULL: built from the container's own and the members below
 * @args: NULL-terminated command, used when @process is NULL
 * @env: NULL-terminated additional NAME=VALUE
 * @caps: NULL-terminated additional capabilities
 * @user: "UID[:GID]"
 * @additional_gids: @n_additional_gids numbers, added to the process's own
 * @cgroup: cgroup below the container's, NULL: its own
 * @tty: 1 yes, 0 no, -1 as @process says
 * @no_new_privs: 1 yes, 0 no, -1 as the container
 */
struct ringwall_exec_options {
	size_t size;
	const char *process, *console_socket, *pidfd_socket, *pid_file, *cwd, *user, *process_label, *apparmor, *cgroup;
	const char *const *args, *const *env, *const *caps;
	const gid_t *additional_gids;
	size_t n_additional_gids;
	int tty, no_new_privs;
	bool detach, ignore_paused;
	unsigned int preserve_fds;
};

/**
 * ringwall_exec() - run another process in a container, and unless @o->detach wait for it.
 * @ret_status: exit status, 128+signal when killed
 * Errors: -ENOENT (no such container), -EINVAL (not running, paused, or options that do not go together), -EBADF (a
 * descriptor of @o->preserve_fds is not open), those of what the process asks for.
 */
int ringwall_exec(struct ringwall *rw, const char *id, const struct ringwall_exec_options *o, int *ret_status,
		  struct ringwall_err *e);

enum ringwall_status {
	RINGWALL_CREATING,
	RINGWALL_CREATED,
	RINGWALL_RUNNING,
	RINGWALL_PAUSED,
	RINGWALL_STOPPED,
};

/** ringwall_status_name() - "creating" … "stopped". */
const char *ringwall_status_name(enum ringwall_status status);

/** ringwall_state() - the container's state as the runtime-spec's JSON document, to be freed. */
int ringwall_state(struct ringwall *rw, const char *id, char **ret_json, struct ringwall_err *e);

/** ringwall_list() - IDs of all containers, sorted, NULL-terminated; free each and the array (or ringwall_strv_free()). */
int ringwall_list(struct ringwall *rw, char ***ret_ids, struct ringwall_err *e);
void ringwall_strv_free(char **v);

/**
 * ringwall_find() - which container somebody means, also where a caller has given it a root of its own: Docker, containerd.
 * @wanted: an ID, the beginning of one, or what the caller calls it
 * @ret_root: options.root to get at it, to be freed
 * @ret_id: its ID, to be freed
 * Errors: -ENOENT; -ENOTUNIQ (there are several, and none has it for an ID).
 */
int ringwall_find(const char *wanted, char **ret_root, char **ret_id, struct ringwall_err *e);

#define RINGWALL_KILL_ALL 1 /* every process of the container, not only init */
/** ringwall_kill() - send a signal. Errors: -ENOENT, -ESRCH ("container not running"). */
int ringwall_kill(struct ringwall *rw, const char *id, int sig, unsigned int flags, struct ringwall_err *e);

#define RINGWALL_DELETE_FORCE 1 /* kill first; a missing container is no error */
/**
 * ringwall_delete() - take away all that create made; poststop hooks run. A container that was created and never started
 * is killed for it. What a killed delete has left undone, the next one does.
 * Errors: -ENOENT, -EBUSY (running), -ETIMEDOUT (a process outlives SIGKILL by 10 s).
 */
int ringwall_delete(struct ringwall *rw, const char *id, unsigned int flags, struct ringwall_err *e);

/**
 * ringwall_pause(), ringwall_resume() - freeze and thaw every process of the container (cgroup.freeze, cgroup-v2.rst).
 * Errors: -ENOENT, -ESRCH (pause: not running), -EINVAL (resume: not paused), -EOPNOTSUPP (it has no cgroup).
 */
int ringwall_pause(struct ringwall *rw, const char *id, struct ringwall_err *e);
int ringwall_resume(struct ringwall *rw, const char *id, struct ringwall_err *e);

/** ringwall_ps() - host pids of all processes of the container, to be freed. */
int ringwall_ps(struct ringwall *rw, const char *id, pid_t **ret_pids, size_t *ret_n, struct ringwall_err *e);

/** ringwall_update() - change limits; @json is a linux.resources object. Members that are absent stay as they are. */
int ringwall_update(struct ringwall *rw, const char *id, const char *json, size_t len, struct ringwall_err *e);

/** ringwall_stats() - the "stats" event of `events --stats` as one line of JSON, to be freed. */
int ringwall_stats(struct ringwall *rw, const char *id, char **ret_json, struct ringwall_err *e);

/**
 * ringwall_events() - call @cb with one JSON line per event ("stats" every @interval_ms, "oom" and "denial" at once) until
 * the container stops or @cb returns non-zero. The member data of a "denial" is a line of ringwall_denials() with json.
 */
int ringwall_events(struct ringwall *rw, const char *id, unsigned int interval_ms,
		    int (*cb)(void *data, const char *json), void *data, struct ringwall_err *e);

/**
 * struct ringwall_denials_options - see denials in ringwall(8).
 * @follow: go on until the container is gone, or without an ID for ever
 * @json: lines are JSON objects
 * @counters: not the events, but how many there were of each rule; not together with @follow
 * @everywhere: without an ID, also the containers that Docker and containerd's shim keep below roots of their own
 */
struct ringwall_denials_options {
	size_t size;
	bool follow, json, counters, everywhere;
};

/**
 * ringwall_denials() - call @cb with a line for each thing that a policy refused, or would have, in the order it happened.
 * Events are kept in the kernel, the last of each container (RINGWALL_EVENTS_KEPT in bpf/abi.h); counters are exact.
 * @id: NULL: all containers
 * @o: NULL: nothing set
 * @cb: called with @data and one line without its end; non-zero ends it, which is no error
 * Errors: -ENOENT (no such container), -EOPNOTSUPP (it has no policy, or who asks may not look).
 */
int ringwall_denials(struct ringwall *rw, const char *id, const struct ringwall_denials_options *o,
		     int (*cb)(void *data, const char *line), void *data, struct ringwall_err *e);

/**
 * ringwall_policy_check() - can containers have the policy @path? Needs no privileges.
 * @path: a built-in profile (privileged, baseline, restricted), else a file; "-": standard input
 * Errors: -EINVAL ("FILE:LINE:COLUMN: …"), -EOPNOTSUPP (known, but not part of this version), -ELOOP (it extends itself),
 * -E2BIG (more than there is room for in the kernel), those of opening and reading files.
 */
int ringwall_policy_check(const char *path, struct ringwall_err *e);

#define RINGWALL_POLICY_JSON 1 /* as a policy document, each rule with its origin */
/**
 * ringwall_policy_show() - what a container's policy says, and what of it is enforced how. To be freed.
 * @flags: RINGWALL_POLICY_JSON or 0: text
 * Errors: -ENOENT (no such container, or no policy but its config.json), -EOPNOTSUPP (it is under no policy at all, or one
 * of another ringwall's), -EINVAL (unknown flags).
 */
int ringwall_policy_show(struct ringwall *rw, const char *id, unsigned int flags, char **ret_text, struct ringwall_err *e);

/** ringwall_policy_show_file() - the same of what --policy takes, a file or a name. Errors as of ringwall_policy_check() */
int ringwall_policy_show_file(const char *path, unsigned int flags, char **ret_text, struct ringwall_err *e);

/**
 * ringwall_policy_set() - change a running container's policy: one atomic switch, no restart.
 * @policy: what --policy takes, a file or a name; NULL: the one it has
 * @changes: NULL or NULL-terminated: single rules on top of it, "KIND=WHAT", KIND being what `policy set` calls its options
 *	("allow-egress=10.1.2.3/32:443", "kernel=mount=deny")
 * Errors: -ENOENT (no such container), -ESRCH (not running), -EINVAL (with the place), -EOPNOTSUPP (the host cannot enforce
 * it), -ENOSPC (the host's containers together have no room for it). On an error the old policy holds.
 */
int ringwall_policy_set(struct ringwall *rw, const char *id, const char *policy, const char *const *changes,
			struct ringwall_err *e);

/**
 * ringwall_policy_learn() - the smallest policy that allows what a container was seen doing in learn mode. To be freed.
 * What is to be said about it goes to the log as warnings: that something was not recorded, or cannot be allowed.
 * @name: of the policy; NULL: the container's ID
 * Errors: -ENOENT (no such container), -EOPNOTSUPP (it has no policy), -ENODATA (nothing of it is in learn mode).
 */
int ringwall_policy_learn(struct ringwall *rw, const char *id, const char *name, char **ret_json, struct ringwall_err *e);

/**
 * struct ringwall_import_options - how a seccomp profile becomes a policy.
 * @size: sizeof(struct ringwall_import_options)
 * @name: of the policy; NULL: the file's
 * @caps: NULL-terminated: the container's capabilities, by which profiles such as Docker's choose rules ("CAP_SYS_ADMIN" or
 *	"SYS_ADMIN"); NULL: those that Docker gives
 */
struct ringwall_import_options {
	size_t size;
	const char *name;
	const char *const *caps;
};

/**
 * ringwall_policy_import() - a policy that means what a seccomp profile means, to be freed. See user/policy/import.h.
 * What it says otherwise goes to the log as warnings.
 * @path: a config.json, its linux.seccomp alone, or a profile in the shape of Docker's default.json; "-": standard input
 * @o: NULL: nothing set
 * Errors: -EINVAL ("FILE:LINE:COLUMN: …", an unknown capability), -EOPNOTSUPP (an action that policies do not have), -E2BIG,
 * those of opening and reading it.
 */
int ringwall_policy_import(struct ringwall *rw, const char *path, const struct ringwall_import_options *o, char **ret_json,
			   struct ringwall_err *e);

/** ringwall_policy_template() - a policy to learn with: everything is observed, nothing refused. To be freed. */
int ringwall_policy_template(char **ret_json, struct ringwall_err *e);

/**
 * struct ringwall_install_options - for ringwall_install_runtime(); what is not set has a default.
 * @size: sizeof(struct ringwall_install_options)
 * @name: what the caller is to know it by: "ringwall"
 * @path: absolute path of the runtime: the running program
 * @file: the caller's configuration, where it is not in the usual place
 * @args: NULL-terminated; docker: arguments that it is always given
 * @make_default: take it where none is asked for
 * @systemd_cgroup: containerd: systemd makes the cgroups
 * @remove: take it out again
 */
struct ringwall_install_options {
	size_t size;
	const char *name, *path, *file;
	const char *const *args;
	bool make_default, systemd_cgroup, remove;
};

/**
 * ringwall_install_runtime() - enter it as a runtime in the configuration of @caller: "docker", "podman", "containerd",
 * "crio". What else is in that file stays; it is replaced as a whole, or not at all. Several names stand side by side.
 * @ret_report: what was done, and what is to be done for it to take effect; to be freed
 * Errors: -EINVAL the file cannot be understood; -EEXIST it has such a runtime of somebody else's making; -EBUSY the runtime to
 * be taken out was made the default by somebody else; -EOPNOTSUPP an option that this caller has no place for; those of reading
 * and writing the file.
 */
int ringwall_install_runtime(const char *caller, const struct ringwall_install_options *options, char **ret_report,
			     struct ringwall_err *e);

/**
 * ringwall_unload() - take the gate for system calls away. Errors: -EBUSY a container's policy needs it.
 */
int ringwall_unload(struct ringwall *rw, struct ringwall_err *e);

/**
 * ringwall_doctor() - what of a policy this host can enforce, found out by trying; nothing of that stays. JSON, to be freed:
 * {"abi", "lsm": […], "classes": [{"class", "backend", "loaded", "why", "missing": […], "fix"}], "complete"}.
 * @ret_complete: all of it
 */
int ringwall_doctor(struct ringwall *rw, char **ret_json, bool *ret_complete, struct ringwall_err *e);

/** ringwall_spec() - the default config.json, to be freed. */
int ringwall_spec(bool rootless, char **ret_json, struct ringwall_err *e);

/** ringwall_features() - the runtime-spec's features document, to be freed. */
int ringwall_features(struct ringwall *rw, char **ret_json, struct ringwall_err *e);

/** ringwall_version() - "0.1.0". */
const char *ringwall_version(void);

#ifdef __cplusplus
}
#endif

#endif
