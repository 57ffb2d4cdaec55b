#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --usb ftdi --usb acm
# builds: plain full:tsan
# timeout: 240
"""t_kill: clients can be killed, stopped and interrupted wherever they are.

A process that waits in a node dies of SIGKILL at once, sees EINTR when a
signal handler ran, and can be stopped and continued; a last close never
waits for the wire; and a crowd that waits on one node keeps nobody else
from using it.
"""

import os
import select
import signal
import sys
import termios
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_guest  # noqa: E402
from h_guest import CALLOUT, NODES, PROMPT  # noqa: E402
from h_guest import case, equal, probe, within  # noqa: E402

CROWD = 200


def both(function):
    """The case is about both adapters."""
    def twice(world):
        for adapter in NODES:
            function(world, adapter)
    return twice


def opened(adapter, flags=os.O_RDWR):
    """The dial-out node, raw."""
    fd = probe.open_node(CALLOUT[adapter], flags)
    probe.raw(fd, clocal=True)
    return fd


def full_write(call, fd):
    """Write until output, which is stopped, takes no more."""
    return str(probe.write_on(call, fd, 4096, 1 << 20))


def exit_close(path):
    """Leave output that cannot go out, and exit with the node open."""
    fd = probe.open_node(path)
    probe.raw(fd, clocal=True)
    termios.tcflow(fd, termios.TCOOFF)
    os.write(fd, b"never sent")
    return "left"


def waiting(adapter, fd):
    """One Call for each system call that can wait; output is stopped."""
    termios.tcflow(fd, termios.TCOOFF)
    calls = [probe.Call("write", full_write, fd, counted=True)]
    calls[0].wait_blocked()         # tcdrain needs something to wait for
    calls += [
        probe.Call("read", os.read, fd, 10),
        probe.Call("poll", probe.poll_fd, fd, select.POLLIN),
        probe.Call("ioctl", termios.tcdrain, fd),
        probe.Call("open", probe.open_node, NODES[adapter], os.O_RDWR),
    ]
    for call in calls:
        if not call.wait_blocked():
            raise AssertionError("%s did not wait: %s" %
                                 (call.name, call.result()[0]))
    return calls


def killed(call, number):
    """Kill a blocked call; checks that it dies at once, by the signal."""
    call.wait_blocked()
    began = probe.now()
    call.kill(number)
    status = call.reap()
    within(probe.now() - began, PROMPT, "death of a %s" % call.name)
    equal(os.WTERMSIG(status), number, "the end of a " + call.name)


def release(fd):
    """Start output again, drop it, close."""
    termios.tcflush(fd, termios.TCIOFLUSH)
    termios.tcflow(fd, termios.TCOON)
    os.close(fd)


def kill_all(adapter, number):
    """Kill each of the calls that can wait."""
    fd = opened(adapter)
    for call in waiting(adapter, fd):
        killed(call, number)
    release(fd)
    equal(h_guest.open_error(NODES[adapter]), "0", "open afterwards")


@case("SIGKILL ends a blocked read, write, poll, tcdrain and open at once")
@both
def _(_world, adapter):
    kill_all(adapter, signal.SIGKILL)


@case("SIGINT does, too, by its default action")
@both
def _(_world, adapter):
    kill_all(adapter, signal.SIGINT)


def interrupted(function, *args):
    """Make a call with a handler for SIGUSR1 that says so by EINTR.

    Python would make the call again, so the handler raises.
    """
    def handler(_number, _frame):
        raise InterruptedError(4, "interrupted")
    signal.signal(signal.SIGUSR1, handler)
    return function(*args)


@case("a signal handler gives EINTR, and the next call works")
@both
def _(_world, adapter):
    fd = opened(adapter)
    far = probe.Far(probe.far_path(adapter))
    call = probe.Call("read", interrupted, os.read, fd, 10)
    call.wait_blocked()
    call.kill(signal.SIGUSR1)
    equal(call.result()[0], "EINTR", "read")
    far.write(b"next")
    equal(probe.read_all(fd, 4), b"next")
    far.close()
    call = probe.Call("open", interrupted, probe.open_node, NODES[adapter],
                      os.O_RDWR)
    call.wait_blocked()
    call.kill(signal.SIGUSR1)
    equal(call.result()[0], "EINTR", "open")
    os.close(fd)


@case("what a write has moved before its signal is counted")
@both
def _(_world, adapter):
    fd = opened(adapter)
    termios.tcflow(fd, termios.TCOOFF)
    call = probe.Call("write", interrupted, os.write, fd, b"w" * 120000)
    call.wait_blocked()
    call.kill(signal.SIGUSR1)
    word = call.result()[0]
    if word not in ("EINTR",) and not 0 < int(word) < 120000:
        raise AssertionError("write: " + word)
    release(fd)


@case("a stopped client goes on where it was")
@both
def _(_world, adapter):
    fd = opened(adapter)
    far = probe.Far(probe.far_path(adapter))
    call = probe.Call("read", os.read, fd, 100)
    call.wait_blocked()
    call.kill(signal.SIGSTOP)
    probe.wait_for(lambda: probe.process_state(call.pid) == "T", "stop")
    far.write(b"while stopped")
    probe.wait_for(lambda: h_guest.read_ready(fd), "the input")
    call.kill(signal.SIGCONT)
    word = call.result()[0]
    if word == "0" or not word.isdigit():
        raise AssertionError("read after SIGCONT: " + word)
    far.close()
    os.close(fd)


@case("a stopped client holds up nobody")
@both
def _(world, adapter):
    fd = opened(adapter)
    calls = waiting(adapter, fd)
    for call in calls:
        call.kill(signal.SIGSTOP)
    for call in calls:
        probe.wait_for(lambda c=call: probe.process_state(c.pid) == "T",
                       "stop of a " + call.name)
    equal(probe.outcome(termios.tcgetattr, fd).startswith("["), True,
          "tcgetattr")
    world.unplug(adapter)
    for call in calls:
        call.kill(signal.SIGKILL)
        call.reap()
    os.close(fd)
    world.plug(adapter)


@case("exit does not wait for output that cannot go out")
@both
def _(_world, adapter):
    call = probe.Call("close", exit_close, CALLOUT[adapter])
    equal(call.result()[0], "left")
    began = probe.now()
    call.reap()
    within(probe.now() - began, PROMPT, "exit")
    # Nobody waits long for that with O_NONBLOCK, the next case neither.
    began = probe.now()
    equal(h_guest.open_error(NODES[adapter]), "EAGAIN", "an open meanwhile")
    equal(h_guest.open_error(CALLOUT[adapter]), "EAGAIN", "the same node")
    within(probe.now() - began, PROMPT, "two opens with O_NONBLOCK")
    probe.wait_for(lambda: h_guest.open_error(CALLOUT[adapter]) == "0",
                   "the close to end")


@case("SIGKILL while a close drains")
@both
def _(_world, adapter):
    def closing():
        fd = probe.open_node(CALLOUT[adapter])
        termios.tcflow(fd, termios.TCOOFF)
        os.write(fd, b"never sent")
        os.set_blocking(fd, True)
        os.close(fd)
        os.close(probe.open_node(CALLOUT[adapter], os.O_RDWR))
        return "opened again"
    call = probe.Call("open", closing)
    if call.wait_blocked():
        killed(call, signal.SIGKILL)
    else:
        equal(call.result()[0], "opened again")
    probe.wait_for(lambda: h_guest.open_error(CALLOUT[adapter]) == "0",
                   "the close to end")


@case("two hundred blocked readers keep nobody else from the node")
@both
def _(world, adapter):
    fd = opened(adapter)
    far = probe.Far(probe.far_path(adapter))
    crowd = [probe.Call("read", os.read, fd, 1) for _ in range(CROWD)]
    for call in crowd:
        call.wait_blocked()
    other = probe.open_node(CALLOUT[adapter])
    began = probe.now()
    for _ in range(20):
        probe.write_all(other, b"out")
        equal(far.take(3), b"out")
        equal(probe.poll_fd(other, select.POLLIN, 0), "-")
        termios.tcgetattr(other)
    os.close(other)
    within(probe.now() - began, probe.LIMIT,
           "20 rounds of another client")
    far.write(b"r" * 50)
    probe.wait_for(lambda: sum(call.ended(0) for call in crowd) == 50,
                   "50 bytes for 50 readers")
    left = [call for call in crowd if not call.ended(0)]
    for call in left:
        call.kill()
    began = probe.now()
    for call in crowd:
        call.reap()
    within(probe.now() - began, probe.LIMIT, "death of the rest")
    far.close()
    os.close(fd)
    probe.wait_for(lambda: h_guest.footprint(world.daemon.pid)[1] < 20,
                   "devswd's threads to end", limit=60)


@case("a crowd that opens, and is killed at any moment")
@both
def _(_world, adapter):
    def storm():
        while True:
            fd = probe.open_node(CALLOUT[adapter])
            os.write(fd, b"s")
            probe.outcome(os.read, fd, 1)
            os.close(fd)
    far = probe.Far(probe.far_path(adapter))
    for round_ in range(10):
        calls = [probe.Call("open", storm) for _ in range(4)]
        time.sleep(0.01 * round_)       # any moment is as good as another
        for call in calls:
            call.kill()
        for call in calls:
            call.reap()
    far.close()
    equal(h_guest.open_error(CALLOUT[adapter]), "0", "open afterwards")


@case("no process is left that cannot be killed")
def _(_world):
    equal(h_guest.unkillable(), [], "processes in state D")


if __name__ == "__main__":
    h_guest.run(h_guest.World())
