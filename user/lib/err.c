// SPDX-License-Identifier: LGPL-2.1-or-later
#include "err.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* "No such file" → "no such file", as callers match it; "RFS specific error" and its like stay. */
static void append_errno(struct ringwall_err *e, size_t at, int code)
{
	const char *text = strerrordesc_np(-code) ?: "unknown error";

	if (at + 3 > sizeof(e->text))
		return;
	snprintf(e->text + at, sizeof(e->text) - at, ": %s", text);
	if (!isupper((unsigned char)text[1]))
		e->text[at + 2] = (char)tolower((unsigned char)text[0]);
}

int ringwall_fail(struct ringwall_err *e, int code, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (!e)
		return code;
	e->code = code;
	va_start(ap, fmt);
	n = vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(e->text))
		append_errno(e, (size_t)n, code);
	return code;
}

int ringwall_fail_plain(struct ringwall_err *e, int code, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return code;
	e->code = code;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return code;
}

int ringwall_err_prepend(struct ringwall_err *e, const char *fmt, ...)
{
	char old[RINGWALL_ERR_TEXT];
	va_list ap;
	int n;

	if (!e)
		return -EINVAL;
	memcpy(old, e->text, sizeof(old));
	va_start(ap, fmt);
	n = vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n + 2 < sizeof(e->text)) {
		e->text[n++] = ':';
		e->text[n++] = ' ';
		/* What does not fit is cut at the end: the outer context is the part that says where. */
		memcpy(e->text + n, old, sizeof(e->text) - n - 1);
		e->text[sizeof(e->text) - 1] = '\0';
	}
	return e->code;
}

int ringwall_err_append(struct ringwall_err *e, const char *fmt, ...)
{
	size_t at;
	va_list ap;

	if (!e)
		return -EINVAL;
	at = strlen(e->text);
	if (at + 4 < sizeof(e->text)) {
		at += (size_t)snprintf(e->text + at, sizeof(e->text) - at, " (");
		va_start(ap, fmt);
		vsnprintf(e->text + at, sizeof(e->text) - at - 1, fmt, ap);
		va_end(ap);
		strcat(e->text, ")");
	}
	return e->code;
}
