#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --usb vhci --steady
# builds: plain full:asan
# timeout: 200
"""t_storm: devices and clients that a seed has thought out.

Devices of every kind that a driver takes, with descriptors within and beyond
the rules, that stall, are late, never answer or cannot be cancelled, and are
pulled out at any moment, while processes make every call on every node; then
the same processes on good adapters.  devswd lives, nobody waits unkillably,
and afterwards descriptors, threads, zombies, the kernel's devices and, but for
nodes, memory are as they were.  tools/storm does as much of it as is wanted.

In the environment, each with a default: DEVSW_STORM_SEED; _FIRST and _DEVICES,
which devices; _PROCESSES, how many clients; and _SECONDS, how long they are at
good adapters as well.
"""

import glob
import json
import os
import re
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_guest  # noqa: E402
import h_serve  # noqa: E402
from h_guest import case, equal, probe  # noqa: E402


def given(name, default):
    """A number of the environment."""
    return int(os.environ.get("DEVSW_STORM_" + name, default))


# No sanitizer's, which would look at what clients do on purpose.
PROGRAMS = os.path.join(os.path.dirname(os.environ["DEVSW_BUILD"]), "plain",
                        "tests", "storm", "")
SEED = given("SEED", 1)
FIRST, DEVICES = given("FIRST", 0), given("DEVICES", 8)
SECONDS, PROCESSES = given("SECONDS", 0), given("PROCESSES", 3)
PORTS = 16
STUCK = 60              # seconds, as storm_clients has it
NODE = 400              # bytes of memory that a node, which stays, may take
# Not /dev/uhid, which is the kernel's.
PATTERNS = ["/dev/ttyU[0-9]*", "/dev/dtyU[0-9]*", "/dev/uhid[0-9]*",
            "/dev/ugen[0-9]*", "/dev/ulp[tn][0-9]*"]
CHIPS = ("ft232r", "ch340", "cp2102n", "pl2303hx", "acm", "printer")
CLAIMS = []
for _claim in ("0403:6001", "0403:6010", "2341:0043", "1a86:7523", "10c4:ea60",
               "067b:2303", "1209:0d60", "1209:0d62", "12d8:0001",
               "1209:0d63,unit=0,driver=ugen", "1209:0d61", "0525:a4a7",
               "0525:a4a8"):
    CLAIMS += ["--claim", _claim + ",force"]
NO_DRIVERS = "/run/modprobe.d/storm.conf"
DRIVERS = ("ftdi_sio", "cdc_acm", "usbhid", "usblp", "ch341", "cp210x", "pl2303")


def patience(milliseconds):
    """How long the kernel waits for a first descriptor; what it was."""
    path = "/sys/module/usbcore/parameters/initial_descriptor_timeout"
    with open(path, "r+", encoding="ascii") as file:
        before = file.read()
        file.write(milliseconds)
    return before


def descriptors(pid):
    """What a process has open, but for nodes' channels and for what is opened
    when the first ualea has something to give, and stays.
    """
    links = []
    for path in glob.glob("/proc/%d/fd/*" % pid):
        try:
            links.append(re.sub(r"[0-9]+", "N", os.readlink(path)))
        except FileNotFoundError:
            pass
    return sorted(link for link in links
                  if link not in ("/dev/cuse", "/dev/random"))


def threads(pid):
    """Names of a process's threads."""
    names = []
    for path in glob.glob("/proc/%d/task/*/comm" % pid):
        try:
            with open(path, encoding="ascii") as file:
                names.append(file.read().strip())
        except (FileNotFoundError, ProcessLookupError):
            pass
    return sorted(names)


class World(h_guest.World):
    """devswd with claims of all that may come; no adapter at first."""

    def start(self):
        # A driver of the kernel's would be asked before devswd, and waits.
        os.makedirs(os.path.dirname(NO_DRIVERS), exist_ok=True)
        with open(NO_DRIVERS, "w", encoding="ascii") as file:
            for module in DRIVERS:
                file.write("install %s /bin/false\n" % module)
        subprocess.run(["modprobe", "-r", *DRIVERS], check=False)
        # What the kernel waits for while it holds its hub's lock.
        self.patience = patience("500")
        self.daemon = probe.Daemon(os.environ["DEVSWD"], h_guest.LOG, *CLAIMS)
        # There are threads and descriptors from the first device on.
        serve = h_serve.Serve()
        chip = h_serve.Chip(serve, CHIPS[0])
        self.usable("/dev/dtyU0")
        chip.unplug()
        serve.stop()
        probe.wait_for(lambda: not self.look()[0]["busy"], "a daemon at rest")
        self.before = self.look()[0]

    def repair(self):
        """Nothing stays plugged in; what devswd was at when a case failed."""
        places = sorted(glob.glob("/proc/%d/task/*" % self.daemon.pid))
        for path in places + ["/proc/net"]:
            for name in ("comm", "syscall", "stack", "netlink"):
                try:
                    with open(path + "/" + name, encoding="ascii") as file:
                        said = file.read()
                except OSError:         # its thread has ended
                    continue
                print("".join("# %s: %s\n" % (name, line)
                              for line in said.splitlines()), end="")
        for line in self.daemon.said().splitlines():
            if "not got on" in line or "did not" in line or "stuck" in line:
                print("# log: " + line)
        print("# status: " + json.dumps(h_guest.status()))
        for stack in h_guest.in_state_d():
            print("".join("# D: %s\n" % line for line in stack.splitlines()),
                  end="")

    def stop(self):
        """The kernel's drivers may come back."""
        os.unlink(NO_DRIVERS)
        patience(self.patience)
        return super().stop()

    def alive(self, bus=None):
        """devswd has not ended."""
        if probe.process_state(self.daemon.pid) in "-Z":
            raise AssertionError("devswd has ended; seed %d had in:\n%s" % (
                SEED, "\n".join(bus.under_way() if bus else [])))

    def answers(self):
        """Its main loop goes round, whatever the devices do."""
        try:
            h_guest.status(STUCK)
        except subprocess.TimeoutExpired:
            raise AssertionError("devswd has answered nobody for %d s" %
                                 STUCK) from None

    def look(self):
        """(what it has without its nodes, what may grow with them)."""
        said = h_guest.status()
        kib = h_guest.footprint(self.daemon.pid)[2]
        nodes = said["nodes"]
        return (dict(
            said["zombies"], descriptors=descriptors(self.daemon.pid),
            threads=threads(self.daemon.pid),
            busy=[node["name"] for node in nodes if node["attached"] or
                  node["opens"] or node["calls"] or node["closing"] or
                  node["stuck"]],
            usb=glob.glob("/sys/devices/platform/vhci_hcd.*/usb*/[0-9]*-[0-9]/"
                          "bConfigurationValue")),
                {"nodes": len(nodes), "memory": said["memory"]["bytes"],
                 "kib": kib})

    def rests(self):
        """Wait until it is as before, but for nodes, which stay."""
        last = []

        def same():
            last[:] = self.look()
            return last[0] == self.before

        try:
            probe.wait_for(same, "as it was", limit=60, pause=0.1)
        except probe.Late as late:
            raise AssertionError("%s: %r, it was %r" % (
                late, last, self.before)) from late
        if last[1]["memory"] > 4096 + NODE * last[1]["nodes"]:
            raise AssertionError("memory: %r" % last)
        equal(h_guest.unkillable(), [], "processes in state D")
        print("# rest: " + json.dumps(last[1]), flush=True)


class Clients:
    """storm_clients, at work."""

    def __init__(self):
        self.process = subprocess.Popen(
            [PROGRAMS + "storm_clients", str(SEED + FIRST), "86400",
             str(PROCESSES), *PATTERNS], stdout=subprocess.PIPE, text=True)

    def alive(self):
        """They have not ended, which they do by what is wrong only."""
        if probe.process_state(self.process.pid) in "-Z":
            raise AssertionError("storm_clients has ended")

    def stop(self):
        """End them; what they did."""
        self.process.send_signal(signal.SIGTERM)
        said, _ = self.process.communicate()
        equal(self.process.returncode, 0, "storm_clients' status")
        return json.loads(said.splitlines()[-1])


class Bus:
    """storm_bus, and what it says."""

    LOG = "/tmp/storm.log"

    def __init__(self):
        with open(self.LOG, "w", encoding="ascii") as file:
            self.process = subprocess.Popen(
                [PROGRAMS + "storm_bus", "-p", str(PORTS), str(SEED),
                 str(FIRST), str(DEVICES)], stdout=file)

    def said(self):
        """Its lines."""
        with open(self.LOG, encoding="ascii") as file:
            return file.read().splitlines()

    def stop(self):
        """Pull what is plugged in, as devswd cannot end before."""
        self.process.terminate()
        self.process.wait()

    def under_way(self):
        """The lines of devices that are plugged in."""
        lines = self.said()
        out = {line.split()[1] for line in lines if line.startswith("out ")}
        return [line for line in lines if line.startswith("device ") and
                line.split()[1] not in out]


def held(world):
    """Is a thread of devswd's in the kernel, and not to be interrupted?"""
    return [stack for stack in h_guest.in_state_d(
        "/proc/%d/task/*" % world.daemon.pid) if "usb_kill_urb" in stack]


@case("what the kernel waits for a device with holds up nobody else")
def _(world):
    serve = h_serve.Serve()
    chip = h_serve.Chip(serve, CHIPS[0])
    serve.command("fault", chip.name, "in", "stuck", 0)
    world.usable("/dev/dtyU0")
    probe.wait_for(lambda: held(world), "a transfer that does not come back")
    # Looks through the bus, where whoever reads the device's strings waits.
    os.kill(world.daemon.pid, signal.SIGHUP)
    world.answers()
    equal(h_guest.revoke("/dev/dtyU0"), "0", "revoke")
    other = h_serve.Chip(serve, CHIPS[1])
    world.usable("/dev/dtyU1")
    equal(bool(held(world)), True, "it is held")
    other.unplug()
    serve.command("fault", chip.name, "in", "none")
    chip.unplug()
    equal(serve.stop(), 0, "vusb-serve's status")
    world.rests()


@case("devices %d to %d of seed %d, with clients at work" % (
    FIRST, FIRST + DEVICES - 1, SEED))
def _(world):
    clients = Clients()
    bus = Bus()
    try:
        while probe.process_state(bus.process.pid) not in "-Z":
            world.alive(bus)
            world.answers()
            clients.alive()
            time.sleep(0.5)
    except BaseException:
        world.repair()
        bus.stop()
        raise
    equal(bus.process.wait(), 0, "storm_bus's status")
    did = clients.stop()
    world.alive(bus)
    print("# bus: " + bus.said()[-1], flush=True)
    print("# clients: " + json.dumps(did), flush=True)
    world.rests()


def at_good_adapters(world):
    """Clients, while one chip after the other is pulled out."""
    serve = h_serve.Serve()
    for name in CHIPS:
        h_serve.Chip(serve, name, loop=name != "printer")
    clients = Clients()
    end = probe.now() + SECONDS
    pulls = 0
    while probe.now() < end:
        world.alive()
        world.answers()
        clients.alive()
        time.sleep(1)
        name = CHIPS[pulls % len(CHIPS)]
        serve.command("unplug", name)
        serve.command("plug", name)
        pulls += 1
    did = clients.stop()
    world.alive()
    equal(serve.stop(), 0, "vusb-serve's status")
    print("# pulls: %d, clients: %s" % (pulls, json.dumps(did)), flush=True)
    for call in ("open", "read", "write", "ioctl", "poll"):
        if not did[call]:
            raise AssertionError("no %s has worked" % call)
    world.rests()


if SECONDS:
    case("clients of seed %d at good adapters for %d s" % (SEED, SECONDS))(
        at_good_adapters)
if __name__ == "__main__":
    h_guest.run(World())
