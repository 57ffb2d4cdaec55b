#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --usb ftdi --usb acm
# builds: full:plain
# timeout: 200
"""t_crowd: two thousand readers that are blocked in one node.

A revoke, an unplug or a SIGKILL ends all of them, nobody stays in state D
(a CUSE client whose call is not answered cannot be killed), another node goes
on meanwhile, and the daemon is as it was before.
"""

import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_guest  # noqa: E402
from h_guest import CALLOUT, CLAIMS, case, equal, probe  # noqa: E402

BUILD = os.environ["DEVSW_BUILD"]
CTL = BUILD + "/src/cmd/devswctl/devswctl"
FILES, EACH = 100, 20
NODE = CALLOUT["acm0"]
LIMIT = 60


def node_status():
    """devswctl status of the crowd's node, and the daemon's threads."""
    now = json.loads(subprocess.check_output([CTL, "status", "--json"]))
    name = os.path.basename(NODE)
    return [n for n in now["nodes"] if n["name"] == name][0], now["threads"]


def crowd():
    """All of them, blocked."""
    fd = probe.open_node(NODE)
    probe.raw(fd, clocal=True)
    process = subprocess.Popen(
        [BUILD + "/tests/stress/crowd", NODE, str(FILES), str(EACH)],
        stdout=subprocess.PIPE, text=True)
    equal(process.stdout.readline(), "blocked\n", "the crowd")
    os.close(fd)
    node, threads = node_status()
    equal((node["calls"], node["opens"]), (FILES * EACH, FILES), "the node")
    equal(threads >= FILES * EACH, True, "threads")
    # The other node is not concerned.
    fd = probe.open_node(CALLOUT["ftdi0"])
    probe.modem_lines(fd)
    os.close(fd)
    return process


def gone():
    """Nothing is left of it."""
    def at_rest():
        node, threads = node_status()
        return (node["calls"], node["opens"], threads) == (0, 0, 2)
    probe.wait_for(at_rest, "a daemon at rest", LIMIT, 0.05)
    probe.wait_for(lambda: not h_guest.unkillable(), "an end of state D")


@case("a revoke ends two thousand reads")
def _(_world):
    process = crowd()
    subprocess.run([CTL, "revoke", NODE], check=True)
    equal(json.loads(process.communicate(timeout=LIMIT)[0]),
          {"0": FILES * EACH, "data": 0}, "results")
    gone()


@case("an unplug ends two thousand reads")
def _(world):
    process = crowd()
    probe.vmusb("unplug", "acm0")
    equal(json.loads(process.communicate(timeout=LIMIT)[0]),
          {"0": FILES * EACH, "data": 0}, "results")
    world.plug("acm0")
    gone()


@case("SIGKILL ends two thousand reads, and nobody stays in state D")
def _(_world):
    process = crowd()
    process.kill()
    equal(process.wait(LIMIT), -9, "status")
    gone()


if __name__ == "__main__":
    h_guest.run(h_guest.World("-v", *CLAIMS, "--max-threads", "2500"))
