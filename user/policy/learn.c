// SPDX-License-Identifier: LGPL-2.1-or-later
#include "learn.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "text.h"

#define SET(name) (1U << RINGWALL_SET_##name)

void ringwall_learn_note(const struct ringwall_lesson *l, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (!l->note)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	l->note(l->data, text);
}

static void allow_bit(struct ringwall_bits *b, uint32_t bit)
{
	uint64_t one = bit < 64 ? 1ULL << bit : 0;

	b->refused &= ~one;
	b->denied &= ~one;
	b->allowed |= one;
}

/* Who may look at others may look at its own: a policy has no words for less. */
static void allow_kernel(struct ringwall_bits *b, uint32_t bit)
{
	allow_bit(b, bit);
	if (bit == RINGWALL_KERNEL_PTRACE_OUT)
		allow_bit(b, RINGWALL_KERNEL_PTRACE);
}

static void learn_bits(struct ringwall_lesson *l)
{
	struct ringwall_model *m = l->to;
	size_t tampered = 0;

	for (size_t i = 0; i < l->n; i++) {
		uint32_t bit = l->seen[i].rule;

		switch (l->seen[i].object->set) {
		case RINGWALL_SET_FAMILY:
			allow_bit(&m->families, bit);
			break;
		case RINGWALL_SET_SOCKET_TYPE:
			allow_bit(&m->socket_types, bit);
			break;
		case RINGWALL_SET_NETLINK:
			allow_bit(&m->netlink, bit);
			break;
		case RINGWALL_SET_KERNEL:
			allow_kernel(&m->kernel, bit);
			break;
		case RINGWALL_SET_CAPABILITY:
			allow_bit(&m->capabilities, bit);
			break;
		case RINGWALL_SET_TAMPER:
			tampered++;
			break;
		}
	}
	if (tampered)
		ringwall_learn_note(l, "%zu attempts at Ringwall's own objects stay refused: no policy allows them",
				    tampered);
}

static bool device_matches(const struct ringwall_device_rule *r, const struct ringwall_device_rule *d)
{
	return (r->type == 'a' || r->type == d->type) && (r->major == -1 || r->major == d->major) &&
	       (r->minor == -1 || r->minor == d->minor);
}

/* As the programs do: for each kind of access the last rule that matches decides, and what none matches is not refused. */
static uint8_t device_refused(const struct ringwall_model *m, const struct ringwall_device_rule *d)
{
	uint8_t refused = 0;

	for (const struct ringwall_device_rule *r = m->devices; r < m->devices + m->n_devices; r++)
		if (device_matches(r, d))
			refused = r->allow ? refused & ~r->access : refused | r->access;
	return refused & d->access;
}

/* What is denied is said after what is allowed: a rule in the way loses that kind of access. */
static void clear_devices(struct ringwall_lesson *l, const struct ringwall_device_rule *d)
{
	struct ringwall_model *m = l->to;
	char text[RINGWALL_DEVICE_TEXT];
	size_t n = 1;

	for (size_t i = 1; i < m->n_devices; i++) {
		struct ringwall_device_rule r = m->devices[i];

		if (!r.allow && r.access & d->access && device_matches(&r, d)) {
			if (r.type == 'a' || r.major == -1 || r.minor == -1)
				ringwall_learn_note(
					l,
					"the rule that denies '%s' was in the way and is no longer there for what was used: "
					"that is allowed for all devices it meant",
					ringwall_device_text(&r, text));
			r.access &= ~d->access;
		}
		if (r.access)
			m->devices[n++] = r;
	}
	m->n_devices = n;
}

/* Behind the last rule that allows something. */
static void insert_device(struct ringwall_model *m, const struct ringwall_device_rule *d)
{
	size_t at = 1;

	for (; at < m->n_devices && m->devices[at].allow; at++) {
		struct ringwall_device_rule *r = &m->devices[at];

		if (r->type == d->type && r->major == d->major && r->minor == d->minor) {
			r->access |= d->access;
			return;
		}
	}
	memmove(&m->devices[at + 1], &m->devices[at], (m->n_devices - at) * sizeof(*d));
	m->devices[at] = *d;
	m->n_devices++;
}

static void learn_device(struct ringwall_lesson *l, const struct ringwall_seen *seen)
{
	const struct ringwall_object *o = seen->object;
	struct ringwall_device_rule d = { .allow = true,
					  .type = o->arg[0] == BPF_DEVCG_DEV_BLOCK ? 'b' : 'c',
					  .major = o->arg[1],
					  .minor = o->arg[2],
					  .access = (uint8_t)o->arg[3] };
	char text[RINGWALL_DEVICE_TEXT];

	if (seen->rule <= l->n_config_devices)
		ringwall_learn_note(l,
				    "device '%s' stays refused: config.json refuses it, and a policy only narrows that",
				    ringwall_device_text(&d, text));
	d.access = device_refused(l->to, &d);
	if (!d.access)
		return;
	clear_devices(l, &d);
	d.access = device_refused(l->to, &d);
	if (d.access)
		insert_device(l->to, &d);
}

static int learn_devices(struct ringwall_lesson *l)
{
	struct ringwall_model *m = l->to;
	struct ringwall_device_rule *copy;

	if (!m->devices_set)
		return 0;
	copy = ringwall_arena_array(&m->arena, m->n_devices + l->n + 1, sizeof(*copy));
	if (!copy)
		return ringwall_fail(l->e, -ENOMEM, "learn");
	memcpy(copy, m->devices, m->n_devices * sizeof(*copy));
	m->devices = copy;
	for (size_t i = 0; i < l->n; i++)
		if (l->seen[i].object->set == RINGWALL_SET_DEVICE)
			learn_device(l, &l->seen[i]);
	return 0;
}

/* Nothing is left of where things were said: it is all in the new file. */
static void forget_origins(struct ringwall_model *m)
{
	struct ringwall_bits *const bits[] = { &m->families, &m->socket_types, &m->netlink, &m->kernel,
					       &m->capabilities };

	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		bits[i]->origin = (struct ringwall_origin){ 0 };
	m->rules = NULL;
	m->n_rules = 0;
}

/* A seccomp filter tells nobody what it refuses: a policy of what was seen would refuse everything. */
static void forget_sealed(struct ringwall_lesson *l, uint32_t learn)
{
	if (!(learn & SET(SYSCALL)) || l->to->syscalls.mode != RINGWALL_SYSCALLS_SEALED)
		return;
	ringwall_learn_drop(l->to, SET(SYSCALL));
	ringwall_learn_note(l, "system calls are sealed in seccomp, where they cannot be observed: nothing is learnt of them");
}

int ringwall_learn(const struct ringwall_model *from, const struct ringwall_seen *seen, size_t n,
		   size_t n_config_devices, void (*note)(void *data, const char *text), void *data,
		   struct ringwall_model *ret, struct ringwall_err *e)
{
	struct ringwall_model m = *from;
	struct ringwall_lesson l = {
		.to = &m, .seen = seen, .n = n, .n_config_devices = n_config_devices, .note = note, .data = data,
		.learning = from->learn, .e = e
	};
	int err;

	if (!from->learn)
		return ringwall_fail_plain(
			e, -ENODATA,
			"nothing of policy '%.100s' is in learn mode: 'ringwall policy learn --template' "
			"prints one that is",
			from->name);
	m.arena = (struct ringwall_arena){ 0 };
	m.builtin = false;
	m.audit &= ~m.learn;
	m.learn = 0;
	forget_origins(&m);
	learn_bits(&l);
	forget_sealed(&l, from->learn);
	err = learn_devices(&l);
	if (!err)
		err = ringwall_learn_network(&l);
	if (!err)
		err = ringwall_learn_paths(&l);
	if (!err)
		err = ringwall_learn_syscalls(&l);
	if (err < 0) {
		ringwall_arena_free(&m.arena);
		return err;
	}
	*ret = m;
	return 0;
}

void ringwall_learn_drop(struct ringwall_model *m, uint32_t sets)
{
	struct ringwall_net_list *const lists[] = { &m->egress, &m->ingress, &m->bind };
	struct ringwall_bits *const bits[] = { &m->families, &m->socket_types, &m->netlink };

	for (uint32_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (sets >> (RINGWALL_SET_EGRESS + i) & 1)
			*lists[i] = (struct ringwall_net_list){ 0 };
	for (uint32_t i = 0; i < ARRAY_SIZE(bits); i++)
		if (sets >> (RINGWALL_SET_FAMILY + i) & 1)
			*bits[i] = (struct ringwall_bits){ 0 };
	if (sets & SET(DEVICE)) {
		m->devices_set = false;
		m->n_devices = 0;
	}
	if (sets & (SET(FILE) | SET(EXEC))) {
		m->files_set = m->exec_set = m->files_deny = m->exec_deny = false;
		m->path_default = 0;
		m->n_path_rules = 0;
	}
	if (sets & SET(KERNEL))
		m->kernel = (struct ringwall_bits){ 0 };
	if (sets & SET(CAPABILITY))
		m->capabilities = (struct ringwall_bits){ 0 };
	if (sets & SET(SYSCALL))
		m->syscalls = (struct ringwall_syscall_list){ 0 };
}

_Static_assert(RINGWALL_SET_INGRESS == RINGWALL_SET_EGRESS + 1 && RINGWALL_SET_BIND == RINGWALL_SET_EGRESS + 2 &&
		       RINGWALL_SET_SOCKET_TYPE == RINGWALL_SET_FAMILY + 1 &&
		       RINGWALL_SET_NETLINK == RINGWALL_SET_FAMILY + 2,
	       "the tables above are in their order");

static const char template[] =
	"{\n"
	"  \"version\": 1,\n"
	"  \"name\": \"learn\",\n"
	"  \"description\": \"Refuses nothing and records everything; 'ringwall policy learn' makes a policy of the records.\",\n"
	"  \"mode\": \"learn\",\n"
	"  \"onUnsupported\": \"warn\",\n"
	"  \"devices\": {\"default\": \"deny\"},\n"
	"  \"network\": {\n"
	"    \"egress\": {\"default\": \"deny\"},\n"
	"    \"ingress\": {\"default\": \"deny\"},\n"
	"    \"bind\": {\"default\": \"deny\"},\n"
	"    \"families\": [],\n"
	"    \"types\": [],\n"
	"    \"netlink\": []\n"
	"  },\n"
	"  \"files\": {\"default\": \"deny\", \"rules\": []},\n"
	"  \"exec\": {\"default\": \"deny\"},\n"
	"  \"kernel\": {\n"
	"    \"mount\": \"deny\", \"umount\": \"deny\", \"pivot_root\": \"deny\", \"ptrace\": \"deny\", \"signal\": \"deny\",\n"
	"    \"bpf\": \"deny\", \"perf\": \"deny\", \"keys\": \"deny\", \"module\": \"deny\", \"firmware\": \"deny\", \"kexec\": \"deny\",\n"
	"    \"userns\": \"deny\", \"io_uring\": \"deny\", \"userfaultfd\": \"deny\", \"unix_abstract\": \"deny\", \"syslog\": \"deny\",\n"
	"    \"settime\": \"deny\", \"memfd_exec\": \"deny\"\n"
	"  },\n"
	"  \"capabilities\": {\"default\": \"deny\"}\n"
	"}\n";

const char *ringwall_learn_template(size_t *ret_len)
{
	*ret_len = sizeof(template) - 1;
	return template;
}
