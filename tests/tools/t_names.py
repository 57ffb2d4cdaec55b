#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_names: the tests that README, man pages and docs name are there.

    t_names.py TOP [--unnamed]

Held against the tree are each t_* that a page names, each "folder/test" of it,
with the cases that are quoted behind one, and each litmus that stands behind
"sched:" in docs/contract.md.  A case is there if its text is in the file, where
%s and the like stand for anything.  --unnamed prints the reverse instead: tests
and litmuses that no page names.
"""
import functools
import pathlib
import re
import sys

TOP = pathlib.Path(sys.argv[1])
TESTS = TOP / "tests"
CONTRACT = TOP / "docs" / "contract.md"
NAME = re.compile(r"(?<![\w/.-])(?:build/plain/)?(?:tests/)?((?:\w+/)*)(t_[a-z0-9_]+)"
                  r"(\.(?:c|py|sh)\b)?(?![\w*])")
WITH_CASES = re.compile(r'\b(\w+/t_[a-z0-9_]+): ("[^"]*"(?:, "[^"]*")*)')
LITMUSES = re.compile(r"\bsched: ([a-z0-9_, ]+)")
STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')


def pages():
    """Every page for people."""
    yield from TOP.glob("*.md")
    yield from (TOP / "docs").glob("*.md")
    yield from (path for path in TOP.glob("src/**/*.[1-9]"))


@functools.cache
def text(path):
    """A file's text; of a page, with line ends that mean nothing."""
    said = path.read_text(encoding="utf-8")
    return re.sub(r"\s+", " ", said) if path.suffix == ".md" else said


@functools.cache
def sources():
    """{name: [file]} of the tests that are one file."""
    found = {}
    for path in TESTS.rglob("t_*"):
        if path.suffix in (".c", ".py", ".sh"):
            found.setdefault(path.stem, []).append(path)
    return found


@functools.cache
def built():
    """Names that meson gives: programs made of other files."""
    names = {word for path in TESTS.rglob("meson.build")
             for word in re.findall(r"'(t_[a-z0-9_]+)'", text(path))}
    for kind, pattern in (("fuzz", "f_*.c"), ("sched", "tab_*.c")):
        names |= {"t_%s_%s" % (kind, path.stem.partition("_")[2])
                  for path in (TESTS / kind).glob(pattern)}
    return names


@functools.cache
def members():
    """Identifiers of the source that look like a test's name."""
    return {word for top in ("src", "include")
            for path in (TOP / top).rglob("*.[ch]")
            for word in re.findall(r"\bt_[a-z0-9_]+", text(path))}


def there(folder, name, suffix):
    """Is there such a test, in such a folder, with such a suffix?"""
    files = [path for path in sources().get(name, ())
             if path.suffix == suffix or not suffix]
    if folder:
        return any(str(path.parent).endswith(folder.rstrip("/"))
                   for path in files) or (
            name in built() and (TESTS / folder).is_dir())
    return bool(files) or not suffix and (name in built() or
                                          name in members())


@functools.cache
def strings(path):
    """What a test's file says, literals that follow each other as one."""
    joined = re.sub(r'"\s*\n\s*"', "", text(path))
    return [re.compile(re.sub(r"%[-.\d]*[a-z]", ".*",
                              re.escape(said.replace("\\", "")), ) + r"\Z")
            for said in STRING.findall(joined) if len(said) > 3] + [
        re.compile(re.escape(" ".join(words.split())) + r"\Z")
        for words in re.findall(r'"""(.*?)"""', text(path), re.S)]


def has_case(where, case):
    """Does the test's file, or one that it is made of, say that?"""
    folder, _, name = where.partition("/")
    files = [path for path in sources().get(name, ())
             if path.parent.name == folder]
    files += TESTS.glob(folder + "/h_*") if name in built() else ()
    return any(pattern.match(case) for path in files
               for pattern in strings(path))


@functools.cache
def litmuses():
    """All of tests/sched."""
    return {name for path in (TESTS / "sched").rglob("*.c")
            for name in re.findall(r'\{ "([a-z0-9_]+)",', text(path))}


def named_litmuses():
    """Of docs/contract.md."""
    return {name for run in LITMUSES.findall(text(CONTRACT))
            for name in re.findall(r"[a-z0-9_]+", run)}


def wrong_names():
    """Tests that are named and not there."""
    return sorted({f"{path.relative_to(TOP)}: {match[0]}" for path in pages()
                   for match in NAME.finditer(text(path))
                   if not there(*match.groups())})


def wrong_cases():
    """Cases that are quoted and not there."""
    return sorted({f"{path.relative_to(TOP)}: {where}: \"{case}\""
                   for path in pages()
                   for where, quoted in WITH_CASES.findall(text(path))
                   for case in re.findall(r'"([^"]*)"', quoted)
                   if not has_case(where, case)})


def unnamed():
    """What no page names."""
    words = {match[2] for path in pages()
             for match in NAME.finditer(text(path))}
    for name in sorted(set(sources()) - words):
        print(sources()[name][0].relative_to(TOP))
    for name in sorted(litmuses() - named_litmuses()):
        print("litmus", name)


def main():
    """TAP."""
    if sys.argv[2:] == ["--unnamed"]:
        unnamed()
        return 0
    count = sum(len(NAME.findall(text(path))) for path in pages())
    checks = (
        ("every test that a page names is there", wrong_names()),
        ("every case that a page quotes is there", wrong_cases()),
        ("every litmus that the contract names is there",
         sorted(named_litmuses() - litmuses())),
        ("pages name tests, and litmuses", [] if count > 500 and
         len(named_litmuses()) > 50 else [count, len(named_litmuses())]),
    )
    print(f"1..{len(checks)}")
    for number, (what, wrong) in enumerate(checks, 1):
        for line in wrong:
            print(f"# {line}")
        print(f"{'not ' if wrong else ''}ok {number} - {what}")
    return any(wrong for _, wrong in checks)


sys.exit(main())
