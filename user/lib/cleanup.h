/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_CLEANUP_H
#define RINGWALL_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define _cleanup_(f) __attribute__((cleanup(f)))

/* Hand ownership over: the variable is left empty, so that its cleanup does nothing. */
#define TAKE_PTR(p) ({ typeof(p) taken_ = (p); (p) = NULL; taken_; })
#define TAKE_FD(fd) ({ int taken_ = (fd); (fd) = -1; taken_; })

static inline void ringwall_fd_close(int *fd)
{
	if (*fd >= 0) {
		int saved = errno;

		close(*fd);
		errno = saved;
		*fd = -1;
	}
}

static inline void ringwall_ptr_free(void *p)
{
	free(*(void **)p);
}

static inline void ringwall_dir_close(DIR **d)
{
	if (*d)
		closedir(*d);
}

#define _cleanup_fd_ _cleanup_(ringwall_fd_close)
#define _cleanup_free_ _cleanup_(ringwall_ptr_free)
#define _cleanup_dir_ _cleanup_(ringwall_dir_close)

#endif
