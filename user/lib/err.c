// SPDX-License-Identifier: LGPL-2.1-or-later
#include "err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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
		snprintf(e->text + n, sizeof(e->text) - n, ": %s", strerrordesc_np(-code) ?: "Unknown error");
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
