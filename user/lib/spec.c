// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../oci/config.h"
#include "cleanup.h"
#include "json.h"
#include "ringwall.h"

/*
 * The configuration that `runc spec` writes, because that is what people's scripts edit. Lists end with NULL. Rootless
 * leaves out what a user cannot have: a network namespace without anyone to connect it, sysfs (which needs that
 * namespace), the tty group, resource limits.
 */

static const char *const args[] = { "sh", NULL };
static const char *const env[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"TERM=xterm",
	NULL,
};
static const char *const caps[] = { "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE", NULL };
/* Inheritable and ambient stay empty: a program without file capabilities gains nothing by exec. */
static const char *const cap_sets[] = { "bounding", "effective", "permitted", NULL };

enum who {
	EVERYONE,
	ROOT,
	ROOTLESS,
};

static const struct mount {
	enum who who;
	const char *destination, *type, *source, *options[8];
} mounts[] = {
	{ EVERYONE, "/proc", "proc", "proc", { NULL } },
	{ EVERYONE, "/dev", "tmpfs", "tmpfs", { "nosuid", "strictatime", "mode=755", "size=65536k" } },
	{ ROOT, "/dev/pts", "devpts", "devpts",
	  { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5" } },
	{ ROOTLESS, "/dev/pts", "devpts", "devpts", { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620" } },
	{ EVERYONE, "/dev/shm", "tmpfs", "shm", { "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" } },
	{ EVERYONE, "/dev/mqueue", "mqueue", "mqueue", { "nosuid", "noexec", "nodev" } },
	{ ROOT, "/sys", "sysfs", "sysfs", { "nosuid", "noexec", "nodev", "ro" } },
	{ ROOTLESS, "/sys", "none", "/sys", { "rbind", "nosuid", "noexec", "nodev", "ro" } },
	{ EVERYONE, "/sys/fs/cgroup", "cgroup", "cgroup", { "nosuid", "noexec", "nodev", "relatime", "ro" } },
};

static const struct {
	enum who who;
	enum ringwall_ns_type type;
} namespaces[] = {
	{ EVERYONE, RINGWALL_NS_PID },	 { ROOT, RINGWALL_NS_NETWORK },	   { EVERYONE, RINGWALL_NS_IPC },
	{ EVERYONE, RINGWALL_NS_UTS },	 { EVERYONE, RINGWALL_NS_MOUNT }, { EVERYONE, RINGWALL_NS_CGROUP },
	{ ROOTLESS, RINGWALL_NS_USER },
};

static const char *const masked_paths[] = {
	"/proc/acpi",	    "/proc/asound",	 "/proc/kcore",	      "/proc/keys",	"/proc/latency_stats",
	"/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi",
	"/sys/devices/virtual/tpm", NULL,
};
static const char *const readonly_paths[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL,
};

static bool concerns(enum who who, bool rootless)
{
	return who == EVERYONE || (who == ROOTLESS) == rootless;
}

static void put_list(struct ringwall_json_out *o, const char *key, const char *const *list)
{
	ringwall_json_out_array(o, key);
	for (; *list; list++)
		ringwall_json_out_str(o, NULL, *list);
	ringwall_json_out_end(o, ']');
}

static void put_process(struct ringwall_json_out *o)
{
	ringwall_json_out_object(o, "process");
	ringwall_json_out_bool(o, "terminal", true);
	ringwall_json_out_object(o, "user");
	ringwall_json_out_u64(o, "uid", 0);
	ringwall_json_out_u64(o, "gid", 0);
	ringwall_json_out_end(o, '}');
	put_list(o, "args", args);
	put_list(o, "env", env);
	ringwall_json_out_str(o, "cwd", "/");
	ringwall_json_out_object(o, "capabilities");
	for (const char *const *set = cap_sets; *set; set++)
		put_list(o, *set, caps);
	ringwall_json_out_end(o, '}');
	ringwall_json_out_array(o, "rlimits");
	ringwall_json_out_object(o, NULL);
	ringwall_json_out_str(o, "type", "RLIMIT_NOFILE");
	ringwall_json_out_u64(o, "hard", 1024);
	ringwall_json_out_u64(o, "soft", 1024);
	ringwall_json_out_end(o, '}');
	ringwall_json_out_end(o, ']');
	ringwall_json_out_bool(o, "noNewPrivileges", true);
	ringwall_json_out_end(o, '}');
}

static void put_mounts(struct ringwall_json_out *o, bool rootless)
{
	ringwall_json_out_array(o, "mounts");
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		const struct mount *m = &mounts[i];

		if (!concerns(m->who, rootless))
			continue;
		ringwall_json_out_object(o, NULL);
		ringwall_json_out_str(o, "destination", m->destination);
		ringwall_json_out_str(o, "type", m->type);
		ringwall_json_out_str(o, "source", m->source);
		if (m->options[0])
			put_list(o, "options", m->options);
		ringwall_json_out_end(o, '}');
	}
	ringwall_json_out_end(o, ']');
}

/* Root in the container is the one who asks. */
static void put_mapping(struct ringwall_json_out *o, const char *key, uint32_t id)
{
	ringwall_json_out_array(o, key);
	ringwall_json_out_object(o, NULL);
	ringwall_json_out_u64(o, "containerID", 0);
	ringwall_json_out_u64(o, "hostID", id);
	ringwall_json_out_u64(o, "size", 1);
	ringwall_json_out_end(o, '}');
	ringwall_json_out_end(o, ']');
}

static void put_resources(struct ringwall_json_out *o)
{
	ringwall_json_out_object(o, "resources");
	ringwall_json_out_array(o, "devices");
	ringwall_json_out_object(o, NULL);
	ringwall_json_out_bool(o, "allow", false);
	ringwall_json_out_str(o, "access", "rwm");
	ringwall_json_out_end(o, '}');
	ringwall_json_out_end(o, ']');
	ringwall_json_out_end(o, '}');
}

static void put_linux(struct ringwall_json_out *o, bool rootless)
{
	ringwall_json_out_object(o, "linux");
	if (rootless) {
		put_mapping(o, "uidMappings", geteuid());
		put_mapping(o, "gidMappings", getegid());
	} else {
		put_resources(o);
	}
	ringwall_json_out_array(o, "namespaces");
	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
		if (!concerns(namespaces[i].who, rootless))
			continue;
		ringwall_json_out_object(o, NULL);
		ringwall_json_out_str(o, "type", ringwall_namespace_name(namespaces[i].type));
		ringwall_json_out_end(o, '}');
	}
	ringwall_json_out_end(o, ']');
	put_list(o, "maskedPaths", masked_paths);
	put_list(o, "readonlyPaths", readonly_paths);
	ringwall_json_out_end(o, '}');
}

int ringwall_spec(bool rootless, char **ret_json, struct ringwall_err *e)
{
	struct ringwall_json_out o = { .indent = 2 };
	char *json;

	ringwall_json_out_object(&o, NULL);
	ringwall_json_out_str(&o, "ociVersion", RINGWALL_OCI_VERSION);
	put_process(&o);
	ringwall_json_out_object(&o, "root");
	ringwall_json_out_str(&o, "path", "rootfs");
	ringwall_json_out_bool(&o, "readonly", true);
	ringwall_json_out_end(&o, '}');
	ringwall_json_out_str(&o, "hostname", "ringwall");
	put_mounts(&o, rootless);
	put_linux(&o, rootless);
	ringwall_json_out_end(&o, '}');
	json = ringwall_json_out_take(&o, NULL);
	if (!json)
		return ringwall_fail(e, -ENOMEM, "spec");
	*ret_json = json;
	return 0;
}
