// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "json.h"

#define FIRST_SIZE 1024

/* Room for @n more bytes and a NUL, or NULL when memory has run out now or before. */
static char *reserve(struct ringwall_json_out *o, size_t n)
{
	size_t need, size = o->size ?: FIRST_SIZE;
	char *buf;

	if (o->failed)
		return NULL;
	if (__builtin_add_overflow(o->len, n, &need) || need >= SIZE_MAX / 4)
		goto fail;
	need++;
	if (need > o->size) {
		while (size < need)
			size *= 2;
		buf = realloc(o->buf, size);
		if (!buf)
			goto fail;
		o->buf = buf;
		o->size = size;
	}
	return o->buf + o->len;
fail:
	o->failed = true;
	return NULL;
}

static void put(struct ringwall_json_out *o, const char *s, size_t n)
{
	char *at = reserve(o, n);

	if (!at)
		return;
	memcpy(at, s, n);
	o->len += n;
}

static void put_char(struct ringwall_json_out *o, char c)
{
	put(o, &c, 1);
}

static void put_line(struct ringwall_json_out *o)
{
	size_t n = (size_t)o->depth * (size_t)o->indent;
	char *at;

	if (!o->indent)
		return;
	at = reserve(o, n + 1);
	if (!at)
		return;
	at[0] = '\n';
	memset(at + 1, ' ', n);
	o->len += n + 1;
}

/* Bytes that can be copied as they are from the start of @s. */
static size_t plain_length(const char *s, size_t len)
{
	size_t i = 0;

	while (i < len && (unsigned char)s[i] >= 0x20 && s[i] != '"' && s[i] != '\\') {
		size_t n = ringwall_json_utf8(s + i, len - i);

		if (!n)
			break;
		i += n;
	}
	return i;
}

static void put_escaped(struct ringwall_json_out *o, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";
	static const char letter[128] = {
		['"'] = '"', ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't',
	};
	char unicode[6] = { '\\', 'u', '0', '0', digits[c >> 4], digits[c & 15] };

	if (c >= 0x80) {
		put(o, "\xef\xbf\xbd", 3);
	} else if (letter[c]) {
		put_char(o, '\\');
		put_char(o, letter[c]);
	} else {
		put(o, unicode, sizeof(unicode));
	}
}

static void put_string(struct ringwall_json_out *o, const char *s)
{
	size_t len = strlen(s);

	put_char(o, '"');
	while (len) {
		size_t n = plain_length(s, len);

		put(o, s, n);
		s += n;
		len -= n;
		if (!len)
			break;
		put_escaped(o, *s);
		s++;
		len--;
	}
	put_char(o, '"');
}

/* What stands before a value: comma, line, indentation, name. */
static void put_lead(struct ringwall_json_out *o, const char *key)
{
	if (o->comma)
		put_char(o, ',');
	if (o->depth)
		put_line(o);
	o->comma = true;
	if (!key)
		return;
	put_string(o, key);
	put(o, ": ", o->indent ? 2 : 1);
}

static void open_bracket(struct ringwall_json_out *o, const char *key, char bracket)
{
	put_lead(o, key);
	put_char(o, bracket);
	o->depth++;
	o->comma = false;
}

void ringwall_json_out_object(struct ringwall_json_out *o, const char *key)
{
	open_bracket(o, key, '{');
}

void ringwall_json_out_array(struct ringwall_json_out *o, const char *key)
{
	open_bracket(o, key, '[');
}

void ringwall_json_out_end(struct ringwall_json_out *o, char bracket)
{
	o->depth--;
	/* An empty array or object stays on its line. */
	if (o->comma)
		put_line(o);
	put_char(o, bracket);
	o->comma = true;
}

void ringwall_json_out_raw(struct ringwall_json_out *o, const char *key, const char *text, size_t len)
{
	put_lead(o, key);
	put(o, text, len);
}

void ringwall_json_out_str(struct ringwall_json_out *o, const char *key, const char *value)
{
	put_lead(o, key);
	if (value)
		put_string(o, value);
	else
		put(o, "null", 4);
}

void ringwall_json_out_u64(struct ringwall_json_out *o, const char *key, uint64_t value)
{
	char digits[20], *at = digits + sizeof(digits);

	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	ringwall_json_out_raw(o, key, at, digits + sizeof(digits) - at);
}

void ringwall_json_out_i64(struct ringwall_json_out *o, const char *key, int64_t value)
{
	char digits[20], *at = digits + sizeof(digits);
	uint64_t n = value < 0 ? -(uint64_t)value : (uint64_t)value;

	do {
		*--at = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	if (value < 0)
		*--at = '-';
	ringwall_json_out_raw(o, key, at, digits + sizeof(digits) - at);
}

void ringwall_json_out_bool(struct ringwall_json_out *o, const char *key, bool value)
{
	ringwall_json_out_raw(o, key, value ? "true" : "false", value ? 4 : 5);
}

char *ringwall_json_out_take(struct ringwall_json_out *o, size_t *ret_len)
{
	char *end = reserve(o, 0), *text = NULL;

	if (end) {
		*end = '\0';
		if (ret_len)
			*ret_len = o->len;
		text = TAKE_PTR(o->buf);
	}
	ringwall_json_out_free(o);
	return text;
}

void ringwall_json_out_free(struct ringwall_json_out *o)
{
	free(o->buf);
	*o = (struct ringwall_json_out){ .indent = o->indent };
}
