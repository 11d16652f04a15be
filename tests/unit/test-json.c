// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/lib/cleanup.h"
#include "../../user/lib/json.h"

/* The text goes through a heap copy without a NUL, so that a sanitizer sees every read behind its end. */
static int parse_n(struct ringwall_arena *a, const char *text, size_t len, struct ringwall_json **ret,
		   struct ringwall_err *e)
{
	char *copy = malloc(len ?: 1);
	int r;

	assert_non_null(copy);
	memcpy(copy, text, len);
	r = ringwall_json_parse(a, copy, len, "t.json", ret, e);
	free(copy);
	return r;
}

static struct ringwall_json *parse_ok(struct ringwall_arena *a, const char *text)
{
	struct ringwall_json *v = NULL;
	struct ringwall_err e = { 0 };

	if (parse_n(a, text, strlen(text), &v, &e))
		fail_msg("%s: %s", text, e.text);
	assert_non_null(v);
	return v;
}

static void parse_bad(const char *text, size_t len, const char *want)
{
	struct ringwall_arena a = { 0 };
	struct ringwall_json *v = (void *)1;
	struct ringwall_err e = { 0 };
	int r = parse_n(&a, text, len, &v, &e);

	if (r != -EINVAL)
		fail_msg("%s: returned %d, not -EINVAL", text, r);
	assert_int_equal(e.code, -EINVAL);
	if (!strstr(e.text, want))
		fail_msg("%s: '%s' lacks '%s'", text, e.text, want);
	assert_ptr_equal(v, (void *)1);
	ringwall_arena_free(&a);
}

static void test_bad(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "", "t.json:1:1: the text ends where a value should be" },
		{ " \n ", "t.json:2:2: the text ends" },
		{ "{", "1:2: the text ends where a member name" },
		{ "[", "1:2: the text ends where a value" },
		{ "[1", "1:3: the text ends where ',' or ']'" },
		{ "[1,]", "1:4: ']' where a value" },
		{ "[1 2]", "1:4: '2' where ',' or ']'" },
		{ "[1}", "1:3: '}' where ',' or ']'" },
		{ "{\"a\"}", "1:5: '}' where ':'" },
		{ "{\"a\":1,}", "1:8: '}' where a member name" },
		{ "{\"a\":1]", "1:7: ']' where ',' or '}'" },
		{ "{a:1}", "1:2: 'a' where a member name" },
		{ "{\"a\":}", "1:6: '}' where a value" },
		{ "{} x", "1:4: 'x' where the end of the text" },
		{ "1 2", "1:3: '2' where the end" },
		{ "nul", "1:1: 'n' where a value" },
		{ "nulll", "1:5: 'l' where the end" },
		{ "True", "1:1: 'T' where a value" },
		{ "NaN", "1:1: 'N'" },
		{ "// c\n1", "1:1: '/'" },
		{ "\xef\xbb\xbf{}", "1:1: byte 0xef where a value" },
		{ "01", "1:1: a number must not start with a zero" },
		{ "-", "1:2: the text ends where a digit" },
		{ "-x", "1:2: 'x' where a digit" },
		{ "+1", "1:1: '+'" },
		{ ".5", "1:1: '.'" },
		{ "1.", "1:3: the text ends where a digit" },
		{ "1.e1", "1:3: 'e' where a digit" },
		{ "1e", "where a digit" },
		{ "1e+", "where a digit" },
		{ "\"", "1:1: the text ends within this string" },
		{ "[\n\t\"abc", "2:2: the text ends within this string" },
		{ "\"a\nb\"", "1:3: control character 0x0a" },
		{ "\"\\", "1:3: the text ends where an escape" },
		{ "\"\\x41\"", "1:2: unknown escape" },
		{ "\"\\\xc3\xa9\"", "1:2: unknown escape" },
		{ "\"\\u12g4\"", "1:6: 'g' where a hexadecimal digit" },
		{ "\"\\u12", "the text ends where a hexadecimal digit" },
		{ "\"\\u0000\"", "1:2: U+0000" },
		{ "\"\\ud800\"", "1:2: half of a surrogate pair" },
		{ "\"\\ud800\\u0041\"", "half of a surrogate pair" },
		{ "\"\\ud800\\n\"", "half of a surrogate pair" },
		{ "\"\\udc00\\ud800\"", "half of a surrogate pair" },
		{ "\"\\ud800\\u", "where a hexadecimal digit" },
		{ "\"\x80\"", "1:2: not UTF-8: byte 0x80" },
		{ "\"\xc0\xaf\"", "not UTF-8" },
		{ "\"\xc1\xbf\"", "not UTF-8" },
		{ "\"\xe0\x9f\xbf\"", "not UTF-8" },
		{ "\"\xed\xa0\x80\"", "not UTF-8" },
		{ "\"\xf0\x8f\xbf\xbf\"", "not UTF-8" },
		{ "\"\xf4\x90\x80\x80\"", "not UTF-8" },
		{ "\"\xf5\x80\x80\x80\"", "not UTF-8" },
		{ "\"\xe2\x82\"", "not UTF-8" },
		{ "\"\xe2\x82", "not UTF-8" },
		{ "{\"a\":1,\n \"b\":2,\n \"a\":3}", "3:2: member \"a\" appears twice" },
		{ "{\"a\":1,\"\\u0061\":3}", "1:8: member \"a\" appears twice" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		parse_bad(cases[i].text, strlen(cases[i].text), cases[i].want);
	parse_bad("{}\0", 3, "1:3: byte 0x00 where the end");
	parse_bad("\"a\0b\"", 5, "1:3: control character 0x00");
}

static void test_duplicate_among_many(void **state)
{
	char text[4096] = "{";
	size_t n = 1;

	(void)state;
	for (int i = 0; i < 100; i++)
		n += (size_t)sprintf(text + n, "\n\"key%d\":%d,", i, i);
	sprintf(text + n, "\n\"key57\":0}");
	parse_bad(text, strlen(text), "t.json:102:1: member \"key57\" appears twice");
}

static void test_depth(void **state)
{
	struct ringwall_arena a = { 0 };
	char text[200];

	(void)state;
	memset(text, '[', 64);
	memset(text + 64, ']', 64);
	text[128] = '\0';
	parse_ok(&a, text);
	ringwall_arena_free(&a);
	memset(text, '[', 65);
	memset(text + 65, ']', 65);
	parse_bad(text, 130, "1:65: more than 64 levels");
}

static void test_too_big(void **state)
{
	struct ringwall_arena a = { 0 };
	struct ringwall_json *v;
	struct ringwall_err e = { 0 };

	(void)state;
	/* The length is refused before a byte is looked at. */
	assert_int_equal(ringwall_json_parse(&a, "x", 64u * 1024 * 1024 + 1, "big", &v, &e), -EFBIG);
	assert_string_equal(e.text, "big: more than 64 MiB");
	assert_null(a.blocks);
}

static void test_strings(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "\"\"", "" },
		{ "\"plain\"", "plain" },
		{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t" },
		{ "\"\\u0041\\u00e9\\u20AC\"", "A\xc3\xa9\xe2\x82\xac" },
		{ "\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80" },
		{ "\"\\uDBFF\\uDFFF\"", "\xf4\x8f\xbf\xbf" },
		{ "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xef\xbf\xbf \xed\x9f\xbf\"",
		  "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xef\xbf\xbf \xed\x9f\xbf" },
		{ "\"\x7f\"", "\x7f" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ringwall_arena a = { 0 };
		struct ringwall_json *v = parse_ok(&a, cases[i].text);

		assert_int_equal(v->type, RINGWALL_JSON_STRING);
		assert_string_equal(v->str, cases[i].want);
		assert_int_equal(v->count, strlen(cases[i].want));
		ringwall_arena_free(&a);
	}
}

static void test_places(void **state)
{
	struct ringwall_arena a = { 0 };
	const char *text = "{ \"a\": [1, true],\n  \"b\" : \"x\\n\", \"c\": {\"d\": null} }";
	const struct ringwall_json *v = parse_ok(&a, text), *m;
	unsigned int line, column;

	(void)state;
	assert_int_equal(v->type, RINGWALL_JSON_OBJECT);
	assert_int_equal(v->count, 3);
	assert_int_equal(v->start, 0);
	assert_int_equal(v->end, strlen(text));
	assert_null(v->key);

	m = ringwall_json_get(v, "a");
	assert_int_equal(m->type, RINGWALL_JSON_ARRAY);
	assert_int_equal(m->count, 2);
	assert_int_equal(m->key_start, 2);
	assert_memory_equal(text + m->start, "[1, true]", 9);
	assert_int_equal(m->end - m->start, 9);
	assert_string_equal(m->child->str, "1");
	assert_null(m->child->key);
	assert_true(m->child->next->boolean);
	assert_null(m->child->next->next);

	m = ringwall_json_get(v, "b");
	assert_memory_equal(text + m->start, "\"x\\n\"", 5);
	ringwall_json_place(text, m->start, &line, &column);
	assert_int_equal(line, 2);
	assert_int_equal(column, 9);

	assert_int_equal(ringwall_json_get(ringwall_json_get(v, "c"), "d")->type, RINGWALL_JSON_NULL);
	assert_null(ringwall_json_get(v, "A"));
	assert_null(ringwall_json_get(m, "a"));
	assert_null(ringwall_json_get(NULL, "a"));
	ringwall_arena_free(&a);
}

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		int ri, ru;
		int64_t i;
		uint64_t u;
	} cases[] = {
		{ "0", 0, 0, 0, 0 },
		{ "-0", 0, 0, 0, 0 },
		{ "7", 0, 0, 7, 7 },
		{ "-7", 0, -ERANGE, -7, 0 },
		{ "1e3", 0, 0, 1000, 1000 },
		{ "1E+3", 0, 0, 1000, 1000 },
		{ "1.0", 0, 0, 1, 1 },
		{ "1.50e1", 0, 0, 15, 15 },
		{ "12.5", -EINVAL, -EINVAL, 0, 0 },
		{ "1e-1", -EINVAL, -EINVAL, 0, 0 },
		{ "1000e-3", 0, 0, 1, 1 },
		{ "1001e-3", -EINVAL, -EINVAL, 0, 0 },
		{ "0.0010e3", 0, 0, 1, 1 },
		{ "0e999999999999999999999", 0, 0, 0, 0 },
		{ "1e999999999999999999999", -ERANGE, -ERANGE, 0, 0 },
		{ "1e-999999999999999999999", -EINVAL, -EINVAL, 0, 0 },
		{ "9223372036854775807", 0, 0, INT64_MAX, INT64_MAX },
		{ "9223372036854775808", -ERANGE, 0, 0, 9223372036854775808u },
		{ "-9223372036854775808", 0, -ERANGE, INT64_MIN, 0 },
		{ "-9223372036854775809", -ERANGE, -ERANGE, 0, 0 },
		{ "18446744073709551615", -ERANGE, 0, 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, -ERANGE, 0, 0 },
		{ "18446744073709551620", -ERANGE, -ERANGE, 0, 0 },
		{ "1e19", -ERANGE, 0, 0, 10000000000000000000u },
		{ "1e20", -ERANGE, -ERANGE, 0, 0 },
		{ "\"1\"", -EINVAL, -EINVAL, 0, 0 },
		{ "null", -EINVAL, -EINVAL, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ringwall_arena a = { 0 };
		struct ringwall_json *v = parse_ok(&a, cases[i].text);
		uint64_t u = 0;
		int64_t n = 0;

		if (ringwall_json_i64(v, &n) != cases[i].ri || n != cases[i].i)
			fail_msg("i64 of %s: %lld", cases[i].text, (long long)n);
		if (ringwall_json_u64(v, &u) != cases[i].ru || u != cases[i].u)
			fail_msg("u64 of %s: %llu", cases[i].text, (unsigned long long)u);
		ringwall_arena_free(&a);
	}
}

static void write_sample(struct ringwall_json_out *o)
{
	ringwall_json_out_object(o, NULL);
	ringwall_json_out_str(o, "s", "q\"\\\n\x01\x7f\xc3\xa9\xff/");
	ringwall_json_out_str(o, "n", NULL);
	ringwall_json_out_i64(o, "i", INT64_MIN);
	ringwall_json_out_u64(o, "u", UINT64_MAX);
	ringwall_json_out_array(o, "a");
	ringwall_json_out_bool(o, NULL, true);
	ringwall_json_out_bool(o, NULL, false);
	ringwall_json_out_raw(o, NULL, "{}", 2);
	ringwall_json_out_end(o, ']');
	ringwall_json_out_object(o, "e");
	ringwall_json_out_end(o, '}');
	ringwall_json_out_array(o, "f");
	ringwall_json_out_end(o, ']');
	ringwall_json_out_u64(o, "z", 0);
	ringwall_json_out_end(o, '}');
}

static void test_out(void **state)
{
	static const char compact[] = "{\"s\":\"q\\\"\\\\\\n\\u0001\x7f\xc3\xa9\xef\xbf\xbd/\",\"n\":null,"
				      "\"i\":-9223372036854775808,\"u\":18446744073709551615,"
				      "\"a\":[true,false,{}],\"e\":{},\"f\":[],\"z\":0}";
	static const char indented[] = "{\n  \"s\": \"q\\\"\\\\\\n\\u0001\x7f\xc3\xa9\xef\xbf\xbd/\",\n"
				       "  \"n\": null,\n  \"i\": -9223372036854775808,\n"
				       "  \"u\": 18446744073709551615,\n  \"a\": [\n    true,\n"
				       "    false,\n    {}\n  ],\n  \"e\": {},\n  \"f\": [],\n  \"z\": 0\n}";
	struct ringwall_json_out o = { 0 };
	struct ringwall_arena a = { 0 };
	_cleanup_free_ char *text = NULL, *pretty = NULL;
	size_t len;

	(void)state;
	write_sample(&o);
	text = ringwall_json_out_take(&o, &len);
	assert_string_equal(text, compact);
	assert_int_equal(len, strlen(compact));
	parse_ok(&a, text);
	ringwall_arena_free(&a);

	/* A writer that was taken from is a fresh one. */
	o.indent = 2;
	write_sample(&o);
	pretty = ringwall_json_out_take(&o, NULL);
	assert_string_equal(pretty, indented);
}

static void test_out_grows(void **state)
{
	struct ringwall_json_out o = { 0 };
	struct ringwall_arena a = { 0 };
	_cleanup_free_ char *text = NULL;
	const struct ringwall_json *v;

	(void)state;
	ringwall_json_out_array(&o, NULL);
	for (int i = -5000; i < 5000; i++)
		ringwall_json_out_i64(&o, NULL, i);
	ringwall_json_out_end(&o, ']');
	text = ringwall_json_out_take(&o, NULL);
	v = parse_ok(&a, text);
	assert_int_equal(v->count, 10000);
	assert_string_equal(v->child->str, "-5000");
	ringwall_arena_free(&a);
}

static void test_out_failed(void **state)
{
	struct ringwall_json_out o = { 0 };
	size_t len = 77;

	(void)state;
	ringwall_json_out_array(&o, NULL);
	o.failed = true;
	ringwall_json_out_end(&o, ']');
	assert_null(ringwall_json_out_take(&o, &len));
	assert_int_equal(len, 77);
	assert_null(o.buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_duplicate_among_many),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_too_big),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_out),
		cmocka_unit_test(test_out_grows),
		cmocka_unit_test(test_out_failed),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
