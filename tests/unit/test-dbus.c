// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "../../user/cgroup/dbus.h"
#include "../../user/cgroup/unit-props.h"
#include "../../user/lib/cleanup.h"

static const struct ringwall_dbus_call get_id = {
	"org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetId", NULL, false
};

/* A message as the specification has it, byte by byte. */
static void test_call(void **state)
{
	static const uint8_t want[] =
		"l\1\0\1" "\10\0\0\0" "\7\0\0\0" "\122\0\0\0"
		"\1\1o\0" "\2\0\0\0" "/p\0" "\0\0\0\0\0"
		"\2\1s\0" "\3\0\0\0" "i.f\0" "\0\0\0\0"
		"\3\1s\0" "\1\0\0\0" "M\0" "\0\0\0\0\0\0"
		"\6\1s\0" "\3\0\0\0" "d.e\0" "\0\0\0\0"
		/* The last field: its padding is not part of the fields' length. */
		"\10\1g\0" "\2ub\0" "\0\0\0\0\0\0\0\0"
		"\5\0\0\0" "\1\0\0\0";
	struct ringwall_dbus_call call = { "d.e", "/p", "i.f", "M", "ub", false };
	struct ringwall_dbus_out o = { 0 }, body = { 0 };
	struct ringwall_dbus_message m;

	(void)state;
	ringwall_dbus_put_u32(&body, 5);
	ringwall_dbus_put_u32(&body, 1);
	ringwall_dbus_put_call(&o, 7, &call, &body);
	assert_false(o.failed);
	assert_int_equal(o.len % 8, 0);
	/* Only what does not depend on this host's byte order. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	assert_memory_equal(o.buf, want, 12);
	assert_memory_equal(o.buf + 16, want + 16, 64);
#endif
	assert_int_equal(ringwall_dbus_length(o.buf, o.len), o.len);
	assert_int_equal(ringwall_dbus_parse(o.buf, o.len, &m), 0);
	assert_int_equal(m.type, RINGWALL_DBUS_CALL);
	assert_int_equal(m.serial, 7);
	assert_string_equal(m.path, "/p");
	assert_string_equal(m.interface, "i.f");
	assert_string_equal(m.member, "M");
	assert_string_equal(m.signature, "ub");
	assert_int_equal(ringwall_dbus_get_u32(&m.body), 5);
	assert_int_equal(ringwall_dbus_get_u32(&m.body), 1);
	assert_false(m.body.failed);
	assert_int_equal(ringwall_dbus_get_u32(&m.body), 0);
	assert_true(m.body.failed);
	ringwall_dbus_out_free(&o);
	ringwall_dbus_out_free(&body);
}

/* A signal in the other byte order, as a foreign peer may send it. */
static void test_swapped(void **state)
{
	static const uint8_t big[] =
		"B\4\1\1" "\0\0\0\10" "\0\0\0\11" "\0\0\0\27"
		"\3\1s\0" "\0\0\0\1" "X\0" "\0\0\0\0\0\0"
		"\10\1g\0" "\1t\0" "\0"
		"\1\2\3\4\5\6\7\10";
	struct ringwall_dbus_message m;

	(void)state;
	assert_int_equal(ringwall_dbus_length(big, 16), sizeof(big) - 1);
	assert_int_equal(ringwall_dbus_parse(big, sizeof(big) - 1, &m), 0);
	assert_int_equal(m.serial, 9);
	assert_string_equal(m.member, "X");
	assert_true(ringwall_dbus_get_u64(&m.body) == 0x0102030405060708);
	assert_false(m.body.failed);
	/* Cut short, or with something behind it, it is none. */
	assert_int_equal(ringwall_dbus_parse(big, sizeof(big) - 2, &m), -EBADMSG);
	assert_int_equal(ringwall_dbus_length(big, 15), 0);
}

static void test_malformed(void **state)
{
	uint8_t m[64] = "l\4\0\1\0\0\0\0\1\0\0\0\0\0\0\0";
	struct ringwall_dbus_message ret;

	(void)state;
	assert_int_equal(ringwall_dbus_parse(m, 16, &ret), 0);
	m[0] = 'x';
	assert_int_equal(ringwall_dbus_length(m, 16), -EBADMSG);
	m[0] = 'l';
	m[3] = 2;
	assert_int_equal(ringwall_dbus_length(m, 16), -EBADMSG);
	m[3] = 1;
	m[6] = 0x7f;
	assert_int_equal(ringwall_dbus_length(m, 16), -EMSGSIZE);
	m[6] = 0;
	/* A field of the wrong type: a member that is a number. */
	m[12] = 8;
	memcpy(m + 16, "\3\1u\0\1\0\0\0", 8);
	assert_int_equal(ringwall_dbus_parse(m, 24, &ret), -EBADMSG);
	/* A string without its NUL. */
	m[12] = 10;
	memcpy(m + 16, "\3\1s\0\1\0\0\0XY", 10);
	assert_int_equal(ringwall_dbus_parse(m, 32, &ret), -EBADMSG);
	/* A field nobody knows is passed over. */
	m[12] = 10;
	memcpy(m + 16, "\77\1s\0\1\0\0\0X", 10);
	assert_int_equal(ringwall_dbus_parse(m, 32, &ret), 0);
}

static void test_skip(void **state)
{
	struct ringwall_dbus_out o = { 0 };
	struct ringwall_dbus_in in;
	size_t array;

	(void)state;
	ringwall_dbus_put_u8(&o, 1);
	array = ringwall_dbus_put_array(&o, 8);
	ringwall_dbus_put_align(&o, 8);
	ringwall_dbus_put_str(&o, "name");
	ringwall_dbus_put_sig(&o, "t");
	ringwall_dbus_put_u64(&o, 9);
	ringwall_dbus_put_end(&o, array, 8);
	ringwall_dbus_put_u16(&o, 77);
	in = (struct ringwall_dbus_in){ .buf = o.buf, .len = o.len };
	assert_string_equal(ringwall_dbus_skip(&in, "ya(sv)q", 0), "a(sv)q");
	assert_string_equal(ringwall_dbus_skip(&in, "a(sv)q", 0), "q");
	assert_string_equal(ringwall_dbus_skip(&in, "q", 0), "");
	assert_int_equal(in.at, in.len);
	in.at = 0;
	assert_null(ringwall_dbus_skip(&in, "a()", 0));
	assert_null(ringwall_dbus_skip(&in, "(s", 0));
	assert_null(ringwall_dbus_skip(&in, "!", 0));
	assert_null(ringwall_dbus_skip(&in, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaay", 0));
	ringwall_dbus_out_free(&o);
}

static void test_address(void **state)
{
	static const struct {
		const char *list;
		int code;
		const char *path;
		size_t len;
	} rows[] = {
		{ "unix:path=/run/x", 0, "/run/x", 6 },
		{ "unix:path=/run/x,guid=12", 0, "/run/x", 6 },
		{ "unix:guid=12,path=/a%20b", 0, "/a b", 4 },
		{ "tcp:host=h;unix:path=/second", 0, "/second", 7 },
		{ "unix:abstract=/tmp/a,guid=1;unix:path=/x", 0, "\0/tmp/a", 7 },
		{ "unix:runtime=yes;unix:path=/x", 0, "/x", 2 },
		{ "", -EINVAL, NULL, 0 },
		{ "tcp:host=h", -EINVAL, NULL, 0 },
		{ "unix:path=", -EINVAL, NULL, 0 },
		{ "unix:path=/a%2", -EINVAL, NULL, 0 },
		{ "unix:path=/a%00b", -EINVAL, NULL, 0 },
		{ "unix:path=/this-one-does-not-fit", -ENAMETOOLONG, NULL, 0 },
	};
	char path[16];
	size_t n;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(ringwall_dbus_address(rows[i].list, path, sizeof(path), &n), rows[i].code);
		if (rows[i].code)
			continue;
		assert_int_equal(n, rows[i].len);
		assert_memory_equal(path, rows[i].path, n + 1);
	}
}

static void test_gvariant(void **state)
{
	static const struct {
		const char *text, *sig;
		const char *bytes; /* on a little-endian host, from the first byte after the signature's padding */
		size_t n;
	} good[] = {
		{ "true", "b", "\1\0\0\0", 4 },
		{ " false ", "b", "\0\0\0\0", 4 },
		{ "5", "i", "\5\0\0\0", 4 },
		{ "-1", "i", "\377\377\377\377", 4 },
		{ "uint64 123456789", "t", "\x15\xcd\x5b\7\0\0\0\0", 8 },
		{ "byte 0x41", "y", "A", 1 },
		{ "int16 -2", "n", "\376\377", 2 },
		{ "1.5", "d", "\0\0\0\0\0\0\370\77", 8 },
		{ "'a\\'b'", "s", "\3\0\0\0a'b\0", 8 },
		{ "\"it's\"", "s", "\4\0\0\0it's\0", 9 },
		{ "objectpath '/a'", "o", "\2\0\0\0/a\0", 7 },
		{ "['a', 'b']", "as", "\16\0\0\0\1\0\0\0a\0\0\0\1\0\0\0b\0", 18 },
		{ "[uint32 1, 2]", "au", "\10\0\0\0\1\0\0\0\2\0\0\0", 12 },
		{ "@as []", "as", "\0\0\0\0", 4 },
		{ "@at [1]", "at", "\10\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0", 16 },
		{ "(true, 'x')", "(bs)", "\1\0\0\0\1\0\0\0x\0", 10 },
		{ "<uint32 7>", "v", "\1u\0\0\7\0\0\0", 8 },
	};
	static const char *const bad[] = {
		"", " ", "yes", "uint64", "uint64 -1", "byte 256", "2147483648", "'open", "'\\q'", "[1, 'a']", "[]", "[1", "()",
		"(1", "1 2", "uint32 'a'", "<1", "{'a': 1}", "@a []", "@(s []", "@aa{sv} []", "1e5", "uint64 1.5", "'a' x",
		"[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]", "@as ['a", "int16 40000", "uint64 99999999999999999999",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct ringwall_dbus_out o = { 0 };
		struct ringwall_err e = { 0 };
		struct ringwall_dbus_in in;
		size_t at;

		/* Such that the signature ends on a multiple of 8 and the value begins there. */
		ringwall_dbus_put_bytes(&o, "12345678", (8 - (strlen(good[i].sig) + 2) % 8) % 8);
		at = o.len;
		if (ringwall_gvariant_put(&o, good[i].text, false, &e) < 0)
			fail_msg("%s", e.text);
		in = (struct ringwall_dbus_in){ .buf = o.buf, .len = o.len, .at = at };
		assert_string_equal(ringwall_dbus_get_sig(&in), good[i].sig);
		assert_int_equal(o.len - in.at, good[i].n);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		assert_memory_equal(o.buf + in.at, good[i].bytes, good[i].n);
#endif
		/* And the reader agrees about its form. */
		assert_string_equal(ringwall_dbus_skip(&in, good[i].sig, 0), "");
		ringwall_dbus_out_free(&o);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct ringwall_dbus_out o = { 0 };
		struct ringwall_err e = { 0 };

		if (ringwall_gvariant_put(&o, bad[i], false, &e) != -EINVAL)
			fail_msg("'%s' was taken", bad[i]);
		assert_non_null(strstr(e.text, "at byte "));
		ringwall_dbus_out_free(&o);
	}
}

/* The value of property @name in an array of them, or 0 with *ret_sig "". */
static uint64_t find(const struct ringwall_dbus_out *o, const char *name, const char **ret_sig)
{
	struct ringwall_dbus_in in = { .buf = o->buf, .len = o->len };

	while (in.at < in.len) {
		const char *n, *sig;

		in.at = (in.at + 7) & ~7ul;
		n = ringwall_dbus_get_str(&in);
		sig = ringwall_dbus_get_sig(&in);
		if (!strcmp(n, name)) {
			*ret_sig = sig;
			return *sig == 't' ? ringwall_dbus_get_u64(&in) : 0;
		}
		assert_non_null(ringwall_dbus_skip(&in, sig, 0));
	}
	*ret_sig = "";
	return 0;
}

static void test_properties(void **state)
{
	struct ringwall_pair unified[] = { { "memory.high", " 4096\n" }, { "cpu.max", "50000 100000" }, { "pids.max", "x" },
					   { "cpuset.mems", "0" } };
	struct ringwall_resources r = {
		.set = true,
		.memory = { .limit = { true, 1000 }, .swap = { true, 1000 } },
		.pids_limit = { true, -1 },
		.cpu = { .shares = { true, 1024 }, .cpus = "0-1" },
		.unified = { unified, ARRAY_SIZE(unified) },
	};
	struct ringwall_cgroup cg = { .fd = -1 };
	struct ringwall_dbus_out o = { 0 };
	struct ringwall_err e = { 0 };
	const char *sig;

	(void)state;
	assert_int_equal(ringwall_unit_put_resources(&o, &cg, &r, false, &e), 0);
	assert_int_equal(find(&o, "MemoryMax", &sig), 1000);
	/* All of it memory: no swap is said, not left out. */
	assert_int_equal(find(&o, "MemorySwapMax", &sig), 0);
	assert_string_equal(sig, "t");
	assert_true(find(&o, "TasksMax", &sig) == UINT64_MAX);
	assert_int_equal(find(&o, "CPUWeight", &sig), 100);
	assert_int_equal(find(&o, "MemoryHigh", &sig), 4096);
	assert_int_equal(find(&o, "CPUQuotaPerSecUSec", &sig), 500000);
	assert_int_equal(find(&o, "CPUQuotaPeriodUSec", &sig), 100000);
	find(&o, "AllowedCPUs", &sig);
	assert_string_equal(sig, "ay");
	find(&o, "AllowedMemoryNodes", &sig);
	assert_string_equal(sig, "ay");
	find(&o, "MemoryLow", &sig);
	assert_string_equal(sig, "");
	o.len = 0;
	assert_int_equal(ringwall_unit_put_resources(&o, &cg, &r, true, &e), 0);
	find(&o, "AllowedCPUs", &sig);
	assert_string_equal(sig, "");
	find(&o, "CPUQuotaPeriodUSec", &sig);
	assert_string_equal(sig, "");
	r.cpu.cpus = "1-0";
	assert_int_equal(ringwall_unit_put_resources(&o, &cg, &r, false, &e), -EINVAL);
	assert_non_null(strstr(e.text, "linux.resources.cpu.cpus: '1-0'"));
	ringwall_dbus_out_free(&o);
}

static void test_annotations(void **state)
{
	struct ringwall_pair good[] = {
		{ "org.systemd.property.TimeoutStopSec", "1.5" },    { "org.systemd.property.RuntimeMaxSec", "uint64 3" },
		{ "org.systemd.property.TimeoutStopUSec", "uint64 9" }, { "org.systemd.property.CollectMode", "'inactive'" },
		{ "org.example", "not for systemd" },
	};
	struct ringwall_pair bad[] = {
		{ "org.systemd.property.", "1" },	{ "org.systemd.property.ab", "1" },
		{ "org.systemd.property.A-b-c", "1" },	{ "org.systemd.property.TimeoutStopSec", "'a'" },
		{ "org.systemd.property.TimeoutStopSec", "-1" }, { "org.systemd.property.Slice", "unquoted" },
	};
	struct ringwall_pairs pairs = { good, ARRAY_SIZE(good) };
	struct ringwall_dbus_out o = { 0 };
	struct ringwall_err e = { 0 };
	const char *sig;

	(void)state;
	assert_int_equal(ringwall_unit_put_annotations(&o, &pairs, &e), 0);
	assert_int_equal(find(&o, "TimeoutStopUSec", &sig), 1500000);
	assert_int_equal(find(&o, "RuntimeMaxUSec", &sig), 3000000);
	find(&o, "CollectMode", &sig);
	assert_string_equal(sig, "s");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		pairs = (struct ringwall_pairs){ &bad[i], 1 };
		assert_int_equal(ringwall_unit_put_annotations(&o, &pairs, &e), -EINVAL);
		assert_non_null(strstr(e.text, bad[i].key));
	}
	ringwall_dbus_out_free(&o);
}

/* A server that says one thing and is gone: the client has to say what went wrong, and must not hang. */
static int talk_to(const char *answer, size_t n, int timeout_ms, struct ringwall_err *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), c, r;
	struct ringwall_dbus d;
	char address[64], buf[512];
	uint32_t serial;

	n = n ?: strlen(answer);
	snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "ringwall-test-dbus-%d", getpid());
	assert_int_equal(bind(s, (struct sockaddr *)&a, sizeof(a.sun_family) + 1 + strlen(a.sun_path + 1)), 0);
	assert_int_equal(listen(s, 1), 0);
	snprintf(address, sizeof(address), "unix:abstract=%s", a.sun_path + 1);
	assert_int_equal(ringwall_dbus_open(&d, address, e), 0);
	c = accept(s, NULL, NULL);
	assert_int_equal(write(c, answer, n), n);
	if (timeout_ms > 100)
		shutdown(c, SHUT_WR);
	serial = ringwall_dbus_post(&d, &get_id, NULL);
	assert_int_equal(serial, 2);
	r = ringwall_dbus_wait(&d, serial, timeout_ms, NULL, e);
	/* Everything came in one piece, before any answer was seen. */
	assert_true(read(c, buf, sizeof(buf)) > 40);
	assert_memory_equal(buf, "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\nl\1", 31);
	ringwall_dbus_close(&d);
	close(c);
	close(s);
	return r;
}

static void test_bad_server(void **state)
{
#define OK "DATA\r\nOK 1234\r\n"
	struct ringwall_err e = { 0 };

	(void)state;
	assert_int_equal(talk_to("REJECTED EXTERNAL\r\n", 0, 2000, &e), -EACCES);
	assert_int_equal(talk_to("HTTP/1.1 400\r\n", 0, 2000, &e), -EPROTO);
	assert_int_equal(talk_to("DATA\r\n", 0, 2000, &e), -ECONNRESET);
	assert_int_equal(talk_to(OK, 0, 2000, &e), -ECONNRESET);
	assert_int_equal(talk_to(OK, 0, 50, &e), -ETIMEDOUT);
	assert_int_equal(talk_to(OK "garbage that is no message", 0, 2000, &e), -EBADMSG);
}

/* With a bus daemon of our own, where there is one. */
static void test_daemon(void **state)
{
	static const struct ringwall_dbus_call nobody = { "org.example.Nobody", "/x", "x.y", "Z", NULL, false };
	char address[256] = "", type[] = "--print-address=3";
	struct ringwall_dbus d;
	struct ringwall_dbus_message m;
	struct ringwall_err e = { 0 };
	int pipefd[2], r;
	uint32_t serial;
	ssize_t n;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(pipefd, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		dup2(pipefd[1], 3);
		if (pipefd[1] == 3)
			fcntl(3, F_SETFD, 0);
		execlp("dbus-daemon", "dbus-daemon", "--session", "--nofork", "--nosyslog", "--address=unix:tmpdir=/tmp", type,
		       (char *)NULL);
		_exit(77);
	}
	close(pipefd[1]);
	n = read(pipefd[0], address, sizeof(address) - 1);
	close(pipefd[0]);
	if (n <= 0) {
		waitpid(pid, &r, 0);
		skip();
	}
	address[strcspn(address, "\n")] = '\0';
	r = ringwall_dbus_open(&d, address, &e);
	if (r == 0) {
		serial = ringwall_dbus_post(&d, &get_id, NULL);
		r = ringwall_dbus_wait(&d, serial, 5000, &m, &e);
	}
	if (r == 0) {
		assert_string_equal(m.signature, "s");
		assert_int_equal(strlen(ringwall_dbus_get_str(&m.body)), 32);
		assert_string_equal(m.sender, "org.freedesktop.DBus");
		serial = ringwall_dbus_post(&d, &nobody, NULL);
		r = ringwall_dbus_wait(&d, serial, 5000, &m, &e);
		kill(pid, SIGTERM);
		waitpid(pid, NULL, 0);
		assert_int_equal(r, -EHOSTUNREACH);
		assert_non_null(strstr(e.text, "org.freedesktop.DBus.Error.ServiceUnknown"));
		/* And it is gone. */
		serial = ringwall_dbus_post(&d, &get_id, NULL);
		assert_true(ringwall_dbus_wait(&d, serial, 5000, &m, &e) < 0);
		ringwall_dbus_close(&d);
		return;
	}
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	fail_msg("%s: %s", address, e.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_call),	   cmocka_unit_test(test_swapped),     cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_skip),	   cmocka_unit_test(test_address),     cmocka_unit_test(test_gvariant),
		cmocka_unit_test(test_properties), cmocka_unit_test(test_annotations), cmocka_unit_test(test_bad_server),
		cmocka_unit_test(test_daemon),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
