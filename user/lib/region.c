// SPDX-License-Identifier: LGPL-2.1-or-later
#include "region.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cleanup.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

int ringwall_region_open(struct ringwall_region *ret, struct ringwall_err *e)
{
	_cleanup_fd_ int fd = memfd_create("ringwall-config", MFD_CLOEXEC | MFD_NOEXEC_SEAL);
	void *p;

	if (fd < 0 && errno == EINVAL) /* before 6.3 */
		fd = memfd_create("ringwall-config", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || ftruncate(fd, RINGWALL_REGION_SIZE) < 0)
		return ringwall_fail(e, -errno, "shared memory for the container's init");
	p = mmap(RINGWALL_REGION_BASE, RINGWALL_REGION_SIZE, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE, fd, 0);
	if (p == MAP_FAILED)
		return ringwall_fail(e, errno == EEXIST ? -EBUSY : -errno, "map memory for the container's init");
	/* This mapping is the last that can write: init is in the container, and what it gets must not lead back here. */
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
		int r = -errno;

		munmap(p, RINGWALL_REGION_SIZE);
		return ringwall_fail(e, r, "seal memory for the container's init");
	}
	ret->fd = TAKE_FD(fd);
	ret->base = p;
	ret->used = 0;
	return 0;
}

void *ringwall_region_alloc(struct ringwall_region *r, size_t size)
{
	void *p = r->base + r->used;

	if (size > RINGWALL_REGION_SIZE - r->used)
		return NULL;
	r->used += size;
	return p;
}

void ringwall_region_close(struct ringwall_region *r)
{
	if (r->base)
		munmap(r->base, RINGWALL_REGION_SIZE);
	r->base = NULL;
	ringwall_fd_close(&r->fd);
}
