#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --usb vhci --steady
# timeout: 120
"""t_counts: devswd asks no more of the kernel for an operation than it did.

System calls, sleeps and allocations for a read of a device that has nothing to
do and for a byte there and back on an adapter, counted by the kernel, against
those that are recorded in tests/bench/recorded.json (tools/bench says how, and
tools/bench --record NAME... renews them, when more is what a change is worth).
Means of some hundred on one CPU with virtual time: no speed is judged.
"""

import os
import subprocess
import sys

sys.dont_write_bytecode = True
TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.realpath(__file__))))
sys.path[:0] = [os.path.join(TOP, "tools"), os.path.join(TOP, "tools/guest")]
import bench_guest  # noqa: E402
import bench_record  # noqa: E402
import bench_rows  # noqa: E402

OPERATIONS = ("null_read", "ch341_pingpong")


def main():
    """A case for each figure."""
    which = bench_record.kind(os.uname().release, False)
    recorded = bench_record.load()[which]
    guest = bench_guest.Guest(os.environ["DEVSW_BUILD"], True)
    guest.warm()
    number = failed = 0
    for one in guest.counts([name for name in bench_rows.COUNTS
                             if name.endswith(OPERATIONS)]):
        number += 1
        kept = recorded[one["name"]]["runs"]
        worse = bench_record.worse(one, kept, bench_record.LEAST["virtual"])
        failed += worse
        print("%sok %d - %s: %.2f, recorded %s" % (
            "not " * worse, number, one["name"], one["value"],
            " ".join("%.2f" % bench_record.judged(run) for run in kept)),
              flush=True)
    print("1..%d" % number)
    return 1 if failed or number != 3 * len(OPERATIONS) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (bench_rows.Failed, OSError, subprocess.SubprocessError) as error:
        sys.exit("t_counts: %s" % error)
