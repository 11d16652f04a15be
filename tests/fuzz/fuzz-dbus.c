// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What comes from outside into the systemd manager: messages, and annotations in GVariant text. The first byte says
 * which. What is accepted must be consistent: a message's body skips by its signature or fails, a GVariant's value is
 * exactly one of the type that was put in front of it.
 */
#include <string.h>

#include "../../user/cgroup/dbus.h"
#include "runner.h"

static void fuzz_message(const uint8_t *data, size_t size)
{
	struct ringwall_dbus_message m;
	ssize_t n = ringwall_dbus_length(data, size);
	uint8_t *copy;

	if (n <= 0 || (size_t)n > size)
		return;
	/* A copy of its own size, so that a read behind it is seen. */
	copy = malloc((size_t)n);
	MUST(copy);
	memcpy(copy, data, (size_t)n);
	if (ringwall_dbus_parse(copy, (size_t)n, &m) == 0) {
		const char *sig = m.signature;

		(void)strlen(m.path), (void)strlen(m.interface), (void)strlen(m.member), (void)strlen(m.sender);
		while (sig && *sig)
			sig = ringwall_dbus_skip(&m.body, sig, 0);
		MUST(m.body.at <= m.body.len);
	}
	free(copy);
}

static void fuzz_gvariant(const uint8_t *data, size_t size)
{
	struct ringwall_dbus_out o = { 0 };
	struct ringwall_dbus_in in = { 0 };
	struct ringwall_err e;
	char *text = malloc(size + 1);
	const char *rest;

	MUST(text);
	memcpy(text, data, size);
	text[size] = '\0';
	if (ringwall_gvariant_put(&o, text, false, &e) == 0 && !o.failed) {
		in.buf = o.buf;
		in.len = o.len;
		rest = ringwall_dbus_skip(&in, "v", 0);
		MUST(rest && !*rest && in.at == in.len);
	}
	ringwall_dbus_out_free(&o);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char list[128], path[108];
	size_t n;

	if (size < 1)
		return 0;
	if (data[0] == 'v') {
		fuzz_gvariant(data + 1, size - 1);
	} else if (data[0] == 'a' && size <= sizeof(list)) {
		memcpy(list, data + 1, size - 1);
		list[size - 1] = '\0';
		(void)ringwall_dbus_address(list, path, sizeof(path), &n);
	} else {
		fuzz_message(data, size);
	}
	return 0;
}
