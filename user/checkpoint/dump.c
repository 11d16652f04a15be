// SPDX-License-Identifier: LGPL-2.1-or-later

/* checkpoint: a running container to images. */

#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../lib/container.h"
#include "../mount/inroot.h"
#include "../policy/tracing.h"
#include "image.h"
#include "policy.h"

struct dump {
	const struct ringwall_checkpoint_options *o;
	struct ringwall_state state;
	struct ringwall_config config;
	struct ringwall_image image;
	int status_fd;
};

static void dump_close(struct dump *d)
{
	ringwall_image_close(&d->image);
	ringwall_config_free(&d->config);
	ringwall_state_close(&d->state);
}

/* CRIU's flags and the members of our options that they come from. */
static const struct {
	size_t offset;
	uint32_t number;
} flags[] = {
	{ offsetof(struct ringwall_checkpoint_options, leave_running), RINGWALL_CRIU_LEAVE_RUNNING },
	{ offsetof(struct ringwall_checkpoint_options, tcp_established), RINGWALL_CRIU_TCP_ESTABLISHED },
	{ offsetof(struct ringwall_checkpoint_options, tcp_skip_in_flight), RINGWALL_CRIU_TCP_SKIP_IN_FLIGHT },
	{ offsetof(struct ringwall_checkpoint_options, link_remap), RINGWALL_CRIU_LINK_REMAP },
	{ offsetof(struct ringwall_checkpoint_options, ext_unix_sk), RINGWALL_CRIU_EXT_UNIX_SK },
	{ offsetof(struct ringwall_checkpoint_options, shell_job), RINGWALL_CRIU_SHELL_JOB },
	{ offsetof(struct ringwall_checkpoint_options, lazy_pages), RINGWALL_CRIU_LAZY_PAGES },
	{ offsetof(struct ringwall_checkpoint_options, file_locks), RINGWALL_CRIU_FILE_LOCKS },
	{ offsetof(struct ringwall_checkpoint_options, auto_dedup), RINGWALL_CRIU_AUTO_DEDUP },
};

/* Namespaces that the container joined are the host's: not saved, but named. */
static int add_namespaces(struct dump *d, struct ringwall_protobuf *o, struct ringwall_err *e)
{
	for (int type = 0; type < RINGWALL_NS_COUNT; type++) {
		const struct ringwall_namespace *ns = &d->config.ns[type];
		const char *key = ringwall_image_ns_key(type);
		char text[128];
		struct stat st;

		if (!key || !ns->set || !ns->path)
			continue;
		if (stat(ns->path, &st) < 0)
			return ringwall_fail(e, -errno, "linux.namespaces: '%s'", ns->path);
		snprintf(text, sizeof(text), "%s[%llu]:%s", ringwall_namespace_proc(type), (unsigned long long)st.st_ino,
			 key);
		ringwall_protobuf_string(o, RINGWALL_CRIU_EXTERNAL, text);
	}
	return 0;
}

/* Is this path of the container something that the runtime bound from outside when it made it? -errno: not there. */
static int is_file(int root, const char *path)
{
	_cleanup_fd_ int fd = ringwall_inroot_open(root, path, O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -ENOENT;
	return !S_ISDIR(st.st_mode);
}

/*
 * Mounts whose source is on the host: CRIU saves their names only. Masked files are bound from /dev/null; devices,
 * where they could not be made, from the host's.
 */
static int add_mounts(struct dump *d, struct ringwall_protobuf *o, struct ringwall_err *e)
{
	const struct ringwall_config *c = &d->config;
	_cleanup_fd_ int root = -1;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/root", d->state.pid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return ringwall_fail(e, -errno, "root of process %d", d->state.pid);
	for (size_t i = 0; i < c->n_mounts; i++)
		if (ringwall_image_is_bind(&c->mounts[i]))
			ringwall_criu_pair(o, RINGWALL_CRIU_EXT_MNT, c->mounts[i].destination, c->mounts[i].destination);
	for (size_t i = 0; i < c->masked_paths.n; i++)
		if (is_file(root, c->masked_paths.v[i]) > 0)
			ringwall_criu_pair(o, RINGWALL_CRIU_EXT_MNT, c->masked_paths.v[i], "/dev/null");
	for (size_t i = 0; i < c->n_devices; i++)
		ringwall_criu_pair(o, RINGWALL_CRIU_EXT_MNT, c->devices[i].path, c->devices[i].path);
	return 0;
}

/* mnt_id of descriptor @fd of process @pid, -1: unknown. */
static int mount_id(pid_t pid, int fd)
{
	_cleanup_free_ char *line = NULL;
	char path[64];
	size_t size = 0;
	int id = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, fd);
	f = fopen(path, "re");
	if (!f)
		return -1;
	while (getline(&line, &size, f) > 0)
		if (!strncmp(line, "mnt_id:", 7))
			id = atoi(line + 7);
	fclose(f);
	return id;
}

static bool has_mount(pid_t pid, int id)
{
	_cleanup_free_ char *line = NULL;
	bool found = false;
	char path[64];
	size_t size = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (!found && getline(&line, &size, f) > 0)
		found = atoi(line) == id;
	fclose(f);
	return found;
}

/*
 * What one of descriptors 0-2 is called in the images: the link's text, as runc has it; or, for a file that is on no
 * mount of the container (the host's /dev/null, a log file), a name by which CRIU takes it for external.
 */
static void name_descriptor(pid_t pid, int fd, char *ret, size_t size, struct ringwall_protobuf *o)
{
	char path[64];
	struct stat st;
	ssize_t n;
	int id;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	n = readlink(path, ret, size - 1);
	ret[n > 0 ? n : 0] = '\0';
	if (ret[0] != '/' || stat(path, &st) < 0 || !strncmp(ret, "/dev/pts/", 9) || !strncmp(ret, "/dev/tty", 8))
		return;
	id = mount_id(pid, fd);
	if (id < 0 || has_mount(pid, id))
		return;
	snprintf(ret, size, "file[%x:%llx]", (unsigned int)id, (unsigned long long)st.st_ino);
	ringwall_protobuf_string(o, RINGWALL_CRIU_EXTERNAL, ret);
}

static int save_descriptors(struct dump *d, struct ringwall_protobuf *o, struct ringwall_err *e)
{
	struct ringwall_json_out json = {};
	_cleanup_free_ char *text = NULL;
	_cleanup_fd_ int fd = -1;
	char name[4096];
	size_t len;

	ringwall_json_out_array(&json, NULL);
	for (int i = 0; i < 3; i++) {
		name_descriptor(d->state.pid, i, name, sizeof(name), o);
		ringwall_json_out_str(&json, NULL, name);
	}
	ringwall_json_out_end(&json, ']');
	text = ringwall_json_out_take(&json, &len);
	fd = openat(d->image.dir, RINGWALL_DESCRIPTORS, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (!text || fd < 0 || write(fd, text, len) != (ssize_t)len)
		return ringwall_fail(e, text ? -errno : -ENOMEM, "write %s/%s", d->image.dir_name, RINGWALL_DESCRIPTORS);
	return 0;
}

static int add_page_server(const char *text, struct ringwall_protobuf *o, struct ringwall_err *e)
{
	struct ringwall_protobuf m = {};
	const char *colon = text ? strrchr(text, ':') : NULL;
	_cleanup_free_ char *address = NULL;
	char *end;
	long port;

	if (!text)
		return 0;
	port = colon && colon > text ? strtol(colon + 1, &end, 10) : 0;
	if (port < 1 || port > 65535 || *end)
		return ringwall_fail_plain(e, -EINVAL, "page server '%.100s': not ADDRESS:PORT", text);
	address = strndup(text, (size_t)(colon - text));
	if (!address)
		return ringwall_fail(e, -ENOMEM, "page server");
	ringwall_protobuf_string(&m, 1, address);
	ringwall_protobuf_varint(&m, 2, port);
	ringwall_protobuf_message(o, RINGWALL_CRIU_PAGE_SERVER, &m);
	return 0;
}

/*
 * Frozen by its cgroup, no process can fork away while CRIU seizes them one by one; nor be in a system call of its own, which would be
 * taken for CRIU's (is_puppet() in bpf/lsm.bpf.h).
 */
static int add_freezer(struct dump *d, struct ringwall_protobuf *o, struct ringwall_err *e)
{
	char path[PATH_MAX + 256];
	const char *mount;
	int r;

	if (d->state.cgroup_manager == RINGWALL_CGROUP_DISABLED || !*d->state.cgroup)
		return 0;
	r = ringwall_cgroup_mount(&mount, e);
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "%s%s", mount, d->state.cgroup);
	ringwall_protobuf_string(o, RINGWALL_CRIU_FREEZE_CGROUP, path);
	return 0;
}

static int notify(void *data, const char *script, pid_t pid, int fd, struct ringwall_err *e)
{
	struct dump *d = data;

	(void)pid;
	(void)fd;
	if (strcmp(script, "status-ready") || d->status_fd < 0)
		return 0;
	if (write(d->status_fd, "", 1) != 1)
		return ringwall_fail(e, -errno, "status descriptor %d", d->status_fd);
	ringwall_fd_close(&d->status_fd);
	return 0;
}

static int begin(void *data, pid_t criu, struct ringwall_err *e)
{
	struct dump *d = data;

	return d->state.slot ? ringwall_tracing_begin(d->state.slot, criu, false, e) : 0;
}

static int build(struct dump *d, struct ringwall_criu_task *t, struct ringwall_err *e)
{
	const struct ringwall_checkpoint_options *o = d->o;
	struct ringwall_protobuf *p = &t->opts;
	int r;

	ringwall_image_options(&d->image, &d->config, "dump.log", o->cgroups, t);
	ringwall_protobuf_varint(p, RINGWALL_CRIU_PID, d->state.pid);
	ringwall_protobuf_string(p, RINGWALL_CRIU_ROOT, d->state.rootfs);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (*(const bool *)((const char *)o + flags[i].offset))
			ringwall_protobuf_varint(p, flags[i].number, 1);
	if (o->parent_path) {
		ringwall_protobuf_string(p, RINGWALL_CRIU_PARENT_IMG, o->parent_path);
		ringwall_protobuf_varint(p, RINGWALL_CRIU_TRACK_MEM, 1);
	}
	r = add_page_server(o->page_server, p, e);
	if (!r)
		r = add_namespaces(d, p, e);
	if (!r)
		r = add_freezer(d, p, e);
	if (!r && !o->pre_dump)
		r = add_mounts(d, p, e);
	if (!r && !o->pre_dump)
		r = save_descriptors(d, p, e);
	if (!r && !o->pre_dump)
		r = ringwall_image_policy_save(&d->image, &d->state, e);
	return r;
}

static int check(struct ringwall *rw, const char *id, const struct ringwall_checkpoint_options *o, struct dump *d,
		 struct ringwall_err *e)
{
	enum ringwall_status status;
	int r;

	if (rw->rootless)
		return ringwall_fail_plain(e, -EPERM, "checkpoint needs root");
	if (o->status_fd >= 0 && (fcntl(o->status_fd, F_GETFL) & O_ACCMODE) == O_RDONLY)
		return ringwall_fail_plain(e, -EINVAL, "status descriptor %d cannot be written to", o->status_fd);
	r = ringwall_state_load(rw, id, &d->state, e);
	if (r < 0)
		return r;
	status = ringwall_state_status(&d->state);
	if (status != RINGWALL_RUNNING && status != RINGWALL_PAUSED)
		return ringwall_fail_plain(e, -EINVAL, "container cannot be checkpointed in %s state",
					   ringwall_status_name(status));
	if (d->state.slot) {
		r = ringwall_container_check_abi(&d->state, e);
		if (r < 0)
			return r;
	}
	r = ringwall_criu_check(rw, e);
	if (!r)
		r = ringwall_state_load_config(&d->state, &d->config, e);
	if (!r)
		r = ringwall_image_open(&d->image, o->image_path, o->work_path, true, e);
	return r;
}

int ringwall_checkpoint(struct ringwall *rw, const char *id, const struct ringwall_checkpoint_options *o,
			struct ringwall_err *e)
{
	_cleanup_(dump_close) struct dump d = { .o = o, .state.dir_fd = -1, .image = RINGWALL_IMAGE_INIT };
	struct ringwall_criu_task t = {
		.type = o->pre_dump ? RINGWALL_CRIU_PRE_DUMP : RINGWALL_CRIU_DUMP, .begin = begin, .notify = notify, .data = &d,
	};
	struct ringwall_err ignored;
	int r;

	d.status_fd = o->status_fd;
	r = check(rw, id, o, &d, e);
	if (r < 0)
		return r;
	r = build(&d, &t, e);
	if (r < 0) {
		ringwall_protobuf_free(&t.opts);
		return r;
	}
	r = ringwall_criu_run(rw, &t, e);
	if (d.state.slot)
		ringwall_tracing_end(d.state.slot, &ignored);
	if (r < 0 || o->leave_running || o->pre_dump)
		return r;
	/* CRIU has killed the processes; what is left is ours. */
	r = ringwall_container_kill(&d.state, e);
	return r < 0 ? r : ringwall_container_destroy(rw, &d.state, &d.config, NULL, e);
}
