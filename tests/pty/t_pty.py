#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_pty: devsw-pty as a program, with a pty in the place of the node.

    t_pty.py DEVSW_PTY

Any terminal can be the node, so here it is a second pty, whose master is the
far end of the line: closing it is the unplug.  What a pty cannot be asked (a
break, modem lines, a revoke) is t_marks and vm/t_pty.

The rules are those of the manual page devsw-pty(1); where a program is to see
no difference, they are termios(3)'s and tty(4)'s.
"""
import fcntl
import hashlib
import os
import random
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import tty

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                ".."))
from h_case import LIMIT, case, equal, main, until  # noqa: E402

PROGRAM = sys.argv[1]
TCGETS2, TCSETS2 = 0x802C542A, 0x402C542B
BOTHER = 0o10000


def read_for(fd, enough, limit=LIMIT, size=65536):
    """Read until enough(bytes so far), the end, or the time is over."""
    got = b""
    end = time.monotonic() + limit
    while not enough(got):
        left = end - time.monotonic()
        if left <= 0 or not select.select([fd], [], [], left)[0]:
            break
        try:
            more = os.read(fd, size)
        except OSError:
            break
        if not more:
            break
        got += more
    return got


def expect(fd, text):
    """What comes before and with this text; fails if it does not come."""
    got = read_for(fd, lambda so_far: text in so_far, size=1)
    if text not in got:
        raise AssertionError(f"{text!r} does not come: {got!r}")
    return got


def exactly(fd, wanted):
    """These bytes come, and nothing else for a while."""
    got = read_for(fd, lambda so_far: len(so_far) >= len(wanted))
    got += read_for(fd, lambda so_far: False, 0.1)
    equal(got, wanted, "what comes")


class Line:
    """devsw-pty on a node, whose far end is self.far."""

    def __init__(self, *command, options=(), node=None, prepare=None):
        self.far, slave = os.openpty()
        self.node = os.ttyname(slave)
        if prepare:
            prepare(slave)
        self.own = slave            # keeps the settings to be looked at
        args = [PROGRAM, *options, node or self.node]
        if command:
            args += ["--", *command]
        self.process = subprocess.Popen(
            args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, start_new_session=True)
        self.slave = None
        if not command and not node:
            self.slave = self.process.stdout.readline().strip()
            if not self.slave:
                raise AssertionError(self.process.stderr.read())

    def open(self, raw=True):
        """The slave; raw, and the node has seen that."""
        fd = os.open(self.slave, os.O_RDWR | os.O_NOCTTY)
        if raw:
            tty.setraw(fd, termios.TCSANOW)
            until(lambda: not termios.tcgetattr(self.own)[0] & termios.IXON,
                  "node without IXON")
        return fd

    def hang_up(self):
        """The far end, and with it the node, is gone."""
        os.close(self.own)
        os.close(self.far)
        self.own = self.far = -1

    def end(self, limit=LIMIT):
        """(status, standard error) of its end."""
        err = self.process.communicate(timeout=limit)[1]
        return self.process.returncode, err

    def close(self):
        """Whatever is left of it."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        for fd in (self.own, self.far):
            if fd != -1:
                os.close(fd)


class lines:            # pylint: disable=invalid-name
    """with lines(...) as line: a Line that ends with the case."""

    def __init__(self, *args, **kwargs):
        self.args, self.kwargs = args, kwargs
        self.line = None

    def __enter__(self):
        self.line = Line(*self.args, **self.kwargs)
        return self.line

    def __exit__(self, *_):
        self.line.close()


def write_all(fd, data):
    """All of it, however long the other side takes."""
    while data:
        data = data[os.write(fd, data[:4096]):]


def slowly(fd, count, got):
    """Read count bytes in small pieces, with pauses."""
    rand = random.Random(1)
    while got[0] < count:
        data = os.read(fd, rand.randint(1, 8000))
        got[0] += len(data)
        got[1].update(data)
        if rand.random() < 0.02:
            time.sleep(0.02)


@case("no byte is lost, both ways at once, with readers slower than writers")
def _():
    data = random.Random(7).randbytes(1 << 20)
    with lines() as line:
        slave = line.open()
        sums = []
        threads = []
        for into, out in ((line.far, slave), (slave, line.far)):
            got = [0, hashlib.sha256()]
            sums.append(got)
            threads += [
                threading.Thread(target=write_all, args=(into, data)),
                threading.Thread(target=slowly, args=(out, len(data), got))]
        for thread in threads:
            thread.daemon = True
            thread.start()
        for thread in threads:
            thread.join(60)
        for got in sums:
            equal(got[0], len(data), "length")
            equal(got[1].digest(), hashlib.sha256(data).digest(), "sum")
        os.close(slave)


@case("a side that is not read stops the other: queues are bounded")
def _():
    with lines() as line:
        slave = line.open()
        for into, out in ((line.far, slave), (slave, line.far)):
            os.set_blocking(into, False)
            sent = b""
            quiet = 0
            while quiet < 50 and len(sent) < 1 << 20:
                try:
                    piece = random.randbytes(4096)
                    sent += piece[:os.write(into, piece)]
                    quiet = 0
                except BlockingIOError:
                    quiet += 1
                    time.sleep(0.01)
            # Two ptys and a queue: what these may hold, and no more.
            if not 4096 < len(sent) < 300000:
                raise AssertionError(f"{len(sent)} bytes were taken")
            got = read_for(out, lambda so, n=len(sent): len(so) >= n)
            equal(hashlib.sha256(got).digest(), hashlib.sha256(sent).digest(),
                  "what was taken, after all")
        os.close(slave)


@case("each of the 256 bytes goes through, also with BRKINT")
def _():
    data = bytes(range(256)) * 3
    with lines() as line:
        slave = line.open()
        mode = termios.tcgetattr(slave)
        for iflag in (0, termios.BRKINT, termios.BRKINT | termios.INPCK, 0):
            mode[0] = iflag
            termios.tcsetattr(slave, termios.TCSANOW, mode)
            node_is(line, 0, lambda i, b=iflag & termios.BRKINT:
                    bool(i & termios.PARMRK) == bool(b), "PARMRK")
            write_all(line.far, data)
            equal(read_for(slave, lambda so: len(so) >= len(data)), data,
                  "to the program")
            write_all(slave, data)
            equal(read_for(line.far, lambda so: len(so) >= len(data)), data,
                  "from the program")
        os.close(slave)


def node_is(line, field, good, what):
    """Wait until a field of the node's settings is so."""
    until(lambda: good(termios.tcgetattr(line.own)[field]), what)


@case("a program's settings become the node's, while it does nothing else")
def _():
    with lines() as line:
        slave = line.open()
        first = termios.tcgetattr(slave)
        node_is(line, 4, lambda s: s == first[4], "speed as it was")
        for flag in (termios.CSTOPB, termios.CRTSCTS, termios.CLOCAL,
                     termios.HUPCL):
            for _ in range(2):
                mode = termios.tcgetattr(slave)
                mode[2] ^= flag
                termios.tcsetattr(slave, termios.TCSANOW, mode)
                node_is(line, 2, lambda c, f=flag, m=mode[2]:
                        (c ^ m) & f == 0, f"c_cflag {flag:#o}")
        for flag in (termios.IXON, termios.IXOFF, termios.IXANY,
                     termios.IGNBRK, termios.IGNPAR, termios.INPCK):
            for _ in range(2):
                mode = termios.tcgetattr(slave)
                mode[0] ^= flag
                termios.tcsetattr(slave, termios.TCSANOW, mode)
                node_is(line, 0, lambda i, f=flag, m=mode[0]:
                        (i ^ m) & f == 0, f"c_iflag {flag:#o}")
        mode[6][termios.VSTOP] = b"\x01"
        termios.tcsetattr(slave, termios.TCSANOW, mode)
        node_is(line, 6, lambda cc: cc[termios.VSTOP] == b"\x01", "VSTOP")
        # After seconds without a byte, too.
        time.sleep(2.5)
        mode[4] = mode[5] = termios.B57600
        termios.tcsetattr(slave, termios.TCSANOW, mode)
        node_is(line, 4, lambda s: s == termios.B57600, "57600")
        os.close(slave)


@case("a speed that has no name is carried as well")
def _():
    with lines() as line:
        slave = line.open()
        raw = bytearray(fcntl.ioctl(slave, TCGETS2, bytes(44)))
        cflag = struct.unpack_from("I", raw, 8)[0] & ~0o10017 | BOTHER
        struct.pack_into("I", raw, 8, cflag)
        struct.pack_into("II", raw, 36, 31250, 31250)
        fcntl.ioctl(slave, TCSETS2, bytes(raw))

        def speed():
            now = fcntl.ioctl(line.own, TCGETS2, bytes(44))
            return struct.unpack_from("II", now, 36) == (31250, 31250)
        until(speed, "31250")
        os.close(slave)


@case("what is written after a change of the speed leaves with the new one")
def _():
    speeds = (termios.B1200, termios.B38400, termios.B115200)
    with lines() as line:
        slave = line.open()
        for turn in range(60):
            mode = termios.tcgetattr(slave)
            mode[4] = mode[5] = speeds[turn % 3]
            termios.tcsetattr(slave, termios.TCSANOW, mode)
            os.write(slave, b"x")
            equal(os.read(line.far, 1), b"x")
            equal(termios.tcgetattr(line.own)[4], mode[4], "the node's speed")
        os.close(slave)


@case("in that order: the node's settings, then the byte")
def _():
    with lines() as line, tempfile.NamedTemporaryFile("r") as log:
        slave = line.open()
        time.sleep(0.2)
        with subprocess.Popen(
                ["strace", "-qq", "-e", "trace=ioctl,write", "-o", log.name,
                 "-p", str(line.process.pid)]) as strace:
            def traced():
                with open(f"/proc/{line.process.pid}/status",
                          encoding="ascii") as file:
                    return "TracerPid:\t0" not in file.read()
            until(traced, "tracer")
            line.process.send_signal(signal.SIGSTOP)
            time.sleep(0.1)
            mode = termios.tcgetattr(slave)
            mode[4] = mode[5] = termios.B1200
            termios.tcsetattr(slave, termios.TCSANOW, mode)
            os.write(slave, b"x")
            line.process.send_signal(signal.SIGCONT)
            equal(read_for(line.far, lambda so: so), b"x")
            time.sleep(0.1)
            strace.terminate()
        said = log.read()
        equal([word for row in said.splitlines() for word in
               ("TCSETS", ', "x", 1) ') if word in row][:2],
              ["TCSETS", ', "x", 1) '], "order in " + said)
        os.close(slave)


@case("stty on the slave, gone after a moment, sets the node")
def _():
    with lines() as line:
        for speed in ("1200", "57600"):
            subprocess.run(["stty", "-F", line.slave, speed, "cstopb"],
                           check=True)
            node_is(line, 4, lambda s, n=speed: s == getattr(
                termios, "B" + n), speed)


def seven_even(slave):
    """As an administrator prepares a node."""
    subprocess.run(["stty", "-F", os.ttyname(slave), "2400", "cstopb",
                    "-icrnl", "intr", "^X"], check=True)


@case("the slave begins with the node's settings, which come back at the end")
def _():
    with lines(prepare=seven_even) as line:
        slave = line.open(raw=False)
        mode = termios.tcgetattr(slave)
        equal(mode[4], termios.B2400, "speed")
        equal(bool(mode[2] & termios.CSTOPB), True, "CSTOPB")
        equal(bool(mode[0] & termios.ICRNL), False, "ICRNL")
        equal(bool(mode[3] & termios.ICANON), True, "ICANON")
        equal(mode[6][termios.VINTR], b"\x18", "VINTR")
        node = termios.tcgetattr(line.own)
        equal((node[1], node[3]), (0, 0), "the node's c_oflag, c_lflag")
        tty.setraw(slave)
        mode[4] = mode[5] = termios.B9600
        termios.tcsetattr(slave, termios.TCSANOW, mode)
        node_is(line, 4, lambda s: s == termios.B9600, "9600")
        line.process.terminate()
        line.end()
        node = termios.tcgetattr(line.own)
        equal(node[4], termios.B2400, "speed at the end")
        equal(bool(node[3] & termios.ICANON), True, "ICANON at the end")
        os.close(slave)


@case("tcflush drops output that has not left, and input that is not read")
def _():
    with lines() as line:
        slave = line.open()
        os.set_blocking(slave, False)
        taken = 0
        quiet = 0
        while quiet < 30:
            try:
                taken += os.write(slave, b"o" * 4096)
                quiet = 0
            except BlockingIOError:
                quiet += 1
                time.sleep(0.01)
        termios.tcflush(slave, termios.TCOFLUSH)
        time.sleep(0.3)
        os.write(slave, b"end")
        got = expect(line.far, b"end")
        # The kernel keeps what the reader's side of a pty has taken.
        if len(got) > 2 * 4096 + 3:
            raise AssertionError(f"{len(got)} of {taken} bytes came")
        write_all(line.far, b"i" * 30000)
        time.sleep(0.3)
        termios.tcflush(slave, termios.TCIFLUSH)
        time.sleep(0.3)
        os.write(line.far, b"end")
        got = expect(slave, b"end")
        if len(got) > 3:
            raise AssertionError(f"{len(got)} bytes came")
        os.close(slave)


@case("input while nobody has the slave is not kept, settings are")
def _():
    with lines() as line:
        slave = line.open()
        mode = termios.tcgetattr(slave)
        mode[4] = mode[5] = termios.B19200
        termios.tcsetattr(slave, termios.TCSANOW, mode)
        os.write(line.far, b"unread")
        until(lambda: select.select([slave], [], [], 0)[0], "input")
        os.close(slave)
        time.sleep(0.2)
        os.write(line.far, b"for nobody")
        time.sleep(0.2)
        for word in (b"one", b"two", b"three"):
            slave = line.open(raw=False)
            equal(termios.tcgetattr(slave)[4], termios.B19200, "speed")
            time.sleep(0.1)
            os.write(line.far, word)
            exactly(slave, word)
            os.write(slave, word)
            os.close(slave)             # at once
            exactly(line.far, word)


@case("what is written and closed at once is sent, every time")
def _():
    with lines() as line:
        for turn in range(200):
            fd = os.open(line.slave, os.O_WRONLY | os.O_NOCTTY)
            os.write(fd, b"%03d." % turn)
            os.close(fd)
            equal(read_for(line.far, lambda so: len(so) >= 4),
                  b"%03d." % turn)


SHELL = ("bash", "--noprofile", "--norc", "-i")


def shell(line):
    """Make it quiet: no echo, a prompt that nothing else says."""
    line.far_write = lambda text: os.write(line.far, text)
    os.write(line.far, b"stty -echo; PS1='@'@' '; bind 'set "
             b"enable-bracketed-paste off'\r")
    expect(line.far, b"@@ ")


def run(line, text):
    """A command to the shell, and what it says until the prompt."""
    os.write(line.far, text + b"\r")
    return expect(line.far, b"@@ ")


@case("COMMAND leads a session, the slave is its controlling terminal")
def _():
    with lines(*SHELL) as line:
        shell(line)
        said = run(line, b"ps -o pid=,sid=,tty= -p $$; tty; echo $$ <>/dev/tty")
        pid, sid, name, path, again = said.split()[:5]
        equal((pid, again), (sid, pid), "pid, session")
        equal(path, b"/dev/" + name, "tty")
        os.write(line.far, b"exit 0\r")
        equal(line.end()[0], 0, "status")
    # Not one that it has taken itself by an open.
    with lines("ps", "-o", "tty=,tpgid=,pid=", "-C", "ps") as line:
        name, group, pid = expect(line.far, b"\n").split()
        equal((name[:4], group), (b"pts/", pid), "tty, foreground")


@case("^C ends what runs in the foreground, ^Z stops it, fg goes on")
def _():
    with lines(*SHELL) as line:
        shell(line)
        os.write(line.far, b"echo go; sleep 1000\r")
        expect(line.far, b"go")
        time.sleep(0.3)
        os.write(line.far, b"\x03")
        expect(line.far, b"@@ ")
        if b"130" not in run(line, b"echo $?"):
            raise AssertionError("no SIGINT")
        os.write(line.far, b"echo go; cat\r")
        expect(line.far, b"go")
        time.sleep(0.3)
        os.write(line.far, b"\x1a")
        expect(line.far, b"Stopped")
        expect(line.far, b"@@ ")
        os.write(line.far, b"fg\r")
        expect(line.far, b"cat\r\n")
        os.write(line.far, b"echoed\r")
        expect(line.far, b"echoed")
        os.write(line.far, b"\x04")
        expect(line.far, b"@@ ")
        equal(run(line, b"jobs").replace(b"@@ ", b"").strip(), b"", "jobs")


@case("a window size that is set is told by SIGWINCH")
def _():
    with lines("sh", "-c", "trap 'stty size' WINCH; tty; "
               "while :; do sleep 0.1; done") as line:
        name = expect(line.far, b"\n").strip()
        subprocess.run(["stty", "-F", name, "rows", "33", "cols", "111"],
                       check=True)
        expect(line.far, b"33 111")


@case("the exit status of COMMAND is passed on, 128 + N for a signal")
def _():
    for script, status in (("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137)):
        with lines("sh", "-c", script) as line:
            equal(line.end(), (status, ""), script)
    with lines("/no/such/command") as line:
        equal(line.end(), (127, "devsw-pty: /no/such/command: "
                           "No such file or directory\n"))
    with lines("/") as line:
        equal(line.end(), (126, "devsw-pty: /: Permission denied\n"))


@case("all that COMMAND has written arrives before the end")
def _():
    with lines("sh", "-c", "stty raw; head -c 300000 /dev/zero | tr '\\0' x;"
               "printf end") as line:
        time.sleep(0.5)
        got = read_for(line.far, lambda so: so.endswith(b"end"))
        equal((len(got), got[-4:]), (300003, b"xend"), "what arrives")
        equal(line.end()[0], 0, "status")
    with lines("sh", "-c", "stty raw; head -c 40000 /dev/zero; printf end") \
            as line:
        time.sleep(1)                   # it has ended, nothing is read
        equal(len(read_for(line.far, lambda so: so.endswith(b"end"))), 40003)
        equal(line.end()[0], 0, "status")


@case("a line that takes nothing does not keep a COMMAND that has ended")
def _():
    with lines("sh", "-c", "stty raw; head -c 6000 /dev/zero") as line:
        # Nobody reads the far end, whose pty is full before.
        began = time.monotonic()
        equal(line.end()[0], 0, "status")
        if time.monotonic() - began > LIMIT:
            raise AssertionError("too late")


CLOSES = """
import os, time
name = os.ttyname(0)
os.close(0); os.close(1); os.close(2)
time.sleep(0.5)
fd = os.open(name, os.O_RDWR)
os.dup2(fd, 1); os.dup2(fd, 2)
os.write(1, b"again\\n")
print("got", os.read(0, 100), flush=True)
"""


@case("COMMAND may close its terminal and open it again, as login does")
def _():
    with lines("python3", "-c", CLOSES) as line:
        time.sleep(0.3)
        os.write(line.far, b"typed ahead\r")
        expect(line.far, b"again")
        expect(line.far, b"got b'typed ahead")
        equal(line.end()[0], 0, "status")


@case("the node's end hangs the session up: SIGHUP, and its status")
def _():
    with tempfile.TemporaryDirectory() as where:
        mark = where + "/hup"
        with lines("sh", "-c", f"trap 'echo hup >{mark}; exit 3' HUP; "
                   "echo go; while :; do sleep 0.1; done") as line:
            expect(line.far, b"go")
            line.hang_up()
            status, err = line.end()
            equal((status, err), (3, f"devsw-pty: {line.node} has hung up\n"))
            with open(mark, encoding="ascii") as file:
                equal(file.read(), "hup\n")
    with lines(*SHELL) as line:
        shell(line)
        os.write(line.far, b"echo go; sleep 1000\r")
        expect(line.far, b"go")
        line.hang_up()
        equal(line.end()[0], 128 + signal.SIGHUP, "a shell's status")


@case("also when the program does not read what has come")
def _():
    with lines("sh", "-c", "stty raw -echo; echo go; exec sleep 1000") as line:
        expect(line.far, b"go")
        os.set_blocking(line.far, False)
        quiet = 0
        while quiet < 30:
            try:
                os.write(line.far, b"x" * 4096)
                quiet = 0
            except BlockingIOError:
                quiet += 1
                time.sleep(0.01)
        began = time.monotonic()
        line.hang_up()
        equal(line.end()[0], 128 + signal.SIGHUP, "status")
        if time.monotonic() - began > 4:
            raise AssertionError("too late")


@case("a COMMAND that ignores SIGHUP is not waited for without an end")
def _():
    with tempfile.TemporaryDirectory() as where:
        with lines("sh", "-c", f"trap '' HUP; echo $$ >{where}/pid; echo go; "
                   "sleep 1000 >/dev/null 2>&1; sleep 1000") as line:
            expect(line.far, b"go")
            line.hang_up()
            status, err = line.end()
            equal(status, 128 + signal.SIGHUP, "status")
            if "ignores its hang-up" not in err:
                raise AssertionError(err)
            with open(where + "/pid", encoding="ascii") as file:
                os.killpg(int(file.read()), signal.SIGKILL)


@case("without COMMAND the node's end makes the slave a dead one")
def _():
    with lines() as line:
        slave = line.open()
        reader = select.poll()
        reader.register(slave, select.POLLIN)
        line.hang_up()
        until(lambda: reader.poll(100), "wake-up")
        equal(os.read(slave, 1), b"", "read")
        try:
            os.write(slave, b"x")
            raise AssertionError("written")
        except OSError:
            pass
        equal(line.end()[0], 0, "status")
        os.close(slave)


@case("a signal hangs up, too; COMMAND's status then, or the signal itself")
def _():
    for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        with lines("sh", "-c", "trap 'exit 5' HUP; echo go; "
                   "while :; do sleep 0.1; done") as line:
            expect(line.far, b"go")
            line.process.send_signal(sig)
            equal(line.end(), (5, ""))
        with lines() as line:
            line.process.send_signal(sig)
            equal(line.end(), (-sig, ""))


@case("--link leads to the slave, and is gone at the end")
def _():
    with tempfile.TemporaryDirectory() as where:
        path = where + "/modem"
        for stale in (False, True):
            if stale:                   # a killed predecessor's
                os.symlink("/dev/pts/99999", path)
            with lines(options=("--link", path)) as line:
                equal(os.readlink(path), line.slave)
                line.process.terminate()
                line.end()
            equal(os.path.lexists(path), False, "a link at the end")
        with lines("sleep", "1000", options=("-l", path)) as line:
            until(lambda: os.path.lexists(path), "link")
            line.hang_up()
            line.end()
            equal(os.path.lexists(path), False, "a link after a hang-up")
        with lines(options=("--link", path)) as line:
            os.unlink(path)
            os.symlink("/elsewhere", path)
            line.process.terminate()
            line.end()
            equal(os.readlink(path), "/elsewhere", "another's link")


@case("--link refuses what is no link of its own, and leaves it")
def _():
    with tempfile.TemporaryDirectory() as where:
        path = where + "/modem"

        def refused(text="is not a link of ours"):
            far, slave = os.openpty()
            done = subprocess.run(
                [PROGRAM, "-l", path, os.ttyname(slave)], check=False,
                capture_output=True, text=True, timeout=LIMIT)
            equal((done.returncode, done.stdout, done.stderr),
                  (1, "", f"devsw-pty: {path}: {text}\n"))
            os.close(far)
            os.close(slave)
        for target in ("/dev/null", "/dev/pts/x", "/dev/pts/", "/dev/pts/1/2",
                       "../dev/pts/1"):
            os.symlink(target, path)
            refused()
            equal(os.readlink(path), target)
            os.unlink(path)
        with open(path, "w", encoding="ascii") as file:
            file.write("precious")
        refused()
        with open(path, encoding="ascii") as file:
            equal(file.read(), "precious")
        os.unlink(path)
        os.mkdir(path)
        refused()
        os.rmdir(path)
        if os.geteuid() == 0:
            os.symlink("/dev/pts/1", path)
            os.lchown(path, 1234, 1234)
            refused()
            os.unlink(path)
        path = where + "/no/modem"
        refused("No such file or directory")


@case("--link does not take the name of another one that is alive")
def _():
    with tempfile.TemporaryDirectory() as where:
        path = where + "/modem"
        far, slave = os.openpty()
        with lines(options=("--link", path)) as line:
            done = subprocess.run(
                [PROGRAM, "-l", path, os.ttyname(slave)], check=False,
                capture_output=True, text=True, timeout=LIMIT)
            equal((done.returncode, done.stdout, done.stderr),
                  (1, "", f"devsw-pty: {path}: is another devsw-pty's\n"))
            equal(os.readlink(path), line.slave)
        # It was killed; and a terminal may have the number of a dead one.
        os.unlink(path)
        os.symlink(os.ttyname(slave), path)
        with lines(options=("--link", path)) as line:
            equal(os.readlink(path), line.slave)
        os.close(far)
        os.close(slave)


@case("--wait waits for the node; without, and for what is none, it fails")
def _():
    with tempfile.TemporaryDirectory() as where:
        path = where + "/node"
        done = subprocess.run([PROGRAM, path], check=False, text=True,
                              capture_output=True, timeout=LIMIT)
        equal((done.returncode, done.stderr),
              (1, f"devsw-pty: {path}: No such file or directory\n"))
        done = subprocess.run([PROGRAM, "-w", "/dev/null"], check=False,
                              capture_output=True, text=True, timeout=LIMIT)
        equal((done.returncode, done.stderr),
              (1, "devsw-pty: /dev/null: is no terminal\n"))
        with lines("echo", "here", options=("--wait",), node=path) as line:
            time.sleep(0.5)
            equal(line.process.poll(), None, "its end")
            os.symlink(line.node, path)
            expect(line.far, b"here")
            equal(line.end()[0], 0, "status")


def comes_back(line, node, path):
    """The node comes and leaves twice, under --again -l; then it is ended."""
    for word in (b"one", b"two"):
        far, own = os.openpty()
        os.symlink(os.ttyname(own), node)
        until(lambda: os.path.lexists(path), "link")
        slave = os.open(path, os.O_RDWR | os.O_NOCTTY)
        os.write(slave, word)
        expect(far, word)
        os.unlink(node)
        os.close(own)
        os.close(far)
        until(lambda: not os.path.lexists(path), "end")
        os.close(slave)
    line.process.terminate()
    equal(line.process.wait(LIMIT), -signal.SIGTERM)


@case("--again serves the node that has come back, under the same link")
def _():
    with tempfile.TemporaryDirectory() as where:
        node, path = where + "/node", where + "/link"
        with lines(options=("--again", "-l", path), node=node) as line:
            comes_back(line, node, path)


@case("who reads nothing that it says does not end it, and leaves no link")
def _():
    with tempfile.TemporaryDirectory() as where:
        node, path = where + "/node", where + "/link"
        with lines(options=("--again", "-l", path), node=node) as line:
            line.process.stdout.close()
            line.process.stderr.close()
            comes_back(line, node, path)
            line.process.stdout = line.process.stderr = None
    # COMMAND has it as it was.
    for was in (signal.SIG_DFL, signal.SIG_IGN):
        far, slave = os.openpty()
        subprocess.run(
            [PROGRAM, os.ttyname(slave), "--", "grep", "SigIgn",
             "/proc/self/status"], check=True, timeout=LIMIT,
            restore_signals=False, preexec_fn=lambda was=was: signal.signal(
                signal.SIGPIPE, was))
        bits = int(expect(far, b"\n").split()[-1], 16)
        equal(bool(bits & 1 << signal.SIGPIPE - 1), was == signal.SIG_IGN)
        os.close(far)
        os.close(slave)


@case("--again ends by a signal, also while it waits for COMMAND's end")
def _():
    with lines("sh", "-c", "trap 'sleep 2; exit 4' HUP; echo go; "
               "while :; do sleep 0.1; done", options=("--again",)) as line:
        expect(line.far, b"go")
        line.hang_up()
        time.sleep(1)
        line.process.terminate()
        equal(line.end(), (4, f"devsw-pty: {line.node} has hung up\n"))


@case("who may use the node may use the slave")
def _():
    if os.geteuid() != 0:
        return

    def give(slave):
        os.fchown(slave, 1234, 4321)
        os.fchmod(slave, 0o660)
    with lines(prepare=give) as line:
        st = os.stat(line.slave)
        equal((st.st_uid, st.st_gid, st.st_mode & 0o777), (1234, 4321, 0o660))


@case("COMMAND gets no descriptor but its terminal, and the signal mask")
def _():
    with lines("sh", "-c", "ls /proc/$$/fd; grep SigBlk /proc/self/status; "
               "echo end") as line:
        said = expect(line.far, b"end").split()
        equal([word for word in said[:-3] if word.isdigit()
               and int(word) < 10], [b"0", b"1", b"2"])
        equal(said[-2], b"0" * 16, "blocked signals")


@case("a pause costs nothing: it sleeps while nobody has the slave")
def _():
    with lines() as line:
        stat = f"/proc/{line.process.pid}/status"

        def switches():
            with open(stat, encoding="ascii") as file:
                return sum(int(row.split()[1]) for row in file
                           if "ctxt_switches" in row)
        os.close(line.open())
        time.sleep(0.5)
        before = switches()
        time.sleep(1)
        if switches() - before > 3:
            raise AssertionError(f"woken {switches() - before} times")
        slave = line.open()
        time.sleep(2.5)
        before = switches()
        time.sleep(1)
        if switches() - before > 20:
            raise AssertionError(f"woken {switches() - before} times")
        os.close(slave)


@case("a killed devsw-pty leaves nobody at the node")
def _():
    with lines("sleep", "1000") as line:
        until(lambda: subprocess.run(
            ["pgrep", "-P", str(line.process.pid)], check=False,
            capture_output=True).stdout.count(b"\n") == 2, "two children")
        line.process.kill()
        line.process.wait()

        def users():
            found = []
            for pid in filter(str.isdigit, os.listdir("/proc")):
                try:
                    found += [pid for fd in os.listdir(f"/proc/{pid}/fd")
                              if int(pid) != os.getpid() and os.readlink(
                                  f"/proc/{pid}/fd/{fd}") == line.node]
                except OSError:
                    continue
            return found
        until(lambda: not users(), "end of those at the node")


@case("it starts without standard input, output and error, too")
def _():
    far, slave = os.openpty()
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" "$1" -- echo here <&- >&- 2>&-', PROGRAM,
         os.ttyname(slave)], check=False, timeout=LIMIT)
    equal(done.returncode, 0, "status")
    expect(far, b"here")
    os.close(far)
    os.close(slave)


@case("COMMAND's end is seen also by who was started with SIGCHLD ignored")
def _():
    far, slave = os.openpty()
    done = subprocess.run(
        [PROGRAM, os.ttyname(slave), "--", "sh", "-c",
         "grep SigIgn /proc/self/status; exit 3"], check=False, timeout=LIMIT,
        preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
    equal(done.returncode, 3, "status")
    bits = int(expect(far, b"\n").split()[-1], 16)
    equal(bits & 1 << signal.SIGCHLD - 1, 0, "ignored by COMMAND")
    os.close(far)
    os.close(slave)


@case("wrong words: usage, status 2; --help and --version")
def _():
    for words in ((), ("a", "b"), ("a", "--"), ("--frob", "a"), ("",),
                  ("-l",), ("--", "a")):
        done = subprocess.run([PROGRAM, *words], check=False, text=True,
                              capture_output=True, timeout=LIMIT)
        equal((done.returncode, done.stdout), (2, ""), words)
        if "usage: devsw-pty" not in done.stderr:
            raise AssertionError(done.stderr)
    for word in ("--help", "--version"):
        done = subprocess.run([PROGRAM, word], check=False, text=True,
                              capture_output=True, timeout=LIMIT)
        equal((done.returncode, done.stderr), (0, ""), word)
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([PROGRAM, word], check=False, text=True,
                                  stdout=full, stderr=subprocess.PIPE,
                                  timeout=LIMIT)
        equal((done.returncode, done.stderr),
              (1, "devsw-pty: standard output: No space left on device\n"),
              word)


# nohup(1) has it ignored, and so would COMMAND then.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
sys.exit(main())
