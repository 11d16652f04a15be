/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef RINGWALL_BPF_PATH_REPORT_H
#define RINGWALL_BPF_PATH_REPORT_H

/* From a place to a hook's answer. Only what is refused comes to the functions that are not inline. */

#include "path.bpf.h"

#define MODE_NOACCOUNT (1U << 29) /* file.f_mode: opened by the kernel for itself */
#define SB_NOUSER (1UL << 31)	  /* super_block.s_flags: never mounted where somebody sees it */
#define MOUNT_INTERNAL (-22)	  /* mount.mnt_ns: MNT_NS_INTERNAL */
#define S_IFMT 0170000U
#define S_IFDIR 0040000U

/* What a new name may not add to what can be done with a file. Who may create or delete is said by the name alone. */
#define CONTENT_RIGHTS (RINGWALL_FILE_READ | RINGWALL_FILE_WRITE | RINGWALL_FILE_EXEC | RINGWALL_FILE_MAP)

/*
 * confined_by() - by @t, the current task's. Return: 1: @ret is filled in; 0: nothing is refused; else what the hook is
 * to answer.
 */
static __always_inline int confined_by(const struct ringwall_task *t, struct subject *ret, int setup)
{
	enum confinement is = subject_of_task(t, setup, ret);

	return is == LOST ? -EACCES : is == CONFINED;
}

static __always_inline int confined(struct subject *ret, int setup)
{
	return confined_by(bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), NULL, 0), ret, setup);
}

/* path_subject() - the same, for what only rules about paths decide. */
static __always_inline int path_subject(struct subject *ret)
{
	int go = confined(ret, 0);

	return go > 0 ? !!(ret->p->sets & PATH_SETS) : go;
}

/*
 * The mount is no process's: a pipe, a socket, a memfd; or a layer that an overlay opens a file on. What is opened
 * there has been asked about by the name it has in the overlay.
 */
static __always_inline int is_internal(const struct vfsmount *mnt)
{
	const void *m = (const void *)mnt - bpf_core_field_offset(struct mount, mnt);
	long ns = 0;

	bpf_probe_read_kernel(&ns, sizeof(ns), m + bpf_core_field_offset(struct mount, mnt_ns));
	return ns == MOUNT_INTERNAL;
}

/* refuse() - @what: RINGWALL_DO_* and the rights that are refused << 8. Return: what the hook is to answer. */
static __noinline int refuse(const struct subject *s, struct dentry *dentry, const struct place *p,
			     const struct vfsmount *mnt, __u32 what)
{
	__u32 refused = what >> 8 & RINGWALL_FILE_ALL;
	__u32 set = refused & (RINGWALL_FILE_EXEC | RINGWALL_FILE_MAP) ? RINGWALL_SET_EXEC : RINGWALL_SET_FILE;
	struct ringwall_event *ev;
	__u32 rule = what >> 16;

	if (!p->anchored && is_internal(mnt))
		return 0;
	ev = refusal_begin(s, set, rule ? rule : place_rule(p, refused), EACCES);
	if (ev) {
		event_task(ev);
		ev->what.object.op = what;
		ev->what.object.rights = refused;
		ev->what.object.device = p->device;
		ev->what.object.inode = p->inode;
		if (!p->anchored)
			ev->what.object.flags |= RINGWALL_OBJECT_UNANCHORED;
		event_path(ev, dentry, p->names);
	}
	return refusal_end(s, ev, set, EACCES);
}

/* judge() - @refused: of the rights that are wanted at @p, those that it lacks. Return: what the hook is to answer. */
static __always_inline int judge(const struct subject *s, __u32 op, const struct vfsmount *mnt, struct dentry *dentry,
				 const struct place *p, __u32 refused)
{
	if (!refused)
		return subject_still(s) ? 0 : -EACCES;
	return refuse(s, dentry, p, mnt, op | refused << 8);
}

static __always_inline int decide(const struct subject *s, __u32 op, const struct vfsmount *mnt, struct dentry *dentry,
				  __u32 rights)
{
	struct place p;

	locate(s, dentry, &p);
	return judge(s, op, mnt, dentry, &p, rights & p.refused);
}

static __always_inline int is_directory(const struct dentry *dentry)
{
	const struct inode *inode = dentry->d_inode;

	return inode && (inode->i_mode & S_IFMT) == S_IFDIR;
}

/* decide_fast() - decide() for what processes do all the time. */
static __always_inline int decide_fast(const struct subject *s, __u32 op, const struct vfsmount *mnt,
				       struct dentry *dentry, __u32 rights)
{
	return surely_allowed(s, dentry, rights) ? 0 : decide(s, op, mnt, dentry, rights);
}

/*
 * judge_move() - @old becomes @new. A directory takes with it what is below, whose names the rules may know: it stays
 * where it is if they do, and goes only to where nothing is allowed below that was refused.
 */
static __always_inline int judge_move(const struct subject *s, const struct vfsmount *mnt, struct dentry *old,
				      const struct place *from, struct dentry *new, const struct place *to)
{
	__u32 gained = from->refused & ~to->refused & CONTENT_RIGHTS;
	int err;

	err = judge(s, RINGWALL_DO_RENAME, mnt, old, from, from->refused & RINGWALL_FILE_DELETE);
	if (err)
		return err;
	err = judge(s, RINGWALL_DO_RENAME, mnt, new, to,
		    to->refused & (RINGWALL_FILE_CREATE | (new->d_inode ? RINGWALL_FILE_DELETE : 0)));
	if (err)
		return err;
	if (is_directory(old)) {
		__u32 under = from->under;

		if (under)
			return refuse(s, old, from, mnt, RINGWALL_DO_RENAME | RINGWALL_FILE_DELETE << 8 | under << 16);
		gained |= from->below & ~(to->under ? 0 : to->below);
	}
	return judge(s, RINGWALL_DO_RENAME, mnt, old, from, gained);
}

/* Executable without a name in any file system: a memfd, or what has been unlinked. */
static __always_inline int is_nameless(const struct file *file)
{
	return !file->f_inode->i_nlink || is_internal(file->f_path.mnt);
}

static __noinline int refuse_nameless(const struct subject *s, struct file *file, __u32 op)
{
	struct ringwall_event *ev = refusal_begin(s, RINGWALL_SET_KERNEL, RINGWALL_KERNEL_MEMFD_EXEC, EACCES);

	if (ev) {
		event_task(ev);
		ev->what.object.op = RINGWALL_DO_KERNEL;
		ev->what.object.arg[0] = RINGWALL_KERNEL_MEMFD_EXEC;
		ev->what.object.arg[1] = op;
		event_path(ev, file->f_path.dentry, 1);
	}
	return refusal_end(s, ev, RINGWALL_SET_KERNEL, EACCES);
}

/* decide_program() - @right: EXEC or MAP */
static __always_inline int decide_program(const struct subject *s, __u32 op, struct file *file, __u32 right)
{
	int err = 0;

	if ((s->p->kernel >> RINGWALL_KERNEL_MEMFD_EXEC & 1) && is_nameless(file))
		err = refuse_nameless(s, file, op);
	if (err || !(s->p->sets & PATH_SETS))
		return err;
	return decide_fast(s, op, file->f_path.mnt, file->f_path.dentry, right);
}

/*
 * Since 6.7 what an overlay has mapped is its file on the layer; what was opened lies behind it. (Before, the file on
 * the layer claimed to be that.)
 */
static __always_inline int decide_mapped(const struct subject *s, struct file *file)
{
	const struct path *path;

	if (!(file->f_mode & MODE_NOACCOUNT) || !bpf_core_field_exists(struct backing_file, user_path) ||
	    !is_internal(file->f_path.mnt))
		return decide_program(s, RINGWALL_DO_MAP, file, RINGWALL_FILE_MAP);
	if (!(s->p->sets & PATH_SETS))
		return 0;
	path = bpf_rdonly_cast((const void *)file + bpf_core_field_offset(struct backing_file, user_path),
			       bpf_core_type_id_kernel(struct path));
	return decide(s, RINGWALL_DO_MAP, path->mnt, path->dentry, RINGWALL_FILE_MAP);
}

#endif
