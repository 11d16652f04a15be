// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "../lib/clock.h"
#include "../lib/file.h"
#include "internal.h"

int ringwall_cgroup_file_write(int dir, const char *name, const char *text, size_t len)
{
	_cleanup_fd_ int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	/* One write is one request to the kernel; it takes all of it or answers with an error. */
	do
		n = write(fd, text, len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

ssize_t ringwall_cgroup_file_read(int dir, const char *name, char *buf, size_t size)
{
	_cleanup_fd_ int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	do
		n = read(fd, buf, size - 1);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return n;
}

int ringwall_cgroup_file_slurp(int dir, const char *name, char **ret, size_t *ret_len)
{
	_cleanup_fd_ int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : ringwall_file_read_fd(fd, SIZE_MAX, ret, ret_len);
}

int ringwall_cgroup_number(const char *s, uint64_t *ret)
{
	uint64_t v = 0;
	const char *p = s;

	if (!strncmp(s, "max", 3) && (s[3] == '\0' || s[3] == ' ' || s[3] == '\n')) {
		*ret = UINT64_MAX;
		return 0;
	}
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return -ERANGE;
	if (p == s || (*p && *p != '\n' && *p != ' '))
		return -EINVAL;
	*ret = v;
	return 0;
}

int ringwall_cgroup_file_u64(int dir, const char *name, uint64_t *ret)
{
	char buf[64];
	ssize_t n = ringwall_cgroup_file_read(dir, name, buf, sizeof(buf));

	return n < 0 ? (int)n : ringwall_cgroup_number(buf, ret);
}

int ringwall_cgroup_key(const char *text, const char *key, uint64_t *ret)
{
	size_t len = strlen(key);

	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, len) && line[len] == ' ')
			return ringwall_cgroup_number(line + len + 1, ret);
	}
	return -ENOENT;
}

int ringwall_cgroup_events(int dir, bool *ret_populated, bool *ret_frozen)
{
	uint64_t populated, frozen = 0;
	char buf[128];
	ssize_t n = ringwall_cgroup_file_read(dir, "cgroup.events", buf, sizeof(buf));
	int r;

	if (n < 0)
		return (int)n;
	r = ringwall_cgroup_key(buf, "populated", &populated);
	if (r < 0)
		return r;
	(void)ringwall_cgroup_key(buf, "frozen", &frozen);
	*ret_populated = populated;
	*ret_frozen = frozen;
	return 0;
}

int ringwall_cgroup_event_wait(int dir, const char *key, bool value, int timeout_ms)
{
	_cleanup_fd_ int fd = openat(dir, "cgroup.events", O_RDONLY | O_CLOEXEC);
	struct pollfd p = { .fd = fd, .events = POLLPRI };
	int64_t end = 0, left = timeout_ms;
	uint64_t v;
	char buf[128];
	ssize_t n;
	int r;

	if (fd < 0)
		return -errno;
	for (;;) {
		/* Reading notes the event counter that poll() compares with: in this order nothing is missed. */
		n = pread(fd, buf, sizeof(buf) - 1, 0);
		if (n < 0)
			return -errno;
		buf[n] = '\0';
		r = ringwall_cgroup_key(buf, key, &v);
		if (r < 0)
			return r;
		if (!!v == value)
			return 0;
		if (!end)
			end = ringwall_clock_ms() + timeout_ms;
		else
			left = end - ringwall_clock_ms();
		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&p, 1, (int)left) < 0 && errno != EINTR)
			return -errno;
	}
}
