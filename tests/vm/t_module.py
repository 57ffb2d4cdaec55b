#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --smp 1 --usb ftdi --usb acm
# builds: plain full:asan
"""t_module: drivers as modules, and a cloning device, on real nodes.

An unload waits or is EBUSY and its code never runs again (from tech-kern on
the opendetach series, January 2022: only d_open is protected against
devsw_detach); each open of a cloning device has its own state and one close
(fd_clone), which a revoke reaches.  tests/modules has the drivers.
"""

import glob
import os
import re
import select
import shutil
import signal
import stat
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_guest  # noqa: E402
from h_guest import CALLOUT, case, equal, probe  # noqa: E402

BUILD = os.environ["DEVSW_BUILD"]
CTL = BUILD + "/src/cmd/devswctl/devswctl"
# Root's, whoever has built them.
MODULES = "/run/modules"
NODE = "/dev/clone0"


def ctl(*args, uid=0):
    """devswctl as this user: (status, standard error)."""
    done = subprocess.run([CTL, *args], check=False, text=True, user=uid,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.returncode, done.stderr.strip()


def good(*args):
    """devswctl, which has to work."""
    equal(ctl(*args), (0, ""), "devswctl %s" % " ".join(args))


def mapped(pid):
    """Is the module's code in the daemon?"""
    with open("/proc/%d/maps" % pid, encoding="ascii") as file:
        return "/clone.so" in file.read()


@case("without claims: --module at the start, --module-dir at an open")
def _(_world):
    daemon = probe.Daemon(
        os.environ["DEVSWD"], "/tmp/devswd-121.log", "-v", "--major", "121",
        "--module", MODULES + "/clone.so", "--module-dir", MODULES)
    probe.wait_for(lambda: os.path.exists(NODE), NODE)
    good("--major", "121", "modunload", "clone")
    equal(mapped(daemon.pid), False, "mapped")
    equal(ctl("modunload", "clone"),
          (1, "devswctl: several devswd run; name one with --major"))
    fd = os.open(NODE, os.O_RDWR)
    equal(mapped(daemon.pid), True, "mapped")
    equal(os.write(fd, b"x"), 1)
    equal(daemon.stop(), 0, "an end with a clone open")
    equal(probe.outcome(os.write, fd, b"x"), "ENOTCONN", "write")
    os.close(fd)


def kill_kept():
    """Kill the daemon of major 121; the keeper starts another one."""
    with open("/run/devsw/devswd-121.lock", encoding="ascii") as file:
        os.kill(int(file.read()), signal.SIGKILL)


@case("killed: a module of the command line is back, and clones are dead")
def _(_world):
    keeper = probe.Keeper(
        os.environ["DEVSWD"], "/tmp/devswd-121.log", "--keep", "-v", "--major",
        "121", "--module", MODULES + "/clone.so", major=121)
    fds = [os.open(NODE, os.O_RDWR) for _ in range(2)]
    calls = (probe.Call("read", os.read, fds[0], 1),
             probe.Call("poll", probe.poll_fd, fds[1], select.POLLIN))
    for call in calls:
        call.wait_blocked()
    kill_kept()
    equal(calls[0].result()[0], "EIO", "read")
    equal("ERR" in calls[1].result()[0], True, "poll")
    for fd in fds:
        equal(probe.outcome(os.write, fd, b"x"), "EIO", "write")
        os.close(fd)
    fd = probe.wait_for(lambda: h_guest.openable(NODE), NODE)
    equal(os.write(fd, b"new"), 3)
    equal(os.read(fd, 10), b"new")
    os.close(fd)
    equal(keeper.stop(), 0, "the keeper's status")
    equal(os.path.exists(NODE), False, NODE)


@case("killed: a module that was loaded later is not back, its node is ENXIO")
def _(_world):
    keeper = probe.Keeper(
        os.environ["DEVSWD"], "/tmp/devswd-121.log", "--keep", "-v", "--major",
        "121", "--claim", "dead:beef", major=121)
    good("--major", "121", "modload", MODULES + "/clone.so")
    os.close(os.open(NODE, os.O_RDWR))
    kill_kept()
    equal(h_guest.open_error(NODE), "ENXIO", "open")
    good("--major", "121", "modload", MODULES + "/clone.so")
    fd = os.open(NODE, os.O_RDWR)
    equal(os.write(fd, b"new"), 3)
    os.close(fd)
    equal(keeper.stop(), 0, "the keeper's status")
    equal(os.path.exists(NODE), False, NODE)


@case("a driver is loaded, its node is there, other nodes go on")
def _(world):
    fd = probe.open_node(CALLOUT["ftdi0"])
    good("modload", MODULES + "/clone.so")
    equal(h_guest.status()["modules"], ["clone"], "modules")
    equal(mapped(world.daemon.pid), True, "mapped")
    equal(stat.S_ISCHR(os.stat(NODE).st_mode), True, "a device")
    os.close(fd)


@case("each open of a cloning device has its own state")
def _(_world):
    one, other = os.open(NODE, os.O_RDWR), os.open(NODE, os.O_RDWR)
    equal(os.write(one, b"one"), 3)
    equal(os.write(other, b"other"), 5)
    equal(os.read(one, 10), b"one")
    equal(probe.poll_fd(one, select.POLLIN | select.POLLOUT, 0), "OUT")
    os.set_blocking(one, False)
    equal(probe.outcome(os.read, one, 1), "EAGAIN")
    call = probe.Call("poll", probe.poll_fd, one, select.POLLIN)
    call.wait_blocked()
    equal(os.read(other, 10), b"other")
    os.write(one, b"x" * 5000)          # more than its pipe holds
    equal(call.result()[0], "IN", "poll")
    equal(len(os.read(one, 10000)), 4096)
    os.close(one)
    equal(os.write(other, b"more"), 4)
    equal(os.read(other, 10), b"more")
    os.close(other)


@case("an unload is EBUSY while a client is in the driver, or has it open")
def _(_world):
    fd = os.open(NODE, os.O_RDWR)
    call = probe.Call("read", os.read, fd, 10)
    call.wait_blocked()
    equal(ctl("modunload", "clone"),
          (1, "devswctl: clone: it is in use"), "modunload")
    os.write(fd, b"still here")
    equal(call.result()[0], "10", "read")
    equal(ctl("modunload", "clone")[0], 1, "modunload")
    os.close(fd)


@case("a revoke closes the clones of everybody")
def _(_world):
    fds = [os.open(NODE, os.O_RDWR) for _ in range(3)]
    calls = [probe.Call("read", os.read, fds[0], 10),
             probe.Call("read", os.read, fds[1], 10)]
    for call in calls:
        call.wait_blocked()
    good("revoke", NODE)
    for call in calls:
        equal(call.result()[0], "EIO", "read")
    for fd in fds:
        equal(probe.outcome(os.write, fd, b"x"), "EIO", "write")
        os.close(fd)
    fd = os.open(NODE, os.O_RDWR)
    equal(os.write(fd, b"new"), 3)
    os.close(fd)


@case("a client that is killed in a read leaves nothing open")
def _(_world):
    def reader():
        return os.read(os.open(NODE, os.O_RDWR), 1)
    call = probe.Call("read", reader)
    call.wait_blocked()
    call.kill()
    call.reap()

    def closed():
        node = [n for n in h_guest.status()["nodes"]
                if n["name"] == "clone0"][0]
        return node["opens"] == 0
    probe.wait_for(closed, "the close of a killed client")


@case("unloaded, its code is gone and the node answers ENXIO, then comes back")
def _(world):
    good("modunload", "clone")
    equal(h_guest.status()["modules"], [], "modules")
    equal(mapped(world.daemon.pid), False, "mapped")
    equal(h_guest.open_error(NODE), "ENXIO", "open")
    before = os.stat(NODE)
    good("modload", MODULES + "/clone.so")
    fd = os.open(NODE, os.O_RDWR)
    equal(os.write(fd, b"again"), 5)
    os.close(fd)
    equal(os.stat(NODE).st_rdev, before.st_rdev, "the node's number")
    good("modunload", "clone")


@case("what is no module, or not root's, is refused with a reason")
def _(_world):
    status_, text = ctl("modload", "/etc/passwd")
    equal(status_, 1)
    equal("invalid ELF header" in text, True, text)
    status_, text = ctl("modload", MODULES + "/bad2.so")
    equal(status_, 1)
    versions = re.fullmatch(r"devswctl: %s/bad2\.so: it is for version (\d+) "
                            r"of the interface, this is (\d+)" %
                            re.escape(MODULES), text)
    equal(bool(versions), True, text)
    equal(int(versions[1]), int(versions[2]) + 1, text)
    equal(ctl("modload", "/nowhere.so"),
          (1, "devswctl: /nowhere.so: No such file or directory"))
    equal(ctl("modunload", "nobody"),
          (1, "devswctl: nobody: no such module is loaded"))
    equal(ctl("modload", MODULES + "/clone.so", uid=1234)[1].rpartition(": "
          )[2], "only root may")
    equal(ctl("modunload", "clone", uid=1234)[1].rpartition(": ")[2],
          "only root may")
    equal(ctl("modload")[0], 2)
    equal(h_guest.status()["modules"], [], "modules")


if __name__ == "__main__":
    os.mkdir(MODULES)
    for module in glob.glob(BUILD + "/tests/modules/*.so"):
        shutil.copyfile(module, os.path.join(MODULES,
                                             os.path.basename(module)))
    h_guest.run(h_guest.World())
