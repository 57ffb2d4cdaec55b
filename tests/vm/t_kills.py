#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --usb vhci --steady
# builds: full:plain
# timeout: 600
"""t_kills: devswd is killed many times, under sixteen clients.

With the keeper, on chips of src/vusb that outlive it: two lines with numbered
bytes both ways, two whose output is their input (tests/stress/kills.c).  No
client may be stuck, no byte may come twice, a file from before a kill is dead,
a line has its settings; and afterwards the keeper, the next devswd and the
kernel have what they had after a few.

And it is killed at the system calls that it makes between a client's request
and its answer (tests/stress/kill_calls.c).

DEVSW_KILLS in the environment is how often (60), DEVSW_EVERY at which of these
calls: at one in so many, going in or coming out; with 1 at all.  Without, this
is left out: a chip that goes on telling keeps devswd from being quiet, and it
takes long.  With DEVSW_STRESS_SAMPLE there is a line "# sample" every so many
seconds, with what kills.c says.
"""

import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_guest  # noqa: E402
from h_guest import case, equal, probe  # noqa: E402

BUILD = os.environ["DEVSW_BUILD"]
KILLS = int(os.environ.get("DEVSW_KILLS", "60"))
EVERY = os.environ.get("DEVSW_EVERY")
SAMPLE = os.environ.get("DEVSW_STRESS_SAMPLE", "0")
CLIENTS = 16
LOCK = "/run/devsw/devswd-120.lock"
# ID, chip, and what is claimed.
CHIPS = (("ftdi0", "ft232h", "0403:6014"), ("acm0", "cp2102n", "10c4:ea60"),
         ("loop0", "ch340", "1a86:7523"), ("loop1", "pl2303hxn", "067b:23a3"))
NUMBERED = 2
NODES = ["/dev/dtyU%d" % unit for unit in range(len(CHIPS))]

# What a client may be told; anything else is a fault.
ALLOWED = {
    "open": {"ENXIO", "EINTR", "EIO", "EAGAIN"},
    "read": {"EAGAIN", "EIO"},
    "write": {"EAGAIN", "EIO"},
    "poll": set(),
    "ioctl": {"EBADF", "EIO", "EINTR"},
    "close": set(),
}


class Kept(h_guest.World):
    """The daemon is the keeper's."""

    def start(self):
        h_guest.chips(BUILD + "/src/cmd/serve/vusb-serve",
                      *("%s=%s" % chip[:2] for chip in CHIPS))
        for name, _, _ in CHIPS[NUMBERED:]:
            h_guest.serve("wire", name, name)
        claims = [word for unit, (name, _, usb) in enumerate(CHIPS)
                  for word in ("--claim", "%s,serial=%s,unit=%d" %
                               (usb, name, unit))]
        self.daemon = probe.Daemon(BUILD + "/tests/stress/kept", h_guest.LOG,
                                   os.environ["DEVSWD"], "--keep", *claims)
        for path in NODES:
            self.usable(path)

    def stop(self):
        good = super().stop()
        h_guest.chips("-k")
        left = [path for path in NODES if os.path.exists(path)]
        if left:
            print("not ok - a stop takes the nodes away: " + " ".join(left))
        return good and not left


def daemon():
    """The process of today."""
    with open(LOCK, encoding="ascii") as file:
        return int(file.read())


def footprint(world):
    """Descriptors of the keeper; of the daemon at rest, and its threads; the
    kernel's nodes.  None: not at rest."""
    def look():
        return (h_guest.footprint(world.daemon.pid)[0],
                *h_guest.footprint(daemon())[:2],
                len(os.listdir("/sys/class/cuse")))

    status = h_guest.status()
    if status["threads"] != 2 or any(node["opens"] or node["calls"]
                                     for node in status["nodes"]):
        return None
    before = look()
    probe.time.sleep(0.3)
    return before if look() == before else None


def kills(world, count, first):
    """So many, with bytes from a number on."""
    argv = [BUILD + "/tests/stress/kills", "-s", SAMPLE if first else "0",
            str(count), str(first), str(CLIENTS), str(world.daemon.pid), LOCK]
    argv += ["%s=%s" % (path, probe.far_path(chip[0]))
             for path, chip in zip(NODES[:NUMBERED], CHIPS)]
    argv += NODES[NUMBERED:]
    counts = {}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as load:
        for line in load.stdout:
            said = json.loads(line)
            if isinstance(said, dict):
                counts = said
            else:
                print("# sample: " + line, end="", flush=True)
    equal(load.returncode, 0, "the load's status")
    print("# " + json.dumps(counts), flush=True)
    for what in counts["errors"]:
        call, word = what.split()
        if word not in ALLOWED[call]:
            raise AssertionError("%s: %d times" %
                                 (what, counts["errors"][what]))
    for what in ("open", "read", "write", "poll", "ioctl", "sent",
                 "received"):
        if counts[what] == 0:
            raise AssertionError("nothing of %s" % what)
    for path in NODES:
        world.usable(path)


@case("killed %d times under %d clients: none is stuck, no byte comes twice, "
      "and nothing is left over" % (KILLS, CLIENTS))
def _(world):
    kills(world, 5, 0)
    before = probe.wait_for(lambda: footprint(world), "rest")
    kills(world, KILLS, 1 << 22)    # what is left of those is less
    probe.wait_for(lambda: footprint(world) == before,
                   "what it had: %s" % (before,))
    equal(h_guest.unkillable(), [], "processes in state D")


@case("killed at system calls between a request and its answer")
def _(world):
    if EVERY is None:
        raise h_guest.Skip("DEVSW_EVERY says at how many")
    before = probe.wait_for(lambda: footprint(world), "rest")
    argv = [BUILD + "/tests/stress/kill_calls", EVERY, str(world.daemon.pid),
            LOCK, NODES[0], probe.far_path(CHIPS[0][0])]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as killer:
        for line in killer.stdout:
            print("# " + line, end="", flush=True)
            if json.loads(line)["stops"] < 4:
                raise AssertionError("no system calls")
    equal(killer.returncode, 0, "its status")
    for path in NODES:
        world.usable(path)
    probe.wait_for(lambda: footprint(world) == before,
                   "what it had: %s" % (before,))
    equal(h_guest.unkillable(), [], "processes in state D")


if __name__ == "__main__":
    h_guest.run(Kept())
