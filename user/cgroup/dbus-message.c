// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"

#define NATIVE_ENDIAN (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 'l' : 'B')
#define PROTOCOL_VERSION 1
#define FLAG_NO_REPLY 1
#define MAX_DEPTH 32

/* Header fields, as the specification numbers them. */
enum {
	FIELD_PATH = 1,
	FIELD_INTERFACE,
	FIELD_MEMBER,
	FIELD_ERROR,
	FIELD_REPLY_SERIAL,
	FIELD_DESTINATION,
	FIELD_SENDER,
	FIELD_SIGNATURE,
};

/* Writing ---------------------------------------------------------------------------------------------------------- */

void ringwall_dbus_put_bytes(struct ringwall_dbus_out *o, const void *bytes, size_t n)
{
	size_t need, size;
	uint8_t *buf;

	if (o->failed || n == 0)
		return;
	if (__builtin_add_overflow(o->len, n, &need) || need > 2 * RINGWALL_DBUS_MAX) {
		o->failed = true;
		return;
	}
	if (need > o->size) {
		for (size = o->size ?: 1024; size < need; size *= 2)
			;
		buf = realloc(o->buf, size);
		if (!buf) {
			o->failed = true;
			return;
		}
		o->buf = buf;
		o->size = size;
	}
	memcpy(o->buf + o->len, bytes, n);
	o->len = need;
}

void ringwall_dbus_put_align(struct ringwall_dbus_out *o, size_t align)
{
	static const uint8_t zero[8];

	ringwall_dbus_put_bytes(o, zero, -o->len & (align - 1));
}

void ringwall_dbus_put_u8(struct ringwall_dbus_out *o, uint8_t v)
{
	ringwall_dbus_put_bytes(o, &v, 1);
}

void ringwall_dbus_put_u16(struct ringwall_dbus_out *o, uint16_t v)
{
	ringwall_dbus_put_align(o, 2);
	ringwall_dbus_put_bytes(o, &v, sizeof(v));
}

void ringwall_dbus_put_u32(struct ringwall_dbus_out *o, uint32_t v)
{
	ringwall_dbus_put_align(o, 4);
	ringwall_dbus_put_bytes(o, &v, sizeof(v));
}

void ringwall_dbus_put_u64(struct ringwall_dbus_out *o, uint64_t v)
{
	ringwall_dbus_put_align(o, 8);
	ringwall_dbus_put_bytes(o, &v, sizeof(v));
}

void ringwall_dbus_put_str(struct ringwall_dbus_out *o, const char *s)
{
	size_t n = strlen(s);

	ringwall_dbus_put_u32(o, (uint32_t)n);
	ringwall_dbus_put_bytes(o, s, n + 1);
}

void ringwall_dbus_put_sig(struct ringwall_dbus_out *o, const char *s)
{
	size_t n = strlen(s);

	if (n > 255) {
		o->failed = true;
		return;
	}
	ringwall_dbus_put_u8(o, (uint8_t)n);
	ringwall_dbus_put_bytes(o, s, n + 1);
}

size_t ringwall_dbus_put_array(struct ringwall_dbus_out *o, size_t align)
{
	size_t at;

	ringwall_dbus_put_u32(o, 0);
	at = o->len;
	ringwall_dbus_put_align(o, align);
	return at;
}

/* The length is of the elements: the padding before the first one is not in it. */
void ringwall_dbus_put_end(struct ringwall_dbus_out *o, size_t array, size_t align)
{
	size_t first = (array + align - 1) & -align;
	uint32_t n;

	if (o->failed)
		return;
	n = (uint32_t)(o->len - first);
	memcpy(o->buf + array - sizeof(n), &n, sizeof(n));
}

void ringwall_dbus_out_free(struct ringwall_dbus_out *o)
{
	free(o->buf);
	*o = (struct ringwall_dbus_out){ 0 };
}

static void put_field(struct ringwall_dbus_out *o, uint8_t field, const char *type, const char *value)
{
	if (!value)
		return;
	ringwall_dbus_put_align(o, 8);
	ringwall_dbus_put_u8(o, field);
	ringwall_dbus_put_sig(o, type);
	if (*type == 'g')
		ringwall_dbus_put_sig(o, value);
	else
		ringwall_dbus_put_str(o, value);
}

void ringwall_dbus_put_call(struct ringwall_dbus_out *o, uint32_t serial, const struct ringwall_dbus_call *call,
			    const struct ringwall_dbus_out *body)
{
	/* Of its own, so that alignment counts from the message's first byte. */
	struct ringwall_dbus_out m = { 0 };
	size_t fields;

	ringwall_dbus_put_u8(&m, NATIVE_ENDIAN);
	ringwall_dbus_put_u8(&m, RINGWALL_DBUS_CALL);
	ringwall_dbus_put_u8(&m, call->no_reply ? FLAG_NO_REPLY : 0);
	ringwall_dbus_put_u8(&m, PROTOCOL_VERSION);
	ringwall_dbus_put_u32(&m, body ? (uint32_t)body->len : 0);
	ringwall_dbus_put_u32(&m, serial);
	fields = ringwall_dbus_put_array(&m, 8);
	put_field(&m, FIELD_PATH, "o", call->path);
	put_field(&m, FIELD_INTERFACE, "s", call->interface);
	put_field(&m, FIELD_MEMBER, "s", call->member);
	put_field(&m, FIELD_DESTINATION, "s", call->destination);
	put_field(&m, FIELD_SIGNATURE, "g", body ? call->signature : NULL);
	ringwall_dbus_put_end(&m, fields, 8);
	ringwall_dbus_put_align(&m, 8);
	if (body)
		ringwall_dbus_put_bytes(&m, body->buf, body->len);
	o->failed |= m.failed || (body && body->failed) || m.len > RINGWALL_DBUS_MAX;
	ringwall_dbus_put_bytes(o, m.buf, m.len);
	ringwall_dbus_out_free(&m);
}

/* Reading ---------------------------------------------------------------------------------------------------------- */

/* @n bytes at the next multiple of @align, or NULL. */
static const uint8_t *take(struct ringwall_dbus_in *in, size_t n, size_t align)
{
	size_t pad = -in->at & (align - 1);
	const uint8_t *p;

	if (in->failed || pad > in->len - in->at || n > in->len - in->at - pad) {
		in->failed = true;
		return NULL;
	}
	p = in->buf + in->at + pad;
	in->at += pad + n;
	return p;
}

uint8_t ringwall_dbus_get_u8(struct ringwall_dbus_in *in)
{
	const uint8_t *p = take(in, 1, 1);

	return p ? *p : 0;
}

uint32_t ringwall_dbus_get_u32(struct ringwall_dbus_in *in)
{
	const uint8_t *p = take(in, 4, 4);
	uint32_t v = 0;

	if (p)
		memcpy(&v, p, sizeof(v));
	return in->swap ? __builtin_bswap32(v) : v;
}

uint64_t ringwall_dbus_get_u64(struct ringwall_dbus_in *in)
{
	const uint8_t *p = take(in, 8, 8);
	uint64_t v = 0;

	if (p)
		memcpy(&v, p, sizeof(v));
	return in->swap ? __builtin_bswap64(v) : v;
}

/* @n bytes and a NUL, without another one in between. */
static const char *get_text(struct ringwall_dbus_in *in, size_t n)
{
	const uint8_t *p = n < RINGWALL_DBUS_MAX ? take(in, n + 1, 1) : NULL;

	if (!p || memchr(p, 0, n + 1) != p + n) {
		in->failed = true;
		return "";
	}
	return (const char *)p;
}

const char *ringwall_dbus_get_str(struct ringwall_dbus_in *in)
{
	return get_text(in, ringwall_dbus_get_u32(in));
}

const char *ringwall_dbus_get_sig(struct ringwall_dbus_in *in)
{
	return get_text(in, ringwall_dbus_get_u8(in));
}

static size_t type_align(char type)
{
	switch (type) {
	case 'y':
	case 'g':
	case 'v':
		return 1;
	case 'n':
	case 'q':
		return 2;
	case 'x':
	case 't':
	case 'd':
	case '(':
	case '{':
		return 8;
	default:
		return 4;
	}
}

static size_t type_size(char type)
{
	switch (type) {
	case 'y':
		return 1;
	case 'n':
	case 'q':
		return 2;
	case 'b':
	case 'i':
	case 'u':
	case 'h':
		return 4;
	case 'x':
	case 't':
	case 'd':
		return 8;
	default:
		return 0;
	}
}

const char *ringwall_dbus_type_end(const char *sig, int depth)
{
	char close = *sig == '(' ? ')' : '}';

	if (depth > MAX_DEPTH || !*sig)
		return NULL;
	if (*sig == 'a')
		return ringwall_dbus_type_end(sig + 1, depth + 1);
	if (*sig != '(' && *sig != '{')
		return strchr("ybnqiuxtdsogvh", *sig) ? sig + 1 : NULL;
	/* An empty struct is no type; in an array it would never get to the end. */
	if (sig[1] == close)
		return NULL;
	for (sig++; sig && *sig != close;)
		sig = ringwall_dbus_type_end(sig, depth + 1);
	return sig ? sig + 1 : NULL;
}

static void skip_array(struct ringwall_dbus_in *in, const char *element, int depth)
{
	uint32_t n = ringwall_dbus_get_u32(in);
	size_t end;

	take(in, 0, type_align(*element));
	if (in->failed || n > in->len - in->at) {
		in->failed = true;
		return;
	}
	for (end = in->at + n; !in->failed && in->at < end;)
		if (!ringwall_dbus_skip(in, element, depth + 1))
			in->failed = true;
	if (in->at != end)
		in->failed = true;
}

const char *ringwall_dbus_skip(struct ringwall_dbus_in *in, const char *sig, int depth)
{
	const char *end = ringwall_dbus_type_end(sig, depth), *inner;

	if (!end || depth > MAX_DEPTH || in->failed)
		return NULL;
	switch (*sig) {
	case 's':
	case 'o':
		ringwall_dbus_get_str(in);
		break;
	case 'g':
		ringwall_dbus_get_sig(in);
		break;
	case 'v':
		inner = ringwall_dbus_get_sig(in);
		inner = in->failed ? NULL : ringwall_dbus_skip(in, inner, depth + 1);
		/* A variant holds one value exactly. */
		if (!inner || *inner)
			in->failed = true;
		break;
	case 'a':
		skip_array(in, sig + 1, depth);
		break;
	case '(':
	case '{':
		take(in, 0, 8);
		for (inner = sig + 1; inner && inner < end - 1;)
			inner = ringwall_dbus_skip(in, inner, depth + 1);
		break;
	default:
		take(in, type_size(*sig), type_align(*sig));
	}
	return in->failed ? NULL : end;
}

ssize_t ringwall_dbus_length(const uint8_t *buf, size_t len)
{
	struct ringwall_dbus_in in = { .buf = buf, .len = 16, .at = 4 };
	uint64_t total;
	uint32_t body;

	if (len < 16)
		return 0;
	if ((buf[0] != 'l' && buf[0] != 'B') || buf[3] != PROTOCOL_VERSION)
		return -EBADMSG;
	in.swap = buf[0] != NATIVE_ENDIAN;
	body = ringwall_dbus_get_u32(&in);
	(void)ringwall_dbus_get_u32(&in);
	total = 16 + (((uint64_t)ringwall_dbus_get_u32(&in) + 7) & ~7ull) + body;
	return total > RINGWALL_DBUS_MAX ? -EMSGSIZE : (ssize_t)total;
}

/* A header field is "(yv)", and each one has its type. */
static int parse_field(struct ringwall_dbus_in *in, struct ringwall_dbus_message *m)
{
	const struct {
		char type;
		const char **to;
	} fields[] = {
		[FIELD_PATH] = { 'o', &m->path },     [FIELD_INTERFACE] = { 's', &m->interface },
		[FIELD_MEMBER] = { 's', &m->member }, [FIELD_ERROR] = { 's', &m->error },
		[FIELD_REPLY_SERIAL] = { 'u', NULL }, [FIELD_DESTINATION] = { 0, NULL },
		[FIELD_SENDER] = { 's', &m->sender }, [FIELD_SIGNATURE] = { 'g', &m->signature },
	};
	const char *type, *end;
	uint8_t field;

	take(in, 0, 8);
	field = ringwall_dbus_get_u8(in);
	type = ringwall_dbus_get_sig(in);
	if (in->failed)
		return -EBADMSG;
	if (field >= ARRAY_SIZE(fields) || !fields[field].type) {
		end = ringwall_dbus_skip(in, type, 1);
		return end && !*end ? 0 : -EBADMSG;
	}
	if (type[0] != fields[field].type || type[1])
		return -EBADMSG;
	if (type[0] == 'u')
		m->reply_serial = ringwall_dbus_get_u32(in);
	else
		*fields[field].to = type[0] == 'g' ? ringwall_dbus_get_sig(in) : ringwall_dbus_get_str(in);
	return in->failed ? -EBADMSG : 0;
}

int ringwall_dbus_parse(const uint8_t *buf, size_t len, struct ringwall_dbus_message *ret)
{
	struct ringwall_dbus_message m = {
		.path = "", .interface = "", .member = "", .error = "", .sender = "", .signature = ""
	};
	struct ringwall_dbus_in in = { .buf = buf, .len = len };
	ssize_t total = ringwall_dbus_length(buf, len);
	uint32_t body, fields;

	if (total <= 0 || (size_t)total != len)
		return -EBADMSG;
	in.swap = ringwall_dbus_get_u8(&in) != NATIVE_ENDIAN;
	m.type = ringwall_dbus_get_u8(&in);
	in.at = 4;
	body = ringwall_dbus_get_u32(&in);
	m.serial = ringwall_dbus_get_u32(&in);
	fields = ringwall_dbus_get_u32(&in);
	in.len = 16 + (size_t)fields;
	while (in.at < in.len)
		if (parse_field(&in, &m) < 0)
			return -EBADMSG;
	m.body = (struct ringwall_dbus_in){ .buf = buf + len - body, .len = body, .swap = in.swap };
	*ret = m;
	return 0;
}
