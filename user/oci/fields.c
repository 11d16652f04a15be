// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fields.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MAX_PATH_TEXT 200
#define MAX_MESSAGE 400
/* More words than this are not listed in a message. */
#define FEW_NAMES 8
/* Names longer than this are not compared with each other. */
#define MAX_NEAR 32

static void *target(const struct ringwall_field *f, void *base)
{
	return (char *)base + f->offset;
}

/* Messages -------------------------------------------------------------------------------------------------- */

static bool key_is_plain(const char *key)
{
	if (!*key)
		return false;
	for (; *key; key++)
		if (!((*key >= 'a' && *key <= 'z') || (*key >= 'A' && *key <= 'Z') ||
		      (*key >= '0' && *key <= '9') || *key == '_'))
			return false;
	return true;
}

/* "linux.resources.devices[2].type" */
static void path_print(const struct ringwall_reader *r, char *buf, size_t size)
{
	size_t n = 0;

	*buf = '\0';
	for (unsigned int i = 0; i < r->depth && i < RINGWALL_READER_DEPTH && n < size; i++) {
		const struct ringwall_step *p = &r->way[i];
		int more;

		if (!p->key)
			more = snprintf(buf + n, size - n, "[%zu]", p->index);
		else if (key_is_plain(p->key))
			more = snprintf(buf + n, size - n, "%s%.64s", n ? "." : "", p->key);
		else
			more = snprintf(buf + n, size - n, "[\"%.64s\"]", p->key);
		if (more < 0)
			return;
		n += (size_t)more;
	}
}

static int fail_text(struct ringwall_reader *r, const struct ringwall_json *v, int code, const char *text)
{
	char path[MAX_PATH_TEXT];
	unsigned int line, column;

	path_print(r, path, sizeof(path));
	ringwall_json_place(r->c->text, v->start, &line, &column);
	return ringwall_fail_plain(r->e, code, "%s:%u:%u: %s%s%s", r->name, line, column, path, *path ? ": " : "",
				   text);
}

static int fail_member_text(struct ringwall_reader *r, const struct ringwall_json *v, const char *key, int code,
			    const char *text)
{
	int rc;

	ringwall_reader_enter(r, key, 0);
	rc = fail_text(r, ringwall_json_get(v, key) ?: v, code, text);
	ringwall_reader_leave(r);
	return rc;
}

int ringwall_reader_fail(struct ringwall_reader *r, const struct ringwall_json *v, const char *fmt, ...)
{
	char text[MAX_MESSAGE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return fail_text(r, v, -EINVAL, text);
}

int ringwall_reader_fail_member(struct ringwall_reader *r, const struct ringwall_json *v, const char *key,
				const char *fmt, ...)
{
	char text[MAX_MESSAGE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return fail_member_text(r, v, key, -EINVAL, text);
}

int ringwall_reader_unsupported(struct ringwall_reader *r, const struct ringwall_json *v, const char *key,
				const char *fmt, ...)
{
	char text[MAX_MESSAGE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return fail_member_text(r, v, key, -EOPNOTSUPP, text);
}

int ringwall_reader_fail_memory(struct ringwall_reader *r)
{
	return ringwall_fail(r->e, -ENOMEM, "%s", r->name);
}

static int fail_name(struct ringwall_reader *r, const struct ringwall_json *v, const struct ringwall_word *names)
{
	char list[MAX_MESSAGE - 150] = "";
	size_t n = 0;

	for (size_t i = 0; names[i].name; i++) {
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s\"%s\"", i ? ", " : "", names[i].name);
		if (i == FEW_NAMES || n >= sizeof(list))
			return ringwall_reader_fail(r, v, "unknown value \"%.80s\"", v->str);
	}
	return ringwall_reader_fail(r, v, "must be one of %s, not \"%.80s\"", list, v->str);
}

/* Values ---------------------------------------------------------------------------------------------------- */

int ringwall_reader_type(struct ringwall_reader *r, const struct ringwall_json *v, enum ringwall_json_type type)
{
	static const char *const names[] = {
		[RINGWALL_JSON_NULL] = "null",	     [RINGWALL_JSON_BOOL] = "true or false",
		[RINGWALL_JSON_NUMBER] = "a number", [RINGWALL_JSON_STRING] = "a string",
		[RINGWALL_JSON_ARRAY] = "an array",  [RINGWALL_JSON_OBJECT] = "an object",
	};

	if (v->type == type)
		return 0;
	return ringwall_reader_fail(r, v, "must be %s, not %s", names[type], names[v->type]);
}

int ringwall_reader_array(struct ringwall_reader *r, size_t n, size_t size, void *ret)
{
	void *p;

	if (!n)
		return 0;
	p = ringwall_arena_array(&r->c->arena, n + 1, size);
	if (!p)
		return ringwall_reader_fail_memory(r);
	*(void **)ret = p;
	return 0;
}

int ringwall_reader_name(struct ringwall_reader *r, const struct ringwall_json *v, const struct ringwall_word *names,
			 uint64_t *ret)
{
	const struct ringwall_word *found;
	int rc = ringwall_reader_type(r, v, RINGWALL_JSON_STRING);

	if (rc)
		return rc;
	found = ringwall_name_find(names, v->str);
	if (!found)
		return fail_name(r, v, names);
	*ret = found->value;
	return 0;
}

/* The rows know only sizes; the sign is in the bits already. */
static void number_store(const struct ringwall_field *f, void *base, uint64_t value)
{
	void *to = target(f, base);

	switch (f->size) {
	case 1:
		*(uint8_t *)to = (uint8_t)value;
		break;
	case 2:
		*(uint16_t *)to = (uint16_t)value;
		break;
	case 4:
		*(uint32_t *)to = (uint32_t)value;
		break;
	default:
		*(uint64_t *)to = value;
	}
}

int ringwall_field_bool(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			void *base)
{
	int rc = ringwall_reader_type(r, v, RINGWALL_JSON_BOOL);

	if (rc)
		return rc;
	*(bool *)target(f, base) = v->boolean;
	return 0;
}

int ringwall_field_unsigned(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			    void *base)
{
	uint64_t value, max = f->max ?: UINT64_MAX >> (64 - 8 * f->size);
	int rc = ringwall_reader_type(r, v, RINGWALL_JSON_NUMBER);

	if (rc)
		return rc;
	rc = ringwall_json_u64(v, &value);
	if (rc == -EINVAL)
		return ringwall_reader_fail(r, v, "must be a whole number, not %.40s", v->str);
	if (rc || value < (uint64_t)f->min || value > max)
		return ringwall_reader_fail(r, v, "must be a number from %lld to %llu, not %.40s", (long long)f->min,
					    (unsigned long long)max, v->str);
	number_store(f, base, value);
	return 0;
}

int ringwall_field_signed(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			  void *base)
{
	int64_t value, max = INT64_MAX >> (64 - 8 * f->size), min = -max - 1;
	int rc = ringwall_reader_type(r, v, RINGWALL_JSON_NUMBER);

	if (rc)
		return rc;
	if (f->min || f->max) {
		min = f->min;
		max = f->max ? (int64_t)f->max : max;
	}
	rc = ringwall_json_i64(v, &value);
	if (rc == -EINVAL)
		return ringwall_reader_fail(r, v, "must be a whole number, not %.40s", v->str);
	if (rc || value < min || value > max)
		return ringwall_reader_fail(r, v, "must be a number from %lld to %lld, not %.40s", (long long)min,
					    (long long)max, v->str);
	number_store(f, base, (uint64_t)value);
	return 0;
}

int ringwall_field_str(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
		       void *base)
{
	int rc = ringwall_reader_type(r, v, RINGWALL_JSON_STRING);

	if (rc)
		return rc;
	if (!v->count)
		return r->strict ? ringwall_reader_fail(r, v, "must not be empty") : 1;
	if (f->max && v->count > f->max)
		return ringwall_reader_fail(r, v, "must not have more than %llu bytes", (unsigned long long)f->max);
	*(const char **)target(f, base) = v->str;
	return 0;
}

int ringwall_field_line(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			void *base)
{
	int rc = ringwall_field_str(r, f, v, base);

	if (!rc && strchr(v->str, '\n'))
		return ringwall_reader_fail(r, v, "must not contain a newline");
	return rc;
}

int ringwall_field_path(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			void *base)
{
	int rc = ringwall_field_str(r, f, v, base);

	if (!rc && v->str[0] != '/')
		return ringwall_reader_fail(r, v, "must be an absolute path, not \"%.100s\"", v->str);
	return rc;
}

/* A number of a list; more than six digits are no CPU or node of any kernel. */
static bool list_number(const char **s, unsigned long *ret)
{
	unsigned long n = 0;
	int digits = 0;

	for (; **s >= '0' && **s <= '9'; (*s)++, digits++) {
		if (digits == 6)
			return false;
		n = n * 10 + (unsigned long)(**s - '0');
	}
	*ret = n;
	return digits > 0;
}

static bool list_item(const char **s)
{
	unsigned long from, to;

	if (!list_number(s, &from))
		return false;
	if (**s != '-')
		return true;
	(*s)++;
	return list_number(s, &to) && from <= to;
}

/* runc allows blanks around items and empty items (extra commas); what applies the list takes the plain form. */
static char *list_clean(const char *s, char *out)
{
	char *start = out;

	for (;;) {
		const char *item;

		s += strspn(s, " ,");
		if (!*s)
			break;
		item = s;
		if (!list_item(&s) || !strchr(" ,", *s))
			return NULL;
		if (out > start)
			*out++ = ',';
		memcpy(out, item, (size_t)(s - item));
		out += s - item;
		s += strspn(s, " ");
		if (*s && *s != ',')
			return NULL;
	}
	*out = '\0';
	return out > start ? start : NULL;
}

int ringwall_field_list(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			void *base)
{
	int rc = ringwall_reader_type(r, v, RINGWALL_JSON_STRING);
	char *list;

	if (rc)
		return rc;
	if (!v->count)
		return 1;
	list = ringwall_arena_alloc(&r->c->arena, v->count + 1);
	if (!list)
		return ringwall_reader_fail_memory(r);
	list = list_clean(v->str, list);
	if (!list)
		return ringwall_reader_fail(r, v, "must be a list such as \"0-3,7\", not \"%.80s\"", v->str);
	*(const char **)target(f, base) = list;
	return 0;
}

int ringwall_field_enum(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			void *base)
{
	uint64_t value;
	int rc;

	if (v->type == RINGWALL_JSON_STRING && !v->count && !r->strict)
		return 1;
	rc = ringwall_reader_name(r, v, f->more, &value);
	if (rc)
		return rc;
	number_store(f, base, value);
	return 0;
}

/* Arrays and objects ---------------------------------------------------------------------------------------- */

int ringwall_field_flags(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			 void *base)
{
	int rc = ringwall_reader_type(r, v, RINGWALL_JSON_ARRAY);
	uint64_t bit, all = 0;
	size_t i = 0;

	if (rc)
		return rc;
	for (const struct ringwall_json *item = v->child; item; item = item->next) {
		ringwall_reader_enter(r, NULL, i++);
		rc = ringwall_reader_name(r, item, f->more, &bit);
		if (rc)
			return rc;
		ringwall_reader_leave(r);
		all |= bit;
	}
	number_store(f, base, all);
	return 0;
}

static int strv_read(struct ringwall_reader *r, const struct ringwall_json *v, struct ringwall_strv *ret, bool absolute)
{
	const char **strings = NULL;
	int rc = ringwall_reader_type(r, v, RINGWALL_JSON_ARRAY) ?:
		 ringwall_reader_array(r, v->count, sizeof(*strings), &strings);
	size_t i = 0;

	if (rc)
		return rc;
	for (const struct ringwall_json *item = v->child; item; item = item->next) {
		ringwall_reader_enter(r, NULL, i);
		rc = ringwall_reader_type(r, item, RINGWALL_JSON_STRING);
		if (rc)
			return rc;
		if (absolute && item->str[0] != '/')
			return ringwall_reader_fail(r, item, "must be an absolute path, not \"%.100s\"", item->str);
		ringwall_reader_leave(r);
		strings[i++] = item->str;
	}
	*ret = (struct ringwall_strv){ .v = strings, .n = v->count };
	return 0;
}

int ringwall_field_strv(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			void *base)
{
	return strv_read(r, v, target(f, base), false);
}

int ringwall_field_paths(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			 void *base)
{
	return strv_read(r, v, target(f, base), true);
}

int ringwall_field_pairs(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			 void *base)
{
	struct ringwall_pair *pairs = NULL;
	int rc = ringwall_reader_type(r, v, RINGWALL_JSON_OBJECT) ?:
		 ringwall_reader_array(r, v->count, sizeof(*pairs), &pairs);
	size_t n = 0;

	if (rc)
		return rc;
	for (const struct ringwall_json *m = v->child; m; m = m->next, n++) {
		ringwall_reader_enter(r, m->key, 0);
		if (!*m->key)
			return ringwall_reader_fail(r, m, "an empty name");
		/* null is what a Go map of strings has for ""; the end of the name is one that lives in the arena. */
		rc = m->type == RINGWALL_JSON_NULL ? 0 : ringwall_reader_type(r, m, RINGWALL_JSON_STRING);
		if (rc)
			return rc;
		ringwall_reader_leave(r);
		pairs[n] = (struct ringwall_pair){ .key = m->key, .value = m->str ?: m->key + strlen(m->key) };
	}
	*(struct ringwall_pairs *)target(f, base) = (struct ringwall_pairs){ .v = pairs, .n = n };
	return 0;
}

static size_t field_find(const struct ringwall_table *table, const char *name)
{
	for (size_t i = 0; i < table->n; i++)
		if (table->fields[i].name[0] == name[0] && !strcmp(table->fields[i].name, name))
			return i;
	return table->n;
}

/* How many letters are to be changed, added or left out to make @b of @a (Levenshtein); long names are never near. */
static size_t distance(const char *a, const char *b)
{
	size_t row[MAX_NEAR + 1], n = strlen(b);

	if (n > MAX_NEAR)
		return MAX_NEAR;
	for (size_t i = 0; i <= n; i++)
		row[i] = i;
	for (; *a; a++) {
		size_t diagonal = row[0]++;

		for (size_t i = 0; i < n; i++) {
			size_t best = diagonal + (*a != b[i]);

			diagonal = row[i + 1];
			best = best < diagonal + 1 ? best : diagonal + 1;
			row[i + 1] = best < row[i] + 1 ? best : row[i] + 1;
		}
	}
	return row[n];
}

static int fail_unknown(struct ringwall_reader *r, const struct ringwall_table *table, const struct ringwall_json *m)
{
	struct ringwall_json at = *m; /* the name is what is wrong, not the value */
	const char *near = NULL;
	size_t least = m->key[0] && m->key[1] ? 3 : 1;

	at.start = m->key_start;
	for (size_t i = 0; strlen(m->key) <= MAX_NEAR && i < table->n; i++) {
		size_t d = distance(m->key, table->fields[i].name);

		if (d < least) {
			least = d;
			near = table->fields[i].name;
		}
	}
	if (near)
		return ringwall_reader_fail(r, &at, "unknown member \"%.64s\": is \"%s\" meant?", m->key, near);
	return ringwall_reader_fail(r, &at, "unknown member \"%.64s\"", m->key);
}

static int member_read(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *m,
		       void *base)
{
	int rc;

	ringwall_reader_enter(r, m->key, 0);
	rc = f->parse(r, f, m, base);
	if (rc == 1 && f->required)
		rc = ringwall_reader_fail(r, m, "must not be empty");
	ringwall_reader_leave(r);
	if (!rc && f->has)
		*((bool *)base + f->has) = true;
	return rc;
}

static int required_check(struct ringwall_reader *r, const struct ringwall_table *table, const struct ringwall_json *v,
			  uint64_t seen)
{
	for (size_t i = 0; i < table->n; i++)
		if (table->fields[i].required && !(seen >> i & 1))
			return ringwall_reader_fail_member(r, v, table->fields[i].name, "missing");
	return 0;
}

int ringwall_reader_object(struct ringwall_reader *r, const struct ringwall_table *table,
			   const struct ringwall_json *v, void *base)
{
	uint64_t seen = 0;
	int rc = ringwall_reader_type(r, v, RINGWALL_JSON_OBJECT);

	if (rc)
		return rc;
	for (const struct ringwall_json *m = v->child; m; m = m->next) {
		size_t i = field_find(table, m->key);

		if (i == table->n && r->strict)
			return fail_unknown(r, table, m);
		/* Docker and containerd write null for what they do not set. */
		if (i == table->n || (m->type == RINGWALL_JSON_NULL && !r->strict))
			continue;
		rc = member_read(r, &table->fields[i], m, base);
		if (rc < 0)
			return rc;
		seen |= 1ull << i;
	}
	return required_check(r, table, v, seen) ?: table->check ? table->check(r, v, base) : 0;
}

int ringwall_field_object(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			  void *base)
{
	return ringwall_reader_object(r, f->more, v, target(f, base));
}

/* The elements of an array, or the members of an object where @map. */
static int elements_read(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			 void *base, bool map)
{
	const struct ringwall_table *table = f->more;
	char *to = NULL, *first;
	size_t i = 0;
	int rc = ringwall_reader_type(r, v, map ? RINGWALL_JSON_OBJECT : RINGWALL_JSON_ARRAY) ?:
		 ringwall_reader_array(r, v->count, table->size, &to);

	if (rc)
		return rc;
	first = to;
	for (const struct ringwall_json *item = v->child; item; item = item->next, to += table->size) {
		ringwall_reader_enter(r, item->key, i++);
		if (table->initial)
			memcpy(to, table->initial, table->size);
		if (map)
			*(const char **)(to + table->key) = item->key;
		rc = ringwall_reader_object(r, table, item, to);
		if (rc)
			return rc;
		ringwall_reader_leave(r);
	}
	*(void **)target(f, base) = first;
	*(size_t *)((char *)base + f->count) = v->count;
	return 0;
}

int ringwall_field_array(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			 void *base)
{
	return elements_read(r, f, v, base, false);
}

int ringwall_field_map(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
		       void *base)
{
	return elements_read(r, f, v, base, true);
}
