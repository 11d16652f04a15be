// SPDX-License-Identifier: LGPL-2.1-or-later
/* `policy check` and `policy show`. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../policy/doctor.h"
#include "../policy/draft.h"
#include "../policy/policy.h"
#include "../policy/select.h"
#include "../policy/syscall-filter.h"
#include "../policy/text.h"
#include "cleanup.h"
#include "teller.h"

#define _cleanup_model_ _cleanup_(ringwall_model_free)

/* Does it fit into a seccomp filter, wherever the gate is not there? */
static int check_filter(struct ringwall_model *m, struct ringwall_err *e)
{
	struct ringwall_filter filter = {};
	int r;

	if (!m->syscalls.set)
		return 0;
	if (m->syscalls.mode == RINGWALL_SYSCALLS_AUTO)
		m->syscalls.mode = RINGWALL_SYSCALLS_SEALED;
	r = ringwall_syscall_filter(m, NULL, &filter, e);
	ringwall_filter_free(&filter);
	return r;
}

int ringwall_policy_check(const char *path, struct ringwall_err *e)
{
	static const struct ringwall_resources nothing;
	_cleanup_model_ struct ringwall_model m = {};
	struct ringwall_draft d = {};
	int r = ringwall_model_load(path, &m, e);

	if (!r)
		r = ringwall_draft_compile(&nothing, &m, &d, e);
	if (!r)
		ringwall_draft_free(&d);
	return r < 0 ? r : check_filter(&m, e);
}

static const char *mode_of(const struct ringwall_model *m, uint32_t set)
{
	if (m->learn >> set & 1)
		return "learning";
	return m->audit >> set & 1 ? "audited" : "enforced";
}

/* One line a set: what is done about it, and by what. */
static void put_sets(FILE *f, const struct ringwall_model *m)
{
	uint32_t sets = ringwall_model_sets(m);

	for (uint32_t set = 0; set < RINGWALL_SETS; set++) {
		enum ringwall_load load = ringwall_set_load(set);
		enum ringwall_backing backing = ringwall_backing(load);

		if (set == RINGWALL_SET_TAMPER || set == RINGWALL_SET_SYSCALL || !(sets >> set & 1))
			continue;
		if (backing == RINGWALL_BACKING_NONE)
			fprintf(f, "# %-12s not enforced: this host has nothing for class %s, see 'ringwall doctor'\n",
				ringwall_set_name(set), ringwall_load_name(load));
		else
			fprintf(f, "# %-12s %s, by %s\n", ringwall_set_name(set), mode_of(m, set),
				ringwall_backing_name(backing));
	}
}

/* System calls have two backends. */
static void put_syscalls(FILE *f, const struct ringwall_model *m)
{
	const char *mode = mode_of(m, RINGWALL_SET_SYSCALL), *name = ringwall_set_name(RINGWALL_SET_SYSCALL);
	enum ringwall_backing gate = ringwall_backing(RINGWALL_LOAD_SYSCALL);

	if (!m->syscalls.set)
		return;
	if (m->syscalls.mode == RINGWALL_SYSCALLS_LIVE && gate == RINGWALL_BACKING_SECCOMP)
		fprintf(f, "# %-12s not live: this host has no gate, see 'ringwall doctor'\n", name);
	else if (m->syscalls.mode == RINGWALL_SYSCALLS_LIVE)
		fprintf(f, "# %-12s %s, by %s; what is sealed, by seccomp\n", name, mode, ringwall_backing_name(gate));
	else if (m->syscalls.mode == RINGWALL_SYSCALLS_SEALED)
		fprintf(f, "# %-12s %s, by seccomp: sealed, 'policy set' cannot change it\n", name, mode);
	else
		fprintf(f, "# %-12s %s, live where the host can, else sealed in seccomp\n", name, mode);
}

/* " [gate]", for a rule of theirs, where that is settled. */
static const char *backend_of(const struct ringwall_model *m, const struct ringwall_rule *rule)
{
	const struct ringwall_syscall_list *list = &m->syscalls;

	if (rule->set != RINGWALL_SET_SYSCALL || list->mode == RINGWALL_SYSCALLS_AUTO)
		return "";
	if (list->mode == RINGWALL_SYSCALLS_SEALED ||
	    (rule->number && rule->number <= list->n && list->rules[rule->number - 1].sealed))
		return " [seccomp]";
	return " [gate]";
}

/* A list of bits is a rule for each bit, of which there are at most 64. */
static bool was_put(const struct ringwall_model *m, size_t at)
{
	const struct ringwall_rule *rule = &m->rules[at];

	for (size_t i = at; i-- > 0 && at - i < 64 && m->rules[i].set == rule->set;)
		if (m->rules[i].origin.line == rule->origin.line && m->rules[i].origin.column == rule->origin.column &&
		    !strcmp(m->rules[i].text, rule->text))
			return true;
	return false;
}

static void put_rules(FILE *f, const struct ringwall_model *m)
{
	char origin[RINGWALL_ORIGIN_TEXT];

	for (size_t i = 0; i < m->n_rules; i++)
		if (!was_put(m, i))
			fprintf(f, "%-55s %s%s\n", m->rules[i].text, ringwall_origin_text(&m->rules[i].origin, origin),
				backend_of(m, &m->rules[i]));
}

static int show_text(const struct ringwall_model *m, uint32_t policy_id, char **ret, struct ringwall_err *e)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	bool failed;

	if (!f)
		return ringwall_fail(e, -errno, "policy");
	fprintf(f, "# policy %s", m->name);
	if (policy_id)
		fprintf(f, ", in the kernel as %u", policy_id);
	fputc('\n', f);
	put_sets(f, m);
	put_syscalls(f, m);
	put_rules(f, m);
	failed = ferror(f);
	if (fclose(f) || failed) {
		free(text);
		return ringwall_fail(e, -ENOMEM, "policy");
	}
	*ret = text;
	return 0;
}

static int show(const struct ringwall_model *m, uint32_t policy_id, unsigned int flags, char **ret,
		struct ringwall_err *e)
{
	struct ringwall_json_out o = { .indent = 2 };
	char *json;

	if (flags & ~RINGWALL_POLICY_JSON)
		return ringwall_fail_plain(e, -EINVAL, "policy: unknown flags %#x", flags);
	if (!flags)
		return show_text(m, policy_id, ret, e);
	ringwall_model_print(m, &o);
	json = ringwall_json_out_take(&o, NULL);
	if (!json)
		return ringwall_fail(e, -ENOMEM, "policy");
	*ret = json;
	return 0;
}

int ringwall_policy_show_file(const char *path, unsigned int flags, char **ret_text, struct ringwall_err *e)
{
	_cleanup_model_ struct ringwall_model m = {};
	char place[PATH_MAX];
	int r = ringwall_model_load(ringwall_policy_place(path, place), &m, e);

	return r < 0 ? r : show(&m, 0, flags, ret_text, e);
}

int ringwall_policy_show(struct ringwall *rw, const char *id, unsigned int flags, char **ret_text,
			 struct ringwall_err *e)
{
	_cleanup_(ringwall_state_close) struct ringwall_state s = { .dir_fd = -1 };
	_cleanup_model_ struct ringwall_model m = {};
	uint32_t policy_id;
	int r = ringwall_state_read(rw, id, &s, e);

	if (!r)
		r = ringwall_teller_check(&s, e);
	if (!r)
		r = ringwall_policy_current(s.slot, &policy_id, e);
	if (!r)
		r = ringwall_container_policy_load(&s, policy_id, &m, e);
	return r < 0 ? r : show(&m, policy_id, flags, ret_text, e);
}
