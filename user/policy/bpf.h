/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_POLICY_BPF_H
#define RINGWALL_POLICY_BPF_H

/*
 * bpf(2) as the start of a container needs it: one system call per function and nothing else, no allocation.
 * (libbpf is for loading, load.c; its first call alone makes dozens of system calls.) All return 0 or an fd, or -errno;
 * all fds are close-on-exec, which the kernel sees to.
 */

#include <stddef.h>
#include <stdint.h>

/** ringwall_bpf_get() - an fd for the object pinned at @path. */
int ringwall_bpf_get(const char *path);

/** ringwall_bpf_pin() - pin @fd at @path, which must not exist (-EEXIST). */
int ringwall_bpf_pin(int fd, const char *path);

/**
 * ringwall_bpf_attach() - attach a program to a cgroup, beside whatever else is attached to it or around it.
 * @type: enum bpf_attach_type
 * Return: fd of the link; without a pin the attachment ends when it is closed.
 */
int ringwall_bpf_attach(int prog_fd, int cgroup_fd, unsigned int type);

/** ringwall_bpf_info() - what the kernel says about an object: struct bpf_map_info, bpf_prog_info or bpf_link_info, zeroed. */
int ringwall_bpf_info(int fd, void *info, uint32_t size);

/** ringwall_bpf_write() - set the value of @key; -ENOENT where the map's keys are not made by writing. */
int ringwall_bpf_write(int map_fd, const void *key, const void *value);

/**
 * ringwall_bpf_write_all() - set @n values; on an error some may have been set.
 * Errors: -E2BIG when the map is full.
 */
int ringwall_bpf_write_all(int map_fd, const void *keys, const void *values, uint32_t n);

/** ringwall_bpf_delete() - delete one; -ENOENT. */
int ringwall_bpf_delete(int map_fd, const void *key);

/** ringwall_bpf_read() - the value of @key; -ENOENT. */
int ringwall_bpf_read(int map_fd, const void *key, void *ret_value);

/**
 * ringwall_bpf_read_all() - many entries of a hash map at once.
 * @in: where the call before ended, NULL for the first; @ret_out: where this one did: 4 bytes each
 * @n: in: room in @keys and @values; out: how many there are
 * Errors: -ENOENT with @n set: these were the last; -ENOSPC: a single bucket holds more than @n.
 */
int ringwall_bpf_read_all(int map_fd, const void *in, void *ret_out, void *keys, void *values, uint32_t *n);

/**
 * ringwall_bpf_probe() - would the kernel look at a program of this type? One without instructions, which cannot be loaded.
 * Return: -E2BIG: it would; -EPERM: not for this caller; others: there is no bpf(2).
 */
int ringwall_bpf_probe(unsigned int prog_type);

/** ringwall_bpf_next_key() - the key after @key (NULL: the first); -ENOENT at the end. */
int ringwall_bpf_next_key(int map_fd, const void *key, void *ret_key);

#endif
