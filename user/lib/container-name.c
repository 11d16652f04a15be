// SPDX-License-Identifier: LGPL-2.1-or-later
/* What those who have a container made call it, where its ID is a number to them. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "container.h"
#include "file.h"
#include "json.h"

#define FILE_MAX (16 << 20)

/* Kubernetes' CRI in containerd and in CRI-O, nerdctl. */
static const char *const annotations[] = {
	"io.kubernetes.cri.container-name",
	"io.kubernetes.container.name",
	"nerdctl/name",
};

static bool is_annotated(const struct ringwall_state *s, const char *name)
{
	for (size_t i = 0; i < s->annotations.n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(annotations); k++)
			if (!strcmp(s->annotations.v[i].key, annotations[k]) && !strcmp(s->annotations.v[i].value, name))
				return true;
	return false;
}

/* The "Name" in a config.v2.json, without the slash in front: Docker's own record. */
static bool docker_says(const char *path, const char *name)
{
	_cleanup_(ringwall_arena_free) struct ringwall_arena a = {};
	_cleanup_free_ char *text = NULL;
	const struct ringwall_json *v;
	struct ringwall_json *root;
	size_t len;

	if (ringwall_file_read(path, FILE_MAX, &text, &len, NULL) < 0 ||
	    ringwall_json_parse(&a, text, len, path, &root, NULL) < 0)
		return false;
	v = ringwall_json_get(root, "Name");
	return v && v->type == RINGWALL_JSON_STRING && !strcmp(v->str + (*v->str == '/'), name);
}

/*
 * Docker mounts files into every container that lie beside its record of it, DATA-ROOT/containers/ID/hostname; that tells
 * where the record is, wherever the data root may be.
 */
static bool is_dockers(const struct ringwall_state *s, const char *name)
{
	_cleanup_(ringwall_config_free) struct ringwall_config c = {};
	char end[PATH_MAX], path[PATH_MAX];
	size_t n;

	if (ringwall_state_load_config(s, &c, NULL) < 0)
		return false;
	n = (size_t)snprintf(end, sizeof(end), "/containers/%s/", s->id);
	for (size_t i = 0; i < c.n_mounts; i++) {
		const char *source = c.mounts[i].source, *at = source && n < sizeof(end) ? strstr(source, end) : NULL;

		if (at && (size_t)snprintf(path, sizeof(path), "%.*s%sconfig.v2.json", (int)(at - source), source, end) <
				  sizeof(path))
			return docker_says(path, name);
	}
	return false;
}

/* The arguments of a process that is alive, each with its NUL. */
static int read_arguments(pid_t pid, char **ret, size_t *ret_len)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	return ringwall_file_read(path, 1 << 20, ret, ret_len, NULL);
}

static pid_t parent_of(pid_t pid)
{
	_cleanup_free_ char *text = NULL;
	char path[64], *end;
	int parent;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (ringwall_file_read(path, 4096, &text, NULL, NULL) < 0)
		return 0;
	end = strrchr(text, ')');
	return end && sscanf(end + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

/* Podman tells conmon, the parent of every container's init, by "-n NAME". */
static bool is_podmans(const struct ringwall_state *s, const char *name)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_fd_ int pidfd = -1;
	bool next = false;
	size_t len;
	pid_t parent;

	if (ringwall_state_pidfd(s, &pidfd, NULL) < 0)
		return false;
	parent = parent_of(s->pid);
	if (!parent || read_arguments(parent, &text, &len) < 0 || !strstr(text, "conmon"))
		return false;
	for (const char *arg = text; arg < text + len; arg += strlen(arg) + 1) {
		if (next && !strcmp(arg, name))
			return true;
		next = !strcmp(arg, "-n") || !strcmp(arg, "--name");
	}
	return false;
}

bool ringwall_container_is_called(const struct ringwall_state *s, const char *name)
{
	return is_annotated(s, name) || is_dockers(s, name) || is_podmans(s, name);
}
