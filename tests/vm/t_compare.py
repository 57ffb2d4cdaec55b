#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --smp 1 --usb acm:absent --usb hidg:absent --usb ftdi:absent --usb vhci
# chips: full:ch340 full:cp2102n full:pl2303hxn
# timeout: 600
"""t_compare: devsw-compare with real hardware.

The scenarios that tell most, on the kernel's drivers and on devswd with
several semantics: all as expected, or explained; a scenario that hangs is ended
and the rest goes on; hardware that is in use is left alone.  All semantics on
both are tools/compare's.  With DEVSW_CHIP a chip of src/vusb is the hardware, and
that is all.
"""

import json
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True
TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(TOP, "tools", "guest"))
import probe  # noqa: E402

PROGRAM = os.environ["DEVSW_BUILD"] + "/src/cmd/compare/devsw-compare"
RUN = os.path.join(TOP, "tools", "guest", "compare-run")
SAVED = "/tmp/saved.json"
CHIP = os.environ.get("DEVSW_CHIP")


def compare(*args):
    """(status, standard output, standard error)"""
    done = subprocess.run([RUN, PROGRAM, *args], check=False, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True)
    return done.returncode, done.stdout, done.stderr


def equal(got, wanted):
    """Fail unless they are the same."""
    if got != wanted:
        raise AssertionError(f"{got!r}, not {wanted!r}")


def quick(target, *semantics, chips=()):
    """All quick scenarios; every outcome as expected or explained."""
    status, out, err = compare(*chips, "--quick", "--target", target,
                               "--semantics", ",".join(semantics), "--save",
                               SAVED)
    print("".join(f"# {line}\n" for line in (err + out).splitlines()), end="")
    equal(status, 0)
    with open(SAVED, encoding="utf-8") as file:
        document = json.load(file)
    ran = [run for scenario in document["scenarios"]
           for run in scenario["runs"] if run["status"] == "expected"]
    for system in ("kernel", *semantics):
        if sum(run["system"] == system for run in ran) < 5:
            raise AssertionError(f"few scenarios ran on {system}")
    if not any(event["kind"] == "driver" for run in ran
               for event in run["events"]):
        raise AssertionError("no call of a driver was seen")


def t_acm():
    """a CDC-ACM adapter: as expected or explained"""
    quick("acm", "netbsd")


def t_hid():
    """a HID: as expected or explained, also where a close does not drain"""
    quick("hid", "netbsd-legacy", "linux")


def t_given_back():
    """the kernel has the hardware when it is over"""
    probe.vmusb("wait-plugged", "acm0")
    probe.wait_for(lambda: os.path.exists("/dev/ttyACM0"), "/dev/ttyACM0")


def t_in_use():
    """a node that somebody has open is left alone: one line, status 2"""
    fd = probe.open_node("/dev/ttyACM0")
    status, out, err = compare("--target", "acm")
    os.close(fd)
    equal((status, out, err.count("\n")), (2, "", 1))
    if "in use by" not in err:
        raise AssertionError(err)


def t_port():
    """without a description: the hub's port is the plug"""
    begin = time.monotonic()
    done = subprocess.run(
        [PROGRAM, "--target", "/dev/ttyACM0", "--scenario", "replug-name",
         "--semantics", "netbsd", "--json"], check=False, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    runs = json.loads(done.stdout)["scenarios"][0]["runs"]
    print(f"# {time.monotonic() - begin:.1f} s")
    equal([(run["system"], run["status"], run["reason"]) for run in runs],
          [("kernel", "expected", ""), ("netbsd", "expected", "")])


def chip_of_software():
    """a chip on vhci_hcd: as expected or explained, in each semantics"""
    quick(CHIP, "netbsd", "netbsd-legacy", "freebsd", "linux",
          chips=("--chips", CHIP))


def main():
    """TAP; the cases are in order, and go on from each other."""
    tests = [value for name, value in globals().items()
             if name.startswith("t_")] if not CHIP else [chip_of_software]
    words = sys.argv[1:]
    if words:
        tests = [test for test in tests
                 if any(word in test.__doc__ for word in words)]
    bad = 0
    for number, test in enumerate(tests, 1):
        try:
            test()
            print(f"ok {number} - {test.__doc__}", flush=True)
        except (AssertionError, probe.Late, OSError, ValueError) as error:
            print(f"# {error}\nnot ok {number} - {test.__doc__}", flush=True)
            bad += 1
    print(f"1..{len(tests)}")
    if CHIP and not bad:
        print("# tried: " + json.dumps({"chip": CHIP, "cases": len(tests),
                                        "test": "t_compare"}))
    return bad != 0


sys.exit(main())
