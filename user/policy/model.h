/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_MODEL_H
#define RINGWALL_POLICY_MODEL_H

/*
 * A policy as its file says it, read and checked, before anything is compiled. Everything lives in one arena and is never
 * changed after parsing. What a policy does not mention is left as it is: config.json alone decides there.
 */

#include <stdbool.h>
#include <stdint.h>

#include "../../bpf/abi.h"
#include "../lib/arena.h"
#include "../lib/err.h"
#include "../lib/json.h"
#include "../oci/config.h"

/**
 * struct ringwall_origin - where something was said.
 * @file: as the user named it; "builtin:NAME" for a built-in profile; "command line" for `policy set --allow-…`
 * @line, @column: 1-based; 0: the whole file
 */
struct ringwall_origin {
	const char *file;
	uint32_t line, column;
};

/**
 * struct ringwall_rule - what a (set, number) that comes back from the kernel means.
 * @set: RINGWALL_SET_*
 * @number: see "Rules" in bpf/abi.h
 * @text: the rule in one line, as `denials` and `policy show` print it ("egress deny 10.0.0.0/8 tcp 443")
 */
struct ringwall_rule {
	uint32_t set, number;
	struct ringwall_origin origin;
	const char *text;
};

struct ringwall_port_range {
	uint16_t first, last;
};

/**
 * struct ringwall_net_rule - one entry of network.egress, .ingress or .bind.
 * @allow: or deny. Deny beats allow, whatever the order and the prefix lengths; what neither matches gets the default.
 * @number: in its set, from 1: what is allowed in the order of the file, then what is denied. The effective form keeps it.
 * @family: 4, 6; 0: any address of both families (no cidr was given), or a name
 * @address, @prefix: network order, IPv4 in the first 4 bytes; bits behind the prefix are zero
 * @name: egress only: lower case, without the final dot; ".example.com" stands for "*.example.com"; NULL: by address
 * @protocol: IPPROTO_*; -1: any. With @ports and -1: every protocol that has ports (tcp, udp, sctp, dccp, udplite)
 * @ports: none: any
 */
struct ringwall_net_rule {
	bool allow;
	uint32_t number;
	uint8_t family, prefix;
	uint8_t address[16];
	const char *name;
	int protocol;
	struct ringwall_port_range *ports;
	size_t n_ports;
};

/** struct ringwall_net_list - egress, ingress, or bind. @set: the policy speaks of it. */
struct ringwall_net_list {
	bool set;
	bool deny_default;
	struct ringwall_net_rule *rules;
	size_t n;
};

/**
 * struct ringwall_bits - a set of bits that the policy refuses.
 * @set: the policy speaks of it
 * @refused: what counts; the other members are for printing
 * @deny_default: capabilities: what neither list names is refused
 * @allowed, @denied: bits that the file names
 * @origin: of the default, or of the list
 */
struct ringwall_bits {
	bool set;
	uint64_t refused;
	bool deny_default;
	uint64_t allowed, denied;
	struct ringwall_origin origin;
};

/**
 * struct ringwall_path_rule - one entry of files.
 * @path: absolute and normal, without the tail: "/srv/data", "/", "/home/" "*" "/.ssh"
 * @tail: also everything below ("/srv/data/" "**" is "/srv/data" with @tail)
 * @refuse, @grant: RINGWALL_FILE_* that this rule takes and gives there. For "allow": grant is what it lists and refuse
 *	all the other rights of its set; for "deny": refuse is what it lists, and the rest is left to less specific rules.
 *	The most specific rule that speaks of a right decides; of two for the same path the refusing one.
 * @set: RINGWALL_SET_FILE or RINGWALL_SET_EXEC
 * @number: from 1, FILE and EXEC counted together, exec rules last
 */
struct ringwall_path_rule {
	const char *path;
	bool tail;
	uint8_t refuse, grant;
	uint32_t set, number;
};

#define RINGWALL_EXEC_RIGHTS (RINGWALL_FILE_EXEC | RINGWALL_FILE_MAP) /* what the member exec is about */

/* Where a policy's system calls are enforced. */
enum ringwall_syscall_mode {
	RINGWALL_SYSCALLS_AUTO,	  /* live where the host can, else sealed; settled when a container begins */
	RINGWALL_SYSCALLS_LIVE,	  /* by the gate, so that `policy set` can loosen as well as tighten; the rest by a filter */
	RINGWALL_SYSCALLS_SEALED, /* by a seccomp filter alone */
};

#define RINGWALL_ERRNO_MAX 4095 /* the kernel's MAX_ERRNO: what a system call can return, and seccomp */

/** struct ringwall_syscall_arg - (argument @index & @mask) @op @value. @op: enum ringwall_compare */
struct ringwall_syscall_arg {
	uint8_t index, op;
	uint64_t mask, value;
};

/**
 * struct ringwall_syscall_rule - one entry of syscalls.allow or .deny.
 * @allow: or deny. Deny beats allow, whatever the order; what neither matches gets the default.
 * @sealed: deny only: in the filter even of a live policy
 * @error: deny: errno
 * @number: from 1: what is allowed in the order of the file, then what is denied
 * @ids: of the system calls it names
 * @args: all of them must hold; none: whatever the arguments are
 */
struct ringwall_syscall_rule {
	bool allow, sealed;
	uint16_t error;
	uint32_t number;
	uint16_t *ids;
	size_t n_ids;
	struct ringwall_syscall_arg *args;
	size_t n_args;
};

/**
 * struct ringwall_syscall_list - "syscalls" of a policy.
 * @set: the policy speaks of it
 * @i386: 32-bit entries are not refused whole
 * @error: errno of the default
 */
struct ringwall_syscall_list {
	bool set, deny_default, i386;
	enum ringwall_syscall_mode mode;
	uint16_t error;
	struct ringwall_syscall_rule *rules;
	size_t n;
};

enum ringwall_on_unsupported {
	RINGWALL_UNSUPPORTED_REFUSE,
	RINGWALL_UNSUPPORTED_WARN,
};

/**
 * struct ringwall_model - one policy, `extends` resolved.
 * @arena: owns everything
 * @name: of the policy; the file's name where it has none
 * @builtin: nothing but a built-in profile: found again by name
 * @strict: somebody named it: what the host cannot enforce is an error unless @on_unsupported says otherwise
 * @audit, @learn: bits 1 << RINGWALL_SET_*; @learn is a part of @audit
 * @devices: as config.json's list is read (the last match decides): first the default, for all devices, then what is allowed,
 *	then what is denied. The rule of @devices[i] has the number i + 1; (RINGWALL_SET_DEVICE, 0) is the default as well.
 * @files_set, @exec_set: the policy speaks of them
 * @files_deny, @exec_deny: their defaults
 * @path_default: RINGWALL_FILE_* that are refused where no rule speaks of them; follows from these defaults
 * @path_links: the refusing half of those whose path leads through links of the root file system (links.h)
 * @link_note: what to tell the user about it, or NULL
 * @path_rules: files, then exec (allowed, then denied)
 * @resolvers: 4 or 6 and address, for names; none: the container's /etc/resolv.conf is read when it starts
 * @has_names: egress has rules by name
 * @own_network: the container does not share the host's network namespace (ringwall_model_settle())
 * @rules: every rule, default and bit with its origin, sorted by (set, number)
 */
struct ringwall_model {
	struct ringwall_arena arena;
	const char *name;
	bool builtin, strict;
	enum ringwall_on_unsupported on_unsupported;
	uint32_t audit, learn;
	bool devices_set;
	struct ringwall_device_rule *devices;
	size_t n_devices;
	struct ringwall_net_list egress, ingress, bind;
	struct ringwall_bits families, socket_types, netlink, kernel, capabilities;
	struct ringwall_syscall_list syscalls;
	bool files_set, files_deny, exec_set, exec_deny;
	uint8_t path_default;
	struct ringwall_path_rule *path_rules;
	size_t n_path_rules;
	struct ringwall_path_rule *path_links;
	size_t n_path_links;
	const char *link_note;
	struct {
		uint8_t family;
		uint8_t address[16];
	} resolvers[RINGWALL_RESOLVERS_MAX];
	size_t n_resolvers;
	bool has_names;
	bool own_network;
	struct ringwall_rule *rules;
	size_t n_rules;
};

/**
 * ringwall_model_parse() - read a policy document and what it extends.
 * @text, @len: the document
 * @name: its file's name, for messages and origins; a relative "extends" is looked up beside it
 * @ret: ringwall_model_free() it
 * Errors: -EINVAL "FILE:LINE:COLUMN: …"; -EOPNOTSUPP known, but not part of this version; -ENOENT, -EACCES … what it
 * extends; -ELOOP it extends itself; -E2BIG a bound is exceeded. Touches no file but those that are extended.
 */
int ringwall_model_parse(const char *text, size_t len, const char *name, struct ringwall_model *ret, struct ringwall_err *e);

/**
 * ringwall_model_load() - the built-in profile of the name @path (those of user/policy/profiles), or else the file @path,
 * "-": standard input. Errors: as ringwall_model_parse(), and those of opening and reading it.
 */
int ringwall_model_load(const char *path, struct ringwall_model *ret, struct ringwall_err *e);

/** ringwall_model_builtin() - text of a built-in profile; NULL: there is none of that name. */
const char *ringwall_model_builtin(const char *name, size_t *ret_len);

/**
 * ringwall_model_rule() - what (set, number) is, or NULL.
 * FILE and EXEC are counted together: either finds the other's rules. Bits that a list of allowed ones refuses are all there.
 */
const struct ringwall_rule *ringwall_model_rule(const struct ringwall_model *m, uint32_t set, uint32_t number);

/**
 * ringwall_model_sets() - bits 1 << RINGWALL_SET_* in which @m can refuse anything at all.
 * FILE: by any rule about reading, writing, creating, deleting; EXEC: about executing, mapping; whichever member they stand in.
 */
uint32_t ringwall_model_sets(const struct ringwall_model *m);

/**
 * ringwall_model_print() - the effective form: the policy without "extends", each rule with its origin.
 * ringwall_model_parse() reads it again, with the same numbers and origins; only @strict and @builtin are not in it.
 */
void ringwall_model_print(const struct ringwall_model *m, struct ringwall_json_out *out);

void ringwall_model_free(struct ringwall_model *m);

/** ringwall_model_is_strict() - is what the host cannot enforce an error? Where somebody has asked for it, and a warning will not do. */
static inline bool ringwall_model_is_strict(const struct ringwall_model *m)
{
	return m->strict && m->on_unsupported == RINGWALL_UNSUPPORTED_REFUSE;
}

/** ringwall_set_name() - "egress", "file" … as rules and events name sets; ringwall_kernel_name() - "mount" … NULL: none */
const char *ringwall_set_name(uint32_t set);
const char *ringwall_kernel_name(uint32_t bit);

/** The words of policies for AF_*, NETLINK_*, IPPROTO_*: "inet6", "route", "tcp"; NULL: it has none. */
const char *ringwall_family_name(uint32_t family);
const char *ringwall_netlink_name(uint32_t protocol);
const char *ringwall_protocol_name(int protocol);

#endif
