// SPDX-License-Identifier: LGPL-2.1-or-later
/* How events are read while programs write them, and what they are in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../../user/lib/cleanup.h"
#include "../../user/policy/describe.h"
#include "../../user/policy/device.h"
#include "../../user/policy/events.h"

#define KEPT RINGWALL_EVENTS_KEPT

static void cursor_takes_in_order(void **state)
{
	struct ringwall_cursor c = { .slot = 1 };

	(void)state;
	for (uint64_t i = 0; i < 5; i++) {
		assert_int_equal(ringwall_cursor_turn(&c, i + 1, 5, 1000), RINGWALL_TURN_TAKE);
		assert_int_equal(c.next, i + 1);
	}
	assert_int_equal(c.lost, 0);
}

static void cursor_waits_for_what_is_written_but_not_for_ever(void **state)
{
	struct ringwall_cursor c = { .slot = 1, .next = 130 };

	(void)state;
	/* 3 is what event 2, of the round before, has left; 0 is an entry in the making. */
	assert_int_equal(ringwall_cursor_turn(&c, 3, 140, 1000), RINGWALL_TURN_WAIT);
	assert_int_equal(ringwall_cursor_turn(&c, 0, 140, 1000 + RINGWALL_EVENT_WAIT_MS - 1), RINGWALL_TURN_WAIT);
	assert_int_equal(c.next, 130);
	assert_int_equal(ringwall_cursor_turn(&c, 131, 140, 1050), RINGWALL_TURN_TAKE);
	/* The next has its own time. */
	assert_int_equal(ringwall_cursor_turn(&c, 0, 140, 2000), RINGWALL_TURN_WAIT);
	assert_int_equal(ringwall_cursor_turn(&c, 0, 140, 2000 + RINGWALL_EVENT_WAIT_MS), RINGWALL_TURN_SKIP);
	assert_int_equal(c.next, 132);
	assert_int_equal(c.lost, 0); /* the kernel has counted it as dropped */
}

static void cursor_tells_what_came_and_went(void **state)
{
	struct ringwall_cursor c = { .slot = 1 };

	(void)state;
	assert_int_equal(ringwall_cursor_turn(&c, 0, 1000, 0), RINGWALL_TURN_SKIP);
	assert_int_equal(c.next, 1000 - KEPT);
	assert_int_equal(c.lost, 1000 - KEPT);
	/* Overwritten between reading the total and the entry. */
	assert_int_equal(ringwall_cursor_turn(&c, 1000 + 1, 1000, 0), RINGWALL_TURN_SKIP);
	assert_int_equal(c.lost, 1000 - KEPT + 1);
	assert_int_equal(c.next, 1000 - KEPT + 1);
}

static void cursor_begins(void **state)
{
	struct ringwall_container c = { .slot = 7, .events = 40 };

	(void)state;
	assert_int_equal(ringwall_cursor_begin(&c, 0).next, 0);
	assert_int_equal(ringwall_cursor_begin(&c, 39).next, 39);
	assert_int_equal(ringwall_cursor_begin(&c, UINT64_MAX).next, 40);
	assert_int_equal(ringwall_cursor_begin(&c, 0).slot, 7);
}

static void places_are_kept(void **state)
{
	static const char odd[] = "[{\"device\":1},{\"device\":\"x\",\"inode\":2,\"path\":\"/\"},3]";
	static struct ringwall_place v[] = { { 45, 2, "/b/rootfs", "/", NULL },
					     { 8 << 20 | 1, 1ULL << 40, "/", "/a dir\\x", NULL },
					     { 8 << 20 | 1, 12, NULL, "/etc/hosts", "ext4" } };
	const struct ringwall_places p = { .v = v, .n = ARRAY_SIZE(v) };
	struct ringwall_places again = {};
	_cleanup_free_ char *text = NULL;
	size_t len;

	(void)state;
	text = ringwall_places_print(&p, &len);
	assert_int_equal(ringwall_places_load(text, len, &again, NULL), 0);
	assert_int_equal(again.n, 3);
	assert_string_equal(ringwall_places_find(&again, 8 << 20 | 1, 1ULL << 40), "/a dir\\x");
	assert_string_equal(ringwall_places_find(&again, 45, 2), "/");
	assert_null(ringwall_places_find(&again, 45, 3));
	assert_null(ringwall_places_find(&again, 46, 2));
	assert_null(again.v[0].type);
	assert_string_equal(again.v[2].type, "ext4");
	ringwall_places_free(&again);
	assert_int_equal(ringwall_places_load(odd, strlen(odd), &again, NULL), 0);
	assert_int_equal(again.n, 0);
	ringwall_places_free(&again);
	assert_int_equal(ringwall_places_load("[", 1, &again, NULL), -EINVAL);
}

/* What the tests below know about their container. */
static struct ringwall_rule rules[] = {
	{ RINGWALL_SET_DEVICE, 2, { "web.json", 4, 9 }, "device deny c 120:* rw" },
	{ RINGWALL_SET_EGRESS, 0, { "web.json", 6, 3 }, "egress default deny" },
	{ RINGWALL_SET_EGRESS, 2, { "command line", 0, 0 }, "egress deny 10.0.0.0/8 tcp 443" },
	{ RINGWALL_SET_FILE, 1, { "web.json", 14, 3 }, "file deny /etc/shadow rw" },
	{ RINGWALL_SET_KERNEL, RINGWALL_KERNEL_MOUNT, { "builtin:baseline", 8, 4 }, "kernel mount deny" },
};
static struct ringwall_model model = { .name = "web", .rules = rules, .n_rules = ARRAY_SIZE(rules) };
static struct ringwall_place place[] = { { 45, 2, "/b/rootfs", "/", NULL }, { 46, 3, "/b/rootfs/data", "/srv/data", NULL } };
static struct ringwall_places places = { .v = place, .n = ARRAY_SIZE(place) };
static const struct ringwall_about about = {
	.id = "c1",
	.model = &model,
	.n_devices = 1,
	.places = &places,
	.boot = 1764154723000000000LL,
};

static struct ringwall_event event_of(uint32_t set, uint32_t rule, uint32_t op)
{
	struct ringwall_event ev = { .time = 123456789,
				     .verdict = RINGWALL_VERDICT_DENIED,
				     .error = EPERM,
				     .pid = 812,
				     .tid = 813,
				     .uid = 33,
				     .comm = "sh",
				     .what = { .slot = 1, .rule = rule, .object = { .op = (uint8_t)op } } };

	ev.what.object.set = (uint8_t)set;
	return ev;
}

static void assert_text(const struct ringwall_event *ev, const char *exe, const char *name, const char *wanted)
{
	struct ringwall_told t = { .event = ev };
	_cleanup_free_ char *text = NULL;

	strcpy(t.exe, exe);
	strcpy(t.name, name);
	text = ringwall_describe_text(&t, &about);
	assert_string_equal(text, wanted);
}

static void assert_json(const struct ringwall_event *ev, const char *name, const char *wanted)
{
	struct ringwall_json_out o = {};
	struct ringwall_told t = { .event = ev };
	_cleanup_free_ char *text = NULL;

	strcpy(t.name, name);
	ringwall_json_out_object(&o, NULL);
	ringwall_describe_json(&t, &about, &o);
	ringwall_json_out_end(&o, '}');
	text = ringwall_json_out_take(&o, NULL);
	assert_string_equal(text, wanted);
}

#define WHEN "2025-11-26T10:58:43.123Z"
#define WHO "\"pid\":812,\"tid\":813,\"uid\":33,\"comm\":\"sh\""

static void a_device(void **state)
{
	size_t defaults;
	struct ringwall_event ev;

	(void)state;
	ringwall_device_defaults(&defaults);
	ev = event_of(RINGWALL_SET_DEVICE, (uint32_t)(1 + defaults + 2), RINGWALL_DO_DEVICE);
	memcpy(ev.what.object.arg,
	       ((uint32_t[]){ BPF_DEVCG_DEV_CHAR, 120, 7, RINGWALL_ACCESS_READ | RINGWALL_ACCESS_WRITE }), 16);
	assert_text(&ev, "/bin/sh", "",
		    WHEN " c1 sh[812] /bin/sh: device c 120:7 rw: denied EPERM: device deny c 120:* rw (web.json:4:9)");
	ev.what.rule = 1;
	assert_text(&ev, "", "",
		    WHEN " c1 sh[812]: device c 120:7 rw: denied EPERM: linux.resources.devices[0] (config.json)");
	ev.what.rule = 0;
	assert_json(
		&ev, "",
		"{\"time\":\"" WHEN "\",\"id\":\"c1\",\"number\":0," WHO
		",\"operation\":\"device\",\"object\":\"c 120:7 rw\","
		"\"device\":{\"type\":\"c\",\"major\":120,\"minor\":7,\"access\":\"rw\"},\"rule\":{\"set\":\"device\",\"number\":0,"
		"\"text\":\"no rule of linux.resources.devices allows it\",\"origin\":\"config.json\"},\"verdict\":\"denied\",\"errno\":\"EPERM\"}");
}

static void an_address(void **state)
{
	struct ringwall_event ev = event_of(RINGWALL_SET_EGRESS, 2, RINGWALL_DO_CONNECT);

	(void)state;
	ev.what.object.family = 4;
	ev.what.object.protocol = IPPROTO_TCP;
	ev.what.object.port = 443;
	memcpy(ev.what.object.address, ((uint8_t[]){ 10, 1, 2, 3 }), 4);
	assert_text(
		&ev, "", "api.example.com",
		WHEN
		" c1 sh[812]: connect tcp 10.1.2.3:443 api.example.com: denied EPERM: egress deny 10.0.0.0/8 tcp 443 (command line)");
	ev.verdict = RINGWALL_VERDICT_AUDITED;
	ev.error = 0;
	ev.pid = 0;
	ev.what.rule = 0;
	ev.what.object.family = 6;
	assert_text(&ev, "", "",
		    WHEN " c1 a packet: connect tcp [a01:203::]:443: audited: egress default deny (web.json:6:3)");
	assert_json(
		&ev, "*.example.com",
		"{\"time\":\"" WHEN "\",\"id\":\"c1\",\"number\":0,\"operation\":\"connect\","
		"\"object\":\"tcp [a01:203::]:443 *.example.com\",\"address\":\"a01:203::\",\"name\":\"*.example.com\",\"protocol\":\"tcp\","
		"\"port\":443,\"rule\":{\"set\":\"egress\",\"number\":0,\"text\":\"egress default deny\",\"origin\":\"web.json:6:3\"},"
		"\"verdict\":\"audited\",\"errno\":null}");
}

static void a_path(void **state)
{
	struct ringwall_event ev = event_of(RINGWALL_SET_FILE, 1, RINGWALL_DO_OPEN);
	struct ringwall_object *o = &ev.what.object;
	char path[64];

	(void)state;
	memcpy(o->path, "shadow\0etc", 11);
	o->device = 45;
	o->inode = 2;
	o->rights = RINGWALL_FILE_READ | RINGWALL_FILE_WRITE;
	ev.error = EACCES;
	assert_text(&ev, "", "",
		    WHEN " c1 sh[812]: open /etc/shadow rw: denied EACCES: file deny /etc/shadow rw (web.json:14:3)");
	assert_true(ringwall_object_path(o, &places, path, sizeof(path)));
	o->device = 46;
	o->inode = 3;
	assert_true(ringwall_object_path(o, &places, path, sizeof(path)));
	assert_string_equal(path, "/srv/data/etc/shadow");
	o->flags = RINGWALL_OBJECT_CUT;
	assert_false(ringwall_object_path(o, &places, path, sizeof(path)));
	assert_string_equal(path, "/srv/data/.../etc/shadow");
	o->flags = RINGWALL_OBJECT_UNANCHORED;
	assert_false(ringwall_object_path(o, &places, path, sizeof(path)));
	assert_string_equal(path, "[0:46]/etc/shadow");
	o->flags = 0;
	assert_false(ringwall_object_path(o, NULL, path, sizeof(path)));
	memset(o->path, 0, sizeof(o->path));
	assert_true(ringwall_object_path(o, &places, path, sizeof(path)));
	assert_string_equal(path, "/srv/data"); /* the mount itself: a file that was mounted, say */
	o->device = 45;
	o->inode = 2;
	assert_true(ringwall_object_path(o, &places, path, sizeof(path)));
	assert_string_equal(path, "/");
	memset(o->path, 'x', sizeof(o->path)); /* whatever a map may hold, nothing is read behind it */
	ringwall_object_path(o, &places, path, sizeof(path));
}

/* A container chooses its names: a line stays a line, a terminal is sent nothing that it would obey. */
static void names_that_want_to_be_something_else(void **state)
{
	struct ringwall_event ev = event_of(RINGWALL_SET_FILE, 1, RINGWALL_DO_OPEN);
	struct ringwall_object *o = &ev.what.object;

	(void)state;
	strcpy(o->path, "a\nb\x1b[2J\xc2\x9b\xff\\\xc3\xa4");
	o->device = 45;
	o->inode = 2;
	o->rights = RINGWALL_FILE_READ;
	strcpy(ev.comm, "x\n\x7fy");
	assert_text(&ev, "", "",
		    WHEN " c1 x\\012\\177y[812]: open /a\\012b\\033[2J\\302\\233\\377\\134\xc3\xa4 r: denied EPERM: "
			 "file deny /etc/shadow rw (web.json:14:3)");
}

static void a_program(void **state)
{
	static const char *const cases[][2] = {
		{ "/b/rootfs/bin/busybox", "/bin/busybox" },
		{ "/b/rootfs", "/" },
		{ "/b/rootfs/data/x", "/srv/data/x" },
		{ "/b/rootfs-2/bin/sh", "/b/rootfs-2/bin/sh" },
		{ "/bin/sh", "/bin/sh" },
		{ "", "" },
	};
	char path[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		strcpy(path, cases[i][0]);
		ringwall_places_inside(&places, path, sizeof(path));
		assert_string_equal(path, cases[i][1]);
	}
}

static void kernel_socket_capability_and_the_rest(void **state)
{
	struct ringwall_event ev = event_of(RINGWALL_SET_KERNEL, RINGWALL_KERNEL_MOUNT, RINGWALL_DO_KERNEL);

	(void)state;
	ev.what.object.arg[0] = RINGWALL_KERNEL_MOUNT;
	assert_text(&ev, "", "",
		    WHEN " c1 sh[812]: kernel mount: denied EPERM: kernel mount deny (builtin:baseline:8:4)");
	ev.what.object.arg[0] = ev.what.rule = RINGWALL_KERNEL_SIGNAL_OUT;
	ev.what.object.arg[1] = SIGTERM;
	ev.what.object.arg[2] = 77;
	assert_text(&ev, "", "", WHEN " c1 sh[812]: kernel signal SIGTERM 77: denied EPERM: kernel rule 5");
	ev = event_of(RINGWALL_SET_CAPABILITY, CAP_NET_ADMIN, RINGWALL_DO_CAPABLE);
	ev.what.object.arg[0] = CAP_NET_ADMIN;
	assert_text(&ev, "", "", WHEN " c1 sh[812]: capable CAP_NET_ADMIN: denied EPERM: capability rule 12");
	ev = event_of(RINGWALL_SET_FAMILY, AF_PACKET, RINGWALL_DO_SOCKET);
	memcpy(ev.what.object.arg, ((uint32_t[]){ AF_PACKET, SOCK_RAW, 0, 0 }), 16);
	assert_text(&ev, "", "", WHEN " c1 sh[812]: socket packet raw: denied EPERM: family rule 17");
	ev = event_of(RINGWALL_SET_TAMPER, 0, RINGWALL_DO_KERNEL);
	assert_text(
		&ev, "", "",
		WHEN
		" c1 sh[812]: kernel ringwall's own objects: denied EPERM: no container may touch Ringwall's own objects");
	/* A newer program may write what this one does not know. */
	ev = event_of(200, 3, 200);
	assert_text(&ev, "", "", WHEN " c1 sh[812]: something : denied EPERM: ? rule 3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cursor_takes_in_order),
		cmocka_unit_test(cursor_waits_for_what_is_written_but_not_for_ever),
		cmocka_unit_test(cursor_tells_what_came_and_went),
		cmocka_unit_test(cursor_begins),
		cmocka_unit_test(places_are_kept),
		cmocka_unit_test(a_device),
		cmocka_unit_test(an_address),
		cmocka_unit_test(a_path),
		cmocka_unit_test(names_that_want_to_be_something_else),
		cmocka_unit_test(a_program),
		cmocka_unit_test(kernel_socket_capability_and_the_rest),
	};

	return cmocka_run_group_tests_name("policy-events", tests, NULL, NULL);
}
