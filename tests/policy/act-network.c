// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Connections, datagrams, ports and names; see act.h and network.bats.
 *
 * `act-network serve` is everybody outside: it echoes on TCP and UDP port 80 of every address, answers for names at 10.0.0.53, and
 * says "ready". `act-network listen` is a server inside: it echoes on TCP and UDP ports 7000 and 7001.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "act.h"

#define RESOLVER "10.0.0.53"
#define WAIT_MS 1500 /* emulation is slow; what is refused is refused at once, but for packets from outside */

struct address {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	};
	socklen_t len;
};

static struct address address(const char *text, int port)
{
	struct address a = { .len = sizeof(a.in) };

	a.in.sin_family = AF_INET;
	a.in.sin_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, text, &a.in.sin_addr) == 1)
		return a;
	a = (struct address){ .len = sizeof(a.in6) };
	a.in6.sin6_family = AF_INET6;
	a.in6.sin6_port = htons((uint16_t)port);
	NEEDED(inet_pton(AF_INET6, text, &a.in6.sin6_addr) - 1);
	return a;
}

static int opened(const struct address *a, int type, int protocol)
{
	struct timeval t = { WAIT_MS / 1000, WAIT_MS % 1000 * 1000 };
	int fd = socket(a->sa.sa_family, type, protocol);

	NEEDED(fd);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
	return fd;
}

/* Nothing came back. */
static int echoed(int fd)
{
	char c;

	if (recv(fd, &c, 1, 0) == 1)
		return 0;
	if (errno == EAGAIN || errno == EINPROGRESS)
		errno = ETIMEDOUT;
	return -1;
}

static int connected(const char *to, int port, int type)
{
	struct address a = address(to, port);
	int fd = opened(&a, type, 0);

	if (connect(fd, &a.sa, a.len) < 0) {
		if (errno == EINPROGRESS)
			errno = ETIMEDOUT;
		return -1;
	}
	return send(fd, "x", 1, MSG_NOSIGNAL) != 1 ? -1 : echoed(fd);
}

static int tcp(const char *to, int port)
{
	return connected(to, port, SOCK_STREAM);
}

static int sent(const char *to, int port)
{
	struct address a = address(to, port);
	int fd = opened(&a, SOCK_DGRAM, 0);

	return sendto(fd, "x", 1, 0, &a.sa, a.len) != 1 ? -1 : echoed(fd);
}

static int bound(const char *on, int port, int type)
{
	struct address a = address(on, port);

	return bind(opened(&a, type, 0), &a.sa, a.len);
}

/* network.bats has the rules that decide about these. */
static int act_tcp(void) { return tcp("10.1.0.1", 80); }
static int act_tcp_port(void) { return tcp("10.1.0.1", 81); }
static int act_tcp_denied(void) { return tcp("10.1.1.1", 80); }
static int act_tcp_elsewhere(void) { return tcp("10.3.0.1", 80); }
static int act_tcp6(void) { return tcp("fd01::1", 80); }
static int act_tcp6_elsewhere(void) { return tcp("fd03::1", 80); }
static int act_tcp_mapped(void) { return tcp("::ffff:10.1.0.1", 80); }
static int act_tcp_mapped_elsewhere(void) { return tcp("::ffff:10.3.0.1", 80); }
static int act_udp(void) { return sent("10.2.0.1", 80); }
static int act_udp_elsewhere(void) { return sent("10.3.0.1", 80); }
static int act_udp_protocol(void) { return sent("10.1.0.1", 80); }
static int act_udp_connected(void) { return connected("10.2.0.1", 80, SOCK_DGRAM); }
static int act_udp_connected_elsewhere(void) { return connected("10.3.0.1", 80, SOCK_DGRAM); }
static int act_udp6(void) { return sent("fd02::1", 80); }
static int act_udp6_elsewhere(void) { return sent("fd03::1", 80); }
static int act_bind(void) { return bound("0.0.0.0", 7000, SOCK_STREAM); }
static int act_bind_range(void) { return bound("::", 7105, SOCK_STREAM); }
static int act_bind_any(void) { return bound("0.0.0.0", 0, SOCK_STREAM); }
static int act_bind_denied(void) { return bound("0.0.0.0", 7106, SOCK_STREAM); }
static int act_bind_elsewhere(void) { return bound("0.0.0.0", 7200, SOCK_STREAM); }
static int act_bind_protocol(void) { return bound("0.0.0.0", 7105, SOCK_DGRAM); }
static int act_loopback(void) { return tcp("127.0.0.1", 7000); }

static int ping(const char *to)
{
	struct address a = address(to, 0);
	int fd = opened(&a, SOCK_RAW, IPPROTO_ICMP);
	uint16_t echo[4] = { htons(8 << 8), (uint16_t)~(htons(8 << 8) + 2), 1, 1 };

	return sendto(fd, echo, sizeof(echo), 0, &a.sa, a.len) < 0 ? -1 : echoed(fd);
}

static int act_ping(void) { return ping("10.1.0.1"); }
static int act_ping_elsewhere(void) { return ping("10.3.0.1"); }

/* By a header of our own to @to, @source_route through another; nothing is to come back. */
static int raw(const char *to, bool source_route)
{
	struct address a = address(to, 0);
	struct {
		struct iphdr ip;
		uint8_t options[8];
		uint16_t udp[4];
	} p = { .ip = { .version = 4, .ihl = 7, .ttl = 9, .protocol = IPPROTO_UDP },
		.options = { 1, 1, 1, 1, 1, 1, 1, 1 },
		.udp = { htons(5), htons(80), htons(8) } };

	if (source_route)
		memcpy(p.options, (uint8_t[]){ 131, 7, 4, 10, 3, 0, 1 }, 7);
	p.ip.daddr = a.in.sin_addr.s_addr;
	p.ip.tot_len = htons(sizeof(p));
	return (int)sendto(opened(&a, SOCK_RAW, IPPROTO_RAW), &p, sizeof(p), 0, &a.sa, a.len);
}

static int act_raw(void) { return raw("10.2.0.1", false); }
static int act_raw_elsewhere(void) { return raw("10.3.0.1", false); }
static int act_source_route(void) { return raw("10.2.0.1", true); }

/* Asks, and takes whatever the answer is. */
static void resolve(const char *name)
{
	struct address a = address(RESOLVER, 53);
	uint8_t m[512] = { 1, 2, 1, 0, 0, 1 };
	size_t n = 12;
	int fd = opened(&a, SOCK_DGRAM, 0);

	for (const char *label = name; *label; label += label[0] == '.') {
		size_t length = strcspn(label, ".");

		m[n++] = (uint8_t)length;
		memcpy(m + n, label, length);
		n += length;
		label += length;
	}
	m[n + 2] = 1;
	m[n + 4] = 1;
	NEEDED(sendto(fd, m, n + 5, 0, &a.sa, a.len));
	NEEDED(recv(fd, m, sizeof(m), 0));
}

static int act_unresolved(void) { return tcp("10.5.0.4", 80); }

static int act_name(void)
{
	resolve("api4.example.com");
	return tcp("10.5.0.4", 80);
}

static int act_name_port(void)
{
	resolve("api5.example.com");
	return tcp("10.5.0.5", 81);
}

static int act_wildcard(void)
{
	resolve("a6.b.example.org");
	return tcp("10.5.0.6", 80);
}

static int act_name_elsewhere(void)
{
	resolve("x7.example.net");
	return tcp("10.5.0.7", 80);
}

/* ---- servers ------------------------------------------------------------------------------------------------- */

static int server(const char *on, int port, int type)
{
	struct address a = address(on, port);
	int fd = socket(a.sa.sa_family, type, 0), one = 1;

	NEEDED(fd);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, a.sa.sa_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
		   a.sa.sa_family == AF_INET ? IP_PKTINFO : IPV6_RECVPKTINFO, &one, sizeof(one));
	if (a.sa.sa_family == AF_INET6) {
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
		setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &one, sizeof(one));
	}
	NEEDED(bind(fd, &a.sa, a.len));
	if (type == SOCK_STREAM)
		NEEDED(listen(fd, 50));
	return fd;
}

/* One byte, from the address that it was sent to. */
static void echo_datagram(int fd)
{
	char buf[64], control[256];
	struct address from;
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr m = { .msg_name = &from.in6, .msg_namelen = sizeof(from.in6), .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c;

	if (recvmsg(fd, &m, 0) < 0)
		return;
	iov.iov_len = 1;
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

static void echo_stream(int fd)
{
	int peer = accept(fd, NULL, NULL);
	struct pollfd p = { peer, POLLIN, 0 };
	char c;

	if (peer < 0)
		return;
	if (poll(&p, 1, WAIT_MS) == 1 && recv(peer, &c, 1, 0) == 1)
		send(peer, &c, 1, MSG_NOSIGNAL);
	close(peer);
}

/* "NAMEn…" has the address 10.5.0.n. */
static void answer(int fd)
{
	static const uint8_t record[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 0, 0, 4, 10, 5, 0 };
	struct address from = { .len = sizeof(from.in6) };
	uint8_t m[512];
	ssize_t n = recvfrom(fd, m, sizeof(m) - 32, 0, &from.sa, &from.len);

	if (n < 17 || m[12] + 13 > n)
		return;
	m[2] |= 0x80;
	m[7] = 1;
	memcpy(m + n, record, sizeof(record));
	m[n + (ssize_t)sizeof(record)] = (uint8_t)(m[12 + m[12]] - '0');
	sendto(fd, m, (size_t)n + sizeof(record) + 1, 0, &from.sa, from.len);
}

static int serve(const int *ports, size_t n_ports, bool names)
{
	static const char *const on[] = { "0.0.0.0", "::" };
	struct pollfd p[16];
	nfds_t n = 0;

	for (size_t i = 0; i < n_ports; i++)
		for (int v6 = 0; v6 < 2; v6++) {
			p[n++] = (struct pollfd){ server(on[v6], ports[i], SOCK_STREAM), POLLIN, 0 };
			p[n++] = (struct pollfd){ server(on[v6], ports[i], SOCK_DGRAM), POLLIN, 0 };
		}
	if (names)
		p[n++] = (struct pollfd){ server(RESOLVER, 53, SOCK_DGRAM), POLLIN, 0 };
	puts("ready");
	fflush(stdout);
	while (poll(p, n, -1) > 0) {
		for (nfds_t i = 0; i < n; i++) {
			if (!p[i].revents)
				continue;
			if (names && i == n - 1)
				answer(p[i].fd);
			else if (i % 2)
				echo_datagram(p[i].fd);
			else
				echo_stream(p[i].fd);
		}
	}
	return 1;
}

/* From outside, to what `listen` serves. */
static int act_into(void) { return tcp("10.9.0.1", 7000); }
static int act_into_port(void) { return tcp("10.9.0.1", 7001); }
static int act_into_udp(void) { return sent("10.9.0.1", 7000); }
static int act_into_udp_port(void) { return sent("10.9.0.1", 7001); }
static int act_into6(void) { return tcp("fd09::1", 7000); }

#define ACT(name) { #name, act_##name }

static const struct act acts[] = {
	ACT(tcp), ACT(tcp_port), ACT(tcp_denied), ACT(tcp_elsewhere), ACT(tcp6), ACT(tcp6_elsewhere), ACT(tcp_mapped),
	ACT(tcp_mapped_elsewhere), ACT(udp), ACT(udp_elsewhere), ACT(udp_protocol), ACT(udp_connected),
	ACT(udp_connected_elsewhere), ACT(udp6), ACT(udp6_elsewhere), ACT(bind), ACT(bind_range), ACT(bind_any), ACT(bind_denied),
	ACT(bind_elsewhere), ACT(bind_protocol), ACT(loopback), ACT(ping), ACT(ping_elsewhere), ACT(raw), ACT(raw_elsewhere),
	ACT(source_route), ACT(unresolved), ACT(name), ACT(name_port), ACT(wildcard), ACT(name_elsewhere), ACT(into),
	ACT(into_port), ACT(into_udp), ACT(into_udp_port), ACT(into6),
};

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "serve"))
		return serve((const int[]){ 80 }, 1, true);
	if (argc == 2 && !strcmp(argv[1], "listen"))
		return serve((const int[]){ 7000, 7001 }, 2, false);
	return acts_run(acts, sizeof(acts) / sizeof(acts[0]), argv + 1);
}
