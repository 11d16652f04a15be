// SPDX-License-Identifier: LGPL-2.1-or-later
#include "amend.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../lib/json.h"
#include "text.h"

enum what { NET, PORTS, PATH, WORD, SYSCALL };

/*
 * A list of a policy, {"allow": […], "deny": […]}, and the changes that add to it: allow-NAME, deny-NAME.
 * @set: the member of struct ringwall_model that says whether a policy has that list, a bool
 */
static const struct list {
	const char *object, *member, *name;
	enum what what;
	size_t set;
} lists[] = {
	{ "network", "egress", "egress", NET, offsetof(struct ringwall_model, egress.set) },
	{ "network", "ingress", "ingress", NET, offsetof(struct ringwall_model, ingress.set) },
	{ "network", "bind", "bind", PORTS, offsetof(struct ringwall_model, bind.set) },
	{ "files", "rules", "path", PATH, offsetof(struct ringwall_model, files_set) },
	{ NULL, "exec", "exec", WORD, offsetof(struct ringwall_model, exec_set) },
	{ NULL, "devices", "device", WORD, offsetof(struct ringwall_model, devices_set) },
	{ NULL, "capabilities", "capability", WORD, offsetof(struct ringwall_model, capabilities.set) },
	{ NULL, "syscalls", "syscall", SYSCALL, offsetof(struct ringwall_model, syscalls.set) },
};

struct amend {
	const char *const *changes;
	const struct ringwall_model *m;
	struct ringwall_json_out out;
	struct ringwall_err *e;
};

/* What follows "VERB-NAME=", or NULL. */
static const char *value_of(const char *change, const char *verb, const char *name)
{
	size_t v = strlen(verb), n = strlen(name);

	if (strncmp(change, verb, v) || change[v] != '-' || strncmp(change + v + 1, name, n) ||
	    change[v + 1 + n] != '=')
		return NULL;
	return change + v + n + 2;
}

static bool is_said(const struct amend *a, const char *verb, const char *name)
{
	for (const char *const *c = a->changes; *c; c++)
		if (value_of(*c, verb, name))
			return true;
	return false;
}

static bool is_list_said(const struct amend *a, const struct list *l)
{
	return is_said(a, "allow", l->name) || is_said(a, "deny", l->name);
}

static void put_origin(struct amend *a)
{
	ringwall_json_out_str(&a->out, "origin", RINGWALL_AMEND_ORIGIN);
}

/* "443,8000-8100" as [443, "8000-8100"] */
static int put_ports(struct amend *a, const char *ports)
{
	size_t digits = strspn(ports, "0123456789,-");

	if (!*ports || ports[digits])
		return ringwall_fail_plain(a->e, -EINVAL, "'%s': ports look like 443,8000-8100", ports);
	ringwall_json_out_array(&a->out, "ports");
	while (*ports) {
		char one[24];
		size_t len = strcspn(ports, ",");

		snprintf(one, sizeof(one), "%.*s", (int)len, ports);
		if (len && len < 6 && strspn(one, "0123456789") == len && (one[0] != '0' || len == 1))
			ringwall_json_out_raw(&a->out, NULL, one, len);
		else
			ringwall_json_out_str(&a->out, NULL, one); /* a range, or for the parser to complain about */
		ports += len;
		ports += *ports == ',';
	}
	ringwall_json_out_end(&a->out, ']');
	return 0;
}

/* "tcp/" and the like; what follows it. */
static const char *put_protocol(struct amend *a, const char *s)
{
	for (const struct ringwall_word *w = ringwall_protocol_names; w->name; w++) {
		size_t len = strlen(w->name);

		if (strncmp(s, w->name, len) || s[len] != '/')
			continue;
		ringwall_json_out_str(&a->out, "proto", w->name);
		return s + len + 1;
	}
	return s;
}

/* Without brackets, as policies have it. */
static void put_target(struct amend *a, const char *s, size_t len)
{
	uint8_t family, prefix, address[16];
	char text[256];
	size_t n = 0;

	for (size_t i = 0; i < len && n < sizeof(text) - 1; i++)
		if (s[i] != '[' && s[i] != ']')
			text[n++] = s[i];
	text[n] = '\0';
	if (!n || !strcmp(text, "*"))
		return;
	ringwall_json_out_str(
		&a->out,
		ringwall_address_parse(text, &family, address, &prefix) || len >= sizeof(text) ? "name" : "cidr", text);
}

/* Where the colon before the ports is; without brackets an address with more than one colon has none. */
static const char *ports_of(const char *s)
{
	const char *close = strchr(s, ']'), *colon = strchr(close ?: s, ':');

	return !close && colon && strchr(colon + 1, ':') ? NULL : colon;
}

static int put_net(struct amend *a, const char *s)
{
	const char *ports;
	int err = 0;

	ringwall_json_out_object(&a->out, NULL);
	s = put_protocol(a, s);
	ports = ports_of(s);
	put_target(a, s, ports ? (size_t)(ports - s) : strlen(s));
	if (ports)
		err = put_ports(a, ports + 1);
	put_origin(a);
	ringwall_json_out_end(&a->out, '}');
	return err;
}

static int put_bind(struct amend *a, const char *s)
{
	int err;

	ringwall_json_out_object(&a->out, NULL);
	err = put_ports(a, put_protocol(a, s));
	put_origin(a);
	ringwall_json_out_end(&a->out, '}');
	return err;
}

static int put_path(struct amend *a, const char *verb, const char *s)
{
	const char *colon = strrchr(s, ':');
	char path[4096];

	if (!colon || (size_t)(colon - s) >= sizeof(path))
		return ringwall_fail_plain(a->e, -EINVAL, "'%s': wanted is PATH:RIGHTS, such as /srv/data/**:rw", s);
	snprintf(path, sizeof(path), "%.*s", (int)(colon - s), s);
	ringwall_json_out_object(&a->out, NULL);
	ringwall_json_out_str(&a->out, "path", path);
	ringwall_json_out_str(&a->out, verb, colon + 1);
	put_origin(a);
	ringwall_json_out_end(&a->out, '}');
	return 0;
}

static int put_word(struct amend *a, const char *s)
{
	ringwall_json_out_object(&a->out, NULL);
	ringwall_json_out_str(&a->out, "rule", s);
	put_origin(a);
	ringwall_json_out_end(&a->out, '}');
	return 0;
}

/* A name, or a number. */
static void put_errno(struct amend *a, const char *s)
{
	uint32_t n;
	const char *end = s;

	if (ringwall_digits_parse(&end, UINT16_MAX, &n) && !*end)
		ringwall_json_out_u64(&a->out, "errno", n);
	else
		ringwall_json_out_str(&a->out, "errno", s);
}

/* "keyctl,add_key:ENOSYS" */
static int put_syscall(struct amend *a, const char *verb, const char *s)
{
	const char *colon = strchr(s, ':');

	if (colon && strcmp(verb, "deny"))
		return ringwall_fail_plain(a->e, -EINVAL, "'%s': an error is for what is denied", s);
	ringwall_json_out_object(&a->out, NULL);
	ringwall_json_out_array(&a->out, "names");
	for (;;) {
		size_t n = strcspn(s, ",:");
		char name[64];

		snprintf(name, sizeof(name), "%.*s", (int)n, s);
		ringwall_json_out_str(&a->out, NULL, name);
		if (s[n] != ',')
			break;
		s += n + 1;
	}
	ringwall_json_out_end(&a->out, ']');
	if (colon)
		put_errno(a, colon + 1);
	put_origin(a);
	ringwall_json_out_end(&a->out, '}');
	return 0;
}

static int put_rule(struct amend *a, const struct list *l, const char *verb, const char *s)
{
	switch (l->what) {
	case NET:
		return put_net(a, s);
	case PORTS:
		return put_bind(a, s);
	case PATH:
		return put_path(a, verb, s);
	case SYSCALL:
		return put_syscall(a, verb, s);
	default:
		return put_word(a, s);
	}
}

/* Rules of one verb, in the order given. */
static int put_rules(struct amend *a, const struct list *l, const char *verb)
{
	int err = 0;

	for (const char *const *c = a->changes; *c && !err; c++) {
		const char *value = value_of(*c, verb, l->name);

		if (value)
			err = put_rule(a, l, verb, value);
	}
	return err;
}

/* Does the policy that is extended say anything there? If not, a first "allow" would refuse all the rest. */
static bool is_restricted(const struct ringwall_model *m, const struct list *l)
{
	return m && *(const bool *)((const char *)m + l->set);
}

static int put_list(struct amend *a, const struct list *l)
{
	int err = 0;

	ringwall_json_out_object(&a->out, l->what == PATH ? l->object : l->member);
	if (!is_restricted(a->m, l))
		ringwall_json_out_str(&a->out, "default", "allow");
	if (l->what == PATH) {
		ringwall_json_out_array(&a->out, l->member);
		err = put_rules(a, l, "allow");
		if (!err)
			err = put_rules(a, l, "deny");
		ringwall_json_out_end(&a->out, ']');
	}
	for (int deny = 0; deny < 2 && !err && l->what != PATH; deny++) {
		const char *verb = deny ? "deny" : "allow";

		if (!is_said(a, verb, l->name))
			continue;
		ringwall_json_out_array(&a->out, verb);
		err = put_rules(a, l, verb);
		ringwall_json_out_end(&a->out, ']');
	}
	ringwall_json_out_end(&a->out, '}');
	return err;
}

static int put_lists(struct amend *a)
{
	bool network = false;
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(lists) && !err; i++) {
		const struct list *l = &lists[i];
		bool in = l->object && l->what != PATH;

		if (network && !in) {
			ringwall_json_out_end(&a->out, '}');
			network = false;
		}
		if (!is_list_said(a, l))
			continue;
		if (in && !network) {
			ringwall_json_out_object(&a->out, l->object);
			network = true;
		}
		err = put_list(a, l);
	}
	return err;
}

/* The value behind "WORD=", or NULL. */
static const char *plain_value(const char *change, const char *word)
{
	size_t len = strlen(word);

	return strncmp(change, word, len) || change[len] != '=' ? NULL : change + len + 1;
}

static int put_kernel(struct amend *a)
{
	bool open = false;

	for (const char *const *c = a->changes; *c; c++) {
		const char *s = plain_value(*c, "kernel"), *equals = s ? strchr(s, '=') : NULL;
		char key[32];

		if (!s)
			continue;
		if (!equals || (size_t)(equals - s) >= sizeof(key))
			return ringwall_fail_plain(a->e, -EINVAL, "'%s': wanted is KEY=VALUE, such as mount=deny", s);
		snprintf(key, sizeof(key), "%.*s", (int)(equals - s), s);
		if (!open)
			ringwall_json_out_object(&a->out, "kernel");
		open = true;
		ringwall_json_out_object(&a->out, key);
		ringwall_json_out_str(&a->out, "value", equals + 1);
		put_origin(a);
		ringwall_json_out_end(&a->out, '}');
	}
	if (open)
		ringwall_json_out_end(&a->out, '}');
	return 0;
}

static void put_modes(struct amend *a, const char *classes, const char *mode)
{
	while (*classes) {
		char class[32];
		size_t len = strcspn(classes, ",");

		snprintf(class, sizeof(class), "%.*s", (int)len, classes);
		ringwall_json_out_str(&a->out, class, mode);
		classes += len;
		classes += *classes == ',';
	}
}

static void put_mode(struct amend *a)
{
	static const char *const modes[] = { "audit", "learn", "enforce" };
	bool open = false;

	for (const char *const *c = a->changes; *c; c++)
		for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
			const char *classes = plain_value(*c, modes[i]);

			if (!classes)
				continue;
			if (!open)
				ringwall_json_out_object(&a->out, "mode");
			open = true;
			put_modes(a, classes, modes[i]);
		}
	if (open)
		ringwall_json_out_end(&a->out, '}');
}

static bool is_known(const char *change)
{
	static const char *const words[] = { "kernel", "audit", "learn", "enforce" };

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (value_of(change, "allow", lists[i].name) || value_of(change, "deny", lists[i].name))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (plain_value(change, words[i]))
			return true;
	return false;
}

int ringwall_amend_build(const char *const *changes, const char *base, const struct ringwall_model *m, char **ret,
			 size_t *ret_len, struct ringwall_err *e)
{
	struct amend a = { .changes = changes, .m = m, .e = e };
	char *text;
	int err;

	for (const char *const *c = changes; *c; c++)
		if (!is_known(*c))
			return ringwall_fail_plain(e, -EINVAL, "'%s' is no change to a policy", *c);
	ringwall_json_out_object(&a.out, NULL);
	ringwall_json_out_u64(&a.out, "version", 1);
	if (base)
		ringwall_json_out_str(&a.out, "extends", base);
	if (m && m->name)
		ringwall_json_out_str(&a.out, "name", m->name);
	put_mode(&a);
	err = put_lists(&a);
	if (!err)
		err = put_kernel(&a);
	ringwall_json_out_end(&a.out, '}');
	text = ringwall_json_out_take(&a.out, ret_len);
	if (err < 0) {
		free(text);
		return err;
	}
	if (!text)
		return ringwall_fail(e, -ENOMEM, "policy");
	*ret = text;
	return 0;
}
