// SPDX-License-Identifier: LGPL-2.1-or-later
#include "import.h"

#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>

#include "import-profile.h"
#include "text.h"

/* A rule with arguments says nothing where one without has decided. */
static bool decides(const struct ringwall_profile_import *im, size_t at, uint16_t id)
{
	return im->p.rules[at].n_args ? !im->plain[id] : im->plain[id] == at + 1;
}

static size_t names_left(const struct ringwall_profile_import *im, size_t at)
{
	const struct ringwall_profile_rule *rule = &im->p.rules[at];
	size_t n = 0;

	for (size_t i = 0; i < rule->names.n; i++) {
		const struct ringwall_syscall_name *row = ringwall_syscall_find(rule->names.v[i]);

		n += row && decides(im, at, row->id);
	}
	return n;
}

static void put_names(const struct ringwall_profile_import *im, size_t at, struct ringwall_json_out *o)
{
	const struct ringwall_profile_rule *rule = &im->p.rules[at];

	for (size_t i = 0; i < rule->names.n; i++) {
		const struct ringwall_syscall_name *row = ringwall_syscall_find(rule->names.v[i]);

		if (row && decides(im, at, row->id))
			ringwall_json_out_str(o, NULL, row->name);
	}
}

static const char *operator_name(int op)
{
	const struct ringwall_word *word = ringwall_seccomp_operator_names;

	while (word->name && word->value != (uint64_t)op)
		word++;
	return word->name;
}

static void put_arg(const struct ringwall_seccomp_arg *arg, struct ringwall_json_out *o)
{
	ringwall_json_out_object(o, NULL);
	ringwall_json_out_u64(o, "index", arg->index);
	ringwall_json_out_u64(o, "value", arg->value);
	if (arg->op == SCMP_CMP_MASKED_EQ) /* bits outside of the mask do not count, as in libseccomp */
		ringwall_json_out_u64(o, "valueTwo", arg->value_two & arg->value);
	ringwall_json_out_str(o, "op", operator_name(arg->op));
	ringwall_json_out_end(o, '}');
}

/* One entry, with @n_args from @args on. */
static void put_entry(const struct ringwall_profile_import *im, size_t at, const struct ringwall_seccomp_arg *args, size_t n_args,
		      struct ringwall_json_out *o)
{
	ringwall_json_out_object(o, NULL);
	ringwall_json_out_array(o, "names");
	put_names(im, at, o);
	ringwall_json_out_end(o, ']');
	if (n_args) {
		ringwall_json_out_array(o, "args");
		for (size_t i = 0; i < n_args; i++)
			put_arg(&args[i], o);
		ringwall_json_out_end(o, ']');
	}
	if (im->p.rules[at].error)
		ringwall_errno_put(im->p.rules[at].error, o);
	ringwall_json_out_end(o, '}');
}

static bool args_repeat(const struct ringwall_profile_rule *rule)
{
	uint32_t seen = 0;

	for (size_t i = 0; i < rule->n_args; i++) {
		if (seen >> rule->args[i].index & 1)
			return true;
		seen |= 1U << rule->args[i].index;
	}
	return false;
}

/* One that compares an argument twice is, in runc, a list of alternatives. */
static void put_rule(const struct ringwall_profile_import *im, size_t at, struct ringwall_json_out *o)
{
	const struct ringwall_profile_rule *rule = &im->p.rules[at];

	if (!names_left(im, at))
		return;
	if (!rule->error && !rule->n_args)
		put_names(im, at, o);
	else if (args_repeat(rule))
		for (size_t i = 0; i < rule->n_args; i++)
			put_entry(im, at, &rule->args[i], 1, o);
	else
		put_entry(im, at, rule->args, rule->n_args, o);
}

/* Is it above what the profile knows? i386's numbers count only for calls that x86-64 does not have. */
static bool is_newer(const struct ringwall_profile_import *im, const struct ringwall_syscall_name *row)
{
	bool i386 = row->id >= RINGWALL_SYSCALL_I386;
	int nr = i386 ? row->i386 : row->id, highest = im->highest[i386];

	if (im->plain[row->id] || im->checked[row->id] || (i386 && !im->i386))
		return false;
	return highest >= 0 && nr > highest;
}

static bool wants_newer(const struct ringwall_profile_import *im)
{
	return im->error && im->error != ENOSYS && !im->audit && (im->p.architectures.n || im->p.n_arches);
}

/* runc's answer to calls above the profile's highest, which lets C libraries do without them: user/seccomp/stub.c. */
static void put_newer(const struct ringwall_profile_import *im, struct ringwall_json_out *o)
{
	const struct ringwall_syscall_name *rows;
	bool any = false;
	size_t n;

	rows = ringwall_syscall_rows(&n);
	for (size_t i = 0; i < n; i++) {
		if ((i && rows[i].id == rows[i - 1].id) || !is_newer(im, &rows[i]))
			continue;
		if (!any) {
			ringwall_json_out_object(o, NULL);
			ringwall_json_out_array(o, "names");
		}
		any = true;
		ringwall_json_out_str(o, NULL, rows[i].name);
	}
	if (!any)
		return;
	ringwall_json_out_end(o, ']');
	ringwall_errno_put(ENOSYS, o);
	ringwall_json_out_end(o, '}');
}

static void put_list(const struct ringwall_profile_import *im, bool allow, struct ringwall_json_out *o)
{
	ringwall_json_out_array(o, allow ? "allow" : "deny");
	for (size_t i = 0; i < im->p.n_rules; i++)
		if (im->p.rules[i].counts && !im->p.rules[i].error == allow)
			put_rule(im, i, o);
	if (!allow && wants_newer(im))
		put_newer(im, o);
	ringwall_json_out_end(o, ']');
}

static char *put_policy(const struct ringwall_profile_import *im)
{
	struct ringwall_json_out o = { .indent = 2 };

	ringwall_json_out_object(&o, NULL);
	ringwall_json_out_u64(&o, "version", 1);
	ringwall_json_out_str(&o, "name", im->how->name);
	if (im->audit) {
		ringwall_json_out_object(&o, "mode");
		ringwall_json_out_str(&o, "syscalls", "audit");
		ringwall_json_out_end(&o, '}');
	}
	ringwall_json_out_object(&o, "syscalls");
	ringwall_json_out_str(&o, "default", im->error ? "deny" : "allow");
	if (im->error)
		ringwall_errno_put(im->error, &o);
	ringwall_json_out_array(&o, "architectures");
	ringwall_json_out_str(&o, NULL, "x86_64");
	if (im->i386)
		ringwall_json_out_str(&o, NULL, "x86");
	ringwall_json_out_end(&o, ']');
	if (im->error)
		put_list(im, true, &o);
	put_list(im, false, &o);
	ringwall_json_out_end(&o, '}');
	ringwall_json_out_end(&o, '}');
	return ringwall_json_out_take(&o, NULL);
}

/* Refusals go first; in libseccomp it depends. */
static void note_mixed(const struct ringwall_profile_import *im)
{
	const struct ringwall_syscall_name *row;
	char text[200];

	for (uint32_t id = 0; id < RINGWALL_SYSCALLS_MAX; id++) {
		row = im->checked[id] == 3 && !im->plain[id] ? ringwall_syscall_name(id) : NULL;
		if (!row)
			continue;
		snprintf(text, sizeof(text), "%s: allowed by some arguments and refused by others: where both hold it is refused",
			 row->name);
		im->how->note(im->how->data, text);
	}
}

/* What is handed out can be used. */
static int policy_check(const struct ringwall_profile_import *im, const char *json, struct ringwall_err *e)
{
	struct ringwall_syscall_verdicts *v = NULL;
	struct ringwall_model m;
	int err = ringwall_model_parse(json, strlen(json), im->how->name, &m, e);

	if (err < 0)
		return ringwall_err_prepend(e, "%s: the policy that it makes", im->r.name);
	err = ringwall_syscall_verdicts(&m, RINGWALL_SYSCALLS_ALL, &v, e);
	if (err < 0)
		ringwall_err_prepend(e, "%s: the policy that it makes", im->r.name);
	free(v);
	ringwall_model_free(&m);
	return err;
}

static int import(struct ringwall_profile_import *im, char **ret_json)
{
	_cleanup_free_ char *json = NULL;
	int err = ringwall_json_parse(&im->doc.arena, im->doc.text, im->doc.text_len, im->r.name, &im->doc.json, im->r.e) ?:
		  ringwall_profile_read(im);

	if (err < 0)
		return err;
	note_mixed(im);
	json = put_policy(im);
	if (!json)
		return ringwall_reader_fail_memory(&im->r);
	err = policy_check(im, json, im->r.e);
	if (!err)
		*ret_json = TAKE_PTR(json);
	return err;
}

int ringwall_import(const char *text, size_t len, const char *file, const struct ringwall_import *how, char **ret_json,
		    struct ringwall_err *e)
{
	struct ringwall_profile_import im = { .how = how, .doc = { .text = text, .text_len = len } };
	struct ringwall_err unread;
	int err;

	im.r = (struct ringwall_reader){ .c = &im.doc, .name = file, .e = e ?: &unread };
	err = import(&im, ret_json);
	ringwall_arena_free(&im.doc.arena);
	return err;
}
