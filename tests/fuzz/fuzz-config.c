// SPDX-License-Identifier: LGPL-2.1-or-later
/* config.json, and the two documents that are parts of it: no crash, and no error without a place. */
#include <errno.h>
#include <string.h>

#include "../../user/oci/config.h"
#include "runner.h"

typedef int parse_fn(struct ringwall_config *c, const char *text, size_t len, const char *name, struct ringwall_err *e);

static void strv_walk(const struct ringwall_strv *v)
{
	MUST(!v->n == !v->v);
	for (size_t i = 0; i < v->n; i++)
		MUST(v->v[i] && strlen(v->v[i]) < 1u << 30);
	MUST(!v->v || !v->v[v->n]);
}

/* What users of a config rely on without looking. */
static void config_walk(const struct ringwall_config *c)
{
	MUST(c->oci_version && c->root_path && *c->root_path);
	strv_walk(&c->masked_paths);
	strv_walk(&c->readonly_paths);
	for (size_t i = 0; i < c->n_mounts; i++) {
		MUST(c->mounts[i].destination[0] == '/' && c->mounts[i].at < c->text_len);
		strv_walk(&c->mounts[i].options);
	}
	for (size_t i = 0; i < c->annotations.n; i++)
		MUST(ringwall_config_annotation(c, c->annotations.v[i].key) == c->annotations.v[i].value);
	for (size_t i = 0; i < c->n_devices; i++)
		MUST(c->devices[i].path[0] == '/' && strchr("bcp", c->devices[i].type) && c->devices[i].major >= 0);
	for (size_t i = 0; i < c->resources.n_devices; i++)
		MUST(strchr("abc", c->resources.devices[i].type) && c->resources.devices[i].access);
	for (size_t i = 0; i < c->seccomp.n_rules; i++)
		strv_walk(&c->seccomp.rules[i].names);
	MUST(!c->seccomp.set || (c->text[c->seccomp.start] == '{' && c->text[c->seccomp.end - 1] == '}'));
}

static void process_walk(const struct ringwall_process *p)
{
	MUST(p->cwd && p->cwd[0] == '/' && p->args.n);
	strv_walk(&p->args);
	strv_walk(&p->env);
	strv_walk(&p->caps.unknown);
}

static void try(parse_fn *parse, const uint8_t *data, size_t size)
{
	struct ringwall_config c = { 0 };
	struct ringwall_err e = { 0 };
	int r = parse(&c, (const char *)data, size, "fuzz", &e);

	if (r) {
		MUST((r == -EINVAL || r == -EOPNOTSUPP) && e.code == r && !strncmp(e.text, "fuzz:", 5));
		MUST(e.text[5] >= '1' && e.text[5] <= '9');
	} else {
		if (parse == ringwall_config_parse)
			config_walk(&c);
		if (c.process.set)
			process_walk(&c.process);
	}
	ringwall_config_free(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try(ringwall_config_parse, data, size);
	try(ringwall_process_parse, data, size);
	try(ringwall_resources_parse, data, size);
	return 0;
}
