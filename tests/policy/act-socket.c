// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Kinds of sockets, and unix sockets by abstract names; see act.h.
 *
 * `act-socket serve` holds the names ringwall-stream, ringwall-dgram and ringwall-seqpacket until it is killed, and says "ready".
 */
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "act.h"

static int act_inet(void) { return socket(AF_INET, SOCK_STREAM, 0); }
static int act_inet_cloexec(void) { return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }
static int act_inet_udp(void) { return socket(AF_INET, SOCK_DGRAM, 0); }
static int act_inet_raw(void) { return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP); }
static int act_inet6(void) { return socket(AF_INET6, SOCK_STREAM, 0); }
static int act_packet(void) { return socket(AF_PACKET, SOCK_DGRAM, 0); }
static int act_netlink_route(void) { return socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE); }
static int act_netlink_audit(void) { return socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT); }
static int act_netlink_none(void)
{
	for (int i = 1; i < 5; i++)
		if (socket(AF_NETLINK, SOCK_RAW, 32 * i + NETLINK_AUDIT) >= 0 || errno != EPROTONOSUPPORT)
			return -1;
	return -1;
}

static int act_unix(void) { return socket(AF_UNIX, SOCK_STREAM, 0); }

static int act_pair(void)
{
	int pair[2];

	return socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) < 0 || write(pair[0], "x", 1) != 1 ? -1 : 0;
}

static socklen_t abstract(struct sockaddr_un *ret, const char *name)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(ret->sun_path + 1, name, strlen(name));
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
}

static int listener(int type, const char *name)
{
	struct sockaddr_un address;
	socklen_t len = abstract(&address, name);
	int fd = socket(AF_UNIX, type, 0);

	NEEDED(fd);
	NEEDED(bind(fd, (struct sockaddr *)&address, len));
	return type == SOCK_DGRAM ? fd : listen(fd, 5) < 0 ? -1 : fd;
}

static int reach(int type, const char *name)
{
	struct sockaddr_un address;
	socklen_t len = abstract(&address, name);
	int fd = socket(AF_UNIX, type, 0);

	NEEDED(fd);
	return connect(fd, (struct sockaddr *)&address, len);
}

static int act_stream_out(void) { return reach(SOCK_STREAM, "ringwall-stream"); }
static int act_seqpacket_out(void) { return reach(SOCK_SEQPACKET, "ringwall-seqpacket"); }
static int act_dgram_out(void) { return reach(SOCK_DGRAM, "ringwall-dgram"); }

static int act_sendto_out(void)
{
	struct sockaddr_un address;
	socklen_t len = abstract(&address, "ringwall-dgram");
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	NEEDED(fd);
	return (int)sendto(fd, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&address, len);
}

static int act_stream_in(void)
{
	NEEDED(listener(SOCK_STREAM, "ringwall-mine"));
	return reach(SOCK_STREAM, "ringwall-mine");
}

static int act_dgram_in(void)
{
	NEEDED(listener(SOCK_DGRAM, "ringwall-mine"));
	return reach(SOCK_DGRAM, "ringwall-mine");
}

/* A socket with a path is a file: other rules. */
static int act_path_in(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/tmp/act-socket" };
	int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);

	unlink(address.sun_path);
	NEEDED(bind(server, (struct sockaddr *)&address, sizeof(address)));
	NEEDED(listen(server, 1));
	return connect(client, (struct sockaddr *)&address, sizeof(address));
}

static int serve(void)
{
	if (listener(SOCK_STREAM, "ringwall-stream") < 0 || listener(SOCK_SEQPACKET, "ringwall-seqpacket") < 0 ||
	    listener(SOCK_DGRAM, "ringwall-dgram") < 0)
		return 1;
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}

#define ACT(name) { #name, act_##name }

static const struct act acts[] = {
	ACT(inet), ACT(inet_cloexec), ACT(inet_udp), ACT(inet_raw), ACT(inet6), ACT(packet), ACT(netlink_route),
	ACT(netlink_audit), ACT(netlink_none), ACT(unix), ACT(pair), ACT(stream_out), ACT(seqpacket_out), ACT(dgram_out), ACT(sendto_out),
	ACT(stream_in), ACT(dgram_in), ACT(path_in),
};

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "serve"))
		return serve();
	return acts_run(acts, sizeof(acts) / sizeof(acts[0]), argv + 1);
}
