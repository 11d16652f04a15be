// SPDX-License-Identifier: LGPL-2.1-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>

#include "child.h"

#include "../../user/lib/cleanup.h"
#include "../../user/lib/sock.h"
#include "../../user/seccomp/cache.h"
#include "../../user/seccomp/compile.h"
#include "../../user/seccomp/filter.h"

/* No libc wrapper uses these numbers on the way out of a test's child. */
#define BAD_FD 100000

static void config_make(struct ringwall_config *c, const char *seccomp)
{
	struct ringwall_err e = { 0 };
	char *text = NULL;

	memset(c, 0, sizeof(*c));
	if (asprintf(&text, "{\"ociVersion\": \"1.3.0\", \"root\": {\"path\": \"rootfs\"}, \"process\": {\"cwd\": \"/\", "
		     "\"args\": [\"true\"], \"user\": {\"uid\": 0, \"gid\": 0}}, \"linux\": {\"seccomp\": %s}}", seccomp) < 0)
		abort();
	if (ringwall_config_parse(c, text, strlen(text), "t.json", &e))
		fail_msg("%s", e.text);
	free(text);
	assert_true(c->seccomp.set);
}

static int try_build(const char *seccomp, struct ringwall_filter *f, struct ringwall_err *e)
{
	struct ringwall_config c;
	int r;

	config_make(&c, seccomp);
	r = ringwall_filter_build(&c, NULL, f, e);
	ringwall_config_free(&c);
	return r;
}

static struct ringwall_filter build(const char *seccomp)
{
	struct ringwall_filter f = { 0 };
	struct ringwall_err e = { 0 };

	if (try_build(seccomp, &f, &e))
		fail_msg("%s: %s", seccomp, e.text);
	return f;
}

static int load(const struct ringwall_filter *f)
{
	struct ringwall_err e = { 0 };
	int listener = -7;

	CHECK(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	if (ringwall_filter_load(f, &listener, &e)) {
		fprintf(stderr, "# %s\n", e.text);
		_exit(98);
	}
	return listener;
}

/* The errno of a raw system call, 0 for success. */
#define ERRNO(...) (syscall(__VA_ARGS__) < 0 ? errno : 0)

/* Build @seccomp, load it in a child, run @f there. Return: wait status. */
static int under(const char *seccomp, void (*f)(void))
{
	struct ringwall_filter filter = build(seccomp);
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		child_signals_default();
		CHECK(load(&filter) == -1);
		f();
		syscall(SYS_exit_group, 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	ringwall_filter_free(&filter);
	return status;
}

#define assert_under(seccomp, f) assert_int_equal(under((seccomp), (f)), 0)
#define assert_killed(status, sig) assert_int_equal((status) & 0x7f, (sig)) /* WTERMSIG, which is 0 for an exit */

/* actions -------------------------------------------------------------------------------------------------- */

static void mkdir_is_42(void)
{
	CHECK(ERRNO(SYS_mkdirat, AT_FDCWD, "/tmp/ringwall-test-never", 0700) == 42);
	CHECK(ERRNO(SYS_getppid) == 0 && ERRNO(SYS_dup, BAD_FD) == EBADF);
}

static void mkdir_is_eperm(void)
{
	CHECK(ERRNO(SYS_mkdirat, AT_FDCWD, "/tmp/ringwall-test-never", 0700) == EPERM);
}

static void test_errno(void **state)
{
	(void)state;
	assert_under("{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": [\"mkdirat\"], "
		     "\"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 42}]}", mkdir_is_42);
	assert_under("{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": [\"mkdirat\"], "
		     "\"action\": \"SCMP_ACT_ERRNO\"}]}", mkdir_is_eperm);
	/* the same, asked for the default twice over and of names that no one knows */
	assert_under("{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": [\"mkdirat\", \"dup\"], "
		     "\"action\": \"SCMP_ACT_ALLOW\"}, {\"names\": [\"no_such_call\", \"mkdirat\"], "
		     "\"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 42}]}", mkdir_is_42);
}

static void mkdir_call(void)
{
	syscall(SYS_mkdirat, AT_FDCWD, "/tmp/ringwall-test-never", 0700);
}

static void *thread_mkdir(void *data)
{
	mkdir_call();
	*(int *)data = 1;
	return NULL;
}

/* KILL is the thread, KILL_PROCESS the process. */
static void thread_dies(void)
{
	int done = 0;
	pthread_t t;

	CHECK(!pthread_create(&t, NULL, thread_mkdir, &done));
	for (int i = 0; i < 200 && pthread_tryjoin_np(t, NULL) == EBUSY; i++)
		usleep(1000);
	CHECK(!done);
}

static volatile sig_atomic_t trapped;

static void trap_handle(int sig, siginfo_t *si, void *context)
{
	(void)sig;
	(void)context;
	trapped = si->si_syscall == SYS_mkdirat && si->si_code == 1 /* SYS_SECCOMP */;
}

static void mkdir_traps(void)
{
	struct sigaction sa = { .sa_sigaction = trap_handle, .sa_flags = SA_SIGINFO };

	CHECK(!sigaction(SIGSYS, &sa, NULL));
	mkdir_call();
	CHECK(trapped);
}

static void mkdir_is_enosys(void)
{
	CHECK(ERRNO(SYS_mkdirat, AT_FDCWD, "/tmp/ringwall-test-never", 0700) == ENOSYS);
}

static void mkdir_works(void)
{
	CHECK(ERRNO(SYS_mkdirat, AT_FDCWD, "/", 0700) == EEXIST);
}

static void test_actions(void **state)
{
#define ONE(action) "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": [\"mkdirat\"], \"action\": \"" action "\"}]}"
	(void)state;
	assert_killed(under(ONE("SCMP_ACT_KILL_PROCESS"), mkdir_call), SIGSYS);
	assert_killed(under(ONE("SCMP_ACT_KILL"), mkdir_call), SIGSYS);
	assert_killed(under(ONE("SCMP_ACT_KILL_THREAD"), mkdir_call), SIGSYS);
	assert_under(ONE("SCMP_ACT_KILL_THREAD"), thread_dies);
	assert_killed(under(ONE("SCMP_ACT_KILL_PROCESS"), thread_dies), SIGSYS);
	assert_under(ONE("SCMP_ACT_TRAP"), mkdir_traps);
	assert_killed(under(ONE("SCMP_ACT_TRAP"), mkdir_call), SIGSYS);
	assert_under(ONE("SCMP_ACT_TRACE"), mkdir_is_enosys); /* no tracer */
	assert_under(ONE("SCMP_ACT_LOG"), mkdir_works);
	assert_under(ONE("SCMP_ACT_ALLOW"), mkdir_works);
}

/* defaults and the ENOSYS stub ----------------------------------------------------------------------------- */

#define ALLOWED "[\"exit_group\", \"write\", \"dup\", \"mkdirat\"]"
#ifdef __x86_64__
#define NATIVE "SCMP_ARCH_X86_64"
#elif defined(__aarch64__)
#define NATIVE "SCMP_ARCH_AARCH64"
#endif

static void default_eperm(void)
{
	CHECK(ERRNO(SYS_getppid) == EPERM && ERRNO(SYS_dup, BAD_FD) == EBADF);
	CHECK(ERRNO(2000) == EPERM); /* no architecture listed: no stub, as with runc */
}

static void default_77(void)
{
	CHECK(ERRNO(SYS_getppid) == 77 && ERRNO(SYS_dup, BAD_FD) == EBADF);
}

static void newer_enosys(void)
{
	CHECK(ERRNO(SYS_getppid) == EPERM && ERRNO(SYS_dup, BAD_FD) == EBADF);
	CHECK(ERRNO(SYS_mkdirat, AT_FDCWD, "/", 0700) == EEXIST);
	CHECK(ERRNO(SYS_mkdirat + 1000) == ENOSYS);
	CHECK(ERRNO(SYS_openat2, 0, 0, 0, 0) == ENOSYS); /* the fallback's case: newer than all that is named */
}

static void all_enosys(void)
{
	CHECK(ERRNO(SYS_getppid) == ENOSYS && ERRNO(2000) == ENOSYS && ERRNO(SYS_dup, BAD_FD) == EBADF);
}

static void newer_killed(void)
{
	syscall(SYS_openat2, 0, 0, 0, 0); /* answered, as everything newer */
	syscall(SYS_dup, BAD_FD);
	syscall(SYS_getppid);
}

static void test_defaults(void **state)
{
	struct ringwall_filter f;
	int status;

	(void)state;
	assert_under("{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [{\"names\": " ALLOWED
		     ", \"action\": \"SCMP_ACT_ALLOW\"}]}", default_eperm);
	assert_under("{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 77, \"syscalls\": [{\"names\": " ALLOWED
		     ", \"action\": \"SCMP_ACT_ALLOW\"}]}", default_77);
	assert_under("{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"architectures\": [\"" NATIVE "\"], \"syscalls\": [{\"names\": "
		     ALLOWED ", \"action\": \"SCMP_ACT_ALLOW\"}]}", newer_enosys);
	assert_under("{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 38, \"architectures\": [\"" NATIVE "\"], "
		     "\"syscalls\": [{\"names\": " ALLOWED ", \"action\": \"SCMP_ACT_ALLOW\"}]}", all_enosys);
	status = under("{\"defaultAction\": \"SCMP_ACT_KILL_PROCESS\", \"architectures\": [\"" NATIVE "\"], "
		       "\"syscalls\": [{\"names\": " ALLOWED ", \"action\": \"SCMP_ACT_ALLOW\"}]}", newer_killed);
	assert_killed(status, SIGSYS);
	/* A default that lets through has no stub. */
	f = build("{\"defaultAction\": \"SCMP_ACT_LOG\", \"architectures\": [\"" NATIVE "\"], \"syscalls\": [{\"names\": "
		  "[\"dup\"], \"action\": \"SCMP_ACT_ERRNO\"}]}");
	for (unsigned int i = 0; i < f.prog.len; i++)
		assert_true(f.prog.filter[i].k != (SECCOMP_RET_ERRNO | ENOSYS));
	ringwall_filter_free(&f);
}

/* The stub on its own, interpreted, for architectures that this machine is not. */
static uint32_t stub_run(const struct ringwall_stub *s, uint32_t arch, uint32_t nr)
{
	uint32_t a = 0;

	for (unsigned int pc = 0; pc < s->len; pc++) {
		const struct sock_filter *f = &s->insns[pc];

		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(f->k == offsetof(struct seccomp_data, nr) || f->k == offsetof(struct seccomp_data, arch));
			a = f->k == offsetof(struct seccomp_data, nr) ? nr : arch;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += a == f->k ? f->jt : f->jf;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			pc += a > f->k ? f->jt : f->jf;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			pc += a & f->k ? f->jt : f->jf;
			break;
		case BPF_JMP | BPF_JA:
			assert_int_equal(pc + 1 + f->k, s->len); /* into libseccomp's first instruction, exactly */
			return 0;
		case BPF_RET | BPF_K:
			return f->k;
		default:
			fail_msg("instruction %#x", f->code);
		}
	}
	return 0;
}

static void test_stub(void **state)
{
	const uint32_t enosys = SECCOMP_RET_ERRNO | ENOSYS, x32 = 0x40000000;
	struct ringwall_err e = { 0 };
	struct ringwall_stub s;
	struct ringwall_config c;

	(void)state;
	config_make(&c, "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"architectures\": [\"SCMP_ARCH_X86\", \"SCMP_ARCH_X32\", "
			"\"SCMP_ARCH_X86_64\", \"SCMP_ARCH_X86_64\", \"SCMP_ARCH_AARCH64\", \"SCMP_ARCH_S390X\"], "
			"\"syscalls\": [{\"names\": [\"read\", \"openat2\", \"no_such\"], \"action\": \"SCMP_ACT_ALLOW\"}]}");
	assert_int_equal(ringwall_stub_build(&c.seccomp, &s, &e), 0);
	/* openat2 is 437 wherever it is */
	assert_int_equal(stub_run(&s, AUDIT_ARCH_X86_64, 437), 0);
	assert_int_equal(stub_run(&s, AUDIT_ARCH_X86_64, 438), enosys);
	assert_int_equal(stub_run(&s, AUDIT_ARCH_X86_64, 0xffffffff & ~x32), enosys);
	assert_int_equal(stub_run(&s, AUDIT_ARCH_X86_64, x32 | 437), 0);
	assert_int_equal(stub_run(&s, AUDIT_ARCH_X86_64, x32 | 438), enosys);
	assert_int_equal(stub_run(&s, AUDIT_ARCH_I386, 437), 0);
	assert_int_equal(stub_run(&s, AUDIT_ARCH_I386, 438), enosys);
	assert_int_equal(stub_run(&s, AUDIT_ARCH_AARCH64, 438), enosys);
	assert_int_equal(stub_run(&s, AUDIT_ARCH_S390X, 0), enosys);
	assert_int_equal(stub_run(&s, AUDIT_ARCH_S390X, 3), 0);
	assert_int_equal(stub_run(&s, AUDIT_ARCH_S390X, 438), enosys);
	/* not listed: libseccomp's business, which kills */
	assert_int_equal(stub_run(&s, AUDIT_ARCH_ARM, 9999), 0);
	ringwall_config_free(&c);

	config_make(&c, "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"architectures\": [\"SCMP_ARCH_X86_64\"], "
			"\"syscalls\": [{\"names\": [\"read\"], \"action\": \"SCMP_ACT_ALLOW\"}]}");
	assert_int_equal(ringwall_stub_build(&c.seccomp, &s, &e), 0);
	assert_int_equal(stub_run(&s, AUDIT_ARCH_X86_64, 0), 0);
	assert_int_equal(stub_run(&s, AUDIT_ARCH_X86_64, 1), enosys);
	assert_int_equal(stub_run(&s, AUDIT_ARCH_X86_64, x32 | 1), 0);
	ringwall_config_free(&c);

	config_make(&c, "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"architectures\": [\"SCMP_ARCH_X86_64\"], "
			"\"syscalls\": [{\"names\": [\"no_such\"], \"action\": \"SCMP_ACT_ALLOW\"}]}");
	assert_int_equal(ringwall_stub_build(&c.seccomp, &s, &e), 0);
	assert_int_equal(stub_run(&s, AUDIT_ARCH_X86_64, 9999), 0); /* nothing named, nothing known to be newer */
	ringwall_config_free(&c);
}

/* arguments ------------------------------------------------------------------------------------------------ */

/* A rule that answers dup(2) with 42 where @args match; the numbers are no open descriptors, so it is EBADF else. */
static void args_check(const char *args, const uint64_t *hit, size_t n_hit, const uint64_t *miss, size_t n_miss)
{
	struct ringwall_filter f;
	char text[1024];
	int status;
	pid_t pid;

	snprintf(text, sizeof(text), "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": [\"dup\"], "
		 "\"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 42, \"args\": [%s]}]}", args);
	f = build(text);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		child_signals_default();
		load(&f);
		for (size_t i = 0; i < n_hit; i++)
			CHECK(ERRNO(SYS_dup, hit[i]) == 42);
		for (size_t i = 0; i < n_miss; i++)
			CHECK(ERRNO(SYS_dup, miss[i]) == EBADF);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status)
		fail_msg("%s", args);
	ringwall_filter_free(&f);
}

#define V(...) (const uint64_t[]){ __VA_ARGS__ }, sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t)

static void test_operators(void **state)
{
	(void)state;
	args_check("{\"index\": 0, \"value\": 1000, \"op\": \"SCMP_CMP_EQ\"}", V(1000), V(999, 1001, 0x1000003e8));
	args_check("{\"index\": 0, \"value\": 1000, \"op\": \"SCMP_CMP_NE\"}", V(999, 1001, 0x1000003e8), V(1000));
	args_check("{\"index\": 0, \"value\": 1000, \"op\": \"SCMP_CMP_LT\"}", V(999, 0), V(1000, 1001, 0x100000000 + 999));
	args_check("{\"index\": 0, \"value\": 1000, \"op\": \"SCMP_CMP_LE\"}", V(999, 1000), V(1001, 0x1000003e8));
	args_check("{\"index\": 0, \"value\": 1000, \"op\": \"SCMP_CMP_GT\"}", V(1001, 0x1000003e8), V(999, 1000));
	args_check("{\"index\": 0, \"value\": 1000, \"op\": \"SCMP_CMP_GE\"}", V(1000, 1001, 0x100000000), V(999));
	/* value is the mask, valueTwo what must remain */
	args_check("{\"index\": 0, \"value\": 61440, \"valueTwo\": 8192, \"op\": \"SCMP_CMP_MASKED_EQ\"}",
		   V(0x2000, 0x2fff, 0x12345), V(0x3000, 0x1000, 0x13345));
	args_check("{\"index\": 0, \"value\": 18446744073709551615, \"op\": \"SCMP_CMP_EQ\"}", V(UINT64_MAX), V(BAD_FD));
}

/* Different arguments are all to match; the same one twice makes alternatives, as in runc. */
static void test_args_combined(void **state)
{
	(void)state;
	args_check("{\"index\": 0, \"value\": 1000, \"op\": \"SCMP_CMP_EQ\"}, {\"index\": 0, \"value\": 2000, \"op\": "
		   "\"SCMP_CMP_EQ\"}", V(1000, 2000), V(1500));
	args_check("{\"index\": 0, \"value\": 1000, \"op\": \"SCMP_CMP_GE\"}, {\"index\": 5, \"value\": 12345678, \"op\": "
		   "\"SCMP_CMP_EQ\"}", NULL, 0, V(1000, 2000));
	args_check("{\"index\": 0, \"value\": 1000, \"op\": \"SCMP_CMP_GE\"}, {\"index\": 5, \"value\": 12345678, \"op\": "
		   "\"SCMP_CMP_NE\"}", V(1000, 2000), V(999));
}

/* architectures -------------------------------------------------------------------------------------------- */

#ifdef __x86_64__
#define I386_MKDIR 39
#define I386_GETPPID 64

/* The address is outside of 32 bits on purpose: a call that gets through is EFAULT, and makes nothing. */
static long int80(long nr)
{
	long ret;

	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(nr), "b"(1L), "c"(0L), "d"(0L) : "memory", "r8", "r9", "r10", "r11");
	return ret;
}

static void int80_nothing(void *data)
{
	(void)data;
	CHECK(int80(I386_GETPPID) > 0);
}

static void int80_mkdir(void)
{
	long r = int80(I386_MKDIR);

	CHECK(r == -42);
}

static void int80_newer(void)
{
	CHECK(int80(I386_MKDIR) == -EPERM && int80(500) == -ENOSYS);
}

static void x32_getppid(void)
{
	CHECK(syscall(0x40000000 | SYS_getppid) == -1);
}

static void test_architectures(void **state)
{
	bool emulation = !child_run(int80_nothing, NULL);

	(void)state;
	/* x32: not listed, so killed, whether or not the kernel would serve it */
	assert_killed(under("{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": [\"mkdir\"], "
			    "\"action\": \"SCMP_ACT_ERRNO\"}]}", x32_getppid), SIGSYS);
	assert_under("{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [\"SCMP_ARCH_X86_64\", \"SCMP_ARCH_X32\"], "
		     "\"syscalls\": [{\"names\": [\"getppid\"], \"action\": \"SCMP_ACT_ERRNO\"}]}", x32_getppid);
	if (!emulation) {
		print_message("# no 32-bit system calls in this kernel\n");
		return;
	}
	assert_killed(under("{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": [\"mkdir\"], "
			    "\"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 42}]}", int80_mkdir), SIGSYS);
	assert_killed(under("{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [\"SCMP_ARCH_X86_64\"], "
			    "\"syscalls\": [{\"names\": [\"mkdir\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 42}]}",
			    int80_mkdir), SIGSYS);
	assert_under("{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [\"SCMP_ARCH_X86\"], "
		     "\"syscalls\": [{\"names\": [\"mkdir\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 42}]}", int80_mkdir);
	assert_under("{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"architectures\": [\"SCMP_ARCH_X86_64\", \"SCMP_ARCH_X86\"], "
		     "\"syscalls\": [{\"names\": " ALLOWED ", \"action\": \"SCMP_ACT_ALLOW\"}]}", int80_newer);
}
#else
static void test_architectures(void **state)
{
	(void)state;
	skip();
}
#endif

/* loading -------------------------------------------------------------------------------------------------- */

static void load_unprivileged(void *data)
{
	struct ringwall_err e = { 0 };
	int listener = -7;

	CHECK(!setresuid(1000, 1000, 1000));
	CHECK(ringwall_filter_load(data, &listener, &e) == -EACCES && listener == -7);
	CHECK(strstr(e.text, "noNewPrivileges") != NULL);
}

static void load_damaged(void *data)
{
	struct ringwall_filter f = *(struct ringwall_filter *)data;
	struct ringwall_err e = { 0 };
	int listener = -7;

	CHECK(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	f.prog.len--;
	CHECK(ringwall_filter_load(&f, &listener, &e) == -EINVAL && strstr(e.text, "linux.seccomp: load"));
}

static void test_load(void **state)
{
	struct ringwall_filter f = build("{\"defaultAction\": \"SCMP_ACT_ALLOW\"}");

	(void)state;
	if (!geteuid())
		assert_child(load_unprivileged, &f);
	assert_child(load_damaged, &f);
	ringwall_filter_free(&f);
	ringwall_filter_free(NULL);
}

static void test_flags(void **state)
{
#define FLAGS(flags) "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"flags\": [" flags "], \"syscalls\": [{\"names\": [\"mkdirat\"], " \
		     "\"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 42}]}"
	struct ringwall_filter f = build(FLAGS("\"SECCOMP_FILTER_FLAG_LOG\", \"SECCOMP_FILTER_FLAG_SPEC_ALLOW\""));

	(void)state;
	assert_int_equal(f.flags, SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	ringwall_filter_free(&f);
	assert_under(FLAGS(""), mkdir_is_42);
	assert_under(FLAGS("\"SECCOMP_FILTER_FLAG_LOG\", \"SECCOMP_FILTER_FLAG_SPEC_ALLOW\""), mkdir_is_42);
	assert_under(FLAGS("\"SECCOMP_FILTER_FLAG_TSYNC\""), mkdir_is_42);
	assert_under(FLAGS("\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\""), mkdir_is_42);
}

static void test_too_large(void **state)
{
	struct ringwall_filter f = { 0 };
	struct ringwall_err e = { 0 };
	size_t size = 600000, len;
	char *text = malloc(size);

	(void)state;
	assert_non_null(text);
	len = (size_t)snprintf(text, size, "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": [\"dup\"], "
			       "\"action\": \"SCMP_ACT_ERRNO\", \"args\": [");
	for (int i = 0; i < 5000; i++)
		len += (size_t)snprintf(text + len, size - len, "%s{\"index\": 0, \"value\": %d, \"op\": \"SCMP_CMP_EQ\"}",
					i ? ", " : "", 1000 + 3 * i);
	snprintf(text + len, size - len, "]}]}");
	assert_int_equal(try_build(text, &f, &e), -E2BIG);
	assert_non_null(strstr(e.text, "linux.seccomp"));
	assert_null(f.prog.filter);
	free(text);
}

/* notification --------------------------------------------------------------------------------------------- */

#define NOTIFY(flags) "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"listenerPath\": \"/run/x\", \"flags\": [" flags "], " \
		      "\"syscalls\": [{\"names\": [\"mkdirat\", \"getppid\"], \"action\": \"SCMP_ACT_NOTIFY\"}]}"

static void answer(int listener, int nr, int error, int64_t val)
{
	struct seccomp_notif req = { 0 };
	struct seccomp_notif_resp resp = { 0 };
	struct pollfd p = { listener, POLLIN, 0 };

	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_int_equal(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &req), 0);
	assert_int_equal(req.data.nr, nr);
	resp.id = req.id;
	resp.error = error;
	resp.val = val;
	assert_int_equal(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp), 0);
}

static int fd_take(int sock, char *text, size_t size)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec v = { text, size - 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(sock, &m, 0);
	int fd = -1;

	assert_true(n > 0);
	text[n] = '\0';
	assert_non_null(CMSG_FIRSTHDR(&m));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	return fd;
}

static void notify_with(const char *seccomp)
{
	struct ringwall_filter f = build(seccomp);
	int sv[2], status, listener;
	char text[16];
	pid_t pid;

	assert_true(f.notify && f.flags & SECCOMP_FILTER_FLAG_NEW_LISTENER);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		struct ringwall_err e = { 0 };
		int fd;

		child_signals_default();
		fd = load(&f);

		CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
		CHECK(!ringwall_sock_send_fd(sv[1], fd, "x", 1, &e));
		close(fd);
		CHECK(ERRNO(SYS_mkdirat, AT_FDCWD, "/tmp/ringwall-test-never", 0700) == 77);
		CHECK(syscall(SYS_getppid) == 4711);
		_exit(0);
	}
	listener = fd_take(sv[0], text, sizeof(text));
	answer(listener, SYS_mkdirat, -77, 0);
	answer(listener, SYS_getppid, 0, 4711);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(listener);
	close(sv[0]);
	close(sv[1]);
	ringwall_filter_free(&f);
}

static void test_notify(void **state)
{
	(void)state;
	notify_with(NOTIFY(""));
	notify_with(NOTIFY("\"SECCOMP_FILTER_FLAG_TSYNC\""));
	notify_with(NOTIFY("\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\", \"SECCOMP_FILTER_FLAG_LOG\""));
}

static void send_state(const char *metadata)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct ringwall_arena a = { 0 };
	struct ringwall_config c = { .seccomp = { .listener_path = sun.sun_path, .listener_metadata = metadata } };
	struct ringwall_json *v = NULL;
	struct ringwall_err e = { 0 };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), conn, fd, p[2];
	char text[1024];
	int64_t pid;

	snprintf(sun.sun_path, sizeof(sun.sun_path), "/tmp/ringwall-test-%d.sock", getpid());
	assert_int_equal(bind(listener, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(pipe(p), 0);
	assert_int_equal(ringwall_filter_send_listener(&c, p[0], 4711, "{\"id\": \"c\", \"status\": \"creating\"}", &e), 0);
	conn = accept(listener, NULL, NULL);
	fd = fd_take(conn, text, sizeof(text));
	if (ringwall_json_parse(&a, text, strlen(text), "state", &v, &e))
		fail_msg("%s: %s", e.text, text);
	assert_string_equal(ringwall_json_get(v, "ociVersion")->str, RINGWALL_OCI_VERSION);
	assert_int_equal(ringwall_json_get(v, "fds")->count, 1);
	assert_string_equal(ringwall_json_get(v, "fds")->child->str, "seccompFd");
	assert_int_equal(ringwall_json_i64(ringwall_json_get(v, "pid"), &pid), 0);
	assert_int_equal(pid, 4711);
	assert_string_equal(ringwall_json_get(ringwall_json_get(v, "state"), "status")->str, "creating");
	if (metadata)
		assert_string_equal(ringwall_json_get(v, "metadata")->str, metadata);
	else
		assert_null(ringwall_json_get(v, "metadata"));
	ringwall_arena_free(&a);
	close(fd);
	close(conn);
	close(listener);
	assert_int_equal(ringwall_filter_send_listener(&c, p[0], 1, "{}", &e), -ECONNREFUSED);
	assert_non_null(strstr(e.text, "linux.seccomp.listenerPath"));
	unlink(sun.sun_path);
	c.seccomp.listener_path = NULL;
	assert_int_equal(ringwall_filter_send_listener(&c, p[0], 1, "{}", &e), -EINVAL);
	close(p[0]);
	close(p[1]);
}

static void test_send_listener(void **state)
{
	(void)state;
	send_state(NULL);
	send_state("a \"quoted\" word");
}

/* the cache ------------------------------------------------------------------------------------------------ */

static char cache_dir[64];

static int cache_setup(void **state)
{
	(void)state;
	snprintf(cache_dir, sizeof(cache_dir), "/tmp/ringwall-test-XXXXXX");
	if (!mkdtemp(cache_dir))
		return -1;
	strcat(cache_dir, "/cache");
	return 0;
}

static int cache_teardown(void **state)
{
	char command[128];

	(void)state;
	*strrchr(cache_dir, '/') = '\0';
	snprintf(command, sizeof(command), "rm -rf '%s'", cache_dir);
	return system(command);
}

/* The only entry's path; NULL when there is none. */
static const char *entry(void)
{
	static char path[512];
	DIR *d = opendir(cache_dir);
	struct dirent *de;
	int n = 0;

	while (d && (de = readdir(d))) {
		if (de->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", cache_dir, de->d_name);
		n++;
	}
	if (d)
		closedir(d);
	assert_true(n <= 1);
	return n ? path : NULL;
}

static struct ringwall_filter build_cached(const char *seccomp)
{
	struct ringwall_filter f = { 0 };
	struct ringwall_config c;
	struct ringwall_err e = { 0 };

	config_make(&c, seccomp);
	if (ringwall_filter_build(&c, cache_dir, &f, &e))
		fail_msg("%s", e.text);
	ringwall_config_free(&c);
	return f;
}

static bool same(const struct ringwall_filter *a, const struct ringwall_filter *b)
{
	return a->prog.len == b->prog.len && a->flags == b->flags && a->notify == b->notify &&
	       !memcmp(a->prog.filter, b->prog.filter, a->prog.len * sizeof(*a->prog.filter));
}

static void key_of(const char *path, uint8_t key[RINGWALL_SHA256_SIZE])
{
	const char *hex = strrchr(path, '/') + 1;

	assert_int_equal(strlen(hex), 64);
	for (int i = 0; i < RINGWALL_SHA256_SIZE; i++)
		sscanf(hex + 2 * i, "%2hhx", &key[i]);
}

static int entry_load(const uint8_t *key)
{
	struct ringwall_filter f = { 0 };
	int r = ringwall_cache_load(cache_dir, key, &f);

	ringwall_filter_free(&f);
	return r;
}

static void test_cache(void **state)
{
	struct ringwall_filter plain = build(NOTIFY("")), first, second, other;
	uint8_t key[RINGWALL_SHA256_SIZE];
	struct stat st;

	(void)state;
	first = build_cached(NOTIFY(""));
	assert_non_null(entry());
	assert_int_equal(stat(entry(), &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(stat(cache_dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	key_of(entry(), key);
	assert_int_equal(entry_load(key), 0);
	second = build_cached(NOTIFY(""));
	assert_true(same(&plain, &first) && same(&plain, &second) && second.notify);
	/* another section is another entry: replacing the first one's file by its own would be refused */
	ringwall_filter_free(&plain);
	ringwall_filter_free(&first);
	ringwall_filter_free(&second);
	key[0] ^= 1;
	assert_int_equal(entry_load(key), -ENOENT);
	unlink(entry());
	other = build_cached(NOTIFY("\"SECCOMP_FILTER_FLAG_LOG\""));
	key[0] ^= 1;
	assert_int_equal(entry_load(key), -ENOENT);
	ringwall_filter_free(&other);
}

/* Proof that a hit is taken from the file: an entry stored under the section's key with another program in it. */
static void test_cache_hit(void **state)
{
	const char *text = NOTIFY("");
	struct ringwall_filter f = build_cached(text), fake = build("{\"defaultAction\": \"SCMP_ACT_ALLOW\"}"), got;
	uint8_t key[RINGWALL_SHA256_SIZE];

	(void)state;
	key_of(entry(), key);
	assert_int_equal(ringwall_cache_store(cache_dir, key, &fake), 0);
	got = build_cached(text);
	assert_int_equal(got.prog.len, fake.prog.len);
	assert_true(got.prog.len != f.prog.len && !got.notify);
	ringwall_filter_free(&f);
	ringwall_filter_free(&fake);
	ringwall_filter_free(&got);
}

static void write_at(const char *path, off_t at, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY);

	assert_int_equal(pwrite(fd, data, len, at), len);
	close(fd);
}

static void damage(int how, const char *path)
{
	char name[600], zeros[8] = { 0 };
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	snprintf(name, sizeof(name), "%s.x", cache_dir);
	switch (how) {
	case 0: /* a byte of the program */
		write_at(path, st.st_size - 12, "\x5a", 1);
		break;
	case 1: /* a hole in the middle, as a power failure leaves it */
		write_at(path, 64, zeros, 8);
		break;
	case 2:
		assert_int_equal(truncate(path, st.st_size - 8), 0);
		break;
	case 3:
		assert_int_equal(truncate(path, 0), 0);
		break;
	case 4: /* longer than it says */
		assert_int_equal(truncate(path, st.st_size + 8), 0);
		break;
	case 5:
		write_at(path, 0, "X", 1);
		break;
	case 6: /* writable for others */
		assert_int_equal(chmod(path, 0622), 0);
		break;
	case 7: /* a second name, through which it could be written */
		assert_int_equal(link(path, name), 0);
		break;
	case 8:
		assert_int_equal(rename(path, name), 0);
		assert_int_equal(symlink(name, path), 0);
		break;
	case 9:
		assert_int_equal(unlink(path), 0);
		assert_int_equal(mkfifo(path, 0600), 0);
		break;
	case 10: /* an entry of other content under this name */
		write_at(path, 8, zeros, 8);
		break;
	case 11:
		assert_int_equal(geteuid() ? 0 : chown(path, 1000, 1000), 0);
		if (geteuid())
			unlink(path);
		break;
	case 12: /* a length that would read past the end */
		write_at(path, 48, "\xff\x0f", 2);
		break;
	}
}

static void test_cache_damaged(void **state)
{
	const char *text = NOTIFY("");
	struct ringwall_filter plain = build(text), f;
	uint8_t key[RINGWALL_SHA256_SIZE];
	char extra[600];

	(void)state;
	snprintf(extra, sizeof(extra), "%s.x", cache_dir);
	for (int how = 0; how <= 12; how++) {
		f = build_cached(text);
		ringwall_filter_free(&f);
		key_of(entry(), key);
		assert_int_equal(entry_load(key), 0);
		damage(how, entry());
		if (!entry_load(key))
			fail_msg("damage %d was not noticed", how);
		f = build_cached(text); /* compiled again, and put right */
		assert_true(same(&f, &plain));
		if (entry_load(key))
			fail_msg("damage %d stayed", how);
		ringwall_filter_free(&f);
		unlink(extra);
	}
	ringwall_filter_free(&plain);
}

/* A directory that is not ours alone is not written to; the filter is built all the same. */
static void test_cache_foreign_dir(void **state)
{
	struct ringwall_filter f;

	(void)state;
	assert_int_equal(mkdir(cache_dir, 0755), 0);
	f = build_cached(NOTIFY(""));
	assert_non_null(f.prog.filter);
	assert_null(entry());
	ringwall_filter_free(&f);
	assert_int_equal(chmod(cache_dir, 0700), 0);
	if (!geteuid()) {
		assert_int_equal(chown(cache_dir, 1000, 1000), 0);
		f = build_cached(NOTIFY(""));
		assert_null(entry());
		ringwall_filter_free(&f);
		assert_int_equal(chown(cache_dir, 0, 0), 0);
	}
	assert_int_equal(rmdir(cache_dir), 0);
	assert_int_equal(symlink("/tmp", cache_dir), 0);
	f = build_cached(NOTIFY(""));
	assert_non_null(f.prog.filter);
	assert_int_equal(ringwall_cache_store(cache_dir, (uint8_t[32]){ 0 }, &f), -ENOTDIR);
	ringwall_filter_free(&f);
}

static void test_cache_bounded(void **state)
{
	struct ringwall_filter f = build("{\"defaultAction\": \"SCMP_ACT_ALLOW\"}");
	uint8_t key[RINGWALL_SHA256_SIZE] = { 0 };
	char path[256];
	int n = 0, fd;

	(void)state;
	for (int i = 0; i < RINGWALL_CACHE_MAX + 20; i++) {
		memcpy(key, &i, sizeof(i));
		assert_int_equal(ringwall_cache_store(cache_dir, key, &f), 0);
		if (!i) {
			struct timespec past[2] = { { 1000, 0 }, { 1000, 0 } };
			char hex[RINGWALL_SHA256_HEX];

			ringwall_sha256_hex(key, hex);
			snprintf(path, sizeof(path), "%s/%s", cache_dir, hex);
			assert_int_equal(utimensat(AT_FDCWD, path, past, 0), 0);
			snprintf(path, sizeof(path), "%s/something-else", cache_dir);
			fd = open(path, O_CREAT | O_WRONLY, 0600);
			assert_true(fd >= 0);
			close(fd);
		}
	}
	assert_int_equal(access(path, F_OK), 0); /* not an entry, not ours to remove */
	for (int i = 0; i < RINGWALL_CACHE_MAX + 20; i++) {
		memcpy(key, &i, sizeof(i));
		n += !entry_load(key);
		if (!i)
			assert_int_equal(entry_load(key), -ENOENT); /* the oldest went */
		if (i == RINGWALL_CACHE_MAX + 19)
			assert_int_equal(entry_load(key), 0); /* the newest stays */
	}
	assert_int_equal(n, RINGWALL_CACHE_MAX);
	ringwall_filter_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errno),
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_stub),
		cmocka_unit_test(test_operators),
		cmocka_unit_test(test_args_combined),
		cmocka_unit_test(test_architectures),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_notify),
		cmocka_unit_test(test_send_listener),
		cmocka_unit_test_setup_teardown(test_cache, cache_setup, cache_teardown),
		cmocka_unit_test_setup_teardown(test_cache_hit, cache_setup, cache_teardown),
		cmocka_unit_test_setup_teardown(test_cache_damaged, cache_setup, cache_teardown),
		cmocka_unit_test_setup_teardown(test_cache_foreign_dir, cache_setup, cache_teardown),
		cmocka_unit_test_setup_teardown(test_cache_bounded, cache_setup, cache_teardown),
	};

	return cmocka_run_group_tests_name("seccomp", tests, NULL, NULL);
}
