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
static const struct {
	const char *namespace, *pod, *container;
} annotations[] = {
	{ "io.kubernetes.cri.sandbox-namespace", "io.kubernetes.cri.sandbox-name", "io.kubernetes.cri.container-name" },
	{ "io.kubernetes.pod.namespace", "io.kubernetes.pod.name", "io.kubernetes.container.name" },
	{ NULL, NULL, "nerdctl/name" },
};

static const char *annotation(const struct ringwall_state *s, const char *key)
{
	for (size_t i = 0; key && i < s->annotations.n; i++)
		if (!strcmp(s->annotations.v[i].key, key))
			return s->annotations.v[i].value;
	return NULL;
}

/* "NAMESPACE/POD/CONTAINER", as much of it as there is; a pod's own, pausing container has no last part. */
static char *annotated_name(const struct ringwall_state *s)
{
	for (size_t k = 0; k < ARRAY_SIZE(annotations); k++) {
		const char *part[] = { annotation(s, annotations[k].namespace), annotation(s, annotations[k].pod),
				       annotation(s, annotations[k].container) };
		char *name;

		if (!part[1] && !part[2])
			continue;
		if (asprintf(&name, "%s%s%s%s%s", part[0] ?: "", part[0] ? "/" : "", part[1] ?: "",
			     part[1] && part[2] ? "/" : "", part[2] ?: "") < 0)
			return NULL;
		return name;
	}
	return NULL;
}

static bool is_annotated(const struct ringwall_state *s, const char *name)
{
	for (size_t k = 0; k < ARRAY_SIZE(annotations); k++) {
		const char *value = annotation(s, annotations[k].container);

		if (value && !strcmp(value, name))
			return true;
	}
	return false;
}

/* The "Name" in a config.v2.json, without the slash in front: Docker's own record. */
static char *recorded_name(const char *path)
{
	_cleanup_(ringwall_arena_free) struct ringwall_arena a = {};
	_cleanup_free_ char *text = NULL;
	const struct ringwall_json *v;
	struct ringwall_json *root;
	size_t len;

	if (ringwall_file_read(path, FILE_MAX, &text, &len, NULL) < 0 ||
	    ringwall_json_parse(&a, text, len, path, &root, NULL) < 0)
		return NULL;
	v = ringwall_json_get(root, "Name");
	return v && v->type == RINGWALL_JSON_STRING ? strdup(v->str + (*v->str == '/')) : NULL;
}

/*
 * Docker mounts files into every container that lie beside its record of it, DATA-ROOT/containers/ID/hostname; that tells
 * where the record is, wherever the data root may be.
 */
static char *dockers_name(const struct ringwall_state *s)
{
	_cleanup_(ringwall_config_free) struct ringwall_config c = {};
	char end[PATH_MAX], path[PATH_MAX];
	size_t n;

	if (ringwall_state_load_config(s, &c, NULL) < 0)
		return NULL;
	n = (size_t)snprintf(end, sizeof(end), "/containers/%s/", s->id);
	for (size_t i = 0; i < c.n_mounts; i++) {
		const char *source = c.mounts[i].source, *at = source && n < sizeof(end) ? strstr(source, end) : NULL;

		if (at && (size_t)snprintf(path, sizeof(path), "%.*s%sconfig.v2.json", (int)(at - source), source, end) <
				  sizeof(path))
			return recorded_name(path);
	}
	return NULL;
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
static char *podmans_name(const struct ringwall_state *s)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_fd_ int pidfd = -1;
	bool next = false;
	size_t len;
	pid_t parent;

	if (ringwall_state_pidfd(s, &pidfd, NULL) < 0)
		return NULL;
	parent = parent_of(s->pid);
	if (!parent || read_arguments(parent, &text, &len) < 0 || !strstr(text, "conmon"))
		return NULL;
	for (const char *arg = text; arg < text + len; arg += strlen(arg) + 1) {
		if (next)
			return strdup(arg);
		next = !strcmp(arg, "-n") || !strcmp(arg, "--name");
	}
	return NULL;
}

/* What is a name to all of them; and says nothing but itself in a line of text. */
static bool is_plain(const char *name)
{
	for (const char *p = name; *p; p++)
		if (*p <= ' ' || *p > '~')
			return false;
	return *name;
}

char *ringwall_container_name(const struct ringwall_state *s)
{
	char *name = annotated_name(s) ?: dockers_name(s) ?: podmans_name(s);

	if (name && !is_plain(name)) {
		free(name);
		name = NULL;
	}
	return name;
}

bool ringwall_container_is_called(const struct ringwall_state *s, const char *name)
{
	_cleanup_free_ char *own = is_annotated(s, name) ? NULL : ringwall_container_name(s);

	return own ? !strcmp(own, name) : is_annotated(s, name);
}
