// SPDX-License-Identifier: LGPL-2.1-or-later
/* From lists as read to the arrays of struct ringwall_model: order, numbers, and what each number is in words. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "parse.h"
#include "syscalls.h"
#include "text.h"

#define PORTS_TEXT 256 /* of a rule's ports in its text; more end in "…" */

static int fail_memory(struct ringwall_parse *p)
{
	return ringwall_fail(p->r.e, -ENOMEM, "%s", p->r.name);
}

/*
 * A rule by its number. @text: NULL: memory is out, and then it is seen at the end that rules are missing. There is
 * room: see rules_alloc().
 */
static void rule_add(struct ringwall_parse *p, uint32_t set, uint32_t number, const struct ringwall_origin *origin,
		     const char *text)
{
	p->m.rules[p->m.n_rules++] = (struct ringwall_rule){
		.set = set,
		.number = number,
		.origin = *origin,
		.text = text,
	};
}

static void default_add(struct ringwall_parse *p, uint32_t set, const struct ringwall_list *list)
{
	rule_add(p, set, 0, &list->origin,
		 ringwall_arena_printf(&p->doc.arena, "%s default %s", ringwall_set_name(set),
				       ringwall_list_denies(list) ? "deny" : "allow"));
}

/* devices --------------------------------------------------------------------------------------------------- */

static void device_add(struct ringwall_parse *p, const struct ringwall_device_rule *rule,
		       const struct ringwall_origin *origin, bool is_default)
{
	struct ringwall_model *m = &p->m;
	const char *what = rule->allow ? "allow" : "deny";
	char device[RINGWALL_DEVICE_TEXT];
	const char *text;

	if (is_default)
		text = ringwall_arena_printf(&p->doc.arena, "device default %s", what);
	else
		text = ringwall_arena_printf(&p->doc.arena, "device %s %s", what, ringwall_device_text(rule, device));
	m->devices[m->n_devices++] = *rule;
	rule_add(p, RINGWALL_SET_DEVICE, (uint32_t)m->n_devices, origin, text);
}

static void devices_add(struct ringwall_parse *p, const struct ringwall_entries *entries, bool allow)
{
	for (size_t i = 0; i < entries->n; i++) {
		entries->v[i].device.allow = allow;
		device_add(p, &entries->v[i].device, &entries->v[i].origin, false);
	}
}

static int devices_finish(struct ringwall_parse *p)
{
	const struct ringwall_list *list = &p->devices;
	const struct ringwall_device_rule all = {
		.allow = !ringwall_list_denies(list),
		.type = 'a',
		.major = -1,
		.minor = -1,
		.access = RINGWALL_ACCESS_ALL,
	};

	if (!list->set)
		return 0;
	p->m.devices_set = true;
	p->m.devices = ringwall_arena_array(&p->doc.arena, 1 + list->allow.n + list->deny.n, sizeof(all));
	if (!p->m.devices)
		return fail_memory(p);
	default_add(p, RINGWALL_SET_DEVICE, list);
	device_add(p, &all, &list->origin, true);
	devices_add(p, &list->allow, true);
	devices_add(p, &list->deny, false);
	return 0;
}

/* network --------------------------------------------------------------------------------------------------- */

static const char *ports_text(const struct ringwall_net_rule *rule, char *buf)
{
	size_t n = 0;

	*buf = '\0';
	for (size_t i = 0; i < rule->n_ports; i++) {
		const struct ringwall_port_range *range = &rule->ports[i];

		if (n > PORTS_TEXT - 20) {
			snprintf(buf + n, PORTS_TEXT - n, ",…");
			break;
		}
		n += (size_t)snprintf(buf + n, PORTS_TEXT - n, "%c%u", i ? ',' : ' ', range->first);
		if (range->last != range->first)
			n += (size_t)snprintf(buf + n, PORTS_TEXT - n, "-%u", range->last);
	}
	return buf;
}

static const char *protocol_text(int protocol, char *buf, size_t size)
{
	const char *name = ringwall_protocol_name(protocol);

	if (protocol < 0)
		*buf = '\0';
	else if (name)
		snprintf(buf, size, " %s", name);
	else
		snprintf(buf, size, " protocol %d", protocol);
	return buf;
}

static const char *net_text(struct ringwall_parse *p, uint32_t set, const struct ringwall_net_rule *rule)
{
	char address[RINGWALL_ADDRESS_TEXT] = "", protocol[24], ports[PORTS_TEXT];
	bool any = !rule->name && !rule->family && rule->protocol < 0 && !rule->n_ports;

	if (rule->family)
		ringwall_address_text(rule->family, rule->address, rule->prefix, address);
	return ringwall_arena_printf(
		&p->doc.arena, "%s %s%s%s%s%s%s", ringwall_set_name(set), rule->allow ? "allow" : "deny",
		any			     ? " any"
		: rule->name || rule->family ? " "
					     : "",
		rule->name && *rule->name == '.' ? "*" : "", rule->name ?: address,
		protocol_text(rule->protocol, protocol, sizeof(protocol)), ports_text(rule, ports));
}

static void net_add(struct ringwall_parse *p, uint32_t set, struct ringwall_net_list *to,
		    const struct ringwall_entries *entries, bool allow)
{
	for (size_t i = 0; i < entries->n; i++) {
		struct ringwall_net_rule *rule = &to->rules[to->n++];

		*rule = entries->v[i].net;
		rule->allow = allow;
		rule->number = (uint32_t)to->n;
		p->m.has_names |= rule->name != NULL;
		rule_add(p, set, rule->number, &entries->v[i].origin, net_text(p, set, rule));
	}
}

/* Who is refused a name can still use the address; where everything else is refused too, an address comes from a name. */
static int denied_names_check(struct ringwall_parse *p, const struct ringwall_list *list)
{
	char origin[RINGWALL_ORIGIN_TEXT];

	for (size_t i = 0; !ringwall_list_denies(list) && i < list->deny.n; i++)
		if (list->deny.v[i].net.name)
			return ringwall_fail_plain(p->r.e, -EINVAL,
						   "%s: network.egress: \"deny\" by name does not hold where the "
						   "default is \"allow\": write \"cidr\", or \"default\": \"deny\"",
						   ringwall_origin_text(&list->deny.v[i].origin, origin));
	return 0;
}

static int net_finish(struct ringwall_parse *p, uint32_t set, const struct ringwall_list *list,
		      struct ringwall_net_list *to)
{
	int rc = denied_names_check(p, list);

	if (rc || !list->set)
		return rc;
	to->set = true;
	to->deny_default = ringwall_list_denies(list);
	to->rules = ringwall_arena_array(&p->doc.arena, list->allow.n + list->deny.n + 1, sizeof(*to->rules));
	if (!to->rules)
		return fail_memory(p);
	default_add(p, set, list);
	net_add(p, set, to, &list->allow, true);
	net_add(p, set, to, &list->deny, false);
	return 0;
}

/* Sets of bits ---------------------------------------------------------------------------------------------- */

/* One text for all that a list of allowed ones leaves out: "family allow inet,unix". */
static void words_finish(struct ringwall_parse *p, uint32_t set, const struct ringwall_bits *bits,
			 const struct ringwall_word *names)
{
	char list[512] = "";
	size_t n = 0;
	const char *text;

	for (; bits->set && names->name; names++)
		if (bits->allowed >> names->value & 1)
			n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", n ? "," : "", names->name);
	if (!bits->set)
		return;
	text = ringwall_arena_printf(&p->doc.arena, "%s allow %s", ringwall_set_name(set), n ? list : "none");
	for (unsigned int bit = 0; bit < 64; bit++)
		if (bits->refused >> bit & 1)
			rule_add(p, set, bit, &bits->origin, text);
}

static void kernel_finish(struct ringwall_parse *p)
{
	const struct ringwall_bits *bits = &p->m.kernel;

	for (unsigned int bit = 0; bit < RINGWALL_KERNEL_BITS; bit++)
		if ((bits->allowed | bits->refused) >> bit & 1)
			rule_add(p, RINGWALL_SET_KERNEL, bit, &p->kernel[bit],
				 ringwall_arena_printf(&p->doc.arena, "kernel %s %s", ringwall_kernel_name(bit),
						       ringwall_kernel_word(bits->refused, bit)));
}

/* The last entry of each capability is the one whose place is told. */
static uint64_t capabilities_collect(const struct ringwall_entries *entries, const struct ringwall_entry **ret_which)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < entries->n; i++) {
		bits |= 1ull << entries->v[i].bit;
		ret_which[entries->v[i].bit] = &entries->v[i];
	}
	return bits;
}

static void capability_add(struct ringwall_parse *p, unsigned int bit, const struct ringwall_entry *entry, bool allow)
{
	rule_add(p, RINGWALL_SET_CAPABILITY, bit, &entry->origin,
		 ringwall_arena_printf(&p->doc.arena, "capability %s %s", allow ? "allow" : "deny",
				       ringwall_capability_name(bit)));
}

static void capabilities_finish(struct ringwall_parse *p)
{
	const struct ringwall_list *list = &p->capabilities;
	struct ringwall_bits *bits = &p->m.capabilities;
	const struct ringwall_entry *allow[64], *deny[64];

	if (!list->set)
		return;
	bits->set = true;
	bits->origin = list->origin;
	bits->deny_default = ringwall_list_denies(list);
	bits->denied = capabilities_collect(&list->deny, deny);
	bits->allowed = capabilities_collect(&list->allow, allow) & ~bits->denied;
	bits->refused = bits->deny_default ? ~bits->allowed : bits->denied;
	for (unsigned int bit = 0; bit < 64; bit++) {
		if (bits->denied >> bit & 1)
			capability_add(p, bit, deny[bit], false);
		else if (bits->allowed >> bit & 1)
			capability_add(p, bit, allow[bit], true);
		else if (bits->deny_default)
			rule_add(p, RINGWALL_SET_CAPABILITY, bit, &bits->origin, "capability default deny");
	}
}

/* Paths ----------------------------------------------------------------------------------------------------- */

static void path_add(struct ringwall_parse *p, const struct ringwall_entry *entry, bool allow)
{
	struct ringwall_path_rule *rule = &p->m.path_rules[p->m.n_path_rules++];
	char rights[RINGWALL_RIGHTS_TEXT] = "";

	*rule = entry->path;
	rule->number = (uint32_t)p->m.n_path_rules;
	if (rule->set == RINGWALL_SET_EXEC) {
		rule->grant = allow ? RINGWALL_EXEC_RIGHTS : 0;
		rule->refuse = allow ? 0 : RINGWALL_EXEC_RIGHTS;
	} else {
		allow = rule->grant != 0;
		ringwall_rights_text(allow ? rule->grant : rule->refuse, rights);
	}
	rule_add(p, rule->set, rule->number, &entry->origin,
		 ringwall_arena_printf(&p->doc.arena, "%s %s %s%s%s%s", ringwall_set_name(rule->set),
				       allow ? "allow" : "deny", rule->path,
				       rule->tail ? &"/**"[rule->path[1] == '\0'] : "", *rights ? " " : "", rights));
}

static int paths_finish(struct ringwall_parse *p)
{
	size_t n = p->files.allow.n + p->exec.allow.n + p->exec.deny.n;
	struct ringwall_model *m = &p->m;

	if (n > RINGWALL_PATH_RULES_MAX)
		return ringwall_fail_plain(p->r.e, -E2BIG, "%s: more than %u rules in files and exec", p->r.name,
					   RINGWALL_PATH_RULES_MAX);
	m->path_rules = ringwall_arena_array(&p->doc.arena, n + 1, sizeof(*m->path_rules));
	if (!m->path_rules)
		return fail_memory(p);
	m->files_set = p->files.set;
	m->exec_set = p->exec.set;
	m->files_deny = p->files.said == RINGWALL_DEFAULT_DENY; /* unsaid: allow, whatever the rules say */
	m->exec_deny = ringwall_list_denies(&p->exec);
	m->path_default = (m->files_deny ? RINGWALL_FILE_ALL : 0) | (m->exec_deny ? RINGWALL_FILE_EXEC : 0);
	p->files.has_allow = false;
	if (m->files_set)
		default_add(p, RINGWALL_SET_FILE, &p->files);
	for (size_t i = 0; i < p->files.allow.n; i++)
		path_add(p, &p->files.allow.v[i], true);
	if (m->exec_set)
		default_add(p, RINGWALL_SET_EXEC, &p->exec);
	for (size_t i = 0; i < p->exec.allow.n; i++)
		path_add(p, &p->exec.allow.v[i], true);
	for (size_t i = 0; i < p->exec.deny.n; i++)
		path_add(p, &p->exec.deny.v[i], false);
	return 0;
}

/* System calls ---------------------------------------------------------------------------------------------- */

static void syscall_add(struct ringwall_parse *p, const struct ringwall_entry *entry, bool allow)
{
	struct ringwall_syscall_list *list = &p->m.syscalls;
	struct ringwall_syscall_rule *rule = &list->rules[list->n++];
	char text[RINGWALL_SYSCALL_TEXT];

	*rule = entry->syscall;
	rule->allow = allow;
	rule->number = (uint32_t)list->n;
	if (!allow && !rule->error)
		rule->error = EPERM;
	rule_add(p, RINGWALL_SET_SYSCALL, rule->number, &entry->origin,
		 ringwall_arena_printf(&p->doc.arena, "syscall %s", ringwall_syscall_rule_text(rule, text)));
}

static void syscall_default_add(struct ringwall_parse *p)
{
	const struct ringwall_syscall_list *list = &p->m.syscalls;
	char error[RINGWALL_ERRNO_TEXT];
	bool plain = !list->deny_default || list->error == EPERM;

	rule_add(p, RINGWALL_SET_SYSCALL, 0, &p->syscalls.origin,
		 ringwall_arena_printf(&p->doc.arena, "syscall default %s%s%s", list->deny_default ? "deny" : "allow",
				       plain ? "" : " ", plain ? "" : ringwall_errno_text(list->error, error)));
}

static int syscalls_finish(struct ringwall_parse *p)
{
	const struct ringwall_list *from = &p->syscalls;
	struct ringwall_syscall_list *list = &p->m.syscalls;

	if (!from->set)
		return 0;
	list->deny_default = ringwall_list_denies(from);
	list->rules = ringwall_arena_array(&p->doc.arena, from->allow.n + from->deny.n + 1, sizeof(*list->rules));
	if (!list->rules)
		return fail_memory(p);
	syscall_default_add(p);
	for (size_t i = 0; i < from->allow.n; i++)
		syscall_add(p, &from->allow.v[i], true);
	for (size_t i = 0; i < from->deny.n; i++)
		syscall_add(p, &from->deny.v[i], false);
	return 0;
}

/* All of it, in the order of sets --------------------------------------------------------------------------- */

static size_t list_room(const struct ringwall_list *list)
{
	return list->allow.n + list->deny.n + 2;
}

static int rules_alloc(struct ringwall_parse *p)
{
	size_t n = list_room(&p->devices) + list_room(&p->egress) + list_room(&p->ingress) + list_room(&p->bind) +
		   list_room(&p->files) + list_room(&p->exec) + list_room(&p->syscalls) + 5 * 64; /* five sets of bits */

	p->m.rules = ringwall_arena_array(&p->doc.arena, n, sizeof(*p->m.rules));
	return p->m.rules ? 0 : fail_memory(p);
}

_Static_assert(RINGWALL_SET_FILE < RINGWALL_SET_EXEC && RINGWALL_SET_EXEC < RINGWALL_SET_KERNEL &&
		       RINGWALL_SET_KERNEL < RINGWALL_SET_CAPABILITY && RINGWALL_SET_CAPABILITY < RINGWALL_SET_SYSCALL,
	       "rules are added in the order of (set, number)");

int ringwall_parse_finish(struct ringwall_parse *p)
{
	struct ringwall_model *m = &p->m;
	int rc;

	rc = rules_alloc(p) ?: devices_finish(p) ?: net_finish(p, RINGWALL_SET_EGRESS, &p->egress, &m->egress) ?:
	     net_finish(p, RINGWALL_SET_INGRESS, &p->ingress, &m->ingress) ?:
	     net_finish(p, RINGWALL_SET_BIND, &p->bind, &m->bind);
	if (rc)
		return rc;
	words_finish(p, RINGWALL_SET_FAMILY, &m->families, ringwall_family_names);
	words_finish(p, RINGWALL_SET_SOCKET_TYPE, &m->socket_types, ringwall_socket_type_names);
	words_finish(p, RINGWALL_SET_NETLINK, &m->netlink, ringwall_netlink_names);
	rc = paths_finish(p);
	if (rc)
		return rc;
	kernel_finish(p);
	capabilities_finish(p);
	rc = syscalls_finish(p);
	if (rc)
		return rc;
	for (size_t i = 0; i < m->n_rules; i++)
		if (!m->rules[i].text)
			return fail_memory(p);
	return 0;
}
