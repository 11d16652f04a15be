// SPDX-License-Identifier: LGPL-2.1-or-later
/* resolv.conf, which an image may bring: no crash, no more than there is room for, and nothing but addresses. */
#include <string.h>

#include "../../user/policy/settle.h"
#include "runner.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t zero[12];
	struct ringwall_model m = { 0 };
	char *text = strndup((const char *)data, size);

	MUST(text);
	ringwall_resolvers_read(text, &m);
	MUST(m.n_resolvers <= RINGWALL_RESOLVERS_MAX);
	for (size_t i = 0; i < m.n_resolvers; i++) {
		MUST(m.resolvers[i].family == 4 || m.resolvers[i].family == 6);
		MUST(m.resolvers[i].family == 6 || !memcmp(m.resolvers[i].address + 4, zero, sizeof(zero)));
	}
	free(text);
	return 0;
}
