// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gate-load.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "bpf.h"
#include "gate.skel.h"
#include "own.h"

#define PIN_PATH_MAX (sizeof(RINGWALL_PINS_ABI) + 96)
#define ENOTSUPP 524 /* the kernel's own, which it does not keep to itself */
#define LICENSE "Dual BSD/GPL"
/* What is tried is tried here, where nobody calls; calls without arguments are missing in BTF. */
#define SOME_FUNCTION "__x64_sys_setdomainname"

static void btf_free(struct btf **btf)
{
	btf__free(*btf);
}

static void skeleton_destroy(struct gate_bpf **s)
{
	gate_bpf__destroy(*s);
}

int ringwall_gate_try(void)
{
	struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, o, .expected_attach_type = BPF_MODIFY_RETURN);
	libbpf_print_fn_t printer = libbpf_set_print(NULL);
	_cleanup_(btf_free) struct btf *kernel = btf__load_vmlinux_btf();
	_cleanup_fd_ int prog = -1;
	int id = kernel ? btf__find_by_name_kind(kernel, SOME_FUNCTION, BTF_KIND_FUNC) : -errno;

	libbpf_set_print(printer);
	if (id < 0)
		return id;
	o.attach_btf_id = (__u32)id;
	prog = bpf_prog_load(BPF_PROG_TYPE_TRACING, "ringwall_try", LICENSE, nothing, ARRAY_SIZE(nothing), &o);
	return prog < 0 ? prog : 0;
}

/* Which of the programs are to be loaded. */
enum part {
	NO_PROGRAM,
	MODULES_PROGRAM,
	ENTRY_PROGRAM,
	ENTRY_AND_DECIDE,
};

static void autoload(struct bpf_object *obj, enum part part)
{
	bpf_program__set_autoload(bpf_object__find_program_by_name(obj, RINGWALL_GATE_PROGRAM), part == MODULES_PROGRAM);
	bpf_program__set_autoload(bpf_object__find_program_by_name(obj, "ringwall_gate_entry"), part >= ENTRY_PROGRAM);
	bpf_program__set_autoload(bpf_object__find_program_by_name(obj, RINGWALL_GATE_DECIDE), part == ENTRY_AND_DECIDE);
}

int ringwall_gate_prepare(struct bpf_object *obj, struct ringwall_err *e)
{
	bool module = ringwall_gate_find_module();
	int err = module ? 0 : ringwall_gate_try();

	autoload(obj, module ? MODULES_PROGRAM : NO_PROGRAM);
	return err < 0 ? ringwall_fail_plain(e, -EOPNOTSUPP,
					     "this kernel lets nothing be put in front of its system calls by itself (%s), and "
					     "ringwall.ko is not loaded: modprobe ringwall; 'make kmod' builds it",
					     strerror(-err))
		       : 0;
}

static int load_part(struct gate_bpf **ret, enum part part, struct ringwall_err *e)
{
	_cleanup_(skeleton_destroy) struct gate_bpf *s = gate_bpf__open();
	int err = s ? 0 : -errno;

	if (!err)
		err = ringwall_load_pin_maps(s->obj);
	if (!err) {
		autoload(s->obj, part);
		err = gate_bpf__load(s);
	}
	if (err < 0)
		return ringwall_fail(e, err, "load the gate of system calls");
	*ret = TAKE_PTR(s);
	return 0;
}

int ringwall_gate_program(struct ringwall_err *e)
{
	_cleanup_(skeleton_destroy) struct gate_bpf *s = NULL;
	libbpf_print_fn_t printer = libbpf_set_print(NULL);
	int err = load_part(&s, MODULES_PROGRAM, e), fd;

	libbpf_set_print(printer);
	if (err < 0)
		return err;
	fd = fcntl(bpf_program__fd(s->progs.ringwall_gate_hook), F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? ringwall_fail(e, -errno, "load the gate of system calls") : fd;
}

static void pin_path(char ret[PIN_PATH_MAX], const char *name)
{
	snprintf(ret, PIN_PATH_MAX, "%s/%s/%.64s", RINGWALL_PINS_ABI, ringwall_load_name(RINGWALL_LOAD_SYSCALL), name);
}

/* With what the entry programs go on to, unless that is there already. Its pin says so, and comes last. */
static int load_entry(struct gate_bpf **ret, struct ringwall_err *e)
{
	char path[PIN_PATH_MAX];
	uint32_t zero = 0;
	bool is_there;
	int err, prog;

	pin_path(path, RINGWALL_GATE_DECIDE);
	is_there = !access(path, F_OK);
	err = load_part(ret, is_there ? ENTRY_PROGRAM : ENTRY_AND_DECIDE, e);
	if (err < 0 || is_there)
		return err;
	prog = bpf_program__fd((*ret)->progs.ringwall_gate_decide);
	err = ringwall_bpf_write(bpf_map__fd((*ret)->maps.gate_next), &zero, &prog);
	if (!err)
		err = ringwall_bpf_pin(prog, path);
	return err < 0 ? ringwall_fail(e, err, "pin '%s'", path) : 0;
}

/* A program is attached where it was loaded for: for each function it is loaded anew, with another attach_btf_id. */
static int attach_one(const struct bpf_program *entry, struct ringwall_gate_function *f, int btf_id)
{
	LIBBPF_OPTS(bpf_prog_load_opts, load, .expected_attach_type = BPF_MODIFY_RETURN, .attach_btf_id = (__u32)btf_id);
	LIBBPF_OPTS(bpf_link_create_opts, attach, .tracing.cookie = f->id);
	_cleanup_fd_ int fd = -1, link = -1;
	char path[PIN_PATH_MAX];
	int err;

	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, bpf_program__name(entry), LICENSE, bpf_program__insns(entry),
			   bpf_program__insn_cnt(entry), &load);
	if (fd == -EINVAL)
		return 0; /* not one that can be modified */
	if (fd < 0)
		return fd;
	link = bpf_link_create(fd, 0, BPF_MODIFY_RETURN, &attach);
	if (link == -EINVAL || link == -ENOTSUPP)
		return -EOPNOTSUPP; /* a kernel without direct calls from ftrace */
	if (link < 0)
		return link;
	pin_path(path, f->symbol);
	err = ringwall_bpf_pin(link, path);
	f->hooked = !err;
	return err;
}

int ringwall_gate_by_symbol(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Those of @f that the kernel has, in the order that it has them in: its list is long, and is gone through once. */
static int attach_all(const struct btf *kernel, struct ringwall_gate_function *f, size_t n, struct ringwall_err *e)
{
	_cleanup_(skeleton_destroy) struct gate_bpf *s = NULL;
	int err = load_entry(&s, e);

	if (err < 0)
		return err;
	for (__u32 i = 1, types = btf__type_cnt(kernel); i < types; i++) {
		const struct btf_type *type = btf__type_by_id(kernel, i);
		struct ringwall_gate_function *found;
		const char *name;

		if (!btf_is_func(type))
			continue;
		name = btf__name_by_offset(kernel, type->name_off);
		if (strncmp(name, "__x64_", 6))
			continue;
		found = bsearch(name, f, n, sizeof(*f), ringwall_gate_by_symbol);
		err = found && !found->hooked ? attach_one(s->progs.ringwall_gate_entry, found, (int)i) : 0;
		if (err < 0)
			return ringwall_fail(e, err, "attach the gate to %s(); with ringwall.ko it is not needed", name);
	}
	return 0;
}

int ringwall_gate_attach(struct ringwall_gate_function *f, size_t n, struct ringwall_err *e)
{
	libbpf_print_fn_t printer = libbpf_set_print(NULL);
	_cleanup_(btf_free) struct btf *kernel = btf__load_vmlinux_btf();
	int err = kernel ? ringwall_own_loading(true, e) : ringwall_fail(e, -errno, "read the kernel's BTF"), registered;

	if (!err)
		err = attach_all(kernel, f, n, e);
	/* Also what there is after an error. Until all are registered, confined processes get hold of none. */
	registered = ringwall_own_register(err < 0 ? NULL : e);
	if (!registered)
		ringwall_own_loading(false, NULL);
	libbpf_set_print(printer);
	return err < 0 ? err : registered;
}
