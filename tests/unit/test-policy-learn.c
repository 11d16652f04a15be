// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From observations to a policy: it allows them all, is generalised as the man page says, and what was not seen stays
 * refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../../user/lib/cleanup.h"
#include "../../user/lib/json.h"
#include "../../user/policy/amend.h"
#include "../../user/policy/learn.h"

#define R RINGWALL_FILE_READ
#define W RINGWALL_FILE_WRITE
#define C RINGWALL_FILE_CREATE
#define D RINGWALL_FILE_DELETE
#define X RINGWALL_FILE_EXEC
#define M RINGWALL_FILE_MAP
#define RWCDXM RINGWALL_FILE_ALL
#define CONFIG_DEVICES 12

/* One run: what it saw, what came of it, read again as the user would. */
static struct run {
	struct ringwall_object objects[600];
	struct ringwall_seen seen[600];
	char texts[600][160];
	size_t n;
	char notes[1000];
	struct ringwall_model from, learnt;
	char *json;
} run;

static void note(void *data, const char *text)
{
	assert_ptr_equal(data, &run);
	strncat(run.notes, text, sizeof(run.notes) - strlen(run.notes) - 2);
	strcat(run.notes, "\n");
}

static void end(void)
{
	ringwall_model_free(&run.from);
	ringwall_model_free(&run.learnt);
	free(run.json);
	memset(&run, 0, sizeof(run));
}

static void begin(const char *policy)
{
	struct ringwall_err e = {};

	end();
	if (ringwall_model_parse(policy, strlen(policy), "policy.json", &run.from, &e))
		fail_msg("%s", e.text);
}

static struct ringwall_object *see(uint32_t set, uint32_t rule)
{
	struct ringwall_object *o = &run.objects[run.n];

	run.seen[run.n] = (struct ringwall_seen){ .object = o, .rule = rule };
	o->set = (uint8_t)set;
	run.n++;
	assert_true(run.n < ARRAY_SIZE(run.objects));
	return o;
}

static void see_path(const char *path, uint8_t rights)
{
	struct ringwall_object *o = see(rights & (X | M) ? RINGWALL_SET_EXEC : RINGWALL_SET_FILE, 0);

	o->rights = rights;
	snprintf(run.texts[run.n - 1], sizeof(run.texts[0]), "%s", path);
	run.seen[run.n - 1].path = run.texts[run.n - 1];
}

static void see_peer(uint32_t set, const char *address, uint8_t protocol, uint16_t port, const char *name)
{
	struct ringwall_object *o = see(set, 0);

	o->protocol = protocol;
	o->port = port;
	o->family = strchr(address, ':') ? 6 : 4;
	assert_int_equal(inet_pton(o->family == 6 ? AF_INET6 : AF_INET, address, o->address), 1);
	run.seen[run.n - 1].name = name;
}

static void learn(void)
{
	struct ringwall_json_out out = { .indent = 2 };
	struct ringwall_model m = {};
	struct ringwall_err e = {};

	if (ringwall_learn(&run.from, run.seen, run.n, CONFIG_DEVICES, note, &run, &m, &e))
		fail_msg("%s", e.text);
	ringwall_model_print(&m, &out);
	run.json = ringwall_json_out_take(&out, NULL);
	ringwall_model_free(&m);
	if (ringwall_model_parse(run.json, strlen(run.json), "learnt.json", &run.learnt, &e))
		fail_msg("%s\n%s", e.text, run.json);
	assert_int_equal(run.learnt.learn, 0);
}

/* Is there such a rule, by its text? */
static bool has_rule(const char *text)
{
	for (size_t i = 0; i < run.learnt.n_rules; i++)
		if (!strcmp(run.learnt.rules[i].text, text))
			return true;
	return false;
}

static void assert_rules(const char *const *wanted, uint32_t set)
{
	size_t n = 0;

	for (size_t i = 0; i < run.learnt.n_rules; i++)
		n += run.learnt.rules[i].set == set && run.learnt.rules[i].number;
	for (; *wanted; wanted++, n--)
		if (!has_rule(*wanted))
			fail_msg("no '%s' in\n%s", *wanted, run.json);
	if (n)
		fail_msg("more than wanted in\n%s", run.json);
}

#define assert_set(set, ...) assert_rules((const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL }, set)

static void assert_refused(const char *path, uint8_t rights)
{
	uint8_t refused = ringwall_learn_refused(&run.learnt, path);

	if (refused != rights)
		fail_msg("%s: refused are %#x, not %#x, by\n%s", path, refused, rights, run.json);
}

#define DENY_FILES "{\"version\":1,\"mode\":\"learn\",\"files\":{\"default\":\"deny\",\"rules\":[%s]}}"

static void begin_files(const char *rules)
{
	char policy[1000];

	snprintf(policy, sizeof(policy), DENY_FILES, rules);
	begin(policy);
}

static void paths_as_they_are(void **state)
{
	(void)state;
	begin_files("");
	see_path("/etc/passwd", R);
	see_path("/etc/passwd", W);
	see_path("/bin/busybox", X);
	see_path("/bin/busybox", M);
	see_path("/srv/a/b/c", C | W);
	learn();
	assert_refused("/etc/passwd", RWCDXM & ~(R | W));
	assert_refused("/bin/busybox", RWCDXM & ~(X | M));
	assert_refused("/srv/a/b/c", RWCDXM & ~(C | W));
	assert_refused("/etc/shadow", RWCDXM);
	assert_refused("/srv/a/b", RWCDXM);
	assert_refused("/srv/a/b/c/d", RWCDXM);
	assert_int_equal(run.learnt.n_path_rules, 3);
	assert_string_equal(run.notes, "");
}

static void many_names_of_a_directory(void **state)
{
	char path[64];

	(void)state;
	begin_files("");
	for (int i = 0; i < RINGWALL_LEARN_FILES; i++) {
		snprintf(path, sizeof(path), "/srv/many/f%d", i);
		see_path(path, R);
		snprintf(path, sizeof(path), "/etc/f%d", i);
		see_path(path, R);
		snprintf(path, sizeof(path), "/f%d", i);
		see_path(path, R);
	}
	for (int i = 0; i < RINGWALL_LEARN_FILES - 1; i++) {
		snprintf(path, sizeof(path), "/srv/few/f%d", i);
		see_path(path, R);
	}
	see_path("/srv/many/special", R | W);
	learn();
	assert_refused("/srv/many/another", RWCDXM & ~R);
	assert_refused("/srv/many/special", RWCDXM & ~(R | W));
	assert_refused("/srv/many", RWCDXM);
	assert_refused("/srv/many/f1/below", RWCDXM);
	assert_refused("/srv/few/f1", RWCDXM & ~R);
	assert_refused("/srv/few/another", RWCDXM);
	assert_refused("/etc/f3", RWCDXM & ~R);
	assert_refused("/etc/another", RWCDXM); /* never all of /etc, nor of / */
	assert_refused("/another", RWCDXM);
	assert_true(has_rule("file allow /srv/many/* r"));
	assert_int_equal(run.learnt.n_path_rules, 1 + 1 + 2 * RINGWALL_LEARN_FILES + RINGWALL_LEARN_FILES - 1);
}

static void many_directories(void **state)
{
	char path[64];

	(void)state;
	begin_files("");
	for (int d = 0; d < RINGWALL_LEARN_DIRECTORIES; d++)
		for (int i = 0; i < RINGWALL_LEARN_FILES; i++) {
			snprintf(path, sizeof(path), "/usr/lib/d%d/f%d", d, i);
			see_path(path, R);
			snprintf(path, sizeof(path), "/etc/d%d/f%d", d, i);
			see_path(path, R);
		}
	see_path("/usr/lib/d0/f0/x", W);
	learn();
	assert_true(has_rule("file allow /usr/lib/** r"));
	assert_refused("/usr/lib/other/deep/down", RWCDXM & ~R);
	assert_refused("/usr/lib/d0/f0/x", RWCDXM & ~(R | W)); /* what the wider rule gives stays */
	assert_refused("/usr/other", RWCDXM);
	assert_true(has_rule("file allow /etc/d1/* r"));
	assert_refused("/etc/other/f0", RWCDXM);
}

static void process_ids_and_what_cannot_be_spelled(void **state)
{
	char path[160];

	(void)state;
	begin_files("");
	see_path("/proc/123/task/124/status", R);
	see_path("/proc/125/task/126/status", R);
	see_path("/proc/sys/kernel/ostype", R);
	snprintf(path, sizeof(path), "/srv/%060d/x", 1);
	see_path(path, R);
	see_path("/srv/odd/*", W);
	see_path("/srv/2024", R);
	see(RINGWALL_SET_FILE, 0)->rights = R; /* in no mount that is known */
	learn();
	assert_set(RINGWALL_SET_FILE, "file allow /proc/*/task/*/status r", "file allow /proc/sys/kernel/ostype r",
		   "file allow /srv/*/x r", "file allow /srv/odd/* w", "file allow /srv/2024 r");
	assert_non_null(strstr(run.notes, "1 files stay refused"));
}

static void what_the_policy_gave_stays(void **state)
{
	(void)state;
	begin_files(
		"{\"path\":\"/usr/**\",\"allow\":\"rm\"},{\"path\":\"/usr/secret\",\"deny\":\"rwx\"},{\"path\":\"/usr/bin/*\",\"allow\":\"rx\"}");
	see_path("/usr/share/x", W);
	see_path("/usr/secret", W);
	see_path("/usr/bin/tool", M);
	learn();
	assert_refused("/usr/share/x", RWCDXM & ~(R | M | W));
	assert_refused("/usr/share/y", RWCDXM & ~(R | M));
	assert_refused("/usr/secret", RWCDXM & ~(M | W)); /* reading it stays denied */
	assert_refused("/usr/bin/tool", RWCDXM & ~(R | X | M));
	assert_refused("/usr/bin/other", RWCDXM & ~(R | X));
}

static void programs(void **state)
{
	(void)state;
	begin("{\"version\":1,\"mode\":{\"exec\":\"learn\"},\"exec\":{\"default\":\"deny\",\"allow\":[\"/bin/sh\"],\"deny\":[\"/bin/su\"]}}");
	see_path("/bin/ls", X);
	see_path("/bin/su", X);
	learn();
	assert_set(RINGWALL_SET_EXEC, "exec allow /bin/sh", "exec allow /bin/ls", "exec allow /bin/su");
	assert_refused("/bin/ls", 0);
	assert_refused("/bin/su", 0);
	assert_refused("/bin/cat", X);
	assert_false(run.learnt.files_set);
}

#define DENY_NETWORK                                                                                                             \
	"{\"version\":1,\"mode\":\"learn\",\"network\":{\"egress\":{\"default\":\"deny\"%s},\"ingress\":{\"default\":\"deny\"}," \
	"\"bind\":{\"default\":\"deny\"}}}"

static void begin_network(const char *egress)
{
	char policy[1000];

	snprintf(policy, sizeof(policy), DENY_NETWORK, egress);
	begin(policy);
}

static void addresses_and_ports(void **state)
{
	char address[40];

	(void)state;
	begin_network("");
	see_peer(RINGWALL_SET_EGRESS, "10.1.2.3", IPPROTO_TCP, 443, "");
	for (uint16_t port = 8000; port < 8004; port++)
		see_peer(RINGWALL_SET_EGRESS, "10.1.2.3", IPPROTO_TCP, port, "");
	see_peer(RINGWALL_SET_EGRESS, "10.1.2.3", IPPROTO_UDP, 443, "");
	see_peer(RINGWALL_SET_EGRESS, "10.9.9.9", IPPROTO_ICMP, 0, "");
	for (int i = 1; i <= RINGWALL_LEARN_HOSTS; i++) {
		snprintf(address, sizeof(address), "10.5.5.%d", i);
		see_peer(RINGWALL_SET_EGRESS, address, IPPROTO_TCP, 5432, "");
		snprintf(address, sizeof(address), "2001:db8::%d", i);
		see_peer(RINGWALL_SET_EGRESS, address, IPPROTO_TCP, 5432, "");
	}
	see_peer(RINGWALL_SET_EGRESS, "10.5.5.77", IPPROTO_TCP, 22, "");
	see_peer(RINGWALL_SET_INGRESS, "192.0.2.1", IPPROTO_TCP, 8080, "");
	see_peer(RINGWALL_SET_BIND, "0.0.0.0", IPPROTO_TCP, 8080, "");
	see_peer(RINGWALL_SET_BIND, "::", IPPROTO_TCP, 8080, "");
	learn();
	assert_set(RINGWALL_SET_EGRESS, "egress allow 10.1.2.3/32 tcp 443,8000-8003",
		   "egress allow 10.1.2.3/32 udp 443", "egress allow 10.9.9.9/32 icmp",
		   "egress allow 10.5.5.0/24 tcp 5432", "egress allow 2001:db8::/64 tcp 5432",
		   "egress allow 10.5.5.77/32 tcp 22");
	assert_set(RINGWALL_SET_INGRESS, "ingress allow 192.0.2.1/32 tcp 8080");
	assert_set(RINGWALL_SET_BIND, "bind allow tcp 8080");
	assert_true(run.learnt.egress.deny_default && run.learnt.ingress.deny_default && run.learnt.bind.deny_default);
}

static void seven_hosts_are_not_a_network(void **state)
{
	char address[40];

	(void)state;
	begin_network("");
	for (int i = 1; i < RINGWALL_LEARN_HOSTS; i++) {
		snprintf(address, sizeof(address), "10.5.5.%d", i);
		see_peer(RINGWALL_SET_EGRESS, address, IPPROTO_TCP, 5432, "");
	}
	see_peer(RINGWALL_SET_EGRESS, "10.5.5.99", IPPROTO_TCP, 5433, "");
	learn();
	assert_int_equal(run.learnt.egress.n, RINGWALL_LEARN_HOSTS);
	for (size_t i = 0; i < run.learnt.egress.n; i++)
		assert_int_equal(run.learnt.egress.rules[i].prefix, 32);
}

static void names(void **state)
{
	(void)state;
	begin_network(",\"allow\":[{\"name\":\"*.example.com\",\"proto\":\"tcp\",\"ports\":[443]}]");
	see_peer(RINGWALL_SET_EGRESS, "192.0.2.7", IPPROTO_TCP, 80, "*.example.com");
	see_peer(RINGWALL_SET_EGRESS, "192.0.2.8", IPPROTO_TCP, 80, "*.example.com");
	see_peer(RINGWALL_SET_EGRESS, "192.0.2.9", IPPROTO_TCP, 80, "www.example.net"); /* of another policy */
	learn();
	assert_set(RINGWALL_SET_EGRESS, "egress allow *.example.com tcp 443", "egress allow *.example.com tcp 80",
		   "egress allow 192.0.2.9/32 tcp 80");
}

/* What the policy says about one packet, straight from its rules. */
static bool egress_refused(const char *address, int protocol, uint16_t port)
{
	bool refused = run.learnt.egress.deny_default, denied = false;
	uint8_t a[16] = { 0 }, family = strchr(address, ':') ? 6 : 4;

	inet_pton(family == 6 ? AF_INET6 : AF_INET, address, a);
	for (size_t i = 0; i < run.learnt.egress.n; i++) {
		const struct ringwall_net_rule *r = &run.learnt.egress.rules[i];
		bool in = !r->family || r->family == family, at = !r->n_ports;

		for (unsigned int bit = 0; in && r->family && bit < r->prefix; bit++)
			in = !((a[bit / 8] ^ r->address[bit / 8]) >> (7 - bit % 8) & 1);
		for (size_t k = 0; k < r->n_ports; k++)
			at |= port >= r->ports[k].first && port <= r->ports[k].last;
		if (!in || !at || (r->protocol >= 0 && r->protocol != protocol))
			continue;
		if (!r->allow)
			denied = true;
		refused = false;
	}
	return refused || denied;
}

static void a_rule_that_denied_is_split(void **state)
{
	(void)state;
	begin("{\"version\":1,\"mode\":\"learn\",\"network\":{\"egress\":{\"default\":\"allow\","
	      "\"deny\":[{\"cidr\":\"10.0.0.0/8\"},{\"cidr\":\"10.1.0.0/16\",\"proto\":\"tcp\",\"ports\":[\"400-500\"]}]}}}");
	see_peer(RINGWALL_SET_EGRESS, "10.1.2.3", IPPROTO_TCP, 443, "");
	learn();
	assert_false(egress_refused("10.1.2.3", IPPROTO_TCP, 443));
	assert_true(egress_refused("10.1.2.3", IPPROTO_TCP, 442));
	assert_true(egress_refused("10.1.2.3", IPPROTO_TCP, 8000));
	assert_true(egress_refused("10.1.2.3", IPPROTO_UDP, 443));
	assert_true(egress_refused("10.1.2.3", IPPROTO_ICMP, 0));
	assert_true(egress_refused("10.1.2.2", IPPROTO_TCP, 443));
	assert_true(egress_refused("10.255.2.3", IPPROTO_TCP, 443));
	assert_false(egress_refused("11.1.2.3", IPPROTO_TCP, 443));
	/* … and every other address of it. */
	for (unsigned int bit = 8; bit < 32; bit++) {
		uint32_t a = htonl((10u << 24 | 1 << 16 | 2 << 8 | 3) ^ 0x80000000u >> bit);
		char text[32];

		assert_true(egress_refused(inet_ntop(AF_INET, &a, text, sizeof(text)), IPPROTO_TCP, 443));
	}
}

static void a_denied_family_of_all(void **state)
{
	(void)state;
	begin("{\"version\":1,\"mode\":\"learn\",\"network\":{\"egress\":{\"default\":\"deny\",\"allow\":[{\"proto\":\"tcp\"}],"
	      "\"deny\":[{\"proto\":\"tcp\",\"ports\":[25]}]}}}");
	see_peer(RINGWALL_SET_EGRESS, "2001:db8::25", IPPROTO_TCP, 25, "");
	learn();
	assert_false(egress_refused("2001:db8::25", IPPROTO_TCP, 25));
	assert_true(egress_refused("2001:db8::26", IPPROTO_TCP, 25));
	assert_true(egress_refused("10.0.0.1", IPPROTO_TCP, 25));
	assert_false(egress_refused("10.0.0.1", IPPROTO_TCP, 26));
	assert_true(egress_refused("10.0.0.1", IPPROTO_UDP, 26));
}

static void bits(void **state)
{
	(void)state;
	begin("{\"version\":1,\"mode\":\"learn\",\"network\":{\"families\":[\"unix\"],\"types\":[],\"netlink\":[]},"
	      "\"kernel\":{\"mount\":\"deny\",\"umount\":\"deny\",\"ptrace\":\"deny\",\"signal\":\"inside\"},"
	      "\"capabilities\":{\"default\":\"deny\",\"allow\":[\"CAP_CHOWN\"]}}");
	see(RINGWALL_SET_FAMILY, AF_INET);
	see(RINGWALL_SET_SOCKET_TYPE, SOCK_STREAM);
	see(RINGWALL_SET_KERNEL, RINGWALL_KERNEL_MOUNT);
	see(RINGWALL_SET_KERNEL, RINGWALL_KERNEL_PTRACE);
	see(RINGWALL_SET_CAPABILITY, CAP_NET_ADMIN);
	see(RINGWALL_SET_TAMPER, 0);
	learn();
	assert_int_equal(run.learnt.families.refused, run.from.families.refused & ~(1ULL << AF_INET));
	assert_int_equal(run.learnt.socket_types.refused, run.from.socket_types.refused & ~(1ULL << SOCK_STREAM));
	assert_int_equal(run.learnt.netlink.refused, run.from.netlink.refused);
	assert_int_equal(run.learnt.kernel.refused, 1ULL << RINGWALL_KERNEL_UMOUNT |
							    1ULL << RINGWALL_KERNEL_PTRACE_OUT |
							    1ULL << RINGWALL_KERNEL_SIGNAL_OUT);
	assert_int_equal(run.learnt.capabilities.refused, run.from.capabilities.refused & ~(1ULL << CAP_NET_ADMIN));
	assert_true(has_rule("kernel ptrace inside"));
	assert_non_null(strstr(run.notes, "1 attempts at Ringwall's own objects stay refused"));
}

static void ptrace_of_others_allows_its_own(void **state)
{
	(void)state;
	begin("{\"version\":1,\"mode\":\"learn\",\"kernel\":{\"ptrace\":\"deny\"}}");
	see(RINGWALL_SET_KERNEL, RINGWALL_KERNEL_PTRACE_OUT);
	learn();
	assert_int_equal(run.learnt.kernel.refused, 0);
}

static void see_device(uint32_t rule, uint32_t major, uint32_t minor, uint32_t access)
{
	struct ringwall_object *o = see(RINGWALL_SET_DEVICE, rule);

	memcpy(o->arg, ((uint32_t[]){ BPF_DEVCG_DEV_CHAR, major, minor, access }), sizeof(o->arg));
}

static void devices(void **state)
{
	(void)state;
	begin("{\"version\":1,\"mode\":\"learn\",\"devices\":{\"default\":\"deny\",\"allow\":[\"c 1:3 r\"],\"deny\":[\"c 120:* w\",\"c 1:9 rw\"]}}");
	see_device(CONFIG_DEVICES + 1, 1, 3, RINGWALL_ACCESS_WRITE);
	see_device(CONFIG_DEVICES + 1, 1, 5, RINGWALL_ACCESS_READ);
	see_device(CONFIG_DEVICES + 3, 120, 7, RINGWALL_ACCESS_WRITE);
	see_device(CONFIG_DEVICES + 4, 1, 9, RINGWALL_ACCESS_READ);
	see_device(0, 10, 200, RINGWALL_ACCESS_READ);
	learn();
	assert_set(RINGWALL_SET_DEVICE, "device default deny", "device allow c 1:3 rw", "device allow c 1:5 r",
		   "device allow c 120:7 w", "device allow c 1:9 r", "device allow c 10:200 r", "device deny c 1:9 w");
	assert_non_null(strstr(run.notes, "device 'c 10:200 r' stays refused: config.json"));
	assert_non_null(strstr(run.notes, "the rule that denies 'c 120:* w'"));
}

static void only_what_is_learning(void **state)
{
	struct ringwall_model m;
	struct ringwall_err e = {};

	(void)state;
	begin("{\"version\":1,\"mode\":\"audit\",\"files\":{\"default\":\"deny\",\"rules\":[]}}");
	assert_int_equal(ringwall_learn(&run.from, run.seen, 0, 0, note, &run, &m, &e), -ENODATA);
	begin("{\"version\":1,\"mode\":{\"files\":\"learn\",\"kernel\":\"audit\"},\"files\":{\"default\":\"deny\",\"rules\":[]},"
	      "\"kernel\":{\"mount\":\"deny\"}}");
	learn();
	assert_int_equal(run.learnt.audit, 1 << RINGWALL_SET_KERNEL);
	assert_refused("/anything", RWCDXM);
}

static void the_template(void **state)
{
	struct ringwall_err e = {};
	const char *text;
	size_t len;

	(void)state;
	end();
	text = ringwall_learn_template(&len);
	if (ringwall_model_parse(text, len, "template", &run.from, &e))
		fail_msg("%s", e.text);
	/* Everything that can be refused is, and nothing for real; but system calls: to see them all, the whole host would pay. */
	assert_int_equal(ringwall_model_sets(&run.from),
			 (1 << RINGWALL_SETS) - 1 - (1 << RINGWALL_SET_TAMPER) - (1 << RINGWALL_SET_SYSCALL));
	assert_int_equal(run.from.kernel.refused, (1ULL << RINGWALL_KERNEL_BITS) - 1);
	assert_int_equal(run.from.learn, (1 << RINGWALL_SETS) - 1 - (1 << RINGWALL_SET_TAMPER));
	assert_int_equal(run.from.audit, run.from.learn);
	learn();
	ringwall_learn_drop(&run.learnt, ~0u);
	assert_int_equal(ringwall_model_sets(&run.learnt), 0);
}

/* Changes on a command line --------------------------------------------------------------------------------- */

static void assert_amended(const char *const *changes, const char *base, const char *wanted)
{
	struct ringwall_err e = {};
	_cleanup_free_ char *text = NULL;
	size_t len;

	if (ringwall_amend_build(changes, base, NULL, &text, &len, &e))
		fail_msg("%s", e.text);
	assert_string_equal(text, wanted);
	assert_int_equal(len, strlen(text));
}

#define CHANGES(...)                                                                                                   \
	(const char *const[])                                                                                          \
	{                                                                                                              \
		__VA_ARGS__, NULL                                                                                      \
	}
#define FROM_LINE "\"origin\":\"command line\"}"

static void changes_make_a_document(void **state)
{
	(void)state;
	assert_amended(
		CHANGES("allow-egress=10.1.2.3/32:443"), "/run/p.json",
		"{\"version\":1,\"extends\":\"/run/p.json\",\"network\":{\"egress\":{\"default\":\"allow\",\"allow\":[{\"cidr\":\"10.1.2.3/32\","
		"\"ports\":[443]," FROM_LINE "]}}}");
	assert_amended(
		CHANGES("deny-egress=tcp/[2001:db8::]/32:443,8000-8100", "deny-ingress=udp/2001:db8::1",
			"allow-bind=tcp/80"),
		NULL,
		"{\"version\":1,\"network\":{\"egress\":{\"default\":\"allow\",\"deny\":[{\"proto\":\"tcp\",\"cidr\":\"2001:db8::/32\","
		"\"ports\":[443,\"8000-8100\"]," FROM_LINE
		"]},\"ingress\":{\"default\":\"allow\",\"deny\":[{\"proto\":\"udp\",\"cidr\":\"2001:db8::1\"," FROM_LINE
		"]},\"bind\":{\"default\":\"allow\",\"allow\":[{\"proto\":\"tcp\",\"ports\":[80]," FROM_LINE "]}}}");
	assert_amended(
		CHANGES("allow-egress=api.example.com:443", "allow-egress=*.example.com",
			"allow-egress=icmp/10.0.0.0/8"),
		NULL,
		"{\"version\":1,\"network\":{\"egress\":{\"default\":\"allow\",\"allow\":[{\"name\":\"api.example.com\",\"ports\":[443]," FROM_LINE
		",{\"name\":\"*.example.com\"," FROM_LINE ",{\"proto\":\"icmp\",\"cidr\":\"10.0.0.0/8\"," FROM_LINE
		"]}}}");
	assert_amended(
		CHANGES("deny-path=/p:rw", "allow-path=/a:b/**:r", "deny-exec=/bin/su", "kernel=mount=deny",
			"audit=files,exec", "enforce=network"),
		"baseline",
		"{\"version\":1,\"extends\":\"baseline\",\"mode\":{\"files\":\"audit\",\"exec\":\"audit\",\"network\":\"enforce\"},"
		"\"files\":{\"default\":\"allow\",\"rules\":[{\"path\":\"/a:b/**\",\"allow\":\"r\"," FROM_LINE
		",{\"path\":\"/p\",\"deny\":\"rw\"," FROM_LINE
		"]},\"exec\":{\"default\":\"allow\",\"deny\":[{\"rule\":\"/bin/su\"," FROM_LINE "]},"
		"\"kernel\":{\"mount\":{\"value\":\"deny\"," FROM_LINE "}}");
	assert_amended(CHANGES("deny-syscall=keyctl,add_key:ENOSYS", "deny-syscall=bpf", "learn=syscalls"), NULL,
		       "{\"version\":1,\"mode\":{\"syscalls\":\"learn\"},\"syscalls\":{\"default\":\"allow\",\"deny\":["
		       "{\"names\":[\"keyctl\",\"add_key\"],\"errno\":\"ENOSYS\"," FROM_LINE ",{\"names\":[\"bpf\"]," FROM_LINE "]}}");
}

static void changes_can_be_parsed(void **state)
{
	static const char *const all[] = { "allow-egress=10.1.2.3/32:443",
					   "deny-egress=:25",
					   "allow-ingress=*:80",
					   "deny-ingress=tcp/fd00::/8",
					   "allow-bind=80",
					   "deny-bind=udp/53,5353",
					   "allow-path=/srv/**:rw",
					   "deny-path=/etc/shadow:rw",
					   "allow-exec=/bin/sh",
					   "deny-exec=/bin/su",
					   "allow-device=c 1:3 rw",
					   "deny-device=c 1:5 w",
					   "allow-capability=CAP_CHOWN",
					   "deny-capability=CAP_NET_RAW",
					   "kernel=ptrace=inside",
					   "audit=kernel,devices",
					   "learn=files",
					   "enforce=network",
					   NULL };
	struct ringwall_model m = {};
	struct ringwall_err e = {};
	_cleanup_free_ char *text = NULL;
	size_t len;

	(void)state;
	assert_int_equal(ringwall_amend_build(all, "privileged", NULL, &text, &len, &e), 0);
	if (ringwall_model_parse(text, len, RINGWALL_AMEND_ORIGIN, &m, &e))
		fail_msg("%s\n%s", e.text, text);
	assert_int_equal(m.egress.n, 2);
	assert_false(m.egress.deny_default); /* nothing was refused before, so the rest is not now */
	assert_false(m.capabilities.deny_default);
	for (size_t i = 0; i < m.n_rules; i++)
		if (m.rules[i].number && m.rules[i].set == RINGWALL_SET_EGRESS) {
			assert_string_equal(m.rules[i].origin.file, "command line");
			assert_int_equal(m.rules[i].origin.line, 0);
		}
	ringwall_model_free(&m);
}

static void an_allowed_list_is_added_to(void **state)
{
	static const char policy[] = "{\"version\":1,\"network\":{\"egress\":{\"allow\":[{\"cidr\":\"10.0.0.0/8\"}]}}}";
	_cleanup_free_ char *text = NULL;
	size_t len;

	(void)state;
	begin(policy);
	assert_int_equal(ringwall_amend_build(CHANGES("allow-egress=192.0.2.1"), "p", &run.from, &text, &len, NULL), 0);
	assert_null(strstr(text, "default")); /* which stays: deny */
}

static void bad_changes(void **state)
{
	static const struct {
		const char *change, *text;
	} cases[] = {
		{ "allow-egress=10.1.2.3:x", "ports look like" },
		{ "allow-bind=", "ports look like" },
		{ "deny-path=/p", "wanted is PATH:RIGHTS" },
		{ "kernel=mount", "wanted is KEY=VALUE" },
		{ "allow-nothing=1", "is no change" },
		{ "egress=1", "is no change" },
		{ "allow-syscall=read:EPERM", "an error is for what is denied" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ringwall_err e = {};
		char *text;
		size_t len;

		assert_int_equal(ringwall_amend_build(CHANGES(cases[i].change), NULL, NULL, &text, &len, &e), -EINVAL);
		assert_non_null(strstr(e.text, cases[i].text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_as_they_are),
		cmocka_unit_test(many_names_of_a_directory),
		cmocka_unit_test(many_directories),
		cmocka_unit_test(process_ids_and_what_cannot_be_spelled),
		cmocka_unit_test(what_the_policy_gave_stays),
		cmocka_unit_test(programs),
		cmocka_unit_test(addresses_and_ports),
		cmocka_unit_test(seven_hosts_are_not_a_network),
		cmocka_unit_test(names),
		cmocka_unit_test(a_rule_that_denied_is_split),
		cmocka_unit_test(a_denied_family_of_all),
		cmocka_unit_test(bits),
		cmocka_unit_test(ptrace_of_others_allows_its_own),
		cmocka_unit_test(devices),
		cmocka_unit_test(only_what_is_learning),
		cmocka_unit_test(the_template),
		cmocka_unit_test(changes_make_a_document),
		cmocka_unit_test(changes_can_be_parsed),
		cmocka_unit_test(an_allowed_list_is_added_to),
		cmocka_unit_test(bad_changes),
	};
	int failed = cmocka_run_group_tests_name("policy-learn", tests, NULL, NULL);

	end();
	return failed;
}
