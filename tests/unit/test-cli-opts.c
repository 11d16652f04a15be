// SPDX-License-Identifier: LGPL-2.1-or-later
/* The option parser: every spelling, every type, and what it refuses. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "../../user/cli/opts.h"
#include "../../user/lib/cleanup.h"

struct into {
	const char *file, *user;
	struct ringwall_opt_strings env;
	struct ringwall_opt_number number, size;
	unsigned int count, ms, choice;
	int tri;
	bool all, tty, detach, no_subreaper;
};

#define ROW(member, name, letter, type, arg) RINGWALL_OPT(struct into, member, name, letter, type, arg, "help")

static const struct ringwall_option table[] = {
	ROW(file, "pid-file", 0, STRING, "FILE"),
	ROW(user, "user", 'u', STRING, "UID"),
	ROW(env, "env", 'e', STRINGS, "NAME=VALUE"),
	ROW(number, "number", 0, NUMBER, "N"),
	ROW(size, "size", 0, SIZE, "BYTES"),
	ROW(count, "preserve-fds", 0, UINT, "N"),
	ROW(ms, "interval", 0, DURATION, "TIME"),
	ROW(choice, "format", 'f', CHOICE, "table|json"),
	ROW(tri, "no-new-privs", 0, TRISTATE, NULL),
	ROW(all, "all", 'a', FLAG, NULL),
	ROW(tty, "tty", 't', FLAG, NULL),
	ROW(detach, "detach", 'd', FLAG, NULL),
	ROW(no_subreaper, "no-subreaper", 0, FLAG, NULL),
	{ .name = NULL },
};

#define MAX_ARGS 16

/* One run of the parser over words separated by spaces. */
struct run {
	struct into into;
	struct ringwall_err err;
	char text[256], *argv[MAX_ARGS + 1];
	int n, r;
};

static struct run *parse_with(unsigned int flags, const char *words)
{
	struct run *run = calloc(1, sizeof(*run));
	int argc = 0;

	assert_non_null(run);
	run->into.tri = -1;
	run->n = -1;
	strncpy(run->text, words, sizeof(run->text) - 1);
	for (char *w = strtok(run->text, " "); w; w = strtok(NULL, " ")) {
		assert_true(argc < MAX_ARGS);
		run->argv[argc++] = w;
	}
	run->r = ringwall_opts_parse(table, &run->into, flags, argc, run->argv, &run->n, &run->err);
	return run;
}

static void run_free(struct run **run)
{
	free((*run)->into.env.v);
	free(*run);
}

#define PARSE(words) _cleanup_(run_free) struct run *run = parse_with(0, words)
#define PARSE_IN_ORDER(words) _cleanup_(run_free) struct run *run = parse_with(RINGWALL_OPTS_IN_ORDER, words)

static void long_options(void **state)
{
	static const char *const spellings[] = {
		"--pid-file /x id", "--pid-file=/x id", "-pid-file /x id", "-pid-file=/x id", "id --pid-file /x",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(spellings); i++) {
		PARSE(spellings[i]);
		assert_int_equal(run->r, 0);
		assert_string_equal(run->into.file, "/x");
		assert_int_equal(run->n, 1);
		assert_string_equal(run->argv[0], "id");
	}
}

static void value_may_be_empty_or_begin_with_a_dash(void **state)
{
	PARSE("--pid-file= --user -1");

	(void)state;
	assert_int_equal(run->r, 0);
	assert_string_equal(run->into.file, "");
	assert_string_equal(run->into.user, "-1");
}

static void single_dash_flag(void **state)
{
	PARSE("-no-subreaper id");

	(void)state;
	assert_int_equal(run->r, 0);
	assert_true(run->into.no_subreaper);
	assert_int_equal(run->n, 1);
}

static void short_options(void **state)
{
	static const char *const spellings[] = { "-u 7:8 -td id", "-u7:8 -dt id", "-u=7:8 -t -d id", "-tdu 7:8 id", "-tdu7:8 id" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(spellings); i++) {
		PARSE(spellings[i]);
		assert_int_equal(run->r, 0);
		assert_string_equal(run->into.user, "7:8");
		assert_true(run->into.tty && run->into.detach);
		assert_false(run->into.all);
		assert_int_equal(run->n, 1);
	}
}

static void flags_take_a_value_behind_an_equals_sign_only(void **state)
{
	PARSE("--tty=false --detach=true --no-new-privs=0 -a=F all");

	(void)state;
	assert_int_equal(run->r, 0);
	assert_false(run->into.tty || run->into.all);
	assert_true(run->into.detach);
	assert_int_equal(run->into.tri, 0);
	assert_int_equal(run->n, 1);
	assert_string_equal(run->argv[0], "all");
}

static void tristate(void **state)
{
	PARSE("--no-new-privs");
	_cleanup_(run_free) struct run *unset = parse_with(0, "id");

	(void)state;
	assert_int_equal(run->into.tri, 1);
	assert_int_equal(unset->into.tri, -1);
}

static void repeated_options_keep_their_order(void **state)
{
	PARSE("-e A=1 id --env B=2 -eC=3");

	(void)state;
	assert_int_equal(run->r, 0);
	assert_int_equal(run->into.env.n, 3);
	assert_string_equal(run->into.env.v[0], "A=1");
	assert_string_equal(run->into.env.v[1], "B=2");
	assert_string_equal(run->into.env.v[2], "C=3");
	assert_null(run->into.env.v[3]);
}

static void in_order_stops_at_the_first_positional(void **state)
{
	PARSE_IN_ORDER("-t id ls -l --all -- -x");

	(void)state;
	assert_int_equal(run->r, 0);
	assert_true(run->into.tty);
	assert_false(run->into.all);
	assert_int_equal(run->n, 6);
	assert_string_equal(run->argv[0], "id");
	assert_string_equal(run->argv[2], "-l");
	assert_string_equal(run->argv[4], "--");
	assert_string_equal(run->argv[5], "-x");
}

static void double_dash_ends_options(void **state)
{
	PARSE("-a -- -t id");

	(void)state;
	assert_int_equal(run->r, 0);
	assert_true(run->into.all);
	assert_false(run->into.tty);
	assert_int_equal(run->n, 2);
	assert_string_equal(run->argv[0], "-t");
}

static void a_dash_alone_is_an_argument(void **state)
{
	PARSE("--pid-file - -");

	(void)state;
	assert_string_equal(run->into.file, "-");
	assert_int_equal(run->n, 1);
	assert_string_equal(run->argv[0], "-");
}

static void help(void **state)
{
	static const char *const asked[] = { "--help", "-h", "-help", "id --help", "-th", "--help --nonsense" };
	_cleanup_(run_free) struct run *command = parse_with(RINGWALL_OPTS_IN_ORDER, "id --help");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
		PARSE(asked[i]);
		assert_int_equal(run->r, RINGWALL_OPTS_HELP);
	}
	assert_int_equal(command->r, 0);
}

static void refusals(void **state)
{
	static const struct {
		const char *words;
		int r;
		const char *text;
	} cases[] = {
		{ "--bogus", -EINVAL, "unknown option '--bogus'" },
		{ "--bogus=1", -EINVAL, "unknown option '--bogus'" },
		{ "-x", -EINVAL, "unknown option '-x'" },
		{ "-tx", -EINVAL, "unknown option '-tx'" },
		{ "-9", -EINVAL, "unknown option '-9'" },
		{ "--t", -EINVAL, "unknown option '--t'" },
		{ "--pid", -EINVAL, "unknown option '--pid'" },
		{ "--pid-file", -EINVAL, "flag needs an argument: --pid-file FILE" },
		{ "-tu", -EINVAL, "flag needs an argument: --user UID" },
		{ "--tty=maybe", -EINVAL, "option --tty: 'maybe' is not a valid true|false" },
		{ "--format xml", -EINVAL, "option --format: 'xml' is not a valid table|json" },
		{ "--format tab", -EINVAL, "option --format: 'tab' is not a valid table|json" },
		{ "--format=", -EINVAL, "option --format: '' is not a valid table|json" },
		{ "--preserve-fds -1", -ERANGE, "option --preserve-fds: '-1' is out of range" },
		{ "--preserve-fds 3x", -EINVAL, "option --preserve-fds: '3x' is not a valid N" },
		{ "--number 9223372036854775808", -ERANGE, "option --number: '9223372036854775808' is out of range" },
		{ "--size 1q", -EINVAL, "option --size: '1q' is not a valid BYTES" },
		{ "--interval 5", -EINVAL, "option --interval: '5' is not a valid TIME" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		PARSE(cases[i].words);
		assert_int_equal(run->r, cases[i].r);
		assert_string_equal(run->err.text, cases[i].text);
	}
}

static void refused_values_leave_the_option_alone(void **state)
{
	PARSE("--format json --format xml");

	(void)state;
	assert_int_equal(run->r, -EINVAL);
	assert_int_equal(run->into.choice, 1);
}

static void numbers(void **state)
{
	static const struct {
		const char *text;
		int r;
		int64_t value;
	} cases[] = {
		{ "0", 0, 0 },
		{ "-1", 0, -1 },
		{ "0009", 0, 9 },
		{ "9223372036854775807", 0, INT64_MAX },
		{ "-9223372036854775808", 0, INT64_MIN },
		{ "-9223372036854775809", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "-", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 },
		{ "1e3", -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t n = 77;

		assert_int_equal(ringwall_opts_number(cases[i].text, &n), cases[i].r);
		assert_int_equal(n, cases[i].r ? 77 : cases[i].value);
	}
}

static void sizes(void **state)
{
	static const struct {
		const char *text;
		int r;
		int64_t value;
	} cases[] = {
		{ "0", 0, 0 },
		{ "-1", 0, -1 },
		{ "4096", 0, 4096 },
		{ "512m", 0, 512LL << 20 },
		{ "1.5g", 0, 3LL << 29 },
		{ "2GiB", 0, 2LL << 30 },
		{ "7kb", 0, 7 << 10 },
		{ "1b", 0, 1 },
		{ "8191p", 0, 8191LL << 50 },
		{ "8192p", -ERANGE, 0 },
		{ "99999999999999999999", -ERANGE, 0 },
		{ "99999999999p", -ERANGE, 0 },
		{ "-2", -EINVAL, 0 },
		{ "-1m", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "m", -EINVAL, 0 },
		{ "1 m", -EINVAL, 0 },
		{ "1m1", -EINVAL, 0 },
		{ "1mm", -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t n = 77;

		assert_int_equal(ringwall_opts_size(cases[i].text, &n), cases[i].r);
		assert_int_equal(n, cases[i].r ? 77 : cases[i].value);
	}
}

static void durations(void **state)
{
	static const struct {
		const char *text;
		int r;
		unsigned int ms;
	} cases[] = {
		{ "5s", 0, 5000 },
		{ "500ms", 0, 500 },
		{ "1m30s", 0, 90000 },
		{ "1h0.5s", 0, 3600500 },
		{ "0s", 0, 0 },
		{ "1ns", 0, 1 }, /* something stays something */
		{ "2000us", 0, 2 },
		{ "5", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "s", -EINVAL, 0 },
		{ "-5s", -EINVAL, 0 },
		{ "5x", -EINVAL, 0 },
		{ "5s ", -EINVAL, 0 },
		{ "1000000h", -ERANGE, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned int ms = 77;

		assert_int_equal(ringwall_opts_duration(cases[i].text, &ms), cases[i].r);
		assert_int_equal(ms, cases[i].r ? 77 : cases[i].ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(long_options),
		cmocka_unit_test(value_may_be_empty_or_begin_with_a_dash),
		cmocka_unit_test(single_dash_flag),
		cmocka_unit_test(short_options),
		cmocka_unit_test(flags_take_a_value_behind_an_equals_sign_only),
		cmocka_unit_test(tristate),
		cmocka_unit_test(repeated_options_keep_their_order),
		cmocka_unit_test(in_order_stops_at_the_first_positional),
		cmocka_unit_test(double_dash_ends_options),
		cmocka_unit_test(a_dash_alone_is_an_argument),
		cmocka_unit_test(help),
		cmocka_unit_test(refusals),
		cmocka_unit_test(refused_values_leave_the_option_alone),
		cmocka_unit_test(numbers),
		cmocka_unit_test(sizes),
		cmocka_unit_test(durations),
	};

	return cmocka_run_group_tests_name("cli-opts", tests, NULL, NULL);
}
