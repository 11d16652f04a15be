/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_CGROUP_DBUS_H
#define RINGWALL_CGROUP_DBUS_H

/*
 * As much of the D-Bus specification (0.43) as talking to systemd takes: connect, authenticate, call methods,
 * receive signals. By hand, because libsystemd and libdbus would have to be linked into a static binary that starts
 * in microseconds.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../lib/err.h"

/* Longer messages than this are not for us; the specification's own limit is 128 MiB. */
#define RINGWALL_DBUS_MAX (1u << 20)

/* dbus-message.c: writing ------------------------------------------------------------------------------------------ */

/* A growing buffer of marshalled values. Failures (memory) stick; ringwall_dbus_post() reports them. */
struct ringwall_dbus_out {
	uint8_t *buf;
	size_t len, size;
	bool failed;
};

void ringwall_dbus_put_align(struct ringwall_dbus_out *o, size_t align);
void ringwall_dbus_put_bytes(struct ringwall_dbus_out *o, const void *bytes, size_t n);
void ringwall_dbus_put_u8(struct ringwall_dbus_out *o, uint8_t v);
void ringwall_dbus_put_u16(struct ringwall_dbus_out *o, uint16_t v);
void ringwall_dbus_put_u32(struct ringwall_dbus_out *o, uint32_t v);	/* also b, i */
void ringwall_dbus_put_u64(struct ringwall_dbus_out *o, uint64_t v);	/* also x, d */
void ringwall_dbus_put_str(struct ringwall_dbus_out *o, const char *s); /* s, o */
void ringwall_dbus_put_sig(struct ringwall_dbus_out *o, const char *s); /* g; at most 255 bytes */

/** ringwall_dbus_put_array() - begin an array of elements aligned to @align; returns what …_end() wants. */
size_t ringwall_dbus_put_array(struct ringwall_dbus_out *o, size_t align);
void ringwall_dbus_put_end(struct ringwall_dbus_out *o, size_t array, size_t align);
void ringwall_dbus_out_free(struct ringwall_dbus_out *o);

struct ringwall_dbus_call {
	const char *destination, *path, *interface, *member;
	const char *signature; /* of the body, NULL: none */
	bool no_reply;
};

/** ringwall_dbus_put_call() - a whole method call message. */
void ringwall_dbus_put_call(struct ringwall_dbus_out *o, uint32_t serial, const struct ringwall_dbus_call *call,
			    const struct ringwall_dbus_out *body);

/* dbus-message.c: reading. Strings point into the message. ----------------------------------------------------------- */

struct ringwall_dbus_in {
	const uint8_t *buf;
	size_t len, at;
	bool swap, failed; /* failed sticks; values read afterwards are 0 and "" */
};

uint8_t ringwall_dbus_get_u8(struct ringwall_dbus_in *in);
uint32_t ringwall_dbus_get_u32(struct ringwall_dbus_in *in);
uint64_t ringwall_dbus_get_u64(struct ringwall_dbus_in *in);
const char *ringwall_dbus_get_str(struct ringwall_dbus_in *in);
const char *ringwall_dbus_get_sig(struct ringwall_dbus_in *in);
/** ringwall_dbus_type_end() - behind the one complete type that @sig begins with; NULL if it is none. @depth: 0 */
const char *ringwall_dbus_type_end(const char *sig, int depth);
/** ringwall_dbus_skip() - over one value of the first type in @sig; returns what is left of @sig, NULL on failure. */
const char *ringwall_dbus_skip(struct ringwall_dbus_in *in, const char *sig, int depth);

enum ringwall_dbus_type {
	RINGWALL_DBUS_CALL = 1,
	RINGWALL_DBUS_RETURN,
	RINGWALL_DBUS_ERROR,
	RINGWALL_DBUS_SIGNAL,
};

struct ringwall_dbus_message {
	uint8_t type; /* enum ringwall_dbus_type, or one to ignore */
	uint32_t serial, reply_serial;
	const char *path, *interface, *member, *error, *sender, *signature; /* "" when absent */
	struct ringwall_dbus_in body;
};

/**
 * ringwall_dbus_length() - of the message that @buf begins with.
 * Return: bytes, 0 when more of it is needed to tell (16 bytes do), -EBADMSG, -EMSGSIZE.
 */
ssize_t ringwall_dbus_length(const uint8_t *buf, size_t len);
/** ringwall_dbus_parse() - one whole message. -EBADMSG. */
int ringwall_dbus_parse(const uint8_t *buf, size_t len, struct ringwall_dbus_message *ret);

/* dbus.c: a connection ------------------------------------------------------------------------------------------- */

struct ringwall_dbus {
	int fd;
	uint32_t serial;
	bool authenticated;
	struct ringwall_dbus_out out; /* not sent yet */
	struct ringwall_dbus_out in;  /* received; the first @used bytes are done with */
	size_t used;
	void (*signal)(void *data, const struct ringwall_dbus_message *m);
	void *data;
};

/**
 * ringwall_dbus_address() - the socket of the next usable entry in a D-Bus address list.
 * @list: "unix:path=/run/x;unix:abstract=y,guid=…"
 * @ret: for an abstract socket with a leading NUL
 * Errors: -EINVAL malformed or no unix entry, -ENAMETOOLONG.
 */
int ringwall_dbus_address(const char *list, char *ret, size_t size, size_t *ret_len);

/** ringwall_dbus_open() - connect; nothing is sent before the first wait. */
int ringwall_dbus_open(struct ringwall_dbus *ret, const char *address, struct ringwall_err *e);

/** ringwall_dbus_post() - queue a call. Return: its serial, 0 when memory ran out. @body may be NULL. */
uint32_t ringwall_dbus_post(struct ringwall_dbus *d, const struct ringwall_dbus_call *call,
			    const struct ringwall_dbus_out *body);

/**
 * ringwall_dbus_wait() - send what is queued and wait for the reply to @serial; signals go to d->signal meanwhile.
 * @serial: 0: return after any one message
 * @ret: valid until the next wait; may be NULL
 * Errors: what the reply says (-ENOENT no such unit, -EEXIST, -EACCES …) with its text in @e, -ETIMEDOUT,
 * -ECONNRESET, -EBADMSG, -EPROTO.
 */
int ringwall_dbus_wait(struct ringwall_dbus *d, uint32_t serial, int timeout_ms, struct ringwall_dbus_message *ret,
		       struct ringwall_err *e);

void ringwall_dbus_close(struct ringwall_dbus *d);

/* gvariant.c ------------------------------------------------------------------------------------------------------- */

/**
 * ringwall_gvariant_put() - a value in GVariant text format ("uint64 5", "['a', 'b']") as a D-Bus variant.
 * @seconds: it is a number of seconds and is to be sent as a uint64 of microseconds
 * Errors: -EINVAL, with the place in @e.
 */
int ringwall_gvariant_put(struct ringwall_dbus_out *o, const char *text, bool seconds, struct ringwall_err *e);

#endif
