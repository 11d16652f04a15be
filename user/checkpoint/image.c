// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>

#include "../lib/cleanup.h"

static const int modes[] = {
	[RINGWALL_CGROUPS_SOFT] = 3,
	[RINGWALL_CGROUPS_FULL] = 4,
	[RINGWALL_CGROUPS_STRICT] = 5,
	[RINGWALL_CGROUPS_IGNORE] = 0,
};

static int open_directory(const char *path, bool make, int *ret, struct ringwall_err *e)
{
	if (make && mkdir(path, 0700) < 0 && errno != EEXIST)
		return ringwall_fail(e, -errno, "make directory '%s'", path);
	*ret = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret < 0 ? ringwall_fail(e, -errno, "open directory '%s'", path) : 0;
}

int ringwall_image_open(struct ringwall_image *im, const char *image_path, const char *work_path, bool make,
			struct ringwall_err *e)
{
	int r;

	im->dir_name = image_path ?: "checkpoint";
	im->work_name = work_path ?: im->dir_name;
	r = open_directory(im->dir_name, make, &im->dir, e);
	if (!r && work_path)
		r = open_directory(work_path, true, &im->work, e);
	return r;
}

void ringwall_image_close(struct ringwall_image *im)
{
	ringwall_fd_close(&im->dir);
	ringwall_fd_close(&im->work);
}

void ringwall_image_options(const struct ringwall_image *im, const struct ringwall_config *c, const char *log_file,
			    enum ringwall_cgroups_mode mode, struct ringwall_criu_task *t)
{
	struct ringwall_protobuf *o = &t->opts;
	const char *file = ringwall_config_annotation(c, "org.criu.config");

	/* CRIU opens them through our /proc/PID/fd. */
	ringwall_protobuf_varint(o, RINGWALL_CRIU_IMAGES_DIR_FD, im->dir);
	if (im->work >= 0)
		ringwall_protobuf_varint(o, RINGWALL_CRIU_WORK_DIR_FD, im->work);
	ringwall_protobuf_varint(o, RINGWALL_CRIU_LOG_LEVEL, 4);
	ringwall_protobuf_string(o, RINGWALL_CRIU_LOG_FILE, log_file);
	ringwall_protobuf_varint(o, RINGWALL_CRIU_NOTIFY_SCRIPTS, 1);
	ringwall_protobuf_varint(o, RINGWALL_CRIU_MANAGE_CGROUPS, 1);
	ringwall_protobuf_varint(o, RINGWALL_CRIU_MANAGE_CGROUPS_MODE, modes[mode]);
	ringwall_protobuf_varint(o, RINGWALL_CRIU_ORPHAN_PTS_MASTER, 1);
	/* What is in the container's network the caller put there, and puts there again by its hooks: half of it is on the host. */
	ringwall_protobuf_varint(o, RINGWALL_CRIU_EMPTY_NS, CLONE_NEWNET);
	/* An empty annotation means none; the default file is runc's, so that a host's settings hold for both. */
	if (!file || *file)
		ringwall_protobuf_string(o, RINGWALL_CRIU_CONFIG_FILE, file ?: "/etc/criu/runc.conf");
	t->dirs[0] = im->dir;
	t->dirs[1] = im->work;
	t->log_file = log_file;
	t->log_dir = im->work >= 0 ? im->work : im->dir;
	t->log_dir_name = im->work_name;
}

bool ringwall_image_is_bind(const struct ringwall_mount *m)
{
	if (m->type && !strcmp(m->type, "bind"))
		return true;
	for (size_t i = 0; i < m->options.n; i++)
		if (!strcmp(m->options.v[i], "bind") || !strcmp(m->options.v[i], "rbind"))
			return true;
	return false;
}

const char *ringwall_image_ns_key(enum ringwall_ns_type type)
{
	static const char *const keys[RINGWALL_NS_COUNT] = {
		[RINGWALL_NS_NETWORK] = "extRootNetNS",
		[RINGWALL_NS_PID] = "extRootPidNS",
	};

	return keys[type];
}
