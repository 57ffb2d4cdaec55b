#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_program: uhidctl as a program, with descriptors in files.

    t_program.py UHIDCTL H_SEEDS USAGES

H_SEEDS writes the descriptors of tests/hid/h_rdesc.h into a directory.
"""
import json
import os
import subprocess
import sys
import tempfile

PROGRAM, SEEDS, USAGES = sys.argv[1:]
LEDS = """\
{dir}/leds
LEDs:Generic_Indicator (Application)
    output LEDs:Indicator_Red (0..1)
    output LEDs:Indicator_Green (0..1)
    output LEDs:Indicator_Amber (0..1)
"""
DUMP = """\
    0: 05 08           Usage Page (LEDs)
    2: 09 4b           Usage (LEDs:Generic_Indicator)
    4: a1 01           Collection (Application)
    6: 15 00             Logical Minimum (0)
    8: 25 01             Logical Maximum (1)
   10: 75 01             Report Size (1)
   12: 95 03             Report Count (3)
   14: 09 48             Usage (LEDs:Indicator_Red)
   16: 09 49             Usage (LEDs:Indicator_Green)
   18: 09 4a             Usage (LEDs:Indicator_Amber)
   20: 91 02             Output (Data, Variable, Absolute)
   22: 95 05             Report Count (5)
   24: 91 03             Output (Constant, Variable, Absolute)
   26: c0              End Collection
"""


def run(*args, table=USAGES):
    """(status, standard output, standard error)"""
    environ = {k: v for k, v in os.environ.items() if k != "DEVSW_HID_USAGES"}
    if table:
        environ["DEVSW_HID_USAGES"] = table
    done = subprocess.run([PROGRAM, *args], check=False, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          env=environ)
    return done.returncode, done.stdout, done.stderr


def equal(got, wanted):
    """Fail unless they are the same."""
    if got != wanted:
        raise AssertionError(f"{got!r}, not {wanted!r}")


def fails(status, text, *args, **more):
    """It says exactly this one line and prints nothing."""
    equal(run(*args, **more), (status, "", f"uhidctl: {text}\n"))


def t_list(folder):
    """a descriptor is listed, with names or without"""
    text = LEDS.format(dir=folder)
    equal(run("-d", folder + "/leds"), (0, text, ""))
    equal(run("-t", USAGES, "-d", folder + "/leds", table="/nowhere"),
          (0, text, ""))
    equal(run("-ad", folder + "/leds"),
          (0, text + "    output constant, 5 bits\n", ""))
    equal(run("-k", "input", "-d", folder + "/leds"),
          (0, "".join(text.splitlines(True)[:2]), ""))
    with open(folder + "/empty", "w", encoding="ascii"):
        pass
    status, bare, why = run("-d", folder + "/leds", table=folder + "/empty")
    equal((status, why), (0, ""))
    equal(bare.splitlines()[2], "    output 0x0008:0x0048 (0..1)")


def t_dump(folder):
    """-r shows each item, of a bad descriptor up to its fault"""
    equal(run("-r", "-d", folder + "/leds"), (0, DUMP, ""))
    with open(folder + "/leds", "rb") as file:
        data = file.read()
    with open(folder + "/cut", "wb") as file:
        file.write(data[:21])
    equal(run("-r", "-d", folder + "/cut"),
          (1, "".join(DUMP.splitlines(True)[:10]),
           f"uhidctl: {folder}/cut: bad report descriptor: item runs over "
           "the end, byte 20 of 21\n"))
    with open(folder + "/open", "wb") as file:
        file.write(data[:-1])
    equal(run("-r", "-d", folder + "/open"),
          (1, "".join(DUMP.splitlines(True)[:13]),
           f"uhidctl: {folder}/open: bad report descriptor: collection left "
           "open, byte 26 of 26\n"))


def t_json(folder):
    """--json is JSON and has every field of every descriptor"""
    for name in sorted(os.listdir(folder)):
        if name in ("cut", "open", "empty", "long"):
            continue
        status, out, err = run("--json", "-d", f"{folder}/{name}")
        equal((status, err), (0, ""))
        got = json.loads(out)
        lines = run("-a", "-d", f"{folder}/{name}")[1].splitlines()
        equal(len(got["items"]) + len(got["collections"]) + 1, len(lines))
    got = json.loads(run("-j", "-d", folder + "/digitizer")[1])
    item = [i for i in got["items"] if i["usage"] == "Generic_Desktop:Y"][0]
    equal(item, {
        "kind": "input", "path": "Digitizer:Pen.Digitizer:Stylus."
        "Generic_Desktop:Y", "usage": "Generic_Desktop:Y",
        "usage_number": 0x10031, "report": 2, "bit": 24, "bits": 16,
        "count": 1, "constant": False, "variable": True, "relative": False,
        "minimum": 0, "maximum": 14800, "physical_minimum": 0,
        "physical_maximum": 14800, "unit": 0x11, "exponent": -3,
        "value": None})
    equal(got["collections"], [
        {"path": "Digitizer:Pen", "type": "Application", "level": 1},
        {"path": "Digitizer:Pen.Digitizer:Stylus", "type": "Physical",
         "level": 2}])


def t_errors(folder):
    """what cannot be done is one line, and status 1"""
    fails(1, "/nowhere: No such file or directory", "/nowhere")
    fails(1, "/nowhere: No such file or directory", "-d", "/nowhere")
    fails(1, "/dev/null: no node of uhid(4)", "/dev/null")
    fails(1, f"{folder}: Is a directory", "-d", folder)
    fails(1, f"{folder}/empty: bad report descriptor: empty descriptor, "
          "byte 0 of 0", "-d", folder + "/empty")
    with open(folder + "/long", "wb") as file:
        file.write(b"\xc0" * 70000)
    fails(1, f"{folder}/long: bad report descriptor: longer than 65535 "
          "bytes, byte 0 of 65536", "-d", folder + "/long")
    fails(1, "/nowhere: No such file or directory", "-d", folder + "/leds",
          table="/nowhere")
    fails(1, f"{folder}/cut: line 1 is neither a usage page nor a usage",
          "-d", folder + "/leds", "-t", folder + "/cut")
    for args in (("-d", folder + "/leds"), ("--help",), ("--version",)):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([PROGRAM, *args], check=False, stdout=full,
                                  stderr=subprocess.PIPE, text=True)
        equal((done.returncode, done.stderr),
              (1, "uhidctl: standard output: No space left on device\n"))


def t_usage(_folder):
    """a wrong command line is one line, and status 2"""
    fails(2, "-w wants ITEM=VALUE", "-w", "/dev/null", "1:2")
    fails(2, "-w wants an item", "-w", "/dev/null")
    fails(2, "-n wants an item", "-n", "/dev/null")
    fails(2, "-w is needed to write", "/dev/null", "1:2=3")
    fails(2, "-w takes none of -c, -j, -l, -n", "-wl", "/dev/null", "1:2=3")
    fails(2, "-r takes no items, and none of -c, -j, -l, -w", "-rj", "x")
    fails(2, "-r takes no items, and none of -c, -j, -l, -w", "-r", "x", "y")
    fails(2, "a descriptor has no values: -d takes no items, and none of "
          "-c, -l, -w", "-d", "x", "1:2")
    fails(2, "-k wants input, output or feature", "-k", "inputs", "x")
    fails(2, "only input is waited for", "-lk", "output", "x")
    for count in ("0", "-1", "", "x", "1x", "99999999999999999999"):
        fails(2, "-c wants a number from 1 on", "-c", count, "x")
    for args in ((), ("-x",), ("--foo",), ("-k",)):
        status, out, err = run(*args)
        equal((status, out), (2, ""))
        equal(bool(err), True)
    equal(run("--help")[0], 0)
    equal(run("--version")[1].startswith("uhidctl "), True)


def main():
    failed = 0
    cases = (t_list, t_dump, t_json, t_errors, t_usage)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([SEEDS, folder], check=True)
        for number, function in enumerate(cases, 1):
            word = "ok"
            try:
                function(folder)
            except (AssertionError, LookupError, ValueError) as error:
                print(f"# {error!r}")
                word = "not ok"
                failed += 1
            print(f"{word} {number} - {function.__doc__}")
    print(f"1..{len(cases)}")
    return 1 if failed else 0


sys.exit(main())
