/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef RINGWALL_BPF_REPORT_H
#define RINGWALL_BPF_REPORT_H

/*
 * What a refusal leaves behind: a counter always, an event while the container's bucket has tokens, and in learning an
 * observation. None of it is on the path of what is allowed.
 *
 *	ev = refusal_begin(&s, set, rule, error);
 *	if (ev)
 *		ev->what.object.… = …;		what, and to what; all of it is zero
 *	return refusal_end(&s, ev, set, error);	0 where the set is only audited, else -error
 *
 * Programs that run for a process call event_process(ev) in between.
 */

#include "common.bpf.h"

/* Full: the container's totals go on. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RINGWALL_COUNTERS_MAX);
	__type(key, struct ringwall_counter_key);
	__type(value, struct ringwall_counter);
} counters SEC(".maps");

/* Full: the event counts as dropped. Of one container there are never more than RINGWALL_EVENTS_KEPT. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RINGWALL_EVENTS_MAX);
	__type(key, struct ringwall_event_key);
	__type(value, struct ringwall_event);
} events SEC(".maps");

/* Full, or the container has its share: counted in container.unobserved, and `policy learn` says so. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RINGWALL_OBSERVATIONS_MAX);
	__type(key, struct ringwall_observation_key);
	__type(value, __u64);
} observations SEC(".maps");

/* What a new entry of `events` begins as; nobody writes it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ringwall_event);
} blank_event SEC(".maps");

#define NSEC_PER_SEC 1000000000ULL

static __always_inline int subject_audits(const struct subject *s, __u32 set)
{
	return set != RINGWALL_SET_TAMPER && (s->p->audit >> set & 1);
}

static __always_inline int subject_learns(const struct subject *s, __u32 set)
{
	return s->p->learn >> set & 1;
}

static __noinline int refusal_count(const struct subject *s, __u32 set, __u32 rule, int audited)
{
	struct ringwall_counter_key key = { .slot = s->slot, .policy_id = s->policy_id, .set = set, .rule = rule };
	struct ringwall_counter *n = bpf_map_lookup_elem(&counters, &key);

	if (!n) {
		struct ringwall_counter zero = {};

		bpf_map_update_elem(&counters, &key, &zero, BPF_NOEXIST);
		n = bpf_map_lookup_elem(&counters, &key);
	}
	if (n)
		__sync_fetch_and_add(audited ? &n->audited : &n->denied, 1);
	__sync_fetch_and_add(audited ? &s->c->audited : &s->c->denied, 1);
	return 0;
}

/* Two processors may take the same token: a limit, not an account. */
static __noinline int bucket_take(struct ringwall_container *c)
{
	__u64 now = bpf_ktime_get_boot_ns(), gone = now - READ_ONCE(c->bucket_ns);
	__u64 tokens = READ_ONCE(c->bucket), more;

	more = gone / (NSEC_PER_SEC / RINGWALL_EVENTS_RATE);
	if (more) {
		WRITE_ONCE(c->bucket_ns, now);
		tokens = more > RINGWALL_EVENTS_BURST ? RINGWALL_EVENTS_BURST : tokens + more;
		if (tokens > RINGWALL_EVENTS_BURST)
			tokens = RINGWALL_EVENTS_BURST;
	}
	if (!tokens)
		return 0;
	WRITE_ONCE(c->bucket, (__u32)tokens - 1);
	return 1;
}

static __always_inline struct ringwall_event *event_entry(__u32 slot, __u64 number)
{
	struct ringwall_event_key key = { .slot = slot, .index = number % RINGWALL_EVENTS_KEPT };
	struct ringwall_event *ev = bpf_map_lookup_elem(&events, &key);
	const struct ringwall_event *blank;
	__u32 zero = 0;

	if (ev)
		return ev;
	blank = bpf_map_lookup_elem(&blank_event, &zero);
	if (blank)
		bpf_map_update_elem(&events, &key, blank, BPF_NOEXIST);
	return bpf_map_lookup_elem(&events, &key);
}

/** refusal_begin() - count, and open an event. Return: NULL: there is to be none. */
static __always_inline struct ringwall_event *refusal_begin(const struct subject *s, __u32 set, __u32 rule, __u32 error)
{
	int audited = subject_audits(s, set);
	struct ringwall_event *ev;
	__u64 number;

	refusal_count(s, set, rule, audited);
	if (!subject_learns(s, set) && !bucket_take(s->c)) {
		__sync_fetch_and_add(&s->c->dropped, 1);
		return NULL;
	}
	number = __sync_fetch_and_add(&s->c->events, 1);
	ev = event_entry(s->slot, number);
	if (!ev) {
		__sync_fetch_and_add(&s->c->dropped, 1);
		return NULL;
	}
	WRITE_ONCE(ev->sequence, 0);
	__builtin_memset(&ev->number, 0, sizeof(*ev) - __builtin_offsetof(struct ringwall_event, number));
	ev->number = number;
	ev->time = bpf_ktime_get_boot_ns();
	ev->policy_id = s->policy_id;
	ev->verdict = audited ? RINGWALL_VERDICT_AUDITED : RINGWALL_VERDICT_DENIED;
	ev->error = audited ? 0 : error;
	ev->what.slot = s->slot;
	ev->what.rule = rule;
	ev->what.object.set = set;
	return ev;
}

/** event_process() - that it is the current process's doing. */
static __always_inline void event_process(struct ringwall_event *ev)
{
	__u64 id = bpf_get_current_pid_tgid();

	ev->pid = id >> 32;
	ev->tid = (__u32)id;
	ev->uid = (__u32)bpf_get_current_uid_gid();
	bpf_get_current_comm(ev->comm, sizeof(ev->comm));
}

static __noinline int observe(struct ringwall_container *c, struct ringwall_event *ev)
{
	__u64 *n = bpf_map_lookup_elem(&observations, &ev->what), one = 1;

	if (n) {
		__sync_fetch_and_add(n, 1);
		return 0;
	}
	if (READ_ONCE(c->observed) >= RINGWALL_OBSERVATIONS_OF_ONE ||
	    bpf_map_update_elem(&observations, &ev->what, &one, BPF_ANY)) {
		__sync_fetch_and_add(&c->unobserved, 1);
		return 0;
	}
	__sync_fetch_and_add(&c->observed, 1);
	return 0;
}

/** refusal_end() - publish. Return: what the hook is to answer: 0 where the set is only audited, else -@error. */
static __always_inline int refusal_end(const struct subject *s, struct ringwall_event *ev, __u32 set, __u32 error)
{
	if (ev) {
		if (subject_learns(s, set))
			observe(s->c, ev);
		/* The processor may not move what comes before behind it: an atomic exchange is a barrier. */
		__sync_lock_test_and_set(&ev->sequence, ev->number + 1);
	} else if (subject_learns(s, set)) {
		__sync_fetch_and_add(&s->c->unobserved, 1);
	}
	return subject_audits(s, set) ? 0 : -(int)error;
}

#endif
