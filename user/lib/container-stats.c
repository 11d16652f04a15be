// SPDX-License-Identifier: LGPL-2.1-or-later
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "container.h"

/* Columns of /proc/PID/net/dev that runc's network_interfaces has, under its names (Go's, not JSON's). */
static const struct {
	const char *key;
	unsigned int column;
} counters[] = {
	{ "RxBytes", 0 }, { "RxPackets", 1 }, { "RxErrors", 2 },  { "RxDropped", 3 },
	{ "TxBytes", 8 }, { "TxPackets", 9 }, { "TxErrors", 10 }, { "TxDropped", 11 },
};

/* "  eth0: 1 2 3 …", sixteen numbers. */
static void put_interface(struct ringwall_json_out *o, char *line)
{
	char *colon = strrchr(line, ':'), *name = line + strspn(line, " "), *at;
	uint64_t column[16] = {};

	if (!colon || (size_t)(colon - name) > 64)
		return;
	*colon = '\0';
	at = colon + 1;
	for (size_t i = 0; i < ARRAY_SIZE(column); i++)
		column[i] = strtoull(at, &at, 10);
	if (!strcmp(name, "lo"))
		return;
	ringwall_json_out_object(o, NULL);
	ringwall_json_out_str(o, "Name", name);
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
		ringwall_json_out_u64(o, counters[i].key, column[counters[i].column]);
	ringwall_json_out_end(o, '}');
}

/* Does @pid have another network namespace than we? */
static bool has_own_network(pid_t pid)
{
	char path[64];
	struct stat own, its;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	return !stat(path, &its) && !stat("/proc/self/ns/net", &own) && its.st_ino != own.st_ino;
}

/* The host's interfaces are not a host-network container's; null for it, and null where runc shows nothing. */
static void put_network(struct ringwall_json_out *o, pid_t pid)
{
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	char path[64];
	FILE *f = NULL;

	snprintf(path, sizeof(path), "/proc/%d/net/dev", pid);
	if (has_own_network(pid))
		f = fopen(path, "re");
	if (!f) {
		ringwall_json_out_str(o, "network_interfaces", NULL);
		return;
	}
	ringwall_json_out_array(o, "network_interfaces");
	while (getline(&line, &size, f) > 0)
		if (!strchr(line, '|')) /* the two lines of headings */
			put_interface(o, line);
	ringwall_json_out_end(o, ']');
	fclose(f);
}

int ringwall_container_stats(const struct ringwall_state *s, struct ringwall_cgroup *cg, char **ret_json,
			     struct ringwall_err *e)
{
	struct ringwall_json_out o = {};
	char *json;
	int r;

	ringwall_json_out_object(&o, NULL);
	ringwall_json_out_str(&o, "type", "stats");
	ringwall_json_out_str(&o, "id", s->id);
	ringwall_json_out_object(&o, "data");
	r = ringwall_cgroup_stats(cg, &o, e);
	if (r < 0) {
		ringwall_json_out_free(&o);
		return r;
	}
	/* runc writes it always; no counters of it are read here. */
	ringwall_json_out_object(&o, "intel_rdt");
	ringwall_json_out_end(&o, '}');
	put_network(&o, s->pid);
	ringwall_json_out_end(&o, '}');
	ringwall_json_out_end(&o, '}');
	json = ringwall_json_out_take(&o, NULL);
	if (!json)
		return ringwall_fail(e, -ENOMEM, "statistics of container '%.100s'", s->id);
	*ret_json = json;
	return 0;
}

int ringwall_stats(struct ringwall *rw, const char *id, char **ret_json, struct ringwall_err *e)
{
	_cleanup_(ringwall_state_close) struct ringwall_state s = { .dir_fd = -1 };
	_cleanup_(ringwall_cgroup_close) struct ringwall_cgroup cg = { .fd = -1 };
	_cleanup_fd_ int pidfd = -1;
	int r;

	r = ringwall_state_read(rw, id, &s, e);
	if (r < 0)
		return r;
	r = ringwall_state_pidfd(&s, &pidfd, e);
	if (r < 0)
		return r;
	r = ringwall_container_cgroup(&s, &cg, e);
	return r < 0 ? r : ringwall_container_stats(&s, &cg, ret_json, e);
}
