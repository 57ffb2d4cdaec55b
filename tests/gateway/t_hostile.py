#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_hostile: devsw-gateway in crowds, and on machines that have nothing.

    t_hostile.py DEVSW_GATEWAY

The rule is gateway.h's: everything is bounded, and what one client, one
address or the machine does costs nobody else anything but what devsw-gateway(8)
says.  Hostile streams are t_stream, hostile HTTP and websockets t_web, TLS and
the disk t_gateway.
"""
import fcntl
import os
import random
import resource
import select
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_gateway  # noqa: E402
from h_gateway import IAC, SB, SE, COM_PORT  # noqa: E402
from h_gateway import Com, Stream, case, equal, until  # noqa: E402

PROGRAM = sys.argv[1]
CROWD = 10000
WATCHERS, RATE, SECONDS = 100, 300000, 2        # 3 Mbaud, 8N1
SANITIZED = os.environ.get("SANITIZE", "none") != "none"


def gateway(*ports, **kwargs):
    """With the program under test."""
    return h_gateway.gateway(PROGRAM, *ports, **kwargs)


def in_own_network(case_name):
    """Run that function of this file in a network of its own."""
    done = subprocess.run(["unshare", "-n", sys.executable, __file__, PROGRAM,
                           "OWN", case_name], check=False, text=True,
                          capture_output=True, timeout=100)
    if "Operation not permitted" not in done.stderr:
        equal(done.returncode, 0, done.stdout + done.stderr)


def ip(*words):
    """ip(8)."""
    subprocess.run(["ip", *words], check=True, timeout=h_gateway.LIMIT)


# ---- crowds ----------------------------------------------------------------

@case("10,000 connections: each over the limit is told so, those before go on")
def _():
    sorry = b"devsw-gateway: too many clients\r\n"
    with gateway("clients = 20", options=()) as gate:
        good = [Stream(gate.raw[0]) for _ in range(20)]
        good[0].send(b"we")
        equal(gate.device.read(2), b"we")
        gate.device.write(b"are")
        for client in good:
            equal(client.read(3), b"are")
        crowd, size = [], 0
        for number in range(CROWD):
            crowd.append(Stream(gate.raw[0]))
            if number % 500 == 0:
                good[0].send(b"still")
                equal(gate.device.read(5), b"still", f"at {number}")
        for client in crowd:
            got = client.read(100)
            equal(got, sorry)
            size += len(got)
            client.close()
        equal(size, CROWD * len(sorry))
        gate.device.write(b"here")
        for client in good:
            equal(client.read(4), b"here")
        equal(gate.text().count("\n") < 20, True, gate.text()[:2000])


@case("when descriptors are out it is said once, and those who are in go on")
def _():
    with gateway("clients = 1000", options=()) as gate:
        good = Stream(gate.raw[0])
        good.send(b"x")
        equal(gate.device.read(1), b"x")
        resource.prlimit(gate.process.pid, resource.RLIMIT_NOFILE, (40, 40))
        crowd = [Stream(gate.raw[0]) for _ in range(100)]
        end = time.monotonic() + 2
        while time.monotonic() < end:
            good.send(b"still")
            equal(gate.device.read(5), b"still")
            gate.device.write(b"here")
            equal(good.read(4), b"here")
            time.sleep(0.05)
        equal(gate.text().count("Too many open files"), 1, gate.text())
        # Even a device that comes now waits, and comes as soon as it can.
        gate.unplug()
        for client in crowd:
            client.close()
        gate.replug()
        good.send(b"again")
        equal(gate.device.read(5), b"again")
        until(lambda: Stream(gate.raw[0]), "room for another")


class Watcher:
    """Who reads what the device says, and sees that it is all."""

    def __init__(self, number, text):
        self.stream, self.text, self.got = Stream(number), text, 0

    def fileno(self):
        """For select."""
        return self.stream.sock.fileno()

    def take(self):
        """What there is."""
        more = self.stream.sock.recv(65536)
        if more != self.text[self.got:self.got + len(more)] or not more:
            raise AssertionError(f"something else at {self.got}")
        self.got += len(more)


@case("a hundred watchers at 3 Mbaud lose nothing, and the writer is not slowed")
def _():
    rate = RATE // 10 if SANITIZED else RATE
    text = random.randbytes(rate * SECONDS)
    with gateway("buffer = 1024\nclients = 1000\naway = keep") as gate:
        writer = Stream(gate.raw[0])
        until(lambda: gate.said(" comes"), "writer")
        crowd = [Watcher(gate.watch[0], text) for _ in range(WATCHERS)]
        until(lambda: gate.said(" comes", WATCHERS + 1), "watchers")
        poll = select.epoll()
        readers = {one.fileno(): one for one in crowd}
        for number in readers:
            poll.register(number, select.EPOLLIN)
        begin, said, there, back = time.monotonic(), 0, 0, 0
        while min(one.got for one in crowd) < len(text):
            late = time.monotonic() - begin
            if late > 10 * SECONDS:
                raise AssertionError(f"{late} s: {there} {back}")
            # The device and the writer say what the line carries by now.
            now = min(len(text), int(late * rate))
            gate.device.write(text[said:now])
            writer.send(text[said:now])
            said = now
            there += len(gate.device.read(said - there, 0))
            back += len(writer.read(said - back, 0))
            for number, _ in poll.poll(0.001):
                readers[number].take()
        there += len(gate.device.read(len(text) - there, 1))
        back += len(writer.read(len(text) - back, 1))
        took = time.monotonic() - begin
        equal((there, back), (len(text), len(text)))
        equal("slow" in gate.text(), False)
        # The queue of a watcher holds 3 s of it.
        if not SANITIZED and took > SECONDS + 2:
            raise AssertionError(f"{took} s for {SECONDS} s of the line")


@case("a crowd of hostile telnet on one port, while others use it")
def _():
    pieces = [bytes([IAC, SB, COM_PORT, 1, 255, 255, 255, 255, 255, 255, 255,
                     255, IAC, SE]), bytes([IAC, SB, COM_PORT]),
              bytes([IAC]) * 3, bytes([IAC, SB, 86, IAC, SE]), b"\r\0\r",
              bytes([IAC, 251, 200, IAC, 253, 200]), bytes([IAC, SE]),
              bytes([IAC, SB, COM_PORT, 8, IAC, SE]), bytes([IAC, 246])]
    with gateway("clients = 100\nspeed = 9600") as gate:
        good = Stream(gate.raw[0])
        until(lambda: gate.said(" comes"), "client")
        for turn in range(40):
            bad = Stream(gate.telnet[0])
            try:
                bad.send(b"".join(random.choice(pieces) + random.randbytes(
                    random.randrange(9)) for _ in range(200)))
            except ConnectionError:
                pass
            text = b"turn %d." % turn
            good.send(text)
            equal(gate.device.read(len(text)), text)
            gate.device.write(text)
            equal(good.read(len(text)), text)
            if turn % 2:
                bad.close()
        equal(gate.device.speed(), 9600)
        equal(Com(gate.telnet[0]).ask(0).split()[0], b"devsw-gateway")


# ---- what people have met with other servers -------------------------------

@case("device and clients are lost at once, in a flood: nothing stays of them")
def _():
    def descriptors():
        return len(os.listdir(f"/proc/{gate.process.pid}/fd"))
    with gateway("clients = 100") as gate:
        before = descriptors()
        for turn in range(3):
            crowd = [Stream(where[0]) for where in
                     (gate.raw, gate.telnet, gate.watch) for _ in range(20)]
            until(lambda: gate.said(" comes", 60 * (turn + 1)), "clients")
            for number, client in enumerate(crowd):
                client.sock.setblocking(False)
                # A part of them ends without a farewell.
                client.sock.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER,
                    bytes([number % 2, 0, 0, 0, 0, 0, 0, 0]))
                gate.device.write(bytes(4096))
                try:
                    client.send(bytes(100000))
                except ConnectionError:
                    pass
            for client in crowd[:30]:
                client.close()
            gate.device.unplug()
            for client in crowd[30:]:
                client.close()
            until(lambda: gate.said("is gone", turn + 1), "unplug")
            until(lambda: descriptors() < before, "end of the clients")
            gate.replug()
            with Stream(gate.raw[0]).sock as late:
                late.sendall(b"well")
                equal(gate.device.read(4), b"well")


def keepalive(here, there):
    """(kind, seconds) of the kernel's timer for that connection's end."""
    with open("/proc/net/tcp6", encoding="ascii") as file:
        for line in file.read().splitlines()[1:]:
            words = line.split()
            if (words[1].endswith(f":{here:04X}") and
                    words[2].endswith(f":{there:04X}")):
                kind, ticks = words[5].split(":")
                return int(kind, 16), int(ticks, 16) / os.sysconf(
                    "SC_CLK_TCK")
    return None


@case("a peer that says nothing any more is asked for, and does not hold the port")
def _():
    with gateway() as gate:
        silent = Stream(gate.raw[0])
        until(lambda: gate.said(" comes"), "client")
        kind, seconds = keepalive(gate.raw[0], silent.sock.getsockname()[1])
        equal((kind, 0 < seconds <= 30), (2, True), f"{kind} {seconds}")
        other = Stream(gate.device.link + ".force")
        until(lambda: gate.said(" comes", 2), "other")
        other.send(b"mine")
        equal(gate.device.read(4), b"mine")
        silent.close()


@case("a writer that is lost while the device takes nothing gives its place away")
def _():
    with gateway("clients = 1") as gate:
        lost = Stream(gate.raw[0])
        lost.sock.settimeout(1)
        try:
            while True:
                lost.sock.send(bytes(65536))
        except TimeoutError:
            pass
        lost.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
        lost.close()            # a reset, and no end of file
        equal(Stream(gate.raw[0]).ended(), True, "there is no room")
        until(lambda: gate.said("takes nothing"), "end")
        other = Stream(gate.raw[0])
        other.send(b"mine")
        gate.device.read(65536)
        until(lambda: b"mine" in gate.device.read(65536, 1), "what is sent")


@case("a log that nobody reads stops nobody, and tells later what is missing")
def _():
    number = h_gateway.free_port()
    with tempfile.TemporaryDirectory() as where:
        device = h_gateway.Device(where + "/tty")
        conf = where + "/gateway.conf"
        with open(conf, "w", encoding="ascii") as file:
            file.write(f"[port p0]\nnode = {device.link}\n"
                       f"listen = raw {number}\nclients = 1000\n")
        log, end = os.pipe()
        fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, 8192)
        said = bytearray()
        process = subprocess.Popen([PROGRAM, "-v", "--config", conf],
                                   stderr=end)
        os.close(end)

        def says(text):
            if h_gateway.readable(log, 1):
                said.extend(os.read(log, 4096))
            return text in said

        try:
            until(lambda: says(b"is there"), "device")
            for _ in range(200):
                Stream(number).close()      # more lines than there is room
            client = Stream(number)

            def hears():
                device.write(b".")
                return client.read(1, 0.5) == b"."

            until(hears, "what the device says")
            until(lambda: says(b"comes"), "the first of them")
            client.close()
            until(lambda: says(b"were lost"), "the loss")
            process.terminate()
            equal(process.wait(h_gateway.LIMIT), 0)
        finally:
            process.kill()
            process.wait()
            os.close(log)
            device.unplug()


@case("started ten times on the same addresses, clients in each: none is in use")
def _():
    with tempfile.TemporaryDirectory() as where:
        number = h_gateway.free_port()
        with open(where + "/conf", "w", encoding="ascii") as file:
            file.write(f"[port x]\nnode = {where}/tty\nlisten = raw {number}\n"
                       f"listen = raw unix:{where}/sock\n")
        os.chmod(where + "/conf", 0o644)
        device, stay = h_gateway.Device(where + "/tty"), []
        for turn in range(10):
            with subprocess.Popen([PROGRAM, "--config", where + "/conf"],
                                  stderr=subprocess.PIPE,
                                  text=True) as process:
                try:
                    said = [process.stderr.readline() for _ in range(3)]
                    equal(sum(" on " in line for line in said), 2, said)
                    stay += [Stream(number), Stream(where + "/sock")]
                    stay[-2].send(b"turn")
                    equal(device.read(4), b"turn", turn)
                    process.terminate()
                    equal(process.wait(h_gateway.LIMIT), 0)
                finally:
                    process.kill()


# ---- a machine that has nothing yet ----------------------------------------

def no_addresses():
    """In a network of its own, whose loopback is down and has no address."""
    with tempfile.TemporaryDirectory() as where:
        text = (f"[port x]\nnode = {where}/tty\nlisten = raw 4000\n"
                "listen = raw 192.0.2.7:4001\nlisten = raw [2001:db8::7]:4002"
                "\nlisten = raw 127.0.0.1:4003\n[web]\nlisten = 8023\n")
        with open(where + "/conf", "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(where + "/conf", 0o644)
        device = h_gateway.Device(where + "/tty")
        with subprocess.Popen([PROGRAM, "--config", where + "/conf"],
                              stderr=subprocess.PIPE, text=True) as process:
            try:
                said = [process.stderr.readline() for _ in range(6)]
                equal(sum(" on " in line for line in said), 5, said)
                ip("link", "set", "lo", "up")
                ip("address", "add", "192.0.2.7/32", "dev", "lo")
                ip("address", "add", "2001:db8::7/128", "dev", "lo")
                for host, number in (("::1", 4000), ("192.0.2.7", 4001),
                                     ("2001:db8::7", 4002),
                                     ("127.0.0.1", 4003), ("::1", 8023)):
                    socket.create_connection((host, number), 5).close()
                with socket.create_connection(("192.0.2.7", 4001)) as client:
                    client.sendall(b"hello")
                    equal(device.read(5), b"hello")
            finally:
                process.terminate()
            equal(process.wait(h_gateway.LIMIT), 0)


def no_ipv6():
    """In one that has no IPv6 at first."""
    with open("/proc/sys/net/ipv6/conf/all/disable_ipv6", "w",
              encoding="ascii") as file:
        file.write("1")
    no_addresses_on_four()


def no_addresses_on_four():
    """What listens on IPv4 works, and the other as soon as it can."""
    ip("link", "set", "lo", "up")
    with tempfile.TemporaryDirectory() as where:
        with open(where + "/conf", "w", encoding="ascii") as file:
            file.write(f"[port x]\nnode = {where}/tty\nlisten = raw 4000\n"
                       "listen = raw 127.0.0.1:4003\n")
        os.chmod(where + "/conf", 0o644)
        device = h_gateway.Device(where + "/tty")
        with subprocess.Popen([PROGRAM, "--config", where + "/conf"],
                              stderr=subprocess.DEVNULL) as process:
            try:
                def reach(host, number):
                    try:
                        return socket.create_connection((host, number), 5)
                    except OSError:
                        return None
                client = until(lambda: reach("127.0.0.1", 4003), "IPv4")
                client.sendall(b"hello")
                equal(device.read(5), b"hello")
                equal(reach("::1", 4000), None)
                with open("/proc/sys/net/ipv6/conf/all/disable_ipv6", "w",
                          encoding="ascii") as file:
                    file.write("0")
                until(lambda: reach("::1", 4000), "IPv6")
                client.sendall(b"still")
                equal(device.read(5), b"still")
            finally:
                process.terminate()
            equal(process.wait(h_gateway.LIMIT), 0)


@case("no addresses yet at boot: all listen, and work when they are there")
def _():
    in_own_network("no_addresses")


@case("a machine without IPv6 has what is on IPv4, and the rest when it comes")
def _():
    in_own_network("no_ipv6")


if __name__ == "__main__":
    if sys.argv[2:3] == ["OWN"]:
        {"no_addresses": no_addresses, "no_ipv6": no_ipv6}[sys.argv[3]]()
        sys.exit(0)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))
    CROWD = min(CROWD // 4 if SANITIZED else CROWD, limits[1] - 200)
    sys.exit(h_gateway.main())
