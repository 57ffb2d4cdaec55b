#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --usb vhci --steady
# timeout: 120
"""t_each_chip: unplug and revoke on a chip of each driver.

The rules are those of t_unplug and t_revoke, whose cases these are, the ones
that tell most: what a read, polls and an open that wait are told, the dead file
and the name after a replug, and a revoke under every blocked call.  Here they
are run on a CH340, a CP2102N, a PL2303HXN and an FT232H one after the other,
software on vhci_hcd, each with a devswd of its own.  All cases of those tests, and
of t_clients and t_programs, run on each chip with tools/check --full.

    t_each_chip.py [CHIP]       all chips, or this one
"""

import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
if len(sys.argv) > 1:
    os.environ["DEVSW_CHIP"] = sys.argv[1]
import h_guest  # noqa: E402

CHIPS = ("ch340", "cp2102n", "pl2303hxn", "ft232h")
UNPLUG = ("a blocked read returns 0", "an open that waits for carrier returns",
          "the stale descriptor is a dead file")
REVOKE = ("every blocked call of a revoked terminal",)
FEW = 4                 # cases, of each chip


def run_chip(chip, number):
    """One chip, in a process of its own, from this number: (cases, bad)."""
    bad = done = 0
    with subprocess.Popen(
            [sys.executable, os.path.realpath(__file__), chip], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as child:
        for line in child.stdout:
            told = re.match(r"(not )?ok \d+ - (.*)", line)
            if told:
                done += 1
                bad += told[1] is not None
                print("%sok %d - %s: %s" % (told[1] or "", number + done, chip,
                                            told[2]), flush=True)
            elif not line.startswith("1.."):
                print("# " + line.rstrip(), flush=True)
    if child.returncode != 0 and not bad or done != FEW:
        print("not ok - %s: status %d after %d cases" % (
            chip, child.returncode, done))
        bad += 1
    return done, bad


def main():
    """All chips."""
    number = failed = 0
    for chip in CHIPS:
        done, bad = run_chip(chip, number)
        number += done
        failed += bad
    print("1..%d" % number)
    return failed != 0


if len(sys.argv) == 1:
    sys.exit(main())
import t_unplug     # noqa: E402,F401  pylint: disable=unused-import
import t_revoke     # noqa: E402,F401  pylint: disable=unused-import
del sys.argv[1:]
sys.argv += UNPLUG + REVOKE
h_guest.run(h_guest.World())
