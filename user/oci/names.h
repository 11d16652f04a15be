/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_OCI_NAMES_H
#define RINGWALL_OCI_NAMES_H

#include <stdint.h>

/*
 * The words of config.json and what the kernel calls them. Each table ends with a NULL name, so that `features`
 * can list what the parser takes from the parser's own tables.
 */
struct ringwall_word {
	const char *name;
	uint64_t value;
};

extern const struct ringwall_word ringwall_namespace_names[];       /* enum ringwall_ns_type */
extern const struct ringwall_word ringwall_rlimit_names[];          /* RLIMIT_* */
extern const struct ringwall_word ringwall_propagation_names[];     /* MS_PRIVATE … with MS_REC */
extern const struct ringwall_word ringwall_device_type_names[];     /* 'c', 'b', 'p' */
extern const struct ringwall_word ringwall_device_rule_type_names[]; /* 'a', 'b', 'c' */
extern const struct ringwall_word ringwall_scheduler_policy_names[]; /* SCHED_* */
extern const struct ringwall_word ringwall_scheduler_flag_names[];  /* SCHED_FLAG_* */
extern const struct ringwall_word ringwall_io_class_names[];        /* IOPRIO_CLASS_* */
extern const struct ringwall_word ringwall_memory_mode_names[];     /* MPOL_* */
extern const struct ringwall_word ringwall_memory_flag_names[];     /* MPOL_F_* */
extern const struct ringwall_word ringwall_personality_names[];     /* PER_* */
extern const struct ringwall_word ringwall_seccomp_action_names[];  /* SECCOMP_RET_* */
extern const struct ringwall_word ringwall_seccomp_operator_names[]; /* enum scmp_compare */
extern const struct ringwall_word ringwall_seccomp_arch_names[];    /* SCMP_ARCH_* */
extern const struct ringwall_word ringwall_seccomp_flag_names[];    /* SECCOMP_FILTER_FLAG_* */

/** ringwall_name_find() - the row called @name of @table, or NULL. */
const struct ringwall_word *ringwall_name_find(const struct ringwall_word *table, const char *name);

#endif
