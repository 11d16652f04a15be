// SPDX-License-Identifier: LGPL-2.1-or-later
/* The document: what a policy consists of, what it extends, and what all its lists have in common. */
#include "parse.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "text.h"

#define MAX_NAME 255
#define MAX_FILE_NAME 4096
/* Elements that a list first has room for. */
#define FIRST_ROOM 8

/* Where things stand ---------------------------------------------------------------------------------------- */

/* Values are mostly asked for in the order of the text: then all of them together cost one pass over it. */
static struct ringwall_origin place(struct ringwall_parse *p, size_t at)
{
	const char *text = p->doc.text;

	if (at < p->at) {
		p->at = p->line_start = 0;
		p->line = 1;
	}
	for (; p->at < at; p->at++) {
		if (text[p->at] != '\n')
			continue;
		p->line++;
		p->line_start = p->at + 1;
	}
	return (struct ringwall_origin){
		.file = p->r.name,
		.line = p->line,
		.column = (uint32_t)(at - p->line_start) + 1,
	};
}

struct ringwall_origin ringwall_parse_place(struct ringwall_reader *r, const struct ringwall_json *v)
{
	return place(ringwall_parse_of(r), v->start);
}

int ringwall_parse_fail_bound(struct ringwall_reader *r, const struct ringwall_json *v, const char *what, size_t max)
{
	ringwall_reader_fail(r, v, "more than %zu %s", max, what);
	if (r->e)
		r->e->code = -E2BIG;
	return -E2BIG;
}

/* ":123" at the end of the @len bytes of @s, which become less by it. */
static bool origin_number(const char *s, size_t *len, uint32_t *ret)
{
	size_t at = *len;
	uint64_t n = 0;

	while (at && s[at - 1] >= '0' && s[at - 1] <= '9')
		at--;
	if (at == *len || *len - at > 9 || at < 2 || s[at - 1] != ':')
		return false;
	for (size_t i = at; i < *len; i++)
		n = n * 10 + (uint64_t)(s[i] - '0');
	*len = at - 1;
	*ret = (uint32_t)n;
	return n > 0;
}

/* Names go to terminals. */
static bool has_control(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return true;
	return false;
}

int ringwall_parse_origin(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			  void *base)
{
	struct ringwall_origin *to = (struct ringwall_origin *)((char *)base + f->offset);
	int rc = ringwall_reader_type(r, v, RINGWALL_JSON_STRING);
	struct ringwall_origin o = { .file = v->str };
	size_t len = v->count;

	if (rc)
		return rc;
	if (!len || len >= RINGWALL_ORIGIN_TEXT || has_control(v->str))
		return ringwall_reader_fail(r, v, "must be a place such as \"web.json:12:5\"");
	if (origin_number(v->str, &len, &o.column) && origin_number(v->str, &len, &o.line)) {
		o.file = ringwall_arena_strndup(&r->c->arena, v->str, len);
		if (!o.file)
			return ringwall_reader_fail_memory(r);
	} else {
		o.line = o.column = 0;
	}
	*to = o;
	return 0;
}

/* A value, or {"rule": value, "origin": "FILE:LINE:COLUMN"} ------------------------------------------------ */

struct wrapped {
	const struct ringwall_json *value;
	struct ringwall_origin origin;
};

static int wrapped_value(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			 void *base)
{
	(void)r;
	(void)f;
	((struct wrapped *)base)->value = v;
	return 0;
}

static const struct ringwall_field wrapped_rule_fields[] = {
	{ .name = "rule", .parse = wrapped_value, .required = true },
	FIELD(struct wrapped, origin, "origin", ringwall_parse_origin),
};

static const struct ringwall_field wrapped_value_fields[] = {
	{ .name = "value", .parse = wrapped_value, .required = true },
	FIELD(struct wrapped, origin, "origin", ringwall_parse_origin),
};

static const struct ringwall_table wrapped_rule = { .fields = wrapped_rule_fields,
						    .n = ARRAY_SIZE(wrapped_rule_fields) };
static const struct ringwall_table wrapped_setting = { .fields = wrapped_value_fields,
						       .n = ARRAY_SIZE(wrapped_value_fields) };

static int unwrap(struct ringwall_reader *r, const struct ringwall_table *table, enum ringwall_json_type type,
		  const struct ringwall_json *v, const struct ringwall_json **ret, struct ringwall_origin *ret_origin)
{
	struct wrapped wrapped = { .value = v, .origin = ringwall_parse_place(r, v) };
	int rc = 0;

	if (v->type == RINGWALL_JSON_OBJECT)
		rc = ringwall_reader_object(r, table, v, &wrapped);
	if (rc)
		return rc;
	*ret = wrapped.value;
	*ret_origin = wrapped.origin;
	return ringwall_reader_type(r, wrapped.value, type);
}

int ringwall_parse_rule(struct ringwall_reader *r, const struct ringwall_json *v, const struct ringwall_json **ret,
			struct ringwall_origin *ret_origin)
{
	return unwrap(r, &wrapped_rule, RINGWALL_JSON_STRING, v, ret, ret_origin);
}

int ringwall_parse_setting(struct ringwall_reader *r, enum ringwall_json_type type, const struct ringwall_json *v,
			   const struct ringwall_json **ret, struct ringwall_origin *ret_origin)
{
	return unwrap(r, &wrapped_setting, type, v, ret, ret_origin);
}

/* Lists ----------------------------------------------------------------------------------------------------- */

static struct ringwall_entry *entry_new(struct ringwall_reader *r, struct ringwall_entries *to)
{
	if (to->n == to->room) {
		size_t room = to->room ? 2 * to->room : FIRST_ROOM;
		struct ringwall_entry *v = ringwall_arena_array(&r->c->arena, room, sizeof(*v));

		if (!v)
			return NULL;
		if (to->n)
			memcpy(v, to->v, to->n * sizeof(*v));
		to->v = v;
		to->room = room;
	}
	return &to->v[to->n];
}

static int entries_parse(struct ringwall_reader *r, const struct ringwall_list *list, const struct ringwall_json *v,
			 struct ringwall_entries *to)
{
	int rc = ringwall_reader_type(r, v, RINGWALL_JSON_ARRAY);
	size_t i = 0;

	if (rc)
		return rc;
	for (const struct ringwall_json *item = v->child; item; item = item->next) {
		struct ringwall_entry *entry = entry_new(r, to);

		if (!entry)
			return ringwall_reader_fail_memory(r);
		ringwall_reader_enter(r, NULL, i++);
		if (to->n == list->kind->max)
			return ringwall_parse_fail_bound(r, item, "entries", list->kind->max);
		rc = list->kind->parse(r, item, entry);
		if (rc)
			return rc;
		ringwall_reader_leave(r);
		to->n++;
	}
	return 0;
}

int ringwall_list_allow(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			 void *base)
{
	struct ringwall_list *list = base;

	(void)f;
	list->has_allow = true;
	return entries_parse(r, list, v, &list->allow);
}

int ringwall_list_deny(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			void *base)
{
	struct ringwall_list *list = base;

	(void)f;
	return entries_parse(r, list, v, &list->deny);
}

static const struct ringwall_word default_names[] = {
	{ "allow", RINGWALL_DEFAULT_ALLOW },
	{ "deny", RINGWALL_DEFAULT_DENY },
	{ 0 },
};

int ringwall_list_default(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			  void *base)
{
	struct ringwall_list *list = base;
	uint64_t said;
	int rc = ringwall_reader_name(r, v, default_names, &said);

	(void)f;
	if (rc)
		return rc;
	list->said = (uint8_t)said;
	list->origin = ringwall_parse_place(r, v);
	return 0;
}

static const struct ringwall_field list_fields[] = {
	RINGWALL_LIST_ROWS,
};

static const struct ringwall_table list_table = { .fields = list_fields, .n = ARRAY_SIZE(list_fields) };

static const struct ringwall_field rules_fields[] = {
	RINGWALL_LIST_DEFAULT_ROWS,
	{ .name = "rules", .parse = ringwall_list_allow },
};

static const struct ringwall_table rules_table = { .fields = rules_fields, .n = ARRAY_SIZE(rules_fields) };

int ringwall_parse_list_by(struct ringwall_reader *r, const struct ringwall_table *table, const struct ringwall_list_kind *kind,
			   const struct ringwall_json *v, struct ringwall_list *list)
{
	int rc;

	if (!list->set)
		list->origin = ringwall_parse_place(r, v);
	list->set = true;
	list->kind = kind;
	list->has_given = false;
	rc = ringwall_reader_object(r, table, v, list);
	if (!rc && list->has_given)
		list->origin = list->given;
	return rc;
}

int ringwall_parse_list(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			void *base)
{
	return ringwall_parse_list_by(r, &list_table, f->more, v, (struct ringwall_list *)((char *)base + f->offset));
}

int ringwall_parse_rules(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			 void *base)
{
	struct ringwall_list *list = (struct ringwall_list *)((char *)base + f->offset);

	if (v->type != RINGWALL_JSON_ARRAY)
		return ringwall_parse_list_by(r, &rules_table, f->more, v, list);
	if (!list->set)
		list->origin = ringwall_parse_place(r, v);
	list->set = true;
	list->kind = f->more;
	return entries_parse(r, list, v, &list->allow);
}

/* mode ------------------------------------------------------------------------------------------------------ */

#define SET(name_) (1u << RINGWALL_SET_##name_)
#define SETS_NETWORK (SET(EGRESS) | SET(INGRESS) | SET(BIND) | SET(FAMILY) | SET(SOCKET_TYPE) | SET(NETLINK))

enum mode {
	MODE_ENFORCE,
	MODE_AUDIT,
	MODE_LEARN,
};

static const struct ringwall_word mode_names[] = {
	{ "enforce", MODE_ENFORCE },
	{ "audit", MODE_AUDIT },
	{ "learn", MODE_LEARN },
	{ 0 },
};

/* @f->max: the sets */
static int mode_set(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
		    void *base)
{
	struct ringwall_model *m = &((struct ringwall_parse *)base)->m;
	uint32_t sets = (uint32_t)f->max;
	uint64_t mode;
	int rc = ringwall_reader_name(r, v, mode_names, &mode);

	if (rc)
		return rc;
	m->audit = mode == MODE_ENFORCE ? m->audit & ~sets : m->audit | sets;
	m->learn = mode == MODE_LEARN ? m->learn | sets : m->learn & ~sets;
	return 0;
}

static const struct ringwall_field mode_fields[] = {
	{ .name = "devices", .parse = mode_set, .max = SET(DEVICE) },
	{ .name = "network", .parse = mode_set, .max = SETS_NETWORK },
	{ .name = "files", .parse = mode_set, .max = SET(FILE) },
	{ .name = "exec", .parse = mode_set, .max = SET(EXEC) },
	{ .name = "kernel", .parse = mode_set, .max = SET(KERNEL) },
	{ .name = "capabilities", .parse = mode_set, .max = SET(CAPABILITY) },
	{ .name = "syscalls", .parse = mode_set, .max = SET(SYSCALL) },
};

static const struct ringwall_table mode_table = { .fields = mode_fields, .n = ARRAY_SIZE(mode_fields) };

/* A word for all sets, or an object with one for each class. What Ringwall itself needs is in no mode. */
static int mode_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
		      void *base)
{
	static const struct ringwall_field all = { .name = "mode", .max = (1u << RINGWALL_SETS) - 1 - SET(TAMPER) };

	(void)f;
	return v->type == RINGWALL_JSON_OBJECT ? ringwall_reader_object(r, &mode_table, v, base)
					       : mode_set(r, &all, v, base);
}

/* The document ---------------------------------------------------------------------------------------------- */

static const struct ringwall_word on_unsupported_names[] = {
	{ "refuse", RINGWALL_UNSUPPORTED_REFUSE },
	{ "warn", RINGWALL_UNSUPPORTED_WARN },
	{ 0 },
};

static int version_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			 void *base)
{
	uint64_t version = 0;
	int rc = ringwall_reader_type(r, v, RINGWALL_JSON_NUMBER);

	(void)f;
	(void)base;
	if (rc)
		return rc;
	if (ringwall_json_u64(v, &version) || version != 1)
		return ringwall_reader_fail(r, v, "must be 1, not %.40s", v->str);
	return 0;
}

int ringwall_parse_text_check(struct ringwall_reader *r, const struct ringwall_json *v)
{
	return has_control(v->str) ? ringwall_reader_fail(r, v, "must not contain control characters") : 0;
}

static int name_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
		      void *base)
{
	return ringwall_field_str(r, f, v, base) ?: ringwall_parse_text_check(r, v);
}

/* For people and editors. */
static int ignored(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v, void *base)
{
	(void)f;
	(void)base;
	return ringwall_reader_type(r, v, RINGWALL_JSON_STRING);
}

static const struct ringwall_field policy_fields[] = {
	{ .name = "version", .parse = version_parse, .required = true },
	FIELD(struct ringwall_parse, m.name, "name", name_parse, .max = MAX_NAME),
	{ .name = "extends", .parse = ignored }, /* was read before: see document_read() */
	{ .name = "mode", .parse = mode_parse },
	FIELD(struct ringwall_parse, m.on_unsupported, "onUnsupported", ringwall_field_enum,
	      .more = on_unsupported_names),
	FIELD_OBJECT(struct ringwall_parse, match, "match", ringwall_match_table),
	FIELD(struct ringwall_parse, devices, "devices", ringwall_parse_list, .more = &ringwall_device_list),
	FIELD_GROUP("network", ringwall_policy_network_table),
	FIELD(struct ringwall_parse, files, "files", ringwall_parse_rules, .more = &ringwall_file_list),
	FIELD(struct ringwall_parse, exec, "exec", ringwall_parse_list, .more = &ringwall_exec_list),
	FIELD_GROUP("kernel", ringwall_policy_kernel_table),
	FIELD(struct ringwall_parse, capabilities, "capabilities", ringwall_parse_list,
	      .more = &ringwall_capability_list),
	{ .name = "syscalls", .parse = ringwall_parse_syscalls },
	{ .name = "description", .parse = ignored },
	{ .name = "$schema", .parse = ignored },
};

static const struct ringwall_table policy_table = { .fields = policy_fields, .n = ARRAY_SIZE(policy_fields) };

/* A file that is being read; a built-in profile is told by its text. */
struct ringwall_parse_link {
	const struct ringwall_policy_text *text;
	const struct ringwall_parse_link *prev;
};

static bool same_document(const struct ringwall_policy_text *a, const struct ringwall_policy_text *b)
{
	if (a->builtin || b->builtin)
		return a->builtin && b->builtin && a->text == b->text;
	return a->ino && a->dev == b->dev && a->ino == b->ino;
}

static int chain_check(struct ringwall_parse *p, const struct ringwall_policy_text *text)
{
	unsigned int depth = 0;

	for (const struct ringwall_parse_link *l = p->chain; l; l = l->prev, depth++)
		if (same_document(l->text, text))
			return ringwall_fail_plain(p->r.e, -ELOOP, "'%s' extends itself", text->name);
	if (depth > RINGWALL_EXTENDS_MAX)
		return ringwall_fail_plain(p->r.e, -ELOOP, "more than %d policies extend each other",
					   RINGWALL_EXTENDS_MAX);
	return 0;
}

static int document_read(struct ringwall_parse *p, const struct ringwall_policy_text *text);

/* A file that is extended is looked for beside the one that extends it. */
static int extended_file_read(struct ringwall_parse *p, const char *extends)
{
	const char *slash = strrchr(p->r.name, '/');
	struct ringwall_policy_text text;
	_cleanup_free_ char *content = NULL;
	_cleanup_fd_ int fd = -1;
	const char *path = extends;
	int rc;

	if (*extends != '/' && slash)
		path = ringwall_arena_printf(&p->doc.arena, "%.*s%s", (int)(slash + 1 - p->r.name), p->r.name, extends);
	if (!path)
		return ringwall_reader_fail_memory(&p->r);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return ringwall_fail(p->r.e, -errno, "open '%s'", path);
	rc = ringwall_policy_text_fd(fd, path, true, p->guard, &text, p->r.e);
	if (rc)
		return rc;
	content = (char *)text.text;
	return document_read(p, &text);
}

static int extended_read(struct ringwall_parse *p, const char *extends)
{
	struct ringwall_policy_text text = { .name = extends, .builtin = true };

	text.text = ringwall_model_builtin(extends, &text.len);
	return text.text ? document_read(p, &text) : extended_file_read(p, extends);
}

static int extend(struct ringwall_parse *p, const struct ringwall_json *v)
{
	const struct ringwall_reader reader = p->r;
	const char *text = p->doc.text;
	struct ringwall_origin at;
	int rc;

	if (!v)
		return 0;
	ringwall_reader_enter(&p->r, "extends", 0);
	rc = ringwall_reader_type(&p->r, v, RINGWALL_JSON_STRING);
	if (!rc && !v->count)
		rc = ringwall_reader_fail(&p->r, v, "must not be empty");
	if (!rc)
		rc = ringwall_parse_text_check(&p->r, v);
	if (rc)
		return rc;
	ringwall_reader_leave(&p->r);
	at = ringwall_parse_place(&p->r, v);
	rc = extended_read(p, v->str);
	p->r = reader;
	p->doc.text = text;
	p->at = SIZE_MAX; /* another text was looked at: from the beginning again */
	if (rc)
		ringwall_err_prepend(p->r.e, "%s:%u:%u: extends", at.file, at.line, at.column);
	return rc;
}

/* What is extended first: what this document says comes over it, and behind it. */
static int document_read(struct ringwall_parse *p, const struct ringwall_policy_text *text)
{
	struct ringwall_parse_link link = { .text = text, .prev = p->chain };
	struct ringwall_json *root;
	int rc = chain_check(p, text);

	if (rc)
		return rc;
	/* It stands in every origin. */
	if (strlen(text->name) > MAX_FILE_NAME || has_control(text->name))
		return ringwall_fail_plain(p->r.e, -EINVAL, "the file's name is too long, or has control characters");
	p->r.name = text->builtin ? ringwall_arena_printf(&p->doc.arena, "builtin:%s", text->name)
				  : ringwall_arena_strndup(&p->doc.arena, text->name, strlen(text->name));
	if (!p->r.name)
		return ringwall_fail(p->r.e, -ENOMEM, "%s", text->name);
	p->doc.text = text->text;
	p->at = SIZE_MAX;
	rc = ringwall_json_parse(&p->doc.arena, text->text, text->len, p->r.name, &root, p->r.e);
	if (rc)
		return rc;
	p->chain = &link;
	rc = extend(p, ringwall_json_get(root, "extends"));
	p->chain = link.prev;
	if (rc)
		return rc;
	p->m.name = strrchr(p->r.name, '/') ? strrchr(p->r.name, '/') + 1 : p->r.name;
	p->match = (struct ringwall_match){ 0 };
	return ringwall_reader_object(&p->r, &policy_table, root, p);
}

int ringwall_model_read(const struct ringwall_policy_text *text, const struct ringwall_guard *guard,
			struct ringwall_model *ret, struct ringwall_err *e)
{
	struct ringwall_parse p = { .r = { .strict = true, .e = e }, .guard = guard };
	int rc;

	p.r.c = &p.doc;
	rc = document_read(&p, text) ?: ringwall_parse_finish(&p);
	if (rc) {
		ringwall_arena_free(&p.doc.arena);
		return rc;
	}
	*ret = p.m;
	ret->arena = p.doc.arena;
	ret->builtin = text->builtin;
	return 0;
}

int ringwall_model_parse(const char *text, size_t len, const char *name, struct ringwall_model *ret,
			 struct ringwall_err *e)
{
	const struct ringwall_policy_text document = { .text = text, .len = len, .name = name };

	return ringwall_model_read(&document, NULL, ret, e);
}
