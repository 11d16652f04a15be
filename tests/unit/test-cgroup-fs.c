// SPDX-License-Identifier: LGPL-2.1-or-later
/* On the kernel's cgroup2, mounted at its usual place in a mount namespace of our own. Needs root. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "../../user/cgroup/internal.h"

#define TOP "/sys/fs/cgroup"

static char base[64];
static const struct ringwall runtime = { .cgroup_manager = RINGWALL_CGROUP_CGROUPFS };
static const uid_t nobody_uid = 65534;

static int create(const struct ringwall_config *c, uid_t uid, struct ringwall_cgroup *ret, struct ringwall_err *e)
{
	int r = ringwall_cgroup_locate(&runtime, c, "id", ret, e);

	return r < 0 ? r : ringwall_cgroup_create_at(&runtime, c, "id", uid, ret, e);
}

static struct ringwall_cgroup make(const char *name, uid_t uid)
{
	static struct ringwall_config c;
	static char path[512];
	struct ringwall_cgroup cg;
	struct ringwall_err e = { 0 };

	snprintf(path, sizeof(path), "%s/%s", base, name);
	c.cgroups_path = path;
	if (create(&c, uid, &cg, &e) < 0)
		fail_msg("%s", e.text);
	assert_string_equal(cg.path, path);
	assert_true(cg.fd >= 0);
	return cg;
}

static void unmake(struct ringwall_cgroup *cg)
{
	struct ringwall_err e = { 0 };

	if (ringwall_cgroup_remove(cg, &e) < 0)
		fail_msg("%s", e.text);
	ringwall_cgroup_close(cg);
}

static pid_t spawn(struct ringwall_cgroup *cg)
{
	struct ringwall_err e = { 0 };
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	assert_true(pid > 0);
	if (ringwall_cgroup_attach(cg, pid, &e) < 0)
		fail_msg("%s", e.text);
	return pid;
}

static int reap(pid_t pid)
{
	int status = -1;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static bool exists(const char *name)
{
	char path[600];

	snprintf(path, sizeof(path), TOP "%s/%s", base, name);
	return access(path, F_OK) == 0;
}

static void test_mount(void **state)
{
	const char *mount = NULL;

	(void)state;
	assert_int_equal(ringwall_cgroup_mount(&mount, NULL), 0);
	assert_string_equal(mount, TOP);
}

static void test_nested(void **state)
{
	struct ringwall_cgroup cg = make("a/b/c", (uid_t)-1);

	(void)state;
	assert_true(exists("a/b/c"));
	unmake(&cg);
	assert_true(exists("a/b"));
	assert_false(exists("a/b/c"));
}

static void test_failed_create(void **state)
{
	static struct ringwall_config c;
	char path[128];
	struct ringwall_cgroup cg;
	struct ringwall_err e = { 0 };

	(void)state;
	/* A file is in the way: what was made before it goes again. */
	snprintf(path, sizeof(path), "%s/new/cgroup.procs/x", base);
	c.cgroups_path = path;
	assert_int_equal(create(&c, (uid_t)-1, &cg, &e), -ENOTDIR);
	assert_non_null(strstr(e.text, path));
	assert_false(exists("new"));
	c.cgroups_path = "/../";
	assert_int_equal(create(&c, (uid_t)-1, &cg, &e), -EINVAL);
}

static void test_taken(void **state)
{
	static struct ringwall_config c;
	struct ringwall_cgroup cg = make("taken", (uid_t)-1), other;
	struct ringwall_err e = { 0 };
	pid_t pid = spawn(&cg);

	(void)state;
	c.cgroups_path = cg.path;
	assert_int_equal(create(&c, (uid_t)-1, &other, &e), -EEXIST);
	assert_non_null(strstr(e.text, "has processes in it"));
	assert_true(exists("taken"));
	assert_int_equal(ringwall_cgroup_kill(&cg, &e), 0);
	assert_true(WIFSIGNALED(reap(pid)));
	assert_int_equal(ringwall_cgroup_wait_empty(&cg, 5000), 0);
	assert_int_equal(ringwall_cgroup_freeze(&cg, true, &e), 0);
	assert_int_equal(create(&c, (uid_t)-1, &other, &e), -EEXIST);
	assert_non_null(strstr(e.text, "is frozen"));
	assert_int_equal(ringwall_cgroup_freeze(&cg, false, &e), 0);
	/* Empty, it may be used again. */
	assert_int_equal(create(&c, (uid_t)-1, &other, &e), 0);
	ringwall_cgroup_close(&other);
	unmake(&cg);
}

static void test_processes(void **state)
{
	struct ringwall_cgroup cg = make("procs", (uid_t)-1), below;
	struct ringwall_err e = { 0 };
	pid_t first = spawn(&cg), second, *pids = NULL;
	size_t n = 0;

	(void)state;
	below = make("procs/below/deeper", (uid_t)-1);
	second = spawn(&below);
	assert_int_equal(ringwall_cgroup_pids(&cg, &pids, &n, &e), 0);
	assert_int_equal(n, 2);
	assert_true((pids[0] == first && pids[1] == second) || (pids[0] == second && pids[1] == first));
	free(pids);
	assert_int_equal(ringwall_cgroup_wait_empty(&cg, 20), -ETIMEDOUT);
	/* Also the one below gets it, and nobody stays frozen. */
	assert_int_equal(ringwall_cgroup_signal(&cg, SIGUSR1, &e), 0);
	assert_int_equal(WTERMSIG(reap(first)), SIGUSR1);
	assert_int_equal(WTERMSIG(reap(second)), SIGUSR1);
	assert_int_equal(ringwall_cgroup_wait_empty(&cg, 5000), 0);
	assert_false(ringwall_cgroup_frozen(&cg));
	ringwall_cgroup_close(&below);
	unmake(&cg);
	assert_false(exists("procs"));
	/* On what is gone: nobody is in it, removing it again is fine. */
	cg = make("procs", (uid_t)-1);
	assert_int_equal(unlinkat(cg.fd, "../procs", AT_REMOVEDIR), 0);
	assert_int_equal(ringwall_cgroup_wait_empty(&cg, 1000), 0);
	assert_int_equal(ringwall_cgroup_kill(&cg, &e), 0);
	unmake(&cg);
}

static void test_freeze(void **state)
{
	struct ringwall_cgroup cg = make("freeze", (uid_t)-1), again;
	struct ringwall_err e = { 0 };
	bool populated, frozen;
	volatile unsigned long *ticks = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned long before;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		for (;; usleep(1000))
			++*ticks;
	assert_int_equal(ringwall_cgroup_attach(&cg, pid, &e), 0);
	assert_false(ringwall_cgroup_frozen(&cg));
	assert_int_equal(ringwall_cgroup_freeze(&cg, true, &e), 0);
	assert_true(ringwall_cgroup_frozen(&cg));
	assert_int_equal(ringwall_cgroup_events(cg.fd, &populated, &frozen), 0);
	assert_true(populated && frozen);
	before = *ticks;
	usleep(50000);
	assert_int_equal(*ticks, before);
	assert_int_equal(ringwall_cgroup_freeze(&cg, false, &e), 0);
	while (*ticks == before)
		usleep(1000);
	/* Killing does not wait for a thaw. */
	assert_int_equal(ringwall_cgroup_freeze(&cg, true, &e), 0);
	assert_int_equal(ringwall_cgroup_open(RINGWALL_CGROUP_CGROUPFS, cg.path, NULL, false, &again, &e), 0);
	assert_true(ringwall_cgroup_frozen(&again));
	assert_int_equal(ringwall_cgroup_kill(&again, &e), 0);
	assert_int_equal(WTERMSIG(reap(pid)), SIGKILL);
	assert_int_equal(ringwall_cgroup_freeze(&again, false, &e), 0);
	ringwall_cgroup_close(&again);
	unmake(&cg);
	assert_int_equal(ringwall_cgroup_open(RINGWALL_CGROUP_CGROUPFS, cg.path, NULL, false, &again, &e), -ENOENT);
}

static void test_remove_deep(void **state)
{
	struct ringwall_cgroup cg = make("deep", (uid_t)-1);
	int fd = dup(cg.fd), next;
	char name[1000];
	pid_t pid;

	(void)state;
	/* The kernel lets the names of cgroups be longer than any file system would. */
	memset(name, 'x', sizeof(name));
	name[300] = '\0';
	assert_int_equal(mkdirat(fd, name, 0755), 0);
	memcpy(name + 300, "/in", 4);
	assert_int_equal(mkdirat(fd, name, 0755), 0);
	for (int i = 0; i < 400; i++) {
		assert_int_equal(mkdirat(fd, "side", 0755), 0);
		assert_int_equal(mkdirat(fd, "d", 0755), 0);
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		close(fd);
		fd = next;
	}
	/* Somebody is at the bottom, and is only now on the way out. */
	pid = fork();
	if (pid == 0) {
		char text[16];
		int n = snprintf(text, sizeof(text), "%d", getpid());

		if (ringwall_cgroup_file_write(fd, "cgroup.procs", text, (size_t)n) < 0)
			_exit(1);
		usleep(200000);
		_exit(0);
	}
	close(fd);
	while (ringwall_cgroup_wait_empty(&cg, 0) == 0)
		usleep(1000);
	unmake(&cg);
	assert_int_equal(reap(pid), 0);
	assert_false(exists("deep"));
}

static void test_delegate(void **state)
{
	static const char *const theirs[] = { ".", "cgroup.procs", "cgroup.threads", "cgroup.subtree_control" };
	struct ringwall_cgroup cg = make("delegate", nobody_uid);
	struct stat st;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(theirs); i++) {
		assert_int_equal(fstatat(cg.fd, theirs[i], &st, 0), 0);
		assert_int_equal(st.st_uid, nobody_uid);
	}
	/* Its limits are not theirs to change. */
	assert_int_equal(fstatat(cg.fd, "cgroup.freeze", &st, 0), 0);
	assert_int_equal(st.st_uid, 0);
	unmake(&cg);
}

static struct ringwall_pair unified[] = { { "memory.high", "33554432" }, { "memory.low", "max" } };

#define I64(n) (struct ringwall_opt_i64){ true, n }
#define U64(n) (struct ringwall_opt_u64){ true, n }

/* On a host without the controller, the same rows check that it is missed by name. */
static const struct {
	enum ringwall_controller controller;
	struct ringwall_resources r;
	const char *field, *file, *want;
} limits[] = {
	{ RINGWALL_CONTROLLER_PIDS, { .pids_limit = I64(42) }, "pids.limit", "pids.max", "42\n" },
	{ RINGWALL_CONTROLLER_MEMORY, { .memory.limit = I64(64 << 20) }, "memory.limit", "memory.max", "67108864\n" },
	{ RINGWALL_CONTROLLER_MEMORY, { .memory.reservation = I64(1 << 20) }, "memory.reservation", "memory.low",
	  "1048576\n" },
	{ RINGWALL_CONTROLLER_CPU, { .cpu.shares = U64(2048) }, "cpu.shares", "cpu.weight", "174\n" },
	{ RINGWALL_CONTROLLER_CPU, { .cpu.quota = I64(20000), .cpu.period = U64(50000) }, "cpu.quota", "cpu.max",
	  "20000 50000\n" },
	/* One alone: the other one stays. */
	{ RINGWALL_CONTROLLER_CPU, { .cpu.quota = I64(30000) }, "cpu.quota", "cpu.max", "30000 50000\n" },
	{ RINGWALL_CONTROLLER_CPU, { .cpu.period = U64(100000) }, "cpu.quota", "cpu.max", "30000 100000\n" },
	/* More burst than quota is refused by the kernel until the quota is higher, which comes with it. */
	{ RINGWALL_CONTROLLER_CPU, { .cpu.quota = I64(60000), .cpu.burst = U64(50000) }, "cpu.burst", "cpu.max.burst",
	  "50000\n" },
	{ RINGWALL_CONTROLLER_CPU, { .cpu.quota = I64(10000), .cpu.burst = U64(5000) }, "cpu.burst", "cpu.max.burst",
	  "5000\n" },
	{ RINGWALL_CONTROLLER_CPU, { .cpu.quota = I64(-1) }, NULL, "cpu.max", "max 100000\n" },
	{ RINGWALL_CONTROLLER_CPU, { .cpu.idle = I64(1), .cpu.shares = U64(100) }, "cpu.idle", "cpu.idle", "1\n" },
	{ RINGWALL_CONTROLLER_CPU, { .cpu.idle = I64(0), .cpu.shares = U64(100) }, "cpu.idle", "cpu.weight", "17\n" },
	{ RINGWALL_CONTROLLER_CPUSET, { .cpu.cpus = "0" }, "cpu.cpus", "cpuset.cpus", "0\n" },
	{ RINGWALL_CONTROLLER_CPUSET, { .cpu.mems = "0" }, "cpu.mems", "cpuset.mems", "0\n" },
	{ RINGWALL_CONTROLLER_MEMORY, { .unified = { unified, 2 } }, "unified.'memory.high'", "memory.high",
	  "33554432\n" },
	{ RINGWALL_CONTROLLER_PIDS, { .pids_limit = I64(0) }, NULL, "pids.max", "max\n" },
	{ RINGWALL_CONTROLLER_MEMORY, { .memory.limit = I64(-1) }, NULL, "memory.max", "max\n" },
};

static void test_limits(void **state)
{
	struct ringwall_cgroup cg = make("limits", (uid_t)-1);
	struct ringwall_err e;
	char text[256];

	(void)state;
	ringwall_cgroup_file_read(cg.fd, "cgroup.controllers", text, sizeof(text));
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		struct ringwall_resources r = limits[i].r;
		unsigned int have;
		int ret;

		r.set = true;
		ringwall_cgroup_file_read(cg.fd, "cgroup.controllers", text, sizeof(text));
		have = ringwall_controller_mask(text);
		e = (struct ringwall_err){ 0 };
		ret = ringwall_cgroup_apply(&cg, &r, &e);
		if (!(have & 1u << limits[i].controller)) {
			/* "No limit" needs no controller. */
			assert_int_equal(ret, limits[i].field ? -EOPNOTSUPP : 0);
			if (!limits[i].field)
				continue;
			snprintf(text, sizeof(text), "linux.resources.%s: the %s controller is not", limits[i].field,
				 ringwall_controller_name(limits[i].controller));
			assert_memory_equal(e.text, text, strlen(text));
			continue;
		}
		if (ret < 0)
			fail_msg("row %zu: %s", i, e.text);
		assert_true(ringwall_cgroup_file_read(cg.fd, limits[i].file, text, sizeof(text)) > 0);
		if (strcmp(text, limits[i].want))
			fail_msg("row %zu: %s is %s", i, limits[i].file, text);
	}
	unmake(&cg);
}

/* No controllers can come through a cgroup that has processes; that must not turn its children into threaded ones. */
static void test_populated_parent(void **state)
{
	struct ringwall_cgroup parent = make("populated", (uid_t)-1), cg;
	struct ringwall_resources r = { .set = true, .memory = { .limit = I64(64 << 20) } };
	struct ringwall_err e = { 0 };
	pid_t pid = spawn(&parent);
	char text[256];

	(void)state;
	cg = make("populated/child", (uid_t)-1);
	assert_true(ringwall_cgroup_file_read(cg.fd, "cgroup.type", text, sizeof(text)) > 0);
	assert_string_equal(text, "domain\n");
	assert_int_equal(ringwall_cgroup_apply(&cg, &r, &e), -EOPNOTSUPP);
	ringwall_cgroup_file_read(parent.fd, "cgroup.controllers", text, sizeof(text));
	assert_non_null(strstr(e.text, "linux.resources.memory.limit: the memory controller is not "));
	assert_non_null(strstr(e.text, strstr(text, "memory") ? "has processes of its own" : "mounted as cgroup v1"));
	unmake(&cg);
	ringwall_cgroup_kill(&parent, &e);
	reap(pid);
	unmake(&parent);
}

static void test_bad_limits(void **state)
{
	static struct ringwall_pair bad[] = { { "../x", "1" }, { "nodot", "1" }, { "cgroup.nothing", "1" } };
	struct ringwall_cgroup cg = make("bad", (uid_t)-1);
	struct ringwall_resources r = { .set = true };
	struct ringwall_hugetlb huge = { "../../x", 1 };
	struct ringwall_err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		r.unified = (struct ringwall_pairs){ &bad[i], 1 };
		assert_int_equal(ringwall_cgroup_apply(&cg, &r, &e), i < 2 ? -EINVAL : -ENOENT);
		assert_non_null(strstr(e.text, bad[i].key));
	}
	r.unified.n = 0;
	r.hugetlb = &huge;
	r.n_hugetlb = 1;
	assert_int_equal(ringwall_cgroup_apply(&cg, &r, &e), -EINVAL);
	r.n_hugetlb = 0;
	r.memory.swap = I64(1000);
	r.memory.limit = I64(2000);
	assert_int_equal(ringwall_cgroup_apply(&cg, &r, &e), -EINVAL);
	unmake(&cg);
}

static void test_stats(void **state)
{
	struct ringwall_cgroup cg = make("stats", (uid_t)-1);
	struct ringwall_json_out o = { 0 };
	struct ringwall_arena a = { 0 };
	struct ringwall_json *v = NULL;
	struct ringwall_err e = { 0 };
	char *text, controllers[256];
	pid_t pid = spawn(&cg);
	uint64_t n = 0;
	size_t len;

	(void)state;
	ringwall_json_out_object(&o, NULL);
	assert_int_equal(ringwall_cgroup_stats(&cg, &o, &e), 0);
	ringwall_json_out_end(&o, '}');
	text = ringwall_json_out_take(&o, &len);
	assert_non_null(text);
	if (ringwall_json_parse(&a, text, len, "stats", &v, &e) < 0)
		fail_msg("%s: %s", e.text, text);
	assert_int_equal(ringwall_json_u64(ringwall_json_get(ringwall_json_get(ringwall_json_get(v, "cpu"), "usage"), "total"),
					   &n), 0);
	ringwall_cgroup_file_read(cg.fd, "cgroup.controllers", controllers, sizeof(controllers));
	if (strstr(controllers, "pids")) {
		assert_int_equal(ringwall_json_u64(ringwall_json_get(ringwall_json_get(v, "pids"), "current"), &n), 0);
		assert_int_equal(n, 1);
	} else {
		assert_null(ringwall_json_get(v, "pids"));
	}
	if (strstr(controllers, "memory")) {
		const struct ringwall_json *usage = ringwall_json_get(ringwall_json_get(v, "memory"), "usage");

		assert_int_equal(ringwall_json_u64(ringwall_json_get(usage, "limit"), &n), 0);
		assert_true(n == UINT64_MAX);
		assert_non_null(ringwall_json_get(ringwall_json_get(ringwall_json_get(v, "memory"), "raw"), "anon"));
	}
	ringwall_arena_free(&a);
	free(text);
	ringwall_cgroup_kill(&cg, &e);
	reap(pid);
	unmake(&cg);
}

/*
 * memory.events changes: an OOM kill would do that too, but leaves a call trace in the kernel's log, which runs in
 * virtual machines take for a bug. Going over memory.high is as good.
 */
static void test_memory_events(void **state)
{
	static struct ringwall_pair high[] = { { "memory.high", "8388608" } };
	struct ringwall_cgroup cg = make("events", (uid_t)-1);
	struct ringwall_resources r = { .set = true, .unified = { high, 1 } };
	struct ringwall_err e = { 0 };
	struct pollfd p = { .fd = -1, .events = POLLIN };
	uint64_t count = 7;
	char text[256];
	pid_t pid;

	(void)state;
	ringwall_cgroup_file_read(cg.fd, "cgroup.controllers", text, sizeof(text));
	if (!strstr(text, "memory")) {
		assert_int_equal(ringwall_cgroup_oom_fd(&cg, &p.fd, &e), -EOPNOTSUPP);
		assert_non_null(strstr(e.text, "the memory controller is not available"));
		unmake(&cg);
		return;
	}
	assert_int_equal(ringwall_cgroup_apply(&cg, &r, &e), 0);
	assert_int_equal(ringwall_cgroup_oom_fd(&cg, &p.fd, &e), 0);
	assert_int_equal(poll(&p, 1, 0), 0);
	pid = fork();
	if (pid == 0) {
		int n = snprintf(text, sizeof(text), "%d", getpid());
		char *m = malloc(32 << 20);

		if (!m || ringwall_cgroup_file_write(cg.fd, "cgroup.procs", text, (size_t)n) < 0)
			_exit(1);
		for (size_t i = 0; i < 32 << 20; i += 4096)
			((volatile char *)m)[i] = 1;
		for (;;)
			pause();
	}
	assert_int_equal(poll(&p, 1, 30000), 1);
	assert_int_equal(ringwall_cgroup_oom_count(&cg, &count, &e), 0);
	assert_int_equal(count, 0);
	/* A limit below what is in use, with memory.checkBeforeUpdate: refused, and nothing is written. */
	r = (struct ringwall_resources){ .set = true, .memory = { .limit = I64(4096), .swap = I64(4096) } };
	r.memory.check_before_update = (struct ringwall_opt_bool){ true, true };
	assert_int_equal(ringwall_cgroup_apply(&cg, &r, &e), -EBUSY);
	assert_int_equal(ringwall_cgroup_file_u64(cg.fd, "memory.max", &count), 0);
	assert_true(count == UINT64_MAX);
	assert_int_equal(ringwall_cgroup_kill(&cg, &e), 0);
	assert_int_equal(WTERMSIG(reap(pid)), SIGKILL);
	close(p.fd);
	unmake(&cg);
}

static int setup(void **state)
{
	(void)state;
	snprintf(base, sizeof(base), "/ringwall-test-%d", getpid());
	return mkdir(TOP, 0755) < 0 && errno != EEXIST;
}

static int teardown(void **state)
{
	struct ringwall_cgroup cg;
	struct ringwall_err e;

	(void)state;
	if (ringwall_cgroup_open(RINGWALL_CGROUP_CGROUPFS, base, NULL, false, &cg, &e) < 0)
		return 0;
	(void)ringwall_cgroup_kill(&cg, &e);
	if (ringwall_cgroup_remove(&cg, &e) < 0)
		return 1;
	ringwall_cgroup_close(&cg);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mount),	  cmocka_unit_test(test_nested),      cmocka_unit_test(test_failed_create),
		cmocka_unit_test(test_taken),	  cmocka_unit_test(test_processes),   cmocka_unit_test(test_freeze),
		cmocka_unit_test(test_remove_deep), cmocka_unit_test(test_delegate),  cmocka_unit_test(test_limits),
		cmocka_unit_test(test_bad_limits), cmocka_unit_test(test_populated_parent), cmocka_unit_test(test_stats),      cmocka_unit_test(test_memory_events),
	};

	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 77;
	/* EBUSY: it is there already. */
	if (mount("cgroup2", TOP, "cgroup2", 0, NULL) < 0 && errno != EBUSY)
		return 77;
	return cmocka_run_group_tests(tests, setup, teardown);
}
