// SPDX-License-Identifier: LGPL-2.1-or-later

/*
 * `policy import`. What comes of Docker's default profile must mean what runc makes of it: the same profile, its conditions
 * resolved here once more, goes through libseccomp, the policy through the compiler for sealed filters, and both filters are asked
 * about every number of both architectures with arguments that matter. The differences that there may be are those of explained().
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/capability.h>
#include <time.h>

#include "cbpf.h"

#include "../../user/lib/cleanup.h"
#include "../../user/lib/file.h"
#include "../../user/policy/import.h"
#include "../../user/policy/syscall-filter.h"
#include "../../user/seccomp/compile.h"

#define PROFILE "tests/data/seccomp/docker-default.json"
#define X32_BIT 0x40000000U
#define NUMBERS 600

static char notes[8192];

static void note(void *data, const char *text)
{
	size_t len = strlen(notes);

	(void)data;
	snprintf(notes + len, sizeof(notes) - len, "%s\n", text);
}

static struct ringwall_import how(uint64_t caps)
{
	*notes = '\0';
	return (struct ringwall_import){ .name = "imported", .caps = caps, .kernel = { 6, 1 }, .note = note };
}

static char *read_profile(size_t *ret_len)
{
	struct ringwall_err e = { 0 };
	char *text;

	if (ringwall_file_read(PROFILE, 1 << 20, &text, ret_len, &e))
		fail_msg("%s", e.text);
	return text;
}

/* What runc gets of Docker ------------------------------------------------------------------------------------- */

static bool list_has(const struct ringwall_json *list, const char *word)
{
	for (const struct ringwall_json *v = list ? list->child : NULL; v; v = v->next)
		if (!strcmp(v->str, word))
			return true;
	return false;
}

/* How many of the list's capabilities are there. */
static uint32_t caps_of(const struct ringwall_json *list, uint64_t caps)
{
	uint32_t n = 0;

	for (const struct ringwall_json *v = list ? list->child : NULL; v; v = v->next)
		n += caps >> ringwall_capability_find(v->str) & 1;
	return n;
}

/* All kernels are newer than the one minKernel that there is. */
static bool rule_holds(const struct ringwall_json *rule, uint64_t caps)
{
	const struct ringwall_json *in = ringwall_json_get(rule, "includes"), *ex = ringwall_json_get(rule, "excludes");
	const struct ringwall_json *arches = in ? ringwall_json_get(in, "arches") : NULL;
	const struct ringwall_json *wants = in ? ringwall_json_get(in, "caps") : NULL;

	if ((arches && !list_has(arches, "amd64")) || (wants && caps_of(wants, caps) != wants->count))
		return false;
	return !ex || (!list_has(ringwall_json_get(ex, "arches"), "amd64") && !caps_of(ringwall_json_get(ex, "caps"), caps));
}

static void put_member(struct ringwall_json_out *o, const struct ringwall_json *rule, const char *key, const char *text)
{
	const struct ringwall_json *v = ringwall_json_get(rule, key);

	if (v)
		ringwall_json_out_raw(o, key, text + v->start, v->end - v->start);
}

static char *config_of(const char *text, size_t len, uint64_t caps)
{
	static const char head[] = "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"linux\":{\"seccomp\":{"
				   "\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":1,\"architectures\":"
				   "[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\"],\"syscalls\":";
	struct ringwall_arena a = { 0 };
	struct ringwall_json_out o = { 0 };
	struct ringwall_json *root;
	char *rules, *config;

	assert_false(ringwall_json_parse(&a, text, len, PROFILE, &root, NULL));
	ringwall_json_out_array(&o, NULL);
	for (const struct ringwall_json *r = ringwall_json_get(root, "syscalls")->child; r; r = r->next) {
		if (!rule_holds(r, caps))
			continue;
		ringwall_json_out_object(&o, NULL);
		put_member(&o, r, "names", text);
		put_member(&o, r, "action", text);
		put_member(&o, r, "errnoRet", text);
		put_member(&o, r, "args", text);
		ringwall_json_out_end(&o, '}');
	}
	ringwall_json_out_end(&o, ']');
	rules = ringwall_json_out_take(&o, NULL);
	assert_true(asprintf(&config, "%s%s}}}", head, rules) > 0);
	free(rules);
	ringwall_arena_free(&a);
	return config;
}

static struct ringwall_filter filter_of_runc(const char *text, size_t len, uint64_t caps)
{
	_cleanup_free_ char *config = config_of(text, len, caps);
	struct ringwall_filter f = { 0 };
	struct ringwall_config c = { 0 };
	struct ringwall_err e = { 0 };

	if (ringwall_config_parse(&c, config, strlen(config), "config.json", &e) || ringwall_filter_compile(&c.seccomp, &f, &e))
		fail_msg("%s", e.text);
	ringwall_config_free(&c);
	return f;
}

static void model_of(const char *text, size_t len, uint64_t caps, struct ringwall_model *ret)
{
	struct ringwall_import h = how(caps);
	_cleanup_free_ char *json = NULL;
	struct ringwall_err e = { 0 };

	if (ringwall_import(text, len, PROFILE, &h, &json, &e) || ringwall_model_parse(json, strlen(json), "imported", ret, &e))
		fail_msg("%s", e.text);
	ret->syscalls.mode = RINGWALL_SYSCALLS_SEALED;
}

static struct ringwall_filter filter_of_policy(const struct ringwall_model *m)
{
	struct ringwall_filter f = { 0 };
	struct ringwall_err e = { 0 };

	if (ringwall_syscall_filter(m, NULL, &f, &e))
		fail_msg("%s", e.text);
	return f;
}

/* Differences -------------------------------------------------------------------------------------------------- */

enum why {
	NOT_EXPLAINED,
	/*
	 * x32. Docker's profile lists it, so runc lets x32 calls through as it does 64-bit ones, for kernels that have x32. A policy
	 * answers as a kernel without it.
	 */
	X32,
	/*
	 * socketcall(SYS_SOCKET), i386. The profile allows socketcall whole, and with it AF_VSOCK, which it takes from socket(2). A policy
	 * takes socketcall for the calls it stands for, and cannot see their arguments: what depends on them is refused. (C libraries use
	 * socket(2) itself since Linux 4.3.) ipc(2) differs nowhere, since all that it stands for is allowed.
	 */
	SOCKETCALL,
	/* uretprobe, uprobe: no kernel asks a filter about them any more, and policies do not refuse them (syscall-compile.c). */
	UPROBE,
	WHYS
};

static const char *const why_names[WHYS] = { "not explained", "x32", "socketcall", "uprobe" };
static unsigned long differences[WHYS], calls;

#define I386_SOCKETCALL 102
#define SYS_SOCKET 1

static enum why explained(const struct seccomp_data *d, uint32_t policy, uint32_t runc)
{
	if (d->arch == AUDIT_ARCH_X86_64 && (d->nr == 335 || d->nr == 336) && policy == SECCOMP_RET_ALLOW)
		return UPROBE;
	if (runc != SECCOMP_RET_ALLOW)
		return NOT_EXPLAINED;
	if (d->arch == AUDIT_ARCH_X86_64 && (uint32_t)d->nr >= X32_BIT && policy == (SECCOMP_RET_ERRNO | ENOSYS))
		return X32;
	if (d->arch == AUDIT_ARCH_I386 && d->nr == I386_SOCKETCALL && (uint32_t)d->args[0] == SYS_SOCKET &&
	    policy == (SECCOMP_RET_ERRNO | EPERM))
		return SOCKETCALL;
	return NOT_EXPLAINED;
}

static void check(const struct ringwall_filter *policy, const struct ringwall_filter *runc, const struct seccomp_data *d)
{
	uint32_t ours = cbpf_run(&policy->prog, d, NULL), theirs = cbpf_run(&runc->prog, d, NULL);
	enum why why;

	calls++;
	if (ours == theirs)
		return;
	why = explained(d, ours, theirs);
	differences[why]++;
	if (!why)
		fail_msg("%s %#x: %#llx %#llx: policy %#x, runc %#x", d->arch == AUDIT_ARCH_I386 ? "i386" : "x86-64", (uint32_t)d->nr,
			 d->args[0], d->args[1], ours, theirs);
}

static void check_number(const struct ringwall_filter *policy, const struct ringwall_filter *runc, uint32_t arch, uint32_t nr)
{
	static const uint64_t values[] = {
		0, 1, 2, 3, 4, 8, 11, 12, 13, 18, 20, 21, 24, 39, 40, 41, 0x1ffff, 0x20000, 0x20008, 0x20009, 0xfffffffe, 0xffffffff,
		0x100000000, 0x100000008, 0x100000028, 0x1ffffffff, 0x10001, 0x7e020000, 0x1000000, 0x2000000, 0x80000000, 0x1200011,
		0x8000000000000000, 0xffffffffffffffff,
	};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		for (size_t j = 0; j < ARRAY_SIZE(values); j += 5) {
			struct seccomp_data d = { .nr = (int)nr, .arch = arch, .args = { values[i], values[j], values[j] } };

			check(policy, runc, &d);
		}
}

static void compare(const char *text, size_t len, uint64_t caps)
{
	static const uint32_t far[] = { 0x3fffffff, 0x40000000, 0x40000001, 0x40000200, 0x7fffffff, 0x80000000, 0xffffffff };
	struct ringwall_filter runc = filter_of_runc(text, len, caps), policy;
	struct ringwall_model m;

	model_of(text, len, caps, &m);
	policy = filter_of_policy(&m);
	for (int i386 = 0; i386 < 2; i386++) {
		uint32_t arch = i386 ? AUDIT_ARCH_I386 : AUDIT_ARCH_X86_64;

		for (uint32_t nr = 0; nr < NUMBERS; nr++)
			check_number(&policy, &runc, arch, nr);
		for (size_t i = 0; i < ARRAY_SIZE(far); i++)
			check_number(&policy, &runc, arch, far[i]);
	}
	ringwall_filter_free(&policy);
	ringwall_filter_free(&runc);
	ringwall_model_free(&m);
}

static void test_docker(void **state)
{
	static const uint64_t caps[] = {
		RINGWALL_IMPORT_CAPS_DEFAULT, 0, ~0ULL, RINGWALL_IMPORT_CAPS_DEFAULT | 1ULL << CAP_SYS_ADMIN, 1ULL << CAP_SYS_PTRACE,
	};
	_cleanup_free_ char *text = NULL;
	size_t len;

	(void)state;
	text = read_profile(&len);
	for (size_t i = 0; i < ARRAY_SIZE(caps); i++)
		compare(text, len, caps[i]);
	printf("# %lu calls", calls);
	for (int i = 1; i < WHYS; i++) {
		printf(", %lu differ: %s", differences[i], why_names[i]);
		assert_true(differences[i] > 0);
	}
	printf("\n");
}

/* Figures ------------------------------------------------------------------------------------------------------ */

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void put_steps(const char *what, const struct ringwall_filter *policy, const struct ringwall_filter *runc, int nr)
{
	struct seccomp_data d = { .nr = nr, .arch = AUDIT_ARCH_X86_64 };
	uint32_t ours, theirs;

	assert_int_equal(cbpf_run(&policy->prog, &d, &ours), cbpf_run(&runc->prog, &d, &theirs));
	printf("#   %-24s %3u instructions, libseccomp's %3u\n", what, ours, theirs);
}

/* Of all allowed calls of x86-64. */
static double mean_steps(const struct ringwall_filter *f, unsigned int *ret_constant)
{
	uint32_t steps, sum = 0, n = 0;

	*ret_constant = 0;
	for (int nr = 0; nr < NUMBERS; nr++) {
		struct seccomp_data d = { .nr = nr, .arch = AUDIT_ARCH_X86_64 };

		if (cbpf_run(&f->prog, &d, &steps) != SECCOMP_RET_ALLOW)
			continue;
		sum += steps;
		n++;
		*ret_constant += (unsigned int)cbpf_is_const_allow(&f->prog, AUDIT_ARCH_X86_64, (uint32_t)nr);
	}
	return (double)sum / n;
}

#define RUNS 200

/* Nothing here can fail but by being absurd: it is to be read. */
static void test_figures(void **state)
{
	_cleanup_free_ char *text = NULL;
	struct ringwall_filter runc, policy;
	unsigned int constant[2];
	uint64_t start, least = UINT64_MAX, sum = 0;
	struct ringwall_model m;
	double mean;
	size_t len;

	(void)state;
	text = read_profile(&len);
	start = now();
	runc = filter_of_runc(text, len, RINGWALL_IMPORT_CAPS_DEFAULT);
	printf("# Docker's profile: libseccomp %.0f us, %u instructions\n", (double)(now() - start) / 1e3, runc.prog.len);
	model_of(text, len, RINGWALL_IMPORT_CAPS_DEFAULT, &m);
	for (int i = 0; i < RUNS; i++) {
		uint64_t took;

		start = now();
		policy = filter_of_policy(&m);
		took = now() - start;
		least = took < least ? took : least;
		sum += took;
		if (i < RUNS - 1)
			ringwall_filter_free(&policy);
	}
	printf("# policy to filter: %.0f us on average, %.0f at least, %u instructions\n", (double)sum / RUNS / 1e3, (double)least / 1e3,
	       policy.prog.len);
	put_steps("getppid", &policy, &runc, 110);
	put_steps("read", &policy, &runc, 0);
	put_steps("openat", &policy, &runc, 257);
	put_steps("clone(0), by arguments", &policy, &runc, 56);
	put_steps("ptrace", &policy, &runc, 101);
	put_steps("reboot, refused", &policy, &runc, 169);
	mean = mean_steps(&policy, &constant[0]);
	printf("#   mean of allowed calls: %.1f, libseccomp's %.1f;", mean, mean_steps(&runc, &constant[1]));
	printf(" known to the kernel ahead: %u and %u\n", constant[0], constant[1]);
	assert_true(constant[0] >= constant[1] && least < 20000000 && policy.prog.len < 1000);
	ringwall_filter_free(&policy);
	ringwall_filter_free(&runc);
	ringwall_model_free(&m);
}

/* Profiles ----------------------------------------------------------------------------------------------------- */

/* In what follows ' stands for ". */
#define DENY "'defaultAction':'SCMP_ACT_ERRNO','architectures':['SCMP_ARCH_X86_64','SCMP_ARCH_X86'],"
#define ALLOW "'defaultAction':'SCMP_ACT_ALLOW','architectures':['SCMP_ARCH_X86_64'],"
#define RULES(rules) "'syscalls':[" rules "]"
#define RULE(names, action, more) "{'names':[" names "],'action':'SCMP_ACT_" action "'" more "}"
#define ONE(action, more) "{" ALLOW RULES(RULE("'reboot'", action, more)) "}"
#define ARGS(args) ",'args':[" args "]"
#define ARG(index, value, op) "{'index':" #index ",'value':" #value ",'op':'SCMP_CMP_" #op "'}"

/* @policy: what must be in it, without blanks; NULL: it is refused with @error. @notes: what is said about it; NULL: nothing */
static const struct {
	const char *profile, *policy, *notes, *error;
} profiles[] = {
	/* lists */
	{ .profile = "{" DENY RULES(RULE("'read','write'", "ALLOW", "")) "}",
	  .policy = "'default':'deny','errno':'EPERM','architectures':['x86_64','x86'],'allow':['read','write'],'deny':[{'names':['open'," },
	{ .profile = "{" ALLOW RULES(RULE("'kexec_load'", "ERRNO", ",'errnoRet':38") "," RULE("'read'", "ALLOW", "")) "}",
	  .policy = "'default':'allow','architectures':['x86_64'],'deny':[{'names':['kexec_load'],'errno':'ENOSYS'}]}}" },
	{ .profile = "{" ALLOW RULES("") "}", .policy = "'default':'allow','architectures':['x86_64'],'deny':[]" },
	/* the places that a profile is found in */
	{ .profile = "{'ociVersion':'1.0.0','linux':{'seccomp':" ONE("ERRNO", "") "}}", .policy = "'names':['reboot']" },
	{ .profile = "{'linux':{}}", .error = "p.json:1:10: linux.seccomp: missing: there is no profile in it" },
	{ .profile = "{'linux':{'seccomp':null}}", .error = "p.json:1:21: linux.seccomp: must be an object, not null" },
	{ .profile = "[]", .error = "p.json:1:1: must be an object, not an array" },
	{ .profile = "{}", .error = "p.json:1:1: defaultAction: missing" },
	{ .profile = "{'defaultAction':'SCMP_ACT_NO'}", .error = "p.json:1:18: defaultAction: unknown value 'SCMP_ACT_NO'" },
	/* what is in the way of each other */
	{ .profile = "{" ALLOW "'archMap':[{'architecture':'SCMP_ARCH_X86_64'}]}",
	  .error = "p.json:1:82: archMap: stands beside 'architectures'" },
	{ .profile = "{" ALLOW RULES("{'name':'a','names':['b'],'action':'SCMP_ACT_ERRNO'}") "}",
	  .error = "syscalls[0].name: stands beside 'names'" },
	{ .profile = "{" ALLOW RULES("{'name':'reboot','action':'SCMP_ACT_ERRNO'}") "}", .policy = "'names':['reboot']" },
	{ .profile = "{" ALLOW RULES(RULE("", "ERRNO", "")) "}", .error = "syscalls[0].names: must have at least one element" },
	/* names */
	{ .profile = "{" ALLOW RULES(RULE("'no\\u001bsuch','reboot','arm_fadvise64_64'", "ERRNO", "")) "}",
	  .policy = "'names':['reboot']", .notes = "p.json: left out, no calls of x86-64 or i386: no?such, arm_fadvise64_64\n" },
	{ .profile = "{" ALLOW RULES(RULE("'no_such'", "ERRNO", "")) "}",
	  .policy = "'deny':[]", .notes = "p.json: left out, no calls of x86-64 or i386: no_such\n" },
	/* actions */
	{ .profile = ONE("KILL_PROCESS", ""), .policy = "'names':['reboot'],'errno':'EPERM'",
	  .notes = "p.json:1:113: syscalls[0].action: it becomes a refusal with EPERM: a policy kills nobody\n" },
	{ .profile = "{'defaultAction':'SCMP_ACT_KILL','syscalls':[]}",
	  .policy = "'default':'deny','errno':'EPERM','architectures':['x86_64'],'allow':[]",
	  .notes = "p.json:1:18: defaultAction: it becomes a refusal with EPERM: a policy kills nobody\n" },
	{ .profile = ONE("TRACE", ""), .error = "p.json:1:113: syscalls[0].action: policies have no word for SCMP_ACT_TRACE" },
	{ .profile = ONE("NOTIFY", ""), .error = "syscalls[0].action: policies have no word for SCMP_ACT_NOTIFY" },
	{ .profile = ONE("LOG", ""), .error = "syscalls[0].action: policies have no word for SCMP_ACT_LOG" },
	{ .profile = "{'defaultAction':'SCMP_ACT_TRACE'}",
	  .error = "p.json:1:18: defaultAction: policies have no word for SCMP_ACT_TRACE" },
	{ .profile = "{'defaultAction':'SCMP_ACT_LOG'," RULES(RULE("'read'", "ALLOW", "")) "}",
	  .policy = "'mode':{'syscalls':'audit'},'syscalls':{'default':'deny','errno':'EPERM','architectures':['x86_64'],"
		    "'allow':['read'],'deny':[]}" },
	{ .profile = "{'defaultAction':'SCMP_ACT_LOG'," RULES(RULE("'read'", "ERRNO", "")) "}",
	  .error = "syscalls[0].action: where the default is SCMP_ACT_LOG: a policy logs, or it refuses" },
	{ .profile = ONE("ERRNO", ",'errnoRet':0"), .error = "syscalls[0].errnoRet: 0: a policy refuses, or it allows" },
	{ .profile = ONE("ERRNO", ",'errnoRet':200"), .policy = "'errno':200" },
	{ .profile = ONE("ERRNO", ",'errnoRet':5000"), .policy = "'errno':4095" },
	{ .profile = ONE("ERRNO", ",'errno':'EACCES'"), .policy = "'errno':'EACCES'" },
	{ .profile = ONE("ERRNO", ",'errno':'ENOWHERE'"), .error = "syscalls[0].errno: 'ENOWHERE' is not the name of an error" },
	{ .profile = "{'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':38,'defaultErrno':'ENOSYS','archMap':["
		     "{'architecture':'SCMP_ARCH_X86_64','subArchitectures':['SCMP_ARCH_X86']}],"
		     RULES(RULE("'read'", "ALLOW", "") "," RULE("'reboot'", "ERRNO", ",'errnoRet':1")) "}",
	  .policy = "'errno':'ENOSYS','architectures':['x86_64','x86'],'allow':['read'],"
		    "'deny':[{'names':['reboot'],'errno':'EPERM'}]}" },
	/* a rule without arguments decides, the first one */
	{ .profile = "{" ALLOW RULES(RULE("'clone'", "ERRNO", ARGS(ARG(0, 1, EQ)) ",'errnoRet':2") ","
				     RULE("'clone'", "ERRNO", ",'errnoRet':3") "," RULE("'clone'", "ERRNO", ",'errnoRet':4")) "}",
	  .policy = "'deny':[{'names':['clone'],'errno':'ESRCH'}]" },
	/* what the default does anyway is no rule */
	{ .profile = "{" DENY RULES(RULE("'msync'", "ERRNO", "") "," RULE("'msync','mseal'", "ALLOW", "")) "}",
	  .policy = "'allow':['msync','mseal']," },
	/* arguments */
	{ .profile = "{" DENY RULES(RULE("'socket'", "ALLOW", ARGS("{'index':0,'value':1,'valueTwo':7,'op':'SCMP_CMP_LE'},"
					 "{'index':2,'value':240,'valueTwo':4095,'op':'SCMP_CMP_MASKED_EQ'}"))) "}",
	  .policy = "'allow':[{'names':['socket']" ARGS(ARG(0, 1, LE) ","
		    "{'index':2,'value':240,'valueTwo':240,'op':'SCMP_CMP_MASKED_EQ'}") "}]" },
	{ .profile = "{" DENY RULES(RULE("'socket'", "ALLOW", ARGS(ARG(0, 1, EQ) "," ARG(0, 2, EQ)))) "}",
	  .policy = "'allow':[{'names':['socket']" ARGS(ARG(0, 1, EQ)) "},{'names':['socket']" ARGS(ARG(0, 2, EQ)) "}]" },
	{ .profile = "{" DENY RULES(RULE("'socket'", "ALLOW", ARGS(ARG(6, 1, EQ)))) "}",
	  .error = "syscalls[0].args[0].index: must be a number from 0 to 5, not 6" },
	{ .profile = "{" DENY RULES(RULE("'mseal'", "ALLOW", ARGS(ARG(0, 1, EQ))) ","
				    RULE("'mseal'", "ERRNO", ARGS(ARG(1, 1, EQ)) ",'errnoRet':38")) "}",
	  .policy = "'deny':[{'names':['mseal']" ARGS(ARG(1, 1, EQ)),
	  .notes = "mseal: allowed by some arguments and refused by others: where both hold it is refused\n" },
	/* conditions */
	{ .profile = "{" ALLOW RULES(RULE("'reboot'", "ERRNO", ",'includes':{'minKernel':'6.1'}") ","
				     RULE("'acct'", "ERRNO", ",'includes':{'minKernel':'6.2'}") ","
				     RULE("'mount'", "ERRNO", ",'excludes':{'minKernel':'6.1'}") ","
				     RULE("'swapon'", "ERRNO", ",'includes':{'caps':['CAP_CHOWN','CAP_NO_SUCH']}") ","
				     RULE("'swapoff'", "ERRNO", ",'includes':{'caps':['CAP_CHOWN','CAP_KILL']}") ","
				     RULE("'bpf'", "ERRNO", ",'excludes':{'caps':['CAP_BPF','CAP_KILL']}") ","
				     RULE("'iopl'", "ERRNO", ",'excludes':{'arches':['amd64']}") ","
				     RULE("'ioperm'", "TRACE", ",'includes':{'arches':['arm64']}")) "}",
	  .policy = "'deny':[{'names':['reboot'],'errno':'EPERM'},{'names':['swapoff'],'errno':'EPERM'}]" },
	{ .profile = ONE("ERRNO", ",'includes':{'minKernel':'new'}"),
	  .error = "minKernel: must be a version such as '4.8', not 'new'" },
	{ .profile = "{'defaultAction':'SCMP_ACT_ALLOW','architectures':['SCMP_ARCH_X32']}", .policy = "'architectures':['x86_64']",
	  .notes = "SCMP_ARCH_X32: policies refuse x32 calls whole\n" },
};

static char *quoted(const char *text)
{
	char *copy = strdup(text ?: "");

	for (char *s = copy; *s; s++)
		if (*s == '\'')
			*s = '"';
	return copy;
}

static void squeeze(char *text)
{
	char *to = text;

	for (; *text; text++)
		if (*text != ' ' && *text != '\n')
			*to++ = *text;
	*to = '\0';
}

static void check_profile(const char *profile, const char *policy, const char *wanted_notes, const char *error)
{
	struct ringwall_import h = how(RINGWALL_IMPORT_CAPS_DEFAULT);
	struct ringwall_err e = { 0 };
	_cleanup_free_ char *json = NULL;
	int err = ringwall_import(profile, strlen(profile), "p.json", &h, &json, &e);

	if (!err != !*error)
		fail_msg("%s: %s", profile, err ? e.text : "no error");
	if (err && (!strstr(e.text, error) || strncmp(e.text, "p.json:", 7)))
		fail_msg("%s: %s", profile, e.text);
	if (!err)
		squeeze(json);
	if (!err && !strstr(json, policy))
		fail_msg("%s: %s", profile, json);
	if (strcmp(notes, wanted_notes))
		fail_msg("%s: notes: %s", profile, notes);
}

static void test_profiles(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		_cleanup_free_ char *profile = quoted(profiles[i].profile), *policy = quoted(profiles[i].policy);
		_cleanup_free_ char *said = quoted(profiles[i].notes), *error = quoted(profiles[i].error);

		check_profile(profile, policy, said, error);
	}
}

/* More comparisons than a policy can have of one call: said here, and not when a container is to begin. */
static void test_too_many(void **state)
{
	struct ringwall_import h = how(0);
	struct ringwall_err e = { 0 };
	char *json = NULL, text[8192];
	_cleanup_free_ char *profile = NULL;
	size_t len;

	(void)state;
	len = (size_t)sprintf(text, "{" DENY "'syscalls':[");
	for (int i = 0; i < 40; i++)
		len += (size_t)sprintf(text + len, "%s" RULE("'clone'", "ALLOW", ARGS("{'index':0,'value':%d,'op':'SCMP_CMP_EQ'}")),
				       i ? "," : "", i);
	sprintf(text + len, "]}");
	profile = quoted(text);
	assert_int_equal(ringwall_import(profile, strlen(profile), "p.json", &h, &json, &e), -E2BIG);
	assert_non_null(strstr(e.text, "p.json: the policy that it makes: "));
	assert_null(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_docker),	 cmocka_unit_test(test_figures),
		cmocka_unit_test(test_profiles), cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests_name("policy-import", tests, NULL, NULL);
}
