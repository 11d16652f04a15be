// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * System calls by every way that leads into the kernel; see act.h. Works in /tmp.
 *
 * What is refused must not have run: an act that makes a directory says ENOTRECOVERABLE if the call failed and it is there all
 * the same. Names that end in 32 go through int 0x80, with i386's numbers and pointers that fit into 32 bits: this program is
 * linked statically, below 4 GiB. Those that end in x32 have that ABI's bit in the number.
 */
#include <elf.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <time.h>

#include "act.h"

#define SPOT "act-syscalls.d" /* the directory that is not to be made */
#define X32 0x40000000L
#define UPPER 0x7fffffff00000000L /* of a call's number the kernel looks at the lower half */
#define CACHESTAT 451		  /* Linux 6.5 */

/* ---- ways in: each returns what the kernel does, without touching errno -------------------------------------------- */

static long call64(long nr, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;

	__asm__ volatile("syscall" : "+a"(nr) : "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
	return nr;
}

static long call32(long nr, long a, long b, long c, long d)
{
	__asm__ volatile("int $0x80" : "+a"(nr) : "b"(a), "c"(b), "d"(c), "S"(d) : "r8", "r9", "r10", "r11", "memory");
	return (int)nr;
}

static long address(const void *p)
{
	return (long)(uintptr_t)p;
}

/* As act.h wants it. */
static int answer(long r)
{
	if (r >= 0 || r < -4095)
		return 0;
	errno = (int)-r;
	return -1;
}

/* What came of making SPOT: it is there if, and only if, that went well. */
static int made(long r)
{
	int there = rmdir(SPOT) == 0;

	if (r < 0 && there)
		r = -ENOTRECOVERABLE;
	else if (r >= 0 && !there)
		r = -ENOENT;
	return answer(r);
}

static long mkdir64(void)
{
	return call64(SYS_mkdir, address(SPOT), 0700, 0, 0);
}

static long mkdir32(void)
{
	return call32(39, address(SPOT), 0700, 0, 0);
}

static int act_mkdir(void)
{
	return made(mkdir64());
}

static int act_mkdir_upper(void)
{
	return made(call64(SYS_mkdir | UPPER, address(SPOT), 0700, 0, 0));
}

static int act_mkdirat(void)
{
	return made(call64(SYS_mkdirat, AT_FDCWD, address(SPOT), 0700, 0));
}

static int act_mkdir32(void)
{
	return made(mkdir32());
}

static int act_mkdirat32(void)
{
	return made(call32(296, AT_FDCWD, address(SPOT), 0700, 0));
}

static int act_mkdir_x32(void)
{
	return made(call64(SYS_mkdir | X32, address(SPOT), 0700, 0, 0));
}

static int act_getpid_x32(void)
{
	return answer(call64(SYS_getpid | X32, 0, 0, 0, 0));
}

static int act_getpid32(void)
{
	return answer(call32(20, 0, 0, 0, 0));
}

/* ---- from elsewhere than the process that the container began with ------------------------------------------------- */

static void *in_thread(void *how)
{
	return (void *)((long (*)(void))how)();
}

static int from_thread(long (*how)(void))
{
	pthread_t thread;
	void *r;

	errno = pthread_create(&thread, NULL, in_thread, (void *)how);
	NEEDED(-errno);
	pthread_join(thread, &r);
	return made((long)r);
}

static int act_mkdir_thread(void)
{
	return from_thread(mkdir64);
}

static int act_mkdir32_thread(void)
{
	return from_thread(mkdir32);
}

static char stack[65536] __attribute__((aligned(16)));
static volatile long result;

static int bare_thread(void *unused)
{
	(void)unused;
	result = mkdir64();
	call64(SYS_exit, 0, 0, 0, 0);
	return 0;
}

/* A thread that no library knows of, with everything shared. */
static int act_mkdir_bare_thread(void)
{
	result = 1;
	NEEDED(clone(bare_thread, stack + sizeof(stack),
		     CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, NULL));
	while (result == 1)
		usleep(1000);
	return made(result);
}

/* Its end says what came of it: errno fits. */
static long ended(pid_t child)
{
	int status;

	NEEDED(child);
	NEEDED(waitpid(child, &status, 0));
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}

static int act_mkdir_fork(void)
{
	pid_t child = fork();

	if (!child) {
		child = fork();
		if (!child)
			_exit((int)-mkdir64());
		_exit((int)-ended(child));
	}
	return made(ended(child));
}

static int act_mkdir_vfork(void)
{
	pid_t child = vfork();

	if (!child)
		_exit((int)-mkdir64());
	return made(ended(child));
}

/* This program again, which has nothing else to do then. */
static int act_mkdir_exec(void)
{
	pid_t child = fork();

	if (!child) {
		execl("/proc/self/exe", "act-syscalls", "=mkdir", NULL);
		_exit(ENOEXEC);
	}
	return made(ended(child));
}

/* A tracer turns a call that is allowed into one that is not, when all that looks at its number early has looked. */
static int act_mkdir_traced(void)
{
	struct user_regs_struct regs;
	pid_t child = fork();
	int status;

	if (!child) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit((int)-call64(SYS_getsid, address(SPOT), 0700, 0, 0));
	}
	NEEDED(child);
	NEEDED(waitpid(child, &status, 0));
	NEEDED(ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
	do {
		NEEDED(ptrace(PTRACE_SYSCALL, child, NULL, NULL));
		NEEDED(waitpid(child, &status, 0));
		if (!WIFSTOPPED(status))
			return answer(-ESRCH);
		NEEDED(ptrace(PTRACE_GETREGS, child, NULL, &regs));
	} while (regs.orig_rax != SYS_getsid);
	regs.orig_rax = SYS_mkdir;
	NEEDED(ptrace(PTRACE_SETREGS, child, NULL, &regs));
	NEEDED(ptrace(PTRACE_DETACH, child, NULL, NULL));
	return made(ended(child));
}

/*
 * A program of 32 bits: this code behind an ELF header, which is written in front of it. It makes SPOT, by int 0x80 or by what
 * the vDSO has (AT_SYSINFO: sysenter or syscall), and exits with errno; where not even that is allowed to it, it dies.
 */
#define ELF32_BASE 0x10000000
#define ELF32_CODE (sizeof(Elf32_Ehdr) + sizeof(Elf32_Phdr))

__asm__(".pushsection .rodata\n"
	"elf32_begin: .code32\n"
	"elf32_int: mov $39, %eax; mov $(0x10000054 + elf32_path - elf32_begin), %ebx; mov $0700, %ecx; int $0x80\n"
	"elf32_exit: neg %eax; mov %eax, %ebx; mov $1, %eax; int $0x80; ud2\n"
	"elf32_vdso: mov %esp, %esi; lodsl; lea 4(%esi, %eax, 4), %esi\n"
	"1: lodsl; test %eax, %eax; jnz 1b\n" /* the environment's end; then pairs of type and value */
	"2: lodsl; mov %eax, %edx; lodsl; test %edx, %edx; jz 3f; cmp $32, %edx; jne 2b\n"
	"mov %eax, %edi; mov $39, %eax; mov $(0x10000054 + elf32_path - elf32_begin), %ebx; mov $0700, %ecx; call *%edi; jmp elf32_exit\n"
	"3: mov $-38, %eax; jmp elf32_exit\n"
	"elf32_path: .asciz \"" SPOT "\"\n"
	".code64\n"
	"elf32_end: .popsection\n");

extern const char elf32_begin[], elf32_int[], elf32_vdso[], elf32_end[];

static int elf32(const char *entry)
{
	Elf32_Word size = (Elf32_Word)(ELF32_CODE + (size_t)(elf32_end - elf32_begin));
	Elf32_Ehdr head = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT },
			    .e_type = ET_EXEC, .e_machine = EM_386, .e_version = EV_CURRENT,
			    .e_entry = (Elf32_Addr)(ELF32_BASE + ELF32_CODE + (size_t)(entry - elf32_begin)),
			    .e_phoff = sizeof(head), .e_ehsize = sizeof(head), .e_phentsize = sizeof(Elf32_Phdr), .e_phnum = 1 };
	Elf32_Phdr load = { .p_type = PT_LOAD, .p_vaddr = ELF32_BASE, .p_paddr = ELF32_BASE, .p_filesz = size, .p_memsz = size,
			    .p_flags = PF_R | PF_X, .p_align = 4096 };
	int fd = (int)syscall(SYS_memfd_create, "elf32", MFD_CLOEXEC);
	char *argv[] = { (char *)"elf32", NULL };
	pid_t child;
	int r;

	NEEDED(fd);
	NEEDED(write(fd, &head, sizeof(head)));
	NEEDED(write(fd, &load, sizeof(load)));
	NEEDED(write(fd, elf32_begin, (size_t)(elf32_end - elf32_begin)));
	child = fork();
	if (!child) {
		syscall(SYS_execveat, fd, "", argv, argv + 1, AT_EMPTY_PATH);
		_exit(ENOEXEC);
	}
	r = ended(child);
	return made(r == -ECHILD ? -EPERM : r);
}

static int act_mkdir_elf32(void)
{
	return elf32(elf32_int);
}

static int act_mkdir_vdso32(void)
{
	return elf32(elf32_vdso);
}

/* ---- errno by rule, arguments -------------------------------------------------------------------------------------- */

static int linked(long r)
{
	int there = unlink(SPOT) == 0;

	return answer(r < 0 && there ? -ENOTRECOVERABLE : r);
}

static int act_symlink(void)
{
	return linked(call64(SYS_symlink, address("/"), address(SPOT), 0, 0));
}

static int act_symlinkat(void)
{
	return linked(call64(SYS_symlinkat, address("/"), AT_FDCWD, address(SPOT), 0));
}

static int act_symlinkat32(void)
{
	return linked(call32(304, address("/"), AT_FDCWD, address(SPOT), 0));
}

/* As fork() does, with the flags of a namespace or without. */
static int forks(long r)
{
	if (!r)
		_exit(0);
	if (r > 0)
		waitpid((pid_t)r, NULL, 0);
	return answer(r);
}

static int act_clone(void)
{
	return forks(call64(SYS_clone, SIGCHLD, 0, 0, 0));
}

static int act_clone_uts(void)
{
	return forks(call64(SYS_clone, SIGCHLD | CLONE_NEWUTS, 0, 0, 0));
}

static int act_clone32(void)
{
	return forks(call32(120, SIGCHLD, 0, 0, 0));
}

static int act_clone_uts32(void)
{
	return forks(call32(120, SIGCHLD | CLONE_NEWUTS, 0, 0, 0));
}

static int act_socket_unix(void)
{
	return answer(call64(SYS_socket, AF_UNIX, SOCK_STREAM, 0, 0));
}

static int act_socket_netlink(void)
{
	return answer(call64(SYS_socket, AF_NETLINK, SOCK_RAW, 0, 0));
}

/* The kernel takes the family from the lower half. */
static int act_socket_alg_upper(void)
{
	return answer(call64(SYS_socket, AF_ALG | 0x500000000L, SOCK_SEQPACKET, 0, 0));
}

static int act_socket_unix32(void)
{
	return answer(call32(359, AF_UNIX, SOCK_STREAM, 0, 0));
}

static int act_socket_netlink32(void)
{
	return answer(call32(359, AF_NETLINK, SOCK_RAW, 0, 0));
}

static int lseek_to(long offset, long whence)
{
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	NEEDED(fd);
	return answer(call64(SYS_lseek, fd, offset, whence, 0));
}

static int act_lseek_low(void)
{
	return lseek_to(1, SEEK_SET);
}

static int act_lseek_equal(void)
{
	return lseek_to(0x100000001L, SEEK_SET);
}

static int act_lseek_upper(void)
{
	return lseek_to(0x200000001L, SEEK_SET);
}

static int act_lseek_beyond(void)
{
	return lseek_to(0x10000000001L, SEEK_SET);
}

static int act_lseek_beyond_cur(void)
{
	return lseek_to(0x10000000001L, SEEK_CUR);
}

static int act_personality(void)
{
	return answer(call64(SYS_personality, 0, 0, 0, 0));
}

static int act_personality_random(void)
{
	return answer(call64(SYS_personality, 0x0040000, 0, 0, 0));
}

static int act_personality_random32(void)
{
	return answer(call32(136, 0x0040000, 0, 0, 0));
}

/* ---- socketcall and ipc, which stand for others -------------------------------------------------------------------- */

static int socketcall(long call, unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int args[3] = { a, b, c };
	unsigned int *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	NEEDED(low == MAP_FAILED ? -1 : 0);
	memcpy(low, args, sizeof(args));
	return answer(call32(102, call, address(low), 0, 0));
}

static unsigned int inet_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	NEEDED(fd);
	return (unsigned int)fd;
}

static int act_listen(void)
{
	return answer(call64(SYS_listen, inet_socket(), 1, 0, 0));
}

static int act_listen32(void)
{
	return answer(call32(363, inet_socket(), 1, 0, 0));
}

static int act_socketcall_listen(void)
{
	return socketcall(4, inet_socket(), 1, 0);
}

static int act_socketcall_shutdown(void)
{
	return socketcall(13, inet_socket(), SHUT_RD, 0) < 0 && errno != ENOTCONN ? -1 : 0;
}

/* What decides about socket() are arguments, which nobody can look at here. */
static int act_socketcall_socket(void)
{
	return socketcall(1, AF_UNIX, SOCK_STREAM, 0);
}

/* One semaphore; it does not stay. */
static int semaphore(long id)
{
	if (id >= 0)
		syscall(SYS_semctl, id, 0, IPC_RMID);
	return answer(id);
}

static int act_semget(void)
{
	return semaphore(call64(SYS_semget, IPC_PRIVATE, 1, 0600, 0));
}

static int act_semget32(void)
{
	return semaphore(call32(393, IPC_PRIVATE, 1, 0600, 0));
}

static int act_ipc_semget(void)
{
	return semaphore(call32(117, 2, IPC_PRIVATE, 1, 0600));
}

/* The upper half is a version, which the kernel ignores for this one. */
static int act_ipc_semget_version(void)
{
	return semaphore(call32(117, 2 | 3 << 16, IPC_PRIVATE, 1, 0600));
}

static int act_ipc_msgget(void)
{
	long id = call32(117, 13, IPC_PRIVATE, 0600, 0);

	if (id >= 0)
		syscall(SYS_msgctl, id, IPC_RMID, NULL);
	return answer(id);
}

/* ---- calls that one architecture alone has, or has by another function; that a kernel does not have ----------------- */

static int act_waitpid32(void)
{
	pid_t child = fork();

	if (!child)
		_exit(0);
	NEEDED(child);
	return answer(call32(7, child, 0, 0, 0));
}

static int act_getrlimit(void)
{
	uint64_t limit[2];

	return answer(call64(97, 0, address(limit), 0, 0));
}

static uint32_t low_words[16];

static int act_getrlimit32(void)
{
	return answer(call32(76, 0, address(low_words), 0, 0));
}

static int act_ugetrlimit32(void)
{
	return answer(call32(191, 0, address(low_words), 0, 0));
}

static int act_time(void)
{
	return answer(call64(SYS_time, 0, 0, 0, 0));
}

static int act_time32(void)
{
	return answer(call32(13, 0, 0, 0, 0));
}

/* The page that was there before the vDSO: a fault there becomes the call. */
static int act_time_vsyscall(void)
{
	return answer(((long (*)(long *))0xffffffffff600400)(NULL));
}

/* Nothing is ever cached of that descriptor: EBADF says that the kernel was asked, or ENOSYS. */
static int act_cachestat(void)
{
	return answer(call64(CACHESTAT, -1, 0, 0, 0));
}

static int act_cachestat32(void)
{
	return answer(call32(CACHESTAT, -1, 0, 0, 0));
}

static int act_no_such_call(void)
{
	return answer(call64(4000, 0, 0, 0, 0));
}

static int act_no_such_call32(void)
{
	return answer(call32(4000, 0, 0, 0, 0));
}

/* Nobody has had it before. */
static const char *host_name(void)
{
	static char name[64];

	snprintf(name, sizeof(name), "refused-%d-%ld", (int)getpid(), (long)time(NULL));
	return name;
}

/* In a namespace of its own. */
static int named(const char *name, long r)
{
	char now[64] = "";

	gethostname(now, sizeof(now));
	return answer(r < 0 && !strcmp(now, name) ? -ENOTRECOVERABLE : r);
}

static int act_sethostname(void)
{
	const char *name = host_name();

	return named(name, call64(SYS_sethostname, address(name), (long)strlen(name), 0, 0));
}

static int act_sethostname32(void)
{
	const char *name = host_name();

	return named(name, call32(74, address(name), (long)strlen(name), 0, 0));
}

static int act_setdomainname(void)
{
	return answer(call64(SYS_setdomainname, address("name"), 4, 0, 0));
}

static int act_chmod(void)
{
	return answer(call64(SYS_chmod, address("."), 01777, 0, 0));
}

static int act_fchmod(void)
{
	int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	NEEDED(fd);
	return answer(call64(SYS_fchmod, fd, 01777, 0, 0));
}

#define ACT(name) { #name, act_##name }

static const struct act acts[] = {
	ACT(mkdir), ACT(mkdir_upper), ACT(mkdirat), ACT(mkdir32), ACT(mkdirat32), ACT(mkdir_x32), ACT(getpid_x32),
	ACT(getpid32), ACT(mkdir_thread), ACT(mkdir32_thread), ACT(mkdir_bare_thread), ACT(mkdir_fork), ACT(mkdir_vfork),
	ACT(mkdir_exec), ACT(mkdir_traced), ACT(mkdir_elf32), ACT(mkdir_vdso32), ACT(symlink), ACT(symlinkat),
	ACT(symlinkat32), ACT(clone), ACT(clone_uts), ACT(clone32), ACT(clone_uts32), ACT(socket_unix), ACT(socket_netlink),
	ACT(socket_alg_upper), ACT(socket_unix32), ACT(socket_netlink32), ACT(lseek_low), ACT(lseek_equal), ACT(lseek_upper),
	ACT(lseek_beyond), ACT(lseek_beyond_cur), ACT(personality), ACT(personality_random), ACT(personality_random32),
	ACT(listen), ACT(listen32), ACT(socketcall_listen), ACT(socketcall_shutdown), ACT(socketcall_socket), ACT(semget),
	ACT(semget32), ACT(ipc_semget), ACT(ipc_semget_version), ACT(ipc_msgget), ACT(waitpid32), ACT(getrlimit),
	ACT(getrlimit32), ACT(ugetrlimit32), ACT(time), ACT(time32), ACT(time_vsyscall), ACT(cachestat), ACT(cachestat32),
	ACT(no_such_call), ACT(no_such_call32), ACT(sethostname), ACT(sethostname32), ACT(setdomainname), ACT(chmod), ACT(fchmod),
};

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "=mkdir")) /* what act_mkdir_exec() starts */
		return (int)-mkdir64();
	if (chdir("/tmp") < 0)
		perror("/tmp");
	return acts_run(acts, sizeof(acts) / sizeof(acts[0]), argv + 1);
}
