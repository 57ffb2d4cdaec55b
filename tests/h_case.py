# SPDX-License-Identifier: BSD-2-Clause
"""h_case: cases of a test program in Python, and what they say to fail."""
import sys
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


def main():
    """Run the cases, or those whose rule has the second argument."""
    only = sys.argv[2] if len(sys.argv) > 2 else ""
    failed = 0
    chosen = [item for item in CASES if only in item[0]]
    print(f"1..{len(chosen)}", flush=True)
    for number, (rule, function) in enumerate(chosen, 1):
        result = "ok"
        try:
            function()
        except Exception as error:      # pylint: disable=broad-except
            print("# " + f"{type(error).__name__}: {error}".replace(
                "\n", "\n# "))
            result, failed = "not ok", 1
        print(f"{result} {number} - {rule}", flush=True)
    return failed
