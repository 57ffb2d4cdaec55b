#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_devswctl: devswctl as a program, against stand-ins for the daemon.

    t_devswctl.py DEVSWCTL COMPLETION

What is proved is what devswctl(8) says: tables fit 80 columns and are fit for
a terminal whatever a device calls itself, --json is JSON, colour is for
terminals, what is wrong is one line and an exit status, all daemons are asked,
events are followed over the end of a daemon, and bash completes what a daemon
names.  A stand-in is a netlink port with a file in /run/devsw, in a mount
namespace of its own.
"""
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import time
import unicodedata

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                ".."))
from h_devswd import Daemon  # noqa: E402

PROGRAM, COMPLETION = sys.argv[1:3]
VERSION, PING, REVOKE, STATUS, MODLOAD, MODUNLOAD, LIST, NODE, EVENTS, RELOAD, \
    CLAIM, RELEASE, DETACH, ATTACH, TRACE = 3, 0, 1, 2, 3, 4, 5, 6, 7, 8, \
    9, 10, 11, 12, 13
EVIL = "e\"\\\x1b[2J\x07\x9b31m‮日本語 $(touch /run/evil)`x`" * 4
NOW = time.time()

ADAPTER = {"vid": "0403", "pid": "6001", "vendor": "FTDI",
           "product": "FT232R USB UART", "serial": "A50285BI", "port": "1-1.4",
           "bus": 1, "address": 4, "speed": "full", "drivers": ["uftdi0"],
           "fits": "uftdi", "chip": "FT232R", "driver": "uftdi0",
           "kernel": "usbfs",
           "claim": "gps", "at": "/etc/devsw/devswd.conf:12",
           "refused": False, "nodes": ["ttyU0", "dtyU0"]}
LISTING = {
    "version": "9.9", "pid": 77, "major": 1,
    "adapters": [
        ADAPTER,
        {**ADAPTER, "serial": EVIL, "product": EVIL, "port": "1-2",
         "driver": None, "claim": None, "nodes": [], "vendor": EVIL,
         "drivers": ["ugen%d" % i for i in range(40)]},
        {**ADAPTER, "serial": "", "fits": None, "chip": None, "driver": None,
         "vendor": "", "drivers": [], "kernel": "uvcvideo",
         "claim": None, "nodes": [], "port": "9-9", "product": "a camera"}],
    "nodes": [{"name": "ttyU0", "attached": True, "port": "1-1.4"},
              {"name": "ttyU7", "attached": False, "port": None}]}
STATE = {
    "version": "9.9", "pid": 77, "major": 1, "semantics": "netbsd",
    "threads": 2, "idle": 1, "memory": {"bytes": 4096, "pieces": 1},
    "zombies": {"calls": 0, "drivers": 0, "transfers": 3},
    "modules": ["clone", "other"],
    "nodes": [{"name": "null", "minor": 3, "attached": True, "opens": 1,
               "calls": 1, "closing": False, "stuck": True},
              {"name": "zero", "minor": 5, "attached": False}]}
SOME = {"name": "null", "major": 1, "minor": 3, "attached": True,
        "driver": "uftdi0", "interface": 0, "since": NOW,
        "adapter": {**ADAPTER, "serial": EVIL},
        "left": {"reason": "unplugged", "time": 86400 * 365,
                 "adapter": ADAPTER}}
WHOLE = {
    **SOME, "opens": 1, "calls": 1, "closing": False, "stuck": False,
    "line": {"speed": 115200, "rate": 115384, "format": "8N1", "rtscts": True,
             "xonxoff": False, "clocal": True, "raw": True, "rts": True,
             "dtr": True, "cts": False, "dsr": False, "dcd": True,
             "ri": False,
             "counts": {"rx": 4294967295, "tx": 6, "frame": 7, "parity": 0,
                        "overrun": 4294967295, "buf_overrun": 4294967294,
                        "breaks": 4294967293}},
    "files": [
        {"pid": 123, "uid": 0, "command": "picocom", "since": NOW,
         "ended": False, "stale": False, "opening": False,
         "calls": ["read", "poll"]},
        {"pid": 124, "uid": 987654, "command": EVIL, "since": NOW - 86400 * 40,
         "ended": False, "stale": True, "opening": False, "calls": []},
        {"pid": 0, "uid": 0, "command": "", "since": NOW, "ended": True,
         "stale": False, "opening": False, "calls": []}],
    "more": False}


def run(*args, env=None, stdin=None, **more):
    """(status, standard output, standard error)"""
    environ = {**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC", **(env or {})}
    done = subprocess.run([PROGRAM, *args], check=False, env=environ,
                          stdin=stdin or subprocess.DEVNULL,
                          capture_output=True, timeout=20, **more)
    return (done.returncode, done.stdout.decode("utf-8", "surrogateescape"),
            done.stderr.decode("utf-8", "surrogateescape"))


def good(*args, **more):
    """Its standard output; it has to work and say nothing else."""
    status, out, err = run(*args, **more)
    equal((status, err), (0, ""))
    return out


def equal(got, wanted):
    """Fail unless they are the same."""
    if got != wanted:
        raise AssertionError(f"{got!r}, not {wanted!r}")


def width(line):
    """Columns of a terminal."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1
               for c in line)


def fits(text):
    """Fit for a terminal of 80 columns."""
    for line in text.splitlines():
        if width(line) > 80:
            raise AssertionError("%d columns: %r" % (width(line), line))
    for char in text:
        if char != "\n" and (unicodedata.category(char)[0] == "C" or
                             char == "�"):
            raise AssertionError("%r in %r" % (char, text))


def full(major=1):
    """A daemon that knows everything."""
    return Daemon(major, a2=STATE, a5=LISTING, a6=WHOLE)


def objects(text):
    """Each is JSON, in plain ASCII."""
    assert text.isascii(), text
    return [json.loads(line) for line in text.splitlines()]


def case_tables():
    """tables fit 80 columns whatever a device calls itself, in any locale"""
    with full():
        for env in ({}, {"LC_ALL": "C"}, {"COLUMNS": "300"}):
            for args in (["list"], ["list", "--all"], ["show", "/dev/null"],
                         ["usb"],
                         ["who"], ["who", "null"], ["status"], ["version"]):
                out = good(*args, env=env)
                fits(out)
                assert len(out.splitlines()) > 1, out
        out = good("list")
        lines = out.splitlines()
        equal(lines[0].split(), ["VID:PID", "PORT", "DRIVER", "CHIP", "CLAIM",
                                 "NODES", "SERIAL", "PRODUCT"])
        assert "0403:6001" in lines[1] and "gps" in lines[1], out
        assert "FT232R" in lines[1], out
        assert "ttyU0 dtyU0" in lines[1] and "A50285BI" in lines[1], out
        assert "not claimed" in lines[2] and "uftdi" in lines[2], out
        assert "ttyU7" in lines[3] and "away" in lines[3], out
        equal(len(lines), 4)
        assert "a camera" in good("list", "-a")
        lines = good("usb").splitlines()
        equal(lines[0].split(), ["BUS", "ADDR", "PORT", "SPEED", "VID:PID",
                                 "DRIVERS", "VENDOR", "PRODUCT"])
        equal(lines[1].split()[:7], ["1", "4", "1-1.4", "full", "0403:6001",
                                     "uftdi0", "FTDI"])
        assert "(uvcvideo) vendor 0403" in " ".join(lines[3].split()), lines
        equal(len(lines), 4)
    assert not os.path.exists("/run/evil")


def case_json():
    """--json is JSON, of each command"""
    with full(), Daemon(99, a2=STATE, a5=LISTING):
        for args, count in ((["list"], 2), (["show", "null"], 1),
                            (["who", "null"], 1), (["who"], 2), (["usb"], 2),
                            (["status"], 2), (["nodes"], 2),
                            (["modules"], 2), (["claims"], 2),
                            (["version"], 2)):
            got = objects(good("--json", *args))
            equal(got, objects(good(*args, "-j")))
            equal(len(got), count if args != ["who"] else len(got))
        equal(objects(good("list", "--json"))[0]["adapters"][1]["serial"],
              EVIL)
        equal(objects(good("usb", "--json"))[0], LISTING["adapters"])
        shown = objects(good("show", "null", "--json"))[0]
        equal(shown["files"][1]["user"], "987654")
        equal(shown["files"][0]["user"], "root")
        equal(abs(shown["since"] - NOW) < 0.01, True)


def case_colour():
    """colour is for a terminal, and not with NO_COLOR or a dumb one"""
    def on_terminal(**env):
        master, slave = pty.openpty()
        with subprocess.Popen([PROGRAM, "list"], stdout=slave, env={
                **os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8",
                **env}) as process:
            os.close(slave)
            out = b""
            while True:
                try:
                    part = os.read(master, 4096)
                except OSError:
                    break
                if not part:
                    break
                out += part
            equal(process.wait(), 0)
        os.close(master)
        return out

    with full():
        assert b"\x1b[1m" in on_terminal()
        for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            assert b"\x1b" not in on_terminal(**env), env
        assert "\x1b" not in good("list", env={"TERM": "xterm"})


def case_words():
    """wrong words are one line and status 2, and no daemon is asked"""
    with full() as daemon:
        for args in ([], ["frob"], ["list", "x"], ["--frob", "list"],
                     ["show"], ["revoke"], ["modload"], ["modload", "a", "b"],
                     ["--major", "x", "list"], ["list", "--major"],
                     ["--major", "1", "show", "null"], ["status", "--all"],
                     ["--major", "1000000000000", "status"]):
            status, out, err = run(*args)
            equal((status, out, err.count("\n")), (2, "", 1))
            equal(err.startswith("devswctl: "), True)
        equal(daemon.asked, [])
    equal(run("--version")[0], 0)
    equal(run("--help")[0], 0)


def case_failures():
    """what fails is told, and the status is 1"""
    equal(run("list"), (1, "", "devswctl: no devswd runs\n"))
    equal(run("events"), (1, "", "devswctl: no devswd runs\n"))
    equal(run("show", "null")[1:],
          ("", "devswctl: null: no devswd serves it\n"))
    with Daemon(1, a5=(16, ""), a6=SOME, a2=(95, "")):
        equal(run("list")[1:], ("", "devswctl: /run/devsw/devswd-1.ctl: you "
                                "have asked for too much at one time\n"))
        equal(run("status")[2].endswith("of another version\n"), True)
        equal(run("who", "null"),
              (1, "", "devswctl: null: only its owner, root and the group "
               "devsw see who uses it\n"))
        out = good("show", "null")
        assert "only its owner" in out and "unplugged" in out, out
        equal(run("show", "/etc/passwd", "nowhere", "null")[0], 1)
    with Daemon(1, a5={**LISTING, "adapters": [], "nodes": []},
                a6={**WHOLE, "files": []}, a2={**STATE, "nodes": []}):
        equal(good("who") + good("who", "null"), "")
        assert "0 times" not in good("show", "null")
        assert good("list").startswith("nothing is plugged in")
        assert len(good("list", "-a").splitlines()) == 1
        for words in (["show", "null"], ["--help"], ["--version"]):
            with open("/dev/full", "w", encoding="ascii") as file:
                done = subprocess.run([PROGRAM, *words], check=False,
                                      stdout=file, stderr=subprocess.PIPE)
            equal(done.returncode, 1)
    with Daemon(1, a5="{ not JSON"):
        equal(run("list")[0], 1)


def case_who():
    """who names process, user and command, and marks what is stale"""
    with full():
        lines = good("who", "/dev/null").splitlines()
        equal(lines[0].split(), ["NODE", "PID", "USER", "COMMAND", "SINCE",
                                 "STATE", "CALLS"])
        equal(lines[1].split()[:4], ["null", "123", "root", "picocom"])
        equal(lines[1].split()[-3:], ["open", "read", "poll"])
        equal(lines[2].split()[:3], ["null", "124", "987654"])
        equal(lines[2].split()[-2:], ["stale", "-"])
        assert "inherited" in lines[3], lines
        out = good("show", "null")
        for part in ("null: there", "115200 (115384) 8N1 rts/cts clocal, raw",
                     "rts dtr dcd", "4294967295 in, 6 out",
                     "4294967293 breaks, 7 framing, 4294967295 ov", "gps, /etc/devsw/devswd.conf:12",
                     "1 times, 1 calls", "picocom"):
            assert part in out, out


def case_changes():
    """reload, modules and revoke say what was done, one daemon is meant"""
    long = "took ttyU0\n" * 1000
    with Daemon(1, a8=long, a4=(16, ""), a1=(1, "")) as daemon:
        equal(good("reload"), long)
        equal(objects(good("reload", "--json")),
              [{"error": None, "text": long}])
        equal(run("modunload", "clone"),
              (1, "", "devswctl: clone: it is in use\n"))
        equal(run("revoke", "null")[2],
              "devswctl: null: only its owner and root may revoke it\n")
        equal(objects(run("revoke", "null", "--json")[1])[0]["name"], "null")
        with Daemon(99):
            asked = len(daemon.asked)
            equal(run("reload"), (1, "", "devswctl: several devswd run; name "
                                  "one with --major\n"))
            equal(len(daemon.asked), asked)
            equal(good("--major", "1", "reload"), long)
        daemon.answers["a2"] = STATE
        with Daemon(99, a2={**STATE, "pid": 78}, a8="the other\n"):
            equal(good("reload", "--pid", "77"), long)
            equal(good("reload", "--pid", "78"), "the other\n")
            equal(run("reload", "--pid", "79"),
                  (1, "", "devswctl: no such devswd runs\n"))
            for args in (["reload", "--pid"], ["reload", "--pid", "1x"],
                         ["--pid", "77", "list"]):
                equal(run(*args)[0], 2)
    with Daemon(1, a8=(22, "x.conf:3: no\x1b[2J such key\n")):
        status, out, err = run("reload")
        equal((status, out), (1, "x.conf:3: no?[2J such key\n"))
        equal(err.count("\n"), 1)
    with Daemon(1, a8=(1, "")):
        equal(run("reload"), (1, "", "devswctl: reload: only root may\n"))


class Udevadm:
    """A stand-in that writes down how it is called, and what it finds."""

    PATH = "/usr/bin/udevadm"
    LOG = "/run/udevadm.log"

    def __init__(self, status=0):
        with open("/run/udevadm", "w", encoding="ascii") as file:
            file.write('#!/bin/sh\necho "$*" >>%s\n'
                       'cat /run/devsw.claims >>%s 2>&1\nexit %d\n' %
                       (self.LOG, self.LOG, status))
        os.chmod("/run/udevadm", 0o755)

    def __enter__(self):
        if os.path.exists(self.LOG):
            os.unlink(self.LOG)
        subprocess.run(["mount", "--bind", "/run/udevadm", self.PATH],
                       check=True)
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", self.PATH], check=True)

    def said(self):
        """The lines since the last time."""
        if not os.path.exists(self.LOG):
            return []
        with open(self.LOG, encoding="ascii") as file:
            lines = file.read().splitlines()
        os.unlink(self.LOG)
        return lines


RIGHTS = "/run/devsw.claims"
WORDS = "0403:6001,serial=x"
TAKEN = {**LISTING, "adapters": [{**ADAPTER, "claim": WORDS}]}


def checks(daemon):
    """What it was asked for, and how: (what, check, text)."""
    return [(what, struct.unpack("=Q", data[24:32])[0],
             data[40:].partition(b"\0")[0].decode())
            for what, data in daemon.asked if what >= CLAIM]


def case_claim():
    """claim asks first, waits for the nodes; root's daemon needs no right"""
    with Daemon(1, a9="claim x: new, for now\n", a10="claim x: gone\n",
                a5=TAKEN) as daemon:
        equal(good("claim", WORDS),
              "claim x: new, for now\n/dev/ttyU0\n/dev/dtyU0\n")
        equal(checks(daemon), [(CLAIM, 1, WORDS), (CLAIM, 0, WORDS)])
        equal(objects(good("claim", WORDS, "-j")), [
            {"name": WORDS, "error": None, "text": "claim x: new, for now\n",
             "nodes": ["ttyU0", "dtyU0"]}])
        equal(good("release", "gps"), "claim x: gone\n")
        equal(os.path.exists(RIGHTS), False)
        equal(run("claim")[0], 2)
        equal(run("release")[0], 2)
        equal(run("claim", "9" * 5000)[0], 1)
    with Daemon(1, a9=(22, "claim x: wr\x1bong\n"), a10=(2, "none\n"),
                a5=TAKEN) as daemon:
        equal(run("claim", "x"), (1, "", "devswctl: claim x: wr?ong\n"))
        equal(run("release", "x"), (1, "", "devswctl: none\n"))
        equal(len(checks(daemon)), 2)
    with Daemon(1, a9=(1, ""), a10=(1, ""), a5=TAKEN):
        equal(run("claim", "x")[2], "devswctl: x: only root may\n")
        equal(run("release", "x")[2], "devswctl: x: only root may\n")
    # One that does not come is told of, not waited for.
    with Daemon(1, a9="", a5={**LISTING, "adapters": [
            {**ADAPTER, "claim": WORDS, "driver": None, "nodes": []}]}):
        began = time.monotonic()
        equal(run("claim", WORDS),
              (1, "", "devswctl: 1-1.4: not attached; devswd's log says why"
               "\n"))
        assert time.monotonic() - began < 15


def case_right():
    """a service's user gets the right before the claim, and loses it after"""
    ask = ("trigger --settle --action=change --subsystem-match=usb "
           "--attr-match=idVendor=0403 --attr-match=idProduct=6001")
    state = {"error": 0}

    def claim(data):
        if struct.unpack("=Q", data[24:32])[0] == 1:
            return ""
        with open(RIGHTS, encoding="ascii") as file:
            assert WORDS in file.read()
        return state["error"], "claimed\n"

    if not os.path.exists(Udevadm.PATH):
        print("# no udevadm here")
        return
    with Udevadm() as udevadm, Daemon(
            1, uid=1234, a9=claim, a10="gone\n", a5=TAKEN) as daemon:
        good("claim", WORDS)
        equal(udevadm.said(), [ask, WORDS])
        found = os.stat(RIGHTS)
        equal((found.st_uid, found.st_mode & 0o777), (0, 0o644))
        good("claim", WORDS)
        equal(udevadm.said(), [ask, WORDS])
        state["error"] = 22
        equal(run("claim", WORDS + "y")[0], 1)
        equal(udevadm.said(), [ask, WORDS, WORDS + "y", ask, WORDS])
        good("release", WORDS)
        equal(udevadm.said()[0], ask)
        equal(os.path.exists(RIGHTS), False)
        # What the daemon refuses is not written, and a name never.
        daemon.answers["a9"] = (22, "no\n")
        equal(run("claim", WORDS)[0], 1)
        good("release", "gps")
        equal(udevadm.said(), [])
        equal(os.path.exists(RIGHTS), False)
    with Udevadm(status=1), Daemon(1, uid=1234, a9="new\n", a5=TAKEN):
        status, out, err = run("claim", WORDS)
        equal((status, out, err.count("\n")),
              (0, "new\n/dev/ttyU0\n/dev/dtyU0\n", 1))
    os.unlink(RIGHTS)
    # A full /run changes nothing.
    os.mkdir(RIGHTS + ".new")
    with Udevadm() as udevadm, Daemon(1, uid=1234, a9="new\n",
                                      a5=TAKEN) as daemon:
        status, out, err = run("claim", WORDS)
        equal((status, out), (1, ""))
        equal([check for _, check, _ in checks(daemon)], [1])
        equal(udevadm.said(), [])
    os.rmdir(RIGHTS + ".new")


def case_detach():
    """detach and attach take a node or a port, and wait for what comes of it"""
    gone = {**ADAPTER, "driver": None, "nodes": [], "kernel": "ftdi_sio",
            "detached": True}
    state = {"adapter": ADAPTER}

    def detach(_data):
        state["adapter"] = gone
        return "1-1.4: detached\n"

    def attach(_data):
        state["adapter"] = ADAPTER
        return "1-1.4: attached\n"

    def listing(_data):
        return {**LISTING, "adapters": [state["adapter"]]}

    def node(_data):
        if state["adapter"] is ADAPTER:
            return WHOLE
        return {**SOME, "attached": False, "adapter": None}

    with Daemon(1, a11=detach, a12=attach, a5=listing, a6=node) as daemon:
        equal(good("detach", "null"), "1-1.4: detached\n")
        assert " detached " in good("list")
        equal(good("attach", "/dev/null"),
              "1-1.4: attached\n/dev/ttyU0\n/dev/dtyU0\n")
        equal(good("detach", "1-1.4"), "1-1.4: detached\n")
        equal(objects(good("attach", "1-1.4", "-j")), [
            {"name": "1-1.4", "error": None, "text": "1-1.4: attached\n",
             "nodes": ["ttyU0", "dtyU0"]}])
        equal(checks(daemon), [(DETACH, 0, "1-1.4"), (ATTACH, 0, "1-1.4"),
                               (DETACH, 0, "1-1.4"), (ATTACH, 0, "1-1.4")])
        equal(run("detach", "/etc/passwd")[1:],
              ("", "devswctl: /etc/passwd: not a character device\n"))
        equal(run("detach")[0], 2)
    with Daemon(1, a11=(1, ""), a12=(114, "1-9: is not detached\n"),
                a6={**SOME, "adapter": None, "left": None}):
        equal(run("detach", "1-1")[2], "devswctl: 1-1: only root may\n")
        equal(run("attach", "1-9")[2], "devswctl: 1-9: is not detached\n")
        equal(run("attach", "null")[2],
              "devswctl: null: it has had no adapter\n")


class Follower:
    """devswctl events."""

    def __init__(self):
        self.process = subprocess.Popen(
            [PROGRAM, "events"], stdout=subprocess.PIPE)
        self.rest = b""

    def next(self):
        """The next event, of which there is one within 10 s."""
        while b"\n" not in self.rest:
            if not select.select([self.process.stdout], [], [], 10)[0]:
                raise AssertionError("no event")
            self.rest += os.read(self.process.stdout.fileno(), 4096)
        line, _, self.rest = self.rest.partition(b"\n")
        return json.loads(line)

    def stop(self):
        """Its status."""
        self.process.terminate()
        self.process.stdout.close()
        return self.process.wait()


def case_events():
    """events are lines of JSON, and go on when a daemon ends and comes back"""
    def answers():
        state = {"step": 0}

        def answer(data):
            after = struct.unpack("=Q", data[24:32])[0]
            state["step"] += 1
            if state["step"] == 1:
                equal(after, 2 ** 64 - 1)
                return '{"event": "begin", "major": 1}\n' \
                    '{"event": "ping", "seq": 41}\n'
            if state["step"] == 2:
                equal(after, 41)
                return '{"seq": 42, "event": "plug", "adapter": ' + \
                    json.dumps({"serial": EVIL}) + '}\n' \
                    '{"event": "lost", "of": "use"}\n' \
                    '{"event": "ping", "seq": 43}\n'
            equal(after, 43)
            return None
        return answer

    with Daemon(1, a7=answers()):
        follower = Follower()
        equal(follower.next(), {"event": "begin", "major": 1})
        equal(follower.next(), {"seq": 42, "event": "plug", "major": 1,
                                "adapter": {"serial": EVIL}})
        equal(follower.next(), {"event": "lost", "of": "use", "major": 1})
    equal(follower.next(), {"event": "end", "major": 1})
    with Daemon(1, a7=answers()):
        equal(follower.next()["event"], "begin")
        equal(follower.next()["event"], "plug")
        equal(follower.next()["event"], "lost")
        equal(follower.process.poll(), None)
    equal(follower.stop(), -15)
    with Daemon(1, a7=(16, "")):
        status, _, err = run("events")
        equal((status, err.count("\n")), (1, 1))


def case_events_beside():
    """a daemon that always has something to tell hides no other's begin and end"""
    def told(follower, event):
        end = time.monotonic() + 10
        while follower.next() != event:
            equal(time.monotonic() < end, True)

    def loud(_data):
        time.sleep(0.02)
        return '{"event": "plug"}\n{"event": "ping", "seq": 1}\n'

    left = ['{"event": "begin", "major": 1}\n{"event": "ping", "seq": 1}\n']
    # Daemons that were have had port numbers which these may get.
    for name in {"devswd-1.ctl", "devswd-2.ctl"} & set(
            os.listdir("/run/devsw")):
        os.unlink("/run/devsw/" + name)
    with Daemon(2, a7=loud) as daemon:
        follower = Follower()
        follower.next()
        with Daemon(1, a7=lambda _data: left.pop() if left else None):
            told(follower, {"event": "begin", "major": 1})
        told(follower, {"event": "end", "major": 1})
        equal(follower.stop(), -15)
    os.unlink(daemon.path)      # its port may be the next one's


TRACES = [
    '{"event":"begin","dev":"null"}',
    '{"t":81230472916,"thread":412,"dev":"null","event":"d_read",'
    '"phase":"exit","bytes":0,"error":"EIO"}',
    '{"t":81230472999,"thread":412,"dev":"null","event":"d_ioctl",'
    '"phase":"enter","command":"TIOCGETA"}',
    '{"event":"lost","count":17}']


def case_trace():
    """trace passes lines on, or columns, and ends with its reader or daemon"""
    def answers(stop=None):
        state = {"step": 0}

        def answer(data):
            state["step"] += 1
            after = struct.unpack("=Q", data[24:32])[0]
            if state["step"] == 1:
                equal(after, 2 ** 64 - 1)
                equal(struct.unpack("=II", data[16:24]), (1, 3))
                return TRACES[0] + '\n{"event":"ping","seq":7}\n'
            if state["step"] == 2:
                equal(after, 7)
                return "\n".join(TRACES[1:]) + \
                    '\n{"event":"ping","seq":9}\n'
            equal(after, 9)
            return stop
        return answer

    with Daemon(1, a13=answers((19, ""))):
        status, out, err = run("trace", "null")
        equal((status, out.splitlines()), (1, TRACES))
        equal(err, "devswctl: null: not a node of this devswd\n")
    with Daemon(1, a13=answers((1, ""))):
        status, out, err = run("trace", "/dev/null", "--text")
        fits(out)
        equal([line.split() for line in out.splitlines()], [
            ["TIME", "THREAD", "CALL"],
            ["81.230472", "412", "exit", "d_read", "bytes", "0", "EIO"],
            ["81.230472", "412", "enter", "d_ioctl", "TIOCGETA"],
            ["lost", "count", "17"]])
        equal(err, "devswctl: null: only its owner, root and the group devsw "
              "see what goes on in it\n".replace("null", "/dev/null"))
    with Daemon(1, a13=(16, "")):
        equal(run("trace", "null")[2],
              "devswctl: null: too much is followed already\n")
        for args in (["trace"], ["trace", "null", "zero"],
                     ["trace", "null", "--text", "--json"],
                     ["list", "--text"], ["trace", "null", "--major", "1"]):
            status, out, err = run(*args)
            equal((status, out, err.count("\n")), (2, "", 1))
    # Its reader goes while it waits: it does not wait for the next line.
    with Daemon(1, a13=answers()):
        with subprocess.Popen([PROGRAM, "trace", "null"],
                              stdout=subprocess.PIPE) as process:
            for line in TRACES:
                equal(process.stdout.readline().decode(), line + "\n")
            began = time.monotonic()
            process.stdout.close()
            process.wait(timeout=20)
            assert time.monotonic() - began < 3


def complete(*words):
    """What bash offers for the last word."""
    script = ('source "$1"; shift; PATH=${PROGRAM%/*}:$PATH\n'
              'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))\n'
              '_devswctl; printf "%s\\n" "${COMPREPLY[@]}"\n')
    done = subprocess.run(
        ["bash", "-c", script, "bash", COMPLETION, *words], check=True,
        capture_output=True, text=True, env={**os.environ,
                                             "PROGRAM": PROGRAM})
    equal(done.stderr, "")
    return done.stdout.split("\n")[:-1]


def case_completion():
    """bash completes what the daemons name, as text"""
    evil = "tty$(touch /run/evil)"
    state = {**STATE, "nodes": STATE["nodes"] + [{"name": evil}]}
    os.unlink("/run/devsw/devswd-99.ctl")
    with Daemon(1, a2=state, a5=LISTING):
        equal(complete("devswctl", "claim", ""), ["0403:6001"])
        equal(complete("devswctl", "release", ""), ["gps"])
        equal(complete("devswctl", "ev"), ["events"])
        verbs = dict.fromkeys(re.findall(
            r"devswctl (?:\[.*?\] )*([a-z]+)", good("--help")))
        equal(sorted(complete("devswctl", "")), sorted(verbs))
        equal(complete("devswctl", "gateway", "res"), ["reset"])
        equal(complete("devswctl", "gateway", "export", "--lab"),
              ["--labgrid", "--labgrid-env"])
        equal(complete("devswctl", "show", "z"), ["zero"])
        equal(complete("devswctl", "--json", "who", "null", "ze"), ["zero"])
        equal(complete("devswctl", "revoke", "tty"),
              ["tty\\$\\(touch\\ /run/evil\\)"])
        equal(complete("devswctl", "modunload", ""), ["clone", "other"])
        equal(complete("devswctl", "show", "/dev/nul"), ["/dev/null"])
        equal(complete("devswctl", "--maj"), ["--major"])
        equal(complete("devswctl", "--major", ""), ["1"])
        equal(complete("devswctl", "list", "x"), [""])
    equal(complete("devswctl", "show", "z"), [""])
    assert not os.path.exists("/run/evil")


def main():
    """All cases, in a namespace with a /run of its own."""
    if os.environ.get("T_DEVSWCTL") is None:
        if os.geteuid() != 0:
            print("1..0 # SKIP needs root")
            return 77
        os.environ["T_DEVSWCTL"] = "1"
        os.execvp("unshare", ["unshare", "-m", sys.executable, "-B",
                              *sys.argv])
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    os.mkdir("/run/devsw")
    cases = [value for name, value in globals().items()
             if name.startswith("case_")]
    failed = 0
    for number, function in enumerate(cases, 1):
        try:
            function()
            word = "ok"
        except Exception as error:  # pylint: disable=broad-except
            print("# %s: %s" % (type(error).__name__, error))
            word = "not ok"
            failed = 1
        print("%s %d - %s" % (word, number, function.__doc__), flush=True)
    print("1..%d" % len(cases))
    return failed


if __name__ == "__main__":
    sys.exit(main())
