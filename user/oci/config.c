// SPDX-License-Identifier: LGPL-2.1-or-later
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "fields.h"

/* A config.json of Docker with its seccomp profile has about 30 KB. */
#define MAX_TEXT (16u * 1024 * 1024)
#define STREAM_SIZE (64u * 1024)

/* ociVersion ------------------------------------------------------------------------------------------------ */

static bool skip_number(const char **s)
{
	size_t n = strspn(*s, "0123456789");

	if (!n || (n > 1 && **s == '0'))
		return false;
	*s += n;
	return true;
}

/* semver.org: MAJOR.MINOR.PATCH, then "-pre.release" and "+build" as they like. */
static bool version_is_valid(const char *s)
{
	if (!skip_number(&s) || *s++ != '.' || !skip_number(&s) || *s++ != '.' || !skip_number(&s))
		return false;
	if (!*s)
		return true;
	return (*s == '-' || *s == '+') && s[1] &&
	       !s[1 + strspn(s + 1, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.+-")];
}

static int version_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			 void *base)
{
	int rc = ringwall_field_str(r, f, v, base);

	if (rc)
		return rc;
	if (!version_is_valid(v->str))
		return ringwall_reader_fail(r, v, "must be a version such as \"" RINGWALL_OCI_VERSION "\", not \"%.40s\"",
					    v->str);
	/* Documents from before 1.0 are the specification's own examples still, and mean the same. */
	if (strncmp(v->str, "1.", 2) && strncmp(v->str, "0.", 2))
		return ringwall_reader_fail(r, v, "\"%.40s\" is not supported: must be 1.x.y", v->str);
	return 0;
}

/* root ------------------------------------------------------------------------------------------------------ */

static const struct ringwall_field root_fields[] = {
	FIELD(struct ringwall_config, root_path, "path", ringwall_field_str, .required = true),
	FIELD(struct ringwall_config, root_readonly, "readonly", ringwall_field_bool),
};

static const struct ringwall_table root_table = { .fields = root_fields, .n = ARRAY_SIZE(root_fields) };

/* mounts ---------------------------------------------------------------------------------------------------- */

/* runc still takes a relative destination, with a warning, and as relative to the container's root. */
static int destination_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			     void *base)
{
	struct ringwall_mount *m = base;
	int rc = ringwall_field_str(r, f, v, base);

	if (rc || m->destination[0] == '/')
		return rc;
	m->destination = ringwall_arena_printf(&r->c->arena, "/%s", v->str);
	return m->destination ? 0 : ringwall_reader_fail_memory(r);
}

static int mount_check(struct ringwall_reader *r, const struct ringwall_json *v, void *base)
{
	struct ringwall_mount *m = base;

	m->at = v->start;
	if (!m->uid_mappings.n != !m->gid_mappings.n)
		return ringwall_reader_fail_member(r, v, m->uid_mappings.n ? "gidMappings" : "uidMappings",
						   "missing: an id-mapped mount needs both");
	return 0;
}

static const struct ringwall_field mount_fields[] = {
	FIELD(struct ringwall_mount, destination, "destination", destination_parse, .required = true),
	FIELD(struct ringwall_mount, source, "source", ringwall_field_str),
	FIELD(struct ringwall_mount, type, "type", ringwall_field_str),
	FIELD(struct ringwall_mount, options, "options", ringwall_field_strv),
	FIELD_ARRAY(struct ringwall_mount, uid_mappings.v, uid_mappings.n, "uidMappings", ringwall_id_map_table),
	FIELD_ARRAY(struct ringwall_mount, gid_mappings.v, gid_mappings.n, "gidMappings", ringwall_id_map_table),
};

static const struct ringwall_table mount_table = {
	.fields = mount_fields, .n = ARRAY_SIZE(mount_fields),
	.size = sizeof(struct ringwall_mount), .check = mount_check,
};

/* hooks ----------------------------------------------------------------------------------------------------- */

static const struct ringwall_field hook_fields[] = {
	FIELD(struct ringwall_hook, path, "path", ringwall_field_path, .required = true),
	FIELD(struct ringwall_hook, args, "args", ringwall_field_strv),
	FIELD(struct ringwall_hook, env, "env", ringwall_field_strv),
	FIELD(struct ringwall_hook, timeout, "timeout", ringwall_field_unsigned, .min = 1, .max = INT32_MAX),
};

static const struct ringwall_table hook_table = {
	.fields = hook_fields, .n = ARRAY_SIZE(hook_fields), .size = sizeof(struct ringwall_hook),
};

#define HOOKS(kind_, name_)                                                            \
	FIELD_ARRAY(struct ringwall_config, hooks[RINGWALL_HOOK_##kind_].v,            \
		    hooks[RINGWALL_HOOK_##kind_].n, name_, hook_table)

static const struct ringwall_field hooks_fields[] = {
	HOOKS(PRESTART, "prestart"),
	HOOKS(CREATE_RUNTIME, "createRuntime"),
	HOOKS(CREATE_CONTAINER, "createContainer"),
	HOOKS(START_CONTAINER, "startContainer"),
	HOOKS(POSTSTART, "poststart"),
	HOOKS(POSTSTOP, "poststop"),
};

static const struct ringwall_table hooks_table = { .fields = hooks_fields, .n = ARRAY_SIZE(hooks_fields) };

/* The document ---------------------------------------------------------------------------------------------- */

static const struct ringwall_field config_fields[] = {
	FIELD(struct ringwall_config, oci_version, "ociVersion", version_parse, .required = true),
	{ .name = "root", .parse = ringwall_field_object, .more = &root_table, .required = true },
	FIELD_OBJECT(struct ringwall_config, process, "process", ringwall_process_table,
		     .has = offsetof(struct ringwall_config, process.set)),
	/* 64: sethostname(2), setdomainname(2). */
	FIELD(struct ringwall_config, hostname, "hostname", ringwall_field_str, .max = 64),
	FIELD(struct ringwall_config, domainname, "domainname", ringwall_field_str, .max = 64),
	FIELD_ARRAY(struct ringwall_config, mounts, n_mounts, "mounts", mount_table),
	FIELD_GROUP("hooks", hooks_table),
	FIELD(struct ringwall_config, annotations, "annotations", ringwall_field_pairs),
	FIELD_GROUP("linux", ringwall_linux_table),
};

static const struct ringwall_table config_table = { .fields = config_fields, .n = ARRAY_SIZE(config_fields) };

/* c->text to c->json, and on into @base by @table. */
static int document_read(struct ringwall_config *c, const struct ringwall_table *table, void *base, const char *name,
			 struct ringwall_err *e)
{
	struct ringwall_reader r = { .c = c, .name = name, .e = e };
	int rc = ringwall_json_parse(&c->arena, c->text, c->text_len, name, &c->json, e);

	return rc ?: ringwall_reader_object(&r, table, c->json, base);
}

static int text_copy(struct ringwall_config *c, const char *text, size_t len, const char *name,
		     struct ringwall_err *e)
{
	if (len > MAX_TEXT)
		return ringwall_fail_plain(e, -EFBIG, "%s: more than %u MiB", name, MAX_TEXT >> 20);
	c->text = ringwall_arena_strndup(&c->arena, text, len);
	if (!c->text)
		return ringwall_fail(e, -ENOMEM, "%s", name);
	c->text_len = len;
	return 0;
}

/* Text in @c to values, unchecked. */
static int config_read(struct ringwall_config *c, const char *name, struct ringwall_err *e)
{
	return document_read(c, &config_table, c, name, e);
}

int ringwall_config_parse(struct ringwall_config *c, const char *text, size_t len, const char *name,
			  struct ringwall_err *e)
{
	return text_copy(c, text, len, name, e) ?: config_read(c, name, e) ?: ringwall_config_check(c, name, e);
}

int ringwall_process_parse(struct ringwall_config *c, const char *text, size_t len, const char *name,
			   struct ringwall_err *e)
{
	int rc = text_copy(c, text, len, name, e) ?:
		 document_read(c, &ringwall_process_table, &c->process, name, e);

	if (!rc)
		c->process.set = true;
	return rc;
}

int ringwall_resources_parse(struct ringwall_config *c, const char *text, size_t len, const char *name,
			     struct ringwall_err *e)
{
	int rc = text_copy(c, text, len, name, e) ?:
		 document_read(c, &ringwall_resources_table, &c->resources, name, e);

	if (!rc)
		c->resources.set = true;
	return rc;
}

/* Files ----------------------------------------------------------------------------------------------------- */

/* Up to @size bytes; fewer only at the end of the file. */
static ssize_t read_full(int fd, char *buf, size_t size)
{
	size_t n = 0;

	while (n < size) {
		ssize_t r = read(fd, buf + n, size - n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (!r)
			break;
		n += (size_t)r;
	}
	return (ssize_t)n;
}

/* A pipe: its length is known when it has ended. */
static int text_read_stream(struct ringwall_config *c, int fd, const char *path, struct ringwall_err *e)
{
	size_t size = STREAM_SIZE, len = 0;
	char *buf = NULL;

	for (;;) {
		char *larger = ringwall_arena_alloc(&c->arena, size + 1);
		ssize_t n;

		if (!larger)
			return ringwall_fail(e, -ENOMEM, "%s", path);
		if (len)
			memcpy(larger, buf, len);
		buf = larger;
		n = read_full(fd, buf + len, size - len);
		if (n < 0)
			return ringwall_fail(e, (int)n, "read '%s'", path);
		len += (size_t)n;
		if (len < size)
			break;
		if (size >= MAX_TEXT)
			return ringwall_fail_plain(e, -EFBIG, "%s: more than %u MiB", path, MAX_TEXT >> 20);
		size *= 4;
	}
	c->text = buf;
	c->text_len = len;
	return 0;
}

/* One read for a file that nobody changes meanwhile: its size says how much is there. */
static int text_read_file(struct ringwall_config *c, int fd, size_t size, const char *path, struct ringwall_err *e)
{
	ssize_t n;
	char *buf;

	if (size > MAX_TEXT)
		return ringwall_fail_plain(e, -EFBIG, "%s: more than %u MiB", path, MAX_TEXT >> 20);
	buf = ringwall_arena_alloc(&c->arena, size + 1);
	if (!buf)
		return ringwall_fail(e, -ENOMEM, "%s", path);
	n = read_full(fd, buf, size);
	if (n < 0)
		return ringwall_fail(e, (int)n, "read '%s'", path);
	c->text = buf;
	c->text_len = (size_t)n;
	return 0;
}

static int text_read(struct ringwall_config *c, int fd, const char *path, struct ringwall_err *e)
{
	struct stat st;

	if (fstat(fd, &st))
		return ringwall_fail(e, -errno, "stat '%s'", path);
	/* Files of proc and the like are regular and have no size. */
	if (S_ISREG(st.st_mode) && st.st_size > 0)
		return text_read_file(c, fd, (size_t)st.st_size, path, e);
	return text_read_stream(c, fd, path, e);
}

int ringwall_config_load(struct ringwall_config *c, const char *path, struct ringwall_err *e)
{
	bool is_stdin = !strcmp(path, "-");
	_cleanup_fd_ int opened = -1;
	int rc;

	if (is_stdin) {
		path = "standard input";
	} else {
		opened = open(path, O_RDONLY | O_CLOEXEC);
		if (opened < 0)
			return ringwall_fail(e, -errno, "open '%s'", path);
	}
	rc = text_read(c, is_stdin ? STDIN_FILENO : opened, path, e);
	return rc ?: config_read(c, path, e) ?: ringwall_config_check(c, path, e);
}

const char *ringwall_config_annotation(const struct ringwall_config *c, const char *key)
{
	for (size_t i = 0; i < c->annotations.n; i++)
		if (!strcmp(c->annotations.v[i].key, key))
			return c->annotations.v[i].value;
	return NULL;
}

void ringwall_config_free(struct ringwall_config *c)
{
	ringwall_arena_free(&c->arena);
	*c = (struct ringwall_config){ 0 };
}
