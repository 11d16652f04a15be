// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Ringwall's own objects, by every way to them; see act.h. PINS=…: the directory that they are pinned in. LINK=…: a pinned link
 * of a cgroup program. "maps", "progs" and "links" are ok where every one there is can be had, EPERM where none, ERANGE where some.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "act.h"

static int bpf(int cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static int all(int next, int get)
{
	union bpf_attr attr = { 0 };
	int had = 0, refused = 0;

	while (!bpf(next, &attr)) {
		union bpf_attr it = { .map_id = attr.next_id };
		int fd = bpf(get, &it);

		if (fd < 0 && errno != EPERM)
			return -1;
		if (fd < 0)
			refused++;
		else
			had++;
		close(fd);
		attr.start_id = attr.next_id;
		attr.next_id = 0;
	}
	if (errno != ENOENT)
		return -1;
	errno = !had ? EPERM : ERANGE;
	return refused || !had ? -1 : 0;
}

static int act_maps(void) { return all(BPF_MAP_GET_NEXT_ID, BPF_MAP_GET_FD_BY_ID); }
static int act_progs(void) { return all(BPF_PROG_GET_NEXT_ID, BPF_PROG_GET_FD_BY_ID); }
static int act_links(void) { return all(BPF_LINK_GET_NEXT_ID, BPF_LINK_GET_FD_BY_ID); }

static int new_map(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };
	int fd = bpf(BPF_MAP_CREATE, &attr);

	NEEDED(fd);
	return fd;
}

/* What the container made is its own. */
static int act_own_map(void)
{
	struct bpf_map_info info = { 0 };
	union bpf_attr attr = { .info = { .bpf_fd = (__u32)new_map(), .info_len = sizeof(info), .info = (__u64)&info } };

	NEEDED(bpf(BPF_OBJ_GET_INFO_BY_FD, &attr));
	attr = (union bpf_attr){ .map_id = info.id };
	return bpf(BPF_MAP_GET_FD_BY_ID, &attr);
}

static int get(const char *path)
{
	union bpf_attr attr = { .pathname = (__u64)path };

	return bpf(BPF_OBJ_GET, &attr);
}

static const char *pin(const char *name)
{
	static char path[2][256];
	static int n;

	n = !n;
	snprintf(path[n], sizeof(path[n]), "%s/%s", getenv("PINS") ?: "", name);
	return path[n];
}

static int act_map_pin(void) { return get(pin("policies")); }
static int act_prog_pin(void) { return get(pin("device/ringwall_device")); }

static int act_detach(void)
{
	union bpf_attr attr = { .link_detach.link_fd = (__u32)get(getenv("LINK")) };

	NEEDED((int)attr.link_detach.link_fd);
	return bpf(BPF_LINK_DETACH, &attr);
}

static volatile int racing = 1;

static void *swap(void *links)
{
	const int *fd = links;

	while (racing) {
		dup2(fd[0], fd[2]);
		dup2(fd[1], fd[2]);
	}
	return NULL;
}

/* What the hook looks at is not what is detached. */
static int act_detach_race(void)
{
	int fd[3] = { get(getenv("LINK")), open("/", O_RDONLY), 100 }, r = -1;
	pthread_t thread;

	NEEDED(fd[0]);
	NEEDED(dup2(fd[1], fd[2]));
	NEEDED(-pthread_create(&thread, NULL, swap, fd));
	for (int i = 0; i < 20000 && r < 0; i++) {
		union bpf_attr attr = { .link_detach.link_fd = (__u32)fd[2] };

		r = bpf(BPF_LINK_DETACH, &attr);
	}
	racing = 0;
	pthread_join(thread, NULL);
	errno = EPERM;
	return r;
}

/* Where it works it is undone. */
static int act_rename(void)
{
	if (rename(pin("policies"), pin("elsewhere")) < 0)
		return -1;
	return rename(pin("elsewhere"), pin("policies"));
}

static int act_rename_all(void)
{
	char away[256];

	snprintf(away, sizeof(away), "%s-away", getenv("PINS"));
	if (rename(getenv("PINS"), away) < 0)
		return -1;
	return rename(away, getenv("PINS"));
}

static int act_unlink(void) { return unlink(pin("policies")); }
static int act_rmdir(void) { return rmdir(pin("")); }

/* Beside Ringwall's there may be others. */
static int act_own_pin(void)
{
	union bpf_attr attr = { .bpf_fd = (__u32)new_map() };
	char dir[256], file[300];

	snprintf(dir, sizeof(dir), "%s/../../act-tamper", getenv("PINS"));
	snprintf(file, sizeof(file), "%s/map", dir);
	attr.pathname = (__u64)file;
	NEEDED(mkdir(dir, 0700));
	NEEDED(bpf(BPF_OBJ_PIN, &attr));
	NEEDED(get(file));
	return unlink(file) < 0 || rmdir(dir) < 0 ? -1 : 0;
}

/* What is made in vain is removed. */
static int act_plant(void)
{
	union bpf_attr attr = { .pathname = (__u64)pin("planted"), .bpf_fd = (__u32)new_map() };

	return bpf(BPF_OBJ_PIN, &attr) < 0 ? -1 : unlink(pin("planted"));
}

static int act_plant_dir(void) { return mkdir(pin("planted"), 0700) < 0 ? -1 : rmdir(pin("planted")); }
static int act_plant_link(void) { return symlink("/", pin("planted")) < 0 ? -1 : unlink(pin("planted")); }
static int act_plant_name(void) { return link(pin("policies"), pin("../../planted")) < 0 ? -1 : unlink(pin("../../planted")); }
static int act_mode(void) { return chmod(pin("policies"), 0600); }
static int act_owner(void) { return chown(pin("policies"), 0, 0); }

#define ACT(name) { #name, act_##name }

static const struct act acts[] = {
	ACT(maps), ACT(progs), ACT(links), ACT(own_map), ACT(map_pin), ACT(prog_pin), ACT(rename), ACT(rename_all), ACT(own_pin),
	ACT(unlink), ACT(rmdir), ACT(detach), ACT(detach_race), ACT(plant), ACT(plant_dir), ACT(plant_link), ACT(plant_name), ACT(mode), ACT(owner),
};

int main(int argc, char **argv)
{
	(void)argc;
	return acts_run(acts, sizeof(acts) / sizeof(acts[0]), argv + 1);
}
