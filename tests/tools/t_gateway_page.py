#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_gateway_page: the tests that docs/gateway.md names are there.

    t_gateway_page.py TOP

A row of its tables has in the last cell what proves it: files, `tests/...` or
those of tests/gateway by their names, and cases in quotation marks, whose names
begin so.  A case is of the file before it, up to a semicolon (`file`: "case"),
or of tests/gateway/t_gateway.py.
"""
import pathlib
import re
import sys

TOP = pathlib.Path(sys.argv[1])
HERE = TOP / "tests" / "gateway"
SECTIONS = ("What stands", "What people have asked for")
TOKEN = re.compile(r'`((?:tests/[\w/]+/)?(?:t|fuzz)_\w+\.\w+)`(:?)|"([^"]+)"|'
                   r'(;)')


def cases(path):
    """The names of its cases."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".c":
        return re.findall(r'^\t\{ "([^"]+)"', text, re.M)
    return ["".join(re.findall(r'"([^"]*)"', words)) for words in
            re.findall(r'^@case\(((?:\s*"[^"]*")+)\)', text, re.M)]


def rows():
    """The last cells of the tables."""
    page = (TOP / "docs" / "gateway.md").read_text(encoding="ascii")
    for section in SECTIONS:
        text = page.partition(f"## {section}\n")[2].partition("\n## ")[0]
        for line in text.splitlines():
            if line.startswith("|") and not line.startswith("|---"):
                yield line.rstrip(" |").rpartition("|")[2]


def wrong():
    """(what is named and not there, how many are)."""
    missing, found = [], 0
    for cell in rows():
        current = HERE / "t_gateway.py"
        for name, colon, case, end in TOKEN.findall(cell):
            path = TOP / name if "/" in name else HERE / name
            if end:
                current = HERE / "t_gateway.py"
            elif name and not path.exists():
                missing.append(name)
            elif colon:
                current = path
            elif case:
                begin = case.removesuffix("...").strip()
                if any(one.startswith(begin) for one in cases(current)):
                    found += 1
                else:
                    missing.append(f"{current.name}: {case}")
    return missing, found


def main():
    """One case."""
    print("1..1")
    missing, found = wrong()
    for one in missing:
        print(f"# not there: {one}")
    bad = missing or found < 60
    print(("not " if bad else "") +
          f"ok 1 - the tests that docs/gateway.md names are there ({found})")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
