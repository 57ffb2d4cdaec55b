#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --smp 1 --usb hid-kbd --usb hid-mouse --usb hid-tablet --usb hidg --usb dummy
# builds: plain full:asan
# timeout: 240
"""t_claim_hid: which HIDs devswd takes, and what becomes of their nodes.

A HID is taken if a claim names it; a boot keyboard or mouse, or a device that
is one besides other things, only with ",force".  ",driver=uhid" makes unit=
the number of a uhid.  (That the words of a claim are understood is
main/t_claim's, what a uhid does t_uhid's.)
"""

import glob
import os
import select
import signal
import stat
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_guest  # noqa: E402
from h_guest import case, equal, probe  # noqa: E402

QEMU = "0627:0001"              # all three of QEMU's
HIDG = "1d6b:0107,serial=hidg0"
GADGETS = "/sys/kernel/config/usb_gadget/"


class Claims(h_guest.World):
    """Every case starts its own devswd."""

    def start(self):
        """Nothing runs yet."""

    def stop(self):
        """Nothing runs any more."""
        return True

    def repair(self):
        """Give back what a failed case's devswd, dead by now, has left."""
        subprocess.run([os.environ["DEVSWD"], "--release",
                        "--claim", QEMU, "--claim", HIDG], check=False)

    def up(self, *claims, options=(), kind=probe.Daemon):
        """Start devswd with these claims, and a log of its own."""
        if os.path.exists(h_guest.LOG):
            os.unlink(h_guest.LOG)
        words = [word for claim in claims for word in ("--claim", claim)]
        self.daemon = kind(os.environ["DEVSWD"], h_guest.LOG, "-v", *words,
                           *options)

    def down(self):
        """Stop it."""
        equal(self.daemon.stop(), 0, "devswd's status")
        equal(glob.glob("/dev/uhid[0-9]*"), [], "nodes that are left")

    def lines(self, words):
        """The lines of its log that contain this."""
        return [line for line in self.daemon.said().splitlines()
                if words in line]

    def told(self, words):
        """Wait for such a line; returns it."""
        return probe.wait_for(lambda: self.lines(words), words)[0]


def driver(name, interface=0):
    """The kernel's driver of an interface: usbfs is us."""
    link = "%s:1.%d/driver" % (probe.vmusb("path", name), interface)
    # sysfs has the interface's folder inside the device's, too.
    return os.path.basename(os.path.realpath(link)) \
        if os.path.exists(link) else "none"


def refused(world, name, what):
    """devswd has said why it does not take the device, in one line."""
    port = os.path.basename(probe.vmusb("path", name))
    line = world.told("device at %s is a %s" % (port, what))
    for words in ("may be the one you are using", "add ,force to the claim"):
        if words not in line:
            raise AssertionError("%r is not in: %s" % (words, line))
    equal(driver(name), "usbhid", "the driver of " + name)
    return port


def report(fd):
    """Wait for input and read it."""
    if not h_guest.read_ready(fd):
        raise AssertionError("no report came")
    return os.read(fd, 64)


@case("a HID that no claim names stays with the kernel")
def _(world):
    world.up(HIDG)
    world.usable("/dev/uhid0")
    for name in ("kbd0", "mouse0", "tablet0"):
        equal(driver(name), "usbhid", "the driver of " + name)
    equal(glob.glob("/dev/uhid[0-9]*"), ["/dev/uhid0"])
    world.down()
    equal(driver("hidg0"), "usbhid", "the driver of hidg0")


@case("a boot keyboard and a boot mouse are refused, a tablet is not")
def _(world):
    world.up(QEMU)
    refused(world, "kbd0", "keyboard")
    refused(world, "mouse0", "mouse")
    world.usable("/dev/uhid0")
    equal(driver("tablet0"), "usbfs", "the driver of tablet0")
    equal(glob.glob("/dev/uhid[0-9]*"), ["/dev/uhid0"])
    world.down()


@case("it is told once for each plugging")
def _(world):
    world.up(QEMU + ",serial=kbd0")
    refused(world, "kbd0", "keyboard")
    for count in (1, 2):
        world.daemon.kill(signal.SIGHUP)
        probe.wait_for(lambda wanted=count: len(world.lines(
            "looking through")) == wanted, "SIGHUP")
    equal(len(world.lines("is a keyboard")), 1, "lines")
    probe.vmusb("replug", "kbd0")
    probe.vmusb("wait-plugged", "kbd0")
    probe.wait_for(lambda: len(world.lines("is a keyboard")) == 2,
                   "the second line")
    equal(driver("kbd0"), "usbhid", "the driver of kbd0")
    world.down()
    equal(len(world.lines("is a keyboard")), 2, "lines")


@case("with force both are taken and work")
def _(world):
    world.up(QEMU + ",serial=kbd0,unit=1,driver=uhid,force",
             QEMU + ",serial=mouse0,unit=2,driver=uhid,force")
    # (QEMU gives a click to the tablet, if there is one.)
    for name, path, act, data in (
            ("kbd0", "/dev/uhid1", ("key", "a", "down"), "0000040000000000"),
            ("kbd0", "/dev/uhid1", ("key", "a", "up"), "0000000000000000"),
            ("mouse0", "/dev/uhid2", ("move", "3", "4"), "00030400")):
        fd = probe.wait_for(lambda node=path: h_guest.openable(node), path)
        equal(driver(name), "usbfs", "the driver of " + name)
        probe.vmusb(*act)
        equal(report(fd).hex(), data, "the report of " + " ".join(act))
        os.close(fd)
    equal(world.lines("add ,force"), [], "a warning")
    world.down()
    for name in ("kbd0", "mouse0"):
        equal(driver(name), "usbhid", "the driver of " + name)


def make_composite(product, functions):
    """A gadget of several functions: {name: {attribute: value}}.

    It stays; another build's run in the same guest finds it there.
    """
    gadget = GADGETS + "composite." + product
    if os.path.isdir(gadget):
        return
    with open(GADGETS + "hidg0/functions/hid.hidg0/report_desc", "rb") as file:
        desc = file.read()
    files = {"idVendor": b"0x1d6b", "idProduct": b"0x" + product.encode(),
             "strings/0x409/serialnumber": b"composite"}
    for folder in ("", "/strings/0x409", "/configs/c.1"):
        os.mkdir(gadget + folder)
    for name, attributes in functions.items():
        os.mkdir("%s/functions/%s" % (gadget, name))
        if name.startswith("hid."):
            attributes = {"report_length": b"8", "report_desc": desc,
                          **attributes}
        files.update(("functions/%s/%s" % (name, attribute), value)
                     for attribute, value in attributes.items())
    for path, data in files.items():
        with open(gadget + "/" + path, "wb", buffering=0) as file:
            file.write(data)
    for name in functions:
        os.symlink("%s/functions/%s" % (gadget, name),
                   "%s/configs/c.1/%s" % (gadget, name))


def plug_composite(product):
    """Plug it; returns its name in sysfs when the kernel has it."""
    with open(GADGETS + "composite.%s/UDC" % product, "w",
              encoding="ascii") as file:
        file.write("dummy_udc.3")

    def found():
        for path in glob.glob("/sys/bus/usb/devices/*/idProduct"):
            try:
                with open(path, encoding="ascii") as file:
                    if file.read() == product + "\n":
                        return os.path.basename(os.path.dirname(path))
            except OSError:
                continue
        return None
    name = probe.wait_for(found, "the composite device")
    probe.wait_for(lambda: len(composite_drivers(name)) >= 2,
                   "the kernel's drivers")
    return name


def unplug_composite(product):
    """Unplug it."""
    with open(GADGETS + "composite.%s/UDC" % product, "w",
              encoding="ascii") as file:
        file.write("\n")


def composite_drivers(name):
    """The kernel's drivers of its interfaces."""
    return [os.path.basename(os.path.realpath(link)) for link in sorted(
        glob.glob("/sys/bus/usb/devices/%s:*/driver" % name))]


@case("a device that is a keyboard besides is refused as a whole")
def _(world):
    make_composite("0199", {
        "hid.plain": {},
        "hid.keyboard": {"subclass": b"1", "protocol": b"1"}})
    port = plug_composite("0199")
    world.up("1d6b:0199")
    world.told("device at %s is a keyboard" % port)
    equal(composite_drivers(port), ["usbhid"] * 2, "the drivers")
    equal(glob.glob("/dev/uhid[0-9]*"), [], "nodes")
    world.down()
    world.up("1d6b:0199,force")
    world.usable("/dev/uhid0")
    world.usable("/dev/uhid1")
    equal(composite_drivers(port), ["usbfs"] * 2, "the drivers")
    world.down()
    unplug_composite("0199")


@case("driver=uhid keeps /dev/uhidN, and makes no tty")
def _(world):
    probe.vmusb("unplug", "hidg0")
    probe.vmusb("wait-unplugged", "hidg0")
    world.up(HIDG + ",unit=7,driver=uhid", QEMU + ",serial=tablet0")
    equal(h_guest.open_error("/dev/uhid7"), "ENXIO", "open before the plug")
    equal(glob.glob("/dev/[td]tyU*"), [], "ttys")
    world.usable("/dev/uhid0")
    probe.vmusb("plug", "hidg0")
    fd = probe.wait_for(lambda: h_guest.openable("/dev/uhid7"), "/dev/uhid7")
    far = os.open(probe.far_path("hidg0"), os.O_RDWR)
    os.write(far, b"12345678")
    equal(report(fd), b"12345678")
    os.close(far)
    probe.vmusb("replug", "hidg0")
    world.usable("/dev/uhid7")
    equal(h_guest.read_ready(fd), True, "the stale file is at its end")
    equal(probe.outcome(os.read, fd, 1), "EIO", "read of the stale file")
    os.close(fd)
    equal(sorted(glob.glob("/dev/uhid[0-9]*")), ["/dev/uhid0", "/dev/uhid7"])
    world.down()


@case("killed, it is there again under its number: files and calls are a dead HID's")
def _(world):
    world.up(HIDG + ",unit=7,driver=uhid", options=("--keep",),
             kind=probe.Keeper)
    fd = probe.wait_for(lambda: h_guest.openable("/dev/uhid7"), "/dev/uhid7")
    node = os.stat("/dev/uhid7")
    os.set_blocking(fd, True)
    calls = (probe.Call("read", os.read, fd, 64),
             probe.Call("poll", probe.poll_fd, fd, select.POLLIN))
    for call in calls:
        call.wait_blocked()
    with open("/run/devsw/devswd-120.lock", encoding="ascii") as file:
        os.kill(int(file.read()), signal.SIGKILL)
    equal(calls[0].result()[0], "EIO", "the read")
    equal("ERR" in calls[1].result()[0], True, "the poll")
    equal(probe.outcome(os.read, fd, 1), "EIO", "read of the dead file")
    os.close(fd)
    fd = probe.wait_for(lambda: h_guest.openable("/dev/uhid7"), "/dev/uhid7")
    now = os.stat("/dev/uhid7")
    equal((now.st_ino, now.st_rdev, now.st_mode, now.st_gid),
          (node.st_ino, node.st_rdev, node.st_mode, node.st_gid), "the node")
    far = os.open(probe.far_path("hidg0"), os.O_RDWR)
    os.write(far, b"12345678")
    equal(report(fd), b"12345678")
    os.close(far)
    os.close(fd)
    world.down()


@case("the same number can be kept for a tty and a uhid")
def _(world):
    world.up(HIDG + ",unit=3,driver=uhid", "dead:beef,unit=3")
    world.usable("/dev/uhid3")
    equal(h_guest.open_error("/dev/dtyU3"), "ENXIO", "open of /dev/dtyU3")
    world.down()


@case("a device whose tty has a number does not take a uhid's of that number")
def _(world):
    probe.vmusb("unplug", "hidg0")
    probe.vmusb("wait-unplugged", "hidg0")
    make_composite("0198", {"acm.tty": {}, "hid.more": {}})
    plug_composite("0198")
    world.up("1d6b:0198,unit=3", HIDG + ",unit=3,driver=uhid")
    world.usable("/dev/dtyU3")
    world.usable("/dev/uhid0")
    probe.vmusb("plug", "hidg0")
    world.usable("/dev/uhid3")
    world.down()
    unplug_composite("0198")


@case("a driver that does not exist is told, and nothing is taken")
def _(_world):
    done = subprocess.run([os.environ["DEVSWD"], "-f", "--claim",
                           HIDG + ",unit=3,driver=nosuch"], check=False,
                          stderr=subprocess.PIPE, timeout=probe.LIMIT)
    equal(done.returncode, 1, "devswd's status")
    if b"driver=nosuch: there is no driver nosuch" not in done.stderr:
        raise AssertionError(done.stderr)
    equal(driver("hidg0"), "usbhid", "the driver of hidg0")


def whose(path):
    """Owner, group and mode."""
    info = os.stat(path)
    return info.st_uid, info.st_gid, stat.S_IMODE(info.st_mode)


@case("a HID's node is root:root 0600; --hid-* change that, --mode does not")
def _(world):
    world.up(HIDG + ",unit=0,driver=uhid", "dead:beef,unit=0",
             options=("--mode", "0666", "--group", "7"))
    world.usable("/dev/uhid0")
    subprocess.run(["udevadm", "settle"], check=True)
    equal(whose("/dev/uhid0"), (0, 0, 0o600), "/dev/uhid0")
    equal(whose("/dev/ttyU0"), (0, 7, 0o666), "/dev/ttyU0")
    world.down()
    world.up(HIDG, options=("--hid-owner", "5", "--hid-group", "6",
                            "--hid-mode", "0640"))
    world.usable("/dev/uhid0")
    subprocess.run(["udevadm", "settle"], check=True)
    equal(whose("/dev/uhid0"), (5, 6, 0o640), "/dev/uhid0")
    world.down()


@case("a stricter --mode than udev's holds, also when its rules run again")
def _(world):
    world.up("dead:beef,unit=0", options=("--mode", "0600", "--group", "7"))
    subprocess.run(["udevadm", "settle"], check=True)
    probe.wait_for(lambda: whose("/dev/ttyU0") == (0, 7, 0o600), "the mode")
    # What udev's rules make of it, and what devswd of that.
    os.chmod("/dev/ttyU0", 0o666)
    subprocess.run(["udevadm", "trigger", "--settle", "/dev/ttyU0"],
                   check=True)
    probe.wait_for(lambda: whose("/dev/ttyU0") == (0, 7, 0o600), "the mode")
    world.down()


@case("--list says which one needs force, --release does not")
def _(world):
    said = subprocess.run([os.environ["DEVSWD"], "--list"], check=True,
                          stdout=subprocess.PIPE).stdout.decode()
    blocks = [block for block in ("\n" + said).split("\nuhidev ") if block]
    notes = {name: note for name in ("kbd0", "mouse0", "tablet0", "hidg0")
             for block in blocks if "serial %s " % name in block
             for note in ["a keyboard: not" in block and "keyboard" or
                          "a mouse: not" in block and "mouse"]}
    equal(notes, {"kbd0": "keyboard", "mouse0": "mouse", "tablet0": False,
                  "hidg0": False}, "what --list says")
    world.up(QEMU + ",serial=kbd0,force")
    world.usable("/dev/uhid0")
    world.daemon.kill(signal.SIGKILL)
    world.daemon.wait()
    probe.wait_for(lambda: driver("kbd0") == "none", "loss of the keyboard")
    subprocess.run([os.environ["DEVSWD"], "--release", "--claim", QEMU],
                   check=True, stdout=subprocess.DEVNULL)
    equal(driver("kbd0"), "usbhid", "the driver of kbd0")


@case("no process is left that cannot be killed")
def _(_world):
    equal(h_guest.unkillable(), [], "processes in state D")


if __name__ == "__main__":
    h_guest.run(Claims())
