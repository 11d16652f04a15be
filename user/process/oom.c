// SPDX-License-Identifier: LGPL-2.1-or-later
#include "attr.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../lib/cleanup.h"

#define OOM_FILE "/proc/self/oom_score_adj"

int ringwall_oom_apply(const struct ringwall_process *p, struct ringwall_err *e)
{
	_cleanup_fd_ int fd = -1;
	struct statfs sf;
	char text[24];
	int n;

	if (!p->oom_score_adj.has)
		return 0;
	fd = open(OOM_FILE, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return ringwall_fail(e, -errno, "process.oomScoreAdj: open '%s'", OOM_FILE);
	if (fstatfs(fd, &sf))
		return ringwall_fail(e, -errno, "process.oomScoreAdj: fstatfs '%s'", OOM_FILE);
	/* A regular file mounted over it would swallow the write in silence (CVE-2025-52881). */
	if (sf.f_type != PROC_SUPER_MAGIC)
		return ringwall_fail_plain(e, -EXDEV, "process.oomScoreAdj: '%s' is not on procfs", OOM_FILE);
	n = snprintf(text, sizeof(text), "%" PRId64, p->oom_score_adj.v);
	if (write(fd, text, (size_t)n) < 0) {
		int err = errno;

		return ringwall_fail(e, -err, "process.oomScoreAdj: %s%s", text,
				     err == EACCES ? " (below the runtime's own value, without CAP_SYS_RESOURCE)" : "");
	}
	return 0;
}
