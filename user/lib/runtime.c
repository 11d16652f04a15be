// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <linux/capability.h>

#include "cleanup.h"
#include "version.h"

#define DEFAULT_ROOT "/run/ringwall"
#define INITIAL_USER_NS 0xEFFFFFFDu /* inode number of the first user namespace, since Linux 3.8; INIT_USER_NS_INO since 6.18 */

const char *ringwall_version(void)
{
	return RINGWALL_VERSION;
}

static bool has_sys_admin(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {};

	return !syscall(SYS_capget, &header, data) && data[0].effective & 1u << CAP_SYS_ADMIN;
}

/* Are we without CAP_SYS_ADMIN over the host? */
static bool find_rootless(void)
{
	struct stat st;

	if (!has_sys_admin())
		return true;
	return !stat("/proc/self/ns/user", &st) && st.st_ino != INITIAL_USER_NS;
}

static char *default_root(bool rootless)
{
	const char *dir = rootless ? getenv("XDG_RUNTIME_DIR") : NULL;
	char *root;

	if (!dir || dir[0] != '/')
		return strdup(DEFAULT_ROOT);
	return asprintf(&root, "%s/ringwall", dir) < 0 ? NULL : root;
}

static char *make_absolute(const char *path)
{
	_cleanup_free_ char *cwd = NULL;
	char *absolute;

	if (path[0] == '/')
		return strdup(path);
	cwd = getcwd(NULL, 0);
	if (!cwd)
		return NULL;
	return asprintf(&absolute, "%s/%s", cwd, path) < 0 ? NULL : absolute;
}

/* Is @path, an absolute one, the root directory, however it is spelled? ("/./run/..") */
static bool is_slash(const char *path)
{
	size_t depth = 0;

	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && !memcmp(path, "..", 2))
			depth -= depth > 0;
		else if (len && !(len == 1 && *path == '.'))
			depth++;
		path += len;
		path += strspn(path, "/");
	}
	return !depth;
}

static int choose_root(struct ringwall *rw, const char *wanted, struct ringwall_err *e)
{
	if (wanted && !*wanted)
		return ringwall_fail_plain(e, -EINVAL, "root: the directory's name is empty");
	rw->root = wanted ? make_absolute(wanted) : default_root(rw->rootless);
	if (!rw->root)
		return ringwall_fail(e, -errno, "root '%s'", wanted ?: "");
	/* Each container's directory is removed with everything in it; nobody means that of "/". */
	if (is_slash(rw->root))
		return ringwall_fail_plain(e, -EINVAL, "root: '%s' cannot be the directory for containers' state", rw->root);
	return 0;
}

static void close_pointer(struct ringwall **rw)
{
	ringwall_close(*rw);
}

int ringwall_options_copy(void *ret, size_t size, const void *options, struct ringwall_err *e)
{
	size_t theirs;

	memcpy(&theirs, options, sizeof(theirs));
	if (theirs < sizeof(theirs))
		return ringwall_fail_plain(e, -EINVAL, "options: size is not set");
	memcpy(ret, options, theirs < size ? theirs : size);
	return 0;
}

int ringwall_open(struct ringwall **ret, const struct ringwall_options *options, struct ringwall_err *e)
{
	_cleanup_(close_pointer) struct ringwall *rw = NULL;
	struct ringwall_options o = { .rootless = -1 };
	int r;

	r = options ? ringwall_options_copy(&o, sizeof(o), options, e) : 0;
	if (r < 0)
		return r;
	if (o.cgroup_manager > RINGWALL_CGROUP_DISABLED)
		return ringwall_fail_plain(e, -EINVAL, "options: no such cgroup manager: %d", (int)o.cgroup_manager);
	rw = calloc(1, sizeof(*rw));
	if (!rw)
		return ringwall_fail(e, -ENOMEM, "runtime");
	rw->rootless = o.rootless < 0 ? find_rootless() : o.rootless;
	rw->cgroup_manager = o.cgroup_manager;
	rw->log = o.log;
	rw->log_data = o.log_data;
	rw->criu = o.criu ?: "criu";
	r = choose_root(rw, o.root, e);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(rw);
	return 0;
}

void ringwall_close(struct ringwall *rw)
{
	if (!rw)
		return;
	free(rw->root);
	free(rw);
}

void ringwall_log(const struct ringwall *rw, enum ringwall_log_level level, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	if (!rw || !rw->log)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	rw->log(rw->log_data, level, text);
}
