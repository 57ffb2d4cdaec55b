# SPDX-License-Identifier: BSD-2-Clause
"""What a client program sees of a device node, written down with times.

Used in a guest, by tools/guest/demo-story and the tests in tests/vm.

    Call        one system call that is expected to wait, in a process of
                its own, so that an unkillable one takes nothing with it
    Far         the other end of an adapter's wire
    Daemon      a running devswd
    Keeper      the same, with the process that starts it again
    vmusb       plug and unplug

A Call's life: forked; blocked (the kernel says that the process sleeps in
that very system call); ended (it has told its result through a pipe, with
the time of CLOCK_MONOTONIC, and exited).  Nothing here waits for time to
pass: what is waited for is looked at again until it holds or the limit is
over, which raises Late.

Results are short words, the same for every driver: a number of bytes, "0",
an errno's name, or the names of poll's bits.

Threads: a Far reads its end on a thread of its own for as long as the
program runs; its condition variable protects what has arrived.  A Call may
be forked while that thread runs, since the child only makes its one call.

Known gap: QEMU's FTDI adapter writes to its wire synchronously, so a wire
that is full stops the whole guest for ever, the one who would empty it
included; and a wire is full with some 20 KiB in small packets.  Never have
more than 8 KiB under way to the far end: carry().
"""

import errno
import fcntl
import hashlib
import json
import mmap
import os
import pty
import select
import signal
import socket
import stat
import struct
import subprocess
import termios
import threading
import time
import tty

LIMIT = 20.0                    # seconds; a busy machine needs some
SYSCALLS = {"read": 0, "write": 1, "poll": 7, "ioctl": 16, "close": 3,
            "pause": 34, "nanosleep": 230, "epoll": 232, "select": 270,
            "open": 257}
POLL_BITS = ((0x001, "IN"), (0x002, "PRI"), (0x004, "OUT"), (0x008, "ERR"),
             (0x010, "HUP"), (0x020, "NVAL"), (0x040, "RDNORM"),
             (0x080, "RDBAND"), (0x100, "WRNORM"), (0x200, "WRBAND"))


class Late(Exception):
    """Something did not happen in time; the text says what."""


def now():
    """CLOCK_MONOTONIC in seconds, the same in all processes."""
    return time.monotonic()


def errno_name(number):
    """5 -> "EIO"."""
    return errno.errorcode.get(number, "errno %d" % number)


def poll_names(revents):
    """0x19 -> "IN ERR HUP"; nothing -> "-"."""
    return " ".join(name for bit, name in POLL_BITS if revents & bit) or "-"


def wait_for(condition, what, limit=LIMIT, pause=0.002):
    """Look at condition() again and again; returns its first true value.

    The longer it takes the rarer are the looks, in steps of 5 %.
    """
    began = now()
    while True:
        value = condition()
        if value:
            return value
        took = now() - began
        if took > limit:
            raise Late("%s: not within %g s" % (what, limit))
        time.sleep(pause + min(took / 20, 0.05))


# ---- one call of a client ----------------------------------------------

def outcome(function, *args):
    """Call function(*args) and put its result into a word."""
    try:
        result = function(*args)
    except OSError as error:
        return errno_name(error.errno)
    except termios.error as error:
        return errno_name(error.args[0])
    if isinstance(result, bytes):
        return str(len(result))
    return "0" if result is None else str(result)


def poll_fd(fd, events, timeout_ms=None):
    """poll(2) of one descriptor; the names of what it returned."""
    poll = select.poll()
    poll.register(fd, events)
    return poll_names(sum(bits for _, bits in poll.poll(timeout_ms)))


def open_node(path, flags=os.O_RDWR | os.O_NONBLOCK):
    """Open a tty without becoming its session."""
    return os.open(path, flags | os.O_NOCTTY | os.O_CLOEXEC)


def raw(fd, baud=termios.B115200, clocal=False):
    """Make the line raw, whatever it was, with this speed.

    clocal: ignore the carrier.
    """
    mode = termios.tcgetattr(fd)
    mode[0] = mode[1] = mode[3] = 0
    mode[2] = (termios.CS8 | termios.CREAD | termios.HUPCL |
               (termios.CLOCAL if clocal else 0))
    mode[4] = mode[5] = baud
    mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
    termios.tcsetattr(fd, termios.TCSANOW, mode)


def modem_lines(fd):
    """TIOCMGET."""
    return struct.unpack("i", fcntl.ioctl(fd, termios.TIOCMGET, b"\0" * 4))[0]


def process_state(pid):
    """The letter of /proc/PID/stat: R, S, D, Z; "-" if there is none."""
    try:
        with open("/proc/%d/stat" % pid, "rb") as file:
            return file.read().rpartition(b")")[2].split()[0].decode()
    except (FileNotFoundError, ProcessLookupError):
        return "-"


def wait_end(pid, what):
    """Until no thread of a process is left, whoever's child it is.

    Its first thread is a zombie before the others are gone, and until then
    they hold what the process has open.
    """
    pidfd = os.pidfd_open(pid)
    try:
        wait_for(lambda: select.select([pidfd], [], [], 0)[0], what)
    finally:
        os.close(pidfd)


def sleeping_in(pid, name):
    """Does the process sleep in this system call?"""
    try:
        with open("/proc/%d/syscall" % pid, "rb") as file:
            number = file.read().split()[0]
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return False
    return number == b"%d" % SYSCALLS[name] and process_state(pid) in "SD"


class Call:
    """function(*args) in a process; name is the system call it waits in.

    progress() may be called by the function, through the Call that it gets
    as its first argument if "counted": blocked means then that it sleeps and
    does not progress.
    """

    def __init__(self, name, function, *args, counted=False):
        self.name = name
        self.began = now()
        self._count = mmap.mmap(-1, 8)
        self._pipe, theirs = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            self._child(theirs, function, (self, *args) if counted else args)
        os.close(theirs)
        self._text = b""
        self._reaped = None

    def _child(self, pipe, function, args):
        try:
            for fd in Far.open_fds:     # or its close would not be the last
                os.close(fd)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
                signal.signal(number, signal.SIG_DFL)
            word = outcome(function, *args)
            os.write(pipe, json.dumps([word, now()]).encode())
        finally:
            os._exit(0)

    def progress(self):
        """Count one more step; in the child."""
        self._count[0:8] = struct.pack("Q", self.steps() + 1)

    def steps(self):
        """How many steps the child has made."""
        return struct.unpack("Q", self._count[0:8])[0]

    def wait_blocked(self, limit=LIMIT):
        """Returns self when the call sleeps, False if it has ended."""
        end = now() + limit
        while now() < end:
            steps = self.steps()
            quiet = 0
            while sleeping_in(self.pid, self.name) and self.steps() == steps:
                quiet += 1
                if quiet == (20 if steps else 2):
                    return self
                time.sleep(0.01)
            if self.ended(0):
                return False
            time.sleep(0.005)
        raise Late("%s: neither blocked nor ended after %g s" %
                   (self.name, limit))

    def ended(self, limit):
        """Has it told its result, or died, after limit seconds?"""
        poll = select.poll()
        poll.register(self._pipe, select.POLLIN)
        return bool(poll.poll(limit * 1000))

    def result(self, limit=LIMIT):
        """(word, time); raises Late if it does not end, after a SIGKILL."""
        if not self.ended(limit):
            os.kill(self.pid, signal.SIGKILL)
            raise Late("%s: still blocked after %g s, state %s" %
                       (self.name, limit, process_state(self.pid)))
        while data := os.read(self._pipe, 4096):
            self._text += data
        self.reap(limit)
        if not self._text:
            return "killed", now()
        return tuple(json.loads(self._text))

    def reap(self, limit=LIMIT):
        """Wait for the process to be gone; returns its wait status."""
        if self._reaped is None:
            def gone():
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                if pid:
                    self._reaped = status
                return pid
            wait_for(gone, "exit of a process in %s" % self.name, limit)
            os.close(self._pipe)
        return self._reaped

    def kill(self, number=signal.SIGKILL):
        """Send it a signal."""
        os.kill(self.pid, number)


def write_on(call, fd, size, total):
    """Write until total bytes are gone or a write does not take all.

    For Call(..., counted=True).  Returns what the last write returned.
    """
    block = b"\x55" * size
    left = total
    while left > 0:
        done = os.write(fd, block)
        if done != size:
            return done
        left -= done
        call.progress()
    return "all written"


# ---- the far end of the wire -------------------------------------------

def far_open(path):
    """The far end: a descriptor that does not wait."""
    if not stat.S_ISSOCK(os.stat(path).st_mode):
        return os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(path)
        sock.setblocking(False)
        return sock.detach()


class Far:
    """The other end of an adapter: a tty, a virtio port or a chip's socket."""

    open_fds = set()

    def __init__(self, path):
        self.fd = far_open(path)
        self.open_fds.add(self.fd)
        if os.isatty(self.fd):
            tty.setraw(self.fd, termios.TCSANOW)
        self._arrived = bytearray()
        self._changed = threading.Condition()
        self._echo = False
        self._reading = True
        self._stop, self._stopper = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        poll = select.poll()
        poll.register(self._stop, select.POLLIN)
        poll.register(self.fd, select.POLLIN)
        while True:
            ready = dict(poll.poll())
            if self._stop in ready:
                return
            try:
                data = os.read(self.fd, 65536)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            if not data:        # hung up: wait to be told
                poll.unregister(self.fd)
                continue
            with self._changed:
                self._arrived += data
                echo = self._echo
                self._changed.notify_all()
            if echo:
                self.write(data)

    def echo(self, on):
        """Send back whatever arrives, or stop that."""
        with self._changed:
            self._echo = on

    def forget(self):
        """Drop what has arrived."""
        with self._changed:
            self._arrived.clear()

    def take(self, size, limit=LIMIT):
        """Wait for size bytes and return them."""
        with self._changed:
            if not self._changed.wait_for(
                    lambda: len(self._arrived) >= size, limit):
                raise Late("%d of %d bytes arrived at the far end" %
                           (len(self._arrived), size))
            data = bytes(self._arrived[:size])
            del self._arrived[:size]
            return data

    def write(self, data):
        """Send all of it."""
        poll = select.poll()
        poll.register(self.fd, select.POLLOUT)
        while data:
            try:
                data = data[os.write(self.fd, data):]
            except BlockingIOError:
                if not poll.poll(LIMIT * 1000):
                    raise Late("%d bytes not taken from the far end" %
                               len(data)) from None

    def close(self):
        """Stop reading and close."""
        os.write(self._stopper, b"x")
        self._thread.join()
        self.open_fds.remove(self.fd)
        for fd in (self.fd, self._stop, self._stopper):
            os.close(fd)


def pattern(size, seed):
    """Bytes that differ at every place, without the flow control ones."""
    data = b""
    while len(data) < size:
        data += hashlib.sha256(b"%d %d" % (seed, len(data))).digest()
    return data[:size]


def read_all(fd, size, limit=LIMIT):
    """Read size bytes from fd, blocking or not."""
    data = b""
    end = now() + limit
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    while len(data) < size:
        if not poll.poll(max(0, end - now()) * 1000):
            raise Late("%d of %d bytes arrived" % (len(data), size))
        try:
            piece = os.read(fd, size - len(data))
        except BlockingIOError:
            continue
        if not piece:
            raise Late("end of file after %d of %d bytes" %
                       (len(data), size))
        data += piece
    return data


def write_all(fd, data, limit=LIMIT):
    """Write all to fd, blocking or not."""
    end = now() + limit
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    while data:
        if not poll.poll(max(0, end - now()) * 1000):
            raise Late("%d bytes not taken" % len(data))
        try:
            data = data[os.write(fd, data):]
        except BlockingIOError:
            continue


def carry(fd, far, data, window=4096):
    """Write data to fd, never more than window ahead of its arrival at far.

    Returns what arrived.
    """
    got = b""
    for at in range(0, len(data), window):
        piece = data[at:at + window]
        write_all(fd, piece)
        got += far.take(len(piece))
    return got


# ---- plugs and the daemon ----------------------------------------------

def vmusb(*words):
    """Run vmusb; returns what it printed, raises if it failed."""
    result = subprocess.run(["vmusb", *words], stdout=subprocess.PIPE,
                            check=True)
    return result.stdout.decode().strip()


def far_path(name):
    """Where the far end of a device of vmusb is."""
    for line in vmusb("list").splitlines():
        words = line.split()
        if words[0] == name:
            return words[-1].partition("=")[2]
    raise Late("no device " + name)


class Terminal:
    """A program on a pty, for those that want a terminal."""

    def __init__(self, argv):
        self._master, slave = pty.openpty()
        tty.setraw(slave)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
        self._process = subprocess.Popen(
            argv, stdin=slave, stdout=slave, stderr=slave,
            env={**os.environ, "TERM": "vt100"}, start_new_session=True)
        os.close(slave)
        self.said = b""

    def expect(self, text):
        """Read until the program has said this."""
        poll = select.poll()
        poll.register(self._master, select.POLLIN)
        at = len(self.said)
        while text not in self.said[at:]:
            if not poll.poll(LIMIT * 1000):
                raise Late("no %r in %r" % (text, self.said))
            try:
                self.said += os.read(self._master, 4096)
            except OSError as error:
                raise Late("ended: %r" % self.said) from error

    def type(self, data):
        """Type."""
        os.write(self._master, data)

    def wait(self):
        """Its exit status."""
        try:
            return self._process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise Late("did not end: %r" % self.said) from None
        finally:
            os.close(self._master)


class Daemon:
    """A devswd in the foreground, with its log in a file."""

    def __init__(self, program, log, *options):
        self.log = log
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = "@devsw-%s" % os.urandom(8).hex()
        self._notify.bind("\0" + path[1:])
        self._notify.settimeout(0.05)
        with open(log, "ab") as file:
            self.process = subprocess.Popen(
                [program, "-f", *options], stdin=subprocess.DEVNULL,
                stdout=file, stderr=file, env=self._environment(path))
        self.pid = self.process.pid
        wait_for(self._is_ready, "devswd's start", pause=0)

    @staticmethod
    def _environment(path):
        return {**os.environ, "NOTIFY_SOCKET": path}

    def _is_ready(self):
        try:
            return self._notify.recv(256) == b"READY=1"
        except socket.timeout:
            if self.process.poll() is None:
                return False
        raise Late("devswd ended with status %s:\n%s" %
                   (self.process.returncode, self.said()))

    def said(self):
        """Its log."""
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def kill(self, number):
        """Send it a signal."""
        self.process.send_signal(number)

    def wait(self, limit=LIMIT):
        """Wait for its end; returns the status as subprocess has it."""
        try:
            return self.process.wait(limit)
        except subprocess.TimeoutExpired:
            raise Late("devswd still runs %g s after its signal" %
                       limit) from None

    def stop(self, number=signal.SIGTERM):
        """Signal and wait; returns the status."""
        self.kill(number)
        return self.wait()


class Keeper(Daemon):
    """With --keep: the parent of devswd, which tells nobody that it is ready."""

    def __init__(self, *words, major=120):
        self._port = "/run/devsw/devswd-%d.ctl" % major
        super().__init__(*words)

    @staticmethod
    def _environment(path):
        return {key: value for key, value in os.environ.items()
                if key != "NOTIFY_SOCKET"}

    def _is_ready(self):
        if self.process.poll() is not None:
            raise Late("devswd ended with status %s:\n%s" %
                       (self.process.returncode, self.said()))
        return os.path.exists(self._port)
