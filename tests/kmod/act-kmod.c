// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Uses /dev/ringwall, and what it hooks: one act each run, for kmod.bats. An act prints what it got, "ok" or an errno's name.
 *
 *	act-kmod version
 *	act-kmod attach ABI [ID,ARGUMENT,VALUE,ERRNO]…	a program that refuses with ERRNO where argument 0..5 of hook ID is VALUE, and
 *							the device to user 1234; ID 0: whatever no other refuses
 *	act-kmod attach-as KIND ABI			a program that does not fit: socket, sleeps, multi, none
 *	act-kmod detach ABI
 *	act-kmod hook|unhook ABI ID FLAGS SYMBOL	one
 *	act-kmod hooks ABI [ID,FLAGS,SYMBOL]…		many at once
 *	act-kmod ioctl NUMBER				an ioctl that there is not
 *	act-kmod open-as UID | open-drop		opens it as another user who keeps CAP_SYS_ADMIN; opens it, becomes 1234, uses it
 *	act-kmod call|call32 NUMBER [ARGUMENT]…		a system call; int 0x80
 *	act-kmod hold					opens the device, says so, until stdin ends
 *	act-kmod hammer SECONDS				threads that call what may be hooked meanwhile: see there
 *	act-kmod fexit BTF-ID				a BPF trampoline that calls the function of that id itself, until stdin ends
 *	act-kmod cost NUMBER CALLS			nanoseconds for a call
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../../kmod/uapi/ringwall.h"

#define OTHER_USER 1234
#define DEVICE "/dev/ringwall"

static int say(long result)
{
	if (result == -1)
		puts(strerrorname_np(errno));
	else if (result)
		printf("%ld\n", result);
	else
		puts("ok");
	return 0;
}

static int open_device(void)
{
	return open(DEVICE, O_RDWR | O_CLOEXEC);
}

static int use(unsigned long request, void *arg)
{
	int fd = open_device();

	return fd < 0 ? -1 : ioctl(fd, request, arg);
}

/* ---- programs ---- */

/* Of struct pt_regs, as the kernel has it. */
enum { AT_R9 = 64, AT_R8 = 72, AT_R10 = 56, AT_AX = 80, AT_DX = 96, AT_SI = 104, AT_DI = 112 };

static const short at_argument[] = { AT_DI, AT_SI, AT_DX, AT_R10, AT_R8, AT_R9 };

struct code {
	struct bpf_insn insns[256];
	unsigned int n;
};

static void add(struct code *c, uint8_t op, uint8_t dst, uint8_t src, int16_t off, int32_t imm)
{
	c->insns[c->n++] = (struct bpf_insn){ .code = op, .dst_reg = dst, .src_reg = src, .off = off, .imm = imm };
}

static void add_return(struct code *c, int value)
{
	add(c, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, value);
	add(c, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* r6: the context, r7: the hook's id. The device: refused to that user alone, so that root can always detach. */
static void add_begin(struct code *c)
{
	add(c, BPF_ALU64 | BPF_MOV | BPF_X, 6, 1, 0, 0);
	add(c, BPF_LDX | BPF_MEM | BPF_DW, 7, 6, AT_AX, 0);
	add(c, BPF_JMP | BPF_JNE | BPF_K, 7, 0, 6, RINGWALL_KMOD_ID_DEVICE);
	add(c, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_get_current_uid_gid);
	add(c, BPF_JMP32 | BPF_JNE | BPF_K, 0, 0, 2, OTHER_USER);
	add_return(c, -EACCES);
	add_return(c, 0);
}

static void add_rule(struct code *c, unsigned int id, unsigned int argument, uint64_t value, int error)
{
	add(c, BPF_JMP | BPF_JNE | BPF_K, 7, 0, 6, (int32_t)id);
	add(c, BPF_LDX | BPF_MEM | BPF_DW, 2, 6, at_argument[argument], 0);
	add(c, BPF_LD | BPF_IMM | BPF_DW, 3, 0, 0, (int32_t)value);
	add(c, 0, 0, 0, 0, (int32_t)(value >> 32));
	add(c, BPF_JMP | BPF_JNE | BPF_X, 2, 3, 2, 0);
	add_return(c, -error);
}

static int load(union bpf_attr *attr, struct code *c)
{
	static char log[65536];
	int fd;

	attr->insns = (uintptr_t)c->insns;
	attr->insn_cnt = c->n;
	attr->license = (uintptr_t)"GPL";
	attr->log_buf = (uintptr_t)log;
	attr->log_size = sizeof(log);
	attr->log_level = 1;
	fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, attr, sizeof(*attr));
	if (fd < 0) {
		perror("BPF_PROG_LOAD");
		fputs(log, stderr);
		exit(1);
	}
	return fd;
}

/* The file descriptor is closed when this process ends: the module has the program. */
static int attach(int abi, int prog)
{
	struct ringwall_kmod_program row = { .abi = (uint32_t)abi, .prog_fd = prog };

	return use(RINGWALL_KMOD_IOC_ATTACH, &row);
}

static int act_attach(char **args)
{
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_KPROBE };
	struct code c = { .n = 0 };
	int abi = atoi(*args++), error, otherwise = 0;
	unsigned int id, argument;
	char value[32];

	add_begin(&c);
	for (; *args; args++) {
		if (sscanf(*args, "%u,%u,%31[^,],%d", &id, &argument, value, &error) != 4 || argument > 5)
			return 2;
		if (id)
			add_rule(&c, id, argument, strtoull(value, NULL, 0), error);
		else
			otherwise = -error;
	}
	add_return(&c, otherwise);
	return say(attach(abi, load(&attr, &c)));
}

static int act_attach_as(char **args)
{
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_KPROBE };
	struct code c = { .n = 0 };
	int fd = -1;

	add_return(&c, 0);
	if (!strcmp(args[0], "socket"))
		attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	else if (!strcmp(args[0], "sleeps"))
		attr.prog_flags = BPF_F_SLEEPABLE;
	else if (!strcmp(args[0], "multi"))
		attr.expected_attach_type = BPF_TRACE_KPROBE_MULTI;
	if (strcmp(args[0], "none") != 0)
		fd = load(&attr, &c);
	return say(attach(atoi(args[1]), fd));
}

static int act_fexit(char **args)
{
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_TRACING, .expected_attach_type = BPF_TRACE_FEXIT,
				.attach_btf_id = (uint32_t)atoi(args[0]) };
	union bpf_attr link = { .raw_tracepoint = { 0 } };
	struct code c = { .n = 0 };
	int fd;

	add_return(&c, 0);
	link.raw_tracepoint.prog_fd = (uint32_t)load(&attr, &c);
	fd = (int)syscall(SYS_bpf, BPF_RAW_TRACEPOINT_OPEN, &link, sizeof(link));
	say(fd < 0 ? -1 : 0);
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}

/* ---- the device ---- */

static int act_version(char **args)
{
	uint32_t version;

	(void)args;
	return say(use(RINGWALL_KMOD_IOC_VERSION, &version) ? -1 : (long)version);
}

static int act_detach(char **args)
{
	uint32_t abi = (uint32_t)atoi(args[0]);

	return say(use(RINGWALL_KMOD_IOC_DETACH, &abi));
}

static int one(unsigned long request, char **args)
{
	struct ringwall_kmod_hook row = { .abi = (uint32_t)atoi(args[0]), .id = (uint32_t)atoi(args[1]), .flags = (uint32_t)atoi(args[2]) };

	strncpy(row.symbol, args[3], sizeof(row.symbol)); /* may be too long */
	return say(use(request, &row));
}

static int act_hook(char **args)
{
	return one(RINGWALL_KMOD_IOC_HOOK, args);
}

static int act_unhook(char **args)
{
	return one(RINGWALL_KMOD_IOC_UNHOOK, args);
}

static int act_hooks(char **args)
{
	static struct ringwall_kmod_hook rows[RINGWALL_KMOD_HOOKS_MAX];
	struct ringwall_kmod_hooks list = { .hooks = (uintptr_t)rows };
	uint32_t abi = (uint32_t)atoi(*args++);

	for (; *args; args++) {
		struct ringwall_kmod_hook *row = &rows[list.count++];

		row->abi = abi;
		if (sscanf(*args, "%u,%u,%63s", &row->id, &row->flags, row->symbol) != 3)
			return 2;
	}
	return say(use(RINGWALL_KMOD_IOC_HOOKS, &list));
}

static int act_ioctl(char **args)
{
	return say(use(_IO('R', (unsigned int)atoi(args[0])), NULL));
}

static void become(unsigned int uid)
{
	if (prctl(PR_SET_SECUREBITS, 1 << 2 /* SECBIT_NO_SETUID_FIXUP */) || setresuid(uid, uid, uid)) {
		perror("become");
		exit(1);
	}
}

static int act_open_as(char **args)
{
	become((unsigned int)atoi(args[0]));
	return say(open_device() < 0 ? -1 : 0);
}

static int act_open_drop(char **args)
{
	uint32_t version;
	int fd = open_device();

	(void)args;
	become(OTHER_USER);
	return say(ioctl(fd, RINGWALL_KMOD_IOC_VERSION, &version));
}

static int act_hold(char **args)
{
	(void)args;
	say(open_device() < 0 ? -1 : 0);
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}

/* ---- calls ---- */

static long call32(long nr, const long *a)
{
	register long r12 asm("r12") = a[5];
	long ret = nr;

	/* bp may be the frame's: it has the last for the time of the call alone */
	asm volatile("sub $128, %%rsp\n\tpush %%rbp\n\tmov %%r12, %%rbp\n\tint $0x80\n\tpop %%rbp\n\tadd $128, %%rsp"
		     : "+a"(ret)
		     : "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4]), "r"(r12)
		     : "memory", "r8", "r9", "r10", "r11");
	return ret;
}

static long call_raw(long nr, const long *a)
{
	register long r10 asm("r10") = a[3], r8 asm("r8") = a[4], r9 asm("r9") = a[5];
	long ret = nr;

	asm volatile("syscall"
		     : "+a"(ret)
		     : "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
		     : "memory", "rcx", "r11");
	return ret;
}

static int call(long (*how)(long, const long *), char **args)
{
	long a[6] = { 0 }, nr = atol(*args++), ret;
	unsigned int i;

	for (i = 0; i < 6 && *args; i++)
		a[i] = (long)strtoull(*args++, NULL, 0);
	ret = how(nr, a);
	/* as the register has it: an errno that is only 32 bits wide is none */
	if (ret < 0 && ret >= -4095) {
		errno = (int)-ret;
		ret = -1;
	}
	return say(ret);
}

static int act_call(char **args)
{
	return call(call_raw, args);
}

static int act_call32(char **args)
{
	return call(call32, args);
}

/*
 * sendto with a file descriptor of 7777 from one half of the threads, through int 0x80 from the other: EBADF, or EDOM as the
 * test's program refuses. Nothing else may come of it; at the end, how many there were of each.
 */
static volatile int stop;
static unsigned long passed, refused;

static void *hammer(void *arg)
{
	static const long a[6] = { 7777 };
	unsigned long n[2] = { 0 };

	while (!stop) {
		long ret = arg ? call32(369, a) : call_raw(SYS_sendto, a);

		if (ret != -EBADF && ret != -EDOM) {
			printf("sendto: %ld\n", ret);
			exit(1);
		}
		n[ret == -EDOM]++;
	}
	__atomic_fetch_add(&passed, n[0], __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&refused, n[1], __ATOMIC_SEQ_CST);
	return NULL;
}

static int act_hammer(char **args)
{
	pthread_t threads[4];
	uintptr_t i;

	for (i = 0; i < 4; i++)
		if (pthread_create(&threads[i], NULL, hammer, (void *)(i & 1)))
			return 1;
	sleep((unsigned int)atoi(args[0]));
	stop = 1;
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	printf("%lu passed, %lu refused\n", passed, refused);
	return 0;
}

static int act_cost(char **args)
{
	static const long a[6];
	long nr = atol(args[0]), calls = atol(args[1]), i;
	struct timespec from, to;

	clock_gettime(CLOCK_MONOTONIC, &from);
	for (i = 0; i < calls; i++)
		call_raw(nr, a);
	clock_gettime(CLOCK_MONOTONIC, &to);
	printf("%.1f\n", ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / (double)calls);
	return 0;
}

static const struct {
	const char *name;
	int args;
	int (*run)(char **args);
} acts[] = {
	{ "version", 0, act_version },	   { "attach", 1, act_attach }, { "attach-as", 2, act_attach_as }, { "detach", 1, act_detach },
	{ "hook", 4, act_hook },	   { "unhook", 4, act_unhook }, { "hooks", 1, act_hooks },	   { "ioctl", 1, act_ioctl },
	{ "open-as", 1, act_open_as },	   { "hold", 0, act_hold },	{ "open-drop", 0, act_open_drop }, { "call", 1, act_call },
	{ "call32", 1, act_call32 },	   { "fexit", 1, act_fexit },	{ "hammer", 1, act_hammer },	   { "cost", 2, act_cost },
};

int main(int argc, char **argv)
{
	size_t i;

	for (i = 0; argc > 1 && i < sizeof(acts) / sizeof(*acts); i++)
		if (!strcmp(argv[1], acts[i].name) && argc - 2 >= acts[i].args)
			return acts[i].run(argv + 2);
	fputs("act-kmod: see its source\n", stderr);
	return 2;
}
