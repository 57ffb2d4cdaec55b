#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --usb vhci --steady
# timeout: 120
"""t_chips: the software chips are what Linux's own drivers take them for.

ch341, cp210x, pl2303 and ftdi_sio know real chips, and nobody here has written
them.  Each chip of src/vusb is served on vhci_hcd, is found by its driver, is
opened, set, written and read, and closed.  What the driver sends is what it
sent to a responder that knew nothing of the chip (tests/vusb/*.req), and the
chip says that it is set to what was asked.

A chip with several ports does this on its last one.  Then devswd does the same
with the same chips, through libusb; what a chip can't do is an error there.

The software HID is one to usbhid and hidraw: reports of each kind.

And what Linux's drivers tell of a speed by TCGETS2 is what docs/contract.md says
of them.

The guest's clock is steady: pl2303 gives most requests 100 ms, and goes on without
one that has taken longer.
"""

import fcntl
import glob
import json
import os
import re
import struct
import subprocess
import sys
import termios

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_guest  # noqa: E402
import h_serve  # noqa: E402
from h_guest import case, equal, probe  # noqa: E402

TIOCSBRK, TIOCCBRK = 0x5427, 0x5428
TCGETS2, TCSETS2 = 0x802C542A, 0x402C542B
HIDIOCSFEATURE, HIDIOCGFEATURE = 0xC0094806, 0xC0094807     # of 9 bytes
SPEED, BOTHER = 0o010017, 0o010000      # of c_cflag
REQUESTS = os.path.join(h_guest.TOP, "tests", "vusb", "%s.req")
SIZE = 65536
FEW = 2048
SETTINGS = {                    # name: (speed, cflag, iflag)
    "115200 8N1": (termios.B115200, termios.CS8, 0),
    "9600 7E2": (termios.B9600, termios.CS7 | termios.PARENB |
                 termios.CSTOPB, 0),
    "115200 8N1 rtscts": (termios.B115200, termios.CS8 | termios.CRTSCTS, 0),
    "115200 8N1 xonxoff": (termios.B115200, termios.CS8,
                           termios.IXON | termios.IXOFF),
}
ORDER = ("115200 8N1", "9600 7E2", "115200 8N1 rtscts", "115200 8N1 xonxoff",
         "115200 8N1")


class World(h_guest.World):
    """vusb-serve instead of devswd."""

    def start(self):
        for module in ("ch341", "cp210x", "pl2303", "ftdi_sio"):
            subprocess.check_call(["modprobe", module])
        self.serve = h_serve.Serve()

    def repair(self):
        """A case that failed: its chips go."""
        for name in self.serve.command("list").split():
            if "plugged=1" in self.serve.command("status", name):
                self.serve.command("unplug", name)
            self.serve.command("destroy", name)

    def stop(self):
        status = self.serve.stop()
        if status != 0:
            print("not ok - vusb-serve ends with status %d" % status)
        return status == 0


def recorded(chip):
    """[(step, [request], {expected})] of a .req file; None: there is none."""
    if not os.path.exists(REQUESTS % chip):
        return None
    with open(REQUESTS % chip, encoding="ascii") as file:
        lines = [line for line in file.read().splitlines()
                 if not line.startswith("#")]
    steps = []
    for block in "\n".join(lines).strip().split("\n\n"):
        words = block.splitlines()
        wanted = dict(word.split("=", 1) for line in words[1:]
                      if line.startswith("=") for word in line[2:].split())
        steps.append((words[0], [line for line in words[1:]
                                 if not line.startswith("=")], wanted))
    return steps


class Steps:
    """Does step after step on one port of a chip, as one who compares."""

    def __init__(self, chip, port, under):
        self.chip = chip
        self.port = port
        self.steps = recorded(chip.name) if under == "Linux" else None
        self.recorded = self.steps is not None
        self.sent = 0

    def compare(self, step, **wanted):
        """What was sent, and what the chip says; wanted has re patterns."""
        requests = [line for line, _ in self.chip.requests()]
        self.sent += len(requests)
        if self.steps is not None:
            name, patterns, values = self.steps.pop(0)
            equal(name, step, "the step in the file")
            if len(patterns) != len(requests) or not all(
                    map(re.fullmatch, patterns, requests)):
                raise AssertionError("%s: sent was\n%s\nand not\n%s" % (
                    step, "\n".join(requests), "\n".join(patterns)))
            wanted = {key: re.escape(value) for key, value in values.items()}
        status = self.chip.status(self.port)
        for key, value in wanted.items():
            if not re.fullmatch(value, status[key]):
                raise AssertionError("%s: %s is %s, not %s" % (
                    step, key, status[key], value))


def configure(fd, speed, cflag, iflag):
    """tcsetattr with nothing else."""
    mode = termios.tcgetattr(fd)
    mode[0], mode[1], mode[3] = iflag, 0, 0
    mode[2] = termios.CREAD | termios.CLOCAL | cflag
    mode[4] = mode[5] = speed
    mode[6][termios.VMIN], mode[6][termios.VTIME] = 0, 10
    termios.tcsetattr(fd, termios.TCSANOW, mode)


def lines(fd):
    """The modem lines that come in."""
    return probe.modem_lines(fd) & (termios.TIOCM_CTS | termios.TIOCM_DSR |
                                    termios.TIOCM_CAR)


def ttys(count):
    """Nodes of the chip's ports, in their order, when all are there."""
    found = sorted(glob.glob("/dev/ttyUSB*"), key=lambda p: int(p[11:]))
    return found if len(found) == count else None


def carry(fd, data):
    """Through the loop, 4 KiB at a time: Linux's tty loses what is too much."""
    for at in range(0, len(data), 4096):
        piece = data[at:at + 4096]
        probe.write_all(fd, piece)
        equal(probe.read_all(fd, len(piece)) == piece, True,
              "data from %d on came back as it was" % at)


RATES = {"115200": "11[45]...|116...", "9600": "9[56].."}
ALL_LINES = termios.TIOCM_CTS | termios.TIOCM_DSR | termios.TIOCM_CAR


def run_line(steps, fd, what, flow, can, size):
    """One setting; if the chip can't, an error that changes nothing."""
    before = steps.chip.status(steps.port)
    said = probe.outcome(configure, fd, *SETTINGS[what])
    equal(said, can, what)
    speed, form = what.split()[:2]
    if can == "0":
        steps.compare("line " + what, baud=RATES[speed],
                      format=before["format"] if flow == "8N1" else form,
                      flow="." if flow == "8N1" else flow)
    else:
        for key in ("baud", "format", "flow"):
            equal(steps.chip.status(steps.port)[key], before[key], key)
    if size:
        carry(fd, probe.pattern(size, 5))


def run_steps(chip, node, driver, flows="NNRXN", breaks="1", size=FEW,
              cannot=None, under="Linux"):
    """All of it for one chip, on its last port.

    flows: its flow control after each of ORDER; breaks: "1", "slow" a NUL at
    the slowest rate, or the errno; size: bytes there and back; cannot: errno
    of what it can't be set to, or "8N1" if it takes formats and forgets them.
    """
    cannot = cannot or {}
    began = probe.now()
    steps = Steps(chip, chip.ports - 1, under)
    steps.compare("probe")
    fd = probe.open_node(node)
    steps.compare("open", dtr="1", rts="1")
    for i, what in enumerate(ORDER):
        can = cannot.get(what, "0")
        run_line(steps, fd, what, "8N1" if can == "8N1" else flows[i],
                 "0" if can == "8N1" else can,
                 (size, 0, 5 if can == "0" else 0, 0, 0)[i])
    equal(probe.outcome(fcntl.ioctl, fd, TIOCSBRK),
          breaks if breaks.isupper() else "0", "TIOCSBRK")
    steps.compare("break on", **({"baud": "46"} if breaks == "slow" else
                                 {"break": "0" if breaks.isupper() else "1"}))
    probe.outcome(fcntl.ioctl, fd, TIOCCBRK)
    steps.compare("break off", **{"break": "0", "baud": RATES["115200"]})
    probe.wait_for(lambda: lines(fd) == ALL_LINES, "all lines")
    chip.requests()             # of TIOCMGETs
    fcntl.ioctl(fd, termios.TIOCMBIC, struct.pack("i", termios.TIOCM_DTR))
    steps.compare("dtr off", dtr="0", rts="1")
    fcntl.ioctl(fd, termios.TIOCMBIS, struct.pack("i", termios.TIOCM_RTS))
    steps.compare("rts on", dtr="0", rts="1")
    lines(fd)
    steps.compare("lines")
    probe.wait_for(lambda: lines(fd) == termios.TIOCM_CTS, "CTS alone")
    chip.requests()
    termios.tcflush(fd, termios.TCIOFLUSH)
    chip.requests()
    os.close(fd)
    steps.compare("close")
    print("# adapter: " + json.dumps({
        "chip": chip.name, "under": under, "driver": driver,
        "ports": chip.ports, "requests": steps.sent, "bytes": size,
        "recorded": steps.recorded, "cannot": cannot, "breaks": breaks,
        "seconds": round(probe.now() - began, 1)}), flush=True)


NAMED = {9600: termios.B9600, 115200: termios.B115200, 230400: termios.B230400,
         500000: termios.B500000, 921600: termios.B921600}
# No name and no divisor, a divisor only, and names, which are set by number.
NUMBERS = (7201, 250000, 491521, 9600, 115200)


def set_speed(fd, speed, code):
    """TCSETS2; (what TCGETS2 tells, by which code)."""
    mode = bytearray(fcntl.ioctl(fd, TCGETS2, bytes(44)))
    cflag, = struct.unpack_from("I", mode, 8)
    struct.pack_into("I", mode, 8, cflag & ~SPEED | code)
    struct.pack_into("II", mode, 36, speed, speed)
    fcntl.ioctl(fd, TCSETS2, bytes(mode))
    mode = fcntl.ioctl(fd, TCGETS2, bytes(44))
    told = struct.unpack_from("II", mode, 36)
    equal(told[0], told[1], "c_ispeed")
    return told[0], struct.unpack_from("I", mode, 8)[0] & SPEED


def compare_rates(chip, node, driver):
    """What Linux's driver tells of a speed: docs/contract.md, "Modes"."""
    fd = probe.open_node(node)
    for speed, code in [*NAMED.items(), *((n, BOTHER) for n in NUMBERS)]:
        told, name = set_speed(fd, speed, code)
        what = "%d by %s" % (speed, "number" if code == BOTHER else "name")
        if driver in ("ch341", "ftdi_sio"):
            equal(told, speed, what)
        else:
            equal(abs(told - int(chip.status()["baud"])) <= 1, True,
                  "%s: %d of a chip with %s" % (what, told,
                                                chip.status()["baud"]))
        if code == BOTHER and driver != "ch341":
            code = NAMED.get(told, BOTHER)
        equal(name, code, what)
    os.close(fd)


def run_linux(world, name, driver, rates=False, **options):
    """A chip under Linux's driver."""
    chip = h_serve.Chip(world.serve, name)
    nodes = probe.wait_for(lambda: ttys(chip.ports), "its ttyUSB")
    used = os.path.basename(os.readlink("/sys/class/tty/%s/device/driver" %
                                        os.path.basename(nodes[-1])))
    equal(used.startswith(driver), True, "%s is its driver, which" % used)
    run_steps(chip, nodes[-1], driver, **options)
    if rates:
        compare_rates(chip, nodes[0], driver)
    chip.unplug()
    probe.wait_for(lambda: not glob.glob("/dev/ttyUSB*"), "no node")


def open_nodes(count):
    """devswd's nodes of the chip that is plugged, when all are there."""
    found = []
    for path in sorted(glob.glob("/dev/dtyU*"), key=lambda p: int(p[9:])):
        fd = h_guest.openable(path)
        if fd is not None:
            os.close(fd)
            found.append(path)
    return found if len(found) == count else None


def run_devswd(world, name, driver, claim, **options):
    """A chip under devswd, through libusb and usbfs."""
    daemon = probe.Daemon(os.environ["DEVSWD"], h_guest.LOG, "-v", "--claim",
                          claim)
    try:
        chip = h_serve.Chip(world.serve, name)
        nodes = probe.wait_for(lambda: open_nodes(chip.ports), "its nodes")
        said = daemon.said().splitlines()
        equal(any(line.split(": ")[-1].startswith(driver) or
                  " %s0 at " % driver in line for line in said), True,
              "%s in the log" % driver)
        chip.requests()
        run_steps(chip, nodes[-1], driver, under="devswd", **options)
        chip.unplug()
        probe.wait_for(lambda: h_guest.open_error(nodes[-1]) == "ENXIO",
                       "ENXIO")
    except BaseException:
        print("".join("# %s\n" % line
                      for line in daemon.said().splitlines()[-20:]), end="")
        raise
    finally:
        equal(daemon.stop(), 0, "devswd's exit status")


for _name, _driver, _options in (
        ("ch341", "ch341", {"flows": "NNNNN", "size": SIZE, "rates": True}),
        ("ch340", "ch341", {"flows": "NNNNN"}),
        ("ch340-nobreak", "ch341", {"flows": "NNNNN", "breaks": "slow"}),
        ("ch340-old", "ch341", {"flows": "NNNNN", "cannot": {"9600 7E2": "8N1"}}),
        ("cp2102", "cp210x", {"size": SIZE, "rates": True}),
        ("cp2102-clone", "cp210x", {}),
        ("cp2102n", "cp210x", {"rates": True}),
        ("cp2105", "cp210x", {}),
        ("cp2108", "cp210x", {}),
        ("pl2303hx", "pl2303", {"size": SIZE, "rates": True}),
        ("pl2303hx-clone", "pl2303", {"breaks": "EPIPE"}),
        ("pl2303ta", "pl2303", {}),
        ("pl2303tb", "pl2303", {}),
        ("pl2303hxn", "pl2303", {}),
        ("ft232r", "ftdi_sio", {"size": SIZE, "rates": True}),
        ("ft232h", "ftdi_sio", {}),
        ("ft2232h", "ftdi_sio", {}),
        ("ft4232h", "ftdi_sio", {}),
):
    case("%s drives a %s" % (_driver, _name))(
        lambda world, a=_name, b=_driver, c=_options:
        run_linux(world, a, b, **c))
for _name, _driver, _claim, _options in (
        ("ch341", "uchcom", "1a86:7523", {"flows": "NNRNN"}),
        ("ch340", "uchcom", "1a86:7523", {"flows": "NNRNN"}),
        ("ch340-nobreak", "uchcom", "1a86:7523", {
            "flows": "NNRNN", "breaks": "ENOTSUP"}),
        ("ch340-old", "uchcom", "1a86:7523", {
            "flows": "NNRNN", "cannot": {"9600 7E2": "EINVAL"}}),
        ("cp2102", "uslsa", "10c4:ea60", {"size": SIZE}),
        ("cp2102-clone", "uslsa", "10c4:ea60", {}),
        ("cp2102n", "uslsa", "10c4:ea60", {}),
        # Its second port is the "standard" one.
        ("cp2105", "uslsa", "10c4:ea70", {"cannot": {"9600 7E2": "EINVAL"}}),
        ("cp2108", "uslsa", "10c4:ea71", {}),
        ("pl2303hx", "uplcom", "067b:2303", {"size": SIZE}),
        ("pl2303hx-clone", "uplcom", "067b:2303", {"breaks": "ENOTSUP"}),
        ("pl2303ta", "uplcom", "067b:2303", {}),
        ("pl2303tb", "uplcom", "067b:2303", {}),
        ("pl2303hxn", "uplcom", "067b:23a3", {}),
        ("ft232r", "uftdi", "0403:6001", {"size": SIZE}),
        ("ft232h", "uftdi", "0403:6014", {}),
        ("ft2232h", "uftdi", "0403:6010", {}),
        ("ft4232h", "uftdi", "0403:6011", {}),
):
    case("devswd's %s drives a %s" % (_driver, _name))(
        lambda world, a=_name, b=_driver, c=_claim, d=_options:
        run_devswd(world, a, b, c, **d))


@case("usbhid drives a hid")
def _(world):
    subprocess.check_call(["modprobe", "-a", "usbhid", "hid-generic"])
    before = set(glob.glob("/dev/hidraw*"))
    chip = h_serve.Chip(world.serve, "hid")
    node, = probe.wait_for(lambda: set(glob.glob("/dev/hidraw*")) - before,
                           "its hidraw")
    fd = probe.open_node(node)
    equal(os.write(fd, b"\0a report"), 9, "an output report, by the pipe")
    equal(os.read(fd, 64), b"a report", "comes back as input")
    report = bytearray(b"\0feature!")
    fcntl.ioctl(fd, HIDIOCSFEATURE, report)
    report = bytearray(9)
    fcntl.ioctl(fd, HIDIOCGFEATURE, report)
    equal(bytes(report), b"\0feature!", "a feature report is kept")
    os.close(fd)
    chip.unplug()
    probe.wait_for(lambda: not os.path.exists(node), "no node")


h_guest.run(World())
