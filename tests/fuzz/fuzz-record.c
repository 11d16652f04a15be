// SPDX-License-Identifier: LGPL-2.1-or-later
/* state.json as somebody may have left it: what is read must be written so that it is read again, to the same. */
#include <errno.h>
#include <string.h>

#include "../../user/state/record.h"
#include "runner.h"

static int parse(struct ringwall_state *s, const char *text, size_t len)
{
	struct ringwall_err e = { 0 };
	int r;

	*s = (struct ringwall_state){ .dir_fd = -1, .id = "fuzz" };
	r = ringwall_record_parse(s, text, len, &e);
	MUST(!r || ((r == -EINVAL || r == -EPROTONOSUPPORT) && e.code == r && *e.text));
	MUST(!strcmp(s->id, "fuzz"));
	return r;
}

static void check(const struct ringwall_state *s)
{
	MUST(s->bundle && s->rootfs && s->cgroup && s->pid >= 0);
	MUST(s->cgroup_manager <= RINGWALL_CGROUP_DISABLED);
	for (size_t i = 0; i < s->annotations.n; i++)
		MUST(s->annotations.v[i].key && s->annotations.v[i].value);
}

static void round_trip(const struct ringwall_state *s)
{
	struct ringwall_state again;
	size_t len, len_again;
	char *text = ringwall_record_format(s, &len), *text_again;

	MUST(text && !parse(&again, text, len));
	text_again = ringwall_record_format(&again, &len_again);
	MUST(text_again && len == len_again && !memcmp(text, text_again, len));
	free(text_again);
	free(text);
	ringwall_arena_free(&again.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ringwall_state s;

	if (!parse(&s, (const char *)data, size)) {
		check(&s);
		round_trip(&s);
	}
	ringwall_arena_free(&s.arena);
	return 0;
}
