// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which policy a container gets. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/lib/cleanup.h"
#include "../../user/policy/select.h"
#include "fragment.h"

/* A host's directory, and a policy elsewhere. */
struct fixture {
	char top[64], dir[80];
	struct ringwall_policy_source source;
};

static void path_of(const struct fixture *f, const char *name, char *path)
{
	snprintf(path, 256, "%s/%s", f->top, name);
}

static void file_write(const struct fixture *f, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	path_of(f, name, path);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path, 0644), 0);
}

static void dir_make(const struct fixture *f, const char *name)
{
	char path[256];

	path_of(f, name, path);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(chmod(path, 0755), 0);
}

static void mode_set(const struct fixture *f, const char *name, mode_t mode)
{
	char path[256];

	path_of(f, name, path);
	assert_int_equal(chmod(path, mode), 0);
}

static void link_make(const struct fixture *f, const char *target, const char *name)
{
	char path[256];

	path_of(f, name, path);
	assert_int_equal(symlink(target, path), 0);
}

static void name_remove(const struct fixture *f, const char *name)
{
	char path[256];

	path_of(f, name, path);
	assert_int_equal(unlink(path), 0);
}

static int setup_empty(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	strcpy(f->top, "/tmp/ringwall-test-select-XXXXXX");
	if (!mkdtemp(f->top))
		return -1;
	snprintf(f->dir, sizeof(f->dir), "%s/etc", f->top);
	f->source = (struct ringwall_policy_source){ .dir = f->dir, .owner = geteuid() };
	*state = f;
	return 0;
}

static int setup(void **state)
{
	int r = setup_empty(state);

	if (r)
		return r;
	dir_make(*state, "etc");
	dir_make(*state, "etc/policy.d");
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];
	int r;

	snprintf(command, sizeof(command), "rm -r '%s'", f->top);
	r = system(command);
	free(f);
	return r;
}

static int choose(const struct fixture *f, const char *config, const char *option, struct ringwall_model *m,
		  struct ringwall_err *e)
{
	struct ringwall_config c = { 0 };
	int r;

	*e = (struct ringwall_err){ 0 };
	*m = (struct ringwall_model){ 0 };
	assert_int_equal(ringwall_config_parse(&c, config, strlen(config), "config.json", e), 0);
	r = ringwall_policy_select_from(&f->source, &c, option, m, e);
	ringwall_config_free(&c);
	return r;
}

/* @name: of the policy that is to be selected */
static void expect(const struct fixture *f, const char *config, const char *option, const char *name, bool strict)
{
	struct ringwall_model m;
	struct ringwall_err e;

	if (choose(f, config, option, &m, &e))
		fail_msg("%s", e.text);
	assert_string_equal(m.name, name);
	assert_int_equal(m.strict, strict);
	ringwall_model_free(&m);
}

static void refuse(const struct fixture *f, const char *config, const char *option, int code, const char *text)
{
	struct ringwall_model m;
	struct ringwall_err e;
	int r = choose(f, config, option, &m, &e);

	if (r != code || e.code != code || !strstr(e.text, text))
		fail_msg("gave %d '%s'\n\tnot %d '%s'", r, e.text, code, text);
	assert_null(m.arena.blocks);
}

#define PLAIN TOP("\"annotations\":{}")
#define ANNOTATED(key, value) TOP("\"annotations\":{\"" key "\":\"" value "\"}")
#define NAMED(value) ANNOTATED("org.ringwall.policy", value)
#define IMAGE(value) ANNOTATED("io.kubernetes.cri.image-name", value)
#define PID(members) LINUX("\"namespaces\":[{\"type\":\"pid\"" members "}]")
#define POLICY(name) "{\"version\":1,\"name\":\"" name "\"}"
#define MATCHING(name, match) "{\"version\":1,\"name\":\"" name "\",\"match\":{" match "}}"

static void nothing_there(void **state)
{
	const struct fixture *f = *state;

	expect(f, PLAIN, NULL, "baseline", false);
	expect(f, PROCESS("\"capabilities\":{\"bounding\":[\"CAP_CHOWN\"]}"), NULL, "baseline", false);
	expect(f, PROCESS("\"capabilities\":{\"bounding\":[\"CAP_CHOWN\",\"CAP_SYS_ADMIN\"]}"), NULL, "privileged",
	       false);
	/* Its own, ours, one that is not there, and any other, where the host's is known (as to root outside of containers). */
	expect(f, PID(""), NULL, "baseline", false);
	expect(f, PID(",\"path\":\"/proc/self/ns/pid\""), NULL, "baseline", false);
	expect(f, PID(",\"path\":\"/no/such/file\""), NULL, "baseline", false);
	expect(f, PID(",\"path\":\"/proc/self/ns/uts\""), NULL,
	       access("/proc/1/ns/pid", F_OK) ? "baseline" : "baseline-pod", false);
	/* Where it could not be used by anybody, it does not count. */
	expect(f, PROCESS("\"capabilities\":{\"effective\":[\"CAP_SYS_ADMIN\"]}"), NULL, "baseline", false);
	expect(f, PLAIN, "restricted", "restricted", true);
	expect(f, NAMED("restricted"), NULL, "restricted", true);
	refuse(f, PLAIN, "web", -ENOENT,
	       "--policy: no policy is called 'web': neither a profile (privileged, baseline");
	refuse(f, NAMED("web"), NULL, -ENOENT, "annotation org.ringwall.policy: no policy is called 'web'");
	refuse(f, NAMED("/etc/passwd"), NULL, -EPERM, "is not below");
}

static void option(void **state)
{
	const struct fixture *f = *state;
	char path[256];

	file_write(f, "mine.json", POLICY("mine"));
	file_write(f, "etc/policy.d/web.json", POLICY("host's web"));
	path_of(f, "mine.json", path);
	expect(f, PLAIN, path, "mine", true);
	expect(f, NAMED("restricted"), path, "mine", true); /* before the annotation */
	expect(f, PLAIN, "web", "host's web", true);
	mode_set(f, "mine.json", 0666); /* whoever calls is trusted */
	expect(f, PLAIN, path, "mine", true);
	refuse(f, PLAIN, "./no-such-file", -ENOENT, "--policy: open './no-such-file'");
	refuse(f, PLAIN, "no-such-file.json", -ENOENT, "--policy: open 'no-such-file.json'");
	refuse(f, PLAIN, "", -EINVAL, "cannot be the name of a policy");
	refuse(f, PLAIN, "a b", -EINVAL, "cannot be the name of a policy");
	refuse(f, PLAIN, ".hidden", -EINVAL, "cannot be the name of a policy");
	file_write(f, "etc/policy.d/baseline.json", POLICY("not that one"));
	expect(f, PLAIN, "baseline", "baseline", true);
}

static void annotation(void **state)
{
	const struct fixture *f = *state;
	char config[512], path[256];

#define WITH_PATH(name) (path_of(f, name, path), snprintf(config, sizeof(config), NAMED("%s"), path) ? config : NULL)

	if (syscall(SYS_openat2, -1, NULL, NULL, 0) && errno == ENOSYS)
		skip(); /* valgrind does not know it */
	file_write(f, "outside.json", POLICY("outside"));
	file_write(f, "etc/web.json", POLICY("web"));
	file_write(f, "etc/policy.d/db.json", POLICY("db"));
	dir_make(f, "etc/sub");
	file_write(f, "etc/sub/deep.json", POLICY("deep"));
	expect(f, NAMED("db"), NULL, "db", true);
	expect(f, NAMED("baseline"), NULL, "baseline", true);
	expect(f, WITH_PATH("etc/web.json"), NULL, "web", true);
	expect(f, WITH_PATH("etc/sub/deep.json"), NULL, "deep", true);
	refuse(f, WITH_PATH("outside.json"), NULL, -EPERM, "annotations cannot name other files, --policy can");
	refuse(f, WITH_PATH("etc/../outside.json"), NULL, -EPERM, "is not below");
	refuse(f, WITH_PATH("etc/./web.json"), NULL, -EPERM, "is not below");
	refuse(f, WITH_PATH("etc//web.json"), NULL, -EPERM, "is not below");
	refuse(f, WITH_PATH("etc"), NULL, -EPERM, "is not below");
	refuse(f, WITH_PATH("etc/"), NULL, -EPERM, "is not below");
	refuse(f, WITH_PATH("etcetera/web.json"), NULL, -EPERM, "is not below");
	refuse(f, WITH_PATH("etc/none.json"), NULL, -ENOENT, "none.json");
	refuse(f, WITH_PATH("etc/sub"), NULL, -EISDIR, "sub");
	refuse(f, NAMED("../web"), NULL, -EINVAL, "cannot be the name of a policy");
	refuse(f, NAMED("./web.json"), NULL, -EINVAL, "cannot be the name of a policy");
	refuse(f, NAMED(""), NULL, -EINVAL, "cannot be the name of a policy");

	link_make(f, "../../outside.json", "etc/sub/out.json");
	link_make(f, "deep.json", "etc/sub/in.json");
	refuse(f, WITH_PATH("etc/sub/out.json"), NULL, -EXDEV, "out.json");
	expect(f, WITH_PATH("etc/sub/in.json"), NULL, "deep", true);
}

static void match(void **state)
{
	const struct fixture *f = *state;

	file_write(f, "etc/policy.d/10-both.json",
		   MATCHING("both", "\"image\":\"registry.example.com/*\",\"annotations\":{\"team\":\"web-*\"}"));
	file_write(f, "etc/policy.d/20-image.json", MATCHING("image", "\"image\":\"registry.example.com/*:1.?\""));
	file_write(f, "etc/policy.d/30-team.json", MATCHING("team", "\"annotations\":{\"team\":\"*\"}"));
	file_write(f, "etc/policy.d/05-named.json", POLICY("only by name"));
	file_write(f, "etc/policy.d/05-other", "not a policy");
	file_write(f, "etc/policy.d/.05.json", "not a policy either");
	expect(f, PLAIN, NULL, "baseline", false);
	expect(f, IMAGE("registry.example.com/a/b:1.2"), NULL, "image", true);
	expect(f, IMAGE("registry.example.com/a/b:10.2"), NULL, "baseline", false);
	expect(f, ANNOTATED("io.kubernetes.cri-o.ImageName", "registry.example.com/a:1.2"), NULL, "image", true);
	expect(f, ANNOTATED("org.opencontainers.image.ref.name", "registry.example.com/a:1.2"), NULL, "image", true);
	expect(f, ANNOTATED("team", ""), NULL, "team", true);
	expect(f, ANNOTATED("team", "web-1"), NULL, "team", true);
	expect(f,
	       TOP("\"annotations\":{\"team\":\"web-1\",\"io.kubernetes.cri.image-name\":\"registry.example.com/a:1.2\"}"),
	       NULL, "both", true);
	expect(f,
	       TOP("\"annotations\":{\"team\":\"db\",\"io.kubernetes.cri.image-name\":\"registry.example.com/a:1.2\"}"),
	       NULL, "image", true);
	expect(f, ANNOTATED("team", "db"), "restricted", "restricted", true);
	expect(f, TOP("\"annotations\":{\"team\":\"db\",\"org.ringwall.policy\":\"05-named\"}"), NULL, "only by name",
	       true);

	file_write(f, "etc/policy.d/99-all.json", MATCHING("all", ""));
	expect(f, PLAIN, NULL, "all", true);
	expect(f, PROCESS("\"capabilities\":{\"bounding\":[\"CAP_SYS_ADMIN\"]}"), NULL, "all", true);
	/* Nobody can tell whom it was meant for. */
	file_write(f, "etc/policy.d/00-broken.json", "{\"version\":1,\"match\":{\"imag\":\"x\"}}");
	refuse(f, PLAIN, NULL, -EINVAL, "00-broken.json:1:23: match: unknown member \"imag\": is \"image\" meant?");
	expect(f, PLAIN, "restricted", "restricted", true);
	/* The rest of a policy is looked at where it is used. */
	file_write(f, "etc/policy.d/00-broken.json", "{\"version\":2,\"match\":{\"image\":\"x\"}}");
	expect(f, PLAIN, NULL, "all", true);
	refuse(f, IMAGE("x"), NULL, -EINVAL, "00-broken.json:1:12: version: must be 1, not 2");
}

static void host_default(void **state)
{
	const struct fixture *f = *state;
	char path[256];

	file_write(f, "etc/default.json", POLICY("default.json"));
	expect(f, PLAIN, NULL, "default.json", true);
	expect(f, PROCESS("\"capabilities\":{\"bounding\":[\"CAP_SYS_ADMIN\"]}"), NULL, "default.json", true);
	link_make(f, "restricted", "etc/default");
	expect(f, PLAIN, NULL, "restricted", true);
	name_remove(f, "etc/default");
	link_make(f, "policy.d/web.json", "etc/default");
	refuse(f, PLAIN, NULL, -ENOENT, "etc/default'");
	file_write(f, "etc/policy.d/web.json", POLICY("web"));
	expect(f, PLAIN, NULL, "web", true);
	name_remove(f, "etc/default");
	path_of(f, "etc/policy.d/web.json", path);
	link_make(f, path, "etc/default");
	expect(f, PLAIN, NULL, "web", true);
	expect(f, NAMED("baseline"), NULL, "baseline", true);
	name_remove(f, "etc/default");
	file_write(f, "etc/default", POLICY("default"));
	expect(f, PLAIN, NULL, "default", true);
	name_remove(f, "etc/default");
	dir_make(f, "etc/default");
	refuse(f, PLAIN, NULL, -EISDIR, "etc/default'");
}

static void owners(void **state)
{
	struct fixture *f = *state;
	char path[256], extending[400];

	file_write(f, "etc/policy.d/web.json", MATCHING("web", "\"image\":\"web\""));
	expect(f, IMAGE("web"), NULL, "web", true);
	mode_set(f, "etc/policy.d/web.json", 0646);
	refuse(f, IMAGE("web"), NULL, -EPERM, "web.json' can be written to by others than root: chmod go-w");
	refuse(f, PLAIN, NULL, -EPERM, "can be written to by others");
	refuse(f, NAMED("web"), NULL, -EPERM, "can be written to by others");
	refuse(f, PLAIN, "web", -EPERM, "can be written to by others");
	mode_set(f, "etc/policy.d/web.json", 0644);
	mode_set(f, "etc/policy.d", 0777);
	refuse(f, IMAGE("web"), NULL, -EPERM, "policy.d' can be written to by others");
	mode_set(f, "etc/policy.d", 0755);
	mode_set(f, "etc", 0757);
	refuse(f, IMAGE("web"), NULL, -EPERM, "etc' can be written to by others");
	mode_set(f, "etc", 0755);

	/* What a file extends counts as much. */
	file_write(f, "base.json", POLICY("base"));
	path_of(f, "base.json", path);
	snprintf(extending, sizeof(extending), "{\"version\":1,\"name\":\"child\",\"match\":{},\"extends\":\"%s\"}",
		 path);
	file_write(f, "etc/policy.d/web.json", extending);
	expect(f, PLAIN, NULL, "child", true);
	mode_set(f, "base.json", 0666);
	refuse(f, PLAIN, NULL, -EPERM, "base.json' can be written to by others");

	f->source.owner = geteuid() + 1;
	refuse(f, PLAIN, NULL, -EPERM, "etc' belongs to user");
	expect(f, PLAIN, "baseline", "baseline", true);
}

/* For verbs that have no container to choose for. */
static void places(void **state)
{
	char buffer[PATH_MAX];

	(void)state;
	assert_string_equal(ringwall_policy_place("web", buffer), RINGWALL_POLICY_DIR "/policy.d/web.json");
	assert_string_equal(ringwall_policy_place("baseline", buffer), "baseline");
	assert_string_equal(ringwall_policy_place("./web", buffer), "./web");
	assert_string_equal(ringwall_policy_place("web.json", buffer), "web.json");
	assert_string_equal(ringwall_policy_place("-", buffer), "-");
}

static void odd_files(void **state)
{
	const struct fixture *f = *state;
	char path[256];

	path_of(f, "etc/policy.d/fifo.json", path);
	assert_int_equal(mkfifo(path, 0600), 0);
	refuse(f, PLAIN, NULL, -EINVAL, "fifo.json' is not a regular file");
	name_remove(f, "etc/policy.d/fifo.json");
	path_of(f, "etc/policy.d", path);
	assert_int_equal(rmdir(path), 0);
	expect(f, PLAIN, NULL, "baseline", false);
	file_write(f, "etc/policy.d", "");
	refuse(f, PLAIN, NULL, -ENOTDIR, "policy.d");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_there, setup_empty, teardown),
		cmocka_unit_test_setup_teardown(option, setup, teardown),
		cmocka_unit_test_setup_teardown(annotation, setup, teardown),
		cmocka_unit_test_setup_teardown(match, setup, teardown),
		cmocka_unit_test_setup_teardown(host_default, setup, teardown),
		cmocka_unit_test_setup_teardown(owners, setup, teardown),
		cmocka_unit_test_setup_teardown(odd_files, setup, teardown),
		cmocka_unit_test(places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
