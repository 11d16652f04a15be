/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_PARSE_H
#define RINGWALL_POLICY_PARSE_H

/*
 * From a policy file to struct ringwall_model, in three steps: documents are read by tables (oci/fields.h) into lists of
 * entries, the extended one first; then rules.c makes arrays with numbers of them. Used by parse*.c, rules.c and select.c alone.
 */

#include <sys/types.h>

#include "../oci/fields.h"
#include "model.h"

#define RINGWALL_POLICY_TEXT_MAX (16u * 1024 * 1024)
#define RINGWALL_EXTENDS_MAX 8
#define RINGWALL_NET_RULES_MAX (1u << 18)    /* allowed, and denied, of one list */
#define RINGWALL_PATH_RULES_MAX 60000u	     /* struct ringwall_path has 16 bits for a number */
#define RINGWALL_SYSCALL_RULES_MAX 16384u    /* allowed, and denied */
#define RINGWALL_POLICY_DEVICES_MAX 4000u    /* below RINGWALL_DEVICE_RULES_MAX, with config.json's own beside them */

/** struct ringwall_guard - whose files may be read: @owner's, and only where nobody else can write to them. */
struct ringwall_guard {
	uid_t owner;
};

struct ringwall_entry {
	struct ringwall_origin origin;
	union {
		struct ringwall_net_rule net;
		struct ringwall_path_rule path;
		struct ringwall_device_rule device;
		struct ringwall_syscall_rule syscall;
		unsigned int bit;
	};
};

/* In file order; grows in the arena. */
struct ringwall_entries {
	struct ringwall_entry *v;
	size_t n, room;
};

enum ringwall_default {
	RINGWALL_DEFAULT_UNSAID, /* deny where there is an "allow", else allow */
	RINGWALL_DEFAULT_ALLOW,
	RINGWALL_DEFAULT_DENY,
};

/** struct ringwall_list_kind - what elements a list has. @parse fills @entry, origin included; @max: of allow, and of deny */
struct ringwall_list_kind {
	uint32_t set;
	size_t max;
	int (*parse)(struct ringwall_reader *r, const struct ringwall_json *v, struct ringwall_entry *entry);
};

/**
 * struct ringwall_list - {"default", "allow", "deny"} as read so far; "rules" of files are in @allow.
 * @said, @origin: the default and where it stands; unsaid: where the list began
 * @has_allow: there was a member "allow", empty perhaps
 */
struct ringwall_list {
	const struct ringwall_list_kind *kind;
	bool set, has_allow;
	uint8_t said;
	struct ringwall_origin origin, given; /* @given: by "defaultOrigin" */
	bool has_given;
	struct ringwall_entries allow, deny;
};

/** struct ringwall_match - "match": which containers a file of policy.d is for. All that is said must hold. */
struct ringwall_match {
	bool set;
	struct ringwall_pairs annotations; /* key and glob */
	const char *image;		   /* glob */
};

struct ringwall_parse_link;

/**
 * struct ringwall_parse - everything while it is read.
 * @r: first, so that it can be found from it; @r.c is @doc, and @r.name the file's name, in the arena
 * @doc: the reader's arena and text
 * @m: what needs no list; its arena stays empty until the end, when it takes @doc's
 * @at, @line, @line_start: a place in the text and its line: where looking for a later place can go on
 * @chain: the files that are being read, the innermost first
 */
struct ringwall_parse {
	struct ringwall_reader r;
	struct ringwall_config doc;
	struct ringwall_model m;
	struct ringwall_list devices, egress, ingress, bind, capabilities, files, exec, syscalls;
	struct ringwall_origin kernel[RINGWALL_KERNEL_BITS];
	struct ringwall_match match;
	const struct ringwall_guard *guard;
	const struct ringwall_parse_link *chain;
	size_t at, line_start;
	unsigned int line;
};

static inline struct ringwall_parse *ringwall_parse_of(struct ringwall_reader *r)
{
	return (struct ringwall_parse *)r;
}

/** struct ringwall_policy_text - a document and what it is. @builtin: of the name @name */
struct ringwall_policy_text {
	const char *text, *name;
	size_t len;
	bool builtin;
	dev_t dev; /* of its file, 0: none */
	ino_t ino;
};

/** ringwall_model_read() - ringwall_model_parse() with @guard (may be NULL) over the files that are extended. */
int ringwall_model_read(const struct ringwall_policy_text *text, const struct ringwall_guard *guard,
			struct ringwall_model *ret, struct ringwall_err *e);

/**
 * ringwall_policy_text_fd() - read a policy from @fd, guarded or not.
 * @name: for messages; not copied
 * @regular: nothing but a regular file will do
 * @ret: @ret->text is to be freed
 */
int ringwall_policy_text_fd(int fd, const char *name, bool regular, const struct ringwall_guard *guard,
			    struct ringwall_policy_text *ret, struct ringwall_err *e);

/** ringwall_guard_check() - -EPERM unless @fd, called @name in the message, is the guard's. */
int ringwall_guard_check(const struct ringwall_guard *guard, int fd, const char *name, struct ringwall_err *e);

/** ringwall_match_read() - nothing but "match" of a policy. @a: owns what @ret points to */
int ringwall_match_read(struct ringwall_config *doc, const struct ringwall_policy_text *text, struct ringwall_match *ret,
			struct ringwall_err *e);

/* For the parsers of the members. */

/** ringwall_parse_place() - where @v stands. */
struct ringwall_origin ringwall_parse_place(struct ringwall_reader *r, const struct ringwall_json *v);

/** ringwall_parse_fail_bound() - -E2BIG, as ringwall_reader_fail(). */
int ringwall_parse_fail_bound(struct ringwall_reader *r, const struct ringwall_json *v, const char *what, size_t max);

/**
 * ringwall_parse_rule() - a string, or {"rule": string, "origin": "…"}.
 * @ret: the string's value
 * @ret_origin: "origin", or the place of @v
 */
int ringwall_parse_rule(struct ringwall_reader *r, const struct ringwall_json *v, const struct ringwall_json **ret,
			struct ringwall_origin *ret_origin);

/** ringwall_parse_setting() - the same with "value", which is of @type and no object. */
int ringwall_parse_setting(struct ringwall_reader *r, enum ringwall_json_type type, const struct ringwall_json *v,
			   const struct ringwall_json **ret, struct ringwall_origin *ret_origin);

/** ringwall_parse_text_check() - -EINVAL where string @v has characters that do something to a terminal. */
int ringwall_parse_text_check(struct ringwall_reader *r, const struct ringwall_json *v);

ringwall_field_fn ringwall_parse_origin; /* struct ringwall_origin of "FILE:LINE:COLUMN" */
ringwall_field_fn ringwall_parse_list;	 /* struct ringwall_list; @more is its kind */
ringwall_field_fn ringwall_parse_rules;	 /* the same with "rules", or an array of them */
ringwall_field_fn ringwall_parse_syscalls; /* struct ringwall_parse, whatever the row says */

/** ringwall_parse_list_by() - as ringwall_parse_list(), with a table that has RINGWALL_LIST_ROWS and others. */
int ringwall_parse_list_by(struct ringwall_reader *r, const struct ringwall_table *table, const struct ringwall_list_kind *kind,
			   const struct ringwall_json *v, struct ringwall_list *list);

ringwall_field_fn ringwall_list_default, ringwall_list_allow, ringwall_list_deny;

#define RINGWALL_LIST_DEFAULT_ROWS                                                                                     \
	{ .name = "default", .parse = ringwall_list_default },                                                         \
		FIELD(struct ringwall_list, given, "defaultOrigin", ringwall_parse_origin,                             \
		      .has = offsetof(struct ringwall_list, has_given))
#define RINGWALL_LIST_ROWS                                                                                             \
	RINGWALL_LIST_DEFAULT_ROWS, { .name = "allow", .parse = ringwall_list_allow },                                 \
	{                                                                                                              \
		.name = "deny", .parse = ringwall_list_deny                                                            \
	}

extern const struct ringwall_table ringwall_policy_network_table; /* struct ringwall_parse */
extern const struct ringwall_table ringwall_policy_kernel_table;  /* the same */
extern const struct ringwall_table ringwall_match_table;	  /* struct ringwall_match */
extern const struct ringwall_list_kind ringwall_device_list, ringwall_capability_list, ringwall_file_list, ringwall_exec_list;

/** ringwall_list_denies() - the list's default, said or not. */
static inline bool ringwall_list_denies(const struct ringwall_list *list)
{
	return list->said == RINGWALL_DEFAULT_UNSAID ? list->has_allow : list->said == RINGWALL_DEFAULT_DENY;
}

/** ringwall_parse_finish() - rules.c: lists to arrays, numbers and texts of @p->m. */
int ringwall_parse_finish(struct ringwall_parse *p);

#endif
