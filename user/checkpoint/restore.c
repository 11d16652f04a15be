// SPDX-License-Identifier: LGPL-2.1-or-later

/* restore: images to a running container. */

#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../lib/creation.h"
#include "../lib/sock.h"
#include "../lib/teller.h"
#include "../mount/inroot.h"
#include "../ns/netdev.h"
#include "../ns/rtnl.h"
#include "../policy/policy.h"
#include "../policy/tracing.h"
#include "../state/hooks.h"
#include "../terminal/console.h"
#include "image.h"
#include "policy.h"

#define LOOPBACK 1 /* its index, in each network namespace */

struct restore {
	struct ringwall *rw;
	const char *id;
	const struct ringwall_restore_options *o;
	char *bundle, *rootfs;
	struct ringwall_config config;
	struct ringwall_state state;
	struct ringwall_cgroup cgroup;
	struct ringwall_image image;
	bool have_state, have_cgroup, marked;
	struct ringwall_model model;
	struct ringwall_draft draft;
	uint32_t policy_id;
	int ns[RINGWALL_NS_COUNT]; /* descriptors for CRIU */
	size_t n_ns;
	int console; /* pty master, -1 */
};

static void restore_close(struct restore *x)
{
	for (size_t i = 0; i < x->n_ns; i++)
		ringwall_fd_close(&x->ns[i]);
	ringwall_fd_close(&x->console);
	ringwall_image_close(&x->image);
	ringwall_cgroup_close(&x->cgroup);
	ringwall_state_close(&x->state);
	ringwall_draft_free(&x->draft);
	ringwall_model_free(&x->model);
	ringwall_config_free(&x->config);
	free(x->bundle);
	free(x->rootfs);
}

static const struct {
	size_t offset;
	uint32_t number;
} flags[] = {
	{ offsetof(struct ringwall_restore_options, tcp_established), RINGWALL_CRIU_TCP_ESTABLISHED },
	{ offsetof(struct ringwall_restore_options, tcp_close), RINGWALL_CRIU_TCP_CLOSE },
	{ offsetof(struct ringwall_restore_options, link_remap), RINGWALL_CRIU_LINK_REMAP },
	{ offsetof(struct ringwall_restore_options, ext_unix_sk), RINGWALL_CRIU_EXT_UNIX_SK },
	{ offsetof(struct ringwall_restore_options, shell_job), RINGWALL_CRIU_SHELL_JOB },
	{ offsetof(struct ringwall_restore_options, lazy_pages), RINGWALL_CRIU_LAZY_PAGES },
	{ offsetof(struct ringwall_restore_options, file_locks), RINGWALL_CRIU_FILE_LOCKS },
	{ offsetof(struct ringwall_restore_options, auto_dedup), RINGWALL_CRIU_AUTO_DEDUP },
};

/* A path of the config that may be relative to the bundle. */
static char *from_bundle(const struct restore *x, const char *path)
{
	char *full;

	if (path[0] == '/')
		return strdup(path);
	return asprintf(&full, "%s/%s", x->bundle, path) < 0 ? NULL : full;
}

static int read_bundle(struct restore *x, struct ringwall_err *e)
{
	const struct ringwall_create_options *o = &x->o->create;
	_cleanup_free_ char *path = NULL, *root = NULL;
	int r;

	x->bundle = realpath(o->bundle ?: ".", NULL);
	if (!x->bundle)
		return ringwall_fail(e, -errno, "bundle '%s'", o->bundle ?: ".");
	path = from_bundle(x, "config.json");
	if (!path)
		return ringwall_fail(e, -ENOMEM, "bundle");
	r = ringwall_config_load(&x->config, o->config ?: path, e);
	if (r < 0)
		return r;
	if (!x->config.root_path)
		return ringwall_fail_plain(e, -EINVAL, "root.path: required to restore a container");
	root = from_bundle(x, x->config.root_path);
	x->rootfs = root ? realpath(root, NULL) : NULL;
	if (!x->rootfs)
		return ringwall_fail(e, root ? -errno : -ENOMEM, "root.path '%s'", x->config.root_path);
	return ringwall_terminal_check(x->config.process.terminal, o->console_socket, o->detach, e);
}

/* Names first, then things: as create does it, so that delete --force finds everything. */
static int record(struct restore *x, struct ringwall_err *e)
{
	struct ringwall_state *s = &x->state;
	int r;

	r = ringwall_state_create(x->rw, x->id, s, e);
	if (r < 0)
		return r;
	x->have_state = true;
	s->bundle = x->bundle;
	s->rootfs = x->rootfs;
	s->annotations = x->config.annotations;
	s->started = true;
	r = ringwall_cgroup_locate(x->rw, &x->config, x->id, &x->cgroup, e);
	if (r < 0)
		return r;
	s->cgroup_manager = x->cgroup.manager;
	s->cgroup = x->cgroup.path;
	s->scope = x->cgroup.scope[0] ? x->cgroup.scope : NULL;
	r = ringwall_state_save_config(s, x->config.text, x->config.text_len, e);
	return r < 0 ? r : ringwall_state_save(s, e);
}

static int attach_policy(struct restore *x, struct ringwall_err *e)
{
	const struct ringwall_model *m = &x->model;
	struct ringwall_policy_grant g = { 0 };
	int r = ringwall_policy_attach(x->id, x->cgroup.fd, &x->draft, m, &g, e);

	if (r < 0)
		return r;
	if (g.warning[0])
		ringwall_log(x->rw, RINGWALL_LOG_WARNING, "%s", g.warning);
	x->state.slot = g.slot;
	x->state.abi = RINGWALL_ABI;
	x->state.confine = g.mark;
	x->policy_id = g.policy_id;
	if (m->builtin)
		x->state.policy = m->name;
	else
		r = ringwall_container_policy_save(&x->state, g.policy_id, m, e);
	/* The processes that `exec` brings get the filter that the others have. */
	if (!r)
		r = ringwall_filter_copy(x->image.dir, x->state.dir_fd, e);
	return r < 0 ? r : ringwall_container_resources_copy(x->image.dir, x->state.dir_fd, e);
}

static int make_cgroup(struct restore *x, struct ringwall_err *e)
{
	int r = ringwall_cgroup_create_at(x->rw, &x->config, x->id, (uid_t)-1, &x->cgroup, e);

	if (r < 0)
		return r;
	x->have_cgroup = true;
	if (x->cgroup.fd < 0)
		return 0;
	r = attach_policy(x, e);
	return r < 0 ? r : ringwall_cgroup_apply(&x->cgroup, &x->config.resources, e);
}

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	while (n > 1 && dir[n - 1] == '/')
		n--;
	return !strncmp(path, dir, n) && path[n] == '/';
}

/* Below a mount that comes first, the mount point is that one's: CRIU restores a tmpfs with all that was in it. */
static bool is_covered(const struct ringwall_config *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_below(c->mounts[n].destination, c->mounts[i].destination))
			return true;
	return false;
}

/* On another host the image may lack the mount points that create made. CRIU does not make them. */
static int make_mountpoints(struct restore *x, struct ringwall_err *e)
{
	const struct ringwall_config *c = &x->config;
	_cleanup_fd_ int root = open(x->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return ringwall_fail(e, -errno, "root.path '%s'", x->rootfs);
	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct ringwall_mount *m = &c->mounts[i];
		_cleanup_free_ char *source = ringwall_image_is_bind(m) && m->source ? from_bundle(x, m->source) : NULL;
		_cleanup_fd_ int fd = -1;
		mode_t type = S_IFDIR;
		struct stat st;

		if (is_covered(c, i))
			continue;
		if (source && !stat(source, &st) && !S_ISDIR(st.st_mode))
			type = S_IFREG;
		fd = ringwall_inroot_make(root, m->destination, type | 0755, false);
		if (fd < 0)
			return ringwall_fail(e, fd, "mounts[%zu] '%s'", i, m->destination);
	}
	return 0;
}

static int add_mounts(struct restore *x, struct ringwall_protobuf *o, struct ringwall_err *e)
{
	const struct ringwall_config *c = &x->config;

	for (size_t i = 0; i < c->n_mounts; i++) {
		_cleanup_free_ char *source = NULL, *real = NULL;

		if (!ringwall_image_is_bind(&c->mounts[i]) || !c->mounts[i].source)
			continue;
		source = from_bundle(x, c->mounts[i].source);
		if (!source)
			return ringwall_fail(e, -ENOMEM, "mounts[%zu]", i);
		real = realpath(source, NULL); /* CRIU follows no link */
		ringwall_criu_pair(o, RINGWALL_CRIU_EXT_MNT, c->mounts[i].destination, real ?: source);
	}
	if (c->masked_paths.n)
		ringwall_criu_pair(o, RINGWALL_CRIU_EXT_MNT, "/dev/null", "/dev/null");
	for (size_t i = 0; i < c->n_devices; i++)
		ringwall_criu_pair(o, RINGWALL_CRIU_EXT_MNT, c->devices[i].path, c->devices[i].path);
	return 0;
}

static int add_namespaces(struct restore *x, struct ringwall_protobuf *o, struct ringwall_err *e)
{
	for (int type = 0; type < RINGWALL_NS_COUNT; type++) {
		const struct ringwall_namespace *ns = &x->config.ns[type];
		const char *key = ringwall_image_ns_key(type);
		int fd;

		if (!ns->set || !ns->path)
			continue;
		if (type == RINGWALL_NS_CGROUP)
			return ringwall_fail_plain(e, -EOPNOTSUPP,
						   "linux.namespaces: criu cannot restore into an existing cgroup namespace");
		if (!key) {
			ringwall_criu_pair(o, RINGWALL_CRIU_JOIN_NS, ringwall_namespace_proc(type), ns->path);
			continue;
		}
		fd = open(ns->path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return ringwall_fail(e, -errno, "linux.namespaces: '%s'", ns->path);
		ringwall_criu_inherit(o, key, RINGWALL_CRIU_FIRST_FD + (int)x->n_ns);
		x->ns[x->n_ns++] = fd;
	}
	return 0;
}

/* Pipes, and files from outside of the container, are replaced by our own descriptors of the same number. */
static int add_descriptors(struct restore *x, struct ringwall_protobuf *o, struct ringwall_err *e)
{
	struct ringwall_arena a = {};
	struct ringwall_json *root;
	_cleanup_fd_ int fd = -1;
	char text[16384];
	ssize_t n;
	int r, i = 0;

	fd = openat(x->image.dir, RINGWALL_DESCRIPTORS, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	if (n < 0)
		return ringwall_fail(e, -errno, "read %s/%s", x->image.dir_name, RINGWALL_DESCRIPTORS);
	r = ringwall_json_parse(&a, text, (size_t)n, RINGWALL_DESCRIPTORS, &root, e);
	for (const struct ringwall_json *v = r ? NULL : root->child; v && i < 3; v = v->next, i++)
		if (v->type == RINGWALL_JSON_STRING && (strstr(v->str, "pipe:") || !strncmp(v->str, "file[", 5)))
			ringwall_criu_inherit(o, v->str, i);
	ringwall_arena_free(&a);
	return r;
}

/* In each hierarchy CRIU restores below where the CRIU process is: for cgroup v2 in the container's cgroup. */
static int add_cgroups(struct restore *x, struct ringwall_protobuf *o, struct ringwall_err *e)
{
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	ssize_t n;
	FILE *f;

	if (x->cgroup.fd < 0)
		return 0;
	f = fopen("/proc/self/cgroup", "re");
	if (!f)
		return ringwall_fail(e, -errno, "read /proc/self/cgroup");
	while ((n = getline(&line, &size, f)) > 0) {
		char *controllers = strchr(line, ':'), *path = controllers ? strchr(controllers + 1, ':') : NULL;

		if (!path)
			continue;
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		*controllers++ = *path++ = '\0';
		ringwall_criu_pair(o, RINGWALL_CRIU_CG_ROOT, controllers, strcmp(line, "0") ? path : x->cgroup.path);
	}
	fclose(f);
	return 0;
}

static int run_hooks(struct restore *x, pid_t pid, struct ringwall_err *e)
{
	static const enum ringwall_hook_kind kinds[] = { RINGWALL_HOOK_PRESTART, RINGWALL_HOOK_CREATE_RUNTIME };
	_cleanup_free_ char *json = NULL;
	size_t len;
	int r = 0;

	x->state.pid = pid;
	json = ringwall_state_json(&x->state, RINGWALL_CREATING, false, &len);
	x->state.pid = 0;
	if (!json)
		return ringwall_fail(e, -ENOMEM, "state for hooks");
	for (size_t i = 0; !r && i < ARRAY_SIZE(kinds); i++)
		r = ringwall_hooks_run(&x->config.hooks[kinds[i]], kinds[i], json, len, e);
	return r;
}

static int record_pid(struct restore *x, pid_t pid, struct ringwall_err *e)
{
	int r;

	x->state.pid = pid;
	r = ringwall_process_start_time(pid, &x->state.pid_start, NULL);
	if (r < 0)
		return ringwall_fail(e, r, "start time of process %d", pid);
	return ringwall_state_save(&x->state, e);
}

static int take_console(struct restore *x, int fd, struct ringwall_err *e)
{
	const char *to = x->o->create.console_socket;

	if (fd < 0)
		return 0;
	if (to)
		return ringwall_console_send(to, fd, "/dev/ptmx", e);
	ringwall_fd_close(&x->console);
	x->console = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return x->console < 0 ? ringwall_fail(e, -errno, "terminal") : 0;
}

/* CRIU goes in before it gets anything to do, and what it makes is the container's from the first process on. */
static int begin(void *data, pid_t criu, struct ringwall_err *e)
{
	struct restore *x = data;

	return x->state.slot ? ringwall_tracing_begin(x->state.slot, criu, true, e) : 0;
}

/* What create does in a new network, before the hooks. */
static int make_network(const struct restore *x, pid_t pid, struct ringwall_err *e)
{
	const struct ringwall_namespace *ns = &x->config.ns[RINGWALL_NS_NETWORK];
	struct ringwall_rtnl_request up;
	struct ringwall_rtnl_port port;
	_cleanup_fd_ int fd = -1;
	char path[64];
	int r;

	if (!ns->set || ns->path)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return ringwall_fail(e, -errno, "open '%s'", path);
	r = ringwall_rtnl_open(fd, &port, e);
	if (r < 0)
		return r;
	ringwall_rtnl_build_up(&up, LOOPBACK);
	r = ringwall_rtnl_exchange(&port, &up, NULL, NULL, e);
	close(port.fd);
	return r < 0 ? ringwall_err_prepend(e, "the container's loopback device") : ringwall_netdev_move(&x->config, pid, e);
}

/* The first process is in its namespaces, and has neither threads nor children. */
static int begin_process(struct restore *x, pid_t pid, struct ringwall_err *e)
{
	int r = make_network(x, pid, e);

	if (!r)
		r = run_hooks(x, pid, e);
	if (!r && x->state.slot)
		r = ringwall_tracing_mark(x->state.slot, pid, e);
	x->marked = true;
	return r;
}

static int anchor(const struct restore *x, pid_t pid, struct ringwall_err *e)
{
	_cleanup_(ringwall_mounts_free) struct ringwall_mounts mounts = { 0 };
	int r = ringwall_mounts_read(pid, &mounts, e);

	if (r < 0)
		return ringwall_draft_has_paths(&x->draft) ? r : 0;
	ringwall_container_places_save(&x->state, &mounts);
	return ringwall_policy_anchor(x->state.slot, x->policy_id, &mounts, &x->draft, e);
}

/*
 * Mounts, processes and threads are there, in CRIU's code still. Whatever fails here ends them; later, CRIU lets them run
 * anyway.
 */
static int end_process(struct restore *x, pid_t pid, struct ringwall_err *e)
{
	int r = record_pid(x, pid, e);

	if (r < 0 || !x->state.slot)
		return r;
	if (x->state.confine && !x->marked)
		return ringwall_fail_plain(e, -EPROTO, "criu did not say when it made the container's first process: it cannot be "
					   "confined");
	r = x->state.confine ? anchor(x, pid, e) : 0;
	return r < 0 ? r : ringwall_tracing_hold(x->state.slot, e);
}

/* All are stopped where their own code goes on. */
static int confine(struct restore *x, struct ringwall_err *e)
{
	return x->state.slot ? ringwall_tracing_end(x->state.slot, e) : 0;
}

static int notify(void *data, const char *script, pid_t pid, int fd, struct ringwall_err *e)
{
	struct restore *x = data;

	if (!strcmp(script, "setup-namespaces"))
		return begin_process(x, pid, e);
	if (!strcmp(script, "post-restore"))
		return end_process(x, pid, e);
	if (!strcmp(script, "pre-resume"))
		return confine(x, e);
	if (!strcmp(script, "orphan-pts-master"))
		return take_console(x, fd, e);
	return 0;
}

static int build(struct restore *x, struct ringwall_criu_task *t, struct ringwall_err *e)
{
	const struct ringwall_restore_options *o = x->o;
	struct ringwall_protobuf *p = &t->opts;
	int r;

	ringwall_image_options(&x->image, &x->config, "restore.log", o->cgroups, t);
	ringwall_protobuf_string(p, RINGWALL_CRIU_ROOT, t->root_at);
	/* The restored init is our child and not CRIU's; device nodes that moved are looked for. */
	ringwall_protobuf_varint(p, RINGWALL_CRIU_RST_SIBLING, 1);
	ringwall_protobuf_varint(p, RINGWALL_CRIU_EVASIVE_DEVICES, 1);
	ringwall_protobuf_string(p, RINGWALL_CRIU_LSM_PROFILE, o->lsm_profile);
	ringwall_protobuf_string(p, RINGWALL_CRIU_LSM_MOUNT_CONTEXT, o->lsm_mount_context);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (*(const bool *)((const char *)o + flags[i].offset))
			ringwall_protobuf_varint(p, flags[i].number, 1);
	r = add_namespaces(x, p, e);
	if (!r)
		r = add_mounts(x, p, e);
	if (!r)
		r = add_descriptors(x, p, e);
	if (!r)
		r = add_cgroups(x, p, e);
	t->fds = x->ns;
	t->n_fds = x->n_ns;
	return r;
}

static int restore(struct restore *x, struct ringwall_err *e)
{
	char at[PATH_MAX];
	struct ringwall_criu_task t = {
		.type = RINGWALL_CRIU_RESTORE, .begin = begin, .notify = notify, .data = x, .root = x->rootfs, .root_at = at,
	};
	int r;

	if (snprintf(at, sizeof(at), "%s/%s", x->rw->root, x->id) >= (int)sizeof(at))
		return ringwall_fail(e, -ENAMETOOLONG, "state directory");
	r = make_mountpoints(x, e);
	if (!r)
		r = make_cgroup(x, e);
	if (!r)
		r = build(x, &t, e);
	if (r < 0) {
		ringwall_protobuf_free(&t.opts);
		return r;
	}
	t.cg = x->cgroup.fd >= 0 ? &x->cgroup : NULL;
	r = ringwall_criu_run(x->rw, &t, e);
	if (!r && !x->state.pid)
		r = ringwall_fail_plain(e, -EPROTO, "criu did not say which process it restored");
	return r < 0 ? r : confine(x, e);
}

static void undo(struct restore *x)
{
	struct ringwall_err ignored;

	if (!x->have_state)
		return;
	if (x->state.pid)
		ringwall_container_kill(&x->state, &ignored);
	/* A cgroup that could not be made may be somebody else's. */
	if (!x->have_cgroup)
		x->state.cgroup = "";
	ringwall_container_destroy(x->rw, &x->state, &x->config, x->have_cgroup ? &x->cgroup : NULL, &ignored);
}

static int wait_and_delete(struct restore *x, int pidfd, int *ret_status, struct ringwall_err *e)
{
	int r;

	ringwall_state_unlock(&x->state);
	r = ringwall_console_relay(x->console, x->state.pid, pidfd, NULL, ret_status, e);
	if (r < 0 || x->o->create.keep)
		return r;
	return ringwall_container_destroy(x->rw, &x->state, &x->config, &x->cgroup, e);
}

/* It runs: tell who wants to know, then wait unless detached. */
static int follow(struct restore *x, int *ret_status, struct ringwall_err *e)
{
	const struct ringwall_create_options *o = &x->o->create;
	_cleanup_fd_ int pidfd = -1;
	int r;

	ringwall_cgroup_placed(&x->cgroup);
	pidfd = (int)syscall(SYS_pidfd_open, x->state.pid, 0);
	if (pidfd < 0)
		return ringwall_fail(e, -errno, "process %d", x->state.pid);
	r = o->pidfd_socket ? ringwall_sock_pass(o->pidfd_socket, pidfd, "pidfd", 5, e) : 0;
	if (!r && o->pid_file)
		r = ringwall_pid_file_write(o->pid_file, x->state.pid, e);
	if (r < 0)
		return r;
	*ret_status = 0;
	return o->detach ? 0 : wait_and_delete(x, pidfd, ret_status, e);
}

int ringwall_restore(struct ringwall *rw, const char *id, const struct ringwall_restore_options *o, int *ret_status,
		     struct ringwall_err *e)
{
	_cleanup_(restore_close) struct restore x = {
		.rw = rw, .id = id, .o = o, .console = -1, .state.dir_fd = -1, .cgroup.fd = -1, .image = RINGWALL_IMAGE_INIT,
	};
	int r;

	if (rw->rootless)
		return ringwall_fail_plain(e, -EPERM, "restore needs root");
	r = ringwall_id_check(id, e);
	if (!r)
		r = read_bundle(&x, e);
	if (!r)
		r = ringwall_criu_check(rw, e);
	if (!r)
		r = ringwall_image_open(&x.image, o->image_path, o->work_path, false, e);
	if (!r && rw->cgroup_manager != RINGWALL_CGROUP_DISABLED)
		r = ringwall_image_policy_find(rw, &x.image, &x.config, x.rootfs, o->create.policy, o->policy_decides, &x.model,
					       &x.draft, e);
	else if (!r && o->create.policy)
		r = ringwall_fail_plain(e, -EPERM, "--policy: needs a cgroup");
	if (r < 0)
		return r;
	if (!o->create.no_subreaper && !o->create.detach)
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	r = record(&x, e);
	if (!r)
		r = restore(&x, e);
	if (!r)
		r = follow(&x, ret_status, e);
	if (r < 0)
		undo(&x);
	return r;
}
