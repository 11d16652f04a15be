// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the parser takes, the writer must write so that the parser takes it again, to the same values. */
#include <errno.h>
#include <string.h>

#include "../../user/lib/json.h"
#include "runner.h"

static void write_value(struct ringwall_json_out *o, const struct ringwall_json *v)
{
	switch (v->type) {
	case RINGWALL_JSON_NULL:
		ringwall_json_out_str(o, v->key, NULL);
		return;
	case RINGWALL_JSON_BOOL:
		ringwall_json_out_bool(o, v->key, v->boolean);
		return;
	case RINGWALL_JSON_NUMBER:
		ringwall_json_out_raw(o, v->key, v->str, strlen(v->str));
		return;
	case RINGWALL_JSON_STRING:
		ringwall_json_out_str(o, v->key, v->str);
		return;
	case RINGWALL_JSON_ARRAY:
		ringwall_json_out_array(o, v->key);
		break;
	case RINGWALL_JSON_OBJECT:
		ringwall_json_out_object(o, v->key);
		break;
	}
	for (const struct ringwall_json *m = v->child; m; m = m->next)
		write_value(o, m);
	ringwall_json_out_end(o, v->type == RINGWALL_JSON_ARRAY ? ']' : '}');
}

static void same(const struct ringwall_json *a, const struct ringwall_json *b)
{
	const struct ringwall_json *y = b->child;
	uint32_t n = 0;

	MUST(a->type == b->type && a->count == b->count && a->boolean == b->boolean);
	MUST(!a->key == !b->key && (!a->key || !strcmp(a->key, b->key)));
	MUST(!a->str == !b->str && (!a->str || !strcmp(a->str, b->str)));
	for (const struct ringwall_json *x = a->child; x; x = x->next, y = y->next, n++) {
		MUST(y);
		same(x, y);
	}
	MUST(!y);
	if (a->type == RINGWALL_JSON_STRING)
		MUST(strlen(a->str) == a->count);
	else if (a->child)
		MUST(n == a->count);
}

static void numbers(const struct ringwall_json *v)
{
	uint64_t u = 0;
	int64_t i = 0;
	int ru = ringwall_json_u64(v, &u), ri = ringwall_json_i64(v, &i);

	if (v->type != RINGWALL_JSON_NUMBER)
		MUST(ru == -EINVAL && ri == -EINVAL);
	if (!ru && !ri)
		MUST(u == (uint64_t)i && i >= 0);
	for (const struct ringwall_json *m = v->child; m; m = m->next)
		numbers(m);
}

static void round_trip(const struct ringwall_json *v, int indent)
{
	struct ringwall_json_out o = { .indent = indent };
	struct ringwall_arena a = { 0 };
	struct ringwall_json *again;
	size_t len;
	char *text;

	write_value(&o, v);
	text = ringwall_json_out_take(&o, &len);
	MUST(text && strlen(text) == len);
	MUST(!ringwall_json_parse(&a, text, len, "again", &again, NULL));
	same(v, again);
	free(text);
	ringwall_arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ringwall_arena a = { 0 };
	struct ringwall_err e = { 0 };
	struct ringwall_json *v;

	if (!ringwall_json_parse(&a, (const char *)data, size, "fuzz", &v, &e)) {
		MUST(v->start < v->end && v->end <= size);
		numbers(v);
		round_trip(v, 0);
		round_trip(v, 2);
	} else {
		MUST(e.code == -EINVAL && !strncmp(e.text, "fuzz:", 5));
	}
	ringwall_arena_free(&a);
	return 0;
}
