// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pins.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "../lib/cleanup.h"
#include "bpf.h"

int ringwall_pins_fail(struct ringwall_err *e, int code, const char *what)
{
	if (code == -EPERM || code == -EACCES)
		return ringwall_fail_plain(e, -EOPNOTSUPP,
					   "device policy: %s: not permitted: run as root with CAP_SYS_ADMIN in the initial user namespace",
					   what);
	if (code == -ENOSYS || code == -ENODEV)
		return ringwall_fail_plain(e, -EOPNOTSUPP,
					   "device policy: %s: this kernel has no BPF: it needs CONFIG_BPF_SYSCALL and CONFIG_CGROUP_BPF",
					   what);
	return ringwall_fail(e, code, "device policy: %s", what);
}

int ringwall_pins_get(const char *name, struct ringwall_err *e)
{
	char path[sizeof(RINGWALL_PINS_ABI) + 32];
	int fd;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", RINGWALL_PINS_ABI, name) >= sizeof(path))
		return ringwall_fail(e, -ENAMETOOLONG, "%s", name);
	fd = ringwall_bpf_get(path);
	return fd < 0 ? ringwall_pins_fail(e, fd, path) : fd;
}

static int open_dir(void)
{
	int fd = open(RINGWALL_PINS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* A bpffs mounted without mode= is writable for all: whoever came first could have us use maps of theirs. */
static int check_owner(int fd, struct ringwall_err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return ringwall_fail(e, -errno, "stat '%s'", RINGWALL_PINS);
	if (st.st_uid || st.st_mode & 077)
		return ringwall_fail_plain(e, -EPERM, "device policy: '%s' is not root's alone: remove it", RINGWALL_PINS);
	return 0;
}

static int lock(int fd)
{
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

int ringwall_pins_lock(enum ringwall_pins_mode mode, int *ret_containers, struct ringwall_err *e)
{
	_cleanup_fd_ int fd = open_dir();
	int err, map;

	if (fd == -ENOENT && mode == RINGWALL_PINS_LOAD) {
		err = ringwall_pins_prepare(e);
		if (err < 0)
			return err;
		fd = open_dir();
	}
	if (fd < 0)
		return ringwall_pins_fail(e, fd, RINGWALL_PINS);
	err = check_owner(fd, e);
	if (err < 0)
		return err;
	err = lock(fd);
	if (err < 0)
		return ringwall_fail(e, err, "lock '%s'", RINGWALL_PINS);
	map = ringwall_bpf_get(RINGWALL_PINS_ABI "/containers");
	if (map == -ENOENT && mode == RINGWALL_PINS_LOAD) {
		err = ringwall_pins_load(fd, e);
		if (err < 0)
			return err;
		map = ringwall_bpf_get(RINGWALL_PINS_ABI "/containers");
	}
	if (map < 0)
		return ringwall_pins_fail(e, map, RINGWALL_PINS_ABI "/containers");
	*ret_containers = map;
	return TAKE_FD(fd);
}
