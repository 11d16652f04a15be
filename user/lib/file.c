// SPDX-License-Identifier: LGPL-2.1-or-later
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "cleanup.h"

int ringwall_file_read(const char *path, size_t max, char **ret, size_t *ret_len, struct ringwall_err *e)
{
	_cleanup_fd_ int own = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : fcntl(0, F_DUPFD_CLOEXEC, 3);
	_cleanup_free_ char *buf = NULL;
	size_t len = 0, size = 0;

	if (own < 0)
		return ringwall_fail(e, -errno, "open '%s'", path);
	for (;;) {
		ssize_t n;

		if (len == size) {
			size = size ? size * 2 : 16384;
			buf = realloc(TAKE_PTR(buf), size);
			if (!buf)
				return ringwall_fail(e, -ENOMEM, "read '%s'", path);
		}
		n = read(own, buf + len, size - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ringwall_fail(e, -errno, "read '%s'", path);
		if (!n)
			break;
		len += (size_t)n;
		if (len > max)
			return ringwall_fail(e, -EFBIG, "read '%s'", path);
	}
	*ret = TAKE_PTR(buf);
	*ret_len = len;
	return 0;
}
