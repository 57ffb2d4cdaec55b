#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --smp 1 --usb ftdi --usb acm --usb hid-mouse --usb hidg:descriptor=tests/vm/fido.desc,length=64
# timeout: 300
"""t_udev: udev knows whose hardware is behind a node, and for how long.

The reference is the kernel: the same adapters under ftdi_sio and cdc_acm, before
devswd takes them, with Debian's 60-serial.rules.  Links and properties of
devswd's nodes have to equal theirs, leave and come with the plug, and be those
of what is plugged in now, whatever strings it has.  The rules and devsw-udev
are installed in the guest as the package does it.

So it is with programs that look their devices up by hidapi, libudev and
pyserial: what they say of a node under devsw-run is what they have said of the
kernel's hidraw, or of its port.
"""

import errno
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_guest  # noqa: E402
from h_guest import CALLOUT, NODES, USER  # noqa: E402
from h_guest import case, equal, probe  # noqa: E402

CONFIG = "/tmp/devswd.conf"
TEXT = """
[claim gps]
vid = 0403
pid = 6001
serial = ftdi0
unit = 0
[claim modem]
vid = 1d6b
pid = 0104
unit = 1
[claim key]
vid = 1d6b
pid = 0107
port = 99-1
[claim pad]
vid = 1d6b
pid = 0107
serial = hidg0
"""
SERIAL = "/sys/kernel/config/usb_gadget/acm0/strings/0x409/serialnumber"
HOSTILE = "../a/../$b%k{c}\"'`d`; e\\x2f*?[f]  g\\h"
ACL = "system.posix_acl_access"
NOBODY = 0xffffffff
KERNEL = {"ftdi0": "/dev/ttyUSB0", "acm0": "/dev/ttyACM0"}
# Links of ours that the kernel's ports do not have.
OWN = {"ftdi0": {"/dev/devsw/gps", "/dev/ttyUSB-dtyU0"},
       "acm0": {"/dev/devsw/modem", "/dev/ttyACM-dtyU1"}}


LOOKUP = os.path.join(h_guest.TOP, "build/plain/src/lookup/"
                      "libdevsw-lookup.so")
if "DEVSW_BUILD" in os.environ:
    # Not the sanitizer's, which only its own programs can load.
    LOOKUP = os.path.join(os.path.dirname(os.environ["DEVSW_BUILD"]), "plain",
                          "src/lookup/libdevsw-lookup.so")
# hid_enumerate and hid_open of hidapi 0.13, as JSON.
HIDAPI = """
import ctypes, json, sys
class Info(ctypes.Structure):
    pass
Info._fields_ = [
    ("path", ctypes.c_char_p), ("vid", ctypes.c_ushort),
    ("pid", ctypes.c_ushort), ("serial", ctypes.c_wchar_p),
    ("release", ctypes.c_ushort), ("manufacturer", ctypes.c_wchar_p),
    ("product", ctypes.c_wchar_p), ("page", ctypes.c_ushort),
    ("usage", ctypes.c_ushort), ("interface", ctypes.c_int),
    ("next", ctypes.POINTER(Info)), ("bus", ctypes.c_int)]
lib = ctypes.CDLL("libhidapi-hidraw.so.0")
lib.hid_enumerate.restype = ctypes.POINTER(Info)
lib.hid_open.restype = ctypes.c_void_p
lib.hid_open.argtypes = [ctypes.c_ushort, ctypes.c_ushort, ctypes.c_wchar_p]
lib.hid_error.restype = ctypes.c_wchar_p
def found(vid, pid):
    one = lib.hid_enumerate(vid, pid)
    while one:
        one = one.contents
        yield {key: getattr(one, key) if key != "path" else one.path.decode()
               for key, _ in Info._fields_ if key != "next"}
        one = one.next
def opened(serial):
    dev = lib.hid_open(0x1d6b, 0x107, serial)
    if not dev:
        return lib.hid_error(None)
    text = ctypes.create_unicode_buffer(100)
    said = []
    for name in "manufacturer", "product", "serial_number":
        get = getattr(lib, "hid_get_%s_string" % name)
        get.argtypes = [ctypes.c_void_p, ctypes.c_wchar_p, ctypes.c_size_t]
        get(dev, text, 100)
        said.append(text.value)
    return said
lib.hid_init()
print(json.dumps({
    "all": list(found(0, 0)), "hidg": list(found(0x1d6b, 0x107)),
    "none": list(found(0x1d6b, 0x999)),
    "opened": opened("hidg0"), "not": opened("x"),
}))
"""
PORTS = """
import json
from serial.tools import list_ports
print(json.dumps([vars(port) for port in list_ports.comports()]))
"""


def looked_up(program, preload=None):
    """What a program that looks for devices prints, in Python's words."""
    env = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    if preload:
        env["LD_PRELOAD"] = preload
    return json.loads(subprocess.check_output(
        ["/usr/bin/python3", "-c", program], env=env, text=True,
        timeout=probe.LIMIT))


def one(things, key, value):
    """The only one of them that has this."""
    found = [thing for thing in things if thing[key] == value]
    equal(len(found), 1, "%s=%s in %r" % (key, value, things))
    return found[0]


def properties(path):
    """What udev says of a device, with its links as a set."""
    # Nothing of a node that is not there.
    text = subprocess.run(["udevadm", "info", "-q", "property", path],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True, check=False).stdout
    got = dict(line.split("=", 1) for line in text.splitlines())
    got["DEVLINKS"] = set(got.get("DEVLINKS", "").split()) - {
        link for link in got.get("DEVLINKS", "").split()
        if link.startswith("/dev/char/")}
    return got


def settled(path, key, value):
    """Wait until it says that; returns all that it says then."""
    def found():
        got = properties(path)
        return got if got.get(key) == value else None
    return probe.wait_for(found, "%s=%s of %s" % (key, value, path))


def names(got):
    """The properties that say what the hardware is."""
    return {key: value for key, value in got.items()
            if key.startswith("ID_") and not key.startswith("ID_MM_") and
            key != "ID_USB_DRIVER"}


def away(node):
    """Wait until udev knows that there is no hardware."""
    return settled(node, "SYSTEMD_READY", "0")


def set_serial(text):
    """acm0's, which is unplugged."""
    with open(SERIAL, "wb", buffering=0) as file:
        file.write(text.encode())


class World(h_guest.World):
    """devswd with a configuration, and what the kernel's ports were like."""

    def __init__(self):
        super().__init__("-v", "--config", CONFIG)
        self.reference = {}
        self.hids = self.ports = None

    def start(self):
        with open(CONFIG, "w", encoding="ascii") as file:
            file.write(TEXT)
        with open(os.environ["DEVSW_BUILD"] +
                  "/meson-info/intro-installed.json",
                  encoding="utf-8") as file:
            installed = json.load(file)
        for source, target in installed.items():
            if os.path.basename(target) in ("60-devsw.rules", "devsw-udev",
                                            "74-devsw-seat.rules"):
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.copy(source, target)
        subprocess.check_call(["udevadm", "control", "--reload"])
        for adapter, path in KERNEL.items():
            self.reference[adapter] = settled(path, "ID_BUS", "usb")
        self.hids = looked_up(HIDAPI)
        self.ports = looked_up(PORTS)
        probe.vmusb("unplug", "acm0")
        set_serial(HOSTILE)
        probe.vmusb("plug", "acm0")

        def hostile():
            # Until then udev may tell of the one before.
            got = properties(KERNEL["acm0"])
            return got if (got.get("ID_BUS") == "usb" and
                           got.get("ID_SERIAL_SHORT") != "acm0") else None

        self.reference["hostile"] = probe.wait_for(hostile, "other strings")
        probe.vmusb("unplug", "acm0")
        set_serial("acm0")
        probe.vmusb("plug", "acm0")
        super().start()

    def stop(self):
        """An orderly end leaves nothing; and one that is none, nothing that
        the next daemon believes."""
        good = super().stop()
        try:
            equal(os.listdir("/run/devsw/udev"), [], "what is left")
            super().start()
            self.same("ftdi0")
            self.killed()
            super().start()
            for adapter in NODES:
                self.same(adapter)
            equal(os.path.exists("/run/devsw/udev/ttyU7"), False, "ttyU7")
            return super().stop() and good
        except (AssertionError, probe.Late) as error:
            print("not ok - the end, and the next start: %s" % error)
            return False

    def killed(self):
        """SIGKILL, and a file for a node that the next one does not have."""
        self.daemon.kill(signal.SIGKILL)
        self.daemon.wait()
        for link in self.reference["ftdi0"]["DEVLINKS"] | OWN["ftdi0"]:
            probe.wait_for(lambda: not os.path.lexists(link),
                           "the end of " + link)
        with open("/run/devsw/udev/ttyU7", "w", encoding="ascii") as file:
            file.write("PLACE=1-1\nINTERFACE=0\nDRIVER=uftdi0\nNAME=gps\n"
                       "TOKEN=0\n")

    def same(self, adapter, reference=None):
        """Links and names are those of the kernel's port."""
        wanted = self.reference[reference or adapter]
        for node in NODES[adapter], CALLOUT[adapter]:
            got = settled(node, "ID_SERIAL", wanted["ID_SERIAL"])
            # Whose seat the hardware is at is told of the kernel's ports
            # only, if some package's rules (avrdude's) give them to it.
            wanted.pop("ID_FOR_SEAT", None)
            equal(names(got), names(wanted))
            equal(got["DEVLINKS"], wanted["DEVLINKS"] | OWN[adapter]
                  if node == CALLOUT[adapter] else set())
            equal(":systemd:" in got["CURRENT_TAGS"], True)
            equal(got["ID_MM_DEVICE_IGNORE"], "1")
            equal(got.get("SYSTEMD_READY"), None)
        for link in wanted["DEVLINKS"] | OWN[adapter]:
            # The kernel's port may have it for a moment yet.
            probe.wait_for(
                lambda: os.path.realpath(link) == CALLOUT[adapter],
                "%s to be %s" % (link, CALLOUT[adapter]))


@case("links and properties are those of the kernel's port")
def _(world):
    # Not that of nothing.
    for reference in world.reference.values():
        equal(len(reference["DEVLINKS"]), 2)
        equal({"ID_SERIAL_SHORT", "ID_PATH", "ID_MODEL_ENC", "ID_VENDOR_ID",
               "ID_USB_INTERFACE_NUM"} - set(names(reference)), set())
    for adapter in NODES:
        world.same(adapter)
    equal(properties("/dev/ttyU0")["ID_USB_DRIVER"], "uftdi")
    equal(properties("/dev/dtyU1")["ID_USB_DRIVER"], "umodem")


@case("they leave with the hardware, and come back with it; the node stays")
def _(world):
    for adapter in NODES:
        inode = os.stat(CALLOUT[adapter]).st_ino
        world.unplug(adapter)
        for node in NODES[adapter], CALLOUT[adapter]:
            got = away(node)
            equal((names(got), got["DEVLINKS"]), ({}, set()))
        for link in world.reference[adapter]["DEVLINKS"] | OWN[adapter]:
            equal(os.path.lexists(link), False, link)
        world.plug(adapter)
        world.same(adapter)
        equal(os.stat(CALLOUT[adapter]).st_ino, inode)


@case("a device with hostile strings has what udev makes of them")
def _(world):
    world.unplug("acm0")
    set_serial(HOSTILE)
    world.plug("acm0")
    world.same("acm0", "hostile")
    # Another one in the same place, at once.
    with open(SERIAL.partition("/strings")[0] + "/UDC", "r+b",
              buffering=0) as file:
        udc = file.read()
        file.write(b"\n")
        set_serial("acm0")
        file.write(udc)
    world.usable(CALLOUT["acm0"])
    world.same("acm0")


@case("udev's look at a node whose hardware has left does not change its owner")
def _(world):
    os.chown("/dev/ttyU0", USER, -1)
    os.chmod("/dev/ttyU0", 0o600)
    world.unplug("ftdi0")
    away("/dev/ttyU0")
    subprocess.check_call(["udevadm", "settle"])
    # devswd has taken the event by then.
    h_guest.status()
    done = os.stat("/dev/ttyU0")
    equal((done.st_uid, done.st_mode & 0o777), (USER, 0o600))
    # Somebody else's events are another matter.
    subprocess.check_call(["udevadm", "trigger", "--action=change",
                           "/sys/class/cuse/ttyU0"])
    probe.wait_for(lambda: os.stat("/dev/ttyU0").st_uid == 0, "root's node")
    world.plug("ftdi0")
    world.same("ftdi0")


@case("a HID's node is found by its claim, and where hidraws are looked for")
def _(_):
    got = settled("/dev/uhid0", "ID_SERIAL_SHORT", "hidg0")
    equal(got["DEVLINKS"], {"/dev/devsw/pad", "/dev/hidraw-uhid0"})
    equal((got["ID_TYPE"], got["DEVSW_NAME"]), ("hid", "pad"))


def acl(path):
    """Its entries as (tag, permission, user): libacl's and the kernel's."""
    try:
        data = os.getxattr(path, ACL)
    except OSError as error:
        equal(error.errno, errno.ENODATA)
        return []
    return list(struct.iter_unpack("<HHI", data[4:]))


@case("who is at the machine may open a security key, until it is unplugged")
def _(_):
    node = "/dev/uhid0"
    got = settled(node, "ID_SECURITY_TOKEN", "1")
    tags = set(got["CURRENT_TAGS"].strip(":").split(":"))
    equal(tags - {"seat"}, {"uaccess", "security-device", "systemd"})
    # A serial port is none.
    equal(":uaccess:" in properties("/dev/dtyU0")["CURRENT_TAGS"], False)
    # Nobody sits here; as udev gives it to who does, beside its mode.
    os.chmod(node, 0o640)
    everybody = [(1, 6, NOBODY), (2, 6, USER), (4, 4, NOBODY),
                 (16, 6, NOBODY), (32, 0, NOBODY)]
    os.setxattr(node, ACL, struct.pack("<I", 2) + b"".join(
        struct.pack("<HHI", *entry) for entry in everybody))
    equal(acl(node), everybody)
    subprocess.check_call(["sh", "-c", ": <>" + node], user=USER)
    probe.vmusb("unplug", "hidg0")
    got = away(node)
    equal(":uaccess:" in got["CURRENT_TAGS"], False)
    probe.wait_for(lambda: acl(node) == [], "nobody's right")
    equal(os.stat(node).st_mode & 0o777, 0o640)
    # What an owner gives to a node without a key is his to take away.
    os.setxattr("/dev/ttyU0", ACL, struct.pack("<I", 2) + b"".join(
        struct.pack("<HHI", *entry) for entry in everybody))
    subprocess.check_call(["udevadm", "trigger", "--settle",
                           "--action=change", "/sys/class/cuse/ttyU0"])
    equal(acl("/dev/ttyU0"), everybody)
    os.setxattr("/dev/ttyU0", ACL, struct.pack("<I", 2) + b"".join(
        struct.pack("<HHI", *entry) for entry in everybody
        if entry[0] not in (2, 16)))
    probe.vmusb("plug", "hidg0")
    settled(node, "ID_SECURITY_TOKEN", "1")


@case("what somebody writes for a node in the daemon's place is not believed")
def _(world):
    path = "/run/devsw/udev/ttyU0"
    with open(path, encoding="ascii") as file:
        true = file.read()
    place = true.splitlines()[0]
    for text in (true + "REMOVE_CMD=/bin/touch /tmp/pwned\n",
                 "REMOVE_CMD=/bin/touch /tmp/pwned\n",
                 true.replace(place, "PLACE=../../../etc"),
                 # The kernel's usbhid has that one.
                 true.replace(place, "PLACE=" + os.path.basename(
                     probe.vmusb("path", "mouse0").strip())),
                 "A" * 100000, "\0" * 100):
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        subprocess.check_call(["udevadm", "trigger", "--settle",
                               "--action=change", "/sys/class/cuse/ttyU0"])
        got = properties("/dev/ttyU0")
        equal((names(got), got.get("REMOVE_CMD")), ({}, None), text[:40])
    os.unlink(path)
    os.mkfifo(path)
    subprocess.check_call(["udevadm", "trigger", "--settle",
                           "--action=change", "/sys/class/cuse/ttyU0"])
    equal(names(properties("/dev/ttyU0")), {})
    os.kill(world.daemon.pid, signal.SIGHUP)
    world.same("ftdi0")


@case("root gives the node's uevent file to whom /run/devsw belongs, no more")
def _(_):
    path = "/sys/class/cuse/ttyU0/uevent"
    equal(os.stat(path).st_uid, 0)
    os.chown("/run/devsw", USER, -1)
    try:
        subprocess.check_call(["udevadm", "trigger", "--settle",
                               "--action=add", "/sys/class/cuse/ttyU0"])
        done = os.stat(path)
        equal((done.st_uid, done.st_mode & 0o777), (USER, 0o644))
        equal(os.stat("/sys/class/cuse/ttyU0").st_uid, 0)
        subprocess.check_call(["sh", "-c", "echo change >" + path], user=USER)
    finally:
        os.chown("/run/devsw", 0, -1)
        os.chown(path, 0, -1)


@case("hidapi finds a HID as it finds the kernel's, and opens it by its numbers")
def _(world):
    settled("/dev/uhid0", "ID_SERIAL_SHORT", "hidg0")
    wanted = one(world.hids["all"], "serial", "hidg0")
    equal((wanted["vid"], wanted["release"] != 0, wanted["page"] != 0),
          (0x1d6b, True, True))
    equal(world.hids["hidg"], [wanted])
    # Without help it finds none, and the kernel's others.
    got = looked_up(HIDAPI)
    equal((got["hidg"], len(got["all"])), ([], len(world.hids["all"]) - 1))
    got = looked_up(HIDAPI, LOOKUP)
    mine = {**wanted, "path": "/dev/uhid0"}
    equal(got["hidg"], [mine])
    equal(sorted(map(str, got["all"])), sorted(map(str, [
        hid for hid in world.hids["all"] if hid != wanted] + [mine])))
    equal((got["none"], got["opened"], got["not"]),
          ([], world.hids["opened"], world.hids["not"]))
    # One that another has open is there, if not all that is to be known.
    fd = probe.open_node("/dev/uhid0")
    got = one(looked_up(HIDAPI, LOOKUP)["all"], "serial", "hidg0")
    equal({**got, "page": 0, "usage": 0}, {**mine, "page": 0, "usage": 0})
    os.close(fd)


@case("one that is away is not found, and none when devswd's property is gone")
def _(world):
    probe.vmusb("unplug", "hidg0")
    away("/dev/uhid0")
    got = looked_up(HIDAPI, LOOKUP)
    equal((got["hidg"], got["opened"] == world.hids["opened"]), ([], False))
    probe.vmusb("plug", "hidg0")
    settled("/dev/uhid0", "ID_SERIAL_SHORT", "hidg0")
    equal(len(looked_up(HIDAPI, LOOKUP)["hidg"]), 1)


@case("pyserial says of a port what it says of the kernel's, under devsw-run")
def _(world):
    said = looked_up(PORTS, LOOKUP)
    plain = looked_up(PORTS)
    for adapter, name in (("ftdi0", "/dev/ttyUSB-dtyU0"),
                          ("acm0", "/dev/ttyACM-dtyU1")):
        equal(one(plain, "device", name)["vid"], None)
        got = one(said, "device", name)
        wanted = one(world.ports, "device", KERNEL[adapter])
        for key in ("vid", "pid", "serial_number", "location", "manufacturer",
                    "product", "interface", "description",
                    "usb_interface_path"):
            equal(got[key], wanted[key], key)
        equal(re.sub(" LINK=.*", "", got["hwid"]), wanted["hwid"])
        world.unplug(adapter)
        away(CALLOUT[adapter])
        equal([port for port in looked_up(PORTS, LOOKUP)
               if port["device"] == name], [])
        world.plug(adapter)
        world.same(adapter)


@case("pyserial lists the ports, and opens them by their id")
def _(world):
    text = subprocess.check_output(
        ["/usr/bin/python3", "-c", """
import serial, sys
from serial.tools import list_ports
print(sorted(port.device for port in list_ports.comports()))
serial.Serial(sys.argv[1], 9600, timeout=0).close()
""", next(link for link in world.reference["ftdi0"]["DEVLINKS"]
          if "by-id" in link)], text=True)
    for name in "/dev/ttyUSB-dtyU0", "/dev/ttyACM-dtyU1":
        equal("'%s'" % name in text, True, text)


if __name__ == "__main__":
    h_guest.run(World())
