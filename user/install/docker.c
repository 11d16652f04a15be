// SPDX-License-Identifier: LGPL-2.1-or-later
/* daemon.json: the member is put in or taken out, every other byte stays as it is. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../lib/json.h"
#include "install.h"

/* The text while it is edited. */
struct edit {
	char *text;
	struct ringwall_err *e;
};

static int splice(struct edit *ed, size_t from, size_t to, const char *by)
{
	int r = ringwall_install_splice(&ed->text, from, to, by);

	return r < 0 ? ringwall_fail(ed->e, r, "daemon.json") : 0;
}

/* Member @key of @object becomes @value. @indent: of a member that is new */
static int set(struct edit *ed, const struct ringwall_json *object, const char *key, const char *value, const char *indent)
{
	const struct ringwall_json *old = ringwall_json_get(object, key);
	_cleanup_free_ char *member = NULL;

	if (old)
		return splice(ed, old->start, old->end, value);
	if (asprintf(&member, "\n%s\"%s\": %s%s", indent, key, value, object->count ? "," : "\n") < 0)
		return ringwall_fail(ed->e, -ENOMEM, "daemon.json");
	return splice(ed, object->start + 1, object->start + 1, member);
}

/* With the comma that goes with it, and all that set() put around it. */
static int take_out(struct edit *ed, const struct ringwall_json *object, const char *key)
{
	const struct ringwall_json *before = NULL, *v = object->child;
	size_t end;

	for (; v && strcmp(v->key, key); v = v->next)
		before = v;
	if (!v)
		return 0;
	if (before)
		return splice(ed, before->end, v->end, "");
	end = v->end + strspn(ed->text + v->end, " \t\r\n");
	end = ed->text[end] == ',' ? end + 1 : v->end + (ed->text[v->end] == '\n');
	return splice(ed, object->start + 1, end, "");
}

static int parse(struct edit *ed, struct ringwall_arena *a, const struct ringwall_json **ret)
{
	struct ringwall_json *root;
	int r = ringwall_json_parse(a, ed->text, strlen(ed->text), "daemon.json", &root, ed->e);

	if (r < 0)
		return r;
	if (root->type != RINGWALL_JSON_OBJECT)
		return ringwall_fail_plain(ed->e, -EINVAL, "not an object");
	*ret = root;
	return 0;
}

static char *runtime_json(const struct ringwall_install_options *o)
{
	struct ringwall_json_out out = { 0 };

	ringwall_json_out_object(&out, NULL);
	ringwall_json_out_str(&out, "path", o->path);
	if (o->args && o->args[0]) {
		ringwall_json_out_array(&out, "runtimeArgs");
		for (size_t i = 0; o->args[i]; i++)
			ringwall_json_out_str(&out, NULL, o->args[i]);
		ringwall_json_out_end(&out, ']');
	}
	ringwall_json_out_end(&out, '}');
	return ringwall_json_out_take(&out, NULL);
}

static int set_runtime(struct edit *ed, const struct ringwall_install_options *o)
{
	_cleanup_(ringwall_arena_free) struct ringwall_arena a = {};
	_cleanup_free_ char *runtime = runtime_json(o), *all = NULL;
	const struct ringwall_json *root, *runtimes;
	int r = parse(ed, &a, &root);

	if (r < 0)
		return r;
	runtimes = ringwall_json_get(root, "runtimes");
	if (runtimes && runtimes->type != RINGWALL_JSON_OBJECT)
		return ringwall_fail_plain(ed->e, -EINVAL, "runtimes: not an object");
	if (!runtime || asprintf(&all, "{\n    \"%s\": %s\n  }", o->name, runtime) < 0)
		return ringwall_fail(ed->e, -ENOMEM, "daemon.json");
	return runtimes ? set(ed, runtimes, o->name, runtime, "    ") : set(ed, root, "runtimes", all, "  ");
}

static int set_default(struct edit *ed, const struct ringwall_install_options *o)
{
	_cleanup_(ringwall_arena_free) struct ringwall_arena a = {};
	const struct ringwall_json *root, *old;
	char value[128];
	int r = parse(ed, &a, &root);

	if (r < 0)
		return r;
	snprintf(value, sizeof(value), "\"%.100s\"", o->name);
	old = ringwall_json_get(root, "default-runtime");
	if (!o->remove)
		return set(ed, root, "default-runtime", value, "  ");
	/* Only what names the runtime that goes. */
	if (!old || old->type != RINGWALL_JSON_STRING || strcmp(old->str, o->name))
		return 0;
	return take_out(ed, root, "default-runtime");
}

static int remove_runtime(struct edit *ed, const struct ringwall_install_options *o)
{
	_cleanup_(ringwall_arena_free) struct ringwall_arena a = {};
	const struct ringwall_json *root, *runtimes;
	int r = parse(ed, &a, &root);

	if (r < 0)
		return r;
	runtimes = ringwall_json_get(root, "runtimes");
	if (!runtimes || runtimes->type != RINGWALL_JSON_OBJECT || !ringwall_json_get(runtimes, o->name))
		return 0;
	return runtimes->count == 1 ? take_out(ed, root, "runtimes") : take_out(ed, runtimes, o->name);
}

int ringwall_install_docker(struct ringwall_install *i, struct ringwall_err *e)
{
	bool empty = !i->text[strspn(i->text, " \t\r\n")];
	struct edit ed = { .text = strdup(empty && !i->o->remove ? "{}\n" : i->text), .e = e };
	int r = ed.text ? 0 : ringwall_fail(e, -ENOMEM, "daemon.json");

	if (!r && i->o->remove)
		r = empty ? 0 : remove_runtime(&ed, i->o) ?: set_default(&ed, i->o);
	else if (!r)
		r = set_runtime(&ed, i->o);
	if (!r && !i->o->remove && i->o->make_default)
		r = set_default(&ed, i->o);
	if (r < 0) {
		free(ed.text);
		return r;
	}
	i->ret = ed.text;
	return 0;
}
