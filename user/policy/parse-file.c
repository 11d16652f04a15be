// SPDX-License-Identifier: LGPL-2.1-or-later
/* Policies as files: reading them, whose they are, and which containers they are for. */
#include "parse.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "../lib/file.h"

/* Files ----------------------------------------------------------------------------------------------------- */

int ringwall_guard_check(const struct ringwall_guard *guard, int fd, const char *name, struct ringwall_err *e)
{
	struct stat st;

	if (fstat(fd, &st))
		return ringwall_fail(e, -errno, "stat '%s'", name);
	if (st.st_uid != guard->owner)
		return ringwall_fail_plain(e, -EPERM,
					   "'%s' belongs to user %u: policies must belong to root: chown root '%s'",
					   name, st.st_uid, name);
	if (st.st_mode & S_IWOTH || (st.st_mode & S_IWGRP && st.st_gid))
		return ringwall_fail_plain(e, -EPERM, "'%s' can be written to by others than root: chmod go-w '%s'",
					   name, name);
	return 0;
}

int ringwall_policy_text_fd(int fd, const char *name, bool regular, const struct ringwall_guard *guard,
			    struct ringwall_policy_text *ret, struct ringwall_err *e)
{
	struct ringwall_policy_text text = { .name = name };
	struct stat st;
	char *content;
	int rc;

	if (fstat(fd, &st))
		return ringwall_fail(e, -errno, "stat '%s'", name);
	if (S_ISDIR(st.st_mode))
		return ringwall_fail(e, -EISDIR, "read '%s'", name);
	if (regular && !S_ISREG(st.st_mode))
		return ringwall_fail_plain(e, -EINVAL, "'%s' is not a regular file", name);
	rc = guard ? ringwall_guard_check(guard, fd, name, e) : 0;
	if (rc)
		return rc;
	rc = ringwall_file_read_fd(fd, RINGWALL_POLICY_TEXT_MAX, &content, &text.len);
	if (rc)
		return ringwall_fail(e, rc, "read '%s'", name);
	text.text = content;
	text.dev = st.st_dev;
	text.ino = S_ISREG(st.st_mode) ? st.st_ino : 0;
	*ret = text;
	return 0;
}

int ringwall_model_load(const char *path, struct ringwall_model *ret, struct ringwall_err *e)
{
	struct ringwall_policy_text text = { .name = path, .builtin = true };
	_cleanup_free_ char *content = NULL;
	_cleanup_fd_ int fd = -1;
	int rc;

	text.text = ringwall_model_builtin(path, &text.len);
	if (text.text)
		return ringwall_model_read(&text, NULL, ret, e);
	fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return ringwall_fail(e, -errno, "open '%s'", path);
	rc = ringwall_policy_text_fd(fd, strcmp(path, "-") ? path : "standard input", false, NULL, &text, e);
	if (rc)
		return rc;
	content = (char *)text.text;
	return ringwall_model_read(&text, NULL, ret, e);
}

/* match ----------------------------------------------------------------------------------------------------- */

static const struct ringwall_field match_fields[] = {
	FIELD(struct ringwall_match, annotations, "annotations", ringwall_field_pairs),
	FIELD(struct ringwall_match, image, "image", ringwall_field_str),
};

const struct ringwall_table ringwall_match_table = { .fields = match_fields, .n = ARRAY_SIZE(match_fields) };

int ringwall_match_read(struct ringwall_config *doc, const struct ringwall_policy_text *text,
			struct ringwall_match *ret, struct ringwall_err *e)
{
	struct ringwall_reader r = { .c = doc, .name = text->name, .strict = true, .e = e };
	const struct ringwall_json *v;
	struct ringwall_json *root;
	int rc;

	doc->text = text->text;
	rc = ringwall_json_parse(&doc->arena, text->text, text->len, text->name, &root, e);
	if (rc)
		return rc;
	*ret = (struct ringwall_match){ 0 };
	v = ringwall_json_get(root, "match");
	if (!v)
		return 0;
	ret->set = true;
	ringwall_reader_enter(&r, "match", 0);
	return ringwall_reader_object(&r, &ringwall_match_table, v, ret);
}
