// SPDX-License-Identifier: LGPL-2.1-or-later
#include "match.h"

#include <errno.h>
#include <regex.h>

#include "../lib/cleanup.h"

static void ids_free(char ***ids)
{
	ringwall_strv_free(*ids);
}

static int each(struct ringwall_cli *cli, const regex_t *re,
		int (*one)(struct ringwall_cli *cli, const char *id, void *data, struct ringwall_err *e), void *data,
		struct ringwall_err *e)
{
	_cleanup_(ids_free) char **ids = NULL;
	int r = ringwall_list(cli->rw, &ids, e), result = 0;

	if (r < 0)
		return r;
	for (char **id = ids; *id; id++) {
		struct ringwall_err own = {};

		if (regexec(re, *id, 0, NULL, 0))
			continue;
		r = one(cli, *id, data, &own);
		if (r < 0 && !result) {
			result = r;
			*e = own;
			ringwall_err_prepend(e, "%s", *id);
		}
	}
	return result;
}

int ringwall_match_each(struct ringwall_cli *cli, const char *regex,
			int (*one)(struct ringwall_cli *cli, const char *id, void *data, struct ringwall_err *e), void *data,
			struct ringwall_err *e)
{
	char why[128];
	regex_t re;
	int r = regcomp(&re, regex, REG_EXTENDED | REG_NOSUB);

	if (r) {
		regerror(r, &re, why, sizeof(why));
		return ringwall_fail_plain(e, -EINVAL, "regular expression '%s': %s", regex, why);
	}
	r = each(cli, &re, one, data, e);
	regfree(&re);
	return r;
}
