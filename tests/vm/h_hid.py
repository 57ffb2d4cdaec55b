# SPDX-License-Identifier: BSD-2-Clause
"""h_hid: ioctls of uhid(4) and of hidraw, and the kernel's own hidraw.

Numbers and layouts are those of NetBSD's dev/usb/usb.h, with Linux's
direction bits as a program has them that is compiled here, and of
linux/hidraw.h.
"""

import contextlib
import ctypes
import functools
import mmap
import os
import struct

import h_guest
import h_vhci
from h_guest import probe


INTR_XFERS = 2          # what devswd asks a pipe for at a time
LIBC = ctypes.CDLL(None, use_errno=True)


def ioc(direction, group, number, size):
    """An ioctl's number; direction: 1 in, 2 out, 3 both."""
    return direction << 30 | size << 16 | ord(group) << 8 | number


# uhid(4)
REPORT = 4 + 1024                       # struct usb_ctl_report
USB_GET_REPORT_DESC = ioc(2, "U", 21, REPORT)
USB_SET_IMMED = ioc(1, "U", 22, 4)
USB_GET_REPORT = ioc(3, "U", 23, REPORT)
USB_SET_REPORT = ioc(1, "U", 24, REPORT)
USB_GET_REPORT_ID = ioc(2, "U", 25, 4)
USB_HID_GET_RAW = ioc(2, "h", 1, 4)
USB_HID_SET_RAW = ioc(1, "h", 2, 4)
USB_GET_DEVICE_DESC = ioc(2, "U", 105, 18)
STRING_DESC = 4 + 4 + 255
STRING_DESC += -STRING_DESC % 4         # the structure's padding
USB_GET_STRING_DESC = ioc(3, "U", 110, STRING_DESC)
# bus, addr, product, vendor, release, serial, numbers, class..., power, ...
DEVICEINFO = "<BB384s384s8s384sHHHBBBBBxxxii64s16s"
USB_GET_DEVICEINFO = ioc(2, "U", 112, struct.calcsize(DEVICEINFO))
INPUT, OUTPUT, FEATURE = 1, 2, 3        # types of reports

# hidraw
HIDIOCGRDESCSIZE = ioc(2, "H", 1, 4)
HIDIOCGRDESC = ioc(2, "H", 2, 4 + 4096)
HIDIOCGRAWINFO = ioc(2, "H", 3, 8)
HIDIOCREVOKE = ioc(1, "H", 13, 4)
NAME, PHYS, SFEATURE, GFEATURE, UNIQ = 4, 5, 6, 7, 8
SINPUT, GINPUT, SOUTPUT, GOUTPUT = 9, 10, 11, 12


def call(fd, command, data=b"", size=None):
    """ioctl(2): (result, bytes afterwards), or an errno's name."""
    size = (command >> 16) & 0x3fff if size is None else size
    buffer = ctypes.create_string_buffer(data + bytes(size - len(data)), size)
    # Not fcntl.ioctl, which lets no other thread run if there is much data.
    result = LIBC.ioctl(fd, ctypes.c_ulong(command), buffer)
    if result == -1:
        return probe.errno_name(ctypes.get_errno())
    return result, buffer.raw


def call_at_end(fd, command, data, room):
    """The same with room for so many bytes, and no memory behind them."""
    page = mmap.PAGESIZE
    area = mmap.mmap(-1, 8 * page)
    base = ctypes.addressof(ctypes.c_char.from_buffer(area))
    assert LIBC.mprotect(ctypes.c_void_p(base + 7 * page),
                         ctypes.c_size_t(page), 0) == 0
    address = base + 7 * page - room
    ctypes.memset(address, 0x55, room)
    ctypes.memmove(address, data, min(len(data), room))
    result = LIBC.ioctl(fd, ctypes.c_ulong(command), ctypes.c_void_p(address))
    if result == -1:
        return probe.errno_name(ctypes.get_errno())
    return result, ctypes.string_at(address, room)


def get_int(fd, command):
    """An ioctl that gives an int, or an errno's name."""
    done = call(fd, command)
    return done if isinstance(done, str) else struct.unpack("i", done[1])[0]


def set_int(fd, command, value):
    """An ioctl that takes an int: "0", or an errno's name."""
    done = call(fd, command, struct.pack("i", value))
    return done if isinstance(done, str) else str(done[0])


def get_report(fd, kind, size):
    """USB_GET_REPORT: so many bytes, or an errno's name."""
    done = call(fd, USB_GET_REPORT, struct.pack("i", kind))
    return done if isinstance(done, str) else done[1][4:4 + size]


def set_report(fd, kind, data):
    """USB_SET_REPORT: "0", or an errno's name."""
    done = call(fd, USB_SET_REPORT, struct.pack("i", kind) + data)
    return done if isinstance(done, str) else str(done[0])


def report_desc(fd):
    """USB_GET_REPORT_DESC."""
    size, = struct.unpack_from("i", call(fd, USB_GET_REPORT_DESC)[1])
    return call(fd, USB_GET_REPORT_DESC)[1][4:4 + size]


def raw_call(fd, number, data=b"", size=None):
    """hidraw's ioctls of any length; as call()."""
    size = len(data) if size is None else size
    direction = 2 if number in (NAME, PHYS, UNIQ) else 3
    return call(fd, ioc(direction, "H", number, size), data)


def kernel_node(serial, interface=0):
    """The kernel's hidraw node for this device, or None."""
    folder = "/sys/class/hidraw"
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        try:
            where = os.path.realpath("%s/%s/device/.." % (folder, name))
            with open(where + "/../serial", encoding="ascii") as file:
                found = file.read().strip()
            with open(where + "/bInterfaceNumber", encoding="ascii") as file:
                number = int(file.read(), 16)
            # Waits until drivers are bound; before that input is dropped.
            with open(where + "/../bConfigurationValue",
                      encoding="ascii") as file:
                file.read()
        except OSError:
            continue
        if (found, number) == (serial, interface):
            return "/dev/" + name
    return None


def open_kernel_node(serial, interface=0):
    """Wait for the kernel's node and open it."""
    path = probe.wait_for(lambda: kernel_node(serial, interface),
                          "hidraw of " + serial)
    return probe.wait_for(lambda: h_guest.openable(path), "open of " + path)


def opened(path, flags=os.O_RDWR | os.O_NONBLOCK):
    """Wait until the node can be opened, and keep it open."""
    fd = probe.wait_for(functools.partial(h_guest.openable, path),
                        "open of " + path)
    os.set_blocking(fd, bool(flags & os.O_NONBLOCK) is False)
    return fd


def readable(fd):
    """Wait for input; returns fd."""
    if not h_guest.read_ready(fd):
        raise probe.Late("no input")
    return fd


# ---- a daemon with human interface devices ------------------------------

# Vendor page, as vmusb's gadget: eight bytes each way.
PLAIN = bytes.fromhex("0600ff0901a101150026ff007508950809028102"
                      "09039102c0")


def numbered(*ids):
    """A report descriptor; ids: (ID, input, output, feature bytes)."""
    desc = bytes.fromhex("0600ff0901a101150026ff007508")
    for number, *sizes in ids:
        desc += bytes((0x85, number))
        for usage, (item, size) in enumerate(zip((0x81, 0x91, 0xb1), sizes)):
            if size:
                desc += struct.pack("<BBBHBB", 0x09, 2 + usage, 0x96, size,
                                    item, 2)
    return desc + b"\xc0"


class World(h_guest.World):
    """A devswd with vmusb's hidg0, which is uhid0, and what Hid is "ours"."""

    def __init__(self, *more):
        super().__init__("-v", "--claim", "1d6b:0107,serial=hidg0",
                         "--claim", "1209:0d60,serial=ours", *more)

    def start(self):
        self.daemon = probe.Daemon(os.environ["DEVSWD"], h_guest.LOG,
                                   *self.options)
        self.usable("/dev/uhid0")

    def repair(self):
        for line in probe.vmusb("list").splitlines():
            words = line.split()
            if words[0] == "hidg0" and words[2] == "unplugged":
                probe.vmusb("plug", "hidg0")
        self.usable("/dev/uhid0")

    def plug(self, adapter="hidg0"):
        """Plug, and wait until its node works."""
        probe.vmusb("plug", adapter)
        self.usable("/dev/uhid0")

    def unplug(self, adapter="hidg0"):
        """Unplug, and wait until its node knows."""
        probe.vmusb("unplug", adapter)
        self.gone("/dev/uhid0")

    @staticmethod
    def gone(path):
        """Wait until the node has no device."""
        probe.wait_for(lambda: h_guest.open_error(path) == "ENXIO",
                       "ENXIO from " + path)

    def log_from(self, start):
        """The lines of the log from this length of it on."""
        return self.daemon.said()[start:].splitlines()

    def said(self, start, text):
        """Wait for a line with the text in the log; returns it."""
        return probe.wait_for(
            lambda: next((line for line in self.log_from(start)
                          if text in line), None), "in the log: " + text)

    def attached(self, start, count, serial="ours"):
        """Wait for so many uhids; {(interface, report ID): path}.

        Those of the device with this serial number: others may attach
        meanwhile.
        """
        found = {}
        numbers = {}
        for line in self.log_from(start):
            words = line.split()
            if "uhidev" in line and " serial %s," % serial in line:
                numbers[words[words.index("at") - 1]] = (
                    int(words[words.index("interface") + 1].rstrip(":"))
                    if "interface" in words else 0)
            elif " at uhidev" in line:
                at = words.index("at")
                parent = words[at + 1].rstrip(":")
                which = (int(words[words.index("reportid") + 1].rstrip(":"))
                         if "reportid" in words else 0)
                if parent in numbers:
                    found[numbers[parent], which] = "/dev/" + words[at - 1]
        return found if len(found) == count else None

    @contextlib.contextmanager
    def hid(self, *interfaces, count=1, port=0, serial="ours"):
        """A Hid that devswd takes: (hid, its nodes as attached() says)."""
        start = len(self.daemon.said())
        hid = h_vhci.Hid(port, serial, *interfaces)
        hid.depth = INTR_XFERS
        try:
            nodes = probe.wait_for(lambda: self.attached(start, count,
                                                         serial),
                                   "%d nodes of a HID" % count)
            yield hid, nodes
        finally:
            hid.unplug()
        for path in nodes.values():
            self.gone(path)


class Gadget:
    """A HID gadget of Linux's that vmusb does not know; not plugged yet.

    Its UDC is dummy_hcd's third, which vmusb leaves free if it has two.  One
    that a test with another build has left is used again.
    """

    def __init__(self, serial, report_desc, length, product=0x0108):
        self._folder = "/sys/kernel/config/usb_gadget/" + serial
        function = self._folder + "/functions/hid." + serial
        if not os.path.isdir(self._folder):
            self._make(function, serial, report_desc, length, product)
        with open(function + "/dev", encoding="ascii") as file:
            minor = int(file.read().partition(":")[2])
        self.far = "/dev/hidg%d" % minor

    def _make(self, function, serial, report_desc, length, product):
        for name in ("", "/strings/0x409", "/configs/c.1"):
            os.mkdir(self._folder + name)
        os.mkdir(function)
        for name, text in (("idVendor", "0x1d6b"),
                           ("idProduct", "%#x" % product),
                           ("strings/0x409/serialnumber", serial),
                           ("strings/0x409/manufacturer", "devsw"),
                           ("strings/0x409/product", "test " + serial)):
            self._write(self._folder + "/" + name, text.encode())
        self._write(function + "/report_length", b"%d" % length)
        self._write(function + "/report_desc", report_desc)
        os.symlink(function, self._folder + "/configs/c.1/function")

    @staticmethod
    def _write(path, data):
        with open(path, "wb", buffering=0) as file:
            file.write(data)

    def plug(self):
        """Plug it in; its far end, open."""
        self._write(self._folder + "/UDC", b"dummy_udc.2")
        return probe.wait_for(lambda: h_guest.openable(self.far),
                              "open of " + self.far)

    def unplug(self):
        """Pull it out."""
        self._write(self._folder + "/UDC", b"\n")
