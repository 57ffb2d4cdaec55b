#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_includes: a driver gets what it uses from what it includes in NetBSD.

    t_includes.py TOP CC ARGUMENT...

For each of chains/*.h, the includes of a driver of NetBSD, a file is made that
includes them and names every symbol that tools/porting.csv has for this driver:
macros have to be defined, all else has to be declared (a type, a constant, an
object, a function).  The compiler is given the kernel side's arguments, and
NetBSD's warnings as errors.  Two more prove that a name that is not there, and
one that is reached by no include, are found.
"""
import csv
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(sys.argv[1])
CC = sys.argv[2:] + ["-std=gnu17", "-Wall", "-Wstrict-prototypes",
                     "-Wmissing-prototypes", "-Wpointer-sign", "-Werror",
                     "-xc", "-"]
CHAINS = sorted((TOP / "tests" / "kpi" / "chains").glob("*.h"))
LETTER = re.compile(r"letter in tools/porting.csv is (\w)\.")
# What config(8) makes has a name of each driver's own.
ALIAS = {"cfdriver_cd": "struct cfdriver",
         "ioconf_tables": "struct cfattachinit",
         "ud_vendor/ud_product": "usbd_device_vendor"}


def run(options, text):
    return subprocess.run(CC[:-2] + options + CC[-2:], input=text, text=True,
                          capture_output=True, check=False)


def missing(text, symbols):
    """What of the symbols the includes of text do not give."""
    macros = set(re.findall(r"^#define (\w+)", run(["-E", "-dM"], text).stdout,
                            re.M))
    seen = run(["-E"], text).stdout
    bad, ask = [], []
    for symbol in symbols:
        name = ALIAS.get(symbol, symbol)
        if " " in name:
            if not re.search(r"\b" + name.replace(" ", r"\s+") + r"\b", seen):
                bad.append(symbol)
        elif name == "usbd_device_vendor":
            ask.append((symbol, "typedef __typeof__(((struct usbd_device *)0)"
                        "->ud_vendor) have_%d;\n"))
        elif name not in macros:
            ask.append((symbol, f"typedef __typeof__({name}) have_%d;\n"))
    result = run(["-fsyntax-only", "-fmax-errors=0"], text + "".join(
        f'#line {i + 1} "asked"\n' + line % i
        for i, (_, line) in enumerate(ask)))
    lines = {int(n) for n in re.findall(r"^asked:(\d+):\d+: error", result.stderr,
                                        re.M)}
    bad += [symbol for i, (symbol, _) in enumerate(ask) if i + 1 in lines]
    if result.returncode and not lines:
        bad.append("# " + result.stderr.replace("\n", "\n# "))
    return bad


def main():
    with (TOP / "tools" / "porting.csv").open(encoding="ascii") as file:
        rows = list(csv.DictReader(file))
    failed = 0
    number = 0
    for chain in CHAINS:
        number += 1
        text = chain.read_text(encoding="ascii")
        letter = LETTER.search(" ".join(text.split())).group(1)
        symbols = [r["symbol"] for r in rows if letter in r["drivers"]]
        bad = missing(text, symbols)
        failed += bool(bad)
        print(f"{'not ' * bool(bad)}ok {number} - {chain.stem} reaches its "
              f"{len(symbols)} symbols")
        for symbol in bad:
            print(f"# {symbol}")
    for text, symbols, name in (
            ("#include <sys/types.h>\n", ["device_t", "struct usbd_pipe",
                                          "KASSERT", "hz"],
             "what no include reaches is found"),
            (CHAINS[0].read_text(encoding="ascii"), ["no_such_function"],
             "a name that there is none of is found")):
        number += 1
        good = sorted(missing(text, symbols)) == sorted(symbols)
        failed += not good
        print(f"{'' if good else 'not '}ok {number} - {name}")
    print(f"1..{number}")
    return 1 if failed or len(CHAINS) != 12 else 0


if __name__ == "__main__":
    sys.exit(main())
