# SPDX-License-Identifier: BSD-2-Clause
"""h_vhci: a USB human interface device that the test plays itself.

    Hid     a device on a port of vhci_hcd (tools/vm --usb vhci), with control
            over every answer: right, late, never, a stall, a lie

vhci_hcd takes one end of a socket as its network and speaks USB/IP on it: a
header of 48 bytes, big endian, for each transfer and each cancellation of
one, and its answer.  A thread serves the other end.

A transfer is answered at once, but for IN transfers of an interrupt
endpoint, which wait for send(), and a GET_REPORT or SET_REPORT with an answer
of None, which waits for ever.  A transfer that is cancelled is forgotten.
vhci_hcd may send the cancellation first: its sender empties the queue of
transfers, then that of cancellations, and in the second it does not look for
what has come into the first.  "Not here" would be a wrong answer, after which
vhci_hcd takes the one to the transfer for a broken connection, and unplugs;
or the host waits for ever.  So a cancellation waits for its transfer.

A port must not be plugged again before the kernel has let go of the device
that was there.  vhci_hcd has one structure for a port, whatever is plugged
into it, and would send the cancellation of what the old device has not
answered to the new one, which has never heard of it:

    hub's thread, a client          here
                                    the old socket is shut down
                                    a new one is attached
    usb_kill_urb of a transfer to
    the old device                  a cancellation without a transfer
    waits for ever, and the new
    device is never looked at

And from the moment the socket is shut down until it has told the hub, it loses
transfers that are begun and cancelled: its sender has ended, so the transfer is
not among those sent, and the cancellation is dropped.  Who cancels waits for
ever, with the device's lock, and the hub for that.  So the plug is pulled at
the hub: its port is switched off, for which the kernel does just what it does
when a device is gone, and calls back all transfers from a vhci_hcd that still
works.  Then the socket is shut down.

Locks: Hid.changed protects what the thread shares with the test.  Answers
are written under it, which keeps them whole; the kernel always reads.  A
process forked from this one has no such thread, and must not use the Hid.
"""

import errno
import glob
import os
import socket
import struct
import threading

from h_guest import probe

VENDOR, PRODUCT = 0x1209, 0x0d60
CMD_SUBMIT, CMD_UNLINK, RET_SUBMIT, RET_UNLINK = 1, 2, 3, 4
HIGH_SPEED = 3
VHCI = "/sys/devices/platform/vhci_hcd.0/"
UNUSED = "004"          # of its status: VDEV_ST_NULL
STALL = "stall"
INPUT, OUTPUT, FEATURE = 1, 2, 3        # types of reports


class Interface:
    """One HID interface, its descriptors and what it answers.

    claimed: the length of the report descriptor that the HID descriptor
    tells; boot: 1 for a boot keyboard, 2 for a boot mouse.
    """

    def __init__(self, report_desc, *, out=True, claimed=None, boot=0,
                 packet=64):
        self.report_desc = report_desc
        self.out = out
        self.claimed = len(report_desc) if claimed is None else claimed
        self.boot = boot
        self.packet = packet
        # (type, ID): what GET_REPORT sends, STALL, or None: no answer.  The
        # last two are SET_REPORT's as well.
        self.reports = {}

    def descriptors(self, number):
        """As the configuration has them."""
        endpoints = struct.pack("<BBBBHB", 7, 5, 0x81 + number, 3,
                                self.packet, 4)
        if self.out:
            endpoints += struct.pack("<BBBBHB", 7, 5, 0x01 + number, 3,
                                     self.packet, 4)
        return (struct.pack("<9B", 9, 4, number, 0, len(endpoints) // 7, 3,
                            1 if self.boot else 0, self.boot, 0) +
                struct.pack("<BBHBBBH", 9, 0x21, 0x111, 0, 1, 0x22,
                            self.claimed) + endpoints)


class Hid:
    """A plugged device."""

    def __init__(self, port, serial, *interfaces, product="device"):
        self.interfaces = interfaces
        self.depth = 1          # the kernel's; devswd's is USBD_INTR_XFERS
        self._strings = ["", "devsw", product, serial]
        self.changed = threading.Condition()
        self._in = {}           # endpoint: [(sequence, length)] that wait
        self._to_send = {}      # endpoint: [report]
        self._unanswered = {}   # sequence: request
        self._last = 0          # sequence of the last transfer; they ascend
        self._early = {}        # sequence of one to come: its cancellation's
        self.requests = []      # (bmRequestType, request, value, index, len)
        self.written = []       # ("set", type, ID, bytes), ("out", ep, bytes)
        self._sock, theirs = socket.socketpair()
        with theirs:
            probe.wait_for(lambda: self._attached(port, theirs.fileno()),
                           "vhci_hcd's port %d" % port)
        self._port = port
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @classmethod
    def _is_free(cls, port):
        """Has the kernel let go of what was plugged into the port?"""
        with open(VHCI + "status", encoding="ascii") as file:
            states = {int(words[1]): words[2] for words in
                      map(str.split, file) if words[0] == "hs"}
        if states[port] != UNUSED:
            return False
        # Waits for the hub's thread, which may have begun to look at it.
        for hub in glob.glob(VHCI + "usb*/bConfigurationValue"):
            with open(hub, encoding="ascii") as file:
                file.read()
        return cls._is_gone(port)

    @classmethod
    def _is_gone(cls, port):
        """It is removed from sysfs when all its transfers are back."""
        return not glob.glob(cls._sysfs(port))

    @staticmethod
    def _sysfs(port):
        """A pattern for the device's directory."""
        return VHCI + "usb*/[0-9]*-%d" % (port + 1)

    @classmethod
    def _attached(cls, port, fd):
        """Plug in, if the port is free."""
        if not cls._is_free(port):
            return 0
        for switch in glob.glob(VHCI + "usb*/*-0:1.0/*-port%d/disable" %
                                (port + 1)):
            with open(switch, "w", encoding="ascii") as file:
                file.write("0")
        text = "%d %d %d %d" % (port, fd, 1 << 16 | port + 2, HIGH_SPEED)
        attach = os.open(VHCI + "attach", os.O_WRONLY)
        try:
            return os.write(attach, text.encode())
        finally:
            os.close(attach)

    def unplug(self):
        """Pull it out, if it is not out already."""
        if self._sock.fileno() == -1:
            return
        # None: the kernel has not got so far as to look at it.
        for switch in glob.glob(self._sysfs(self._port) + "/port/disable"):
            with open(switch, "w", encoding="ascii") as file:
                file.write("1")
        self._sock.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._sock.close()
        probe.wait_for(lambda: self._is_gone(self._port),
                       "the kernel to let go of it")

    # -- what the test does

    def send(self, report, interface=0):
        """An input report, or STALL; it waits until the host asks."""
        endpoint = 1 + interface
        with self.changed:
            self._to_send.setdefault(endpoint, []).append(report)
            self._match(endpoint)

    def wait(self, condition, what):
        """Wait for condition(), which looks at what is public here."""
        with self.changed:
            if not self.changed.wait_for(condition, probe.LIMIT):
                raise probe.Late("the device: %s: not within %g s" %
                                 (what, probe.LIMIT))

    def wait_asked(self):
        """Wait until a request goes without an answer."""
        self.wait(lambda: self._unanswered, "a request")

    def wait_not_asked(self):
        """Wait until none does any more."""
        self.wait(lambda: not self._unanswered, "its cancellation")

    def is_asked(self, interface=0):
        """Does the host want input?"""
        with self.changed:
            return bool(self._in.get(1 + interface))

    def wait_wanted(self, interface=0):
        """Wait until the host wants input."""
        self.wait(lambda: self._in.get(1 + interface), "being asked")

    def wait_taken(self, interface=0):
        """Wait until the host has all that was sent, and wants more.

        It asks depth times at once, and has dealt with what was sent when
        it asks as often again.
        """
        endpoint = 1 + interface
        self.wait(lambda: not self._to_send.get(endpoint) and
                  len(self._in.get(endpoint, ())) == self.depth,
                  "all input to be taken")

    def take_written(self, count=1):
        """Wait for so many reports from the host; returns them."""
        self.wait(lambda: len(self.written) >= count, "%d reports" % count)
        with self.changed:
            taken = self.written[:count]
            del self.written[:count]
            return taken

    # -- the thread

    def _read(self, size):
        data = b""
        while len(data) < size:
            piece = self._sock.recv(size - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def _serve(self):
        try:
            while True:
                self._one(self._read(48))
        except (EOFError, OSError):
            pass

    def _one(self, header):
        command, sequence, _, is_in, endpoint = struct.unpack(
            ">5I", header[:20])
        _, length = struct.unpack(">II", header[20:28])
        data = b""
        if command == CMD_SUBMIT and not is_in:
            data = self._read(length)
        with self.changed:
            if command == CMD_UNLINK:
                victim = struct.unpack(">I", header[20:24])[0]
                if victim > self._last:
                    self._early[victim] = sequence
                else:
                    self._unlink(sequence, victim)
            else:
                self._last = sequence
                if endpoint == 0:
                    self._control(sequence, header[40:48], data)
                elif is_in:
                    self._in.setdefault(endpoint, []).append(
                        (sequence, length))
                    self._match(endpoint)
                else:
                    self.written.append(("out", endpoint, data))
                    self._answer(RET_SUBMIT, sequence, 0, actual=length)
                if sequence in self._early:
                    self._unlink(self._early.pop(sequence), sequence)
            self.changed.notify_all()

    def _answer(self, command, sequence, status, data=b"", actual=None):
        actual = len(data) if actual is None else actual
        try:
            self._sock.sendall(struct.pack(
                ">5IiI", command, sequence, 0, 0, 0, status, actual) +
                bytes(20) + data)
        except OSError:
            pass                # unplugged

    def _unlink(self, sequence, victim):
        found = self._unanswered.pop(victim, None) is not None
        for waiting in self._in.values():
            for one in waiting:
                if one[0] == victim:
                    waiting.remove(one)
                    found = True
                    break
        self._answer(RET_UNLINK, sequence, -errno.ECONNRESET if found else 0)

    def _match(self, endpoint):
        waiting = self._in.get(endpoint, [])
        reports = self._to_send.get(endpoint, [])
        while waiting and reports:
            (sequence, length), report = waiting.pop(0), reports.pop(0)
            if report is STALL:
                self._answer(RET_SUBMIT, sequence, -errno.EPIPE)
            else:
                self._answer(RET_SUBMIT, sequence, 0, report[:length])

    def _control(self, sequence, setup, data):
        kind, request, value, index, length = struct.unpack("<BBHHH", setup)
        self.requests.append((kind, request, value, index, length))
        if kind & 0x80:
            answer = self._get(kind, request, value, index)
        elif kind == 0x21 and request == 9:
            answer = self._set_report(value, index, data)
        else:
            answer = b""
        if answer is None:
            self._unanswered[sequence] = setup
        elif answer is STALL:
            self._answer(RET_SUBMIT, sequence, -errno.EPIPE)
        elif kind & 0x80:
            self._answer(RET_SUBMIT, sequence, 0, answer[:length])
        else:
            self._answer(RET_SUBMIT, sequence, 0, actual=length)

    def _set_report(self, value, index, data):
        key = (value >> 8, value & 0xff)
        answer = self.interfaces[index].reports.get(key, b"")
        if answer is STALL or answer is None:
            return answer
        self.written.append(("set", *key, data))
        return b""

    def _get(self, kind, request, value, index):
        if kind == 0xa1 and request == 1:
            return self.interfaces[index].reports.get(
                (value >> 8, value & 0xff), STALL)
        if request == 6:
            return self._descriptor(kind, value >> 8, value & 0xff, index)
        if request == 0:                # GET_STATUS
            return bytes(2)
        return STALL

    def _descriptor(self, kind, which, number, index):
        if kind == 0x81:
            return (self.interfaces[index].report_desc if which == 0x22
                    else STALL)
        if which == 1:
            return struct.pack("<BBHBBBBHHHBBBB", 18, 1, 0x200, 0, 0, 0, 64,
                               VENDOR, PRODUCT, 0x123, 1, 2, 3, 1)
        if which == 2:
            rest = b"".join(interface.descriptors(i) for i, interface in
                            enumerate(self.interfaces))
            return struct.pack("<BBHBBBBB", 9, 2, 9 + len(rest),
                               len(self.interfaces), 1, 0, 0x80, 50) + rest
        if which == 3 and number < len(self._strings):
            text = self._strings[number].encode("utf-16-le")
            if number == 0:
                text = b"\x09\x04"
            return bytes((2 + len(text), 3)) + text
        return STALL
