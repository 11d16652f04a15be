// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bpf.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int call(int cmd, union bpf_attr *attr)
{
	long r = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return r < 0 ? -errno : (int)r;
}

static uint64_t ptr(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

int ringwall_bpf_get(const char *path)
{
	union bpf_attr attr = { .pathname = ptr(path) };

	return call(BPF_OBJ_GET, &attr);
}

int ringwall_bpf_pin(int fd, const char *path)
{
	union bpf_attr attr = { .pathname = ptr(path), .bpf_fd = (uint32_t)fd };

	return call(BPF_OBJ_PIN, &attr);
}

int ringwall_bpf_attach(int prog_fd, int cgroup_fd, unsigned int type)
{
	union bpf_attr attr = { .link_create = { .prog_fd = (uint32_t)prog_fd, .target_fd = (uint32_t)cgroup_fd,
						 .attach_type = type } };

	return call(BPF_LINK_CREATE, &attr);
}

int ringwall_bpf_info(int fd, void *info, uint32_t size)
{
	union bpf_attr attr = { .info = { .bpf_fd = (uint32_t)fd, .info_len = size, .info = ptr(info) } };

	return call(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

int ringwall_bpf_write(int map_fd, const void *key, const void *value)
{
	union bpf_attr attr = { .map_fd = (uint32_t)map_fd, .key = ptr(key), .value = ptr(value), .flags = BPF_ANY };

	return call(BPF_MAP_UPDATE_ELEM, &attr);
}

int ringwall_bpf_write_all(int map_fd, const void *keys, const void *values, uint32_t n)
{
	union bpf_attr attr = { .batch = { .map_fd = (uint32_t)map_fd, .keys = ptr(keys), .values = ptr(values),
					   .count = n } };

	return call(BPF_MAP_UPDATE_BATCH, &attr);
}

int ringwall_bpf_delete(int map_fd, const void *key)
{
	union bpf_attr attr = { .map_fd = (uint32_t)map_fd, .key = ptr(key) };

	return call(BPF_MAP_DELETE_ELEM, &attr);
}

int ringwall_bpf_read(int map_fd, const void *key, void *ret_value)
{
	union bpf_attr attr = { .map_fd = (uint32_t)map_fd, .key = ptr(key), .value = ptr(ret_value) };

	return call(BPF_MAP_LOOKUP_ELEM, &attr);
}

int ringwall_bpf_read_all(int map_fd, const void *in, void *ret_out, void *keys, void *values, uint32_t *n)
{
	union bpf_attr attr = { .batch = { .map_fd = (uint32_t)map_fd, .in_batch = ptr(in), .out_batch = ptr(ret_out),
					   .keys = ptr(keys), .values = ptr(values), .count = *n } };
	int err = call(BPF_MAP_LOOKUP_BATCH, &attr);

	*n = attr.batch.count;
	return err;
}

int ringwall_bpf_probe(unsigned int prog_type)
{
	union bpf_attr attr = { .prog_type = prog_type, .license = ptr("GPL") };

	return call(BPF_PROG_LOAD, &attr);
}

int ringwall_bpf_next_key(int map_fd, const void *key, void *ret_key)
{
	union bpf_attr attr = { .map_fd = (uint32_t)map_fd, .key = ptr(key), .next_key = ptr(ret_key) };

	return call(BPF_MAP_GET_NEXT_KEY, &attr);
}
