// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Class tamper: bpf(2), and Ringwall's own objects, which no confined process gets hold of whatever its policy allows.
 *
 * lsm/bpf		ringwall_bpf		bpf(2): policy.kernel; links, which have no hook of their own
 * lsm/bpf_map		ringwall_bpf_map	a descriptor for a map: by id, from a bpffs, or new
 * lsm/bpf_prog		ringwall_bpf_prog	likewise for a program
 * lsm/inode_unlink	ringwall_unpin		pins, in a bpffs that the container sees
 * lsm/inode_rmdir	ringwall_unpin_dir	their directories
 * lsm/inode_rename	ringwall_repin		either
 * lsm/inode_create	ringwall_plant		new pins among them, which would be taken for Ringwall's
 * lsm/inode_mkdir	ringwall_plant_dir	likewise directories,
 * lsm/inode_symlink	ringwall_plant_link	and symbolic links,
 * lsm/inode_link	ringwall_plant_name	further names for pins, which would keep them,
 * lsm/path_chmod	ringwall_pin_mode	and who else may open them
 * lsm/path_chown	ringwall_pin_owner	likewise
 */
#include "surface.bpf.h"

/*
 * What is Ringwall's. A name could be anybody's, an id is one object's as long as that is there. Full: whoever makes an
 * object fails, and no container starts.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RINGWALL_OWN_MAX);
	__type(key, struct ringwall_own_key);
	__type(value, __u32);
} own SEC(".maps");

static __always_inline int is_own(__u32 kind, __u32 id)
{
	struct ringwall_own_key key = { .kind = kind, .id = id }, loading = {};

	return bpf_map_lookup_elem(&own, &key) ||
	       (kind != RINGWALL_OWN_DIRECTORY && bpf_map_lookup_elem(&own, &loading));
}

static __always_inline int tamper_report(const struct subject *s, __u32 kind, __u32 id)
{
	struct refusal r = { .set = RINGWALL_SET_TAMPER,
			     .rule = kind,
			     .op = RINGWALL_DO_KERNEL,
			     .arg = { RINGWALL_KERNEL_BPF, kind, id } };

	return refuse(s, &r);
}

static __always_inline int tamper_refused(__u32 kind, __u32 id)
{
	struct subject s;
	int ret;

	if (!confined(&s, &ret))
		return ret;
	return is_own(kind, id) ? tamper_report(&s, kind, id) : allow(&s);
}

/*
 * The program of the link that @fd is, if that is what the system call will find there: another thread may put something else
 * in its place meanwhile, so a process whose descriptors are shared changes no link at all. (The pin of a link can be
 * opened where the container sees the host's bpffs; no hook tells of that.)
 */
static __noinline __u32 program_of_link(__u32 fd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd), *file = NULL;
	struct bpf_link *link;

	if (fd >= BPF_CORE_READ(table, max_fds) || bpf_probe_read_kernel(&file, sizeof(file), files + fd))
		return 0;
	link = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(link, prog, aux, id);
}

static __always_inline int descriptors_are_shared(void)
{
	return BPF_CORE_READ(bpf_get_current_task_btf(), files, count.counter) != 1;
}

SEC("lsm/bpf")
int BPF_PROG(ringwall_bpf, int cmd, union bpf_attr *attr)
{
	struct subject s;
	__u32 first = 0;
	int ret;

	if (!confined(&s, &ret))
		return ret;
	if (surface_has(&s, RINGWALL_KERNEL_BPF)) {
		ret = surface_report(&s, RINGWALL_KERNEL_BPF, cmd, 0, NULL);
		if (ret)
			return ret;
	}
	/* link_id or link_fd; the kernel's copy already */
	bpf_probe_read_kernel(&first, sizeof(first), attr);
	if (cmd == BPF_LINK_GET_FD_BY_ID && is_own(RINGWALL_OWN_LINK, first))
		return tamper_report(&s, RINGWALL_OWN_LINK, first);
	if (cmd == BPF_LINK_UPDATE || cmd == BPF_LINK_DETACH) {
		first = program_of_link(first);
		if (is_own(RINGWALL_OWN_PROG, first) || descriptors_are_shared())
			return tamper_report(&s, RINGWALL_OWN_LINK, first);
	}
	return allow(&s);
}

SEC("lsm/bpf_map")
int BPF_PROG(ringwall_bpf_map, struct bpf_map *map)
{
	return tamper_refused(RINGWALL_OWN_MAP, BPF_CORE_READ(map, id));
}

SEC("lsm/bpf_prog")
int BPF_PROG(ringwall_bpf_prog, struct bpf_prog *prog)
{
	return tamper_refused(RINGWALL_OWN_PROG, BPF_CORE_READ(prog, aux, id));
}

#define BPF_FS_MAGIC 0xcafe4a11
#define PINS_DEPTH 6 /* below the directory of all pins there are two levels */

/* Most unlinks are not in a bpffs, and leave after the first comparison. */
static __always_inline int pin_refused(struct dentry *dentry)
{
	struct subject s;
	int ret;

	if (BPF_CORE_READ(dentry, d_sb, s_magic) != BPF_FS_MAGIC)
		return 0;
	if (!confined(&s, &ret))
		return ret;
	for (int i = 0; i < PINS_DEPTH; i++) {
		__u32 inode = BPF_CORE_READ(dentry, d_inode, i_ino);

		if (is_own(RINGWALL_OWN_DIRECTORY, inode))
			return tamper_report(&s, RINGWALL_OWN_DIRECTORY, inode);
		dentry = BPF_CORE_READ(dentry, d_parent);
	}
	return allow(&s);
}

SEC("lsm/inode_unlink")
int BPF_PROG(ringwall_unpin, struct inode *dir, struct dentry *dentry)
{
	return pin_refused(dentry);
}

SEC("lsm/inode_rmdir")
int BPF_PROG(ringwall_unpin_dir, struct inode *dir, struct dentry *dentry)
{
	return pin_refused(dentry);
}

SEC("lsm/inode_rename")
int BPF_PROG(ringwall_repin, struct inode *old_dir, struct dentry *old_dentry, struct inode *new_dir,
	     struct dentry *new_dentry)
{
	int ret = pin_refused(old_dentry);

	return ret ? ret : pin_refused(new_dentry);
}

/* A class whose directory is there counts as loaded. */
SEC("lsm/inode_create")
int BPF_PROG(ringwall_plant, struct inode *dir, struct dentry *dentry)
{
	return pin_refused(dentry);
}

SEC("lsm/inode_mkdir")
int BPF_PROG(ringwall_plant_dir, struct inode *dir, struct dentry *dentry)
{
	return pin_refused(dentry);
}

SEC("lsm/inode_symlink")
int BPF_PROG(ringwall_plant_link, struct inode *dir, struct dentry *dentry)
{
	return pin_refused(dentry);
}

SEC("lsm/inode_link")
int BPF_PROG(ringwall_plant_name, struct dentry *old_dentry, struct inode *dir, struct dentry *new_dentry)
{
	int ret = pin_refused(old_dentry);

	return ret ? ret : pin_refused(new_dentry);
}

SEC("lsm/path_chmod")
int BPF_PROG(ringwall_pin_mode, const struct path *path)
{
	return pin_refused(path->dentry);
}

SEC("lsm/path_chown")
int BPF_PROG(ringwall_pin_owner, const struct path *path)
{
	return pin_refused(path->dentry);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
