// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dbus.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "../lib/cleanup.h"
#include "../lib/clock.h"

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A value of an address: up to ',' or ';', with %xx for other bytes. */
static int get_value(const char *s, char *ret, size_t size, size_t *ret_len)
{
	size_t n = 0;

	for (; *s && *s != ',' && *s != ';'; s++) {
		char c = *s;

		if (c == '%') {
			if (hex(s[1]) < 0 || hex(s[2]) < 0)
				return -EINVAL;
			c = (char)(hex(s[1]) << 4 | hex(s[2]));
			s += 2;
		}
		if (!c)
			return -EINVAL;
		if (n + 1 >= size)
			return -ENAMETOOLONG;
		ret[n++] = c;
	}
	ret[n] = '\0';
	*ret_len = n;
	return n ? 0 : -EINVAL;
}

int ringwall_dbus_address(const char *list, char *ret, size_t size, size_t *ret_len)
{
	for (const char *entry = list; *entry; entry += strcspn(entry, ";"), entry += *entry == ';') {
		const char *p = entry;

		if (strncmp(p, "unix:", 5))
			continue;
		for (p += 5; *p && *p != ';'; p += *p == ',') {
			size_t n;
			int r;

			if (!strncmp(p, "path=", 5))
				return get_value(p + 5, ret, size, ret_len);
			if (!strncmp(p, "abstract=", 9)) {
				r = get_value(p + 9, ret + 1, size - 1, &n);
				ret[0] = '\0';
				*ret_len = n + 1;
				return r;
			}
			p += strcspn(p, ",;");
		}
	}
	return -EINVAL;
}

int ringwall_dbus_open(struct ringwall_dbus *ret, const char *address, struct ringwall_err *e)
{
	/*
	 * EXTERNAL without a user name: the server takes who we are from the socket. So it works inside a user namespace
	 * too, where getuid() is not what the server sees. Everything up to the first reply goes out in one piece.
	 */
	static const char hello[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
	static const struct ringwall_dbus_call register_us = {
		"org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello", NULL, false
	};
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	_cleanup_fd_ int fd = -1;
	size_t n = 0;
	int r;

	r = ringwall_dbus_address(address, a.sun_path, sizeof(a.sun_path), &n);
	if (r < 0)
		return ringwall_fail(e, r, "D-Bus address '%s'", address);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return ringwall_fail(e, -errno, "socket");
	n += offsetof(struct sockaddr_un, sun_path) + !!a.sun_path[0];
	if (connect(fd, (struct sockaddr *)&a, (socklen_t)n) < 0)
		return ringwall_fail(e, -errno, "D-Bus: connect to '%s'", address);
	*ret = (struct ringwall_dbus){ .fd = TAKE_FD(fd) };
	ringwall_dbus_put_bytes(&ret->out, hello, sizeof(hello) - 1);
	ringwall_dbus_post(ret, &register_us, NULL);
	return 0;
}

uint32_t ringwall_dbus_post(struct ringwall_dbus *d, const struct ringwall_dbus_call *call,
			    const struct ringwall_dbus_out *body)
{
	ringwall_dbus_put_call(&d->out, ++d->serial, call, body);
	return d->out.failed ? 0 : d->serial;
}

static int wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left = deadline - ringwall_clock_ms();
	int r = left > 0 ? poll(&p, 1, (int)left) : 0;

	if (r < 0)
		return errno == EINTR ? 0 : -errno;
	return r == 0 ? -ETIMEDOUT : 0;
}

static int flush_out(struct ringwall_dbus *d, int64_t deadline)
{
	size_t done = 0;
	ssize_t n;
	int r;

	if (d->out.failed)
		return -ENOMEM;
	while (done < d->out.len) {
		n = send(d->fd, d->out.buf + done, d->out.len - done, MSG_NOSIGNAL);
		if (n >= 0) {
			done += (size_t)n;
			continue;
		}
		if (errno == EAGAIN) {
			r = wait_for(d->fd, POLLOUT, deadline);
			if (r < 0)
				return r;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	d->out.len = 0;
	return 0;
}

static int receive(struct ringwall_dbus *d, int64_t deadline)
{
	uint8_t chunk[4096];
	ssize_t n;
	int r;

	n = recv(d->fd, chunk, sizeof(chunk), 0);
	if (n < 0 && errno == EAGAIN) {
		r = wait_for(d->fd, POLLIN, deadline);
		if (r < 0)
			return r;
		n = recv(d->fd, chunk, sizeof(chunk), 0);
	}
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -ECONNRESET;
	/* What has been dealt with makes room. */
	if (d->used)
		memmove(d->in.buf, d->in.buf + d->used, d->in.len - d->used);
	d->in.len -= d->used;
	d->used = 0;
	ringwall_dbus_put_bytes(&d->in, chunk, (size_t)n);
	return d->in.failed ? -ENOMEM : 0;
}

/* The server's lines: "DATA" asks for what we sent already, "OK GUID" ends it. 1 when done, 0 for more. */
static int authenticate(struct ringwall_dbus *d)
{
	for (;;) {
		const uint8_t *line = d->in.buf + d->used;
		const uint8_t *end = d->in.len > d->used ? memmem(line, d->in.len - d->used, "\r\n", 2) : NULL;
		size_t n = end ? (size_t)(end - line) : 0;

		if (!end)
			return d->in.len - d->used > 1024 ? -EPROTO : 0;
		d->used += n + 2;
		if (n >= 3 && !memcmp(line, "OK ", 3))
			return 1;
		if (n >= 8 && !memcmp(line, "REJECTED", 8))
			return -EACCES;
		if (n < 4 || memcmp(line, "DATA", 4))
			return -EPROTO;
	}
}

/* Error replies that callers act upon. */
static const struct {
	const char *name;
	int code;
} errors[] = {
	{ "org.freedesktop.systemd1.UnitExists", -EEXIST },
	{ "org.freedesktop.systemd1.NoSuchUnit", -ENOENT },
	{ "org.freedesktop.systemd1.NoSuchProcess", -ESRCH },
	{ "org.freedesktop.systemd1.UnitInactive", -ENOENT },
	{ "org.freedesktop.DBus.Error.AccessDenied", -EACCES },
	{ "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", -EACCES },
	{ "org.freedesktop.DBus.Error.PropertyReadOnly", -EROFS },
	{ "org.freedesktop.DBus.Error.UnknownProperty", -EROFS },
	{ "org.freedesktop.DBus.Error.InvalidArgs", -EINVAL },
	{ "org.freedesktop.DBus.Error.UnknownMethod", -EOPNOTSUPP },
	{ "org.freedesktop.DBus.Error.ServiceUnknown", -EHOSTUNREACH },
	{ "org.freedesktop.DBus.Error.NoMemory", -ENOMEM },
	{ "org.freedesktop.DBus.Error.Timeout", -ETIMEDOUT },
	{ "org.freedesktop.DBus.Error.NoReply", -ETIMEDOUT },
};

static int fail_reply(struct ringwall_dbus_message *m, struct ringwall_err *e)
{
	const char *text = m->signature[0] == 's' ? ringwall_dbus_get_str(&m->body) : "";
	int code = -EIO;

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (!strcmp(m->error, errors[i].name))
			code = errors[i].code;
	return ringwall_fail_plain(e, code, "%s (%s)", *text ? text : "no explanation", m->error);
}

/* 1 with the next message in @m, 0 for more bytes, or -errno. */
static int next_message(struct ringwall_dbus *d, struct ringwall_dbus_message *m)
{
	const uint8_t *at;
	ssize_t n;
	int r;

	if (!d->authenticated) {
		r = authenticate(d);
		if (r <= 0)
			return r;
		d->authenticated = true;
	}
	if (d->in.len == d->used)
		return 0;
	at = d->in.buf + d->used;
	n = ringwall_dbus_length(at, d->in.len - d->used);
	if (n <= 0 || (size_t)n > d->in.len - d->used)
		return n < 0 ? (int)n : 0;
	d->used += (size_t)n;
	r = ringwall_dbus_parse(at, (size_t)n, m);
	return r < 0 ? r : 1;
}

int ringwall_dbus_wait(struct ringwall_dbus *d, uint32_t serial, int timeout_ms, struct ringwall_dbus_message *ret,
		       struct ringwall_err *e)
{
	int64_t deadline = ringwall_clock_ms() + timeout_ms;
	struct ringwall_dbus_message m;
	int r = flush_out(d, deadline);

	while (r >= 0) {
		r = next_message(d, &m);
		if (r == 0)
			r = receive(d, deadline);
		else if (r < 0)
			break;
		else if (m.type == RINGWALL_DBUS_SIGNAL && d->signal)
			d->signal(d->data, &m);
		else if (m.type == RINGWALL_DBUS_ERROR && serial && m.reply_serial == serial)
			return fail_reply(&m, e);
		if (r == 1 && (!serial || (m.type == RINGWALL_DBUS_RETURN && m.reply_serial == serial))) {
			if (ret)
				*ret = m;
			return 0;
		}
	}
	return ringwall_fail(e, r, "D-Bus");
}

void ringwall_dbus_close(struct ringwall_dbus *d)
{
	ringwall_fd_close(&d->fd);
	ringwall_dbus_out_free(&d->out);
	ringwall_dbus_out_free(&d->in);
}
