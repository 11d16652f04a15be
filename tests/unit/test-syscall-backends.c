// SPDX-License-Identifier: LGPL-2.1-or-later

/*
 * One policy, two backends: random policies and calls, judged by the gate (the draft's bitmaps, and ringwall_judge() as in the
 * BPF program) and by the seccomp filter, which an interpreter runs. Both must say the same. What is expected to differ:
 *  - The gate sees known calls only. Other numbers, x32 and architectures that are not listed are the filter's in either mode,
 *    and what is expected of it there is written down here once more, by other means (expected_unknown()).
 *  - live: of a call that a sealed rule refuses, the filter gives that rule's errno, and an earlier rule that is not sealed, which
 *    the gate would have gone by, may have another one. It is refused either way.
 * TEST_SEED=N for other policies, TEST_POLICIES=N for more.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#include "cbpf.h"
#include "child.h"

#include "../../bpf/judge.h"
#include "../../user/lib/cleanup.h"
#include "../../user/policy/draft.h"
#include "../../user/policy/syscall-filter.h"

#define X32_BIT 0x40000000U
#define RULES_MAX 24
#define IDS_MAX 48
#define ARGS_MAX 3
#define VALUES_MAX 32
#define POLICIES 3000
#define NUMBERS 512 /* above every known one */

/* Random numbers ----------------------------------------------------------------------------------------------- */

static uint64_t seed, state;

static uint64_t rnd(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static uint64_t below(uint64_t n)
{
	return rnd() % n;
}

static bool one_in(uint64_t n)
{
	return !below(n);
}

/* Policies ----------------------------------------------------------------------------------------------------- */

/**
 * struct sample - a policy and what it was compiled to.
 * @values: what its rules compare with, so that calls can be near that
 * @absent: what the gate is said not to hook
 */
struct sample {
	struct ringwall_model m;
	struct ringwall_syscall_rule rules[RULES_MAX];
	uint16_t ids[RULES_MAX][IDS_MAX];
	struct ringwall_syscall_arg args[RULES_MAX][ARGS_MAX];
	uint64_t values[VALUES_MAX];
	size_t n_values;
	uint64_t absent[RINGWALL_SYSCALL_WORDS];
	struct ringwall_draft draft;
	struct ringwall_syscall_verdicts *forever;
	struct ringwall_filter sealed, live;
};

static struct sample s;

static const struct ringwall_syscall_name *random_row(void)
{
	size_t n;
	const struct ringwall_syscall_name *rows = ringwall_syscall_rows(&n);

	return &rows[below(n)];
}

static uint64_t random_value(void)
{
	static const uint64_t some[] = {
		0, 1, 2, 3, 16, 17, 40, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x100000001, 0x7e020000,
		0x7fffffffffffffff, 0x8000000000000000, 0xffffffff00000000, 0xffffffffffffffff,
	};

	return one_in(4) ? rnd() >> below(64) : some[below(ARRAY_SIZE(some))];
}

static struct ringwall_syscall_arg random_arg(void)
{
	struct ringwall_syscall_arg a = {
		.index = (uint8_t)below(one_in(3) ? 6 : 2), .op = (uint8_t)below(6),
		.mask = one_in(2) ? UINT64_MAX : random_value(), .value = random_value(),
	};

	s.values[s.n_values++ % VALUES_MAX] = a.value;
	return a;
}

/* A few calls, or a run of neighbours; now and then one that stands for others. */
static void random_ids(struct ringwall_syscall_rule *r, uint16_t *ids)
{
	static const char *const special[] = { "socketcall", "ipc", "socket", "semop", "read", "accept" };
	size_t n = one_in(3) ? 1 + below(IDS_MAX) : 1 + below(3), total;
	const struct ringwall_syscall_name *rows = ringwall_syscall_rows(&total);
	bool run = one_in(2);
	size_t from = below(total);

	r->ids = ids;
	for (size_t i = 0; i < n; i++)
		ids[i] = run ? rows[(from + i) % total].id : random_row()->id;
	if (one_in(4))
		ids[0] = ringwall_syscall_find(special[below(ARRAY_SIZE(special))])->id;
	r->n_ids = n;
}

static uint16_t random_error(void)
{
	static const uint16_t some[] = { EPERM, ENOSYS, EACCES, 1, 4095 };

	return one_in(3) ? (uint16_t)(1 + below(4095)) : some[below(ARRAY_SIZE(some))];
}

static void random_rule(size_t i, bool allow)
{
	struct ringwall_syscall_rule *r = &s.rules[i];

	*r = (struct ringwall_syscall_rule){
		.allow = allow, .sealed = !allow && one_in(4), .error = allow ? 0 : random_error(), .number = (uint32_t)i + 1,
		.args = s.args[i], .n_args = one_in(2) ? 0 : 1 + below(ARGS_MAX),
	};
	random_ids(r, s.ids[i]);
	for (size_t j = 0; j < r->n_args; j++)
		r->args[j] = random_arg();
}

static void random_model(void)
{
	size_t n = below(RULES_MAX + 1), allowed = n ? below(n + 1) : 0;

	memset(&s, 0, sizeof(s));
	s.values[s.n_values++] = 1; /* there is always one */
	s.m.name = "random";
	if (one_in(6))
		s.m.audit = 1U << RINGWALL_SET_SYSCALL;
	s.m.syscalls = (struct ringwall_syscall_list){
		.set = true, .deny_default = one_in(2), .i386 = !one_in(6), .error = random_error(), .rules = s.rules, .n = n,
	};
	for (size_t i = 0; i < n; i++)
		random_rule(i, i < allowed);
	for (size_t i = 0; one_in(3) && i < 10; i++) {
		uint16_t id = random_row()->id;

		s.absent[id / 64] |= 1ULL << id % 64;
	}
}

static void sample_free(void)
{
	ringwall_draft_free(&s.draft);
	ringwall_filter_free(&s.sealed);
	ringwall_filter_free(&s.live);
	free(s.forever);
	s.forever = NULL;
}

/* Return: whether it is within bounds. */
static bool compile(void)
{
	static const struct ringwall_resources nothing;
	struct ringwall_err e = { 0 };
	int err;

	s.m.syscalls.mode = RINGWALL_SYSCALLS_LIVE;
	err = ringwall_draft_compile(&nothing, &s.m, &s.draft, &e);
	if (!err)
		err = ringwall_syscall_verdicts(&s.m, RINGWALL_SYSCALLS_FOREVER, &s.forever, &e);
	if (!err)
		err = ringwall_syscall_filter(&s.m, s.absent, &s.live, &e);
	s.m.syscalls.mode = RINGWALL_SYSCALLS_SEALED;
	if (!err)
		err = ringwall_syscall_filter(&s.m, NULL, &s.sealed, &e);
	if (err && err != -E2BIG)
		fail_msg("%s", e.text);
	if (err)
		sample_free();
	return !err;
}

/* The gate ----------------------------------------------------------------------------------------------------- */

static const struct ringwall_syscall_name *row_of(bool i386, uint32_t nr)
{
	static const struct ringwall_syscall_name *rows[2][NUMBERS];
	size_t n;
	const struct ringwall_syscall_name *all = ringwall_syscall_rows(&n);

	if (!rows[0][0])
		for (size_t i = 0; i < n; i++) {
			if (all[i].x64 >= 0)
				rows[0][all[i].x64] = &all[i];
			if (all[i].i386 >= 0)
				rows[1][all[i].i386] = &all[i];
		}
	return nr < NUMBERS ? rows[i386][nr] : NULL;
}

static bool bit(const __u64 *words, uint32_t id)
{
	return words[id / 64] >> id % 64 & 1;
}

static bool is_absent(uint32_t id)
{
	return s.absent[id / 64] >> id % 64 & 1;
}

static const struct ringwall_syscall *entry_of(uint32_t id)
{
	const struct ringwall_section *sec = &s.draft.section[RINGWALL_SECTION_SYSCALLS];
	const struct ringwall_syscall_key *keys = sec->keys;

	for (uint32_t i = 0; i < sec->n; i++)
		if (keys[i].id == id)
			return (const struct ringwall_syscall *)sec->values + i;
	fail_msg("id %u is ruled, and has no entry", id);
	return NULL;
}

static uint32_t gate(uint32_t id, const __u64 args[8])
{
	const struct ringwall_policy *p = &s.draft.policy;
	uint32_t rule;

	if (bit(p->syscall_ruled, id))
		return ringwall_judge(entry_of(id), args, &rule);
	return bit(p->syscall_refused, id) ? p->syscall_error : 0;
}

/* Calls -------------------------------------------------------------------------------------------------------- */

static void random_call(struct seccomp_data *d, bool i386, uint32_t nr)
{
	*d = (struct seccomp_data){ .nr = (int)nr, .arch = i386 ? AUDIT_ARCH_I386 : AUDIT_ARCH_X86_64, .instruction_pointer = rnd() };
	for (size_t i = 0; i < 6; i++) {
		uint64_t near = s.values[below(s.n_values < VALUES_MAX ? s.n_values : VALUES_MAX)] + below(3) - 1;

		d->args[i] = one_in(4) ? random_value() : one_in(8) ? near ^ 1ULL << below(64) : near;
		/* What stands for a call stands in small numbers, a version above it. */
		if (!i && one_in(3))
			d->args[0] = below(26) | (one_in(4) ? rnd() << 16 : 0);
	}
}

/* Registers as entry functions see them. */
static void arguments(const struct seccomp_data *d, __u64 args[8])
{
	bool i386 = d->arch == AUDIT_ARCH_I386;

	memset(args, 0, 8 * sizeof(*args));
	for (size_t i = 0; i < 6; i++)
		args[i] = i386 ? (uint32_t)d->args[i] : d->args[i];
}

static bool restricts(void)
{
	const struct ringwall_syscall_list *l = &s.m.syscalls;
	bool any = l->deny_default || !l->i386;

	for (size_t i = 0; i < l->n; i++)
		any = any || !s.rules[i].allow;
	return any;
}

/* errno, or -errno where not even an auditing policy lets it through; -1000: it is for the gate to say */
#define KNOWN (-1000)
static int expected_unknown(const struct seccomp_data *d)
{
	const struct ringwall_syscall_list *l = &s.m.syscalls;
	uint32_t nr = (uint32_t)d->nr;
	bool i386 = d->arch == AUDIT_ARCH_I386;

	if (i386 && !l->i386)
		return EPERM;
	if (!i386 && d->arch != AUDIT_ARCH_X86_64)
		return -EPERM;
	if (!i386 && nr >= X32_BIT)
		return -ENOSYS;
	if (row_of(i386, nr))
		return KNOWN;
	if (!l->deny_default)
		return 0;
	return nr > (uint32_t)ringwall_syscall_nr_max(i386) ? ENOSYS : l->error;
}

static uint32_t action(int error)
{
	if (error > 0 && s.m.audit)
		return SECCOMP_RET_LOG;
	return error ? SECCOMP_RET_ERRNO | (uint32_t)abs(error) : SECCOMP_RET_ALLOW;
}

static uint32_t run(const struct ringwall_filter *f, const struct seccomp_data *d)
{
	return f->prog.len ? cbpf_run(&f->prog, d, NULL) : SECCOMP_RET_ALLOW;
}

static char *call_text(const struct seccomp_data *d)
{
	static char text[300];
	const struct ringwall_syscall_name *row = row_of(d->arch == AUDIT_ARCH_I386, (uint32_t)d->nr);

	snprintf(text, sizeof(text), "%s %#x(%s) %#llx %#llx %#llx %#llx %#llx %#llx", d->arch == AUDIT_ARCH_I386 ? "i386" : "x86-64",
		 (uint32_t)d->nr, row ? row->name : "?", d->args[0], d->args[1], d->args[2], d->args[3], d->args[4], d->args[5]);
	return text;
}

/* Return: NULL, or what is wrong. */
static const char *compare(const struct seccomp_data *d)
{
	uint32_t sealed = run(&s.sealed, d), live = run(&s.live, d), forever;
	__u32 rule;
	int unknown = expected_unknown(d), unknown_sealed = restricts() ? unknown : 0;
	const struct ringwall_syscall_name *row;
	__u64 args[8];
	int refused;
	bool absent;

	if (unknown != KNOWN)
		return sealed != action(unknown_sealed) ? "sealed, unknown" : live != action(unknown) ? "live, unknown" : NULL;
	arguments(d, args);
	row = row_of(d->arch == AUDIT_ARCH_I386, (uint32_t)d->nr);
	refused = (int)gate(row->id, args);
	if (sealed != action(refused))
		return "sealed";
	absent = is_absent(row->id);
	forever = ringwall_judge(&s.forever->v[row->id], args, &rule);
	if (live != action(absent ? refused : (int)forever))
		return "live: not what is for ever, and absent";
	if (forever && !refused)
		return "for ever, and not always";
	/* The filter, then the gate. */
	if (live == SECCOMP_RET_ALLOW && action(absent ? 0 : refused) != sealed)
		return "live and gate";
	return NULL;
}

static unsigned long calls, refusals;

static void check(const struct seccomp_data *d)
{
	const char *wrong = compare(d);

	calls++;
	refusals += run(&s.sealed, d) != SECCOMP_RET_ALLOW;
	if (wrong)
		fail_msg("seed %llu: %s: %s: sealed %#x live %#x", (unsigned long long)seed, wrong, call_text(d), run(&s.sealed, d),
			 run(&s.live, d));
}

static void check_calls(bool i386)
{
	static const uint32_t far[] = {
		511, 512, 1023, 0x3fffffff, 0x40000000, 0x40000001, 0x40000200, 0x7fffffff, 0x80000000, 0xffffffff,
	};
	struct seccomp_data d;

	for (uint32_t nr = 0; nr < NUMBERS; nr++) {
		const struct ringwall_syscall_name *row = row_of(i386, nr);
		int n = row && bit(s.draft.policy.syscall_ruled, row->id) ? 8 : 1;

		while (n--) {
			random_call(&d, i386, nr);
			check(&d);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(far); i++) {
		random_call(&d, i386, far[i]);
		check(&d);
	}
	random_call(&d, i386, 1);
	d.arch = one_in(2) ? AUDIT_ARCH_AARCH64 : (uint32_t)rnd() | 1U << 20;
	check(&d);
}

/* What is allowed whatever its arguments are, the kernel must be able to tell. */
static void check_constants(const struct ringwall_filter *f, const struct ringwall_syscall_verdicts *v)
{
	for (uint32_t nr = 0; f->prog.len && nr < NUMBERS; nr++) {
		const struct ringwall_syscall_name *row = row_of(false, nr);

		if (row && !v->v[row->id].n && !v->v[row->id].error && !is_absent(row->id))
			assert_true(cbpf_is_const_allow(&f->prog, AUDIT_ARCH_X86_64, nr));
	}
}

static void check_sample(void)
{
	struct ringwall_syscall_verdicts *all;

	if (s.sealed.prog.len)
		assert_true(cbpf_is_valid(&s.sealed.prog) && s.sealed.flags == SECCOMP_FILTER_FLAG_SPEC_ALLOW && !s.sealed.notify);
	if (s.live.prog.len)
		assert_true(cbpf_is_valid(&s.live.prog));
	assert_int_equal(!s.sealed.prog.len, !restricts());
	assert_true(s.live.prog.len); /* against x32, whatever the policy restricts later */
	check_calls(false);
	check_calls(true);
	assert_false(ringwall_syscall_verdicts(&s.m, RINGWALL_SYSCALLS_ALL, &all, NULL));
	check_constants(&s.sealed, all);
	check_constants(&s.live, s.forever);
	free(all);
}

static uint64_t number_of(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

static void test_property(void **unused)
{
	uint64_t n = number_of("TEST_POLICIES", POLICIES);
	unsigned long skipped = 0;
	unsigned int longest = 0;

	(void)unused;
	seed = state = number_of("TEST_SEED", 20261128);
	calls = refusals = 0;
	for (uint64_t i = 0; i < n; i++) {
		random_model();
		if (!compile()) {
			skipped++;
			continue;
		}
		longest = s.sealed.prog.len > longest ? s.sealed.prog.len : longest;
		check_sample();
		sample_free();
	}
	printf("# seed %llu: %llu policies, %lu calls, %lu refused, longest filter %u; %lu policies out of bounds\n",
	       (unsigned long long)seed, (unsigned long long)n, calls, refusals, longest, skipped);
	assert_true(refusals > calls / 10 && refusals < calls - calls / 10 && skipped < n / 4);
}

/* Mutants ------------------------------------------------------------------------------------------------------ */

/*
 * The comparison can fail: it notices most returns and bounds that are changed; not code that nothing leads to, nor what only
 * rare arguments come to.
 */
static bool notices(void)
{
	struct seccomp_data d;

	for (uint32_t round = 0; round < 60; round++)
		for (uint32_t nr = 0; nr < 2 * NUMBERS; nr++) {
			random_call(&d, nr & 1, nr / 2 + (one_in(50) ? X32_BIT : 0));
			if (one_in(500))
				d.arch = AUDIT_ARCH_AARCH64;
			if (compare(&d))
				return true;
		}
	return false;
}

static void test_mutants(void **unused)
{
	unsigned int mutants = 0, noticed = 0;

	(void)unused;
	seed = state = number_of("TEST_SEED", 20261128) + 1;
	for (int i = 0; i < 12; i++) {
		random_model();
		s.m.audit = 0;
		if (!compile())
			continue;
		for (uint32_t pc = 0; pc < s.sealed.prog.len; pc++) {
			struct sock_filter *f = &s.sealed.prog.filter[pc], saved = *f;

			if (BPF_CLASS(f->code) == BPF_RET)
				f->k ^= SECCOMP_RET_ALLOW ^ (SECCOMP_RET_ERRNO | 77);
			else if (f->code == (BPF_JMP | BPF_JGE | BPF_K))
				f->k++;
			else
				continue;
			mutants++;
			noticed += notices();
			*f = saved;
		}
		assert_false(notices());
		sample_free();
	}
	printf("# %u filters with one wrong instruction, %u noticed\n", mutants, noticed);
	assert_true(mutants > 100 && noticed > mutants * 6 / 10);
}

/* Bounds ------------------------------------------------------------------------------------------------------- */

/* Every call with as many comparisons as there can be: an error with a text, not a filter that the kernel refuses. */
static void test_too_big(void **unused)
{
	static struct ringwall_syscall_rule rules[400];
	static struct ringwall_syscall_arg args[400][16];
	static uint16_t ids[400];
	struct ringwall_model m = { .name = "big" };
	struct ringwall_filter f = { 0 };
	struct ringwall_err e = { 0 };
	size_t n = 0, total;
	const struct ringwall_syscall_name *rows = ringwall_syscall_rows(&total);
	int lengths[] = { 1, 4, 16 };

	(void)unused;
	for (size_t i = 0; i < total && n < ARRAY_SIZE(rules); i++) {
		if (i && rows[i].id == rows[i - 1].id)
			continue;
		ids[n] = rows[i].id;
		for (uint32_t j = 0; j < 16; j++)
			args[n][j] = (struct ringwall_syscall_arg){ (uint8_t)(j % 6), RINGWALL_COMPARE_NE, ~0ULL, rows[i].id + (uint64_t)j };
		rules[n] = (struct ringwall_syscall_rule){
			.error = EPERM, .number = (uint32_t)n + 1, .ids = &ids[n], .n_ids = 1, .args = args[n],
		};
		n++;
	}
	m.syscalls = (struct ringwall_syscall_list){
		.set = true, .i386 = true, .mode = RINGWALL_SYSCALLS_SEALED, .error = EPERM, .rules = rules, .n = n,
	};
	for (size_t k = 0; k < ARRAY_SIZE(lengths); k++) {
		int err;

		for (size_t i = 0; i < n; i++)
			rules[i].n_args = (size_t)lengths[k];
		err = ringwall_syscall_filter(&m, NULL, &f, &e);
		if (k == 0) {
			if (err)
				fail_msg("%s", e.text);
			assert_true(cbpf_is_valid(&f.prog));
			ringwall_filter_free(&f);
		} else if (k == 2) {
			assert_int_equal(err, -E2BIG);
			assert_non_null(strstr(e.text, "policy big: syscalls: more than the 4096 instructions"));
		} else if (!err) {
			ringwall_filter_free(&f);
		}
	}
}

static void test_nothing(void **unused)
{
	struct ringwall_filter f = { .flags = 1 };
	struct ringwall_model m = { .name = "nothing" };

	(void)unused;
	assert_int_equal(ringwall_syscall_filter(&m, NULL, &f, NULL), 0);
	assert_true(!f.prog.len && !f.prog.filter);
	m.syscalls = (struct ringwall_syscall_list){ .set = true, .i386 = true, .mode = RINGWALL_SYSCALLS_SEALED };
	assert_int_equal(ringwall_syscall_filter(&m, NULL, &f, NULL), 0);
	assert_true(!f.prog.len && !f.prog.filter);
}

/* In the kernel ------------------------------------------------------------------------------------------------ */

#ifdef __x86_64__

static long call64(long nr, long a, long b)
{
	long r;

	__asm__ volatile("syscall" : "=a"(r) : "a"(nr), "D"(a), "S"(b), "d"(0L) : "rcx", "r11", "memory");
	return r;
}

/* Registers whole: the upper halves are what a 64-bit program wants them to be. */
static long call32(long nr, unsigned long a)
{
	long r;

	__asm__ volatile("int $0x80" : "=a"(r) : "a"(nr), "b"(a), "c"(0L), "d"(0L), "S"(0L), "D"(0L) : "r8", "r9", "r10", "r11", "memory");
	return (int)r;
}

static void probe_int80(void *data)
{
	(void)data;
	if (call32(20, 0) != getpid())
		_exit(1);
}

#define I386_GETPID 20
#define I386_GETPPID 64
#define I386_PERSONALITY 136
#define I386_SOCKETCALL 102
#define PERSONALITY_ASK 0xffffffffUL

/* Deny: getppid (EACCES), personality(0xffffffff) (EXDEV), socket. */
static void in_kernel(void *data)
{
	const struct ringwall_filter *f = data;
	bool audit = s.m.audit;

	CHECK(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	CHECK(!syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, f->flags, &f->prog));
	CHECK(call64(SYS_getpid, 0, 0) > 0);
	CHECK(audit ? call64(SYS_getppid, 0, 0) > 0 : call64(SYS_getppid, 0, 0) == -EACCES);
	CHECK(call64(SYS_personality, 0xffffffff, 0) == (audit ? 0 : -EXDEV));
	CHECK(call64(SYS_personality, (long)(1ULL << 32 | PERSONALITY_ASK), 0) == 0);
	CHECK(call64(SYS_getpid | X32_BIT, 0, 0) == -ENOSYS);
	CHECK(call64(-1, 0, 0) == -ENOSYS);
	CHECK(call64(5000, 0, 0) == -ENOSYS);
	if (!s.values[0]) /* no int 0x80 */
		syscall(SYS_exit_group, 0);
	CHECK(call32(I386_GETPID, 0) > 0);
	CHECK(audit ? call32(I386_GETPPID, 0) > 0 : call32(I386_GETPPID, 0) == -EACCES);
	CHECK(call32(I386_PERSONALITY, PERSONALITY_ASK) == (audit ? 0 : -EXDEV));
	CHECK(call32(I386_PERSONALITY, 1UL << 32 | PERSONALITY_ASK) == (audit ? 0 : -EXDEV));
	CHECK(call32(I386_SOCKETCALL, 1) == (audit ? -EFAULT : -EPERM));
	CHECK(call32(I386_SOCKETCALL, 1UL << 32 | 1) == (audit ? -EFAULT : -EPERM));
	CHECK(call32(I386_SOCKETCALL, 4) == -EFAULT);
	CHECK(call32(I386_GETPID | (long)X32_BIT, 0) == -ENOSYS);
	syscall(SYS_exit_group, 0);
}

/* A 32-bit call is refused whole where the policy does not list x86. */
static void without_i386(void *data)
{
	const struct ringwall_filter *f = data;

	CHECK(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	CHECK(!syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, f->flags, &f->prog));
	CHECK(call64(SYS_getpid, 0, 0) > 0);
	CHECK(!s.values[0] || call32(I386_GETPID, 0) == -EPERM);
	syscall(SYS_exit_group, 0);
}

static void kernel_rule(size_t i, const char *name, uint16_t error)
{
	s.ids[i][0] = ringwall_syscall_find(name)->id;
	s.rules[i] = (struct ringwall_syscall_rule){
		.error = error, .number = (uint32_t)i + 1, .ids = s.ids[i], .n_ids = 1, .args = s.args[i],
	};
}

static void kernel_model(void)
{
	memset(&s, 0, sizeof(s));
	s.m.name = "kernel";
	s.m.syscalls = (struct ringwall_syscall_list){ .set = true, .i386 = true, .error = EPERM, .rules = s.rules, .n = 3 };
	kernel_rule(0, "getppid", EACCES);
	kernel_rule(1, "personality", EXDEV);
	s.args[1][0] = (struct ringwall_syscall_arg){ 0, RINGWALL_COMPARE_EQ, UINT64_MAX, PERSONALITY_ASK };
	s.rules[1].n_args = 1;
	kernel_rule(2, "socket", EPERM);
}

static void test_kernel(void **unused)
{
	bool int80 = !child_run(probe_int80, NULL);

	(void)unused;
	if (!int80)
		printf("# no int 0x80 on this host\n");
	for (int audit = 0; audit < 2; audit++) {
		kernel_model();
		s.m.audit = audit ? 1U << RINGWALL_SET_SYSCALL : 0;
		assert_true(compile());
		s.values[0] = int80;
		assert_child(in_kernel, &s.sealed);
		sample_free();
	}
	kernel_model();
	s.m.syscalls.i386 = false;
	assert_true(compile());
	s.values[0] = int80;
	assert_child(without_i386, &s.sealed);
	assert_child(without_i386, &s.live);
	sample_free();
}

#else

static void test_kernel(void **unused)
{
	(void)unused;
	skip();
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_property), cmocka_unit_test(test_mutants), cmocka_unit_test(test_too_big),
		cmocka_unit_test(test_nothing),	 cmocka_unit_test(test_kernel),
	};

	return cmocka_run_group_tests_name("syscall-backends", tests, NULL, NULL);
}
