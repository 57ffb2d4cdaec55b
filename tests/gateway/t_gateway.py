#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_gateway: devsw-gateway as a program, with ptys in the place of devices.

    t_gateway.py DEVSW_GATEWAY

The rules are those of devsw-gateway(8) and gateway.conf(5); of telnet those
of RFC 854, 856 and 1143, of its serial ports those of RFC 2217, and of what
clients other than ours do: pyserial's rfc2217:// and socat, as Debian has
them.  What a pty does not have (modem lines, breaks) is vm/t_gateway.
"""
import contextlib
import errno
import http.client
import os
import random
import re
import signal
import socket
import ssl
import subprocess
import sys
import termios
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import serial  # noqa: E402
import h_gateway  # noqa: E402
from h_gateway import IAC, SB, SE, DO, WILL, WONT, COM_PORT  # noqa: E402
from h_gateway import Com, Stream, case, equal, until  # noqa: E402

PROGRAM = sys.argv[1]
random.seed(2217)


def gateway(*ports, **kwargs):
    """With the program under test."""
    return h_gateway.gateway(PROGRAM, *ports, **kwargs)


def check(text, name="gateway.conf"):
    """(status, standard error) of --check-config with such a file."""
    directory = h_gateway.tempfile.mkdtemp(prefix="t_gateway.")
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o644)
    done = subprocess.run([PROGRAM, "--check-config", "--config", path],
                          check=False, text=True, capture_output=True,
                          timeout=h_gateway.LIMIT)
    h_gateway.shutil.rmtree(directory)
    return done.returncode, done.stderr.replace(path, "FILE")


def rfc2217(gate, index=0, **kwargs):
    """pyserial's client."""
    return serial.serial_for_url(
        f"rfc2217://[::1]:{gate.telnet[index]}", timeout=5, **kwargs)


def every_byte(size):
    """Bytes of all values, and runs of those that telnet cares about."""
    text = bytes(range(256)) + b"\xff\xff\xff\r\0\r\n\r\xff\xf0\xff\xfa"
    return (text + random.randbytes(size))[:size]


def reload(gate, change):
    """Write what change makes of the configuration, and have it read."""
    with open(gate.conf, encoding="ascii") as file:
        text = file.read()
    with open(gate.conf, "w", encoding="ascii") as file:
        file.write(change(text))
    before = gate.text().count("was read again") + \
        gate.text().count("nothing has changed")
    gate.process.send_signal(signal.SIGHUP)
    until(lambda: gate.text().count("was read again") +
          gate.text().count("nothing has changed") > before, "reload")


# ---- raw -----------------------------------------------------------------

@contextlib.contextmanager
def another(conf):
    """One more gateway, which does not outlive a case that fails."""
    with subprocess.Popen([PROGRAM, "--config", conf], text=True,
                          stderr=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


@case("raw: bytes of all values go through both ways as they are")
def _():
    with gateway() as gate:
        client = Stream(gate.raw[0])
        text = every_byte(200000)
        client.send(text[:3000])
        equal(gate.device.read(3000), text[:3000])
        for at in range(0, len(text), 2000):
            gate.device.write(text[at:at + 2000])
            equal(client.read(2000), text[at:at + 2000])
        client.close()


@case("raw: what is sent before the end of the connection arrives whole")
def _():
    with gateway() as gate:
        text = every_byte(150000)
        client = Stream(gate.raw[0])
        client.sock.setblocking(True)
        done = subprocess.Popen(
            [sys.executable, "-c", "import os,sys,socket\n"
             "s = socket.fromfd(int(sys.argv[1]), socket.AF_INET6,"
             "socket.SOCK_STREAM)\n"
             "s.sendall(sys.stdin.buffer.read())\n", str(client.sock.fileno())],
            stdin=subprocess.PIPE, pass_fds=[client.sock.fileno()])
        client.close()
        done.stdin.write(text)
        done.stdin.close()
        equal(gate.device.read(len(text)), text)
        equal(done.wait(h_gateway.LIMIT), 0)


@case("socat, unchanged, is a client")
def _():
    with gateway() as gate:
        with subprocess.Popen(
                ["socat", "-", f"TCP6:[::1]:{gate.raw[0]}"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE) as socat:
            socat.stdin.write(b"hello")
            socat.stdin.flush()
            equal(gate.device.read(5), b"hello")
            gate.device.write(b"world")
            equal(socat.stdout.read(5), b"world")
            socat.kill()


# ---- clients -------------------------------------------------------------

@case("the first client writes, the others see the same and change nothing")
def _():
    with gateway() as gate:
        first, second = Stream(gate.raw[0]), Com(gate.telnet[0])
        until(lambda: gate.said(" comes", 2), "clients")
        equal(second.ask(1, 0, 0, 0x4B, 0), b"\0\0\x96\0", "speed")
        second.send(b"no")
        first.send(b"yes")
        gate.device.only(b"yes")
        gate.device.write(b"both")
        equal(first.read(4), b"both")
        equal(second.bytes(4), b"both")
        first.close()
        until(lambda: gate.said(" leaves"), "end")
        second.send(b"now")
        equal(gate.device.read(3), b"now")
        equal(second.ask(1, 0, 0, 0x4B, 0), b"\0\0\x4b\0", "speed")


@case("a watcher never writes")
def _():
    with gateway() as gate:
        watcher = Stream(gate.watch[0])
        until(lambda: gate.said(" comes"), "watcher")
        watcher.send(b"no")
        gate.device.write(b"seen")
        equal(watcher.read(4), b"seen")
        equal(gate.device.read(1, 0.3), b"")


@case("who comes by force writes until he leaves; both are told")
def _():
    with gateway("notice = all") as gate:
        first, second = Stream(gate.raw[0]), Stream(gate.raw[0])
        until(lambda: gate.said(" comes", 2), "clients")
        third = Stream(gate.device.link + ".force")
        first.until(b"[devsw-gateway: p0: another client writes now]\r\n")
        third.until(b"[devsw-gateway: p0: you write now]\r\n")
        first.send(b"no")
        third.send(b"yes")
        gate.device.only(b"yes")
        fourth = Stream(gate.device.link + ".force")
        third.until(b"another client writes now]\r\n")
        third.send(b"no")
        fourth.send(b"mine")
        gate.device.only(b"mine")
        fourth.close()
        third.until(b"you write now]\r\n")
        third.close()
        first.until(b"you write now]\r\n")
        first.send(b"back")
        equal(gate.device.read(4), b"back")
        equal(second.read(1, 0.2), b"")


@case("a writer that was held up and loses its place does not stay held up")
def _():
    with gateway("away = keep\nnotice = all") as gate:
        first = Stream(gate.raw[0], SO_SNDBUF=4096)
        gate.unplug()
        first.sock.settimeout(0.5)
        try:
            while True:
                first.sock.send(bytes(8192))
        except TimeoutError:
            pass
        third = Stream(gate.device.link + ".force")
        third.until(b"you write now]\r\n")
        first.sock.settimeout(h_gateway.LIMIT)
        first.send(bytes(1 << 20))


@case("a unix socket: for user and group, replaced if stale, gone at the end")
def _():
    with gateway() as gate:
        path = gate.device.link + ".sock"
        equal(os.stat(path).st_mode & 0o777, 0o660, "its mode")
        client = Stream(path)
        until(lambda: gate.said(
            f"process {os.getpid()} of user {os.getuid()} comes"), "name")
        client.send(b"hello")
        equal(gate.device.read(5), b"hello")
        conf = gate.dir + "/second.conf"
        for kind in ("stale", "file", "live"):
            mine = gate.dir + "/" + kind
            if kind == "file":
                open(mine, "wb").close()
            else:
                sock = socket.socket(socket.AF_UNIX)
                sock.bind(mine)
                if kind == "live":
                    sock.listen()
                else:
                    sock.close()
            with open(conf, "w", encoding="ascii") as file:
                file.write(f"[port x]\nnode = {gate.dir}/none\n"
                           f"listen = raw unix:{mine}\n")
            os.chmod(conf, 0o644)
            with another(conf) as second:
                said = second.stderr.readline()
                second.terminate()
                equal(second.wait(h_gateway.LIMIT), 0)
            equal("Address already in use" in said, kind != "stale", said)
            equal(os.path.exists(mine), kind != "stale", kind)


@case("history: who comes later gets so much of what was said, with notices")
def _():
    with gateway("history = 4\nbuffer = 16\nnotice = all") as gate:
        first = Stream(gate.raw[0])
        until(lambda: gate.said(" comes"), "client")
        text = random.randbytes(40000)
        for at in range(0, 40000, 4000):
            gate.device.write(text[at:at + 4000])
            first.read(4000)
        late = Stream(gate.raw[0])
        equal(late.read(4096), text[-4096:])
        gate.unplug()
        gate.replug()
        gate.device.write(b"new")
        first.until(b"new")
        later = Stream(gate.raw[0])
        got = later.until(b"new")
        equal(got[:4093], text[-4093:])
        equal(got[4093:].count(b"[devsw-gateway"), 2)
    with gateway() as gate:
        first = Stream(gate.raw[0])
        until(lambda: gate.said(" comes"), "client")
        gate.device.write(b"old")
        equal(first.read(3), b"old")
        equal(Stream(gate.raw[0]).read(1, 0.2), b"")


@case("a client that does not read loses its own place, nobody else's")
def _():
    with gateway("buffer = 64") as gate:
        dead, good = Stream(gate.raw[0], SO_RCVBUF=4096), Stream(gate.raw[0])
        until(lambda: gate.said(" comes", 2), "clients")
        text = random.randbytes(16384)
        for turn in range(2048):        # 8 MiB, more than TCP has room for
            gate.device.write(text[turn:turn + 4096])
            equal(good.read(4096), text[turn:turn + 4096])
        until(lambda: gate.said("too slow"), "word about it")
        # It goes on where the buffer begins.
        gate.device.write(b"\x00end")
        if not 0 < dead.drain(b"\x00end") < 2048 * 4096:
            raise AssertionError("nothing is lost")


@case("slow = close: it loses its connection")
def _():
    with gateway("buffer = 16\nslow = close") as gate:
        dead, good = Stream(gate.raw[0], SO_RCVBUF=4096), Stream(gate.raw[0])
        until(lambda: gate.said(" comes", 2), "clients")
        text = bytes(4096)
        for _ in range(4096):
            gate.device.write(text)
            equal(len(good.read(4096)), 4096)
            if gate.said("it is too slow"):
                break
        equal(dead.ended(), True, "the end")
        gate.device.write(b"x")
        equal(good.read(1), b"x")


@case("clients = N: one more is told so and closed")
def _():
    with gateway("clients = 2") as gate:
        kept = [Stream(gate.raw[0]) for _ in range(2)]
        until(lambda: gate.said(" comes", 2), "clients")
        more = Stream(gate.raw[0])
        equal(more.read(100), b"devsw-gateway: too many clients\r\n")
        kept[0].close()
        until(lambda: gate.said(" leaves", 2), "room")
        more = Stream(gate.raw[0])
        gate.device.write(b"x")
        equal(more.read(1), b"x")


# ---- telnet --------------------------------------------------------------

@case("telnet: a CR is CR NUL for a terminal, and itself once binary is agreed")
def _():
    with gateway() as gate:
        client = Stream(gate.telnet[0])
        client.until(bytes([IAC, DO, COM_PORT]))
        gate.device.write(b"a\rb\r\nc\xff")
        equal(client.read(9), b"a\r\0b\r\nc\xff\xff")
        client.send(b"x\r\0y\r\nz\xff\xff")
        equal(gate.device.read(7), b"x\ry\r\nz\xff")
        client.send(bytes([IAC, DO, 0, IAC, WILL, 0]))
        client.until(bytes([IAC, DO, 0]))
        gate.device.write(b"a\rb")
        equal(client.read(3), b"a\rb")
        client.send(b"x\r\0y")
        equal(gate.device.read(4), b"x\r\0y")


@case("telnet: options that are not agreed on are refused once, without a loop")
def _():
    with gateway() as gate:
        client = Stream(gate.telnet[0])
        client.until(bytes([IAC, DO, COM_PORT]))
        for option in (5, 24, 31, 34, 37, 38, 39, 86, 200):
            client.send(bytes([IAC, DO, option, IAC, WILL, option]))
            equal(client.read(6), bytes([IAC, WONT, option, IAC, 254,
                                         option]))
        client.send(bytes([IAC, DO, 3, IAC, DO, 1, IAC, DO, 3]))
        equal(client.read(1, 0.3), b"")


@case("telnet: are you there? is answered, with how the device is")
def _():
    with gateway() as gate:
        client = Stream(gate.telnet[0])
        client.send(bytes([IAC, 246]))
        client.until(b"[devsw-gateway: p0: the device is there]\r\n")
        gate.unplug()
        client.send(bytes([IAC, 246]))
        client.until(b"the device is away]\r\n")


@case("telnet: two clients negotiate each for itself")
def _():
    with gateway() as gate:
        one, two = Com(gate.telnet[0]), Stream(gate.telnet[0])
        equal(one.ask(0)[:13], b"devsw-gateway")
        two.until(bytes([IAC, DO, COM_PORT]))
        gate.device.write(b"\rx")
        equal(one.bytes(2), b"\rx")
        equal(two.read(3), b"\r\0x")


# ---- RFC 2217 ------------------------------------------------------------

@case("RFC 2217: settings are made on the line, and answered with what is")
def _():
    with gateway("speed = 9600\nformat = 8N1") as gate:
        client = Com(gate.telnet[0])
        for speed in (1, 300, 9600, 31250, 57600, 115200, 3000000):
            equal(client.ask(1, *speed.to_bytes(4, "big")),
                  speed.to_bytes(4, "big"), "speed")
            equal(gate.device.speed(), speed)
        equal(client.ask(1, 0, 0, 0, 0), (3000000).to_bytes(4, "big"))
        for command, values, ask in (
                (2, (5, 6, 7, 8), 8), (3, (1, 2, 3), 3), (4, (1, 2), 2)):
            for value in values:
                got = client.ask(command, value)
                # The kernel's ptys have 8 bits and no parity.
                equal(got, bytes([8 if command == 2 else
                                  1 if command == 3 else value]))
            for value in (0, 9, 100, 255):
                equal(client.ask(command, value)[0],
                      8 if command == 2 else 1 if command == 3 else ask)
        equal(bool(gate.device.mode()[2] & termios.CSTOPB), True)


@case("RFC 2217: each SET-CONTROL from 0 to 19 is answered, and flow is set")
def _():
    with gateway("flow = none") as gate:
        client = Com(gate.telnet[0])
        for value, wanted in (
                (0, 1), (2, 2), (0, 2), (13, 15), (3, 3), (13, 16), (1, 1),
                (15, 15), (0, 1), (14, 14), (16, 16), (1, 1), (17, 1),
                (18, 14), (19, 1), (4, 6), (6, 6), (9, 9), (7, 9), (8, 8),
                (7, 8), (12, 12), (10, 12), (11, 11), (10, 11), (200, 1)):
            equal(client.ask(5, value), bytes([wanted]),
                  f"the answer to {value}")
        client.ask(5, 2)
        equal(gate.device.mode()[0] & (termios.IXON | termios.IXOFF),
              termios.IXON | termios.IXOFF)
        client.ask(5, 3)
        equal(bool(gate.device.mode()[2] & termios.CRTSCTS), True)


@case("RFC 2217: hostile speeds and sizes change nothing that is asserted")
def _():
    with gateway("speed = 9600") as gate:
        client = Com(gate.telnet[0])
        equal(len(client.ask(1, 255, 255, 255, 255)), 4)
        equal(client.ask(1, 0, 0, 0x25, 0x80), b"\0\0\x25\x80")
        for body in ((1,), (1, 2), (1, 0, 0, 1), (2,), (5,), (12,), (),
                     (6, 1), (7, 1), (13, 1), (106, 1), (255, 255)):
            client.sub(*body)
        equal(client.ask(1, 0, 0, 0, 0, 1, 2, 3), b"\0\0\x25\x80")


@case("RFC 2217: signature, masks, modem state at once, purge, line state")
def _():
    with gateway() as gate:
        client = Com(gate.telnet[0])
        equal(client.answer(107), bytes([0xBB]), "first modem state")
        equal(client.ask(0).split()[0], b"devsw-gateway")
        client.sub(0, *b"me")           # a statement: no answer
        equal(client.ask(11, 0xF0), b"\xf0")
        equal(client.answer(107), b"\xb0", "modem state")
        equal(client.ask(11, 0), b"\0")
        equal(client.ask(10, 0x70), b"\x70")
        equal(client.answer(106), b"\x60", "line state")
        for value in (1, 2, 3):
            equal(client.ask(12, value), bytes([value]))
        equal([sub for sub in client.subs if sub[0] != 107], [])


@case("RFC 2217: SUSPEND holds data and news back, RESUME sends them")
def _():
    with gateway() as gate:
        client, other = Com(gate.telnet[0]), Stream(gate.raw[0])
        equal(client.answer(107), bytes([0xBB]))
        client.sub(8)
        equal(client.ask(0).split()[0], b"devsw-gateway")
        gate.device.write(b"held")
        equal(other.read(4), b"held")
        gate.unplug()
        client.take(0.3)
        equal((client.data, client.subs), (b"", []))
        client.sub(9)
        equal(client.bytes(4), b"held")
        equal(client.answer(107), b"\x0b", "modem state")


@case("RFC 2217: PURGE-DATA 2 drops what the device has not taken")
def _():
    with gateway("away = keep") as gate:
        client = Com(gate.telnet[0])
        client.ask(0)
        gate.unplug()
        client.send(b"old")
        equal(client.ask(12, 2), b"\2")
        client.send(b"new")
        gate.replug()
        gate.device.only(b"new")


@case("RFC 2217: marked errors come to who asked for them, and 255 is itself")
def _():
    with gateway() as gate:
        client = Com(gate.telnet[0])
        equal(client.ask(10, 0x14), b"\x14")
        until(lambda: gate.device.mode()[0] & termios.PARMRK, "marks")
        equal(client.ask(1, 0, 0, 0x12, 0xc0), b"\0\0\x12\xc0")
        equal(gate.device.mode()[0] & termios.INPCK, termios.INPCK,
              "parity is looked at after a setting")
        gate.device.write(b"a\xffb\xff\xff")
        equal(client.bytes(5), b"a\xffb\xff\xff")
        equal(client.ask(10, 0), b"\0")
        until(lambda: not gate.device.mode()[0] & termios.PARMRK, "marks")
        gate.device.write(b"a\xffb")
        equal(client.bytes(3), b"a\xffb")


@case("a terminal that somebody has left with marks gives its bytes as they are")
def _():
    with gateway() as gate:
        gate.unplug()
        gate.device.replug(termios.PARMRK | termios.INPCK)
        client = Stream(gate.raw[0])
        until(lambda: gate.said("is there", 2), "the device")
        gate.device.write(b"a\xffb")
        equal(client.read(3), b"a\xffb")


@case("RFC 2217: a request agrees to it: pyserial may send no WILL")
def _():
    with gateway() as gate:
        client = Com(gate.telnet[0], agree=False)
        equal(client.ask(0).split()[0], b"devsw-gateway")
        gate.device.write(b"\rx")
        equal(client.bytes(2), b"\rx")


@case("pyserial's rfc2217:// sets, sends, receives and purges")
def _():
    with gateway("speed = 9600") as gate:
        port = rfc2217(gate, baudrate=57600)
        equal(gate.device.speed(), 57600)
        text = every_byte(1000)
        port.write(text)
        equal(gate.device.read(1000), text)
        gate.device.write(text)
        equal(port.read(1000), text)
        port.baudrate = 31250
        equal(gate.device.speed(), 31250)
        port.xonxoff = True
        port.rtscts = False
        port.dtr = False
        port.rts = True
        port.break_condition = True
        port.break_condition = False
        port.reset_input_buffer()
        port.reset_output_buffer()
        equal((port.cts, port.dsr, port.cd, port.ri),
              (True, True, True, False))
        port.close()


# ---- the session ---------------------------------------------------------

@case("an unplug keeps clients, and the replug has the speed that was set")
def _():
    with gateway("speed = 9600\nformat = 8N1") as gate:
        port = rfc2217(gate, baudrate=57600, stopbits=2)
        watcher = Stream(gate.watch[0])
        for turn in range(3):
            gate.unplug()
            until(lambda: not port.cd and not port.dsr, "news of the unplug")
            gate.replug()
            until(lambda: port.cd and port.dsr, "news of the replug")
            equal(gate.device.speed(), 57600, "speed")
            equal(bool(gate.device.mode()[2] & termios.CSTOPB), True)
            text = b"turn %d" % turn
            port.write(text)
            equal(gate.device.read(6), text)
            gate.device.write(text)
            equal(port.read(6), text)
            equal(watcher.read(6), text)
        port.close()


@case("what is sent while the device is away never arrives later")
def _():
    with gateway() as gate:
        client = Stream(gate.raw[0])
        gate.unplug()
        client.send(b"late" * 10000)
        other = Stream(gate.raw[0])     # is accepted meanwhile
        until(lambda: gate.said(" comes", 2), "client")
        time.sleep(0.3)
        gate.replug()
        until(lambda: gate.said("40000 bytes for the device were refused"),
              "word about it")
        client.send(b"new")
        gate.device.only(b"new")
        other.close()


@case("away = keep: it is kept, up to a limit that holds the client up")
def _():
    with gateway("away = keep") as gate:
        client = Stream(gate.raw[0], SO_SNDBUF=4096)
        gate.unplug()
        text = every_byte(8 << 20)
        client.sock.settimeout(0.5)
        sent = 0
        try:
            while sent < len(text):
                sent += client.sock.send(text[sent:sent + 8192])
        except TimeoutError:
            pass
        if sent == len(text):
            raise AssertionError("8 MiB are kept")
        with open(f"/proc/{gate.process.pid}/statm", encoding="ascii") as f:
            before = int(f.read().split()[1])
        gate.replug()
        equal(gate.device.read(sent), text[:sent])
        if before * 4096 > 80 << 20:
            raise AssertionError(f"{before} pages")


@case("settings made while it is away are there when it comes")
def _():
    with gateway("speed = 9600") as gate:
        client = Com(gate.telnet[0])
        client.ask(0)
        gate.unplug()
        equal(client.ask(1, 0, 0, 0x96, 0), b"\0\0\x96\0")
        equal(client.ask(1, 255, 255, 255, 255), b"\0\0\x96\0")
        equal(client.ask(5, 9), b"\x09")
        gate.replug()
        equal(gate.device.speed(), 38400)
        equal(client.ask(1, 0, 0, 0, 0), b"\0\0\x96\0")


@case("a terminal is told in words where the device stopped, raw if configured")
def _():
    for lines, raw_told in (("notice = all", True), ("", False),
                            ("notice = off", None)):
        with gateway(lines) as gate:
            person, raw = Stream(gate.telnet[0]), Stream(gate.raw[0])
            person.until(bytes([IAC, DO, COM_PORT]))
            until(lambda: gate.said(" comes", 2), "clients")
            gate.device.write(b"before")
            equal(raw.read(6), b"before")
            gate.unplug()
            gate.replug()
            gate.device.write(b"after")
            words = (b"before\r\n[devsw-gateway: p0: the device is gone]\r\n"
                     b"\r\n[devsw-gateway: p0: the device is back]\r\nafter")
            equal(person.until(b"after"), words if raw_told is not None
                  else b"beforeafter")
            equal(raw.until(b"after"), words[6:] if raw_told else b"after")


@case("a device that is not there at the start is waited for")
def _():
    with gateway() as gate:
        text = (f"[port x]\nnode = {gate.dir}/later\n"
                f"listen = raw {h_gateway.free_port()}\n")
        path = gate.dir + "/second.conf"
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path, 0o644)
        with another(path) as second:
            until(lambda: "raw on" in second.stderr.readline(), "listening")
            equal("No such file" in second.stderr.readline(), True)
            device = h_gateway.Device(gate.dir + "/later")
            equal("is there" in second.stderr.readline(), True)
            device.unplug()
            equal("is gone" in second.stderr.readline(), True)
            second.terminate()
            equal(second.wait(h_gateway.LIMIT), 0)


@case("a file, a FIFO or a directory is no device, and is left alone")
def _():
    with gateway() as gate:
        os.mkfifo(gate.dir + "/fifo")
        for path in ("/etc/passwd", gate.dir + "/fifo", gate.dir,
                     "/dev/null"):
            conf = gate.dir + "/second.conf"
            with open(conf, "w", encoding="ascii") as file:
                file.write(f"[port x]\nnode = {path}\n"
                           f"listen = raw {h_gateway.free_port()}\n")
            os.chmod(conf, 0o644)
            with another(conf) as second:
                second.stderr.readline()
                equal("Inappropriate ioctl" in second.stderr.readline(),
                      True, path)
                second.terminate()
                second.stderr.close()


@case("a port that a test has got is nobody else's, but for who listens on it")
def _():
    port = h_gateway.free_port()
    for reuse in (False, True):
        with socket.socket(socket.AF_INET6) as sock:
            if reuse:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind(("::1", port))
            except OSError as error:
                equal((reuse, error.errno), (False, errno.EADDRINUSE))
                continue
            equal(reuse, True)
            sock.listen()
            socket.create_connection(("::1", port)).close()


@case("an address in use is tried again, and the other ports work")
def _():
    with gateway() as gate:
        path = gate.dir + "/second.conf"
        mine = h_gateway.free_port()
        with open(path, "w", encoding="ascii") as file:
            file.write(f"[port x]\nnode = {gate.dir}/none\n"
                       f"listen = raw {gate.raw[0]}\n"
                       f"listen = telnet {mine}\n")
        os.chmod(path, 0o644)
        with another(path) as second:
            equal("Address already in use; it is tried again" in
                  second.stderr.readline(), True)
            second.stderr.readline()
            Com(mine).close()
            gate.process.terminate()
            gate.process.wait()
            second.stderr.readline()
            equal(f"raw on [::1]:{gate.raw[0]}" in second.stderr.readline(),
                  True)
            second.terminate()
            second.stderr.close()
        gate.process.returncode = 0


# ---- the log --------------------------------------------------------------

def logged(path):
    """All of a log, the oldest first, with its files; [] while they turn."""
    names = sorted((name for name in os.listdir(os.path.dirname(path))
                    if name.startswith(os.path.basename(path))),
                   key=lambda name: -int(name.partition("log.")[2] or 0))
    parts = []
    try:
        for name in names:
            with open(os.path.join(os.path.dirname(path), name),
                      "rb") as file:
                parts.append(file.read())
    except FileNotFoundError:
        return []
    return parts


@case("log: raw has every byte, over all its files, none of which is too long")
def _():
    with h_gateway.tempfile.TemporaryDirectory() as where:
        path = where + "/log"
        with gateway(f"log = {path}\nlog-format = raw\nlog-size = 4\n"
                     "log-keep = 40") as gate:
            client = Stream(gate.raw[0])
            until(lambda: gate.said(" comes"), "client")
            text = every_byte(100000)
            for at in range(0, len(text), 3000):
                gate.device.write(text[at:at + 3000])
                client.read(len(text[at:at + 3000]))
            # A file that has turned meanwhile is read twice, or not at all.
            until(lambda: b"".join(logged(path)) == text, "whole log")
            parts = logged(path)
            equal({len(part) for part in parts[:-1]}, {4096})
            equal(os.stat(path).st_mode & 0o137, 0, "what is too much")
            reload(gate, lambda text: text.replace("log-keep = 40",
                                                   "log-keep = 2"))
        with open(path, "rb") as file:
            equal(file.read(), parts[-1])


@case("log: lines have their times, and what happened between them")
def _():
    with h_gateway.tempfile.TemporaryDirectory() as where:
        path = where + "/log"
        with gateway(f"log = {path}") as gate:
            client = Stream(gate.raw[0])
            until(lambda: gate.said(" comes"), "client")
            for piece in (b"one\r\ntw", b"o\n\xff\x1b\n", b"three"):
                gate.device.write(piece)
                client.read(len(piece))
            gate.unplug()
            gate.replug()
            client.close()
            until(lambda: gate.said(" leaves"), "the end")
            until(lambda: b" leaves\n" in b"".join(logged(path)), "log")
            text = b"".join(logged(path))
            stamp = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z "
            wanted = (b"--- T" b"the device is there\n"
                      b"--- T\\[::1\\]:\\d+ comes\n"
                      b"Tone\r\nTtwo\nT\xff\x1b\nTthree\n"
                      b"--- Tthe device is gone\n--- Tthe device is back\n"
                      b"--- T\\[::1\\]:\\d+ leaves\n").replace(b"T", b"@")
            wanted = wanted.replace(b"@", stamp)
            if not re.fullmatch(wanted, text):
                raise AssertionError(text)


@case("log: hex shows each byte")
def _():
    with h_gateway.tempfile.TemporaryDirectory() as where:
        path = where + "/log"
        with gateway(f"log = {path}\nlog-format = hex") as gate:
            client = Stream(gate.raw[0])
            until(lambda: gate.said(" comes"), "client")
            gate.device.write(b"\0\xffhello, world!..x")
            client.read(18)
            until(lambda: b" .x\n" in b"".join(logged(path)), "log")
            rows = [line[25:] for line in b"".join(logged(path)).splitlines()
                    if not line.startswith(b"---")]
            equal(rows, [b"00 ff 68 65 6c 6c 6f 2c 20 77 6f 72 6c 64 21 2e  "
                         b"..hello, world!.",
                         b"2e 78" + b" " * 44 + b".x"])


def lost_of_log(gate):
    """Bytes, as /metrics counts them."""
    page = http.client.HTTPConnection("::1", gate.web, timeout=h_gateway.LIMIT)
    page.request("GET", "/metrics")
    text = page.getresponse().read().decode()
    page.close()
    return int(re.search(r"log_lost_bytes_total\S* (\d+)", text).group(1))


@case("log: a full disk is said once, costs nobody anything, and is counted")
def _():
    with h_gateway.tempfile.TemporaryDirectory() as where:
        path = where + "/log"
        os.mkdir(path)          # as good a reason as any, and root's too
        with gateway(f"log = {path}", web="comment = x") as gate:
            client = Stream(gate.raw[0])
            until(lambda: gate.said(" comes"), "client")
            for _ in range(50):
                gate.device.write(b"lost")
                equal(client.read(4), b"lost")
            until(lambda: gate.said(f"log {path}: Is a directory"), "word")
            # The word is of the first try, and the bytes may wait behind it.
            until(lambda: lost_of_log(gate) > 0, "loss")
            equal(gate.text().count(f"log {path}: Is a directory"), 1)
            os.rmdir(path)
            time.sleep(1.1)
            gate.device.write(b"kept\n")
            equal(client.read(5), b"kept\n")
            until(lambda: os.path.exists(path), "the log")
            until(lambda: gate.said("bytes of the log are missing here"),
                  "word about it")
            until(lambda: b"".join(logged(path)).endswith(b"kept\n"), "log")
            text = b"".join(logged(path))
            equal((b"bytes of the log are missing here\n" in text,
                   text.endswith(b"kept\n")), (True, True), text)
            os.remove(path)
            os.mkfifo(path)
            reload(gate, lambda text: text)
            gate.device.write(b"on")
            equal(client.read(2), b"on")
    # A disk that is really full.
    done = subprocess.run(["unshare", "-m", sys.executable, __file__, PROGRAM,
                           "FULL"], check=False, text=True,
                          capture_output=True, timeout=60)
    if "Operation not permitted" not in done.stderr:
        equal(done.returncode, 0, done.stdout + done.stderr)


def full_disk():
    """In a mount namespace of its own: a log on a tmpfs of 64 KiB."""
    with h_gateway.tempfile.TemporaryDirectory() as where:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs",
                        where], check=True)
        try:
            with gateway(f"log = {where}/log\nlog-format = raw\n"
                         "log-size = 1024") as gate:
                client = Stream(gate.raw[0])
                until(lambda: gate.said(" comes"), "client")
                for _ in range(100):
                    gate.device.write(bytes(1000))
                    equal(len(client.read(1000)), 1000)
                until(lambda: gate.said("No space left on device"), "word")
                equal(gate.text().count("No space left on device"), 1)
        finally:
            subprocess.run(["umount", "-l", where], check=True)


# ---- TLS ------------------------------------------------------------------

def certificates(where):
    """Keys and certificates: an authority, "server", "client", "stranger"."""
    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, cwd=where,
                       capture_output=True, timeout=h_gateway.LIMIT)
    new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
           "-days", "2")
    for name in ("ca", "stranger"):
        openssl("req", "-x509", *new, "-subj", "/CN=" + name, "-keyout",
                name + ".key", "-out", name + ".pem")
    for name in ("server", "client"):
        openssl("req", "-x509", *new, "-subj", f"/CN={name}\x1b", "-CA",
                "ca.pem", "-CAkey", "ca.key", "-addext",
                "subjectAltName=IP:::1", "-keyout", name + ".key", "-out",
                name + ".pem")


class Secure(Stream):
    """A TLS connection, with a client's certificate or without."""

    def __init__(self, number, where, name=None):
        super().__init__(number)
        context = ssl.create_default_context(cafile=where + "/ca.pem")
        if name:
            context.load_cert_chain(f"{where}/{name}.pem",
                                    f"{where}/{name}.key")
        self.sock = context.wrap_socket(self.sock, server_hostname="::1")

    def read(self, size, limit=h_gateway.LIMIT):
        """OpenSSL may have bytes that poll does not know of."""
        self.sock.settimeout(limit)
        got = b""
        try:
            while len(got) < size:
                more = self.sock.recv(size - len(got))
                if not more:
                    break
                got += more
        except TimeoutError:
            pass
        return got


def tls_lines(where, number, rest=""):
    """Of the configuration of a port."""
    return (f"tls-certificate = {where}/server.pem\n"
            f"tls-key = {where}/server.key\n"
            f"listen = raw {number} tls\n{rest}")


@case("TLS: bytes of all values, both ways; who does not speak it is closed")
def _():
    with h_gateway.tempfile.TemporaryDirectory() as where:
        certificates(where)
        number = h_gateway.free_port()
        with gateway(tls_lines(where, number)) as gate:
            client = Secure(number, where)
            text = every_byte(100000)
            for at in range(0, len(text), 2000):
                client.send(text[at:at + 2000])
                equal(gate.device.read(2000), text[at:at + 2000])
                gate.device.write(text[at:at + 2000])
                equal(client.read(2000), text[at:at + 2000])
            plain = Stream(number)
            plain.send(b"GET / HTTP/1.0\r\n\r\n")
            equal(plain.ended(), True)
            gate.unplug()
            gate.replug()
            client.send(b"after")
            equal(gate.device.read(5), b"after")


@case("TLS: with tls-clients only who has a certificate of theirs comes in")
def _():
    with h_gateway.tempfile.TemporaryDirectory() as where:
        certificates(where)
        number = h_gateway.free_port()
        with gateway(tls_lines(where, number, f"tls-clients = {where}/ca.pem"
                               )) as gate:
            for name in (None, "stranger"):
                try:
                    client = Secure(number, where, name)
                    client.send(b"no")
                    got = client.read(1, 2)
                except (ssl.SSLError, ConnectionError):
                    got = b""
                equal(got, b"", name)
            client = Secure(number, where, "client")
            client.send(b"yes")
            gate.device.only(b"yes")
            # Named in the log, in letters that can be printed.
            until(lambda: gate.said(": client? at [::1]:"), "name")


@case("TLS: handshakes that never end keep nobody out, and end")
def _():
    with h_gateway.tempfile.TemporaryDirectory() as where:
        certificates(where)
        number = h_gateway.free_port()
        with gateway(tls_lines(where, number, "clients = 2")) as gate:
            idle = [Stream(number) for _ in range(200)]
            idle[0].send(b"\x16\x03\x01\x02\x00\x01")
            client = Secure(number, where)
            client.send(b"good")
            equal(gate.device.read(4), b"good")
            equal(idle[0].ended(), True)
            until(lambda: gate.said("others come", 200 - 64), "room")
            until(lambda: gate.said("takes too long", 60), "ends")
            gate.device.write(b"still")
            equal(client.read(5), b"still")


@case("TLS: a reload has the renewed certificate; a wrong one is a mistake")
def _():
    with h_gateway.tempfile.TemporaryDirectory() as where:
        certificates(where)
        number = h_gateway.free_port()
        with gateway(tls_lines(where, number)) as gate:
            old = Secure(number, where)
            first = old.sock.getpeercert(True)
            certificates(where)
            reload(gate, lambda text: text)
            new = Secure(number, where)
            equal(new.sock.getpeercert(True) != first, True)
            until(lambda: gate.said(" comes", 2), "both")
            gate.device.write(b"x")
            equal(old.read(1), b"x")
            equal(new.read(1), b"x")
            with open(where + "/server.key", "wb") as file:
                file.write(b"none")
            reload(gate, lambda text: text)
            equal(gate.said(f"{where}/server.key: "), True)
            Secure(number, where).close()


# ---- reload ---------------------------------------------------------------

@case("reload: clients stay, whatever has changed but the port's name")
def _():
    with gateway("speed = 9600\nhistory = 4") as gate:
        raw = Stream(gate.raw[0])
        until(lambda: gate.said(" comes"), "the writer")
        com = Com(gate.telnet[0])
        raw.send(b"x")
        equal(gate.device.read(1), b"x")
        gate.device.write(b"kept")
        equal(raw.read(4), b"kept")
        reload(gate, lambda text: text.replace("speed = 9600",
                                               "speed = 19200\nbuffer = 8"))
        equal(gate.device.speed(), 19200)
        equal(Stream(gate.raw[0]).read(4), b"kept", "history")
        equal(com.ask(1, 0, 0, 0, 0), (19200).to_bytes(4, "big"))
        equal(gate.text().count("raw on [::1]"), 2, "addresses opened")
        # The address goes, and comes on another port.
        other = h_gateway.free_port()
        reload(gate, lambda text: text.replace(f"raw [::1]:{gate.raw[0]}",
                                               f"raw [::1]:{other}") +
               f"[port new]\nnode = {gate.dir}/new\n"
               f"listen = telnet {gate.raw[0]}\n")
        raw.send(b"y")
        equal(gate.device.read(1), b"y")
        until(lambda: gate.said(f"new: telnet on [::1]:{gate.raw[0]}"), "new")
        Stream(other).close()
        # Another node.
        gate.devices.append(h_gateway.Device(gate.dir + "/else"))
        reload(gate, lambda text: text.replace(
            f"node = {gate.device.link}\n", f"node = {gate.dir}/else\n"))
        until(lambda: gate.said("/else is there"), "the other node")
        raw.send(b"z")
        equal(gate.devices[1].read(1), b"z")
        equal(gate.devices[1].speed(), 19200)
        # And no port any more.
        reload(gate, lambda text: text.replace("[port p0]", "[port p1]"))
        equal(raw.ended(), True)
        until(lambda: gate.said("/else is there", 2), "the port")
        equal(Com(gate.telnet[0]).ask(0).split()[0], b"devsw-gateway")


@case("reload: pages come and go, and those that have not changed stay")
def _():
    with gateway(web="") as gate:
        reload(gate, lambda text: text)
        equal(gate.text().count("web: http on"), 1)
        other = h_gateway.free_port()
        reload(gate, lambda text: text.replace(f"listen = {gate.web}\n",
                                               f"listen = {other}\n"))
        until(lambda: gate.said(f"web: http on [::1]:{other}"), "pages")
        client = Stream(other)
        client.send(b"GET /ports HTTP/1.1\r\nHost: [::1]\r\n\r\n")
        equal(client.until(b"p0")[:12], b"HTTP/1.1 200")
        reload(gate, lambda text: text.partition("[web]")[0])
        try:
            Stream(other)
        except ConnectionRefusedError:
            return
        raise AssertionError("the page is there")


@case("reload: what is wrong is told, and nothing changes")
def _():
    with gateway("speed = 9600") as gate:
        client = Stream(gate.raw[0])
        reload(gate, lambda text: text.replace("9600", "19200") + "frob = 1\n")
        equal(gate.said("frob: a port has no such key"), True)
        equal(gate.device.speed(), 9600)
        client.send(b"x")
        equal(gate.device.read(1), b"x")
        reload(gate, lambda text: text.replace("frob = 1\n", ""))
        equal(gate.device.speed(), 19200)
        for _ in range(20):
            gate.process.send_signal(signal.SIGHUP)
        client.send(b"y")
        equal(gate.device.read(1), b"y")


@case("the service manager is told: ready, alive, reloading, stopping")
def _():
    path = h_gateway.tempfile.mktemp(prefix="t_gateway.")
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(path)
    manager.settimeout(h_gateway.LIMIT)
    os.environ.update(NOTIFY_SOCKET=path, WATCHDOG_USEC="200000")
    try:
        with gateway() as gate:
            equal(manager.recv(99), b"READY=1")
            equal(manager.recv(99), b"WATCHDOG=1")
            equal(manager.recv(99), b"WATCHDOG=1")
            gate.process.send_signal(signal.SIGHUP)
            said = []
            while len(said) < 2:
                word = manager.recv(99)
                if word != b"WATCHDOG=1":
                    said.append(word)
            equal((said[0][:27], said[1]), (b"RELOADING=1\nMONOTONIC_USEC=",
                                            b"READY=1"))
            gate.process.terminate()
            while manager.recv(99) != b"STOPPING=1":
                pass
            gate.process.wait(h_gateway.LIMIT)
    finally:
        os.remove(path)
        del os.environ["NOTIFY_SOCKET"], os.environ["WATCHDOG_USEC"]


# ---- hostile -------------------------------------------------------------

@case("a thousand connections that say nothing cost the others nothing")
def _():
    with gateway("clients = 10000") as gate:
        good = Stream(gate.raw[0])
        until(lambda: gate.said(" comes"), "client")
        crowd = []
        for _ in range(1000):
            crowd.append(Stream(gate.telnet[0]))
        good.send(b"still")
        equal(gate.device.read(5), b"still")
        for client in crowd:
            client.close()
        gate.device.write(b"here")
        equal(good.read(4), b"here")


@case("who asks and asks without reading is not read from, and costs no memory")
def _():
    with gateway() as gate:
        rude = Stream(gate.telnet[0])
        rude.sock.settimeout(1)
        ask = bytes([IAC, SB, COM_PORT, 0, IAC, SE]) * 2000
        sent = 0
        try:
            while sent < 16 << 20:
                sent += rude.sock.send(ask)
        except TimeoutError:
            pass
        with open(f"/proc/{gate.process.pid}/status", encoding="ascii") as f:
            size = int(f.read().split("VmRSS:")[1].split()[0])
        # A sanitizer keeps what was freed.
        if os.environ.get("SANITIZE", "none") == "none" and size > 40000:
            raise AssertionError(f"{size} KiB")
        if sent >= 16 << 20:
            raise AssertionError("all of 16 MiB are taken")
        other = Com(gate.telnet[0])
        equal(other.ask(0).split()[0], b"devsw-gateway")


@case("a client that begins to compress is closed before that is a flood")
def _():
    import zlib         # pylint: disable=import-outside-toplevel
    with gateway() as gate:
        client = Stream(gate.telnet[0])
        client.send(bytes([IAC, SB, 86, IAC, SE]) +
                    zlib.compress(bytes(64 << 20)))
        equal(client.ended(), True, "the end")
        equal(gate.device.read(1, 0.3), b"")
        equal(gate.said("it compresses"), True)


# ---- configuration -------------------------------------------------------

@case("--check-config: what is right has status 0 and says nothing")
def _():
    equal(check("[port a]\nnode = /dev/dtyU0\nlisten = telnet 4000\n"
                "listen = raw [::]:4001 watch\nlisten = raw 127.0.0.1:4000\n"
                "speed = 115200\nformat = 7E2\nflow = rtscts\ndtr = off\n"
                "rts = on\nnotice = all\naway = keep\nslow = close\n"
                "buffer = 256\nclients = 3\nbreak = 300\ncomment = x\n"
                "[port b]\nnode = /dev/ttyS0\nlisten = raw 4001\n"
                "[web]\nlisten = 8023\nlisten = unix:/run/x\n"
                "host = lab.example\ncomment = x\n"), (0, ""))


@case("--check-config: every mistake is told, with file and line")
def _():
    head = "[port a]\nnode = /dev/dtyU0\nlisten = raw 4000\n"
    for line in ("speed = 0", "speed = 9600x", "speed = -1", "format = 9N1",
                 "format = 8X1", "format = 8N3", "flow = hard", "dtr = 1",
                 "away = later", "slow = wait", "buffer = 1", "clients = 0",
                 "break = 0", "node = /dev/x", "node = x", "frob = 1",
                 "listen = raw", "listen = ftp 4001", "listen = raw 0",
                 "listen = raw 65536", "listen = raw ::1:4001",
                 "listen = raw [::1]", "listen = raw localhost:4001",
                 "listen = raw 4001 write", "listen = raw 1.2.3:4",
                 "log = x", "log-format = x", "log-size = 0", "log-keep = 100",
                 "listen = raw 4001 watch x", "listen = raw 4001 tls tls",
                 "listen = raw 4001 watch force", "tls-key = x",
                 "history = x",
                 "listen = raw unix:x", "listen = raw unix:/" + "x" * 110,
                 "listen = raw [1.2.3.4]:5x",
                 "speed"):
        status, said = check(head + line + "\n")
        equal((status, said.startswith("devsw-gateway: FILE:4: "),
               said.count("\n")), (2, True, 1), f"{line}: {said}")
    for text in ("[port a]\nnode = /dev/x\n", "[port a]\nlisten = raw 1\n",
                 "[port a b]\nnode = /dev/x\nlisten = raw 1\n", "[x]\n",
                 "speed = 1\n", head + "[port a]\nnode = /dev/y\n"
                 "listen = raw 2\n", head + "[port b]\nnode = /dev/dtyU0\n"
                 "listen = raw 2\n", head + "[port b]\nnode = /dev/y\n"
                 "listen = telnet 4000\n", head + "listen = raw 4000\n",
                 head + "history = 129\n", head + "listen = raw 5 tls\n",
                 head + "listen = raw 5 tls watch\ntls-key = /etc/passwd\n"
                 "tls-certificate = /etc/passwd\n"):
        status, said = check(text)
        equal((status, said.count("\n")), (2, 1), f"{text}: {said}")


@case("options: --help, --version, and wrong ones")
def _():
    for words, status in ((["--help"], 0), (["--version"], 0), (["-x"], 2),
                          (["x"], 2), (["--config"], 2),
                          (["--config", "/nowhere"], 2)):
        done = subprocess.run([PROGRAM, *words], check=False,
                              capture_output=True, timeout=h_gateway.LIMIT)
        equal(done.returncode, status, words)


if __name__ == "__main__":
    if sys.argv[2:] == ["FULL"]:
        full_disk()
        sys.exit(0)
    sys.exit(h_gateway.main())
