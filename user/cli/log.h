/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_CLI_LOG_H
#define RINGWALL_CLI_LOG_H

#include "../lib/ringwall.h"

enum ringwall_log_format { /* the words of --log-format, in order */
	RINGWALL_LOG_TEXT,
	RINGWALL_LOG_JSON,
};

/**
 * struct ringwall_logger - where messages go.
 * @path: log file, opened when there is something to say; NULL: standard error
 * @format: of the lines in the file
 * @level: what is more talkative than this is dropped
 */
struct ringwall_logger {
	const char *path;
	enum ringwall_log_format format;
	enum ringwall_log_level level;
};

/** ringwall_log_level_parse() - "warn" … to a level, with the names logrus knows. -EINVAL. */
int ringwall_log_level_parse(const char *name, enum ringwall_log_level *ret);

/**
 * ringwall_log_write() - one line in one write(2), so that concurrent writers' lines stay whole.
 * @logger: a struct ringwall_logger; the type is that of struct ringwall_options.log
 */
void ringwall_log_write(void *logger, enum ringwall_log_level level, const char *text);

/**
 * ringwall_log_error() - the one message of a verb that failed: in the log file and, plain, on standard error.
 * @hint: what to do about it, or NULL; in the file it stands behind the text, because that is all that Docker's and
 *        Podman's users get to see
 */
void ringwall_log_error(const struct ringwall_logger *logger, const char *text, const char *hint);

#endif
