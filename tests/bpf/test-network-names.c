// SPDX-License-Identifier: LGPL-2.1-or-later
/* Egress by name: a resolver outside that answers well and badly, and what its answers open. */
#include "network.h"

#define RESOLVER "10.0.0.53"
#define OTHER "10.0.0.54"

/* ---- a resolver ---------------------------------------------------------------------------------------------- */

struct message {
	uint8_t text[1024];
	size_t n;
};

static void put16(struct message *m, unsigned int v)
{
	m->text[m->n++] = (uint8_t)(v >> 8);
	m->text[m->n++] = (uint8_t)v;
}

static void put_name(struct message *m, const char *name)
{
	while (*name) {
		size_t n = strcspn(name, ".");

		m->text[m->n++] = (uint8_t)n;
		memcpy(m->text + m->n, name, n);
		m->n += n;
		name += n + (name[n] == '.');
	}
	m->text[m->n++] = 0;
}

/* @owner NULL: a pointer to the question. */
static void put_record(struct message *m, const char *owner, unsigned int type, unsigned int ttl)
{
	if (owner)
		put_name(m, owner);
	else
		put16(m, 0xc00c);
	put16(m, type);
	put16(m, 1);
	put16(m, ttl >> 16);
	put16(m, ttl & 0xffff);
	m->text[7]++;
}

static void put_address(struct message *m, const char *owner, const char *text, unsigned int ttl)
{
	struct address a = address(text, 0);
	bool v6 = a.sa.sa_family == AF_INET6;

	put_record(m, owner, v6 ? 28 : 1, ttl);
	put16(m, v6 ? 16 : 4);
	memcpy(m->text + m->n, v6 ? (void *)&a.in6.sin6_addr : (void *)&a.in.sin_addr, v6 ? 16 : 4);
	m->n += v6 ? 16 : 4;
}

static void put_alias(struct message *m, const char *owner, const char *target)
{
	struct message name = { .n = 0 };

	put_name(&name, target);
	put_record(m, owner, 5, 300);
	put16(m, (unsigned int)name.n);
	memcpy(m->text + m->n, name.text, name.n);
	m->n += name.n;
}

static bool is(const char *name, const char *first)
{
	return !strncasecmp(name, first, strlen(first));
}

/* Fills in the answer section. Return: whether it is to be sent from the resolver's address. */
static bool answer(struct message *m, const char *name)
{
	if (is(name, "alias.")) {
		put_alias(m, NULL, "a.other.net");
		put_alias(m, "A.Other.NET", "b.other.net");
		put_address(m, "b.other.net", "10.5.0.2", 300);
		put_address(m, "c.other.net", "10.5.0.20", 300);
	} else if (is(name, "late.")) {
		put_address(m, "b.other.net", "10.5.0.3", 300);
		put_alias(m, NULL, "b.other.net");
	} else if (is(name, "unrelated.")) {
		put_address(m, "evil.other.net", "10.5.0.4", 300);
	} else if (is(name, "six.")) {
		put_address(m, NULL, "fd05::1", 300);
	} else if (is(name, "loop.")) {
		put_record(m, NULL, 5, 300);
		put16(m, 2);
		put16(m, 0xc000 | (unsigned int)m->n); /* to itself */
		put_address(m, NULL, "10.5.0.5", 300);
	} else if (is(name, "id.")) {
		m->text[1]++;
		put_address(m, NULL, "10.5.0.6", 300);
	} else if (is(name, "question.")) {
		m->text[13] = 'x';
		put_address(m, NULL, "10.5.0.7", 300);
	} else if (is(name, "elsewhere.")) {
		put_address(m, NULL, "10.5.0.8", 300);
		return false;
	} else if (is(name, "failed.")) {
		m->text[3] |= 3;
		put_address(m, NULL, "10.5.0.9", 300);
	} else if (is(name, "short.")) {
		put_address(m, NULL, "10.5.0.10", 1);
	} else if (is(name, "many.")) {
		for (int i = 1; i <= 20; i++) {
			char text[32];

			snprintf(text, sizeof(text), "10.6.0.%d", i);
			put_address(m, NULL, text, 300);
		}
	} else if (is(name, "shared")) {
		put_address(m, NULL, "10.5.0.30", 300);
	} else {
		put_address(m, NULL, "10.5.0.1", 300);
	}
	return true;
}

static void resolve(int fd, int other)
{
	struct message m = { .n = 0 };
	struct address from = { .len = sizeof(from.in6) };
	ssize_t n = recvfrom(fd, m.text, sizeof(m.text), 0, &from.sa, &from.len);
	char name[256] = "";
	size_t at = 12, out = 0;

	if (n < 17)
		return;
	while (m.text[at] && at < (size_t)n) {
		memcpy(name + out, m.text + at + 1, m.text[at]);
		out += m.text[at] + 1U;
		name[out - 1] = '.';
		at += m.text[at] + 1U;
	}
	m.n = at + 5;
	m.text[2] |= 0x80;
	if (!answer(&m, name))
		fd = other;
	sendto(fd, m.text, m.n, 0, &from.sa, from.len);
}

static void resolver(void)
{
	int fd = listen_at(RESOLVER, 53, SOCK_DGRAM), other = listen_at(OTHER, 53, SOCK_DGRAM);

	if (fork())
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		struct pollfd p[] = { { fd, POLLIN, 0 }, { other, POLLIN, 0 } };

		poll(p, 2, -1);
		if (p[0].revents)
			resolve(fd, other);
		if (p[1].revents)
			resolve(other, fd);
	}
}

/* ---- inside -------------------------------------------------------------------------------------------------- */

static int query(const char *server, const char *name, unsigned int type)
{
	_cleanup_fd_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct address a = address(server, 53), from = { .len = sizeof(from.in6) };
	struct message m = { .text = { (uint8_t)getpid(), 7, 1, 0, 0, 1 }, .n = 12 };

	put_name(&m, name);
	put16(&m, type);
	put16(&m, 1);
	limit_waiting(fd, wait_ms);
	if (sendto(fd, m.text, m.n, 0, &a.sa, a.len) < 0)
		return errno;
	return recvfrom(fd, m.text, sizeof(m.text), 0, &from.sa, &from.len) > 0 ? 0 : timeout_of(errno);
}

#define RESOLVED(name) assert_inside(query(RESOLVER, name, 1), 0)

static void set_with(const char *ingress)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 NETWORK("\"resolvers\": [\"" RESOLVER "\"], \"ingress\": {\"default\": \"%s\"},"
			 "\"egress\": {\"default\": \"deny\", \"allow\": ["
			 "{\"name\": \"api.example.com\", \"proto\": \"tcp\", \"ports\": [443]},"
			 "{\"name\": \"*.names.example.com\"}, {\"name\": \"shared1.example.com\", \"ports\": [80]},"
			 "{\"name\": \"shared2.example.com\", \"ports\": [443]}, {\"cidr\": \"" OTHER "/32\"}],"
			 "\"deny\": [{\"cidr\": \"10.6.0.7/32\"}, {\"name\": \"*.secret.names.example.com\"}]}"),
		 ingress);
	policy_set(text);
}

static void set(void)
{
	set_with("deny");
}

static void exact(void **state)
{
	(void)state;
	set();
	assert_inside(tcp("10.5.0.1", 443), EPERM);
	RESOLVED("API.example.com");
	assert_inside(tcp("10.5.0.1", 443), 0);
	assert_inside(tcp("::ffff:10.5.0.1", 443), 0);
	assert_inside(tcp("10.5.0.1", 80), EPERM);
	assert_event(RINGWALL_DO_CONNECT, RINGWALL_SET_EGRESS, 0, "10.5.0.1", 80, IPPROTO_TCP);
	assert_inside(udp("10.5.0.1", 443), EPERM);
	assert_inside(tcp("10.5.0.11", 443), EPERM);
}

static void wildcard(void **state)
{
	(void)state;
	set();
	RESOLVED("names.example.com"); /* not below itself */
	assert_inside(udp("10.5.0.1", 80), EPERM);
	RESOLVED("alias.deep.down.names.example.com");
	assert_inside(udp("10.5.0.2", 80), 0);
	assert_inside(tcp("10.5.0.2", 80), 0);
	assert_inside(udp("10.5.0.20", 80), EPERM); /* no alias leads there */
	assert_inside(query(RESOLVER, "six.names.example.com", 28), 0);
	assert_inside(tcp("fd05::1", 80), 0);
	RESOLVED("many.names.example.com");
	assert_inside(tcp("10.6.0.1", 80), 0);
	assert_inside(tcp("10.6.0.20", 80), 0);
	assert_inside(tcp("10.6.0.7", 80), EPERM); /* denied by its address */
	RESOLVED("many.secret.names.example.com");
	RESOLVED("evilnames.example.com");
	assert_inside(udp("10.5.0.1", 81), EPERM);
}

static void denied_below(void **state)
{
	(void)state;
	set();
	RESOLVED("short.secret.names.example.com");
	assert_inside(tcp("10.5.0.10", 80), EPERM);
}

/* None of these opens anything. */
static void bad_answers(void **state)
{
	(void)state;
	set();
	RESOLVED("late.names.example.com");
	assert_inside(tcp("10.5.0.3", 80), EPERM);
	RESOLVED("unrelated.names.example.com");
	assert_inside(tcp("10.5.0.4", 80), EPERM);
	RESOLVED("id.names.example.com");
	assert_inside(tcp("10.5.0.6", 80), EPERM);
	RESOLVED("question.names.example.com");
	assert_inside(tcp("10.5.0.7", 80), EPERM);
	RESOLVED("failed.names.example.com");
	assert_inside(tcp("10.5.0.9", 80), EPERM);
	set_with("allow");
	RESOLVED("elsewhere.names.example.com"); /* OTHER may be talked to, but is no resolver */
	assert_inside(tcp("10.5.0.8", 80), EPERM);
	assert_inside(query(OTHER, "some.names.example.com", 1), 0);
	assert_inside(tcp("10.5.0.1", 80), EPERM);
	/* what cannot be followed is left out, what is behind it is not */
	RESOLVED("loop.names.example.com");
	assert_inside(tcp("10.5.0.5", 80), 0);
}

/* Two names with one address: the union of what they may. */
static void shared(void **state)
{
	(void)state;
	set();
	RESOLVED("shared1.example.com");
	assert_inside(tcp("10.5.0.30", 80), 0);
	assert_inside(tcp("10.5.0.30", 443), EPERM);
	RESOLVED("shared2.example.com");
	assert_inside(tcp("10.5.0.30", 80), 0);
	assert_inside(tcp("10.5.0.30", 443), 0);
	assert_inside(tcp("10.5.0.30", 8080), EPERM);
}

/* A flow that began stays, by the same policy and by another that still has the name; no new one begins. */
static int outlive(int ready, int go)
{
	struct address a = address("10.5.0.10", 80);
	_cleanup_fd_ int fd = socket(AF_INET, SOCK_STREAM, 0), datagram = socket(AF_INET, SOCK_DGRAM, 0);
	char c = 'x';

	limit_waiting(fd, wait_ms);
	limit_waiting(datagram, wait_ms);
	if (connect(fd, &a.sa, a.len) || connect(datagram, &a.sa, a.len) || send(datagram, &c, 1, 0) != 1 ||
	    recv(datagram, &c, 1, 0) != 1)
		return 101;
	if (write(ready, "", 1) != 1)
		return 102;
	for (int i = 0; i < 2; i++) {
		if (read(go, &c, 1) != 1)
			return 103;
		if (send(fd, &c, 1, 0) != 1 || recv(fd, &c, 1, 0) != 1)
			return 104;
		if (send(datagram, &c, 1, 0) != 1 || recv(datagram, &c, 1, 0) != 1)
			return 105;
		if (tcp("10.5.0.10", 80) != EPERM)
			return 106;
	}
	if (read(go, &c, 1) != 1)
		return 107;
	return send(datagram, &c, 1, 0) < 0 ? errno : 108;
}

static void expiry(void **state)
{
	int ready[2], go[2], status;
	pid_t pid;
	char c;

	(void)state;
	set();
	RESOLVED("short.names.example.com");
	assert_inside(tcp("10.5.0.10", 80), 0);
	assert_return_code(pipe2(go, O_CLOEXEC) | pipe2(ready, O_CLOEXEC), errno);
	pid = fork();
	if (!pid) {
		enter();
		_exit(outlive(ready[1], go[0]));
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	sleep(6); /* it said one second; five are the least */
	assert_inside(tcp("10.5.0.10", 80), EPERM);
	assert_int_equal(write(go[1], "", 1), 1);
	usleep(3000U * (unsigned int)wait_ms);
	set();
	assert_int_equal(write(go[1], "", 1), 1);
	usleep(3000U * (unsigned int)wait_ms);
	policy_set(NETWORK(DENIED));
	assert_int_equal(write(go[1], "", 1), 1);
	waitpid(pid, &status, 0);
	assert_int_equal(WEXITSTATUS(status), EPERM);
}

/* Answers that the container sends to itself, the resolver's address as their source. */
static int forge(bool bound)
{
	_cleanup_fd_ int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	UNUSED _cleanup_fd_ int victim = listen_at("10.9.0.1", 7777, SOCK_DGRAM);
	struct {
		struct iphdr ip;
		struct udphdr udp;
		char payload[32];
	} p = { .ip = { .version = 4, .ihl = 5, .ttl = 9, .protocol = IPPROTO_UDP },
		.udp = { .source = htons(53), .dest = htons(7777), .len = htons(40) } };
	struct address to = address("10.9.0.1", 7777), from = address(RESOLVER, 53);
	int one = 1;

	p.ip.saddr = from.in.sin_addr.s_addr;
	p.ip.daddr = to.in.sin_addr.s_addr;
	if (!bound)
		return sendto(fd, &p, sizeof(p), 0, &to.sa, to.len) < 0 ? errno : 0;
	close(fd);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &one, sizeof(one));
	if (bind(fd, &from.sa, from.len) < 0)
		return 101;
	return sendto(fd, &p, 40, 0, &to.sa, to.len) < 0 ? errno : 0;
}

static void forgery(void **state)
{
	(void)state;
	policy_set(NETWORK("\"resolvers\": [\"" RESOLVER "\"], \"egress\": {\"default\": \"deny\", \"allow\": ["
			   "{\"name\": \"api.example.com\"}, {\"cidr\": \"10.9.0.1/32\"}]}"));
	assert_inside(forge(false), EPERM);
	assert_inside(forge(true), EPERM);
	assert_event(RINGWALL_DO_SEND, RINGWALL_SET_EGRESS, 0, "10.9.0.1", 7777, IPPROTO_UDP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact),    cmocka_unit_test(denied_below), cmocka_unit_test(bad_answers),
		cmocka_unit_test(wildcard), cmocka_unit_test(shared),	    cmocka_unit_test(forgery),
		cmocka_unit_test(expiry),
	};

	outside_extra = resolver;
	if (!network_can_run()) {
		printf("1..0 # SKIP needs root, BPF and ip\n");
		return 77;
	}
	return cmocka_run_group_tests_name("network-names", tests, network_setup, network_teardown);
}
