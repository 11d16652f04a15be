/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_CGROUP_INTERNAL_H
#define RINGWALL_CGROUP_INTERNAL_H

/* What the files of user/cgroup share, and what their unit tests reach for. */

#include <stdio.h>
#include <sys/stat.h>

#include "../lib/cleanup.h"
#include "cgroup.h"

/* file.c: one control file, named below the cgroup's directory ----------------------------------------------- */

/** ringwall_cgroup_file_write() - open, one write, close. 0 or -errno. */
int ringwall_cgroup_file_write(int dir, const char *name, const char *text, size_t len);

/**
 * ringwall_cgroup_file_read() - open, one read, close: enough for every file the kernel shows as one record.
 * Return: bytes in @buf, which is NUL-terminated, or -errno.
 */
ssize_t ringwall_cgroup_file_read(int dir, const char *name, char *buf, size_t size);

/** ringwall_cgroup_file_slurp() - the whole file, NUL-terminated, to be freed. 0 or -errno. */
int ringwall_cgroup_file_slurp(int dir, const char *name, char **ret, size_t *ret_len);

/** ringwall_cgroup_number() - decimal digits up to the end or white space; "max" is UINT64_MAX. -EINVAL, -ERANGE. */
int ringwall_cgroup_number(const char *s, uint64_t *ret);

/** ringwall_cgroup_file_u64() - a file with one number; "max" is UINT64_MAX. 0 or -errno. */
int ringwall_cgroup_file_u64(int dir, const char *name, uint64_t *ret);

/** ringwall_cgroup_key() - the number behind "KEY " in a flat-keyed text. 0 or -ENOENT. */
int ringwall_cgroup_key(const char *text, const char *key, uint64_t *ret);

/** ringwall_cgroup_events() - populated and frozen of cgroup.events. 0 or -errno. */
int ringwall_cgroup_events(int dir, bool *ret_populated, bool *ret_frozen);

/**
 * ringwall_cgroup_event_wait() - until @key of cgroup.events is @value, by poll(2), at most @timeout_ms.
 * Return: 0, -ETIMEDOUT, or what reading answered (-ENODEV: the cgroup was removed).
 */
int ringwall_cgroup_event_wait(int dir, const char *key, bool value, int timeout_ms);

/* path.c: cgroupsPath -------------------------------------------------------------------------------------------- */

/** ringwall_cgroup_path_clean() - lexically: no ".", no "..", no double slashes, leading "/". -ENAMETOOLONG. */
int ringwall_cgroup_path_clean(const char *path, char *ret, size_t size);

/** ringwall_cgroup_path_own() - the "0::" line of a /proc/PID/cgroup text. -ENOENT without one. */
int ringwall_cgroup_path_own(const char *text, char *ret, size_t size);

/** ringwall_cgroup_path_fs() - the container's cgroup for the cgroupfs manager; @own: the caller's own cgroup. */
int ringwall_cgroup_path_fs(const char *cgroups_path, const char *own, const char *id, char *ret, size_t size);

/** ringwall_cgroup_mountinfo() - the mount point of the first cgroup2 line whose root is "/" (else of any). -ENOENT. */
int ringwall_cgroup_mountinfo(const char *text, char *ret, size_t size);

struct ringwall_cgroup_unit {
	char slice[256]; /* "system.slice" */
	char name[256];	 /* "docker-ID.scope" */
};

/**
 * ringwall_cgroup_unit_parse() - "slice:prefix:name" of cgroupsPath for the systemd manager.
 * @cgroups_path: NULL or "": the default slice, prefix "ringwall", name @id
 * Errors: -EINVAL with what was expected.
 */
int ringwall_cgroup_unit_parse(const char *cgroups_path, const char *id, bool rootless,
			       struct ringwall_cgroup_unit *ret, struct ringwall_err *e);

/** ringwall_cgroup_slice_expand() - "a-b.slice" → "/a.slice/a-b.slice", "-.slice" → "". -EINVAL, -ENAMETOOLONG. */
int ringwall_cgroup_slice_expand(const char *slice, char *ret, size_t size);

/* cgroupfs.c ------------------------------------------------------------------------------------------------------- */

/* Controllers that are enabled for a container when the host has them; the same set as runc's. */
enum ringwall_controller {
	RINGWALL_CONTROLLER_CPU,
	RINGWALL_CONTROLLER_CPUSET,
	RINGWALL_CONTROLLER_IO,
	RINGWALL_CONTROLLER_MEMORY,
	RINGWALL_CONTROLLER_PIDS,
	RINGWALL_CONTROLLER_HUGETLB,
	RINGWALL_CONTROLLER_RDMA,
	RINGWALL_CONTROLLER_MISC,
	RINGWALL_CONTROLLER_COUNT,
};

/** ringwall_controller_name() - "cpu" …, NULL past the end. */
const char *ringwall_controller_name(unsigned int index);
/** ringwall_controller_mask() - bits of the names in a cgroup.controllers text. */
unsigned int ringwall_controller_mask(const char *text);

/**
 * ringwall_cgroupfs_create() - make cg->path below @mount with controllers enabled, fill cg->fd.
 * @needed: controllers that the resources ask for
 */
int ringwall_cgroupfs_create(struct ringwall_cgroup *cg, const char *mount, unsigned int needed,
			     struct ringwall_err *e);
/** ringwall_cgroupfs_enable() - controllers down to an existing directory (a systemd scope); best effort. */
void ringwall_cgroupfs_enable(struct ringwall_cgroup *cg, const char *mount, unsigned int needed);
int ringwall_cgroupfs_delegate(struct ringwall_cgroup *cg, uid_t uid, struct ringwall_err *e);
int ringwall_cgroupfs_remove(struct ringwall_cgroup *cg, struct ringwall_err *e);
/** ringwall_cgroupfs_missing() - explain in @e why @controller's files are not in @cg; returns -EOPNOTSUPP. */
int ringwall_cgroupfs_missing(const struct ringwall_cgroup *cg, enum ringwall_controller controller, const char *field,
			      struct ringwall_err *e);

/* resources.c ------------------------------------------------------------------------------------------------------ */

/** ringwall_resources_controllers() - bits of the controllers that @r limits something of. */
unsigned int ringwall_resources_controllers(const struct ringwall_resources *r);
/** ringwall_resources_complete() - where only one of cpu.quota and cpu.period is asked for: the other as it is now. */
void ringwall_resources_complete(const struct ringwall_cgroup *cg, struct ringwall_resources *r);
/** ringwall_resources_apply() - the files only. */
int ringwall_resources_apply(struct ringwall_cgroup *cg, const struct ringwall_resources *r, struct ringwall_err *e);
/** ringwall_resources_swap() - memory.swap.max as @r asks for it, see ringwall_convert_swap(). */
int ringwall_resources_swap(const struct ringwall_cgroup *cg, const struct ringwall_resources *r, bool *ret_set,
			    int64_t *ret, struct ringwall_err *e);
/** ringwall_resources_check() - memory.checkBeforeUpdate: -EBUSY when a new limit is below what is in use. */
int ringwall_resources_check(const struct ringwall_cgroup *cg, const struct ringwall_resources *r,
			     struct ringwall_err *e);

/* convert.c: cgroup v1 numbers of the specification to cgroup v2 ones ------------------------------------------------ */

/** ringwall_convert_shares() - cpu.shares (2…262144) to cpu.weight (1…10000); 0 stays 0 (unset). */
uint64_t ringwall_convert_shares(uint64_t shares);
/** ringwall_convert_blkio() - blkio weight (10…1000) to io.weight (1…10000); 0 stays 0 (unset). */
uint64_t ringwall_convert_blkio(uint16_t weight);
/**
 * ringwall_convert_swap() - memory+swap, as the specification counts, to memory.swap.max.
 * @swap, @memory: bytes; 0 unset, -1 unlimited
 * @ret_set: false when there is nothing to write
 * @ret: bytes, -1 unlimited
 * Errors: -EINVAL.
 */
int ringwall_convert_swap(int64_t swap, int64_t memory, bool *ret_set, int64_t *ret, struct ringwall_err *e);
/** ringwall_convert_quota() - cpu.max to systemd's CPUQuotaPerSecUSec, rounded up to whole percents. */
uint64_t ringwall_convert_quota(int64_t quota, uint64_t period);
/** ringwall_convert_cpus() - "0-3,7" to systemd's bitmap, bit n of byte n/8. -EINVAL, -ERANGE. */
int ringwall_convert_cpus(const char *list, uint8_t *ret, size_t size, size_t *ret_len);

/* systemd.c -------------------------------------------------------------------------------------------------------- */

int ringwall_systemd_create(struct ringwall_cgroup *cg, const struct ringwall_config *c, const char *mount,
			    const char *id, struct ringwall_err *e);
int ringwall_systemd_update(struct ringwall_cgroup *cg, const struct ringwall_resources *r, struct ringwall_err *e);
int ringwall_systemd_attach(struct ringwall_cgroup *cg, pid_t pid, struct ringwall_err *e);
int ringwall_systemd_remove(struct ringwall_cgroup *cg, struct ringwall_err *e);
void ringwall_systemd_placed(struct ringwall_cgroup *cg);

#endif
