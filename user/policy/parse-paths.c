// SPDX-License-Identifier: LGPL-2.1-or-later
/* "files" and "exec": paths and what may be done there. */
#include "parse.h"

#include <string.h>

#include "text.h"

/* A component that is wrong, in words, or NULL. */
static const char *component_fault(const char *s, size_t len)
{
	if (!len)
		return "has an empty component: write one \"/\"";
	if ((len == 1 && *s == '.') || (len == 2 && !strncmp(s, "..", 2)))
		return "must not have \".\" and \"..\": write where it leads";
	if (len == 1 && *s == '*')
		return NULL;
	if (len == 2 && !strncmp(s, "**", 2))
		return "has \"**\" in the middle: it can only be the last component";
	if (memchr(s, '*', len))
		return "has a \"*\" in a component: it stands for a whole one (\"/a/*/b\"), and \"**\" at the end for all below";
	if (memchr(s, '?', len))
		return "has a \"?\": there are no such patterns; \"*\" stands for a whole component";
	if (len > RINGWALL_COMPONENT_MAX)
		return "has a component of more than 54 bytes: write \"*\" in its place";
	return NULL;
}

_Static_assert(RINGWALL_COMPONENT_MAX == 54, "the message above says so");

static const char *path_fault(const char *s, size_t len)
{
	unsigned int depth = 0;

	if (*s != '/')
		return "must be absolute";
	if (len == 1)
		return NULL;
	for (size_t at = 1; at <= len; depth++) {
		const char *slash = memchr(s + at, '/', len - at);
		size_t n = slash ? (size_t)(slash - s) - at : len - at;
		const char *fault = !n && at == len ? "ends with \"/\": leave it out, or write \"/**\" for all below"
						    : component_fault(s + at, n);

		if (fault)
			return fault;
		at += n + 1;
	}
	return depth > RINGWALL_DEPTH_MAX ? "has more than 48 components" : NULL;
}

_Static_assert(RINGWALL_DEPTH_MAX == 48, "the message above says so");

static int path_read(struct ringwall_reader *r, const struct ringwall_json *v, struct ringwall_path_rule *ret)
{
	size_t len = v->count;
	const char *fault;
	bool tail;
	int rc = ringwall_parse_text_check(r, v);

	if (rc)
		return rc;
	tail = len >= 3 && !strcmp(v->str + len - 3, "/**");
	if (tail)
		len = len == 3 ? 1 : len - 3;
	fault = path_fault(v->str, len);
	if (fault)
		return ringwall_reader_fail(r, v, "\"%.120s\" %s", v->str, fault);
	ret->path = ringwall_arena_strndup(&r->c->arena, v->str, len);
	ret->tail = tail;
	return ret->path ? 0 : ringwall_reader_fail_memory(r);
}

/* files ----------------------------------------------------------------------------------------------------- */

static int path_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
		      void *base)
{
	int rc = ringwall_reader_type(r, v, RINGWALL_JSON_STRING);

	(void)f;
	return rc ?: path_read(r, v, &((struct ringwall_entry *)base)->path);
}

static int rights_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			void *base)
{
	int rc = ringwall_reader_type(r, v, RINGWALL_JSON_STRING);

	if (rc)
		return rc;
	if (ringwall_letters_parse(v->str, ringwall_file_letters, ringwall_file_bits, (uint8_t *)base + f->offset))
		return ringwall_reader_fail(
			r, v,
			"must be made of \"r\" (read), \"w\" (write), \"c\" (create), \"d\" (delete), "
			"\"x\" (execute), \"m\" (map executable), each once, not \"%.40s\"",
			v->str);
	return 0;
}

static int file_check(struct ringwall_reader *r, const struct ringwall_json *v, void *base)
{
	struct ringwall_path_rule *rule = &((struct ringwall_entry *)base)->path;

	if (rule->grant && rule->refuse)
		return ringwall_reader_fail_member(r, v, "deny",
						   "stands beside \"allow\", which refuses all that it does not list");
	if (!rule->grant && !rule->refuse)
		return ringwall_reader_fail_member(r, v, "allow", "missing, and so is \"deny\"");
	if (rule->grant)
		rule->refuse = RINGWALL_FILE_ALL & ~rule->grant;
	return 0;
}

static const struct ringwall_field file_fields[] = {
	{ .name = "path", .parse = path_parse, .required = true },
	FIELD(struct ringwall_entry, path.grant, "allow", rights_parse),
	FIELD(struct ringwall_entry, path.refuse, "deny", rights_parse),
	FIELD(struct ringwall_entry, origin, "origin", ringwall_parse_origin),
};

static const struct ringwall_table file_table = {
	.fields = file_fields,
	.n = ARRAY_SIZE(file_fields),
	.check = file_check,
};

static int file_parse(struct ringwall_reader *r, const struct ringwall_json *v, struct ringwall_entry *entry)
{
	*entry = (struct ringwall_entry){
		.origin = ringwall_parse_place(r, v),
		.path = { .set = RINGWALL_SET_FILE },
	};
	return ringwall_reader_object(r, &file_table, v, entry);
}

const struct ringwall_list_kind ringwall_file_list = { RINGWALL_SET_FILE, RINGWALL_PATH_RULES_MAX, file_parse };

/* exec ------------------------------------------------------------------------------------------------------ */

/* Rights are given when it is known which list it stands in: ringwall_parse_finish(). */
static int exec_parse(struct ringwall_reader *r, const struct ringwall_json *v, struct ringwall_entry *entry)
{
	const struct ringwall_json *path;
	int rc;

	*entry = (struct ringwall_entry){ .path = { .set = RINGWALL_SET_EXEC, .refuse = RINGWALL_EXEC_RIGHTS } };
	rc = ringwall_parse_rule(r, v, &path, &entry->origin);
	return rc ?: path_read(r, path, &entry->path);
}

const struct ringwall_list_kind ringwall_exec_list = { RINGWALL_SET_EXEC, RINGWALL_PATH_RULES_MAX, exec_parse };
