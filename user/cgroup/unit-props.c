// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Properties of a scope (systemd.resource-control(5)): systemd owns the cgroup and would undo what is only written to
 * its files at the next daemon-reload, so it is told every limit that it has a name for.
 */
#include <inttypes.h>
#include <string.h>

#include "unit-props.h"

#define ANNOTATION "org.systemd.property."

static void put_name(struct ringwall_dbus_out *o, const char *name, const char *type)
{
	ringwall_dbus_put_align(o, 8);
	ringwall_dbus_put_str(o, name);
	ringwall_dbus_put_sig(o, type);
}

void ringwall_unit_put_str(struct ringwall_dbus_out *o, const char *name, const char *value)
{
	put_name(o, name, "s");
	ringwall_dbus_put_str(o, value);
}

void ringwall_unit_put_bool(struct ringwall_dbus_out *o, const char *name, bool value)
{
	put_name(o, name, "b");
	ringwall_dbus_put_u32(o, value);
}

static void put_u64(struct ringwall_dbus_out *o, const char *name, uint64_t value)
{
	put_name(o, name, "t");
	ringwall_dbus_put_u64(o, value);
}

void ringwall_unit_put_pids(struct ringwall_dbus_out *o, pid_t pid)
{
	size_t array;

	put_name(o, "PIDs", "au");
	array = ringwall_dbus_put_array(o, 4);
	ringwall_dbus_put_u32(o, (uint32_t)pid);
	ringwall_dbus_put_end(o, array, 4);
}

static int put_cpus(struct ringwall_dbus_out *o, const char *name, const char *list, const char *field,
		    struct ringwall_err *e)
{
	uint8_t bits[1024];
	size_t n, array;
	int r;

	if (!list || !*list)
		return 0;
	r = ringwall_convert_cpus(list, bits, sizeof(bits), &n);
	if (r < 0)
		return ringwall_fail(e, r, "%s: '%s' is not a list of numbers and ranges", field, list);
	put_name(o, name, "ay");
	array = ringwall_dbus_put_array(o, 1);
	ringwall_dbus_put_bytes(o, bits, n);
	ringwall_dbus_put_end(o, array, 1);
	return 0;
}

static void put_cpu_max(struct ringwall_dbus_out *o, int64_t quota, uint64_t period, bool plain)
{
	/* Since systemd 242. */
	if (period && !plain)
		put_u64(o, "CPUQuotaPeriodUSec", period);
	put_u64(o, "CPUQuotaPerSecUSec", ringwall_convert_quota(quota, period));
}

static int put_cpu(struct ringwall_dbus_out *o, const struct ringwall_resources *r, bool plain, struct ringwall_err *e)
{
	int ret;

	/* systemd's word for cpu.idle, since 252. */
	if (r->cpu.idle.has && r->cpu.idle.v == 1) {
		if (!plain)
			put_u64(o, "CPUWeight", 0);
	} else if (r->cpu.shares.has && r->cpu.shares.v) {
		put_u64(o, "CPUWeight", ringwall_convert_shares(r->cpu.shares.v));
	}
	if ((r->cpu.quota.has && r->cpu.quota.v) || (r->cpu.period.has && r->cpu.period.v))
		put_cpu_max(o, r->cpu.quota.has ? r->cpu.quota.v : -1, r->cpu.period.has ? r->cpu.period.v : 0, plain);
	/* Since systemd 244. */
	if (plain)
		return 0;
	ret = put_cpus(o, "AllowedCPUs", r->cpu.cpus, "linux.resources.cpu.cpus", e);
	return ret < 0 ? ret : put_cpus(o, "AllowedMemoryNodes", r->cpu.mems, "linux.resources.cpu.mems", e);
}

/* linux.resources.unified: files that are properties too. A value that is not understood is left to the file. */
static const struct {
	const char *file, *property;
} unified[] = {
	{ "cpu.weight", "CPUWeight" }, { "memory.high", "MemoryHigh" }, { "memory.low", "MemoryLow" },
	{ "memory.max", "MemoryMax" }, { "memory.min", "MemoryMin" },	{ "memory.swap.max", "MemorySwapMax" },
	{ "pids.max", "TasksMax" },
};

static bool parse_limit(const char *text, uint64_t *ret)
{
	unsigned long long v;
	int n = 0;

	text += strspn(text, " \t");
	if (!strncmp(text, "max", 3) && !text[3 + strspn(text + 3, " \n")]) {
		*ret = UINT64_MAX;
		return true;
	}
	if (*text < '0' || *text > '9' || sscanf(text, "%llu %n", &v, &n) != 1 || text[n])
		return false;
	*ret = v;
	return true;
}

static void put_unified(struct ringwall_dbus_out *o, const char *key, const char *value, bool plain)
{
	unsigned long long quota, period = 0;
	uint64_t v;

	for (size_t i = 0; i < ARRAY_SIZE(unified); i++)
		if (!strcmp(key, unified[i].file) && parse_limit(value, &v))
			put_u64(o, unified[i].property, v);
	if (!strcmp(key, "cpu.max")) {
		if (sscanf(value, "max %llu", &period) == 1 || !strncmp(value, "max", 3))
			put_cpu_max(o, -1, period, plain);
		else if (sscanf(value, "%llu %llu", &quota, &period) >= 1 && quota <= INT64_MAX)
			put_cpu_max(o, (int64_t)quota, period, plain);
	}
	if (plain)
		return;
	if (!strcmp(key, "cpu.idle") && parse_limit(value, &v) && v == 1)
		put_u64(o, "CPUWeight", 0);
	if (!strcmp(key, "cpuset.cpus"))
		(void)put_cpus(o, "AllowedCPUs", value, key, NULL);
	if (!strcmp(key, "cpuset.mems"))
		(void)put_cpus(o, "AllowedMemoryNodes", value, key, NULL);
}

int ringwall_unit_put_resources(struct ringwall_dbus_out *o, const struct ringwall_cgroup *cg,
				const struct ringwall_resources *r, bool plain, struct ringwall_err *e)
{
	bool set;
	int64_t swap;
	int ret;

	/* -1 is systemd's infinity as it is the kernel's max. */
	if (r->memory.limit.has && r->memory.limit.v)
		put_u64(o, "MemoryMax", (uint64_t)r->memory.limit.v);
	if (r->memory.reservation.has && r->memory.reservation.v)
		put_u64(o, "MemoryLow", (uint64_t)r->memory.reservation.v);
	ret = ringwall_resources_swap(cg, r, &set, &swap, e);
	if (ret < 0)
		return ret;
	if (set)
		put_u64(o, "MemorySwapMax", (uint64_t)swap);
	if (r->pids_limit.has)
		put_u64(o, "TasksMax", r->pids_limit.v > 0 ? (uint64_t)r->pids_limit.v : UINT64_MAX);
	if (r->block_io.weight)
		put_u64(o, "IOWeight", ringwall_convert_blkio(r->block_io.weight));
	ret = put_cpu(o, r, plain, e);
	for (size_t i = 0; i < r->unified.n; i++)
		put_unified(o, r->unified.v[i].key, r->unified.v[i].value, plain);
	return ret;
}

void ringwall_unit_put_oom_policy(struct ringwall_dbus_out *o, const struct ringwall_resources *r)
{
	uint64_t v;

	/* Can only be said when the scope starts. */
	for (size_t i = 0; i < r->unified.n; i++)
		if (!strcmp(r->unified.v[i].key, "memory.oom.group") && parse_limit(r->unified.v[i].value, &v) &&
		    v <= 1)
			ringwall_unit_put_str(o, "OOMPolicy", v ? "kill" : "continue");
}

/* "TimeoutStopSec" is sent as "TimeoutStopUSec", by which name systemd's bus interface goes. */
static bool is_seconds(const char *name, size_t n)
{
	return n > 3 && !memcmp(name + n - 3, "Sec", 3) && name[n - 4] >= 'a' && name[n - 4] <= 'z';
}

static int put_annotation(struct ringwall_dbus_out *o, const char *key, const char *value, struct ringwall_err *e)
{
	const char *name = key + strlen(ANNOTATION);
	size_t n = strlen(name);
	char usec[128];
	int r;

	if (n < 3 || n > 100 || name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")])
		return ringwall_fail_plain(e, -EINVAL, "annotations.'%s': not the name of a property", key);
	ringwall_dbus_put_align(o, 8);
	if (is_seconds(name, n)) {
		snprintf(usec, sizeof(usec), "%.*sUSec", (int)n - 3, name);
		ringwall_dbus_put_str(o, usec);
	} else {
		ringwall_dbus_put_str(o, name);
	}
	r = ringwall_gvariant_put(o, value, is_seconds(name, n), e);
	return r < 0 ? ringwall_err_prepend(e, "annotations.'%s'", key) : 0;
}

int ringwall_unit_put_annotations(struct ringwall_dbus_out *o, const struct ringwall_pairs *annotations,
				  struct ringwall_err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < annotations->n; i++)
		if (!strncmp(annotations->v[i].key, ANNOTATION, strlen(ANNOTATION)))
			r = put_annotation(o, annotations->v[i].key, annotations->v[i].value, e);
	return r;
}
