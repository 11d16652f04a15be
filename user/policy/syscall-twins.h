/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_SYSCALL_TWINS_H
#define RINGWALL_POLICY_SYSCALL_TWINS_H

/*
 * What 32-bit programs have beside a system call to the same end, under a name of its own: who denies the one means the other as
 * well. For syscall-compile.c alone; the kernel's arch/x86/entry/syscalls/syscall_32.tbl is where they stand.
 */

#include <stdbool.h>

#define RINGWALL_TWINS_MAX 3

/**
 * struct ringwall_syscall_twin - @name: as policies deny it
 * @other: its twins whose arguments mean the same, so that comparisons hold for them as they are
 * @unlike: those whose do not: what denies @name with certain arguments denies them with all
 */
struct ringwall_syscall_twin {
	const char *name;
	const char *other[RINGWALL_TWINS_MAX], *unlike[RINGWALL_TWINS_MAX];
};

static const struct ringwall_syscall_twin ringwall_twins[] = {
	{ "chown", { "chown32" }, { 0 } },
	{ "clock_adjtime", { "clock_adjtime64" }, { 0 } },
	{ "clock_getres", { "clock_getres_time64" }, { 0 } },
	{ "clock_gettime", { "clock_gettime64" }, { 0 } },
	{ "clock_nanosleep", { "clock_nanosleep_time64" }, { 0 } },
	{ "clock_settime", { "clock_settime64" }, { "stime" } },
	{ "fadvise64", { 0 }, { "fadvise64_64" } },
	{ "fchown", { "fchown32" }, { 0 } },
	{ "fstat", { "fstat64", "oldfstat" }, { 0 } },
	{ "fstatfs", { 0 }, { "fstatfs64" } },
	{ "ftruncate", { 0 }, { "ftruncate64" } },
	{ "futex", { "futex_time64" }, { 0 } },
	{ "getdents", { 0 }, { "readdir" } },
	{ "getgroups", { "getgroups32" }, { 0 } },
	{ "getresgid", { "getresgid32" }, { 0 } },
	{ "getresuid", { "getresuid32" }, { 0 } },
	{ "getrlimit", { "ugetrlimit" }, { 0 } },
	{ "io_pgetevents", { "io_pgetevents_time64" }, { 0 } },
	{ "lchown", { "lchown32" }, { 0 } },
	{ "lseek", { 0 }, { "_llseek" } },
	{ "lstat", { "lstat64", "oldlstat" }, { 0 } },
	{ "mmap", { "mmap2" }, { "old_mmap" } },
	{ "mq_timedreceive", { "mq_timedreceive_time64" }, { 0 } },
	{ "mq_timedsend", { "mq_timedsend_time64" }, { 0 } },
	{ "newfstatat", { "fstatat64" }, { 0 } },
	{ "ppoll", { "ppoll_time64" }, { 0 } },
	{ "pselect6", { "pselect6_time64" }, { 0 } },
	{ "recvmmsg", { "recvmmsg_time64" }, { 0 } },
	{ "rt_sigaction", { "sigaction" }, { "signal" } },
	{ "rt_sigpending", { "sigpending" }, { 0 } },
	{ "rt_sigprocmask", { "sigprocmask" }, { "sgetmask", "ssetmask" } },
	{ "rt_sigreturn", { "sigreturn" }, { 0 } },
	{ "rt_sigsuspend", { 0 }, { "sigsuspend" } },
	{ "rt_sigtimedwait", { "rt_sigtimedwait_time64" }, { 0 } },
	{ "sched_rr_get_interval", { "sched_rr_get_interval_time64" }, { 0 } },
	{ "select", { "_newselect" }, { "old_select" } },
	{ "semtimedop", { "semtimedop_time64" }, { 0 } },
	{ "sendfile", { "sendfile64" }, { 0 } },
	{ "setfsgid", { "setfsgid32" }, { 0 } },
	{ "setfsuid", { "setfsuid32" }, { 0 } },
	{ "setgid", { "setgid32" }, { 0 } },
	{ "setgroups", { "setgroups32" }, { 0 } },
	{ "setpriority", { 0 }, { "nice" } },
	{ "setregid", { "setregid32" }, { 0 } },
	{ "setresgid", { "setresgid32" }, { 0 } },
	{ "setresuid", { "setresuid32" }, { 0 } },
	{ "setreuid", { "setreuid32" }, { 0 } },
	{ "settimeofday", { 0 }, { "stime" } },
	{ "setuid", { "setuid32" }, { 0 } },
	{ "stat", { "stat64", "oldstat" }, { 0 } },
	{ "statfs", { 0 }, { "statfs64" } },
	{ "timer_gettime", { "timer_gettime64" }, { 0 } },
	{ "timer_settime", { "timer_settime64" }, { 0 } },
	{ "timerfd_gettime", { "timerfd_gettime64" }, { 0 } },
	{ "timerfd_settime", { "timerfd_settime64" }, { 0 } },
	{ "truncate", { 0 }, { "truncate64" } },
	{ "umount2", { 0 }, { "umount" } },
	{ "uname", { "olduname", "oldolduname" }, { 0 } },
	{ "utimensat", { "utimensat_time64" }, { 0 } },
	{ "wait4", { "waitpid" }, { 0 } },
};

#endif
