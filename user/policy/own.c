// SPDX-License-Identifier: LGPL-2.1-or-later
#include "own.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../lib/cleanup.h"
#include "bpf.h"
#include "gate.h"
#include "pins.h"

static int own_map(void)
{
	struct ringwall_err ignored;

	return ringwall_pins_borrow("own", &ignored);
}

static int add(int map, uint32_t kind, uint32_t id)
{
	struct ringwall_own_key key = { .kind = kind, .id = id };
	uint32_t one = 1;

	return ringwall_bpf_write(map, &key, &one);
}

int ringwall_own_loading(bool on, struct ringwall_err *e)
{
	struct ringwall_own_key key = { .kind = RINGWALL_OWN_LOADING };
	int map = own_map(), err;

	if (map < 0)
		return 0;
	err = on ? add(map, key.kind, key.id) : ringwall_bpf_delete(map, &key);
	return err < 0 && err != -ENOENT ? ringwall_fail(e, err, "write to the map 'own'") : 0;
}

static int add_map(int map, int fd, const char *name)
{
	struct bpf_map_info info = { 0 };
	int err = ringwall_bpf_info(fd, &info, sizeof(info));

	(void)name;
	return err < 0 ? err : add(map, RINGWALL_OWN_MAP, info.id);
}

static int add_program(int map, int fd, const char *name)
{
	struct bpf_prog_info info = { 0 };
	int err = ringwall_bpf_info(fd, &info, sizeof(info));

	(void)name;
	return err < 0 ? err : add(map, RINGWALL_OWN_PROG, info.id);
}

static int add_link(int map, int fd, const char *name)
{
	struct bpf_link_info info = { 0 };
	int err = ringwall_bpf_info(fd, &info, sizeof(info));

	(void)name;
	if (!err)
		err = add(map, RINGWALL_OWN_LINK, info.id);
	return err < 0 ? err : add(map, RINGWALL_OWN_PROG, info.prog_id);
}

/* In the gate's directory there are programs, and links. */
static bool is_gate_program(const char *name)
{
	return !strcmp(name, RINGWALL_GATE_PROGRAM) || !strcmp(name, RINGWALL_GATE_DECIDE);
}

static int add_gate(int map, int fd, const char *name)
{
	return is_gate_program(name) ? add_program(map, fd, name) : add_link(map, fd, name);
}

static int forget_gate(int map, int fd, const char *name)
{
	bool is_program = is_gate_program(name);
	struct bpf_prog_info prog = { 0 };
	struct bpf_link_info link = { 0 };
	int err = is_program ? ringwall_bpf_info(fd, &prog, sizeof(prog)) : ringwall_bpf_info(fd, &link, sizeof(link));
	struct ringwall_own_key prog_key = { .kind = RINGWALL_OWN_PROG, .id = is_program ? prog.id : link.prog_id },
				link_key = { .kind = RINGWALL_OWN_LINK, .id = link.id };

	if (err < 0)
		return err;
	ringwall_bpf_delete(map, &prog_key);
	if (!is_program)
		ringwall_bpf_delete(map, &link_key);
	return 0;
}

/* Each file of the directory, by @each; what is no file is another matter. */
static int for_each(int map, const char *path, int (*each)(int map, int fd, const char *name))
{
	_cleanup_dir_ DIR *d = opendir(path);
	struct dirent *de;

	if (!d)
		return errno == ENOENT ? 0 : -errno;
	while ((de = readdir(d))) {
		char name[sizeof(RINGWALL_PINS_ABI) + 288];
		_cleanup_fd_ int fd = -1;
		int err;

		if (de->d_type == DT_DIR)
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, de->d_name);
		fd = ringwall_bpf_get(name);
		err = fd < 0 ? fd : each(map, fd, de->d_name);
		if (err < 0)
			return err;
	}
	return 0;
}

static int add_classes(int map)
{
	int err = 0;

	for (enum ringwall_load i = RINGWALL_LOAD_DEVICE; i < RINGWALL_LOADS && !err; i++) {
		int (*each)(int map, int fd, const char *name) = i < RINGWALL_LOAD_IDENTITY ? add_program : add_link;
		char path[sizeof(RINGWALL_PINS_ABI) + 32];

		snprintf(path, sizeof(path), "%s/%s", RINGWALL_PINS_ABI, ringwall_load_name(i));
		err = for_each(map, path, i == RINGWALL_LOAD_SYSCALL ? add_gate : each);
	}
	return err;
}

int ringwall_own_register(struct ringwall_err *e)
{
	int map = own_map(), err;
	struct stat st;

	if (map < 0)
		return 0;
	err = stat(RINGWALL_PINS, &st) < 0 ? -errno : add(map, RINGWALL_OWN_DIRECTORY, (uint32_t)st.st_ino);
	if (!err)
		err = for_each(map, RINGWALL_PINS_ABI, add_map);
	if (!err)
		err = add_classes(map);
	return err < 0 ? ringwall_fail(e, err, "policy: register Ringwall's own BPF objects") : 0;
}

void ringwall_own_forget_gate(const char *path)
{
	int map = own_map();

	if (map >= 0)
		for_each(map, path, forget_gate);
}

int ringwall_own_add_link(int link_fd, uint32_t *ret_id, struct ringwall_err *e)
{
	struct bpf_link_info info = { 0 };
	int map = ringwall_pins_has(RINGWALL_LOAD_TAMPER) ? own_map() : -1, err;

	*ret_id = 0;
	if (map < 0)
		return 0;
	err = ringwall_bpf_info(link_fd, &info, sizeof(info));
	if (!err)
		err = add(map, RINGWALL_OWN_LINK, info.id);
	if (err < 0)
		return ringwall_fail(e, err, "policy: register a link");
	*ret_id = info.id;
	return 0;
}

void ringwall_own_remove_link(uint32_t id)
{
	struct ringwall_own_key key = { .kind = RINGWALL_OWN_LINK, .id = id };
	int map = id ? own_map() : -1;

	if (map >= 0)
		ringwall_bpf_delete(map, &key);
}
