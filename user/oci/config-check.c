// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fields.h"

/* What runc's validator asks of sections together; what a section can say alone is in its table. */

/* About member @key of section @first, or of @first.@second when that is given, or of the document. */
__attribute__((format(printf, 5, 6)))
static int fail_in(struct ringwall_reader *r, const char *first, const char *second, const char *key,
		   const char *fmt, ...)
{
	const char *const way[] = { first, second };
	const struct ringwall_json *v = r->c->json;
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < ARRAY_SIZE(way) && way[i]; i++) {
		ringwall_reader_enter(r, way[i], 0);
		v = ringwall_json_get(v, way[i]) ?: v;
	}
	return ringwall_reader_fail_member(r, v, key, "%s", text);
}

static int uts_check(struct ringwall_reader *r)
{
	const struct ringwall_config *c = r->c;

	if (c->ns[RINGWALL_NS_UTS].set)
		return 0;
	if (c->hostname)
		return fail_in(r, NULL, NULL, "hostname", "needs a uts namespace in linux.namespaces");
	if (c->domainname)
		return fail_in(r, NULL, NULL, "domainname", "needs a uts namespace in linux.namespaces");
	return 0;
}

static int mount_check(struct ringwall_reader *r)
{
	const struct ringwall_config *c = r->c;

	if (c->ns[RINGWALL_NS_MOUNT].set)
		return 0;
	if (c->masked_paths.n)
		return fail_in(r, "linux", NULL, "maskedPaths", "needs a mount namespace in linux.namespaces");
	if (c->readonly_paths.n)
		return fail_in(r, "linux", NULL, "readonlyPaths", "needs a mount namespace in linux.namespaces");
	return 0;
}

/*
 * With a path and mappings both, as containerd and CRI-O write them, runc compares the mappings with those of the
 * namespace: what joins it has to do so, no file is opened here.
 */
static int user_check(struct ringwall_reader *r)
{
	const struct ringwall_config *c = r->c;
	const struct ringwall_namespace *ns = &c->ns[RINGWALL_NS_USER];

	if (!ns->set && (c->uid_mappings.n || c->gid_mappings.n))
		return fail_in(r, "linux", NULL, c->uid_mappings.n ? "uidMappings" : "gidMappings",
			       "needs a user namespace in linux.namespaces");
	if (!ns->set || ns->path)
		return 0;
	if (!c->uid_mappings.n)
		return fail_in(r, "linux", NULL, "uidMappings", "missing: there is a user namespace");
	if (!c->gid_mappings.n)
		return fail_in(r, "linux", NULL, "gidMappings", "missing: there is a user namespace");
	return 0;
}

static int time_check(struct ringwall_reader *r)
{
	const struct ringwall_config *c = r->c;

	if ((c->boottime.has || c->monotonic.has) && !c->ns[RINGWALL_NS_TIME].set)
		return fail_in(r, "linux", NULL, "timeOffsets", "needs a time namespace in linux.namespaces");
	return 0;
}

/* The sysctls that belong to a namespace; a name that ends with a dot stands for all below it. */
static const struct {
	const char *name;
	enum ringwall_ns_type ns;
	const char *instead;
} sysctls[] = {
	{ "kernel.msgmax", RINGWALL_NS_IPC, NULL },
	{ "kernel.msgmnb", RINGWALL_NS_IPC, NULL },
	{ "kernel.msgmni", RINGWALL_NS_IPC, NULL },
	{ "kernel.sem", RINGWALL_NS_IPC, NULL },
	{ "kernel.shmall", RINGWALL_NS_IPC, NULL },
	{ "kernel.shmmax", RINGWALL_NS_IPC, NULL },
	{ "kernel.shmmni", RINGWALL_NS_IPC, NULL },
	{ "kernel.shm_rmid_forced", RINGWALL_NS_IPC, NULL },
	{ "fs.mqueue.", RINGWALL_NS_IPC, NULL },
	{ "net.", RINGWALL_NS_NETWORK, NULL },
	{ "kernel.domainname", RINGWALL_NS_UTS, NULL },
	{ "kernel.hostname", RINGWALL_NS_UTS, "hostname" },
};

/* Where the first separator is a slash, slashes and dots change places: then the table's form is reached. */
static void sysctl_dotted(const char *key, char *buf, size_t size)
{
	size_t first = strcspn(key, "./"), n = strnlen(key, size - 1);

	for (size_t i = 0; i < n; i++) {
		buf[i] = key[i];
		if (key[first] == '/' && (key[i] == '/' || key[i] == '.'))
			buf[i] = key[i] == '/' ? '.' : '/';
	}
	buf[n] = '\0';
}

static int sysctl_check_one(struct ringwall_reader *r, const char *key)
{
	char name[128];

	sysctl_dotted(key, name, sizeof(name));
	for (size_t i = 0; i < ARRAY_SIZE(sysctls); i++) {
		size_t n = strlen(sysctls[i].name);

		if (strncmp(name, sysctls[i].name, n) || (sysctls[i].name[n - 1] != '.' && name[n]))
			continue;
		if (sysctls[i].instead)
			return fail_in(r, "linux", "sysctl", key, "has a field of its own: %s", sysctls[i].instead);
		if (!r->c->ns[sysctls[i].ns].set)
			return fail_in(r, "linux", "sysctl", key,
				       "would change the host: needs a new %s namespace in linux.namespaces",
				       ringwall_namespace_name(sysctls[i].ns));
		return 0;
	}
	return fail_in(r, "linux", "sysctl", key, "would change the host: it belongs to no namespace");
}

static int sysctl_check(struct ringwall_reader *r)
{
	int rc = 0;

	for (size_t i = 0; i < r->c->sysctl.n && !rc; i++)
		rc = sysctl_check_one(r, r->c->sysctl.v[i].key);
	return rc;
}

int ringwall_config_check(struct ringwall_config *c, const char *name, struct ringwall_err *e)
{
	static int (*const checks[])(struct ringwall_reader *r) = {
		uts_check, mount_check, user_check, time_check, sysctl_check,
	};
	struct ringwall_reader r = { .c = c, .name = name, .e = e };
	int rc = 0;

	for (size_t i = 0; i < ARRAY_SIZE(checks) && !rc; i++)
		rc = checks[i](&r);
	return rc;
}
