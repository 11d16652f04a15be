/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_CHECKPOINT_PROTOBUF_H
#define RINGWALL_CHECKPOINT_PROTOBUF_H

/*
 * As much of the protocol buffers wire format as CRIU's RPC needs: varints, strings, messages in messages.
 * Source: protobuf.dev "Encoding".
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A message that is being written; zero-initialised is an empty one. Memory errors are sticky. */
struct ringwall_protobuf {
	unsigned char *buf;
	size_t len, size;
	bool failed;
};

/** ringwall_protobuf_varint() - bool, enum, uint or int32 member; negative numbers take ten bytes. */
void ringwall_protobuf_varint(struct ringwall_protobuf *p, uint32_t number, int64_t value);
/** ringwall_protobuf_string() - string or bytes member; NULL is left out. */
void ringwall_protobuf_string(struct ringwall_protobuf *p, uint32_t number, const char *s);
/** ringwall_protobuf_message() - @m as a member, which is freed. */
void ringwall_protobuf_message(struct ringwall_protobuf *p, uint32_t number, struct ringwall_protobuf *m);
void ringwall_protobuf_free(struct ringwall_protobuf *p);

/**
 * struct ringwall_protobuf_field - one member read.
 * @data: NULL for a number, which is @value; else @len bytes, not terminated, inside the message
 */
struct ringwall_protobuf_field {
	uint32_t number;
	uint64_t value;
	const unsigned char *data;
	size_t len;
};

/** ringwall_protobuf_next() - the member at *@at, which moves on. Return: 1, 0 at the end, -EBADMSG. */
int ringwall_protobuf_next(const unsigned char **at, const unsigned char *end, struct ringwall_protobuf_field *ret);

#endif
