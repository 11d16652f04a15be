// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pins.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "bpf.h"
#include "gate.h"

/*
 * What this process has open, kept from one call to the next: `run` attaches and releases, a long-lived user of the
 * library does so many times. Good as long as RINGWALL_PINS_ABI is the directory it was: inode numbers of a bpffs are
 * not used twice. (Its times would not do: they are as coarse as the tick, and loading takes less.) Touched with the lock
 * held and only then; since every lock is an open file of its own, that keeps threads apart as well, and a forked process
 * has its own copy. Never the lock itself: a kept one would be shared with such a process.
 */
static struct {
	dev_t dev;
	ino_t ino;
	struct ringwall_table containers, policies;
	struct {
		const char *name;
		int fd;
	} borrowed[40];
	size_t n_borrowed;
	uint32_t loaded; /* classes, by enum ringwall_load */
} kept = {
	.containers = RINGWALL_TABLE_CONTAINERS(-1),
	.policies = RINGWALL_TABLE_POLICIES(-1),
};

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

int ringwall_pins_policies(struct ringwall_table **ret, struct ringwall_err *e)
{
	if (kept.policies.fd < 0) {
		int fd = ringwall_pins_get("policies", e);

		if (fd < 0)
			return fd;
		kept.policies.fd = fd;
	}
	*ret = &kept.policies;
	return 0;
}

int ringwall_pins_borrow(const char *name, struct ringwall_err *e)
{
	int fd;

	for (size_t i = 0; i < kept.n_borrowed; i++)
		if (!strcmp(kept.borrowed[i].name, name))
			return kept.borrowed[i].fd;
	if (kept.n_borrowed == ARRAY_SIZE(kept.borrowed))
		return ringwall_fail(e, -ENOBUFS, "device policy: keep '%s' open", name);
	fd = ringwall_pins_get(name, e);
	if (fd < 0)
		return fd;
	kept.borrowed[kept.n_borrowed].name = name;
	kept.borrowed[kept.n_borrowed++].fd = fd;
	return fd;
}

static void forget(void)
{
	ringwall_table_close(&kept.containers);
	ringwall_table_close(&kept.policies);
	while (kept.n_borrowed)
		ringwall_fd_close(&kept.borrowed[--kept.n_borrowed].fd);
	kept.loaded = 0;
}

/* Wants the lock: before it, whoever held it may have been replacing what is there. */
static bool is_current(int lock_fd)
{
	struct stat st;

	return !fstatat(lock_fd, RINGWALL_PINS_STR(RINGWALL_ABI), &st, AT_SYMLINK_NOFOLLOW) && st.st_dev == kept.dev &&
	       st.st_ino == kept.ino;
}

/* Remembers what directory it is that things are opened from now. */
static int keep_from(int lock_fd)
{
	struct stat st;

	if (fstatat(lock_fd, RINGWALL_PINS_STR(RINGWALL_ABI), &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	kept.dev = st.st_dev;
	kept.ino = st.st_ino;
	return 0;
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

int ringwall_pins_lock_only(struct ringwall_err *e)
{
	_cleanup_fd_ int fd = open_dir();
	int err;

	if (fd < 0)
		return fd == -ENOENT ? fd : ringwall_pins_fail(e, fd, RINGWALL_PINS);
	err = check_owner(fd, e);
	if (err < 0)
		return err;
	err = lock(fd);
	return err < 0 ? ringwall_fail(e, err, "lock '%s'", RINGWALL_PINS) : TAKE_FD(fd);
}

/* The map that says whether anything is loaded. */
static int open_containers(int lock_fd, enum ringwall_pins_mode mode, struct ringwall_err *e)
{
	int err, fd;

	if (kept.containers.fd >= 0)
		return 0;
	fd = ringwall_bpf_get(RINGWALL_PINS_ABI "/containers");
	if (fd == -ENOENT && mode == RINGWALL_PINS_LOAD) {
		err = ringwall_pins_load(RINGWALL_LOAD_DEVICE, e);
		if (err < 0)
			return err;
		fd = ringwall_bpf_get(RINGWALL_PINS_ABI "/containers");
	}
	if (fd < 0)
		return ringwall_pins_fail(e, fd, RINGWALL_PINS_ABI "/containers");
	err = keep_from(lock_fd);
	if (err < 0) {
		ringwall_fd_close(&fd);
		return ringwall_fail(e, err, "stat '%s'", RINGWALL_PINS_ABI);
	}
	kept.containers.fd = fd;
	return 0;
}

int ringwall_pins_lock(enum ringwall_pins_mode mode, struct ringwall_table **ret_containers, struct ringwall_err *e)
{
	_cleanup_fd_ int fd = open_dir();
	bool known;
	int err;

	if (fd == -ENOENT && mode == RINGWALL_PINS_LOAD) {
		err = ringwall_pins_prepare(e);
		if (err < 0)
			return err;
		fd = open_dir();
	}
	if (fd < 0)
		return ringwall_pins_fail(e, fd, RINGWALL_PINS);
	known = kept.containers.fd >= 0;
	err = known ? 0 : check_owner(fd, e);
	if (err < 0)
		return err;
	err = lock(fd);
	if (err < 0)
		return ringwall_fail(e, err, "lock '%s'", RINGWALL_PINS);
	/* Same contents, same directory: its owner was checked when they were opened. */
	if (known && !is_current(fd)) {
		forget();
		err = check_owner(fd, e);
		if (err < 0)
			return err;
	}
	err = open_containers(fd, mode, e);
	if (err < 0)
		return err;
	*ret_containers = &kept.containers;
	return TAKE_FD(fd);
}

static bool exists(enum ringwall_load which, const char *suffix)
{
	char path[sizeof(RINGWALL_PINS_ABI) + 32];

	snprintf(path, sizeof(path), "%s/%s%s", RINGWALL_PINS_ABI, ringwall_load_name(which), suffix);
	return !access(path, F_OK);
}

bool ringwall_pins_is_loaded(enum ringwall_load which)
{
	return exists(which, "");
}

bool ringwall_pins_is_refused(enum ringwall_load which)
{
	return exists(which, "-none");
}

static int refused(enum ringwall_load which, struct ringwall_err *e)
{
	return ringwall_fail_plain(e, -EOPNOTSUPP, "policy class %s: this kernel refuses %s%s; see 'ringwall doctor'",
				   ringwall_load_name(which), ringwall_load_what(which),
				   which == RINGWALL_LOAD_SYSCALL ? ", and ringwall.ko is not loaded" : "");
}

/* What was refused once is refused until the next boot; but a module may come. */
static bool stays_refused(enum ringwall_load which)
{
	if (which < RINGWALL_LOAD_IDENTITY || !ringwall_pins_is_refused(which))
		return false;
	return which != RINGWALL_LOAD_SYSCALL || !ringwall_gate_module_is_there();
}

/* The gate goes away with the last container that needs it: what this process has seen may be gone since. */
static bool is_kept(enum ringwall_load which)
{
	if (which == RINGWALL_LOAD_SYSCALL && !ringwall_pins_is_loaded(which))
		kept.loaded &= ~(1U << which);
	return kept.loaded & (1U << which);
}

/* Lack of memory passes, lack of a permission or of a feature does not. */
static bool is_lasting(int err)
{
	return err != -ENOMEM && err != -EAGAIN && err != -EINTR && err != -ENOSPC && err != -EMFILE && err != -ENFILE;
}

static int remember_refusal(enum ringwall_load which, int err, bool *ret_new, struct ringwall_err *e)
{
	char path[sizeof(RINGWALL_PINS_ABI) + 32];

	if (which < RINGWALL_LOAD_IDENTITY || !is_lasting(err))
		return err;
	snprintf(path, sizeof(path), "%s/%s-none", RINGWALL_PINS_ABI, ringwall_load_name(which));
	if (!mkdir(path, 0700) && ret_new)
		*ret_new = true;
	if (e)
		e->code = -EOPNOTSUPP;
	return -EOPNOTSUPP;
}

bool ringwall_pins_has(enum ringwall_load which)
{
	return kept.loaded & (1U << which);
}

int ringwall_pins_need(enum ringwall_load which, bool *ret_new, struct ringwall_err *e)
{
	int err;

	if (is_kept(which))
		return 0;
	/* Without identity nothing finds out whose a process is: the others are not even tried. */
	if (which > RINGWALL_LOAD_IDENTITY && !ringwall_pins_has(RINGWALL_LOAD_IDENTITY))
		return refused(which, e);
	/* Of the one that every container needs the program is what is asked for anyway. */
	if (which == RINGWALL_LOAD_DEVICE ? ringwall_pins_borrow("device/ringwall_device", NULL) < 0
					  : !ringwall_pins_is_loaded(which)) {
		if (stays_refused(which))
			return refused(which, e);
		err = ringwall_pins_load(which, e);
		if (err < 0)
			return remember_refusal(which, err, ret_new, e);
	}
	kept.loaded |= 1U << which;
	return 0;
}
