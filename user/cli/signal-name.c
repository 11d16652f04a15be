// SPDX-License-Identifier: LGPL-2.1-or-later
#include "signal-name.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "opts.h"

/* Other names of signals whose usual one is known to the C library. */
static const struct {
	const char *name;
	int number;
} aliases[] = { { "IOT", SIGABRT }, { "CLD", SIGCHLD }, { "IO", SIGIO }, { "POLL", SIGPOLL } };

/* RTMIN, RTMIN+n, RTMAX, RTMAX-n, counted from where the C library begins to lend them out, as kill(1) does. */
static int parse_realtime(const char *text)
{
	int base = strncasecmp(text, "RTMAX", 5) ? SIGRTMIN : SIGRTMAX;
	int64_t n = 0;

	if (strncasecmp(text, "RTMIN", 5) && base == SIGRTMIN)
		return -EINVAL;
	text += 5;
	if (*text && *text != (base == SIGRTMIN ? '+' : '-'))
		return -EINVAL;
	if (*text && (text[1] == '-' || ringwall_opts_number(text + 1, &n) < 0 || n > SIGRTMAX - SIGRTMIN))
		return -EINVAL;
	return base == SIGRTMIN ? base + (int)n : base - (int)n;
}

int ringwall_signal_parse(const char *text)
{
	int64_t n;

	if (!ringwall_opts_number(text, &n))
		return n >= 0 && n < NSIG ? (int)n : -EINVAL;
	if (!strncasecmp(text, "SIG", 3))
		text += 3;
	for (int i = 1; i < NSIG; i++)
		if (sigabbrev_np(i) && !strcasecmp(sigabbrev_np(i), text))
			return i;
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
		if (!strcasecmp(aliases[i].name, text))
			return aliases[i].number;
	return parse_realtime(text);
}
