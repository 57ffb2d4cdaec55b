# SPDX-License-Identifier: BSD-2-Clause
"""h_gateway: a devsw-gateway with ptys for its devices, and clients.

A node is a symbolic link to the slave of a pty, whose master is the device:
unplug() closes it, replug() makes another and points the link there.  Nothing
but [::1] and 127.0.0.1 is used.
"""
import contextlib
import ctypes
import fcntl
import os
import random
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
import tty

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                ".."))
# For the tests as well: pylint: disable=unused-import
from h_case import LIMIT, case, equal, main, until  # noqa: E402,F401

LIBC = ctypes.CDLL(None, use_errno=True)
PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 0x4206, 0x4207, 17

TCGETS2 = 0x802C542A
IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240
COM_PORT = 44


given = []              # the sockets of free_port, until the end


def free_port():
    """A port that nobody has on [::1], nor gets until this process ends but who
    sets SO_REUSEADDR, as the gateway does.

    A socket has it, which does not listen: only one that has not set that flag
    when it binds is refused what another one has bound, and only one that has
    it later lets another one listen.

    Not one that the kernel gives to who connects from somewhere.
    """
    while True:
        sock = socket.socket(socket.AF_INET6)
        try:
            sock.bind(("::1", random.SystemRandom().randrange(10000, 32768)))
        except OSError:
            sock.close()
            continue
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        given.append(sock)
        return sock.getsockname()[1]


def readable(file, seconds):
    """Can it be read by then? select(2) knows no descriptor above 1023."""
    poll = select.poll()
    poll.register(file, select.POLLIN)
    return bool(poll.poll(max(0, seconds) * 1000))


class Device:
    """A pty; its master is self.far, its slave the target of the link."""

    def __init__(self, link):
        self.link = link
        self.far = self.own = -1
        self.replug()

    def replug(self, iflag=0):
        """A new device under the old name, left with these flags."""
        self.far, self.own = os.openpty()
        tty.setraw(self.own)
        mode = self.mode()
        mode[0] |= iflag
        termios.tcsetattr(self.own, termios.TCSANOW, mode)
        new = self.link + ".new"
        os.symlink(os.ttyname(self.own), new)
        os.rename(new, self.link)

    def unplug(self):
        """It is gone; and the link first: its pty could be another's next."""
        if os.path.islink(self.link):
            os.unlink(self.link)
        for fd in (self.far, self.own):
            if fd != -1:
                os.close(fd)
        self.far = self.own = -1

    def speed(self):
        """The speed as the device sees it."""
        got = fcntl.ioctl(self.own, TCGETS2, bytes(44))
        return struct.unpack_from("I", got, 40)[0]

    def mode(self):
        """termios.tcgetattr of it."""
        return termios.tcgetattr(self.own)

    def write(self, data):
        """All of it, as the device."""
        while data:
            data = data[os.write(self.far, data):]

    def read(self, size, limit=LIMIT):
        """So many bytes from the gateway; fewer if they do not come."""
        got = b""
        end = time.monotonic() + limit
        while len(got) < size:
            left = end - time.monotonic()
            if left < 0 or not readable(self.far, left):
                break
            got += os.read(self.far, size - len(got))
        return got

    def only(self, expected):
        """This comes from the gateway, whenever it does, and nothing more."""
        equal(self.read(len(expected)), expected)
        equal(self.read(1, 0.2), b"")


class Hang:
    """The disk of a gateway hangs: the thread that writes is stopped with
    ptrace(2) in the middle of what it does, which root may."""

    def __init__(self, process):
        self.process = process
        tasks = f"/proc/{process.pid}/task"
        for name in os.listdir(tasks):
            with open(f"{tasks}/{name}/comm", encoding="ascii") as file:
                if file.read() == "disk\n":
                    self.thread = int(name)
        self.ptrace(PTRACE_SEIZE)
        self.ptrace(PTRACE_INTERRUPT)
        equal(os.waitpid(self.thread, 0x40000000)[0], self.thread)  # __WALL

    def ptrace(self, what):
        """The call."""
        if LIBC.ptrace(what, self.thread, None, None) == -1:
            raise OSError(ctypes.get_errno(), "ptrace")

    def end(self):
        """It goes on."""
        self.ptrace(PTRACE_DETACH)

    def stop(self):
        """The program ends under it: its status."""
        self.process.terminate()
        # A thread that is traced has to be waited for by who does.
        until(lambda: os.waitpid(self.thread, os.WNOHANG | 0x40000000)[0],
              "end")
        return self.process.wait(LIMIT)


class Gateway:
    """The program, with ports a, b, ...; each has devices and numbers."""

    def __init__(self, program, *ports, count=1, options=("-v",),
                 web=None):
        self.dir = tempfile.mkdtemp(prefix="t_gateway.")
        self.devices, self.telnet, self.raw, self.watch = [], [], [], []
        self.conf = os.path.join(self.dir, "gateway.conf")
        text = ""
        for index in range(count):
            link = os.path.join(self.dir, f"tty{index}")
            self.devices.append(Device(link))
            numbers = [free_port() for _ in range(3)]
            for where, number in zip((self.telnet, self.raw, self.watch),
                                     numbers):
                where.append(number)
            text += (f"[port p{index}]\nnode = {link}\n"
                     f"listen = telnet {numbers[0]}\n"
                     f"listen = raw [::1]:{numbers[1]}\n"
                     f"listen = raw {numbers[2]} watch\n"
                     f"listen = raw unix:{link}.sock\n"
                     f"listen = raw unix:{link}.force force\n")
            text += "\n".join(ports[index:index + 1]) + "\n"
        self.web = free_port()
        if web is not None:
            text += f"[web]\nlisten = {self.web}\n{web}\n"
        with open(self.conf, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(self.conf, 0o644)
        self.log = os.path.join(self.dir, "log")
        self.logfile = open(self.log, "wb")
        self.process = subprocess.Popen(
            [program, *options, "--config", self.conf],
            stdin=subprocess.DEVNULL, stdout=self.logfile,
            stderr=self.logfile)
        try:
            until(lambda: self.said("is there", count), "devices")
            until(lambda: web is None or self.said("web: http on"), "pages")
        except BaseException:
            print("# " + self.text().replace("\n", "\n# "), flush=True)
            self.close()
            raise

    @property
    def device(self):
        """Of the first port."""
        return self.devices[0]

    def text(self):
        """The log."""
        with open(self.log, encoding="utf-8") as file:
            return file.read()

    def said(self, text, times=1):
        """Is it in the log so often?"""
        return self.text().count(text) >= times

    def unplug(self, index=0):
        """And the gateway knows."""
        before = self.text().count("is gone")
        self.devices[index].unplug()
        until(lambda: self.said("is gone", before + 1), "unplug")

    def replug(self, index=0):
        """And the gateway has it open."""
        before = self.text().count("is there")
        self.devices[index].replug()
        until(lambda: self.said("is there", before + 1), "replug")

    def close(self):
        """Its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.logfile.close()
        for device in self.devices:
            device.unplug()
        self.last = self.text()
        shutil.rmtree(self.dir)
        return status


@contextlib.contextmanager
def gateway(program, *ports, **kwargs):
    """A Gateway that has to end with 0 and without a sanitizer's word."""
    made = Gateway(program, *ports, **kwargs)
    try:
        yield made
    except BaseException:
        print("".join(f"# {line}\n" for line in
                      made.text().splitlines()[-20:]), end="")
        made.close()
        raise
    equal(made.close(), 0, "exit status: " + made.last[-2000:])


class Stream:
    """A TCP connection to it."""

    def __init__(self, number, family=socket.AF_INET6, **options):
        if isinstance(number, str):
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(LIMIT)
            self.sock.connect(number)
            return
        self.sock = socket.socket(family)
        for name, value in options.items():
            self.sock.setsockopt(socket.SOL_SOCKET, getattr(socket, name),
                                 value)
        self.sock.settimeout(LIMIT)
        self.sock.connect(("::1" if family == socket.AF_INET6
                           else "127.0.0.1", number))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data):
        """All of it."""
        self.sock.sendall(data)

    def read(self, size, limit=LIMIT):
        """So many bytes; fewer if they do not come, or it ends."""
        got = b""
        end = time.monotonic() + limit
        while len(got) < size:
            left = end - time.monotonic()
            if left < 0 or not readable(self.sock, left):
                break
            more = self.sock.recv(size - len(got))
            if not more:
                break
            got += more
        return got

    def until(self, text, limit=LIMIT):
        """What comes until and with this."""
        got = b""
        end = time.monotonic() + limit
        while text not in got:
            left = end - time.monotonic()
            more = self.read(1, left) if left > 0 else b""
            if not more:
                raise AssertionError(f"{text!r} does not come: "
                                     f"{got[-200:]!r}")
            got += more
        return got

    def drain(self, text, limit=LIMIT):
        """Read and drop until this ends it; how much it was."""
        last, size, end = b"", 0, time.monotonic() + limit
        while not last.endswith(text):
            if not readable(self.sock, end - time.monotonic()):
                raise AssertionError(f"{text!r} does not come")
            more = self.sock.recv(1 << 20)
            size += len(more)
            last = (last + more)[-100:]
        return size

    def ended(self, limit=LIMIT):
        """Does it end, whatever comes before?"""
        end = time.monotonic() + limit
        while time.monotonic() < end:
            if readable(self.sock, 0.1):
                try:
                    if not self.sock.recv(65536):
                        return True
                except ConnectionError:
                    return True
        return False

    def close(self):
        """As close(2)."""
        self.sock.close()


class Com(Stream):
    """Telnet with RFC 2217, taken apart by hand."""

    def __init__(self, number, agree=True):
        super().__init__(number)
        self.data, self.subs, self.rest = b"", [], b""
        if agree:
            self.send(bytes([IAC, WILL, COM_PORT]))

    def sub(self, *values):
        """Send a suboption."""
        body = bytes(values).replace(b"\xff", b"\xff\xff")
        self.send(bytes([IAC, SB, COM_PORT]) + body + bytes([IAC, SE]))

    def take(self, limit):
        """Read once, and take it apart."""
        if not readable(self.sock, limit):
            return False
        more = self.sock.recv(65536)
        if not more:
            return False
        text = self.rest + more
        while text:
            match = re.match(
                rb"([^\xff]+)|(\xff\xff)|\xff[\xfb-\xfe](.)|"
                rb"\xff\xfa\x2c((?:[^\xff]|\xff\xff)*)\xff\xf0", text, re.S)
            if not match:
                break
            if match.group(1):
                self.data += match.group(1)
            elif match.group(2):
                self.data += b"\xff"
            elif match.group(4) is not None:
                self.subs.append(match.group(4).replace(b"\xff\xff",
                                                        b"\xff"))
            text = text[match.end():]
        self.rest = text
        return True

    def answer(self, command, limit=LIMIT):
        """The next suboption of this command; others stay."""
        end = time.monotonic() + limit
        while True:
            for sub in self.subs:
                if sub[0] == command:
                    self.subs.remove(sub)
                    return sub[1:]
            left = end - time.monotonic()
            if left <= 0 or not self.take(left):
                return None

    def ask(self, *values):
        """The answer to a suboption."""
        self.sub(*values)
        return self.answer(values[0] + 100)

    def bytes(self, size):
        """So much of the device."""
        end = time.monotonic() + LIMIT
        while len(self.data) < size:
            left = end - time.monotonic()
            if left <= 0 or not self.take(left):
                break
        got, self.data = self.data[:size], self.data[size:]
        return got
