# SPDX-License-Identifier: BSD-2-Clause
"""What one more adapter costs: for tools/bench --scale, in the guest.

Ports of FTDI's chips on vhci_hcd, all of which say something, first with ftdi_sio,
then with devswd: "attach", the ms until all nodes can be opened, from the load of
the driver or the start of devswd, when no driver has them, the least of three, as
virtual time also runs while a program is read from the host; "cpu" and "fast", the
ms that the CPU is busy for a MB, without vusb-serve, at 115200 and at 3 Mbaud; and
of devswd with all open "threads", without those that cancel transfers, which end
soon after, "rss", in KiB, and "each", what of that is more than with no adapter,
for each.

vhci_hcd, as Debian has it, has room for 120 devices that are not of super speed: up
to there a port is an FT232R, and more ports are those of FT4232Hs, four of each.
"""
import contextlib
import glob
import json
import os
import subprocess
import tempfile

import probe
from bench_seen import cpu_idle_ns, status, threads_ns

COUNTS = (1, 4, 16, 64, 120, 200)
ROOM = 120                      # vhci_hcd's
SINGLE, QUAD = ("ft232r", "0403:6001", 1), ("ft4232h", "0403:6011", 4)
RATES = {"cpu": (115200, 115, 2, 0.5), "fast": (3000000, 3000, 0.5, 0.1)}
FEW = 16                        # more: the last of these is the seconds
ATTACHES = 3


def present(pattern, count):
    """The nodes, when there are as many and each has its adapter."""
    good = set()

    def look():
        found = glob.glob(pattern)
        if len(found) != count:
            return None
        for path in set(found) - good:
            try:
                os.close(probe.open_node(path))
            except OSError:
                return None
            good.add(path)
        return found
    return probe.wait_for(look, "%d of %s" % (count, pattern), limit=300)


def until(pattern, count, job):
    """Milliseconds of the guest from doing that to the nodes; and those.

    Not before udevd is done with what was.
    """
    subprocess.run(["udevadm", "settle", "--timeout=300"], check=True)
    began = probe.now()
    job()
    found = present(pattern, count)
    return (probe.now() - began) * 1e3, found


def least(pattern, count, job, undo):
    """The least of ATTACHES such times, and the nodes of the last."""
    times = []
    for number in range(ATTACHES):
        if number != 0:
            undo()
        took, found = until(pattern, count, job)
        times.append(took)
    return min(times), found


def lasting(pid):
    """How many threads a devswd has when nothing is cancelled any more."""
    def look():
        names = []
        for path in glob.glob("/proc/%d/task/*/comm" % pid):
            with contextlib.suppress(OSError), open(path, encoding="ascii") as file:
                names.append(file.read())
        return None if any("-reap" in name for name in names) else len(names)
    return probe.wait_for(look, "the end of those that cancel", limit=300)


def far(serial, interface):
    """The name of a port's far end."""
    return "%s.%d" % (serial, interface) if interface != 0 else serial


def their_far(path):
    """That of a node of the kernel's."""
    words = []
    for name in "../serial", "bInterfaceNumber":
        with open("/sys/class/tty/%s/device/../%s" % (
                os.path.basename(path), name), encoding="ascii") as file:
            words.append(file.read().strip())
    return far(words[0], int(words[1], 16))


def our_fars(guest, paths):
    """Those of devswd's."""
    said, at = guest.shown(paths), 0
    for _ in paths:
        node, at = json.JSONDecoder().raw_decode(said, at)
        at += len(said[at:]) - len(said[at:].lstrip())
        yield far(node["adapter"]["serial"], node["interface"])


def busy(guest, hardware, rate, pairs):
    """The ms that the CPU is busy for a MB through all of these."""
    baud, size, *seconds = RATES[rate]
    with guest.talked("many", baud, size, seconds[len(pairs) > 2 * FEW],
                      *pairs) as ask:
        idle, began = cpu_idle_ns() + threads_ns(hardware), probe.now()
        moved = int(ask())
        took = (probe.now() - began) * 1e9
        idle = cpu_idle_ns() + threads_ns(hardware) - idle
    return (took - idle) / moved        # ns a byte: ms a MB


def modprobe(*words):
    """Of the kernel's driver."""
    subprocess.run(["modprobe", *words], check=True)


def loads(guest, hardware, directory, nodes, fars):
    """The "cpu" and "fast" of these nodes with those far ends."""
    pairs = [word for node, end in zip(nodes, fars)
             for word in (node, directory + "/" + end)]
    return {rate: busy(guest, hardware, rate, pairs) for rate in RATES}


def theirs(guest, hardware, directory, count):
    """ftdi_sio's figures."""
    present("/dev/ttyUSB*", count)
    modprobe("-r", "ftdi_sio")
    took, nodes = least("/dev/ttyUSB*", count, lambda: modprobe("ftdi_sio"),
                        lambda: modprobe("-r", "ftdi_sio"))
    return {"attach": took, **loads(guest, hardware, directory, nodes,
                                    map(their_far, nodes))}


def ours(guest, hardware, directory, count, claim, nothing):
    """devswd's; nothing: its memory without an adapter."""
    modprobe("-r", "ftdi_sio")
    daemons = []
    took, nodes = least(
        "/dev/ttyU[0-9]*", count, lambda: daemons.append(guest.daemon(claim)),
        lambda: daemons[-1].stop())
    daemon = daemons[-1]
    try:
        fds = [probe.open_node(node) for node in nodes]
        threads = lasting(daemon.pid)
        rss = status(daemon.pid)["VmRSS"]
        for fd in fds:
            os.close(fd)
        return {"attach": took, "threads": threads, "rss": rss,
                "each": (rss - nothing) / count,
                **loads(guest, hardware, directory, nodes,
                        our_fars(guest, nodes))}
    finally:
        daemon.stop()


def scale(guest, counts):
    """For each of counts, or COUNTS: {"n", "theirs", "ours"}."""
    counts = counts or list(COUNTS)
    daemon = guest.daemon(SINGLE[1] + ",serial=none,unit=0")
    nothing = status(daemon.pid)["VmRSS"]
    daemon.stop()
    for number, count in enumerate([1] + counts):       # the first is a warm-up
        chip, claim, ports = SINGLE if count <= ROOM else QUAD
        with tempfile.TemporaryDirectory() as directory, guest.served(
                directory, *("f%d=%s,f%d" % (device, chip, device)
                             for device in range(count // ports))) as hardware:
            what = guest, hardware.pid, directory, count
            run = {"n": count, "theirs": theirs(*what),
                   "ours": ours(*what, claim, nothing)}
        if number != 0:
            yield run
