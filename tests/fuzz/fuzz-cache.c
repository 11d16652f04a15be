// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../user/seccomp/cache.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A cached filter as a file may hold it: with the right magic and key before @data, so that the rest is reached. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char dir[64], path[200];
	uint8_t key[RINGWALL_SHA256_SIZE] = { 0 };
	struct ringwall_filter f = { 0 };
	char hex[RINGWALL_SHA256_HEX];
	int fd;

	if (!*dir) {
		strcpy(dir, "/dev/shm/ringwall-fuzz-XXXXXX");
		if (!mkdtemp(dir))
			abort();
		ringwall_sha256_hex(key, hex);
		snprintf(path, sizeof(path), "%s/%s", dir, hex);
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, "RINGWIL1", 8) != 8 || write(fd, key, sizeof(key)) != sizeof(key) ||
	    write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
	if (!ringwall_cache_load(dir, key, &f) && (!f.prog.filter || !f.prog.len))
		abort();
	ringwall_filter_free(&f);
	unlink(path);
	rmdir(dir);
	*dir = '\0';
	return 0;
}
