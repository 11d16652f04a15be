/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_OCI_CONFIG_H
#define RINGWALL_OCI_CONFIG_H

/*
 * config.json of the OCI runtime specification 1.3 for Linux, as C values. Filled by ringwall_config_parse(),
 * which touches nothing but memory. Names follow the specification. Strings and arrays live in the arena
 * of the config; an absent string is NULL, an absent optional number has its `has_` flag unset.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../lib/arena.h"
#include "../lib/err.h"
#include "../lib/json.h"

#define RINGWALL_OCI_VERSION "1.3.0"

struct ringwall_strv {
	const char **v; /* NULL-terminated when non-NULL */
	size_t n;
};

struct ringwall_opt_i64 {
	bool has;
	int64_t v;
};

struct ringwall_opt_u64 {
	bool has;
	uint64_t v;
};

struct ringwall_opt_bool {
	bool has, v;
};

struct ringwall_pair {
	const char *key, *value;
};

struct ringwall_pairs {
	struct ringwall_pair *v;
	size_t n;
};

struct ringwall_idmap {
	uint32_t container_id, host_id, size;
};

struct ringwall_idmaps {
	struct ringwall_idmap *v;
	size_t n;
};

enum ringwall_ns_type {
	RINGWALL_NS_USER, /* in the order in which they are joined */
	RINGWALL_NS_MOUNT,
	RINGWALL_NS_PID,
	RINGWALL_NS_NETWORK,
	RINGWALL_NS_UTS,
	RINGWALL_NS_IPC,
	RINGWALL_NS_CGROUP,
	RINGWALL_NS_TIME,
	RINGWALL_NS_COUNT,
};

/* One slot per type: absent (the runtime's own), new, or an existing one by path. */
struct ringwall_namespace {
	bool set;
	const char *path; /* NULL: a new one */
};

struct ringwall_rlimit {
	int resource; /* RLIMIT_* */
	uint64_t soft, hard;
};

struct ringwall_capabilities {
	bool set; /* process.capabilities was there */
	/* Bit n is capability n. */
	uint64_t bounding, effective, inheritable, permitted, ambient;
	/* Names that are no capability, each once: left out, as runc does; the caller may want to log them. */
	struct ringwall_strv unknown;
};

struct ringwall_scheduler {
	bool set;
	uint32_t policy; /* SCHED_* */
	int32_t nice;
	uint32_t priority;
	uint64_t flags; /* SCHED_FLAG_* */
	uint64_t runtime, deadline, period; /* ns */
};

struct ringwall_process {
	bool set; /* config.json has a process at all */
	bool terminal;
	uint16_t console_height, console_width; /* 0: unset, or no terminal */
	const char *cwd;
	struct ringwall_strv args, env;
	const char *command_line; /* Windows only; parsed so that it can be refused */
	uint32_t uid, gid;
	bool has_umask;
	uint32_t umask;
	const char *username; /* Windows only, ignored */
	gid_t *additional_gids;
	size_t n_additional_gids;
	struct ringwall_capabilities caps;
	struct ringwall_rlimit *rlimits;
	size_t n_rlimits;
	const char *apparmor_profile, *selinux_label;
	struct ringwall_opt_i64 oom_score_adj;
	bool no_new_privileges;
	struct ringwall_scheduler scheduler;
	bool has_io_priority;
	int io_class, io_priority; /* IOPRIO_CLASS_*, 0..7 */
	const char *cpu_affinity_initial, *cpu_affinity_final; /* "0-3,7" */
};

struct ringwall_mount {
	const char *destination, *source, *type;
	struct ringwall_strv options; /* as written; mount/options.c gives them meaning */
	struct ringwall_idmaps uid_mappings, gid_mappings;
	uint32_t at; /* byte offset in config.json, for messages */
};

struct ringwall_hook {
	const char *path;
	struct ringwall_strv args, env;
	int timeout; /* seconds, 0: none */
};

enum ringwall_hook_kind {
	RINGWALL_HOOK_PRESTART,
	RINGWALL_HOOK_CREATE_RUNTIME,
	RINGWALL_HOOK_CREATE_CONTAINER,
	RINGWALL_HOOK_START_CONTAINER,
	RINGWALL_HOOK_POSTSTART,
	RINGWALL_HOOK_POSTSTOP,
	RINGWALL_HOOK_COUNT,
};

struct ringwall_hooks {
	struct ringwall_hook *v;
	size_t n;
};

struct ringwall_device {
	char type; /* 'c', 'b', 'p'; 'u' is parsed as 'c' */
	const char *path;
	int64_t major, minor;
	bool has_mode, has_uid, has_gid;
	uint32_t mode, uid, gid;
};

/* linux.resources.devices; wildcard major/minor is -1. */
struct ringwall_device_rule {
	bool allow;
	char type; /* 'a', 'c', 'b' */
	int64_t major, minor;
	uint8_t access; /* RINGWALL_DEVICE_* bits */
};

#define RINGWALL_DEVICE_MKNOD 1 /* the kernel's BPF_DEVCG_ACC_* values */
#define RINGWALL_DEVICE_READ 2
#define RINGWALL_DEVICE_WRITE 4

struct ringwall_blkio_rate {
	int64_t major, minor;
	uint64_t rate;
};

struct ringwall_blkio_weight {
	int64_t major, minor;
	uint16_t weight, leaf_weight; /* 0: unset */
};

enum ringwall_blkio_throttle {
	RINGWALL_BLKIO_READ_BPS,
	RINGWALL_BLKIO_WRITE_BPS,
	RINGWALL_BLKIO_READ_IOPS,
	RINGWALL_BLKIO_WRITE_IOPS,
	RINGWALL_BLKIO_COUNT,
};

struct ringwall_hugetlb {
	const char *page_size; /* "2MB" */
	uint64_t limit;
};

struct ringwall_rdma {
	const char *name;
	struct ringwall_opt_u64 handles, objects;
};

struct ringwall_resources {
	bool set;
	struct ringwall_device_rule *devices;
	size_t n_devices;
	struct {
		struct ringwall_opt_i64 limit, reservation, swap, kernel, kernel_tcp;
		struct ringwall_opt_u64 swappiness;
		struct ringwall_opt_bool disable_oom_killer, use_hierarchy, check_before_update;
	} memory;
	struct {
		struct ringwall_opt_u64 shares, period, burst, rt_period;
		struct ringwall_opt_i64 quota, rt_runtime, idle;
		const char *cpus, *mems;
	} cpu;
	struct ringwall_opt_i64 pids_limit;
	struct {
		uint16_t weight, leaf_weight; /* 0: unset */
		struct ringwall_blkio_weight *weights;
		size_t n_weights;
		struct {
			struct ringwall_blkio_rate *v;
			size_t n;
		} throttle[RINGWALL_BLKIO_COUNT];
	} block_io;
	struct ringwall_hugetlb *hugetlb;
	size_t n_hugetlb;
	struct ringwall_rdma *rdma;
	size_t n_rdma;
	struct {
		struct ringwall_opt_u64 class_id; /* cgroup v1 only */
		bool has_priorities;
	} network;
	struct ringwall_pairs unified;
};

struct ringwall_seccomp_arg {
	uint32_t index;
	uint64_t value, value_two;
	int op; /* enum scmp_compare of libseccomp */
};

struct ringwall_seccomp_rule {
	struct ringwall_strv names;
	uint32_t action; /* SECCOMP_RET_* without data */
	struct ringwall_opt_u64 errno_ret;
	struct ringwall_seccomp_arg *args;
	size_t n_args;
};

struct ringwall_seccomp {
	bool set;
	uint32_t default_action; /* SECCOMP_RET_* without data */
	struct ringwall_opt_u64 default_errno_ret;
	bool has_flags; /* flags was there; if not, flags is SPEC_ALLOW, which is what runc makes of its absence */
	uint64_t flags; /* SECCOMP_FILTER_FLAG_* */
	uint32_t *architectures; /* AUDIT_ARCH-like tokens: SCMP_ARCH_* of libseccomp */
	size_t n_architectures;
	const char *listener_path, *listener_metadata;
	struct ringwall_seccomp_rule *rules;
	size_t n_rules;
	uint32_t start, end; /* byte range of linux.seccomp in config.json: what the filter cache hashes */
};

struct ringwall_net_device {
	const char *name, *container_name; /* container_name NULL: unchanged */
};

struct ringwall_memory_policy {
	bool set;
	int mode;       /* MPOL_* */
	uint32_t flags; /* MPOL_F_* */
	const char *nodes;
};

struct ringwall_time_offset {
	bool has;
	int64_t secs;
	uint32_t nanosecs;
};

struct ringwall_intel_rdt {
	bool set;
	const char *clos_id, *l3_cache_schema, *mem_bw_schema;
	struct ringwall_strv schemata;
	bool enable_monitoring;
};

struct ringwall_config {
	struct ringwall_arena arena;
	const char *text; /* the document, in the arena */
	size_t text_len;
	struct ringwall_json *json; /* its root */

	const char *oci_version;
	const char *root_path;
	bool root_readonly;
	const char *hostname, *domainname;
	struct ringwall_process process;
	struct ringwall_mount *mounts;
	size_t n_mounts;
	struct ringwall_hooks hooks[RINGWALL_HOOK_COUNT];
	struct ringwall_pairs annotations;

	/* linux */
	struct ringwall_namespace ns[RINGWALL_NS_COUNT];
	struct ringwall_idmaps uid_mappings, gid_mappings;
	struct ringwall_time_offset boottime, monotonic;
	struct ringwall_device *devices;
	size_t n_devices;
	struct ringwall_net_device *net_devices;
	size_t n_net_devices;
	const char *cgroups_path;
	struct ringwall_resources resources;
	unsigned long rootfs_propagation; /* MS_PRIVATE | MS_REC …, 0: unset */
	struct ringwall_seccomp seccomp;
	struct ringwall_pairs sysctl;
	struct ringwall_strv masked_paths, readonly_paths;
	const char *mount_label;
	struct ringwall_intel_rdt intel_rdt;
	struct ringwall_memory_policy memory_policy;
	bool has_personality;
	unsigned long personality; /* PER_* */
};

/**
 * ringwall_config_load() - read, parse and validate a config.json.
 * @path: file name, "-" for standard input
 * @c: zero-initialised; ringwall_config_free() it whatever the result
 *
 * Errors: -EINVAL with "PATH:LINE:COLUMN: linux.resources.devices[2].type: …", -EOPNOTSUPP for what is known but
 * impossible in general, or what open/read answered. Unknown members are ignored, as the specification says.
 */
int ringwall_config_load(struct ringwall_config *c, const char *path, struct ringwall_err *e);

/** ringwall_config_parse() - the same from memory; @name is for messages. @text is copied. */
int ringwall_config_parse(struct ringwall_config *c, const char *text, size_t len, const char *name,
			  struct ringwall_err *e);

/**
 * ringwall_process_parse() - a process object on its own, as `exec --process FILE` reads it.
 * @c: owns the memory; only its arena, text, json and process members are touched
 */
int ringwall_process_parse(struct ringwall_config *c, const char *text, size_t len, const char *name,
			   struct ringwall_err *e);

/** ringwall_resources_parse() - a linux.resources object on its own, as `update -r FILE` reads it. */
int ringwall_resources_parse(struct ringwall_config *c, const char *text, size_t len, const char *name,
			     struct ringwall_err *e);

/** ringwall_config_annotation() - value of annotation @key, or NULL. */
const char *ringwall_config_annotation(const struct ringwall_config *c, const char *key);

void ringwall_config_free(struct ringwall_config *c);

/** Table access shared with `features`, `exec --cap` and man pages: name by index, NULL past the end. */
const char *ringwall_capability_name(unsigned int index); /* "CAP_CHOWN" … */
/** ringwall_capability_find() - number of capability @name (with or without "CAP_", any case), or -EINVAL. */
int ringwall_capability_find(const char *name);
const char *ringwall_namespace_name(enum ringwall_ns_type type); /* "mount", "network" … */
int ringwall_namespace_flag(enum ringwall_ns_type type);         /* CLONE_NEW* */
const char *ringwall_namespace_proc(enum ringwall_ns_type type); /* "mnt", "net" …: the name below /proc/PID/ns */
const char *ringwall_hook_name(enum ringwall_hook_kind kind);    /* "createRuntime" … */

#endif
