// SPDX-License-Identifier: LGPL-2.1-or-later
#include "attr.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * process.capabilities, as runc reads it (checked against runc 1.1.5 and crun 1.8):
 *  - the object missing altogether means five empty sets, not "the runtime's own";
 *  - bounding names what may stay, so a name that the runtime lacks itself is no error there;
 *  - permitted, effective or inheritable that the runtime does not have is an error (EPERM), here with names:
 *    a container that runs without what it asked for fails later, and worse;
 *  - ambient capabilities outside permitted and inheritable cannot exist (capabilities(7)): they are left out.
 */

/*
 * Return: 0 when capability @cap is out of the bounding set, -EINVAL when the kernel knows no such capability.
 * Without CAP_SETPCAP nothing can be dropped, which is fine for what is not there.
 */
static int bounding_drop_one(unsigned int cap)
{
	int r;

	if (!prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
		return 0;
	if (errno != EPERM)
		return -errno;
	r = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);
	if (r < 0)
		return -errno;
	return r ? -EPERM : 0;
}

int ringwall_bounding_drop(const struct ringwall_process *p, struct ringwall_err *e)
{
	for (unsigned int cap = 0; cap < 64; cap++) {
		int r;

		if (p->caps.bounding >> cap & 1)
			continue;
		r = bounding_drop_one(cap);
		/* Above the kernel's last capability: ends the loop without reading cap_last_cap first. */
		if (r == -EINVAL)
			return 0;
		if (r)
			return ringwall_fail(e, r, "process.capabilities.bounding: drop %s",
					     ringwall_capability_name(cap) ?: "a capability newer than the runtime");
	}
	return 0;
}

/* "CAP_A, CAP_B" of what @caps has, as far as @size goes. */
static const char *cap_names(uint64_t caps, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (unsigned int cap = 0; cap < 64; cap++) {
		const char *name;
		size_t len;

		if (!(caps >> cap & 1))
			continue;
		name = ringwall_capability_name(cap) ?: "?";
		len = strlen(name);
		if (used + len + 3 > size)
			break;
		if (used) {
			memcpy(buf + used, ", ", 2);
			used += 2;
		}
		memcpy(buf + used, name, len + 1);
		used += len;
	}
	return buf;
}

static uint64_t cap_own(const struct __user_cap_header_struct *h)
{
	struct __user_cap_data_struct d[2] = { 0 };
	struct __user_cap_header_struct own = *h;

	if (syscall(SYS_capget, &own, d))
		return 0;
	return d[0].permitted | (uint64_t)d[1].permitted << 32;
}

static int cap_sets_fail(const struct ringwall_capabilities *c, const struct __user_cap_header_struct *h, int err,
			 struct ringwall_err *e)
{
	uint64_t own = cap_own(h);
	const struct {
		const char *set;
		uint64_t missing;
		const char *why;
	} sets[] = {
		{ "permitted", c->permitted & ~own, "the runtime does not have it" },
		{ "effective", c->effective & ~c->permitted, "not in permitted" },
		{ "inheritable", c->inheritable & ~c->bounding, "not in bounding" },
		{ "inheritable", c->inheritable & ~own, "the runtime does not have it" },
	};
	char names[256];

	for (size_t i = 0; err == EPERM && i < sizeof(sets) / sizeof(sets[0]); i++) {
		if (!sets[i].missing)
			continue;
		cap_names(sets[i].missing, names, sizeof(names));
		return ringwall_fail(e, -err, "process.capabilities.%s: %s: %s", sets[i].set, names, sets[i].why);
	}
	return ringwall_fail(e, -err, "process.capabilities: capset");
}

/*
 * capset(2) has cut the ambient set to permitted & inheritable already (cap_capset() of the kernel), so that
 * ambient capabilities which the runtime was started with are gone unless both sets hold them: only then is
 * there something to clear.
 */
static int ambient_set(const struct ringwall_capabilities *c, struct ringwall_err *e)
{
	uint64_t possible = c->permitted & c->inheritable;

	if (!possible)
		return 0;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
		return ringwall_fail(e, -errno, "process.capabilities.ambient: clear");
	for (unsigned int cap = 0; cap < 64; cap++) {
		if (!((possible & c->ambient) >> cap & 1))
			continue;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0))
			return ringwall_fail(e, -errno, "process.capabilities.ambient: %s",
					     ringwall_capability_name(cap) ?: "?");
	}
	return 0;
}

int ringwall_caps_apply(const struct ringwall_process *p, struct ringwall_err *e)
{
	const struct ringwall_capabilities *c = &p->caps;
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];

	for (int i = 0; i < 2; i++) {
		d[i].effective = (uint32_t)(c->effective >> 32 * i);
		d[i].permitted = (uint32_t)(c->permitted >> 32 * i);
		d[i].inheritable = (uint32_t)(c->inheritable >> 32 * i); /* empty unless asked for: CVE-2022-27650 */
	}
	if (syscall(SYS_capset, &h, d))
		return cap_sets_fail(c, &h, errno, e);
	return ambient_set(c, e);
}
