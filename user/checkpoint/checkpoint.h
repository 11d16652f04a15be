/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_CHECKPOINT_CHECKPOINT_H
#define RINGWALL_CHECKPOINT_CHECKPOINT_H

/*
 * Saving a container to files and making it again from them, through CRIU's RPC service (`criu swrk`, CRIU 3.15 or
 * newer). Root only. The images are CRIU's, plus descriptors.json, as runc writes them.
 */

#include "../lib/ringwall.h"

/** enum ringwall_cgroups_mode - what CRIU does about cgroups it finds; the values are indices of the option's choices. */
enum ringwall_cgroups_mode {
	RINGWALL_CGROUPS_SOFT,
	RINGWALL_CGROUPS_FULL,
	RINGWALL_CGROUPS_STRICT,
	RINGWALL_CGROUPS_IGNORE,
};

/**
 * struct ringwall_checkpoint_options - see checkpoint in ringwall(8).
 * @image_path: directory of the images, made if missing; NULL: "checkpoint"
 * @work_path: directory for CRIU's log and working files; NULL: @image_path
 * @parent_path: images of an earlier pre-dump, relative to @image_path
 * @page_server: "ADDRESS:PORT" that memory is sent to, with @lazy_pages where it is served
 * @status_fd: with @lazy_pages: written a zero byte and closed when the pages can be fetched; -1 none
 * @cgroups: how cgroups are saved
 * @leave_running: else the container is deleted afterwards
 * @pre_dump: memory only; the container goes on
 */
struct ringwall_checkpoint_options {
	size_t size;
	const char *image_path, *work_path, *parent_path, *page_server;
	int status_fd;
	enum ringwall_cgroups_mode cgroups;
	bool leave_running, tcp_established, tcp_skip_in_flight, link_remap, ext_unix_sk, shell_job,
		lazy_pages, file_locks, pre_dump, auto_dedup;
};

/**
 * ringwall_checkpoint() - save the container @id.
 * Errors: -EPERM rootless; -ENOENT no such container, or CRIU is not installed ("criu not found …"); -EINVAL it does not
 * run; -ECANCELED CRIU refused: the message has the line of its log that says why.
 */
int ringwall_checkpoint(struct ringwall *rw, const char *id, const struct ringwall_checkpoint_options *o,
			struct ringwall_err *e);

/**
 * struct ringwall_restore_options - see restore in ringwall(8).
 * @create: bundle, config, console_socket, pidfd_socket, pid_file, policy, detach, no_subreaper, keep count
 * @policy_decides: create.policy is meant for this container: what policy it was saved with does not matter
 * @image_path, @work_path, @cgroups: as for checkpoint
 * @lsm_profile: "apparmor:NAME" or "selinux:LABEL" instead of what was saved
 * @lsm_mount_context: SELinux context of the mounts
 */
struct ringwall_restore_options {
	size_t size;
	struct ringwall_create_options create;
	const char *image_path, *work_path, *lsm_profile, *lsm_mount_context;
	enum ringwall_cgroups_mode cgroups;
	bool policy_decides, tcp_established, tcp_close, link_remap, ext_unix_sk, shell_job, lazy_pages, file_locks,
		auto_dedup;
};

/**
 * ringwall_restore() - make the container @id from images, running, and unless detached wait for it and delete it.
 * Prestart and createRuntime hooks run once its namespaces are there; other hooks but poststop do not. A network namespace of its
 * own has its loopback device then, up, and what linux.netDevices says: the rest is for the hooks to do, as it is not saved.
 * @ret_status: exit status, 128+signal when killed
 */
int ringwall_restore(struct ringwall *rw, const char *id, const struct ringwall_restore_options *o, int *ret_status,
		     struct ringwall_err *e);

#endif
