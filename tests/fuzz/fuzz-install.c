// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The callers' configurations, as they are edited: entering a runtime twice is entering it once, what is entered and taken out
 * leaves every byte as it was, two names do not touch one another, and what comes out can be read.
 */
#include <errno.h>
#include <string.h>

#include "../../user/install/install.h"
#include "../../user/install/toml.h"
#include "../../user/lib/arena.h"
#include "../../user/lib/json.h"
#include "runner.h"

typedef int edit_fn(struct ringwall_install *i, struct ringwall_err *e);

static int refused; /* with which error, by the last edit(); 0: it was not */

/* NULL: refused. "" stands for a file that goes. */
static char *edit(edit_fn *fn, const char *text, const struct ringwall_install_options *o)
{
	struct ringwall_install i = { .o = o, .text = text, .len = strlen(text) };
	struct ringwall_err e = { 0 };
	int r = fn(&i, &e);

	refused = r;
	if (r) {
		MUST(r < 0 && e.code == r && e.text[0] && !i.ret);
		return NULL;
	}
	return i.ret ? i.ret : strdup("");
}

static char *enter(edit_fn *fn, const char *text, const char *name, bool make_default)
{
	const struct ringwall_install_options o = { .name = name, .path = "/bin/ringwall", .make_default = make_default };

	return edit(fn, text, &o);
}

static char *leave(edit_fn *fn, const char *text, const char *name)
{
	const struct ringwall_install_options o = { .name = name, .path = "/bin/ringwall", .remove = true };

	return edit(fn, text, &o);
}

static void must_be(char *text, const char *wanted)
{
	if (!text || strcmp(text, wanted))
		fprintf(stderr, "is:\n%s\nis to be:\n%s\n", text ? text : "(refused)", wanted);
	MUST(text && !strcmp(text, wanted));
	free(text);
}

static void must_be_json(const char *text)
{
	struct ringwall_arena a = { 0 };
	struct ringwall_json *json;
	struct ringwall_err e;

	MUST(!ringwall_json_parse(&a, text, strlen(text), "daemon.json", &json, &e));
	ringwall_arena_free(&a);
}

static void must_be_toml(const char *text)
{
	struct ringwall_toml t = { .text = text };
	struct ringwall_err e;
	size_t at = 0;
	int r;

	while ((r = ringwall_toml_next(&t, &e)) > 0) {
		MUST(t.start >= at && t.body >= t.start && t.body_end > t.body && t.line_end >= t.body_end && t.at >= t.line_end);
		MUST(t.kind != RINGWALL_TOML_VALUE || (t.value > t.body && t.value < t.body_end));
		at = t.at;
	}
	MUST(!r);
}

/* Was there nothing of ours in it, such as another's default, so that taking it out leads back to it? */
static bool is_untouched(edit_fn *fn, const char *text)
{
	char *a = leave(fn, text, "one"), *b = leave(fn, text, "two");
	bool ret = a && b && !strcmp(a, text) && !strcmp(b, text) && !strstr(text, "# ringwall: ");

	free(a);
	free(b);
	return ret;
}

/* Only what somebody else made the default does not go. */
static char *leave_if_free(edit_fn *fn, const char *text, const char *name)
{
	char *ret = leave(fn, text, name);

	MUST(ret || refused == -EBUSY);
	return ret;
}

/* All of @names are in: out again in that order. */
static void check_out(edit_fn *fn, const char *text, const char *with, const char *const *names)
{
	char *now = strdup(with);

	MUST(now);
	for (; now && *names; names++) {
		char *next = leave_if_free(fn, now, *names);

		free(now);
		now = next;
	}
	if (now)
		must_be(now, text);
}

static void check(edit_fn *fn, const char *text, void (*readable)(const char *), bool make_default, bool exact)
{
	char *one = enter(fn, text, "one", make_default), *two;

	if (!one)
		return;
	readable(one);
	must_be(enter(fn, one, "one", make_default), one);
	if (exact)
		check_out(fn, text, one, (const char *const[]){ "one", NULL });
	two = enter(fn, one, "two", make_default);
	if (two) {
		readable(two);
		must_be(enter(fn, two, "two", make_default), two);
		if (exact) {
			check_out(fn, text, two, (const char *const[]){ "one", "two", NULL });
			check_out(fn, text, two, (const char *const[]){ "two", "one", NULL });
		}
	}
	free(two);
	free(one);
}

/* JSON has no place to write down what was there before. */
static bool has_member(const char *text, const char *key)
{
	struct ringwall_arena a = { 0 };
	struct ringwall_json *json = NULL;
	struct ringwall_err e;
	bool ret = !ringwall_json_parse(&a, text, strlen(text), "", &json, &e) && ringwall_json_get(json, key);

	ringwall_arena_free(&a);
	return ret;
}

static bool is_empty_object(const char *text, const char *key)
{
	struct ringwall_arena a = { 0 };
	struct ringwall_json *json = NULL;
	struct ringwall_err e;
	const struct ringwall_json *v = NULL;
	bool ret;

	if (!ringwall_json_parse(&a, text, strlen(text), "", &json, &e))
		v = ringwall_json_get(json, key);
	ret = v && !v->count;
	ringwall_arena_free(&a);
	return ret;
}

static void check_docker(const char *text)
{
	bool empty = !text[strspn(text, " \t\r\n")], exact = !empty && is_untouched(ringwall_install_docker, text);

	check(ringwall_install_docker, text, must_be_json, false, exact && !is_empty_object(text, "runtimes"));
	check(ringwall_install_docker, text, must_be_json, true,
	      exact && !is_empty_object(text, "runtimes") && !has_member(text, "default-runtime"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static edit_fn *const others[] = { ringwall_install_containerd, ringwall_install_podman, ringwall_install_crio };
	char *text = strndup((const char *)data, size);

	MUST(text);
	check_docker(text);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		for (int make_default = 0; make_default < 2; make_default++)
			check(others[i], text, must_be_toml, make_default, is_untouched(others[i], text));
	free(text);
	return 0;
}
