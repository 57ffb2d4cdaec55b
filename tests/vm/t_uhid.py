#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --smp 1 --usb hidg --usb hidg --usb hid-mouse --usb hid-kbd --usb hid-tablet --usb vhci
# builds: plain full:asan full:tsan
# timeout: 300
"""t_uhid: human interface devices as BSD's uhid(4) has them.

One program at a time; reports as one stream of bytes without IDs; a unit for
each report ID; ioctls with NetBSD's numbers, sizes and errors; what a
descriptor that was revoked or unplugged answers; devices that do not answer,
that stall, and that lie.

Devices: a gadget of Linux's, whose far end is a file, and devices that the
test plays (h_vhci), which tell what came over the wire.
"""

import errno
import os
import select
import signal
import struct
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_guest  # noqa: E402
import h_hid  # noqa: E402
import h_vhci  # noqa: E402
from h_guest import PROMPT, USER  # noqa: E402
from h_guest import case, equal, probe, revoke, within  # noqa: E402
from h_hid import FEATURE, INPUT, OUTPUT, PLAIN  # noqa: E402
from h_hid import numbered, opened, readable  # noqa: E402
from h_vhci import STALL, Interface  # noqa: E402

NODE = "/dev/uhid0"
BLOCKING = os.O_RDWR
IN_OUT = select.POLLIN | select.POLLOUT
FIDO = bytes.fromhex("06d0f10901a101092015 0026ff007508954081020921"
                     "150026ff00750895409102c0".replace(" ", ""))


class Gadget:
    """The far end of hidg0."""

    def __init__(self):
        self.fd = os.open(probe.far_path("hidg0"), os.O_RDWR)

    def send(self, *reports):
        """Input reports; returns when the last is on its way."""
        for report in reports:
            os.write(self.fd, report)

    def close(self):
        """Let go of it, or it cannot be unplugged."""
        os.close(self.fd)


def blocked(name, function, *args):
    """A Call that waits."""
    call = probe.Call(name, function, *args)
    if not call.wait_blocked():
        raise AssertionError("%s did not wait: %s" % (name, call.result()[0]))
    return call


def all_ended(calls, began):
    """{name: word}; all were prompt."""
    words = {}
    for name, call in calls.items():
        words[name], at = call.result()
        within(at - began, PROMPT, name)
    return words


def read_bytes(fd, size):
    """read(2) once, of what is there or comes."""
    return os.read(readable(fd), size)


# ---- open, read, poll, write --------------------------------------------

@case("open is exclusive: EBUSY at once, root's too, until the close")
def _(_world):
    fd = opened(NODE)
    for flags in (os.O_RDWR, os.O_RDONLY, os.O_WRONLY,
                  os.O_RDWR | os.O_NONBLOCK):
        equal(h_guest.open_error(NODE, flags), "EBUSY")
    other = os.dup(fd)
    os.close(fd)
    equal(h_guest.open_error(NODE), "EBUSY", "with a dup left")
    os.close(other)
    os.close(opened(NODE))


@case("a read waits for a report; O_NONBLOCK is EAGAIN")
def _(_world):
    far = Gadget()
    fd = opened(NODE)
    equal(probe.outcome(os.read, fd, 8), "EAGAIN")
    os.set_blocking(fd, True)
    call = blocked("read", os.read, fd, 64)
    far.send(b"12345678")
    equal(call.result()[0], "8")
    call = blocked("read", os.read, fd, 64)
    call.kill(signal.SIGUSR1)
    equal(call.result()[0], "killed", "a read with a signal")
    far.send(b"abcdefgh")
    equal(os.read(fd, 64), b"abcdefgh", "the next one")


@case("reports are one stream of bytes")
def _(_world):
    far = Gadget()
    fd = opened(NODE)
    sent = b"abcdefghABCDEFGH12345678"
    far.send(sent[:8], sent[8:16], sent[16:])
    got = b""
    while len(got) < len(sent):
        got += read_bytes(fd, 3)
    equal(got, sent)
    equal(probe.outcome(os.read, fd, 3), "EAGAIN")


@case("one read takes several reports, and a part of one")
def _(world):
    with world.hid(Interface(PLAIN)) as (hid, nodes):
        fd = opened(nodes[0, 0])
        for report in (b"abcdefgh", b"ABCDEFGH", b"123"):
            hid.send(report)
        hid.wait_taken()
        equal(os.read(fd, 12), b"abcdefghABCD")
        equal(os.read(fd, 2), b"EF")
        equal(os.read(fd, 100), b"GH123", "and a short report")
        equal(probe.outcome(os.read, fd, 100), "EAGAIN")
        hid.send(b"too long for it")
        hid.wait_taken()
        equal(os.read(fd, 100), b"too long", "a report that is too long")
        os.close(fd)


@case("poll: OUT always, IN with a report; select and epoll as well")
def _(_world):
    far = Gadget()
    fd = opened(NODE)
    equal(probe.poll_fd(fd, IN_OUT, 0), "OUT")
    calls = {
        "poll": blocked("poll", probe.poll_fd, fd, select.POLLIN),
        "select": blocked("select", lambda: len(
            select.select([fd], [], [])[0])),
    }
    epoll = select.epoll()
    epoll.register(fd, select.EPOLLIN)
    calls["epoll"] = blocked("epoll", lambda: len(epoll.poll()))
    began = probe.now()
    far.send(b"12345678")
    equal(all_ended(calls, began),
          {"poll": "IN", "select": "1", "epoll": "1"})
    equal(probe.poll_fd(fd, IN_OUT | 0x40 | 0x100, 0),
          "IN OUT RDNORM WRNORM")
    os.read(fd, 7)
    equal(probe.poll_fd(fd, IN_OUT, 0), "IN OUT", "with a byte left")
    os.read(fd, 7)
    equal(probe.poll_fd(fd, IN_OUT, 0), "OUT", "with none left")


@case("a write is exactly one output report, or EINVAL")
def _(world):
    far = Gadget()
    fd = opened(NODE)
    for data in (b"x", b"1234567", b"123456789", b"x" * 64):
        equal(probe.outcome(os.write, fd, data), "EINVAL",
              "a write of %d" % len(data))
    equal(os.write(fd, b"HELLOxyz"), 8)
    equal(os.read(far.fd, 64), b"HELLOxyz", "the far end's")
    far.close()
    os.close(fd)
    with world.hid(Interface(numbered((1, 4, 0, 0), (2, 0, 4, 0)), out=False),
                   count=2) as (hid, nodes):
        fd = opened(nodes[0, 1])
        equal(probe.outcome(os.write, fd, b"1234"), "EINVAL",
              "without output reports")
        os.close(fd)
        fd = opened(nodes[0, 2])
        equal(os.write(fd, b"1234"), 4)
        equal(hid.take_written(), [("set", OUTPUT, 2, b"\x021234")])
        equal(probe.poll_fd(fd, IN_OUT, 0), "OUT")
        os.close(fd)


@case("a write is a SET_REPORT; the pipe if that stalls; else EIO")
def _(world):
    with world.hid(Interface(PLAIN), Interface(PLAIN, out=False),
                   count=2) as (hid, nodes):
        one, two = opened(nodes[0, 0]), opened(nodes[1, 0])
        os.write(one, b"first 01")
        equal(hid.take_written(), [("set", OUTPUT, 0, b"first 01")])
        for interface in hid.interfaces:
            interface.reports[OUTPUT, 0] = STALL
        os.write(one, b"second 2")
        equal(hid.take_written(), [("out", 1, b"second 2")])
        equal(probe.outcome(os.write, two, b"third 03"), "EIO")
        del hid.interfaces[1].reports[OUTPUT, 0]
        os.write(two, b"fourth 4")
        equal(hid.take_written(), [("set", OUTPUT, 0, b"fourth 4")])
        os.close(one)
        os.close(two)


@case("raw mode: the pipe gets the bytes as they are; off with each open")
def _(world):
    with world.hid(Interface(numbered((1, 2, 4, 0), (7, 2, 4, 0))),
                   Interface(PLAIN, out=False), count=3) as (hid, nodes):
        fd = opened(nodes[0, 7])
        equal(h_hid.get_int(fd, h_hid.USB_HID_GET_RAW), 0)
        equal(h_hid.set_int(fd, h_hid.USB_HID_SET_RAW, 1), "0")
        equal(h_hid.get_int(fd, h_hid.USB_HID_GET_RAW), 1)
        os.write(fd, b"wxyz")
        equal(hid.take_written(), [("out", 1, b"wxyz")])
        equal(probe.outcome(os.write, fd, b"wxyz5"), "EINVAL", "five bytes")
        os.close(fd)
        fd = opened(nodes[0, 7])
        equal(h_hid.get_int(fd, h_hid.USB_HID_GET_RAW), 0, "the next open's")
        os.close(fd)
        fd = opened(nodes[1, 0])
        equal(h_hid.set_int(fd, h_hid.USB_HID_SET_RAW, 1), "EINVAL",
              "without a pipe")
        equal(h_hid.set_int(fd, h_hid.USB_HID_SET_RAW, 0), "0")
        os.close(fd)


@case("a security key is raw from the start; 64 bytes there and back")
def _(world):
    with world.hid(Interface(FIDO)) as (hid, nodes):
        fd = opened(nodes[0, 0], BLOCKING)
        equal(h_hid.get_int(fd, h_hid.USB_HID_GET_RAW), 1)
        init = b"\xff\xff\xff\xff\x86\x00\x08nonce678"
        init += bytes(64 - len(init))
        answers = []
        call = blocked("read", lambda: os.read(fd, 64).hex())
        os.write(fd, init)
        (_, endpoint, request), = hid.take_written()
        equal((endpoint, request), (1, init), "what the key got")
        answers.append(request[:15] + bytes(range(49)))
        hid.send(answers[0])
        equal(call.result()[0], answers[0].hex(), "what the program got")
        # As hidraw has it, without one of its ioctls.
        equal(os.write(fd, b"\0" + init), 65)
        equal(hid.take_written(), [("out", 1, init)])
        for bad in (b"\1" + init, b"\0\0" + init, init[:63]):
            equal(probe.outcome(os.write, fd, bad), "EINVAL")
        os.write(fd, init)
        equal(hid.take_written(), [("out", 1, init)])
        os.close(fd)


@case("immediate mode: each read asks the device")
def _(world):
    with world.hid(Interface(numbered((3, 4, 0, 0), (4, 200, 0, 0))),
                   Interface(PLAIN), count=3) as (hid, nodes):
        fd = opened(nodes[0, 3])
        reports = hid.interfaces[0].reports
        equal(h_hid.set_int(fd, h_hid.USB_SET_IMMED, 1),
              probe.errno_name(errno.EOPNOTSUPP),
              "of a device that does not answer")
        equal(probe.outcome(os.read, fd, 9), "EAGAIN", "so it is off")
        reports[INPUT, 3] = b"\x03abcd"
        equal(h_hid.set_int(fd, h_hid.USB_SET_IMMED, 1), "0")
        equal(os.read(fd, 99), b"abcd")
        reports[INPUT, 3] = b"\x03ABCD"
        equal(os.read(fd, 99), b"ABCD")
        equal(os.read(fd, 2), b"AB")
        equal(os.read(fd, 99), b"ABCD", "not the rest of the last one")
        reports[INPUT, 3] = STALL
        equal(probe.outcome(os.read, fd, 9), "EIO")
        reports[INPUT, 3] = b"\x03abcd"
        equal(h_hid.set_int(fd, h_hid.USB_SET_IMMED, 0), "0")
        equal(probe.outcome(os.read, fd, 9), "EAGAIN", "off again")
        equal(h_hid.set_int(fd, h_hid.USB_SET_IMMED, 1), "0")
        os.close(fd)
        fd = opened(nodes[0, 3])
        equal(probe.outcome(os.read, fd, 9), "EAGAIN", "the next open's")
        os.close(fd)
        fd = opened(nodes[0, 4])
        reports[INPUT, 4] = b"\x04" + bytes(range(200))
        equal(h_hid.set_int(fd, h_hid.USB_SET_IMMED, 1), "0")
        equal(os.read(fd, 999), bytes(range(200)))
        os.close(fd)
    far = Gadget()                  # answers with zeros
    fd = opened(NODE)
    equal(h_hid.set_int(fd, h_hid.USB_SET_IMMED, 1), "0")
    equal(os.read(fd, 99), bytes(8), "the gadget's")
    far.close()
    os.close(fd)


@case("a full ring drops whole reports")
def _(world):
    with world.hid(Interface(PLAIN)) as (hid, nodes):
        fd = opened(nodes[0, 0])
        sent = [b"%08d" % number for number in range(200)]
        for report in sent:
            hid.send(report)
        hid.wait_taken()
        kept = b"".join(sent[:1020 // 8])
        equal(os.read(fd, 4096), kept, "what was kept")
        equal(probe.outcome(os.read, fd, 4096), "EAGAIN")
        hid.send(b"the next")
        equal(read_bytes(fd, 99), b"the next")
        os.close(fd)


@case("input is taken only while the node is open")
def _(world):
    with world.hid(Interface(PLAIN), Interface(PLAIN), count=2) as (hid,
                                                                    nodes):
        hid.send(b"before 1")
        equal(hid.is_asked(), False, "closed")
        fd = opened(nodes[0, 0])
        equal(read_bytes(fd, 99), b"before 1")
        hid.wait_taken()
        equal(hid.is_asked(1), False, "the other interface")
        os.close(fd)
        probe.wait_for(lambda: not hid.is_asked(), "the end of asking")
        hid.send(b"after 02")
        time.sleep(0.2)
        fd = opened(nodes[0, 0])
        equal(read_bytes(fd, 99), b"after 02")
        os.close(fd)


@case("what was not read is gone with the close")
def _(world):
    with world.hid(Interface(PLAIN)) as (hid, nodes):
        fd = opened(nodes[0, 0])
        hid.send(b"unread 1")
        hid.wait_taken()
        os.close(fd)
        fd = opened(nodes[0, 0])
        equal(probe.outcome(os.read, fd, 99), "EAGAIN")
        os.close(fd)


# ---- ioctls -------------------------------------------------------------

@case("USB_GET_REPORT_DESC: the descriptor, at most 1024 bytes of it")
def _(world):
    far = Gadget()
    fd = opened(NODE)
    equal(h_hid.report_desc(fd), PLAIN, "the gadget's")
    os.close(fd)
    far.close()
    long = PLAIN[:-1] + b"\x05\x01" * 700 + b"\xc0"
    with world.hid(Interface(long)) as (_, nodes):
        fd = opened(nodes[0, 0])
        equal(h_hid.report_desc(fd), long[:1024], "one that is too long")
        os.close(fd)


@case("USB_GET_REPORT and USB_SET_REPORT: all types, without the ID")
def _(world):
    desc = numbered((1, 4, 5, 6), (2, 7, 8, 9), (5, 0, 0, 2000))
    with world.hid(Interface(desc), Interface(PLAIN + PLAIN), count=4) as (
            hid, nodes):
        reports = hid.interfaces[0].reports
        for number in (1, 2):
            fd = opened(nodes[0, number])
            for kind in (INPUT, OUTPUT, FEATURE):
                size = 3 * number + kind
                data = bytes(range(65, 65 + size))
                reports[kind, number] = bytes((number,)) + data
                equal(h_hid.get_report(fd, kind, size), data)
                equal(h_hid.set_report(fd, kind, data + b"not sent"), "0")
                equal(hid.take_written(),
                      [("set", kind, number, bytes((number,)) + data)])
                reports[kind, number] = STALL
                equal(h_hid.get_report(fd, kind, size), "EIO", "a stall")
                if kind != OUTPUT:
                    equal(h_hid.set_report(fd, kind, data), "EIO", "a stall")
            equal(hid.requests[-1][3], 0, "wIndex")
            for kind in (0, 4, -1, 256 + 1):
                equal(h_hid.get_report(fd, kind, 1), "EINVAL", "type")
                equal(h_hid.set_report(fd, kind, b"x"), "EINVAL", "type")
            os.close(fd)
        fd = opened(nodes[0, 5])
        equal(h_hid.get_report(fd, FEATURE, 9), "ENOBUFS")
        equal(h_hid.set_report(fd, FEATURE, b"x"), "ENOBUFS")
        os.close(fd)
        fd = opened(nodes[1, 0])
        hid.interfaces[1].reports[INPUT, 0] = b"0123456789abcdef"
        equal(h_hid.get_report(fd, INPUT, 18), b"0123456789abcdef\0\0")
        hid.interfaces[1].reports[INPUT, 0] = b"0123"
        equal(h_hid.get_report(fd, INPUT, 16), b"0123" + bytes(12), "short")
        equal(hid.requests[-1], (0xa1, 1, 0x100, 1, 16))
        os.close(fd)


@case("USB_GET_REPORT_ID, USB_GET_DEVICE_DESC, USB_GET_STRING_DESC")
def _(world):
    with world.hid(Interface(numbered((1, 4, 0, 0), (200, 4, 0, 0))),
                   Interface(PLAIN), count=3) as (_, nodes):
        for (_, number), path in nodes.items():
            fd = opened(path)
            equal(h_hid.get_int(fd, h_hid.USB_GET_REPORT_ID), number)
            os.close(fd)
        fd = opened(nodes[1, 0])
        result, data = h_hid.call(fd, h_hid.USB_GET_DEVICE_DESC)
        equal((result, data), (0, bytes.fromhex(
            "1201000200000040 0912 600d 2301 01020301".replace(" ", ""))))
        for index, text in ((0, "\u0409"), (1, "devsw"), (3, "ours")):
            result, data = h_hid.call(
                fd, h_hid.USB_GET_STRING_DESC,
                struct.pack("ii", index, 0x409 if index else 0))
            text = text.encode("utf-16-le")
            equal(data[8:10 + len(text)],
                  bytes((2 + len(text), 3)) + text, "string %d" % index)
        equal(h_hid.call(fd, h_hid.USB_GET_STRING_DESC,
                         struct.pack("ii", 9, 0x409)), "EINVAL")
        os.close(fd)


@case("USB_GET_DEVICEINFO")
def _(world):
    with world.hid(Interface(numbered((1, 4, 0, 0), (2, 4, 0, 0))),
                   count=2) as (_, nodes):
        fd = opened(nodes[0, 1])
        info = struct.unpack(h_hid.DEVICEINFO,
                             h_hid.call(fd, h_hid.USB_GET_DEVICEINFO)[1])
        product, vendor, release, serial = (
            text.split(b"\0")[0] for text in info[2:6])
        equal((product, vendor, serial), (b"device", b"devsw", b"ours"))
        equal(release, b"1.23")
        equal(info[6:9], (h_vhci.PRODUCT, h_vhci.VENDOR, 0x123))
        equal(info[9:14], (0, 0, 0, 1, 3), "classes, config, speed")
        equal(info[14], 100, "mA")
        name, = {words.split(b"\0")[0] for words in
                 [info[16][i:i + 16] for i in range(0, 64, 16)]
                 if words[0]}
        equal(name[:6], b"uhidev")
        os.close(fd)


@case("an ioctl that uhid(4) does not have, or of another size, is EINVAL")
def _(_world):
    fd = opened(NODE)
    for direction in (0, 1, 2, 3):
        for group, number, size in (
                ("U", 99, 4), ("h", 9, 4), ("x", 1, 8), ("U", 100, 4),
                ("U", 21, 100), ("U", 25, 8), ("h", 1, 8), ("U", 105, 17)):
            command = h_hid.ioc(direction, group, number,
                                size if direction else 0)
            equal(h_hid.call(fd, command, size=size), "EINVAL",
                  "ioctl %#x" % command)
    for size in (0, 3, 1024, 1027, 1029, 2000):
        equal(h_hid.call(fd, h_hid.ioc(3, "U", 23, size), size=size),
              "EINVAL", "USB_GET_REPORT with %d bytes" % size)
    equal(h_hid.get_int(fd, h_hid.USB_GET_REPORT_ID), 0, "then a good one")


# ---- several units ------------------------------------------------------

@case("a unit for each report ID; each gets its own reports")
def _(world):
    desc = numbered((1, 4, 4, 0), (2, 4, 0, 4), (9, 0, 0, 3), (10, 0, 0, 0))
    with world.hid(Interface(desc), Interface(numbered((1, 4, 4, 0))),
                   count=4) as (hid, nodes):
        equal(sorted(nodes), [(0, 1), (0, 2), (0, 9), (1, 1)])
        fds = {key: opened(path) for key, path in nodes.items()}
        for report in (b"\x01abcd", b"\x02efgh", b"\x03none", b"\x0anone",
                       b"\x01ijkl", b"\x02", b""):
            hid.send(report)
        hid.send(b"\x01mnop", 1)
        hid.wait_taken()
        hid.wait_taken(1)
        equal(os.read(fds[0, 1], 99), b"abcdijkl")
        equal(os.read(fds[0, 2], 99), b"efgh")
        equal(os.read(fds[1, 1], 99), b"mnop")
        equal(probe.outcome(os.read, fds[0, 9], 99), "EAGAIN")
        os.write(fds[0, 1], b"ABCD")
        os.write(fds[1, 1], b"EFGH")
        equal(hid.take_written(2), [("set", OUTPUT, 1, b"\x01ABCD"),
                                    ("set", OUTPUT, 1, b"\x01EFGH")])
        equal([request[3] for request in hid.requests[-2:]], [0, 1])
        os.close(fds[0, 1])
        hid.send(b"\x01lost")
        hid.send(b"\x02kept")
        hid.wait_taken()
        equal(os.read(fds[0, 2], 99), b"kept", "after the other's close")
        for key in ((0, 2), (0, 9), (1, 1)):
            os.close(fds[key])


# ---- unplug -------------------------------------------------------------

@case("unplug: a blocked read is EIO, poll wakes; the name is free")
def _(world):
    fd = opened(NODE, BLOCKING)
    epoll = select.epoll()
    epoll.register(fd, select.EPOLLIN)
    calls = {
        "read": blocked("read", os.read, fd, 8),
        "poll": blocked("poll", probe.poll_fd, fd, select.POLLIN),
        "poll for nothing": blocked("poll", probe.poll_fd, fd, 0),
        "epoll": blocked("epoll", lambda: probe.poll_names(
            epoll.poll()[0][1])),
    }
    began = probe.now()
    world.unplug()
    equal(all_ended(calls, began), {
        "read": "EIO", "poll": "IN ERR HUP", "poll for nothing": "ERR HUP",
        "epoll": "IN ERR HUP"})
    for when in ("unplugged", "plugged again"):
        for _ in range(3):
            equal(probe.outcome(os.read, fd, 8), "EIO", when + ": read")
            equal(probe.outcome(os.write, fd, b"12345678"), "EIO",
                  when + ": write")
            equal(h_hid.get_int(fd, h_hid.USB_GET_REPORT_ID), "EBADF",
                  when + ": ioctl")
            equal(h_hid.get_int(fd, h_hid.HIDIOCGRDESCSIZE), "EBADF",
                  when + ": hidraw's ioctl")
            equal(probe.poll_fd(fd, IN_OUT, 0), "IN OUT ERR HUP",
                  when + ": poll")
        if when == "unplugged":
            equal(h_guest.open_error(NODE), "ENXIO")
            world.plug()
    far = Gadget()
    new = opened(NODE)
    far.send(b"new ones")
    equal(read_bytes(new, 99), b"new ones")
    equal(probe.outcome(os.read, fd, 8), "EIO", "the stale one")
    os.close(fd)
    equal(h_hid.get_int(new, h_hid.USB_GET_REPORT_ID), 0, "the new one")
    far.close()


@case("unplug: what waits for the device's answer ends at once")
def _(world):
    desc = numbered((1, 4, 4, 4), (2, 4, 4, 4), (3, 4, 4, 4))
    with world.hid(Interface(desc), Interface(PLAIN), count=4) as (hid,
                                                                   nodes):
        reports = hid.interfaces[0].reports
        reports.update({(OUTPUT, 2): None, (FEATURE, 1): None})
        fds = [opened(nodes[0, number], BLOCKING) for number in (1, 2, 3)]
        other = opened(nodes[1, 0], BLOCKING)
        # One request at a time is on the wire of the control pipe.
        calls = {"GET_REPORT": blocked("ioctl", h_hid.get_report, fds[0],
                                       FEATURE, 4)}
        hid.wait_asked()
        calls["SET_REPORT"] = blocked("write", os.write, fds[1], b"1234")
        calls["read"] = blocked("read", os.read, fds[2], 8)
        calls["poll"] = blocked("poll", probe.poll_fd, fds[2], select.POLLIN)
        calls["other"] = blocked("read", os.read, other, 8)
        began = probe.now()
        hid.unplug()
        equal(all_ended(calls, began), {
            "GET_REPORT": "EIO", "SET_REPORT": "EIO", "read": "EIO",
            "poll": "IN ERR HUP", "other": "EIO"})
        for fd in fds + [other]:
            equal(probe.outcome(os.read, fd, 1), "EIO")
            os.close(fd)


@case("ten plugs with a reader each time; uhid0 each time")
def _(world):
    stale = []
    for _ in range(10):
        fd = opened(NODE, BLOCKING)
        call = blocked("read", os.read, fd, 8)
        stale.append(fd)
        began = probe.now()
        world.unplug()
        equal(all_ended({"read": call}, began), {"read": "EIO"})
        world.plug()
    for fd in stale:
        equal(probe.outcome(os.read, fd, 1), "EIO")
        os.close(fd)


# ---- revoke -------------------------------------------------------------

@case("revoke: the owner may, others get EPERM and change nothing")
def _(_world):
    before = os.stat(NODE)
    os.chown(NODE, USER, -1)
    fd = opened(NODE)
    equal(revoke(NODE, USER + 1), "EPERM", "another user's")
    equal(h_hid.get_int(fd, h_hid.USB_GET_REPORT_ID), 0, "the file is alive")
    equal(revoke(NODE, USER), "0", "the owner's")
    equal(h_hid.get_int(fd, h_hid.USB_GET_REPORT_ID), "EBADF")
    new = opened(NODE)
    equal(revoke(NODE), "0", "root's")
    equal(h_hid.get_int(new, h_hid.USB_GET_REPORT_ID), "EBADF")
    os.chown(NODE, before.st_uid, before.st_gid)


@case("revoke: blocked calls end, the file is dead, the node is free")
def _(world):
    fd = opened(NODE, BLOCKING)
    calls = {"read": blocked("read", os.read, fd, 8),
             "poll": blocked("poll", probe.poll_fd, fd, select.POLLIN)}
    equal(revoke(NODE), "0")
    equal(all_ended(calls, probe.now()), {"read": "EIO", "poll": "IN ERR HUP"})
    far = Gadget()
    new = opened(NODE)
    far.send(b"new ones")
    equal(read_bytes(new, 99), b"new ones")
    equal(probe.outcome(os.read, fd, 8), "EIO", "the old one's read")
    equal(probe.outcome(os.write, fd, b"12345678"), "EIO", "write")
    equal(probe.poll_fd(fd, IN_OUT, 0), "IN OUT ERR HUP")
    far.close()
    os.close(new)
    with world.hid(Interface(numbered((1, 4, 4, 4), (2, 4, 4, 4))),
                   count=2) as (hid, nodes):
        hid.interfaces[0].reports[FEATURE, 1] = None
        fd, other = (opened(nodes[0, number], BLOCKING) for number in (1, 2))
        calls = {"GET_REPORT": blocked("ioctl", h_hid.get_report, fd,
                                       FEATURE, 4)}
        hid.wait_asked()
        equal(revoke(nodes[0, 1]), "0")
        equal(all_ended(calls, probe.now()), {"GET_REPORT": "EIO"})
        hid.wait_not_asked()
        hid.send(b"\x02good")
        equal(os.read(other, 9), b"good", "the other unit's")
        os.close(fd)
        os.close(other)


# ---- devices that misbehave ---------------------------------------------

@case("no answer: EIO after a time; a signal and a kill end it at once")
def _(world):
    with world.hid(Interface(numbered((1, 4, 4, 4), (2, 4, 4, 4))),
                   count=2) as (hid, nodes):
        reports = hid.interfaces[0].reports
        reports[FEATURE, 1] = None
        reports[FEATURE, 2] = b"\x02good"
        fd, other = (opened(nodes[0, number], BLOCKING) for number in (1, 2))
        call = blocked("ioctl", h_hid.get_report, fd, FEATURE, 4)
        hid.wait_asked()
        hid.send(b"\x01more")
        hid.send(b"\x02more")
        equal(os.read(fd, 9), b"more", "meanwhile")
        equal(os.read(other, 9), b"more", "meanwhile")
        equal(call.result()[0], "EIO")
        call = blocked("ioctl", h_hid.get_report, fd, FEATURE, 4)
        hid.wait_asked()
        began = probe.now()
        call.kill()
        call.reap()
        within(probe.now() - began, PROMPT, "a kill")
        hid.wait_not_asked()
        equal(h_hid.get_report(other, FEATURE, 4), b"good", "then")
        reports[FEATURE, 1] = b"\x01well"
        equal(h_hid.get_report(fd, FEATURE, 4), b"well", "then")
        os.close(fd)
        os.close(other)


@case("a stall on the input pipe is cleared")
def _(world):
    with world.hid(Interface(PLAIN)) as (hid, nodes):
        fd = opened(nodes[0, 0], BLOCKING)
        hid.send(b"first 01")
        equal(os.read(fd, 9), b"first 01")
        hid.send(STALL)
        hid.send(b"second 2")
        equal(os.read(fd, 9), b"second 2")
        hid.wait(lambda: (0x02, 1, 0, 0x81, 0) in hid.requests,
                 "CLEAR_FEATURE")
        os.close(fd)


BAD = {
    "shorter than it says": (
        Interface(PLAIN, claimed=len(PLAIN) + 9), "report descriptor"),
    "longer than it says": (
        Interface(PLAIN, claimed=len(PLAIN) - 1), "bad report descriptor"),
    "of no length": (Interface(PLAIN, claimed=0), "no report descriptor"),
    "of the greatest length": (
        Interface(PLAIN, claimed=0xffff), "report descriptor"),
    "garbage": (Interface(bytes(range(1, 255))), "bad report descriptor"),
    "a stall": (Interface(STALL, claimed=50), "no report descriptor"),
    "without a field": (
        Interface(bytes.fromhex("0600ff0901a101c0")), "no fields"),
    "of a report that is too big": (
        Interface(bytes.fromhex("0600ff0901a1017520960080810 2c0"
                                .replace(" ", ""))), "larger than 16384"),
    "with an end too many": (
        Interface(PLAIN + b"\xc0"), "bad report descriptor"),
}


def bad_case(text, interface, why):
    """A device whose descriptor is bad in this way."""
    def check(world):
        start = len(world.daemon.said())
        hid = h_vhci.Hid(0, "ours", interface, Interface(PLAIN))
        nodes = probe.wait_for(lambda: world.attached(start, 1),
                               "the good interface's node")
        equal(list(nodes), [(1, 0)])
        lines = [line for line in world.log_from(start)
                 if "report" in line and "reportid" not in line or
                 "fields" in line]
        equal(len(lines), 1, "of %r, the number" % lines)
        if why not in lines[0]:
            raise AssertionError("it says: " + lines[0])
        fd = opened(nodes[1, 0], BLOCKING)
        hid.send(b"12345678", 1)
        equal(os.read(fd, 9), b"12345678", "the good interface's")
        os.close(fd)
        hid.unplug()
        world.gone(nodes[1, 0])
        for line in world.log_from(start):
            if "Sanitizer" in line:
                raise AssertionError(line)
    case("a report descriptor that is " + text +
         ": one line says so, no unit")(check)


for bad_text, bad_args in BAD.items():
    bad_case(bad_text, *bad_args)


@case("a configuration that ends in the middle of the HID descriptor")
def _(world):
    class Cut(Interface):
        """Its HID descriptor says that it is longer than there is."""

        def descriptors(self, number):
            whole = super().descriptors(number)
            return whole[:9] + b"\x40" + whole[10:]

    start = len(world.daemon.said())
    hid = h_vhci.Hid(0, "ours", Cut(PLAIN))
    world.said(start, "is not attached: bad descriptors")
    equal(world.attached(start, 0), {})
    hid.unplug()
    world.usable(NODE)


@case("no process is left that cannot be killed")
def _(_world):
    # The kernel's own worker sleeps so while it looks at a port.
    probe.wait_for(lambda: not h_guest.unkillable(),
                   "the end of processes in state D")


if __name__ == "__main__":
    h_guest.run(h_hid.World())
