// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * calls - what system calls cost, in ns each; under `tools/vm --icount` a ns is an instruction.
 *
 * One line: getpid, which Docker's profile allows; personality with an argument that it allows; keyctl, which it refuses; getpid
 * through int 0x80; the best of 7 loops each. Static and without libraries, so that it is the same program in a container.
 */
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define LOOPS 7
#define ROUNDS 5000

static void op_getpid(void)
{
	syscall(SYS_getpid);
}

static void op_personality(void)
{
	syscall(SYS_personality, 0xffffffff);
}

/* Of no such operation: the kernel is done with it as early as can be, where it is asked at all. */
static void op_keyctl(void)
{
	syscall(SYS_keyctl, -1, 0, 0, 0, 0);
}

static void op_getpid32(void)
{
	long nr = 20;

	__asm__ volatile("int $0x80" : "+a"(nr) : : "r8", "r9", "r10", "r11", "memory");
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void measure(void (*op)(void))
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < LOOPS; i++) {
		uint64_t from = now(), took;

		for (int k = 0; k < ROUNDS; k++)
			op();
		took = (now() - from) / ROUNDS;
		best = took < best ? took : best;
	}
	printf(" %llu", (unsigned long long)best);
}

int main(void)
{
	measure(op_getpid);
	measure(op_personality);
	measure(op_keyctl);
	measure(op_getpid32);
	printf("\n");
	return 0;
}
