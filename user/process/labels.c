// SPDX-License-Identifier: LGPL-2.1-or-later
#include "attr.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../lib/cleanup.h"

/*
 * The caller's own directory of @proc_fd, by number: "self" is a symlink, which the openat2 below refuses to
 * walk, and the pid that getpid() knows need not be the one of this procfs's namespace.
 */
static int attr_open(int proc_fd, const char *file, int *ret_fd)
{
	struct open_how how = {
		.flags = O_WRONLY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	_cleanup_fd_ int fd = -1;
	struct statfs sf;
	char self[16], path[64];
	ssize_t n;

	n = readlinkat(proc_fd, "self", self, sizeof(self) - 1);
	if (n < 0)
		return -errno;
	self[n] = '\0';
	if (!n || strspn(self, "0123456789") != (size_t)n)
		return -EXDEV;
	snprintf(path, sizeof(path), "%s/attr/%s", self, file);
	fd = (int)syscall(SYS_openat2, proc_fd, path, &how, sizeof(how));
	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &sf))
		return -errno;
	if (sf.f_type != PROC_SUPER_MAGIC)
		return -EXDEV;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* One write(2) of one buffer: the kernel takes each as a whole value, and splits a writev(2) into several. */
static int attr_write(int fd, const char *verb, const char *label)
{
	char value[4096]; /* more than a page is cut by the kernel */
	int n = snprintf(value, sizeof(value), "%s%s", verb, label);

	if (n < 0 || (size_t)n >= sizeof(value))
		return -ENAMETOOLONG;
	return write(fd, value, (size_t)n) < 0 ? -errno : 0;
}

/*
 * Whether AppArmor is on is not asked beforehand (/sys may be the container's by now): without it the write is
 * answered EINVAL, which a well-formed "exec NAME" never is with it (a profile that is not loaded is ENOENT).
 */
static int apparmor_apply(const char *profile, int proc_fd, struct ringwall_err *e)
{
	_cleanup_fd_ int fd = -1;
	int r;

	if (strchr(profile, '\n'))
		return ringwall_fail_plain(e, -EINVAL, "process.apparmorProfile: a line break in the name");
	r = attr_open(proc_fd, "apparmor/exec", &fd);
	if (r == -ENOENT) /* kernels before 5.8 have only the shared file */
		r = attr_open(proc_fd, "exec", &fd);
	if (!r)
		r = attr_write(fd, "exec ", profile);
	/* No AppArmor is what "unconfined" asks for. */
	if ((r == -EINVAL || r == -ENOENT) && !strcmp(profile, "unconfined"))
		return 0;
	if (r == -EINVAL || (r == -ENOENT && fd < 0))
		return ringwall_fail_plain(e, -EOPNOTSUPP,
					   "process.apparmorProfile: '%s': AppArmor is not enabled on this host", profile);
	if (r == -ENOENT)
		return ringwall_fail_plain(e, r, "process.apparmorProfile: '%s': no such profile is loaded", profile);
	if (r)
		return ringwall_fail(e, r, "process.apparmorProfile: '%s'", profile);
	return 0;
}

static bool selinux_enabled(void)
{
	struct statfs sf;

	return !statfs("/sys/fs/selinux", &sf) && (uint32_t)sf.f_type == SELINUX_MAGIC;
}

static int selinux_apply(const char *label, int proc_fd, struct ringwall_err *e)
{
	_cleanup_fd_ int fd = -1;
	int r;

	r = attr_open(proc_fd, "exec", &fd);
	if (!r)
		r = attr_write(fd, "", label);
	if ((r == -EINVAL || r == -ENOENT || r == -EOPNOTSUPP) && !selinux_enabled())
		return ringwall_fail_plain(e, -EOPNOTSUPP,
					   "process.selinuxLabel: '%s': SELinux is not enabled on this host", label);
	if (r)
		return ringwall_fail(e, r, "process.selinuxLabel: '%s'", label);
	return 0;
}

int ringwall_labels_apply(const struct ringwall_process *p, int proc_fd, struct ringwall_err *e)
{
	int r = 0;

	if (p->apparmor_profile && *p->apparmor_profile)
		r = apparmor_apply(p->apparmor_profile, proc_fd, e);
	if (!r && p->selinux_label && *p->selinux_label)
		r = selinux_apply(p->selinux_label, proc_fd, e);
	return r;
}
