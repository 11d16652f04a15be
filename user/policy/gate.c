// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gate.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "bpf.h"
#include "gate-load.h"
#include "own.h"
#include "syscalls.h"

#define CLASS RINGWALL_PINS_ABI "/syscall"
#define PROGRAM CLASS "/" RINGWALL_GATE_PROGRAM
#define ALONE CLASS "-alone"

#define ID_WORDS RINGWALL_SYSCALL_WORDS

/* Kinds of entry functions, and where in a row their names are. */
static const struct kind {
	const char *prefix;
	size_t names;
	uint32_t flags;
} kinds[] = {
	{ "__x64_sys_", offsetof(struct ringwall_syscall_name, entry64), 0 },
	{ "__x64_compat_sys_", offsetof(struct ringwall_syscall_name, compat32), 0 }, /* x32's */
	{ "__ia32_sys_", offsetof(struct ringwall_syscall_name, entry32), RINGWALL_KMOD_ARGS32 },
	{ "__ia32_compat_sys_", offsetof(struct ringwall_syscall_name, compat32), RINGWALL_KMOD_ARGS32 },
};

/**
 * struct gate - one call of ringwall_gate_hook().
 * @hooked, @absent, @again: as in struct ringwall_hooked, with what this call adds
 * @map: where that is
 * @device: of the module, -1: none
 * @program: the module's kind is loaded
 */
struct gate {
	uint64_t hooked[ID_WORDS], absent[ID_WORDS], again[ID_WORDS];
	int map, device;
	bool program;
	struct ringwall_err *e;
};

static bool has(const uint64_t words[ID_WORDS], uint32_t id)
{
	return words[id / 64] >> (id % 64) & 1;
}

static void put(uint64_t words[ID_WORDS], uint32_t id)
{
	words[id / 64] |= 1ULL << (id % 64);
}

/* The module ----------------------------------------------------------------------------------------------------- */

/* Another version's may mean something else by the same calls: it is as good as none. */
static int device_open(void)
{
	int fd = open(RINGWALL_GATE_DEVICE, O_RDWR | O_CLOEXEC);
	uint32_t version = 0;

	if (fd < 0)
		return -errno;
	if (!ioctl(fd, RINGWALL_KMOD_IOC_VERSION, &version) && version == RINGWALL_KMOD_VERSION)
		return fd;
	close(fd);
	return -ENODEV;
}

bool ringwall_gate_module_is_there(void)
{
	_cleanup_fd_ int fd = device_open();

	return fd >= 0;
}

static int read_setting(const char *path, char *ret, size_t size)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, ret, size - 1);

	if (n < 0)
		return -errno;
	ret[n] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
	return 0;
}

/* As the kernel does when it wants a module itself. -b: also one that is blacklisted by its own name. */
static void load_module(void)
{
	static char *const env[] = { "HOME=/", "TERM=linux", "PATH=/sbin:/usr/sbin:/bin:/usr/bin", NULL };
	char path[256], disabled[8], *args[] = { path, "-q", "-b", "--", "ringwall", NULL };
	pid_t child;

	if (read_setting("/proc/sys/kernel/modules_disabled", disabled, sizeof(disabled)) < 0 || strcmp(disabled, "0") ||
	    read_setting("/proc/sys/kernel/modprobe", path, sizeof(path)) < 0 || *path != '/')
		return;
	if (!posix_spawn(&child, path, NULL, NULL, args, env))
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
}

bool ringwall_gate_find_module(void)
{
	if (ringwall_gate_module_is_there())
		return true;
	load_module();
	return ringwall_gate_module_is_there();
}

void ringwall_gate_detach_abi(uint32_t abi)
{
	_cleanup_fd_ int fd = device_open();

	if (fd >= 0)
		ioctl(fd, RINGWALL_KMOD_IOC_DETACH, &abi);
}

/* What there is ---------------------------------------------------------------------------------------------------- */

static bool has_program(void)
{
	return !access(PROGRAM, F_OK);
}

enum ringwall_gate_kind ringwall_gate_kind(void)
{
	if (has_program() || ringwall_gate_module_is_there())
		return RINGWALL_GATE_MODULE;
	if (ringwall_pins_is_loaded(RINGWALL_LOAD_SYSCALL))
		return RINGWALL_GATE_MODIFY_RETURN;
	if (ringwall_pins_is_refused(RINGWALL_LOAD_SYSCALL))
		return RINGWALL_GATE_NONE;
	return ringwall_gate_is_alone() || ringwall_gate_try() == 0 ? RINGWALL_GATE_MODIFY_RETURN : RINGWALL_GATE_NONE;
}

bool ringwall_gate_is_alone(void)
{
	return !access(ALONE, F_OK);
}

void ringwall_gate_note_alone(void)
{
	struct ringwall_table *containers;
	_cleanup_fd_ int lock = -1;

	if (ringwall_gate_is_alone())
		return;
	/* Where that fails nothing can be attached either, which will say why. */
	lock = ringwall_pins_lock(RINGWALL_PINS_LOAD, &containers, NULL);
	if (lock >= 0)
		mkdir(ALONE, 0700);
}

bool ringwall_gate_covers_i386(void)
{
	return ringwall_gate_kind() == RINGWALL_GATE_MODULE;
}

bool ringwall_gate_is_skippable(struct ringwall_err *e)
{
	if (ringwall_gate_kind() != RINGWALL_GATE_MODIFY_RETURN || !ringwall_lsm_preemptible())
		return false;
	ringwall_fail_plain(e, -EOPNOTSUPP, "the gate of system calls can be skipped on this kernel while it is preempted: load "
			    "ringwall.ko: modprobe ringwall; 'make kmod' builds it");
	return true;
}

/* The map of what is hooked ------------------------------------------------------------------------------------------ */

static int read_hooked(struct gate *g)
{
	struct ringwall_hooked h;
	uint32_t zero = 0;
	int err = ringwall_bpf_read(g->map, &zero, &h);

	if (err < 0)
		return ringwall_fail(g->e, err, "read the map 'hooked'");
	memcpy(g->hooked, h.ids, sizeof(h.ids));
	memcpy(g->absent, h.absent, sizeof(h.absent));
	memcpy(g->again, h.again, sizeof(h.again));
	return 0;
}

static int write_hooked(const struct gate *g)
{
	struct ringwall_hooked h;
	uint32_t zero = 0;
	int err;

	memcpy(h.ids, g->hooked, sizeof(h.ids));
	memcpy(h.absent, g->absent, sizeof(h.absent));
	memcpy(h.again, g->again, sizeof(h.again));
	err = ringwall_bpf_write(g->map, &zero, &h);
	return err < 0 ? ringwall_fail(g->e, err, "write to the map 'hooked'") : 0;
}

/* Entry functions --------------------------------------------------------------------------------------------------- */

static bool has_link(const char *symbol)
{
	char path[sizeof(CLASS) + RINGWALL_KMOD_SYMBOL_MAX + 1];

	snprintf(path, sizeof(path), CLASS "/%.*s", RINGWALL_KMOD_SYMBOL_MAX, symbol);
	return !access(path, F_OK);
}

static size_t functions_of(const struct ringwall_syscall_name *row, const struct kind *kind, struct ringwall_gate_function *ret,
			   size_t room)
{
	const char *names = *(const char *const *)((const char *)row + kind->names);
	size_t n = 0;

	while (*names && n < room) {
		size_t length = strcspn(names, " ");

		ret[n] = (struct ringwall_gate_function){ .id = row->id, .flags = kind->flags };
		snprintf(ret[n++].symbol, RINGWALL_KMOD_SYMBOL_MAX, "%s%.*s", kind->prefix, (int)length, names);
		names += length;
		names += strspn(names, " ");
	}
	return n;
}

/* All that @wanted could have, sorted. @flags: kinds with others are left out. Return: to be freed; NULL: no memory */
static struct ringwall_gate_function *list_functions(const uint64_t wanted[ID_WORDS], uint32_t flags, size_t *ret_n)
{
	struct ringwall_gate_function *f = calloc(RINGWALL_KMOD_HOOKS_MAX, sizeof(*f));
	size_t n = 0;

	for (uint32_t id = 0; f && id < RINGWALL_SYSCALLS_MAX; id++) {
		const struct ringwall_syscall_name *row = has(wanted, id) ? ringwall_syscall_name(id) : NULL;

		for (const struct kind *kind = kinds; row && kind < kinds + ARRAY_SIZE(kinds); kind++)
			if (!(kind->flags & ~flags))
				n += functions_of(row, kind, f + n, RINGWALL_KMOD_HOOKS_MAX - n);
	}
	if (f)
		qsort(f, n, sizeof(*f), ringwall_gate_by_symbol);
	*ret_n = n;
	return f;
}

/* Which of @f this kernel has. BTF does not tell: it lacks those without arguments. */
static int look_up(struct ringwall_gate_function *f, size_t n)
{
	FILE *symbols = fopen("/proc/kallsyms", "re");
	_cleanup_free_ char *line = NULL;
	size_t size = 0;

	if (!symbols)
		return -errno;
	while (getline(&line, &size, symbols) > 0) {
		char *name = strrchr(line, ' ');
		struct ringwall_gate_function *found;

		if (!name || name[1] != '_' || name[2] != '_')
			continue;
		name++;
		name[strcspn(name, "\t\n")] = '\0';
		found = bsearch(name, f, n, sizeof(*f), ringwall_gate_by_symbol);
		if (found)
			found->exists = true;
	}
	fclose(symbols);
	return 0;
}

/* Those of @wanted about which nothing is known yet. */
static bool missing(const struct gate *g, const uint64_t wanted[ID_WORDS], uint64_t ret[ID_WORDS])
{
	bool any = false;

	for (size_t i = 0; i < ID_WORDS; i++) {
		ret[i] = (wanted[i] | g->again[i]) & ~(g->hooked[i] | g->absent[i]);
		any |= ret[i] != 0;
	}
	return any;
}

/* Through the module ------------------------------------------------------------------------------------------------ */

/* The module may have been taken out and put in again meanwhile, or somebody had it let go of our program. */
static bool is_attached(const struct gate *g)
{
	struct ringwall_kmod_program none = { .abi = RINGWALL_ABI, .prog_fd = -1 };

	return ioctl(g->device, RINGWALL_KMOD_IOC_ATTACH, &none) < 0 && errno == EEXIST;
}

static int attach_program(struct gate *g, int prog)
{
	struct ringwall_kmod_program p = { .abi = RINGWALL_ABI, .prog_fd = prog };
	uint32_t abi = RINGWALL_ABI;

	/* That of somebody who was killed, perhaps with maps that are no longer ours. */
	if (ioctl(g->device, RINGWALL_KMOD_IOC_DETACH, &abi) < 0 && errno != ENOENT)
		return ringwall_fail(g->e, -errno, "ringwall.ko: detach the gate");
	if (ioctl(g->device, RINGWALL_KMOD_IOC_ATTACH, &p) < 0)
		return ringwall_fail(g->e, -errno, "ringwall.ko: attach the gate");
	return 0;
}

static void to_row(const struct ringwall_gate_function *f, struct ringwall_kmod_hook *ret)
{
	*ret = (struct ringwall_kmod_hook){ .abi = RINGWALL_ABI, .id = f->id, .flags = f->flags };
	memcpy(ret->symbol, f->symbol, sizeof(ret->symbol));
}

/* Not one, so none: which? */
static int hook_one_by_one(const struct gate *g, struct ringwall_gate_function *f, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct ringwall_kmod_hook row;

		to_row(&f[i], &row);
		f[i].hooked = f[i].exists && !ioctl(g->device, RINGWALL_KMOD_IOC_HOOK, &row);
		if (f[i].exists && !f[i].hooked && errno != ENOENT && errno != EINVAL && errno != EOPNOTSUPP)
			return -errno;
	}
	return 0;
}

static int hook_together(const struct gate *g, struct ringwall_gate_function *f, size_t n)
{
	_cleanup_free_ struct ringwall_kmod_hook *rows = calloc(n + 1, sizeof(*rows));
	struct ringwall_kmod_hooks list = { .hooks = (uint64_t)(uintptr_t)rows };
	int err;

	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (f[i].exists)
			to_row(&f[i], &rows[list.count++]);
	err = list.count && ioctl(g->device, RINGWALL_KMOD_IOC_HOOKS, &list) < 0 ? -errno : 0;
	for (size_t i = 0; i < n; i++)
		f[i].hooked = !err && f[i].exists;
	return err == -ENOENT || err == -EINVAL || err == -EOPNOTSUPP ? hook_one_by_one(g, f, n) : err;
}

/* One that is there and cannot be hooked is as good as none: the call could be made by it. */
static void note_hooked(struct gate *g, const struct ringwall_gate_function *f, size_t n, const uint64_t wanted[ID_WORDS])
{
	uint64_t holes[ID_WORDS] = { 0 };

	for (size_t i = 0; i < n; i++)
		if (f[i].exists)
			put(f[i].hooked ? g->hooked : holes, f[i].id);
	for (size_t i = 0; i < ID_WORDS; i++) {
		g->hooked[i] &= ~holes[i];
		g->absent[i] |= wanted[i] & ~g->hooked[i];
	}
}

static int hook_through_module(struct gate *g, const uint64_t wanted[ID_WORDS])
{
	_cleanup_free_ struct ringwall_gate_function *f = NULL;
	size_t n;
	int err;

	f = list_functions(wanted, RINGWALL_KMOD_ARGS32, &n);
	err = f ? look_up(f, n) : -ENOMEM;
	if (!err)
		err = hook_together(g, f, n);
	if (err < 0)
		return ringwall_fail(g->e, err, "ringwall.ko: hook system calls");
	note_hooked(g, f, n, wanted);
	memset(g->again, 0, sizeof(g->again));
	return write_hooked(g);
}

/* Of the other kind, when the module has taken over. */
static int remove_links(struct ringwall_err *e)
{
	_cleanup_dir_ DIR *d = opendir(CLASS);
	struct dirent *de;

	if (!d)
		return ringwall_fail(e, -errno, "open '%s'", CLASS);
	while ((de = readdir(d)))
		if (de->d_name[0] != '.' && unlinkat(dirfd(d), de->d_name, 0) < 0)
			return ringwall_fail(e, -errno, "remove '%s/%s'", CLASS, de->d_name);
	return 0;
}

/* The module was not there when the class was loaded. The pin comes last: until then the kind is the other one. */
static int keep_program(int prog, struct ringwall_err *e)
{
	int err = ringwall_own_loading(true, e);

	ringwall_own_forget_gate(CLASS);
	if (!err)
		err = remove_links(e);
	if (!err) {
		err = ringwall_bpf_pin(prog, PROGRAM);
		if (err < 0)
			ringwall_fail(e, err, "pin '%s'", PROGRAM);
	}
	if (!err)
		err = ringwall_own_register(e);
	return err < 0 ? err : ringwall_own_loading(false, e);
}

/* What was hooked before is hooked again: containers rely on it. */
static int attach_anew(struct gate *g, const uint64_t wanted[ID_WORDS])
{
	_cleanup_fd_ int prog = g->program ? ringwall_bpf_get(PROGRAM) : ringwall_gate_program(g->e);
	uint64_t more[ID_WORDS];
	int err;

	if (prog < 0)
		return g->program ? ringwall_fail(g->e, prog, "open '%s'", PROGRAM) : prog;
	for (size_t i = 0; i < ID_WORDS; i++)
		g->again[i] |= g->hooked[i] | g->absent[i];
	memset(g->hooked, 0, sizeof(g->hooked));
	memset(g->absent, 0, sizeof(g->absent));
	missing(g, wanted, more);
	err = write_hooked(g);
	if (!err)
		err = attach_program(g, prog);
	if (!err)
		err = hook_through_module(g, more);
	return err < 0 || g->program ? err : keep_program(prog, g->e);
}

static int through_module(struct gate *g, const uint64_t wanted[ID_WORDS])
{
	uint64_t more[ID_WORDS];

	if (!g->program || !is_attached(g))
		return attach_anew(g, wanted);
	return missing(g, wanted, more) ? hook_through_module(g, more) : 0;
}

/* By programs at the functions themselves ---------------------------------------------------------------------------- */

/* Is any link of what is said to be hooked gone? One stands for all: they are root's to remove, one by one or altogether. */
static bool lost_links(const struct gate *g)
{
	for (uint32_t id = 0; id < RINGWALL_SYSCALLS_MAX; id++) {
		const struct ringwall_syscall_name *row = has(g->hooked, id) ? ringwall_syscall_name(id) : NULL;
		struct ringwall_gate_function f[4];
		size_t n = row ? functions_of(row, &kinds[0], f, ARRAY_SIZE(f)) : 0;

		for (size_t i = 0; i < n; i++)
			if (has_link(f[i].symbol))
				return false;
		if (row)
			return true;
	}
	return false;
}

/* A call that has no 64-bit function of its own is made by 32-bit ones, and those the filter refuses. */
static void note_links(struct gate *g, const struct ringwall_gate_function *f, size_t n, const uint64_t wanted[ID_WORDS])
{
	memset(g->hooked, 0, sizeof(g->hooked));
	for (size_t i = 0; i < n; i++)
		if (f[i].hooked && !strncmp(f[i].symbol, kinds[0].prefix, strlen(kinds[0].prefix)))
			put(g->hooked, f[i].id);
	for (size_t i = 0; i < ID_WORDS; i++)
		g->absent[i] |= wanted[i] & ~g->hooked[i];
	memset(g->again, 0, sizeof(g->again));
}

static int through_links(struct gate *g, const uint64_t wanted[ID_WORDS])
{
	_cleanup_free_ struct ringwall_gate_function *f = NULL;
	uint64_t more[ID_WORDS];
	size_t n;
	int err;

	if (!missing(g, wanted, more) && !lost_links(g))
		return 0;
	for (size_t i = 0; i < ID_WORDS; i++)
		more[i] |= g->hooked[i];
	f = list_functions(more, 0, &n);
	if (!f)
		return ringwall_fail(g->e, -ENOMEM, "hook system calls");
	for (size_t i = 0; i < n; i++)
		f[i].hooked = has_link(f[i].symbol);
	err = ringwall_gate_attach(f, n, g->e);
	if (err < 0)
		return err;
	note_links(g, f, n, more);
	return write_hooked(g);
}

int ringwall_gate_hook(const uint64_t wanted[ID_WORDS], uint64_t ret_absent[ID_WORDS], struct ringwall_err *e)
{
	struct gate g = { .map = ringwall_pins_borrow("hooked", e), .program = has_program(), .e = e };
	_cleanup_fd_ int device = device_open();
	int err = g.map < 0 ? g.map : read_hooked(&g);

	if (err < 0)
		return err;
	if (device < 0 && g.program && ringwall_gate_find_module())
		device = device_open();
	if (device < 0 && g.program)
		return ringwall_fail_plain(e, -EOPNOTSUPP,
					   "ringwall.ko, which is to ask about system calls, is gone: modprobe ringwall");
	g.device = device;
	err = device < 0 ? through_links(&g, wanted) : through_module(&g, wanted);
	if (err < 0)
		return err;
	for (size_t i = 0; i < ID_WORDS; i++)
		ret_absent[i] = wanted[i] & g.absent[i];
	return 0;
}

/* The end ------------------------------------------------------------------------------------------------------------ */

/* Nothing enters there any more: let the program go as well. */
static void clear_next(void)
{
	int map = ringwall_pins_borrow("gate_next", NULL);
	uint32_t zero = 0;

	if (map >= 0)
		ringwall_bpf_delete(map, &zero);
}

/* Numbers of a bpffs are not used twice. */
uint64_t ringwall_gate_number(void)
{
	struct stat st;

	return stat(CLASS, &st) < 0 ? 0 : st.st_ino;
}

/* Whatever is pinned in it or renamed there shows in a directory's time. */
time_t ringwall_gate_age(void)
{
	struct timespec now;
	struct stat st;

	if (stat(CLASS, &st) < 0 || clock_gettime(CLOCK_REALTIME, &now) < 0 || now.tv_sec < st.st_mtime)
		return 0;
	return now.tv_sec - st.st_mtime;
}

/* From the rename on nothing looks loaded; whoever is killed after it leaves what the next loader clears away. */
int ringwall_gate_drop(struct ringwall_err *e)
{
	struct gate g = { .e = e };
	int err;

	if (!ringwall_pins_is_loaded(RINGWALL_LOAD_SYSCALL))
		return 0;
	g.map = ringwall_pins_borrow("hooked", e);
	err = g.map < 0 ? g.map : write_hooked(&g);
	if (!err)
		err = ringwall_load_clear(e);
	if (err < 0)
		return err;
	if (has_program())
		ringwall_gate_detach_abi(RINGWALL_ABI);
	if (rename(CLASS, RINGWALL_PINS_LOADING) < 0)
		return ringwall_fail(e, -errno, "rename '%s' to '%s'", CLASS, RINGWALL_PINS_LOADING);
	ringwall_own_forget_gate(RINGWALL_PINS_LOADING);
	err = ringwall_load_clear(e);
	clear_next();
	return err;
}
