#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_usbdevs: tools/usbdevs gives each USB vendor and product one name, of its
own, and the names by hand first; whatever stands in the list of ids, the header
compiles.  Names are as in NetBSD's usbdevs(7).

    t_usbdevs.py TOP USBDEVS_IDS.H CC...
"""
import pathlib
import re
import subprocess
import sys
import tempfile

TOP = pathlib.Path(sys.argv[1])
BUILT = pathlib.Path(sys.argv[2])
CC = sys.argv[3:]
IDS = "/usr/share/misc/usb.ids"
HAND = TOP / "include/bsd/dev/usb/usbdevs.h"
DEFINE = re.compile(r"^#define\s+USB_(VENDOR|PRODUCT)_(\w+)\s+(0x[0-9a-f]{4})\b",
                    re.M)
ODD = """0001  Ends */ here, Inc.
\t0001  A /* B */ C
\t0001  twice
\t0002  a b
\t0003  a-b
\t0004  (nothing)
\t0005  \u00dcn\u00efcode \u2122
\t0006  trigraph ??/
\t0007  line \\\\
\t0008  a b 0009
\t0009  a b
0002  Ends Here Ltd
0403  By another name
\t6001  Renamed
\t0001  Not renamed
0004  Inc.
0005  3Com
0006  \u4e2d\u6587
C 01  Audio
\t0001  No product
"""
number = failed = 0


def check(good, name, *why):
    global number, failed
    number += 1
    failed += not good
    print(f"{'' if good else 'not '}ok {number} - {name}")
    for line in why if not good else ():
        print("# " + str(line).replace("\n", "\n# "))


def make(ids):
    return subprocess.run([TOP / "tools" / "usbdevs", ids, HAND], text=True,
                          capture_output=True, check=False)


def compiles(text):
    """What is wrong with it; each name is used."""
    text += "".join(f'_Static_assert(USB_{kind}_{name} == {value}, "");\n'
                    for kind, name, value in DEFINE.findall(text))
    return subprocess.run(CC + ["-std=gnu17", "-Wall", "-Wextra", "-Werror",
                                "-fsyntax-only", "-xc", "-"],
                          input=text + "int x;\n", text=True,
                          capture_output=True, check=False).stderr


def real():
    made = make(IDS)
    check(made.returncode == 0 and made.stdout == BUILT.read_text(),
          "the header of this build is what tools/usbdevs makes", made.stderr)
    names = DEFINE.findall(HAND.read_text()) + DEFINE.findall(made.stdout)
    check(len({n[:2] for n in names}) == len(names),
          "no name is given twice")
    vendors = {n[2] for n in names if n[0] == "VENDOR"}
    listed = re.findall(r"^([0-9a-f]{4})  ", pathlib.Path(IDS).read_text(
        encoding="utf-8", errors="replace"), re.M)
    check(len(listed) > 3000 and not
          {v for v in listed if "0x" + v not in vendors},
          "each vendor of the list has a name")
    check({("VENDOR", "LOGITECH", "0x046d"), ("VENDOR", "BELKIN", "0x050d"),
           ("PRODUCT", "FTDI_SERIAL_8U232AM", "0x6001")} <= set(names),
          "names as drivers spell them")
    check(not (why := compiles(HAND.read_text() + made.stdout)),
          "they compile, one beside the other", why)


def odd():
    with tempfile.NamedTemporaryFile("w", suffix=".ids",
                                     encoding="utf-8") as file:
        file.write(ODD)
        file.flush()
        check("not the list" in make(file.name).stderr,
              "what is no list of ids is refused")
        file.write("".join(f"{n:04x}  Filler {n}\n"
                           for n in range(0x8000, 0x8400)))
        file.flush()
        made = make(file.name)
    names = DEFINE.findall(made.stdout)
    why = made.stderr or compiles(made.stdout)
    check(made.returncode == 0 and not why, "any text of a vendor or product",
          why)
    want = [("VENDOR", "ENDSHERE", "0x0001"),
            ("PRODUCT", "ENDSHERE_A_B_C", "0x0001"),
            ("PRODUCT", "ENDSHERE_A_B", "0x0002"),
            ("PRODUCT", "ENDSHERE_A_B_0003", "0x0003"),
            ("PRODUCT", "ENDSHERE_0004", "0x0004"),
            ("PRODUCT", "ENDSHERE_A_B_0009_0009", "0x0009"),
            ("VENDOR", "ENDSHERE_0002", "0x0002"),
            ("PRODUCT", "FTDI_NOT_RENAMED", "0x0001"),
            ("VENDOR", "INC", "0x0004"), ("VENDOR", "V3COM", "0x0005"),
            ("VENDOR", "0006", "0x0006")]
    check(not set(want) - set(names), "names that are taken, empty or by hand",
          set(want) - set(names))
    check(not [n for n in names if "NO_PRODUCT" in n[1] or
               n[1] == "FTDI_RENAMED"] and
          "0x0403" not in {n[2] for n in names if n[0] == "VENDOR"},
          "classes are no vendors, and a number has one name")


real()
odd()
print(f"1..{number}")
sys.exit(1 if failed else 0)
