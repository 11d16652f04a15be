// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/lib/cleanup.h"
#include "../../user/policy/draft.h"

#define R RINGWALL_DEVICE_READ
#define W RINGWALL_DEVICE_WRITE
#define M RINGWALL_DEVICE_MKNOD
#define RWM (R | W | M)

/*
 * The specification, read literally: walk the whole list, each rule that matches overwrites the bits it names.
 * Nothing here is shared with the compiler under test.
 */
struct answer {
	bool allowed[3];
	uint32_t rule[3];
};

static void apply(struct answer *a, const struct ringwall_device_rule *r, uint32_t rule, char type, uint32_t major,
		  uint32_t minor)
{
	if (r->type != 'a' && r->type != type)
		return;
	if ((r->major >= 0 && r->major != major) || (r->minor >= 0 && r->minor != minor))
		return;
	for (int bit = 0; bit < 3; bit++) {
		if (!(r->access & (1 << bit)))
			continue;
		a->allowed[bit] = r->allow;
		a->rule[bit] = r->allow ? 0 : rule;
	}
}

static struct answer oracle(const struct ringwall_device_rule *rules, size_t n, char type, uint32_t major,
			    uint32_t minor)
{
	size_t n_defaults;
	const struct ringwall_device_rule *defaults = ringwall_device_defaults(&n_defaults);
	struct answer a = { 0 };

	for (size_t i = 0; i < n; i++)
		apply(&a, &rules[i], (uint32_t)i + 1, type, major, minor);
	for (size_t i = 0; i < n_defaults; i++)
		apply(&a, &defaults[i], (uint32_t)(n + i) + 1, type, major, minor);
	return a;
}

static void assert_same(const struct ringwall_device_rule *rules, size_t n, const struct ringwall_device_table *t,
			char type, uint32_t major, uint32_t minor)
{
	struct answer want = oracle(rules, n, type, major, minor);
	const struct ringwall_device_verdict *v = ringwall_device_find(t, type, major, minor);

	for (int bit = 0; bit < 3; bit++) {
		if (!!(v->allowed & (1U << bit)) == want.allowed[bit] && v->rule[bit] == want.rule[bit])
			continue;
		for (size_t i = 0; i < n; i++)
			print_error("%s %c %d:%d %x\n", rules[i].allow ? "allow" : "deny", rules[i].type,
				    (int)rules[i].major, (int)rules[i].minor, rules[i].access);
		fail_msg("%c %u:%u bit %d: %u by rule %u, want %u by %u", type, major, minor, bit, v->allowed,
			 v->rule[bit], want.allowed[bit], want.rule[bit]);
	}
}

/* Numbers that rules name, their neighbours, and the edges of the range. */
static const uint32_t majors[] = { 0, 1, 2, 5, 8, 10, 136, 4095, 0xfffffffe };
static const uint32_t minors[] = { 0, 1, 2, 3, 5, 8, 200, 0xfffff, 0xfffffffe };

static void check(const struct ringwall_device_rule *rules, size_t n)
{
	struct ringwall_device_table t;
	struct ringwall_err e = { 0 };

	assert_int_equal(ringwall_device_compile(rules, n, &t, &e), 0);
	for (size_t i = 0; i < ARRAY_SIZE(majors); i++)
		for (size_t j = 0; j < ARRAY_SIZE(minors); j++) {
			assert_same(rules, n, &t, 'b', majors[i], minors[j]);
			assert_same(rules, n, &t, 'c', majors[i], minors[j]);
		}
	ringwall_device_free(&t);
}

static int64_t pick(const uint32_t *v, size_t n)
{
	return random() % 3 ? (int64_t)v[(size_t)random() % n] : -1;
}

static void random_lists(void **state)
{
	(void)state;
	srandom(20240607);
	for (int round = 0; round < 4000; round++) {
		struct ringwall_device_rule rules[14];
		size_t n = (size_t)random() % ARRAY_SIZE(rules);

		for (size_t i = 0; i < n; i++)
			rules[i] = (struct ringwall_device_rule){
				.allow = random() % 2, .type = "abc"[random() % 3], .access = (uint8_t)(random() % 8),
				.major = pick(majors, ARRAY_SIZE(majors)), .minor = pick(minors, ARRAY_SIZE(minors)),
			};
		check(rules, n);
	}
}

static uint32_t allowed(const struct ringwall_device_rule *rules, size_t n, char type, uint32_t major, uint32_t minor)
{
	struct ringwall_device_table t;
	uint32_t v;

	assert_int_equal(ringwall_device_compile(rules, n, &t, NULL), 0);
	v = ringwall_device_find(&t, type, major, minor)->allowed;
	ringwall_device_free(&t);
	return v;
}

/* Written out by hand, so that compiler and oracle cannot be wrong together. */
static void known_lists(void **state)
{
	static const struct ringwall_device_rule hole[] = {
		{ true, 'c', 10, -1, R | W }, { false, 'c', 10, 200, W }, { true, 'a', -1, 7, R }, { false, 'b', 8, -1, R },
	};
	static const struct ringwall_device_rule closed[] = { { false, 'a', -1, -1, RWM } };

	(void)state;
	assert_int_equal(allowed(NULL, 0, 'c', 1, 3), RWM);
	assert_int_equal(allowed(NULL, 0, 'c', 136, 12345), RWM);
	assert_int_equal(allowed(NULL, 0, 'c', 5, 1), M);
	assert_int_equal(allowed(NULL, 0, 'c', 10, 200), M);
	assert_int_equal(allowed(NULL, 0, 'b', 8, 0), M);
	assert_int_equal(allowed(closed, 1, 'c', 1, 3), RWM); /* the defaults come last, as in runc */
	assert_int_equal(allowed(closed, 1, 'b', 8, 0), M);
	assert_int_equal(allowed(hole, 4, 'c', 10, 1), RWM);
	assert_int_equal(allowed(hole, 4, 'c', 10, 200), R | M);
	assert_int_equal(allowed(hole, 4, 'c', 10, 7), RWM);
	assert_int_equal(allowed(hole, 4, 'c', 11, 7), R | M);
	assert_int_equal(allowed(hole, 4, 'b', 11, 7), R | M);
	assert_int_equal(allowed(hole, 4, 'b', 8, 7), M); /* where (8, *) and (*, 7) cross, the later rule holds */
}

static void refusals_name_rules(void **state)
{
	static const struct ringwall_device_rule rules[] = {
		{ true, 'a', -1, -1, RWM }, { false, 'c', 10, -1, R }, { false, 'c', 10, 200, W },
	};
	struct ringwall_device_table t;
	const struct ringwall_device_verdict *v;

	(void)state;
	assert_int_equal(ringwall_device_compile(rules, 3, &t, NULL), 0);
	v = ringwall_device_find(&t, 'c', 10, 200);
	assert_int_equal(v->allowed, M);
	assert_int_equal(v->rule[0], 0);
	assert_int_equal(v->rule[1], 2);
	assert_int_equal(v->rule[2], 3);
	ringwall_device_free(&t);
}

static void draft_of(const struct ringwall_device_rule *rules, size_t n, struct ringwall_draft *ret)
{
	struct ringwall_resources r = { .devices = (struct ringwall_device_rule *)rules, .n_devices = n };

	assert_int_equal(ringwall_draft_compile(&r, NULL, ret, NULL), 0);
}

static void same_meaning_same_policy(void **state)
{
	static const struct ringwall_device_rule all_1[] = { { true, 'a', -1, -1, RWM } };
	static const struct ringwall_device_rule all_2[] = {
		{ false, 'a', -1, -1, RWM }, { true, 'c', 10, 3, R }, { true, 'b', -1, -1, RWM }, { true, 'c', -1, -1, RWM },
	};
	static const struct ringwall_device_rule other[] = { { true, 'a', -1, -1, R | M } };
	struct ringwall_draft a, b, c;

	(void)state;
	draft_of(all_1, ARRAY_SIZE(all_1), &a);
	draft_of(all_2, ARRAY_SIZE(all_2), &b);
	draft_of(other, ARRAY_SIZE(other), &c);
	assert_int_equal(a.section[RINGWALL_SECTION_DEVICES].n, 0); /* a privileged container costs no lookup */
	assert_int_equal(a.policy.flags, 0);
	assert_memory_equal(&a.policy, &b.policy, sizeof(a.policy));
	assert_memory_not_equal(a.policy.sha256, c.policy.sha256, sizeof(a.policy.sha256));
	ringwall_draft_free(&a);
	ringwall_draft_free(&b);
	ringwall_draft_free(&c);
}

static void refused(void **state)
{
	static const struct ringwall_device_rule bad[] = {
		{ true, 'p', 1, 1, R }, { true, 0, 1, 1, R }, { true, 'c', -2, 1, R }, { true, 'c', 1, 0xffffffffLL, R },
		{ true, 'c', 1LL << 40, 1, R },
	};
	_cleanup_free_ struct ringwall_device_rule *many = calloc(RINGWALL_DEVICE_RULES_MAX + 1, sizeof(*many));
	struct ringwall_device_table t;
	struct ringwall_err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(ringwall_device_compile(&bad[i], 1, &t, &e), -EINVAL);
		assert_non_null(strstr(e.text, "linux.resources.devices[0]"));
	}
	for (uint32_t i = 0; i <= RINGWALL_DEVICE_RULES_MAX; i++)
		many[i] = (struct ringwall_device_rule){ true, 'c', i, i, R };
	assert_int_equal(ringwall_device_compile(many, RINGWALL_DEVICE_RULES_MAX + 1, &t, &e), -E2BIG);
	assert_int_equal(ringwall_device_compile(many, RINGWALL_DEVICE_RULES_MAX, &t, &e), 0);
	ringwall_device_free(&t);
	/* 2,000 majors crossing 2,000 minors would be 4,000,000 entries. */
	for (uint32_t i = 0; i < RINGWALL_DEVICE_RULES_MAX; i++)
		many[i] = (struct ringwall_device_rule){ true, 'c', i % 2 ? -1 : (int64_t)i, i % 2 ? (int64_t)i : -1,
							 i % 2 ? R : W };
	assert_int_equal(ringwall_device_compile(many, RINGWALL_DEVICE_RULES_MAX, &t, &e), -E2BIG);
}

/* A policy's list takes away and never gives; what it is silent about stays. */
static void policy_narrows(void **state)
{
	const struct ringwall_device_rule given[] = { { true, 'c', 200, -1, R | W | M }, { true, 'b', 8, 0, R } };
	const struct ringwall_device_rule narrow[] = { { false, 'c', 200, 1, W }, { false, 'b', 8, -1, R },
						       { true, 'c', 201, -1, R } };
	struct ringwall_device_table t;
	const struct ringwall_device_verdict *v;
	size_t n_defaults;

	(void)state;
	ringwall_device_defaults(&n_defaults);
	assert_int_equal(ringwall_device_intersect(given, 2, narrow, 3, &t, NULL), 0);
	assert_int_equal(ringwall_device_find(&t, 'c', 200, 2)->allowed, R | W | M);
	v = ringwall_device_find(&t, 'c', 200, 1);
	assert_int_equal(v->allowed, R | M);
	assert_int_equal(v->rule[2], 2 + n_defaults + 1); /* behind what was given */
	assert_int_equal(ringwall_device_find(&t, 'b', 8, 0)->allowed & R, 0);
	assert_int_equal(ringwall_device_find(&t, 'c', 201, 0)->allowed & R, 0); /* nobody gave it */
	assert_int_equal(ringwall_device_find(&t, 'c', 1, 3)->allowed, R | W | M);
	ringwall_device_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_lists),		    cmocka_unit_test(known_lists),
		cmocka_unit_test(refusals_name_rules),	    cmocka_unit_test(same_meaning_same_policy),
		cmocka_unit_test(refused),
		cmocka_unit_test(policy_narrows),
	};

	return cmocka_run_group_tests_name("device", tests, NULL, NULL);
}
