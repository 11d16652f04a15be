// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../ns/ns.h"
#include "mount.h"

int ringwall_mount_idmap(const struct ringwall_op *op, const struct ringwall_idmaps *uids,
			 const struct ringwall_idmaps *gids, struct ringwall_err *e)
{
	_cleanup_fd_ int userns = ringwall_userns_open(uids, gids, e);
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP };
	unsigned int flags = AT_EMPTY_PATH | (op->flags.other & RINGWALL_MOUNT_RIDMAP ? AT_RECURSIVE : 0);

	if (userns < 0)
		return ringwall_err_prepend(e, "mounts[%zu] '%s': id mappings", op->index, op->path);
	attr.userns_fd = (uint64_t)userns;
	if (!syscall(SYS_mount_setattr, op->fd, "", flags, &attr, sizeof(attr)))
		return 0;
	if (errno == EINVAL)
		return ringwall_fail_plain(e, -EOPNOTSUPP, "mounts[%zu] '%s': the filesystem of '%s' does not support id-mapped "
					   "mounts on this kernel", op->index, op->path, op->source);
	return ringwall_fail(e, -errno, "mounts[%zu] '%s': id-map", op->index, op->path);
}
