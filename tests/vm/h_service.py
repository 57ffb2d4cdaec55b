# SPDX-License-Identifier: BSD-2-Clause
"""h_service: devswd as it is installed, in a guest of tools/vm --systemd.

install() copies what "meson install" would, to where that would put it
(the build's prefix; not the manual), so that systemd, udev and sysusers find
their files as on a machine of a user's.  It cannot be a package: dpkg takes
minutes for its database in a guest.  configure() writes the configuration.
Service is a World (h_guest) whose daemon is devswd.service.
"""

import grp
import json
import os
import pwd
import select
import shutil
import subprocess
import sys
import termios

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_guest  # noqa: E402
from h_guest import equal, probe  # noqa: E402

BUILD = os.environ["DEVSW_BUILD"]
CONFIG = "/etc/devsw/devswd.conf"
UNIT = "devswd.service"
LIMIT = 120             # seconds, for what systemctl waits for

CLAIMS = """
[claim ftdi]
vid = 0403
pid = 6001
serial = ftdi0
unit = 0
"""
BOTH = CLAIMS + """
[claim acm]
vid = 1d6b
pid = 0104
serial = acm0
unit = 1
"""


def command(*argv, check=True, user=None):
    """Standard output of a command, which has to work."""
    done = subprocess.run(argv, check=False, text=True, timeout=LIMIT,
                          user=user, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    if check and done.returncode != 0:
        raise AssertionError("%s: status %d: %s%s" % (
            " ".join(argv), done.returncode, done.stdout, done.stderr))
    return done.stdout


def prop(name, unit=UNIT):
    """What systemd says of a unit: systemctl show."""
    return command("systemctl", "show", "--value", "-p", name, unit).strip()


def journal():
    """What the service has said."""
    return command("journalctl", "--no-pager", "-q", "-o", "cat", "-u", UNIT)


def install():
    """As "meson install", and what a package does after it.

    Without pages and headers, nor what is a directory, the drivers' kit:
    the service has no use of them, and a guest is slow.
    """
    with open(BUILD + "/meson-info/intro-installed.json",
              encoding="utf-8") as file:
        files = json.load(file)
    for source, target in files.items():
        if (not os.path.isabs(source) or os.path.isdir(source) or
                "/man/" in target or "/include/" in target):
            continue
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copyfile(source, target)
        os.chmod(target, 0o755 if os.access(source, os.X_OK) else 0o644)
    command("systemd-sysusers")
    command("udevadm", "control", "--reload")
    command("systemctl", "daemon-reload")


def configure(text):
    """Write the configuration; nobody is told."""
    os.makedirs(os.path.dirname(CONFIG), exist_ok=True)
    with open(CONFIG, "w", encoding="utf-8") as file:
        file.write(text)


def drop_in(text):
    """Change the unit, as "systemctl edit" does."""
    where = "/etc/systemd/system/%s.d" % UNIT
    os.makedirs(where, exist_ok=True)
    with open(where + "/test.conf", "w", encoding="utf-8") as file:
        file.write(text)
    command("systemctl", "daemon-reload")


def owner(path):
    """USER:GROUP MODE"""
    found = os.stat(path)
    return "%s:%s %04o" % (pwd.getpwuid(found.st_uid).pw_name,
                           grp.getgrgid(found.st_gid).gr_name,
                           found.st_mode & 0o7777)


class Daemon:
    """devswd.service, for who wants a probe.Daemon."""

    class process:          # pylint: disable=invalid-name
        """The test is not its parent."""

        @staticmethod
        def poll():
            """It has not ended, or is not ours to tell."""
            return None

    @property
    def pid(self):
        """Of the main process; 0: there is none."""
        return int(prop("MainPID"))

    @staticmethod
    def said():
        """Its log."""
        return journal() + command("systemctl", "status", "--no-pager", UNIT,
                                   check=False)


class Service(h_guest.World):
    """A World whose daemon is the service."""

    def __init__(self, config=CLAIMS, nodes=("/dev/dtyU0",)):
        super().__init__("none")
        self.config = config
        self.nodes = nodes

    def start(self):
        """Install, configure and start it."""
        install()
        configure(self.config)
        self.daemon = Daemon()
        command("systemctl", "enable", "--now", UNIT)
        for path in self.nodes:
            self.usable(path)

    def repair(self):
        """After a case that failed."""
        for line in probe.vmusb("list").splitlines():
            if line.split()[2] == "unplugged":
                probe.vmusb("plug", line.split()[0])
        configure(self.config)
        command("systemctl", "reset-failed", UNIT, check=False)
        command("systemctl", "restart", UNIT, check=False)
        for path in self.nodes:
            self.usable(path)

    def stop(self):
        """Stop it; returns whether it ended as it should."""
        command("systemctl", "stop", UNIT)
        if prop("Result") != "success":
            print("not ok - devswd.service ends well: " + prop("Result"))
            return False
        return True


def goes_on(world, *what):
    """What is open goes on after a command: calls, settings, lines, bytes."""
    path, before = world.nodes[0], world.daemon.pid
    far = probe.Far(probe.far_path("ftdi0"))
    fd = probe.open_node(path, os.O_RDWR)
    probe.raw(fd, clocal=True)
    command("stty", "-F", path, "57600")
    mode, lines = termios.tcgetattr(fd), probe.modem_lines(fd)
    node = os.stat(path).st_ino
    termios.tcflow(fd, termios.TCOOFF)
    os.write(fd, b"unsent")
    calls = (probe.Call("read", os.read, fd, 1),
             probe.Call("poll", probe.poll_fd, fd, select.POLLIN))
    for call in calls:
        call.wait_blocked()
    began = probe.now()
    command(*what)
    probe.wait_for(lambda: world.daemon.pid not in (0, before) and
                   prop("ActiveState") == "active", "the next one")
    equal(termios.tcgetattr(fd), mode, "the settings")
    print("# an ioctl is answered %.2f s after %s" %
          (probe.now() - began, " ".join(what[-2:])))
    equal(probe.modem_lines(fd), lines, "the lines")
    equal(os.stat(path).st_ino, node, "the node")
    for call in calls:
        equal(call.ended(0.1), False, "the " + call.name)
    termios.tcflow(fd, termios.TCOON)
    equal(far.take(6), b"unsent")
    far.write(b"xy")            # one for the reader, and one is there
    equal(calls[0].result()[0], "1", "the read")
    equal(calls[1].result()[0].split()[0], "IN", "the poll")
    equal(probe.read_all(fd, 1), b"y")
    os.write(fd, b"new")
    equal(far.take(3), b"new")
    os.close(fd)
    far.close()
