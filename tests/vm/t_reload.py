#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --smp 1 --usb ftdi --usb ftdi --usb acm --usb vhci
# builds: plain full:asan
# timeout: 240
"""t_reload: SIGHUP reads the configuration again, and units are remembered.

Only what has changed is touched (devswd(8), SIGHUP): a new claim attaches, one
that is gone gives its device back, an owner or a mode is set, and all else
goes on without a missed byte; what is wrong changes nothing.  And with "units =
remembered" (devswd.conf(5)) no device gets the name of one that is away.
What devswctl claims is for now, and devswctl(8)'s.
(What the lines of the two files mean is main/t_config's and main/t_units'.)
"""

import json
import os
import signal
import subprocess
import sys
import termios
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_guest  # noqa: E402
import h_vhci  # noqa: E402
from h_guest import case, equal, probe  # noqa: E402
from h_hid import PLAIN  # noqa: E402

CTL = os.environ["DEVSW_BUILD"] + "/src/cmd/devswctl/devswctl"
CONF = "/tmp/t_reload.conf"
UNITS = "/tmp/t_reload.units"
FIRST = "[claim first]\nvid = 0403\npid = 6001\nserial = ftdi0\n"
SECOND = "[claim second]\nvid = 0403\npid = 6001\nserial = ftdi1\n"


class Reload(h_guest.World):
    """Every case starts its own devswd."""

    def start(self):
        """Nothing runs yet."""

    def stop(self):
        """Nothing runs any more."""
        return True

    def repair(self):
        """Give back what a failed case's devswd, dead by now, has left."""
        subprocess.run([os.environ["DEVSWD"], "--release",
                        "--claim", "0403:6001"], check=False)
        for line in probe.vmusb("list").splitlines():
            if line.split()[2] == "unplugged":
                probe.vmusb("plug", line.split()[0])

    def up(self, text, *options, kind=probe.Daemon):
        """Start devswd with this configuration, and a log of its own."""
        for path in (h_guest.LOG, UNITS):
            if os.path.exists(path) and path not in options:
                os.unlink(path)
        self.write(text)
        self.daemon = kind(os.environ["DEVSWD"], h_guest.LOG, "--config",
                           CONF, *options)

    def write(self, text):
        """The configuration from now on."""
        with open(CONF, "w", encoding="ascii") as file:
            file.write(text)

    def reload(self, text):
        """Let it read this; returns what its log says of it."""
        self.write(text)
        before = len(self.daemon.said())
        self.daemon.kill(signal.SIGHUP)
        # pylint: disable=protected-access
        probe.wait_for(self.daemon._is_ready, "the end of the reload")
        probe.wait_for(lambda: "reading the configuration" in
                       self.daemon.said()[before:], "its line")
        return self.daemon.said()[before:]

    def next(self, number):
        """Signal one with --keep; returns the log of the next, which answers."""
        pid, before = child(), len(self.daemon.said())
        os.kill(pid, number)
        probe.wait_for(lambda: child() != pid and ctl("status")[0] == 0,
                       "the next one")
        return self.daemon.said()[before:]

    def down(self):
        """Stop it."""
        equal(self.daemon.stop(), 0, "devswd's status")


def child():
    """The process that has the lock: with --keep, its keeper's child."""
    with open("/run/devsw/devswd-120.lock", encoding="ascii") as file:
        return int(file.read() or 0)


def driver(name):
    """The kernel's driver of an adapter's interface: usbfs is us."""
    link = "%s:1.0/driver" % probe.vmusb("path", name)
    return os.path.basename(os.path.realpath(link)) \
        if os.path.exists(link) else "none"


def driver_becomes(name, wanted):
    """Wait for it."""
    probe.wait_for(lambda: driver(name) == wanted, "%s for %s" %
                   (wanted, name))


def node_is(path, uid, gid, mode):
    """Owner, group and mode."""
    def as_wanted():
        st = os.stat(path)
        return (st.st_uid, st.st_gid, st.st_mode & 0o777) == (uid, gid, mode)
    probe.wait_for(as_wanted, "%s: %o" % (path, mode))


def has(text, *lines):
    """The log has these words."""
    for words in lines:
        if words not in text:
            raise AssertionError("%r is not in:\n%s" % (words, text))


@case("a daemon without claims waits for one")
def _(world):
    world.up("[devswd]\n")
    equal(driver("ftdi0"), "ftdi_sio")
    has(world.reload(FIRST), "claim first: new")
    world.usable("/dev/ttyU0")
    equal(driver("ftdi0"), "usbfs")
    equal(driver("ftdi1"), "ftdi_sio")
    has(world.reload(FIRST + SECOND), "claim second: new")
    world.usable("/dev/ttyU1")
    world.down()
    driver_becomes("ftdi0", "ftdi_sio")


@case("a claim that is gone gives its device back, and no other loses a byte")
def _(world):
    world.up(FIRST + SECOND)
    world.usable("/dev/ttyU0")
    world.usable("/dev/ttyU1")
    text = bytes(range(256)) * 256
    got = bytearray()
    fd = os.open("/dev/ttyU0", os.O_RDWR | os.O_NOCTTY)
    probe.raw(fd)
    os.set_blocking(fd, True)

    def read_all():
        while len(got) < len(text):
            got.extend(os.read(fd, 4096))

    def write_all():
        with open("/dev/virtio-ports/far.ftdi0", "wb", buffering=0) as far:
            for at in range(0, len(text), 64):
                far.write(text[at:at + 64])

    reader = threading.Thread(target=read_all, daemon=True)
    writer = threading.Thread(target=write_all, daemon=True)
    reader.start()
    writer.start()
    has(world.reload(FIRST), "claim second: gone",
        "devices that leave, or get another unit: 1")
    driver_becomes("ftdi1", "ftdi_sio")
    equal(h_guest.open_error("/dev/ttyU1"), "ENXIO")
    for mode in ("0600", "0660", "0604"):
        world.reload("[devswd]\nmode = %s\n" % mode + FIRST)
    has(world.reload(FIRST + SECOND), "claim second: new")
    world.usable("/dev/ttyU1")
    writer.join(60)
    reader.join(60)
    equal(bytes(got) == text, True, "%d bytes of %d" % (len(got), len(text)))
    os.close(fd)
    world.down()


@case("what is wrong is told, and changes nothing")
def _(world):
    world.up("[devswd]\nmode = 0640\n" + FIRST)
    world.usable("/dev/ttyU0")
    node_is("/dev/ttyU0", 0, 20, 0o640)
    said = world.reload("[devswd]\nmode = 9\ncolor = red\n[claim second]\n"
                        "vid = 0403\n")
    has(said, CONF + ":2: mode 9: wants an octal number",
        CONF + ":3: color: there is no such setting",
        CONF + ":4: [claim second]: vid and pid",
        "the old configuration stays in force")
    world.usable("/dev/ttyU0")
    equal(driver("ftdi1"), "ftdi_sio")
    os.chmod(CONF, 0o666)
    before = len(world.daemon.said())
    world.daemon.kill(signal.SIGHUP)
    probe.wait_for(lambda: "others than root can write to it" in
                   world.daemon.said()[before:], "the refusal")
    os.chmod(CONF, 0o644)
    # pylint: disable=protected-access
    probe.wait_for(world.daemon._is_ready, "the end of the reload")
    has(world.reload("[devswd]\nmajor = 5\nsemantics = linux\n" + FIRST),
        "major: counts after the next start",
        "semantics: counts after the next start")
    world.usable("/dev/ttyU0")
    world.down()


@case("nodes have the owner and the mode of their claim, at once")
def _(world):
    world.up("[devswd]\nmode = 0666\n" + FIRST + "mode = 0600\nowner = 7\n" +
             SECOND)
    world.usable("/dev/ttyU0")
    world.usable("/dev/ttyU1")
    node_is("/dev/ttyU0", 7, 20, 0o600)
    node_is("/dev/dtyU0", 7, 20, 0o600)
    node_is("/dev/ttyU1", 0, 20, 0o666)
    fd = os.open("/dev/ttyU0", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    has(world.reload("[devswd]\nmode = 0644\n" + FIRST + "group = 9\n" +
                     SECOND),
        "owner, group, mode: changed", "claim first: changed")
    node_is("/dev/ttyU0", 0, 9, 0o644)
    node_is("/dev/ttyU1", 0, 20, 0o644)
    os.write(fd, b"x")              # it is not touched otherwise
    os.close(fd)
    # With a unit the nodes are as they shall be without hardware too.
    world.reload(FIRST + "unit = 5\nmode = 0620\n")
    world.usable("/dev/ttyU5")
    node_is("/dev/ttyU5", 0, 20, 0o620)
    probe.vmusb("unplug", "ftdi0")
    world.reload(FIRST + "unit = 5\nmode = 0602\n")
    node_is("/dev/ttyU5", 0, 20, 0o602)
    probe.vmusb("plug", "ftdi0")
    world.usable("/dev/ttyU5")
    node_is("/dev/ttyU5", 0, 20, 0o602)
    world.down()
    # Nor has anything to be plugged in ever.
    world.up("[claim away]\nvid = 1\npid = 2\nunit = 6\n")
    node_is("/dev/ttyU6", 0, 20, 0o660)
    world.reload("[claim away]\nvid = 1\npid = 2\nunit = 6\nmode = 0604\n")
    node_is("/dev/ttyU6", 0, 20, 0o604)
    world.reload("[claim away]\nvid = 1\npid = 2\nunit = 6\n")
    node_is("/dev/ttyU6", 0, 20, 0o660)
    world.down()


def stty(path, *words):
    """What stty(1) does, or says of the mode."""
    run = subprocess.run(["stty", "-F", path, *(words or ("-a",))],
                         check=True, capture_output=True, timeout=60)
    return run.stdout.decode()


@case("a line begins as its claim says; read again, from the next open on")
def _(world):
    first = FIRST + "unit = 0\n"
    acm = "[claim acm]\nvid = 1d6b\npid = 0104\nunit = 4\n"
    world.up(first + "speed = 4800\nformat = 7E2\nflow = rtscts\n" +
             acm + "speed = 19200\nflow = none\n")
    world.usable("/dev/ttyU0")
    world.usable("/dev/ttyU4")
    for node in ("/dev/dtyU0", "/dev/ttyU0"):
        has(stty(node), "speed 4800 baud", " cs7", "parenb -parodd",
            " cstopb", " crtscts", " -ixon")
    has(stty("/dev/dtyU4"), "speed 19200 baud", " cs8", " -crtscts", " -ixon")
    # A client's settings last until the last close.
    fd = os.open("/dev/dtyU0", os.O_RDWR | os.O_NOCTTY)
    stty("/dev/dtyU0", "115200", "cs8", "-parenb", "-echo")
    has(stty("/dev/dtyU0"), "speed 115200 baud", " cs8", "-parenb")
    has(world.reload(first + "speed = 300\n" + acm), "claim first: changed",
        "claim acm: changed")
    has(stty("/dev/dtyU0"), "speed 115200 baud")
    os.close(fd)
    has(stty("/dev/dtyU0"), "speed 300 baud", " cs8", " -echo")
    world.reload(first + acm)
    stty("/dev/dtyU0", "2400")
    has(stty("/dev/dtyU0"), "speed 2400 baud")
    world.down()


@case("each claim has its semantics; read again, from the next first open on")
def _(world):
    first = FIRST + "unit = 0\n"
    second = SECOND + "unit = 1\n"
    flags = os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK
    world.up(first + second + "semantics = linux\n")
    world.usable("/dev/ttyU0")
    world.usable("/dev/ttyU1")
    status, said, _why = ctl("list", "--json")
    equal((status, [(a["serial"], a["semantics"]) for a in
                    json.loads(said)["adapters"] if a["claim"]]),
          (0, [("ftdi0", "netbsd"), ("ftdi1", "linux")]))
    has(ctl("list")[1], "second (linux)")
    bsd = os.open("/dev/ttyU0", flags)
    lin = os.open("/dev/ttyU1", flags)
    equal(ctl("revoke", "/dev/ttyU0")[0], 0)
    equal(probe.outcome(os.write, bsd, b"x"), "EIO")
    equal(ctl("revoke", "/dev/ttyU1")[0], 1)
    os.write(lin, b"x")
    # What is open does not change.
    has(world.reload(first + second), "claim second: semantics as the daemon's, "
        "from the next first open of each node on")
    equal(ctl("revoke", "/dev/ttyU1")[0], 1)
    has(ctl("show", "/dev/ttyU1")[1],
        "linux; netbsd from the next first open on")
    os.write(lin, b"x")
    os.close(lin)
    # close(2) does not wait for the last close, into which an open may come.
    probe.wait_for(lambda: "linux" not in ctl("show", "/dev/ttyU1")[1],
                   "the last close")
    lin = os.open("/dev/ttyU1", flags)
    equal(ctl("revoke", "/dev/ttyU1")[0], 0)
    equal(probe.outcome(os.write, lin, b"x"), "EIO")
    os.close(lin)
    os.close(bsd)
    # Linux's lives on when it is unplugged, and its unit with it.
    has(world.reload(first + second + "semantics = linux\n"),
        "claim second: semantics linux, from the next first open of each")
    lin = os.open("/dev/ttyU1", flags)
    probe.vmusb("unplug", "ftdi1")
    probe.wait_for(lambda: probe.outcome(os.write, lin, b"x") == "EIO",
                   "the unplug")
    probe.vmusb("plug", "ftdi1")
    probe.wait_for(lambda: h_guest.open_error("/dev/ttyU2") == "0",
                   "another unit")
    os.close(lin)
    world.down()


@case("a unit that a claim gets moves its device, and no other")
def _(world):
    world.up(FIRST + SECOND)
    world.usable("/dev/ttyU0")
    world.usable("/dev/ttyU1")
    fd = os.open("/dev/ttyU1", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    has(world.reload(FIRST + "unit = 7\n" + SECOND), "claim first: changed")
    world.usable("/dev/ttyU7")
    equal(h_guest.open_error("/dev/ttyU0"), "ENXIO")
    os.write(fd, b"x")
    os.close(fd)
    world.down()


@case("no device gets the unit of one that is away")
def _(world):
    remember = ("--units", "remembered", "--units-file", UNITS)
    both = FIRST + SECOND
    if os.path.exists(UNITS):
        os.unlink(UNITS)
    probe.vmusb("unplug", "ftdi1")
    world.up(both, *remember)
    world.usable("/dev/ttyU0")
    probe.wait_for(lambda: os.path.exists(UNITS), UNITS)
    probe.vmusb("unplug", "ftdi0")
    probe.wait_for(lambda: h_guest.open_error("/dev/ttyU0") == "ENXIO",
                   "its end")
    probe.vmusb("plug", "ftdi1")
    world.usable("/dev/ttyU1")
    equal(h_guest.open_error("/dev/ttyU0"), "ENXIO", "ftdi0's node")
    world.reload(both)              # which moves nothing
    world.usable("/dev/ttyU1")
    world.down()
    # Another daemon, and only the second one is there.
    world.up(both, *remember)
    world.usable("/dev/ttyU1")
    equal(h_guest.open_error("/dev/ttyU0"), "ENXIO", "ftdi0's node")
    probe.vmusb("plug", "ftdi0")
    world.usable("/dev/ttyU0")
    with open(UNITS, encoding="ascii") as file:
        equal(file.read(), "ucom 0 0403:6001,serial=ftdi0\n"
                           "ucom 1 0403:6001,serial=ftdi1\n")
    # A person gives it another.
    with open(UNITS, "w", encoding="ascii") as file:
        file.write("# the lab\nucom 9 0403:6001,serial=ftdi0\n"
                   "ucom 1 0403:6001,serial=ftdi1\n")
    world.reload(both)
    world.usable("/dev/ttyU9")
    world.usable("/dev/ttyU1")
    world.down()


@case("each HID of a device keeps its unit, over a replug and a restart")
def _(world):
    text = "[claim hids]\nvid = %04x\npid = %04x\n" % (h_vhci.VENDOR,
                                                     h_vhci.PRODUCT)
    remember = ("--units", "remembered", "--units-file", UNITS)
    line = "uhid %%d %04x:%04x,serial=%%s interface=%%d\n" % (
        h_vhci.VENDOR, h_vhci.PRODUCT)

    def plug(port, serial):
        return h_vhci.Hid(port, serial, h_vhci.Interface(PLAIN),
                          h_vhci.Interface(PLAIN))

    def is_interface(node, hid, interface):
        world.usable(node)
        fd = os.open(node, os.O_RDWR)
        hid.wait_wanted(interface)
        os.close(fd)

    if os.path.exists(UNITS):
        os.unlink(UNITS)
    first = plug(0, "one")
    world.up(text, *remember)
    is_interface("/dev/uhid0", first, 0)
    is_interface("/dev/uhid1", first, 1)

    def remembered():
        # A node can be used a moment before main's thread knows of it.
        if not os.path.exists(UNITS):
            return False
        with open(UNITS, encoding="ascii") as file:
            return file.read() == line % (0, "one", 0) + line % (1, "one", 1)
    probe.wait_for(remembered, "the lines of both")
    first.unplug()
    second = plug(0, "two")
    is_interface("/dev/uhid2", second, 0)
    is_interface("/dev/uhid3", second, 1)
    for number in (0, 1):
        equal(h_guest.open_error("/dev/uhid%d" % number), "ENXIO")
    world.reload(text)              # which moves nothing
    world.usable("/dev/uhid3")
    world.down()
    with open(UNITS, encoding="ascii") as file:
        lines = file.read()
    equal(lines, "".join(line % (unit, serial, unit % 2) for unit, serial in
                         enumerate(("one", "one", "two", "two"))))
    # The other way round, with another daemon; and the first again.
    with open(UNITS, "w", encoding="ascii") as file:
        file.write(line % (2, "two", 1) + line % (3, "two", 0) +
                   line % (0, "one", 0) + line % (1, "one", 1))
    world.up(text, *remember)
    is_interface("/dev/uhid2", second, 1)
    is_interface("/dev/uhid3", second, 0)
    first = plug(1, "one")
    is_interface("/dev/uhid0", first, 0)
    is_interface("/dev/uhid1", first, 1)
    second.unplug()
    first.unplug()
    world.down()


def ctl(*args):
    """(status, what it says, what it complains of)"""
    done = subprocess.run([CTL, *args], check=False, text=True, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.returncode, done.stdout, done.stderr


@case("a claim for now takes its device, is kept by a reload, not by a stop")
def _(world):
    text = "0403:6001,serial=ftdi1,unit=4"
    world.up(FIRST)
    world.usable("/dev/ttyU0")
    status, said, why = ctl("claim", text)
    equal((status, why), (0, ""))
    place = os.path.basename(probe.vmusb("path", "ftdi1").strip())
    has(said, "claim %s: new, for now" % text, "%s: taken" % place,
        "/dev/ttyU4\n", "/dev/dtyU4\n")
    equal(driver("ftdi1"), "usbfs")
    fd = os.open("/dev/ttyU4", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    world.reload("[devswd]\nmode = 0640\n" + FIRST)
    os.write(fd, b"x")              # it is the same file
    os.close(fd)
    # What is wrong is one line, and changes nothing.
    equal(ctl("claim", "0403:6001,serial=ftdi0,unit=9"),
          (1, "", "devswctl: claim 0403:6001,serial=ftdi0,unit=9: another "
           "claim names the same devices\n"))
    equal(ctl("claim", "0403:6002,unit=4")[0], 1)
    equal(ctl("claim", "0403:6002,unit=4,driver=nothing")[2],
          "devswctl: claim 0403:6002,unit=4,driver=nothing: there is no such "
          "driver\n")
    has(ctl("claim", "0403:6002")[1], "not plugged in now")
    # The configuration's claim for it is in force from then on.
    has(world.reload(FIRST + SECOND), "claim %s of devswctl: does not count "
        "any more: another claim names the same devices" % text,
        "claim second: new")
    equal(ctl("release", text)[0], 1)
    status, said, why = ctl("release", "second")
    equal((status, why), (0, ""))
    has(said, "claim second: gone, until the configuration is read again")
    equal(driver("ftdi1"), "ftdi_sio")
    has(world.reload(FIRST + SECOND), "claim second: new")
    world.usable("/dev/ttyU1")
    equal(ctl("release", "second")[0], 0)
    equal(ctl("claim", text)[0], 0)
    equal(ctl("release", text)[0], 0)
    equal(driver("ftdi1"), "ftdi_sio")
    equal(h_guest.open_error("/dev/ttyU4"), "ENXIO")
    equal(ctl("claim", text)[0], 0)
    world.usable("/dev/ttyU0")
    world.down()
    driver_becomes("ftdi1", "ftdi_sio")
    world.up(FIRST)
    world.usable("/dev/ttyU0")
    equal(driver("ftdi1"), "ftdi_sio")
    equal(os.path.exists("/dev/ttyU4"), False)
    world.down()


@case("a claim for now goes on after a kill and an upgrade, and no other does")
def _(world):
    text = "0403:6001,serial=ftdi1,unit=4,speed=4800"
    claim = "claim %s of devswctl: " % text
    away = "9:9,unit=7"
    world.up(FIRST, "--keep", kind=probe.Keeper)
    world.usable("/dev/ttyU0")
    equal(ctl("claim", text, "8:8", away)[0], 0)
    equal(ctl("release", "8:8")[0], 0)
    node = os.stat("/dev/ttyU4").st_ino
    for number in (signal.SIGKILL, signal.SIGUSR2):
        said = world.next(number)
        has(said, claim + "goes on", "claim %s of devswctl: goes on" % away)
        equal("8:8" in said, False, "one that was released")
        world.usable("/dev/ttyU4")
        fd = os.open("/dev/ttyU4", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        equal(termios.tcgetattr(fd)[5], termios.B4800, "its speed")
        os.close(fd)
        equal(os.stat("/dev/ttyU4").st_ino, node, "its node")
        equal(h_guest.open_error("/dev/ttyU7"), "ENXIO")
        equal(ctl("claim", text)[2], "devswctl: claim %s: another claim has "
              "the same unit\n" % text)
    # What the configuration says by now counts, and the claim is gone.
    world.write(FIRST + SECOND)
    has(world.next(signal.SIGKILL), claim + "does not count any more: another "
        "claim names the same devices")
    world.write(FIRST)
    equal(claim in world.next(signal.SIGKILL), False, claim)
    # Killed it could not give it back.
    driver_becomes("ftdi1", "none")
    # The same, by a reload.
    equal(ctl("release", away)[0], 0)
    equal(ctl("claim", text)[0], 0)
    world.write(FIRST + SECOND)
    equal(ctl("reload")[0], 0)
    world.usable("/dev/ttyU1")
    world.write(FIRST)
    equal("of devswctl" in world.next(signal.SIGKILL), False, "claims")
    driver_becomes("ftdi1", "none")
    equal(ctl("claim", text)[0], 0)
    world.usable("/dev/ttyU4")
    world.down()
    driver_becomes("ftdi1", "ftdi_sio")


@case("what was detached or released for now stays so, after a kill, too")
def _(world):
    place = os.path.basename(probe.vmusb("path", "ftdi0").strip())
    world.up(FIRST + SECOND, "--keep", kind=probe.Keeper)
    for path in ("/dev/ttyU0", "/dev/ttyU1"):
        world.usable(path)
    equal(ctl("detach", place)[0], 0)
    equal(ctl("release", "second")[0], 0)
    for number in (signal.SIGKILL, signal.SIGUSR2):
        has(world.next(number), "claim second: stays released, until the "
            "configuration is read again")
        probe.wait_for(lambda: '"detached": true' in
                       ctl("list", "--json")[1], "the detached one")
        equal((driver("ftdi0"), driver("ftdi1")), ("ftdi_sio", "ftdi_sio"))
        equal(h_guest.open_error("/dev/ttyU0"), "ENXIO")
    # Until somebody says otherwise.
    equal(ctl("attach", place)[0], 0)
    world.usable("/dev/ttyU0")
    world.next(signal.SIGKILL)
    world.usable("/dev/ttyU0")
    equal(driver("ftdi1"), "ftdi_sio")
    equal(ctl("detach", place)[0], 0)
    equal(ctl("reload")[0], 0)
    equal("released" in world.next(signal.SIGKILL), False, "released")
    for path in ("/dev/ttyU0", "/dev/ttyU1"):
        world.usable(path)
    # Another plugging is not the one that was detached.
    equal(ctl("detach", place)[0], 0)
    os.kill(world.daemon.pid, signal.SIGSTOP)
    pid = child()
    os.kill(pid, signal.SIGKILL)
    probe.vmusb("unplug", "ftdi0")
    probe.vmusb("plug", "ftdi0")
    os.kill(world.daemon.pid, signal.SIGCONT)
    world.usable("/dev/ttyU0")
    world.down()


h_guest.run(Reload())
