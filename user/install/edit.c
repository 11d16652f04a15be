// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "install.h"

int ringwall_install_splice(char **text, size_t from, size_t to, const char *by)
{
	size_t len = strlen(*text), n = strlen(by);
	char *ret = malloc(len - (to - from) + n + 1);

	if (!ret)
		return -ENOMEM;
	memcpy(ret, *text, from);
	memcpy(ret + from, by, n);
	memcpy(ret + from + n, *text + to, len - to + 1);
	free(*text);
	*text = ret;
	return 0;
}
