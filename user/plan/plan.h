/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_PLAN_PLAN_H
#define RINGWALL_PLAN_PLAN_H

/*
 * What will be done to make a container's view of the system, as a list: built from the config before anything is
 * touched, printed by `--dry-run`, carried out in order by the cloned child.
 */

#include "../mount/options.h"
#include "../oci/config.h"

enum ringwall_op_kind {
	RINGWALL_OP_PROPAGATION, /* of the new mount namespace's "/" */
	RINGWALL_OP_ROOT,	 /* make @path the root: bound onto itself, its fd kept */
	RINGWALL_OP_MOUNT,	 /* a filesystem of @type */
	RINGWALL_OP_BIND,	 /* @source onto @path */
	RINGWALL_OP_CGROUP,	 /* the cgroup2 filesystem */
	RINGWALL_OP_REMOUNT,	 /* an existing mount's flags */
	RINGWALL_OP_SEAL,	 /* a tmpfs becomes read-only, when all is in it */
	RINGWALL_OP_NODE,	 /* device node */
	RINGWALL_OP_SYMLINK,	 /* @path → @source */
	RINGWALL_OP_PTMX,	 /* /dev/ptmx → pts/ptmx */
	RINGWALL_OP_SYSCTL,	 /* @path = @source */
	RINGWALL_OP_READONLY,
	RINGWALL_OP_MASK,
	RINGWALL_OP_READONLY_ROOT,
	RINGWALL_OP_PIVOT,
	RINGWALL_OP_HOSTNAME,
	RINGWALL_OP_DOMAINNAME,
	RINGWALL_OP_LOOPBACK, /* bring lo up */
	RINGWALL_OP_COUNT,
};

/**
 * struct ringwall_op - one step.
 * @kind: what to do
 * @path: in the container, or the sysctl's name
 * @source: in the runtime's own mount namespace, link target or value
 * @type: filesystem type
 * @flags: mount options; for RINGWALL_OP_PROPAGATION its set member holds the MS_* bits
 * @device: RINGWALL_OP_NODE
 * @mount: where the step comes from in config.json, NULL: a default of the runtime
 * @index: its place in mounts[], devices[] …, for messages
 * @fd: a detached mount tree that the parent made (idmapped, or not reachable from the container's user namespace), -1
 */
struct ringwall_op {
	enum ringwall_op_kind kind;
	const char *path, *source, *type;
	struct ringwall_mount_flags flags;
	const struct ringwall_device *device;
	const struct ringwall_mount *mount;
	size_t index;
	int fd;
};

struct ringwall_plan {
	struct ringwall_arena arena;
	struct ringwall_op *ops;
	size_t n, size;
	bool dev_is_bind; /* /dev comes from outside: nothing is made in it */
	bool failed;	  /* memory ran out on the way */
};

/**
 * ringwall_plan_build() - config to steps. Touches nothing.
 * @c: validated config
 * @bundle: absolute; relative sources and root.path start there
 * @region: where it is built, so that the init program can read it; NULL: the heap
 *
 * Errors: -EINVAL or -EOPNOTSUPP with the config's field ("mounts[3].options: …").
 */
int ringwall_plan_build(const struct ringwall_config *c, const char *bundle, struct ringwall_region *region,
			struct ringwall_plan *ret, struct ringwall_err *e);

/** ringwall_plan_print() - the steps as JSON, for --dry-run. */
void ringwall_plan_print(const struct ringwall_plan *p, struct ringwall_json_out *o);

void ringwall_plan_free(struct ringwall_plan *p);

/**
 * struct ringwall_apply - what carrying out a plan needs and learns.
 * @c: the config
 * @root_fd: the container's root, once RINGWALL_OP_ROOT is done
 * @dev_fd: its /dev, opened when first needed, and given up by every mount that may cover it
 * @dev_is_ours: /dev is a tmpfs that a step has mounted, and nothing of the image's is in it
 * @null_fd: the host's /dev/null, checked, opened when first needed
 * @proc_fd: the host's procfs, checked, opened when first needed
 * @cgroup: host path of the container's cgroup, NULL: none
 * @new_cgroup_ns, @user_ns, @rootless, @no_pivot: circumstances
 */
struct ringwall_apply {
	const struct ringwall_config *c;
	int root_fd, dev_fd, null_fd, proc_fd;
	const char *cgroup;
	bool new_cgroup_ns, user_ns, rootless, no_pivot, label_mounts, dev_is_ours;
};

#define RINGWALL_APPLY_INIT { .root_fd = -1, .dev_fd = -1, .null_fd = -1, .proc_fd = -1 }

/**
 * ringwall_plan_apply() - carry out steps [@from, @to) in the cloned child.
 * Errors: the first step that failed, as "mounts[3] '/x': …".
 */
int ringwall_plan_apply(const struct ringwall_plan *p, size_t from, size_t to, struct ringwall_apply *a,
			struct ringwall_err *e);

/** ringwall_plan_find() - index of the first step of @kind, or p->n. */
size_t ringwall_plan_find(const struct ringwall_plan *p, enum ringwall_op_kind kind);

#endif
