/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_SECCOMP_CACHE_H
#define RINGWALL_SECCOMP_CACHE_H

#include "../lib/sha256.h"
#include "filter.h"

/* Compiled filters in a directory, one file each, named by the SHA-256 of what they were compiled from. */

/** More files than this: the oldest go when one is added. */
#define RINGWALL_CACHE_MAX 256

/**
 * ringwall_cache_load() - five system calls when it is there, one when not.
 * @key: SHA-256, the entry's name
 * @ret: prog and notify
 *
 * Return: 0, -ENOENT when there is none, another error for one that is not to be trusted: not a regular file of ours,
 * writable for others, truncated, of another format. The caller compiles then and stores over it.
 */
int ringwall_cache_load(const char *dir, const uint8_t key[RINGWALL_SHA256_SIZE], struct ringwall_filter *ret);

/**
 * ringwall_cache_store() - add or replace, atomically. @dir is made (0700) if it is missing; one that is not ours alone
 * is left untouched (-EPERM). No one needs to care about an error: the filter is just compiled again next time.
 */
int ringwall_cache_store(const char *dir, const uint8_t key[RINGWALL_SHA256_SIZE], const struct ringwall_filter *f);

#endif
