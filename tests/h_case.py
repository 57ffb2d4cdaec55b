# SPDX-License-Identifier: BSD-2-Clause
"""h_case: cases of a test program in Python, and what they say to fail."""
import time

LIMIT = 20.0            # seconds after which what should be at once is not
CASES = []


def case(rule):
    """The decorated function is a test case that proves this rule."""
    def add(function):
        CASES.append((rule, function))
        return function
    return add


def equal(got, wanted, what="it"):
    """Fail unless they are the same."""
    if got != wanted:
        raise AssertionError(f"{what} is {got!r:.400}, not {wanted!r:.400}")


def until(look, what):
    """The first true value of look()."""
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        got = look()
        if got:
            return got
        time.sleep(0.005)
    raise AssertionError("no " + what)
