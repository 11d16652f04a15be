/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_ERR_H
#define RINGWALL_ERR_H

#include <stddef.h>

#define RINGWALL_ERR_TEXT 480

/**
 * struct ringwall_err - an error with its context, as one flat value.
 * @code: negative errno, 0 when there is no error
 * @text: the message, innermost cause last ("rootfs: open '/x': Permission denied")
 *
 * It holds no pointers and is never allocated, so it can be filled in a cloned child and travel over a
 * socket to the parent as it is.
 */
struct ringwall_err {
	int code;
	char text[RINGWALL_ERR_TEXT];
};

/**
 * ringwall_fail() - record an error and return it.
 * @e: where to write, may be NULL
 * @code: negative errno; its strerror() text is appended after ": "
 * @fmt: printf format of the context
 *
 * Return: @code, so that callers can write `return ringwall_fail(e, -errno, "open '%s'", path);`
 */
int ringwall_fail(struct ringwall_err *e, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** ringwall_fail_plain() - like ringwall_fail(), but @fmt is the whole message: no errno text is appended. */
int ringwall_fail_plain(struct ringwall_err *e, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * ringwall_err_prepend() - put "context: " before the message that @e holds.
 * Return: the code in @e.
 */
int ringwall_err_prepend(struct ringwall_err *e, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** ringwall_err_append() - put " (more)" behind the message that @e holds. Return: the code in @e. */
int ringwall_err_append(struct ringwall_err *e, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
