// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The container's cgroup as a transient scope of systemd. A scope begins with a process and ends with its last
 * one; a placeholder holds it open until the container's init has been cloned into its cgroup.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "dbus.h"
#include "internal.h"
#include "unit-props.h"

/* As runc. Stopping is up to systemd's TimeoutStopSec, but by then the container's processes were killed already. */
#define JOB_TIMEOUT_MS 30000
#define CALL_TIMEOUT_MS 25000

#define MANAGER_IFACE "org.freedesktop.systemd1.Manager"

/* A conversation with systemd about one unit. */
struct session {
	struct ringwall_dbus bus;
	const char *unit;
	/* The last JobRemoved for the unit. It may come before the reply that tells which job it is to be. */
	char job[128], result[32], sender[64];
};

static struct ringwall_dbus_call manager_call(const char *member, const char *signature)
{
	return (struct ringwall_dbus_call){
		"org.freedesktop.systemd1", "/org/freedesktop/systemd1", MANAGER_IFACE, member, signature, false
	};
}

static void on_signal(void *data, const struct ringwall_dbus_message *m)
{
	struct ringwall_dbus_in in = m->body;
	struct session *s = data;
	const char *job, *unit, *result;

	if (strcmp(m->interface, MANAGER_IFACE) || strcmp(m->member, "JobRemoved") || strcmp(m->signature, "uoss"))
		return;
	(void)ringwall_dbus_get_u32(&in);
	job = ringwall_dbus_get_str(&in);
	unit = ringwall_dbus_get_str(&in);
	result = ringwall_dbus_get_str(&in);
	if (in.failed || strcmp(unit, s->unit))
		return;
	snprintf(s->job, sizeof(s->job), "%s", job);
	snprintf(s->result, sizeof(s->result), "%s", result);
	snprintf(s->sender, sizeof(s->sender), "%s", m->sender);
}

static int find_address(bool rootless, char *buf, size_t size, const char **ret, struct ringwall_err *e)
{
	const char *dir, *address = secure_getenv(rootless ? "DBUS_SESSION_BUS_ADDRESS" : "DBUS_SYSTEM_BUS_ADDRESS");

	if (address && *address) {
		*ret = address;
	} else if (!rootless) {
		*ret = "unix:path=/run/dbus/system_bus_socket";
	} else {
		dir = secure_getenv("XDG_RUNTIME_DIR");
		if (!dir || !*dir)
			return ringwall_fail_plain(
				e, -ENOENT,
				"systemd: neither DBUS_SESSION_BUS_ADDRESS nor XDG_RUNTIME_DIR is set, "
				"so the user's systemd cannot be found; log in by a session, or loginctl enable-linger");
		snprintf(buf, size, "unix:path=%s/bus", dir);
		*ret = buf;
	}
	return 0;
}

static int session_open(struct session *s, bool rootless, const char *unit, bool jobs, struct ringwall_err *e)
{
	static const struct ringwall_dbus_call add_match = {
		"org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch", "s", true
	};
	struct ringwall_dbus_call subscribe = manager_call("Subscribe", NULL);
	struct ringwall_dbus_out body = { 0 };
	char buf[PATH_MAX];
	const char *address = NULL;
	int r = find_address(rootless, buf, sizeof(buf), &address, e);

	if (r == 0)
		r = ringwall_dbus_open(&s->bus, address, e);
	if (r < 0)
		return ringwall_err_prepend(e, "systemd");
	s->unit = unit;
	s->job[0] = s->result[0] = s->sender[0] = '\0';
	s->bus.signal = on_signal;
	s->bus.data = s;
	if (jobs) {
		ringwall_dbus_put_str(
			&body, "type='signal',sender='org.freedesktop.systemd1',path='/org/freedesktop/systemd1',"
			       "interface='" MANAGER_IFACE "',member='JobRemoved'");
		ringwall_dbus_post(&s->bus, &add_match, &body);
		ringwall_dbus_out_free(&body);
		subscribe.no_reply = true;
		ringwall_dbus_post(&s->bus, &subscribe, NULL);
	}
	return 0;
}

static void session_close(struct session *s)
{
	ringwall_dbus_close(&s->bus);
}

/* Call a method of the manager; @body is freed. */
static int manager(struct session *s, const char *member, const char *signature, struct ringwall_dbus_out *body,
		   struct ringwall_dbus_message *ret, struct ringwall_err *e)
{
	struct ringwall_dbus_call call = manager_call(member, signature);
	uint32_t serial = ringwall_dbus_post(&s->bus, &call, body);
	int r = serial ? ringwall_dbus_wait(&s->bus, serial, CALL_TIMEOUT_MS, ret, e) : -ENOMEM;

	ringwall_dbus_out_free(body);
	if (!serial)
		return ringwall_fail(e, r, "systemd: %s", member);
	return r < 0 ? ringwall_err_prepend(e, "systemd: %s %s", member, s->unit) : 0;
}

/* Run the job that @member starts to its end. @ret_done: whether its result was "done". */
static int manager_job(struct session *s, const char *member, const char *signature, struct ringwall_dbus_out *body,
		       bool *ret_done, struct ringwall_err *e)
{
	struct ringwall_dbus_message m;
	char job[sizeof(s->job)], sender[sizeof(s->sender)];
	time_t end = time(NULL) + JOB_TIMEOUT_MS / 1000;
	int r = manager(s, member, signature, body, &m, e);

	if (r < 0)
		return r;
	snprintf(job, sizeof(job), "%s", ringwall_dbus_get_str(&m.body));
	snprintf(sender, sizeof(sender), "%s", m.sender);
	/* Anybody on the bus may send us a signal; only the one who answered the call knows about the job. */
	while (strcmp(s->job, job) || strcmp(s->sender, sender)) {
		/* Other units' jobs come by as well, so each wait is short of the whole. */
		r = time(NULL) < end ? ringwall_dbus_wait(&s->bus, 0, JOB_TIMEOUT_MS, NULL, e)
				     : ringwall_fail(e, -ETIMEDOUT, "D-Bus");
		if (r < 0)
			return ringwall_err_prepend(e, "systemd: %s %s: wait for the job", member, s->unit);
	}
	*ret_done = !strcmp(s->result, "done");
	return 0;
}

static void reset_failed(struct session *s)
{
	struct ringwall_dbus_out body = { 0 };

	ringwall_dbus_put_str(&body, s->unit);
	(void)manager(s, "ResetFailedUnit", "s", &body, NULL, NULL);
}

/*
 * Forked without glibc's knowledge, so that no atfork handler runs and no lock matters: all it does is a few system
 * calls. No exit signal: the caller's SIGCHLD and wait() never see it.
 */
static int placeholder_start(pid_t *ret, struct ringwall_err *e)
{
	pid_t parent = getpid();
	long pid = syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);

	if (pid < 0)
		return ringwall_fail(e, -errno, "systemd: start the scope's placeholder");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* The parent may have died before that. */
		if (syscall(SYS_getppid) == parent && syscall(SYS_close_range, 0, ~0u, 0) == 0)
			for (;;)
				pause();
		_exit(1);
	}
	*ret = (pid_t)pid;
	return 0;
}

void ringwall_systemd_placed(struct ringwall_cgroup *cg)
{
	kill(cg->placeholder, SIGKILL);
	while (waitpid(cg->placeholder, NULL, __WCLONE) < 0 && errno == EINTR)
		;
	cg->placeholder = 0;
}

/* What StartTransientUnit takes: name, mode, properties, and auxiliary units, of which there are none. */
static int put_unit(struct ringwall_dbus_out *body, const struct ringwall_cgroup *cg, const struct ringwall_config *c,
		    const struct ringwall_cgroup_unit *unit, const char *id, bool plain, struct ringwall_err *e)
{
	char description[256];
	size_t props;
	int r = 0;

	snprintf(description, sizeof(description), "ringwall container %s", id);
	ringwall_dbus_put_str(body, unit->name);
	ringwall_dbus_put_str(body, "replace");
	props = ringwall_dbus_put_array(body, 8);
	ringwall_unit_put_str(body, "Description", description);
	ringwall_unit_put_str(body, "Slice", unit->slice);
	ringwall_unit_put_bool(body, "Delegate", true);
	ringwall_unit_put_bool(body, "DefaultDependencies", false);
	ringwall_unit_put_pids(body, cg->placeholder);
	ringwall_unit_put_bool(body, "MemoryAccounting", true);
	ringwall_unit_put_bool(body, "CPUAccounting", true);
	ringwall_unit_put_bool(body, "IOAccounting", true);
	ringwall_unit_put_bool(body, "TasksAccounting", true);
	if (c->resources.set) {
		ringwall_unit_put_oom_policy(body, &c->resources);
		r = ringwall_unit_put_resources(body, cg, &c->resources, plain, e);
	}
	if (r == 0)
		r = ringwall_unit_put_annotations(body, &c->annotations, e);
	ringwall_dbus_put_end(body, props, 8);
	props = ringwall_dbus_put_array(body, 8);
	ringwall_dbus_put_end(body, props, 8);
	return r;
}

static int start_unit(struct session *s, const struct ringwall_cgroup *cg, const struct ringwall_config *c,
		      const struct ringwall_cgroup_unit *unit, const char *id, struct ringwall_err *e)
{
	bool plain = false, reset = false, done;
	int r;

	for (;;) {
		struct ringwall_dbus_out body = { 0 };

		r = put_unit(&body, cg, c, unit, id, plain, e);
		if (r < 0) {
			ringwall_dbus_out_free(&body);
			return r;
		}
		r = manager_job(s, "StartTransientUnit", "ssa(sv)a(sa(sv))", &body, &done, e);
		if (r == 0)
			break;
		if (r == -EEXIST && !reset) {
			/* A failed unit of that name is left over: systemd keeps those until somebody has seen them. */
			reset_failed(s);
			reset = true;
		} else if (r == -EROFS && !plain) {
			/* An older systemd, that has not all the properties. The cgroup's files get the values anyway. */
			plain = true;
		} else {
			return r;
		}
	}
	if (done)
		return 0;
	r = ringwall_fail_plain(e, -EIO, "systemd: start %s: the job's result is '%s', see: systemctl status %s",
				s->unit, s->result, s->unit);
	reset_failed(s);
	return r;
}

/* Objects of units have their name as the last element, with all but letters and digits as _xx. */
static void unit_object(const char *unit, char *ret, size_t size)
{
	size_t n = (size_t)snprintf(ret, size, "/org/freedesktop/systemd1/unit/");

	for (const char *p = unit; *p && n + 4 < size; p++) {
		bool plain =
			(*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9' && p > unit);

		n += (size_t)snprintf(ret + n, size - n, plain ? "%c" : "_%02x", (unsigned char)*p);
	}
}

/* Where the scope is, in systemd's own words. */
static int ask_path(struct session *s, char *ret, size_t size, struct ringwall_err *e)
{
	char object[1024];
	struct ringwall_dbus_call call = {
		"org.freedesktop.systemd1", object, "org.freedesktop.DBus.Properties", "Get", "ss", false
	};
	struct ringwall_dbus_out body = { 0 };
	struct ringwall_dbus_message m;
	uint32_t serial;
	int r;

	unit_object(s->unit, object, sizeof(object));
	ringwall_dbus_put_str(&body, "org.freedesktop.systemd1.Scope");
	ringwall_dbus_put_str(&body, "ControlGroup");
	serial = ringwall_dbus_post(&s->bus, &call, &body);
	ringwall_dbus_out_free(&body);
	r = serial ? ringwall_dbus_wait(&s->bus, serial, CALL_TIMEOUT_MS, &m, e) : -ENOMEM;
	if (r < 0)
		return ringwall_err_prepend(e, "systemd: ControlGroup of %s", s->unit);
	if (strcmp(m.signature, "v") || strcmp(ringwall_dbus_get_sig(&m.body), "s"))
		return ringwall_fail(e, -EPROTO, "systemd: ControlGroup of %s", s->unit);
	r = ringwall_cgroup_path_clean(ringwall_dbus_get_str(&m.body), ret, size);
	if (r == 0 && !*ret)
		r = -ENOENT;
	return r < 0 ? ringwall_fail(e, r, "systemd: ControlGroup of %s", s->unit) : 0;
}

/* For root the path follows from the names; under a user's systemd, or in a container with one, it has to be asked. */
static int open_scope(struct session *s, struct ringwall_cgroup *cg, const struct ringwall_cgroup_unit *unit,
		      const char *mount, struct ringwall_err *e)
{
	char full[PATH_MAX + 256], slice[PATH_MAX];
	int r = ringwall_cgroup_slice_expand(unit->slice, slice, sizeof(slice));

	if (r == 0 && !cg->rootless &&
	    snprintf(cg->path, sizeof(cg->path), "%s/%s", slice, unit->name) < (int)sizeof(cg->path)) {
		snprintf(full, sizeof(full), "%s%s", mount, cg->path);
		cg->fd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (cg->fd >= 0)
			return 0;
	}
	r = ask_path(s, cg->path, sizeof(cg->path), e);
	if (r < 0)
		return r;
	snprintf(full, sizeof(full), "%s%s", mount, cg->path);
	cg->fd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return cg->fd < 0 ? ringwall_fail(e, -errno, "systemd: open the cgroup of %s, '%s'", s->unit, full) : 0;
}

int ringwall_systemd_create(struct ringwall_cgroup *cg, const struct ringwall_config *c, const char *mount,
			    const char *id, struct ringwall_err *e)
{
	struct ringwall_cgroup_unit unit;
	struct session s;
	int r;

	r = ringwall_cgroup_unit_parse(c->cgroups_path, id, cg->rootless, &unit, e);
	if (r < 0)
		return r;
	strcpy(cg->scope, unit.name);
	r = session_open(&s, cg->rootless, cg->scope, true, e);
	if (r < 0)
		return r;
	r = placeholder_start(&cg->placeholder, e);
	if (r == 0)
		r = start_unit(&s, cg, c, &unit, id, e);
	if (r == 0)
		r = open_scope(&s, cg, &unit, mount, e);
	session_close(&s);
	if (r == 0) {
		ringwall_cgroupfs_enable(cg, mount, ringwall_resources_controllers(&c->resources));
		cg->fresh = true;
	} else if (cg->placeholder) {
		/* With the last process in it, the scope goes as well. */
		ringwall_systemd_placed(cg);
	}
	return r;
}

int ringwall_systemd_update(struct ringwall_cgroup *cg, const struct ringwall_resources *r, struct ringwall_err *e)
{
	struct session s;
	int ret;

	ret = session_open(&s, cg->rootless, cg->scope, false, e);
	if (ret < 0)
		return ret;
	for (int plain = 0; plain < 2; plain++) {
		struct ringwall_dbus_out body = { 0 };
		size_t props, before;

		ringwall_dbus_put_str(&body, cg->scope);
		ringwall_dbus_put_u32(&body, true); /* --runtime: not to be written to disk */
		props = ringwall_dbus_put_array(&body, 8);
		before = body.len;
		ret = ringwall_unit_put_resources(&body, cg, r, plain, e);
		ringwall_dbus_put_end(&body, props, 8);
		if (ret < 0 || body.len == before) {
			ringwall_dbus_out_free(&body);
			break;
		}
		ret = manager(&s, "SetUnitProperties", "sba(sv)", &body, NULL, e);
		if (ret != -EROFS)
			break;
	}
	session_close(&s);
	return ret;
}

int ringwall_systemd_attach(struct ringwall_cgroup *cg, pid_t pid, struct ringwall_err *e)
{
	struct ringwall_dbus_out body = { 0 };
	struct session s;
	size_t pids;
	int r;

	r = session_open(&s, cg->rootless, cg->scope, false, e);
	if (r < 0)
		return r;
	ringwall_dbus_put_str(&body, cg->scope);
	ringwall_dbus_put_str(&body, ""); /* the unit's own cgroup */
	pids = ringwall_dbus_put_array(&body, 4);
	ringwall_dbus_put_u32(&body, (uint32_t)pid);
	ringwall_dbus_put_end(&body, pids, 4);
	r = manager(&s, "AttachProcessesToUnit", "ssau", &body, NULL, e);
	session_close(&s);
	return r;
}

/*
 * An empty scope is gone by itself. Stopping is for one whose processes are still dying, resetting for one that
 * has failed (by the OOM killer), which systemd would keep.
 */
int ringwall_systemd_remove(struct ringwall_cgroup *cg, struct ringwall_err *e)
{
	struct ringwall_dbus_out body = { 0 };
	struct session s;
	bool done;
	int r;

	r = session_open(&s, cg->rootless, cg->scope, true, e);
	if (r == 0) {
		ringwall_dbus_put_str(&body, cg->scope);
		ringwall_dbus_put_str(&body, "replace");
		r = manager_job(&s, "StopUnit", "ss", &body, &done, e);
		reset_failed(&s);
		session_close(&s);
	}
	/* Without systemd (or its unit) the directory is all there is; what it left behind in it goes too. */
	if (cg->fd >= 0)
		return ringwall_cgroupfs_remove(cg, e);
	return r == -ENOENT ? 0 : r;
}
