/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_STATE_STATE_H
#define RINGWALL_STATE_STATE_H

/*
 * A container's record: ROOT/ID/state.json beside ROOT/ID/config.json (a copy of what the container was created
 * from: later changes to the bundle have no effect, runtime.md "Lifecycle") and ROOT/ID/start.sock, on which a
 * created container's init waits. Written under another name, synced, renamed. The lock is flock(2) on the
 * container's directory, so that it goes when its holder dies.
 *
 * Who locks: verbs that change what the record says (create, start, delete, update, pause, checkpoint). Verbs that
 * only look (state, list, ps, stats, events, exec) or signal (kill) read without the lock: rename makes that safe, and
 * a hook that hangs while its verb holds the lock does not make `list` or `kill` hang too.
 *
 * Order on create, so that a runtime killed anywhere leaves what `delete --force` clears: _create(), _save_config(),
 * all members but pid known, _save(), then the cgroup and everything else, pid known, _save() again.
 * A child that waits between clone and exec must close dir_fd first: it shares the lock, which would outlive a runtime
 * that is killed. A foreground run then calls _unlock() while it waits and _lock() before it destroys.
 */

#include "../lib/runtime.h"
#include "../oci/config.h"

#define RINGWALL_STATE_VERSION 1

struct ringwall_state {
	struct ringwall_arena arena;
	int dir_fd;	      /* ROOT/ID */
	bool locked;	      /* dir_fd holds the lock */
	bool loaded;	      /* read from disk: somebody else created it */
	bool saved;	      /* created here, and there is a record of it */
	bool broken;	      /* loaded without a readable record: its creator was killed early */
	bool ephemeral;	      /* caller: foreground run, whose record need not survive a power loss: no fdatasync */
	const char *id;
	const char *bundle;   /* absolute */
	const char *rootfs;   /* absolute */
	const char *owner;    /* user name or number of who created it; NULL: ringwall_state_json() asks the directory */
	uint64_t created;     /* ns since the epoch */
	pid_t pid;	      /* init, 0: not made yet */
	uint64_t pid_start;   /* start time in clock ticks, /proc/PID/stat field 22: guards against reuse */
	enum ringwall_cgroup_manager cgroup_manager;
	const char *cgroup;   /* path below the cgroup2 mount, "" when disabled */
	const char *scope;    /* systemd unit, NULL without */
	bool rootless;
	bool started;	      /* start was called: created → running */
	uint32_t slot;	      /* the container's slot in the policy maps, 0: none */
	const char *policy;   /* built-in profile that it has where no policy-ID.json says otherwise, NULL: none */
	uint32_t abi;	      /* of the maps that @slot is in; records of before there was a second lack it: 1 */
	bool confine;	      /* its processes are marked before their execve */
	const char *intel_rdt_clos; /* resctrl group that delete removes, NULL: none */
	struct ringwall_pairs annotations;
};

/** ringwall_id_check() - [A-Za-z0-9_+.-]+, not "." or "..", at most 1024 bytes. -EINVAL otherwise. */
int ringwall_id_check(const char *id, struct ringwall_err *e);

/**
 * ringwall_state_create() - make ROOT (0700, sticky when rootless) and ROOT/ID, lock it.
 * Sets id, created, cgroup_manager, rootless and makes the other strings "" or NULL; strings that the caller sets must
 * live as long as @ret does, its arena is there for them.
 * Errors: -EEXIST "container with given ID already exists".
 */
int ringwall_state_create(const struct ringwall *rw, const char *id, struct ringwall_state *ret, struct ringwall_err *e);

/**
 * ringwall_state_load() - open, lock (waiting) and read a container's record.
 * A directory without a readable state.json (its creator was killed) loads with status RINGWALL_CREATING/STOPPED,
 * so that delete --force can clear it.
 * Errors: -ENOENT "container does not exist".
 */
int ringwall_state_load(const struct ringwall *rw, const char *id, struct ringwall_state *ret, struct ringwall_err *e);

/** ringwall_state_read() - the same without the lock, for verbs that only look. Never waits. */
int ringwall_state_read(const struct ringwall *rw, const char *id, struct ringwall_state *ret, struct ringwall_err *e);

/** ringwall_state_unlock() - let other verbs at the container; dir_fd stays open. */
void ringwall_state_unlock(struct ringwall_state *s);

/**
 * ringwall_state_lock() - take the lock (again), waiting.
 * Errors: -ENOENT "container does not exist": it was deleted meanwhile; nothing under its name is ours any more.
 */
int ringwall_state_lock(struct ringwall_state *s, struct ringwall_err *e);

/**
 * ringwall_state_save() - write state.json (version, all members): temporary name, fdatasync, renameat. The first record
 * of a container that @s has created replaces nothing, and until it is whole the container counts as half made, as it did
 * without a record: it is written under its own name.
 */
int ringwall_state_save(struct ringwall_state *s, struct ringwall_err *e);

/** ringwall_state_save_config() - ROOT/ID/config.json := @text. */
int ringwall_state_save_config(const struct ringwall_state *s, const char *text, size_t len, struct ringwall_err *e);

/** ringwall_state_load_config() - parse ROOT/ID/config.json. */
int ringwall_state_load_config(const struct ringwall_state *s, struct ringwall_config *c, struct ringwall_err *e);

/**
 * ringwall_process_start_time() - field 22 of /proc/PID/stat, in clock ticks since boot.
 * @ret_state: the state letter (field 3), may be NULL
 * Errors: -ESRCH when there is no such process.
 */
int ringwall_process_start_time(pid_t pid, uint64_t *ret_start, char *ret_state);

/** ringwall_state_status() - what the container is now, from pid, pid_start, started and the cgroup's freezer. */
enum ringwall_status ringwall_state_status(const struct ringwall_state *s);

/** ringwall_state_pidfd() - pidfd of init, checked against pid_start. -ESRCH when it is gone. */
int ringwall_state_pidfd(const struct ringwall_state *s, int *ret_pidfd, struct ringwall_err *e);

/**
 * ringwall_state_json() - the runtime-spec State document (ociVersion, id, status, pid unless stopped, bundle, annotations).
 * @full: also the runc extras of `state` and `list`: rootfs, created (RFC 3339), owner; pid 0 when stopped
 * Return: text to be freed, NULL when memory is out.
 */
char *ringwall_state_json(const struct ringwall_state *s, enum ringwall_status status, bool full, size_t *ret_len);

/** ringwall_state_remove() - delete ROOT/ID and all in it. */
int ringwall_state_remove(struct ringwall_state *s, const struct ringwall *rw, struct ringwall_err *e);

/** ringwall_state_close() - unlock and free. */
void ringwall_state_close(struct ringwall_state *s);

#endif
