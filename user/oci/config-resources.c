// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>

#include "fields.h"

/* The 12 and 20 bits that a device number has in the kernel. */
#define MAX_MAJOR 4095
#define MAX_MINOR 1048575

/* devices --------------------------------------------------------------------------------------------------- */

static int access_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			void *base)
{
	struct ringwall_device_rule *rule = base;
	int rc = ringwall_reader_type(r, v, RINGWALL_JSON_STRING);
	uint8_t access = 0;

	(void)f;
	if (rc)
		return rc;
	for (const char *s = v->str; *s; s++) {
		uint8_t bit = *s == 'r' ? RINGWALL_DEVICE_READ :
			      *s == 'w' ? RINGWALL_DEVICE_WRITE :
			      *s == 'm' ? RINGWALL_DEVICE_MKNOD : 0;

		if (!bit)
			return ringwall_reader_fail(r, v, "must be made of \"r\", \"w\" and \"m\", not \"%.40s\"",
						    v->str);
		access |= bit;
	}
	if (!access)
		return ringwall_reader_fail(r, v, "must not be empty");
	rule->access = access;
	return 0;
}

static const struct ringwall_field device_rule_fields[] = {
	FIELD(struct ringwall_device_rule, allow, "allow", ringwall_field_bool, .required = true),
	FIELD(struct ringwall_device_rule, type, "type", ringwall_field_enum, .more = ringwall_device_rule_type_names),
	FIELD(struct ringwall_device_rule, major, "major", ringwall_field_signed, .min = -1, .max = MAX_MAJOR),
	FIELD(struct ringwall_device_rule, minor, "minor", ringwall_field_signed, .min = -1, .max = MAX_MINOR),
	FIELD(struct ringwall_device_rule, access, "access", access_parse),
};

/* What is not said means all of it (config-linux.md, allowed device list). */
static const struct ringwall_device_rule device_rule_initial = {
	.type = 'a', .major = -1, .minor = -1,
	.access = RINGWALL_DEVICE_READ | RINGWALL_DEVICE_WRITE | RINGWALL_DEVICE_MKNOD,
};

static const struct ringwall_table device_rule_table = {
	.fields = device_rule_fields, .n = ARRAY_SIZE(device_rule_fields),
	.size = sizeof(struct ringwall_device_rule), .initial = &device_rule_initial,
};

/* memory, cpu, pids ----------------------------------------------------------------------------------------- */

#define BYTES(member_, name_) \
	FIELD_OPT(struct ringwall_resources, memory.member_, name_, ringwall_field_signed, .min = -1)

static const struct ringwall_field memory_fields[] = {
	BYTES(limit, "limit"),
	BYTES(reservation, "reservation"),
	BYTES(swap, "swap"),
	BYTES(kernel, "kernel"),
	BYTES(kernel_tcp, "kernelTCP"),
	FIELD_OPT(struct ringwall_resources, memory.swappiness, "swappiness", ringwall_field_unsigned, .max = 100),
	FIELD_OPT(struct ringwall_resources, memory.disable_oom_killer, "disableOOMKiller", ringwall_field_bool),
	FIELD_OPT(struct ringwall_resources, memory.use_hierarchy, "useHierarchy", ringwall_field_bool),
	FIELD_OPT(struct ringwall_resources, memory.check_before_update, "checkBeforeUpdate", ringwall_field_bool),
};

static const struct ringwall_table memory_table = { .fields = memory_fields, .n = ARRAY_SIZE(memory_fields) };

static int cpu_check(struct ringwall_reader *r, const struct ringwall_json *v, void *base)
{
	const struct ringwall_resources *res = base;

	if (res->cpu.burst.has && res->cpu.quota.has && res->cpu.quota.v > 0 &&
	    res->cpu.burst.v > (uint64_t)res->cpu.quota.v)
		return ringwall_reader_fail_member(r, v, "burst", "must not be more than quota");
	return 0;
}

static const struct ringwall_field cpu_fields[] = {
	FIELD_OPT(struct ringwall_resources, cpu.shares, "shares", ringwall_field_unsigned),
	FIELD_OPT(struct ringwall_resources, cpu.quota, "quota", ringwall_field_signed),
	FIELD_OPT(struct ringwall_resources, cpu.burst, "burst", ringwall_field_unsigned),
	FIELD_OPT(struct ringwall_resources, cpu.period, "period", ringwall_field_unsigned),
	FIELD_OPT(struct ringwall_resources, cpu.rt_runtime, "realtimeRuntime", ringwall_field_signed),
	FIELD_OPT(struct ringwall_resources, cpu.rt_period, "realtimePeriod", ringwall_field_unsigned),
	FIELD_OPT(struct ringwall_resources, cpu.idle, "idle", ringwall_field_signed, .max = 1),
	FIELD(struct ringwall_resources, cpu.cpus, "cpus", ringwall_field_line),
	FIELD(struct ringwall_resources, cpu.mems, "mems", ringwall_field_line),
};

static const struct ringwall_table cpu_table = {
	.fields = cpu_fields, .n = ARRAY_SIZE(cpu_fields), .check = cpu_check,
};

static const struct ringwall_field pids_fields[] = {
	FIELD_OPT(struct ringwall_resources, pids_limit, "limit", ringwall_field_signed, .required = true),
};

static const struct ringwall_table pids_table = { .fields = pids_fields, .n = ARRAY_SIZE(pids_fields) };

/* blockIO --------------------------------------------------------------------------------------------------- */

/* blkio of cgroup v1: 10 to 1000; 0 is what Docker writes for "unset". */
static int weight_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			void *base)
{
	const uint16_t *weight = (const uint16_t *)((char *)base + f->offset);
	int rc = ringwall_field_unsigned(r, f, v, base);

	if (!rc && *weight && (*weight < 10 || *weight > 1000))
		return ringwall_reader_fail(r, v, "must be a number from 10 to 1000, or 0 for unset, not %u", *weight);
	return rc;
}

static int weight_check(struct ringwall_reader *r, const struct ringwall_json *v, void *base)
{
	(void)base;
	if (!ringwall_json_get(v, "weight") && !ringwall_json_get(v, "leafWeight"))
		return ringwall_reader_fail_member(r, v, "weight", "missing, and so is leafWeight");
	return 0;
}

static const struct ringwall_field weight_fields[] = {
	FIELD(struct ringwall_blkio_weight, major, "major", ringwall_field_signed, .max = MAX_MAJOR, .required = true),
	FIELD(struct ringwall_blkio_weight, minor, "minor", ringwall_field_signed, .max = MAX_MINOR, .required = true),
	FIELD(struct ringwall_blkio_weight, weight, "weight", weight_parse),
	FIELD(struct ringwall_blkio_weight, leaf_weight, "leafWeight", weight_parse),
};

static const struct ringwall_table weight_table = {
	.fields = weight_fields, .n = ARRAY_SIZE(weight_fields),
	.size = sizeof(struct ringwall_blkio_weight), .check = weight_check,
};

static const struct ringwall_field rate_fields[] = {
	FIELD(struct ringwall_blkio_rate, major, "major", ringwall_field_signed, .max = MAX_MAJOR, .required = true),
	FIELD(struct ringwall_blkio_rate, minor, "minor", ringwall_field_signed, .max = MAX_MINOR, .required = true),
	FIELD(struct ringwall_blkio_rate, rate, "rate", ringwall_field_unsigned, .required = true),
};

static const struct ringwall_table rate_table = {
	.fields = rate_fields, .n = ARRAY_SIZE(rate_fields), .size = sizeof(struct ringwall_blkio_rate),
};

#define THROTTLE(kind_, name_)                                                                \
	FIELD_ARRAY(struct ringwall_resources, block_io.throttle[RINGWALL_BLKIO_##kind_].v,   \
		    block_io.throttle[RINGWALL_BLKIO_##kind_].n, name_, rate_table)

static const struct ringwall_field block_io_fields[] = {
	FIELD(struct ringwall_resources, block_io.weight, "weight", weight_parse),
	FIELD(struct ringwall_resources, block_io.leaf_weight, "leafWeight", weight_parse),
	FIELD_ARRAY(struct ringwall_resources, block_io.weights, block_io.n_weights, "weightDevice", weight_table),
	THROTTLE(READ_BPS, "throttleReadBpsDevice"),
	THROTTLE(WRITE_BPS, "throttleWriteBpsDevice"),
	THROTTLE(READ_IOPS, "throttleReadIOPSDevice"),
	THROTTLE(WRITE_IOPS, "throttleWriteIOPSDevice"),
};

static const struct ringwall_table block_io_table = { .fields = block_io_fields, .n = ARRAY_SIZE(block_io_fields) };

/* hugepageLimits, rdma, network, unified -------------------------------------------------------------------- */

/* It becomes part of a file's name, hugetlb.<size>.max. */
static int page_size_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			   void *base)
{
	int rc = ringwall_field_str(r, f, v, base);
	size_t digits;

	if (rc)
		return rc;
	digits = strspn(v->str, "0123456789");
	if (!digits || v->str[0] == '0' || strlen(v->str + digits) != 2 || !strchr("KMG", v->str[digits]) ||
	    v->str[digits + 1] != 'B')
		return ringwall_reader_fail(r, v, "must be a size such as \"64KB\", \"2MB\" or \"1GB\", not \"%.40s\"",
					    v->str);
	return 0;
}

static const struct ringwall_field hugetlb_fields[] = {
	FIELD(struct ringwall_hugetlb, page_size, "pageSize", page_size_parse, .required = true),
	FIELD(struct ringwall_hugetlb, limit, "limit", ringwall_field_unsigned, .required = true),
};

static const struct ringwall_table hugetlb_table = {
	.fields = hugetlb_fields, .n = ARRAY_SIZE(hugetlb_fields), .size = sizeof(struct ringwall_hugetlb),
};

static int rdma_check(struct ringwall_reader *r, const struct ringwall_json *v, void *base)
{
	const struct ringwall_rdma *rdma = base;

	/* The name is a word of the line that is written to rdma.max. */
	if (!*rdma->name || strpbrk(rdma->name, " \t\n"))
		return ringwall_reader_fail(r, v, "not a device name");
	if (!rdma->handles.has && !rdma->objects.has)
		return ringwall_reader_fail_member(r, v, "hcaHandles", "missing, and so is hcaObjects");
	return 0;
}

static const struct ringwall_field rdma_fields[] = {
	FIELD_OPT(struct ringwall_rdma, handles, "hcaHandles", ringwall_field_unsigned, .max = UINT32_MAX),
	FIELD_OPT(struct ringwall_rdma, objects, "hcaObjects", ringwall_field_unsigned, .max = UINT32_MAX),
};

static const struct ringwall_table rdma_table = {
	.fields = rdma_fields, .n = ARRAY_SIZE(rdma_fields), .size = sizeof(struct ringwall_rdma),
	.key = offsetof(struct ringwall_rdma, name), .check = rdma_check,
};

/* cgroup v2 has no net_prio: what is wrong with an entry is said, but only that there are any is kept. */
struct priority {
	const char *name;
	uint32_t priority;
};

static const struct ringwall_field priority_fields[] = {
	FIELD(struct priority, name, "name", ringwall_field_str, .required = true),
	FIELD(struct priority, priority, "priority", ringwall_field_unsigned, .required = true),
};

static const struct ringwall_table priority_table = {
	.fields = priority_fields, .n = ARRAY_SIZE(priority_fields), .size = sizeof(struct priority),
};

static int priorities_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			    void *base)
{
	struct {
		struct priority *v;
		size_t n;
	} list = { 0 };
	const struct ringwall_field all = { .more = &priority_table, .count = sizeof(list.v) };
	int rc = ringwall_field_array(r, &all, v, &list);

	if (!rc)
		*(bool *)((char *)base + f->offset) = list.n > 0;
	return rc;
}

static const struct ringwall_field network_fields[] = {
	FIELD_OPT(struct ringwall_resources, network.class_id, "classID", ringwall_field_unsigned, .max = UINT32_MAX),
	FIELD(struct ringwall_resources, network.has_priorities, "priorities", priorities_parse),
};

static const struct ringwall_table network_table = { .fields = network_fields, .n = ARRAY_SIZE(network_fields) };

static int unified_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			 void *base)
{
	const struct ringwall_resources *res = base;
	int rc = ringwall_field_pairs(r, f, v, base);

	if (rc)
		return rc;
	for (size_t i = 0; i < res->unified.n; i++) {
		const char *key = res->unified.v[i].key;

		if (strchr(key, '/') || !strcmp(key, ".") || !strcmp(key, ".."))
			return ringwall_reader_fail_member(r, v, key, "not the name of a file in a cgroup");
	}
	return 0;
}

static const struct ringwall_field resources_fields[] = {
	FIELD_ARRAY(struct ringwall_resources, devices, n_devices, "devices", device_rule_table),
	FIELD_GROUP("memory", memory_table),
	FIELD_GROUP("cpu", cpu_table),
	FIELD_GROUP("pids", pids_table),
	FIELD_GROUP("blockIO", block_io_table),
	FIELD_ARRAY(struct ringwall_resources, hugetlb, n_hugetlb, "hugepageLimits", hugetlb_table),
	FIELD_GROUP("network", network_table),
	FIELD(struct ringwall_resources, rdma, "rdma", ringwall_field_map, .more = &rdma_table,
	      .count = offsetof(struct ringwall_resources, n_rdma)),
	FIELD(struct ringwall_resources, unified, "unified", unified_parse),
};

const struct ringwall_table ringwall_resources_table = {
	.fields = resources_fields, .n = ARRAY_SIZE(resources_fields),
};
