# SPDX-License-Identifier: LGPL-2.1-or-later
"""What Python programs ask of the kernel; see client."""
import asyncio, concurrent.futures, ctypes, errno, fcntl, mmap, multiprocessing, os, pty, resource, select, selectors, signal
import socket, sqlite3, struct, subprocess, sys, tempfile, threading, time


def show(name, what):
    try:
        print(name, what())
    except OSError as e:
        print(name, errno.errorcode.get(e.errno, e.errno))
    sys.stdout.flush()


def threads():
    total, lock = [0], threading.Lock()

    def run():
        for _ in range(200):
            with lock:
                total[0] += 1

    ts = [threading.Thread(target=run) for _ in range(8)]
    [t.start() for t in ts]
    [t.join() for t in ts]
    return total[0]


def processes():
    with multiprocessing.get_context("fork").Pool(2) as pool:
        return sum(pool.map(abs, range(-20, 20)))


def spawned():
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        return list(pool.map(lambda n: subprocess.run(["sh", "-c", f"cat; exit {n}"], input=b"x", stdout=subprocess.PIPE).returncode, range(3)))


def udp():
    a, b = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    a.bind(("127.0.0.1", 0))
    b.sendto(b"hello", a.getsockname())
    return a.recv(9)


def unix():
    a, b = socket.socketpair()
    with tempfile.TemporaryFile() as f:
        socket.send_fds(a, [b"x"], [f.fileno()])
        _, fds, _, _ = socket.recv_fds(b, 1, 1)
    return len(fds)


async def echo():
    async def serve(reader, writer):
        writer.write((await reader.readline()).upper())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async def ask(n):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"line %d\n" % n)
        return await reader.readline()

    answers = await asyncio.gather(*(ask(n) for n in range(5)))
    process = await asyncio.create_subprocess_exec("echo", "child", stdout=subprocess.PIPE)
    out, _ = await process.communicate()
    server.close()
    return answers, out


def timers():
    got = []
    signal.signal(signal.SIGALRM, lambda *_: got.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    while not got:
        signal.pause()
    return signal.sigtimedwait([signal.SIGUSR2], 0.01)


def epoll():
    e, fd = select.epoll(), os.eventfd(1)
    e.register(fd, select.EPOLLIN)
    return len(e.poll(1)), os.eventfd_read(fd)


def memory():
    fd = os.memfd_create("m")
    os.truncate(fd, 8192)
    m = mmap.mmap(fd, 8192)
    m[5000] = 42
    m.flush()
    m.madvise(mmap.MADV_DONTNEED)
    return os.pread(fd, 1, 5000)


def terminal():
    pid, fd = pty.fork()
    if not pid:
        os.execvp("sh", ["sh", "-c", "test -t 0 && echo tty"])
    out = os.read(fd, 100)
    return out.strip(), os.waitpid(pid, 0)[1]


def files():
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "f")
        with open(path, "wb") as f:
            fcntl.flock(f, fcntl.LOCK_EX)
            fcntl.lockf(f, fcntl.LOCK_EX)
            os.posix_fallocate(f.fileno(), 0, 100)
            os.writev(f.fileno(), [b"ab", b"cd"])
            os.fsync(f.fileno())
        os.setxattr(path, "user.x", b"y")
        os.utime(path, ns=(1, 2))
        os.copy_file_range(os.open(path, os.O_RDONLY), os.open(path + "2", os.O_CREAT | os.O_WRONLY), 4)
        os.sendfile(os.open(path + "3", os.O_CREAT | os.O_WRONLY), os.open(path, os.O_RDONLY), 0, 4)
        db = sqlite3.connect(os.path.join(d, "db"))
        db.execute("pragma journal_mode=wal")
        db.execute("create table t(x)")
        db.execute("insert into t values (1)")
        db.commit()
        return sorted(os.listdir(d)), os.getxattr(path, "user.x"), os.stat(path).st_mtime_ns, os.statvfs(d).f_namemax


def raw(number, *args):
    libc = ctypes.CDLL(None, use_errno=True)
    ctypes.set_errno(0)
    r = libc.syscall(ctypes.c_long(number), *(ctypes.c_long(a) for a in args))
    return "ok" if r >= 0 else errno.errorcode[ctypes.get_errno()]


show("threads", threads)
show("processes", processes)
show("spawned", spawned)
show("udp", udp)
show("unix", unix)
show("asyncio", lambda: asyncio.run(echo()))
show("timers", timers)
show("epoll", epoll)
show("memory", memory)
show("terminal", terminal)
show("files", files)
show("rlimit", lambda: resource.prlimit(0, resource.RLIMIT_CORE, (0, 0)))
show("affinity", lambda: len(os.sched_getaffinity(0)) > 0)
show("vsock", lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).fileno() > 0)
show("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1).fileno() > 0)
show("packet", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).fileno() > 0)
# keyctl, add_key, bpf, perf_event_open, userfaultfd, io_uring_setup, clone3, personality with what Docker lets pass and not
for name, args in (("keyctl", (250, 0, -1, 0)), ("add_key", (248, 0, 0, 0, 0, 0)), ("bpf", (321, 0, 0, 0)),
                   ("perf_event_open", (298, 0, 0, -1, -1, 0)), ("userfaultfd", (323, 0)), ("io_uring_setup", (425, 1, 0)),
                   ("clone3", (435, 0, 0)), ("personality", (135, 0)), ("personality 8", (135, 8)), ("personality 0x20000", (135, 0x20000)),
                   ("personality 0x20008", (135, 0x20008)), ("personality read", (135, 0xffffffff)), ("personality 0x40000", (135, 0x40000)),
                   ("personality upper", (135, 0x100000008)), ("personality 0", (135, 0))):
    print(name, raw(*args))
