// SPDX-License-Identifier: LGPL-2.1-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "../../user/lib/cleanup.h"
#include "../../user/ns/netdev.h"
#include "../../user/ns/rtnl.h"
#include "child.h"

/* Messages: no system calls -------------------------------------------------------------------------------------- */

static char *end_of(struct nlmsghdr *h)
{
	return (char *)h + NLMSG_ALIGN(h->nlmsg_len);
}

static void add(struct nlmsghdr *h, uint16_t type, const void *data, size_t len)
{
	struct rtattr a = { .rta_len = (uint16_t)RTA_LENGTH(len), .rta_type = type };

	memcpy(end_of(h), &a, sizeof(a));
	memcpy(end_of(h) + sizeof(a), data, len);
	h->nlmsg_len = (uint32_t)(NLMSG_ALIGN(h->nlmsg_len) + a.rta_len);
}

static struct nlmsghdr *put_message(void *at, uint16_t type, uint16_t flags, uint32_t seq, const void *data, size_t len)
{
	struct nlmsghdr *h = at;

	*h = (struct nlmsghdr){ .nlmsg_len = (uint32_t)NLMSG_LENGTH(len), .nlmsg_type = type, .nlmsg_flags = flags,
				.nlmsg_seq = seq };
	memcpy(NLMSG_DATA(h), data, len);
	return h;
}

/* Payload of attribute @type, walked with the kernel's own macros; NULL: not there. */
static const void *attribute(const struct nlmsghdr *h, size_t header, int type, size_t *ret_len)
{
	const struct rtattr *a = (const void *)((const char *)h + NLMSG_SPACE(header));
	int left = (int)(h->nlmsg_len - NLMSG_SPACE(header));

	for (; RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == type) {
			*ret_len = RTA_PAYLOAD(a);
			return RTA_DATA(a);
		}
	assert_int_equal(left, 0);
	return NULL;
}

static void assert_attribute(const struct nlmsghdr *h, size_t header, int type, const void *data, size_t len)
{
	size_t n = 0;
	const void *p = attribute(h, header, type, &n);

	assert_non_null(p);
	assert_int_equal(n, len);
	assert_memory_equal(p, data, len);
}

static void build_link(void **state)
{
	struct ringwall_rtnl_request q;
	const struct ifinfomsg *i = NLMSG_DATA(&q.h);
	char name[600];
	uint32_t fd = 9;
	size_t n;

	(void)state;
	assert_int_equal(ringwall_rtnl_build_get(&q, 0, "eth0"), 0);
	assert_int_equal(q.h.nlmsg_type, RTM_GETLINK);
	assert_int_equal(q.h.nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
	assert_attribute(&q.h, sizeof(*i), IFLA_IFNAME, "eth0", 5);
	assert_int_equal(ringwall_rtnl_build_get(&q, 7, NULL), 0);
	assert_int_equal(i->ifi_index, 7);
	assert_null(attribute(&q.h, sizeof(*i), IFLA_IFNAME, &n));

	assert_int_equal(ringwall_rtnl_build_move(&q, 7, IFLA_NET_NS_FD, fd, "eth1"), 0);
	assert_int_equal(q.h.nlmsg_type, RTM_NEWLINK);
	assert_int_equal(i->ifi_index, 7);
	assert_int_equal(i->ifi_change, 0);
	assert_attribute(&q.h, sizeof(*i), IFLA_NET_NS_FD, &fd, sizeof(fd));
	assert_attribute(&q.h, sizeof(*i), IFLA_IFNAME, "eth1", 5);
	assert_int_equal(ringwall_rtnl_build_move(&q, 7, IFLA_NET_NS_PID, fd, NULL), 0);
	assert_attribute(&q.h, sizeof(*i), IFLA_NET_NS_PID, &fd, sizeof(fd));
	assert_null(attribute(&q.h, sizeof(*i), IFLA_IFNAME, &n));

	assert_int_equal(ringwall_rtnl_build_up(&q, 8), 0);
	assert_int_equal(i->ifi_index, 8);
	assert_int_equal(i->ifi_flags, IFF_UP);
	assert_int_equal(i->ifi_change, IFF_UP);

	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(ringwall_rtnl_build_get(&q, 0, name), -EMSGSIZE);
	/* Header 16, attribute header 4: what fits exactly, and a byte more. */
	name[496 - 16 - 4 - 1] = '\0';
	assert_int_equal(ringwall_rtnl_build_get(&q, 0, name), 0);
	assert_int_equal(q.h.nlmsg_len, sizeof(q));
	name[496 - 16 - 4 - 1] = 'x';
	name[496 - 16 - 4] = '\0';
	assert_int_equal(ringwall_rtnl_build_get(&q, 0, name), -EMSGSIZE);
}

/* A received address: 10.0.0.1/24 of interface 3. */
static struct nlmsghdr *an_address(void *at, uint32_t flags, const char *label)
{
	struct ifaddrmsg a = { .ifa_family = AF_INET, .ifa_prefixlen = 24, .ifa_flags = (uint8_t)flags, .ifa_index = 3 };
	struct nlmsghdr *h = put_message(at, RTM_NEWADDR, NLM_F_MULTI, 1, &a, sizeof(a));
	struct ifa_cacheinfo times = { .ifa_prefered = 0, .ifa_valid = UINT32_MAX };

	add(h, IFA_LOCAL, "\x0a\0\0\1", 4);
	add(h, IFA_ADDRESS, "\x0a\0\0\2", 4);
	add(h, IFA_FLAGS, &flags, sizeof(flags));
	add(h, IFA_CACHEINFO, &times, sizeof(times));
	add(h, IFA_TARGET_NETNSID, "\1\0\0\0", 4);
	if (label)
		add(h, IFA_LABEL, label, strlen(label) + 1);
	return h;
}

static void build_address(void **state)
{
	struct nlmsghdr buf[32] = { 0 };
	struct ringwall_rtnl_request q;
	const struct ifaddrmsg *a = NLMSG_DATA(&q.h);
	uint32_t flags = IFA_F_NODAD | IFA_F_NOPREFIXROUTE;
	struct nlmsghdr *h = an_address(buf, flags | IFA_F_PERMANENT | IFA_F_SECONDARY, NULL);
	struct ifa_cacheinfo times = { .ifa_prefered = 0, .ifa_valid = UINT32_MAX };
	size_t n;

	(void)state;
	assert_int_equal(ringwall_rtnl_build_address(&q, h, 5, "eth0", "net0"), 0);
	assert_int_equal(q.h.nlmsg_type, RTM_NEWADDR);
	assert_int_equal(q.h.nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
	assert_int_equal(a->ifa_family, AF_INET);
	assert_int_equal(a->ifa_prefixlen, 24);
	assert_int_equal(a->ifa_index, 5);
	assert_attribute(&q.h, sizeof(*a), IFA_LOCAL, "\x0a\0\0\1", 4);
	assert_attribute(&q.h, sizeof(*a), IFA_ADDRESS, "\x0a\0\0\2", 4);
	assert_attribute(&q.h, sizeof(*a), IFA_FLAGS, &flags, sizeof(flags));
	assert_attribute(&q.h, sizeof(*a), IFA_CACHEINFO, &times, sizeof(times));
	assert_null(attribute(&q.h, sizeof(*a), IFA_TARGET_NETNSID, &n));
	assert_null(attribute(&q.h, sizeof(*a), IFA_LABEL, &n));
	h->nlmsg_type = RTM_NEWLINK;
	assert_int_equal(ringwall_rtnl_build_address(&q, h, 5, "eth0", "net0"), -EBADMSG);
}

static void build_label(void **state)
{
	static const struct {
		const char *old, *to, *expect;
	} rows[] = {
		{ "eth0", "net0", "net0" },
		{ "eth0:web", "net0", "net0:web" },
		{ "eth01", "net0", "eth01" },
		{ "other", "net0", "other" },
		{ "eth0:1234567890", "n", "n:1234567890" },
		{ "eth0:1234567890", "net0", "net0:1234567890" },
		{ "eth0:1234567890", "net00", NULL },
	};
	struct ringwall_rtnl_request q;
	size_t n;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct nlmsghdr buf[32] = { 0 };

		an_address(buf, 0, rows[i].old);
		assert_int_equal(ringwall_rtnl_build_address(&q, buf, 5, "eth0", rows[i].to), 0);
		if (rows[i].expect)
			assert_attribute(&q.h, sizeof(struct ifaddrmsg), IFA_LABEL, rows[i].expect,
					 strlen(rows[i].expect) + 1);
		else
			assert_null(attribute(&q.h, sizeof(struct ifaddrmsg), IFA_LABEL, &n));
	}
}

static void parse_link(void **state)
{
	struct nlmsghdr buf[16] = { 0 };
	struct ifinfomsg i = { .ifi_index = 4, .ifi_flags = IFF_UP };
	struct nlmsghdr *h = put_message(buf, RTM_NEWLINK, 0, 1, &i, sizeof(i));
	struct ringwall_rtnl_link l = { .index = -1 };
	uint32_t whole;

	(void)state;
	assert_int_equal(ringwall_rtnl_parse_link(h, &l), -EBADMSG);
	add(h, IFLA_MTU, "\0\0\0\0", 4);
	add(h, IFLA_IFNAME, "eth0", 5);
	assert_int_equal(ringwall_rtnl_parse_link(h, &l), 0);
	assert_int_equal(l.index, 4);
	assert_int_equal(l.flags, IFF_UP);
	assert_string_equal(l.name, "eth0");

	/* No prefix of it is read past its end, nor taken for the whole. */
	whole = h->nlmsg_len;
	l.index = -1;
	for (h->nlmsg_len = sizeof(*h); h->nlmsg_len < whole; h->nlmsg_len++) {
		_cleanup_free_ struct nlmsghdr *copy = malloc(h->nlmsg_len); /* so that valgrind sees */

		memcpy(copy, h, h->nlmsg_len);
		assert_int_equal(ringwall_rtnl_parse_link(copy, &l), -EBADMSG);
	}
	assert_int_equal(l.index, -1);
	h = put_message(buf, RTM_NEWLINK, 0, 1, &i, sizeof(i));
	add(h, IFLA_IFNAME, "sixteen letters.", 16);
	assert_int_equal(ringwall_rtnl_parse_link(h, &l), -EBADMSG); /* no NUL */
	h = put_message(buf, RTM_DELLINK, 0, 1, &i, sizeof(i));
	add(h, IFLA_IFNAME, "eth0", 5);
	assert_int_equal(ringwall_rtnl_parse_link(h, &l), -EBADMSG);
}

static int count(const struct nlmsghdr *h, void *data)
{
	(void)h;
	++*(int *)data;
	return 0;
}

static int refuse(const struct nlmsghdr *h, void *data)
{
	(void)h;
	(void)data;
	return -ENOMEM;
}

static int answer(const void *buf, const void *end, bool *ret_interrupted, int *ret_n, struct ringwall_err *e)
{
	struct ringwall_rtnl_answer a = { .seq = 1, .each = count, .data = ret_n };
	int r;

	*ret_n = 0;
	r = ringwall_rtnl_parse_answer(&a, buf, (size_t)((const char *)end - (const char *)buf), e);
	*ret_interrupted = a.interrupted;
	return r;
}

static void parse_answer(void **state)
{
	struct nlmsghdr buf[64] = { 0 };
	struct ringwall_rtnl_answer a = { .seq = 1, .each = refuse };
	struct nlmsgerr ack = { 0 }, refused = { .error = -EPERM };
	struct ringwall_err e = { 0 };
	struct nlmsghdr *h;
	bool interrupted;
	int n;

	(void)state;
	an_address(buf, 0, "odd");
	h = put_message(end_of(buf), RTM_NEWADDR, NLM_F_MULTI, 2, "", 1);
	assert_int_equal(answer(buf, end_of(h), &interrupted, &n, &e), 1);
	assert_int_equal(n, 1);
	assert_false(interrupted);
	assert_int_equal(ringwall_rtnl_parse_answer(&a, buf, buf[0].nlmsg_len, &e), -ENOMEM);
	h = put_message(end_of(h), NLMSG_DONE, NLM_F_MULTI | NLM_F_DUMP_INTR, 1, &ack, sizeof(int));
	assert_int_equal(answer(buf, end_of(h), &interrupted, &n, &e), 0);
	assert_int_equal(n, 1);
	assert_true(interrupted);
	for (const char *end = end_of(h) - 1; end > (char *)h; end--)
		assert_int_equal(answer(buf, end, &interrupted, &n, &e), -EBADMSG);
	buf[0].nlmsg_len = 0;
	assert_int_equal(answer(buf, end_of(h), &interrupted, &n, &e), -EBADMSG);

	h = put_message(buf, NLMSG_ERROR, NLM_F_CAPPED, 1, &ack, sizeof(ack));
	assert_int_equal(answer(buf, end_of(h), &interrupted, &n, &e), 0);
	h = put_message(buf, NLMSG_ERROR, NLM_F_CAPPED, 2, &refused, sizeof(refused));
	assert_int_equal(answer(buf, end_of(h), &interrupted, &n, &e), 1);
	h->nlmsg_seq = 1;
	assert_int_equal(answer(buf, end_of(h), &interrupted, &n, &e), -EPERM);
	assert_string_equal(e.text, "rtnetlink: operation not permitted");
	h = put_message(buf, NLMSG_ERROR, NLM_F_CAPPED | NLM_F_ACK_TLVS, 1, &refused, sizeof(refused));
	add(h, NLMSGERR_ATTR_MSG, "No way", 7);
	assert_int_equal(answer(buf, end_of(h), &interrupted, &n, &e), -EPERM);
	assert_string_equal(e.text, "No way: operation not permitted");
	h = put_message(buf, NLMSG_ERROR, 0, 1, &refused, 3);
	assert_int_equal(answer(buf, end_of(h), &interrupted, &n, &e), -EBADMSG);
}

/* Real interfaces: veth pairs in a network namespace that plays the host's -------------------------------------- */

struct world {
	pid_t pid; /* the container */
	struct ringwall_err e;
	struct ringwall_net_device devices[4];
	struct ringwall_config c;
};

/* Output of a shell command, where "there" runs things in the container's network namespace; static memory. */
static const char *sh(const struct world *w, const char *command)
{
	static char out[8192];
	char full[512];
	size_t n;
	FILE *f;

	snprintf(full, sizeof(full), "set -e; there() { nsenter --net=/proc/%d/ns/net \"$@\"; }; %s", w->pid, command);
	f = popen(full, "r");
	CHECK(f != NULL);
	n = fread(out, 1, sizeof(out) - 1, f);
	out[n] = '\0';
	CHECK(!pclose(f));
	return out;
}

static int open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static int move(struct world *w, const char *const names[][2], size_t n)
{
	char before[64] = "", after[64] = "";
	int r, fds = open_fds();

	for (size_t i = 0; i < n; i++)
		w->devices[i] = (struct ringwall_net_device){ names[i][0], names[i][1] };
	w->c.net_devices = w->devices;
	w->c.n_net_devices = n;
	CHECK(readlink("/proc/self/ns/net", before, sizeof(before) - 1) > 0);
	r = ringwall_netdev_move(&w->c, w->pid, &w->e);
	if (r)
		fprintf(stderr, "# %s\n", w->e.text);
	CHECK(readlink("/proc/self/ns/net", after, sizeof(after) - 1) > 0);
	CHECK(!strcmp(before, after));
	CHECK(open_fds() == fds);
	CHECK(waitpid(-1, NULL, WNOHANG) <= 0); /* nor a child unreaped */
	return r;
}

#define MOVE(w, ...) \
	({ \
		const char *const names_[][2] = { __VA_ARGS__ }; \
		move((w), names_, ARRAY_SIZE(names_)); \
	})

static void world_open(struct world *w, int flags)
{
	int ready[2];
	char c;

	memset(w, 0, sizeof(*w));
	CHECK(!unshare(CLONE_NEWNET));
	CHECK(!pipe(ready));
	w->pid = fork();
	CHECK(w->pid >= 0);
	if (!w->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		CHECK(!unshare(flags));
		CHECK(write(ready[1], "", 1) == 1);
		for (;;)
			pause();
	}
	CHECK(read(ready[0], &c, 1) == 1);
	close(ready[0]);
	close(ready[1]);
	sh(w, "ip link add eth0 type veth peer p0; ip link add eth1 type veth peer p1;"
	      "ip link set p0 up; ip link set p1 up; ip link set eth0 up; ip link set eth1 up;"
	      "ip addr add 10.0.0.1/24 dev eth0; ip addr add fd00::1/64 dev eth0 nodad;"
	      "ip addr add 10.1.0.1/24 dev eth1");
}

static void world_close(struct world *w)
{
	kill(w->pid, SIGKILL);
	waitpid(w->pid, NULL, 0);
}

static void text_check(const char *text, const char *part, bool there, int line)
{
	if (!strstr(text, part) == !there)
		return;
	fprintf(stderr, "# line %d: '%s' %s in:\n%s\n", line, part, there ? "is not" : "is", text);
	_exit(99);
}

#define HAS(text, part) text_check((text), (part), true, __LINE__)
#define LACKS(text, part) text_check((text), (part), false, __LINE__)

static void host_is_untouched(const struct world *w)
{
	const char *s = sh(w, "ip -o addr");

	HAS(s, "eth0    inet 10.0.0.1/24");
	HAS(s, "eth0    inet6 fd00::1/64");
	HAS(s, "eth1    inet 10.1.0.1/24");
	HAS(sh(w, "ip link show eth0"), "UP");
	HAS(sh(w, "ip link show eth1"), "UP");
}

static void moves_all_of_it(void *data)
{
	struct world w;
	const char *s;

	world_open(&w, *(int *)data);
	/* The index eth0 has here is taken there. */
	sh(&w, "i=$(ip -o link show eth0 | cut -d: -f1);"
	       "there ip link add veth9 index $i type veth peer veth8");
	sh(&w, "ip link set eth0 mtu 1400 address 02:00:00:00:00:07; ip link set eth0 alias mine;"
	       "ip addr add 10.0.0.2/24 brd 10.0.0.255 dev eth0 label eth0:web;"
	       "ip addr add 10.5.0.1 peer 10.5.0.2/32 dev eth0 metric 77;"
	       "ip addr add 10.6.0.1/16 dev eth0 noprefixroute;"
	       "ip addr add 10.7.0.1/24 dev eth0 valid_lft 1000 preferred_lft 1000;"
	       "ip addr add 169.254.1.1/16 dev eth0 scope link;"
	       "ip addr add fd01::1/64 dev eth0 preferred_lft 0");
	CHECK(!MOVE(&w, { "eth0", "net0" }, { "eth1", NULL }));
	s = sh(&w, "ip -o link");
	LACKS(s, "eth0");
	LACKS(s, "eth1");
	s = sh(&w, "there ip -o link");
	HAS(s, "net0@");
	HAS(s, "eth1@");
	HAS(s, "veth9@");
	CHECK(atoi(strstr(s, "net0@") - 3) != atoi(strstr(s, "veth9@") - 3));
	s = sh(&w, "there ip link show net0");
	HAS(s, "UP");
	HAS(s, "mtu 1400");
	HAS(s, "02:00:00:00:00:07");
	HAS(s, "alias mine");
	HAS(sh(&w, "there ip link show eth1"), "UP");
	s = sh(&w, "there ip -o -4 addr show dev net0");
	HAS(s, "inet 10.0.0.1/24 scope global net0");
	HAS(s, "inet 10.0.0.2/24 brd 10.0.0.255 scope global secondary net0:web");
	HAS(s, "inet 10.5.0.1 peer 10.5.0.2/32 metric 77 scope global net0");
	HAS(s, "inet 10.6.0.1/16 scope global noprefixroute net0");
	LACKS(s, "10.7.0.1");
	LACKS(s, "169.254.1.1");
	s = sh(&w, "there ip -o -6 addr show dev net0");
	HAS(s, "fd00::1/64 scope global nodad");
	HAS(s, "fd01::1/64 scope global");
	HAS(s, "deprecated");
	HAS(sh(&w, "there ip -o addr show dev eth1"), "inet 10.1.0.1/24 scope global eth1");
	world_close(&w);
}

static void refuses_missing(void *data)
{
	struct world w;

	world_open(&w, *(int *)data);
	CHECK(MOVE(&w, { "eth0", NULL }, { "eth7", NULL }) == -ENODEV);
	CHECK(!strcmp(w.e.text, "linux.netDevices['eth7']: no such device"));
	CHECK(w.e.code == -ENODEV);
	host_is_untouched(&w);
	world_close(&w);
}

static void refuses_taken(void *data)
{
	struct world w;

	world_open(&w, *(int *)data);
	sh(&w, "there ip link add net0 type veth peer eth1");
	CHECK(MOVE(&w, { "eth0", NULL }, { "eth1", "net0" }) == -EEXIST);
	CHECK(!strcmp(w.e.text, "linux.netDevices['eth1']: name 'net0' in the container: file exists"));
	CHECK(MOVE(&w, { "eth0", NULL }, { "eth1", NULL }) == -EEXIST);
	CHECK(MOVE(&w, { "eth1", "lo" }) == -EEXIST);
	host_is_untouched(&w);
	/* The old name is taken there, the new one is not. */
	CHECK(!MOVE(&w, { "eth1", "net1" }));
	HAS(sh(&w, "there ip -o addr show dev net1"), "10.1.0.1/24");
	world_close(&w);
}

static void takes_all_back(void *data)
{
	struct world w;
	const char *s;

	world_open(&w, *(int *)data);
	sh(&w, "ip addr add 169.254.1.1/16 dev eth0 scope link; ip link add eth2 type veth peer p2");
	/* lo may not leave a namespace, and the kernel says so only when asked to move it. */
	CHECK(MOVE(&w, { "eth0", "net0" }, { "eth1", NULL }, { "eth2", NULL }, { "lo", "lo9" }) == -EINVAL);
	HAS(w.e.text, "linux.netDevices['lo']: move to the container: ");
	host_is_untouched(&w);
	HAS(sh(&w, "ip -o addr"), "169.254.1.1/16");
	LACKS(sh(&w, "ip link show eth2"), "UP");
	s = sh(&w, "there ip -o link");
	LACKS(s, "eth");
	LACKS(s, "net0");
	/* The same again without the culprit. */
	CHECK(!MOVE(&w, { "eth0", "net0" }, { "eth1", NULL }, { "eth2", NULL }));
	world_close(&w);
}

/* The kernel moves, then refuses the name. */
static void takes_half_moved_back(void *data)
{
	struct world w;

	world_open(&w, *(int *)data);
	CHECK(MOVE(&w, { "eth1", NULL }, { "eth0", "a b" }) == -EINVAL);
	HAS(w.e.text, "linux.netDevices['eth0']: move to the container: ");
	host_is_untouched(&w);
	LACKS(sh(&w, "there ip -o link"), "eth");
	world_close(&w);
}

/* An address that the container's namespace does not take. */
static void takes_back_without_ipv6(void *data)
{
	struct world w;

	world_open(&w, *(int *)data);
	sh(&w, "there sh -c 'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'");
	CHECK(MOVE(&w, { "eth1", NULL }, { "eth0", "net0" }) < 0);
	HAS(w.e.text, "linux.netDevices['eth0']: add its address in the container: ");
	host_is_untouched(&w);
	world_close(&w);
}

static void numbers_templates(void *data)
{
	struct world w;
	const char *s;

	world_open(&w, *(int *)data);
	sh(&w, "there ip link add net0 type veth peer net2; ip link add net1 type veth peer p3");
	CHECK(MOVE(&w, { "eth0", "net%d%d" }) == -EINVAL);
	CHECK(MOVE(&w, { "eth0", "net%s" }) == -EINVAL);
	CHECK(MOVE(&w, { "eth0", "net%" }) == -EINVAL);
	host_is_untouched(&w);
	CHECK(!MOVE(&w, { "eth0", "net%d" }, { "eth1", "net1" }, { "net1", "n%d" }));
	s = sh(&w, "there ip -o addr");
	HAS(s, "net3    inet 10.0.0.1/24");
	HAS(s, "net1    inet 10.1.0.1/24");
	HAS(sh(&w, "there ip -o link"), " n0@");
	world_close(&w);
}

static void needs_a_process(void *data)
{
	struct world w;

	world_open(&w, *(int *)data);
	world_close(&w);
	CHECK(MOVE(&w, { "eth0", NULL }) == -ENOENT);
	HAS(w.e.text, "linux.netDevices: open '/proc/");
}

static void nothing_to_do(void **state)
{
	struct ringwall_config c = { 0 };
	struct ringwall_err e = { 0 };

	(void)state;
	assert_int_equal(ringwall_netdev_move(&c, -1, &e), 0);
	assert_int_equal(e.code, 0);
}

static void probe(void *data)
{
	(void)data;
	_exit(unshare(CLONE_NEWNET) || system("ip link add eth0 type veth peer p0 2>/dev/null") ? 1 : 0);
}

/* Each with a plain container, and with one that has its own user namespace. */
static void with_veths(void (*f)(void *))
{
	int flags = CLONE_NEWNET;

	if (child_run(probe, NULL))
		skip();
	assert_child(f, &flags);
	flags |= CLONE_NEWUSER;
	assert_child(f, &flags);
}

#define VETH_TEST(name) \
	static void test_##name(void **state) \
	{ \
		(void)state; \
		with_veths(name); \
	}

VETH_TEST(moves_all_of_it)
VETH_TEST(refuses_missing)
VETH_TEST(refuses_taken)
VETH_TEST(takes_all_back)
VETH_TEST(takes_half_moved_back)
VETH_TEST(takes_back_without_ipv6)
VETH_TEST(numbers_templates)

static void test_needs_a_process(void **state)
{
	int flags = CLONE_NEWNET;

	(void)state;
	if (child_run(probe, NULL))
		skip();
	assert_child(needs_a_process, &flags);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(build_link),
		cmocka_unit_test(build_address),
		cmocka_unit_test(build_label),
		cmocka_unit_test(parse_link),
		cmocka_unit_test(parse_answer),
		cmocka_unit_test(nothing_to_do),
		cmocka_unit_test(test_moves_all_of_it),
		cmocka_unit_test(test_refuses_missing),
		cmocka_unit_test(test_refuses_taken),
		cmocka_unit_test(test_takes_all_back),
		cmocka_unit_test(test_takes_half_moved_back),
		cmocka_unit_test(test_takes_back_without_ipv6),
		cmocka_unit_test(test_numbers_templates),
		cmocka_unit_test(test_needs_a_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
