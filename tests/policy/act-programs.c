// SPDX-License-Identifier: LGPL-2.1-or-later
/* Programs by their path, and what has none: executed, mapped, made executable; see act-paths.h. */
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "act-paths.h"

static int runs(const char *path, int fd)
{
	char *argv[] = { (char *)"true", NULL };

	if (path)
		execve(path, argv, argv + 1);
	else
		syscall(SYS_execveat, fd, "", argv, argv + 1, AT_EMPTY_PATH);
	return -1;
}

/* Ends well where the program runs: act_run() takes a process that ends without a word for one that died, so it is a
 * child. */
static int run(const char *path, int fd)
{
	int end[2], number = 0, status;

	NEEDED(pipe2(end, O_CLOEXEC));
	if (!fork()) {
		number = runs(path, fd) < 0 ? errno : 0;
		_exit(write(end[1], &number, sizeof(number)) < 0);
	}
	close(end[1]);
	wait(&status);
	if (read(end[0], &number, sizeof(number)) != sizeof(number) && !WIFEXITED(status))
		number = ECANCELED; /* killed: the program could not be mapped */
	errno = number;
	return number ? -1 : 0;
}

static int act_exec(void)
{
	return run(in("prog"), -1);
}
static int act_exec_ok(void)
{
	return run(in("prog2"), -1);
}
static int act_exec_script(void)
{
	return run(in("script"), -1);
}
static int act_exec_script_ok(void)
{
	return run(in("script2"), -1);
}
static int act_exec_fd(void)
{
	return run(NULL, opens(in("prog"), O_PATH));
}
static int act_exec_copy(void)
{
	return link(in("prog"), in("w/prog")) < 0 ? -1 : run(in("w/prog"), -1);
}

static int act_exec_bind(void)
{
	private(0);
	NEEDED(mount(getenv("D"), mnt(), NULL, MS_BIND, NULL));
	return run(at(mnt(), "prog"), -1);
}

static int maps(const char *name)
{
	int fd = opens(in(name), O_RDONLY);

	NEEDED(fd);
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 : 0;
}

static int act_map(void)
{
	return maps("lib.so");
}
static int act_map_prog(void)
{
	return maps("prog");
}
static int act_map_ok(void)
{
	return maps("prog2");
}

static int protect(const char *name)
{
	int fd = opens(in(name), O_RDONLY);
	void *p;

	NEEDED(fd);
	p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		_exit(97);
	return mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static int act_mprotect(void)
{
	return protect("lib.so");
}
static int act_mprotect_ok(void)
{
	return protect("prog2");
}

/* Everything that is readable becomes executable, without anybody saying so. */
static int act_personality(void)
{
	NEEDED(syscall(SYS_personality, 0x400000));
	{
		int fd = opens(in("lib.so"), O_RDONLY);

		NEEDED(fd);
		return mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 : 0;
	}
}

static int memfd(void)
{
	int fd = (int)syscall(SYS_memfd_create, "m", MFD_CLOEXEC), from = opens(in("prog2"), O_RDONLY);
	char buf[65536];
	ssize_t n;

	NEEDED(fd);
	NEEDED(from);
	while ((n = read(from, buf, sizeof(buf))) > 0)
		NEEDED(write(fd, buf, (size_t)n));
	return fd;
}

/* Open for reading only, or it is ETXTBSY; all of it is what rules about paths have nothing to say about. */
static int memfd_reopened(void)
{
	char path[64];
	int fd = memfd(), again;

	NEEDED(fchmod(fd, 0755));
	NEEDED(ftruncate(fd, lseek(fd, 0, SEEK_END)));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = opens(path, O_RDONLY);
	NEEDED(again);
	close(fd);
	return again;
}

static int act_memfd(void)
{
	return run(NULL, memfd_reopened());
}

static int act_memfd_map(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, memfd_reopened(), 0) == MAP_FAILED ? -1 : 0;
}

static int act_unlinked(void)
{
	char path[64];
	int fd, from = opens(in("prog2"), O_RDONLY), again;
	char buf[65536];
	ssize_t n;

	fd = opens(in("w"), O_TMPFILE | O_RDWR);
	NEEDED(fd);
	while ((n = read(from, buf, sizeof(buf))) > 0)
		NEEDED(write(fd, buf, (size_t)n));
	NEEDED(fchmod(fd, 0755));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = opens(path, O_RDONLY);
	NEEDED(again);
	close(fd);
	return run(NULL, again);
}

static const struct act acts[] = {
	ACT(exec_ok),	  ACT(exec_script_ok), ACT(exec),      ACT(exec_script),
	ACT(exec_fd),	  ACT(exec_copy),      ACT(exec_bind), ACT(map),
	ACT(map_prog),	  ACT(map_ok),	       ACT(mprotect),  ACT(mprotect_ok),
	ACT(personality), ACT(memfd),	       ACT(memfd_map), ACT(unlinked),
};

int main(int argc, char **argv)
{
	(void)argc;
	return acts_run(acts, sizeof(acts) / sizeof(acts[0]), argv + 1);
}
