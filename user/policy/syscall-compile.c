// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From rules about system calls to one verdict for each. Of what holds, the first decides: denying rules in their order, then
 * allowing ones, then the default. So the verdict is an ordered list, which ends where nothing behind can matter any more.
 *
 * socketcall(2) and ipc(2) of i386 stand for other calls, and their verdict is that of these: one that is refused is refused
 * there, too, and allowing them takes no rule of their own. What the arguments decide is refused: they lie in memory, where
 * another thread can change them behind the back of whoever looks. Rules that deny the two themselves come first; numbers
 * that stand for nothing get what the rules say about the two.
 *
 * A denied call takes its 32-bit twins with it (syscall-twins.h). Two of these have their arguments in memory as well, and no name
 * in C libraries: what allows mmap(2) or select(2) whatever the arguments are allows them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "draft.h"
#include "syscall-twins.h"
#include "syscalls.h"
#include "text.h"

#define NAMED_MAX 24

/* What number @first + i stands for; NULL: nothing. */
static const struct multiplexer {
	const char *name;
	uint64_t mask; /* of the argument */
	uint32_t first;
	const char *calls[NAMED_MAX];
} multiplexers[] = {
	{ "socketcall",
	  UINT32_MAX,
	  1,
	  { "socket",	"bind",	    "connect",	"listen",  "accept",	 "getsockname", "getpeername",
	    "socketpair", "sendto", "recvfrom", "sendto",  "recvfrom",	 "shutdown",	"setsockopt",
	    "getsockopt", "sendmsg", "recvmsg", "accept4", "recvmmsg",	 "sendmmsg" } },
	{ "ipc",
	  0xffff, /* above it stands a version */
	  1,
	  { [0] = "semop", [1] = "semget", [2] = "semctl", [3] = "semtimedop", [10] = "msgsnd", [11] = "msgrcv",
	    [12] = "msgget", [13] = "msgctl", [20] = "shmat", [21] = "shmdt", [22] = "shmget", [23] = "shmctl" } },
};

/* A rule that names a call, and where the next one that does is: its place + 1. @whole: whatever its arguments are. */
struct link {
	const struct ringwall_syscall_rule *rule;
	uint32_t next;
	bool whole;
};

/**
 * struct index - rules by the calls they name.
 * @deny, @allow: by id: place + 1 of the first link
 * @error: of the default; 0: allowed
 */
struct index {
	const struct ringwall_model *m;
	struct link *links;
	uint32_t n;
	uint16_t error;
	uint32_t deny[RINGWALL_SYSCALLS_MAX], allow[RINGWALL_SYSCALLS_MAX];
};

static bool belongs(const struct ringwall_syscall_rule *rule, enum ringwall_syscall_part part)
{
	return part == RINGWALL_SYSCALLS_ALL || rule->sealed;
}

static void put_link(struct index *ix, uint32_t *to, const struct ringwall_syscall_rule *rule, uint32_t id, bool whole)
{
	ix->links[ix->n++] = (struct link){ rule, to[id], whole };
	to[id] = ix->n;
}

static void put_twins(struct index *ix, const struct ringwall_syscall_rule *rule, uint32_t id)
{
	const char *name = ringwall_syscall_name(id)->name;
	const struct ringwall_syscall_twin *twin = ringwall_twins, *end = twin + ARRAY_SIZE(ringwall_twins);

	while (twin < end && strcmp(twin->name, name))
		twin++;
	for (size_t i = 0; twin < end && i < RINGWALL_TWINS_MAX; i++) {
		if (twin->other[i])
			put_link(ix, ix->deny, rule, ringwall_syscall_find(twin->other[i])->id, !rule->n_args);
		if (twin->unlike[i])
			put_link(ix, ix->deny, rule, ringwall_syscall_find(twin->unlike[i])->id, true);
	}
}

/* From the last rule to the first, each put before what is there: in the end they are in order. */
static int index_build(const struct ringwall_model *m, enum ringwall_syscall_part part, struct index *ret, struct ringwall_err *e)
{
	const struct ringwall_syscall_list *list = &m->syscalls;
	size_t n = 0;

	*ret = (struct index){ .m = m };
	if (list->deny_default && part == RINGWALL_SYSCALLS_ALL)
		ret->error = list->error;
	for (size_t i = 0; i < list->n; i++)
		n += list->rules[i].n_ids * (list->rules[i].allow ? 1 : 1 + 2 * RINGWALL_TWINS_MAX);
	ret->links = malloc((n ?: 1) * sizeof(*ret->links));
	if (!ret->links)
		return ringwall_fail(e, -ENOMEM, "policy");
	for (size_t i = list->n; i-- > 0;) {
		const struct ringwall_syscall_rule *rule = &list->rules[i];
		uint32_t *to = rule->allow ? ret->allow : ret->deny;

		for (size_t j = 0; j < rule->n_ids && belongs(rule, part); j++) {
			put_link(ret, to, rule, rule->ids[j], !rule->n_args);
			if (!rule->allow)
				put_twins(ret, rule, rule->ids[j]);
		}
	}
	return 0;
}

static int fail_too_many(const struct index *ix, uint32_t id, uint32_t number, struct ringwall_err *e)
{
	const struct ringwall_rule *rule = ringwall_model_rule(ix->m, RINGWALL_SET_SYSCALL, number);
	const struct ringwall_syscall_name *name = ringwall_syscall_name(id);
	char origin[RINGWALL_ORIGIN_TEXT];

	return ringwall_fail_plain(e, -E2BIG, "%s: more than %d comparisons of arguments of system call %s",
				   rule ? ringwall_origin_text(&rule->origin, origin) : ix->m->name, RINGWALL_COMPARISONS_MAX,
				   name ? name->name : "?");
}

/* One more alternative. What allows has no number: lists that mean the same are to make the same policy. */
static int add(const struct index *ix, uint32_t id, const struct ringwall_syscall_rule *rule, struct ringwall_syscall *to,
	       struct ringwall_err *e)
{
	if (to->n + rule->n_args > RINGWALL_COMPARISONS_MAX)
		return fail_too_many(ix, id, rule->number, e);
	for (size_t i = 0; i < rule->n_args; i++) {
		const struct ringwall_syscall_arg *arg = &rule->args[i];
		bool last = i == rule->n_args - 1;

		to->c[to->n++] = (struct ringwall_comparison){
			.mask = arg->mask,
			.value = arg->value,
			.index = arg->index,
			.op = arg->op | (last ? RINGWALL_COMPARE_LAST : 0),
			.rule = last && !rule->allow ? rule->number : 0,
			.error = last && !rule->allow ? rule->error : 0,
		};
	}
	return 0;
}

/*
 * The rules of one list, up to one that holds whatever the arguments are.
 * Return: 1 there is such a rule, and it is *@ret_last; 0; negative errno.
 */
static int add_list(const struct index *ix, uint32_t id, const uint32_t *heads, struct ringwall_syscall *to,
		    const struct ringwall_syscall_rule **ret_last, struct ringwall_err *e)
{
	for (uint32_t at = heads[id]; at; at = ix->links[at - 1].next) {
		const struct ringwall_syscall_rule *rule = ix->links[at - 1].rule;
		int err;

		if (ix->links[at - 1].whole) {
			*ret_last = rule;
			return 1;
		}
		err = add(ix, id, rule, to, e);
		if (err < 0)
			return err;
	}
	return 0;
}

/*
 * The rules that deny @id. @ret: zeroed
 * Return: 1 one of them does whatever the arguments are, and nothing is left to say; 0; negative errno.
 */
static int add_denying(const struct index *ix, uint32_t id, struct ringwall_syscall *ret, struct ringwall_err *e)
{
	const struct ringwall_syscall_rule *last;
	int r = add_list(ix, id, ix->deny, ret, &last, e);

	if (r > 0) {
		ret->rule = last->number;
		ret->error = last->error;
	}
	return r;
}

/* Is there a rule for @id that allows it whatever its arguments are? Then those that ask for some say nothing. */
static bool allowed_whole(const struct index *ix, uint32_t id)
{
	for (uint32_t at = ix->allow[id]; at; at = ix->links[at - 1].next)
		if (ix->links[at - 1].whole)
			return true;
	return false;
}

/* i386's mmap and select of old, which have their arguments in memory: go with the calls that have them in registers. */
static bool allowed_as_another(const struct index *ix, uint32_t id)
{
	static const struct {
		uint32_t id, as;
	} old[] = {
		{ RINGWALL_SYSCALL_I386 + 90, 9 /* mmap */ },
		{ RINGWALL_SYSCALL_I386 + 82, 23 /* select */ },
	};

	for (size_t i = 0; i < ARRAY_SIZE(old); i++)
		if (old[i].id == id)
			return allowed_whole(ix, old[i].as);
	return false;
}

/* @ret: zeroed; what stays zero is not touched */
static int plain_verdict(const struct index *ix, uint32_t id, struct ringwall_syscall *ret, struct ringwall_err *e)
{
	const struct ringwall_syscall_rule *last;
	int r = add_denying(ix, id, ret, e);

	if (r)
		return r < 0 ? r : 0;
	if (!ix->error || allowed_whole(ix, id) || allowed_as_another(ix, id))
		return 0;
	ret->error = ix->error;
	r = add_list(ix, id, ix->allow, ret, &last, e);
	return r < 0 ? r : 0;
}

/* What refuses of a verdict that knows no arguments: what is refused in the end, or else what is refused first. */
static void blind(const struct ringwall_syscall *s, uint32_t *ret_rule, uint16_t *ret_error)
{
	*ret_rule = s->rule;
	*ret_error = s->error;
	for (uint32_t i = 0; !*ret_error && i < s->n; i++) {
		*ret_rule = s->c[i].rule;
		*ret_error = s->c[i].error;
	}
}

static int add_named(const struct index *ix, uint32_t id, const struct multiplexer *mux, uint32_t k, struct ringwall_syscall *to,
		     struct ringwall_err *e)
{
	const struct ringwall_syscall_name *name = ringwall_syscall_find(mux->calls[k]);
	struct ringwall_syscall named = { 0 };
	uint32_t rule;
	uint16_t error;
	int err = name ? plain_verdict(ix, name->id, &named, e) : 0;

	if (err < 0)
		return err;
	blind(&named, &rule, &error);
	if (rule == to->rule && error == to->error)
		return 0; /* as numbers that stand for nothing */
	if (to->n == RINGWALL_COMPARISONS_MAX)
		return fail_too_many(ix, id, rule, e);
	to->c[to->n++] = (struct ringwall_comparison){
		.mask = mux->mask,
		.value = mux->first + k,
		.op = RINGWALL_COMPARE_EQ | RINGWALL_COMPARE_LAST,
		.rule = rule,
		.error = error,
	};
	return 0;
}

/* @ret: zeroed */
static int multiplexed_verdict(const struct index *ix, uint32_t id, const struct multiplexer *mux, struct ringwall_syscall *ret,
			       struct ringwall_err *e)
{
	int r = add_denying(ix, id, ret, e);

	if (r)
		return r < 0 ? r : 0;
	ret->error = allowed_whole(ix, id) ? 0 : ix->error;
	for (uint32_t k = 0; k < ARRAY_SIZE(mux->calls); k++) {
		r = mux->calls[k] ? add_named(ix, id, mux, k, ret, e) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

static const struct multiplexer *multiplexer_of(const struct ringwall_syscall_name *row)
{
	for (size_t i = 0; row->id >= RINGWALL_SYSCALL_I386 && i < ARRAY_SIZE(multiplexers); i++)
		if (!strcmp(multiplexers[i].name, row->name))
			return &multiplexers[i];
	return NULL;
}

#define ID_URETPROBE 335
#define ID_UPROBE 336

/*
 * What the kernel's own trampolines call on behalf of who is being probed from outside: seccomp lets these through, whatever a
 * filter says (Linux 6.14), and a process that makes them itself gets a signal. Refusing them breaks whatever somebody probes.
 */
static bool is_kernels_own(uint32_t id)
{
	return id == ID_URETPROBE || id == ID_UPROBE;
}

static int verdict(const struct index *ix, const struct ringwall_syscall_name *row, struct ringwall_syscall *ret,
		   struct ringwall_err *e)
{
	const struct multiplexer *mux = multiplexer_of(row);

	if (is_kernels_own(row->id))
		return 0;
	return mux ? multiplexed_verdict(ix, row->id, mux, ret, e) : plain_verdict(ix, row->id, ret, e);
}

bool ringwall_syscall_is_multiplexer(uint32_t id)
{
	const struct ringwall_syscall_name *row = ringwall_syscall_name(id);

	return row && multiplexer_of(row);
}

int ringwall_syscall_verdicts(const struct ringwall_model *m, enum ringwall_syscall_part part,
			      struct ringwall_syscall_verdicts **ret, struct ringwall_err *e)
{
	_cleanup_free_ struct ringwall_syscall_verdicts *v = NULL;
	const struct ringwall_syscall_name *rows;
	struct index ix;
	size_t n;
	int err = index_build(m, part, &ix, e);

	if (err < 0)
		return err;
	v = calloc(1, sizeof(*v));
	if (!v)
		err = ringwall_fail(e, -ENOMEM, "policy");
	rows = ringwall_syscall_rows(&n);
	for (size_t i = 0; i < n && !err; i++)
		if (!i || rows[i].id != rows[i - 1].id)
			err = verdict(&ix, &rows[i], &v->v[rows[i].id], e);
	free(ix.links);
	if (err < 0)
		return err;
	*ret = TAKE_PTR(v);
	return 0;
}

/* The draft ------------------------------------------------------------------------------------------------- */

/* At most: calls that some rule names, and the two that stand for others. */
static uint32_t ruled_max(const struct index *ix)
{
	uint32_t n = ARRAY_SIZE(multiplexers);

	for (uint32_t id = 0; id < RINGWALL_SYSCALLS_MAX; id++)
		n += ix->deny[id] || ix->allow[id];
	return n;
}

/* One more entry of the section, unless bits say it all. */
static int draft_row(const struct index *ix, const struct ringwall_syscall_name *row, struct ringwall_draft *d,
		     struct ringwall_err *e)
{
	struct ringwall_section *s = &d->section[RINGWALL_SECTION_SYSCALLS];
	struct ringwall_syscall *v = (struct ringwall_syscall *)s->values + s->n;
	uint64_t bit = 1ull << row->id % 64;
	int err = verdict(ix, row, v, e);

	if (err < 0)
		return err;
	if (v->n || (v->error && v->rule)) {
		d->policy.syscall_ruled[row->id / 64] |= bit;
		((struct ringwall_syscall_key *)s->keys)[s->n++].id = row->id;
	} else if (v->error) {
		d->policy.syscall_refused[row->id / 64] |= bit;
		v->error = 0; /* the next one takes the place */
	}
	return 0;
}

int ringwall_draft_syscalls(const struct ringwall_model *m, struct ringwall_draft *d, struct ringwall_err *e)
{
	struct ringwall_section *s = &d->section[RINGWALL_SECTION_SYSCALLS];
	const struct ringwall_syscall_name *rows;
	struct index ix;
	size_t n;
	int err;

	if (!ringwall_syscalls_are_gated(m))
		return 0;
	err = index_build(m, RINGWALL_SYSCALLS_ALL, &ix, e);
	if (err < 0)
		return err;
	/* One more: the place of what turns out to need none. */
	err = ringwall_section_alloc(s, ruled_max(&ix) + 1, sizeof(struct ringwall_syscall_key), sizeof(struct ringwall_syscall),
				     e);
	s->n = 0;
	d->policy.syscall_error = ix.error;
	rows = ringwall_syscall_rows(&n);
	for (size_t i = 0; i < n && !err; i++)
		if (!i || rows[i].id != rows[i - 1].id)
			err = draft_row(&ix, &rows[i], d, e);
	free(ix.links);
	return err;
}
