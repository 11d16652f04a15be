// SPDX-License-Identifier: LGPL-2.1-or-later
#include "attr.h"

#include <errno.h>
#include <sys/personality.h>

int ringwall_personality_apply(const struct ringwall_config *c, struct ringwall_err *e)
{
	if (!c->has_personality)
		return 0;
	if (personality(c->personality) < 0)
		return ringwall_fail(e, -errno, "linux.personality: personality(%#lx)", c->personality);
	return 0;
}
