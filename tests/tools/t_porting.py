#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_porting: docs/porting.md is what tools/porting makes, each of the names has
a row with its header and a test that uses it, and a name without is found.

    t_porting.py TOP BUILD
"""
import csv
import pathlib
import re
import subprocess
import sys
import tempfile

TOP, BUILD = map(pathlib.Path, sys.argv[1:])
NAMES = 594
ROW = re.compile(r"^\| `([^`]+)` \| (\w+) \| (\S+\.h) \| (\w+/t_\w+) "
                 r"\| (?:call|line|table) \| .*\|$", re.M)
number = failed = 0


def check(good, name, *why):
    global number, failed
    number += 1
    failed += not good
    print(f"{'' if good else 'not '}ok {number} - {name}")
    for line in why if not good else ():
        print("# " + str(line).replace("\n", "\n# "))


def make(*table):
    return subprocess.run([TOP / "tools" / "porting", BUILD, *table],
                          text=True, capture_output=True, check=False)


def main():
    page = (TOP / "docs" / "porting.md").read_text(encoding="ascii")
    made = make()
    check(made.returncode == 0, "each name has a header and a test",
          made.stderr)
    check(made.stdout == page, "docs/porting.md is what tools/porting makes")
    with (TOP / "tools" / "porting.csv").open(encoding="ascii") as file:
        names = [row["symbol"] for row in csv.DictReader(file)]
    rows = ROW.findall(page)
    check(len(names) == len(set(names)) == NAMES == len(rows) and
          {r[0] for r in rows} == set(names), f"{NAMES} names, a row each",
          len(names), len(set(names)), len(rows))

    # A name that is not there; one that its test does not have; two that it has
    # from Linux's headers, or as another's member.
    with tempfile.TemporaryDirectory() as name:
        table = pathlib.Path(name) / "table"
        table.write_text("subsystem,symbol,drivers,test,note\n"
                         "usbdi,no_such_name,A,kpi/t_kpi_usb,\n"
                         "usbdi,USBD_NOMEM,A,kpi/t_kqueue,\n"
                         "tty,TIOCM_DTR,A,compat/t_ioctl,\n"
                         "libkern,log,A,module/t_module,\n"
                         "libkern,log,A,kpi/t_kpi_kern,\n")
        made = make(table)
        said = [line.split(";")[0] for line in made.stderr.splitlines()]
        check(made.returncode == 1 and said == [
            "tools/porting: no_such_name: in no header",
            "tools/porting: USBD_NOMEM: kpi/t_kqueue",
            "tools/porting: TIOCM_DTR: compat/t_ioctl",
            "tools/porting: log: module/t_module"],
              "a name without header or test is found", made.stderr)
    print(f"1..{number}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
