#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_users: who may come to devsw-gateway, by TLS, certificate and password.

    t_users.py DEVSW_GATEWAY

The rules are those of devsw-gateway(8) and gateway.conf(5).  The certificates
are made by openssl(1), and shown by Python's ssl; t_gateway.py has the TLS of
ports without users, t_web.py users of pages without TLS.
"""
import base64
import contextlib
import http.client
import json
import os
import pty
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse
import warnings

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_gateway  # noqa: E402
from h_gateway import Stream, case, equal, until  # noqa: E402
warnings.simplefilter("ignore")
import crypt  # noqa: E402 pylint: disable=deprecated-module,W4901

PROGRAM = sys.argv[1]

# Name: (subject, alternative names).
PEOPLE = {
    "server": ("/CN=server", "IP:::1"),
    "ann": ("/CN=ann", "DNS:dora,email:eve@lab.example"),
    "two": ("/CN=ann/CN=bob", "DNS:x"),
    "wild": ("/CN=*", "DNS:*,DNS:*.example"),
    "other": ("/CN=nobody", "DNS:y"),
}


def openssl(where, *words):
    """openssl(1), in that directory."""
    subprocess.run(["openssl", *words], check=True, cwd=where,
                   capture_output=True, timeout=h_gateway.LIMIT)


def certificates(where, names=PEOPLE):
    """Keys and certificates of these, of one authority, and a stranger's."""
    new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
           "-days", "2")
    if not os.path.exists(where + "/ca.pem"):
        openssl(where, "req", "-x509", *new, "-subj", "/CN=ca", "-keyout",
                "ca.key", "-out", "ca.pem")
        openssl(where, "req", "-x509", *new, "-subj", "/CN=ann", "-keyout",
                "stranger.key", "-out", "stranger.pem")
    for name in names:
        subject, others = PEOPLE[name]
        openssl(where, "req", "-x509", *new, "-subj", subject, "-CA",
                "ca.pem", "-CAkey", "ca.key", "-addext",
                "subjectAltName=" + others, "-keyout", name + ".key", "-out",
                name + ".pem")


@contextlib.contextmanager
def authority():
    """A directory with certificates."""
    with tempfile.TemporaryDirectory(prefix="t_users.") as where:
        certificates(where)
        yield where


def context(where, name=None):
    """Of a client, with this one's certificate or without."""
    made = ssl.create_default_context(cafile=where + "/ca.pem")
    if name:
        made.load_cert_chain(f"{where}/{name}.pem", f"{where}/{name}.key")
    return made


def hashed(password):
    """As mkpasswd makes it."""
    return crypt.crypt(password, "$y$j9T$F5Jx5fExrKuPp53xLKQ..1")


USERS = (f"user = bob {hashed('b')}\nuser = ann -\nuser = dora -\n"
         "user = eve@lab.example -\nallow = ann read *\n"
         "allow = dora write p1\n")


def files(where):
    """The server's lines."""
    return (f"tls-certificate = {where}/server.pem\n"
            f"tls-key = {where}/server.key\n")


class Pages:
    """The pages of a gateway, by TLS on another address."""

    def __init__(self, where, rest):
        self.where = where
        self.number = h_gateway.free_port()
        self.conf = f"listen = {self.number} tls\n" + files(where) + rest

    def get(self, path, name=None, method="GET", body=None, **fields):
        """(status, head, body); None: it does not come to that."""
        client = http.client.HTTPSConnection(
            "::1", self.number, timeout=20, context=context(self.where, name))
        try:
            client.request(method, path, body, {
                key.replace("_", "-"): value
                for key, value in fields.items()})
            answer = client.getresponse()
            return answer.status, answer.headers, answer.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            client.close()

    def who(self, name=None, **fields):
        """Whom the gateway takes him for, or a status, or None."""
        got = self.get("/api/ports", name, **fields)
        return got and (json.loads(got[2]).get("user") if got[0] == 200 else
                        got[0])

    def login(self, user, password):
        """A cookie; once it is his turn."""
        body = urllib.parse.urlencode({"user": user, "password": password})
        while True:
            _status, head, _body = self.get("/login", None, "POST", body)
            if head["Location"] != "/login#later":
                return head["Set-Cookie"]
            time.sleep(0.05)

    def socket(self, name=None):
        """A websocket of p0, after its head, or None."""
        sock = Stream(self.number)
        sock.sock = context(self.where, name).wrap_socket(
            sock.sock, server_hostname="::1")
        sock.send(b"GET /api/ports/p0/socket HTTP/1.1\r\nHost: [::1]\r\n"
                  b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
                  b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " +
                  base64.b64encode(bytes(16)) + b"\r\n\r\n")
        sock.until = lambda text: secure_until(sock, text)
        head = sock.until(b"\r\n\r\n")
        return sock if b" 101 " in head else None


def secure_until(sock, text):
    """OpenSSL may have bytes that poll does not know of."""
    got = b""
    sock.sock.settimeout(h_gateway.LIMIT)
    while text not in got:
        more = sock.sock.recv(1)
        if not more:
            raise AssertionError(f"{text!r} does not come: {got[-200:]!r}")
        got += more
    return got


def gateway(*ports, web="", **kwargs):
    """With the program under test."""
    return h_gateway.gateway(PROGRAM, *ports, web=web, **kwargs)


def reload(gate):
    """Have it read again; whether it was good."""
    before = gate.text().count("was read again")
    bad = gate.text().count("nothing has changed")
    gate.process.send_signal(signal.SIGHUP)
    until(lambda: gate.text().count("was read again") +
          gate.text().count("nothing has changed") > before + bad, "reload")
    return gate.text().count("was read again") > before


# ---- pages by TLS --------------------------------------------------------

@case("https: pages and websockets, and nothing for who does not speak TLS")
def _():
    with authority() as where:
        pages = Pages(where, "")
        with gateway(web=pages.conf) as gate:
            until(lambda: gate.said("web: https with TLS on"), "address")
            equal(pages.who(), None)        # no user, but an answer:
            equal(pages.get("/api/ports")[0], 200)
            equal(len(pages.get("/xterm.js")[2]) > 1000, True)
            sock = pages.socket()
            sock.until(b'"state"')
            gate.device.write(b"over TLS")
            sock.until(b"over TLS")
            plain = Stream(pages.number)
            plain.send(b"GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n")
            equal(plain.ended(), True)
            for junk in (b"\x16\x03\x01\xff\xff" + bytes(20000),
                         b"\x80\x2e\x01" + bytes(100), b"\xff" * 70000):
                plain = Stream(pages.number)
                with contextlib.suppress(OSError):
                    plain.send(junk)
                equal(plain.ended(), True)
            equal(pages.get("/")[0], 200)


@case("https: a certificate is a user by its common name, and by no other of "
      "its names")
def _():
    with authority() as where:
        pages = Pages(where, f"tls-clients = {where}/ca.pem\n" + USERS)
        with gateway(web=pages.conf) as gate:
            equal({name: pages.who(name) for name in
                   ("ann", "two", "wild", "other", None)},
                  {"ann": "ann", "two": 401, "wild": 401, "other": 401,
                   None: 401})
            equal(pages.who("stranger"), None)
            # Who has a password, or another session, is who that says.
            cookie = pages.login("bob", "b")
            equal(cookie.split("; ")[-1], "Secure")
            cookie = cookie.split(";")[0]
            equal(pages.who(Cookie=cookie), "bob")
            equal(pages.who("ann", Cookie=cookie), "bob")
            # No password is no empty one.
            for password in ("", "-", "b"):
                equal(pages.login("ann", password), None)
            sock = pages.socket("ann")
            sock.until(b'"watch":true')
            until(lambda: gate.said("ann at [::1]:"), "name")
            equal(pages.socket(), None)
            equal(pages.get("/api/ports/p0/reset", "ann", "POST", "")[0], 403)
            equal(pages.get("/api/ports/p0/reset", "ann", "POST", "",
                            Origin="https://evil.example")[0], 403)


@case("https: or by one of its alternative names, if that is configured")
def _():
    with authority() as where:
        for names, user in (("dns", "dora"), ("email", "eve@lab.example")):
            pages = Pages(where, f"tls-clients = {where}/ca.pem\n" + USERS +
                          f"tls-names = {names}")
            with gateway(web=pages.conf):
                equal({name: pages.who(name) for name in
                       ("ann", "two", "wild", "other")},
                      {"ann": user, "two": 401, "wild": 401, "other": 401})


@case("https: without users, tls-clients lets only those in")
def _():
    with authority() as where:
        pages = Pages(where, f"tls-clients = {where}/ca.pem\n")
        with gateway(web=pages.conf):
            equal([pages.get("/", name) and 1 for name in
                   (None, "stranger", "other")], [None, None, 1])


@case("https: a reload renews the certificate, terminals and sessions stay; "
      "handshakes that never end keep nobody out, and end")
def _():
    with authority() as where:
        pages = Pages(where, f"tls-clients = {where}/ca.pem\n" + USERS)
        with gateway(web=pages.conf) as gate:
            idle = [Stream(pages.number) for _ in range(80)]
            idle[-1].send(b"\x16\x03\x01\x02\x00\x01")
            begin = time.monotonic()
            cookie = pages.login("bob", "b").split(";")[0]
            sock = pages.socket("ann")
            first = sock.sock.getpeercert(True)
            certificates(where, ["server"])
            equal(reload(gate), True)
            second = pages.socket("ann")
            equal(second.sock.getpeercert(True) != first, True)
            equal(pages.who(Cookie=cookie), "bob")
            gate.device.write(b"all stay")
            sock.until(b"all stay")
            second.until(b"all stay")
            with open(where + "/server.key", "wb") as file:
                file.write(b"none")
            equal(reload(gate), False)
            equal(gate.said(f"[web]: {where}/server.key: "), True)
            equal(pages.who("ann"), "ann")
            equal(gate.text().count("web: https"), 1)
            equal(all(one.ended(15) for one in idle), True)
            equal(time.monotonic() - begin < 15, True)


@case("https: --check-config tells what is wrong")
def _():
    with authority() as where:
        good = "[web]\nlisten = 8023 tls\n" + files(where)
        for text, wrong in (
                (good, 0), (good + "tls-names = dns\n", 0),
                (good.replace("server.pem", "none"), 1),
                (good.replace("server.key", "ann.key"), 1),
                (good + "tls-clients = /etc/passwd\n", 1),
                ("[web]\nlisten = 8023 tls\n", 1),
                (good + "tls-names = cn dns\n", 1),
                (good + "tls-key = /x\n", 1),
                (good + "listen = 8024 ssl\n", 1),
                (good + "user = carol\n", 1), (good + "user = carol -\n", 0)):
            path = where + "/conf"
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
            os.chmod(path, 0o644)
            done = subprocess.run(
                [PROGRAM, "--check-config", "--config", path], check=False,
                text=True, capture_output=True, timeout=h_gateway.LIMIT)
            equal((done.returncode, done.stderr.count("\n")),
                  (2 if wrong else 0, wrong), text + done.stderr)


@case("https: a key with a pass phrase is a mistake, and nobody is asked for it")
def _():
    with authority() as where:
        openssl(where, "pkey", "-in", "server.key", "-aes128", "-passout",
                "pass:secret", "-out", "secret.key")
        path = where + "/conf"
        with open(path, "w", encoding="ascii") as file:
            file.write("[web]\nlisten = 8023 tls\n" + files(where).replace(
                "server.key", "secret.key"))
        os.chmod(path, 0o644)
        # With a terminal, at which it could be asked for.
        pid, far = pty.fork()
        if pid == 0:
            os.execv(PROGRAM, [PROGRAM, "--check-config", "--config", path])
        said, end = b"", time.monotonic() + h_gateway.LIMIT
        while h_gateway.readable(far, end - time.monotonic()):
            try:
                said += os.read(far, 4096)
            except OSError:
                break
        os.close(far)               # whoever waits there is hung up
        equal((os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]),
               said.count(b"\n")), (2, 1), said)


@case("https: what is open to others is said at the start, and why")
def _():
    with authority() as where:
        said = {}
        for key, rest in (("nothing", ""), ("users", USERS), ("both", USERS)):
            number = h_gateway.free_port()
            tls = "" if key == "users" else " tls"
            with gateway(web=f"listen = 0.0.0.0:{number}{tls}\n" +
                         files(where) + rest) as gate:
                said[key] = until(lambda: [
                    line.split(str(number))[1] for line in
                    gate.text().splitlines() if str(number) in line],
                    "address")[0]
        equal(said, {
            "nothing": ": whoever reaches this address may use all ports; no "
            "certificate is asked for",
            "users": ": passwords and all else go there without encryption",
            "both": ""})


# ---- ports' own addresses ------------------------------------------------

LOGIN = "login = on\nnotice = all"
MORE = USERS + (f"user = fred {hashed('f')}\nuser = gil {hashed('g')}\n"
                "allow = fred read p0\nallow = gil write p1\n")


def enter(client, user, password, end=b"\r\n"):
    """Say so, at a prompt."""
    client.until(b"user: ")
    client.send(user + end)
    client.until(b"password: ")
    client.send(password + end)


@case("login: a port is for who says a name and its password, and for nobody "
      "else")
def _():
    with gateway(LOGIN + "\nhistory = 4", web=MORE) as gate:
        gate.device.write(b"secret")
        for path in (gate.raw[0], gate.device.link + ".sock"):
            for end in (b"\n", b"\r", b"\r\n"):
                client = Stream(path)
                equal(client.read(6), b"user: ")
                client.send(b"bob" + end)
                equal(client.read(10), b"password: ")
                client.send(b"b" + end)
                equal(client.read(8), b"\r\nsecret", "history, and no echo")
                client.send(b"yes")
                equal(gate.device.read(3), b"yes")
                client.close()
                until(lambda: not gate.text().endswith("asked who it is\n") and
                      gate.text().count(" comes") == gate.text().count(
                          "it has ended"), "the end")
        equal(gate.said("bob at [::1]:"), True)
        equal("secret" in gate.text() or "$y$" in gate.text(), False)


@case("login: the end of a line may come in pieces; what is too long is wrong, "
      "whatever it begins with")
def _():
    long = "p" * 255
    with gateway(LOGIN, web=f"user = lil {hashed(long)}\n"
                 "allow = lil write p0\n") as gate:
        client = Stream(gate.raw[0])
        equal(client.read(6), b"user: ")
        client.send(b"lil\r")
        equal(client.read(10), b"password: ")
        client.send(b"\n")
        client.send(long.encode() + b"p\r\n")
        client.until(b"That is not right.\r\nuser: ")
        client.send(b"lil" + b"l" * 32 + b"\n")
        client.until(b"password: ")
        client.send(long.encode() + b"\n")
        client.until(b"That is not right.\r\n")
        enter(client, b"lil", long.encode())
        client.until(b"\r\n")
        client.send(b"in")
        equal(gate.device.read(2), b"in")
        equal(gate.text().count("a wrong password"), 2)


@case("login: what is wrong is told, costs time, and is wrong three times at "
      "most; a name that nobody has is as good")
def _():
    with gateway(LOGIN, web=MORE) as gate:
        client = Stream(gate.raw[0])
        begin = time.monotonic()
        for user, password in ((b"bob", b"x"), (b"nobody", b"b"),
                               (b"ann", b"-")):
            enter(client, user, password)
            client.until(b"That is not right.\r\n")
        equal(client.ended(), True)
        # The second and the third had to wait, and so has the next one.
        equal(time.monotonic() - begin > 2, True)
        client = Stream(gate.raw[0])
        enter(client, b"bob", b"b")
        client.until(b"\r\n")
        client.send(b"in")
        equal(gate.device.read(2), b"in")
        equal(time.monotonic() - begin > 4, True)
        equal(gate.text().count("a wrong password"), 3)


@case("login: telnet shows a name as it is typed, and no password; before it, "
      "no request is answered and no command obeyed")
def _():
    with gateway(LOGIN + "\nreset = dtr-pulse", web=MORE) as gate:
        com = h_gateway.Com(gate.telnet[0])
        until(lambda: com.take(1) and b"user: " in com.data, "prompt")
        # AYT, BREAK, ABORT, and requests.
        com.send(bytes([255, 246, 255, 243, 255, 238]))
        com.sub(0)
        com.sub(1, 0, 0, 0x4B, 0)
        com.sub(5, 7)
        com.sub(11, 255)
        com.send(b"bpx\x7f\bob\x15bob\r\n")
        until(lambda: com.take(1) and b"password: " in com.data, "prompt")
        equal(com.data, b"user: bpx\b \b\b \bob\b \b\b \b\b \bbob\r\n"
              b"password: ")
        equal(com.subs, [])
        com.data = b""
        com.send(b"xy\x7f\x7fb\r\n")
        equal(com.bytes(2), b"\r\n")
        equal(gate.device.speed() != 19200, True)
        equal(com.ask(1, 0, 0, 0x4B, 0), bytes([0, 0, 0x4B, 0]))
        equal(gate.device.speed(), 19200)
        equal(com.ask(11, 255), bytes([255]))
        com.send(b"all\r\n")
        equal(gate.device.read(5), b"all\r\n")
        equal("resets" in gate.text() or "is there]" in gate.text(), False)


@case("login: rights: who may write, who watches, who may not")
def _():
    with gateway(LOGIN, web=MORE) as gate:
        fred = Stream(gate.raw[0])
        enter(fred, b"fred", b"f")
        until(lambda: gate.said(" comes"), "fred")
        fred.send(b"no")
        force = Stream(gate.device.link + ".force")
        enter(force, b"fred", b"f")
        until(lambda: gate.said(" comes", 2), "by force")
        force.send(b"no")
        gil = Stream(gate.raw[0])
        enter(gil, b"gil", b"g")
        gil.until(b"devsw-gateway: you may not use this port\r\n")
        equal(gil.ended(), True)
        watch = Stream(gate.watch[0])
        enter(watch, b"bob", b"b")
        until(lambda: gate.said(" comes", 3), "watching")
        watch.send(b"no")
        bob = Stream(gate.raw[0])
        enter(bob, b"bob", b"b")
        bob.until(b"\r\n")
        bob.send(b"yes")
        gate.device.only(b"yes")
        gate.device.write(b"all see")
        for client in (fred, force, watch, bob):
            client.until(b"all see")
        gate.unplug()
        fred.until(b"the device is gone]\r\n")


@case("login: a certificate that names a user needs no password")
def _():
    with authority() as where:
        number = h_gateway.free_port()
        with gateway(LOGIN + f"\nlisten = raw {number} tls\n" + files(where) +
                     f"tls-clients = {where}/ca.pem", web=MORE) as gate:
            def come(name):
                client = Stream(number)
                client.sock = context(where, name).wrap_socket(
                    client.sock, server_hostname="::1")
                return client

            ann = come("ann")
            until(lambda: gate.said("ann at [::1]:"), "ann")
            until(lambda: gate.said(" comes"), "ann")
            ann.send(b"no")             # she only reads
            other = come("other")
            secure_until(other, b"user: ")
            other.send(b"bob\n")
            secure_until(other, b"password: ")
            other.send(b"b\n")
            secure_until(other, b"\r\n")
            other.send(b"yes")
            gate.device.only(b"yes")
            gate.device.write(b"seen")
            secure_until(ann, b"seen")
            two = come("two")
            secure_until(two, b"user: ")
            with contextlib.suppress(OSError):
                equal(come("stranger").sock.recv(1), b"")
            until(lambda: gate.said("bob at nobody at [::1]:"), "both names")


@case("login: what is sent behind the password is the device's, in order")
def _():
    with gateway(LOGIN, web=MORE) as gate:
        text = bytes(range(256)) * 300
        client = Stream(gate.raw[0])
        client.send(b"bob\r\nb\r\n" + text)
        equal(gate.device.read(len(text)), text)
        client.close()
        com = h_gateway.Com(gate.telnet[0])
        com.send(b"bob\rb\r\n" + b"telnet" * 500)
        equal(gate.device.read(3000), b"telnet" * 500)


@case("login: a CR LF that is cut at the password's end gives the device no LF; "
      "who ends lines with a CR alone may send one")
def _():
    with gateway(LOGIN, web=MORE) as gate:
        for pairs, first in ((True, b"x"), (True, b"\r\n"), (False, b"\nx"),
                             (False, b"")):
            client = Stream(gate.raw[0])
            end = b"\r\n" if pairs else b"\r"
            client.send(b"bob" + end + b"b\r")
            client.until(b"password: ")
            equal(client.read(2), b"\r\n")
            time.sleep(0.3)
            if pairs:
                client.send(b"\n")
            client.send(first + b"end")
            equal(gate.device.read(len(first) + 3), first + b"end")
            client.close()
            until(lambda: gate.text().count("it has ended") ==
                  gate.text().count("is asked who"), "the end")


@case("login: who says nothing, or goes on asking, is closed in time; who is in "
      "is not")
def _():
    with gateway(LOGIN + "\nlogin-time = 1", web=MORE) as gate:
        user = Stream(gate.raw[0])
        enter(user, b"bob", b"b")
        user.until(b"\r\n")
        begin = time.monotonic()
        silent, half, slow = (Stream(gate.raw[0]) for _ in range(3))
        half.send(b"bob\r\n")
        for _ in range(12):
            with contextlib.suppress(OSError):
                slow.send(b"x")     # a letter now and then is not a login
            time.sleep(0.1)
        for client in (silent, half, slow):
            equal(client.ended(2), True, "its end")
        equal(1 <= time.monotonic() - begin < 5, True, "the time")
        equal(gate.text().count("nobody has logged in"), 3)
        user.send(b"still")
        equal(gate.device.read(5), b"still")


@case("login: crowds that say nothing, or anything, keep nobody out")
def _():
    with gateway(LOGIN + "\nclients = 2", web=MORE) as gate:
        idle = [Stream(gate.raw[0]) for _ in range(200)]
        equal(idle[0].ended(), True)
        until(lambda: gate.said("others come", 136), "room")
        noise = []
        for text in (b"x" * 100000, b"\b" * 100000, b"bob\n" + b"y" * 100000,
                     os.urandom(3000).replace(b"\r", b"").replace(b"\n", b""),
                     b"\xff\xfa\x2c\x01" * 3000, b"\x15a" * 50000,
                     b"\0" * 70000, b"x" * 31 + b"\n" + b"z" * 255):
            for number in (gate.raw[0], gate.telnet[0]):
                client = Stream(number)
                client.sock.setblocking(False)
                with contextlib.suppress(OSError):
                    client.sock.send(text)
                noise.append(client)
        client = Stream(gate.raw[0])
        enter(client, b"bob", b"b")
        client.until(b"\r\n")
        client.send(b"in")
        equal(gate.device.read(2), b"in")
        equal(gate.device.read(1, 0.3), b"", "and nothing of the others")
        for one in noise:
            one.close()
        # Who leaves while his password is tried.
        for _ in range(20):
            one = Stream(gate.telnet[0])
            one.send(b"bob\nb\n")
            one.close()
        client.send(b"still")
        equal(gate.device.read(5), b"still")


@case("login: a reload changes users; who is in stays, who is not is new")
def _():
    with gateway(LOGIN, web=MORE) as gate:
        old = Stream(gate.raw[0])
        enter(old, b"bob", b"b")
        until(lambda: gate.said(" comes"), "bob")
        waits = Stream(gate.raw[0])
        waits.until(b"user: ")
        with open(gate.conf, encoding="utf-8") as file:
            text = file.read()
        with open(gate.conf, "w", encoding="utf-8") as file:
            file.write(text.replace("user = bob ", "user = rob "))
        equal(reload(gate), True)
        old.send(b"old")
        equal(gate.device.read(3), b"old")
        waits.send(b"bob\nb\n")
        waits.until(b"That is not right")
        new = Stream(gate.raw[0])
        enter(new, b"rob", b"b")
        until(lambda: gate.said("rob at [::1]:"), "rob")
        with open(gate.conf, "w", encoding="utf-8") as file:
            file.write(text.replace("login = on", ""))
        equal(reload(gate), True)
        free = Stream(gate.watch[0])
        until(lambda: gate.said(" comes", 3), "no login")
        gate.device.write(b"for all")
        equal(free.read(7), b"for all")


@case("login: without users it is a mistake; what others can reach is said")
def _():
    with tempfile.TemporaryDirectory() as where:
        path = where + "/conf"
        for more, status in (("", 2), ("[web]\nuser = ann -\n", 0),
                             ("[web]\nlisten = 8023\n", 2)):
            with open(path, "w", encoding="ascii") as file:
                file.write("[port a]\nnode = /dev/x\nlisten = raw 1\n"
                           "login = on\n" + more)
            os.chmod(path, 0o644)
            done = subprocess.run(
                [PROGRAM, "--check-config", "--config", path], check=False,
                text=True, capture_output=True, timeout=h_gateway.LIMIT)
            equal((done.returncode, done.stderr.count("\n")),
                  (status, 1 if status else 0), done.stderr)
    number = h_gateway.free_port()
    with gateway(f"{LOGIN}\nlisten = raw 0.0.0.0:{number}",
                 web=MORE) as gate:
        until(lambda: gate.said(f"0.0.0.0:{number}: passwords and all else go "
                                "there without encryption\n"), "warning")


if __name__ == "__main__":
    sys.exit(h_gateway.main())
