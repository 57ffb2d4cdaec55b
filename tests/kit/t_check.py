#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_check: devsw-driver check names what a driver does against the contract.

    t_check.py TOP STAGE

The rules are those of docs/contract.md; broken.c breaks one at a time, and the
verdict has to have the rule's words and the line that breaks it.  What keeps
them, the skeletons of "new" among it, passes, with a storm.  STAGE is
build.sh's.
"""
import concurrent.futures
import pathlib
import re
import subprocess
import sys
import tempfile

TOP, STAGE = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
BROKEN = TOP / "tests/kit/broken/broken.ioconf"
CLONES = TOP / "tests/kit/broken/clones.ioconf"
STEPS = TOP / "data/driver/steps"

# The fault, what is said of it, and whether a line can be had.
FAULTS = [
    ("READ_GOES_ON", "d_read went on after d_cancel (/dev/broken0)", True),
    ("CANCEL_WAITS", "d_cancel waits (/dev/broken0)", True),
    ("CLOSE_TWICE", "d_close ran twice for one opening (broken0)", True),
    ("CLOSE_CANCELS", "d_close ran twice for one opening (/dev/broken0)",
     True),
    ("NO_VDEVGONE", "detach without vdevgone (broken0): it has returned, "
     "/dev/broken0 is open, and d_close did not run at all", True),
    ("OPEN_AFTER", "d_open after detach (/dev/broken0)", True),
    ("SOFTC_USED", "softc used after detach: a callout", True),
    ("CALLOUT_LEFT", "softc used after detach: a callout is pending or runs",
     True),
    ("LOCK_KEPT", "a lock is held over the return of d_write: sc->sc_lock",
     False),
    ("LOCK_SLEEPS", "it sleeps with a lock held", True),
    ("SPIN_SLEEPS", "it sleeps with a spin mutex held", True),
    ("SPIN_TAKES", "an adaptive mutex under a spin mutex", True),
    ("SPIN_ALLOCS", "it sleeps with a spin mutex held, sleep (KM_SLEEP)",
     True),
    ("SOFT_SLEEPS", "it sleeps in a callout", True),
    ("SOFT_ALLOCS", "it sleeps in a callout, where nobody may: sleep "
     "(KM_SLEEP)", True),
    ("SOFT_KEEPS", "a lock is held over the return of a callout", False),
    ("CODE_STAYS", "the module was used after MODULE_CMD_FINI: a callout",
     False),
    ("STILL_OPEN", "d_close has left something (/dev/broken0)", True),
]
# The same of clones.c.
CLONE_FAULTS = [
    ("READ_GOES_ON", "fo_read went on after fo_restart (/dev/clones0)", True),
    ("RESTART_WAITS", "fo_restart waits (/dev/clones0)", True),
    ("FREED", "memory: heap-use-after-free: a callout", False),
]
# What a skeleton must not lack: which call, kind, the lines, what stands there
# instead, what is said, and of which function.
LACKS = [
    ("uhidev_stop", "hid", "\tuhidev_stop(sc->sc_hdev);\n", "",
     "d_write went on after d_cancel (/dev/khid0)", "khidwrite"),
    ("uhidev_close", "hid", "\tif (isopen)\n\t\tuhidev_close(sc->sc_hdev);\n",
     "(void)isopen;\n", "d_close has left something (/dev/khid0)",
     "khidclose"),
    ("usbd_cancel_xfer", "usb",
     "\tif (sc->sc_outbusy)\n\t\tusbd_cancel_xfer(sc->sc_outx);\n", "",
     "d_write went on after d_cancel (/dev/kusb0)", "kusb_send"),
    ("usbd_abort_pipe", "usb", "\tif (sc->sc_inpipe != NULL)\n"
     "\t\tusbd_abort_pipe(sc->sc_inpipe);\n", "",
     "xfer destroyed in state", "kusb_stop"),
    ("mutex_exit", "usb", "POLLRDNORM, 0);\n\tmutex_exit(&sc->sc_lock);\n",
     "POLLRDNORM, 0);\n",
     "a lock is held over the return of a callback of a transfer", ""),
]
# A reader that is run late finds its lock destroyed, before detach returns.
LATE = {"NO_VDEVGONE": "(brokenread): a lock is used before mutex_init, or "
        "after mutex_destroy: softc used after detach"}


def check(*words):
    """devsw-driver check: (status, what it says)."""
    done = subprocess.run([STAGE / "kit", "check", *words], check=False,
                          text=True, timeout=200, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.strip()


def marked(fault, driver=BROKEN):
    """The lines of its source that name it."""
    lines = driver.with_suffix(".c").read_text(encoding="ascii").splitlines()
    return [number for number, line in enumerate(lines, 1)
            if re.search(r"/\*.*\b%s\b.*\*/" % fault, line)]


def broken(fault, said, line, driver=BROKEN):
    """Why the verdict is not as it should be; "" it is."""
    status, text = check("-t", "0", driver, "--", "-D" + fault, "-Wall",
                         "-Werror")
    if status == 1 and LATE.get(fault, said) in text and said not in text:
        return ""
    if status != 1 or said not in text:
        return "%d: %s" % (status, text)
    if line:
        found = re.search(r"%s\.c:(\d+)" % driver.stem, text)
        if not found or not any(0 <= int(found.group(1)) - number <= 1
                                for number in marked(fault, driver)):
            return "not at %s: %s" % (marked(fault, driver), text)
    return ""


def lacks(kind, lines, instead, said, function):
    """A skeleton without some lines is told, in that function."""
    name = "k" + kind
    with tempfile.TemporaryDirectory() as place:
        for end in (".c", ".ioconf"):
            text = (STAGE / name / (name + end)).read_text(encoding="ascii")
            if end == ".c" and lines not in text:
                return "there is no %r" % lines
            (pathlib.Path(place) / (name + end)).write_text(
                text.replace(lines, instead, 1) if end == ".c" else text,
                encoding="ascii")
        status, text = check("-t", "0", "%s/%s.ioconf" % (place, name))
    found = re.search(r"%s\.c:\d+ \((\w*)\): " % name, text)
    return "" if status == 1 and said in text and (
        not function or found and found.group(1) == function) else \
        "%d: %s" % (status, text)


def held():
    """The lock that is kept was taken there."""
    _, text = check("-t", "0", BROKEN, "--", "-DLOCK_KEPT")
    line = "taken at broken.c:%d" % marked("LOCK_KEPT")[0]
    if line not in text:
        return "no %s: %s" % (line, text)
    _, text = check("-t", "0", BROKEN, "--", "-DSOFT_KEEPS")
    line = "taken at broken.c:%d" % marked("SOFT_KEEPS")[0]
    return "" if line in text else "no %s: %s" % (line, text)


def well(*words):
    """Nothing is found."""
    status, text = check(*words)
    return "" if status == 0 and "\nok: " in "\n" + text else \
        "%d: %s" % (status, text)


def waits(step):
    """A step of docs/drivers.md whose read nobody ends, in its words."""
    status, text = check("-t", "0", STEPS / step, "--", "-Wall", "-Werror")
    said = re.sub(r": \d+ ms after that.*", "", text.split(".ioconf: ")[-1])
    page = (TOP / "docs/drivers.md").read_text(encoding="ascii")
    return "" if status == 1 and "went on" in said and \
        "    %s\n" % said in page else "%d: %s" % (status, text)


def refused():
    """What cannot be checked is said."""
    status, text = check("-t", "0", "-d", "vusb:none", BROKEN)
    if status != 126 or "there is no such chip" not in text:
        return text
    status, text = check("-t", "0", "-d", "vusb:ftdi", BROKEN)
    if status != 126 or "broken: it takes no device of these" not in text:
        return text
    status, text = check(STAGE / "kcdev/kcdev.so")
    return "" if status == 1 and "neither a .c nor a .ioconf" in text else text


CASES = [("%s is named" % fault, broken, (fault, said, line))
         for fault, said, line in FAULTS] + [
    ("%s of a clone is named" % fault, broken, (fault, said, line, CLONES))
    for fault, said, line in CLONE_FAULTS] + [
    ("the skeleton of %s without %s is told" % (kind, call), lacks,
     (kind, *row)) for call, kind, *row in LACKS] + [
    ("a lock that is kept is told with the line that took it", held, ()),
    ("what keeps the contract passes, with a storm", well,
     ("-t", "1", BROKEN)),
    ("and so does a cloning driver", well, ("-t", "1", CLONES)),
] + [("the skeleton of %s passes, with a storm" % kind, well,
      ("-t", "1", STAGE / ("k" + kind) / ("k%s.ioconf" % kind)))
     for kind in ("cdev", "usb", "ucom", "hid")] + [
    ("the step that waits is told what it lacks", waits,
     ("wait/post.ioconf",)),
    ("the next step has it, and passes, with a storm", well,
     ("-t", "1", STEPS / "cancel" / "post.ioconf")),
    ("the step that attaches passes", well,
     ("-t", "0", STEPS / "attach" / "probe.ioconf", "--", "-Wall", "-Werror")),
    ("the step that reads a pipe is told what it lacks", waits,
     ("read/probe.ioconf",)),
    ("what cannot be checked is said", refused, ()),
]


def main():
    """The program."""
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        runs = [(name, pool.submit(func, *args)) for name, func, args in CASES]
        for number, (name, run) in enumerate(runs, 1):
            why = run.result()
            if why:
                failed = 1
                print("# " + why.replace("\n", "\n# "))
            print("%sok %d - %s" % ("not " if why else "", number, name),
                  flush=True)
    print("1..%d" % len(CASES))
    return failed


if __name__ == "__main__":
    sys.exit(main())
