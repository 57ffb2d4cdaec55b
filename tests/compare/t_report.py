#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_report: devsw-compare as a program, without hardware.

    t_report.py DEVSW-COMPARE

Wrong use is one clear line and status 2, as its manual says; and what it
prints of a document that was saved before: the marks, the exit status, and
what was only read kept apart.  Scenarios are run in tests/vm.
"""
import json
import os
import subprocess
import sys
import tempfile

PROGRAM = sys.argv[1]


def run(*args):
    """(status, standard output, standard error)"""
    done = subprocess.run([PROGRAM, *args], check=False, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True)
    return done.returncode, done.stdout, done.stderr


def equal(got, wanted):
    """Fail unless they are the same."""
    if got != wanted:
        raise AssertionError(f"{got!r}, not {wanted!r}")


def contains(text, *parts):
    """Fail unless all are in the text, in this order."""
    at = 0
    for part in parts:
        found = text.find(part, at)
        if found == -1:
            raise AssertionError(f"no {part!r} in {text[at:]!r}")
        at = found + len(part)


def fails(text, *args):
    """Status 2, nothing printed, and this line."""
    equal(run(*args), (2, "", f"devsw-compare: {text}\n"))


def outcome(got, expected, noted="", ms=None):
    """An outcome as the document has it."""
    return {"what": "read", "got": got, "expected": expected,
            "source": "some.c", "ok": got in expected.split("|"),
            "noted": noted, "ms": ms}


def document(*outcomes, status="expected", reason=""):
    """One scenario that two systems have run: outcomes are theirs."""
    runs = [{"hardware": "acm", "system": system, "status": status,
             "reason": reason, "outcomes": [each] if each else [],
             "events": [
                 {"lane": "reader", "kind": "call", "what": "read",
                  "from": 1.0, "to": 90.5, "result": "0"},
                 {"lane": "plug", "kind": "plug", "what": "unplug",
                  "from": 10.0, "to": 12.0, "result": ""}]}
            for system, each in zip(("kernel", "netbsd"), outcomes)]
    return {
        "devsw_compare": 1, "version": "1.2", "kernel": "6.1",
        "date": "2026-01-02T03:04:05Z",
        "hardware": [{"id": "acm", "kind": "tty", "what": "a <gadget>",
                      "usb": "1d6b:0104"}],
        "systems": [
            {"id": "kernel", "label": "Linux", "text": "", "measured": True},
            {"id": "netbsd", "label": "netbsd", "text": "",
             "measured": True},
            {"id": "src-openbsd", "label": "OpenBSD", "text": "",
             "measured": False}],
        "scenarios": [
            {"number": 9, "name": "blocked", "title": "A read | waits",
             "text": "", "actors": ["reader"], "why_not": "", "runs": runs,
             "read": [{"system": "src-openbsd", "hardware": "tty",
                       "text": "EIO, it says", "source": "tty.c",
                       "inferred": True}]},
            {"number": 31, "name": "stuck", "title": "Stuck", "text": "",
             "actors": [], "why_not": "nothing is", "runs": [], "read": []}]}


def saved(folder, *args, **more):
    """The document in a file."""
    path = folder + "/saved.json"
    with open(path, "w", encoding="ascii") as file:
        json.dump(document(*args, **more), file)
    return path


def t_usage(_):
    """wrong options are one line and status 2"""
    fails("--scenario nonesuch: no scenario has such a name; see --list",
          "--scenario", "nonesuch")
    fails("--semantics plan9: wants some of kernel,netbsd,netbsd-legacy,"
          "freebsd,freebsd-trackclose,linux", "--semantics", "plan9")
    fails("--color red: wants auto, always or never", "--color", "red")
    fails("thing: not an option", "thing")
    fails("--json and --markdown: only one of them", "--json", "--markdown")
    equal(run("--nonesuch")[0], 2)


def t_target(folder):
    """a node that is not there or is none, and bad descriptions: status 2"""
    if os.geteuid() != 0:
        fails("needs root, to take hardware and to pull plugs",
              "--target", "/dev/null")
        return
    daemon = ("--devswd", "/bin/true")
    fails("/dev/nonesuch: No such file or directory", *daemon, "--target",
          "/dev/nonesuch")
    fails("/dev/null: not the node of a USB serial adapter or HID", *daemon,
          "--target", "/dev/null")
    fails("/nonesuch: No such file or directory", "--devswd", "/nonesuch")
    path = folder + "/hardware"
    for text, said in (
            ("", f"{path}: no hardware in it"),
            ("class = acm\n", f"{path}:1: not understood"),
            ("[a]\nclass = teapot\n", f"{path}:2: not understood"),
            ("[a]\nclass = acm\n",
             f"{path}: [a] wants class, usb, plug and unplug")):
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        fails(said, *daemon, "--hardware", path)


def t_list(_):
    """all rows of the comparison are listed, in order"""
    status, out, _err = run("--list")
    equal(status, 0)
    for word in ("--list", "--help", "--version"):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([PROGRAM, word], check=False, stdout=full,
                                  stderr=subprocess.PIPE, text=True)
        equal((done.returncode, done.stderr),
              (2, "devsw-compare: standard output: No space left on "
               "device\n"))
    numbers = [int(line.split()[0]) for line in out.splitlines()]
    equal(numbers, sorted(numbers))
    missing = set(range(1, 32)) - set(numbers)
    equal(missing, set())


def t_expected(folder):
    """what is as expected: plain, with its time; status 0"""
    path = saved(folder, outcome("0", "0", ms=81.4), outcome("0", "0|1"))
    status, out, _err = run("--from", path)
    equal(status, 0)
    contains(out, "Linux", "netbsd", "9 blocked: A read | waits",
             "acm read", "0 81ms", "0\n", "31 stuck", "cannot be run: "
             "nothing is", "2 runs as expected, 0 differ and it is known "
             "why (*), 0 differ (!), 0 cannot be run")
    if "OpenBSD" in out or "EIO" in out:
        raise AssertionError("what was read is among what was measured")


def t_differs(folder):
    """what differs: both shown, status 1; explained: status 0"""
    path = saved(folder, outcome("0", "0"), outcome("EIO", "0"),
                 status="differs")
    status, out, _err = run("--from", path)
    equal(status, 1)
    contains(out, "EIO !", "! acm, netbsd, read: EIO, expected 0 (some.c)")
    path = saved(folder, outcome("0", "0"),
                 outcome("EIO", "0", noted="it cannot"))
    status, out, _err = run("--from", path)
    equal(status, 0)
    contains(out, "EIO *", "* read: 0 expected (some.c): it cannot")


def t_hung(folder):
    """a run that hung: its cell, the reason, status 1"""
    path = saved(folder, None, None, status="hung", reason="hung after 30 s")
    status, out, _err = run("--from", path)
    equal(status, 1)
    contains(out, "hung !", "! acm, kernel: hung after 30 s")


def t_timeline(folder):
    """--timeline: a column for each actor"""
    path = saved(folder, outcome("0", "0"), outcome("0", "0"))
    _status, out, _err = run("--from", path, "--timeline")
    contains(out, "acm, kernel\n", "ms  reader", "plug\n", "1.0  read...",
             "10.0", "unplug...", "90.5  = 0")


def t_markdown(folder):
    """--markdown: measured and read apart, cells kept whole"""
    path = saved(folder, outcome("0", "0"), outcome("EIO", "0|1"))
    status, out, _err = run("--from", path, "--markdown")
    equal(status, 0)
    contains(out, "on Linux 6.1, 2026-01-02", "## 9. A read  or  waits",
             "| | Linux | netbsd |", "| acm: read | 0 | EIO **(0 or 1 "
             "expected)** |", "Read from source, not run here:",
             "| OpenBSD | tty | EIO, it says | tty.c (inferred) |",
             "## 31. Stuck", "Cannot be run here: nothing is.")


def t_html(folder):
    """--html: one page, whose data cannot end its script"""
    path = saved(folder, outcome("</script>", "0"), outcome("0", "0"))
    page = folder + "/page.html"
    run("--from", path, "--html", page)
    with open(page, encoding="utf-8") as file:
        text = file.read()
    contains(text, "\\u003c/script>")
    if "@DATA@" in text or "</script>\"" in text:
        raise AssertionError("the data is not in its place")
    for word in ("http://", "https://", "src=", "@import", "url("):
        if word in text.replace("http://www.w3.org/2000/svg", ""):
            raise AssertionError(f"the page refers to something: {word}")


def t_json(folder):
    """--json of a saved document is that document"""
    path = saved(folder, outcome("0", "0"), outcome("0", "0"))
    with open(path, encoding="ascii") as file:
        wanted = json.load(file)
    equal(json.loads(run("--from", path, "--json")[1]), wanted)
    with open(path, "w", encoding="ascii") as file:
        file.write("{}")
    fails(f"{path}: not a document of devsw-compare --json", "--from", path)


def main():
    """TAP."""
    tests = [value for name, value in globals().items()
             if name.startswith("t_")]
    print(f"1..{len(tests)}")
    bad = 0
    for number, test in enumerate(tests, 1):
        with tempfile.TemporaryDirectory() as folder:
            try:
                test(folder)
                print(f"ok {number} - {test.__doc__}")
            except AssertionError as error:
                print(f"# {error}\nnot ok {number} - {test.__doc__}")
                bad += 1
    return bad != 0


sys.exit(main())
