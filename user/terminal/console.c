// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../lib/sock.h"

#define PTMX_MAJOR 5 /* Documentation/admin-guide/devices.txt of the kernel */
#define PTMX_MINOR 2

static int ptmx_check(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(PTMX_MAJOR, PTMX_MINOR))
		return -ENODEV;
	return 0;
}

static int devpts_check(int fd)
{
	struct statfs sf;

	if (fstatfs(fd, &sf))
		return -errno;
	return sf.f_type == DEVPTS_SUPER_MAGIC ? 0 : -ENODEV;
}

/*
 * RESOLVE_NO_XDEV cannot be asked for: devpts is a mount of its own. What is opened is checked instead. An image
 * may hold a FIFO or a device under this name, so nothing is read or written before that, and O_NONBLOCK keeps
 * the open itself from hanging.
 */
static int ptmx_open_container(int dev_fd, int *ret_fd)
{
	struct open_how how = {
		.flags = O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	_cleanup_fd_ int fd = (int)syscall(SYS_openat2, dev_fd, "pts/ptmx", &how, sizeof(how));
	int r;

	if (fd < 0)
		return -errno;
	r = ptmx_check(fd) ?: devpts_check(fd);
	if (r)
		return r;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int ptmx_open_host(int *ret_fd)
{
	_cleanup_fd_ int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	int r;

	if (fd < 0)
		return -errno;
	r = ptmx_check(fd);
	if (r)
		return r;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int pty_setup(int master, unsigned int height, unsigned int width, int *ret_slave, struct ringwall_err *e)
{
	struct winsize ws = { .ws_row = (unsigned short)height, .ws_col = (unsigned short)width };
	_cleanup_fd_ int slave = -1;
	int unlock = 0;

	/* The master's users expect blocking reads and writes, as from posix_openpt(3). */
	if (fcntl(master, F_SETFL, O_RDWR))
		return ringwall_fail(e, -errno, "process.terminal: F_SETFL");
	if (ioctl(master, TIOCSPTLCK, &unlock))
		return ringwall_fail(e, -errno, "process.terminal: TIOCSPTLCK");
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return ringwall_fail(e, -errno, "process.terminal: TIOCGPTPEER");
	if ((height || width) && ioctl(master, TIOCSWINSZ, &ws))
		return ringwall_fail(e, -errno, "process.consoleSize: TIOCSWINSZ");
	*ret_slave = TAKE_FD(slave);
	return 0;
}

int ringwall_console_open(int dev_fd, unsigned int height, unsigned int width, int *ret_master, int *ret_slave,
			  struct ringwall_err *e)
{
	_cleanup_fd_ int master = -1;
	int r;

	r = ptmx_open_container(dev_fd, &master);
	if (r == -ENOENT)
		r = ptmx_open_host(&master);
	if (r == -ENODEV)
		return ringwall_fail_plain(e, r, "process.terminal: pts/ptmx is not the pty multiplexer of a devpts");
	if (r)
		return ringwall_fail(e, r, "process.terminal: open pts/ptmx");
	r = pty_setup(master, height, width, ret_slave, e);
	if (r)
		return r;
	*ret_master = TAKE_FD(master);
	return 0;
}

int ringwall_console_attach(int slave, uid_t uid, struct ringwall_err *e)
{
	/* A caller that leads a session already keeps it; TIOCSCTTY is what says whether that will do. */
	if (setsid() < 0 && errno != EPERM)
		return ringwall_fail(e, -errno, "process.terminal: setsid");
	if (ioctl(slave, TIOCSCTTY, 0))
		return ringwall_fail(e, -errno, "process.terminal: TIOCSCTTY");
	/* So that the process may open it again by name. An owner that this user namespace cannot give is no reason to fail. */
	if (fchown(slave, uid, (gid_t)-1) && errno != EPERM && errno != EINVAL)
		return ringwall_fail(e, -errno, "process.terminal: fchown to %u", uid);
	for (int fd = 0; fd <= 2; fd++) {
		/* dup2() onto itself would leave close-on-exec set. */
		if (fd == slave ? fcntl(fd, F_SETFD, 0) : dup2(slave, fd) < 0)
			return ringwall_fail(e, -errno, "process.terminal: dup2 to %d", fd);
	}
	return 0;
}

int ringwall_console_send(const char *path, int fd, const char *name, struct ringwall_err *e)
{
	/* A stream carries no descriptor without a byte to go with it. */
	size_t len = strlen(name);
	int r = ringwall_sock_pass(path, fd, len ? name : "\n", len ?: 1, e);

	if (r)
		ringwall_err_prepend(e, "console socket");
	return r;
}
