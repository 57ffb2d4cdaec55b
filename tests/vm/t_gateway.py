#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --smp 1 --usb ftdi --usb acm
# timeout: 120
"""t_gateway: devsw-gateway on nodes of devswd, with pyserial's rfc2217://.

The session outlives the device (devsw-gateway(8)), where a pty cannot show it:
the plug of a real adapter, the modem lines of RFC 2217 by hand, and a devswd
that is started again.  What needs no device is tests/gateway.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import serial  # noqa: E402
import h_guest  # noqa: E402
from h_guest import CALLOUT, case, equal, probe  # noqa: E402

GATEWAY = os.environ["DEVSW_BUILD"] + "/src/gateway/devsw-gateway"
PORTS = {"ftdi0": 4100, "acm0": 4101}


PTY_PORT = 4102


@contextlib.contextmanager
def pty_port():
    """A port that is not devswd's: (its section, the device's end)."""
    device, own = os.openpty()
    yield ("[port pty]\nnode = %s\nlisten = raw %d\n" %
           (os.ttyname(own), PTY_PORT), device)
    os.close(device)
    os.close(own)


@contextlib.contextmanager
def gateway(more=""):
    """The program, with both adapters; says what it has logged."""
    with tempfile.TemporaryDirectory() as directory:
        conf, log = directory + "/conf", directory + "/log"
        with open(conf, "w", encoding="ascii") as file:
            for name, number in PORTS.items():
                file.write(f"[port {name}]\nnode = {CALLOUT[name]}\n"
                           f"speed = 9600\nlisten = telnet {number}\n"
                           "reset = dtr=0,rts=1 wait=2000 dtr=1,rts=0\n")
            file.write(more)

        def said():
            with open(log, encoding="ascii") as file:
                return file.read()
        with open(log, "wb") as file:
            process = subprocess.Popen([GATEWAY, "-v", "--config", conf],
                                       stderr=file)
        try:
            said.process = process
            probe.wait_for(lambda: said().count("is there") ==
                           2 + bool(more), "nodes")
            yield said
        except BaseException:
            print("".join("# %s\n" % line for line in said().splitlines()))
            raise
        finally:
            process.terminate()
            equal(process.wait(probe.LIMIT), 0, "the gateway's status")


def client(name, **kwargs):
    """pyserial's rfc2217:// to this adapter's port."""
    return serial.serial_for_url(f"rfc2217://[::1]:{PORTS[name]}",
                                 timeout=probe.LIMIT, **kwargs)


def speed(name):
    """The speed of the node, as another program sees it."""
    fd = probe.open_node(CALLOUT[name])
    try:
        return termios.tcgetattr(fd)[4], probe.modem_lines(fd)
    finally:
        os.close(fd)


def talks(port, far, text):
    """Bytes of the client reach the far end, and back."""
    port.write(text)
    equal(far.take(len(text)), text)
    far.write(text[::-1])
    equal(port.read(len(text)), text[::-1])


@case("a client stays over unplugs, and speed, DTR and RTS are as it set them")
def _(world):
    far = probe.Far(probe.far_path("ftdi0"))
    far.forget()                # what another test's devices have said
    with gateway() as said:
        port = client("ftdi0", baudrate=57600)
        port.dtr, port.rts = False, True
        for turn in range(2):
            talks(port, far, b"turn %d" % turn)
            world.unplug("ftdi0")
            probe.wait_for(lambda: said().count("is gone") == turn + 1,
                           "the end")
            probe.wait_for(lambda: said().count("that was: unplugged\n") ==
                           turn + 1, "the reason")
            port.write(b"late")
            world.plug("ftdi0")
            probe.wait_for(lambda: said().count("is there") == turn + 3,
                           "the device")
            far.forget()
            rate, lines = speed("ftdi0")
            equal(rate, termios.B57600)
            equal(lines & (termios.TIOCM_DTR | termios.TIOCM_RTS),
                  termios.TIOCM_RTS, "DTR and RTS")
        talks(port, far, b"after")
        port.close()
    far.close()


@case("a reset moves the lines of the driver, and leaves them as it says")
def _(_world):
    with gateway(), socket.create_connection(("::1", PORTS["ftdi0"])) as sock:
        sock.sendall(bytes([255, 238]))
        for want in (termios.TIOCM_RTS, termios.TIOCM_DTR):
            # Two lines at once: neither alone is seen before, or after.
            probe.wait_for(lambda want=want: speed("ftdi0")[1] &
                           (termios.TIOCM_DTR | termios.TIOCM_RTS) == want,
                           "DTR and RTS")


# A ROM loader of Espressif's: a SYNC in SLIP, and its answer.
SYNC = b"\xc0\0\x08$\0\0\0\0\0\x07\x07\x12 " + b"U" * 32 + b"\xc0"
SYNCED = b"\xc0\x01\x08\x04\0\x07\x07\x12 \0\0\0\0\xc0"


class Pins(threading.Thread):
    """How DTR and RTS stand, as long as this runs: each state once."""

    def __init__(self, name):
        super().__init__(daemon=True)
        self.fd, self.on, self.seen = probe.open_node(CALLOUT[name]), True, []

    def run(self):
        while self.on:
            now = probe.modem_lines(self.fd)
            state = (bool(now & termios.TIOCM_DTR),
                     bool(now & termios.TIOCM_RTS))
            if self.seen[-1:] != [state]:
                self.seen.append(state)
            time.sleep(0.002)
        os.close(self.fd)


@case("esptool's way: its reset is seen on DTR and RTS, then SYNC, then a speed")
def _(world):
    far = probe.Far(probe.far_path("ftdi0"))
    with gateway():
        port = client("ftdi0", baudrate=115200)
        pins = Pins("ftdi0")
        pins.start()
        for wait, line, on in ((0, "dtr", False), (0.1, "rts", True),
                               (0, "dtr", True), (0.05, "rts", False),
                               (0.05, "dtr", False)):
            setattr(port, line, on)
            time.sleep(wait)
        pins.on = False
        pins.join()
        # EN low; IO0 low while EN rises; both high.
        left = iter(pins.seen)
        equal([state in left for state in
               ((False, True), (True, False), (False, False))], [True] * 3,
              "order in %s" % pins.seen)
        far.forget()                    # what the device says as it starts
        port.write(SYNC)
        equal(far.take(len(SYNC)), SYNC)
        far.write(SYNCED * 8)
        equal(port.read(len(SYNCED) * 8), SYNCED * 8)
        port.baudrate = 460800
        equal(speed("ftdi0")[0], termios.B460800)
        port.close()
    far.close()


@case("carrier and its loss are told, and the plug is a loss of all lines")
def _(world):
    h_guest.no_carrier()
    with gateway():
        port = client("acm0")
        probe.wait_for(lambda: not port.cd, "no carrier")
        far = probe.Far(probe.far_path("acm0"))
        probe.wait_for(lambda: port.cd, "carrier")
        far.close()
        probe.wait_for(lambda: not port.cd, "no carrier")
        port.close()


@case("a revoke closes the port until a reload, and its client is told and stays")
def _(_world):
    with gateway() as said:
        port = client("ftdi0", baudrate=9600)
        equal(h_guest.revoke(CALLOUT["ftdi0"]), "0")
        probe.wait_for(lambda: "ftdi0: that was: revoked by user 0; it stays "
                       "closed" in said(), "the reason")
        equal(said().count(CALLOUT["ftdi0"] + " is there"), 1)
        said.process.send_signal(signal.SIGHUP)
        probe.wait_for(lambda: said().count(CALLOUT["ftdi0"] + " is there") ==
                       2, "the node")
        port.close()


@case("a devswd that is stopped holds up no other port; then the line goes on")
def _(world):
    far = probe.Far(probe.far_path("ftdi0"))
    far.forget()                # what another test's devices have said
    with pty_port() as (text, device), gateway(text) as said:
        port = client("ftdi0", baudrate=38400)
        talks(port, far, b"before")
        other = socket.create_connection(("::1", PTY_PORT), probe.LIMIT)
        os.kill(world.daemon.pid, signal.SIGSTOP)
        try:
            # What is typed, and what is asked: nobody may wait for it.
            port.write(b"typed")
            with socket.create_connection(("::1", PORTS["acm0"])) as sock:
                sock.sendall(bytes([255, 251, 44, 255, 250, 44, 1, 0, 0, 0x4b,
                                    0, 255, 240]))
                begin = time.monotonic()
                while time.monotonic() < begin + 8:
                    at = time.monotonic()
                    other.sendall(b"echo")
                    equal(os.read(device, 4), b"echo")
                    os.write(device, b"back")
                    equal(other.recv(4, socket.MSG_WAITALL), b"back")
                    equal(time.monotonic() - at < 3, True, "held up")
                    time.sleep(0.05)
            equal("acm0: %s is gone (it does not answer)" % CALLOUT["acm0"]
                  in said(), True, "who was asked is told of")
        finally:
            os.kill(world.daemon.pid, signal.SIGCONT)
        equal(far.take(5), b"typed")
        talks(port, far, b"after")
        probe.wait_for(lambda: said().count(CALLOUT["acm0"] + " is there") ==
                       2, "the other node")
        port.close()
        other.close()
    far.close()


@case("clients stay while devswd is started again")
def _(world):
    far = probe.Far(probe.far_path("ftdi0"))
    far.forget()                # what another test's devices have said
    with gateway() as said:
        port = client("ftdi0", baudrate=38400)
        talks(port, far, b"before")
        # It is not this process's own, and is waited for by who started it.
        os.kill(world.daemon.pid, signal.SIGTERM)
        probe.wait_end(world.daemon.pid, "the end of devswd")
        probe.wait_for(lambda: "ftdi0: %s is gone" % CALLOUT["ftdi0"]
                       in said(), "the end")
        probe.wait_for(lambda: "that was: devswd has ended\n" in said(),
                       "the reason")
        second = h_guest.World()
        second.start()
        probe.wait_for(lambda: said().count(CALLOUT["ftdi0"] +
                                            " is there") == 2, "the node")
        equal(speed("ftdi0")[0], termios.B38400)
        talks(port, far, b"after")
        port.close()
    far.close()
    equal(second.stop(), True)


# The last case has ended the daemon of the others.
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
h_guest.run(h_guest.World())
