// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * First use on this host. The only file of the start path that has libbpf in it; everything that comes after works on pins.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "capable.skel.h"
#include "device.skel.h"
#include "file.skel.h"
#include "gate.skel.h"
#include "identity.skel.h"
#include "network.skel.h"
#include "socket.skel.h"
#include "surface.skel.h"
#include "tamper.skel.h"
#include "gate-load.h"
#include "own.h"
#include "pins.h"

#define LOADING RINGWALL_PINS_LOADING

/*
 * elfutils 0.192 (Debian 13) forgot these in its libelf.a, and no static program links. They are about what
 * elf_getdata_rawchunk() keeps, which nothing here calls; a libelf.a that calls it has them, and they go before these.
 */
void eu_search_tree_init(void *tree, int (*compare)(const void *, const void *));
void eu_search_tree_fini(void *tree, void (*destroy)(void *));

__attribute__((weak)) void eu_search_tree_init(void *tree, int (*compare)(const void *, const void *))
{
	(void)tree;
	(void)compare;
}

__attribute__((weak)) void eu_search_tree_fini(void *tree, void (*destroy)(void *))
{
	(void)tree;
	(void)destroy;
}

/* A skeleton opened; its destroy function takes what @ret_skeleton got. */
#define OPENER(name)                                                  \
	static struct bpf_object *name##_open(void **ret_skeleton)    \
	{                                                             \
		struct name##_bpf *s = name##_bpf__open();            \
								      \
		*ret_skeleton = s;                                    \
		return s ? s->obj : NULL;                             \
	}                                                             \
								      \
	static void name##_destroy(void *skeleton)                    \
	{                                                             \
		name##_bpf__destroy(skeleton);                        \
	}

OPENER(capable)
OPENER(device)
OPENER(file)
OPENER(gate)
OPENER(identity)
OPENER(network)
OPENER(socket)
OPENER(surface)
OPENER(tamper)

/* One row per policy class; maps of the same name are one map. @prepare: what of it is to be loaded; NULL: everything */
static const struct class {
	const char *name;
	struct bpf_object *(*open)(void **ret_skeleton);
	void (*destroy)(void *skeleton);
	int (*prepare)(struct bpf_object *obj, struct ringwall_err *e);
} classes[] = {
	[RINGWALL_LOAD_DEVICE] = { "device", device_open, device_destroy, NULL },
	[RINGWALL_LOAD_NETWORK] = { "network", network_open, network_destroy, NULL },
	[RINGWALL_LOAD_IDENTITY] = { "identity", identity_open, identity_destroy, NULL },
	[RINGWALL_LOAD_TAMPER] = { "tamper", tamper_open, tamper_destroy, NULL },
	[RINGWALL_LOAD_KERNEL] = { "kernel", surface_open, surface_destroy, NULL },
	[RINGWALL_LOAD_SOCKET] = { "socket", socket_open, socket_destroy, NULL },
	[RINGWALL_LOAD_CAPABLE] = { "capable", capable_open, capable_destroy, NULL },
	[RINGWALL_LOAD_FILE] = { "file", file_open, file_destroy, NULL },
	[RINGWALL_LOAD_SYSCALL] = { "syscall", gate_open, gate_destroy, ringwall_gate_prepare },
};

/*
 * Of the last load: what libbpf complained about first, and why it was not tried; the lock allows one loader at a time per
 * process.
 */
static __thread char complaint[256], reason[256];

static int remember(enum libbpf_print_level level, const char *fmt, va_list args)
{
	if (level == LIBBPF_WARN && !complaint[0]) {
		vsnprintf(complaint, sizeof(complaint), fmt, args);
		complaint[strcspn(complaint, "\n")] = '\0';
	}
	return 0;
}

int ringwall_load_pin_maps(struct bpf_object *obj)
{
	char path[sizeof(RINGWALL_PINS_ABI) + 32];
	struct bpf_map *map;

	bpf_object__for_each_map(map, obj) {
		int err;

		if (bpf_map__is_internal(map))
			continue;
		snprintf(path, sizeof(path), "%s/%s", RINGWALL_PINS_ABI, bpf_map__name(map));
		err = bpf_map__set_pin_path(map, path);
		if (err < 0)
			return err;
	}
	return 0;
}

/* The hook of an LSM program, NULL for others. */
static const char *hook_of(const struct bpf_program *prog)
{
	const char *section = bpf_program__section_name(prog);

	return strncmp(section, "lsm/", 4) ? NULL : section + 4;
}

/*
 * Hooks come and go with kernels, and where BPF is not among the active LSMs the same programs go to the functions that
 * call the hooks. One that returns nothing cannot be modified: fentry is enough for what only watches.
 */
static int adapt_program(struct bpf_program *prog, const struct btf *kernel, enum ringwall_backend backend)
{
	const char *hook = hook_of(prog);
	const struct btf_type *type;
	char name[96];
	int id;

	if (!hook)
		return 0;
	snprintf(name, sizeof(name), "bpf_lsm_%s", hook);
	id = btf__find_by_name_kind(kernel, name, BTF_KIND_FUNC);
	if (id < 0)
		return bpf_program__set_autoload(prog, false);
	if (backend == RINGWALL_BACKEND_LSM)
		return 0;
	snprintf(name, sizeof(name), "security_%s", ringwall_lsm_caller(hook));
	id = btf__find_by_name_kind(kernel, name, BTF_KIND_FUNC);
	if (id < 0)
		return id; /* without it the class would let through what it refuses elsewhere */
	type = btf__type_by_id(kernel, btf__type_by_id(kernel, (__u32)id)->type);
	bpf_program__set_type(prog, BPF_PROG_TYPE_TRACING);
	bpf_program__set_expected_attach_type(prog, type->type ? BPF_MODIFY_RETURN : BPF_TRACE_FENTRY);
	return bpf_program__set_attach_target(prog, 0, name);
}

/*
 * Kernels whose LSM programs and task storage do without a mark for "busy on this processor" have this function: they lost
 * the mark and got the function with the same release (Linux 6.2).
 */
#define NO_SKIPS "bpf_cgrp_storage_get"

int ringwall_load_check_skips(const struct btf *kernel, enum ringwall_backend backend, struct ringwall_err *e)
{
	if (backend == RINGWALL_BACKEND_LSM && btf__find_by_name_kind(kernel, NO_SKIPS, BTF_KIND_FUNC) > 0)
		return 0;
	if (!ringwall_lsm_preemptible())
		return 0;
	return ringwall_fail_plain(e, -EOPNOTSUPP, "%s can be skipped on this kernel while it is preempted: %sboot with preempt=voluntary (kernels before 7.0)",
				   backend == RINGWALL_BACKEND_LSM ? "programs on LSM hooks" : "modify-return programs",
				   backend == RINGWALL_BACKEND_LSM ? "" : "add bpf to lsm= on the kernel command line, or ");
}

static int adapt(struct bpf_object *obj, enum ringwall_backend backend)
{
	struct ringwall_err why;
	struct bpf_program *prog = bpf_object__next_program(obj, NULL);
	struct btf *kernel;
	int err = 0;

	if (!hook_of(prog))
		return 0;
	kernel = btf__load_vmlinux_btf();
	if (!kernel)
		return -errno;
	err = ringwall_load_check_skips(kernel, backend, &why);
	if (err < 0)
		snprintf(reason, sizeof(reason), "%.250s", why.text);
	for (; prog && !err; prog = bpf_object__next_program(obj, prog))
		err = adapt_program(prog, kernel, backend);
	btf__free(kernel);
	return err;
}

/* Programs for cgroups are pinned themselves, and attached container by container; the others are attached here and now. */
static int pin_program(struct bpf_program *prog)
{
	char path[sizeof(LOADING) + 64];
	struct bpf_link *link;
	int err;

	if (!bpf_program__autoload(prog))
		return 0;
	snprintf(path, sizeof(path), "%s/%s", LOADING, bpf_program__name(prog));
	if (!hook_of(prog))
		return bpf_obj_pin(bpf_program__fd(prog), path) < 0 ? -errno : 0;
	link = bpf_program__attach(prog);
	if (!link)
		return -errno;
	err = bpf_link__pin(link, path);
	bpf_link__destroy(link); /* the pin keeps it */
	return err;
}

static int load_class(const struct class *class, enum ringwall_backend backend)
{
	void *skeleton;
	struct bpf_object *obj = class->open(&skeleton);
	struct bpf_program *prog;
	struct ringwall_err why;
	int err = obj ? ringwall_load_pin_maps(obj) : -errno;

	if (!err && class->prepare) {
		err = class->prepare(obj, &why);
		if (err < 0)
			snprintf(reason, sizeof(reason), "%.250s", why.text);
	}
	if (!err)
		err = adapt(obj, backend);
	if (!err)
		err = bpf_object__load(obj);
	if (!err)
		bpf_object__for_each_program(prog, obj)
			if (!err)
				err = pin_program(prog);
	class->destroy(skeleton);
	return err;
}

/* What a killed loader left: a flat directory. */
static int clear_loading(void)
{
	_cleanup_dir_ DIR *d = opendir(LOADING);
	struct dirent *de;

	if (!d)
		return errno == ENOENT ? 0 : -errno;
	while ((de = readdir(d))) {
		if (de->d_name[0] == '.')
			continue;
		if (unlinkat(dirfd(d), de->d_name, 0) < 0)
			return -errno;
	}
	return rmdir(LOADING) < 0 ? -errno : 0;
}

int ringwall_load_clear(struct ringwall_err *e)
{
	int err = clear_loading();

	return err < 0 ? ringwall_fail(e, err, "clear '%s'", LOADING) : 0;
}

const char *ringwall_load_what(enum ringwall_load which)
{
	if (which < RINGWALL_LOAD_IDENTITY)
		return "BPF programs on cgroups";
	return which == RINGWALL_LOAD_SYSCALL ? "BPF programs in front of system calls" : "BPF programs on LSM hooks";
}

const char *ringwall_load_complaint(void)
{
	static __thread char told[sizeof(complaint)];

	memcpy(told, complaint, sizeof(told));
	complaint[0] = '\0';
	return told;
}

static int load(enum ringwall_load which, struct ringwall_err *e)
{
	const struct class *class = &classes[which];
	libbpf_print_fn_t printer = libbpf_set_print(remember);
	enum ringwall_backend backend = ringwall_lsm_backend();
	int err;

	complaint[0] = reason[0] = '\0';
	err = load_class(class, backend);
	libbpf_set_print(printer);
	/* Where libbpf has nothing to say it was a matter of permission. */
	if ((err == -EPERM || err == -EACCES) && !complaint[0])
		return ringwall_pins_fail(e, err, "load the BPF programs");
	if (err < 0 && reason[0])
		return ringwall_fail_plain(e, err, "policy class %s: %s", class->name, reason);
	if (err < 0)
		return ringwall_fail_plain(e, err, "policy class %s: this kernel refuses %s (%s); see 'ringwall doctor'", class->name,
					   ringwall_load_what(which), strerror(-err));
	return 0;
}

static int make_directory(const char *path, struct ringwall_err *e)
{
	return mkdir(path, 0700) < 0 && errno != EEXIST ? ringwall_fail(e, -errno, "make '%s'", path) : 0;
}

int ringwall_pins_load(enum ringwall_load which, struct ringwall_err *e)
{
	const struct class *class = &classes[which];
	char path[sizeof(RINGWALL_PINS_ABI) + 32];
	int err = make_directory(RINGWALL_PINS_ABI, e);

	if (!err)
		err = make_directory(RINGWALL_PINS_LINKS, e);
	if (err < 0)
		return err;
	err = ringwall_load_clear(e);
	if (err < 0)
		return err;
	err = make_directory(LOADING, e);
	if (!err)
		err = ringwall_own_loading(true, e);
	if (!err)
		err = load(which, e);
	if (err < 0) {
		clear_loading();
		ringwall_own_loading(false, NULL);
		return err;
	}
	snprintf(path, sizeof(path), "%s/%s", RINGWALL_PINS_ABI, class->name);
	if (rename(LOADING, path) < 0)
		return ringwall_fail(e, -errno, "rename '%s' to '%s'", LOADING, path);
	err = ringwall_own_register(e);
	return err < 0 ? err : ringwall_own_loading(false, e);
}

const char *ringwall_load_name(enum ringwall_load which)
{
	return classes[which].name;
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
