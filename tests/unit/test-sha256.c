// SPDX-License-Identifier: LGPL-2.1-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../user/lib/sha256.h"

static void hash(const void *data, size_t len, size_t piece, char hex[RINGWALL_SHA256_HEX])
{
	uint8_t digest[RINGWALL_SHA256_SIZE];
	struct ringwall_sha256 s;

	ringwall_sha256_init(&s);
	for (size_t at = 0; at < len; at += piece)
		ringwall_sha256_update(&s, (const char *)data + at, len - at < piece ? len - at : piece);
	ringwall_sha256_final(&s, digest);
	ringwall_sha256_hex(digest, hex);
}

/* FIPS 180-4 examples (NIST CSRC) and the empty message. */
static void test_known(void **state)
{
	static const struct {
		const char *text, *hex;
	} known[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
		{ "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrst"
		  "nopqrstu",
		  "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
	};
	char hex[RINGWALL_SHA256_HEX];

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		hash(known[i].text, strlen(known[i].text), 1000, hex);
		assert_string_equal(hex, known[i].hex);
	}
}

static void test_million(void **state)
{
	char *a = malloc(1000000), hex[RINGWALL_SHA256_HEX];

	(void)state;
	assert_non_null(a);
	memset(a, 'a', 1000000);
	hash(a, 1000000, 777, hex);
	assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	free(a);
}

/* Every length around the block borders, in pieces of every size, against sha256sum(1). */
static void test_pieces(void **state)
{
	char data[200], one[RINGWALL_SHA256_HEX], hex[RINGWALL_SHA256_HEX], command[256], theirs[128] = "";
	FILE *f;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)('A' + i % 23);
	for (size_t len = 0; len <= sizeof(data); len++) {
		hash(data, len, sizeof(data), one);
		for (size_t piece = 1; piece <= len; piece++) {
			hash(data, len, piece, hex);
			assert_string_equal(hex, one);
		}
	}
	for (size_t len = 54; len <= 66; len++) {
		snprintf(command, sizeof(command), "printf '%.*s' | sha256sum", (int)len, data);
		f = popen(command, "r");
		assert_non_null(f);
		assert_non_null(fgets(theirs, sizeof(theirs), f));
		pclose(f);
		hash(data, len, sizeof(data), one);
		assert_memory_equal(theirs, one, 64);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_million),
		cmocka_unit_test(test_pieces),
	};

	return cmocka_run_group_tests_name("sha256", tests, NULL, NULL);
}
