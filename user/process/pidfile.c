// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../lib/creation.h"

/*
 * A new file: in a directory that others can write to (/tmp), one that is there may be theirs to change later, or a
 * fifo. It can also be what a runtime of the same pid left that was killed.
 */
static int create(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0 && errno == EEXIST && !unlink(path))
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	return fd;
}

int ringwall_pid_file_write(const char *path, pid_t pid, struct ringwall_err *e)
{
	const char *slash = strrchr(path, '/');
	char other[PATH_MAX], text[16];
	_cleanup_fd_ int fd = -1;
	int n;

	/* In the same directory, hidden, and of this process: two runtimes must not meet there. */
	n = snprintf(other, sizeof(other), "%.*s.%s.%d", slash ? (int)(slash - path + 1) : 0, path, slash ? slash + 1 : path,
		     getpid());
	if ((size_t)n >= sizeof(other))
		return ringwall_fail(e, -ENAMETOOLONG, "pid file '%s'", path);
	fd = create(other);
	if (fd < 0)
		return ringwall_fail(e, -errno, "pid file '%s'", path);
	n = snprintf(text, sizeof(text), "%d", pid);
	if (write(fd, text, (size_t)n) != n || rename(other, path) < 0) {
		n = -errno;
		unlink(other);
		return ringwall_fail(e, n, "pid file '%s'", path);
	}
	return 0;
}
