#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --usb ftdi --usb acm --usb hidg --usb hid-mouse
# timeout: 300
"""t_udev: udev knows whose hardware is behind a node, and for how long.

The reference is the kernel: the same adapters under ftdi_sio and cdc_acm, before
devswd takes them, with Debian's 60-serial.rules.  Links and properties of
devswd's nodes have to equal theirs, leave and come with the plug, and be those
of what is plugged in now, whatever strings it has.  The rules and devsw-udev
are installed in the guest as the package does it.
"""

import json
import os
import shutil
import signal
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
KERNEL = {"ftdi0": "/dev/ttyUSB0", "acm0": "/dev/ttyACM0"}
# Links of ours that the kernel's ports do not have.
OWN = {"ftdi0": {"/dev/devsw/gps", "/dev/ttyUSB-dtyU0"},
       "acm0": {"/dev/devsw/modem", "/dev/ttyACM-dtyU1"}}


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

    def start(self):
        with open(CONFIG, "w", encoding="ascii") as file:
            file.write(TEXT)
        with open(os.environ["DEVSW_BUILD"] +
                  "/meson-info/intro-installed.json",
                  encoding="utf-8") as file:
            installed = json.load(file)
        for source, target in installed.items():
            if os.path.basename(target) in ("60-devsw.rules", "devsw-udev"):
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.copy(source, target)
        subprocess.check_call(["udevadm", "control", "--reload"])
        for adapter, path in KERNEL.items():
            self.reference[adapter] = settled(path, "ID_BUS", "usb")
        probe.vmusb("unplug", "acm0")
        set_serial(HOSTILE)
        probe.vmusb("plug", "acm0")
        self.reference["hostile"] = settled(KERNEL["acm0"], "ID_BUS", "usb")
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
            file.write("PLACE=1-1\nINTERFACE=0\nDRIVER=uftdi0\nNAME=gps\n")

    def same(self, adapter, reference=None):
        """Links and names are those of the kernel's port."""
        wanted = self.reference[reference or adapter]
        for node in NODES[adapter], CALLOUT[adapter]:
            got = settled(node, "ID_SERIAL", wanted["ID_SERIAL"])
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
