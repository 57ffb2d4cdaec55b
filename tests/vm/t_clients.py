#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --smp 1 --usb ftdi --usb acm
# chips: full:ch340 full:cp2102n full:pl2303hxn full:ft232h full:ch341
# chips: full:cp2105 full:pl2303hx
# timeout: 240
"""t_clients: programs that know nothing of devsw work with its nodes.

stty, picocom, socat, pyserial and the usual tools on both adapters; termios
settings come back as they were set; the rules of a terminal (canonical
input, VMIN and VTIME, carrier, exclusive use, dial-in and dial-out) hold.
"""

import errno
import fcntl
import hashlib
import os
import re
import select
import struct
import subprocess
import sys
import termios
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_guest  # noqa: E402
from h_guest import CALLOUT, NODES, PROMPT  # noqa: E402
from h_guest import case, equal, probe, within  # noqa: E402
import serial  # noqa: E402

TCGETS2, TCSETS2 = 0x802C542A, 0x402C542B
BOTHER = 0o010000
NOBODY = 65534
DIALOUT = 20


class Line:
    """An adapter, open at both ends: with Line("acm0") as line."""

    def __init__(self, adapter, path=None, clocal=True):
        self.far = probe.Far(probe.far_path(adapter))
        self.node = path or NODES[adapter]
        self.fd = probe.open_node(self.node)
        probe.raw(self.fd, clocal=clocal)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.fd)
        if self.far:
            self.far.close()

    def hang_up(self):
        """Close the far end, and open it again later with answer()."""
        self.far.close()
        self.far = None

    def answer(self, adapter):
        """Open the far end again."""
        self.far = probe.Far(probe.far_path(adapter))

    def mode(self, change):
        """Change the termios with a function of the list."""
        mode = termios.tcgetattr(self.fd)
        change(mode)
        termios.tcsetattr(self.fd, termios.TCSANOW, mode)

    def get(self, size):
        """Read size bytes."""
        return probe.read_all(self.fd, size)


def both(function):
    """The case is about both adapters."""
    def twice(world):
        for adapter in NODES:
            function(world, adapter)
    return twice


# ---- programs ----------------------------------------------------------

def stty(node, *words):
    """Run stty; returns what it printed."""
    result = subprocess.run(["stty", "-F", node, *words], check=True,
                            stdout=subprocess.PIPE, timeout=probe.LIMIT,
                            stderr=subprocess.STDOUT)
    return result.stdout.decode()


@case("stty sets and shows the mode")
@both
def _(_world, adapter):
    h_guest.needs_formats()
    with Line(adapter) as line:
        stty(line.node, "57600", "cs7", "parenb", "parodd", "cstopb", "raw",
             "-echo", "min", "3", "time", "7")
        shown = stty(line.node, "-a")
        for word in ("speed 57600 baud", "cs7", "parenb", "parodd",
                     "cstopb", "min = 3", "time = 7", "-echo", "-icanon"):
            if not re.search(r"(^|\s)%s(;|\s|$)" % word, shown):
                raise AssertionError("no %r in %s" % (word, shown))


@case("stty's saved mode comes back whole")
@both
def _(_world, adapter):
    h_guest.needs_formats()
    with Line(adapter) as line:
        stty(line.node, "sane", "19200")
        saved = stty(line.node, "-g").strip()
        stty(line.node, "raw", "-echo", "cs7", "cstopb")
        stty(line.node, saved)
        equal(stty(line.node, "-g").strip(), saved, "stty -g")


@case("socat carries 64 KiB there and back")
def _(_world):
    far = probe.Far(probe.far_path("acm0"))
    far.echo(True)
    data = probe.pattern(65536, 1)
    with subprocess.Popen(["socat", "-", NODES["acm0"] + ",raw,echo=0"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          bufsize=0) as process:
        feeder = threading.Thread(target=process.stdin.write, args=(data,))
        feeder.start()
        back = probe.read_all(process.stdout.fileno(), len(data))
        feeder.join()
        process.stdin.close()
        equal(process.wait(probe.LIMIT), 0, "socat's status")
    far.close()
    equal(hashlib.sha256(back).digest(), hashlib.sha256(data).digest())


@case("head and dd read and write a node")
@both
def _(_world, adapter):
    with Line(adapter) as line:
        line.far.write(b"a line for head\nmore\n")
        line.mode(lambda mode: mode.__setitem__(3, termios.ICANON))
        with open(line.node, "rb", buffering=0) as node:
            head = subprocess.run(["head", "-n1"], stdin=node, check=True,
                                  stdout=subprocess.PIPE,
                                  timeout=probe.LIMIT)
        equal(head.stdout, b"a line for head\n")
        subprocess.run(["dd", "of=" + line.node, "bs=100", "status=none"],
                       input=b"z" * 1000, check=True, timeout=probe.LIMIT)
        equal(line.far.take(1000), b"z" * 1000)


# ---- termios -----------------------------------------------------------

@case("every speed, size, parity and stop bits come back as set")
@both
def _(_world, adapter):
    h_guest.needs_formats()
    with Line(adapter) as line:
        for name in ("B300", "B1200", "B2400", "B4800", "B9600", "B19200",
                     "B38400", "B57600", "B115200", "B230400", "B460800",
                     "B921600"):
            speed = getattr(termios, name)
            for cflag in (termios.CS8, termios.CS7 | termios.PARENB,
                          termios.CS7 | termios.PARENB | termios.PARODD,
                          termios.CS8 | termios.CSTOPB):
                cflag |= termios.CREAD | termios.CLOCAL | termios.HUPCL
                mode = termios.tcgetattr(line.fd)
                mode[2], mode[4], mode[5] = cflag, speed, speed
                termios.tcsetattr(line.fd, termios.TCSADRAIN, mode)
                got = termios.tcgetattr(line.fd)
                equal(got[2] & ~0o010017, cflag, "c_cflag at " + name)
                equal(got[4:6], [speed, speed], name)


@case("a speed that has no name can be set (TCSETS2)")
@both
def _(_world, adapter):
    with Line(adapter) as line:
        size = 44
        old = bytearray(fcntl.ioctl(line.fd, TCGETS2, bytes(size)))
        cflag, = struct.unpack_from("I", old, 8)
        struct.pack_into("I", old, 8, cflag & ~0o010017 | BOTHER)
        struct.pack_into("II", old, 36, 250000, 250000)
        fcntl.ioctl(line.fd, TCSETS2, bytes(old))
        new = fcntl.ioctl(line.fd, TCGETS2, bytes(size))
        equal(struct.unpack_from("II", new, 36), (250000, 250000), "speeds")


@case("all flags and control characters come back as set")
@both
def _(_world, adapter):
    with Line(adapter) as line:
        mode = termios.tcgetattr(line.fd)
        mode[0] = (termios.IGNBRK | termios.IGNPAR | termios.INPCK |
                   termios.ISTRIP | termios.INLCR | termios.IXON |
                   termios.IXOFF | termios.IXANY | termios.IMAXBEL)
        mode[1] = termios.OPOST | termios.ONLCR
        mode[3] = (termios.ISIG | termios.ICANON | termios.ECHO |
                   termios.ECHOE | termios.ECHOK | termios.ECHONL |
                   termios.NOFLSH | termios.IEXTEN | termios.ECHOCTL |
                   termios.ECHOKE)
        for number, name in enumerate(("VINTR", "VQUIT", "VERASE", "VKILL",
                                       "VEOF", "VEOL", "VEOL2", "VSTART",
                                       "VSTOP", "VSUSP", "VLNEXT",
                                       "VWERASE", "VREPRINT")):
            mode[6][getattr(termios, name)] = bytes([0x41 + number])
        termios.tcsetattr(line.fd, termios.TCSANOW, mode)
        got = termios.tcgetattr(line.fd)
        equal(got[0], mode[0], "c_iflag")
        equal(got[1], mode[1], "c_oflag")
        equal(got[3], mode[3], "c_lflag")
        for name in ("VINTR", "VERASE", "VKILL", "VEOF", "VSTOP", "VLNEXT"):
            index = getattr(termios, name)
            equal(got[6][index], mode[6][index], name)


@case("canonical input: editing, echo, a line at a time")
@both
def _(_world, adapter):
    with Line(adapter) as line:
        def cooked(mode):
            mode[0] = termios.ICRNL
            mode[1] = termios.OPOST | termios.ONLCR
            mode[3] = termios.ICANON | termios.ECHO | termios.ECHOE
            mode[6][termios.VERASE] = b"\x7f"
            mode[6][termios.VEOF] = b"\x04"
        line.mode(cooked)
        line.far.write(b"abx\x7fc\rsecond\r")
        h_guest.read_ready(line.fd)
        equal(os.read(line.fd, 100), b"abc\n")
        h_guest.read_ready(line.fd)
        equal(os.read(line.fd, 100), b"second\n")
        equal(line.far.take(17), b"abx\b \bc\r\nsecond\r\n"[:17], "the echo")
        line.far.write(b"eof\x04")
        h_guest.read_ready(line.fd)
        equal(os.read(line.fd, 100), b"eof")


@case("with IUTF8 an erase takes a character, as on Linux's own terminals")
@both
def _(_world, adapter):
    with Line(adapter) as line:
        stty(line.node, "icanon", "icrnl", "opost", "onlcr", "echo", "echoe",
             "iutf8", "erase", "^?")
        line.far.write("aé\x7fb€\x7f\r".encode())
        h_guest.read_ready(line.fd)
        equal(os.read(line.fd, 100), b"ab\n")
        want = "aé\b \bb€\b \b\r\n".encode()
        equal(line.far.take(len(want)), want, "the echo")
        stty(line.node, "-iutf8")
        line.far.write("aé\x7f\r".encode())
        h_guest.read_ready(line.fd)
        equal(os.read(line.fd, 100), "aé".encode()[:2] + b"\n")


@case("VMIN and VTIME say when a read ends")
@both
def _(_world, adapter):
    with Line(adapter) as line:
        os.set_blocking(line.fd, True)

        def timing(vmin, vtime):
            def change(mode):
                mode[6][termios.VMIN], mode[6][termios.VTIME] = vmin, vtime
            line.mode(change)
        timing(0, 5)
        began = probe.now()
        equal(os.read(line.fd, 10), b"", "VMIN 0, VTIME 5, nothing there")
        took = probe.now() - began
        if not 0.45 <= took <= 3:
            raise AssertionError("VTIME 5 took %.3f s" % took)
        timing(0, 0)
        equal(os.read(line.fd, 10), b"", "VMIN 0, VTIME 0")
        timing(3, 0)
        call = probe.Call("read", os.read, line.fd, 10)
        line.far.write(b"ab")
        equal(bool(call.wait_blocked()), True, "VMIN 3 waits after 2 bytes")
        line.far.write(b"c")
        equal(call.result()[0], "3", "VMIN 3")


@case("TCSADRAIN and tcdrain end when the bytes are out")
@both
def _(_world, adapter):
    with Line(adapter) as line:
        probe.write_all(line.fd, b"d" * 3000)
        termios.tcdrain(line.fd)
        equal(probe.outcome(fcntl.ioctl, line.fd, termios.TIOCOUTQ,
                            bytes(4)), "4")
        left = struct.unpack("i", fcntl.ioctl(line.fd, termios.TIOCOUTQ,
                                              bytes(4)))[0]
        equal(left, 0, "TIOCOUTQ after tcdrain")
        equal(line.far.take(3000), b"d" * 3000)


@case("TCIFLUSH drops what has arrived")
@both
def _(_world, adapter):
    with Line(adapter) as line:
        line.far.write(b"old")
        probe.wait_for(lambda: struct.unpack("i", fcntl.ioctl(
            line.fd, termios.FIONREAD, bytes(4)))[0] == 3, "FIONREAD 3")
        termios.tcflush(line.fd, termios.TCIFLUSH)
        line.far.write(b"new")
        equal(line.get(3), b"new")


@case("tcflow stops and starts output")
@both
def _(_world, adapter):
    with Line(adapter) as line:
        termios.tcflow(line.fd, termios.TCOOFF)
        os.write(line.fd, b"held")
        equal(struct.unpack("i", fcntl.ioctl(
            line.fd, termios.TIOCOUTQ, bytes(4)))[0], 4, "TIOCOUTQ")
        termios.tcflow(line.fd, termios.TCOON)
        equal(line.far.take(4), b"held")


# ---- waiting -----------------------------------------------------------

@case("a non-blocking read says EAGAIN; poll, select and epoll say when")
@both
def _(_world, adapter):
    with Line(adapter) as line:
        equal(probe.outcome(os.read, line.fd, 1), "EAGAIN")
        equal(probe.poll_fd(line.fd, select.POLLIN | select.POLLOUT, 0),
              "OUT")
        epoll = select.epoll()
        epoll.register(line.fd, select.EPOLLIN | select.EPOLLET)
        equal(epoll.poll(0), [], "epoll before")
        call = probe.Call("poll", probe.poll_fd, line.fd, select.POLLIN)
        call.wait_blocked()
        line.far.write(b"x")
        equal(call.result()[0], "IN")
        equal(epoll.poll(probe.LIMIT), [(line.fd, select.EPOLLIN)], "epoll")
        equal(select.select([line.fd], [], [], 0)[0], [line.fd])
        equal(line.get(1), b"x")
        line.far.write(b"y")
        equal(epoll.poll(probe.LIMIT), [(line.fd, select.EPOLLIN)],
              "epoll's second edge")
        equal(line.get(1), b"y")
        epoll.close()


@case("one write of 200 KB arrives whole")
def _(_world):
    with Line("acm0") as line:
        os.set_blocking(line.fd, True)
        data = probe.pattern(200 * 1000, 2)
        call = probe.Call("write", os.write, line.fd, data)
        got = line.far.take(len(data))
        equal(call.result()[0], str(len(data)), "write's result")
        equal(hashlib.sha256(got).digest(), hashlib.sha256(data).digest())


@case("256 KiB both ways at once arrive whole")
def _(_world):
    with Line("acm0") as line:
        out, back = probe.pattern(1 << 18, 3), probe.pattern(1 << 18, 4)
        writer = threading.Thread(target=probe.write_all,
                                  args=(line.fd, out))
        feeder = threading.Thread(target=line.far.write, args=(back,))
        writer.start()
        feeder.start()
        got = line.get(len(back))
        writer.join()
        feeder.join()
        equal(hashlib.sha256(got).digest(), hashlib.sha256(back).digest())
        equal(hashlib.sha256(line.far.take(len(out))).digest(),
              hashlib.sha256(out).digest())


@case("bytes that nobody reads are kept back, not lost")
@both
def _(_world, adapter):
    with Line(adapter) as line:
        data = probe.pattern(200000, 5)
        feeder = threading.Thread(target=line.far.write, args=(data,))
        feeder.start()
        probe.wait_for(lambda: struct.unpack("i", fcntl.ioctl(
            line.fd, termios.FIONREAD, bytes(4)))[0] > 16384, "some input")
        got = line.get(len(data))
        feeder.join()
        equal(hashlib.sha256(got).digest(), hashlib.sha256(data).digest())


# ---- pyserial ----------------------------------------------------------

class Port:
    """A pyserial port and the far end."""

    def __init__(self, adapter, **options):
        self.far = probe.Far(probe.far_path(adapter))
        self.port = serial.Serial(NODES[adapter], **{
            "baudrate": 115200, "timeout": 10, **options})

    def __enter__(self):
        return self.port, self.far

    def __exit__(self, *_):
        self.port.close()
        self.far.close()


@case("pyserial reads, writes, and counts what waits")
@both
def _(_world, adapter):
    with Port(adapter) as (port, far):
        port.write(b"hello")
        equal(far.take(5), b"hello")
        far.write(b"world\nrest")
        equal(port.readline(), b"world\n")
        probe.wait_for(lambda: port.in_waiting == 4, "in_waiting 4")
        port.reset_input_buffer()
        equal(port.in_waiting, 0, "in_waiting")
        port.flush()
        equal(port.out_waiting, 0, "out_waiting")


@case("pyserial's timeouts: read, between bytes, write")
@both
def _(_world, adapter):
    with Port(adapter, timeout=0.5) as (port, far):
        began = probe.now()
        equal(port.read(10), b"", "nothing")
        took = probe.now() - began
        if not 0.45 <= took <= 3:
            raise AssertionError("a timeout of 0.5 s took %.3f s" % took)
        port.timeout = 2
        port.inter_byte_timeout = 0.3
        far.write(b"abc")
        equal(port.read(10), b"abc", "inter_byte_timeout")


@case("pyserial: a custom speed, parity and stop bits")
@both
def _(_world, adapter):
    h_guest.needs_formats()
    with Port(adapter, baudrate=250000, parity="E", stopbits=2,
              bytesize=7) as (port, far):
        port.write(b"odd speed")
        equal(far.take(9), b"odd speed")
        port.baudrate = 500000
        port.write(b"!")
        equal(far.take(1), b"!")


@case("pyserial sets DTR and RTS, reads CTS, DSR, RI and CD, sends a break")
@both
def _(_world, adapter):
    with Port(adapter) as (port, _far):
        fd = port.fileno()
        probe.wait_for(lambda: port.cd and port.dsr, "carrier and DSR")
        equal((port.cts, port.ri), (True, False), "CTS, RI")
        for on in (False, True, False):
            port.dtr = on
            port.rts = not on
            lines = probe.modem_lines(fd)
            equal(bool(lines & termios.TIOCM_DTR), on, "DTR")
            equal(bool(lines & termios.TIOCM_RTS), not on, "RTS")
        # The gadget says that it knows no break, and then there is none.
        if h_guest.BREAKS if h_guest.CHIP else adapter == "ftdi0":
            port.send_break(0.05)
        else:
            try:
                port.send_break(0.05)
                raise AssertionError("a break that the device can't do")
            except termios.error as error:
                equal(error.args[0], errno.EOPNOTSUPP, "a break")


@case("pyserial's exclusive port cannot be opened by another one")
@both
def _(_world, adapter):
    with Port(adapter, exclusive=True):
        try:
            serial.Serial(NODES[adapter], exclusive=True).close()
        except serial.SerialException as error:
            if error.errno not in (errno.EAGAIN, errno.EBUSY):
                raise
        else:
            raise AssertionError("the second one was opened")


# ---- who may open ------------------------------------------------------

def open_as(uid, groups, path):
    """open(2) by somebody else: what it says."""
    def attempt():
        os.setgroups(groups)
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        os.close(probe.open_node(path))
    return probe.Call("open", attempt).result()[0]


@case("the node's mode decides: root, group dialout, nobody else")
@both
def _(_world, adapter):
    path = NODES[adapter]
    status = os.stat(path)
    equal((status.st_uid, status.st_gid, status.st_mode & 0o777),
          (0, DIALOUT, 0o660), "owner, group, mode")
    equal(open_as(NOBODY, [], path), "EACCES", "open by nobody")
    equal(open_as(NOBODY, [DIALOUT], path), "0", "open by dialout")


@case("TIOCEXCL keeps others out, but not root")
@both
def _(_world, adapter):
    with Line(adapter) as line:
        fcntl.ioctl(line.fd, termios.TIOCEXCL)
        equal(open_as(NOBODY, [DIALOUT], line.node), "EBUSY")
        equal(h_guest.open_error(line.node), "0", "open by root")
        fcntl.ioctl(line.fd, termios.TIOCNXCL)
        equal(open_as(NOBODY, [DIALOUT], line.node), "0")


@case("dial-in and dial-out exclude each other")
@both
def _(_world, adapter):
    with Line(adapter):
        equal(h_guest.open_error(CALLOUT[adapter]), "EBUSY",
              "dial-out while dial-in is open")
    with Line(adapter, CALLOUT[adapter]):
        equal(h_guest.open_error(NODES[adapter]), "EBUSY",
              "dial-in without waiting while dial-out is open")


@case("the mode lasts over the last close, and over a replug it does not")
@both
def _(world, adapter):
    with Line(adapter) as line:
        line.mode(lambda mode: mode.__setitem__(slice(4, 6),
                                                [termios.B57600] * 2))
    fd = probe.open_node(NODES[adapter])
    equal(termios.tcgetattr(fd)[4], termios.B57600, "the speed")
    os.close(fd)
    world.unplug(adapter)
    world.plug(adapter)
    fd = probe.open_node(NODES[adapter])
    equal(termios.tcgetattr(fd)[4], termios.B9600, "the speed, replugged")
    os.close(fd)


@case("one program closes, the next opens: no open fails")
@both
def _(_world, adapter):
    far = probe.Far(probe.far_path(adapter))
    for number in range(5):
        subprocess.run(["sh", "-ec", "echo hello >$0; stty -F $0 raw; "
                        "stty -F $0 -a >/dev/null", NODES[adapter]],
                       check=True, timeout=probe.LIMIT)
        with serial.Serial(NODES[adapter]) as port:
            port.write(b"%d" % number)
        # (With O_NONBLOCK it may be EAGAIN, if the line takes a second for
        # what the program before has written: contract.md.)
        os.close(probe.open_node(NODES[adapter], os.O_RDWR))
    far.close()


@case("the dial-out node works without a carrier")
def _(_world):
    h_guest.no_carrier()
    fd = probe.open_node(CALLOUT["acm0"])
    equal(bool(termios.tcgetattr(fd)[2] & termios.CLOCAL), True, "CLOCAL")
    probe.raw(fd, clocal=True)
    equal(probe.modem_lines(fd) & termios.TIOCM_CAR, 0, "the carrier")
    equal(probe.outcome(os.read, fd, 1), "EAGAIN", "read")
    equal(probe.outcome(os.write, fd, b"dial"), "4", "write")
    termios.tcflush(fd, termios.TCIOFLUSH)
    os.close(fd)


# ---- carrier -----------------------------------------------------------

@case("an open waits for the carrier and ends when it comes")
def _(_world):
    h_guest.no_carrier()
    call = probe.Call("open", lambda: os.close(
        probe.open_node(NODES["acm0"], os.O_RDWR)))
    equal(bool(call.wait_blocked()), True, "open waits")
    began = probe.now()
    far = probe.Far(probe.far_path("acm0"))
    word, at = call.result()
    equal(word, "0", "open")
    within(at - began, PROMPT, "open after the carrier")
    far.close()


@case("loss of the carrier ends a read; with CLOCAL it does not")
def _(_world):
    with Line("acm0", clocal=False) as line:
        os.set_blocking(line.fd, True)
        probe.wait_for(lambda: probe.modem_lines(line.fd) &
                       termios.TIOCM_CAR, "carrier")
        call = probe.Call("read", os.read, line.fd, 10)
        equal(bool(call.wait_blocked()), True, "read waits")
        line.hang_up()
        equal(call.result()[0], "0", "read")
    with Line("acm0", clocal=True) as line:
        os.set_blocking(line.fd, True)
        call = probe.Call("read", os.read, line.fd, 10)
        equal(bool(call.wait_blocked()), True, "read waits")
        line.hang_up()
        line.answer("acm0")
        line.far.write(b"still there")
        equal(call.result()[0], "10", "read with CLOCAL")


if __name__ == "__main__":
    h_guest.run(h_guest.World())
