# SPDX-License-Identifier: BSD-2-Clause
"""The last part of demo-story: a session on the network over a pulled plug.

A server is put in front of an adapter's node: devsw-gateway on devswd's, and on
Linux's what is used there for it, ser2net with its keepopen.  A client in
another process's place, pyserial's rfc2217://, sets a speed, sends and
receives; the plug is pulled and put back under it; then what that has done to
the session is told, in NetStory's answers.

One thread, and Far's.
"""

import os
import select
import socket
import subprocess
import termios

import probe
import serial

PORT = 4600
URL = "rfc2217://127.0.0.1:%d" % PORT
SPEED, NAMES = 57600, {termios.B57600: "57600", termios.B9600: "9600",
                       termios.B115200: "115200"}
SIZE = 4096                     # a wire that is full stops the guest
PATIENCE = 3.0                  # seconds, for news that may never come

GATEWAY = """[port demo]
node = %s
speed = 9600
listen = telnet 127.0.0.1:%d
"""
SER2NET = """connection: &demo
  accepter: telnet(rfc2217),tcp,127.0.0.1,%d
  connector: keepopen(retry-time=200),serialdev,%s,9600n81,local
"""


def serve_devsw(gateway, node):
    """devsw-gateway, in front of devswd's node."""
    with open("/tmp/gateway.conf", "w", encoding="ascii") as file:
        file.write(GATEWAY % (node, PORT))
    return subprocess.Popen([gateway, "--config", "/tmp/gateway.conf"],
                            stderr=subprocess.DEVNULL)


def serve_linux(_gateway, node):
    """ser2net, which listens nowhere while there are loopback addresses only."""
    subprocess.run(["ip", "address", "replace", "192.0.2.1/32", "dev", "lo"],
                   check=True)
    with open("/tmp/ser2net.yaml", "w", encoding="ascii") as file:
        file.write(SER2NET % (PORT, node))
    return subprocess.Popen(["ser2net", "-n", "-u", "-c",
                             "/tmp/ser2net.yaml"],
                            stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


def connect():
    """The client, when the server is there; None before."""
    try:
        return serial.serial_for_url(URL, baudrate=SPEED,
                                     timeout=probe.LIMIT)
    except serial.SerialException:
        return None


class NetStory:
    """One server in one column; answers[key] = (text, milliseconds)."""

    adapter = "net"

    def __init__(self, column, node, serve, tell):
        self.column = column
        self.answers = {}
        self._node = node
        self._serve = serve
        self._tell = tell
        self._far = self._port = None

    def say(self, key, text, since=None):
        """Note an answer."""
        if since is not None:
            since = round((probe.now() - since) * 1000, 1)
        self.answers["net " + key] = (str(text), since)
        self._tell(self, "net " + key)

    def play(self, gateway):
        """The whole story, of an adapter that is plugged in."""
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        self._far = probe.Far(probe.far_path("ftdi0"))
        server = self._serve(gateway, self._node)
        try:
            self._port = probe.wait_for(connect, "the server")
            self._far.forget()
            self.say("speed", self._speed())
            self.say("bytes", self._bytes(6))
            self._unplug()
            self._replug()
            self._port.close()
        finally:
            server.kill()
            server.wait()
            self._far.close()

    def _speed(self):
        """What the node has."""
        fd = probe.open_node(self._node)
        try:
            code = termios.tcgetattr(fd)[4]
        finally:
            os.close(fd)
        return NAMES.get(code, "code %d" % code)

    def _bytes(self, seed):
        """There and back."""
        data = probe.pattern(SIZE, seed)
        self._port.write(data)
        there = self._far.take(SIZE)
        self._far.write(data)
        return "equal" if there == data == self._port.read(SIZE) else \
            "DIFFERENT"

    def _carrier(self):
        try:
            return self._port.cd
        except serial.SerialException:  # no word of it ever came
            return None

    def _unplug(self):
        had, began = self._carrier(), probe.now()
        probe.vmusb("unplug", "ftdi0")
        try:
            probe.wait_for(lambda: had and not self._carrier(), "news",
                           PATIENCE)
            self.say("told", "by NOTIFY-MODEMSTATE", began)
        except probe.Late:
            self.say("told", "no")
        probe.vmusb("wait-unplugged", "ftdi0")
        self.say("second", self._second())
        self._port.write(b"late")

    @staticmethod
    def _second():
        """What another client finds meanwhile."""
        with socket.create_connection(("127.0.0.1", PORT), 5) as client:
            text = b""
            while select.select([client], [], [], 0.3)[0]:
                more = client.recv(4096)
                text += more
                if not more:
                    return "is refused"
            return "is served" if text else "hears nothing"

    def _arrived(self, text):
        """Has all that is at the far end a ! now?"""
        self._port.write(b"!")
        try:
            while b"!" not in text:
                text += self._far.take(1, 0.2)
        except probe.Late:
            return False
        return True

    def _replug(self):
        began, text = probe.now(), bytearray()
        probe.vmusb("plug", "ftdi0")
        try:
            probe.wait_for(lambda: self._arrived(text), "the device")
        except probe.Late:
            self.say("goes on", "no")
            return
        self.say("goes on", "yes", began)
        self.say("late", "yes" if b"late" in text else "no")
        self.say("speed again", self._speed())
        while self._port.in_waiting:
            self._port.read(self._port.in_waiting)
        probe.time.sleep(0.2)
        self._far.forget()
        self.say("again", self._bytes(7))
