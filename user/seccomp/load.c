// SPDX-License-Identifier: LGPL-2.1-or-later
#include "filter.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Apart from the compiler: the init program loads filters and knows nothing of libseccomp. */

int ringwall_filter_load(const struct ringwall_filter *f, int *ret_listener, struct ringwall_err *e)
{
	long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, f->flags, &f->prog);

	if (r < 0 && errno == EACCES)
		return ringwall_fail(e, -errno, "linux.seccomp: needs CAP_SYS_ADMIN or process.noNewPrivileges");
	if (r < 0)
		return ringwall_fail(e, -errno, "linux.seccomp: load %u instructions with flags %#x", f->prog.len, f->flags);
	if (r > 0 && !f->notify)
		return ringwall_fail_plain(e, -ESRCH, "linux.seccomp: thread %ld could not be synchronised", r);
	*ret_listener = f->notify ? (int)r : -1;
	return 0;
}
