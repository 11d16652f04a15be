// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "container.h"

struct list {
	char **v; /* NULL-terminated when non-NULL */
	size_t n, size;
};

void ringwall_strv_free(char **v)
{
	for (size_t i = 0; v && v[i]; i++)
		free(v[i]);
	free(v);
}

static void list_free(struct list *l)
{
	ringwall_strv_free(l->v);
}

static int add(struct list *l, const char *id)
{
	if (l->n + 2 > l->size) {
		size_t size = l->size ? 2 * l->size : 16;
		char **v = realloc(l->v, size * sizeof(*v));

		if (!v)
			return -ENOMEM;
		l->v = v;
		l->size = size;
	}
	l->v[l->n] = id ? strdup(id) : NULL;
	if (!id)
		return 0;
	if (!l->v[l->n])
		return -ENOMEM;
	l->v[++l->n] = NULL;
	return 0;
}

static bool is_directory(DIR *d, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return !fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) && S_ISDIR(st.st_mode);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int ringwall_list(struct ringwall *rw, char ***ret_ids, struct ringwall_err *e)
{
	_cleanup_(list_free) struct list l = {};
	_cleanup_dir_ DIR *d = opendir(rw->root);
	struct dirent *entry;
	int r;

	/* No container was ever made. */
	if (!d && errno != ENOENT)
		return ringwall_fail(e, -errno, "list '%s'", rw->root);
	r = add(&l, NULL);
	for (errno = 0; !r && d && (entry = readdir(d)); errno = 0)
		if (is_directory(d, entry) && !ringwall_id_check(entry->d_name, NULL))
			r = add(&l, entry->d_name);
	if (r < 0 || errno)
		return ringwall_fail(e, r < 0 ? r : -errno, "list '%s'", rw->root);
	qsort(l.v, l.n, sizeof(*l.v), compare);
	*ret_ids = TAKE_PTR(l.v);
	return 0;
}
