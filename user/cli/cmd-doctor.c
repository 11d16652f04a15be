// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../lib/json.h"
#include "cli.h"

static struct doctor_options {
	bool json;
} opt;

static const struct ringwall_option options[] = {
	RINGWALL_OPT(struct doctor_options, json, "json", 0, FLAG, NULL, "show it as JSON"),
	{ .name = NULL },
};

static const char *text_of(const struct ringwall_json *object, const char *member)
{
	const struct ringwall_json *v = ringwall_json_get(object, member);

	return v && v->type == RINGWALL_JSON_STRING ? v->str : NULL;
}

static bool same_fix(const struct ringwall_json *a, const struct ringwall_json *b)
{
	const char *x = text_of(a, "fix"), *y = text_of(b, "fix");

	return x && y && !strcmp(x, y);
}

static bool is_fixed_before(const struct ringwall_json *first, const struct ringwall_json *class)
{
	for (; first != class; first = first->next)
		if (same_fix(first, class))
			return true;
	return false;
}

/* Once for all the classes that it mends, where the first of them is. */
static void print_fix(const struct ringwall_json *class)
{
	bool others = false;

	printf("%-26sfix", "");
	for (const struct ringwall_json *other = class->next; other; other = other->next)
		if (same_fix(class, other)) {
			printf("%s%s", others ? ", " : ", also for ", text_of(other, "class"));
			others = true;
		}
	printf(": %s\n", text_of(class, "fix"));
}

static void print_class(const struct ringwall_json *first, const struct ringwall_json *class)
{
	const struct ringwall_json *loaded = ringwall_json_get(class, "loaded"),
				   *missing = ringwall_json_get(class, "missing");

	printf("%-10s %-14s %s%s\n", text_of(class, "class"), text_of(class, "backend"), text_of(class, "why"),
	       loaded && loaded->boolean ? "; loaded" : "");
	for (const struct ringwall_json *hook = missing ? missing->child : NULL; hook; hook = hook->next)
		printf("%-26sthis kernel has no hook %s\n", "", hook->str);
	if (text_of(class, "fix") && !is_fixed_before(first, class))
		print_fix(class);
}

static int print(const char *json, struct ringwall_err *e)
{
	_cleanup_(ringwall_arena_free) struct ringwall_arena a = {};
	const struct ringwall_json *first;
	struct ringwall_json *root;
	int r = ringwall_json_parse(&a, json, strlen(json), "doctor", &root, e);

	if (r < 0)
		return r;
	first = ringwall_json_get(root, "classes")->child;
	for (const struct ringwall_json *class = first; class; class = class->next)
		print_class(first, class);
	return 0;
}

static int run(struct ringwall_cli *cli, char **args, int n, int *ret_status, struct ringwall_err *e)
{
	_cleanup_free_ char *json = NULL;
	bool complete = false;
	int r = ringwall_doctor(cli->rw, &json, &complete, e);

	(void)args;
	(void)n;
	if (r < 0)
		return r;
	*ret_status = !complete;
	if (!opt.json)
		return print(json, e);
	puts(json);
	return 0;
}

const struct ringwall_verb ringwall_verb_doctor = {
	.name = "doctor",
	.args = "",
	.help = "show what this host can enforce of a policy, and the fix for the rest",
	.text = "For each class of rules what serves it here: 'lsm' and 'modify-return' (programs on the kernel's security hooks), "
		"'cgroup' (programs on the container's cgroup), or 'none'. It is found out by trying, and nothing of that stays. "
		"Exit status 1: not everything is enforced.",
	.options = options,
	.into = &opt,
	.flags = RINGWALL_VERB_RUNTIME,
	.run = run,
};
