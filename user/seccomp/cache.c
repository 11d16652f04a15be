// SPDX-License-Identifier: LGPL-2.1-or-later

/*
 * A cached filter is code that confines a container, so an entry is only taken from a file that nobody else could
 * have written, and never half of one: it is written under another name and renamed. The checksum is against what a
 * power failure may leave of a file (blocks of zeroes), not against anyone's intent.
 */

#include "cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../lib/cleanup.h"

#define MAGIC 0x314c4957474e4952ULL /* "RINGWIL1" */
#define NAME_LEN (RINGWALL_SHA256_HEX - 1)

struct header {
	uint64_t magic;
	uint8_t key[RINGWALL_SHA256_SIZE]; /* the name again: a file under another's name is refused */
	uint64_t checksum;
	uint16_t len; /* instructions that follow */
	uint8_t notify, pad[5];
};

_Static_assert(sizeof(struct header) == 56 && sizeof(struct sock_filter) == 8, "format of the cache");

static uint64_t checksum(const struct sock_filter *insns, size_t len)
{
	uint64_t sum = len, word;

	for (size_t i = 0; i < len; i++) {
		memcpy(&word, &insns[i], sizeof(word));
		sum = (sum ^ word) * 0x9e3779b97f4a7c15ULL;
		sum ^= sum >> 29;
	}
	return sum;
}

static bool header_good(const struct header *h, const uint8_t *key, size_t size)
{
	return h->magic == MAGIC && !memcmp(h->key, key, sizeof(h->key)) && h->len && h->len <= BPF_MAXINSNS &&
	       h->notify <= 1 && size == sizeof(*h) + h->len * sizeof(struct sock_filter);
}

static int entry_parse(const char *data, size_t size, const uint8_t *key, struct ringwall_filter *ret)
{
	struct header h;
	struct sock_filter *insns;

	memcpy(&h, data, sizeof(h));
	if (!header_good(&h, key, size))
		return -EBADMSG;
	insns = malloc(h.len * sizeof(*insns));
	if (!insns)
		return -ENOMEM;
	memcpy(insns, data + sizeof(h), h.len * sizeof(*insns));
	if (checksum(insns, h.len) != h.checksum) {
		free(insns);
		return -EBADMSG;
	}
	ret->prog = (struct sock_fprog){ .len = h.len, .filter = insns };
	ret->notify = h.notify;
	return 0;
}

int ringwall_cache_load(const char *dir, const uint8_t key[RINGWALL_SHA256_SIZE], struct ringwall_filter *ret)
{
	char path[PATH_MAX], name[RINGWALL_SHA256_HEX];
	_cleanup_free_ char *data = NULL;
	_cleanup_fd_ int fd = -1;
	struct stat st;

	ringwall_sha256_hex(key, name);
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) >= sizeof(path))
		return -ENAMETOOLONG;
	/* O_NONBLOCK: a FIFO must not hold us up. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_mode & 022 || st.st_nlink != 1)
		return -EPERM;
	if (st.st_size < (off_t)sizeof(struct header) ||
	    st.st_size > (off_t)(sizeof(struct header) + BPF_MAXINSNS * sizeof(struct sock_filter)))
		return -EBADMSG;
	data = malloc((size_t)st.st_size);
	if (!data)
		return -ENOMEM;
	if (read(fd, data, (size_t)st.st_size) != st.st_size)
		return -EBADMSG;
	return entry_parse(data, (size_t)st.st_size, key, ret);
}

static int dir_open(const char *path, int *ret_fd)
{
	_cleanup_fd_ int fd = -1;
	struct stat st;

	if (mkdir(path, 0700) && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		return -errno;
	if (st.st_uid != geteuid() || st.st_mode & 077)
		return -EPERM;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int entry_write(int dir, const char *name, const struct header *h, const struct sock_filter *insns)
{
	struct iovec v[2] = {
		{ (void *)h, sizeof(*h) },
		{ (void *)insns, h->len * sizeof(*insns) },
	};
	char temp[NAME_LEN + 16];
	_cleanup_fd_ int fd = -1;
	int r = 0;
	ssize_t n;

	snprintf(temp, sizeof(temp), "%s.%d", name, getpid());
	fd = openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	n = writev(fd, v, 2);
	if (n != (ssize_t)(v[0].iov_len + v[1].iov_len))
		r = n < 0 ? -errno : -ENOSPC;
	else if (renameat(dir, temp, dir, name))
		r = -errno;
	if (r)
		unlinkat(dir, temp, 0);
	return r;
}

/* Files of this cache, temporary ones of a runtime that was killed among them; nothing else is counted or removed. */
static bool name_ours(const char *name)
{
	size_t hex = strspn(name, "0123456789abcdef");

	if (hex != NAME_LEN)
		return false;
	return !name[hex] || (name[hex] == '.' && strspn(name + hex + 1, "0123456789") == strlen(name + hex + 1));
}

/* Return: how many entries there are; the oldest one's name in @oldest. */
static size_t dir_scan(DIR *d, char oldest[NAME_LEN + 16])
{
	struct timespec age = { 0 };
	struct dirent *de;
	size_t n = 0;

	rewinddir(d);
	while ((de = readdir(d))) {
		struct stat st;

		if (!name_ours(de->d_name) || strlen(de->d_name) >= NAME_LEN + 16 ||
		    fstatat(dirfd(d), de->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (!n++ || st.st_mtim.tv_sec < age.tv_sec ||
		    (st.st_mtim.tv_sec == age.tv_sec && st.st_mtim.tv_nsec < age.tv_nsec)) {
			age = st.st_mtim;
			strcpy(oldest, de->d_name);
		}
	}
	return n;
}

static void dir_prune(int dir)
{
	char oldest[NAME_LEN + 16];
	_cleanup_dir_ DIR *d = NULL;
	int fd = fcntl(dir, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return;
	d = fdopendir(fd);
	if (!d) {
		close(fd);
		return;
	}
	/* Others may be adding: as many rounds as it takes, within reason. */
	for (int i = 0; i < RINGWALL_CACHE_MAX && dir_scan(d, oldest) > RINGWALL_CACHE_MAX; i++)
		unlinkat(dir, oldest, 0);
}

int ringwall_cache_store(const char *dir, const uint8_t key[RINGWALL_SHA256_SIZE], const struct ringwall_filter *f)
{
	struct header h = { .magic = MAGIC, .len = f->prog.len, .notify = f->notify };
	char name[RINGWALL_SHA256_HEX];
	_cleanup_fd_ int fd = -1;
	int r;

	memcpy(h.key, key, sizeof(h.key));
	h.checksum = checksum(f->prog.filter, f->prog.len);
	ringwall_sha256_hex(key, name);
	r = dir_open(dir, &fd) ?: entry_write(fd, name, &h, f->prog.filter);
	if (!r)
		dir_prune(fd);
	return r;
}
