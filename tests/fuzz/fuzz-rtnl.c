// SPDX-License-Identifier: LGPL-2.1-or-later
/* What rtnetlink sends: messages of any lengths, with attributes of any lengths, none read past its end. */
#include <errno.h>
#include <string.h>

#include "../../user/ns/rtnl.h"
#include "runner.h"

#define MESSAGE_MAX 4096

static int each(const struct nlmsghdr *h, void *data)
{
	struct ringwall_rtnl_request q;
	struct ringwall_rtnl_address address;
	struct ringwall_rtnl_link link;
	unsigned int *n = data;
	int r;

	MUST(++*n < MESSAGE_MAX);
	if (!ringwall_rtnl_parse_link(h, &link))
		MUST(memchr(link.name, '\0', sizeof(link.name)));
	(void)ringwall_rtnl_parse_address(h, &address);
	r = ringwall_rtnl_build_address(&q, h, 7, "eth0", "container-side0");
	MUST(!r || r == -EBADMSG || r == -EMSGSIZE);
	MUST(r || q.h.nlmsg_len <= sizeof(q));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int n = 0;
	struct ringwall_rtnl_answer a = { .each = each, .data = &n };
	struct ringwall_err e = { 0 };
	char *copy = malloc(size ?: 1);
	int r;

	MUST(copy);
	memcpy(copy, data, size);
	r = ringwall_rtnl_parse_answer(&a, copy, size, &e);
	MUST(r >= 0 ? r <= 1 : e.code == r);
	free(copy);
	return 0;
}
