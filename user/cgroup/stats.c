// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The "data" of `events`, by runc's names (types/events.go): those are cgroup v1's, so some v2 values are put
 * together. What a controller that is not enabled would have told is left out.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "internal.h"

/* Numbers of a flat-keyed file that go out under another name, times @scale. */
struct row {
	const char *key, *name;
	unsigned int scale;
};

static void put_rows(struct ringwall_json_out *o, const char *text, const struct row *rows, size_t n)
{
	uint64_t v;

	for (size_t i = 0; i < n; i++)
		if (ringwall_cgroup_key(text, rows[i].key, &v) == 0)
			ringwall_json_out_u64(o, rows[i].name, v * rows[i].scale);
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0": the same four in an object for each line. */
static void put_pressure_line(struct ringwall_json_out *o, char *line)
{
	char *save, *word = strtok_r(line, " ", &save), *value;

	if (!word)
		return;
	ringwall_json_out_object(o, word);
	while ((word = strtok_r(NULL, " ", &save))) {
		value = strchr(word, '=');
		if (!value || !value[1] || value[1 + strspn(value + 1, "0123456789.")])
			continue;
		*value++ = '\0';
		ringwall_json_out_raw(o, word, value, strlen(value));
	}
	ringwall_json_out_end(o, '}');
}

static void put_pressure(struct ringwall_json_out *o, int dir, const char *file)
{
	char text[512], *save, *line;

	/* Absent without CONFIG_PSI, unreadable with psi=0. */
	if (ringwall_cgroup_file_read(dir, file, text, sizeof(text)) <= 0)
		return;
	ringwall_json_out_object(o, "psi");
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		put_pressure_line(o, line);
	ringwall_json_out_end(o, '}');
}

static void put_cpu(struct ringwall_json_out *o, int dir)
{
	static const struct row usage[] = {
		{ "usage_usec", "total", 1000 },
		{ "system_usec", "kernel", 1000 },
		{ "user_usec", "user", 1000 },
	};
	static const struct row throttling[] = {
		{ "nr_periods", "periods", 1 },
		{ "nr_throttled", "throttledPeriods", 1 },
		{ "throttled_usec", "throttledTime", 1000 },
	};
	char text[2048];

	if (ringwall_cgroup_file_read(dir, "cpu.stat", text, sizeof(text)) < 0)
		return;
	ringwall_json_out_object(o, "cpu");
	ringwall_json_out_object(o, "usage");
	put_rows(o, text, usage, ARRAY_SIZE(usage));
	ringwall_json_out_end(o, '}');
	ringwall_json_out_object(o, "throttling");
	put_rows(o, text, throttling, ARRAY_SIZE(throttling));
	ringwall_json_out_end(o, '}');
	put_pressure(o, dir, "cpu.pressure");
	ringwall_json_out_end(o, '}');
}

struct memory {
	uint64_t usage, limit, peak, failures;
};

static void put_memory_entry(struct ringwall_json_out *o, const char *name, const struct memory *m)
{
	ringwall_json_out_object(o, name);
	ringwall_json_out_u64(o, "limit", m->limit);
	ringwall_json_out_u64(o, "usage", m->usage);
	if (m->peak)
		ringwall_json_out_u64(o, "max", m->peak);
	ringwall_json_out_u64(o, "failcnt", m->failures);
	ringwall_json_out_end(o, '}');
}

/* cgroup v1, and so runc, counts swap together with memory. */
static void put_swap(struct ringwall_json_out *o, int dir, const struct memory *memory)
{
	struct memory swap = { 0 };
	char events[256];

	if (ringwall_cgroup_file_u64(dir, "memory.swap.current", &swap.usage) < 0 ||
	    ringwall_cgroup_file_u64(dir, "memory.swap.max", &swap.limit) < 0)
		return;
	swap.usage += memory->usage;
	if (swap.limit != UINT64_MAX && __builtin_add_overflow(swap.limit, memory->limit, &swap.limit))
		swap.limit = UINT64_MAX;
	if (ringwall_cgroup_file_read(dir, "memory.swap.events", events, sizeof(events)) > 0)
		(void)ringwall_cgroup_key(events, "max", &swap.failures);
	put_memory_entry(o, "swap", &swap);
}

static void put_raw(struct ringwall_json_out *o, char *text)
{
	char *save, *line, *value;

	ringwall_json_out_object(o, "raw");
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		value = strchr(line, ' ');
		if (!value || !value[1] || value[1 + strspn(value + 1, "0123456789")])
			continue;
		*value++ = '\0';
		ringwall_json_out_raw(o, line, value, strlen(value));
	}
	ringwall_json_out_end(o, '}');
}

static void put_memory(struct ringwall_json_out *o, int dir)
{
	static const struct row counts[] = {
		{ "low", "low", 1 }, { "high", "high", 1 },	    { "max", "max", 1 },
		{ "oom", "oom", 1 }, { "oom_kill", "oom_kill", 1 }, { "oom_group_kill", "oom_group_kill", 1 },
	};
	static const struct row cache[] = { { "file", "cache", 1 } };
	_cleanup_free_ char *stat = NULL;
	struct memory m = { 0 };
	char events[512] = "";

	if (ringwall_cgroup_file_u64(dir, "memory.current", &m.usage) < 0 ||
	    ringwall_cgroup_file_u64(dir, "memory.max", &m.limit) < 0 ||
	    ringwall_cgroup_file_slurp(dir, "memory.stat", &stat, NULL) < 0)
		return;
	/* Since Linux 5.19. */
	(void)ringwall_cgroup_file_u64(dir, "memory.peak", &m.peak);
	(void)ringwall_cgroup_file_read(dir, "memory.events", events, sizeof(events));
	(void)ringwall_cgroup_key(events, "max", &m.failures);
	ringwall_json_out_object(o, "memory");
	put_rows(o, stat, cache, ARRAY_SIZE(cache));
	put_memory_entry(o, "usage", &m);
	put_swap(o, dir, &m);
	put_raw(o, stat);
	put_pressure(o, dir, "memory.pressure");
	ringwall_json_out_object(o, "event_count");
	put_rows(o, events, counts, ARRAY_SIZE(counts));
	ringwall_json_out_end(o, '}');
	ringwall_json_out_end(o, '}');
}

static void put_pids(struct ringwall_json_out *o, int dir)
{
	uint64_t current, limit;

	if (ringwall_cgroup_file_u64(dir, "pids.current", &current) < 0 ||
	    ringwall_cgroup_file_u64(dir, "pids.max", &limit) < 0)
		return;
	ringwall_json_out_object(o, "pids");
	ringwall_json_out_u64(o, "current", current);
	/* Without a limit runc has none here. */
	if (limit != UINT64_MAX)
		ringwall_json_out_u64(o, "limit", limit);
	ringwall_json_out_end(o, '}');
}

static void put_blkio_entry(struct ringwall_json_out *o, unsigned int major, unsigned int minor, const char *op,
			    uint64_t value)
{
	ringwall_json_out_object(o, NULL);
	ringwall_json_out_u64(o, "major", major);
	ringwall_json_out_u64(o, "minor", minor);
	ringwall_json_out_str(o, "op", op);
	ringwall_json_out_u64(o, "value", value);
	ringwall_json_out_end(o, '}');
}

/* One list of runc's: from each line "8:0 rbytes=1 wbytes=2 rios=3 …" a read and a write. */
static void put_blkio_list(struct ringwall_json_out *o, const char *name, const char *text, const char *read_key,
			   const char *write_key)
{
	const struct {
		const char *key, *op;
	} ops[] = { { read_key, "Read" }, { write_key, "Write" } };
	size_t n;

	ringwall_json_out_array(o, name);
	for (const char *line = text; *line; line += n + (line[n] == '\n')) {
		unsigned int major, minor;

		n = strcspn(line, "\n");
		if (sscanf(line, "%u:%u ", &major, &minor) != 2)
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
			const char *at = memmem(line, n, ops[i].key, strlen(ops[i].key));
			uint64_t v;

			if (at && sscanf(at + strlen(ops[i].key), "%" SCNu64, &v) == 1)
				put_blkio_entry(o, major, minor, ops[i].op, v);
		}
	}
	ringwall_json_out_end(o, ']');
}

static void put_blkio(struct ringwall_json_out *o, int dir)
{
	_cleanup_free_ char *text = NULL;

	if (ringwall_cgroup_file_slurp(dir, "io.stat", &text, NULL) < 0)
		return;
	ringwall_json_out_object(o, "blkio");
	put_blkio_list(o, "ioServiceBytesRecursive", text, " rbytes=", " wbytes=");
	put_blkio_list(o, "ioServicedRecursive", text, " rios=", " wios=");
	put_pressure(o, dir, "io.pressure");
	ringwall_json_out_end(o, '}');
}

static void put_hugetlb_size(struct ringwall_json_out *o, int dir, const char *size)
{
	char file[64], events[128] = "";
	uint64_t usage, failures = 0;

	/* Reservations are what runs out first; as runc, they are what is reported where the kernel has them. */
	snprintf(file, sizeof(file), "hugetlb.%s.rsvd.current", size);
	if (ringwall_cgroup_file_u64(dir, file, &usage) < 0) {
		snprintf(file, sizeof(file), "hugetlb.%s.current", size);
		if (ringwall_cgroup_file_u64(dir, file, &usage) < 0)
			return;
	}
	snprintf(file, sizeof(file), "hugetlb.%s.events", size);
	if (ringwall_cgroup_file_read(dir, file, events, sizeof(events)) > 0)
		(void)ringwall_cgroup_key(events, "max", &failures);
	ringwall_json_out_object(o, size);
	ringwall_json_out_u64(o, "usage", usage);
	ringwall_json_out_u64(o, "failcnt", failures);
	ringwall_json_out_end(o, '}');
}

/* The page sizes are in the names: "hugetlb.2MB.current". */
static void put_hugetlb(struct ringwall_json_out *o, int dir)
{
	_cleanup_dir_ DIR *d = NULL;
	struct dirent *ent;
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		if (fd >= 0)
			close(fd);
		return;
	}
	ringwall_json_out_object(o, "hugetlb");
	while ((ent = readdir(d))) {
		char *size = ent->d_name + 8, *dot = strncmp(ent->d_name, "hugetlb.", 8) ? NULL : strchr(size, '.');

		if (!dot || strcmp(dot, ".current") || dot - size > 16)
			continue;
		*dot = '\0';
		put_hugetlb_size(o, dir, size);
	}
	ringwall_json_out_end(o, '}');
}

int ringwall_cgroup_stats(struct ringwall_cgroup *cg, struct ringwall_json_out *o, struct ringwall_err *e)
{
	bool populated, frozen;
	int r;

	if (cg->fd < 0)
		return ringwall_fail_plain(e, -EOPNOTSUPP,
					   "cgroups are disabled for this container: there are no statistics");
	/* In a removed cgroup every file would be missing, as if it had no controllers. */
	r = ringwall_cgroup_events(cg->fd, &populated, &frozen);
	if (r < 0)
		return ringwall_fail(e, r, "cgroup '%s': cgroup.events", cg->path);
	put_cpu(o, cg->fd);
	put_memory(o, cg->fd);
	put_pids(o, cg->fd);
	put_blkio(o, cg->fd);
	put_hugetlb(o, cg->fd);
	return 0;
}
