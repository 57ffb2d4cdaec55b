#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_model: spin(1) goes through all states of the models: specfs.pml of
src/kernel/specfs, and handover.pml of src/devswd/front.

    t_model.py CC [WORD...]

First instances of a model without a fault, in which nothing may be wrong;
then faults that the model can have, which have to be found.  The head of a
model says what is checked, and lists the faults.  With words, only checks
that have one of them in their names.

DEVSW_FULL=1 adds instances that take minutes, the proof that one state may
stand for many, and has every fault where else there is one of six.
"""

import os
import re
import subprocess
import sys
import tempfile

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
MODEL = os.path.join(TOP, "src", "kernel", "specfs", "specfs.pml")
HANDOVER = os.path.join(TOP, "src", "devswd", "front", "handover.pml")
CANON = os.path.join(TOP, "tests", "model", "canon.h")
LIMIT = 3000                            # MiB, of one verifier
SEARCH = ["-DSAFETY", "-DNOREDUCE", "-DNOFIX", "-DVECTORSZ=256",
          "-DMEMLIM=%d" % LIMIT]

# name, openers, options of the model; all with a revoke and an unplug
INSTANCES = (
    ("2 openers, each step for itself", 2, ""),
    ("2 openers, with closes that are overdue, interrupts, a refused detach",
     2, "-DCOARSE=1 -DOVERDUE=1 -DINTR=1 -DBACKOUT=1"),
    ("2 openers of two names", 2, "-DCOARSE=1 -DNAMES=2"),
    ("2 openers, revoke, devsw_detach", 2, "-DUNPLUG=0 -DUNLOAD=1"),
    ("2 openers, revoke, devsw_detach_idle", 2, "-DUNPLUG=0 -DUNLOAD=2"),
)
FULL = (
    ("3 openers, revoke, detach, replug", 3, "-DCOARSE=1"),
    ("3 openers, revoke, devsw_detach", 3, "-DUNPLUG=0 -DUNLOAD=1 -DCOARSE=1"),
    ("4 openers, revoke, detach, replug", 4, "-DCOARSE=1"),
    ("3 openers, each step for itself", 3, ""),
    ("3 openers, with closes that are overdue", 3, "-DCOARSE=1 -DOVERDUE=1"),
    ("2 openers, detach and devsw_detach", 2, "-DCOARSE=1 -DUNLOAD=2"),
)

# Of handover.pml; it has no symmetry.
LIVES = (
    ("1 client, a crash, an upgrade, all calls", ""),
    ("2 clients with a file each, a crash, writes",
     "-DN=2 -DREADS=0 -DPOLLS=0 -DKILLS=0 -DUPGRADES=0"),
)
LIVES_FULL = (
    ("1 client, two crashes, an upgrade", "-DCRASHES=2"),
    ("1 client, a crash, two upgrades", "-DUPGRADES=2"),
    ("1 client, a crash, an upgrade, a kernel that sends again", "-DRESEND=1"),
    ("2 clients with a file each, a crash, an upgrade, writes",
     "-DN=2 -DREADS=0 -DPOLLS=0 -DKILLS=0"),
    ("2 clients of one file, a crash, an upgrade, writes, a kill",
     "-DN=2 -DSHARED=1 -DOPENS=1 -DREADS=0 -DPOLLS=0"),
    ("2 clients of one file, a crash, an upgrade, polls, a kill",
     "-DN=2 -DSHARED=1 -DOPENS=1 -DREADS=0 -DWRITES=0"),
)


class Broken(Exception):
    """A check that has failed, and why."""


def run(argv, directory):
    """Its output."""
    done = subprocess.run(argv, cwd=directory, check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise Broken("%s: %s" % (argv[0], done.stdout[-2000:]))
    return done.stdout


def replace_once(text, old, new):
    """For changes to what spin has generated."""
    if text.count(old) != 1:
        raise Broken("pan.c has %d times %r" % (text.count(old), old))
    return text.replace(old, new)


def canonize(directory, openers, cvs):
    """Let pan.c store one of all states that differ in who is who."""
    path = os.path.join(directory, "pan.c")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(CANON, encoding="utf-8") as file:
        canon = file.read()
    text = replace_once(text, "\nh_store(char *vin, int nin)",
                        "\nh_store_plain(char *vin, int nin)")
    text = replace_once(text, '#include "pan.h"\n',
                        '#include "pan.h"\nint h_store_plain(char *, int);\n'
                        'static void canon_tell(void);\n')
    text = replace_once(text, "\nwrapup(void)\n{", "\nwrapup(void)\n{"
                        "	canon_tell();")
    text += "\n#define CANON_OPENERS %d\n#define CANON_CVS %d\n%s" % (
        openers, cvs, canon)
    text += ("\nstatic void\ncanon_tell(void)\n{\n\n"
             "	printf(\"canon: %llu states\\n\", canon_states);\n}\n")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


class Result:
    """What pan said."""

    def __init__(self, output):
        found = re.search(r"errors: (\d+)", output)
        states = re.search(r"([\d.e+]+) states, stored", output)
        if not found or not states:
            raise Broken("pan: " + output[-2000:])
        for bad in ("max search depth too small", "out of memory",
                    "search not completed", "hash-table full"):
            # The search also ends at the first error.
            if bad in output.lower() and not int(found[1]):
                raise Broken(bad)
        self.errors = int(found[1])
        self.stored = int(float(states[1]))
        canon = re.search(r"canon: (\d+) states", output)
        self.states = int(canon[1]) if canon else self.stored
        error = re.search(r"pan:\d+: (.*)", output)
        self.error = error[1] if error else ""


def verify(compiler, openers, options, *, symmetry=True, optimize="-O2", collapse=True):
    """Make a verifier and run it; returns the Result."""
    with tempfile.TemporaryDirectory(prefix="t_model.") as directory:
        run(["spin", "-DN=%d" % openers, *options.split(), "-a", MODEL],
            directory)
        if symmetry:
            canonize(directory, openers, 3 if "-DUNLOAD" in options else 2)
        flags = SEARCH + [optimize]
        if collapse:
            flags.append("-DCOLLAPSE")
        run([*compiler, "-w", *flags, "-o", "pan", "pan.c"], directory)
        argv = ["./pan", "-m2000000", "-w%d" % (18 + 2 * openers)]
        return Result(run(argv, directory))


def verify_handover(compiler, options, optimize="-O2"):
    """The same of handover.pml."""
    with tempfile.TemporaryDirectory(prefix="t_model.") as directory:
        run(["spin", *options.split(), "-a", HANDOVER], directory)
        run([*compiler, "-w", *SEARCH, optimize, "-o", "pan", "pan.c"],
            directory)
        return Result(run(["./pan", "-m2000000", "-w24" if "-DN=" in options
                           else "-w22"], directory))


# ---- checks: each returns a remark -------------------------------------

def check_clean(compiler, openers, options):
    """Nothing is wrong."""
    # Collapsed states are half as big and take twice as long.
    result = verify(compiler, openers, options,
                    collapse="OVERDUE" in options or "COARSE" not in options)
    if result.errors:
        raise Broken(result.error)
    return "%d states, %d stored" % (result.states, result.stored)


def check_symmetry(compiler, openers, options):
    """What is stored stands for all states."""
    with_it = verify(compiler, openers, options)
    without = verify(compiler, openers, options, symmetry=False)
    if with_it.states != without.stored or with_it.errors or without.errors:
        raise Broken("%d states stand for %d, but there are %d" %
                     (with_it.stored, with_it.states, without.stored))
    return "%d states stand for %d" % (with_it.stored, without.stored)


def check_fault(compiler, number, options):
    """It is found."""
    options += " -DBUG=%s" % number
    for openers in (2, 3):
        result = verify(compiler, openers,
                        options + (" -DCOARSE=1" if openers > 2 else ""),
                        optimize="-O0" if openers == 2 else "-O2",
                        collapse=openers > 2)
        if result.errors:
            return "with %d openers after %d states: %s" % (
                openers, result.stored, result.error)
    raise Broken("not found")


def check_handover(compiler, options):
    """Nothing is wrong."""
    result = verify_handover(compiler, options)
    if result.errors:
        raise Broken(result.error)
    return "%d states" % result.states


def check_handover_fault(compiler, number, options):
    """It is found."""
    result = verify_handover(compiler, options + " -DBUG=%s" % number,
                             optimize="-O0")
    if not result.errors:
        raise Broken("not found")
    return "after %d states: %s" % (result.stored, result.error)


def faults(model=MODEL):
    """[(number, options, text)] of the model's head."""
    with open(model, encoding="utf-8") as file:
        text = file.read()
    found = re.findall(r"^ \*\tfault (\d+)((?: -D\S+)*): (.*(?:\n \*\t\t.*)*)",
                       text, re.M)
    listed = sorted(int(number) for number, _, _ in found)
    used = set(re.findall(r"FAULT\((\d+)\)", text))
    used |= set(re.findall(r"cv_broadcast\(\w+, (\d+)\)", text))
    used |= set(re.findall(r"localcount_release\([^)]*, (\d+)\)", text))
    if {int(number) for number in used} != set(listed) or \
            listed != list(range(1, len(listed) + 1)):
        raise Broken("the faults of the head are not those of the text")
    return [(number, options.strip(), re.sub(r"\s*\n \*\s*", " ", what))
            for number, options, what in found]


def checks():
    """[(name, function, arguments)]"""
    found = []
    full = bool(os.environ.get("DEVSW_FULL"))
    for name, openers, options in (FULL if full else ()) + INSTANCES:
        found.append((name, check_clean, (openers, options)))
    if full:
        found.append(("symmetry: 2 openers stand for all", check_symmetry,
                      (2, "")))
        found.append(("symmetry: 3 openers stand for all", check_symmetry,
                      (3, "-DCOARSE=1 -DUNPLUG=0")))
    for number, options, text in faults()[::1 if full else 6]:
        found.append(("fault %s: %s" % (number, text), check_fault,
                      (number, options)))
    for name, options in (LIVES_FULL if full else ()) + LIVES:
        found.append(("handover: " + name, check_handover, (options,)))
    some = slice(None) if full else slice(4, None, 8)
    for number, options, text in faults(HANDOVER)[some]:
        found.append(("handover: fault %s: %s" % (number, text),
                      check_handover_fault, (number, options)))
    return found


def main():
    """The program."""
    compiler, words = sys.argv[1].split(), sys.argv[2:]
    good = True
    chosen = [check for check in checks()
              if not words or any(word in check[0] for word in words)]
    for number, (name, function, arguments) in enumerate(chosen, 1):
        try:
            remark = function(compiler, *arguments)
            print("ok %d - %s" % (number, name))
        except Broken as why:
            remark = str(why)
            good = False
            print("not ok %d - %s" % (number, name))
        print("# " + remark.replace("\n", "\n# "), flush=True)
    print("1..%d" % len(chosen))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
