// SPDX-License-Identifier: LGPL-2.1-or-later

/* The wire format of CRIU's RPC; the expected bytes are what Google's implementation makes of CRIU's rpc.proto. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "../../user/checkpoint/criu.h"

static void test_request(void **unused)
{
	static const unsigned char want[] = {
		0x08, 0x01, 0x12, 0x26, 0x08, 0xac, 0x02, 0x6a, 0x02, '/', 'r', 0xba, 0x01, 0x06, 0x0a, 0x02, '/', 'a',
		0x12, 0x00, 0xda, 0x01, 0x0c, 0x0a, 0x08, 'p', 'i', 'p', 'e', ':', '[', '1', ']', 0x10, 0x00, 0x90, 0x02,
		0x03, 0xfa, 0x03, 0x01, 'c',
	};
	struct ringwall_protobuf req = {}, opts = {};

	(void)unused;
	ringwall_protobuf_varint(&opts, RINGWALL_CRIU_IMAGES_DIR_FD, 300);
	ringwall_protobuf_string(&opts, RINGWALL_CRIU_ROOT, "/r");
	ringwall_protobuf_string(&opts, RINGWALL_CRIU_LSM_PROFILE, NULL);
	ringwall_criu_pair(&opts, RINGWALL_CRIU_EXT_MNT, "/a", "");
	ringwall_criu_inherit(&opts, "pipe:[1]", 0);
	ringwall_protobuf_varint(&opts, RINGWALL_CRIU_MANAGE_CGROUPS_MODE, 3);
	ringwall_protobuf_string(&opts, RINGWALL_CRIU_LSM_MOUNT_CONTEXT, "c");
	ringwall_protobuf_varint(&req, 1, RINGWALL_CRIU_DUMP);
	ringwall_protobuf_message(&req, 2, &opts);
	assert_null(opts.buf);
	assert_false(req.failed);
	assert_int_equal(req.len, sizeof(want));
	assert_memory_equal(req.buf, want, sizeof(want));
	ringwall_protobuf_free(&req);
}

static void test_negative(void **unused)
{
	struct ringwall_protobuf m = {};
	struct ringwall_protobuf_field f;
	const unsigned char *at;

	(void)unused;
	ringwall_protobuf_varint(&m, 1, -2);
	assert_int_equal(m.len, 11);
	at = m.buf;
	assert_int_equal(ringwall_protobuf_next(&at, m.buf + m.len, &f), 1);
	assert_int_equal((int64_t)f.value, -2);
	ringwall_protobuf_free(&m);
}

static void test_read(void **unused)
{
	/* 1: 300, 2: "ab", 3: 8 fixed bytes, 4: 4 fixed bytes */
	static const unsigned char text[] = { 0x08, 0xac, 0x02, 0x12, 2, 'a', 'b', 0x19, 1, 2, 3, 4, 5, 6, 7, 8, 0x25, 1, 2, 3, 4 };
	const unsigned char *at = text, *end = text + sizeof(text);
	struct ringwall_protobuf_field f;

	(void)unused;
	assert_int_equal(ringwall_protobuf_next(&at, end, &f), 1);
	assert_true(f.number == 1 && !f.data && f.value == 300);
	assert_int_equal(ringwall_protobuf_next(&at, end, &f), 1);
	assert_true(f.number == 2 && f.len == 2 && !memcmp(f.data, "ab", 2));
	assert_int_equal(ringwall_protobuf_next(&at, end, &f), 1);
	assert_true(f.number == 3 && f.len == 8);
	assert_int_equal(ringwall_protobuf_next(&at, end, &f), 1);
	assert_true(f.number == 4 && f.len == 4);
	assert_int_equal(ringwall_protobuf_next(&at, end, &f), 0);
}

/* Cut off anywhere, or nonsense: an error and never a read past the end (the copy is exactly as long). */
static void test_malformed(void **unused)
{
	static const struct {
		unsigned char text[12];
		size_t len;
	} bad[] = {
		{ { 0x08 }, 1 },
		{ { 0x08, 0x80 }, 2 },
		{ { 0x12, 3, 'a', 'b' }, 4 },
		{ { 0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01 }, 11 },
		{ { 0x19, 1, 2 }, 3 },
		{ { 0x25, 1 }, 2 },
		{ { 0x0b }, 1 },
		{ { 0x00, 0 }, 2 },
		{ { 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1 }, 12 },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		unsigned char *copy = test_malloc(bad[i].len);
		const unsigned char *at = copy;
		struct ringwall_protobuf_field f;

		memcpy(copy, bad[i].text, bad[i].len);
		assert_int_equal(ringwall_protobuf_next(&at, copy + bad[i].len, &f), -EBADMSG);
		test_free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_negative),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
