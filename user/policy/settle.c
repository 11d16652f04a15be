// SPDX-License-Identifier: LGPL-2.1-or-later
#include "settle.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../lib/cleanup.h"
#include "../lib/file.h"
#include "../mount/inroot.h"
#include "links.h"
#include "text.h"

#define RESOLV_CONF "/etc/resolv.conf"
#define RESOLV_CONF_MAX (64 << 10)

/* The file that callers mount there, else the image's, which is opened as the container would: below its root. */
static int open_conf(const struct ringwall_config *c, const char *rootfs)
{
	_cleanup_fd_ int root = -1;

	for (size_t i = c->n_mounts; i-- > 0;)
		if (!strcmp(c->mounts[i].destination, RESOLV_CONF) && c->mounts[i].source)
			return open(c->mounts[i].source, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	root = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? -1 : ringwall_inroot_open(root, RESOLV_CONF, O_RDONLY | O_NONBLOCK);
}

static void add(struct ringwall_model *m, const char *text)
{
	char address[INET6_ADDRSTRLEN];
	size_t n = strcspn(text, " \t#;%");

	if (m->n_resolvers == RINGWALL_RESOLVERS_MAX || n >= sizeof(address))
		return;
	memcpy(address, text, n);
	address[n] = '\0';
	if (!ringwall_address_parse(address, &m->resolvers[m->n_resolvers].family,
				    m->resolvers[m->n_resolvers].address, NULL))
		m->n_resolvers++;
}

void ringwall_resolvers_read(char *text, struct ringwall_model *m)
{
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, "nameserver", 10) || (line[10] != ' ' && line[10] != '\t'))
			continue;
		line += 10;
		add(m, line + strspn(line, " \t"));
	}
}

static int find_resolvers(const struct ringwall_config *c, const char *rootfs, struct ringwall_model *m, struct ringwall_err *e)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_fd_ int fd = -1;
	int r;

	if (!m->has_names || m->n_resolvers)
		return 0;
	fd = open_conf(c, rootfs);
	if (fd < 0)
		return ringwall_fail(e, -errno, "policy %s: rules by name, but no network.resolvers, and the container's %s", m->name,
				     RESOLV_CONF);
	r = ringwall_file_read_fd(fd, RESOLV_CONF_MAX, &text, NULL);
	if (r < 0)
		return ringwall_fail(e, r, "the container's %s", RESOLV_CONF);
	ringwall_resolvers_read(text, m);
	return m->n_resolvers ? 0 :
				ringwall_fail_plain(e, -EINVAL, "policy %s: rules by name want network.resolvers: the container's %s has none",
						    m->name, RESOLV_CONF);
}

/* One by path may be a pod's, or the host's under another name. What cannot be told counts as the host's. */
static bool has_own_network(const struct ringwall_config *c)
{
	const struct ringwall_namespace *net = &c->ns[RINGWALL_NS_NETWORK];
	struct stat ours, theirs;

	if (!net->set || !net->path)
		return net->set;
	return !stat("/proc/1/ns/net", &ours) && !stat(net->path, &theirs) && ours.st_ino != theirs.st_ino;
}

int ringwall_model_settle(const struct ringwall_config *c, const char *rootfs, struct ringwall_model *m, struct ringwall_err *e)
{
	int r;

	if (m->egress.set || m->ingress.set)
		m->own_network = has_own_network(c);
	r = ringwall_links_follow(rootfs, m, e);
	return r < 0 ? r : find_resolvers(c, rootfs, m, e);
}
