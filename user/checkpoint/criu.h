/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_CHECKPOINT_CRIU_H
#define RINGWALL_CHECKPOINT_CRIU_H

/* A CRIU process that serves one request over a socket (criu.org/RPC, "swrk"). */

#include "../cgroup/cgroup.h"
#include "protobuf.h"

/* Of CRIU's images/rpc.proto: numbers of requests and of the members used. */
enum {
	RINGWALL_CRIU_DUMP = 1,
	RINGWALL_CRIU_RESTORE = 2,
	RINGWALL_CRIU_PRE_DUMP = 4,
	RINGWALL_CRIU_NOTIFY = 6,
	RINGWALL_CRIU_VERSION = 10,
};

enum {
	RINGWALL_CRIU_IMAGES_DIR_FD = 1,
	RINGWALL_CRIU_PID = 2,
	RINGWALL_CRIU_LEAVE_RUNNING = 3,
	RINGWALL_CRIU_EXT_UNIX_SK = 4,
	RINGWALL_CRIU_TCP_ESTABLISHED = 5,
	RINGWALL_CRIU_EVASIVE_DEVICES = 6,
	RINGWALL_CRIU_SHELL_JOB = 7,
	RINGWALL_CRIU_FILE_LOCKS = 8,
	RINGWALL_CRIU_LOG_LEVEL = 9,
	RINGWALL_CRIU_LOG_FILE = 10,
	RINGWALL_CRIU_PAGE_SERVER = 11,
	RINGWALL_CRIU_NOTIFY_SCRIPTS = 12,
	RINGWALL_CRIU_ROOT = 13,
	RINGWALL_CRIU_PARENT_IMG = 14,
	RINGWALL_CRIU_TRACK_MEM = 15,
	RINGWALL_CRIU_AUTO_DEDUP = 16,
	RINGWALL_CRIU_WORK_DIR_FD = 17,
	RINGWALL_CRIU_LINK_REMAP = 18,
	RINGWALL_CRIU_EXT_MNT = 23,
	RINGWALL_CRIU_MANAGE_CGROUPS = 24,
	RINGWALL_CRIU_CG_ROOT = 25,
	RINGWALL_CRIU_RST_SIBLING = 26,
	RINGWALL_CRIU_INHERIT_FD = 27,
	RINGWALL_CRIU_MANAGE_CGROUPS_MODE = 34,
	RINGWALL_CRIU_EXTERNAL = 37,
	RINGWALL_CRIU_EMPTY_NS = 38,
	RINGWALL_CRIU_JOIN_NS = 39,
	RINGWALL_CRIU_FREEZE_CGROUP = 44,
	RINGWALL_CRIU_TCP_SKIP_IN_FLIGHT = 46,
	RINGWALL_CRIU_LAZY_PAGES = 48,
	RINGWALL_CRIU_ORPHAN_PTS_MASTER = 50,
	RINGWALL_CRIU_CONFIG_FILE = 51,
	RINGWALL_CRIU_TCP_CLOSE = 52,
	RINGWALL_CRIU_LSM_PROFILE = 53,
	RINGWALL_CRIU_LSM_MOUNT_CONTEXT = 63,
};

#define RINGWALL_CRIU_FIRST_FD 4 /* where extra descriptors begin in the CRIU process; 3 is the socket */

/**
 * struct ringwall_criu_task - what is asked of CRIU.
 * @type: RINGWALL_CRIU_DUMP, …
 * @opts: criu_opts; freed by ringwall_criu_run()
 * @cg: cgroup that the CRIU process is moved into first (restored processes inherit it), or NULL
 * @root: directory that becomes the mount point @root_at in a mount namespace of CRIU's own, or NULL
 * @dirs: with @root: image and work directory (-1 none), which are exchanged for the same in that namespace
 * @fds, @n_fds: passed on as descriptors RINGWALL_CRIU_FIRST_FD …
 * @begin: called with the pid of the CRIU process before it gets the request; or NULL
 * @notify: called for each script that CRIU wants run ("post-restore" …) with the pid that belongs to it and a
 *          descriptor that came along, or -1; 0 lets CRIU go on
 * @log_dir: where "@log_file" is, for messages
 */
struct ringwall_criu_task {
	int type;
	struct ringwall_protobuf opts;
	struct ringwall_cgroup *cg;
	const char *root, *root_at;
	int dirs[2];
	const int *fds;
	size_t n_fds;
	int (*begin)(void *data, pid_t criu, struct ringwall_err *e);
	int (*notify)(void *data, const char *script, pid_t pid, int fd, struct ringwall_err *e);
	void *data;
	int log_dir;
	const char *log_dir_name, *log_file;
};

/** ringwall_criu_pair() - a member that is a message of two strings: ext_mnt, cg_root, join_ns. */
void ringwall_criu_pair(struct ringwall_protobuf *opts, uint32_t number, const char *first, const char *second);

/** ringwall_criu_inherit() - inherit_fd: descriptor @fd of the CRIU process is what the images call @key. */
void ringwall_criu_inherit(struct ringwall_protobuf *opts, const char *key, int fd);

/** ringwall_criu_check() - is CRIU there and new enough? Errors: -ENOENT "criu not found …", -EOPNOTSUPP. */
int ringwall_criu_check(const struct ringwall *rw, struct ringwall_err *e);

/** ringwall_criu_run() - start CRIU, send the request, answer its notifications until it is done. */
int ringwall_criu_run(const struct ringwall *rw, struct ringwall_criu_task *t, struct ringwall_err *e);

#endif
