// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/lib/cleanup.h"
#include "../../user/lib/region.h"
#include "../../user/oci/fields.h"

/* tests/run starts every test in the root of the tree. */
#define FULL "tests/data/oci/full.json"
#define SPEC_TESTS "tests/data/runtime-spec/config/"

static char *file_read(const char *path, size_t *ret_len)
{
	FILE *f = fopen(path, "re");
	char *text = calloc(1, 65536);

	if (!f || !text)
		fail_msg("%s: %s", path, strerror(errno));
	*ret_len = fread(text, 1, 65535, f);
	fclose(f);
	return text;
}

/* full.json: every member ----------------------------------------------------------------------------------- */

static void strv_equals(const struct ringwall_strv *v, const char *want)
{
	char joined[256] = "";

	for (size_t i = 0; i < v->n; i++) {
		strcat(joined, v->v[i]);
		strcat(joined, "|");
	}
	assert_string_equal(joined, want);
	assert_null(v->v[v->n]);
}

static int full_load(void **state)
{
	struct ringwall_config *c = calloc(1, sizeof(*c));
	struct ringwall_err e = { 0 };

	if (!c)
		return -1;
	*state = c;
	if (ringwall_config_load(c, FULL, &e))
		fail_msg("%s", e.text);
	return 0;
}

static int full_free(void **state)
{
	ringwall_config_free(*state);
	free(*state);
	return 0;
}

static void full_top(void **state)
{
	const struct ringwall_config *c = *state;

	assert_string_equal(c->oci_version, "1.2.0+dev");
	assert_string_equal(c->root_path, "rootfs");
	assert_true(c->root_readonly);
	assert_string_equal(c->hostname, "h\xc3\xb6st");
	assert_string_equal(c->domainname, "dom");
	assert_int_equal(c->annotations.n, 3);
	assert_string_equal(ringwall_config_annotation(c, "org.a"), "1");
	assert_string_equal(ringwall_config_annotation(c, "org.b"), "");
	assert_string_equal(ringwall_config_annotation(c, "org.c"), "x\ny");
	assert_null(ringwall_config_annotation(c, "org"));
}

static void full_mounts(void **state)
{
	const struct ringwall_config *c = *state;
	const struct ringwall_mount *m = c->mounts;

	assert_int_equal(c->n_mounts, 2);
	assert_string_equal(m[0].destination, "/proc");
	assert_string_equal(m[0].type, "proc");
	assert_string_equal(m[0].source, "proc");
	assert_int_equal(m[0].options.n, 0);
	assert_memory_equal(c->text + m[0].at, "{\"destination\": \"/proc\"", 22);
	assert_string_equal(m[1].destination, "/rel/ative");
	strv_equals(&m[1].options, "rbind|ro|");
	assert_int_equal(m[1].uid_mappings.n, 1);
	assert_int_equal(m[1].uid_mappings.v[0].host_id, 1000);
	assert_int_equal(m[1].gid_mappings.n, 2);
	assert_int_equal(m[1].gid_mappings.v[1].container_id, 50);
	assert_int_equal(m[1].gid_mappings.v[1].host_id, 60);
	assert_int_equal(m[1].gid_mappings.v[0].size, 20);
}

static void full_hooks(void **state)
{
	const struct ringwall_config *c = *state;

	for (int k = 0; k < RINGWALL_HOOK_COUNT; k++) {
		assert_int_equal(c->hooks[k].n, k == RINGWALL_HOOK_CREATE_RUNTIME ? 2 : 1);
		assert_string_equal(c->hooks[k].v[0].path + 3, ringwall_hook_name(k));
	}
	assert_string_equal(c->hooks[RINGWALL_HOOK_CREATE_RUNTIME].v[1].path, "/h/second");
	strv_equals(&c->hooks[RINGWALL_HOOK_PRESTART].v[0].args, "a|b|");
	strv_equals(&c->hooks[RINGWALL_HOOK_PRESTART].v[0].env, "K=v|");
	assert_int_equal(c->hooks[RINGWALL_HOOK_PRESTART].v[0].timeout, 7);
	assert_int_equal(c->hooks[RINGWALL_HOOK_POSTSTOP].v[0].timeout, 0);
}

static void full_process(void **state)
{
	const struct ringwall_process *p = &((struct ringwall_config *)*state)->process;

	assert_true(p->set && p->terminal && p->no_new_privileges);
	assert_int_equal(p->console_height, 25);
	assert_int_equal(p->console_width, 80);
	assert_string_equal(p->cwd, "/cwd");
	strv_equals(&p->args, "sh|-c||");
	strv_equals(&p->env, "PATH=/bin|EMPTY=|");
	assert_int_equal(p->uid, 1);
	assert_int_equal(p->gid, 2);
	assert_true(p->has_umask);
	assert_int_equal(p->umask, 022);
	assert_int_equal(p->n_additional_gids, 2);
	assert_int_equal(p->additional_gids[0], 3);
	assert_int_equal(p->additional_gids[1], 4294967294u);
	assert_string_equal(p->username, "joe");
	assert_int_equal(p->n_rlimits, 2);
	assert_int_equal(p->rlimits[0].resource, RLIMIT_NOFILE);
	assert_int_equal(p->rlimits[0].soft, 1024);
	assert_int_equal(p->rlimits[0].hard, 4096);
	assert_int_equal(p->rlimits[1].resource, RLIMIT_CORE);
	assert_true(p->rlimits[1].hard == RLIM_INFINITY);
	assert_string_equal(p->apparmor_profile, "aa");
	assert_string_equal(p->selinux_label, "se:l");
	assert_true(p->oom_score_adj.has);
	assert_int_equal(p->oom_score_adj.v, -999);
}

static void full_process_linux(void **state)
{
	const struct ringwall_process *p = &((struct ringwall_config *)*state)->process;

	assert_true(p->caps.set);
	assert_int_equal(p->caps.bounding, 1ull << 0 | 1ull << 40);
	assert_int_equal(p->caps.effective, 1ull << 5);
	assert_int_equal(p->caps.inheritable, 1ull << 13);
	assert_int_equal(p->caps.permitted, 1ull << 5 | 1ull << 13);
	assert_int_equal(p->caps.ambient, 1ull << 21);
	strv_equals(&p->caps.unknown, "CAP_NEW|chown|");
	assert_true(p->scheduler.set);
	assert_int_equal(p->scheduler.policy, SCHED_DEADLINE);
	assert_int_equal(p->scheduler.nice, 3);
	assert_int_equal(p->scheduler.flags, SCHED_FLAG_RESET_ON_FORK | SCHED_FLAG_DL_OVERRUN);
	assert_int_equal(p->scheduler.runtime, 1000000);
	assert_int_equal(p->scheduler.deadline, 2000000);
	assert_int_equal(p->scheduler.period, 3000000);
	assert_true(p->has_io_priority);
	assert_int_equal(p->io_class, IOPRIO_CLASS_BE);
	assert_int_equal(p->io_priority, 4);
	assert_string_equal(p->cpu_affinity_initial, "0-3,7");
	assert_string_equal(p->cpu_affinity_final, "2");
}

static void full_namespaces(void **state)
{
	const struct ringwall_config *c = *state;

	for (int i = 0; i < RINGWALL_NS_COUNT; i++) {
		assert_true(c->ns[i].set);
		if (i == RINGWALL_NS_NETWORK)
			assert_string_equal(c->ns[i].path, "/run/netns/a");
		else
			assert_null(c->ns[i].path);
	}
	assert_int_equal(c->uid_mappings.n, 1);
	assert_int_equal(c->uid_mappings.v[0].container_id, 0);
	assert_int_equal(c->uid_mappings.v[0].host_id, 100000);
	assert_int_equal(c->uid_mappings.v[0].size, 65536);
	assert_int_equal(c->gid_mappings.v[0].host_id, 200000);
	assert_true(c->boottime.has && c->monotonic.has);
	assert_int_equal(c->boottime.secs, -5);
	assert_int_equal(c->boottime.nanosecs, 6);
	assert_int_equal(c->monotonic.secs, 7);
	assert_int_equal(c->monotonic.nanosecs, 0);
}

static void full_devices(void **state)
{
	const struct ringwall_config *c = *state;
	const struct ringwall_device *d = c->devices;

	assert_int_equal(c->n_devices, 4);
	assert_int_equal(d[0].type, 'c');
	assert_string_equal(d[0].path, "/dev/fuse");
	assert_int_equal(d[0].major, 10);
	assert_int_equal(d[0].minor, 229);
	assert_true(d[0].has_mode && d[0].has_uid && d[0].has_gid);
	assert_int_equal(d[0].mode, 0666);
	assert_int_equal(d[0].uid, 5);
	assert_int_equal(d[0].gid, 6);
	assert_int_equal(d[1].type, 'b');
	assert_false(d[1].has_mode || d[1].has_uid || d[1].has_gid);
	assert_int_equal(d[2].type, 'c');
	assert_int_equal(d[3].type, 'p');
	assert_int_equal(d[3].major, 0);
	assert_int_equal(c->n_net_devices, 2);
	assert_string_equal(c->net_devices[0].name, "eth0");
	assert_string_equal(c->net_devices[0].container_name, "in0");
	assert_string_equal(c->net_devices[1].name, "eth1");
	assert_null(c->net_devices[1].container_name);
}

static void rule_equals(const struct ringwall_device_rule *r, bool allow, char type, int major, int minor, int access)
{
	assert_int_equal(r->allow, allow);
	assert_int_equal(r->type, type);
	assert_int_equal(r->major, major);
	assert_int_equal(r->minor, minor);
	assert_int_equal(r->access, access);
}

static void full_resources(void **state)
{
	const struct ringwall_resources *r = &((struct ringwall_config *)*state)->resources;
	enum { M = RINGWALL_DEVICE_MKNOD, R = RINGWALL_DEVICE_READ, W = RINGWALL_DEVICE_WRITE };

	assert_true(r->set);
	assert_int_equal(r->n_devices, 4);
	rule_equals(&r->devices[0], false, 'a', -1, -1, R | W | M);
	rule_equals(&r->devices[1], true, 'c', 10, 229, R);
	rule_equals(&r->devices[2], true, 'b', -1, 3, W | M);
	rule_equals(&r->devices[3], false, 'a', -1, -1, R | W | M);
	assert_true(r->memory.limit.has && r->memory.reservation.has && r->memory.swap.has && r->memory.kernel.has &&
		    r->memory.kernel_tcp.has && r->memory.swappiness.has && r->memory.disable_oom_killer.has &&
		    r->memory.use_hierarchy.has && r->memory.check_before_update.has);
	assert_int_equal(r->memory.limit.v, 1);
	assert_int_equal(r->memory.reservation.v, 2);
	assert_int_equal(r->memory.swap.v, -1);
	assert_int_equal(r->memory.kernel.v, 3);
	assert_int_equal(r->memory.kernel_tcp.v, 4);
	assert_int_equal(r->memory.swappiness.v, 60);
	assert_true(r->memory.disable_oom_killer.v);
	assert_false(r->memory.use_hierarchy.v);
	assert_true(r->memory.check_before_update.v);
	assert_true(r->cpu.shares.has && r->cpu.quota.has && r->cpu.burst.has && r->cpu.period.has &&
		    r->cpu.rt_runtime.has && r->cpu.rt_period.has && r->cpu.idle.has);
	assert_int_equal(r->cpu.shares.v, 1024);
	assert_int_equal(r->cpu.quota.v, 100);
	assert_int_equal(r->cpu.burst.v, 50);
	assert_int_equal(r->cpu.period.v, 200);
	assert_int_equal(r->cpu.rt_runtime.v, 5);
	assert_int_equal(r->cpu.rt_period.v, 6);
	assert_int_equal(r->cpu.idle.v, 1);
	assert_string_equal(r->cpu.cpus, "0-1");
	assert_string_equal(r->cpu.mems, "0");
	assert_true(r->pids_limit.has);
	assert_int_equal(r->pids_limit.v, -1);
}

static void full_resources_io(void **state)
{
	const struct ringwall_resources *r = &((struct ringwall_config *)*state)->resources;

	assert_int_equal(r->block_io.weight, 10);
	assert_int_equal(r->block_io.leaf_weight, 1000);
	assert_int_equal(r->block_io.n_weights, 2);
	assert_int_equal(r->block_io.weights[0].major, 8);
	assert_int_equal(r->block_io.weights[0].weight, 500);
	assert_int_equal(r->block_io.weights[1].minor, 2);
	assert_int_equal(r->block_io.weights[1].weight, 0);
	assert_int_equal(r->block_io.weights[1].leaf_weight, 300);
	for (unsigned int i = 0; i < RINGWALL_BLKIO_COUNT; i++) {
		assert_int_equal(r->block_io.throttle[i].n, i == RINGWALL_BLKIO_WRITE_IOPS ? 2 : 1);
		assert_int_equal(r->block_io.throttle[i].v[0].rate, 600 + i);
		assert_int_equal(r->block_io.throttle[i].v[0].major, 1 + 2 * i);
		assert_int_equal(r->block_io.throttle[i].v[0].minor, 2 + 2 * i);
	}
	assert_true(r->block_io.throttle[RINGWALL_BLKIO_WRITE_IOPS].v[1].rate == UINT64_MAX);
	assert_int_equal(r->n_hugetlb, 1);
	assert_string_equal(r->hugetlb[0].page_size, "2MB");
	assert_int_equal(r->hugetlb[0].limit, 9223372036854772000);
	assert_true(r->network.class_id.has && r->network.has_priorities);
	assert_int_equal(r->network.class_id.v, 1048577);
	assert_int_equal(r->n_rdma, 2);
	assert_string_equal(r->rdma[0].name, "mlx5_1");
	assert_int_equal(r->rdma[0].handles.v, 3);
	assert_int_equal(r->rdma[0].objects.v, 10000);
	assert_string_equal(r->rdma[1].name, "rxe3");
	assert_false(r->rdma[1].handles.has);
	assert_true(r->rdma[1].objects.has);
	assert_int_equal(r->unified.n, 2);
	assert_string_equal(r->unified.v[1].key, "io.max");
	assert_string_equal(r->unified.v[1].value, "259:0 rbps=1\n253:0 rbps=2");
}

static void full_seccomp(void **state)
{
	const struct ringwall_config *c = *state;
	const struct ringwall_seccomp *s = &c->seccomp;

	assert_true(s->set && s->has_flags && s->default_errno_ret.has);
	assert_int_equal(s->default_action, SECCOMP_RET_ERRNO);
	assert_int_equal(s->default_errno_ret.v, 38);
	assert_int_equal(s->flags, SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
	assert_int_equal(s->n_architectures, 3);
	assert_int_equal(s->architectures[0], AUDIT_ARCH_X86_64);
	assert_int_equal(s->architectures[1], SCMP_ARCH_X32);
	assert_int_equal(s->architectures[2], AUDIT_ARCH_AARCH64);
	assert_string_equal(s->listener_path, "/run/l.sock");
	assert_string_equal(s->listener_metadata, "meta");
	assert_int_equal(s->n_rules, 3);
	strv_equals(&s->rules[0].names, "read|close|");
	assert_int_equal(s->rules[0].action, SECCOMP_RET_ALLOW);
	assert_int_equal(s->rules[0].n_args, 0);
	assert_false(s->rules[0].errno_ret.has);
	assert_int_equal(s->rules[1].action, SECCOMP_RET_TRACE);
	assert_int_equal(s->rules[1].errno_ret.v, 5);
	assert_int_equal(s->rules[1].n_args, 2);
	assert_int_equal(s->rules[1].args[0].index, 5);
	assert_true(s->rules[1].args[0].value == UINT64_MAX);
	assert_int_equal(s->rules[1].args[0].value_two, 9);
	assert_int_equal(s->rules[1].args[0].op, SCMP_CMP_MASKED_EQ);
	assert_int_equal(s->rules[1].args[1].op, SCMP_CMP_NE);
	assert_int_equal(s->rules[2].action, SECCOMP_RET_USER_NOTIF);
	/* The text is left as it was: the filter cache hashes this range. */
	assert_memory_equal(c->text + s->start, "{\n\t\t\t\"defaultAction\": \"SCMP_ACT_ERRNO\"", 38);
	assert_memory_equal(c->text + s->end - 5, "]\n\t\t}", 5);
}

static void full_rest(void **state)
{
	const struct ringwall_config *c = *state;

	assert_string_equal(c->cgroups_path, "system.slice:p:c");
	assert_int_equal(c->rootfs_propagation, MS_SLAVE | MS_REC);
	assert_int_equal(c->sysctl.n, 5);
	assert_string_equal(c->sysctl.v[1].key, "net/ipv4/conf/eno2.100/rp_filter");
	assert_string_equal(c->sysctl.v[2].value, "1 2 3 4");
	strv_equals(&c->masked_paths, "/proc/kcore|/proc/keys|");
	strv_equals(&c->readonly_paths, "/proc/sys|");
	assert_string_equal(c->mount_label, "ml");
	assert_true(c->intel_rdt.set && c->intel_rdt.enable_monitoring);
	assert_string_equal(c->intel_rdt.clos_id, "guaranteed");
	strv_equals(&c->intel_rdt.schemata, "L3:0=7f0;1=1f|MB:0=20|");
	assert_string_equal(c->intel_rdt.l3_cache_schema, "L3:0=f");
	assert_string_equal(c->intel_rdt.mem_bw_schema, "MB:0=50");
	assert_true(c->memory_policy.set);
	assert_int_equal(c->memory_policy.mode, 6);
	assert_string_equal(c->memory_policy.nodes, "0-1,3");
	assert_int_equal(c->memory_policy.flags, MPOL_F_STATIC_NODES);
	assert_true(c->has_personality);
	assert_int_equal(c->personality, PER_LINUX32);
}

/* Nothing but what is there may be set. */
static void minimal_is_empty(void **state)
{
	struct ringwall_config c = { 0 }, empty = { 0 };
	struct ringwall_err e = { 0 };

	(void)state;
	if (ringwall_config_load(&c, SPEC_TESTS "good/minimal.json", &e))
		fail_msg("%s", e.text);
	assert_string_equal(c.oci_version, "1.0.0");
	assert_string_equal(c.root_path, "rootfs");
	empty.arena = c.arena;
	empty.text = c.text;
	empty.text_len = c.text_len;
	empty.json = c.json;
	empty.oci_version = c.oci_version;
	empty.root_path = c.root_path;
	assert_memory_equal(&c, &empty, sizeof(c));
	ringwall_config_free(&c);
	assert_null(c.text);
}

/* Fragments ------------------------------------------------------------------------------------------------- */

#define TOP(members) "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"}," members "}"
#define PROCESS(members) TOP("\"process\":{\"cwd\":\"/\",\"args\":[\"a\"]," members "}")
#define LINUX(members) TOP("\"linux\":{" members "}")
#define RESOURCES(members) LINUX("\"resources\":{" members "}")
#define SECCOMP(members) LINUX("\"seccomp\":{" members "}")
#define NS(type) "\"namespaces\":[{\"type\":\"" type "\"}],"
#define MAP "[{\"containerID\":0,\"hostID\":0,\"size\":1}]"

struct fragment {
	const char *text, *want;
};

static int fragment_parse(const char *text, struct ringwall_err *e)
{
	struct ringwall_config c = { 0 };
	char *copy = malloc(strlen(text)); /* so that a sanitizer sees reads behind its end */
	int r;

	assert_non_null(copy);
	memcpy(copy, text, strlen(text));
	r = ringwall_config_parse(&c, copy, strlen(text), "c.json", e);
	free(copy);
	ringwall_config_free(&c);
	return r;
}

static void all_bad(const struct fragment *f, size_t n, int code)
{
	for (size_t i = 0; i < n; i++) {
		struct ringwall_err e = { 0 };
		int r = fragment_parse(f[i].text, &e);

		if (r != code || e.code != code || strncmp(e.text, "c.json:", 7) || !strstr(e.text, f[i].want))
			fail_msg("%s\n\tgave %d '%s'\n\tnot '%s'", f[i].text, r, e.text, f[i].want);
	}
}

static void bad_top(void **state)
{
	static const struct fragment cases[] = {
		{ "[]", "c.json:1:1: must be an object, not an array" },
		{ "{}", "c.json:1:1: ociVersion: missing" },
		{ "{\"ociVersion\":\"1.0.0\"}", "c.json:1:1: root: missing" },
		{ "{\"ociVersion\":null,\"root\":{\"path\":\"r\"}}", "ociVersion: missing" },
		{ "{\"ociVersion\":\"\",\"root\":{\"path\":\"r\"}}", "ociVersion: must not be empty" },
		{ "{\"OCIVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"}}", "ociVersion: missing" },
		{ "{\n \"ociVersion\": 1}", "c.json:2:16: ociVersion: must be a string, not a number" },
		{ "{\"ociVersion\":\"2.0.0\"}", "ociVersion: \"2.0.0\" is not supported: must be 1.x.y" },
		{ "{\"ociVersion\":\"0.5.0-dev\"}", "ociVersion: \"0.5.0-dev\" is not supported" },
		{ "{\"ociVersion\":\"10.0.0\"}", "ociVersion: \"10.0.0\" is not supported" },
		{ "{\"ociVersion\":\"1.0\"}", "ociVersion: must be a version such as \"1.3.0\", not \"1.0\"" },
		{ "{\"ociVersion\":\"1.0.0x\"}", "ociVersion: must be a version" },
		{ "{\"ociVersion\":\"1.0.0-\"}", "ociVersion: must be a version" },
		{ "{\"ociVersion\":\"1.0.0-a b\"}", "ociVersion: must be a version" },
		{ "{\"ociVersion\":\"1.01.0\"}", "ociVersion: must be a version" },
		{ "{\"ociVersion\":\"v1.0.0\"}", "ociVersion: must be a version" },
		{ "{\"ociVersion\":\"1.0.0\",\"root\":{}}", "root.path: missing" },
		{ "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"\"}}", "root.path: must not be empty" },
		{ "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\",\"readonly\":\"y\"}}",
		  "root.readonly: must be true or false, not a string" },
		{ TOP("\"annotations\":{\"a\":1}"), "annotations.a: must be a string, not a number" },
		{ TOP("\"annotations\":{\"a.b\":{}}"), "annotations[\"a.b\"]: must be a string, not an object" },
		{ TOP("\"annotations\":{\"\":\"x\"}"), "annotations[\"\"]: an empty name" },
		{ TOP("\"annotations\":[]"), "annotations: must be an object, not an array" },
		{ TOP("\"hostname\":\"h\""), "c.json:1:54: hostname: needs a uts namespace" },
		{ TOP("\"domainname\":\"h\""), "domainname: needs a uts namespace" },
		{ TOP("\"hostname\":\"0123456789012345678901234567890123456789012345678901234567890123x\""),
		  "hostname: must not have more than 64 bytes" },
		{ TOP("\"mounts\":{}"), "mounts: must be an array, not an object" },
		{ TOP("\"mounts\":[{}]"), "mounts[0].destination: missing" },
		{ TOP("\"mounts\":[null]"), "mounts[0]: must be an object, not null" },
		{ TOP("\"mounts\":[{\"destination\":\"\"}]"), "mounts[0].destination: must not be empty" },
		{ TOP("\"mounts\":[{\"destination\":\"/\"},{\"destination\":\"/\",\"options\":\"ro\"}]"),
		  "mounts[1].options: must be an array, not a string" },
		{ TOP("\"mounts\":[{\"destination\":\"/\",\"options\":[\"ro\",null]}]"),
		  "mounts[0].options[1]: must be a string, not null" },
		{ TOP("\"mounts\":[{\"destination\":\"/\",\"uidMappings\":" MAP "}]"),
		  "mounts[0].gidMappings: missing: an id-mapped mount needs both" },
		{ TOP("\"mounts\":[{\"destination\":\"/\",\"gidMappings\":" MAP "}]"),
		  "mounts[0].uidMappings: missing" },
		{ TOP("\"mounts\":[{\"destination\":\"/\",\"source\":\"a\\u0000b\"}]"), "U+0000" },
		{ TOP("\"hooks\":{\"prestart\":[{}]}"), "hooks.prestart[0].path: missing" },
		{ TOP("\"hooks\":{\"poststop\":[{\"path\":\"x\"}]}"),
		  "hooks.poststop[0].path: must be an absolute path, not \"x\"" },
		{ TOP("\"hooks\":{\"poststart\":[{\"path\":\"/x\",\"timeout\":0}]}"),
		  "hooks.poststart[0].timeout: must be a number from 1 to 2147483647, not 0" },
		{ TOP("\"hooks\":{\"createRuntime\":[{\"path\":\"/x\",\"timeout\":-1}]}"), "timeout: must be a number" },
		{ TOP("\"hooks\":{\"createContainer\":[{\"path\":\"/x\",\"args\":[1]}]}"),
		  "hooks.createContainer[0].args[0]: must be a string" },
		{ TOP("\"hooks\":{\"startContainer\":{}}"), "hooks.startContainer: must be an array" },
	};

	(void)state;
	all_bad(cases, ARRAY_SIZE(cases), -EINVAL);
}

static void bad_process(void **state)
{
	static const struct fragment cases[] = {
		{ TOP("\"process\":{\"args\":[\"a\"]}"), "process.cwd: missing" },
		{ TOP("\"process\":{\"cwd\":\"\",\"args\":[\"a\"]}"), "process.cwd: must not be empty" },
		{ TOP("\"process\":{\"cwd\":\"x\",\"args\":[\"a\"]}"), "process.cwd: must be an absolute path" },
		{ TOP("\"process\":{\"cwd\":\"/\"}"), "process.args: must have at least one element" },
		{ TOP("\"process\":{\"cwd\":\"/\",\"args\":[]}"), "process.args: must have at least one element" },
		{ TOP("\"process\":{\"cwd\":\"/\",\"commandLine\":\"x\"}"), "process.args: needs the command: commandLine" },
		{ PROCESS("\"terminal\":1"), "process.terminal: must be true or false" },
		{ PROCESS("\"env\":[\"A=1\",\"B\"]"), "process.env[1]: must be NAME=VALUE, not \"B\"" },
		{ PROCESS("\"env\":[\"=1\"]"), "process.env[0]: must be NAME=VALUE" },
		{ PROCESS("\"consoleSize\":{\"height\":1}"), "process.consoleSize.width: missing" },
		{ PROCESS("\"consoleSize\":{\"height\":-1,\"width\":1}"), "process.consoleSize.height: must be a whole" },
		{ PROCESS("\"user\":{\"uid\":-1}"), "process.user.uid: must be a number from 0 to 4294967294, not -1" },
		{ PROCESS("\"user\":{\"uid\":4294967295}"), "process.user.uid: must be a number" },
		{ PROCESS("\"user\":{\"gid\":1.5}"), "process.user.gid: must be a whole number, not 1.5" },
		{ PROCESS("\"user\":{\"gid\":\"0\"}"), "process.user.gid: must be a number, not a string" },
		{ PROCESS("\"user\":{\"umask\":512}"), "process.user.umask: must be a number from 0 to 511" },
		{ PROCESS("\"user\":{\"additionalGids\":[0,-1]}"), "process.user.additionalGids[1]: must be a number" },
		{ PROCESS("\"capabilities\":[]"), "process.capabilities: must be an object" },
		{ PROCESS("\"capabilities\":{\"bounding\":[1]}"), "process.capabilities.bounding[0]: must be a string" },
		{ PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":1}]"), "process.rlimits[0].hard: missing" },
		{ PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_FOO\",\"soft\":1,\"hard\":1}]"),
		  "process.rlimits[0].type: unknown value \"RLIMIT_FOO\"" },
		{ PROCESS("\"rlimits\":[{\"type\":\"\",\"soft\":1,\"hard\":1}]"), "rlimits[0].type: must not be empty" },
		{ PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":2,\"hard\":1}]"),
		  "process.rlimits[0].soft: 2 is more than hard, 1" },
		{ PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":1,\"hard\":1},"
			  "{\"type\":\"RLIMIT_CORE\",\"soft\":1,\"hard\":1}]"),
		  "process.rlimits[1].type: \"RLIMIT_CORE\" is given twice" },
		{ PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":1,\"hard\":18446744073709551616}]"),
		  "process.rlimits[0].hard: must be a number from 0 to 18446744073709551615" },
		{ PROCESS("\"apparmorProfile\":\"a\\nb\""), "process.apparmorProfile: must not contain a newline" },
		{ PROCESS("\"oomScoreAdj\":1001"), "process.oomScoreAdj: must be a number from -1000 to 1000, not 1001" },
		{ PROCESS("\"oomScoreAdj\":-1001"), "process.oomScoreAdj" },
		{ PROCESS("\"scheduler\":{}"), "process.scheduler.policy: missing" },
		{ PROCESS("\"scheduler\":{\"policy\":\"SCHED_X\"}"),
		  "process.scheduler.policy: must be one of \"SCHED_OTHER\", \"SCHED_FIFO\", \"SCHED_RR\"" },
		{ PROCESS("\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"nice\":20}"),
		  "process.scheduler.nice: must be from -20 to 19, not 20" },
		{ PROCESS("\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"priority\":1}"),
		  "process.scheduler.priority: only for SCHED_FIFO and SCHED_RR" },
		{ PROCESS("\"scheduler\":{\"policy\":\"SCHED_FIFO\"}"), "priority: must be from 1 to 99, not 0" },
		{ PROCESS("\"scheduler\":{\"policy\":\"SCHED_RR\",\"priority\":100}"), "must be from 1 to 99, not 100" },
		{ PROCESS("\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"period\":1}"),
		  "process.scheduler.period: only for SCHED_DEADLINE" },
		{ PROCESS("\"scheduler\":{\"policy\":\"SCHED_DEADLINE\"}"), "process.scheduler.runtime: SCHED_DEADLINE" },
		{ PROCESS("\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":2,\"deadline\":1}"),
		  "process.scheduler.deadline: must be from runtime to period" },
		{ PROCESS("\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"flags\":[\"SCHED_FLAG_X\"]}"),
		  "process.scheduler.flags[0]: must be one of" },
		{ PROCESS("\"ioPriority\":{\"priority\":1}"), "process.ioPriority.class: missing" },
		{ PROCESS("\"ioPriority\":{\"class\":\"IOPRIO_CLASS_NONE\"}"), "process.ioPriority.class: must be one of "
		  "\"IOPRIO_CLASS_RT\", \"IOPRIO_CLASS_BE\", \"IOPRIO_CLASS_IDLE\", not \"IOPRIO_CLASS_NONE\"" },
		{ PROCESS("\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":8}"),
		  "process.ioPriority.priority: must be a number from 0 to 7, not 8" },
		{ PROCESS("\"execCPUAffinity\":{\"initial\":\"0-\"}"),
		  "process.execCPUAffinity.initial: must be a list such as \"0-3,7\", not \"0-\"" },
		{ PROCESS("\"execCPUAffinity\":{\"final\":\"3-1\"}"), "process.execCPUAffinity.final: must be a list" },
		{ PROCESS("\"execCPUAffinity\":{\"final\":\"1 2\"}"), "execCPUAffinity.final: must be a list" },
		{ PROCESS("\"execCPUAffinity\":{\"final\":\" , \"}"), "execCPUAffinity.final: must be a list" },
		{ PROCESS("\"execCPUAffinity\":{\"final\":\"0x1\"}"), "execCPUAffinity.final: must be a list" },
		{ PROCESS("\"execCPUAffinity\":{\"final\":\"1234567\"}"), "execCPUAffinity.final: must be a list" },
	};

	(void)state;
	all_bad(cases, ARRAY_SIZE(cases), -EINVAL);
}

static void bad_linux(void **state)
{
	static const struct fragment cases[] = {
		{ LINUX("\"namespaces\":[{}]"), "linux.namespaces[0].type: missing" },
		{ LINUX("\"namespaces\":[{\"type\":\"mnt\"}]"),
		  "linux.namespaces[0].type: must be one of \"user\", \"mount\", \"pid\", \"network\", \"uts\", \"ipc\", "
		  "\"cgroup\", \"time\", not \"mnt\"" },
		{ LINUX("\"namespaces\":[{\"type\":\"pid\",\"path\":\"x\"}]"), "linux.namespaces[0].path: must be an abs" },
		{ LINUX("\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"pid\"}]"),
		  "linux.namespaces[1].type: \"pid\" is given twice" },
		{ LINUX("\"uidMappings\":" MAP), "linux.uidMappings: needs a user namespace" },
		{ LINUX("\"gidMappings\":" MAP), "linux.gidMappings: needs a user namespace" },
		{ LINUX(NS("user") "\"gidMappings\":" MAP), "linux.uidMappings: missing: there is a user namespace" },
		{ LINUX(NS("user") "\"uidMappings\":" MAP), "linux.gidMappings: missing: there is a user namespace" },
		{ LINUX("\"uidMappings\":[{\"containerID\":0,\"hostID\":0}]"), "linux.uidMappings[0].size: missing" },
		{ LINUX("\"uidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":0}]"),
		  "linux.uidMappings[0].size: must not be 0" },
		{ LINUX("\"uidMappings\":[{\"containerID\":0,\"hostID\":4294967295,\"size\":2}]"),
		  "linux.uidMappings[0].size: goes beyond the last ID" },
		{ LINUX("\"uidMappings\":[{\"containerID\":4294967296,\"hostID\":0,\"size\":2}]"),
		  "linux.uidMappings[0].containerID: must be a number from 0 to 4294967295" },
		{ LINUX("\"timeOffsets\":{\"boottime\":{\"secs\":1}}"), "linux.timeOffsets: needs a time namespace" },
		{ LINUX(NS("time") "\"timeOffsets\":{\"realtime\":{\"secs\":1}}"),
		  "linux.timeOffsets.realtime: not a clock" },
		{ LINUX(NS("time") "\"timeOffsets\":{\"boottime\":{\"nanosecs\":1000000000}}"),
		  "linux.timeOffsets.boottime.nanosecs: must be a number from 0 to 999999999" },
		{ LINUX("\"devices\":[{\"type\":\"x\",\"path\":\"/d\",\"major\":1,\"minor\":1}]"),
		  "linux.devices[0].type: must be one of \"c\", \"b\", \"u\", \"p\", not \"x\"" },
		{ LINUX("\"devices\":[{\"type\":\"c\",\"major\":1,\"minor\":1}]"), "linux.devices[0].path: missing" },
		{ LINUX("\"devices\":[{\"type\":\"c\",\"path\":\"dev\",\"major\":1,\"minor\":1}]"),
		  "linux.devices[0].path: must be an absolute path" },
		{ LINUX("\"devices\":[{\"type\":\"c\",\"path\":\"/d\",\"minor\":1}]"), "linux.devices[0].major: missing" },
		{ LINUX("\"devices\":[{\"type\":\"b\",\"path\":\"/d\",\"major\":1}]"), "linux.devices[0].minor: missing" },
		{ LINUX("\"devices\":[{\"type\":\"b\",\"path\":\"/d\",\"major\":4096,\"minor\":1}]"),
		  "linux.devices[0].major: must be a number from 0 to 4095, not 4096" },
		{ LINUX("\"devices\":[{\"type\":\"b\",\"path\":\"/d\",\"major\":-1,\"minor\":1}]"), "devices[0].major" },
		{ LINUX("\"netDevices\":{\"eth0\":{}}"), "linux.netDevices: needs a network namespace" },
		{ LINUX(NS("network") "\"netDevices\":{\"e/0\":{}}"),
		  "linux.netDevices[\"e/0\"]: \"e/0\" cannot be an interface's name" },
		{ LINUX(NS("network") "\"netDevices\":{\"0123456789abcdef\":{}}"), "cannot be an interface's name" },
		{ LINUX(NS("network") "\"netDevices\":{\"..\":{}}"), "cannot be an interface's name" },
		{ LINUX(NS("network") "\"netDevices\":{\"e\":{\"name\":\"a b\"}}"),
		  "linux.netDevices.e.name: \"a b\" cannot be an interface's name" },
		{ LINUX(NS("network") "\"netDevices\":{\"a\":{},\"b\":{\"name\":\"a\"}}"),
		  "linux.netDevices.b: \"a\" would be the name of two devices" },
		{ LINUX("\"cgroupsPath\":1"), "linux.cgroupsPath: must be a string" },
		{ LINUX("\"rootfsPropagation\":\"bind\""), "linux.rootfsPropagation: must be one of \"private\", \"shared\"" },
		{ LINUX(NS("mount") "\"maskedPaths\":[\"/a\",\"b\"]"), "linux.maskedPaths[1]: must be an absolute path" },
		{ LINUX(NS("mount") "\"readonlyPaths\":[\"\"]"), "linux.readonlyPaths[0]: must be an absolute path" },
		{ LINUX("\"maskedPaths\":[\"/a\"]"), "linux.maskedPaths: needs a mount namespace" },
		{ LINUX("\"readonlyPaths\":[\"/a\"]"), "linux.readonlyPaths: needs a mount namespace" },
		{ LINUX("\"intelRdt\":{\"closID\":\"a/b\"}"), "linux.intelRdt.closID: \"a/b\" cannot be a directory's name" },
		{ LINUX("\"intelRdt\":{\"closID\":\"..\"}"), "linux.intelRdt.closID" },
		{ LINUX("\"intelRdt\":{\"memBwSchema\":\"L3:0=1\"}"), "linux.intelRdt.memBwSchema: must start with \"MB:\"" },
		{ LINUX("\"intelRdt\":{\"memBwSchema\":\"MB:0=1\\nx\"}"), "linux.intelRdt.memBwSchema: must not contain" },
		{ LINUX("\"intelRdt\":{\"schemata\":[\"a\",\"b\\nc\"]}"), "linux.intelRdt.schemata: element 1 contains" },
		{ LINUX("\"memoryPolicy\":{}"), "linux.memoryPolicy.mode: missing" },
		{ LINUX("\"memoryPolicy\":{\"mode\":\"MPOL_X\"}"), "linux.memoryPolicy.mode: must be one of" },
		{ LINUX("\"memoryPolicy\":{\"mode\":\"MPOL_BIND\"}"), "linux.memoryPolicy.nodes: missing" },
		{ LINUX("\"memoryPolicy\":{\"mode\":\"MPOL_LOCAL\",\"nodes\":\"0\"}"), "linux.memoryPolicy.nodes: MPOL_DEF" },
		{ LINUX("\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"a\"}"), "linux.memoryPolicy.nodes: must be a" },
		{ LINUX("\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\",\"flags\":[\"MPOL_F_STATIC_NODES\","
			"\"MPOL_F_RELATIVE_NODES\"]}"), "linux.memoryPolicy.flags: MPOL_F_STATIC_NODES and" },
		{ LINUX("\"personality\":{}"), "linux.personality.domain: missing" },
		{ LINUX("\"personality\":{\"domain\":\"BSD\"}"), "must be one of \"LINUX\", \"LINUX32\", not \"BSD\"" },
	};

	(void)state;
	all_bad(cases, ARRAY_SIZE(cases), -EINVAL);
}

static void bad_sysctl(void **state)
{
	static const struct fragment cases[] = {
		{ LINUX("\"sysctl\":{\"kernel.sem\":\"1\"}"),
		  "linux.sysctl[\"kernel.sem\"]: would change the host: needs a new ipc namespace" },
		{ LINUX("\"sysctl\":{\"kernel/shm_rmid_forced\":\"1\"}"), "needs a new ipc namespace" },
		{ LINUX("\"sysctl\":{\"fs.mqueue.msg_max\":\"1\"}"), "needs a new ipc namespace" },
		{ LINUX("\"sysctl\":{\"net.core.somaxconn\":\"1\"}"), "needs a new network namespace" },
		{ LINUX("\"sysctl\":{\"net/core/somaxconn\":\"1\"}"), "needs a new network namespace" },
		{ LINUX("\"sysctl\":{\"kernel.domainname\":\"1\"}"), "needs a new uts namespace" },
		{ LINUX(NS("uts") "\"sysctl\":{\"kernel.hostname\":\"1\"}"), "has a field of its own: hostname" },
		{ LINUX(NS("ipc") "\"sysctl\":{\"kernel.semx\":\"1\"}"), "belongs to no namespace" },
		{ LINUX(NS("ipc") "\"sysctl\":{\"kernel.core_pattern\":\"1\"}"), "belongs to no namespace" },
		{ LINUX(NS("ipc") "\"sysctl\":{\"fs.mqueue\":\"1\"}"), "belongs to no namespace" },
		{ LINUX(NS("network") "\"sysctl\":{\"netx.a\":\"1\"}"), "belongs to no namespace" },
		/* On the way to another sysctl than the name's start says. */
		{ LINUX(NS("network") "\"sysctl\":{\"net.//.kernel.core_pattern\":\"1\"}"), "not the name of a sysctl" },
		{ LINUX(NS("network") "\"sysctl\":{\"net/../kernel/core_pattern\":\"1\"}"), "not the name of a sysctl" },
		{ LINUX(NS("network") "\"sysctl\":{\"net/./core/somaxconn\":\"1\"}"), "not the name of a sysctl" },
		{ LINUX(NS("network") "\"sysctl\":{\"net..core\":\"1\"}"), "not the name of a sysctl" },
		{ LINUX(NS("network") "\"sysctl\":{\"net.\":\"1\"}"), "not the name of a sysctl" },
		{ LINUX(NS("network") "\"sysctl\":{\"/net/core\":\"1\"}"), "not the name of a sysctl" },
		{ LINUX(NS("network") "\"sysctl\":{\"net\":\"1\"}"), "not the name of a sysctl" },
		{ LINUX(NS("network") "\"sysctl\":{\"net.a\":1}"), "linux.sysctl[\"net.a\"]: must be a string" },
	};

	(void)state;
	all_bad(cases, ARRAY_SIZE(cases), -EINVAL);
}

static void bad_resources(void **state)
{
	static const struct fragment cases[] = {
		{ RESOURCES("\"devices\":[{\"access\":\"r\"}]"), "linux.resources.devices[0].allow: missing" },
		{ RESOURCES("\"devices\":[{\"allow\":true},{\"allow\":true},{\"allow\":true,\"type\":\"x\"}]"),
		  "linux.resources.devices[2].type: must be one of \"a\", \"b\", \"c\", not \"x\"" },
		{ RESOURCES("\"devices\":[{\"allow\":true,\"access\":\"rx\"}]"), "devices[0].access: must be made of" },
		{ RESOURCES("\"devices\":[{\"allow\":true,\"access\":\"\"}]"), "devices[0].access: must not be empty" },
		{ RESOURCES("\"devices\":[{\"allow\":true,\"major\":-2}]"), "devices[0].major: must be a number from -1" },
		{ RESOURCES("\"memory\":{\"limit\":-2}"), "linux.resources.memory.limit: must be a number from -1" },
		{ RESOURCES("\"memory\":{\"limit\":9223372036854775808}"), "linux.resources.memory.limit" },
		{ RESOURCES("\"memory\":{\"swappiness\":101}"), "linux.resources.memory.swappiness" },
		{ RESOURCES("\"memory\":{\"disableOOMKiller\":0}"), "memory.disableOOMKiller: must be true or false" },
		{ RESOURCES("\"cpu\":{\"shares\":-1}"), "linux.resources.cpu.shares: must be a number from 0" },
		{ RESOURCES("\"cpu\":{\"quota\":10,\"burst\":11}"), "cpu.burst: must not be more than quota" },
		{ RESOURCES("\"cpu\":{\"idle\":2}"), "linux.resources.cpu.idle: must be a number from 0 to 1" },
		{ RESOURCES("\"cpu\":{\"cpus\":\"0\\n1\"}"), "linux.resources.cpu.cpus: must not contain a newline" },
		{ RESOURCES("\"pids\":{}"), "linux.resources.pids.limit: missing" },
		{ RESOURCES("\"blockIO\":{\"weight\":9}"), "blockIO.weight: must be a number from 10 to 1000" },
		{ RESOURCES("\"blockIO\":{\"weight\":1001}"), "blockIO.weight: must be a number from 10 to 1000" },
		{ RESOURCES("\"blockIO\":{\"weight\":65536}"), "blockIO.weight: must be a number from 0 to 65535" },
		{ RESOURCES("\"blockIO\":{\"weightDevice\":[{\"major\":1,\"minor\":1}]}"),
		  "blockIO.weightDevice[0].weight: missing, and so is leafWeight" },
		{ RESOURCES("\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":1,\"minor\":1}]}"),
		  "blockIO.throttleReadBpsDevice[0].rate: missing" },
		{ RESOURCES("\"blockIO\":{\"throttleWriteIOPSDevice\":[{\"minor\":1,\"rate\":1}]}"),
		  "blockIO.throttleWriteIOPSDevice[0].major: missing" },
		{ RESOURCES("\"hugepageLimits\":[{\"limit\":1}]"), "hugepageLimits[0].pageSize: missing" },
		{ RESOURCES("\"hugepageLimits\":[{\"pageSize\":\"02MB\",\"limit\":1}]"), "pageSize: must be a size" },
		{ RESOURCES("\"hugepageLimits\":[{\"pageSize\":\"2TB\",\"limit\":1}]"), "pageSize: must be a size" },
		{ RESOURCES("\"hugepageLimits\":[{\"pageSize\":\"2M\",\"limit\":1}]"), "pageSize: must be a size" },
		{ RESOURCES("\"hugepageLimits\":[{\"pageSize\":\"MB\",\"limit\":1}]"), "pageSize: must be a size" },
		{ RESOURCES("\"hugepageLimits\":[{\"pageSize\":\"2MB/\",\"limit\":1}]"), "pageSize: must be a size" },
		{ RESOURCES("\"network\":{\"classID\":4294967296}"), "linux.resources.network.classID: must be a number" },
		{ RESOURCES("\"network\":{\"priorities\":[{\"name\":\"a\"}]}"), "network.priorities[0].priority: missing" },
		{ RESOURCES("\"rdma\":{\"a\":{}}"), "linux.resources.rdma.a.hcaHandles: missing, and so is hcaObjects" },
		{ RESOURCES("\"rdma\":{\"a b\":{\"hcaObjects\":1}}"), "linux.resources.rdma[\"a b\"]: not a device name" },
		{ RESOURCES("\"rdma\":{\"a\":{\"hcaObjects\":4294967296}}"), "rdma.a.hcaObjects: must be a number" },
		{ RESOURCES("\"unified\":{\"a/b\":\"1\"}"),
		  "linux.resources.unified[\"a/b\"]: not the name of a file in a cgroup" },
		{ RESOURCES("\"unified\":{\"..\":\"1\"}"), "not the name of a file in a cgroup" },
		{ RESOURCES("\"unified\":{\"a.b\":1}"), "linux.resources.unified[\"a.b\"]: must be a string" },
	};

	(void)state;
	all_bad(cases, ARRAY_SIZE(cases), -EINVAL);
}

static void bad_seccomp(void **state)
{
	static const struct fragment cases[] = {
		{ SECCOMP(""), "linux.seccomp.defaultAction: missing" },
		{ LINUX("\"seccomp\":[]"), "linux.seccomp: must be an object" },
		{ SECCOMP("\"defaultAction\":\"ALLOW\""), "linux.seccomp.defaultAction: unknown value \"ALLOW\"" },
		{ SECCOMP("\"defaultAction\":\"SCMP_ACT_NOTIFY\""), "defaultAction: SCMP_ACT_NOTIFY cannot be the default" },
		{ SECCOMP("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"defaultErrnoRet\":1"),
		  "linux.seccomp.defaultErrnoRet: only for" },
		{ SECCOMP("\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":65536"),
		  "linux.seccomp.defaultErrnoRet: must be a number from 0 to 65535" },
		{ SECCOMP("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"X\"]"),
		  "linux.seccomp.flags[0]: must be one of \"SECCOMP_FILTER_FLAG_TSYNC\"" },
		{ SECCOMP("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86\",\"X\"]"),
		  "linux.seccomp.architectures[1]: unknown value \"X\"" },
		{ SECCOMP("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerMetadata\":\"m\""),
		  "linux.seccomp.listenerMetadata: needs listenerPath" },
		{ SECCOMP("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"a\"],"
			  "\"action\":\"SCMP_ACT_NOTIFY\"}]"), "linux.seccomp.listenerPath: missing: a rule uses" },
		{ SECCOMP("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/l\",\"syscalls\":[{\"names\":[\"a\","
			  "\"write\"],\"action\":\"SCMP_ACT_NOTIFY\"}]"),
		  "linux.seccomp.syscalls[0].action: SCMP_ACT_NOTIFY cannot be used for write" },
		{ SECCOMP("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"action\":\"SCMP_ACT_ALLOW\"}]"),
		  "linux.seccomp.syscalls[0].names: missing" },
		{ SECCOMP("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[],\"action\":\"SCMP_ACT_LOG\"}]"),
		  "linux.seccomp.syscalls[0].names: must have at least one element" },
		{ SECCOMP("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"a\"]}]"),
		  "linux.seccomp.syscalls[0].action: missing" },
		{ SECCOMP("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"a\"],"
			  "\"action\":\"SCMP_ACT_KILL\",\"errnoRet\":1}]"),
		  "linux.seccomp.syscalls[0].errnoRet: only for SCMP_ACT_ERRNO and SCMP_ACT_TRACE" },
		{ SECCOMP("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"a\"],\"action\":\"SCMP_ACT_LOG\","
			  "\"args\":[{\"index\":6,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]}]"),
		  "linux.seccomp.syscalls[0].args[0].index: must be a number from 0 to 5, not 6" },
		{ SECCOMP("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"a\"],\"action\":\"SCMP_ACT_LOG\","
			  "\"args\":[{\"index\":0,\"value\":1,\"op\":\"EQ\"}]}]"),
		  "linux.seccomp.syscalls[0].args[0].op: must be one of \"SCMP_CMP_NE\"" },
	};

	(void)state;
	all_bad(cases, ARRAY_SIZE(cases), -EINVAL);
}

static void unsupported(void **state)
{
	static const struct fragment cases[] = {
		{ PROCESS("\"scheduler\":{\"policy\":\"SCHED_ISO\"}"), "process.scheduler.policy: no Linux kernel has" },
		{ LINUX("\"personality\":{\"domain\":\"LINUX\",\"flags\":[\"X\"]}"), "linux.personality.flags: the spec" },
	};

	(void)state;
	all_bad(cases, ARRAY_SIZE(cases), -EOPNOTSUPP);
}

static void accepted(void **state)
{
	static const char *const cases[] = {
		"{\"ociVersion\":\"1.0.0-rc5\",\"root\":{\"path\":\"/r\"}}",
		"{\"ociVersion\":\"1.2.0+dev\",\"root\":{\"path\":\"/r\"}}",
		"{\"ociVersion\":\"1.0.2-dev\",\"root\":{\"path\":\"/r\"}}",
		"{\"ociVersion\":\"1.42.17-rc.1+x.y\",\"root\":{\"path\":\"/r\"}}",
		TOP("\"process\":null,\"hostname\":\"\",\"mounts\":null,\"hooks\":null,\"annotations\":null,\"linux\":null"),
		TOP("\"Hostname\":\"not ours\",\"windows\":{\"x\":1},\"vm\":{}"),
		PROCESS("\"user\":null,\"env\":null,\"capabilities\":null,\"rlimits\":null,\"oomScoreAdj\":null"),
		PROCESS("\"consoleSize\":{\"height\":0,\"width\":99999999}"),
		PROCESS("\"scheduler\":{\"policy\":\"SCHED_FIFO\",\"priority\":99,\"nice\":77}"),
		PROCESS("\"ioPriority\":{\"class\":\"IOPRIO_CLASS_IDLE\"},\"execCPUAffinity\":{\"initial\":\"\"}"),
		PROCESS("\"commandLine\":\"x\",\"apparmorProfile\":\"\""),
		LINUX("\"namespaces\":[{\"type\":\"user\",\"path\":\"/proc/1/ns/user\"}]"),
		LINUX("\"namespaces\":[{\"type\":\"user\",\"path\":\"/proc/1/ns/user\"}],\"uidMappings\":" MAP),
		LINUX(NS("user") "\"uidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":4294967295}],"
		      "\"gidMappings\":" MAP),
		LINUX(NS("ipc") "\"sysctl\":{\"kernel.shmmax\":\"\",\"fs/mqueue/a\":\"1\"}"),
		LINUX("\"maskedPaths\":[],\"readonlyPaths\":null,\"rootfsPropagation\":\"\""),
		LINUX("\"seccomp\":null"),
		SECCOMP("\"defaultAction\":\"\""),
		SECCOMP("\"defaultAction\":\"\",\"syscalls\":[]"),
		SECCOMP("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/unused\""),
		LINUX("\"memoryPolicy\":{\"mode\":\"MPOL_DEFAULT\",\"nodes\":\"\"}"),
		LINUX("\"intelRdt\":{},\"personality\":{\"domain\":\"LINUX\"}"),
		RESOURCES("\"blockIO\":{\"weight\":0},\"memory\":{\"limit\":1e9},\"cpu\":{\"quota\":-1,\"burst\":1}"),
		RESOURCES("\"devices\":[{\"allow\":true,\"type\":\"\",\"major\":-1,\"minor\":null}]"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ringwall_err e = { 0 };

		if (fragment_parse(cases[i], &e))
			fail_msg("%s: %s", cases[i], e.text);
	}
}

static void console_needs_terminal(void **state)
{
	static const char text[] = PROCESS("\"consoleSize\":{\"height\":25,\"width\":70000}");
	static const char tty[] = PROCESS("\"terminal\":true,\"consoleSize\":{\"height\":25,\"width\":70000}");
	struct ringwall_config c = { 0 };

	(void)state;
	assert_int_equal(ringwall_config_parse(&c, text, sizeof(text) - 1, "t", NULL), 0);
	assert_int_equal(c.process.console_height, 0);
	assert_int_equal(c.process.console_width, 0);
	ringwall_config_free(&c);
	assert_int_equal(ringwall_config_parse(&c, tty, sizeof(tty) - 1, "t", NULL), 0);
	assert_int_equal(c.process.console_height, 25);
	assert_int_equal(c.process.console_width, 65535);
	ringwall_config_free(&c);
}

static void seccomp_default_flags(void **state)
{
	static const char absent[] = SECCOMP("\"defaultAction\":\"SCMP_ACT_ALLOW\"");
	static const char empty[] = SECCOMP("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[]");
	static const char off[] = SECCOMP("\"defaultAction\":\"\"");
	struct ringwall_config c = { 0 };

	(void)state;
	assert_int_equal(ringwall_config_parse(&c, absent, sizeof(absent) - 1, "t", NULL), 0);
	assert_true(c.seccomp.set);
	assert_false(c.seccomp.has_flags);
	assert_int_equal(c.seccomp.flags, SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	ringwall_config_free(&c);
	assert_int_equal(ringwall_config_parse(&c, empty, sizeof(empty) - 1, "t", NULL), 0);
	assert_true(c.seccomp.has_flags);
	assert_int_equal(c.seccomp.flags, 0);
	ringwall_config_free(&c);
	assert_int_equal(ringwall_config_parse(&c, off, sizeof(off) - 1, "t", NULL), 0);
	assert_false(c.seccomp.set);
	ringwall_config_free(&c);
}

/* More unknown names than are kept: no write beyond the list. */
static void capabilities_unknown(void **state)
{
	char text[8192];
	size_t n = (size_t)sprintf(text, "{\"cwd\":\"/\",\"args\":[\"a\"],\"capabilities\":{\"bounding\":[\"CAP_KILL\"");
	struct ringwall_config c = { 0 };

	(void)state;
	for (int i = 0; i < 200; i++)
		n += (size_t)sprintf(text + n, ",\"CAP_NEW_%d\"", i);
	n += (size_t)sprintf(text + n, "]}}");
	assert_int_equal(ringwall_process_parse(&c, text, n, "t", NULL), 0);
	assert_int_equal(c.process.caps.bounding, 1 << 5);
	assert_int_equal(c.process.caps.unknown.n, 64);
	assert_string_equal(c.process.caps.unknown.v[63], "CAP_NEW_63");
	assert_null(c.process.caps.unknown.v[64]);
	ringwall_config_free(&c);
}

/* Parts ----------------------------------------------------------------------------------------------------- */

static void process_alone(void **state)
{
	static const char good[] = "{\"cwd\":\"/c\",\"args\":[\"a\"],\"user\":{\"uid\":7}}";
	static const char bad[] = "{\"cwd\":\"/c\",\n\"args\":[1]}";
	struct ringwall_config c = { 0 };
	struct ringwall_err e = { 0 };

	(void)state;
	assert_int_equal(ringwall_process_parse(&c, good, sizeof(good) - 1, "p.json", &e), 0);
	assert_true(c.process.set);
	assert_int_equal(c.process.uid, 7);
	assert_string_equal(c.process.cwd, "/c");
	ringwall_config_free(&c);
	assert_int_equal(ringwall_process_parse(&c, bad, sizeof(bad) - 1, "p.json", &e), -EINVAL);
	assert_string_equal(e.text, "p.json:2:9: args[0]: must be a string, not a number");
	assert_false(c.process.set);
	ringwall_config_free(&c);
}

static void resources_alone(void **state)
{
	static const char good[] = "{\"memory\":{\"limit\":5},\"pids\":null}";
	static const char bad[] = "{\"memory\":{\"limit\":\"5\"}}";
	struct ringwall_config c = { 0 };
	struct ringwall_err e = { 0 };

	(void)state;
	assert_int_equal(ringwall_resources_parse(&c, good, sizeof(good) - 1, "r.json", &e), 0);
	assert_true(c.resources.set && c.resources.memory.limit.has);
	assert_int_equal(c.resources.memory.limit.v, 5);
	assert_false(c.resources.pids_limit.has);
	ringwall_config_free(&c);
	assert_int_equal(ringwall_resources_parse(&c, bad, sizeof(bad) - 1, "r.json", &e), -EINVAL);
	assert_string_equal(e.text, "r.json:1:20: memory.limit: must be a number, not a string");
	ringwall_config_free(&c);
}

/* The specification's own examples. They are about its schema; two of them no runtime of today can run. */
static void spec_good(void **state)
{
	static const struct {
		const char *path, *refused;
	} files[] = {
		{ SPEC_TESTS "good/minimal.json", NULL },
		{ SPEC_TESTS "good/minimal-for-start.json", NULL },
		{ SPEC_TESTS "good/linux-rdma.json", NULL },
		{ SPEC_TESTS "good/linux-netdevice.json", "linux.netDevices: needs a network namespace" },
		{ SPEC_TESTS "good/spec-example.json", "ociVersion: \"0.5.0-dev\" is not supported" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct ringwall_config c = { 0 };
		struct ringwall_err e = { 0 };
		int r = ringwall_config_load(&c, files[i].path, &e);

		if (r != (files[i].refused ? -EINVAL : 0) || (files[i].refused && !strstr(e.text, files[i].refused)))
			fail_msg("%s: %d %s", files[i].path, r, e.text);
		ringwall_config_free(&c);
	}
}

/* Those two again: the first without the rules between sections, the second with a version of today. */
static void spec_good_as_schema(void **state)
{
	struct ringwall_config c = { 0 };
	struct ringwall_err e = { 0 };
	size_t len;
	char *text = file_read(SPEC_TESTS "good/linux-netdevice.json", &len), *version;

	(void)state;
	c.text = text;
	c.text_len = len;
	if (ringwall_config_read(&c, "netdevice", &e))
		fail_msg("%s", e.text);
	assert_int_equal(c.n_net_devices, 3);
	ringwall_config_free(&c);
	free(text);

	text = file_read(SPEC_TESTS "good/spec-example.json", &len);
	version = strstr(text, "0.5.0-dev");
	assert_non_null(version);
	version[0] = '1';
	if (ringwall_config_parse(&c, text, len, "example", &e))
		fail_msg("%s", e.text);
	assert_int_equal(c.n_devices, 2);
	assert_int_equal(c.resources.n_devices, 3);
	ringwall_config_free(&c);
	free(text);
}

static void spec_bad(void **state)
{
	static const struct fragment files[] = {
		{ SPEC_TESTS "bad/invalid-json.json", "1:2: ']' where a member name should be" },
		{ SPEC_TESTS "bad/linux-hugepage.json", "11:33: linux.resources.hugepageLimits[0].pageSize: " },
		{ SPEC_TESTS "bad/linux-netdevice.json", "9:25: linux.netDevices.eth0.name: must be a string" },
		{ SPEC_TESTS "bad/linux-rdma.json", "10:35: linux.resources.rdma.mlx5_1.hcaHandles: must be a number" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct ringwall_config c = { 0 };
		struct ringwall_err e = { 0 };

		assert_int_equal(ringwall_config_load(&c, files[i].text, &e), -EINVAL);
		assert_memory_equal(e.text, files[i].text, strlen(files[i].text));
		if (!strstr(e.text, files[i].want))
			fail_msg("%s", e.text);
		ringwall_config_free(&c);
	}
}

/* Files ----------------------------------------------------------------------------------------------------- */

static void load_errors(void **state)
{
	struct ringwall_config c = { 0 };
	struct ringwall_err e = { 0 };

	(void)state;
	assert_int_equal(ringwall_config_load(&c, "/nonexistent/c", &e), -ENOENT);
	assert_non_null(strstr(e.text, "open '/nonexistent/c': "));
	assert_int_equal(ringwall_config_load(&c, "/", &e), -EISDIR);
	assert_int_equal(ringwall_config_load(&c, "/dev/null", &e), -EINVAL);
	assert_string_equal(e.text, "/dev/null:1:1: the text ends where a value should be");
	ringwall_config_free(&c);
	/* A file of proc has no size; what is in this one is no config. */
	assert_int_equal(ringwall_config_load(&c, "/proc/self/status", &e), -EINVAL);
	assert_string_equal(e.text, "/proc/self/status:1:1: 'N' where a value should be");
	ringwall_config_free(&c);
}

static void too_big(void **state)
{
	char path[] = "/tmp/ringwall-test-config-XXXXXX";
	_cleanup_fd_ int fd = mkostemp(path, O_CLOEXEC);
	struct ringwall_config c = { 0 };
	struct ringwall_err e = { 0 };

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 16 * 1024 * 1024 + 1), 0);
	assert_int_equal(ringwall_config_load(&c, path, &e), -EFBIG);
	assert_non_null(strstr(e.text, "more than 16 MiB"));
	ringwall_config_free(&c);
	unlink(path);
}

/* @blanks spaces, then a config: more than a pipe holds, and more than one buffer. */
static void pipe_feed(int fd, size_t blanks)
{
	static const char text[] = TOP("\"annotations\":{\"k\":\"from a pipe\"}");
	char line[1000];

	memset(line, ' ', sizeof(line));
	for (; blanks; blanks -= sizeof(line)) {
		if (write(fd, line, sizeof(line)) != (ssize_t)sizeof(line))
			_exit(1);
	}
	_exit(write(fd, text, sizeof(text) - 1) != (ssize_t)sizeof(text) - 1);
}

static void load_pipe(void **state)
{
	static const size_t sizes[] = { 0, 300000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct ringwall_config c = { 0 };
		struct ringwall_err e = { 0 };
		int p[2], status, kept = dup(STDIN_FILENO), r;
		pid_t pid;

		assert_int_equal(pipe(p), 0);
		pid = fork();
		if (!pid)
			pipe_feed(p[1], sizes[i]);
		close(p[1]);
		dup2(p[0], STDIN_FILENO);
		close(p[0]);
		r = ringwall_config_load(&c, "-", &e);
		dup2(kept, STDIN_FILENO);
		close(kept);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		if (r)
			fail_msg("%s", e.text);
		assert_int_equal(c.text_len, sizes[i] + strlen(TOP("\"annotations\":{\"k\":\"from a pipe\"}")));
		assert_string_equal(ringwall_config_annotation(&c, "k"), "from a pipe");
		ringwall_config_free(&c);
	}
}

static bool within(const struct ringwall_region *g, const char *p)
{
	return p >= g->base && p < g->base + g->used;
}

/* Another process maps the region: no string may be a literal of this one's. */
static void strings_in_region(void **state)
{
	struct ringwall_region g = { 0 };
	struct ringwall_config c = { .arena.region = &g };
	struct ringwall_err e = { 0 };

	(void)state;
	if (ringwall_region_open(&g, &e)) {
		print_message("region: %s\n", e.text); /* its address is taken under a sanitizer */
		skip();
	}
	if (ringwall_config_load(&c, FULL, &e))
		fail_msg("%s", e.text);
	for (size_t i = 0; i < c.annotations.n; i++)
		assert_true(within(&g, c.annotations.v[i].key) && within(&g, c.annotations.v[i].value));
	assert_true(within(&g, c.text) && within(&g, c.hostname) && within(&g, c.process.cwd));
	assert_true(within(&g, c.mounts[1].destination) && within(&g, c.process.cpu_affinity_initial));
	assert_true(within(&g, (const char *)c.process.args.v) && within(&g, c.process.args.v[2]));
	assert_true(within(&g, c.process.caps.unknown.v[0]) && within(&g, c.seccomp.rules[0].names.v[0]));
	ringwall_config_free(&c);
	ringwall_region_close(&g);
}

/* A region that has only @left bytes left: every allocation on the way fails once, and is noticed. */
static void out_of_memory(void **state)
{
	static _Alignas(max_align_t) char room[128 * 1024];
	size_t left, len;
	char *text = file_read(FULL, &len);
	int r = -1;

	(void)state;
	for (left = 0; r && left < sizeof(room); left += 112) {
		uintptr_t used = RINGWALL_REGION_SIZE - left;
		struct ringwall_region g = { .fd = -1, .base = (char *)((uintptr_t)room - used), .used = used };
		struct ringwall_config c = { .arena.region = &g };
		struct ringwall_err e = { 0 };

		memset(room, 0, sizeof(room));
		r = ringwall_config_parse(&c, text, len, "oom", &e);
		if (r && (r != -ENOMEM || e.code != -ENOMEM || strncmp(e.text, "oom: ", 5)))
			fail_msg("%zu bytes left: %d %s", left, r, e.text);
		ringwall_config_free(&c);
	}
	assert_int_equal(r, 0);
	assert_true(left > len); /* so it did fail, many times */
	free(text);
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(ringwall_capability_name(0), "CAP_CHOWN");
	assert_string_equal(ringwall_capability_name(40), "CAP_CHECKPOINT_RESTORE");
	assert_null(ringwall_capability_name(41));
	for (int i = 0; ringwall_capability_name(i); i++)
		assert_int_equal(ringwall_capability_find(ringwall_capability_name(i)), i);
	assert_int_equal(ringwall_capability_find("sys_admin"), 21);
	assert_int_equal(ringwall_capability_find("cap_sys_admin"), 21);
	assert_int_equal(ringwall_capability_find("CAP_"), -EINVAL);
	assert_int_equal(ringwall_capability_find(""), -EINVAL);
	assert_int_equal(ringwall_capability_find("CAP_CHOWNX"), -EINVAL);
	for (int i = 0; i < RINGWALL_NS_COUNT; i++) {
		char path[64];

		assert_string_equal(ringwall_name_find(ringwall_namespace_names, ringwall_namespace_name(i))->name,
				    ringwall_namespace_name(i));
		assert_int_equal(ringwall_name_find(ringwall_namespace_names, ringwall_namespace_name(i))->value, i);
		sprintf(path, "/proc/self/ns/%s", ringwall_namespace_proc(i));
		assert_int_equal(access(path, F_OK), 0);
	}
	assert_int_equal(ringwall_namespace_flag(RINGWALL_NS_NETWORK), CLONE_NEWNET);
	assert_int_equal(ringwall_namespace_flag(RINGWALL_NS_TIME), CLONE_NEWTIME);
	assert_null(ringwall_namespace_name(RINGWALL_NS_COUNT));
	assert_null(ringwall_namespace_proc(RINGWALL_NS_COUNT));
	assert_null(ringwall_hook_name(RINGWALL_HOOK_COUNT));
}

#define FULL_TEST(name) cmocka_unit_test_setup_teardown(name, full_load, full_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FULL_TEST(full_top),
		FULL_TEST(full_mounts),
		FULL_TEST(full_hooks),
		FULL_TEST(full_process),
		FULL_TEST(full_process_linux),
		FULL_TEST(full_namespaces),
		FULL_TEST(full_devices),
		FULL_TEST(full_resources),
		FULL_TEST(full_resources_io),
		FULL_TEST(full_seccomp),
		FULL_TEST(full_rest),
		cmocka_unit_test(minimal_is_empty),
		cmocka_unit_test(bad_top),
		cmocka_unit_test(bad_process),
		cmocka_unit_test(bad_linux),
		cmocka_unit_test(bad_sysctl),
		cmocka_unit_test(bad_resources),
		cmocka_unit_test(bad_seccomp),
		cmocka_unit_test(unsupported),
		cmocka_unit_test(accepted),
		cmocka_unit_test(console_needs_terminal),
		cmocka_unit_test(seccomp_default_flags),
		cmocka_unit_test(capabilities_unknown),
		cmocka_unit_test(process_alone),
		cmocka_unit_test(resources_alone),
		cmocka_unit_test(spec_good),
		cmocka_unit_test(spec_good_as_schema),
		cmocka_unit_test(spec_bad),
		cmocka_unit_test(load_errors),
		cmocka_unit_test(too_big),
		cmocka_unit_test(load_pipe),
		cmocka_unit_test(strings_in_region),
		cmocka_unit_test(out_of_memory),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
