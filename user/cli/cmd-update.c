// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../lib/file.h"
#include "../lib/json.h"
#include "cli.h"

#define MAX_FILE (16 << 20)

enum member {
	BLKIO_WEIGHT, CPU_PERIOD, CPU_QUOTA, CPU_BURST, CPU_SHARE, CPU_RT_PERIOD, CPU_RT_RUNTIME, CPU_IDLE,
	MEMORY, MEMORY_RESERVATION, MEMORY_SWAP, PIDS_LIMIT,
	NUMBERS,
};

static struct update_options {
	const char *resources, *cpus, *mems;
	struct ringwall_opt_number number[NUMBERS];
} opt;

#define ROW(member, name, letter, type, arg, help) RINGWALL_OPT(struct update_options, member, name, letter, type, arg, help)

static const struct ringwall_option options[] = {
	ROW(resources, "resources", 'r', STRING, "FILE",
	    "an object like config.json's linux.resources, - for standard input; the other options are then ignored"),
	ROW(number[BLKIO_WEIGHT], "blkio-weight", 0, NUMBER, "N", "share of disk time, 10 to 1000"),
	ROW(number[CPU_PERIOD], "cpu-period", 0, NUMBER, "USEC", "length of a period for --cpu-quota"),
	ROW(number[CPU_QUOTA], "cpu-quota", 0, NUMBER, "USEC", "CPU time in a period, -1 for no limit"),
	ROW(number[CPU_BURST], "cpu-burst", 0, NUMBER, "USEC", "CPU time that may be saved up for later"),
	ROW(number[CPU_SHARE], "cpu-share", 0, NUMBER, "N", "CPU time relative to other containers"),
	ROW(number[CPU_RT_PERIOD], "cpu-rt-period", 0, NUMBER, "USEC", "length of a period for --cpu-rt-runtime"),
	ROW(number[CPU_RT_RUNTIME], "cpu-rt-runtime", 0, NUMBER, "USEC", "CPU time of real-time processes in a period"),
	ROW(number[CPU_IDLE], "cpu-idle", 0, NUMBER, "0|1", "1: run only when nobody else wants to"),
	ROW(cpus, "cpuset-cpus", 0, STRING, "LIST", "CPUs to run on, such as 0-3,7"),
	ROW(mems, "cpuset-mems", 0, STRING, "LIST", "memory nodes to allocate from"),
	ROW(number[MEMORY], "memory", 0, SIZE, "BYTES", "memory limit, such as 512m; -1 for none"),
	ROW(number[MEMORY_RESERVATION], "memory-reservation", 0, SIZE, "BYTES", "memory that is protected from reclaim"),
	ROW(number[MEMORY_SWAP], "memory-swap", 0, SIZE, "BYTES", "limit of memory and swap together; -1 for none"),
	ROW(number[PIDS_LIMIT], "pids-limit", 0, NUMBER, "N", "how many processes there can be, -1 for no limit"),
	{ .name = NULL },
};

/* Where each number stands in linux.resources. */
static const struct {
	enum member from;
	const char *object, *member;
} places[] = {
	{ BLKIO_WEIGHT, "blockIO", "weight" },
	{ CPU_PERIOD, "cpu", "period" },
	{ CPU_QUOTA, "cpu", "quota" },
	{ CPU_BURST, "cpu", "burst" },
	{ CPU_SHARE, "cpu", "shares" },
	{ CPU_RT_PERIOD, "cpu", "realtimePeriod" },
	{ CPU_RT_RUNTIME, "cpu", "realtimeRuntime" },
	{ CPU_IDLE, "cpu", "idle" },
	{ MEMORY, "memory", "limit" },
	{ MEMORY_RESERVATION, "memory", "reservation" },
	{ MEMORY_SWAP, "memory", "swap" },
	{ PIDS_LIMIT, "pids", "limit" },
};

static bool is_cpu(const char *object)
{
	return !strcmp(object, "cpu");
}

/* Is anything of @object said? What is not said must not be there: an empty object is one with members missing. */
static bool object_said(const char *object)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (!strcmp(places[i].object, object) && opt.number[places[i].from].has)
			return true;
	return is_cpu(object) && (opt.cpus || opt.mems);
}

static void put_object(struct ringwall_json_out *o, const char *object)
{
	ringwall_json_out_object(o, object);
	if (is_cpu(object) && opt.cpus)
		ringwall_json_out_str(o, "cpus", opt.cpus);
	if (is_cpu(object) && opt.mems)
		ringwall_json_out_str(o, "mems", opt.mems);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (!strcmp(places[i].object, object) && opt.number[places[i].from].has)
			ringwall_json_out_i64(o, places[i].member, opt.number[places[i].from].v);
	ringwall_json_out_end(o, '}');
}

static char *from_options(void)
{
	static const char *const objects[] = { "blockIO", "cpu", "memory", "pids" };
	struct ringwall_json_out o = {};

	ringwall_json_out_object(&o, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++)
		if (object_said(objects[i]))
			put_object(&o, objects[i]);
	ringwall_json_out_end(&o, '}');
	return ringwall_json_out_take(&o, NULL);
}

static int run(struct ringwall_cli *cli, char **args, int n, int *ret_status, struct ringwall_err *e)
{
	_cleanup_free_ char *json = NULL;
	size_t len = 0;

	(void)n;
	(void)ret_status;
	if (opt.resources) {
		int r = ringwall_file_read(opt.resources, MAX_FILE, &json, &len, e);

		if (r < 0)
			return r;
	} else {
		json = from_options();
		if (!json)
			return ringwall_fail(e, -ENOMEM, "update");
		len = strlen(json);
	}
	return ringwall_update(cli->rw, args[0], json, len, e);
}

const struct ringwall_verb ringwall_verb_update = {
	.name = "update",
	.args = "ID",
	.help = "change a container's limits",
	.text = "What is not given stays as it is. A device list in the --resources object replaces the container's.",
	.options = options,
	.into = &opt,
	.min_args = 1,
	.max_args = 1,
	.flags = RINGWALL_VERB_RUNTIME,
	.run = run,
};
