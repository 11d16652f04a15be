// SPDX-License-Identifier: LGPL-2.1-or-later
/* attack-entry native|int80|x32 DIR: mkdir(2) by that entry to the kernel. DIR must lie below 4 GiB for int 0x80. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long r = -1;
	char *low;

	if (argc != 3)
		return 2;
	low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (low == MAP_FAILED)
		return 2;
	strncpy(low, argv[2], 4095);
	if (!strcmp(argv[1], "native"))
		r = syscall(SYS_mkdir, low, 0755);
	else if (!strcmp(argv[1], "x32"))
		r = syscall(0x40000000 | SYS_mkdir, low, 0755);
	else
		__asm__ volatile("int $0x80" : "=a"(r) : "a"(39L), "b"((long)low), "c"(0755L) : "memory", "r8", "r9", "r10", "r11");
	return r == 0 ? 0 : 1;
}
