// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Class file: files and programs by their path (RINGWALL_SET_FILE, RINGWALL_SET_EXEC). What is refused is refused with
 * EACCES.
 *
 * lsm/file_open		ringwall_file_open	read and write; also what /proc/PID/fd and handles open anew
 * lsm/file_receive		ringwall_file_receive	the same for a descriptor that another process sends
 * lsm/unix_stream_connect	ringwall_path_connect	write, to the socket file
 * lsm/unix_may_send		ringwall_path_send	likewise
 * lsm/path_truncate		ringwall_path_truncate	write
 * lsm/file_truncate		ringwall_file_truncate	the same by descriptor; since 6.2, before that it was path_truncate
 * lsm/path_chmod		ringwall_path_chmod	write
 * lsm/path_chown		ringwall_path_chown	write
 * lsm/path_mknod		ringwall_path_mknod	create: files too
 * lsm/path_mkdir		ringwall_path_mkdir	create
 * lsm/path_symlink		ringwall_path_symlink	create
 * lsm/path_link		ringwall_path_link	create, where the new name gives no right that the old one does not
 * lsm/path_rename		ringwall_path_rename	delete and create, the same, and of directories without rules below
 * lsm/path_unlink		ringwall_path_unlink	delete
 * lsm/path_rmdir		ringwall_path_rmdir	delete
 * lsm/bprm_check_security	ringwall_exec		execute; once more for the interpreter of a script
 * lsm/mmap_file		ringwall_mmap		map executable
 * lsm/file_mprotect		ringwall_mprotect	the same, afterwards
 */
#include "path-report.bpf.h"

#define MODE_READ 1U	       /* file.f_mode */
#define MODE_WRITE 2U	       /* file.f_mode */
#define FLAG_ACCESS 3U	       /* file.f_flags: O_ACCMODE */
#define FLAG_EXEC 0x20U	       /* file.f_flags: opened by execve; user space cannot set it */
#define FLAG_TMPFILE 0x400000U /* file.f_flags: __O_TMPFILE */

#define PROT_READ 1U
#define PROT_EXEC 4U
#define VM_EXEC 4U
#define READ_IMPLIES_EXEC 0x400000U /* task_struct.personality */

_Static_assert(MODE_READ == RINGWALL_FILE_READ && MODE_WRITE == RINGWALL_FILE_WRITE, "as the kernel has them");

static __noinline int open_confined(struct file *file, const struct ringwall_task *t)
{
	struct subject s;
	__u32 rights;
	int go = confined_by(t, &s, 0);

	if (go <= 0)
		return go;
	if (!(s.p->sets & PATH_SETS) ||
	    (file->f_flags & FLAG_EXEC)) /* a program need not be readable: ringwall_exec decides */
		return 0;
	rights = file->f_mode & (MODE_READ | MODE_WRITE);
	if ((file->f_flags & FLAG_ACCESS) == FLAG_ACCESS) /* open(path, 3): for ioctl alone, which can be either */
		rights = MODE_READ | MODE_WRITE;
	if (file->f_flags & FLAG_TMPFILE)
		rights |= RINGWALL_FILE_CREATE;
	return decide_fast(&s, RINGWALL_DO_OPEN, file->f_path.mnt, file->f_path.dentry, rights);
}

/* The processes of the host come by here as well: they pay for as little as can be. */
SEC("lsm/file_open")
int BPF_PROG(ringwall_file_open, struct file *file)
{
	struct ringwall_task *t = bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), NULL, 0);

	return t ? open_confined(file, t) : 0;
}

SEC("lsm/file_receive")
int BPF_PROG(ringwall_file_receive, struct file *file)
{
	__u32 rights = file->f_mode & (MODE_READ | MODE_WRITE);
	struct subject s;
	int go = path_subject(&s);

	return go <= 0 ? go : decide(&s, RINGWALL_DO_OPEN, file->f_path.mnt, file->f_path.dentry, rights);
}

/* A socket that was bound to a name is a file, and talking to it is writing. One that has no name has no dentry. */
static __always_inline int socket_asks(struct sock *other)
{
	struct unix_sock *u;
	struct dentry *dentry;
	struct subject s;
	int go = path_subject(&s);

	if (go <= 0)
		return go;
	u = bpf_skc_to_unix_sock(other);
	dentry = u ? u->path.dentry : NULL;
	return dentry ? decide(&s, RINGWALL_DO_OPEN, u->path.mnt, dentry, RINGWALL_FILE_WRITE) : 0;
}

SEC("lsm/unix_stream_connect")
int BPF_PROG(ringwall_path_connect, struct sock *sock, struct sock *other, struct sock *newsk)
{
	return socket_asks(other);
}

SEC("lsm/unix_may_send")
int BPF_PROG(ringwall_path_send, struct socket *sock, struct socket *other)
{
	struct sock *sk = other->sk;

	return sk ? socket_asks(sk) : 0;
}

/* Hooks that ask about one path. */
#define ASK(mnt, dentry, op, rights)                                                                                   \
	struct subject s;                                                                                              \
	int go = path_subject(&s);                                                                                     \
	return go <= 0 ? go : decide(&s, op, mnt, dentry, rights)

SEC("lsm/path_truncate")
int BPF_PROG(ringwall_path_truncate, const struct path *path)
{
	ASK(path->mnt, path->dentry, RINGWALL_DO_CHANGE, RINGWALL_FILE_WRITE);
}

SEC("lsm/file_truncate")
int BPF_PROG(ringwall_file_truncate, struct file *file)
{
	ASK(file->f_path.mnt, file->f_path.dentry, RINGWALL_DO_CHANGE, RINGWALL_FILE_WRITE);
}

SEC("lsm/path_chmod")
int BPF_PROG(ringwall_path_chmod, const struct path *path)
{
	ASK(path->mnt, path->dentry, RINGWALL_DO_CHANGE, RINGWALL_FILE_WRITE);
}

SEC("lsm/path_chown")
int BPF_PROG(ringwall_path_chown, const struct path *path)
{
	ASK(path->mnt, path->dentry, RINGWALL_DO_CHANGE, RINGWALL_FILE_WRITE);
}

SEC("lsm/path_mknod")
int BPF_PROG(ringwall_path_mknod, const struct path *dir, struct dentry *dentry)
{
	ASK(dir->mnt, dentry, RINGWALL_DO_CREATE, RINGWALL_FILE_CREATE);
}

SEC("lsm/path_mkdir")
int BPF_PROG(ringwall_path_mkdir, const struct path *dir, struct dentry *dentry)
{
	ASK(dir->mnt, dentry, RINGWALL_DO_CREATE, RINGWALL_FILE_CREATE);
}

SEC("lsm/path_symlink")
int BPF_PROG(ringwall_path_symlink, const struct path *dir, struct dentry *dentry)
{
	ASK(dir->mnt, dentry, RINGWALL_DO_CREATE, RINGWALL_FILE_CREATE);
}

SEC("lsm/path_unlink")
int BPF_PROG(ringwall_path_unlink, const struct path *dir, struct dentry *dentry)
{
	ASK(dir->mnt, dentry, RINGWALL_DO_DELETE, RINGWALL_FILE_DELETE);
}

SEC("lsm/path_rmdir")
int BPF_PROG(ringwall_path_rmdir, const struct path *dir, struct dentry *dentry)
{
	ASK(dir->mnt, dentry, RINGWALL_DO_DELETE, RINGWALL_FILE_DELETE);
}

SEC("lsm/path_link")
int BPF_PROG(ringwall_path_link, struct dentry *old, const struct path *dir, struct dentry *new)
{
	struct place from, to;
	struct subject s;
	int go = path_subject(&s);

	if (go <= 0)
		return go;
	locate(&s, old, &from);
	locate(&s, new, &to);
	go = judge(&s, RINGWALL_DO_LINK, dir->mnt, new, &to, to.refused & RINGWALL_FILE_CREATE);
	return go ? go : judge(&s, RINGWALL_DO_LINK, dir->mnt, old, &from, from.refused & ~to.refused & CONTENT_RIGHTS);
}

#define RENAME_EXCHANGE 2U

SEC("lsm/path_rename")
int BPF_PROG(ringwall_path_rename, const struct path *old_dir, struct dentry *old, const struct path *new_dir,
	     struct dentry *new, unsigned int flags)
{
	struct place from, to;
	struct subject s;
	int go = path_subject(&s);

	if (go <= 0)
		return go;
	locate(&s, old, &from);
	locate(&s, new, &to);
	go = judge_move(&s, old_dir->mnt, old, &from, new, &to);
	if (!go && (flags & RENAME_EXCHANGE))
		go = judge_move(&s, old_dir->mnt, new, &to, old, &from);
	return go;
}

SEC("lsm/bprm_check_security")
int BPF_PROG(ringwall_exec, struct linux_binprm *bprm)
{
	struct file *file = bprm->file;
	struct subject s;
	int go = confined(&s, 1); /* the container's first program as well */

	return go <= 0 ? go : decide_program(&s, RINGWALL_DO_EXEC, file, RINGWALL_FILE_EXEC);
}

/*
 * Where BPF is not among the active LSMs, this has security_mmap_file()'s arguments, which lack @prot; so it must find
 * out itself whether the process has what is readable made executable.
 */
SEC("lsm/mmap_file")
int BPF_PROG(ringwall_mmap, struct file *file, unsigned long reqprot)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct subject s;
	int go;

	if (!file || !(reqprot & PROT_EXEC || (reqprot & PROT_READ && task->personality & READ_IMPLIES_EXEC)))
		return 0;
	go = confined(&s, 0);
	/* What execve maps itself is the program that ringwall_exec has let pass. */
	if (go > 0 && BPF_CORE_READ_BITFIELD(task, in_execve) && file == task->mm->exe_file)
		return 0;
	if (go <= 0)
		return go;
	return decide_program(&s, RINGWALL_DO_MAP, file, RINGWALL_FILE_MAP);
}

SEC("lsm/file_mprotect")
int BPF_PROG(ringwall_mprotect, struct vm_area_struct *vma, unsigned long reqprot, unsigned long prot)
{
	struct file *file = vma->vm_file;
	struct subject s;
	int go;

	if (!file || !(prot & PROT_EXEC) || (vma->vm_flags & VM_EXEC))
		return 0;
	go = confined(&s, 0);
	return go <= 0 ? go : decide_mapped(&s, file);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
