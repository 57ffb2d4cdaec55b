#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --usb hidg --usb hidg --usb hid-mouse --usb hid-kbd --usb hid-tablet --usb vhci
# builds: asan full:tsan
# timeout: 200
"""t_uhid_stress: many processes use and revoke HIDs while plugs are pulled.

The load of t_stress, on a gadget and on a device of the test's own with two
report IDs, one of which mostly does not answer; and processes that ask for
reports.  Nothing may hang, no answer may be none of the contract's, and
afterwards threads, descriptors, memory and references are as before.

DEVSW_STRESS in the environment is how long, in seconds (20).
"""

import json
import os
import random
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_guest  # noqa: E402
import h_hid  # noqa: E402
import h_vhci  # noqa: E402
from h_guest import case, equal, probe  # noqa: E402

BUILD = os.environ["DEVSW_BUILD"]
SECONDS = int(os.environ.get("DEVSW_STRESS", "20"))
PROCESSES = 24
# A detach that takes longer than the deadline gives the next device another
# unit, and that unit nodes, which stay.  Under this load 5 s, the default, may
# pass without anything being stuck.
PATIENT = ("--deadline", "60")
NODES = ["/dev/uhid0", "/dev/uhid1", "/dev/uhid2"]
DEAD = {"EBADF", "EIO", "ENXIO", "EINTR", "ENODEV"}
ALLOWED = {
    "open": {"ENXIO", "EBUSY", "EINTR", "EAGAIN", "EIO", "EBADF"},
    "read": {"EAGAIN", "EINTR", "EIO"},
    "write": {"EAGAIN", "EINTR", "EIO", "EINVAL"},
    "poll": {"EINTR"},
    "tcgetattr": {"EBADF", "EINTR", "EIO", "EINVAL", "ENXIO"},
    "close": set(),
    "revoke": {"EBUSY"},
}


def use():
    """Open every node."""
    for path in NODES:
        os.close(h_hid.opened(path))


def plugged():
    """The test's own device."""
    hid = h_vhci.Hid(0, "ours", h_vhci.Interface(
        h_hid.numbered((1, 4, 4, 4), (2, 4, 4, 4))))
    hid.interfaces[0].reports[h_hid.FEATURE, 1] = b"\1abcd"
    hid.interfaces[0].reports[h_hid.FEATURE, 2] = None
    return hid


def asker(end):
    """Ask for reports until the end; a word for the first bad answer."""
    while probe.now() < end:
        try:
            fd = os.open(random.choice(NODES), os.O_RDWR | os.O_NONBLOCK)
        except OSError as error:
            word = probe.errno_name(error.errno)
            if word not in ALLOWED["open"]:
                return "open: " + word
            continue
        for _ in range(random.randrange(5)):
            done = random.choice((
                lambda: h_hid.get_report(fd, h_hid.FEATURE, 4),
                lambda: h_hid.set_report(fd, h_hid.FEATURE, b"1234"),
                lambda: h_hid.get_int(fd, h_hid.USB_GET_REPORT_ID),
                lambda: h_hid.raw_call(fd, h_hid.GFEATURE, b"\1" + bytes(9)),
                lambda: h_hid.set_int(fd, h_hid.USB_SET_IMMED, 1),
                lambda: h_hid.call(fd, h_hid.HIDIOCGRAWINFO)))()
            if isinstance(done, str) and done not in DEAD | {
                    "0", "EINVAL", "EPIPE", "ETIMEDOUT",
                    probe.errno_name(95)}:
                return "ioctl: " + done
        os.close(fd)
    return "good"


@case("a load on three HIDs, and plugs pulled for %d s" % SECONDS)
def _(world):
    hid = plugged()
    rest = h_guest.Rest(world, use)
    end = probe.now() + SECONDS
    askers = [probe.Call("ioctl", asker, end) for _ in range(4)]
    load = subprocess.Popen(
        [BUILD + "/tests/stress/cat_revoke", str(SECONDS), str(PROCESSES),
         *NODES], stdout=subprocess.PIPE, text=True)
    unplugs = 0
    while load.poll() is None:
        if random.random() < 0.5:
            h_guest.pull("hidg0", NODES[:1])
        else:
            hid.unplug()
            hid = plugged()
            # All the while, or who opens late finds nothing to read.
            stays = probe.now() + random.random()
            while probe.now() < stays:
                hid.send(b"\1abcd")
                hid.send(b"\2efgh")
                time.sleep(0.02)
        unplugs += 1
    counts = json.loads(load.stdout.read())
    counts["unplugs"] = unplugs
    print("# " + json.dumps(counts), flush=True)
    equal(load.returncode, 0, "the load's status")
    for call in askers:
        equal(call.result(60)[0], "good", "one that asks for reports")
    for what in counts["errors"]:
        call, word = what.split()
        if word not in ALLOWED[call]:
            raise AssertionError("%s: %d times" %
                                 (what, counts["errors"][what]))
    # Of few opens on a slow machine each may be revoked before its first
    # read: that reads work is t_uhid's business.
    reads = counts["read"] + sum(times for what, times in
                                 counts["errors"].items()
                                 if what.startswith("read "))
    equal(reads > 0, True, "reads")
    for call in ("open", "close", "revoke"):
        if counts[call] == 0:
            raise AssertionError("no %s succeeded" % call)
    # What has been sent to a device without an answer is given up.
    rest.returns()
    hid.unplug()
    probe.wait_for(lambda: not h_guest.unkillable(),
                   "the end of processes in state D")


if __name__ == "__main__":
    h_guest.run(h_hid.World(*PATIENT))
