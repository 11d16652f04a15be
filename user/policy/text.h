/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_TEXT_H
#define RINGWALL_POLICY_TEXT_H

/* The words of policies and how rules are written: what the parser reads, messages and `policy show` write. */

#include <stdbool.h>
#include <stdint.h>

#include "../oci/config.h"
#include "../oci/names.h"
#include "model.h"

extern const struct ringwall_word ringwall_family_names[];	/* AF_* below 64 */
extern const struct ringwall_word ringwall_socket_type_names[]; /* SOCK_* */
extern const struct ringwall_word ringwall_netlink_names[];	/* NETLINK_* */
extern const struct ringwall_word ringwall_protocol_names[];	/* IPPROTO_* */

/** ringwall_name_of() - the first word of @table for @value, or NULL. */
const char *ringwall_name_of(const struct ringwall_word *table, uint64_t value);

/** ringwall_protocol_has_ports() - tcp, udp and their like; -1 (any): true */
bool ringwall_protocol_has_ports(int protocol);

#define RINGWALL_ADDRESS_TEXT 64
/** ringwall_address_text() - "10.0.0.0/8"; @prefix -1: without. @buf: RINGWALL_ADDRESS_TEXT bytes */
const char *ringwall_address_text(uint8_t family, const uint8_t *address, int prefix, char *buf);

/** ringwall_address_parse() - "10.1.2.3", "::1" and, where @ret_prefix is not NULL, "10.0.0.0/8"; -EINVAL for anything else. */
int ringwall_address_parse(const char *s, uint8_t *ret_family, uint8_t *ret_address, uint8_t *ret_prefix);

/** ringwall_digits_parse() - a decimal number up to @max, without a leading zero; @s moves behind it. */
bool ringwall_digits_parse(const char **s, uint32_t max, uint32_t *ret);

#define RINGWALL_DEVICE_TEXT 48
/** ringwall_device_text() - "c 1:3 rw". @buf: RINGWALL_DEVICE_TEXT bytes */
const char *ringwall_device_text(const struct ringwall_device_rule *rule, char *buf);

#define RINGWALL_RIGHTS_TEXT 8
/** ringwall_rights_text() - RINGWALL_FILE_* as "rwcdxm". @buf: RINGWALL_RIGHTS_TEXT bytes */
const char *ringwall_rights_text(uint8_t rights, char *buf);

/** ringwall_letters_parse() - letters of @letters, each at most once, to bits @bits; -EINVAL for others and for none. */
int ringwall_letters_parse(const char *s, const char *letters, const uint8_t *bits, uint8_t *ret);
extern const char ringwall_file_letters[], ringwall_device_letters[];
extern const uint8_t ringwall_file_bits[], ringwall_device_bits[];

/** ringwall_kernel_word() - "allow", "inside" or "deny": what the "kernel" member of @bit says when @refused is refused. */
const char *ringwall_kernel_word(uint64_t refused, uint32_t bit);

/** ringwall_errno_find() - number of "EPERM"; 0: no such error. */
int ringwall_errno_find(const char *name);

#define RINGWALL_ERRNO_TEXT 24
/** ringwall_errno_text() - "EPERM", or the number. @buf: RINGWALL_ERRNO_TEXT bytes */
const char *ringwall_errno_text(int error, char *buf);

/** ringwall_errno_put() - member "errno": its name, or the number of one that has none. */
void ringwall_errno_put(int error, struct ringwall_json_out *out);

#define RINGWALL_ORIGIN_TEXT (4096 + 64) /* a path and two numbers */
/** ringwall_origin_text() - "FILE:LINE:COLUMN", or what @file says alone. @buf: RINGWALL_ORIGIN_TEXT bytes */
const char *ringwall_origin_text(const struct ringwall_origin *o, char *buf);

#endif
