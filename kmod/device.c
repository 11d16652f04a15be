// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pid_namespace.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "device.h"
#include "hook.h"
#include "program.h"
#include "uapi/ringwall.h"

/* All changes of programs and hooks. Outside of the kernel's own locks for kprobes, ftrace and its text. */
static DEFINE_MUTEX(changes);

/* Programs say who is in a container. Before there is one, or where a container has no mark, its pid namespace does. */
static int device_open(struct inode *inode, struct file *file)
{
	int err = capable(CAP_SYS_ADMIN) ? ringwall_programs_ask_device() : -EPERM;

	if (!err && task_active_pid_ns(current) != &init_pid_ns)
		err = -EPERM;
	return err;
}

static long version(void __user *arg)
{
	return put_user(RINGWALL_KMOD_VERSION, (u32 __user *)arg);
}

/* The caller's open file holds the module: no need to try. */
static long attach(void __user *arg)
{
	struct ringwall_kmod_program row;
	struct bpf_prog *prog;
	long ret;

	if (copy_from_user(&row, arg, sizeof(row)))
		return -EFAULT;
	if (ringwall_program_slot(row.abi) >= 0) /* first: it is how one asks, with no program at hand */
		return -EEXIST;
	prog = bpf_prog_get_type_dev(row.prog_fd, BPF_PROG_TYPE_KPROBE, false);
	if (IS_ERR(prog))
		return PTR_ERR(prog);
	ret = ringwall_program_check(prog);
	if (!ret)
		ret = ringwall_program_put(row.abi, prog);
	if (ret < 0) {
		bpf_prog_put(prog);
		return ret;
	}
	__module_get(THIS_MODULE);
	return 0;
}

static long detach(void __user *arg)
{
	int slot;
	u32 abi;

	if (get_user(abi, (u32 __user *)arg))
		return -EFAULT;
	slot = ringwall_program_slot(abi);
	if (slot < 0)
		return slot;
	ringwall_hooks_remove_all(slot);
	bpf_prog_put(ringwall_program_take(slot));
	module_put(THIS_MODULE);
	return 0;
}

/* All of one ABI; its slot is returned. */
static int rows_check(const struct ringwall_kmod_hook *rows, unsigned int count)
{
	unsigned int i;
	int err;

	for (i = 0; i < count; i++) {
		err = ringwall_hook_check(&rows[i]);
		if (err)
			return err;
		if (rows[i].abi != rows[0].abi)
			return -EINVAL;
	}
	return ringwall_program_slot(rows[0].abi);
}

static long hook(void __user *arg)
{
	struct ringwall_kmod_hook row;
	int slot;

	if (copy_from_user(&row, arg, sizeof(row)))
		return -EFAULT;
	slot = rows_check(&row, 1);
	return slot < 0 ? slot : ringwall_hooks_add(slot, &row, 1);
}

static long hooks(void __user *arg)
{
	struct ringwall_kmod_hooks list;
	struct ringwall_kmod_hook *rows;
	long ret;

	if (copy_from_user(&list, arg, sizeof(list)))
		return -EFAULT;
	if (!list.count || list.count > RINGWALL_KMOD_HOOKS_MAX || list.reserved)
		return -EINVAL;
	rows = vmemdup_user(u64_to_user_ptr(list.hooks), array_size(list.count, sizeof(*rows)));
	if (IS_ERR(rows))
		return PTR_ERR(rows);
	ret = rows_check(rows, list.count);
	if (ret >= 0)
		ret = ringwall_hooks_add(ret, rows, list.count);
	kvfree(rows);
	return ret;
}

static long unhook(void __user *arg)
{
	struct ringwall_kmod_hook row;
	int slot;

	if (copy_from_user(&row, arg, sizeof(row)))
		return -EFAULT;
	slot = rows_check(&row, 1);
	return slot < 0 ? slot : ringwall_hook_remove(slot, &row);
}

static const struct {
	unsigned int cmd;
	long (*run)(void __user *arg);
} commands[] = {
	{ RINGWALL_KMOD_IOC_VERSION, version },
	{ RINGWALL_KMOD_IOC_ATTACH, attach },
	{ RINGWALL_KMOD_IOC_DETACH, detach },
	{ RINGWALL_KMOD_IOC_HOOK, hook },
	{ RINGWALL_KMOD_IOC_UNHOOK, unhook },
	{ RINGWALL_KMOD_IOC_HOOKS, hooks },
};

/* Asked again: the file may have been opened before its user was confined. */
static long device_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	unsigned int i;
	long ret;

	ret = ringwall_programs_ask_device();
	if (ret)
		return ret;
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].cmd == cmd)
			break;
	if (i == ARRAY_SIZE(commands))
		return -ENOTTY;
	mutex_lock(&changes);
	ret = commands[i].run((void __user *)arg);
	mutex_unlock(&changes);
	return ret;
}

static const struct file_operations device_operations = {
	.owner = THIS_MODULE,
	.open = device_open,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ringwall",
	.mode = 0600,
	.fops = &device_operations,
};

int ringwall_device_register(void)
{
	return misc_register(&device);
}

void ringwall_device_unregister(void)
{
	misc_deregister(&device);
}
