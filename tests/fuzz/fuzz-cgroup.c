// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Text about cgroups, from config.json (paths, unit names, lists of CPUs) and from the kernel (mountinfo, /proc/PID/cgroup,
 * control files). A path that is accepted stays below where it belongs.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "../../user/cgroup/internal.h"
#include "runner.h"

/* "" or "/a/b": nothing in it that climbs. */
static void check_clean(const char *path)
{
	MUST(!*path || *path == '/');
	for (const char *p = path; *p; p += strcspn(p, "/")) {
		size_t n = strcspn(++p, "/");

		MUST(n && !(n == 1 && p[0] == '.') && !(n == 2 && p[0] == '.' && p[1] == '.'));
	}
}

static void paths(const char *text)
{
	static const char own[] = "/user.slice/session";
	char path[256];

	if (!ringwall_cgroup_path_clean(text, path, sizeof(path)))
		check_clean(path);
	if (!ringwall_cgroup_path_fs(text, own, "id", path, sizeof(path))) {
		check_clean(path);
		MUST(*text == '/' || !strncmp(path, "/user.slice", 11));
	}
	if (!ringwall_cgroup_path_fs(NULL, text, "id", path, sizeof(path))) {
		check_clean(path);
		MUST(strlen(path) >= 3 && !strcmp(path + strlen(path) - 3, "/id"));
	}
	if (!ringwall_cgroup_slice_expand(text, path, sizeof(path)))
		MUST(strlen(path) < sizeof(path));
}

static void units(const char *text)
{
	struct ringwall_cgroup_unit u;
	struct ringwall_err e = { 0 };
	int r = ringwall_cgroup_unit_parse(text, "id", false, &u, &e);

	if (r)
		MUST(r == -EINVAL && e.code == r && !strncmp(e.text, "linux.cgroupsPath", 17));
	else
		MUST(!strchr(u.name, '/') && !strchr(u.slice, '/') && strstr(u.name, ".scope") && strstr(u.slice, ".slice"));
}

static void kernel(const char *text)
{
	uint64_t n;
	char path[256];

	if (!ringwall_cgroup_mountinfo(text, path, sizeof(path)))
		MUST(strlen(path) < sizeof(path));
	if (!ringwall_cgroup_path_own(text, path, sizeof(path)))
		MUST(*path == '/' && !strchr(path, '\n'));
	(void)ringwall_cgroup_number(text, &n);
	(void)ringwall_cgroup_key(text, "populated", &n);
	(void)ringwall_controller_mask(text);
}

static void cpus(const char *text)
{
	uint8_t mask[32];
	size_t len;

	if (!ringwall_convert_cpus(text, mask, sizeof(mask), &len))
		MUST(len && len <= sizeof(mask) && mask[len - 1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	MUST(text);
	memcpy(text, data, size);
	text[size] = '\0';
	paths(text);
	units(text);
	kernel(text);
	cpus(text);
	free(text);
	return 0;
}
