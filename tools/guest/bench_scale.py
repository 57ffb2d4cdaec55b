# SPDX-License-Identifier: BSD-2-Clause
"""What one more adapter costs: for tools/bench --scale, in the guest.

FT232R chips on vhci_hcd, all of which say something at 115200, first with
ftdi_sio, then with devswd: "attach", the ms until all nodes can be opened, from
the load of the driver or the start of devswd, the least of three, as virtual time
also runs while a program is read from the host; "cpu", the ms that the CPU is busy
for a MB, without vusb-serve; and of devswd with all open "threads", without those
that cancel transfers, which end soon after, "rss", in KiB, and "each", what of
that is more than with no adapter, for each.
"""
import contextlib
import glob
import os
import subprocess
import tempfile

import probe
from bench_seen import cpu_idle_ns, status, threads_ns

COUNTS = (1, 4, 16, 64, 120)    # vhci_hcd has room for 120
CHIP, NUMBER = "ft232r", "0403:6001"
BYTES, SECONDS = 115, 2         # each 10 ms
ATTACHES = 3


def present(pattern, count):
    """The nodes, when there are as many and each has its adapter."""
    def look():
        found = glob.glob(pattern)
        if len(found) != count:
            return None
        for path in found:
            try:
                os.close(probe.open_node(path))
            except OSError:
                return None
        return found
    return probe.wait_for(look, "%d of %s" % (count, pattern), limit=300)


def until(pattern, count, job):
    """Milliseconds of the guest from doing that to the nodes; and those."""
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


def serial(path):
    """The serial number of the device of a node of the kernel's."""
    with open("/sys/class/tty/%s/device/../../serial" % os.path.basename(path),
              encoding="ascii") as file:
        return file.read().strip()


def busy(guest, hardware, pairs):
    """The ms that the CPU is busy for a MB through all of these."""
    idle, began = cpu_idle_ns() + threads_ns(hardware), probe.now()
    moved = int(guest.run_program("many", BYTES, SECONDS, *pairs))
    took = (probe.now() - began) * 1e9
    idle = cpu_idle_ns() + threads_ns(hardware) - idle
    return (took - idle) / moved        # ns a byte: ms a MB


def modprobe(*words):
    """Of the kernel's driver."""
    subprocess.run(["modprobe", *words], check=True)


def scale(guest, counts):
    """For each of counts, or COUNTS: {"n", "theirs", "ours"}."""
    counts = counts or list(COUNTS)
    warm = False
    daemon = guest.daemon(NUMBER + ",serial=none,unit=0")
    nothing = status(daemon.pid)["VmRSS"]
    daemon.stop()
    for count in [1] + counts:      # the first is a warm-up
        ends = ["f%d" % number for number in range(count)]
        with tempfile.TemporaryDirectory() as directory, guest.served(
                directory, *("%s=%s,%s" % (end, CHIP, end)
                             for end in ends)) as hardware:
            theirs, ours = {}, {}
            present("/dev/ttyUSB*", count)
            modprobe("-r", "ftdi_sio")
            theirs["attach"], nodes = least(
                "/dev/ttyUSB*", count, lambda: modprobe("ftdi_sio"),
                lambda: modprobe("-r", "ftdi_sio"))
            theirs["cpu"] = busy(guest, hardware.pid, [
                word for node in nodes
                for word in (node, directory + "/" + serial(node))])
            daemons = []
            ours["attach"], nodes = least(
                "/dev/ttyU*", count, lambda: daemons.append(guest.daemon(*(
                    "%s,serial=%s,unit=%d" % (NUMBER, end, unit)
                    for unit, end in enumerate(ends)))),
                lambda: daemons[-1].stop())
            daemon = daemons[-1]
            try:
                fds = [probe.open_node(node) for node in nodes]
                ours["threads"] = lasting(daemon.pid)
                ours["rss"] = status(daemon.pid)["VmRSS"]
                ours["each"] = (ours["rss"] - nothing) / count
                for fd in fds:
                    os.close(fd)
                ours["cpu"] = busy(guest, hardware.pid, [
                    word for unit, end in enumerate(ends)
                    for word in ("/dev/ttyU%d" % unit,
                                 directory + "/" + end)])
            finally:
                daemon.stop()
        if warm:
            yield {"n": count, "theirs": theirs, "ours": ours}
        warm = True
