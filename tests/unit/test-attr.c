// SPDX-License-Identifier: LGPL-2.1-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "child.h"

#include "../../user/process/attr.h"
#include "../../user/process/bitlist.h"

#define CAP(c) (1ULL << (c))

static void need_root(void)
{
	if (geteuid())
		skip();
}

/* /proc/self/status: the number behind @key, read as @base. */
static uint64_t status_number(const char *key, int base)
{
	char buf[8192], *at;
	int fd = open("/proc/self/status", O_RDONLY);
	ssize_t n = read(fd, buf, sizeof(buf) - 1);

	CHECK(n > 0);
	close(fd);
	buf[n] = '\0';
	at = strstr(buf, key);
	CHECK(at != NULL);
	return strtoull(at + strlen(key), NULL, base);
}

static uint64_t own_caps(void)
{
	return status_number("CapPrm:", 16);
}

/* bit lists ------------------------------------------------------------------------------------------------ */

static void test_bitlist_good(void **state)
{
	unsigned long m[2];

	(void)state;
	assert_int_equal(ringwall_bitlist_parse("0", m, 128), 1);
	assert_int_equal(m[0], 1);
	assert_int_equal(ringwall_bitlist_parse("0-3,7", m, 128), 5);
	assert_int_equal(m[0], 0x8f);
	assert_int_equal(ringwall_bitlist_parse("1,1,0-1", m, 128), 2);
	assert_int_equal(m[0], 3);
	assert_int_equal(ringwall_bitlist_parse("63-64,127", m, 128), 3);
	assert_true(m[0] == 1UL << 63 && m[1] == (1UL | 1UL << 63));
	assert_int_equal(ringwall_bitlist_parse("", m, 128), 0);
	assert_true(!m[0] && !m[1]);
}

static void test_bitlist_bad(void **state)
{
	static const char *const bad[] = {
		",", "0,", ",0", "0,,1", "1-", "-1", "3-1", "0-1-2", " 0", "0 ", "+1", "a", "0x1", "1;2", "0-3:1/2", "\n",
	};
	unsigned long m[2];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(ringwall_bitlist_parse(bad[i], m, 128), -EINVAL);
	assert_int_equal(ringwall_bitlist_parse("128", m, 128), -ERANGE);
	assert_int_equal(ringwall_bitlist_parse("0-128", m, 128), -ERANGE);
	assert_int_equal(ringwall_bitlist_parse("99999999999999999999999999", m, 128), -ERANGE);
}

/* limits --------------------------------------------------------------------------------------------------- */

static void rlimits_child(void *data)
{
	struct ringwall_rlimit l[] = {
		{ RLIMIT_NOFILE, 17, 19 },
		{ RLIMIT_CORE, 0, 0 },
	};
	struct ringwall_process p = { .rlimits = l, .n_rlimits = 2 };
	struct ringwall_err e = { 0 };
	struct rlimit got;

	(void)data;
	CHECK(!ringwall_rlimits_apply(&p, 0, &e));
	CHECK(!getrlimit(RLIMIT_NOFILE, &got) && got.rlim_cur == 17 && got.rlim_max == 19);
	CHECK(!getrlimit(RLIMIT_CORE, &got) && !got.rlim_cur && !got.rlim_max);
}

static void rlimits_refused_child(void *data)
{
	struct ringwall_rlimit low = { RLIMIT_NOFILE, 17, 19 }, high = { RLIMIT_NOFILE, 17, 20 };
	struct ringwall_rlimit backwards = { RLIMIT_FSIZE, 2, 1 };
	struct ringwall_process p = { .rlimits = &low, .n_rlimits = 1, .caps = { .set = true } };
	struct ringwall_err e = { 0 };

	(void)data;
	CHECK(!ringwall_rlimits_apply(&p, 0, &e));
	CHECK(!ringwall_caps_apply(&p, &e)); /* no CAP_SYS_RESOURCE from here on */
	p.rlimits = &high;
	CHECK(ringwall_rlimits_apply(&p, 0, &e) == -EPERM);
	CHECK(strstr(e.text, "process.rlimits[0]: RLIMIT_NOFILE") && strstr(e.text, "CAP_SYS_RESOURCE"));
	p.rlimits = &backwards;
	CHECK(ringwall_rlimits_apply(&p, 0, &e) == -EINVAL);
	CHECK(strstr(e.text, "RLIMIT_FSIZE") != NULL);
}

/* A low limit for files waits, but what could be refused does not. */
static void rlimits_late_child(void *data)
{
	struct ringwall_rlimit l[] = { { RLIMIT_NOFILE, 5, 90 }, { RLIMIT_CORE, 1, 2 } };
	struct ringwall_process p = { .rlimits = l, .n_rlimits = 2, .caps = { .set = true } };
	struct ringwall_err e = { 0 };
	struct rlimit got;

	(void)data;
	CHECK(!ringwall_rlimits_apply(&p, 70, &e));
	CHECK(!getrlimit(RLIMIT_NOFILE, &got) && got.rlim_cur == 70 && got.rlim_max == 90);
	CHECK(!getrlimit(RLIMIT_CORE, &got) && got.rlim_cur == 1 && got.rlim_max == 2);
	CHECK(!ringwall_rlimits_finish(&p, 70, &e));
	CHECK(!getrlimit(RLIMIT_NOFILE, &got) && got.rlim_cur == 5 && got.rlim_max == 90);
	CHECK(!ringwall_caps_apply(&p, &e)); /* no CAP_SYS_RESOURCE from here on */
	l[0].hard = 91;
	CHECK(ringwall_rlimits_apply(&p, 70, &e) == -EPERM);
	CHECK(strstr(e.text, "RLIMIT_NOFILE soft 5 hard 91") != NULL);
	l[0].hard = 69;
	CHECK(!ringwall_rlimits_apply(&p, 70, &e));
	CHECK(!getrlimit(RLIMIT_NOFILE, &got) && got.rlim_max == 90);
	CHECK(!ringwall_rlimits_finish(&p, 70, &e));
	CHECK(!getrlimit(RLIMIT_NOFILE, &got) && got.rlim_cur == 5 && got.rlim_max == 69);
}

static void rlimits_raise_child(void *data)
{
	struct ringwall_rlimit l = { RLIMIT_NOFILE, 5, 90 };
	struct ringwall_process p = { .rlimits = &l, .n_rlimits = 1, .caps = { .set = true } };
	struct rlimit got, own = { 50, 60 };
	struct ringwall_err e = { 0 };

	(void)data;
	CHECK(!setrlimit(RLIMIT_NOFILE, &own));
	/* That it does raise, tests/integration/config-process.bats shows where there is CAP_SYS_RESOURCE. */
	CHECK(!ringwall_caps_apply(&p, &e));
	CHECK(ringwall_rlimits_raise(getpid(), &p, &e) == -EPERM);
	CHECK(strstr(e.text, "process.rlimits[0]: RLIMIT_NOFILE soft 5 hard 90") != NULL);
	l.hard = 60;
	CHECK(!ringwall_rlimits_raise(getpid(), &p, &e));
	l.hard = 10;
	CHECK(!ringwall_rlimits_raise(getpid(), &p, &e));
	CHECK(!getrlimit(RLIMIT_NOFILE, &got) && got.rlim_cur == 50 && got.rlim_max == 60);
}

static void test_rlimits(void **state)
{
	(void)state;
	assert_child(rlimits_late_child, NULL);
	assert_child(rlimits_raise_child, NULL);
	assert_child(rlimits_child, NULL);
	assert_child(rlimits_refused_child, NULL);
}

/* scheduling ----------------------------------------------------------------------------------------------- */

static void scheduler_child(void *data)
{
	struct ringwall_process p = { .scheduler = { .set = true, .policy = SCHED_BATCH, .nice = 7 },
				      .has_io_priority = true, .io_class = 2, .io_priority = 6 };
	struct ringwall_err e = { 0 };

	(void)data;
	CHECK(!ringwall_scheduler_apply(&p, &e));
	CHECK(sched_getscheduler(0) == SCHED_BATCH);
	CHECK(getpriority(PRIO_PROCESS, 0) == 7);
	CHECK(syscall(SYS_ioprio_get, 1, 0) == (2 << 13 | 6));
	p.scheduler.policy = SCHED_IDLE;
	p.scheduler.nice = 0;
	p.scheduler.flags = 1; /* SCHED_FLAG_RESET_ON_FORK */
	CHECK(!ringwall_scheduler_apply(&p, &e));
	CHECK(sched_getscheduler(0) == (SCHED_IDLE | SCHED_RESET_ON_FORK));
}

static void scheduler_refused_child(void *data)
{
	struct ringwall_process p = { .scheduler = { .set = true, .policy = SCHED_BATCH, .priority = 5 } };
	struct ringwall_process io = { .has_io_priority = true, .io_class = 7, .io_priority = 1 };
	struct ringwall_err e = { 0 };

	(void)data;
	CHECK(ringwall_scheduler_apply(&p, &e) == -EINVAL); /* a priority is for FIFO and RR */
	CHECK(strstr(e.text, "process.scheduler") != NULL);
	CHECK(ringwall_scheduler_apply(&io, &e) == -EINVAL);
	CHECK(strstr(e.text, "process.ioPriority") != NULL);
}

static void affinity_child(void *data)
{
	struct ringwall_err e = { 0 };
	cpu_set_t set;
	char one[16];
	int cpu;

	(void)data;
	CHECK(!ringwall_affinity_apply(NULL, &e));
	CHECK(!sched_getaffinity(0, sizeof(set), &set));
	for (cpu = 0; !CPU_ISSET(cpu, &set); cpu++)
		;
	snprintf(one, sizeof(one), "%d", cpu);
	CHECK(!ringwall_affinity_apply(one, &e));
	CHECK(!sched_getaffinity(0, sizeof(set), &set) && CPU_COUNT(&set) == 1 && CPU_ISSET(cpu, &set));
	CHECK(ringwall_affinity_apply("", &e) == -EINVAL);
	CHECK(ringwall_affinity_apply("0-", &e) == -EINVAL);
	CHECK(ringwall_affinity_apply("9999", &e) == -ERANGE);
	CHECK(ringwall_affinity_apply("8191", &e) == -EINVAL && strstr(e.text, "execCPUAffinity"));
}

static void memory_policy_child(void *data)
{
	struct ringwall_memory_policy m = { .set = true, .mode = 2 /* MPOL_BIND */, .nodes = "0" }, none = { 0 };
	struct ringwall_err e = { 0 };
	unsigned long mask[16] = { 0 };
	int mode = -1;

	(void)data;
	CHECK(!ringwall_memory_policy_apply(&none, &e));
	if (ringwall_memory_policy_apply(&m, &e) == -ENOSYS)
		return; /* kernel without CONFIG_NUMA */
	CHECK(!syscall(SYS_get_mempolicy, &mode, mask, 1024UL, NULL, 0UL));
	CHECK(mode == 2 && mask[0] == 1);
	m.nodes = "1023";
	CHECK(ringwall_memory_policy_apply(&m, &e) == -EINVAL && strstr(e.text, "linux.memoryPolicy"));
	m.nodes = "0,";
	CHECK(ringwall_memory_policy_apply(&m, &e) == -EINVAL && strstr(e.text, "linux.memoryPolicy.nodes"));
	m = (struct ringwall_memory_policy){ .set = true, .mode = 0 };
	CHECK(!ringwall_memory_policy_apply(&m, &e));
	CHECK(!syscall(SYS_get_mempolicy, &mode, NULL, 0UL, NULL, 0UL) && mode == 0);
}

static void test_scheduling(void **state)
{
	(void)state;
	assert_child(scheduler_child, NULL);
	assert_child(scheduler_refused_child, NULL);
	assert_child(affinity_child, NULL);
	assert_child(memory_policy_child, NULL);
}

static void oom_child(void *data)
{
	struct ringwall_process p = { .oom_score_adj = { true, 321 }, .caps = { .set = true } };
	struct ringwall_err e = { 0 };
	char buf[16] = "";
	int fd;

	(void)data;
	CHECK(!ringwall_oom_apply(&p, &e));
	fd = open("/proc/self/oom_score_adj", O_RDONLY);
	CHECK(read(fd, buf, sizeof(buf) - 1) > 0 && !strcmp(buf, "321\n"));
	p.oom_score_adj.v = 1001;
	CHECK(ringwall_oom_apply(&p, &e) == -EINVAL && strstr(e.text, "process.oomScoreAdj: 1001"));
	CHECK(!ringwall_caps_apply(&p, &e));
	p.oom_score_adj.v = -999;
	CHECK(ringwall_oom_apply(&p, &e) == -EACCES && strstr(e.text, "CAP_SYS_RESOURCE"));
}

/* A file of another filesystem in the place of oom_score_adj (CVE-2025-52881). */
static void oom_fake_child(void *data)
{
	struct ringwall_process p = { .oom_score_adj = { true, 321 } };
	struct ringwall_err e = { 0 };
	char path[] = "/tmp/ringwall-test-XXXXXX";
	int fd = mkstemp(path);

	(void)data;
	CHECK(fd >= 0 && !unshare(CLONE_NEWNS) && !mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	CHECK(!mount(path, "/proc/self/oom_score_adj", NULL, MS_BIND, NULL));
	unlink(path);
	CHECK(ringwall_oom_apply(&p, &e) == -EXDEV && strstr(e.text, "procfs"));
}

static void test_oom(void **state)
{
	(void)state;
	need_root();
	assert_child(oom_child, NULL);
	assert_child(oom_fake_child, NULL);
}

static void personality_child(void *data)
{
	struct ringwall_config c = { .has_personality = true, .personality = PER_LINUX32 };
	struct ringwall_err e = { 0 };

	(void)data;
	CHECK(!ringwall_personality_apply(&c, &e));
	CHECK(personality(0xffffffff) == PER_LINUX32);
}

static void test_personality(void **state)
{
	(void)state;
	assert_child(personality_child, NULL);
}

/* credentials ---------------------------------------------------------------------------------------------- */

static void bounding_child(void *data)
{
	struct ringwall_process p = { .caps = { .set = true, .bounding = CAP(CAP_KILL) | CAP(CAP_NET_BIND_SERVICE) } };
	struct ringwall_err e = { 0 };

	(void)data;
	CHECK(!ringwall_bounding_drop(&p, &e));
	CHECK(status_number("CapBnd:", 16) == p.caps.bounding);
	CHECK(!ringwall_bounding_drop(&p, &e));
	/* Bounding only narrows: what is gone is no error to ask for, and does not come back. */
	p.caps.bounding |= CAP(CAP_CHOWN);
	CHECK(!ringwall_bounding_drop(&p, &e));
	CHECK(status_number("CapBnd:", 16) == (CAP(CAP_KILL) | CAP(CAP_NET_BIND_SERVICE)));
	/* Without CAP_SETPCAP: fine while there is nothing to drop, an error else. */
	p.caps = (struct ringwall_capabilities){ .set = true, .bounding = p.caps.bounding };
	CHECK(!ringwall_caps_apply(&p, &e));
	CHECK(!ringwall_bounding_drop(&p, &e));
	p.caps.bounding = CAP(CAP_KILL);
	CHECK(ringwall_bounding_drop(&p, &e) == -EPERM);
	CHECK(strstr(e.text, "process.capabilities.bounding") != NULL);
}

/* A config without process.capabilities: nothing stays. */
static void caps_absent_child(void *data)
{
	struct ringwall_process p = { 0 };
	struct ringwall_err e = { 0 };

	(void)data;
	CHECK(!ringwall_bounding_drop(&p, &e));
	CHECK(!ringwall_caps_apply(&p, &e));
	CHECK(!status_number("CapBnd:", 16) && !status_number("CapPrm:", 16) && !status_number("CapEff:", 16) &&
	      !status_number("CapInh:", 16) && !status_number("CapAmb:", 16));
}

static void caps_sets_child(void *data)
{
	uint64_t kill = CAP(CAP_KILL), chown = CAP(CAP_CHOWN), bpf = CAP(CAP_AUDIT_READ);
	struct ringwall_process p = { .caps = { .set = true, .effective = kill, .permitted = kill | chown | bpf,
						.inheritable = chown | bpf, .ambient = bpf } };
	struct ringwall_err e = { 0 };

	(void)data;
	CHECK(!ringwall_caps_apply(&p, &e));
	CHECK(status_number("CapEff:", 16) == kill && status_number("CapPrm:", 16) == (kill | chown | bpf));
	CHECK(status_number("CapInh:", 16) == (chown | bpf) && status_number("CapAmb:", 16) == bpf);
	/* What cannot be ambient is left out: kill is not inheritable. */
	p.caps.ambient = kill | chown;
	CHECK(!ringwall_caps_apply(&p, &e));
	CHECK(status_number("CapAmb:", 16) == chown);
}

/* A runtime that was itself started with ambient and inheritable capabilities leaks none of them. */
static void ambient_leak_child(void *data)
{
	uint64_t kill = CAP(CAP_KILL), chown = CAP(CAP_CHOWN);
	struct ringwall_process p = { .caps = { .set = true, .permitted = kill | chown, .inheritable = kill | chown,
						.ambient = kill | chown, .effective = kill | chown } };
	struct ringwall_err e = { 0 };

	(void)data;
	CHECK(!ringwall_caps_apply(&p, &e));
	CHECK(status_number("CapAmb:", 16) == (kill | chown));
	/* both sets still hold kill, so that capset alone would keep it ambient */
	p.caps = (struct ringwall_capabilities){ .set = true, .permitted = kill, .effective = kill, .inheritable = kill };
	CHECK(!ringwall_caps_apply(&p, &e));
	CHECK(!status_number("CapAmb:", 16) && status_number("CapInh:", 16) == kill);
	p.caps.inheritable = 0;
	CHECK(!ringwall_caps_apply(&p, &e));
	CHECK(!status_number("CapAmb:", 16) && !status_number("CapInh:", 16));
}

static void caps_missing_child(void *data)
{
	struct ringwall_process p = { .caps = { .set = true, .permitted = CAP(CAP_KILL), .effective = CAP(CAP_KILL) } };
	struct ringwall_err e = { 0 };

	(void)data;
	CHECK(!ringwall_caps_apply(&p, &e));
	p.caps.permitted |= CAP(CAP_SYS_RESOURCE);
	CHECK(ringwall_caps_apply(&p, &e) == -EPERM);
	CHECK(strstr(e.text, "process.capabilities.permitted: CAP_SYS_RESOURCE") != NULL);
	p.caps.permitted = CAP(CAP_KILL);
	p.caps.effective = CAP(CAP_CHOWN);
	CHECK(ringwall_caps_apply(&p, &e) == -EPERM);
	CHECK(strstr(e.text, "process.capabilities.effective: CAP_CHOWN") != NULL);
	CHECK(status_number("CapEff:", 16) == CAP(CAP_KILL));
}

static void test_caps(void **state)
{
	(void)state;
	need_root();
	assert_child(bounding_child, NULL);
	assert_child(caps_absent_child, NULL);
	assert_child(caps_sets_child, NULL);
	assert_child(ambient_leak_child, NULL);
	assert_child(caps_missing_child, NULL);
}

/* Every set names all; whatever there is must be there after, also over a change of user. */
static void user_child(void *data)
{
	gid_t groups[] = { 7, 8 }, got[8];
	struct ringwall_process p = { .uid = 1234, .gid = 4321, .additional_gids = groups, .n_additional_gids = 2,
				      .has_umask = true, .umask = 027, .caps = { .set = true } };
	struct ringwall_err e = { 0 };
	uint64_t all = own_caps();

	(void)data;
	p.caps.permitted = p.caps.effective = p.caps.bounding = all;
	CHECK(!ringwall_user_apply(&p, false, &e));
	CHECK(getuid() == 1234 && geteuid() == 1234 && getgid() == 4321 && getegid() == 4321);
	CHECK(getgroups(8, got) == 2 && got[0] == 7 && got[1] == 8);
	CHECK(umask(0) == 027);
	CHECK(status_number("CapPrm:", 16) == all);
	CHECK(!ringwall_caps_apply(&p, &e));
	CHECK(status_number("CapEff:", 16) == all);
}

/* Ids are left alone then, groups are not. */
static void user_has_ids_child(void *data)
{
	gid_t mine[] = { 5, 6 };
	struct ringwall_process p = { .uid = 1234, .gid = 4321, .has_umask = true, .umask = 027 };
	struct ringwall_err e = { 0 };

	(void)data;
	CHECK(!setgroups(2, mine));
	CHECK(!ringwall_user_apply(&p, true, &e));
	CHECK(getuid() == 0 && getgid() == 0 && getgroups(0, NULL) == 0 && umask(0) == 027);
}

static void user_groups_cleared_child(void *data)
{
	gid_t mine[] = { 5, 6 };
	struct ringwall_process p = { .uid = 0, .gid = 0 };
	struct ringwall_err e = { 0 };
	mode_t before = umask(0);

	(void)data;
	umask(before);
	CHECK(!setgroups(2, mine));
	CHECK(!ringwall_user_apply(&p, false, &e));
	CHECK(getgroups(0, NULL) == 0);
	CHECK(umask(before) == before);
}

static void map_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

/* A user namespace with one id and setgroups denied, as an unprivileged user makes it. */
static void userns_child(void *data)
{
	gid_t group = 0;
	struct ringwall_process p = { 0 };
	struct ringwall_err e = { 0 };

	(void)data;
	CHECK(!setgroups(0, NULL) && !setresgid(1000, 1000, 1000) && !setresuid(1000, 1000, 1000));
	CHECK(!prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) && !unshare(CLONE_NEWUSER));
	map_write("/proc/self/setgroups", "deny");
	map_write("/proc/self/uid_map", "0 1000 1");
	map_write("/proc/self/gid_map", "0 1000 1");
	CHECK(!ringwall_user_apply(&p, false, &e));
	p.additional_gids = &group;
	p.n_additional_gids = 1;
	CHECK(ringwall_user_apply(&p, false, &e) == -EPERM && strstr(e.text, "process.user.additionalGids"));
	p.n_additional_gids = 0;
	p.gid = 5;
	CHECK(ringwall_user_apply(&p, false, &e) == -EINVAL && strstr(e.text, "process.user.gid: setresgid 5 (not mapped"));
	p.gid = 0;
	p.uid = 5;
	CHECK(ringwall_user_apply(&p, false, &e) == -EINVAL && strstr(e.text, "process.user.uid: setresuid 5 (not mapped"));
}

/* Without CAP_SETGID the runtime's own groups would stay: not an error to pass over. */
static void user_unprivileged_child(void *data)
{
	gid_t mine[] = { 5, 6 };
	struct ringwall_process p = { .uid = 1000, .gid = 1000 };
	struct ringwall_err e = { 0 };

	(void)data;
	CHECK(!setgroups(2, mine) && !setresgid(1000, 1000, 1000) && !setresuid(1000, 1000, 1000));
	CHECK(ringwall_user_apply(&p, false, &e) == -EPERM);
	p.uid = 0;
	CHECK(ringwall_user_apply(&p, false, &e) == -EPERM);
}

static void test_user(void **state)
{
	(void)state;
	need_root();
	assert_child(user_child, NULL);
	assert_child(user_has_ids_child, NULL);
	assert_child(user_groups_cleared_child, NULL);
	assert_child(userns_child, NULL);
	assert_child(user_unprivileged_child, NULL);
}

/* labels --------------------------------------------------------------------------------------------------- */

static bool apparmor_on(void)
{
	char c = 'N';
	int fd = open("/sys/module/apparmor/parameters/enabled", O_RDONLY);

	if (fd >= 0 && read(fd, &c, 1) == 1)
		close(fd);
	return c == 'Y';
}

static void labels_child(void *data)
{
	int proc = open("/proc", O_PATH | O_DIRECTORY), tmp = open("/tmp", O_PATH | O_DIRECTORY);
	struct ringwall_process p = { .apparmor_profile = "", .selinux_label = "" };
	struct ringwall_err e = { 0 };

	(void)data;
	CHECK(!ringwall_labels_apply(&p, -1, &e)); /* nothing asked for, nothing touched */
	p.apparmor_profile = "unconfined";
	CHECK(!ringwall_labels_apply(&p, proc, &e));
	p.apparmor_profile = "ringwall-no-such-profile";
	CHECK(ringwall_labels_apply(&p, proc, &e) == (apparmor_on() ? -ENOENT : -EOPNOTSUPP));
	CHECK(strstr(e.text, "process.apparmorProfile: 'ringwall-no-such-profile'") != NULL);
	CHECK(ringwall_labels_apply(&p, tmp, &e) < 0);
	p.apparmor_profile = "a\nb";
	CHECK(ringwall_labels_apply(&p, proc, &e) == -EINVAL);
	p.apparmor_profile = NULL;
	p.selinux_label = "system_u:system_r:ringwall_no_such_t:s0";
	if (access("/sys/fs/selinux/enforce", F_OK)) {
		CHECK(ringwall_labels_apply(&p, proc, &e) == -EOPNOTSUPP);
		CHECK(strstr(e.text, "process.selinuxLabel") && strstr(e.text, "not enabled"));
	} else {
		CHECK(ringwall_labels_apply(&p, proc, &e) == -EINVAL);
	}
}

/*
 * The attack of CVE-2019-16884 and CVE-2025-52881: something else lies where the label is to be written, so that
 * the write succeeds and confines nothing.
 */
static void labels_fake_child(void *data)
{
	const char *target = data;
	struct ringwall_process p = { .apparmor_profile = "docker-default" };
	struct ringwall_err e = { 0 };
	char fake[] = "/tmp/ringwall-test-XXXXXX";
	int fd = mkstemp(fake), proc = open("/proc", O_PATH | O_DIRECTORY);
	struct stat st;

	CHECK(fd >= 0 && !unshare(CLONE_NEWNS) && !mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	if (mount(fake, target, NULL, MS_BIND, NULL)) {
		unlink(fake);
		CHECK(errno == ENOENT); /* no attr/apparmor in this kernel */
		return;
	}
	unlink(fake);
	CHECK(ringwall_labels_apply(&p, proc, &e) < 0);
	CHECK(!fstat(fd, &st) && st.st_size == 0);
}

static void test_labels(void **state)
{
	(void)state;
	need_root();
	assert_child(labels_child, NULL);
	assert_child(labels_fake_child, "/proc/self/attr/exec");
	assert_child(labels_fake_child, "/proc/self/attr/apparmor/exec");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bitlist_good),
		cmocka_unit_test(test_bitlist_bad),
		cmocka_unit_test(test_rlimits),
		cmocka_unit_test(test_scheduling),
		cmocka_unit_test(test_oom),
		cmocka_unit_test(test_personality),
		cmocka_unit_test(test_caps),
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_labels),
	};

	return cmocka_run_group_tests_name("attr", tests, NULL, NULL);
}
