// SPDX-License-Identifier: LGPL-2.1-or-later
/* The effective form of a policy: what the parser reads, with "origin" members. */
#include <stdio.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "model.h"
#include "syscalls.h"
#include "text.h"

struct printer {
	const struct ringwall_model *m;
	struct ringwall_json_out *out;
};

static void origin_put(struct printer *p, const char *key, const struct ringwall_origin *origin)
{
	char text[RINGWALL_ORIGIN_TEXT];

	if (origin && origin->file)
		ringwall_json_out_str(p->out, key, ringwall_origin_text(origin, text));
}

static void rule_origin_put(struct printer *p, const char *key, uint32_t set, uint32_t number)
{
	const struct ringwall_rule *rule = ringwall_model_rule(p->m, set, number);

	origin_put(p, key, rule ? &rule->origin : NULL);
}

static void default_put(struct printer *p, bool deny, uint32_t set)
{
	ringwall_json_out_str(p->out, "default", deny ? "deny" : "allow");
	rule_origin_put(p, "defaultOrigin", set, 0);
}

/* {"rule": "…", "origin": "…"} */
static void word_put(struct printer *p, const char *word, uint32_t set, uint32_t number)
{
	if (!ringwall_model_rule(p->m, set, number)) {
		ringwall_json_out_str(p->out, NULL, word); /* of a policy that was learnt: nobody has said it anywhere */
		return;
	}
	ringwall_json_out_object(p->out, NULL);
	ringwall_json_out_str(p->out, "rule", word);
	rule_origin_put(p, "origin", set, number);
	ringwall_json_out_end(p->out, '}');
}

/* mode ------------------------------------------------------------------------------------------------------ */

static const char *mode_of(const struct ringwall_model *m, uint32_t set)
{
	return m->learn >> set & 1 ? "learn" : m->audit >> set & 1 ? "audit" : "enforce";
}

static void mode_put(struct printer *p)
{
	static const struct {
		const char *name;
		uint32_t set;
	} classes[] = {
		{ "devices", RINGWALL_SET_DEVICE }, { "network", RINGWALL_SET_EGRESS },
		{ "files", RINGWALL_SET_FILE },	    { "exec", RINGWALL_SET_EXEC },
		{ "kernel", RINGWALL_SET_KERNEL },  { "capabilities", RINGWALL_SET_CAPABILITY },
		{ "syscalls", RINGWALL_SET_SYSCALL },
	};
	bool same = true;

	for (size_t i = 1; i < ARRAY_SIZE(classes); i++)
		same &= !strcmp(mode_of(p->m, classes[0].set), mode_of(p->m, classes[i].set));
	if (same) {
		ringwall_json_out_str(p->out, "mode", mode_of(p->m, classes[0].set));
		return;
	}
	ringwall_json_out_object(p->out, "mode");
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
		ringwall_json_out_str(p->out, classes[i].name, mode_of(p->m, classes[i].set));
	ringwall_json_out_end(p->out, '}');
}

/* devices --------------------------------------------------------------------------------------------------- */

static void devices_put_list(struct printer *p, const char *key, bool allow)
{
	char text[RINGWALL_DEVICE_TEXT];

	ringwall_json_out_array(p->out, key);
	for (size_t i = 1; i < p->m->n_devices; i++)
		if (p->m->devices[i].allow == allow)
			word_put(p, ringwall_device_text(&p->m->devices[i], text), RINGWALL_SET_DEVICE,
				 (uint32_t)i + 1);
	ringwall_json_out_end(p->out, ']');
}

static void devices_put(struct printer *p)
{
	if (!p->m->devices_set || !p->m->n_devices)
		return;
	ringwall_json_out_object(p->out, "devices");
	default_put(p, !p->m->devices[0].allow, RINGWALL_SET_DEVICE);
	devices_put_list(p, "allow", true);
	devices_put_list(p, "deny", false);
	ringwall_json_out_end(p->out, '}');
}

/* network --------------------------------------------------------------------------------------------------- */

static void ports_put(struct printer *p, const struct ringwall_net_rule *rule)
{
	char text[16];

	ringwall_json_out_array(p->out, "ports");
	for (size_t i = 0; i < rule->n_ports; i++) {
		const struct ringwall_port_range *range = &rule->ports[i];

		if (range->first == range->last) {
			ringwall_json_out_u64(p->out, NULL, range->first);
			continue;
		}
		snprintf(text, sizeof(text), "%u-%u", range->first, range->last);
		ringwall_json_out_str(p->out, NULL, text);
	}
	ringwall_json_out_end(p->out, ']');
}

static void net_rule_put(struct printer *p, uint32_t set, const struct ringwall_net_rule *rule)
{
	char address[RINGWALL_ADDRESS_TEXT], name[RINGWALL_NAME_MAX + 2];

	ringwall_json_out_object(p->out, NULL);
	if (rule->family)
		ringwall_json_out_str(p->out, "cidr",
				      ringwall_address_text(rule->family, rule->address, rule->prefix, address));
	if (rule->name) {
		snprintf(name, sizeof(name), "%s%s", *rule->name == '.' ? "*" : "", rule->name);
		ringwall_json_out_str(p->out, "name", name);
	}
	if (ringwall_protocol_name(rule->protocol))
		ringwall_json_out_str(p->out, "proto", ringwall_protocol_name(rule->protocol));
	else if (rule->protocol >= 0)
		ringwall_json_out_u64(p->out, "proto", (uint64_t)rule->protocol);
	if (rule->n_ports)
		ports_put(p, rule);
	rule_origin_put(p, "origin", set, rule->number);
	ringwall_json_out_end(p->out, '}');
}

static void net_put_rules(struct printer *p, uint32_t set, const struct ringwall_net_list *list, const char *key,
			  bool allow)
{
	ringwall_json_out_array(p->out, key);
	for (size_t i = 0; i < list->n; i++)
		if (list->rules[i].allow == allow)
			net_rule_put(p, set, &list->rules[i]);
	ringwall_json_out_end(p->out, ']');
}

static void net_put(struct printer *p, uint32_t set, const struct ringwall_net_list *list)
{
	if (!list->set)
		return;
	ringwall_json_out_object(p->out, ringwall_set_name(set));
	default_put(p, list->deny_default, set);
	net_put_rules(p, set, list, "allow", true);
	net_put_rules(p, set, list, "deny", false);
	ringwall_json_out_end(p->out, '}');
}

static void words_put(struct printer *p, const char *key, const struct ringwall_bits *bits,
		      const struct ringwall_word *names)
{
	if (!bits->set)
		return;
	if (bits->origin.file)
		ringwall_json_out_object(p->out, key);
	ringwall_json_out_array(p->out, bits->origin.file ? "value" : key);
	for (; names->name; names++)
		if (bits->allowed >> names->value & 1)
			ringwall_json_out_str(p->out, NULL, names->name);
	ringwall_json_out_end(p->out, ']');
	if (!bits->origin.file)
		return;
	origin_put(p, "origin", &bits->origin);
	ringwall_json_out_end(p->out, '}');
}

static void resolvers_put(struct printer *p)
{
	char address[RINGWALL_ADDRESS_TEXT];

	if (!p->m->n_resolvers)
		return;
	ringwall_json_out_array(p->out, "resolvers");
	for (size_t i = 0; i < p->m->n_resolvers; i++)
		ringwall_json_out_str(
			p->out, NULL,
			ringwall_address_text(p->m->resolvers[i].family, p->m->resolvers[i].address, -1, address));
	ringwall_json_out_end(p->out, ']');
}

static void network_put(struct printer *p)
{
	const struct ringwall_model *m = p->m;

	if (!m->egress.set && !m->ingress.set && !m->bind.set && !m->families.set && !m->socket_types.set &&
	    !m->netlink.set && !m->n_resolvers)
		return;
	ringwall_json_out_object(p->out, "network");
	net_put(p, RINGWALL_SET_EGRESS, &m->egress);
	net_put(p, RINGWALL_SET_INGRESS, &m->ingress);
	net_put(p, RINGWALL_SET_BIND, &m->bind);
	words_put(p, "families", &m->families, ringwall_family_names);
	words_put(p, "types", &m->socket_types, ringwall_socket_type_names);
	words_put(p, "netlink", &m->netlink, ringwall_netlink_names);
	resolvers_put(p);
	ringwall_json_out_end(p->out, '}');
}

/* Paths ----------------------------------------------------------------------------------------------------- */

static char *path_text(const struct ringwall_path_rule *rule, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s", rule->path, rule->tail ? &"/**"[rule->path[1] == '\0'] : "");
	return buf;
}

/* 48 components of 54 bytes, and "**". */
#define PATH_TEXT (RINGWALL_DEPTH_MAX * (RINGWALL_COMPONENT_MAX + 1) + 8)

static void files_put(struct printer *p)
{
	char path[PATH_TEXT], rights[RINGWALL_RIGHTS_TEXT];

	if (!p->m->files_set)
		return;
	ringwall_json_out_object(p->out, "files");
	default_put(p, p->m->files_deny, RINGWALL_SET_FILE);
	ringwall_json_out_array(p->out, "rules");
	for (size_t i = 0; i < p->m->n_path_rules; i++) {
		const struct ringwall_path_rule *rule = &p->m->path_rules[i];

		if (rule->set != RINGWALL_SET_FILE)
			continue;
		ringwall_json_out_object(p->out, NULL);
		ringwall_json_out_str(p->out, "path", path_text(rule, path, sizeof(path)));
		ringwall_json_out_str(p->out, rule->grant ? "allow" : "deny",
				      ringwall_rights_text(rule->grant ?: rule->refuse, rights));
		rule_origin_put(p, "origin", RINGWALL_SET_FILE, rule->number);
		ringwall_json_out_end(p->out, '}');
	}
	ringwall_json_out_end(p->out, ']');
	ringwall_json_out_end(p->out, '}');
}

static void exec_put_list(struct printer *p, const char *key, bool allow)
{
	char path[PATH_TEXT];

	ringwall_json_out_array(p->out, key);
	for (size_t i = 0; i < p->m->n_path_rules; i++) {
		const struct ringwall_path_rule *rule = &p->m->path_rules[i];

		if (rule->set == RINGWALL_SET_EXEC && !rule->grant == !allow)
			word_put(p, path_text(rule, path, sizeof(path)), RINGWALL_SET_EXEC, rule->number);
	}
	ringwall_json_out_end(p->out, ']');
}

static void exec_put(struct printer *p)
{
	if (!p->m->exec_set)
		return;
	ringwall_json_out_object(p->out, "exec");
	default_put(p, p->m->exec_deny, RINGWALL_SET_EXEC);
	exec_put_list(p, "allow", true);
	exec_put_list(p, "deny", false);
	ringwall_json_out_end(p->out, '}');
}

/* kernel, capabilities -------------------------------------------------------------------------------------- */

static void kernel_put(struct printer *p)
{
	const struct ringwall_bits *bits = &p->m->kernel;
	const char *name, *last = "";

	if (!bits->set)
		return;
	ringwall_json_out_object(p->out, "kernel");
	for (unsigned int bit = 0; bit < RINGWALL_KERNEL_BITS; bit++) {
		name = ringwall_kernel_name(bit);
		/* Two bits of one member stand beside each other. */
		if (!((bits->allowed | bits->refused) >> bit & 1) || !strcmp(name, last))
			continue;
		last = name;
		if (!ringwall_model_rule(p->m, RINGWALL_SET_KERNEL, bit)) {
			ringwall_json_out_str(p->out, name, ringwall_kernel_word(bits->refused, bit));
			continue;
		}
		ringwall_json_out_object(p->out, name);
		ringwall_json_out_str(p->out, "value", ringwall_kernel_word(bits->refused, bit));
		rule_origin_put(p, "origin", RINGWALL_SET_KERNEL, bit);
		ringwall_json_out_end(p->out, '}');
	}
	ringwall_json_out_end(p->out, '}');
}

_Static_assert(RINGWALL_KERNEL_PTRACE_OUT == RINGWALL_KERNEL_PTRACE + 1, "kernel_put() goes by it");

static void capabilities_put_list(struct printer *p, const char *key, uint64_t which)
{
	ringwall_json_out_array(p->out, key);
	for (unsigned int bit = 0; bit < 64; bit++)
		if (which >> bit & 1 && ringwall_capability_name(bit))
			word_put(p, ringwall_capability_name(bit), RINGWALL_SET_CAPABILITY, bit);
	ringwall_json_out_end(p->out, ']');
}

static void capabilities_put(struct printer *p)
{
	const struct ringwall_bits *bits = &p->m->capabilities;

	if (!bits->set)
		return;
	ringwall_json_out_object(p->out, "capabilities");
	ringwall_json_out_str(p->out, "default", bits->deny_default ? "deny" : "allow");
	origin_put(p, "defaultOrigin", &bits->origin);
	capabilities_put_list(p, "allow", bits->allowed);
	capabilities_put_list(p, "deny", bits->denied);
	ringwall_json_out_end(p->out, '}');
}

/* System calls ---------------------------------------------------------------------------------------------- */

/* As in config.json, which knows a mask for one comparison only: no other has one. */
static void arg_put(struct printer *p, const struct ringwall_syscall_arg *arg)
{
	static const char *const ops[] = {
		[RINGWALL_COMPARE_EQ] = "SCMP_CMP_EQ", [RINGWALL_COMPARE_NE] = "SCMP_CMP_NE", [RINGWALL_COMPARE_LT] = "SCMP_CMP_LT",
		[RINGWALL_COMPARE_LE] = "SCMP_CMP_LE", [RINGWALL_COMPARE_GT] = "SCMP_CMP_GT", [RINGWALL_COMPARE_GE] = "SCMP_CMP_GE",
	};
	bool masked = arg->mask != UINT64_MAX;

	ringwall_json_out_object(p->out, NULL);
	ringwall_json_out_u64(p->out, "index", arg->index);
	ringwall_json_out_u64(p->out, "value", masked ? arg->mask : arg->value);
	if (masked)
		ringwall_json_out_u64(p->out, "valueTwo", arg->value);
	ringwall_json_out_str(p->out, "op", masked ? "SCMP_CMP_MASKED_EQ" : ops[arg->op]);
	ringwall_json_out_end(p->out, '}');
}

/* Who enforces it; NULL: that is settled when a container begins. */
static const char *backend_of(const struct ringwall_model *m, const struct ringwall_syscall_rule *rule)
{
	if (rule->sealed || m->syscalls.mode == RINGWALL_SYSCALLS_SEALED)
		return "seccomp";
	return m->syscalls.mode == RINGWALL_SYSCALLS_LIVE ? "gate" : NULL;
}

static void syscall_rule_put(struct printer *p, const struct ringwall_syscall_rule *rule)
{
	const char *backend = backend_of(p->m, rule);

	ringwall_json_out_object(p->out, NULL);
	ringwall_json_out_array(p->out, "names");
	for (size_t i = 0; i < rule->n_ids; i++)
		ringwall_json_out_str(p->out, NULL, ringwall_syscall_name(rule->ids[i])->name);
	ringwall_json_out_end(p->out, ']');
	if (rule->n_args) {
		ringwall_json_out_array(p->out, "args");
		for (size_t i = 0; i < rule->n_args; i++)
			arg_put(p, &rule->args[i]);
		ringwall_json_out_end(p->out, ']');
	}
	if (!rule->allow)
		ringwall_errno_put(rule->error, p->out);
	if (rule->sealed)
		ringwall_json_out_bool(p->out, "sealed", true);
	if (backend)
		ringwall_json_out_str(p->out, "backend", backend);
	rule_origin_put(p, "origin", RINGWALL_SET_SYSCALL, rule->number);
	ringwall_json_out_end(p->out, '}');
}

static void syscalls_put_list(struct printer *p, const char *key, bool allow)
{
	const struct ringwall_syscall_list *list = &p->m->syscalls;

	ringwall_json_out_array(p->out, key);
	for (size_t i = 0; i < list->n; i++)
		if (list->rules[i].allow == allow)
			syscall_rule_put(p, &list->rules[i]);
	ringwall_json_out_end(p->out, ']');
}

static void syscalls_put(struct printer *p)
{
	const struct ringwall_syscall_list *list = &p->m->syscalls;

	if (!list->set)
		return;
	ringwall_json_out_object(p->out, "syscalls");
	if (list->mode != RINGWALL_SYSCALLS_AUTO)
		ringwall_json_out_str(p->out, "mode", list->mode == RINGWALL_SYSCALLS_LIVE ? "live" : "sealed");
	default_put(p, list->deny_default, RINGWALL_SET_SYSCALL);
	ringwall_errno_put(list->error, p->out);
	ringwall_json_out_array(p->out, "architectures");
	ringwall_json_out_str(p->out, NULL, "x86_64");
	if (list->i386)
		ringwall_json_out_str(p->out, NULL, "x86");
	ringwall_json_out_end(p->out, ']');
	syscalls_put_list(p, "allow", true);
	syscalls_put_list(p, "deny", false);
	ringwall_json_out_end(p->out, '}');
}

void ringwall_model_print(const struct ringwall_model *m, struct ringwall_json_out *out)
{
	struct printer p = { .m = m, .out = out };

	ringwall_json_out_object(out, NULL);
	ringwall_json_out_u64(out, "version", 1);
	ringwall_json_out_str(out, "name", m->name);
	mode_put(&p);
	ringwall_json_out_str(out, "onUnsupported", m->on_unsupported == RINGWALL_UNSUPPORTED_WARN ? "warn" : "refuse");
	devices_put(&p);
	network_put(&p);
	files_put(&p);
	exec_put(&p);
	kernel_put(&p);
	capabilities_put(&p);
	syscalls_put(&p);
	ringwall_json_out_end(out, '}');
}
