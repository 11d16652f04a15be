// SPDX-License-Identifier: LGPL-2.1-or-later
#include "netdev.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "rtnl.h"

struct device {
	const struct ringwall_net_device *config;
	struct ringwall_rtnl_link here, there; /* there.index is 0 while it is not there */
};

struct move {
	struct ringwall_rtnl_port here, there;
	int netns; /* the container's: as long as it is open, nothing in it dies */
	struct device *devices;
	size_t n;
	char *addresses; /* permanent ones of the devices: RTM_NEWADDR messages, aligned */
	size_t addresses_len;
};

static void move_free(struct move *m)
{
	ringwall_fd_close(&m->here.fd);
	ringwall_fd_close(&m->there.fd);
	ringwall_fd_close(&m->netns);
	free(m->devices);
	free(m->addresses);
}

/* Finding out ---------------------------------------------------------------------------------------------------- */

static int take_link(const struct nlmsghdr *h, void *data)
{
	return ringwall_rtnl_parse_link(h, data);
}

/* By @index, or by @name when that is 0. */
static int get_link(struct ringwall_rtnl_port *p, int index, const char *name, struct ringwall_rtnl_link *ret)
{
	struct ringwall_rtnl_request q;
	struct ringwall_rtnl_link l = { 0 };
	int r = ringwall_rtnl_build_get(&q, index, name);

	if (!r)
		r = ringwall_rtnl_exchange(p, &q, take_link, &l, NULL);
	if (!r && !l.index)
		return -EBADMSG;
	if (!r)
		*ret = l;
	return r;
}

static int take_address(const struct nlmsghdr *h, void *data)
{
	struct ringwall_rtnl_address a;
	struct move *m = data;
	size_t i = 0;
	char *p;
	int r = ringwall_rtnl_parse_address(h, &a);

	if (r < 0)
		return r;
	while (i < m->n && m->devices[i].here.index != a.index)
		i++;
	if (i == m->n || !(a.flags & IFA_F_PERMANENT))
		return 0;
	p = realloc(m->addresses, m->addresses_len + NLMSG_ALIGN(h->nlmsg_len));
	if (!p)
		return -ENOMEM;
	memcpy(p + m->addresses_len, h, h->nlmsg_len);
	m->addresses = p;
	m->addresses_len += NLMSG_ALIGN(h->nlmsg_len);
	return 0;
}

/* Before anything goes down: IPv6 addresses do not outlive that. */
static int save_addresses(struct move *m, struct ringwall_err *e)
{
	struct ringwall_rtnl_request q;
	int r = -EAGAIN;

	for (int tries = 0; r == -EAGAIN && tries < 20; tries++) {
		ringwall_rtnl_build_dump(&q);
		m->addresses_len = 0;
		r = ringwall_rtnl_exchange(&m->here, &q, take_address, m, NULL);
	}
	return r < 0 ? ringwall_fail(e, r, "linux.netDevices: list addresses") : 0;
}

static int check_free(struct move *m, const char *name, struct ringwall_err *e)
{
	struct ringwall_rtnl_link l;
	int r = get_link(&m->there, 0, name, &l) ?: -EEXIST;

	return r == -ENODEV ? 0 : ringwall_fail(e, r, "name '%s' in the container", name);
}

static bool is_template(const struct ringwall_net_device *d)
{
	return d->container_name && strchr(d->container_name, '%');
}

/*
 * The kernel would number a template itself, but may count a device against its own old name, and does not say what
 * came out.
 */
static int choose_number(struct move *m, struct device *d, struct ringwall_err *e)
{
	const char *template = d->config->container_name, *percent = strchr(template, '%');
	char name[3 * IFNAMSIZ];
	int r = -EEXIST;

	if (percent[1] != 'd' || strchr(percent + 1, '%') || strlen(template) >= IFNAMSIZ)
		return ringwall_fail_plain(e, -EINVAL, "name '%.40s' is no template: one %%d is allowed", template);
	for (unsigned int i = 0; r == -EEXIST; i++) {
		snprintf(name, sizeof(name), "%.*s%u%s", (int)(percent - template), template, i, percent + 2);
		if (strlen(name) >= IFNAMSIZ)
			return r;
		r = check_free(m, name, e);
	}
	if (!r)
		memcpy(d->there.name, name, IFNAMSIZ);
	return r;
}

static int choose_name(struct move *m, struct device *d, struct ringwall_err *e)
{
	const char *name = d->config->container_name ?: d->here.name;

	if (is_template(d->config))
		return choose_number(m, d, e);
	if (strlen(name) >= IFNAMSIZ)
		return ringwall_fail(e, -ENAMETOOLONG, "name '%.40s'", name);
	strcpy(d->there.name, name);
	return check_free(m, name, e);
}

/* Moving --------------------------------------------------------------------------------------------------------- */

static int add_address(struct ringwall_rtnl_port *p, const struct nlmsghdr *saved, const char *old_name,
		       const struct ringwall_rtnl_link *to, struct ringwall_err *e)
{
	struct ringwall_rtnl_request q;
	int r = ringwall_rtnl_build_address(&q, saved, to->index, old_name, to->name);

	return r < 0 ? ringwall_fail(e, r, "rtnetlink") : ringwall_rtnl_exchange(p, &q, NULL, NULL, e);
}

/* In the container those that the specification names; when a device comes back all, and a failure stops nothing. */
static int add_addresses(struct move *m, const struct device *d, const struct ringwall_rtnl_link *to, bool back,
			 struct ringwall_err *e)
{
	int r = 0;

	for (size_t at = 0; at < m->addresses_len && (!r || back);) {
		const struct nlmsghdr *h = (const void *)(m->addresses + at);
		struct ringwall_rtnl_address a;

		at += NLMSG_ALIGN(h->nlmsg_len);
		if (!ringwall_rtnl_parse_address(h, &a) && a.index == d->here.index &&
		    (back || a.scope == RT_SCOPE_UNIVERSE))
			r = add_address(back ? &m->here : &m->there, h, d->here.name, to, e);
	}
	return r;
}

static int bring_up(struct ringwall_rtnl_port *p, int index, struct ringwall_err *e)
{
	struct ringwall_rtnl_request q;

	ringwall_rtnl_build_up(&q, index);
	return ringwall_rtnl_exchange(p, &q, NULL, NULL, e);
}

static int rename_and_move(struct ringwall_rtnl_port *p, const struct ringwall_rtnl_link *from, const char *name,
			   uint16_t ns, int value, struct ringwall_err *e)
{
	struct ringwall_rtnl_request q;
	int r = ringwall_rtnl_build_move(&q, from->index, ns, (uint32_t)value, strcmp(from->name, name) ? name : NULL);

	return r < 0 ? ringwall_fail(e, r, "rtnetlink") : ringwall_rtnl_exchange(p, &q, NULL, NULL, e);
}

/*
 * The kernel moves before it renames. If it refused only the latter, the device is there under its old name: which no
 * other has there, or the kernel would have used the new one to begin with.
 */
static void look_for_stray(struct move *m, struct device *d)
{
	struct ringwall_rtnl_link l;

	if (get_link(&m->here, d->here.index, NULL, &l) == -ENODEV)
		get_link(&m->there, 0, d->here.name, &d->there);
}

static int move_there(struct move *m, struct device *d, struct ringwall_err *e)
{
	const char *doing = "move to the container";
	int r = choose_name(m, d, e);

	if (r < 0)
		return r;
	r = rename_and_move(&m->here, &d->here, d->there.name, IFLA_NET_NS_FD, m->netns, e);
	if (r < 0)
		look_for_stray(m, d);
	if (!r) {
		doing = "find it in the container"; /* its index may be another one, the old one taken there */
		r = get_link(&m->there, 0, d->there.name, &d->there);
		if (r < 0)
			ringwall_fail(e, r, "rtnetlink");
	}
	if (!r) {
		doing = "add its address in the container";
		r = add_addresses(m, d, &d->there, false, e);
	}
	if (!r) {
		doing = "bring it up in the container";
		r = bring_up(&m->there, d->there.index, e);
	}
	if (r < 0)
		ringwall_err_prepend(e, "%s", doing);
	return r;
}

static void move_back(struct move *m, struct device *d, struct ringwall_err *e)
{
	struct ringwall_rtnl_link back;
	int r;

	if (!d->there.index)
		return;
	/* Our own namespace as that of this thread: there may be no path to it. */
	r = rename_and_move(&m->there, &d->there, d->here.name, IFLA_NET_NS_PID, gettid(), NULL);
	if (!r)
		r = get_link(&m->here, 0, d->here.name, &back);
	if (r < 0) {
		ringwall_err_prepend(e, "(interface '%s' did not come back, error %d)", d->here.name, -r);
		return;
	}
	add_addresses(m, d, &back, true, NULL);
	if (d->here.flags & IFF_UP)
		bring_up(&m->here, back.index, NULL);
}

static int blame(const struct device *d, int r, struct ringwall_err *e)
{
	if (r < 0)
		ringwall_err_prepend(e, "linux.netDevices['%s']", d->config->name);
	return r;
}

/* Nothing changes here. A name taken now need not cost the host's interfaces their routes. */
static int survey(struct move *m, struct ringwall_err *e)
{
	int r = 0;

	for (size_t i = 0; i < m->n; i++) {
		struct device *d = &m->devices[i];

		r = get_link(&m->here, 0, d->config->name, &d->here);
		if (r < 0)
			return ringwall_fail(e, r, "linux.netDevices['%s']", d->config->name);
		r = blame(d, choose_name(m, d, e), e);
		if (r < 0)
			return r;
	}
	return save_addresses(m, e);
}

/* Templates last: they take the numbers that the others leave. */
static int move_all(struct move *m, struct ringwall_err *e)
{
	int r = 0;

	for (int templates = 0; templates < 2; templates++)
		for (size_t i = 0; i < m->n && !r; i++)
			if (is_template(m->devices[i].config) == templates)
				r = blame(&m->devices[i], move_there(m, &m->devices[i], e), e);
	if (r < 0)
		for (size_t i = m->n; i-- > 0;)
			move_back(m, &m->devices[i], e);
	return r;
}

int ringwall_netdev_move(const struct ringwall_config *c, pid_t pid, struct ringwall_err *e)
{
	_cleanup_(move_free) struct move m = { .here.fd = -1, .there.fd = -1, .netns = -1, .n = c->n_net_devices };
	char path[32];
	int r;

	if (!m.n)
		return 0;
	m.devices = calloc(m.n, sizeof(*m.devices));
	if (!m.devices)
		return ringwall_fail(e, -ENOMEM, "linux.netDevices");
	for (size_t i = 0; i < m.n; i++)
		m.devices[i].config = &c->net_devices[i];
	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	m.netns = open(path, O_RDONLY | O_CLOEXEC);
	if (m.netns < 0)
		return ringwall_fail(e, -errno, "linux.netDevices: open '%s'", path);
	r = ringwall_rtnl_open(-1, &m.here, e);
	if (!r)
		r = ringwall_rtnl_open(m.netns, &m.there, e);
	if (r < 0) {
		ringwall_err_prepend(e, "linux.netDevices");
		return r;
	}
	r = survey(&m, e);
	return r < 0 ? r : move_all(&m, e);
}
