#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --usb ftdi --usb acm
# builds: full:asan tsan
# timeout: 200
"""t_stress: cat and revoke from many processes while plugs are pulled.

The test of NetBSD's open/close and attach/detach rework (go.sh, tech-kern,
January 2022), with the daemon under a sanitizer.  Nothing may hang, nothing
may be answered that is no answer of the contract, and afterwards threads,
descriptors, memory and references are back where they were.  On the way there
are never more threads than those of a daemon at rest and one for each process:
how many of these sleep in a call of theirs is the load's and the machine's
doing, and a thread stays for some time after its last one.

DEVSW_STRESS in the environment is how long, in seconds (40).  With
DEVSW_STRESS_SAMPLE there is a line "# sample" every so many seconds, with what
SAMPLE says.
"""

import json
import os
import random
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_guest  # noqa: E402
from h_guest import CALLOUT, CLAIMS, NODES, case, equal, probe  # noqa: E402

BUILD = os.environ["DEVSW_BUILD"]
SECONDS = int(os.environ.get("DEVSW_STRESS", "40"))
# Seconds since the beginning; devswd's resident KiB, of which the kernel side
# has asked for so many bytes; its descriptors and threads; and what cat_revoke
# -s tells of its calls.
SAMPLE = int(os.environ.get("DEVSW_STRESS_SAMPLE", "0"))
PROCESSES = 72
# A detach that takes longer than the deadline gives the next device another
# unit, and that unit nodes, which stay.  Under this load 5 s, the default, may
# pass without anything being stuck.
PATIENT = ("--deadline", "60")
ADAPTERS = ("ftdi0", "acm0")

# What a client may be told; anything else is a fault.
ALLOWED = {
    "open": {"ENXIO", "EBUSY", "EINTR", "EAGAIN", "EIO", "EBADF"},
    "read": {"EAGAIN", "EINTR", "EIO"},
    "write": {"EAGAIN", "EINTR", "EIO"},
    "poll": {"EINTR"},
    "tcgetattr": {"EBADF", "EINTR", "EIO"},
    "close": set(),
    "revoke": {"EBUSY"},
}


def use():
    """Open every node."""
    for path in list(CALLOUT.values()) + list(NODES.values()):
        os.close(probe.wait_for(lambda path=path: h_guest.openable(path),
                                "open of " + path))


def listen(world, load, counts, seen):
    """A sample for each line of the load's but the last, its counts."""
    began = probe.now()
    for line in load.stdout:
        said = json.loads(line)
        if isinstance(said, dict):
            counts.update(said)
            continue
        fds, threads, kib = h_guest.footprint(world.daemon.pid)
        seen.append(threads)
        print("# sample: " + json.dumps(
            [round(probe.now() - began), kib,
             h_guest.status()["memory"]["bytes"], fds, threads, *said]),
              flush=True)


@case("cat and revoke in 72 processes, and plugs pulled for %d s" % SECONDS)
def _(world):
    for adapter in ADAPTERS:        # tables have their size from now on
        world.unplug(adapter)
        world.plug(adapter)
    rest = h_guest.Rest(world, use)
    # A far end that nobody reads stops the whole guest (tools/vm).
    drain = subprocess.Popen(
        ["socat", "-u", ("UNIX-CONNECT:" if h_guest.CHIP else "OPEN:") +
         probe.far_path("ftdi0"), "-"], stdout=subprocess.DEVNULL)
    load = subprocess.Popen(
        [BUILD + "/tests/stress/cat_revoke", "-s", str(SAMPLE), str(SECONDS),
         str(PROCESSES), *CALLOUT.values(), *NODES.values()],
        stdout=subprocess.PIPE, text=True)
    unplugs, counts, seen = 0, {}, []
    heard = threading.Thread(target=listen, args=(world, load, counts, seen))
    heard.start()
    while load.poll() is None:
        adapter = random.choice(ADAPTERS)
        h_guest.pull(adapter, (CALLOUT[adapter], NODES[adapter]))
        unplugs += 1
    heard.join()
    drain.kill()
    drain.wait()
    counts["unplugs"] = unplugs
    if h_guest.CHIP:
        counts["chip"] = h_guest.CHIP
    print("# " + json.dumps(counts), flush=True)
    equal(load.returncode, 0, "the load's status")
    for what in counts["errors"]:
        call, word = what.split()
        if word not in ALLOWED[call]:
            raise AssertionError("%s: %d times" %
                                 (what, counts["errors"][what]))
    for call in ("open", "read", "close", "revoke"):
        if counts[call] == 0:
            raise AssertionError("no %s succeeded" % call)
    most = rest.before["descriptors, threads"][1] + PROCESSES
    if max(seen, default=0) > most:
        raise AssertionError("%d threads, more than %d" % (max(seen), most))
    rest.returns()
    equal(h_guest.unkillable(), [], "processes in state D")


if __name__ == "__main__":
    h_guest.run(h_guest.World("-v", *CLAIMS, *PATIENT))
