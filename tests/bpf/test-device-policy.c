// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The device class against the running kernel: from inside a cgroup, in a mount namespace with a bpffs of its own, so that
 * nothing of the host's is touched and nothing is left. Needs root, cgroup v2 and BPF; without them it is skipped.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include "../../user/cgroup/cgroup.h"
#include "../../user/lib/cleanup.h"
#include "../../user/policy/bpf.h"
#include "../../user/policy/device.h"
#include "../../user/policy/pins.h"
#include "../../user/policy/policy.h"
#include "../../user/policy/table.h"

#define R RINGWALL_DEVICE_READ
#define W RINGWALL_DEVICE_WRITE
#define M RINGWALL_DEVICE_MKNOD
#define RWM (R | W | M)

/* Majors 120 to 127 are for local use: no driver answers, and opening tells refusal (EPERM) from permission (ENXIO). */
static const struct device {
	char type;
	unsigned int major, minor;
} nodes[] = {
	{ 'c', 1, 3 },	 { 'c', 1, 5 },	  { 'c', 1, 7 },   { 'c', 1, 8 },   { 'c', 1, 9 },   { 'c', 1, 11 },
	{ 'c', 120, 7 }, { 'c', 120, 8 }, { 'c', 121, 7 }, { 'c', 121, 8 }, { 'b', 120, 7 }, { 'b', 121, 8 },
};

static char top[256];	 /* cgroup that holds those of the tests */
static char scratch[64]; /* tmpfs with the nodes */

/* Device rules alone, as a container without a policy has them. */
static int try_attach(const char *id, int cgroup, const struct ringwall_resources *r, uint32_t *ret_slot,
		      struct ringwall_err *e)
{
	struct ringwall_policy_grant g = { 0 };
	struct ringwall_draft d = { 0 };
	int err = ringwall_draft_compile(r, NULL, &d, e);

	if (!err)
		err = ringwall_policy_attach(id, cgroup, &d, NULL, &g, e);
	ringwall_draft_free(&d);
	if (!err)
		*ret_slot = g.slot;
	return err;
}

/* Nothing is to be attached for another list of devices, so no cgroup is needed. */
static int update(uint32_t slot, const struct ringwall_resources *r, struct ringwall_err *e)
{
	struct ringwall_policy_grant g;
	struct ringwall_draft d = { 0 };
	int err = ringwall_draft_compile(r, NULL, &d, e);

	if (!err)
		err = ringwall_policy_change(slot, -1, 0, &d, NULL, NULL, NULL, &g, e);
	ringwall_draft_free(&d);
	return err;
}

static struct ringwall_resources resources(const struct ringwall_device_rule *rules, size_t n)
{
	return (struct ringwall_resources){ .devices = (struct ringwall_device_rule *)rules, .n_devices = n };
}

static void write_file(const char *path, const char *text)
{
	_cleanup_fd_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		fail_msg("write '%s': %s", path, strerror(errno));
}

static int cgroup_make(const char *name, char path[512])
{
	int fd;

	snprintf(path, 512, "%s/%s", top, name);
	assert_return_code(mkdir(path, 0755), errno);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_return_code(fd, errno);
	return fd;
}

static void cgroup_remove(const char *path)
{
	for (int i = 0; rmdir(path) < 0 && i < 200; i++) /* the dead linger for a moment */
		usleep(5000);
	assert_int_equal(access(path, F_OK), -1);
}

static void bpffs_fresh(void)
{
	umount2(RINGWALL_BPFFS, MNT_DETACH);
}

static int count(const char *dir)
{
	_cleanup_dir_ DIR *d = opendir(dir);
	struct dirent *de;
	int n = 0;

	if (!d)
		return -1;
	while ((de = readdir(d)))
		n += de->d_name[0] != '.';
	return n;
}

static struct ringwall_table containers_map(void)
{
	struct ringwall_table t = RINGWALL_TABLE_CONTAINERS(ringwall_pins_get("containers", NULL));

	assert_true(t.fd >= 0);
	assert_int_equal(ringwall_table_map_all(&t, NULL), 0);
	return t;
}

static uint32_t containers_used(void)
{
	struct ringwall_table t = containers_map();
	uint32_t n = 0;

	for (uint32_t i = 0; i < t.n; i++) {
		const struct ringwall_container *c = ringwall_table_at(&t, i);

		n += c->slot || c->state || c->id[0] || c->policy_id;
	}
	ringwall_table_close(&t);
	return n;
}

static uint32_t containers_in_state(uint32_t state)
{
	struct ringwall_table t = containers_map();
	uint32_t n = 0;

	for (uint32_t i = 0; i < t.n; i++)
		n += ((const struct ringwall_container *)ringwall_table_at(&t, i))->state == state;
	ringwall_table_close(&t);
	return n;
}

static uint32_t policy_of(uint32_t slot)
{
	struct ringwall_table t = containers_map();
	const struct ringwall_container *c = ringwall_table_at(&t, slot & RINGWALL_INDEX_MASK);
	uint32_t id = c->slot == slot ? c->policy_id : 0;

	ringwall_table_close(&t);
	return id;
}

/* What is refused from inside, as access bits per node. Runs in a child that has entered @cgroup. */
struct seen {
	uint8_t refused[ARRAY_SIZE(nodes)];
};

static bool refused(int r)
{
	bool is = r < 0 && errno == EPERM;

	if (r >= 0)
		close(r);
	return is;
}

static void look(struct seen *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++) {
		mode_t kind = nodes[i].type == 'b' ? S_IFBLK : S_IFCHR;
		char path[128];

		snprintf(path, sizeof(path), "%s/new-%d", scratch, getpid());
		if (mknod(path, kind | 0600, makedev(nodes[i].major, nodes[i].minor)) < 0)
			s->refused[i] |= errno == EPERM ? M : 0x80;
		unlink(path);
		snprintf(path, sizeof(path), "%s/%zu", scratch, i);
		if (refused(open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)))
			s->refused[i] |= R;
		if (refused(open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)))
			s->refused[i] |= W;
		/* Both at once: refused when either is. */
		if (refused(open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)) != !!(s->refused[i] & (R | W)))
			s->refused[i] |= 0x40;
	}
}

static struct seen look_from(const char *cgroup)
{
	struct seen s = { 0 };
	char procs[600];
	int p[2], status;
	pid_t pid;

	assert_return_code(pipe2(p, O_CLOEXEC), errno);
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", cgroup);
	pid = fork();
	if (!pid) {
		write_file(procs, "0");
		look(&s);
		_exit(write(p[1], &s, sizeof(s)) != sizeof(s));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(read(p[0], &s, sizeof(s)), sizeof(s));
	close(p[0]);
	close(p[1]);
	return s;
}

static uint8_t expected(const struct ringwall_device_rule *rules, size_t n, const struct device *d)
{
	size_t n_defaults;
	const struct ringwall_device_rule *defaults = ringwall_device_defaults(&n_defaults);
	uint8_t allowed = 0;

	for (size_t i = 0; i < n + n_defaults; i++) {
		const struct ringwall_device_rule *r = i < n ? &rules[i] : &defaults[i - n];

		if ((r->type != 'a' && r->type != d->type) || (r->major >= 0 && r->major != d->major) ||
		    (r->minor >= 0 && r->minor != d->minor))
			continue;
		allowed = (uint8_t)(r->allow ? allowed | r->access : allowed & ~r->access);
	}
	return (uint8_t)(~allowed & RWM);
}

static void assert_seen(const char *cgroup, const struct ringwall_device_rule *rules, size_t n)
{
	struct seen s = look_from(cgroup);

	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++)
		if (s.refused[i] != expected(rules, n, &nodes[i]))
			fail_msg("%s: %c %u:%u refused %#x, want %#x", cgroup, nodes[i].type, nodes[i].major,
				 nodes[i].minor, s.refused[i], expected(rules, n, &nodes[i]));
}

static const struct ringwall_device_rule closed[] = { { false, 'a', -1, -1, RWM } };
static const struct ringwall_device_rule privileged[] = { { false, 'a', -1, -1, RWM }, { true, 'a', -1, -1, RWM } };
static const struct ringwall_device_rule exact[] = {
	{ false, 'a', -1, -1, RWM }, { true, 'c', 120, 7, R | W }, { true, 'b', 121, 8, R },
};
static const struct ringwall_device_rule hole[] = {
	{ true, 'a', -1, -1, RWM }, { false, 'c', 120, -1, W }, { true, 'c', 120, 8, W }, { false, 'b', 120, 7, RWM },
};
static const struct ringwall_device_rule cross[] = {
	{ false, 'a', -1, -1, RWM }, { true, 'c', 120, -1, R | W }, { false, 'a', -1, 7, W }, { true, 'a', -1, 8, R },
};

static const struct {
	const char *name;
	const struct ringwall_device_rule *rules;
	size_t n;
} lists[] = {
	{ "none", NULL, 0 },
	{ "closed", closed, ARRAY_SIZE(closed) },
	{ "privileged", privileged, ARRAY_SIZE(privileged) },
	{ "exact", exact, ARRAY_SIZE(exact) },
	{ "hole", hole, ARRAY_SIZE(hole) },
	{ "cross", cross, ARRAY_SIZE(cross) },
};

static uint32_t attach(const char *id, int cgroup, const struct ringwall_device_rule *rules, size_t n)
{
	struct ringwall_resources r = resources(rules, n);
	struct ringwall_err e = { 0 };
	uint32_t slot = 0;

	if (try_attach(id, cgroup, &r, &slot, &e) < 0)
		fail_msg("attach: %s", e.text);
	assert_int_not_equal(slot, 0);
	return slot;
}

static void release(uint32_t slot, const char *id)
{
	struct ringwall_err e = { 0 };

	if (ringwall_policy_release(slot, id, &e) < 0)
		fail_msg("release: %s", e.text);
}

static void nothing_is_left(void)
{
	assert_int_equal(containers_used(), 0);
	assert_int_equal(count(RINGWALL_PINS_LINKS), 0);
	assert_int_equal(count(RINGWALL_PINS), 1); /* no half-made directory */
}

static void verdicts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		_cleanup_fd_ int fd = -1;
		char path[512], nested[600];
		uint32_t slot;

		fd = cgroup_make(lists[i].name, path);
		slot = attach(lists[i].name, fd, lists[i].rules, lists[i].n);
		assert_seen(path, lists[i].rules, lists[i].n);
		snprintf(nested, sizeof(nested), "%s/nested", path);
		assert_return_code(mkdir(nested, 0755), errno);
		assert_seen(nested, lists[i].rules, lists[i].n);
		cgroup_remove(nested);
		release(slot, lists[i].name);
		assert_int_equal(policy_of(slot), 0);
		cgroup_remove(path);
	}
	nothing_is_left();
}

/* The state in which a container is between the kernel's attach and the last step of ours. */
static void unnamed_attachment_denies(void **state)
{
	struct ringwall_attachment none = { 0 };
	_cleanup_fd_ int fd = -1, map = -1;
	char path[512];
	struct stat st;
	struct seen s;
	uint32_t slot;

	(void)state;
	fd = cgroup_make("unnamed", path);
	slot = attach("unnamed", fd, privileged, ARRAY_SIZE(privileged));
	assert_return_code(fstat(fd, &st), errno);
	map = ringwall_pins_get("attachments", NULL);
	assert_int_equal(ringwall_bpf_write(map, &st.st_ino, &none), 0);
	s = look_from(path);
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++)
		assert_int_equal(s.refused[i], RWM);
	/* A handle that outlived its slot names nobody, also when the slot is somebody else's. */
	none.slot = slot + (1U << RINGWALL_INDEX_BITS);
	assert_int_equal(ringwall_bpf_write(map, &st.st_ino, &none), 0);
	s = look_from(path);
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++)
		assert_int_equal(s.refused[i], RWM);
	release(slot, "unnamed");
	cgroup_remove(path);
	nothing_is_left();
}

static void same_rules_one_policy(void **state)
{
	_cleanup_fd_ int a = -1, b = -1, c = -1;
	char path_a[512], path_b[512], path_c[512];
	uint32_t slot_a, slot_b, slot_c;

	(void)state;
	a = cgroup_make("same-a", path_a);
	b = cgroup_make("same-b", path_b);
	c = cgroup_make("same-c", path_c);
	slot_a = attach("same-a", a, exact, ARRAY_SIZE(exact));
	slot_b = attach("same-b", b, exact, ARRAY_SIZE(exact));
	slot_c = attach("same-c", c, hole, ARRAY_SIZE(hole));
	assert_int_not_equal(slot_a, slot_b);
	assert_int_equal(policy_of(slot_a), policy_of(slot_b));
	assert_int_not_equal(policy_of(slot_a), policy_of(slot_c));
	/* One of them changes; the other does not notice. */
	assert_int_equal(update(slot_a, &(struct ringwall_resources){ 0 }, NULL), 0);
	assert_seen(path_a, NULL, 0);
	assert_seen(path_b, exact, ARRAY_SIZE(exact));
	release(slot_a, "same-a");
	assert_seen(path_b, exact, ARRAY_SIZE(exact));
	release(slot_b, "same-b");
	release(slot_c, "same-c");
	release(slot_c, "same-c");
	assert_int_equal(update(slot_c, &(struct ringwall_resources){ 0 }, NULL), -ESTALE);
	cgroup_remove(path_a);
	cgroup_remove(path_b);
	cgroup_remove(path_c);
	nothing_is_left();
}

/*
 * The old and the new policy agree on two nodes and differ on one. Throughout 3,000 switches, each to a policy of its own,
 * and the collections of those left behind, nobody may see what neither says.
 */
static const struct ringwall_device_rule odd[] = {
	{ true, 'c', 120, -1, R }, { false, 'c', 120, 7, R }, { true, 'c', 121, 7, R }, { true, 'c', 200, 0, R },
};
static const struct ringwall_device_rule even[] = {
	{ true, 'c', 120, 8, R }, { true, 'c', -1, 7, W }, { false, 'c', 120, 7, R }, { true, 'c', 200, 0, R },
};

static int open_node(size_t i)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%zu", scratch, i);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Opens until told to stop; the exit status says what was seen: 1 something impossible, else 2|4 both sides of the switch. */
static void watch(const char *cgroup, int stop)
{
	int status = 0;
	char procs[600], c;

	snprintf(procs, sizeof(procs), "%s/cgroup.procs", cgroup);
	write_file(procs, "0");
	fcntl(stop, F_SETFL, O_NONBLOCK);
	while (read(stop, &c, 1) < 0) {
		if (open_node(6) != -EPERM || open_node(7) == -EPERM) /* 120:7 refused, 120:8 allowed by both */
			status |= 1;
		status |= open_node(8) == -EPERM ? 2 : 4; /* 121:7 */
	}
	_exit(status);
}

static void update_under_load(void **state)
{
	_cleanup_fd_ int fd = -1;
	char path[512];
	int p[2], status;
	uint32_t slot;
	pid_t pid;

	(void)state;
	fd = cgroup_make("load", path);
	slot = attach("load", fd, odd, ARRAY_SIZE(odd));
	assert_return_code(pipe2(p, O_CLOEXEC), errno);
	pid = fork();
	if (!pid) {
		close(p[1]);
		watch(path, p[0]);
	}
	usleep(20000); /* the watcher has entered */
	for (int i = 1; i <= 3000; i++) {
		struct ringwall_device_rule rules[ARRAY_SIZE(odd)];
		struct ringwall_resources r = resources(rules, ARRAY_SIZE(rules));

		memcpy(rules, i % 2 ? even : odd, sizeof(rules));
		rules[3].minor = i;
		assert_int_equal(update(slot, &r, NULL), 0);
		if (i % 50 == 0)
			usleep(2000);
	}
	close(p[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(p[0]);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 2 | 4);
	release(slot, "load");
	cgroup_remove(path);
	nothing_is_left();
}

static void hundred(void **state)
{
	static char paths[100][512];
	uint32_t slots[100];
	int fds[100];

	(void)state;
	for (int i = 0; i < 100; i++) {
		char id[32];

		snprintf(id, sizeof(id), "hundred-%d", i);
		fds[i] = cgroup_make(id, paths[i]);
		slots[i] = attach(id, fds[i], lists[i % 6].rules, lists[i % 6].n);
	}
	assert_int_equal(containers_used(), 100);
	assert_int_equal(count(RINGWALL_PINS_LINKS), 100);
	for (int i = 0; i < 100; i += 17)
		assert_seen(paths[i], lists[i % 6].rules, lists[i % 6].n);
	for (int i = 0; i < 100; i++) {
		close(fds[i]);
		cgroup_remove(paths[i]);
		release(slots[i], NULL);
	}
	nothing_is_left();
}

/* Slots that pretend to be @cgroup_id's. Where a slot is in use it stays. */
static void fill_slots(uint64_t cgroup_id, uint32_t policy_id)
{
	struct ringwall_table t = containers_map();

	for (uint32_t i = 0; i < t.n; i++) {
		struct ringwall_container *c = ringwall_table_at(&t, i);

		if (!c->slot)
			*c = (struct ringwall_container){ .generation = c->generation + 1, .cgroup_id = cgroup_id,
							  .policy_id = policy_id, .state = RINGWALL_SLOT_ATTACHED,
							  .slot = (c->generation + 1) << RINGWALL_INDEX_BITS | i };
	}
	ringwall_table_close(&t);
}

static void clear_slots(void)
{
	struct ringwall_table t = containers_map();

	for (uint32_t i = 0; i < t.n; i++) {
		struct ringwall_container *c = ringwall_table_at(&t, i);

		*c = (struct ringwall_container){ .generation = c->generation };
	}
	ringwall_table_close(&t);
}

static void full_slots(void **state)
{
	struct ringwall_resources r = { 0 };
	_cleanup_fd_ int fd = -1;
	struct ringwall_err e;
	char path[512], gone[512];
	struct stat live, dead;
	uint32_t slot = 0;

	(void)state;
	fd = cgroup_make("gone", gone);
	assert_return_code(fstat(fd, &dead), errno);
	slot = attach("gone", fd, NULL, 0); /* so that things are loaded */
	release(slot, "gone");
	close(fd);
	cgroup_remove(gone);
	fd = cgroup_make("full", path);
	assert_return_code(fstat(fd, &live), errno);
	fill_slots(live.st_ino, 0);
	slot = 0;
	assert_int_equal(try_attach("full", fd, &r, &slot, &e), -ENOSPC);
	assert_non_null(strstr(e.text, "slots"));
	assert_int_equal(slot, 0);
	assert_int_equal(count(RINGWALL_PINS_LINKS), 0);
	clear_slots();
	/* Slots of cgroups that are gone are taken back. */
	fill_slots(dead.st_ino, 0);
	slot = attach("full", fd, NULL, 0);
	assert_int_equal(containers_used(), 1);
	assert_seen(path, NULL, 0);
	release(slot, "full");
	cgroup_remove(path);
	nothing_is_left();
}

/* Fill `devices` with entries of @policy_id, whoever that is. */
static void fill_devices(uint32_t policy_id)
{
	_cleanup_fd_ int fd = ringwall_pins_get("devices", NULL);
	struct ringwall_device_verdict v = { .allowed = RWM };

	for (uint32_t i = 0; i < RINGWALL_DEVICES_MAX + 64; i++) {
		struct ringwall_device_key k = { .policy_id = policy_id, .type = 9, .major = i };

		if (ringwall_bpf_write(fd, &k, &v) == -E2BIG)
			return;
	}
	fail_msg("the map has no limit");
}

static uint32_t count_devices(void)
{
	_cleanup_fd_ int fd = ringwall_pins_get("devices", NULL);
	struct ringwall_device_key key, *last = NULL;
	uint32_t n = 0;

	while (ringwall_bpf_next_key(fd, last, &key) == 0) {
		last = &key;
		n++;
	}
	return n;
}

static void full_devices(void **state)
{
	struct ringwall_resources r = resources(hole, ARRAY_SIZE(hole));
	_cleanup_fd_ int a = -1, b = -1;
	char path_a[512], path_b[512];
	uint32_t slot_a, slot_b = 0;
	struct ringwall_err e;

	(void)state;
	bpffs_fresh();
	a = cgroup_make("devices-a", path_a);
	b = cgroup_make("devices-b", path_b);
	slot_a = attach("devices-a", a, exact, ARRAY_SIZE(exact));
	fill_devices(policy_of(slot_a)); /* in use: cannot be collected */
	assert_int_equal(try_attach("devices-b", b, &r, &slot_b, &e), -ENOSPC);
	assert_non_null(strstr(e.text, "no room"));
	assert_int_equal(update(slot_a, &r, &e), -ENOSPC);
	assert_seen(path_a, exact, ARRAY_SIZE(exact)); /* the old policy holds */
	assert_int_equal(containers_used(), 1);
	/* What needs no entries still finds room, and lets go of the first policy; then everything can be collected. */
	r = resources(privileged, ARRAY_SIZE(privileged));
	assert_int_equal(update(slot_a, &r, &e), 0);
	slot_b = attach("devices-b", b, hole, ARRAY_SIZE(hole));
	assert_true(count_devices() < 64);
	assert_seen(path_a, privileged, ARRAY_SIZE(privileged));
	assert_seen(path_b, hole, ARRAY_SIZE(hole));
	release(slot_a, "devices-a");
	release(slot_b, "devices-b");
	cgroup_remove(path_a);
	cgroup_remove(path_b);
	nothing_is_left();
}

/* Every policy in use by a slot: nothing can be collected. Then the slots go, and there is room. */
static void full_policies(void **state)
{
	struct ringwall_table containers, policies = RINGWALL_TABLE_POLICIES(-1);
	_cleanup_fd_ int fd = -1;
	struct ringwall_resources r;
	struct ringwall_err e;
	char path[512];
	struct stat st;
	uint32_t slot, own;

	(void)state;
	bpffs_fresh();
	fd = cgroup_make("policies", path);
	assert_return_code(fstat(fd, &st), errno);
	release(attach("policies", fd, privileged, ARRAY_SIZE(privileged)), "policies");
	slot = attach("policies", fd, NULL, 0);
	fill_slots(st.st_ino, 0);
	containers = containers_map();
	policies.fd = ringwall_pins_get("policies", NULL);
	assert_int_equal(ringwall_table_map_all(&policies, NULL), 0);
	own = policy_of(slot) & RINGWALL_INDEX_MASK;
	for (uint32_t i = 0; i < policies.n; i++) {
		/* Slot i names policy i; but the real one has its own, so whose place that is stands in for it. */
		uint32_t place = i != (slot & RINGWALL_INDEX_MASK) ? i : own;
		struct ringwall_policy *p = ringwall_table_at(&policies, i);

		if (!p->id)
			p->id = ++p->generation << RINGWALL_INDEX_BITS | i;
		if (i != own)
			((struct ringwall_container *)ringwall_table_at(&containers, place))->policy_id = p->id;
	}
	r = resources(exact, ARRAY_SIZE(exact));
	assert_int_equal(update(slot, &r, &e), -ENOSPC);
	assert_non_null(strstr(e.text, "no room"));
	assert_seen(path, NULL, 0);
	for (uint32_t i = 0; i < containers.n; i++) {
		struct ringwall_container *c = ringwall_table_at(&containers, i);

		if (c->slot != slot)
			*c = (struct ringwall_container){ .generation = c->generation };
	}
	ringwall_table_close(&containers);
	ringwall_table_close(&policies);
	assert_int_equal(update(slot, &r, NULL), 0);
	assert_seen(path, exact, ARRAY_SIZE(exact));
	release(slot, "policies");
	cgroup_remove(path);
	nothing_is_left();
}

/* 5,000 different policies through 4,096 places, one container. */
static void many_policies(void **state)
{
	_cleanup_fd_ int fd = -1;
	char path[512];
	uint32_t slot;

	(void)state;
	fd = cgroup_make("many", path);
	slot = attach("many", fd, NULL, 0);
	for (uint32_t i = 0; i < 5000; i++) {
		struct ringwall_device_rule rule = { true, 'c', 200, i, R };
		struct ringwall_resources r = resources(&rule, 1);
		struct ringwall_err e;

		if (update(slot, &r, &e) < 0)
			fail_msg("policy %u: %s", i, e.text);
	}
	assert_seen(path, NULL, 0);
	assert_true(count_devices() <= RINGWALL_DEVICES_MAX);
	release(slot, "many");
	cgroup_remove(path);
	nothing_is_left();
}

/* One of eight runtimes that wait for @go to end. */
static pid_t racer(int i, int cgroup, const int go[2])
{
	pid_t pid = fork();
	char id[16], c;

	if (pid)
		return pid;
	close(go[1]);
	snprintf(id, sizeof(id), "race-%d", i);
	(void)!read(go[0], &c, 1);
	attach(id, cgroup, exact, ARRAY_SIZE(exact));
	_exit(0);
}

static void race(char paths[8][512])
{
	int fds[8], go[2];
	pid_t pids[8];

	bpffs_fresh();
	assert_return_code(pipe2(go, O_CLOEXEC), errno);
	for (int i = 0; i < 8; i++) {
		char id[16];

		snprintf(id, sizeof(id), "race-%d", i);
		fds[i] = cgroup_make(id, paths[i]);
		pids[i] = racer(i, fds[i], go);
	}
	close(go[1]);
	close(go[0]);
	for (int i = 0; i < 8; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
		close(fds[i]);
	}
	assert_int_equal(containers_used(), 8);
	assert_int_equal(count(RINGWALL_PINS_LINKS), 8);
}

/* Eight runtimes at once on a host where nothing is loaded, or mounted. */
static void first_use_race(void **state)
{
	char paths[8][512], id[16];

	(void)state;
	for (int round = 0; round < 10; round++) {
		race(paths);
		assert_seen(paths[round % 8], exact, ARRAY_SIZE(exact));
		for (int i = 0; i < 8; i++) {
			snprintf(id, sizeof(id), "race-%d", i);
			/* Complete and alive: not taken by its name alone, as it may be another runtime's. */
			release(0, id);
			assert_int_equal(containers_used(), 8 - (uint32_t)i);
			cgroup_remove(paths[i]);
			release(0, id);
		}
		nothing_is_left();
	}
}

/* On a bpffs that all may write to, somebody else was first. */
static void foreign_directory(void **state)
{
	struct ringwall_resources r = { 0 };
	_cleanup_fd_ int fd = -1;
	struct ringwall_err e;
	char path[512];
	uint32_t slot = 0;

	(void)state;
	bpffs_fresh();
	fd = cgroup_make("foreign", path);
	assert_return_code(mount("bpf", RINGWALL_BPFFS, "bpf", 0, NULL), errno);
	assert_return_code(mkdir(RINGWALL_PINS, 0700), errno);
	assert_return_code(chown(RINGWALL_PINS, 1, 1), errno);
	assert_int_equal(try_attach("foreign", fd, &r, &slot, &e), -EPERM);
	assert_return_code(chown(RINGWALL_PINS, 0, 0), errno);
	assert_return_code(chmod(RINGWALL_PINS, 0770), errno);
	assert_int_equal(try_attach("foreign", fd, &r, &slot, &e), -EPERM);
	assert_int_equal(slot, 0);
	assert_int_equal(count(RINGWALL_PINS), 0);
	cgroup_remove(path);
	bpffs_fresh();
}

/* What a process keeps open from call to call is not what somebody has taken away meanwhile. */
static void replaced_meanwhile(void **state)
{
	_cleanup_fd_ int fd = -1;
	char path[512];
	uint32_t slot;

	(void)state;
	bpffs_fresh();
	fd = cgroup_make("replaced", path);
	release(attach("replaced", fd, exact, ARRAY_SIZE(exact)), "replaced");
	assert_return_code(rename(RINGWALL_PINS_ABI, RINGWALL_PINS "/old"), errno);
	slot = attach("replaced", fd, exact, ARRAY_SIZE(exact));
	assert_int_equal(count(RINGWALL_PINS), 2);
	assert_int_equal(count(RINGWALL_PINS_LINKS), 1);
	assert_int_not_equal(policy_of(slot), 0); /* in the new tables */
	assert_seen(path, exact, ARRAY_SIZE(exact));
	release(slot, "replaced");
	assert_int_equal(containers_used(), 0);
	cgroup_remove(path);
	bpffs_fresh();
}

/* Somebody without the right to use BPF: told so, and nothing is mounted for them. */
static void unprivileged(void **state)
{
	_cleanup_fd_ int fd = -1;
	char path[512];
	int status;
	pid_t pid;

	(void)state;
	bpffs_fresh();
	fd = cgroup_make("unprivileged", path);
	pid = fork();
	if (!pid) {
		struct ringwall_resources r = { 0 };
		struct ringwall_err e = { 0 };
		uint32_t slot = 0;
		int err;

		if (setuid(65534) < 0)
			_exit(2);
		err = try_attach("unprivileged", fd, &r, &slot, &e);
		_exit(err != -EOPNOTSUPP || !strstr(e.text, "root") || ringwall_policy_release(0, "unprivileged", &e));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(access(RINGWALL_PINS, F_OK), -1);
	cgroup_remove(path);
}

/*
 * Runs @step in a child that is killed at its @nth system call stop (entries and exits count).
 * Return: how many there were when it ended by itself, 0 when it was killed.
 */
static int run_killed(void (*step)(void *), void *data, int nth)
{
	int status, n = 0;
	pid_t pid = fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		step(data);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	for (;;) {
		if (n++ == nth)
			kill(pid, SIGKILL);
		else
			ptrace(PTRACE_SYSCALL, pid, 0, 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status))
			return n;
		if (WIFSIGNALED(status))
			return 0;
	}
}

struct killed {
	const char *id;
	int fd;
	const struct ringwall_device_rule *rules;
	size_t n;
	uint32_t slot;
};

static void step_attach(void *data)
{
	struct killed *k = data;
	struct ringwall_resources r = resources(k->rules, k->n);

	(void)!try_attach(k->id, k->fd, &r, &k->slot, NULL);
}

static void step_release(void *data)
{
	struct killed *k = data;

	(void)!ringwall_policy_release(k->slot, k->id, NULL);
}

/* After a kill anywhere: what `delete --force` does clears it, and a new container of the same name works. */
static void recover(const char *path, const char *id)
{
	_cleanup_fd_ int fd = -1;
	char again[512];
	uint32_t slot;

	if (access(RINGWALL_PINS_ABI "/containers", F_OK) == 0) {
		/* What was not complete goes at once, what was when the cgroup is gone. */
		release(0, id);
		assert_int_equal(containers_in_state(RINGWALL_SLOT_CLAIMED), 0);
		assert_int_equal(count(RINGWALL_PINS_LINKS), containers_used());
	}
	cgroup_remove(path);
	release(0, id);
	if (access(RINGWALL_PINS_ABI "/containers", F_OK) == 0) {
		assert_int_equal(containers_used(), 0);
		assert_int_equal(count(RINGWALL_PINS_LINKS), 0);
	}
	fd = cgroup_make(id, again);
	slot = attach(id, fd, exact, ARRAY_SIZE(exact));
	assert_int_equal(containers_used(), 1);
	release(slot, id);
	cgroup_remove(again);
	nothing_is_left();
}

static void kill_attach(bool first_use)
{
	int n = 0, calls = 0;

	/* Of the thousands of calls that read a kernel's BTF one in a hundred stands for all. */
	for (; !calls; n += first_use && n > 100 ? 97 : 1) {
		/* Another list each time, so that the way through writing a policy is taken. */
		struct ringwall_device_rule rule = { true, 'c', 200, n, R };
		struct killed k = { .id = "killed", .rules = &rule, .n = 1 };
		char path[512];

		if (first_use)
			bpffs_fresh();
		k.fd = cgroup_make("killed", path);
		calls = run_killed(step_attach, &k, n);
		close(k.fd);
		recover(path, "killed");
	}
	print_message("# killed at stops up to %d\n", n);
	assert_true(n > 20);
}

static void killed_in_first_attach(void **state)
{
	(void)state;
	kill_attach(true);
}

static void killed_in_attach(void **state)
{
	(void)state;
	kill_attach(false);
}

static void killed_in_release(void **state)
{
	int calls = 0;

	(void)state;
	for (int n = 0; !calls; n++) {
		struct killed k = { .id = "killed" };
		char path[512];

		k.fd = cgroup_make("killed", path);
		k.slot = attach("killed", k.fd, NULL, 0);
		calls = run_killed(step_release, &k, n);
		close(k.fd);
		/* `delete` once more */
		release(k.slot, "killed");
		recover(path, "killed");
	}
}

/* Stops are two per call; exit_group, the stop itself and raise() are not the step's. */
static int calls_of(void (*step)(void *), void *data)
{
	return (run_killed(step, data, -1) - 3) / 2;
}

static void cost(void **state)
{
	struct killed k = { .id = "cost", .rules = exact, .n = ARRAY_SIZE(exact) };
	int attach_new, attach_known, released;
	struct ringwall_table t;
	char path[512];

	(void)state;
	k.fd = cgroup_make("cost", path);
	release(attach("cost", k.fd, NULL, 0), "cost");
	k.rules = cross;
	k.n = ARRAY_SIZE(cross);
	bpffs_fresh();
	release(attach("cost", k.fd, NULL, 0), "cost");
	attach_new = calls_of(step_attach, &k);
	t = containers_map();
	for (uint32_t i = 0; i < t.n; i++)
		if (((struct ringwall_container *)ringwall_table_at(&t, i))->slot)
			k.slot = ((struct ringwall_container *)ringwall_table_at(&t, i))->slot;
	ringwall_table_close(&t);
	released = calls_of(step_release, &k);
	assert_int_equal(containers_used(), 0);
	attach_known = calls_of(step_attach, &k);
	close(k.fd);
	cgroup_remove(path);
	release(0, "cost");
	print_message("# system calls: attach %d, with a new policy %d, release %d\n", attach_known, attach_new, released);
	assert_true(attach_known <= 20);
	assert_true(attach_new <= 24);
	assert_true(released <= 12);
	nothing_is_left();
}

static int setup(void **state)
{
	const char *cgroups;
	struct ringwall_err e;

	(void)state;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	if (ringwall_cgroup_mount(&cgroups, &e) < 0)
		return -1;
	snprintf(top, sizeof(top), "%s/ringwall-test-%d", cgroups, getpid());
	snprintf(scratch, sizeof(scratch), "/tmp/ringwall-test-%d", getpid());
	if (mkdir(top, 0755) < 0 || mkdir(scratch, 0700) < 0 || mount("tmpfs", scratch, "tmpfs", 0, NULL) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++) {
		char path[128];

		snprintf(path, sizeof(path), "%s/%zu", scratch, i);
		if (mknod(path, (nodes[i].type == 'b' ? S_IFBLK : S_IFCHR) | 0600,
			  makedev(nodes[i].major, nodes[i].minor)) < 0)
			return -1;
	}
	/* Over whatever bpffs the host has, one that goes with this namespace; bpffs_fresh() takes it off again. */
	while (umount2(RINGWALL_BPFFS, MNT_DETACH) == 0)
		;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	umount2(scratch, MNT_DETACH);
	rmdir(scratch);
	return rmdir(top);
}

/* Not as root, or without BPF: a skip, which MUST_WORK=1 makes a failure (tests/run). */
static bool can_run(void)
{
	return geteuid() == 0 && access(RINGWALL_BPFFS, F_OK) == 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),
		cmocka_unit_test(unnamed_attachment_denies),
		cmocka_unit_test(same_rules_one_policy),
		cmocka_unit_test(update_under_load),
		cmocka_unit_test(hundred),
		cmocka_unit_test(full_slots),
		cmocka_unit_test(full_devices),
		cmocka_unit_test(full_policies),
		cmocka_unit_test(many_policies),
		cmocka_unit_test(first_use_race),
		cmocka_unit_test(foreign_directory),
		cmocka_unit_test(replaced_meanwhile),
		cmocka_unit_test(unprivileged),
		cmocka_unit_test(killed_in_attach),
		cmocka_unit_test(killed_in_release),
		cmocka_unit_test(killed_in_first_attach),
		cmocka_unit_test(cost),
	};

	if (!can_run()) {
		printf("1..0 # SKIP needs root and BPF\n");
		return 77;
	}
	return cmocka_run_group_tests_name("device-policy", tests, setup, teardown);
}
