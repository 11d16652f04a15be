// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plan.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "../lib/cleanup.h"

static const char *const op_names[RINGWALL_OP_COUNT] = {
	[RINGWALL_OP_PROPAGATION] = "propagation",
	[RINGWALL_OP_ROOT] = "root",
	[RINGWALL_OP_MOUNT] = "mount",
	[RINGWALL_OP_BIND] = "bind",
	[RINGWALL_OP_CGROUP] = "cgroup",
	[RINGWALL_OP_REMOUNT] = "remount",
	[RINGWALL_OP_SEAL] = "seal",
	[RINGWALL_OP_NODE] = "device",
	[RINGWALL_OP_SYMLINK] = "symlink",
	[RINGWALL_OP_PTMX] = "ptmx",
	[RINGWALL_OP_SYSCTL] = "sysctl",
	[RINGWALL_OP_READONLY] = "readonly",
	[RINGWALL_OP_MASK] = "mask",
	[RINGWALL_OP_READONLY_ROOT] = "readonly-root",
	[RINGWALL_OP_PIVOT] = "pivot",
	[RINGWALL_OP_HOSTNAME] = "hostname",
	[RINGWALL_OP_DOMAINNAME] = "domainname",
	[RINGWALL_OP_LOOPBACK] = "loopback",
};

/* config-linux.md "Default Devices", with the modes that every runtime gives them. */
static const struct ringwall_device default_devices[] = {
	{ .type = 'c', .path = "/dev/null", .major = 1, .minor = 3, .has_mode = true, .mode = 0666 },
	{ .type = 'c', .path = "/dev/zero", .major = 1, .minor = 5, .has_mode = true, .mode = 0666 },
	{ .type = 'c', .path = "/dev/full", .major = 1, .minor = 7, .has_mode = true, .mode = 0666 },
	{ .type = 'c', .path = "/dev/random", .major = 1, .minor = 8, .has_mode = true, .mode = 0666 },
	{ .type = 'c', .path = "/dev/urandom", .major = 1, .minor = 9, .has_mode = true, .mode = 0666 },
	{ .type = 'c', .path = "/dev/tty", .major = 5, .minor = 0, .has_mode = true, .mode = 0666 },
};

/* runtime-linux.md "Dev symbolic links". */
static const struct {
	const char *path, *target;
} dev_links[] = {
	{ "/dev/fd", "/proc/self/fd" },
	{ "/dev/stdin", "/proc/self/fd/0" },
	{ "/dev/stdout", "/proc/self/fd/1" },
	{ "/dev/stderr", "/proc/self/fd/2" },
	{ "/dev/core", "/proc/kcore" },
};

static struct ringwall_op *op_add(struct ringwall_plan *p, enum ringwall_op_kind kind, const char *path,
				  const char *source)
{
	struct ringwall_op *op = &p->ops[p->n++]; /* room for all was counted in plan_size() */

	op->kind = kind;
	op->path = path;
	op->source = source;
	op->flags.data = op->path + strlen(op->path); /* "" */
	op->fd = -1;
	return op;
}

/*
 * Steps are read by another program, through shared memory (lib/region.h): what they point to must lie in the
 * plan's arena or the config's. This is for what this file names itself.
 */
static const char *own(struct ringwall_plan *p, const char *s)
{
	char *copy = s ? ringwall_arena_strndup(&p->arena, s, strlen(s)) : NULL;

	if (s && !copy)
		p->failed = true;
	return copy ?: "";
}

static size_t plan_size(const struct ringwall_config *c)
{
	return 2 * c->n_mounts + c->n_devices + c->sysctl.n + c->masked_paths.n + c->readonly_paths.n +
	       ARRAY_SIZE(default_devices) + ARRAY_SIZE(dev_links) + RINGWALL_OP_COUNT;
}

/* A path below the bundle unless it is absolute. */
static const char *bundle_path(struct ringwall_plan *p, const char *bundle, const char *path)
{
	return path[0] == '/' ? path : ringwall_arena_printf(&p->arena, "%s/%s", bundle, path);
}

static bool path_is_dev(const char *path)
{
	return !strcmp(path, "/dev") || !strcmp(path, "/dev/");
}

static enum ringwall_op_kind mount_kind(const struct ringwall_mount *m, const struct ringwall_mount_flags *f)
{
	/* First: with "bind" it is the mount that changes and not the filesystem, mount(2). */
	if (f->set & MS_REMOUNT)
		return RINGWALL_OP_REMOUNT;
	if ((f->set & MS_BIND) || (m->type && !strcmp(m->type, "bind")))
		return RINGWALL_OP_BIND;
	if (m->type && (!strcmp(m->type, "cgroup") || !strcmp(m->type, "cgroup2")))
		return RINGWALL_OP_CGROUP;
	return RINGWALL_OP_MOUNT;
}

static int mount_check(const struct ringwall_config *c, const struct ringwall_mount *m, const struct ringwall_op *op,
		       size_t i, struct ringwall_err *e)
{
	bool idmapped = m->uid_mappings.n || m->gid_mappings.n ||
			(op->flags.other & (RINGWALL_MOUNT_IDMAP | RINGWALL_MOUNT_RIDMAP));

	if (op->kind != RINGWALL_OP_BIND && op->kind != RINGWALL_OP_REMOUNT && (!m->type || !*m->type))
		return ringwall_fail_plain(e, -EINVAL, "mounts[%zu].type: required unless the mount is a bind mount", i);
	if (op->kind == RINGWALL_OP_BIND && (!m->source || !*m->source))
		return ringwall_fail_plain(e, -EINVAL, "mounts[%zu].source: required for a bind mount", i);
	if (!idmapped)
		return 0;
	if (op->kind != RINGWALL_OP_BIND)
		return ringwall_fail_plain(e, -EINVAL, "mounts[%zu]: only a bind mount can be id-mapped", i);
	if (!m->uid_mappings.n && !c->ns[RINGWALL_NS_USER].set)
		return ringwall_fail_plain(e, -EINVAL,
					   "mounts[%zu].options: idmap without uidMappings needs a user namespace in "
					   "linux.namespaces", i);
	return 0;
}

static int mount_add(struct ringwall_plan *p, const struct ringwall_config *c, const char *bundle, size_t i,
		     struct ringwall_err *e)
{
	const struct ringwall_mount *m = &c->mounts[i];
	struct ringwall_op *op = op_add(p, RINGWALL_OP_MOUNT, m->destination, m->source);
	int r;

	op->mount = m;
	op->index = i;
	op->type = m->type;
	r = ringwall_mount_flags_parse(&p->arena, &m->options, &op->flags, e);
	if (r < 0)
		return ringwall_err_prepend(e, "mounts[%zu].options", i);
	op->kind = mount_kind(m, &op->flags);
	r = mount_check(c, m, op, i, e);
	if (r < 0)
		return r;
	if (op->kind != RINGWALL_OP_BIND)
		return 0;
	if (m->type && !strcmp(m->type, "bind") && !(op->flags.set & MS_BIND))
		op->flags.set |= MS_BIND | MS_REC; /* type "bind" without an option: as runc */
	op->source = bundle_path(p, bundle, m->source);
	if (!op->source)
		return ringwall_fail(e, -ENOMEM, "plan");
	if (path_is_dev(op->path))
		p->dev_is_bind = true;
	return 0;
}

/*
 * A read-only tmpfs is so in the end only: /dev gets its devices, and any of them mountpoints of what is mounted below.
 * The options keep what was asked for.
 */
static bool seal_later(struct ringwall_op *op)
{
	if (op->kind != RINGWALL_OP_MOUNT || strcmp(op->type, "tmpfs") || !(op->flags.set & MS_RDONLY) ||
	    op->flags.rec_clear & ringwall_mount_attr(MS_RDONLY))
		return false;
	op->flags.set &= ~(unsigned long)MS_RDONLY;
	return true;
}

static void seals_add(struct ringwall_plan *p)
{
	size_t i, n = p->n;

	for (i = 0; i < n; i++)
		if (seal_later(&p->ops[i]))
			op_add(p, RINGWALL_OP_SEAL, p->ops[i].path, NULL)->index = p->ops[i].index;
}

static bool device_listed(const struct ringwall_config *c, const char *path)
{
	size_t i;

	for (i = 0; i < c->n_devices; i++)
		if (!strcmp(c->devices[i].path, path))
			return true;
	return false;
}

static void device_add(struct ringwall_plan *p, const struct ringwall_device *d, size_t i)
{
	struct ringwall_op *op = op_add(p, RINGWALL_OP_NODE, d->path, NULL);

	op->device = d;
	op->index = i;
}

static void default_device_add(struct ringwall_plan *p, size_t i)
{
	struct ringwall_device *d = ringwall_arena_alloc(&p->arena, sizeof(*d));

	if (!d) {
		p->failed = true;
		return;
	}
	*d = default_devices[i];
	d->path = own(p, d->path);
	device_add(p, d, i);
}

static void dev_add(struct ringwall_plan *p, const struct ringwall_config *c)
{
	size_t i;

	if (p->dev_is_bind)
		return;
	for (i = 0; i < ARRAY_SIZE(default_devices); i++)
		if (!device_listed(c, default_devices[i].path))
			default_device_add(p, i);
	for (i = 0; i < c->n_devices; i++)
		device_add(p, &c->devices[i], i);
	op_add(p, RINGWALL_OP_PTMX, own(p, "/dev/ptmx"), own(p, "pts/ptmx"));
	for (i = 0; i < ARRAY_SIZE(dev_links); i++)
		op_add(p, RINGWALL_OP_SYMLINK, own(p, dev_links[i].path), own(p, dev_links[i].target));
}

/* Steps that need no mount namespace of the container's own. */
static void host_add(struct ringwall_plan *p, const struct ringwall_config *c)
{
	size_t i;

	if (c->hostname && *c->hostname)
		op_add(p, RINGWALL_OP_HOSTNAME, c->hostname, NULL);
	if (c->domainname && *c->domainname)
		op_add(p, RINGWALL_OP_DOMAINNAME, c->domainname, NULL);
	if (c->ns[RINGWALL_NS_NETWORK].set && !c->ns[RINGWALL_NS_NETWORK].path)
		op_add(p, RINGWALL_OP_LOOPBACK, own(p, "lo"), NULL);
	for (i = 0; i < c->sysctl.n; i++)
		op_add(p, RINGWALL_OP_SYSCTL, c->sysctl.v[i].key, c->sysctl.v[i].value);
}

/* Without a mount namespace every mount would land on the host. */
static int host_mounts_check(const struct ringwall_config *c, struct ringwall_err *e)
{
	const char *field = c->n_mounts		   ? "mounts" :
			    c->masked_paths.n	   ? "linux.maskedPaths" :
			    c->readonly_paths.n	   ? "linux.readonlyPaths" :
			    c->root_readonly	   ? "root.readonly" :
			    c->rootfs_propagation  ? "linux.rootfsPropagation" :
						     NULL;

	if (!field)
		return 0;
	return ringwall_fail_plain(e, -EINVAL, "%s: needs a mount namespace in linux.namespaces", field);
}

static int paths_add(struct ringwall_plan *p, const struct ringwall_config *c, const char *bundle,
		     struct ringwall_err *e)
{
	const char *root = bundle_path(p, bundle, c->root_path);
	struct ringwall_op *op;
	size_t i;
	int r;

	if (!root)
		return ringwall_fail(e, -ENOMEM, "plan");
	op = op_add(p, RINGWALL_OP_PROPAGATION, own(p, "/"), NULL);
	op->flags.set = c->rootfs_propagation ?: MS_SLAVE | MS_REC;
	/* Nothing could be bound from the host otherwise; the root itself becomes unbindable when it is complete. */
	if (op->flags.set & MS_UNBINDABLE)
		op->flags.set = MS_PRIVATE | (op->flags.set & MS_REC);
	op_add(p, RINGWALL_OP_ROOT, root, NULL);
	for (i = 0; i < c->n_mounts; i++) {
		r = mount_add(p, c, bundle, i, e);
		if (r < 0)
			return r;
	}
	dev_add(p, c);
	for (i = 0; i < c->readonly_paths.n; i++)
		op_add(p, RINGWALL_OP_READONLY, c->readonly_paths.v[i], NULL)->index = i;
	for (i = 0; i < c->masked_paths.n; i++)
		op_add(p, RINGWALL_OP_MASK, c->masked_paths.v[i], NULL)->index = i;
	return 0;
}

int ringwall_plan_build(const struct ringwall_config *c, const char *bundle, struct ringwall_region *region,
			struct ringwall_plan *ret, struct ringwall_err *e)
{
	struct ringwall_plan p = { .arena.region = region };
	const char *root;
	int r;

	p.size = plan_size(c);
	p.ops = ringwall_arena_array(&p.arena, p.size, sizeof(*p.ops));
	if (!p.ops)
		return ringwall_fail(e, -ENOMEM, "plan");
	host_add(&p, c);
	r = c->ns[RINGWALL_NS_MOUNT].set ? paths_add(&p, c, bundle, e) : host_mounts_check(c, e);
	root = r < 0 ? NULL : bundle_path(&p, bundle, c->root_path);
	if (root) {
		op_add(&p, RINGWALL_OP_PIVOT, root, NULL);
		seals_add(&p);
		if (c->root_readonly)
			op_add(&p, RINGWALL_OP_READONLY_ROOT, own(&p, "/"), NULL);
	}
	if (!r && (!root || p.failed))
		r = ringwall_fail(e, -ENOMEM, "plan");
	if (r < 0)
		ringwall_plan_free(&p);
	else
		*ret = p;
	return r;
}

static void op_print(const struct ringwall_op *op, struct ringwall_json_out *o)
{
	ringwall_json_out_object(o, NULL);
	ringwall_json_out_str(o, "op", op_names[op->kind]);
	ringwall_json_out_str(o, "path", op->path);
	if (op->source)
		ringwall_json_out_str(o, "source", op->source);
	if (op->type)
		ringwall_json_out_str(o, "type", op->type);
	if (op->mount && op->mount->options.n) {
		ringwall_json_out_array(o, "options");
		for (size_t i = 0; i < op->mount->options.n; i++)
			ringwall_json_out_str(o, NULL, op->mount->options.v[i]);
		ringwall_json_out_end(o, ']');
	}
	if (op->device) {
		char type[2] = { op->device->type, '\0' };

		ringwall_json_out_str(o, "device", type);
		ringwall_json_out_i64(o, "major", op->device->major);
		ringwall_json_out_i64(o, "minor", op->device->minor);
	}
	ringwall_json_out_end(o, '}');
}

void ringwall_plan_print(const struct ringwall_plan *p, struct ringwall_json_out *o)
{
	size_t i;

	ringwall_json_out_array(o, NULL);
	for (i = 0; i < p->n; i++)
		op_print(&p->ops[i], o);
	ringwall_json_out_end(o, ']');
}

void ringwall_plan_free(struct ringwall_plan *p)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		ringwall_fd_close(&p->ops[i].fd);
	ringwall_arena_free(&p->arena);
	p->ops = NULL;
	p->n = 0;
}
