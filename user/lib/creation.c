// SPDX-License-Identifier: LGPL-2.1-or-later
#include "creation.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../mount/inroot.h"
#include "../mount/mount.h"
#include "../ns/netdev.h"
#include "../policy/anchor.h"
#include "../policy/select.h"
#include "../policy/settle.h"
#include "../process/channel.h"
#include "../process/rdt.h"
#include "../state/hooks.h"
#include "../state/socket.h"
#include "../terminal/console.h"
#include "cleanup.h"
#include "sock.h"
#include "teller.h"

/* As realpath(3), which looks at each component: the kernel has walked the path anyway, and knows the name. */
static char *real_directory(const char *path)
{
	_cleanup_fd_ int fd = -1;
	char name[PATH_MAX];
	ssize_t n = -1;

	if (strcmp(path, ".")) {
		fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			return NULL;
		n = readlink(ringwall_fd_path(fd).s, name, sizeof(name));
	}
	return n <= 0 || (size_t)n == sizeof(name) || name[0] != '/' ? realpath(path, NULL) : strndup(name, (size_t)n);
}

static int absolute_bundle(struct ringwall_creation *n, struct ringwall_err *e)
{
	n->bundle = real_directory(n->o->bundle ?: ".");
	return n->bundle ? 0 : ringwall_fail(e, -errno, "bundle '%s'", n->o->bundle ?: ".");
}

static int read_config(struct ringwall_creation *n, struct ringwall_err *e)
{
	struct ringwall_config *c = &n->in->config;
	char path[PATH_MAX];
	int r;

	if ((size_t)snprintf(path, sizeof(path), "%s/config.json", n->bundle) >= sizeof(path))
		return ringwall_fail(e, -ENAMETOOLONG, "bundle '%s'", n->bundle);
	c->arena.region = &n->region;
	r = ringwall_config_load(c, n->o->config ?: path, e);
	if (r < 0)
		return r;
	if (!c->process.set || !c->process.args.n)
		return ringwall_fail_plain(e, -EINVAL, "process.args: required to create a container");
	if (!c->root_path)
		return ringwall_fail_plain(e, -EINVAL, "root.path: required to create a container");
	for (size_t i = 0; i < c->process.caps.unknown.n; i++)
		ringwall_log(n->rw, RINGWALL_LOG_WARNING, "process.capabilities: '%s' is unknown and ignored",
			     c->process.caps.unknown.v[i]);
	return 0;
}

int ringwall_terminal_check(bool terminal, const char *console_socket, bool detach, struct ringwall_err *e)
{
	if (console_socket && !terminal)
		return ringwall_fail_plain(e, -EINVAL, "cannot use console socket if the process has no terminal");
	if (console_socket && !detach)
		return ringwall_fail_plain(e, -EINVAL, "cannot use console socket if runtime will not detach");
	if (terminal && detach && !console_socket)
		return ringwall_fail_plain(e, -EINVAL,
					   "cannot allocate tty if runtime will detach without setting console socket");
	return console_socket ? ringwall_sock_check(console_socket, e) : 0;
}

/* What only the host can answer, before anything is changed on it. */
static int check_host(struct ringwall_creation *n, struct ringwall_err *e)
{
	const struct ringwall_config *c = &n->in->config;
	struct stat st;

	for (size_t i = 0; i < n->in->plan.n; i++) {
		const struct ringwall_op *op = &n->in->plan.ops[i];

		if (op->kind != RINGWALL_OP_PIVOT)
			continue;
		if (stat(op->path, &st) < 0)
			return ringwall_fail(e, -errno, "root.path '%s'", op->path);
		if (!S_ISDIR(st.st_mode))
			return ringwall_fail(e, -ENOTDIR, "root.path '%s'", op->path);
		n->state.rootfs = op->path;
	}
	if (n->rw->rootless && geteuid() && !c->ns[RINGWALL_NS_USER].set)
		return ringwall_fail_plain(e, -EPERM, "linux.namespaces: without root a container needs a user namespace "
						      "(see: ringwall spec --rootless)");
	if (c->n_net_devices && !c->ns[RINGWALL_NS_NETWORK].set)
		return ringwall_fail_plain(e, -EINVAL, "linux.netDevices: needs a network namespace in linux.namespaces");
	return c->n_net_devices && n->rw->rootless ?
		       ringwall_fail_plain(e, -EPERM, "linux.netDevices: needs root") : 0;
}

/* A detached copy of the source's tree, made here: behind the user namespace it may be out of reach. */
static int prepare_tree(struct ringwall_creation *n, struct ringwall_op *op, struct ringwall_err *e)
{
	const struct ringwall_config *c = &n->in->config;
	bool idmap = op->mount && (op->mount->uid_mappings.n || (op->flags.other & (RINGWALL_MOUNT_IDMAP | RINGWALL_MOUNT_RIDMAP)));
	struct ringwall_err why;

	if (op->kind != RINGWALL_OP_BIND || (!idmap && !n->in->in_userns))
		return 0;
	op->fd = ringwall_mount_open_tree(op, &why);
	/* Without privileges only init can, from inside. Rootless Podman has those of its own user namespace. */
	if (op->fd == -EPERM && n->rw->rootless && !idmap) {
		op->fd = -1;
		return 0;
	}
	if (op->fd < 0) {
		*e = why;
		return ringwall_err_prepend(e, "mounts[%zu] '%s'", op->index, op->path);
	}
	if (!idmap)
		return 0;
	return ringwall_mount_idmap(op, op->mount->uid_mappings.n ? &op->mount->uid_mappings : &c->uid_mappings,
				    op->mount->gid_mappings.n ? &op->mount->gid_mappings : &c->gid_mappings, e);
}

/* Only a runtime with the host's privileges has a policy to give; the specification's own settings hold without. */
static bool has_policy(const struct ringwall_creation *n)
{
	return !n->rw->rootless && n->rw->cgroup_manager != RINGWALL_CGROUP_DISABLED;
}

static int prepare_policy(struct ringwall_creation *n, struct ringwall_err *e)
{
	struct ringwall_config *c = &n->in->config;
	int r;

	if (!has_policy(n))
		return n->options.policy ? ringwall_fail_plain(e, -EPERM, "--policy: needs root and a cgroup") : 0;
	r = ringwall_policy_select(c, n->options.policy, &n->model, e);
	if (!r)
		r = ringwall_model_settle(c, n->state.rootfs, &n->model, e);
	return r < 0 ? r : ringwall_draft_compile(&c->resources, &n->model, &n->draft, e);
}

static int prepare_plan(struct ringwall_creation *n, struct ringwall_err *e)
{
	struct ringwall_plan *p = &n->in->plan;
	int r = ringwall_plan_build(&n->in->config, n->bundle, &n->region, p, e);

	if (!r)
		r = check_host(n, e);
	return r < 0 ? r : prepare_policy(n, e);
}

static char *region_string(struct ringwall_creation *n, const char *s, size_t len)
{
	return ringwall_arena_strndup(&n->in->config.arena, s, len);
}

/* The circumstances that init asks about. */
static void describe(struct ringwall_creation *n)
{
	struct ringwall_init *in = n->in;
	const struct ringwall_config *c = &in->config;
	const struct ringwall_namespace *user = &c->ns[RINGWALL_NS_USER], *cgroup = &c->ns[RINGWALL_NS_CGROUP];

	in->version = RINGWALL_INIT_VERSION;
	in->mode = RINGWALL_INIT_CREATE;
	in->channel = in->start_fd = in->pidfd = -1;
	in->clone_flags = ringwall_ns_clone_flags(c);
	in->stage = ringwall_ns_stage(c);
	in->in_userns = user->set;
	in->new_userns = user->set && !user->path;
	in->wait_go = in->stage || in->new_userns;
	in->wait_hooks = c->hooks[RINGWALL_HOOK_PRESTART].n || c->hooks[RINGWALL_HOOK_CREATE_RUNTIME].n ||
			 c->n_net_devices || c->intel_rdt.set;
	in->new_cgroup_ns = cgroup->set && !cgroup->path;
	in->rootless = n->rw->rootless;
	in->no_pivot = n->o->no_pivot;
	in->console = c->process.terminal;
	in->label_mounts = c->mount_label && *c->mount_label && !access("/sys/fs/selinux/enforce", F_OK);
}

int ringwall_creation_prepare(struct ringwall_creation *n, struct ringwall *rw, const char *id,
			      const struct ringwall_create_options *o, struct ringwall_err *e)
{
	int r;

	n->rw = rw;
	n->id = id;
	n->o = &n->options;
	n->listener = n->resctrl = n->region.fd = n->cgroup.fd = n->state.dir_fd = n->notify.fd = -1;
	n->child = (struct ringwall_child)RINGWALL_CHILD_INIT;
	r = ringwall_options_copy(&n->options, sizeof(n->options), o, e);
	if (!r)
		r = ringwall_id_check(id, e);
	if (!r)
		r = absolute_bundle(n, e);
	if (!r)
		r = ringwall_region_open(&n->region, e);
	if (r < 0)
		return r;
	n->in = ringwall_region_alloc(&n->region, (sizeof(*n->in) + 15) & ~(size_t)15);
	for (int t = 0; t < RINGWALL_NS_COUNT; t++)
		n->in->ns.fds[t] = -1;
	n->in->ns.own_time = -1;
	r = read_config(n, e);
	if (r < 0)
		return r;
	describe(n);
	r = ringwall_preserved_fds(n->options.preserve_fds, &n->in->preserve_fds, e);
	if (r < 0)
		return r;
	n->in->new_session = !n->options.no_new_keyring;
	n->notifies = ringwall_notify_wanted(&n->in->config);
	if (n->notifies)
		r = ringwall_notify_add(&n->in->config, rw->root, id, e);
	return r < 0 ? r : prepare_plan(n, e);
}

/* Names for what is about to be made, so that whoever finds the record can remove it. */
static int record(struct ringwall_creation *n, bool wait, struct ringwall_err *e)
{
	const struct ringwall_config *c = &n->in->config;
	struct ringwall_state *s = &n->state;
	const char *rootfs = s->rootfs;
	int r;

	r = ringwall_state_create(n->rw, n->id, s, e);
	if (r < 0)
		return r;
	n->have_state = true;
	s->bundle = n->bundle;
	s->rootfs = rootfs;
	s->annotations = c->annotations;
	s->intel_rdt_clos = c->intel_rdt.set ? c->intel_rdt.clos_id ?: n->id : NULL;
	s->ephemeral = !wait && !n->o->detach;
	s->started = !wait;
	r = ringwall_cgroup_locate(n->rw, c, n->id, &n->cgroup, e);
	if (r < 0)
		return r;
	s->cgroup_manager = n->cgroup.manager;
	s->cgroup = n->cgroup.path;
	s->scope = n->cgroup.scope[0] ? n->cgroup.scope : NULL;
	r = ringwall_state_save_config(s, c->text, c->text_len, e);
	return r < 0 ? r : ringwall_state_save(s, e);
}

/* Root of a user namespace owns its cgroup where it can write it at all: in a cgroup mount that is not read-only. */
static uid_t delegate_to(const struct ringwall_config *c)
{
	int64_t uid = c->ns[RINGWALL_NS_USER].set ? ringwall_idmaps_host(&c->uid_mappings, 0) : -1;

	for (size_t i = 0; uid > 0 && i < c->n_mounts; i++) {
		const struct ringwall_mount *m = &c->mounts[i];
		bool readonly = false;

		if (!m->type || strncmp(m->type, "cgroup", 6))
			continue;
		for (size_t k = 0; k < m->options.n; k++)
			readonly |= !strcmp(m->options.v[k], "ro");
		return readonly ? (uid_t)-1 : (uid_t)uid;
	}
	return (uid_t)-1;
}

/*
 * Only where a mount of cgroup2 may be refused does init need the way to the host's: to the container's own cgroup, or,
 * if it has none, to the whole, of which it will get a read-only view.
 */
static int tell_cgroup(struct ringwall_creation *n, struct ringwall_err *e)
{
	const char *mount;
	int r;

	if (!n->in->in_userns && !n->rw->rootless)
		return 0;
	r = ringwall_cgroup_mount(&mount, e);
	if (r < 0)
		return n->cgroup.fd < 0 ? 0 : r;
	n->in->cgroup = ringwall_arena_printf(&n->in->config.arena, "%s%s", mount, n->cgroup.path);
	return n->in->cgroup ? 0 : ringwall_fail(e, -ENOMEM, "cgroup");
}

static int attach_policy(struct ringwall_creation *n, struct ringwall_err *e)
{
	int r = ringwall_policy_attach(n->id, n->cgroup.fd, &n->draft, &n->model, &n->grant, e);

	ringwall_container_tell_load(n->rw);
	if (r < 0)
		return r;
	if (n->grant.warning[0])
		ringwall_log(n->rw, RINGWALL_LOG_WARNING, "%s", n->grant.warning);
	if (n->model.link_note)
		ringwall_log(n->rw, RINGWALL_LOG_WARNING, "%s", n->model.link_note);
	n->state.slot = n->grant.slot;
	n->state.abi = RINGWALL_ABI;
	n->state.confine = n->in->confine = n->grant.mark;
	if (!n->model.builtin)
		return ringwall_container_policy_save(&n->state, n->grant.policy_id, &n->model, e);
	n->state.policy = n->model.name;
	return 0;
}

static int make_cgroup(struct ringwall_creation *n, struct ringwall_err *e)
{
	const struct ringwall_config *c = &n->in->config;
	int r;

	r = ringwall_cgroup_create_at(n->rw, c, n->id, delegate_to(c), &n->cgroup, e);
	if (r < 0)
		return r;
	n->have_cgroup = true;
	n->state.cgroup_manager = n->cgroup.manager; /* disabled, when rootless has none to give */
	if (n->cgroup.fd >= 0 && has_policy(n)) {
		r = attach_policy(n, e);
		if (r < 0)
			return r;
	}
	if (n->cgroup.fd >= 0)
		r = ringwall_cgroup_apply(&n->cgroup, &c->resources, e);
	return r < 0 ? r : tell_cgroup(n, e);
}

/* The state as hooks and agents inside see it, told beforehand: init does not come back to ask. */
static int tell_state(struct ringwall_creation *n, struct ringwall_err *e)
{
	struct ringwall_state state = n->state;
	struct ringwall_init *in = n->in;
	const struct ringwall_config *c = &in->config;
	_cleanup_free_ char *creating = NULL, *created = NULL;

	if (!c->hooks[RINGWALL_HOOK_CREATE_CONTAINER].n && !c->hooks[RINGWALL_HOOK_START_CONTAINER].n)
		return 0;
	state.pid = RINGWALL_INIT_PID_GAP;
	creating = ringwall_state_json(&state, RINGWALL_CREATING, false, &in->state_len);
	created = ringwall_state_json(&state, RINGWALL_CREATED, false, &in->state_started_len);
	if (!creating || !created)
		return ringwall_fail(e, -ENOMEM, "state for hooks");
	in->state_json = region_string(n, creating, in->state_len);
	in->state_started = region_string(n, created, in->state_started_len);
	return in->state_json && in->state_started ? 0 : ringwall_fail(e, -ENOMEM, "state for hooks");
}

/* The container's pid, everywhere it is to be known. */
static int record_pid(struct ringwall_creation *n, struct ringwall_err *e)
{
	int r;

	n->state.pid = n->child.pid;
	r = ringwall_process_start_time(n->child.pid, &n->state.pid_start, NULL);
	if (r < 0)
		return ringwall_fail(e, r, "start time of process %d", n->child.pid);
	return ringwall_state_save(&n->state, e);
}

static int run_hooks(struct ringwall_creation *n, enum ringwall_hook_kind kind, struct ringwall_err *e)
{
	const struct ringwall_hooks *hooks = &n->in->config.hooks[kind];
	_cleanup_free_ char *json = NULL;
	size_t len;

	if (!hooks->n)
		return 0;
	json = ringwall_state_json(&n->state, RINGWALL_CREATING, false, &len);
	return json ? ringwall_hooks_run(hooks, kind, json, len, e) : ringwall_fail(e, -ENOMEM, "state for hooks");
}

/* Init is in its namespaces and has changed nothing in them yet: the runtime's part, then init's. */
static int work_between(struct ringwall_creation *n, struct ringwall_err *e)
{
	const struct ringwall_config *c = &n->in->config;
	struct ringwall_msg m;
	int r;

	if (!n->in->wait_hooks)
		return 0;
	r = ringwall_channel_expect(n->child.channel, RINGWALL_MSG_NAMESPACES, &m, NULL, e);
	if (!r && c->intel_rdt.set)
		r = ringwall_rdt_assign(n->resctrl, &c->intel_rdt, n->id, n->child.pid, e);
	if (!r)
		r = ringwall_netdev_move(c, n->child.pid, e);
	if (!r)
		r = run_hooks(n, RINGWALL_HOOK_PRESTART, e);
	if (!r)
		r = run_hooks(n, RINGWALL_HOOK_CREATE_RUNTIME, e);
	if (r < 0)
		return r;
	r = ringwall_channel_send(n->child.channel, RINGWALL_MSG_GO, 0, -1);
	return r < 0 && r != -EPIPE ? ringwall_fail(e, r, "go on with the container's init") : 0;
}

static int prepare_fds(struct ringwall_creation *n, struct ringwall_err *e)
{
	int r = ringwall_ns_open(&n->in->config, &n->in->ns, e);

	for (size_t i = 0; !r && i < n->in->plan.n; i++)
		r = prepare_tree(n, &n->in->plan.ops[i], e);
	return r;
}

static int make_rdt(struct ringwall_creation *n, struct ringwall_err *e)
{
	const struct ringwall_intel_rdt *rdt = &n->in->config.intel_rdt;
	int r;

	if (!rdt->set)
		return 0;
	r = ringwall_rdt_open(&n->resctrl, e);
	return r < 0 ? r : ringwall_rdt_create(n->resctrl, rdt, n->id, e);
}

int ringwall_creation_launch(struct ringwall_creation *n, bool wait, struct ringwall_err *e)
{
	struct ringwall_init *in = n->in;
	int r;

	r = ringwall_process_listen(&in->config.process, &in->config.arena, e);
	if (!r)
		r = ringwall_filter_prepare(n->rw, in, &n->region, e);
	if (!r)
		r = record(n, wait, e);
	if (!r && n->notifies)
		r = ringwall_notify_directory(n->state.dir_fd, e);
	if (!r && n->notifies && !wait)
		r = ringwall_notify_listen(n->state.dir_fd, &n->notify, e);
	if (!r)
		r = prepare_fds(n, e);
	if (!r && wait) {
		r = ringwall_start_socket_listen(n->state.dir_fd, &n->listener, e);
		in->start_fd = n->listener;
	}
	if (!r && has_policy(n))
		r = ringwall_creation_seal(n, e);
	if (!r)
		r = make_cgroup(n, e);
	if (!r)
		r = make_rdt(n, e);
	if (!r)
		r = tell_state(n, e);
	if (!r)
		r = ringwall_child_spawn(in, &n->region, n->cgroup.fd, &n->child, e);
	if (r < 0)
		return r;
	ringwall_cgroup_placed(&n->cgroup);
	r = ringwall_child_begin(&n->child, in, &n->cgroup, e);
	if (!r)
		r = record_pid(n, e);
	if (!r)
		r = work_between(n, e);
	return r;
}

static int anchor(const struct ringwall_creation *n, struct ringwall_err *e)
{
	_cleanup_(ringwall_mounts_free) struct ringwall_mounts mounts = { 0 };
	int r = ringwall_mounts_read(n->child.pid, &mounts, e);

	if (r < 0)
		return ringwall_draft_has_paths(&n->draft) ? r : 0;
	ringwall_container_places_save(&n->state, &mounts);
	return ringwall_policy_anchor(n->grant.slot, n->grant.policy_id, &mounts, &n->draft, e);
}

/* The container's mounts are made, and its program comes next. */
static int confine(void *data, struct ringwall_err *e)
{
	const struct ringwall_creation *n = data;
	int r = anchor(n, e);

	return r < 0 ? r : ringwall_policy_mark(RINGWALL_ABI, n->grant.slot, n->child.pidfd, e);
}

int ringwall_creation_settle(struct ringwall_creation *n, struct ringwall_err *e)
{
	const struct ringwall_create_options *o = n->o;
	_cleanup_free_ char *json = NULL;
	int r;

	if (n->in->filter.notify) {
		json = ringwall_state_json(&n->state, RINGWALL_CREATING, false, NULL);
		if (!json)
			return ringwall_fail(e, -ENOMEM, "state for the seccomp agent");
	}
	r = ringwall_child_settle(&n->child, n->in, json, confine, n, e);
	if (r < 0 && n->grant.slot)
		ringwall_container_explain(&n->state, n->child.pid, e);
	/* Created, it has its mounts; what its startContainer hooks may add is no rule's business. */
	if (!r && n->in->start_fd >= 0 && n->grant.mark)
		r = anchor(n, e);
	if (!r && n->in->console && n->child.console < 0)
		r = ringwall_fail_plain(e, -EPROTO, "process.terminal: the terminal did not come");
	if (!r && o->console_socket)
		r = ringwall_console_send(o->console_socket, n->child.console, "/dev/ptmx", e);
	if (!r && o->pidfd_socket)
		r = ringwall_sock_pass(o->pidfd_socket, n->child.pidfd, "pidfd", 5, e);
	/* Last: who waits for this file takes the container for made. */
	if (!r && o->pid_file)
		r = ringwall_pid_file_write(o->pid_file, n->child.pid, e);
	return r;
}

void ringwall_creation_undo(struct ringwall_creation *n)
{
	struct ringwall_err ignored;

	ringwall_cgroup_placed(&n->cgroup);
	ringwall_child_kill(&n->child);
	/* The end of what never began: no poststop hooks unless init had got as far as having a pid. */
	if (n->have_state && ringwall_container_destroy(n->rw, &n->state, &n->in->config,
							 n->have_cgroup ? &n->cgroup : NULL, &ignored) < 0)
		ringwall_log(n->rw, RINGWALL_LOG_WARNING, "clean up after the failure: %s (ringwall delete --force %s)",
			     ignored.text, n->id);
}

void ringwall_creation_close(struct ringwall_creation *n)
{
	if (n->o && n->o->last)
		return;
	ringwall_fd_close(&n->listener);
	ringwall_fd_close(&n->resctrl);
	ringwall_notify_close(&n->notify);
	ringwall_child_close(&n->child);
	if (n->in) {
		ringwall_ns_close(&n->in->ns);
		ringwall_plan_free(&n->in->plan);
	}
	if (n->have_state)
		ringwall_state_close(&n->state);
	ringwall_cgroup_close(&n->cgroup);
	ringwall_region_close(&n->region);
	ringwall_draft_free(&n->draft);
	ringwall_model_free(&n->model);
	free(n->bundle);
}
