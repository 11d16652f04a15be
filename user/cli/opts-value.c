// SPDX-License-Identifier: LGPL-2.1-or-later
#include "opts-value.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"

int ringwall_opts_number(const char *text, int64_t *ret)
{
	const char *c = text + (*text == '-');
	bool negative = c != text;
	int64_t n = 0;

	if (!*c)
		return -EINVAL;
	for (; *c; c++) {
		if (*c < '0' || *c > '9')
			return -EINVAL;
		/* Counted downwards, because INT64_MIN has no positive counterpart. */
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_sub_overflow(n, *c - '0', &n))
			return -ERANGE;
	}
	if (!negative && __builtin_sub_overflow(0, n, &n))
		return -ERANGE;
	*ret = n;
	return 0;
}

struct unit {
	const char *name;
	uint64_t factor;
};

/*
 * A number with at most nine decimals, times the unit that follows it; @c moves behind the unit. A unit is
 * matched whole: the letters up to the next digit.
 */
static int parse_scaled(const char **c, const struct unit *units, uint64_t *ret)
{
	uint64_t whole = 0, part = 0, scale = 1, total;
	const char *at = *c;
	size_t len;

	if (*at < '0' || *at > '9')
		return -EINVAL;
	for (; *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(whole, 10, &whole) || __builtin_add_overflow(whole, *at - '0', &whole))
			return -ERANGE;
	if (*at == '.')
		for (at++; *at >= '0' && *at <= '9' && scale < 1000000000; at++, scale *= 10)
			part = part * 10 + (*at - '0');
	len = strcspn(at, "0123456789");
	for (; units->name; units++)
		if (strlen(units->name) == len && !strncasecmp(units->name, at, len))
			break;
	if (!units->name)
		return -EINVAL;
	if (__builtin_mul_overflow(whole, units->factor, &total) ||
	    __builtin_add_overflow(total, (uint64_t)((unsigned __int128)part * units->factor / scale), &total))
		return -ERANGE;
	*c = at + len;
	*ret = total;
	return 0;
}

int ringwall_opts_size(const char *text, int64_t *ret)
{
	static const struct unit units[] = {
		{ "", 1 },		 { "b", 1 },
		{ "k", 1ULL << 10 },	 { "kb", 1ULL << 10 },	 { "kib", 1ULL << 10 },
		{ "m", 1ULL << 20 },	 { "mb", 1ULL << 20 },	 { "mib", 1ULL << 20 },
		{ "g", 1ULL << 30 },	 { "gb", 1ULL << 30 },	 { "gib", 1ULL << 30 },
		{ "t", 1ULL << 40 },	 { "tb", 1ULL << 40 },	 { "tib", 1ULL << 40 },
		{ "p", 1ULL << 50 },	 { "pb", 1ULL << 50 },	 { "pib", 1ULL << 50 },
		{ NULL, 0 },
	};
	uint64_t n;
	int r;

	if (!strcmp(text, "-1")) {
		*ret = -1;
		return 0;
	}
	r = parse_scaled(&text, units, &n);
	if (r < 0)
		return r;
	if (*text)
		return -EINVAL;
	if (n > INT64_MAX)
		return -ERANGE;
	*ret = (int64_t)n;
	return 0;
}

int ringwall_opts_duration(const char *text, unsigned int *ret_ms)
{
	/* In nanoseconds, so that 0.5s and 500000us are the same. */
	static const struct unit units[] = {
		{ "ns", 1 },		{ "us", 1000 },		 { "ms", 1000000 }, { "s", 1000000000 },
		{ "m", 60000000000 },	{ "h", 3600000000000 }, { NULL, 0 },
	};
	uint64_t total = 0, n;

	do {
		int r = parse_scaled(&text, units, &n);

		if (r < 0)
			return r;
		if (__builtin_add_overflow(total, n, &total))
			return -ERANGE;
	} while (*text);
	total = (total + 999999) / 1000000;
	if (total > UINT_MAX)
		return -ERANGE;
	*ret_ms = (unsigned int)total;
	return 0;
}

/* Go's strconv.ParseBool, because callers write --tty=true. */
static int parse_bool(const char *text, bool *ret)
{
	static const struct {
		const char *text;
		bool value;
	} words[] = { { "true", true }, { "false", false }, { "1", true }, { "0", false }, { "t", true }, { "f", false } };

	if (!text) {
		*ret = true;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcasecmp(words[i].text, text)) {
			*ret = words[i].value;
			return 0;
		}
	return -EINVAL;
}

static int parse_choice(const char *words, const char *value, unsigned int *ret)
{
	size_t want = strlen(value);

	for (unsigned int i = 0;; i++) {
		size_t len = strcspn(words, "|");

		if (len == want && !memcmp(words, value, len)) {
			*ret = i;
			return 0;
		}
		if (!words[len])
			return -EINVAL;
		words += len + 1;
	}
}

static int parse_unsigned(const char *text, unsigned int *ret)
{
	int64_t n;
	int r = ringwall_opts_number(text, &n);

	if (r < 0)
		return r;
	if (n < 0 || n > UINT_MAX)
		return -ERANGE;
	*ret = (unsigned int)n;
	return 0;
}

static int append(struct ringwall_opt_strings *list, const char *value, int room)
{
	if (!list->v)
		list->v = calloc((size_t)room + 1, sizeof(*list->v));
	if (!list->v)
		return -ENOMEM;
	list->v[list->n++] = value;
	return 0;
}

static int store_number(int (*parse)(const char *text, int64_t *ret), const char *value, struct ringwall_opt_number *to)
{
	int64_t n;
	int r = parse(value, &n);

	if (!r)
		*to = (struct ringwall_opt_number){ .has = true, .v = n };
	return r;
}

int ringwall_opts_store(const struct ringwall_option *o, const char *value, void *to, int room)
{
	bool flag;
	int r;

	switch ((enum ringwall_option_type)o->type) {
	case RINGWALL_OPT_FLAG:
		return parse_bool(value, to);
	case RINGWALL_OPT_TRISTATE:
		r = parse_bool(value, &flag);
		if (!r)
			*(int *)to = flag;
		return r;
	case RINGWALL_OPT_STRING:
		*(const char **)to = value;
		return 0;
	case RINGWALL_OPT_STRINGS:
		return append(to, value, room);
	case RINGWALL_OPT_UINT:
		return parse_unsigned(value, to);
	case RINGWALL_OPT_NUMBER:
		return store_number(ringwall_opts_number, value, to);
	case RINGWALL_OPT_SIZE:
		return store_number(ringwall_opts_size, value, to);
	case RINGWALL_OPT_DURATION:
		return ringwall_opts_duration(value, to);
	case RINGWALL_OPT_CHOICE:
		return parse_choice(o->arg, value, to);
	}
	return -EINVAL;
}
