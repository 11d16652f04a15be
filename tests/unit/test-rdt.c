// SPDX-License-Identifier: LGPL-2.1-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../../user/process/rdt.h"

/*
 * No machine of CI has RDT, so this is a directory that looks like resctrl, but for what the kernel does by itself:
 * a new directory has no files, and writes are not obeyed. Classes that the code is to fill are made beforehand.
 */
static char base[64];
static int fs;

static int setup(void **state)
{
	(void)state;
	strcpy(base, "/tmp/ringwall-test-XXXXXX");
	if (!mkdtemp(base))
		return -1;
	fs = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fs < 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	close(fs);
	snprintf(command, sizeof(command), "rm -rf '%s'", base);
	return system(command);
}

static void put(const char *path, const char *text)
{
	int fd = openat(fs, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static const char *get(const char *path)
{
	static char buf[1024];
	int fd = openat(fs, path, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, buf, sizeof(buf) - 1);

	close(fd);
	buf[n] = '\0';
	return buf;
}

static void class_make(const char *name, const char *schemata)
{
	char path[300];

	if (*name) {
		assert_int_equal(mkdirat(fs, name, 0700), 0);
		snprintf(path, sizeof(path), "%s/mon_groups", name);
	} else {
		snprintf(path, sizeof(path), "mon_groups");
		name = ".";
	}
	assert_int_equal(mkdirat(fs, path, 0700), 0);
	snprintf(path, sizeof(path), "%s/schemata", name);
	put(path, schemata);
	snprintf(path, sizeof(path), "%s/tasks", name);
	put(path, "");
}

static void test_not_mounted(void **state)
{
	struct ringwall_err e = { 0 };
	struct statfs sf;
	int fd = -7;

	(void)state;
	if (!statfs("/sys/fs/resctrl", &sf) && sf.f_type == 0x7655821)
		skip();
	assert_int_equal(ringwall_rdt_open(&fd, &e), -EOPNOTSUPP);
	assert_non_null(strstr(e.text, "linux.intelRdt"));
	assert_int_equal(fd, -7);
}

static void test_own_class(void **state)
{
	struct ringwall_intel_rdt rdt = { .set = true, .l3_cache_schema = "L3:0=f;1=f0\nMB:0=10", .mem_bw_schema = "MB:0=20" };
	struct ringwall_err e = { 0 };

	(void)state;
	class_make("c1", "L3:0=fff;1=fff\n");
	assert_int_equal(ringwall_rdt_create(fs, &rdt, "c1", &e), 0);
	assert_string_equal(get("c1/schemata"), "L3:0=f;1=f0\nMB:0=20\n");
	assert_int_equal(ringwall_rdt_assign(fs, &rdt, "c1", 4711, &e), 0);
	assert_string_equal(get("c1/tasks"), "4711");
	/* schemata comes last; in the fake it replaces the file's start */
	rdt = (struct ringwall_intel_rdt){ .set = true, .l3_cache_schema = "L3:0=1",
					   .schemata = { (const char *[]){ "L3:0=3", "L2:0=f", NULL }, 2 } };
	put("c1/schemata", "");
	assert_int_equal(ringwall_rdt_create(fs, &rdt, "c1", &e), 0);
	assert_string_equal(get("c1/schemata"), "L3:0=3\nL2:0=f\n");
	/* without a schema nothing is written */
	rdt = (struct ringwall_intel_rdt){ .set = true };
	put("c1/schemata", "untouched");
	assert_int_equal(ringwall_rdt_create(fs, &rdt, "c1", &e), 0);
	assert_string_equal(get("c1/schemata"), "untouched");
}

static void test_made_and_removed(void **state)
{
	struct ringwall_intel_rdt rdt = { .set = true };
	struct ringwall_err e = { 0 };
	struct stat st;

	(void)state;
	assert_int_equal(ringwall_rdt_create(fs, &rdt, "c2", &e), 0);
	assert_int_equal(fstatat(fs, "c2", &st, 0), 0);
	assert_int_equal(ringwall_rdt_remove(fs, &rdt, "c2", &e), 0);
	assert_int_equal(fstatat(fs, "c2", &st, 0), -1);
	assert_int_equal(ringwall_rdt_remove(fs, &rdt, "c2", &e), 0);
	/* what cannot be filled is taken away again */
	rdt.mem_bw_schema = "MB:0=20";
	assert_int_equal(ringwall_rdt_create(fs, &rdt, "c2", &e), -ENOENT);
	assert_non_null(strstr(e.text, "linux.intelRdt: write schemata"));
	assert_int_equal(fstatat(fs, "c2", &st, 0), -1);
	assert_int_equal(mkdirat(fs, "info", 0700), 0);
	put("info/last_cmd_status", "unknown resource name 'XY'\n");
	assert_int_equal(ringwall_rdt_create(fs, &rdt, "c2", &e), -ENOENT);
	assert_non_null(strstr(e.text, "write schemata: unknown resource name 'XY': "));
}

/* A class of somebody else: joined, never changed, never removed. */
static void test_clos_id(void **state)
{
	struct ringwall_intel_rdt rdt = { .set = true, .clos_id = "gold" };
	struct ringwall_err e = { 0 };
	struct stat st;

	(void)state;
	assert_int_equal(ringwall_rdt_create(fs, &rdt, "c3", &e), -ENOENT);
	assert_non_null(strstr(e.text, "linux.intelRdt.closID: 'gold'"));
	class_make("gold", "    L3:0=00f;1=0f0\n    MB:0= 20;1=100\n");
	assert_int_equal(ringwall_rdt_create(fs, &rdt, "c3", &e), 0);
	assert_int_equal(ringwall_rdt_assign(fs, &rdt, "c3", 5, &e), 0);
	assert_string_equal(get("gold/tasks"), "5");
	assert_int_equal(ringwall_rdt_remove(fs, &rdt, "c3", &e), 0);
	assert_int_equal(fstatat(fs, "gold", &st, 0), 0);
	assert_int_equal(fstatat(fs, "c3", &st, 0), -1);
}

static void test_compare(void **state)
{
	static const struct {
		const char *l3, *mb, *line;
		int r;
	} cases[] = {
		{ "L3:0=f;1=f0", NULL, NULL, 0 },
		{ "L3:1=0F0", NULL, NULL, 0 },
		{ "L3:0=f", "MB:0=20;1=100", NULL, 0 },
		{ "MB:0=99\nL3:0=f", "MB:0=20", NULL, 0 },
		{ NULL, "MB:0=21", NULL, -EEXIST },
		{ NULL, "MB:0=2", NULL, -EEXIST },
		{ NULL, "MB:0=200", NULL, -EEXIST },
		{ "L3:0=e", NULL, NULL, -EEXIST },
		{ "L3:2=f", NULL, NULL, -EEXIST },
		{ "L3:10=f", NULL, NULL, -EEXIST },
		{ "L3:=f", NULL, NULL, -EEXIST },
		{ "L2:0=f", NULL, NULL, -EEXIST },
		{ "L3:0", NULL, NULL, -EEXIST },
		{ NULL, NULL, "MB:1=100", 0 },
		{ NULL, NULL, "MB:1=10", -EEXIST },
		{ "L3:0=e", NULL, "L3:0=f", 0 }, /* schemata has the last word */
	};
	struct ringwall_err e = { 0 };

	(void)state;
	class_make("gold", "    L3:0=00f;1=0f0\n    MB:0= 20;1=100\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ringwall_intel_rdt rdt = { .set = true, .clos_id = "gold", .l3_cache_schema = cases[i].l3,
						  .mem_bw_schema = cases[i].mb,
						  .schemata = { (const char *[]){ cases[i].line, NULL }, cases[i].line ? 1 : 0 } };

		if (ringwall_rdt_create(fs, &rdt, "c4", &e) != cases[i].r)
			fail_msg("case %zu: %s", i, e.text);
	}
	assert_string_equal(get("gold/schemata"), "    L3:0=00f;1=0f0\n    MB:0= 20;1=100\n");
}

static void test_monitoring(void **state)
{
	struct ringwall_intel_rdt rdt = { .set = true, .clos_id = "/", .enable_monitoring = true };
	struct ringwall_err e = { 0 };
	struct stat st;

	(void)state;
	class_make("", "L3:0=fff\n");
	assert_int_equal(ringwall_rdt_create(fs, &rdt, "c5", &e), 0);
	assert_int_equal(fstatat(fs, "mon_groups/c5", &st, 0), 0);
	assert_int_equal(ringwall_rdt_assign(fs, &rdt, "c5", 77, &e), -ENOENT); /* the fake's new group has no files */
	put("mon_groups/c5/tasks", "");
	assert_int_equal(ringwall_rdt_assign(fs, &rdt, "c5", 77, &e), 0);
	assert_string_equal(get("mon_groups/c5/tasks"), "77");
	assert_string_equal(get("tasks"), "77");
	assert_int_equal(unlinkat(fs, "mon_groups/c5/tasks", 0), 0);
	assert_int_equal(ringwall_rdt_remove(fs, &rdt, "c5", &e), 0);
	assert_int_equal(fstatat(fs, "mon_groups/c5", &st, 0), -1);
	assert_int_equal(fstatat(fs, "mon_groups", &st, 0), 0);
	/* a schema for the root class is compared, not written */
	rdt.mem_bw_schema = "MB:0=20";
	assert_int_equal(ringwall_rdt_create(fs, &rdt, "c5", &e), -EEXIST);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_not_mounted), TEST(test_own_class), TEST(test_made_and_removed),
		TEST(test_clos_id),	TEST(test_compare),   TEST(test_monitoring),
	};

	return cmocka_run_group_tests_name("rdt", tests, NULL, NULL);
}
