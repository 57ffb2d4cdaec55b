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
import json
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


def mapped(pid, path="/clone.so"):
    """Is the module's code in the daemon?"""
    with open("/proc/%d/maps" % pid, encoding="ascii") as file:
        return path in file.read()


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


def kept():
    """The daemon of major 121, whose keeper starts another one."""
    with open("/run/devsw/devswd-121.lock", encoding="ascii") as file:
        return int(file.read() or 0)


def loaded():
    """Its modules."""
    return json.loads(subprocess.check_output(
        [CTL, "--major", "121", "status", "--json"]))["modules"]


def next_one(keeper, number):
    """Signal that; returns what the next one, which answers, has said."""
    pid, before = kept(), len(keeper.said())
    os.kill(pid, number)
    wait_next(pid)
    return keeper.said()[before:]


def wait_next(pid):
    """Another process than that answers."""
    probe.wait_for(lambda: kept() != pid and
                   ctl("--major", "121", "status")[0] == 0, "the next one")


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
    os.kill(kept(), signal.SIGKILL)
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


def keeper_121(*options):
    """A keeper without hardware, with a log of its own."""
    log = "/tmp/devswd-121.log"
    if os.path.exists(log):
        os.unlink(log)
    return probe.Keeper(os.environ["DEVSWD"], log, "--keep", "-v", "--major",
                        "121", "--claim", "dead:beef", *options, major=121)


def replace(path, by):
    """The file of a module becomes another one's, as by an upgrade."""
    shutil.copyfile(by, path + ".new")
    os.rename(path + ".new", path)


@case("killed, crashed or upgraded: modules that were loaded later are back")
def _(_world):
    keeper = keeper_121()
    # One that requires another one, in that order.
    for name in ("clone", "tt", "lend", "borrow", "mt"):
        good("--major", "121", "modload", MODULES + "/%s.so" % name)
    good("--major", "121", "modunload", "tt")
    claim = "9:9,unit=3,driver=mt"
    good("--major", "121", "claim", claim)
    os.close(os.open(NODE, os.O_RDWR))
    for number in (signal.SIGKILL, signal.SIGUSR2, signal.SIGSEGV):
        said = next_one(keeper, number)
        for name in ("clone", "lend", "borrow", "mt"):
            equal("module %s/%s.so of devswctl: goes on\n" % (MODULES, name)
                  in said, True, said)
        equal("/tt.so" in said, False, said)
        equal("claim %s of devswctl: goes on\n" % claim in said, True, said)
        equal(loaded(), ["clone", "lend", "borrow", "mt"],
              "modules")
        fd = os.open(NODE, os.O_RDWR)
        equal(os.write(fd, b"new"), 3)
        equal(os.read(fd, 10), b"new")
        os.close(fd)
    # What is wrong by now is not loaded, and the next one knows nothing of it.
    path = MODULES + "/mt.so"
    os.chmod(path, 0o646)
    said = next_one(keeper, signal.SIGKILL)
    os.chmod(path, 0o644)
    equal("module %s of devswctl: not loaded again: not loaded: %s can be "
          "written to by others than root\n" % (path, path) in said, True,
          said)
    equal("claim %s of devswctl: does not count any more: there is no such "
          "driver\n" % claim in said, True, said)
    said = next_one(keeper, signal.SIGKILL)
    equal(("/mt.so" in said, claim in said), (False, False), said)
    equal(loaded(), ["clone", "lend", "borrow"], "modules")
    good("--major", "121", "modload", path)
    # One that it could not be told of is not loaded.
    deep = os.path.join(MODULES, *["d" * 200] * 3)
    os.makedirs(deep)
    shutil.copyfile(MODULES + "/mt.so", deep + "/mt.so")
    equal(ctl("--major", "121", "modload", deep + "/mt.so"),
          (1, "devswctl: %s/mt.so: it is too long to be kept for the next "
           "devswd" % deep))
    # A stop is the end of it.
    equal(keeper.stop(), 0, "the keeper's status")
    equal(os.path.exists(NODE), False, NODE)
    keeper = keeper_121()
    equal(loaded(), [], "modules")
    equal(keeper.stop(), 0, "the keeper's status")


@case("a module that ends the daemon is left alone, and named")
def _(_world):
    path = MODULES + "/some.so"
    alone = ("module %s of devswctl: devswd has died while it loaded it: left "
             "alone until devswctl modload\n" % path)
    shutil.copyfile(MODULES + "/clone.so", path)
    # At once if it has never come up: one that crashes, or is waited for.
    for bad in ("bad6", "bad7"):
        keeper = keeper_121()
        replace(path, MODULES + "/%s.so" % bad)
        pid, before = kept(), len(keeper.said())
        load = probe.Call("modload", ctl, "--major", "121", "modload", path)
        if bad == "bad7":
            probe.wait_for(lambda: mapped(pid, path), "its code")
            os.kill(pid, signal.SIGKILL)
        equal(load.result()[0], str((1, "devswctl: %s: devswd has ended before "
                                     "it answered" % path)), "modload")
        wait_next(pid)
        equal(keeper.said()[before:].count(alone), 1, keeper.said())
        equal(loaded(), [], "modules")
        equal(path in next_one(keeper, signal.SIGKILL), False, path)
        equal(keeper.stop(), 0, "the keeper's status")
    # One that did come up has three tries.
    keeper = keeper_121()
    replace(path, MODULES + "/clone.so")
    good("--major", "121", "modload", path)
    replace(path, MODULES + "/bad6.so")
    before = len(keeper.said())
    os.kill(kept(), signal.SIGKILL)
    probe.wait_for(lambda: alone in keeper.said()[before:], "the end of it")
    wait_next(0)
    said = keeper.said()[before:]
    equal((said.count("died: bad: it was to be expected"), said.count(alone)),
          (3, 1), said)
    equal(h_guest.open_error(NODE), "ENXIO", "open")
    # And is as good as new when somebody says so.
    replace(path, MODULES + "/clone.so")
    good("--major", "121", "modload", path)
    equal("module %s of devswctl: goes on\n" % path in
          next_one(keeper, signal.SIGKILL), True, keeper.said())
    os.close(os.open(NODE, os.O_RDWR))
    equal(keeper.stop(), 0, "the keeper's status")
    os.unlink(path)


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
