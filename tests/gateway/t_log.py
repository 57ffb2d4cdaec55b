#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_log: devsw-gateway's logs, when the disk hangs, and as downloads.

    t_log.py DEVSW_GATEWAY

The rules are those of gateway.conf(5), log, and devsw-gateway(8), "Pages":
no session waits for a disk, what is lost is counted and told where it is
missing, and a log is read by who may see its port, and by its number alone.
A disk that hangs is the thread that writes, stopped with ptrace(2) in the
middle of what it does.  What is in a log: t_gateway.py.
"""
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_gateway  # noqa: E402
from h_gateway import Hang, Stream, case, equal, until  # noqa: E402

PROGRAM = sys.argv[1]
QUEUE = 256 * 1024


@contextlib.contextmanager
def gateway(*ports, count=1, web="comment = x"):
    """With logs in a directory of the test's, .logs: the first port's."""
    with tempfile.TemporaryDirectory() as where:
        lines = [f"log = {where}/log{index}\n" + (
            ports[index] if index < len(ports) else "")
                 for index in range(count)]
        with h_gateway.gateway(PROGRAM, *lines, count=count, web=web) as gate:
            gate.where = where
            yield gate


def logged(gate, index=0, number=None):
    """A file of a log."""
    name = f"{gate.where}/log{index}" + (f".{number}" if number else "")
    try:
        with open(name, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


def get(gate, path, method="GET", **fields):
    """(status, head, body) of a page."""
    sock = Stream(gate.web)
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    sock.send(f"{method} {path} HTTP/1.1\r\nHost: [::1]\r\n{lines}\r\n"
              .encode())
    head = sock.until(b"\r\n\r\n").decode().lower()
    size = int(re.search(r"content-length: (\d+)", head).group(1))
    body = sock.read(size if method == "GET" else 1)
    sock.close()
    return int(head.split()[1]), head, body


def metric(gate, name):
    """Of the first port."""
    return int(re.search(r'devsw_gateway_%s\{port="p0"\} (\d+)' % name,
                         get(gate, "/metrics")[2].decode()).group(1))


def client(gate, index=0):
    """Of a port, which knows it."""
    before = gate.text().count(" comes")
    made = Stream(gate.raw[index])
    until(lambda: gate.said(" comes", before + 1), "client")
    return made


# ---- the disk ------------------------------------------------------------

@case("a disk that hangs holds up no session; a queue is kept, more is counted")
def _():
    with gateway(count=2) as gate:
        mine, other = client(gate), client(gate, 1)
        gate.device.write(b"before\n")
        equal(mine.read(7), b"before\n")
        until(lambda: b"before\n" in logged(gate), "log")
        hang = Hang(gate.process)
        line = b"x" * 99 + b"\n"
        for turn in range(60):
            gate.device.write(line * 100)
            equal(len(mine.read(10000)), 10000)
            gate.devices[1].write(b"other")
            equal(other.read(5), b"other")
        lost, waits = metric(gate, "log_lost_bytes_total"), \
            metric(gate, "log_queue_bytes")
        equal(lost > 300000, True, f"lost: {lost}")
        # One piece that is written, and one that waits.
        equal(QUEUE / 2 < waits <= QUEUE + 16384, True, f"queue: {waits}")
        hang.end()
        until(lambda: gate.said(f"p0: {lost} bytes of the log are missing "
                                "here"), "word")
        gate.device.write(b"after\n")
        until(lambda: logged(gate).endswith(b"Z after\n"), "log")
        text = logged(gate)
        # Each line is whole, but for the one at which it was full.
        rest = re.sub(rb"(?m)^(--- )?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z "
                      rb"(x{99}|before|after|.* (comes|there|leaves)|%d bytes "
                      rb"of the log are missing here)\n" % lost, b"", text)
        equal(rest.count(b"\n") <= 1, True, rest)
        equal(text.count(line) + (lost + 123) // 124 >= 6000, True)
        equal(metric(gate, "log_queue_bytes"), 0)
        until(lambda: logged(gate, 1).count(b"other") == 60, "the other's")


@case("raw: what is there is whole, in order, with one hole of what was lost")
def _():
    with gateway("log-format = raw\nlog-size = 4096") as gate:
        mine = client(gate)
        hang, sent = Hang(gate.process), b""
        for turn in range(200):
            piece = b"%07d\n" % turn * 256
            gate.device.write(piece)
            equal(mine.read(len(piece)), piece)
            sent += piece
        lost = metric(gate, "log_lost_bytes_total")
        hang.end()
        until(lambda: gate.said(f"{lost} bytes of the log"), "word")
        gate.device.write(b"end")
        until(lambda: logged(gate).endswith(b"end"), "log")
        text = logged(gate)[:-3]
        equal(len(text) + lost, len(sent))
        equal(sent.startswith(text), True, "the begin")


@case("a disk that hangs holds up no reload, and no end for more than 2 s")
def _():
    with gateway() as gate:
        mine = client(gate)
        hang = Hang(gate.process)
        gate.device.write(b"x" * 1000)
        equal(len(mine.read(1000)), 1000)
        with open(gate.conf, "r+", encoding="ascii") as file:
            text = file.read().replace("log0\n", "log0\nlog-format = hex\n")
            file.seek(0)
            file.write(text)
        gate.process.send_signal(h_gateway.signal.SIGHUP)
        until(lambda: gate.said("was read again"), "reload")
        gate.device.write(b"again")
        equal(mine.read(5), b"again")
        equal(metric(gate, "log_queue_bytes") > 0, True)
        began = time.monotonic()
        equal(hang.stop(), 0)
        equal(time.monotonic() - began < 6, True, "the end")
        equal(gate.said("a disk hangs"), True)


@case("what is logged at the end is written, and rotated without losing a byte")
def _():
    with tempfile.TemporaryDirectory() as where:
        with h_gateway.gateway(
                PROGRAM, f"log = {where}/log\nlog-format = raw\nlog-size = 4\n"
                "log-keep = 40\n") as gate:
            mine = client(gate)
            for turn in range(40):
                gate.device.write(b"%03d\n" % turn * 500)
                equal(len(mine.read(2000)), 2000)
        names = sorted(os.listdir(where),
                       key=lambda name: -int(name.partition(".")[2] or 0))
        text = b""
        for name in names:
            with open(f"{where}/{name}", "rb") as file:
                part = file.read()
            equal(len(part) == 4096 or name == "log", True, name)
            text += part
        equal(text, b"".join(b"%03d\n" % turn * 500 for turn in range(40)))


@case("a log that cannot be put aside costs none of the old ones")
def _():
    with gateway("log-format = raw\nlog-size = 4\nlog-keep = 4") as gate:
        name = f"{gate.where}/log0"
        for number in range(1, 5):
            with open(f"{name}.{number}", "w", encoding="ascii") as file:
                file.write(f"old {number}")
        mine = client(gate)
        until(lambda: logged(gate) == b"", "log")
        if subprocess.run(["chattr", "+a", name], check=False,
                          capture_output=True).returncode != 0:
            return                  # a file system that has no such flag
        try:
            for _ in range(4):
                gate.device.write(b"x" * 4096)
                equal(len(mine.read(4096)), 4096)
                # One piece after the other, so that each is tried.
                until(lambda: metric(gate, "log_queue_bytes") == 0, "piece")
            until(lambda: gate.said("Operation not permitted"), "word")
        finally:
            subprocess.run(["chattr", "-a", name], check=True)
        names = {"old 1", "old 2", "old 3", "old 4"}
        for number in range(1, 5):
            names.discard(logged(gate, 0, number).decode())
        equal(names - {"old 4"}, set(), "what is gone")
        # And when it can again, it is, and nothing is missing.
        gate.device.write(b"y" * 4096)
        equal(len(mine.read(4096)), 4096)
        until(lambda: logged(gate, 0, 1) == b"x" * 4096, "FILE.1")
        equal([logged(gate, 0, number) for number in (2, 3, 4)],
              [b"old 1", b"old 2", b"old 3"])


# ---- downloads -----------------------------------------------------------

@case("/api/ports/NAME/log is the log, ?N FILE.N, and no other file ever")
def _():
    with gateway("log-format = raw\nlog-size = 1\nlog-keep = 3") as gate:
        mine = client(gate)
        equal(get(gate, "/api/ports/p0/log"), (200, get(
            gate, "/api/ports/p0/log")[1], b""))
        gate.device.write(b"a" * 1024 + b"b" * 1024 + b"c" * 10)
        equal(len(mine.read(2058)), 2058)
        until(lambda: len(logged(gate)) == 10, "log")
        status, head, body = get(gate, "/api/ports/p0/log")
        equal((status, body), (200, b"c" * 10))
        equal('content-disposition: attachment; filename="p0.log"' in head and
              "application/octet-stream" in head and "nosniff" in head, True)
        equal(get(gate, "/api/ports/p0/log?1")[2], b"b" * 1024)
        equal(get(gate, "/api/ports/p0/log?2")[2], b"a" * 1024)
        status, head, _body = get(gate, "/api/ports/p0/log?1", "HEAD")
        equal((status, "content-length: 1024" in head), (200, True))
        os.symlink("/etc/passwd", gate.where + "/log0.3")
        os.mkfifo(gate.where + "/log0.4")
        for path in ("?3", "?4", "?-1", "?+1", "?1.", "?001", "?99", "?x",
                     "?../x", "/", "/../x", "?1&2", "?%31"):
            equal(get(gate, "/api/ports/p0/log" + path)[0], 404, path)
        os.unlink(gate.where + "/log0.3")
        os.rename(gate.where + "/log0.4", gate.where + "/log0.3")
        equal(get(gate, "/api/ports/p0/log?3")[0], 404, "a FIFO")
        equal(get(gate, "/api/ports/p1/log")[0], 404)
        equal(get(gate, "/api/ports/p0/log", "POST")[0], 405)
        equal(json.loads(get(gate, "/api/ports")[2])["ports"][0]["log"], True)
        mine.close()
    with h_gateway.gateway(PROGRAM, web="comment = x") as gate:
        equal(get(gate, "/api/ports/p0/log")[0], 404)


@case("a log is for who may see its port")
def _():
    import warnings     # pylint: disable=import-outside-toplevel
    warnings.simplefilter("ignore")
    import crypt        # pylint: disable=import-outside-toplevel,W4901
    word = crypt.crypt("word", "$y$j9T$F5Jx5fExrKuPp53xLKQ..1")
    web = f"user = ann {word}\nallow = ann read p1\n"
    with gateway(count=2, web=web) as gate:
        equal(get(gate, "/api/ports/p1/log")[0], 401)
        sock = Stream(gate.web)
        body = b"user=ann&password=word"
        sock.send(b"POST /login HTTP/1.1\r\nHost: [::1]\r\nContent-Length: "
                  b"%d\r\n\r\n" % len(body) + body)
        cookie = re.search(rb"Set-Cookie: ([^;]+)", sock.until(
            b"\r\n\r\n")).group(1).decode()
        sock.close()
        equal([get(gate, f"/api/ports/p{index}/log", Cookie=cookie)[0]
               for index in (0, 1)], [404, 200])


@case("a download while the log is rotated is that of the file as it was")
def _():
    with gateway("log-format = raw\nlog-size = 8192\nlog-keep = 2") as gate:
        text = b"".join(b"%07d\n" % number for number in range(1 << 20))[
            :8192 * 1024]
        mine, name = client(gate), f"{gate.where}/log0"
        with open(name, "ab") as file:
            file.write(text)    # as if the device had said it
        sock = socket.socket(socket.AF_INET6)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(h_gateway.LIMIT)
        sock.connect(("::1", gate.web))
        sock.sendall(b"GET /api/ports/p0/log HTTP/1.1\r\nHost: [::1]\r\n\r\n")
        got = sock.recv(4096)
        # Nothing of it is in memory but a piece.
        with open(f"/proc/{gate.process.pid}/status", encoding="ascii") as file:
            size = int(re.search(r"VmData:\s+(\d+)", file.read()).group(1))
        if os.environ.get("SANITIZE", "none") == "none":
            equal(size < 20000, True, f"{size} KiB")
        os.rename(name, name + ".1")
        gate.device.write(b"x" * 1000)
        equal(len(mine.read(1000)), 1000)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        while part := sock.recv(1 << 20):
            got += part
        equal(got.partition(b"\r\n\r\n")[2] == text, True, "all of it")
        sock.close()


def begun(gate):
    """A download that has begun, of who takes little at a time."""
    sock = socket.socket(socket.AF_INET6)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(h_gateway.LIMIT)
    sock.connect(("::1", gate.web))
    sock.sendall(b"GET /api/ports/p0/log HTTP/1.1\r\nHost: [::1]\r\n\r\n")
    equal(sock.recv(12), b"HTTP/1.1 200")
    return sock


@case("four at a time; who goes or reads nothing is in nobody's way")
def _():
    with gateway("log-format = raw\nlog-size = 8192") as gate:
        with open(f"{gate.where}/log0", "ab") as file:
            file.write(b"z" * (8 << 20))

        slow = [begun(gate) for _ in range(4)]
        equal(get(gate, "/api/ports/p0/log")[0], 503)
        mine = client(gate)
        gate.device.write(b"here")
        equal(mine.read(4), b"here")
        slow.pop().close()
        until(lambda: get(gate, "/api/ports/p0/log", "HEAD")[0] == 200,
              "a place")
        # The disk hangs under those that are left, and it ends with them.
        hang = Hang(gate.process)
        gate.device.write(b"there")
        equal(mine.read(5), b"there")
        sock = Stream(gate.web)
        sock.send(b"GET /api/ports/p0/log HTTP/1.1\r\nHost: [::1]\r\n\r\n")
        equal(get(gate, "/ports")[0], 200)
        slow.pop().close()
        equal(hang.stop(), 0)


@case("who takes a download by drops gives its place to who asks for one")
def _():
    with gateway("log-format = raw\nlog-size = 8192") as gate:
        with open(f"{gate.where}/log0", "ab") as file:
            file.write(b"z" * (8 << 20))
        slow = [begun(gate) for _ in range(4)]

        def asks():
            time.sleep(0.5)
            for sock in slow:
                sock.recv(1024)
            return get(gate, "/api/ports/p0/log", "HEAD")[0] == 200
        equal(asks(), False)
        end = time.monotonic() + 3 * h_gateway.LIMIT
        while not asks():
            equal(time.monotonic() < end, True, "no place")
        # Of the others nobody has lost his, as nobody asks.
        gone = 0
        for sock in slow:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            size = 0
            while part := sock.recv(1 << 20):
                size += len(part)
            gone += size < 7 << 20
            sock.close()
        equal(gone, 1)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("1..0 # SKIP needs root, for ptrace")
        sys.exit(77)
    sys.exit(h_gateway.main())
