#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --smp 1 --usb ftdi --usb acm
# builds: plain full:asan
# timeout: 240
"""t_daemon: devswd comes and goes while clients use its nodes.

At its end by SIGTERM or SIGINT every blocked client is released as by an
unplug, whatever it waits in, and the kernel's drivers have the adapters
back.  After a SIGKILL clients get the errors that Linux gives for a lost
CUSE node, and nobody hangs.  How many calls may wait is limited, and what
is over the limit is told so.  A trace shows what clients did from the side
of the drivers.  (The command line, claims and messages are t_devswd.sh's.)
"""

import errno
import json
import os
import re
import select
import shutil
import signal
import stat
import subprocess
import sys
import termios
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_guest  # noqa: E402
from h_guest import CALLOUT, NODES, case, equal, probe, within  # noqa: E402

KERNEL = {"ftdi0": "/dev/ttyUSB0", "acm0": "/dev/ttyACM0"}


class Daemons(h_guest.World):
    """Every case starts its own devswd."""

    def start(self):
        """Nothing runs yet."""

    def stop(self):
        """Nothing runs any more."""
        return True

    def repair(self):
        """Give back what a failed case's devswd, dead by now, has left."""
        subprocess.run([os.environ["DEVSWD"], "--release", *h_guest.CLAIMS],
                       check=False)

    def up(self, *options):
        """Start devswd with these options too."""
        self.options = ("-v", *h_guest.CLAIMS, *options)
        h_guest.World.start(self)


def opened(adapter, flags=os.O_RDWR):
    """The dial-out node, raw."""
    fd = probe.open_node(CALLOUT[adapter], flags)
    probe.raw(fd, clocal=True)
    return fd


def full_write(call, fd):
    """Write until output, which is stopped, takes no more."""
    done = probe.write_on(call, fd, 4096, 1 << 20)
    return done if isinstance(done, str) else "partial"


def blocked_in_all(adapter, fd):
    """{name: Call} for each system call that can wait."""
    termios.tcflow(fd, termios.TCOOFF)
    calls = {"write": probe.Call("write", full_write, fd, counted=True)}
    calls["write"].wait_blocked()
    calls.update({
        "read": probe.Call("read", os.read, fd, 10),
        "poll": probe.Call("poll", probe.poll_fd, fd, select.POLLIN),
        "ioctl": probe.Call("ioctl", termios.tcdrain, fd),
        "open": probe.Call("open", probe.open_node, NODES[adapter],
                           os.O_RDWR),
    })
    for call in calls.values():
        if not call.wait_blocked():
            raise AssertionError("%s did not wait: %s" %
                                 (call.name, call.result()[0]))
    return calls


# What a client may see: of the unplug that comes first, or, if it asks again
# after that, of the channel that is closed then.
GONE = ("ENXIO", "ENODEV", "ENOENT", "ECONNABORTED", "ENOTCONN")
RELEASED = {
    "write": ("EIO", "partial"),
    "read": ("0",),
    "poll": ("IN ERR HUP",),
    "ioctl": ("ENXIO", "EBADF", "EIO") + GONE,
    "open": GONE,
}


def stopped_by(world, number):
    """Stop devswd with clients blocked on both adapters."""
    world.up()
    with open("/proc/%d/status" % world.daemon.pid, encoding="ascii") as file:
        equal("THP_enabled:\t0\n" in file.read(), True,
              "a stack is no huge page")
    fds = {adapter: opened(adapter) for adapter in NODES}
    calls = {adapter: blocked_in_all(adapter, fd)
             for adapter, fd in fds.items()}
    began = probe.now()
    equal(world.daemon.stop(number), 0, "devswd's status")
    within(probe.now() - began, probe.LIMIT, "the end of devswd")
    for adapter, by_name in calls.items():
        for name, call in by_name.items():
            word, at = call.result()
            if word not in RELEASED[name]:
                raise AssertionError("%s of %s: %s" % (name, adapter, word))
            within(at - began, probe.LIMIT, name)
    for adapter, fd in fds.items():
        word = probe.outcome(os.read, fd, 1)
        if word not in GONE:
            raise AssertionError("read after devswd's end: " + word)
        os.close(fd)
        equal(os.path.exists(NODES[adapter]), False, NODES[adapter])
        world.usable(KERNEL[adapter])
    if "did not" in world.daemon.said():
        raise AssertionError(world.daemon.said())


@case("SIGTERM releases every blocked client; the kernel's drivers are back")
def _(world):
    stopped_by(world, signal.SIGTERM)


@case("SIGINT does the same")
def _(world):
    stopped_by(world, signal.SIGINT)


@case("after SIGKILL clients get ECONNABORTED or ENOTCONN, and nobody hangs")
def _(world):
    world.up()
    fd = opened("acm0")
    calls = blocked_in_all("acm0", fd)
    began = probe.now()
    world.daemon.kill(signal.SIGKILL)
    equal(world.daemon.wait(), -signal.SIGKILL)
    for name, call in calls.items():
        word, at = call.result()
        within(at - began, probe.LIMIT, name)
        good = {"poll": ("ERR", "IN ERR", "IN ERR HUP"),
                "open": GONE}.get(name, ("ECONNABORTED", "ENOTCONN"))
        if word not in good:
            raise AssertionError("%s: %s" % (name, word))
    equal(probe.outcome(os.read, fd, 1), "ENOTCONN", "the next read")
    equal(probe.outcome(os.write, fd, b"x"), "ENOTCONN", "the next write")
    equal(probe.outcome(termios.tcgetattr, fd), "ENOTCONN", "tcgetattr")
    os.close(fd)
    equal(os.path.exists(NODES["acm0"]), False, "the node is there")
    subprocess.run([os.environ["DEVSWD"], "--release", *h_guest.CLAIMS],
                   check=True, stdout=subprocess.DEVNULL)
    for path in KERNEL.values():
        world.usable(path)


@case("a new devswd works after one that was killed")
def _(world):
    # By a crash Linux's driver has the adapter in between.
    for number in (signal.SIGKILL, signal.SIGSEGV):
        world.up()
        stale = {adapter: opened(adapter) for adapter in NODES}
        world.daemon.kill(number)
        world.daemon.wait()
        world.up()
        for adapter in NODES:
            fd = opened(adapter)
            far = probe.Far(probe.far_path(adapter))
            far.write(b"alive")
            equal(probe.read_all(fd, 5), b"alive")
            os.write(fd, b"well")
            equal(far.take(4), b"well")
            equal(probe.outcome(os.read, stale[adapter], 1), "ENOTCONN",
                  "the old one")
            os.close(stale[adapter])
            os.close(fd)
            far.close()
        equal(world.daemon.stop(), 0, "devswd's status")


@case("over --max-threads a call that would wait gets EAGAIN")
def _(world):
    world.up("--max-threads", "8")
    fd = opened("acm0")
    calls = [probe.Call("read", os.read, fd, 1) for _ in range(12)]
    for call in calls:
        call.wait_blocked()
    over = [call for call in calls if call.ended(0)]
    if not over or len(over) > 6:
        raise AssertionError("%d of 12 readers ended" % len(over))
    for call in over:
        equal(call.result()[0], "EAGAIN", "a reader over the limit")
    began = probe.now()
    equal(probe.outcome(termios.tcgetattr, fd).startswith("["), True,
          "tcgetattr")
    far = probe.Far(probe.far_path("acm0"))
    far.write(b"x" * (12 - len(over)))
    for call in calls:
        if call not in over:
            equal(call.result()[0], "1", "a reader under the limit")
    within(probe.now() - began, probe.LIMIT, "the others")
    far.close()
    os.close(fd)
    equal(world.daemon.stop(), 0, "devswd's status")


@case("a client that never closes does not hold devswd up")
def _(world):
    world.up()
    call = probe.Call("pause", lambda: (opened("ftdi0"), signal.pause()))
    call.wait_blocked()
    equal(h_guest.open_error(NODES["ftdi0"]), "EBUSY", "open of the other")
    began = probe.now()
    equal(world.daemon.stop(), 0, "devswd's status")
    within(probe.now() - began, probe.LIMIT, "the end of devswd")
    call.kill()
    call.reap()
    for path in KERNEL.values():
        world.usable(path)


TRACE = "/tmp/trace.json"


def traced(dev=None):
    """What the trace has of this node or device by now."""
    with open(TRACE, encoding="ascii") as file:
        lines = file.read().split("\n")[:-1]   # the last may be cut
    events = [json.loads(line) for line in lines]
    return [event for event in events if dev in (None, event["dev"])]


def steps(events):
    """["d_open enter", ...]"""
    return ["%s %s" % (event["event"], event["phase"]) for event in events]


def find(events, step):
    """The first event that is this step."""
    return next(event for event, name in zip(events, steps(events))
                if name == step)


def closed(node, seen):
    """Wait until what has come after seen ends with a close."""
    probe.wait_for(lambda: steps(traced(node)[seen:])[-3:] ==
                   ["d_close exit", "drain enter", "drain exit"],
                   "a close of %s in the trace" % node)


@case("--trace shows a client's calls, and cancel, drain, close at the last")
def _(world):
    with open(TRACE, "w", encoding="ascii") as file:
        file.write("old\n")
    world.up("--trace", TRACE)
    node = os.path.basename(CALLOUT["acm0"])
    closed(node, 0)         # the one of up()
    seen = len(traced(node))
    began = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    fd = opened("acm0")
    far = probe.Far(probe.far_path("acm0"))
    equal(os.write(fd, b"abc"), 3)
    equal(far.take(3), b"abc")
    far.close()
    os.close(fd)
    closed(node, seen)
    events = traced(node)[seen:]
    # ucom keeps DTR down for a second after a close, and then starts again.
    opens = [event for event in events if event["event"] == "d_open"]
    equal(opens, events[:len(opens)])
    equal([event["error"] for event in opens[1::2]],
          ["ERESTART"] * (len(opens) // 2 - 1) + ["0"], "opens")
    equal(find(events, "d_write exit")["bytes"], 3)
    equal({"TIOCGETA", "TIOCSETA"} <=
          {event.get("command") for event in events}, True, "the ioctls")
    equal(steps(events)[-8:],
          ["d_cancel enter", "d_cancel exit", "drain enter", "drain exit",
           "d_close enter", "d_close exit", "drain enter", "drain exit"])
    times = [event["t"] for event in events]
    equal(times, sorted(times), "the order of times")
    if not began < times[0] <= times[-1] < time.clock_gettime_ns(
            time.CLOCK_MONOTONIC):
        raise AssertionError("not this clock: %r" % times)
    equal(world.daemon.stop(), 0, "devswd's status")


@case("--trace shows an unplug under a blocked read")
def _(world):
    world.up("--trace", TRACE)
    node = os.path.basename(CALLOUT["acm0"])
    fd = opened("acm0")
    call = probe.Call("read", os.read, fd, 10)
    call.wait_blocked()
    seen = len(traced())
    read = [event for event in traced(node) if event["event"] == "d_read"][-1]
    equal(read["phase"], "enter")
    probe.vmusb("unplug", "acm0")
    equal(call.result()[0], "0", "the read")
    probe.wait_for(lambda: "detach exit" in steps(
        event for event in traced()[seen:] if event["dev"] == "ucom1"),
                   "the detach in the trace")
    events = [event for event in traced()[seen:]
              if event["dev"] in (node, "ucom1")]
    names = steps(events)
    # ucom's detach has sent the read away before vdevgone.
    out = len(names) - 1 - names[::-1].index("d_read exit")
    equal(out < names.index("drain exit"), True, "out before the drain ends")
    equal([name for name in names if not name.startswith("d_read")],
          ["detach enter", "vdevgone enter", "d_cancel enter",
           "d_cancel exit", "drain enter", "drain exit", "d_close enter",
           "d_close exit", "drain enter", "drain exit", "vdevgone exit",
           "detach exit"])
    equal(find(events, "d_read exit")["thread"], read["thread"], "thread")
    equal(find(events, "detach exit")["error"], "0", "detach")
    # What comes later is the dead file's affair.
    seen = len(traced(node))
    equal(probe.outcome(os.read, fd, 1), "0")
    os.close(fd)
    equal(world.daemon.stop(), 0, "devswd's status")
    equal(len(traced(node)), seen, "events of the dead file")
    # All of it has ended, on the thread where it began.
    depth = {}
    for event in traced():
        key = (event["thread"], event["dev"], event["event"])
        depth[key] = depth.get(key, 0) + (
            1 if event["phase"] == "enter" else -1)
        equal(depth[key] in (0, 1), True, key)
    equal(set(depth.values()), {0}, "what has not ended")
    probe.vmusb("plug", "acm0")
    world.usable(KERNEL["acm0"])


@case("a file that has a node's name is that node's trouble alone")
def _(world):
    def is_node(path):
        try:
            return stat.S_ISCHR(os.stat(path).st_mode)
        except FileNotFoundError:
            return False

    stray, link = "/dev/ttyU9", "/dev/dtyU11"
    with open(stray, "w", encoding="ascii") as file:
        file.write("somebody's")
    os.symlink("/dev/null", link)
    world.up("--claim", "ffff:1,unit=9", "--claim", "ffff:2,unit=10",
             "--claim", "ffff:3,unit=11")
    for path in (stray, link):
        equal(world.daemon.said().count(path), 1, "lines about " + path)
    for path in ("/dev/dtyU9", "/dev/ttyU10", "/dev/dtyU10", "/dev/ttyU11"):
        equal(h_guest.open_error(path), "ENXIO", path)
    with open(stray, encoding="ascii") as file:
        equal(file.read(), "somebody's", "the file")
    # What is still in the way is told again, what is not is there.
    os.unlink(stray)
    world.daemon.kill(signal.SIGHUP)
    probe.wait_for(lambda: is_node(stray), "the node")
    equal(h_guest.open_error(stray), "ENXIO", stray)
    equal(os.path.islink(link), True, "the link")
    os.unlink(link)
    world.daemon.kill(signal.SIGHUP)
    probe.wait_for(lambda: is_node(link), "the other node")
    world.usable(CALLOUT["ftdi0"])
    equal(world.daemon.stop(), 0, "devswd's status")


@case("a clock that is set back and forth changes nothing")
def _(world):
    world.up()
    offset = time.time() - probe.now()
    fd = opened("acm0")
    try:
        for year in (1, 60):            # 1971 and 2030
            time.clock_settime(time.CLOCK_REALTIME, year * 31557600)
            call = probe.Call("read", os.read, fd, 10)
            if not call.wait_blocked():
                raise AssertionError("read did not wait")
            began = probe.now()
            world.unplug("acm0")
            equal(call.result()[0], "0", "a read at the unplug")
            os.close(fd)
            world.plug("acm0")
            within(probe.now() - began, probe.LIMIT, "unplug and plug")
            fd = opened("acm0")
        # Whom the end waits for has a time, too.
        calls = blocked_in_all("acm0", fd)
        time.clock_settime(time.CLOCK_REALTIME, 31557600)
        began = probe.now()
        equal(world.daemon.stop(), 0, "devswd's status")
        within(probe.now() - began, probe.LIMIT, "the end of devswd")
        for name, call in calls.items():
            equal(call.result()[0] in RELEASED[name], True, name)
    finally:
        time.clock_settime(time.CLOCK_REALTIME, offset + probe.now())
    os.close(fd)
    for path in KERNEL.values():
        world.usable(path)


def filled(path):
    """A file that takes all the room there is."""
    with open(path, "wb", buffering=0) as file:
        try:
            while file.write(bytes(1024)):
                continue
        except OSError as error:
            equal(error.errno, errno.ENOSPC)


def written(path):
    """Is there a file with something in it?"""
    return os.path.exists(path) and os.stat(path).st_size > 0


@case("a full /run is told; the nodes work, and the rest does when there is room")
def _(world):
    run = "/run/devsw"
    world.up()
    equal(world.daemon.stop(), 0, "devswd's status")
    subprocess.check_call(["mount", "-t", "tmpfs", "-o", "size=64k,mode=755",
                           "tmpfs", run])
    try:
        filled(run + "/filled")
        # Without its port nobody could talk to it: it says so, and ends.
        done = subprocess.run(
            [os.environ["DEVSWD"], "-f", *h_guest.CLAIMS], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
            timeout=probe.LIMIT)
        equal((done.returncode, "No space left on device" in done.stdout),
              (1, True), done.stdout)
        os.unlink(run + "/filled")
        world.up()
        # Not before all is written down: what an unplug takes away there
        # would be room for the plug.
        told = [run + "/udev/" + name for name in ("dtyU1", "ttyU1")]
        probe.wait_for(lambda: all(written(path) for path in told),
                       "what udev is told")
        world.unplug("acm0")
        probe.wait_for(lambda: not any(written(path) for path in told),
                       "nothing that udev is told")
        filled(run + "/filled")
        world.plug("acm0")
        fd = opened("acm0")
        os.close(fd)
        probe.wait_for(lambda: "udev cannot be told of its hardware" in
                       world.daemon.said(), "a line about it")
        equal(os.path.exists(run + "/udev/dtyU1"), False, "half a file")
        os.unlink(run + "/filled")
        world.daemon.kill(signal.SIGHUP)
        probe.wait_for(lambda: written(told[0]), "what udev is told")
        h_guest.status()
        equal(world.daemon.stop(), 0, "devswd's status")
    finally:
        if world.daemon.process.poll() is None:
            world.daemon.kill(signal.SIGKILL)
            world.daemon.process.wait()
        subprocess.check_call(["umount", "-l", run])
    for path in KERNEL.values():
        world.usable(path)


@case("a device that crashes it at attach three times is left alone")
def _(world):
    # tests/modules/crash.c takes the gadget, in attach, and the keeper starts
    # the next daemon each time.
    module = "/run/crash.so"            # root's, whoever has built it
    shutil.copyfile(os.environ["DEVSW_BUILD"] + "/tests/modules/crash.so",
                    module)
    env = {key: value for key, value in os.environ.items()
           if key != "NOTIFY_SOCKET"}
    log = "/tmp/devswd-keeper.log"

    def said():
        with open(log, encoding="utf-8", errors="replace") as file:
            return file.read()

    with open(log, "wb") as file:
        keeper = subprocess.Popen([os.environ["DEVSWD"], "-f", "--keep",
                                   "--module", module, *h_guest.CLAIMS],
                                  stdin=subprocess.DEVNULL, stdout=file,
                                  stderr=file, env=env)
    try:
        alone = ("1d6b:0104: devswd has crashed three times in a row while it "
                 "attached this device: left alone")
        probe.wait_for(lambda: alone in said(), "the end of it", pause=0.1)
        world.usable(CALLOUT["ftdi0"])
        fd = opened("ftdi0")
        far = probe.Far(probe.far_path("ftdi0"))
        far.write(b"alive")
        equal(probe.read_all(fd, 5), b"alive")
        # The next ones knew why, and only this device was a suspect.
        ctl = os.environ["DEVSW_BUILD"] + "/src/cmd/devswctl/devswctl"
        text = said()
        equal(text.count("died: crash0: it was to be expected"), 3, text)
        # ...and where: the last is told by the daemon that goes on, too.
        equal(text.count(", in attach of crash0"), 6, text)
        status = subprocess.check_output([ctl, "status"]).decode()
        equal((", in attach of crash0" in status,
               " was in attach of crash0\n" in status), (True, True), status)
        equal(text.count(alone), 1, text)
        equal(text.count("left alone"), 1, text)
        # Who has taken the driver away may have it tried again.
        subprocess.check_call([ctl, "modunload", "crash"])
        equal(h_guest.open_error(CALLOUT["acm0"]) in ("ENXIO", "ENOENT"), True)
        subprocess.check_call([ctl, "reload"])
        world.usable(CALLOUT["acm0"])
        os.close(fd)
        far.close()
        keeper.terminate()
        equal(keeper.wait(probe.LIMIT), 0, "the keeper's status")
    finally:
        if keeper.poll() is None:
            keeper.kill()
            keeper.wait()
        os.unlink(module)
        print("".join("# %s\n" % line for line in said().splitlines()[-60:])
              if keeper.returncode != 0 else "", end="")
    for path in KERNEL.values():
        world.usable(path)


@case("OpenRC's example: killed it is there again, and a stop ends its keeper")
def _(world):
    args, pidfile, retry = subprocess.check_output(
        ["sh", "-euc", 'DEVSWD_OPTS=$2; . "$1"; '
         'printf "%s\\n" "$command_args" "$pidfile" "$retry"', "sh",
         h_guest.TOP + "/data/openrc/devswd", " ".join(h_guest.CLAIMS)],
        text=True).splitlines()

    def running():
        with open(pidfile, encoding="ascii") as file:
            return int(file.read() or "0")

    env = {key: value for key, value in os.environ.items()
           if key != "NOTIFY_SOCKET"}
    subprocess.check_call([os.environ["DEVSWD"], *args.split()], env=env,
                          stdin=subprocess.DEVNULL, timeout=probe.LIMIT)
    first = running()
    with open("/proc/%d/status" % first, encoding="ascii") as file:
        keeper = int(re.search(r"^PPid:\t(\d+)$", file.read(), re.M)[1])
    world.usable(CALLOUT["ftdi0"])
    fd = opened("ftdi0")
    call = probe.Call("read", os.read, fd, 1)
    call.wait_blocked()
    for what in "reload", "upgrade":
        subprocess.check_call(
            ["sh", "-ec", 'ebegin() { :; }; eend() { return "$1"; }; '
             'DEVSWD_OPTS=; . "$1"; PATH=$2:$PATH command=$3; "$4"', "sh",
             h_guest.TOP + "/data/openrc/devswd",
             os.environ["DEVSW_BUILD"] + "/src/cmd/devswctl",
             os.environ["DEVSWD"], what])
        equal(call.ended(0.1), False, "the read, after a " + what)
    probe.wait_for(lambda: running() not in (0, first), "the next one")
    termios.tcgetattr(fd)
    equal(call.ended(0.1), False, "the read")
    first = running()
    os.kill(first, signal.SIGKILL)
    equal(call.result()[0], "0", "the read")
    world.usable(CALLOUT["ftdi0"])
    equal(running() not in (0, first), True, "another process")
    os.close(fd)
    subprocess.check_call(["start-stop-daemon", "--stop", "--retry", retry,
                           "--pidfile", pidfile], timeout=2 * probe.LIMIT)
    probe.wait_for(lambda: not os.path.exists("/proc/%d" % keeper),
                   "the keeper's end")
    equal([path for path in CALLOUT.values() if os.path.exists(path)], [],
          "nodes")
    for path in KERNEL.values():
        world.usable(path)


@case("no process is left that cannot be killed")
def _(_world):
    equal(h_guest.unkillable(), [], "processes in state D")


if __name__ == "__main__":
    h_guest.run(Daemons())
