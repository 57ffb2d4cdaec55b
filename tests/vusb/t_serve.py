#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_serve VUSB-SERVE: the program that serves software devices, without a bus.

Nothing is plugged (-a), so that neither vhci_hcd nor root is needed; with a bus it
is tests/vm that has it.
"""
import os
import signal
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                ".."))
from h_case import LIMIT, case, equal, main  # noqa: E402

PORTS = 120             # of vhci_hcd, as Debian has it


def served(directory, count):
    """With so many devices, none plugged."""
    return subprocess.Popen(
        [sys.argv[1], "-a", "-d", directory,
         *("c%d=ft232r,s%d" % (number, number) for number in range(count))],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def status(directory, name):
    """The answer to that command."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(LIMIT)
        sock.connect(directory + "/control")
        sock.sendall(("status %s\n" % name).encode())
        with sock.makefile("r") as file:
            return file.readline().split()[0]


@case("as many devices as there are ports are made, and it ends well")
def _full():
    with tempfile.TemporaryDirectory() as directory, \
            served(directory, PORTS) as process:
        try:
            equal(process.stdout.readline(), "ready\n", "the first line")
            for number in range(PORTS):
                equal(status(directory, "c%d" % number), "ok",
                      "the status of %d" % number)
        finally:
            process.send_signal(signal.SIGTERM)
        said = process.communicate()[1]
        equal(process.returncode, 0, "the exit status, with %r" % said)


@case("one more is refused")
def _more():
    with tempfile.TemporaryDirectory() as directory, \
            served(directory, PORTS + 1) as process:
        process.communicate()
        equal(process.returncode, 2, "the exit status")


if __name__ == "__main__":
    sys.exit(main())
