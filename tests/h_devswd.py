# SPDX-License-Identifier: BSD-2-Clause
"""h_devswd: a stand-in for devswd's control port (libdevsw/control.h).

Its file is in /run/devsw, which has to be the test's own.
"""
import json
import os
import select
import socket
import struct
import threading

VERSION, PING = 3, 0


class Daemon:
    """A port that answers as told: what -> JSON, text, or (errno, text)."""

    def __init__(self, major, uid=0, **answers):
        self.uid = uid
        self.path = "/run/devsw/devswd-%d.ctl" % major
        self.answers = answers
        self.asked = []
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM,
                                  socket.NETLINK_USERSOCK)
        self.sock.bind((0, 0))
        with open(self.path + ".new", "w", encoding="ascii") as file:
            file.write("%d\n" % self.sock.getsockname()[0])
        os.chown(self.path + ".new", uid, uid)
        os.rename(self.path + ".new", self.path)
        self.ends, end = os.pipe()
        self.end = end
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.end)
        self.thread.join()
        self.sock.close()
        os.close(self.ends)

    def run(self):
        """Until the other end of the pipe is closed."""
        while True:
            ready = select.select([self.sock, self.ends], [], [])[0]
            if self.ends in ready:
                return
            data, peer = self.sock.recvfrom(8192)
            version, what, cookie = struct.unpack("=IIQ", data[:16])
            assert version == VERSION
            if what == PING:
                continue
            self.asked.append((what, data))
            answer = self.answers.get("a%d" % what, (95, ""))
            if callable(answer):
                answer = answer(data)
            if answer is None:
                continue
            if isinstance(answer, dict):
                answer = json.dumps(answer)
            error, text = answer if isinstance(answer, tuple) else (0, answer)
            self.send(peer, error, cookie, text.encode())

    def send(self, peer, error, cookie, text):
        """In packets; who asked may have gone, and is not waited for."""
        while True:
            part, text = text[:4076], text[4076:]
            who = struct.pack("=III", os.getpid(), self.uid, self.uid)
            try:
                self.sock.sendmsg(
                    [struct.pack("=IiQI", VERSION, error, cookie, bool(text)) +
                     part], [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, who)],
                    0, peer)
            except (ConnectionRefusedError, FileNotFoundError):
                return
            if not text:
                return
