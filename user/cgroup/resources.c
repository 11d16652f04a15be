// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * linux.resources to the files of cgroup v2. What is absent is left as it is; so is a zero where the
 * specification, like runc, takes zero for "not set" (memory.limit, cpu.shares, cpu.quota, cpu.period …).
 */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "internal.h"

#define FIELD "linux.resources."

/* A limit that limits: zero is "not set", negative is "none". */
static bool limits(struct ringwall_opt_i64 v)
{
	return v.has && v.v > 0;
}

static bool set_i64(struct ringwall_opt_i64 v)
{
	return v.has && v.v;
}

static bool set_u64(struct ringwall_opt_u64 v)
{
	return v.has && v.v;
}

struct request {
	struct ringwall_cgroup *cg;
	const struct ringwall_resources *r;
	struct ringwall_err *e;
	char text[1024]; /* the value to write */
};

/* One value, and where it goes. */
struct setting {
	const char *field, *file;
	enum ringwall_controller controller;
	/* Fill q->text. Return its length, 0 when there is nothing to set, or -errno with q->e filled. */
	int (*format)(struct request *q);
};

static int put(struct ringwall_cgroup *cg, const char *field, enum ringwall_controller controller, const char *file,
	       const char *text, size_t len, struct ringwall_err *e)
{
	int r = ringwall_cgroup_file_write(cg->fd, file, text, len);

	if (r == -ENOENT)
		return ringwall_cgroupfs_missing(cg, controller, field, e);
	return r < 0 ? ringwall_fail(e, r, "%s: write '%.*s' to %s", field, (int)len, text, file) : 0;
}

static int format_limit(struct request *q, int64_t v)
{
	return v == -1 ? snprintf(q->text, sizeof(q->text), "max") : snprintf(q->text, sizeof(q->text), "%" PRId64, v);
}

static int format_string(struct request *q, const char *s)
{
	return s && *s ? snprintf(q->text, sizeof(q->text), "%s", s) : 0;
}

static int format_pids(struct request *q)
{
	/* Callers of runc send 0 as well as -1 for "no limit". */
	return q->r->pids_limit.has ? format_limit(q, limits(q->r->pids_limit) ? q->r->pids_limit.v : -1) : 0;
}

static int format_memory_max(struct request *q)
{
	return set_i64(q->r->memory.limit) ? format_limit(q, q->r->memory.limit.v) : 0;
}

static int format_memory_low(struct request *q)
{
	return set_i64(q->r->memory.reservation) ? format_limit(q, q->r->memory.reservation.v) : 0;
}

static int format_swap(struct request *q)
{
	bool set;
	int64_t v;
	int ret = ringwall_resources_swap(q->cg, q->r, &set, &v, q->e);

	return ret < 0 || !set ? ret : format_limit(q, v);
}

static int format_idle(struct request *q)
{
	return q->r->cpu.idle.has ? snprintf(q->text, sizeof(q->text), "%" PRId64, q->r->cpu.idle.v) : 0;
}

static int format_weight(struct request *q)
{
	/* The kernel refuses a weight for an idle group, whose weight is below all others anyway. */
	if (!set_u64(q->r->cpu.shares) || set_i64(q->r->cpu.idle))
		return 0;
	return snprintf(q->text, sizeof(q->text), "%" PRIu64, ringwall_convert_shares(q->r->cpu.shares.v));
}

static int format_cpu_max(struct request *q)
{
	char quota[24] = "max";

	if (!set_i64(q->r->cpu.quota) && !set_u64(q->r->cpu.period))
		return 0;
	if (limits(q->r->cpu.quota))
		snprintf(quota, sizeof(quota), "%" PRId64, q->r->cpu.quota.v);
	/* Without a period the kernel keeps the one it has. */
	if (!set_u64(q->r->cpu.period))
		return format_string(q, quota);
	return snprintf(q->text, sizeof(q->text), "%s %" PRIu64, quota, q->r->cpu.period.v);
}

static int format_cpus(struct request *q)
{
	return format_string(q, q->r->cpu.cpus);
}

static int format_mems(struct request *q)
{
	return format_string(q, q->r->cpu.mems);
}

/* In the order in which they are written: swap before memory, idle before weight. */
static const struct setting settings[] = {
	{ FIELD "pids.limit", "pids.max", RINGWALL_CONTROLLER_PIDS, format_pids },
	{ FIELD "memory.swap", "memory.swap.max", RINGWALL_CONTROLLER_MEMORY, format_swap },
	{ FIELD "memory.limit", "memory.max", RINGWALL_CONTROLLER_MEMORY, format_memory_max },
	{ FIELD "memory.reservation", "memory.low", RINGWALL_CONTROLLER_MEMORY, format_memory_low },
	{ FIELD "cpu.idle", "cpu.idle", RINGWALL_CONTROLLER_CPU, format_idle },
	{ FIELD "cpu.shares", "cpu.weight", RINGWALL_CONTROLLER_CPU, format_weight },
	{ FIELD "cpu.quota", "cpu.max", RINGWALL_CONTROLLER_CPU, format_cpu_max },
	{ FIELD "cpu.cpus", "cpuset.cpus", RINGWALL_CONTROLLER_CPUSET, format_cpus },
	{ FIELD "cpu.mems", "cpuset.mems", RINGWALL_CONTROLLER_CPUSET, format_mems },
};

/* Where the controller is missing, or swap accounting is, there is nothing to lift and no swap to forbid. */
static bool needless(const struct request *q, const struct setting *s)
{
	return !strcmp(q->text, "max") || (!strcmp(q->text, "0") && s->format == format_swap);
}

static int apply_setting(struct request *q, const struct setting *s)
{
	int n = s->format(q);

	if (n <= 0)
		return n;
	if ((size_t)n >= sizeof(q->text))
		return ringwall_fail_plain(q->e, -EINVAL, "%s: too long", s->field);
	if (needless(q, s)) {
		n = ringwall_cgroup_file_write(q->cg->fd, s->file, q->text, (size_t)n);
		if (n < 0 && n != -ENOENT)
			return ringwall_fail(q->e, n, "%s: write '%s' to %s", s->field, q->text, s->file);
		return 0;
	}
	return put(q->cg, s->field, s->controller, s->file, q->text, (size_t)n, q->e);
}

static int apply_settings(struct ringwall_cgroup *cg, const struct ringwall_resources *r, struct ringwall_err *e)
{
	struct request q;
	int ret = 0;

	/* Not an initialiser: that would clear the text as well. */
	q.cg = cg;
	q.r = r;
	q.e = e;
	for (size_t i = 0; ret == 0 && i < ARRAY_SIZE(settings); i++)
		ret = apply_setting(&q, &settings[i]);
	return ret;
}

/*
 * The kernel wants burst ≤ quota at any moment. Going down it has to be first, going up after the quota: try before,
 * and when that is refused and a quota comes, again afterwards.
 */
static int apply_burst(struct ringwall_cgroup *cg, const struct ringwall_resources *r, bool again, bool *later,
		       struct ringwall_err *e)
{
	char text[24];
	int n, ret;

	if (!r->cpu.burst.has || (again && !*later))
		return 0;
	n = snprintf(text, sizeof(text), "%" PRIu64, r->cpu.burst.v);
	ret = put(cg, FIELD "cpu.burst", RINGWALL_CONTROLLER_CPU, "cpu.max.burst", text, (size_t)n, e);
	*later = ret == -EINVAL && !again && (set_i64(r->cpu.quota) || set_u64(r->cpu.period));
	return *later ? 0 : ret;
}

/* Weights go to BFQ where that is there (1…1000, as the specification's), else to io.cost's io.weight (1…10000). */
static int put_weight(struct ringwall_cgroup *cg, const char *field, const char *device, uint16_t weight,
		      struct ringwall_err *e)
{
	char text[80];
	int n, r;

	n = snprintf(text, sizeof(text), "%s %u", device, weight);
	r = ringwall_cgroup_file_write(cg->fd, "io.bfq.weight", text, (size_t)n);
	if (r == 0)
		return 0;
	if (r != -ENOENT)
		return ringwall_fail(e, r, "%s: write '%s' to io.bfq.weight", field, text);
	n = snprintf(text, sizeof(text), "%s %" PRIu64, device, ringwall_convert_blkio(weight));
	return put(cg, field, RINGWALL_CONTROLLER_IO, "io.weight", text, (size_t)n, e);
}

static int apply_io(struct ringwall_cgroup *cg, const struct ringwall_resources *r, struct ringwall_err *e)
{
	static const struct {
		const char *field, *key;
	} throttle[RINGWALL_BLKIO_COUNT] = {
		[RINGWALL_BLKIO_READ_BPS] = { FIELD "blockIO.throttleReadBpsDevice", "rbps" },
		[RINGWALL_BLKIO_WRITE_BPS] = { FIELD "blockIO.throttleWriteBpsDevice", "wbps" },
		[RINGWALL_BLKIO_READ_IOPS] = { FIELD "blockIO.throttleReadIOPSDevice", "riops" },
		[RINGWALL_BLKIO_WRITE_IOPS] = { FIELD "blockIO.throttleWriteIOPSDevice", "wiops" },
	};
	char text[80];
	int n, ret = 0;

	if (r->block_io.weight)
		ret = put_weight(cg, FIELD "blockIO.weight", "default", r->block_io.weight, e);
	for (size_t i = 0; ret == 0 && i < r->block_io.n_weights; i++) {
		const struct ringwall_blkio_weight *w = &r->block_io.weights[i];

		snprintf(text, sizeof(text), "%" PRId64 ":%" PRId64, w->major, w->minor);
		if (w->weight)
			ret = put_weight(cg, FIELD "blockIO.weightDevice", text, w->weight, e);
	}
	for (int t = 0; t < RINGWALL_BLKIO_COUNT; t++) {
		for (size_t i = 0; ret == 0 && i < r->block_io.throttle[t].n; i++) {
			const struct ringwall_blkio_rate *v = &r->block_io.throttle[t].v[i];

			/* On v1 a rate of zero took the limit away; v2 calls that max. */
			n = snprintf(text, sizeof(text),
				     v->rate ? "%" PRId64 ":%" PRId64 " %s=%" PRIu64 : "%" PRId64 ":%" PRId64 " %s=max",
				     v->major, v->minor, throttle[t].key, v->rate);
			ret = put(cg, throttle[t].field, RINGWALL_CONTROLLER_IO, "io.max", text, (size_t)n, e);
		}
	}
	return ret;
}

static int apply_hugetlb(struct ringwall_cgroup *cg, const struct ringwall_resources *r, struct ringwall_err *e)
{
	char file[64], text[24];
	int n, ret;

	for (size_t i = 0; i < r->n_hugetlb; i++) {
		const struct ringwall_hugetlb *h = &r->hugetlb[i];

		if (strchr(h->page_size, '/') || strlen(h->page_size) > 16)
			return ringwall_fail_plain(e, -EINVAL, FIELD "hugepageLimits[%zu].pageSize: '%s'", i,
						   h->page_size);
		n = snprintf(text, sizeof(text), "%" PRIu64, h->limit);
		snprintf(file, sizeof(file), "hugetlb.%s.max", h->page_size);
		ret = put(cg, FIELD "hugepageLimits", RINGWALL_CONTROLLER_HUGETLB, file, text, (size_t)n, e);
		if (ret < 0)
			return ret;
		/* Since Linux 5.7 reservations count apart: without this limit they get around the other one. */
		snprintf(file, sizeof(file), "hugetlb.%s.rsvd.max", h->page_size);
		ret = ringwall_cgroup_file_write(cg->fd, file, text, (size_t)n);
		if (ret < 0 && ret != -ENOENT)
			return ringwall_fail(e, ret, FIELD "hugepageLimits: write '%s' to %s", text, file);
	}
	return 0;
}

static int apply_rdma(struct ringwall_cgroup *cg, const struct ringwall_resources *r, struct ringwall_err *e)
{
	char text[256];
	int n, ret;

	for (size_t i = 0; i < r->n_rdma; i++) {
		const struct ringwall_rdma *d = &r->rdma[i];

		n = snprintf(text, sizeof(text), "%s", d->name);
		if (d->handles.has && n < (int)sizeof(text))
			n += snprintf(text + n, sizeof(text) - (size_t)n, " hca_handle=%" PRIu64, d->handles.v);
		if (d->objects.has && n < (int)sizeof(text))
			n += snprintf(text + n, sizeof(text) - (size_t)n, " hca_object=%" PRIu64, d->objects.v);
		if (n >= (int)sizeof(text))
			return ringwall_fail_plain(e, -EINVAL, FIELD "rdma: '%s': too long", d->name);
		ret = put(cg, FIELD "rdma", RINGWALL_CONTROLLER_RDMA, "rdma.max", text, (size_t)n, e);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int controller_of(const char *key)
{
	size_t n = strcspn(key, ".");

	for (unsigned int i = 0; i < RINGWALL_CONTROLLER_COUNT; i++)
		if (strlen(ringwall_controller_name(i)) == n && !strncmp(ringwall_controller_name(i), key, n))
			return (int)i;
	return -1;
}

static int put_unified(struct ringwall_cgroup *cg, const char *key, const char *text, size_t len,
		       struct ringwall_err *e)
{
	int r = ringwall_cgroup_file_write(cg->fd, key, text, len), controller = controller_of(key);
	char field[128];

	if (r == -ENOENT && controller >= 0) {
		snprintf(field, sizeof(field), FIELD "unified.'%s'", key);
		return ringwall_cgroupfs_missing(cg, (enum ringwall_controller)controller, field, e);
	}
	return r < 0 ? ringwall_fail(e, r, FIELD "unified.'%s': write '%.*s'", key, (int)len, text) : 0;
}

/* File names and contents as they are; files such as io.max take one line at a time. */
static int apply_unified(struct ringwall_cgroup *cg, const struct ringwall_resources *r, struct ringwall_err *e)
{
	for (size_t i = 0; i < r->unified.n; i++) {
		const char *key = r->unified.v[i].key, *line = r->unified.v[i].value;
		int ret;

		if (strchr(key, '/') || !strchr(key, '.') || key[0] == '.')
			return ringwall_fail_plain(e, -EINVAL, FIELD "unified.'%s': not of the form CONTROLLER.FILE",
						   key);
		do {
			size_t n = strcspn(line, "\n");

			ret = put_unified(cg, key, line, n, e);
			if (ret < 0)
				return ret;
			line += n + (line[n] == '\n');
		} while (*line);
	}
	return 0;
}

void ringwall_resources_complete(const struct ringwall_cgroup *cg, struct ringwall_resources *r)
{
	uint64_t quota, period;
	char now[64], *space;

	if (set_i64(r->cpu.quota) == set_u64(r->cpu.period) ||
	    ringwall_cgroup_file_read(cg->fd, "cpu.max", now, sizeof(now)) < 0)
		return;
	space = strchr(now, ' ');
	if (!space || ringwall_cgroup_number(now, &quota) < 0 || ringwall_cgroup_number(space + 1, &period) < 0)
		return;
	if (set_i64(r->cpu.quota))
		r->cpu.period = (struct ringwall_opt_u64){ true, period };
	else
		r->cpu.quota = (struct ringwall_opt_i64){ true, quota > INT64_MAX ? -1 : (int64_t)quota };
}

/* An update may name swap alone: then it is counted over the memory limit in force. */
int ringwall_resources_swap(const struct ringwall_cgroup *cg, const struct ringwall_resources *r, bool *ret_set,
			    int64_t *ret, struct ringwall_err *e)
{
	int64_t memory = r->memory.limit.has ? r->memory.limit.v : 0, swap = r->memory.swap.has ? r->memory.swap.v : 0;
	uint64_t max;

	if (!memory && swap > 0 && cg->fd >= 0 && ringwall_cgroup_file_u64(cg->fd, "memory.max", &max) == 0 &&
	    max <= INT64_MAX)
		memory = (int64_t)max;
	return ringwall_convert_swap(swap, memory, ret_set, ret, e);
}

int ringwall_resources_apply(struct ringwall_cgroup *cg, const struct ringwall_resources *r, struct ringwall_err *e)
{
	bool burst_later = false;
	int ret;

	ret = apply_burst(cg, r, false, &burst_later, e);
	if (ret == 0)
		ret = apply_settings(cg, r, e);
	if (ret == 0)
		ret = apply_burst(cg, r, true, &burst_later, e);
	if (ret == 0)
		ret = apply_io(cg, r, e);
	if (ret == 0)
		ret = apply_hugetlb(cg, r, e);
	if (ret == 0)
		ret = apply_rdma(cg, r, e);
	return ret == 0 ? apply_unified(cg, r, e) : ret;
}

int ringwall_resources_check(const struct ringwall_cgroup *cg, const struct ringwall_resources *r,
			     struct ringwall_err *e)
{
	const struct {
		const char *field;
		struct ringwall_opt_i64 v;
	} wanted[] = {
		{ FIELD "memory.swap", r->memory.swap },
		{ FIELD "memory.limit", r->memory.limit },
	};
	uint64_t usage;

	/* As runc: best effort, a cgroup whose usage cannot be read is not in the way. */
	if (!r->memory.check_before_update.has || !r->memory.check_before_update.v ||
	    ringwall_cgroup_file_u64(cg->fd, "memory.current", &usage) < 0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		if (limits(wanted[i].v) && (uint64_t)wanted[i].v.v <= usage)
			return ringwall_fail_plain(e, -EBUSY,
						   "%s: %" PRId64 " is not more than the %" PRIu64
						   " bytes in use (memory.checkBeforeUpdate)",
						   wanted[i].field, wanted[i].v.v, usage);
	return 0;
}

unsigned int ringwall_resources_controllers(const struct ringwall_resources *r)
{
	unsigned int mask = 0;
	bool io = r->block_io.weight || r->block_io.n_weights;

	for (int t = 0; t < RINGWALL_BLKIO_COUNT; t++)
		io |= r->block_io.throttle[t].n != 0;
	mask |= (unsigned int)io << RINGWALL_CONTROLLER_IO;
	mask |= (unsigned int)limits(r->pids_limit) << RINGWALL_CONTROLLER_PIDS;
	mask |= (unsigned int)(limits(r->memory.limit) || limits(r->memory.swap) || limits(r->memory.reservation))
		<< RINGWALL_CONTROLLER_MEMORY;
	mask |= (unsigned int)(set_u64(r->cpu.shares) || limits(r->cpu.quota) || set_u64(r->cpu.period) ||
			       r->cpu.burst.has || r->cpu.idle.has)
		<< RINGWALL_CONTROLLER_CPU;
	mask |= (unsigned int)((r->cpu.cpus && *r->cpu.cpus) || (r->cpu.mems && *r->cpu.mems))
		<< RINGWALL_CONTROLLER_CPUSET;
	mask |= (unsigned int)(r->n_hugetlb != 0) << RINGWALL_CONTROLLER_HUGETLB;
	mask |= (unsigned int)(r->n_rdma != 0) << RINGWALL_CONTROLLER_RDMA;
	for (size_t i = 0; i < r->unified.n; i++) {
		int controller = controller_of(r->unified.v[i].key);

		if (controller >= 0)
			mask |= 1u << controller;
	}
	return mask;
}
