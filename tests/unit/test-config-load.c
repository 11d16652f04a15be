// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where a config comes from and where it goes: files, pipes, memory that runs out, and the specification's examples. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/lib/region.h"
#include "../../user/oci/fields.h"
#include "fragment.h"

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

/* The specification's own examples, whatever their version. */
static void spec_good(void **state)
{
	static const char *const files[] = {
		"minimal.json", "minimal-for-start.json", "linux-rdma.json", "linux-netdevice.json", "spec-example.json",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct ringwall_config c = { 0 };
		struct ringwall_err e = { 0 };
		char path[256];

		snprintf(path, sizeof(path), "%s%s", SPEC_TESTS "good/", files[i]);
		if (ringwall_config_load(&c, path, &e))
			fail_msg("%s: %s", path, e.text);
		if (!strcmp(files[i], "linux-netdevice.json"))
			assert_int_equal(c.n_net_devices, 3);
		if (!strcmp(files[i], "spec-example.json")) {
			assert_int_equal(c.n_devices, 2);
			assert_int_equal(c.resources.n_devices, 3);
		}
		ringwall_config_free(&c);
	}
}

static void spec_bad(void **state)
{
	static const struct {
		const char *text, *want;
	} files[] = {
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(minimal_is_empty),
		cmocka_unit_test(process_alone),
		cmocka_unit_test(resources_alone),
		cmocka_unit_test(spec_good),
		cmocka_unit_test(spec_bad),
		cmocka_unit_test(load_errors),
		cmocka_unit_test(too_big),
		cmocka_unit_test(load_pipe),
		cmocka_unit_test(strings_in_region),
		cmocka_unit_test(out_of_memory),
	};

	return cmocka_run_group_tests_name("config-load", tests, NULL, NULL);
}
