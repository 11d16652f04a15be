// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../mount/options.h"
#include "../oci/config.h"
#include "../oci/names.h"
#include "../policy/doctor.h"
#include "cleanup.h"
#include "json.h"
#include "ringwall.h"
#include "version.h"

/*
 * features.md: what the runtime knows, whether or not this host has it. The lists come from the tables that parse
 * config.json, so that the document and the parser cannot disagree.
 */

static void put_names(struct ringwall_json_out *o, const char *key, const struct ringwall_word *names)
{
	ringwall_json_out_array(o, key);
	for (; names->name; names++)
		ringwall_json_out_str(o, NULL, names->name);
	ringwall_json_out_end(o, ']');
}

/* An object with nothing in it but "enabled": true. */
static void put_enabled(struct ringwall_json_out *o, const char *key)
{
	ringwall_json_out_object(o, key);
	ringwall_json_out_bool(o, "enabled", true);
	ringwall_json_out_end(o, '}');
}

static void put_hooks(struct ringwall_json_out *o)
{
	ringwall_json_out_array(o, "hooks");
	for (enum ringwall_hook_kind i = 0; i < RINGWALL_HOOK_COUNT; i++)
		ringwall_json_out_str(o, NULL, ringwall_hook_name(i));
	ringwall_json_out_end(o, ']');
}

static void put_mount_options(struct ringwall_json_out *o)
{
	ringwall_json_out_array(o, "mountOptions");
	for (const struct ringwall_mount_option *m = ringwall_mount_options; m->name; m++)
		ringwall_json_out_str(o, NULL, m->name);
	ringwall_json_out_end(o, ']');
}

/* Annotations of config.json that change what the runtime does; one that ends with a dot is the beginning of a name. */
static void put_unsafe_annotations(struct ringwall_json_out *o)
{
	static const char *const names[] = { "org.criu.config", "org.ringwall.policy", "org.systemd.property." };

	ringwall_json_out_array(o, "potentiallyUnsafeConfigAnnotations");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		ringwall_json_out_str(o, NULL, names[i]);
	ringwall_json_out_end(o, ']');
}

static void put_capabilities(struct ringwall_json_out *o)
{
	ringwall_json_out_array(o, "capabilities");
	for (unsigned int i = 0; ringwall_capability_name(i); i++)
		ringwall_json_out_str(o, NULL, ringwall_capability_name(i));
	ringwall_json_out_end(o, ']');
}

static void put_cgroup(struct ringwall_json_out *o)
{
	ringwall_json_out_object(o, "cgroup");
	ringwall_json_out_bool(o, "v1", false);
	ringwall_json_out_bool(o, "v2", true);
	ringwall_json_out_bool(o, "systemd", true);
	ringwall_json_out_bool(o, "systemdUser", true);
	ringwall_json_out_bool(o, "rdma", true);
	ringwall_json_out_end(o, '}');
}

/* With a flag that it knows the kernel goes on to look at the program, and NULL is none (seccomp(2), EFAULT). */
static bool kernel_has_flag(unsigned int flag)
{
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flag, NULL) < 0 && errno == EFAULT;
}

static void put_seccomp(struct ringwall_json_out *o)
{
	ringwall_json_out_object(o, "seccomp");
	ringwall_json_out_bool(o, "enabled", true);
	put_names(o, "actions", ringwall_seccomp_action_names);
	put_names(o, "operators", ringwall_seccomp_operator_names);
	put_names(o, "archs", ringwall_seccomp_arch_names);
	put_names(o, "knownFlags", ringwall_seccomp_flag_names);
	ringwall_json_out_array(o, "supportedFlags");
	for (const struct ringwall_word *f = ringwall_seccomp_flag_names; f->name; f++)
		if (kernel_has_flag((unsigned int)f->value))
			ringwall_json_out_str(o, NULL, f->name);
	ringwall_json_out_end(o, ']');
	ringwall_json_out_end(o, '}');
}

static void put_linux(struct ringwall_json_out *o)
{
	ringwall_json_out_object(o, "linux");
	put_names(o, "namespaces", ringwall_namespace_names);
	put_capabilities(o);
	put_cgroup(o);
	put_seccomp(o);
	put_enabled(o, "apparmor");
	put_enabled(o, "selinux");
	ringwall_json_out_object(o, "intelRdt");
	ringwall_json_out_bool(o, "enabled", true);
	ringwall_json_out_bool(o, "schemata", true);
	ringwall_json_out_bool(o, "monitoring", true);
	ringwall_json_out_end(o, '}');
	ringwall_json_out_object(o, "memoryPolicy");
	put_names(o, "modes", ringwall_memory_mode_names);
	put_names(o, "flags", ringwall_memory_flag_names);
	ringwall_json_out_end(o, '}');
	ringwall_json_out_object(o, "mountExtensions");
	put_enabled(o, "idmap");
	ringwall_json_out_end(o, '}');
	put_enabled(o, "netDevices");
	ringwall_json_out_end(o, '}');
}

static void put_annotations(struct ringwall_json_out *o)
{
	const struct scmp_version *v = seccomp_version();
	char seccomp[48] = "", policy[64];

	if (v)
		snprintf(seccomp, sizeof(seccomp), "%u.%u.%u", v->major, v->minor, v->micro);
	ringwall_json_out_object(o, "annotations");
	for (enum ringwall_load i = 0; i < RINGWALL_LOADS; i++) {
		snprintf(policy, sizeof(policy), "org.ringwall.policy.%s", ringwall_load_name(i));
		ringwall_json_out_str(o, policy, ringwall_backing_name(ringwall_backing(i)));
	}
	ringwall_json_out_str(o, "io.github.seccomp.libseccomp.version", seccomp);
	ringwall_json_out_str(o, "org.ringwall.commit", RINGWALL_COMMIT);
	ringwall_json_out_str(o, "org.ringwall.version", ringwall_version());
	ringwall_json_out_end(o, '}');
}

int ringwall_features(struct ringwall *rw, char **ret_json, struct ringwall_err *e)
{
	struct ringwall_json_out o = { .indent = 2 };
	char *json;

	(void)rw; /* nothing in the document depends on the instance so far */
	ringwall_json_out_object(&o, NULL);
	ringwall_json_out_str(&o, "ociVersionMin", "1.0.0");
	ringwall_json_out_str(&o, "ociVersionMax", RINGWALL_OCI_VERSION);
	put_hooks(&o);
	put_mount_options(&o);
	put_linux(&o);
	put_annotations(&o);
	put_unsafe_annotations(&o);
	ringwall_json_out_end(&o, '}');
	json = ringwall_json_out_take(&o, NULL);
	if (!json)
		return ringwall_fail(e, -ENOMEM, "features");
	*ret_json = json;
	return 0;
}
