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

/** ringwall_bpf_write() - set the value of @key; -ENOENT where the map's keys are not made by writing. */
int ringwall_bpf_write(int map_fd, const void *key, const void *value);

/**
 * ringwall_bpf_write_all() - set @n values; on an error some may have been set.
 * Errors: -E2BIG when the map is full.
 */
int ringwall_bpf_write_all(int map_fd, const void *keys, const void *values, uint32_t n);

/** ringwall_bpf_delete_all() - delete @n keys that exist. */
int ringwall_bpf_delete_all(int map_fd, const void *keys, uint32_t n);

/** ringwall_bpf_next_key() - the key after @key (NULL: the first); -ENOENT at the end. */
int ringwall_bpf_next_key(int map_fd, const void *key, void *ret_key);

#endif
