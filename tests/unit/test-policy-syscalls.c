// SPDX-License-Identifier: LGPL-2.1-or-later
/* System calls: the table of names, what a policy says about each, what of it is the gate's, and what is learnt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <asm/unistd_64.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../bpf/judge.h"
#include "../../user/lib/cleanup.h"
#include "../../user/policy/amend.h"
#include "../../user/policy/describe.h"
#include "../../user/policy/draft.h"
#include "../../user/policy/learn.h"
#include "../../user/policy/syscall-twins.h"
#include "../../user/policy/syscalls.h"

#define S(text) "{\"version\":1,\"syscalls\":{" text "}}"
#define SET (1u << RINGWALL_SET_SYSCALL)
#define SOCKETCALL (RINGWALL_SYSCALL_I386 + 102)
#define IPC (RINGWALL_SYSCALL_I386 + 117)

static struct ringwall_model parse(const char *text)
{
	struct ringwall_err e = { 0 };
	struct ringwall_model m;

	if (ringwall_model_parse(text, strlen(text), "p.json", &m, &e))
		fail_msg("%s\n\t%s", text, e.text);
	return m;
}

static char *print(const struct ringwall_model *m)
{
	struct ringwall_json_out out = { .indent = 0 };
	char *text;

	ringwall_model_print(m, &out);
	text = ringwall_json_out_take(&out, NULL);
	assert_non_null(text);
	return text;
}

static struct ringwall_syscall_verdicts *verdicts(const struct ringwall_model *m, enum ringwall_syscall_part part)
{
	struct ringwall_syscall_verdicts *v;
	struct ringwall_err e = { 0 };

	if (ringwall_syscall_verdicts(m, part, &v, &e))
		fail_msg("%s", e.text);
	return v;
}

/* errno, and in @last_rule whose it is. */
static uint32_t last_rule;
static uint32_t judge(const struct ringwall_syscall_verdicts *v, uint32_t id, uint64_t arg0, uint64_t arg1)
{
	const __u64 args[8] = { arg0, arg1 };

	return ringwall_judge(&v->v[id], args, &last_rule);
}

/* The same for a text, with one argument. */
static uint32_t says(const char *text, uint32_t id, uint64_t arg0)
{
	struct ringwall_model m = parse(text);
	struct ringwall_syscall_verdicts *v = verdicts(&m, RINGWALL_SYSCALLS_ALL);
	uint32_t error = judge(v, id, arg0, 0);

	free(v);
	ringwall_model_free(&m);
	return error;
}

static const struct ringwall_rule *rule(const struct ringwall_model *m, uint32_t number)
{
	const struct ringwall_rule *r = ringwall_model_rule(m, RINGWALL_SET_SYSCALL, number);

	assert_non_null(r);
	return r;
}

/* The table ------------------------------------------------------------------------------------------------- */

static void table(void **state)
{
	const struct ringwall_syscall_name *rows;
	size_t n;

	(void)state;
	rows = ringwall_syscall_rows(&n);
	assert_true(n > 450);
	for (size_t i = 0; i < n; i++) {
		const struct ringwall_syscall_name *row = &rows[i], *first = ringwall_syscall_name(row->id);

		assert_ptr_equal(ringwall_syscall_find(row->name), row);
		assert_non_null(first);
		assert_true(row->x64 >= 0 || row->i386 >= 0);
		assert_true(row->x64 <= ringwall_syscall_nr_max(false) && row->i386 <= ringwall_syscall_nr_max(true));
		assert_true(row->id < RINGWALL_SYSCALL_DEVICE);
		assert_true(!i || rows[i - 1].id <= row->id);
		if (first == row) {
			assert_int_equal(row->id, row->x64 >= 0 ? row->x64 : (int)RINGWALL_SYSCALL_I386 + row->i386);
			continue;
		}
		/* A second name: the entry functions are the first one's. */
		assert_int_equal(row->x64, -1);
		assert_string_equal(row->entry64, "");
		assert_string_equal(row->entry32, "");
		assert_string_equal(row->compat32, "");
	}
	assert_null(ringwall_syscall_find("sys_read"));
	assert_null(ringwall_syscall_find(""));
	assert_null(ringwall_syscall_name(RINGWALL_SYSCALL_DEVICE));
	assert_null(ringwall_syscall_name(RINGWALL_SYSCALLS_MAX));
}

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (; *list; list += strcspn(list, " "), list += *list == ' ')
		if (strcspn(list, " ") == len && !memcmp(list, word, len))
			return true;
	return false;
}

/* An entry function leads to one id, whichever way. */
static void table_entries(void **state)
{
	const struct ringwall_syscall_name *rows;
	char word[64];
	size_t n;

	(void)state;
	rows = ringwall_syscall_rows(&n);
	for (size_t i = 0; i < n; i++) {
		const char *const lists[] = { rows[i].entry64, rows[i].entry32, rows[i].compat32 };

		for (size_t k = 0; k < ARRAY_SIZE(lists); k++)
			for (const char *s = lists[k]; *s; s += strcspn(s, " "), s += *s == ' ') {
				snprintf(word, sizeof(word), "%.*s", (int)strcspn(s, " "), s);
				for (size_t j = 0; j < n; j++) {
					const char *other = k == 0 ? rows[j].entry64 : k == 1 ? rows[j].entry32 : rows[j].compat32;

					if (i != j && has_word(other, word))
						fail_msg("%s: of %s and %s", word, rows[i].name, rows[j].name);
				}
			}
	}
}

static void table_rows(void **state)
{
	(void)state;
	assert_int_equal(ringwall_syscall_find("keyctl")->id, __NR_keyctl);
	assert_int_equal(ringwall_syscall_find("keyctl")->i386, 288);
	assert_string_equal(ringwall_syscall_find("keyctl")->compat32, "keyctl");
	assert_int_equal(ringwall_syscall_find("socketcall")->id, SOCKETCALL);
	assert_int_equal(ringwall_syscall_find("ipc")->id, IPC);
	assert_int_equal(ringwall_syscall_find("fcntl64")->id, __NR_fcntl);
	assert_int_equal(ringwall_syscall_find("getuid32")->id, __NR_getuid);
	assert_string_equal(ringwall_syscall_name(__NR_fcntl)->name, "fcntl");
	assert_string_equal(ringwall_syscall_find("stat")->entry64, "newstat");
	/* Of an older kernel, and of a newer one. */
	assert_string_equal(ringwall_syscall_find("lookup_dcookie")->entry64, "lookup_dcookie");
	assert_true(has_word(ringwall_syscall_find("arch_prctl")->entry32, "arch_prctl"));
	assert_true(has_word(ringwall_syscall_find("arch_prctl")->compat32, "arch_prctl"));
	assert_true(ringwall_syscall_is_multiplexer(SOCKETCALL) && ringwall_syscall_is_multiplexer(IPC));
	assert_false(ringwall_syscall_is_multiplexer(__NR_socket));
}

/* The document ---------------------------------------------------------------------------------------------- */

static void rules(void **state)
{
	struct ringwall_model m = parse(S("\"errno\":\"ENOSYS\",\"allow\":[\"read\"],\"deny\":["
					  "{\"names\":[\"keyctl\",\"add_key\"],\"errno\":\"ENOSYS\"},\"ptrace\","
					  "{\"name\":\"kexec_load\",\"sealed\":true},{\"name\":\"bpf\",\"errno\":4095},"
					  "{\"names\":[\"clone\"],\"args\":[{\"index\":0,\"value\":255,\"valueTwo\":16,"
					  "\"op\":\"SCMP_CMP_MASKED_EQ\"},{\"index\":1,\"value\":2,\"op\":\"SCMP_CMP_GE\"}]}]"));

	(void)state;
	assert_true(m.syscalls.set && m.syscalls.deny_default && m.syscalls.i386);
	assert_int_equal(m.syscalls.mode, RINGWALL_SYSCALLS_AUTO);
	assert_int_equal(m.syscalls.error, ENOSYS);
	assert_int_equal(m.syscalls.n, 6);
	assert_string_equal(rule(&m, 0)->text, "syscall default deny ENOSYS");
	assert_string_equal(rule(&m, 1)->text, "syscall allow read");
	assert_string_equal(rule(&m, 2)->text, "syscall deny keyctl,add_key ENOSYS");
	assert_string_equal(rule(&m, 3)->text, "syscall deny ptrace");
	assert_string_equal(rule(&m, 4)->text, "syscall deny kexec_load sealed");
	assert_string_equal(rule(&m, 5)->text, "syscall deny bpf 4095");
	assert_string_equal(rule(&m, 6)->text, "syscall deny clone if arg0 & 0xff == 0x10 and arg1 >= 0x2");
	assert_int_equal(ringwall_model_sets(&m), SET);
	ringwall_model_free(&m);
}

/* What is long does not end in the middle of a letter. */
static void long_text(void **state)
{
	char text[16384] = "{\"version\":1,\"syscalls\":{\"deny\":[{\"names\":[";
	const struct ringwall_syscall_name *rows;
	struct ringwall_model m;
	const char *words;
	size_t n;

	(void)state;
	rows = ringwall_syscall_rows(&n);
	for (size_t i = 0; i < n; i++)
		sprintf(text + strlen(text), "%s\"%s\"", i ? "," : "", rows[i].name);
	strcat(text, "],\"errno\":\"ENOSYS\"}]}}");
	m = parse(text);
	words = rule(&m, 1)->text;
	assert_true(strlen(words) < 400);
	assert_non_null(strstr(words, ",… ENOSYS"));
	ringwall_model_free(&m);
}

static void defaults(void **state)
{
	static const struct {
		const char *text;
		bool denies, sets;
	} cases[] = {
		{ S(""), false, false },
		{ S("\"allow\":[]"), true, true },
		{ S("\"default\":\"allow\",\"allow\":[\"read\"]"), false, false },
		{ S("\"default\":\"deny\""), true, true },
		{ S("\"default\":\"deny\",\"mode\":\"sealed\""), true, false },
		{ S("\"deny\":[\"read\"]"), false, true },
		{ S("\"deny\":[\"read\"],\"mode\":\"live\""), false, true },
		{ S("\"deny\":[\"read\"],\"mode\":\"sealed\""), false, false },
		{ "{\"version\":1}", false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ringwall_model m = parse(cases[i].text);

		assert_int_equal(m.syscalls.deny_default, cases[i].denies);
		assert_int_equal(ringwall_model_sets(&m), cases[i].sets ? SET : 0);
		ringwall_model_free(&m);
	}
}

static void modes(void **state)
{
	struct ringwall_model m = parse("{\"version\":1,\"mode\":{\"syscalls\":\"learn\"}}");

	(void)state;
	assert_int_equal(m.learn, SET);
	assert_int_equal(m.audit, SET);
	ringwall_model_free(&m);
	m = parse("{\"version\":1,\"mode\":\"audit\"}");
	assert_true(m.audit & SET);
	ringwall_model_free(&m);
}

static void effective_form(void **state)
{
	static const char *const texts[] = {
		S(""),
		S("\"allow\":[]"),
		S("\"mode\":\"sealed\",\"default\":\"deny\",\"errno\":4000,\"architectures\":[\"x86_64\"]"),
		S("\"mode\":\"live\",\"deny\":[\"fcntl64\",{\"names\":[\"read\",\"read\"],\"sealed\":true,\"errno\":1}]"),
		S("\"allow\":[{\"name\":\"read\",\"args\":[{\"index\":5,\"value\":18446744073709551615,\"op\":\"SCMP_CMP_NE\"},"
		  "{\"index\":5,\"value\":18446744073709551615,\"valueTwo\":1,\"op\":\"SCMP_CMP_MASKED_EQ\"}]}]"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct ringwall_model m = parse(texts[i]), n;
		_cleanup_free_ char *once = print(&m), *twice = NULL;

		n = parse(once);
		twice = print(&n);
		assert_string_equal(once, twice);
		assert_int_equal(m.syscalls.n, n.syscalls.n);
		ringwall_model_free(&m);
		ringwall_model_free(&n);
	}
}

/* Verdicts -------------------------------------------------------------------------------------------------- */

#define EQ(value) "\"args\":[{\"index\":0,\"value\":" #value ",\"op\":\"SCMP_CMP_EQ\"}]"

static void order(void **state)
{
	(void)state;
	/* Deny beats allow, whatever the order. */
	assert_int_equal(says(S("\"allow\":[\"read\"],\"deny\":[\"read\"]"), __NR_read, 0), EPERM);
	assert_int_equal(says(S("\"allow\":[\"read\"]"), __NR_read, 0), 0);
	assert_int_equal(says(S("\"allow\":[\"read\"]"), __NR_write, 0), EPERM);
	assert_int_equal(says(S("\"allow\":[\"read\"],\"errno\":\"ENOSYS\""), __NR_write, 0), ENOSYS);
	assert_int_equal(says(S("\"deny\":[\"read\"]"), __NR_write, 0), 0);
	/* The first that holds says the error. */
	assert_int_equal(says(S("\"deny\":[{\"name\":\"read\",\"errno\":5," EQ(7) "},{\"name\":\"read\",\"errno\":6},"
				"{\"name\":\"read\",\"errno\":7," EQ(8) "}]"), __NR_read, 7), 5);
	assert_int_equal(says(S("\"deny\":[{\"name\":\"read\",\"errno\":5," EQ(7) "},{\"name\":\"read\",\"errno\":6},"
				"{\"name\":\"read\",\"errno\":7," EQ(8) "}]"), __NR_read, 8), 6);
	assert_int_equal(last_rule, 2);
	/* Of what is allowed, any will do. */
	assert_int_equal(says(S("\"allow\":[{\"name\":\"read\"," EQ(1) "},{\"name\":\"read\"," EQ(2) "}]"), __NR_read, 2), 0);
	assert_int_equal(says(S("\"allow\":[{\"name\":\"read\"," EQ(1) "},{\"name\":\"read\"," EQ(2) "}]"), __NR_read, 3), EPERM);
	assert_int_equal(last_rule, 0);
	assert_int_equal(says(S("\"allow\":[{\"name\":\"read\"," EQ(1) "},\"read\"]"), __NR_read, 3), 0);
	assert_int_equal(says(S("\"allow\":[\"read\"],\"deny\":[{\"name\":\"read\"," EQ(1) "}]"), __NR_read, 1), EPERM);
	assert_int_equal(says(S("\"allow\":[\"read\"],\"deny\":[{\"name\":\"read\"," EQ(1) "}]"), __NR_read, 2), 0);
	assert_int_equal(says(S("\"default\":\"allow\",\"allow\":[{\"name\":\"read\"," EQ(1) "}]"), __NR_read, 2), 0);
}

static void operators(void **state)
{
	static const struct {
		const char *op;
		uint64_t value, two;
		bool below, same, above; /* denied where the argument is 9, 10, 11 */
	} cases[] = {
		{ "NE", 10, 0, true, false, true }, { "EQ", 10, 0, false, true, false }, { "LT", 10, 0, true, false, false },
		{ "LE", 10, 0, true, true, false }, { "GT", 10, 0, false, false, true }, { "GE", 10, 0, false, true, true },
		{ "MASKED_EQ", 3, 2, false, true, false },
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(text, sizeof(text),
			 S("\"deny\":[{\"name\":\"read\",\"args\":[{\"index\":0,\"value\":%u,\"valueTwo\":%u,\"op\":\"SCMP_CMP_%s\"}]}]"),
			 (unsigned int)cases[i].value, (unsigned int)cases[i].two, cases[i].op);
		assert_int_equal(!!says(text, __NR_read, 9), cases[i].below);
		assert_int_equal(!!says(text, __NR_read, 10), cases[i].same);
		assert_int_equal(!!says(text, __NR_read, 11), cases[i].above);
	}
}

static void all_arguments(void **state)
{
	struct ringwall_model m = parse(S("\"deny\":[{\"name\":\"socket\",\"args\":[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"},"
					  "{\"index\":1,\"value\":2,\"op\":\"SCMP_CMP_EQ\"}]}]"));
	struct ringwall_syscall_verdicts *v = verdicts(&m, RINGWALL_SYSCALLS_ALL);

	(void)state;
	assert_int_equal(judge(v, __NR_socket, 1, 2), EPERM);
	assert_int_equal(judge(v, __NR_socket, 1, 3), 0);
	assert_int_equal(judge(v, __NR_socket, 2, 2), 0);
	free(v);
	ringwall_model_free(&m);
}

static void for_ever(void **state)
{
	struct ringwall_model m = parse(S("\"allow\":[\"read\"],\"deny\":[\"ptrace\",{\"name\":\"keyctl\",\"sealed\":true},"
					  "{\"name\":\"socket\",\"sealed\":true," EQ(16) "}]"));
	struct ringwall_syscall_verdicts *v = verdicts(&m, RINGWALL_SYSCALLS_FOREVER);

	(void)state;
	assert_int_equal(judge(v, __NR_keyctl, 0, 0), EPERM);
	assert_int_equal(last_rule, 3);
	assert_int_equal(judge(v, __NR_ptrace, 0, 0), 0);
	assert_int_equal(judge(v, __NR_write, 0, 0), 0);
	assert_int_equal(judge(v, __NR_socket, 16, 0), EPERM);
	assert_int_equal(judge(v, SOCKETCALL, 1, 0), EPERM);
	assert_int_equal(judge(v, SOCKETCALL, 2, 0), 0);
	free(v);
	ringwall_model_free(&m);
}

static void multiplexers(void **state)
{
	(void)state;
	/* Refused where what they stand for is, by its rule. */
	assert_int_equal(says(S("\"deny\":[\"read\",{\"name\":\"socket\",\"errno\":97}]"), SOCKETCALL, 1), 97);
	assert_int_equal(last_rule, 2);
	assert_int_equal(says(S("\"deny\":[\"socket\"]"), SOCKETCALL, 2), 0);
	assert_int_equal(says(S("\"deny\":[\"sendto\"]"), SOCKETCALL, 9), EPERM);
	assert_int_equal(says(S("\"deny\":[\"shmat\"]"), IPC, 21), EPERM);
	assert_int_equal(says(S("\"deny\":[\"shmat\"]"), IPC, 0x10015), EPERM);
	assert_int_equal(says(S("\"deny\":[\"shmat\"]"), IPC, 22), 0);
	/* Allowed without a rule of their own; what stands for nothing is not. */
	assert_int_equal(says(S("\"allow\":[\"socket\"]"), SOCKETCALL, 1), 0);
	assert_int_equal(says(S("\"allow\":[\"socket\"]"), SOCKETCALL, 2), EPERM);
	assert_int_equal(says(S("\"allow\":[\"socket\"]"), SOCKETCALL, 99), EPERM);
	assert_int_equal(says(S("\"allow\":[\"socketcall\"]"), SOCKETCALL, 1), EPERM);
	assert_int_equal(says(S("\"allow\":[\"socketcall\"]"), SOCKETCALL, 99), 0);
	assert_int_equal(says(S("\"allow\":[\"msgget\"]"), IPC, 13), 0);
	/* Denied themselves. */
	assert_int_equal(says(S("\"allow\":[\"socket\"],\"deny\":[\"socketcall\"]"), SOCKETCALL, 1), EPERM);
	assert_int_equal(says(S("\"deny\":[{\"name\":\"socketcall\"," EQ(3) "}]"), SOCKETCALL, 3), EPERM);
	assert_int_equal(says(S("\"deny\":[{\"name\":\"socketcall\"," EQ(3) "}]"), SOCKETCALL, 4), 0);
	/* What arguments decide. */
	assert_int_equal(says(S("\"deny\":[{\"name\":\"socket\"," EQ(16) "}]"), SOCKETCALL, 1), EPERM);
	assert_int_equal(last_rule, 1);
	assert_int_equal(says(S("\"allow\":[{\"name\":\"socket\"," EQ(1) "}]"), SOCKETCALL, 1), EPERM);
	/* Every number. */
	for (uint64_t k = 1; k <= 20; k++)
		assert_int_equal(says(S("\"default\":\"deny\",\"deny\":[\"connect\"]"), SOCKETCALL, k), EPERM);
}

/* ",{…}" @n times */
static char *many(const char *entry, unsigned int n)
{
	char *text = malloc(64 + n * (strlen(entry) + 1));

	assert_non_null(text);
	strcpy(text, "{\"version\":1,\"syscalls\":{\"default\":\"deny\",\"allow\":[\"read\"");
	while (n--)
		strcat(strcat(text, ","), entry);
	return strcat(text, "]}}");
}

#define I386(nr) (RINGWALL_SYSCALL_I386 + (nr))

/* What 32-bit programs have to the same end is denied with it, but not allowed with it. */
static void twins(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ringwall_twins); i++) {
		assert_non_null(ringwall_syscall_find(ringwall_twins[i].name));
		for (size_t k = 0; k < RINGWALL_TWINS_MAX; k++) {
			assert_true(!ringwall_twins[i].other[k] || ringwall_syscall_find(ringwall_twins[i].other[k]));
			assert_true(!ringwall_twins[i].unlike[k] || ringwall_syscall_find(ringwall_twins[i].unlike[k]));
		}
	}
	assert_int_equal(says(S("\"deny\":[\"umount2\"]"), I386(22), 0), EPERM); /* umount */
	assert_int_equal(last_rule, 1);
	assert_int_equal(says(S("\"deny\":[{\"name\":\"clock_settime\"," EQ(3) "}]"), I386(404), 3), EPERM);
	assert_int_equal(says(S("\"deny\":[{\"name\":\"clock_settime\"," EQ(3) "}]"), I386(404), 4), 0);
	assert_int_equal(says(S("\"deny\":[{\"name\":\"clock_settime\"," EQ(3) "}]"), I386(25), 4), EPERM); /* stime */
	assert_int_equal(says(S("\"allow\":[\"clock_settime\"]"), I386(404), 0), EPERM);
	/* Arguments in memory: what depends on them is refused. */
	assert_int_equal(says(S("\"deny\":[{\"name\":\"mmap\"," EQ(3) "}]"), I386(90), 4), EPERM);
	assert_int_equal(says(S("\"deny\":[{\"name\":\"mmap\"," EQ(3) "}]"), I386(192), 4), 0);
	assert_int_equal(says(S("\"allow\":[{\"name\":\"mmap\"," EQ(3) "}]"), I386(90), 3), EPERM);
	assert_int_equal(says(S("\"allow\":[\"mmap\"]"), I386(90), 3), 0);
	assert_int_equal(says(S("\"allow\":[\"select\"]"), I386(82), 3), 0);
	assert_int_equal(says(S("\"allow\":[\"mmap\"],\"deny\":[\"old_mmap\"]"), I386(90), 3), EPERM);
}

static void bounds(void **state)
{
	static const char entry[] = "{\"name\":\"write\",\"args\":[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]}";
	_cleanup_free_ char *fits = many(entry, RINGWALL_COMPARISONS_MAX), *more = many(entry, RINGWALL_COMPARISONS_MAX + 1);
	const struct ringwall_resources none = { 0 };
	struct ringwall_syscall_verdicts *v;
	struct ringwall_model m = parse(fits);
	struct ringwall_err e = { 0 };
	struct ringwall_draft d;

	(void)state;
	v = verdicts(&m, RINGWALL_SYSCALLS_ALL);
	assert_int_equal(v->v[__NR_write].n, RINGWALL_COMPARISONS_MAX);
	free(v);
	ringwall_model_free(&m);
	m = parse(more);
	assert_int_equal(ringwall_syscall_verdicts(&m, RINGWALL_SYSCALLS_ALL, &v, &e), -E2BIG);
	assert_non_null(strstr(e.text, "p.json:1:"));
	assert_non_null(strstr(e.text, "more than 32 comparisons of arguments of system call write"));
	assert_int_equal(ringwall_draft_compile(&none, &m, &d, &e), -E2BIG);
	ringwall_model_free(&m);
}

/* The draft ------------------------------------------------------------------------------------------------- */

static struct ringwall_draft compile(const char *text)
{
	const struct ringwall_resources none = { 0 };
	struct ringwall_model m = parse(text);
	struct ringwall_err e = { 0 };
	struct ringwall_draft d;

	if (ringwall_draft_compile(&none, &m, &d, &e))
		fail_msg("%s", e.text);
	ringwall_model_free(&m);
	return d;
}

static bool bit(const __u64 *bits, uint32_t id)
{
	return bits[id / 64] >> id % 64 & 1;
}

static const struct ringwall_syscall *entry(const struct ringwall_draft *d, uint32_t id)
{
	const struct ringwall_section *s = &d->section[RINGWALL_SECTION_SYSCALLS];
	const struct ringwall_syscall_key *keys = s->keys;

	for (uint32_t i = 0; i < s->n; i++) {
		assert_true(!i || keys[i].id > keys[i - 1].id);
		if (keys[i].id == id)
			return (const struct ringwall_syscall *)s->values + i;
	}
	return NULL;
}

/* Whatever the gate reads of it means what the verdicts say. */
static void assert_draft(const char *text)
{
	struct ringwall_draft d = compile(text);
	struct ringwall_model m = parse(text);
	struct ringwall_syscall_verdicts *v = verdicts(&m, RINGWALL_SYSCALLS_ALL);
	uint32_t n = 0;

	for (uint32_t id = 0; id < RINGWALL_SYSCALLS_MAX; id++) {
		const struct ringwall_syscall *s = entry(&d, id);

		assert_int_equal(!!s, bit(d.policy.syscall_ruled, id));
		assert_false(s && bit(d.policy.syscall_refused, id));
		n += !!s;
		if (s)
			assert_memory_equal(s, &v->v[id], sizeof(*s));
		else
			assert_int_equal(bit(d.policy.syscall_refused, id) ? d.policy.syscall_error : 0, v->v[id].error);
		if (!s)
			assert_int_equal(v->v[id].n, 0);
	}
	assert_int_equal(d.section[RINGWALL_SECTION_SYSCALLS].n, n);
	free(v);
	ringwall_model_free(&m);
	ringwall_draft_free(&d);
}

static void drafts(void **state)
{
	struct ringwall_draft d = compile(S("\"allow\":[\"read\",{\"name\":\"clone\"," EQ(0) "}],\"deny\":[\"keyctl\"],\"errno\":\"ENOSYS\""));

	(void)state;
	assert_int_equal(d.policy.sets, SET);
	assert_int_equal(d.policy.syscall_error, ENOSYS);
	assert_false(bit(d.policy.syscall_ruled, __NR_read) || bit(d.policy.syscall_refused, __NR_read));
	assert_true(bit(d.policy.syscall_refused, __NR_write));
	assert_true(bit(d.policy.syscall_ruled, __NR_keyctl));
	assert_true(bit(d.policy.syscall_ruled, __NR_clone));
	assert_int_equal(entry(&d, __NR_clone)->n, 1);
	assert_int_equal(entry(&d, __NR_keyctl)->rule, 3);
	assert_true(bit(d.policy.syscall_refused, SOCKETCALL));
	assert_false(bit(d.policy.syscall_refused, RINGWALL_SYSCALL_DEVICE));
	ringwall_draft_free(&d);

	assert_draft(S(""));
	assert_draft(S("\"allow\":[]"));
	assert_draft(S("\"deny\":[\"keyctl\",\"fcntl64\",\"shmat\"]"));
	assert_draft(S("\"allow\":[\"socket\",{\"name\":\"read\"," EQ(1) "}],\"deny\":[{\"name\":\"getuid32\"," EQ(1) "}],\"errno\":9"));
}

/* Sealed ones are the filter's alone; the same meaning is the same policy. */
static void draft_hashes(void **state)
{
	struct ringwall_draft none = compile("{\"version\":1}"), sealed = compile(S("\"mode\":\"sealed\",\"allow\":[\"read\"]"));
	struct ringwall_draft a = compile(S("\"allow\":[\"read\",\"write\"]")), b = compile(S("\"allow\":[{\"names\":[\"write\",\"read\"]}]"));
	struct ringwall_draft c = compile(S("\"allow\":[\"read\"]"));

	(void)state;
	assert_memory_equal(none.policy.sha256, sealed.policy.sha256, 32);
	assert_memory_equal(a.policy.sha256, b.policy.sha256, 32);
	assert_memory_not_equal(a.policy.sha256, c.policy.sha256, 32);
	ringwall_draft_free(&none);
	ringwall_draft_free(&sealed);
	ringwall_draft_free(&a);
	ringwall_draft_free(&b);
	ringwall_draft_free(&c);
}

/* Words ----------------------------------------------------------------------------------------------------- */

static void described(void **state)
{
	struct ringwall_model m = parse(S("\"deny\":[\"keyctl\"]"));
	const struct ringwall_about about = { .id = "web", .model = &m };
	struct ringwall_event ev = { .time = 0, .verdict = RINGWALL_VERDICT_DENIED, .error = EPERM, .pid = 7, .comm = "sh" };
	const struct ringwall_told told = { .event = &ev };
	struct ringwall_json_out out = { 0 };
	_cleanup_free_ char *text = NULL, *text32 = NULL, *json = NULL, *device = NULL;

	(void)state;
	ev.what = (struct ringwall_observation_key){
		.rule = 1, .object = { .op = RINGWALL_DO_SYSCALL, .set = RINGWALL_SET_SYSCALL, .arg = { __NR_keyctl } }
	};
	text = ringwall_describe_text(&told, &about);
	assert_string_equal(text, "1970-01-01T00:00:00.000Z web sh[7]: syscall keyctl: denied EPERM: syscall deny keyctl (p.json:1:34)");
	ev.what.object.arg[1] = 1;
	text32 = ringwall_describe_text(&told, &about);
	assert_non_null(strstr(text32, "syscall keyctl (32-bit): denied EPERM"));
	ringwall_json_out_object(&out, NULL);
	ringwall_describe_json(&told, &about, &out);
	ringwall_json_out_end(&out, '}');
	json = ringwall_json_out_take(&out, NULL);
	assert_non_null(strstr(json, "\"syscall\":\"keyctl\",\"architecture\":\"x86\""));
	ev.what.object.arg[0] = RINGWALL_SYSCALL_DEVICE;
	ev.what.object.arg[1] = 0;
	ev.what.object.set = RINGWALL_SET_TAMPER;
	device = ringwall_describe_text(&told, &about);
	assert_non_null(strstr(device, "syscall open of /dev/ringwall: denied EPERM: no container may touch Ringwall's own objects"));
	ringwall_model_free(&m);
}

static void amended(void **state)
{
	const char *const changes[] = { "allow-syscall=read,write", "deny-syscall=keyctl,add_key:ENOSYS", "deny-syscall=bpf:4000", NULL };
	const char *const wrong[] = { "allow-syscall=read:EPERM", NULL };
	struct ringwall_err e = { 0 };
	struct ringwall_model m;
	char *text;
	size_t len;

	(void)state;
	assert_int_equal(ringwall_amend_build(changes, NULL, NULL, &text, &len, &e), 0);
	m = parse(text);
	assert_false(m.syscalls.deny_default);
	assert_string_equal(rule(&m, 1)->text, "syscall allow read,write");
	assert_string_equal(rule(&m, 2)->text, "syscall deny keyctl,add_key ENOSYS");
	assert_string_equal(rule(&m, 3)->text, "syscall deny bpf 4000");
	assert_string_equal(rule(&m, 3)->origin.file, RINGWALL_AMEND_ORIGIN);
	ringwall_model_free(&m);
	free(text);
	assert_int_equal(ringwall_amend_build(wrong, NULL, NULL, &text, &len, &e), -EINVAL);
}

/* Learning -------------------------------------------------------------------------------------------------- */

static char notes[1024];

static void note(void *data, const char *text)
{
	(void)data;
	strncat(notes, text, sizeof(notes) - strlen(notes) - 2);
}

/* From @text and calls that were seen, up to 0 as an id that is not the first. */
static struct ringwall_model learn(const char *text, const uint32_t *ids, size_t n)
{
	static struct ringwall_model from; /* what is learnt refers to it */
	struct ringwall_object objects[8] = { 0 };
	struct ringwall_seen seen[8] = { 0 };
	struct ringwall_err e = { 0 };
	struct ringwall_model m, again;
	_cleanup_free_ char *printed = NULL;

	notes[0] = '\0';
	from = parse(text);
	for (size_t i = 0; i < n; i++) {
		objects[i] = (struct ringwall_object){ .op = RINGWALL_DO_SYSCALL, .set = RINGWALL_SET_SYSCALL, .arg = { ids[i] } };
		seen[i].object = &objects[i];
	}
	if (ringwall_learn(&from, seen, n, 0, note, NULL, &m, &e))
		fail_msg("%s", e.text);
	printed = print(&m);
	again = parse(printed);
	ringwall_model_free(&m);
	ringwall_model_free(&from);
	return again;
}

#define LEARN(text) "{\"version\":1,\"mode\":{\"syscalls\":\"learn\"},\"syscalls\":{" text "}}"

static void learnt(void **state)
{
	const uint32_t ids[] = { __NR_write, __NR_keyctl, __NR_write, SOCKETCALL };
	struct ringwall_model m = learn(LEARN("\"default\":\"deny\",\"allow\":[\"read\"],\"deny\":[{\"names\":[\"keyctl\",\"bpf\"]},"
					      "{\"name\":\"keyctl\"," EQ(1) "}]"), ids, 4);

	(void)state;
	assert_int_equal(m.learn | m.audit, 0);
	assert_int_equal(m.syscalls.n, 3);
	assert_string_equal(rule(&m, 1)->text, "syscall allow execve,exit,exit_group,restart_syscall,rt_sigreturn,sigreturn,write,keyctl");
	assert_string_equal(rule(&m, 2)->text, "syscall allow read");
	assert_string_equal(rule(&m, 3)->text, "syscall deny bpf");
	assert_non_null(strstr(notes, "keyctl was denied with certain arguments"));
	assert_non_null(strstr(notes, "socketcall"));
	ringwall_model_free(&m);

	m = learn(LEARN("\"deny\":[\"keyctl\"]"), ids + 1, 1);
	assert_int_equal(m.syscalls.n, 0);
	assert_true(m.syscalls.set && !m.syscalls.deny_default);
	ringwall_model_free(&m);

	/* Nothing is seen of what a filter refuses. */
	m = learn(LEARN("\"mode\":\"sealed\",\"default\":\"deny\""), ids, 0);
	assert_false(m.syscalls.set);
	assert_non_null(strstr(notes, "sealed"));
	ringwall_model_free(&m);
}

/* Where a container starts. Not more than a guard against something quadratic: a machine may be busy. */
static void fast(void **state)
{
	char text[32768] = "{\"version\":1,\"syscalls\":{\"allow\":[";
	const struct ringwall_resources none = { 0 };
	const struct ringwall_syscall_name *rows;
	struct timespec begin, end;
	struct ringwall_model m;
	struct ringwall_draft d;
	size_t n;
	double us;

	(void)state;
	rows = ringwall_syscall_rows(&n);
	for (size_t i = 0; i < 360; i++)
		sprintf(text + strlen(text), "\"%s\",", rows[i].name);
	strcat(text, "{\"name\":\"clone\"," EQ(0) "}]}}");
	m = parse(text);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(ringwall_draft_compile(&none, &m, &d, NULL), 0);
		ringwall_draft_free(&d);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	us = ((double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec)) / 1e5;
	print_message("%.1f us a draft\n", us);
	assert_true(us < 5000);
	ringwall_model_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),	cmocka_unit_test(table_entries), cmocka_unit_test(table_rows),
		cmocka_unit_test(rules),	cmocka_unit_test(long_text),	 cmocka_unit_test(defaults),
		cmocka_unit_test(modes),	cmocka_unit_test(effective_form), cmocka_unit_test(order),
		cmocka_unit_test(operators),	cmocka_unit_test(all_arguments), cmocka_unit_test(for_ever),
		cmocka_unit_test(multiplexers), cmocka_unit_test(twins), cmocka_unit_test(bounds),	 cmocka_unit_test(drafts),
		cmocka_unit_test(draft_hashes), cmocka_unit_test(described),	 cmocka_unit_test(amended),
		cmocka_unit_test(learnt),	cmocka_unit_test(fast),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
