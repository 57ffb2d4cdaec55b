#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --smp 1 --systemd --usb ftdi --usb hidg:vendor=0x1050,product=0x0407,descriptor=tests/vm/fido.desc,length=64
# timeout: 240
"""t_quickstart: what docs/quickstart.md tells a user to type works.

Each block of that page that begins with a name is taken from it and run, in
its order, by bash with -e, on a machine with systemd and with devswd installed
(not from packages, which is vm/t_deb's).  What the page says of the result is
looked at.
"""

import os
import re
import struct
import sys
import termios
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_guest  # noqa: E402
import h_service  # noqa: E402
from h_guest import case, equal, probe  # noqa: E402
from h_service import command, owner  # noqa: E402

PAGE = os.path.join(os.path.dirname(os.path.realpath(__file__)),
                    "../../docs/quickstart.md")
NODE = "/dev/dtyU0"


class Quickstart(h_guest.World):
    """Installed, with the packaged configuration, and not running."""

    def start(self):
        h_service.install()
        os.makedirs("/etc/devsw/devswd.conf.d", exist_ok=True)
        self.daemon = h_service.Daemon()

    def repair(self):
        """Each case goes on from the one before."""

    def stop(self):
        command("systemctl", "stop", h_service.UNIT)
        return True


def block(name):
    """Run the block of that name; returns what it printed."""
    with open(PAGE, encoding="utf-8") as file:
        found = re.findall(r"^```sh\n# %s\n(.*?)^```$" % name, file.read(),
                           re.M | re.S)
    equal(len(found), 1, "blocks with the name " + name)
    if len(found[0].splitlines()) >= 10:
        raise AssertionError("ten lines or more")
    return command("bash", "-ec", found[0])


def far_line(far):
    """What the far end gets, up to the end of a line."""
    text = b""
    while not text.endswith((b"\r", b"\n")):
        text += far.take(1)
    return text


@case("one section, and the service is started: the port is there")
def _(world):
    block("port")
    world.usable(NODE)
    probe.wait_for(lambda: os.path.exists("/dev/devsw/lab"), "udev's links")
    equal(owner("/dev/ttyU0"), "root:dialout 0660")
    far = probe.Far(probe.far_path("ftdi0"))
    said = block("use")
    equal(far_line(far), b"hello\r")
    far.close()
    equal(re.search(r"0403:6001.*ttyU0", said) is not None, True, said)
    for link in ("usb-QEMU_QEMU_USB_SERIAL_ftdi0-if00-port0", "/dev/devsw/lab"):
        equal(re.search(link + " -> .*dtyU0$", said, re.M) is not None, True,
              said)


@case("a reload changes what has changed")
def _(_world):
    fd = os.open(NODE, os.O_RDWR | os.O_NOCTTY)
    block("reload")
    probe.wait_for(lambda: owner("/dev/ttyU0") == "root:dialout 0600",
                   "the new mode")
    os.write(fd, b"x")
    os.close(fd)


@case("a GPS receiver is read at its speed")
def _(_world):
    far = probe.Far(probe.far_path("ftdi0"))
    stop = threading.Event()

    def send():
        while not stop.wait(0.5):
            far.write(b"$GPGGA,123519,4807.038,N*47\r\n")

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    try:
        lines = block("gps").splitlines()
    finally:
        stop.set()
        thread.join()
        far.close()
    equal(len(lines), 2)
    equal(lines[-1].strip(), "$GPGGA,123519,4807.038,N*47")
    equal(command("stty", "-F", NODE, "speed").strip(), "9600")


@case("no open moves DTR and RTS of a board that must not reset")
def _(_world):
    both = termios.TIOCM_DTR | termios.TIOCM_RTS

    def modem_lines():
        fd = os.open(NODE, os.O_RDWR | os.O_NOCTTY)
        lines = probe.modem_lines(fd)
        os.close(fd)
        return lines & both

    equal(modem_lines(), both, "the lines before")
    block("arduino")
    equal(modem_lines(), 0, "the lines")
    equal("speed 115200 baud" in command("stty", "-a", "-F", NODE), True)


@case("a login prompt comes up on the line")
def _(_world):
    far = probe.Far(probe.far_path("ftdi0"))
    block("login")
    text = b""
    while b"login:" not in text:
        text += far.take(1)
    command("systemctl", "disable", "--now", "devsw-getty@dtyU0")
    far.close()


# ---- a security key: CTAPHID's INIT and CTAP's authenticatorGetInfo -------

INFO = bytes.fromhex("00"                       # CTAP2_OK
                     "a3"                       # a map of three
                     "0181684649444f5f325f30"   # versions: FIDO_2_0
                     "0350" + "00" * 16 +       # aaguid
                     "051904b0")                # maxMsgSize: 1200


# python3-fido2, which finds it without help.
PYTHON_FIDO2 = """
from fido2.hid import CtapHidDevice
for key in CtapHidDevice.list_devices():
    print(hex(key.descriptor.vid), hex(key.descriptor.pid), key.version)
"""


def packets(channel, kind, data):
    """A message as 64-byte reports."""
    first = struct.pack(">IBH", channel, 0x80 | kind, len(data)) + data[:57]
    yield first.ljust(64, b"\0")
    rest = data[57:]
    for number in range(0, (len(rest) + 58) // 59):
        part = rest[number * 59:number * 59 + 59]
        yield (struct.pack(">IB", channel, number) + part).ljust(64, b"\0")


def key(stop):
    """Answer what the host sends to the gadget."""
    fd = os.open("/dev/hidg0", os.O_RDWR)
    while not stop.is_set():
        if not h_guest.read_ready(fd, 0.5):
            continue
        report = os.read(fd, 64)
        channel, kind, length = struct.unpack(">IBH", report[:7])
        data = report[7:7 + length]
        if kind == 0x86:                        # CTAPHID_INIT
            answer = data[:8] + struct.pack(">IBBBBB", 0x11223344, 2, 1, 0, 0,
                                            4)
        elif kind == 0x90 and data == b"\x04":  # CTAPHID_CBOR: getInfo
            answer = INFO
        else:
            kind, answer = 0xbf, b"\x01"
        for packet in packets(channel, kind & 0x7f, answer):
            os.write(fd, packet)
    os.close(fd)


@case("a security key answers libfido2 at its node")
def _(world):
    block("key")
    world.usable("/dev/uhid0")
    probe.wait_for(lambda: owner("/dev/uhid0") == "root:plugdev 0660",
                   "the claim's mode")
    stop = threading.Event()
    thread = threading.Thread(target=key, args=(stop,), daemon=True)
    thread.start()
    try:
        probe.wait_for(lambda: os.path.exists("/dev/hidraw-uhid0"),
                       "udev's links")
        said = block("token")
        python = command("/usr/bin/python3", "-c", PYTHON_FIDO2)
    finally:
        stop.set()
        thread.join()
    equal("FIDO_2_0" in said and "maxmsgsiz: 1200" in said, True, said)
    equal(re.match(r"/dev/uhid0: vendor=0x1050, product=0x0407 \(.+\)\n",
                   said) is not None, True, said)
    equal(python, "0x1050 0x407 2\n")


h_guest.run(Quickstart())
