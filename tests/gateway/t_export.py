#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_export: "devswctl gateway export", used by labgrid and conserver.

    t_export.py DEVSW_GATEWAY DEVSWCTL

The rules are those of devswctl(8); what comes out has to be what labgrid's
NetworkSerialPort and SerialDriver, and conserver.cf(5), take: both are run,
as Debian has them, on a gateway with ptys.
"""
import os
import re
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import yaml  # noqa: E402
import h_gateway  # noqa: E402
from h_gateway import case, equal, until  # noqa: E402

PROGRAM, DEVSWCTL = sys.argv[1:3]
ENV = {**os.environ, "PATH": os.path.dirname(PROGRAM) + ":" +
       os.environ["PATH"]}
EVIL = "a\"b\\c: #x}{;'$(x)`\x1b[2J\x7f\u65e5"


def export(*words, status=0):
    """What it prints."""
    done = subprocess.run([DEVSWCTL, "gateway", *words], check=False, env=ENV,
                          capture_output=True, timeout=h_gateway.LIMIT)
    equal(done.returncode, status, done.stderr)
    return done.stdout.decode("ascii") if status == 0 else \
        done.stderr.decode("utf-8", "replace")


def configured(text, *words, status=0):
    """What it prints of this configuration."""
    with tempfile.TemporaryDirectory() as where:
        path = where + "/gateway.conf"
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace("WHERE", where))
        os.chmod(path, 0o644)
        return export("export", *words, "--config", path, status=status)


PORTS = """
[port no]
node = /dev/x0
listen = raw 4001
listen = telnet [::]:4000
speed = 9600
[port 1e3]
node = /dev/x1
listen = raw 0.0.0.0:4002 watch
listen = raw 0.0.0.0:4003
[port secret]
node = /dev/x2
listen = raw 4004 watch
listen = raw unix:/run/x
[port null]
serial = A1
listen = telnet 192.0.2.7:4005
listen = telnet [2001:db8::1]:4006 force
[port local]
node = /dev/x4
listen = telnet 4007
"""


# ---- what is printed -----------------------------------------------------

@case("labgrid: a NetworkSerialPort for each port, whatever its name")
def _():
    text = configured(PORTS, "--labgrid", "--host", "lab.example")
    equal(yaml.safe_load(text), {
        "no": {"NetworkSerialPort": {
            "host": "lab.example", "port": 4000, "speed": 9600,
            "protocol": "rfc2217"}},
        "1e3": {"NetworkSerialPort": {
            "host": "lab.example", "port": 4003, "protocol": "raw"}},
        "null": {"NetworkSerialPort": {
            "host": "192.0.2.7", "port": 4005, "protocol": "rfc2217"}},
        "local": {"NetworkSerialPort": {
            "host": "localhost", "port": 4007, "protocol": "rfc2217"}}})
    equal("# has no address without TLS to write at: secret\n" in text and
          "# serial number A1\n" in text and
          text.count("# only this machine reaches it") == 1, True, text)
    env = yaml.safe_load(configured(PORTS, "--labgrid-env", "--host", "h"))
    equal(list(env), ["targets"])
    equal(env["targets"]["no"], {
        "resources": {"NetworkSerialPort": {
            "host": "h", "port": 4000, "speed": 9600, "protocol": "rfc2217"}},
        "drivers": {"SerialDriver": {}}})
    # The machine's own name, if there is no other.
    equal(yaml.safe_load(configured(PORTS, "--labgrid"))["no"][
        "NetworkSerialPort"]["host"], os.uname().nodename)


@case("what is no name is quoted, and one line; a serial number a comment")
def _():
    for how in ("--labgrid", "--labgrid-env", "--conserver"):
        text = configured("[port a]\nserial = e:#x}{;'$\nlisten = raw "
                          "[::]:4000\n", how, "--host", EVIL)
        lines = text.splitlines()
        mine = [line.strip() for line in lines if "serial number" in line]
        equal(mine, ["# serial number e:#x}{;'$"], text)
        equal(all(line.replace("\t", "").isprintable() for line in lines),
              True, text)
        if how == "--conserver":
            equal(text.count("console "), 1)
            equal('\thost "a\\"b\\\\c: #x}{;' in text, True, text)
        else:
            found = yaml.safe_load(text)
            found = found.get("targets", found)
            equal(list(found), ["a"])
            shown = EVIL.replace("\x1b", "?").replace("\x7f", "?")
            host = found["a"].get("resources", found["a"])[
                "NetworkSerialPort"]["host"]
            equal(host.strip("[]").rstrip("?"),
                  shown.encode("ascii", "replace").decode().rstrip("?"))


@case("mistakes are told, and nothing is printed for them")
def _():
    equal("has no address" in configured("[port x]\nnode = /dev/x\n",
                                         "--labgrid", status=2), True)
    for words in ([], ["export"], ["import"], ["export", "--labgrid",
                                               "--conserver"],
                  ["export", "--host"], ["export", "--frob"]):
        equal("usage: devswctl gateway export" in export(*words, status=2),
              True)
    done = subprocess.run([PROGRAM, "--export", "x", "--config", "/nowhere"],
                          check=False, capture_output=True,
                          timeout=h_gateway.LIMIT)
    equal(done.returncode, 2)
    # Without the gateway's package.
    done = subprocess.run([DEVSWCTL, "gateway", "export", "--labgrid"],
                          check=False, capture_output=True, text=True,
                          env={"PATH": "/nowhere"}, timeout=h_gateway.LIMIT)
    if not os.path.exists("/usr/sbin/devsw-gateway"):
        equal((done.returncode, done.stderr),
              (1, "devswctl: devsw-gateway: is not installed\n"))


# ---- what takes it -------------------------------------------------------

@case("labgrid's SerialDriver talks over RFC 2217 and over raw TCP")
def _():
    program = (
        "import sys, labgrid\n"
        "driver = labgrid.Environment(sys.argv[1]).get_target('p0')"
        ".get_driver('SerialDriver')\n"
        "driver.write(b'to the device')\n"
        "print(driver.expect(['from it'], timeout=15)[2].group().decode())\n")
    for protocol, speed in (("rfc2217", 57600), ("raw", 0)):
        with h_gateway.gateway(PROGRAM, "speed = 57600") as gate:
            with open(gate.conf, encoding="ascii") as file:
                conf = file.read()
            if protocol == "raw":
                conf = re.sub("listen = telnet .*\n", "", conf)
            conf = re.sub("listen = (\\w+) (?:\\[::1\\]:)?(\\d+)",
                          r"listen = \1 127.0.0.1:\2", conf)
            with open(gate.conf, "w", encoding="ascii") as file:
                file.write(conf)
            gate.process.send_signal(h_gateway.signal.SIGHUP)
            until(lambda: gate.said("was read again"), "reload")
            text = configured(conf, "--labgrid-env")
            equal(yaml.safe_load(text)["targets"]["p0"]["resources"][
                "NetworkSerialPort"].get("protocol"), protocol)
            with open(gate.dir + "/env.yaml", "w", encoding="ascii") as file:
                file.write(text)
            with subprocess.Popen(
                    ["/usr/bin/python3", "-W", "ignore", "-c", program,
                     gate.dir + "/env.yaml"], stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT, text=True) as labgrid:
                got = gate.device.read(13)
                gate.device.write(b"from it\r\n")
                said = labgrid.communicate(timeout=h_gateway.LIMIT)[0]
            equal((got, labgrid.returncode), (b"to the device", 0), said)
            equal(said.splitlines()[-1], "from it", said)
            if speed:
                equal(gate.device.speed(), speed)


@case("conserver's consoles talk, by telnet and raw, over a pulled plug")
def _():
    for telnet in (True, False):
        with h_gateway.gateway(PROGRAM) as gate:
            with open(gate.conf, encoding="ascii") as file:
                conf = file.read().replace("[::1]:", "").replace(
                    "listen = telnet ", "listen = telnet 127.0.0.1:").replace(
                    "listen = raw ", "listen = raw 127.0.0.1:").replace(
                    "127.0.0.1:unix", "unix")
            if not telnet:
                conf = re.sub("listen = telnet .*\n", "", conf)
            with open(gate.conf, "w", encoding="ascii") as file:
                file.write(conf)
            before = gate.text().count("was read again")
            gate.process.send_signal(h_gateway.signal.SIGHUP)
            until(lambda: gate.said("was read again", before + 1), "reload")
            path = gate.dir + "/conserver.cf"
            with open(path, "w", encoding="ascii") as file:
                file.write(export("export", "--conserver", "--config",
                                  gate.conf) +
                           "default * { rw *; }\naccess * { trusted "
                           "127.0.0.1, ::1; allowed 127.0.0.1, ::1; }\n"
                           f"config * {{ logfile {gate.dir}/cs.log; }}\n")
            # Defaults have to come before what they are for.
            with open(path, "r+", encoding="ascii") as file:
                text = file.read().replace("default * { rw *; }\n", "")
                file.seek(0)
                file.write("default * { rw *; }\n" + text)
            conserve(gate, path)


def listens(number):
    """Does somebody there?"""
    with h_gateway.socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", number)) == 0


def conserve(gate, path):
    """A server with this configuration, and a client of its console."""
    number = str(h_gateway.free_port())
    second = str(h_gateway.free_port())
    with subprocess.Popen(
            ["conserver", "-C", path, "-p", number, "-b", second, "-M",
             "127.0.0.1"], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as server:
        try:
            until(lambda: gate.said(" comes"), "conserver")
            until(lambda: listens(int(number)), "its port")
            with subprocess.Popen(
                    ["console", "-n", "-M", "127.0.0.1", "-p", number, "-U",
                     "-f", "p0"], stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT) as client:
                talk(gate, client)
                gate.unplug()
                gate.replug()
                talk(gate, client)
                client.kill()
        finally:
            server.terminate()
            server.wait(h_gateway.LIMIT)


def talk(gate, client):
    """Both ways."""
    end = time.monotonic() + h_gateway.LIMIT
    got = b""
    while b"hello" not in got and time.monotonic() < end:
        client.stdin.write(b"hello\n")
        client.stdin.flush()
        got += gate.device.read(5, 1)
    equal(b"hello" in got, True, got)
    gate.device.write(b"and good day\r\n")
    said = b""
    while b"and good day" not in said:
        if not h_gateway.select.select([client.stdout], [], [],
                                       h_gateway.LIMIT)[0]:
            raise AssertionError(f"console says {said!r}")
        part = os.read(client.stdout.fileno(), 4096)
        if not part:
            raise AssertionError(f"console ends: {said!r}")
        said += part


if __name__ == "__main__":
    sys.argv[2:3] = []
    sys.exit(h_gateway.main())
