// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where mounts lie, as kept beside the container: no crash; what is read is printed and read again as the same. */
#include <string.h>

#include "../../user/policy/place.h"
#include "runner.h"

static void same(const struct ringwall_places *a, const struct ringwall_places *b)
{
	MUST(a->n == b->n);
	for (size_t i = 0; i < a->n; i++) {
		MUST(a->v[i].device == b->v[i].device && a->v[i].inode == b->v[i].inode);
		MUST(!strcmp(a->v[i].path, b->v[i].path) && !a->v[i].inner == !b->v[i].inner);
		MUST(!a->v[i].inner || !strcmp(a->v[i].inner, b->v[i].inner));
		MUST(!a->v[i].type == !b->v[i].type && (!a->v[i].type || !strcmp(a->v[i].type, b->v[i].type)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ringwall_places p, again;
	char path[64] = "/b/rootfs/etc/passwd", *text;
	size_t len;

	if (ringwall_places_load((const char *)data, size, &p, NULL))
		return 0;
	ringwall_places_inside(&p, path, sizeof(path));
	MUST(strlen(path) < sizeof(path));
	text = ringwall_places_print(&p, &len);
	MUST(text && !ringwall_places_load(text, len, &again, NULL));
	same(&p, &again);
	free(text);
	ringwall_places_free(&again);
	ringwall_places_free(&p);
	return 0;
}
