#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_check_limit: a test's time limit counts from its last output; what it says.

The rule: slow is not stuck.  How long a test takes depends on the machine and
on what else it does, so tools/check gives up only on one that tells nothing
for as long as its limit, or that never stops telling; and a guest is given up
on like a test.  The rule is that of devswd's deadlines, which count from the
last progress.

And a program that says that it skips everything has not passed, nor has one
that ends before it has told what it said it would.

    t_check_limit.py SOURCE_ROOT
"""

import contextlib
import io
import os
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(sys.argv[1], "tools"))
import check  # noqa: E402

CASES = []


def case(function):
    """Its docstring is the rule."""
    CASES.append(function)
    return function


def sh(script, limit):
    """(output, status, seconds) of a test with this limit."""
    began = time.monotonic()
    output, status = check.run_here(["/bin/sh", "-c", script], limit, "plain")
    return output, status, time.monotonic() - began


@case
def slow():
    """a test that goes on telling has more time than its limit"""
    output, status, took = sh("for i in 1 2 3 4; do sleep 1; echo ok $i; done",
                              3)
    return status == 0 and output.count("ok") == 4 and took > 3


@case
def silent():
    """one that is silent for its limit is ended, and what it said is kept"""
    output, status, took = sh("echo ok 1; sleep 60", 1)
    return status is None and output == "ok 1\n" and took < 30


@case
def endless():
    """one that never stops telling is ended"""
    output, status, took = sh("while :; do echo more; sleep .1; done", 2)
    return (status is None and output.startswith("more\n") and
            check.TALK * 2 <= took < 60)


@case
def closed():
    """one that has closed its output is not waited for much longer"""
    _, status, took = sh("exec >&- 2>&-; sleep 60", 1)
    return status is None and took < 30


@case
def passed_on():
    """what it says comes at once, not at its end"""
    with tempfile.TemporaryDirectory() as work:
        heard = os.path.join(work, "heard")
        _, status = check.run_here(
            ["/bin/sh", "-c", "echo 1; until test -e " + heard +
             "; do sleep .1; done"], 20, "plain",
            lambda _piece: open(heard, "x", encoding="ascii").close())
    return status == 0


def judged(output, status):
    """(passed, failed, skipped) of a test that said this."""
    with contextlib.redirect_stdout(io.StringIO()):
        count = check.judge("x", output, status)
    return count.passed, count.failed, count.skipped


@case
def skips():
    """who skips everything has not passed, whatever the status of its end"""
    said = "1..0 # SKIP needs root\n"
    return (judged(said, 0) == judged(said, check.SKIPPED) == (0, 0, 1) and
            judged(said, 1) == (0, 1, 0) and judged("", 0) == (1, 0, 0))


@case
def too_few():
    """who ends before all that it said it would tell has failed"""
    return (judged("1..3\nok 1 - a\nok 2 - b\n", 0) == (2, 1, 0) and
            judged("1..3\nok 1 - a\nok 2 - b # SKIP\nok 3 - c\n", 0) ==
            (2, 0, 1) and
            judged("ok 1 - a\nok 2 - b\n1..2\n", 0) == (2, 0, 0))


def main():
    """One TAP line for each."""
    status = 0
    print("1..%d" % len(CASES))
    for number, function in enumerate(CASES, 1):
        good = function()
        print("%s %d - %s" % ("ok" if good else "not ok", number,
                              function.__doc__), flush=True)
        status = status if good else 1
    sys.exit(status)


main()
