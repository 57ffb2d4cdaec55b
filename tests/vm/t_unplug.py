#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --usb ftdi --usb acm
# builds: plain full:asan
# chips: full:ch340 full:cp2102n full:pl2303hxn full:ft232h full:ch341
# chips: full:cp2102-clone full:cp2105 full:pl2303hx
# timeout: 300
"""t_unplug: an adapter that is pulled out releases everybody, and comes back.

Every call that can wait is blocked when the adapter goes, and each returns
what a BSD tty returns; the descriptor that is left answers as a dead file
for ever; the name works again with the next plug, whoever still holds the
old descriptor; and nothing is left behind in devswd.
"""

import fcntl
import os
import re
import select
import subprocess
import sys
import termios

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_guest  # noqa: E402
from h_guest import CALLOUT, NODES, PROMPT  # noqa: E402
from h_guest import case, equal, probe, within  # noqa: E402

ROUNDS = 4
CYCLES = 11


def both(function):
    """The case is about both adapters."""
    def twice(world):
        for adapter in NODES:
            function(world, adapter)
    return twice


def opened(adapter):
    """The dial-out node, raw; without the pause after a hang-up."""
    fd = probe.open_node(CALLOUT[adapter], os.O_RDWR | os.O_NONBLOCK)
    os.set_blocking(fd, True)
    probe.raw(fd, clocal=True)
    return fd


def stopped_write(call, fd):
    """Fill the output queue; output is stopped.  A word for the last."""
    done = probe.write_on(call, fd, 4096, 1 << 20)
    return done if isinstance(done, str) else "partial"


def full_poll(fd):
    """Poll for room in a queue that has none."""
    return probe.poll_fd(fd, select.POLLOUT)


def epolled(fd):
    """epoll_wait for input."""
    epoll = select.epoll()
    epoll.register(fd, select.EPOLLIN)
    return probe.poll_names(epoll.poll()[0][1])


def selected(fd):
    """select for input: how many of the three sets it is in."""
    ready = select.select([fd], [], [fd])
    return "readable" if ready[0] else "not readable"


def pull(world, adapter, calls):
    """Unplug; returns {name: word} and checks that all were prompt."""
    for name, call in calls.items():
        if not call.wait_blocked():
            raise AssertionError("%s did not wait: %s" %
                                 (name, call.result()[0]))
    began = probe.now()
    world.unplug(adapter)
    words = {}
    for name, call in calls.items():
        words[name], at = call.result()
        within(at - began, PROMPT, name)
    return words


@case("a blocked read returns 0")
@both
def _(world, adapter):
    fd = opened(adapter)
    equal(pull(world, adapter, {"read": probe.Call("read", os.read, fd, 9)}),
          {"read": "0"})
    os.close(fd)
    world.plug(adapter)


@case("many readers of one node all return 0")
@both
def _(world, adapter):
    fd = opened(adapter)
    fds = [fd] + [opened(adapter) for _ in range(9)]
    calls = {number: probe.Call("read", os.read, fds[number], 9)
             for number in range(10)}
    equal(pull(world, adapter, calls), dict.fromkeys(range(10), "0"))
    for fd in fds:
        os.close(fd)
    world.plug(adapter)


@case("a blocked write returns EIO or what was taken")
@both
def _(world, adapter):
    fd = opened(adapter)
    termios.tcflow(fd, termios.TCOOFF)
    word = pull(world, adapter, {"write": probe.Call(
        "write", stopped_write, fd, counted=True)})["write"]
    if word not in ("EIO", "partial"):
        raise AssertionError("write: " + word)
    equal(probe.outcome(os.write, fd, b"x"), "EIO", "the next write")
    os.close(fd)
    world.plug(adapter)


@case("a write that waits for the wire returns EIO or what was taken")
def _(world):
    fd = opened("acm0")                     # nobody reads its far end
    word = pull(world, "acm0", {"write": probe.Call(
        "write", stopped_write, fd, counted=True)})["write"]
    if word not in ("EIO", "partial"):
        raise AssertionError("write: " + word)
    os.close(fd)
    world.plug("acm0")


@case("poll, select and epoll are woken: IN ERR HUP")
@both
def _(world, adapter):
    fd = opened(adapter)
    equal(pull(world, adapter, {
        "poll": probe.Call("poll", probe.poll_fd, fd, select.POLLIN),
        "poll for nothing": probe.Call("poll", probe.poll_fd, fd, 0),
    }), {"poll": "IN ERR HUP", "poll for nothing": "ERR HUP"})
    os.close(fd)
    world.plug(adapter)


@case("select and epoll are woken too")
@both
def _(world, adapter):
    fd = opened(adapter)
    equal(pull(world, adapter, {
        "epoll": probe.Call("epoll", epolled, fd),
        "select": probe.Call("select", selected, fd),
    }), {"epoll": "IN ERR HUP", "select": "readable"})
    os.close(fd)
    world.plug(adapter)


@case("a poll for room in a full queue is woken: OUT ERR HUP")
@both
def _(world, adapter):
    fd = opened(adapter)
    termios.tcflow(fd, termios.TCOOFF)
    os.set_blocking(fd, False)
    while probe.outcome(os.write, fd, b"f" * 4096) != "EAGAIN":
        pass
    equal(pull(world, adapter, {
        "poll": probe.Call("poll", full_poll, fd)}), {"poll": "OUT ERR HUP"})
    os.close(fd)
    world.plug(adapter)


@case("an open that waits returns ENXIO")
@both
def _(world, adapter):
    fd = opened(adapter)                # dial-in waits for dial-out to end
    equal(pull(world, adapter, {"open": probe.Call(
        "open", probe.open_node, NODES[adapter], os.O_RDWR)}),
          {"open": "ENXIO"})
    os.close(fd)
    world.plug(adapter)


@case("an open that waits for carrier returns ENXIO")
def _(world):
    h_guest.no_carrier()
    equal(pull(world, "acm0", {"open": probe.Call(
        "open", probe.open_node, NODES["acm0"], os.O_RDWR)}),
          {"open": "ENXIO"})
    world.plug("acm0")


@case("tcdrain and a draining close end")
@both
def _(world, adapter):
    fd = opened(adapter)
    termios.tcflow(fd, termios.TCOOFF)
    os.write(fd, b"never sent")
    word = pull(world, adapter, {"tcdrain": probe.Call(
        "ioctl", termios.tcdrain, fd)})["tcdrain"]
    if word not in ("ENXIO", "EBADF", "EIO"):
        raise AssertionError("tcdrain: " + word)
    began = probe.now()
    os.set_blocking(fd, True)
    os.close(fd)
    within(probe.now() - began, PROMPT, "close")
    world.plug(adapter)


@case("the stale descriptor is a dead file, before and after the replug")
@both
def _(world, adapter):
    fd = opened(adapter)
    pull(world, adapter, {})
    # A line without its device reads as a dead file does, a moment before it
    # is one.
    probe.wait_for(lambda: probe.outcome(termios.tcgetattr, fd) == "EBADF",
                   "the end of the device")
    for when in ("unplugged", "plugged again"):
        for _ in range(3):
            equal(probe.outcome(os.read, fd, 10), "0", when + ": read")
            equal(probe.outcome(os.write, fd, b"x"), "EIO", when + ": write")
            equal(probe.outcome(termios.tcgetattr, fd), "EBADF",
                  when + ": tcgetattr")
            equal(probe.outcome(fcntl.ioctl, fd, termios.TIOCMGET, bytes(4)),
                  "EBADF", when + ": TIOCMGET")
            equal(probe.outcome(termios.tcdrain, fd), "EBADF",
                  when + ": tcdrain")
            equal(probe.poll_fd(fd, select.POLLIN | select.POLLOUT, 0),
                  "IN OUT ERR HUP", when + ": poll")
            equal(probe.poll_fd(fd, 0, 0), "ERR HUP", when + ": poll")
        if when == "unplugged":
            equal(h_guest.open_error(NODES[adapter]), "ENXIO")
            equal(h_guest.open_error(NODES[adapter], os.O_RDONLY), "ENXIO")
            world.plug(adapter)
    new = opened(adapter)
    far = probe.Far(probe.far_path(adapter))
    far.write(b"for the new one")
    equal(probe.read_all(new, 15), b"for the new one")
    equal(probe.outcome(os.read, fd, 10), "0", "the stale one")
    far.close()
    equal(probe.outcome(os.close, fd), "0", "close")
    equal(probe.outcome(termios.tcgetattr, new) == "EBADF", False,
          "the new one after the close of the stale one is dead")
    os.close(new)


@case("a node stays the same file while its adapter is away")
@both
def _(world, adapter):
    before = os.stat(NODES[adapter])
    os.chmod(NODES[adapter], 0o600)
    world.unplug(adapter)
    world.plug(adapter)
    after = os.stat(NODES[adapter])
    equal((after.st_rdev, after.st_ino, after.st_mode & 0o777),
          (before.st_rdev, before.st_ino, 0o600), "device, inode, mode")
    os.chmod(NODES[adapter], 0o660)


@case("both adapters at once")
def _(world):
    fds = {adapter: opened(adapter) for adapter in NODES}
    calls = {adapter: probe.Call("read", os.read, fd, 9)
             for adapter, fd in fds.items()}
    for call in calls.values():
        call.wait_blocked()
    began = probe.now()
    processes = [subprocess.Popen(["vmusb", "unplug", adapter])
                 for adapter in NODES]
    for adapter, call in calls.items():
        word, at = call.result()
        equal(word, "0", adapter)
        within(at - began, PROMPT, adapter)
        os.close(fds[adapter])
    for process in processes:
        equal(process.wait(probe.LIMIT), 0, "vmusb")
    for adapter in NODES:
        world.plug(adapter)


def opener(path):
    """Open, ask, close, for ever; ends by a signal."""
    while True:
        try:
            fd = probe.open_node(path)
        except OSError:
            continue
        probe.outcome(os.read, fd, 10)
        os.close(fd)


@case("unplugs while others open and close")
@both
def _(world, adapter):
    hammers = [probe.Call("open", opener, path)
               for path in (NODES[adapter], CALLOUT[adapter])]
    for _ in range(5):
        probe.vmusb("replug", adapter)
        probe.vmusb("wait-plugged", adapter)
    for hammer in hammers:
        hammer.kill()
        hammer.reap()
    world.usable(CALLOUT[adapter])


def cycle(world, adapter, stale):
    """One unplug and replug with a reader; the descriptor is kept."""
    fd = opened(adapter)
    equal(pull(world, adapter, {"read": probe.Call("read", os.read, fd, 9)}),
          {"read": "0"})
    stale.append(fd)
    world.plug(adapter)


@case("%d cycles leave nothing behind in devswd" % CYCLES)
@both
def _(world, adapter):
    def resident():
        """KiB."""
        return h_guest.footprint(world.daemon.pid)[2]

    stale = []
    for _ in range(3):
        cycle(world, adapter, stale)
    while stale:
        os.close(stale.pop())
    rest = h_guest.Rest(world, lambda: None)
    # What the drivers have rest counts to the byte.  Memory is for all else: the
    # heap may grow until it has room for the most that a slow machine does at
    # once, but what is left behind is left each time.
    for _ in range(ROUNDS):
        before = resident()
        for _ in range(CYCLES):
            cycle(world, adapter, stale)
        while stale:
            os.close(stale.pop())
        rest.returns()
        after = resident()
        with open("/proc/%d/maps" % world.daemon.pid, encoding="ascii") as maps:
            if re.search("lib[at]san", maps.read()):
                return      # freed memory is kept, leaks are told at the end
        print("# %d KiB, then %d KiB" % (before, after))
        if after <= before + 50 * CYCLES:
            return
    raise AssertionError("resident memory grew each time, at last from %d to "
                         "%d KiB" % (before, after))


@case("no process is left that cannot be killed")
def _(_world):
    equal(h_guest.unkillable(), [], "processes in state D")


# One heap for all threads of the daemon: with one for each of them what is
# resident depends on which threads have done what.
os.environ["MALLOC_ARENA_MAX"] = "1"

if __name__ == "__main__":
    h_guest.run(h_guest.World())
