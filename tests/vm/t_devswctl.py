#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# guest: --smp 1 --usb ftdi --usb acm
# builds: plain full:asan
"""t_devswctl: devswctl list, show, who and events with real nodes.

What it tells of who has a node open (the model of front_who.c) is compared
with what the test itself has done: its processes, their users, commands and
calls, files that a revoke or an unplug has killed.  Who may see it:
devswctl(8).  Formats and failures: tests/devswctl.
"""

import json
import os
import select
import signal
import subprocess
import sys
import termios
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_guest  # noqa: E402
from h_guest import CALLOUT, NODES, USER  # noqa: E402
from h_guest import case, equal, probe, revoke  # noqa: E402

CTL = os.environ["DEVSW_BUILD"] + "/src/cmd/devswctl/devswctl"
FTDI, ACM = CALLOUT["ftdi0"], CALLOUT["acm0"]


def ctl(*args, uid=0):
    """What devswctl --json prints, as that user."""
    out = subprocess.check_output(
        [CTL, "--json", *args], text=True, timeout=probe.LIMIT, user=uid,
        group=uid, extra_groups=[])
    return [json.loads(line) for line in out.splitlines()]


def show(path, uid=0):
    """All about a node."""
    return ctl("show", path, uid=uid)[0]


def files(path):
    """Who has it open, newest first."""
    return show(path)["files"]


def opened(path):
    """Open a node, raw."""
    fd = probe.open_node(path, os.O_RDWR)
    probe.raw(fd, clocal=True)
    return fd


class Events:
    """devswctl events, as that user, from now on."""

    def __init__(self, uid=0):
        # A leader of nothing: it ends with the test.
        self.process = subprocess.Popen(
            [CTL, "events"], stdout=subprocess.PIPE, user=uid, group=uid,
            extra_groups=[])
        self.rest = b""
        equal(self.next()["event"], "begin")

    def next(self, seconds=probe.LIMIT):
        """The next one, or None."""
        while b"\n" not in self.rest:
            if not select.select([self.process.stdout], [], [], seconds)[0]:
                return None
            self.rest += os.read(self.process.stdout.fileno(), 4096)
        line, _, self.rest = self.rest.partition(b"\n")
        print("# " + line.decode())
        return json.loads(line)

    def until(self, event, **members):
        """The names of those before it, and it."""
        before = []
        while True:
            got = self.next()
            if got is None:
                raise AssertionError("no %s after %s" % (event, before))
            if got["event"] == event and all(
                    got.get(k) == v for k, v in members.items()):
                return before, got
            before.append((got["event"], got.get("node")))

    def stop(self):
        """No more."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@case("list: adapters with claim, driver, serial, port and nodes")
def _(_world):
    now = ctl("list", uid=USER)[0]
    found = {a["serial"]: a for a in now["adapters"] if a["claim"]}
    equal(sorted(found), ["acm0", "ftdi0"])
    ftdi = found["ftdi0"]
    equal((ftdi["vid"], ftdi["pid"], ftdi["fits"], ftdi["chip"],
           ftdi["driver"]), ("0403", "6001", "uftdi", "FT232BM", "uftdi0"))
    equal(ftdi["claim"], "0403:6001,serial=ftdi0,unit=0")
    equal(sorted(ftdi["nodes"]), ["dtyU0", "ttyU0"])
    equal(os.path.isdir("/sys/bus/usb/devices/" + ftdi["port"]), True)
    equal((found["acm0"]["fits"], found["acm0"]["driver"]),
          ("umodem", "umodem0"))
    equal([n["attached"] for n in now["nodes"]], [True] * 4)
    with open(f"/sys/bus/usb/devices/{ftdi['port']}/devnum",
              encoding="ascii") as file:
        equal((ftdi["bus"], ftdi["address"], ftdi["drivers"]),
              (int(ftdi["port"].split("-")[0]), int(file.read()), ["uftdi0"]))
    equal(found["acm0"]["drivers"], ["umodem0"])
    equal([a for a in ctl("usb", uid=USER)[0] if a["claim"]],
          [a for a in now["adapters"] if a["claim"]])
    table = subprocess.check_output([CTL, "list"], text=True)
    equal([len(line) <= 80 for line in table.splitlines()], [True] * 3)


@case("who and show: process, user, command, since, calls, line")
def _(_world):
    path = FTDI
    before = os.stat(path)
    os.chown(path, USER, -1)
    began = time.time()
    # A shell opens it, and becomes another program.
    with subprocess.Popen(
            ["sh", "-c", "exec 3<>\"$1\"; stty -F \"$1\" raw 57600 cs7 parenb "
             "clocal; exec cat <&3", "sh", path], user=USER, group=USER,
            extra_groups=[], stdout=subprocess.PIPE) as process:
        probe.wait_for(lambda: [f for f in files(path)
                                if f["calls"] == ["read"]], "its read")
        one = files(path)[0]
        equal((one["pid"], one["uid"], one["user"], one["command"]),
              (process.pid, USER, str(USER), "cat"))
        equal(began - 1 <= one["since"] <= time.time(), True, "since")
        equal((one["stale"], one["opening"], one["ended"]),
              (False, False, False))
        now = show(path)
        equal((now["opens"], now["calls"], now["driver"]),
              (1, 1, "uftdi0"))
        equal((now["line"]["speed"], now["line"]["format"]), (57600, "7E1"))
        equal((now["line"]["raw"], now["line"]["dtr"]), (True, True))
        equal(now["adapter"]["serial"], "ftdi0")
        table = subprocess.check_output([CTL, "who", "dtyU0"], text=True)
        equal(table.splitlines()[1].split()[:4],
              ["dtyU0", str(process.pid), str(USER), "cat"])
        process.kill()
    probe.wait_for(lambda: files(path) == [], "its end")
    os.chown(path, before.st_uid, before.st_gid)


@case("who: a file that was inherited, and the process that opened it gone")
def _(_world):
    with subprocess.Popen(
            ["sh", "-c", "exec 3<>\"$1\"; sleep 100 <&3 >/dev/null & echo $!",
             "sh", ACM], stdout=subprocess.PIPE, text=True) as process:
        heir = int(process.stdout.readline())
        process.wait()
        one = probe.wait_for(lambda: [f for f in files(ACM) if f["ended"]],
                             "an opener that has gone")[0]
        equal((one["pid"], one["command"], one["stale"]),
              (process.pid, "sh", False))
        os.kill(heir, signal.SIGKILL)
    probe.wait_for(lambda: files(ACM) == [], "the heir's end")


@case("who: an open that waits for carrier")
def _(_world):
    h_guest.no_carrier()
    path = NODES["acm0"]
    call = probe.Call("open", probe.open_node, path, os.O_RDWR)
    one = probe.wait_for(lambda: [f for f in files(path) if f["opening"]],
                         "an open that waits")[0]
    equal((one["pid"], one["calls"]), (call.pid, ["open"]))
    os.kill(call.pid, signal.SIGKILL)
    probe.wait_for(lambda: files(path) == [], "its end")


@case("who: what a revoke has killed is stale, what is opened after it is not")
def _(_world):
    old = opened(FTDI)
    equal([f["stale"] for f in files(FTDI)], [False])
    equal(revoke(FTDI), "0")
    equal([f["stale"] for f in files(FTDI)], [True])
    new = opened(FTDI)
    equal([f["stale"] for f in files(FTDI)], [False, True])
    # To ask has done nothing to it.
    equal(probe.outcome(termios.tcgetattr, new).startswith("["), True)
    os.close(old)
    equal([f["stale"] for f in files(FTDI)], [False])
    os.close(new)
    equal(files(FTDI), [])


@case("unplug: stale, away, when and why; it follows the replug")
def _(world):
    fd = opened(FTDI)
    world.unplug("ftdi0")
    now = probe.wait_for(lambda: (lambda s: s if s["left"] and
                                  s["left"]["reason"] == "unplugged" else
                                  None)(show(FTDI)), "the reason")
    equal((now["attached"], now["adapter"], now["driver"]),
          (False, None, None))
    equal(now["left"]["adapter"]["serial"], "ftdi0")
    equal(abs(now["left"]["time"] - time.time()) < 60, True, "when")
    equal([f["stale"] for f in now["files"]], [True])
    listed = [a for a in ctl("list")[0]["adapters"] if a["serial"] == "ftdi0"]
    equal(listed, [])
    world.plug("ftdi0")
    now = probe.wait_for(lambda: (lambda s: s if s["adapter"] else None)(
        show(FTDI)), "the adapter")
    equal((now["attached"], now["adapter"]["serial"]), (True, "ftdi0"))
    equal(now["left"]["reason"], "unplugged")
    os.close(fd)


def driver(name):
    """The kernel's driver of an adapter's interface: usbfs is us."""
    link = "%s:1.0/driver" % probe.vmusb("path", name).strip()
    return os.path.basename(os.path.realpath(link)) \
        if os.path.exists(link) else "none"


@case("detach: as an unplug, and the kernel's driver has it, until an attach")
def _(world):
    events = Events()
    fd = opened(FTDI)
    events.until("open", node="dtyU0")
    place = os.path.basename(probe.vmusb("path", "ftdi0").strip())
    equal(ctl("detach", "dtyU0"), [
        {"name": "dtyU0", "error": None, "text": place + ": detached\n",
         "nodes": []}])
    # At once, as devswctl has waited for it.
    equal(driver("ftdi0"), "ftdi_sio")
    equal(h_guest.open_error(FTDI), "ENXIO")
    equal([f["stale"] for f in files(FTDI)], [True])
    equal(probe.outcome(os.write, fd, b"x"), "EIO")
    now = show(FTDI)
    equal((now["attached"], now["left"]["reason"]), (False, "detached"))
    one = [a for a in ctl("list")[0]["adapters"] if a["serial"] == "ftdi0"][0]
    equal((one["detached"], one["claim"], one["driver"], one["kernel"]),
          (True, "0403:6001,serial=ftdi0,unit=0", None, "ftdi_sio"))
    before, got = events.until("away", node="dtyU0")
    equal(got["reason"], "detached")
    equal("unplug" in [name for name, _ in before], False, before)
    # Neither an event nor another claim has it come back.
    subprocess.check_call(["udevadm", "trigger", "--settle",
                           "--action=change", "--subsystem-match=usb"])
    ctl("claim", "ffff:ffff")
    ctl("release", "ffff:ffff")
    equal(driver("ftdi0"), "ftdi_sio")
    done = subprocess.run([CTL, "detach", "dtyU0"], check=False, text=True,
                          stderr=subprocess.PIPE)
    equal((done.returncode, done.stderr),
          (1, "devswctl: %s: is not attached\n" % place))
    equal(ctl("attach", "ttyU0")[0]["nodes"], ["ttyU0", "dtyU0"])
    os.close(opened(FTDI))
    equal(driver("ftdi0"), "usbfs")
    os.close(fd)
    events.stop()
    for verb in ("detach", "attach"):
        done = subprocess.run([CTL, verb, "dtyU0"], check=False, user=USER,
                              stderr=subprocess.PIPE, text=True)
        equal((done.returncode, done.stderr.endswith("only root may\n")),
              (1, True), done.stderr)
    # The other one has not been touched.
    world.usable(ACM)


@case("a reload, and a replug, attach what was detached")
def _(world):
    ctl("detach", "dtyU0")
    ctl("reload")
    world.usable(FTDI)
    ctl("detach", "dtyU0")
    world.unplug("ftdi0")
    probe.wait_for(lambda: show(FTDI)["left"]["reason"] == "unplugged",
                   "the reason")
    world.plug("ftdi0")
    equal(driver("ftdi0"), "usbfs")
    one = [a for a in ctl("list")[0]["adapters"] if a["serial"] == "ftdi0"][0]
    equal((one["detached"], one["driver"] is not None), (False, True))


class Trace:
    """devswctl trace of a node, as that user, from now on."""

    def __init__(self, path, *options, uid=0):
        self.process = subprocess.Popen(
            [CTL, "trace", path, *options], stdout=subprocess.PIPE, user=uid,
            group=uid, extra_groups=[], text=True)
        self.begin = self.process.stdout.readline()

    def take(self, event):
        """What there is up to the end of this, as objects."""
        got = []
        while not got or (got[-1]["event"], got[-1].get("phase")) != \
                (event, "exit"):
            got.append(json.loads(self.process.stdout.readline()))
        self.process.kill()
        return got


@case("trace: the calls of a node's driver, live, and of no other node")
def _(_world):
    trace = Trace("dtyU0")
    equal(json.loads(trace.begin), {"event": "begin", "dev": "dtyU0"})
    other = opened(ACM)
    fd = opened(FTDI)
    equal(os.write(fd, b"hello"), 5)
    termios.tcdrain(fd)
    equal(revoke(FTDI), "0")
    os.close(fd)
    os.close(other)
    got = trace.take("revoke")
    equal({line["dev"] for line in got}, {"dtyU0"})
    # An open that finds the close of before in its way is made again.
    for at in [at for at, line in enumerate(got) if line["event"] == "d_open"
               and line.get("error", "0") != "0"][::-1]:
        del got[at - 1:at + 1]
    calls = [(line["event"], line["phase"]) for line in got]
    wanted = [("d_open", "enter"), ("d_open", "exit"), ("d_write", "enter"),
              ("d_write", "exit"), ("revoke", "enter"), ("d_cancel", "enter"),
              ("d_close", "enter"), ("d_close", "exit"), ("revoke", "exit")]
    equal([call for call in calls if call in wanted], wanted)
    equal([line["bytes"] for line in got if line["event"] == "d_write" and
           line["phase"] == "exit"], [5])
    times = [line["t"] for line in got]
    equal(times, sorted(times))
    text = Trace("dtyU0", "--text")
    equal(text.begin.split(), ["TIME", "THREAD", "CALL"])
    os.close(opened(FTDI))
    out = [text.process.stdout.readline()]
    while "exit  d_close" not in out[-1]:
        out.append(text.process.stdout.readline())
    text.process.kill()
    equal(any("exit  d_open" in line for line in out), True, out)
    equal([line for line in out if len(line) > 80], [])


@case("trace: another user sees nothing; who stands still delays nobody")
def _(_world):
    done = subprocess.run([CTL, "trace", FTDI], check=False, user=USER,
                          group=USER, extra_groups=[], timeout=30, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    equal((done.returncode, done.stdout), (1, ""))
    equal("only its owner" in done.stderr, True, done.stderr)
    before = os.stat(FTDI)
    os.chown(FTDI, USER, -1)
    trace = Trace(FTDI, uid=USER)
    os.chown(FTDI, before.st_uid, before.st_gid)
    # The owner has changed: so it ends.
    os.close(opened(FTDI))
    equal(trace.process.wait(30), 1)
    trace = Trace(FTDI)
    trace.process.send_signal(signal.SIGSTOP)
    fd = opened(FTDI)
    for _ in range(200):
        termios.tcgetattr(fd)
    os.close(fd)
    trace.process.send_signal(signal.SIGCONT)
    got = trace.take("d_close")
    equal([line["phase"] for line in got if line["event"] == "d_ioctl" and
           line["command"] == "TIOCGETA"][-400:], ["enter", "exit"] * 200)


@case("the use of a node is for root, its owner and the group")
def _(_world):
    fd = opened(ACM)
    equal("files" in show(ACM), True, "root")
    other = show(ACM, uid=USER)
    equal((other["attached"], other["adapter"]["serial"]), (True, "acm0"))
    for name in ("files", "opens", "calls", "line"):
        equal(name in other, False, name)
    before = os.stat(ACM)
    os.chown(ACM, USER, -1)
    equal(len(show(ACM, uid=USER)["files"]), 1, "its owner")
    os.chown(ACM, before.st_uid, before.st_gid)
    os.close(fd)


@case("events: plug, attach, there, open, close, revoke, away, unplug")
def _(world):
    events, others = Events(), Events(uid=USER)
    fd = opened(FTDI)
    _, got = events.until("open", node="dtyU0")
    equal((got["pid"], got["uid"]), (os.getpid(), 0))
    equal(revoke(FTDI), "0")
    events.until("revoke", node="dtyU0", uid=0)
    os.close(fd)
    events.until("close", node="dtyU0", pid=os.getpid())
    world.unplug("ftdi0")
    seen = {}
    while len(seen) < 4:
        got = events.next()
        if got["event"] in ("away", "unplug", "detach"):
            seen[got["event"], got.get("node")] = got
    equal(sorted(seen, key=str), [
        ("away", "dtyU0"), ("away", "ttyU0"), ("detach", None),
        ("unplug", None)])
    equal(seen["unplug", None]["adapter"]["serial"], "ftdi0")
    equal(seen["unplug", None]["reason"], "unplugged")
    world.plug("ftdi0")
    _, got = events.until("plug")
    equal((got["adapter"]["vid"], got["adapter"]["serial"]),
          ("0403", "ftdi0"))
    _, got = events.until("attach")
    equal(got["driver"], "uftdi0")
    _, got = events.until("there", node="dtyU0")
    equal(got["adapter"]["serial"], "ftdi0")
    # Another user has seen the plugs, and of the use the revoke.
    before, _ = others.until("there", node="dtyU0")
    names = {name for name, _ in before}
    equal(names & {"open", "close", "revoke"}, {"revoke"})
    equal({"unplug", "plug", "attach", "away"} <= names, True)
    events.stop()
    others.stop()


@case("reload is root's, and touches nothing that has not changed")
def _(_world):
    fd = opened(FTDI)
    events = Events()
    equal(ctl("reload"), [{"error": None, "text": ""}])
    equal(probe.outcome(termios.tcgetattr, fd).startswith("["), True)
    done = subprocess.run([CTL, "reload"], check=False, user=USER,
                          stderr=subprocess.PIPE, text=True)
    equal((done.returncode, done.stderr),
          (1, "devswctl: reload: only root may\n"))
    os.close(fd)
    equal(events.until("close", node="dtyU0")[0], [])
    events.stop()


@case("events go on over a restart of the daemon")
def _(world):
    events = Events()
    daemon = probe.Daemon(os.environ["DEVSWD"], "/tmp/devswd-121.log", "-v",
                          "--major", "121", "--claim", "ffff:ffff")
    events.until("begin", major=121)
    equal(daemon.stop(), 0)
    events.until("end", major=121)
    events.stop()
    world.usable(FTDI)


if __name__ == "__main__":
    h_guest.run(h_guest.World())
