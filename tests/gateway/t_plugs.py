#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_plugs: what devsw-gateway makes of devswd's events.

    t_plugs.py DEVSW_GATEWAY H_CONTROL DEVSWCTL

The rules are those of devsw-gateway(8), "The session", and of gateway.conf(5),
after-revoke.  Devices are ptys, which are nodes of a devswd as far as its
control port goes: that is the real one (h_control.c), or, for what a real one
does not say, a stand-in (h_devswd.py).  /run is the test's own.  With a real
devswd: vm/t_gateway.
"""
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_gateway  # noqa: E402
from h_gateway import IAC, DO, COM_PORT, Com, Stream  # noqa: E402
from h_gateway import case, equal, until  # noqa: E402
from h_devswd import Daemon  # noqa: E402

PROGRAM, CONTROL, DEVSWCTL = sys.argv[1:4]
MAJOR = 136             # of /dev/pts
FILE = f"/run/devsw/devswd-{MAJOR}.ctl"
EVIL = "e\"\\\x1b[2J\x07\u65e5\u202e`x`{}\n" * 3


class Control:
    """h_control."""

    def __init__(self):
        self.process = subprocess.Popen(
            [CONTROL, FILE, str(MAJOR)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        equal(self.process.stdout.readline(), b"ready\n")

    def post(self, minor, times=1, **members):
        """An event."""
        text = json.dumps(members)[1:-1]
        self.process.stdin.write(f"{minor} {text} * {times}\n".encode())
        self.process.stdin.flush()

    def sync(self):
        """All that was posted has happened."""
        self.process.stdin.write(b"sync\n")
        self.process.stdin.flush()
        equal(self.process.stdout.readline(), b"sync\n")

    def stop(self, how=None):
        """It ends; by a signal, its file stays."""
        if how is not None:
            self.process.send_signal(how)
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(h_gateway.LIMIT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()


def gateway(*ports, **kwargs):
    """With the program under test."""
    return h_gateway.gateway(PROGRAM, *ports, web="comment = x", **kwargs)


def followed(gate, times=1):
    """It has heard of a devswd so often."""
    until(lambda: gate.said("is followed", times), "devswd")


def number(gate, index=0):
    """The minor number of the device."""
    return int(os.ttyname(gate.devices[index].own).rpartition("/")[2])


def node(gate, index=0):
    """Its name in /dev."""
    return f"pts/{number(gate, index)}"


def get(gate, path):
    """The body of a page."""
    sock = Stream(gate.web)
    sock.send(f"GET {path} HTTP/1.1\r\nHost: [::1]\r\n\r\n".encode())
    text = sock.until(b"\r\n\r\n").decode()
    size = int(text.lower().partition("content-length: ")[2].split("\r")[0])
    body = sock.read(size)
    sock.close()
    return body.decode()


def port(gate):
    """The first port, as JSON."""
    return json.loads(get(gate, "/api/ports"))["ports"][0]


def person(gate):
    """A client that has a terminal."""
    made = Stream(gate.telnet[0])
    made.until(bytes([IAC, DO, COM_PORT]))
    until(lambda: gate.said(" comes"), "client")
    return made


def told(client, what):
    """The next word that it is told of the device."""
    client.until(b"[devsw-gateway: p0: the device ")
    equal(client.until(b"]")[:-1].decode(), what)


def adapter(name="FT232R", serial="A1", place="1-1", **more):
    """As CONTROL_LIST has it."""
    return {"vid": "0403", "pid": "6001", "vendor": "FTDI", "product": name,
            "serial": serial, "port": place, **more}


def answers(listing, script):
    """Of a Daemon: its list, and its events, by pieces, then silence."""
    left = ['{"event": "begin", "major": %d}\n' % MAJOR] + script

    def events(_data):
        if not left:
            return None
        text = left.pop(0)
        return text if isinstance(text, tuple) else \
            text + '{"event": "ping", "seq": 1}\n'
    return {"a5": listing, "a7": events}


# ---- unplugs -------------------------------------------------------------

@case("an unplug is told with devswd's reason, in text, RFC 2217 and JSON")
def _():
    with Control() as control, gateway() as gate:
        followed(gate)
        reader, com = person(gate), Com(gate.telnet[0])
        com.sub(11, 255)        # SET-MODEMSTATE-MASK
        while com.answer(107)[0] & 0xb0 != 0xb0:
            pass
        name = node(gate)
        gate.unplug()
        # Its lines are down before anybody knows why.
        while com.answer(107)[0] & 0xf0 != 0:
            pass
        control.post(-1, event="away", node=name, reason="unplugged",
                     adapter=None)
        told(reader, "is gone (unplugged)")
        equal((port(gate)["left"], port(gate)["there"],
               port(gate)["closed"]), ("unplugged", False, False))
        equal('devsw_gateway_device_left_info{port="p0",reason="unplugged"} 1'
              in get(gate, "/metrics"), True)
        gate.replug()
        told(reader, "is back")
        equal(port(gate)["left"], "unplugged")
        # Detached, and then known to have been pulled.
        name = node(gate)
        gate.unplug()
        control.post(-1, event="away", node=name, reason="released",
                     adapter=None)
        told(reader, "is gone (released)")
        equal(gate.said("p0: that was: released\n"), True)
        gate.replug()
        told(reader, "is back")
        # Of an end that nobody explains it is told too, a little later.
        gate.unplug()
        told(reader, "is gone")
        gate.replug()


@case("the reason may come before the end, and what is of others is not heard")
def _():
    with Control() as control, gateway() as gate:
        followed(gate)
        reader, name = person(gate), node(gate)
        control.post(-1, event="away", node="pts/99999", reason="other")
        control.post(-1, event="unplug", adapter={"port": "1-1"},
                     reason="other")
        control.post(-1, event="away", node=name, reason="unplugged")
        time.sleep(0.2)
        gate.unplug()
        told(reader, "is gone (unplugged)")
        gate.replug()
        told(reader, "is back")


@case("the adapter's name and serial number are shown, whatever they are")
def _():
    with gateway() as gate:
        own = adapter(nodes=[node(gate)])
        with Daemon(MAJOR, **answers({"adapters": [
                adapter("no", nodes=["pts/x", 7, None]), 5, own]}, [])):
            until(lambda: port(gate)["adapter"] is not None, "adapter")
            equal(port(gate)["adapter"], {"name": "FT232R", "serial": "A1",
                                          "port": "1-1"})
            equal('devsw_gateway_adapter_info{port="p0",adapter="FT232R",'
                  'serial="A1"} 1\n' in get(gate, "/metrics"), True)
            gate.unplug()
            equal(port(gate)["adapter"]["name"], "FT232R")
    with gateway() as gate:
        with Daemon(MAJOR, **answers({"adapters": [
                adapter(EVIL, EVIL, nodes=[node(gate)])]}, [])):
            until(lambda: port(gate)["adapter"] is not None, "adapter")
            equal(EVIL.startswith(port(gate)["adapter"]["name"].rstrip("?")),
                  True)
            for line in get(gate, "/metrics").splitlines():
                equal(line.isprintable() and line.isascii(), True, line)


@case("a name that is too long ends with a whole character")
def _():
    for first in ("", "x", "xx"):
        with gateway() as gate:
            own = adapter(first + "\u4e32" * 40, "\xfc" * 60,
                          nodes=[node(gate)])
            with Daemon(MAJOR, **answers({"adapters": [own]}, [])):
                until(lambda: port(gate)["adapter"] is not None, "adapter")
                got = port(gate)["adapter"]
                equal(got["name"], first + "\u4e32" * (
                    (95 - len(first)) // 3))
                equal(got["serial"], "\xfc" * 47)


@case("detached, of an adapter that was unplugged, is unplugged")
def _():
    with gateway() as gate:
        name = node(gate)
        away = {"event": "away", "node": name, "reason": "detached"}
        gone = {"event": "unplug", "adapter": {"port": "1-1"},
                "reason": "unplugged"}
        script, wait = [], []

        def events(data):
            script.append(data)
            if len(script) == 1:
                return '{"event": "begin", "major": %d}\n' % MAJOR + \
                    '{"event": "ping", "seq": 1}\n'
            time.sleep(0.05)
            text = wait.pop(0) if wait else {}
            return json.dumps(text) + '\n{"event": "ping", "seq": 2}\n'
        with Daemon(MAJOR, a5={"adapters": [adapter(nodes=[name])]},
                    a7=events):
            until(lambda: port(gate)["adapter"] is not None, "adapter")
            reader = person(gate)
            gate.unplug()
            wait.extend([away, gone])
            told(reader, "is gone (unplugged)")


# ---- revokes -------------------------------------------------------------

def revoke(gate, control, index=0):
    """By devswctl, of a device, which then ends as a node does."""
    subprocess.run([DEVSWCTL, "revoke", "/dev/" + node(gate, index)],
                   check=True, timeout=h_gateway.LIMIT)
    equal(control.process.stdout.readline(),
          f"revoke {number(gate, index)}\n".encode())


@case("a revoke is no unplug: the port stays closed, until a reload")
def _():
    with Control() as control, gateway(count=2) as gate:
        followed(gate)
        reader, other = person(gate), Stream(gate.raw[1])
        revoke(gate, control)
        told(reader, "is gone (revoked by user 0) for good")
        equal(gate.said("p0: that was: revoked by user 0; it stays closed "
                        "until a reload"), True)
        state = port(gate)
        equal((state["there"], state["closed"], state["left"]),
              (False, True, "revoked by user 0"))
        gate.device.unplug()
        gate.device.replug()
        control.post(-1, event="there", node=node(gate), adapter=None)
        time.sleep(0.8)
        equal(port(gate)["there"], False)
        reader.send(b"late")
        gate.devices[1].write(b"as ever")
        equal(other.read(7), b"as ever")
        gate.process.send_signal(signal.SIGHUP)
        told(reader, "is back")
        gate.device.write(b"again")
        reader.until(b"again")
        reader.send(b"x")
        equal(gate.device.read(1), b"x")


@case("after-revoke = reopen: it is opened again, and both are told")
def _():
    with Control() as control, gateway("after-revoke = reopen") as gate:
        followed(gate)
        reader = person(gate)
        revoke(gate, control)
        gate.unplug()
        told(reader, "is gone (revoked by user 0)")
        gate.replug()
        told(reader, "is back")
        equal((port(gate)["closed"], port(gate)["left"]),
              (False, "revoked by user 0"))


@case("a revoke whose word comes late closes what was opened meanwhile")
def _():
    with Control() as control, gateway() as gate:
        followed(gate)
        reader = person(gate)
        gate.unplug()
        told(reader, "is gone")
        gate.replug()
        told(reader, "is back")
        control.post(number(gate), event="revoke", node=node(gate), uid=7)
        told(reader, "is gone (revoked by user 7) for good")
        equal(port(gate)["closed"], True)


@case("a revoke of another node, or of a node of another devswd, is not ours")
def _():
    with Control() as control, gateway() as gate:
        followed(gate)
        control.post(1, event="revoke", node="pts/99999", uid=7)
        with Daemon(240, a7=lambda _data, left=[
                '{"event": "begin", "major": 240}\n',
                '{"event": "revoke", "node": "%s", "uid": 1}\n' % node(gate)]:
                    left.pop(0) if left else None):
            followed(gate, 2)
            time.sleep(0.3)
        client = Stream(gate.raw[0])
        gate.device.write(b"here")
        equal(client.read(4), b"here")


# ---- devswd itself -------------------------------------------------------

@case("devswd ends and comes back: clients stay, are told, and so it is again")
def _():
    for how in (None, signal.SIGKILL):
        with Control() as control, gateway() as gate:
            followed(gate)
            reader = person(gate)
            control.stop(how)
            gate.unplug()
            told(reader, "is gone (devswd has ended)")
            gate.device.replug()
            before = time.monotonic()
            with Control() as second:
                told(reader, "is back")
                # As soon as it is there; a node may block who opens it before.
                equal(time.monotonic() - before < 5, True)
                followed(gate, 2)
                name = node(gate)
                gate.unplug()
                second.post(-1, event="away", node=name, reason="unplugged")
                told(reader, "is gone (unplugged)")
            reader.close()


@case("without a devswd nothing wakes up; one that comes first is followed")
def _():
    shutil.rmtree("/run/devsw")
    with gateway() as gate:
        def switches():
            with open(f"/proc/{gate.process.pid}/status",
                      encoding="ascii") as file:
                return file.read().partition(
                    "\nvoluntary_ctxt_switches:")[2].split()[0]
        time.sleep(0.2)
        before = switches()
        time.sleep(1)
        equal(switches(), before, "wake-ups")
        os.mkdir("/run/devsw")
        time.sleep(0.2)
        with Control():
            followed(gate)


# ---- bounds --------------------------------------------------------------

@case("a flood of events costs a packet each 20 ms, and no client anything")
def _():
    with Control() as control, gateway() as gate:
        followed(gate)
        client = Stream(gate.raw[0])
        time.sleep(0.2)

        def ticks():
            with open(f"/proc/{gate.process.pid}/stat",
                      encoding="ascii") as file:
                return sum(map(int, file.read().split()[13:15]))
        before, worst = ticks(), 0.0
        end = time.monotonic() + 2
        while time.monotonic() < end:
            control.post(-1, 500, event="there", node="pts/99999",
                         adapter=None)
            began = time.monotonic()
            client.send(b"x")
            equal(gate.device.read(1), b"x")
            worst = max(worst, time.monotonic() - began)
        if not os.environ.get("SANITIZE", "none") != "none":
            equal(ticks() - before < 100, True, "CPU time")
        equal(worst < 1, True, f"the worst of {worst}")
        control.sync()
        time.sleep(0.5)
        # What was lost of it was not ours, and what comes next is heard.
        reader, name = person(gate), node(gate)
        gate.unplug()
        control.post(-1, event="away", node=name, reason="unplugged")
        told(reader, "is gone (unplugged)")


CONTROL_SOCKET = "/run/devsw-gateway/control"


@contextlib.contextmanager
def commanded(*ports, **kwargs):
    """A gateway with the directory that the service manager makes."""
    os.makedirs(os.path.dirname(CONTROL_SOCKET), exist_ok=True)
    os.environ["RUNTIME_DIRECTORY"] = os.path.dirname(CONTROL_SOCKET)
    try:
        with h_gateway.gateway(PROGRAM, *ports, **kwargs) as gate:
            until(lambda: gate.said("devswctl: commands on"), "its socket")
            yield gate
    finally:
        del os.environ["RUNTIME_DIRECTORY"]


def reset(*words):
    """(status, standard error) of devswctl gateway reset."""
    done = subprocess.run([DEVSWCTL, "gateway", "reset", *words], text=True,
                          check=False, stderr=subprocess.PIPE,
                          timeout=h_gateway.LIMIT)
    return done.returncode, done.stderr


@case("devswctl gateway reset plays a port's reset, and says why not")
def _():
    equal(reset("p0"), (1, "devswctl: %s: devsw-gateway does not run\n" %
                        CONTROL_SOCKET))
    with commanded("reset = wait=300\nnotice = all", count=2) as gate:
        client = Stream(gate.raw[0])
        until(lambda: gate.said(" comes"), "client")
        equal(os.stat(CONTROL_SOCKET).st_mode & 0o777, 0o660)
        equal(reset("p0"), (0, ""))
        client.until(b"[devsw-gateway: p0: the device is being reset]\r\n")
        equal(gate.said("p0: process "), True, "who it was")
        equal(reset("p0"), (1, "devswctl: p0: a reset is being played\n"))
        equal(reset("p1"), (1, "devswctl: p1: no reset is configured\n"))
        equal(reset("p"), (1, "devswctl: p: there is no such port\n"))
        equal(reset("p0\nreset p1")[0], 2)
        equal(reset()[0], 2)
        gate.unplug()
        equal(reset("p0"), (1, "devswctl: p0: the device is away\n"))
    equal(os.path.exists(CONTROL_SOCKET), False, "its socket")


@case("what a gateway that somebody has got hold of answers is no terminal's")
def _():
    with tempfile.TemporaryDirectory() as where, \
            socket.socket(socket.AF_UNIX) as other:
        other.bind(where + "/control")
        other.listen()

        def answer():
            asker = other.accept()[0]
            asker.recv(100)
            asker.sendall(b"\x1b]0;root\x07\x9b2J\xe2\x80\xae\n")
            asker.close()
        threading.Thread(target=answer, daemon=True).start()
        equal(reset("p0", "--socket", where + "/control"),
              (1, "devswctl: p0: ?]0;root??2J???\n"))


@case("at the control socket nonsense, silence and crowds are closed, and cost "
      "nothing")
def _():
    with commanded("reset = wait=1") as gate:
        for text, answer in ((b"nonsense\n", b"there is no such command\n"),
                             (b"reset\n", b"there is no such command\n"),
                             (b"x" * 5000, b"that is too long\n"),
                             (b"reset " + b"p" * 200 + b"\n",
                              b"that is too long\n"),
                             (b"\0\n", b"there is no such command\n"),
                             (b"reset p0\0x\n", b"ok\n"),
                             (b"reset p0\n" * 3, b"ok\n")):
            asker = Stream(CONTROL_SOCKET)
            asker.send(text)
            equal(asker.until(b"\n"), answer)
            time.sleep(0.05)        # the reset is over
        silent = [Stream(CONTROL_SOCKET) for _ in range(8)]
        with Stream(CONTROL_SOCKET).sock as late:
            late.settimeout(h_gateway.LIMIT)
            equal(late.recv(1), b"", "one too many")
        client = Stream(gate.raw[0])
        client.send(b"on")
        equal(gate.device.read(2), b"on")
        for asker in silent:
            equal(asker.ended(8), True, "its end")
        until(lambda: reset("p0")[0] == 0, "another one")


@case("what makes no sense is not heeded, and the next devswd is followed")
def _():
    nonsense = ("\n\n[]\n7\n{\n{}\n\"\n" +
                '{"event": 7}\n{"event": "away"}\n{"event": "away", "node": 5,'
                ' "reason": {}}\n{"event": "revoke", "node": null}\n'
                '{"event": "revoke", "node": "", "uid": "x"}\n'
                '{"event": "begin", "major": -5}\n'
                '{"event": "begin", "major": 1e300}\n'
                '{"event": "begin", "major": 136}\n'
                '{"event": "unplug", "adapter": "x"}\n'
                '{"event": "unplug", "adapter": {"port": ""}}\n'
                '{"event": "ping", "seq": -1}\n{"event": "ping", "seq": "x"}\n'
                + "\0" * 100 + '{"event":' * 100 + "\n")
    with gateway() as gate:
        for listing in ("", "[" * 4000, "{}", '{"adapters": 7}', "x" * 1500000,
                        '{"adapters": [{"nodes": {}}, {"nodes": "x"}]}'):
            before = gate.text().count("is followed")
            with Daemon(MAJOR, **answers(listing, [nonsense, nonsense])) as one:
                followed(gate, before + 1)
                until(lambda: len(one.asked) >= 4, "questions")
                until(lambda: any(what == 5 for what, _ in one.asked), "list")
            equal(port(gate)["adapter"], None)
        # One of another version, and one with too many followers.
        for error in (95, 93, 16):
            with Daemon(MAJOR, a7=(error, "")):
                until(lambda: gate.said("why devices leave is not known"),
                      "word")
        client = Stream(gate.raw[0])
        gate.device.write(b"here")
        equal(client.read(4), b"here")


@case("a port that is full, or silent, or somebody else's, holds up nothing")
def _():
    with gateway() as gate:
        client = Stream(gate.raw[0])
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM,
                             socket.NETLINK_USERSOCK)
        sock.bind((0, 0))
        other = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM,
                              socket.NETLINK_USERSOCK)
        try:
            while True:
                other.sendto(b"x" * 4096, socket.MSG_DONTWAIT,
                             (sock.getsockname()[0], 0))
        except BlockingIOError:
            pass
        with open(FILE, "w", encoding="ascii") as file:
            file.write("%d\n" % sock.getsockname()[0])
        for _ in range(20):
            began = time.monotonic()
            gate.device.write(b"here")
            equal(client.read(4), b"here")
            equal(time.monotonic() - began < 1, True, "a second")
            time.sleep(0.02)
        os.unlink(FILE)
        sock.close()
        with Control():
            followed(gate)


def main():
    """All cases, with a /run of their own."""
    if os.environ.get("T_PLUGS") is None:
        if os.geteuid() != 0:
            print("1..0 # SKIP needs root")
            return 77
        os.environ["T_PLUGS"] = "1"
        os.execvp("unshare", ["unshare", "-m", sys.executable, "-B",
                              *sys.argv])
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    os.mkdir("/run/devsw")
    sys.argv[2:4] = []
    return h_gateway.main()


if __name__ == "__main__":
    sys.exit(main())
