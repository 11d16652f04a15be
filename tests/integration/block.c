// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * block CALL=ERRNO[:ARG&MASK]… COMMAND…: COMMAND under a kernel that lacks these system calls, or refuses them where
 * argument number ARG (from 0) has one of MASK's bits. Errors by number, masks as strtoul(3) reads them.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#else
#error "which AUDIT_ARCH_* is this?"
#endif

#define OFFSET(member) ((unsigned int)offsetof(struct seccomp_data, member))
#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)
#define PER_CALL 6

static const struct {
	const char *name;
	long number;
} calls[] = {
	{ "bpf", SYS_bpf },
	{ "clone3", SYS_clone3 },
	{ "close_range", SYS_close_range },
	{ "fsopen", SYS_fsopen },
	{ "keyctl", SYS_keyctl },
	{ "membarrier", SYS_membarrier },
	{ "memfd_create", SYS_memfd_create },
	{ "mount_setattr", SYS_mount_setattr },
	{ "move_mount", SYS_move_mount },
	{ "open_tree", SYS_open_tree },
	{ "open_tree_attr", 467 },
	{ "openat2", SYS_openat2 },
	{ "pidfd_open", SYS_pidfd_open },
	{ "pidfd_send_signal", SYS_pidfd_send_signal },
	{ "seccomp", SYS_seccomp },
};

static long find(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strlen(calls[i].name) == len && !strncmp(calls[i].name, name, len))
			return calls[i].number;
	return -1;
}

/* Instructions for one rule; what it does not concern falls out at its end. Return: how many, 0 if it makes no sense. */
static size_t compile(const char *rule, struct sock_filter *f)
{
	size_t len = strcspn(rule, "=");
	long number = find(rule, len);
	unsigned long error, arg, mask;
	char *end;

	if (number < 0 || rule[len] != '=')
		return 0;
	error = strtoul(rule + len + 1, &end, 10);
	f[0] = (struct sock_filter)LOAD(OFFSET(nr));
	if (!*end) {
		f[1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)number, 0, 1);
		f[2] = (struct sock_filter)RETURN(SECCOMP_RET_ERRNO | (unsigned int)error);
		return 3;
	}
	if (*end != ':')
		return 0;
	arg = strtoul(end + 1, &end, 10);
	if (arg > 5 || *end != '&')
		return 0;
	mask = strtoul(end + 1, &end, 0);
	if (*end || !mask || mask > ~0U)
		return 0;
	f[1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)number, 0, 3);
	f[2] = (struct sock_filter)LOAD(OFFSET(args) + 8 * (unsigned int)arg); /* the lower half: little-endian */
	f[3] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (unsigned int)mask, 0, 1);
	f[4] = (struct sock_filter)RETURN(SECCOMP_RET_ERRNO | (unsigned int)error);
	return 5;
}

int main(int argc, char **argv)
{
	struct sock_filter *f = calloc((size_t)argc + 1, PER_CALL * sizeof(*f));
	struct sock_fprog prog = { .filter = f };
	size_t n = 3;
	int i;

	if (!f)
		return 125;
	f[0] = (struct sock_filter)LOAD(OFFSET(arch));
	f[1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0);
	f[2] = (struct sock_filter)RETURN(SECCOMP_RET_KILL_PROCESS);
	for (i = 1; i < argc && strchr(argv[i], '='); i++) {
		size_t more = compile(argv[i], f + n);

		if (!more) {
			fprintf(stderr, "block: what is '%s'?\n", argv[i]);
			return 125;
		}
		n += more;
	}
	f[n++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
	prog.len = (unsigned short)n;
	/* With CAP_SYS_ADMIN and without no_new_privs, which the container would inherit. */
	if (i == argc || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog)) {
		perror("block: seccomp");
		return 125;
	}
	execvp(argv[i], argv + i);
	perror(argv[i]);
	return 125;
}
