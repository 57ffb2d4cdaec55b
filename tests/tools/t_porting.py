#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_porting: docs/porting.md is what tools/porting makes, each of the names has
a row with its header and a test that is built, and a name without is found.

    t_porting.py TOP
"""
import csv
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(sys.argv[1])
NAMES = 594
ROW = re.compile(r"^\| `([^`]+)` \| (\w+) \| (\S+\.h) \| (\w+/t_\w+) \| .*\|$",
                 re.M)
number = failed = 0


def check(good, name, *why):
    global number, failed
    number += 1
    failed += not good
    print(f"{'' if good else 'not '}ok {number} - {name}")
    for line in why if not good else ():
        print("# " + str(line).replace("\n", "\n# "))


def make(top):
    return subprocess.run([top / "tools" / "porting"], capture_output=True,
                          text=True, check=False)


def main():
    page = (TOP / "docs" / "porting.md").read_text(encoding="ascii")
    made = make(TOP)
    check(made.returncode == 0, "each name has a header and a test",
          made.stderr)
    check(made.stdout == page, "docs/porting.md is what tools/porting makes")
    with (TOP / "tools" / "porting.csv").open(encoding="ascii") as file:
        names = [row["symbol"] for row in csv.DictReader(file)]
    rows = ROW.findall(page)
    check(len(names) == len(set(names)) == NAMES == len(rows) and
          {r[0] for r in rows} == set(names), f"{NAMES} names, a row each",
          len(names), len(set(names)), len(rows))
    built = {f"{p.parent.name}/{t}" for p in
             (TOP / "tests").glob("*/meson.build")
             for t in re.findall(r"'(t_\w+)'", p.read_text(encoding="utf-8"))}
    missing = {r[3] for r in rows} - built
    check(not missing, "the tests are built", *missing)

    with tempfile.TemporaryDirectory() as name:
        other = pathlib.Path(name)
        for part in ("include/bsd", "src/drivers", "tests", "tools"):
            shutil.copytree(TOP / part, other / part, symlinks=True,
                            ignore=shutil.ignore_patterns("__pycache__"))
        with (other / "tools" / "porting.csv").open("a") as file:
            file.write("usbdi,no_such_name,A,kpi/t_kpi_usb,\n"
                       "usbdi,USBD_NOMEM,A,kpi/t_kqueue,\n")
        made = make(other)
        said = made.stderr.splitlines()
        check(made.returncode == 1 and len(said) == 3 and
              "no_such_name: in no header" in said[0] and
              "no_such_name: kpi/t_kpi_usb" in said[1] and
              "USBD_NOMEM: kpi/t_kqueue" in said[2],
              "a name without header or test is found", made.stderr)
    print(f"1..{number}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
