// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../mount/inroot.h"
#include "../mount/mount.h"
#include "plan.h"

static int apply_hostname(const struct ringwall_op *op, struct ringwall_apply *a, struct ringwall_err *e)
{
	(void)a;
	return sethostname(op->path, strlen(op->path)) < 0 ? ringwall_fail(e, -errno, "sethostname") : 0;
}

static int apply_domainname(const struct ringwall_op *op, struct ringwall_apply *a, struct ringwall_err *e)
{
	(void)a;
	return setdomainname(op->path, strlen(op->path)) < 0 ? ringwall_fail(e, -errno, "setdomainname") : 0;
}

static int apply_loopback(const struct ringwall_op *op, struct ringwall_apply *a, struct ringwall_err *e)
{
	_cleanup_spent_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq req = { .ifr_flags = IFF_UP | IFF_RUNNING };

	(void)a;
	/* A kernel without IPv4 or a namespace whose lo is gone: nothing to bring up. */
	if (fd < 0)
		return errno == EAFNOSUPPORT ? 0 : ringwall_fail(e, -errno, "socket");
	memcpy(req.ifr_name, op->path, strlen(op->path) + 1);
	if (ioctl(fd, SIOCSIFFLAGS, &req) < 0 && errno != ENODEV)
		return ringwall_fail(e, -errno, "bring up");
	return 0;
}

/* The host's procfs as the runtime sees it, made sure of (CVE-2019-16884): nothing of the container is mounted on it yet. */
static int proc_fd(struct ringwall_apply *a, struct ringwall_err *e)
{
	struct statfs fs;

	if (a->proc_fd >= 0)
		return a->proc_fd;
	a->proc_fd = openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (a->proc_fd < 0)
		return ringwall_fail(e, -errno, "/proc");
	if (fstatfs(a->proc_fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC) {
		ringwall_fd_close(&a->proc_fd);
		return ringwall_fail_plain(e, -EXDEV, "/proc is not a procfs");
	}
	return a->proc_fd;
}

/*
 * /proc/sys shows the namespaces of who looks, so the host's procfs and the child's own namespaces make it the
 * container's value. The name's dots are slashes, and slashes dots ("net.ipv4.conf.eth0/1.forwarding", sysctl(8)).
 */
static int apply_sysctl(const struct ringwall_op *op, struct ringwall_apply *a, struct ringwall_err *e)
{
	struct open_how how = { .flags = O_WRONLY | O_CLOEXEC,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV };
	bool dotted = op->path[strcspn(op->path, "./")] == '.';
	int proc = proc_fd(a, e);
	_cleanup_spent_ int fd = -1;
	char path[256];
	size_t i;

	if (proc < 0)
		return proc;
	if (snprintf(path, sizeof(path), "sys/%s", op->path) >= (int)sizeof(path))
		return ringwall_fail_plain(e, -EINVAL, "the name is too long");
	for (i = 4; dotted && path[i]; i++)
		path[i] = path[i] == '.' ? '/' : path[i] == '/' ? '.' : path[i];
	fd = (int)syscall(SYS_openat2, proc, path, &how, sizeof(how));
	if (fd < 0)
		return ringwall_fail(e, -errno, "open /proc/%s", path);
	if (write(fd, op->source, strlen(op->source)) < 0)
		return ringwall_fail(e, -errno, "write \"%s\"", op->source);
	return 0;
}

static int apply_node(const struct ringwall_op *op, struct ringwall_apply *a, struct ringwall_err *e)
{
	return a->user_ns ? ringwall_device_bind(op, a, e) : ringwall_device_make(op, a, e);
}

/* What each kind of step does, and how a failure of it is introduced: %zu its index, %s its path. */
static const struct {
	ringwall_step *run;
	enum { PLAIN, PATH, INDEXED } context;
	const char *field;
} steps[RINGWALL_OP_COUNT] = {
	[RINGWALL_OP_PROPAGATION] = { ringwall_root_propagation, PLAIN, "rootfs" },
	[RINGWALL_OP_ROOT] = { ringwall_root_enter, PLAIN, "rootfs" },
	[RINGWALL_OP_MOUNT] = { ringwall_mount_filesystem, INDEXED, "mounts" },
	[RINGWALL_OP_BIND] = { ringwall_mount_bind, INDEXED, "mounts" },
	[RINGWALL_OP_CGROUP] = { ringwall_mount_cgroup, INDEXED, "mounts" },
	[RINGWALL_OP_REMOUNT] = { ringwall_mount_remount, INDEXED, "mounts" },
	[RINGWALL_OP_SEAL] = { ringwall_mount_seal, INDEXED, "mounts" },
	[RINGWALL_OP_NODE] = { apply_node, PATH, "device" },
	[RINGWALL_OP_SYMLINK] = { ringwall_device_symlink, PATH, "device link" },
	[RINGWALL_OP_PTMX] = { ringwall_device_ptmx, PATH, "device link" },
	[RINGWALL_OP_SYSCTL] = { apply_sysctl, PATH, "linux.sysctl" },
	[RINGWALL_OP_READONLY] = { ringwall_path_readonly, INDEXED, "linux.readonlyPaths" },
	[RINGWALL_OP_MASK] = { ringwall_path_mask, INDEXED, "linux.maskedPaths" },
	[RINGWALL_OP_READONLY_ROOT] = { ringwall_root_readonly, PLAIN, "rootfs" },
	[RINGWALL_OP_PIVOT] = { ringwall_root_pivot, PLAIN, "rootfs" },
	[RINGWALL_OP_HOSTNAME] = { apply_hostname, PATH, "hostname" },
	[RINGWALL_OP_DOMAINNAME] = { apply_domainname, PATH, "domainname" },
	[RINGWALL_OP_LOOPBACK] = { apply_loopback, PATH, "network interface" },
};

int ringwall_plan_apply(const struct ringwall_plan *p, size_t from, size_t to, struct ringwall_apply *a,
			struct ringwall_err *e)
{
	size_t i;

	for (i = from; i < to; i++) {
		const struct ringwall_op *op = &p->ops[i];
		int r = steps[op->kind].run(op, a, e);

		if (r >= 0)
			continue;
		if (steps[op->kind].context == INDEXED)
			return ringwall_err_prepend(e, "%s[%zu] '%s'", steps[op->kind].field, op->index, op->path);
		if (steps[op->kind].context == PATH)
			return ringwall_err_prepend(e, "%s '%s'", steps[op->kind].field, op->path);
		return ringwall_err_prepend(e, "%s", steps[op->kind].field);
	}
	return 0;
}

size_t ringwall_plan_find(const struct ringwall_plan *p, enum ringwall_op_kind kind)
{
	size_t i;

	for (i = 0; i < p->n && p->ops[i].kind != kind; i++)
		;
	return i;
}
