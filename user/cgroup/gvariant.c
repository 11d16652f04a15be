// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The GVariant text format (GLib's documentation, "GVariant Text Format") as far as properties of units want it:
 * numbers, booleans, strings, arrays, tuples and variants, with type keywords ("uint64 5") and annotations
 * ("@as []"). Annotations org.systemd.property.NAME of a container are written in it.
 *
 * In two passes over the text: infer() finds the signature, which a variant has in front of its value, then emit()
 * writes the value by it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dbus.h"
#include "../lib/cleanup.h"

#define MAX_DEPTH 16

struct parser {
	const char *text, *p;
	struct ringwall_err *e;
};

static const struct {
	const char *name;
	char type;
	size_t size; /* of an integer, else 0 */
	bool negative;
} keywords[] = {
	{ "boolean", 'b', 0, false }, { "byte", 'y', 1, false },       { "int16", 'n', 2, true },
	{ "uint16", 'q', 2, false },  { "int32", 'i', 4, true },       { "uint32", 'u', 4, false },
	{ "int64", 'x', 8, true },    { "uint64", 't', 8, false },     { "double", 'd', 0, true },
	{ "string", 's', 0, false },  { "objectpath", 'o', 0, false }, { "signature", 'g', 0, false },
};

static int bad(struct parser *g, const char *what)
{
	return ringwall_fail_plain(g->e, -EINVAL, "'%s': %s at byte %zu", g->text, what, (size_t)(g->p - g->text) + 1);
}

static void skip_space(struct parser *g)
{
	g->p += strspn(g->p, " \t\n");
}

/* The token that begins here: letters, digits and what numbers have in them. */
static size_t token(const struct parser *g)
{
	return strspn(g->p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-._");
}

/* Past a type keyword, if one is here; its type, or 0. */
static char keyword(struct parser *g)
{
	size_t n = token(g);

	for (size_t i = 0; i < ARRAY_SIZE(keywords); i++) {
		if (strlen(keywords[i].name) == n && !memcmp(g->p, keywords[i].name, n)) {
			g->p += n;
			skip_space(g);
			return keywords[i].type;
		}
	}
	return 0;
}

/* A quoted string; @ret may be NULL, else has room for what is left of the text. */
static int quoted(struct parser *g, char *ret)
{
	static const char escapes[] = "n\nt\tr\r\\\\\'\'\"\"";
	char quote = *g->p++;

	for (; *g->p && *g->p != quote; g->p++) {
		char c = *g->p;

		if (c == '\\') {
			const char *escape = NULL;

			g->p++;
			for (size_t i = 0; *g->p && i + 1 < sizeof(escapes); i += 2)
				if (escapes[i] == *g->p)
					escape = escapes + i + 1;
			if (!escape)
				return bad(g, "unknown escape");
			c = *escape;
		}
		if (ret)
			*ret++ = c;
	}
	if (!*g->p)
		return bad(g, "the string does not end");
	g->p++;
	if (ret)
		*ret = '\0';
	return 0;
}

struct signature {
	char s[64];
	size_t n;
};

static int add_type(struct parser *g, struct signature *sig, char type)
{
	if (sig->n + 1 >= sizeof(sig->s))
		return bad(g, "the type is too long");
	sig->s[sig->n++] = type;
	sig->s[sig->n] = '\0';
	return 0;
}

static int infer(struct parser *g, struct signature *sig, int depth);

/* "@SIGNATURE value" */
static int infer_annotated(struct parser *g, struct signature *sig, int depth)
{
	struct signature ignored = { .n = 0 };
	size_t first = sig->n, n = strcspn(++g->p, " \t\n");
	const char *end;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_type(g, sig, g->p[i]);
	if (r < 0)
		return r;
	end = n ? ringwall_dbus_type_end(sig->s + first, depth) : NULL;
	if (!end || *end || strpbrk(sig->s + first, "{h"))
		return bad(g, "not a type after '@'");
	g->p += n;
	skip_space(g);
	if (g->p[0] == '[' && g->p[1 + strspn(g->p + 1, " ")] == ']') {
		g->p = strchr(g->p, ']') + 1;
		return 0;
	}
	return infer(g, &ignored, depth + 1);
}

/* Elements up to @close. Of an array, the first one speaks for all. */
static int infer_list(struct parser *g, struct signature *sig, char close, int depth)
{
	bool array = close == ']';
	int r = add_type(g, sig, array ? 'a' : '(');

	g->p++;
	for (size_t i = 0; r == 0; i++) {
		struct signature ignored = { .n = 0 };

		skip_space(g);
		if (*g->p == close && (i > 0 || !array))
			break;
		if (*g->p == close)
			return bad(g, "an empty array needs a type in front, such as @as");
		r = infer(g, array && i ? &ignored : sig, depth + 1);
		if (r < 0)
			return r;
		skip_space(g);
		if (*g->p == ',')
			g->p++;
		else if (*g->p != close)
			return bad(g, "expected ',' or the end of the list");
	}
	if (r < 0)
		return r;
	g->p++;
	if (array)
		return 0;
	return sig->s[sig->n - 1] == '(' ? bad(g, "an empty tuple") : add_type(g, sig, ')');
}

static int infer(struct parser *g, struct signature *sig, int depth)
{
	struct signature inner = { .n = 0 };
	char type;
	size_t n;
	int r;

	if (depth > MAX_DEPTH)
		return bad(g, "nested too deeply");
	skip_space(g);
	switch (*g->p) {
	case '\0':
		return bad(g, "a value is missing");
	case '\'':
	case '"':
		r = quoted(g, NULL);
		return r < 0 ? r : add_type(g, sig, 's');
	case '[':
		return infer_list(g, sig, ']', depth);
	case '(':
		return infer_list(g, sig, ')', depth);
	case '@':
		return infer_annotated(g, sig, depth);
	case '<':
		g->p++;
		r = infer(g, &inner, depth + 1);
		if (r < 0)
			return r;
		skip_space(g);
		if (*g->p != '>')
			return bad(g, "expected '>'");
		g->p++;
		return add_type(g, sig, 'v');
	}
	type = keyword(g);
	if (type) {
		r = infer(g, &inner, depth + 1);
		return r < 0 ? r : add_type(g, sig, type);
	}
	n = token(g);
	if (n == 0)
		return bad(g, "not a value");
	if ((n == 4 && !memcmp(g->p, "true", 4)) || (n == 5 && !memcmp(g->p, "false", 5)))
		type = 'b';
	else
		type = (g->p[0] >= '0' && g->p[0] <= '9') || strchr("+-.", g->p[0]) ? 'i' : 0;
	if (type == 'i' && memchr(g->p, '.', n))
		type = 'd';
	g->p += n;
	return type ? add_type(g, sig, type) : bad(g, "unknown word");
}

/* Second pass ------------------------------------------------------------------------------------------------------ */

static int emit_number(struct parser *g, struct ringwall_dbus_out *o, size_t size, bool negative)
{
	unsigned long long v;
	long long s;
	char *end;

	errno = 0;
	if (negative) {
		s = strtoll(g->p, &end, 0);
		v = (unsigned long long)s;
		if (size < 8 && (s < -(1ll << (8 * size - 1)) || s >= 1ll << (8 * size - 1)))
			errno = ERANGE;
	} else {
		v = strtoull(g->p, &end, 0);
		if (*g->p == '-' || (size < 8 && v >> (8 * size)))
			errno = ERANGE;
	}
	if (end == g->p || end != g->p + token(g))
		return bad(g, "not a whole number");
	if (errno)
		return bad(g, "the number is out of range");
	g->p = end;
	if (size == 1)
		ringwall_dbus_put_u8(o, (uint8_t)v);
	else if (size == 2)
		ringwall_dbus_put_u16(o, (uint16_t)v);
	else if (size == 4)
		ringwall_dbus_put_u32(o, (uint32_t)v);
	else
		ringwall_dbus_put_u64(o, v);
	return 0;
}

static int get_double(struct parser *g, double *ret)
{
	char *end;

	*ret = strtod(g->p, &end);
	if (end == g->p || end != g->p + token(g))
		return bad(g, "not a number");
	g->p = end;
	return 0;
}

static int emit_text(struct parser *g, struct ringwall_dbus_out *o, char type)
{
	_cleanup_free_ char *s = NULL;
	int r;

	if (*g->p != '\'' && *g->p != '"')
		return bad(g, "expected a string");
	s = malloc(strlen(g->p) + 1);
	if (!s)
		return -ENOMEM;
	r = quoted(g, s);
	if (r < 0)
		return r;
	if (type == 'g')
		ringwall_dbus_put_sig(o, s);
	else
		ringwall_dbus_put_str(o, s);
	return 0;
}

static int emit_scalar(struct parser *g, struct ringwall_dbus_out *o, char type)
{
	size_t n = token(g);
	uint64_t bits;
	double v;
	int r;

	switch (type) {
	case 's':
	case 'o':
	case 'g':
		return emit_text(g, o, type);
	case 'b':
		if (!(n == 4 && !memcmp(g->p, "true", 4)) && !(n == 5 && !memcmp(g->p, "false", 5)))
			return bad(g, "expected true or false");
		g->p += n;
		ringwall_dbus_put_u32(o, n == 4);
		return 0;
	case 'd':
		r = get_double(g, &v);
		memcpy(&bits, &v, sizeof(bits));
		if (r == 0)
			ringwall_dbus_put_u64(o, bits);
		return r;
	}
	for (size_t i = 0; i < ARRAY_SIZE(keywords); i++)
		if (keywords[i].type == type)
			return emit_number(g, o, keywords[i].size, keywords[i].negative);
	return bad(g, "not a value of this type");
}

static int emit_variant(struct parser *g, struct ringwall_dbus_out *o, int depth);

/* One value of the type that *@sig begins with; *@sig is moved past it, also where it is not used up. */
static int emit(struct parser *g, struct ringwall_dbus_out *o, const char **sig, int depth);

static int emit_array(struct parser *g, struct ringwall_dbus_out *o, const char **sig, int depth)
{
	const char *element = *sig + 1, *end = element;
	size_t align = strchr("xtd(", *element) ? 8 : strchr("ygv", *element) ? 1 : strchr("nq", *element) ? 2 : 4;
	size_t array;
	int nested = 0;

	/* To the end of the element's type. */
	while (*end == 'a')
		end++;
	do
		nested += (*end == '(') - (*end == ')');
	while (*end++ && nested > 0);
	if (*g->p != '[')
		return bad(g, "expected '['");
	g->p++;
	array = ringwall_dbus_put_array(o, align);
	for (skip_space(g); *g->p != ']'; skip_space(g)) {
		const char *type = element;
		int r = emit(g, o, &type, depth + 1);

		if (r < 0)
			return r;
		skip_space(g);
		if (*g->p == ',')
			g->p++;
		else if (*g->p != ']')
			return bad(g, "expected ',' or ']'");
	}
	g->p++;
	ringwall_dbus_put_end(o, array, align);
	*sig = end;
	return 0;
}

static int emit_tuple(struct parser *g, struct ringwall_dbus_out *o, const char **sig, int depth)
{
	int r;

	if (*g->p != '(')
		return bad(g, "expected '('");
	g->p++;
	ringwall_dbus_put_align(o, 8);
	for ((*sig)++; **sig && **sig != ')';) {
		r = emit(g, o, sig, depth + 1);
		if (r < 0)
			return r;
		skip_space(g);
		if (*g->p == ',')
			g->p++;
	}
	skip_space(g);
	if (*g->p != ')' || **sig != ')')
		return bad(g, "the tuple has another number of members than its type");
	g->p++;
	(*sig)++;
	return 0;
}

static int emit(struct parser *g, struct ringwall_dbus_out *o, const char **sig, int depth)
{
	char type;
	int r;

	if (depth > MAX_DEPTH || !**sig)
		return bad(g, "nested too deeply, or not of this type");
	skip_space(g);
	if (*g->p == '@') {
		g->p += strcspn(g->p, " \t\n");
		skip_space(g);
	}
	if (**sig == 'a')
		return emit_array(g, o, sig, depth);
	if (**sig == '(')
		return emit_tuple(g, o, sig, depth);
	type = *(*sig)++;
	if (type == 'v') {
		if (*g->p != '<')
			return bad(g, "expected '<'");
		g->p++;
		r = emit_variant(g, o, depth + 1);
		if (r < 0)
			return r;
		skip_space(g);
		if (*g->p != '>')
			return bad(g, "expected '>'");
		g->p++;
		return 0;
	}
	(void)keyword(g);
	return emit_scalar(g, o, type);
}

static int emit_variant(struct parser *g, struct ringwall_dbus_out *o, int depth)
{
	struct signature sig = { .n = 0 };
	const char *start = g->p, *type = sig.s;
	int r = infer(g, &sig, depth);

	if (r < 0)
		return r;
	g->p = start;
	ringwall_dbus_put_sig(o, sig.s);
	return emit(g, o, &type, depth);
}

static int emit_seconds(struct parser *g, struct ringwall_dbus_out *o)
{
	double v;
	int r;

	skip_space(g);
	(void)keyword(g);
	r = get_double(g, &v);
	if (r < 0)
		return r;
	/* The comparison is false for a NaN as well. */
	if (!(v >= 0 && v < 1e13))
		return bad(g, "not a number of seconds");
	ringwall_dbus_put_sig(o, "t");
	ringwall_dbus_put_u64(o, (uint64_t)(v * 1e6 + 0.5));
	return 0;
}

int ringwall_gvariant_put(struct ringwall_dbus_out *o, const char *text, bool seconds, struct ringwall_err *e)
{
	struct parser g = { .text = text, .p = text, .e = e };
	int r = seconds ? emit_seconds(&g, o) : emit_variant(&g, o, 0);

	if (r < 0)
		return r;
	skip_space(&g);
	return *g.p ? bad(&g, "text after the value") : 0;
}
