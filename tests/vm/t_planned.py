#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --smp 1 --systemd --usb ftdi --usb acm
# builds: full:plain
# timeout: 400
"""t_planned: restarts of devswd.service by systemd, and what gets in their way.

What is open goes on, whoever restarts it, and however often; and if there is no
next one, nothing hangs (t_service has the plain case).
"""

import ctypes
import os
import shutil
import signal
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_service  # noqa: E402
from h_guest import case, equal, probe  # noqa: E402
from h_service import UNIT, command, prop  # noqa: E402

CALLOUT = "/dev/dtyU0"
CTL = h_service.BUILD + "/src/cmd/devswctl/devswctl"
KERNEL = "/dev/ttyUSB0"
PTRACE_SEIZE, PTRACE_INTERRUPT, WALL = 0x4206, 0x4207, 0x40000000


class Reader:
    """A file with a read that waits."""

    def __init__(self):
        self.fd = probe.open_node(CALLOUT, os.O_RDWR)
        probe.raw(self.fd, clocal=True)
        self.node = os.stat(CALLOUT).st_ino
        self.call = probe.Call("read", os.read, self.fd, 1)
        self.call.wait_blocked()

    def over(self, error):
        """The call has ended, and so does another one."""
        outcome = self.call.result()[0]
        equal(outcome in ("0", "ECONNABORTED", "ENOTCONN"), True, outcome)
        equal(probe.outcome(os.read, self.fd, 1), error, "another read")
        os.close(self.fd)


def programs():
    """The one that the unit starts, and where it is kept."""
    program = prop("ExecStart").split("path=")[1].split()[0]
    return program, program + ".good"


def no_nodes(state):
    """The unit is in this state, and the nodes are gone."""
    probe.wait_for(lambda: prop("ActiveState") == state, "it to be " + state)
    probe.wait_for(lambda: not os.path.exists(CALLOUT), "no node")


def again(world):
    """A start."""
    command("systemctl", "reset-failed", UNIT, check=False)
    command("systemctl", "start", UNIT)
    world.usable(CALLOUT)


@case("systemctl try-restart, and that of a unit that it is a part of")
def _(world):
    h_service.goes_on(world, "systemctl", "try-restart", UNIT)
    with open("/run/systemd/system/whole.target", "w",
              encoding="ascii") as file:
        file.write("[Unit]\n")
    h_service.drop_in("[Unit]\nPartOf=whole.target\n")
    command("systemctl", "start", "whole.target")
    h_service.goes_on(world, "systemctl", "restart", "whole.target")


@case("systemctl reload-or-restart is a reload")
def _(world):
    before, reader = world.daemon.pid, Reader()
    command("systemctl", "reload-or-restart", UNIT)
    equal(world.daemon.pid, before, "the process")
    equal(reader.call.ended(0.1), False, "the read")
    reader.call.kill()
    os.close(reader.fd)


@case("restarts and upgrades one upon another")
def _(world):
    h_service.goes_on(world, "sh", "-c", "for i in 1 2 3; do systemctl "
                      "restart --no-block %s; done; systemctl restart %s" %
                      (UNIT, UNIT))
    h_service.goes_on(world, "sh", "-c", "%s upgrade; systemctl restart %s; "
                      "%s upgrade" % (CTL, UNIT, CTL))


@case("restarts that follow at once")
def _(world):
    reader = Reader()
    command("systemctl", "restart", UNIT)
    for _ in range(2):
        os.kill(world.daemon.pid, signal.SIGUSR1)
        before = world.daemon.pid
        probe.wait_for(lambda was=before: world.daemon.pid not in (0, was),
                       "the next one", pause=0.01)
    equal(probe.outcome(probe.modem_lines, reader.fd) != "EIO", True)
    equal(reader.call.ended(0.1), False, "the read")
    reader.call.kill()
    os.close(reader.fd)


@case("a stop while it is restarted is a stop")
def _(world):
    reader = Reader()
    command("systemctl", "restart", "--no-block", UNIT)
    command("systemctl", "stop", UNIT)
    no_nodes("inactive")
    reader.over("ENOTCONN")
    again(world)


@case("a condition that is not met: the nodes go")
def _(world):
    reader = Reader()
    h_service.drop_in("[Unit]\nConditionPathExists=/none\n")
    command("systemctl", "restart", UNIT)
    no_nodes("inactive")
    reader.over("ENOTCONN")
    h_service.drop_in("")
    again(world)


@case("a next one that does not start: it is stopped, and the hardware is back")
def _(world):
    reader = Reader()
    program, good = programs()
    shutil.copy2(program, good)
    shutil.copy2("/bin/false", program + ".bad")
    os.replace(program + ".bad", program)
    command("systemctl", "restart", UNIT, check=False)
    probe.wait_for(lambda: not os.path.exists(CALLOUT), "no node")
    os.replace(good, program)
    reader.over("ENOTCONN")
    equal("%s does not start" % program in h_service.journal(), True,
          h_service.journal())
    probe.wait_for(lambda: os.path.exists(KERNEL), KERNEL)
    again(world)


@case("a next one that fails later is started again, and goes on")
def _(world):
    program, good = programs()
    shutil.copy2(program, good)
    failed = "/run/devsw/failed"
    with open(program + ".bad", "w", encoding="ascii") as file:
        file.write('#!/bin/sh\ncase "$*" in *--check-config) exit 0 ;; esac\n'
                   'test -e %s || { touch %s; exit 1; }\nexec %s "$@"\n' %
                   (failed, failed, good))
    os.chmod(program + ".bad", 0o755)
    reader = Reader()
    os.replace(program + ".bad", program)
    command("systemctl", "restart", UNIT, check=False)
    probe.wait_for(lambda: prop("SubState") == "running", "the next one")
    os.replace(good, program)
    equal(os.path.exists(failed), True, "the one that failed")
    os.unlink(failed)
    probe.modem_lines(reader.fd)
    equal(reader.call.ended(0.1), False, "the read")
    equal(os.stat(CALLOUT).st_ino, reader.node, "the node")
    reader.call.kill()
    os.close(reader.fd)
    world.usable(CALLOUT)


@case("one that is stuck is killed in time, and the next one has its nodes")
def _(world):
    h_service.drop_in("[Service]\nTimeoutStopSec=2\n")
    reader, before = Reader(), world.daemon.pid
    # A cgroup that is frozen, or SIGSTOP, systemd would end; this it cannot.
    libc = ctypes.CDLL(None, use_errno=True)
    for request in (PTRACE_SEIZE, PTRACE_INTERRUPT):
        equal(libc.ptrace(request, before, None, None), 0, "ptrace")
    command("systemctl", "restart", "--no-block", UNIT)
    while os.WIFSTOPPED(os.waitpid(before, WALL)[1]):
        pass
    probe.wait_for(lambda: world.daemon.pid not in (0, before), "the next one")
    reader.over("0")
    equal(os.stat(CALLOUT).st_ino, reader.node, "the node")
    h_service.drop_in("")
    world.usable(CALLOUT)


if __name__ == "__main__":
    h_service.h_guest.run(h_service.Service())
