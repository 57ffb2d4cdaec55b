#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --smp 1 --usb hidg --usb hidg --usb hid-mouse --usb hid-kbd --usb hid-tablet --usb vhci
# builds: plain full:asan full:tsan
# timeout: 300
"""t_hidraw: uhid(4) for programs that know Linux's hidraw.

The judge is the kernel's own hidraw: two devices that differ in nothing but
their serial number, one taken by devswd and one left to the kernel, must
answer every ioctl, read and write with the same bytes, and get the same over
the wire.  QEMU's mouse, tablet and keyboard are read through the kernel
first, before devswd takes them, and must give the same reports afterwards.
At last programs that nobody has changed: hidapi's and libfido2's libraries.
"""

import contextlib
import ctypes
import os
import select
import struct
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_guest  # noqa: E402
import h_hid  # noqa: E402
import h_vhci  # noqa: E402
from h_guest import case, equal, probe  # noqa: E402
from h_hid import FEATURE, INPUT, OUTPUT, PLAIN  # noqa: E402
from h_hid import numbered, opened, readable  # noqa: E402
from h_vhci import STALL, Interface  # noqa: E402

IN_OUT = select.POLLIN | select.POLLOUT
FIDO = bytes.fromhex("06d0f10901a10109201500 26ff00750895408102"
                     "0921150026ff00750895409102c0".replace(" ", ""))
IDS = numbered((1, 4, 5, 6), (2, 7, 8, 9))

# What is done to QEMU's devices, each line an event that makes a report.
EVENTS = {
    "mouse0": ("move 3 -4", "button left down", "move -100 100",
               "button left up", "button right down", "button right up"),
    "tablet0": ("point 100 200", "point 32767 0", "button left down",
                "point 16000 16001", "button left up"),
    "kbd0": ("key a down", "key b down", "key a up", "key b up",
             "key shift down", "key f1 down", "key f1 up", "key shift up"),
}
WAKE = {"mouse0": ("move 1 1",), "tablet0": ("point 1 1", "point 2 2"),
        "kbd0": ("key z down", "key z up")}
LEDS = b"\x00\x02"


def qemu_claim(serial):
    """A claim of a boot device, by force if devswd wants to be told so."""
    claim = "0627:0001,serial=" + serial
    asked = subprocess.run(
        [os.environ["DEVSWD"], "--release", "--claim", claim + ",force"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return claim + ",force" if asked.returncode == 0 else claim


def wake(fd, serial):
    """Make QEMU give its events to this device, which fd has just opened.

    It does so from when the device is asked for input for the first time.
    """
    def has_come():
        for event in WAKE[serial]:
            probe.vmusb(*event.split())
        return h_guest.read_ready(fd, 0.3)

    probe.wait_for(has_come, "the first report of " + serial)
    while h_guest.read_ready(fd, 0.3):
        os.read(fd, 64)


@contextlib.contextmanager
def alone(serial):
    """The tablet is away while the mouse is used: it would get its buttons."""
    if serial == "mouse0":
        probe.vmusb("unplug", "tablet0")
        probe.vmusb("wait-unplugged", "tablet0")
    yield
    if serial == "mouse0":
        probe.vmusb("plug", "tablet0")


def reports_of(fd, serial):
    """What a device of QEMU's reports; fd is in hidraw's framing."""
    found = []
    wake(fd, serial)
    for event in EVENTS[serial]:
        probe.vmusb(*event.split())
        found.append((event, os.read(readable(fd), 64).hex()))
    return found


def facts_of(fd):
    """What hidraw says of a device."""
    return {
        "GRDESCSIZE": h_hid.call(fd, h_hid.HIDIOCGRDESCSIZE),
        "GRDESC": h_hid.call(fd, h_hid.HIDIOCGRDESC, struct.pack("I", 4095)),
        "GRAWINFO": h_hid.call(fd, h_hid.HIDIOCGRAWINFO),
        "NAME": h_hid.raw_call(fd, h_hid.NAME, size=256),
        "UNIQ": h_hid.raw_call(fd, h_hid.UNIQ, size=256),
    }


class World(h_hid.World):
    """QEMU's devices, too, and what the kernel's hidraw made of them."""

    def __init__(self):
        self.reference = {}
        claims = [word for serial in EVENTS
                  for word in ("--claim", qemu_claim(serial))]
        super().__init__("--claim", "1d6b:0108,serial=fido0", *claims)

    def start(self):
        for serial in EVENTS:
            fd = h_hid.open_kernel_node(serial)
            with alone(serial):
                self.reference[serial] = (facts_of(fd),
                                          reports_of(fd, serial))
            if serial == "kbd0":
                equal(os.write(fd, LEDS), 2, "the kernel's write")
            os.close(fd)
        super().start()

    def node_of(self, serial):
        """The node of a device that is plugged from the start."""
        def find():
            name = node = None
            for line in self.daemon.said().splitlines():
                words = line.split()
                if "uhidev" in line and " serial %s," % serial in line:
                    name = words[words.index("at") - 1]
                elif name and " at %s:" % name in line:
                    node = "/dev/" + words[words.index("at") - 1]
                    name = None
            return node
        return probe.wait_for(find, "node of " + serial)


# ---- the same device, twice ---------------------------------------------

class Pair:
    """The same interfaces twice: [0] is the kernel's, [1] is ours."""

    def __init__(self, world, make, count=1, which=(0, 0)):
        self._ours = world.hid(*make(), count=count)
        self.hids = [h_vhci.Hid(1, "kern", *make())]
        hid, nodes = self._ours.__enter__()
        self.hids.append(hid)
        self.fds = [h_hid.open_kernel_node("kern", which[0]),
                    opened(nodes[which])]
        # Whoever uses one of hidraw's ioctls gets hidraw's framing.
        h_hid.get_int(self.fds[1], h_hid.HIDIOCGRDESCSIZE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for fd in self.fds:
            os.close(fd)
        self.hids[0].unplug()
        self._ours.__exit__(None, None, None)

    def answer(self, key, report, interface=0):
        """Both devices have this answer."""
        for hid in self.hids:
            hid.interfaces[interface].reports[key] = report

    def send(self, *reports):
        """Both devices send these."""
        for hid in self.hids:
            for report in reports:
                hid.send(report)
            hid.wait_taken()

    def same(self, what, function, *args):
        """function(fd, *args) gives the same with both; returns it."""
        results = [function(fd, *args) for fd in self.fds]
        equal(results[1], results[0], "%s: uhid's, not hidraw's," % what)
        return results[0]

    def same_written(self, what, function, *args):
        """The same, and both devices have got the same from it."""
        result = self.same(what, function, *args)
        written = []
        for hid in self.hids:
            with hid.changed:
                written.append(list(hid.written))
                hid.written.clear()
        equal(written[1], written[0], "%s: over the wire" % what)
        return result, written[0]


def get(fd, number, data, size):
    """One of HIDIOCG*; unused bytes tell what was written."""
    data = data + b"\xee" * (size - len(data))
    return h_hid.raw_call(fd, number, data[:size], size)


def reads(fd, size):
    """All that can be read, so many bytes at a time."""
    found = []
    while (word := probe.poll_fd(fd, select.POLLIN, 0)) == "IN":
        found.append(os.read(fd, size))
    return found, word


@case("HIDIOCGRDESCSIZE, HIDIOCGRDESC, HIDIOCGRAWINFO")
def _(world):
    with Pair(world, lambda: [Interface(IDS)], 2, (0, 1)) as pair:
        equal(pair.same("GRDESCSIZE", h_hid.get_int, h_hid.HIDIOCGRDESCSIZE),
              len(IDS))
        for size in (0, 1, 5, len(IDS), len(IDS) + 9, 4095, 4096, 1 << 31):
            pair.same("GRDESC %d" % size, h_hid.call, h_hid.HIDIOCGRDESC,
                      struct.pack("I", size))
        equal(pair.same("GRAWINFO", h_hid.call, h_hid.HIDIOCGRAWINFO),
              (0, struct.pack("IHH", 3, h_vhci.VENDOR, h_vhci.PRODUCT)))


@case("HIDIOCGRAWNAME, HIDIOCGRAWPHYS, HIDIOCGRAWUNIQ")
def _(world):
    with Pair(world, lambda: [Interface(PLAIN), Interface(PLAIN)], 2,
              (1, 0)) as pair:
        for size in (1, 2, 5, 12, 13, 14, 256, 1000):
            pair.same("NAME, %d" % size, get, h_hid.NAME, b"", size)
            equal(pair.same("length of UNIQ, %d" % size, lambda fd, size:
                            get(fd, h_hid.UNIQ, b"", size)[0], size),
                  min(size, 5))
        equal(get(pair.fds[1], h_hid.UNIQ, b"", 5), (5, b"ours\0"))
        texts = [get(fd, h_hid.PHYS, b"", 256) for fd in pair.fds]
        for result, text in texts:
            text = text.split(b"\0")[0]
            equal(result, len(text) + 1)
            equal((text[:4], text[-9:-7], text[-7:]),
                  (b"usb-", text[-9:-7], b"/input1"))


@case("an answer needs no memory behind its end")
def _(world):
    with Pair(world, lambda: [Interface(IDS)], 2, (0, 1)) as pair:
        for size, room in ((5, 9), (5, 8), (4095, 4 + len(IDS)),
                           (4095, 3 + len(IDS)), (0, 4), (0, 3)):
            pair.same("GRDESC %d, room %d" % (size, room), h_hid.call_at_end,
                      h_hid.HIDIOCGRDESC, struct.pack("I", size), room)
        for room in (4, 5, 6, 255):
            pair.same("UNIQ, room %d" % room, lambda fd, room: type(
                h_hid.call_at_end(fd, h_hid.ioc(2, "H", h_hid.UNIQ, 256), b"",
                                  room)), room)
        pair.answer((FEATURE, 1), b"\x01answer")
        for room in (1, 6, 7, 8):
            pair.same("GFEATURE, room %d" % room, h_hid.call_at_end,
                      h_hid.ioc(3, "H", h_hid.GFEATURE, 64), b"\x01", room)
        for room in (1, 8, 9):
            pair.same("SFEATURE, room %d" % room, h_hid.call_at_end,
                      h_hid.ioc(3, "H", h_hid.SFEATURE, 9), b"\x01", room)


@case("GFEATURE, GINPUT, GOUTPUT: any report of the interface")
def _(world):
    with Pair(world, lambda: [Interface(IDS)], 2, (0, 2)) as pair:
        for kind, number in ((FEATURE, h_hid.GFEATURE),
                             (INPUT, h_hid.GINPUT),
                             (OUTPUT, h_hid.GOUTPUT)):
            for which in (1, 2):
                pair.answer((kind, which), bytes((which,)) + b"answer %d" %
                            kind)
            for which in (0, 1, 2, 3, 255):
                for size in (1, 2, 3, 9, 64, 5000, 16383):
                    pair.same("GET %d of %d, %d bytes" % (which, kind, size),
                              get, number, bytes((which,)), size)
            pair.answer((kind, 1), b"")
            pair.same("an empty answer", get, number, b"\x01", 64)
    with Pair(world, lambda: [Interface(PLAIN)]) as pair:
        for size in (1, 2, 5, 9, 64):
            pair.answer((INPUT, 0), b"no IDs!!")
            pair.same("GET without IDs, %d" % size, get, h_hid.GINPUT,
                      b"\0", size)


@case("SFEATURE, SINPUT, SOUTPUT: what the device gets, and the result")
def _(world):
    for make, count, which in (
            (lambda: [Interface(IDS)], 2, (0, 2)),
            (lambda: [Interface(PLAIN)], 1, (0, 0))):
        with Pair(world, make, count, which) as pair:
            for number in (h_hid.SFEATURE, h_hid.SINPUT, h_hid.SOUTPUT):
                for data in (b"", b"\0", b"\1", b"\0x", b"\1x", b"\2abcd",
                             b"\0abcdefgh", b"\3" + b"y" * 300,
                             b"\1" + b"z" * 4000):
                    pair.same_written("SET %d, %r" % (number, data[:9]),
                                      h_hid.raw_call, number, data)


@case("errors of a device: what the ioctl says")
def _(world):
    with Pair(world, lambda: [Interface(IDS)], 2, (0, 1)) as pair:
        for kind, numbers in ((FEATURE, (h_hid.GFEATURE, h_hid.SFEATURE)),
                              (INPUT, (h_hid.GINPUT, h_hid.SINPUT)),
                              (OUTPUT, (h_hid.GOUTPUT, h_hid.SOUTPUT))):
            pair.answer((kind, 1), STALL)
            for number in numbers:
                if number == h_hid.SOUTPUT:     # through the pipe
                    continue
                equal(pair.same("a stall", h_hid.raw_call, number,
                                b"\1abcd"), "EPIPE")
        pair.answer((FEATURE, 1), None)
        equal(pair.same("no answer", h_hid.raw_call, h_hid.GFEATURE,
                        b"\1abcd"), "ETIMEDOUT")


@case("commands that hidraw does not have, and wrong sizes")
def _(world):
    with Pair(world, lambda: [Interface(PLAIN)]) as pair:
        for direction, number, size in (
                (2, 1, 8), (2, 2, 100), (2, 3, 4), (1, 4, 64), (1, 8, 9),
                (2, 14, 4), (3, 99, 4), (0, 77, 0), (2, 0, 4)):
            command = h_hid.ioc(direction, "H", number, size)
            results = [h_hid.call(fd, command, size=size)
                       for fd in pair.fds]
            errors = [isinstance(result, str) for result in results]
            equal(errors[1], errors[0], "%#x: %r: an error" %
                  (command, results))


@case("write: an ID byte and a report, through the pipe")
def _(world):
    for make, count, which in (
            (lambda: [Interface(IDS)], 2, (0, 2)),
            (lambda: [Interface(PLAIN)], 1, (0, 0)),
            (lambda: [Interface(PLAIN, out=False)], 1, (0, 0)),
            (lambda: [Interface(IDS, out=False)], 2, (0, 1))):
        with Pair(world, make, count, which) as pair:
            for data in (b"\0", b"\1", b"\0x", b"\1x", b"\2abcd", b"\3none",
                         b"\0abcdefgh", b"\0" + b"y" * 63, b"\0" + b"y" * 64,
                         b"\2" + b"y" * 64, b"\1" + b"z" * 2000,
                         b"z" * 4096, b"z" * 16385):
                pair.same_written("write of %d, %r" % (len(data), data[:9]),
                                  lambda fd, data: probe.outcome(
                                      os.write, fd, data), data)
            pair.answer((OUTPUT, 0), STALL)
            pair.answer((OUTPUT, 1), STALL)
            for data in (b"\0abcd", b"\1abcd"):
                pair.same_written("write and a stall", lambda fd, data:
                                  probe.outcome(os.write, fd, data), data)


@case("read: one report each, with its ID byte, cut off to the buffer")
def _(world):
    # The kernel's node has the input of all IDs, so there is one here; and
    # it drops what is shorter than the descriptor says, so nothing is.
    one = numbered((1, 4, 4, 4))
    for desc, which, head, size in ((one, (0, 1), b"\1", 4),
                                    (PLAIN, (0, 0), b"", 8)):
        with Pair(world, lambda desc=desc: [Interface(desc)], 1,
                  which) as pair:
            reports = [head + b"%d" % number * size for number in range(9)]
            for room in (1, 2, 4, 64):
                pair.same("EAGAIN", lambda fd: probe.outcome(os.read, fd, 9))
                equal(pair.same("poll", probe.poll_fd, IN_OUT, 0), "OUT")
                pair.send(*reports)
                equal(pair.same("poll", probe.poll_fd, IN_OUT, 0), "IN OUT")
                found, _ = pair.same("reads of %d" % room, reads, room)
                equal(found, [report[:room] for report in reports])
            # Of more than 64 Linux keeps 63, or the last ones.
            many = [head + (b"%d" % number).zfill(size)
                    for number in range(100)]
            pair.send(*many)
            equal(reads(pair.fds[1], 64)[0], many[:64], "what uhid keeps")
            pair.send(reports[0])
            equal(reads(pair.fds[1], 64)[0], reports[:1])


@case("an open without hidraw's ioctls has BSD's framing; the next, too")
def _(world):
    with world.hid(Interface(IDS), count=2) as (hid, nodes):
        fd = opened(nodes[0, 1])
        hid.send(b"\1abcd")
        hid.send(b"\1ABCD")
        hid.wait_taken()
        equal(os.read(fd, 2), b"ab", "BSD's")
        h_hid.get_int(fd, h_hid.HIDIOCGRDESCSIZE)
        equal(os.read(fd, 64), b"\1cd", "what was left")
        equal(os.read(fd, 64), b"\1ABCD", "hidraw's")
        os.close(fd)
        fd = opened(nodes[0, 1])
        hid.send(b"\1abcd")
        equal(os.read(readable(fd), 64), b"abcd", "BSD's again")
        os.close(fd)


@case("HIDIOCREVOKE: this file gets ENODEV, IN OUT ERR HUP; not the next")
def _(world):
    with world.hid(Interface(PLAIN), Interface(PLAIN), count=2) as (hid,
                                                                    nodes):
        fd = opened(nodes[0, 0], os.O_RDWR)
        other = opened(nodes[1, 0])
        equal(h_hid.call(fd, h_hid.ioc(1, "H", 13, 4), b"\1\0\0\0"), "EINVAL",
              "with a pointer, as linux/hidraw.h has it not")
        hid.interfaces[0].reports[FEATURE, 0] = None
        calls = {
            "read": probe.Call("read", os.read, fd, 9),
            "poll": probe.Call("poll", probe.poll_fd, fd, select.POLLIN),
            "ioctl": probe.Call("ioctl", h_hid.raw_call, fd, h_hid.GFEATURE,
                                b"\0abcd"),
        }
        for call in calls.values():
            equal(bool(call.wait_blocked()), True, call.name + " waits")
        hid.wait_asked()
        equal(h_hid.LIBC.ioctl(fd, ctypes.c_ulong(h_hid.HIDIOCREVOKE),
                               ctypes.c_void_p(0)), 0)
        words = {name: call.result()[0] for name, call in calls.items()}
        equal(words.pop("poll").split()[-2:], ["ERR", "HUP"])
        equal(words, {"read": "ENODEV", "ioctl": "ENODEV"})
        for _ in range(2):
            equal(probe.outcome(os.read, fd, 9), "ENODEV", "read")
            equal(probe.outcome(os.write, fd, b"\0abcdefgh"), "ENODEV",
                  "write")
            equal(h_hid.get_int(fd, h_hid.HIDIOCGRDESCSIZE), "ENODEV")
            equal(h_hid.get_int(fd, h_hid.USB_GET_REPORT_ID), "ENODEV")
            equal(probe.poll_fd(fd, IN_OUT, 0).split()[-2:], ["ERR", "HUP"])
        hid.send(b"other 01", 1)
        equal(os.read(readable(other), 9), b"other 01", "the other one's")
        os.close(fd)
        os.close(other)
        fd = opened(nodes[0, 0])
        hid.send(b"again 01")
        equal(os.read(readable(fd), 9), b"again 01", "the next open's")
        os.close(fd)


@case("HIDIOCREVOKE ends immediate mode's reads as well")
def _(world):
    with world.hid(Interface(PLAIN)) as (hid, nodes):
        hid.interfaces[0].reports[INPUT, 0] = b"12345678"
        fd = opened(nodes[0, 0])
        equal(h_hid.set_int(fd, h_hid.USB_SET_IMMED, 1), "0")
        equal(os.read(fd, 9), b"12345678")
        equal(h_hid.LIBC.ioctl(fd, ctypes.c_ulong(h_hid.HIDIOCREVOKE),
                               ctypes.c_void_p(0)), 0)
        equal(probe.outcome(os.read, fd, 9), "ENODEV")
        os.close(fd)


@case("two gadgets of Linux's: the same of both")
def _(world):
    node = world.node_of("hidg0")
    far = {name: os.open(probe.far_path(name), os.O_RDWR)
           for name in ("hidg0", "hidg1")}
    fds = {"hidg0": opened(node), "hidg1": h_hid.open_kernel_node("hidg1")}
    facts = {name: facts_of(fd) for name, fd in fds.items()}
    for what, (result, data) in facts["hidg1"].items():
        equal(facts["hidg0"][what],
              (result, data.replace(b"hidg1", b"hidg0")), what)
    for name, fd in fds.items():
        os.write(far[name], b"12345678")
        equal(os.read(readable(fd), 64), b"12345678", name)
        equal(os.write(fd, b"\0abcdefgh"), 9, name)
        equal(os.read(far[name], 64), b"abcdefgh", name)
        equal(get(fd, h_hid.GINPUT, b"\0", 9), (9, bytes(9)), name)
        os.close(fd)
        os.close(far[name])


# ---- QEMU's devices -----------------------------------------------------

def qemu_case(serial):
    """What uhid says of a device of QEMU's, and reads from it."""
    def check(world):
        with alone(serial):
            replay(world, world.node_of(serial))

    def replay(world, path):
        facts, reports = world.reference[serial]
        fd = opened(path)
        found = facts_of(fd)
        for what in facts:
            equal(found[what], facts[what], what)
        equal(reports_of(fd, serial), reports)
        equal(probe.poll_fd(fd, select.POLLIN, 0), "-", "no more")
        if serial == "kbd0":
            equal(os.write(fd, LEDS), 2, "LEDs")
        os.close(fd)
        fd = opened(path)                       # BSD's stream
        wake(fd, serial)
        for event, report in reports:
            probe.vmusb(*event.split())
            equal(os.read(readable(fd), 64).hex(), report, event)
        if serial == "kbd0":
            equal(os.write(fd, LEDS[1:]), 1, "LEDs")
        os.close(fd)
    case("QEMU's %s: what uhid reads is what hidraw read" % serial)(check)


for qemu_serial in EVENTS:
    qemu_case(qemu_serial)


# ---- programs that nobody has changed -----------------------------------

def hidapi():
    """hidapi's hidraw library."""
    lib = ctypes.CDLL("libhidapi-hidraw.so.0")
    lib.hid_open_path.restype = ctypes.c_void_p
    lib.hid_error.restype = ctypes.c_wchar_p
    for name in ("hid_write", "hid_read_timeout", "hid_send_feature_report",
                 "hid_get_feature_report", "hid_get_input_report"):
        getattr(lib, name).argtypes = [ctypes.c_void_p, ctypes.c_char_p,
                                       ctypes.c_size_t] + (
            [ctypes.c_int] if name == "hid_read_timeout" else [])
    lib.hid_close.argtypes = [ctypes.c_void_p]
    lib.hid_close.restype = None
    return lib


@case("hidapi's hidraw library, by path")
def _(world):
    lib = hidapi()
    with world.hid(Interface(IDS), count=2) as (hid, nodes):
        dev = lib.hid_open_path(nodes[0, 1].encode())
        if not dev:
            raise AssertionError("hid_open_path: %s" % lib.hid_error(None))
        buffer = ctypes.create_string_buffer(64)
        equal(lib.hid_read_timeout(dev, buffer, 64, 0), 0, "no report")
        hid.send(b"\1abcd")
        equal(lib.hid_read_timeout(dev, buffer, 64, 20000), 5)
        equal(buffer.raw[:5], b"\1abcd")
        equal(lib.hid_write(dev, b"\1wxyz", 5), 5)
        equal(hid.take_written(), [("out", 1, b"\1wxyz")])
        equal(lib.hid_send_feature_report(dev, b"\2feature", 8), 8)
        equal(hid.take_written(), [("set", FEATURE, 2, b"\2feature")])
        hid.interfaces[0].reports[FEATURE, 1] = b"\1answer"
        hid.interfaces[0].reports[INPUT, 1] = b"\1ABCD"
        buffer.raw = b"\1" + bytes(63)
        equal(lib.hid_get_feature_report(dev, buffer, 64), 7)
        equal(buffer.raw[:7], b"\1answer")
        equal(lib.hid_get_input_report(dev, buffer, 64), 5)
        equal(buffer.raw[:5], b"\1ABCD")
        hid.interfaces[0].reports[FEATURE, 1] = STALL
        equal(lib.hid_get_feature_report(dev, buffer, 64), -1)
        calls = [probe.Call(name, lib.hid_read_timeout, dev, buffer, 64, ms)
                 for name, ms in (("read", -1), ("poll", 60000))]
        for call in calls:
            equal(bool(call.wait_blocked()), True, "it waits")
        hid.unplug()
        for call in calls:
            equal(call.result()[0], "-1", "hid_read at an unplug")
        equal(lib.hid_write(dev, b"\1wxyz", 5), -1)
        lib.hid_close(dev)


def security_key(far):
    """A key's answer to CTAPHID_INIT; an U2F one, for want of CBOR."""
    request = os.read(readable(far), 64)
    equal((len(request), request[:7]),
          (64, b"\xff\xff\xff\xff\x86\x00\x08"), "CTAPHID_INIT")
    answer = (request[:4] + b"\x86\x00\x11" + request[7:15] +
              b"\x01\x02\x03\x04" + bytes((2, 5, 6, 7, 1)))
    os.write(far, answer.ljust(64, b"\0"))


@case("libfido2 opens a gadget that is a security key")
def _(world):
    lib = ctypes.CDLL("libfido2.so.1")
    lib.fido_dev_new.restype = ctypes.c_void_p
    lib.fido_dev_open.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    for name in ("protocol", "major", "minor", "build", "flags", "close"):
        getattr(lib, "fido_dev_" + name).argtypes = [ctypes.c_void_p]
    gadget = h_hid.Gadget("fido0", FIDO, 64)
    start = len(world.daemon.said())
    far = gadget.plug()
    path = probe.wait_for(lambda: world.attached(start, 1, "fido0"),
                          "node")[0, 0]
    world.usable(path)

    def client():
        lib.fido_init(0)
        dev = lib.fido_dev_new()
        status = lib.fido_dev_open(dev, path.encode())
        if status != 0:
            return "fido_dev_open: %d" % status
        told = [getattr(lib, "fido_dev_" + name)(dev) & 0xff
                for name in ("protocol", "major", "minor", "build", "flags")]
        lib.fido_dev_close(dev)
        return str(told)

    call = probe.Call("poll", client)
    security_key(far)
    equal(call.result()[0], str([2, 5, 6, 7, 1]))
    # The same by hand, as BSD's hid_netbsd.c does it.
    fd = opened(path, os.O_RDWR)
    equal(h_hid.get_int(fd, h_hid.USB_HID_GET_RAW), 1)
    os.write(fd, b"\xff\xff\xff\xff\x86\x00\x08nonce678".ljust(64, b"\0"))
    security_key(far)
    equal(os.read(fd, 64)[:15], b"\xff\xff\xff\xff\x86\x00\x11nonce678")
    os.close(fd)
    os.close(far)
    gadget.unplug()
    world.gone(path)


if __name__ == "__main__":
    h_guest.run(World())
