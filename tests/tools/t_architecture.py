#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_architecture: docs/architecture.md and its picture say what is.

    t_architecture.py TOP

The picture is what tools/draw-layers prints now and shows every folder of
src; the page names every folder, only files that are there, and only
functions that stand in the file that it names.
"""
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(sys.argv[1])
PAGE = TOP / "docs" / "architecture.md"
PICTURE = TOP / "docs" / "architecture.svg"
CODE = re.compile(r"`([^`]+)`")
ROOTS = ("src/", "tests/", "tools/", "docs/", "include/")
IN_FILE = re.compile(r"`(\w+)` in `([\w/.-]+\.c)`")


def folders():
    """Every folder of src that has code."""
    return sorted({path.parent.relative_to(TOP)
                   for path in (TOP / "src").rglob("*.[ch]")})


def page():
    """The page, with line ends that mean nothing taken out."""
    return " ".join(PAGE.read_text(encoding="ascii").split())


def none(what, things):
    """Fail if there are any."""
    if things:
        raise AssertionError(f"{what}: {', '.join(map(str, things))}")


def t_current():
    """the picture is what tools/draw-layers prints"""
    now = subprocess.run([TOP / "tools" / "draw-layers"], check=True,
                         text=True, stdout=subprocess.PIPE).stdout
    if now != PICTURE.read_text(encoding="ascii"):
        raise AssertionError("not so: tools/draw-layers > "
                             "docs/architecture.svg")


def t_picture_whole():
    """the picture shows every folder of src"""
    names = re.findall(r'class="name"[^>]*>([^<]+)<',
                       PICTURE.read_text(encoding="ascii"))
    none("not in it", [f for f in folders() if f.name not in names])
    if not folders():
        raise AssertionError("no folder in src")


def t_page_whole():
    """the page names every folder of src"""
    named = CODE.findall(page())
    none("not named", [f for f in folders() if str(f) not in named])


def t_files():
    """every file and folder that the page names is there"""
    none("not there", [name for name in CODE.findall(page())
                       if name.startswith(ROOTS) or name.endswith(".md")
                       if not (TOP / name).exists()])


def t_functions():
    """every function is defined in the file that the page names for it"""
    found = IN_FILE.findall(page())
    none("not there", [
        f"{function} in {file}" for function, file in found
        if not re.search(rf"^{function}\(", (TOP / file).read_text(), re.M)])
    if not found:
        raise AssertionError("the page names no function")


def t_functions_alone():
    """every function that is named without a file is one of the source"""
    text = page()
    alone = {name for name in CODE.findall(text)
             if re.fullmatch(r"[a-z]+_\w+", name) and
             not name.startswith("d_")}
    source = "\n".join(path.read_text()
                       for path in (TOP / "src").rglob("*.c"))
    none("not in src", sorted(
        name for name in alone
        if not re.search(rf"^{name}\(", source, re.M)))


def main():
    """TAP."""
    tests = [value for name, value in globals().items()
             if name.startswith("t_")]
    print(f"1..{len(tests)}")
    bad = 0
    for number, test in enumerate(tests, 1):
        try:
            test()
            print(f"ok {number} - {test.__doc__}")
        except AssertionError as error:
            print(f"# {error}\nnot ok {number} - {test.__doc__}")
            bad += 1
    return bad != 0


sys.exit(main())
