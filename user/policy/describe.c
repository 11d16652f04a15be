// SPDX-License-Identifier: LGPL-2.1-or-later
#include "describe.h"

#include <linux/bpf.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "../lib/cleanup.h"
#include "../lib/json.h"
#include "device.h"
#include "syscalls.h"

#define NSEC 1000000000LL
#define NAMES_MAX 64 /* more than fit into an object */
#define OBJECT_TEXT 512

static const char *const ops[] = {
	[RINGWALL_DO_DEVICE] = "device",   [RINGWALL_DO_CONNECT] = "connect", [RINGWALL_DO_SEND] = "send",
	[RINGWALL_DO_RECEIVE] = "receive", [RINGWALL_DO_BIND] = "bind",	      [RINGWALL_DO_SOCKET] = "socket",
	[RINGWALL_DO_OPEN] = "open",	   [RINGWALL_DO_CREATE] = "create",   [RINGWALL_DO_DELETE] = "delete",
	[RINGWALL_DO_RENAME] = "rename",   [RINGWALL_DO_LINK] = "link",	      [RINGWALL_DO_CHANGE] = "change",
	[RINGWALL_DO_EXEC] = "exec",	   [RINGWALL_DO_MAP] = "map",	      [RINGWALL_DO_KERNEL] = "kernel",
	[RINGWALL_DO_CAPABLE] = "capable",  [RINGWALL_DO_SYSCALL] = "syscall",
};

static const char *op_name(uint32_t op)
{
	return op < ARRAY_SIZE(ops) ? ops[op] : "something";
}

bool ringwall_object_has_path(const struct ringwall_object *o)
{
	return o->op >= RINGWALL_DO_OPEN && o->op <= RINGWALL_DO_MAP;
}

static bool has_address(const struct ringwall_object *o)
{
	return o->op >= RINGWALL_DO_CONNECT && o->op <= RINGWALL_DO_BIND;
}

/* Appends at most what fits. */
static void __attribute__((format(printf, 3, 4))) add(char *buf, size_t size, const char *fmt, ...)
{
	size_t len = strlen(buf);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf + len, size - len, fmt, ap);
	va_end(ap);
}

void ringwall_path_join(const char *names, size_t names_size, char *ret, size_t size)
{
	const char *name[NAMES_MAX], *end = names + names_size;
	size_t n = 0;

	ret[0] = '\0';
	while (names < end && *names && n < NAMES_MAX) {
		name[n++] = names;
		names += strnlen(names, (size_t)(end - names)) + 1;
	}
	while (n-- > 0)
		add(ret, size, "/%.*s", (int)strnlen(name[n], (size_t)(end - name[n])), name[n]);
}

bool ringwall_object_path(const struct ringwall_object *o, const struct ringwall_places *p, char *ret, size_t size)
{
	const char *place =
		p && !(o->flags & RINGWALL_OBJECT_UNANCHORED) ? ringwall_places_find(p, o->device, o->inode) : NULL;
	char below[RINGWALL_OBJECT_PATH + 2];

	ringwall_path_join(o->path, sizeof(o->path), below, sizeof(below));
	if (!place)
		snprintf(ret, size, "[%u:%u]", o->device >> 20, o->device & 0xfffff);
	else
		snprintf(ret, size, "%s", place[1] ? place : "");
	add(ret, size, "%s%s", o->flags & RINGWALL_OBJECT_CUT ? "/..." : "", below);
	if (!*ret)
		snprintf(ret, size, "/");
	return place && !(o->flags & RINGWALL_OBJECT_CUT);
}

static void describe_path(const struct ringwall_object *o, const struct ringwall_about *a, char *ret, size_t size)
{
	char rights[RINGWALL_RIGHTS_TEXT];

	ringwall_object_path(o, a->places, ret, size);
	ringwall_rights_text(o->rights, rights);
	add(ret, size, "%s%s", rights[0] ? " " : "", rights);
}

static void device_access(uint32_t access, char ret[4])
{
	snprintf(ret, 4, "%s%s%s", access & RINGWALL_ACCESS_READ ? "r" : "", access & RINGWALL_ACCESS_WRITE ? "w" : "",
		 access & RINGWALL_ACCESS_MKNOD ? "m" : "");
}

static const char *device_type(const struct ringwall_object *o)
{
	return o->arg[0] == BPF_DEVCG_DEV_BLOCK ? "b" : "c";
}

static void describe_device(const struct ringwall_object *o, char *ret, size_t size)
{
	char access[4];

	device_access(o->arg[3], access);
	snprintf(ret, size, "%s %u:%u %s", device_type(o), o->arg[1], o->arg[2], access);
}

static const char *address_text(const struct ringwall_object *o, char buf[RINGWALL_ADDRESS_TEXT])
{
	return o->family ? ringwall_address_text(o->family, o->address, -1, buf) : NULL;
}

static const char *protocol_text(const struct ringwall_object *o, char buf[8])
{
	const char *word = ringwall_name_of(ringwall_protocol_names, o->protocol);

	snprintf(buf, 8, "%u", o->protocol);
	return word ?: buf;
}

/* "tcp 10.1.2.3:443 api.example.com" */
static void describe_address(const struct ringwall_object *o, const char *name, char *ret, size_t size)
{
	char address[RINGWALL_ADDRESS_TEXT], number[8];
	bool brackets = o->family == 6 && o->port;

	snprintf(ret, size, "%s %s%s%s", protocol_text(o, number), brackets ? "[" : "", address_text(o, address) ?: "*",
		 brackets ? "]" : "");
	if (o->port)
		add(ret, size, ":%u", o->port);
	if (*name)
		add(ret, size, " %s", name);
}

static void add_word(char *ret, size_t size, const struct ringwall_word *table, uint32_t number)
{
	const char *word = ringwall_name_of(table, number);

	add(ret, size, "%s", *ret ? " " : "");
	if (word)
		add(ret, size, "%s", word);
	else
		add(ret, size, "%u", number);
}

static void describe_socket(const struct ringwall_object *o, char *ret, size_t size)
{
	add_word(ret, size, ringwall_family_names, o->arg[0]);
	add_word(ret, size, ringwall_socket_type_names, o->arg[1]);
	if (o->arg[0] == AF_NETLINK)
		add_word(ret, size, ringwall_netlink_names, o->arg[2]);
	else if (o->arg[2])
		add_word(ret, size, ringwall_protocol_names, o->arg[2]);
}

static const char *facility(const struct ringwall_object *o)
{
	return o->set == RINGWALL_SET_TAMPER ? "ringwall's own objects" : ringwall_kernel_name(o->arg[0]) ?: "?";
}

static void describe_kernel(const struct ringwall_object *o, char *ret, size_t size)
{
	snprintf(ret, size, "%s", facility(o));
	if (o->set == RINGWALL_SET_TAMPER)
		return;
	if (o->arg[0] == RINGWALL_KERNEL_SIGNAL_OUT && sigabbrev_np((int)o->arg[1]))
		add(ret, size, " SIG%s", sigabbrev_np((int)o->arg[1]));
	else if (o->arg[1])
		add(ret, size, " %u", o->arg[1]);
	if (o->arg[2])
		add(ret, size, " %u", o->arg[2]);
	/* A module, or an abstract socket. */
	if (o->path[0])
		add(ret, size, " %.*s", (int)sizeof(o->path), o->path);
}

static void capability_text(uint32_t cap, char *ret, size_t size)
{
	const char *name = ringwall_capability_name(cap);

	if (name)
		snprintf(ret, size, "%s", name);
	else
		snprintf(ret, size, "capability %u", cap);
}

/* "keyctl", "keyctl (32-bit)" */
static void syscall_text(const struct ringwall_object *o, char *ret, size_t size)
{
	const struct ringwall_syscall_name *row = ringwall_syscall_name(o->arg[0]);

	if (o->arg[0] == RINGWALL_SYSCALL_DEVICE)
		snprintf(ret, size, "open of /dev/ringwall");
	else if (row)
		snprintf(ret, size, "%s", row->name);
	else
		snprintf(ret, size, "%u", o->arg[0]);
	if (o->arg[1])
		add(ret, size, " (32-bit)");
}

static void describe_object(const struct ringwall_told *t, const struct ringwall_about *a, char *ret, size_t size)
{
	const struct ringwall_object *o = &t->event->what.object;

	ret[0] = '\0';
	if (ringwall_object_has_path(o))
		describe_path(o, a, ret, size);
	else if (has_address(o))
		describe_address(o, t->name, ret, size);
	else if (o->op == RINGWALL_DO_DEVICE)
		describe_device(o, ret, size);
	else if (o->op == RINGWALL_DO_SOCKET)
		describe_socket(o, ret, size);
	else if (o->op == RINGWALL_DO_KERNEL)
		describe_kernel(o, ret, size);
	else if (o->op == RINGWALL_DO_CAPABLE)
		capability_text(o->arg[0], ret, size);
	else if (o->op == RINGWALL_DO_SYSCALL)
		syscall_text(o, ret, size);
}

/*
 * config.json's list stands before what every container gets, and a policy's behind that; what config.json refuses
 * without a rule is rule 0. Return: whether it is config.json's.
 */
static bool describe_device_rule(const struct ringwall_about *a, uint32_t *number, struct ringwall_rule_words *ret)
{
	size_t defaults;

	ringwall_device_defaults(&defaults);
	if (*number > a->n_devices + defaults) {
		*number -= (uint32_t)(a->n_devices + defaults);
		return false;
	}
	snprintf(ret->origin, sizeof(ret->origin), "config.json");
	if (!*number)
		snprintf(ret->text, sizeof(ret->text), "no rule of linux.resources.devices allows it");
	else
		snprintf(ret->text, sizeof(ret->text), "linux.resources.devices[%u]", *number - 1);
	return true;
}

void ringwall_describe_rule(const struct ringwall_about *a, uint32_t set, uint32_t number,
			    struct ringwall_rule_words *ret)
{
	const struct ringwall_rule *rule;

	*ret = (struct ringwall_rule_words){ 0 };
	if (set == RINGWALL_SET_DEVICE && describe_device_rule(a, &number, ret))
		return;
	rule = a->model ? ringwall_model_rule(a->model, set, number) : NULL;
	if (rule) {
		snprintf(ret->text, sizeof(ret->text), "%s", rule->text);
		ringwall_origin_text(&rule->origin, ret->origin);
	} else if (set == RINGWALL_SET_TAMPER) {
		snprintf(ret->text, sizeof(ret->text), "no container may touch Ringwall's own objects");
	} else {
		snprintf(ret->text, sizeof(ret->text), "%s rule %u", set < RINGWALL_SETS ? ringwall_set_name(set) : "?",
			 number);
	}
}

void ringwall_describe_rule_json(uint32_t set, uint32_t number, const struct ringwall_rule_words *w,
				 struct ringwall_json_out *o)
{
	ringwall_json_out_object(o, "rule");
	ringwall_json_out_str(o, "set", ringwall_set_name(set));
	ringwall_json_out_u64(o, "number", number);
	ringwall_json_out_str(o, "text", w->text);
	ringwall_json_out_str(o, "origin", *w->origin ? w->origin : NULL);
	ringwall_json_out_end(o, '}');
}

/* RFC 3339, UTC, milliseconds. */
static void time_text(const struct ringwall_told *t, const struct ringwall_about *a, char ret[32])
{
	int64_t ns = a->boot + (int64_t)t->event->time;
	time_t s = ns / NSEC;
	char seconds[24];
	struct tm tm;

	gmtime_r(&s, &tm);
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(ret, 32, "%s.%03uZ", seconds, (unsigned int)(ns % NSEC / 1000000));
}

static const char *verdict_text(const struct ringwall_event *ev)
{
	return ev->verdict == RINGWALL_VERDICT_AUDITED ? "audited" : "denied";
}

/*
 * Names of files and processes are whatever a container wants them to be. A line of text stays one, and does nothing to a
 * terminal: bytes that are control characters (of one byte or, in UTF-8, of two), no UTF-8 or a backslash become "\\ooo", as in
 * /proc/self/mountinfo.
 */
static char *printable(const char *s)
{
	size_t len = strlen(s), n;
	char *ret = malloc(len * 4 + 1), *to = ret;

	for (; ret && len; s += n, len -= n) {
		const unsigned char *u = (const unsigned char *)s;

		n = *u == '\\' || *u < 0x20 || *u == 0x7f ? 0 : ringwall_json_utf8(s, len);
		if (!n || (u[0] == 0xc2 && u[1] < 0xa0)) {
			n = 1;
			to += sprintf(to, "\\%03o", *u);
		} else {
			to = mempcpy(to, s, n);
		}
	}
	if (ret)
		*to = '\0';
	return ret;
}

char *ringwall_describe_text(const struct ringwall_told *t, const struct ringwall_about *a)
{
	_cleanup_free_ char *raw = NULL;
	const struct ringwall_event *ev = t->event;
	const char *error = ev->error ? strerrorname_np((int)ev->error) : NULL;
	char when[32], object[OBJECT_TEXT], who[320] = "a packet";
	struct ringwall_rule_words rule;

	time_text(t, a, when);
	if (ev->pid)
		snprintf(who, sizeof(who), "%.16s[%u]%s%s", ev->comm, ev->pid, *t->exe ? " " : "", t->exe);
	describe_object(t, a, object, sizeof(object));
	ringwall_describe_rule(a, ev->what.object.set, ev->what.rule, &rule);
	if (asprintf(&raw, "%s %s %s: %s %s: %s%s%s: %s%s%s%s", when, a->name ?: a->id, who, op_name(ev->what.object.op),
		     object, verdict_text(ev), error ? " " : "", error ?: "", rule.text, *rule.origin ? " (" : "",
		     rule.origin, *rule.origin ? ")" : "") < 0)
		return NULL;
	return printable(raw);
}

/* The parts of what it was done to, each for itself. */
static void put_device(const struct ringwall_object *o, struct ringwall_json_out *out)
{
	char access[4];

	device_access(o->arg[3], access);
	ringwall_json_out_object(out, "device");
	ringwall_json_out_str(out, "type", device_type(o));
	ringwall_json_out_u64(out, "major", o->arg[1]);
	ringwall_json_out_u64(out, "minor", o->arg[2]);
	ringwall_json_out_str(out, "access", access);
	ringwall_json_out_end(out, '}');
}

static void put_address(const struct ringwall_told *t, struct ringwall_json_out *out)
{
	const struct ringwall_object *o = &t->event->what.object;
	char address[RINGWALL_ADDRESS_TEXT], number[8];

	if (o->family)
		ringwall_json_out_str(out, "address", address_text(o, address));
	if (*t->name)
		ringwall_json_out_str(out, "name", t->name);
	ringwall_json_out_str(out, "protocol", protocol_text(o, number));
	ringwall_json_out_u64(out, "port", o->port);
}

static void put_path(const struct ringwall_object *o, const struct ringwall_about *a, struct ringwall_json_out *out)
{
	char path[OBJECT_TEXT], rights[RINGWALL_RIGHTS_TEXT];

	ringwall_object_path(o, a->places, path, sizeof(path));
	ringwall_rights_text(o->rights, rights);
	ringwall_json_out_str(out, "path", path);
	ringwall_json_out_str(out, "rights", rights);
}

static void put_socket(const struct ringwall_object *o, struct ringwall_json_out *out)
{
	ringwall_json_out_str(out, "family", ringwall_name_of(ringwall_family_names, o->arg[0]));
	ringwall_json_out_str(out, "type", ringwall_name_of(ringwall_socket_type_names, o->arg[1]));
	ringwall_json_out_u64(out, "protocol", o->arg[2]);
}

static void put_syscall(const struct ringwall_object *o, struct ringwall_json_out *out)
{
	const struct ringwall_syscall_name *row = ringwall_syscall_name(o->arg[0]);

	ringwall_json_out_str(out, "syscall", row ? row->name : NULL);
	ringwall_json_out_str(out, "architecture", o->arg[1] ? "x86" : "x86_64");
}

static void put_parts(const struct ringwall_told *t, const struct ringwall_about *a, struct ringwall_json_out *out)
{
	const struct ringwall_object *o = &t->event->what.object;
	char name[48];

	if (ringwall_object_has_path(o)) {
		put_path(o, a, out);
	} else if (has_address(o)) {
		put_address(t, out);
	} else if (o->op == RINGWALL_DO_DEVICE) {
		put_device(o, out);
	} else if (o->op == RINGWALL_DO_SOCKET) {
		put_socket(o, out);
	} else if (o->op == RINGWALL_DO_KERNEL) {
		ringwall_json_out_str(out, "facility", facility(o));
	} else if (o->op == RINGWALL_DO_CAPABLE) {
		capability_text(o->arg[0], name, sizeof(name));
		ringwall_json_out_str(out, "capability", name);
	} else if (o->op == RINGWALL_DO_SYSCALL) {
		put_syscall(o, out);
	}
}

static void put_who(const struct ringwall_told *t, struct ringwall_json_out *out)
{
	const struct ringwall_event *ev = t->event;
	char comm[sizeof(ev->comm) + 1];

	if (!ev->pid)
		return;
	snprintf(comm, sizeof(comm), "%.16s", ev->comm);
	ringwall_json_out_u64(out, "pid", ev->pid);
	ringwall_json_out_u64(out, "tid", ev->tid);
	ringwall_json_out_u64(out, "uid", ev->uid);
	ringwall_json_out_str(out, "comm", comm);
	if (*t->exe)
		ringwall_json_out_str(out, "exe", t->exe);
}

void ringwall_describe_json(const struct ringwall_told *t, const struct ringwall_about *a,
			    struct ringwall_json_out *out)
{
	const struct ringwall_event *ev = t->event;
	char when[32], object[OBJECT_TEXT];
	struct ringwall_rule_words rule;

	time_text(t, a, when);
	describe_object(t, a, object, sizeof(object));
	ringwall_describe_rule(a, ev->what.object.set, ev->what.rule, &rule);
	ringwall_json_out_str(out, "time", when);
	ringwall_json_out_str(out, "id", a->id);
	if (a->name)
		ringwall_json_out_str(out, "container", a->name);
	ringwall_json_out_u64(out, "number", ev->number);
	put_who(t, out);
	ringwall_json_out_str(out, "operation", op_name(ev->what.object.op));
	ringwall_json_out_str(out, "object", object);
	put_parts(t, a, out);
	ringwall_describe_rule_json(ev->what.object.set, ev->what.rule, &rule, out);
	ringwall_json_out_str(out, "verdict", verdict_text(ev));
	ringwall_json_out_str(out, "errno", ev->error ? strerrorname_np((int)ev->error) : NULL);
}
