#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_ioconf: a wrong text is refused with file, line and word; devsw-ioconf(5).

    t_ioconf.py TOP STAGE

And what devsw-driver(1) says of other mistakes: a name, a kind, a symbol that
devswd does not have.  STAGE is build.sh's.
"""
import os
import pathlib
import random
import resource
import subprocess
import sys
import tempfile
import time

TOP, STAGE = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
sys.dont_write_bytecode = True
sys.path.insert(0, str(TOP / "src/cmd/driver"))
import ioconf  # noqa: E402

GOOD = """module a requires b, c
define abus { x = -1, y = 0x10 }
device a { q = 0 }: abus, tty
attach a at usbifif
a* at uhub? port 1 vendor ?
device b { z = 1 }
attach b at abus, a with b_a
b* at a? q 3
b* at abus? x 4
pseudo-device p 2
device-major a char 66 block 77
device-major p char
node a na
node a nb minor 0x80000 tty
defflag opt_a.h A_DEBUG
file a.c
"""

# What a text ends with (after GOOD's first LINES), and what is wrong.
WRONG = [
    (0, "", 't.ioconf: "module" or "ioconf": no line begins with this'),
    (0, "modul a", 't.ioconf:1: "modul": no line begins with this'),
    (0, "module", 't.ioconf:1: "module": a module is missing after this'),
    (0, "kernel", '"kernel": only devswd\'s own text begins so'),
    (0, "module 1a", '"1a": this is no name of a module'),
    (0, "module a;system(x)", '"a;system(x)": this is no name of a module'),
    (0, "module " + "a" * 16, 'a name has at most 15 characters'),
    (1, "module b", 't.ioconf:2: "module": there is a module or ioconf line'),
    (1, "ioconf b", '"ioconf": there is a module or ioconf line'),
    (1, "define abus { x }", '"}": "=" should stand here'),
    (1, "define abus { x = q }", '"q": a default is a number from -1'),
    (1, "define abus { x = 1, x = 2 }", '"x": this locator is there already'),
    (1, "define abus { x = 1", '"1": "," is missing after this'),
    (1, "define usbifif", '"usbifif": this attribute is there already'),
    (1, "define tty", '"tty": this is a class of devices'),
    (1, "device a: usbififf", 't.ioconf:2: "usbififf": there is no such attr'),
    (1, "device uhub", '"uhub": this driver is there already'),
    (1, "device a", 't.ioconf: "a": no attach line says where it attaches'),
    (1, "device a\nattach a at usbifif", '"a": no line "a* at ..." lets it'),
    (1, "attach a at usbifif", '"a": no device line has this driver'),
    (3, "attach a in usbifif", '"in": "at" should stand here'),
    (3, "attach a at nowhere", '"nowhere": there is no such attribute'),
    (4, "attach a at usbifif", '"a": this attachment is there already'),
    (4, "a* at uhuh?", '"uhuh": there is no such driver or attribute'),
    (4, "a* at uhidev?", '"uhidev": no attach line lets a attach here'),
    (4, "a* at uhub", '"uhub": "?" is missing after this'),
    (4, "a* at uhub? port 1 port 2", '"port": usbifif has no such locator'),
    (4, "a* at uhub? slot 1", '"slot": usbifif has no such locator left'),
    (4, "a* at uhub? port x", '"x": a locator is a number from -1'),
    (4, "a0 at uhub?", '"a0": units are given when devices are found'),
    (4, "b* at uhub?", '"b": no device line has this driver'),
    (5, "pseudo-device p 0", '"0": a count is a number from 1 to 8192'),
    (5, "device-major a", '"a": "char" or "block" is missing after this'),
    (5, "device-major a chr", '"chr": "char" or "block" should stand here'),
    (5, "device-major a char char", '"char": "char" or "block" should'),
    (5, "node a x", '"a": no device-major line gives it "char"'),
    (11, "node a x9", '"x9": the unit follows, so this ends in no digit'),
    (11, "node a x minor 5", '"5": a second node of a unit has minor 0x80000'),
    (11, "node a x subs subs", '"subs": a class is one of'),
    (11, "node a x disk", '"disk": a class is one of other, tty, hid, lp'),
    (13, "node p na", '"na": there is such a node already'),
    (13, "node a nc", '"nc": there is such a node already'),
    (5, "defflag ../x.h X", '"../x.h": this is no name of a header'),
    (5, "defflag ioconf.h X", '"ioconf.h": this cannot be the header'),
    (5, "file ../../x.c", '"../../x.c": this is no name of a source file'),
    (5, "file x.o", '"x.o": a source file ends in .c'),
    (5, 'include x', '"x": a file stands between quotes'),
    (5, 'include "nowhere"', '""nowhere"": No such file or directory'),
    (0, 'include "a\0b"', 't.ioconf:1: ""a\0b"": this is no file\'s name'),
    (0, 'include "t.ioconf"', '""t.ioconf"": files include each other more'),
    (5, "pseudo-device p 1 2", '"2": nothing of this line is left for this'),
    (5, "\0\xff\u202e", "no line begins with this"),
]

CASES = []


def case(name):
    """A function that is a test."""
    def add(func):
        CASES.append((name, func))
        return func
    return add


def kit(*words, cwd=None, **more):
    """devsw-driver: (status, standard error)."""
    done = subprocess.run([STAGE / "kit", *words], check=False, text=True,
                          cwd=cwd, timeout=100, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, **more)
    return done.returncode, done.stderr.strip()


def parse(place, text):
    """What is wrong with it; "" nothing."""
    path = os.path.join(place, "t.ioconf")
    pathlib.Path(path).write_text(text, encoding="utf-8",
                                  errors="surrogateescape")
    try:
        ioconf.files(ioconf.read(path), "t.ioconf")
    except ioconf.Wrong as error:
        return str(error)
    return ""


@case("a text with every statement is read, and compiles")
def _(place):
    assert parse(place, GOOD) == "", parse(place, GOOD)
    pathlib.Path(place, "a.c").write_text("""
#include "opt_a.h"
#include <sys/param.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/systm.h>
#include "ioconf.h"
#include "locators.h"
const struct cdevsw a_cdevsw, p_cdevsw;
const struct bdevsw a_bdevsw;
struct cfattach a_ca, b_a_ca;
void pattach(int n) { }
CTASSERT(ABUSCF_Y_DEFAULT == 16 && ABUSCF_NLOCS == 2 && BCF_Z == 0);
""", encoding="ascii")
    status, text = kit("build", os.path.join(place, "t.ioconf"), "--",
                       "-Wall", "-Werror")
    assert status == 0, text


@case("what is wrong is refused with file, line and word")
def _(place):
    lines = GOOD.splitlines(keepends=True)
    for count, text, what in WRONG:
        said = parse(place, "".join(lines[:count]) + text)
        assert what in said and said.startswith("t.ioconf"), (text, said)


@case("whatever stands in a text, it is read or refused")
def _(place):
    chance = random.Random(17)
    words = GOOD.split() + ["{", "}", "=", ",", "*", "?", '"', "#", "\n",
                            "-1", "99999999999999999999", "0x", "root", "\0"]
    for _ in range(2000):
        parse(place, " ".join(chance.choice(words) + chance.choice(["", "\n"])
                              for _ in range(chance.randrange(30))))
    big = "#" * ((1 << 20) + 1)
    assert "more than" in parse(place, big)
    assert "more than" in parse(place, "\n" * 10001)
    assert parse(place, "a, " * 1000).startswith("t.ioconf:1: more than")


@case("files that include others are no way to keep it busy")
def _(place):
    for name, inner in zip("abcd", "bcde"):
        pathlib.Path(place, name).write_text('include "%s"\n' % inner * 1000,
                                             encoding="ascii")
    pathlib.Path(place, "e").write_text("", encoding="ascii")
    began = time.monotonic()
    assert "more than 10000 lines" in parse(place, 'include "a"\n')
    assert time.monotonic() - began < 30


@case("devsw-driver says it too, and makes no file")
def _(place):
    path = pathlib.Path(place, "t.ioconf")
    path.write_text("module t\ndevice t: nothing\n", encoding="ascii")
    pathlib.Path(place, "t.c").write_text("", encoding="ascii")
    assert kit("build", path) == (
        1, 'devsw-driver: t.ioconf:2: "nothing": there is no such attribute')
    assert kit("glue", "-d", place + "/out", path)[0] == 1
    assert not os.path.exists(place + "/t.so")
    path.write_text("module t\n", encoding="ascii")
    status, _ = kit("glue", "-d", place + "/out", path)
    assert status == 0 and sorted(os.listdir(place + "/out")) == [
        "ioconf.c", "ioconf.h", "locators.h"]


@case("a symbol that devswd does not have is an error of the build")
def _(place):
    path = pathlib.Path(place, "u.c")
    path.write_text("""
#include <sys/module.h>
int splnothing(void);
MODULE(MODULE_CLASS_MISC, u, NULL);
static int u_modcmd(modcmd_t cmd, void *arg) { return splnothing(); }
""", encoding="ascii")
    assert kit("build", path) == (
        1, "devsw-driver: %s: devswd has no splnothing" % path)
    assert not os.path.exists(place + "/u.so")
    path.write_text("not C", encoding="ascii")
    status, text = kit("build", path)
    assert status == 1 and "u.c:1:" in text, text
    assert text.endswith("devsw-driver: the compiler has failed"), text


@case("what new cannot make is refused, and nothing is written over")
def _(place):
    for name in ("1a", "a1", "A", "a/b", "..", "a" * 16, "a b"):
        assert kit("new", name, cwd=place)[0] == 1, name
    assert os.listdir(place) == []
    assert kit("new", "ok", cwd=place)[0] == 0
    assert kit("new", "ok", cwd=place) == (
        1, "devsw-driver: ok: File exists")
    assert kit("new", "--usb", "--hid", "x", cwd=place)[0] == 2


@case("what the machine refuses is one line: a folder, a full output")
def _(place):
    path = pathlib.Path(place, "t.ioconf")
    path.write_text("module t\n", encoding="ascii")
    for folder, why in ((path, "File exists"),
                        (path / "x", "Not a directory")):
        assert kit("glue", "-d", folder, path) == (
            1, "devsw-driver: %s: %s" % (folder, why))
    with open("/dev/full", "w", encoding="ascii") as full:
        for words in (("--help",), ("--version",), ("new", "ok")):
            done = subprocess.run([STAGE / "kit", *words], check=False,
                                  cwd=place, stdout=full, text=True,
                                  stderr=subprocess.PIPE)
            assert (done.returncode, done.stderr) == (
                1, "devsw-driver: No space left on device\n"), done.stderr


@case("a disk that is full leaves what was there, and nothing beside it")
def _(place):
    def full(size):
        # As a full disk, and for this program alone.
        return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (
            size, resource.RLIM_INFINITY))

    assert kit("new", "ok", cwd=place, preexec_fn=full(100)) == (
        1, "devsw-driver: ok/ok.c: File too large")
    assert os.listdir(place) == []
    assert kit("new", "ok", cwd=place)[0] == 0
    folder = pathlib.Path(place, "ok")
    assert kit("build", "ok.c", cwd=folder)[0] == 0
    module = (folder / "ok.so").read_bytes()
    before = sorted(os.listdir(folder))
    # The compiler has room.
    roomy = dict(os.environ, CC="sh -c 'ulimit -S -f unlimited; exec %s "
                 "\"$@\"' cc" % os.environ.get("CC", "cc"))
    assert kit("build", "ok.c", cwd=folder, env=roomy,
               preexec_fn=full(len(module) - 1)) == (
        1, "devsw-driver: %s: File too large" % (folder / "ok.so"))
    assert sorted(os.listdir(folder)) == before
    assert (folder / "ok.so").read_bytes() == module
    assert kit("glue", "-d", ".", "ok.ioconf", cwd=folder)[0] == 0
    glue = (folder / "ioconf.c").read_bytes()
    before = sorted(os.listdir(folder))
    assert kit("glue", "-d", ".", "ok.ioconf", cwd=folder,
               preexec_fn=full(100)) == (
        1, "devsw-driver: ./ioconf.c: File too large")
    assert sorted(os.listdir(folder)) == before
    assert (folder / "ioconf.c").read_bytes() == glue


@case("what run cannot is said: no such file, and ctl outside of it")
def _(place):
    status, text = kit("run", place + "/no.so", "true")
    assert status == 1 and "No such file" in text, text
    status, text = kit("ctl", "list")
    assert status == 1 and "for a command of devsw-driver run" in text, text


def main():
    """The program."""
    failed = 0
    for number, (name, func) in enumerate(CASES, 1):
        with tempfile.TemporaryDirectory() as place:
            try:
                func(place)
                print("ok %d - %s" % (number, name), flush=True)
            except AssertionError as error:
                failed = 1
                print("# %s" % str(error).replace("\n", "\n# "))
                print("not ok %d - %s" % (number, name), flush=True)
    print("1..%d" % len(CASES))
    return failed


if __name__ == "__main__":
    sys.exit(main())
