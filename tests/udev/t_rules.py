#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_rules RULES SEAT: what udev's own interpreter makes of 60-devsw.rules, and
of 74-devsw-seat.rules.

Links have the names that udev's 60-serial.rules gives to a port of Linux's
drivers (usbserial's have a port number, cdc_acm's have none); they lead to the
node that never waits for carrier; without hardware there are none, and the
device is not ready for systemd; what is not devswd's is left alone.

"udevadm test" runs the rules for /dev/zero and the like, which stand for our
nodes, with a program in devsw-udev's place.  It makes links and a database, so
/dev and /run are a private file system here.  Needs root for that.
"""

import os
import subprocess
import sys

STANDS_FOR = {"dtyU0": "zero", "ttyU0": "full", "uhid0": "null"}
FTDI = {
    "DEVSW_NODE": "1", "DEVSW_DEVICE": "uftdi0", "DEVSW_NAME": "gps",
    "ID_BUS": "usb", "ID_SERIAL": "FTDI_FT232R_USB_UART_A50285BI",
    "ID_PATH": "pci-0000:00:14.0-usb-0:1.4:1.0",
    "ID_USB_INTERFACE_NUM": "00", "ID_USB_DRIVER": "uftdi",
}
BY_ID = "serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00"
BY_PATH = "serial/by-path/pci-0000:00:14.0-usb-0:1.4:1.0"
CASES = []
SAID = [""]              # all of the last run


def case(rule):
    """The decorated function proves this rule."""
    def add(function):
        CASES.append((rule, function))
        return function
    return add


def run(node, properties):
    """The node's properties and links after the rules."""
    with open("/run/says", "w", encoding="utf-8") as file:
        for key, value in properties.items():
            file.write('%s="%s"\n' % (key, value))
    text = subprocess.run(
        ["udevadm", "test", "--action=change",
         "/sys/devices/virtual/mem/" + STANDS_FOR[node]],
        check=True, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT).stdout
    SAID[:] = [text]
    # The log comes first.
    said = text.partition("\nDEVPATH=")[2]
    assert said, text
    got = dict(line.split("=", 1) for line in said.splitlines()[1:]
               if "=" in line)
    links = sorted(link[len("/dev/"):]
                   for link in got.get("DEVLINKS", "").split()
                   if not link.startswith("/dev/char/"))
    for link in links:
        assert os.readlink("/dev/" + link).endswith(STANDS_FOR[node]), link
    return got, links


def cleared():
    """Does the last event have the node's rights taken away?"""
    return "/run/asked --clear null" in SAID[0]


def equal(got, wanted):
    """Fail unless they are the same."""
    assert got == wanted, "%r, not %r" % (got, wanted)


@case("an adapter of usbserial's kind has its links, with a port number")
def _():
    got, links = run("dtyU0", FTDI)
    equal(links, ["devsw/gps", BY_ID + "-port0", BY_PATH + "-port0",
                  "ttyUSB-zero"])
    equal(got["ID_MM_DEVICE_IGNORE"], "1")
    equal(":systemd:" in got["CURRENT_TAGS"], True)
    equal(got.get("SYSTEMD_READY"), None)


@case("an adapter of cdc_acm's kind has its links, without one")
def _():
    _, links = run("dtyU0", {**FTDI, "ID_USB_DRIVER": "umodem"})
    equal(links, ["devsw/gps", BY_ID, BY_PATH, "ttyACM-zero"])


@case("no claim's name, no serial number, no path: no such link")
def _():
    less = {**FTDI, "ID_PATH": ""}
    del less["DEVSW_NAME"], less["ID_SERIAL"]
    _, links = run("dtyU0", less)
    equal(links, ["ttyUSB-zero"])


@case("the node that waits for carrier has properties, and no links")
def _():
    got, links = run("ttyU0", FTDI)
    equal(links, [])
    equal(got["ID_SERIAL"], FTDI["ID_SERIAL"])
    equal(got.get("SYSTEMD_READY"), None)


@case("a HID has no serial line's links")
def _():
    _, links = run("uhid0", {**FTDI, "DEVSW_DEVICE": "uhidev0",
                             "DEVSW_NAME": "key", "ID_USB_DRIVER": "uhidev"})
    equal(links, ["devsw/key", "hidraw-null"])


@case("a security key is for who is at the machine, as a hidraw's; no other HID")
def _():
    hid = {**FTDI, "DEVSW_DEVICE": "uhidev0", "ID_USB_DRIVER": "uhidev"}
    for token in {}, {"ID_SECURITY_TOKEN": "1"}:
        got, _ = run("uhid0", {**hid, **token})
        tags = set(got["CURRENT_TAGS"].strip(":").split(":"))
        equal(tags - {"seat"}, {"systemd", "uaccess", "security-device"}
              if token else {"systemd"})
        equal(cleared(), False)


@case("and when it has left nobody may who was let in by that")
def _():
    hid = {**FTDI, "DEVSW_DEVICE": "uhidev0", "ID_USB_DRIVER": "uhidev"}
    run("uhid0", {**hid, "ID_SECURITY_TOKEN": "1"})
    got, _ = run("uhid0", {"DEVSW_NODE": "1"})
    equal(("uaccess" in got["CURRENT_TAGS"], cleared()), (False, True))
    # Other hardware in its place is none, for good.
    got, _ = run("uhid0", hid)
    equal(("uaccess" in got["CURRENT_TAGS"], cleared()), (False, True))
    got, _ = run("uhid0", {**hid, "ID_SECURITY_TOKEN": "1"})
    equal(("uaccess" in got["CURRENT_TAGS"], cleared()), (True, False))


@case("a rule in between gives another node, and keeps a key")
def _():
    hid = {**FTDI, "DEVSW_DEVICE": "uhidev0", "ID_USB_DRIVER": "uhidev"}
    local = "/run/udev/rules.d/61-local.rules"
    for rule, token, wanted in (
            ('TAG+="uaccess", ENV{DEVSW_SEAT}="1"', "", True),
            ('ENV{DEVSW_SEAT}="0"', "1", False)):
        with open(local, "w", encoding="ascii") as file:
            file.write('SUBSYSTEM=="mem", ENV{DEVSW_NAME}=="gps", %s\n' %
                       rule)
        got, _ = run("uhid0", {**hid, "ID_SECURITY_TOKEN": token})
        equal(("uaccess" in got["CURRENT_TAGS"], cleared()),
              (wanted, not wanted))
    os.unlink(local)
    run("uhid0", {"DEVSW_NODE": "1"})


@case("hardware that has left takes links and properties along")
def _():
    run("dtyU0", FTDI)
    got, links = run("dtyU0", {"DEVSW_NODE": "1"})
    equal(links, [])
    equal(got["SYSTEMD_READY"], "0")
    equal([key for key in got if key.startswith("ID_")],
          ["ID_MM_DEVICE_IGNORE", "ID_MM_PORT_IGNORE"])
    equal(os.path.lexists("/dev/" + BY_ID + "-port0"), False)
    equal(os.path.lexists("/dev/devsw/gps"), False)


@case("what is not devswd's is left alone")
def _():
    got, links = run("dtyU0", {})
    equal(links, [])
    equal((got.get("SYSTEMD_READY"), got.get("CURRENT_TAGS")), (None, None))


@case("a serial number with characters that rules expand stays what it is")
def _():
    _, links = run("dtyU0", {**FTDI, "ID_SERIAL": "a$kb%kc.._d"})
    equal([link for link in links if "by-id" in link],
          ["serial/by-id/usb-a_kb_kc.._d-if00-port0"])


def prepare(*rules):
    """Private /run and /dev; the rules for what stands for our nodes."""
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    os.makedirs("/run/udev/rules.d")
    os.makedirs("/run/dev")
    for name in ("null", "zero", "full", "urandom"):
        device = os.stat("/dev/" + name).st_rdev
        os.mknod("/run/dev/" + name, 0o20666, device)
    subprocess.run(["mount", "--bind", "/run/dev", "/dev"], check=True)
    for path in rules:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        text = text.replace('"cuse"', '"mem"').replace(
            "@udevdir@/devsw-udev", "/run/asked")
        for name, other in STANDS_FOR.items():
            text = text.replace('"%s*"' % name[:-1], '"%s"' % other)
        with open("/run/udev/rules.d/" + os.path.basename(path)[:-3], "w",
                  encoding="utf-8") as file:
            file.write(text)
    with open("/run/asked", "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\ncat /run/says\n")
    os.chmod("/run/asked", 0o755)


def main():
    """TAP; 77: cannot be run here."""
    if sys.argv[1] != "inside":
        if os.geteuid() != 0 or not os.path.isdir("/sys/class/mem/zero"):
            print("1..0 # SKIP needs root and /sys")
            sys.exit(77)
        os.execvp("unshare", ["unshare", "-m", "--propagation", "private",
                              sys.executable, __file__, "inside"] + sys.argv[1:])
    prepare(*sys.argv[2:])
    good = True
    for number, (rule, function) in enumerate(CASES, 1):
        try:
            function()
            print("ok %d - %s" % (number, rule))
        except (AssertionError, KeyError) as error:
            good = False
            print("# %s\nnot ok %d - %s" % (
                str(error).replace("\n", "\n# "), number, rule))
    print("1..%d" % len(CASES))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
