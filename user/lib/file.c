// SPDX-License-Identifier: LGPL-2.1-or-later
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "cleanup.h"

int ringwall_file_read_fd(int fd, size_t max, char **ret, size_t *ret_len)
{
	_cleanup_free_ char *buf = NULL;
	size_t len = 0, size = 0;

	for (;;) {
		ssize_t n;

		if (size - len < 4096) {
			char *more = realloc(buf, size ? 2 * size : 16384);

			if (!more)
				return -ENOMEM;
			buf = more;
			size = size ? 2 * size : 16384;
		}
		n = read(fd, buf + len, size - len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		len += (size_t)n;
		if (len > max)
			return -EFBIG;
	}
	buf[len] = '\0';
	*ret = TAKE_PTR(buf);
	if (ret_len)
		*ret_len = len;
	return 0;
}

int ringwall_file_read(const char *path, size_t max, char **ret, size_t *ret_len, struct ringwall_err *e)
{
	_cleanup_fd_ int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : fcntl(0, F_DUPFD_CLOEXEC, 3);
	int r;

	if (fd < 0)
		return ringwall_fail(e, -errno, "open '%s'", path);
	r = ringwall_file_read_fd(fd, max, ret, ret_len);
	return r < 0 ? ringwall_fail(e, r, "read '%s'", path) : 0;
}

int ringwall_file_write_fd(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}
