// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * First use on this host. The only file that has libbpf in it; everything that comes after works on pins.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "../lib/cleanup.h"
#include "device.skel.h"
#include "pins.h"

#define LOADING RINGWALL_PINS "/loading"

static struct bpf_object *device_open(void **ret_skeleton)
{
	struct device_bpf *s = device_bpf__open();

	*ret_skeleton = s;
	return s ? s->obj : NULL;
}

static void device_destroy(void *skeleton)
{
	device_bpf__destroy(skeleton);
}

/* One row per policy class; maps of the same name are one map. */
static const struct class {
	const char *name;
	struct bpf_object *(*open)(void **ret_skeleton);
	void (*destroy)(void *skeleton);
} classes[] = {
	{ "device", device_open, device_destroy },
};

/* The last thing libbpf complained about, for the error message; the lock allows one loader at a time per process. */
static __thread char complaint[256];

static int remember(enum libbpf_print_level level, const char *fmt, va_list args)
{
	if (level == LIBBPF_WARN && !complaint[0]) {
		vsnprintf(complaint, sizeof(complaint), fmt, args);
		complaint[strcspn(complaint, "\n")] = '\0';
	}
	return 0;
}

/* Sets where each map is pinned; libbpf takes the map that an earlier class pinned there, or makes and pins it. */
static int pin_maps_at(struct bpf_object *obj)
{
	char path[sizeof(LOADING) + 32];
	struct bpf_map *map;

	bpf_object__for_each_map(map, obj) {
		int err;

		if (bpf_map__is_internal(map))
			continue;
		snprintf(path, sizeof(path), "%s/%s", LOADING, bpf_map__name(map));
		err = bpf_map__set_pin_path(map, path);
		if (err < 0)
			return err;
	}
	return 0;
}

static int pin_programs(struct bpf_object *obj)
{
	char path[sizeof(LOADING) + 32];
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, obj) {
		snprintf(path, sizeof(path), "%s/%s", LOADING, bpf_program__name(prog));
		if (bpf_obj_pin(bpf_program__fd(prog), path) < 0)
			return -errno;
	}
	return 0;
}

static int load_class(const struct class *class)
{
	void *skeleton;
	struct bpf_object *obj = class->open(&skeleton);
	int err = obj ? pin_maps_at(obj) : -errno;

	if (!err)
		err = bpf_object__load(obj);
	if (!err)
		err = pin_programs(obj);
	class->destroy(skeleton);
	return err;
}

static int load_classes(struct ringwall_err *e)
{
	libbpf_print_fn_t printer = libbpf_set_print(remember);
	int err = 0;

	complaint[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(classes) && !err; i++) {
		err = load_class(&classes[i]);
		if (err == -EPERM || err == -EACCES)
			ringwall_pins_fail(e, err, "load the BPF programs");
		else if (err < 0)
			ringwall_fail(e, err, "load the BPF programs of class %s: %s", classes[i].name, complaint);
	}
	libbpf_set_print(printer);
	return err < 0 && e ? e->code : err;
}

/* What a killed loader left: a flat directory but for the empty `links`. */
static int clear_loading(void)
{
	_cleanup_dir_ DIR *d = opendir(LOADING);
	struct dirent *de;

	if (!d)
		return errno == ENOENT ? 0 : -errno;
	while ((de = readdir(d))) {
		if (de->d_name[0] == '.')
			continue;
		if (unlinkat(dirfd(d), de->d_name, de->d_type == DT_DIR ? AT_REMOVEDIR : 0) < 0)
			return -errno;
	}
	return rmdir(LOADING) < 0 ? -errno : 0;
}

int ringwall_pins_load(int lock_fd, struct ringwall_err *e)
{
	int err = clear_loading();

	if (err < 0)
		return ringwall_fail(e, err, "clear '%s'", LOADING);
	if (mkdirat(lock_fd, "loading", 0700) < 0 || mkdirat(lock_fd, "loading/links", 0700) < 0)
		return ringwall_fail(e, -errno, "make '%s'", LOADING);
	err = load_classes(e);
	if (err < 0) {
		clear_loading();
		return err;
	}
	if (renameat(lock_fd, "loading", lock_fd, RINGWALL_PINS_STR(RINGWALL_ABI)) < 0)
		return ringwall_fail(e, -errno, "rename '%s' to '%s'", LOADING, RINGWALL_PINS_ABI);
	return 0;
}

/* So that nothing gets mounted for callers who could not load a program afterwards. */
static int probe(struct ringwall_err *e)
{
	_cleanup_fd_ int fd = bpf_map_create(BPF_MAP_TYPE_CGROUP_STORAGE, "probe", sizeof(__u64), sizeof(__u64), 0, NULL);

	return fd < 0 ? ringwall_pins_fail(e, fd, "make a BPF map") : 0;
}

static int mount_bpffs(struct ringwall_err *e)
{
	struct statfs st;

	if (statfs(RINGWALL_BPFFS, &st) < 0)
		return ringwall_pins_fail(e, errno == ENOENT ? -ENODEV : -errno, RINGWALL_BPFFS);
	if (st.f_type == BPF_FS_MAGIC)
		return 0;
	if (mount("bpf", RINGWALL_BPFFS, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RELATIME, "mode=0700") < 0)
		return ringwall_fail(e, -EOPNOTSUPP, "device policy: nothing is mounted at %s (%s); mount -t bpf bpf %s",
				     RINGWALL_BPFFS, strerror(errno), RINGWALL_BPFFS);
	return 0;
}

int ringwall_pins_prepare(struct ringwall_err *e)
{
	/*
	 * Two who mount at once would hide each other's pins. The lock for that must be there before the mount, the
	 * same for all who see this mount point, and out of reach for others than root, who could hold it for ever.
	 */
	_cleanup_fd_ int fd = open("/proc/1/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err;

	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return ringwall_pins_fail(e, -errno, "lock '/proc/1/fd'");
	err = probe(e);
	if (!err)
		err = mount_bpffs(e);
	if (err < 0)
		return err;
	if (mkdir(RINGWALL_PINS, 0700) < 0 && errno != EEXIST)
		return ringwall_pins_fail(e, -errno, RINGWALL_PINS);
	return 0;
}
