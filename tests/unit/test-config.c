// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
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
#include <unistd.h>

#include <cmocka.h>

#include "../../user/oci/fields.h"
#include "fragment.h"

/* tests/run starts every test in the root of the tree. */
#define FULL "tests/data/oci/full.json"

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
		cmocka_unit_test(console_needs_terminal),
		cmocka_unit_test(seccomp_default_flags),
		cmocka_unit_test(capabilities_unknown),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
