/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_DESCRIBE_H
#define RINGWALL_POLICY_DESCRIBE_H

/* What the kernel has written down, in words: as one line of text, and as JSON. Pure: touches nothing but memory. */

#include "../lib/json.h"
#include "model.h"
#include "place.h"
#include "text.h"

/**
 * struct ringwall_about - what must be known to put a container's events into words.
 * @id: of the container
 * @name: what its caller calls it; NULL: nothing else
 * @model: the policy that an event names; NULL: config.json alone, or it is not to be had any more
 * @n_devices: rules of config.json's own linux.resources.devices, which come first in the set of devices
 * @places: where the container's mounts lie; NULL or empty: not known
 * @boot: ns since the epoch when the machine booted
 */
struct ringwall_about {
	const char *id, *name;
	const struct ringwall_model *model;
	size_t n_devices;
	const struct ringwall_places *places;
	int64_t boot;
};

/** struct ringwall_rule_words - "egress deny 10.0.0.0/8 tcp 443" and "web.json:12:5"; an empty @origin: nobody wrote it. */
struct ringwall_rule_words {
	char text[512], origin[RINGWALL_ORIGIN_TEXT];
};

/** ringwall_describe_rule() - what (set, number) of an event or a counter is. */
void ringwall_describe_rule(const struct ringwall_about *a, uint32_t set, uint32_t number,
			    struct ringwall_rule_words *ret);

/** ringwall_describe_rule_json() - the same as the member "rule" of an object that the caller has opened. @w: its words */
void ringwall_describe_rule_json(uint32_t set, uint32_t number, const struct ringwall_rule_words *w,
				 struct ringwall_json_out *o);

/**
 * ringwall_object_path() - the path in @o as processes of the container see it.
 * @p: NULL or without the mount that it lies on: "[0:45]/etc/shadow", by the number of the file system
 * Return: whether it is the whole path from the container's root.
 */
bool ringwall_object_path(const struct ringwall_object *o, const struct ringwall_places *p, char *ret, size_t size);

/** ringwall_object_has_path() - is it a file that was to be touched? */
bool ringwall_object_has_path(const struct ringwall_object *o);

/** ringwall_path_join() - "/a/b" from names as struct ringwall_object has them. */
void ringwall_path_join(const char *names, size_t names_size, char *ret, size_t size);

/**
 * struct ringwall_told - an event and what had to be asked elsewhere.
 * @exe: path of the program; empty: not known
 * @name: DNS name of the address, empty: none
 */
struct ringwall_told {
	const struct ringwall_event *event;
	char exe[256], name[RINGWALL_NAME_MAX + 2];
};

/**
 * ringwall_describe_text() - one line: "2026-11-26T10:58:43.123Z web sh[812] /bin/busybox: open /etc/shadow r: denied
 * EPERM: file deny /etc/shadow rw (web.json:14:3)". To be freed, NULL when memory is out.
 */
char *ringwall_describe_text(const struct ringwall_told *t, const struct ringwall_about *a);

/** ringwall_describe_json() - the same as the members of an object that the caller has opened. */
void ringwall_describe_json(const struct ringwall_told *t, const struct ringwall_about *a, struct ringwall_json_out *o);

#endif
