// SPDX-License-Identifier: LGPL-2.1-or-later
/* ringwall_open(): where state is kept, who is rootless, options of older callers; and the documents of spec and features. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../user/lib/cleanup.h"
#include "../../user/lib/json.h"
#include "../../user/lib/runtime.h"
#include "../../user/mount/options.h"
#include "../../user/oci/config.h"

static void rw_close(struct ringwall **rw)
{
	ringwall_close(*rw);
}

static int open_root(const char *root, int rootless, struct ringwall **ret, struct ringwall_err *e)
{
	const struct ringwall_options o = { .size = sizeof(o), .root = root, .rootless = rootless };

	return ringwall_open(ret, &o, e);
}

static void root_by_default(void **state)
{
	_cleanup_(rw_close) struct ringwall *root = NULL, *user = NULL, *lost = NULL, *relative = NULL;

	(void)state;
	setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
	assert_int_equal(open_root(NULL, 0, &root, NULL), 0);
	assert_string_equal(root->root, "/run/ringwall"); /* whatever XDG_RUNTIME_DIR says */
	assert_false(root->rootless);
	assert_int_equal(open_root(NULL, 1, &user, NULL), 0);
	assert_string_equal(user->root, "/run/user/7/ringwall");
	assert_true(user->rootless);
	setenv("XDG_RUNTIME_DIR", "not/absolute", 1);
	assert_int_equal(open_root(NULL, 1, &relative, NULL), 0);
	assert_string_equal(relative->root, "/run/ringwall");
	unsetenv("XDG_RUNTIME_DIR");
	assert_int_equal(open_root(NULL, 1, &lost, NULL), 0);
	assert_string_equal(lost->root, "/run/ringwall");
}

static void root_is_absolute(void **state)
{
	_cleanup_(rw_close) struct ringwall *rw = NULL, *relative = NULL;

	(void)state;
	assert_int_equal(open_root("/x/y", 0, &rw, NULL), 0);
	assert_string_equal(rw->root, "/x/y");
	assert_int_equal(chdir("/usr"), 0);
	assert_int_equal(open_root("state", 0, &relative, NULL), 0);
	assert_string_equal(relative->root, "/usr/state");
}

static void slash_is_refused(void **state)
{
	static const char *const bad[] = { "/", "//", "/.", "/..", "/x/..", "/x/./../", "..", "../usr/.." };
	static const char *const good[] = { "/x", "/..x", "/.x/", "/x/../y", "x/.." };

	(void)state;
	assert_int_equal(chdir("/usr"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct ringwall *rw = NULL;
		struct ringwall_err e = {};

		assert_int_equal(open_root(bad[i], 0, &rw, &e), -EINVAL);
		assert_null(rw);
		assert_non_null(strstr(e.text, "cannot be the directory"));
	}
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		_cleanup_(rw_close) struct ringwall *rw = NULL;

		assert_int_equal(open_root(good[i], 0, &rw, NULL), 0);
	}
}

static void bad_options_are_refused(void **state)
{
	const struct ringwall_options no_size = {}, manager = { .size = sizeof(manager), .cgroup_manager = 9 };
	struct ringwall *rw = NULL;

	(void)state;
	assert_int_equal(ringwall_open(&rw, &no_size, NULL), -EINVAL);
	assert_int_equal(ringwall_open(&rw, &manager, NULL), -EINVAL);
	assert_int_equal(open_root("", 0, &rw, NULL), -EINVAL);
	assert_null(rw);
	ringwall_close(NULL);
}

/* A program built against an older header passes a shorter struct: what lies behind it is not read. */
static void short_options(void **state)
{
	const struct ringwall_options o = {
		.size = offsetof(struct ringwall_options, rootless), .root = "/x", .rootless = 1, .criu = "/never"
	};
	_cleanup_(rw_close) struct ringwall *rw = NULL, *none = NULL;

	(void)state;
	assert_int_equal(ringwall_open(&rw, &o, NULL), 0);
	assert_string_equal(rw->root, "/x");
	assert_string_equal(rw->criu, "criu");
	assert_int_equal(ringwall_open(&none, NULL, NULL), 0);
	assert_int_equal(none->rootless, rw->rootless); /* both found out */
	assert_int_equal(none->cgroup_manager, RINGWALL_CGROUP_CGROUPFS);
}

/* The same of the other structs: the config's name is not read, and without a size nothing is. */
static void short_create_options(void **state)
{
	const struct ringwall_create_options none = {}, o = {
		.size = offsetof(struct ringwall_create_options, config), .bundle = "/proc", .config = "/dev/null"
	};
	const struct ringwall_exec_options no_exec = {};
	_cleanup_(rw_close) struct ringwall *rw = NULL;
	struct ringwall_err e = {};
	char *json = NULL;
	int status;

	(void)state;
	assert_int_equal(open_root("/x", 0, &rw, NULL), 0);
	assert_int_equal(ringwall_plan(rw, &o, &json, &e), -ENOENT);
	assert_non_null(strstr(e.text, "config.json"));
	assert_int_equal(ringwall_plan(rw, &none, &json, &e), -EINVAL);
	assert_string_equal(e.text, "options: size is not set");
	assert_int_equal(ringwall_create(rw, "id", &none, NULL), -EINVAL);
	assert_int_equal(ringwall_run(rw, "id", &none, &status, NULL), -EINVAL);
	assert_int_equal(ringwall_exec(rw, "id", &no_exec, &status, &e), -EINVAL);
	assert_string_equal(e.text, "options: size is not set");
	assert_null(json);
}

static void keep(void *data, enum ringwall_log_level level, const char *text)
{
	snprintf(data, 64, "%d %s", level, text);
}

static void log_reaches_the_callback(void **state)
{
	char seen[64] = "";
	const struct ringwall_options o = { .size = sizeof(o), .root = "/x", .log = keep, .log_data = seen };
	_cleanup_(rw_close) struct ringwall *rw = NULL, *silent = NULL;

	(void)state;
	assert_int_equal(ringwall_open(&rw, &o, NULL), 0);
	ringwall_log(rw, RINGWALL_LOG_INFO, "%s %d", "text", 7);
	assert_string_equal(seen, "2 text 7");
	assert_int_equal(open_root("/x", 0, &silent, NULL), 0);
	ringwall_log(silent, RINGWALL_LOG_INFO, "nobody listens");
	ringwall_log(NULL, RINGWALL_LOG_INFO, "nobody is there");
}

static bool has_namespace(const struct ringwall_config *c, enum ringwall_ns_type type)
{
	return c->ns[type].set && !c->ns[type].path;
}

static void spec_is_a_config(void **state)
{
	_cleanup_(ringwall_config_free) struct ringwall_config c = {};
	_cleanup_free_ char *json = NULL;
	struct ringwall_err e = {};

	(void)state;
	assert_int_equal(ringwall_spec(false, &json, NULL), 0);
	if (ringwall_config_parse(&c, json, strlen(json), "spec", &e) < 0)
		fail_msg("%s", e.text);
	assert_string_equal(c.oci_version, RINGWALL_OCI_VERSION);
	assert_true(c.process.terminal && c.process.no_new_privileges && c.root_readonly);
	assert_int_equal(c.process.args.n, 1);
	assert_string_equal(c.process.args.v[0], "sh");
	assert_int_equal(c.process.caps.bounding, 1ULL << 29 | 1ULL << 5 | 1ULL << 10); /* AUDIT_WRITE KILL NET_BIND_SERVICE */
	assert_int_equal(c.process.caps.inheritable, 0);
	assert_int_equal(c.process.caps.ambient, 0);
	assert_int_equal(c.n_mounts, 7);
	assert_int_equal(c.resources.n_devices, 1);
	assert_true(has_namespace(&c, RINGWALL_NS_NETWORK) && has_namespace(&c, RINGWALL_NS_CGROUP));
	assert_false(has_namespace(&c, RINGWALL_NS_USER));
	assert_int_equal(c.n_net_devices + c.uid_mappings.n, 0);
}

static void rootless_spec_is_a_config(void **state)
{
	_cleanup_(ringwall_config_free) struct ringwall_config c = {};
	_cleanup_free_ char *json = NULL;
	struct ringwall_err e = {};

	(void)state;
	assert_int_equal(ringwall_spec(true, &json, NULL), 0);
	if (ringwall_config_parse(&c, json, strlen(json), "spec", &e) < 0)
		fail_msg("%s", e.text);
	assert_true(has_namespace(&c, RINGWALL_NS_USER));
	assert_false(has_namespace(&c, RINGWALL_NS_NETWORK));
	assert_int_equal(c.uid_mappings.n, 1);
	assert_int_equal(c.uid_mappings.v[0].host_id, geteuid());
	assert_int_equal(c.gid_mappings.v[0].host_id, getegid());
	assert_int_equal(c.resources.n_devices, 0);
	assert_null(strstr(json, "gid=5"));
	assert_string_equal(c.mounts[5].source, "/sys");
}

static void features_come_from_the_tables(void **state)
{
	_cleanup_(ringwall_arena_free) struct ringwall_arena a = {};
	_cleanup_free_ char *json = NULL;
	const struct ringwall_json *list;
	struct ringwall_json *v;
	unsigned int n = 0;

	(void)state;
	assert_int_equal(ringwall_features(NULL, &json, NULL), 0);
	assert_int_equal(ringwall_json_parse(&a, json, strlen(json), "features", &v, NULL), 0);
	list = ringwall_json_get(v, "mountOptions")->child;
	for (const struct ringwall_mount_option *m = ringwall_mount_options; m->name; m++, list = list->next) {
		assert_non_null(list);
		assert_string_equal(list->str, m->name);
	}
	assert_null(list);
	while (ringwall_capability_name(n))
		n++;
	assert_int_equal(ringwall_json_get(ringwall_json_get(v, "linux"), "capabilities")->count, n);
	assert_int_equal(ringwall_json_get(ringwall_json_get(v, "linux"), "namespaces")->count, RINGWALL_NS_COUNT);
	assert_int_equal(ringwall_json_get(v, "hooks")->count, RINGWALL_HOOK_COUNT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_by_default),
		cmocka_unit_test(root_is_absolute),
		cmocka_unit_test(slash_is_refused),
		cmocka_unit_test(bad_options_are_refused),
		cmocka_unit_test(short_options),
		cmocka_unit_test(short_create_options),
		cmocka_unit_test(log_reaches_the_callback),
		cmocka_unit_test(spec_is_a_config),
		cmocka_unit_test(rootless_spec_is_a_config),
		cmocka_unit_test(features_come_from_the_tables),
	};

	return cmocka_run_group_tests_name("runtime", tests, NULL, NULL);
}
