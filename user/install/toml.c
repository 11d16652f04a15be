// SPDX-License-Identifier: LGPL-2.1-or-later
#include "toml.h"

#include <errno.h>
#include <string.h>

unsigned int ringwall_toml_line(const char *text, size_t at)
{
	unsigned int line = 1;

	for (size_t i = 0; i < at; i++)
		line += text[i] == '\n';
	return line;
}

static int fail(const struct ringwall_toml *t, const char *what, struct ringwall_err *e)
{
	return ringwall_fail_plain(e, -EINVAL, "line %u: %s", ringwall_toml_line(t->text, t->at), what);
}

static bool starts(const struct ringwall_toml *t, const char *with)
{
	return !strncmp(t->text + t->at, with, strlen(with));
}

static bool at_newline(const struct ringwall_toml *t)
{
	return starts(t, "\n") || starts(t, "\r\n");
}

/* From here on, what reads one thing: from t->at on, which it moves behind it. 0 or -EINVAL. */

static void skip_blanks(struct ringwall_toml *t)
{
	t->at += strspn(t->text + t->at, " \t");
}

/* To the end of the line, if a comment begins here. */
static void skip_comment(struct ringwall_toml *t)
{
	if (t->text[t->at] != '#')
		return;
	while (t->text[t->at] && !at_newline(t))
		t->at++;
}

/* Blanks, newlines and comments, as between the elements of an array. */
static void skip_space(struct ringwall_toml *t)
{
	size_t before;

	do {
		before = t->at;
		t->at += strspn(t->text + t->at, " \t");
		skip_comment(t);
		t->at += at_newline(t) ? 1 + starts(t, "\r\n") : 0;
	} while (t->at != before);
}

/* Strings ------------------------------------------------------------------------------------------------------ */

/* @quote: three of them surround it. More than three at the end belong to the string, but for the last three. */
static int skip_long_string(struct ringwall_toml *t, char quote, struct ringwall_err *e)
{
	const char three[] = { quote, quote, quote, '\0' };

	for (t->at += 3; !starts(t, three); t->at++) {
		if (quote == '"' && t->text[t->at] == '\\' && t->text[t->at + 1])
			t->at++;
		if (!t->text[t->at])
			return fail(t, "a string does not end", e);
	}
	t->at += 3;
	for (int i = 0; i < 2 && t->text[t->at] == quote; i++)
		t->at++;
	return 0;
}

static int skip_short_string(struct ringwall_toml *t, char quote, struct ringwall_err *e)
{
	for (t->at++; t->text[t->at] != quote; t->at++) {
		if (quote == '"' && t->text[t->at] == '\\')
			t->at++;
		if (!t->text[t->at] || t->text[t->at] == '\n')
			return fail(t, "a string does not end", e);
	}
	t->at++;
	return 0;
}

static int skip_string(struct ringwall_toml *t, struct ringwall_err *e)
{
	char quote = t->text[t->at];

	return starts(t, "\"\"\"") || starts(t, "'''") ? skip_long_string(t, quote, e) : skip_short_string(t, quote, e);
}

/* Keys --------------------------------------------------------------------------------------------------------- */

static int add_key(struct ringwall_toml *t, size_t from, size_t len, struct ringwall_err *e)
{
	if (t->path_len + len + 1 > sizeof(t->path))
		return fail(t, "keys are too long", e);
	memcpy(t->path + t->path_len, t->text + from, len);
	t->path_len += len;
	t->path[t->path_len++] = '\0';
	return 0;
}

static int read_key(struct ringwall_toml *t, bool keep, struct ringwall_err *e)
{
	size_t from = t->at, quoted = t->text[from] == '"' || t->text[from] == '\'';
	int r = 0;

	if (quoted)
		r = skip_short_string(t, t->text[from], e);
	else
		t->at += strspn(t->text + from, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
	if (r < 0)
		return r;
	if (t->at == from)
		return fail(t, "a key is wanted", e);
	if (t->text[from] == '"' && memchr(t->text + from, '\\', t->at - from))
		return fail(t, "a key with an escape in it is not understood here", e);
	return keep ? add_key(t, from + quoted, t->at - from - 2 * quoted, e) : 0;
}

/* a . "b" . 'c', and the blanks behind it. @keep: they go behind the path */
static int read_keys(struct ringwall_toml *t, bool keep, struct ringwall_err *e)
{
	int r;

	for (;; t->at++) {
		skip_blanks(t);
		r = read_key(t, keep, e);
		skip_blanks(t);
		if (r < 0 || t->text[t->at] != '.')
			return r;
	}
}

/* "key =", and the blanks behind it. */
static int read_name(struct ringwall_toml *t, bool keep, struct ringwall_err *e)
{
	int r = read_keys(t, keep, e);

	if (r < 0)
		return r;
	if (t->text[t->at] != '=')
		return fail(t, "a key wants a value", e);
	t->at++;
	skip_blanks(t);
	return 0;
}

/* Values ------------------------------------------------------------------------------------------------------- */

static int skip_value(struct ringwall_toml *t, int depth, struct ringwall_err *e);

/* Number, truth, date: what it says is not looked at. A date may have a blank before the time. */
static int skip_word(struct ringwall_toml *t, struct ringwall_err *e)
{
	static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-_.:";
	size_t from = t->at;

	t->at += strspn(t->text + t->at, word);
	if (t->at == from)
		return fail(t, "a value is wanted", e);
	if (t->text[t->at] == ' ' && t->text[t->at + 1] >= '0' && t->text[t->at + 1] <= '9')
		t->at += 1 + strspn(t->text + t->at + 1, word);
	return 0;
}

/* An array, or an inline table: @close is '}'. Newlines and a last comma may be there, as TOML 1.1 has it, in tables too. */
static int skip_list(struct ringwall_toml *t, char close, int depth, struct ringwall_err *e)
{
	int r;

	for (t->at++;; t->at++) {
		skip_space(t);
		if (t->text[t->at] == close)
			break;
		r = close == '}' ? read_name(t, false, e) : 0;
		if (!r)
			r = skip_value(t, depth, e);
		if (r < 0)
			return r;
		skip_space(t);
		if (t->text[t->at] == close)
			break;
		if (t->text[t->at] != ',')
			return fail(t, "a list wants a comma or its end", e);
	}
	t->at++;
	return 0;
}

static int skip_value(struct ringwall_toml *t, int depth, struct ringwall_err *e)
{
	if (depth == RINGWALL_TOML_DEPTH_MAX)
		return fail(t, "too deep", e);
	switch (t->text[t->at]) {
	case '"':
	case '\'':
		return skip_string(t, e);
	case '[':
		return skip_list(t, ']', depth + 1, e);
	case '{':
		return skip_list(t, '}', depth + 1, e);
	}
	return skip_word(t, e);
}

/* Statements --------------------------------------------------------------------------------------------------- */

static int read_header(struct ringwall_toml *t, struct ringwall_err *e)
{
	const char *close = starts(t, "[[") ? "]]" : "]";
	int r;

	t->kind = close[1] ? RINGWALL_TOML_TABLES : RINGWALL_TOML_TABLE;
	t->at += strlen(close);
	t->path_len = 0;
	r = read_keys(t, true, e);
	t->table_len = t->path_len;
	if (!r && !starts(t, close))
		return fail(t, "a table's name does not end", e);
	t->at += strlen(close);
	return r;
}

static int read_pair(struct ringwall_toml *t, struct ringwall_err *e)
{
	int r;

	t->kind = RINGWALL_TOML_VALUE;
	t->path_len = t->table_len;
	r = read_name(t, true, e);
	t->value = t->at;
	return r ?: skip_value(t, 0, e);
}

static int read_body(struct ringwall_toml *t, struct ringwall_err *e)
{
	t->body = t->at;
	if (t->text[t->at] == '[')
		return read_header(t, e);
	if (t->text[t->at] != '#')
		return read_pair(t, e);
	t->kind = RINGWALL_TOML_COMMENT;
	skip_comment(t);
	return 0;
}

int ringwall_toml_next(struct ringwall_toml *t, struct ringwall_err *e)
{
	int r;

	for (;; t->at += 1 + starts(t, "\r\n")) {
		t->start = t->at;
		skip_blanks(t);
		if (!at_newline(t))
			break;
	}
	if (!t->text[t->at])
		return 0;
	r = read_body(t, e);
	if (r < 0)
		return r;
	t->body_end = t->at;
	skip_blanks(t);
	skip_comment(t);
	t->line_end = t->at;
	if (t->text[t->at] && !at_newline(t))
		return fail(t, "more on the line than belongs there", e);
	t->at += t->text[t->at] ? 1 + starts(t, "\r\n") : 0;
	return 1;
}

/* What was read ------------------------------------------------------------------------------------------------ */

bool ringwall_toml_is(const struct ringwall_toml *t, struct ringwall_toml_path p)
{
	return t->path_len == p.len && ringwall_toml_within(t, p);
}

bool ringwall_toml_within(const struct ringwall_toml *t, struct ringwall_toml_path p)
{
	return t->kind != RINGWALL_TOML_COMMENT && t->path_len >= p.len && !memcmp(t->path, p.path, p.len);
}

bool ringwall_toml_leads_to(const struct ringwall_toml *t, struct ringwall_toml_path p)
{
	return t->kind != RINGWALL_TOML_COMMENT && t->path_len <= p.len && !memcmp(t->path, p.path, t->path_len);
}

const char *ringwall_toml_key(const struct ringwall_toml *t, size_t n)
{
	size_t at = 0;

	for (; n && at < t->path_len; n--)
		at += strlen(t->path + at) + 1;
	return t->kind != RINGWALL_TOML_COMMENT && at < t->path_len ? t->path + at : NULL;
}
