// SPDX-License-Identifier: LGPL-2.1-or-later
#include "rdt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../lib/cleanup.h"

#define RESCTRL "/sys/fs/resctrl"
#define RESCTRL_MAGIC 0x7655821 /* RDTGROUP_SUPER_MAGIC of linux/magic.h, which older headers lack */
#define SCHEMATA_MAX 16384

int ringwall_rdt_open(int *ret_fd, struct ringwall_err *e)
{
	_cleanup_fd_ int fd = open(RESCTRL, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs sf;

	if (fd < 0 || fstatfs(fd, &sf) || sf.f_type != RESCTRL_MAGIC)
		return ringwall_fail_plain(e, -EOPNOTSUPP, "linux.intelRdt: no resctrl filesystem is mounted at " RESCTRL);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* Reading and writing its files ---------------------------------------------------------------------------- */

static int file_write(int dir, const char *name, const char *text, size_t len)
{
	_cleanup_fd_ int fd = openat(dir, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -errno;
	/* One write: the kernel takes each as a whole command. */
	return write(fd, text, len) < 0 ? -errno : 0;
}

/* @buf becomes a string; what does not fit is cut. */
static int file_read(int dir, const char *name, char *buf, size_t size)
{
	_cleanup_fd_ int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	size_t len = 0;
	ssize_t n = 1;

	if (fd < 0)
		return -errno;
	while (n > 0 && len < size - 1) {
		n = read(fd, buf + len, size - 1 - len);
		if (n < 0)
			return -errno;
		len += (size_t)n;
	}
	buf[len] = '\0';
	return 0;
}

/* The kernel explains what it did not like in a file; "ok" when it has nothing to say. */
static int schemata_fail(int resctrl, int code, struct ringwall_err *e)
{
	char why[128];

	if (file_read(resctrl, "info/last_cmd_status", why, sizeof(why)) || !strncmp(why, "ok", 2))
		return ringwall_fail(e, code, "linux.intelRdt: write schemata");
	why[strcspn(why, "\n")] = '\0';
	return ringwall_fail(e, code, "linux.intelRdt: write schemata: %s", why);
}

/* What config.json asks for -------------------------------------------------------------------------------- */

/* Lines as the schemata file has them; 0 or -ENOBUFS. */
static int line_add(char *buf, size_t *len, const char *line, size_t n)
{
	if (*len + n + 2 > SCHEMATA_MAX)
		return -ENOBUFS;
	memcpy(buf + *len, line, n);
	*len += n;
	buf[(*len)++] = '\n';
	buf[*len] = '\0';
	return 0;
}

/* l3CacheSchema and memBwSchema; an "MB:" line in the first gives way to the second. */
static int schema_lines(const struct ringwall_intel_rdt *rdt, char *buf, size_t *ret_len)
{
	const char *s = rdt->l3_cache_schema ?: "";
	size_t len = 0, n;
	int r = 0;

	buf[0] = '\0';
	for (; *s && !r; s += n + (s[n] == '\n')) {
		n = strcspn(s, "\n");
		if (n && !(rdt->mem_bw_schema && !strncmp(s, "MB:", 3)))
			r = line_add(buf, &len, s, n);
	}
	if (!r && rdt->mem_bw_schema)
		r = line_add(buf, &len, rdt->mem_bw_schema, strlen(rdt->mem_bw_schema));
	*ret_len = len;
	return r;
}

static int schemata_lines(const struct ringwall_intel_rdt *rdt, char *buf, size_t *ret_len)
{
	size_t len = 0;
	int r = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < rdt->schemata.n && !r; i++)
		r = line_add(buf, &len, rdt->schemata.v[i], strlen(rdt->schemata.v[i]));
	*ret_len = len;
	return r;
}

typedef int (*lines_fn)(const struct ringwall_intel_rdt *rdt, char *buf, size_t *ret_len);

/* In this order, each in a write of its own: the last has the last word, and a write may name nothing twice. */
static const lines_fn all_lines[] = { schema_lines, schemata_lines };

static bool schema_given(const struct ringwall_intel_rdt *rdt)
{
	return rdt->l3_cache_schema || rdt->mem_bw_schema || rdt->schemata.n;
}

static int schemata_write(int resctrl, int group, const struct ringwall_intel_rdt *rdt, struct ringwall_err *e)
{
	char buf[SCHEMATA_MAX];
	size_t len;

	for (size_t i = 0; i < ARRAY_SIZE(all_lines); i++) {
		int r = all_lines[i](rdt, buf, &len);

		if (r)
			return ringwall_fail(e, r, "linux.intelRdt: schemata");
		if (!len)
			continue;
		r = file_write(group, "schemata", buf, len);
		if (r)
			return schemata_fail(resctrl, r, e);
	}
	return 0;
}

/* Comparing with what is there ----------------------------------------------------------------------------- */

static const char *skip_blanks(const char *s)
{
	return s + strspn(s, " \t");
}

/* "0ff" and "ff" are one bit mask. Both end at ';', a line's or the text's end. */
static bool values_same(const char *a, const char *b)
{
	size_t n, m;

	for (a = skip_blanks(a); *a == '0'; a++)
		;
	for (b = skip_blanks(b); *b == '0'; b++)
		;
	n = strcspn(a, ";\n \t");
	m = strcspn(b, ";\n \t");
	return n == m && !strncasecmp(a, b, n);
}

/* In @have, of lines "RESOURCE:ID=VALUE;ID=VALUE", the value of @id of @resource; NULL when there is none. */
static const char *value_find(const char *have, const char *resource, size_t n, const char *id, size_t id_len)
{
	for (have = skip_blanks(have); *have; have = skip_blanks(have + (*have == '\n'))) {
		bool match = !strncmp(have, resource, n) && have[n] == ':';
		const char *s = have + (match ? n : strcspn(have, ":\n"));

		while (*s == ':' || *s == ';') {
			s = skip_blanks(s + 1);
			if (match && !strncmp(s, id, id_len) && s[id_len] == '=')
				return s + id_len + 1;
			s += strcspn(s, ";\n");
		}
		have = s + strcspn(s, "\n");
	}
	return NULL;
}

/* Whether every value of @line, one line without its end, is so in @have. */
static bool line_holds(const char *line, const char *have)
{
	size_t n;
	const char *s;

	line = skip_blanks(line);
	n = strcspn(line, ":\n");
	for (s = line + n; *s == ':' || *s == ';'; s += strcspn(s, ";\n")) {
		size_t id_len;
		const char *value;

		s = skip_blanks(s + 1);
		id_len = strcspn(s, "=;\n");
		if (s[id_len] != '=')
			return false;
		value = value_find(have, line, n, s, id_len);
		if (!value || !values_same(s + id_len + 1, value))
			return false;
	}
	return true;
}

static int schemata_compare(int group, const struct ringwall_intel_rdt *rdt, struct ringwall_err *e)
{
	char want[SCHEMATA_MAX], have[SCHEMATA_MAX];
	size_t len;
	int r = file_read(group, "schemata", have, sizeof(have));

	if (r)
		return ringwall_fail(e, r, "linux.intelRdt: read schemata of '%s'", rdt->clos_id);
	/* With schemata in the config the other two are overwritten by it, so they need not hold. */
	r = all_lines[rdt->schemata.n ? 1 : 0](rdt, want, &len);
	if (r)
		return ringwall_fail(e, r, "linux.intelRdt: schemata");
	for (const char *s = want; *s; s += strcspn(s, "\n") + 1) {
		if (!line_holds(s, have))
			return ringwall_fail_plain(e, -EEXIST, "linux.intelRdt.closID: '%s' exists with other values than '%.*s'",
						   rdt->clos_id, (int)strcspn(s, "\n"), s);
	}
	return 0;
}

/* Groups --------------------------------------------------------------------------------------------------- */

static bool is_root(const struct ringwall_intel_rdt *rdt)
{
	return rdt->clos_id && !strcmp(rdt->clos_id, "/");
}

static const char *group_name(const struct ringwall_intel_rdt *rdt, const char *id)
{
	if (is_root(rdt))
		return ".";
	return rdt->clos_id ?: id;
}

static int group_open(int resctrl, const struct ringwall_intel_rdt *rdt, const char *id, int *ret_fd)
{
	int fd = openat(resctrl, group_name(rdt, id), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static int group_make(int resctrl, const struct ringwall_intel_rdt *rdt, const char *id, bool *ret_made,
		      struct ringwall_err *e)
{
	bool make = !rdt->clos_id || (schema_given(rdt) && !is_root(rdt));

	*ret_made = make && !mkdirat(resctrl, group_name(rdt, id), 0755);
	if (!make || *ret_made || errno == EEXIST)
		return 0;
	if (errno == ENOSPC)
		return ringwall_fail_plain(e, -ENOSPC, "linux.intelRdt: the hardware has no more classes of service");
	return ringwall_fail(e, -errno, "linux.intelRdt.closID: make '%s'", group_name(rdt, id));
}

static int group_fill(int resctrl, const struct ringwall_intel_rdt *rdt, const char *id, bool made,
		      struct ringwall_err *e)
{
	_cleanup_fd_ int group = -1;
	char mon[300];
	int r = group_open(resctrl, rdt, id, &group);

	if (r == -ENOENT)
		return ringwall_fail_plain(e, r, "linux.intelRdt.closID: '%s' is no class of service, and no schema says what "
					   "it should be", rdt->clos_id);
	if (r)
		return ringwall_fail(e, r, "linux.intelRdt.closID: open '%s'", group_name(rdt, id));
	if (schema_given(rdt)) {
		r = made || !rdt->clos_id ? schemata_write(resctrl, group, rdt, e) : schemata_compare(group, rdt, e);
		if (r)
			return r;
	}
	if (!rdt->enable_monitoring)
		return 0;
	snprintf(mon, sizeof(mon), "mon_groups/%s", id);
	if (mkdirat(group, mon, 0755) && errno != EEXIST)
		return ringwall_fail(e, -errno, "linux.intelRdt.enableMonitoring: make '%s'", mon);
	return 0;
}

int ringwall_rdt_create(int resctrl, const struct ringwall_intel_rdt *rdt, const char *id, struct ringwall_err *e)
{
	bool made;
	int r = group_make(resctrl, rdt, id, &made, e);

	if (r)
		return r;
	r = group_fill(resctrl, rdt, id, made, e);
	if (r && made)
		unlinkat(resctrl, group_name(rdt, id), AT_REMOVEDIR);
	return r;
}

int ringwall_rdt_assign(int resctrl, const struct ringwall_intel_rdt *rdt, const char *id, pid_t pid,
			struct ringwall_err *e)
{
	_cleanup_fd_ int group = -1;
	char text[16], mon[300];
	int len = snprintf(text, sizeof(text), "%d", pid);
	int r = group_open(resctrl, rdt, id, &group);

	if (!r)
		r = file_write(group, "tasks", text, (size_t)len);
	if (!r && rdt->enable_monitoring) {
		/* Second: joining another class leaves the monitoring group behind. */
		snprintf(mon, sizeof(mon), "mon_groups/%s/tasks", id);
		r = file_write(group, mon, text, (size_t)len);
	}
	if (r)
		return ringwall_fail(e, r, "linux.intelRdt: put process %d into '%s'", pid, group_name(rdt, id));
	return 0;
}

int ringwall_rdt_remove(int resctrl, const struct ringwall_intel_rdt *rdt, const char *id, struct ringwall_err *e)
{
	_cleanup_fd_ int group = -1;
	char mon[300];
	int r;

	if (!rdt->clos_id) {
		/* Monitoring groups in it go with it. */
		if (unlinkat(resctrl, id, AT_REMOVEDIR) && errno != ENOENT)
			return ringwall_fail(e, -errno, "linux.intelRdt: remove '%s'", id);
		return 0;
	}
	if (!rdt->enable_monitoring)
		return 0;
	r = group_open(resctrl, rdt, id, &group);
	if (r == -ENOENT)
		return 0;
	snprintf(mon, sizeof(mon), "mon_groups/%s", id);
	if (!r && unlinkat(group, mon, AT_REMOVEDIR) && errno != ENOENT)
		r = -errno;
	if (r)
		return ringwall_fail(e, r, "linux.intelRdt.enableMonitoring: remove '%s'", mon);
	return 0;
}
