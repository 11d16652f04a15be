// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Other ringwalls beside this one. Each ABI has its own directory of pins, and containers go on being confined by the
 * programs they began with, whichever ringwall deletes them in the end. What is done here relies on what every ABI has:
 * the first members of struct ringwall_container, and links named HOOK-INDEX.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "bpf.h"
#include "gate.h"
#include "pins.h"
#include "policy.h"

#define VALUE_MAX 4096

/* Another ABI's directory, and its map of slots. */
struct other {
	uint32_t abi;
	char path[sizeof(RINGWALL_PINS) + 16];
	int dir, containers;
	uint32_t value_size, max;
};

static void other_close(struct other *o)
{
	ringwall_fd_close(&o->dir);
	ringwall_fd_close(&o->containers);
}

static int other_open(uint32_t abi, struct other *o, struct ringwall_err *e)
{
	struct bpf_map_info info = { 0 };
	char path[sizeof(o->path) + 16];
	int err;

	o->abi = abi;
	o->dir = o->containers = -1;
	snprintf(o->path, sizeof(o->path), "%s/%u", RINGWALL_PINS, abi);
	o->dir = open(o->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (o->dir < 0)
		return errno == ENOENT ? -ENOENT : ringwall_fail(e, -errno, "open '%s'", o->path);
	snprintf(path, sizeof(path), "%s/containers", o->path);
	o->containers = ringwall_bpf_get(path);
	err = o->containers < 0 ? o->containers : ringwall_bpf_info(o->containers, &info, sizeof(info));
	if (err < 0)
		return ringwall_fail(e, err, "open '%s'", path);
	if (info.value_size > VALUE_MAX || info.value_size < offsetof(struct ringwall_container, id))
		return ringwall_fail_plain(e, -EPROTO, "'%s' is no map of containers", path);
	o->value_size = info.value_size;
	o->max = info.max_entries;
	return 0;
}

static int unlink_links(const struct other *o, uint32_t index)
{
	int fd = openat(o->dir, "links", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_dir_ DIR *d = fd < 0 ? NULL : fdopendir(fd);
	char end[16];
	struct dirent *de;

	if (!d)
		return errno == ENOENT ? 0 : -errno;
	snprintf(end, sizeof(end), "-%u", index);
	while ((de = readdir(d))) {
		const char *dash = strrchr(de->d_name, '-');

		if (dash && !strcmp(dash, end) && unlinkat(dirfd(d), de->d_name, 0) < 0 && errno != ENOENT)
			return -errno;
	}
	return 0;
}

/* As ringwall_slot_release(): pins first, then the slot. */
static int free_slot(const struct other *o, uint32_t slot)
{
	char value[VALUE_MAX] __attribute__((aligned(8))) = { 0 };
	struct ringwall_container *c = (struct ringwall_container *)value;
	uint32_t index = slot & RINGWALL_INDEX_MASK, generation;
	int err = ringwall_bpf_read(o->containers, &index, value);

	if (err < 0 || c->slot != slot)
		return err;
	err = unlink_links(o, index);
	if (err < 0)
		return err;
	generation = c->generation;
	memset(value, 0, o->value_size);
	c->generation = generation;
	return ringwall_bpf_write(o->containers, &index, value);
}

static int count_slots(const struct other *o, uint32_t *ret)
{
	char value[VALUE_MAX] __attribute__((aligned(8)));
	uint32_t n = 0;

	for (uint32_t i = 0; i < o->max; i++) {
		int err = ringwall_bpf_read(o->containers, &i, value);

		if (err < 0)
			return err;
		n += ((const struct ringwall_container *)value)->slot != 0;
	}
	*ret = n;
	return 0;
}

/* Everything in the directory @fd, @levels deep below it. Takes the fd over. */
static int clear(int fd, int levels)
{
	_cleanup_dir_ DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *de;
	int err = 0;

	if (!d)
		return -errno;
	while (!err && (de = readdir(d))) {
		bool is_dir = de->d_type == DT_DIR;

		if (de->d_name[0] == '.')
			continue;
		if (is_dir && levels)
			err = clear(openat(dirfd(d), de->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), levels - 1);
		if (!err && unlinkat(dirfd(d), de->d_name, is_dir ? AT_REMOVEDIR : 0) < 0)
			err = -errno;
	}
	return err;
}

static int remove_unused(struct other *o, struct ringwall_err *e)
{
	uint32_t n;
	int err = count_slots(o, &n);

	if (!err && n)
		return 0;
	if (!err) {
		ringwall_gate_detach_abi(o->abi);
		err = clear(TAKE_FD(o->dir), 1);
		if (!err && rmdir(o->path) < 0)
			err = -errno;
	}
	return err < 0 ? ringwall_fail(e, err, "remove '%s'", o->path) : 0;
}

int ringwall_policy_release_other(uint32_t abi, uint32_t slot, struct ringwall_err *e)
{
	_cleanup_(other_close) struct other o = { .dir = -1, .containers = -1 };
	_cleanup_fd_ int lock = ringwall_pins_lock_only(e);
	int err;

	if (lock < 0)
		return lock == -ENOENT ? 0 : lock;
	err = other_open(abi, &o, e);
	if (err < 0)
		return err == -ENOENT ? 0 : err;
	err = free_slot(&o, slot);
	if (err < 0)
		return ringwall_fail(e, err, "release slot %#x of '%s'", slot, o.path);
	return remove_unused(&o, e);
}
