// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * netops - what a few operations of the network cost, in ns each.
 *
 *	netops -s NETNS COMMAND [ARG...]
 *	netops MS PEERS
 *
 * The first opens a listener for TCP as descriptor 3 and a socket for UDP as 4, on every address of that network
 *namespace, and becomes COMMAND, which may be the second one, or a runtime that hands them on. So the loop accepts what
 *it connects to: no other process is waited for, and what the other side does is not in the way of rules.
 *
 * PEERS is a file of addresses of that namespace, one a line, taken in turn. One line: connect (UDP), sendto the same
 *peer, sendto another one each time, all from sockets that are not connected, and a TCP connection made, accepted and
 *reset; each done for MS milliseconds. Static, so that it is the same program in a container.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LISTENER 3
#define SINK 4
#define PORT 4242
#define PEERS_MAX 4096
#define BATCH 32 /* operations between two looks at the clock */
#define BATCHES_MAX 16384

static struct sockaddr_in peer[PEERS_MAX];
static unsigned int peers, next;
static int sock;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static const struct sockaddr *another(void)
{
	next = next + 1 < peers ? next + 1 : 0;
	return (struct sockaddr *)&peer[next];
}

static int op_connect(void)
{
	return connect(sock, another(), sizeof(*peer)) < 0;
}

static int op_send(void)
{
	return sendto(sock, "x", 1, 0, (struct sockaddr *)peer, sizeof(*peer)) != 1;
}

static int op_send_another(void)
{
	return sendto(sock, "x", 1, 0, another(), sizeof(*peer)) != 1;
}

/* Reset, because a connection that was closed would keep its port for a minute. */
static int op_tcp(void)
{
	struct linger at_once = { .l_onoff = 1 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), other;

	if (fd < 0 || connect(fd, another(), sizeof(*peer)) < 0)
		return 1;
	other = accept(LISTENER, NULL, NULL);
	return other < 0 || setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)) < 0 || close(fd) < 0 ||
	       close(other) < 0;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/*
 * The median of the batches, so that being preempted does not count. The first batch does not either: it finds
 * neighbours, and fills the socket that nobody reads from.
 */
static void measure(const char *name, int (*op)(void), uint64_t ns)
{
	static uint64_t took[BATCHES_MAX];
	uint64_t start = now(), last = start;
	size_t n = 0;

	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		die("socket");
	while (n < 2 || (n < BATCHES_MAX && last - start < ns)) {
		uint64_t from = now();

		for (int i = 0; i < BATCH; i++)
			if (op())
				die(name);
		last = now();
		took[n++] = last - from;
	}
	close(sock);
	qsort(took + 1, n - 1, sizeof(*took), compare);
	printf(" %.0f", (double)took[1 + (n - 1) / 2] / BATCH);
}

static void read_peers(const char *path)
{
	FILE *f = fopen(path, "re");
	char text[64];

	if (!f)
		die(path);
	while (peers < PEERS_MAX && fscanf(f, "%63s", text) == 1) {
		peer[peers] = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(PORT) };
		if (inet_pton(AF_INET, text, &peer[peers++].sin_addr) != 1)
			die(text);
	}
	fclose(f);
	if (peers < 2)
		die(path);
}

static void open_at(int fd, int type)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int made = socket(AF_INET, type, 0), little = 1;

	if (made < 0 || (made != fd && (dup2(made, fd) < 0 || close(made) < 0)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little)) < 0 ||
	    bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 || (type == SOCK_STREAM && listen(fd, 64) < 0))
		die("open the other side's sockets");
}

static void serve(const char *netns, char **command)
{
	int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), there = open(netns, O_RDONLY | O_CLOEXEC);

	/* Out of the way of the two numbers. */
	here = fcntl(here, F_DUPFD_CLOEXEC, 10);
	if (here < 0 || there < 0 || setns(there, CLONE_NEWNET) < 0)
		die(netns);
	close(there);
	open_at(LISTENER, SOCK_STREAM);
	open_at(SINK, SOCK_DGRAM);
	if (setns(here, CLONE_NEWNET) < 0)
		die("setns");
	execvp(command[0], command);
	die(command[0]);
}

int main(int argc, char **argv)
{
	uint64_t ns;

	if (argc > 3 && !strcmp(argv[1], "-s"))
		serve(argv[2], argv + 3);
	if (argc != 3)
		return 2;
	ns = strtoull(argv[1], NULL, 10) * 1000000;
	read_peers(argv[2]);
	measure("connect", op_connect, ns);
	measure("sendto", op_send, ns);
	measure("sendto", op_send_another, ns);
	measure("TCP", op_tcp, ns);
	printf("\n");
	return 0;
}
