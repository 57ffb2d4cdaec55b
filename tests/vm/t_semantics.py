#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --usb ftdi --usb acm
# builds: plain full:asan full:tsan
# timeout: 100
"""t_semantics: devswd --semantics on a real adapter.

What an unplug, the name after a replug, and a revoke are like under each of
them; sources: NetBSD's spec_vnops.c and dead_vnops.c, FreeBSD's devfs_vnops.c
and dead_vnops.c, Linux's tty_io.c, of which the last is also what Linux 6.1
answered on the same adapter (tools/demo).  Then, since other systems promise
less, that the daemon survives what goes on at once.
"""

import json
import os
import select
import subprocess
import sys
import termios

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_guest  # noqa: E402
from h_guest import case, equal, probe  # noqa: E402

BUILD = os.environ["DEVSW_BUILD"]
CTL = BUILD + "/src/cmd/devswctl/devswctl"
FIRST, SECOND = "/dev/dtyU0", "/dev/dtyU1"
LOAD_S = 4

# blocked poll; then of the stale file: write, tcgetattr, poll(IN OUT);
# the name after a replug; revoke
EXPECTED = {
    "netbsd": (("IN ERR HUP",), "EIO", "EBADF", "IN OUT ERR HUP", FIRST, ""),
    "netbsd-legacy": (("IN ERR HUP",), "EIO", "EBADF", "IN OUT ERR HUP",
                      FIRST, ""),
    # ERR: in the moment before the dead file
    "freebsd": (("IN HUP", "IN ERR HUP"), "ENXIO", "EBADF", "IN HUP", FIRST,
                ""),
    "freebsd-trackclose": (("IN HUP", "IN ERR HUP"), "ENXIO", "EBADF",
                           "IN HUP", FIRST, ""),
    "linux": (("IN ERR HUP",), "EIO", "EIO", "IN OUT ERR HUP", SECOND,
              "Operation not supported"),
}


class NoDaemon(h_guest.World):
    """Each case has a devswd of its own."""

    def start(self):
        """Nothing."""

    def stop(self):
        """Nothing."""
        return True

    def repair(self):
        """Plug what a failed case has left unplugged."""
        for line in probe.vmusb("list").splitlines():
            if line.split()[2] == "unplugged":
                probe.vmusb("plug", line.split()[0])


def start(semantics):
    """A devswd for the gadget, without a fixed unit."""
    daemon = probe.Daemon(os.environ["DEVSWD"], h_guest.LOG, "-v",
                          "--semantics", semantics, "--claim",
                          "1d6b:0104,serial=acm0")
    os.close(probe.wait_for(lambda: h_guest.openable(FIRST), FIRST))
    return daemon


def said(daemon, what):
    """Run something; if it fails, show what devswd said."""
    try:
        what()
    except BaseException:
        for line in daemon.said().splitlines()[-60:]:
            print("# " + line)
        raise


def raw(path):
    """Open, raw, no carrier needed."""
    fd = probe.open_node(path, os.O_RDWR)
    probe.raw(fd, clocal=True)
    return fd


def revoked(path):
    """devswctl revoke: what it complained of."""
    done = subprocess.run([CTL, "revoke", path], check=False, text=True,
                          stderr=subprocess.PIPE)
    return done.stderr.strip().rpartition(": ")[2]


def attached():
    """The nodes that devswctl status says have a device."""
    now = json.loads(subprocess.check_output([CTL, "status", "--json"]))
    return [node["name"] for node in now["nodes"] if node["attached"]]


def unplug(name):
    """A blocked read and poll, an unplug, a replug with the stale file."""
    polled, write, ioctl, both, again, revoke = EXPECTED[name]
    fd = raw(FIRST)
    read = probe.Call("read", os.read, fd, 10)
    poll = probe.Call("poll", probe.poll_fd, fd, select.POLLIN)
    for call in (read, poll):
        if not call.wait_blocked():
            raise AssertionError("%s did not wait" % call.name)
    probe.vmusb("unplug", "acm0")
    equal(read.result()[0], "0", "blocked read")
    equal(poll.result()[0] in polled, True, "blocked poll")
    probe.wait_for(lambda: h_guest.open_error(FIRST) == "ENXIO", "ENXIO")
    equal(attached(), [], "attached")
    equal(probe.outcome(os.read, fd, 1), "0", "read")
    equal(probe.outcome(os.write, fd, b"x"), write, "write")
    equal(probe.outcome(termios.tcgetattr, fd), ioctl, "tcgetattr")
    equal(probe.poll_fd(fd, select.POLLIN | select.POLLOUT, 0), both, "poll")
    probe.vmusb("plug", "acm0")
    new = probe.wait_for(lambda: h_guest.openable(again), again)
    equal(probe.outcome(os.read, fd, 1), "0", "read of the stale file")
    os.close(fd)
    fd = raw(again)
    equal(revoked(again), revoke, "revoke")
    equal(probe.outcome(os.write, fd, b"x") == "1", revoke != "", "revoked")
    os.close(fd)
    os.close(new)


def load():
    """cat and revoke, with unplugs."""
    with subprocess.Popen(
            [BUILD + "/tests/stress/cat_revoke", str(LOAD_S), "24", FIRST,
             FIRST.replace("dtyU", "ttyU")],
            stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            h_guest.pull("acm0", (FIRST, SECOND))
        counts = json.loads(process.stdout.read())
    print("# " + json.dumps(counts))
    equal(process.returncode, 0, "the load's status")
    for error in counts["errors"]:
        if error.split()[1] in ("ECONNABORTED", "ENOTCONN", "ENOENT"):
            raise AssertionError("the daemon has died: " + error)
    equal(counts["open"] > 0, True, "opens")


def add_case(name):
    """A case for these semantics."""
    @case("%s: unplug, replug, revoke, and all at once" % name)
    def _(_world):
        daemon = start(name)
        said(daemon, lambda: unplug(name))
        said(daemon, load)
        said(daemon, lambda: equal(daemon.stop(), 0, "devswd's status"))
        # Also the kernel's and udev's, which work on the last plug.
        probe.wait_for(lambda: not h_guest.unkillable(),
                       "an end of state D")


for semantics_name in EXPECTED:
    add_case(semantics_name)


@case("linux: an end of the daemon does not wait for what lingers")
def _(_world):
    daemon = start("linux")
    fd = raw(FIRST)
    probe.vmusb("unplug", "acm0")
    probe.wait_for(lambda: h_guest.open_error(FIRST) == "ENXIO", "ENXIO")
    said(daemon, lambda: equal(daemon.stop(), 0, "devswd's status"))
    os.close(fd)
    probe.vmusb("plug", "acm0")


@case("unknown semantics are refused, with the names")
def _(_world):
    done = subprocess.run([os.environ["DEVSWD"], "--claim", "1:2",
                           "--semantics", "plan9"], check=False, text=True,
                          stderr=subprocess.PIPE)
    equal(done.returncode, 2)
    equal(done.stderr, "devswd: --semantics plan9: wants one of netbsd, "
          "netbsd-legacy, freebsd, freebsd-trackclose, linux\n")


if __name__ == "__main__":
    h_guest.run(NoDaemon())
