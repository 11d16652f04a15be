// SPDX-License-Identifier: LGPL-2.1-or-later
#include "attr.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * glibc's setgroups/setresgid/setresuid broadcast to every thread it believes in; the caller is a fresh clone
 * with one, whose idea of its threads is the parent's. Hence system calls as they are.
 */

/*
 * setgroups(2) answers EPERM in two cases: no CAP_SETGID, or /proc/self/setgroups of the user namespace says
 * "deny" (user_namespaces(7)), which is what rootless containers have to live with. /proc may be gone already,
 * so the first case is told from the second by looking for the capability.
 */
static bool groups_denied(void)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];

	return !syscall(SYS_capget, &h, d) && (d[0].effective & 1U << CAP_SETGID);
}

static int groups_set(const struct ringwall_process *p, struct ringwall_err *e)
{
	int err;

	/* Also with none asked for: the runtime's own supplementary groups must not stay. */
	if (!syscall(SYS_setgroups, p->n_additional_gids, p->additional_gids))
		return 0;
	err = errno;
	if (err == EPERM && !p->n_additional_gids && groups_denied())
		return 0;
	return ringwall_fail(e, -err, "process.user.additionalGids: setgroups of %zu%s", p->n_additional_gids,
			     err == EINVAL ? " (not all are mapped in the user namespace)" : "");
}

static int ids_set(const struct ringwall_process *p, struct ringwall_err *e)
{
	if (syscall(SYS_setresgid, p->gid, p->gid, p->gid))
		return ringwall_fail(e, -errno, "process.user.gid: setresgid %u%s", p->gid,
				     errno == EINVAL ? " (not mapped in the user namespace)" : "");
	/* Leaving uid 0 clears the permitted set otherwise (capabilities(7)); exec clears the flag again. */
	if (p->uid && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))
		return ringwall_fail(e, -errno, "process.user: PR_SET_KEEPCAPS");
	if (syscall(SYS_setresuid, p->uid, p->uid, p->uid))
		return ringwall_fail(e, -errno, "process.user.uid: setresuid %u%s", p->uid,
				     errno == EINVAL ? " (not mapped in the user namespace)" : "");
	return 0;
}

int ringwall_user_apply(const struct ringwall_process *p, bool have_ids, struct ringwall_err *e)
{
	int r = groups_set(p, e);

	if (!r && !have_ids)
		r = ids_set(p, e);
	if (!r && p->has_umask)
		umask(p->umask & 07777);
	return r;
}
