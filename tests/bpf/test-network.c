// SPDX-License-Identifier: LGPL-2.1-or-later
/* The network class against the running kernel: each form of rule, between two network namespaces. */
#include "network.h"

static void no_policy_denies(void **state)
{
	(void)state;
	policy_switch(0);
	assert_inside(tcp("10.1.0.1", 80), EPERM);
	policy_switch((9U << RINGWALL_INDEX_BITS) | 1);
	assert_inside(udp("10.1.0.1", 80), EPERM);
}

static void no_rules_allow(void **state)
{
	(void)state;
	policy_set("{\"version\": 1, \"name\": \"empty\"}");
	assert_inside(tcp("10.1.0.1", 80), 0);
	assert_inside(tcp("fd01::1", 80), 0);
	assert_inside(udp("10.1.0.1", 80), 0);
	assert_inside(udp_connected("fd01::1", 80), 0);
}

static void egress(void **state)
{
	(void)state;
	policy_set(NETWORK("\"egress\": {\"default\": \"deny\", \"allow\": ["
			   "{\"cidr\": \"10.1.0.0/16\", \"proto\": \"tcp\", \"ports\": [80, \"400-500\"]},"
			   "{\"cidr\": \"fd01::/64\", \"proto\": \"udp\"}, {\"cidr\": \"10.2.0.1/32\"}],"
			   "\"deny\": [{\"cidr\": \"10.1.1.0/24\", \"ports\": [443]}]}"));
	assert_inside(tcp("10.1.0.1", 80), 0);
	assert_inside(tcp("10.1.0.1", 443), 0);
	assert_inside(tcp("10.1.0.1", 8080), EPERM);
	assert_event(RINGWALL_DO_CONNECT, RINGWALL_SET_EGRESS, 0, "10.1.0.1", 8080, IPPROTO_TCP);
	assert_inside(tcp("10.1.1.1", 443), EPERM);
	assert_event(RINGWALL_DO_CONNECT, RINGWALL_SET_EGRESS, 4, "10.1.1.1", 443, IPPROTO_TCP);
	assert_int_equal(count_of(RINGWALL_SET_EGRESS, 4, false), 1);
	assert_inside(tcp("10.1.1.1", 80), 0);
	assert_inside(tcp("10.3.0.1", 80), EPERM);
	assert_inside(udp("10.1.0.1", 80), EPERM);
	assert_event(RINGWALL_DO_SEND, RINGWALL_SET_EGRESS, 0, "10.1.0.1", 80, IPPROTO_UDP);
	assert_inside(udp_connected("10.1.0.1", 80), EPERM);
	assert_event(RINGWALL_DO_CONNECT, RINGWALL_SET_EGRESS, 0, "10.1.0.1", 80, IPPROTO_UDP);
	assert_inside(udp("fd01::5", 80), 0);
	assert_inside(udp_connected("fd01::5", 80), 0);
	assert_inside(tcp("fd01::5", 80), EPERM);
	assert_event(RINGWALL_DO_CONNECT, RINGWALL_SET_EGRESS, 0, "fd01::5", 80, IPPROTO_TCP);
	assert_inside(udp("fd02::5", 80), EPERM);
	assert_inside(udp("10.2.0.1", 5353), 0);
	assert_inside(tcp("10.2.0.1", 5353), 0);
	/* sockets of AF_INET6 that mean IPv4 */
	assert_inside(tcp("::ffff:10.1.0.1", 80), 0);
	assert_inside(tcp("::ffff:10.1.0.1", 8080), EPERM);
	assert_event(RINGWALL_DO_CONNECT, RINGWALL_SET_EGRESS, 0, "10.1.0.1", 8080, IPPROTO_TCP);
	assert_inside(udp("::ffff:10.2.0.1", 80), 0);
	assert_inside(udp("::ffff:10.3.0.1", 80), EPERM);
	assert_inside(udp_connected("::ffff:10.2.0.1", 80), 0);
	/* outside nothing has changed */
	assert_int_equal(tcp("10.3.0.1", 80), 0);
	assert_int_equal(udp("10.1.0.1", 80), 0);
}

static int serve_one(const char *on, int port, int type, int ready)
{
	_cleanup_fd_ int fd = listen_at(on, port, type);
	int peer;
	char c;

	if (fd < 0)
		return -fd;
	limit_waiting(fd, 3 * wait_ms);
	if (write(ready, "", 1) != 1)
		return EIO;
	if (type == SOCK_DGRAM) {
		echo_datagram(fd);
		return 0;
	}
	peer = accept(fd, NULL, NULL);
	if (peer < 0)
		return errno;
	limit_waiting(peer, 3 * wait_ms);
	return recv(peer, &c, 1, 0) == 1 && send(peer, &c, 1, MSG_NOSIGNAL) == 1 ? 0 : errno;
}

/* A server inside, and a client outside; what the client got. */
static int served(const char *on, int port, int type)
{
	int ready[2], result;
	pid_t pid;
	char c;

	assert_return_code(pipe2(ready, O_CLOEXEC), errno);
	pid = fork();
	if (!pid) {
		enter();
		_exit(serve_one(on, port, type, ready[1]));
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	from_outside_start(type == SOCK_STREAM, on, port);
	result = from_outside_result();
	waitpid(pid, NULL, 0);
	return result;
}

/* Servers under egress that denies everything, and their answers; the other way round for clients. */
static void ingress(void **state)
{
	(void)state;
	policy_set(NETWORK("\"egress\": {\"default\": \"deny\"}, \"ingress\": {\"default\": \"deny\", \"allow\": ["
			   "{\"cidr\": \"10.9.0.2/32\", \"proto\": \"tcp\", \"ports\": [7000]},"
			   "{\"cidr\": \"fd09::/64\", \"ports\": [7000]}, {\"proto\": \"udp\", \"ports\": [7001]}]}"));
	assert_int_equal(served("10.9.0.1", 7000, SOCK_STREAM), 0);
	assert_int_equal(served("10.9.0.1", 7001, SOCK_DGRAM), 0);
	assert_int_equal(served("fd09::1", 7000, SOCK_STREAM), 0);
	assert_int_equal(served("fd09::1", 7000, SOCK_DGRAM), 0);
	assert_int_equal(served("fd09::1", 7001, SOCK_DGRAM), 0);
	assert_int_equal(served("10.9.0.1", 7001, SOCK_STREAM), ETIMEDOUT);
	assert_event(RINGWALL_DO_RECEIVE, RINGWALL_SET_INGRESS, 0, "10.9.0.2", 7001, IPPROTO_TCP);
	assert_int_equal(served("10.9.0.1", 7000, SOCK_DGRAM), ETIMEDOUT);
	assert_event(RINGWALL_DO_RECEIVE, RINGWALL_SET_INGRESS, 0, "10.9.0.2", 7000, IPPROTO_UDP);
	assert_int_equal(served("fd09::1", 7002, SOCK_STREAM), ETIMEDOUT);
	assert_inside(tcp("10.1.0.1", 80), EPERM);
	assert_inside(udp("10.1.0.1", 80), EPERM);
}

static void replies(void **state)
{
	(void)state;
	policy_set(NETWORK(
		"\"egress\": {\"default\": \"deny\", \"allow\": [{\"cidr\": \"10.1.0.0/16\"}, {\"cidr\": \"fd01::/16\"}]},"
		"\"ingress\": {\"default\": \"deny\"}"));
	assert_inside(tcp("10.1.0.1", 80), 0);
	assert_inside(tcp("fd01::1", 80), 0);
	assert_inside(udp("10.1.0.1", 80), 0);
	assert_inside(udp_connected("10.1.0.1", 80), 0);
	assert_inside(udp("fd01::1", 80), 0);
	assert_inside(udp_connected("fd01::1", 80), 0);
	assert_inside(udp("::ffff:10.1.0.1", 80), 0);
	assert_inside(udp_connected("::ffff:10.1.0.1", 80), 0);
	assert_int_equal(served("10.9.0.1", 7000, SOCK_STREAM), ETIMEDOUT);
	assert_int_equal(served("10.9.0.1", 7000, SOCK_DGRAM), ETIMEDOUT);
	/* one direction only: the other is not looked at */
	policy_set(NETWORK("\"egress\": {\"default\": \"deny\"}"));
	assert_int_equal(served("10.9.0.1", 7000, SOCK_STREAM), 0);
	assert_int_equal(served("10.9.0.1", 7000, SOCK_DGRAM), 0);
	assert_inside(tcp("10.1.0.1", 80), EPERM);
	policy_set(NETWORK("\"ingress\": {\"default\": \"deny\"}"));
	assert_inside(tcp("10.1.0.1", 80), 0);
	assert_inside(udp("10.1.0.1", 80), 0);
	assert_int_equal(served("10.9.0.1", 7000, SOCK_STREAM), ETIMEDOUT);
}

/* One socket with several peers: each gets its answer, in whatever order; a stranger's datagram does not come in. */
static int many_peers(int strangers_port)
{
	_cleanup_fd_ int fd = listen_at("10.9.0.1", strangers_port, SOCK_DGRAM);
	struct address a[8];
	char c = 'x';

	limit_waiting(fd, wait_ms);
	for (int i = 0; i < 8; i++) {
		char text[32];

		snprintf(text, sizeof(text), "10.1.0.%d", i + 1);
		a[i] = address(text, 80);
		if (sendto(fd, &c, 1, 0, &a[i].sa, a[i].len) != 1)
			return errno;
	}
	for (int i = 0; i < 8; i++)
		if (recv(fd, &c, 1, 0) != 1)
			return ETIMEDOUT;
	return recv(fd, &c, 1, 0) == 1 ? EEXIST : 0;
}

static void peers(void **state)
{
	(void)state;
	policy_set(NETWORK("\"egress\": {\"default\": \"deny\", \"allow\": [{\"cidr\": \"10.1.0.0/16\"}]},"
			   "\"ingress\": {\"default\": \"deny\"}"));
	assert_inside(many_peers(7100), 0);
	from_outside_start(false, "10.9.0.1", 7100);
	assert_inside(many_peers(7100), 0);
	from_outside_result();
}

static int bind_to(const char *on, int port, int type)
{
	int fd = listen_at(on, port, type);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? -fd : 0;
}

static void binds(void **state)
{
	(void)state;
	policy_set(NETWORK(
		"\"bind\": {\"default\": \"deny\", \"allow\": [{\"proto\": \"tcp\", \"ports\": [8080, \"9000-9010\"]}],"
		"\"deny\": [{\"ports\": [9005]}]}"));
	assert_inside(bind_to("10.9.0.1", 8080, SOCK_STREAM), 0);
	assert_inside(bind_to("::", 9010, SOCK_STREAM), 0);
	assert_inside(bind_to("10.9.0.1", 8081, SOCK_STREAM), EPERM);
	assert_event(RINGWALL_DO_BIND, RINGWALL_SET_BIND, 0, "10.9.0.1", 8081, IPPROTO_TCP);
	assert_inside(bind_to("fd09::1", 9005, SOCK_STREAM), EPERM);
	assert_event(RINGWALL_DO_BIND, RINGWALL_SET_BIND, 2, "fd09::1", 9005, IPPROTO_TCP);
	assert_inside(bind_to("0.0.0.0", 8080, SOCK_DGRAM), EPERM);
	assert_inside(bind_to("0.0.0.0", 0, SOCK_DGRAM), 0);
	assert_int_equal(bind_to("10.9.0.1", 8081, SOCK_STREAM), 0);
}

static int make(int family, int type, int protocol)
{
	_cleanup_fd_ int fd = socket(family, type | SOCK_CLOEXEC, protocol);

	return fd < 0 ? errno : 0;
}

static void sockets(void **state)
{
	struct ringwall_event ev;

	(void)state;
	policy_set(NETWORK("\"families\": [\"inet\", \"unix\"], \"types\": [\"stream\", \"dgram\"]"));
	assert_inside(make(AF_INET, SOCK_STREAM, 0), 0);
	assert_inside(make(AF_INET, SOCK_DGRAM, 0), 0);
	assert_inside(make(AF_UNIX, SOCK_DGRAM, 0), 0);
	assert_inside(make(AF_INET6, SOCK_DGRAM, 0), EPERM);
	ev = last_event();
	assert_int_equal(ev.what.object.op, RINGWALL_DO_SOCKET);
	assert_int_equal(ev.what.object.set, RINGWALL_SET_FAMILY);
	assert_int_equal(ev.what.rule, AF_INET6);
	assert_int_equal(ev.what.object.arg[1], SOCK_DGRAM);
	assert_int_equal(ev.error, EPERM);
	assert_true(ev.pid > 0);
	assert_inside(make(AF_INET, SOCK_RAW, IPPROTO_ICMP), EPERM);
	ev = last_event();
	assert_int_equal(ev.what.object.set, RINGWALL_SET_SOCKET_TYPE);
	assert_int_equal(ev.what.rule, SOCK_RAW);
	assert_int_equal(make(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6), 0);
}

static void checksum(void *data, size_t n, uint16_t *ret)
{
	const uint16_t *w = data;
	uint32_t sum = 0;

	*ret = 0;
	for (size_t i = 0; i < n / 2; i++)
		sum += w[i];
	sum = (sum >> 16) + (sum & 0xffff);
	*ret = (uint16_t) ~(sum + (sum >> 16));
}

static int ping(const char *to)
{
	_cleanup_fd_ int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
	uint16_t echo[4] = { htons(8 << 8), 0, 1, 1 };
	struct address a = address(to, 0);
	char answer[128];

	limit_waiting(fd, wait_ms);
	checksum(echo, sizeof(echo), &echo[1]);
	if (sendto(fd, echo, sizeof(echo), 0, &a.sa, a.len) < 0)
		return errno;
	return recv(fd, answer, sizeof(answer), 0) > 0 ? 0 : timeout_of(errno);
}

/* A datagram with a header of our own making; @option, @flags: an IP option, a fragment. */
static int raw_udp(const char *from, int from_port, const char *to, int port, uint8_t option, uint16_t fragment)
{
	_cleanup_fd_ int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	struct {
		struct iphdr ip;
		uint8_t options[8];
		struct udphdr udp;
		char payload[8];
	} p = { .ip = { .version = 4, .ihl = 7, .ttl = 9, .protocol = IPPROTO_UDP, .frag_off = htons(fragment) },
		.options = { option, 7, 4, 10, 7, 7, 7 },
		.udp = { .source = htons((uint16_t)from_port), .dest = htons((uint16_t)port), .len = htons(16) } };
	struct address a = address(to, 0);

	if (!option)
		memset(p.options, 1, 8);
	p.ip.saddr = address(from, 0).in.sin_addr.s_addr;
	p.ip.daddr = a.in.sin_addr.s_addr;
	p.ip.tot_len = htons(sizeof(p));
	return sendto(fd, &p, sizeof(p), 0, &a.sa, a.len) < 0 ? errno : 0;
}

static void raw(void **state)
{
	(void)state;
	policy_set(NETWORK(
		"\"egress\": {\"default\": \"deny\", \"allow\": [{\"cidr\": \"10.1.0.0/16\", \"proto\": \"icmp\"},"
		"{\"cidr\": \"10.2.0.0/16\", \"proto\": \"udp\", \"ports\": [80]}, {\"cidr\": \"10.4.0.0/16\", \"proto\": \"udp\"}]},"
		"\"ingress\": {\"default\": \"deny\"}"));
	assert_inside(ping("10.1.0.1"), 0);
	assert_inside(ping("10.2.0.1"), EPERM);
	assert_event(RINGWALL_DO_SEND, RINGWALL_SET_EGRESS, 0, "10.2.0.1", 0, IPPROTO_ICMP);
	assert_inside(raw_udp("10.9.0.1", 5, "10.2.0.1", 80, 0, 0), 0);
	assert_inside(raw_udp("10.9.0.1", 5, "10.2.0.1", 81, 0, 0), EPERM);
	assert_inside(raw_udp("10.9.0.1", 5, "10.3.0.1", 80, 0, 0), EPERM);
	/* a source route: the destination is another */
	assert_inside(raw_udp("10.9.0.1", 5, "10.2.0.1", 80, 131, 0), EPERM);
	assert_inside(raw_udp("10.9.0.1", 5, "10.2.0.1", 80, 137, 0), EPERM);
	/* later fragments have no ports */
	assert_inside(raw_udp("10.9.0.1", 5, "10.2.0.1", 80, 0, 8), EPERM);
	assert_inside(raw_udp("10.9.0.1", 5, "10.4.0.1", 81, 0, 8), 0);
	assert_inside(raw_udp("10.9.0.1", 5, "10.2.0.1", 80, 0, 0x2000), 0);
}

static void loopback(void **state)
{
	const char *policy = NETWORK("\"egress\": {\"default\": \"deny\", \"deny\": [{\"cidr\": \"127.0.0.9/32\"}]},"
				     "\"ingress\": {\"default\": \"deny\"}");
	UNUSED _cleanup_fd_ int server = listen_at("0.0.0.0", 7300, SOCK_STREAM);

	(void)state;
	policy_switch(policy_write(policy, 0));
	assert_inside(tcp("127.0.0.1", 7300), EPERM);
	assert_inside(tcp("0.0.0.0", 7300), EPERM);
	assert_event(RINGWALL_DO_CONNECT, RINGWALL_SET_EGRESS, 0, "127.0.0.1", 7300, IPPROTO_TCP);
	assert_inside(tcp("::1", 7300), EPERM);
	policy_switch(policy_write(policy, RINGWALL_POLICY_LOOPBACK));
	assert_inside(tcp("127.0.0.1", 7300), ETIMEDOUT); /* nobody echoes: it is connected */
	assert_inside(tcp("0.0.0.0", 7300), ETIMEDOUT);
	assert_inside(tcp("127.0.0.9", 7300), EPERM);
	assert_inside(tcp("::1", 7300), ECONNREFUSED);
	assert_inside(tcp("::ffff:127.0.0.1", 7300), ETIMEDOUT);
	assert_inside(tcp("10.9.0.1", 7300), EPERM);
}

/* The sockets of the kernel's that a namespace made inside has are in the container's cgroup: neighbours must be found. */
static int in_new_namespace(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		return 101;
	shell("ip link set lo up; ip link add new type veth peer name back netns %d", getppid());
	shell("ip -6 addr add fd0a::1/64 dev new nodad; ip link set new up");
	shell("nsenter -t %d -n sh -c 'ip -6 addr add fd0a::2/64 dev back nodad; ip link set back up'", getppid());
	/* The prefix is in fd00::/8, but here it is a link of its own. */
	return tcp("fd0a::2", 7400);
}

static void own_sockets(void **state)
{
	_cleanup_fd_ int server = listen_at("::", 7400, SOCK_STREAM);
	int got;

	(void)state;
	policy_set(NETWORK(
		"\"egress\": {\"default\": \"deny\", \"allow\": [{\"cidr\": \"fd0a::2/128\", \"proto\": \"tcp\"}]},"
		"\"ingress\": {\"default\": \"deny\"}"));
	got = inside(in_new_namespace());
	assert_int_equal(got, ETIMEDOUT); /* nobody echoes, */
	assert_int_equal(fcntl(server, F_SETFL, O_NONBLOCK), 0);
	got = accept(server, NULL, NULL); /* but it was connected */
	assert_return_code(got, errno);
	close(got);
	assert_int_equal(count_of(RINGWALL_SET_EGRESS, 0, false), 0);
}

static void audit(void **state)
{
	(void)state;
	policy_set("{\"version\": 1, \"name\": \"test\", \"mode\": \"audit\", \"network\": {" DENIED "}}");
	assert_inside(tcp("10.1.0.1", 80), 0);
	assert_event(RINGWALL_DO_CONNECT, RINGWALL_SET_EGRESS, 0, "10.1.0.1", 80, IPPROTO_TCP);
	assert_int_equal(last_event().verdict, RINGWALL_VERDICT_AUDITED);
	assert_int_equal(last_event().error, 0);
	assert_int_equal(count_of(RINGWALL_SET_EGRESS, 0, true), 1); /* not at every packet */
	assert_int_equal(count_of(RINGWALL_SET_INGRESS, 0, true), 0);
	assert_inside(udp("10.1.0.1", 80), 0);
	assert_int_equal(count_of(RINGWALL_SET_EGRESS, 0, true), 2);
	assert_inside(udp_connected("fd01::1", 80), 0);
	assert_int_equal(count_of(RINGWALL_SET_EGRESS, 0, true), 3);
	assert_int_equal(served("10.9.0.1", 7000, SOCK_STREAM), 0);
	assert_int_equal(served("10.9.0.1", 7000, SOCK_DGRAM), 0);
	assert_true(count_of(RINGWALL_SET_INGRESS, 0, true) > 0);
}

/* Connections that exist when the policy changes: each is asked again, by the rules of the direction that it began in. */
static int hold(int go, int ready)
{
	struct address a = address("10.1.0.1", 80), b = address("10.2.0.1", 80);
	_cleanup_fd_ int stays = socket(AF_INET, SOCK_STREAM, 0), goes = socket(AF_INET, SOCK_STREAM, 0);
	_cleanup_fd_ int datagram = socket(AF_INET, SOCK_DGRAM, 0);
	char c = 'x';

	limit_waiting(stays, wait_ms);
	limit_waiting(goes, wait_ms);
	limit_waiting(datagram, wait_ms);
	if (connect(stays, &a.sa, a.len) || connect(goes, &b.sa, b.len) || connect(datagram, &b.sa, b.len))
		return 101;
	if (send(goes, &c, 1, 0) != 1 || recv(goes, &c, 1, 0) != 1 || send(datagram, &c, 1, 0) != 1 ||
	    recv(datagram, &c, 1, 0) != 1)
		return 102;
	if (write(ready, "", 1) != 1 || read(go, &c, 1) != 1)
		return 103;
	if (send(stays, &c, 1, 0) != 1 || recv(stays, &c, 1, 0) != 1)
		return 104;
	if (send(goes, &c, 1, MSG_NOSIGNAL) != 1 || recv(goes, &c, 1, 0) != -1)
		return 105;
	return send(datagram, &c, 1, 0) == -1 ? errno : 106;
}

static void changes(const char *first)
{
	int go[2], ready[2], status;
	pid_t pid;
	char c;

	assert_return_code(pipe2(go, O_CLOEXEC) | pipe2(ready, O_CLOEXEC), errno);
	policy_set(first);
	pid = fork();
	if (!pid) {
		enter();
		_exit(hold(go[0], ready[1]));
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	policy_set(NETWORK("\"egress\": {\"default\": \"deny\", \"allow\": [{\"cidr\": \"10.1.0.0/16\"}]},"
			   "\"ingress\": {\"default\": \"allow\"}"));
	assert_int_equal(write(go[1], "", 1), 1);
	waitpid(pid, &status, 0);
	assert_int_equal(WEXITSTATUS(status), EPERM);
	close(go[0]);
	close(go[1]);
	close(ready[0]);
}

static void change(void **state)
{
	(void)state;
	changes(NETWORK("\"egress\": {\"default\": \"allow\"}"));
	changes(NETWORK("\"ingress\": {\"default\": \"allow\"}"));
	/* nobody knows which way these began */
	changes("{\"version\": 1, \"name\": \"empty\"}");
}

/* What the processes that are watched have done so far, and what came of what the policies differ about. */
struct watched {
	uint64_t operations, refused, allowed, impossible;
};

#define WATCHERS 4
#define OPERATIONS 1000000
#define SWITCHES 1000
#define UNDER_LOAD_SECONDS 60 /* when it gives up */

/* 0, or an errno. */
static int act(int fd, bool datagrams, const struct address *to)
{
	int r = datagrams ? (int)sendto(fd, "", 0, 0, &to->sa, to->len) : connect(fd, &to->sa, to->len);

	return r < 0 ? errno : 0;
}

/*
 * Two policies agree about two addresses and differ about one; while they are switched, nobody may see what neither
 * says. Until the parent writes @stop.
 */
static void watch(bool datagrams, struct watched *w, const volatile bool *stop)
{
	struct address yes = address("10.1.0.1", 9), no = address("10.2.0.1", 9), differs = address("10.3.0.1", 9);
	_cleanup_fd_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	while (!*stop) {
		int got = act(fd, datagrams, &differs);

		w->impossible += act(fd, datagrams, &yes) != 0;
		w->impossible += act(fd, datagrams, &no) != EPERM;
		w->impossible += got && got != EPERM;
		if (got)
			w->refused++;
		else
			w->allowed++;
		__atomic_fetch_add(&w->operations, 3, __ATOMIC_RELAXED);
	}
}

static uint64_t operations_of(const struct watched *w)
{
	uint64_t sum = 0;

	for (int i = 0; i < WATCHERS; i++)
		sum += __atomic_load_n(&w[i].operations, __ATOMIC_RELAXED);
	return sum;
}

/* There and back until there was enough of both. Return: how often. */
static int switch_under_load(const uint32_t id[2], const struct watched *w)
{
	double end = seconds() + UNDER_LOAD_SECONDS;
	int n = 0;

	while ((n < SWITCHES || operations_of(w) < OPERATIONS) && seconds() < end) {
		policy_switch(id[++n % 2]);
		usleep(1000);
	}
	return n;
}

static void under_load(void **state)
{
	static const char odd[] = NETWORK("\"egress\": {\"default\": \"deny\", \"allow\": [{\"cidr\": \"10.1.0.0/16\"},"
					  "{\"cidr\": \"10.3.0.0/24\"}]}, \"ingress\": {\"default\": \"deny\"}");
	static const char even[] =
		NETWORK("\"egress\": {\"default\": \"allow\", \"deny\": [{\"cidr\": \"10.2.0.0/15\"}]}");
	uint32_t id[2] = { policy_write(odd, 0), policy_write(even, 0) };
	int status, switches;
	pid_t pid[WATCHERS];
	struct {
		struct watched by[WATCHERS];
		bool stop;
	} *all = mmap(NULL, sizeof(*all), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_ptr_not_equal(all, MAP_FAILED);
	for (int i = 0; i < 2; i++) {
		policy_switch(id[i]);
		assert_inside(udp("10.3.0.1", 80), i ? EPERM : 0);
	}
	for (int i = 0; i < WATCHERS; i++) {
		pid[i] = fork();
		if (!pid[i]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			enter();
			watch(i % 2, &all->by[i], &all->stop);
			_exit(0);
		}
	}
	switches = switch_under_load(id, all->by);
	*(volatile bool *)&all->stop = true;
	for (int i = 0; i < WATCHERS; i++) {
		waitpid(pid[i], &status, 0);
		assert_int_equal(status, 0);
		assert_int_equal(all->by[i].impossible, 0);
		assert_true(all->by[i].refused && all->by[i].allowed);
		print_message("# by %s: %ju, of what differs %ju refused and %ju allowed\n",
			      i % 2 ? "sendto" : "connect", (uintmax_t)all->by[i].operations,
			      (uintmax_t)all->by[i].refused, (uintmax_t)all->by[i].allowed);
	}
	print_message("# %ju operations while the policy was switched %d times\n", (uintmax_t)operations_of(all->by),
		      switches);
	assert_true(switches >= SWITCHES);
	assert_true(operations_of(all->by) >= OPERATIONS);
	munmap(all, sizeof(*all));
}

/* ---- cost ---------------------------------------------------------------------------------------------------- */

#define LOOPS 7
#define TIMES 2000

static const struct {
	const char *name;
	bool connect, address, fresh, another;
} costs[] = {
	{ .name = "connect", .connect = true },
	{ .name = "another", .connect = true, .another = true }, /* peer each time */
	{ .name = "sendto", .address = true },
	{ .name = "send", .connect = false },
	{ .name = "socket+connect+close", .connect = true, .fresh = true },
};

/* ns of one, the best of several loops. Under tools/vm --icount that is instructions. */
static double cost_of(size_t which)
{
	struct address to = address("10.1.0.1", 9);
	_cleanup_fd_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	double best = 0;

	if (!costs[which].connect && !costs[which].address && connect(fd, &to.sa, to.len) < 0)
		return -1;
	for (int loop = 0; loop < LOOPS; loop++) {
		double start = seconds();

		for (int i = 0; i < TIMES; i++) {
			int r, one = fd;

			if (costs[which].another)
				to.in.sin_addr.s_addr = htonl(0x0a010002 + (i & 1));
			if (costs[which].fresh)
				one = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
			r = costs[which].connect ? connect(one, &to.sa, to.len)
						 : (int)sendto(fd, "x", 1, 0, costs[which].address ? &to.sa : NULL,
							       costs[which].address ? to.len : 0);

			if (r < 0)
				return -1;
			if (costs[which].fresh)
				close(one);
		}
		start = (seconds() - start) / TIMES * 1e9;
		if (!loop || start < best)
			best = start;
	}
	return best;
}

static void cost_print(const char *name, bool confined)
{
	double ns[ARRAY_SIZE(costs)];
	int p[2], status;
	pid_t pid;

	assert_return_code(pipe2(p, O_CLOEXEC), errno);
	pid = fork();
	if (!pid) {
		if (confined)
			enter();
		for (size_t i = 0; i < ARRAY_SIZE(costs); i++)
			ns[i] = cost_of(i);
		_exit(write(p[1], ns, sizeof(ns)) != sizeof(ns));
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	assert_int_equal(read(p[0], ns, sizeof(ns)), sizeof(ns));
	close(p[0]);
	close(p[1]);
	print_message("# %-28s", name);
	for (size_t i = 0; i < ARRAY_SIZE(costs); i++) {
		assert_true(ns[i] > 0);
		print_message(" %s %5.0f", costs[i].name, ns[i]);
	}
	print_message("\n");
}

/* @n prefixes, of ten lengths. */
static void policy_of_prefixes(int n)
{
	static const int lengths[] = { 8, 12, 16, 18, 20, 22, 24, 26, 28, 32 };
	size_t room = (size_t)n * 64 + 256;
	_cleanup_free_ char *text = malloc(room);
	int at;

	assert_non_null(text);
	at = snprintf(
		text, room,
		"{\"version\": 1, \"name\": \"test\", \"network\": {\"egress\": {\"default\": \"deny\", \"allow\": [");
	for (int i = 0; i < n; i++) {
		int length = lengths[i % 10];
		uint32_t a = i < 10 ? 0x0a010001 : 0x20000000 + (uint32_t)i * 0x10001, mask = ~0U << (32 - length);

		a = htonl(a & mask);
		at += snprintf(text + at, room - (size_t)at,
			       "%s{\"cidr\": \"%s/%d\", \"proto\": \"udp\", \"ports\": [%d]}", i ? "," : "",
			       inet_ntoa((struct in_addr){ a }), length, length == 24 ? 9 : 1000 + length);
	}
	snprintf(text + at, room - (size_t)at, "]}}}");
	policy_set(text);
}

/* The last test: it takes the programs away. */
static void cost(void **state)
{
	(void)state;
	cost_print("unconfined", false);
	policy_set("{\"version\": 1, \"name\": \"empty\"}");
	cost_print("no network rules", true);
	policy_set(NETWORK("\"egress\": {\"default\": \"deny\", \"allow\": [{}]}"));
	cost_print("everything allowed", true);
	policy_set(NETWORK("\"egress\": {\"default\": \"deny\", \"allow\": [{\"proto\": \"udp\"}]}"));
	cost_print("a protocol", true);
	policy_set(NETWORK("\"egress\": {\"default\": \"deny\", \"allow\": [{\"cidr\": \"10.0.0.0/8\"}]}"));
	cost_print("a prefix", true);
	policy_of_prefixes(10);
	cost_print("10 prefixes", true);
	policy_of_prefixes(10000);
	cost_print("10,000 prefixes", true);
	policy_set(NETWORK(
		"\"egress\": {\"default\": \"deny\", \"allow\": [{\"cidr\": \"10.0.0.0/8\"}]}, \"ingress\": {\"default\": \"deny\"}"));
	cost_print("ingress too", true);
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		bpf_link__destroy(links[i]);
		links[i] = NULL;
	}
	cost_print("nothing attached anywhere", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_policy_denies),
		cmocka_unit_test(no_rules_allow),
		cmocka_unit_test(egress),
		cmocka_unit_test(ingress),
		cmocka_unit_test(replies),
		cmocka_unit_test(peers),
		cmocka_unit_test(binds),
		cmocka_unit_test(sockets),
		cmocka_unit_test(raw),
		cmocka_unit_test(loopback),
		cmocka_unit_test(own_sockets),
		cmocka_unit_test(audit),
		cmocka_unit_test(change),
		cmocka_unit_test(under_load),
		cmocka_unit_test(cost),
	};

	if (!network_can_run()) {
		printf("1..0 # SKIP needs root, BPF and ip\n");
		return 77;
	}
	cmocka_set_test_filter(getenv("TEST")); /* one of them */
	return cmocka_run_group_tests_name("network", tests, network_setup, network_teardown);
}
