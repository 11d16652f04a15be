// SPDX-License-Identifier: LGPL-2.1-or-later
/* Lines in the log file, and what standard error gets to see. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../../user/cli/hint.h"
#include "../../user/cli/log.h"
#include "../../user/lib/cleanup.h"
#include "../../user/lib/json.h"

/* A log file of its own for each test, and standard error caught in another. */
struct fixture {
	char dir[32], log[64], text[4096];
	int saved_stderr, caught;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	strcpy(f->dir, "/tmp/ringwall-log-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->log, sizeof(f->log), "%s/log", f->dir);
	f->caught = open(f->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	assert_true(f->caught >= 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	unlink(f->log);
	rmdir(f->dir);
	close(f->caught);
	free(f);
	return 0;
}

static void catch_stderr(struct fixture *f)
{
	f->saved_stderr = dup(STDERR_FILENO);
	assert_true(dup2(f->caught, STDERR_FILENO) >= 0);
}

static const char *read_text(struct fixture *f, int fd)
{
	ssize_t n = pread(fd, f->text, sizeof(f->text) - 1, 0);

	assert_true(n >= 0);
	f->text[n] = '\0';
	return f->text;
}

static const char *caught(struct fixture *f)
{
	assert_true(dup2(f->saved_stderr, STDERR_FILENO) >= 0);
	close(f->saved_stderr);
	return read_text(f, f->caught);
}

static const char *logged(struct fixture *f)
{
	_cleanup_fd_ int fd = open(f->log, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? NULL : read_text(f, fd);
}

static void json_line(void **state)
{
	struct fixture *f = *state;
	struct ringwall_logger l = { .path = f->log, .format = RINGWALL_LOG_JSON };
	_cleanup_(ringwall_arena_free) struct ringwall_arena a = {};
	struct ringwall_json *v;
	const char *text;
	struct tm tm;

	catch_stderr(f);
	ringwall_log_error(&l, "open \"x\\y\"\n\tZoë", NULL);
	assert_string_equal(caught(f), "open \"x\\y\"\n\tZoë\n");
	text = logged(f);
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1); /* one line */
	assert_memory_equal(text, "{\"level\":\"error\",\"msg\":\"", 23);
	assert_int_equal(ringwall_json_parse(&a, text, strlen(text), "log", &v, NULL), 0);
	assert_int_equal(v->count, 3);
	assert_string_equal(ringwall_json_get(v, "msg")->str, "open \"x\\y\"\n\tZoë");
	assert_string_equal(strptime(ringwall_json_get(v, "time")->str, "%Y-%m-%dT%H:%M:%S", &tm), "Z");
	assert_true(llabs(timegm(&tm) - time(NULL)) < 60);
}

static void lines_are_appended(void **state)
{
	struct fixture *f = *state;
	struct ringwall_logger l = { .path = f->log, .format = RINGWALL_LOG_JSON, .level = RINGWALL_LOG_INFO };
	const char *text;

	catch_stderr(f);
	ringwall_log_write(&l, RINGWALL_LOG_WARNING, "first");
	ringwall_log_write(&l, RINGWALL_LOG_INFO, "second");
	ringwall_log_write(&l, RINGWALL_LOG_DEBUG, "dropped");
	ringwall_log_error(&l, "last", NULL);
	assert_string_equal(caught(f), "last\n"); /* only errors go to standard error as well */
	text = logged(f);
	assert_true(strstr(text, "\"warning\"") < strstr(text, "\"info\""));
	assert_true(strstr(text, "\"info\"") < strstr(text, "\"error\""));
	assert_null(strstr(text, "dropped"));
	assert_memory_equal(strrchr(strstr(text, "second"), '}'), "}\n", 3);
}

static void text_line(void **state)
{
	struct fixture *f = *state;
	struct ringwall_logger l = { .path = f->log };

	catch_stderr(f);
	ringwall_log_error(&l, "say \"no\"", NULL);
	caught(f);
	assert_memory_equal(logged(f), "time=\"2", 7);
	assert_non_null(strstr(f->text, "Z\" level=error msg=\"say \\\"no\\\"\"\n"));
}

static void standard_error_without_a_file(void **state)
{
	struct fixture *f = *state;
	struct ringwall_logger l = { .level = RINGWALL_LOG_WARNING };

	catch_stderr(f);
	ringwall_log_write(&l, RINGWALL_LOG_WARNING, "careful");
	ringwall_log_write(&l, RINGWALL_LOG_INFO, "dropped");
	ringwall_log_error(&l, "it broke", "mend it");
	assert_string_equal(caught(f), "warning: careful\nit broke\nhint: mend it\n");
}

static void hint_stands_behind_the_message(void **state)
{
	struct fixture *f = *state;
	struct ringwall_logger l = { .path = f->log, .format = RINGWALL_LOG_JSON };

	catch_stderr(f);
	ringwall_log_error(&l, "it broke", "mend it");
	caught(f);
	assert_non_null(strstr(logged(f), "\"msg\":\"it broke (hint: mend it)\""));
}

static void unwritable_file(void **state)
{
	struct fixture *f = *state;
	struct ringwall_logger l = { .path = "/nonexistent/log" };

	catch_stderr(f);
	ringwall_log_error(&l, "it broke", NULL);
	assert_string_equal(caught(f), "log file '/nonexistent/log': no such file or directory\nit broke\n");
}

static void levels(void **state)
{
	enum ringwall_log_level level;

	(void)state;
	assert_int_equal(ringwall_log_level_parse("warn", &level), 0);
	assert_int_equal(level, RINGWALL_LOG_WARNING);
	assert_int_equal(ringwall_log_level_parse("ERROR", &level), 0);
	assert_int_equal(level, RINGWALL_LOG_ERROR);
	assert_int_equal(ringwall_log_level_parse("trace", &level), 0);
	assert_int_equal(level, RINGWALL_LOG_DEBUG);
	assert_int_equal(ringwall_log_level_parse("loud", &level), -EINVAL);
	assert_int_equal(ringwall_log_level_parse("", &level), -EINVAL);
}

static void hints(void **state)
{
	struct ringwall_err known = { -ENOENT, "container does not exist" }, unknown = { -EIO, "the moon is full" };

	(void)state;
	assert_non_null(ringwall_hint_find(&known));
	assert_null(ringwall_hint_find(&unknown));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(json_line, setup, teardown),
		cmocka_unit_test_setup_teardown(lines_are_appended, setup, teardown),
		cmocka_unit_test_setup_teardown(text_line, setup, teardown),
		cmocka_unit_test_setup_teardown(standard_error_without_a_file, setup, teardown),
		cmocka_unit_test_setup_teardown(hint_stands_behind_the_message, setup, teardown),
		cmocka_unit_test_setup_teardown(unwritable_file, setup, teardown),
		cmocka_unit_test(levels),
		cmocka_unit_test(hints),
	};

	return cmocka_run_group_tests_name("cli-log", tests, NULL, NULL);
}
