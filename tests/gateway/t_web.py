#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_web: the pages of devsw-gateway, asked by programs.

    t_web.py DEVSW_GATEWAY

The rules are those of devsw-gateway(8) and gateway.conf(5); of HTTP those of
RFC 9110 and 9112; of the metrics Prometheus' "Exposition formats".  What a
browser makes of it is t_console.py.
"""
import base64
import hashlib
import http.client
import json
import os
import random
import re
import socket
import struct
import sys
import time
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_gateway  # noqa: E402
from h_gateway import Stream, case, equal, until  # noqa: E402

PROGRAM = sys.argv[1]
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
random.seed(6455)


def gateway(*ports, web="", **kwargs):
    """With the program under test, and pages."""
    return h_gateway.gateway(PROGRAM, *ports, web=web, **kwargs)


def get(gate, path, method="GET", body=None, **fields):
    """(status, head, body) of an answer; fields have _ for -."""
    client = http.client.HTTPConnection("::1", gate.web, timeout=20)
    client.request(method, path, body, {name.replace("_", "-"): value
                                        for name, value in fields.items()})
    answer = client.getresponse()
    text = answer.read()
    client.close()
    return answer.status, answer.headers, text


def raw(gate, text, limit=20):
    """The status of what is sent as it is; None: it just ends."""
    client = Stream(gate.web)
    try:
        client.send(text)
        got = client.read(12, limit)
    except ConnectionError:
        got = b""
    client.close()
    return int(got[9:12]) if got.startswith(b"HTTP/1.1 ") else None


def metrics(gate):
    """{name: value} of the first port."""
    return {name: int(value) for name, value in re.findall(
        r'^devsw_gateway_(\w+)\{port="p0"\} (\d+)$',
        get(gate, "/metrics")[2].decode(), re.M)}


def ports(gate):
    """The list of ports."""
    return json.loads(get(gate, "/api/ports")[2])["ports"]


# ---- what is told --------------------------------------------------------

@case("/metrics is Prometheus' text, and counts bytes, clients and plugs")
def _():
    with gateway() as gate:
        client, other = Stream(gate.raw[0]), Stream(gate.raw[0])
        client.send(b"x" * 1000)
        equal(len(gate.device.read(1000)), 1000)
        gate.device.write(b"y" * 300)
        equal(client.read(300), b"y" * 300)
        now = until(lambda: (lambda m: m if m["clients"] == 2 and
                             m["received_bytes_total"] == 300 else None)(
                                 metrics(gate)), "two clients")
        equal((now["sent_bytes_total"], now["device_present"],
               now["device_opens_total"], now["device_unplugs_total"],
               now["refused_bytes_total"]), (1000, 1, 1, 0, 0))
        other.close()
        gate.unplug()
        client.send(b"z" * 70)
        until(lambda: metrics(gate)["refused_bytes_total"] == 70, "refusal")
        now = metrics(gate)
        equal((now["sent_bytes_total"], now["device_present"],
               now["device_unplugs_total"], now["clients"],
               now["clients_total"]), (1000, 0, 1, 1, 2))
        gate.replug()
        now = metrics(gate)
        equal((now["device_present"], now["device_opens_total"]), (1, 2))
        text = get(gate, "/metrics")[2].decode()
        for line in text.splitlines():
            if not re.fullmatch(
                    r"# (HELP|TYPE) [a-z_]+ [ -~]+|"
                    r'[a-z_]+\{port="p0"(,(node|reason)="[^"]*")?\} \d+',
                    line):
                raise AssertionError(line)
        equal(text.count("# TYPE"), text.count("# HELP"))
        client.close()


@case("/metrics: bytes that a slow client has lost, and how far it is behind")
def _():
    with gateway("buffer = 64") as gate:
        slow = Stream(gate.raw[0], SO_RCVBUF=4096)
        until(lambda: metrics(gate)["clients"] == 1, "client")
        for _ in range(2000):
            gate.device.write(b"x" * 4000)
            if metrics(gate)["lost_bytes_total"] > 0:
                break
        now = metrics(gate)
        equal((now["lost_bytes_total"] > 0, now["client_queue_bytes"] > 0),
              (True, True))
        lost = now["lost_bytes_total"]
        slow.close()
        until(lambda: metrics(gate)["clients"] == 0, "end")
        equal(metrics(gate)["lost_bytes_total"] >= lost, True)


@case("/metrics: names of nodes are escaped")
def _():
    with gateway("[port q]\nlisten = raw unix:/nowhere/x\n"
                 'node = /dev/a"b\\c\u007f\n') as gate:
        equal(b'node="/dev/a\\"b\\\\c?"} 1\n' in get(gate, "/metrics")[2],
              True)
        equal(ports(gate)[1]["node"], '/dev/a"b\\c\x7f')


@case("/api/ports: the line as it is, and as it was when the device is away")
def _():
    with gateway("speed = 19200\nformat = 8N2\n", count=2) as gate:
        first, second = ports(gate)
        equal((first["name"], first["node"], first["speed"], first["format"],
               first["flow"], first["there"], first["writer"]),
              ("p0", gate.device.link, 19200, "8N2", "none", True, None))
        equal((second["name"], second["there"]), ("p1", True))
        client = Stream(gate.raw[0])
        equal(until(lambda: ports(gate)[0]["writer"], "writer"),
              f"[::1]:{client.sock.getsockname()[1]}")
        gate.unplug()
        first, second = ports(gate)
        equal((first["there"], first["speed"], first["dcd"], first["clients"],
               second["there"]), (False, 19200, False, 1, True))
        client.close()


@case("HEAD is a GET without its body; what is no GET is refused")
def _():
    with gateway() as gate:
        status, head, body = get(gate, "/api/ports", "HEAD")
        equal((status, body, int(head["Content-Length"]) > 10),
              (200, b"", True))
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "FROB"):
            equal(get(gate, "/api/ports", method)[0], 405, method)
        status, head, _body = get(gate, "/api/ports")
        equal((head["Cache-Control"], head["X-Content-Type-Options"],
               head["X-Frame-Options"],
               head["Cross-Origin-Resource-Policy"],
               head["Access-Control-Allow-Origin"]),
              ("no-store", "nosniff", "DENY", "same-origin", None))


# ---- who asks ------------------------------------------------------------

@case("a name that is not this machine's own is refused (DNS rebinding)")
def _():
    with gateway("", web="host = lab.example\nhost = lab") as gate:
        for host, status in (
                (f"[::1]:{gate.web}", 200), ("127.0.0.1", 200),
                ("localhost:1", 200), ("LocalHost", 200), ("192.0.2.1", 200),
                ("lab.example", 200), ("Lab:8023", 200), ("evil.example", 421),
                ("lab.example.evil", 421), ("localhost.evil", 421),
                ("127.0.0.1.evil", 421), ("[::1", 421), ("[lab]", 421),
                ("[::1]x", 421), ("::1", 421), ("", 421), ("lab:x", 421),
                ("lab@evil", 421), ("evil#lab", 421), ("x" * 300, 421)):
            for path in ("/", "/ports", "/metrics", "/api/ports"):
                equal(get(gate, path, Host=host)[0], status, host + path)
        equal(raw(gate, b"GET / HTTP/1.1\r\n\r\n"), 421)
        equal(raw(gate, b"GET / HTTP/1.0\r\n\r\n"), 421)


@case("another server's page is refused")
def _():
    with gateway() as gate:
        here = f"[::1]:{gate.web}"
        for origin, status in (
                ("http://" + here, 200), ("https://" + here, 200),
                ("http://evil.example", 403), ("null", 403), ("", 403),
                ("http://[::1]", 403), ("http://[::1]:1", 403),
                ("file://", 403), (f"http://{here}.evil", 403),
                (f"ftp://{here}", 403), (f"http://x@{here}", 403)):
            equal(get(gate, "/api/ports", Origin=origin)[0], status, origin)


# ---- hostile requests ----------------------------------------------------

@case("paths are what they are: nothing is decoded, and no file is named")
def _():
    with gateway() as gate:
        for path in ("/../etc/passwd", "/..%2f..%2fetc%2fpasswd", "//metrics",
                     "/metrics/", "/metrics%00", "/%6detrics", "/api/ports/..",
                     "/./metrics", "/api", "/" + "a/" * 2000, "/favicon.ico"):
            equal(get(gate, path)[0], 404, path)
        equal(get(gate, "/metrics?" + "x=%00&" * 100)[0], 200)


@case("what is not HTTP to the last byte is refused")
def _():
    host = b"Host: [::1]\r\n"
    with gateway() as gate:
        for text, status in (
                (b"GET / HTTP/1.1\r\n" + host + b"\r\n", 200),
                (b"GET / HTTP/1.1\r\n" + host + b"A: \tb \r\n\r\n", 200),
                (b"GET / HTTP/2.0\r\n" + host + b"\r\n", 505),
                (b"GET /\r\n" + host + b"\r\n", 400),
                (b"GET  / HTTP/1.1\r\n" + host + b"\r\n", 400),
                (b"GET / x HTTP/1.1\r\n" + host + b"\r\n", 400),
                (b"GET http://[::1]/ HTTP/1.1\r\n" + host + b"\r\n", 400),
                (b"\r\nGET / HTTP/1.1\r\n" + host + b"\r\n", 400),
                (b"\r\n\r\n", 400), (b" / HTTP/1.1\r\n\r\n", 400),
                (b"GET / HTTP/1.1\r\n" + host + host + b"\r\n", 400),
                (b"GET / HTTP/1.1\r\n" + host + b"A: b\r\nA: c\r\n\r\n", 400),
                (b"GET / HTTP/1.1\r\n" + host + b"A : b\r\n\r\n", 400),
                (b"GET / HTTP/1.1\r\n" + host + b" A: b\r\n\r\n", 400),
                (b"GET / HTTP/1.1\r\n" + host + b"A\r\n\r\n", 400),
                (b"GET / HTTP/1.1\r\n" + host + b": b\r\n\r\n", 400),
                (b"GET / HTTP/1.1\r\n" + host + b"A: b\rc\r\n\r\n", 400),
                (b"GET / HTTP/1.1\r\n" + host + b"A: b\nc: d\r\n\r\n", 400),
                (b"GET /\0 HTTP/1.1\r\n" + host + b"\r\n", 400),
                (b"GET /\xff HTTP/1.1\r\n" + host + b"\r\n", 400),
                (b"GET / HTTP/1.1\r\n" + host +
                 b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501),
                (b"POST / HTTP/1.1\r\n" + host +
                 b"Content-Length: 99999999999999999999\r\n\r\n", 413),
                (b"POST / HTTP/1.1\r\n" + host +
                 b"Content-Length: 1025\r\n\r\n", 413),
                (b"POST / HTTP/1.1\r\n" + host +
                 b"Content-Length: -1\r\n\r\n", 400),
                (b"POST / HTTP/1.1\r\n" + host +
                 b"Content-Length: +1\r\n\r\n", 400),
                (b"POST / HTTP/1.1\r\n" + host +
                 b"Content-Length: 1024\r\n\r\n" + bytes(1024), 405),
                (b"GET / HTTP/1.1\r\n" + host +
                 b"".join(b"a%d: b\r\n" % i for i in range(60)) + b"\r\n",
                 431),
                (b"GET / HTTP/1.1\r\n" + host + b"A: " + b"b" * 8200 +
                 b"\r\n\r\n", 431),
                (b"GET /" + b"b" * 9000, 431)):
            equal(raw(gate, text), status, text[:100])


@case("a head that comes in pieces is one head; an end within it is an end")
def _():
    with gateway() as gate:
        text = b"GET /metrics HTTP/1.1\r\nHost: [::1]\r\n\r\n"
        client = Stream(gate.web)
        for at in range(len(text)):
            client.send(text[at:at + 1])
            time.sleep(0.002)
        equal(client.read(15), b"HTTP/1.1 200 OK")
        client.close()
        for size in range(0, len(text), 7):
            client = Stream(gate.web)
            client.send(text[:size])
            client.sock.shutdown(socket.SHUT_WR)
            equal((size, client.read(100)), (size, b""))
            client.close()
        equal(get(gate, "/")[0], 200)


@case("who does not say what he wants keeps nobody out, however many they are")
def _():
    with gateway() as gate:
        crowd = [Stream(gate.web) for _ in range(300)]
        for client in crowd[::2]:
            client.send(b"GET / HTTP/1.1\r\n")
        equal(get(gate, "/api/ports")[0], 200)
        gate.device.write(b"x")
        ended = sum(client.ended(0.02) for client in crowd[:50])
        equal(ended, 50, "the first of them")
        for client in crowd:
            client.close()
        equal(get(gate, "/api/ports")[0], 200)


@case("a request that drips in has ten seconds, and the ports do not notice")
def _():
    with gateway() as gate:
        drip, port = Stream(gate.web), Stream(gate.raw[0])
        drip.send(b"GET / HTTP/1.1\r\nX: ")
        begin = time.monotonic()
        while not drip.ended(0.3):
            equal(time.monotonic() - begin < 15, True, "ten seconds")
            try:
                drip.send(b"x")
            except ConnectionError:
                break
            gate.device.write(b"y")
            equal(port.read(1), b"y")
        equal(time.monotonic() - begin > 8, True, "nine seconds")
        port.close()


# ---- websockets ----------------------------------------------------------

class Socket(Stream):
    """A websocket of the first port."""

    def __init__(self, gate, query="", **fields):
        super().__init__(gate.web)
        self.key = base64.b64encode(random.randbytes(16))
        head = {"Host": "[::1]", "Upgrade": "websocket",
                "Connection": "keep-alive, Upgrade",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": self.key.decode()}
        head.update({name.replace("_", "-"): value
                     for name, value in fields.items()})
        self.send((f"GET /api/ports/p0/socket{query} HTTP/1.1\r\n" + "".join(
            f"{name}: {value}\r\n" for name, value in head.items()
            if value is not None) + "\r\n").encode())
        self.head = self.until(b"\r\n\r\n").decode()
        self.status = int(self.head.split()[1])
        self.data = b""

    def frame(self, opcode, data, fin=True, mask=True, size=None):
        """A frame, perhaps of another size than it says."""
        size = len(data) if size is None else size
        head = bytes([opcode | (0x80 if fin else 0)])
        flag = 0x80 if mask else 0
        if size < 126:
            head += bytes([flag | size])
        elif size < 65536:
            head += bytes([flag | 126]) + struct.pack(">H", size)
        else:
            head += bytes([flag | 127]) + struct.pack(">Q", size)
        if mask:
            key = random.randbytes(4)
            head += key
            data = bytes(byte ^ key[at % 4] for at, byte in enumerate(data))
        self.send(head + data)

    def next(self, limit=20):
        """(opcode, data) of a frame; None: there is none."""
        head = self.read(2, limit)
        if len(head) < 2:
            return None
        equal(head[0] & 0xf0, 0x80, "FIN and RSV")
        size = head[1]
        if size == 126:
            size = struct.unpack(">H", self.read(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self.read(8))[0]
        equal(size < 1 << 20, True, "not masked, and short")
        return head[0] & 15, self.read(size)

    def wait(self, key, limit=20):
        """The value of the next text that has this; data is kept."""
        end = time.monotonic() + limit
        while time.monotonic() < end:
            got = self.next(end - time.monotonic())
            if got is None:
                break
            if got[0] == BINARY:
                self.data += got[1]
            elif got[0] == TEXT and key in json.loads(got[1]):
                return json.loads(got[1])[key]
        raise AssertionError(f"no {key}")

    def ask(self, **command):
        """The state after a command."""
        while self.next(0.05):
            pass
        self.frame(TEXT, json.dumps(command).encode())
        return self.wait("state")

    def bytes(self, size):
        """So much of the device."""
        while len(self.data) < size:
            got = self.next()
            if got is None:
                break
            if got[0] == BINARY:
                self.data += got[1]
        got, self.data = self.data[:size], self.data[size:]
        return got


@case("a websocket: hands are shaken as RFC 6455 says, or not at all")
def _():
    with gateway() as gate:
        sock = Socket(gate)
        equal(sock.status, 101)
        equal(re.search(r"Sec-WebSocket-Accept: (\S+)", sock.head)[1],
              base64.b64encode(hashlib.sha1(sock.key + GUID).digest()
                               ).decode())
        state = sock.wait("state")
        equal((state["there"], state["yours"], state["watch"]),
              (True, True, False))
        sock.close()
        here = {"Origin": "http://[::1]"}
        for fields, status in (
                (here, 101), ({"Origin": "http://evil.example"}, 403),
                ({"Origin": "null"}, 403), ({"Origin": "http://[::1]:1"}, 403),
                ({"Host": "evil.example", "Origin": "http://evil.example"},
                 421), ({"Upgrade": "h2c"}, 426), ({"Upgrade": None}, 426),
                ({"Connection": "close"}, 426),
                ({"Connection": "xupgrade"}, 426),
                ({"Sec_WebSocket_Version": "8"}, 426),
                ({"Sec_WebSocket_Key": None}, 400),
                ({"Sec_WebSocket_Key": "x"}, 400),
                ({"Sec_WebSocket_Key": "A" * 24}, 400)):
            sock = Socket(gate, **fields)
            equal(sock.status, status, fields)
            sock.close()
        for path in ("/api/ports/p1/socket", "/api/ports//socket",
                     "/api/ports/p0/socket/", "/api/ports/p/socket"):
            equal(get(gate, path)[0], 404, path)
        equal(get(gate, "/api/ports/p0/socket")[0], 426)


@case("a websocket: bytes of all values both ways, in frames of any kind")
def _():
    with gateway() as gate:
        sock = Socket(gate)
        text = bytes(range(256)) * 200
        for size in (1, 125, 126, 127, 5000, 40000):
            sock.frame(BINARY, text[:size])
            equal(gate.device.read(size), text[:size], size)
        for fin, opcode, part in ((False, BINARY, b"a\xff"), (False, 0, b""),
                                  (True, 0, b"\0b")):
            sock.frame(opcode, part, fin)
        equal(gate.device.read(4), b"a\xff\0b")
        for at in range(0, len(text), 2000):
            gate.device.write(text[at:at + 2000])
            equal(sock.bytes(len(text[at:at + 2000])), text[at:at + 2000])
        sock.frame(PING, b"hi")
        while (got := sock.next()) and got[0] != PONG:
            pass
        equal(got, (PONG, b"hi"))
        sock.frame(CLOSE, struct.pack(">H", 1000))
        equal((sock.next()[0], sock.ended()), (CLOSE, True))


@case("a websocket sets the line, and is told what came of it")
def _():
    with gateway("speed = 9600") as gate:
        sock = Socket(gate)
        state = sock.ask(speed=57600, format="8N2", flow="rtscts", dtr=True,
                         rts=False)
        equal((state["speed"], state["format"], state["flow"], state["dtr"],
               state["rts"], gate.device.speed()),
              (57600, "8N2", "rtscts", True, False, 57600))
        equal(sock.ask(**{"break": 20})["there"], True)
        before = sock.ask()
        # A pty has any.
        equal(sock.ask(speed=3000000000)["speed"], 3000000000)
        equal(ports(gate)[0]["speed"], 3000000000)
        equal(sock.ask(speed=57600)["speed"], 57600)
        for nonsense in ({"speed": 0}, {"speed": -1}, {"speed": 1 << 32},
                         {"speed": "9600"}, {"speed": 1e9}, {"format": "9N1"},
                         {"format": 1}, {"format": "8N1x"}, {"flow": "x"},
                         {"dtr": 1}, {"rts": None}, {"break": -1},
                         {"break": 1 << 40}, {"frob": [[]]}):
            equal(sock.ask(**nonsense), before, nonsense)
        gate.unplug()
        equal("is gone" in sock.wait("note"), True)
        state = sock.wait("state")
        equal((state["there"], state["dcd"], state["speed"]),
              (False, False, 57600))
        gate.replug()
        equal(("is back" in sock.wait("note"), sock.wait("state")["there"],
               gate.device.speed()), (True, True, 57600))
        sock.close()


@case("one websocket writes, others ask for that; ?watch never does")
def _():
    with gateway("history = 4") as gate:
        gate.device.write(b"before")
        until(lambda: metrics(gate)["received_bytes_total"] == 6, "history")
        first, second = Socket(gate), Socket(gate)
        watch = Socket(gate, "?watch")
        equal(second.bytes(6), b"before")
        equal([sock.ask()["yours"] for sock in (first, second, watch)],
              [True, False, False])
        second.frame(BINARY, b"no")
        equal(second.ask(speed=300)["speed"] != 300, True)
        equal(watch.ask(take=True, speed=300)["yours"], False)
        watch.frame(BINARY, b"no")
        equal(second.ask(take=True)["yours"], True)
        equal("another client" in first.wait("note"), True)
        equal(first.ask()["yours"], False)
        first.frame(BINARY, b"no")
        first.ask()
        second.frame(BINARY, b"yes")
        gate.device.only(b"yes")
        equal(first.ask(take=True)["yours"], True)
        for sock in (first, second, watch):
            sock.close()


@case("hostile frames end their connection, and cost nothing")
def _():
    with gateway() as gate:
        port = Stream(gate.raw[0])
        for number, what in enumerate((
                lambda sock: sock.frame(BINARY, b"x", mask=False),
                lambda sock: sock.frame(BINARY, b"x" * 65537),
                lambda sock: sock.frame(BINARY, b"x", size=1 << 62),
                lambda sock: sock.frame(BINARY, b"x", size=1 << 63),
                lambda sock: sock.frame(TEXT, b"\xff\xfe"),
                lambda sock: sock.frame(TEXT, b"[]"),
                lambda sock: sock.frame(TEXT, b"{" * 1000),
                lambda sock: sock.frame(TEXT, b'{"a":' * 60 + b"1"),
                lambda sock: sock.frame(TEXT, b'{"x":1,"x":2}'),
                lambda sock: sock.frame(TEXT, b" " * 1100 + b"{}"),
                lambda sock: sock.frame(TEXT, b"[" * 60000),
                lambda sock: sock.frame(PING, b"x" * 126),
                lambda sock: sock.frame(PING, b"x", fin=False),
                lambda sock: sock.frame(0, b"x"),
                lambda sock: sock.frame(3, b"x"),
                lambda sock: sock.frame(0x40 | BINARY, b"x"),
                lambda sock: [sock.frame(BINARY if not at else 0, b"x" * 9000,
                                         fin=False) for at in range(9)],
                lambda sock: sock.frame(CLOSE, b"x"))):
            sock = Socket(gate)
            sock.wait("state")
            try:
                what(sock)
            except ConnectionError:
                pass
            equal(sock.ended(5), True, f"the end of {number}")
            sock.close()
        gate.device.write(b"well")
        equal(port.read(4), b"well")
        port.close()


@case("a port that has no room says so, and begins no websocket")
def _():
    with gateway("clients = 1") as gate:
        port = Stream(gate.raw[0])
        until(lambda: gate.said(" comes"), "client")
        equal(Socket(gate).status, 503)
        port.close()
        until(lambda: Socket(gate).status == 101, "room")


@case("random frames, whole and cut, leave the gateway and its port as they are")
def _():
    with gateway("clients = 4") as gate:
        for _ in range(150):
            sock = Socket(gate)
            try:
                for _ in range(random.randrange(1, 12)):
                    if random.random() < 0.15:
                        sock.send(random.randbytes(random.randrange(1, 200)))
                        continue
                    data = random.choice((
                        random.randbytes(random.choice((0, 1, 125, 126, 999))),
                        json.dumps({random.choice(("speed", "format", "take",
                                                   "x", "break")):
                                    random.choice((1, 300, "8N1", True, None,
                                                   [], 1e308, 1 << 63))}
                                   ).encode()))
                    sock.frame(random.choice((0, 1, 1, 1, 2, 2, 2, 8, 9, 10,
                                              random.randrange(256))), data,
                               random.random() < 0.8, random.random() < 0.97,
                               random.choice((None,) * 9 + (
                                   random.randrange(1 << 20),)))
            except ConnectionError:
                pass
            sock.close()
            while h_gateway.select.select([gate.device.far], [], [], 0)[0]:
                os.read(gate.device.far, 65536)
        sock = until(lambda: (lambda one: one if one.status == 101 and
                              one.next(1) else None)(Socket(gate)), "a place")
        equal(sock.ask(speed=9600)["speed"], 9600)
        sock.frame(BINARY, b"still")
        got = b""
        while b"still" not in got:
            got += gate.device.read(1) or equal(1, 0, got)
        sock.close()


@case("who pings without reading is not read from; the port goes on")
def _():
    with gateway() as gate:
        flood = Socket(gate)
        flood.sock.settimeout(1)
        try:
            for _ in range(1000000):    # much more than the kernel keeps
                flood.frame(PING, b"x" * 125)
        except (TimeoutError, socket.timeout):
            pass
        else:
            raise AssertionError("all of it was taken")
        with open(f"/proc/{gate.process.pid}/status",
                  encoding="ascii") as file:
            size = int(re.search(r"VmRSS:\s+(\d+)", file.read())[1])
        # A sanitizer keeps what was freed.
        equal(os.environ.get("SANITIZE", "none") != "none" or size < 100000,
              True, f"{size} KiB")
        port = Stream(gate.raw[0])
        until(lambda: metrics(gate)["clients"] == 2, "two clients")
        gate.device.write(b"well")
        equal(port.read(4), b"well")
        flood.close()


@case("the page's files are there, with a policy that lets nothing else in")
def _():
    with gateway() as gate:
        for path, kind in (("/", "text/html"), ("/console.js",
                                                "text/javascript"),
                           ("/console.css", "text/css"),
                           ("/xterm.js", "text/javascript"),
                           ("/xterm.css", "text/css")):
            status, head, body = get(gate, path)
            equal((status, head["Content-Type"],
                   "default-src 'none'; script-src 'self'; style-src 'self'; "
                   "style-src-elem 'self' 'unsafe-inline'; "
                   in head["Content-Security-Policy"], len(body) > 0),
                  (200, kind + "; charset=utf-8", True, True), path)
            for word in (b"://", b"<style", b"style=", b" onclick",
                         b"innerHTML", b"eval("):
                equal("xterm" not in path and word in body.replace(
                    b"http://www.w3.org/", b""), False, (path, word))
    with gateway("", web="xterm = /nowhere") as gate:
        equal(gate.said("there is no xterm.js in /nowhere"), True)
        equal((get(gate, "/xterm.css")[2], get(gate, "/")[0]), (b"", 200))


# ---- users ---------------------------------------------------------------

def hashed(password):
    """As mkpasswd makes it."""
    import warnings     # pylint: disable=import-outside-toplevel
    warnings.simplefilter("ignore")
    import crypt        # pylint: disable=import-outside-toplevel,W4901
    return crypt.crypt(password, "$y$j9T$F5Jx5fExrKuPp53xLKQ..1")


def login(gate, user, password, **fields):
    """(where it sends to, the cookie or None)."""
    body = urllib.parse.urlencode({"user": user,
                                               "password": password})
    status, head, _body = get(gate, "/login", "POST", body, **fields)
    cookie = head["Set-Cookie"]
    return (head["Location"] if status == 303 else status,
            cookie and cookie.split(";")[0])


def patient(gate, user, password):
    """The same, when it is not too early."""
    got = until(lambda: (lambda one: one if one[0] != "/login#later" else
                         None)(login(gate, user, password)), "turn")
    return got


USERS = ("user = ann " + hashed("pä ss&=+%") + "\nuser = bob " +
         hashed("b") + "\nuser = root " + hashed("r") +
         "\nallow = ann write p0\nallow = ann read p1\nallow = bob read *")


@case("with users, nothing is to be had without a session")
def _():
    with gateway(web=USERS) as gate:
        for path in ("/console.js", "/xterm.js", "/ports", "/metrics",
                     "/api/ports", "/api/ports/p0/socket", "/x"):
            equal(get(gate, path)[0], 401, path)
        status, head, _body = get(gate, "/")
        equal((status, head["Location"]), (303, "/login"))
        equal([get(gate, path)[0] for path in ("/login", "/console.css")],
              [200, 200])
        equal(Socket(gate).status, 401)
        for cookie in ("devsw_gateway=", "devsw_gateway=" + "0" * 64,
                       "x; devsw_gateway=" + "a" * 64, "devsw_gateway"):
            equal(get(gate, "/ports", Cookie=cookie)[0], 401, cookie)
        equal(login(gate, "ann", "pä ss&=+%", Origin="http://evil.example"),
              (403, None))
        equal(login(gate, "ann", "pä ss&=+%", Host="evil.example")[0], 421)
        where, cookie = patient(gate, "ann", "pä ss&=+%")
        equal((where, len(cookie)), ("/", len("devsw_gateway=") + 64))
        equal(get(gate, "/ports", Cookie=cookie)[0], 200)
        equal(get(gate, "/ports", Cookie="a=b; " + cookie)[0], 200)
        equal(get(gate, "/ports", Cookie=cookie[:-1])[0], 401)
        equal(get(gate, "/ports", Cookie="x" + cookie)[0], 401)
        other = patient(gate, "ann", "pä ss&=+%")[1]
        equal(other != cookie, True)
        equal(get(gate, "/logout", "POST", Cookie=cookie)[0], 303)
        equal([get(gate, "/ports", Cookie=one)[0] for one in (cookie, other)],
              [401, 200])
        body = "user=ann&password=" + "%70%C3%A4+ss%26%3D%2B%25"
        equal(get(gate, "/login", "POST", body)[1]["Set-Cookie"]
              .split("; ")[1:], ["Path=/", "HttpOnly", "SameSite=Strict",
                                 "Max-Age=43200"])


@case("a wrong password, or a wrong form, opens nothing, and costs time")
def _():
    with gateway(web=USERS) as gate:
        port = Stream(gate.raw[0])
        for user, password in (("ann", "x"), ("ann", "b"), ("nobody", "b"),
                               ("ann", "pä ss&=+%x"), ("bob", "")):
            equal(patient(gate, user, password), ("/login#wrong", None))
            equal(login(gate, "bob", "b"), ("/login#later", None))
        until(lambda: login(gate, "bob", "b")[0] == "/", "bob")
        for body in ("", "user=bob", "password=b", "user=bob&password=%",
                     "user=bob&password=%0", "user=bob&password=b%00",
                     "xuser=bob&password=b", "user=" + "b" * 99 +
                     "&password=b", "user=bob&password=" + "b" * 900):
            equal(get(gate, "/login", "POST", body)[1]["Set-Cookie"], None,
                  body)
        # The connection ends while the hash is made.
        for _ in range(20):
            client = Stream(gate.web)
            client.send(b"POST /login HTTP/1.1\r\nHost: [::1]\r\n"
                        b"Content-Length: 19\r\n\r\nuser=bob&password=b")
            client.close()
        gate.device.write(b"well")
        equal(port.read(4), b"well")
        until(lambda: login(gate, "bob", "b")[0] == "/", "bob")
        equal("pä ss" in gate.text() or "$y$" in gate.text(), False)


@case("who tries passwords from many addresses keeps nobody else out")
def _():
    number = h_gateway.free_port()
    with gateway(web=f"{USERS}\nlisten = 127.0.0.1:{number}") as gate:
        def post(last, password):
            sock = socket.socket()
            sock.settimeout(20)
            sock.bind((f"127.0.0.{last}", 0))
            sock.connect(("127.0.0.1", number))
            body = "user=bob&password=" + password
            sock.sendall(f"POST /login HTTP/1.1\r\nHost: 127.0.0.1:{number}\r\n"
                         f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
            return sock

        def where(sock):
            text = sock.makefile("rb").read()
            sock.close()
            return re.search(rb"Location: (\S+)", text).group(1)
        others = [post(last, "x") for last in range(2, 14)]
        # One of an address; eleven are before it.
        equal(where(post(13, "b")), b"/login#later")
        equal(login(gate, "bob", "b")[0], "/", "bob, at once")
        equal([where(sock) for sock in others], [b"/login#wrong"] * 12)
        equal(where(post(20, "b")), b"/")
        equal(gate.text().count("a wrong password"), 12)
        # Who goes while he waits is nobody's.
        for last in range(30, 50):
            post(last, "x").close()
        equal(patient(gate, "bob", "b")[0], "/")


@case("rights: who may read, who may write, and who does not see the port")
def _():
    with gateway(web=USERS, count=3) as gate:
        seen = {}
        for user, password in (("ann", "pä ss&=+%"), ("bob", "b"),
                               ("root", "r")):
            cookie = patient(gate, user, password)[1]
            told = json.loads(get(gate, "/api/ports", Cookie=cookie)[2])
            equal(told["user"], user)
            seen[user] = [port["name"] for port in told["ports"]]
            text = get(gate, "/metrics", Cookie=cookie)[2].decode()
            equal(sorted(set(re.findall(r'port="(p\d)"', text))), seen[user])
            sock = Socket(gate, Cookie=cookie)
            equal((user, sock.status, sock.ask(take=True)["yours"]),
                  (user, 101, user != "bob"))
            if user == "ann":
                equal((get(gate, "/api/ports/p2/socket", Cookie=cookie)[0],
                       get(gate, "/api/ports/p1/socket", Cookie=cookie)[0]),
                      (404, 426))
                equal(re.match(r"ann at \[::1\]:\d+$", json.loads(
                    get(gate, "/api/ports", Cookie=cookie)[2])["ports"][0][
                        "writer"]) is not None, True)
            sock.close()
        equal(seen, {"ann": ["p0", "p1"], "bob": ["p0", "p1", "p2"],
                     "root": ["p0", "p1", "p2"]})
    with gateway(web=USERS + "\nmetrics = open") as gate:
        equal([get(gate, path)[0] for path in ("/metrics", "/ports")],
              [200, 401])


@case("a reset: asked for by POST or a websocket, by who may write")
def _():
    with gateway("reset = dtr=0 wait=1 dtr=1", count=2) as gate:
        path = "/api/ports/p%d/reset"
        # A pty has no such line: it is asked, and says so.
        equal(get(gate, path % 0, "POST", "")[0], 200)
        until(lambda: gate.said("the reset cannot be played"), "the line")
        equal(get(gate, path % 1, "POST", "")[::2],
              (409, b"no reset is configured\n"))
        equal(get(gate, path % 2, "POST", "")[0], 405)
        equal(get(gate, path % 0)[0], 404)
        equal(get(gate, path % 0, "POST", "", Origin="http://evil")[0], 403)
        sock = Socket(gate)
        equal(sock.wait("state")["reset"], True)
        equal(sock.ask(reset=True)["reset"], True)
        until(lambda: gate.said("resets the device", 2), "the second")
        watcher = Socket(gate, "?watch")
        watcher.ask(reset=True)
        equal(gate.text().count("resets the device"), 2)
        gate.unplug()
        equal(get(gate, path % 0, "POST", "")[::2],
              (409, b"the device is away\n"))
        sock.ask(reset=True)
        sock.close()
    with gateway("reset = esp32", web=USERS, count=3) as gate:
        equal(get(gate, path % 0, "POST", "")[0], 401)
        bob = patient(gate, "bob", "b")[1]
        equal(get(gate, path % 0, "POST", "", Cookie=bob)[0], 403)
        ann = patient(gate, "ann", "pä ss&=+%")[1]
        equal([get(gate, path % n, "POST", "", Cookie=ann)[0]
               for n in range(3)], [200, 403, 405])
        equal(gate.said("ann at [::1]:"), True)


# ---- configuration -------------------------------------------------------

@case("without [web] there are no pages; an address of others is warned of")
def _():
    with h_gateway.gateway(PROGRAM) as gate:
        try:
            Stream(gate.web).close()
        except ConnectionRefusedError:
            pass
        else:
            raise AssertionError("it listens")
        equal(gate.said("web:"), False)
    number = h_gateway.free_port()
    with gateway("", web=f"listen = 0.0.0.0:{number}") as gate:
        equal(gate.said(f"web: http on [::1]:{gate.web}\n"), True)
        until(lambda: gate.said(f"web: http on 0.0.0.0:{number}: whoever "
                                "reaches"), "warning")


@case("--check-config: mistakes in [web] are told, with file and line")
def _():
    with gateway() as gate:
        for line in ("listen = x", "listen = raw 8023", "host = a b",
                     "host = x:1", "host =", "xterm = x", "user = ann", "user = ann x",
                     "user = ann $y$j9T$", "allow = ann", "metrics = 1",
                     "allow = ann own p0", "frob = 1"):
            with open(gate.conf, "w", encoding="ascii") as file:
                file.write("[web]\n" + line + "\n")
            done = h_gateway.subprocess.run(
                [PROGRAM, "--check-config", "--config", gate.conf],
                check=False, text=True, capture_output=True, timeout=20)
            equal((done.returncode, f"{gate.conf}:2: " in done.stderr,
                   done.stderr.count("\n")), (2, True, 1), line)


if __name__ == "__main__":
    sys.exit(h_gateway.main())
