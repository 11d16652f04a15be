// SPDX-License-Identifier: LGPL-2.1-or-later

/* Records in real directories on /dev/shm, real locks, real processes, and runtimes killed at every system call. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../user/lib/cleanup.h"
#include "../../user/state/state.h"

static char dir[64];
static char root[128];
static struct ringwall rw = { .root = root, .cgroup_manager = RINGWALL_CGROUP_DISABLED };
static struct ringwall_err e;

static const char *at(const char *name)
{
	static char path[4][256];
	static int next;
	char *p = path[next++ % 4];

	snprintf(p, 256, "%s/%s", root, name);
	return p;
}

static bool exists(const char *name)
{
	struct stat st;

	return !lstat(at(name), &st);
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(at(name), "we");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void destroy(const char *id)
{
	struct ringwall_state s;

	assert_int_equal(ringwall_state_load(&rw, id, &s, &e), 0);
	assert_int_equal(ringwall_state_remove(&s, &rw, &e), 0);
	ringwall_state_close(&s);
	assert_false(exists(id));
}

static void make(const char *id, struct ringwall_state *s)
{
	assert_int_equal(ringwall_state_create(&rw, id, s, &e), 0);
	s->bundle = "/bundle";
	s->rootfs = "/bundle/rootfs";
	s->cgroup = "/x";
}

/* names ---------------------------------------------------------------------------------------------------- */

static void test_id(void **unused)
{
	static const char *const good[] = { "a", "A-z_0.9+", "...", ".a", "-", "0" };
	static const char *const bad[] = { "", ".", "..", "a/b", "/", "a b", "\xc3\xa4", "a\n", "../x", "a:b", "a\\" };
	char longest[1026];

	(void)unused;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(ringwall_id_check(good[i], &e), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(ringwall_id_check(bad[i], &e), -EINVAL);
	assert_int_equal(ringwall_id_check(NULL, &e), -EINVAL);
	memset(longest, 'x', 1025);
	longest[1025] = '\0';
	assert_int_equal(ringwall_id_check(longest, &e), -EINVAL);
	longest[1024] = '\0';
	assert_int_equal(ringwall_id_check(longest, &e), 0);
}

static void test_root_slash(void **unused)
{
	struct ringwall bad = rw;
	struct ringwall_state s;

	(void)unused;
	for (const char *const *p = (const char *const[]){ "/", "//", "", NULL }; *p; p++) {
		bad.root = (char *)*p;
		assert_int_equal(ringwall_state_create(&bad, "tmp", &s, &e), -EINVAL);
		assert_int_equal(ringwall_state_load(&bad, "tmp", &s, &e), -EINVAL);
		assert_int_equal(ringwall_state_read(&bad, "etc", &s, &e), -EINVAL);
	}
}

/* making and reading --------------------------------------------------------------------------------------- */

static void test_create(void **unused)
{
	struct ringwall_state s, other;
	struct stat st;

	(void)unused;
	rw.rootless = true;
	assert_false(exists(""));
	make("c", &s);
	rw.rootless = false;
	assert_int_equal(stat(root, &st), 0);
	assert_int_equal(st.st_mode & 07777, 01700);
	assert_int_equal(stat(at("c"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(ringwall_state_create(&rw, "c", &other, &e), -EEXIST);
	assert_non_null(strstr(e.text, "container with given ID already exists"));
	assert_int_equal(ringwall_state_status(&s), RINGWALL_CREATING);
	assert_int_equal(ringwall_state_remove(&s, &rw, &e), 0);
	ringwall_state_close(&s);
	assert_false(exists("c"));
	assert_int_equal(ringwall_state_load(&rw, "c", &s, &e), -ENOENT);
	assert_non_null(strstr(e.text, "container does not exist"));
	/* Without the rootless flag there is no sticky bit. */
	assert_int_equal(rmdir(root), 0);
	make("c", &s);
	assert_int_equal(stat(root, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(ringwall_state_remove(&s, &rw, &e), 0);
	ringwall_state_close(&s);
}

static void test_round_trip(void **unused)
{
	struct ringwall_pair pairs[] = { { "a.b", "\"quoted\"\n\xc3\xa4" }, { "empty", "" } };
	struct ringwall_state s, l;
	struct stat st;

	(void)unused;
	make("c", &s);
	s.owner = "alice";
	s.pid = 4711;
	s.pid_start = UINT64_MAX;
	s.cgroup_manager = RINGWALL_CGROUP_SYSTEMD;
	s.scope = "ringwall-c.scope";
	s.rootless = s.started = true;
	s.slot = UINT32_MAX;
	s.intel_rdt_clos = "clos";
	s.annotations = (struct ringwall_pairs){ pairs, 2 };
	assert_int_equal(ringwall_state_save(&s, &e), 0);
	assert_int_equal(stat(at("c/state.json"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(ringwall_state_read(&rw, "c", &l, &e), 0);
	assert_false(l.broken);
	assert_false(l.locked);
	assert_string_equal(l.id, "c");
	assert_string_equal(l.bundle, s.bundle);
	assert_string_equal(l.rootfs, s.rootfs);
	assert_string_equal(l.owner, s.owner);
	assert_true(l.created == s.created && l.created > 1600000000000000000);
	assert_int_equal(l.pid, s.pid);
	assert_true(l.pid_start == s.pid_start);
	assert_int_equal(l.cgroup_manager, s.cgroup_manager);
	assert_string_equal(l.cgroup, s.cgroup);
	assert_string_equal(l.scope, s.scope);
	assert_true(l.rootless && l.started);
	assert_true(l.slot == s.slot);
	assert_string_equal(l.intel_rdt_clos, s.intel_rdt_clos);
	assert_int_equal(l.annotations.n, 2);
	assert_string_equal(l.annotations.v[0].key, pairs[0].key);
	assert_string_equal(l.annotations.v[0].value, pairs[0].value);
	assert_string_equal(l.annotations.v[1].value, "");
	ringwall_state_close(&l);
	ringwall_state_close(&s);
	destroy("c");
}

static void test_optional_absent(void **unused)
{
	struct ringwall_state s, l;

	(void)unused;
	make("c", &s);
	assert_int_equal(ringwall_state_save(&s, &e), 0);
	ringwall_state_close(&s);
	assert_int_equal(ringwall_state_load(&rw, "c", &l, &e), 0);
	assert_true(l.locked && l.loaded && !l.broken);
	assert_null(l.owner);
	assert_null(l.scope);
	assert_null(l.intel_rdt_clos);
	assert_int_equal(l.annotations.n, 0);
	ringwall_state_close(&l);
	destroy("c");
}

static void test_newer_version(void **unused)
{
	struct ringwall_state s;

	(void)unused;
	make("c", &s);
	ringwall_state_close(&s);
	put("c/state.json", "{\"version\":2,\"id\":\"c\"}");
	assert_int_equal(ringwall_state_load(&rw, "c", &s, &e), -EPROTONOSUPPORT);
	assert_non_null(strstr(e.text, "newer ringwall"));
	assert_int_equal(unlink(at("c/state.json")), 0);
	destroy("c");
}

/* Half a record, none, one of another container: all load as broken, none is believed, and all can be removed. */
static void test_broken(void **unused)
{
	static const char *const texts[] = {
		"", "{", "{}", "[]", "{\"version\":1}", "{\"version\":\"1\"}", "\xff",
		"{\"version\":1,\"id\":\"other\",\"bundle\":\"\",\"rootfs\":\"\",\"created\":1,\"pid\":1,\"pidStart\":1,"
		"\"cgroupManager\":\"cgroupfs\",\"cgroup\":\"/\",\"rootless\":false,\"started\":true,\"slot\":1}",
		"{\"version\":1,\"id\":\"c\",\"bundle\":\"\",\"rootfs\":\"\",\"created\":1,\"pid\":-1,\"pidStart\":1,"
		"\"cgroupManager\":\"cgroupfs\",\"cgroup\":\"/\",\"rootless\":false,\"started\":true,\"slot\":1}",
	};
	struct ringwall_state s;

	(void)unused;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		make("c", &s);
		ringwall_state_close(&s);
		put("c/state.json", texts[i]);
		put("c/config.json", "{");
		put("c/state.json.tmp", "x");
		assert_int_equal(ringwall_state_load(&rw, "c", &s, &e), 0);
		assert_true(s.broken);
		assert_string_equal(s.id, "c");
		assert_int_equal(s.pid, 0);
		assert_int_equal(s.slot, 0);
		assert_string_equal(s.cgroup, "");
		assert_int_equal(ringwall_state_status(&s), RINGWALL_STOPPED);
		ringwall_state_close(&s);
		destroy("c");
	}
}

/* `--root /srv delete --force www` takes nothing away. */
static void test_foreign_directory(void **unused)
{
	struct ringwall_state s;

	(void)unused;
	make("c", &s);
	ringwall_state_close(&s);
	put("c/config.json", "precious");
	put("c/other", "precious");
	assert_int_equal(ringwall_state_load(&rw, "c", &s, &e), 0);
	assert_int_equal(ringwall_state_remove(&s, &rw, &e), -ENOTEMPTY);
	assert_non_null(strstr(e.text, "'other'"));
	ringwall_state_close(&s);
	assert_true(exists("c/config.json") && exists("c/other"));
	assert_int_equal(unlink(at("c/other")), 0);
	destroy("c");
	/* A file, or a link to a directory, is no container either. */
	put("f", "");
	assert_int_equal(ringwall_state_load(&rw, "f", &s, &e), -ENOENT);
	assert_int_equal(unlink(at("f")), 0);
	assert_int_equal(symlink("/etc", at("l")), 0);
	assert_true(ringwall_state_load(&rw, "l", &s, &e) < 0);
	assert_int_equal(unlink(at("l")), 0);
}

static void test_all_files_go(void **unused)
{
	struct ringwall_state s;

	(void)unused;
	make("c", &s);
	assert_int_equal(ringwall_state_save_config(&s, "{}", 2, &e), 0);
	assert_int_equal(ringwall_state_save(&s, &e), 0);
	put("c/start.sock", "");
	put("c/config.json.tmp", "");
	put("c/state.json.tmp", "");
	ringwall_state_close(&s);
	destroy("c");
}

static void test_config_copy(void **unused)
{
	static const char text[] = "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\"},\"hostname\":\"one\","
				   "\"linux\":{\"namespaces\":[{\"type\":\"uts\"}]}}";
	struct ringwall_config c = {};
	struct ringwall_state s;

	(void)unused;
	make("c", &s);
	assert_int_equal(ringwall_state_load_config(&s, &c, &e), -ENOENT);
	ringwall_config_free(&c);
	c = (struct ringwall_config){};
	assert_int_equal(ringwall_state_save_config(&s, "{", 1, &e), 0);
	assert_int_equal(ringwall_state_load_config(&s, &c, &e), -EINVAL);
	ringwall_config_free(&c);
	c = (struct ringwall_config){};
	/* A second copy replaces the first. */
	assert_int_equal(ringwall_state_save_config(&s, text, sizeof(text) - 1, &e), 0);
	if (ringwall_state_load_config(&s, &c, &e) < 0)
		fail_msg("%s", e.text);
	assert_string_equal(c.hostname, "one");
	ringwall_config_free(&c);
	ringwall_state_close(&s);
	destroy("c");
}

/* locks ---------------------------------------------------------------------------------------------------- */

static pid_t sleeper(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid)
		for (;;)
			pause();
	return pid;
}

/* A child that holds @id's lock until killed. */
static pid_t hold_lock(const char *id, bool create)
{
	int ready[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct ringwall_state s;
		int r = create ? ringwall_state_create(&rw, id, &s, &e) : ringwall_state_load(&rw, id, &s, &e);

		if (r < 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_creating(void **unused)
{
	pid_t creator = hold_lock("c", true);
	struct ringwall_state s;

	(void)unused;
	/* Reading does not wait, and knows a creator at work from one that was killed. */
	assert_int_equal(ringwall_state_read(&rw, "c", &s, &e), 0);
	assert_true(s.broken);
	assert_int_equal(ringwall_state_status(&s), RINGWALL_CREATING);
	end(creator);
	assert_int_equal(ringwall_state_status(&s), RINGWALL_STOPPED);
	ringwall_state_close(&s);
	destroy("c");
}

/* Whoever waits for a container that is deleted meanwhile gets "does not exist", not the leftover directory. */
static void test_deleted_while_waiting(void **unused)
{
	struct ringwall_state s, unlocked;
	int status;
	pid_t pid;

	(void)unused;
	make("c", &s);
	assert_int_equal(ringwall_state_save(&s, &e), 0);
	pid = fork();
	if (!pid) {
		struct ringwall_state mine;

		close(s.dir_fd); /* it shares the lock */
		_exit(ringwall_state_load(&rw, "c", &mine, &e) == -ENOENT ? 0 : 1);
	}
	assert_int_equal(ringwall_state_read(&rw, "c", &unlocked, &e), 0);
	usleep(100000);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0); /* it does wait */
	assert_int_equal(ringwall_state_remove(&s, &rw, &e), 0);
	ringwall_state_close(&s);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(ringwall_state_lock(&unlocked, &e), -ENOENT);
	assert_false(unlocked.locked);
	ringwall_state_close(&unlocked);
}

/* A foreground run that outlives its container's deletion must leave the next container of that name alone. */
static void test_successor_is_safe(void **unused)
{
	struct ringwall_state old, next;

	(void)unused;
	make("c", &old);
	assert_int_equal(ringwall_state_save(&old, &e), 0);
	ringwall_state_unlock(&old);
	destroy("c");
	make("c", &next);
	assert_int_equal(ringwall_state_lock(&old, &e), -ENOENT);
	assert_int_equal(ringwall_state_remove(&old, &rw, &e), 0);
	assert_true(exists("c"));
	assert_int_equal(ringwall_state_save(&next, &e), 0);
	/* And its late save does not land there. */
	assert_int_equal(ringwall_state_save(&old, &e), -ENOENT);
	ringwall_state_close(&old);
	ringwall_state_close(&next);
	destroy("c");
}

static void test_unlock(void **unused)
{
	struct ringwall_state s;
	pid_t pid, sharer;

	(void)unused;
	make("c", &s);
	assert_int_equal(ringwall_state_save(&s, &e), 0);
	ringwall_state_unlock(&s);
	pid = hold_lock("c", false); /* would hang if it were not free */
	end(pid);
	assert_int_equal(ringwall_state_lock(&s, &e), 0);
	assert_true(s.locked);
	/* Closing lets go even though a child still has the descriptor. */
	sharer = sleeper();
	ringwall_state_close(&s);
	pid = hold_lock("c", false);
	end(pid);
	end(sharer);
	destroy("c");
}

/* status --------------------------------------------------------------------------------------------------- */

static void test_status(void **unused)
{
	struct ringwall_state s;
	siginfo_t info;
	int fd;

	(void)unused;
	make("c", &s);
	s.pid = sleeper();
	assert_int_equal(ringwall_process_start_time(s.pid, &s.pid_start, NULL), 0);
	assert_true(s.pid_start > 0);
	assert_int_equal(ringwall_state_status(&s), RINGWALL_CREATED);
	s.started = true;
	assert_int_equal(ringwall_state_status(&s), RINGWALL_RUNNING);
	assert_int_equal(ringwall_state_pidfd(&s, &fd, &e), 0);
	close(fd);
	/* Another process under the same number. */
	s.pid_start++;
	assert_int_equal(ringwall_state_status(&s), RINGWALL_STOPPED);
	assert_int_equal(ringwall_state_pidfd(&s, &fd, &e), -ESRCH);
	assert_string_equal(e.text, "container not running");
	s.pid_start--;
	/* A zombie has stopped, though its number is still taken. */
	kill(s.pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)s.pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(ringwall_state_status(&s), RINGWALL_STOPPED);
	assert_int_equal(ringwall_state_pidfd(&s, &fd, &e), -ESRCH);
	assert_int_equal(waitpid(s.pid, NULL, 0), s.pid);
	assert_int_equal(ringwall_state_status(&s), RINGWALL_STOPPED);
	assert_int_equal(ringwall_process_start_time(s.pid, &s.pid_start, NULL), -ESRCH);
	assert_int_equal(ringwall_state_remove(&s, &rw, &e), 0);
	ringwall_state_close(&s);
}

static void *sleep_thread(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}

/* Only the first thread has exited: /proc says zombie, but the process lives. */
static void test_status_first_thread_exited(void **unused)
{
	struct ringwall_state s;
	char letter = 0;

	(void)unused;
	make("c", &s);
	s.started = true;
	s.pid = fork();
	if (!s.pid) {
		pthread_t t;

		pthread_create(&t, NULL, sleep_thread, NULL);
		pthread_exit(NULL);
	}
	for (int i = 0; letter != 'Z' && i < 500; i++) {
		assert_int_equal(ringwall_process_start_time(s.pid, &s.pid_start, &letter), 0);
		usleep(10000);
	}
	assert_int_equal(letter, 'Z');
	assert_int_equal(ringwall_state_status(&s), RINGWALL_RUNNING);
	end(s.pid);
	assert_int_equal(ringwall_state_status(&s), RINGWALL_STOPPED);
	assert_int_equal(ringwall_state_remove(&s, &rw, &e), 0);
	ringwall_state_close(&s);
}

/* The name may be anything, brackets, spaces and numbers included. */
static void test_start_time_odd_name(void **unused)
{
	uint64_t plain, odd;
	pid_t pid;
	int ready[2];
	char c;

	(void)unused;
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		FILE *f;

		if (read(ready[0], &c, 1) != 1)
			_exit(1);
		f = fopen("/proc/self/comm", "w");
		fputs(") Z 1 2 3 (", f);
		fclose(f);
		for (;;)
			pause();
	}
	assert_int_equal(ringwall_process_start_time(pid, &plain, NULL), 0);
	assert_int_equal(write(ready[1], "x", 1), 1);
	usleep(100000);
	assert_int_equal(ringwall_process_start_time(pid, &odd, &c), 0);
	assert_true(plain == odd);
	assert_int_equal(c, 'S');
	close(ready[0]);
	close(ready[1]);
	end(pid);
}

static void test_json(void **unused)
{
	struct ringwall_pair pairs[] = { { "k", "v" } };
	struct ringwall_state s;
	char *text, want[512];
	size_t len;

	(void)unused;
	make("c", &s);
	s.pid = 42;
	s.created = 1700000000123456789;
	text = ringwall_state_json(&s, RINGWALL_RUNNING, false, &len);
	snprintf(want, sizeof(want),
		 "{\"ociVersion\":\"%s\",\"id\":\"c\",\"pid\":42,\"status\":\"running\",\"bundle\":\"/bundle\"}",
		 RINGWALL_OCI_VERSION);
	assert_string_equal(text, want);
	assert_int_equal(len, strlen(want));
	free(text);
	text = ringwall_state_json(&s, RINGWALL_STOPPED, false, NULL);
	assert_null(strstr(text, "pid"));
	assert_non_null(strstr(text, "\"status\":\"stopped\""));
	free(text);
	s.annotations = (struct ringwall_pairs){ pairs, 1 };
	text = ringwall_state_json(&s, RINGWALL_STOPPED, true, NULL);
	snprintf(want, sizeof(want),
		 "{\n  \"ociVersion\": \"%s\",\n  \"id\": \"c\",\n  \"pid\": 0,\n  \"status\": \"stopped\",\n"
		 "  \"bundle\": \"/bundle\",\n  \"rootfs\": \"/bundle/rootfs\",\n"
		 "  \"created\": \"2023-11-14T22:13:20.123456789Z\",\n  \"annotations\": {\n    \"k\": \"v\"\n  },\n"
		 "  \"owner\": \"root\"\n}",
		 RINGWALL_OCI_VERSION);
	if (!getuid())
		assert_string_equal(text, want);
	free(text);
	if (!getuid()) {
		assert_int_equal(chown(at("c"), 1, 1), 0);
		text = ringwall_state_json(&s, RINGWALL_STOPPED, true, NULL);
		assert_non_null(strstr(text, "\"owner\": \"daemon\""));
		free(text);
		assert_int_equal(chown(at("c"), 3999999, 1), 0);
		text = ringwall_state_json(&s, RINGWALL_STOPPED, true, NULL);
		assert_non_null(strstr(text, "\"owner\": \"3999999\""));
		free(text);
		assert_int_equal(chown(at("c"), 0, 0), 0);
	}
	assert_int_equal(ringwall_state_remove(&s, &rw, &e), 0);
	ringwall_state_close(&s);
}

/* killed at every step ------------------------------------------------------------------------------------- */

/*
 * Run @f in a child and kill it just before its @n-th system call.
 * Return: whether it was killed; false: it got to its end.
 */
static bool kill_before_call(void (*f)(void), int n)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		f();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	/* Two stops a call: before and after. What raise() has left to do counts too, and does no harm. */
	for (int stop = 0; stop < 2 * n - 1; stop++) {
		assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status)) {
			assert_int_equal(status, 0);
			return false;
		}
	}
	end(pid);
	return true;
}

static void save_second(void)
{
	struct ringwall_state s;

	if (ringwall_state_load(&rw, "c", &s, &e) < 0)
		_exit(1);
	s.pid = 2;
	s.bundle = "/second/and/longer/than/the/first";
	if (ringwall_state_save(&s, &e) < 0)
		_exit(1);
	ringwall_state_close(&s);
}

/* The old record or the new one, never something between, and never a lock that stays. */
static void test_killed_in_save(void **unused)
{
	int n, old = 0, new = 0;
	struct ringwall_state s;

	(void)unused;
	make("c", &s);
	s.pid = 1;
	assert_int_equal(ringwall_state_save(&s, &e), 0);
	for (n = 1; kill_before_call(save_second, n); n++) {
		struct ringwall_state l;

		ringwall_state_unlock(&s);
		assert_int_equal(ringwall_state_load(&rw, "c", &l, &e), 0);
		assert_false(l.broken);
		if (l.pid == 1) {
			assert_string_equal(l.bundle, "/bundle");
			old++;
		} else {
			assert_int_equal(l.pid, 2);
			assert_string_equal(l.bundle, "/second/and/longer/than/the/first");
			new++;
		}
		ringwall_state_close(&l);
		assert_int_equal(ringwall_state_save(&s, &e), 0);
	}
	print_message("# killed before each of %d calls: %d times the old record, %d times the new one\n", n - 1, old,
		      new);
	assert_true(old >= 6 && new >= 1);
	ringwall_state_close(&s);
	destroy("c");
}

static void create_whole(void)
{
	struct ringwall_state s;

	if (ringwall_state_create(&rw, "k", &s, &e) < 0 || ringwall_state_save_config(&s, "{}", 2, &e) < 0)
		_exit(1);
	s.cgroup = "/k";
	if (ringwall_state_save(&s, &e) < 0)
		_exit(1);
	s.pid = 1;
	if (ringwall_state_save(&s, &e) < 0)
		_exit(1);
	ringwall_state_close(&s);
}

static void remove_whole(void)
{
	struct ringwall_state s;

	if (ringwall_state_load(&rw, "k", &s, &e) < 0 || ringwall_state_remove(&s, &rw, &e) < 0)
		_exit(1);
	ringwall_state_close(&s);
}

/* Wherever creation dies, what is left can be loaded and cleared; a record comes with a whole config. */
static void test_killed_in_create(void **unused)
{
	int n, broken = 0, whole = 0, nothing = 0;
	struct ringwall_state first;

	(void)unused;
	make("k", &first); /* and the directories above: each try is to get as far as its number says */
	ringwall_state_close(&first);
	destroy("k");
	for (n = 1; kill_before_call(create_whole, n); n++) {
		struct ringwall_state l;
		struct stat st;

		if (!exists("k")) {
			nothing++;
			continue;
		}
		assert_int_equal(ringwall_state_load(&rw, "k", &l, &e), 0);
		if (l.broken) {
			broken++;
		} else {
			assert_string_equal(l.cgroup, "/k");
			assert_int_equal(stat(at("k/config.json"), &st), 0);
			assert_int_equal(st.st_size, 2);
			whole++;
		}
		ringwall_state_close(&l);
		destroy("k");
	}
	print_message("# killed before each of %d calls: %d left nothing, %d a broken record, %d a whole one\n", n - 1,
		      nothing, broken, whole);
	assert_true(nothing && broken >= 5 && whole >= 5);
	destroy("k");
}

static void test_killed_in_remove(void **unused)
{
	int n, left = 0;

	(void)unused;
	for (n = 1;; n++) {
		create_whole();
		put("k/start.sock", "");
		if (!kill_before_call(remove_whole, n))
			break;
		if (exists("k")) {
			destroy("k");
			left++;
		}
	}
	assert_true(left >= 5);
	assert_false(exists("k"));
}

static int setup(void **unused)
{
	(void)unused;
	umask(022);
	strcpy(dir, "/dev/shm/ringwall-state-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(root, sizeof(root), "%s/a/b", dir);
	return 0;
}

static int teardown(void **unused)
{
	char command[128];

	(void)unused;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_id, setup, teardown),
		cmocka_unit_test_setup_teardown(test_root_slash, setup, teardown),
		cmocka_unit_test_setup_teardown(test_create, setup, teardown),
		cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_optional_absent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_newer_version, setup, teardown),
		cmocka_unit_test_setup_teardown(test_broken, setup, teardown),
		cmocka_unit_test_setup_teardown(test_foreign_directory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_all_files_go, setup, teardown),
		cmocka_unit_test_setup_teardown(test_config_copy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_creating, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deleted_while_waiting, setup, teardown),
		cmocka_unit_test_setup_teardown(test_successor_is_safe, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unlock, setup, teardown),
		cmocka_unit_test_setup_teardown(test_status, setup, teardown),
		cmocka_unit_test_setup_teardown(test_status_first_thread_exited, setup, teardown),
		cmocka_unit_test_setup_teardown(test_start_time_odd_name, setup, teardown),
		cmocka_unit_test_setup_teardown(test_json, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed_in_save, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed_in_create, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed_in_remove, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
