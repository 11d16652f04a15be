// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Policies: no crash, no error without a place, no model that compilers must not rely on; and the effective form of
 * whatever was accepted is a policy that prints the same and has the same rules.
 */
#include <errno.h>
#include <string.h>

#include "../../user/policy/parse.h"
#include "../../user/policy/syscalls.h"
#include "runner.h"

/* Nothing but built-in profiles may be extended here: files are the host's. */
static bool extends_file(const uint8_t *data, size_t size)
{
	struct ringwall_arena a = { 0 };
	const struct ringwall_json *v = NULL;
	struct ringwall_json *root;
	bool file = false;
	size_t len;

	if (!ringwall_json_parse(&a, (const char *)data, size, "fuzz", &root, NULL))
		v = ringwall_json_get(root, "extends");
	if (v && v->type == RINGWALL_JSON_STRING)
		file = v->count && !ringwall_model_builtin(v->str, &len);
	ringwall_arena_free(&a);
	return file;
}

static void net_walk(const struct ringwall_net_list *list, uint32_t set)
{
	MUST(list->set || (!list->n && !list->deny_default));
	for (size_t i = 0; i < list->n; i++) {
		const struct ringwall_net_rule *r = &list->rules[i];

		MUST(r->number == i + 1 && r->protocol >= -1 && r->protocol <= 255);
		MUST(r->family == 0 || (r->family == 4 && r->prefix <= 32) || (r->family == 6 && r->prefix <= 128));
		MUST(!r->name || (set == RINGWALL_SET_EGRESS && !r->family && strlen(r->name) < RINGWALL_NAME_MAX));
		MUST(i == 0 || r[-1].allow >= r->allow);
		for (size_t bit = r->prefix; r->family && bit < 128; bit++)
			MUST(!(r->address[bit / 8] >> (7 - bit % 8) & 1));
		for (size_t p = 0; p < r->n_ports; p++)
			MUST(r->ports[p].first <= r->ports[p].last);
	}
}

static void path_walk(const struct ringwall_path_rule *r)
{
	const char *s = r->path;
	unsigned int depth = 0;

	MUST(*s == '/' && (!s[1] || s[strlen(s) - 1] != '/'));
	for (s++; *s; depth++) {
		size_t n = strcspn(s, "/");

		MUST(n && n <= RINGWALL_COMPONENT_MAX && (n == 1 ? *s != '.' : !memchr(s, '*', n)));
		s += n + (s[n] == '/');
	}
	MUST(depth <= RINGWALL_DEPTH_MAX && (r->grant | r->refuse) && !(r->grant & r->refuse));
	MUST(r->set == RINGWALL_SET_FILE || r->set == RINGWALL_SET_EXEC);
}

static void syscalls_walk(const struct ringwall_model *m)
{
	const struct ringwall_syscall_list *list = &m->syscalls;

	MUST(list->set ? list->error : !list->n && !list->deny_default);
	for (size_t i = 0; i < list->n; i++) {
		const struct ringwall_syscall_rule *r = &list->rules[i];

		MUST(r->number == i + 1 && r->n_ids && r->n_args <= RINGWALL_COMPARISONS_MAX);
		MUST(r->allow ? !r->error && !r->sealed : r->error && r->error <= 4095);
		MUST(i == 0 || r[-1].allow >= r->allow);
		for (size_t j = 0; j < r->n_ids; j++)
			MUST(ringwall_syscall_name(r->ids[j]));
		for (size_t j = 0; j < r->n_args; j++)
			MUST(r->args[j].index < RINGWALL_SYSCALL_ARGS && r->args[j].op <= RINGWALL_COMPARE_GE);
	}
}

/* Whatever was accepted can be compiled, or has too many comparisons. */
static void syscalls_compile(const struct ringwall_model *m)
{
	struct ringwall_syscall_verdicts *v;
	struct ringwall_err e = { 0 };

	if (!ringwall_syscall_verdicts(m, RINGWALL_SYSCALLS_ALL, &v, &e))
		free(v);
	else
		MUST(e.code == -E2BIG);
}

/* What compilers rely on without looking. */
static void model_walk(const struct ringwall_model *m)
{
	MUST(m->name);
	net_walk(&m->egress, RINGWALL_SET_EGRESS);
	net_walk(&m->ingress, RINGWALL_SET_INGRESS);
	net_walk(&m->bind, RINGWALL_SET_BIND);
	for (size_t i = 0; i < m->n_path_rules; i++) {
		path_walk(&m->path_rules[i]);
		MUST(m->path_rules[i].number == i + 1);
	}
	syscalls_walk(m);
	for (size_t i = 0; i < m->n_devices; i++)
		MUST(m->devices[i].access && strchr("abc", m->devices[i].type) && m->devices[i].major >= -1);
	for (size_t i = 0; i < m->n_rules; i++)
		MUST(ringwall_model_rule(m, m->rules[i].set, m->rules[i].number) == &m->rules[i] && m->rules[i].text);
	MUST(!(m->kernel.refused >> RINGWALL_KERNEL_BITS) && !(m->learn & ~m->audit));
	MUST(!((m->socket_types.refused | m->netlink.refused) >> 32));
}

static char *print(const struct ringwall_model *m, size_t *ret_len)
{
	struct ringwall_json_out out = { 0 };
	char *text;

	ringwall_model_print(m, &out);
	text = ringwall_json_out_take(&out, ret_len);
	MUST(text);
	return text;
}

static void round_trip(const struct ringwall_model *m)
{
	size_t len, again_len;
	char *text = print(m, &len), *again;
	struct ringwall_err e = { 0 };
	struct ringwall_model n;

	if (ringwall_model_parse(text, len, "again", &n, &e)) {
		fprintf(stderr, "%s\n%s\n", text, e.text);
		MUST(!"the effective form is a policy");
	}
	model_walk(&n);
	again = print(&n, &again_len);
	MUST(len == again_len && !memcmp(text, again, len));
	MUST(m->n_rules == n.n_rules && ringwall_model_sets(m) == ringwall_model_sets(&n));
	for (size_t i = 0; i < m->n_rules; i++) {
		const struct ringwall_rule *a = &m->rules[i], *b = &n.rules[i];

		MUST(a->set == b->set && a->number == b->number && !strcmp(a->text, b->text));
		MUST(!strcmp(a->origin.file, b->origin.file) && a->origin.line == b->origin.line &&
		     a->origin.column == b->origin.column);
	}
	free(text);
	free(again);
	ringwall_model_free(&n);
}

static void match_try(const uint8_t *data, size_t size)
{
	const struct ringwall_policy_text text = { .text = (const char *)data, .len = size, .name = "fuzz" };
	struct ringwall_config doc = { 0 };
	struct ringwall_err e = { 0 };
	struct ringwall_match match;
	int r = ringwall_match_read(&doc, &text, &match, &e);

	MUST(!r || (r == -EINVAL && e.code == r && !strncmp(e.text, "fuzz:", 5)));
	for (size_t i = 0; !r && i < match.annotations.n; i++)
		MUST(*match.annotations.v[i].key && match.annotations.v[i].value);
	ringwall_arena_free(&doc.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ringwall_err e = { 0 };
	struct ringwall_model m;
	int r;

	if (extends_file(data, size))
		return 0;
	match_try(data, size);
	r = ringwall_model_parse((const char *)data, size, "fuzz", &m, &e);
	if (r) {
		MUST((r == -EINVAL || r == -EOPNOTSUPP || r == -E2BIG) && e.code == r && !strncmp(e.text, "fuzz:", 5));
		return 0;
	}
	model_walk(&m);
	syscalls_compile(&m);
	round_trip(&m);
	ringwall_model_free(&m);
	return 0;
}
