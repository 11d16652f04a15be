// SPDX-License-Identifier: LGPL-2.1-or-later
#include "select.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/capability.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "../lib/cleanup.h"
#include "parse.h"

#define POLICY_D "policy.d"
#define SUFFIX ".json"
#define OVERFLOW_UID 65534 /* whoever has no id in a user namespace */

/*
 * What a selection has at hand. @fd: the directory, -1: there is none
 * @m: what was found, when a step says FOUND
 */
struct selection {
	const struct ringwall_policy_source *source;
	const struct ringwall_config *config;
	struct ringwall_guard guard;
	int fd;
	struct ringwall_model *m;
	struct ringwall_err *e;
};

#define FOUND 1 /* of steps; 0: the next one is asked */

/* Names ----------------------------------------------------------------------------------------------------- */

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && !strcmp(s + n - m, end);
}

/* Not hidden, no way out of the directory. */
static bool name_is_valid(const char *s)
{
	return *s && *s != '.' && strlen(s) <= 200 &&
	       !s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")];
}

static const char *builtin(const char *name)
{
	size_t len;

	return ringwall_model_builtin(name, &len) ? name : NULL;
}

/* Files of the host's directory ----------------------------------------------------------------------------- */

/*
 * In a user namespace without the host's root, its files belong to nobody. There the runtime can do no more than its
 * caller, who made the namespace and could as well hide the directory.
 */
static bool root_is_nobody(void)
{
	_cleanup_fd_ int fd = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
	unsigned int inside, outside, count;
	char text[64];
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	return sscanf(text, "%u %u %u", &inside, &outside, &count) == 3 && (inside || outside || count != UINT32_MAX);
}

static int dir_open(struct selection *s)
{
	struct stat st;

	s->fd = open(s->source->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->fd < 0)
		return errno == ENOENT ? 0 : ringwall_fail(s->e, -errno, "open '%s'", s->source->dir);
	if (!s->guard.owner && !fstat(s->fd, &st) && st.st_uid == OVERFLOW_UID && root_is_nobody())
		s->guard.owner = OVERFLOW_UID;
	return ringwall_guard_check(&s->guard, s->fd, s->source->dir, s->e);
}

/* What is in @fd, which is closed, or a negative errno. @path: for messages and origins; @ret->text: to be freed */
static int fd_read(struct selection *s, int fd, const char *path, struct ringwall_policy_text *ret)
{
	int rc;

	*ret = (struct ringwall_policy_text){ 0 };
	if (fd < 0)
		return ringwall_fail(s->e, fd, "open '%s'", path);
	rc = ringwall_policy_text_fd(fd, path, true, &s->guard, ret, s->e);
	close(fd);
	return rc;
}

/* The policy that is in @fd, as above. */
static int fd_load(struct selection *s, int fd, const char *path)
{
	struct ringwall_policy_text text;
	int rc = fd_read(s, fd, path, &text) ?: ringwall_model_read(&text, &s->guard, s->m, s->e);

	free((char *)text.text);
	return rc;
}

static int file_open(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	return fd < 0 ? -errno : fd;
}

/* policy.d, whose owner was looked at; -ENOENT without a message */
static int policy_d_open(struct selection *s)
{
	char path[PATH_MAX];
	int rc, fd;

	if (s->fd < 0)
		return -ENOENT;
	fd = openat(s->fd, POLICY_D, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	snprintf(path, sizeof(path), "%s/" POLICY_D, s->source->dir);
	if (fd < 0)
		return ringwall_fail(s->e, -errno, "open '%s'", path);
	rc = ringwall_guard_check(&s->guard, fd, path, s->e);
	if (rc) {
		close(fd);
		return rc;
	}
	return fd;
}

static int fail_name(struct selection *s, const char *name)
{
	return ringwall_fail_plain(
		s->e, -ENOENT,
		"no policy is called '%s': neither a profile (privileged, baseline, baseline-pod, restricted) "
		"nor '%s/" POLICY_D "/%s" SUFFIX "'; a file in the working directory is './%s'",
		name, s->source->dir, name, name);
}

static int name_load(struct selection *s, const char *name)
{
	_cleanup_fd_ int dir = -1;
	char path[PATH_MAX];
	int fd;

	if (builtin(name))
		return ringwall_model_load(name, s->m, s->e);
	if (!name_is_valid(name))
		return ringwall_fail_plain(s->e, -EINVAL,
					   "'%s' cannot be the name of a policy: letters, digits, \".\", \"_\", \"-\"",
					   name);
	dir = policy_d_open(s);
	if (dir < 0)
		return dir == -ENOENT ? fail_name(s, name) : dir;
	snprintf(path, sizeof(path), "%s" SUFFIX, name);
	fd = file_open(dir, path);
	if (fd == -ENOENT)
		return fail_name(s, name);
	snprintf(path, sizeof(path), "%s/" POLICY_D "/%s" SUFFIX, s->source->dir, name);
	return fd_load(s, fd, path);
}

/* 1. and 2.: what somebody named ---------------------------------------------------------------------------- */

static bool is_file(const char *option)
{
	return strchr(option, '/') || ends_with(option, SUFFIX) || !strcmp(option, "-");
}

const char *ringwall_policy_place(const char *option, char buffer[PATH_MAX])
{
	if (is_file(option) || builtin(option) || !name_is_valid(option))
		return option;
	snprintf(buffer, PATH_MAX, RINGWALL_POLICY_DIR "/" POLICY_D "/%s" SUFFIX, option);
	return buffer;
}

static int option_step(struct selection *s, const char *option)
{
	int rc;

	if (!option)
		return 0;
	if (is_file(option))
		rc = ringwall_model_load(option, s->m, s->e);
	else
		rc = name_load(s, option);
	return rc ? ringwall_err_prepend(s->e, "--policy") : FOUND;
}

static bool path_is_normal(const char *s)
{
	for (;;) {
		size_t n = strcspn(s, "/");

		if (!n || (n == 1 && *s == '.') || (n == 2 && !strncmp(s, "..", 2)))
			return false;
		if (!s[n])
			return true;
		s += n + 1;
	}
}

/* Without following links out of the directory: further down, directories may belong to others. */
static int annotation_path_load(struct selection *s, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	size_t n = strlen(s->source->dir);
	int fd;

	if (strncmp(path, s->source->dir, n) || path[n] != '/' || !path_is_normal(path + n + 1))
		return ringwall_fail_plain(s->e, -EPERM,
					   "'%s' is not below '%s': annotations cannot name other files, --policy can",
					   path, s->source->dir);
	if (s->fd < 0)
		return ringwall_fail(s->e, -ENOENT, "open '%s'", path);
	fd = (int)syscall(SYS_openat2, s->fd, path + n + 1, &how, sizeof(how));
	return fd_load(s, fd < 0 ? -errno : fd, path);
}

static int annotation_step(struct selection *s)
{
	const char *value = ringwall_config_annotation(s->config, RINGWALL_POLICY_ANNOTATION);
	int rc;

	if (!value)
		return 0;
	rc = *value == '/' ? annotation_path_load(s, value) : name_load(s, value);
	return rc ? ringwall_err_prepend(s->e, "annotation " RINGWALL_POLICY_ANNOTATION) : FOUND;
}

/* 3.: policy.d ---------------------------------------------------------------------------------------------- */

/* containerd's CRI, CRI-O, and what tools write that unpack an image by hand. */
static const char *const image_annotations[] = {
	"io.kubernetes.cri.image-name",
	"io.kubernetes.cri-o.ImageName",
	"org.opencontainers.image.ref.name",
};

static const char *image_name(const struct ringwall_config *c)
{
	const char *name = NULL;

	for (size_t i = 0; !name && i < ARRAY_SIZE(image_annotations); i++)
		name = ringwall_config_annotation(c, image_annotations[i]);
	return name;
}

/* "*" goes over slashes as well: "registry.example.com*". */
static bool matches(const struct ringwall_match *match, const struct ringwall_config *c)
{
	const char *image;

	if (!match->set)
		return false;
	for (size_t i = 0; i < match->annotations.n; i++) {
		const char *value = ringwall_config_annotation(c, match->annotations.v[i].key);

		if (!value || fnmatch(match->annotations.v[i].value, value, 0))
			return false;
	}
	image = match->image ? image_name(c) : NULL;
	return !match->image || (image && !fnmatch(match->image, image, 0));
}

static int is_policy(const struct dirent *d)
{
	return d->d_name[0] != '.' && ends_with(d->d_name, SUFFIX);
}

/* By bytes, whatever the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int candidate_step(struct selection *s, int dir, const char *name)
{
	struct ringwall_config doc = { 0 };
	struct ringwall_policy_text text;
	struct ringwall_match match;
	char path[PATH_MAX];
	int rc;

	snprintf(path, sizeof(path), "%s/" POLICY_D "/%s", s->source->dir, name);
	rc = fd_read(s, file_open(dir, name), path, &text) ?: ringwall_match_read(&doc, &text, &match, s->e);
	if (!rc && matches(&match, s->config))
		rc = ringwall_model_read(&text, &s->guard, s->m, s->e) ?: FOUND;
	ringwall_arena_free(&doc.arena);
	free((char *)text.text);
	return rc;
}

static int match_step(struct selection *s)
{
	_cleanup_fd_ int dir = policy_d_open(s);
	struct dirent **files;
	int n, rc = 0;

	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	n = scandirat(dir, ".", &files, is_policy, by_name);
	if (n < 0)
		return ringwall_fail(s->e, -errno, "read '%s/" POLICY_D "'", s->source->dir);
	for (int i = 0; i < n; i++) {
		if (!rc)
			rc = candidate_step(s, dir, files[i]->d_name);
		free(files[i]);
	}
	free(files);
	return rc;
}

/* 4. and 5.: defaults --------------------------------------------------------------------------------------- */

/*
 * default -> restricted: a link may say a profile's name where no file is. Any other link that leads nowhere is an
 * error: whoever made it did not mean the default profile.
 */
static int default_link_step(struct selection *s)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t n = readlinkat(s->fd, "default", target, sizeof(target) - 1);
	int fd;

	if (n < 0 && errno == ENOENT)
		return 0;
	if (n > 0) {
		target[n] = '\0';
		if (builtin(target))
			return ringwall_model_load(target, s->m, s->e) ?: FOUND;
	}
	snprintf(path, sizeof(path), "%s/default", s->source->dir);
	fd = file_open(s->fd, "default");
	return fd_load(s, fd, path) ?: FOUND;
}

static int default_file_step(struct selection *s)
{
	int fd = file_open(s->fd, "default" SUFFIX);
	char path[PATH_MAX];

	if (fd == -ENOENT)
		return 0;
	snprintf(path, sizeof(path), "%s/default" SUFFIX, s->source->dir);
	return fd_load(s, fd, path) ?: FOUND;
}

static int default_step(struct selection *s)
{
	return s->fd < 0 ? 0 : default_link_step(s) ?: default_file_step(s);
}

/*
 * Somebody else's PID namespace, joined by its path: who asked for that wants the container to reach the processes there,
 * and sees none but these. The host's is nobody's, whatever its path; what cannot be told counts as the host's.
 */
static bool joins_processes(const struct ringwall_config *c)
{
	const struct ringwall_namespace *ns = &c->ns[RINGWALL_NS_PID];
	struct stat theirs, host, ours;

	return ns->path && !stat(ns->path, &theirs) && !stat("/proc/1/ns/pid", &host) &&
	       !stat("/proc/self/ns/pid", &ours) && theirs.st_ino != host.st_ino && theirs.st_ino != ours.st_ino;
}

static int profile_step(struct selection *s)
{
	const struct ringwall_capabilities *caps = &s->config->process.caps;
	bool admin = caps->set && caps->bounding >> CAP_SYS_ADMIN & 1;

	return ringwall_model_load(admin			? "privileged"
				   : joins_processes(s->config) ? "baseline-pod"
								: "baseline",
				   s->m, s->e);
}

static int select_by(struct selection *s, const char *option)
{
	int rc;

	/* A file or a profile costs no look at the directory. */
	if (!option || (!is_file(option) && !builtin(option))) {
		rc = dir_open(s);
		if (rc)
			return rc;
	}
	rc = option_step(s, option) ?: annotation_step(s) ?: match_step(s) ?: default_step(s);
	if (rc == FOUND)
		s->m->strict = true;
	return rc == FOUND ? 0 : rc ?: profile_step(s);
}

int ringwall_policy_select_from(const struct ringwall_policy_source *source, const struct ringwall_config *c,
				const char *option, struct ringwall_model *ret, struct ringwall_err *e)
{
	struct ringwall_model m = { 0 };
	struct selection s = {
		.source = source,
		.config = c,
		.guard = { .owner = source->owner },
		.fd = -1,
		.m = &m,
		.e = e,
	};
	int rc = select_by(&s, option);

	ringwall_fd_close(&s.fd);
	if (!rc)
		*ret = m;
	return rc;
}

int ringwall_policy_select(const struct ringwall_config *c, const char *option, struct ringwall_model *ret,
			   struct ringwall_err *e)
{
	static const struct ringwall_policy_source host = { .dir = RINGWALL_POLICY_DIR };

	return ringwall_policy_select_from(&host, c, option, ret, e);
}
