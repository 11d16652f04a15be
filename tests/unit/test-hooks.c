// SPDX-License-Identifier: LGPL-2.1-or-later

/* Hooks that really run: shell scripts in a directory on /dev/shm. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../user/state/hooks.h"

static char dir[64];
static char warnings[4096];

static const char *script(const char *name, const char *text)
{
	static char path[4][128];
	static int next;
	char *p = path[next++ % 4];
	FILE *f;

	snprintf(p, 128, "%s/%s", dir, name);
	f = fopen(p, "we");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n%s\n", text);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(p, 0700), 0);
	return p;
}

static const char *contents(const char *name)
{
	static char text[70000];
	char path[128];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return "(no such file)";
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static int run(struct ringwall_hook *h, size_t n, const char *state, struct ringwall_err *e)
{
	struct ringwall_hooks hooks = { .v = h, .n = n };

	*e = (struct ringwall_err){};
	return ringwall_hooks_run(&hooks, RINGWALL_HOOK_CREATE_RUNTIME, state, strlen(state), e);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void test_stdin_args_env(void **unused)
{
	const char *args[] = { "my-name", "one", "two words", NULL }, *env[] = { "A=1", "B=x y", NULL };
	struct ringwall_hook h = { .args = { args, 3 }, .env = { env, 2 } };
	char text[256];
	struct ringwall_err e;

	(void)unused;
	snprintf(text, sizeof(text), "cd %s; cat >in; printf '%%s|' \"$@\" >args; /usr/bin/env >env", dir);
	h.path = script("ok", text);
	assert_int_equal(run(&h, 1, "{\"id\":\"c\"}", &e), 0);
	assert_string_equal(contents("in"), "{\"id\":\"c\"}");
	assert_string_equal(contents("args"), "one|two words|");
	/* The shell adds PWD; of the caller's environment nothing may be there. */
	assert_non_null(strstr(contents("env"), "A=1\n"));
	assert_non_null(strstr(contents("env"), "B=x y\n"));
	assert_null(strstr(contents("env"), "HOME="));
}

static void test_defaults(void **unused)
{
	struct ringwall_hook h = {};
	char text[256];
	struct ringwall_err e;

	(void)unused;
	setenv("RINGWALL_LEAK", "yes", 1);
	snprintf(text, sizeof(text), "echo \"$#$RINGWALL_LEAK\" >%s/args; ls -l /proc/self/fd | grep -c -e secret >%s/fds", dir, dir);
	h.path = script("plain", text);
	/* A descriptor that is not close-on-exec must not reach a hook. */
	snprintf(text, sizeof(text), "%s/secret", dir);
	int fd = open(text, O_RDWR | O_CREAT, 0600);
	int r = run(&h, 1, "{}", &e);

	close(fd);
	unsetenv("RINGWALL_LEAK");
	assert_int_equal(r, -ECANCELED); /* grep -c finds none: status 1 is the script's */
	assert_string_equal(contents("args"), "0\n");
	assert_string_equal(contents("fds"), "0\n");
}

static void test_fails(void **unused)
{
	struct ringwall_hook h[3] = {};
	struct ringwall_err e;
	char text[256], want[512];

	(void)unused;
	h[0].path = script("good", "exit 0");
	h[1].path = script("bad", "echo first >&2; printf 'it \\033[1mbroke\\n\\n' >&2; exit 3");
	snprintf(text, sizeof(text), "touch %s/never", dir);
	h[2].path = script("third", text);
	assert_int_equal(run(h, 3, "{}", &e), -ECANCELED);
	snprintf(want, sizeof(want), "hook createRuntime[1] '%s': exit status 3: it ?[1mbroke", h[1].path);
	assert_string_equal(e.text, want);
	assert_string_equal(contents("never"), "(no such file)");
}

static void test_no_such_file(void **unused)
{
	struct ringwall_hook h = { .path = "/nonexistent/hook" };
	struct ringwall_err e;

	(void)unused;
	assert_int_equal(run(&h, 1, "{}", &e), -ENOENT);
	assert_string_equal(e.text,
			    "hook createRuntime[0] '/nonexistent/hook': exec: no such file or directory");
	h.path = "/etc/passwd";
	assert_int_equal(run(&h, 1, "{}", &e), -EACCES);
	/* Nothing left to reap. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void test_killed(void **unused)
{
	struct ringwall_hook h = { .path = script("die", "kill -TERM $$; sleep 5") };
	struct ringwall_err e;

	(void)unused;
	assert_int_equal(run(&h, 1, "{}", &e), -ECANCELED);
	assert_non_null(strstr(e.text, ": killed by signal 15"));
}

static void test_timeout(void **unused)
{
	struct ringwall_hook h = { .timeout = 1 };
	struct ringwall_err e;
	char text[256];
	double start;
	pid_t pid;

	(void)unused;
	snprintf(text, sizeof(text), "sleep 60 & echo $! >%s/pid; wait", dir);
	h.path = script("slow", text);
	start = seconds();
	assert_int_equal(run(&h, 1, "{}", &e), -ETIMEDOUT);
	assert_true(seconds() - start > 0.9 && seconds() - start < 4);
	assert_non_null(strstr(e.text, "ran past its timeout of 1 s"));
	/* Its child too: the whole process group. It is not ours to reap, so give the reaper a moment. */
	pid = atoi(contents("pid"));
	assert_true(pid > 1);
	for (int i = 0; i < 100; i++) {
		char path[64], state[256] = "";
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		f = fopen(path, "re");
		if (!f)
			return;
		if (fscanf(f, "%*d %*s %s", state) == 1 && state[0] == 'Z') {
			fclose(f);
			return;
		}
		fclose(f);
		usleep(20000);
	}
	kill(pid, SIGKILL);
	fail_msg("the hook's child %d lives on", pid);
}

/* Endless output must not hide the timeout; more output than a pipe holds must not block; nor an unread state. */
static void test_floods(void **unused)
{
	struct ringwall_hook h = { .timeout = 1, .path = script("yes", "exec yes >&2") };
	struct ringwall_err e;
	char *state = malloc(300001);
	int saved = dup(2), null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int r[3];

	(void)unused;
	assert_non_null(state);
	memset(state, 'x', 300000);
	state[300000] = '\0';
	dup2(null, 2);
	r[0] = run(&h, 1, "{}", &e);
	h = (struct ringwall_hook){ .path = script("much", "head -c 200000 /dev/zero >&2; echo end >&2; exit 1") };
	r[1] = run(&h, 1, state, &e);
	h.path = script("count", "n=$(wc -c); [ $n = 300000 ]");
	r[2] = run(&h, 1, state, &e);
	dup2(saved, 2);
	close(saved);
	close(null);
	free(state);
	assert_int_equal(r[0], -ETIMEDOUT);
	assert_int_equal(r[1], -ECANCELED);
	assert_int_equal(r[2], 0);
}

/* A hook that leaves a daemon holding its standard error has nevertheless exited. */
static void test_daemon(void **unused)
{
	struct ringwall_hook h = {};
	struct ringwall_err e;
	char text[256];
	double start = seconds();
	int r;

	(void)unused;
	snprintf(text, sizeof(text), "sleep 30 & echo $! >%s/pid", dir);
	h.path = script("daemon", text);
	r = run(&h, 1, "{}", &e);
	kill(atoi(contents("pid")), SIGKILL);
	assert_int_equal(r, 0);
	assert_true(seconds() - start < 5);
}

/* As conmon may call us: without descriptors 0 to 2. */
static void test_closed_stdio(void **unused)
{
	struct ringwall_hook h = {};
	char text[256];
	int status;
	pid_t pid;

	(void)unused;
	snprintf(text, sizeof(text), "cat >%s/in2", dir);
	h.path = script("closed", text);
	pid = fork();
	if (!pid) {
		struct ringwall_err e;

		close(0);
		close(1);
		close(2);
		_exit(run(&h, 1, "{\"x\":1}", &e) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	/* cat writes to a file of its own, so a closed standard output does not matter. */
	assert_int_equal(status, 0);
	assert_string_equal(contents("in2"), "{\"x\":1}");
}

static void take_warning(void *data, enum ringwall_log_level level, const char *text)
{
	(void)data;
	assert_int_equal(level, RINGWALL_LOG_WARNING);
	strncat(warnings, text, sizeof(warnings) - strlen(warnings) - 2);
	strcat(warnings, "\n");
}

static void test_run_all(void **unused)
{
	struct ringwall rw = { .log = take_warning };
	struct ringwall_hook h[2] = {};
	struct ringwall_hooks hooks = { h, 2 };
	char text[256];

	(void)unused;
	h[0].path = script("bad2", "exit 7");
	snprintf(text, sizeof(text), "touch %s/reached", dir);
	h[1].path = script("after", text);
	warnings[0] = '\0';
	ringwall_hooks_run_all(&rw, &hooks, RINGWALL_HOOK_POSTSTOP, "{}", 2);
	assert_non_null(strstr(warnings, "hook poststop[0] '"));
	assert_non_null(strstr(warnings, "exit status 7\n"));
	assert_string_equal(contents("reached"), "");
}

static int setup(void **unused)
{
	(void)unused;
	strcpy(dir, "/dev/shm/ringwall-hooks-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
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
		cmocka_unit_test(test_stdin_args_env), cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_fails),	       cmocka_unit_test(test_no_such_file),
		cmocka_unit_test(test_killed),	       cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_floods),	       cmocka_unit_test(test_daemon),
		cmocka_unit_test(test_closed_stdio),   cmocka_unit_test(test_run_all),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
