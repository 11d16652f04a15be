// SPDX-License-Identifier: LGPL-2.1-or-later
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../lib/cleanup.h"
#include "../lib/file.h"
#include "../lib/json.h"

static const char *const level_names[] = {
	[RINGWALL_LOG_ERROR] = "error",
	[RINGWALL_LOG_WARNING] = "warning",
	[RINGWALL_LOG_INFO] = "info",
	[RINGWALL_LOG_DEBUG] = "debug",
};

int ringwall_log_level_parse(const char *name, enum ringwall_log_level *ret)
{
	/* logrus has more levels than there is use for here; each stands for its nearest neighbour. */
	static const struct {
		const char *name;
		enum ringwall_log_level level;
	} others[] = {
		{ "panic", RINGWALL_LOG_ERROR },
		{ "fatal", RINGWALL_LOG_ERROR },
		{ "warn", RINGWALL_LOG_WARNING },
		{ "trace", RINGWALL_LOG_DEBUG },
	};

	for (size_t i = 0; i < ARRAY_SIZE(level_names); i++)
		if (!strcasecmp(level_names[i], name)) {
			*ret = (enum ringwall_log_level)i;
			return 0;
		}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (!strcasecmp(others[i].name, name)) {
			*ret = others[i].level;
			return 0;
		}
	return -EINVAL;
}

static void now(char *buf, size_t size)
{
	struct timespec ts;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	strftime(buf, size, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* @text as a JSON string, or NULL without memory. */
static char *quote(const char *text)
{
	struct ringwall_json_out o = {};

	ringwall_json_out_str(&o, NULL, text);
	return ringwall_json_out_take(&o, NULL);
}

static void write_file(const struct ringwall_logger *l, int fd, enum ringwall_log_level level, const char *text)
{
	static const char *const formats[] = {
		[RINGWALL_LOG_TEXT] = "time=\"%3$s\" level=%1$s msg=%2$s\n",
		[RINGWALL_LOG_JSON] = "{\"level\":\"%1$s\",\"msg\":%2$s,\"time\":\"%3$s\"}\n",
	};
	_cleanup_free_ char *quoted = quote(text), *line = NULL;
	char time[32];
	int n;

	now(time, sizeof(time));
	n = asprintf(&line, formats[l->format], level_names[level], quoted ?: "\"out of memory\"", time);
	if (n < 0) {
		line = NULL;
		return;
	}
	ringwall_file_write_fd(fd, line, (size_t)n);
}

/* Opened for each line: there is one, or none at all on the way that has to be quick. */
static int open_file(const struct ringwall_logger *l)
{
	return open(l->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
}

static void write_stderr(const char *prefix, const char *text, const char *hint)
{
	_cleanup_free_ char *line = NULL;
	int n = asprintf(&line, "%s%s\n%s%s%s", prefix, text, hint ? "hint: " : "", hint ?: "", hint ? "\n" : "");

	/* conmon reads standard error once: all of it in one write. */
	if (n >= 0)
		ringwall_file_write_fd(STDERR_FILENO, line, (size_t)n);
	else
		line = NULL;
}

void ringwall_log_write(void *logger, enum ringwall_log_level level, const char *text)
{
	const struct ringwall_logger *l = logger;
	_cleanup_fd_ int fd = -1;
	char prefix[16];

	if (level > l->level)
		return;
	if (l->path) {
		fd = open_file(l);
		if (fd >= 0)
			write_file(l, fd, level, text);
		return;
	}
	snprintf(prefix, sizeof(prefix), "%s: ", level_names[level]);
	write_stderr(prefix, text, NULL);
}

void ringwall_log_error(const struct ringwall_logger *l, const char *text, const char *hint)
{
	_cleanup_fd_ int fd = -1;
	_cleanup_free_ char *both = NULL;
	struct ringwall_err e = {};

	if (l->path) {
		fd = open_file(l);
		if (fd < 0) {
			ringwall_fail(&e, -errno, "log file '%s'", l->path);
			write_stderr("", e.text, NULL);
		}
		if (fd >= 0 && hint && asprintf(&both, "%s (hint: %s)", text, hint) >= 0)
			write_file(l, fd, RINGWALL_LOG_ERROR, both);
		else if (fd >= 0)
			write_file(l, fd, RINGWALL_LOG_ERROR, text);
	}
	write_stderr("", text, hint);
}
