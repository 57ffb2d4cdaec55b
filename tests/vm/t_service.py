#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --smp 1 --systemd --usb ftdi --usb acm --usb hid-mouse
# timeout: 400
"""t_service: devswd.service, under a real systemd and a real udevd.

It does its work without being root: what it may is what the unit and
59-devsw-access.rules give it (devswd(8), THE SERVICE), and a daemon that hangs
is restarted (systemd.service(5), WatchdogSec=).
"""

import glob
import os
import re
import select
import signal
import socket
import subprocess
import sys
import termios

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_guest  # noqa: E402
import h_service  # noqa: E402
from h_guest import case, equal, probe  # noqa: E402
from h_service import command, owner, prop  # noqa: E402

NODE = "/dev/ttyU0"
CALLOUT = "/dev/dtyU0"
USER = ("setpriv", "--reuid", "1234", "--regid", "1234")
CTL = h_service.BUILD + "/src/cmd/devswctl/devswctl"


def process(pid):
    """{name: value} of /proc/PID/status."""
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file
                    if ":\t" in line)


def usbfs(name):
    """The usbfs node of a device of vmusb's."""
    place = probe.vmusb("path", name).strip()
    with open(os.path.join(place, "uevent"), encoding="ascii") as file:
        return "/dev/" + re.search("^DEVNAME=(.*)$", file.read(), re.M)[1]


def receives(*prefix):
    """Does head, run so, get from the node what the far end sends?"""
    far = probe.Far(probe.far_path("ftdi0"))
    argv = [*prefix, "sh", "-c",
            "exec 3<>%s; stty raw clocal <&3; echo open; head -c 5 <&3" %
            CALLOUT]
    with subprocess.Popen(argv, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as child:
        first = child.stdout.readline()
        if first == b"open\n":
            far.write(b"hello")
            first = child.stdout.read()
        child.kill()
    far.close()
    return first.decode()


def network():
    """Something for avahi to tell: an interface, and avahi itself."""
    if not os.path.exists("/sys/class/net/lan0"):
        command("ip", "link", "add", "lan0", "type", "dummy")
    command("ip", "link", "set", "lan0", "up", "multicast", "on")
    command("ip", "address", "replace", "10.9.8.7/24", "dev", "lan0")
    command("systemctl", "start", "dbus.socket", "avahi-daemon.service")


@case("it is not root: a user of its own, two capabilities, a filter")
def _(world):
    status = process(world.daemon.pid)
    uid = command("id", "-u", "devsw").strip()
    equal(status["Uid"].split(), [uid] * 4, "its user")
    equal(status["Groups"].split(), [command("id", "-g", "devsw").strip()],
          "its groups")
    for name in ("CapPrm", "CapEff", "CapBnd"):
        equal(int(status[name], 16), 1 << 0 | 1 << 3, name)
    equal(status["NoNewPrivs"], "1")
    equal(status["Seccomp"], "2")


@case("udev gives it /dev/cuse and what is claimed, and no other device")
def _(_world):
    equal(owner("/dev/cuse"), "root:devsw 0660", "/dev/cuse")
    equal(owner(usbfs("ftdi0")), "root:devsw 0660", "the claimed adapter")
    equal(owner(usbfs("mouse0")), "root:root 0664", "the mouse")
    mine = [path for path in glob.glob("/dev/bus/usb/*/*")
            if "devsw" in owner(path)]
    equal(mine, [usbfs("ftdi0")], "devices of group devsw")
    text = command("udevadm", "info", "-q", "property", usbfs("ftdi0"))
    equal("ID_MM_DEVICE_IGNORE=1\n" in text, True, text)
    equal("DEVSW_CLAIM=0403:6001,serial=ftdi0,unit=0\n" in text, True, text)


@case("nodes have the owner, group and mode that are configured")
def _(_world):
    equal(owner(NODE), "root:dialout 0660", NODE)
    equal(owner(CALLOUT), "root:dialout 0660", CALLOUT)


@case("a user in dialout reads from a node, another one is refused")
def _(_world):
    equal(receives(*USER, "--groups", "20"), "hello", "in dialout")
    text = receives(*USER, "--clear-groups")
    equal("Permission denied" in text, True, text)


@case("a service with CAP_DAC_OVERRIDE opens it, though not root")
def _(_world):
    equal(receives(*USER, "--clear-groups", "--inh-caps", "+dac_override",
                   "--ambient-caps", "+dac_override"), "hello")


@case("unplugged the node answers ENXIO, and works again after a replug")
def _(world):
    probe.vmusb("unplug", "ftdi0")
    probe.wait_for(lambda: h_guest.open_error(CALLOUT) == "ENXIO", "ENXIO")
    probe.vmusb("plug", "ftdi0")
    world.usable(CALLOUT)
    equal(owner(usbfs("ftdi0")), "root:devsw 0660", "the adapter")
    equal(receives(), "hello")


@case("links and device units are there while the hardware is")
def _(world):
    unit = "dev-ttyU0.device"

    def links():
        return sorted(link for link in (
            "/dev/devsw/ftdi", *glob.glob("/dev/serial/by-id/*ftdi0*"))
                      if os.path.realpath(link) == CALLOUT)

    probe.wait_for(lambda: len(links()) == 2, "its links")
    probe.wait_for(lambda: prop("ActiveState", unit) == "active", unit)
    probe.vmusb("unplug", "ftdi0")
    probe.wait_for(lambda: not links(), "no links")
    probe.wait_for(lambda: prop("ActiveState", unit) == "inactive", unit)
    equal(os.path.exists(NODE), True, NODE)
    probe.vmusb("plug", "ftdi0")
    world.usable(CALLOUT)
    probe.wait_for(lambda: len(links()) == 2, "its links")
    probe.wait_for(lambda: prop("ActiveState", unit) == "active", unit)
    # It may wake udev for its own nodes, and write to nothing else there.
    equal(owner("/sys/class/cuse/ttyU0/uevent"), "devsw:root 0644", "uevent")


@case("devswctl and revoke(2) find it")
def _(_world):
    status = h_guest.status()
    equal([node["name"] for node in status["nodes"]], ["ttyU0", "dtyU0"])
    fd = probe.open_node(CALLOUT)
    equal(h_guest.revoke(CALLOUT), "0")
    equal(probe.outcome(os.read, fd, 1), "0")
    os.close(fd)
    equal(owner("/run/devsw"), "devsw:devsw 0755", "/run/devsw")
    equal(owner("/var/lib/devsw"), "devsw:devsw 0755", "/var/lib/devsw")


@case("members of group devsw see who uses a node, by any of their groups")
def _(_world):
    gid = command("id", "-g", "devsw").strip()
    fd = probe.open_node(CALLOUT)

    def who(*groups):
        done = subprocess.run([*USER, *groups, CTL, "who", "dtyU0"],
                              check=False, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=60)
        return done.returncode, str(os.getpid()) in done.stdout

    equal(who("--groups", gid), (0, True), "a supplementary group")
    equal(who("--groups", "20," + gid), (0, True), "one of two")
    equal(who("--groups", "20"), (1, False), "another one")
    equal(who("--clear-groups"), (1, False), "no group")
    equal(owner("/run/devsw/devswd-120.ctl.key"), "devsw:devsw 0640")
    os.close(fd)


@case("devsw-gateway.service serves the node, over a reload and a plug")
def _(world):
    unit = "devsw-gateway.service"
    text = "[port lab]\nnode = %s\nlisten = raw 4100\n" % CALLOUT
    with open("/etc/devsw/gateway.conf", "w", encoding="ascii") as file:
        file.write(text)
    command("systemctl", "start", unit)
    status = process(int(prop("MainPID", unit)))
    equal(status["Uid"].split()[1], command("id", "-u",
                                            "devsw-gateway").strip())
    equal(int(status["CapBnd"], 16), 0, "its capabilities")
    far = probe.Far(probe.far_path("ftdi0"))
    with socket.create_connection(("::1", 4100), probe.LIMIT) as client:
        client.sendall(b"one")
        equal(far.take(3), b"one")
        with open("/etc/devsw/gateway.conf", "w", encoding="ascii") as file:
            file.write(text + "listen = raw unix:/run/devsw-gateway/lab\n")
        command("systemctl", "reload", unit)
        probe.wait_for(lambda: os.path.exists("/run/devsw-gateway/lab"),
                       "the socket")
        probe.vmusb("unplug", "ftdi0")
        probe.wait_for(lambda: h_guest.open_error(CALLOUT) == "ENXIO", "ENXIO")
        probe.vmusb("plug", "ftdi0")
        probe.wait_for(lambda: h_guest.status()["nodes"][1].get("opens"),
                       "its open")
        far.write(b"two")
        equal(client.recv(3, socket.MSG_WAITALL), b"two")
        # It is told why, though it is in no group of devswd's.
        said = lambda: command("journalctl", "-q", "-o", "cat", "-u", unit)
        probe.wait_for(lambda: "lab: that was: unplugged\n" in said(),
                       "the reason")
        equal(h_guest.revoke(CALLOUT), "0")
        probe.wait_for(lambda: "lab: that was: revoked by user 0; it stays"
                       in said(), "the reason")
    far.close()
    command("systemctl", "stop", unit)
    equal(prop("Result", unit), "success")
    equal(os.path.exists("/run/devsw-gateway"), False, "its directory")


@case("devsw-gateway.service gives an adapter a port by udev's name, and keeps it")
def _(_world):
    unit, kept = "devsw-gateway.service", "/var/lib/devsw-gateway/ports"
    # The name is udev's: of the node's link in /dev/serial/by-id.
    link = probe.wait_for(lambda: [path for path in glob.glob(
        "/dev/serial/by-id/*ftdi0*") if os.path.realpath(path) == CALLOUT],
                          "its link")[0]
    with open("/etc/devsw/gateway.conf", "w", encoding="ascii") as file:
        file.write("[auto]\nlisten = telnet 0.0.0.0:4200-4209\n"
                   "listen = raw 4300-4309\nmdns = yes\n")
    far = probe.Far(probe.far_path("ftdi0"))
    said = lambda: command("journalctl", "-q", "-o", "cat", "-u", unit)
    there = lambda: sum(said().count(name + " is there\n")
                        for name in (CALLOUT, link))
    network()

    def serves(text):
        """It is at the first number."""
        with socket.create_connection(("::1", 4300), probe.LIMIT) as client:
            client.sendall(text)
            equal(far.take(len(text)), text)

    try:
        command("systemctl", "start", unit)
        probe.wait_for(there, "its port")
        # That it is told of no more, t_mdns says: -r waits for who is gone.
        probe.wait_for(lambda: command("avahi-browse", "-rpt",
                                       "_rfc2217._tcp").count(";4200;"),
                       "avahi's word", pause=1)
        serves(b"one")
        with open(kept, encoding="ascii") as file:
            lines = [line for line in file.read().splitlines() if line[0] != "#"]
        equal(lines[0], "4200 " + os.path.basename(link), kept)
        with socket.create_connection(("::1", 4300), probe.LIMIT) as client:
            before = said().count(" is there\n")
            probe.vmusb("unplug", "ftdi0")
            probe.wait_for(lambda: not os.path.exists(link), "no link")
            probe.vmusb("plug", "ftdi0")
            probe.wait_for(lambda: said().count(" is there\n") == before + 1,
                           "the replug")
            far.write(b"two")
            equal(client.recv(3, socket.MSG_WAITALL), b"two")
        before = there()
        command("systemctl", "restart", unit)
        probe.wait_for(lambda: there() > before, "its port again")
        serves(b"three")
    finally:
        command("systemctl", "stop", unit, check=False)
        far.close()


@case("a second daemon of root's with the same numbers is refused")
def _(world):
    done = subprocess.run([os.environ["DEVSWD"], "-f"], check=False,
                          text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60)
    equal(done.returncode, 1, done.stdout)
    equal("runs already with major 120, as process %d" % world.daemon.pid
          in done.stdout, True, done.stdout)


@case("systemctl status says in words how things stand")
def _(_world):
    h_service.drop_in("[Service]\nWatchdogSec=12\n")
    command("systemctl", "restart", h_service.UNIT)
    fd = probe.wait_for(lambda: h_guest.openable(CALLOUT), CALLOUT)
    probe.wait_for(lambda: prop("StatusText") ==
                   "1 claim; 2 nodes, 2 with hardware, 1 open",
                   "the status", pause=0.5)
    os.close(fd)


@case("one that hangs is ended and restarted, and the node works again")
def _(world):
    before = world.daemon.pid
    os.kill(before, signal.SIGSTOP)
    probe.wait_for(lambda: prop("NRestarts") != "0" and
                   world.daemon.pid not in (0, before), "a restart",
                   limit=90, pause=0.5)
    world.usable(CALLOUT)
    equal(receives(), "hello")
    # What systemd ends it with, so that it could give its hardware back.  The
    # main thread has it, in no driver, nor after one.
    words = [line for line in h_service.journal().splitlines()
             if "fatal: SIGABRT" in line]
    equal((words != [], [line for line in words if ", after " in line]),
          (True, []), h_service.journal())


@case("killed, it leaves its nodes to the next one, which serves them")
def _(world):
    def there():
        return [(path, os.stat(path).st_ino, os.stat(path).st_rdev,
                 owner(path)) for path in (NODE, CALLOUT)]

    before, nodes = world.daemon.pid, there()
    far = probe.Far(probe.far_path("ftdi0"))
    old = probe.open_node(CALLOUT, os.O_RDWR)
    probe.raw(old, clocal=True)
    command("stty", "-F", CALLOUT, "4800", "-hupcl", "crtscts")
    mode = termios.tcgetattr(old)
    termios.tcflow(old, termios.TCOOFF)
    os.write(old, b"unsent")
    call = probe.Call("read", os.read, old, 1)
    call.wait_blocked()
    began = probe.now()
    os.kill(before, signal.SIGKILL)
    # None of these is ENOENT; what waits longer than it may is ENXIO.
    errors = set()

    def opened():
        try:
            return probe.open_node(CALLOUT)
        except OSError as error:
            errors.add(probe.errno_name(error.errno))
        return None

    fd = probe.wait_for(opened, "an open")
    equal(errors - {"ENXIO"}, set(), "errors of opens")
    equal(termios.tcgetattr(fd), mode, "the settings")
    probe.raw(fd, clocal=True)
    far.write(b"again")
    equal(probe.read_all(fd, 5), b"again")
    os.write(fd, b"new")
    equal(far.take(3), b"new")
    print("# bytes again %.2f s after the kill" % (probe.now() - began))
    equal(call.result()[0], "0", "the old reader")
    equal(probe.outcome(os.read, old, 1), "0", "a read of the old file")
    equal(there(), nodes, "the nodes")
    equal(world.daemon.pid not in (0, before), True, "another process")
    # Who had it open is told once, and by devswctl.
    was = "dtyU0 was open, by process %d of user 0\n" % os.getpid()
    said = h_service.journal()
    equal((said.count("the devswd before this one died: it was killed\n"),
           said.count(was), said.count("in the middle of: read of dtyU0\n")),
          (1, 1, 1), said)
    equal(was in command(CTL, "status"), True, "devswctl status")
    equal(was in command(CTL, "status", user=1234), False, "to a stranger")
    # What came last, as far as that goes; the read is there in any case.
    last = re.compile(" ms before .*: read of dtyU0, no answer$", re.M)
    for text in (said, command(CTL, "status"), command(CTL, "show", "dtyU0")):
        equal(len(last.findall(text)), 1, text)
    equal(was in command(CTL, "show", "dtyU0"), True, "devswctl show")
    equal(last.findall(command(CTL, "show", "ttyU0")), [], "another node")
    for each in (fd, old):
        os.close(each)
    far.close()


@case("killed, the next one has the right to what has been claimed since")
def _(world):
    h_service.configure(h_service.BOTH)
    os.kill(world.daemon.pid, signal.SIGKILL)
    world.usable("/dev/dtyU1")
    equal(owner(usbfs("acm0")), "root:devsw 0660", "the right to it")
    h_service.configure(h_service.CLAIMS)
    os.kill(world.daemon.pid, signal.SIGKILL)
    probe.wait_for(lambda: h_guest.open_error("/dev/dtyU1") != "0" and
                   "devsw" not in owner(usbfs("acm0")), "the right's end")
    world.usable(CALLOUT)


@case("upgraded, what is open goes on")
def _(world):
    h_service.goes_on(world, CTL, "upgrade")


@case("restarted, what is open goes on")
def _(world):
    h_service.goes_on(world, "systemctl", "restart", h_service.UNIT)


@case("a stop, also one by another unit, ends calls and takes the nodes away")
def _(world):
    # As shutdown.target has with every service.
    down = "/run/systemd/system/down.target"
    with open(down, "w", encoding="ascii") as file:
        file.write("[Unit]\nConflicts=%s\n" % h_service.UNIT)
    command("systemctl", "daemon-reload")
    for stop in (("start", "down.target"), ("stop", h_service.UNIT)):
        os.chmod(CALLOUT, 0o600)
        old = probe.open_node(CALLOUT, os.O_RDWR)
        probe.raw(old, clocal=True)
        command("stty", "-F", CALLOUT, "4800")
        termios.tcflow(old, termios.TCOOFF)
        os.write(old, b"unsent")
        calls = (probe.Call("read", os.read, old, 1),
                 probe.Call("poll", probe.poll_fd, old, select.POLLIN))
        for call in calls:
            call.wait_blocked()
        command("systemctl", *stop)
        probe.wait_for(lambda: prop("ActiveState") == "inactive", "its end")
        equal(prop("Result"), "success")
        equal([call.result()[0] for call in calls], ["0", "IN ERR HUP"],
              "a read and a poll")
        equal(probe.outcome(os.read, old, 1), "ENOTCONN", "the old file")
        probe.wait_for(lambda: os.path.exists("/dev/ttyUSB0"), "/dev/ttyUSB0")
        equal(os.path.exists(NODE), False, NODE)
        os.close(old)
        command("systemctl", "start", h_service.UNIT)
        fd = probe.wait_for(lambda: h_guest.openable(CALLOUT), CALLOUT)
        equal(owner(CALLOUT), "root:dialout 0660", "the node")
        equal(termios.tcgetattr(fd)[5], termios.B9600, "the speed")
        os.close(fd)
    equal(receives(), "hello")


@case("one that is well is left alone for longer than that")
def _(world):
    before = world.daemon.pid
    fd = probe.open_node(CALLOUT, os.O_RDWR)
    probe.raw(fd)
    call = probe.Call("read", os.read, fd, 1)
    call.wait_blocked()
    equal(call.ended(30), False, "a read that waits has ended")
    equal(world.daemon.pid, before, "the process")
    call.kill()
    os.close(fd)


@case("reloaded, it gets the right to what is claimed now, and loses it again")
def _(world):
    before = world.daemon.pid
    fd = probe.open_node(CALLOUT)
    h_service.configure(h_service.BOTH)
    command("systemctl", "reload", h_service.UNIT)
    world.usable("/dev/dtyU1")
    equal(owner(usbfs("acm0")), "root:devsw 0660", "the gadget")
    h_service.configure(h_service.CLAIMS)
    command("systemctl", "reload", h_service.UNIT)
    probe.wait_for(lambda: h_guest.open_error("/dev/dtyU1") in
                   ("ENXIO", "ENOENT"), "the end of ttyU1")
    equal(owner(usbfs("acm0")), "root:root 0664", "the gadget")
    equal(prop("ActiveState"), "active")
    equal(world.daemon.pid, before, "the process")
    os.write(fd, b"still open")
    os.close(fd)


@case("systemctl reload returns when it is done, and fails if it cannot be")
def _(world):
    before = world.daemon.pid
    # Another daemon is no reason to reload that one, or none.
    other = probe.Daemon(os.environ["DEVSWD"], "/tmp/devswd-121.log",
                         "--config", "none", "--major", "121",
                         "--claim", "ffff:ffff")
    for mode in ("0640", "0660"):
        h_service.configure("[devswd]\nmode = %s\n" % mode +
                            h_service.CLAIMS)
        command("systemctl", "reload", h_service.UNIT)
        equal(owner(NODE), "root:dialout " + mode, NODE)
    equal("reading the configuration" in other.said(), False, other.said())
    equal(other.stop(), 0)
    h_service.configure(h_service.CLAIMS + "[claim x]\nvid = nonsense\n")
    done = subprocess.run(["systemctl", "reload", h_service.UNIT],
                          check=False, timeout=h_service.LIMIT,
                          stderr=subprocess.PIPE, text=True)
    equal(done.returncode != 0, True, "the reload")
    equal("the old configuration stays in force" in h_service.journal(), True)
    equal((prop("ActiveState"), world.daemon.pid), ("active", before))
    world.usable(CALLOUT)
    h_service.configure(h_service.CLAIMS)
    command("systemctl", "reload", h_service.UNIT)
    equal((prop("ActiveState"), prop("SubState")), ("active", "running"))


@case("a claim of devswctl's comes with the right to the device, for now")
def _(world):
    rights = "/run/devsw.claims"
    acm = "1d6b:0104,serial=acm0,unit=1"

    def away():
        probe.wait_for(lambda: h_guest.open_error("/dev/dtyU1") in
                       ("ENXIO", "ENOENT"), "the end of ttyU1")
        equal(owner(usbfs("acm0")), "root:root 0664", "the gadget")
        equal(os.path.exists(rights), False, rights)

    away()
    text = command(CTL, "claim", acm)
    equal("/dev/dtyU1\n" in text, True, text)
    world.usable("/dev/dtyU1")
    equal(owner(usbfs("acm0")), "root:devsw 0660", "the gadget")
    # Not the daemon's to write, or to put another in its place.
    equal(owner(rights), "root:root 0644", rights)
    equal(owner(os.path.dirname(rights)), "root:root 0755", "/run")
    command("systemctl", "reload", h_service.UNIT)
    equal(owner(usbfs("acm0")), "root:devsw 0660", "the gadget")
    world.usable("/dev/dtyU1")
    probe.vmusb("unplug", "acm0")
    probe.wait_for(lambda: h_guest.open_error("/dev/dtyU1") == "ENXIO",
                   "ENXIO")
    probe.vmusb("plug", "acm0")
    world.usable("/dev/dtyU1")
    command(CTL, "release", acm)
    away()
    # It lives as long as the service, whichever process that is.
    command(CTL, "claim", acm)
    for again in (("kill", "-s", "KILL"), ("restart",)):
        world.usable("/dev/dtyU1")
        before = world.daemon.pid
        command("systemctl", *again, h_service.UNIT)
        probe.wait_for(lambda: world.daemon.pid not in (0, before) and
                       prop("ActiveState") == "active", "the next one")
        equal(owner(rights), "root:root 0644", rights)
    probe.vmusb("unplug", "acm0")
    probe.wait_for(lambda: h_guest.open_error("/dev/dtyU1") == "ENXIO",
                   "ENXIO")
    probe.vmusb("plug", "acm0")
    world.usable("/dev/dtyU1")
    equal(owner(usbfs("acm0")), "root:devsw 0660", "the gadget")
    # But not longer, also if it could not clean up.
    command("systemctl", "kill", "-s", "KILL", h_service.UNIT)
    command("systemctl", "stop", h_service.UNIT)
    command("systemctl", "start", h_service.UNIT)
    world.usable(CALLOUT)
    away()


@case("a claim that goes takes the right along, at the next start")
def _(world):
    h_service.configure(h_service.CLAIMS.replace("6001", "6002"))
    command("systemctl", "restart", h_service.UNIT)
    equal(owner(usbfs("ftdi0")), "root:root 0664", "the adapter")
    h_service.configure(h_service.CLAIMS)
    command("systemctl", "restart", h_service.UNIT)
    world.usable(CALLOUT)


@case("a mistake in the configuration is told once, and not tried again")
def _(world):
    h_service.configure("[claim x]\nvid = nonsense\n")
    done = subprocess.run(["systemctl", "restart", h_service.UNIT],
                          check=False, timeout=h_service.LIMIT,
                          stderr=subprocess.PIPE, text=True)
    equal(done.returncode != 0, True, "restart")
    equal(prop("ActiveState"), "failed")
    equal(prop("ExecMainStatus"), "2")
    # The one before has seen it, and has not ended for it.
    probe.wait_for(lambda: os.path.exists("/dev/ttyUSB0"), "/dev/ttyUSB0")
    h_service.configure(h_service.CLAIMS)
    command("systemctl", "reset-failed", h_service.UNIT)
    command("systemctl", "start", h_service.UNIT)
    world.usable(CALLOUT)


if __name__ == "__main__":
    h_guest.run(h_service.Service())
