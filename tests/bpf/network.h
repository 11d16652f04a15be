/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_TEST_NETWORK_H
#define RINGWALL_TEST_NETWORK_H

/*
 * What the tests of the network class share. The programs are loaded with libbpf, their maps written by hand and
 * nothing is pinned. The test process is in a network namespace of its own, "inside"; a child is in another, "outside",
 * that has every address of 10.0.0.0/8 and fd00::/8, with a pair of interfaces between them: 10.9.0.1 and fd09::1 are
 * inside. What a container would do is done by children that enter the container's cgroup first.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../../user/cgroup/cgroup.h"
#include "../../user/lib/cleanup.h"
#include "../../user/policy/draft.h"
#include "network.skel.h"

#define UNUSED __attribute__((unused))

static struct network_bpf *skeleton;
static struct bpf_link *links[16];
static char cgroup[300]; /* of the container */
static uint64_t cgroup_id;
static pid_t outside;
static int outside_fd; /* requests to it, and its answers */

#define SLOT ((1U << RINGWALL_INDEX_BITS) | 7)

/* ---- addresses ----------------------------------------------------------------------------------------------- */

struct address {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	};
	socklen_t len;
};

UNUSED static struct address address(const char *text, int port)
{
	struct address a = { .len = sizeof(a.in) };

	a.in.sin_family = AF_INET;
	a.in.sin_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, text, &a.in.sin_addr) == 1)
		return a;
	a = (struct address){ .len = sizeof(a.in6) };
	a.in6.sin6_family = AF_INET6;
	a.in6.sin6_port = htons((uint16_t)port);
	assert_int_equal(inet_pton(AF_INET6, text, &a.in6.sin6_addr), 1);
	return a;
}

UNUSED static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

UNUSED static void limit_waiting(int fd, int ms)
{
	struct timeval t = { ms / 1000, ms % 1000 * 1000 };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
}

/* ---- acts: 0 or an errno; ETIMEDOUT where nothing came back -------------------------------------------------- */

/* What is allowed comes back at once; what is dropped is waited for this long. Emulated machines are slow. */
static int wait_ms = 150;

static int timeout_of(int err)
{
	return err == EAGAIN || err == EINPROGRESS ? ETIMEDOUT : err;
}

/* Connect, and exchange a byte with an echo server. */
UNUSED static int tcp(const char *to, int port)
{
	struct address a = address(to, port);
	_cleanup_fd_ int fd = socket(a.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char c = 'x';

	if (fd < 0)
		return errno;
	limit_waiting(fd, wait_ms);
	if (connect(fd, &a.sa, a.len) < 0 || send(fd, &c, 1, MSG_NOSIGNAL) != 1 || recv(fd, &c, 1, 0) != 1)
		return timeout_of(errno);
	return 0;
}

/* From a connected socket, or with the address in each message. */
static int udp_from(int fd, const char *to, int port, bool connected)
{
	struct address a = address(to, port), from = { .len = sizeof(from.in6) };
	char c = 'x';

	limit_waiting(fd, wait_ms);
	if (connected && connect(fd, &a.sa, a.len) < 0)
		return errno;
	if (sendto(fd, &c, 1, 0, connected ? NULL : &a.sa, connected ? 0 : a.len) != 1)
		return errno;
	return recvfrom(fd, &c, 1, 0, &from.sa, &from.len) == 1 ? 0 : timeout_of(errno);
}

UNUSED static int udp(const char *to, int port)
{
	_cleanup_fd_ int fd = socket(strchr(to, ':') ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? errno : udp_from(fd, to, port, false);
}

UNUSED static int udp_connected(const char *to, int port)
{
	_cleanup_fd_ int fd = socket(strchr(to, ':') ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? errno : udp_from(fd, to, port, true);
}

static int listen_at(const char *on, int port, int type)
{
	struct address a = address(on, port);
	int fd = socket(a.sa.sa_family, type | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (a.sa.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, &a.sa, a.len) < 0 || (type == SOCK_STREAM && listen(fd, 64) < 0)) {
		close(fd);
		return -errno;
	}
	return fd;
}

/* ---- outside ------------------------------------------------------------------------------------------------- */

/* One request: connect or send to an address inside, from outside. */
struct request {
	bool stream;
	char to[64];
	int port, from_port, wait_ms;
};

static int serve_request(const struct request *r)
{
	_cleanup_fd_ int fd = listen_at(strchr(r->to, ':') ? "fd09::2" : "10.9.0.2", r->from_port, SOCK_DGRAM);

	wait_ms = r->wait_ms;
	if (r->stream)
		return tcp(r->to, r->port);
	return fd < 0 ? -fd : udp_from(fd, r->to, r->port, false);
}

static void echo_stream(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	char buf[4096];
	ssize_t n;

	if (fd < 0)
		return;
	signal(SIGCHLD, SIG_IGN);
	if (fork()) {
		close(fd);
		return;
	}
	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
		if (send(fd, buf, (size_t)n, MSG_NOSIGNAL) != n)
			break;
	_exit(0);
}

/* From the address that was written to, whatever of 10.0.0.0/8 that is. */
static void echo_datagram(int fd)
{
	char buf[2048], control[256];
	struct address from = { .len = sizeof(from.in6) };
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr m = { .msg_name = &from.in6,
			    .msg_namelen = sizeof(from.in6),
			    .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(fd, &m, 0);
	struct cmsghdr *c;

	if (n < 0)
		return;
	iov.iov_len = (size_t)n;
	c = CMSG_FIRSTHDR(&m);
	if (c && c->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo *info = (struct in_pktinfo *)CMSG_DATA(c);

		info->ipi_spec_dst = info->ipi_addr;
		info->ipi_ifindex = 0;
	} else if (c && c->cmsg_type == IPV6_PKTINFO) {
		((struct in6_pktinfo *)CMSG_DATA(c))->ipi6_ifindex = 0;
	}
	sendmsg(fd, &m, 0);
}

/* Where a test has servers of its own. */
static void (*outside_extra)(void);

static void outside_serve(int fd)
{
	static const int ports[] = { 80, 443, 8080, 5353 };
	struct pollfd p[20] = { { fd, POLLIN, 0 } };
	UNUSED int sink = listen_at("0.0.0.0", 9, SOCK_DGRAM); /* nobody reads it */
	int n = 1, one = 1;

	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		p[n++] = (struct pollfd){ listen_at("0.0.0.0", ports[i], SOCK_STREAM), POLLIN, 0 };
		p[n++] = (struct pollfd){ listen_at("::", ports[i], SOCK_STREAM), POLLIN, 0 };
		setsockopt(p[n++].fd = listen_at("0.0.0.0", ports[i], SOCK_DGRAM), IPPROTO_IP, IP_PKTINFO, &one,
			   sizeof(one));
		setsockopt(p[n++].fd = listen_at("::", ports[i], SOCK_DGRAM), IPPROTO_IPV6, IPV6_RECVPKTINFO, &one,
			   sizeof(one));
		setsockopt(p[n - 1].fd, IPPROTO_IPV6, IPV6_FREEBIND, &one,
			   sizeof(one)); /* they are routes, not addresses */
		p[n - 2].events = p[n - 1].events = POLLIN;
	}
	for (;;) {
		poll(p, (nfds_t)n, -1);
		for (int i = 1; i < n; i++) {
			if (p[i].revents & POLLIN)
				(i - 1) % 4 < 2 ? echo_stream(p[i].fd) : echo_datagram(p[i].fd);
		}
		if (p[0].revents) {
			struct request r;
			int result;

			if (read(fd, &r, sizeof(r)) != sizeof(r))
				_exit(0);
			result = serve_request(&r);
			(void)!write(fd, &result, sizeof(result));
		}
	}
}

UNUSED static void from_outside_start(bool stream, const char *to, int port)
{
	static int from_port = 20000;
	struct request r = { .stream = stream, .port = port, .from_port = from_port++, .wait_ms = wait_ms };

	snprintf(r.to, sizeof(r.to), "%s", to);
	assert_int_equal(write(outside_fd, &r, sizeof(r)), sizeof(r));
}

UNUSED static int from_outside_result(void)
{
	int result;

	assert_int_equal(read(outside_fd, &result, sizeof(result)), sizeof(result));
	return result;
}

static void shell(const char *fmt, ...)
{
	char command[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(command, sizeof(command), fmt, args);
	va_end(args);
	if (system(command))
		fail_msg("%s", command);
}

static void outside_start(void)
{
	int pair[2], ready[2];
	char c;

	assert_return_code(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), errno);
	assert_return_code(pipe2(ready, O_CLOEXEC), errno);
	outside = fork();
	if (!outside) {
		close(pair[0]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) < 0 || write(ready[1], "", 1) != 1 || read(pair[1], &c, 1) != 1)
			_exit(1);
		shell("ip link set lo up; ip addr add 10.9.0.2/16 dev out; ip -6 addr add fd09::2/64 dev out nodad; ip link set out up");
		shell("ip route add local 10.0.0.0/8 dev lo; ip -6 route add local fd00::/8 dev lo");
		shell("ip route add 10.9.0.1/32 dev out table local; ip -6 route add fd09::1/128 dev out table local");
		if (outside_extra)
			outside_extra();
		if (write(pair[1], "", 1) != 1)
			_exit(1);
		outside_serve(pair[1]);
	}
	close(pair[1]);
	outside_fd = pair[0];
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	shell("ip link add in type veth peer name out; ip link set out netns %d; ip link set lo up", outside);
	shell("ip addr add 10.9.0.1/16 dev in; ip -6 addr add fd09::1/64 dev in nodad; ip link set in up");
	assert_int_equal(write(outside_fd, "", 1), 1);
	assert_int_equal(read(outside_fd, &c, 1), 1);
	shell("ip route add default via 10.9.0.2; ip -6 route add default via fd09::2");
}

/* ---- inside -------------------------------------------------------------------------------------------------- */

static void enter(void)
{
	char path[320];
	_cleanup_fd_ int fd = -1;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		_exit(99);
}

/* As the container; what @act returns. */
#define inside(act)                                                                                                    \
	({                                                                                                             \
		int status_;                                                                                           \
		pid_t pid_ = fork();                                                                                   \
                                                                                                                       \
		if (!pid_) {                                                                                           \
			enter();                                                                                       \
			_exit(act);                                                                                    \
		}                                                                                                      \
		waitpid(pid_, &status_, 0);                                                                            \
		WIFEXITED(status_) ? WEXITSTATUS(status_) : 255;                                                       \
	})

#define assert_inside(act, want)                                                                                       \
	do {                                                                                                           \
		int got_ = inside(act);                                                                                \
                                                                                                                       \
		if (got_ != (want))                                                                                    \
			fail_msg("%s: %s, want %s", #act, strerror(got_), strerror(want));                             \
	} while (0)

/* ---- policies ------------------------------------------------------------------------------------------------ */

static uint32_t map_fd(const char *name)
{
	return (uint32_t)bpf_object__find_map_fd_by_name(skeleton->obj, name);
}

static struct ringwall_container *container_get(struct ringwall_container *c)
{
	uint32_t index = SLOT & RINGWALL_INDEX_MASK;

	assert_int_equal(bpf_map_lookup_elem((int)map_fd("containers"), &index, c), 0);
	return c;
}

static void section_write(const struct ringwall_section *s, enum ringwall_section_kind kind, uint32_t id)
{
	size_t key = ringwall_section_key_size(kind), value = ringwall_section_value_size(kind);

	for (uint32_t i = 0; i < s->n; i++) {
		char *k = (char *)s->keys + i * key;

		memcpy(k, &id, sizeof(id));
		assert_int_equal(bpf_map_update_elem((int)map_fd(ringwall_section_map(kind)), k,
						     (char *)s->values + i * value, 0),
				 0);
	}
}

/* @flags: RINGWALL_POLICY_* that the runtime would add. */
UNUSED static uint32_t policy_write(const char *text, uint32_t flags)
{
	static uint32_t next = 1;
	uint32_t id = (1U << RINGWALL_INDEX_BITS) | next++, index = id & RINGWALL_INDEX_MASK;
	struct ringwall_resources none = { 0 };
	struct ringwall_model m;
	struct ringwall_draft d;
	struct ringwall_err e = { 0 };

	if (ringwall_model_parse(text, strlen(text), "test.json", &m, &e) < 0 ||
	    ringwall_draft_compile(&none, &m, &d, &e) < 0)
		fail_msg("%s", e.text);
	for (int kind = RINGWALL_SECTION_ADDRESSES4; kind <= RINGWALL_SECTION_TOKENS; kind++)
		section_write(&d.section[kind], kind, id);
	d.policy.id = id;
	d.policy.flags |= flags;
	assert_int_equal(bpf_map_update_elem((int)map_fd("policies"), &index, &d.policy, 0), 0);
	ringwall_draft_free(&d);
	ringwall_model_free(&m);
	return id;
}

/* One aligned word, as the runtime does it. */
UNUSED static void policy_switch(uint32_t id)
{
	static struct ringwall_container *all;
	struct ringwall_container *c;

	if (!all)
		all = mmap(NULL, RINGWALL_CONTAINERS_MAX * sizeof(*all), PROT_READ | PROT_WRITE, MAP_SHARED,
			   (int)map_fd("containers"), 0);
	assert_ptr_not_equal(all, MAP_FAILED);
	c = &all[SLOT & RINGWALL_INDEX_MASK];
	*(volatile uint32_t *)&c->policy_id = id;
	*(volatile uint32_t *)&c->slot = SLOT;
}

UNUSED static void policy_set(const char *text)
{
	policy_switch(policy_write(text, 0));
}

#define NETWORK(network) "{\"version\": 1, \"name\": \"test\", \"network\": {" network "}}"
#define DENIED "\"egress\": {\"default\": \"deny\"}, \"ingress\": {\"default\": \"deny\"}"

UNUSED static uint64_t count_of(uint32_t set, uint32_t rule, bool audited)
{
	struct ringwall_counter_key key = { .slot = SLOT, .set = set, .rule = rule };
	struct ringwall_container c;
	struct ringwall_counter n;

	key.policy_id = container_get(&c)->policy_id;
	if (bpf_map_lookup_elem((int)map_fd("counters"), &key, &n))
		return 0;
	return audited ? n.audited : n.denied;
}

UNUSED static struct ringwall_event last_event(void)
{
	struct ringwall_event_key key = { .slot = SLOT };
	struct ringwall_container c;
	struct ringwall_event ev;

	key.index = (uint32_t)((container_get(&c)->events - 1) % RINGWALL_EVENTS_KEPT);
	assert_int_equal(bpf_map_lookup_elem((int)map_fd("events"), &key, &ev), 0);
	assert_int_equal(ev.sequence, c.events);
	return ev;
}

/* The last event is about that. */
UNUSED static void assert_event(uint32_t op, uint32_t set, uint32_t rule, const char *to, int port, int protocol)
{
	struct ringwall_event ev = last_event();
	struct address a = address(to, port);

	assert_int_equal(ev.what.object.op, op);
	assert_int_equal(ev.what.object.set, set);
	assert_int_equal(ev.what.rule, rule);
	assert_int_equal(ev.what.object.port, port);
	assert_int_equal(ev.what.object.protocol, protocol);
	assert_int_equal(ev.what.object.family, a.sa.sa_family == AF_INET ? 4 : 6);
	if (a.sa.sa_family == AF_INET)
		assert_memory_equal(ev.what.object.address, &a.in.sin_addr, 4);
	else
		assert_memory_equal(ev.what.object.address, &a.in6.sin6_addr, 16);
}

/* ---- the kernel ---------------------------------------------------------------------------------------------- */

static void attach_all(int fd)
{
	struct ringwall_attachment at = { .slot = SLOT };
	struct bpf_program *prog;
	int n = 0;

	bpf_object__for_each_program(prog, skeleton->obj)
	{
		links[n] = bpf_program__attach_cgroup(prog, fd);
		if (!links[n++])
			fail_msg("attach %s: %s", bpf_program__name(prog), strerror(errno));
	}
	assert_int_equal(bpf_map_update_elem((int)map_fd("attachments"), &cgroup_id, &at, 0), 0);
}

static int network_setup(void **state)
{
	const char *cgroups;
	struct ringwall_err e;
	_cleanup_fd_ int fd = -1;
	struct stat st;
	double start;

	(void)state;
	libbpf_set_print(NULL);
	if (ringwall_cgroup_mount(&cgroups, &e) < 0 || unshare(CLONE_NEWNET) < 0)
		return -1;
	snprintf(cgroup, sizeof(cgroup), "%s/ringwall-network-%d", cgroups, getpid());
	if (mkdir(cgroup, 0755) < 0)
		return -1;
	fd = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	cgroup_id = st.st_ino;
	outside_start();
	start = seconds();
	skeleton = network_bpf__open_and_load();
	if (!skeleton)
		return -1;
	start = seconds() - start;
	print_message("# loaded in %.0f ms\n", start * 1e3);
	if (start > 1)
		wait_ms = 2000;
	attach_all(fd);
	return 0;
}

static int network_teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		bpf_link__destroy(links[i]);
	network_bpf__destroy(skeleton);
	kill(outside, SIGKILL);
	waitpid(outside, NULL, 0);
	for (int i = 0; rmdir(cgroup) < 0 && i < 200; i++)
		usleep(5000);
	return 0;
}

/* Not as root, or without what it takes: a skip, which MUST_WORK=1 makes a failure (tests/run). */
static bool network_can_run(void)
{
	return geteuid() == 0 && access("/sys/fs/bpf", F_OK) == 0 && system("ip -V >/dev/null 2>&1") == 0;
}

#endif
