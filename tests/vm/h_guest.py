# SPDX-License-Identifier: BSD-2-Clause
"""h_guest: what the tests written in Python in tests/vm have in common.

A test file defines cases with @case("the rule that it proves"), takes what
it needs from its argument, a World, and ends with run(...).  Each case is
one TAP line.  A case fails by an exception; equal() and Late give them a
text.  Cases run in the order of the file, each in a process of its own that
takes its descriptors, threads and calls with it.  A case must leave devswd
running and both adapters plugged; after one that failed that is repaired.

The claims give the FTDI adapter unit 0 and the CDC-ACM gadget unit 1.

With DEVSW_CHIP=CHIP in the environment both are chips of src/vusb of that
kind, on vhci_hcd, under the same names: of "ftdi0" the far end always says
that it is there, as QEMU's does, of "acm0" only while it is open.  Of a chip
with several ports the first one is used.
"""

import faulthandler
import functools
import glob
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import termios
import threading
import time
import traceback

sys.dont_write_bytecode = True
TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(TOP, "tools", "guest"))
import probe  # noqa: E402

LOG = "/tmp/devswd.log"
CHIPS = {"ch340": "1a86:7523", "cp2102n": "10c4:ea60",
         "pl2303hxn": "067b:23a3", "ft232h": "0403:6014",
         "ch341": "1a86:7523", "ch340-nobreak": "1a86:7523",
         "ch340-old": "1a86:7523", "cp2102": "10c4:ea60",
         "cp2102-clone": "10c4:ea60", "cp2105": "10c4:ea70",
         "cp2108": "10c4:ea71", "pl2303hx": "067b:2303",
         "pl2303hx-clone": "067b:2303", "pl2303ta": "067b:2303",
         "pl2303tb": "067b:2303", "ft232r": "0403:6001",
         "ft2232h": "0403:6010", "ft4232h": "0403:6011"}
PORTS = {"cp2105": 2, "cp2108": 4, "ft2232h": 2, "ft4232h": 4}
CHIP = os.environ.get("DEVSW_CHIP")
if CHIP and CHIP not in CHIPS:
    sys.exit("DEVSW_CHIP is one of " + " ".join(CHIPS))
BREAKS = CHIP not in ("ch340-nobreak", "pl2303hx-clone")
SECOND = PORTS.get(CHIP, 1)     # the unit of "acm0"
NODES = {"ftdi0": "/dev/ttyU0", "acm0": "/dev/ttyU%d" % SECOND}
CALLOUT = {"ftdi0": "/dev/dtyU0", "acm0": "/dev/dtyU%d" % SECOND}
CHIPS_PID = "/run/devsw-guest/chips/pid"
USB = {"ftdi0": CHIPS.get(CHIP, "0403:6001"),
       "acm0": CHIPS.get(CHIP, "1d6b:0104")}
CLAIMS = ("--claim", USB["ftdi0"] + ",serial=ftdi0,unit=0",
          "--claim", "%s,serial=acm0,unit=%d" % (USB["acm0"], SECOND))
# Not the sanitizer's, which only its own programs can load.
LIB = os.path.join(os.path.dirname(os.environ["DEVSW_BUILD"]), "plain",
                   "src", "libdevsw", "libdevsw.so.0")
USER = 1234
HANGS = 150             # seconds after which a case tells what it waits for
CASES = []


def case(rule):
    """The decorated function is a test case that proves this rule."""
    def add(function):
        CASES.append((rule, function))
        return function
    return add


def equal(got, wanted, what=""):
    """Fail unless they are the same."""
    if got != wanted:
        raise AssertionError("%s is %r, not %r" % (what or "it", got, wanted))


# Seconds: "at once", on a busy machine.  Less than devswd's deadline, after
# which it answers for a driver that is stuck.
PROMPT = 4.0


def within(seconds, limit, what):
    """Fail if it took longer."""
    if seconds > limit:
        raise AssertionError("%s took %.3f s, more than %g s" %
                             (what, seconds, limit))


class Skip(Exception):
    """The case cannot be run here; the text says why."""


def needs_formats():
    """The case sets others than 8N1."""
    if CHIP == "ch340-old":
        raise Skip("the chip has 8N1 only")


def chips(*words):
    """tools/guest/chips."""
    subprocess.check_call([TOP + "/tools/guest/chips", *words])


def serve(*words):
    """A command to vusb-serve (vusb.h, vusb_ctl_start): its answer."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(probe.LIMIT)
        sock.connect(os.path.dirname(probe.far_path("acm0")) + "/control")
        sock.sendall((" ".join(words) + "\n").encode())
        answer = sock.recv(4096).decode().strip()
    if not answer.startswith("ok"):
        raise AssertionError("%s: %s" % (" ".join(words), answer))
    return answer


class World:
    """What a case gets: the daemon, and ways to use the adapters."""

    def __init__(self, *options):
        self.options = options or ("-v", *CLAIMS)
        self.daemon = None

    def start(self):
        """Start devswd and wait for both adapters."""
        if CHIP:
            chips(os.environ["DEVSW_BUILD"] + "/src/cmd/serve/vusb-serve",
                  "ftdi0=" + CHIP, "acm0=%s,modem" % CHIP)
        self.daemon = probe.Daemon(os.environ["DEVSWD"], LOG, *self.options)
        for path in CALLOUT.values():
            self.usable(path)

    def repair(self):
        """Plug what a failed case has left unplugged."""
        for line in probe.vmusb("list").splitlines():
            if line.split()[2] == "unplugged":
                probe.vmusb("plug", line.split()[0])
        for path in CALLOUT.values():
            self.usable(path)

    def stop(self):
        """Stop devswd; returns whether it ended as it should."""
        status = self.daemon.stop()
        if status != 0:
            print("not ok - devswd ends with status 0, not %d" % status)
        if CHIP:
            chips("-k")
        return status == 0

    def abandon(self):
        """Leave nothing running, after a failure."""
        if self.daemon is not None and self.daemon.process.poll() is None:
            self.daemon.process.kill()
            self.daemon.process.wait()
        if CHIP and os.path.exists(CHIPS_PID):
            subprocess.call([TOP + "/tools/guest/chips", "-k"])

    def usable(self, path):
        """Wait until the device can be opened."""
        os.close(probe.wait_for(functools.partial(openable, path),
                                "open of " + path))

    def plug(self, adapter):
        """Plug, and wait until its node works."""
        probe.vmusb("plug", adapter)
        self.usable(CALLOUT[adapter])

    def unplug(self, adapter):
        """Unplug, and wait until its node knows."""
        probe.vmusb("unplug", adapter)
        path = CALLOUT[adapter]
        probe.wait_for(lambda: open_error(path) == "ENXIO",
                       "ENXIO from " + path)


def openable(path):
    """A descriptor, or None while there is no node or no device."""
    try:
        return probe.open_node(path)
    except OSError:
        return None


def open_error(path, flags=os.O_RDWR | os.O_NONBLOCK):
    """What open(2) says: "0", or an errno."""
    def attempt():
        os.close(probe.open_node(path, flags))
    return probe.outcome(attempt)


def pull(adapter, paths):
    """Unplug and plug once, under a load.

    Mostly it stays until an open of one of these has come through, which
    may take a busy machine a while; else it is pulled again whatever goes
    on, and so it is if others keep us out.
    """
    probe.vmusb("unplug", adapter)
    probe.vmusb("plug", adapter)
    end = probe.now() + (5 if random.random() < 0.7 else 0)
    fds = []
    while not fds and probe.now() < end:
        time.sleep(0.01)
        fds = [fd for fd in map(openable, paths) if fd is not None]
    for fd in fds:
        os.close(fd)
    time.sleep(random.random() / 4)


def no_carrier():
    """Wait until the gadget, whose far end is closed, has said so.

    Until its first notification umodem takes a carrier for granted.  The
    gadget sends one when its far end is opened, and when it is closed.
    """
    fd = probe.open_node(CALLOUT["acm0"])
    probe.Far(probe.far_path("acm0")).close()
    probe.wait_for(lambda: not probe.modem_lines(fd) & termios.TIOCM_CAR,
                   "loss of the carrier")
    os.close(fd)


def revoke(path, uid=0, library=LIB):
    """revoke(2) in a process of that user: "0" or the errno's name."""
    code = ("import ctypes, errno, os, sys\n"
            "lib = ctypes.CDLL(sys.argv[1] or None, use_errno=True)\n"
            "os.setgroups([]); os.setgid(%d); os.setuid(%d)\n"
            "r = lib.revoke(sys.argv[2].encode())\n"
            "print(r if r == 0 else errno.errorcode[ctypes.get_errno()])\n" %
            (uid, uid))
    env = dict(os.environ)
    if not library:
        env["LD_PRELOAD"] = LIB
    env.pop("ASAN_OPTIONS", None)
    return subprocess.check_output(
        ["python3", "-c", code, library, path], text=True, env=env,
        timeout=probe.LIMIT).strip()


def read_ready(fd, limit=probe.LIMIT):
    """Is there something to read, or an end, within the time?"""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(limit * 1000))


def threads(pid):
    """How many threads it has, without those that cancel transfers: they end
    by themselves, some time after the last."""
    found = 0
    for path in glob.glob("/proc/%d/task/*/comm" % pid):
        try:
            with open(path, encoding="ascii", errors="replace") as file:
                found += not file.read().endswith("-reap\n")
        except OSError:             # it has ended
            pass
    return found


def footprint(pid):
    """(descriptors, threads, resident KiB) of a process."""
    fields = {}
    with open("/proc/%d/status" % pid, encoding="ascii",
              errors="replace") as file:
        for line in file:
            name, _, value = line.partition(":")
            fields[name] = value.split()
    return (len(os.listdir("/proc/%d/fd" % pid)), threads(pid),
            int(fields["VmRSS"][0]))


def status(limit=None):
    """devswctl status, parsed."""
    return json.loads(subprocess.check_output(
        [os.environ["DEVSW_BUILD"] + "/src/cmd/devswctl/devswctl", "status",
         "--json"], timeout=limit))


class Rest:
    """What devswd has when nothing goes on: the same before and after.

    use() uses every node once, which ends what waits for a next use.
    """

    def __init__(self, world, use):
        self.world = world
        self.use = use
        self.last = None            # the last look, for a failure's text
        use()
        self.before = probe.wait_for(self.look, "a daemon at rest")
        print("# at rest: " + json.dumps(self.before), flush=True)

    def look(self):
        """What it has, or None while something goes on."""
        now = status()
        time.sleep(0.1)             # the thread that told it ends
        handles = footprint(self.world.daemon.pid)[:2]
        time.sleep(0.3)
        again = footprint(self.world.daemon.pid)[:2]
        self.last = {
            "memory": now["memory"],
            "zombies": now["zombies"],
            "descriptors, threads": handles,
            "nodes": sorted(node["name"] for node in now["nodes"]),
        }
        busy = {
            "threads": now["threads"],
            "descriptors, threads": again,
            "in use": [node for node in now["nodes"]
                       if node["opens"] or node["calls"]],
        }
        if busy == {"threads": 2, "descriptors, threads": handles,
                    "in use": []}:
            return self.last
        self.last["busy"] = busy
        return None

    def returns(self):
        """Wait until it has again what it had."""
        try:
            self.use()
            probe.wait_for(lambda: self.look() == self.before, "as it was")
        except probe.Late as late:
            raise AssertionError("%s: it was\n%s\nand is\n%s" % (
                late, json.dumps(self.before), json.dumps(self.last))) from late


def unkillable():
    """Processes in D state that stay in it; each with its stack.

    Any process may be in it for a moment.
    """
    end = probe.now() + 5
    while (found := in_state_d()) and probe.now() < end:
        time.sleep(0.1)
    return found


def in_state_d(pattern="/proc/[0-9]*"):
    """Processes in D state now."""
    found = []
    for name in map(os.path.basename, glob.glob(pattern)):
        if probe.process_state(int(name)) == "D":
            try:
                with open("/proc/%s/stack" % name, encoding="ascii") as file:
                    stack = file.read()
                with open("/proc/%s/comm" % name, encoding="ascii") as file:
                    found.append(name + " " + file.read().strip() + "\n" +
                                 stack)
            except OSError:
                continue
    return found


def report_hang():
    """What a case waits for that takes very long."""
    faulthandler.dump_traceback(sys.stdout)
    for stack in in_state_d("/proc/[0-9]*/task/[0-9]*"):
        print("".join("# %s\n" % line for line in stack.splitlines()), end="")
    sys.stdout.flush()


def in_child(number, rule, function, world):
    """Run a case and exit: 0 good, 1 bad."""
    os.setpgid(0, 0)
    watch = threading.Timer(HANGS, report_hang)
    watch.daemon = True
    watch.start()
    status = 1
    try:
        function(world)
        print("ok %d - %s" % (number, rule), flush=True)
        status = 0
    except Skip as skip:
        print("ok %d - %s # SKIP %s" % (number, rule, skip), flush=True)
        status = 0
    except BaseException as error:  # pylint: disable=broad-except
        lines = "".join(traceback.format_exception(error)).splitlines()
        print("".join("# %s\n" % line for line in lines), end="")
        print("not ok %d - %s" % (number, rule), flush=True)
    finally:
        sys.stdout.flush()
        os._exit(status)


def run_case(number, rule, function, world):
    """One TAP line, from a child; returns whether it is good."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        in_child(number, rule, function, world)
    _, status = os.waitpid(pid, 0)
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    if os.WIFSIGNALED(status):
        print("not ok %d - %s: killed by signal %d" %
              (number, rule, os.WTERMSIG(status)), flush=True)
    if status:
        world.repair()
    return status == 0


def print_log(world):
    """What devswd said last, all of a sanitizer's report, and its end.

    Not the revokes, of which a load makes hundreds.
    """
    if world.daemon is None:        # the exception has it
        return
    lines = [line for line in world.daemon.said().splitlines()
             if ": revoked by user " not in line]
    status = world.daemon.process.poll()
    if status is not None:
        lines.append("devswd has ended: %d" % status)
    report = [number for number, line in enumerate(lines)
              if "Sanitizer" in line][:1]
    for line in lines[-40:] if not report else lines[max(report[0] - 20, 0):]:
        print("# " + line)
    kernel = subprocess.check_output(["dmesg"], text=True)
    for line in kernel.splitlines()[-15:]:
        print("# kernel: " + line)


def run(world):
    """The program: all cases, or those whose rule contains an argument."""
    good = True
    words = sys.argv[1:]
    cases = [(rule, function) for rule, function in CASES
             if not words or any(word in rule for word in words)]
    try:
        world.start()
        for number, (rule, function) in enumerate(cases, 1):
            good = run_case(number, rule, function, world) and good
        print("1..%d" % len(cases))
        good = world.stop() and good
        if CHIP and good and not words:
            print("# tried: " + json.dumps({
                "chip": CHIP, "cases": len(cases),
                "test": os.path.basename(sys.argv[0]).partition(".")[0]}))
    except BaseException:
        good = False
        raise
    finally:
        if not good:
            print_log(world)
            world.abandon()
    sys.exit(0 if good else 1)
