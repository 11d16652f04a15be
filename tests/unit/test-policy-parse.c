// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Policies: what the parser makes of them and what it refuses. tests/data/policy/good/ and bad/ are shared with
 * tests/integration/policy-schema.bats, which asks the JSON schema about the same files; bad/INDEX says who refuses
 * each file, and the message.
 */
#include <dirent.h>
#include <errno.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "../../user/lib/cleanup.h"
#include "../../user/lib/file.h"
#include "../../user/policy/model.h"
#include "../../user/policy/text.h"

#define DATA "tests/data/policy/"
#define V "{\"version\":1,"
#define KERNEL(name_) (1ull << RINGWALL_KERNEL_##name_)
#define SET(name_) (1u << RINGWALL_SET_##name_)

/* The last text that parse() was given. */
static const char *source;

static struct ringwall_model parse(const char *text)
{
	struct ringwall_err e = { 0 };
	struct ringwall_model m;

	source = text;
	if (ringwall_model_parse(text, strlen(text), "p.json", &m, &e))
		fail_msg("%s\n\t%s", text, e.text);
	return m;
}

static int parse_error(const char *text, struct ringwall_err *e)
{
	struct ringwall_model m;
	char *copy = malloc(strlen(text) + 1); /* so that a sanitizer sees reads behind its end */
	int r;

	assert_non_null(copy);
	memcpy(copy, text, strlen(text));
	*e = (struct ringwall_err){ 0 };
	r = ringwall_model_parse(copy, strlen(text), "p.json", &m, e);
	free(copy);
	if (!r)
		fail_msg("not refused: %s", text);
	assert_int_equal(r, e->code);
	return r;
}

static char *print(const struct ringwall_model *m)
{
	struct ringwall_json_out out = { .indent = 2 };
	char *text;

	ringwall_model_print(m, &out);
	text = ringwall_json_out_take(&out, NULL);
	assert_non_null(text);
	return text;
}

static void assert_rule(const struct ringwall_model *m, uint32_t set, uint32_t number, const char *text,
			const char *origin)
{
	const struct ringwall_rule *rule = ringwall_model_rule(m, set, number);
	char place[RINGWALL_ORIGIN_TEXT];

	if (!rule)
		fail_msg("no rule %s %u", ringwall_set_name(set), number);
	assert_string_equal(rule->text, text);
	assert_string_equal(ringwall_origin_text(&rule->origin, place), origin);
}

/* The rule stands in @source where @at does, for the first time. */
static void assert_rule_at(const struct ringwall_model *m, uint32_t set, uint32_t number, const char *text,
			   const char *at)
{
	const char *place = strstr(source, at);
	unsigned int line, column;
	char origin[64];

	assert_non_null(place);
	ringwall_json_place(source, (size_t)(place - source), &line, &column);
	snprintf(origin, sizeof(origin), "p.json:%u:%u", line, column);
	assert_rule(m, set, number, text, origin);
}

/* What holds for every model. */
static void assert_sound(const struct ringwall_model *m)
{
	for (size_t i = 0; i < m->n_rules; i++) {
		const struct ringwall_rule *r = &m->rules[i], *last = i ? r - 1 : NULL;

		assert_true(!last || last->set < r->set || (last->set == r->set && last->number < r->number));
		assert_non_null(r->text);
		assert_non_null(r->origin.file);
		assert_ptr_equal(ringwall_model_rule(m, r->set, r->number), r);
	}
	for (size_t i = 0; i < m->n_devices; i++)
		assert_non_null(ringwall_model_rule(m, RINGWALL_SET_DEVICE, (uint32_t)i + 1));
	for (size_t i = 0; i < m->egress.n; i++) {
		assert_int_equal(m->egress.rules[i].number, i + 1);
		assert_non_null(ringwall_model_rule(m, RINGWALL_SET_EGRESS, (uint32_t)i + 1));
	}
	for (size_t i = 0; i < m->n_path_rules; i++) {
		assert_int_equal(m->path_rules[i].number, i + 1);
		assert_false(m->path_rules[i].grant & m->path_rules[i].refuse);
		assert_true(m->path_rules[i].grant || m->path_rules[i].refuse);
	}
	for (unsigned int bit = 0; bit < 64; bit++) {
		if (m->kernel.refused >> bit & 1)
			assert_non_null(ringwall_model_rule(m, RINGWALL_SET_KERNEL, bit));
		if (m->capabilities.refused >> bit & 1)
			assert_non_null(ringwall_model_rule(m, RINGWALL_SET_CAPABILITY, bit));
		if (m->families.refused >> bit & 1)
			assert_non_null(ringwall_model_rule(m, RINGWALL_SET_FAMILY, bit));
	}
	assert_false(m->learn & ~m->audit);
	assert_false((m->audit | ringwall_model_sets(m)) & SET(TAMPER));
}

static void assert_same_rules(const struct ringwall_model *a, const struct ringwall_model *b)
{
	assert_int_equal(a->n_rules, b->n_rules);
	for (size_t i = 0; i < a->n_rules; i++) {
		const struct ringwall_rule *x = &a->rules[i], *y = &b->rules[i];

		assert_int_equal(x->set, y->set);
		assert_int_equal(x->number, y->number);
		assert_string_equal(x->text, y->text);
		assert_string_equal(x->origin.file, y->origin.file);
		assert_int_equal(x->origin.line, y->origin.line);
		assert_int_equal(x->origin.column, y->origin.column);
	}
}

/* The effective form is a policy that says the same, with the same numbers and origins. */
static void assert_round_trip(const struct ringwall_model *m)
{
	char *text = print(m), *again;
	struct ringwall_err e = { 0 };
	struct ringwall_model n;

	if (ringwall_model_parse(text, strlen(text), "other.json", &n, &e))
		fail_msg("effective form: %s\n%s", e.text, text);
	again = print(&n);
	assert_string_equal(text, again);
	assert_same_rules(m, &n);
	assert_int_equal(ringwall_model_sets(m), ringwall_model_sets(&n));
	assert_int_equal(m->audit, n.audit);
	assert_int_equal(m->learn, n.learn);
	assert_int_equal(m->path_default, n.path_default);
	assert_int_equal(m->n_devices, n.n_devices);
	assert_int_equal(m->n_path_rules, n.n_path_rules);
	assert_int_equal(m->kernel.refused, n.kernel.refused);
	assert_int_equal(m->capabilities.refused, n.capabilities.refused);
	assert_int_equal(m->families.refused, n.families.refused);
	free(text);
	free(again);
	ringwall_model_free(&n);
}

/* The shared examples --------------------------------------------------------------------------------------- */

static void good_examples(void **state)
{
	DIR *d = opendir(DATA "good");
	unsigned int n = 0;

	(void)state;
	assert_non_null(d);
	for (struct dirent *f; (f = readdir(d));) {
		struct ringwall_err e = { 0 };
		struct ringwall_model m;
		char path[512];

		if (f->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), DATA "good/%.255s", f->d_name);
		if (ringwall_model_load(path, &m, &e))
			fail_msg("%s", e.text);
		assert_sound(&m);
		assert_round_trip(&m);
		assert_false(m.builtin);
		ringwall_model_free(&m);
		n++;
	}
	closedir(d);
	assert_true(n >= 6);
}

static void bad_example(const char *name, const char *want)
{
	struct ringwall_err e = { 0 };
	struct ringwall_model m;
	char path[512];
	int r;

	snprintf(path, sizeof(path), DATA "bad/%s", name);
	r = ringwall_model_load(path, &m, &e);
	if (!r)
		fail_msg("%s: not refused", path);
	assert_int_equal(r, e.code);
	if (!strstr(e.text, want))
		fail_msg("%s:\n\t'%s'\n\tnot '%s'", path, e.text, want);
	assert_int_equal(strncmp(e.text, path, strlen(path)), 0);
	assert_int_equal(e.text[strlen(path)], ':');
}

static void bad_examples(void **state)
{
	FILE *index = fopen(DATA "bad/INDEX", "re");
	char line[1024];
	unsigned int n = 0;

	(void)state;
	assert_non_null(index);
	for (; fgets(line, sizeof(line), index); n++) {
		char *name = strtok(line, "\t"), *who = strtok(NULL, "\t"), *want = strtok(NULL, "\n");

		assert_true(name && who && want);
		bad_example(name, want);
	}
	fclose(index);
	assert_true(n > 90);
}

/* effective.json is what `policy show` would print for everything.json. */
static void effective_form(void **state)
{
	_cleanup_free_ char *want = NULL, *text = NULL;
	struct ringwall_err e = { 0 };
	struct ringwall_model m;

	(void)state;
	assert_int_equal(ringwall_model_load(DATA "good/everything.json", &m, &e), 0);
	assert_int_equal(ringwall_file_read(DATA "good/effective.json", 1 << 20, &want, NULL, &e), 0);
	text = print(&m);
	assert_int_equal(strncmp(want, text, strlen(text)), 0);
	assert_string_equal(want + strlen(text), "\n");
	ringwall_model_free(&m);
}

/* The schema, too, has every word, and no other ---------------------------------------------------------------- */

static const struct ringwall_json *schema_get(const struct ringwall_json *v, ...)
{
	const char *key;
	va_list ap;

	va_start(ap, v);
	while ((key = va_arg(ap, const char *))) {
		v = ringwall_json_get(v, key);
		if (!v)
			fail_msg("the schema has no %s", key);
	}
	va_end(ap);
	return v;
}

static void assert_words(const struct ringwall_json *names, const struct ringwall_word *table)
{
	size_t n = 0;

	for (const struct ringwall_word *w = table; w->name; w++)
		n++;
	assert_int_equal(names->count, n);
	for (const struct ringwall_json *v = names->child; v; v = v->next)
		if (!ringwall_name_find(table, v->str))
			fail_msg("%s is no word", v->str);
}

static void schema_words(void **state)
{
	struct ringwall_arena a = { 0 };
	struct ringwall_err e = { 0 };
	_cleanup_free_ char *text = NULL;
	const struct ringwall_json *properties, *network, *kernel;
	struct ringwall_json *root;
	size_t len, n = 0;

	(void)state;
	assert_int_equal(ringwall_file_read("user/policy/policy.schema.json", 1 << 20, &text, &len, &e), 0);
	assert_int_equal(ringwall_json_parse(&a, text, len, "schema", &root, &e), 0);
	properties = schema_get(root, "properties", NULL);
	network = schema_get(properties, "network", "properties", NULL);
	assert_words(schema_get(schema_get(network, "families", "anyOf", NULL)->child, "items", "enum", NULL),
		     ringwall_family_names);
	assert_words(schema_get(schema_get(network, "types", "anyOf", NULL)->child, "items", "enum", NULL),
		     ringwall_socket_type_names);
	assert_words(schema_get(schema_get(network, "netlink", "anyOf", NULL)->child, "items", "enum", NULL),
		     ringwall_netlink_names);
	assert_words(schema_get(schema_get(root, "definitions", "proto", "anyOf", NULL)->child, "enum", NULL),
		     ringwall_protocol_names);
	kernel = schema_get(properties, "kernel", "properties", NULL);
	for (unsigned int bit = 0; bit < RINGWALL_KERNEL_BITS; bit++) {
		assert_non_null(ringwall_kernel_name(bit));
		n += !bit || strcmp(ringwall_kernel_name(bit), ringwall_kernel_name(bit - 1));
		schema_get(kernel, ringwall_kernel_name(bit), NULL);
	}
	assert_int_equal(kernel->count, n);
	assert_null(ringwall_kernel_name(RINGWALL_KERNEL_BITS));
	ringwall_arena_free(&a);
}

static void set_names(void **state)
{
	(void)state;
	for (uint32_t set = 0; set < RINGWALL_SETS; set++)
		assert_non_null(ringwall_set_name(set));
	assert_null(ringwall_set_name(RINGWALL_SETS));
	assert_string_equal(ringwall_set_name(RINGWALL_SET_EGRESS), "egress");
	assert_string_equal(ringwall_family_name(AF_INET6), "inet6");
	assert_string_equal(ringwall_protocol_name(IPPROTO_UDP), "udp");
	assert_null(ringwall_protocol_name(-1));
	assert_null(ringwall_netlink_name(31));
}

/* Profiles -------------------------------------------------------------------------------------------------- */

static struct ringwall_model profile(const char *name)
{
	struct ringwall_err e = { 0 };
	struct ringwall_model m;

	if (ringwall_model_load(name, &m, &e))
		fail_msg("%s", e.text);
	assert_string_equal(m.name, name);
	assert_true(m.builtin);
	assert_false(m.strict);
	assert_sound(&m);
	assert_round_trip(&m);
	return m;
}

static void profiles(void **state)
{
	struct ringwall_model m = profile("privileged");
	uint64_t baseline;
	size_t len;

	(void)state;
	assert_int_equal(ringwall_model_sets(&m), 0);
	assert_int_equal(m.n_rules, 0);
	ringwall_model_free(&m);

	m = profile("baseline");
	assert_int_equal(ringwall_model_sets(&m), SET(KERNEL));
	assert_int_equal(m.on_unsupported, RINGWALL_UNSUPPORTED_WARN);
	baseline = KERNEL(PTRACE_OUT) | KERNEL(SIGNAL_OUT) | KERNEL(BPF) | KERNEL(PERF) | KERNEL(KEYS) |
		   KERNEL(MODULE) | KERNEL(FIRMWARE) | KERNEL(KEXEC) | KERNEL(IO_URING) | KERNEL(USERFAULTFD) |
		   KERNEL(UNIX_OUT) | KERNEL(SYSLOG) | KERNEL(SETTIME);
	assert_int_equal(m.kernel.refused, baseline);
	assert_rule(&m, RINGWALL_SET_KERNEL, RINGWALL_KERNEL_BPF, "kernel bpf deny", "builtin:baseline:10:12");
	ringwall_model_free(&m);

	m = profile("baseline-pod");
	assert_int_equal(m.on_unsupported, RINGWALL_UNSUPPORTED_WARN);
	assert_int_equal(m.kernel.refused, baseline & ~(KERNEL(PTRACE_OUT) | KERNEL(SIGNAL_OUT)));
	ringwall_model_free(&m);

	m = profile("restricted");
	assert_int_equal(m.kernel.refused, baseline | KERNEL(MOUNT) | KERNEL(UMOUNT) | KERNEL(PIVOT_ROOT) |
						   KERNEL(PTRACE) | KERNEL(USERNS) | KERNEL(MEMFD_EXEC));
	assert_int_equal(m.capabilities.refused, ~(1ull << CAP_NET_BIND_SERVICE));
	assert_int_equal(~m.families.refused,
			 1ull << AF_UNIX | 1ull << AF_INET | 1ull << AF_INET6 | 1ull << AF_NETLINK);
	assert_int_equal(m.socket_types.refused,
			 0xffffffff & ~(1u << SOCK_STREAM | 1u << SOCK_DGRAM | 1u << SOCK_SEQPACKET));
	assert_int_equal(m.netlink.refused, 0xfffffffe);
	assert_int_equal(m.on_unsupported, RINGWALL_UNSUPPORTED_REFUSE);
	assert_rule(&m, RINGWALL_SET_KERNEL, RINGWALL_KERNEL_BPF, "kernel bpf deny", "builtin:baseline:10:12");
	assert_rule(&m, RINGWALL_SET_SOCKET_TYPE, SOCK_RAW, "type allow stream,dgram,seqpacket",
		    "builtin:restricted:18:14");
	ringwall_model_free(&m);

	assert_null(ringwall_model_builtin("no", &len));
	assert_null(ringwall_model_builtin("", &len));
}

/* Lists ----------------------------------------------------------------------------------------------------- */

static void devices(void **state)
{
	struct ringwall_model m =
		parse(V "\"devices\":{\"deny\":[\"c 10:200 rw\"],\n\"allow\":[\"c 136:* rw\",{\"minor\":3}]}}");

	(void)state;
	assert_sound(&m);
	assert_true(m.devices_set);
	assert_int_equal(m.n_devices, 4);
	assert_false(m.devices[0].allow); /* there is an "allow" */
	assert_int_equal(m.devices[0].type, 'a');
	assert_int_equal(m.devices[0].major, -1);
	assert_int_equal(m.devices[0].access, RINGWALL_ACCESS_ALL);
	assert_true(m.devices[1].allow);
	assert_int_equal(m.devices[1].major, 136);
	assert_int_equal(m.devices[1].minor, -1);
	assert_int_equal(m.devices[1].access, RINGWALL_DEVICE_READ | RINGWALL_DEVICE_WRITE);
	assert_int_equal(m.devices[2].type, 'a');
	assert_int_equal(m.devices[2].minor, 3);
	assert_false(m.devices[3].allow); /* what is denied comes last, and the last decides */
	assert_int_equal(m.devices[3].minor, 200);
	assert_rule_at(&m, RINGWALL_SET_DEVICE, 0, "device default deny", "{\"deny\"");
	assert_rule_at(&m, RINGWALL_SET_DEVICE, 1, "device default deny", "{\"deny\"");
	assert_rule_at(&m, RINGWALL_SET_DEVICE, 3, "device allow a *:3 rwm", "{\"minor\"");
	assert_rule_at(&m, RINGWALL_SET_DEVICE, 4, "device deny c 10:200 rw", "\"c 10");
	assert_null(ringwall_model_rule(&m, RINGWALL_SET_DEVICE, 5));
	assert_int_equal(ringwall_model_sets(&m), SET(DEVICE));
	ringwall_model_free(&m);

	m = parse(V "\"devices\":{\"default\":\"allow\",\"allow\":[\"a *:* rwm\"]}}");
	assert_true(m.devices[0].allow);
	assert_int_equal(ringwall_model_sets(&m), 0);
	ringwall_model_free(&m);
}

static const struct ringwall_net_rule *egress(struct ringwall_model *m, const char *rule)
{
	static char text[512];

	snprintf(text, sizeof(text), V "\"network\":{\"egress\":{\"default\":\"deny\",\"deny\":[%s]}}}", rule);
	*m = parse(text);
	assert_sound(m);
	assert_round_trip(m);
	assert_int_equal(m->egress.n, 1);
	return &m->egress.rules[0];
}

static void addresses(void **state)
{
	static const struct {
		const char *cidr;
		uint8_t family, prefix, address[16];
		const char *text;
	} cases[] = {
		{ "10.0.0.0/8", 4, 8, { 10 }, "egress deny 10.0.0.0/8" },
		{ "192.0.2.7", 4, 32, { 192, 0, 2, 7 }, "egress deny 192.0.2.7/32" },
		{ "0.0.0.0/0", 4, 0, { 0 }, "egress deny 0.0.0.0/0" },
		{ "192.0.2.128/25", 4, 25, { 192, 0, 2, 128 }, "egress deny 192.0.2.128/25" },
		{ "::/0", 6, 0, { 0 }, "egress deny ::/0" },
		{ "FD00::/8", 6, 8, { 0xfd }, "egress deny fd00::/8" },
		{ "2001:db8::1", 6, 128, { 0x20, 1, 0xd, 0xb8, [15] = 1 }, "egress deny 2001:db8::1/128" },
		{ "::ffff:0:0/96", 4, 0, { 0 }, "egress deny 0.0.0.0/0" },
		{ "::ffff:10.0.0.0/104", 4, 8, { 10 }, "egress deny 10.0.0.0/8" },
		{ "::ffff:c000:207", 4, 32, { 192, 0, 2, 7 }, "egress deny 192.0.2.7/32" },
		{ "::/64", 6, 64, { 0 }, "egress deny ::/64" }, /* has IPv4 in it, but is not within it */
		{ "::10.0.0.0/104", 6, 104, { [12] = 10 }, "egress deny ::10.0.0.0/104" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct ringwall_net_rule *rule;
		struct ringwall_model m;
		char text[128];

		snprintf(text, sizeof(text), "{\"cidr\":\"%s\"}", cases[i].cidr);
		rule = egress(&m, text);
		assert_int_equal(rule->family, cases[i].family);
		assert_int_equal(rule->prefix, cases[i].prefix);
		assert_memory_equal(rule->address, cases[i].address, 16);
		assert_int_equal(rule->protocol, -1);
		assert_false(rule->allow);
		assert_string_equal(ringwall_model_rule(&m, RINGWALL_SET_EGRESS, 1)->text, cases[i].text);
		ringwall_model_free(&m);
	}
}

/* Every prefix of an address with all bits set: the message names the network, and the network is accepted. */
static void host_bits(void **state)
{
	(void)state;
	for (unsigned int v6 = 0; v6 < 2; v6++) {
		for (unsigned int prefix = 0; prefix < (v6 ? 128 : 32); prefix++) {
			const char *all = v6 ? "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" : "255.255.255.255";
			char text[256], network[64], *at;
			struct ringwall_model m;
			struct ringwall_err e;

			snprintf(text, sizeof(text), V "\"network\":{\"egress\":{\"deny\":[{\"cidr\":\"%s/%u\"}]}}}",
				 all, prefix);
			assert_int_equal(parse_error(text, &e), -EINVAL);
			at = strstr(e.text, "write \"");
			assert_non_null(at);
			snprintf(network, sizeof(network), "{\"cidr\":\"%.*s\"}", (int)strcspn(at + 7, "\""), at + 7);
			assert_int_equal(egress(&m, network)->prefix, prefix);
			ringwall_model_free(&m);
		}
	}
}

static void names_and_ports(void **state)
{
	const struct ringwall_net_rule *rule;
	struct ringwall_model m;

	(void)state;
	rule = egress(&m, "{\"name\":\"API.Example.COM.\",\"proto\":\"tcp\",\"ports\":[443,\"8000-8100\"]}");
	assert_string_equal(rule->name, "api.example.com");
	assert_int_equal(rule->family, 0);
	assert_int_equal(rule->protocol, IPPROTO_TCP);
	assert_int_equal(rule->n_ports, 2);
	assert_int_equal(rule->ports[0].first, 443);
	assert_int_equal(rule->ports[0].last, 443);
	assert_int_equal(rule->ports[1].first, 8000);
	assert_int_equal(rule->ports[1].last, 8100);
	assert_true(m.has_names);
	assert_rule_at(&m, RINGWALL_SET_EGRESS, 1, "egress deny api.example.com tcp 443,8000-8100", "{\"name\"");
	ringwall_model_free(&m);

	rule = egress(&m, "{\"name\":\"*.Example.org\"}");
	assert_string_equal(rule->name, ".example.org");
	assert_rule_at(&m, RINGWALL_SET_EGRESS, 1, "egress deny *.example.org", "{\"name\"");
	ringwall_model_free(&m);

	rule = egress(&m, "{\"name\":\"_sip._tcp.db-1\",\"ports\":[0,65535,\"7-7\"]}");
	assert_int_equal(rule->protocol, -1);
	assert_int_equal(rule->ports[1].last, 65535);
	assert_rule_at(&m, RINGWALL_SET_EGRESS, 1, "egress deny _sip._tcp.db-1 0,65535,7", "{\"name\"");
	ringwall_model_free(&m);

	rule = egress(&m, "{\"proto\":132,\"ports\":[1]}");
	assert_int_equal(rule->protocol, IPPROTO_SCTP);
	assert_false(m.has_names);
	ringwall_model_free(&m);
	rule = egress(&m, "{\"proto\":0}");
	assert_int_equal(rule->protocol, 0);
	assert_rule_at(&m, RINGWALL_SET_EGRESS, 1, "egress deny protocol 0", "{\"proto\"");
	ringwall_model_free(&m);
}

/* The longest name there may be is one byte shorter than the key in the kernel. */
static void name_length(void **state)
{
	char name[RINGWALL_NAME_MAX + 1], rule[256];
	struct ringwall_model m;
	struct ringwall_err e;

	(void)state;
	memset(name, 'a', sizeof(name));
	name[60] = '.';
	name[RINGWALL_NAME_MAX - 1] = '\0';
	snprintf(rule, sizeof(rule), "{\"name\":\"%s.\"}", name);
	assert_int_equal(strlen(egress(&m, rule)->name), RINGWALL_NAME_MAX - 1);
	ringwall_model_free(&m);
	name[RINGWALL_NAME_MAX - 1] = 'a';
	name[RINGWALL_NAME_MAX] = '\0';
	snprintf(rule, sizeof(rule), V "\"network\":{\"egress\":{\"allow\":[{\"name\":\"%s\"}]}}}", name);
	assert_int_equal(parse_error(rule, &e), -EINVAL);
}

static void many_ports(void **state)
{
	char text[4096] = V "\"network\":{\"bind\":{\"allow\":[{\"ports\":[0";
	const struct ringwall_rule *rule;
	struct ringwall_model m;
	size_t n = strlen(text);

	(void)state;
	for (unsigned int i = 1; i < 200; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, ",\"%u-%u\"", 300 * i, 300 * i + 200);
	snprintf(text + n, sizeof(text) - n, "]}]}}}");
	m = parse(text);
	assert_int_equal(m.bind.rules[0].n_ports, 200);
	rule = ringwall_model_rule(&m, RINGWALL_SET_BIND, 1);
	assert_true(strlen(rule->text) < 300);
	assert_non_null(strstr(rule->text, ",…"));
	assert_round_trip(&m);
	ringwall_model_free(&m);
}

static void paths(void **state)
{
	struct ringwall_model m =
		parse(V "\"exec\":{\"deny\":[\"/bin/su\"],\"allow\":[\"/**\"]},"
			"\"files\":[{\"path\":\"/srv/data/**\",\"allow\":\"r\"},{\"path\":\"/\",\"deny\":\"wm\"}]}");

	(void)state;
	assert_sound(&m);
	assert_round_trip(&m);
	assert_int_equal(m.n_path_rules, 4);
	assert_string_equal(m.path_rules[0].path, "/srv/data");
	assert_true(m.path_rules[0].tail);
	assert_int_equal(m.path_rules[0].grant, RINGWALL_FILE_READ);
	assert_int_equal(m.path_rules[0].refuse, RINGWALL_FILE_ALL & ~RINGWALL_FILE_READ);
	assert_string_equal(m.path_rules[1].path, "/");
	assert_false(m.path_rules[1].tail);
	assert_int_equal(m.path_rules[1].grant, 0);
	assert_int_equal(m.path_rules[1].refuse, RINGWALL_FILE_WRITE | RINGWALL_FILE_MAP);
	assert_string_equal(m.path_rules[2].path, "/");
	assert_true(m.path_rules[2].tail);
	assert_int_equal(m.path_rules[2].grant, RINGWALL_FILE_EXEC | RINGWALL_FILE_MAP);
	assert_int_equal(m.path_rules[2].refuse, 0);
	assert_int_equal(m.path_rules[2].set, RINGWALL_SET_EXEC);
	assert_int_equal(m.path_rules[3].refuse, RINGWALL_FILE_EXEC | RINGWALL_FILE_MAP);
	assert_int_equal(m.path_default, RINGWALL_FILE_EXEC);
	assert_rule_at(&m, RINGWALL_SET_FILE, 0, "file default allow", "[{\"path\"");
	assert_rule_at(&m, RINGWALL_SET_FILE, 1, "file allow /srv/data/** r", "{\"path\"");
	assert_rule_at(&m, RINGWALL_SET_EXEC, 0, "exec default deny", "{\"deny\"");
	assert_rule_at(&m, RINGWALL_SET_EXEC, 3, "exec allow /**", "\"/**\"");
	assert_rule_at(&m, RINGWALL_SET_EXEC, 4, "exec deny /bin/su", "\"/bin/su\"");
	/* Whichever set the kernel names with a number of theirs. */
	assert_rule_at(&m, RINGWALL_SET_EXEC, 2, "file deny / wm", "{\"path\":\"/\"");
	assert_rule_at(&m, RINGWALL_SET_FILE, 4, "exec deny /bin/su", "\"/bin/su\"");
	assert_int_equal(ringwall_model_sets(&m), SET(FILE) | SET(EXEC));
	ringwall_model_free(&m);
}

static void path_sets(void **state)
{
	static const struct {
		const char *members;
		uint32_t sets;
		uint8_t path_default;
	} cases[] = {
		{ "\"files\":[]", 0, 0 },
		{ "\"files\":{\"default\":\"deny\"}", SET(FILE) | SET(EXEC), RINGWALL_FILE_ALL },
		{ "\"files\":{\"rules\":[{\"path\":\"/a\",\"deny\":\"x\"}]}", SET(EXEC), 0 },
		{ "\"files\":[{\"path\":\"/a\",\"deny\":\"r\"}]", SET(FILE), 0 },
		{ "\"files\":[{\"path\":\"/a\",\"allow\":\"rwcdxm\"}]", 0, 0 },
		{ "\"exec\":{\"allow\":[]}", SET(EXEC), RINGWALL_FILE_EXEC },
		{ "\"exec\":{\"default\":\"deny\"}", SET(EXEC), RINGWALL_FILE_EXEC },
		{ "\"exec\":{\"default\":\"allow\",\"allow\":[\"/a\"]}", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ringwall_model m;
		char text[256];

		snprintf(text, sizeof(text), V "%s}", cases[i].members);
		m = parse(text);
		assert_int_equal(ringwall_model_sets(&m), cases[i].sets);
		assert_int_equal(m.path_default, cases[i].path_default);
		assert_round_trip(&m);
		ringwall_model_free(&m);
	}
}

static void kernel(void **state)
{
	static const struct {
		const char *member, *text;
		uint64_t refused;
		uint32_t bit;
	} cases[] = {
		{ "\"ptrace\":\"deny\"", "kernel ptrace deny", KERNEL(PTRACE) | KERNEL(PTRACE_OUT),
		  RINGWALL_KERNEL_PTRACE },
		{ "\"ptrace\":\"inside\"", "kernel ptrace inside", KERNEL(PTRACE_OUT), RINGWALL_KERNEL_PTRACE_OUT },
		{ "\"ptrace\":\"allow\"", "kernel ptrace allow", 0, RINGWALL_KERNEL_PTRACE_OUT },
		{ "\"signal\":\"deny\"", "kernel signal inside", KERNEL(SIGNAL_OUT), RINGWALL_KERNEL_SIGNAL_OUT },
		{ "\"unix_abstract\":\"inside\"", "kernel unix_abstract inside", KERNEL(UNIX_OUT),
		  RINGWALL_KERNEL_UNIX_OUT },
		{ "\"memfd_exec\":\"deny\"", "kernel memfd_exec deny", KERNEL(MEMFD_EXEC), RINGWALL_KERNEL_MEMFD_EXEC },
		{ "\"io_uring\":{\"origin\":\"p.json:1:22\",\"value\":\"deny\"}", "kernel io_uring deny",
		  KERNEL(IO_URING), RINGWALL_KERNEL_IO_URING },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ringwall_model m;
		char text[256];

		snprintf(text, sizeof(text), V "\"kernel\":{%s}}", cases[i].member);
		m = parse(text);
		assert_int_equal(m.kernel.refused, cases[i].refused);
		assert_string_equal(ringwall_model_rule(&m, RINGWALL_SET_KERNEL, cases[i].bit)->text, cases[i].text);
		assert_round_trip(&m);
		ringwall_model_free(&m);
	}
}

static void capabilities(void **state)
{
	struct ringwall_model m =
		parse(V "\"capabilities\":{\"default\":\"deny\",\"allow\":[\"CAP_CHOWN\",\"CAP_KILL\"],"
			"\"deny\":[\"CAP_KILL\"]}}");

	(void)state;
	assert_int_equal(m.capabilities.refused, ~(1ull << CAP_CHOWN));
	assert_rule_at(&m, RINGWALL_SET_CAPABILITY, CAP_KILL, "capability deny CAP_KILL", "\"CAP_KILL\"]}");
	assert_rule_at(&m, RINGWALL_SET_CAPABILITY, CAP_CHOWN, "capability allow CAP_CHOWN", "\"CAP_CHOWN");
	assert_rule_at(&m, RINGWALL_SET_CAPABILITY, CAP_SYS_ADMIN, "capability default deny", "\"deny\",\"allow\"");
	assert_round_trip(&m);
	ringwall_model_free(&m);
	m = parse(V "\"capabilities\":{\"deny\":[\"CAP_KILL\"]}}");
	assert_int_equal(m.capabilities.refused, 1ull << CAP_KILL);
	assert_null(ringwall_model_rule(&m, RINGWALL_SET_CAPABILITY, CAP_CHOWN));
	ringwall_model_free(&m);
}

/* A list without a default: what is not allowed is denied where something is allowed. */
static void defaults(void **state)
{
	static const struct {
		const char *list;
		bool deny;
	} cases[] = {
		{ "{}", false },
		{ "{\"deny\":[]}", false },
		{ "{\"allow\":[]}", true },
		{ "{\"allow\":[{}],\"deny\":[{}]}", true },
		{ "{\"default\":\"allow\",\"allow\":[{}]}", false },
		{ "{\"default\":\"deny\"}", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ringwall_model m;
		char text[256];

		snprintf(text, sizeof(text), V "\"network\":{\"ingress\":%s}}", cases[i].list);
		m = parse(text);
		assert_true(m.ingress.set);
		assert_int_equal(m.ingress.deny_default, cases[i].deny);
		assert_int_equal(ringwall_model_sets(&m), cases[i].deny ? SET(INGRESS) : 0);
		assert_round_trip(&m);
		ringwall_model_free(&m);
	}
}

static void modes(void **state)
{
	struct ringwall_model m = parse(V "\"mode\":\"learn\"}");

	(void)state;
	assert_int_equal(m.audit, (1u << RINGWALL_SETS) - 1 - SET(TAMPER));
	assert_int_equal(m.learn, m.audit);
	ringwall_model_free(&m);
	m = parse(V "\"mode\":{\"network\":\"audit\",\"exec\":\"learn\",\"files\":\"enforce\"}}");
	assert_int_equal(m.learn, SET(EXEC));
	assert_int_equal(m.audit, SET(EXEC) | SET(EGRESS) | SET(INGRESS) | SET(BIND) | SET(FAMILY) | SET(SOCKET_TYPE) |
					  SET(NETLINK));
	assert_round_trip(&m);
	ringwall_model_free(&m);
	m = parse(V "\"extends\":\"baseline\"}");
	assert_string_equal(m.name, "p.json");
	assert_int_equal(m.audit, 0);
	ringwall_model_free(&m);
}

/* extends --------------------------------------------------------------------------------------------------- */

static void file_write(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int dir_setup(void **state)
{
	char *dir = strdup("/tmp/ringwall-test-policy-XXXXXX");

	*state = dir && mkdtemp(dir) ? dir : NULL;
	return *state ? 0 : -1;
}

static int dir_teardown(void **state)
{
	char command[256];
	int r;

	snprintf(command, sizeof(command), "rm -r '%s'", (char *)*state);
	r = system(command);
	free(*state);
	return r;
}

static int load(const char *dir, const char *name, struct ringwall_model *m, struct ringwall_err *e)
{
	char path[256];

	*e = (struct ringwall_err){ 0 };
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return ringwall_model_load(path, m, e);
}

/* "DIR/NAME:LINE:COLUMN" of @at in @text. */
static void origin_of(char *origin, size_t size, const char *dir, const char *name, const char *text, const char *at)
{
	const char *place = strstr(text, at);
	unsigned int line, column;

	assert_non_null(place);
	ringwall_json_place(text, (size_t)(place - text), &line, &column);
	snprintf(origin, size, "%s/%s:%u:%u", dir, name, line, column);
}

static void extends(void **state)
{
	static const char base[] =
		V "\"name\":\"base\",\"mode\":\"audit\",\"onUnsupported\":\"warn\",\n"
		  "\"network\":{\"egress\":{\"default\":\"deny\",\"allow\":[{\"cidr\":\"10.0.0.0/8\"}],"
		  "\"deny\":[{\"cidr\":\"10.1.0.0/16\"}]},\"families\":[\"unix\"]},"
		  "\"kernel\":{\"mount\":\"deny\",\"bpf\":\"deny\"},\"files\":[{\"path\":\"/a\",\"deny\":\"r\"}]}";
	static const char web[] =
		V "\"network\":{\"egress\":{\"default\":\"allow\",\"allow\":[{\"cidr\":\"192.0.2.0/24\"}]},"
		  "\"families\":[\"inet\"]},\"kernel\":{\"mount\":\"allow\"},"
		  "\"files\":[{\"path\":\"/b\",\"deny\":\"r\"}],\"extends\":\"base.json\"}";
	const char *dir = *state;
	struct ringwall_model m;
	struct ringwall_err e;
	char origin[256];

	file_write(dir, "base.json", base);
	file_write(dir, "web.json", web);
	assert_int_equal(load(dir, "web.json", &m, &e), 0);
	assert_sound(&m);
	assert_round_trip(&m);
	assert_string_equal(m.name, "web.json");
	assert_int_equal(m.audit, (1u << RINGWALL_SETS) - 1 - SET(TAMPER));
	assert_int_equal(m.on_unsupported, RINGWALL_UNSUPPORTED_WARN);
	assert_false(m.egress.deny_default);
	assert_int_equal(m.egress.n, 3);
	origin_of(origin, sizeof(origin), dir, "base.json", base, "{\"cidr\":\"10.0");
	assert_rule(&m, RINGWALL_SET_EGRESS, 1, "egress allow 10.0.0.0/8", origin);
	origin_of(origin, sizeof(origin), dir, "web.json", web, "{\"cidr");
	assert_rule(&m, RINGWALL_SET_EGRESS, 2, "egress allow 192.0.2.0/24", origin);
	origin_of(origin, sizeof(origin), dir, "base.json", base, "{\"cidr\":\"10.1");
	assert_rule(&m, RINGWALL_SET_EGRESS, 3, "egress deny 10.1.0.0/16", origin);
	assert_int_equal(m.families.refused, ~(1ull << AF_INET)); /* replaced */
	assert_int_equal(m.kernel.refused, KERNEL(BPF));
	assert_string_equal(m.path_rules[0].path, "/a");
	assert_string_equal(m.path_rules[1].path, "/b");
	ringwall_model_free(&m);

	/* By an absolute path, and a link to it from elsewhere: it is the file that counts, and where it was looked for. */
	snprintf(origin, sizeof(origin), V "\"extends\":\"%s/base.json\"}", dir);
	file_write(dir, "absolute.json", origin);
	assert_int_equal(load(dir, "absolute.json", &m, &e), 0);
	assert_int_equal(m.egress.n, 2);
	ringwall_model_free(&m);
}

static void extends_errors(void **state)
{
	const char *dir = *state;
	struct ringwall_model m;
	struct ringwall_err e;
	char path[256], next[64];

	file_write(dir, "a.json", V "\"extends\":\"b.json\"}");
	file_write(dir, "b.json", V "\"extends\":\"./a.json\"}");
	assert_int_equal(load(dir, "a.json", &m, &e), -ELOOP);
	assert_non_null(strstr(e.text, "/b.json:1:24: extends: '"));
	assert_non_null(strstr(e.text, "extends itself"));
	for (unsigned int i = 0; i < 12; i++) {
		snprintf(path, sizeof(path), "%u.json", i);
		snprintf(next, sizeof(next), V "\"extends\":\"%u.json\"}", i + 1);
		file_write(dir, path, i == 11 ? V "\"name\":\"x\"}" : next);
	}
	assert_int_equal(load(dir, "3.json", &m, &e), 0);
	ringwall_model_free(&m);
	assert_int_equal(load(dir, "0.json", &m, &e), -ELOOP);
	file_write(dir, "none.json", V "\"extends\":\"nothing.json\"}");
	assert_int_equal(load(dir, "none.json", &m, &e), -ENOENT);
	file_write(dir, "dir.json", V "\"extends\":\".\"}");
	assert_int_equal(load(dir, "dir.json", &m, &e), -EISDIR);
	snprintf(path, sizeof(path), "%s/fifo", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	file_write(dir, "pipe.json", V "\"extends\":\"fifo\"}");
	assert_int_equal(load(dir, "pipe.json", &m, &e), -EINVAL);
	assert_int_equal(load(dir, "missing.json", &m, &e), -ENOENT);
	assert_int_equal(ringwall_model_load(dir, &m, &e), -EISDIR);
}

/* The effective form's members in policies ------------------------------------------------------------------- */

static void origins(void **state)
{
	struct ringwall_model m =
		parse(V "\"network\":{\"egress\":{\"defaultOrigin\":\"a.json:3:4\",\"default\":\"deny\",\"allow\":["
			"{\"origin\":\"command line\",\"cidr\":\"10.0.0.0/8\"},{\"origin\":\"a:b:7\"},"
			"{\"origin\":\"a:0:7\"},{\"origin\":\"a:b.json:12:345\"}]},"
			"\"families\":{\"value\":[],\"origin\":\"b.json:1:2\"}}}");

	(void)state;
	assert_rule(&m, RINGWALL_SET_EGRESS, 0, "egress default deny", "a.json:3:4");
	assert_rule(&m, RINGWALL_SET_EGRESS, 1, "egress allow 10.0.0.0/8", "command line");
	assert_rule(&m, RINGWALL_SET_EGRESS, 2, "egress allow any", "a:b:7");
	assert_rule(&m, RINGWALL_SET_EGRESS, 3, "egress allow any", "a:0:7");
	assert_rule(&m, RINGWALL_SET_EGRESS, 4, "egress allow any", "a:b.json:12:345");
	assert_int_equal(ringwall_model_rule(&m, RINGWALL_SET_EGRESS, 1)->origin.line, 0);
	assert_int_equal(ringwall_model_rule(&m, RINGWALL_SET_EGRESS, 4)->origin.column, 345);
	assert_string_equal(ringwall_model_rule(&m, RINGWALL_SET_EGRESS, 4)->origin.file, "a:b.json");
	assert_rule(&m, RINGWALL_SET_FAMILY, AF_INET, "family allow none", "b.json:1:2");
	assert_round_trip(&m);
	ringwall_model_free(&m);
}

/* Bounds ---------------------------------------------------------------------------------------------------- */

static char *repeat(const char *before, const char *entry, size_t n, const char *after)
{
	size_t len = strlen(before), step = strlen(entry);
	char *text = malloc(len + n * (step + 1) + strlen(after) + 1), *to = text;

	assert_non_null(text);
	to = stpcpy(to, before);
	for (size_t i = 0; i < n; i++) {
		if (i)
			*to++ = ',';
		to = stpcpy(to, entry);
	}
	strcpy(to, after);
	return text;
}

static void bounds(void **state)
{
	struct ringwall_model m;
	struct ringwall_err e;
	char *text;

	(void)state;
	text = repeat(V "\"devices\":{\"allow\":[", "\"c 1:3 r\"", 4001, "]}}");
	assert_int_equal(parse_error(text, &e), -E2BIG);
	assert_non_null(strstr(e.text, "devices.allow[4000]: more than 4000 entries"));
	free(text);
	text = repeat(V "\"files\":[", "{\"path\":\"/a\",\"deny\":\"r\"}", 60001, "]}");
	assert_int_equal(parse_error(text, &e), -E2BIG);
	free(text);
	text = repeat(V "\"files\":[", "{\"path\":\"/a\",\"deny\":\"r\"}", 40000, "],\"exec\":{\"deny\":[\"/a\"]}}");
	m = parse(text);
	assert_int_equal(m.path_rules[40000].number, 40001);
	ringwall_model_free(&m);
	free(text);
	text = repeat(V "\"network\":{\"egress\":{\"deny\":[", "{\"cidr\":\"10.0.0.0/8\"}\n", 100000, "]}}}");
	m = parse(text);
	assert_int_equal(m.egress.n, 100000);
	assert_rule(&m, RINGWALL_SET_EGRESS, 100000, "egress deny 10.0.0.0/8", "p.json:100000:2");
	ringwall_model_free(&m);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_examples),
		cmocka_unit_test(bad_examples),
		cmocka_unit_test(effective_form),
		cmocka_unit_test(schema_words),
		cmocka_unit_test(set_names),
		cmocka_unit_test(profiles),
		cmocka_unit_test(devices),
		cmocka_unit_test(addresses),
		cmocka_unit_test(host_bits),
		cmocka_unit_test(names_and_ports),
		cmocka_unit_test(name_length),
		cmocka_unit_test(many_ports),
		cmocka_unit_test(paths),
		cmocka_unit_test(path_sets),
		cmocka_unit_test(kernel),
		cmocka_unit_test(capabilities),
		cmocka_unit_test(defaults),
		cmocka_unit_test(modes),
		cmocka_unit_test_setup_teardown(extends, dir_setup, dir_teardown),
		cmocka_unit_test_setup_teardown(extends_errors, dir_setup, dir_teardown),
		cmocka_unit_test(origins),
		cmocka_unit_test(bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
