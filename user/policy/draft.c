// SPDX-License-Identifier: LGPL-2.1-or-later
#include "draft.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../lib/sha256.h"

static const struct {
	const char *map;
	size_t key, value;
} kinds[RINGWALL_SECTIONS] = {
	[RINGWALL_SECTION_DEVICES] = { "devices", sizeof(struct ringwall_device_key), sizeof(struct ringwall_device_verdict) },
	[RINGWALL_SECTION_ADDRESSES4] = { "addresses4", sizeof(struct ringwall_address4_key), sizeof(struct ringwall_address) },
	[RINGWALL_SECTION_ADDRESSES6] = { "addresses6", sizeof(struct ringwall_address6_key), sizeof(struct ringwall_address) },
	[RINGWALL_SECTION_PORTS] = { "ports", sizeof(struct ringwall_ports_key), sizeof(struct ringwall_ports) },
	[RINGWALL_SECTION_NAMES] = { "names", sizeof(struct ringwall_name_key), sizeof(struct ringwall_dns_name) },
	[RINGWALL_SECTION_TOKENS] = { "tokens", sizeof(struct ringwall_token_key), sizeof(struct ringwall_token) },
	[RINGWALL_SECTION_PATHS] = { "paths", sizeof(struct ringwall_path_key), sizeof(struct ringwall_edge) },
	[RINGWALL_SECTION_SYSCALLS] = { "syscalls", sizeof(struct ringwall_syscall_key), sizeof(struct ringwall_syscall) },
};

size_t ringwall_section_key_size(enum ringwall_section_kind kind)
{
	return kinds[kind].key;
}

size_t ringwall_section_value_size(enum ringwall_section_kind kind)
{
	return kinds[kind].value;
}

const char *ringwall_section_map(enum ringwall_section_kind kind)
{
	return kinds[kind].map;
}

int ringwall_section_alloc(struct ringwall_section *s, uint32_t n, size_t key_size, size_t value_size, struct ringwall_err *e)
{
	s->keys = calloc(n ?: 1, key_size);
	s->values = calloc(n ?: 1, value_size);
	if (!s->keys || !s->values)
		return ringwall_fail(e, -ENOMEM, "policy");
	s->n = n;
	return 0;
}

/* Everything the policy says, in the one form that the compiler gives it; identity and place stay out. */
static void hash(struct ringwall_draft *d)
{
	struct ringwall_sha256 h;

	ringwall_sha256_init(&h);
	ringwall_sha256_update(&h, &d->policy, sizeof(d->policy)); /* id, generation and hash are still zero */
	for (int i = 0; i < RINGWALL_SECTIONS; i++) {
		const struct ringwall_section *s = &d->section[i];

		ringwall_sha256_update(&h, &s->n, sizeof(s->n));
		ringwall_sha256_update(&h, s->keys, s->n * kinds[i].key);
		ringwall_sha256_update(&h, s->values, s->n * kinds[i].value);
	}
	ringwall_sha256_final(&h, d->policy.sha256);
}

/* The table's arrays become the section's. */
static int devices(const struct ringwall_resources *r, const struct ringwall_model *m, struct ringwall_draft *d,
		   struct ringwall_err *e)
{
	struct ringwall_device_table t;
	struct ringwall_section *s = &d->section[RINGWALL_SECTION_DEVICES];
	int err = m && m->devices_set ? ringwall_device_intersect(r->devices, r->n_devices, m->devices, m->n_devices, &t, e) :
					ringwall_device_compile(r->devices, r->n_devices, &t, e);

	if (err < 0)
		return err;
	s->keys = t.keys;
	s->values = t.verdicts;
	s->n = t.n;
	d->policy.flags |= t.flags;
	memcpy(d->policy.device_default, t.fallback, sizeof(t.fallback));
	return 0;
}

/* What is nothing but bits. */
static void bits(const struct ringwall_model *m, struct ringwall_policy *p)
{
	if (m->own_network)
		p->flags |= RINGWALL_POLICY_LOOPBACK;
	p->sets = ringwall_model_sets(m);
	p->audit = m->audit;
	p->learn = m->learn;
	p->kernel = m->kernel.refused;
	p->capabilities = m->capabilities.refused;
	p->families = m->families.refused;
	p->socket_types = (uint32_t)m->socket_types.refused;
	p->netlink = (uint32_t)m->netlink.refused;
}

int ringwall_draft_compile(const struct ringwall_resources *r, const struct ringwall_model *m, struct ringwall_draft *ret,
			   struct ringwall_err *e)
{
	struct ringwall_draft d = { 0 };
	int err = devices(r, m, &d, e);

	if (!err && m) {
		bits(m, &d.policy);
		err = ringwall_draft_network(m, &d, e);
	}
	if (!err && m)
		err = ringwall_draft_paths(m, &d, e);
	if (!err && m)
		err = ringwall_draft_syscalls(m, &d, e);
	if (err < 0) {
		ringwall_draft_free(&d);
		return err;
	}
	hash(&d);
	*ret = d;
	return 0;
}

void ringwall_draft_free(struct ringwall_draft *d)
{
	for (int i = 0; i < RINGWALL_SECTIONS; i++) {
		free(d->section[i].keys);
		free(d->section[i].values);
		d->section[i] = (struct ringwall_section){ 0 };
	}
}
