// SPDX-License-Identifier: LGPL-2.1-or-later
/* `policy import`: what is asked of the host, and where notes go. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "../oci/config.h"
#include "../policy/import.h"
#include "cleanup.h"
#include "file.h"
#include "ringwall.h"
#include "runtime.h"

#define MAX_TEXT (16u << 20)
#define MAX_NAME 128

static void note(void *data, const char *text)
{
	ringwall_log(data, RINGWALL_LOG_WARNING, "policy import: %s", text);
}

static int caps_read(const char *const *names, uint64_t *ret, struct ringwall_err *e)
{
	uint64_t caps = 0;

	for (; *names; names++) {
		int cap = ringwall_capability_find(*names);

		if (cap < 0)
			return ringwall_fail_plain(e, -EINVAL, "policy import: '%.64s' is not a capability", *names);
		caps |= 1ULL << cap;
	}
	*ret = caps;
	return 0;
}

/* "/etc/docker/seccomp.json" is "seccomp". */
static void name_of_file(const char *path, char ret[MAX_NAME])
{
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	size_t len = strlen(base);

	if (len > 5 && !strcmp(base + len - 5, ".json"))
		len -= 5;
	if (len && strcmp(path, "-"))
		snprintf(ret, MAX_NAME, "%.*s", (int)len, base);
	else
		strcpy(ret, "imported");
}

/* Some rules are for kernels from a version on; this one, since the policy is most likely used here. */
static void kernel_read(unsigned int ret[2])
{
	struct utsname u;

	if (uname(&u) || sscanf(u.release, "%4u.%4u", &ret[0], &ret[1]) != 2)
		ret[0] = ret[1] = 0;
}

int ringwall_policy_import(struct ringwall *rw, const char *path, const struct ringwall_import_options *o, char **ret_json,
			   struct ringwall_err *e)
{
	struct ringwall_import how = { .caps = RINGWALL_IMPORT_CAPS_DEFAULT, .note = note, .data = rw };
	struct ringwall_import_options given = { .name = NULL };
	_cleanup_free_ char *text = NULL;
	char name[MAX_NAME];
	size_t len;
	int err = o ? ringwall_options_copy(&given, sizeof(given), o, e) : 0;

	if (!err && given.caps)
		err = caps_read(given.caps, &how.caps, e);
	if (!err)
		err = ringwall_file_read(path, MAX_TEXT, &text, &len, e);
	if (err < 0)
		return err;
	name_of_file(path, name);
	how.name = given.name ?: name;
	kernel_read(how.kernel);
	return ringwall_import(text, len, strcmp(path, "-") ? path : "standard input", &how, ret_json, e);
}
