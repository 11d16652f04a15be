// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The gate while it is being changed.
 *
 *	act-gate hammer PAGE THREADS		in a container: calls until somebody says stop; one line with what came of them
 *	act-gate flip PAGE ROUNDS TO-A TO-B	outside: that command and that one by turns, and then stop
 *	act-gate [ACT…]				see act.h: /dev/ringwall, by the bind mount /gate and by a node of our own (DEV=MAJOR:MINOR)
 *
 * Under policy A getpgid() is refused with EXDEV and getsid() is not; under B getsid() with ENOSPC and getpgid() is not. PAGE is
 * a file that both map. A call that began after `policy set` had returned, and ended before the next one began, has the answer of
 * that policy and no other ("stale"). In between it has either's ("wrong": neither's), but who has had the new one does not get
 * the old one again ("back").
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "act.h"

#define THREADS_MAX 16

/* @phase: 0 A holds, 1 B is being set, 2 B holds, 3 A is being set, 4 A holds, … */
struct page {
	_Atomic uint32_t phase, stop, ready;
};

struct counts {
	uint64_t calls, during, wrong, stale, back;
};

static struct page *page;

static struct page *map_page(const char *path, int flags)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | flags, 0666);
	void *p;

	NEEDED(fd);
	NEEDED(ftruncate(fd, 4096));
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	NEEDED(p == MAP_FAILED ? -1 : 0);
	close(fd);
	return p;
}

/* ---- hammer --------------------------------------------------------------------------------------------------------- */

static long call(int sid, int wide)
{
	static const int numbers[2][2] = { { 132, 147 }, { SYS_getpgid, SYS_getsid } };
	long r = numbers[wide][sid];

	if (wide)
		__asm__ volatile("syscall" : "+a"(r) : "D"(0) : "rcx", "r11", "memory");
	else
		__asm__ volatile("int $0x80" : "+a"(r) : "b"(0) : "r8", "r9", "r10", "r11", "memory");
	return (int)r;
}

/* Whose answer is it? 0: A's, 1: B's, -1: nobody's. */
static int whose(int sid, long r)
{
	if (r >= 0)
		return !sid;
	if (r == (sid ? -ENOSPC : -EXDEV))
		return sid;
	return -1;
}

static void *hammer(void *arg)
{
	struct counts *c = arg;
	uint32_t seen = 0; /* the phase in which the new policy has answered already */

	for (uint32_t n = 0; !atomic_load(&page->stop); n++) {
		uint32_t from = atomic_load(&page->phase);
		int who = whose(n & 1, call(n & 1, n >> 1 & 1));
		uint32_t to = atomic_load(&page->phase);
		int next = from % 4 == 1 || from % 4 == 2; /* whose turn it is, or will be */

		c->calls++;
		if (who < 0)
			c->wrong++;
		else if (from != to)
			c->during++;
		else if (!(from & 1))
			c->stale += who != next;
		else {
			c->during++;
			c->back += who != next && seen == from;
			if (who == next)
				seen = from;
		}
	}
	return NULL;
}

static int run_hammer(const char *path, int n)
{
	struct counts c[THREADS_MAX] = { { 0 } }, sum = { 0 };
	pthread_t threads[THREADS_MAX];

	page = map_page(path, 0);
	for (int i = 0; i < n; i++)
		NEEDED(-pthread_create(&threads[i], NULL, hammer, &c[i]));
	atomic_store(&page->ready, 1);
	for (int i = 0; i < n; i++) {
		pthread_join(threads[i], NULL);
		sum.calls += c[i].calls;
		sum.during += c[i].during;
		sum.wrong += c[i].wrong;
		sum.stale += c[i].stale;
		sum.back += c[i].back;
	}
	printf("calls %lu during %lu wrong %lu stale %lu back %lu\n", sum.calls, sum.during, sum.wrong, sum.stale, sum.back);
	return 0;
}

/* ---- flip ----------------------------------------------------------------------------------------------------------- */

static int run_flip(const char *path, int rounds, const char *to_a, const char *to_b)
{
	int bad = 0;

	page = map_page(path, O_CREAT);
	while (!atomic_load(&page->ready))
		usleep(10000);
	for (int i = 0; i < rounds && !bad; i++) {
		atomic_fetch_add(&page->phase, 1);
		bad = system(i & 1 ? to_a : to_b);
		atomic_fetch_add(&page->phase, 1);
		usleep(100000);
	}
	atomic_store(&page->stop, 1);
	printf("flipped, status %d\n", bad);
	return bad != 0;
}

/* ---- /dev/ringwall --------------------------------------------------------------------------------------------------- */

static int act_bound(void)
{
	return open("/gate", O_RDWR | O_CLOEXEC);
}

static int act_bound_read(void)
{
	return open("/gate", O_RDONLY | O_CLOEXEC);
}

static int act_node(void)
{
	unsigned int major_no = 0, minor_no = 0;
	int r;

	sscanf(getenv("DEV") ?: "", "%u:%u", &major_no, &minor_no);
	NEEDED(mknod("/tmp/gate-node", S_IFCHR | 0600, makedev(major_no, minor_no)));
	r = open("/tmp/gate-node", O_RDWR | O_CLOEXEC);
	unlink("/tmp/gate-node");
	return r;
}

#define ACT(name) { #name, act_##name }

static const struct act acts[] = { ACT(bound), ACT(bound_read), ACT(node) };

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "hammer"))
		return run_hammer(argv[2], atoi(argv[3]) < THREADS_MAX ? atoi(argv[3]) : THREADS_MAX);
	if (argc == 6 && !strcmp(argv[1], "flip"))
		return run_flip(argv[2], atoi(argv[3]), argv[4], argv[5]);
	return acts_run(acts, sizeof(acts) / sizeof(acts[0]), argv + 1);
}
