# SPDX-License-Identifier: BSD-2-Clause
"""h_serve: software chips of src/vusb on the guest's vhci_hcd.

    Serve   a vusb-serve without devices, and its control socket
    Chip    one of its devices

A Chip is looped back unless loop=False; then far() is its far end, a socket.
status() is what it says it is set to, requests() what the host has sent it
since the last call.  vusb.h has the commands.
"""

import glob
import os
import socket
import subprocess
import tempfile

from h_guest import probe

PROGRAM = os.path.join(os.environ["DEVSW_BUILD"], "src", "cmd", "serve",
                       "vusb-serve")


class Serve:
    """The program."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="vusb.")
        self.process = subprocess.Popen(
            [PROGRAM, "-d", self.dir], stdout=subprocess.PIPE, text=True)
        said = self.process.stdout.readline()
        if said != "ready\n":
            raise AssertionError("vusb-serve says %r" % said)

    def command(self, *words):
        """One command; its answer without "ok"."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(probe.LIMIT)
            sock.connect(self.dir + "/control")
            sock.sendall((" ".join(map(str, words)) + "\n").encode())
            with sock.makefile("r") as file:
                answer = file.readline().strip()
        if not answer.startswith("ok"):
            raise AssertionError("%s: %s" % (" ".join(map(str, words)),
                                             answer))
        return answer[3:]

    def stop(self):
        """End it; its exit status."""
        self.process.terminate()
        return self.process.wait(probe.LIMIT)


class Chip:
    """A device, plugged."""

    def __init__(self, serve, chip, loop=True, name=None):
        self.serve = serve
        self.name = name or chip
        self.log = "%s/%s.log" % (serve.dir, self.name)
        serve.command("create", self.name, chip)
        self.ports = 1 + len(glob.glob("%s/%s.[0-9]" % (serve.dir,
                                                        self.name)))
        if loop:
            for port in range(self.ports):
                end = self.port(port)
                serve.command("wire", end, end)
        with open(self.log, "w", encoding="ascii"):
            pass
        self._read = 0
        serve.command("log", self.name, self.log)
        serve.command("plug", self.name)

    def port(self, number):
        """What commands call it."""
        return "%s.%d" % (self.name, number) if number else self.name

    def status(self, port=0):
        """A dictionary of strings."""
        answer = self.serve.command("status", self.port(port))
        return dict(word.split("=", 1) for word in answer.split())

    def requests(self):
        """Those since the last time: [(request, answer)]."""
        with open(self.log, encoding="ascii") as file:
            file.seek(self._read)
            text = file.read()
        self._read += len(text)
        return [tuple((line + " = ").split(" = ")[:2])
                for line in text.splitlines()]

    def far(self, port=0):
        """The far end."""
        sock = socket.socket(socket.AF_UNIX)
        sock.connect("%s/%s" % (self.serve.dir, self.port(port)))
        return sock

    def unplug(self):
        """Pull it out, for good."""
        self.serve.command("unplug", self.name)
        self.serve.command("destroy", self.name)
