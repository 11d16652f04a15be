// SPDX-License-Identifier: LGPL-2.1-or-later
#include "json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define MAX_TEXT (64u * 1024 * 1024)
#define MAX_DEPTH 64
#define SLAB_NODES 64
/* Up to here comparing every pair of keys costs less than sorting them. */
#define FEW_KEYS 24

/*
 * @pool receives all strings and numbers, each with its NUL. It has room for the whole text and one byte: a string
 * gives up two quotes for one NUL and never grows by unescaping, a number is followed by a delimiter or the end.
 * The text itself stays untouched, because offsets into it must keep naming the right line.
 */
struct parser {
	struct ringwall_arena *arena;
	const char *text, *at, *end, *name;
	char *pool;
	struct ringwall_json *slab;
	size_t slab_left;
	int depth;
	struct ringwall_err *e;
};

static int parse_value(struct parser *p, struct ringwall_json *v);

void ringwall_json_place(const char *text, size_t at, unsigned int *ret_line, unsigned int *ret_column)
{
	unsigned int line = 1;
	size_t start = 0;

	for (size_t i = 0; i < at; i++) {
		if (text[i] == '\n') {
			line++;
			start = i + 1;
		}
	}
	*ret_line = line;
	*ret_column = (unsigned int)(at - start) + 1;
}

__attribute__((format(printf, 3, 4)))
static int fail_at(struct parser *p, const char *at, const char *fmt, ...)
{
	unsigned int line, column;
	char what[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	ringwall_json_place(p->text, at - p->text, &line, &column);
	return ringwall_fail_plain(p->e, -EINVAL, "%s:%u:%u: %s", p->name, line, column, what);
}

/* Something else than what the grammar wants stands at p->at. */
static int fail_want(struct parser *p, const char *want)
{
	unsigned char c;

	if (p->at == p->end)
		return fail_at(p, p->at, "the text ends where %s should be", want);
	c = *p->at;
	if (c > 0x20 && c < 0x7f)
		return fail_at(p, p->at, "'%c' where %s should be", c, want);
	return fail_at(p, p->at, "byte 0x%02x where %s should be", c, want);
}

static int fail_memory(struct parser *p)
{
	return ringwall_fail(p->e, -ENOMEM, "%s", p->name);
}

static struct ringwall_json *node_new(struct parser *p)
{
	if (!p->slab_left) {
		p->slab = ringwall_arena_array(p->arena, SLAB_NODES, sizeof(*p->slab));
		if (!p->slab)
			return NULL;
		p->slab_left = SLAB_NODES;
	}
	p->slab_left--;
	return p->slab++;
}

static void skip_space(struct parser *p)
{
	while (p->at < p->end && (*p->at == ' ' || *p->at == '\n' || *p->at == '\t' || *p->at == '\r'))
		p->at++;
}

size_t ringwall_json_utf8(const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *)s;
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (!len)
		return 0;
	if (u[0] < 0x80)
		return 1;
	if (u[0] < 0xc2 || u[0] > 0xf4)
		return 0;
	n = u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
	/* Overlong forms, surrogates and what lies above U+10FFFF show in the second byte. */
	if (u[0] == 0xe0)
		low = 0xa0;
	else if (u[0] == 0xed)
		high = 0x9f;
	else if (u[0] == 0xf0)
		low = 0x90;
	else if (u[0] == 0xf4)
		high = 0x8f;
	if (len < n || u[1] < low || u[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if (u[i] < 0x80 || u[i] > 0xbf)
			return 0;
	return n;
}

static char *utf8_put(char *out, uint32_t c)
{
	if (c < 0x80) {
		*out++ = (char)c;
	} else if (c < 0x800) {
		*out++ = (char)(0xc0 | c >> 6);
		*out++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*out++ = (char)(0xe0 | c >> 12);
		*out++ = (char)(0x80 | (c >> 6 & 0x3f));
		*out++ = (char)(0x80 | (c & 0x3f));
	} else {
		*out++ = (char)(0xf0 | c >> 18);
		*out++ = (char)(0x80 | (c >> 12 & 0x3f));
		*out++ = (char)(0x80 | (c >> 6 & 0x3f));
		*out++ = (char)(0x80 | (c & 0x3f));
	}
	return out;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Four digits at p->at. */
static int parse_hex4(struct parser *p, uint32_t *ret)
{
	uint32_t c = 0;

	for (int i = 0; i < 4; i++, p->at++) {
		int digit = p->at < p->end ? hex_digit(*p->at) : -1;

		if (digit < 0)
			return fail_want(p, "a hexadecimal digit");
		c = c << 4 | (uint32_t)digit;
	}
	*ret = c;
	return 0;
}

/* p->at is behind "\u"; @start is the backslash. */
static int parse_unicode(struct parser *p, const char *start)
{
	uint32_t c, second;
	int r;

	r = parse_hex4(p, &c);
	if (r)
		return r;
	if (!c)
		return fail_at(p, start, "U+0000 in a string");
	if (c >= 0xd800 && c <= 0xdfff) {
		if (c >= 0xdc00 || p->end - p->at < 2 || p->at[0] != '\\' || p->at[1] != 'u')
			return fail_at(p, start, "half of a surrogate pair");
		p->at += 2;
		r = parse_hex4(p, &second);
		if (r)
			return r;
		if (second < 0xdc00 || second > 0xdfff)
			return fail_at(p, start, "half of a surrogate pair");
		c = 0x10000 + ((c & 0x3ff) << 10 | (second & 0x3ff));
	}
	p->pool = utf8_put(p->pool, c);
	return 0;
}

static int parse_escape(struct parser *p)
{
	static const char plain[128] = {
		['"'] = '"', ['\\'] = '\\', ['/'] = '/', ['b'] = '\b',
		['f'] = '\f', ['n'] = '\n', ['r'] = '\r', ['t'] = '\t',
	};
	const char *start = p->at++;
	unsigned char c;

	if (p->at == p->end)
		return fail_want(p, "an escape");
	c = *p->at;
	if (c == 'u') {
		p->at++;
		return parse_unicode(p, start);
	}
	if (c >= sizeof(plain) || !plain[c])
		return fail_at(p, start, "unknown escape in a string");
	*p->pool++ = plain[c];
	p->at++;
	return 0;
}

/* A run of bytes that stand for themselves; p->at moves to the first that does not. */
static int parse_run(struct parser *p)
{
	const char *s = p->at;
	size_t n;

	while (s < p->end) {
		unsigned char c = *s;

		if (c == '"' || c == '\\' || c < 0x20)
			break;
		if (c < 0x80) {
			s++;
			continue;
		}
		n = ringwall_json_utf8(s, p->end - s);
		if (!n)
			return fail_at(p, s, "not UTF-8: byte 0x%02x", c);
		s += n;
	}
	n = s - p->at;
	memcpy(p->pool, p->at, n);
	p->pool += n;
	p->at = s;
	return 0;
}

/* A string whose opening quote is at p->at; its text goes to the pool. */
static int parse_string(struct parser *p, const char **ret, uint32_t *ret_len)
{
	const char *start = p->at++;
	char *out = p->pool;
	int r;

	for (;;) {
		r = parse_run(p);
		if (r)
			return r;
		if (p->at == p->end)
			return fail_at(p, start, "the text ends within this string");
		if (*p->at == '"')
			break;
		if (*p->at != '\\')
			return fail_at(p, p->at, "control character 0x%02x in a string",
				       (unsigned char)*p->at);
		r = parse_escape(p);
		if (r)
			return r;
	}
	p->at++;
	*ret = out;
	*ret_len = (uint32_t)(p->pool - out);
	*p->pool++ = '\0';
	return 0;
}

static bool skip_digits(struct parser *p)
{
	const char *start = p->at;

	while (p->at < p->end && *p->at >= '0' && *p->at <= '9')
		p->at++;
	return p->at > start;
}

static int parse_number(struct parser *p, struct ringwall_json *v)
{
	const char *start = p->at;

	if (*p->at == '-')
		p->at++;
	if (p->at < p->end && *p->at == '0') {
		p->at++;
		if (p->at < p->end && *p->at >= '0' && *p->at <= '9')
			return fail_at(p, start, "a number must not start with a zero");
	} else if (!skip_digits(p)) {
		return fail_want(p, "a digit");
	}
	if (p->at < p->end && *p->at == '.') {
		p->at++;
		if (!skip_digits(p))
			return fail_want(p, "a digit");
	}
	if (p->at < p->end && (*p->at == 'e' || *p->at == 'E')) {
		p->at++;
		if (p->at < p->end && (*p->at == '+' || *p->at == '-'))
			p->at++;
		if (!skip_digits(p))
			return fail_want(p, "a digit");
	}
	v->type = RINGWALL_JSON_NUMBER;
	v->str = p->pool;
	memcpy(p->pool, start, p->at - start);
	p->pool += p->at - start;
	*p->pool++ = '\0';
	return 0;
}

static int parse_word(struct parser *p, struct ringwall_json *v)
{
	static const struct {
		const char *word;
		size_t len;
		enum ringwall_json_type type;
		bool boolean;
	} words[] = {
		{ "null", 4, RINGWALL_JSON_NULL, false },
		{ "true", 4, RINGWALL_JSON_BOOL, true },
		{ "false", 5, RINGWALL_JSON_BOOL, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if ((size_t)(p->end - p->at) < words[i].len || memcmp(p->at, words[i].word, words[i].len))
			continue;
		p->at += words[i].len;
		v->type = words[i].type;
		v->boolean = words[i].boolean;
		return 0;
	}
	return fail_want(p, "a value");
}

static int key_compare(const void *a, const void *b)
{
	const struct ringwall_json *x = *(struct ringwall_json *const *)a;
	const struct ringwall_json *y = *(struct ringwall_json *const *)b;

	return strcmp(x->key, y->key) ?: (x->key_start > y->key_start) - (x->key_start < y->key_start);
}

/* Sorting keeps an object of a million members from costing a million squared. */
static int find_duplicate_sorted(struct parser *p, const struct ringwall_json *v,
				 const struct ringwall_json **ret)
{
	_cleanup_free_ struct ringwall_json **keys = malloc(v->count * sizeof(struct ringwall_json *));
	size_t n = 0;

	if (!keys)
		return fail_memory(p);
	for (struct ringwall_json *m = v->child; m; m = m->next)
		keys[n++] = m;
	qsort(keys, n, sizeof(keys[0]), key_compare);
	for (size_t i = 1; i < n; i++) {
		if (!strcmp(keys[i - 1]->key, keys[i]->key)) {
			*ret = keys[i];
			return 0;
		}
	}
	return 0;
}

static const struct ringwall_json *find_duplicate(const struct ringwall_json *v)
{
	for (const struct ringwall_json *m = v->child; m; m = m->next)
		for (const struct ringwall_json *o = v->child; o != m; o = o->next)
			if (o->key[0] == m->key[0] && !strcmp(o->key, m->key))
				return m;
	return NULL;
}

static int check_keys(struct parser *p, const struct ringwall_json *v)
{
	const struct ringwall_json *twice = NULL;
	int r;

	if (v->count <= FEW_KEYS) {
		twice = find_duplicate(v);
	} else {
		r = find_duplicate_sorted(p, v, &twice);
		if (r)
			return r;
	}
	if (twice)
		return fail_at(p, p->text + twice->key_start, "member \"%.100s\" appears twice", twice->key);
	return 0;
}

static int parse_member(struct parser *p, struct ringwall_json *m)
{
	uint32_t len;
	int r;

	skip_space(p);
	if (p->at == p->end || *p->at != '"')
		return fail_want(p, "a member name");
	m->key_start = (uint32_t)(p->at - p->text);
	r = parse_string(p, &m->key, &len);
	if (r)
		return r;
	skip_space(p);
	if (p->at == p->end || *p->at != ':')
		return fail_want(p, "':'");
	p->at++;
	return parse_value(p, m);
}

/* Elements up to @close, each by @item. */
static int parse_elements(struct parser *p, struct ringwall_json *v, char close,
			  int (*item)(struct parser *p, struct ringwall_json *v))
{
	struct ringwall_json **tail = &v->child;
	int r;

	p->at++;
	skip_space(p);
	if (p->at < p->end && *p->at == close) {
		p->at++;
		return 0;
	}
	for (;;) {
		struct ringwall_json *e = node_new(p);

		if (!e)
			return fail_memory(p);
		r = item(p, e);
		if (r)
			return r;
		*tail = e;
		tail = &e->next;
		v->count++;
		skip_space(p);
		if (p->at == p->end || (*p->at != ',' && *p->at != close))
			return fail_want(p, close == '}' ? "',' or '}'" : "',' or ']'");
		if (*p->at++ == close)
			return 0;
	}
}

static int parse_array(struct parser *p, struct ringwall_json *v)
{
	v->type = RINGWALL_JSON_ARRAY;
	return parse_elements(p, v, ']', parse_value);
}

static int parse_object(struct parser *p, struct ringwall_json *v)
{
	int r;

	v->type = RINGWALL_JSON_OBJECT;
	r = parse_elements(p, v, '}', parse_member);
	return r ? r : check_keys(p, v);
}

static int parse_nested(struct parser *p, struct ringwall_json *v)
{
	int r;

	if (p->depth == MAX_DEPTH)
		return fail_at(p, p->at, "more than %d levels", MAX_DEPTH);
	p->depth++;
	r = *p->at == '{' ? parse_object(p, v) : parse_array(p, v);
	p->depth--;
	return r;
}

static int parse_value(struct parser *p, struct ringwall_json *v)
{
	int r;

	skip_space(p);
	if (p->at == p->end)
		return fail_want(p, "a value");
	v->start = (uint32_t)(p->at - p->text);
	switch (*p->at) {
	case '{':
	case '[':
		r = parse_nested(p, v);
		break;
	case '"':
		v->type = RINGWALL_JSON_STRING;
		r = parse_string(p, &v->str, &v->count);
		break;
	case '-':
	case '0' ... '9':
		r = parse_number(p, v);
		break;
	default:
		r = parse_word(p, v);
	}
	v->end = (uint32_t)(p->at - p->text);
	return r;
}

int ringwall_json_parse(struct ringwall_arena *a, const char *text, size_t len, const char *name,
			struct ringwall_json **ret, struct ringwall_err *e)
{
	struct parser p = { .arena = a, .text = text, .at = text, .end = text + len, .name = name, .e = e };
	struct ringwall_json *root;
	int r;

	if (len > MAX_TEXT)
		return ringwall_fail_plain(e, -EFBIG, "%s: more than %u MiB", name, MAX_TEXT >> 20);
	p.pool = ringwall_arena_alloc(a, len + 1);
	root = node_new(&p);
	if (!p.pool || !root)
		return fail_memory(&p);
	r = parse_value(&p, root);
	if (r)
		return r;
	skip_space(&p);
	if (p.at != p.end)
		return fail_want(&p, "the end of the text");
	*ret = root;
	return 0;
}

const struct ringwall_json *ringwall_json_get(const struct ringwall_json *v, const char *key)
{
	if (!v || v->type != RINGWALL_JSON_OBJECT)
		return NULL;
	for (const struct ringwall_json *m = v->child; m; m = m->next)
		if (!strcmp(m->key, key))
			return m;
	return NULL;
}

/*
 * A number's text as sign, and digits times a power of ten: the digits run from the first to the last that is
 * not zero, with the point, if it lies among them, to be skipped.
 */
struct decimal {
	bool negative;
	const char *first, *last; /* inclusive; NULL: the value is zero */
	long exponent;
};

static long parse_exponent(const char *s)
{
	bool negative = *s == '-';
	long n = 0;

	if (*s == '-' || *s == '+')
		s++;
	/* No text is long enough for digits to make up for an exponent beyond this. */
	for (; *s && n < 1000000000; s++)
		n = n * 10 + (*s - '0');
	return negative ? -n : n;
}

static struct decimal decimal_split(const char *s)
{
	struct decimal d = { .negative = *s == '-' };
	bool after_point = false;
	long trailing = 0, fraction = 0;

	for (s += d.negative; *s && *s != 'e' && *s != 'E'; s++) {
		if (*s == '.') {
			after_point = true;
			continue;
		}
		fraction += after_point;
		trailing++;
		if (*s != '0') {
			d.first = d.first ?: s;
			d.last = s;
			trailing = 0;
		}
	}
	d.exponent = (*s ? parse_exponent(s + 1) : 0) - fraction + trailing;
	return d;
}

static int decimal_magnitude(const struct decimal *d, uint64_t *ret)
{
	uint64_t n = 0;

	if (!d->first) {
		*ret = 0;
		return 0;
	}
	if (d->exponent < 0)
		return -EINVAL;
	for (const char *s = d->first; s <= d->last; s++) {
		if (*s == '.')
			continue;
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, (uint64_t)(*s - '0'), &n))
			return -ERANGE;
	}
	for (long i = 0; i < d->exponent; i++)
		if (__builtin_mul_overflow(n, 10, &n))
			return -ERANGE;
	*ret = n;
	return 0;
}

int ringwall_json_u64(const struct ringwall_json *v, uint64_t *ret)
{
	struct decimal d;
	uint64_t n;
	int r;

	if (v->type != RINGWALL_JSON_NUMBER)
		return -EINVAL;
	d = decimal_split(v->str);
	r = decimal_magnitude(&d, &n);
	if (r)
		return r;
	if (d.negative && n)
		return -ERANGE;
	*ret = n;
	return 0;
}

int ringwall_json_i64(const struct ringwall_json *v, int64_t *ret)
{
	struct decimal d;
	uint64_t n;
	int r;

	if (v->type != RINGWALL_JSON_NUMBER)
		return -EINVAL;
	d = decimal_split(v->str);
	r = decimal_magnitude(&d, &n);
	if (r)
		return r;
	if (n > (uint64_t)INT64_MAX + d.negative)
		return -ERANGE;
	*ret = d.negative ? (int64_t)-n : (int64_t)n;
	return 0;
}
