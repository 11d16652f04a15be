// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model.h"

#include <string.h>

#include "../lib/cleanup.h"
#include "syscalls.h"

extern const char ringwall_profile_privileged[], ringwall_profile_privileged_end[];
extern const char ringwall_profile_baseline[], ringwall_profile_baseline_end[];
extern const char ringwall_profile_baseline_pod[], ringwall_profile_baseline_pod_end[];
extern const char ringwall_profile_restricted[], ringwall_profile_restricted_end[];

static const struct {
	const char *name, *text, *end;
} profiles[] = {
	{ "privileged", ringwall_profile_privileged, ringwall_profile_privileged_end },
	{ "baseline", ringwall_profile_baseline, ringwall_profile_baseline_end },
	{ "baseline-pod", ringwall_profile_baseline_pod, ringwall_profile_baseline_pod_end },
	{ "restricted", ringwall_profile_restricted, ringwall_profile_restricted_end },
};

static const char *const set_names[RINGWALL_SETS] = {
	[RINGWALL_SET_DEVICE] = "device",
	[RINGWALL_SET_EGRESS] = "egress",
	[RINGWALL_SET_INGRESS] = "ingress",
	[RINGWALL_SET_BIND] = "bind",
	[RINGWALL_SET_FAMILY] = "family",
	[RINGWALL_SET_SOCKET_TYPE] = "type",
	[RINGWALL_SET_NETLINK] = "netlink",
	[RINGWALL_SET_FILE] = "file",
	[RINGWALL_SET_EXEC] = "exec",
	[RINGWALL_SET_KERNEL] = "kernel",
	[RINGWALL_SET_CAPABILITY] = "capability",
	[RINGWALL_SET_SYSCALL] = "syscall",
	[RINGWALL_SET_TAMPER] = "tamper",
};

const char *ringwall_set_name(uint32_t set)
{
	return set < RINGWALL_SETS ? set_names[set] : NULL;
}

const char *ringwall_model_builtin(const char *name, size_t *ret_len)
{
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		if (strcmp(profiles[i].name, name))
			continue;
		*ret_len = (size_t)(profiles[i].end - profiles[i].text);
		return profiles[i].text;
	}
	return NULL;
}

static const struct ringwall_rule *rule_find(const struct ringwall_model *m, uint32_t set, uint32_t number)
{
	size_t low = 0, high = m->n_rules;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct ringwall_rule *rule = &m->rules[middle];

		if (rule->set == set && rule->number == number)
			return rule;
		if (rule->set < set || (rule->set == set && rule->number < number))
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct ringwall_rule *ringwall_model_rule(const struct ringwall_model *m, uint32_t set, uint32_t number)
{
	const struct ringwall_rule *rule = rule_find(m, set, number);

	if (!rule && set == RINGWALL_SET_FILE)
		rule = rule_find(m, RINGWALL_SET_EXEC, number);
	else if (!rule && set == RINGWALL_SET_EXEC)
		rule = rule_find(m, RINGWALL_SET_FILE, number);
	return rule;
}

static bool net_refuses(const struct ringwall_net_list *list)
{
	/* What is denied stands last. */
	return list->set && (list->deny_default || (list->n && !list->rules[list->n - 1].allow));
}

static bool devices_refuse(const struct ringwall_model *m)
{
	return m->n_devices && (!m->devices[0].allow || !m->devices[m->n_devices - 1].allow);
}

uint32_t ringwall_model_sets(const struct ringwall_model *m)
{
	uint8_t refused = m->path_default;

	for (size_t i = 0; i < m->n_path_rules; i++)
		refused |= m->path_rules[i].refuse;
	return (uint32_t)devices_refuse(m) << RINGWALL_SET_DEVICE |
	       (uint32_t)net_refuses(&m->egress) << RINGWALL_SET_EGRESS |
	       (uint32_t)net_refuses(&m->ingress) << RINGWALL_SET_INGRESS |
	       (uint32_t)net_refuses(&m->bind) << RINGWALL_SET_BIND |
	       (uint32_t) !!m->families.refused << RINGWALL_SET_FAMILY |
	       (uint32_t) !!m->socket_types.refused << RINGWALL_SET_SOCKET_TYPE |
	       (uint32_t) !!m->netlink.refused << RINGWALL_SET_NETLINK |
	       (uint32_t) !!(refused & ~RINGWALL_EXEC_RIGHTS) << RINGWALL_SET_FILE |
	       (uint32_t) !!(refused & RINGWALL_EXEC_RIGHTS) << RINGWALL_SET_EXEC |
	       (uint32_t) !!m->kernel.refused << RINGWALL_SET_KERNEL |
	       (uint32_t) !!m->capabilities.refused << RINGWALL_SET_CAPABILITY |
	       (uint32_t)ringwall_syscalls_are_gated(m) << RINGWALL_SET_SYSCALL;
}

void ringwall_model_free(struct ringwall_model *m)
{
	if (!m)
		return;
	ringwall_arena_free(&m->arena);
	*m = (struct ringwall_model){ 0 };
}
