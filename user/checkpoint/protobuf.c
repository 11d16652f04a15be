// SPDX-License-Identifier: LGPL-2.1-or-later
#include "protobuf.h"

#include <string.h>

#include "../lib/cleanup.h"

enum { VARINT, FIXED64, BYTES, FIXED32 = 5 };

static void put(struct ringwall_protobuf *p, const void *data, size_t n)
{
	if (p->failed)
		return;
	if (n > p->size - p->len) {
		size_t size = 2 * (p->len + n) + 256;
		unsigned char *buf = realloc(p->buf, size);

		if (!buf) {
			p->failed = true;
			return;
		}
		p->buf = buf;
		p->size = size;
	}
	memcpy(p->buf + p->len, data, n);
	p->len += n;
}

static void put_number(struct ringwall_protobuf *p, uint64_t n)
{
	unsigned char c[10];
	size_t len = 0;

	for (; n >= 0x80; n >>= 7)
		c[len++] = (unsigned char)(n | 0x80);
	c[len++] = (unsigned char)n;
	put(p, c, len);
}

void ringwall_protobuf_varint(struct ringwall_protobuf *p, uint32_t number, int64_t value)
{
	put_number(p, (uint64_t)number << 3 | VARINT);
	put_number(p, (uint64_t)value);
}

static void put_bytes(struct ringwall_protobuf *p, uint32_t number, const void *data, size_t n)
{
	put_number(p, (uint64_t)number << 3 | BYTES);
	put_number(p, n);
	if (n)
		put(p, data, n);
}

void ringwall_protobuf_string(struct ringwall_protobuf *p, uint32_t number, const char *s)
{
	if (s)
		put_bytes(p, number, s, strlen(s));
}

void ringwall_protobuf_message(struct ringwall_protobuf *p, uint32_t number, struct ringwall_protobuf *m)
{
	p->failed |= m->failed;
	put_bytes(p, number, m->buf, m->len);
	ringwall_protobuf_free(m);
}

void ringwall_protobuf_free(struct ringwall_protobuf *p)
{
	free(p->buf);
	*p = (struct ringwall_protobuf){ .failed = p->failed };
}

static int get_number(const unsigned char **at, const unsigned char *end, uint64_t *ret)
{
	uint64_t n = 0;

	for (unsigned int shift = 0; shift < 64 && *at < end; shift += 7) {
		unsigned char c = *(*at)++;

		n |= (uint64_t)(c & 0x7f) << shift;
		if (!(c & 0x80)) {
			*ret = n;
			return 0;
		}
	}
	return -EBADMSG;
}

int ringwall_protobuf_next(const unsigned char **at, const unsigned char *end, struct ringwall_protobuf_field *ret)
{
	struct ringwall_protobuf_field f = {};
	uint64_t key, n = 0;

	if (*at == end)
		return 0;
	if (get_number(at, end, &key) < 0 || key >> 3 == 0 || key >> 3 > UINT32_MAX)
		return -EBADMSG;
	f.number = (uint32_t)(key >> 3);
	switch (key & 7) {
	case VARINT:
		if (get_number(at, end, &f.value) < 0)
			return -EBADMSG;
		*ret = f;
		return 1;
	case BYTES:
		if (get_number(at, end, &n) < 0)
			return -EBADMSG;
		break;
	case FIXED64:
		n = 8;
		break;
	case FIXED32:
		n = 4;
		break;
	default:
		return -EBADMSG;
	}
	if (n > (uint64_t)(end - *at))
		return -EBADMSG;
	f.data = *at;
	f.len = (size_t)n;
	*at += n;
	*ret = f;
	return 1;
}
