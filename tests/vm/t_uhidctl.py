#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --smp 1 --usb hidg
# builds: plain full:asan
"""t_uhidctl: uhidctl on a real uhid(4).

The far end of the gadget, /dev/hidg0, is the device: what is written there is
an input report, and what is read there was an output report.  The gadget
answers GET_REPORT with zeros and refuses SET_REPORT, so output goes through
the pipe.  tests/uhidctl has what needs no hardware.
"""

import fcntl
import json
import os
import select
import struct
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_guest  # noqa: E402
from h_guest import case, equal, probe  # noqa: E402

BUILD = os.environ["DEVSW_BUILD"]
UHIDCTL = BUILD + "/src/cmd/uhidctl/uhidctl"
USAGES = h_guest.TOP + "/data/usb_hid_usages"
NODE = "/dev/uhid0"
FAR = "/dev/hidg0"
GADGET = "/sys/kernel/config/usb_gadget/hidg0"
FUNCTION = GADGET + "/functions/hid.hidg0"
USB_GET_REPORT_DESC = 0x84045515
USB_GET_REPORT = 0xc4045517
USB_SET_REPORT = 0x44045518

# A mouse of sorts: report 3 has two buttons, padding, X and Y, and two LEDs;
# report 4 has a key of six, one of them at a time, and no output.
SHAPE = bytes.fromhex(
    "05010902a101"
    "8503050919012902150025017501950281020501750695018103"
    "09300931158125" "7f7508950281060508090109021500250175019502"
    "910295067501" "9103"
    "8504050c09e919b029b40a9201150125077508950181" "00c0")


class World(h_guest.World):
    """A devswd with the gadget as its only device.

    Cases may make another HID of it; the tests that come after in this
    guest get it as it was.
    """

    def __init__(self):
        super().__init__("-v", "--claim", "1d6b:0107,serial=hidg0")
        self._shape = shape()

    def start(self):
        self.daemon = probe.Daemon(os.environ["DEVSWD"], h_guest.LOG,
                                   *self.options)
        self.usable(NODE)

    def repair(self):
        if "unplugged" in probe.vmusb("list"):
            probe.vmusb("plug", "hidg0")
        self.usable(NODE)

    def stop(self):
        good = super().stop()
        reshape(*self._shape)
        return good


def ctl(*args, uid=0):
    """uhidctl as this user: (status, standard output, standard error)."""
    done = subprocess.run([UHIDCTL, *args], check=False, text=True, user=uid,
                          group=uid, extra_groups=[uid],
                          capture_output=True, timeout=probe.LIMIT,
                          env={**os.environ, "DEVSW_HID_USAGES": USAGES})
    return done.returncode, done.stdout, done.stderr


class Watch:
    """A uhidctl -l that runs, and its lines."""

    def __init__(self, *args):
        self._text = b""
        self._process = subprocess.Popen(
            [UHIDCTL, "-l", *args], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "DEVSW_HID_USAGES": USAGES})

        def waits():
            return (probe.sleeping_in(self._process.pid, "poll") or
                    self._process.poll() is not None)
        probe.wait_for(waits, "uhidctl's wait for input")

    def line(self):
        """The next line of standard output."""
        fd = self._process.stdout.fileno()
        while b"\n" not in self._text:
            if not h_guest.read_ready(fd):
                raise probe.Late("no line from uhidctl")
            more = os.read(fd, 65536)
            if not more:
                raise probe.Late("uhidctl ended: %s" % (self.end(),))
            self._text += more
        line, _, self._text = self._text.partition(b"\n")
        return line.decode()

    def lines(self, count):
        """So many of them."""
        return [self.line() for _ in range(count)]

    def end(self):
        """Wait: (status, the rest of the output, standard error)."""
        out, err = self._process.communicate(timeout=probe.LIMIT)
        return (self._process.returncode, (self._text + out).decode(),
                err.decode())


def send(*reports):
    """Input reports, from the device."""
    fd = os.open(FAR, os.O_RDWR)
    for report in reports:
        os.write(fd, report)
    os.close(fd)


def received(fd, size=64):
    """The next output report, at the device."""
    if not h_guest.read_ready(fd):
        raise probe.Late("no output report")
    return os.read(fd, size)


def shape():
    """(descriptor, length of a report) of the gadget."""
    with open(FUNCTION + "/report_desc", "rb", buffering=0) as file:
        descriptor = file.read(4096)
    with open(FUNCTION + "/report_length", encoding="ascii") as file:
        return descriptor, int(file.read())


def reshape(descriptor, length):
    """Make another HID of the gadget, and plug it in."""
    link = GADGET + "/configs/c.1/hid.hidg0"
    probe.vmusb("unplug", "hidg0")
    probe.vmusb("wait-unplugged", "hidg0")
    os.unlink(link)
    with open(FUNCTION + "/report_length", "w", encoding="ascii") as file:
        file.write(str(length))
    with open(FUNCTION + "/report_desc", "wb", buffering=0) as file:
        file.write(descriptor)
    os.symlink(FUNCTION, link)
    probe.vmusb("plug", "hidg0")
    probe.vmusb("wait-plugged", "hidg0")


def described(descriptor):
    """Does the node have this report descriptor, up to 1024 bytes?"""
    try:
        fd = os.open(NODE, os.O_RDONLY)
    except OSError:
        return False
    buf = bytearray(4 + 1024)
    try:
        fcntl.ioctl(fd, USB_GET_REPORT_DESC, buf)
    except OSError:
        return False
    finally:
        os.close(fd)
    length = struct.unpack_from("i", buf)[0]
    return buf[4:4 + length] == descriptor[:1024]


def become(world, descriptor, length, nodes):
    """The same, and these nodes are to be there then."""
    reshape(descriptor, length)
    probe.wait_for(lambda: described(descriptor), "the new descriptor")
    for node in nodes:
        world.usable(node)


@case("a listing has the device, its items and their values")
def _(_world):
    status, out, err = ctl(NODE)
    equal((status, err), (0, ""))
    lines = out.splitlines()
    equal(lines[0], "/dev/uhid0: devsw devsw test hidg0, 0x1d6b:0x0107")
    equal(lines[1], "0xff00:0x0001 (Application)")
    equal(lines[2:10], ["    input 0xff00:0x0002#%d = 0 (0..255)" % n
                        for n in range(8)])
    equal(lines[10:], ["    output 0xff00:0x0003#%d = 0 (0..255)" % n
                       for n in range(8)])
    equal(ctl("-n", NODE, "0xff00:2#7"), (0, "0\n", ""))


@case("--json is valid and has the same items")
def _(_world):
    status, out, err = ctl("--json", NODE)
    equal((status, err), (0, ""))
    got = json.loads(out)
    equal((got["node"], got["name"], got["vendor"], got["product"],
           got["report"]), (NODE, "devsw devsw test hidg0", 0x1d6b, 0x107, 0))
    equal([(i["kind"], i["path"], i["bit"], i["value"])
           for i in got["items"]],
          [(kind, "0xff00:0x0001.0xff00:0x000%d#%d" % (number, n), 8 * n, 0)
           for kind, number in (("input", 2), ("output", 3))
           for n in range(8)])


@case("the descriptor as text")
def _(_world):
    status, out, err = ctl("-r", NODE)
    equal((status, err), (0, ""))
    equal(out.splitlines()[-2:], [
        "   22: 91 02             Output (Data, Variable, Absolute)",
        "   24: c0              End Collection"])


@case("a value is read when the device sends it")
def _(_world):
    watch = Watch("-c", "1", "-n", NODE, "0xff00:0x0002#1")
    send(b"\x01\x02\x03\x04\x05\x06\x07\x08")
    equal(watch.end(), (0, "2\n", ""))


@case("watching shows what changes; --json one line for each report")
def _(world):
    watch = Watch("-n", NODE, "0xff00:2#0", "0xff00:2#7")
    send(b"\1\0\0\0\0\0\0\0")
    equal(watch.lines(2), ["1", "0"])
    send(b"\1\1\0\0\0\0\0\0", b"\1\0\0\0\0\0\0\7", b"\2\0\0\0\0\0\0\7")
    equal(watch.lines(2), ["7", "2"])
    equal(ctl(NODE), (1, "", "uhidctl: /dev/uhid0: it is open already\n"))
    probe.vmusb("unplug", "hidg0")
    equal(watch.end(), (1, "", "uhidctl: /dev/uhid0: the device is gone\n"))
    probe.wait_for(lambda: h_guest.open_error(NODE) == "ENXIO", "ENXIO")
    equal(ctl(NODE), (1, "", "uhidctl: /dev/uhid0: there is no device\n"))
    probe.vmusb("plug", "hidg0")
    world.usable(NODE)
    watch = Watch("-j", "-c", "2", NODE)
    send(b"\1\2\3\4\5\6\7\x08", b"\1\2\3\4\5\6\7\x09")
    equal([[i["value"] for i in json.loads(line)]
           for line in watch.lines(2)], [[1, 2, 3, 4, 5, 6, 7, 8], [9]])
    equal(watch.end(), (0, "", ""))


@case("a revoke ends a watch")
def _(_world):
    watch = Watch(NODE)
    subprocess.run([BUILD + "/src/cmd/devswctl/devswctl", "revoke", NODE],
                   check=True)
    equal(watch.end(), (1, "", "uhidctl: /dev/uhid0: the device is gone\n"))


@case("what is written arrives at the device")
def _(_world):
    far = os.open(FAR, os.O_RDWR | os.O_NONBLOCK)
    equal(ctl("-w", NODE, "0xff00:3#0=0x41", "0xff00:0x0001.0xff00:3#7=255"),
          (0, "", ""))
    equal(received(far), b"\x41\0\0\0\0\0\0\xff")
    equal(ctl("-w", NODE, "0xff00:3=1"), (
        1, "", "uhidctl: 0xff00:3: 8 items; #N, -k or more of the path says "
        "which\n"))
    equal(ctl("-w", NODE, "0xff00:3#1=1", "0xff00:3#2=256"), (
        1, "", "uhidctl: 0xff00:3#2: 256 is not in 0..255\n"))
    equal(ctl("-w", NODE, "0xff00:2#1=1"), (
        1, "", "uhidctl: 0xff00:2#1: input cannot be written\n"))
    equal(bool(select.select([far], [], [], 0)[0]), False, "more came")
    os.close(far)


@case("bad names, bad nodes and no permission: one line, status 1")
def _(_world):
    equal(ctl(NODE, "Generic_Desktop:X"), (
        1, "", "uhidctl: Generic_Desktop:X: /dev/uhid0 has no such item\n"))
    equal(ctl(NODE, "No_Such:Thing"), (
        1, "", "uhidctl: No_Such:Thing: no usage is called "
        "No_Such:Thing\n"))
    equal(ctl("/dev/null"), (
        1, "", "uhidctl: /dev/null: no node of uhid(4)\n"))
    equal(ctl(NODE + "9"), (
        1, "", "uhidctl: /dev/uhid09: No such file or directory\n"))
    os.chmod(NODE, 0o640)
    equal(ctl(NODE, uid=1234), (
        1, "", "uhidctl: /dev/uhid0: Permission denied\n"))
    os.chmod(NODE, 0o644)
    equal(ctl("-n", NODE, "0xff00:2#0", uid=1234), (0, "0\n", ""))
    equal(ctl("-w", NODE, "0xff00:3#0=1", uid=1234), (
        1, "", "uhidctl: /dev/uhid0: Permission denied\n"))
    os.chmod(NODE, 0o660)


@case("a report that the device does not have is EINVAL")
def _(_world):
    fd = os.open(NODE, os.O_RDWR)
    report = bytearray(struct.pack("i", 3) + bytes(1024))
    equal(probe.outcome(fcntl.ioctl, fd, USB_GET_REPORT, report), "EINVAL")
    equal(probe.outcome(fcntl.ioctl, fd, USB_SET_REPORT, report), "EINVAL")
    os.close(fd)


@case("reports with IDs: a node for each, names, signs and arrays")
def _(world):
    become(world, SHAPE, 4, (NODE, "/dev/uhid1"))
    equal(ctl(NODE), (0, """\
/dev/uhid0: devsw devsw test hidg0, 0x1d6b:0x0107, report 3
Generic_Desktop:Mouse (Application)
    input Button:Button_1 = 0 (0..1)
    input Button:Button_2 = 0 (0..1)
    input Generic_Desktop:X = 0 (-127..127)
    input Generic_Desktop:Y = 0 (-127..127)
    output LEDs:Num_Lock = 0 (0..1)
    output LEDs:Caps_Lock = 0 (0..1)
""", ""))
    watch = Watch("-c", "1", NODE, "Generic_Desktop:Mouse.Generic_Desktop:Y",
                  "Button:Button_2")
    send(b"\3\2\0\xfb")
    equal(watch.end(), (0, "Generic_Desktop:Mouse.Generic_Desktop:Y=-5\n"
                        "Generic_Desktop:Mouse.Button:Button_2=1\n", ""))
    far = os.open(FAR, os.O_RDWR | os.O_NONBLOCK)
    equal(ctl("-w", NODE, "LEDs:Caps_Lock=1"), (0, "", ""))
    equal(received(far), b"\3\2")
    os.close(far)
    probe.wait_for(lambda: h_guest.open_error(NODE) == "0", "the close")
    watch = Watch("-c", "2", "/dev/uhid1")
    send(b"\4\1", b"\4\3")
    head = "Generic_Desktop:Mouse.Consumer:Volume_Increment="
    equal(watch.end(), (0, head + "Consumer:Volume_Increment\n" +
                        head + "Consumer:Pause\n", ""))
    equal(ctl("-w", "/dev/uhid1", "LEDs:Caps_Lock=1"), (
        1, "", "uhidctl: LEDs:Caps_Lock: /dev/uhid1 has no such item\n"))


@case("a descriptor of more than 1024 bytes")
def _(world):
    one = bytes.fromhex("0930810109328101")
    descriptor = (bytes.fromhex("05010902a101150025ff75089501") + one * 150 +
                  bytes.fromhex("09318102c0"))
    become(world, descriptor, 301, (NODE,))
    status, out, err = ctl(NODE)
    equal((status, err), (0, ""))
    equal(out.splitlines()[2:], ["    input Generic_Desktop:Y = 0 (0..255)"])
    watch = Watch("-c", "1", "-n", NODE, "Generic_Desktop:Y")
    send(bytes(300) + b"\x07")
    equal(watch.end(), (0, "7\n", ""))


if __name__ == "__main__":
    h_guest.run(World())
