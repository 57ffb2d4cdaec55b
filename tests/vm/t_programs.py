#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --smp 1 --usb ftdi --usb acm
# chips: full:ch340 full:cp2102n full:pl2303hxn full:ft232h full:ch341
# chips: full:pl2303hx
# timeout: 200
"""t_programs: terminal programs and protocols as people use them.

minicom, screen, tio, cu, ZMODEM and Modbus, as Debian has them, on a node of
devswd: what is typed comes out at the far end and back, the program ends as
it should, and tio, which waits for its adapter to come back, finds it under
the same name.  setserial and stty show what they have set, whoever opens the
node next.
"""

import contextlib
import glob
import os
import re
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_guest  # noqa: E402
from h_guest import NODES, case, equal, probe  # noqa: E402

FILE_SIZE = 100000


@contextlib.contextmanager
def far_end(adapter, echo=True):
    """Its other end, which echoes or not."""
    far = probe.Far(probe.far_path(adapter))
    far.echo(echo)
    try:
        yield far
    finally:
        far.close()


@contextlib.contextmanager
def far_tty(adapter):
    """Its other end as a tty, raw; of a chip one more, under Linux's driver."""
    path = probe.far_path(adapter)
    if h_guest.CHIP:
        before = set(glob.glob("/dev/ttyUSB*"))
        h_guest.serve("create", "far", h_guest.CHIP)
        h_guest.serve("wire", adapter, "far")
        h_guest.serve("plug", "far")
        path = probe.wait_for(
            lambda: sorted(set(glob.glob("/dev/ttyUSB*")) - before),
            "the far end's node")[0]
        subprocess.check_call(["udevadm", "settle"])
    fd = probe.open_node(path)
    probe.raw(fd, clocal=True)
    yield path
    os.close(fd)
    if h_guest.CHIP:
        h_guest.serve("unwire", "far")
        h_guest.serve("unplug", "far")
        h_guest.serve("destroy", "far")
        h_guest.serve("modem", adapter, "1")


def both(function):
    """The case is about both adapters."""
    def twice(_world):
        for adapter, node in NODES.items():
            with far_end(adapter):
                function(node)
    return twice


def there_and_back(terminal, text=b"there and back"):
    """Type, and see the echo of the far end."""
    terminal.type(text)
    terminal.expect(text)


def ends(terminal):
    """It ends with status 0."""
    equal(terminal.wait(), 0, "its status")


@case("minicom: what is typed comes back; C-a x ends it")
@both
def _(node):
    terminal = probe.Terminal(["minicom", "-o", "-b", "115200", "-D", node])
    terminal.expect(b"Press CTRL-A Z for help")
    there_and_back(terminal)
    terminal.type(b"\x01x")
    terminal.expect(b"Leave Minicom")
    terminal.type(b"\r")
    ends(terminal)


@case("screen: what is typed comes back; C-a k ends it")
@both
def _(node):
    terminal = probe.Terminal(["screen", node, "115200"])
    there_and_back(terminal)
    terminal.type(b"\x01k")
    terminal.expect(b"Really kill this window")
    terminal.type(b"y")
    terminal.expect(b"[screen is terminating]")
    ends(terminal)


@case("cu: what is typed comes back; ~. ends it")
@both
def _(node):
    # As root it is Debian's user uucp, who is not in dialout.
    terminal = probe.Terminal([
        "setpriv", "--reuid", "%d" % h_guest.USER, "--regid", "dialout",
        "--clear-groups", "cu", "-l", node, "-s", "115200"])
    terminal.expect(b"Connected.")
    there_and_back(terminal)
    terminal.type(b"\r~.")
    terminal.expect(b"Disconnected.")
    ends(terminal)


@case("tio: what is typed comes back, also after a replug; C-t q ends it")
def _(world):
    with far_end("ftdi0"):
        terminal = probe.Terminal(["tio", "-b", "115200", NODES["ftdi0"]])
        terminal.expect(b"Connected")
        there_and_back(terminal)
        world.unplug("ftdi0")
        terminal.expect(b"Disconnected")
        world.plug("ftdi0")
        terminal.expect(b"Connected")
        there_and_back(terminal, b"and once more")
        terminal.type(b"\x14q")
        ends(terminal)


def zmodem(sender, receiver):
    """Send a file from one path to the other; nothing may be missing."""
    data = probe.pattern(FILE_SIZE, 5)
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/sent", "wb") as file:
            file.write(data)
        os.mkdir(folder + "/received")
        with open(receiver, "r+b", buffering=0) as tty:
            takes = subprocess.Popen(["rz", "-q", "-b"], stdin=tty, stdout=tty,
                                     cwd=folder + "/received")
        with open(sender, "r+b", buffering=0) as tty:
            gives = subprocess.Popen(["sz", "-q", "-b", folder + "/sent"],
                                     stdin=tty, stdout=tty)
        equal((gives.wait(60), takes.wait(60)), (0, 0), "the statuses")
        with open(folder + "/received/sent", "rb") as file:
            equal(file.read() == data, True, "the file is whole")


@case("ZMODEM: sz and rz carry a file both ways")
def _(_world):
    near = NODES["acm0"]
    fd = probe.open_node(near)
    probe.raw(fd, clocal=True)              # opens do not wait for carrier
    with far_tty("acm0") as far:
        zmodem(near, far)
        zmodem(far, near)
    os.close(fd)


def crc16(data):
    """Modbus's."""
    crc = 0xffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xa001 if crc & 1 else 0)
    return struct.pack("<H", crc)


@case("Modbus RTU: mbpoll reads two registers, 19200 8E1")
def _(_world):
    h_guest.needs_formats()
    for adapter, node in NODES.items():
        with far_end(adapter, echo=False) as far:
            with subprocess.Popen(
                    ["mbpoll", "-m", "rtu", "-a", "7", "-b", "19200", "-P",
                     "even", "-r", "1", "-c", "2", "-1", node],
                    stdout=subprocess.PIPE, text=True) as master:
                request = far.take(8)
                equal(request[:6], bytes((7, 3, 0, 0, 0, 2)), "the request")
                equal(request[6:], crc16(request[:6]), "its checksum")
                answer = bytes((7, 3, 4, 0x12, 0x34, 0, 99))
                far.write(answer + crc16(answer))
                said = master.communicate(timeout=probe.LIMIT)[0]
            equal(master.returncode, 0, "mbpoll's status")
            equal([line.split() for line in said.splitlines()
                   if line.startswith("[")],
                  [["[1]:", "4660"], ["[2]:", "99"]], "the registers")


def setserial(*words, user=0):
    """(status, what it says, both streams) of it, as this user in dialout."""
    done = subprocess.run(
        ["setpriv", "--reuid", str(user), "--regid", "dialout",
         "--clear-groups", "setserial", *words], check=False, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def port_of(node):
    """What setserial -a says: close_delay, closing_wait, and the flags."""
    status, text = setserial("-a", node)
    equal(status, 0, text)
    told = re.search(r"close_delay: (\S+),.*closing_wait: (\S+)\n"
                     r"\s+Flags: (.*)", text, re.S)
    return told[1], told[2], told[3].split()


@case("setserial: low_latency, closing_wait, close_delay are shown as set")
@both
def _(node):
    delay, wait, flags = port_of(node)
    equal((delay, wait), ("100", "500"))
    # What cannot be switched off is on from the first.
    always = "low_latency" in flags
    for words, now in (
            (["low_latency"], ("100", "500", True)),
            (["closing_wait", "20", "close_delay", "30"], ("30", "20", True)),
            (["^low_latency"], ("30", "20", always)),
            (["closing_wait", "none"], ("30", "none", always)),
            (["closing_wait", "500", "close_delay", "100"],
             ("100", "500", always))):
        equal(setserial(node, *words), (0, ""), words)
        delay, wait, flags = port_of(node)
        equal((delay, wait, "low_latency" in flags), now, words)
    for words, user, errno in (
            (["closing_wait", "infinite"], 0, "Invalid argument"),
            (["spd_vhi"], 0, "Invalid argument"),
            (["closing_wait", "20"], h_guest.USER, "Operation not permitted"),
            (["close_delay", "1"], h_guest.USER, "Operation not permitted")):
        equal(setserial(node, *words, user=user),
              (1, "Cannot set serial info: %s\n" % errno), words)
    equal(setserial(node, "low_latency", user=h_guest.USER), (0, ""))
    equal(port_of(node)[:2], ("100", "500"), "what was refused")
    if not always:
        equal(setserial(node, "^low_latency"), (0, ""))


def stty(node, *words):
    """What it says."""
    return subprocess.check_output(["stty", "-F", node, *words], text=True)


@case("stty: -hupcl, clocal and a speed stay for who opens the node next")
def _(_world):
    # Not back to what -g told: stty is content with no other speed than the
    # one that it has found.
    usual = ("hupcl", "-clocal", "9600")
    for adapter, node in NODES.items():
        stty(node, *usual)
        before = stty(node, "-g")
        equal(stty(node, "-hupcl", "clocal", "57600"), "")
        told = stty(node, "-a")
        equal("speed 57600 baud" in told, True, told)
        for word in ("-hupcl", "clocal"):
            equal(word in told.split(), True, told)
        if h_guest.CHIP:
            equal("dtr=1" in h_guest.serve("status", adapter), True, "-hupcl")
        stty(node, *usual)
        if h_guest.CHIP:
            equal("dtr=0" in h_guest.serve("status", adapter), True, "hupcl")
        equal(stty(node, "-g"), before)


if __name__ == "__main__":
    h_guest.run(h_guest.World())
