/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_INSTALL_INSTALL_H
#define RINGWALL_INSTALL_INSTALL_H

/* Ringwall as a runtime in the configuration of those who call it. */

#include "../lib/ringwall.h"

#define RINGWALL_INSTALL_NAME_MAX 100

/**
 * struct ringwall_install - one change of one file.
 * @o: what the user wants; all members set, and names and arguments without quotes
 * @text: the file as it is, "" where there is none; @len its length
 * @ret: the file as it is to be, to be freed; NULL: it goes
 * @note: what else the user should know; NULL: nothing
 */
struct ringwall_install {
	const struct ringwall_install_options *o;
	const char *text;
	size_t len;
	char *ret;
	const char *note;
};

/**
 * struct ringwall_caller - one row.
 * @file: its configuration
 * @after: what systemctl is to do when that has changed
 * @after_remove: the same of its removal; NULL: as @after
 * @takes_args: it has a place for arguments of a runtime
 * @takes_manager: and for who makes a runtime's cgroups; others say that of all their runtimes, elsewhere
 * @edit: fills @ret of its argument. Errors: -EINVAL the file cannot be understood; -EEXIST it has such a runtime of somebody
 *	else's making; -EBUSY somebody else made it the default. Pure.
 */
struct ringwall_caller {
	const char *name, *file, *after, *after_remove;
	bool takes_args, takes_manager;
	int (*edit)(struct ringwall_install *i, struct ringwall_err *e);
};

int ringwall_install_docker(struct ringwall_install *i, struct ringwall_err *e);
int ringwall_install_podman(struct ringwall_install *i, struct ringwall_err *e);
int ringwall_install_crio(struct ringwall_install *i, struct ringwall_err *e);
int ringwall_install_containerd(struct ringwall_install *i, struct ringwall_err *e);

/** ringwall_install_splice() - bytes @from … @to of *@text become @by. Errors: -ENOMEM, and it is as it was. */
int ringwall_install_splice(char **text, size_t from, size_t to, const char *by);

#endif
