#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_testing.py: docs/testing.md is what tools/fuzz makes of what is recorded, of
tools/torture too, which knows each program of tests/torture, and docs/stress.svg
what tools/draw-stress makes;
every fault there has its input in the tree, every input a fault, and every
target is one that the tests build."""
import json
import os
import subprocess
import sys

TOP = sys.argv[1]
FUZZ = os.path.join(TOP, "tests", "fuzz")


def read(*path):
    """A file of the tree."""
    with open(os.path.join(TOP, *path), encoding="utf-8") as stream:
        return stream.read()


def cases():
    """(target, name) of each input."""
    top = os.path.join(FUZZ, "cases")
    return sorted((target, name) for target in os.listdir(top)
                  for name in os.listdir(os.path.join(top, target)))


def listed():
    """The same of the list."""
    return sorted((fault["target"], fault["case"])
                  for fault in json.loads(read("tests", "fuzz", "faults.json")))


def built():
    """Targets that have a source, and are in meson's list."""
    meson = read("tests", "fuzz", "meson.build")
    return [(name[2:-2], f"  '{name[2:-2]}': [" in meson)
            for name in sorted(os.listdir(FUZZ))
            if name.startswith("f_") and name.endswith(".c")]


def tortured():
    """All programs of tests/torture have lived their days, and well."""
    here = os.path.join(TOP, "tests", "torture")
    recorded = json.loads(read("tests", "torture", "recorded.json"))
    programs = {name[:-2] for name in os.listdir(here)
                if name.startswith("t_") and name.endswith(".c")}
    return programs == {day.split("/")[0] for day in recorded} and all(
        kind["good"] for kinds in recorded.values()
        for kind in kinds.values())


def said(*command):
    """What a tool prints."""
    return subprocess.run([os.path.join(TOP, "tools", command[0]),
                           *command[1:]], check=True, stdout=subprocess.PIPE,
                          text=True).stdout


def main():
    """The checks."""
    checks = [
        ("docs/testing.md is that of tools/fuzz --page",
         said("fuzz", "--page") == read("docs", "testing.md")),
        ("docs/stress.svg is that of tools/draw-stress",
         said("draw-stress") == read("docs", "stress.svg")),
        ("faults and inputs are the same", cases() == listed()),
        ("each target is built", all(known for _, known in built())),
        ("there are targets", len(built()) >= 8),
        ("failures in turn: each program is recorded, and well",
         tortured()),
    ]
    print(f"1..{len(checks)}")
    for number, (name, good) in enumerate(checks, 1):
        print(f"{'' if good else 'not '}ok {number} - {name}")
    return 0 if all(good for _, good in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
