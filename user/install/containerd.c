// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * config.toml: tables may stand anywhere in it, so ours are a block at the end, between two lines by which it is found again.
 * Nothing else of the file is understood but its version and which tables begin in it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "install.h"

#define BEGIN "# ringwall: begin; made by 'ringwall install-runtime containerd'\n"
#define END "# ringwall: end\n"

/* What the CRI plugin is called in a configuration of that version. */
static const char *plugin_of(int version)
{
	return version == 2 ? "io.containerd.grpc.v1.cri" : version == 3 ? "io.containerd.cri.v1.runtime" : NULL;
}

/* The value of the line "version = N" before the first table; 0: none, 1 is what containerd takes it for then. */
static int version_of(const char *text)
{
	int version;

	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += strspn(line, "\n \t");
		if (*line == '[')
			break;
		if (sscanf(line, "version = %d", &version) == 1)
			return version;
	}
	return 0;
}

/* Does the table @header begin in @text, at the beginning of a line? */
static bool has_table(const char *text, const char *header)
{
	for (const char *at = text; (at = strstr(at, header)); at++) {
		const char *line = at;

		while (line > text && (line[-1] == ' ' || line[-1] == '\t'))
			line--;
		if (line == text || line[-1] == '\n')
			return true;
	}
	return false;
}

/* The text without our block. */
static char *without_block(const char *text)
{
	const char *begin = strstr(text, BEGIN), *end = begin ? strstr(begin, END) : NULL;
	char *ret;

	if (!end)
		return strdup(text);
	end += strlen(END);
	if (begin - text >= 2 && begin[-1] == '\n' && begin[-2] == '\n')
		begin--; /* the empty line that came with it */
	return asprintf(&ret, "%.*s%s", (int)(begin - text), text, end) < 0 ? NULL : ret;
}

static char *block(const struct ringwall_install_options *o, const char *plugin)
{
	char chosen[256] = "", *ret;

	if (o->make_default)
		snprintf(chosen, sizeof(chosen), "[plugins.\"%s\".containerd]\n  default_runtime_name = \"%.100s\"\n", plugin,
			 o->name);
	if (asprintf(&ret,
		     BEGIN "%s[plugins.\"%s\".containerd.runtimes.%s]\n"
		     "  runtime_type = \"io.containerd.runc.v2\"\n"
		     "  pod_annotations = [\"org.ringwall.*\"]\n"
		     "  container_annotations = [\"org.ringwall.*\"]\n"
		     "[plugins.\"%s\".containerd.runtimes.%s.options]\n"
		     "  BinaryName = \"%s\"\n%s" END,
		     chosen, plugin, o->name, plugin, o->name, o->path, o->systemd_cgroup ? "  SystemdCgroup = true\n" : "") < 0)
		return NULL;
	return ret;
}

static int check(const char *rest, const struct ringwall_install_options *o, const char *plugin, struct ringwall_err *e)
{
	char header[256];

	snprintf(header, sizeof(header), "[plugins.\"%s\".containerd.runtimes.%.100s]", plugin, o->name);
	if (has_table(rest, header))
		return ringwall_fail_plain(e, -EEXIST, "has a runtime '%s' that ringwall did not make", o->name);
	snprintf(header, sizeof(header), "[plugins.\"%s\".containerd]", plugin);
	if (o->make_default && has_table(rest, header))
		return ringwall_fail_plain(e, -EEXIST, "has a table %s already: write default_runtime_name = \"%s\" into that",
					   header, o->name);
	return 0;
}

int ringwall_install_containerd(struct ringwall_install *i, struct ringwall_err *e)
{
	_cleanup_free_ char *rest = without_block(i->text), *ours = NULL;
	const char *plugin;
	size_t len;
	bool empty;
	int r;

	if (!rest)
		return ringwall_fail(e, -ENOMEM, "config.toml");
	if (i->o->args && i->o->args[0])
		return ringwall_fail_plain(e, -EOPNOTSUPP, "containerd has no arguments for a runtime: use an annotation");
	if (i->o->remove) {
		i->ret = TAKE_PTR(rest);
		return 0;
	}
	len = strlen(rest);
	empty = strspn(rest, " \t\r\n") == len;
	plugin = plugin_of(empty ? 2 : version_of(rest));
	if (!plugin)
		return ringwall_fail_plain(e, -EINVAL,
					   "version = 2 or 3 wanted in its first lines: see 'containerd config migrate'");
	r = check(rest, i->o, plugin, e);
	if (r < 0)
		return r;
	ours = block(i->o, plugin);
	if (!ours || asprintf(&i->ret, "%s%s%s%s", empty ? "version = 2\n" : rest, !empty && rest[len - 1] != '\n' ? "\n" : "",
			      len > 1 && rest[len - 1] == '\n' && rest[len - 2] == '\n' ? "" : "\n", ours) < 0) {
		i->ret = NULL;
		return ringwall_fail(e, -ENOMEM, "config.toml");
	}
	return 0;
}
