#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_prune: t_sched --prune leaves nothing out.

    t_prune.py T_SCHED

A run's end is told by what came before what in it, where that matters (--ends,
prune.c).  With --prune as many different ends have to be found as without, with
fewer schedules; and with the bound that all these litmuses are exhausted with.
With a sanitizer in the place of "none" nothing is done.
"""

import re
import subprocess
import sys

LITMUSES = (
    ("count_drain", 3), ("count_twice_drain", 3), ("callout_halt_other", 3),
    ("poll_end_notify", 3), ("acquire_detach", 3), ("acquire_refused", 3),
    ("two_closes", 3), ("open_attach", 2), ("failing_reopen", 2),
    ("open_revoke", 2), ("clone_open_leave", 2), ("late_open_revoke", 2),
)
LINE = re.compile(r"^# (\d+) schedules, all up to bound (\d+), (\d+) ends",
                  re.M)


def ends(program, litmus, bound, *options):
    """Numbers of schedules and ends; None if that was not all."""
    done = subprocess.run(
        [program, "--ends", "-b", str(bound), "-n", "1000000", *options,
         litmus], check=False, text=True, stdout=subprocess.PIPE)
    found = LINE.search(done.stdout)
    if done.returncode or not found or int(found[2]) != bound:
        return None
    return int(found[1]), int(found[3])


def main():
    """The program."""
    bad = 0
    for number, (litmus, bound) in enumerate(LITMUSES, 1):
        every = ends(sys.argv[1], litmus, bound)
        pruned = ends(sys.argv[1], litmus, bound, "--prune")
        good = every and pruned and every[1] == pruned[1] and \
            pruned[0] <= every[0]
        bad += not good
        print("%sok %d - %s up to bound %d" % ("" if good else "not ", number,
                                               litmus, bound))
        print("# (schedules, ends): %s, with --prune %s" % (every, pruned),
              flush=True)
    print("1..%d" % len(LITMUSES))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
