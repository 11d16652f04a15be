// SPDX-License-Identifier: LGPL-2.1-or-later
/* Rules about paths that lead through links of the image. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/policy/links.h"

static char top[64], rootfs[80];

static void make_link(const char *to, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s%s", rootfs, name);
	assert_return_code(symlink(to, path), errno);
}

static void make_dir(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s%s", rootfs, name);
	assert_return_code(mkdir(path, 0755), errno);
}

static void make_file(const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s%s", rootfs, name);
	fd = open(path, O_CREAT | O_WRONLY, 0755);
	assert_return_code(fd, errno);
	close(fd);
}

static int setup(void **state)
{
	(void)state;
	strcpy(top, "/tmp/ringwall-links.XXXXXX");
	assert_non_null(mkdtemp(top));
	snprintf(rootfs, sizeof(rootfs), "%s/rootfs", top);
	make_dir("");
	make_dir("/usr");
	make_dir("/usr/bin");
	make_dir("/etc");
	make_dir("/srv");
	make_file("/usr/bin/su");
	make_file("/etc/shadow");
	make_link("usr/bin", "/bin");
	make_link("../../../../etc", "/srv/up");     /* out of the image, if it were followed there */
	make_link("/proc/self/root/etc", "/srv/self"); /* nothing of the host's */
	make_link("/srv/loop", "/srv/loop");
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", top);
	return system(command);
}

/* The path that a rule which refuses (or, with @grant, allows) reading @path leads to; NULL: itself. */
static const char *leads(struct ringwall_model *m, const char *path, bool grant)
{
	struct ringwall_path_rule rule = { .path = path, .refuse = RINGWALL_FILE_WRITE, .grant = grant ? RINGWALL_FILE_READ : 0,
					   .set = RINGWALL_SET_FILE, .number = 1 };
	struct ringwall_err e = { 0 };

	*m = (struct ringwall_model){ .name = "test", .path_rules = &rule, .n_path_rules = 1 };
	if (ringwall_links_follow(rootfs, m, &e) < 0)
		fail_msg("%s", e.text);
	m->path_rules = NULL;
	if (!m->n_path_links)
		return NULL;
	assert_int_equal(m->path_links[0].grant, 0);
	assert_int_equal(m->path_links[0].refuse, RINGWALL_FILE_WRITE);
	assert_int_equal(m->path_links[0].number, 1);
	return m->path_links[0].path;
}

static void leads_to(const char *path, const char *want)
{
	struct ringwall_model m;
	const char *got = leads(&m, path, false);

	if (want)
		assert_string_equal(got, want);
	else
		assert_null(got);
	assert_null(m.link_note);
	ringwall_arena_free(&m.arena);
}

static void follows(void **state)
{
	(void)state;
	leads_to("/bin/su", "/usr/bin/su");
	leads_to("/bin", "/usr/bin");
	leads_to("/bin/not-there/yet", "/usr/bin/not-there/yet");
	leads_to("/bin/*/x", "/usr/bin/*/x");
	leads_to("/*/bin", NULL);
	leads_to("/usr/bin/su", NULL);
	leads_to("/", NULL);
	leads_to("/nothing/here", NULL);
}

static void stays_inside(void **state)
{
	(void)state;
	leads_to("/srv/up/shadow", "/etc/shadow");
	leads_to("/srv/self/shadow", NULL); /* the image has no /proc */
	leads_to("/srv/loop/x", NULL);
}

static void allows_nothing_more(void **state)
{
	struct ringwall_model m;

	(void)state;
	assert_string_equal(leads(&m, "/bin/su", true), "/usr/bin/su");
	assert_non_null(strstr(m.link_note, "'/bin/su' is in fact '/usr/bin/su'"));
	ringwall_arena_free(&m.arena);
}

static void refuses_without_a_root(void **state)
{
	struct ringwall_path_rule rule = { .path = "/x", .refuse = RINGWALL_FILE_READ };
	struct ringwall_model m = { .path_rules = &rule, .n_path_rules = 1 };

	(void)state;
	assert_int_equal(ringwall_links_follow("/tmp/there is no such directory", &m, NULL), -ENOENT);
	ringwall_arena_free(&m.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows),
		cmocka_unit_test(stays_inside),
		cmocka_unit_test(allows_nothing_more),
		cmocka_unit_test(refuses_without_a_root),
	};

	return cmocka_run_group_tests_name("policy-links", tests, setup, teardown);
}
