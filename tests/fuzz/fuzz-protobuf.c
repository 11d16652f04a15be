// SPDX-License-Identifier: LGPL-2.1-or-later
/* What CRIU answers: members lie inside the message, and a message that is written again reads the same. */
#include <errno.h>
#include <string.h>

#include "../../user/checkpoint/protobuf.h"
#include "runner.h"

static int next(const unsigned char **at, const unsigned char *end, struct ringwall_protobuf_field *ret)
{
	const unsigned char *before = *at;
	int r = ringwall_protobuf_next(at, end, ret);

	MUST(r == -EBADMSG || r == (before != end));
	MUST(r < 1 || (*at > before && *at <= end && ret->number));
	MUST(r < 1 || !ret->data || (ret->data > before && ret->len <= (size_t)(end - ret->data)));
	return r;
}

static void rewrite(const unsigned char *data, const unsigned char *end)
{
	struct ringwall_protobuf whole = { 0 };
	struct ringwall_protobuf_field f, g;
	const unsigned char *at = data, *again;

	while (next(&at, end, &f) > 0) {
		if (!f.data)
			ringwall_protobuf_varint(&whole, f.number, (int64_t)f.value);
		else if (!memchr(f.data, '\0', f.len)) {
			char *text = strndup((const char *)f.data, f.len);

			MUST(text);
			ringwall_protobuf_string(&whole, f.number, text);
			free(text);
		} else {
			continue;
		}
		again = whole.buf;
		MUST(!whole.failed);
		for (g.number = 0; again < whole.buf + whole.len;)
			MUST(next(&again, whole.buf + whole.len, &g) == 1);
		MUST(g.number == f.number && !g.data == !f.data && (f.data ? g.len == f.len : g.value == f.value));
		ringwall_protobuf_free(&whole);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	rewrite(data, data + size);
	return 0;
}
