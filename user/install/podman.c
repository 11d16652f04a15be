// SPDX-License-Identifier: LGPL-2.1-or-later
/* A drop-in of our own for containers.conf(5): Podman, Buildah and CRI-O's conmon read it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "install.h"

#define HEADER "# Made by 'ringwall install-runtime podman'; containers.conf(5)\n"

int ringwall_install_podman(struct ringwall_install *i, struct ringwall_err *e)
{
	const struct ringwall_install_options *o = i->o;
	char chosen[160] = "";

	if (i->len && strncmp(i->text, HEADER, strlen(HEADER)))
		return ringwall_fail_plain(e, -EEXIST, "not made by ringwall: move it away first");
	if (o->args && o->args[0])
		return ringwall_fail_plain(e, -EOPNOTSUPP,
					   "Podman has no arguments for a runtime: use its --runtime-flag, or an annotation");
	if (o->remove)
		return 0;
	if (o->make_default)
		snprintf(chosen, sizeof(chosen), "runtime = \"%.100s\"\n", o->name);
	/* The list replaces Podman's own, so that has to be in it; without its name in it errors would be read as text. */
	if (asprintf(&i->ret,
		     HEADER "[engine]\n%s"
		     "runtime_supports_json = [\"crun\", \"runc\", \"kata\", \"runsc\", \"youki\", \"krun\", \"%s\"]\n\n"
		     "[engine.runtimes]\n%s = [\"%s\"]\n", chosen, o->name, o->name, o->path) < 0) {
		i->ret = NULL;
		return ringwall_fail(e, -ENOMEM, "containers.conf");
	}
	return 0;
}
