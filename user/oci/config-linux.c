// SPDX-License-Identifier: LGPL-2.1-or-later
#include <linux/mempolicy.h>
#include <net/if.h>
#include <string.h>

#include "fields.h"

/* The 12 and 20 bits that a device number has in the kernel. */
#define MAX_MAJOR 4095
#define MAX_MINOR 1048575
#define MAX_NET_DEVICES 1024

/* namespaces ------------------------------------------------------------------------------------------------ */

struct namespace_item {
	int type;
	const char *path;
};

static const struct ringwall_field namespace_fields[] = {
	FIELD(struct namespace_item, type, "type", ringwall_field_enum, .more = ringwall_namespace_names,
	      .required = true),
	FIELD(struct namespace_item, path, "path", ringwall_field_path),
};

static const struct ringwall_table namespace_table = {
	.fields = namespace_fields, .n = ARRAY_SIZE(namespace_fields),
};

static int namespaces_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			    void *base)
{
	struct ringwall_config *c = base;
	int rc = ringwall_reader_type(r, v, RINGWALL_JSON_ARRAY);
	size_t i = 0;

	(void)f;
	if (rc)
		return rc;
	for (const struct ringwall_json *item = v->child; item; item = item->next) {
		struct namespace_item ns = { 0 };

		ringwall_reader_enter(r, NULL, i++);
		rc = ringwall_reader_object(r, &namespace_table, item, &ns);
		if (rc)
			return rc;
		if (c->ns[ns.type].set)
			return ringwall_reader_fail_member(r, item, "type", "\"%s\" is given twice",
							   ringwall_namespace_name(ns.type));
		ringwall_reader_leave(r);
		c->ns[ns.type] = (struct ringwall_namespace){ .set = true, .path = ns.path };
	}
	return 0;
}

/* uidMappings, gidMappings, timeOffsets --------------------------------------------------------------------- */

/* user_namespaces(7): what the kernel would answer with a bare EINVAL on the write to uid_map. */
static int id_map_check(struct ringwall_reader *r, const struct ringwall_json *v, void *base)
{
	const struct ringwall_idmap *m = base;
	uint32_t last = m->size - 1, sum;

	if (!m->size)
		return ringwall_reader_fail_member(r, v, "size", "must not be 0");
	if (__builtin_add_overflow(m->container_id, last, &sum) || __builtin_add_overflow(m->host_id, last, &sum))
		return ringwall_reader_fail_member(r, v, "size", "goes beyond the last ID, 4294967295");
	return 0;
}

static const struct ringwall_field id_map_fields[] = {
	FIELD(struct ringwall_idmap, container_id, "containerID", ringwall_field_unsigned, .required = true),
	FIELD(struct ringwall_idmap, host_id, "hostID", ringwall_field_unsigned, .required = true),
	FIELD(struct ringwall_idmap, size, "size", ringwall_field_unsigned, .required = true),
};

const struct ringwall_table ringwall_id_map_table = {
	.fields = id_map_fields, .n = ARRAY_SIZE(id_map_fields),
	.size = sizeof(struct ringwall_idmap), .check = id_map_check,
};

static const struct ringwall_field offset_fields[] = {
	FIELD(struct ringwall_time_offset, secs, "secs", ringwall_field_signed),
	FIELD(struct ringwall_time_offset, nanosecs, "nanosecs", ringwall_field_unsigned, .max = 999999999),
};

static const struct ringwall_table offset_table = { .fields = offset_fields, .n = ARRAY_SIZE(offset_fields) };

/* A name here is a clock, not a member: one that is not known must not be passed over. */
static int offsets_check(struct ringwall_reader *r, const struct ringwall_json *v, void *base)
{
	(void)base;
	for (const struct ringwall_json *m = v->child; m; m = m->next)
		if (strcmp(m->key, "boottime") && strcmp(m->key, "monotonic"))
			return ringwall_reader_fail_member(r, v, m->key,
							   "not a clock of a time namespace: boottime or monotonic");
	return 0;
}

static const struct ringwall_field offsets_fields[] = {
	FIELD_OBJECT(struct ringwall_config, boottime, "boottime", offset_table,
		     .has = offsetof(struct ringwall_config, boottime.has)),
	FIELD_OBJECT(struct ringwall_config, monotonic, "monotonic", offset_table,
		     .has = offsetof(struct ringwall_config, monotonic.has)),
};

static const struct ringwall_table offsets_table = {
	.fields = offsets_fields, .n = ARRAY_SIZE(offsets_fields), .check = offsets_check,
};

/* devices, netDevices --------------------------------------------------------------------------------------- */

static int device_check(struct ringwall_reader *r, const struct ringwall_json *v, void *base)
{
	struct ringwall_device *d = base;

	/* Docker writes the whole st_mode; the type bits come from type. */
	d->mode &= 07777;
	if (d->type == 'p') {
		d->major = d->minor = 0;
		return 0;
	}
	if (d->major < 0)
		return ringwall_reader_fail_member(r, v, "major", "missing");
	if (d->minor < 0)
		return ringwall_reader_fail_member(r, v, "minor", "missing");
	return 0;
}

static const struct ringwall_field device_fields[] = {
	FIELD(struct ringwall_device, type, "type", ringwall_field_enum, .more = ringwall_device_type_names,
	      .required = true),
	FIELD(struct ringwall_device, path, "path", ringwall_field_path, .required = true),
	FIELD(struct ringwall_device, major, "major", ringwall_field_signed, .max = MAX_MAJOR),
	FIELD(struct ringwall_device, minor, "minor", ringwall_field_signed, .max = MAX_MINOR),
	FIELD(struct ringwall_device, mode, "fileMode", ringwall_field_unsigned,
	      .has = offsetof(struct ringwall_device, has_mode)),
	FIELD(struct ringwall_device, uid, "uid", ringwall_field_unsigned, .max = UINT32_MAX - 1,
	      .has = offsetof(struct ringwall_device, has_uid)),
	FIELD(struct ringwall_device, gid, "gid", ringwall_field_unsigned, .max = UINT32_MAX - 1,
	      .has = offsetof(struct ringwall_device, has_gid)),
};

static const struct ringwall_device device_initial = { .major = -1, .minor = -1 };

static const struct ringwall_table device_table = {
	.fields = device_fields, .n = ARRAY_SIZE(device_fields),
	.size = sizeof(struct ringwall_device), .initial = &device_initial, .check = device_check,
};

/* As the kernel's dev_valid_name(). */
static bool net_name_is_valid(const char *name)
{
	return *name && strlen(name) < IFNAMSIZ && strcmp(name, ".") && strcmp(name, "..") &&
	       !strpbrk(name, "/: \t\n\v\f\r");
}

static int net_device_check(struct ringwall_reader *r, const struct ringwall_json *v, void *base)
{
	const struct ringwall_net_device *d = base;

	if (!net_name_is_valid(d->name))
		return ringwall_reader_fail(r, v, "\"%.40s\" cannot be an interface's name", d->name);
	if (d->container_name && !net_name_is_valid(d->container_name))
		return ringwall_reader_fail_member(r, v, "name", "\"%.40s\" cannot be an interface's name",
						   d->container_name);
	return 0;
}

static const struct ringwall_field net_device_fields[] = {
	FIELD(struct ringwall_net_device, container_name, "name", ringwall_field_str),
};

static const struct ringwall_table net_device_table = {
	.fields = net_device_fields, .n = ARRAY_SIZE(net_device_fields),
	.size = sizeof(struct ringwall_net_device), .key = offsetof(struct ringwall_net_device, name),
	.check = net_device_check,
};

static const char *net_name_inside(const struct ringwall_net_device *d)
{
	return d->container_name ?: d->name;
}

static int net_devices_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			     void *base)
{
	const struct ringwall_config *c = base;
	const struct ringwall_net_device *d;
	int rc;

	if (v->count > MAX_NET_DEVICES)
		return ringwall_reader_fail(r, v, "more than %d devices", MAX_NET_DEVICES);
	rc = ringwall_field_map(r, f, v, base);
	if (rc)
		return rc;
	d = c->net_devices;
	for (size_t i = 0; i < c->n_net_devices; i++)
		for (size_t j = 0; j < i; j++)
			if (!strcmp(net_name_inside(&d[i]), net_name_inside(&d[j])))
				return ringwall_reader_fail_member(r, v, d[i].name,
								   "\"%s\" would be the name of two devices",
								   net_name_inside(&d[i]));
	return 0;
}

/* sysctl ---------------------------------------------------------------------------------------------------- */

/*
 * Either separator may be the first, and then stands between components while the other is part of them
 * (sysctl.d(5)): both "net.ipv4.conf.eno2/100.rp_filter" and its mirror image name one file. No component may be
 * empty, "." or "..": config-check.c looks only at the start of the name.
 */
static bool sysctl_is_valid(const char *key)
{
	const char *separator = strpbrk(key, "./");
	char other;

	if (!separator)
		return false;
	other = *separator == '.' ? '/' : '.';
	for (;;) {
		size_t n = strcspn(key, (char[]){ *separator, '\0' });

		if (!n || (n <= 2 && key[0] == other && key[n - 1] == other))
			return false;
		if (!key[n])
			return true;
		key += n + 1;
	}
}

static int sysctl_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			void *base)
{
	const struct ringwall_config *c = base;
	int rc = ringwall_field_pairs(r, f, v, base);

	if (rc)
		return rc;
	for (size_t i = 0; i < c->sysctl.n; i++)
		if (!sysctl_is_valid(c->sysctl.v[i].key))
			return ringwall_reader_fail_member(r, v, c->sysctl.v[i].key, "not the name of a sysctl");
	return 0;
}

/* intelRdt, memoryPolicy, personality ----------------------------------------------------------------------- */

static int rdt_check(struct ringwall_reader *r, const struct ringwall_json *v, void *base)
{
	const struct ringwall_intel_rdt *rdt = base;

	/* A directory of the resctrl file system, or "/" for its root. */
	if (rdt->clos_id && strcmp(rdt->clos_id, "/") && (strchr(rdt->clos_id, '/') || !strcmp(rdt->clos_id, ".") || !strcmp(rdt->clos_id, "..")))
		return ringwall_reader_fail_member(r, v, "closID", "\"%.80s\" cannot be a directory's name",
						   rdt->clos_id);
	if (rdt->mem_bw_schema && strncmp(rdt->mem_bw_schema, "MB:", 3))
		return ringwall_reader_fail_member(r, v, "memBwSchema", "must start with \"MB:\"");
	for (size_t i = 0; i < rdt->schemata.n; i++)
		if (strchr(rdt->schemata.v[i], '\n'))
			return ringwall_reader_fail_member(r, v, "schemata", "element %zu contains a newline", i);
	return 0;
}

static const struct ringwall_field rdt_fields[] = {
	FIELD(struct ringwall_intel_rdt, clos_id, "closID", ringwall_field_line),
	FIELD(struct ringwall_intel_rdt, schemata, "schemata", ringwall_field_strv),
	/* May have lines: "if l3CacheSchema contains a line beginning with MB:" (config-linux.md). */
	FIELD(struct ringwall_intel_rdt, l3_cache_schema, "l3CacheSchema", ringwall_field_str),
	FIELD(struct ringwall_intel_rdt, mem_bw_schema, "memBwSchema", ringwall_field_line),
	FIELD(struct ringwall_intel_rdt, enable_monitoring, "enableMonitoring", ringwall_field_bool),
};

static const struct ringwall_table rdt_table = {
	.fields = rdt_fields, .n = ARRAY_SIZE(rdt_fields), .check = rdt_check,
};

/* set_mempolicy(2): combinations for which the kernel has only EINVAL. */
static int memory_policy_check(struct ringwall_reader *r, const struct ringwall_json *v, void *base)
{
	const struct ringwall_memory_policy *m = base;
	bool nodeless = m->mode == MPOL_DEFAULT || m->mode == MPOL_LOCAL;
	const uint32_t exclusive = MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES;

	if (nodeless && m->nodes)
		return ringwall_reader_fail_member(r, v, "nodes", "MPOL_DEFAULT and MPOL_LOCAL have none");
	if (!nodeless && m->mode != MPOL_PREFERRED && !m->nodes)
		return ringwall_reader_fail_member(r, v, "nodes", "missing");
	if ((m->flags & exclusive) == exclusive)
		return ringwall_reader_fail_member(r, v, "flags",
						   "MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other");
	return 0;
}

static const struct ringwall_field memory_policy_fields[] = {
	FIELD(struct ringwall_memory_policy, mode, "mode", ringwall_field_enum, .more = ringwall_memory_mode_names,
	      .required = true),
	FIELD(struct ringwall_memory_policy, nodes, "nodes", ringwall_field_list),
	FIELD(struct ringwall_memory_policy, flags, "flags", ringwall_field_flags, .more = ringwall_memory_flag_names),
};

static const struct ringwall_table memory_policy_table = {
	.fields = memory_policy_fields, .n = ARRAY_SIZE(memory_policy_fields), .check = memory_policy_check,
};

/* "Currently no flag values are supported" (config-linux.md, personality). */
static int personality_check(struct ringwall_reader *r, const struct ringwall_json *v, void *base)
{
	const struct ringwall_json *flags = ringwall_json_get(v, "flags");

	(void)base;
	if (flags && flags->count)
		return ringwall_reader_unsupported(r, v, "flags", "the specification has no flags yet");
	return 0;
}

static const struct ringwall_field personality_fields[] = {
	FIELD(struct ringwall_config, personality, "domain", ringwall_field_enum, .more = ringwall_personality_names,
	      .required = true),
};

static const struct ringwall_table personality_table = {
	.fields = personality_fields, .n = ARRAY_SIZE(personality_fields), .check = personality_check,
};

/* linux ----------------------------------------------------------------------------------------------------- */

static const struct ringwall_field linux_fields[] = {
	FIELD(struct ringwall_config, ns, "namespaces", namespaces_parse),
	FIELD_ARRAY(struct ringwall_config, uid_mappings.v, uid_mappings.n, "uidMappings", ringwall_id_map_table),
	FIELD_ARRAY(struct ringwall_config, gid_mappings.v, gid_mappings.n, "gidMappings", ringwall_id_map_table),
	FIELD_GROUP("timeOffsets", offsets_table),
	FIELD_ARRAY(struct ringwall_config, devices, n_devices, "devices", device_table),
	FIELD(struct ringwall_config, net_devices, "netDevices", net_devices_parse, .more = &net_device_table,
	      .count = offsetof(struct ringwall_config, n_net_devices)),
	FIELD(struct ringwall_config, cgroups_path, "cgroupsPath", ringwall_field_line),
	FIELD_OBJECT(struct ringwall_config, resources, "resources", ringwall_resources_table,
		     .has = offsetof(struct ringwall_config, resources.set)),
	FIELD(struct ringwall_config, rootfs_propagation, "rootfsPropagation", ringwall_field_enum,
	      .more = ringwall_propagation_names),
	FIELD(struct ringwall_config, seccomp, "seccomp", ringwall_field_seccomp),
	FIELD(struct ringwall_config, sysctl, "sysctl", sysctl_parse),
	FIELD(struct ringwall_config, masked_paths, "maskedPaths", ringwall_field_paths),
	FIELD(struct ringwall_config, readonly_paths, "readonlyPaths", ringwall_field_paths),
	FIELD(struct ringwall_config, mount_label, "mountLabel", ringwall_field_line),
	FIELD_OBJECT(struct ringwall_config, intel_rdt, "intelRdt", rdt_table,
		     .has = offsetof(struct ringwall_config, intel_rdt.set)),
	FIELD_OBJECT(struct ringwall_config, memory_policy, "memoryPolicy", memory_policy_table,
		     .has = offsetof(struct ringwall_config, memory_policy.set)),
	{ .name = "personality", .parse = ringwall_field_object, .more = &personality_table,
	  .has = offsetof(struct ringwall_config, has_personality) },
};

const struct ringwall_table ringwall_linux_table = { .fields = linux_fields, .n = ARRAY_SIZE(linux_fields) };
