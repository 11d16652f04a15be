// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../user/process/rdt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* @data: a schemata file, a NUL, the schema of config.json that is compared with it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char dir[] = "/dev/shm/ringwall-fuzz-XXXXXX", *line;
	struct ringwall_intel_rdt rdt = { .set = true, .clos_id = "g" };
	struct ringwall_err e = { 0 };
	size_t have = strnlen((const char *)data, size);
	int fs, fd;

	line = calloc(1, size - have + 1);
	if (!line || !mkdtemp(dir))
		abort();
	if (have < size)
		memcpy(line, data + have + 1, size - have - 1);
	fs = open(dir, O_RDONLY | O_DIRECTORY);
	if (mkdirat(fs, "g", 0700))
		abort();
	fd = openat(fs, "g/schemata", O_WRONLY | O_CREAT, 0600);
	if (fd < 0 || write(fd, data, have) != (ssize_t)have)
		abort();
	close(fd);
	rdt.l3_cache_schema = line;
	ringwall_rdt_create(fs, &rdt, "c", &e);
	unlinkat(fs, "g/schemata", 0);
	unlinkat(fs, "g", AT_REMOVEDIR);
	close(fs);
	rmdir(dir);
	free(line);
	return 0;
}
