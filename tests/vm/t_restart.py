#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --smp 1 --usb ftdi --usb acm
# builds: plain full:asan
# timeout: 300
"""t_restart: a planned restart of devswd, while clients use its nodes.

devswd --keep ends for the next one (SIGUSR2): who has a line open does not
notice, but by a short wait.  On QEMU's FTDI adapter and a gadget.
"""

import os
import select
import shutil
import signal
import subprocess
import sys
import termios
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_guest  # noqa: E402
from h_guest import CALLOUT, NODES, case, equal, probe  # noqa: E402

RESTARTS = int(os.environ.get("RESTARTS", "2"))
BURST = 512     # a line's worth of 45 ms, at a time


def child(world):
    """The daemon that the keeper runs now; 0: none."""
    return child_of(world.daemon.process.pid)


def child_of(pid):
    """The same of the keeper pid."""
    with open("/proc/%d/task/%d/children" % (pid, pid),
              encoding="ascii") as file:
        return int((file.read().split() or ["0"])[0])


def restart(world):
    """End it for the next one; returns when that serves."""
    before = child(world)
    began = probe.now()
    os.kill(before, signal.SIGUSR2)
    probe.wait_for(lambda: child(world) not in (0, before), "the next one")
    return began


def opened(adapter):
    """The dial-out node, raw."""
    fd = probe.open_node(CALLOUT[adapter], os.O_RDWR)
    probe.raw(fd, clocal=True)
    return fd


@case("who reads, polls, writes or drains goes on; settings, bytes and lines stay")
def _(world):
    for adapter in NODES:
        far = probe.Far(probe.far_path(adapter))
        fd, busy = opened(adapter), None
        mode = termios.tcgetattr(fd)
        mode[2] &= ~termios.HUPCL
        mode[4] = mode[5] = termios.B57600
        termios.tcsetattr(fd, termios.TCSANOW, mode)
        mode = termios.tcgetattr(fd)
        lines = probe.modem_lines(fd)
        calls = {"read": probe.Call("read", os.read, fd, 1),
                 "poll": probe.Call("poll", probe.poll_fd, fd,
                                    select.POLLIN)}
        for call in calls.values():
            call.wait_blocked()
        termios.tcflow(fd, termios.TCOOFF)
        os.write(fd, b"unsent")
        busy = probe.Call("ioctl", termios.tcdrain, fd)
        busy.wait_blocked()
        restart(world)
        equal(termios.tcgetattr(fd), mode, "the settings")
        equal(probe.modem_lines(fd), lines, "the lines")
        for call in calls.values():
            equal(call.ended(0.2), False, "the " + call.name)
        termios.tcflow(fd, termios.TCOON)
        equal(far.take(6), b"unsent")
        equal(busy.result()[0], "0", "tcdrain")
        far.write(b"xy")            # one for the reader, and one is there
        equal(calls["read"].result()[0], "1", "the read")
        equal(calls["poll"].result()[0].split()[0], "IN", "the poll")
        equal(probe.read_all(fd, 1), b"y")
        far.write(b"unread")
        probe.wait_for(lambda: probe.poll_fd(fd, select.POLLIN, 0) != "",
                       "input")
        restart(world)
        equal(probe.read_all(fd, 6), b"unread")
        os.close(fd)
        far.close()


@case("restarts under load: no byte is lost, none is doubled")
def _(world):
    for adapter in NODES:
        far = probe.Far(probe.far_path(adapter))
        fd = opened(adapter)
        size = 20000
        out, back = probe.pattern(size, 1), probe.pattern(size, 2)
        got = {}

        def writes():
            probe.write_all(fd, out, 120)

        def far_writes():
            for at in range(0, size, BURST):
                far.write(back[at:at + BURST])
                probe.time.sleep(0.01)

        def reads():
            got["near"] = probe.read_all(fd, size, 120)

        def far_reads():
            got["far"] = far.take(size, 120)

        threads = [threading.Thread(target=each, daemon=True) for each in
                   (writes, far_writes, reads, far_reads)]
        for thread in threads:
            thread.start()
        waits = []
        for _ in range(RESTARTS):
            began = restart(world)
            termios.tcgetattr(fd)       # answered by the next one
            waits.append(probe.now() - began)
        for thread in threads:
            thread.join(150)
        equal(got.get("near") == back, True, "%s: bytes from the far end" %
              adapter)
        equal(got.get("far") == out, True, "%s: bytes to it" % adapter)
        print("# %s: %d restarts, a call waits %.2f s at most" %
              (adapter, RESTARTS, max(waits)))
        os.close(fd)
        far.close()


@case("devswctl upgrade; one that would not start is not")
def _(world):
    ctl = os.environ["DEVSW_BUILD"] + "/src/cmd/devswctl/devswctl"
    fd = opened("ftdi0")
    call = probe.Call("read", os.read, fd, 1)
    call.wait_blocked()
    before = child(world)
    subprocess.check_call([ctl, "upgrade"])
    probe.wait_for(lambda: child(world) not in (0, before), "the next one")
    termios.tcgetattr(fd)
    equal(call.ended(0.1), False, "the read")
    before = child(world)
    # What is at the path of this one is another program now.
    program = os.readlink("/proc/%d/exe" % before)
    shutil.copy2(program, program + ".good")
    shutil.copy2("/bin/false", program + ".bad")
    os.replace(program + ".bad", program)
    try:
        equal(subprocess.call([ctl, "upgrade"]), 1, "devswctl upgrade")
        termios.tcgetattr(fd)
        equal(child(world), before, "the process")
    finally:
        os.replace(program + ".good", program)
    call.kill()
    os.close(fd)


@case("an upgrade waits for hardware that the one before has not found yet")
def _(world):
    fd, lost = opened("acm0"), opened("ftdi0")
    call = probe.Call("read", os.read, fd, 1)
    call.wait_blocked()
    keeper, first = world.daemon.process.pid, child(world)
    os.kill(keeper, signal.SIGSTOP)
    os.kill(first, signal.SIGUSR2)

    def ended():
        with open("/proc/%d/stat" % first, encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"

    probe.wait_for(ended, "its end")
    probe.vmusb("unplug", "ftdi0")
    os.kill(keeper, signal.SIGCONT)
    probe.wait_for(lambda: child(world) not in (0, first), "the next one")
    second = child(world)
    termios.tcgetattr(fd)           # this one is served
    os.kill(second, signal.SIGUSR2)
    probe.vmusb("plug", "ftdi0")
    probe.wait_for(lambda: child(world) not in (0, second), "the last one")
    world.usable(CALLOUT["ftdi0"])
    equal(call.ended(0.1), False, "the read")
    said = world.daemon.said().split("nodes are taken over")[-2]
    equal("uftdi0 at" in said.split("ending for the next")[0], True, said)
    call.kill()
    for each in (fd, lost):
        os.close(each)


@case("a crash after it is one")
def _(world):
    fd = opened("ftdi0")
    restart(world)
    termios.tcgetattr(fd)
    call = probe.Call("read", os.read, fd, 1)
    call.wait_blocked()
    before = child(world)
    os.kill(before, signal.SIGKILL)
    equal(call.result()[0], "0", "the read")
    equal(probe.outcome(os.write, fd, b"x"), "EIO", "a write")
    os.close(fd)
    world.usable(CALLOUT["ftdi0"])


@case("SIGUSR1 is a restart, and a stop if no other would start")
def _(_world):
    ctl = os.environ["DEVSW_BUILD"] + "/src/cmd/devswctl/devswctl"
    program, config, log = ("/tmp/devswd-next" + end
                            for end in ("", ".conf", ".log"))

    def answers():
        return subprocess.call([ctl, "--major", "121", "version"],
                               stderr=subprocess.DEVNULL) == 0

    def configure(text):
        with open(config, "w", encoding="ascii") as file:
            file.write(text)

    shutil.copy2(os.environ["DEVSWD"], program)
    configure("[claim none]\nvid = ffff\npid = ffff\n")
    other = Kept(program, log, "--config", config, "--major", "121")
    probe.wait_for(answers, "it")
    before = child_of(other.pid)
    os.kill(before, signal.SIGUSR1)
    probe.wait_for(lambda: child_of(other.pid) not in (0, before) and
                   answers(), "the next one")
    before = child_of(other.pid)
    configure("[claim none]\nvid = nonsense\n")
    for ask in ([ctl, "--major", "121", "upgrade"],
                ["kill", "-USR2", str(before)]):
        had = other.said().count("does not start")
        subprocess.call(ask)
        probe.wait_for(lambda: other.said().count("does not start") > had,
                       "the check")
        equal(child_of(other.pid), before, "the process")
    os.kill(before, signal.SIGUSR1)
    equal(other.process.wait(probe.LIMIT), 0, other.said())
    equal(other.said().count("nonsense") > 2, True, other.said())


class Kept(probe.Daemon):
    """The keeper, which is whom probe.Daemon would be for devswd."""

    def __init__(self, program, log, *options):
        self.log = log
        env = {key: value for key, value in os.environ.items()
               if key != "NOTIFY_SOCKET"}
        with open(log, "ab") as file:
            self.process = subprocess.Popen(
                [program, "-f", "--keep", *options], env=env,
                stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        self.pid = self.process.pid


class World(h_guest.World):
    """One devswd with a keeper."""

    def start(self):
        """Start it, and wait for both adapters."""
        self.daemon = Kept(os.environ["DEVSWD"], h_guest.LOG, *self.options)
        for path in CALLOUT.values():
            self.usable(path)


if __name__ == "__main__":
    h_guest.run(World("-v", *h_guest.CLAIMS))
