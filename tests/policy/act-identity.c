// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Ways in which a process could stop being its container's; see act.h. Each ends with something that the policy refuses, bpf(2) or a
 * packet socket: every answer but EPERM is an escape. PID=…: a process outside. CGROUP=…: where the tree of cgroups is mounted.
 */
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "act.h"

static int forbidden(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };

	return (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static int act_plain(void)
{
	return forbidden();
}

/* What comes back through a pipe from somewhere that cannot return. */
static int channel[2];

static void answer(void)
{
	int number = forbidden() < 0 ? errno : 0;

	NEEDED(write(channel[1], &number, sizeof(number)));
}

static int answered(void)
{
	int number;

	if (read(channel[0], &number, sizeof(number)) != sizeof(number))
		number = EPIPE;
	errno = number;
	return number ? -1 : 0;
}

static void *thread(void *unused)
{
	answer();
	return unused;
}

static int act_thread(void)
{
	pthread_t t;

	NEEDED(pipe(channel));
	NEEDED(-pthread_create(&t, NULL, thread, NULL));
	return answered();
}

static int act_double_fork(void)
{
	pid_t parent;

	NEEDED(pipe(channel));
	if (!fork()) {
		setsid();
		parent = getpid();
		if (!fork()) {
			while (getppid() == parent)
				sched_yield();
			answer();
		}
		_exit(0);
	}
	return answered();
}

static char stack[65536];

static int cloned(void *unused)
{
	(void)unused;
	answer();
	return 0;
}

/* A sibling, whose parent is not this process. */
static int act_clone_parent(void)
{
	NEEDED(pipe(channel));
	NEEDED(clone(cloned, stack + sizeof(stack), CLONE_PARENT | SIGCHLD, NULL));
	return answered();
}

static int act_vm_clone(void)
{
	NEEDED(pipe(channel));
	NEEDED(clone(cloned, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, NULL));
	return answered();
}

/* In namespaces of its own, as pid 1 of one of them. */
static int act_namespaces(void)
{
	NEEDED(pipe(channel));
	NEEDED(unshare(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP));
	if (!fork()) {
		answer();
		_exit(0);
	}
	return answered();
}

/* In those of a process outside. */
static int act_setns(void)
{
	int pidfd = (int)syscall(SYS_pidfd_open, atoi(getenv("PID") ?: "0"), 0);

	NEEDED(pidfd);
	NEEDED(setns(pidfd, CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP));
	return forbidden();
}

static int move_to(const char *cgroup)
{
	char path[544];
	int fd, n;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : (int)write(fd, "0", 1);
	close(fd);
	return n;
}

/* Below the container's. */
static int act_nested_cgroup(void)
{
	char line[256] = "", nested[512];
	int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);

	NEEDED(fd);
	NEEDED(read(fd, line, sizeof(line) - 1));
	line[strcspn(line, "\n")] = '\0';
	snprintf(nested, sizeof(nested), "%s%s/act-identity", getenv("CGROUP"), line + strlen("0::"));
	NEEDED(mkdir(nested, 0755));
	NEEDED(move_to(nested));
	return forbidden();
}

/* Out of the container's cgroup altogether: the whole tree is mounted there. */
static int act_other_cgroup(void)
{
	NEEDED(move_to(getenv("CGROUP")));
	return forbidden();
}

static int act_exec(void)
{
	NEEDED(pipe(channel));
	if (!fork()) {
		dup2(channel[1], 3);
		execl("/proc/self/exe", "act-identity", "answer", NULL);
		_exit(1);
	}
	close(channel[1]);
	return answered();
}

static int act_exec_fd(void)
{
	int self = open("/proc/self/exe", O_RDONLY), copy = memfd_create("copy", 0);
	char *argv[] = { "act-identity", "answer", NULL }, buf[65536];
	ssize_t n;

	NEEDED(self);
	NEEDED(copy);
	while ((n = read(self, buf, sizeof(buf))) > 0)
		NEEDED(write(copy, buf, (size_t)n));
	NEEDED(pipe(channel));
	if (!fork()) {
		dup2(channel[1], 3);
		fexecve(copy, argv, argv + 2);
		_exit(1);
	}
	close(channel[1]);
	return answered();
}

/* ---- io_uring: the kernel's threads that do the work ------------------------------------------------------------- */

static int ring_socket(unsigned int setup, unsigned char flags)
{
	struct io_uring_params p = { .flags = setup, .sq_thread_idle = 100 };
	int ring = (int)syscall(SYS_io_uring_setup, 4, &p);
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
	uint8_t *sq, *cq;

	NEEDED(ring);
	sq = mmap(NULL, p.sq_off.array + p.sq_entries * 4, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	cq = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(*cqe), PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_CQ_RING);
	sqe = mmap(NULL, p.sq_entries * sizeof(*sqe), PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
	NEEDED(sq == MAP_FAILED || cq == MAP_FAILED || sqe == MAP_FAILED ? -1 : 0);
	*sqe = (struct io_uring_sqe){ .opcode = 45 /* IORING_OP_SOCKET */, .flags = flags, .fd = AF_PACKET, .off = SOCK_DGRAM };
	((uint32_t *)(sq + p.sq_off.array))[0] = 0;
	__atomic_store_n((uint32_t *)(sq + p.sq_off.tail), 1, __ATOMIC_RELEASE);
	NEEDED(syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS | (setup ? IORING_ENTER_SQ_WAKEUP : 0), NULL, 0));
	cqe = (struct io_uring_cqe *)(cq + p.cq_off.cqes);
	errno = -cqe->res;
	return cqe->res < 0 ? -1 : cqe->res;
}

static int act_uring(void)
{
	return ring_socket(0, 0);
}

static int act_uring_worker(void)
{
	return ring_socket(0, IOSQE_ASYNC);
}

static int act_uring_sqpoll(void)
{
	return ring_socket(IORING_SETUP_SQPOLL, 0);
}

#define ACT(name) { #name, act_##name }

static const struct act acts[] = {
	ACT(plain), ACT(thread), ACT(double_fork), ACT(clone_parent), ACT(vm_clone), ACT(namespaces), ACT(setns), ACT(nested_cgroup),
	ACT(other_cgroup), ACT(exec), ACT(exec_fd), ACT(uring), ACT(uring_worker), ACT(uring_sqpoll),
};

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "answer")) {
		channel[1] = 3;
		answer();
		return 0;
	}
	return acts_run(acts, sizeof(acts) / sizeof(acts[0]), argv + 1);
}
