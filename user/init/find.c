// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init.h"

/*
 * Callers recognise these texts: Docker turns "executable file not found in $PATH" and "no such file or directory"
 * into exit code 127, "permission denied" into 126.
 */

static const char *env_path(const struct ringwall_process *p)
{
	for (size_t i = 0; i < p->env.n; i++)
		if (!strncmp(p->env.v[i], "PATH=", 5))
			return p->env.v[i] + 5;
	return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

/* 0, or why @file cannot be run: what execve would say, who would say it to start instead of create. */
static int check(const char *file)
{
	struct stat st;

	if (faccessat(AT_FDCWD, file, X_OK, 0) < 0 || stat(file, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? -EACCES : 0;
}

/*
 * A name with a slash that does not begin with one: below the working directory, which is entered only later. What is
 * run then is the name as it stands, for a script sees it.
 */
static int check_relative(const struct ringwall_process *p, const char *name)
{
	char path[4096];

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", p->cwd, name) >= sizeof(path))
		return -ENAMETOOLONG;
	return check(path);
}

static int fail(const struct ringwall_process *p, int r, struct ringwall_err *e)
{
	if (r == -ENOENT || r == -ENOTDIR)
		return ringwall_fail_plain(e, r, "exec: \"%s\": stat %s: no such file or directory", p->args.v[0],
					   p->args.v[0]);
	return ringwall_fail(e, r, "exec: \"%s\"", p->args.v[0]);
}

int ringwall_init_find(const struct ringwall_process *p, char *ret, size_t size, struct ringwall_err *e)
{
	const char *name = p->args.v[0], *dir;
	int last = -ENOENT, r;

	if (!*name)
		return ringwall_fail_plain(e, -ENOENT, "process.args[0]: empty: executable file not found in $PATH");
	if (strchr(name, '/')) {
		if ((size_t)snprintf(ret, size, "%s", name) >= size)
			return ringwall_fail(e, -ENAMETOOLONG, "process.args[0]");
		r = name[0] == '/' ? check(name) : check_relative(p, name);
		return r < 0 ? fail(p, r, e) : 0;
	}
	for (dir = env_path(p); dir;) {
		size_t n = strcspn(dir, ":");

		/* What is relative would mean the working directory, as the empty one does to execvp(3): passed over, as in Go. */
		if (dir[0] == '/' && (size_t)snprintf(ret, size, "%.*s/%s", (int)n, dir, name) < size) {
			r = check(ret);
			if (!r)
				return 0;
			if (r == -EACCES)
				last = r;
		}
		dir = dir[n] ? dir + n + 1 : NULL;
	}
	if (last == -EACCES)
		return fail(p, last, e);
	return ringwall_fail_plain(e, -ENOENT, "exec: \"%s\": executable file not found in $PATH", name);
}
