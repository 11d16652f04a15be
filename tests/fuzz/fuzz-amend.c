// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Changes to a policy as they are given on a command line: what is taken makes JSON, and at worst the parser says what
 * is wrong.
 */
#include <errno.h>
#include <string.h>

#include "../../user/lib/json.h"
#include "../../user/policy/amend.h"
#include "runner.h"

#define CHANGES_MAX 16

static const char *const kinds[] = { "allow-egress",	"deny-egress", "allow-ingress", "deny-bind",
				     "allow-path",	"deny-path",   "allow-exec",	"deny-device",
				     "deny-capability", "kernel",      "audit",		"enforce",
				     "allow-syscall",	"deny-syscall" };

/* Each line is a change; its first byte says of what kind, unless it has a kind of its own. */
static size_t split(char *text, char changes[CHANGES_MAX][300])
{
	char *save = NULL;
	size_t n = 0;

	for (char *line = strtok_r(text, "\n", &save); line && n < CHANGES_MAX; line = strtok_r(NULL, "\n", &save)) {
		if (strchr(line, '='))
			snprintf(changes[n++], sizeof(changes[0]), "%s", line);
		else
			snprintf(changes[n++], sizeof(changes[0]), "%s=%s",
				 kinds[(unsigned char)line[0] % (sizeof(kinds) / sizeof(*kinds))], line + 1);
	}
	return n;
}

static void check(const char *text, size_t len)
{
	struct ringwall_arena a = { 0 };
	struct ringwall_model m = { 0 };
	struct ringwall_json *root;
	struct ringwall_err e = { 0 };
	int r = ringwall_json_parse(&a, text, len, "fuzz", &root, &e);

	MUST(!r || strstr(e.text, "twice") || strstr(e.text, "duplicate")); /* two changes of one kernel key */
	ringwall_arena_free(&a);
	r = ringwall_model_parse(text, len, RINGWALL_AMEND_ORIGIN, &m, &e);
	MUST(!r || (e.code == r && !strncmp(e.text, RINGWALL_AMEND_ORIGIN, strlen(RINGWALL_AMEND_ORIGIN))));
	if (!r)
		ringwall_model_free(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char changes[CHANGES_MAX][300];
	const char *list[CHANGES_MAX + 1] = { 0 };
	struct ringwall_err e = { 0 };
	char *copy, *text;
	size_t n, len;
	int r;

	if (size > 4096)
		return 0;
	copy = strndup((const char *)data, size);
	MUST(copy);
	n = split(copy, changes);
	for (size_t i = 0; i < n; i++)
		list[i] = changes[i];
	r = ringwall_amend_build(list, NULL, NULL, &text, &len, &e);
	if (!r) {
		check(text, len);
		free(text);
	} else {
		MUST(r == -EINVAL && e.code == r);
	}
	free(copy);
	return 0;
}
