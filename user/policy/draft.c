// SPDX-License-Identifier: LGPL-2.1-or-later
#include "draft.h"

#include <string.h>

#include "../lib/sha256.h"

/* Everything the policy says, in the one form that the compiler gives it; identity and place stay out. */
static void hash(struct ringwall_draft *d)
{
	struct ringwall_sha256 h;

	ringwall_sha256_init(&h);
	ringwall_sha256_update(&h, &d->policy, sizeof(d->policy)); /* id, generation and hash are still zero */
	ringwall_sha256_update(&h, d->devices.keys, d->devices.n * sizeof(*d->devices.keys));
	ringwall_sha256_update(&h, d->devices.verdicts, d->devices.n * sizeof(*d->devices.verdicts));
	ringwall_sha256_final(&h, d->policy.sha256);
}

int ringwall_draft_compile(const struct ringwall_resources *r, struct ringwall_draft *ret, struct ringwall_err *e)
{
	struct ringwall_draft d = { 0 };
	int err = ringwall_device_compile(r->devices, r->n_devices, &d.devices, e);

	if (err < 0)
		return err;
	d.policy.flags = d.devices.flags;
	d.policy.n_devices = d.devices.n;
	memcpy(d.policy.device_default, d.devices.fallback, sizeof(d.policy.device_default));
	hash(&d);
	*ret = d;
	return 0;
}

void ringwall_draft_free(struct ringwall_draft *d)
{
	ringwall_device_free(&d->devices);
}
