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


if __name__ == "__main__":
    sys.exit(h_gateway.main())
