// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>

#include "internal.h"

/*
 * Append the components of the @n bytes at @s to @ret ("" or "/a/b") from byte @len on, without "." and with ".."
 * resolved, but never to less than @len: a path cannot climb out of what it is appended to.
 * Return: the new length or -ENAMETOOLONG.
 */
static ssize_t append_clean(char *ret, size_t len, size_t size, const char *s, size_t n)
{
	const size_t floor = len;
	const char *end = s + n;

	for (const char *next; s < end; s = next + (next < end)) {
		next = memchr(s, '/', (size_t)(end - s)) ?: end;
		n = (size_t)(next - s);
		if (n == 2 && s[0] == '.' && s[1] == '.') {
			while (len > floor && ret[--len] != '/')
				;
		} else if (n && !(n == 1 && s[0] == '.')) {
			if (len + n + 2 > size)
				return -ENAMETOOLONG;
			ret[len++] = '/';
			memcpy(ret + len, s, n);
			len += n;
		}
	}
	ret[len] = '\0';
	return (ssize_t)len;
}

int ringwall_cgroup_path_clean(const char *path, char *ret, size_t size)
{
	ssize_t n = append_clean(ret, 0, size, path, strlen(path));

	return n < 0 ? (int)n : 0;
}

int ringwall_cgroup_path_own(const char *text, char *ret, size_t size)
{
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		size_t n;

		line += *line == '\n';
		if (strncmp(line, "0::/", 4))
			continue;
		n = strcspn(line + 3, "\n");
		if (n >= size)
			return -ENAMETOOLONG;
		memcpy(ret, line + 3, n);
		ret[n] = '\0';
		return 0;
	}
	return -ENOENT;
}

/*
 * As runc (libcontainer/cgroups/fs2, defaultDirPath): an absolute path counts from the top. A relative one, and
 * the container's ID where there is none, goes beside the caller's own cgroup: that one has processes, so
 * controllers could not be enabled for anything below it.
 */
int ringwall_cgroup_path_fs(const char *cgroups_path, const char *own, const char *id, char *ret, size_t size)
{
	const char *slash;
	ssize_t n = 0;

	if (cgroups_path && cgroups_path[0] == '/')
		return ringwall_cgroup_path_clean(cgroups_path, ret, size);
	slash = strrchr(own, '/');
	if (slash)
		n = append_clean(ret, 0, size, own, (size_t)(slash - own));
	if (!cgroups_path || !*cgroups_path)
		cgroups_path = id;
	if (n >= 0)
		n = append_clean(ret, (size_t)n, size, cgroups_path, strlen(cgroups_path));
	return n < 0 ? (int)n : 0;
}

static bool is_octal(const char *s)
{
	return s[0] >= '0' && s[0] <= '3' && s[1] >= '0' && s[1] <= '7' && s[2] >= '0' && s[2] <= '7';
}

/* One octal-escaped field of mountinfo ("\040" is a space). */
static int unescape(const char *field, size_t n, char *ret, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		char c = field[i];

		if (c == '\\' && i + 3 < n && is_octal(field + i + 1)) {
			c = (char)((field[i + 1] - '0') << 6 | (field[i + 2] - '0') << 3 | (field[i + 3] - '0'));
			i += 3;
		}
		if (len + 1 >= size)
			return -ENAMETOOLONG;
		ret[len++] = c;
	}
	ret[len] = '\0';
	return 0;
}

/* "36 35 98:0 ROOT MOUNTPOINT opts [tags] - FSTYPE source superopts" (proc(5)). */
static bool parse_line(const char *line, size_t n, const char **root, size_t *root_n, const char **at, size_t *at_n)
{
	const char *type = memmem(line, n, " - cgroup2 ", 11), *p = line, *end = line + n;

	if (!type)
		return false;
	for (int field = 0; p < end; field++) {
		const char *space = memchr(p, ' ', (size_t)(end - p));

		if (!space)
			return false;
		if (field == 3) {
			*root = p;
			*root_n = (size_t)(space - p);
		} else if (field == 4) {
			*at = p;
			*at_n = (size_t)(space - p);
			return true;
		}
		p = space + 1;
	}
	return false;
}

int ringwall_cgroup_mountinfo(const char *text, char *ret, size_t size)
{
	const char *root = NULL, *at = NULL, *best = NULL;
	size_t n, root_n = 0, at_n = 0, best_n = 0;

	for (const char *line = text; *line; line += n + (line[n] == '\n')) {
		n = strcspn(line, "\n");
		if (!parse_line(line, n, &root, &root_n, &at, &at_n))
			continue;
		/* A bind mount of a subtree will do only when there is no whole one. */
		if (root_n == 1 && *root == '/')
			return unescape(at, at_n, ret, size);
		if (!best) {
			best = at;
			best_n = at_n;
		}
	}
	return best ? unescape(best, best_n, ret, size) : -ENOENT;
}

int ringwall_cgroup_slice_expand(const char *slice, char *ret, size_t size)
{
	size_t n = strlen(slice), len = 0;

	if (n <= 6 || strcmp(slice + n - 6, ".slice") || strchr(slice, '/'))
		return -EINVAL;
	n -= 6;
	if (n == 1 && *slice == '-') {
		ret[0] = '\0';
		return 0;
	}
	/* Every prefix that ends before a dash, or at the end, is a slice of its own. */
	for (size_t i = 0; i <= n; i++) {
		if (i < n && slice[i] != '-')
			continue;
		if (i == 0 || slice[i - 1] == '-')
			return -EINVAL;
		if (len + i + sizeof("/.slice") > size)
			return -ENAMETOOLONG;
		ret[len++] = '/';
		memcpy(ret + len, slice, i);
		memcpy(ret + len + i, ".slice", 7);
		len += i + 6;
	}
	return 0;
}

/* Unit names: systemd.unit(5). What is not in the set cannot be in a unit's name unescaped. */
static bool valid_unit(const char *name)
{
	for (const char *p = name; *p; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
		      strchr(":-_.\\@", *p)))
			return false;
	return true;
}

int ringwall_cgroup_unit_parse(const char *cgroups_path, const char *id, bool rootless,
			       struct ringwall_cgroup_unit *ret, struct ringwall_err *e)
{
	const char *slice = "", *prefix = "ringwall", *name = id;
	const char *first, *second = NULL;
	int slice_n = 0, prefix_n = (int)strlen(prefix), n;
	struct ringwall_cgroup_unit u;
	char path[PATH_MAX];

	if (cgroups_path && *cgroups_path) {
		first = strchr(cgroups_path, ':');
		second = first ? strchr(first + 1, ':') : NULL;
		if (!second || strchr(second + 1, ':') || !second[1])
			return ringwall_fail_plain(e, -EINVAL,
						   "linux.cgroupsPath: '%s': with systemd's cgroup manager this "
						   "must be \"slice:prefix:name\"",
						   cgroups_path);
		slice = cgroups_path;
		slice_n = (int)(first - cgroups_path);
		prefix = first + 1;
		prefix_n = (int)(second - prefix);
		name = second + 1;
	}
	n = snprintf(u.slice, sizeof(u.slice), "%.*s", slice_n, slice);
	if (slice_n == 0)
		strcpy(u.slice, rootless ? "user.slice" : "system.slice");
	if (n >= (int)sizeof(u.slice) || ringwall_cgroup_slice_expand(u.slice, path, sizeof(path)) < 0 ||
	    !valid_unit(u.slice))
		return ringwall_fail_plain(e, -EINVAL, "linux.cgroupsPath: '%.*s' is not the name of a slice", slice_n,
					   slice);
	if (strlen(name) > 6 && !strcmp(name + strlen(name) - 6, ".slice"))
		return ringwall_fail_plain(e, -EINVAL,
					   "linux.cgroupsPath: '%s': a container is a scope, it cannot be a slice",
					   cgroups_path ?: name);
	/* With the dash also where the prefix is empty: as runc and crun. */
	n = snprintf(u.name, sizeof(u.name), "%.*s-%s.scope", prefix_n, prefix, name);
	if (n >= (int)sizeof(u.name) || !valid_unit(u.name))
		return ringwall_fail_plain(e, -EINVAL, "linux.cgroupsPath: '%s' does not make a unit name",
					   cgroups_path ?: name);
	*ret = u;
	return 0;
}
