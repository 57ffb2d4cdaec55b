#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_mdns: ports told to the network by avahi (gateway.conf(5), mdns).

    t_mdns.py DEVSW_GATEWAY

The network, /run, D-Bus and avahi-daemon are the test's own; avahi-browse says
what is told.  The name of an adapter comes from a stand-in for devswd.
"""
import os
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_gateway  # noqa: E402
from h_gateway import Stream, case, equal, until  # noqa: E402
from h_devswd import Daemon  # noqa: E402

PROGRAM = sys.argv[1]
EVIL = "e\"\\\x1b[2J;\u65e5=" + "x" * 300
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration
 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type>
<listen>unix:path=/run/dbus/system_bus_socket</listen>
<policy context="default"><allow user="*"/><allow own="*"/>
<allow send_type="method_call"/><allow send_type="signal"/>
<allow send_requested_reply="true" send_type="method_return"/>
<allow send_requested_reply="true" send_type="error"/>
<allow receive_type="method_call"/><allow receive_type="signal"/>
<allow receive_type="method_return"/><allow receive_type="error"/>
</policy></busconfig>
"""
AVAHI = """[server]
host-name=gwtest
use-ipv6=no
enable-dbus=yes
[wide-area]
enable-wide-area=no
[publish]
publish-workstation=no
"""
SERVERS = {}


def start(name):
    """dbus or avahi; it is there."""
    words = {"dbus": ["dbus-daemon", "--config-file=/run/bus.conf",
                      "--nofork"],
             "avahi": ["avahi-daemon", "-f", "/run/avahi.conf",
                       "--no-drop-root", "--no-chroot", "--no-rlimits"]}[name]
    SERVERS[name] = subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    if name == "dbus":
        until(lambda: os.path.exists("/run/dbus/system_bus_socket"), name)
    else:
        until(lambda: subprocess.run(
            ["avahi-browse", "-at"], check=False, capture_output=True,
            timeout=h_gateway.LIMIT).returncode == 0, name)


def stop(name):
    """And it is no more."""
    SERVERS[name].terminate()
    SERVERS[name].wait(h_gateway.LIMIT)
    if name == "dbus" and os.path.exists("/run/dbus/system_bus_socket"):
        os.unlink("/run/dbus/system_bus_socket")


def told():
    """{name: (number, TXT)} of what is in the network."""
    done = subprocess.run(["avahi-browse", "-rpt", "_rfc2217._tcp"],
                          check=False, capture_output=True, text=True,
                          errors="replace", timeout=h_gateway.LIMIT)
    found = {}
    for line in done.stdout.splitlines():
        if line.startswith("="):
            parts = line.split(";", 9)
            found[parts[3].replace("\\032", " ").replace("\\035", "#")] = (
                int(parts[8]), parts[9])
    return found


def gateway(*ports, **kwargs):
    """With the program under test."""
    return h_gateway.gateway(PROGRAM, *ports, **kwargs)


def lines(number, more="mdns = yes\n"):
    """Of a port that is told of."""
    return f"listen = telnet 0.0.0.0:{number}\n{more}"


def reload(gate, old, new):
    """With this change of the configuration."""
    with open(gate.conf, "r+", encoding="ascii") as file:
        text = file.read().replace(old, new)
        file.seek(0)
        file.truncate()
        file.write(text)
    before = gate.text().count("was read again")
    gate.process.send_signal(h_gateway.signal.SIGHUP)
    until(lambda: gate.said("was read again", before + 1), "reload")


@case("a port with mdns = yes is told of with its adapter; others are not")
def _():
    number = h_gateway.free_port()
    with gateway(lines(number), lines(h_gateway.free_port(), ""),
                 "mdns = yes", count=3) as gate:
        pts = os.ttyname(gate.device.own)[5:]
        listing = {"adapters": [{"product": "FT232R", "serial": "A1",
                                 "port": "1-1", "nodes": [pts]}]}
        left = ['{"event": "begin", "major": 136}\n']
        with Daemon(136, a5=listing, a7=lambda _data: left.pop() if left
                    else None):
            until(lambda: '"serial=A1"' in told().get("p0", (0, ""))[1],
                  "service")
            got = told()
            equal((list(got), got["p0"][0]), (["p0"], number))
            for text in ('"adapter=FT232R"', '"port=p0"'):
                equal(text in got["p0"][1], True, got)
        # Nothing is told any more after its end.
    until(lambda: not told(), "end")


@case("who has no mdns = yes starts no thread, and asks no D-Bus")
def _():
    with gateway(lines(h_gateway.free_port(), "")) as gate:
        time.sleep(1.5)
        names = []
        for task in os.listdir(f"/proc/{gate.process.pid}/task"):
            with open(f"/proc/{gate.process.pid}/task/{task}/comm",
                      encoding="ascii") as file:
                names.append(file.read())
        equal("mdns\n" in names, False, names)


@case("a name that is taken gets a number; a reload takes a service back")
def _():
    first, second = h_gateway.free_port(), h_gateway.free_port()
    with gateway(lines(first)) as gate:
        until(lambda: "p0" in told(), "service")
        with gateway(lines(second)) as other:
            until(lambda: other.said("its name is taken; it is p0 #2"), "name")
            got = until(lambda: len(told()) == 2 and told(), "both")
            equal((got["p0"][0], got["p0 #2"][0]), (first, second))
            reload(other, "mdns = yes", "mdns = no")
            until(lambda: list(told()) == ["p0"], "one")
        equal(gate.said("is taken"), False)


@case("avahi ends and comes back: all is told again; nobody waits for a hang")
def _():
    with gateway(lines(h_gateway.free_port())) as gate:
        until(lambda: "p0" in told(), "service")
        stop("avahi")
        start("avahi")
        until(lambda: "p0" in told(), "service, again")
        SERVERS["avahi"].send_signal(h_gateway.signal.SIGSTOP)
        client = Stream(gate.raw[0])
        # What is to be told now waits for avahi's answer, but in a thread.
        with gateway(lines(h_gateway.free_port())):
            time.sleep(1.5)
            began = time.monotonic()
        equal(time.monotonic() - began < 4, True, "the end of another")
        reload(gate, "mdns = yes", "mdns = no")
        time.sleep(1.5)
        reload(gate, "mdns = no", "mdns = yes")
        gate.device.write(b"here")
        equal(client.read(4), b"here")
        SERVERS["avahi"].send_signal(h_gateway.signal.SIGCONT)
        stop("avahi")
        stop("dbus")
        gate.device.write(b"there")
        equal(client.read(5), b"there")
        start("dbus")
        start("avahi")
        until(lambda: "p0" in told(), "service, at last")


@case("a D-Bus that does not work is tried now and then, and not all the time")
def _():
    stop("avahi")
    stop("dbus")
    bus = socket.socket(socket.AF_UNIX)
    try:
        bus.bind("/run/dbus/system_bus_socket")
        bus.listen()
        bus.settimeout(h_gateway.LIMIT)
        with gateway(lines(h_gateway.free_port())):
            bus.accept()[0].close()
            began = time.monotonic()
            bus.accept()[0].close()
            equal(time.monotonic() - began > 4, True, "the next time")
    finally:
        bus.close()
        os.unlink("/run/dbus/system_bus_socket")
        start("dbus")
        start("avahi")


@case("what an adapter calls itself is in TXT, cut, and not a name")
def _():
    with gateway(lines(h_gateway.free_port())) as gate:
        pts = os.ttyname(gate.device.own)[5:]
        left = ['{"event": "begin", "major": 136}\n']
        with Daemon(136, a5={"adapters": [{
                "product": EVIL, "serial": EVIL, "port": "1-1",
                "nodes": [pts]}]}, a7=lambda _data: left.pop() if left
                    else None):
            got = until(lambda: "adapter=" in told().get("p0", (0, ""))[1] and
                        told(), "service")
            equal((list(got), len(got["p0"][1]) < 600), (["p0"], True), got)


def main():
    """All cases, in a network and a /run of their own."""
    if os.environ.get("T_MDNS") is None:
        if os.geteuid() != 0 or "thread" in os.environ.get("SANITIZE", ""):
            print("1..0 # SKIP needs root; D-Bus is not built for tsan")
            return 77
        os.environ["T_MDNS"] = "1"
        os.execvp("unshare", ["unshare", "-m", "-n", sys.executable, "-B",
                              *sys.argv])
    for words in (["mount", "-t", "tmpfs", "tmpfs", "/run"],
                  ["ip", "link", "set", "lo", "up"],
                  ["ip", "link", "add", "v0", "type", "veth", "peer", "name",
                   "v1"], ["ip", "addr", "add", "192.0.2.1/24", "dev", "v0"],
                  ["ip", "link", "set", "v0", "up"],
                  ["ip", "link", "set", "v1", "up"]):
        subprocess.run(words, check=True)
    for name in ("devsw", "dbus"):
        os.mkdir("/run/" + name)
    for name, text in (("bus", BUS), ("avahi", AVAHI)):
        with open(f"/run/{name}.conf", "w", encoding="ascii") as file:
            file.write(text)
    start("dbus")
    start("avahi")
    try:
        return h_gateway.main()
    finally:
        stop("avahi")
        stop("dbus")


if __name__ == "__main__":
    sys.exit(main())
