/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_LEARN_H
#define RINGWALL_POLICY_LEARN_H

/*
 * From what was observed to a policy that allows it and, of what the old policy refused, nothing else. Pure: touches
 * nothing but memory. What one run shows is generalised by these rules, and by no other; the man page has them too:
 *
 * - Addresses: RINGWALL_LEARN_HOSTS or more of one /24 (IPv6: /64) that were used with the same protocol and the same
 *   ports become that network. An address that was resolved from a name of the policy becomes the name.
 * - Ports that follow each other become a range.
 * - Paths: RINGWALL_LEARN_FILES or more in one directory that were used in the same way become a "*" there; when
 *   RINGWALL_LEARN_DIRECTORIES or more of its subdirectories became that, with the same rights, they all become "**".
 *   Not for /, /dev, /etc, /home, /proc, /root, /run, /sys and /var themselves, only for what is below them.
 * - A number as a component of a path below /proc becomes *: process ids are others the next time.
 * - A system call that was used is allowed, whatever its arguments were; socketcall and ipc of 32-bit programs are not.
 * - A rule that denies what was used is split around that: the rest of it stays denied.
 */

#include "model.h"

#define RINGWALL_LEARN_HOSTS 8
#define RINGWALL_LEARN_FILES 8
#define RINGWALL_LEARN_DIRECTORIES 4

/**
 * struct ringwall_seen - one observation.
 * @path: in the container, for files; NULL: it cannot be told
 * @name: DNS name that the address was resolved from, as the policy writes it; empty or NULL: none
 */
struct ringwall_seen {
	const struct ringwall_object *object;
	uint32_t rule;
	const char *path, *name;
};

/**
 * struct ringwall_lesson - everything while it is learnt; for learn*.c.
 * @to: in the making; its arena owns what is new
 * @learning: bits 1 << RINGWALL_SET_*: what was in learn mode
 * @note: called with what cannot be allowed, one line each
 */
struct ringwall_lesson {
	struct ringwall_model *to;
	const struct ringwall_seen *seen;
	size_t n;
	size_t n_config_devices;
	void (*note)(void *data, const char *text);
	void *data;
	struct ringwall_err *e;
	uint32_t learning;
};

/**
 * ringwall_learn() - make the policy.
 * @from: what was in force; must outlive @ret, which refers to its strings
 * @seen: @n observations
 * @n_config_devices: config.json's device rules together with those that every container gets, which no policy can overrule
 * @ret: without origins, nothing of it in learn mode; ringwall_model_free() it
 * Errors: -ENODATA nothing of @from is in learn mode; -ENOMEM.
 */
int ringwall_learn(const struct ringwall_model *from, const struct ringwall_seen *seen, size_t n,
		   size_t n_config_devices, void (*note)(void *data, const char *text), void *data,
		   struct ringwall_model *ret, struct ringwall_err *e);

/** ringwall_learn_drop() - take out of @m what it says about @sets (bits): what could not be observed is not refused either. */
void ringwall_learn_drop(struct ringwall_model *m, uint32_t sets);

/** ringwall_learn_template() - a policy to learn with: everything is refused, and in learn mode. */
const char *ringwall_learn_template(size_t *ret_len);

/* The parts of it. */
int ringwall_learn_network(struct ringwall_lesson *l);
int ringwall_learn_paths(struct ringwall_lesson *l);
int ringwall_learn_syscalls(struct ringwall_lesson *l);

/** ringwall_learn_note() - printf to @l->note. */
void ringwall_learn_note(const struct ringwall_lesson *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** ringwall_learn_refused() - RINGWALL_FILE_* that @m refuses for @path, which may have "*" for a name that no rule has. */
uint8_t ringwall_learn_refused(const struct ringwall_model *m, const char *path);

#endif
