// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The first program of a container that is saved and made again: two threads and a child, all of which live on through that. Round by
 * round, each tries one thing of every class of policy when /q/go.N appears, and writes NAME=ERRNO to /q/WHO.N. Nothing is executed
 * or forked for it: what is seen is that these very processes are confined. See act.h.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>

#include "act.h"

/* They all try at once: each under a name of its own. */
static const char *own(const char *name)
{
	static _Thread_local char path[64];

	snprintf(path, sizeof(path), "/tmp/%s.%d", name, gettid());
	return path;
}

static int opened(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK);

	return fd < 0 ? -1 : close(fd);
}

static int act_mount(void)
{
	return mount("/tmp", "/m", NULL, MS_BIND, NULL) < 0 ? -1 : umount2("/m", MNT_DETACH);
}

static int act_bpf(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };
	int fd = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));

	return fd < 0 ? -1 : close(fd);
}

static int act_family(void)
{
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -1 : close(fd);
}

/* No interface leads there: what is allowed the kernel does not know how to send. */
static int connected(uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = inet_addr("192.0.2.1") };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), r, error;

	if (fd < 0)
		return -1;
	r = connect(fd, (struct sockaddr *)&to, sizeof(to));
	error = errno;
	close(fd);
	errno = error;
	return r;
}

static int act_egress(void)
{
	return connected(81);
}

static int act_egress_allowed(void)
{
	return connected(80);
}

static int act_bind(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(82) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), r, error;

	if (fd < 0)
		return -1;
	r = bind(fd, (struct sockaddr *)&at, sizeof(at));
	error = errno;
	close(fd);
	errno = error;
	return r;
}

static int act_file(void)
{
	return opened("/d/secret", O_RDONLY);
}

static int act_file_allowed(void)
{
	return opened("/d/plain", O_RDONLY);
}

/* To execute would be to end: the mapping has a rule of its own. */
static int act_map(void)
{
	int fd = open("/d/prog", O_RDONLY | O_CLOEXEC);
	void *p = fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	int error = errno;

	if (p != MAP_FAILED)
		munmap(p, 4096);
	close(fd);
	errno = error;
	return p == MAP_FAILED ? -1 : 0;
}

static int act_capability(void)
{
	return setpriority(0, 0, -1) < 0 ? -1 : setpriority(0, 0, 0);
}

static int act_device(void)
{
	return mknod(own("device"), S_IFBLK | 0600, makedev(7, 77)) < 0 ? -1 : unlink(own("device"));
}

static int act_syscall(void)
{
	return (int)syscall(SYS_mkdir, own("d"), 0700) < 0 ? -1 : rmdir(own("d"));
}

/* config.json's own filter */
static int act_seccomp(void)
{
	return symlink("x", own("l")) < 0 ? -1 : unlink(own("l"));
}

/* As ptrace(2) may, of the first process by the others: a thread's own process is not asked about. */
static int act_ptrace(void)
{
	char here[8], there[8] = "";
	struct iovec to = { here, sizeof(here) }, from = { there, sizeof(there) };

	return process_vm_readv(1, &to, 1, &from, 1, 0) < 0 ? -1 : 0;
}

static const struct act acts[] = {
	{ "mount", act_mount },
	{ "bpf", act_bpf },
	{ "family", act_family },
	{ "egress", act_egress },
	{ "egress_allowed", act_egress_allowed },
	{ "bind", act_bind },
	{ "file", act_file },
	{ "file_allowed", act_file_allowed },
	{ "map", act_map },
	{ "capability", act_capability },
	{ "device", act_device },
	{ "syscall", act_syscall },
	{ "seccomp", act_seccomp },
	{ "ptrace", act_ptrace },
};

static void round_of(const char *who, int n)
{
	char path[64], ready[64];
	FILE *f;

	snprintf(path, sizeof(path), "/q/%s.%d.new", who, n);
	snprintf(ready, sizeof(ready), "/q/%s.%d", who, n);
	f = fopen(path, "we");
	if (!f)
		return;
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		int error = acts[i].try() < 0 ? errno : 0;

		fprintf(f, "%s %s\n", acts[i].name, error ? strerrorname_np(error) : "ok");
	}
	fclose(f);
	rename(path, ready);
}

static void *rounds(void *who)
{
	for (int n = 1;; n++) {
		char go[64];

		snprintf(go, sizeof(go), "/q/go.%d", n);
		while (access(go, F_OK) < 0)
			usleep(50000);
		round_of(who, n);
	}
	return NULL;
}

int main(void)
{
	pthread_t t;

	if (!fork()) {
		rounds("child");
		return 0;
	}
	NEEDED(-pthread_create(&t, NULL, rounds, "thread"));
	rounds("main");
	return 0;
}
