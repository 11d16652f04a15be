// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Files by their path, and every way around a path; see act-paths.h. SOCK=…: where `act-files serve SOCK FILE` hands out descriptors
 * of FILE.
 */
#include <linux/io_uring.h>
#include <linux/mount.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "act-paths.h"

/* ---- what rules say ------------------------------------------------------------------------------------------ */

static int act_read(void)
{
	return opens(in("secret"), O_RDONLY);
}
static int act_write(void)
{
	return opens(in("secret"), O_WRONLY);
}
static int act_path(void)
{
	return opens(in("secret"), O_PATH);
}
static int act_stat(void)
{
	struct stat st;
	return stat(in("secret"), &st);
}
static int act_truncate(void)
{
	return truncate(in("secret"), 0);
}
static int act_chmod(void)
{
	return chmod(in("secret"), 0600);
}
static int act_chown(void)
{
	return chown(in("secret"), 0, 0);
}
static int act_ro_read(void)
{
	return opens(in("ro/file"), O_RDONLY);
}
static int act_ro_list(void)
{
	return opens(in("ro"), O_RDONLY | O_DIRECTORY);
}
static int act_ro_write(void)
{
	return opens(in("ro/file"), O_RDWR);
}
static int act_ro_create(void)
{
	return opens(in("ro/x"), O_WRONLY | O_CREAT);
}
static int act_ro_mkdir(void)
{
	return mkdir(in("ro/dir2"), 0755);
}
static int act_ro_mknod(void)
{
	return mknod(in("ro/fifo"), S_IFIFO | 0644, 0);
}
static int act_ro_symlink(void)
{
	return symlink("file", in("ro/link"));
}
static int act_ro_link(void)
{
	return link(in("w/f"), in("ro/hard"));
}
static int act_ro_unlink(void)
{
	return unlink(in("ro/file2"));
}
static int act_ro_rmdir(void)
{
	return rmdir(in("ro/dir"));
}
static int act_ro_in(void)
{
	return rename(in("w/in"), in("ro/in"));
}
static int act_ro_out(void)
{
	return rename(in("ro/out"), in("w/out"));
}
static int act_ro_tmpfile(void)
{
	return opens(in("ro"), O_TMPFILE | O_WRONLY);
}
static int act_new(void)
{
	return opens(in("new"), O_WRONLY | O_CREAT);
}
static int act_new_rename(void)
{
	return rename(in("w/to-new"), in("new2"));
}
static int act_keep(void)
{
	return unlink(in("keep"));
}
static int act_keep_rename(void)
{
	return rename(in("keep2"), in("w/kept"));
}
static int act_keep_over(void)
{
	return rename(in("w/over"), in("keep3"));
}
static int act_key(void)
{
	return opens(in("tree/any/key"), O_RDONLY);
}
static int act_key_other(void)
{
	return opens(in("tree/any/lock"), O_RDONLY);
}
static int act_long(void)
{
	return opens(in("tree/%0200d/key", 7), O_RDONLY);
}

static int act_deep(void)
{
	return opens(in("deep/a/b/c/d/e/f/g/h/key"), O_RDONLY);
}

static int act_deep_other(void)
{
	return opens(in("deep/a/b/c/d/e/f/g/h/lock"), O_RDONLY);
}

static int act_deep_rename(void)
{
	return rename(in("deep/a/b/c/d/e"), in("deep/a/b/c/d/x"));
}

/* More directories than a walk goes through. */
static int act_too_deep(void)
{
	NEEDED(chdir(in("w")));
	for (int i = 0; i < 60; i++) {
		if (mkdir("x", 0755) < 0)
			return -1;
		NEEDED(chdir("x"));
	}
	return opens("f", O_RDWR | O_CREAT);
}

/* What is allowed stays so. */
static int act_w(void)
{
	NEEDED(opens(in("w/a"), O_RDWR | O_CREAT));
	NEEDED(rename(in("w/a"), in("w/b")));
	NEEDED(link(in("w/b"), in("w/c")));
	NEEDED(symlink("c", in("w/d")));
	NEEDED(truncate(in("w/d"), 1));
	NEEDED(chmod(in("w/d"), 0600));
	NEEDED(unlink(in("w/b")));
	NEEDED(unlink(in("w/d")));
	NEEDED(mkdir(in("w/dir"), 0755));
	NEEDED(rename(in("w/dir"), in("w/dir2")));
	NEEDED(rmdir(in("w/dir2")));
	return unlink(in("w/c"));
}

/* Written, which an overlay makes a copy for, and still not to be read. */
static int act_cow_write(void)
{
	int fd = opens(in("cow"), O_WRONLY | O_APPEND);

	return fd < 0 ? fd : (int)write(fd, "x", 1);
}

static int act_cow_read(void)
{
	return opens(in("cow"), O_RDONLY);
}

/* The path of a rule that there is nothing at when the container begins. */
static int act_later(void)
{
	NEEDED(opens(in("later"), O_WRONLY | O_CREAT));
	return opens(in("later"), O_RDONLY);
}

static int act_later_rename(void)
{
	NEEDED(opens(in("w/later"), O_WRONLY | O_CREAT));
	NEEDED(rename(in("w/later"), in("later2")));
	return opens(in("later2"), O_RDONLY);
}

/* ---- ways around --------------------------------------------------------------------------------------------- */

static int act_symlink(void)
{
	unlink(in("w/sym"));
	NEEDED(symlink(in("secret"), in("w/sym")));
	return opens(in("w/sym"), O_RDONLY);
}

static int act_dotdot(void)
{
	return opens(in("w/../ro/../secret"), O_RDONLY);
}
static int act_hardlink(void)
{
	return link(in("secret"), in("w/hard"));
}
static int act_rename(void)
{
	return rename(in("secret"), in("w/renamed"));
}
static int act_rename_dir(void)
{
	return rename(in("tree"), in("w/tree"));
}
static int act_rename_top(void)
{
	char to[4096];

	snprintf(to, sizeof(to), "%s.moved", getenv("D"));
	return rename(getenv("D"), to);
}

static int act_exchange(void)
{
	return (int)syscall(SYS_renameat2, AT_FDCWD, in("secret"), AT_FDCWD, in("w/f"), 2);
}
static int act_exchange2(void)
{
	return (int)syscall(SYS_renameat2, AT_FDCWD, in("w/f"), AT_FDCWD, in("secret"), 2);
}

static int act_at(void)
{
	int dir = opens(getenv("D"), O_PATH | O_DIRECTORY);

	NEEDED(dir);
	return openat(dir, "secret", O_RDONLY);
}

static int act_proc_fd(void)
{
	char path[64];
	int fd = opens(in("secret"), O_PATH);

	NEEDED(fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return opens(path, O_RDONLY);
}

static int act_proc_root(void)
{
	char path[4200];

	snprintf(path, sizeof(path), "/proc/self/root%s", in("secret"));
	return opens(path, O_RDONLY);
}

static int act_handle(void)
{
	struct {
		struct file_handle h;
		unsigned char room[128];
	} h = { .h.handle_bytes = 128 };
	int mount, dir = opens(getenv("D"), O_RDONLY | O_DIRECTORY);

	NEEDED(dir);
	NEEDED(name_to_handle_at(AT_FDCWD, in("secret"), &h.h, &mount, 0));
	return open_by_handle_at(dir, &h.h, O_RDONLY);
}

static int act_open_tree(void)
{
	int tree = (int)syscall(SYS_open_tree, AT_FDCWD, getenv("D"), OPEN_TREE_CLONE);

	NEEDED(tree);
	return openat(tree, "secret", O_RDONLY);
}

static int act_bind(void)
{
	private(0);
	NEEDED(mount(getenv("D"), mnt(), NULL, MS_BIND, NULL));
	return opens(at(mnt(), "secret"), O_RDONLY);
}

static int act_bind_file(void)
{
	private(0);
	NEEDED(mount("none", mnt(), "tmpfs", 0, NULL));
	NEEDED(opens(at(mnt(), "f"), O_WRONLY | O_CREAT));
	NEEDED(mount(in("secret"), at(mnt(), "f"), NULL, MS_BIND, NULL));
	return opens(at(mnt(), "f"), O_RDONLY);
}

static int act_bind_write(void)
{
	private(0);
	NEEDED(mount(in("ro"), mnt(), NULL, MS_BIND, NULL));
	return opens(at(mnt(), "new"), O_WRONLY | O_CREAT);
}

static int act_userns_bind(void)
{
	private(CLONE_NEWUSER);
	NEEDED(mount(getenv("D"), mnt(), NULL, MS_BIND, NULL));
	return opens(at(mnt(), "secret"), O_RDONLY);
}

static int overlay(const char *lower)
{
	char options[4200];

	private(0);
	snprintf(options, sizeof(options), "lowerdir=%s:/bin", lower);
	NEEDED(mount("o", mnt(), "overlay", 0, options));
	return opens(at(mnt(), "secret"), O_RDONLY);
}

static int act_overlay(void)
{
	return overlay(getenv("D"));
}

/* A file system of the container's own has nothing to do with the paths it is mounted over. */
static int act_tmpfs(void)
{
	private(0);
	NEEDED(mount("none", getenv("D"), "tmpfs", 0, NULL));
	return opens(in("secret"), O_RDWR | O_CREAT);
}

static int act_proc(void)
{
	return opens("/proc/sys/kernel/domainname", O_WRONLY);
}

static int act_proc_new(void)
{
	int status;

	NEEDED(unshare(CLONE_NEWPID | CLONE_NEWNS));
	if (!fork()) {
		NEEDED(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
		NEEDED(mount("proc", mnt(), "proc", 0, NULL));
		_exit(opens(at(mnt(), "sys/kernel/domainname"), O_WRONLY) < 0 ? errno : 0);
	}
	wait(&status);
	errno = WEXITSTATUS(status);
	return errno ? -1 : 0;
}

static int ring_open(const char *path)
{
	struct io_uring_params p = { 0 };
	int fd = (int)syscall(SYS_io_uring_setup, 4, &p), res;
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
	char *sq, *cq;

	NEEDED(fd);
	sq = mmap(NULL, p.sq_off.array + p.sq_entries * 4, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQ_RING);
	cq = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(*cqe), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		  IORING_OFF_CQ_RING);
	sqe = mmap(NULL, p.sq_entries * sizeof(*sqe), PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || sqe == MAP_FAILED)
		_exit(97);
	*sqe = (struct io_uring_sqe){ .opcode = IORING_OP_OPENAT,
				      .fd = AT_FDCWD,
				      .addr = (uintptr_t)path,
				      .flags = IOSQE_ASYNC,
				      .open_flags = O_RDONLY };
	((unsigned int *)(sq + p.sq_off.array))[0] = 0;
	__atomic_store_n((unsigned int *)(sq + p.sq_off.tail), 1, __ATOMIC_RELEASE);
	NEEDED(syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0));
	cqe = (struct io_uring_cqe *)(cq + p.cq_off.cqes);
	res = cqe->res;
	errno = res < 0 ? -res : 0;
	return res < 0 ? -1 : 0;
}

static int act_io_uring(void)
{
	return ring_open(in("secret"));
}
static int act_io_uring_w(void)
{
	return ring_open(in("w/f"));
}

static int act_double_fork(void)
{
	int end[2], number = 0;

	NEEDED(pipe(end));
	if (!fork()) {
		if (!fork()) {
			setsid();
			number = act_read() < 0 ? errno : 0;
			_exit(write(end[1], &number, sizeof(number)) < 0);
		}
		_exit(0);
	}
	NEEDED(read(end[0], &number, sizeof(number)));
	errno = number;
	return number ? -1 : 0;
}

/* Names that change while they are read: what is allowed under both is never refused. */
/* A name that changes under every look at it (RETRIES of bpf/path.bpf.h) counts as lying nowhere, and is refused now and then. */
#define RACE_OPENS 20000
#define RACE_REFUSED 20

static int act_race(void)
{
	char one[4096], two[4096];
	int refused = 0;
	pid_t other;

	snprintf(one, sizeof(one), "%s", in("race1"));
	snprintf(two, sizeof(two), "%s", in("race2"));
	NEEDED(mkdir(one, 0755));
	NEEDED(opens(at(one, "f"), O_WRONLY | O_CREAT));
	other = fork();
	if (!other)
		for (;;) {
			rename(one, two);
			rename(two, one);
		}
	for (int i = 0; i < RACE_OPENS; i++) {
		int fd = opens(at(i & 1 ? one : two, "f"), O_RDONLY);

		refused += fd < 0 && errno != ENOENT;
		close(fd);
	}
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	errno = EACCES;
	return refused > RACE_REFUSED ? -1 : 0;
}

static void *thread(void *arg)
{
	*(int *)arg = act_read() < 0 ? errno : 0;
	return NULL;
}

static int act_thread(void)
{
	int number = 0;
	pthread_t t;

	errno = pthread_create(&t, NULL, thread, &number);
	if (errno)
		_exit(97);
	pthread_join(t, NULL);
	errno = number;
	return number ? -1 : 0;
}

static struct sockaddr_un address(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	return a;
}

/* A descriptor from outside: refused, it does not arrive. */
static int act_receive(void)
{
	struct sockaddr_un a = address(getenv("SOCK"));
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec io = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &io, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	NEEDED(connect(s, (struct sockaddr *)&a, sizeof(a)));
	NEEDED(recvmsg(s, &m, 0));
	errno = EACCES;
	return m.msg_controllen ? 0 : -1;
}

/* Sockets that are files, bound here; talking to them is writing. */
static int talk(const char *path, int type)
{
	struct sockaddr_un a = address(path);
	int server = socket(AF_UNIX, type, 0), client = socket(AF_UNIX, type, 0), r;

	unlink(path);
	NEEDED(bind(server, (struct sockaddr *)&a, sizeof(a)));
	if (type == SOCK_STREAM)
		NEEDED(listen(server, 1));
	r = connect(client, (struct sockaddr *)&a, sizeof(a));
	close(server);
	close(client);
	return r;
}

static int act_talk_stream(void)
{
	return talk(in("sock"), SOCK_STREAM);
}

static int act_talk_dgram(void)
{
	return talk(in("sock2"), SOCK_DGRAM);
}

static int serve(const char *path, const char *file)
{
	struct sockaddr_un a = address(path);
	int s = socket(AF_UNIX, SOCK_STREAM, 0), fd = open(file, O_RDONLY);
	char byte = 0, control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec io = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &io, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	*c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	if (fd < 0 || bind(s, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(s, 8) < 0)
		return 1;
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		int to = accept(s, NULL, NULL);

		sendmsg(to, &m, 0);
		close(to);
	}
}

static const struct act acts[] = {
	ACT(read),
	ACT(write),
	ACT(path),
	ACT(stat),
	ACT(truncate),
	ACT(chmod),
	ACT(chown),
	ACT(ro_read),
	ACT(ro_list),
	ACT(ro_write),
	ACT(ro_create),
	ACT(ro_mkdir),
	ACT(ro_mknod),
	ACT(ro_symlink),
	ACT(ro_link),
	ACT(ro_unlink),
	ACT(ro_rmdir),
	ACT(ro_in),
	ACT(ro_out),
	ACT(ro_tmpfile),
	ACT(new),
	ACT(new_rename),
	ACT(keep),
	ACT(keep_rename),
	ACT(keep_over),
	ACT(key),
	ACT(key_other),
	ACT(deep),
	ACT(deep_other),
	ACT(deep_rename),
	ACT(too_deep),
	ACT(long),
	ACT(w),
	ACT(cow_write),
	ACT(cow_read),
	ACT(later),
	ACT(later_rename),
	ACT(symlink),
	ACT(dotdot),
	ACT(at),
	ACT(proc_fd),
	ACT(proc_root),
	ACT(handle),
	ACT(open_tree),
	ACT(bind),
	ACT(bind_file),
	ACT(bind_write),
	ACT(userns_bind),
	ACT(overlay),
	ACT(tmpfs),
	ACT(proc),
	ACT(proc_new),
	ACT(io_uring),
	ACT(io_uring_w),
	ACT(double_fork),
	ACT(thread),
	ACT(race),
	ACT(receive), ACT(talk_stream), ACT(talk_dgram),
	/* those that outside change what others are about */
	ACT(hardlink),
	ACT(rename_dir),
	ACT(exchange),
	ACT(exchange2),
	ACT(rename),
	ACT(rename_top),
};

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "serve"))
		return serve(argv[2], argv[3]);
	return acts_run(acts, sizeof(acts) / sizeof(acts[0]), argv + 1);
}
