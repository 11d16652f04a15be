// SPDX-License-Identifier: LGPL-2.1-or-later
/* "kernel", "capabilities" and "devices". */
#include "parse.h"

#include <string.h>

#include "text.h"

/* kernel ---------------------------------------------------------------------------------------------------- */

#define BIT(name_) (1ull << RINGWALL_KERNEL_##name_)

enum verdict {
	VERDICT_ALLOW,
	VERDICT_DENY,
	VERDICT_INSIDE,
};

static const struct ringwall_word verdict_names[] = {
	{ "allow", VERDICT_ALLOW },
	{ "deny", VERDICT_DENY },
	{ 0 },
};

static const struct ringwall_word verdict_inside_names[] = {
	{ "allow", VERDICT_ALLOW },
	{ "deny", VERDICT_DENY },
	{ "inside", VERDICT_INSIDE },
	{ 0 },
};

/* @f->max: the bits that "deny" refuses; @f->min: of these, those that "inside" refuses; 0: there is no such value */
static int kernel_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			void *base)
{
	struct ringwall_parse *p = base;
	struct ringwall_bits *bits = &p->m.kernel;
	struct ringwall_origin origin;
	uint64_t verdict, refused;
	int rc = ringwall_parse_setting(r, RINGWALL_JSON_STRING, v, &v, &origin);

	rc = rc ?: ringwall_reader_name(r, v, f->min ? verdict_inside_names : verdict_names, &verdict);
	if (rc)
		return rc;
	refused = verdict == VERDICT_ALLOW ? 0 : verdict == VERDICT_DENY ? f->max : (uint64_t)f->min;
	bits->set = true;
	bits->refused = (bits->refused & ~f->max) | refused;
	bits->allowed = (bits->allowed | f->max) & ~refused;
	for (unsigned int bit = 0; bit < RINGWALL_KERNEL_BITS; bit++)
		if (f->max >> bit & 1)
			p->kernel[bit] = origin;
	return 0;
}

#define KERNEL(name_, bits_)                                                                                           \
	{                                                                                                              \
		.name = (name_), .parse = kernel_parse, .max = (bits_)                                                 \
	}
#define KERNEL_INSIDE(name_, bits_, inside_)                                                                           \
	{                                                                                                              \
		.name = (name_), .parse = kernel_parse, .max = (bits_), .min = (int64_t)(inside_)                      \
	}

static const struct ringwall_field kernel_fields[] = {
	KERNEL("mount", BIT(MOUNT)),
	KERNEL("umount", BIT(UMOUNT)),
	KERNEL("pivot_root", BIT(PIVOT_ROOT)),
	KERNEL_INSIDE("ptrace", BIT(PTRACE) | BIT(PTRACE_OUT), BIT(PTRACE_OUT)),
	KERNEL_INSIDE("signal", BIT(SIGNAL_OUT), BIT(SIGNAL_OUT)),
	KERNEL("bpf", BIT(BPF)),
	KERNEL("perf", BIT(PERF)),
	KERNEL("keys", BIT(KEYS)),
	KERNEL("module", BIT(MODULE)),
	KERNEL("firmware", BIT(FIRMWARE)),
	KERNEL("kexec", BIT(KEXEC)),
	KERNEL("userns", BIT(USERNS)),
	KERNEL("io_uring", BIT(IO_URING)),
	KERNEL("userfaultfd", BIT(USERFAULTFD)),
	KERNEL_INSIDE("unix_abstract", BIT(UNIX_OUT), BIT(UNIX_OUT)),
	KERNEL("syslog", BIT(SYSLOG)),
	KERNEL("settime", BIT(SETTIME)),
	KERNEL("memfd_exec", BIT(MEMFD_EXEC)),
};

/* "kernel": {}: spoken of, if only to say nothing. */
static int kernel_check(struct ringwall_reader *r, const struct ringwall_json *v, void *base)
{
	(void)r;
	(void)v;
	((struct ringwall_parse *)base)->m.kernel.set = true;
	return 0;
}

const struct ringwall_table ringwall_policy_kernel_table = {
	.fields = kernel_fields,
	.n = ARRAY_SIZE(kernel_fields),
	.check = kernel_check,
};

const char *ringwall_kernel_name(uint32_t bit)
{
	for (size_t i = 0; bit < RINGWALL_KERNEL_BITS && i < ARRAY_SIZE(kernel_fields); i++)
		if (kernel_fields[i].max >> bit & 1)
			return kernel_fields[i].name;
	return NULL;
}

const char *ringwall_kernel_word(uint64_t refused, uint32_t bit)
{
	for (size_t i = 0; i < ARRAY_SIZE(kernel_fields); i++) {
		const struct ringwall_field *f = &kernel_fields[i];

		if (!(f->max >> bit & 1))
			continue;
		refused &= f->max;
		return !refused ? "allow" : refused == (uint64_t)f->min ? "inside" : "deny";
	}
	return NULL;
}

/* capabilities ---------------------------------------------------------------------------------------------- */

static int capability_parse(struct ringwall_reader *r, const struct ringwall_json *v, struct ringwall_entry *entry)
{
	const struct ringwall_json *name;
	int rc, n;

	*entry = (struct ringwall_entry){ 0 };
	rc = ringwall_parse_rule(r, v, &name, &entry->origin);
	if (rc)
		return rc;
	n = ringwall_capability_find(name->str);
	if (n < 0 || strcmp(ringwall_capability_name((unsigned int)n), name->str))
		return ringwall_reader_fail(r, name, "must be a capability such as \"%s\", not \"%.40s\"",
					    n < 0 ? "CAP_NET_BIND_SERVICE" : ringwall_capability_name((unsigned int)n),
					    name->str);
	entry->bit = (unsigned int)n;
	return 0;
}

/* More than there are: extended ones may repeat them. */
const struct ringwall_list_kind ringwall_capability_list = { RINGWALL_SET_CAPABILITY, 1024, capability_parse };

/* devices --------------------------------------------------------------------------------------------------- */

/* The 12 and 20 bits that a device number has in the kernel. */
#define MAX_MAJOR 4095
#define MAX_MINOR 1048575
#define DEVICE_HINT                                                                                                    \
	"must be \"TYPE MAJOR:MINOR ACCESS\" such as \"c 1:3 rw\", \"c 136:* rw\" or \"a *:* rwm\", not \"%.60s\""

/* "12" or "*"; @s moves behind it. */
static bool device_number(const char **s, uint32_t max, int64_t *ret)
{
	uint32_t n;

	if (**s == '*') {
		(*s)++;
		*ret = -1;
		return true;
	}
	if (!ringwall_digits_parse(s, max, &n))
		return false;
	*ret = n;
	return true;
}

static bool device_text_parse(const char *s, struct ringwall_device_rule *rule)
{
	rule->type = *s;
	if (!*s || !strchr("abc", *s++) || *s++ != ' ')
		return false;
	if (!device_number(&s, MAX_MAJOR, &rule->major) || *s++ != ':' || !device_number(&s, MAX_MINOR, &rule->minor))
		return false;
	return *s++ == ' ' && !ringwall_letters_parse(s, ringwall_device_letters, ringwall_device_bits, &rule->access);
}

static int device_rule_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			     void *base)
{
	int rc = ringwall_reader_type(r, v, RINGWALL_JSON_STRING);

	(void)f;
	if (rc)
		return rc;
	if (!device_text_parse(v->str, &((struct ringwall_entry *)base)->device))
		return ringwall_reader_fail(r, v, DEVICE_HINT, v->str);
	return 0;
}

static int access_parse(struct ringwall_reader *r, const struct ringwall_field *f, const struct ringwall_json *v,
			void *base)
{
	struct ringwall_device_rule *rule = &((struct ringwall_entry *)base)->device;
	int rc = ringwall_reader_type(r, v, RINGWALL_JSON_STRING);

	(void)f;
	if (rc)
		return rc;
	if (ringwall_letters_parse(v->str, ringwall_device_letters, ringwall_device_bits, &rule->access))
		return ringwall_reader_fail(r, v, "must be made of \"r\", \"w\" and \"m\", each once, not \"%.40s\"",
					    v->str);
	return 0;
}

static int device_check(struct ringwall_reader *r, const struct ringwall_json *v, void *base)
{
	static const char *const parts[] = { "type", "major", "minor", "access" };

	(void)base;
	for (size_t i = 0; ringwall_json_get(v, "rule") && i < ARRAY_SIZE(parts); i++)
		if (ringwall_json_get(v, parts[i]))
			return ringwall_reader_fail_member(r, v, parts[i], "\"rule\" says it already");
	return 0;
}

/* As in config.json, or the text as a member. "allow" is said by the list that it stands in. */
static const struct ringwall_field device_fields[] = {
	FIELD(struct ringwall_entry, device.type, "type", ringwall_field_enum, .more = ringwall_device_rule_type_names),
	FIELD(struct ringwall_entry, device.major, "major", ringwall_field_signed, .min = -1, .max = MAX_MAJOR),
	FIELD(struct ringwall_entry, device.minor, "minor", ringwall_field_signed, .min = -1, .max = MAX_MINOR),
	{ .name = "access", .parse = access_parse },
	{ .name = "rule", .parse = device_rule_parse },
	FIELD(struct ringwall_entry, origin, "origin", ringwall_parse_origin),
};

static const struct ringwall_table device_table = {
	.fields = device_fields,
	.n = ARRAY_SIZE(device_fields),
	.check = device_check,
};

static int device_parse(struct ringwall_reader *r, const struct ringwall_json *v, struct ringwall_entry *entry)
{
	*entry = (struct ringwall_entry){
		.origin = ringwall_parse_place(r, v),
		.device = { .type = 'a', .major = -1, .minor = -1, .access = RINGWALL_ACCESS_ALL },
	};
	return v->type == RINGWALL_JSON_OBJECT ? ringwall_reader_object(r, &device_table, v, entry)
					       : device_rule_parse(r, NULL, v, entry);
}

const struct ringwall_list_kind ringwall_device_list = { RINGWALL_SET_DEVICE, RINGWALL_POLICY_DEVICES_MAX,
							 device_parse };
