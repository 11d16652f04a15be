// SPDX-License-Identifier: LGPL-2.1-or-later
/* mounts[].options, one a line: no flag both set and cleared, and what has no meaning of its own goes on as it was. */
#include <errno.h>
#include <string.h>

#include "../../user/mount/options.h"
#include "runner.h"

#define OPTIONS_MAX 64

static bool is_known(const char *name)
{
	for (const struct ringwall_mount_option *o = ringwall_mount_options; o->name; o++)
		if (!strcmp(o->name, name))
			return true;
	return false;
}

/* @data is the unknown ones, joined. */
static void check_data(const struct ringwall_strv *v, const char *data)
{
	const char *start = data;

	for (size_t i = 0; i < v->n; i++) {
		if (is_known(v->v[i]))
			continue;
		if (data > start)
			MUST(*data++ == ',');
		MUST(!strncmp(data, v->v[i], strlen(v->v[i])));
		data += strlen(v->v[i]);
	}
	MUST(!*data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *at, *save = NULL;
	const char *options[OPTIONS_MAX + 1] = { NULL };
	struct ringwall_strv v = { .v = options };
	struct ringwall_mount_flags f;
	struct ringwall_arena a = { 0 };
	struct ringwall_err e;
	int r;

	MUST(text);
	memcpy(text, data, size);
	text[size] = '\0';
	for (at = strtok_r(text, "\n", &save); at && v.n < OPTIONS_MAX; at = strtok_r(NULL, "\n", &save))
		options[v.n++] = at;
	r = ringwall_mount_flags_parse(&a, &v, &f, &e);
	if (!r) {
		MUST(!(f.set & f.cleared) && f.n_propagation <= 4);
		check_data(&v, f.data);
		ringwall_mount_attr(f.set);
	} else {
		MUST(r == -EINVAL && e.code == r);
	}
	ringwall_arena_free(&a);
	free(text);
	return 0;
}
