// SPDX-License-Identifier: LGPL-2.1-or-later
/* What config.json may not say, and what it may: a fragment and the message for each rule. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/oci/fields.h"
#include "fragment.h"

struct fragment {
	const char *text, *want;
};

static int fragment_parse(const char *text, struct ringwall_err *e)
{
	struct ringwall_config c = { 0 };
	char *copy = malloc(strlen(text)); /* so that a sanitizer sees reads behind its end */
	int r;

	assert_non_null(copy);
	memcpy(copy, text, strlen(text));
	r = ringwall_config_parse(&c, copy, strlen(text), "c.json", e);
	free(copy);
	ringwall_config_free(&c);
	return r;
}

static void all_bad(const struct fragment *f, size_t n, int code)
{
	for (size_t i = 0; i < n; i++) {
		struct ringwall_err e = { 0 };
		int r = fragment_parse(f[i].text, &e);

		if (r != code || e.code != code || strncmp(e.text, "c.json:", 7) || !strstr(e.text, f[i].want))
			fail_msg("%s\n\tgave %d '%s'\n\tnot '%s'", f[i].text, r, e.text, f[i].want);
	}
}

static void bad_top(void **state)
{
	static const struct fragment cases[] = {
		{ "[]", "c.json:1:1: must be an object, not an array" },
		{ "{}", "c.json:1:1: ociVersion: missing" },
		{ "{\"ociVersion\":\"1.0.0\"}", "c.json:1:1: root: missing" },
		{ "{\"ociVersion\":null,\"root\":{\"path\":\"r\"}}", "ociVersion: missing" },
		{ "{\"ociVersion\":\"\",\"root\":{\"path\":\"r\"}}", "ociVersion: must not be empty" },
		{ "{\"OCIVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"}}", "ociVersion: missing" },
		{ "{\n \"ociVersion\": 1}", "c.json:2:16: ociVersion: must be a string, not a number" },
		{ "{\"ociVersion\":\"2.0.0\"}", "ociVersion: \"2.0.0\" is not supported: must be 1.x.y" },
		{ "{\"ociVersion\":\"10.0.0\"}", "ociVersion: \"10.0.0\" is not supported" },
		{ "{\"ociVersion\":\"1.0\"}", "ociVersion: must be a version such as \"1.3.0\", not \"1.0\"" },
		{ "{\"ociVersion\":\"1.0.0x\"}", "ociVersion: must be a version" },
		{ "{\"ociVersion\":\"1.0.0-\"}", "ociVersion: must be a version" },
		{ "{\"ociVersion\":\"1.0.0-a b\"}", "ociVersion: must be a version" },
		{ "{\"ociVersion\":\"1.01.0\"}", "ociVersion: must be a version" },
		{ "{\"ociVersion\":\"v1.0.0\"}", "ociVersion: must be a version" },
		{ "{\"ociVersion\":\"1.0.0\",\"root\":{}}", "root.path: missing" },
		{ "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"\"}}", "root.path: must not be empty" },
		{ "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\",\"readonly\":\"y\"}}",
		  "root.readonly: must be true or false, not a string" },
		{ TOP("\"annotations\":{\"a\":1}"), "annotations.a: must be a string, not a number" },
		{ TOP("\"annotations\":{\"a.b\":{}}"), "annotations[\"a.b\"]: must be a string, not an object" },
		{ TOP("\"annotations\":{\"\":\"x\"}"), "annotations[\"\"]: an empty name" },
		{ TOP("\"annotations\":[]"), "annotations: must be an object, not an array" },
		{ TOP("\"hostname\":\"h\""), "c.json:1:54: hostname: needs a uts namespace" },
		{ TOP("\"domainname\":\"h\""), "domainname: needs a uts namespace" },
		{ TOP("\"hostname\":\"0123456789012345678901234567890123456789012345678901234567890123x\""),
		  "hostname: must not have more than 64 bytes" },
		{ TOP("\"mounts\":{}"), "mounts: must be an array, not an object" },
		{ TOP("\"mounts\":[{}]"), "mounts[0].destination: missing" },
		{ TOP("\"mounts\":[null]"), "mounts[0]: must be an object, not null" },
		{ TOP("\"mounts\":[{\"destination\":\"\"}]"), "mounts[0].destination: must not be empty" },
		{ TOP("\"mounts\":[{\"destination\":\"/\"},{\"destination\":\"/\",\"options\":\"ro\"}]"),
		  "mounts[1].options: must be an array, not a string" },
		{ TOP("\"mounts\":[{\"destination\":\"/\",\"options\":[\"ro\",null]}]"),
		  "mounts[0].options[1]: must be a string, not null" },
		{ TOP("\"mounts\":[{\"destination\":\"/\",\"uidMappings\":" MAP "}]"),
		  "mounts[0].gidMappings: missing: an id-mapped mount needs both" },
		{ TOP("\"mounts\":[{\"destination\":\"/\",\"gidMappings\":" MAP "}]"),
		  "mounts[0].uidMappings: missing" },
		{ TOP("\"mounts\":[{\"destination\":\"/\",\"source\":\"a\\u0000b\"}]"), "U+0000" },
		{ TOP("\"hooks\":{\"prestart\":[{}]}"), "hooks.prestart[0].path: missing" },
		{ TOP("\"hooks\":{\"poststop\":[{\"path\":\"x\"}]}"),
		  "hooks.poststop[0].path: must be an absolute path, not \"x\"" },
		{ TOP("\"hooks\":{\"poststart\":[{\"path\":\"/x\",\"timeout\":0}]}"),
		  "hooks.poststart[0].timeout: must be a number from 1 to 2147483647, not 0" },
		{ TOP("\"hooks\":{\"createRuntime\":[{\"path\":\"/x\",\"timeout\":-1}]}"), "timeout: must be a number" },
		{ TOP("\"hooks\":{\"createContainer\":[{\"path\":\"/x\",\"args\":[1]}]}"),
		  "hooks.createContainer[0].args[0]: must be a string" },
		{ TOP("\"hooks\":{\"startContainer\":{}}"), "hooks.startContainer: must be an array" },
	};

	(void)state;
	all_bad(cases, ARRAY_SIZE(cases), -EINVAL);
}

static void bad_process(void **state)
{
	static const struct fragment cases[] = {
		{ TOP("\"process\":{\"args\":[\"a\"]}"), "process.cwd: missing" },
		{ TOP("\"process\":{\"cwd\":\"\",\"args\":[\"a\"]}"), "process.cwd: must not be empty" },
		{ TOP("\"process\":{\"cwd\":\"x\",\"args\":[\"a\"]}"), "process.cwd: must be an absolute path" },
		{ TOP("\"process\":{\"cwd\":\"/\"}"), "process.args: must have at least one element" },
		{ TOP("\"process\":{\"cwd\":\"/\",\"args\":[]}"), "process.args: must have at least one element" },
		{ TOP("\"process\":{\"cwd\":\"/\",\"commandLine\":\"x\"}"), "process.args: needs the command: commandLine" },
		{ PROCESS("\"terminal\":1"), "process.terminal: must be true or false" },
		{ PROCESS("\"env\":[\"A=1\",\"B\"]"), "process.env[1]: must be NAME=VALUE, not \"B\"" },
		{ PROCESS("\"env\":[\"=1\"]"), "process.env[0]: must be NAME=VALUE" },
		{ PROCESS("\"consoleSize\":{\"height\":1}"), "process.consoleSize.width: missing" },
		{ PROCESS("\"consoleSize\":{\"height\":-1,\"width\":1}"), "process.consoleSize.height: must be a whole" },
		{ PROCESS("\"user\":{\"uid\":-1}"), "process.user.uid: must be a number from 0 to 4294967294, not -1" },
		{ PROCESS("\"user\":{\"uid\":4294967295}"), "process.user.uid: must be a number" },
		{ PROCESS("\"user\":{\"gid\":1.5}"), "process.user.gid: must be a whole number, not 1.5" },
		{ PROCESS("\"user\":{\"gid\":\"0\"}"), "process.user.gid: must be a number, not a string" },
		{ PROCESS("\"user\":{\"umask\":512}"), "process.user.umask: must be a number from 0 to 511" },
		{ PROCESS("\"user\":{\"additionalGids\":[0,-1]}"), "process.user.additionalGids[1]: must be a number" },
		{ PROCESS("\"capabilities\":[]"), "process.capabilities: must be an object" },
		{ PROCESS("\"capabilities\":{\"bounding\":[1]}"), "process.capabilities.bounding[0]: must be a string" },
		{ PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":1}]"), "process.rlimits[0].hard: missing" },
		{ PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_FOO\",\"soft\":1,\"hard\":1}]"),
		  "process.rlimits[0].type: unknown value \"RLIMIT_FOO\"" },
		{ PROCESS("\"rlimits\":[{\"type\":\"\",\"soft\":1,\"hard\":1}]"), "rlimits[0].type: must not be empty" },
		{ PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":2,\"hard\":1}]"),
		  "process.rlimits[0].soft: 2 is more than hard, 1" },
		{ PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":1,\"hard\":1},"
			  "{\"type\":\"RLIMIT_CORE\",\"soft\":1,\"hard\":1}]"),
		  "process.rlimits[1].type: \"RLIMIT_CORE\" is given twice" },
		{ PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":1,\"hard\":18446744073709551616}]"),
		  "process.rlimits[0].hard: must be a number from 0 to 18446744073709551615" },
		{ PROCESS("\"apparmorProfile\":\"a\\nb\""), "process.apparmorProfile: must not contain a newline" },
		{ PROCESS("\"oomScoreAdj\":1001"), "process.oomScoreAdj: must be a number from -1000 to 1000, not 1001" },
		{ PROCESS("\"oomScoreAdj\":-1001"), "process.oomScoreAdj" },
		{ PROCESS("\"scheduler\":{}"), "process.scheduler.policy: missing" },
		{ PROCESS("\"scheduler\":{\"policy\":\"SCHED_X\"}"),
		  "process.scheduler.policy: must be one of \"SCHED_OTHER\", \"SCHED_FIFO\", \"SCHED_RR\"" },
		{ PROCESS("\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"nice\":20}"),
		  "process.scheduler.nice: must be from -20 to 19, not 20" },
		{ PROCESS("\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"priority\":1}"),
		  "process.scheduler.priority: only for SCHED_FIFO and SCHED_RR" },
		{ PROCESS("\"scheduler\":{\"policy\":\"SCHED_FIFO\"}"), "priority: must be from 1 to 99, not 0" },
		{ PROCESS("\"scheduler\":{\"policy\":\"SCHED_RR\",\"priority\":100}"), "must be from 1 to 99, not 100" },
		{ PROCESS("\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"period\":1}"),
		  "process.scheduler.period: only for SCHED_DEADLINE" },
		{ PROCESS("\"scheduler\":{\"policy\":\"SCHED_DEADLINE\"}"), "process.scheduler.runtime: SCHED_DEADLINE" },
		{ PROCESS("\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":2,\"deadline\":1}"),
		  "process.scheduler.deadline: must be from runtime to period" },
		{ PROCESS("\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"flags\":[\"SCHED_FLAG_X\"]}"),
		  "process.scheduler.flags[0]: must be one of" },
		{ PROCESS("\"ioPriority\":{\"priority\":1}"), "process.ioPriority.class: missing" },
		{ PROCESS("\"ioPriority\":{\"class\":\"IOPRIO_CLASS_NONE\"}"), "process.ioPriority.class: must be one of "
		  "\"IOPRIO_CLASS_RT\", \"IOPRIO_CLASS_BE\", \"IOPRIO_CLASS_IDLE\", not \"IOPRIO_CLASS_NONE\"" },
		{ PROCESS("\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":8}"),
		  "process.ioPriority.priority: must be a number from 0 to 7, not 8" },
		{ PROCESS("\"execCPUAffinity\":{\"initial\":\"0-\"}"),
		  "process.execCPUAffinity.initial: must be a list such as \"0-3,7\", not \"0-\"" },
		{ PROCESS("\"execCPUAffinity\":{\"final\":\"3-1\"}"), "process.execCPUAffinity.final: must be a list" },
		{ PROCESS("\"execCPUAffinity\":{\"final\":\"1 2\"}"), "execCPUAffinity.final: must be a list" },
		{ PROCESS("\"execCPUAffinity\":{\"final\":\" , \"}"), "execCPUAffinity.final: must be a list" },
		{ PROCESS("\"execCPUAffinity\":{\"final\":\"0x1\"}"), "execCPUAffinity.final: must be a list" },
		{ PROCESS("\"execCPUAffinity\":{\"final\":\"1234567\"}"), "execCPUAffinity.final: must be a list" },
	};

	(void)state;
	all_bad(cases, ARRAY_SIZE(cases), -EINVAL);
}

static void bad_linux(void **state)
{
	static const struct fragment cases[] = {
		{ LINUX("\"namespaces\":[{}]"), "linux.namespaces[0].type: missing" },
		{ LINUX("\"namespaces\":[{\"type\":\"mnt\"}]"),
		  "linux.namespaces[0].type: must be one of \"user\", \"mount\", \"pid\", \"network\", \"uts\", \"ipc\", "
		  "\"cgroup\", \"time\", not \"mnt\"" },
		{ LINUX("\"namespaces\":[{\"type\":\"pid\",\"path\":\"x\"}]"), "linux.namespaces[0].path: must be an abs" },
		{ LINUX("\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"pid\"}]"),
		  "linux.namespaces[1].type: \"pid\" is given twice" },
		{ LINUX("\"uidMappings\":" MAP), "linux.uidMappings: needs a user namespace" },
		{ LINUX("\"gidMappings\":" MAP), "linux.gidMappings: needs a user namespace" },
		{ LINUX(NS("user") "\"gidMappings\":" MAP), "linux.uidMappings: missing: there is a user namespace" },
		{ LINUX(NS("user") "\"uidMappings\":" MAP), "linux.gidMappings: missing: there is a user namespace" },
		{ LINUX("\"uidMappings\":[{\"containerID\":0,\"hostID\":0}]"), "linux.uidMappings[0].size: missing" },
		{ LINUX("\"uidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":0}]"),
		  "linux.uidMappings[0].size: must not be 0" },
		{ LINUX("\"uidMappings\":[{\"containerID\":0,\"hostID\":4294967295,\"size\":2}]"),
		  "linux.uidMappings[0].size: goes beyond the last ID" },
		{ LINUX("\"uidMappings\":[{\"containerID\":4294967296,\"hostID\":0,\"size\":2}]"),
		  "linux.uidMappings[0].containerID: must be a number from 0 to 4294967295" },
		{ LINUX("\"timeOffsets\":{\"boottime\":{\"secs\":1}}"), "linux.timeOffsets: needs a time namespace" },
		{ LINUX(NS("time") "\"timeOffsets\":{\"realtime\":{\"secs\":1}}"),
		  "linux.timeOffsets.realtime: not a clock" },
		{ LINUX(NS("time") "\"timeOffsets\":{\"boottime\":{\"nanosecs\":1000000000}}"),
		  "linux.timeOffsets.boottime.nanosecs: must be a number from 0 to 999999999" },
		{ LINUX("\"devices\":[{\"type\":\"x\",\"path\":\"/d\",\"major\":1,\"minor\":1}]"),
		  "linux.devices[0].type: must be one of \"c\", \"b\", \"u\", \"p\", not \"x\"" },
		{ LINUX("\"devices\":[{\"type\":\"c\",\"major\":1,\"minor\":1}]"), "linux.devices[0].path: missing" },
		{ LINUX("\"devices\":[{\"type\":\"c\",\"path\":\"dev\",\"major\":1,\"minor\":1}]"),
		  "linux.devices[0].path: must be an absolute path" },
		{ LINUX("\"devices\":[{\"type\":\"c\",\"path\":\"/d\",\"minor\":1}]"), "linux.devices[0].major: missing" },
		{ LINUX("\"devices\":[{\"type\":\"b\",\"path\":\"/d\",\"major\":1}]"), "linux.devices[0].minor: missing" },
		{ LINUX("\"devices\":[{\"type\":\"b\",\"path\":\"/d\",\"major\":4096,\"minor\":1}]"),
		  "linux.devices[0].major: must be a number from 0 to 4095, not 4096" },
		{ LINUX("\"devices\":[{\"type\":\"b\",\"path\":\"/d\",\"major\":-1,\"minor\":1}]"), "devices[0].major" },
		{ LINUX(NS("network") "\"netDevices\":{\"e/0\":{}}"),
		  "linux.netDevices[\"e/0\"]: \"e/0\" cannot be an interface's name" },
		{ LINUX(NS("network") "\"netDevices\":{\"0123456789abcdef\":{}}"), "cannot be an interface's name" },
		{ LINUX(NS("network") "\"netDevices\":{\"..\":{}}"), "cannot be an interface's name" },
		{ LINUX(NS("network") "\"netDevices\":{\"e\":{\"name\":\"a b\"}}"),
		  "linux.netDevices.e.name: \"a b\" cannot be an interface's name" },
		{ LINUX(NS("network") "\"netDevices\":{\"a\":{},\"b\":{\"name\":\"a\"}}"),
		  "linux.netDevices.b: \"a\" would be the name of two devices" },
		{ LINUX("\"cgroupsPath\":1"), "linux.cgroupsPath: must be a string" },
		{ LINUX("\"rootfsPropagation\":\"bind\""), "linux.rootfsPropagation: must be one of \"private\", \"shared\"" },
		{ LINUX(NS("mount") "\"maskedPaths\":[\"/a\",\"b\"]"), "linux.maskedPaths[1]: must be an absolute path" },
		{ LINUX(NS("mount") "\"readonlyPaths\":[\"\"]"), "linux.readonlyPaths[0]: must be an absolute path" },
		{ LINUX("\"maskedPaths\":[\"/a\"]"), "linux.maskedPaths: needs a mount namespace" },
		{ LINUX("\"readonlyPaths\":[\"/a\"]"), "linux.readonlyPaths: needs a mount namespace" },
		{ LINUX("\"intelRdt\":{\"closID\":\"a/b\"}"), "linux.intelRdt.closID: \"a/b\" cannot be a directory's name" },
		{ LINUX("\"intelRdt\":{\"closID\":\"..\"}"), "linux.intelRdt.closID" },
		{ LINUX("\"intelRdt\":{\"memBwSchema\":\"L3:0=1\"}"), "linux.intelRdt.memBwSchema: must start with \"MB:\"" },
		{ LINUX("\"intelRdt\":{\"memBwSchema\":\"MB:0=1\\nx\"}"), "linux.intelRdt.memBwSchema: must not contain" },
		{ LINUX("\"intelRdt\":{\"schemata\":[\"a\",\"b\\nc\"]}"), "linux.intelRdt.schemata: element 1 contains" },
		{ LINUX("\"memoryPolicy\":{}"), "linux.memoryPolicy.mode: missing" },
		{ LINUX("\"memoryPolicy\":{\"mode\":\"MPOL_X\"}"), "linux.memoryPolicy.mode: must be one of" },
		{ LINUX("\"memoryPolicy\":{\"mode\":\"MPOL_BIND\"}"), "linux.memoryPolicy.nodes: missing" },
		{ LINUX("\"memoryPolicy\":{\"mode\":\"MPOL_LOCAL\",\"nodes\":\"0\"}"), "linux.memoryPolicy.nodes: MPOL_DEF" },
		{ LINUX("\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"a\"}"), "linux.memoryPolicy.nodes: must be a" },
		{ LINUX("\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\",\"flags\":[\"MPOL_F_STATIC_NODES\","
			"\"MPOL_F_RELATIVE_NODES\"]}"), "linux.memoryPolicy.flags: MPOL_F_STATIC_NODES and" },
		{ LINUX("\"personality\":{}"), "linux.personality.domain: missing" },
		{ LINUX("\"personality\":{\"domain\":\"BSD\"}"), "must be one of \"LINUX\", \"LINUX32\", not \"BSD\"" },
	};

	(void)state;
	all_bad(cases, ARRAY_SIZE(cases), -EINVAL);
}

static void bad_sysctl(void **state)
{
	static const struct fragment cases[] = {
		{ LINUX("\"sysctl\":{\"kernel.sem\":\"1\"}"),
		  "linux.sysctl[\"kernel.sem\"]: would change the host: needs a new ipc namespace" },
		{ LINUX("\"sysctl\":{\"kernel/shm_rmid_forced\":\"1\"}"), "needs a new ipc namespace" },
		{ LINUX("\"sysctl\":{\"fs.mqueue.msg_max\":\"1\"}"), "needs a new ipc namespace" },
		{ LINUX("\"sysctl\":{\"net.core.somaxconn\":\"1\"}"), "needs a new network namespace" },
		{ LINUX("\"sysctl\":{\"net/core/somaxconn\":\"1\"}"), "needs a new network namespace" },
		{ LINUX("\"sysctl\":{\"kernel.domainname\":\"1\"}"), "needs a new uts namespace" },
		{ LINUX(NS("uts") "\"sysctl\":{\"kernel.hostname\":\"1\"}"), "has a field of its own: hostname" },
		{ LINUX(NS("ipc") "\"sysctl\":{\"kernel.semx\":\"1\"}"), "belongs to no namespace" },
		{ LINUX(NS("ipc") "\"sysctl\":{\"kernel.core_pattern\":\"1\"}"), "belongs to no namespace" },
		{ LINUX(NS("ipc") "\"sysctl\":{\"fs.mqueue\":\"1\"}"), "belongs to no namespace" },
		{ LINUX(NS("network") "\"sysctl\":{\"netx.a\":\"1\"}"), "belongs to no namespace" },
		/* On the way to another sysctl than the name's start says. */
		{ LINUX(NS("network") "\"sysctl\":{\"net.//.kernel.core_pattern\":\"1\"}"), "not the name of a sysctl" },
		{ LINUX(NS("network") "\"sysctl\":{\"net/../kernel/core_pattern\":\"1\"}"), "not the name of a sysctl" },
		{ LINUX(NS("network") "\"sysctl\":{\"net/./core/somaxconn\":\"1\"}"), "not the name of a sysctl" },
		{ LINUX(NS("network") "\"sysctl\":{\"net..core\":\"1\"}"), "not the name of a sysctl" },
		{ LINUX(NS("network") "\"sysctl\":{\"net.\":\"1\"}"), "not the name of a sysctl" },
		{ LINUX(NS("network") "\"sysctl\":{\"/net/core\":\"1\"}"), "not the name of a sysctl" },
		{ LINUX(NS("network") "\"sysctl\":{\"net\":\"1\"}"), "not the name of a sysctl" },
		{ LINUX(NS("network") "\"sysctl\":{\"net.a\":1}"), "linux.sysctl[\"net.a\"]: must be a string" },
	};

	(void)state;
	all_bad(cases, ARRAY_SIZE(cases), -EINVAL);
}

static void bad_resources(void **state)
{
	static const struct fragment cases[] = {
		{ RESOURCES("\"devices\":[{\"access\":\"r\"}]"), "linux.resources.devices[0].allow: missing" },
		{ RESOURCES("\"devices\":[{\"allow\":true},{\"allow\":true},{\"allow\":true,\"type\":\"x\"}]"),
		  "linux.resources.devices[2].type: must be one of \"a\", \"b\", \"c\", not \"x\"" },
		{ RESOURCES("\"devices\":[{\"allow\":true,\"access\":\"rx\"}]"), "devices[0].access: must be made of" },
		{ RESOURCES("\"devices\":[{\"allow\":true,\"access\":\"\"}]"), "devices[0].access: must not be empty" },
		{ RESOURCES("\"devices\":[{\"allow\":true,\"major\":-2}]"), "devices[0].major: must be a number from -1" },
		{ RESOURCES("\"memory\":{\"limit\":-2}"), "linux.resources.memory.limit: must be a number from -1" },
		{ RESOURCES("\"memory\":{\"limit\":9223372036854775808}"), "linux.resources.memory.limit" },
		{ RESOURCES("\"memory\":{\"swappiness\":101}"), "linux.resources.memory.swappiness" },
		{ RESOURCES("\"memory\":{\"disableOOMKiller\":0}"), "memory.disableOOMKiller: must be true or false" },
		{ RESOURCES("\"cpu\":{\"shares\":-1}"), "linux.resources.cpu.shares: must be a number from 0" },
		{ RESOURCES("\"cpu\":{\"quota\":10,\"burst\":11}"), "cpu.burst: must not be more than quota" },
		{ RESOURCES("\"cpu\":{\"idle\":2}"), "linux.resources.cpu.idle: must be a number from 0 to 1" },
		{ RESOURCES("\"cpu\":{\"cpus\":\"0\\n1\"}"), "linux.resources.cpu.cpus: must not contain a newline" },
		{ RESOURCES("\"pids\":{}"), "linux.resources.pids.limit: missing" },
		{ RESOURCES("\"blockIO\":{\"weight\":9}"), "blockIO.weight: must be a number from 10 to 1000" },
		{ RESOURCES("\"blockIO\":{\"weight\":1001}"), "blockIO.weight: must be a number from 10 to 1000" },
		{ RESOURCES("\"blockIO\":{\"weight\":65536}"), "blockIO.weight: must be a number from 0 to 65535" },
		{ RESOURCES("\"blockIO\":{\"weightDevice\":[{\"major\":1,\"minor\":1}]}"),
		  "blockIO.weightDevice[0].weight: missing, and so is leafWeight" },
		{ RESOURCES("\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":1,\"minor\":1}]}"),
		  "blockIO.throttleReadBpsDevice[0].rate: missing" },
		{ RESOURCES("\"blockIO\":{\"throttleWriteIOPSDevice\":[{\"minor\":1,\"rate\":1}]}"),
		  "blockIO.throttleWriteIOPSDevice[0].major: missing" },
		{ RESOURCES("\"hugepageLimits\":[{\"limit\":1}]"), "hugepageLimits[0].pageSize: missing" },
		{ RESOURCES("\"hugepageLimits\":[{\"pageSize\":\"02MB\",\"limit\":1}]"), "pageSize: must be a size" },
		{ RESOURCES("\"hugepageLimits\":[{\"pageSize\":\"2TB\",\"limit\":1}]"), "pageSize: must be a size" },
		{ RESOURCES("\"hugepageLimits\":[{\"pageSize\":\"2M\",\"limit\":1}]"), "pageSize: must be a size" },
		{ RESOURCES("\"hugepageLimits\":[{\"pageSize\":\"MB\",\"limit\":1}]"), "pageSize: must be a size" },
		{ RESOURCES("\"hugepageLimits\":[{\"pageSize\":\"2MB/\",\"limit\":1}]"), "pageSize: must be a size" },
		{ RESOURCES("\"network\":{\"classID\":4294967296}"), "linux.resources.network.classID: must be a number" },
		{ RESOURCES("\"network\":{\"priorities\":[{\"name\":\"a\"}]}"), "network.priorities[0].priority: missing" },
		{ RESOURCES("\"rdma\":{\"a\":{}}"), "linux.resources.rdma.a.hcaHandles: missing, and so is hcaObjects" },
		{ RESOURCES("\"rdma\":{\"a b\":{\"hcaObjects\":1}}"), "linux.resources.rdma[\"a b\"]: not a device name" },
		{ RESOURCES("\"rdma\":{\"a\":{\"hcaObjects\":4294967296}}"), "rdma.a.hcaObjects: must be a number" },
		{ RESOURCES("\"unified\":{\"a/b\":\"1\"}"),
		  "linux.resources.unified[\"a/b\"]: not the name of a file in a cgroup" },
		{ RESOURCES("\"unified\":{\"..\":\"1\"}"), "not the name of a file in a cgroup" },
		{ RESOURCES("\"unified\":{\"a.b\":1}"), "linux.resources.unified[\"a.b\"]: must be a string" },
	};

	(void)state;
	all_bad(cases, ARRAY_SIZE(cases), -EINVAL);
}

static void bad_seccomp(void **state)
{
	static const struct fragment cases[] = {
		{ SECCOMP(""), "linux.seccomp.defaultAction: missing" },
		{ LINUX("\"seccomp\":[]"), "linux.seccomp: must be an object" },
		{ SECCOMP("\"defaultAction\":\"ALLOW\""), "linux.seccomp.defaultAction: unknown value \"ALLOW\"" },
		{ SECCOMP("\"defaultAction\":\"SCMP_ACT_NOTIFY\""), "defaultAction: SCMP_ACT_NOTIFY cannot be the default" },
		{ SECCOMP("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"defaultErrnoRet\":1"),
		  "linux.seccomp.defaultErrnoRet: only for" },
		{ SECCOMP("\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":65536"),
		  "linux.seccomp.defaultErrnoRet: must be a number from 0 to 65535" },
		{ SECCOMP("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"X\"]"),
		  "linux.seccomp.flags[0]: must be one of \"SECCOMP_FILTER_FLAG_TSYNC\"" },
		{ SECCOMP("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86\",\"X\"]"),
		  "linux.seccomp.architectures[1]: unknown value \"X\"" },
		{ SECCOMP("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerMetadata\":\"m\""),
		  "linux.seccomp.listenerMetadata: needs listenerPath" },
		{ SECCOMP("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"a\"],"
			  "\"action\":\"SCMP_ACT_NOTIFY\"}]"), "linux.seccomp.listenerPath: missing: a rule uses" },
		{ SECCOMP("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/l\",\"syscalls\":[{\"names\":[\"a\","
			  "\"write\"],\"action\":\"SCMP_ACT_NOTIFY\"}]"),
		  "linux.seccomp.syscalls[0].action: SCMP_ACT_NOTIFY cannot be used for write" },
		{ SECCOMP("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"action\":\"SCMP_ACT_ALLOW\"}]"),
		  "linux.seccomp.syscalls[0].names: missing" },
		{ SECCOMP("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[],\"action\":\"SCMP_ACT_LOG\"}]"),
		  "linux.seccomp.syscalls[0].names: must have at least one element" },
		{ SECCOMP("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"a\"]}]"),
		  "linux.seccomp.syscalls[0].action: missing" },
		{ SECCOMP("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"a\"],"
			  "\"action\":\"SCMP_ACT_KILL\",\"errnoRet\":1}]"),
		  "linux.seccomp.syscalls[0].errnoRet: only for SCMP_ACT_ERRNO and SCMP_ACT_TRACE" },
		{ SECCOMP("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"a\"],\"action\":\"SCMP_ACT_LOG\","
			  "\"args\":[{\"index\":6,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]}]"),
		  "linux.seccomp.syscalls[0].args[0].index: must be a number from 0 to 5, not 6" },
		{ SECCOMP("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"a\"],\"action\":\"SCMP_ACT_LOG\","
			  "\"args\":[{\"index\":0,\"value\":1,\"op\":\"EQ\"}]}]"),
		  "linux.seccomp.syscalls[0].args[0].op: must be one of \"SCMP_CMP_NE\"" },
	};

	(void)state;
	all_bad(cases, ARRAY_SIZE(cases), -EINVAL);
}

static void unsupported(void **state)
{
	static const struct fragment cases[] = {
		{ PROCESS("\"scheduler\":{\"policy\":\"SCHED_ISO\"}"), "process.scheduler.policy: no Linux kernel has" },
		{ LINUX("\"personality\":{\"domain\":\"LINUX\",\"flags\":[\"X\"]}"), "linux.personality.flags: the spec" },
	};

	(void)state;
	all_bad(cases, ARRAY_SIZE(cases), -EOPNOTSUPP);
}

static void accepted(void **state)
{
	static const char *const cases[] = {
		"{\"ociVersion\":\"1.0.0-rc5\",\"root\":{\"path\":\"/r\"}}",
		"{\"ociVersion\":\"1.2.0+dev\",\"root\":{\"path\":\"/r\"}}",
		"{\"ociVersion\":\"1.0.2-dev\",\"root\":{\"path\":\"/r\"}}",
		"{\"ociVersion\":\"1.42.17-rc.1+x.y\",\"root\":{\"path\":\"/r\"}}",
		TOP("\"process\":null,\"hostname\":\"\",\"mounts\":null,\"hooks\":null,\"annotations\":null,\"linux\":null"),
		TOP("\"Hostname\":\"not ours\",\"windows\":{\"x\":1},\"vm\":{}"),
		PROCESS("\"user\":null,\"env\":null,\"capabilities\":null,\"rlimits\":null,\"oomScoreAdj\":null"),
		PROCESS("\"consoleSize\":{\"height\":0,\"width\":99999999}"),
		PROCESS("\"scheduler\":{\"policy\":\"SCHED_FIFO\",\"priority\":99,\"nice\":77}"),
		PROCESS("\"ioPriority\":{\"class\":\"IOPRIO_CLASS_IDLE\"},\"execCPUAffinity\":{\"initial\":\"\"}"),
		PROCESS("\"commandLine\":\"x\",\"apparmorProfile\":\"\""),
		LINUX("\"namespaces\":[{\"type\":\"user\",\"path\":\"/proc/1/ns/user\"}]"),
		LINUX("\"namespaces\":[{\"type\":\"user\",\"path\":\"/proc/1/ns/user\"}],\"uidMappings\":" MAP),
		LINUX(NS("user") "\"uidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":4294967295}],"
		      "\"gidMappings\":" MAP),
		LINUX(NS("ipc") "\"sysctl\":{\"kernel.shmmax\":\"\",\"fs/mqueue/a\":\"1\"}"),
		LINUX("\"maskedPaths\":[],\"readonlyPaths\":null,\"rootfsPropagation\":\"\""),
		LINUX("\"seccomp\":null"),
		SECCOMP("\"defaultAction\":\"\""),
		SECCOMP("\"defaultAction\":\"\",\"syscalls\":[]"),
		SECCOMP("\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/unused\""),
		LINUX("\"memoryPolicy\":{\"mode\":\"MPOL_DEFAULT\",\"nodes\":\"\"}"),
		LINUX("\"intelRdt\":{},\"personality\":{\"domain\":\"LINUX\"}"),
		RESOURCES("\"blockIO\":{\"weight\":0},\"memory\":{\"limit\":1e9},\"cpu\":{\"quota\":-1,\"burst\":1}"),
		RESOURCES("\"devices\":[{\"allow\":true,\"type\":\"\",\"major\":-1,\"minor\":null}]"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ringwall_err e = { 0 };

		if (fragment_parse(cases[i], &e))
			fail_msg("%s: %s", cases[i], e.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_top),
		cmocka_unit_test(bad_process),
		cmocka_unit_test(bad_linux),
		cmocka_unit_test(bad_sysctl),
		cmocka_unit_test(bad_resources),
		cmocka_unit_test(bad_seccomp),
		cmocka_unit_test(unsupported),
		cmocka_unit_test(accepted),
	};

	return cmocka_run_group_tests_name("config-rules", tests, NULL, NULL);
}
