// SPDX-License-Identifier: LGPL-2.1-or-later
/* Seccomp profiles: no crash, no error without a place, and what comes of one is a policy whose system calls compile. */
#include <errno.h>
#include <string.h>

#include "../../user/policy/import.h"
#include "../../user/policy/syscall-filter.h"
#include "runner.h"

static void note(void *data, const char *text)
{
	(void)data;
	MUST(text && *text);
}

static void use(const char *json)
{
	struct ringwall_filter f = { 0 };
	struct ringwall_err e = { 0 };
	struct ringwall_model m;
	int r = ringwall_model_parse(json, strlen(json), "imported", &m, &e);

	MUST(!r);
	MUST(m.syscalls.set);
	m.syscalls.mode = RINGWALL_SYSCALLS_SEALED;
	r = ringwall_syscall_filter(&m, NULL, &f, &e);
	MUST(!r || (r == -E2BIG && e.code == r));
	ringwall_filter_free(&f);
	ringwall_model_free(&m);
}

static void try(const uint8_t *data, size_t size, uint64_t caps)
{
	const struct ringwall_import how = { .name = "imported", .caps = caps, .kernel = { 6, 1 }, .note = note };
	struct ringwall_err e = { 0 };
	char *json = NULL;
	int r = ringwall_import((const char *)data, size, "fuzz", &how, &json, &e);

	if (r) {
		MUST((r == -EINVAL || r == -EOPNOTSUPP || r == -E2BIG) && e.code == r && !strncmp(e.text, "fuzz:", 5));
		MUST(!json);
		return;
	}
	use(json);
	free(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try(data, size, RINGWALL_IMPORT_CAPS_DEFAULT);
	try(data, size, ~0ULL);
	return 0;
}
