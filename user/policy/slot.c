// SPDX-License-Identifier: LGPL-2.1-or-later
#include "slot.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../cgroup/cgroup.h"
#include "../lib/cleanup.h"
#include "anchor.h"
#include "bpf.h"
#include "own.h"
#include "pins.h"
#include "sweep.h"

#define SET(name) (1U << RINGWALL_SET_##name)

/* One row per program that is attached to containers' cgroups; its place is its bit in container.links. */
static const struct hook {
	const char *name;    /* of its link pin: NAME-INDEX */
	const char *program; /* pin of the program */
	unsigned int attach_type;
	uint32_t sets; /* wanted by policies that have one of these */
} hooks[] = {
	{ "device", "device/ringwall_device", BPF_CGROUP_DEVICE, SET(DEVICE) },
	{ "connect4", "network/ringwall_connect4", BPF_CGROUP_INET4_CONNECT, SET(EGRESS) | SET(INGRESS) },
	{ "connect6", "network/ringwall_connect6", BPF_CGROUP_INET6_CONNECT, SET(EGRESS) | SET(INGRESS) },
	{ "sendmsg4", "network/ringwall_sendmsg4", BPF_CGROUP_UDP4_SENDMSG, SET(EGRESS) | SET(INGRESS) },
	{ "sendmsg6", "network/ringwall_sendmsg6", BPF_CGROUP_UDP6_SENDMSG, SET(EGRESS) | SET(INGRESS) },
	{ "bind4", "network/ringwall_bind4", BPF_CGROUP_INET4_BIND, SET(BIND) },
	{ "bind6", "network/ringwall_bind6", BPF_CGROUP_INET6_BIND, SET(BIND) },
	{ "socket", "network/ringwall_sock_create", BPF_CGROUP_INET_SOCK_CREATE, SET(FAMILY) | SET(SOCKET_TYPE) },
	{ "ingress", "network/ringwall_ingress", BPF_CGROUP_INET_INGRESS, SET(EGRESS) | SET(INGRESS) },
	{ "egress", "network/ringwall_egress", BPF_CGROUP_INET_EGRESS, SET(EGRESS) | SET(INGRESS) },
};

_Static_assert(ARRAY_SIZE(hooks) <= RINGWALL_LINKS_MAX, "container.link_id has a place for each");

#define LINK_PATH_SIZE (sizeof(RINGWALL_PINS_LINKS) + 32)

static void link_path(const struct hook *hook, uint32_t index, char ret[LINK_PATH_SIZE])
{
	snprintf(ret, LINK_PATH_SIZE, "%s/%s-%u", RINGWALL_PINS_LINKS, hook->name, index);
}

/* FNV-1a: spreads ids over pages; ids with the same hash are told apart by nobody, so it also stands for a long id. */
static uint64_t hash_id(const char *id)
{
	uint64_t h = 0xcbf29ce484222325;

	for (; *id; id++)
		h = (h ^ (unsigned char)*id) * 0x100000001b3;
	return h;
}

static bool is_of(const struct ringwall_container *c, const char *id, uint64_t hash)
{
	return c->slot && c->id_hash == hash && !strncmp(c->id, id, sizeof(c->id) - 1);
}

/* The slot's own handle goes in last: until then programs take it for free, and so does a runtime that comes after. */
static void fill(struct ringwall_container *c, uint32_t index, const char *id, uint64_t cgroup_id, uint32_t policy_id)
{
	uint32_t generation = c->generation, handle = ringwall_handle_next(index, &generation);

	*c = (struct ringwall_container){ .generation = generation, .policy_id = policy_id, .cgroup_id = cgroup_id,
					  .state = RINGWALL_SLOT_CLAIMED, .id_hash = hash_id(id) };
	strncpy(c->id, id, sizeof(c->id) - 1);
	__atomic_store_n(&c->slot, handle, __ATOMIC_RELEASE);
}

/* The first free slot of the window; what a killed runtime left of the same container is released in passing. */
static struct ringwall_container *first_free(struct ringwall_table *t, const char *id, uint64_t hash,
					     uint32_t *ret_index)
{
	struct ringwall_container *found = NULL;

	for (uint32_t i = t->first; i < t->first + t->n; i++) {
		struct ringwall_container *c = ringwall_table_at(t, i);

		if (is_of(c, id, hash) && c->state == RINGWALL_SLOT_CLAIMED)
			ringwall_slot_release(c, NULL);
		if (!c->slot && !found) {
			found = c;
			*ret_index = i;
		}
	}
	return found;
}

static int find_free(struct ringwall_table *t, const char *id, struct ringwall_container **ret, uint32_t *ret_index,
		     struct ringwall_err *e)
{
	uint32_t pages = ringwall_table_pages(t);
	uint64_t hash = hash_id(id);

	for (uint32_t i = 0; i < pages; i++) {
		struct ringwall_container *c;
		int err = ringwall_table_map(t, (uint32_t)((hash + i) % pages), e);

		if (err < 0)
			return err;
		c = first_free(t, id, hash, ret_index);
		if (c) {
			*ret = c;
			return 0;
		}
	}
	return -ENOSPC;
}

int ringwall_slot_claim(struct ringwall_table *t, const char *id, uint64_t cgroup_id, uint32_t policy_id,
			struct ringwall_container **ret, struct ringwall_err *e)
{
	struct ringwall_container *c;
	uint32_t index, n = 0;
	int err = find_free(t, id, &c, &index, e);

	if (err == -ENOSPC) {
		err = ringwall_slot_release_dead(t, NULL, &n, e);
		if (err < 0)
			return err;
		err = n ? find_free(t, id, &c, &index, e) : -ENOSPC;
	}
	if (err == -ENOSPC)
		return ringwall_fail_plain(e, err, "device policy: all %u container slots are in use", t->max);
	if (err < 0)
		return err;
	fill(c, index, id, cgroup_id, policy_id);
	*ret = c;
	return 0;
}

int ringwall_slot_find(struct ringwall_table *t, uint32_t handle, struct ringwall_container **ret,
		       struct ringwall_err *e)
{
	uint32_t index = handle & RINGWALL_INDEX_MASK;
	struct ringwall_container *c;
	int err = ringwall_table_map(t, ringwall_table_page(t, index), e);

	if (err < 0)
		return err;
	c = ringwall_table_at(t, index);
	if (!handle || c->slot != handle)
		return ringwall_fail_plain(e, -ESTALE, "device policy: slot %#x is not in use any more", handle);
	*ret = c;
	return 0;
}

static int attach_hook(size_t row, struct ringwall_container *c, int cgroup_fd, struct ringwall_err *e)
{
	const struct hook *hook = &hooks[row];
	int prog = ringwall_pins_borrow(hook->program, e), err;
	char path[LINK_PATH_SIZE];
	_cleanup_fd_ int link = -1;

	if (prog < 0)
		return prog;
	link = ringwall_bpf_attach(prog, cgroup_fd, hook->attach_type);
	if (link < 0)
		return ringwall_fail(e, link, "%s policy: attach to the container's cgroup%s", hook->name, link == -EPERM ?
				     " (no CAP_NET_ADMIN, or a program without BPF_F_ALLOW_MULTI on a cgroup above)" : "");
	err = ringwall_own_add_link(link, &c->link_id[row], e);
	if (err < 0)
		return err;
	c->links |= 1U << row; /* before the pin: a runtime killed from here on leaves one that will be looked for */
	link_path(hook, c->slot & RINGWALL_INDEX_MASK, path);
	err = ringwall_bpf_pin(link, path);
	if (err < 0)
		c->links &= ~(1U << row);
	return err < 0 ? ringwall_fail(e, err, "pin '%s'", path) : 0;
}

int ringwall_slot_attach(struct ringwall_container *c, uint32_t sets, int cgroup_fd, struct ringwall_err *e)
{
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(hooks) && !err; i++)
		if (hooks[i].sets & sets && !(c->links & (1U << i)))
			err = attach_hook(i, c, cgroup_fd, e);
	return err;
}

static bool counter_of(const void *key, const void *slot)
{
	return ((const struct ringwall_counter_key *)key)->slot == *(const uint32_t *)slot;
}

static bool observation_of(const void *key, const void *slot)
{
	return ((const struct ringwall_observation_key *)key)->slot == *(const uint32_t *)slot;
}

/* What it has left in the maps of reports: most containers, nothing. Left behind it would be room lost, and no more. */
static void forget_reports(const struct ringwall_container *c)
{
	struct ringwall_event_key key = { .slot = c->slot };
	int fd;

	if (c->denied || c->audited) {
		fd = ringwall_pins_borrow("counters", NULL);
		if (fd >= 0)
			ringwall_sweep(fd, sizeof(struct ringwall_counter_key), sizeof(struct ringwall_counter), counter_of,
				       &c->slot);
	}
	if (c->observed) {
		fd = ringwall_pins_borrow("observations", NULL);
		if (fd >= 0)
			ringwall_sweep(fd, sizeof(struct ringwall_observation_key), sizeof(uint64_t), observation_of,
				       &c->slot);
	}
	fd = c->events ? ringwall_pins_borrow("events", NULL) : -1;
	for (; fd >= 0 && key.index < RINGWALL_EVENTS_KEPT && key.index < c->events; key.index++)
		ringwall_bpf_delete(fd, &key);
}

/*
 * Pins go first: killed in between, the slot still names them. A link lives on for a moment after its pin is gone
 * (the kernel frees it later); with the slot's handle cleared it denies, also when the slot is somebody else's by then.
 */
int ringwall_slot_release(struct ringwall_container *c, struct ringwall_err *e)
{
	char path[LINK_PATH_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
		if (!(c->links & (1U << i)))
			continue;
		link_path(&hooks[i], c->slot & RINGWALL_INDEX_MASK, path);
		if (unlink(path) < 0 && errno != ENOENT)
			return ringwall_fail(e, -errno, "unpin '%s'", path);
		ringwall_own_remove_link(c->link_id[i]);
	}
	if (c->anchored)
		ringwall_anchor_release(c->slot);
	forget_reports(c);
	__atomic_store_n(&c->slot, 0, __ATOMIC_RELEASE);
	*c = (struct ringwall_container){ .generation = c->generation };
	return 0;
}

/* Whether there is still a cgroup of that id: kernfs makes file handles of its ids (type FILEID_KERNFS). */
static bool cgroup_gone(int mount_fd, uint64_t cgroup_id)
{
	struct {
		struct file_handle h;
		uint64_t id;
	} handle = { .h = { .handle_bytes = sizeof(uint64_t), .handle_type = 0xfe } };
	_cleanup_fd_ int fd = -1;

	memcpy(handle.h.f_handle, &cgroup_id, sizeof(cgroup_id));
	fd = open_by_handle_at(mount_fd, &handle.h, O_PATH | O_CLOEXEC);
	return fd < 0 && errno == ESTALE;
}

static bool is_dead(const struct ringwall_container *c, int mount_fd)
{
	return c->state == RINGWALL_SLOT_CLAIMED || cgroup_gone(mount_fd, c->cgroup_id);
}

int ringwall_slot_release_dead(struct ringwall_table *t, const char *id, uint32_t *ret_n, struct ringwall_err *e)
{
	_cleanup_fd_ int mount_fd = -1;
	const char *mountpoint;
	uint32_t n = 0;
	uint64_t hash = id ? hash_id(id) : 0;
	int err = ringwall_cgroup_mount(&mountpoint, e);

	if (err < 0)
		return err;
	mount_fd = open(mountpoint, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mount_fd < 0)
		return ringwall_fail(e, -errno, "open '%s'", mountpoint);
	err = ringwall_table_map_all(t, e);
	for (uint32_t i = 0; i < t->n && !err; i++) {
		struct ringwall_container *c = ringwall_table_at(t, i);

		if (!c->slot || (id && !is_of(c, id, hash)) || !is_dead(c, mount_fd))
			continue;
		err = ringwall_slot_release(c, e);
		n += !err;
	}
	ringwall_table_unmap(t);
	if (!err)
		*ret_n = n;
	return err;
}
