// SPDX-License-Identifier: LGPL-2.1-or-later
#include "options.h"

#include <errno.h>
#include <linux/mount.h>
#include <string.h>

/* linux/mount.h and sys/mount.h do not go together in every libc; this is what the former lacks. */
#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

#define FLAG(n, v) { n, RINGWALL_MOUNT_FLAG, v, false }
#define NOFLAG(n, v) { n, RINGWALL_MOUNT_FLAG, v, true }
#define REC(n, v) { n, RINGWALL_MOUNT_RECURSIVE, v, false }
#define NOREC(n, v) { n, RINGWALL_MOUNT_RECURSIVE, v, true }
#define PROP(n, v) { n, RINGWALL_MOUNT_PROPAGATION, v, false }
#define OTHER(n, v) { n, RINGWALL_MOUNT_OTHER, v, false }

/* config.md "Linux mount options"; what is not here is handed to the filesystem. */
const struct ringwall_mount_option ringwall_mount_options[] = {
	NOFLAG("async", MS_SYNCHRONOUS),
	NOFLAG("atime", MS_NOATIME),
	FLAG("bind", MS_BIND),
	FLAG("defaults", 0),
	NOFLAG("dev", MS_NODEV),
	NOFLAG("diratime", MS_NODIRATIME),
	FLAG("dirsync", MS_DIRSYNC),
	NOFLAG("exec", MS_NOEXEC),
	OTHER("idmap", RINGWALL_MOUNT_IDMAP),
	FLAG("iversion", MS_I_VERSION),
	FLAG("lazytime", MS_LAZYTIME),
	NOFLAG("loud", MS_SILENT),
	FLAG("mand", MS_MANDLOCK),
	FLAG("noatime", MS_NOATIME),
	FLAG("nodev", MS_NODEV),
	FLAG("nodiratime", MS_NODIRATIME),
	FLAG("noexec", MS_NOEXEC),
	NOFLAG("noiversion", MS_I_VERSION),
	NOFLAG("nolazytime", MS_LAZYTIME),
	NOFLAG("nomand", MS_MANDLOCK),
	NOFLAG("norelatime", MS_RELATIME),
	NOFLAG("nostrictatime", MS_STRICTATIME),
	FLAG("nosuid", MS_NOSUID),
	FLAG("nosymfollow", MS_NOSYMFOLLOW),
	PROP("private", MS_PRIVATE),
	NOREC("ratime", MOUNT_ATTR_NOATIME),
	FLAG("rbind", MS_BIND | MS_REC),
	NOREC("rdev", MOUNT_ATTR_NODEV),
	NOREC("rdiratime", MOUNT_ATTR_NODIRATIME),
	FLAG("relatime", MS_RELATIME),
	FLAG("remount", MS_REMOUNT),
	NOREC("rexec", MOUNT_ATTR_NOEXEC),
	OTHER("ridmap", RINGWALL_MOUNT_RIDMAP),
	REC("rnoatime", MOUNT_ATTR_NOATIME),
	REC("rnodev", MOUNT_ATTR_NODEV),
	REC("rnodiratime", MOUNT_ATTR_NODIRATIME),
	REC("rnoexec", MOUNT_ATTR_NOEXEC),
	NOREC("rnorelatime", MOUNT_ATTR_RELATIME),
	NOREC("rnostrictatime", MOUNT_ATTR_STRICTATIME),
	REC("rnosuid", MOUNT_ATTR_NOSUID),
	REC("rnosymfollow", MOUNT_ATTR_NOSYMFOLLOW),
	FLAG("ro", MS_RDONLY),
	PROP("rprivate", MS_PRIVATE | MS_REC),
	REC("rrelatime", MOUNT_ATTR_RELATIME),
	REC("rro", MOUNT_ATTR_RDONLY),
	NOREC("rrw", MOUNT_ATTR_RDONLY),
	PROP("rshared", MS_SHARED | MS_REC),
	PROP("rslave", MS_SLAVE | MS_REC),
	REC("rstrictatime", MOUNT_ATTR_STRICTATIME),
	NOREC("rsuid", MOUNT_ATTR_NOSUID),
	NOREC("rsymfollow", MOUNT_ATTR_NOSYMFOLLOW),
	PROP("runbindable", MS_UNBINDABLE | MS_REC),
	NOFLAG("rw", MS_RDONLY),
	PROP("shared", MS_SHARED),
	FLAG("silent", MS_SILENT),
	PROP("slave", MS_SLAVE),
	FLAG("strictatime", MS_STRICTATIME),
	NOFLAG("suid", MS_NOSUID),
	NOFLAG("symfollow", MS_NOSYMFOLLOW),
	FLAG("sync", MS_SYNCHRONOUS),
	OTHER("tmpcopyup", RINGWALL_MOUNT_TMPCOPYUP),
	PROP("unbindable", MS_UNBINDABLE),
	{ NULL, RINGWALL_MOUNT_OTHER, 0, false },
};

/* The access-time modes are one field with values, not bits: the last one mentioned replaces the others. */
static void recursive_add(struct ringwall_mount_flags *f, uint64_t attr, bool clear)
{
	if (attr == MOUNT_ATTR_RELATIME || attr == MOUNT_ATTR_NOATIME || attr == MOUNT_ATTR_STRICTATIME) {
		f->rec_clear |= MOUNT_ATTR__ATIME;
		f->rec_set &= ~(uint64_t)MOUNT_ATTR__ATIME;
		f->rec_set |= clear ? (attr == MOUNT_ATTR_STRICTATIME ? MOUNT_ATTR_RELATIME : 0) : attr;
	} else if (clear) {
		f->rec_clear |= attr;
		f->rec_set &= ~attr;
	} else {
		f->rec_set |= attr;
		f->rec_clear &= ~attr;
	}
}

static int option_add(struct ringwall_mount_flags *f, const struct ringwall_mount_option *o, struct ringwall_err *e)
{
	switch (o->kind) {
	case RINGWALL_MOUNT_FLAG:
		if (o->clear) {
			f->set &= ~o->value;
			f->cleared |= o->value;
		} else {
			f->set |= o->value;
			f->cleared &= ~o->value;
		}
		return 0;
	case RINGWALL_MOUNT_RECURSIVE:
		recursive_add(f, o->value, o->clear);
		return 0;
	case RINGWALL_MOUNT_PROPAGATION:
		if (f->n_propagation == sizeof(f->propagation) / sizeof(f->propagation[0]))
			return ringwall_fail_plain(e, -EINVAL, "more than four propagation options");
		f->propagation[f->n_propagation++] = o->value;
		return 0;
	case RINGWALL_MOUNT_OTHER:
		f->other |= (unsigned int)o->value;
		return 0;
	}
	return 0;
}

static const struct ringwall_mount_option *option_find(const char *name)
{
	const struct ringwall_mount_option *o;

	for (o = ringwall_mount_options; o->name; o++)
		if (!strcmp(o->name, name))
			return o;
	return NULL;
}

int ringwall_mount_flags_parse(struct ringwall_arena *a, const struct ringwall_strv *options,
			       struct ringwall_mount_flags *ret, struct ringwall_err *e)
{
	struct ringwall_mount_flags f = { .data = "" };
	size_t total = 1, used = 0;
	char *data;
	size_t i;

	for (i = 0; i < options->n; i++)
		total += strlen(options->v[i]) + 1;
	data = ringwall_arena_alloc(a, total);
	if (!data)
		return ringwall_fail(e, -ENOMEM, "mount options");
	for (i = 0; i < options->n; i++) {
		const struct ringwall_mount_option *o = option_find(options->v[i]);
		int r;

		if (o) {
			r = option_add(&f, o, e);
			if (r < 0)
				return r;
			continue;
		}
		if (used)
			data[used++] = ',';
		used += strlen(strcpy(data + used, options->v[i]));
	}
	f.data = data;
	*ret = f;
	return 0;
}

uint64_t ringwall_mount_attr(unsigned long flags)
{
	static const struct {
		unsigned long ms;
		uint64_t attr;
	} map[] = {
		{ MS_RDONLY, MOUNT_ATTR_RDONLY },	{ MS_NOSUID, MOUNT_ATTR_NOSUID },
		{ MS_NODEV, MOUNT_ATTR_NODEV },		{ MS_NOEXEC, MOUNT_ATTR_NOEXEC },
		{ MS_NOATIME, MOUNT_ATTR_NOATIME },	{ MS_STRICTATIME, MOUNT_ATTR_STRICTATIME },
		{ MS_NODIRATIME, MOUNT_ATTR_NODIRATIME }, { MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW },
	};
	uint64_t attr = 0;
	size_t i;

	for (i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (flags & map[i].ms)
			attr |= map[i].attr;
	return attr;
}
