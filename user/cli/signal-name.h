/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_CLI_SIGNAL_NAME_H
#define RINGWALL_CLI_SIGNAL_NAME_H

/** ringwall_signal_parse() - number of "9", "KILL", "sigkill", "RTMIN+3"; -EINVAL for what is no signal. */
int ringwall_signal_parse(const char *text);

#endif
