// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../mount/inroot.h"
#include "../process/attr.h"
#include "../process/channel.h"
#include "init.h"

static int make_cwd(const char *cwd)
{
	_cleanup_fd_ int root = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC), dir = -1;

	dir = root < 0 ? -errno : ringwall_inroot_make(root, cwd, S_IFDIR | 0755, false);
	return dir < 0 ? dir : 0;
}

/*
 * The working directory, made if the image lacks it (as runc, and so not for exec: a slip of its caller's would stay in
 * the container); with privilege, before they go. Once made it is entered by name, when the descriptors that it took are
 * closed again: "/proc/self/fd/4" could be one of them.
 */
static int enter_cwd(const char *cwd, bool make, struct ringwall_err *e)
{
	int r;

	if (!chdir(cwd))
		return 0;
	if (errno == EACCES)
		return -EACCES; /* perhaps the user may: tried again later */
	if (errno != ENOENT || !make)
		return ringwall_fail(e, -errno, "process.cwd: chdir '%s'", cwd);
	r = make_cwd(cwd);
	if (!r && chdir(cwd) < 0)
		r = -errno;
	return r < 0 ? ringwall_fail(e, r, "process.cwd: make '%s'", cwd) : 0;
}

/* A directory outside of the root, reached through a descriptor that the caller passed on, has no path inside it. */
static int verify_cwd(const char *cwd, struct ringwall_err *e)
{
	char buf[4096];

	/* A path too long to be told says nothing about where it begins. */
	if (syscall(SYS_getcwd, buf, sizeof(buf)) < 0)
		return ringwall_fail(e, -errno, "process.cwd: '%s'", cwd);
	if (buf[0] != '/')
		return ringwall_fail_plain(e, -EPERM, "process.cwd: '%s' is outside of the container's root", cwd);
	return 0;
}

static int load_policy_filter(const struct ringwall_init *in, struct ringwall_err *e)
{
	int none, r = in->policy_filter.prog.len ? ringwall_filter_load(&in->policy_filter, &none, e) : 0;

	return r < 0 ? ringwall_err_prepend(e, "the policy's syscalls") : 0;
}

/* A notification fd goes to the runtime, which passes it on to linux.seccomp.listenerPath. */
static int load_config_filter(const struct ringwall_init *in, struct ringwall_err *e)
{
	struct ringwall_msg m;
	int listener = -1, r = ringwall_filter_load(&in->filter, &listener, e);

	if (r < 0 || listener < 0)
		return r;
	r = ringwall_channel_send(in->channel, RINGWALL_MSG_LISTENER, listener, -1);
	if (r < 0)
		return ringwall_fail(e, r, "linux.seccomp: report the listener");
	r = ringwall_channel_expect(in->channel, RINGWALL_MSG_GO, &m, NULL, e);
	close(listener);
	return r;
}

/*
 * The policy's filter and linux.seccomp's: what either refuses is refused. Behind them it may be impossible to say anything,
 * so here, filter or not, is where exec is announced.
 */
static int load_filters(struct ringwall_init *in, struct ringwall_err *e)
{
	struct ringwall_msg m;
	int r;

	r = ringwall_channel_send(in->channel, RINGWALL_MSG_EXEC, 0, -1);
	if (r < 0)
		return ringwall_fail(e, r, "report to the runtime");
	/* The runtime marks this process, whose next execve is under the policy already, and begins to be confined by it. */
	if (in->confine) {
		r = ringwall_channel_expect(in->channel, RINGWALL_MSG_GO, &m, NULL, e);
		if (r < 0)
			return r;
	}
	if (!in->policy_filter_last)
		r = load_policy_filter(in, e);
	if (!r && in->has_filter)
		r = load_config_filter(in, e);
	if (!r && in->policy_filter_last)
		r = load_policy_filter(in, e);
	return r;
}

/* "HOME=" of @uid in the container's /etc/passwd, as runc gives it to a process that has none. */
static const char *home_find(uint32_t uid, char *buf, size_t size)
{
	static char home[512] = "HOME=/";
	_cleanup_fd_ int fd = openat(AT_FDCWD, "/etc/passwd", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *line, *save = NULL;
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	if (n <= 0)
		return home;
	buf[n] = '\0';
	for (line = strtok_r(buf, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *field[7], *p = line;
		size_t k;

		for (k = 0; k < 7 && p; k++)
			field[k] = strsep(&p, ":");
		if (k < 6 || !field[2][0] || strtoul(field[2], NULL, 10) != uid)
			continue;
		snprintf(home, sizeof(home), "HOME=%s", field[5]);
		break;
	}
	return home;
}

static bool has_home(const struct ringwall_process *p)
{
	for (size_t i = 0; i < p->env.n; i++)
		if (!strncmp(p->env.v[i], "HOME=", 5) && p->env.v[i][5])
			return true;
	return false;
}

/* The environment with HOME added; @ret has room for p->env.n + 2. */
static void add_home(const struct ringwall_process *p, const char **ret)
{
	char passwd[8192];
	size_t k = 0;

	for (size_t i = 0; i < p->env.n; i++)
		if (strncmp(p->env.v[i], "HOME=", 5))
			ret[k++] = p->env.v[i];
	ret[k++] = home_find(p->uid, passwd, sizeof(passwd));
	ret[k] = NULL;
}

/* On the stack: nothing here allocates. */
static int exec_program(struct ringwall_init *in, const char *file, struct ringwall_err *e)
{
	const struct ringwall_process *p = &in->config.process;
	const char *with_home[p->env.n + 2], *const *env = p->env.v;

	if (!has_home(p)) {
		add_home(p, with_home);
		env = with_home;
	}
	/* With noNewPrivileges as late as can be: the profile need not allow what comes before. */
	if (p->no_new_privileges && load_filters(in, e) < 0)
		return e->code;
	execve(file, (char *const *)p->args.v, (char *const *)env);
	return ringwall_fail(e, -errno, "exec: \"%s\"", p->args.v[0]);
}

/* Descriptors 3 … 2+N are the caller's gift to the container; all others close at exec. */
static int keep_fds(unsigned int n, struct ringwall_err *e)
{
	for (unsigned int fd = 3; fd < 3 + n; fd++)
		if (fcntl((int)fd, F_SETFD, 0) < 0)
			return ringwall_fail(e, -errno, "preserved file descriptor %u", fd);
	return 0;
}

/*
 * All but the gifts and the channel, which moves next to them: then one call closes what is above. Nothing is left to
 * exec from here on.
 */
static int close_rest(struct ringwall_init *in, struct ringwall_err *e)
{
	int fd = 3 + (int)in->preserve_fds;

	ringwall_spent_limit = 0;
	/* Above RLIMIT_NOFILE it stays where it is. */
	if (in->channel != fd && dup3(in->channel, fd, O_CLOEXEC) == fd)
		in->channel = fd;
	else if (fcntl(in->channel, F_SETFD, FD_CLOEXEC) < 0)
		return ringwall_fail(e, -errno, "close-on-exec");
	return ringwall_init_close_fds((unsigned int)fd, &in->channel, 1, e);
}

/* What needs the runtime's privileges and does not concern them. */
static int apply_limits(struct ringwall_init *in, struct ringwall_apply *a, struct ringwall_err *e)
{
	const struct ringwall_process *p = &in->config.process;
	int r;

	r = ringwall_rlimits_finish(p, ringwall_init_files(in), e);
	if (!r)
		r = ringwall_scheduler_apply(p, e);
	if (!r && in->config.memory_policy.set)
		r = ringwall_memory_policy_apply(&in->config.memory_policy, e);
	if (!r && in->config.has_personality)
		r = ringwall_personality_apply(&in->config, e);
	if (!r && (p->apparmor_profile || p->selinux_label))
		r = ringwall_labels_apply(p, a->proc_fd, e);
	return r;
}

/*
 * Exec made the saved ids equal to the effective ones, and nothing but ringwall_ns_become_root() has changed any since:
 * what the kernel told this program at its start still holds.
 */
static bool has_ids(const struct ringwall_init *in)
{
	const struct ringwall_process *p = &in->config.process;

	return !in->in_userns && getauxval(AT_UID) == p->uid && getauxval(AT_EUID) == p->uid &&
	       getauxval(AT_GID) == p->gid && getauxval(AT_EGID) == p->gid;
}

/*
 * From the runtime's credentials to the container's. Without noNewPrivileges a filter needs CAP_SYS_ADMIN, so it
 * goes on before; with it, as late as can be, so that the profile need not allow what comes here.
 */
static int apply_credentials(struct ringwall_init *in, struct ringwall_err *e)
{
	const struct ringwall_process *p = &in->config.process;
	int r;

	r = ringwall_bounding_drop(p, e);
	if (!r && !p->no_new_privileges)
		r = load_filters(in, e);
	if (!r)
		r = ringwall_user_apply(p, has_ids(in), e);
	if (!r)
		r = ringwall_caps_apply(p, e);
	if (!r && p->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = ringwall_fail(e, -errno, "process.noNewPrivileges");
	return r;
}

int ringwall_init_become(struct ringwall_init *in, struct ringwall_apply *a, const char *file, struct ringwall_err *e)
{
	const struct ringwall_process *p = &in->config.process;
	/* A container that was made here has just been entered by its root. */
	bool at_root = in->mode == RINGWALL_INIT_CREATE && !strcmp(p->cwd, "/");
	int entered, r;

	r = apply_limits(in, a, e);
	if (!r)
		r = close_rest(in, e); /* before any path of the container's */
	if (r < 0)
		return r;
	umask(0022); /* process.user.umask comes with the user */
	entered = at_root ? 0 : enter_cwd(p->cwd, in->mode == RINGWALL_INIT_CREATE, e);
	if (entered < 0 && entered != -EACCES)
		return entered;
	r = apply_credentials(in, e);
	if (r < 0)
		return r;
	if (entered < 0 && chdir(p->cwd) < 0)
		return ringwall_fail(e, -errno, "process.cwd: chdir '%s'", p->cwd);
	if (!at_root)
		r = verify_cwd(p->cwd, e);
	if (!r && in->mode == RINGWALL_INIT_CREATE)
		r = ringwall_init_hooks(in, RINGWALL_HOOK_START_CONTAINER, e);
	if (!r)
		r = keep_fds(in->preserve_fds, e);
	return r < 0 ? r : exec_program(in, file, e);
}
