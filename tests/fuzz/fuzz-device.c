// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * linux.resources.devices: whatever the list, the compiled table says about a device what the list says read rule by
 * rule (the last that matches decides each access bit).
 */
#include <errno.h>
#include <string.h>

#include "../../user/policy/device.h"
#include "runner.h"

#define RULES_MAX 64
#define RULE_BYTES 4

/* Few numbers, so that rules meet. */
static int64_t number(uint8_t byte)
{
	return byte % 6 == 5 ? -1 : byte % 6;
}

static struct ringwall_device_rule rule(const uint8_t *p)
{
	return (struct ringwall_device_rule){
		.allow = p[0] & 1, .type = "abc"[(p[0] >> 1) % 3], .major = number(p[1]), .minor = number(p[2]),
		.access = p[3] & RINGWALL_ACCESS_ALL,
	};
}

static bool matches(const struct ringwall_device_rule *r, char type, uint32_t major, uint32_t minor)
{
	return (r->type == 'a' || r->type == type) && (r->major < 0 || r->major == major) &&
	       (r->minor < 0 || r->minor == minor);
}

static uint32_t allowed(const struct ringwall_device_rule *rules, size_t n, uint32_t before, char type, uint32_t major,
			uint32_t minor)
{
	for (size_t i = 0; i < n; i++)
		if (matches(&rules[i], type, major, minor))
			before = rules[i].allow ? before | rules[i].access : before & ~(uint32_t)rules[i].access;
	return before;
}

static void compare(const struct ringwall_device_table *t, const struct ringwall_device_rule *rules, size_t n, char type)
{
	size_t n_defaults;
	const struct ringwall_device_rule *defaults = ringwall_device_defaults(&n_defaults);

	for (uint32_t major = 0; major < 7; major++) {
		for (uint32_t minor = 0; minor < 7; minor++) {
			uint32_t want = allowed(rules, n, 0, type, major, minor);

			want = allowed(defaults, n_defaults, want, type, major, minor);
			MUST(ringwall_device_find(t, type, major, minor)->allowed == want);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ringwall_device_rule rules[RULES_MAX];
	struct ringwall_device_table t;
	struct ringwall_err e = { 0 };
	size_t n;
	int r;

	for (n = 0; n < RULES_MAX && (n + 1) * RULE_BYTES <= size; n++)
		rules[n] = rule(data + n * RULE_BYTES);
	r = ringwall_device_compile(rules, n, &t, &e);
	MUST(!r || (r == -E2BIG && e.code == r));
	if (r)
		return 0;
	compare(&t, rules, n, 'b');
	compare(&t, rules, n, 'c');
	ringwall_device_free(&t);
	return 0;
}
