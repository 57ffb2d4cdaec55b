#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_interop: clients that others have written, as Debian has them.

    t_interop.py DEVSW_GATEWAY

Each case runs one of them against devsw-gateway, with a pty for the device,
and does what people do with it: the rule is devsw-gateway(8)'s, that who
speaks telnet, RFC 2217, TLS, HTTP or nothing at all finds the line behind it.
pyserial's rfc2217:// and plain socat are in t_gateway, browsers in t_console,
and esptool's reset, for which a device needs modem lines, in vm/t_gateway.
"""
import contextlib
import json
import os
import pty
import select
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_gateway  # noqa: E402
from h_gateway import Stream, case, equal, until  # noqa: E402

PROGRAM = sys.argv[1]


def gateway(*ports, **kwargs):
    """With the program under test."""
    return h_gateway.gateway(PROGRAM, *ports, **kwargs)


class Terminal:
    """A program on a terminal, and a person who reads and types."""

    def __init__(self, *argv):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="vt100", HOME="/nonexistent")
            os.execvp(argv[0], argv)
        self.text = b""

    def _more(self, left):
        if left <= 0 or not select.select([self.fd], [], [], left)[0]:
            return False
        try:
            more = os.read(self.fd, 65536)
        except OSError:         # EIO: the program has ended
            return False
        self.text += more
        return bool(more)

    def expect(self, text):
        """Wait until this is shown; what is before it is read."""
        end = time.monotonic() + h_gateway.LIMIT
        while text not in self.text:
            if not self._more(end - time.monotonic()):
                raise AssertionError(f"{text!r} is not shown, but "
                                     f"{self.text[-300:]!r}")
        self.text = self.text.partition(text)[2]

    def type(self, text):
        """As a person does."""
        os.write(self.fd, text)

    def end(self):
        """Wait for its end; the status."""
        end = time.monotonic() + h_gateway.LIMIT
        while True:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() > end:
                raise AssertionError("it does not end: "
                                     f"{self.text[-300:]!r}")
            self._more(0.02)

    def kill(self):
        """It is not there any more."""
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.pid, 9)
            os.waitpid(self.pid, 0)
        os.close(self.fd)


@contextlib.contextmanager
def terminal(*argv):
    """A Terminal that does not outlive its case."""
    made = Terminal(*argv)
    try:
        yield made
    finally:
        made.kill()


@contextlib.contextmanager
def background(*argv, there=None):
    """A program that is there meanwhile, and this file of its."""
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as process:
        try:
            if there is not None:
                until(lambda: os.path.exists(there), there)
            yield process
        finally:
            process.kill()


def talk(person, device, typed=b"abc\n"):
    """A person and a device say something to each other.

    A line, and its end as it is on a terminal that a program has not made raw
    yet, which it may do after it has said that it is ready.
    """
    person.type(typed)
    equal(device.read(len(typed)), typed)
    device.write(b"so you say")
    person.expect(b"so you say")


def v4(number):
    """For those who know no other addresses."""
    return f"listen = telnet 127.0.0.1:{number}"


# ---- telnet ----------------------------------------------------------------

@case("telnet: a person types, is told of the plug, and asks: are you there?")
def _():
    with gateway() as gate, \
            terminal("telnet", "::1", str(gate.telnet[0])) as person:
        person.expect(b"Escape character")
        gate.device.write(b"login: ")
        person.expect(b"login: ")               # options are agreed on
        talk(person, gate.device, b"root\r")    # its CR NUL is a CR
        gate.unplug()
        person.expect(b"p0: the device is gone]")
        gate.replug()
        person.expect(b"p0: the device is back]")
        person.type(b"\x1d")
        person.expect(b"telnet> ")
        person.type(b"send ayt\r")
        person.expect(b"p0: the device is there]")
        talk(person, gate.device, b"exit\r")
        person.type(b"\x1d")
        person.expect(b"telnet> ")
        person.type(b"quit\r")
        equal(person.end(), 0)


@case("microcom -t: sets the speed at the begin, later, and sends a break")
def _():
    number = h_gateway.free_port()
    with gateway("speed = 9600\n" + v4(number)) as gate, terminal(
            "microcom", "-s", "57600", "-t", f"127.0.0.1:{number}") as person:
        person.expect(b"Escape character")
        talk(person, gate.device)
        equal(gate.device.speed(), 57600)
        person.type(b"\x1c")
        person.expect(b"-> ")
        person.type(b"speed 38400\n")
        until(lambda: gate.device.speed() == 38400, "speed")
        person.expect(b"-> ")
        person.type(b"break\n")
        person.expect(b"-----\r\n")        # it goes on, its terminal cooked
        talk(person, gate.device)
        person.type(b"\x1c")
        person.expect(b"-> ")
        person.type(b"quit\n")
        equal(person.end(), 0)


@case("gensiot: RFC 2217, with a speed and parity that are typed")
def _():
    with gateway("speed = 9600") as gate, terminal(
            "gensiot", f"telnet(rfc2217),tcp,::1,{gate.telnet[0]}") as person:
        until(lambda: gate.said(" comes"), "client")
        talk(person, gate.device)
        person.type(b"\x1cs19200\r")
        until(lambda: gate.device.speed() == 19200, "speed")
        gate.unplug()
        gate.replug()
        equal(gate.device.speed(), 19200)
        talk(person, gate.device)
        person.type(b"\x1cq")
        equal(person.end(), 0)


@case("kermit: agrees to the port's control, sets the speed, and reads it back")
def _():
    number = h_gateway.free_port()
    script = ("set telopt /client com-port-control accepted, "
              f"set host 127.0.0.1 {number} /telnet, set speed 57600, "
              "show communications, output hello\\13, input 10 world, "
              "if success echo It is there, hangup, exit")
    with gateway("speed = 9600\n" + v4(number)) as gate, terminal(
            "kermit", "-Y", "-H", "-C", script) as person:
        equal(gate.device.read(6), b"hello\r")
        equal(gate.device.speed(), 57600)
        gate.device.write(b"world")
        person.expect(b"devsw-gateway")
        person.expect(b"57600")
        person.expect(b"It is there")
        equal(person.end(), 0)


@case("miniterm, pyserial's: DTR and RTS, a speed, and the plug in its midst")
def _():
    with gateway() as gate, terminal(
            "/usr/bin/python3", "-m", "serial.tools.miniterm", "--raw",
            f"rfc2217://[::1]:{gate.telnet[0]}", "57600") as person:
        person.expect(b"Quit: Ctrl+]")
        talk(person, gate.device, b"abc\r")     # it is CR LF to it
        equal(gate.device.speed(), 57600)
        person.type(b"\x14\x04")
        person.expect(b"DTR inactive")
        gate.unplug()
        gate.replug()
        talk(person, gate.device, b"abc\r")
        person.type(b"\x14\t")
        person.expect(b"DTR: inactive")
        person.type(b"\x1d")
        equal(person.end(), 0)


# ---- another server between ------------------------------------------------

@case("ser2net is a client: RFC 2217 through it sets the line, and is told")
def _():
    with tempfile.TemporaryDirectory() as where, gateway("speed = 9600") as \
            gate:
        with open(where + "/ser2net.yaml", "w", encoding="ascii") as file:
            file.write("connection: &there\n"
                       f"  accepter: telnet(rfc2217),unix,{where}/sock\n"
                       "  connector: telnet(rfc2217),tcp,::1,"
                       f"{gate.telnet[0]}\n")
        with background("ser2net", "-n", "-u", "-c",
                        where + "/ser2net.yaml",
                        there=where + "/sock"):
            client = h_gateway.Com(where + "/sock")
            until(lambda: gate.said(" comes"), "client")
            equal(client.ask(1, 0, 0, 0xE1, 0), b"\0\0\xe1\0", "speed")
            equal(gate.device.speed(), 57600)
            client.send(b"abc")
            equal(gate.device.read(3), b"abc")
            gate.device.write(b"so")
            equal(client.bytes(2), b"so")
            gate.unplug()
            until(lambda: client.answer(107) == b"\x0b", "word of the unplug")
            gate.replug()
            equal(gate.device.speed(), 57600)


# ---- on a pty --------------------------------------------------------------

@case("picocom, and tio, on a pty that socat makes: the plug ends neither")
def _():
    with tempfile.TemporaryDirectory() as where, gateway() as gate, \
            background("socat", f"pty,link={where}/tty,raw,echo=0",
                       f"tcp6:[::1]:{gate.raw[0]}", there=where + "/tty"):
        for words, ready, leave in (
                (("picocom", "-b", "115200"), b"Terminal ready",
                 b"\x01\x18"),
                (("tio", "-b", "115200"), b"Connected", b"\x14q")):
            with terminal(*words, where + "/tty") as person:
                person.expect(ready)
                talk(person, gate.device)
                gate.unplug()
                gate.replug()
                talk(person, gate.device)
                person.type(leave)
                equal(person.end(), 0)


@case("minicom on a pty that gensiot makes: the plug does not end it")
def _():
    with tempfile.TemporaryDirectory() as where, gateway() as gate, \
            background("gensiot", "-i", f"pty(link={where}/tty)",
                       f"telnet(rfc2217),tcp,::1,{gate.telnet[0]}",
                       there=where + "/tty"), \
            terminal("minicom", "-o", "-D", where + "/tty", "-b",
                     "115200") as person:
        person.expect(b"Press CTRL-A Z")
        talk(person, gate.device)
        gate.unplug()
        gate.replug()
        talk(person, gate.device)
        person.type(b"\x01q")
        person.expect(b"without reset?")
        person.type(b"\r")
        equal(person.end(), 0)


# ---- a programmer ----------------------------------------------------------

class Bootloader(threading.Thread):
    """STK500v1 as an ATmega328P's bootloader speaks it, with its flash."""

    def __init__(self, device):
        super().__init__(daemon=True)
        self.device, self.flash, self.at = device, bytearray(32768), 0

    def run(self):
        while True:
            command = self.device.read(1)
            if not command or command == b"\x51":       # it is left
                break
            self.command(command[0])
        self.device.read(1, 1)
        self.device.write(b"\x14\x10")

    def command(self, what):
        """One of them, with what it is followed by."""
        rest, answer = {0x41: 1, 0x40: 2, 0x42: 20, 0x45: 5, 0x55: 2,
                        0x56: 4, 0x64: 3, 0x74: 3}.get(what, 0), b""
        words = self.device.read(rest)
        if what == 0x41:                        # a parameter
            answer = b"\x02"
        elif what == 0x56:                      # as SPI has it
            answer = b"\0"
        elif what == 0x75:                      # the signature
            answer = b"\x1e\x95\x0f"
        elif what == 0x55:                      # the address, in words
            self.at = int.from_bytes(words, "little") * 2
        elif what == 0x64:                      # write a page
            size = int.from_bytes(words[:2], "big")
            self.flash[self.at:self.at + size] = self.device.read(size)
        elif what == 0x74:                      # read one
            size = int.from_bytes(words[:2], "big")
            answer = bytes(self.flash[self.at:self.at + size])
        good = self.device.read(1) == b"\x20"
        self.device.write(b"\x14" + answer + b"\x10" if good else b"\x15")


@case("avrdude over net: writes a program into a controller, and verifies it")
def _():
    number = h_gateway.free_port()
    with tempfile.TemporaryDirectory() as where, gateway(
            f"speed = 115200\nlisten = raw 127.0.0.1:{number}") as gate:
        program = bytes(range(255, -1, -1)) * 20
        with open(where + "/program", "wb") as file:
            file.write(program)
        board = Bootloader(gate.device)
        board.start()
        done = subprocess.run(
            ["avrdude", "-c", "arduino", "-p", "m328p", "-P",
             f"net:127.0.0.1:{number}", "-D", "-U",
             f"flash:w:{where}/program:r"], check=False, text=True,
            capture_output=True, timeout=60)
        equal((done.returncode, "verified" in done.stderr), (0, True),
              done.stderr[-600:])
        equal(bytes(board.flash[:len(program)]), program, "the flash")
        board.join(h_gateway.LIMIT)


# ---- TLS and HTTP ----------------------------------------------------------

@case("openssl s_client verifies the certificate, and talks through TLS")
def _():
    number = h_gateway.free_port()
    with tempfile.TemporaryDirectory() as where:
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
             "/CN=gateway", "-addext", "subjectAltName=IP:::1", "-keyout",
             "key", "-out", "pem"], check=True, cwd=where,
            capture_output=True, timeout=60)
        with gateway(f"tls-certificate = {where}/pem\ntls-key = {where}/key\n"
                     f"listen = raw {number} tls") as gate, \
            subprocess.Popen(
                ["openssl", "s_client", "-quiet", "-connect",
                 f"[::1]:{number}", "-CAfile", where + "/pem",
                 "-verify_return_error", "-verify_ip", "::1",
                 "-no_ign_eof"], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as client:
            try:
                client.stdin.write(b"hello")
                client.stdin.flush()
                equal(gate.device.read(5), b"hello")
                gate.unplug()
                gate.replug()
                gate.device.write(b"world")
                equal(client.stdout.read(5), b"world")
                client.stdin.close()
                equal(client.wait(h_gateway.LIMIT), 0)
            finally:
                client.kill()


@case("curl gets the page, the list, the API and the metrics, on a socket too")
def _():
    with tempfile.TemporaryDirectory() as where, gateway(
            web=f"listen = unix:{where}/sock") as gate:
        def curl(path, *words):
            done = subprocess.run(
                ["curl", "-sS", "--fail", *words, "-w", "%{http_code}",
                 f"http://[::1]:{gate.web}{path}"], check=False, text=True,
                capture_output=True, timeout=60)
            return done.stdout[:-3], done.stdout[-3:], done.returncode
        body, status, _ = curl("/")
        equal((status, body.startswith("<!DOCTYPE html>")), ("200", True))
        equal("p0" in curl("/ports")[0], True)
        client = Stream(gate.raw[0])
        until(lambda: gate.said(" comes"), "client")
        there = json.loads(curl("/api/ports")[0])
        equal((there["ports"][0]["name"], there["ports"][0]["there"]),
              ("p0", True))
        gate.unplug()
        body = curl("/metrics", "--compressed", "--unix-socket",
                    where + "/sock")[0]
        equal('devsw_gateway_clients{port="p0"} 1\n' in body, True, body)
        equal('devsw_gateway_device_unplugs_total{port="p0"} 1\n' in body, True,
              body)
        equal(curl("/none")[1:], ("404", 22))
        equal(curl("/ports", "--data", "x")[1], "405")
        client.close()


if __name__ == "__main__":
    sys.exit(h_gateway.main())
