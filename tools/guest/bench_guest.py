#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The inside of tools/bench; runs in a tools/vm guest with the devices that it needs.

    bench_guest.py [--quick] --build DIR NAME...
    bench_guest.py --build DIR --trace OPERATION
    bench_guest.py --build DIR --scale [COUNT]...

The kernel's release goes out after "=", each figure that is done as one line of
JSON after "@", each failure after "!"; what else comes is somebody's message.  What is timed are programs in
C, tests/bench; this only starts them.  No threads, no locks.
"""
import argparse
import contextlib
import glob
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import probe  # noqa: E402
from bench_calls import Counter, mount  # noqa: E402
from bench_rows import (  # noqa: E402
    CHIP, CHIPS, CHIP_WHAT, COUNTED, COUNTS, FTDI_ANSWER, FTDI_IDLE, Failed, GATEWAY,
    GATEWAYS, GATEWAY_CPU, GATEWAY_IDLE, HID, IDLE, IDLE_1, NULL, SIZES, TTY,
    result, run, server)
from bench_scale import scale  # noqa: E402
from bench_seen import (  # noqa: E402
    cpu_idle_ns, cpu_ns, sleeps, sleeps_between, status, switches,
    threads_named, threads_ns)
from bench_trace import spans, traced  # noqa: E402

GADGET = "1d6b:0104"            # vmusb's CDC-ACM gadget
ACMS = ("acm0", "acm1")
HID_GADGET = "1d6b:0107"        # its HID gadget
HIDS = ("hidg0", "hidg1")
PINS = 32                       # units; each has two nodes
IDLE_SECONDS = 10
WARM_UP = 3                     # seconds without a switch before that

# Normal and --quick.
NULL_MS = (6000, 1000)          # for each size and direction
PING_ROUNDS, PING_TIMES = (30, 8), 100
BULK_ROUNDS, BULK_SIZE = (12, 4), 1 << 20
CHIP_ROUNDS, CHIP_BULK = (12, 4), 1 << 16
FTDI_CHIPS, FTDI_PORTS, FTDI_SECONDS = 15, 4, (10, 4)
FTDI_ANSWERS, FTDI_SILENCE = (24, 8), 11.0
FTDI_HONEST = 0x50              # VUSB_Q_IDLE, VUSB_Q_HOLD
UNPLUGS = (12, 4)
GATEWAY_PORTS = 256
GATEWAY_TCP = 4700              # and those after it
COUNT_WARM, COUNT_TIMES, COUNT_CHUNK = 50, 400, 1024
HID_ROUNDS, HID_TIMES = (30, 8), {"latency": 100, "rate": 1000}


def node_of(where, serial):
    """The kernel's node of the USB device with that serial number, or None.

    where: a pattern of sysfs, of each such node and its device's number.
    """
    for path in glob.glob(where):
        with contextlib.suppress(OSError), open(path, encoding="ascii") as file:
            if file.read().strip() == serial:
                return openable("/dev/" + path.split("/")[4])
    return None


ACM_NODES = "/sys/class/tty/ttyACM*/device/../serial"
USB_NODES = "/sys/class/tty/ttyUSB*/device/../../serial"
HID_NODES = "/sys/class/hidraw/hidraw*/device/../../serial"


def openable(path):
    """Is there an adapter behind the node?"""
    try:
        os.close(probe.open_node(path))
    except OSError:
        return None
    return path


class Guest:
    """The measurements; each yields results."""

    def __init__(self, build, quick):
        self._devswd = os.path.join(build, "src/devswd/main/devswd")
        self._ctl = os.path.join(build, "src/cmd/devswctl/devswctl")
        self._gateway = os.path.join(build, "src/gateway/devsw-gateway")
        self._serve = os.path.join(build, "src/cmd/serve/vusb-serve")
        self._programs = os.path.join(build, "tests/bench")
        self._quick = quick

    def warm(self):
        """Have the programs, and what they load, in the guest's memory."""
        for argv in ([self._devswd, "--version"], ["udevadm", "settle"],
                     [self._gateway, "--version"], [self._serve, "-l"], ["ser2net", "-v"],
                     *([self._program(name)] for name in (
                         "pair", "many", "tty_pair", "unplug", "hid_pair",
                         "null_cuse"))):
            subprocess.run(argv, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, check=False)

    def _program(self, name):
        return os.path.join(self._programs, name)

    def _server(self, program, argument, node):
        """Start one of the null devices."""
        process = subprocess.Popen([self._program(program), argument],
                                   stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE)
        if process.stdout.readline() != b"ready\n":
            raise Failed("%s did not start" % program)
        probe.wait_for(lambda: os.path.exists(node), node)
        return process

    def null(self, names):
        """null_*"""
        nodes = "/dev/benchcuse", "/dev/benchnull0"
        servers = [self._server("null_cuse", "benchcuse", nodes[0]),
                   self._server("devswd-null", "1", nodes[1])]
        try:
            for key, size in SIZES.items():
                if any(name.endswith("_" + key) for name in names):
                    yield from self._null_size(nodes, key, size)
        finally:
            for one in servers:
                one.terminate()
                one.wait()

    def _null_size(self, nodes, key, size):
        said = run(self._program("pair"), *nodes, NULL_MS[self._quick], size)
        for line in said.splitlines():
            words = line.replace(":", " ").split()
            yield result("null_%s_%s" % (words[0], key), float(words[6]),
                         "us", float(words[3]), float(words[9]))

    @contextlib.contextmanager
    def talked(self, name, *words):
        """A program of tests/bench that is "ready" and answers a line with a
        line; the function that asks it."""
        def ask():
            process.stdin.write("\n")
            process.stdin.flush()
            return answer()

        def answer():
            line = process.stdout.readline()
            if line == "":
                raise Failed("%s: %s" % (name, process.stderr.read().strip()))
            return line.strip()

        with subprocess.Popen(
                [self._program(name), *map(str, words)], text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE) as process:
            answer()
            yield ask

    def daemon(self, *claims):
        """A devswd with these claims."""
        options = [word for claim in claims for word in ("--claim", claim)]
        return probe.Daemon(self._devswd, "/tmp/devswd.log", *options)

    def shown(self, nodes):
        """What devswctl says of these nodes, one after the other."""
        return run(self._ctl, "--json", "show", *nodes)

    def _swapped(self):
        """Twice: a devswd has one gadget, the kernel the other."""
        for mine, theirs in (ACMS, ACMS[::-1]):
            daemon = self.daemon("%s,serial=%s,unit=0" % (GADGET, mine))
            try:
                probe.wait_for(lambda: openable("/dev/ttyU0"), "/dev/ttyU0")
                yield mine, theirs
            finally:
                daemon.stop()
            probe.wait_for(lambda serial=mine: node_of(ACM_NODES, serial),
                           "return of %s to the kernel" % mine)

    def tty(self, names):
        """tty_*"""
        rows = {name: [] for name in TTY if name in names}
        for mine, theirs in self._swapped():
            ends = (node_of(ACM_NODES, theirs), probe.far_path(theirs),
                    "/dev/ttyU0", probe.far_path(mine))
            for name in rows:
                rows[name] += self._tty_rows(TTY[name], ends)
        for name, pairs in rows.items():
            yield self._tty_result(name, pairs)

    def _tty_rows(self, what, ends):
        rounds, size = (PING_ROUNDS, PING_TIMES) if what == "pingpong" \
            else (BULK_ROUNDS, BULK_SIZE)
        said = run(self._program("tty_pair"), what, rounds[self._quick] // 2,
                   size, *ends)
        return [tuple(float(word) for word in line.split())
                for line in said.splitlines()]

    @staticmethod
    def _tty_result(name, pairs, size=BULK_SIZE):
        bases, devices = zip(*pairs)
        base, device = statistics.median(bases), statistics.median(devices)
        if name.endswith("pingpong"):
            ratio = statistics.median(d / b for b, d in pairs)
            return result(name, device / PING_TIMES, "us", base / PING_TIMES,
                          ratio)
        ratio = statistics.median(b / d for b, d in pairs)
        return result(name, size / device, "MB/s", size / base, ratio)

    def unplug(self, _names):
        """unplug_return"""
        pairs = []
        for mine, theirs in self._swapped():
            for number in range(UNPLUGS[self._quick] // 2):
                us = {}
                for serial in ACMS if number % 2 else ACMS[::-1]:
                    us[serial] = self._unplug_once(
                        serial, "/dev/ttyU0" if serial == mine else None)
                pairs.append((us[theirs], us[mine]))
        bases, devices = zip(*pairs)
        yield result("unplug_return", statistics.median(devices) / 1000, "ms",
                     statistics.median(bases) / 1000,
                     statistics.median(d / b for b, d in pairs))

    def _unplug_once(self, serial, node):
        """Unplug it under a blocked read, plug it in again; microseconds."""
        said = run(self._program("unplug"), node or node_of(ACM_NODES, serial),
                   probe.far_path(serial),
                   "/sys/kernel/config/usb_gadget/%s/UDC" % serial)
        probe.vmusb("wait-unplugged", serial)
        probe.vmusb("plug", serial)
        probe.vmusb("wait-plugged", serial)
        probe.wait_for(lambda: openable(node) if node else node_of(ACM_NODES, serial),
                       "return of " + serial)
        us, word = said.split()
        if word != "0":
            raise Failed("the read of %s returned %s" %
                         (node or "the kernel's driver", word))
        return float(us)

    def hid(self, names):
        """uhid_*"""
        rows = {name: [] for name in HID if name in names}
        for mine, theirs in HIDS, HIDS[::-1]:
            daemon = self.daemon("%s,serial=%s,unit=0,driver=uhid" %
                                  (HID_GADGET, mine))
            try:
                probe.wait_for(lambda: openable("/dev/uhid0"), "/dev/uhid0")
                for name in rows:
                    rows[name] += self._hid_rows(HID[name], (
                        node_of(HID_NODES, theirs), probe.far_path(theirs),
                        "/dev/uhid0", probe.far_path(mine)))
            finally:
                daemon.stop()
            probe.wait_for(lambda serial=mine: node_of(HID_NODES, serial),
                           "return of %s to the kernel" % mine)
        for name, pairs in rows.items():
            bases, devices = zip(*pairs)
            base, device = statistics.median(bases), statistics.median(devices)
            if name == "uhid_latency":
                yield result(name, device, "us", base,
                             statistics.median(d / b for b, d in pairs))
            else:
                yield result(name, 1e6 / device, "1/s", 1e6 / base,
                             statistics.median(b / d for b, d in pairs))

    def _hid_rows(self, what, ends):
        said = run(self._program("hid_pair"), what,
                   HID_ROUNDS[self._quick] // 2, HID_TIMES[what], *ends)
        return [tuple(float(word) for word in line.split())
                for line in said.splitlines()]

    def chips(self, names):
        """CHIP_*"""
        for chip, (model, number) in CHIPS.items():
            whats = [what for what, rows in CHIP_WHAT.items()
                     if any(row % chip in names for row in rows)]
            if whats:
                yield from self._chip(chip, model, number, whats)

    def _chip(self, chip, model, number, whats):
        """Two of a chip: a driver has one, devswd the other, in turns."""
        rows = {what: [] for what in whats}
        ends = [chip + end for end in "ab"]
        with tempfile.TemporaryDirectory() as directory, self.served(
                directory, *("%s=%s,%s" % (end, model, end)
                             for end in ends)) as hardware:
            for mine, theirs in ends, ends[::-1]:
                daemon = self.daemon("%s,serial=%s,unit=0" % (number, mine))
                try:
                    probe.wait_for(lambda: openable("/dev/ttyU0"),
                                   "/dev/ttyU0")
                    near = probe.wait_for(
                        lambda serial=theirs: node_of(USB_NODES, serial),
                        "node of " + theirs)
                    for what in whats:
                        rows[what] += self._chip_rows(what, (
                            near, "unix:%s/%s" % (directory, theirs),
                            "/dev/ttyU0", "unix:%s/%s" % (directory, mine),
                            hardware.pid))
                finally:
                    daemon.stop()
        for what, rounds in rows.items():
            yield from self._chip_results(chip, what, rounds)

    @contextlib.contextmanager
    def served(self, directory, *devices):
        """A vusb-serve with these devices plugged."""
        process = subprocess.Popen([self._serve, "-d", directory, *devices],
                                   stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE)
        try:
            if process.stdout.readline() != b"ready\n":
                raise Failed("vusb-serve did not start")
            yield process
        finally:
            process.terminate()
            process.wait()

    def _chip_rows(self, what, ends):
        size = PING_TIMES if what == "pingpong" else CHIP_BULK
        said = run(self._program("tty_pair"), what,
                   CHIP_ROUNDS[self._quick] // 2, size, *ends)
        return [tuple(float(word) for word in line.split())
                for line in said.splitlines()]

    def _chip_results(self, chip, what, rounds):
        ping = what == "pingpong"
        time_name, cpu_name = (name % chip for name in CHIP_WHAT[what])
        yield self._tty_result(time_name, [one[:2] for one in rounds],
                               CHIP_BULK)
        each = PING_TIMES if ping else 1e3 * CHIP_BULK / 1e6
        yield result(cpu_name, statistics.median(d for _, _, _, d in rounds) /
                     each, "us" if ping else "ms/MB",
                     statistics.median(b for _, _, b, _ in rounds) / each,
                     statistics.median(d / b for _, _, b, d in rounds))

    def ftdi_idle(self, _names):
        """ftdi_idle_*"""
        count = FTDI_CHIPS * FTDI_PORTS
        ends = ["f%d" % number for number in range(FTDI_CHIPS)]
        with tempfile.TemporaryDirectory() as directory, self.served(
                directory, *("%s=ft4232h" % end for end in ends)) as hardware:
            for end in ends:
                command(directory, "quirks", end, FTDI_HONEST)
            base = self._ftdi_quiet(hardware.pid, "/dev/ttyUSB*", count,
                                    threads_named("vhci_rx"))
            daemon = self.daemon("0403:6011")
            try:
                ours = self._ftdi_quiet(hardware.pid, "/dev/dtyU*", count,
                                        [daemon.pid])
            finally:
                daemon.stop()
        for name, unit, theirs, mine in zip(FTDI_IDLE, ("1/s", "ms/s"), base,
                                            ours):
            yield result(name, mine, unit, theirs, mine / theirs)

    def _ftdi_quiet(self, hardware, pattern, count, pids):
        """Open all; by second how often these sleep, and the busy ms."""
        def nodes():
            found = glob.glob(pattern)
            return found if len(found) == count and \
                all(map(openable, found)) else None

        fds = [probe.open_node(path) for path in
               probe.wait_for(nodes, "%d of %s" % (count, pattern))]
        for fd in fds:
            probe.raw(fd, clocal=True)
        probe.time.sleep(WARM_UP)
        before = {pid: switches(pid) for pid in pids}
        idle, began = cpu_idle_ns() + threads_ns(hardware), probe.now()
        probe.time.sleep(FTDI_SECONDS[self._quick])
        took = probe.now() - began
        idle = cpu_idle_ns() + threads_ns(hardware) - idle
        sleeps_ = sum(sleeps_between(before[pid], switches(pid))
                      for pid in pids)
        for fd in fds:
            os.close(fd)
        return sleeps_ / took, (took - idle / 1e9) * 1e3 / took

    def ftdi_answer(self, _names):
        """ftdi_answer"""
        ends = ["a", "b"]
        pairs = []
        with tempfile.TemporaryDirectory() as directory, self.served(
                directory, *("%s=ft232r,%s" % (end, end) for end in ends)):
            for end in ends:
                command(directory, "quirks", end, FTDI_HONEST)
            for mine, theirs in ends, ends[::-1]:
                daemon = self.daemon("0403:6001,serial=%s,unit=0" % mine)
                try:
                    near = probe.wait_for(
                        lambda serial=theirs: node_of(USB_NODES, serial),
                        "node of " + theirs)
                    probe.wait_for(lambda: openable("/dev/ttyU0"),
                                   "/dev/ttyU0")
                    pairs += self._ftdi_answers((
                        (near, directory + "/" + theirs),
                        ("/dev/ttyU0", directory + "/" + mine)))
                finally:
                    daemon.stop()
        bases, devices = zip(*pairs)
        base, device = statistics.median(bases), statistics.median(devices)
        # Chance is in each: when the timer ends.  So no ratios of rounds.
        yield result("ftdi_answer", device * 1e3, "ms", base * 1e3,
                     device / base)

    def _ftdi_answers(self, ends):
        fds = [os.open(near, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
               for near, _ in ends]
        fars = []
        for fd, (_, path) in zip(fds, ends):
            probe.raw(fd, clocal=True)
            os.set_blocking(fd, True)
            fars.append(socket.socket(socket.AF_UNIX))
            fars[-1].connect(path)
        pairs = []
        for number in range(FTDI_ANSWERS[self._quick] // 2):
            # Not always at the same moment of the timer.
            probe.time.sleep(FTDI_SILENCE + number * 0.0053)
            order = (0, 1) if number % 2 else (1, 0)
            took = {which: answer(fds[which], fars[which]) for which in order}
            pairs.append((took[0], took[1]))
        for end in fds:
            os.close(end)
        for far in fars:
            far.close()
        return pairs

    def counts(self, names):
        """calls_*, sleeps_*, allocs_*"""
        wanted = [one for one in COUNTED
                  if any(name.endswith("_" + one) for name in names)]
        for place in dict.fromkeys(COUNTED[one] for one in wanted):
            with contextlib.ExitStack() as stack:
                pid, jobs = self._place(stack, place)
                for one in wanted:
                    if COUNTED[one] == place:
                        yield from self._count(pid, one,
                                               jobs[one.split("_")[-1]])

    @staticmethod
    def _count(pid, one, job):
        for _ in range(COUNT_WARM):
            job()
        with Counter(pid) as counter:
            for _ in range(COUNT_TIMES):
                job()
            said = counter.counted()
        for what, count in said._asdict().items():
            yield result("%s_%s" % (what, one), count / COUNT_TIMES, "")

    def trace(self, one):
        """One of what is counted, for a picture: a line of JSON."""
        self.warm()
        mount()
        with contextlib.ExitStack() as stack:
            _, jobs = self._place(stack, COUNTED[one])
            job = jobs[one.split("_")[-1]]
            for _ in range(COUNT_WARM):
                job()
            print("@" + json.dumps(spans(traced(job))), flush=True)

    def _place(self, stack, place):
        """Until stack ends: who is to be counted, and what can be done there."""
        if place == "null":
            process = self._server("devswd-null", "1", "/dev/benchnull0")
            stack.callback(process.wait)
            stack.callback(process.terminate)
            near = os.open("/dev/benchnull0", os.O_RDWR)
            stack.callback(os.close, near)
            return process.pid, {"read": lambda: os.read(near, 1),
                                 "write": lambda: os.write(near, b"x")}
        if place == "hid":
            node, claim = "/dev/uhid0", HID_GADGET + ",driver=uhid"
            path = probe.far_path(HIDS[0])
            claim += ",serial=" + HIDS[0]
        else:
            node, (model, claim) = "/dev/ttyU0", CHIPS[place]
            directory = stack.enter_context(tempfile.TemporaryDirectory())
            stack.enter_context(self.served(directory, "a=" + model))
            path = directory + "/a"
        daemon = self.daemon(claim + ",unit=0")
        stack.callback(daemon.stop)
        probe.wait_for(lambda: openable(node), node)
        near, far = probe.open_node(node), probe.far_open(path)
        for fd in near, far:
            os.set_blocking(fd, True)
            stack.callback(os.close, fd)
        if place == "hid":
            return daemon.pid, {"report": lambda: passed(far, near, bytes(8))}
        probe.raw(near, clocal=True)
        chunk = bytes(COUNT_CHUNK)
        return daemon.pid, {
            "close": lambda: os.close(probe.open_node(node)),
            "pingpong": lambda: (passed(near, far, b"!"),
                                 passed(far, near, b"!")),
            "in": lambda: passed(far, near, chunk),
            "out": lambda: passed(near, far, chunk)}

    def idle(self, names):
        """idle_*"""
        probe.vmusb("unplug", "acm0")
        probe.vmusb("wait-unplugged", "acm0")
        claims = ["%s,serial=%s,unit=%d" % (GADGET, "acm0" if unit == 0 else
                                            "none%d" % unit, unit)
                  for unit in range(PINS)]
        daemon = self.daemon(*claims)
        try:
            nodes = glob.glob("/dev/[td]tyU[0-9]*")
            if len(nodes) != 2 * PINS:
                raise Failed("%d nodes, not %d" % (len(nodes), 2 * PINS))
            if any(name in names for name in IDLE):
                yield from self._idle(daemon.pid, IDLE)
            probe.vmusb("plug", "acm0")
            probe.vmusb("wait-plugged", "acm0")
            probe.wait_for(lambda: openable("/dev/ttyU0"), "/dev/ttyU0")
            if any(name in names for name in IDLE_1):
                yield from self._idle(daemon.pid, IDLE_1)
        finally:
            daemon.stop()

    @staticmethod
    def _idle(pid, names):
        subprocess.run(["udevadm", "settle"], check=True)
        sleeps(pid, WARM_UP, 60)
        before = switches(pid)
        probe.time.sleep(IDLE_SECONDS)
        after = switches(pid)
        if names[0] is not None:
            yield result(names[0], len(os.listdir("/proc/%d/task" % pid)), "")
        yield result(names[1], status(pid)["VmRSS"] / 1024, "MiB")
        yield result(names[2], sleeps_between(before, after), "")

    def gateway(self, names):
        """gateway_*, but for idle"""
        for name, what in GATEWAY.items():
            cpu = GATEWAY_CPU.get(what)
            if name in names or cpu in names:
                yield from self._gateway_pair(name, what, cpu)

    def _gateway_pair(self, name, what, cpu):
        # ser2net listens nowhere as long as there are loopback addresses only.
        subprocess.run(["ip", "address", "replace", "192.0.2.1/32", "dev",
                        "lo"], check=True)
        links = "/tmp/bench.ser2net", "/tmp/bench.gateway"
        with open("/tmp/bench.yaml", "w", encoding="ascii") as file:
            file.write("connection: &base\n"
                       "    accepter: tcp,127.0.0.1,%d\n"
                       "    connector: serialdev,%s,115200n81,local\n"
                       "    options:\n      chardelay: false\n" %
                       (GATEWAY_TCP, links[0]))
        with open("/tmp/bench.conf", "w", encoding="ascii") as file:
            file.write("[port bench]\nnode = %s\nlisten = raw 127.0.0.1:%d\n" %
                       (links[1], GATEWAY_TCP + 1))
        with server("ser2net", "-n", "-c", "/tmp/bench.yaml") as theirs, \
                server(self._gateway, "--config", "/tmp/bench.conf") as ours:
            before = [cpu_ns(one.pid) for one in (theirs, ours)]
            pairs = self._tty_rows(what, (
                "tcp:%d" % GATEWAY_TCP, "pty:" + links[0],
                "tcp:%d" % (GATEWAY_TCP + 1), "pty:" + links[1]))
            used = [cpu_ns(one.pid) - was for one, was in
                    zip((theirs, ours), before)]
        yield self._tty_result(name, pairs)
        if cpu is not None:
            # The round that is a warm-up counts as well.
            each = [ns / 1e6 / (len(pairs) + 1) / (BULK_SIZE / 1e6)
                    for ns in used]
            yield result(cpu, each[1], "ms/MB", each[0], each[1] / each[0])

    def gateway_idle(self, _names):
        """gateway_idle_*"""
        ptys = [os.openpty() for _ in range(GATEWAY_PORTS)]
        clients = []
        with open("/tmp/bench.conf", "w", encoding="ascii") as file:
            for number, (_, slave) in enumerate(ptys):
                file.write("[port p%d]\nnode = %s\nlisten = raw 127.0.0.1:%d\n" %
                           (number, os.ttyname(slave), GATEWAY_TCP + number))
                os.close(slave)
        with server(self._gateway, "--config", "/tmp/bench.conf") as ours:
            for number in range(GATEWAY_PORTS):
                clients.append(connected(GATEWAY_TCP + number))
            yield from self._idle(ours.pid, [None, *GATEWAY_IDLE])
        for client in clients:
            client.close()
        for master, _ in ptys:
            os.close(master)

    def measure(self, names):
        """Everything that is named; a line for each result or failure."""
        print("=" + os.uname().release, flush=True)
        self.warm()
        groups = ((self.null, NULL), (self.tty, TTY),
                  (self.unplug, ["unplug_return"]), (self.hid, HID),
                  (self.chips, CHIP), (self.ftdi_answer, FTDI_ANSWER),
                  (self.ftdi_idle, FTDI_IDLE),
                  (self.idle, IDLE + IDLE_1), (self.counts, COUNTS),
                  (self.gateway, GATEWAYS[:-len(GATEWAY_IDLE)]),
                  (self.gateway_idle, GATEWAY_IDLE))
        for function, group in groups:
            left = [name for name in group if name in names]
            if not left:
                continue
            try:
                for one in function(left):
                    if one["name"] in left:
                        left.remove(one["name"])
                        print("@" + json.dumps(one), flush=True)
            except (Failed, OSError, ValueError, probe.Late,
                    subprocess.SubprocessError) as error:
                print("!%s: %s" % (" ".join(left),
                                   " ".join(str(error).split())), flush=True)


def connected(port):
    """A connection to 127.0.0.1:port, when somebody listens."""
    end = probe.now() + 60
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError:
            if probe.now() > end:
                raise
            probe.time.sleep(0.1)


def passed(one, other, data):
    """Write it to the one, and read as much from the other."""
    os.write(one, data)
    left = len(data)
    while left > 0:
        left -= len(os.read(other, left)) or left


def answer(fd, far):
    """Seconds from a byte out to the one that answers it."""
    began = probe.now()
    os.write(fd, b"?")
    far.recv(1)
    far.send(b"!")
    if os.read(fd, 1) != b"!":
        raise Failed("the wrong answer")
    return probe.now() - began


def command(directory, *words):
    """Tell vusb-serve."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(directory + "/control")
        sock.sendall((" ".join(map(str, words)) + "\n").encode())
        with sock.makefile("r") as file:
            said = file.readline()
    if not said.startswith("ok"):
        raise Failed("%s: %s" % (" ".join(map(str, words)), said.strip()))


def main():
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--scale", action="store_true")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--trace", action="store_true")
    args = parser.parse_args()
    guest = Guest(args.build, args.quick)
    if args.trace:
        guest.trace(*args.names)
    elif args.scale:
        print("=" + os.uname().release, flush=True)
        guest.warm()
        for one in scale(guest, [int(name) for name in args.names]):
            print("@" + json.dumps(one), flush=True)
    else:
        guest.measure(args.names)


if __name__ == "__main__":
    main()
