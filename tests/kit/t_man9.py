#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_man9: the pages of section 9 say what the headers of the kit do.

    t_man9.py TOP COMPILER FLAG...

Of each page the compiler reads what it tells to include, and then its call
forms, a function as a declaration, a member as its type: so it is there, and has
that type.  A macro has as many arguments.  And each is explained in the text,
each page that is referred to is there, and groff has nothing to complain of.
"""
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

TOP = pathlib.Path(sys.argv[1])
COMPILER = sys.argv[2:]
PAGES = TOP / "data" / "driver" / "man9"
WANTED = {"autoconf", "callout", "cfattach", "condvar", "devsw", "kmem",
          "localcount", "module", "mutex", "rnd", "select", "softint", "tty",
          "ucom", "uhidev", "uiomove", "usbdi", "vdevgone"}
number = failed = 0


def check(name, why):
    global number, failed
    number += 1
    failed += bool(why)
    print(f"{'not ' if why else ''}ok {number} - {name}")
    for line in why:
        print("# " + str(line).rstrip().replace("\n", "\n# "))


def forms(page):
    """(headers, [(line, struct or None, type, name, [argument])])"""
    headers, found = [], []
    struct = kind = name = None
    args = []
    synopsis = page.split(".Sh SYNOPSIS\n")[1].split("\n.Sh ")[0]
    first = page[:page.index(synopsis)].count("\n") + 1
    for at, line in enumerate(synopsis.splitlines(), first):
        macro, *words = shlex.split(line, posix=True) if \
            line.startswith(".F") or line.startswith(".In") else [line]
        if macro == ".In":
            headers += words
        elif line.startswith('.\\" struct '):
            struct = line[4:]
        elif macro == ".Ft":
            kind = words[0]
        elif macro in (".Fn", ".Fo"):
            name, args = words[0], words[1:]
        elif macro == ".Fa":
            args += words
        if macro in (".Fn", ".Fc"):
            found.append((at, struct if name.startswith("(*") else None, kind,
                          name.strip("(*)"), args))
            kind = None
    return headers, found


def compiled(text, *options):
    return subprocess.run([*COMPILER, *options, "-x", "c", "-"], input=text,
                          capture_output=True, text=True, check=False)


def source(path, headers, found):
    """C that is an error where a form is not the header's."""
    out = [f"#include <{h}>" for h in headers]
    for at, struct, kind, name, args in found:
        if kind is None:
            continue
        args = ", ".join(args)
        out.append(f'#line {at} "{path.name}"')
        if struct:
            out.append(f"_Static_assert(__builtin_types_compatible_p(__typeof__("
                       f"(({struct} *)0)->{name}), {kind} (*)({args})), "
                       f'"{name}");')
        else:
            out.append(f"extern __typeof__({name}) ({name}); "
                       f"{kind} ({name})({args});")
    return "\n".join(out) + "\n"


def macros(headers, found):
    """Those that are none, or have other arguments."""
    wanted = {name: args for _, _, kind, name, args in found if kind is None}
    if not wanted:
        return
    made = compiled("".join(f"#include <{h}>\n" for h in headers), "-E", "-dM")
    there = dict(re.findall(r"^#define (\w+)\(([^)]*)\)", made.stdout, re.M))
    for name, args in wanted.items():
        has = there[name].count(",") + 1 if name in there else None
        if has != len(args):
            yield f"{name}: {len(args)} arguments, not {has}"


def unexplained(page, found):
    text = page.split(".Sh DESCRIPTION\n")[1].split(".Sh DIFFERENCES")[0]
    for _, _, _, name, _ in found:
        if not re.search(rf"^\.(It )?Fn \(?\*?{name}\b", text, re.M) and \
           name != "MODULE" and not re.match("CF", name):
            yield f"{name} is not explained"


def main():
    pages = {p.stem: p for p in sorted(PAGES.glob("*.9"))}
    check("the pages are there", sorted(WANTED - set(pages)))
    for stem, path in pages.items():
        page = path.read_text(encoding="ascii")
        headers, found = forms(page)
        why = [] if found and headers else ["no call form"]
        made = compiled(source(path, headers, found), "-fsyntax-only")
        why += [made.stderr] if made.returncode else []
        why += macros(headers, found)
        why += unexplained(page, found)
        why += [f"there is no {x}(9devsw)" for x in
                re.findall(r"^\.Xr (\w+) 9devsw", page, re.M)
                if x not in pages]
        if f".Nm {stem}\n" not in page or ".Sh DIFFERENCES" not in page:
            why.append("no name, or no differences")
        check(f"{stem}: {len(found)} call forms are the headers'", why)

    # It can fail: a type, a name, a number of arguments.
    bad = [compiled(source(PAGES / "x.9", ["sys/condvar.h"], [
        (1, None, *form)]), "-fsyntax-only").returncode == 0 for form in (
            ("int", "cv_wait", ["kcondvar_t *cv", "kmutex_t *mtx"]),
            ("void", "cv_await", ["kcondvar_t *cv", "kmutex_t *mtx"]),
            ("void", "cv_wait", ["kcondvar_t *cv"]))]
    check("a form that is wrong is found", [bad] if any(bad) else [])
    if shutil.which("groff"):
        made = subprocess.run(["groff", "-mdoc", "-ww", "-z", *pages.values()],
                              capture_output=True, text=True, check=False)
        check("groff reads them", [made.stderr] if made.stderr else [])
    print(f"1..{number}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
