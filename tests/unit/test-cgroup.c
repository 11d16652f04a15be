// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/cgroup/internal.h"

static void test_shares(void **state)
{
	/* Minimum, default, maximum, and Kubernetes' values, from runc's and kubelet's documentation of the formula. */
	static const uint64_t pairs[][2] = {
		{ 0, 0 },	 { 1, 1 },	   { 2, 1 },		 { 100, 17 },	       { 512, 59 },
		{ 1024, 100 },	 { 2048, 174 },	   { 10000, 627 },	 { 262143, 10000 },    { 262144, 10000 },
		{ 262145, 10000 }, { UINT64_MAX, 10000 },
	};
	uint64_t last = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		assert_int_equal(ringwall_convert_shares(pairs[i][0]), pairs[i][1]);
	for (uint64_t s = 2; s <= 262144; s++) {
		uint64_t w = ringwall_convert_shares(s);

		assert_true(w >= last && w >= 1 && w <= 10000);
		last = w;
	}
}

static void test_blkio(void **state)
{
	(void)state;
	assert_int_equal(ringwall_convert_blkio(0), 0);
	assert_int_equal(ringwall_convert_blkio(1), 1);
	assert_int_equal(ringwall_convert_blkio(10), 1);
	assert_int_equal(ringwall_convert_blkio(500), 4950);
	assert_int_equal(ringwall_convert_blkio(1000), 10000);
}

static void test_swap(void **state)
{
	static const struct {
		int64_t swap, memory;
		int code;
		bool set;
		int64_t value;
	} rows[] = {
		{ 0, 0, 0, false, 0 },		 { 0, 1000, 0, false, 0 },	{ 0, -1, 0, true, -1 },
		{ -1, 0, 0, true, -1 },		 { -1, 1000, 0, true, -1 },	{ -1, -1, 0, true, -1 },
		{ 3000, 1000, 0, true, 2000 },	 { 1000, 1000, 0, true, 0 },	{ 3000, -1, 0, true, 3000 },
		{ 3000, 0, -EINVAL, false, 0 },	 { 999, 1000, -EINVAL, false, 0 }, { 3000, -2, -EINVAL, false, 0 },
		{ -2, 1000, -EINVAL, false, 0 }, { -2, -1, -EINVAL, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ringwall_err e = { 0 };
		bool set = false;
		int64_t value = 0;

		assert_int_equal(ringwall_convert_swap(rows[i].swap, rows[i].memory, &set, &value, &e), rows[i].code);
		assert_int_equal(e.code, rows[i].code);
		assert_int_equal(set, rows[i].set);
		assert_int_equal(value, rows[i].value);
	}
}

static void test_quota(void **state)
{
	(void)state;
	assert_true(ringwall_convert_quota(-1, 100000) == UINT64_MAX);
	assert_true(ringwall_convert_quota(0, 100000) == UINT64_MAX);
	assert_int_equal(ringwall_convert_quota(50000, 100000), 500000);
	assert_int_equal(ringwall_convert_quota(50000, 0), 500000);
	/* 12.345 % becomes 13 %, never less than asked for. */
	assert_int_equal(ringwall_convert_quota(12345, 100000), 130000);
	assert_int_equal(ringwall_convert_quota(1, 1000000), 10000);
	assert_true(ringwall_convert_quota(INT64_MAX, 1) == UINT64_MAX - 1);
}

static void test_cpus(void **state)
{
	uint8_t bits[128];
	size_t n;

	(void)state;
	assert_int_equal(ringwall_convert_cpus("0-3,9", bits, sizeof(bits), &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(bits[0], 0x0f);
	assert_int_equal(bits[1], 0x02);
	assert_int_equal(ringwall_convert_cpus("1023", bits, sizeof(bits), &n), 0);
	assert_int_equal(n, 128);
	assert_int_equal(bits[127], 0x80);
	assert_int_equal(ringwall_convert_cpus("1024", bits, sizeof(bits), &n), -ERANGE);
	assert_int_equal(ringwall_convert_cpus("8192", bits, sizeof(bits), &n), -ERANGE);
	assert_int_equal(ringwall_convert_cpus("3-1", bits, sizeof(bits), &n), -EINVAL);
	assert_int_equal(ringwall_convert_cpus("", bits, sizeof(bits), &n), -EINVAL);
	assert_int_equal(ringwall_convert_cpus("a", bits, sizeof(bits), &n), -EINVAL);
}

static void test_path(void **state)
{
	static const struct {
		const char *path, *own, *want;
	} rows[] = {
		{ "/a/b", "/x/y", "/a/b" },
		{ "//a/./b//", "/x/y", "/a/b" },
		{ "/../../a", "/x/y", "/a" },
		{ "/a/../../../etc", "/x", "/etc" },
		{ "/", "/x", "" },
		{ "a/b", "/user.slice/s.scope", "/user.slice/a/b" },
		{ "a", "/", "/a" },
		{ "a", "/own", "/a" },
		/* A relative one cannot climb out of the caller's parent either. */
		{ "../../a", "/user.slice/s.scope", "/user.slice/a" },
		{ NULL, "/user.slice/s.scope", "/user.slice/id" },
		{ "", "/user.slice/s.scope", "/user.slice/id" },
		{ NULL, "/", "/id" },
		{ "...", "/", "/..." },
	};
	char path[PATH_MAX], small[8];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(ringwall_cgroup_path_fs(rows[i].path, rows[i].own, "id", path, sizeof(path)), 0);
		assert_string_equal(path, rows[i].want);
	}
	assert_int_equal(ringwall_cgroup_path_fs("/123456", "/", "id", small, sizeof(small)), 0);
	assert_int_equal(ringwall_cgroup_path_fs("/1234567", "/", "id", small, sizeof(small)), -ENAMETOOLONG);
}

static void test_own(void **state)
{
	char path[32];

	(void)state;
	assert_int_equal(ringwall_cgroup_path_own("5:cpu:/v1\n0::/a/b\n", path, sizeof(path)), 0);
	assert_string_equal(path, "/a/b");
	assert_int_equal(ringwall_cgroup_path_own("0::/", path, sizeof(path)), 0);
	assert_string_equal(path, "/");
	assert_int_equal(ringwall_cgroup_path_own("5:cpu:/0::/x\n", path, sizeof(path)), -ENOENT);
	assert_int_equal(ringwall_cgroup_path_own("", path, sizeof(path)), -ENOENT);
	assert_int_equal(ringwall_cgroup_path_own("0::/a-path-that-is-too-long-for-this", path, sizeof(path)), -ENAMETOOLONG);
}

static void test_mountinfo(void **state)
{
#define V1 "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
	char path[64];

	(void)state;
	assert_int_equal(ringwall_cgroup_mountinfo(V1 "41 31 0:38 / /sys/fs/cgroup/unified rw shared:3 - cgroup2 cgroup2 rw\n",
						   path, sizeof(path)), 0);
	assert_string_equal(path, "/sys/fs/cgroup/unified");
	/* A bind mount of a part is taken only when there is nothing better. */
	assert_int_equal(ringwall_cgroup_mountinfo("1 2 0:38 /part /p rw - cgroup2 c rw\n3 2 0:38 / /whole\\040one rw - cgroup2 c rw",
						   path, sizeof(path)), 0);
	assert_string_equal(path, "/whole one");
	assert_int_equal(ringwall_cgroup_mountinfo("1 2 0:38 /part /p rw - cgroup2 c rw\n" V1, path, sizeof(path)), 0);
	assert_string_equal(path, "/p");
	assert_int_equal(ringwall_cgroup_mountinfo(V1, path, sizeof(path)), -ENOENT);
	assert_int_equal(ringwall_cgroup_mountinfo("", path, sizeof(path)), -ENOENT);
	assert_int_equal(ringwall_cgroup_mountinfo("garbage - cgroup2 x\n - cgroup2 \n", path, sizeof(path)), -ENOENT);
}

static void test_slice(void **state)
{
	static const char *const bad[] = { "", ".slice", "a", "a.scope", "-a.slice", "a-.slice", "a--b.slice", "a/b.slice" };
	char path[128];

	(void)state;
	assert_int_equal(ringwall_cgroup_slice_expand("a-b.slice", path, sizeof(path)), 0);
	assert_string_equal(path, "/a.slice/a-b.slice");
	assert_int_equal(ringwall_cgroup_slice_expand("system.slice", path, sizeof(path)), 0);
	assert_string_equal(path, "/system.slice");
	assert_int_equal(ringwall_cgroup_slice_expand("a-b-c.slice", path, sizeof(path)), 0);
	assert_string_equal(path, "/a.slice/a-b.slice/a-b-c.slice");
	assert_int_equal(ringwall_cgroup_slice_expand("-.slice", path, sizeof(path)), 0);
	assert_string_equal(path, "");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(ringwall_cgroup_slice_expand(bad[i], path, sizeof(path)), -EINVAL);
	assert_int_equal(ringwall_cgroup_slice_expand("a-b-c.slice", path, 20), -ENAMETOOLONG);
}

static void test_unit(void **state)
{
	static const struct {
		const char *path, *slice, *name;
		bool rootless;
	} good[] = {
		{ "system.slice:docker:ID", "system.slice", "docker-ID.scope", false },
		{ "a-b.slice:p:n", "a-b.slice", "p-n.scope", false },
		{ ":p:n", "system.slice", "p-n.scope", false },
		{ ":p:n", "user.slice", "p-n.scope", true },
		{ "-.slice::n", "-.slice", "-n.scope", false },
		{ NULL, "system.slice", "ringwall-c1.scope", false },
		{ "", "user.slice", "ringwall-c1.scope", true },
	};
	static const char *const bad[] = {
		"/a/b", "a:b", "system.slice:a:b:c", "system.slice:a:", "system.scope:a:b", "a--b.slice:c:d",
		"system.slice:a/b:c", "system.slice:a:x.slice", "system.slice:a b:c", "../x.slice:a:b",
	};
	struct ringwall_cgroup_unit u;
	struct ringwall_err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(ringwall_cgroup_unit_parse(good[i].path, "c1", good[i].rootless, &u, &e), 0);
		assert_string_equal(u.slice, good[i].slice);
		assert_string_equal(u.name, good[i].name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		e.code = 0;
		if (ringwall_cgroup_unit_parse(bad[i], "c1", false, &u, &e) != -EINVAL)
			fail_msg("%s: taken", bad[i]);
		assert_int_equal(e.code, -EINVAL);
		assert_non_null(strstr(e.text, "linux.cgroupsPath: '"));
	}
}

static void test_keys(void **state)
{
	uint64_t v = 7;

	(void)state;
	assert_int_equal(ringwall_cgroup_key("populated 1\nfrozen 0\n", "frozen", &v), 0);
	assert_int_equal(v, 0);
	assert_int_equal(ringwall_cgroup_key("low 1\nmax 2\n", "max", &v), 0);
	assert_int_equal(v, 2);
	assert_int_equal(ringwall_cgroup_key("oom_kill 5\n", "oom", &v), -ENOENT);
	assert_int_equal(ringwall_cgroup_key("", "oom", &v), -ENOENT);
	assert_int_equal(ringwall_cgroup_number("18446744073709551616", &v), -ERANGE);
	assert_int_equal(ringwall_cgroup_number("12x", &v), -EINVAL);
	assert_int_equal(ringwall_cgroup_number("max\n", &v), 0);
	assert_true(v == UINT64_MAX);
}

static void test_controllers(void **state)
{
	struct ringwall_pair pairs[] = { { "memory.high", "1" }, { "cgroup.max.depth", "3" }, { "misc.max", "x 1" } };
	struct ringwall_resources r = { .set = true };

	(void)state;
	assert_int_equal(ringwall_controller_mask("cpuset cpu io memory hugetlb pids rdma misc\n"), 0xff);
	assert_int_equal(ringwall_controller_mask("cpus memor\n"), 0);
	assert_int_equal(ringwall_controller_mask("\n"), 0);
	assert_int_equal(ringwall_resources_controllers(&r), 0);
	/* Nothing needs a controller in order not to be limited. */
	r.memory.limit = r.pids_limit = r.cpu.quota = (struct ringwall_opt_i64){ true, -1 };
	assert_int_equal(ringwall_resources_controllers(&r), 0);
	r.pids_limit.v = 5;
	r.cpu.cpus = "0";
	r.unified = (struct ringwall_pairs){ pairs, ARRAY_SIZE(pairs) };
	assert_int_equal(ringwall_resources_controllers(&r),
			 1 << RINGWALL_CONTROLLER_PIDS | 1 << RINGWALL_CONTROLLER_CPUSET |
			 1 << RINGWALL_CONTROLLER_MEMORY | 1 << RINGWALL_CONTROLLER_MISC);
}

static void test_disabled(void **state)
{
	struct ringwall rw = { .cgroup_manager = RINGWALL_CGROUP_DISABLED };
	static struct ringwall_config c = { .cgroups_path = "/somewhere" };
	struct ringwall_resources r = { .set = true };
	struct ringwall_json_out o = { 0 };
	struct ringwall_cgroup cg;
	struct ringwall_err e;
	pid_t *pids;
	size_t n;
	int fd;

	(void)state;
	assert_int_equal(ringwall_cgroup_locate(&rw, &c, "id", &cg, &e), 0);
	assert_int_equal(ringwall_cgroup_create_at(&rw, &c, "id", (uid_t)-1, &cg, &e), 0);
	assert_int_equal(cg.fd, -1);
	assert_string_equal(cg.path, "");
	assert_int_equal(ringwall_cgroup_apply(&cg, &r, &e), 0);
	r.memory.limit = (struct ringwall_opt_i64){ true, 4096 };
	assert_int_equal(ringwall_cgroup_apply(&cg, &r, &e), -EOPNOTSUPP);
	assert_int_equal(ringwall_cgroup_attach(&cg, 1, &e), 0);
	assert_int_equal(ringwall_cgroup_freeze(&cg, true, &e), -EOPNOTSUPP);
	assert_false(ringwall_cgroup_frozen(&cg));
	assert_int_equal(ringwall_cgroup_kill(&cg, &e), -EOPNOTSUPP);
	assert_int_equal(ringwall_cgroup_signal(&cg, 15, &e), -EOPNOTSUPP);
	assert_int_equal(ringwall_cgroup_pids(&cg, &pids, &n, &e), -EOPNOTSUPP);
	assert_int_equal(ringwall_cgroup_wait_empty(&cg, 0), 0);
	assert_int_equal(ringwall_cgroup_stats(&cg, &o, &e), -EOPNOTSUPP);
	assert_int_equal(ringwall_cgroup_oom_fd(&cg, &fd, &e), -EOPNOTSUPP);
	assert_int_equal(ringwall_cgroup_remove(&cg, &e), 0);
	ringwall_cgroup_placed(&cg);
	ringwall_cgroup_close(&cg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares),	  cmocka_unit_test(test_blkio),	      cmocka_unit_test(test_swap),
		cmocka_unit_test(test_quota),	  cmocka_unit_test(test_cpus),	      cmocka_unit_test(test_path),
		cmocka_unit_test(test_own),	  cmocka_unit_test(test_mountinfo),   cmocka_unit_test(test_slice),
		cmocka_unit_test(test_unit),	  cmocka_unit_test(test_keys),	      cmocka_unit_test(test_controllers),
		cmocka_unit_test(test_disabled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
