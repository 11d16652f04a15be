// SPDX-License-Identifier: LGPL-2.1-or-later
/* How this kernel lets BPF programs take part in its security decisions. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "pins.h"

/* File @name of a kernel's own file system; where that is not mounted, through a mount that nobody else sees. */
static int open_kernel_file(const char *type, const char *mountpoint, const char *name)
{
	_cleanup_fd_ int dir = open(mountpoint, O_PATH | O_DIRECTORY | O_CLOEXEC), fs = -1, mount = -1;
	int fd = dir < 0 ? -1 : openat(dir, name, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	fs = (int)syscall(SYS_fsopen, type, 1 /* FSOPEN_CLOEXEC */);
	if (fs < 0 || syscall(SYS_fsconfig, fs, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0) < 0)
		return -1;
	mount = (int)syscall(SYS_fsmount, fs, 1 /* FSMOUNT_CLOEXEC */, 0);
	return mount < 0 ? -1 : openat(mount, name, O_RDONLY | O_CLOEXEC);
}

static bool is_listed(char *list, const char *name)
{
	char *save = NULL;

	for (char *word = strtok_r(list, ",\n", &save); word; word = strtok_r(NULL, ",\n", &save))
		if (!strcmp(word, name))
			return true;
	return false;
}

void ringwall_lsm_list(char *ret, size_t size)
{
	_cleanup_fd_ int fd = open_kernel_file("securityfs", "/sys/kernel/security", "lsm");
	ssize_t n = fd < 0 ? 0 : read(fd, ret, size - 1);

	ret[n < 0 ? 0 : n] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
}

enum ringwall_backend ringwall_lsm_backend(void)
{
	char list[512];

	ringwall_lsm_list(list, sizeof(list));
	return is_listed(list, "bpf") ? RINGWALL_BACKEND_LSM : RINGWALL_BACKEND_MODIFY_RETURN;
}

/* "none (voluntary) full lazy": the one in brackets. What cannot be found out counts as preemptible. */
bool ringwall_lsm_preemptible(void)
{
	_cleanup_fd_ int fd = open_kernel_file("debugfs", "/sys/kernel/debug", "sched/preempt");
	struct utsname name;
	char text[128];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n > 0) {
		text[n] = '\0';
		return !strstr(text, "(none)") && !strstr(text, "(voluntary)");
	}
	return uname(&name) < 0 || strstr(name.version, "PREEMPT");
}

const char *ringwall_lsm_caller(const char *hook)
{
	/* The others are called like their hooks. */
	static const struct {
		const char *hook, *caller;
	} others[] = {
		{ "bprm_check_security", "bprm_check" },
		{ "settime", "settime64" },
		{ "userns_create", "create_user_ns" },
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strcmp(others[i].hook, hook))
			return others[i].caller;
	return hook;
}
